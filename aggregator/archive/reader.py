"""What the files of the archive say, in the order it happened."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from aggregator.archive import elsewhere, foreign
from aggregator.archive.records import Entry, Record, from_warc_date, parse, read_entry
from aggregator.errors import StoreError
from aggregator.model import Capture

OPEN = ".open"
MAX_RECORD_BYTES = 1 << 28
"""What one record of ours may grow to when decompressed: far above what ``fetch`` lets in."""
_PIECE = 1 << 16
IMPORTS = "imports"
PART = ".part"
"""The end of the name of an import's folder while it is being made."""
NOTE = "import.json"
_NAME = re.compile(r"captures-\d{8}T\d{6}Z-(\d+)-|^imports/(\d+)-")


def files(folder: Path) -> list[str]:
    """Return every WARC file, by its sealed name relative to ``archive/``, in the order they were begun or brought in.

    Their numbers tell that order, not their times: a clock may be set back. An imported file that is read in place and
    is no longer there is left out.
    """
    imported = (path / path.name.partition("-")[2] for path in import_folders(folder) if path.suffix != PART)
    found = [
        *(path for path in imported if path.is_file() or elsewhere.note_path(path).is_file()),
        *folder.glob("[0-9]*/*/*/captures-*.warc.gz"),
        *folder.glob(f"[0-9]*/*/*/captures-*.warc.gz{OPEN}"),
        *folder.glob(f"[0-9]*/*/*/captures-*.warc.gz{elsewhere.REMOTE}"),
    ]
    return sorted({sealed_name(folder, path) for path in found}, key=lambda file: (number_of(file), file))


def number_of(file: str) -> int:
    """Return the running number in a file's name; 0: it has none."""
    name = _NAME.search(file)
    return int(name[1] or name[2]) if name else 0


def next_number(folder: Path) -> int:
    """Return the running number of the next file, whether it is written here or brought in."""
    imports = (f"{path.relative_to(folder).as_posix()}/" for path in import_folders(folder))
    return 1 + max(map(number_of, (*files(folder), *imports)), default=0)


def import_folders(folder: Path) -> list[Path]:
    """Return the folders of all imports, also of one that was interrupted, in order."""
    return sorted(path for path in folder.glob(f"{IMPORTS}/[0-9]*-*") if path.is_dir())


def is_import(file: str) -> bool:
    """Whether a file of the archive was brought in from elsewhere."""
    return file.startswith(f"{IMPORTS}/")


def sealed_name(folder: Path, path: Path) -> str:
    """Return the name that a file has or will have when it is sealed, relative to ``archive/``."""
    return path.relative_to(folder).as_posix().removesuffix(OPEN).removesuffix(elsewhere.REMOTE)


def existing(folder: Path, file: str) -> Path:
    """Return where a file is, sealed or open; where it would be, if it is only in the bucket: see ``elsewhere``.

    Raises:
        StoreError: It is nowhere.
    """
    for path in (folder / file, folder / (file + OPEN)):
        if path.exists():
            return path
    if elsewhere.note_path(folder / file).exists():
        return folder / file
    raise missing(folder / file)


def missing(path: Path) -> StoreError:
    """Return our error for a file that is not there."""
    return StoreError(
        path,
        "missing. What another machine wrote comes with the bucket, at the latest after its day; else restore it from "
        "a copy, or run `aggregator rebuild` without it.",
    )


def damaged(path: Path, error: ValueError) -> StoreError:
    """Return our error for a file that holds something else than it should."""
    what = " ".join(str(error).split())[:160]
    return StoreError(path, f"damaged ({what}). Nothing was changed. Restore it from a copy.")


def misplaced(folder: Path, capture: Capture) -> StoreError:
    """Return our error for a place that holds something else than the catalogue says."""
    return StoreError(folder / capture.file, f"no record {capture.record_id} at offset {capture.offset}")


def is_open(path: Path) -> bool:
    """Whether a writer has not sealed the file, or not yet."""
    return path.name.endswith(OPEN)


def size(folder: Path, file: str) -> int:
    """Return the length of one file in bytes."""
    return elsewhere.size(existing(folder, file))


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
    with elsewhere.opened(path) as stream:
        for offset, length, data in members(stream, start):
            try:
                yield Record(offset, length, *parse(data))
            except ValueError as error:
                raise ValueError(f"at {offset}: {error}") from None


def entries(folder: Path, file: str, start: int = 0) -> Iterator[Entry]:
    """Yield what one file says from the record that begins at ``start``, in order.

    What cannot be read in an imported file is passed over: the note beside it lists it.

    Raises:
        StoreError: The file is missing, or it is our own and damaged.
    """
    path = existing(folder, file)
    if is_import(file):
        yield from _imported(path, file, start)
        return
    try:
        for record in records(path, start):
            if entry := read_entry(record, file):
                yield entry
    except ValueError as error:
        raise damaged(path, error) from error


def stretches(folder: Path, file: str, start: int, *, most_bytes: int) -> Iterator[tuple[int, int]]:
    """Yield one file from ``start`` on as stretches of whole records, from offset to offset, in order.

    Args:
        folder: ``archive/``.
        file: Which.
        start: Where a record begins.
        most_bytes: How long one may be, unless a record is longer. What another's file holds as one piece stays one,
            and so does what is only in a bucket: to find its records is to fetch all of it.

    Raises:
        StoreError: The file is missing.
    """
    path = existing(folder, file)
    end = elsewhere.size(path)
    begin = last = start
    is_cut = end - start > most_bytes and path.exists()
    with suppress(ValueError):  # who reads the records will say so
        for offset in _offsets(path, file, start) if is_cut else ():
            if offset - begin > most_bytes and last > begin:
                yield begin, last
                begin = last
            last = max(last, offset)
    yield begin, end


def _offsets(path: Path, file: str, start: int) -> Iterator[int]:
    if is_import(file):
        yield from (one.offset for one in foreign.records(path, start) if isinstance(one, foreign.ForeignRecord))
        return
    with path.open("rb") as stream:
        yield from (offset for offset, _, _ in members(stream, start))


def _imported(path: Path, file: str, start: int) -> Iterator[Entry]:
    said = _note(path.parent)
    imported_at = from_warc_date(said["imported_at"])
    for record in foreign.records(path, start):
        if isinstance(record, foreign.ForeignRecord):
            entry = foreign.entry_of(record, file, source_id=said.get("source") or "", imported_at=imported_at)
            if entry:
                yield entry


def note(folder: Path, file: str) -> dict[str, Any]:
    """Return what was noted of an imported file.

    Raises:
        StoreError: The note is missing or damaged.
    """
    return _note((folder / file).parent)


def _note(folder: Path) -> dict[str, Any]:
    try:
        said = json.loads((folder / NOTE).read_text(encoding="utf-8"))
        from_warc_date(said["imported_at"])
        int(said["bytes"]), str(said["sha256"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError(folder / NOTE, f"missing or damaged ({error}). Restore it from a copy.") from error
    return dict(said)


def is_same(one: Capture, other: Capture) -> bool:
    """Whether two captures are one; the record ids of strangers may be given twice, or not be kept."""
    if not is_import(one.file):
        return one.record_id == other.record_id
    return (one.url, one.captured_at, one.payload_digest) == (other.url, other.captured_at, other.payload_digest)


def holds(folder: Path, capture: Capture) -> bool:
    """Whether the file of a capture is there, or in the bucket."""
    return any((folder / (capture.file + end)).exists() for end in ("", OPEN, elsewhere.REMOTE))


def at_hand(folder: Path, capture: Capture) -> bool:
    """Whether the file of a capture can be read now: it is here, or its bucket answered when it was asked last."""
    if any((folder / (capture.file + end)).exists() for end in ("", OPEN)):
        return True
    note = elsewhere.noted(folder / capture.file)
    return note is not None and not elsewhere.is_down(note.endpoint)


def body(folder: Path, capture: Capture) -> bytes:
    """Return the decoded body that a capture's own record holds; empty for a revisit.

    Raises:
        StoreError: The file is missing or damaged, or something else is at that place.
    """
    for entry in entries(folder, capture.file, capture.offset):
        if isinstance(entry.what, Capture) and is_same(entry.what, capture):
            return entry.body
        if not (is_import(capture.file) and entry.end == capture.offset):
            break  # only a foreign file may have several records at one offset: those of one compressed frame
    raise misplaced(folder, capture)
