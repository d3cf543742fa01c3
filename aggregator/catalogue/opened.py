"""An open catalogue: its troubles, its transactions, and rows that are dataclasses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

import sqlalchemy as sql
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import RowMapping

from aggregator.catalogue import tables as t
from aggregator.catalogue.places import at
from aggregator.errors import StoreError, TooNew
from aggregator.model import (
    Article,
    Capture,
    Facts,
    Failure,
    Outcome,
    Role,
    Run,
    Server,
    Sighting,
    Version,
    VersionFacts,
)

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_CHUNK = 500
"""Values bound at once; SQLite's own limit is 32,766."""

_Row = TypeVar("_Row", Article, Facts, Capture, Sighting, Version, VersionFacts, Run, Failure)


class Opened:
    """An open catalogue.

    Args:
        place: Its file, or its server. A writer creates it when it is missing.
        writing: Whether changes will be made; a reader's connection refuses them.

    Raises:
        StoreError: It is missing (for a reader) or damaged.
        TooNew: It is newer than this program.
        Outdated: It is older than this program, and is to be made again.
    """

    def __init__(self, place: Path | Server, *, writing: bool = False) -> None:
        self._place = place
        self._kept = at(place)
        self._stamps: dict[str, dict[str, int]] = {}
        if not writing and isinstance(place, Path) and not place.exists():
            raise StoreError(place, "missing. Nothing is lost: archive/ is whole. Run `aggregator rebuild`.")
        with self._guarded():
            self._connection = self._kept.connect(writing=writing)
            try:
                if writing:
                    self._kept.make(self._connection)
                self._check_schema(writing=writing)
            except BaseException:
                self._connection.close()
                raise

    def close(self) -> None:
        """Let go of the file, or of a server that may be gone."""
        with suppress(sql.exc.DBAPIError):  # what went wrong was told when it was asked
            self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make all changes inside the block, or none."""
        with self._guarded():
            try:
                yield
                self._connection.commit()
            except BaseException:
                self._connection.rollback()
                raise

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Inside a transaction: undo the changes of the block alone when it raises."""
        with self._guarded(), self._connection.begin_nested():
            yield

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        """Turn the driver's troubles into ours."""
        try:
            yield
        except sql.exc.DBAPIError as error:
            raise self._kept.trouble(error) from error

    def _check_schema(self, *, writing: bool) -> None:
        number = self._number()
        if number > t.SCHEMA:
            raise TooNew(
                self._place,
                f"written by a newer program (schema {number}, this one knows {t.SCHEMA}). Nothing was changed. "
                "Upgrade this program.",
            )
        if number < t.SCHEMA:
            self._kept.bring_up(self._connection, number, writing=writing)

    def _number(self) -> int:
        """Return which tables it has; 0: it does not say."""
        try:
            return self._connection.execute(sql.select(sql.func.max(t.schema.c.number))).scalar() or 0
        except (sql.exc.OperationalError, sql.exc.ProgrammingError) as error:
            if not self._kept.lacks_table(error):
                raise
            self._connection.rollback()
            return 0

    def _rows(self, query: sql.Select[Any]) -> Sequence[RowMapping]:
        with self._guarded():
            return self._connection.execute(query).mappings().all()

    def _each(self, query: sql.Select[Any]) -> Iterator[RowMapping]:
        """Yield rows, a few at a time in memory; nothing may be changed meanwhile."""
        with self._guarded(), self._connection.execute(query, execution_options={"yield_per": _CHUNK}) as result:
            yield from result.mappings()

    def _put(self, table: sql.Table, values: list[dict[str, Any]]) -> None:
        """Insert rows, replacing those with the same key."""
        if not values:
            return
        self._connection.execute(_upsert(table, tuple(values[0]), self._connection.dialect.name), values)

    # --- lists of what is to be done: others may put something there again while it is being done -------------------

    def _list(self, table: sql.Table, rows: list[dict[str, Any]]) -> None:
        """Put articles on a list; those that are there count as put there again."""
        if rows:
            add = _again(table, self._connection.dialect.name)
            self._connection.execute(add, [{**row, "stamp": 0} for row in rows])

    def _listed(self, table: sql.Table, *where: sql.ColumnElement[bool]) -> list[str]:
        """Return the articles on a list, as they stand there now."""
        query = sql.select(table.c.article_id, table.c.stamp).where(*where).order_by(table.c.article_id)
        self._stamps[table.name] = {row["article_id"]: row["stamp"] for row in self._rows(query)}
        return list(self._stamps[table.name])

    def _done(self, table: sql.Table, article_ids: Iterable[str], *where: sql.ColumnElement[bool]) -> None:
        """Take articles off a list, but for those that were put there again since it was read."""
        stamps = self._stamps.get(table.name, {})
        self._done_as(table, {i: stamps[i] for i in article_ids if i in stamps}, *where)

    def _done_as(self, table: sql.Table, stamps: Mapping[str, int], *where: sql.ColumnElement[bool]) -> None:
        """Take articles off a list where they stand there with these stamps.

        What another crawler is about to put there again is passed over, not waited for: none waits for the other.
        """
        for chunk in in_chunks(sorted(stamps)):
            query = sql.select(table.c.article_id, table.c.stamp).where(table.c.article_id.in_(chunk), *where)
            rows = self._rows(query.with_for_update(skip_locked=True))
            done = [row["article_id"] for row in rows if row["stamp"] == stamps[row["article_id"]]]
            self._connection.execute(table.delete().where(table.c.article_id.in_(done), *where))

    def _first(self, kind: type[_Row], query: sql.Select[Any]) -> _Row | None:
        return next(iter(self._all(kind, query)), None)

    def _all(self, kind: type[_Row], query: sql.Select[Any]) -> list[_Row]:
        return [as_kind(kind, row) for row in self._rows(query)]


def as_kind(kind: type[_Row], row: RowMapping) -> _Row:
    """Return a row as a dataclass; what it has beside that is left out."""
    return kind(**{f.name: _as_kept(f.name, row[f.name]) for f in fields(kind)})


def insert(connection: sql.Connection, table: sql.Table) -> Any:
    """Return an insertion that may be told what to do where a key is there already."""
    return (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(table)


@cache
def _upsert(table: sql.Table, names: tuple[str, ...], dialect: str) -> Any:
    """Return the statement that inserts or replaces rows of these columns; to build it takes longer than to run it."""
    statement: Any = (postgresql if dialect == "postgresql" else sqlite).insert(table)
    rest = {c.name: statement.excluded[c.name] for c in table.columns if not c.primary_key and c.name in names}
    keys = list(table.primary_key.columns)
    if rest:
        return statement.on_conflict_do_update(index_elements=keys, set_=rest)
    return statement.on_conflict_do_nothing(index_elements=keys)


@cache
def _again(table: sql.Table, dialect: str) -> Any:
    """Return the statement that puts a row on a list, or counts that it was put there again."""
    statement: Any = (postgresql if dialect == "postgresql" else sqlite).insert(table)
    keys = list(table.primary_key.columns)
    return statement.on_conflict_do_update(index_elements=keys, set_={"stamp": table.c.stamp + 1})


def as_row(value: DataclassInstance) -> dict[str, Any]:
    """Return a dataclass's fields by name; passages, which are dataclasses too, as JSON wants them."""
    row = {f.name: getattr(value, f.name) for f in fields(value)}
    if "passages" in row:
        row["passages"] = [as_row(passage) for passage in row["passages"]]
    return row


def _as_kept(name: str, value: Any) -> Any:
    """Give a column's value the type its dataclass states."""
    if name == "role":
        return Role(value)
    if name == "outcome":
        return Outcome(value)
    if name == "failed":
        return [(url, reason) for url, reason in value]
    return tuple(value) if name in ("authors", "problems") else value


def in_chunks(values: list[Any]) -> Iterator[list[Any]]:
    """Yield values, as many at a time as are bound at once."""
    for start in range(0, len(values), _CHUNK):
        yield values[start : start + _CHUNK]
