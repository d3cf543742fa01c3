"""Drawings over time, as SVG that a template sets: only numbers, addresses and text of ours are in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from aggregator import curves
from aggregator.periods import shown_day

WIDTH, HEIGHT = 720, 72
"""Of bars, in their own units."""
_MOST_BARS, _FEW = 240, 12
_LEAST_HEIGHT = 2.0
"""Of a bar that is not nothing."""
_FEW_IN_ALL = 1e-9


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar."""

    name: str
    """Its month or year."""
    count: float
    address: str
    """What narrows the search to it."""
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Bars:
    """Bars over time."""

    bars: tuple[Bar, ...]
    first: str
    """The first month or year."""
    last: str
    top: float
    """The most that a bar stands for."""
    is_short: bool
    """Whether there are so few periods that it need not be as wide as the page."""
    width: int = WIDTH
    height: int = HEIGHT

    @property
    def by(self) -> str:
        """What a bar stands for."""
        return "month" if "-" in self.first else "year"


def histogram(months: Sequence[tuple[str, int]], address: Callable[[str], str]) -> Bars | None:
    """Return a bar for each month, or each year if there are too many; those without articles have none.

    Args:
        months: With how many articles each has, in any order: ``2026-11``.
        address: Returns what narrows the search to one.

    Returns:
        None if there is only one.
    """
    return bars(curves.filled(months, _MOST_BARS), address) if len(months) > 1 else None  # one bar says nothing


def bars(periods: Sequence[tuple[str, float]], address: Callable[[str], str]) -> Bars | None:
    """Return a bar for each period that has something.

    Args:
        periods: All of them in order, months or years, with how much each has.
        address: Returns what narrows the search to one.

    Returns:
        None if no period has anything.
    """
    top = max((count for _, count in periods), default=0)
    if top <= 0:
        return None
    slot = WIDTH / len(periods)
    drawn = []
    for number, (name, count) in enumerate(periods):
        if count > 0:
            height = max(_LEAST_HEIGHT, HEIGHT * count / top)
            place = (round(number * slot, 2), round(HEIGHT - height, 2), round(slot * 0.86, 2), round(height, 2))
            drawn.append(Bar(name, count, address(name), *place))
    return Bars(tuple(drawn), periods[0][0], periods[-1][0], top, is_short=len(periods) <= _FEW)


# --- who had a text when --------------------------------------------------------------------------------------------

LANE, MARGIN, NAMES = 30, 24, 150
"""Height of a source's lane, room above and below, and for the names, in units of the drawing."""
_EDGE = 14
"""Room left and right of the first and last dot."""
MOST_LANES = 40
"""Sources that are drawn; a table has all."""


@dataclass(frozen=True, slots=True)
class Dot:
    """An article, where its time and its source meet."""

    id: str
    x: float
    y: float
    is_first: bool
    """Whether it is the probable original."""
    is_here: bool
    """Whether the page is about it."""
    is_claimed: bool
    """Whether its time is claimed; else it is when it was first seen."""
    at: datetime
    source: str
    language: str
    title: str
    """Empty: it has none."""


@dataclass(frozen=True, slots=True)
class Lines:
    """A line from where a text was first to where it came."""

    x1: float
    y1: float
    x2: float
    y2: float
    is_translation: bool


@dataclass(frozen=True, slots=True)
class Placed:
    """What is drawn of an article."""

    id: str
    source: str
    language: str
    title: str
    at: datetime
    is_claimed: bool


@dataclass(frozen=True, slots=True)
class Course:
    """Who had a text when: a lane for each source, a dot for each article, lines to where it came from."""

    dots: tuple[Dot, ...]
    lines: tuple[Lines, ...]
    lanes: tuple[tuple[str, float], ...]
    """Sources, with the middle of their lanes."""
    ticks: tuple[tuple[str, float], ...]
    """Days, with where they are."""
    height: int
    left_out: int
    """Sources that are not drawn, for there are too many."""
    width: int = WIDTH


def course(
    articles: Sequence[Placed], came: Sequence[tuple[str, str, bool]], *, first: str | None, here: str
) -> Course:
    """Return the drawing of a family.

    Args:
        articles: Of it, in the order of their times, one at least.
        came: Ids of two articles, the one that was first in front, and whether the other is its translation.
        first: The id of the probable original; None: it is not known.
        here: The id of the article that the page is about.
    """
    names = list(dict.fromkeys(one.source for one in articles))
    lanes = {name: MARGIN + LANE * (number + 0.5) for number, name in enumerate(names[:MOST_LANES])}
    drawn = [one for one in articles if one.source in lanes]
    begin, end = min(one.at for one in drawn), max(one.at for one in drawn)
    long = max((end - begin).total_seconds(), _FEW_IN_ALL)
    left, wide = NAMES + _EDGE, WIDTH - NAMES - 2 * _EDGE

    def across(at: datetime) -> float:
        return round(left + wide * (at - begin).total_seconds() / long, 1)

    dots = {
        one.id: Dot(
            id=one.id,
            x=across(one.at),
            y=lanes[one.source],
            is_first=one.id == first,
            is_here=one.id == here,
            is_claimed=one.is_claimed,
            at=one.at,
            source=one.source,
            language=one.language,
            title=one.title,
        )
        for one in drawn
    }
    lines = [
        Lines(dots[a].x, dots[a].y, dots[b].x, dots[b].y, is_translation)
        for a, b, is_translation in came
        if a in dots and b in dots
    ]
    days = dict.fromkeys(shown_day(begin + (end - begin) * n / 2) for n in range(3))
    ticks = [(day, across(min(max(_noon(day), begin), end))) for day in days]
    height = round(2 * MARGIN + LANE * len(lanes))
    return Course(
        tuple(dots.values()), tuple(lines), tuple(lanes.items()), tuple(ticks), height, len(names) - len(lanes)
    )


def _noon(day: str) -> datetime:
    return datetime.fromisoformat(day).replace(tzinfo=UTC) + timedelta(hours=12)
