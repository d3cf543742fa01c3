"""For who watches the home: whether it is well, and numbers as Prometheus reads them.

https://prometheus.io/docs/instrumenting/exposition_formats/ (text format, version 0.0.4)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse

from aggregator import search
from aggregator.errors import AggregatorError
from aggregator.home import Home
from aggregator.search import filters
from aggregator.web.sources import status_of

router = APIRouter(include_in_schema=False)

_TEXT = "text/plain; version=0.0.4; charset=utf-8"


@router.get("/healthz")
def show_health(request: Request) -> PlainTextResponse:
    """Say whether the home can be searched: 200, or 503 and why not."""
    problem = _problem(request.app.state.home)
    return PlainTextResponse(f"{problem or 'ok'}\n", 503 if problem else 200)


@router.get("/metrics")
def show_metrics(request: Request) -> PlainTextResponse:
    """Show how the home and its sources are doing, in numbers."""
    return PlainTextResponse("".join(_lines(status_of(request.app.state.home))), media_type=_TEXT)


def _problem(home: Home) -> str | None:
    """Return why a home cannot be searched; None: it can."""
    if home.is_new:
        return "nothing was crawled yet"
    try:
        search.search(home, filters.asked("well"), limit=1)
    except AggregatorError as error:
        return str(error).replace(f"{home.root}/", "")
    return None


def _lines(status: dict[str, Any]) -> Iterator[str]:
    of_home = {**status["totals"], **{name: status[name] for name in ("archive_bytes", "index_bytes", "free_bytes")}}
    for name, value in of_home.items():
        yield from _gauge(name, [({}, value)])
    every = status["sources"]
    yield from _gauge("source_articles", [(_of(one), one["articles"]) for one in every])
    yield from _gauge("source_pending", [(_of(one), one["pending"]) for one in every])
    yield from _gauge("source_paused", [(_of(one), int(one["paused"])) for one in every])
    for name in ("last_run", "last_new", "next_due"):
        values = [(_of(one), _seconds(one[name])) for one in every if one[name]]
        yield from _gauge(f"source_{name}_timestamp_seconds", values)
    alarms = [({**_of(one), "kind": alarm["kind"]}, 1) for one in every for alarm in one["alarms"]]
    yield from _gauge("source_alarm", alarms)


def _gauge(name: str, values: Sequence[tuple[dict[str, Any], float]]) -> Iterator[str]:
    if not values:
        return
    yield f"# TYPE aggregator_{name} gauge\n"
    for labels, value in values:
        said = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
        yield f"aggregator_{name}{f'{{{said}}}' if said else ''} {value}\n"


def _of(source: dict[str, Any]) -> dict[str, str]:
    return {"source": source["source"]}


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _seconds(instant: str) -> float:
    return datetime.fromisoformat(instant).timestamp()
