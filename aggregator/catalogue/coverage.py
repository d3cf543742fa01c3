"""How much of what a source announced is there: month by month, from the announcement to the index."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, Protocol

import sqlalchemy as sql
from sqlalchemy.engine import RowMapping

from aggregator import urls
from aggregator.catalogue import tables as t
from aggregator.model import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """One source and month: how many items came how far."""

    source_id: str
    month: str
    """``2026-11``, in which they claim to be published; else of the capture, else of the announcement."""
    announced: int
    fetched: int
    """Of these, those that an answer was archived for, whatever it said."""
    extracted: int
    """Of these, those that a text was read of."""
    indexed: int
    """Of these, those that a search finds."""
    given_up: int
    """Of those not fetched, those that are not asked for any more."""

    @property
    def missing(self) -> int:
        """How many were announced and never answered for."""
        return self.announced - self.fetched


class _Article(NamedTuple):
    dated: datetime
    has_text: bool
    is_indexed: bool


class _Reader(Protocol):
    def _rows(self, query: sql.Select[Any]) -> Any: ...


def coverage(catalogue: _Reader, source_id: str) -> list[Coverage]:
    """Return how much is there of what a source announced, the newest month first.

    Args:
        catalogue: Open.
        source_id: Whose.
    """
    articles = _articles(catalogue, source_id)
    seen = _seen(catalogue, source_id)
    d = t.discoveries.c
    counts: dict[str, Counter[str]] = {}
    query = sql.select(d.url, d.claimed_at, d.claimed_updated_at, d.found_at, d.state).where(d.source_id == source_id)
    for row in catalogue._rows(query):
        ids = seen.get(row["url"])
        shown = [articles[i] for i in ids or () if i in articles]
        count = counts.setdefault(f"{_dated(row, shown):%Y-%m}", Counter())
        count["announced"] += 1
        count["fetched"] += ids is not None
        count["extracted"] += any(article.has_text for article in shown)
        count["indexed"] += any(article.has_text and article.is_indexed for article in shown)
        count["given_up"] += ids is None and row["state"] == "given-up"
    names = ("announced", "fetched", "extracted", "indexed", "given_up")
    return [
        Coverage(source_id=source_id, month=month, **{name: counts[month][name] for name in names})
        for month in sorted(counts, reverse=True)
    ]


def _articles(catalogue: _Reader, source_id: str) -> dict[str, _Article]:
    a = t.articles.c
    lacking = sql.select(t.to_index.c.article_id).distinct().subquery()  # on any node
    has_text, waits = (a.text != "").label("has_text"), lacking.c.article_id.is_not(None).label("waits")
    query = sql.select(a.id, a.claimed_at, a.captured_at, has_text, waits).where(a.source_id == source_id)
    rows = catalogue._rows(query.join(lacking, lacking.c.article_id == a.id, isouter=True))
    return {r["id"]: _Article(r["claimed_at"] or r["captured_at"], r["has_text"], not r["waits"]) for r in rows}


def _seen(catalogue: _Reader, source_id: str) -> dict[str, set[str]]:
    """The articles that were seen where an address was asked for, by the address; empty: an answer, and none in it."""
    c, s = t.captures.c, t.sightings.c
    holder = sql.func.coalesce(c.refers_to, c.record_id)
    query = sql.select(c.asked_url, s.article_id).join(t.sightings, s.record_id == holder, isouter=True)
    found: dict[str, set[str]] = {}
    for row in catalogue._rows(query.where(c.source_id == source_id, c.role == Role.PAGE, c.status < 500)):
        found.setdefault(row["asked_url"], set()).update([row["article_id"]] if row["article_id"] else [])
    return found


def _dated(row: RowMapping, shown: list[_Article]) -> datetime:
    memento = urls.memento(row["url"])
    claimed = row["claimed_at"] or (shown[0].dated if shown else None)
    at: datetime = claimed or (memento[1] if memento else None) or row["claimed_updated_at"] or row["found_at"]
    return at
