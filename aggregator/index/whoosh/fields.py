"""The fields of the index, for Whoosh."""

from __future__ import annotations

from typing import Any

from aggregator.index.schema import ID_BYTES

COLUMNS = {"name": f"S{ID_BYTES}", "published": ">i8", "captured": ">i8", "source": ">i8", "language": ">i8"}
"""What is kept of all documents, one behind the other, so that it is read at once; as numpy calls it. name: the id,
source and language: their numbers, ``schema.number_of``."""


def schema() -> Any:
    """Return the schema."""
    from whoosh import columns, fields
    from whoosh.analysis import SpaceSeparatedTokenizer

    as_given = SpaceSeparatedTokenizer()
    bare = ("title", "text", "facts")
    with_places = ("title_words", "text_words", "author_words", "url_words")
    return fields.Schema(
        id=fields.ID(unique=True, stored=True),
        **{name: fields.TEXT(analyzer=as_given, phrase=False) for name in bare},
        **{name: fields.TEXT(analyzer=as_given, phrase=True) for name in with_places},
        name=fields.COLUMN(columns.FixedBytesColumn(ID_BYTES)),
        **{name: fields.COLUMN(columns.NumericColumn("q")) for name in COLUMNS if name != "name"},
    )
