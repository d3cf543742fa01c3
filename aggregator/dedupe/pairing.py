"""Which sentences of a translation are which of its original: aligned by length and by what they share. Pure.

The programme is that of Gale and Church (1993), with the weight of shared signs beside the lengths.
"""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from aggregator.dedupe.shelves import Weights
from aggregator.dedupe.signs import MAX_COMPARED_CHARS, SIGN_BITS, Floats, grams_of, letters_of
from aggregator.model import Passage

UNIT_CHARS = 160
"""Sentences of one paragraph are aligned together until they have so many characters; 60 to 400: no difference."""
MAX_UNITS = 80
"""A text is aligned in so many units at most; those of a longer text are longer."""
MAX_LENGTH_RATIO = 2.0
"""What lies between two aligned blocks is one too if neither side has more than so many times the other's length."""
_BEADS = ((1, 0), (1, 1), (1, 2), (2, 1), (2, 2), (1, 3), (3, 1))
"""How many units of one side may be one block with how many of the other; the first: one without counterpart."""

Span = tuple[int, int]
Block = tuple[int, int, int, int]
"""First unit and end on one side, first unit and end on the other."""
_BOUNDARY = "\ue000"
"""Stands between units, of the private use area: no letter of any script."""
_SENTENCE_END = re.compile(r"[.!?…][\"'»”’)\]]{0,3}\s|\n")


class Pairing:
    """Two texts in units, and which block of units of one is which of the other."""

    def __init__(self, a: str, b: str, weights: Weights) -> None:
        left, right = _units(a[:MAX_COMPARED_CHARS]), _units(b[:MAX_COMPARED_CHARS])
        self.sizes = _sizes(left), _sizes(right)
        self.shared = _shared([a[s:e] for s, e in left], [b[s:e] for s, e in right], weights)
        self.blocks = _aligned(self.shared, *self.sizes)
        self.passages = tuple(
            Passage(a_start=left[i][0], a_end=left[j - 1][1], b_start=right[k][0], b_end=right[m - 1][1])
            for i, j, k, m in _filled(self.blocks, *self.sizes)
        )

    def order(self) -> float:
        """Return the share of the weight of what they share that stands in the same order in both, 0.0 to 1.0."""
        return float(sum(self.shared[i:j, k:m].sum() for i, j, k, m in self.blocks) / max(self.shared.sum(), 1e-6))

    def coverage(self) -> float:
        """Return the share of its characters that passages cover, of the text where it is greater, 0.0 to 1.0."""
        left = sum(p.a_end - p.a_start for p in self.passages) / max(self.sizes[0].sum(), 1)
        right = sum(p.b_end - p.b_start for p in self.passages) / max(self.sizes[1].sum(), 1)
        return min(1.0, float(max(left, right)))

    def length_ratio(self) -> float:
        """Return how many times as long as the shorter text the longer is."""
        short, long = sorted(float(sizes.sum()) for sizes in self.sizes)
        return long / max(short, 1.0)


def _units(text: str) -> list[Span]:
    """Return the spans to align, without the space around them: paragraphs, or some sentences of a long one."""
    least = len(text) / MAX_UNITS
    units: list[Span] = []
    start = 0
    for end in [*(found.end() for found in _SENTENCE_END.finditer(text)), len(text)]:
        unit = text[start:end]
        if len(unit) >= max(least, 1 if unit.endswith("\n") else UNIT_CHARS) or end == len(text):
            begin = start + len(unit) - len(unit.lstrip())
            units += [(begin, start + len(unit.rstrip()))] if unit.strip() else []
            start = end
    return units or [(0, len(text))]


def _sizes(units: list[Span]) -> Floats:
    return np.array([end - start for start, end in units], dtype=np.float32)


def _shared(left: list[str], right: list[str], weights: Weights) -> Floats:
    """Return the weight of the grams that each unit of one side shares with each of the other.

    A gram that many units have tells little about which is which; its weight is split among them.
    """
    (a_units, a_grams), (b_units, b_grams) = _grams_of(left, weights), _grams_of(right, weights)
    a_many, b_many = (np.bincount(grams, minlength=1 << SIGN_BITS) for grams in (a_grams, b_grams))
    split = weights / np.maximum(a_many * b_many, 1)
    many = b_many[a_grams]  # each gram of one side meets those of the other: no product of matrices, most is empty
    behind = np.cumsum(many)
    first = np.cumsum(b_many)[a_grams] - many
    met = np.arange(many.sum()) + np.repeat(first - (behind - many), many)
    cells = np.repeat(a_units, many) * len(right) + b_units[met]
    shared = np.bincount(cells, np.repeat(split[a_grams], many), minlength=len(left) * len(right))
    return shared.reshape(len(left), len(right)).astype(np.float32)


def _grams_of(units: list[str], weights: Weights) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return in which unit which gram is that weighs anything, each once, by gram."""
    letters = letters_of(_BOUNDARY.join(unit.replace(_BOUNDARY, " ") for unit in units))
    grams = grams_of(letters)
    unit = np.cumsum(letters == ord(_BOUNDARY))
    inside = (letters[: len(grams)] != ord(_BOUNDARY)) & (unit[: len(grams)] == unit[len(unit) - len(grams) :])
    inside &= weights[grams] > 0
    placed = np.sort(grams[inside].astype(np.int64) * len(units) + unit[: len(grams)][inside])
    placed = placed[np.diff(placed, prepend=-1) > 0]
    return placed % len(units), placed // len(units)


def _aligned(shared: Floats, left: Floats, right: Floats) -> list[Block]:
    """Return the blocks, in order on both sides, that share most beyond what chance gives units so long.

    The dynamic programming of Gale and Church, a row at a time, with shared signs in the place of lengths.
    """
    rows, columns = len(left), len(right)
    chance = shared.sum() * np.outer(left, right) / max(left.sum() * right.sum(), 1)
    corner = np.zeros((rows + 1, columns + 1))
    corner[1:, 1:] = (shared - chance).cumsum(0).cumsum(1)  # so that a block is worth what its corners say
    best = np.zeros((rows + 1, columns + 1))
    steps = np.full((rows + 1, columns + 1), -1)  # which of _BEADS ends here; -1: none, and the way came from the left
    for j in range(1, rows + 1):
        ways = np.full((len(_BEADS), columns + 1), -np.inf)
        for n, (di, dk) in enumerate(_BEADS):
            if di <= j and dk <= columns:
                strip, end = corner[j] - corner[j - di], columns + 1 - dk
                ways[n, dk:] = best[j - di, :end] + strip[dk:] - strip[:end]
        top = ways.max(0)
        best[j] = np.maximum.accumulate(top)
        steps[j] = np.where(best[j] > top, -1, ways.argmax(0))
    return _traced(steps)


def _traced(steps: NDArray[np.int64]) -> list[Block]:
    """Return the blocks of the way that ends in the last corner."""
    j, m = steps.shape[0] - 1, steps.shape[1] - 1
    blocks: list[Block] = []
    while j and m:
        di, dk = _BEADS[steps[j, m]] if steps[j, m] >= 0 else (0, 1)
        if di and dk:
            blocks.append((j - di, j, m - dk, m))
        j, m = j - di, m - dk
    return blocks[::-1]


def _filled(blocks: list[Block], left: Floats, right: Floats) -> list[Block]:
    """Return the blocks, and as blocks too what lies between two of them and is about as long on both sides."""
    filled: list[Block] = []
    a, b = 0, 0
    for i, j, k, m in [*blocks, (len(left), len(left), len(right), len(right))]:
        short, long = sorted((float(left[a:i].sum()), float(right[b:k].sum())))
        filled += [(a, i, b, k)] if 0 < long <= short * MAX_LENGTH_RATIO else []
        filled += [(i, j, k, m)] if j > i else []
        a, b = j, m
    return filled
