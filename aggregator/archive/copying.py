"""Records of the archive for files that leave it: byte for byte, or as members of our form where they are none.

A file of others may be plain, ARC, compressed otherwise or in a zip file. Then a record's fields and its block are
written anew: the block as it was, and of the digests those that are true of it.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import re
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from aggregator.archive import elsewhere, reader, records
from aggregator.archive.erasing import Held, held_of, held_of_import, member_of
from aggregator.archive.records import Record
from aggregator.errors import StoreError
from aggregator.model import Capture

_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z")
_ALGORITHMS = ("md5", "sha1", "sha256", "sha512")


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A capture's record, and that of the request that it answers, as they leave."""

    record: Record
    """That of the capture."""
    request: Record | None
    """None: it is not in the archive."""
    data: bytes
    """The gzip members of both."""
    file: str
    imported: tuple[Held, ...] = ()
    """For a file of others, what the records hold."""

    @property
    def held(self) -> tuple[Held, ...]:
        """Both, with what they hold."""
        return self.imported or tuple(held_of(self.file, r) for r in (self.record, self.request) if r)


class Copier:
    """Reads captures one after the other; fastest in the order of files and offsets.

    Args:
        folder: ``archive/``.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = ""
        self._stream: BinaryIO | None = None

    def __enter__(self) -> Copier:
        return self

    def __exit__(self, *_: object) -> None:
        if self._stream is not None:
            self._stream.close()

    def copy(self, capture: Capture) -> Copy:
        """Return what the archive holds of a capture.

        Raises:
            StoreError: Its file is missing or damaged, or something else is at that place.
        """
        if not reader.is_import(capture.file):
            return self._as_it_is(capture)
        imported = self._imported(capture)
        try:
            return replace(self._as_it_is(capture), imported=imported)
        except StoreError:
            return _anew(capture, imported)

    def _as_it_is(self, capture: Capture) -> Copy:
        stream = self._open(capture.file)
        path = self._folder / capture.file
        members = reader.members(stream, capture.offset)
        try:
            offset, length, held = next(members, (capture.offset, 0, b""))
            record = Record(offset, length, *records.parse(held))
        except ValueError as error:
            raise reader.damaged(path, error) from error
        if record.fields.get("WARC-Record-ID") != capture.record_id:
            raise reader.misplaced(self._folder, capture)
        request = None
        try:
            at, follows, held = next(members, (0, 0, b""))
            fields, block = records.parse(held)
            if fields.get("WARC-Type") == "request" and fields.get("WARC-Concurrent-To") == capture.record_id:
                request = Record(at, follows, fields, block)
        except ValueError:
            pass  # what follows is no business of this capture
        stream.seek(offset)
        data = stream.read(length + (request.length if request else 0))
        return Copy(record=record, request=request, data=data, file=capture.file)

    def _imported(self, capture: Capture) -> tuple[Held, ...]:
        """Return what the records hold of a capture in a file of others, and of its request."""
        path, said = reader.existing(self._folder, capture.file), reader.note(self._folder, capture.file)
        found = held_of_import(path, capture.file, said, capture.offset)
        for one in found:
            if one.capture and reader.is_same(one.capture, capture):
                follows = next(found, None)
                is_request = follows and follows.kind == "request" and _answered(follows) == _id(one)
                return (one, follows) if follows and is_request else (one,)
            if one.offset != capture.offset:
                break
        raise reader.misplaced(self._folder, capture)

    def _open(self, file: str) -> BinaryIO:
        if self._stream is None or file != self._file:
            path = reader.existing(self._folder, file)
            if self._stream is not None:
                self._stream.close()
            self._stream, self._file = elsewhere.opened(path), file
        return self._stream


def _anew(capture: Capture, imported: tuple[Held, ...]) -> Copy:
    """Return the records of a capture and its request as members of our form."""
    one, *requests = imported
    said = [one.fields | {"warc-record-id": capture.record_id, "warc-target-uri": one.url}]
    if not _DATE.fullmatch(one.fields.get("warc-date", "")):
        said[0]["warc-date"] = records.warc_date(capture.captured_at)
    said += [each.fields | {"warc-target-uri": each.url, "warc-concurrent-to": capture.record_id} for each in requests]
    try:
        members = [
            member_of(replace(each, fields=_true(fields, each))) for each, fields in zip(imported, said, strict=True)
        ]
    except ValueError as error:
        raise StoreError(Path(capture.file), f"cannot be written as WARC ({error})") from error
    record, *rest = [Record(capture.offset, len(m), *records.parse(gzip.decompress(m))) for m in members]
    return Copy(
        record=record,
        request=rest[0] if rest else None,
        data=b"".join(members),
        file=capture.file,
        imported=imported,
    )


def _id(one: Held) -> str:
    return one.fields.get("warc-record-id", "").strip("<> ")


def _answered(request: Held) -> str:
    """Return the record that a request says it belongs to."""
    return request.fields.get("warc-concurrent-to", "").strip("<> ")


def _true(fields: dict[str, str], one: Held) -> dict[str, str]:
    """Return fields without those that are no names, and without digests that are not those of the block."""
    head, end, body = one.block.partition(b"\r\n\r\n")
    held = {
        "warc-block-digest": one.block,
        "warc-payload-digest": body if end and head.startswith(b"HTTP/") else one.block,
    }
    if one.kind == "revisit":
        del held["warc-payload-digest"]  # of a body that is elsewhere
    return {
        name: value
        for name, value in fields.items()
        if name.replace("-", "").isalnum() and (name not in held or _is_digest(value, held[name]))
    }


def _is_digest(said: str, data: bytes) -> bool:
    """Whether a labelled digest, in whichever base, is that of the data."""
    algorithm, _, value = said.partition(":")
    algorithm = algorithm.strip().lower().replace("-", "")
    if algorithm not in _ALGORITHMS:
        return False
    digest = hashlib.new(algorithm, data, usedforsecurity=False).digest()
    return value.strip() in (base64.b32encode(digest).decode(), digest.hex(), base64.b64encode(digest).decode())


def warcinfo(name: str, *, operator: str | None, description: str, now: datetime) -> bytes:
    """Return the first record of a file that leaves the archive, as one gzip member.

    Args:
        name: The file's name.
        operator: Who hands it on; None: not said.
        description: What the file holds, in one line.
        now: When it is made.
    """
    return records.member(*records.warcinfo_record(name, operator, now, description=description))
