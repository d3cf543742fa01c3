"""An article over time: a point for each version, and when its address had nothing to read.

What is drawn has no width of its own: places are per cent of the line, so that points are as large on a telephone as on
a desk. What lies too near together is moved apart, in the same order; of very many versions, those of a time are one
point.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import TypeAlias

from aggregator.dedupe.observing import BACK, SEEN
from aggregator.model import Observation, Version
from aggregator.web.limits import VERSIONS

MOST_POINTS = VERSIONS
"""On a line: on the narrowest page, a finger can still touch each of them."""
_NO_TIME_S = 1e-9
"""Between versions of one instant: there is no dividing by zero."""
EDGE, APART = 4.0, 7.6
"""Per cent of the line: left free at both ends, and the least from one point to the next. 7.6 of 320 pixels are 24."""

_Event: TypeAlias = list[Version] | Observation


@dataclass(frozen=True, slots=True)
class Point:
    """A version, or several of one time."""

    x: float
    """Where it is, in per cent of the line."""
    first: int
    last: int
    """The numbers of its versions."""
    count: int
    since: datetime
    until: datetime
    """When the first and the last of them were seen."""
    before: int | None
    """The number of the version before them; None: there is none."""
    is_shown: bool
    """Whether the page shows it, or one of them."""


@dataclass(frozen=True, slots=True)
class Absence:
    """A time from an instant on, at which there was nothing to read at the address."""

    x: float
    end: float
    """From where to where, in per cent of the line."""
    seen: Observation
    """What was observed in its place."""
    back_at: datetime | None
    """When there was something to read again, or something else in its place; None: that was not observed."""


@dataclass(frozen=True, slots=True)
class Line:
    """An article over time."""

    points: tuple[Point, ...]
    absences: tuple[Absence, ...]
    since: datetime
    until: datetime
    """When the first and the last of what is drawn was observed."""

    @property
    def is_grouped(self) -> bool:
        """Whether a point stands for several versions."""
        return any(point.count > 1 for point in self.points)


def line(versions: Sequence[Version], observed: Sequence[Observation], *, shown: int) -> Line | None:
    """Return an article's versions as a line of points.

    Args:
        versions: Those that may be shown, the oldest first.
        observed: What was observed at its address, the oldest first.
        shown: The number of the version that the page shows.

    Returns:
        None if there is but one version, and nothing else was observed.
    """
    turns = [one for one in observed if one.what != SEEN]
    if len(versions) + len(turns) < 2:
        return None
    seen_at = {version.captured_at for version in versions}
    turns = [one for one in turns if one.what != BACK or one.at not in seen_at][-MOST_POINTS // 2 :]
    groups = _grouped(sorted(versions, key=_when), MOST_POINTS - len(turns))
    events: list[_Event] = sorted([*groups, *turns], key=_began)
    times = [_began(one) for one in events]
    places = _apart(times)
    points: list[Point] = []
    absences: list[Absence] = []
    for number, (x, one) in enumerate(zip(places, events, strict=True)):
        if not isinstance(one, Observation):
            points.append(_point(x, one, points[-1].last if points else None, shown))
        elif one.what != BACK:
            is_last = number + 1 == len(events)
            end, back_at = (100.0, None) if is_last else (places[number + 1], times[number + 1])
            absences.append(Absence(x, end, one, back_at))
    return Line(tuple(points), tuple(absences), times[0], max(times[-1], groups[-1][-1].captured_at))


def _began(one: _Event) -> datetime:
    return one.at if isinstance(one, Observation) else one[0].captured_at


def _when(version: Version) -> tuple[datetime, int]:
    return version.captured_at, version.number


def _grouped(versions: Sequence[Version], most: int) -> list[list[Version]]:
    """Return versions one by one or, if there are too many, those of an equal part of the time together."""
    if len(versions) <= most:
        return [[version] for version in versions]
    begin, end = versions[0].captured_at, versions[-1].captured_at
    long = max((end - begin).total_seconds(), _NO_TIME_S)

    def part(version: Version) -> int:
        return min(most - 1, int(most * (version.captured_at - begin).total_seconds() / long))

    return [list(group) for _, group in groupby(versions, part)]


def _point(x: float, group: Sequence[Version], before: int | None, shown: int) -> Point:
    first, last = group[0], group[-1]
    is_shown = any(version.number == shown for version in group)
    return Point(x, first.number, last.number, len(group), first.captured_at, last.captured_at, before, is_shown)


def _apart(times: Sequence[datetime]) -> list[float]:
    """Return where instants are, in per cent of the line, none too near to the next."""
    long = max((times[-1] - times[0]).total_seconds(), _NO_TIME_S)
    places = [EDGE + (100 - 2 * EDGE) * (at - times[0]).total_seconds() / long for at in times]
    for number in range(1, len(places)):
        places[number] = max(places[number], places[number - 1] + APART)
    most = 100 - EDGE
    for number in reversed(range(len(places))):
        places[number] = round(min(places[number], most), 2)
        most = places[number] - APART
    return places
