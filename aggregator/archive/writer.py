"""The writer: one file at a time, appended to, sealed when the UTC day ends.

Writing is: append the members, ``sync``, and only then may anybody be told that something is stored. A file is named
``.open`` and locked while it is written.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aggregator import disk, wire
from aggregator.archive import records
from aggregator.archive.reader import OPEN, next_number, sealed_name
from aggregator.archive.records import Entry, member
from aggregator.model import Capture, Failure, Requisites, Response, Run

MAX_FILE_BYTES = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """The closing of a file, after which it is only read."""

    file: str
    """Relative to ``archive/``."""
    size_bytes: int
    sha256: str
    """Of the whole file, hexadecimal."""


class Archive:
    """The writer.

    Args:
        folder: ``archive/``.
        operator: Who crawls, for the warcinfo record; None: not said.
        sources_yaml: What is followed, as a record of its own in every file; None: not said.
        node: What tells this home's files from another's, in their names; empty: eight characters of this machine's.
        sealed: Told of every file that is closed.
    """

    def __init__(
        self,
        folder: Path,
        *,
        operator: str | None = None,
        sources_yaml: bytes | None = None,
        node: str = "",
        sealed: Callable[[Seal], None] = lambda seal: None,
    ) -> None:
        self._folder = folder
        self._operator = operator
        self._sources_yaml = sources_yaml
        self._node = node or _machine()
        self._sealed = sealed
        self._fd: int | None = None
        self._path = folder
        self._day = ""
        self._end = 0
        self._synced = 0
        self._hash = self._synced_hash = hashlib.sha256()
        self._written: dict[str, int] = {}

    def written(self) -> dict[str, int]:
        """Return how far each file was written since this was asked last, by its sealed name, in bytes."""
        ends, self._written = self._written, {}
        return ends

    def add(self, response: Response, *, earlier: Capture | None) -> Entry:
        """Append a response, its request and the interim answers between the two; it is safe only after ``sync``.

        Args:
            response: As fetched.
            earlier: The last capture of this address that holds a body, to which a 304 or an identical payload refers;
                None: there is none.

        Returns:
            The entry, as ``entries`` would yield it.

        Raises:
            NoSpaceError: The disk is full or read-only; all that was synced is safe.
            ValueError: What was received is no HTTP response; nothing was written.
        """
        interim = response.received[: wire.interim_length(response.received)]
        response = replace(response, received=response.received[len(interim) :])
        answer = wire.read_answer(response.received)
        self._roll(response.started_at)
        fields, block = records.response_record(response, answer, earlier)
        answered = member(fields, block, compress=answer.header("Content-Encoding") is None)
        asked = member(*records.request_record(response, fields))
        if interim:
            asked += member(*records.interim_record(interim, fields))
        offset = self._append(answered + asked)
        file = sealed_name(self._folder, self._path)
        capture = records.capture_of(fields_said(fields), answer, file=file, offset=offset, length=len(answered))
        body, received = (b"", answer.body) if capture.refers_to else (answer.body, b"")
        return Entry(capture, body, file, offset + len(answered), received=received)

    def add_failure(self, failure: Failure) -> Entry:
        """Append a request that got no answer."""
        said = records.failure_said(failure)
        self._roll(failure.failed_at)
        self._append(
            member(*records.metadata_record("failure", failure.url, failure.source_id, failure.failed_at, said))
        )
        return Entry(failure, b"", sealed_name(self._folder, self._path), self._end)

    def add_requisites(self, what: Requisites, *, now: datetime) -> Entry:
        """Append what a capture needs to be seen."""
        self._roll(now)
        self._append(member(*records.requisites_record(what)))
        return Entry(what, b"", sealed_name(self._folder, self._path), self._end)

    def add_runs(self, runs: tuple[Run, ...], *, now: datetime) -> Entry:
        """Append the tallies of a pass over several sources."""
        self.add_runs_said(records.runs_said(runs), now=now)
        return Entry(runs, b"", sealed_name(self._folder, self._path), self._end)

    def add_runs_said(self, said: Any, *, now: datetime) -> None:
        """Append run tallies as their record says them."""
        self._roll(now)
        self._append(member(*records.metadata_record("runs", "", "", now, said)))

    def add_conversion(self, capture: Capture, body: bytes, *, now: datetime) -> Entry:
        """Append what is left of a response that held a withdrawn text.

        Args:
            capture: The response as it was.
            body: Its decoded body without that text.
            now: When it was converted.
        """
        self._roll(now)
        fields, block = records.conversion_record(capture, body, now=now)
        data = member(fields, block)
        offset = self._append(data)
        file = sealed_name(self._folder, self._path)
        record = records.Record(offset, len(data), fields_said(fields), block)
        entry = records.read_entry(record, file)
        assert entry is not None
        return entry

    def add_redacted(self, response: Response, body: bytes) -> Entry:
        """Append a response that came with a withdrawn text in it, as a conversion: the text is not kept even once.

        Args:
            response: As fetched.
            body: Its decoded body without that text.
        """
        answer = wire.read_answer(response.received)
        fields, _ = records.response_record(response, answer, None)
        capture = records.capture_of(fields_said(fields), answer, file="", offset=0, length=0)
        return self.add_conversion(replace(capture, record_id=""), body, now=response.started_at)

    def sync(self) -> None:
        """Make all that was appended safe against a power cut.

        Raises:
            NoSpaceError: The disk is full or read-only; the records since the last sync were taken back.
            StoreError: The disk fails; likewise.
        """
        if self._fd is None or self._synced == self._end:
            return
        try:
            disk.sync(self._fd)
        except OSError as error:
            self._take_back(error)
        self._synced, self._synced_hash = self._end, self._hash.copy()

    def close(self) -> None:
        """Seal the file: sync it, drop ``.open`` from its name, and say so."""
        if self._fd is None:
            return
        self.sync()
        fd, self._fd = self._fd, None
        os.close(fd)
        file = sealed_name(self._folder, self._path)
        try:
            disk.rename(self._path, self._folder / file)
        except OSError as error:
            raise disk.trouble(self._path, error) from error
        self._sealed(Seal(file=file, size_bytes=self._end, sha256=self._hash.hexdigest()))

    def begin_day(self, now: datetime) -> None:
        """Seal what was written before the UTC day of ``now``: nothing is added to a day that is over."""
        day = f"{now.astimezone(UTC):%Y/%m/%d}"
        if day > self._day:
            self.close()
            self._day = day

    def _roll(self, now: datetime) -> None:
        """See that a file is open for the UTC day of ``now``, or for today: an answer may come after midnight."""
        day = max(f"{now.astimezone(UTC):%Y/%m/%d}", self._day)
        if self._fd is not None and (day > self._day or self._end > MAX_FILE_BYTES):
            self.close()
        if self._fd is not None:
            return
        folder = self._folder / day
        try:
            disk.make_folder(folder, self._folder)
            name = f"captures-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{next_number(self._folder):04d}-{self._node}.warc.gz"
            self._path = folder / (name + OPEN)
            self._fd = disk.create(self._path)
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise disk.trouble(self._folder, error) from error
        self._day, self._end, self._synced = day, 0, 0
        self._hash = self._synced_hash = hashlib.sha256()
        first = member(*records.warcinfo_record(name, self._operator, now))
        if self._sources_yaml is not None:
            first += member(*records.sources_record(self._sources_yaml, now))
        self._append(first)

    def _append(self, members: bytes) -> int:
        """Write in one piece at the end of the file; return the offset at which it begins."""
        assert self._fd is not None
        offset, view = self._end, memoryview(members)
        try:
            while view:  # a nearly full disk takes less than it is given, without an error
                written = disk.write(self._fd, view)
                self._end += written
                view = view[written:]
        except OSError as error:
            self._take_back(error)
        if self._hash is self._synced_hash:
            self._hash = self._hash.copy()
        self._hash.update(members)
        self._written[sealed_name(self._folder, self._path)] = self._end
        return offset

    def _take_back(self, error: OSError) -> None:
        """Forget what was not synced, and raise; where even that fails, the next writer mends the file."""
        assert self._fd is not None
        fd = self._fd
        try:
            disk.truncate(fd, self._synced)
            self._end, self._hash = self._synced, self._synced_hash.copy()
            if not self._synced:  # leave no file that has not even its warcinfo
                self._fd = None
                disk.remove(self._path)
        except OSError:
            self._fd = None
        if self._fd is None:
            os.close(fd)
        self._written.pop(sealed_name(self._folder, self._path), None)
        raise disk.trouble(self._path, error) from error


def fields_said(fields: dict[str, str]) -> dict[str, str]:
    """Return the fields that a record carries: those with a value."""
    return {k: v for k, v in fields.items() if v}


def _machine() -> str:
    """Return eight characters that tell this machine's files from another's, without its name."""
    return hashlib.sha256(platform.node().encode()).hexdigest()[:8]


__all__ = ["MAX_FILE_BYTES", "Archive", "Seal"]
