"""Which texts are translations of one another, and which passage is which. Pure; without a model or a dictionary.

Two languages that share an alphabet share much of their spelling: names, numbers, loan words, roots. A text is kept as
the set of its *signs*: its grams (four letters in a row, case and accents folded) and its numbers. A sign weighs the
more, the rarer it is in the language that has it most. Two texts are a pair where each is the other's nearest in that
language by a margin, near enough, and what they share stands in the same order; a credit that names the other's source
lowers what is enough.

An article that holds a text in two languages is compared as two: each part with what is in the other languages.

Out of reach: languages of different scripts (Arabic and French), which can share only numbers and names in Latin
letters, mostly too few; a part of a longer text, such as an item of a round-up; a few lines. Hard: news without names
between distant languages. There are figures for English, French, German, Spanish and Italian only. A text whose
language is said wrongly is found as the translation of its copies: ask ``sharing`` first.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import groupby, pairwise

import numpy as np
from numpy.typing import NDArray

from aggregator import words
from aggregator.dedupe.meanings import MEANING_MARGIN, MIN_MEANING, Vectors, are_alike_long, is_nearest, meaning_shelves
from aggregator.dedupe.pairing import Pairing, Span
from aggregator.dedupe.shelves import Near, Shelf, Weights, Writing, by_date
from aggregator.dedupe.signs import MAX_COMPARED_CHARS, SIGN_BITS, hashes_of, signs_of
from aggregator.model import BOTH_HAVE, Passage

MAX_SHARE = 0.3
"""A sign that more of the texts of one language have says nothing. .15 to 1: no difference, but in speed."""
RELUCTANCE = 20
"""How many texts of its own a language needs to be believed as much as all together about how frequent a sign is; not
tuned. With it, what is right for 6,000 texts is right for ten, and for the only Italian one among hundreds."""
BACKGROUND = 50
"""Texts without any of the signs that are thought to be there too: in an archive of six, every sign looks frequent."""
MIN_SIGNS = 60
"""Of a shorter text nothing is said: about twelve words. Not tuned; of what is found among texts cut to 150
letters, 17 % is wrong."""
MIN_SCORE = 0.09
MIN_CREDITED_SCORE = 0.06
"""Where one names the other's source. Both tuned on four draws of ``make_reposts.py`` and on all of its parallel texts.
Of .07, .08 and .09, the last has the best F1 on the draws (.99, by up to .013), the first on news (.99 to .97)."""
MIN_UNORDERED_SCORE = 0.15
"""Where less than ``MIN_ORDER`` stands in the same order: parts in another one. Of .15, .2 and .3 the best, by .001."""
MIN_ORDER = 0.45
"""Share of the common signs that is in order, times share of the text that is aligned: translations have .5 and more,
other texts on the same subject around .2. Without it, F1 falls from .99 to .98. Of .35, .45 and .55."""
MIN_MARGIN = 1.15
"""How many times as near as the next text it must be. 1.3 loses 1 % where dates are missing (weekly newsletters)."""
_LEAST = MIN_CREDITED_SCORE / MIN_MARGIN
"""What is less near is neither found nor a rival."""
WIDE_MARGIN, CLEAR_ORDER, LIKE_LENGTHS = 1.5, 0.6, 1.3
"""A text that is so many times as near as the next, with so much in order, and with one no more times as long as the
other, needs no more than ``MIN_CREDITED_SCORE``: short news that share few names. F1 on real texts with it and without:
news .992 and .967, one to five sentences .913 and .895, press releases .996 and .994; on two draws, the same pairs.
Without a limit to the lengths, a draw has five wrong pairs more among 220; to 1.5, two."""
REPEATED_SHARE = 0.6
"""A text with so much of the weight of the shorter in common repeats it, and is no rival where it is less near: 99 of
100 copies share more, and 99 of 100 pairs of neighbouring newsletters less than .42."""
MAX_VERBATIM = 0.2
"""Texts with more in common word for word are of one language, whatever is said of them, or of one site; of translated
newsletters 99 of 100 have less than .1 (names, addresses, commands)."""


Part = tuple[str | None, int, int]
"""A language, and from which character to which of a text it is used."""
_NO_SPACE = re.compile(r"\S")


@dataclass(frozen=True, slots=True, kw_only=True)
class Translated:
    """Two texts of which one translates the other, or both a third."""

    a: str
    b: str
    """Ids, ``a < b``."""
    score: float
    """How alike their signs are, 0.0 to 1.0: translations have .1 to .7, between like languages most."""
    why: tuple[str, ...]
    """The reasons, in words."""
    passages: tuple[Passage, ...]
    """Which paragraph or sentences of one are which of the other, in order."""


def translations(
    writings: Sequence[Writing],
    *,
    same: Mapping[str, str] | None = None,
    asked: Collection[str] | None = None,
    vectors: Vectors | None = None,
) -> list[Translated]:
    """Return the pairs of which one translates the other, by ids; the order of ``writings`` does not matter.

    ``same`` has the cluster of a text that has copies in its own language: a copy is no rival. ``asked`` are the ids of
    which a pair must have one, None: any; such a pair is the same as without. With the ``vectors`` of a model, texts in
    different scripts are compared by what they mean.
    """
    library = _Library([w for w in writings if w.language and len(w.signs.packed) // 4 >= MIN_SIGNS], same or {})
    found: dict[tuple[str, str], Translated] = {}
    for pair in filter(None, map(library.judged, library.pairs(asked))):
        # a page in two languages is found by each of them: the one that is nearer tells
        found[pair.a, pair.b] = max(pair, found.get((pair.a, pair.b), pair), key=lambda p: (p.score, p.passages))
    if vectors:
        for pair in library.meant(asked, vectors):
            found.setdefault((pair.a, pair.b), pair)
    return [pair for _, pair in sorted(found.items())]


def in_languages(writing: Writing, parts: Iterable[Part]) -> list[Writing]:
    """Return a text once for each language it is written in, what is in another one being white space.

    Each is as long as what is compared of a text.

    Args:
        writing: As a whole. It is returned as it is where there is one language, or its own is not among those.
        parts: Where it is in which language; they cover it.
    """
    spans: dict[str | None, list[Span]] = defaultdict(list)
    for language, start, end in parts:
        spans[language].append((start, end))
    if len(spans) < 2 or writing.language not in spans:
        return [writing]
    several = []
    beginning = writing.text[:MAX_COMPARED_CHARS]
    blank = _NO_SPACE.sub(" ", beginning)
    for language, own in spans.items():
        text = "".join(
            blank[before:start] + beginning[start:end]
            for (_, before), (start, end) in pairwise([(0, 0), *own, (len(blank), len(blank))])
        )
        title = writing.title if language == writing.language else ""
        signs = signs_of(title, text)
        part = replace(writing, language=language, title=title, text=text, signs=signs, whole=writing.text)
        several.append(part)
    return several


@dataclass(frozen=True, slots=True)
class _Pair:
    """Two texts of which the second was found for the first."""

    one: Writing
    other: Writing
    score: float
    rival: float
    """How near the next text is that is no copy of either."""

    @property
    def ordered(self) -> tuple[Writing, Writing]:
        return (self.one, self.other) if self.one.id < self.other.id else (self.other, self.one)

    @property
    def is_credited(self) -> bool:
        return self.one.source_id in self.other.credited or self.other.source_id in self.one.credited

    @property
    def is_near(self) -> bool:
        """Whether they may be a pair: near enough, and nearer than the next."""
        least = MIN_CREDITED_SCORE if self.is_credited or self.score >= self.rival * WIDE_MARGIN else MIN_SCORE
        return self.score >= least and self.score >= self.rival * MIN_MARGIN

    def is_in_order(self, alignment: Pairing) -> bool:
        """Whether enough of what they share is in the same order in both."""
        in_order = alignment.coverage() * alignment.order()
        if self.score < MIN_SCORE and not self.is_credited:
            return in_order >= CLEAR_ORDER and alignment.length_ratio() <= LIKE_LENGTHS
        return self.score >= MIN_UNORDERED_SCORE or in_order >= MIN_ORDER


class _Library:
    """All texts, a shelf a language."""

    def __init__(self, writings: list[Writing], same: Mapping[str, str]) -> None:
        by_language: dict[str, list[Writing]] = defaultdict(list)
        for writing in sorted(writings, key=by_date):
            by_language[writing.language or ""].append(writing)
        self.same = same
        self.weights = _weights([self._without_copies(several) for several in by_language.values()])
        self.shelves = {language: Shelf(by_language[language], self.weights) for language in sorted(by_language)}

    def pairs(self, asked: Collection[str] | None) -> Iterator[_Pair]:
        """Give the pairs of which each is the other's nearest by a margin.

        The other is asked back only where it was found: few texts have a translation. Nothing else is kept.
        """
        found: dict[tuple[str, ...], _Pair] = {}
        for one, language in self._questions(asked):
            for pair in self._sought(one, language):
                found.setdefault(_key(pair), pair)
        for (language, _, _), several in groupby(sorted(found.values(), key=_asked_back), key=_asked_back):
            pairs = list(several)
            ranked = self.shelves[language].near(pairs[0].other, _LEAST)
            for pair in pairs:
                rival = max(pair.rival, self._rival(ranked, pair.one, pair.score))
                if (judged := replace(pair, rival=rival)).is_near:
                    yield judged

    def meant(self, asked: Collection[str] | None, vectors: Vectors) -> Iterator[Translated]:
        """Give the pairs in different scripts of which each is the other's nearest by what it means."""
        shelves = meaning_shelves(self.shelves, vectors)
        least = 1 - MEANING_MARGIN * (1 - MIN_MEANING)  # what is less near is no rival
        seen: set[tuple[str, ...]] = set()
        for one, language in self._questions(asked):
            here, there = shelves.get(one.language or ""), shelves.get(language)
            if not here or not there or here.script == there.script:
                continue
            ranked = there.near(one, here.vector(one), least)
            for other, score in ranked:
                pair = _Pair(one, other, score, self._rival(ranked, other, score))
                if not is_nearest(score, pair.rival) or _key(pair) in seen:
                    break
                seen.add(_key(pair))
                back = here.near(other, there.vector(other), least)
                pair = replace(pair, rival=max(pair.rival, self._rival(back, one, score)))
                if is_nearest(score, pair.rival) and are_alike_long(one, other):
                    yield _meant(pair)

    def judged(self, pair: _Pair) -> Translated | None:
        """Return the pair, if it is one."""
        a, b = pair.ordered
        alignment = Pairing(a.text, b.text, self.weights)
        if not pair.is_in_order(alignment) or _verbatim(a.whole or a.text, b.whole or b.text) > MAX_VERBATIM:
            return None
        why = _reasons(pair, alignment.coverage(), self.weights)
        return Translated(a=a.id, b=b.id, score=pair.score, why=why, passages=alignment.passages)

    def _questions(self, asked: Collection[str] | None) -> Iterator[tuple[Writing, str]]:
        """Give which text is looked for in which language, so that every pair is found.

        All are looked for in the languages that have more texts; those asked for, in every other one.
        """
        by_size = sorted(self.shelves, key=lambda language: (-len(self.shelves[language]), language))
        for place, language in enumerate(by_size):
            others = by_size[:place] if asked is None else [other for other in by_size if other != language]
            for one in self.shelves[language]:
                if asked is None or one.id in asked:
                    yield from ((one, other) for other in others)

    def _sought(self, one: Writing, language: str) -> Iterator[_Pair]:
        """Give the text of a language nearest to one, and what is as near or a copy of it, where nothing rivals it."""
        ranked = self.shelves[language].near(one, _LEAST)
        if not ranked:
            return
        cluster, best = self._cluster(ranked[0][0]), ranked[0][1]
        has_copies = ranked[0][0].id in self.same
        for other, score in ranked:
            if score == best or (has_copies and self._cluster(other) == cluster):
                pair = _Pair(one, other, score, self._rival(ranked, other, score))
                if pair.is_near:
                    yield pair
            elif not has_copies:
                break

    def _without_copies(self, writings: Sequence[Writing]) -> list[Writing]:
        """Return the first of each cluster: what many repost is not for that a frequent way to write."""
        return list({self._cluster(writing): writing for writing in reversed(writings)}.values())

    def _cluster(self, writing: Writing) -> str:
        return self.same.get(writing.id, writing.id)

    def _rival(self, ranked: Sequence[Near], other: Writing, score: float) -> float:
        """Return how near the nearest of those is that is no copy of ``other``; 0.0: none is."""
        for rival, near in ranked:
            is_copy = self._cluster(rival) == self._cluster(other) or (near <= score and self._repeats(rival, other))
            if not is_copy:
                return near
        return 0.0

    def _repeats(self, one: Writing, other: Writing) -> bool:
        """Whether one of two texts in a language has most of the other: an excerpt, a newer version."""
        a, b = one.signs.numbers, other.signs.numbers
        shared = self.weights[np.intersect1d(a, b, assume_unique=True)].sum()
        return bool(shared >= REPEATED_SHARE * min(self.weights[a].sum(), self.weights[b].sum()))


def _key(pair: _Pair) -> tuple[str, ...]:
    return tuple(f"{w.id} {w.language}" for w in pair.ordered)


def _meant(pair: _Pair) -> Translated:
    """Return a pair that means the same; which sentence is which is not known."""
    a, b = pair.ordered
    spans = [(len(w.text) - len(w.text.lstrip()), len(w.text.rstrip())) for w in (a, b)]
    why = f"of its language, each means most nearly what the other does, by the word vectors given: {_likeness(pair)}"
    passage = Passage(*spans[0], *spans[1])
    return Translated(a=a.id, b=b.id, score=pair.score, why=(why, *_told(a, b)), passages=(passage,))


def _asked_back(pair: _Pair) -> tuple[str, str, str]:
    """Return what asking the other of a pair back depends on: in which language, and whom."""
    return pair.one.language or "", pair.other.language or "", pair.other.id


def _verbatim(one: str, other: str) -> float:
    """Return how much of the shorter text stands in the other word for word, 0.0 to 1.0."""
    grams, others = words.words(one[:MAX_COMPARED_CHARS]).grams, words.words(other[:MAX_COMPARED_CHARS]).grams
    return len(np.intersect1d(grams, others)) / max(1, min(len(grams), len(others)))


def _weights(languages: list[list[Writing]]) -> Weights:
    """Return what each sign weighs: the squared logarithm of its share of the language that has it most."""
    counts = [_counts(writings) for writings in languages]
    overall = (sum(counts) + np.float64(0.5)) / (sum(map(len, languages)) + BACKGROUND)
    share = np.zeros(1 << SIGN_BITS)
    for writings, count in zip(languages, counts, strict=True):
        share = np.maximum(share, (count + RELUCTANCE * overall) / (len(writings) + RELUCTANCE))
    weights = np.where(share > MAX_SHARE, 0.0, np.log(np.maximum(share, 1e-9)) ** 2)
    weights[0] = 0.0
    return weights


def _counts(writings: Sequence[Writing]) -> NDArray[np.int64]:
    """Return how many of the texts have each sign."""
    counts = np.zeros(1 << SIGN_BITS, dtype=np.int64)
    for writing in writings:
        counts[writing.signs.numbers] += 1  # a text has each but once
    return counts


_NAME = re.compile(r"\b(?:[A-ZÀ-ÖØ-Þ][^\W_]{3,30}|\d{3,12})\b")
_hashes_of_name = lru_cache(maxsize=4_096)(hashes_of)
"""The same names are in many pairs."""
_NAMES_TOLD = 5
_NAMES_WEIGHED = 50


def _reasons(pair: _Pair, coverage: float, weights: Weights) -> tuple[str, ...]:
    a, b = pair.ordered
    why = [f"of its language, each is most like the other: {_likeness(pair)}"]
    why.append(f"{coverage:.0%} of one text has its counterpart in the other, in the same order")
    common = set(_NAME.findall(a.text[:MAX_COMPARED_CHARS])) & set(_NAME.findall(b.text[:MAX_COMPARED_CHARS]))
    longest = sorted(common, key=lambda name: (-len(name), name))[:_NAMES_WEIGHED]
    rarest = sorted(longest, key=lambda name: (-float(weights[_hashes_of_name(name)].mean()), name))[:_NAMES_TOLD]
    why += [f"{BOTH_HAVE}{', '.join(rarest)}"] if rarest else []
    return (*why, *_told(a, b))


def _likeness(pair: _Pair) -> str:
    """Return in words how near two texts are, and how near the next is."""
    rival = f"the next text has {pair.rival:.2f}" if pair.rival else "no other text comes near"
    return f"likeness {pair.score:.2f} of 1, {rival}"


def _told(a: Writing, b: Writing) -> Iterator[str]:
    """Give what else speaks for a pair: when they appeared."""
    if a.published_at and b.published_at:
        days = abs(a.published_at - b.published_at).days
        yield f"published {days} {'day' if days == 1 else 'days'} apart" if days else "published within a day"


__all__ = ["Part", "Translated", "Writing", "in_languages", "translations"]
