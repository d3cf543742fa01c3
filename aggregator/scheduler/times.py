"""When each source is to be visited next. Pure: a function of its runs, so that due times survive a restart."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from aggregator import alarms
from aggregator.model import Outcome, Run, Source
from aggregator.scheduler import rhythm
from aggregator.scheduler.rhythm import Rhythm

AFTER_FAILURE = timedelta(minutes=30)
"""Between a run that could read nothing and the next; doubled with every further one, up to half a day."""
WHEN_GIVEN_UP = timedelta(days=7)
"""Between the visits to a source that has failed for weeks; its runs are forgotten after eight, and it is tried again
as if it had just failed."""
AFTER_LIMIT = timedelta(minutes=5)
"""Between a run that a limit ended and the next, which goes on from there."""
REMEMBERED = timedelta(weeks=8)
"""How far back runs are looked at: by then what they say of a rhythm is forgotten to less than a hundredth."""
JITTER = 0.1
"""By how much a pause that the program chose differs, so that sources do not fall due together."""
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(slots=True)
class Past:
    """What the runs of a source say of its next one."""

    rhythm: Rhythm = field(default_factory=Rhythm)
    last: Run | None = None
    failures: int = 0
    """How many runs in a row could read nothing."""
    grade: float = 0.0
    """And how much that says, as ``alarms`` grades it."""
    failing_since: datetime | None = None
    """When the first of these began; None: the last run was well."""

    @property
    def is_given_up(self) -> bool:
        """Whether it has failed for so long that it is only visited now and then."""
        last, since = self.last, self.failing_since
        return bool(last and since and alarms.is_given_up(self.grade, since, last.started_at))

    def took(self, run: Run) -> None:
        """Add a run, the newest."""
        self.rhythm = rhythm.took(self.rhythm, run)
        if run.outcome is Outcome.FAILED:
            self.failures, self.grade = self.failures + 1, self.grade + alarms.grade(run)
            self.failing_since = self.failing_since or run.started_at
        elif run.outcome is not Outcome.INTERRUPTED:
            self.failures, self.grade, self.failing_since = 0, 0.0, None
        self.last = run


def pasts(runs: Iterable[Run]) -> dict[str, Past]:
    """Return the past of each source that had a run.

    Args:
        runs: Of any sources, in any order.
    """
    found: dict[str, Past] = {}
    for source_id, of_it in groupby(sorted(runs, key=lambda r: (r.source_id, r.started_at)), lambda r: r.source_id):
        past = found[source_id] = Past()
        for run in of_it:
            past.took(run)
    return found


def pasts_of(sources: Iterable[Source], runs_since: Callable[..., list[Run]], now: datetime) -> dict[str, Past]:
    """Return the past of each of those sources that had a run; not all runs are held at a time.

    Args:
        sources: Which.
        runs_since: Returns the runs since an instant, of the source named by ``source_id``.
        now: The time.
    """
    found: dict[str, Past] = {}
    for source in sources:
        found |= pasts(runs_since(now - REMEMBERED, source_id=source.id))
    return found


def pause(source: Source, past: Past) -> timedelta:
    """Return how long to wait after a run; of a source that is visited at a time of day, at most."""
    last = past.last
    if last is None:
        return timedelta(0)
    every = timedelta(days=1) if isinstance(source.every, time) else source.every
    chosen = every or past.rhythm.pause * _spread(last)
    if past.is_given_up:
        return WHEN_GIVEN_UP * _spread(last)
    if last.outcome is Outcome.FAILED:
        back_off: timedelta = min(AFTER_FAILURE * 2.0 ** min(past.failures - 1, 9), rhythm.LONGEST)
        return min(chosen, back_off * _spread(last))
    if last.outcome is Outcome.LIMITED:
        return min(chosen, AFTER_LIMIT)
    return chosen


def _spread(run: Run) -> float:
    """Return a factor near 1 that is the same whenever the same run is asked about."""
    digest = hashlib.sha256(f"{run.source_id} {run.started_at.isoformat()}".encode()).digest()
    return 1 - JITTER + 2 * JITTER * digest[0] / 255


def due_at(source: Source, past: Past | None) -> datetime | None:
    """Return when a source is to be visited next; None: now, because it never was, or its last run was cut short."""
    if past is None or past.last is None or past.last.outcome is Outcome.INTERRUPTED:
        return None
    last = past.last
    at = last.started_at + pause(source, past)
    if past.is_given_up or not isinstance(source.every, time):
        return at
    daily = next_time(source.every, source.timezone, last.started_at)
    return min(at, daily) if last.outcome in (Outcome.FAILED, Outcome.LIMITED) else daily


def next_time(at: time, timezone: str, after: datetime) -> datetime:
    """Return the next instant at which the clocks of a zone show a time of day.

    A time that is skipped when summer time begins is taken an hour later; of one that comes twice when it ends, the
    first counts: once a day, whatever the clocks do.
    """
    zone = ZoneInfo(timezone)
    day = after.astimezone(zone).date() - timedelta(days=1)
    while True:
        instant = datetime.combine(day, at, tzinfo=zone).astimezone(UTC)
        if instant > after:
            return instant
        day += timedelta(days=1)


def due(
    sources: Sequence[Source], known: Mapping[str, Past], now: datetime, *, early: timedelta = timedelta()
) -> list[Source]:
    """Return the sources to visit now, the longest overdue first; also one whose last run a wrong clock put far ahead.

    Args:
        sources: Those to choose from; paused ones are left out.
        known: What the runs of each source say.
        now: The time.
        early: How much before its time a source may be visited, at most a quarter of its interval: for whoever comes
            by only now and then, as cron does.
    """
    ready: list[tuple[datetime, str, Source]] = []
    for source in sources:
        past = known.get(source.id)
        at = due_at(source, past)
        if source.paused:
            continue
        if at is None or past is None:
            ready.append((_NEVER, source.id, source))
            continue
        length = pause(source, past)
        if at - min(early, length / 4) <= now or at > now + 2 * length:
            ready.append((at, source.id, source))
    return [source for _, _, source in sorted(ready, key=lambda each: each[:2])]


__all__ = [
    "AFTER_FAILURE",
    "AFTER_LIMIT",
    "REMEMBERED",
    "Past",
    "due",
    "due_at",
    "next_time",
    "pasts",
    "pasts_of",
    "pause",
]
