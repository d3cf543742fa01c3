"""A catalogue as a file of SQLite: opened, replaced as a whole, emptied of what it held, removed."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote

import sqlalchemy as sql
from sqlalchemy.engine import Connection, Engine

from aggregator import disk
from aggregator.catalogue import tables as t
from aggregator.errors import AggregatorError, NoSpaceError, Outdated, StoreError

READERS_WAIT_S = 30.0
"""How long readers may go on with what is about to be replaced."""
_SCANT_BYTES = 1 << 22


@dataclass(frozen=True, slots=True)
class File:
    """A catalogue in a file."""

    path: Path

    def exists(self) -> bool:
        """Whether there is one."""
        return self.path.exists()

    def connect(self, *, writing: bool) -> Connection:
        """Return a connection; a reader's refuses changes."""
        # SQLite cannot share a WAL in a folder that cannot be written to: the file is read as it is, if nothing waits
        # in it
        path = self.path
        wal = path.with_name(path.name + "-wal")
        still = not writing and not os.access(path.parent, os.W_OK) and not (wal.exists() and wal.stat().st_size)
        address = sql.URL.create("sqlite", database=str(path))
        if not writing:  # a reader never makes a database where there is none
            database = f"file:{quote(str(path.resolve()))}?mode={'ro&immutable=1' if still else 'rw'}"
            address = sql.URL.create("sqlite", database=database, query={"uri": "true"})
        return _engine_at(address, writing).connect()

    def make(self, connection: Connection) -> None:
        """Make the tables, where there are none."""
        if not sql.inspect(connection).get_table_names():
            t.make(connection)

    def lacks_table(self, error: sql.exc.DBAPIError) -> bool:
        """Whether it was asked about a table that it has not."""
        return "no such table" in str(error.orig)

    def bring_up(self, connection: Connection, number: int, *, writing: bool) -> None:
        """Refuse a catalogue of an older program: it is made again.

        Raises:
            Outdated: Always.
        """
        raise Outdated(
            f"{self.path}: written by an older program (schema {number}, now {t.SCHEMA}). Nothing is lost. "
            "Run `aggregator rebuild`; the next crawl does it too."
        )

    def trouble(self, error: sql.exc.DBAPIError) -> AggregatorError:
        """Return our error for one of SQLite's."""
        said, code = str(error.orig), getattr(error.orig, "sqlite_errorcode", 0) & 0xFF
        cannot_write = code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN)
        if cannot_write or (code == sqlite3.SQLITE_IOERR and self._is_full()):
            return NoSpaceError(
                f"{self.path}: {said}. All that was reported stored is safe. "
                "Make room or make the folder writable, then run the command again."
            )
        if code == sqlite3.SQLITE_IOERR:
            return StoreError(
                self.path,
                f"{said}. All that was reported stored is safe in archive/. Look after the disk, then run the "
                "command again.",
            )
        return StoreError(self.path, f"{said}. Nothing is lost: archive/ is whole. Run `aggregator rebuild`.")

    def _is_full(self) -> bool:
        """Whether a failure of the disk may come from want of room: SQLite does not tell, where it cannot sync."""
        return shutil.disk_usage(self.path.parent).free < _SCANT_BYTES

    def alone(self) -> AbstractContextManager[None]:
        """Do nothing: who holds the home is alone."""
        return nullcontext()

    def replace_by(self, other: File, *, scrub: bool) -> None:
        """Put what another catalogue holds in the place of all that this one holds; a reader sees the one or the other.

        It is one transaction, not one file in the place of another: that would leave readers with the wrong log. Where
        what is here is no database any more, it is removed, and the other file takes its place.

        Args:
            other: The one that holds what is to be there; nobody has it open.
            scrub: Overwrite what is removed.
        """
        with (
            closing(sqlite3.connect(other.path)) as new,
            closing(sqlite3.connect(self.path, timeout=READERS_WAIT_S)) as old,
        ):
            try:
                old.execute("PRAGMA synchronous=FULL")
                old.execute("PRAGMA journal_mode=WAL")
                new.backup(old)
                return
            except sqlite3.DatabaseError:
                pass
        self.remove(disk.scrub if scrub else disk.remove)
        disk.rename(other.path, self.path)

    def empty_log(self) -> None:
        """Write the log into the file and empty it, so that nothing of what was there before is left in it.

        Raises:
            StoreError: Somebody goes on reading what was there before.
        """
        with closing(sqlite3.connect(self.path, timeout=READERS_WAIT_S)) as connection:
            if connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
                raise StoreError(
                    self.path,
                    "somebody goes on reading what it held before. End that command, then run this one again.",
                )

    def remove(self, by: Callable[[Path], None] = disk.remove) -> None:
        """Remove it, and only then its log: another database would take that for its own."""
        for name in ("", "-wal", "-shm"):
            by(self.path.with_name(self.path.name + name))


@lru_cache(maxsize=8)
def _engine_at(address: sql.URL, writing: bool) -> Engine:
    """Return what connects to an address: the same each time, for it remembers the statements that it has compiled.

    To compile one takes longer than to run it. It keeps no connection: what is closed is closed.
    """
    engine = sql.create_engine(address, poolclass=sql.pool.NullPool)

    @sql.event.listens_for(engine, "connect")
    def configure(connection: sqlite3.Connection, _: object) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves: the driver's own way breaks savepoints
        connection.execute("PRAGMA busy_timeout=30000")
        if writing:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
        else:
            connection.execute("PRAGMA query_only=ON")

    @sql.event.listens_for(engine, "begin")
    def begin(connection: sql.Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    return engine
