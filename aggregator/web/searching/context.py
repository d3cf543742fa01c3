"""The page of words in context: every place in the texts where what is looked for stands (a concordance)."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from aggregator.home import Home
from aggregator.search.in_context import Concordance, words_in_context
from aggregator.web.asking import Asking
from aggregator.web.limits import CONTEXT_LINES, MAX_OFFSET
from aggregator.web.searching.frame import framed

router = APIRouter(include_in_schema=False)


@router.get("/context")
def show_context(request: Request) -> HTMLResponse:
    """Show every place where the words of a query stand."""
    return framed(request, "context", "context.html", _answer)


def found(home: Home, asking: Asking) -> Concordance:
    """Return every place.

    Raises:
        UsageError: What is asked for is not understood, or has no word that stands in texts.
        StoreError: Catalogue or index is missing, damaged or of another version.
    """
    return words_in_context(home, asking.query, order=asking.order, as_of=asking.at)


def _answer(home: Home, asking: Asking) -> dict[str, Any]:
    concordance = found(home, asking)
    end = asking.offset + CONTEXT_LINES
    is_more = end < len(concordance.lines) and end <= MAX_OFFSET
    return {
        "concordance": concordance,
        "lines": concordance.lines[asking.offset : end],
        "before": asking.address(offset=max(0, asking.offset - CONTEXT_LINES)) if asking.offset else None,
        "after": asking.address(offset=end) if is_more else None,
    }
