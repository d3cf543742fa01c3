"""What came last: new articles, edits, answers that a page is not there, matches.

Only names are returned, no words: what of them may be seen is decided where they are read.
"""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sql
from sqlalchemy.engine import RowMapping

from aggregator.catalogue import tables as t
from aggregator.catalogue.articles import possible_keys
from aggregator.catalogue.opened import Opened, in_chunks
from aggregator.model import Role

_NOT_THERE = (404, 410)


class Newest(Opened):
    """What came last of some sources, the newest first."""

    def newest_articles(self, source_ids: Collection[str], limit: int) -> list[str]:
        """Return the ids of the articles that were first seen last."""
        a = t.articles.c
        found: list[RowMapping] = []
        for source_id in source_ids:  # each by the index of its own; of all at once every row would be read
            of_it = sql.select(a.id, a.captured_at).where(a.source_id == source_id)
            found += self._rows(of_it.order_by(a.captured_at.desc()).limit(limit))
        found.sort(key=lambda row: (row["captured_at"], row["id"]), reverse=True)
        return [row["id"] for row in found[:limit]]

    def newest_edits(self, source_ids: Collection[str], limit: int) -> list[tuple[str, int]]:
        """Return article and number of the versions that were first seen last, without those that came first."""
        v, a = t.versions.c, t.articles.c
        query = sql.select(v.article_id, v.number).join(t.articles, a.id == v.article_id)
        edits = query.where(v.number > 1, a.source_id.in_(source_ids))
        newest = edits.order_by(v.captured_at.desc(), v.article_id, v.number.desc()).limit(limit)
        return [(row["article_id"], row["number"]) for row in self._rows(newest)]

    def newest_absences(self, source_ids: Collection[str], limit: int) -> list[str]:
        """Return the ids of the articles at whose addresses a page was not there (404, 410) last."""
        c, a = t.captures.c, t.articles.c
        absent = sql.select(c.asked_url).where(
            c.source_id.in_(source_ids), c.role == Role.PAGE, c.status.in_(_NOT_THERE)
        )
        newest = absent.group_by(c.asked_url).order_by(sql.func.max(c.captured_at).desc(), c.asked_url).limit(limit)
        keys = list(dict.fromkeys(key for row in self._rows(newest) for key in sorted(possible_keys(row["asked_url"]))))
        found: dict[str, list[str]] = {}
        for chunk in in_chunks(keys):
            for row in self._rows(sql.select(a.id, a.key).where(a.key.in_(chunk)).order_by(a.id)):
                found.setdefault(row["key"], []).append(row["id"])
        return list(dict.fromkeys(article_id for key in keys for article_id in found.get(key, ())))

    def newest_matches(self, source_ids: Collection[str], limit: int) -> list[tuple[str, str]]:
        """Return the matches, by their two articles, of which the one that was seen later was seen last."""
        m, a, b = t.matches.c, t.articles.alias("one"), t.articles.alias("other")
        later = sql.case((a.c.captured_at > b.c.captured_at, a.c.captured_at), else_=b.c.captured_at)
        joined = sql.select(m.a, m.b).join(a, a.c.id == m.a).join(b, b.c.id == m.b)
        of_them = joined.where(sql.or_(a.c.source_id.in_(source_ids), b.c.source_id.in_(source_ids)))
        return [(row["a"], row["b"]) for row in self._rows(of_them.order_by(later.desc(), m.a, m.b).limit(limit))]
