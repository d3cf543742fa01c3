"""The one door to the disk: every write, sync, rename and removal in ``archive/`` goes through ``door``.

A test that stands in the door can fail or kill at each of them. ``archive`` and ``decisions`` change files only here.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from aggregator.errors import NoSpaceError, StoreError

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM)
_PIECE = 1 << 20
_OVER = ".over"
"""What the name of a folder ends with while it is overwritten."""
_T = TypeVar("_T")


def door(call: Callable[..., _T], *arguments: object) -> _T:
    """Make one call that changes the disk."""
    return call(*arguments)


def create(path: Path) -> int:
    """Make a new file to append to, and return its descriptor; its name is safe against a power cut."""
    fd = door(os.open, path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o644)
    sync_folder(path.parent)
    return fd


def write(fd: int, data: bytes | memoryview) -> int:
    """Write at the end of a file, as much as it takes; a nearly full disk takes less, without an error."""
    return door(os.write, fd, data)


def write_all(fd: int, data: bytes) -> None:
    """Write all of it, in as many pieces as it takes."""
    view = memoryview(data)
    while view:
        view = view[write(fd, view) :]


def sync(fd: int) -> None:
    """Make what was written to a file safe against a power cut."""
    door(os.fdatasync if hasattr(os, "fdatasync") else os.fsync, fd)


def truncate(fd: int, size: int) -> None:
    """Cut a file off."""
    door(os.ftruncate, fd, size)


def rename(path: Path, to: Path) -> None:
    """Give a file or folder another name, or put a file in the place of another; safe against a power cut."""
    door(os.replace, path, to)
    for folder in {to.parent, path.parent}:
        sync_folder(folder)


def remove(path: Path) -> None:
    """Remove a file; that it is gone is safe against a power cut."""
    if path.exists():
        door(os.unlink, path)
        sync_folder(path.parent)


ASIDES = ".*.aside"
"""What a file is called while ``put`` writes it, as a pattern."""


def put(path: Path, data: bytes, *, mode: int = 0o644, aside_as: str = "") -> None:
    """Write a whole file, in the place of an earlier one: a reader sees the one or the other, never a half.

    Args:
        path: Where.
        data: What is to stand there.
        mode: Who may read it.
        aside_as: What no other writer of that file has, if there may be any at the same time.
    """
    put_pieces(path, (data,), mode=mode, aside_as=aside_as)


def put_pieces(path: Path, pieces: Iterable[bytes], *, mode: int = 0o644, aside_as: str = "") -> None:
    """Write a whole file as ``put`` does, piece by piece; where the pieces end with an error, nothing is put."""
    aside = path.with_name(f".{path.name}{aside_as and '.'}{aside_as}.aside")
    fd = door(os.open, aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    try:
        for piece in pieces:
            write_all(fd, piece)
        sync(fd)
    finally:
        os.close(fd)
    rename(aside, path)


def patch(path: Path, offset: int, data: bytes) -> None:
    """Overwrite a place in a file, and make it safe; the length of the file stays."""
    fd = os.open(path, os.O_RDWR)
    try:
        view = memoryview(data)
        while view:
            written = door(os.pwrite, fd, view, offset)
            view, offset = view[written:], offset + written
        sync(fd)
    finally:
        os.close(fd)


def scrub(path: Path) -> None:
    """Overwrite a file with zeros and remove it, so that what it held is not found in the free room of the disk.

    On storage that writes elsewhere (SSD cells, snapshots, copy-on-write) the old bytes may stay: the manual says so.
    """
    blank(path)
    remove(path)


def blank(path: Path) -> None:
    """Overwrite a file with zeros; its length stays."""
    size = path.stat().st_size if path.exists() else 0
    for at in range(0, size, _PIECE):
        patch(path, at, bytes(min(_PIECE, size - at)))


def remove_folder(folder: Path, *, overwrite: bool = False) -> None:
    """Remove a folder, if it is there, with all in it.

    Args:
        folder: Which.
        overwrite: Overwrite its files before they go, as ``scrub`` does.
    """
    if overwrite:
        for path in folder.rglob("*"):
            if path.is_file():
                scrub(path)
    if folder.exists():
        shutil.rmtree(folder)


def overwrite_folder(folder: Path) -> None:
    """Overwrite and remove a folder that others may be using, if it is there: it is out of their way first.

    What a kill leaves of it goes with the next call.
    """
    over = folder.with_name(f"{folder.name}{_OVER}")
    remove_folder(over, overwrite=True)
    if folder.exists():
        rename(folder, over)
        remove_folder(over, overwrite=True)


def make_folder(folder: Path, root: Path) -> None:
    """Make a folder below ``root``; a power cut takes neither it nor its parents away.

    Those that are there already are synced too: who made them may have been killed before that.
    """
    if folder.is_dir() and root not in folder.parents:
        return
    make_folder(folder.parent, root)
    if not folder.is_dir():
        door(os.mkdir, folder, 0o755)
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder safe against a power cut."""
    fd = os.open(folder, os.O_RDONLY)
    try:
        door(os.fsync, fd)
    finally:
        os.close(fd)


def sync_all(folder: Path) -> None:
    """Make all files of a folder safe against a power cut, with their names."""
    for path in folder.iterdir():
        if path.is_file():
            fd = os.open(path, os.O_RDONLY)
            try:
                sync(fd)
            finally:
                os.close(fd)
    sync_folder(folder)


@contextmanager
def guarded(path: Path) -> Iterator[None]:
    """Turn the system's errors into ours.

    Raises:
        NoSpaceError: The disk is full or read-only.
        StoreError: The disk fails.
    """
    try:
        yield
    except OSError as error:
        raise trouble(path, error) from error


def trouble(path: Path, error: OSError) -> Exception:
    """Return our error for a disk that is full, read-only or failing; any other error as it is."""
    what = os.strerror(error.errno or 0)
    if error.errno in FULL:
        return NoSpaceError(
            f"{path}: {what}. All that was reported stored is safe. "
            "Make room or make the folder writable, then run the command again."
        )
    if error.errno == errno.EIO:
        return StoreError(
            path, f"{what}. All that was reported stored was on the disk. Look after the disk, then run `verify`."
        )
    return error
