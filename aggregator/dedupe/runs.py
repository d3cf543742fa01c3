"""Runs of the same words in two texts, of many pairs at once. Pure.

All pairs are laid side by side in one pass over arrays: a pair at a time, the calls cost more than the work.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aggregator.words import GRAM_WORDS, Hashes, Words, in_texts, ranges

_PAIR_BITS = 32
_MAX_WORDS = 1 << 19
"""Words of pairs that are laid side by side at a time: 25 MB."""

_MAX_PAIRS = 1 << 20
_LOOKED_AT = 64
_TABLE_BITS = 22
"""Of a table that says which numbers are there: 4 MB, for half a million at most."""

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Runs:
    """What pairs of texts have in common, as columns: a row for each run, by pair, then by place in its first text."""

    pair: Ints
    a: Ints
    """Where it begins in the first text: a word's place."""
    b: Ints
    """In the second."""
    words: Ints
    """How long it is."""

    def where(self, keep: NDArray[np.bool_]) -> Runs:
        """Return some of them."""
        return Runs(self.pair[keep], self.a[keep], self.b[keep], self.words[keep])

    def together(self, most_apart: int, least: float) -> Runs:
        """Return those of pairs that have so many words in runs of which none begins far behind those before it."""
        if not len(self.pair):
            return self
        starts = (self.pair << _PAIR_BITS) + self.a
        reached = np.maximum.accumulate(starts + self.words)
        first = np.flatnonzero(np.append(True, starts[1:] - reached[:-1] > most_apart))
        enough = np.zeros(int(self.pair[-1]) + 1, np.bool_)
        enough[self.pair[first[np.add.reduceat(self.words, first) >= least]]] = True
        return self.where(enough[self.pair])


def runs_of(pairs: Sequence[tuple[Words, Words]]) -> Iterator[Runs]:
    """Yield the common runs of five words and more of pairs of texts, some pairs at a time.

    Of a gram that a text repeats, its first place counts: so a text of one word without end has few runs. A run goes
    on over what follows on both sides, such as a refrain that stood there before, and may lie within another.
    """
    sizes = np.cumsum([len(one) + len(other) for one, other in pairs])
    start = 0
    while start < len(pairs):
        before = int(sizes[start - 1]) if start else 0
        end = max(start + 1, int(np.searchsorted(sizes, before + _MAX_WORDS)))
        end = min(end, start + _MAX_PAIRS)
        yield _runs(pairs[start:end], start)
        start = end


def _runs(pairs: Sequence[tuple[Words, Words]], first: int) -> Runs:
    """Return the common runs of some pairs, the first of which has this number."""
    texts = {id(text): text for pair in pairs for text in pair}
    numbers = {each: number for number, each in enumerate(texts)}
    sorted_grams = [text.places[0] for text in texts.values()]
    sizes = np.array([len(each) for each in sorted_grams], np.int64)
    grams = np.concatenate(sorted_grams)
    places = np.concatenate([text.places[1] for text in texts.values()]).astype(np.int64)
    starts = np.cumsum(sizes) - sizes
    keys = in_texts(grams, np.repeat(np.arange(len(sizes)), sizes))

    # of each pair, the grams of the text that has fewer are looked up in those of the other
    sides = np.array([[numbers[id(text)] for text in pair] for pair in pairs], np.int64)
    turned = sizes[sides[:, 0]] > sizes[sides[:, 1]]
    fewer, more = np.where(turned, sides.T[::-1], sides.T)
    asked = ranges(starts[fewer], sizes[fewer])
    pair = np.repeat(np.arange(len(pairs)), sizes[fewer])
    wanted = in_texts(grams[asked], more[pair])
    some = _may_be_in(keys, wanted)
    asked, pair, wanted = asked[some], pair[some], wanted[some]
    found = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    same = grams[asked] == grams[found]  # and of the text that was asked:
    same &= keys[found] == wanted
    asked, found, pair = places[asked[same]], places[found[same]], pair[same]
    a, b = np.where(turned[pair], (found, asked), (asked, found))

    order = np.argsort((pair << _PAIR_BITS) + a)
    pair, a, b = pair[order], a[order], b[order]
    begins = np.ones(len(pair), np.bool_)
    begins[1:] = (np.diff(pair) != 0) | (np.diff(a) != 1) | (np.diff(b) != 1)
    at = np.flatnonzero(begins)
    lengths = np.diff(np.append(at, len(pair))) + (GRAM_WORDS - 1)
    runs = _extended(Runs(pair[at], a[at], b[at], lengths), list(texts.values()), sides)
    return Runs(runs.pair + first, runs.a, runs.b, runs.words)


def _may_be_in(keys: Hashes, wanted: Hashes) -> Ints:
    """Return the places of numbers that may be among others: one in eight of those that are not, at most.

    To look at one byte for each takes less time than a search, and most are nowhere.
    """
    there = np.zeros(1 << _TABLE_BITS, np.bool_)
    there[_spread(keys)] = True
    return np.flatnonzero(there[_spread(wanted)])


def _spread(keys: Hashes) -> Hashes:
    return (keys * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(64 - _TABLE_BITS)


def _same_words(ours: Hashes, theirs: Hashes) -> int:
    """Return with how many same words two texts begin: looked for twice as far each time, as most differ soon."""
    most, start, end = min(len(ours), len(theirs)), 0, _LOOKED_AT
    while start < most:
        differs = np.flatnonzero(ours[start : min(end, most)] != theirs[start : min(end, most)])
        if len(differs):
            return start + int(differs[0])
        start, end = end, 2 * end
    return most


def _extended(runs: Runs, texts: Sequence[Words], sides: Ints) -> Runs:
    """Return runs with what follows them on both sides, without those that this goes over."""
    hashes = np.concatenate([text.hashes for text in texts])
    sizes = np.array([len(text) for text in texts], np.int64)
    starts = np.cumsum(sizes) - sizes
    one, other = sides[runs.pair].T
    a, b = runs.a + runs.words, runs.b + runs.words
    follows = np.flatnonzero((a < sizes[one]) & (b < sizes[other]))
    same = hashes[(starts[one] + a)[follows]] == hashes[(starts[other] + b)[follows]]
    if not same.any():
        return runs
    lengths = runs.words.copy()
    for row in follows[same].tolist():
        lengths[row] += _same_words(texts[one[row]].hashes[a[row] :], texts[other[row]].hashes[b[row] :])
    order = np.lexsort((runs.a, runs.b - runs.a, runs.pair))
    diagonal = (runs.b - runs.a)[order]
    line = np.cumsum(np.append(True, (np.diff(runs.pair[order]) != 0) | (np.diff(diagonal) != 0)))
    begins = (line << _PAIR_BITS) + runs.a[order]
    reached = np.maximum.accumulate(begins + lengths[order])
    keep = np.ones(len(order), np.bool_)
    keep[order[1:]] = begins[1:] >= reached[:-1]
    return Runs(runs.pair, runs.a, runs.b, lengths).where(keep)
