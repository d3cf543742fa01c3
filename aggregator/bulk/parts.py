"""What came of a segment: a part file, and beside it a manifest that proves it whole.

    order.json          what the job is: all that a task needs to know besides its segment
    NAME.jsonl.gz       a part: JSON lines
    NAME.json           its manifest

NAME is made of the segment alone. A part is written aside under a name of its own, synced, and then linked to its name,
which fails where there is one already: of a task that ran twice the first counts, and what was told of it stays true.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import uuid
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from aggregator import disk

ORDER = "order.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A stretch of one file of the archive, from one record to before another."""

    file: str
    """Relative to ``archive/``."""
    start: int
    stop: int
    """Offsets in bytes."""

    @property
    def name(self) -> str:
        """What its part is called; no other segment's is called so."""
        folder, _, file = self.file.rpartition("/")
        digest = hashlib.sha256(folder.encode()).hexdigest()[:8]
        return f"{file[:80]}-{digest}-{self.start}-{self.stop}"

    @property
    def size(self) -> int:
        """Its length in bytes."""
        return self.stop - self.start


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A manifest: what is small about a part, and all that a task gives back."""

    segment: str
    """The name of the segment that it was made of."""
    rows: int
    """How many lines it has."""
    sha256: str
    """Of the file, hexadecimal."""


def put_order(folder: Path, said: dict[str, Any]) -> None:
    """Write what the job is."""
    disk.put(folder / ORDER, json.dumps(said, ensure_ascii=False).encode())


def order(folder: Path) -> dict[str, Any]:
    """Return what the job is."""
    said = json.loads((folder / ORDER).read_text(encoding="utf-8"))
    return dict(said)


def put(folder: Path, segment: Segment, said: Iterable[dict[str, Any]]) -> Part:
    """Write a part, if it is not there yet, and its manifest.

    Args:
        folder: Of the job.
        segment: What it was made of.
        said: Its lines.

    Returns:
        The manifest of the part that stands there then.

    Raises:
        OSError: The disk is full, read-only or failing.
    """
    written, rows = io.BytesIO(), 0
    with gzip.GzipFile(fileobj=written, mode="wb", filename="", mtime=0) as file:
        for line in said:
            file.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
            rows += 1
    path, data = _path(folder, segment), written.getvalue()
    part = Part(segment=segment.name, rows=rows, sha256=hashlib.sha256(data).hexdigest())
    if not _published(path, data):  # another run of this task was faster
        there = path.read_bytes()
        part = Part(segment=segment.name, rows=_rows(there), sha256=hashlib.sha256(there).hexdigest())
    disk.put(_manifest(folder, segment), json.dumps(asdict(part)).encode(), aside_as=uuid.uuid4().hex)
    return part


def kept(folder: Path, segment: Segment) -> Part | None:
    """Return the manifest of a part that is there and whole; None: it must be made."""
    try:
        part = Part(**json.loads(_manifest(folder, segment).read_bytes()))
        there = _path(folder, segment).read_bytes()
    except (OSError, ValueError, TypeError):
        return None
    is_whole = part.segment == segment.name and part.sha256 == hashlib.sha256(there).hexdigest()
    return part if is_whole else None


def damaged(folder: Path, segment: Segment) -> None:
    """Take away what is there of a part, so that it is made again."""
    for path in (_manifest(folder, segment), _path(folder, segment)):
        path.unlink(missing_ok=True)


def lines(folder: Path, segment: Segment, part: Part) -> list[dict[str, Any]] | None:
    """Return the lines of a part; None: it is missing, or not what its manifest says."""
    with suppress(OSError, EOFError, ValueError):
        there = _path(folder, segment).read_bytes()
        if hashlib.sha256(there).hexdigest() == part.sha256:
            return list(_lines(there))
    return None


def _published(path: Path, data: bytes) -> bool:
    """Whether a whole file could be given a name that none had."""
    aside = path.with_name(f".{path.name}.{uuid.uuid4().hex}.aside")
    fd = disk.create(aside)
    try:
        disk.write_all(fd, data)
        disk.sync(fd)
    finally:
        os.close(fd)
    try:
        disk.door(os.link, aside, path)
    except FileExistsError:
        return False
    finally:
        disk.remove(aside)
    return True


def _rows(data: bytes) -> int:
    return sum(1 for _ in _lines(data))


def _lines(data: bytes) -> Iterator[dict[str, Any]]:
    return map(json.loads, gzip.decompress(data).splitlines())


def _path(folder: Path, segment: Segment) -> Path:
    return folder / f"{segment.name}.jsonl.gz"


def _manifest(folder: Path, segment: Segment) -> Path:
    return folder / f"{segment.name}.json"
