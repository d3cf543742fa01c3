"""The tallies of runs, and how much there is of everything."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sql

from aggregator.catalogue import tables as t
from aggregator.catalogue.nodes import Nodes
from aggregator.model import Outcome, Run


class Runs(Nodes):
    """Runs."""

    def runs(self, source_id: str | None = None, *, limit: int = 1000) -> list[Run]:
        """Return the runs of a source, or of all, the newest first."""
        query = sql.select(t.runs).order_by(t.runs.c.started_at.desc(), t.runs.c.source_id).limit(limit)
        return self._all(Run, query.where(t.runs.c.source_id == source_id) if source_id else query)

    def runs_since(self, at: datetime, *, source_id: str | None = None) -> list[Run]:
        """Return the runs that began since an instant, oldest first.

        Args:
            at: That instant.
            source_id: Of which source; None: of all.
        """
        r = t.runs.c
        query = sql.select(t.runs).where(r.started_at >= at).order_by(r.started_at, r.source_id)
        return self._all(Run, query.where(r.source_id == source_id) if source_id else query)

    def last_runs(self) -> dict[str, Run]:
        """Return the newest run of each source."""
        r = t.runs.c
        newest = sql.select(r.source_id, sql.func.max(r.started_at).label("at")).group_by(r.source_id).subquery()
        joined = sql.and_(r.source_id == newest.c.source_id, r.started_at == newest.c.at)
        return {run.source_id: run for run in self._all(Run, sql.select(t.runs).join(newest, joined))}

    def has_completed_run(self, source_id: str) -> bool:
        """Whether a run of a source ever read all that announces articles, and all that was announced."""
        r = t.runs.c
        query = sql.select(r.source_id).where(r.source_id == source_id, r.outcome == Outcome.OK)
        return bool(self._rows(query.limit(1)))

    def last_new(self) -> dict[str, datetime]:
        """Return when each source last gave a new article."""
        a = t.articles.c
        query = sql.select(a.source_id, sql.type_coerce(sql.func.max(a.captured_at), t.Instant).label("at"))
        return {r["source_id"]: r["at"] for r in self._rows(query.group_by(a.source_id))}

    def posted_since(self, at: datetime, source_id: str) -> list[datetime]:
        """Return when the articles of a source were published, as far as they claim it, else seen first."""
        a = t.articles.c
        dated = sql.type_coerce(sql.func.coalesce(a.claimed_at, a.captured_at), t.Instant).label("at")
        return [row["at"] for row in self._rows(sql.select(dated).where(a.source_id == source_id, dated >= at))]

    def article_counts(self) -> dict[str, int]:
        """Return the number of articles of each source."""
        a = t.articles.c
        query = sql.select(a.source_id, sql.func.count().label("n")).group_by(a.source_id)
        return {r["source_id"]: r["n"] for r in self._rows(query)}

    def counts(self) -> dict[str, int]:
        """Return the number of rows of the tables that people ask about.

        ``to_index`` is what the index of this node lacks; for who reads as no node, that of any.
        """
        wanted = {"captures": t.captures, "articles": t.articles, "versions": t.versions, "matches": t.matches}
        found = {name: self._count(table) for name, table in wanted.items()}
        found["clusters"] = int(
            self._rows(sql.select(sql.func.count(t.clusters.c.cluster_id.distinct()).label("n")))[0]["n"]
        )
        lacking = sql.select(sql.func.count(t.to_index.c.article_id.distinct()).label("n"))
        if self._node:
            lacking = lacking.where(t.to_index.c.node == self._node)
        return found | {"to_index": int(self._rows(lacking)[0]["n"])}

    def _count(self, table: sql.Table) -> int:
        return int(self._rows(sql.select(sql.func.count().label("n")).select_from(table))[0]["n"])
