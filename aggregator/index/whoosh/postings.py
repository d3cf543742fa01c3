"""What Whoosh keeps on the disk, whole blocks and columns at a time. It reads posting by posting itself.

Whoosh's version is pinned: this calls what is behind its interface. The files are as it wrote them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property, lru_cache
from struct import Struct
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from aggregator.index.asking import Known, meant
from aggregator.index.whoosh.fields import COLUMNS
from aggregator.index.whoosh.termtable import records
from aggregator.query import Word

_HOLDERS = Struct("!5xI")
"""Where, in what is told of a term, it says how many documents hold it."""
_REMEMBERED = 64
"""Lists of words that begin alike, some 20,000 each in 10,000 articles: whoever asks for one asks for it again."""

Docs: TypeAlias = NDArray[np.int64]
"""Documents, by their places in the index: ascending, each once."""
Counts: TypeAlias = NDArray[np.float64]


class Postings:
    """All segments of an index as one.

    Args:
        reader: Whoosh's, which must stay open.
    """

    def __init__(self, reader: Any) -> None:
        self._segments = [(segment, start) for segment, start in reader.leaf_readers() if segment.doc_count_all()]
        self._columns: dict[str, NDArray[Any]] = {}
        self.count: int = reader.doc_count_all()

    @cached_property
    def living(self) -> NDArray[np.bool_]:
        """Which documents were not replaced."""
        mask = np.ones(self.count, np.bool_)
        for segment, start in self._segments:
            mask[[start + doc for doc in segment._perdoc.deleted_docs()]] = False
        return mask

    def of(self, field: str, term: str) -> tuple[Docs, Counts]:
        """Return which documents hold a term, and how often; replaced ones, too."""
        docs, counts = [np.zeros(0, np.int64)], [np.zeros(0)]
        for segment, start in self._segments:
            for those, weights in _blocks(_matcher(segment, field, term)):
                docs.append(np.array(those, np.int64) + start)
                counts.append(np.array(weights, np.float64))
        return np.concatenate(docs), np.concatenate(counts)

    def in_order(self, field: str, terms: Sequence[str]) -> tuple[Docs, Counts]:
        """Return which documents hold terms one behind the other, and how often."""
        docs: list[int] = []
        counts: list[int] = []
        several = list(dict.fromkeys(terms))
        for segment, start in self._segments:
            matchers = {term: _matcher(segment, field, term) for term in several}
            if any(matcher is None for matcher in matchers.values()):
                continue
            rarest = sorted(several, key=lambda term: int(segment.doc_frequency(field, term)))
            for doc in _in_all([matchers[term] for term in rarest]):
                places = {term: matchers[term].value_as("positions") for term in several}
                count = _one_behind_the_other([places[term] for term in terms])
                if count:
                    docs.append(start + doc)
                    counts.append(count)
        return np.array(docs, np.int64), np.array(counts, np.float64)

    @lru_cache(maxsize=_REMEMBERED)  # noqa: B019 - it lives no longer than the reader
    def words(self, field: str, prefix: str) -> Known:
        """Return the terms that begin so, with how many documents hold each; of several segments some twice."""
        words: list[str] = []
        counts: list[int] = []
        for segment, _ in self._segments:
            for term, count in _terms(segment, field, prefix.encode()):
                words.append(term.decode())
                counts.append(count)
        return Known(words, counts)

    def meant(self, fields: Sequence[str], word: Word) -> list[str]:
        """Return what a beginning or a misspelt word may stand for in some fields, the most frequent first."""

        def known(prefix: str) -> Known:
            several = [self.words(field, prefix) for field in fields]
            return Known(
                [word for each in several for word in each.words], [n for each in several for n in each.counts]
            )

        return meant(word, known)

    def column(self, name: str) -> NDArray[Any]:
        """Return what a column holds of all documents."""
        if name not in self._columns:
            self._columns[name] = self._read(name, np.dtype(COLUMNS[name]))
        return self._columns[name]

    def lengths(self, field: str) -> Counts:
        """Return how many words all documents have in a field, rounded as Whoosh keeps them."""
        if field not in self._columns:
            from whoosh.util.numeric import byte_to_length

            lengths = np.array([byte_to_length(byte) for byte in range(256)], np.float64)
            self._columns[field] = lengths[self._read(f"_{field}_len", np.dtype("u1"))]
        return self._columns[field]

    def _read(self, name: str, kind: np.dtype[Any]) -> NDArray[Any]:
        every = np.zeros(self.count, kind.newbyteorder("="))
        for segment, start in self._segments:
            if segment._perdoc.has_column(name):  # else all are zero, as are the last ones that it leaves out
                file, begins, length = segment._perdoc._get_column_file(name)
                numbers = np.frombuffer(bytes(file.get(begins, length)), kind)
                every[start : start + len(numbers)] = numbers
                file.close()
        return every


def _terms(segment: Any, field: str, prefix: bytes) -> Iterator[tuple[bytes, int]]:
    """Yield the terms of a segment that begin so, with how many documents hold each."""
    table, number = segment._terms._tindex, segment._terms._keycoder(field, b"")
    start = table.closest_key_pos(number + prefix)
    if field not in segment._terms._fieldmap or start is None:
        return
    end = table.closest_key_pos(number + prefix + b"\xff")  # no letter is written so
    for key, told in records(table, start, table.endofdata if end is None else end):
        yield key[len(number) :], _HOLDERS.unpack_from(told)[0]


def _matcher(segment: Any, field: str, term: str) -> Any:
    """Return what reads the postings of a term; None: no document of the segment has it."""
    if (field, term) not in segment:
        return None
    return segment._terms.matcher(field, term.encode(), segment.schema[field].format)


def _blocks(matcher: Any) -> Iterator[tuple[Sequence[int], Sequence[float]]]:
    """Yield documents with how often they have the term, a block at a time."""
    from whoosh.matching import ListMatcher

    if isinstance(matcher, ListMatcher):  # of few documents, which Whoosh keeps beside the term
        docs = list(matcher.all_ids())
        matcher.reset()
        yield docs, [_weight(matcher) for _ in docs]
        return
    while matcher is not None and matcher.is_active():
        matcher.id()
        matcher.weight()  # now the block is read
        yield matcher._ids, matcher._weights
        matcher._next_block()


def _weight(matcher: Any) -> float:
    weight = float(matcher.weight())
    matcher.next()
    return weight


def _in_all(matchers: Sequence[Any]) -> Iterator[int]:
    """Yield the documents in which all matchers are, the rarest of which comes first."""
    first = matchers[0]
    while first.is_active():
        doc = first.id()
        for other in matchers[1:]:
            other.skip_to(doc)
            if not other.is_active():
                return
            if other.id() != doc:
                first.skip_to(other.id())
                break
        else:
            yield doc
            first.next()


def _one_behind_the_other(places: Sequence[Sequence[int]]) -> int:
    """Return how often words stand one behind the other, by the places of each."""
    begins = set(places[0])
    for n, each in enumerate(places[1:], 1):
        begins &= {place - n for place in each}
    return len(begins)
