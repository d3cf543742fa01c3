"""Who stands in ``aggregator.disk.door`` and lets each change of the disk through, kills, fails, or takes notes."""

from __future__ import annotations

import errno
import os
import random
import shutil
import stat
import traceback
import warnings
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from hashlib import sha256
from multiprocessing import forkserver
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from aggregator import disk
from aggregator.extract import workers

KILLED = 137


class Point(NamedTuple):
    """The n-th change of its kind."""

    kind: str
    number: int


@contextmanager
def door(stands: Callable[..., Any]) -> Iterator[None]:
    """Have somebody stand in the door."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(disk, "door", stands)
        yield


class Counter:
    """Lets everything through, and knows which point comes next."""

    def __init__(self) -> None:
        self.passed: list[Point] = []
        self._numbers: dict[str, int] = {}

    def __call__(self, call: Callable[..., Any], *arguments: Any) -> Any:
        kind = call.__name__
        self._numbers[kind] = number = self._numbers.get(kind, 0) + 1
        self.passed.append(Point(kind, number))
        return self.at(self.passed[-1], call, *arguments)

    def at(self, point: Point, call: Callable[..., Any], *arguments: Any) -> Any:
        return call(*arguments)


class Killer(Counter):
    """Ends the process at a point: before the call, or in the middle of a write."""

    def __init__(self, point: Point, *, torn: bool = False) -> None:
        super().__init__()
        self._point = point
        self._torn = torn

    def at(self, point: Point, call: Callable[..., Any], *arguments: Any) -> Any:
        if point == self._point:
            if self._torn and call is os.write:
                call(arguments[0], arguments[1][: len(arguments[1]) // 2])
            os._exit(KILLED)
        return call(*arguments)


class Copying(Counter):
    """Copies a folder before a call, or in the middle of a write: what a kill at that point would leave of it.

    Args:
        root: The folder.
        copies: A new folder, in which each copy has the name of its point.
        points: Before which calls; None: before each before which the folder is another than at the one before.
        torn: Of these writes, in the middle.
    """

    def __init__(
        self, root: Path, copies: Path, points: Collection[Point] | None = None, torn: Collection[Point] = ()
    ) -> None:
        super().__init__()
        self._root = root
        self._copies = copies
        self._points = points
        self._torn = torn
        self._last = b""

    def at(self, point: Point, call: Callable[..., Any], *arguments: Any) -> Any:
        if point in self._torn and call is os.write:
            fd, data = arguments
            written = call(fd, data[: len(data) // 2])
            self._copy(point)
            return written + call(fd, data[written:])
        if self._is_wanted(point):
            self._copy(point)
        return call(*arguments)

    def _is_wanted(self, point: Point) -> bool:
        if self._points is not None:
            return point in self._points
        files = sorted(self._root.rglob("*"))
        now = sha256(repr([(f, f.read_bytes() if f.is_file() else None) for f in files]).encode()).digest()
        last, self._last = self._last, now
        return now != last

    def _copy(self, point: Point) -> None:
        shutil.copytree(self._root, self._copies / self.name(point), symlinks=True)

    @staticmethod
    def name(point: Point) -> str:
        """The name of a point's copy."""
        return f"{point.kind}-{point.number}"


class Failing(Counter):
    """Lets a call fail; on a full disk all that take room fail from then on, and the first write is a short one."""

    TAKE_ROOM = ("open", "write", "pwrite", "mkdir", "fdatasync", "fsync")

    def __init__(self, point: Point, code: int) -> None:
        super().__init__()
        self._point = point
        self._code = code
        self.failed = False

    def at(self, point: Point, call: Callable[..., Any], *arguments: Any) -> Any:
        goes_on = self.failed and self._code == errno.ENOSPC and point.kind in self.TAKE_ROOM
        if point != self._point and not goes_on:
            return call(*arguments)
        if not self.failed and call is os.write and self._code == errno.ENOSPC and len(arguments[1]) > 1:
            self.failed = True
            return call(arguments[0], arguments[1][: len(arguments[1]) // 2])
        self.failed = True
        raise OSError(self._code, os.strerror(self._code))


class Sparing(Counter):
    """Writes a few bytes at a time, as a nearly full disk may."""

    def at(self, point: Point, call: Callable[..., Any], *arguments: Any) -> Any:
        if call is os.write:
            return call(arguments[0], arguments[1][: 1 + point.number % 700])
        return call(*arguments)


def in_a_child(work: Callable[[], None]) -> int:
    """Do work in a process of its own; return its exit code."""
    return os.waitstatus_to_exitcode(os.waitpid(child(work), 0)[1])


def child(work: Callable[[], None]) -> int:
    """Begin work in a process of its own; return its id."""
    load_extractor()
    with warnings.catch_warnings():  # threads that a library keeps: the child does not need them
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid == 0:
        try:
            share_extractor()
            work()
        except BaseException:
            traceback.print_exc()
            os._exit(70)
        os._exit(0)
    return pid


def load_extractor() -> None:
    """Start the process that workers are forked from, so that a fork of this one need not load the extractor again."""
    workers._context()
    forkserver.ensure_running()


def share_extractor() -> None:
    """In a fork: use the process that the parent started, which is not this one's to wait for."""
    forkserver._forkserver.ensure_running = lambda: None  # type: ignore[method-assign]


def spread(points: list[Point], number: int) -> list[Point]:
    """Return so many points, over all kinds, the rare kinds first, and over the whole time."""
    by_kind: dict[str, list[Point]] = {}
    for point in random.Random(20261123).sample(points, len(points)):
        by_kind.setdefault(point.kind, []).append(point)
    rounds = max(map(len, by_kind.values()))
    turns = (found[n] for n in range(rounds) for found in by_kind.values() if n < len(found))
    return [point for point, _ in zip(turns, range(number), strict=False)]


class Power(Counter):
    """Knows what a power cut would leave: what was synced of each file, and which names were.

    Files that are changed by others (SQLite, Whoosh) are as safe as the syncs that pass this door make them.
    """

    def __init__(self, root: Path, graves: Path) -> None:
        super().__init__()
        self._root = root
        self._graves = graves
        self._sizes: dict[int, int] = {}
        """How much of each file is safe, in bytes, by inode."""
        self._names: dict[int, dict[str, int]] = {}
        """The inode of each name that is safe in a folder, by the folder's."""
        self._folders: set[int] = set()
        """The inodes of folders."""
        graves.mkdir()

    def at(self, point: Point, call: Callable[..., Any], *arguments: Any) -> Any:
        for name in {os.unlink: arguments[:1], os.replace: arguments[1:2]}.get(call, ()):
            self._bury(Path(name))
        done = call(*arguments)
        if call in (os.fsync, os.fdatasync):
            self._synced(arguments[0])
        elif call is os.open:
            self._sizes.setdefault(os.fstat(done).st_ino, 0)
            if arguments[1] & (os.O_TRUNC | os.O_EXCL):
                self._sizes[os.fstat(done).st_ino] = 0
        elif call is os.ftruncate:
            inode = os.fstat(arguments[0]).st_ino
            self._sizes[inode] = min(arguments[1], self._sizes.get(inode, 0))
        return done

    def _bury(self, path: Path) -> None:
        if path.is_file() and not (grave := self._graves / str(path.stat().st_ino)).exists():
            os.link(path, grave)

    def _synced(self, fd: int) -> None:
        about = os.fstat(fd)
        if stat.S_ISDIR(about.st_mode):
            self._names[about.st_ino] = {e.name: e.inode() for e in os.scandir(fd)}
            self._folders |= {e.inode() for e in os.scandir(fd) if e.is_dir(follow_symlinks=False)}
        else:
            self._sizes[about.st_ino] = about.st_size

    def cut(self, to: Path, *, how: str, chance: random.Random) -> None:
        """Put into ``to`` what a power cut now may leave of the home.

        Args:
            to: A new folder.
            how: What becomes of what was not synced: ``cut``, ``zeroed``, ``garbled``, ``kept``.
            chance: Decides which names that were not synced are there.
        """
        inodes = {p.stat().st_ino: p for p in (*self._graves.iterdir(), *self._root.rglob("*"))}
        self._cut_folder(self._root, to, how, chance, inodes)

    def _cut_folder(self, folder: Path, to: Path, how: str, chance: random.Random, inodes: dict[int, Path]) -> None:
        to.mkdir()
        now = {e.name: e.inode() for e in os.scandir(folder)}
        safe = self._names.get(folder.stat().st_ino, {})
        was = {inode: name for name, inode in safe.items()}
        came: dict[str, bool] = {}
        for name in sorted(now.keys() | safe.keys()):
            # A new name comes with the loss of the old one, or not at all: file systems keep a renaming whole.
            reached = came.setdefault(was.get(now.get(name, 0), name), chance.random() < 0.5)
            found = now.get(name) if name.startswith("catalogue") or reached else safe.get(name)
            if found is None or found not in inodes:
                continue
            if inodes[found].is_dir() != (found in self._folders):
                continue  # the number of what is gone was given to another
            if found in self._folders:
                self._cut_folder(inodes[found], to / name, how, chance, inodes)
            elif name.startswith("catalogue"):
                _cut_catalogue(inodes[found], to / name, how, chance)
            else:
                _cut_file(inodes[found].read_bytes(), self._sizes.get(found, 0), to / name, how, chance)


def _cut_file(data: bytes, safe: int, to: Path, how: str, chance: random.Random) -> None:
    at = chance.randint(safe, len(data)) if len(data) > safe else len(data)
    tail = {"cut": b"", "zeroed": b"\0" * len(data[at:]), "garbled": chance.randbytes(len(data[at:]))}
    to.write_bytes(data[:at] + tail.get(how, data[at:]))


def _cut_catalogue(path: Path, to: Path, how: str, chance: random.Random) -> None:
    """Copy a database; what it has not yet taken over from its log is lost, in whole or in part."""
    if path.name.endswith("-shm") or (path.name.endswith("-wal") and how in ("zeroed", "garbled")):
        return
    shutil.copyfile(path, to)
    if path.name.endswith("-wal") and how == "cut":
        os.truncate(to, chance.randint(0, path.stat().st_size))
