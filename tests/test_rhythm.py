"""How often a source publishes, how often it is looked at, and when its articles are looked at again. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from aggregator import scheduler
from aggregator.model import Outcome, Run
from aggregator.pipeline.rechecking import RAREST, SOONEST, check_at
from aggregator.scheduler import Rhythm
from aggregator.scheduler.rhythm import LONGEST, LONGEST_ASKED, SHORTEST
from aggregator.scheduler.times import next_time
from tests.fakeweb import NOON, source

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
INSTANTS = st.timedeltas(timedelta(days=-2500), timedelta(days=2500)).map(lambda since: NOON + since)
ZONES = st.sampled_from(["UTC", "Europe/Paris", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kathmandu"])
TIMES = st.builds(time, st.integers(0, 23), st.integers(0, 59))


def looked_at(rhythm: Rhythm, *, every: timedelta, posts: int, times: int) -> Rhythm:
    """The rhythm after so many looks, each of which found so many posts."""
    at = NOON
    for _ in range(times):
        at += every
        rhythm = rhythm.after(at, posts)
    return rhythm


# The rhythm


def test_the_rate_comes_near_what_is_published_and_follows_when_it_changes() -> None:
    busy = looked_at(Rhythm(), every=6 * HOUR, posts=2, times=4 * 30)
    assert 7.5 < busy.posts_a_day < 8.5

    quiet = looked_at(Rhythm(posts=busy.posts, days=busy.days, polled_at=NOON), every=12 * HOUR, posts=0, times=60)
    assert quiet.posts_a_day < 1


def test_what_a_first_look_finds_says_nothing_of_the_rate() -> None:
    assert Rhythm().after(NOON, 500).posts_a_day == Rhythm().posts_a_day


@given(st.floats(0.001, 500), st.integers(0, 100), st.none() | st.integers(0, 10**7))
def test_a_pause_is_never_shorter_or_longer_than_the_bounds(rate: float, window: int, asked_s: int | None) -> None:
    asked = None if asked_s is None else timedelta(seconds=asked_s)
    known = Rhythm(posts=rate, days=1.0, polled_at=NOON, window=window, asked=asked)

    assert SHORTEST <= known.pause <= LONGEST


@given(st.floats(0.01, 100), st.floats(0.01, 100))
def test_who_publishes_more_is_looked_at_more_often(one: float, other: float) -> None:
    pauses = [Rhythm(posts=rate, days=1.0).pause for rate in sorted((one, other))]

    assert pauses == sorted(pauses, reverse=True)


def test_a_feed_may_ask_for_an_hour_and_for_no_more() -> None:
    busy = Rhythm(posts=100, days=1, window=500)

    assert busy.after(NOON, 0, asked=30 * timedelta(minutes=1)).pause == HOUR / 2
    assert busy.after(NOON, 0, asked=DAY).pause == LONGEST_ASKED


def test_what_a_feed_asks_for_never_makes_us_miss_what_it_shows() -> None:
    fills_in_an_hour = Rhythm(posts=240, days=1, window=10)

    assert fills_in_an_hour.after(NOON, 0, asked=DAY).pause == HOUR / 2


def test_runs_tell_the_rhythm_and_those_that_could_read_nothing_do_not() -> None:
    runs = [Run(source_id="a", started_at=NOON + n * 6 * HOUR, posts=2, window=20, asked_s=60.0) for n in range(40)]
    failed = [Run(source_id="a", started_at=NOON + 240 * HOUR + n * HOUR, outcome=Outcome.FAILED) for n in range(9)]

    with_failures = scheduler.pasts([*failed, *runs])["a"]

    assert with_failures.rhythm == scheduler.pasts(runs)["a"].rhythm
    assert with_failures.rhythm.window == 20
    assert with_failures.failures == 9


# When a source is due


def test_a_source_that_stays_unreadable_is_visited_ever_more_rarely() -> None:
    failed = [Run(source_id="a", started_at=NOON + n * HOUR, outcome=Outcome.FAILED) for n in range(9)]
    pauses = [scheduler.times.pause(source("a"), scheduler.pasts(failed[: n + 1])["a"]) for n in range(9)]

    assert all(before < after for before, after in pairwise(pauses[:4]))
    assert max(pauses) < 14 * HOUR


def test_a_source_that_failed_for_weeks_is_visited_once_a_week_until_it_is_well_again() -> None:
    failed = [
        Run(
            source_id="a",
            started_at=NOON + n * 12 * HOUR,
            outcome=Outcome.FAILED,
            failed=[("http://a.example/", "HTTP 410")],
        )
        for n in range(30)
    ]
    interrupted = Run(source_id="a", started_at=NOON + 360 * HOUR, outcome=Outcome.INTERRUPTED)
    well = Run(source_id="a", started_at=NOON + 361 * HOUR)
    nightly = source("a", every=time(4))

    def after(*runs: Run) -> timedelta:
        due = scheduler.times.due_at(nightly, scheduler.pasts(runs)["a"])
        assert due
        return due - runs[-1].started_at

    assert after(*failed[:29]) < timedelta(days=1)
    assert timedelta(days=6) < after(*failed) < timedelta(days=8)
    assert scheduler.pasts([*failed, interrupted])["a"].is_given_up
    assert after(*failed, well) < timedelta(days=1)
    offline = [replace(run, started_at=NOON + n * HOUR / 4) for n, run in enumerate(failed)]
    assert after(*offline) < timedelta(days=1)


def test_what_a_limit_ended_goes_on_soon() -> None:
    limited = scheduler.pasts([Run(source_id="a", started_at=NOON, outcome=Outcome.LIMITED)])

    assert scheduler.due_at(source("a"), limited["a"]) == NOON + timedelta(minutes=5)
    assert scheduler.due_at(source("a", every=timedelta(minutes=1)), limited["a"]) == NOON + timedelta(minutes=1)


@given(TIMES, ZONES, INSTANTS)
def test_a_time_of_day_comes_once_a_day_on_the_clocks_of_its_zone(at: time, zone: str, after: datetime) -> None:
    first = next_time(at, zone, after)
    second = next_time(at, zone, first)

    assert after < first <= after + 25 * HOUR
    assert timedelta(hours=22) < second - first < timedelta(hours=26)
    local = [each.astimezone(ZoneInfo(zone)) for each in (first, second)]
    assert (local[1].date() - local[0].date()).days == 1
    assert all(each.time() == at or each.utcoffset() != (each - DAY).utcoffset() for each in local)


def test_both_nights_on_which_clocks_are_changed_have_their_visit() -> None:
    for night, visit in (
        (datetime(2027, 3, 28, 0, tzinfo=UTC), datetime(2027, 3, 28, 1, 30, tzinfo=UTC)),  # 02:30 is skipped
        (datetime(2027, 10, 31, 0, tzinfo=UTC), datetime(2027, 10, 31, 0, 30, tzinfo=UTC)),  # 02:30 comes twice
    ):
        assert next_time(time(2, 30), "Europe/Paris", night) == visit
        assert next_time(time(2, 30), "Europe/Paris", visit).date() == night.date() + DAY


def test_a_missed_time_of_day_is_made_up_for_once() -> None:
    nightly = source("a", every=time(4), timezone="Europe/Paris")
    last = scheduler.pasts([Run(source_id="a", started_at=NOON)])

    assert scheduler.due([nightly], last, NOON + 15 * HOUR - timedelta(minutes=1)) == []
    assert scheduler.due([nightly], last, NOON + 15 * HOUR) == [nightly]
    late = scheduler.pasts([Run(source_id="a", started_at=NOON + 5 * DAY)])
    assert scheduler.due([nightly], late, NOON + 5 * DAY) == []


def test_a_nightly_visit_that_read_nothing_or_was_cut_short_by_a_limit_is_not_put_off_to_the_next_night() -> None:
    nightly = source("a", every=time(4))

    for outcome in (Outcome.FAILED, Outcome.LIMITED):
        known = scheduler.pasts([Run(source_id="a", started_at=NOON, outcome=outcome)])
        assert scheduler.due([nightly], known, NOON + HOUR) == [nightly]


# When an article is looked at again


@given(INSTANTS, st.timedeltas(timedelta(0), timedelta(days=9000)))
def test_an_article_is_looked_at_again_after_half_its_age(born: datetime, age: timedelta) -> None:
    pause = check_at(born, born + age) - born - age

    assert SOONEST <= pause <= RAREST
    assert pause == age / 2 or pause in (SOONEST, RAREST)


def test_most_looks_are_in_the_first_days() -> None:
    looks, at = [], NOON
    while at < NOON + 365 * DAY:
        at = check_at(NOON, at)
        looks.append(at - NOON)

    assert sum(age <= DAY for age in looks) == 3
    assert sum(age <= 14 * DAY for age in looks) == 10
    assert len(looks) == 19
