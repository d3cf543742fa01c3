"""When each source is due, and the loop that visits them."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator import pipeline, scheduler
from aggregator.errors import Complaint, SourcesError
from aggregator.home import Home
from aggregator.model import ExtractRule, Following, Outcome, Run, Source
from aggregator.scheduler import Past
from tests.fakeweb import (
    NOON,
    OTHER,
    STORY,
    ClockOf,
    FakeWeb,
    articles,
    catalogue,
    crawl,
    feed,
    following,
    found,
    page,
    source,
    versions,
)

DEADLINE_S = 20
"""Only ever waited for when something is broken."""
HOUR = timedelta(hours=1)
INSTANTS = st.timedeltas(timedelta(days=-9000), timedelta(days=9000)).map(lambda since: NOON + since)
PERIODS = st.timedeltas(min_value=timedelta(seconds=1), max_value=timedelta(weeks=520))
ENDED = st.sampled_from([Outcome.OK, Outcome.PARTIAL])


def run(at: datetime, outcome: Outcome = Outcome.OK, source_id: str = "a", **more: Any) -> Run:
    return Run(source_id=source_id, started_at=at, outcome=outcome, **more)


def after(*runs: Run) -> dict[str, Past]:
    """What those runs say of the next ones."""
    return scheduler.pasts(runs)


# due()


@given(PERIODS, INSTANTS)
def test_a_source_that_never_ran_is_due(every: timedelta, now: datetime) -> None:
    assert scheduler.due([source("a", every=every)], {}, now)


@given(PERIODS, INSTANTS)
def test_a_source_whose_run_was_cut_short_is_due(every: timedelta, now: datetime) -> None:
    assert scheduler.due([source("a", every=every)], after(run(now, Outcome.INTERRUPTED)), now)


@given(INSTANTS, st.booleans())
def test_a_paused_source_is_never_due(now: datetime, ran: bool) -> None:
    last = after(run(now - timedelta(days=9000))) if ran else {}

    assert scheduler.due([source("a", paused=True, every=timedelta(seconds=1))], last, now) == []


@given(PERIODS, INSTANTS, ENDED, st.timedeltas(timedelta(0), timedelta(days=8000)))
def test_a_source_is_due_once_its_period_is_over(
    every: timedelta, started: datetime, outcome: Outcome, later: timedelta
) -> None:
    is_due = bool(scheduler.due([source("a", every=every)], after(run(started, outcome)), started + later))

    assert is_due == (later >= every)


def test_a_source_that_could_not_be_read_is_due_after_half_an_hour() -> None:
    last = after(run(NOON, Outcome.FAILED))

    assert scheduler.due([source("a", every=24 * HOUR)], last, NOON + HOUR / 2)
    assert not scheduler.due([source("a", every=24 * HOUR)], last, NOON + HOUR / 3)
    assert scheduler.due([source("a", every=timedelta(minutes=5))], last, NOON + timedelta(minutes=5))


def test_whoever_comes_by_only_now_and_then_may_come_a_little_early() -> None:
    last, early = after(run(NOON)), timedelta(minutes=15)

    assert scheduler.due([source("a", every=24 * HOUR)], last, NOON + 24 * HOUR - early, early=early)
    assert not scheduler.due([source("a", every=24 * HOUR)], last, NOON + 23 * HOUR, early=early)
    assert not scheduler.due([source("a", every=timedelta(minutes=4))], last, NOON + timedelta(minutes=2), early=early)


def test_a_source_of_which_nothing_is_known_is_due_after_about_six_hours() -> None:
    last = after(run(NOON))

    assert scheduler.due([source("a")], last, NOON + 5.5 * HOUR) == []
    assert scheduler.due([source("a")], last, NOON + 7.5 * HOUR)


def test_the_longest_overdue_comes_first_and_the_new_before_all() -> None:
    sources = [source(name, every=HOUR) for name in "abcd"]
    last = after(*(run(NOON - hours * HOUR, source_id=name) for name, hours in (("a", 2), ("b", 5), ("d", 3))))

    assert [s.id for s in scheduler.due(sources, last, NOON)] == ["c", "b", "d", "a"]


def test_due_times_survive_a_restart(tmp_path: Path) -> None:
    hourly = source("a", every=HOUR)
    web = FakeWeb({"http://a.example/feed": feed("http://a.example/1")})
    crawl(tmp_path, web, hourly, clock=ClockOf(web))

    with catalogue(tmp_path) as known:
        last = scheduler.pasts(known.runs_since(NOON - HOUR))
    assert scheduler.due_at(hourly, last["a"]) == NOON + HOUR
    assert scheduler.due_at(source("b"), last.get("b")) is None


# run()


@contextmanager
def running(
    root: Path,
    web: FakeWeb,
    *sources: Source,
    reload: Sequence[Following | SourcesError | None] = (),
) -> Iterator[tuple[Passes, list[SourcesError]]]:
    """The scheduler in a thread of its own; it is stopped at the end, and must then end."""
    stop, complaints, passes = threading.Event(), list[SourcesError](), Passes()
    changes = iter(reload)

    def reloaded() -> Following | None:
        changed = next(changes, None)
        if isinstance(changed, SourcesError):
            raise changed
        return changed

    def watch() -> None:
        with pipeline.opened(Home(root), following(*sources)) as line:
            scheduler.run(line, web, reload=reloaded, stop=stop, report=passes.add, complain=complaints.append)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield passes, complaints
    finally:
        stop.set()
        thread.join(DEADLINE_S)
        assert not thread.is_alive()


class Passes:
    """The tallies reported so far, to be waited for."""

    def __init__(self) -> None:
        self._runs: list[Run] = []
        self._changed = threading.Condition()

    def add(self, runs: list[Run]) -> None:
        with self._changed:
            self._runs += runs
            self._changed.notify_all()

    def wait_for(self, source_id: str, *, new: int, times: int = 1) -> None:
        """Wait for so many runs of a source, which together brought so many articles."""

        def arrived() -> bool:
            runs = [r for r in self._runs if r.source_id == source_id]
            return len(runs) >= times and sum(r.new for r in runs) >= new

        with self._changed:
            assert self._changed.wait_for(arrived, DEADLINE_S), self._runs


def refusal() -> SourcesError:
    return SourcesError(Path("sources.yaml"), (Complaint(3, 5, "'feedz' is not a key here"),))


@pytest.fixture
def web() -> FakeWeb:
    """Two sources with an article each."""
    pages: dict[str, object] = {}
    for name, text in (("a", STORY), ("b", OTHER)):
        pages[f"http://{name}.example/feed"] = feed(f"http://{name}.example/1")
        pages[f"http://{name}.example/1"] = page(text)
    return FakeWeb(pages)


def test_a_post_published_meanwhile_becomes_a_hit(tmp_path: Path, web: FakeWeb) -> None:
    often = source("a", every=timedelta(seconds=1))

    with running(tmp_path, web, often) as (passes, _):
        passes.wait_for("a", new=1)
        web.pages["http://a.example/2"] = page("A zeppelin was seen above the weir. " + OTHER)
        web.pages["http://a.example/feed"] = feed("http://a.example/1", "http://a.example/2")
        passes.wait_for("a", new=2)

    assert found(tmp_path, "zeppelin") == ["http://a.example/2"]


def test_what_is_done_hourly_is_done_while_visits_go_on(tmp_path: Path, web: FakeWeb) -> None:
    stop, hours = threading.Event(), []

    def hourly() -> None:
        hours.append(web.now)
        if len(hours) == 3:
            stop.set()

    with pipeline.opened(Home(tmp_path), following(source("a")), clock=ClockOf(web)) as line:
        scheduler.run(
            line,
            web,
            reload=lambda: None,
            stop=stop,
            report=lambda runs: None,
            complain=lambda error: None,
            hourly=hourly,
            clock=ClockOf(web),
        )

    assert all(later - earlier >= HOUR for earlier, later in pairwise(hours))


def test_a_source_that_is_not_due_is_left_alone(tmp_path: Path, web: FakeWeb) -> None:
    with running(tmp_path, web, source("a", every=timedelta(seconds=1)), source("b", every=HOUR)) as (passes, _):
        passes.wait_for("a", new=1, times=3)

    assert web.times_asked("http://b.example/feed") == 1


def test_a_changed_sources_yaml_is_taken_over(tmp_path: Path, web: FakeWeb) -> None:
    changes = [None, following(source("a", every=HOUR), source("b", every=HOUR))]

    with running(tmp_path, web, source("a", every=HOUR), reload=changes) as (passes, _):
        passes.wait_for("b", new=1)

    assert sorted(articles(tmp_path)) == ["http://a.example/1", "http://b.example/1"]


def test_a_source_taken_out_is_not_visited_any_more(tmp_path: Path, web: FakeWeb) -> None:
    often = replace(source("b"), every=timedelta(seconds=1))
    changes = [None, following(often)]

    with running(tmp_path, web, source("a", every=timedelta(seconds=1)), reload=changes) as (passes, _):
        passes.wait_for("b", new=1)
        before = web.times_asked("http://a.example/feed")
        passes.wait_for("b", new=1, times=3)

    assert web.times_asked("http://a.example/feed") == before


def test_rules_that_changed_end_the_loop_so_that_all_is_read_by_them(tmp_path: Path, web: FakeWeb) -> None:
    ruled = replace(source("a", every=HOUR), extract=(ExtractRule(content="article p"),))
    changes = iter([None, following(ruled)])

    with pipeline.opened(Home(tmp_path), following(source("a", every=HOUR))) as line:
        scheduler.run(
            line,
            web,
            reload=lambda: next(changes, None),
            stop=threading.Event(),
            report=lambda runs: None,
            complain=lambda error: None,
        )
        assert line.is_outdated
        after = line.following

    with pipeline.opened(Home(tmp_path), after) as line:
        assert not line.is_outdated
    [version] = versions(tmp_path, "http://a.example/1")
    assert "+" in version.generation


def test_a_refused_sources_yaml_is_complained_about_once_and_the_last_good_one_kept(
    tmp_path: Path, web: FakeWeb
) -> None:
    often = source("a", every=timedelta(seconds=1))

    with running(tmp_path, web, often, reload=[None, refusal()]) as (passes, complaints):
        passes.wait_for("a", new=1, times=3)

    assert [str(c) for c in complaints] == ["sources.yaml:3:5: 'feedz' is not a key here"]


def test_a_source_in_trouble_does_not_end_the_loop(tmp_path: Path, web: FakeWeb) -> None:
    web.pages["http://a.example/robots.txt"] = 500
    often = source("a", every=timedelta(seconds=1))

    with running(tmp_path, web, often) as (passes, _):
        passes.wait_for("a", new=0, times=2)
        del web.pages["http://a.example/robots.txt"]
        passes.wait_for("a", new=1)

    assert list(articles(tmp_path)) == ["http://a.example/1"]
