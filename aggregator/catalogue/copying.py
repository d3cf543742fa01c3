"""A catalogue copied to another place: from a file to a server, or back; row for row, and compared afterwards."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

import sqlalchemy as sql

from aggregator.catalogue import tables as t
from aggregator.catalogue.nodes import Nodes
from aggregator.catalogue.opened import insert
from aggregator.errors import StoreError, UsageError
from aggregator.model import Progress, Report, Server

_ROWS = 500
"""Rows that are in memory together."""
_OF_NODES = (t.to_index, t.to_fingerprint)
_LEFT = (t.schema, t.nodes, t.leases)
"""What a catalogue has of its own."""


class Copied(Nodes):
    """A catalogue as rows."""

    def rows(self, table: sql.Table) -> Iterator[dict[str, Any]]:
        """Yield the rows of a table in a fixed order."""
        for row in self._each(sql.select(table).order_by(*table.primary_key.columns)):
            yield dict(row)

    def is_empty(self) -> bool:
        """Whether nothing was ever put into it."""
        return not any(self.count(table) for table in (t.captures, t.articles, t.progress))

    def take(self, table: sql.Table, rows: Iterator[dict[str, Any]]) -> None:
        """Insert rows."""
        add = insert(self._connection, table).on_conflict_do_nothing()
        while some := list(islice(rows, _ROWS)):
            self._connection.execute(add, some)

    def count(self, table: sql.Table) -> int:
        """Return how many rows a table has."""
        return int(self._rows(sql.select(sql.func.count().label("n")).select_from(table))[0]["n"])

    def clear(self, table: sql.Table) -> None:
        """Remove all rows."""
        self._connection.execute(table.delete())

    def digest(self) -> str:
        """Return a digest of all that is known, without how far the work is."""
        said = hashlib.sha256()
        for table in t.metadata.sorted_tables:
            if table.name not in t.BOOKKEEPING:
                for row in self.rows(table):
                    # a server has a replacement character for U+0000: see servers
                    said.update(repr((table.name, sorted(row.items()))).replace("\\x00", "\ufffd").encode())
        return said.hexdigest()


def copy(place: Path | Server, to: Path | Server, node: str, now: datetime, report: Report, *, sign: str = "") -> None:
    """Copy a catalogue to a place where none is, and see that both know the same.

    Args:
        place: Which.
        to: Where. Between a file and a server, the lists of what indexes lack become those of this node and back.
        node: The name of the home.
        now: When that is.
        report: Told how far it is.
        sign: What stands beside the index of the home.

    Raises:
        UsageError: There is one already; nothing was changed.
        StoreError: Either cannot be had, or what was copied is not the same; the one that is copied is as it was.
    """
    before, after = (node if isinstance(where, Server) else "" for where in (place, to))
    with Copied(place) as source, Copied(to, writing=True) as target:
        if not target.is_empty():
            raise UsageError(
                f"{to}: there is a catalogue already. Nothing was changed. Name another place, or remove that one."
            )
        tables = [table for table in t.metadata.sorted_tables if table not in _LEFT]
        done, total = 0, sum(map(source.count, tables))
        for table in tables:
            rows = source.rows(table)
            with target.transaction():
                target.take(table, _of_this_node(rows, before, after) if table in _OF_NODES else rows)
            done += source.count(table)
            report(Progress(doing="copying the catalogue", done=done, total=total))
        with target.transaction():
            if after and (isinstance(place, Path) or source.knows(node, sign, now)):
                target.take(t.nodes, iter([{"name": after, "seen_at": now}]))
            else:  # what other nodes put in is compared again, and is then in the fingerprints
                lacking = _of_this_node(source.rows(t.to_fingerprint), before, after)
                target.take(t.to_match, ({"article_id": row["article_id"], "stamp": 0} for row in lacking))
                target.clear(t.to_fingerprint)
        if source.digest() != target.digest():
            raise StoreError(to, f"does not hold what {place} does. That one is as it was. Try again.")


def _of_this_node(rows: Iterator[dict[str, Any]], before: str, after: str) -> Iterator[dict[str, Any]]:
    return ({**row, "node": after} for row in rows if row["node"] == before)


__all__ = ["copy"]
