"""What the files of the archive say, in the order it happened."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from aggregator.archive.records import Entry, Record, parse, read_entry
from aggregator.errors import StoreError
from aggregator.model import Capture

OPEN = ".open"
MAX_RECORD_BYTES = 1 << 28
"""What one record of ours may grow to when decompressed: far above what ``fetch`` lets in."""
_PIECE = 1 << 16
_NAME = re.compile(r"captures-\d{8}T\d{6}Z-(\d+)-")


def files(folder: Path) -> list[str]:
    """Return every WARC file, by its sealed name relative to ``archive/``, in the order they were begun.

    Their numbers tell that order, not their times: a clock may be set back.
    """
    found = [*folder.glob("[0-9]*/*/*/captures-*.warc.gz"), *folder.glob(f"[0-9]*/*/*/captures-*.warc.gz{OPEN}")]
    return sorted((sealed_name(folder, path) for path in found), key=lambda file: (number_of(file), file))


def number_of(file: str) -> int:
    """Return the running number in a file's name; 0: it has none."""
    name = _NAME.search(file)
    return int(name[1]) if name else 0


def sealed_name(folder: Path, path: Path) -> str:
    """Return the name that a file has or will have when it is sealed, relative to ``archive/``."""
    return path.relative_to(folder).as_posix().removesuffix(OPEN)


def existing(folder: Path, file: str) -> Path:
    """Return where a file is, sealed or open.

    Raises:
        StoreError: It is nowhere.
    """
    for path in (folder / file, folder / (file + OPEN)):
        if path.exists():
            return path
    raise StoreError(folder / file, "missing. Restore it from a copy, or run `aggregator rebuild` without it.")


def is_open(path: Path) -> bool:
    """Whether a writer has not sealed the file, or not yet."""
    return path.name.endswith(OPEN)


def size(folder: Path, file: str) -> int:
    """Return the length of one file in bytes."""
    return existing(folder, file).stat().st_size


def members(stream: BinaryIO, start: int = 0) -> Iterator[tuple[int, int, bytes]]:
    """Yield each gzip member from the one at ``start``: its offset, its length, and what it holds.

    Raises:
        ValueError: One is damaged, cut off or too large, or something else stands in its place; what it says names the
            offset.
    """
    stream.seek(start)
    offset, waiting = start, stream.read(_PIECE)
    while waiting:
        inflater = zlib.decompressobj(31)
        pieces, got, used = [], 0, 0
        while not inflater.eof:
            if not waiting:
                raise ValueError(f"the record at {offset} is cut off")
            try:
                pieces.append(inflater.decompress(waiting, MAX_RECORD_BYTES - got + 1))
            except zlib.error as error:
                raise ValueError(
                    f"the record at {offset} is damaged, or something else stands there ({error})"
                ) from None
            got += len(pieces[-1])
            if got > MAX_RECORD_BYTES:
                raise ValueError(f"the record at {offset} is larger than {MAX_RECORD_BYTES:,} bytes")
            rest = inflater.unused_data or inflater.unconsumed_tail
            used += len(waiting) - len(rest)
            waiting = rest or stream.read(_PIECE)
        yield offset, used, b"".join(pieces)
        offset += used


def records(path: Path, start: int = 0) -> Iterator[Record]:
    """Yield the records of one file from the one that begins at ``start``.

    Raises:
        ValueError: One is damaged; what it says names the offset.
    """
    with path.open("rb") as stream:
        for offset, length, data in members(stream, start):
            try:
                yield Record(offset, length, *parse(data))
            except ValueError as error:
                raise ValueError(f"at {offset}: {error}") from None


def entries(folder: Path, file: str, start: int = 0) -> Iterator[Entry]:
    """Yield what one file says from the record that begins at ``start``, in order.

    Raises:
        StoreError: The file is missing or damaged.
    """
    path = existing(folder, file)
    try:
        for record in records(path, start):
            if entry := read_entry(record, file):
                yield entry
    except ValueError as error:
        what = " ".join(str(error).split())[:160]
        raise StoreError(path, f"damaged ({what}). Nothing was changed. Restore it from a copy.") from error


def holds(folder: Path, capture: Capture) -> bool:
    """Whether the file of a capture is there."""
    return any((folder / name).exists() for name in (capture.file, capture.file + OPEN))


def body(folder: Path, capture: Capture) -> bytes:
    """Return the decoded body that a capture's own record holds; empty for a revisit.

    Raises:
        StoreError: The file is missing or damaged, or something else is at that place.
    """
    entry = next(entries(folder, capture.file, capture.offset), None)
    if entry is None or not isinstance(entry.what, Capture) or entry.what.record_id != capture.record_id:
        raise StoreError(folder / capture.file, f"no record {capture.record_id} at offset {capture.offset}")
    return entry.body
