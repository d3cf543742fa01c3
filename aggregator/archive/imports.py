"""Files from elsewhere: each is kept untouched in a folder of its own, with a note of where it came from.

    imports/0007-NAME/NAME          the file as it was, copied, or a link to where it is
    imports/0007-NAME/import.json   its first name, size, SHA-256, when it was brought in, what it holds

The file is untouched, unless it holds what was withdrawn: then what may stay of it is written as a file of its own. The
folder is called ``.part`` until it is whole. Its number is counted with those of our own files, so that a rebuild reads
all in the order of arrival.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from aggregator import __version__, disk
from aggregator.archive import elsewhere, foreign
from aggregator.archive.erasing import Held, held_of_import, member_of
from aggregator.archive.foreign import Problem
from aggregator.archive.reader import IMPORTS, NOTE, PART, import_folders, next_number, note, sealed_name
from aggregator.archive.records import warc_date
from aggregator.archive.sending import leave
from aggregator.model import Progress, Report

MAX_NOTED = 100
"""Problems of one file that its note lists; the others are counted."""
_PIECE = 1 << 20
_REPORT_EVERY = 500
_MAX_NAME = 100
ANEW = "-kept.warc.gz"
"""The end of the name of a file that was written anew, without what was withdrawn."""
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
    left_out: int = 0
    """How many records were left out because they hold something withdrawn; not 0: the others were written anew."""
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


Withheld = Callable[[Held], bool]


class _Unreadable(Exception):
    """The file that is to be brought in cannot be read."""


def bring_in(
    folder: Path,
    path: Path,
    *,
    in_place: bool,
    source_id: str | None,
    now: datetime,
    report: Report,
    withheld: Withheld | None = None,
) -> Import:
    """Bring in one file; it is safe when this returns.

    Args:
        folder: ``archive/``.
        path: The file.
        in_place: Leave it where it is and keep a link to it.
        source_id: Whose all its captures are; None: their addresses tell.
        now: When.
        report: Told how far the work is, in bytes.
        withheld: Whether a record holds something withdrawn, and is to be left out; None: nothing is.

    Raises:
        NoSpaceError: The disk is full or read-only; nothing of this file is kept.
        StoreError: The disk fails.
    """
    try:
        if not path.is_file():
            raise _Unreadable("there is no such file" if not path.exists() else "this is no file")
        size = path.stat().st_size
        if any(size in (said.get("bytes"), _original(said).get("bytes")) for said in _notes(folder)):  # perhaps known
            digest, _ = _copied(path, None, "comparing", report)
            if twin := _twin(folder, path, digest):
                return twin
        return _brought_in(folder, path, in_place, source_id, now, report, withheld)
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


def _twin(folder: Path, path: Path, digest: str, *, other_than: str = "") -> Import | None:
    """Return what is said of a file that is there already; None: it is not, or it is no longer where it was left."""
    for said in _notes(folder):
        if (
            said["file"] != other_than
            and digest in (said.get("sha256"), _original(said).get("sha256"))
            and elsewhere.is_there(folder / said["file"])
        ):
            return Import(original=path, size_bytes=said["bytes"], sha256=digest, file=said["file"], known=True)
    return None


def _original(said: dict[str, Any]) -> dict[str, Any]:
    """Return what is noted of the file that an import was written anew from; empty: it was not."""
    written_from = said.get("written_from")
    return written_from if isinstance(written_from, dict) else {}


def _brought_in(
    folder: Path,
    path: Path,
    in_place: bool,
    source_id: str | None,
    now: datetime,
    report: Report,
    withheld: Withheld | None,
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
    said = _said(found, source_id, in_place, now)
    if withheld and any(map(withheld, held_of_import(kept, "", said))):
        found, said = _written_anew(part, kept, found, said, withheld)
    return _finished(part, found, said)


def leave_out(folder: Path, file: str, withheld: Withheld) -> Import:
    """Write what may stay of an import as an import of its own; the old one is still there.

    Args:
        folder: ``archive/``.
        file: Relative to it.
        withheld: Whether a record is to be left out.

    Raises:
        NoSpaceError: The disk is full or read-only.
        StoreError: The disk fails, or the import is damaged.
    """
    old, said = folder / file, note(folder, file)
    if twin := _twin(folder, old, said["sha256"], other_than=file):
        return twin
    try:
        part = folder / IMPORTS / f"{next_number(folder):04d}-{old.name.removesuffix(ANEW)}{PART}"
        disk.make_folder(part, folder)
        found = Import(original=Path(str(said.get("original", ""))), size_bytes=said["bytes"], sha256=said["sha256"])
        found, said = _written_anew(part, old, found, said, withheld)
        return _finished(part, found, said)
    except OSError as error:
        raise disk.trouble(folder / IMPORTS, error) from error


def remove(folder: Path, file: str) -> None:
    """Remove an import, overwriting what was copied of it; a file that was only linked to stays where it is.

    What was uploaded of it is noted, to be removed from the bucket by the next that sends.

    Raises:
        NoSpaceError: The disk is read-only.
        StoreError: The disk fails.
    """
    gone = (folder / file).parent
    try:
        for path in sorted(gone.glob(f"*{elsewhere.REMOTE}")):
            leave(folder, sealed_name(folder, path))
        for path in sorted(gone.glob("*")):
            if path.is_symlink():
                disk.remove(path)
            else:
                disk.scrub(path)
        if gone.exists():
            disk.door(os.rmdir, gone)
            disk.sync_folder(gone.parent)
    except OSError as error:
        raise disk.trouble(gone, error) from error


def _written_anew(
    part: Path, old: Path, found: Import, said: dict[str, Any], withheld: Withheld
) -> tuple[Import, dict[str, Any]]:
    """Write the records that may stay, each as a gzip member, into a file of their own in the import's folder."""
    to = part / f"{_name_of(part).removesuffix('.warc.gz')}{ANEW}"
    kinds: Counter[str] = Counter()
    left_out = 0
    digest, size = hashlib.sha256(), 0
    fd = disk.create(to)
    try:
        for one in held_of_import(old, "", said):
            if withheld(one):
                left_out += 1
                continue
            data = member_of(one)
            digest.update(data)
            disk.write_all(fd, data)
            size += len(data)
            kinds[one.kind if one.kind in _KINDS else "unknown"] += 1
        disk.sync(fd)
    finally:
        os.close(fd)
    if old.parent == part:
        (disk.remove if old.is_symlink() else disk.scrub)(old)
    found = replace(
        found, left_out=left_out, size_bytes=size, sha256=digest.hexdigest(), records=dict(sorted(kinds.items()))
    )
    first = _original(said) or {"bytes": said["bytes"], "sha256": said["sha256"], "in_place": said.get("in_place")}
    anew = {"bytes": size, "sha256": found.sha256, "in_place": False, "records": found.records, "left_out": left_out}
    return found, said | anew | {"written_from": first}


def _finished(part: Path, found: Import, said: dict[str, Any]) -> Import:
    """Put the note beside the file, and give the folder its name: a number, and the name of the file."""
    disk.put(part / NOTE, json.dumps(said, ensure_ascii=False, indent=1).encode())
    [name] = [path.name for path in part.iterdir() if path.name != NOTE]
    whole = part.with_name(f"{part.name.partition('-')[0]}-{name}")
    disk.rename(part, whole)
    return replace(found, file=f"{IMPORTS}/{whole.name}/{name}")


def _name_of(part: Path) -> str:
    """Return the name that the file of an unfinished import was brought in under."""
    return part.name.removesuffix(PART).partition("-")[2]


def clean(name: str) -> str:
    """Return the name that a file from elsewhere gets here: letters, digits, dashes and dots, and no name of ours."""
    kept = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip(".-_")[-_MAX_NAME:].lstrip(".-_") or "file"
    kept = re.sub(r"\.(open|part|remote)$", r"-\1", kept, flags=re.IGNORECASE)
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
            report(Progress(doing=doing, done=done, total=max(total, done), in_bytes=True))
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
            report(Progress(doing="looking through", done=min(found.offset, size), total=size, in_bytes=True))
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
    name = _name_of(part)
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
