"""Reposts in any corpus, without a home: all is kept in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from aggregator import corpora, credits, dedupe, extract, urls
from aggregator.dedupe import About, Candidate, Holders, Writing
from aggregator.matching import Finder
from aggregator.model import Article, Cluster, Credit, Match, Passage, Source, Version
from aggregator.reposts.family import Family, dated, grouped, round_ups
from aggregator.reuse import Reuse
from aggregator.words import Hashes


@dataclass(frozen=True, slots=True)
class Found:
    """What was found in a corpus."""

    corpus: Corpus
    matches: tuple[Match, ...]
    clusters: tuple[Cluster, ...]

    def families(self) -> Iterator[Family]:
        """Yield the families, the largest first; a text that shares a passage with several is in the family of each."""
        articles = {article.id: article for article in self.corpus.articles()}
        one_text = {i: cluster for cluster in self.clusters for i in cluster.members}
        texts = {(i, article.version): article.text for i, article in articles.items()}
        gathered = round_ups(self.matches, {i: cluster.id for i, cluster in one_text.items()}, texts)
        of_each: dict[str, list[Match]] = {}
        for match in self.matches:
            of_each.setdefault(match.a, []).append(match)
            of_each.setdefault(match.b, []).append(match)
        found = []
        for members in grouped(self.clusters, self.matches):
            matches = {(m.a, m.b): m for i in sorted(members) for m in of_each.get(i, ())}
            ids = members.union(*matches)
            clusters = {cluster.id: cluster for i in members if (cluster := one_text.get(i))}.values()
            family = Family(
                cluster=min(clusters, key=lambda c: min((dated(articles[i]), i) for i in c.members), default=None),
                articles={i: articles[i] for i in sorted(ids)},
                matches=tuple(matches[pair] for pair in sorted(matches)),
                credits={i: tuple(self.corpus.credits(i)) for i in sorted(ids)},
                texts={(i, articles[i].version): articles[i].text for i in ids},
                round_ups={i: gathered[i] for i in ids & gathered.keys()},
            )
            found.append((-len(ids), min(ids), family))
        return (family for _, _, family in sorted(found, key=lambda one: one[:2]))

    def credits(self) -> Iterator[tuple[str, Credit, str | None]]:
        """Yield who credits, how, and the id of the article that is meant; None: it is not in the corpus."""
        return _credits(self.corpus, self.matches)


def in_corpus(docs: Iterable[Mapping[str, Any]], *, place: Callable[[int], str] = corpora.numbered) -> Found:
    """Return the reposts among texts.

    Args:
        docs: Each with ``id`` and ``text``; with ``title``, ``source`` (or ``site``), ``language`` (or ``lang``),
            ``published`` (or ``date``; ISO 8601, a day or an instant) and ``url``, if they have them.
        place: What to call the place of a text that was read, by its number from 1, where there is a complaint.

    Raises:
        UsageError: One has no id or text, two have the same id, a date is none, or a language no string.
    """
    corpus = Corpus([_with_version(article) for article in corpora.articles(docs, place)])
    finder = Finder(corpus.reuse, corpus)
    finder.add(corpus.ids)
    settled = dedupe.settle(finder.alignments(corpus.ids), corpus, dedupe.Decided())
    translated = {(m.a, m.b): m for m in corpus.translations(settled.clusters)}
    matches = {(m.a, m.b): m for m in settled.matches} | translated
    return Found(corpus, tuple(matches[pair] for pair in sorted(matches)), settled.clusters)


class Corpus:
    """What is known of the texts of a corpus.

    Args:
        versions: The one version of each, and where and when it claims to have been published.
    """

    def __init__(self, read: Sequence[tuple[Article, Version]]) -> None:
        self.reuse = Reuse()
        self._read = {article.id: (article, version) for article, version in sorted(read, key=lambda pair: pair[0].id)}
        self.ids = list(self._read)
        self._numbers = {article_id: number for number, article_id in enumerate(self.ids)}
        self._credits: dict[str, list[Credit]] = {}

    def articles(self) -> list[Article]:
        """Return the texts as articles, by id."""
        return [article for article, _ in self._read.values()]

    def number_of(self, article_id: str) -> int:
        """Return a text's place in the order of ids."""
        return self._numbers[article_id]

    def id_of(self, number: int) -> str:
        """Return the id at a place in that order."""
        return self.ids[number]

    def versions(self, ids: Sequence[str]) -> dict[str, Sequence[Version]]:
        """Return the one version of each text."""
        return {i: (self._read[i][1],) for i in ids}

    def credits(self, article_id: str) -> list[Credit]:
        """Return the credits of a text, resolved to the sources of the corpus."""
        if article_id not in self._credits:
            self._credits[article_id] = credits.resolved(self._read[article_id][1].text, self.sources)
        return self._credits[article_id]

    @cached_property
    def sources(self) -> tuple[Source, ...]:
        """Whoever published something in it, by the names that its texts give."""
        names = sorted({article.source_id for article, _ in self._read.values()} - {""})
        return tuple(Source(id=name, name=name, url=urls.canonical(f"https://{name}") or "") for name in names)

    def translations(self, clusters: Iterable[Cluster]) -> list[Match]:
        """Return which texts are translations of one another, given those that are one text."""
        articles = [article for article, _ in self._read.values()]
        if len({article.language for article in articles} - {None}) < 2:
            return []
        writings = [writing for article in articles if article.language for writing in self._writings(article)]
        same = {i: cluster.id for cluster in clusters for i in cluster.members}
        found = dedupe.translations(writings, same=same)
        known = self.candidates({i for pair in found for i in (pair.a, pair.b)})
        return [dedupe.translation(pair, known) for pair in found]

    def _writings(self, article: Article) -> list[Writing]:
        named = frozenset(c.source_id for c in self.credits(article.id) if c.source_id)
        whole = dedupe.writing(article, named, dedupe.signs_of(article.title or "", article.text))
        start = article.text[: dedupe.MAX_COMPARED_CHARS]
        return dedupe.in_languages(whole, extract.language_spans(start, (article.language or "",)))

    def about(self, ids: Iterable[str]) -> dict[str, About]:
        """See ``dedupe.Readable``."""
        return {i: About.of(self._read[i][0]) for i in ids}

    def holders(self, grams: Hashes) -> Holders:
        """See ``dedupe.Readable``."""
        return Holders.of(*self.reuse.holders(grams), self.id_of)

    def credited(self, ids: Iterable[str]) -> dict[str, Set[str]]:
        """See ``dedupe.Readable``."""
        return {i: {credit.source_id for credit in self.credits(i) if credit.source_id} for i in ids}

    def sames(self, ids: Iterable[str]) -> dict[str, str]:
        """See ``dedupe.Readable``."""
        return {}

    def candidates(self, ids: Iterable[str]) -> dict[str, Candidate]:
        """See ``dedupe.Readable``."""
        by_id = {source.id: source for source in self.sources}
        found = {}
        for i in ids:
            article, version = self._read[i]
            found[i] = Candidate(
                article=article, versions=(version,), credits=self.credits(i), source=by_id.get(article.source_id)
            )
        return found


def _with_version(article: Article) -> tuple[Article, Version]:
    version = Version(
        article_id=article.id,
        number=1,
        digest="",
        captured_at=article.captured_at,
        record_id="",
        generation="",
        title=article.title,
        text=article.text,
        read_title=article.title,
        authors=(),
        claimed_at=article.claimed_at,
        language=article.language,
        problems=(),
    )
    return article, version


def _credits(corpus: Corpus, matches: Sequence[Match]) -> Iterator[tuple[str, Credit, str | None]]:
    """Yield every credit with the article that is meant: of that source, the one whose passage stands nearest."""
    shared: dict[str, list[tuple[str, Sequence[Passage]]]] = {}
    for m in matches:
        shared.setdefault(m.a, []).append((m.b, m.passages))
        there = [Passage(p.b_start, p.b_end, p.a_start, p.a_end) for p in m.passages]
        shared.setdefault(m.b, []).append((m.a, there))
    about = corpus.about(corpus.ids)
    for article_id in corpus.ids:
        for credit in corpus.credits(article_id):
            near = [
                (_distance(credit, passages), -_size(passages), other)
                for other, passages in shared.get(article_id, ())
                if credit.source_id and about[other].source_id == credit.source_id
            ]
            yield article_id, credit, min(near)[2] if near else None


def _distance(credit: Credit, passages: Sequence[Passage]) -> int:
    """Return how many characters stand between a credit and the nearest passage."""
    return min((max(0, p.a_start - credit.end, credit.start - p.a_end) for p in passages), default=0)


def _size(passages: Sequence[Passage]) -> int:
    return sum(p.a_end - p.a_start for p in passages)


__all__ = ["Corpus", "Found", "in_corpus"]
