"""The folder that holds everything: its paths, its lock, its room."""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from aggregator import disk
from aggregator.errors import BusyError, NoSpaceError
from aggregator.model import Server

NODE = "node"
"""The file that names a home among those that share a catalogue or an archive."""
SIGN_S = 1.0
"""How long a writer may take from having the lock to having signed it, in seconds."""


@dataclass(frozen=True, slots=True)
class Home:
    """A folder with ``sources.yaml``, ``archive/`` and ``index/``."""

    root: Path
    index_name: str = "index"
    """The folder of all that is derived, relative to ``root``; another one while a rebuild is under way."""
    server: str | None = None
    """The PostgreSQL server that has the catalogue, as ``settings.catalogue`` says; None: it is a file."""

    @property
    def sources_yaml(self) -> Path:
        """What to follow; the only file a person edits."""
        return self.root / "sources.yaml"

    @property
    def archive(self) -> Path:
        """The truth."""
        return self.root / "archive"

    @property
    def index(self) -> Path:
        """All that is derived; may be deleted whenever no writer runs."""
        return self.root / self.index_name

    @property
    def catalogue(self) -> Path | Server:
        """The database; while a rebuild is under way another file, or another schema of the same server."""
        if self.server is None:
            return self.catalogue_file
        _, _, aside = self.index_name.partition("/")
        return Server(self.server, f"aggregator_{aside}") if aside else Server(self.server)

    @property
    def catalogue_file(self) -> Path:
        """The file of the database, where it is one."""
        return self.index / "catalogue.sqlite"

    @property
    def fulltext(self) -> Path:
        """The full-text index."""
        return self.index / "fulltext"

    @property
    def reuse(self) -> Path:
        """The passage fingerprints."""
        return self.index / "reuse"

    @property
    def node(self) -> str:
        """Eight characters that tell this home's files and events from another's, without saying whose it is."""
        try:
            return (self.archive / NODE).read_text(encoding="ascii").strip()
        except OSError:
            return ""

    @property
    def sign(self) -> Path:
        """What a catalogue that several homes share knows this one's index and fingerprints by."""
        return self.index / "sign"

    @property
    def signed(self) -> str:
        """What stands there; empty: nothing."""
        try:
            return self.sign.read_text(encoding="ascii").strip()
        except (OSError, ValueError):
            return ""

    @property
    def parts(self) -> Path:
        """What bulk work has done so far; not in a rebuild's own folder, so that the next goes on with it."""
        return self.root / "index" / "parts"

    def answers_for(self, file: str) -> bool:
        """Whether a file that the catalogue knows ought to be here: of a shared one, those that this home wrote."""
        return self.server is None or f"-{self.node}." in file

    @property
    def is_new(self) -> bool:
        """Whether nothing was ever crawled into it, as far as this machine knows."""
        there = self.fulltext if isinstance(self.catalogue, Server) else self.catalogue
        return not there.exists() and not any(self.archive.glob("[0-9]*"))

    def ensure_room(self, min_free_bytes: int, *, needed_bytes: int = 0) -> None:
        """Raise NoSpaceError when the disk has less room than ``min_free_bytes`` besides what is needed."""
        free = shutil.disk_usage(self.root).free
        if free - needed_bytes < min_free_bytes:
            asked = f" and the {needed_bytes:,} bytes that this needs" if needed_bytes else ""
            raise NoSpaceError(
                f"{self.root}: {free:,} bytes free, less than settings.min_free ({min_free_bytes:,} bytes){asked}. "
                "All that was reported stored is safe. Make room, or lower min_free."
            )

    @contextmanager
    def writing(self, *, wait_s: float = 0.0) -> Iterator[None]:
        """Hold the home as its one writer; the lock goes with the process, however it ends.

        Args:
            wait_s: How long to wait for another writer to end, in seconds.

        Raises:
            BusyError: Another writer holds it.
            NoSpaceError: The folder is read-only.
            StoreError: The disk fails.
        """
        try:
            disk.make_folder(self.archive, self.root)
            disk.make_folder(self.index, self.root)
            lock = os.open(self.archive / "writer.lock", os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            if error.errno == errno.EIO:
                raise disk.trouble(self.root, error) from error
            raise NoSpaceError(f"{self.root}: cannot be written to ({error.strerror}). Nothing was changed.") from error
        try:
            self._take(lock, time.monotonic() + wait_s)
            if not self.node:
                self._name()
            _sign(lock, f"{os.getpid()}\n".encode())
            try:
                yield
            finally:
                _sign(lock, b"")
        finally:
            os.close(lock)

    def _name(self) -> None:
        """Give the home its name; where there is no room for that, the next writer does."""
        try:
            disk.put(self.archive / NODE, f"{secrets.token_hex(4)}\n".encode())
        except OSError as error:
            if error.errno == errno.EIO:
                raise disk.trouble(self.root, error) from error

    @property
    def writer(self) -> int | None:
        """The process that holds the home as its writer, as far as it says so; None: nobody does."""
        try:
            said = (self.archive / "writer.lock").read_bytes().strip()
        except OSError:
            return None
        return int(said) if said.isdigit() and _lives(int(said)) else None

    def _take(self, lock: int, until: float) -> None:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= until:
                    raise BusyError(self.root, _signer(lock)) from None
                time.sleep(0.1)
            else:
                return


def _sign(lock: int, said: bytes) -> None:
    """Note who holds the lock, for people; where there is no room even for that, the lock holds all the same."""
    with suppress(OSError):
        os.ftruncate(lock, 0)
        os.pwrite(lock, said, 0)


def _signer(lock: int) -> int | None:
    """Return the process that holds the lock; None: it does not say.

    Who took it a moment ago may not have signed yet, and who was killed before that never took its name away.
    """
    until = time.monotonic() + SIGN_S
    while True:
        said = os.pread(lock, 20, 0).strip()
        if said.isdigit() and _lives(int(said)):
            return int(said)
        if time.monotonic() > until:
            return None
        time.sleep(0.01)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it is somebody else's
        return True
    return True
