"""CSL-JSON, one array: what Zotero, Pandoc, citeproc and many writing tools read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from aggregator.citations.cited import Cited, one_line, said_of


def written(cited: Iterable[Cited]) -> Iterator[bytes]:
    """Yield the array piece by piece, an item a line, UTF-8."""
    before = b"[\n"
    for each in cited:
        yield before + json.dumps(item(each), ensure_ascii=False).encode("utf-8", "replace")
        before = b",\n"
    yield b"[]\n" if before == b"[\n" else b"\n]\n"


def item(cited: Cited) -> dict[str, Any]:
    """Return one item. Names are literal: nobody takes them apart. What is not known is left out."""
    article = cited.article
    said = {
        "id": article.id,
        "type": "webpage",
        "title": cited.title,
        "author": [{"literal": author} for author in cited.authors],
        "issued": _date(article.claimed_at) if article.claimed_at else None,
        "container-title": one_line(cited.source_name),
        "URL": one_line(article.url),
        "accessed": _date(cited.captured_at),
        "language": article.language,
        "abstract": cited.abstract,
        "version": cited.version,
        "archive_location": cited.archived,
        "note": said_of(cited),
    }
    return {name: value for name, value in said.items() if value not in (None, [])}


def _date(at: datetime) -> dict[str, Any]:
    utc = at.astimezone(UTC)
    return {"date-parts": [[utc.year, utc.month, utc.day]]}
