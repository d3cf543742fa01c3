"""Tombstones: a record is overwritten in its place by one of the same length, so that every other offset stays valid.

Zlib and every reader of gzip pass over what pads a member: an extra field or a comment in its header (RFC 1952, section
2.3), or spaces in the block of a long one.
"""

from __future__ import annotations

import gzip
import hashlib
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from aggregator import disk, wire
from aggregator.archive.reader import existing, files, records
from aggregator.archive.records import Record, read_entry
from aggregator.errors import StoreError
from aggregator.model import Capture

TOMBSTONE = "tombstone"
_MAX_EXTRA = 65_535
_FEXTRA, _FCOMMENT = 4, 16
_STORED_BLOCK = 65_535


@dataclass(frozen=True, slots=True)
class Held:
    """A record with what it holds, for looking into it."""

    file: str
    """Relative to ``archive/``."""
    record: Record
    head: str
    """Its WARC fields, and the HTTP head or the request, as text."""
    body: bytes
    """The decoded body; for records that are not HTTP the block."""
    content_type: str
    url: str
    capture: Capture | None
    """What a rebuild makes of it; None: it is no capture of ours."""


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
    """Yield the records of one file with what they hold.

    Raises:
        StoreError: The file is missing or damaged.
    """
    path = existing(folder, file)
    try:
        for record in records(path):
            yield _held(file, record)
    except ValueError as error:
        raise StoreError(path, f"damaged ({error}). Nothing was erased. Restore it from a copy.") from error


def _held(file: str, record: Record) -> Held:
    fields = record.fields
    url = fields.get("WARC-Target-URI", "").strip("<>")
    head = "\n".join(f"{name}: {value}" for name, value in fields.items())
    kind, content_type, body = fields.get("WARC-Type", ""), fields.get("Content-Type", ""), record.block
    if content_type.startswith("application/http") and kind in ("response", "revisit"):
        try:
            answer = wire.read_answer(record.block)
            cut = wire.head_length(record.block)
        except ValueError:
            return Held(file, record, head, body, "text/plain", url, None)
        head += "\n" + record.block[:cut].decode("latin-1")
        body, content_type = answer.body, answer.header("Content-Type") or ""
    elif kind == "request":
        head, body = head + "\n" + record.block.decode("latin-1"), b""
    try:
        entry = read_entry(record, file)
    except ValueError:
        entry = None
    capture = entry.what if entry and isinstance(entry.what, Capture) else None
    return Held(file, record, head, body, content_type, url, capture)


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
    """Put a tombstone in the place of a record; doing it again changes nothing.

    Raises:
        NoSpaceError: The disk is read-only.
        StoreError: The file is missing, or the disk fails.
    """
    path = existing(folder, change.file)
    try:
        disk.patch(path, change.offset, tombstone(change))
    except OSError as error:
        raise disk.trouble(path, error) from error


def digest_of(change: Change) -> str:
    """Return the SHA-256 of a change's tombstone, hexadecimal."""
    return hashlib.sha256(tombstone(change)).hexdigest()


__all__ = ["Change", "Held", "digest_of", "files", "held", "overwrite", "tombstone"]
