"""The page of how much there is of a query over time."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from aggregator.curves import Point
from aggregator.home import Home
from aggregator.search import over_time
from aggregator.search.over_time import Curve
from aggregator.web.asking import Asking
from aggregator.web.drawing import Bars, bars
from aggregator.web.searching.frame import framed

router = APIRouter(include_in_schema=False)


@router.get("/timeline")
def show_course(request: Request) -> HTMLResponse:
    """Show how much of a query there is in each month or year."""
    return framed(request, "timeline", "timeline.html", _answer)


def found(home: Home, asking: Asking) -> Curve:
    """Return how much there is; words are counted only on demand, for all texts are read for that.

    Raises:
        UsageError: What is asked for is not understood.
        StoreError: Catalogue or index is missing, damaged or of another version.
    """
    return over_time.curve(
        home,
        asking.query,
        by=asking.by,
        now=datetime.now(UTC),
        as_of=asking.at,
        counts_words=asking.counts_words,
    )


def _answer(home: Home, asking: Asking) -> dict[str, Any]:
    curve = found(home, asking)
    return {"curve": curve, "drawings": list(_drawings(curve, asking))}


def _drawings(curve: Curve, asking: Asking) -> list[tuple[str, Bars]]:
    """Return bars with what they are of."""

    def drawn(height: str) -> Bars | None:
        return bars(
            [(point.period, _height(point, height)) for point in curve.points],
            lambda period: asking.address(view="", since=period, until=period),
        )

    kinds = {"articles found": "found", "per million words": "per_million"} if curve.has_words else {}
    kinds = kinds or {"articles found": "found", "share of all articles, in %": "share"}
    return [(words, made) for words, name in kinds.items() if (made := drawn(name))]


def _height(point: Point, name: str) -> float:
    if name == "share":
        return 100 * (point.share or 0.0)
    return (point.per_million or 0.0) if name == "per_million" else float(point.found)
