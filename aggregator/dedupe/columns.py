"""Alignments as columns of numbers: of very many, only what is counted is in memory, and counted at once. Pure."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from aggregator.model import Alignment, Passage, Shared, Stretch
from aggregator.words import Hashes

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class Columns:
    """Alignments, with a row for each, for each of their passages, and for each stretch of these.

    Texts that many have share the same stretches with all of them: the grams of each are kept once.

    Args:
        alignments: In any order, each pair once.

    Attributes:
        ids: The articles in them, ascending.
        a: Of each alignment, the place of one article in these.
        b: Of the other.
        a_chars: How long its text is, in characters.
        b_chars: Likewise.
        owner: Of each passage, the row of its alignment.
        a_start: Where it begins in one text.
        a_end: Where it ends, exclusive.
        b_start: Where it begins in the other.
        b_end: Where it ends, exclusive.
        words: How many words it has.
        alike: How many of these are the same.
        passage: Of each stretch, the row of its passage.
        stretch_words: How many words it has.
        run: Which of the different runs of grams tells how rare it is.
        grams: All grams, of one run after the other.
        gram_run: The run of each.
    """

    def __init__(self, alignments: Iterable[Alignment]) -> None:
        places: dict[str, int] = {}
        digests: dict[str, int] = {}
        runs: dict[tuple[int, ...], int] = {}
        pairs, passages, words, stretches, lengths = array("q"), array("q"), array("d"), array("q"), array("d")
        for row, one in enumerate(alignments):
            pairs.extend(
                (
                    places.setdefault(one.a, len(places)),
                    places.setdefault(one.b, len(places)),
                    digests.setdefault(one.a_version, len(digests)),
                    digests.setdefault(one.b_version, len(digests)),
                    one.a_chars,
                    one.b_chars,
                )
            )
            for shared in one.shared:
                p, at = shared.passage, len(words) // 2
                passages.extend((row, p.a_start, p.a_end, p.b_start, p.b_end))
                words.extend((shared.words, shared.alike))
                for stretch in shared.stretches:
                    stretches.extend((at, runs.setdefault(stretch.grams, len(runs))))
                    lengths.append(stretch.words)
        self.ids = sorted(places)
        order = np.empty(len(places), np.int64)
        order[[places[article_id] for article_id in self.ids]] = np.arange(len(places))
        a, b, self._a_version, self._b_version, self.a_chars, self.b_chars = _columns(pairs, 6)
        self.a, self.b = order[a], order[b]
        self.owner, self.a_start, self.a_end, self.b_start, self.b_end = _columns(passages, 5)
        self.words, self.alike = np.array(words).reshape(-1, 2).T
        self.passage, self.run = _columns(stretches, 2)
        self.stretch_words = np.array(lengths)
        self._digests = list(digests)
        self._runs = list(runs)
        self.grams: Hashes = np.array([gram for grams in runs for gram in grams], np.uint64)
        self.gram_run = np.repeat(np.arange(len(runs)), [len(grams) for grams in runs])

    def __len__(self) -> int:
        """Return how many alignments there are."""
        return len(self.a)

    @property
    def n_runs(self) -> int:
        """How many different runs of grams there are."""
        return len(self._runs)

    @property
    def in_order(self) -> Ints:
        """The rows of the alignments, by their articles."""
        return np.lexsort((self.b, self.a))

    def pair(self, row: int) -> tuple[str, str]:
        """Return the articles of an alignment."""
        return self.ids[self.a[row]], self.ids[self.b[row]]

    def are_of(self, pairs: Collection[tuple[str, str]]) -> NDArray[np.bool_]:
        """Return which alignments are of one of those pairs of articles."""
        places = {article_id: place for place, article_id in enumerate(self.ids)} if pairs else {}
        wanted = [places[a] * len(places) + places[b] for a, b in pairs if a in places and b in places]
        return np.isin(self.a * len(places) + self.b, wanted)

    def versions(self, row: int) -> tuple[str, str]:
        """Return the digests of the versions that share most."""
        return self._digests[self._a_version[row]], self._digests[self._b_version[row]]

    def passages(self, row: int) -> range:
        """Return the rows of the passages of an alignment."""
        first, last = self._first_passage[row : row + 2]
        return range(first, last)

    def alignment(self, row: int) -> Alignment:
        """Return an alignment as it was."""
        a, b = self.pair(row)
        a_version, b_version = self.versions(row)
        return Alignment(
            a=a,
            b=b,
            a_version=a_version,
            b_version=b_version,
            a_chars=int(self.a_chars[row]),
            b_chars=int(self.b_chars[row]),
            shared=tuple(self._shared(passage) for passage in self.passages(row)),
        )

    def _shared(self, passage: int) -> Shared:
        first, last = np.searchsorted(self.passage, (passage, passage + 1)).tolist()
        stretches = zip(self.stretch_words[first:last].tolist(), self.run[first:last].tolist(), strict=True)
        return Shared(
            passage=self.span(passage),
            words=float(self.words[passage]),
            alike=float(self.alike[passage]),
            stretches=tuple(Stretch(words=words, grams=self._runs[run]) for words, run in stretches),
        )

    def span(self, passage: int) -> Passage:
        """Return where a passage stands in both texts."""
        return Passage(
            int(self.a_start[passage]), int(self.a_end[passage]), int(self.b_start[passage]), int(self.b_end[passage])
        )

    @cached_property
    def _first_passage(self) -> list[int]:
        return [int(first) for first in np.searchsorted(self.owner, np.arange(len(self) + 1))]


def _columns(values: array[int], count: int) -> Ints:
    """Return the columns of what was noted row by row."""
    return np.array(values, np.int64).reshape(-1, count).T
