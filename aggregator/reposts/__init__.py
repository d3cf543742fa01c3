"""Who has this text: the family of an article, or of a text that somebody pasted."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import UTC, datetime

from aggregator import access, credits, dedupe
from aggregator.catalogue import Catalogue
from aggregator.dedupe import GIVEN, About, Candidate
from aggregator.errors import BusyError, StoreError
from aggregator.home import Home
from aggregator.matching import Articles, Finder
from aggregator.model import Article, Cluster, Credit, Following, Match, Pair, Relation, Version
from aggregator.reposts.comparing import Compared, Part, compare
from aggregator.reposts.corpus import Found, in_corpus
from aggregator.reposts.deciding import Decision, confirm, join, refuse, split, standing, watch, watched
from aggregator.reposts.watching import Repost, tell
from aggregator.reuse import Reuse

_ABOVE = 1 << 60
"""Its number: above that of every article."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Articles that share text, with the evidence."""

    cluster: Cluster | None
    """Those that are one text, in the language that had it first; None: no two are."""
    articles: dict[str, Article]
    matches: tuple[Match, ...]
    credits: dict[str, tuple[Credit, ...]]
    texts: dict[str, str]
    """The texts that the passages stand in, by version digest."""
    decisions: tuple[Decision, ...]
    """What people decided of those in it, the oldest first."""

    @property
    def is_alone(self) -> bool:
        """Whether it is one article that shares text with no other."""
        return not (self.matches or self.cluster)

    @property
    def members(self) -> frozenset[str]:
        """The articles in it."""
        return frozenset(self.articles)

    @property
    def in_order(self) -> list[Article]:
        """Its articles as they were published; a text given first, what claims no date as it was first seen."""
        return sorted(self.articles.values(), key=lambda a: (a.id != GIVEN, _dated(a), a.id))

    def ordered(self, match: Match) -> tuple[str, str]:
        """Return the two articles of a match, the earlier first."""
        if match.first:
            return match.first, match.b if match.first == match.a else match.a
        a, b = (next(n for n, article in enumerate(self.in_order) if article.id == i) for i in (match.a, match.b))
        return (match.a, match.b) if a <= b else (match.b, match.a)

    def best_match(self, article_id: str) -> Match | None:
        """Return the match that tells most of an article: with the original or the text given, else the largest."""
        central = {self.cluster.original} if self.cluster and self.cluster.original else set()
        central |= {GIVEN} & self.members
        return max(
            (m for m in self.matches if article_id in (m.a, m.b)),
            key=lambda m: (bool(central & {m.a, m.b}), max(m.a_coverage, m.b_coverage), m.a, m.b),
            default=None,
        )

    def telling_matches(self) -> list[Match]:
        """Return the matches that tell most of each article, each once, as the articles were published."""
        found = (self.best_match(article.id) for article in self.in_order)
        return list(dict.fromkeys(match for match in found if match))


def families(home: Home, *having: Set[str]) -> Iterator[Family]:
    """Yield every family: articles that are one text, with translations, or share passages; the largest first.

    They are read one after the other: of a large archive, all of them do not fit into memory.

    Args:
        home: Whose.
        having: Only families with one article of each of these.

    Raises:
        StoreError: The catalogue is missing, damaged or of another version.
    """
    with access.opened(home) as catalogue:
        pairs, decided = catalogue.pairs(), standing(home, catalogue)
        partners = _partners(pairs)
        found = []
        for members in _families(catalogue, pairs):
            everybody = members.union(*(partners.get(i, ()) for i in members))
            if all(everybody & some for some in having):
                found.append((-len(everybody), min(everybody), members))
        for _, _, members in sorted(found, key=lambda one: one[:2]):
            yield _family(catalogue, members, decided)


def _families(catalogue: Catalogue, pairs: Iterable[Pair]) -> Iterator[set[str]]:
    """Yield the articles of each family, without those that only share a passage with one of them, if it has others."""
    near = _partners(p for p in pairs if p.relation is Relation.TRANSLATION)
    for cluster in catalogue.clusters():
        first, *others = cluster.members
        near.setdefault(first, set()).update(others)
        for other in others:
            near.setdefault(other, set()).add(first)
    yield from _parts(near)
    yield from _parts(_partners(p for p in pairs if not {p.a, p.b} & near.keys()))


def _parts(near: Mapping[str, Set[str]]) -> Iterator[set[str]]:
    """Yield articles that are connected, directly or through others."""
    seen: set[str] = set()
    for article_id in sorted(near):
        if article_id not in seen:
            members = _closure([article_id], lambda new: {other for one in new for other in near[one]})
            seen |= members
            yield members


def _partners(pairs: Iterable[Pair]) -> dict[str, set[str]]:
    """Return with whom each article has a match."""
    found: dict[str, set[str]] = {}
    for pair in pairs:
        found.setdefault(pair.a, set()).add(pair.b)
        found.setdefault(pair.b, set()).add(pair.a)
    return found


def family_of(home: Home, article: Article) -> Family:
    """Return the articles that share text with one; it stands alone when none does."""
    with access.opened(home) as catalogue:
        return _family(catalogue, _kin(catalogue, [article.id]), standing(home, catalogue))


def _kin(catalogue: Catalogue, ids: Iterable[str]) -> set[str]:
    """Return articles with all that are one text with them, or translate it, directly or through others."""

    def near(new: Set[str]) -> set[str]:
        names = set(catalogue.cluster_ids(new).values())
        members = {m for cluster in catalogue.clusters(names) for m in cluster.members}
        translated = (m for m in catalogue.matches_of(new) if m.relation is Relation.TRANSLATION)
        return members | {i for m in translated for i in (m.a, m.b)}

    return _closure(ids, near)


def _closure(ids: Iterable[str], near: Callable[[Set[str]], set[str]]) -> set[str]:
    found = new = set(ids)
    while new:
        new = near(new) - found
        found = found | new
    return found


def first_seen_since(home: Home, at: datetime) -> frozenset[str]:
    """Return the articles that were first seen at an instant or later."""
    with access.opened(home) as catalogue:
        return frozenset(facts.id for facts in catalogue.all_facts() if facts.captured_at >= at)


def _family(catalogue: Catalogue, members: Set[str], decided: Sequence[Decision]) -> Family:
    """Return the family of those articles, with what shares a passage with any, and what was decided of them."""
    matches = tuple(catalogue.matches_of(sorted(members)))
    ids = {i for m in matches for i in (m.a, m.b)} | members
    articles = catalogue.articles(ids)
    credits, versions = catalogue.credits_of(articles), catalogue.versions_of(articles)
    clusters = catalogue.clusters(set(catalogue.cluster_ids(members).values()))
    return Family(
        cluster=min(
            clusters, key=lambda c: min((_dated(articles[i]), i) for i in c.members if i in articles), default=None
        ),
        articles=articles,
        matches=matches,
        credits={i: tuple(credits.get(i, ())) for i in sorted(articles)},
        texts={v.digest: v.text for several in versions.values() for v in several},
        decisions=tuple(one for one in decided if not members.isdisjoint(one.articles)),
    )


def _dated(article: Article) -> datetime:
    return article.claimed_at or article.captured_at


def who_has(home: Home, following: Following, pasted: str) -> Family:
    """Return the articles that share text with a pasted one, which is called ``given``.

    Raises:
        BusyError: Likewise, but they are being made again.
        StoreError: Catalogue or fingerprints are missing, damaged or of another version.
    """
    text = unicodedata.normalize("NFC", pasted)
    given = _as_article(text)
    found = credits.resolved(text, following.sources)
    one = dedupe.Candidate(article=given, versions=[_as_version(given)], credits=found, source=None)
    with access.opened(home) as catalogue:
        reuse = _fingerprints(home)
        known = _WithGiven(catalogue, following, reuse, one)
        finder = Finder(reuse, known)
        matches = dedupe.settle(finder.alignments([GIVEN]), known, dedupe.Decided()).matches
        near = {i for m in matches for i in (m.a, m.b)} - {GIVEN}
        family = _family(catalogue, _kin(catalogue, near), standing(home, catalogue)) if near else None
    return Family(
        cluster=family.cluster if family else None,
        articles={GIVEN: given, **(family.articles if family else {})},
        matches=(*matches, *(family.matches if family else ())),
        credits={GIVEN: tuple(found), **(family.credits if family else {})},
        texts={given.version: text, **(family.texts if family else {})},
        decisions=family.decisions if family else (),
    )


def _fingerprints(home: Home) -> Reuse:
    try:
        return Reuse(home.reuse)
    except StoreError:
        if pid := home.writer:
            outcome = "The fingerprints are missing or damaged, and are made again first: ask again when it has ended."
            raise BusyError(home.root, pid, outcome) from None
        raise


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


__all__ = [
    "GIVEN",
    "Compared",
    "Decision",
    "Family",
    "Found",
    "Part",
    "Repost",
    "compare",
    "confirm",
    "families",
    "family_of",
    "first_seen_since",
    "in_corpus",
    "join",
    "refuse",
    "split",
    "standing",
    "tell",
    "watch",
    "watched",
    "who_has",
]
