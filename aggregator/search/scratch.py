"""A folder for what is made to answer once: it is removed after that, and if a kill left it, at the next time."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PREFIX = "aggregator-search-"
_LOCK, _INDEX = "lock", "index"


@contextmanager
def folder() -> Iterator[Path]:
    """Give a path in the system's temporary folder where nothing is yet; what is made there is removed in the end.

    Raises:
        OSError: The temporary folder is full or cannot be written.
    """
    _sweep()
    with tempfile.TemporaryDirectory(prefix=PREFIX) as name, (Path(name) / _LOCK).open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield Path(name) / _INDEX


def _sweep() -> None:
    """Remove what searches left that were killed: nobody holds its lock, and it is ours."""
    for left in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError):  # somebody else's, or gone meanwhile
            if left.is_symlink() or left.stat().st_uid != os.getuid():
                continue
            if not (left / _INDEX).exists():  # made only after the lock is held: this one may just be beginning
                continue
            fd = os.open(left / _LOCK, os.O_RDWR | os.O_NOFOLLOW)
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(left)
            finally:
                os.close(fd)
