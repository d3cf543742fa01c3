"""JSON lines: one object a citation, with all that is known of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from aggregator.citations.cited import Cited
from aggregator.periods import instant


def written(cited: Iterable[Cited]) -> Iterator[bytes]:
    """Yield a line for each, UTF-8."""
    for each in cited:
        yield json.dumps(said_of(each), ensure_ascii=False).encode("utf-8", "replace") + b"\n"


def said_of(cited: Cited) -> dict[str, Any]:
    """Return what is known of a citation, its words as they are; None: not known."""
    article = cited.article
    return {
        "id": article.id,
        "version": cited.version,
        "title": article.title,
        "author": list(article.authors),
        "published": instant(article.claimed_at) if article.claimed_at else None,
        "published_from": article.claimed_by,
        "captured": instant(cited.captured_at),
        "language": article.language,
        "source": article.source_id,
        "source_name": cited.source_name,
        "url": article.url,
        "archived_url": cited.archived,
        "family": cited.family,
        "original": cited.original,
        "copies": cited.copies,
        "abstract": cited.abstract,
    }
