"""The parts of the fingerprints: which articles hold which grams, as sorted arrays; on the disk each in a file.

They are mapped into memory, so that to ask reads only the pages it needs.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from aggregator.words import Hashes

LIST = "segments.json"
_TRIES = 10
FORM = 1
"""Counted up with every change of the form or of what a gram is: an index of another form is built again."""
ARRAYS = {"grams": "<u8", "holders": "<u4", "numbers": "<u8", "rates": "u1", "texts": "<u8"}
ROWS = 2_000_000
"""Holders of grams that are in memory at a time: 100 MB."""
_OF_ARTICLES = ("numbers", "rates", "texts")
"""Arrays with an item an article; the others have one a row."""

Numbers = NDArray[np.uint64]
Span: TypeAlias = tuple[NDArray[np.int64], NDArray[np.int64]]
"""From where to where something stands in a segment, ends exclusive: an item a gram."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What an article is found again by."""

    number: int
    """Of the article, below 2^64."""
    rate: int
    """One in how many grams is kept."""
    grams: Hashes
    text: int = 0
    """The same for texts that are word for word the same; 0: it has several."""


@dataclass(frozen=True, slots=True)
class Segment:
    """Which articles hold which grams: as a table of two columns, sorted by both."""

    name: str
    grams: Hashes
    holders: NDArray[np.uint32]
    """Places in ``numbers``."""
    numbers: Numbers
    """Of the articles in it, ascending."""
    rates: NDArray[np.uint8]
    texts: Numbers

    def __len__(self) -> int:
        return len(self.grams) + len(self.numbers)

    def bounds(self, grams: Hashes) -> Span:
        """Return from where to where each gram stands in the table.

        They are looked up in their order, and once: so that the processor finds near what it has just read.
        """
        wanted, place = np.unique(grams, return_inverse=True)
        left = np.searchsorted(self.grams, wanted, side="left")
        return left[place], np.searchsorted(self.grams, wanted, side="right")[place]


Seen: TypeAlias = tuple[int, int]
"""Which file the list was, and when it was written, in nanoseconds: every list is a file of its own."""


def read_again(folder: Path) -> tuple[Seen, list[Segment]]:
    """Read the list and what it names; again, when the writer put another list in its place meanwhile."""
    for _ in range(_TRIES - 1):
        seen, said = the_list(folder)
        try:
            return seen, _read(folder, said)
        except (FileNotFoundError, ValueError):
            if the_list(folder)[0] == seen:
                raise
    seen, said = the_list(folder)
    return seen, _read(folder, said)


def the_list(folder: Path) -> tuple[Seen, bytes]:
    """Return the list of the segments that count, as it is now, and which list that is."""
    with (folder / LIST).open("rb") as file:
        about = os.fstat(file.fileno())
        return (about.st_ino, about.st_mtime_ns), file.read()


def _read(folder: Path, said: bytes) -> list[Segment]:
    listed = json.loads(said)
    if listed["form"] != FORM:
        raise ValueError("of another version")
    return [mapped(folder, each["name"], each["rows"], each["articles"]) for each in listed["segments"]]


def mapped(folder: Path, name: str, rows: int, articles: int) -> Segment:
    """Return a segment whose arrays are read as they are needed."""
    arrays = {}
    for array, kind in ARRAYS.items():
        path, length = folder / f"{name}-{array}", articles if array in _OF_ARTICLES else rows
        if path.stat().st_size != length * np.dtype(kind).itemsize:
            raise ValueError(f"{path.name} is not as long as it should be")
        arrays[array] = np.asarray(np.memmap(path, kind, mode="r")) if length else np.zeros(0, kind)
    return Segment(name, **arrays)


def made_of(fingerprints: Sequence[Fingerprint], grams: Hashes, owners: Numbers) -> Segment:
    """Return the segment of these articles, with rows in any order."""
    articles = _each_once(
        np.array([f.number for f in fingerprints], np.uint64),
        np.array([f.rate for f in fingerprints], np.uint8),
        np.array([f.text for f in fingerprints], np.uint64),
    )
    return _sorted(grams, np.searchsorted(articles[0], owners).astype(np.uint32), *articles)


_Any = TypeVar("_Any", np.uint64, np.int64)


def different(numbers: NDArray[_Any]) -> NDArray[_Any]:
    """Return numbers, ascending and each once; ``numpy.unique`` takes twenty times as long for 10^7 of them."""
    ascending = np.sort(numbers)
    again = np.flatnonzero(ascending[1:] == ascending[:-1]) + 1
    return np.delete(ascending, again)


def _each_once(
    numbers: Numbers, rates: NDArray[np.uint8], texts: Numbers
) -> tuple[Numbers, NDArray[np.uint8], Numbers]:
    """Return articles, ascending and each once, with the coarsest of its rates; of several texts of it none is kept."""
    order = np.lexsort((rates, numbers))
    numbers, rates, texts = numbers[order], rates[order], texts[order]
    again = np.flatnonzero(numbers[1:] == numbers[:-1]) + 1
    texts[again] = np.where(texts[again] == texts[again - 1], texts[again], np.uint64(0))
    last = np.append(numbers[1:] != numbers[:-1], True)
    return numbers[last], rates[last], texts[last]


def _sorted(
    grams: Hashes, holders: NDArray[np.uint32], numbers: Numbers, rates: NDArray[np.uint8], texts: Numbers
) -> Segment:
    order = np.lexsort((holders, grams))
    return Segment("", grams[order], holders[order], numbers, rates, texts)


def merged(one: Segment, other: Segment) -> Segment:
    """Return the segment that holds what both hold."""
    articles = _each_once(
        np.concatenate((one.numbers, other.numbers)),
        np.concatenate((one.rates, other.rates)),
        np.concatenate((one.texts, other.texts)),
    )
    few, many = sorted((one, other), key=len)
    # each row of the smaller goes behind those of the larger with the same gram: no sorting, which takes memory
    at = np.searchsorted(many.grams, few.grams, side="right") + np.arange(len(few.grams))
    is_rest = np.ones(len(few.grams) + len(many.grams), np.bool_)
    is_rest[at] = False
    grams, holders = np.zeros(len(is_rest), np.uint64), np.zeros(len(is_rest), np.uint32)
    for where, each in ((at, few), (is_rest, many)):
        grams[where] = each.grams
        holders[where] = np.searchsorted(articles[0], each.numbers).astype(np.uint32)[each.holders]
    # of a gram the holders are ascending, whichever they came from
    is_again = grams[1:] == grams[:-1]
    several = np.flatnonzero(np.append(is_again, False) | np.append(False, is_again))
    holders[several] = holders[several][np.lexsort((holders[several], grams[several]))]
    return Segment("", grams, holders, *articles)


def in_parts(rows: NDArray[np.int64], sizes: NDArray[np.int64]) -> Sequence[NDArray[np.int64]]:
    """Return rows in parts that are not too large together, by how large each is."""
    return np.split(rows, np.flatnonzero(np.diff(np.cumsum(sizes[rows]) // ROWS)) + 1)


def summed(
    pairs: NDArray[np.int64], shared: NDArray[np.int64], weight: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Return each pair once, with the sums of what stands beside it."""
    order = np.argsort(pairs)
    ascending = pairs[order]
    first = np.flatnonzero(np.append(True, ascending[1:] != ascending[:-1])[: len(ascending)])
    if not len(first):
        return pairs, shared, weight
    return ascending[first], np.add.reduceat(shared[order], first), np.add.reduceat(weight[order], first)
