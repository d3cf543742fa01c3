"""How much of a query there is over time, as scripts know it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aggregator.curves import Point
    from aggregator.search.over_time import Curve


def curve_json(found: Curve) -> dict[str, Any]:
    """Return a curve as scripts know it."""
    return {
        "query": found.query,
        "by": found.by,
        "note": found.note,
        "undated_found": found.undated,
        "total": point_json(found.total, found),
        "periods": [point_json(point, found) for point in found.points],
    }


def point_json(point: Point, of: Curve) -> dict[str, Any]:
    """Return a period of a curve as scripts know it; what was not counted is None."""
    return {
        "period": point.period,
        "found": point.found,
        "articles": point.articles,
        "share": None if point.share is None else round(point.share, 6),
        "undated": point.undated,
        "occurrences": point.occurrences if of.has_words else None,
        "words": point.words if of.has_words else None,
        "per_million": None if point.per_million is None else round(point.per_million, 3),
    }
