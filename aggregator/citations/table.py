"""CSV, for spreadsheets and statistics; no cell is a formula."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from aggregator import cells
from aggregator.citations.cited import Cited
from aggregator.citations.lines import said_of

COLUMNS = (
    *("id", "version", "title", "author", "published", "published_from", "captured", "language", "source"),
    *("source_name", "url", "archived_url", "family", "original", "copies", "abstract"),
)
"""The words are those of the JSON lines."""


def written(cited: Iterable[Cited]) -> Iterator[bytes]:
    """Yield the names of the columns and a line for each, UTF-8; an empty cell: not known."""
    yield cells.line(COLUMNS)
    for each in cited:
        said = said_of(each) | {"author": "; ".join(each.article.authors)}
        yield cells.line("" if said[column] is None else str(said[column]) for column in COLUMNS)
