"""Bars over time: weeks, months or years."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from aggregator import curves

WIDTH, HEIGHT = 720, 72
"""Of bars, in their own units."""
_MOST_BARS, _FEW = 240, 12
_LEAST_HEIGHT = 2.0
"""Of a bar that is not nothing."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar."""

    name: str
    """Its week, by the first day; its month or year."""
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
    """The first week, month or year."""
    last: str
    top: float
    """The most that a bar stands for."""
    is_short: bool
    """Whether there are so few periods that it need not be as wide as the page."""
    width: int = WIDTH
    height: int = HEIGHT

    @property
    def by(self) -> str:
        """Whether a bar of months or years stands for a month or a year."""
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
        periods: All of them in order, weeks, months or years, with how much each has.
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
