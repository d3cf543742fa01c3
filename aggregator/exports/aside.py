"""Files and folders that are written aside: under their name they are whole, or not there."""

from __future__ import annotations

import hashlib
import io
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from aggregator import disk
from aggregator.errors import UsageError

_PIECE = 1 << 20


class Sink:
    """Where bytes go, counted and hashed on the way.

    Attributes:
        size_bytes: How many there were so far.
    """

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self._write = write
        self._hash = hashlib.sha256()
        self.size_bytes = 0

    def write(self, data: bytes) -> None:
        """Pass bytes on."""
        self._write(data)
        self._hash.update(data)
        self.size_bytes += len(data)

    @property
    def sha256(self) -> str:
        """Of all bytes so far, hexadecimal."""
        return self._hash.hexdigest()


class Part(io.RawIOBase):
    """A new file that is written whole pieces at a time, through the door."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._failed = False
        self._fd = disk.door(os.open, path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        """Write all of it; when that fails once, what comes after goes nowhere: the file will be thrown away."""
        if not self._failed:
            self._failed = True
            disk.write_all(self._fd, data)
            self._failed = False
        return len(data)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go elsewhere in the file."""
        return os.lseek(self._fd, offset, whence)

    def sync(self) -> None:
        """Make it safe against a power cut."""
        disk.sync(self._fd)

    def close(self) -> None:
        """Let go of the file."""
        if not self.closed:
            os.close(self._fd)
        super().close()


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()


@contextmanager
def file(path: Path, *, force: bool) -> Iterator[Part]:
    """Give a file to write; it gets its name when the block ends well, and is gone when it does not.

    Args:
        path: Its name.
        force: Whether it may take the place of a file that is there.

    Raises:
        UsageError: There is a file of that name, or no folder for it.
        NoSpaceError: The disk is full or read-only; nothing was left behind.
    """
    if path.is_dir() or (path.exists() and not force):
        raise UsageError(f"{path} is there already. Nothing was written. Name another, or use --force.")
    part = _beside(path, "part")
    with _cleared(path, lambda: part.unlink(missing_ok=True)):
        with Part(part) as out:
            yield out
            out.sync()
        disk.rename(part, path)


@contextmanager
def folder(path: Path, *, force: bool, sign: str) -> Iterator[Path]:
    """Give a folder to fill; it gets its name when the block ends well, and is gone when it does not.

    Args:
        path: Its name.
        force: Whether it may take the place of a folder of its kind.
        sign: The file that tells a folder of its kind; no other folder is ever removed.

    Raises:
        UsageError: There is something of that name, or no folder for it.
        NoSpaceError: The disk is full or read-only; nothing was left behind.
    """
    if path.exists() and not (force and (path / sign).exists()):
        hint = "Name another, or use --force." if (path / sign).exists() else "It is something else: name another."
        raise UsageError(f"{path} is there already. Nothing was written. {hint}")
    part, old = _beside(path, "part"), _beside(path, "old")
    with _cleared(path, lambda: shutil.rmtree(part)):
        disk.door(os.mkdir, part, 0o755)
        yield part
        disk.sync_folder(part)
        if path.exists():
            disk.rename(path, old)
        try:
            disk.rename(part, path)
        except OSError:
            if old.exists():
                disk.rename(old, path)
            raise
        shutil.rmtree(old, ignore_errors=True)


def _beside(path: Path, ending: str) -> Path:
    """Return a name that nobody else has: what stands under a name of the user's own is never touched."""
    return path.with_name(f"{path.name}.{secrets.token_hex(4)}.{ending}")


@contextmanager
def _cleared(path: Path, clear: Callable[[], object]) -> Iterator[None]:
    """Turn the system's errors into ours, and leave nothing behind."""
    try:
        yield
    except BaseException as error:
        with suppress(OSError):
            clear()
        if not isinstance(error, OSError) or isinstance(error, BrokenPipeError):
            raise
        said = disk.trouble(path, error)
        if said is error:
            raise UsageError(f"{path}: {error.strerror}. Nothing was written.") from error
        raise said from error
