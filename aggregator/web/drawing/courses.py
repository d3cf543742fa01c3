"""Who had a text when: a lane for each source, a dot for each article."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from aggregator.periods import shown_day

LANE, DOT, FOOT = 48, 27, 20
"""In pixels: how high a source's lane is, where its dots are in it, below its name, and the room for days below all."""
EDGE = 11.0
"""Left and right of the first and last dot, in per cent of the width: half a day, as it is written on a phone."""
_NO_TIME_S = 1e-9
"""Between articles of one instant: there is no dividing by zero."""
MOST_LANES = 40
"""Sources that are drawn; a table has all."""


@dataclass(frozen=True, slots=True)
class Dot:
    """An article, where its time and its source meet."""

    id: str
    x: float
    """Where it is, in per cent of the width."""
    y: float
    """In pixels from above."""
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
class Line:
    """A line from where a text was first to where it came, measured as dots are."""

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
    lines: tuple[Line, ...]
    lanes: tuple[tuple[str, float], ...]
    """Sources, with the middle of their lanes."""
    ticks: tuple[tuple[str, float], ...]
    """Days, with where they are, in per cent of the width."""
    height: int
    """In pixels."""
    left_out: int
    """Sources that are not drawn, for there are too many."""


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
    lanes = {name: float(LANE * number + DOT) for number, name in enumerate(names[:MOST_LANES])}
    drawn = [one for one in articles if one.source in lanes]
    begin, end = min(one.at for one in drawn), max(one.at for one in drawn)
    long = max((end - begin).total_seconds(), _NO_TIME_S)

    def across(at: datetime) -> float:
        return round(EDGE + (100 - 2 * EDGE) * (at - begin).total_seconds() / long, 2)

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
        Line(dots[a].x, dots[a].y, dots[b].x, dots[b].y, is_translation)
        for a, b, is_translation in came
        if a in dots and b in dots
    ]
    noon = _noon(shown_day(begin + (end - begin) / 2))
    ticks = {shown_day(at): across(at) for at in (end, min(max(noon, begin), end), begin)}
    height = LANE * len(lanes) + FOOT
    return Course(
        tuple(dots.values()),
        tuple(lines),
        tuple(lanes.items()),
        tuple(reversed(ticks.items())),
        height,
        len(names) - len(lanes),
    )


def _noon(day: str) -> datetime:
    return datetime.fromisoformat(day).replace(tzinfo=UTC) + timedelta(hours=12)
