"""The table of all terms, in Whoosh's form. It writes slot by slot itself, and keeps four objects a term.

A record of it: how many bytes the term has, and what is told of it; the number of its field, the term; what is told.
"""

from __future__ import annotations

import zlib
from array import array
from collections.abc import Iterator
from struct import Struct
from typing import Any

import numpy as np
from whoosh.filedb.filetables import HashWriter, OrderedHashWriter
from whoosh.util.numlists import GrowableArray

from aggregator.index.sums import DamagedError

_CRC32 = 1
"""Whoosh's number for it. It takes MD5 unless it is told, which takes six times as long."""
_LENGTHS = Struct("!ii")
_SLOT = Struct("!Iq")
_EMPTY = bytes(_SLOT.size)
_PIECE_BYTES = 1 << 20
"""Of the table, read at once."""


def records(table: Any, start: int, end: int) -> Iterator[tuple[bytes, bytes]]:
    """Yield the terms of a stretch of a table, the number of the field in front, and what is told of each.

    Args:
        table: Whoosh's reader of it.
        start: Where the first one stands.
        end: Where the one behind the last stands.

    Raises:
        DamagedError: A length in it makes no sense.
    """
    piece_bytes = _PIECE_BYTES
    while start < end:
        piece = bytes(table.dbfile.get(start, min(piece_bytes, end - start)))
        is_all = len(piece) < piece_bytes or start + len(piece) == end
        at = behind = 0
        while at + _LENGTHS.size <= len(piece):
            key_bytes, told_bytes = _LENGTHS.unpack_from(piece, at)
            told = at + _LENGTHS.size + key_bytes
            behind = told + told_bytes
            if min(key_bytes, told_bytes) < 0 or (is_all and behind > len(piece)):
                raise DamagedError("a term in the table has a length that cannot be")
            if behind > len(piece):
                break
            yield piece[at + _LENGTHS.size : told], piece[told:behind]
            at = behind
        if is_all and not at:
            raise DamagedError("the table of terms ends in the middle of one")
        start += at
        piece_bytes = _PIECE_BYTES if at else 2 * piece_bytes  # a word of a long text may stand there very often


class TermTable(OrderedHashWriter):  # type: ignore[misc]
    """Writes a table that Whoosh's OrderedHashReader reads: for each key where its value is, and all keys in order.

    Args:
        file: Of Whoosh's, new.
    """

    def __init__(self, file: Any) -> None:
        HashWriter.__init__(self, file, hashtype=_CRC32)
        self._hashes, self._places = array("I"), array("q")
        self._end = file.tell()

    def add(self, key: bytes, value: bytes) -> None:
        """Add a key; they come in order, each once."""
        self._hashes.append(zlib.crc32(key))
        self._places.append(self._end)
        record = _LENGTHS.pack(len(key), len(value)) + key + value
        self.dbfile.write(record)
        self._end += len(record)

    def _write_hashes(self) -> None:
        """Write 256 tables with twice as many slots as keys; a key whose slot is taken takes the next free one."""
        hashes = np.frombuffer(self._hashes, np.uint32) if self._hashes else np.zeros(0, np.uint32)
        order = np.argsort(hashes & 255, kind="stable")
        several = np.split(order, np.cumsum(np.bincount(hashes & 255, minlength=256))[:-1])
        for those in several:
            slots = [_EMPTY] * (2 * len(those))
            self.directory.append((self._end, len(slots)))
            for n in those.tolist():
                number = self._hashes[n]
                slot = (number >> 8) % len(slots)
                while slots[slot] is not _EMPTY:
                    slot = (slot + 1) % len(slots)
                slots[slot] = _SLOT.pack(number, self._places[n])
            self.dbfile.write(b"".join(slots))
            self._end += len(slots) * _SLOT.size

    def _write_extras(self) -> None:
        self.index = GrowableArray("q")
        self.index.array = array("I" if self._end < 1 << 32 else "q", self._places)
        super()._write_extras()
