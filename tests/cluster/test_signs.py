"""An index and the catalogue know each other: an index is kept as long as it was told all, else it is overwritten."""

from __future__ import annotations

import shutil
import zlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aggregator import catalogue, pipeline, search
from aggregator.catalogue import Catalogue
from aggregator.home import Home
from aggregator.index import Writer
from aggregator.pipeline import rebuilding
from aggregator.query import parse
from tests.cluster.s3server import Server
from tests.cluster.test_s3 import ANOTHER, LATER, LONG_AGO, NAME, TWO, Node, erase, impatient, in_index, server

__all__ = ["impatient", "server"]

ERASED = b"lighthous"
Pair = tuple[Node, Node]


@pytest.fixture
def pair(server: Server, tmp_path: Path, database: Callable[[], str], request: pytest.FixtureRequest) -> Pair:
    """Two homes on one catalogue and one bucket: the first has crawled, both know all."""
    rows, bucket = database(), server.bucket(f"b{zlib.crc32(request.node.nodeid.encode()):08x}", versioned=False)
    one, two = (Node(tmp_path / name, server, bucket, name=name, rows=rows) for name in (NAME, ANOTHER))
    one.crawl()
    two.home.archive.mkdir(exist_ok=True)
    shutil.copy(one.home.archive / "takedown.key", two.home.archive)
    two.visit()
    assert in_index(two, ERASED)
    return one, two


def moved(home: Home, rows: str | None) -> Home:
    """What `aggregator move` does, and the line in sources.yaml after it."""
    there = Home(home.root, server=rows)
    with home.writing(), catalogue.alone(home.catalogue):
        catalogue.copy(home.catalogue, there.catalogue, home.node, datetime.now(UTC), lambda _: None, sign=home.signed)
    return there


def kept(node: Node) -> bool:
    """Whether the next writer keeps the index and the fingerprints that are there."""
    marks = [folder / "mark" for folder in (node.home.fulltext, node.home.reuse)]
    for mark in marks:
        mark.touch()
    node.visit()
    return all(mark.exists() for mark in marks)


def test_an_index_is_kept_by_those_who_open_it_one_after_the_other(pair: Pair) -> None:
    assert kept(pair[1])
    pair[0].crawl(LATER)
    assert kept(pair[1])
    assert kept(pair[0])


def test_an_index_is_kept_when_the_catalogue_goes_to_a_server_and_back(pair: Pair, database: Callable[[], str]) -> None:
    node = pair[0]
    node.home = moved(node.home, None)
    assert kept(node)
    assert kept(node)
    node.home = moved(node.home, database())
    assert kept(node)
    assert kept(node)
    node.home = moved(node.home, database())
    assert kept(node)


def test_who_made_the_catalogue_again_keeps_the_index_that_it_made_with_it(pair: Pair) -> None:
    one, two = pair
    pipeline.rebuild(one.home, one.following)
    assert kept(one)
    pipeline.rebuild(one.home, one.following, only="index")
    assert kept(one)
    assert not kept(two)


@pytest.mark.parametrize("to", ["a file", "another server"])
def test_who_was_not_told_begins_anew_wherever_the_catalogue_was_moved(
    pair: Pair, to: str, database: Callable[[], str]
) -> None:
    one, two = pair
    erase(one, TWO)
    one.crawl(LATER, at=LONG_AGO + timedelta(days=2))

    two.home = moved(two.home, None if to == "a file" else database())
    two.visit()

    assert not in_index(two, ERASED)
    assert search.search(two.home, parse("bakers")).total == 1


def test_an_index_that_was_restored_from_a_copy_is_made_anew(pair: Pair, tmp_path: Path) -> None:
    one, two = pair
    shutil.copytree(two.home.index, tmp_path / "copy")
    erase(one, TWO)
    two.visit()
    one.crawl(LATER, at=LONG_AGO + timedelta(days=2))
    two.visit()
    shutil.rmtree(two.home.index)
    shutil.copytree(tmp_path / "copy", two.home.index)

    two.visit()

    assert not in_index(two, ERASED)
    assert search.search(two.home, parse("bakers")).total == 1


def test_a_restored_index_is_made_anew_once_where_the_catalogue_is_a_file_again(pair: Pair, tmp_path: Path) -> None:
    _, two = pair
    shutil.copytree(two.home.index, tmp_path / "copy")
    two.visit()
    shutil.rmtree(two.home.index)
    shutil.copytree(tmp_path / "copy", two.home.index)
    two.home = moved(two.home, None)

    assert not kept(two)
    assert kept(two)


def test_a_catalogue_of_its_own_from_before_goes_too(pair: Pair) -> None:
    one, two = pair
    rows = two.home.server
    two.home = moved(two.home, None)
    two.visit()
    erase(one, TWO)

    two.home = Home(two.home.root, server=rows)
    two.visit()

    assert not two.home.catalogue_file.exists()
    assert not in_index(two, ERASED)


def test_what_a_killed_rebuild_left_goes_with_the_next_writer(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = pair

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(rebuilding, "_take_place", killed)
        pipeline.rebuild(two.home, two.following, only="index")
    erase(one, TWO)

    two.visit()

    assert not in_index(two, ERASED)


def test_while_an_index_is_made_anew_a_search_says_that_articles_are_lacking(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = pair
    erase(one, TWO)
    sign, said = Writer.sign, []

    def signed(writer: Writer) -> None:
        sign(writer)
        said.append(search.search(two.home, parse("bailiffs")).note)

    monkeypatch.setattr(Writer, "sign", signed)
    two.visit()

    assert said and "1 articles are not indexed yet" in str(said[0])
    with Catalogue(two.home.catalogue) as known:
        known.read_as(two.home.node)
        assert known.counts()["to_index"] == 0
