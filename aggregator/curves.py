"""How much there is of something, month by month or year by year: counts, shares, and holes. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, TypeAlias

By: TypeAlias = Literal["month", "year"]

MAX_PERIODS = 1_200
"""A hundred years of months. Of more, the newest: some pages claim to be from the days of the Romans."""
PER = 1_000_000
"""Words that occurrences are counted against."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a curve must know of an article."""

    dated: datetime
    """The claimed publication date; where none is claimed, when it was first seen."""
    is_dated: bool
    """Whether a date is claimed."""
    is_found: bool
    words: int = 0
    """Of its text."""
    occurrences: int = 0
    """Of what is looked for, in its text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A period of a curve, or all of it."""

    period: str
    """``2026-11`` or ``2026``; of all of it, the first and last with a slash between, as ISO 8601 has it."""
    found: int = 0
    """Articles that were found."""
    articles: int = 0
    """All articles, those that were found among them."""
    undated: int = 0
    """How many of all claim no date, and count when they were first seen."""
    occurrences: int = 0
    words: int = 0

    @property
    def share(self) -> float | None:
        """Which part of all articles was found, from 0 to 1; None: there are none."""
        return self.found / self.articles if self.articles else None

    @property
    def per_million(self) -> float | None:
        """Occurrences in a million words of all articles; None: there are no words."""
        return self.occurrences * PER / self.words if self.words else None


def label(at: datetime, by: By) -> str:
    """Return the month or year of an instant, UTC, as ISO 8601 writes it."""
    day = at.astimezone(UTC)
    return f"{day.year:04}" if by == "year" else f"{day.year:04}-{day.month:02}"


def between(first: str, last: str) -> list[str]:
    """Return all periods from one to another, both among them; none where the last is before the first."""
    if "-" not in first:
        return [f"{year:04}" for year in range(int(first), int(last) + 1)]
    begin, end = (12 * int(one[:4]) + int(one[5:]) - 1 for one in (first, last))
    return [f"{month // 12:04}-{month % 12 + 1:02}" for month in range(begin, end + 1)]


def curve(
    seen: Iterable[Seen], by: By, *, since: datetime | None = None, until: datetime | None = None
) -> tuple[list[Point], Point]:
    """Return a point for every period, those without any article too, and one for all of it.

    Args:
        seen: Articles in any order, read once.
        by: What a period is.
        since: When the first period is at the latest; None: when the first article is.
        until: When the last period is at the earliest; likewise.
    """
    counts: dict[str, list[int]] = {}
    for one in seen:
        count = counts.setdefault(label(one.dated, by), [0] * 5)
        for n, more in enumerate((one.is_found, 1, not one.is_dated, one.occurrences, one.words)):
            count[n] += more
    labels = [*counts, *(label(at, by) for at in (since, until) if at)]
    periods = between(min(labels), max(labels))[-MAX_PERIODS:] if labels else []
    nothing = [0] * 5
    points = [_point(period, counts.get(period, nothing)) for period in periods]
    total = [sum(column) for column in zip(nothing, *counts.values(), strict=True)]
    return points, _point("/".join(sorted({min(labels), max(labels)})) if labels else "", total)


def _point(period: str, count: Sequence[int]) -> Point:
    found, articles, undated, occurrences, words = count
    return Point(period=period, found=found, articles=articles, undated=undated, occurrences=occurrences, words=words)


def filled(counts: Iterable[tuple[str, int]], most: int) -> list[tuple[str, int]]:
    """Return months with their counts in order, empty ones too; years, where there are more months than ``most``.

    Of more years than that, the newest.

    Args:
        counts: Months, as ``label`` writes them, each once.
        most: Periods that there is room for.
    """
    known = dict(counts)
    if not known:
        return []
    months = between(min(known), max(known))
    if len(months) <= most:
        return [(month, known.get(month, 0)) for month in months]
    by_year: dict[str, int] = {}
    for month, count in known.items():
        by_year[month[:4]] = by_year.get(month[:4], 0) + count
    return [(year, by_year.get(year, 0)) for year in between(min(by_year), max(by_year))][-most:]
