"""Tombstones: a record is overwritten in its place by one of the same length, so that every other offset stays valid.

Zlib and every reader of gzip pass over what pads a member: an extra field or a comment in its header (RFC 1952, section
2.3), or spaces in the block of a long one.
"""

from __future__ import annotations

import gzip
import hashlib
import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from aggregator import disk, wire
from aggregator.archive import elsewhere, foreign
from aggregator.archive.reader import existing, is_import, note, records
from aggregator.archive.records import Record, from_warc_date, member, read_entry
from aggregator.errors import StoreError
from aggregator.model import Capture, Requisites

TOMBSTONE = "tombstone"
_MAX_EXTRA = 65_535
_FEXTRA, _FCOMMENT = 4, 16
_STORED_BLOCK = 65_535


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A record with what it holds, for looking into it."""

    file: str
    """Relative to ``archive/``."""
    offset: int
    length: int
    """Where it stands, in bytes; in an imported file several may stand at one offset."""
    fields: dict[str, str]
    """Its WARC fields, by name in lower case."""
    head: str
    """Its WARC fields, and the HTTP head or the request, as text."""
    block: bytes
    body: bytes
    """The decoded body; for records that are not HTTP the block."""
    content_type: str
    url: str
    capture: Capture | None
    """What a rebuild makes of it; None: it is no capture."""
    requisites: Requisites | None = None
    """Likewise; None: it does not say what a page shows."""

    @property
    def kind(self) -> str:
        """Its WARC-Type."""
        return self.fields.get("warc-type", "").lower()

    @property
    def key(self) -> tuple[int, str]:
        """What tells it from the others of its file."""
        return self.offset, self.fields.get("warc-record-id", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One record overwritten in its place."""

    file: str
    offset: int
    length: int
    tombstone_id: str
    """WARC-Record-ID of the tombstone."""
    refers_to: str
    """WARC-Record-ID of what stood there."""
    date: str
    """WARC-Date of the tombstone."""
    sha256_after: str
    """Of the member that stands there now, hexadecimal."""


def held(folder: Path, file: str) -> Iterator[Held]:
    """Yield the records of one file with what they hold; what cannot be read in an imported file is passed over.

    Raises:
        StoreError: The file is missing, or it is our own and damaged.
    """
    path = existing(folder, file)
    if is_import(file):
        yield from held_of_import(path, file, note(folder, file))
        return
    try:
        for record in records(path):
            yield held_of(file, record)
    except ValueError as error:
        raise StoreError(path, f"damaged ({error}). Nothing was erased. Restore it from a copy.") from error


def held_of_import(path: Path, file: str, said: Mapping[str, Any], start: int = 0) -> Iterator[Held]:
    """Yield the records of an imported file with what they hold.

    Args:
        path: Where it is.
        file: What it is called, relative to ``archive/``.
        said: The note beside it.
        start: Where to begin: 0, or the offset of a record.
    """
    imported_at = from_warc_date(said["imported_at"])
    for record in foreign.records(path, start):
        if isinstance(record, foreign.ForeignRecord):
            entry = foreign.entry_of(record, file, source_id=said.get("source") or "", imported_at=imported_at)
            capture = entry.what if entry and isinstance(entry.what, Capture) else None
            yield _looked_into(
                Held(
                    file=file,
                    offset=record.offset,
                    length=record.length,
                    fields=_fields_of(record),
                    head="",
                    block=record.block,
                    body=entry.body if entry and capture and capture.refers_to is None else record.block,
                    content_type=capture.content_type if capture else record.fields.get("content-type", ""),
                    url=record.url,
                    capture=capture,
                )
            )


def _fields_of(record: foreign.ForeignRecord) -> dict[str, str]:
    """Return the fields of a foreign record, as a WARC file must have them."""
    fields = record.fields | {"warc-record-id": record.record_id}
    if record.arc and record.kind == "response":
        is_http = record.block.startswith(b"HTTP/")
        fields |= {"content-type": "application/http; msgtype=response"} if is_http else {"warc-type": "resource"}
    if not record.whole:
        cut = "length" if len(record.block) == foreign.MAX_BLOCK_BYTES else "unspecified"
        fields |= {"warc-truncated": cut, "warc-block-digest": "", "warc-payload-digest": ""}
    return fields


def member_of(one: Held) -> bytes:
    """Return a record of any file as a gzip member of a WARC file: what its fields say, and its block byte for byte."""
    fields = {_name(name): " ".join(value.split()) for name, value in one.fields.items() if name != "content-length"}
    return member(fields, one.block)


def _name(name: str) -> str:
    """Return a field's name as the standard writes it."""
    return "-".join(
        word.upper() if word in ("warc", "id", "uri", "ip") else word.capitalize() for word in name.split("-")
    )


def held_of(file: str, record: Record) -> Held:
    """Return a record with what it holds."""
    fields = {name.lower(): value for name, value in record.fields.items()}
    content_type, body = fields.get("content-type", ""), record.block
    if content_type.startswith("application/http") and fields.get("warc-type") in ("response", "revisit"):
        try:
            answer = wire.read_answer(record.block)
            body, content_type = answer.body, answer.header("Content-Type") or ""
        except ValueError:
            content_type = "text/plain"
    try:
        entry = read_entry(record, file)
    except ValueError:
        entry = None
    return _looked_into(
        Held(
            file=file,
            offset=record.offset,
            length=record.length,
            fields=fields,
            head="",
            block=record.block,
            body=body,
            content_type=content_type,
            url=fields.get("warc-target-uri", "").strip("<>"),
            capture=entry.what if entry and isinstance(entry.what, Capture) else None,
            requisites=entry.what if entry and isinstance(entry.what, Requisites) else None,
        )
    )


def _looked_into(one: Held) -> Held:
    """Add the head, as text: the WARC fields, and what of the block is head and not body."""
    said = "\n".join(f"{name}: {value}" for name, value in one.fields.items())
    if one.kind == "request":
        return replace(one, head=f"{said}\n{_text(one.block)}", body=b"")
    if one.kind in ("response", "revisit") and one.block.startswith(b"HTTP/"):
        try:
            said += "\n" + _text(one.block[: wire.head_length(one.block)])
        except ValueError:
            said += "\n" + _text(one.block.partition(b"\r\n\r\n")[0])
    return replace(one, head=said)


def _text(head: bytes) -> str:
    try:
        return head.decode()
    except UnicodeDecodeError:
        return head.decode("latin-1")


def stands_alone(folder: Path, file: str, offset: int, length: int) -> bool:
    """Whether a record is one gzip member with nothing else in it, so that a tombstone can take its place."""
    path = existing(folder, file)
    if path.is_symlink():  # it is somebody else's
        return False
    try:
        with elsewhere.opened(path) as stream:
            if stream.read(2) != b"\x1f\x8b":
                return False
        found = next(records(path, offset))
    except (ValueError, StopIteration):
        return False
    return found.length == length


def tombstone(change: Change) -> bytes:
    """Return the member that stands for an erased record; the same for the same change.

    Raises:
        ValueError: The record is too short for any tombstone.
    """
    said = [
        ("WARC-Type", "metadata"),
        ("WARC-Record-ID", change.tombstone_id),
        ("WARC-Date", change.date),
        ("Content-Type", "application/json"),
        ("Aggregator-Kind", TOMBSTONE),
        ("WARC-Refers-To", change.refers_to),
    ]
    block = b'{"tombstone":"a record that was withdrawn stood here; see events.jsonl"}'
    for fields, text in ((said, block), (said[:5], block), (said[:5], b"{}"), (said[:3], b"")):
        if member := _of_length(change.length, dict(fields), text):
            return member
    raise ValueError(f"the record at {change.offset} is too short for a tombstone ({change.length} bytes)")


def _of_length(length: int, fields: dict[str, str], block: bytes) -> bytes | None:
    """Return a member of exactly that length; None: it would be longer."""
    bare = _deflated(_record(fields, block), 0)
    missing = length - len(bare)
    if missing < 0:
        return None
    if missing <= _MAX_EXTRA:
        return _deflated(_record(fields, block), missing)
    spaces = missing - missing // _STORED_BLOCK * 5 - 1_024
    stored = _stored(_record(fields, block + b" " * spaces))
    rest = length - len(stored)
    return _padded(stored, rest) if 0 <= rest <= _MAX_EXTRA else None


def _record(fields: dict[str, str], block: bytes) -> bytes:
    digest = {"WARC-Block-Digest": "sha256:" + hashlib.sha256(block).hexdigest()} if len(fields) > 3 else {}
    lines = "".join(f"{k}: {v}\r\n" for k, v in {**fields, **digest, "Content-Length": str(len(block))}.items())
    return f"WARC/1.1\r\n{lines}\r\n".encode() + block + b"\r\n\r\n"


def _deflated(data: bytes, padding: int) -> bytes:
    return _padded(gzip.compress(data, 9, mtime=0), padding)


def _stored(data: bytes) -> bytes:
    """Return data as a gzip member without compression, in blocks of their full size (RFC 1951, section 3.2.4)."""
    pieces = [b"\x1f\x8b\x08\0\0\0\0\0\0\xff"]
    for at in range(0, len(data), _STORED_BLOCK):
        piece = data[at : at + _STORED_BLOCK]
        last = at + _STORED_BLOCK >= len(data)
        pieces += [struct.pack("<BHH", last, len(piece), len(piece) ^ 0xFFFF), piece]
    return b"".join((*pieces, struct.pack("<II", zlib.crc32(data), len(data) & 0xFFFFFFFF)))


def _padded(member: bytes, padding: int) -> bytes:
    """Return a gzip member, longer by that many bytes."""
    if not padding:
        return member
    if padding < 6:  # too few for an extra field: a comment, which ends with a zero
        flags, pad = _FCOMMENT, b" " * (padding - 1) + b"\0"
    else:
        inside = padding - 6
        flags, pad = _FEXTRA, struct.pack("<H2sH", inside + 4, b"td", inside) + b"\0" * inside
    return member[:3] + bytes([flags]) + member[4:10] + pad + member[10:]


def overwrite(folder: Path, change: Change) -> None:
    """Put a tombstone in the place of a record; doing it again changes nothing. A file that is not here is fetched.

    Raises:
        NoSpaceError: The disk is full or read-only.
        StoreError: The file is missing or cannot be fetched, or the disk fails.
    """
    path = existing(folder, change.file)
    elsewhere.fetch(path)
    try:
        disk.patch(path, change.offset, tombstone(change))
    except OSError as error:
        raise disk.trouble(path, error) from error


def digest_of(change: Change) -> str:
    """Return the SHA-256 of a change's tombstone, hexadecimal."""
    return hashlib.sha256(tombstone(change)).hexdigest()


__all__ = [
    "Change",
    "Held",
    "digest_of",
    "held",
    "held_of",
    "held_of_import",
    "member_of",
    "overwrite",
    "stands_alone",
    "tombstone",
]
