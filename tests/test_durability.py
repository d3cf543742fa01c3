"""Nothing that was reported stored is lost or doubled: not by a kill, a full disk, a failing disk or a power cut.

A crawl of a few pages stands for all; ``make torture`` does the same with fifty, at every call of the system.
"""

from __future__ import annotations

import errno
import os
import random
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from aggregator import archive, pipeline, verification
from aggregator.errors import AggregatorError, NoSpaceError, Outdated, StoreError
from aggregator.home import Home
from aggregator.model import Following, Settings
from tests import doors, storm
from tests.conftest import ON_DISK
from tests.doors import KILLED, Point, door
from tests.fakecli import Aggregator
from tests.fakeweb import STORY, FakeWeb, articles, catalogue, crawl, dump, feed, following, found, page
from tests.warcs import OK, left_open, whole_file

KILLS = 40
REBUILD_KILLS = 8
CUTS = 10
HOWS = ("cut", "zeroed", "garbled", "kept")


class Calm(NamedTuple):
    """What a crawl is that nothing befalls."""

    folder: Path
    points: list[Point]
    known: dict[str, Any]


@pytest.fixture(scope="module")
def calm() -> Iterator[Calm]:
    counter = doors.Counter()
    with tempfile.TemporaryDirectory(dir=os.environ.get(ON_DISK)) as name:
        folder = Path(name)
        with door(counter):
            storm.crawl(folder / "home", folder / "told", size=storm.SMALL)
        assert storm.faults(folder / "home", folder / "told") == []
        yield Calm(folder, counter.passed, storm.known(folder / "home"))


def weather(folder: Path, calm: Calm) -> list[str]:
    return storm.weather(folder / "home", folder / "told", calm.known, attempt=1, size=storm.SMALL)


# A kill


@pytest.mark.parametrize("share", range(KILLS))
def test_a_kill_at_any_change_of_the_disk_loses_and_doubles_nothing(on_disk: Path, calm: Calm, share: int) -> None:
    point = doors.spread(calm.points, KILLS)[share]

    def killed() -> None:
        with door(doors.Killer(point, torn=bool(share % 2))):
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


# A full disk, a failing disk


@pytest.mark.parametrize(("code", "error"), [(errno.ENOSPC, NoSpaceError), (errno.EIO, StoreError)], ids=["full", "io"])
@pytest.mark.parametrize("share", range(KILLS))
def test_a_disk_that_fails_at_any_change_ends_the_crawl_cleanly_and_loses_nothing(
    on_disk: Path, calm: Calm, share: int, code: int, error: type[AggregatorError]
) -> None:
    failing = doors.Failing(doors.spread(calm.points, KILLS)[share], code)
    with door(failing), pytest.raises(error):
        storm.crawl(on_disk / "home", on_disk / "told", size=storm.SMALL)

    assert failing.failed
    storm.crawl(on_disk / "home", on_disk / "told", attempt=1, size=storm.SMALL)
    assert storm.faults(on_disk / "home", on_disk / "told") == []
    assert storm.differences(storm.known(on_disk / "home"), calm.known) == []


def test_writes_that_take_a_few_bytes_at_a_time_change_nothing(on_disk: Path, calm: Calm) -> None:
    sparing = doors.Sparing()
    with door(sparing):
        storm.crawl(on_disk / "home", on_disk / "told", size=storm.SMALL)

    assert len(sparing.passed) > len(calm.points) * 1.5
    assert weather(on_disk, calm) == []


SOURCES = """
settings: {contact: a@b.example, min_free: 0B}
sources: [{id: a, name: a, url: http://a.example/, feeds: [http://a.example/feed], pace: 0s}]
"""
FEED, ONE = "http://a.example/feed", "http://a.example/1"


@pytest.mark.parametrize(("code", "ends"), [(errno.ENOSPC, 4), (errno.EROFS, 4), (errno.EIO, 3)])
@pytest.mark.parametrize("kind", ["mkdir", "open", "write", "fdatasync", "replace"])
def test_a_command_ends_with_the_exit_code_of_the_trouble(
    on_disk: Path, aggregator: Aggregator, monkeypatch: pytest.MonkeyPatch, kind: str, code: int, ends: int
) -> None:
    monkeypatch.setattr("aggregator.fetch.Fetcher", lambda _: FakeWeb({FEED: feed(ONE), ONE: page(STORY)}))
    (on_disk / "sources.yaml").write_text(SOURCES)
    with door(doors.Failing(Point(kind, 2), code)):
        said = aggregator("--home", on_disk, "crawl")

    assert said.code == ends
    assert ("reported stored" in said.err) or ("Nothing was changed" in said.err)
    assert "Traceback" not in said.err
    assert aggregator("--home", on_disk, "crawl").code == 0
    assert list(articles(on_disk)) == [ONE]


# A power cut


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


# No more room than is wanted

USAGE = type(shutil.disk_usage("/"))


class Shrinking:
    """A disk on which others write: each time somebody looks there is less room."""

    def __init__(self, free: int) -> None:
        self.free = free

    def __call__(self, _: object) -> Any:
        self.free -= 1
        return USAGE(100, 100 - self.free, self.free)


@pytest.fixture
def scarce() -> Following:
    return Following(settings=Settings(min_free_bytes=10), sources=storm.SOURCES)


def test_a_crawl_stops_before_the_disk_is_full_and_goes_on_when_there_is_room(
    on_disk: Path, scarce: Following, monkeypatch: pytest.MonkeyPatch
) -> None:
    urls = [f"http://a.example/{n}" for n in range(9)]
    web = FakeWeb({FEED: feed(*urls), **{url: page(storm.text(url)) for url in urls}})
    with monkeypatch.context() as disk, pytest.raises(NoSpaceError, match="min_free"):
        disk.setattr(shutil, "disk_usage", Shrinking(16))
        with pipeline.opened(Home(on_disk), scarce) as line:
            line.crawl(storm.SOURCES[:1], web)

    assert list(Home(on_disk).archive.rglob("*.open")) == []
    assert 0 < len(web.asked) < len(urls)
    stopped_at = len(web.asked)
    crawl(on_disk, web, storm.SOURCES[0])
    assert sorted(articles(on_disk)) == urls
    assert len(web.asked) - stopped_at < len(urls) + 2


def test_a_rebuild_stops_before_the_disk_is_full_and_leaves_the_old_index(
    on_disk: Path, scarce: Following, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(on_disk)
    crawl(on_disk, FakeWeb({FEED: feed(ONE), ONE: page(STORY)}), storm.SOURCES[0])
    before = dump(on_disk)
    with monkeypatch.context() as disk, pytest.raises(NoSpaceError, match="min_free"):
        disk.setattr(shutil, "disk_usage", Shrinking(11))
        pipeline.rebuild(home, scarce)

    assert dump(on_disk) == before
    assert found(on_disk, "mattresses") == [ONE]
    pipeline.rebuild(home, scarce)
    assert dump(on_disk) == before
