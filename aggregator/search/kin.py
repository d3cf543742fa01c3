"""A query to the families that its articles belong to: which texts were copied, by how many, since when."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime

from aggregator import access
from aggregator.home import Home
from aggregator.model import Article
from aggregator.query import Query
from aggregator.search import matching_in
from aggregator.search.past import answers_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Kin:
    """Articles that are one text, of which some were found."""

    members: tuple[Article, ...]
    """All of them, the first published in front: as claimed, or else as first seen."""
    original: str | None
    """The probable original; None: undecided."""
    found: int
    """How many of them were found."""

    @property
    def head(self) -> Article:
        """What stands for them: the original, or else the first."""
        return next((one for one in self.members if one.id == self.original), self.members[0])

    @property
    def sources(self) -> tuple[str, ...]:
        """Where they are, in the order of the members."""
        return tuple(dict.fromkeys(one.source_id for one in self.members))

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages that are known, likewise."""
        return tuple(dict.fromkeys(one.language for one in self.members if one.language))


@dataclass(frozen=True, slots=True, kw_only=True)
class Kindred:
    """Families of a query."""

    query: str
    """As it was typed."""
    articles: int
    """How many were found, copies too."""
    families: int
    """How many families these belong to; most articles have none."""
    shown: tuple[Kin, ...]
    """Some of them, those with most members found in front, then the largest."""
    note: str | None
    """As in Results."""


def families(home: Home, query: Query, *, limit: int, offset: int = 0, as_of: datetime | None = None) -> Kindred:
    """Return the families that the articles found belong to.

    Args:
        home: Where to look.
        query: As parsed, with filters.
        limit: Families to return.
        offset: Families to pass over.
        as_of: Find what could be read just before then; the families are those of now. None: as it is now.

    Raises:
        StoreError: Catalogue or index is missing, damaged or of another version.
    """
    if home.is_new:
        return Kindred(query=query.text, articles=0, families=0, shown=(), note="Nothing was crawled yet.")
    with access.opened(home) as catalogue, closing(answers_of(home, catalogue, as_of)) as answers:
        ids, note = matching_in(answers, home, catalogue, query)
        counts = Counter(catalogue.cluster_ids(ids).values())
        clusters = catalogue.clusters(counts)
        ranked = sorted(clusters, key=lambda one: (-counts[one.id], -len(one.members), one.id))
        some = ranked[offset : offset + limit]
        known = catalogue.articles({member for one in some for member in one.members})
    shown = tuple(
        Kin(members=_in_order([known[i] for i in one.members]), original=one.original, found=counts[one.id])
        for one in some
    )
    return Kindred(query=query.text, articles=len(ids), families=len(clusters), shown=shown, note=note)


def _in_order(articles: Sequence[Article]) -> tuple[Article, ...]:
    return tuple(sorted(articles, key=lambda one: (one.claimed_at or one.captured_at, one.id)))
