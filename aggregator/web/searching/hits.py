"""The page of hits: the best of a search, with its months, sources and languages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from aggregator import search
from aggregator.home import Home
from aggregator.model import Results
from aggregator.shapes.hits import FACET_VALUES
from aggregator.web.asking import PAGE, Asking
from aggregator.web.drawing import histogram
from aggregator.web.limits import MAX_OFFSET
from aggregator.web.searching.frame import framed

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Value:
    """A source or a language among the hits."""

    name: str
    count: int
    address: str
    """What narrows the search to it."""


@router.get("/")
def show_hits(request: Request) -> HTMLResponse:
    """Show what a query finds, with its months, sources and languages."""
    return framed(request, "", "hits.html", _answer)


def found(home: Home, asking: Asking, limit: int = PAGE) -> Results:
    """Return a page of what is found.

    Raises:
        UsageError: What is asked for is not understood.
        StoreError: Catalogue or index is missing, damaged or of another version.
    """
    return search.search(home, asking.query, limit=limit, offset=asking.offset, sort=asking.sort, as_of=asking.at)


def _answer(home: Home, asking: Asking) -> dict[str, Any]:
    results = found(home, asking)
    return {
        "results": results,
        "export": (replace(asking, words=results.instead) if results.instead else asking).export(),
        "histogram": histogram(results.facets["month"], lambda name: asking.with_value("month", name)),
        "facets": {name: _values(asking, name, results.facets[name]) for name in ("source", "language")},
        "before": asking.address(offset=max(0, asking.offset - PAGE)) if asking.offset else None,
        "after": asking.address(offset=asking.offset + PAGE) if has_more(results, asking) else None,
    }


def has_more(results: Results, asking: Asking, limit: int = PAGE) -> bool:
    """Whether there may be hits behind these."""
    end = asking.offset + limit
    is_last = len(results.hits) < limit or (results.texts is not None and end >= results.texts)
    return not is_last and end <= MAX_OFFSET


def _values(asking: Asking, facet: str, counts: Sequence[tuple[str, int]]) -> list[Value]:
    chosen = asking.sources if facet == "source" else asking.languages
    return [
        Value(name, count, asking.with_value(facet, name))
        for name, count in counts[:FACET_VALUES]
        if name and name not in chosen
    ]
