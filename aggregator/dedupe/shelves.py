"""The texts of one language, to be asked which of them are near to a text of another. Pure.

How near two texts are is the cosine of their signs: the weight of those they share, over the geometric mean of what
each weighs in all. The texts that have a sign are kept by sign, as in the index of a book, so that a question costs
what is shared and not what is there: of 1,000 signs, two texts of different languages share about 25 that weigh
anything.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from aggregator.dedupe.signs import SIGN_BITS, Signed, Signs

WINDOW = timedelta(days=30)
"""A translation appears within so much of its original; without a date, at any time."""
BLOCK_TEXTS, BLOCK_SECONDS = (256, 8_192), 30 * 24 * 3600
"""So many texts are asked together, by date: as few as may be where they are of a longer time, so that little is asked
beyond a window, and as many as may be where not, below 2^16. 128 to 512 and 15 to 60 days: no difference."""
BLOCK_SIGNS = 4_000_000
"""So many signs they have, or so many and those of one text: 110 MB while a block is made. Of 8,192 articles of usual
length it is half; of long ones made to have many signs, of which there are 2^17, it would be 2 GB."""

Weights = NDArray[np.float64]
Near = tuple["Writing", float]
"""A text, and how near it is: 0.0 to 1.0."""


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
    whole: str | None = None
    """The text of its article, where ``text`` is the part in one language; None: the same."""


class Shelf:
    """The texts of one language by date, those without one first.

    Args:
        writings: In any order.
        weights: Of each sign.
    """

    def __init__(self, writings: Sequence[Writing], weights: Weights) -> None:
        self._blocks = [_Block(texts, weights) for texts in _in_blocks(sorted(writings, key=by_date))]
        self._weights = weights

    def __len__(self) -> int:
        return sum(len(block.writings) for block in self._blocks)

    def __iter__(self) -> Iterator[Writing]:
        return (writing for block in self._blocks for writing in block.writings)

    def near(self, writing: Writing, least: float) -> list[Near]:
        """Return the texts within the window that are at least so near to it, the nearest first.

        How near one text is to another is how near that is to it, to the last bit, whatever else is there.
        """
        signs = _weighty(writing, self._weights)
        length, weights = _length(signs, self._weights), self._weights[signs]
        found: list[Near] = []
        for block in self._blocks:
            first, end = block.window(_seconds(writing))
            if first < end:
                scores = np.round(block.shared(signs, weights)[first:end] / (block.lengths[first:end] * length), 4)
                places = np.flatnonzero(scores >= least)
                near = zip(places.tolist(), scores[places].tolist(), strict=True)
                found += [(block.writings[first + place], score) for place, score in near]
        return sorted((f for f in found if f[0].id != writing.id), key=lambda f: (-f[1], f[0].id))


def by_date(writing: Writing) -> tuple[float, str]:
    """Return by what texts are in order: those without a date first."""
    return _seconds(writing), writing.id


class _Block:
    """Some texts by date, all of them dated or none, and by sign which of them have it."""

    def __init__(self, writings: Sequence[Writing], weights: Weights) -> None:
        self.writings = writings
        signs = [_weighty(w, weights) for w in writings]
        self.lengths = np.array([_length(s, weights) for s in signs])
        self._seconds = [_seconds(w) for w in writings]
        keys = np.concatenate([s.astype(np.int64) << 16 | n for n, s in enumerate(signs)])
        keys.sort()
        self._holders = (keys & 0xFFFF).astype(np.uint16)
        self._starts = np.cumsum(np.append(0, np.bincount(keys >> 16, minlength=1 << SIGN_BITS)), dtype=np.int32)

    def window(self, seconds: float) -> tuple[int, int]:
        """Return the places, from first to end, of the texts that may be translations of one of that time."""
        if seconds < 0 or self._seconds[0] < 0:
            return 0, len(self.writings)
        around = WINDOW.total_seconds()
        return bisect_left(self._seconds, seconds - around), bisect_right(self._seconds, seconds + around)

    def shared(self, signs: Signed, weights: Weights) -> Weights:
        """Return for each text what the signs weigh that it has."""
        starts = self._starts[signs]
        many = self._starts[signs + 1] - starts
        behind = np.cumsum(many)
        places = np.arange(behind[-1] if len(behind) else 0) + np.repeat(starts - (behind - many), many)
        sums = np.bincount(self._holders[places], np.repeat(weights, many), minlength=len(self.writings))
        return sums.astype(np.float64, copy=False)


def _in_blocks(writings: Sequence[Writing]) -> Iterator[list[Writing]]:
    least, most = BLOCK_TEXTS
    block: list[Writing] = []
    signs = 0
    for writing in writings:
        lasted = _seconds(writing) - _seconds(block[0]) if block else 0
        is_full = len(block) == most or signs >= BLOCK_SIGNS or (len(block) >= least and lasted > BLOCK_SECONDS)
        if is_full or (block and not block[0].published_at and writing.published_at):
            yield block
            block, signs = [], 0
        block.append(writing)
        signs += len(writing.signs.packed) // 4
    if block:
        yield block


def _weighty(writing: Writing, weights: Weights) -> Signed:
    """Return the signs of a text that weigh anything."""
    signs = writing.signs.numbers
    return signs[weights[signs] > 0]


def _length(signs: Signed, weights: Weights) -> float:
    return max(math.sqrt(weights[signs].sum()), 1e-3)


def _seconds(writing: Writing) -> float:
    """Return when it appeared, in seconds since 1970, 0 for what is earlier; -1: unknown."""
    return max(0.0, writing.published_at.timestamp()) if writing.published_at else -1.0
