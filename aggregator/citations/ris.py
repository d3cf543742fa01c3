"""RIS, the lines that Zotero, EndNote, Citavi and Mendeley read.

The text of a field is one line, so that none of it can begin a field of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC

from aggregator.citations.cited import Cited, one_line, said_of


def written(cited: Iterable[Cited]) -> Iterator[bytes]:
    """Yield a record for each, lines ended by CR LF, UTF-8."""
    for each in cited:
        lines = [f"{tag}  - {value}" for tag, value in _fields(each)]
        yield ("\r\n".join(["TY  - ELEC", *lines, "ER  - "]) + "\r\n\r\n").encode("utf-8", "replace")


def _fields(cited: Cited) -> Iterator[tuple[str, str]]:
    article, seen = cited.article, cited.captured_at.astimezone(UTC)
    yield "ID", article.id
    if cited.title:
        yield "TI", cited.title
    for author in cited.authors:
        yield "AU", author
    if article.claimed_at:
        claimed = article.claimed_at.astimezone(UTC)
        yield "PY", f"{claimed:%Y}"
        yield "DA", f"{claimed:%Y/%m/%d}"
    yield "T2", one_line(cited.source_name)
    if cited.abstract:
        yield "AB", cited.abstract
    if article.language:
        yield "LA", one_line(article.language)
    yield "UR", one_line(article.url)
    yield "Y2", f"{seen:%Y/%m/%d}"
    yield "AN", article.id
    yield "ET", cited.version
    if cited.archived:
        yield "AV", one_line(cited.archived)
    yield "N1", said_of(cited)
