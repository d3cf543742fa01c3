"""Which articles share words, which are matches, and the clusters that these make."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sql

from aggregator.catalogue import tables as t
from aggregator.catalogue.opened import Opened, as_row, in_chunks
from aggregator.model import Cluster, Match, Passage, Relation


class Matches(Opened):
    """Matches and clusters."""

    def add_grams(self, article_id: str, grams: Iterable[int]) -> None:
        """Add to an article's fingerprint, which spans all its versions."""
        self._put(t.grams, [{"gram": g, "article_id": article_id} for g in grams])

    def sharing(self, grams: Iterable[int], *, at_least: int, limit: int) -> list[str]:
        """Return the articles that share the most grams, ``at_least`` that many."""
        shared: dict[str, int] = {}
        for chunk in in_chunks(sorted(grams)):
            g = t.grams.c
            query = (
                sql.select(g.article_id, sql.func.count().label("n")).where(g.gram.in_(chunk)).group_by(g.article_id)
            )
            for row in self._rows(query):
                shared[row["article_id"]] = shared.get(row["article_id"], 0) + row["n"]
        ranked = sorted((-n, article_id) for article_id, n in shared.items() if n >= at_least)
        return [article_id for _, article_id in ranked[:limit]]

    def put_matches(self, matches: Iterable[Match]) -> None:
        """Store matches, replacing those of the same pairs, and join the clusters of what is one text."""
        for match in matches:
            self._put(t.matches, [as_row(match)])
            if match.relation is Relation.DUP:
                self._join(match.a, match.b)

    def _join(self, a: str, b: str) -> None:
        c = t.clusters.c
        rows = self._rows(sql.select(t.clusters).where(c.article_id.in_([a, b])))
        old = {r["cluster_id"] for r in rows}
        members = {a, b} | {
            r["article_id"] for r in self._rows(sql.select(c.article_id).where(c.cluster_id.in_(sorted(old))))
        }
        name = min(members)
        self._put(t.clusters, [{"article_id": m, "cluster_id": name} for m in sorted(members)])

    def matches_of(self, article_ids: Iterable[str]) -> list[Match]:
        """Return all matches in which one of those articles takes part."""
        found: dict[tuple[str, str], Match] = {}
        for chunk in in_chunks(list(article_ids)):
            m = t.matches.c
            for r in self._rows(sql.select(t.matches).where(sql.or_(m.a.in_(chunk), m.b.in_(chunk)))):
                passages = tuple(Passage(**p) for p in r["passages"])
                values = {**r, "relation": Relation(r["relation"]), "passages": passages}
                found[r["a"], r["b"]] = Match(**{**values, "evidence": tuple(r["evidence"])})
        return [found[pair] for pair in sorted(found)]

    def cluster_ids(self, article_ids: Iterable[str]) -> dict[str, str]:
        """Return the cluster of each of those articles that is in one."""
        c = t.clusters.c
        return {
            r["article_id"]: r["cluster_id"]
            for chunk in in_chunks(list(article_ids))
            for r in self._rows(sql.select(t.clusters).where(c.article_id.in_(chunk)))
        }

    def clusters(self, ids: Iterable[str] | None = None) -> list[Cluster]:
        """Return the clusters of those ids, or all of them, each with its probable original."""
        query = sql.select(t.clusters)
        if ids is not None:
            query = query.where(t.clusters.c.cluster_id.in_(list(ids)))
        members: dict[str, list[str]] = {}
        for row in self._rows(query.order_by(t.clusters.c.cluster_id, t.clusters.c.article_id)):
            members.setdefault(row["cluster_id"], []).append(row["article_id"])
        return [Cluster(id=i, members=tuple(m), original=self._original(m)) for i, m in members.items()]

    def _original(self, members: list[str]) -> str | None:
        """Return the one member that nobody had before; None: several are left, or none."""
        dups = [m for m in self.matches_of(members) if m.relation is Relation.DUP and {m.a, m.b} <= set(members)]
        copies = {m.a if m.first == m.b else m.b for m in dups if m.first}
        left = [article_id for article_id in members if article_id not in copies]
        return left[0] if len(left) == 1 else None
