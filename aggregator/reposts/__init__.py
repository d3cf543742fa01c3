"""Who has this text: the family of an article, or of a text that somebody pasted."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import UTC, datetime

from aggregator import access, credits, dedupe
from aggregator.catalogue import Catalogue
from aggregator.dedupe import About, Candidate
from aggregator.home import Home
from aggregator.matching import Articles, Finder
from aggregator.model import Article, Cluster, Credit, Following, Match, Relation, Version
from aggregator.reposts.corpus import Found, in_corpus
from aggregator.reuse import Reuse

GIVEN = "given"
"""The id under which a pasted text takes part in matches."""
_ABOVE = 1 << 60
"""Its number: above that of every article."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Articles that share text, with the evidence."""

    cluster: Cluster | None
    """Those that are one text; None: only passages are shared."""
    articles: dict[str, Article]
    matches: tuple[Match, ...]
    credits: dict[str, tuple[Credit, ...]]
    texts: dict[str, str]
    """The texts that the passages stand in, by version digest."""


def families(home: Home) -> list[Family]:
    """Return every family of two or more, the largest first.

    Raises:
        StoreError: The catalogue is missing, damaged or of another version.
    """
    with access.opened(home) as catalogue:
        found = [_family(catalogue, cluster.members, cluster) for cluster in catalogue.clusters()]
    return sorted(found, key=lambda f: (-len(f.articles), min(f.articles)))


def family_of(home: Home, article: Article) -> Family:
    """Return the articles that share text with one; it stands alone when none does."""
    with access.opened(home) as catalogue:
        name = catalogue.cluster_ids([article.id]).get(article.id)
        cluster = next(iter(catalogue.clusters([name])), None) if name else None
        return _family(catalogue, cluster.members if cluster else (article.id,), cluster)


def _family(catalogue: Catalogue, members: Iterable[str], cluster: Cluster | None) -> Family:
    matches = tuple(catalogue.matches_of(members))
    ids = {i for m in matches for i in (m.a, m.b)} | set(members)
    articles = catalogue.articles(ids)
    return Family(
        cluster=cluster,
        articles=articles,
        matches=matches,
        credits={i: tuple(catalogue.credits(i)) for i in sorted(articles)},
        texts={v.digest: v.text for i in articles for v in catalogue.versions(i)},
    )


def who_has(home: Home, following: Following, pasted: str) -> Family:
    """Return the articles that share text with a pasted one, which is called ``given``.

    Raises:
        StoreError: Catalogue or fingerprints are missing, damaged or of another version.
    """
    text = unicodedata.normalize("NFC", pasted)
    given = _as_article(text)
    found = credits.resolved(text, following.sources)
    one = dedupe.Candidate(article=given, versions=[_as_version(given)], credits=found, source=None)
    with access.opened(home) as catalogue:
        reuse = Reuse(home.reuse)
        known = _WithGiven(catalogue, following, reuse, one)
        finder = Finder(reuse, known)
        matches = dedupe.settle(list(finder.alignments([GIVEN])), known, dedupe.Decided()).matches
        same = {i for m in matches if m.relation is Relation.DUP for i in (m.a, m.b)} - {GIVEN}
        family = _family(catalogue, *_whole_family(catalogue, same)) if same else None
        shared = catalogue.articles({i for m in matches for i in (m.a, m.b)} - {GIVEN})
        texts = {v.digest: v.text for i in shared for v in catalogue.versions(i)}
    return Family(
        cluster=family.cluster if family else None,
        articles={GIVEN: given, **shared, **(family.articles if family else {})},
        matches=(*matches, *(family.matches if family else ())),
        credits={GIVEN: tuple(found), **(family.credits if family else {})},
        texts={given.version: text, **texts, **(family.texts if family else {})},
    )


class _WithGiven(Articles):
    """What is known of the articles of a home, and of a text that was pasted."""

    def __init__(self, catalogue: Catalogue, following: Following, reuse: Reuse, given: dedupe.Candidate) -> None:
        super().__init__(catalogue, following, reuse)
        self._given = given

    def versions(self, ids: Sequence[str]) -> Mapping[str, Sequence[Version]]:
        """Return all versions of those articles that there are, oldest first."""
        return {**super().versions(ids), **({GIVEN: self._given.versions} if GIVEN in ids else {})}

    def number_of(self, article_id: str) -> int:
        """Return the number of an article; that of the given text is above all."""
        return _ABOVE if article_id == GIVEN else super().number_of(article_id)

    def id_of(self, number: int) -> str:
        """Return the article of a number."""
        return GIVEN if number == _ABOVE else super().id_of(number)

    def about(self, ids: Iterable[str]) -> Mapping[str, About]:
        """Return what is known of those articles, besides their texts."""
        return {**super().about(ids), GIVEN: About.of(self._given.article)}

    def credited(self, ids: Iterable[str]) -> Mapping[str, Set[str]]:
        """Return the sources that those articles credit; those that credit none may be left out."""
        return {**super().credited(ids), GIVEN: {c.source_id for c in self._given.credits if c.source_id}}

    def candidates(self, ids: Iterable[str]) -> Mapping[str, Candidate]:
        """Return all that is known of those articles."""
        return {**super().candidates(ids), GIVEN: self._given}


def _whole_family(catalogue: Catalogue, same: set[str]) -> tuple[tuple[str, ...], Cluster]:
    """Return the family of articles that are one text with a pasted one: the one they are in, or a new one."""
    clusters = catalogue.clusters(set(catalogue.cluster_ids(same).values()))
    members = tuple(sorted(same.union(*(c.members for c in clusters))))
    originals = {c.original for c in clusters} | (same - {m for c in clusters for m in c.members})
    original = originals.pop() if len(originals) == 1 else None
    return members, Cluster(id=members[0], members=members, original=original)


def _as_article(text: str) -> Article:
    return Article(
        id=GIVEN,
        source_id="",
        url="",
        title=None,
        authors=(),
        claimed_at=None,
        captured_at=datetime.now(UTC),
        language=None,
        text=text,
        version=dedupe.version_digest(None, text),
        number=1,
    )


def _as_version(given: Article) -> Version:
    return Version(
        article_id=GIVEN,
        number=1,
        digest=given.version,
        captured_at=given.captured_at,
        record_id="",
        generation="",
        title=None,
        text=given.text,
        read_title=None,
        authors=(),
        claimed_at=None,
        language=None,
        problems=(),
    )


__all__ = ["GIVEN", "Family", "Found", "families", "family_of", "in_corpus", "who_has"]
