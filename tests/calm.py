"""A crawl that nothing befalls, and what must be known after one that something befell."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from tests import doors, storm
from tests.doors import Point

KILLS = 40
"""At how many of the changes of the disk that a crawl makes something befalls it."""


class Calm(NamedTuple):
    """What a crawl is that nothing befalls."""

    folder: Path
    points: list[Point]
    known: dict[str, Any]


def crawled(folder: Path) -> Calm:
    """Crawl a few pages into a folder."""
    counter = doors.Counter()
    with doors.door(counter):
        storm.crawl(folder / "home", folder / "told", size=storm.SMALL)
    assert storm.faults(folder / "home", folder / "told") == []
    return Calm(folder, counter.passed, storm.known(folder / "home"))


def weather(folder: Path, calm: Calm) -> list[str]:
    """Go on in a folder as the next night would; return what is wrong then."""
    return storm.weather(folder / "home", folder / "told", calm.known, attempt=1, size=storm.SMALL)
