"""Any file as pieces of decompressed bytes that know where in the file they came from.

A frame is what can be decompressed by itself: a gzip member, a frame of zstd or lz4; most writers make one a record.
What is damaged, or is no frame at all, is passed over to the next one that holds a record.
"""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

FREE_BYTES = 1 << 30
MAX_GROWTH = 100
"""A file may grow by ``FREE_BYTES`` when decompressed, and to so many times its size; beyond it is a bomb."""
MAX_TRIES = 200_000
"""Places that look like the beginning of a frame and are none, in one file, before its rest is given up."""
_PIECE = 1 << 15
_WINDOW = 1 << 20
_LOOK = 1 << 12
_TRIAL = 1 << 23
"""More than the largest block of lz4, 4 MiB."""
_GZIP = b"\x1f\x8b\x08"
_ZSTD = b"\x28\xb5\x2f\xfd"
_LZ4 = b"\x04\x22\x4d\x18"
_SKIPPABLE = re.compile(rb"[\x50-\x5f]\x2a\x4d\x18", re.DOTALL)
_DICTIONARY = b"\x5d\x2a\x4d\x18"
"""The skippable frame that holds a dictionary, first in a file (the specification of WARC files in zstd)."""
ARC_LINE = rb"[A-Za-z][A-Za-z0-9+.-]{0,20}:[^\r\n]{1,8192} \S{1,60} \d{12,18} [^\r\n]{1,8192}\r?\n"
_BEGINS = re.compile(rb"[\r\n]*(?:WARC/\d|" + ARC_LINE + rb")")
_CANDIDATE = re.compile(
    rb"\x1f\x8b\x08|\x28\xb5\x2f\xfd|\x04\x22\x4d\x18|(?:(?<=\n)|\A)(?:WARC/[01]\.\d+[ \t]*\r?\n|" + ARC_LINE + rb")"
)


@dataclass(frozen=True, slots=True)
class Problem:
    """What could not be read in a file, and where."""

    offset: int
    what: str


@dataclass(frozen=True, slots=True)
class Piece:
    """Some decompressed bytes."""

    offset: int
    """Where the frame begins that holds them; of a file that is not compressed, where they stand themselves."""
    end: int
    """How far the file was read for them."""
    data: bytes
    first: bool
    """Whether the frame begins with them."""
    plain: bool = False


class Damaged(Exception):
    """A frame cannot be decompressed to its end."""


class Allowance:
    """How much may still be decompressed, and how many places may still be tried.

    Args:
        size: The length of the file in bytes.
    """

    def __init__(self, size: int) -> None:
        self._left = FREE_BYTES + MAX_GROWTH * size
        self._tries = MAX_TRIES

    def spend(self, count: int) -> bool:
        """Take note of decompressed bytes; return whether that was still allowed."""
        self._left -= count
        return self._left >= 0

    def attempt(self) -> bool:
        """Take note of an attempt to find a frame; return whether it may be made."""
        self._tries -= 1
        return self._tries >= 0


_Frames = Generator[Piece, None, int]
"""Pieces of the frames that stand one after the other; returns where they end."""


def begins_record(data: bytes) -> bool:
    """Whether decompressed bytes begin with a record, blank lines aside."""
    return data.startswith(b"WARC/") or _BEGINS.match(data) is not None


def pieces(stream: BinaryIO, begin: int, start: int, stop: int, allowance: Allowance) -> Iterator[Piece | Problem]:
    """Yield a stretch of a file, decompressed, and what was wrong with it on the way.

    Args:
        stream: The file.
        begin: Where the stretch begins: there a dictionary may stand.
        start: Where to begin reading, ``begin`` or the offset of a frame.
        stop: Where the stretch ends.
        allowance: How much may be decompressed.
    """
    at, framed = start, False
    while at < stop:
        stream.seek(at)
        look = stream.read(min(_LOOK * 4, stop - at))
        reader = _reader(look, stream, begin)
        damage = None
        if reader is None and _BEGINS.match(look):
            reader = _plain
        if reader is None:
            damage = "no record stands here"
        else:
            frames = reader(stream, at, stop)
            try:
                while True:
                    piece = next(frames)
                    at, framed = piece.offset, framed or not piece.plain
                    if not piece.plain and not allowance.spend(len(piece.data)):
                        yield Problem(at, f"it grows more than {MAX_GROWTH}-fold; the rest was not read")
                        return
                    yield piece
            except StopIteration as ended:
                at = ended.value
            except Damaged as error:
                at = error.args[1] if len(error.args) > 1 else at
                damage = str(error.args[0])
        if damage is not None:
            found = _next_frame(stream, begin, at + 1, stop, allowance, lines=not framed)
            zeros = not look.strip(b"\0") and found == stop
            yield Problem(at, f"{'only zeros follow' if zeros else damage}; {found - at:,} bytes were passed over")
            at = found


def _reader(look: bytes, stream: BinaryIO, begin: int) -> Callable[[BinaryIO, int, int], _Frames] | None:
    if look.startswith(_GZIP):
        return _gzip
    if look.startswith(_LZ4):
        return _lz4
    if look.startswith(_ZSTD) or _SKIPPABLE.match(look):
        dictionary = _dictionary(stream, begin)
        return lambda stream, at, stop: _zstd(stream, at, stop, dictionary)
    return None


def _plain(stream: BinaryIO, at: int, stop: int) -> _Frames:
    """What is not compressed ends only with its stretch."""
    stream.seek(at)
    while at < stop and (data := stream.read(min(_WINDOW, stop - at))):
        yield Piece(at, at + len(data), data, first=False, plain=True)
        at += len(data)
    return stop


def _gzip(stream: BinaryIO, at: int, stop: int) -> _Frames:
    stream.seek(at)
    waiting = stream.read(min(_PIECE, stop - at))
    read = at + len(waiting)
    while waiting.startswith(_GZIP):
        inflater, first, got = zlib.decompressobj(31), True, 0
        while not inflater.eof:
            try:
                data = inflater.decompress(waiting, _PIECE * 4)
            except zlib.error as error:
                yield from _salvaged(stream, at, stop, got)
                raise Damaged(f"the gzip member is damaged ({_short(error)})", at) from None
            waiting = inflater.unused_data or inflater.unconsumed_tail
            if not waiting:
                waiting = stream.read(min(_PIECE, stop - read))
                read += len(waiting)
            got += len(data)
            if data or inflater.eof:
                yield Piece(at, read - len(waiting), data, first)
                first = False
            elif not waiting:
                raise Damaged("the gzip member is cut off", at)
        at = read - len(waiting)
        if len(waiting) < len(_GZIP):
            more = stream.read(min(_PIECE, stop - read))
            waiting, read = waiting + more, read + len(more)
    return at


def _salvaged(stream: BinaryIO, at: int, stop: int, got: int) -> Iterator[Piece]:
    """Yield what a damaged gzip member still gives beyond the first ``got`` bytes, in small steps up to the damage."""
    stream.seek(at)
    inflater, passed = zlib.decompressobj(31), 0
    try:
        waiting = stream.read(min(_PIECE, stop - at))
        while waiting and not inflater.eof:
            data = inflater.decompress(waiting, 256)
            if passed + len(data) > got:
                yield Piece(at, at, data[max(0, got - passed) :], first=passed == 0)
            passed += len(data)
            waiting = inflater.unconsumed_tail or stream.read(min(_PIECE, stop - stream.tell()))
    except zlib.error:
        return


def _zstd(stream: BinaryIO, at: int, stop: int, dictionary: bytes | None) -> _Frames:
    from fastwarc.stream_io import ZstdReader

    while at < stop:
        stream.seek(at)
        magic = stream.read(4)
        if _SKIPPABLE.match(magic):
            at += 8 + int.from_bytes(stream.read(4), "little")
            continue
        if magic != _ZSTD:
            break
        end, cut = _end_of(_zstd_end, stream, at, stop)
        yield from _unpacked(lambda part: ZstdReader(part, dictionary=dictionary), stream, at, end)
        if cut:
            raise Damaged(cut, at)
        at = end
    return min(at, stop)


def _lz4(stream: BinaryIO, at: int, stop: int) -> _Frames:
    from fastwarc.stream_io import Lz4Reader

    while at < stop:
        stream.seek(at)
        if stream.read(4) != _LZ4:
            break
        end, cut = _end_of(_lz4_end, stream, at, stop)
        yield from _unpacked(Lz4Reader, stream, at, end)
        if cut:
            raise Damaged(cut, at)
        at = end
    return at


def _unpacked(open_reader: Callable[[BinaryIO], Any], stream: BinaryIO, at: int, end: int) -> Iterator[Piece]:
    first = True
    try:
        reader = open_reader(io.BufferedReader(_Part(stream, at, end)))
        while data := reader.read(_PIECE * 4):
            yield Piece(at, end, data, first)
            first = False
    except (OSError, ValueError) as error:
        raise Damaged(f"the frame is damaged ({_short(error)})", at) from None


def _end_of(walk: Callable[[BinaryIO, int], int], stream: BinaryIO, at: int, stop: int) -> tuple[int, str | None]:
    """Return where a frame ends; where it is cut off, the end of all, and that."""
    try:
        end = walk(stream, at)
    except (IndexError, EOFError):
        end = stop + 1
    return (end, None) if end <= stop else (stop, "the frame is cut off")


def _zstd_end(stream: BinaryIO, at: int) -> int:
    """Return where a zstd frame ends, by the lengths of its blocks (RFC 8878, section 3.1.1)."""
    stream.seek(at + 4)
    described = _number(stream, 1)
    single = described >> 5 & 1
    at += 5 + (1 - single) + (0, 1, 2, 4)[described & 3] + (single, 2, 4, 8)[described >> 6]
    last = 0
    while not last:
        stream.seek(at)
        block = _number(stream, 3)
        last = block & 1
        at += 3 + (1 if block >> 1 & 3 == 1 else block >> 3)  # a block of one byte repeated holds that byte alone
    return at + (4 if described >> 2 & 1 else 0)


def _lz4_end(stream: BinaryIO, at: int) -> int:
    """Return where an lz4 frame ends, by the lengths of its blocks (LZ4 Frame Format 1.6)."""
    stream.seek(at + 4)
    flags = _number(stream, 1)
    at += 7 + (8 if flags >> 3 & 1 else 0) + (4 if flags & 1 else 0)
    while True:
        stream.seek(at)
        block = _number(stream, 4)
        at += 4
        if not block:
            return at + (4 if flags >> 2 & 1 else 0)
        at += (block & 0x7FFFFFFF) + (4 if flags >> 4 & 1 else 0)


def _number(stream: BinaryIO, width: int) -> int:
    data = stream.read(width)
    if len(data) < width:
        raise EOFError
    return int.from_bytes(data, "little")


def _dictionary(stream: BinaryIO, begin: int) -> bytes | None:
    """Return the dictionary that a file in zstd begins with, itself compressed or not; None: it has none."""
    from fastwarc.stream_io import ZstdReader

    stream.seek(begin)
    if stream.read(4) != _DICTIONARY:
        return None
    data = stream.read(min(int.from_bytes(stream.read(4), "little"), _WINDOW))
    if not data.startswith(_ZSTD):
        return data
    try:
        return bytes(ZstdReader(io.BytesIO(data)).read(_WINDOW))
    except (OSError, ValueError):
        return None


class _Part(io.RawIOBase):
    """A stretch of a file, as a file."""

    def __init__(self, stream: BinaryIO, begin: int, end: int) -> None:
        self._stream, self._begin, self._at, self._end = stream, begin, begin, end

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        origin = (self._begin, self._at, self._end)[whence]
        self._at = origin + offset
        return self._at - self._begin

    def tell(self) -> int:
        return self._at - self._begin

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        self._stream.seek(self._at)
        data = self._stream.read(max(0, min(len(buffer), self._end - self._at)))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


def _next_frame(stream: BinaryIO, begin: int, start: int, stop: int, allowance: Allowance, *, lines: bool) -> int:
    """Return where the next frame begins that holds a record; ``stop``: none does.

    With ``lines`` also the next first line of a record that is not compressed: where the file was not so far.
    """
    at = start
    while at < stop:
        stream.seek(at)
        window = stream.read(min(_WINDOW + _LOOK, stop - at))
        whole = at + len(window) >= stop
        for candidate in _CANDIDATE.finditer(window):
            if candidate.start() >= _WINDOW and not whole:
                break
            if not allowance.attempt():
                return stop
            if _holds_record(stream, begin, at + candidate.start(), stop, lines=lines):
                return at + candidate.start()
        at += _WINDOW if not whole else len(window)
    return stop


def _holds_record(stream: BinaryIO, begin: int, at: int, stop: int, *, lines: bool) -> bool:
    """Whether a frame that begins here gives the beginning of a record."""
    from fastwarc.stream_io import Lz4Reader, ZstdReader

    stream.seek(at)
    look = stream.read(min(_LOOK, stop - at))
    if look.startswith(_GZIP):
        try:
            return begins_record(zlib.decompressobj(31).decompress(look, _LOOK))
        except zlib.error:
            return False
    if not look.startswith((_LZ4, _ZSTD)):
        return lines
    part = io.BufferedReader(_Part(stream, at, min(stop, at + _TRIAL)))
    try:
        lz4 = look.startswith(_LZ4)
        reader = Lz4Reader(part) if lz4 else ZstdReader(part, dictionary=_dictionary(stream, begin))
        return begins_record(reader.read(_LOOK))
    except (OSError, ValueError):
        return False


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:100]
