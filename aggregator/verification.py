"""Whether anything was changed: files, records, digests, manifests, lists, the chain of events; of a home or of files.

No lock is taken: a writer may be at work. What was checked is noted in ``index/verify.jsonl``, so that a check that was
ended goes on where it was; a check that came to its end begins anew the next time, for that is what it is for.
"""

from __future__ import annotations

import json
from array import array
from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, date, datetime
from heapq import merge
from pathlib import Path
from typing import Any

from aggregator import __version__, archive
from aggregator.archive import fixity
from aggregator.archive.fixity import Checked, Finding
from aggregator.decisions import NAME as EVENTS
from aggregator.decisions import Decisions, Event
from aggregator.errors import AggregatorError, StoreError
from aggregator.home import Home
from aggregator.index import Reader
from aggregator.model import Progress, Report
from aggregator.wordings import SAVED, Wording, Wordings

STATE = "verify.jsonl"


@dataclass(slots=True, kw_only=True)
class Verification:
    """What was checked, and what was found."""

    what: str
    """The home, or the word ``files``."""
    since: date | None
    """Days from then on; None: all."""
    started_at: datetime
    ended_at: datetime | None = None
    """None: it still goes on."""
    program: str = __version__
    resumed: int = 0
    """How many of the files were checked by a run before this one."""
    checked: list[Checked] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)
    """File and words: worth knowing, and no damage."""

    @property
    def records(self) -> int:
        """How many records are whole and agree with their digests."""
        return sum(each.records for each in self.checked)

    @property
    def size_bytes(self) -> int:
        """How much was checked."""
        return sum(each.size_bytes for each in self.checked)

    def add(self, checked: Checked) -> None:
        """Take what was found in one file."""
        self.checked.append(checked)
        self.findings += checked.findings
        self.notes += [(checked.file, note) for note in checked.notes]


def verify_files(paths: Iterable[Path], *, report: Report) -> Verification:
    """Check WARC files, wherever they are; a file that cannot be read is a finding."""
    done = Verification(what="files", since=None, started_at=datetime.now(UTC))
    paths = list(paths)
    told = _Told(report, sum(path.stat().st_size for path in paths))
    for path in paths:
        try:
            done.add(fixity.check(path, str(path), told=told))
        except OSError as error:
            done.findings.append(_about(str(path), f"unreadable: {error.strerror or error}"))
    done.ended_at = datetime.now(UTC)
    return done


def verify_home(home: Home, *, since: date | None = None, fresh: bool = False, report: Report) -> Verification:
    """Check all that ``archive/`` holds.

    Args:
        home: The home.
        since: Only files of this day or later; None: all. The chain of events is always checked as a whole.
        fresh: Begin anew where a check before this was ended.
        report: Told how many bytes are done.
    """
    done = Verification(what=str(home.root), since=since, started_at=datetime.now(UTC))
    state = _State(home.index / STATE, since, fresh=fresh)
    wanted = _Wanted(since)
    _check_files(home.archive, [f for f in archive.files(home.archive) if wanted(f)], done, state, report)
    _check_bucket(home.archive, wanted, done)
    _check_duplicates(home.archive, done)
    events = _check_chain(home.archive, done)
    _check_closing(home.archive, _of_files(home.archive, events), wanted, done)
    _check_wordings(home.archive, events, done)
    _check_catalogue(home, wanted, done)
    _check_index(home, done)
    done.ended_at = datetime.now(UTC)
    state.end()
    if state.problem:
        done.notes.append((STATE, f"could not be written ({state.problem}): an ended check would begin anew"))
    return done


class _Told:
    """Adds up what was read."""

    def __init__(self, report: Report, total: int) -> None:
        self._report = report
        self._done, self._total = 0, total

    def __call__(self, read: int) -> None:
        self._done += read
        self._report(Progress(doing="verify", done=self._done, total=max(self._total, self._done), in_bytes=True))


class _Wanted:
    """Whether a file or folder of ``archive/`` is of the days that are checked; imports always are."""

    def __init__(self, since: date | None) -> None:
        self._first = f"{since:%Y/%m/%d}" if since else ""

    def __call__(self, name: str) -> bool:
        return not name[:1].isdigit() or name[: len(self._first)] >= self._first


# --- files and records ----------------------------------------------------------------------------------------------


def _check_files(folder: Path, files: list[str], done: Verification, state: _State, report: Report) -> None:
    sizes = {file: size for file in files if (size := _size(folder, file)) is not None}
    told = _Told(report, sum(sizes.values()))
    lists: dict[str, dict[str, list[fixity.Listed]]] = {}
    for file in sizes:
        day = archive.folder_of(file)
        if day not in lists:
            lists[day] = {}
            if fixity.has_list(folder, day):
                lists[day], faults = fixity.listed_captures(folder, day)
                names = {f.rpartition("/")[2] for f in sizes if archive.folder_of(f) == day}
                done.findings += [*faults, *fixity.strange_files(day, lists[day], names)]
        try:
            path = archive.existing(folder, file)
            stamp = archive.stamp(path)
            checked = state.kept(file, stamp)
            if checked:
                told(checked.size_bytes)
                done.resumed += 1
                done.add(checked)
                continue
            has_list = fixity.has_list(folder, day)
            checked = fixity.check(path, file, is_open=archive.is_open(path), with_captures=has_list, told=told)
        except (OSError, StoreError) as error:
            done.findings.append(_about(file, f"unreadable: {getattr(error, 'strerror', None) or error}"))
            continue
        if archive.is_import(file):
            checked = _as_it_came(checked)
        faults = list(fixity.list_faults(checked, lists[day].get(path.name, []))) if has_list else []
        state.keep(checked, faults, stamp)
        done.add(checked)
        done.findings += faults


def _as_it_came(checked: Checked) -> Checked:
    """Return what is to be said of a file of others: what is wrong in it was wrong before; only its digest counts."""
    kinds = Counter(finding.what.partition(":")[0] for finding in checked.findings)
    said = ", ".join(f"{kind} ({count:,})" for kind, count in sorted(kinds.items()))
    notes = (f"as it came: {said}",) if said else ()
    # its list goes as far as the file could be read
    captures = tuple(replace(capture, must=False) for capture in checked.captures)
    return replace(checked, findings=(), notes=(*checked.notes, *notes), ids=array("Q"), captures=captures)


def _check_bucket(folder: Path, wanted: Callable[[str], bool], done: Verification) -> None:
    """Read what is in a bucket as well as here; what is only there is read with the files."""
    both = there = 0
    for path in archive.uploaded(folder):
        name = path.relative_to(folder).as_posix()
        if not path.exists():
            there += 1
            continue
        both += 1
        fault = archive.remote_fault(path) if wanted(name) else None
        if fault:
            done.findings.append(_about(name, fault))
        if fault and fault.startswith("unreadable"):
            done.notes.append((name, "what else is in the bucket was not looked at"))
            break
    if both or there:
        done.notes.append((folder.name, f"{both:,} files are here and in the bucket, {there:,} only there"))
    if waits := archive.waiting(folder):
        done.notes.append((folder.name, waits.words))


def _check_duplicates(folder: Path, done: Verification) -> None:
    """Find record ids that several files have."""

    def keys(number: int, ids: array[int]) -> Iterator[tuple[int, int]]:
        return ((key, number) for key in ids)

    twice: dict[int, set[int]] = {}
    before = (-1, -1)
    for key, number in merge(*(keys(n, each.ids) for n, each in enumerate(done.checked))):
        if key == before[0]:
            twice.setdefault(number, set()).add(key)
        before = (key, number)
    for number, found in twice.items():
        file = done.checked[number].file
        places = list(fixity.places_of(archive.existing(folder, file), found))[: fixity.MAX_FINDINGS]
        for offset, record_id in places:
            what = "duplicate record id: an earlier file has a record of this id"
            done.findings.append(Finding(file=file, offset=offset, record=record_id, what=what))
        if not places:
            done.findings.append(_about(file, f"duplicate record id: {len(found):,} ids are in an earlier file too"))


# --- what was decided -----------------------------------------------------------------------------------------------


def _check_chain(folder: Path, done: Verification) -> list[Event]:
    """Check the chain; return its events, none where a line cannot be read."""
    decisions = Decisions(folder)
    for file, line, what in decisions.faults():
        done.findings.append(Finding(file=file, offset=None, record=f"line {line}", what=f"chain: {what}"))
    if torn := decisions.torn_bytes():
        done.notes.append(
            (EVENTS, f"the last {torn:,} bytes are an event that was not finished; nobody was told of it")
        )
    try:
        return decisions.events()
    except StoreError:
        done.notes.append((EVENTS, "cannot be read as a whole: seals and erases were not compared"))
        return []


def _of_files(folder: Path, events: list[Event]) -> list[Event]:
    """Return what all machines say of files; nothing where a chain cannot be read."""
    with suppress(StoreError):
        return Decisions(folder).events("seal", "day-closed", "erasing", "erased", everywhere=True) if events else []
    return []


def _check_closing(folder: Path, events: list[Event], wanted: Callable[[str], bool], done: Verification) -> None:
    """Compare the files with seals, erases and manifests."""
    said = _decided(events, done)
    found = {each.file: each.sha256 for each in done.checked}
    digests = said.sealed | said.erased
    for day in sorted({*fixity.closed_folders(folder), *map(archive.folder_of, said.closed)}):
        if wanted(day):
            accepted = said.erased | {file: found[file] for file in said.pending if file in found}
            done.findings += fixity.manifest_faults(folder, day, found, accepted, said.closed)
    named = {finding.file for finding in done.findings if finding.what.startswith(("changed", "missing", "unreadable"))}
    for file, digest in digests.items():
        if not wanted(file) or file in named:
            continue
        try:
            actual = found.get(file) or archive.seal_of(folder, file).sha256
            if file in said.pending:
                done.notes.append((file, "an erase in it was begun and not finished: `aggregator takedown finish`"))
                continue
            if actual != digest:
                says = "the event of its erase" if file in said.erased else "its seal"
                done.findings.append(_about(file, f"changed: its SHA-256 is {actual}, {says} says {digest}"))
            if file in said.erased and said.erased[file] != said.sealed.get(file) and file not in said.places:
                done.findings.append(_about(file, "changed: an event gives it another digest and names no place in it"))
            done.findings += fixity.erased_faults(folder, file, said.places.get(file, {}))
        except (StoreError, OSError):
            done.findings.append(_about(file, "missing: an event says that it was sealed"))
    for file in found:
        if file not in digests and not archive.is_open(archive.existing(folder, file)):
            done.notes.append((file, "no event says its digest yet; the next writer notes it"))


@dataclass(slots=True)
class _Decided:
    """What the events say of files, by their names relative to ``archive/``; the newest of each."""

    sealed: dict[str, str] = field(default_factory=dict)
    """Their SHA-256 as sealed."""
    erased: dict[str, str] = field(default_factory=dict)
    """As they were when something in them had been erased."""
    closed: dict[str, str] = field(default_factory=dict)
    """Of manifests."""
    places: dict[str, dict[tuple[int, int], str]] = field(default_factory=dict)
    """The SHA-256 of what stands where something was erased, by offset and length."""
    pending: set[str] = field(default_factory=set)
    """Those in which an erase was begun and not finished."""

    def take(self, event: Event) -> None:
        """Take in one event."""
        said = event.said
        if event.kind == "seal":
            self.sealed[_inside(said["file"])] = said["sha256"]
        elif event.kind == "day-closed":
            self.closed[f"{_inside(said['folder'])}/{archive.MANIFEST}"] = said["manifest_sha256"]
        elif event.kind == "erasing":
            for change in said["changes"]:
                file, at = _inside(change["file"]), (int(change["offset"]), int(change["length"]))
                self.places.setdefault(file, {})[at] = change["sha256_after"]
                self.pending.add(file)
            self.pending |= set(said.get("replaced", {}))
        elif event.kind == "erased":
            self.erased |= {_inside(file): digest for file, digest in said["files"].items()}
            self.pending -= said["files"].keys() | said.get("replaced", {}).keys()
            for file in said.get("replaced", {}):
                for known in (self.sealed, self.erased, self.places):
                    known.pop(file, None)
                self.closed.pop(f"{archive.folder_of(file)}/{archive.MANIFEST}", None)


def _decided(events: list[Event], done: Verification) -> _Decided:
    found = _Decided()
    for event in events:
        try:
            found.take(event)
        except (KeyError, TypeError, AttributeError, ValueError):
            what = f"chain: this {event.kind} does not say what such an event must, or of a place outside"
            done.findings.append(Finding(file=EVENTS, offset=None, record=f"line {event.number}", what=what))
    return found


def _check_wordings(folder: Path, events: list[Event], done: Verification) -> None:
    """Compare the words of saved searches with what their events say."""
    kept = Wordings(folder)
    gone = {file for event in events if event.kind == "erasing" for file in event.said.get("wordings", ())}
    for event in events:
        if event.kind != SAVED:
            continue
        try:
            wording = Wording(_inside(event.said["wording"]), event.said["sha256"])
        except (KeyError, TypeError, AttributeError, ValueError):
            what = f"chain: this {event.kind} does not say what such an event must, or of a place outside"
            done.findings.append(Finding(file=EVENTS, offset=None, record=f"line {event.number}", what=what))
            continue
        if wording.file not in gone and (fault := kept.fault(wording)):
            done.findings.append(_about(wording.file, fault))
    for file in sorted(gone.intersection(kept.files())):
        done.findings.append(_about(file, "changed: it was erased and is there again: `takedown finish --again`"))


def _inside(name: str) -> str:
    """Return a name if it stays inside ``archive/``.

    Raises:
        ValueError: It does not.
    """
    if name.startswith("/") or ".." in name.split("/") or "\0" in name:
        raise ValueError(name)
    return name


def _check_catalogue(home: Home, wanted: Callable[[str], bool], done: Verification) -> None:
    """Find files that the catalogue knows and that are not there, or not as long."""
    from aggregator.catalogue import Catalogue  # slow to import, and files alone need none

    try:
        with Catalogue(home.catalogue) as catalogue:
            known = catalogue.catalogued_bytes()
    except AggregatorError as error:
        done.notes.append((home.catalogue.name, f"was not asked which files there should be: {error}"))
        return
    named = {finding.file for finding in done.findings if finding.what.startswith("missing")}
    for file, end in known.items():
        if not wanted(file) or file in named:
            continue
        size = _size(home.archive, file)
        if size is None:
            if home.answers_for(file):
                done.findings.append(_about(file, "missing: the catalogue has captures that were read in it"))
        elif size < end:
            done.findings.append(_about(file, f"truncated: it has {size:,} bytes, the catalogue has read {end:,}"))


def _check_index(home: Home, done: Verification) -> None:
    """Note whether searches may be wrong: no damage to what is archived."""
    if home.fulltext.exists():
        try:
            with closing(Reader(home.fulltext)) as reader:
                reader.check()
        except StoreError as error:
            done.notes.append((home.fulltext.name, str(error)))


def _size(folder: Path, file: str) -> int | None:
    """Return the length of a file in bytes; None: it is not there."""
    for _ in range(2):  # it may be sealed, that is renamed, between two looks
        with suppress(StoreError, FileNotFoundError):
            return archive.size(folder, file)
    return None


def _about(file: str, what: str) -> Finding:
    return Finding(file=file, offset=None, record=None, what=what)


# --- to go on where it was ended ------------------------------------------------------------------------------------


class _State:
    """What is done of a check, a line a file, behind a line that says of which check."""

    def __init__(self, path: Path, since: date | None, *, fresh: bool) -> None:
        self._path = path
        self._first = json.dumps({"program": __version__, "since": since.isoformat() if since else None})
        self._kept: dict[str, dict[str, Any]] = {}
        self.problem: str | None = None
        """Why nothing can be noted; None: it can."""
        if not fresh:
            self._read()
        if not self._kept:
            self._write(self._first, "w")

    def _read(self) -> None:
        with suppress(OSError, ValueError, KeyError, TypeError), self._path.open(encoding="utf-8") as lines:
            if next(lines, "").rstrip("\n") != self._first:
                return
            for line in lines:  # a torn last line ends the reading: that file is checked again
                said = json.loads(line)
                self._kept[said["file"]] = said

    def kept(self, file: str, stamp: tuple[int, int]) -> Checked | None:
        """Return what was found in a file that has not changed since; None: it is still to be checked."""
        said = self._kept.get(file)
        if said is None or said["stamp"] != list(stamp):
            return None
        ids = array("Q")
        ids.frombytes(b64decode(said["ids"]))
        return Checked(
            file=file,
            size_bytes=stamp[0],
            sha256=said["sha256"],
            records=said["records"],
            findings=tuple(Finding(**finding) for finding in said["findings"]),
            notes=tuple(said["notes"]),
            ids=ids,
            captures=(),
        )

    def keep(self, checked: Checked, faults: list[Finding], stamp: tuple[int, int]) -> None:
        """Note that a file is done."""
        said = {
            "file": checked.file,
            "stamp": stamp,
            "sha256": checked.sha256,
            "records": checked.records,
            "findings": [asdict(finding) for finding in (*checked.findings, *faults)],
            "notes": checked.notes,
            "ids": b64encode(checked.ids.tobytes()).decode(),
        }
        self._write(json.dumps(said), "a")

    def end(self) -> None:
        """Forget all: the check came to its end."""
        with suppress(OSError):
            self._path.unlink(missing_ok=True)

    def _write(self, line: str, mode: str) -> None:
        try:
            if self._path.parent.is_dir():
                with self._path.open(mode, encoding="utf-8") as file:
                    file.write(line + "\n")
        except OSError as error:
            self.problem = error.strerror or str(error)
