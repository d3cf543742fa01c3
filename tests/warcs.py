"""Captures, failures and what becomes of them in an archive, for the tests of the archive."""

from __future__ import annotations

import base64
import gzip
import hashlib
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from warcio.archiveiterator import ArchiveIterator

from aggregator import archive
from aggregator.archive import Archive, Entry
from aggregator.model import Capture, Failure, Request, Response, Role

NOON = datetime(2026, 11, 23, 12, 0, 0, 123456, tzinfo=UTC)
OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nsoup"
NOT_MODIFIED = b'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\n\r\n'
ZIPPED = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(b"soup" * 99, mtime=0)
HINT = b"HTTP/1.1 103 Early Hints\r\nLink: </s>\r\n\r\n"
DAY = "2026/11/23/captures-20261123T120000Z-"
"""How the names of files begin that hold these."""


def left_open(folder: Path, data: bytes) -> Path:
    """What a writer leaves that was killed in the middle of a write."""
    path = folder / f"{DAY}0001-abcdef01.warc.gz.open"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def response(received: bytes = OK, *, url: str = "http://a.example/1", at: datetime = NOON, **more: str) -> Response:
    asked = Request(url=url, role=Role(more.pop("role", "page")), source_id="a", asked_url=more.pop("asked_url", ""))
    sent = b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n"
    return Response(request=asked, started_at=at, ip="192.0.2.1", sent=sent, received=received, **more)  # type: ignore[arg-type]


def failure(reason: str = "connection refused") -> Failure:
    return Failure(
        url="http://a.example/2", source_id="a", role=Role.FEED, failed_at=NOON, reason=reason, retryable=True
    )


def stored(folder: Path, *responses: Response, operator: str | None = None) -> list[Entry]:
    """Archive responses one after the other, each knowing the last that has a body; return what ``add`` said."""
    writer = Archive(folder, operator=operator)
    told: list[Entry] = []
    earlier: Capture | None = None
    for each in responses:
        entry = writer.add(each, earlier=earlier)
        assert isinstance(entry.what, Capture)
        earlier = earlier if entry.what.refers_to else entry.what
        told.append(entry)
    writer.close()
    return told


def read(folder: Path) -> list[Entry]:
    return [entry for file in archive.files(folder) for entry in archive.entries(folder, file)]


def capture(entry: Entry) -> Capture:
    assert isinstance(entry.what, Capture)
    return entry.what


def records(folder: Path) -> Iterator[tuple[dict[str, str], bytes]]:
    """What warcio finds: the fields and the block of each record."""
    for file in archive.files(folder):
        with (folder / file).open("rb") as stream:
            for record in ArchiveIterator(stream, no_record_parse=True):
                yield dict(record.rec_headers.headers), record.raw_stream.read()


def sha1(data: bytes) -> str:
    return "sha1:" + base64.b32encode(hashlib.sha1(data).digest()).decode()


def whole_file(folder: Path, *answers: bytes) -> bytes:
    """Archive answers; return the bytes of the file."""
    stored(folder, *(response(a) for a in answers))
    return b"".join((folder / file).read_bytes() for file in archive.files(folder))


def member_ends(data: bytes) -> list[int]:
    """Where each gzip member of a file ends."""
    ends, rest = [], data
    while rest:
        member = zlib.decompressobj(31)
        member.decompress(rest)
        rest = member.unused_data
        ends.append(len(data) - len(rest))
    return ends
