"""Announced addresses: which are to be asked for, and which to be looked at again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sql
from sqlalchemy.engine import RowMapping

from aggregator.catalogue import tables as t
from aggregator.catalogue.opened import Opened, as_row, in_chunks
from aggregator.model import Discovery

MAX_ATTEMPTS = 5
"""After so many failures in a row an address is given up until it is announced as changed."""


class Announced(NamedTuple):
    """What was new in an announcement."""

    new: int
    """Items that were not known."""
    edited: int
    """Known ones of which it says that they were edited since."""


class Announcements(Opened):
    """Announced addresses."""

    def discovery(self, source_id: str, key: str) -> Discovery | None:
        """Return what was announced about an item; None: it was not."""
        d = t.discoveries.c
        rows = self._rows(sql.select(t.discoveries).where(d.source_id == source_id, d.key == key))
        return Discovery(**{f.name: rows[0][f.name] for f in fields(Discovery)}) if rows else None

    def unannounced(self, source_id: str, keys: Iterable[str]) -> set[str]:
        """Return those of some items that a source has not announced so far, by their keys."""
        d, left = t.discoveries.c, set(keys)
        for chunk in in_chunks(sorted(left)):
            left -= {r["key"] for r in self._rows(sql.select(d.key).where(d.source_id == source_id, d.key.in_(chunk)))}
        return left

    def announce(self, source_id: str, found: Mapping[str, Discovery], found_at: datetime) -> Announced:
        """Take in announced addresses; claims about known ones add up, an announced edit makes one pending again.

        Args:
            source_id: Whose they are.
            found: What was announced, by the key of the item.
            found_at: When.

        Returns:
            How many were not known before, and of how many an edit was.
        """
        edited = 0
        known: dict[str, RowMapping] = {}
        for chunk in in_chunks(sorted(found)):
            wanted = (t.discoveries.c.source_id == source_id, t.discoveries.c.key.in_(chunk))
            known |= {r["key"]: r for r in self._rows(sql.select(t.discoveries).where(*wanted))}
        rows = []
        for key, announced in found.items():
            d = announced
            if d.claimed_updated_at and d.claimed_updated_at > found_at + timedelta(days=1):
                d = replace(d, claimed_updated_at=None)  # an edit of the future would hide every real one
            row: dict[str, Any] = {"source_id": source_id, "key": key, **as_row(d), "found_at": found_at}
            row |= {"state": "pending", "attempts": 0, "check_at": None}
            if old := known.get(key):
                merged = {**old, **{k: v if old[k] is None else old[k] for k, v in as_row(d).items()}}
                if d.url == key:  # the plainest of its addresses is asked for from now on
                    merged["url"] = key
                if _announces_an_edit(d, old):
                    edited += 1
                    merged |= {k: v for k, v in as_row(d).items() if v is not None and k.startswith("claimed_")}
                    merged |= {"state": "pending", "attempts": 0, "check_at": None}
                if merged == dict(old):
                    continue
                row = merged
            rows.append(row)
        self._put(t.discoveries, rows)
        return Announced(new=len(found.keys() - known.keys()), edited=edited)

    def pending(
        self, source_id: str, limit: int, *, since: datetime | None = None, until: datetime | None = None
    ) -> list[str]:
        """Return announced addresses to ask for, those that failed least first, then the newest.

        Args:
            source_id: Whose.
            limit: How many, at most.
            since: Leave out what claims to be older; None: leave out none.
            until: Leave out what claims not to be older; None: likewise.
        """
        d = t.discoveries.c
        newest = sql.func.coalesce(d.claimed_at, d.claimed_updated_at, d.found_at).desc()
        query = sql.select(d.url).where(d.source_id == source_id, d.state == "pending")
        if since:
            query = query.where(sql.or_(d.claimed_at.is_(None), d.claimed_at >= since))
        if until:
            query = query.where(sql.or_(d.claimed_at.is_(None), d.claimed_at < until))
        return [r["url"] for r in self._rows(query.order_by(d.attempts, newest, d.key).limit(limit))]

    def count_pending(self, source_id: str) -> int:
        """Return how many announced addresses are still to be asked for."""
        d = t.discoveries.c
        query = sql.select(sql.func.count().label("n")).where(d.source_id == source_id, d.state == "pending")
        return int(self._rows(query)[0]["n"])

    def settle(
        self,
        source_id: str,
        key: str,
        *,
        retry: bool,
        at: datetime,
        law: Callable[[datetime, datetime], datetime | None],
    ) -> None:
        """Note that an announced item was asked for.

        Args:
            source_id: Whose announcement it was.
            key: Of the item.
            retry: Whether it is worth asking again; after ``MAX_ATTEMPTS`` it is not.
            at: When it was asked for.
            law: From when the article was published, or else announced, and ``at`` to when to look at it again; None:
                never.
        """
        d = t.discoveries.c
        which = (d.source_id == source_id, d.key == key)
        for row in self._rows(sql.select(t.discoveries).where(*which)):
            if not retry:
                born = min(row["claimed_at"] or self._claimed_at(source_id, row["key"]) or row["found_at"], at)
                change: dict[str, Any] = {"attempts": 0, "state": "done", "check_at": law(born, at)}
            else:
                tried = row["attempts"] + 1
                change = {"attempts": tried, "state": "given-up" if tried >= MAX_ATTEMPTS else "pending"}
            self._connection.execute(t.discoveries.update().where(*which).values(**change))

    def _claimed_at(self, source_id: str, key: str) -> datetime | None:
        a = t.articles.c
        rows = self._rows(sql.select(a.claimed_at).where(a.key == key, a.source_id == source_id))
        return rows[0]["claimed_at"] if rows else None

    def to_check(self, source_id: str, now: datetime, limit: int) -> list[str]:
        """Return known addresses that are to be looked at again for edits, the longest overdue first."""
        d = t.discoveries.c
        query = sql.select(d.url).where(d.source_id == source_id, d.state == "done", d.check_at <= now)
        return [r["url"] for r in self._rows(query.order_by(d.check_at, d.key).limit(limit))]

    def is_known(self, source_id: str) -> bool:
        """Whether anything was ever announced for a source."""
        d = t.discoveries.c
        return bool(self._rows(sql.select(d.key).where(d.source_id == source_id).limit(1)))


def _announces_an_edit(found: Discovery, old: RowMapping) -> bool:
    """Whether a known address is announced with a later edit than before; feed and sitemap may differ, so: later."""
    before = old["claimed_updated_at"]
    return found.claimed_updated_at is not None and (before is None or found.claimed_updated_at > before)
