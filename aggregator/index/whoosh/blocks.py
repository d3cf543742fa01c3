"""Postings in Whoosh's form: blocks of up to 128 documents, and what is kept of all of them beside the term.

Whoosh writes posting by posting; this takes some thousands at once, of many terms. Whoosh reads what is written. What
it can read and never writes: small blocks uncompressed, newer pickles, and whole numbers for how often a word stands.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from itertools import accumulate, pairwise
from pickle import dumps
from struct import Struct
from typing import Any

import numpy as np
from numpy.typing import NDArray
from whoosh.codec.whoosh3 import WHOOSH3_HEADER_MAGIC

from aggregator.index.whoosh.pool import NUMBER, Entry

_INLINE = 4
"""Documents of a term, from fewer on kept beside it: seven of ten terms of 1,000 articles have no more."""
_BLOCK = 128
"""Documents of a block; a reader may count on no number."""
_COMPRESSED = 200
"""Bytes of a block from which on it is compressed: less is not worth the time."""
_LEVEL = 1
"""Of zlib."""
_PICKLE = 4
_TERM = np.dtype("u1, >f4, >u4, u1, u1, >f4, >u4, >u4")
"""Whether the postings are beside the term; how often it stands anywhere; in how many documents; the shortest of them,
and the longest; how often it stands in one at most; the first of them, and the last."""
TERM_BYTES = _TERM.itemsize
EXTENT = Struct("!qi")
"""Where the blocks of a term begin, and how long they are: both in bytes."""
_COUNT, _LENGTH = Struct("!I").pack, Struct("!i").pack
COUNT_BYTES = 4
"""How often a word stands in a document, in front of where it does."""


class Blocks:
    """The postings of some terms of a field, one term behind the other.

    Args:
        entries: The terms, in order.
        kind: The field's format, as Whoosh calls it.
        lengths: How long the field is in each document, as Whoosh rounds it to a byte.
    """

    def __init__(self, entries: Sequence[Entry], kind: Any, lengths: NDArray[np.uint8]) -> None:
        docs = _joined([entry.docs for entry in entries])
        counts = _joined([entry.counts for entry in entries])
        self._bounds = list(accumulate((len(entry.docs) // NUMBER.itemsize for entry in entries), initial=0))
        starts = np.array(self._bounds[:-1])
        within = np.arange(len(docs)) - np.repeat(starts, np.diff(self._bounds))
        first = np.flatnonzero(within % _BLOCK == 0)
        self._block_bounds = [*first.tolist(), len(docs)]
        self._block_of = [*np.searchsorted(first, starts).tolist(), len(first)]
        last = np.append(first[1:], len(docs)) - 1
        rounded = lengths[docs]
        self._blocks = list(
            zip(
                (last - first + 1).tolist(),
                docs[last].tolist(),
                np.maximum.reduceat(counts, first).tolist(),
                np.minimum.reduceat(rounded, first).tolist(),
                np.maximum.reduceat(rounded, first).tolist(),
                strict=True,
            )
        )
        terms = np.zeros(len(entries), _TERM)
        steps = np.diff(docs, prepend=docs[:1])
        steps[first] = docs[first]
        size = np.diff(self._bounds)
        parts = (
            size < _INLINE,
            np.add.reduceat(counts, starts),
            size,
            np.minimum.reduceat(rounded, starts),
            np.maximum.reduceat(rounded, starts),
            np.maximum.reduceat(counts, starts),
            docs[starts],
            docs[np.array(self._bounds[1:]) - 1],
        )
        for name, part in zip(_TERM.names or (), parts, strict=True):
            terms[name] = part
        self._terms = terms.tobytes()
        self._docs, self._steps = tuple(docs.tolist()), tuple(steps.tolist())
        self._counts = tuple(counts.tolist())
        self._value_bytes = kind.fixed_value_size()
        self._values = _values(counts, _joined([entry.steps for entry in entries]), self._value_bytes)

    def term(self, n: int, at: int) -> tuple[bytes, bytes]:
        """Return what is kept beside a term, and its blocks: nothing when there are few documents.

        Args:
            n: Which of the terms.
            at: Where the blocks will stand.
        """
        about = self._terms[n * _TERM.itemsize : (n + 1) * _TERM.itemsize]
        some = slice(self._bounds[n], self._bounds[n + 1])
        if some.stop - some.start < _INLINE:
            return about + dumps((self._docs[some], self._counts[some], self._values[some]), _PICKLE), b""
        end = self._block_of[n + 1]
        blocks = [self._block(n, is_last=n + 1 == end) for n in range(self._block_of[n], end)]
        written = b"".join([WHOOSH3_HEADER_MAGIC, *blocks])
        return about + EXTENT.pack(at, len(written)), written

    def _block(self, n: int, *, is_last: bool) -> bytes:
        size, last, most, shortest, longest = self._blocks[n]
        some = slice(self._block_bounds[n], self._block_bounds[n + 1])
        counts = None if most == 1 else self._counts[some]
        values: Any = self._values[some]
        if self._value_bytes is not None and self._value_bytes >= 0:
            values = b"".join(values) if self._value_bytes else None
        data = dumps((self._steps[some], counts, values), _PICKLE)
        level = _LEVEL if len(data) >= _COMPRESSED else 0
        if level:
            data = zlib.compress(data, level)
        about = dumps((size, last, most, level, shortest, longest), _PICKLE)
        length = len(about) + len(data)
        return _LENGTH(-length if is_last else length) + about + data


def _joined(parts: Sequence[bytes]) -> NDArray[np.uint32]:
    return np.frombuffer(b"".join(parts), NUMBER)


def _values(counts: NDArray[np.uint32], steps: NDArray[np.uint32], value_bytes: int | None) -> tuple[bytes, ...]:
    """Return what is kept of each posting: nothing, how often the word stands there, or where, too."""
    if value_bytes == 0:
        return (b"",) * len(counts)
    if value_bytes is not None and value_bytes > 0:
        return tuple(map(_COUNT, counts.tolist()))
    # a pickle of a tuple: a mark, for each number a letter that tells how many bytes it has, the end of the tuple
    letter, width = (b"M", "<u2") if steps.max(initial=0) < 1 << 16 else (b"J", "<u4")
    numbers = np.zeros(len(steps), [("letter", "S1"), ("number", width)])
    numbers["letter"], numbers["number"] = letter, steps
    every = numbers.tobytes()
    ends = np.cumsum(counts, dtype=np.int64) * numbers.itemsize
    bounds = pairwise([0, *ends.tolist()])
    return tuple(
        _COUNT(count) + b"(" + every[begin:end] + b"t."
        for count, (begin, end) in zip(counts.tolist(), bounds, strict=True)
    )
