"""Words in context, as scripts know them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aggregator.shapes import iso

if TYPE_CHECKING:
    from aggregator.concordance import Line
    from aggregator.search.in_context import Concordance


def concordance_json(found: Concordance) -> dict[str, Any]:
    """Return words in context as scripts know them."""
    return {
        "query": found.query,
        "articles": found.articles,
        "cut": found.is_cut,
        "note": found.note,
        "lines": [line_json(line) for line in found.lines],
    }


def line_json(line: Line) -> dict[str, Any]:
    """Return a place where a word stands as scripts know it."""
    return {
        "id": line.article_id,
        "version": line.version,
        "source": line.source_id,
        "language": line.language,
        "published": iso(line.claimed_at),
        "start": line.start,
        "end": line.end,
        "left": line.left,
        "key": line.key,
        "right": line.right,
    }
