"""Files from elsewhere: each is kept untouched in a folder of its own, with a note of where it came from.

    imports/0007-NAME/NAME          the file as it was, copied, or a link to where it is
    imports/0007-NAME/import.json   its first name, size, SHA-256, when it was brought in, what it holds

The folder is called ``.part`` until it is whole. Its number is counted with those of our own files, so that a rebuild
reads all in the order of arrival.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from aggregator import __version__, disk
from aggregator.archive import foreign
from aggregator.archive.foreign import Problem
from aggregator.archive.reader import IMPORTS, NOTE, PART, import_folders, next_number, note
from aggregator.archive.records import warc_date
from aggregator.model import Progress, Report

MAX_NOTED = 100
"""Problems of one file that its note lists; the others are counted."""
_PIECE = 1 << 20
_REPORT_EVERY = 500
_MAX_NAME = 100
_KINDS = ("warcinfo", "response", "request", "revisit", "resource", "metadata", "conversion", "continuation")
_OURS = re.compile(r"import\.json|(?:tag)?manifest-.*|captures\.cdxj|articles-.*", re.IGNORECASE)
"""Names that stand for something in a folder of the archive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """What became of one file that was brought in."""

    original: Path
    """Where it was."""
    size_bytes: int = 0
    sha256: str = ""
    """Of the whole file, hexadecimal; empty: it could not be read."""
    file: str | None = None
    """Where it is, relative to ``archive/``; None: it holds nothing that can be read, or could not be read."""
    known: bool = False
    """Whether the same file was there already; then nothing was done."""
    records: dict[str, int] = field(default_factory=dict)
    """How many there are of each WARC-Type."""
    captures: int = 0
    """How many of them are answers of web servers."""
    damaged: int = 0
    """How many records are incomplete or damaged; they are counted with the others."""
    problems: tuple[Problem, ...] = ()
    """The first ``MAX_NOTED``."""
    problem_count: int = 0
    quarantine: Path | None = None
    """Where a file was put that holds nothing readable; None: it holds something."""
    trouble: str | None = None
    """Why the file could not be brought in, in words; None: it was."""


class _Unreadable(Exception):
    """The file that is to be brought in cannot be read."""


def bring_in(
    folder: Path, path: Path, *, in_place: bool, source_id: str | None, now: datetime, report: Report
) -> Import:
    """Bring in one file; it is safe when this returns.

    Args:
        folder: ``archive/``.
        path: The file.
        in_place: Leave it where it is and keep a link to it.
        source_id: Whose all its captures are; None: their addresses tell.
        now: When.
        report: Told how far the work is, in bytes.

    Raises:
        NoSpaceError: The disk is full or read-only; nothing of this file is kept.
        StoreError: The disk fails.
    """
    try:
        if not path.is_file():
            raise _Unreadable("there is no such file" if not path.exists() else "this is no file")
        size = path.stat().st_size
        if any(said.get("bytes") == size for said in _notes(folder)):  # only then it may be there already
            digest, _ = _copied(path, None, "comparing", report)
            if twin := _twin(folder, path, digest):
                return twin
        return _brought_in(folder, path, in_place=in_place, source_id=source_id, now=now, report=report)
    except _Unreadable as error:
        return Import(original=path, trouble=str(error))
    except OSError as error:
        raise disk.trouble(folder / IMPORTS, error) from error


def _notes(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield what was noted of the files that are there already, each with its name."""
    for path in import_folders(folder):
        if path.suffix != PART:
            file = f"{path.relative_to(folder).as_posix()}/{path.name.partition('-')[2]}"
            yield {**note(folder, file), "file": file}


def _twin(folder: Path, path: Path, digest: str) -> Import | None:
    """Return what is said of a file that is there already; None: it is not, or it is no longer where it was left."""
    for said in _notes(folder):
        if said.get("sha256") == digest and (folder / said["file"]).is_file():
            return Import(original=path, size_bytes=said["bytes"], sha256=digest, file=said["file"], known=True)
    return None


def _brought_in(
    folder: Path, path: Path, *, in_place: bool, source_id: str | None, now: datetime, report: Report
) -> Import:
    name = clean(path.name)
    part = folder / IMPORTS / f"{next_number(folder):04d}-{name}{PART}"
    disk.make_folder(part, folder)
    kept = part / name
    if in_place:
        disk.door(os.symlink, path.resolve(), kept)
        disk.sync_folder(part)
        digest, size = _copied(path, None, "reading", report)
    else:
        digest, size = _copied(path, kept, "copying", report)
    found = _looked_through(kept, size, source_id=source_id, now=now, report=report)
    found = replace(found, original=path, size_bytes=size, sha256=digest)
    if not found.records:
        return _set_aside(folder, part, found)
    disk.put(part / NOTE, json.dumps(_said(found, source_id, in_place, now), ensure_ascii=False, indent=1).encode())
    whole = part.with_name(part.name.removesuffix(PART))
    disk.rename(part, whole)
    return replace(found, file=f"{IMPORTS}/{whole.name}/{name}")


def clean(name: str) -> str:
    """Return the name that a file from elsewhere gets here: letters, digits, dashes and dots, and no name of ours."""
    kept = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip(".-_")[-_MAX_NAME:].lstrip(".-_") or "file"
    kept = re.sub(r"\.(open|part)$", r"-\1", kept, flags=re.IGNORECASE)
    return f"file-{kept}" if _OURS.fullmatch(kept) else kept


def _copied(path: Path, to: Path | None, doing: str, report: Report) -> tuple[str, int]:
    """Read a file to its end, and copy it where ``to`` says so; return its SHA-256 and its length."""
    digest, done = hashlib.sha256(), 0
    fd = None if to is None else disk.create(to)
    try:
        total = path.stat().st_size
        for piece in _pieces(path):
            digest.update(piece)
            if fd is not None:
                disk.write_all(fd, piece)
            done += len(piece)
            report(Progress(doing=doing, done=done, total=max(total, done)))
        if fd is not None:
            disk.sync(fd)
    finally:
        if fd is not None:
            os.close(fd)
    return digest.hexdigest(), done


def _pieces(path: Path) -> Iterator[bytes]:
    """Yield the bytes of a file from elsewhere."""
    try:
        with path.open("rb") as source:
            while piece := source.read(_PIECE):
                yield piece
    except OSError as error:
        raise _Unreadable(os.strerror(error.errno or 0)) from error


def _looked_through(path: Path, size: int, *, source_id: str | None, now: datetime, report: Report) -> Import:
    """Count what a file holds, and list what cannot be read in it."""
    kinds: Counter[str] = Counter()
    problems: list[Problem] = []
    captures = damaged = problem_count = 0
    for number, found in enumerate(foreign.records(path)):
        if isinstance(found, Problem):
            problem_count += 1
            problems += [found] if len(problems) < MAX_NOTED else []
        else:
            kinds[found.kind if found.kind in _KINDS else "unknown"] += 1
            damaged += not found.whole
            entry = foreign.entry_of(found, "", source_id=source_id or "", imported_at=now)
            captures += entry is not None
        if number % _REPORT_EVERY == 0:
            report(Progress(doing="looking through", done=min(found.offset, size), total=size))
    return Import(
        original=path,
        records=dict(sorted(kinds.items())),
        captures=captures,
        damaged=damaged,
        problems=tuple(problems),
        problem_count=problem_count,
    )


def _said(found: Import, source_id: str | None, in_place: bool, now: datetime) -> dict[str, Any]:
    return {
        "original": str(found.original.absolute()),
        "in_place": in_place,
        "bytes": found.size_bytes,
        "sha256": found.sha256,
        "imported_at": warc_date(now),
        "software": f"aggregator/{__version__}",
        "source": source_id,
        "records": found.records,
        "captures": found.captures,
        "damaged": found.damaged,
        "problem_count": found.problem_count,
        "problems": [{"offset": each.offset, "what": each.what} for each in found.problems],
    }


def _set_aside(folder: Path, part: Path, found: Import) -> Import:
    """Put a file without a readable record into quarantine, with the reason beside it; once, however often it comes."""
    name = part.name.removesuffix(PART).partition("-")[2]
    aside = folder / "quarantine" / f"{found.sha256[:12]}-{name}"
    why = "; ".join(each.what for each in found.problems[:3]) or "it holds no record of WARC or ARC"
    if not found.size_bytes:
        why = "it is empty"
    disk.make_folder(aside.parent, folder)
    said = {"original": str(found.original.absolute()), "sha256": found.sha256, "reason": why}
    disk.put(aside.with_name(aside.name + ".reason.json"), json.dumps(said, ensure_ascii=False).encode())
    disk.rename(part / name, aside)
    disk.sync_folder(part)
    disk.door(os.rmdir, part)
    disk.sync_folder(part.parent)
    return replace(found, quarantine=aside, trouble=why)
