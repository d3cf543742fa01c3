"""What somebody should look at is told, and what is usual is not."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import accumulate
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.alarms import Kind, danger, grade, judged, silence
from aggregator.model import Outcome, Run
from tests.fakeweb import NOON, source

DAY = timedelta(days=1)
FIRST = date(2026, 1, 1)


def run(days_ago: float, outcome: Outcome = Outcome.OK, *reasons: str, **more: Any) -> Run:
    failed = [(f"http://a.example/{n}", reason) for n, reason in enumerate(reasons)]
    return Run(source_id="a", started_at=NOON - days_ago * DAY, outcome=outcome, failed=failed, **more)


def failed(days_ago: float, reason: str) -> Run:
    return run(days_ago, Outcome.FAILED, reason)


def kinds(*runs: Run, posted: list[float] = [], **more: object) -> list[Kind]:  # noqa: B006
    """The alarms at noon, given runs and how many days ago articles were published."""
    found = judged(source("a", **more), runs, [NOON - ago * DAY for ago in posted], NOON)
    return [alarm.kind for alarm in found]


@pytest.mark.parametrize(
    ("reason", "weight"),
    [
        ("HTTP 410", 1.0), ("the name does not resolve (Name or service not known)", 1.0), ("connection refused", 1.0),
        ("HTTP 500", 0.5), ("announces nothing: the feed is empty", 0.5), ("timed out", 0.25), ("HTTP 503", 0.25),
    ],
)  # fmt: skip
def test_a_failure_counts_by_how_lasting_it_looks(reason: str, weight: float) -> None:
    assert grade(failed(1, reason)) == weight
    assert grade(run(1, Outcome.PARTIAL, reason)) == 0.0


def test_a_source_is_broken_after_two_hard_failures_or_eight_passing_ones() -> None:
    assert kinds(run(3), failed(2, "HTTP 410")) == []
    assert kinds(run(3), failed(2, "HTTP 410"), failed(1, "HTTP 410")) == [Kind.BROKEN]
    assert kinds(*(failed(n, "timed out") for n in range(8, 1, -1))) == []
    assert kinds(*(failed(n, "timed out") for n in range(9, 1, -1))) == [Kind.BROKEN]


def test_one_good_run_ends_it_and_an_interrupted_one_says_nothing() -> None:
    broken = (failed(4, "HTTP 410"), failed(3, "HTTP 410"))

    assert kinds(*broken, run(2)) == []
    assert kinds(*broken, run(2, Outcome.INTERRUPTED)) == [Kind.BROKEN]


def test_a_daily_source_is_quiet_after_more_than_a_week_and_a_monthly_one_is_not() -> None:
    assert kinds(run(0.1), posted=[n + 9.0 for n in range(60)]) == [Kind.QUIET]
    assert kinds(run(0.1), posted=[n + 3.0 for n in range(60)]) == []
    assert kinds(run(0.1), posted=[30.0 * n + 40 for n in range(9)]) == []


def test_who_knows_better_decides() -> None:
    daily = [n + 9.0 for n in range(60)]

    assert kinds(run(0.1), posted=daily, expected_days=30) == []
    assert kinds(run(0.1), posted=[40.0], expected_days=30) == [Kind.QUIET]


def test_a_burst_does_not_make_a_silence_unusual() -> None:
    burst = [20.0 + n / 100 for n in range(90)]

    assert kinds(run(0.1), posted=[*burst, 60.0, 100.0, 140.0, 180.0, 220.0]) == []


def test_articles_taken_down_in_numbers_endanger_a_source() -> None:
    assert kinds(run(1, Outcome.PARTIAL, *["HTTP 410"] * 5)) == [Kind.ENDANGERED]
    assert kinds(run(1, Outcome.PARTIAL, *["HTTP 410"] * 4)) == []
    assert kinds(run(9, Outcome.PARTIAL, *["HTTP 410"] * 5), run(1)) == []


PARKED = failed(1, "it is a parking page: the domain is for sale")


def certified(days_ago: float, *, days: float, left: float) -> Run:
    """A run that saw a certificate made out for some days, of which some are left at noon today."""
    until = NOON + left * DAY
    return run(days_ago, certificate_from=until - days * DAY, certificate_until=until)


def test_a_parking_page_a_shrinking_sitemap_and_a_lapsing_certificate_are_told() -> None:
    assert kinds(run(2), PARKED) == [Kind.PARKED]
    assert kinds(*(run(n, listed=400) for n in range(9, 1, -1)), run(1, listed=290)) == [Kind.ENDANGERED]
    assert kinds(*(run(n, listed=400) for n in range(9, 1, -1)), run(1, listed=310)) == []
    assert kinds(*(run(n, listed=400) for n in range(9, 1, -1)), run(1, listed=0)) == []
    assert kinds(certified(1, days=90, left=13)) == [Kind.LAPSING]
    assert kinds(certified(1, days=90, left=15)) == []
    gone = run(0.5, Outcome.PARTIAL, *["HTTP 410"] * 5)
    assert kinds(certified(1, days=90, left=13), gone) == [Kind.ENDANGERED, Kind.LAPSING]


def test_a_certificate_lapses_by_its_own_length_and_until_one_that_was_renewed_is_seen() -> None:
    assert kinds(certified(1, days=6, left=3)) == []
    assert kinds(certified(1, days=6, left=1)) == [Kind.LAPSING]
    assert kinds(certified(20, days=90, left=-1), failed(1, "timed out")) == [Kind.LAPSING]
    assert kinds(certified(30, days=90, left=-1), certified(1, days=90, left=80)) == []
    assert kinds(certified(20, days=90, left=-1), run(19), run(1)) == []


def test_a_source_is_read_whole_when_a_threat_is_new_and_as_long_as_articles_are_taken_down() -> None:
    shrunk = [run(n, listed=400) for n in range(9, 2, -1)]
    gone = run(1, Outcome.PARTIAL, *["HTTP 410"] * 5)

    assert danger([]) is danger([run(1)]) is None
    assert danger([*shrunk, run(2, listed=100)]) == "its sitemap lists 100 articles; 400 were usual"
    assert danger([*shrunk, run(2, listed=100), run(1, listed=100)]) is None
    assert danger([*shrunk, run(2, listed=100), run(1.5), run(1, listed=100)]) is None
    assert danger([*shrunk, *(run(2 - n / 50) for n in range(40)), run(1, listed=100)])
    assert danger([certified(2, days=90, left=3), failed(1.5, "timed out"), certified(1, days=90, left=3)]) is None
    assert danger([PARKED]) and danger([PARKED, PARKED]) is None
    assert danger([gone, gone]) == "5 known articles are no longer there"


def test_another_program_is_told_for_a_month() -> None:
    def sites(*engines: str, ends: int = 1) -> list[Kind]:
        return kinds(*(run(ends + len(engines) - n, engine=engine) for n, engine in enumerate(engines, start=1)))

    assert sites("spip", "spip", "wordpress") == [Kind.CHANGED]
    assert sites("spip", "", "spip") == sites("", "", "spip") == []
    assert sites("spip", *["wordpress"] * 40) == []


def test_a_source_that_failed_for_weeks_is_said_to_be_visited_rarely() -> None:
    runs = [failed(n / 2, "HTTP 410") for n in range(30, 0, -1)]
    one_night = [failed(n / 96, "the name does not resolve") for n in range(40, 0, -1)]

    assert judged(source("a"), runs, [], NOON)[0].why == "HTTP 410; it is visited once a week only"
    assert judged(source("a"), runs[1:], [], NOON)[0].why == "HTTP 410"
    assert judged(source("a"), one_night, [], NOON)[0].why == "the name does not resolve"


def test_a_feed_that_shows_half_of_what_it_did_is_told() -> None:
    assert kinds(*(run(n, window=20) for n in range(12, 1, -1)), run(1, window=8)) == [Kind.SHRINKING]
    assert kinds(*(run(n, window=20) for n in range(12, 1, -1)), run(1, window=12)) == []


def test_a_flood_is_told_and_a_busy_day_is_not() -> None:
    usual = [n / 2 + 1 for n in range(100)]

    assert kinds(run(0.1), posted=[*usual, *(n / 100 for n in range(60))]) == [Kind.FLOOD]
    assert kinds(run(0.1), posted=[*usual, *(n / 100 for n in range(15))]) == []


def test_a_paused_source_and_one_that_never_ran_have_no_alarms() -> None:
    broken = (failed(2, "HTTP 410"), failed(1, "HTTP 410"))

    assert kinds(*broken, paused=True) == []
    assert kinds(posted=[300.0], expected_days=1) == []


def test_an_alarm_of_an_earlier_day_is_told_as_it_was_then() -> None:
    runs = [failed(4, "HTTP 410"), failed(3, "HTTP 410"), run(2)]

    assert [a.kind for a in judged(source("a"), runs, [], NOON - 2.5 * DAY)] == [Kind.BROKEN]
    assert judged(source("a"), runs, [], NOON) == []


@given(st.lists(st.integers(1, 30), min_size=6, max_size=60))
def test_no_silence_that_was_there_before_is_told(gaps: list[int]) -> None:
    days = [FIRST + n * DAY for n in accumulate(gaps, initial=0)]

    assert silence(days, days[-1] + max(gaps) * DAY) is None


@given(st.integers(0, 2**32))
def test_every_source_that_stays_silent_is_told_in_the_end(seed: int) -> None:
    chance = Random(seed)
    days = [FIRST + n * DAY for n in accumulate((chance.randint(1, 20) for _ in range(20)), initial=0)]

    assert silence(days, days[-1] + timedelta(days=365))
