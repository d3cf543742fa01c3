"""What somebody should look at: a source that broke, fell silent, floods, shows less than it did, or is taken down.

Pure: a function of the runs, of when articles were published, and of an instant, so that the alarms of any earlier day
can be had again and two days be compared.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from statistics import median

from aggregator.model import Outcome, Run, Source

LOOKS_BACK = timedelta(days=365)
"""How much of the past is known to these laws."""
BROKEN_AT = 2.0
"""Grades of failed runs in a row at which a source counts as broken."""
UNLIKELY = 0.001
"""How unlikely a silence must be, by what is known of a source, to be told."""
LONGER = 1.25
"""How much longer than any silence of the past year it must be."""
SHORTEST = 3
"""Days of silence that are never told."""
FEWEST_DAYS = 5
"""Days with posts that must be known before anything is usual."""
FLOOD = 20
"""Posts in a day, and times the usual number, from which on it is a flood."""
GONE = 5
"""Known articles that one run finds taken down, from which on a source is endangered."""

_HARD = re.compile(r"^HTTP (?:40[14]|410)\b|does not resolve|refused|is not a public address|certificate|not HTTP")
_PASSING = re.compile(r"timed out|HTTP (?:429|503)\b|left alone|closed the connection|incomplete")
_GONE = re.compile(r"^HTTP (?:404|410)$|^redirects to the front page$")


class Kind(StrEnum):
    """What is the matter with a source."""

    BROKEN = "broken"
    """Nothing could be read, several times in a row."""
    ENDANGERED = "endangered"
    """Its articles are being taken down."""
    QUIET = "quiet"
    """It answers, and has published nothing for far longer than usual."""
    SHRINKING = "shrinking"
    """Its feed shows far fewer articles than it did."""
    FLOOD = "flood"
    """It publishes far more than usual: a migration, spam, or news."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """What somebody should look at."""

    source_id: str
    kind: Kind
    since: datetime
    why: str
    """In words."""


def grade(run: Run) -> float:
    """Return how much a run says that a source is broken: 1.0 for good, 0.5 perhaps, 0.25 for now; 0.0: no failure.

    What is missing, refused or not there for good is hard; what a busy or slow server does passes.
    """
    if run.outcome is not Outcome.FAILED:
        return 0.0
    reasons = [reason for _, reason in run.failed]
    if any(_HARD.search(reason) for reason in reasons):
        return 1.0
    return 0.25 if reasons and all(_PASSING.search(reason) for reason in reasons) else 0.5


def taken_down(run: Run) -> int:
    """Return how many addresses a run found gone, if they are so many that the source is endangered; else 0."""
    gone = sum(bool(_GONE.search(reason)) for _, reason in run.failed)
    return gone if gone >= GONE else 0


def failing(runs: Sequence[Run]) -> tuple[float, Run | None]:
    """Return the grades of the failed runs since the last that was none, and the first of them.

    Args:
        runs: Of one source, oldest first.
    """
    total, first = 0.0, None
    for run in reversed(runs):
        if run.outcome is Outcome.FAILED:
            total, first = total + grade(run), run
        elif run.outcome is not Outcome.INTERRUPTED:
            break
    return total, first


def silence(days: Sequence[date], today: date, *, expected_days: int | None = None) -> str | None:
    """Return why a silence is longer than usual, in words; None: it is not, or too little is known.

    Days on which something was published are counted, not posts, so that a burst counts once. With n of them in b days,
    the chance that none comes in t more is (b / (b + t)) ** n: a Poisson process whose rate is known no better than so
    (the posterior predictive of a Gamma prior). It must be small, and the silence longer than any of the past.

    Args:
        days: With posts, ascending, each once.
        today: Which.
        expected_days: Days of silence that a person calls usual; they decide alone. None: nobody said.
    """
    if not days:
        return None
    silent = (today - days[-1]).days
    if expected_days is not None:
        return f"nothing new for {silent} days; expected within {expected_days}" if silent > expected_days else None
    span = (days[-1] - days[0]).days
    if len(days) < FEWEST_DAYS or silent < SHORTEST or not span:
        return None
    longest = max((b - a).days for a, b in pairwise(days))
    chance = (span / (span + silent)) ** len(days)
    if chance >= UNLIKELY or silent <= LONGER * longest:
        return None
    return f"nothing new for {silent} days; the longest silence before was {longest}"


def judged(source: Source, runs: Sequence[Run], posted: Sequence[datetime], now: datetime) -> list[Alarm]:
    """Return the alarms of a source, the gravest first.

    Args:
        source: Which; a paused one has none.
        runs: Its runs, oldest first; those after ``now`` are left out.
        posted: When its articles were published, in any order; likewise.
        now: The instant to judge at.
    """
    runs = [run for run in runs if run.started_at <= now]
    posted = sorted(at for at in posted if now - LOOKS_BACK <= at <= now)
    if source.paused or not runs:
        return []

    def alarm(kind: Kind, since: datetime, why: str) -> Alarm:
        return Alarm(source_id=source.id, kind=kind, since=since, why=why)

    found = []
    total, first = failing(runs)
    if first and total >= BROKEN_AT:
        reason = runs[-1].failed[-1][1] if runs[-1].failed else "nothing could be read"
        found.append(alarm(Kind.BROKEN, first.started_at, reason))
    for run in reversed(runs):
        if (gone := taken_down(run)) and now - run.started_at < timedelta(days=7):
            found.append(alarm(Kind.ENDANGERED, run.started_at, f"{gone} known articles are no longer there"))
            break
    days = sorted({at.date() for at in posted})
    if not found and (why := silence(days, now.date(), expected_days=source.expected_days)):
        found.append(alarm(Kind.QUIET, posted[-1], why))
    found += [alarm(Kind.SHRINKING, at, why) for at, why in _shrinking(runs)]
    found += [alarm(Kind.FLOOD, at, why) for at, why in _flood(posted, now)]
    return found


def _shrinking(runs: Sequence[Run]) -> list[tuple[datetime, str]]:
    windows = [(run.started_at, run.window) for run in runs if run.window]
    if len(windows) < 2 * FEWEST_DAYS:
        return []
    usual, (at, last) = median(window for _, window in windows[:-1]), windows[-1]
    return [(at, f"its feed shows {last} articles; {usual:.0f} were usual")] if last < usual / 2 else []


def _flood(posted: Sequence[datetime], now: datetime) -> list[tuple[datetime, str]]:
    today = [at for at in posted if now - at < timedelta(days=1)]
    before = len(posted) - len(today)
    span = (now - posted[0]) / timedelta(days=1) if posted else 0.0
    if len(today) < FLOOD or span < 2 * FEWEST_DAYS or len(today) < FLOOD * before / span:
        return []
    return [(today[0], f"{len(today)} articles in a day; {before / span:.1f} are usual")]
