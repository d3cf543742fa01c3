"""What the how-to for copies promises: a copy taken at any moment is a home again, whoever was writing meanwhile."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aggregator import archive, pipeline, verification
from aggregator.home import Home
from tests import doors, storm
from tests.doors import Point, door
from tests.fakeweb import dump, following
from tests.warcs import OK, left_open, whole_file

EVERY = 15


def copy(home: Path, to: Path) -> None:
    """Copy as ``rsync --archive --exclude index`` does, which removes nothing from an earlier copy."""
    shutil.copytree(home, to, ignore=shutil.ignore_patterns("index"), dirs_exist_ok=True)


class Copying(doors.Counter):
    """Lets every change of the disk through, and takes copies on the way."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder
        self.taken: list[Path] = []

    def at(self, point: Point, call: Callable[..., Any], *arguments: Any) -> Any:
        done = call(*arguments)
        if len(self.passed) % EVERY == 0:
            self.taken.append(self._folder / f"copy-{len(self.passed)}")
            copy(self._folder / "home", self.taken[-1] / "home")
            shutil.copyfile(self._folder / "told", self.taken[-1] / "told")
            copy(self._folder / "home", self._folder / "layers")
        return done


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Path]]:
    folder = tmp_path_factory.mktemp("copied")
    (folder / "told").touch()
    copying = Copying(folder)
    with door(copying):
        storm.crawl(folder / "home", folder / "told", size=storm.SMALL)
    copy(folder / "home", folder / "layers")
    return folder, copying.taken


def test_a_copy_taken_while_a_crawl_was_writing_holds_what_was_stored_by_then(taken: tuple[Path, list[Path]]) -> None:
    assert len(taken[1]) >= 8
    for each in taken[1]:
        pipeline.rebuild(Home(each / "home"), following(*storm.SOURCES))
        told = {json.loads(line)[0] for line in storm.lines(each / "told") if not line.isdigit()}
        assert told <= {row["url"] for table, row in dump(each / "home") if table == "captures"}
        assert storm.chain_faults(each / "home" / "archive") == []
        assert verification.verify_home(Home(each / "home"), report=lambda _: None).findings == []


def test_copies_laid_over_one_another_are_equal_to_the_home(taken: tuple[Path, list[Path]]) -> None:
    home, layers = taken[0] / "home", taken[0] / "layers"
    assert list(layers.rglob("*.open"))  # the beginnings of files that were sealed later
    pipeline.rebuild(Home(layers), following(*storm.SOURCES))
    assert dump(layers) == dump(home)
    assert list(layers.rglob("*.open")) == []
    assert verification.verify_home(Home(layers), report=lambda _: None).findings == []


def test_the_beginning_of_a_sealed_file_does_not_take_its_place(tmp_path: Path) -> None:
    data = whole_file(tmp_path / "whole", OK)
    for begun in (data[:100], b"something else"):
        path = left_open(tmp_path, begun)
        sealed = path.with_suffix("")
        sealed.write_bytes(data)
        [said] = archive.recover(tmp_path)
        assert said.is_sealed_too and not path.exists()
        assert sealed.read_bytes() == data
        assert (said.quarantine is None) == data.startswith(begun)
        assert said.quarantine is None or said.quarantine.read_bytes() == begun
