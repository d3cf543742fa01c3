"""From texts to what they share: fingerprints, candidates, alignments. For a home, a corpus, a pasted text."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from aggregator import dedupe, words
from aggregator.catalogue import Catalogue
from aggregator.decisions import Event
from aggregator.dedupe import About, Candidate, Cut, Decided, Holders
from aggregator.model import Alignment, Following, Version
from aggregator.reuse import Candidates, Fingerprint, Numbers, Reuse
from aggregator.words import Hashes

MIN_WEIGHT = 3.0
"""Grams that two articles share, in rare ones, from which on they are laid side by side."""
FINE_RATE = 2
"""From coarser fingerprints than this, one rare gram is enough: it stands for four and more."""
MAX_HELD_WORDS = 1_500_000
"""Words of texts that are kept cut up while others are compared with them: 55 MB."""
_ADDED = 10_000
"""Fingerprints that are added at a time: 20 MB."""
_BATCH = 500
"""Articles whose texts are in memory at a time."""


CONFIRMED, REFUSED, JOINED, SPLIT = DECIDING = ("match-confirmed", "match-refused", "family-joined", "family-split")
"""What people decide of reposts, as events; the first two name articles ``a`` and ``b``, the others ``articles``."""


class Texts(Protocol):
    """Where texts are, and which number each article has in the fingerprints."""

    def versions(self, ids: Sequence[str]) -> Mapping[str, Sequence[Version]]:
        """Return all versions of those articles that there are, oldest first."""

    def number_of(self, article_id: str) -> int:
        """Return the number of an article."""

    def id_of(self, number: int) -> str:
        """Return the article of a number."""


class Articles:
    """What is known of the articles of a home: for ``Finder``, and for ``dedupe.settle``."""

    def __init__(self, catalogue: Catalogue, following: Following, reuse: Reuse) -> None:
        self._catalogue = catalogue
        self._following = following
        self._reuse = reuse

    def versions(self, ids: Sequence[str]) -> Mapping[str, Sequence[Version]]:
        """Return all versions of those articles that there are, oldest first."""
        return self._catalogue.versions_of(ids)

    def number_of(self, article_id: str) -> int:
        """Return the number of an article."""
        return dedupe.article_number(article_id)

    def id_of(self, number: int) -> str:
        """Return the article of a number."""
        return dedupe.numbered_article(number)

    def about(self, ids: Iterable[str]) -> Mapping[str, About]:
        """Return what is known of those articles, besides their texts."""
        return {facts.id: About.of(facts) for facts in self._catalogue.facts(ids)}

    def holders(self, grams: Hashes) -> Holders:
        """Return who holds grams."""
        return Holders.of(*self._reuse.holders(grams), self.id_of)

    def credited(self, ids: Iterable[str]) -> Mapping[str, Set[str]]:
        """Return the sources that those articles credit; those that credit none may be left out."""
        found = self._catalogue.credits_of(ids)
        return {i: {credit.source_id for credit in lines if credit.source_id} for i, lines in found.items()}

    def sames(self, ids: Iterable[str]) -> Mapping[str, str]:
        """Return of articles with unchanged copies the smallest id of these, as it was when that was last settled."""
        return self._catalogue.sames(ids)

    def candidates(self, ids: Iterable[str]) -> Mapping[str, Candidate]:
        """Return all that is known of those articles."""
        wanted = sorted(ids)
        versions, credits = self._catalogue.versions_of(wanted), self._catalogue.credits_of(wanted)
        return {
            i: Candidate(
                article=article,
                versions=versions[i],
                credits=credits.get(i, ()),
                source=self._following.source(article.source_id),
            )
            for i, article in self._catalogue.articles(wanted).items()
            if i in versions
        }


class Finder:
    """Finds what shares text with what.

    Args:
        reuse: The fingerprints.
        texts: Where the texts are.
    """

    def __init__(self, reuse: Reuse, texts: Texts) -> None:
        self._reuse = reuse
        self._texts = texts
        self._held: OrderedDict[str, Sequence[Cut]] = OrderedDict()
        self._held_words = 0

    def add(self, ids: Iterable[str]) -> set[str]:
        """Add the fingerprints of articles; of those that are known, what is new in theirs.

        Returns:
            Which others must be compared, too: those with a text that some of these may have had, and that many have.
        """
        made: list[Fingerprint] = []
        left = Counter[int]()
        for some in _batches(sorted(ids, key=self._texts.number_of)):
            self._hold(some)
            made += [self._fingerprint(i) for i in some if i in self._held]
            for i in some:
                texts = {cut.words.digest for cut in self._held.get(i, ())} - {0}
                left.update(texts if len(texts) > 1 else ())
            self._trim()
            if len(made) >= _ADDED:
                self._reuse.add(made)
                made = []
        self._reuse.add(made)
        return {self._texts.id_of(number) for number in self._reuse.moved_up(left).tolist()}

    def fingerprints(self, ids: Iterable[str]) -> Iterator[Fingerprint]:
        """Yield the fingerprints of those of these articles that are there, ascending by number."""
        for some in _batches(sorted(ids, key=self._texts.number_of)):
            self._hold(some)
            yield from [self._fingerprint(i) for i in some if i in self._held]
            self._trim()

    def alignments(self, ids: Iterable[str]) -> Iterator[Alignment]:
        """Yield what these articles share with others, and with one another, each pair once."""
        ordered = sorted(ids, key=self._texts.number_of)
        new = np.array([self._texts.number_of(i) for i in ordered], np.uint64)
        for some in _batches(ordered):
            self._hold(some)
            asked = [self._fingerprint(i) for i in some if i in self._held]
            yield from self._aligned(asked, new)
            self._trim()

    def touched(self, ids: Iterable[str]) -> set[str]:
        """Return who holds what these articles hold too and others besides: for them it has become commoner."""
        found: set[str] = set()
        for some in _batches(sorted(ids, key=self._texts.number_of)):
            self._hold(some)
            held = [self._fingerprint(i).grams for i in some if i in self._held]
            grams = np.unique(np.concatenate(held)) if held else np.zeros(0, np.uint64)
            _, numbers, _ = self._reuse.holders(grams[self._reuse.counts(grams) > dedupe.STANDING])
            found |= {self._texts.id_of(number) for number in np.unique(numbers).tolist()}
            self._trim()
        return found

    def standing(self, alignments: Iterable[Alignment]) -> Iterator[Alignment]:
        """Yield the alignments that would be found today, too: grams become commoner, and then two share too few.

        So it does not matter in which order articles came.
        """
        every = list(alignments)
        told = [np.array([g for s in one.shared for t in s.stretches for g in t.grams], np.uint64) for one in every]
        counts = self._reuse.counts(np.concatenate(told)) if told else np.zeros(0, np.int64)
        doubtful: set[tuple[str, str]] = set()
        end = 0
        for one, grams in zip(every, told, strict=True):
            start, end = end, end + len(grams)
            if counts[start:end].max(initial=0) > words.COMMON:
                doubtful.add((one.a, one.b))
        found = self._candidates_among(doubtful)
        yield from (one for one in every if (one.a, one.b) not in doubtful or (one.a, one.b) in found)

    def _candidates_among(self, pairs: Set[tuple[str, str]]) -> set[tuple[str, str]]:
        """Return those pairs that share enough today."""
        later = {max(pair, key=self._texts.number_of) for pair in pairs}
        found: set[tuple[str, str]] = set()
        for some in _batches(sorted(later, key=self._texts.number_of)):
            self._hold(some)
            asked = [self._fingerprint(i) for i in some if i in self._held]
            self._trim()
            near = self._reuse.candidates(asked, np.array([f.number for f in asked], np.uint64))
            enough = self._enough(near, np.array([f.rate for f in asked], np.uint8))
            for row, number in zip(near.asked[enough].tolist(), near.number[enough].tolist(), strict=True):
                a, b = sorted((self._texts.id_of(asked[row].number), self._texts.id_of(number)))
                found.add((a, b))
        return found & pairs

    @staticmethod
    def _enough(found: Candidates, rates: NDArray[np.uint8]) -> NDArray[np.bool_]:
        return is_enough(found.weight, np.maximum(rates[found.asked], found.rate))

    def _aligned(self, asked: Sequence[Fingerprint], new: Numbers) -> Iterator[Alignment]:
        found = self._reuse.candidates(asked, new)
        chosen = np.flatnonzero(self._enough(found, np.array([f.rate for f in asked], np.uint8)))
        ones = (self._texts.id_of(asked[row].number) for row in found.asked[chosen].tolist())
        others = (self._texts.id_of(number) for number in found.number[chosen].tolist())
        yield from self.between([(min(pair), max(pair)) for pair in zip(ones, others, strict=True)])

    def between(self, pairs: Sequence[tuple[str, str]]) -> Iterator[Alignment]:
        """Yield what pairs of articles share, the smaller id first; nothing of some."""
        for start in range(0, len(pairs), _BATCH):
            some = pairs[start : start + _BATCH]
            self._hold([i for pair in some for i in pair])
            # some may have been withdrawn meanwhile
            yield from dedupe.aligned([(self._held[a], self._held[b]) for a, b in some if {a, b} <= self._held.keys()])
            self._trim()

    def _fingerprint(self, article_id: str) -> Fingerprint:
        each = [cut.words for cut in self._held[article_id]]
        grams = each[0].fingerprint if len(each) == 1 else np.unique(np.concatenate([w.fingerprint for w in each]))
        text = each[0].digest if len(each) == 1 else 0
        return Fingerprint(self._texts.number_of(article_id), max(w.rate for w in each), grams, text)

    def _hold(self, ids: Sequence[str]) -> None:
        """Have the texts of articles at hand, cut into words; those that are no longer there are left out."""
        for article_id in ids:
            if article_id in self._held:
                self._held.move_to_end(article_id)
        wanted = [i for i in dict.fromkeys(ids) if i not in self._held]
        if not wanted:
            return
        loaded = self._texts.versions(wanted)
        flat = [version for i in wanted for version in loaded.get(i, ())]
        texts = list(dict.fromkeys(version.text for version in flat))
        cut = dict(zip(texts, words.words_of(texts), strict=True))
        for article_id in wanted:
            if versions := loaded.get(article_id):
                self._held[article_id] = [Cut(version, cut[version.text]) for version in versions]
                self._held_words += sum(len(each.words) for each in self._held[article_id])

    def _trim(self) -> None:
        while self._held_words > MAX_HELD_WORDS and self._held:
            _, versions = self._held.popitem(last=False)
            self._held_words -= sum(len(each.words) for each in versions)


def is_enough(weight: NDArray[np.float64], rate: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return which pairs share enough to be laid side by side.

    Args:
        weight: What the grams are worth that they share.
        rate: The coarser of both rates.
    """
    return np.asarray(weight >= np.where(rate > FINE_RATE, 1.0, MIN_WEIGHT))


def decisions_of(events: Iterable[Event]) -> Decided:
    """Return what people decided, the later decision before the earlier."""
    pairs: dict[tuple[str, str], str] = {}
    joined: list[frozenset[str]] = []
    split: list[frozenset[str]] = []
    for event in events:
        if event.kind in (CONFIRMED, REFUSED):
            a, b = sorted((event.said["a"], event.said["b"]))
            pairs[a, b] = event.kind
            if event.kind == CONFIRMED:
                split = [kept for one in split if (kept := one - {a, b})]
            else:
                joined = [one for one in joined if one != {a, b}]
            continue
        group = frozenset(event.said["articles"])
        joined, split = (
            [kept for one in old if len(kept := one - group) > least] for old, least in ((joined, 1), (split, 0))
        )
        (joined if event.kind == JOINED else split).append(group)
        if event.kind == JOINED:
            pairs = {pair: kind for pair, kind in pairs.items() if kind == CONFIRMED or not group.issuperset(pair)}
    return Decided(
        confirmed=frozenset(pair for pair, kind in pairs.items() if kind == CONFIRMED),
        refused=frozenset(pair for pair, kind in pairs.items() if kind == REFUSED),
        joined=tuple(joined),
        split=tuple(split),
    )


def _batches(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(ids), _BATCH):
        yield ids[start : start + _BATCH]
