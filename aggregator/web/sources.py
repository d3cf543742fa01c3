"""The pages of sources: how they are doing, each and all, and how the home is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from aggregator import access, scheduler
from aggregator.catalogue import Catalogue
from aggregator.catalogue.coverage import Coverage, coverage
from aggregator.errors import UnknownIdError
from aggregator.home import Home
from aggregator.model import Run, Source
from aggregator.scheduler import Past
from aggregator.shapes.status import status_json
from aggregator.web.drawing import Bars, bars
from aggregator.web.followed import contact_of, following_of
from aggregator.web.languages.wording import number, phrase
from aggregator.web.limits import RUNS
from aggregator.web.rendering import page

router = APIRouter(include_in_schema=False)

_WEEK = timedelta(days=7)
_ABOUT_ONE = 0.8
"""From how many on it is said that it is about one."""
WEEKS = 52
"""How far back a rhythm is drawn."""


@dataclass(frozen=True, slots=True)
class Health:
    """How a source is doing, for its page."""

    source: Source
    past: Past | None
    """What its runs say of the next one; None: it was never visited."""
    runs: tuple[Run, ...]
    """The newest first."""
    months: tuple[Coverage, ...]
    """How much of what it announced is there, the newest month first."""
    rhythm: Bars | None
    """Articles of each week of a year; None: there were none."""


@router.get("/sources")
def show_sources(request: Request) -> HTMLResponse:
    """Show each source: when it was visited, what came of it, what is the matter."""
    home, now = request.app.state.home, datetime.now(UTC)
    status = status_of(home)
    told = [(each, _state(each, now)) for each in status["sources"]]
    values = {
        "status": status,
        "told": told,
        "states": Counter(state for _, state in told).most_common(),
        "former": sorted((i, count) for i, count in _counts(home).items() if not following_of(home).source(i)),
        "due": sum(_is_due(each, now) for each in status["sources"]),
        "writer": home.writer,
        "contact": contact_of(home),
        "rhythms": _rhythms(home, [each["source"] for each in status["sources"]], now),
    }
    return page("sources.html", values)


@router.get("/sources/{source_id}")
def show_source(request: Request, source_id: str) -> HTMLResponse:
    """Show how one source is doing: its runs, what failed and why, its rhythm, and how much of it is there."""
    home, now = request.app.state.home, datetime.now(UTC)
    health, door = health_of(home, source_id, now), request.app.state.door
    status = next(each for each in status_of(home)["sources"] if each["source"] == source_id)
    values = {
        "health": health,
        "source": health.source,
        "key": door.key if door and door.may_decide else None,
        "writer": home.writer,
        "status": status,
        "state": _state(status, now),
        "success": next((run for run in health.runs if run.outcome == "ok"), None),
        "pause": _how_often(health.source, health.past),
        "publishes": _published(health.past.rhythm.posts_a_day) if health.past else None,
        "coverage": bars(
            [(month.month, month.extracted) for month in reversed(health.months)],
            lambda month: f"/?source={source_id}&since={month}&until={month}",
        ),
    }
    return page("source.html", values)


def status_of(home: Home) -> dict[str, Any]:
    """Return how the home and its sources are doing, those that nobody is shown left out.

    Raises:
        SourcesError: Its sources.yaml is refused.
        StoreError: The catalogue is missing, damaged or of another version.
    """
    found = status_json(home, following_of(home), datetime.now(UTC))
    closed, counts = _closed(home), _counts(home)
    shown = [
        one | {"articles": counts.get(one["source"], 0)} for one in found["sources"] if one["source"] not in closed
    ]
    return found | {"sources": shown, "totals": found["totals"] | {"articles": sum(counts.values())}}


def _counts(home: Home) -> dict[str, int]:
    """Return how many articles there are of each source that may be shown."""
    if home.is_new:
        return {}
    with access.opened(home) as catalogue:
        return catalogue.article_counts()


def source_of(home: Home, source_id: str) -> Source:
    """Return a source of sources.yaml.

    Raises:
        UnknownIdError: There is none of that id, or nobody is shown it.
        SourcesError: sources.yaml is refused.
        StoreError: The catalogue is missing, damaged or of another version.
    """
    source = following_of(home).source(source_id)
    if source is None or source_id in _closed(home):
        raise UnknownIdError("There is no source of that id in sources.yaml.")
    return source


def _closed(home: Home) -> Collection[str]:
    """Return the sources that nobody is shown."""
    if home.is_new:
        now = datetime.now(UTC)
        return {one.source_id for one in access.restricted(home) if one.is_closed(now, leaving=False)}
    with access.opened(home) as catalogue:
        return catalogue.closed_sources


def health_of(home: Home, source_id: str, now: datetime) -> Health:
    """Return how a source is doing.

    Raises:
        UnknownIdError: There is none of that id, or nobody is shown it.
        SourcesError: sources.yaml is refused.
        StoreError: The catalogue is missing, damaged or of another version.
    """
    source = source_of(home, source_id)
    if home.is_new:
        return Health(source, None, (), (), None)
    with access.opened(home) as catalogue:
        return Health(
            source=source,
            past=scheduler.pasts_of([source], catalogue.runs_since, now).get(source_id),
            runs=tuple(catalogue.runs(source_id, limit=RUNS)),
            months=tuple(coverage(catalogue, source_id)),
            rhythm=_rhythm(catalogue, source_id, now),
        )


def _rhythms(home: Home, ids: list[str], now: datetime) -> dict[str, Bars | None]:
    if home.is_new:
        return dict.fromkeys(ids)
    with access.opened(home) as catalogue:
        return {source_id: _rhythm(catalogue, source_id, now) for source_id in ids}


def _rhythm(catalogue: Catalogue, source_id: str, now: datetime) -> Bars | None:
    """Return how many articles a source published in each week, as far as it claims it, else as they were seen."""
    first = datetime.combine(now.date() + timedelta(days=1), time(), UTC) - WEEKS * _WEEK
    counts = Counter((at - first) // _WEEK for at in catalogue.posted_since(first, source_id) if at <= now)
    weeks = [(f"{first + number * _WEEK:%Y-%m-%d}", counts[number]) for number in range(WEEKS)]
    return bars(weeks, lambda week: f"/?source={source_id}&since={week}&until={_last_day(week)}")


def _last_day(week: str) -> str:
    return f"{datetime.fromisoformat(week) + _WEEK - timedelta(days=1):%Y-%m-%d}"


def _state(status: dict[str, Any], now: datetime) -> str:
    """Return in a word how a source is doing: the worst that is the matter."""
    if status["paused"]:
        return "paused"
    if status["alarms"]:
        return str(status["alarms"][0]["kind"])
    return "never visited" if status["outcome"] is None else "failed" if status["outcome"] == "failed" else "well"


def _is_due(status: dict[str, Any], now: datetime) -> bool:
    due = status["next_due"]
    return not status["paused"] and (due is None or datetime.fromisoformat(due) <= now)


_SPANS = (
    (1, "about one a day", "about %(count)s a day"),
    (7, "about one a week", "about %(count)s a week"),
    (365.25 / 12, "about one a month", "about %(count)s a month"),
    (365.25, "about one a year", "about %(count)s a year"),
)
"""In days, with what is said of one in such a time and of several."""


def _published(posts_a_day: float) -> str:
    """Return in words how much a source publishes, in the shortest time in which it is one at least."""
    for days, one, several in _SPANS:
        count = round(posts_a_day * days)
        if count >= 1 and posts_a_day * days >= _ABOUT_ONE:
            return phrase(several, count=number(count)) if count > 1 else phrase(one)
    return phrase("less than one a year")


def _how_often(source: Source, past: Past | None) -> str | None:
    """Return in words how often a source is looked at, as is in force now; None: it was never visited."""
    if past is None or past.last is None:
        return None
    if isinstance(source.every, time) and not past.is_given_up:
        return phrase("daily at %(time)s (%(zone)s)", time=f"{source.every:%H:%M}", zone=source.timezone)
    minutes = round(scheduler.pause(source, past).total_seconds() / 60)
    if minutes < 90:
        return phrase("about every %(count)s minutes", count=minutes)
    return phrase("about every %(count)s hours", count=number(round(minutes / 60)))
