"""The page of hits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from aggregator import search
from aggregator.errors import SourcesError, UsageError
from aggregator.model import Results
from aggregator.shapes.hits import FACET_VALUES
from aggregator.web.asking import PAGE, SORTS, Asking, asked
from aggregator.web.drawing import histogram
from aggregator.web.limits import MAX_OFFSET
from aggregator.web.rendering import page

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Chip:
    """Something that narrows a search now."""

    words: str
    address: str
    """What asks for the same without it."""


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
    asking = Asking(words=request.query_params.get("q") or "")
    results, problem = None, None
    try:
        asking = asked(request)
        results = found(request, asking)
    except SourcesError:  # no mistake of who asks
        raise
    except UsageError as error:
        problem = str(error)
    values = {
        "asking": asking,
        "problem": problem,
        "results": results,
        "chips": list(chips(asking)),
        "sorts": SORTS,
        "histogram": results and histogram(results.facets["month"], lambda name: asking.with_value("month", name)),
        "facets": {name: _values(asking, name, results.facets[name]) for name in ("source", "language")}
        if results
        else {},
        "before": asking.address(offset=max(0, asking.offset - PAGE)) if asking.offset else None,
        "after": asking.address(offset=asking.offset + PAGE) if results and _has_more(results, asking) else None,
    }
    return page("hits.html", values, status=400 if problem else 200)


def found(request: Request, asking: Asking) -> Results | None:
    """Return what is found; None: nothing is asked for.

    Raises:
        UsageError: What is asked for is not understood.
        StoreError: Catalogue or index is missing, damaged or of another version.
    """
    if asking.is_empty:
        return None
    home = request.app.state.home
    return search.search(home, asking.query, limit=PAGE, offset=asking.offset, sort=asking.sort, as_of=asking.at)


def _has_more(results: Results, asking: Asking) -> bool:
    """Whether there may be hits behind these."""
    end = asking.offset + PAGE
    is_last = len(results.hits) < PAGE or (results.texts is not None and end >= results.texts)
    return not is_last and end <= MAX_OFFSET


def chips(asking: Asking) -> Iterator[Chip]:
    """Yield what narrows a search."""
    for facet, values in (("source", asking.sources), ("language", asking.languages)):
        for value in values:
            yield Chip(f"{facet}: {value}", asking.without_value(facet, value))
    if asking.since and asking.since == asking.until:
        yield Chip(f"published: {asking.since}", asking.address(since="", until=""))
    else:
        if asking.since:
            yield Chip(f"published since {asking.since}", asking.address(since=""))
        if asking.until:
            yield Chip(f"published until {asking.until}", asking.address(until=""))
    if asking.as_of:
        yield Chip(f"as it could be read on {asking.as_of}", asking.address(as_of=""))


def _values(asking: Asking, facet: str, counts: Sequence[tuple[str, int]]) -> list[Value]:
    chosen = asking.sources if facet == "source" else asking.languages
    return [
        Value(name, count, asking.with_value(facet, name))
        for name, count in counts[:FACET_VALUES]
        if name and name not in chosen
    ]
