"""Days as pages write them: ISO 8601, RFC 2822, numbers with the day first, the words of seven languages."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

_NINETIES = 89
FIRST_DAY = date(1990, 1, 1)
"""The web is no older."""

_MONTHS = {
    1: "jan|ene|gen",
    2: "feb|fév|fev",
    3: "mar|mär|mrt|maa",
    4: "apr|avr|abr",
    5: "may|mai|mei|mag",
    6: "jun|juin|giu",
    7: "jul|juil|lug",
    8: "aug|août|aout|ago",
    9: "sep|set",
    10: "oct|okt|ott|out",
    11: "nov",
    12: "dec|déc|dez|dic",
}
"""How months begin in English, French, German, Spanish, Italian, Dutch, Portuguese."""
_MONTH = rf"(?P<month>(?:{'|'.join(_MONTHS.values())})[a-zà-ÿ]{{0,7}})\.?"
_WORDS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"\b(?P<day>\d{{1,2}})(?:st|nd|rd|th|er|º|\.)?[\s-]+(?:of |de |del )?{_MONTH},?[\s-]+(?:de |del )?"
        r"(?P<year>(?:19|20)\d\d)\b",
        rf"\b{_MONTH}\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<year>(?:19|20)\d\d)\b",
        rf"\b(?P<year>(?:19|20)\d\d)[\s,/-]+{_MONTH}[\s/-]+(?P<day>\d{{1,2}})\b",
    )
)
_ISO = re.compile(r"((?:19|20)\d\d)-?(\d\d)-?(\d\d)(?!\d)")
_SHORT = re.compile(r"(?<!\d)(\d{1,2})\.\s?(\d{1,2})\.\s?(\d\d)(?![\d.])")
"""As Germans write it; the years of the web."""
_EAST_ASIAN = re.compile(r"((?:19|20)\d\d)\s*[年년]\s*(\d{1,2})\s*[月월]\s*(\d{1,2})\s*[日일]")
_NUMBERS = re.compile(r"(?<!\d)(\d{1,2})[./-](\d{1,2})[./-]((?:19|20)\d\d)(?!\d)")


def day_of(text: str) -> date | None:
    """Return the first day that a text names with its year; None: it names none.

    Of two numbers the first is the day, unless it can only be the month.
    """
    text = text[:1000]
    if (found := _ISO.search(text)) and (day := _day(int(found[1]), int(found[2]), int(found[3]))):
        return day
    if found := _NUMBERS.search(text):
        first, second, year = (int(found[n]) for n in (1, 2, 3))
        if day := _day(year, second, first) or _day(year, first, second):
            return day
    for pattern in _WORDS:
        if (found := pattern.search(text)) and (
            day := _day(int(found["year"]), _month(found["month"]), int(found["day"]))
        ):
            return day
    if (found := _EAST_ASIAN.search(text)) and (day := _day(int(found[1]), int(found[2]), int(found[3]))):
        return day
    if found := _SHORT.search(text):
        year = int(found[3])
        if day := _day(year + (1900 if year > _NINETIES else 2000), int(found[2]), int(found[1])):
            return day
    return _rfc(text)


def midnight(day: date) -> datetime:
    """Return the first instant of a day, UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _month(word: str) -> int:
    return next(number for number, starts in _MONTHS.items() if re.match(starts, word, re.IGNORECASE))


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _rfc(text: str) -> date | None:
    from email.utils import parsedate

    parts = parsedate(text)
    return _day(*parts[:3]) if parts else None
