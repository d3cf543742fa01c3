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
GIVEN_UP_AFTER = timedelta(days=14)
"""Grades of failed runs in a row, and how long these must go on, until a source is only visited now and then: not after
one night without a network."""
STALE_AFTER = timedelta(days=3)
"""A certificate that no run has seen for so long, although runs went well, is not the site's any more."""

_HARD = re.compile(r"^HTTP (?:40[14]|410)\b|does not resolve|refused|is not a public address|certificate|not HTTP")
_PASSING = re.compile(r"timed out|HTTP (?:429|503)\b|left alone|closed the connection|incomplete")
_GONE = re.compile(r"^HTTP (?:404|410)$|^redirects to the front page$")
_GONE_WORDS = "{} known articles are no longer there"
_PARKED_WORDS = "its domain is for sale: all that is left is a parking page"
_LAPSES_WORDS = "its certificate ends on {:%Y-%m-%d} and has not been renewed"
_PARKED = re.compile(r"^it is a parking page\b")
_USUAL_OF = 10
"""Runs of which the median is what is usual."""


class Kind(StrEnum):
    """What is the matter with a source."""

    BROKEN = "broken"
    """Nothing could be read, several times in a row."""
    ENDANGERED = "endangered"
    """It may be about to go: its articles are taken down, or its sitemap lists far fewer."""
    PARKED = "parked"
    """It is gone: its domain is for sale."""
    LAPSING = "lapsing"
    """Its certificate ends soon, or has ended, and was not renewed."""
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


def danger(runs: Sequence[Run]) -> str | None:
    """Return why all of a source is to be read while it is there, in words; None: it is not.

    That is so when the last run found a threat that is new, and as long as one finds more articles taken down.

    Args:
        runs: Of one source and the last weeks, oldest first; those that came to their end.
    """
    if not runs:
        return None
    last, before = runs[-1], runs[:-1]
    if gone := taken_down(last):
        return _GONE_WORDS.format(gone)
    if is_parked(last) and not (before and is_parked(before[-1])):
        return _PARKED_WORDS
    if _is_lapsing(last) and not any(_is_lapsing(run) for run in before):
        return _LAPSES_WORDS.format(last.certificate_until)
    listed = [run for run in runs if run.listed]
    if last.listed and (why := shrunk(listed)) and not shrunk(listed[:-1]):
        return why
    return None


def is_parked(run: Run) -> bool:
    """Whether all that a run found was a page that offers the domain."""
    return run.outcome is Outcome.FAILED and any(_PARKED.search(reason) for _, reason in run.failed)


def shrunk(listed: Sequence[Run]) -> str | None:
    """Return how much shorter a sitemap is than it was, in words; None: it is not.

    Args:
        listed: The runs that read it, oldest first.
    """
    usual = median(run.listed for run in listed[-_USUAL_OF - 1 : -1]) if len(listed) > 1 else 0
    if usual < FEWEST_LISTED or listed[-1].listed >= SHRUNK * usual:
        return None
    return f"its sitemap lists {listed[-1].listed} articles; {usual:.0f} were usual"


def _is_lapsing(run: Run) -> bool:
    return run.certificate_until is not None and run.started_at >= _lapses_at(run)


def _lapses_at(run: Run) -> datetime:
    """Return from when on it is told that the certificate that a run saw should have been renewed."""
    assert run.certificate_until is not None
    life = run.certificate_until - (run.certificate_from or run.started_at)
    return run.certificate_until - min(LAPSES_WITHIN, life / 5)


def is_given_up(grades: float, since: datetime, at: datetime) -> bool:
    """Whether a source is only visited now and then: it has failed often enough, and for long enough.

    Args:
        grades: Of its failed runs in a row.
        since: When the first of them began.
        at: When the last did.
    """
    return grades >= GIVEN_UP_AT and at - since >= GIVEN_UP_AFTER


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
        rarely = "; it is visited once a week only" if is_given_up(total, first.started_at, runs[-1].started_at) else ""
        found.append(alarm(Kind.BROKEN, first.started_at, reason + rarely))
    found += [alarm(kind, at, why) for kind, at, why in _threats(runs, now)]
    days = sorted({at.date() for at in posted})
    if not found and (why := silence(days, now.date(), expected_days=source.expected_days)):
        found.append(alarm(Kind.QUIET, posted[-1], why))
    found += [alarm(Kind.SHRINKING, at, why) for at, why in _shrinking(runs)]
    found += [alarm(Kind.FLOOD, at, why) for at, why in _flood(posted, now)]
    found += [alarm(Kind.CHANGED, at, why) for at, why in _changed(runs, now)]
    return found


def _threats(runs: Sequence[Run], now: datetime) -> list[tuple[Kind, datetime, str]]:
    """What speaks against the future of a source: a kind, since when, and why."""
    found = []
    if is_parked(runs[-1]):
        first = next((n for n in range(len(runs), 0, -1) if not is_parked(runs[n - 1])), 0)
        found.append((Kind.PARKED, runs[first].started_at, _PARKED_WORDS))
    recent = [n for n, run in enumerate(runs) if now - run.started_at < TOLD_FOR]
    for n in reversed(recent):
        listed = [run for run in runs[: n + 1] if run.listed]
        why = _GONE_WORDS.format(gone) if (gone := taken_down(runs[n])) else None
        if why := why or (shrunk(listed) if runs[n].listed else None):
            found.append((Kind.ENDANGERED, runs[n].started_at, why))
            break
    well = [run for run in runs if run.outcome not in (Outcome.FAILED, Outcome.INTERRUPTED)]
    seen = next((run for run in reversed(runs) if run.certificate_until), None)
    is_current = seen and not (well and well[-1].started_at - seen.started_at > STALE_AFTER)
    if seen and is_current and now >= _lapses_at(seen):
        found.append((Kind.LAPSING, _lapses_at(seen), _LAPSES_WORDS.format(seen.certificate_until)))
    return found


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
