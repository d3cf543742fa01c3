"""Nothing that was reported stored is lost by a power cut, and the catalogue is not ahead of the archive."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aggregator import archive
from aggregator.errors import Outdated, StoreError
from aggregator.home import Home
from tests import doors, storm
from tests.calm import Calm, weather
from tests.doors import Point, door
from tests.fakeweb import catalogue

CUTS = 10
HOWS = ("cut", "zeroed", "garbled", "kept")


@pytest.fixture(scope="module")
def cuts(calm: Calm) -> list[Path]:
    """What power cuts leave: before and after so many changes of the disk, each in its own way."""
    folder = calm.folder / "power"
    folder.mkdir()
    chance = random.Random(20261123)
    telling = [p for p in calm.points if p.kind in ("open", "replace", "write", "fdatasync", "fsync", "mkdir")]
    wanted = {*doors.spread(telling, CUTS * 2)}
    left: list[Path] = []

    class Cutting(doors.Power):
        def at(self, point: Point, call: Callable[..., Any], *arguments: Any) -> Any:
            done = super().at(point, call, *arguments)
            if point in wanted:
                how = HOWS[len(left) % len(HOWS)]
                left.append(folder / f"{len(left)}-{how}-{point.kind}-{point.number}")
                left[-1].mkdir()
                self.cut(left[-1] / "home", how=how, chance=chance)
                if (folder / "told").exists():
                    shutil.copyfile(folder / "told", left[-1] / "told")
            return done

    (folder / "home").mkdir()  # so that it has an inode
    with door(Cutting(folder / "home", folder / "graves")):
        storm.crawl(folder / "home", folder / "told", size=storm.SMALL)
    return left


@pytest.mark.parametrize("number", range(CUTS * 2))
def test_after_a_power_cut_the_catalogue_is_not_ahead_and_nothing_stored_is_lost(
    calm: Calm, cuts: list[Path], number: int
) -> None:
    home = Home(cuts[number] / "home")
    assert all(end <= archive.size(home.archive, file) for file, end in catalogued(home).items())
    assert weather(cuts[number], calm) == []


def catalogued(home: Home) -> dict[str, int]:
    """How far the catalogue has read each file; it may be gone, or so new that nothing is in it."""
    try:
        with catalogue(home.root) as known:
            return known.catalogued_bytes()
    except (StoreError, Outdated):
        return {}
