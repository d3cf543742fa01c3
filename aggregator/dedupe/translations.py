"""Which texts are translations of one another, and which passage is which. Pure; without a model or a dictionary.

Two languages that share an alphabet share much of their spelling: names, numbers, loan words, roots. A text is kept as
the set of its *signs*: its grams (four letters in a row, case and accents folded) and its numbers. A sign weighs the
more, the rarer it is in the language that has it most. Two texts are a pair where each is the other's nearest in that
language by a margin, near enough, and what they share stands in the same order; a credit that names the other's source
lowers what is enough.

Out of reach: languages of different scripts (Arabic and French), which can share only numbers and names in Latin
letters, mostly too few; a part of a longer text, such as an item of a round-up; a few lines. Hard: news without names
between distant languages. There are figures for English, French, German, Spanish and Italian only. A text whose
language is said wrongly is found as the translation of its copies: ask ``sharing`` first.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from aggregator import words
from aggregator.dedupe.pairing import Pairing, Span
from aggregator.dedupe.signs import MAX_COMPARED_CHARS, SIGN_BITS, Floats, Signs, hashes_of
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
WINDOW = timedelta(days=30)
"""A translation appears within so much of its original; without a date, at any time."""
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
REPEATED_SHARE = 0.6
"""A text with so much of the weight of the shorter in common repeats it, and is no rival where it is less near: 99 of
100 copies share more, and 99 of 100 pairs of neighbouring newsletters less than .42."""
MAX_VERBATIM = 0.2
"""Texts with more in common word for word are of one language, whatever is said of them, or of one site; of translated
newsletters 99 of 100 have less than .1 (names, addresses, commands)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """One text that may be a translation or have one."""

    id: str
    source_id: str
    language: str | None
    """ISO 639-1; None: undetermined, such are not compared."""
    published_at: datetime | None
    """Aware; None: unknown."""
    title: str
    text: str
    credited: frozenset[str]
    """The ids of the sources that its credit lines name."""
    signs: Signs
    """``signs_of(title, text)``."""


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
    writings: Sequence[Writing], *, same: Mapping[str, str] | None = None, asked: Collection[str] | None = None
) -> list[Translated]:
    """Return the pairs of which one translates the other, by ids; the order of ``writings`` does not matter.

    ``same`` has the cluster of a text that has copies in its own language: a copy is no rival. ``asked`` are the ids of
    which a pair must have one, None: any; such a pair is the same as without.
    """
    library = _Library([w for w in writings if w.language and len(w.signs.packed) // 4 >= MIN_SIGNS], same or {})
    found: dict[tuple[str, str], Translated | None] = {}
    for one in library.seekers(asked):
        for other, score in library.nearest(one):
            a, b = (one, other) if one.id < other.id else (other, one)
            if (a.id, b.id) not in found:
                found[a.id, b.id] = library.judged(a, b, score)
    return [pair for _, pair in sorted(found.items()) if pair]


class _Shelf:
    """The texts of one language by date, those without one first, ready to be compared with one text in one go."""

    def __init__(self, writings: list[Writing]) -> None:
        self.writings = sorted(writings, key=lambda w: (_seconds(w), w.id))
        self.seconds = [_seconds(w) for w in self.writings]
        self.undated = bisect_left(self.seconds, 0.0)
        self.signs = Signs(packed=b"".join(w.signs.packed for w in self.writings)).numbers
        self.starts = np.cumsum([0] + [len(w.signs.packed) // 4 for w in self.writings])
        self.lengths: Floats = np.zeros(0, dtype=np.float32)

    def weigh(self, weights: Floats) -> None:
        """Learn how much each text weighs."""
        self.lengths = np.sqrt(np.maximum(self._sums(weights, 0, len(self.writings)), 1e-6))

    def near(self, writing: Writing, weights: Floats, least: float) -> list[tuple[Writing, float]]:
        """Return the texts within the window that are at least so much like it, and how much, the nearest first."""
        own = np.zeros_like(weights)
        signs = writing.signs.numbers
        own[signs] = weights[signs]
        length = max(math.sqrt(float(own[signs].sum())), 1e-3)
        found = []
        for first, end in self._window(_seconds(writing)):
            scores = self._sums(own, first, end) / (self.lengths[first:end] * length)
            found += [(self.writings[first + k], round(float(scores[k]), 4)) for k in np.flatnonzero(scores >= least)]
        return sorted(found, key=lambda f: (-f[1], f[0].id))

    def _window(self, seconds: float) -> list[Span]:
        if seconds < 0:
            return [(0, len(self.writings))]
        around = WINDOW.total_seconds()
        earliest = bisect_left(self.seconds, max(0.0, seconds - around))
        return [(0, self.undated), (earliest, bisect_right(self.seconds, seconds + around))]

    def _sums(self, values: Floats, first: int, end: int) -> Floats:
        """Return the sum of the values of each text's signs; each has the 0, so none is empty."""
        if first >= end:
            return np.zeros(0, dtype=np.float32)
        begin = self.starts[first]
        taken = values.take(self.signs[begin : self.starts[end]], mode="clip")  # all are within: no need to look
        return np.asarray(np.add.reduceat(taken, self.starts[first:end] - begin), dtype=np.float32)


class _Library:
    """All texts, a shelf a language."""

    def __init__(self, writings: list[Writing], same: Mapping[str, str]) -> None:
        by_language: dict[str, list[Writing]] = defaultdict(list)
        for writing in writings:
            by_language[writing.language or ""].append(writing)
        self.shelves = {language: _Shelf(by_language[language]) for language in sorted(by_language)}
        self.same = same
        self.weights = _weights([self._without_copies(shelf) for shelf in self.shelves.values()])
        for shelf in self.shelves.values():
            shelf.weigh(self.weights)
        self._ranks: dict[tuple[str, str], list[tuple[Writing, float]]] = {}

    def seekers(self, asked: Collection[str] | None) -> Iterator[Writing]:
        """Give the texts that find every pair: those asked for, else all but those of the most frequent language."""
        most = max(self.shelves, key=lambda language: len(self.shelves[language].writings), default="")
        for language, shelf in self.shelves.items():
            if asked is not None or language != most:
                yield from (w for w in shelf.writings if asked is None or w.id in asked)

    def nearest(self, one: Writing) -> Iterator[tuple[Writing, float]]:
        """Give, of every other language, the text nearest to it and that one's copies."""
        for language in self.shelves:
            ranked = self._ranked(one, language) if language != one.language else []
            yield from ((w, s) for w, s in ranked if self._cluster(w) == self._cluster(ranked[0][0]))

    def judged(self, a: Writing, b: Writing, score: float) -> Translated | None:
        """Return the pair, if it is one."""
        credited = a.source_id in b.credited or b.source_id in a.credited
        rival = max(self._rival(a, b, score), self._rival(b, a, score))
        if score < (MIN_CREDITED_SCORE if credited else MIN_SCORE) or score < rival * MIN_MARGIN:
            return None
        alignment = Pairing(a.text, b.text, self.weights)
        if score < MIN_UNORDERED_SCORE and alignment.coverage() * alignment.order() < MIN_ORDER:
            return None
        if _verbatim(a.text, b.text) > MAX_VERBATIM:
            return None
        why = _reasons(a, b, score, rival, alignment.coverage(), self.weights)
        return Translated(a=a.id, b=b.id, score=score, why=why, passages=alignment.passages)

    def _ranked(self, one: Writing, language: str) -> list[tuple[Writing, float]]:
        if (one.id, language) not in self._ranks:
            least = MIN_CREDITED_SCORE / MIN_MARGIN  # what is less is neither a pair nor a rival
            self._ranks[one.id, language] = self.shelves[language].near(one, self.weights, least)
        return self._ranks[one.id, language]

    def _without_copies(self, shelf: _Shelf) -> _Shelf:
        """Return the first of each cluster: what many repost is not for that a frequent way to write."""
        firsts = list({self._cluster(writing): writing for writing in reversed(shelf.writings)}.values())
        return shelf if len(firsts) == len(shelf.writings) else _Shelf(firsts)

    def _cluster(self, writing: Writing) -> str:
        return self.same.get(writing.id, writing.id)

    def _rival(self, one: Writing, other: Writing, score: float) -> float:
        """Return how near to ``one`` the nearest text is that is no copy of ``other``; 0.0: none is."""
        for rival, near in self._ranked(one, other.language or ""):
            is_copy = self._cluster(rival) == self._cluster(other) or (near <= score and self._repeats(rival, other))
            if not is_copy:
                return near
        return 0.0

    def _repeats(self, one: Writing, other: Writing) -> bool:
        """Whether one of two texts in a language has most of the other: an excerpt, a newer version."""
        a, b = one.signs.numbers, other.signs.numbers
        shared = self.weights[np.intersect1d(a, b, assume_unique=True)].sum()
        return bool(shared >= REPEATED_SHARE * min(self.weights[a].sum(), self.weights[b].sum()))


def _verbatim(one: str, other: str) -> float:
    """Return how much of the shorter text stands in the other word for word, 0.0 to 1.0."""
    grams, others = words.words(one[:MAX_COMPARED_CHARS]).grams, words.words(other[:MAX_COMPARED_CHARS]).grams
    return len(np.intersect1d(grams, others)) / max(1, min(len(grams), len(others)))


def _seconds(writing: Writing) -> float:
    """Return when it appeared, in seconds since 1970, 0 for what is earlier; -1: unknown."""
    return max(0.0, writing.published_at.timestamp()) if writing.published_at else -1.0


def _weights(shelves: list[_Shelf]) -> Floats:
    """Return what each sign weighs: the squared logarithm of its share of the language that has it most."""
    counts = [np.bincount(shelf.signs, minlength=1 << SIGN_BITS) for shelf in shelves]
    overall = (sum(counts) + np.float64(0.5)) / (sum(len(shelf.writings) for shelf in shelves) + BACKGROUND)
    share = np.zeros(1 << SIGN_BITS)
    for shelf, count in zip(shelves, counts, strict=True):
        share = np.maximum(share, (count + RELUCTANCE * overall) / (len(shelf.writings) + RELUCTANCE))
    weights = np.where(share > MAX_SHARE, 0.0, np.log(np.maximum(share, 1e-9)) ** 2)
    weights[0] = 0.0
    return weights.astype(np.float32)


_NAME = re.compile(r"\b(?:[A-ZÀ-ÖØ-Þ][^\W_]{3,30}|\d{3,12})\b")
_NAMES_TOLD = 5
_NAMES_WEIGHED = 50


def _reasons(a: Writing, b: Writing, score: float, rival: float, coverage: float, weights: Floats) -> tuple[str, ...]:
    why = [
        f"each is the other's nearest in its language: {score:.2f}, the next {f'{rival:.2f}' if rival else 'far off'}"
    ]
    why.append(f"{coverage:.0%} of one has its counterpart in the other, in the same order")
    why += [
        f"{x.source_id} names {y.source_id} as its source" for x, y in ((a, b), (b, a)) if y.source_id in x.credited
    ]
    common = set(_NAME.findall(a.text[:MAX_COMPARED_CHARS])) & set(_NAME.findall(b.text[:MAX_COMPARED_CHARS]))
    longest = sorted(common, key=lambda name: (-len(name), name))[:_NAMES_WEIGHED]
    rarest = sorted(longest, key=lambda name: (-float(weights[hashes_of(name)].mean()), name))[:_NAMES_TOLD]
    why += [f"{BOTH_HAVE}{', '.join(rarest)}"] if rarest else []
    if a.published_at and b.published_at:
        days = abs(a.published_at - b.published_at).days
        why.append(f"published {days} {'day' if days == 1 else 'days'} apart" if days else "published within a day")
    return tuple(why)
