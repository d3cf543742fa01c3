"""When each source is due; one pass at a time.

``schedule`` is only the clock that ticks: its one job marks what is due and returns at once. Due times follow from the
runs in the catalogue, so that they survive a restart.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import schedule

from aggregator import pipeline
from aggregator.errors import SourcesError
from aggregator.fetch import Web
from aggregator.model import Following, Outcome, Run, Source

AUTO_EVERY = timedelta(hours=6)
"""Between two passes of a source whose ``every`` is ``auto``."""
AFTER_FAILURE = timedelta(minutes=30)
"""Between a run that could read nothing and the next, where ``every`` is longer."""
_TICK_S = 1
_NAP_S = 0.2


def due_at(source: Source, last: Run | None) -> datetime | None:
    """Return when a source is to be visited next; None: now, because it never was, or its last run was cut short."""
    if last is None or last.outcome is Outcome.INTERRUPTED:
        return None
    every = source.every or AUTO_EVERY
    return last.started_at + (min(every, AFTER_FAILURE) if last.outcome is Outcome.FAILED else every)


def due(
    sources: Sequence[Source], last_runs: dict[str, Run], now: datetime, *, early: timedelta = timedelta()
) -> list[Source]:
    """Return the sources to visit now, the longest overdue first; also one whose last run a wrong clock put far ahead.

    Args:
        sources: Those to choose from; paused ones are left out.
        last_runs: The newest run of each source that had one.
        now: The time.
        early: How much before its time a source may be visited, at most a quarter of its interval: for whoever comes
            by only now and then, as cron does.
    """
    waiting = []
    for source in sources:
        at = due_at(source, last_runs.get(source.id))
        slack = min(early, (source.every or AUTO_EVERY) / 4)
        if not source.paused:
            waiting.append((at - slack if at else None, source))
    never = datetime.min.replace(tzinfo=UTC)
    ready = [(at, s) for at, s in waiting if at is None or at <= now or at > now + 2 * (s.every or AUTO_EVERY)]
    return [s for _, s in sorted(ready, key=lambda ws: (ws[0] or never, ws[1].id))]


def run(
    line: pipeline.Pipeline,
    web: Web,
    *,
    reload: Callable[[], Following | None],
    stop: threading.Event,
    report: Callable[[list[Run]], None],
    complain: Callable[[SourcesError], None],
    gives_way: Callable[[], bool] = lambda: False,
) -> None:
    """Visit sources as they fall due until told to stop, until something else goes first, or the line is outdated.

    Args:
        line: Open for writing.
        web: Where responses come from.
        reload: Returns sources.yaml when it has changed, else None; raises SourcesError when the new one is refused.
        stop: Set it to end: what is in flight is kept, the rest stays due.
        report: Told the tallies of each pass.
        complain: Told once when a changed sources.yaml is refused; the last good one stays in force.
        gives_way: Asked between passes whether something else is to be done first.

    Raises:
        NoSpaceError: The disk is full or read-only.
        StoreError: Archive, catalogue or index is damaged.
    """
    waiting: list[Source] = []

    def tick() -> None:
        try:
            if changed := reload():
                line.follow(changed)
        except SourcesError as error:
            complain(error)
        waiting[:] = due(line.following.sources, line.last_runs(), datetime.now(UTC))

    clock = schedule.Scheduler()
    clock.every(_TICK_S).seconds.do(tick)
    tick()
    while not (stop.is_set() or gives_way() or line.is_outdated):
        clock.run_pending()
        if waiting:
            report(line.crawl(tuple(waiting), web, stop=stop))
            waiting.clear()
        stop.wait(_NAP_S)


__all__ = ["AUTO_EVERY", "due", "due_at", "run"]
