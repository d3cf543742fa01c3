"""Which articles share text: the raw evidence, the matches and clusters that it makes, and who waits to be compared."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, fields
from itertools import islice
from typing import Any

import sqlalchemy as sql

from aggregator.catalogue import tables as t
from aggregator.catalogue.opened import Opened, as_row, in_chunks
from aggregator.model import Alignment, Cluster, Match, Pair, Passage, Relation, Shared, Stretch

_PUT = 2_000
"""Matches that are stored at a time."""


class Matches(Opened):
    """Alignments, matches and clusters."""

    # --- who waits --------------------------------------------------------------------------------------------------

    def to_match(self) -> list[str]:
        """Return the articles that were not compared with others as they now are."""
        return self._listed(t.to_match)

    def matched(self, article_ids: Iterable[str]) -> None:
        """Take articles off that list."""
        self._done(t.to_match, article_ids)

    def not_lost(self, article_ids: Iterable[str]) -> None:
        """Take off that list those that ``forget_translations`` alone put there, once."""
        self._done_as(t.to_match, dict.fromkeys(article_ids, 0))

    def match_all(self) -> None:
        """Put every article on both lists; what was found stands until something else is found."""
        for table in (t.to_match, t.to_translate):
            self._list(table, [{"article_id": r["id"]} for r in self._rows(sql.select(t.articles.c.id))])

    def to_translate(self) -> list[str]:
        """Return the articles whose translations were not looked for as they now are."""
        return self._listed(t.to_translate)

    def months_of(self, article_ids: Iterable[str]) -> set[int]:
        """Return in which months the translations of those articles were last looked for."""
        m = t.months.c
        rows = (
            r
            for chunk in in_chunks(sorted(set(article_ids)))
            for r in self._rows(sql.select(m.month).where(m.article_id.in_(chunk)))
        )
        return {r["month"] for r in rows}

    def translated(self, article_ids: Iterable[str], months: Mapping[str, int]) -> None:
        """Take articles off that list, and note in which month the translations of each were looked for."""
        self._put(t.months, [{"article_id": i, "month": months[i]} for i in article_ids if i in months])
        self._done(t.to_translate, article_ids)

    # --- evidence ---------------------------------------------------------------------------------------------------

    def put_alignments(self, alignments: Iterable[Alignment]) -> None:
        """Store what articles share, in the place of what those pairs had."""
        rows = [{**as_row(one), "shared": [asdict(shared) for shared in one.shared]} for one in alignments]
        self._put(t.alignments, rows)

    def translate_anew(self, article_ids: Iterable[str]) -> None:
        """Have the translations of articles looked for again."""
        self._list(t.to_translate, [{"article_id": i} for i in article_ids])

    def forget_alignments(self, article_ids: Iterable[str]) -> None:
        """Remove what those articles share with any."""
        x = t.alignments.c
        for chunk in in_chunks(list(article_ids)):
            self._connection.execute(t.alignments.delete().where(sql.or_(x.a.in_(chunk), x.b.in_(chunk))))

    def connected(self, article_ids: Iterable[str]) -> set[str]:
        """Return those articles with all that share something with them, directly or through others."""
        x = t.alignments.c
        found = new = set(article_ids)
        while new:
            near: set[str] = set()
            for chunk in in_chunks(sorted(new)):
                near |= {r["b"] for r in self._rows(sql.select(x.b).where(x.a.in_(chunk)))}
                near |= {r["a"] for r in self._rows(sql.select(x.a).where(x.b.in_(chunk)))}
            new = near - found
            found = found | new
        return found

    def alignments_within(self, article_ids: Iterable[str]) -> Iterator[Alignment]:
        """Yield what articles share with one another, given all of them that are connected."""
        for chunk in in_chunks(sorted(set(article_ids))):
            for r in self._each(sql.select(t.alignments).where(t.alignments.c.a.in_(chunk))):
                yield Alignment(**{**r, "shared": tuple(map(_shared, r["shared"]))})

    def sames(self, article_ids: Iterable[str]) -> dict[str, str]:
        """Return, of those articles that have unchanged copies, the smallest id of these."""
        s = t.sames.c
        rows = [
            r
            for chunk in in_chunks(sorted(set(article_ids)))
            for r in self._rows(sql.select(t.sames).where(s.article_id.in_(chunk)))
        ]
        return {r["article_id"]: r["same_id"] for r in rows}

    # --- what it means ----------------------------------------------------------------------------------------------

    def put_found(
        self,
        article_ids: Collection[str],
        matches: Iterable[Match],
        clusters: Iterable[Cluster],
        sames: Mapping[str, str],
    ) -> None:
        """Store what is found of articles, in the place of all that was found of them.

        Args:
            article_ids: Of whom; no other article shares anything with them.
            matches: Between them.
            clusters: Of them.
            sames: Those with unchanged copies, with the smallest id of these.
        """
        m = t.matches.c
        kept: set[tuple[str, str]] = set()
        before = self.cluster_ids(article_ids)
        for chunk in in_chunks(sorted(set(article_ids))):
            of_these, is_translation = sql.or_(m.a.in_(chunk), m.b.in_(chunk)), m.relation == Relation.TRANSLATION
            kept |= {(r["a"], r["b"]) for r in self._rows(sql.select(m.a, m.b).where(of_these, is_translation))}
            self._connection.execute(t.matches.delete().where(of_these, ~is_translation))
            self._connection.execute(t.clusters.delete().where(t.clusters.c.article_id.in_(chunk)))
            self._connection.execute(t.sames.delete().where(t.sames.c.article_id.in_(chunk)))
        new = (match for match in matches if (match.a, match.b) not in kept)
        while some := list(islice(new, _PUT)):
            self._put(t.matches, [as_row(match) for match in some])
        self._put(
            t.clusters,
            [
                {"article_id": i, "cluster_id": cluster.id, "is_original": i == cluster.original}
                for cluster in clusters
                for i in cluster.members
            ],
        )
        self._put(t.sames, [{"article_id": i, "same_id": same} for i, same in sames.items()])
        now = self.cluster_ids(article_ids)
        moved = [i for i in article_ids if before.get(i) != now.get(i)]
        self.translate_anew(moved)  # copies are no rivals of a translation

    def put_translations(self, matches: Iterable[Match]) -> None:
        """Store translations, in the place of whatever else those pairs were found to be."""
        self._put(t.matches, [as_row(match) for match in matches])

    def forget_translations(self, matches: Iterable[Match]) -> None:
        """Remove translations; what the same articles share besides is looked for again."""
        m = t.matches.c
        for match in matches:
            self._connection.execute(t.matches.delete().where(m.a == match.a, m.b == match.b))
            shared = sql.select(t.alignments.c.a).where(t.alignments.c.a == match.a, t.alignments.c.b == match.b)
            if self._rows(shared):
                self._list(t.to_match, [{"article_id": match.a}])

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

    def pairs(self) -> list[Pair]:
        """Return which articles have a match, by their ids."""
        columns = [t.matches.c[f.name] for f in fields(Pair)]
        rows = self._each(sql.select(*columns).order_by(t.matches.c.a, t.matches.c.b))
        return [Pair(**{**r, "relation": Relation(r["relation"])}) for r in rows]

    def cluster_ids(self, article_ids: Iterable[str]) -> dict[str, str]:
        """Return the cluster of each of those articles that is in one."""
        return {i: cluster for i, (cluster, _) in self.memberships(article_ids).items()}

    def memberships(self, article_ids: Iterable[str]) -> dict[str, tuple[str, bool]]:
        """Return of each of those articles that is in a cluster which that is, and whether it is its original."""
        return {
            r["article_id"]: (r["cluster_id"], r["is_original"])
            for chunk in in_chunks(list(article_ids))
            for r in self._rows(sql.select(t.clusters).where(t.clusters.c.article_id.in_(chunk)))
        }

    def clusters(self, ids: Iterable[str] | None = None) -> list[Cluster]:
        """Return the clusters of those ids, or all of them, each with its probable original."""
        query = sql.select(t.clusters).order_by(t.clusters.c.cluster_id, t.clusters.c.article_id)
        chunks = (
            [query]
            if ids is None
            else [query.where(t.clusters.c.cluster_id.in_(chunk)) for chunk in in_chunks(sorted(set(ids)))]
        )
        members: dict[str, list[str]] = {}
        originals: dict[str, str] = {}
        for row in (row for chunk in chunks for row in self._rows(chunk)):
            members.setdefault(row["cluster_id"], []).append(row["article_id"])
            if row["is_original"]:
                originals[row["cluster_id"]] = row["article_id"]
        return [Cluster(id=i, members=tuple(m), original=originals.get(i)) for i, m in members.items()]


def _shared(said: Mapping[str, Any]) -> Shared:
    stretches = (Stretch(words=each["words"], grams=tuple(each["grams"])) for each in said["stretches"])
    return Shared(
        passage=Passage(**said["passage"]), words=said["words"], alike=said["alike"], stretches=tuple(stretches)
    )
