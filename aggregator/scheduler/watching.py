"""The loop: whoever is due is visited, while others are still being visited.

``schedule`` is only the clock that ticks: its jobs look around and return at once. Due times follow from the runs in
the catalogue.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence, Set
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
        clock: What time it is.

    Raises:
        NoSpaceError: The disk is full or read-only.
        StoreError: Archive, catalogue or index is damaged.
    """
    _Watch(line, web, reload, stop, report, complain, gives_way, clock).go_on()


PATIENCE = timedelta(minutes=1)
"""How long visits may go on when something else is to be done first, as an erase or to read pages by new rules."""


class _Watch:
    def __init__(
        self,
        line: pipeline.Pipeline,
        web: Web,
        reload: Callable[[], Following | None],
        stop: threading.Event,
        report: Callable[[list[Run]], None],
        complain: Callable[[SourcesError], None],
        gives_way: Callable[[], bool],
        clock: Clock,
    ) -> None:
        self._line = line
        self._web = web
        self._reload = reload
        self._stop = stop
        self._report = report
        self._complain = complain
        self._gives_way = gives_way
        self._clock = clock
        self._pasts = times.pasts(line.runs_since(clock.now() - times.REMEMBERED))
        self._day = clock.now().date()
        self._winds_up_at: datetime | None = None
        """Since when nobody more is to be visited for now, because something else is to be done; None: nothing is."""
        self._ticker = schedule.Scheduler()
        self._waiting: list[Source] = []
        for job in (self._look_at_sources, self._look_for_errands, self._look_who_is_due):
            self._ticker.every(int(NAP_S)).seconds.do(job)

    def go_on(self) -> None:
        self._ticker.run_all()
        while not (self._stop.is_set() or self._line.is_outdated or self._gives_way()):
            self._winds_up_at = None
            self._ticker.run_pending()
            self._look_who_is_due()
            if waiting := self._more(frozenset()):
                self._line.crawl(waiting, self._web, stop=self._stop, more=self._more, done=self._done)
            elif self._clock.now().date() != self._day:
                self._day = self._clock.now().date()
                self._line.close_days(self._clock.now())
            else:
                self._clock.wait(self._next_due(), self._stop)

    def _look_at_sources(self) -> None:
        try:
            if changed := self._reload():
                self._line.follow(changed)
        except SourcesError as error:
            self._complain(error)

    def _look_for_errands(self) -> None:
        """Let what is going on come to its end when there is something that only an idle line can do."""
        if self._winds_up_at is None and (self._line.is_outdated or self._gives_way()):
            self._winds_up_at = self._clock.now()

    def _look_who_is_due(self) -> None:
        self._waiting = times.due(self._line.following.sources, self._pasts, self._clock.now())

    def _more(self, busy: Set[str]) -> Sequence[Source] | None:
        """Return who is to be visited now, beside those who still are; None: even these have taken too long."""
        self._ticker.run_pending()
        if self._winds_up_at is not None:
            return () if self._clock.now() < self._winds_up_at + PATIENCE else None
        found = [source for source in self._waiting if source.id not in busy]
        self._waiting = []
        return found

    def _done(self, run: Run) -> None:
        self._pasts.setdefault(run.source_id, times.Past()).took(run)
        self._report([run])

    def _next_due(self) -> datetime:
        now = self._clock.now()
        dues = (times.due_at(s, self._pasts.get(s.id)) or now for s in self._line.following.sources if not s.paused)
        return min(dues, default=now + timedelta(days=1))


__all__ = ["run"]
