"""Which articles each node's own index and fingerprints still lack.

A home with a catalogue of its own is one node without a name. Where crawlers share a catalogue, each has its index and
its fingerprints on its own disk, and a list here of what others put into the catalogue since.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sql

from aggregator.catalogue import tables as t
from aggregator.catalogue.opened import Opened, insert
from aggregator.model import Server

FORGOTTEN = timedelta(days=30)
"""A node that was not seen for so long is not waited for: when it comes back, it begins anew."""
_SIGN = "index-of-"
"""What the name of the note begins with that says what stands beside a node's index."""
_JOINING = 0x61676774
"""The advisory lock under which a node joins: who puts articles meanwhile must know of it or be known to it."""


class Nodes(Opened):
    """Nodes, and what they lack."""

    def __init__(self, place: Path | Server, *, writing: bool = False) -> None:
        super().__init__(place, writing=writing)
        self._node = ""

    def read_as(self, name: str) -> None:
        """Read as one of several nodes: what is said to be lacking is what this one lacks."""
        if isinstance(self._place, Server):
            self._node = name

    def knows(self, name: str, sign: str, now: datetime) -> bool:
        """Whether this catalogue was told, or told others, all that a node's index and fingerprints lack.

        It was not when it was made again, as it is when something is erased, when the node was away for long, or when
        either is an older one that was restored.

        Args:
            name: Of the node.
            sign: What stands beside its index; empty: nothing.
            now: When that is.
        """
        rows = self._rows(sql.select(t.notes.c.value).where(t.notes.c.name == _SIGN + name))
        noted = [said for row in rows for said in row["value"].split()]
        if sign not in (noted or [""]):
            return False
        if not isinstance(self._place, Server):
            return True
        since = t.nodes.c.seen_at >= now - FORGOTTEN
        return bool(self._rows(sql.select(t.nodes.c.name).where(t.nodes.c.name == name, since)))

    def note_signs(self, name: str, *signs: str) -> None:
        """Note what may stand beside the index of a node."""
        self._put(t.notes, [{"name": _SIGN + name, "value": " ".join(signs)}])

    def join(self, name: str, now: datetime) -> None:
        """Be one of several nodes that share this catalogue: from now on this one is told what others put into it."""
        if not isinstance(self._place, Server):
            return
        self._node = name
        with self.transaction():
            self._connection.execute(sql.select(sql.func.pg_advisory_xact_lock(_JOINING)))
            gone = sql.select(t.nodes.c.name).where(t.nodes.c.seen_at < now - FORGOTTEN)
            for table in (t.to_index, t.to_fingerprint):
                nobodys = sql.or_(table.c.node == "", table.c.node.in_(gone))
                self._connection.execute(table.delete().where(nobodys))
            self._connection.execute(t.nodes.delete().where(t.nodes.c.seen_at < now - FORGOTTEN))
            is_new = not self._rows(sql.select(t.nodes.c.name).where(t.nodes.c.name == name))
            self._put(t.nodes, [{"name": name, "seen_at": now}])
            if is_new:
                self.index_all()
                self.fingerprint_all()

    def others(self) -> list[str]:
        """Return the names of the other nodes."""
        rows = self._rows(sql.select(t.nodes.c.name).where(t.nodes.c.name != self._node).order_by(t.nodes.c.name))
        return [row["name"] for row in rows]

    def tell_nodes(self, article_id: str) -> None:
        """Have an article indexed, and compared by its fingerprints, on every node."""
        if not self._node:
            self._list(t.to_index, [{"article_id": article_id, "node": ""}])
            return
        self._connection.execute(sql.select(sql.func.pg_advisory_xact_lock_shared(_JOINING)))
        for table in (t.to_index, t.to_fingerprint):
            each = sql.select(sql.literal(article_id), t.nodes.c.name, sql.literal(0))
            told = insert(self._connection, table).from_select(["article_id", "node", "stamp"], each)
            keys = [table.c.article_id, table.c.node]
            self._connection.execute(told.on_conflict_do_update(index_elements=keys, set_={"stamp": table.c.stamp + 1}))

    # --- the full-text index's errand list --------------------------------------------------------------------------

    def to_index(self) -> list[str]:
        """Return the articles that the full-text index of this node does not hold as they now are."""
        return self._lacking(t.to_index)

    def indexed(self, article_ids: Iterable[str]) -> None:
        """Take articles off that list."""
        self._done(t.to_index, article_ids, t.to_index.c.node == self._node)

    def index_all(self) -> None:
        """Put every article on that list."""
        self._lack_all(t.to_index)

    # --- the fingerprints' ------------------------------------------------------------------------------------------

    def to_fingerprint(self) -> list[str]:
        """Return the articles that others have put into the catalogue, and of which this node has no fingerprints."""
        return self._lacking(t.to_fingerprint) if self._node else []

    def fingerprinted(self, article_ids: Iterable[str]) -> None:
        """Take articles off that list."""
        self._done(t.to_fingerprint, article_ids, t.to_fingerprint.c.node == self._node)

    def fingerprint_all(self) -> None:
        """Put every article on that list."""
        self._lack_all(t.to_fingerprint)

    def _lacking(self, table: sql.Table) -> list[str]:
        return self._listed(table, table.c.node == self._node)

    def _lack_all(self, table: sql.Table) -> None:
        self._list(
            table, [{"article_id": r["id"], "node": self._node} for r in self._rows(sql.select(t.articles.c.id))]
        )


__all__ = ["FORGOTTEN", "Nodes"]
