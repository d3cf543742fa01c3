"""The files of a catalogue: opened, replaced as a whole, emptied of what it held, removed."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote

import sqlalchemy as sql
from sqlalchemy.engine import Engine

from aggregator import disk
from aggregator.errors import StoreError

READERS_WAIT_S = 30.0
"""How long readers may go on with what is about to be replaced."""


def engine(path: Path, *, writing: bool) -> Engine:
    """Return what connects to a catalogue; a reader's connections refuse changes."""
    # SQLite cannot share a WAL in a folder that cannot be written to: the file is read as it is, if nothing waits in it
    wal = path.with_name(path.name + "-wal")
    still = not writing and not os.access(path.parent, os.W_OK) and not (wal.exists() and wal.stat().st_size)
    address = sql.URL.create("sqlite", database=str(path))
    if not writing:  # a reader never makes a database where there is none
        database = f"file:{quote(str(path.resolve()))}?mode={'ro&immutable=1' if still else 'rw'}"
        address = sql.URL.create("sqlite", database=database, query={"uri": "true"})
    return _engine_at(address, writing)


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


def replace_all(path: Path, by: Path) -> None:
    """Put what another catalogue holds in the place of all that one holds; a reader sees the one or the other.

    It is one transaction, not one file in the place of another: that would leave readers with the wrong log.

    Args:
        path: The catalogue to replace.
        by: The one that holds what is to be there; nobody has it open.

    Raises:
        ValueError: What is at ``path`` is no database that could be written to.
    """
    with closing(sqlite3.connect(by)) as new, closing(sqlite3.connect(path, timeout=READERS_WAIT_S)) as old:
        try:
            old.execute("PRAGMA synchronous=FULL")
            old.execute("PRAGMA journal_mode=WAL")
            new.backup(old)
        except sqlite3.DatabaseError as error:
            raise ValueError(f"{path}: {error}") from error


def empty_log(path: Path) -> None:
    """Write the log of a catalogue into it and empty the log, so that nothing of what was there before is left in it.

    Raises:
        StoreError: Somebody goes on reading what was there before.
    """
    with closing(sqlite3.connect(path, timeout=READERS_WAIT_S)) as connection:
        if connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
            raise StoreError(
                path, "somebody goes on reading what it held before. End that command, then run this one again."
            )


def remove(path: Path, by: Callable[[Path], None] = disk.remove) -> None:
    """Remove a catalogue, and only then its log: another database would take that for its own."""
    for name in ("", "-wal", "-shm"):
        by(path.with_name(path.name + name))
