"""Who has this text: the family of an article, or of a text that somebody pasted."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from datetime import UTC, datetime

from aggregator import access, credits, dedupe, words
from aggregator.catalogue import Catalogue
from aggregator.dedupe import GIVEN, About, Candidate
from aggregator.errors import BusyError, StoreError
from aggregator.home import Home
from aggregator.matching import Articles, Finder
from aggregator.model import Article, Following, Match, Relation, Version
from aggregator.reposts.comparing import Compared, Part, compare
from aggregator.reposts.corpus import Found, in_corpus
from aggregator.reposts.deciding import (
    Bonds,
    Decision,
    already,
    bonds,
    confirm,
    join,
    refuse,
    split,
    standing,
    watch,
    watched,
)
from aggregator.reposts.family import Family, RoundUp, closure, dated, grouped, partners, round_ups
from aggregator.reposts.watching import Repost, tell
from aggregator.reuse import Reuse

LEAST_WORDS = int(dedupe.MIN_STRETCH_WORDS)
"""Of a text that is given, for less is never found."""
_ABOVE = 1 << 60
"""The number of a text that was given: above that of every article."""
_TRIES = 10
"""How often it is asked about, when a writer changes the fingerprints meanwhile."""


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
        near = partners(pairs)
        found = []
        for members in grouped(catalogue.clusters(), pairs):
            everybody = members.union(*(near.get(i, ()) for i in members))
            if all(everybody & some for some in having):
                found.append((-len(everybody), min(everybody), members))
        for _, _, members in sorted(found, key=lambda one: one[:2]):
            yield _family(catalogue, members, decided)


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

    return closure(ids, near)


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
    texts = {(i, v.digest): v.text for i, several in versions.items() for v in several}
    gathered = catalogue.matches_of({i for m in matches if m.kind == "roundup" for i in (m.a, m.b) if i != m.first})
    decisions = tuple(one for one in decided if not members.isdisjoint(one.articles))
    return Family(
        cluster=min(
            clusters, key=lambda c: min((dated(articles[i]), i) for i in c.members if i in articles), default=None
        ),
        articles=articles,
        matches=matches,
        credits={i: tuple(credits.get(i, ())) for i in sorted(articles)},
        texts=texts,
        round_ups=round_ups(gathered, catalogue.cluster_ids({i for m in gathered for i in (m.a, m.b)}), texts),
        decisions=decisions,
        apart=catalogue.articles({i for one in decisions for i in one.articles} - articles.keys()),
    )


def words_in(text: str) -> int:
    """Return how many words a text has, as they are compared: fewer than ``LEAST_WORDS``, and nobody has it."""
    return len(words.words(unicodedata.normalize("NFC", text[: words.MAX_COMPARED_CHARS])))


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
        matches = _matches_of(home, catalogue, following, one)
        near = {i for m in matches for i in (m.a, m.b)} - {GIVEN}
        family = _family(catalogue, _kin(catalogue, near), standing(home, catalogue)) if near else None
        one_text = catalogue.cluster_ids(near)
    texts = {(GIVEN, given.version): text, **(family.texts if family else {})}
    return Family(
        cluster=family.cluster if family else None,
        articles={GIVEN: given, **(family.articles if family else {})},
        matches=(*matches, *(family.matches if family else ())),
        credits={GIVEN: tuple(found), **(family.credits if family else {})},
        texts=texts,
        round_ups={**round_ups(matches, one_text, texts), **(family.round_ups if family else {})},
        decisions=family.decisions if family else (),
        apart=family.apart if family else {},
    )


def _matches_of(home: Home, catalogue: Catalogue, following: Following, given: dedupe.Candidate) -> Sequence[Match]:
    """Return what a text that was pasted shares with articles.

    It is asked again when the fingerprints were changed meanwhile: they may have been overwritten while they were read.
    """
    for _ in range(_TRIES):
        reuse = _fingerprints(home)
        known = _WithGiven(catalogue, following, reuse, given)
        try:
            found = dedupe.settle(Finder(reuse, known).alignments([GIVEN]), known, dedupe.Decided()).matches
        except StoreError:
            if reuse.is_current:
                raise
        else:
            if reuse.is_current:
                return found
    raise BusyError(home.root, home.writer, "The fingerprints change all the time: ask again when it has ended.")


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
    "LEAST_WORDS",
    "Bonds",
    "Compared",
    "Decision",
    "Family",
    "Found",
    "Part",
    "Repost",
    "RoundUp",
    "already",
    "bonds",
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
    "words_in",
]
