"""One writer holds a home, and says so; the lock goes with it, however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from aggregator.errors import BusyError, NoSpaceError
from aggregator.home import Home

HOLD = """
import signal
import sys
from pathlib import Path
from aggregator.home import Home
signal.signal(signal.SIGINT, signal.default_int_handler)  # a test run in the background is born deaf to it
with Home(Path(sys.argv[1])).writing():
    print("held", flush=True)
    sys.stdin.read()
"""


class Holder:
    """Another process that holds a home until it is let go or killed."""

    def __init__(self, root: Path) -> None:
        command = [sys.executable, "-c", HOLD, str(root)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert _pipe(self.process.stdout).readline() == b"held\n"

    def let_go(self) -> None:
        _pipe(self.process.stdin).close()

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        _pipe(self.process.stdout).close()
        _pipe(self.process.stdin).close()


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe
    return pipe


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[Holder]:
    holder = Holder(tmp_path)
    yield holder
    holder.end()


def test_a_home_knows_its_places(tmp_path: Path) -> None:
    home = Home(tmp_path)

    assert home.sources_yaml == tmp_path / "sources.yaml"
    assert home.archive == tmp_path / "archive"
    assert home.catalogue_file.parent == home.fulltext.parent == home.index == tmp_path / "index"


def test_a_writer_makes_the_folders_it_needs(tmp_path: Path) -> None:
    with Home(tmp_path / "new" / "home").writing():
        assert {p.name for p in (tmp_path / "new" / "home").iterdir()} == {"archive", "index"}


def test_a_home_is_new_until_something_was_crawled(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with home.writing():
        assert home.is_new
    (home.archive / "2026").mkdir()
    assert not home.is_new


def test_a_home_with_a_catalogue_is_not_new(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.index.mkdir()
    home.catalogue_file.touch()

    assert not home.is_new


# The lock


def test_a_second_writer_is_told_who_holds_the_home(tmp_path: Path, holder: Holder) -> None:
    with pytest.raises(BusyError) as busy, Home(tmp_path).writing():
        pass

    assert busy.value.pid == holder.process.pid
    assert f"process {holder.process.pid}" in str(busy.value)
    assert str(tmp_path) in str(busy.value)


def test_a_second_writer_in_the_same_process_is_refused_too(tmp_path: Path) -> None:
    with Home(tmp_path).writing():
        with pytest.raises(BusyError) as busy, Home(tmp_path).writing():
            pass
        assert busy.value.pid == os.getpid()


def test_being_refused_does_not_take_the_lock_from_who_holds_it(tmp_path: Path, holder: Holder) -> None:
    pids = []
    for _ in range(3):
        with pytest.raises(BusyError) as busy, Home(tmp_path).writing():
            pass
        pids.append(busy.value.pid)

    assert pids == [holder.process.pid] * 3


def test_two_homes_do_not_exclude_each_other(tmp_path: Path, holder: Holder) -> None:
    with Home(tmp_path / "other").writing():
        assert holder.process.poll() is None


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_the_lock_goes_with_a_writer_that_is_killed(tmp_path: Path, holder: Holder, how: signal.Signals) -> None:
    holder.process.send_signal(how)
    holder.process.wait(timeout=20)

    with Home(tmp_path).writing():
        assert (tmp_path / "archive" / "writer.lock").read_text() == f"{os.getpid()}\n"


def test_the_lock_goes_when_writing_fails(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with pytest.raises(ZeroDivisionError), home.writing():
        raise ZeroDivisionError

    with home.writing():
        assert home.archive.is_dir()


def test_a_lock_file_left_behind_holds_nobody_up(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.archive.mkdir()
    (home.archive / "writer.lock").write_text("99999999999999999999\nand more\n")

    with home.writing():
        assert (home.archive / "writer.lock").read_text() == f"{os.getpid()}\n"


def test_a_writer_that_may_wait_gets_the_home_when_the_other_ends(tmp_path: Path, holder: Holder) -> None:
    threading.Timer(0.2, holder.let_go).start()

    with Home(tmp_path).writing(wait_s=30.0):
        assert (tmp_path / "archive" / "writer.lock").read_text() == f"{os.getpid()}\n"


def test_a_writer_that_waits_gives_up_in_the_end(tmp_path: Path, holder: Holder) -> None:
    began = time.monotonic()

    with pytest.raises(BusyError, match=str(holder.process.pid)), Home(tmp_path).writing(wait_s=0.3):
        pass
    assert time.monotonic() - began >= 0.3


# Room


def test_there_is_room_for_nothing(tmp_path: Path) -> None:
    Home(tmp_path).ensure_room(0)


def test_a_disk_with_less_room_than_asked_for_is_named(tmp_path: Path) -> None:
    with pytest.raises(NoSpaceError, match=r"min_free.*safe") as full:
        Home(tmp_path).ensure_room(1 << 62)

    assert str(tmp_path) in str(full.value)


@pytest.mark.parametrize("root", ["file", "file/home"])
def test_a_place_that_cannot_be_written_to_is_named(tmp_path: Path, root: str) -> None:
    (tmp_path / "file").write_text("a file, not a folder")

    with pytest.raises(NoSpaceError, match="cannot be written to") as refused, Home(tmp_path / root).writing():
        pass
    assert str(tmp_path / root) in str(refused.value)


@pytest.mark.parametrize("name", ["archive", "index", "archive/writer.lock/x"])
def test_what_stands_in_the_way_of_a_folder_or_the_lock_stops_a_writer(tmp_path: Path, name: str) -> None:
    blocking = tmp_path / name
    blocking.parent.mkdir(parents=True, exist_ok=True)
    blocking.write_text("in the way")

    with pytest.raises(NoSpaceError, match="Nothing was changed"), Home(tmp_path).writing():
        pass
