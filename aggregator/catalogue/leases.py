"""Which crawler may ask which host: leases that are taken, renewed, given back, and taken over when they end.

One row a name, and one crawler that holds it until an instant of the database's clock. Rows are locked while they are
taken (``SKIP LOCKED``; SQLite lets one transaction write at a time), so that no two get the same; each taking counts a
fence up, by which who comes late is known (Kleppmann 2016, "How to do distributed locking").
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sql
from sqlalchemy.engine import RowMapping

from aggregator.catalogue import tables as t
from aggregator.catalogue.opened import Opened, insert
from aggregator.model import Server


@dataclass(frozen=True, slots=True)
class Lease:
    """A name that is one crawler's."""

    fence: int
    """How often it was taken; greater than that of whoever had it before."""
    free_in_s: float
    """How long the host is still to be left alone, in seconds: who had it before asked it last."""


class Leases(Opened):
    """The leases of one crawler, on a connection of its own.

    Args:
        place: Where the catalogue is.
        holder: What tells this crawler from all others, also from itself after a restart.
        for_s: How long a lease holds unless it is renewed, in seconds.
    """

    def __init__(self, place: Path | Server, holder: str, *, for_s: float) -> None:
        super().__init__(place, writing=True)
        self._connection.rollback()  # what it saw at its opening is not what it sees at its first taking
        self._holder = holder
        self.for_s = for_s

    def take(self, names: Iterable[str], *, limit: int | None = None, pace_s: float = 0.0) -> dict[str, Lease]:
        """Take what nobody holds; return what was had.

        Args:
            names: What is wanted.
            limit: How many of them are enough; None: all are wanted.
            pace_s: How long a host is left alone after a request: for whoever takes over from one that died.
        """
        wanted = sorted(set(names))
        if not wanted:
            return {}
        c = t.leases.c
        with self.transaction():
            new = [{"name": name, "fence": 0, "until_s": 0.0, "free_at_s": 0.0, "pace_s": 0.0} for name in wanted]
            self._connection.execute(insert(self._connection, t.leases).values(new).on_conflict_do_nothing())
            now = self._now()
            free = sql.select(t.leases).where(c.name.in_(wanted), sql.or_(c.holder.is_(None), c.until_s <= now))
            some = free.order_by(c.name).limit(limit).with_for_update(skip_locked=True)
            rows = self._connection.execute(some).mappings().all()
            had = [row["name"] for row in rows]
            taken = {"holder": self._holder, "fence": c.fence + 1, "until_s": now + self.for_s, "pace_s": pace_s}
            if had:
                self._connection.execute(t.leases.update().where(c.name.in_(had)).values(taken))
        return {row["name"]: Lease(row["fence"] + 1, max(_free_at_s(row) - now, 0.0)) for row in rows}

    def renew(self, fences: Mapping[str, int]) -> set[str]:
        """Hold leases as long again; return those that are this crawler's no more.

        Args:
            fences: Of those to renew, by name.
        """
        with self.transaction():
            ours = self._ours(fences)
            until_s = self._now() + self.for_s
            if ours:
                self._connection.execute(t.leases.update().where(t.leases.c.name.in_(ours)).values(until_s=until_s))
        return set(fences) - ours

    def give_back(self, fences: Mapping[str, int], rests_s: Mapping[str, float]) -> None:
        """Let others have what this crawler held; what it holds no more stays as it is.

        Args:
            fences: Of those to give back, by name.
            rests_s: How long some of them are still to be left alone, in seconds.
        """
        with self.transaction():
            now = self._now()
            for name in sorted(self._ours(fences)):
                free = {"holder": None, "until_s": 0.0, "free_at_s": now + rests_s.get(name, 0.0)}
                self._connection.execute(t.leases.update().where(t.leases.c.name == name).values(free))

    def _ours(self, fences: Mapping[str, int]) -> set[str]:
        """Return those that are held as they were taken, locked until the transaction ends."""
        c = t.leases.c
        held = sql.select(c.name, c.fence).where(c.name.in_(sorted(fences)), c.holder == self._holder)
        rows = self._connection.execute(held.order_by(c.name).with_for_update()).mappings().all()
        return {row["name"] for row in rows if row["fence"] == fences[row["name"]]}

    def holders(self, names: Collection[str]) -> dict[str, str]:
        """Return who holds some names, as far as anybody does."""
        c, now = t.leases.c, self._now()
        rows = self._rows(sql.select(c.name, c.holder).where(c.name.in_(sorted(names)), c.until_s > now))
        self._connection.rollback()
        return {row["name"]: row["holder"] for row in rows if row["holder"]}

    def _now(self) -> float:
        """Return the database's clock in seconds since 1970: those of the crawlers may differ."""
        if isinstance(self._place, Path):
            return time.time()
        said: Any = self._connection.execute(sql.select(sql.extract("epoch", sql.func.clock_timestamp()))).scalar()
        return float(said)


def _free_at_s(row: RowMapping) -> float:
    """When a host may be asked again; of a lease that nobody gave back, after the last possible answer."""
    return float(row["until_s"] + row["pace_s"] if row["holder"] else row["free_at_s"])


__all__ = ["Lease", "Leases"]
