"""Times as ISO 8601 writes them: days, months, years, instants, and intervals of these. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta
from typing import TypeAlias

END = datetime.max.replace(tzinfo=UTC)

Period: TypeAlias = tuple[datetime | None, datetime | None]
"""From when, and until when, exclusive; None: it is open there."""

FORMS = "2010, 2010-02, 2010-02-06, 2010-02/2010-04, 2010-02/P1M, ../2010 or 2010/.."
_DAY = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?")
_DURATION = re.compile(r"P(?=\d)(?:(\d{1,4})Y)?(?:(\d{1,4})M)?(?:(\d{1,4})W)?(?:(\d{1,5})D)?")
_OPEN = ("", "..")


def instant(at: datetime) -> str:
    """Return an instant in ISO 8601, UTC, to the second."""
    return f"{_plain(at).isoformat('T', 'seconds')}Z"


def shown_day(at: datetime | None) -> str:
    """Return a date for people, UTC; a dash where none is known."""
    return _plain(at).date().isoformat() if at else "–"


def shown_minute(at: datetime | None) -> str:
    """Return date and time for people, UTC; a dash where none is known."""
    return _plain(at).isoformat(" ", "minutes") if at else "–"


def _plain(at: datetime) -> datetime:
    """Return an instant in UTC without its zone, for ``isoformat``: ``strftime`` writes the year 999 as it stands."""
    return at.astimezone(UTC).replace(tzinfo=None)


def shown_claim(at: datetime | None) -> str:
    """Return when something claims to have been published, for people: the day alone, where no more is claimed."""
    return shown_day(at) if at and at.astimezone(UTC).time() == time() else shown_minute(at)


def day(text: str) -> tuple[datetime, datetime]:
    """Return the first instant of a day, month or year, and the first one after it, UTC.

    Raises:
        ValueError: It is none.
    """
    hit = _DAY.fullmatch(text)
    if not hit:
        raise ValueError(text)
    start = datetime(int(hit[1]), int(hit[2] or 1), int(hit[3] or 1), tzinfo=UTC)
    if hit[3]:
        return start, _later(start, days=1)
    return start, _later(start, months=1 if hit[2] else 12)


def period(text: str) -> Period:
    """Return from when until when an interval is: ``2010-02/2010-04`` ends with April, ``2010-02/P1M`` with February.

    A duration alone is not understood: it does not say when.

    Raises:
        ValueError: It is none, or ends before it begins.
    """
    first, slash, last = text.partition("/")
    since: datetime | None = None
    until: datetime | None = None
    if not slash:
        return _either(first)
    if last.startswith("P"):
        since = _either(first)[0]
        until = _moved(since, last, 1)
    elif first.startswith("P"):
        until = _either(last)[1]
        since = _moved(until, first, -1)
    else:
        since = None if first in _OPEN else _either(first)[0]
        until = None if last in _OPEN else _either(last)[1]
    is_empty = since is not None and until is not None and since >= until
    if is_empty or (since is None and until is None):
        raise ValueError(text)
    return since, until


def typed(since: datetime | None, until: datetime | None) -> str:
    """Return what ``period`` reads as from when until when, in days if these are whole days; an open end is None."""
    ends = (since, until - timedelta(seconds=1) if until else None)
    is_of_days = all(at is None or at.astimezone(UTC).time() == time() for at in (since, until))
    shown = shown_day if is_of_days else instant
    return "/".join(shown(at) if at else ".." for at in ends)


def _either(text: str) -> tuple[datetime, datetime]:
    """Return the period of a day, month, year or instant; an instant lasts a second."""
    try:
        return day(text)
    except ValueError:
        if "T" not in text:
            raise
    at = datetime.fromisoformat(text)
    at = at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    return at, at + timedelta(seconds=1)


def _moved(at: datetime, duration: str, by: int) -> datetime:
    hit = _DURATION.fullmatch(duration)
    if not hit:
        raise ValueError(duration)
    years, months, weeks, days = (by * int(each or 0) for each in hit.groups())
    return _later(at, months=12 * years + months, days=7 * weeks + days)


def _later(at: datetime, *, months: int = 0, days: int = 0) -> datetime:
    """Return an instant so much later; at the end of time, its end.

    Raises:
        ValueError: It is before the year 1.
    """
    total = at.year * 12 + at.month - 1 + months
    if total >= 12 * END.year + 12:
        return END
    first = at.replace(year=total // 12, month=total % 12 + 1, day=1)
    last = ((first + timedelta(days=31)).replace(day=1) - timedelta(days=1)).day if first.year < 9999 else 28
    try:
        return first.replace(day=min(at.day, last)) + timedelta(days=days)
    except OverflowError:
        if days < 0:
            raise ValueError(at) from None
        return END
