"""The page of the families that what is found belongs to."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from aggregator.home import Home
from aggregator.search import kin
from aggregator.search.kin import Kindred
from aggregator.web.asking import PAGE, Asking
from aggregator.web.limits import MAX_OFFSET
from aggregator.web.searching.frame import framed

router = APIRouter(include_in_schema=False)


@router.get("/families")
def show_families(request: Request) -> HTMLResponse:
    """Show the families that what a query finds belongs to."""
    return framed(request, "families", "families.html", _answer)


def found(home: Home, asking: Asking, limit: int = PAGE) -> Kindred:
    """Return a page of families.

    Raises:
        UsageError: What is asked for is not understood.
        StoreError: Catalogue or index is missing, damaged or of another version.
    """
    return kin.families(home, asking.query, limit=limit, offset=asking.offset, as_of=asking.at)


def _answer(home: Home, asking: Asking) -> dict[str, Any]:
    kindred = found(home, asking)
    end = asking.offset + PAGE
    return {
        "kindred": kindred,
        "before": asking.address(offset=max(0, asking.offset - PAGE)) if asking.offset else None,
        "after": asking.address(offset=end) if end < kindred.families and end <= MAX_OFFSET else None,
    }
