"""A catalogue on a PostgreSQL server: a schema of its own in a database, made, brought up to date, replaced as a whole.

PostgreSQL sorts text as the database's language does, cuts nothing and refuses what is too large: ``tables.py`` says
what its columns are. A reader sees the catalogue as it was when it first asked, as with SQLite.
"""

from __future__ import annotations

import atexit
import os
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sql
from sqlalchemy.engine import Connection, Engine

from aggregator.catalogue import tables as t
from aggregator.errors import AggregatorError, BusyError, NoSpaceError, Outdated, StoreError, UsageError
from aggregator.model import Server

READERS_WAIT_S = 30.0
"""How long readers may go on with what is about to be removed."""
CONNECT_S = 10
"""How long a server may take to answer at first, in seconds."""
_BEFORE = "_before"
"""The end of the name of a schema that another has replaced, and that is to be removed."""
_NO_SPACE = ("53100", "25006")
"""A full disk; a server, or a standby, that only reads (PostgreSQL, appendix A)."""
_MOST_ENGINES = 8
_MAKING = 0x61676772
"""The advisory lock under which tables are made and changed: two crawlers may begin at once."""
_WRITING = 0x61676773
"""The first half of the one that all hold who write, and that one holds alone who makes it again."""
_LOOK_S = 0.05
_GONE_S = 2.0
"""How long somebody who holds it is asked again, in seconds: a server notices only after a moment that one has gone."""
_WAIT = "Nothing was changed. End the other crawlers, or wait for them, then run the command again."


@dataclass(frozen=True, slots=True)
class Schema:
    """A catalogue on a server."""

    server: Server

    def exists(self) -> bool:
        """Whether there is one.

        Raises:
            StoreError: The server does not answer.
        """
        with self._asked() as connection:
            return _has(connection, self.server.schema)

    def connect(self, *, writing: bool) -> Connection:
        """Return a connection; a reader's refuses changes, and what it reads stays as it was when it first asked.

        Raises:
            BusyError: It is to be written to, and is being made again.
        """
        connection = _engine_at(self.server, writing).connect()
        if writing and not self._locked(connection, "pg_try_advisory_lock_shared"):
            connection.close()
            raise BusyError(self.server, None, f"It is being made again. {_WAIT}")
        return connection

    @contextmanager
    def alone(self) -> Iterator[None]:
        """See that nobody else writes to it meanwhile.

        Raises:
            BusyError: Another crawler does.
        """
        with self._asked() as connection:
            if not self._locked(connection, "pg_try_advisory_lock"):
                raise BusyError(self.server, None, f"It is to be made again, by one alone. {_WAIT}")
            yield

    def _locked(self, connection: Connection, how: str) -> bool:
        """Take an advisory lock that goes with the connection; return whether nobody holds it."""
        key, until = zlib.crc32(self.server.schema.encode()) & 0x7FFFFFFF, time.monotonic() + _GONE_S
        while True:
            taken = bool(connection.exec_driver_sql(f"SELECT {how}({_WRITING}, {key})").scalar())
            connection.commit()
            if taken or time.monotonic() > until:
                return taken
            time.sleep(_LOOK_S)

    def make(self, connection: Connection) -> None:
        """Make the tables, where there are none."""
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_MAKING})")
        if connection.exec_driver_sql("SELECT to_regclass('schema')").scalar() is None:
            connection.exec_driver_sql(f'CREATE SCHEMA IF NOT EXISTS "{self.server.schema}"')
            t.make(connection)
        connection.commit()

    def lacks_table(self, error: sql.exc.DBAPIError) -> bool:
        """Whether it was asked about a table that it has not."""
        return getattr(error.orig, "sqlstate", None) == "42P01"

    def bring_up(self, connection: Connection, number: int, *, writing: bool) -> None:
        """Bring a catalogue of an older program up to date.

        Raises:
            Outdated: Only a writer may do that, or nobody can.
            StoreError: There is none.
        """
        if not number and not writing:
            raise StoreError(self.server, "missing. Nothing is lost: archive/ is whole. Run `aggregator rebuild`.")
        if not writing:
            raise Outdated(
                f"{self.server}: written by an older program (schema {number}, now {t.SCHEMA}). Nothing is lost. "
                "The next crawl brings it up to date."
            )
        from aggregator.catalogue import migrations  # slow to import, and seldom needed

        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_MAKING})")
        migrations.upgrade(connection, number)
        connection.commit()

    def trouble(self, error: sql.exc.DBAPIError) -> AggregatorError:
        """Return our error for one of PostgreSQL's."""
        said = " ".join(str(error.orig).split())[:300] or type(error.orig).__name__
        state = getattr(error.orig, "sqlstate", None) or ""
        if state in _NO_SPACE:
            return NoSpaceError(
                f"{self.server}: {said}. All that was reported stored is safe. Make room on the server, or make it "
                "writable, then run the command again."
            )
        if error.connection_invalidated or not state or state[:2] in ("08", "57", "28", "3D", "40", "55"):
            return StoreError(
                self.server,
                f"{said}. All that was reported stored is safe. See that the server runs, may be reached from here and "
                "lets this user in, then run the command again.",
            )
        return StoreError(self.server, f"{said}. Nothing is lost: archive/ is whole. Run `aggregator rebuild`.")

    def replace_by(self, other: Schema, *, scrub: bool) -> None:
        """Put another catalogue of the same database in the place of this one; a reader sees the one or the other.

        Args:
            other: The one that holds what is to be there.
            scrub: Nothing more is done for it: what was removed is gone with its tables, but for the server's own log
                and backups.

        Raises:
            StoreError: Somebody goes on reading what was there before.
        """
        ours, theirs = self.server.schema, other.server.schema
        self._drop(ours + _BEFORE)
        with self._asked() as connection:
            if _has(connection, ours):
                connection.exec_driver_sql(f'ALTER SCHEMA "{ours}" RENAME TO "{ours}{_BEFORE}"')
            connection.exec_driver_sql(f'ALTER SCHEMA "{theirs}" RENAME TO "{ours}"')
            connection.commit()
        self._drop(ours + _BEFORE)

    def empty_log(self) -> None:
        """Do nothing: the server's log is its own."""

    def remove(self, by: Callable[[Path], None] | None = None) -> None:
        """Remove it."""
        self._drop(self.server.schema)

    def _drop(self, schema: str) -> None:
        with self._asked() as connection:
            connection.exec_driver_sql(f"SET lock_timeout = {READERS_WAIT_S * 1000:.0f}")
            connection.exec_driver_sql(f'DROP SCHEMA IF EXISTS "{schema}" CASCADE')
            connection.commit()

    @contextmanager
    def _asked(self) -> Iterator[Connection]:
        try:
            with _engine_at(self.server, writing=True).connect() as connection:
                yield connection
        except sql.exc.DBAPIError as error:
            raise self.trouble(error) from error


def _has(connection: Connection, schema: str) -> bool:
    found = connection.execute(sql.text("SELECT 1 FROM pg_namespace WHERE nspname = :name"), {"name": schema})
    return found.first() is not None


def _engine_at(server: Server, writing: bool) -> Engine:
    """Return what connects to a server: the same each time, for it remembers the statements that it has compiled."""
    if (engine := _engines.get((server, writing))) is None:
        while len(_engines) >= _MOST_ENGINES:
            _engines.pop(next(iter(_engines))).dispose()
        engine = _engines[server, writing] = _engine(server, writing)
    return engine


_engines: dict[tuple[Server, bool], Engine] = {}


@atexit.register
def _let_go() -> None:
    while _engines:
        _engines.popitem()[1].dispose()


def _leave() -> None:
    while _engines:  # a connection is of one process
        _engines.popitem()[1].dispose(close=False)


os.register_at_fork(after_in_child=_leave)


def _engine(server: Server, writing: bool) -> Engine:
    """Return a new one. Readers open a catalogue for each question: their connections are kept, and tried first."""
    said = [f"-c search_path={server.schema}"]
    if not writing:
        said += ["-c default_transaction_read_only=on", "-c default_transaction_isolation=repeatable\\ read"]
    arguments: dict[str, Any] = {
        "options": " ".join(said),
        "connect_timeout": CONNECT_S,
        "keepalives_idle": 30,  # of a machine that vanished the server lets go within a minute or two
        "keepalives_interval": 10,
        "tcp_user_timeout": 60_000,
        "application_name": "aggregator",
    }
    address = sql.make_url(server.address).set(drivername="postgresql+psycopg")
    kept: dict[str, Any] = {"poolclass": sql.pool.NullPool} if writing else {"pool_pre_ping": True, "max_overflow": -1}
    try:
        engine = sql.create_engine(address, connect_args=arguments, **kept)
    except ImportError as error:
        raise UsageError(
            "settings.catalogue names a PostgreSQL server, and what talks to one is not installed. Nothing was "
            "changed. Run `pip install 'aggregator[postgres]'`."
        ) from error

    @sql.event.listens_for(engine, "connect")
    def configure(connection: Any, _: object) -> None:
        connection.adapters.register_dumper(str, _dumper())

    return engine


@cache
def _dumper() -> Any:
    from psycopg.types.string import StrDumper

    class WithoutNul(StrDumper):  # type: ignore[misc]  # its library is not installed everywhere
        """PostgreSQL refuses the character U+0000 in text; a replacement character stands for it."""

        def dump(self, obj: str) -> Any:
            return super().dump(obj.replace("\x00", "\ufffd") if "\x00" in obj else obj)

    return WithoutNul


__all__ = ["CONNECT_S", "READERS_WAIT_S", "Schema"]
