"""Bars of months, as SVG that a template sets: only numbers and addresses of ours are in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 720, 72
"""Of the drawing, in its own units."""
_MOST_BARS, _FEW = 240, 12


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar."""

    name: str
    """Its month or year."""
    count: int
    address: str
    """What narrows the search to it."""
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Histogram:
    """Bars over time."""

    bars: tuple[Bar, ...]
    first: str
    """The first month or year."""
    last: str
    is_short: bool
    """Whether there are so few months that it need not be as wide as the page."""
    width: int = WIDTH
    height: int = HEIGHT

    @property
    def by(self) -> str:
        """What a bar stands for."""
        return "month" if "-" in self.first else "year"


def histogram(months: Sequence[tuple[str, int]], address: Callable[[str], str]) -> Histogram | None:
    """Return a bar for each month, or each year if there are too many; those without articles have none.

    Args:
        months: With how many articles each has, in any order: ``2026-11``.
        address: Returns what narrows the search to one.

    Returns:
        None if there is only one.
    """
    counts = dict(months)
    if len(counts) < 2:  # one bar says nothing
        return None
    names = list(_between(min(counts), max(counts)))
    if len(names) > _MOST_BARS:
        years: dict[str, int] = {}
        for name, count in counts.items():
            years[name[:4]] = years.get(name[:4], 0) + count
        counts, names = years, [f"{year:04}" for year in range(int(min(years)), int(max(years)) + 1)]
    top, slot = max(counts.values()), WIDTH / len(names)
    drawn = []
    for number, name in enumerate(names):
        if count := counts.get(name, 0):
            height = max(2.0, HEIGHT * count / top)
            place = (round(number * slot, 2), round(HEIGHT - height, 2), round(slot * 0.86, 2), round(height, 2))
            drawn.append(Bar(name, count, address(name), *place))
    return Histogram(tuple(drawn), names[0], names[-1], is_short=len(names) <= _FEW)


def _between(first: str, last: str) -> Iterator[str]:
    year, month = int(first[:4]), int(first[5:7])
    while f"{year:04}-{month:02}" <= last:
        yield f"{year:04}-{month:02}"
        year, month = year + month // 12, month % 12 + 1
