"""Whether a WARC file is whole: every member, length and digest; what is behind a damage is found and checked too.

Any bytes may come: nothing here holds more than a piece of a record, and every file has an answer.
"""

from __future__ import annotations

import hashlib
from array import array
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from aggregator.archive import elsewhere
from aggregator.archive.fixity.digests import Claim, HttpPayload, custom_of
from aggregator.archive.fixity.pieces import (
    MEMBER,
    BrokenError,
    CutOffError,
    Member,
    NoRecordError,
    Pieces,
    Raw,
    Stretch,
    next_member,
    next_plain,
    readable_head,
)

MAX_FINDINGS = 1_000
"""Of one file; the others are counted."""
_WASTE = 4
"""How many times its length may be read in vain, before the rest of a file is left alone."""
_WASTE_FREE_BYTES = 1 << 26
_HTTP = "application/http"
_NOTHING_CLAIMED = "of {:,} records no digest can be compared"
_OTHERS = {b"\x28\xb5\x2f\xfd": "zstd", b"\x04\x22\x4d\x18": "lz4", b"PK\x03\x04": "zip", b"BZh": "bzip2"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing wrong."""

    file: str
    offset: int | None
    """Where the member or record begins, in bytes; None: it is about the file as a whole."""
    record: str | None
    """WARC-Record-ID, or ``line 3`` of the events; None: it is about no record, or its id cannot be read."""
    what: str
    """The kind, then the details: ``digest mismatch: ...``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """What a list of captures says of one record."""

    url: str
    timestamp: str
    """WARC-Date to the second, as 14 digits."""
    offset: int
    length: int
    must: bool
    """Whether a list must have it: responses and revisits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What was found in one file."""

    file: str
    size_bytes: int
    sha256: str
    """Of all its bytes, hexadecimal."""
    records: int
    """Those that are whole and agree with their digests."""
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]
    """What is worth knowing and no damage."""
    ids: array[int]
    """The first 64 bits of the BLAKE2 of each record's id, sorted."""
    captures: tuple[Listed, ...]
    """What a list must or may say; only where it was asked for."""


@dataclass(slots=True, kw_only=True)
class _Seen:
    """One record that could be read to its end."""

    record_id: str | None
    faults: list[str]
    notes: list[str]
    listed: Listed | None


def check(
    path: Path,
    file: str,
    *,
    is_open: bool = False,
    with_captures: bool = False,
    told: Callable[[int], None] = lambda read: None,
) -> Checked:
    """Check one WARC file, compressed with gzip or plain, wherever it is.

    Args:
        path: Where it is.
        file: How the findings shall call it.
        is_open: Whether a writer may be at it: an end that is torn is then no damage.
        with_captures: Whether to return what a list of captures must say.
        told: Told of each further stretch that was read, in bytes.

    Raises:
        OSError: It cannot be read.
        StoreError: It is in the bucket only, and cannot be read there.
    """
    with elsewhere.opened(path) as stream:
        size = stream.seek(0, 2)
        raw = Raw(stream, size, told)
        return _Check(raw, file, is_open=is_open, with_captures=with_captures).result()


def record_key(record_id: str) -> int:
    """Return 64 bits that tell a record from millions of others."""
    return int.from_bytes(hashlib.blake2b(record_id.encode("utf-8", "replace"), digest_size=8).digest())


class _Check:
    """The check of one file, while it goes on."""

    def __init__(self, raw: Raw, file: str, *, is_open: bool, with_captures: bool) -> None:
        self._raw = raw
        self._file = file
        self._is_open = is_open
        self._with_captures = with_captures
        self._records = 0
        self._findings: list[Finding] = []
        self._unlisted = 0
        self._notes: Counter[str] = Counter()
        self._ids: set[int] = set()
        self._captures: list[Listed] = []
        self._wasted = 0
        self._one_member = False
        self._record_id: str | None = None  # of the record that is being read

    def result(self) -> Checked:
        """Check it."""
        self._run()
        if self._unlisted:
            self._findings.append(self._finding(None, f"{self._unlisted:,} more findings in this file are not listed"))
        return Checked(
            file=self._file,
            size_bytes=self._raw.size,
            sha256=self._raw.sha256(),
            records=self._records,
            findings=tuple(self._findings),
            notes=tuple(note.format(count) for note, count in sorted(self._notes.items())),
            ids=array("Q", sorted(self._ids)),
            captures=tuple(self._captures),
        )

    def _run(self) -> None:
        raw = self._raw
        if not raw.size:
            self._tail(0, "empty: the file has no bytes")
            return
        start = raw.at(0, 5)
        compressed = not start.startswith(b"WARC/") and not (
            next_member(raw, 0) is None and next_plain(raw, 0) is not None
        )
        offset = 0
        while offset < raw.size:
            if self._wasted > _WASTE * raw.size + _WASTE_FREE_BYTES:
                self._note_finding(offset, "damaged inside: in so many places that the rest was not read")
                return
            offset = self._member(offset) if compressed else self._plain(offset)

    # Compressed

    def _member(self, offset: int) -> int:
        """Check what stands at an offset; return where to go on."""
        begins = self._raw.at(offset, len(MEMBER))
        if not MEMBER.startswith(begins):
            return self._gap(offset, next_member(self._raw, offset + 1))
        member = Member(self._raw, offset)
        pieces = Pieces(member.read)
        seen: list[_Seen] = []
        wrong: NoRecordError | None = None
        self._record_id = None
        try:
            while not pieces.is_at_end():
                try:
                    seen.append(self._record(pieces))
                except NoRecordError as error:
                    wrong = error
                    pieces.pass_over()
        except (CutOffError, BrokenError) as error:
            self._wasted += member.end - offset
            follows = next_member(self._raw, offset + 1)
            record_id = self._id_at(offset)
            if follows is not None:
                # a damage may well read on into what follows: the file goes on, so nothing was cut off
                self._note_finding(
                    offset, f"damaged inside: {_words(error)}; the next record is at {follows}", record_id
                )
                return follows
            if isinstance(error, CutOffError):
                self._tail(offset, f"truncated: the file ends inside the record at {offset}", record_id)
            elif self._raw.only_zeros(offset + 1):
                self._tail(offset, "trailing zeros: the record begins and zeros follow", record_id)
            else:
                self._tail(offset, f"damaged inside: {_words(error)}; no record follows", record_id)
            return self._raw.size
        for each in seen:
            self._keep(each, offset, member.end - offset)
        if wrong:
            what = wrong.what
            if wrong.record_id is None:
                before = "wrong length: what stands behind the end of the record: "
                what = (before if seen else "damaged inside: a gzip member holds no WARC record: ") + what
            self._note_finding(offset, what, wrong.record_id)
        if not seen and not wrong:
            self._notes["{:,} empty gzip members stand between the records"] += 1
        if len(seen) > 1 and not self._one_member:
            self._one_member = True
            what = f"not record-at-time: one gzip member holds {len(seen):,} records, so none can be read alone"
            self._note_finding(offset, what)
        return member.end

    def _id_at(self, offset: int) -> str | None:
        """Return the id of the record in a damaged member; None: it cannot be read as far as that."""
        return self._record_id or _fields(readable_head(self._raw, offset)).get("warc-record-id")

    # Plain

    def _plain(self, offset: int) -> int:
        """Check the record that is not compressed at an offset; return where to go on."""
        if self._raw.at(offset, 5) != b"WARC/"[: self._raw.size - offset]:
            return self._gap(offset, next_plain(self._raw, offset))
        pieces = Pieces(Stretch(self._raw, offset).read)
        try:
            seen = self._record(pieces)
        except NoRecordError as error:
            self._wasted += pieces.taken
            follows = next_plain(self._raw, offset + 1)
            cut = offset + pieces.taken >= self._raw.size or error.record_id is None
            if follows is None and cut:
                self._tail(offset, f"truncated: the file ends inside the record at {offset}", error.record_id)
            else:
                what = error.what if error.record_id else f"damaged inside: {error.what}"
                self._note_finding(offset, what, error.record_id)
            return self._raw.size if follows is None else follows
        self._keep(seen, offset, pieces.taken)
        return offset + pieces.taken

    # Both

    def _gap(self, offset: int, follows: int | None) -> int:
        """Name what is no record; return where the next begins."""
        if follows is not None:
            self._note_finding(offset, f"damaged inside: {follows - offset:,} bytes are no record")
            return follows
        rest = self._raw.size - offset
        if self._raw.only_zeros(offset):
            self._tail(offset, f"trailing zeros: the last {rest:,} bytes are zeros, as a power cut leaves them")
        elif offset:
            self._tail(offset, f"trailing garbage: the last {rest:,} bytes are no record")
        else:
            start = self._raw.at(0, 4)
            other = next((name for magic, name in _OTHERS.items() if start.startswith(magic)), None)
            looks = f"; it looks like {other}, which `verify` does not open" if other else ""
            self._tail(0, f"trailing garbage: no record in {rest:,} bytes, this is no WARC file{looks}")
        return self._raw.size

    def _record(self, pieces: Pieces) -> _Seen:
        """Check one record from its head to its end.

        Raises:
            NoRecordError: There is none, or its length does not fit.
        """
        head = pieces.head()
        fields = _fields(head)
        record_id = self._record_id = fields.get("warc-record-id")
        said = fields.get("content-length", "")
        if not (said.isascii() and said.isdigit() and len(said) < 19):
            raise NoRecordError("wrong length: Content-Length is missing or no number", record_id or "")
        length = left = int(said)
        seen = _Seen(record_id=record_id, faults=[], notes=[], listed=_listed(fields) if self._with_captures else None)
        block = _claim(fields.get("warc-block-digest"), "block", seen)
        payload = (
            None if _has_its_payload_elsewhere(fields) else _claim(fields.get("warc-payload-digest"), "payload", seen)
        )
        http = HttpPayload(payload) if payload and fields.get("content-type", "").startswith(_HTTP) else None
        takers = [claim.update for claim in (block, http or payload) if claim]
        if not takers:
            seen.notes.append(_NOTHING_CLAIMED)
        while left:
            part = pieces.take(left)
            if not part:
                what = f"wrong length: the block has {length - left:,} bytes, Content-Length says {length:,}"
                raise NoRecordError(what, record_id or "")
            left -= len(part)
            for take in takers:
                take(part)
        ending = b"\r\n\r\n" if b"\r\n" in head else b"\n\n"
        if pieces.exactly(len(ending)) != ending:
            what = f"wrong length: the record does not end behind the {length:,} bytes that Content-Length says"
            raise NoRecordError(what, record_id or "")
        if block and not block.holds():
            seen.faults.append(f"the block is {block.found()}, the record says {block.said}")
        if payload and not payload.holds():
            _say_of_payload(payload, http, fields, seen)
        return seen

    def _keep(self, seen: _Seen, offset: int, length: int) -> None:
        """Count a record whose frame is whole."""
        self._notes.update(seen.notes)
        if seen.faults:
            self._note_finding(offset, f"digest mismatch: {'; '.join(seen.faults)}", seen.record_id)
        self._records += not seen.faults
        if seen.listed:
            self._captures.append(replace(seen.listed, offset=offset, length=length))
        if not seen.record_id:
            return
        key = record_key(seen.record_id)
        if key in self._ids:
            self._note_finding(offset, "duplicate record id: an earlier record of this file has it", seen.record_id)
        self._ids.add(key)

    def _tail(self, offset: int, what: str, record_id: str | None = None) -> None:
        """Name what is wrong with the end of the file; where a writer may be at it, that is no damage."""
        if self._is_open:
            self._notes[f"is open: checked up to byte {offset}; the writer, or the next one, sees to the rest"] += 1
        else:
            self._note_finding(offset, what, record_id)

    def _note_finding(self, offset: int, what: str, record_id: str | None = None) -> None:
        if len(self._findings) < MAX_FINDINGS:
            self._findings.append(self._finding(offset, what, record_id))
        else:
            self._unlisted += 1

    def _finding(self, offset: int | None, what: str, record_id: str | None = None) -> Finding:
        return Finding(file=self._file, offset=offset, record=record_id or None, what=what)


def _say_of_payload(payload: Claim, http: HttpPayload | None, fields: dict[str, str], seen: _Seen) -> None:
    """Say of a payload digest that is not of the bytes as they stand what else it is of, or that it is of none."""
    if "warc-truncated" in fields:
        seen.notes.append("{:,} records were cut off when they were taken, and their payload digest is of the whole")
    elif http and not http.parts:
        seen.notes.append("{:,} payload digests are of a body too long to undo its encodings")
    elif http and (custom := custom_of(payload, b"".join(http.parts))):
        seen.notes.append("{:,} payload digests are of the body " + custom)
    else:
        seen.faults.append(f"the payload is {payload.found()}, the record says {payload.said}")


def _claim(said: str | None, of: str, seen: _Seen) -> Claim | None:
    if not said:
        return None
    try:
        return Claim(said)
    except LookupError:
        seen.notes.append(f"of {{:,}} records the {of} digest is of an unknown kind and was not compared")
        return None


def _has_its_payload_elsewhere(fields: dict[str, str]) -> bool:
    """Whether the payload digest is of more or other bytes than the record has: a revisit, a segment."""
    return fields.get("warc-type") == "revisit" or "warc-segment-number" in fields


def _fields(head: bytes) -> dict[str, str]:
    """Return the fields of a head, by their names in lower case."""
    fields: dict[str, str] = {}
    for line in head.decode("utf-8", "replace").split("\n")[1:]:
        name, _, value = line.partition(":")
        fields.setdefault(name.lower(), value.strip())
    return fields


def _listed(fields: dict[str, str]) -> Listed | None:
    kind = fields.get("warc-type")
    if kind not in ("response", "revisit", "resource", "conversion"):
        return None
    instant = fields.get("aggregator-captured-at") or fields.get("warc-date", "")
    return Listed(
        url=fields.get("warc-target-uri", ""),
        timestamp="".join(c for c in instant if c.isdigit())[:14],
        offset=0,
        length=0,
        must=kind in ("response", "revisit"),
    )


def _words(error: Exception) -> str:
    return "it cannot be decompressed" + (f" ({error})" if str(error) else "")
