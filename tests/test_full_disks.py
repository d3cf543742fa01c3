"""Nothing that was reported stored is lost or doubled by a disk that is full or fails, at any change of it."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path
from typing import Any

import pytest

from aggregator import pipeline
from aggregator.errors import AggregatorError, NoSpaceError, StoreError
from aggregator.home import Home
from aggregator.model import Following, Settings
from tests import doors, storm
from tests.calm import KILLS, Calm, weather
from tests.doors import Point, door
from tests.fakecli import Aggregator
from tests.fakeweb import STORY, FakeWeb, articles, crawl, dump, feed, found, page


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
