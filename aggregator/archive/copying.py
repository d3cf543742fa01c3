"""Records of the archive for files that leave it: byte for byte, or as members of our form where they are none.

A file of others may be plain, ARC, compressed otherwise or in a zip file. Then a record's fields and its block are
written anew: the block as it was, and of the digests those that are true of it.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from aggregator.archive import reader, records
from aggregator.archive.foreign import ForeignRecord
from aggregator.archive.records import Record
from aggregator.errors import StoreError
from aggregator.model import Capture

_FIELD = re.compile(r"[a-z0-9][a-z0-9-]{0,99}")
_UPPER = ("warc", "id", "uri", "ip")
"""Parts of names of fields that are written in capitals."""
_ALGORITHMS = ("md5", "sha1", "sha256", "sha512")


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A capture's record, and that of the request that it answers, as they leave."""

    records: tuple[Record, ...]
    """The request may be missing: then it is not in the archive."""
    data: bytes
    """Their gzip members."""

    @property
    def record(self) -> Record:
        """That of the capture itself."""
        return self.records[0]


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
        try:
            return self._as_it_is(capture)
        except StoreError:
            if not reader.is_import(capture.file):
                raise
        return self._anew(capture)

    def _as_it_is(self, capture: Capture) -> Copy:
        stream = self._open(capture.file)
        path = self._folder / capture.file
        members = reader.members(stream, capture.offset)
        try:
            offset, length, held = next(members, (capture.offset, 0, b""))
            found = [Record(offset, length, *records.parse(held))]
        except ValueError as error:
            raise reader.damaged(path, error) from error
        if found[0].fields.get("WARC-Record-ID") != capture.record_id:
            raise reader.elsewhere(self._folder, capture)
        try:
            at, follows, held = next(members, (0, 0, b""))
            request = Record(at, follows, *records.parse(held))
            if request.fields.get("WARC-Type") == "request" and _answered(request.fields) == capture.record_id:
                found.append(request)
        except ValueError:
            pass  # what follows is no business of this capture
        stream.seek(offset)
        return Copy(records=tuple(found), data=stream.read(sum(record.length for record in found)))

    def _anew(self, capture: Capture) -> Copy:
        path = reader.existing(self._folder, capture.file)
        found = reader.imported(path, capture.file, capture.offset)
        for record, entry in found:
            if entry and isinstance(entry.what, Capture) and reader.is_same(entry.what, capture):
                return self._written(capture, record, next(found, (None, None))[0])
            if record.offset != capture.offset:
                break
        raise reader.elsewhere(self._folder, capture)

    def _written(self, capture: Capture, record: ForeignRecord, follows: ForeignRecord | None) -> Copy:
        if record.arc and not record.block.startswith(b"HTTP/"):
            kind = {"WARC-Type": "resource"}
        elif record.arc:
            kind = {"Content-Type": "application/http; msgtype=response"}
        else:
            kind = {}
        cut = None if record.whole else capture.truncated or "unspecified"
        said = {
            **_fields(record),
            **kind,
            "WARC-Record-ID": capture.record_id,
            "WARC-Target-URI": record.url,
            "WARC-Date": records.warc_date(capture.captured_at),
            **({"WARC-Truncated": cut} if cut else {}),
        }
        found = [(said, record.block)]
        if follows and follows.kind == "request" and follows.whole and record.record_id == _answered(_fields(follows)):
            concurrent = {"WARC-Target-URI": follows.url, "WARC-Concurrent-To": capture.record_id}
            found.append((_fields(follows) | concurrent, follows.block))
        members = [records.member(fields, block) for fields, block in found]
        return Copy(
            records=tuple(
                Record(capture.offset, len(member), *each) for member, each in zip(members, found, strict=True)
            ),
            data=b"".join(members),
        )

    def _open(self, file: str) -> BinaryIO:
        if self._stream is None or file != self._file:
            path = reader.existing(self._folder, file)
            if self._stream is not None:
                self._stream.close()
            self._stream, self._file = path.open("rb"), file
        return self._stream


def _answered(fields: dict[str, str]) -> str:
    """Return the record that a request says it belongs to."""
    said = fields.get("WARC-Concurrent-To", "").strip("<> ")
    return f"<{said}>"


def _fields(record: ForeignRecord) -> dict[str, str]:
    """Return the fields of a record by the names that the standard has, without digests that are not true of it."""
    fields = {
        "-".join(part.upper() if part in _UPPER else part.capitalize() for part in name.split("-")): value
        for name, value in record.fields.items()
        if _FIELD.fullmatch(name) and not re.search(r"[\r\n]", value)
    }
    cut = record.block.find(b"\r\n\r\n") + 4 if record.block.startswith(b"HTTP/") else 0
    held = {"WARC-Block-Digest": record.block, "WARC-Payload-Digest": record.block[cut if cut > 3 else 0 :]}
    if record.kind == "revisit":
        del held["WARC-Payload-Digest"]  # of a body that is elsewhere
    return {k: v for k, v in fields.items() if k not in held or _is_digest(v, held[k])}


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
