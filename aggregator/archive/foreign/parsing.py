"""Decompressed pieces to records: WARC of every version and dialect, and ARC. What is wrong is said, never raised."""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

from aggregator.archive.foreign.frames import ARC_LINE, Piece, Problem, begins_record

MAX_BLOCK_BYTES = 1 << 25
"""Of a longer record no more is held in memory; it is known, and marked as cut short."""
MAX_HEAD_BYTES = 1 << 16
_PEEK = 1 << 14
_WARC = re.compile(rb"WARC/\d[^\r\n]{0,20}\r?\n")
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_BLANK = re.compile(rb"[\r\n]*")
_NEXT_WARC = re.compile(rb"\n(?=WARC/[01]\.\d+[ \t]*\r?\n[A-Za-z])")
_NEXT = re.compile(rb"\n(?=WARC/[01]\.\d+[ \t]*\r?\n[A-Za-z]|" + ARC_LINE + rb")")
_ENDLESS = 1 << 62


@dataclass(frozen=True, slots=True)
class ForeignRecord:
    """One record of a foreign file."""

    offset: int
    """Where in the file its frame begins, or the record itself where nothing is compressed."""
    length: int
    """How far from there the file was read for it, in bytes."""
    kind: str
    """WARC-Type, lower case; that of an ARC record is ``response``, of the first in its file ``warcinfo``."""
    fields: dict[str, str]
    """By name in lower case; the first of several of one name. Those of ARC by the names that WARC has for them."""
    block: bytes
    whole: bool
    """Whether all of it is there and undamaged, as far as can be told without its digest."""
    arc: bool = False

    @property
    def url(self) -> str:
        """WARC-Target-URI, without the angle brackets that WARC/1.0 had; empty: it has none."""
        return self.fields.get("warc-target-uri", "").strip().removeprefix("<").removesuffix(">")

    @property
    def record_id(self) -> str:
        """WARC-Record-ID, in angle brackets; of a record that has none, one that is made from what it says."""
        if given := self.fields.get("warc-record-id", "").strip("<> "):
            return f"<{given}>"
        said = "\n".join((self.url, self.fields.get("warc-date", ""), hashlib.sha256(self.block).hexdigest()))
        return f"<urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, said)}>"


def records(pieces: Iterator[Piece | Problem], stop: int) -> Iterator[ForeignRecord | Problem]:
    """Yield the records that the pieces hold, and what was wrong with them.

    Args:
        pieces: A stretch of a file.
        stop: Where in the file it ends.
    """
    tape = _Tape(pieces, stop)
    while tape.skip_blank():
        yield from tape.problems()
        offset = tape.offset
        if tape.begins_warc():
            tape.is_warc = True
            found = _with_block(tape, offset, _fields(tape.head()), arc=False)
        elif not tape.is_warc and (fields := _arc_fields(tape.line())):
            tape.pass_line()
            found = _with_block(tape, offset, fields, arc=True)
        else:
            yield Problem(offset, f"no record stands here; {tape.resync():,} bytes were passed over")
            continue
        yield from tape.problems()
        yield found
    yield from tape.problems()


def _with_block(tape: _Tape, offset: int, fields: dict[str, str], *, arc: bool) -> ForeignRecord:
    """Read the block; where its length is wrong, up to the next record."""
    kind = fields.get("warc-type", "unknown").strip().lower()
    said = fields.get("content-length", "").strip()
    length = int(said) if said.isascii() and said.isdigit() and len(said) < 19 else _ENDLESS
    block, got = tape.take(length, keep=MAX_BLOCK_BYTES)
    whole = got == length == len(block)
    if not (got == length and tape.at_boundary()) and not tape.broke(offset):
        tape.tell(Problem(offset, f"Content-Length ({said[:20] or 'missing'}) is not where the record ends"))
        if got == len(block):
            block = tape.cut_at_next_record(block, offset)
        whole = whole and len(block) == length and tape.at_boundary()
    elif got > len(block):
        tape.tell(Problem(offset, f"longer than {MAX_BLOCK_BYTES:,} bytes: only its beginning is read"))
    whole = whole and not tape.broke(offset)
    return ForeignRecord(offset, max(0, tape.reached - offset), kind, fields, block, whole, arc)


def _fields(head: bytes) -> dict[str, str]:
    """Return the fields of a WARC head; a line that begins with a space goes on with the one before."""
    fields: dict[str, str] = {}
    last = ""
    for line in head.decode("utf-8", "replace").split("\n")[1:]:
        if line[:1] in (" ", "\t"):
            if last:
                fields[last] += " " + line.strip()
            continue
        name, colon, value = line.partition(":")
        last = name.strip().lower() if colon else ""
        if last in fields:
            last = ""
        elif last:
            fields[last] = value.strip()
    return fields


def _arc_fields(line: bytes) -> dict[str, str] | None:
    """Return what the line says that begins an ARC record, of version 1 (five words) or 2 (ten); None: it is none."""
    words = line.decode("utf-8", "replace").split(" ")
    at = next((n for n in (len(words) - 3, len(words) - 8) if n >= 2 and _is_date(words[n])), None)
    if at is None or ":" not in words[0]:
        return None
    url, date = " ".join(words[: at - 1]), words[at][:14].ljust(14, "0")
    return {
        "warc-type": "warcinfo" if url.startswith("filedesc:") else "response",
        "warc-target-uri": url,
        "warc-date": f"{date[:4]}-{date[4:6]}-{date[6:8]}T{date[8:10]}:{date[10:12]}:{date[12:]}Z",
        "content-type": words[at + 1],
        "content-length": words[-1],
    }


def _is_date(word: str) -> bool:
    return word.isascii() and word.isdigit() and 12 <= len(word) <= 18


class _Tape:
    """Decompressed bytes to read on from, which know where in the file they came from.

    A record may go on into the next frame, unless that begins with a record or stands behind a damage.
    """

    def __init__(self, pieces: Iterator[Piece | Problem], stop: int) -> None:
        self._pieces = pieces
        self._stop = stop
        self._data, self._at = b"", 0
        self._marks: list[tuple[int, int, bool]] = []
        """Where in the data a piece begins, its offset in the file, and whether it is plain."""
        self._waiting: Piece | None = None
        self._problems: list[Problem] = []
        self._broken = False
        self.is_warc = False
        """Whether a WARC record was seen: then nothing that looks like ARC is a record."""
        self._end = 0

    @property
    def offset(self) -> int:
        """Where in the file the frame begins that holds the next byte; in a plain file, where that stands."""
        before = [mark for mark in self._marks if mark[0] <= self._at] or self._marks
        position, offset, plain = before[-1]
        return offset + self._at - position if plain else offset

    @property
    def reached(self) -> int:
        """How far the file was read."""
        return self.offset if self._marks and self._marks[-1][2] else self._end

    def problems(self) -> list[Problem]:
        """Return what was wrong since this was asked last."""
        found, self._problems = self._problems, []
        return found

    def tell(self, problem: Problem) -> None:
        self._problems.append(problem)

    def broke(self, offset: int) -> bool:
        """Whether the frame at ``offset`` turned out to be damaged."""
        return self._broken and any(problem.offset == offset for problem in self._problems)

    def skip_blank(self) -> bool:
        """Go on to what may be a record; False: there is nothing more."""
        while True:
            blank = _BLANK.match(self._data, self._at)
            self._at = blank.end() if blank else self._at
            if self._at < len(self._data):
                return True
            if not self._next():
                return False

    def begins_warc(self) -> bool:
        if len(self._data) - self._at < 32:
            self._ensure(32)
        return _WARC.match(self._data, self._at) is not None

    def line(self) -> bytes:
        """Return the line that stands here, without its end; empty: it is too long for one."""
        self._ensure(_PEEK)
        end = self._data.find(b"\n", self._at, self._at + _PEEK)
        return self._data[self._at : end].rstrip(b"\r") if end > 0 else b""

    def pass_line(self) -> None:
        self._at = self._data.index(b"\n", self._at) + 1

    def head(self) -> bytes:
        """Return the head that stands here, and go on behind its blank line; as much as there is of one cut off."""
        while True:
            found = _HEAD_END.search(self._data, self._at, self._at + MAX_HEAD_BYTES)
            if found or len(self._data) - self._at >= MAX_HEAD_BYTES or not self._more():
                break
        at, self._at = self._at, found.end() if found else min(len(self._data), self._at + MAX_HEAD_BYTES)
        return self._data[at : self._at]

    def take(self, length: int, *, keep: int) -> tuple[bytes, int]:
        """Pass over bytes; return the first of them, and how many there were."""
        if self._marks[-1][2] and length > self._stop - self.offset:
            length = min(length, keep)  # it is not there; what is, holds other records
        parts, held, got = [], 0, 0
        while True:
            count = min(len(self._data) - self._at, length - got)
            if held < keep:
                parts.append(self._data[self._at : self._at + min(count, keep - held)])
                held += len(parts[-1])
            self._at += count
            got += count
            if got == length or not self._more():
                return b"".join(parts), got

    def at_boundary(self) -> bool:
        """Whether a record may end here: a blank line, another record or nothing follows."""
        self._ensure(5)
        if self._data.startswith(b"\r\n\r\n", self._at) or self._at == len(self._data):
            return True
        self._ensure(_PEEK)
        rest = self._data[self._at : self._at + _PEEK].lstrip(b"\r\n")
        return not rest or begins_record(rest)

    def cut_at_next_record(self, block: bytes, offset: int) -> bytes:
        """Return the block up to the next record in it or close behind it, and go on there; all of it: there is none.

        Args:
            block: What was taken last.
            offset: That of its record.
        """
        moved = len(block) - self._at
        marks = [(position + moved, start, plain) for position, start, plain in self._marks]
        self._marks = marks if marks[-1][2] else [(0, offset, False), *marks]
        self._data, self._at = block + self._data[self._at :], 0
        found = self._pattern.search(self._data, 0, len(block) + 256)
        self._at = found.end() if found else len(block)
        if found and found.end() <= len(block):
            return block[: found.end()].rstrip(b"\r\n")
        return block

    def resync(self) -> int:
        """Go on to the next record; return how many bytes were passed over."""
        passed, skip = 0, 1
        while True:
            found = self._pattern.search(self._data, self._at + skip - 1)
            if found:
                passed += found.end() - self._at
                self._at = found.end()
                return passed
            keep = min(len(self._data) - self._at, _PEEK)
            passed += len(self._data) - self._at - keep
            self._at = len(self._data) - keep
            if not self._more():
                self._at = len(self._data)
                return passed + keep
            skip = 1

    @property
    def _pattern(self) -> re.Pattern[bytes]:
        return _NEXT_WARC if self.is_warc else _NEXT

    def _ensure(self, count: int) -> None:
        while len(self._data) - self._at < count and self._more():
            pass

    def _more(self) -> bool:
        """Put the next piece behind what is left; False: nothing follows that may belong to the same record."""
        if self._broken:
            return False
        piece = self._waiting or next(self._pieces, None)
        self._waiting = None
        if isinstance(piece, Problem):
            self._problems.append(piece)
            self._broken = True
            return False
        if piece is None:
            return False
        if piece.first and begins_record(piece.data):
            self._waiting = piece
            return False
        self._put(piece)
        return True

    def _next(self) -> bool:
        """Go on to the next piece, whatever it is; False: there is none."""
        piece = self._waiting or next(self._pieces, None)
        self._waiting = None
        while isinstance(piece, Problem):
            self._problems.append(piece)
            piece = next(self._pieces, None)
        self._broken = False
        if piece is None:
            return False
        self._put(piece)
        return True

    def _put(self, piece: Piece) -> None:
        left = len(self._data) - self._at
        self._marks = [(position - self._at, *rest) for position, *rest in self._marks] if left else []  # type: ignore[misc]
        self._marks.append((left, piece.offset, piece.plain))
        self._data, self._at = self._data[self._at :] + piece.data, 0
        self._end = piece.end
