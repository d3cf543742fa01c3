"""Gathers what is filed, document by document, and gives it back term by term.

Every word of a field has a number, and a document is the numbers of its words: 4 bytes a word until all are sorted at
once. What is too much for memory is sorted, and waits on the disk as a run; the runs are read together in the end.
"""

from __future__ import annotations

import marshal
import tempfile
from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from heapq import merge
from itertools import groupby, islice, starmap
from operator import itemgetter
from typing import IO, NamedTuple

import numpy as np
from numpy.typing import NDArray

_WORD_BYTES, _TERM_BYTES = 48, 180
"""What a word takes in memory when its field is sorted, and a term as long as it has a number. Measured: with 128 MiB,
building takes 150 MiB more than there was, what ``analysis`` remembers included."""

_TOGETHER = 1_000
"""Terms of a run that are written together, and read."""
_LENGTH_BYTES = 8

NUMBER = np.dtype(np.uint32)

_Key = tuple[str, str]
"""A field and a term. Letters are in the order of the bytes that they are written as."""


class Entry(NamedTuple):
    """The postings of a term in a field; of all numbers the bytes, as ``NUMBER``: few of them are looked at alone."""

    key: _Key
    docs: bytes
    """Which documents have it, ascending."""
    counts: bytes
    """How often each has it."""
    steps: bytes
    """Where it stands: the first place of each document, and after how many words the next ones are."""


class _Field:
    """The words of all documents in a field, in the order in which they stand there."""

    def __init__(self) -> None:
        self.numbers: defaultdict[str, int] = defaultdict()
        self.numbers.default_factory = self.numbers.__len__
        self.words, self.docs, self.lengths = array("I"), array("I"), array("I")

    def put(self, words: Sequence[str], doc: int) -> None:
        """Add the words of a document."""
        self.words.extend(map(self.numbers.__getitem__, words))
        self.docs.append(doc)
        self.lengths.append(len(words))

    def entries(self, name: str) -> Iterator[Entry]:
        """Yield the terms, in order."""
        terms = sorted(self.numbers)
        docs, counts, steps, posting, word = self._sorted(terms)
        begins, first = 0, 0
        for term, ends, last in zip(terms, posting, word, strict=True):
            yield Entry((name, term), docs[begins:ends], counts[begins:ends], steps[first:last])
            begins, first = ends, last

    def _sorted(self, terms: Sequence[str]) -> tuple[bytes, bytes, bytes, list[int], list[int]]:
        """Return docs, counts and steps of all terms; and at which byte each ends in the first two, and in steps."""
        rank = np.empty(len(terms), np.uint64)
        rank[np.fromiter(map(self.numbers.__getitem__, terms), np.uint32, len(terms))] = np.arange(len(terms))
        lengths = _numbers(self.lengths)
        # a term in the upper half, and in the lower half where it stands when all texts are one behind the other
        keys = rank[_numbers(self.words)] << np.uint64(32)
        keys |= np.arange(len(keys), dtype=np.uint64)
        keys.sort()
        ranks, stands = (keys >> np.uint64(32)).astype(np.uint32), keys.astype(np.uint32)
        del keys
        docs = np.repeat(_numbers(self.docs), lengths)[stands]
        places = stands - np.repeat(np.cumsum(lengths, dtype=np.uint32) - lengths, lengths)[stands]
        first = np.flatnonzero(_changes(ranks) | _changes(docs))
        counts = np.diff(first, append=len(ranks)).astype(NUMBER)
        steps = np.diff(places, prepend=places[:1])
        steps[first] = places[first]
        ends = np.flatnonzero(_changes(ranks[::-1])[::-1]) + 1
        sizes = [(NUMBER.itemsize * each).tolist() for each in (np.searchsorted(first, ends), ends)]
        return docs[first].tobytes(), counts.tobytes(), steps.tobytes(), sizes[0], sizes[1]


class Pool:
    """Takes documents in their order.

    Args:
        limit_bytes: What it may take in memory, about.
        folder: Where it keeps the rest.

    Attributes:
        fieldnames: Whoosh wants to know which fields there are.
    """

    def __init__(self, limit_bytes: int, folder: str) -> None:
        self._limit = limit_bytes
        self._folder = folder
        self._fields: defaultdict[str, _Field] = defaultdict(_Field)
        self._taken = 0
        self._runs: list[IO[bytes]] = []
        self.fieldnames: set[str] = set()

    def put(self, field: str, words: Sequence[str], doc: int) -> None:
        """Add the words of a document in a field."""
        if self._taken > self._limit:
            self._save()
        those = self._fields[field]
        known = len(those.numbers)
        those.put(words, doc)
        self._taken += _WORD_BYTES * len(words) + _TERM_BYTES * (len(those.numbers) - known)
        self.fieldnames.add(field)

    def put_run(self, entries: Iterable[Entry]) -> None:
        """Add terms with all their postings, in order, of documents that come behind those that are there."""
        if self._fields:
            self._save()
        # in the index, not wherever the system keeps such files: these are the words of texts
        run = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115 - closed by cleanup
        self._runs.append(run)
        # marshal reads from a file a few bytes at a time
        for several in _batched(map(tuple, entries), _TOGETHER):
            data = marshal.dumps(several)
            run.write(len(data).to_bytes(_LENGTH_BYTES))
            run.write(data)

    def _save(self) -> None:
        fields, self._fields, self._taken = self._fields, defaultdict(_Field), 0
        self.put_run(_in_order(fields))

    def iter_postings(self) -> Iterator[Entry]:
        """Yield all terms, in order; so Whoosh calls it."""
        several = [*map(_read, self._runs), _in_order(self._fields)]
        if len(several) == 1:
            yield from several[0]
            return
        for key, those in groupby(merge(*several, key=itemgetter(0)), itemgetter(0)):
            _, *parts = zip(*those, strict=True)
            yield Entry(key, *map(b"".join, parts))

    def cleanup(self) -> None:
        """Let go of all; Whoosh asks for it when the segment is written."""
        for run in self._runs:
            run.close()
        self._runs = []
        self._fields.clear()


def _numbers(those: array[int]) -> NDArray[np.uint32]:
    return np.frombuffer(those, np.uint32) if those else np.zeros(0, np.uint32)


def _changes(numbers: NDArray[np.uint32]) -> NDArray[np.bool_]:
    """Return of each number whether it is not the one before it."""
    return np.append(True, numbers[1:] != numbers[:-1])[: len(numbers)]


def _in_order(fields: dict[str, _Field]) -> Iterator[Entry]:
    for name in sorted(fields):
        yield from fields[name].entries(name)


def _read(run: IO[bytes]) -> Iterator[Entry]:
    run.seek(0)
    while length := run.read(_LENGTH_BYTES):
        yield from starmap(Entry, marshal.loads(run.read(int.from_bytes(length))))


def _batched(entries: Iterable[tuple[object, ...]], size: int) -> Iterator[list[tuple[object, ...]]]:
    entries = iter(entries)
    while several := list(islice(entries, size)):
        yield several
