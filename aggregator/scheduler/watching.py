"""The loop: whoever is due is visited, while others are still being visited.

``schedule`` is only the clock that ticks: its jobs look around and return at once. Due times follow from the runs in
the catalogue.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta

import schedule

from aggregator import pipeline
from aggregator.clock import NAP_S, SYSTEM, Clock
from aggregator.errors import SourcesError
from aggregator.fetch import Web
from aggregator.model import Following, Run, Source
from aggregator.scheduler import times


def run(
    line: pipeline.Pipeline,
    web: Web,
    *,
    reload: Callable[[], Following | None],
    stop: threading.Event,
    report: Callable[[list[Run]], None],
    complain: Callable[[SourcesError], None],
    gives_way: Callable[[], bool] = lambda: False,
    hourly: Callable[[], None] = lambda: None,
    clock: Clock = SYSTEM,
) -> None:
    """Visit sources as they fall due until told to stop, until something else goes first, or the line is outdated.

    A slow source delays no other: who falls due is visited beside those that still are.

    Args:
        line: Open for writing.
        web: Where responses come from.
        reload: Returns sources.yaml when it has changed, else None; raises SourcesError when the new one is refused.
        stop: Set it to end: what is in flight is kept, the rest stays due.
        report: Told the tally of each source that was visited.
        complain: Told once when a changed sources.yaml is refused; the last good one stays in force.
        gives_way: Asked now and then whether something else is to be done first.
        hourly: Called once an hour, also while visits go on.
        clock: What time it is.

    Raises:
        NoSpaceError: The disk is full or read-only.
        StoreError: Archive, catalogue or index is damaged.
    """
    _Watch(line, web, reload, stop, report, complain, gives_way, hourly, clock).go_on()


_HOUR = timedelta(hours=1)
PATIENCE = timedelta(minutes=1)
"""How long visits may go on when something else is to be done first, as an erase or to read pages by new rules."""


@dataclass
class _Watch:
    """The loop; its fields are the arguments of ``run``."""

    line: pipeline.Pipeline
    web: Web
    reload: Callable[[], Following | None]
    stop: threading.Event
    report: Callable[[list[Run]], None]
    complain: Callable[[SourcesError], None]
    gives_way: Callable[[], bool]
    hourly: Callable[[], None]
    clock: Clock

    def __post_init__(self) -> None:
        now = self.clock.now()
        self._pasts = times.pasts_of(self.line.following.sources, self.line.runs_since, now)
        self._day = now.date()
        self._hour_ends_at = now + _HOUR
        self._winds_up_at: datetime | None = None
        """Since when nobody more is to be visited for now, because something else is to be done; None: nothing is."""
        self._ticker = schedule.Scheduler()
        self._waiting: list[Source] = []
        for job in (self._look_at_sources, self._look_for_errands, self._look_who_is_due, self._look_at_the_hour):
            self._ticker.every(int(NAP_S)).seconds.do(job)

    def go_on(self) -> None:
        self._ticker.run_all()
        while not (self.stop.is_set() or self.line.is_outdated or self.gives_way()):
            self._winds_up_at = None
            self._ticker.run_pending()
            self._look_who_is_due()
            if waiting := self._more(frozenset()):
                self.line.crawl(waiting, self.web, stop=self.stop, more=self._more, done=self._done)
            elif self.clock.now().date() != self._day:
                self._day = self.clock.now().date()
                self.line.close_days(self.clock.now())
            else:
                self.clock.wait(self._next_due(), self.stop)

    def _look_at_sources(self) -> None:
        try:
            if changed := self.reload():
                self.line.follow(changed)
                known = self._pasts.keys()
                back = [source for source in changed.sources if source.id not in known]
                self._pasts |= times.pasts_of(back, self.line.runs_since, self.clock.now())
        except SourcesError as error:
            self.complain(error)

    def _look_for_errands(self) -> None:
        """Let what is going on come to its end when there is something that only an idle line can do."""
        if self._winds_up_at is None and (self.line.is_outdated or self.gives_way()):
            self._winds_up_at = self.clock.now()

    def _look_who_is_due(self) -> None:
        now = self.clock.now()
        due = times.due(self.line.following.sources, self._pasts, now)
        if due and self.line.is_shared:  # other crawlers may have been there
            self._pasts |= times.pasts_of(due, self.line.runs_since, now)
            due = times.due(due, self._pasts, now)
        self._waiting = due

    def _look_at_the_hour(self) -> None:
        if self.clock.now() >= self._hour_ends_at:
            self._hour_ends_at = self.clock.now() + _HOUR
            self.hourly()

    def _more(self, busy: Set[str]) -> Sequence[Source] | None:
        """Return who is to be visited now, beside those who still are; None: even these have taken too long."""
        self._ticker.run_pending()
        if self._winds_up_at is not None:
            return () if self.clock.now() < self._winds_up_at + PATIENCE else None
        found = [source for source in self._waiting if source.id not in busy]
        self._waiting = []
        return found

    def _done(self, run: Run) -> None:
        self._pasts.setdefault(run.source_id, times.Past()).took(run)
        self.report([run])

    def _next_due(self) -> datetime:
        now = self.clock.now()
        dues = (times.due_at(s, self._pasts.get(s.id)) or now for s in self.line.following.sources if not s.paused)
        return min(dues, default=now + timedelta(days=1))


__all__ = ["run"]
