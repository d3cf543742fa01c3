"""What the index holds of an article: which words are under which field.

title, text              the terms of the words, as ``analysis`` makes them in the article's language: for ranking
title_words, text_words  the words as they stand, folded, with their places: for phrases, prefixes and misspelt words
author_words, url_words  likewise, of the authors and of the address
facts                    a word for each: ``source:b``, ``language:fr``
id                       the article's
published, captured      seconds since 1970: as claimed, or else when it was first seen; when it was first seen
"""

from __future__ import annotations

from typing import Any

from aggregator import analysis
from aggregator.model import Article

VERSION = 1
"""Counted up with every change of the fields: an index of another version is built again."""
TERMS = ("title", "text")
WORDS = ("title_words", "text_words")
ID_BYTES = 12
COLUMNS = {"name": f"S{ID_BYTES}", "published": ">i8", "captured": ">i8"}
"""What is kept of all documents, one behind the other, so that it is read at once; as numpy calls it. name: the id."""


def document(article: Article) -> dict[str, Any]:
    """Return the fields of an article."""
    title, text = analysis.folded(article.title or ""), analysis.folded(article.text)
    return {
        "id": article.id,
        "name": article.id.encode().ljust(ID_BYTES, b"\0"),
        "published": int((article.claimed_at or article.captured_at).timestamp()),
        "captured": int(article.captured_at.timestamp()),
        "title": analysis.stemmed(title, article.language),
        "text": analysis.stemmed(text, article.language),
        "title_words": title,
        "text_words": text,
        "author_words": [word for author in article.authors for word in analysis.folded(author)],
        "url_words": analysis.folded(article.url),
        "facts": [f"source:{article.source_id}", f"language:{article.language or ''}"],
    }


def schema() -> Any:
    """Return the schema for Whoosh."""
    from whoosh import columns, fields
    from whoosh.analysis import SpaceSeparatedTokenizer

    as_given = SpaceSeparatedTokenizer()
    return fields.Schema(
        id=fields.ID(unique=True, stored=True),
        facts=fields.TEXT(analyzer=as_given, phrase=False),
        **{name: fields.TEXT(analyzer=as_given, phrase=False) for name in TERMS},
        **{name: fields.TEXT(analyzer=as_given, phrase=True) for name in (*WORDS, "author_words", "url_words")},
        name=fields.COLUMN(columns.FixedBytesColumn(ID_BYTES)),
        published=fields.COLUMN(columns.NumericColumn("q")),
        captured=fields.COLUMN(columns.NumericColumn("q")),
    )
