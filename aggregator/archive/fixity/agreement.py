"""Whether a closed folder agrees with itself: manifests with files, the list of captures with the records."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from aggregator.archive import elsewhere
from aggregator.archive.days import LIST, MANIFEST, TAG_MANIFEST, listed, sha256_of
from aggregator.archive.fixity.checking import Checked, Finding, Listed, record_key
from aggregator.archive.reader import records
from aggregator.errors import StoreError

_LINE = re.compile(r"([0-9a-fA-F]{64}) [ *](?!\.\.?$)([^/\\\0]+)")
_Lines = Mapping[str, list[Listed]]


def closed_folders(folder: Path) -> list[str]:
    """Return the folders that have a manifest or a list, relative to ``archive/``, in order."""
    marks = [
        path
        for name in (MANIFEST, TAG_MANIFEST, LIST)
        for pattern in ("[0-9]*/*/*", "imports/*")
        for path in folder.glob(f"{pattern}/{name}")
    ]
    return sorted({path.parent.relative_to(folder).as_posix() for path in marks})


def manifest_faults(
    folder: Path, day: str, found: Mapping[str, str], erased: Mapping[str, str], closed: Mapping[str, str]
) -> list[Finding]:
    """Compare a folder with its manifests.

    Args:
        folder: ``archive/``.
        day: The folder, relative to it.
        found: The SHA-256 that files were just found to have, by their names relative to ``archive/``; others are read.
        erased: Those that files have since something in them was erased, as the events say.
        closed: Those of manifests, as the events say.
    """
    faults: list[Finding] = []
    for manifest in (MANIFEST, TAG_MANIFEST):
        named = {fault.file for fault in faults}
        own = f"{day}/{manifest}"
        path = folder / own
        if not path.exists():
            if own in closed or MANIFEST in listed(folder / day / TAG_MANIFEST):  # else its closing was cut short
                faults.append(_about(own, "missing: the folder was closed, and its manifest is not there"))
            continue
        if own in closed and closed[own] != (digest := sha256_of(folder / own)):
            faults.append(_about(own, f"changed: its SHA-256 is {digest}, the newest event of it says {closed[own]}"))
        lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
        for number, line in enumerate(lines, start=1):
            if not line:
                continue
            said = _LINE.fullmatch(line)
            if not said:
                faults.append(_about(own, f"manifest: line {number} is no digest and name of a file beside it"))
                continue
            file = f"{day}/{said[2]}"
            if file in named:
                continue
            try:
                actual = found.get(file) or sha256_of(folder / file)
            except FileNotFoundError:
                faults.append(_about(file, f"missing: {manifest} lists it"))
                continue
            except (StoreError, OSError) as error:
                faults.append(_about(file, f"unreadable: {getattr(error, 'strerror', None) or error}"))
                continue
            if actual not in (said[1].lower(), erased.get(file), closed.get(file)):
                faults.append(_about(file, f"changed: its SHA-256 is {actual}, {manifest} says {said[1]}"))
    return faults


def erased_faults(folder: Path, file: str, places: Mapping[tuple[int, int], str]) -> list[Finding]:
    """Compare the places of a file at which something was erased with what the events say of them.

    Args:
        folder: ``archive/``.
        file: Relative to it.
        places: The SHA-256 of the bytes there, by offset and length.
    """
    faults = []
    with elsewhere.opened(folder / file) as stream:
        for (offset, length), expected in sorted(places.items()):
            stream.seek(offset)
            digest = hashlib.sha256()
            while length and (piece := stream.read(min(length, 1 << 20))):
                digest.update(piece)
                length -= len(piece)
            if digest.hexdigest() != expected:
                what = "changed: the bytes here are not those that the event of the erase names"
                faults.append(Finding(file=file, offset=offset, record=None, what=what))
    return faults


def has_list(folder: Path, day: str) -> bool:
    """Whether a folder has a list of captures."""
    return (folder / day / LIST).exists()


def listed_captures(folder: Path, day: str) -> tuple[dict[str, list[Listed]], list[Finding]]:
    """Return what the list of a folder says, by the names of its files, and what cannot be read in it."""
    said: dict[str, list[Listed]] = {}
    faults = []
    with (folder / day / LIST).open(encoding="utf-8", errors="replace", newline="\n") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                _, timestamp, rest = line.split(" ", 2)
                of = json.loads(rest)
                one = Listed(
                    url=str(of["url"]),
                    timestamp=timestamp,
                    offset=int(of["offset"]),
                    length=int(of["length"]),
                    must=True,
                )
                said.setdefault(str(of["filename"]).rpartition("/")[2], []).append(one)
            except (ValueError, KeyError, TypeError, RecursionError):
                faults.append(_about(f"{day}/{LIST}", f"list: line {number} cannot be read"))
    return said, faults


def list_faults(checked: Checked, lines: list[Listed]) -> Iterator[Finding]:
    """Compare the records of a file with what the list of its folder says of them."""
    there = {each.offset: each for each in checked.captures}
    named: set[int] = set()
    for line in lines:
        capture = there.get(line.offset)
        if capture is None:
            what = f"list: {LIST} has a capture of {line.url[:200]} here, and none is"
        elif line.offset in named:
            what = f"list: {LIST} has this capture more than once"
        elif differing := _differing(capture, line):
            what = f"list: {LIST} gives another {' and '.join(differing)} for this capture"
        else:
            what = ""
        named.add(line.offset)
        if what:
            yield Finding(file=checked.file, offset=line.offset, record=None, what=what)
    for offset, capture in there.items():
        if capture.must and offset not in named:
            what = f"list: {LIST} lacks this capture"
            yield Finding(file=checked.file, offset=offset, record=None, what=what)


def strange_files(day: str, lines: _Lines, names: Collection[str]) -> list[Finding]:
    """Return the files that a list names and the folder has not."""
    return [
        _about(f"{day}/{LIST}", f"list: it names {name[:200]}, which is not there")
        for name in lines
        if name not in names
    ]


def places_of(path: Path, keys: Collection[int]) -> Iterator[tuple[int, str]]:
    """Yield offset and id of the records with these keys, as far as the file can be read."""
    try:
        for record in records(path):
            record_id = record.fields.get("WARC-Record-ID", "")
            if record_key(record_id) in keys:
                yield record.offset, record_id
    except ValueError:
        return


def _differing(capture: Listed, line: Listed) -> list[str]:
    pairs = {
        "address": (capture.url.replace(" ", "%20"), line.url),
        "time": (capture.timestamp, line.timestamp),
        "length": (capture.length, line.length),
    }
    return [name for name, (there, said) in pairs.items() if there != said]


def _about(file: str, what: str) -> Finding:
    return Finding(file=file, offset=None, record=None, what=what)
