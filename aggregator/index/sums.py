"""The files of an index to the byte, as they were committed, so that damage is told instead of a wrong answer.

Neither engine looks: Whoosh takes a column that is missing or cut off for zeros; tantivy counts with numbers that were
changed, and takes missing places for none. Both write a segment once and never change it, under a name that no other
has had: what is noted of it holds as long as it is there. Lengths are compared whenever an index is opened; when it is
opened for writing also the bytes of files that were touched since; all bytes by ``aggregator verify``.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Container, Iterator, Mapping
from enum import Enum
from pathlib import Path

from aggregator import disk

_NOTED = "sums.json"
_PIECE = 1 << 20

Sums = Mapping[str, tuple[int, int, int]]
"""Of each file its length in bytes, the CRC-32 of them, and when it was last touched, in ns since 1970."""


class Read(Enum):
    """Which files are read to compare them."""

    NONE = "none"
    TOUCHED = "touched"
    """Since they were noted."""
    ALL = "all"


class DamagedError(Exception):
    """A file of the index is not as it was committed."""


def note(folder: Path, segment: re.Pattern[str]) -> None:
    """Note the files of all segments that are there now; those that were noted before are not read again.

    Args:
        folder: Of the index.
        segment: What the names of such files are; its first group is the segment's own, of those that it always needs.
    """
    try:
        known = _noted(folder)
    except DamagedError:
        known = {}
    names = [path.name for path in folder.iterdir() if segment.fullmatch(path.name)]
    sums = {name: _again(folder / name, known.get(name)) for name in sorted(names)}
    if sums != known or not (folder / _NOTED).exists():
        disk.put(folder / _NOTED, json.dumps(sums).encode())


def _again(path: Path, noted: tuple[int, int, int] | None) -> tuple[int, int, int]:
    """Return the sum of a file; of one that was noted only when it was touched is new, as after a restore."""
    return (*noted[:2], path.stat().st_mtime_ns) if noted else _sum(path)


def check(
    folder: Path, segment: re.Pattern[str], living: Container[str], read: Read, of: Container[str] | None = None
) -> None:
    """Compare the files of an index with what was noted of them.

    A kill between a commit and the note leaves files that nothing is noted of: those pass.

    Args:
        folder: Of the index.
        segment: As for ``note``.
        living: The segments whose files must be there.
        read: Of which files all bytes are compared, and not only how many there are.
        of: Only of these segments; None: of all.

    Raises:
        DamagedError: A file is another one, or missing.
    """
    for name, (length, crc, touched_ns) in _noted(folder).items():
        path, found = folder / name, segment.fullmatch(name)
        try:
            about = path.stat()
            is_touched = about.st_mtime_ns != touched_ns
            is_wanted = of is None or (found is not None and found[1] in of)
            is_read = is_wanted and (read is Read.ALL or (read is Read.TOUCHED and is_touched))
            is_same = about.st_size == length and (not is_read or _sum(path)[:2] == (length, crc))
        except FileNotFoundError:
            is_same = not (found and found[1] in living)
        if not is_same:
            raise DamagedError(f"{name} is not as it was written")


def _noted(folder: Path) -> Sums:
    try:
        said = json.loads((folder / _NOTED).read_bytes())
        return {str(name): (int(length), int(crc), int(at)) for name, (length, crc, at) in said.items()}
    except FileNotFoundError as error:
        raise DamagedError(f"{_NOTED} is missing") from error
    except (ValueError, TypeError, AttributeError, RecursionError, OverflowError) as error:
        raise DamagedError(f"{_NOTED} is nonsense") from error


def _sum(path: Path) -> tuple[int, int, int]:
    touched_ns = path.stat().st_mtime_ns
    length = crc = 0
    for piece in _pieces(path):
        length, crc = length + len(piece), zlib.crc32(piece, crc)
    return length, crc, touched_ns


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            yield piece
