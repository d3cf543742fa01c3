"""A few articles as a home would have them, and what compares them with one another, all in memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from aggregator import credits, dedupe
from aggregator.dedupe import About, Candidate, Decided, Holders, Settled, Standing
from aggregator.matching import Finder
from aggregator.model import Article, Source, Version
from aggregator.reuse import Reuse
from aggregator.words import Hashes
from tests.fakeweb import NOON, source

SEEN = NOON + timedelta(days=7)
"""When every article was first seen."""
A, B, C = SOURCES = tuple(source(name) for name in "abc")
NIGHT = (
    "All through the night the ferries lay at anchor with their lights on, and from the breakwater one could hear the "
    "deck hands arguing about whether the strike fund would last until the boats were paid for the autumn timetable."
)
"""A third text of our own, one paragraph."""


def candidate(
    one: Source,
    *texts: str,
    title: str = "The net loft",
    at: str | datetime | None = "2026-11-02T10:00",
    url: str | None = None,
    language: str = "en",
    sources: Sequence[Source] = SOURCES,
) -> Candidate:
    """An article of a source as it would be catalogued, its versions in order.

    ``at`` is the claimed date, ``sources`` are those whose credits are understood.
    """
    address = url or f"{one.url}{title}"
    ident = dedupe.article_id(one.id, address)
    claimed_at = datetime.fromisoformat(at).replace(tzinfo=UTC) if isinstance(at, str) else at
    versions = [
        Version(
            article_id=ident,
            number=number,
            digest=dedupe.version_digest(title, text),
            captured_at=SEEN + timedelta(hours=number),
            record_id=f"<{ident}-{number}>",
            generation="",
            title=title,
            text=text,
            read_title=title,
            authors=(),
            claimed_at=claimed_at,
            language=language,
            problems=(),
        )
        for number, text in enumerate(texts, 1)
    ]
    article = Article(
        id=ident,
        source_id=one.id,
        url=address,
        title=title,
        authors=(),
        claimed_at=claimed_at,
        captured_at=SEEN,
        language=language,
        text=texts[-1],
        version=versions[-1].digest,
        number=len(texts),
    )
    return Candidate(article=article, versions=versions, credits=credits.resolved(texts[-1], sources), source=one)


class FewArticles:
    """What is known of a few articles; see ``dedupe.Readable`` and ``matching.Texts``."""

    def __init__(self, *candidates: Candidate) -> None:
        self._by_id = {candidate.article.id: candidate for candidate in candidates}
        self._reuse = Reuse()

    def settled(self, decided: Decided | None = None, standing: Standing | None = None) -> Settled:
        finder = Finder(self._reuse, self)
        finder.add(self._by_id)
        return dedupe.settle(finder.alignments(self._by_id), self, decided or Decided(), standing)

    def versions(self, ids: Sequence[str]) -> dict[str, Sequence[Version]]:
        return {i: self._by_id[i].versions for i in ids}

    def number_of(self, article_id: str) -> int:
        return dedupe.article_number(article_id)

    def id_of(self, number: int) -> str:
        return dedupe.numbered_article(number)

    def about(self, ids: Iterable[str]) -> dict[str, About]:
        return {i: About.of(self._by_id[i].article) for i in ids}

    def holders(self, grams: Hashes) -> Holders:
        return Holders.of(*self._reuse.holders(grams), self.id_of)

    def credited(self, ids: Iterable[str]) -> dict[str, set[str]]:
        return {i: {c.source_id for c in self._by_id[i].credits if c.source_id} for i in ids}

    def sames(self, ids: Iterable[str]) -> dict[str, str]:
        return {}

    def candidates(self, ids: Iterable[str]) -> dict[str, Candidate]:
        return {i: self._by_id[i] for i in ids}
