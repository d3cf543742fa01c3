"""What an interrupted writer left open is mended and sealed; half an import is moved away."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from aggregator import disk
from aggregator.archive import elsewhere
from aggregator.archive.reader import OPEN, PART, import_folders, members, sealed_name

_MEMBER = b"\x1f\x8b\x08"


@dataclass(frozen=True, slots=True)
class Recovery:
    """What was mended in a file that its writer did not close."""

    file: Path
    kept_bytes: int
    cut_bytes: int
    quarantine: Path | None
    """Where the torn tail was moved; None: nothing was torn."""
    is_sealed_too: bool = False
    """Whether the file stood there sealed as well, and is left as it was: this one was a copy of its beginning."""


def recover(folder: Path, catalogued: Mapping[str, int] | None = None) -> list[Recovery]:
    """Mend and seal what an interrupted writer left open; to be called by the holder of the lock.

    Whole members stay. A torn tail is moved to ``quarantine/``, and the file is synced before it is sealed. So is what
    an interrupted import had copied.

    Args:
        folder: ``archive/``.
        catalogued: How far each file is known to be whole, in bytes; None: nothing is known.

    Raises:
        NoSpaceError: The disk is full or read-only.
        StoreError: The disk fails.
    """
    known = catalogued or {}
    _clear_half_written(folder)
    left = [_moved_away(folder, path) for path in import_folders(folder) if path.suffix == PART]
    return left + [
        _mend(folder, path, known.get(sealed_name(folder, path), 0))
        for path in sorted(folder.glob(f"*/*/*/captures-*{OPEN}"))
    ]


def _clear_half_written(folder: Path) -> None:
    """Remove what a kill left of a list or of articles that were being written: it may hold what is withdrawn later."""
    for path in (*folder.glob(f"[0-9]*/*/*/{disk.ASIDES}"), *folder.glob(f"imports/*/{disk.ASIDES}")):
        with disk.guarded(path):
            disk.scrub(path)


def _moved_away(folder: Path, part: Path) -> Recovery:
    """Move what an interrupted import had copied to ``quarantine/``; whoever gave it still has the whole."""
    size = sum(path.stat().st_size for path in part.iterdir() if path.is_file() and not path.is_symlink())
    quarantine = folder / "quarantine"
    kept, number = quarantine / part.name, 1
    while kept.exists():
        number += 1
        kept = quarantine / f"{part.name}-{number}"
    try:
        disk.make_folder(quarantine, folder)
        disk.rename(part, kept)
        disk.sync_folder(part.parent)
    except OSError as error:
        raise disk.trouble(part, error) from error
    return Recovery(part, 0, size, kept)


def _mend(folder: Path, path: Path, known: int) -> Recovery:
    with disk.guarded(path):
        size = path.stat().st_size
        if elsewhere.is_there(sealed := folder / sealed_name(folder, path)):
            return _left_by_a_copy(folder, path, sealed, size)
        end = _whole_members_end(path, known if known <= size else 0)
        kept = None
        if end < size and _member_follows(path, end):
            # not torn but damaged, in the middle: cut nothing, a rebuild will name the place
            end = size
        with path.open("r+b") as file:
            if end < size:
                file.seek(end)
                kept = _set_aside(folder, f"{path.name.removesuffix(OPEN)}-{end}", file.read())
                disk.truncate(file.fileno(), end)
            disk.sync(file.fileno())
        if end == 0:
            disk.remove(path)
        else:
            disk.rename(path, folder / sealed_name(folder, path))
    return Recovery(path, end, size - end, kept)


def _left_by_a_copy(folder: Path, path: Path, sealed: Path, size: int) -> Recovery:
    """Remove the beginning of a file that is there as a whole: it was copied while it was written, and then again."""
    with path.open("rb") as beginning, elsewhere.opened(sealed) as whole:
        same = all(piece == whole.read(len(piece)) for piece in iter(lambda: beginning.read(1 << 20), b""))
    kept = None if same else _set_aside(folder, path.name.removesuffix(OPEN), path.read_bytes())
    disk.remove(path)
    return Recovery(path, size if same else 0, 0 if same else size, kept, is_sealed_too=True)


def _set_aside(folder: Path, name: str, tail: bytes) -> Path:
    """Put a tail into ``quarantine/``; one of that name that is another tail stays."""
    for number in count(1):
        kept = folder / "quarantine" / (f"{name}.tail" if number == 1 else f"{name}-{number}.tail")
        if not kept.exists() or kept.read_bytes() == tail:
            break
    disk.make_folder(kept.parent, folder)
    disk.put(kept, tail)
    return kept


def _member_follows(path: Path, damage: int) -> bool:
    """Whether an intact WARC record stands somewhere behind a damage."""
    with path.open("rb") as file:
        file.seek(damage + 1)
        rest = file.read()
    at = rest.find(_MEMBER)
    while at >= 0:
        try:
            inflater = zlib.decompressobj(31)
            if inflater.decompress(rest[at:]).startswith(b"WARC/1.") and inflater.eof:
                return True
        except zlib.error:
            pass
        at = rest.find(_MEMBER, at + 1)
    return False


def _whole_members_end(path: Path, start: int) -> int:
    """Return the offset behind the last gzip member that is complete and intact, from the one at ``start``."""
    end = start
    with path.open("rb") as file:
        try:
            for offset, length, _ in members(file, start):
                end = offset + length
        except ValueError:
            pass
    return end
