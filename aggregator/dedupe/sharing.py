"""What two texts share: runs of five words find the places, then the runs are aligned to the character. Pure.

So text-reuse tools do (passim, Smith et al. 2014).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

from aggregator import analysis
from aggregator.model import Passage

GRAM_WORDS = 5
SAMPLING = 4
"""One gram in so many goes into the fingerprint: a quoted paragraph of 40 words keeps about nine."""
MIN_SHARED_GRAMS = 3
"""Of two fingerprints, from which on two texts are compared."""
MAX_COMPARED_CHARS = 200_000
"""What is beyond in a text is not looked at; no article is so long."""
MIN_PASSAGE_WORDS = 12
"""Shorter runs are standing phrases: no two unrelated texts of the demo world share more than six words."""
BRIDGED_WORDS = 3
"""Two runs that are only so far apart on both sides are one passage with a changed word in it."""

_WORD = re.compile(r"\w+")


class Words:
    """The words of a text: folded for comparing, with the places they stand at."""

    def __init__(self, text: str) -> None:
        spans = [m.span() for m in _WORD.finditer(text)]
        self.starts = [s for s, _ in spans]
        self.ends = [e for _, e in spans]
        self.folded = [analysis.fold(text[s:e]) for s, e in spans]

    @cached_property
    def grams(self) -> list[int]:
        """A 63-bit hash of every run of five words, in order."""
        return [_hash(" ".join(self.folded[i : i + GRAM_WORDS])) for i in range(len(self.folded) - GRAM_WORDS + 1)]


@lru_cache(maxsize=64)
def _words(text: str) -> Words:
    return Words(text[:MAX_COMPARED_CHARS])


def _hash(gram: str) -> int:
    return int.from_bytes(hashlib.blake2b(gram.encode("utf-8", "replace"), digest_size=8).digest()) >> 1


def fingerprint(text: str) -> set[int]:
    """Return the grams by which a text is found again: the same sample of every text, chosen by hash."""
    return {g for g in _words(text).grams if g % SAMPLING == 0}


@dataclass(frozen=True, slots=True)
class _Run:
    """The same words in two texts: word positions, ends exclusive."""

    a: int
    b: int
    length: int


def _runs(a: Words, b: Words) -> list[_Run]:
    """Return the longest common runs of words, each word of either side used once, longest first."""
    places: dict[int, list[int]] = {}
    for i, gram in enumerate(a.grams):
        places.setdefault(gram, []).append(i)
    found: list[_Run] = []
    j = 0
    while j < len(b.grams):
        best = max((_extend(a, b, i, j) for i in places.get(b.grams[j], ())[:20]), default=0)
        if best:
            start = next(i for i in places[b.grams[j]][:20] if _extend(a, b, i, j) == best)
            found.append(_Run(start, j, best))
        j += max(best - GRAM_WORDS + 1, 1)
    return _disjoint(found)


def _extend(a: Words, b: Words, i: int, j: int) -> int:
    n = 0
    limit = min(len(a.folded) - i, len(b.folded) - j)
    while n < limit and a.folded[i + n] == b.folded[j + n]:
        n += 1
    return n


def _disjoint(runs: list[_Run]) -> list[_Run]:
    used_a: set[int] = set()
    used_b: set[int] = set()
    kept = []
    for run in sorted(runs, key=lambda r: (-r.length, r.a, r.b)):
        in_a, in_b = range(run.a, run.a + run.length), range(run.b, run.b + run.length)
        if used_a.isdisjoint(in_a) and used_b.isdisjoint(in_b):
            used_a.update(in_a)
            used_b.update(in_b)
            kept.append(run)
    return sorted(kept, key=lambda r: (r.a, r.b))


def _bridged(runs: list[_Run]) -> Iterator[tuple[int, int, int, int, int]]:
    """Join runs that nearly touch on both sides; yield word bounds of both sides and how many words are the same."""
    group: tuple[int, int, int, int, int] | None = None
    for run in runs:
        if group and 0 <= run.a - group[1] <= BRIDGED_WORDS and 0 <= run.b - group[3] <= BRIDGED_WORDS:
            group = (group[0], run.a + run.length, group[2], run.b + run.length, group[4] + run.length)
            continue
        if group:
            yield group
        group = (run.a, run.a + run.length, run.b, run.b + run.length, run.length)
    if group:
        yield group


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One text's part in an overlap; all are shares of its words, 0.0 to 1.0."""

    coverage: float
    """How much of it stands in passages."""
    start: float
    end: float
    """Where the first passage begins and the last one ends."""

    @property
    def unchanged(self) -> float:
        """How much of what lies between the first and the last shared word is shared."""
        return self.coverage / (self.end - self.start)


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """What two texts share."""

    passages: tuple[Passage, ...]
    words: int
    """How many words stand in the passages on both sides."""
    a: Side
    b: Side


def overlap(a_text: str, b_text: str) -> Overlap | None:
    """Return the passages that two texts share; None: none of ``MIN_PASSAGE_WORDS``."""
    a, b = _words(a_text), _words(b_text)
    groups = [g for g in _bridged(_runs(a, b)) if g[4] >= MIN_PASSAGE_WORDS]
    if not groups:
        return None
    passages = (Passage(a.starts[g[0]], a.ends[g[1] - 1], b.starts[g[2]], b.ends[g[3] - 1]) for g in groups)
    shared = sum(g[4] for g in groups)
    return Overlap(
        passages=tuple(sorted(passages)),
        words=shared,
        a=_side(shared, [(g[0], g[1]) for g in groups], len(a.folded)),
        b=_side(shared, [(g[2], g[3]) for g in groups], len(b.folded)),
    )


def _side(shared: int, spans: list[tuple[int, int]], words: int) -> Side:
    return Side(
        coverage=round(shared / words, 4),
        start=min(start for start, _ in spans) / words,
        end=max(end for _, end in spans) / words,
    )
