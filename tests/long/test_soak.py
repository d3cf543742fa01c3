"""The scheduler for days and for a year, under a clock of its own: nobody is missed, and nothing piles up.

The web is a dict, the home is real. Time passes only while the scheduler waits, so a year takes minutes.
"""

from __future__ import annotations

import gc
import itertools
import threading
import tracemalloc
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from aggregator import pipeline, scheduler
from aggregator.home import Home
from aggregator.model import Run, Source
from tests.fakeweb import ClockOf, FakeWeb, catalogue, feed, following, page, source

PARIS = ZoneInfo("Europe/Paris")
HOUR = timedelta(hours=1)


class Soak:
    """A world of sources that publish now and then, followed until an instant."""

    def __init__(self, root: Path, start: datetime, sources: list[Source]) -> None:
        self.home, self.start, self.sources = Home(root), start, sources
        self.web = FakeWeb({}, now=start)
        self.clock = ClockOf(self.web)
        self.stop = threading.Event()
        self.visits: dict[str, list[datetime]] = defaultdict(list)
        self.heap: list[int] = []
        self.files: list[int] = []
        for one in sources:
            self.web.pages[one.feeds[0]] = self._feed_of(one)

    def _feed_of(self, one: Source) -> Callable[[], str]:
        """A feed of the last ten posts: one every two days, each with a page."""

        def given() -> str:
            newest = int((self.web.now - self.start) / timedelta(days=2))
            found = [f"{one.url}post-{n}" for n in range(newest, max(newest - 10, -1), -1)]
            for n, address in zip(range(newest, -1, -1), found, strict=False):
                self.web.pages.setdefault(
                    address, page(f"Post {n} of {one.id} tells of the ferry and of nothing else.")
                )
            return feed(*found)

        return given

    def until(self, end: datetime) -> None:
        """Follow them until an instant; look at memory and open files once a day."""
        day = self.clock.now().date()

        def report(runs: list[Run]) -> None:
            nonlocal day
            for run in runs:
                self.visits[run.source_id].append(run.started_at)
            if self.clock.now().date() != day:
                day = self.clock.now().date()
                gc.collect()
                self.heap.append(tracemalloc.get_traced_memory()[0])
                self.files.append(len(list(Path("/proc/self/fd").iterdir())))
            if self.clock.now() >= end:
                self.stop.set()

        self.stop.clear()
        while not self.stop.is_set():
            with pipeline.opened(self.home, following(*self.sources), clock=self.clock) as line:
                scheduler.run(
                    line,
                    self.web,
                    reload=lambda: None,
                    stop=self.stop,
                    report=report,
                    complain=lambda error: None,
                    clock=self.clock,
                )


@pytest.fixture(autouse=True)
def traced() -> object:
    tracemalloc.start()
    yield
    tracemalloc.stop()


def of_all_kinds() -> list[Source]:
    return [
        source("often", every=HOUR),
        source("nightly", every=time(4, 0), timezone="Europe/Paris"),
        source("in-the-gap", every=time(2, 30), timezone="Europe/Paris"),
        source("auto"),
    ]


def test_seventy_two_hours_miss_no_period(tmp_path: Path) -> None:
    start = datetime(2026, 11, 2, 12, tzinfo=UTC)
    soak = Soak(tmp_path, start, of_all_kinds())

    soak.until(start + timedelta(hours=72))

    assert 72 <= len(soak.visits["often"]) <= 74
    gaps = [b - a for a, b in zip(soak.visits["often"], soak.visits["often"][1:], strict=False)]
    assert max(gaps) < HOUR + timedelta(minutes=2)
    assert len(soak.visits["nightly"]) == 1 + 3  # the first visit of a new source, then three nights
    assert max(soak.files) - min(soak.files) <= 2


def test_a_year_misses_no_night_and_piles_nothing_up(tmp_path: Path) -> None:
    start = datetime(2026, 1, 1, 12, tzinfo=UTC)
    soak = Soak(tmp_path, start, [s for s in of_all_kinds() if s.id != "often"])

    soak.until(start + timedelta(days=365))

    for name, at in (("nightly", (4, 0)), ("in-the-gap", (2, 30))):
        local = [visit.astimezone(PARIS) for visit in soak.visits[name][1:]]
        days = [moment.date() for moment in local]
        assert len(days) == len(set(days)), "twice in one day"
        assert [b - a for a, b in itertools.pairwise(days)] == [timedelta(days=1)] * (len(days) - 1)
        odd = [m for m in local if (m.hour, m.minute) != at]
        assert len(odd) <= (1 if name == "in-the-gap" else 0)  # the night that has no half past two
    with catalogue(tmp_path) as known:
        posts = {a.url for a in known.articles(known.article_ids()).values()}
    assert len(posts) == 3 * 183
    quarter = len(soak.heap) // 4
    assert max(soak.heap[-quarter:]) < 1.3 * max(soak.heap[quarter : 2 * quarter])
    assert max(soak.files[-quarter:]) <= max(soak.files[:quarter]) + 2


def test_a_clock_set_back_two_hours_delays_nobody_for_longer_and_doubles_nothing(tmp_path: Path) -> None:
    start = datetime(2026, 11, 2, 12, tzinfo=UTC)
    soak = Soak(tmp_path, start, of_all_kinds())
    soak.until(start + timedelta(hours=24))
    soak.web.now -= 2 * HOUR
    set_back_at = soak.web.now

    soak.until(start + timedelta(hours=48))

    later = [visit for visit in soak.visits["often"][-40:] if visit >= set_back_at]
    assert min(later) <= set_back_at + 3 * HOUR + timedelta(minutes=2)
    assert max(b - a for a, b in zip(sorted(later), sorted(later)[1:], strict=False)) < HOUR + timedelta(minutes=2)
    with catalogue(tmp_path) as known:
        urls = [a.url for a in known.articles(known.article_ids()).values()]
    assert len(urls) == len(set(urls))
