"""What somebody should look at: a source that broke, fell silent, floods, shows less than it did, or is about to go.

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
SHRUNK = 0.75
"""Share of the usual number of articles below which a sitemap has lost many."""
FEWEST_LISTED = 20
"""Articles that a sitemap must usually list before it can lose many."""
LAPSES_WITHIN = timedelta(days=14)
"""How long before its end a certificate should have been renewed, or a fifth of its life before if that is shorter:
authorities advise a third (https://letsencrypt.org/docs/integration-guide/)."""
TOLD_FOR = timedelta(days=7)
"""How long it is told what happened once: articles that were taken down."""
CHANGE_TOLD_FOR = timedelta(days=30)
"""How long it is told that a site runs another program."""
GIVEN_UP_AT = 30.0
"""Grades of failed runs in a row from which on a source is only visited now and then."""

_HARD = re.compile(r"^HTTP (?:40[14]|410)\b|does not resolve|refused|is not a public address|certificate|not HTTP")
_PASSING = re.compile(r"timed out|HTTP (?:429|503)\b|left alone|closed the connection|incomplete")
_GONE = re.compile(r"^HTTP (?:404|410)$|^redirects to the front page$")
_PARKED = re.compile(r"^it is a parking page\b")
_USUAL_OF = 10
"""Runs of which the median is what is usual."""


class Kind(StrEnum):
    """What is the matter with a source."""

    BROKEN = "broken"
    """Nothing could be read, several times in a row."""
    ENDANGERED = "endangered"
    """It may be about to go: its articles are taken down, its sitemap shrinks, its domain is for sale, its certificate
    lapses."""
    QUIET = "quiet"
    """It answers, and has published nothing for far longer than usual."""
    SHRINKING = "shrinking"
    """Its feed shows far fewer articles than it did."""
    FLOOD = "flood"
    """It publishes far more than usual: a migration, spam, or news."""
    CHANGED = "changed"
    """It runs another program than it did: addresses and lists may be others."""


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


def threat(run: Run, before: Sequence[Run]) -> str | None:
    """Return what a run says against the future of a source, in words; None: nothing.

    Args:
        run: Which.
        before: The runs before it, oldest first; the last few are enough.
    """
    if gone := taken_down(run):
        return f"{gone} known articles are no longer there"
    if any(_PARKED.search(reason) for _, reason in run.failed):
        return "its domain is for sale: all that is left is a parking page"
    if run.certificate_until and run.started_at >= _lapses_at(run):
        return f"its certificate ends on {run.certificate_until:%Y-%m-%d} and has not been renewed"
    listed = [each.listed for each in before if each.listed][-_USUAL_OF:]
    usual = median(listed) if listed else 0
    if run.listed and usual >= FEWEST_LISTED and run.listed < SHRUNK * usual:
        return f"its sitemap lists {run.listed} articles; {usual:.0f} were usual"
    return None


def danger(runs: Sequence[Run]) -> str | None:
    """Return why all of a source is to be read while it is there; None: it is not.

    That is so when the last run found a threat that is new, and as long as one finds more articles taken down.

    Args:
        runs: Of one source, oldest first; those that came to their end.
    """
    why = threat(runs[-1], runs[:-1]) if runs else None
    is_old = len(runs) > 1 and threat(runs[-2], runs[:-2]) is not None
    return why if why and (taken_down(runs[-1]) or not is_old) else None


def _lapses_at(run: Run) -> datetime:
    """Return from when on it is told that the certificate that a run saw should have been renewed."""
    assert run.certificate_until is not None
    life = run.certificate_until - (run.certificate_from or run.started_at)
    return run.certificate_until - min(LAPSES_WITHIN, life / 5)


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
        rarely = "; it is visited once a week only" if total >= GIVEN_UP_AT else ""
        found.append(alarm(Kind.BROKEN, first.started_at, reason + rarely))
    found += [alarm(Kind.ENDANGERED, at, why) for at, why in _threats(runs, now)]
    days = sorted({at.date() for at in posted})
    if not found and (why := silence(days, now.date(), expected_days=source.expected_days)):
        found.append(alarm(Kind.QUIET, posted[-1], why))
    found += [alarm(Kind.SHRINKING, at, why) for at, why in _shrinking(runs)]
    found += [alarm(Kind.FLOOD, at, why) for at, why in _flood(posted, now)]
    found += [alarm(Kind.CHANGED, at, why) for at, why in _changed(runs, now)]
    return found


def _threats(runs: Sequence[Run], now: datetime) -> list[tuple[datetime, str]]:
    """The newest threat that is still told, and since when: the first run in a row that says so."""
    last = next((run for run in reversed(runs) if run.certificate_until), None)
    if last and last.certificate_until and now >= _lapses_at(last):
        over = "has ended" if now >= last.certificate_until else "has not been renewed"
        return [(_lapses_at(last), f"its certificate ends on {last.certificate_until:%Y-%m-%d} and {over}")]
    for n in range(len(runs) - 1, -1, -1):
        if now - runs[n].started_at >= TOLD_FOR:
            break
        if why := threat(runs[n], runs[max(n - 2 * _USUAL_OF, 0) : n]):
            return [(runs[n].started_at, why)]
    return []


def _changed(runs: Sequence[Run], now: datetime) -> list[tuple[datetime, str]]:
    shown = [run for run in runs if run.engine]
    since = next((n for n in range(len(shown), 0, -1) if shown[n - 1].engine != shown[-1].engine), 0)
    if not since or now - shown[since].started_at >= CHANGE_TOLD_FOR:
        return []
    return [(shown[since].started_at, f"it runs {shown[-1].engine} now; it was {shown[since - 1].engine}")]


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
