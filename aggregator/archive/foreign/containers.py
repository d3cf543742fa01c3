"""The parts of a file that hold records: all of it, or the WARC files in a WACZ, which is a zip file.

Nothing of a zip file is unpacked onto the disk under a name of its own, so that its names can do no harm.
"""

from __future__ import annotations

import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from aggregator.archive import elsewhere
from aggregator.archive.foreign.frames import FREE_BYTES, MAX_GROWTH, Problem

MAX_ENTRIES = 10_000
"""Files in a WACZ."""
MAX_DIRECTORY_BYTES = 1 << 24
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_END = b"PK\x05\x06"
_HEADER_BYTES = 30
_ENCRYPTED = 1
_IN_MEMORY = 1 << 25
_PIECE = 1 << 16
_WANTED = (".warc", ".warc.gz", ".warc.zst", ".warc.lz4", ".arc", ".arc.gz")


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of a file that holds records."""

    stream: BinaryIO
    begin: int
    stop: int
    shown_at: int | None = None
    """The one offset that stands for all its records, where they are compressed twice; None: each has its own."""


def stretches(path: Path, stream: BinaryIO, start: int = 0) -> Iterator[Stretch | Problem]:
    """Yield the parts of a file that hold records, and why others are not read.

    Args:
        path: The file.
        stream: The same, open.
        start: What ends before this offset is left out.
    """
    size = elsewhere.size(path)
    if stream.read(4) not in _ZIP:
        yield Stretch(stream, 0, size)
        return
    if trouble := _directory_trouble(stream, size):
        yield Problem(0, f"the zip file is damaged ({trouble}): it is searched for records")
        yield Stretch(stream, 0, size)
        return
    try:
        with elsewhere.opened(path) as again, zipfile.ZipFile(again) as packed:
            yield from _entries(packed, stream, start, size)
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OverflowError) as error:
        yield Problem(0, f"the zip file is damaged ({str(error)[:100]}): it is searched for records")
        yield Stretch(stream, 0, size)


def _directory_trouble(stream: BinaryIO, size: int) -> str | None:
    """Return why the directory of a zip file should not even be loaded; None: it may."""
    stream.seek(max(0, size - (1 << 16) - 22))
    tail = stream.read()
    at = tail.rfind(_END)
    if at < 0 or len(tail) < at + 22:
        return "its directory is missing"
    length = int.from_bytes(tail[at + 12 : at + 16], "little")
    count = int.from_bytes(tail[at + 10 : at + 12], "little")
    if length > MAX_DIRECTORY_BYTES and length != 0xFFFFFFFF:
        return f"its directory is longer than {MAX_DIRECTORY_BYTES:,} bytes"
    if count > MAX_ENTRIES and count != 0xFFFF:
        return f"more than {MAX_ENTRIES:,} files"
    return None


def _entries(packed: zipfile.ZipFile, stream: BinaryIO, start: int, size: int) -> Iterator[Stretch | Problem]:
    entries = sorted(packed.infolist(), key=lambda entry: entry.header_offset)
    if len(entries) > MAX_ENTRIES:
        yield Problem(0, f"the zip file holds more than {MAX_ENTRIES:,} files; the others are not read")
    behind = 0
    for entry in entries[:MAX_ENTRIES]:
        at = entry.header_offset
        if not entry.filename.lower().endswith(_WANTED):
            continue
        if not 0 <= at < size:
            yield Problem(0, "the directory of the zip file names a place outside of it")
            continue
        stream.seek(at)
        header = stream.read(_HEADER_BYTES)
        begin = at + _HEADER_BYTES + int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
        stop = min(begin + entry.compress_size, size)
        if at < behind:
            yield Problem(at, "a file in the zip file overlaps another; it is not read")
            continue
        behind = stop
        if entry.flag_bits & _ENCRYPTED:
            yield Problem(at, "a file in the zip file is encrypted; it is not read")
        elif entry.compress_type == zipfile.ZIP_STORED:
            if stop > max(start, begin):
                yield Stretch(stream, begin, stop)
        elif entry.compress_type == zipfile.ZIP_DEFLATED:
            if at >= start:
                yield from _inflated(packed, entry)
        else:
            yield Problem(
                at, f"a file in the zip file is compressed in a way (no. {entry.compress_type}) not read here"
            )


def _inflated(packed: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[Stretch | Problem]:
    """Yield what a file was that is compressed again in the zip file, against the rules of WACZ."""
    limit, got = FREE_BYTES + MAX_GROWTH * entry.compress_size, 0
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as unpacked:
        try:
            with packed.open(entry) as source:
                while data := source.read(_PIECE):
                    got += len(data)
                    if got > limit:
                        yield Problem(entry.header_offset, f"a file in the zip file grows more than {MAX_GROWTH}-fold")
                        return
                    unpacked.write(data)
        except (zipfile.BadZipFile, EOFError, OSError, RuntimeError, ValueError, zlib.error) as error:
            yield Problem(entry.header_offset, f"a file in the zip file is damaged ({str(error)[:100]})")
        unpacked.seek(0)
        yield Stretch(unpacked, 0, got, shown_at=entry.header_offset)  # type: ignore[arg-type]
