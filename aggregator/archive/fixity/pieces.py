"""The bytes of a WARC file in pieces, whatever state it is in, and the places where a record may begin again."""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Callable
from typing import BinaryIO

MEMBER = b"\x1f\x8b\x08"
"""How a gzip member begins."""
MAX_HEAD_BYTES = 1 << 20
"""Of a record's head and of the HTTP head inside it."""
_BUFFER = 1 << 20
_COMPRESSED = 1 << 14  # what is given to a member that needs less is copied once more: not too much
_PIECE = 1 << 17
_GLIMPSE = 1 << 12
_SIP = 16
"""What is given to a damaged member at a time: all that comes before the damage can then be had."""
_VERSION = re.compile(rb"WARC/\d\.\d+ ?\r?\n")


class CutOffError(Exception):
    """The file ends inside a member."""


class BrokenError(Exception):
    """A member cannot be decompressed."""


class NoRecordError(Exception):
    """What stands here is no record.

    Attributes:
        what: What it is instead, in words.
        record_id: The id that it claims; None: it did not come that far.
    """

    def __init__(self, what: str, record_id: str | None = None) -> None:
        self.what = what
        self.record_id = record_id
        super().__init__(what)


class Raw:
    """A file that is read forwards, most of the time; its SHA-256 is taken on the way.

    Args:
        file: Opened to be read.
        size: How far it is looked at, in bytes; a writer may add more meanwhile.
        told: Told of each further stretch that was read, in bytes.
    """

    def __init__(self, file: BinaryIO, size: int, told: Callable[[int], None]) -> None:
        self.size = size
        self._file = file
        self._told = told
        self._base, self._buffer = 0, b""
        self._hash, self._hashed = hashlib.sha256(), 0

    def at(self, offset: int, length: int) -> bytes:
        """Return up to ``length`` bytes from ``offset``; fewer only where the file ends."""
        length = min(length, self.size - offset)
        if length <= 0:
            return b""
        start = offset - self._base
        if start < 0 or start + length > len(self._buffer):
            self._fill(offset, length)
            start = 0
        return self._buffer[start : start + length]

    def find(self, needle: bytes, start: int) -> int:
        """Return the first place of ``needle`` from ``start`` on; -1: there is none."""
        while start < self.size:
            if not self._base <= start < self._base + len(self._buffer):
                self._fill(start)
            if (found := self._buffer.find(needle, start - self._base)) >= 0:
                return self._base + found
            end = self._base + len(self._buffer)
            if end >= self.size or len(self._buffer) < len(needle):
                break
            start = max(start, end - len(needle) + 1)
            self._fill(start)
        return -1

    def only_zeros(self, start: int) -> bool:
        """Whether nothing but zeros follows."""
        while start < self.size:
            window = self.at(start, _BUFFER)
            if not window or window.strip(b"\0"):
                return False
            start += len(window)
        return True

    def sha256(self) -> str:
        """Return the digest of the whole file, hexadecimal; what was passed over is read now."""
        while self._hashed < self.size:
            before = self._hashed
            self._fill(before)
            if self._hashed == before:
                break  # cut off while it was read
        return self._hash.hexdigest()

    def _fill(self, offset: int, length: int = 0) -> None:
        self._file.seek(offset)
        self._base, self._buffer = offset, self._file.read(min(max(_BUFFER, length), self.size - offset))
        new = offset + len(self._buffer) - self._hashed
        if offset <= self._hashed and new > 0:
            self._hash.update(memoryview(self._buffer)[len(self._buffer) - new :])
            self._hashed += new
            self._told(new)


class Member:
    """One gzip member, decompressed piece by piece.

    Args:
        raw: The file.
        start: Where the member begins.

    Attributes:
        end: How far it was read; where the next begins, once it has been read to its end.
    """

    def __init__(self, raw: Raw, start: int) -> None:
        self._raw = raw
        self._inflater = zlib.decompressobj(31)
        self._left = b""
        self.end = start

    def read(self) -> bytes:
        """Return the next piece; empty at the end.

        Raises:
            CutOffError: The file ends before the member does.
            BrokenError: It cannot be decompressed, or its checksum does not fit.
        """
        inflater = self._inflater
        while not inflater.eof:
            given = self._left or self._raw.at(self.end, _COMPRESSED)
            if not given:
                raise CutOffError
            try:
                piece = inflater.decompress(given, _PIECE)
            except zlib.error as error:
                raise BrokenError(str(error)) from None
            self._left = inflater.unused_data or inflater.unconsumed_tail  # at the end both may hold the same
            self.end += len(given) - len(self._left)
            if piece:
                return piece
        return b""


def readable_head(raw: Raw, start: int) -> bytes:
    """Return the head of the record in a damaged gzip member, or the lines of it that come before the damage."""
    inflater, found = zlib.decompressobj(31), b""
    for at in range(start, min(start + MAX_HEAD_BYTES, raw.size), _SIP):
        try:
            found += inflater.decompress(raw.at(at, _SIP), MAX_HEAD_BYTES)
        except zlib.error:
            break
        if (end := head_end(found)) >= 0:
            return found[:end]
    return found[: found.rfind(b"\n") + 1]


class Stretch:
    """A plain file from some place on, piece by piece."""

    def __init__(self, raw: Raw, start: int) -> None:
        self._raw = raw
        self.end = start

    def read(self) -> bytes:
        """Return the next piece; empty at the end of the file."""
        piece = self._raw.at(self.end, _PIECE)
        self.end += len(piece)
        return piece


class Pieces:
    """The pieces of a member or stretch, to be taken in other portions.

    Attributes:
        taken: How many bytes were taken.
    """

    __slots__ = ("_at", "_held", "_read", "taken")

    def __init__(self, read: Callable[[], bytes]) -> None:
        self._read = read
        self._held, self._at = b"", 0
        self.taken = 0

    def is_at_end(self) -> bool:
        """Whether all was taken."""
        if self._at == len(self._held):
            self._held, self._at = self._read(), 0
        return not self._held

    def head(self) -> bytes:
        """Take the head of a record: all up to and with its empty line.

        Raises:
            NoRecordError: No head begins here.
        """
        while (end := head_end(self._held, self._at)) < 0:
            rest = self._held[self._at :]
            if rest and not rest.startswith(b"WARC/"[: len(rest)]):
                raise NoRecordError("it does not begin as a WARC record does")
            more = self._read() if len(rest) < MAX_HEAD_BYTES else b""
            if not more:
                raise NoRecordError("the head of the record does not end")
            self._held, self._at = rest + more, 0
        head = self._held[self._at : end]
        if not head.startswith(b"WARC/"):
            raise NoRecordError("it does not begin as a WARC record does")
        self._at = end
        self.taken += len(head)
        return head

    def take(self, most: int) -> bytes:
        """Take what is at hand, at most so many bytes; empty at the end."""
        if self.is_at_end():
            return b""
        part = self._held[self._at : self._at + most]
        self._at += len(part)
        self.taken += len(part)
        return part

    def exactly(self, length: int) -> bytes:
        """Take so many bytes; fewer only where all ends."""
        part = self.take(length)
        while len(part) < length and (more := self.take(length - len(part))):
            part += more
        return part

    def pass_over(self) -> int:
        """Take all that is left; return how much it was."""
        before = self.taken
        while self.take(_PIECE):
            pass
        return self.taken - before


def head_end(data: bytes | bytearray, start: int = 0) -> int:
    """Return where a head ends, behind its empty line; -1: it does not. Old tools end lines without a CR."""
    usual = data.find(b"\r\n\r\n", start)
    bare = data.find(b"\n\n", start, usual if usual >= 0 else len(data))
    if bare >= 0:
        return bare + 2
    return usual + 4 if usual >= 0 else -1


def next_member(raw: Raw, start: int) -> int | None:
    """Return where the next gzip member begins that holds a WARC record; None: there is none."""
    while (start := raw.find(MEMBER, start)) >= 0:
        try:
            if zlib.decompressobj(31).decompress(raw.at(start, _GLIMPSE), 5) == b"WARC/":
                return start
        except zlib.error:
            pass
        start += 1
    return None


def next_plain(raw: Raw, start: int) -> int | None:
    """Return where the next record begins that is not compressed; None: there is none."""
    while (start := raw.find(b"\nWARC/", start)) >= 0:
        start += 1
        if _VERSION.match(raw.at(start, 16)):
            return start
    return None
