"""Nothing that was reported stored is lost or doubled by a kill. A crawl of a few pages stands for all.

`test_full_disks` and `test_power_cuts` say so of other troubles; ``make torture`` does the same with fifty pages, at
every call of the system.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from aggregator import archive, pipeline, verification
from aggregator.home import Home
from tests import doors, storm
from tests.calm import KILLS, Calm, weather
from tests.doors import KILLED, Point, door
from tests.fakeweb import following
from tests.warcs import OK, left_open, whole_file

REBUILD_KILLS = 8


@pytest.fixture(scope="module")
def killed(calm: Calm) -> list[Path]:
    """Folders as kills at some of the changes of the disk leave them: of one crawl, which goes on each time."""
    points = doors.spread(calm.points, KILLS)
    begun, left = calm.folder / "begun", calm.folder / "killed"
    begun.mkdir()
    with door(doors.Copying(begun, left, points, torn=points[1::2])):
        storm.crawl(begun / "home", begun / "told", size=storm.SMALL)
    folders = [left / doors.Copying.name(point) for point in points]
    assert sorted(folders) == sorted(left.iterdir())
    return folders


@pytest.mark.parametrize("share", range(KILLS))
def test_a_kill_at_any_change_of_the_disk_loses_and_doubles_nothing(killed: list[Path], calm: Calm, share: int) -> None:
    assert weather(killed[share], calm) == []


@pytest.mark.parametrize("share", range(5))
def test_nor_does_the_kill_of_a_process_in_the_middle_of_a_write(on_disk: Path, calm: Calm, share: int) -> None:
    point = doors.spread([point for point in calm.points if point.kind == "write"], 5)[share]

    def killed() -> None:
        with door(doors.Killer(point, torn=True)):
            storm.crawl(on_disk / "home", on_disk / "told", size=storm.SMALL)

    assert doors.in_a_child(killed) == KILLED
    assert weather(on_disk, calm) == []


def test_the_kills_are_spread_over_all_kinds_of_calls(calm: Calm) -> None:
    kinds = {point.kind for point in doors.spread(calm.points, KILLS)}

    assert kinds == {point.kind for point in calm.points} >= {"open", "write", "fsync", "mkdir", "replace"}
    assert len(calm.points) > KILLS


def test_a_kill_at_any_step_of_the_closing_of_a_day_is_mended_by_the_next_writer(on_disk: Path, calm: Calm) -> None:
    def unclosed(name: str) -> Home:
        home = Home(Path(shutil.copytree(calm.folder / "home", on_disk / name)))
        for path in (
            *home.archive.rglob("*manifest-*"),
            *home.archive.rglob("articles-*"),
            *home.archive.rglob("*.cdxj"),
        ):
            path.unlink()
        events = home.archive / "events.jsonl"
        events.write_bytes(events.read_bytes().partition(b'"kind": "day-closed"')[0].rpartition(b"\n")[0] + b"\n")
        return home

    def write(home: Home) -> None:
        with pipeline.opened(home, following(*storm.SOURCES)):
            pass

    steps = doors.Counter()
    with door(steps):
        write(unclosed("calm"))
    assert len(steps.passed) > 20
    for number, point in enumerate(steps.passed):
        home = unclosed(str(number))

        def killed(home: Home = home, point: Point = point) -> None:
            with door(doors.Killer(point, torn=True)):
                write(home)

        assert doors.in_a_child(killed) == KILLED
        assert verification.verify_home(home, report=lambda _: None).findings == []
        write(home)
        assert storm.chain_faults(home.archive) == []
        assert verification.verify_home(home, report=lambda _: None).findings == []


@pytest.mark.parametrize("share", range(REBUILD_KILLS))
def test_a_kill_at_any_step_of_a_rebuild_is_mended_by_the_next_crawl(on_disk: Path, calm: Calm, share: int) -> None:
    steps = doors.Counter()
    for name in ("calm", "killed"):
        shutil.copytree(calm.folder / "home", on_disk / name / "home")
        shutil.copyfile(calm.folder / "told", on_disk / name / "told")
    with door(steps):
        pipeline.rebuild(Home(on_disk / "calm" / "home"), following(*storm.SOURCES))
    point = steps.passed[share * len(steps.passed) // REBUILD_KILLS]

    def killed() -> None:
        with door(doors.Killer(point, torn=True)):
            pipeline.rebuild(Home(on_disk / "killed" / "home"), following(*storm.SOURCES))

    assert doors.in_a_child(killed) == KILLED
    assert weather(on_disk / "killed", calm) == []


def test_mending_is_itself_safe_against_a_kill_at_each_of_its_steps(on_disk: Path) -> None:
    data = whole_file(on_disk / "whole", OK)
    steps = doors.Counter()
    left_open(on_disk / "calm", data + b"\x1f\x8b\x08 torn")
    with door(steps):
        archive.recover(on_disk / "calm")
    assert len(steps.passed) >= 10

    for number, point in enumerate(steps.passed):
        folder = on_disk / str(number)
        left_open(folder, data + b"\x1f\x8b\x08 torn")

        def killed(folder: Path = folder, point: Point = point) -> None:
            with door(doors.Killer(point, torn=True)):
                archive.recover(folder)

        assert doors.in_a_child(killed) == KILLED
        archive.recover(folder)
        assert contents(folder) == contents(on_disk / "calm")


def contents(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_a_tail_does_not_take_the_place_of_another_tail(on_disk: Path) -> None:
    for tail in (b"one", b"two", b"two"):
        left_open(on_disk, tail)
        archive.recover(on_disk)

    assert sorted(p.read_bytes() for p in on_disk.rglob("*.tail")) == [b"one", b"two"]
