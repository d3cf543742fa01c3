"""What people decided and what was closed: ``archive/events.jsonl``. The only room that touches it.

Of an archive that several machines write, each has a chain of its own; copies of the others' are in ``archive/nodes/``.
Of these is read what they say of files, of what was learned, and of what was withdrawn. What else people decided holds
where they decided it.

One event a line, only ever appended to. Each line carries the SHA-256 of the line before, so that none can be changed,
taken out or put in without being seen; it is on the disk before anybody is told. Anyone may append at any time: a short
lock of the file's own keeps two from writing at once, and readers need none.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

from aggregator import disk
from aggregator.errors import StoreError

NAME = "events.jsonl"
NODES = "nodes"
"""The folder with the chains of other machines."""
KEY = "takedown.key"
KEY_BYTES = 32
FIRST = "0" * 64
"""What the first line gives for the line before it."""

Stand: TypeAlias = tuple[int, int, int]
"""Of the file: its inode, when it was changed last, in nanoseconds, and its size in bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One line of the chain."""

    number: int
    """1 for the first."""
    at: datetime
    kind: str
    """seal, day-closed, learned, import, export, takedown, lift, erasing, erased, carried-out, backfill,
    backfill-done, feed-moved, alarms, match-confirmed, match-refused, family-joined, family-split, watched, unwatched,
    reposts-told, search-saved, search-dropped, searches-told, access, surrounded."""
    said: dict[str, Any]
    """All that is particular to the kind."""


class Decisions:
    """The events of one archive.

    Args:
        folder: ``archive/``.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / NAME

    def append(self, kind: str, said: dict[str, Any], *, now: datetime) -> Event:
        """Add an event; it is safe against a power cut when this returns.

        Args:
            kind: What happened.
            said: All else, as JSON knows it; not ``number``, ``at``, ``kind`` and ``previous``.
            now: When.

        Raises:
            NoSpaceError: The disk is full or read-only; nothing was added.
            StoreError: The disk fails, or the chain is broken where this would be added.
        """
        try:
            with self._locked() as fd:
                last = self._mended_end(fd)
                number = int(json.loads(last)["number"]) + 1 if last else 1
                event = {
                    "number": number,
                    "at": f"{now.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}",
                    "kind": kind,
                    "previous": hashlib.sha256(last).hexdigest() if last else FIRST,
                    **said,
                }
                self._write(fd, json.dumps(event, ensure_ascii=False).encode() + b"\n")
        except OSError as error:
            raise disk.trouble(self._path, error) from error
        except (ValueError, KeyError, TypeError) as error:
            raise StoreError(self._path, f"its last line cannot be read ({error}). Nothing was added.") from error
        return _event(event)

    def stand(self) -> Stand | None:
        """Return what differs after anything was added; None: no event was written yet.

        Raises:
            StoreError: It cannot be read.
        """
        return _stand(self._path)

    def events(self, *kinds: str, everywhere: bool = False) -> list[Event]:
        """Return the events of some kinds, or all, oldest first; a line still being written is passed over.

        Args:
            kinds: Which; none: all.
            everywhere: With those of other machines. Their numbers are those of their chains.

        Raises:
            StoreError: A line cannot be read.
        """
        found = list(_events(self._path, kinds))
        if everywhere and (others := self._others()):
            found = sorted((*found, *(e for path in others for e in _events(path, kinds))), key=lambda e: e.at)
        return found

    def of_others(self, *kinds: str) -> dict[str, list[Event]]:
        """Return the events of some kinds of other machines, oldest first, by the name of the machine.

        Raises:
            StoreError: A line cannot be read.
        """
        return {path.stem: list(_events(path, kinds)) for path in self._others()}

    def stands(self) -> tuple[Stand, ...]:
        """Return what differs after anything was added to any chain.

        Raises:
            StoreError: One cannot be read.
        """
        return tuple(stand for path in (self._path, *self._others()) if (stand := _stand(path)))

    def digests(self) -> dict[str, str]:
        """Return the SHA-256 that every sealed file has, hexadecimal, by its name relative to ``archive/``."""
        found: dict[str, str] = {}
        for event in self.events("seal", "erased", everywhere=True):
            if event.kind == "seal":
                found[event.said["file"]] = event.said["sha256"]
            elif event.kind == "erased":
                found |= event.said["files"]
                for file in event.said.get("replaced", {}):
                    found.pop(file, None)
        return found

    def closings(self) -> dict[str, str]:
        """Return the SHA-256 of the manifest of every closed folder, by the folder's name relative to ``archive/``."""
        return {
            event.said["folder"]: event.said["manifest_sha256"] for event in self.events("day-closed", everywhere=True)
        }

    def unfinished(self, kind: str, said: Mapping[str, Any]) -> Event | None:
        """Return the last event of a kind that says all this, unless the same was ``-done`` since; None: there is none.

        Raises:
            StoreError: A line cannot be read.
        """
        found = None
        for event in self.events(kind, f"{kind}-done"):
            if all(event.said.get(name) == value for name, value in said.items()):
                found = event if event.kind == kind else None
        return found

    def faults(self) -> list[tuple[str, int, str]]:
        """Return what is wrong with the chains: file, number of the line, and what; empty: nothing is."""
        return [
            (path.relative_to(self._folder).as_posix(), number, what)
            for path in (self._path, *self._others())
            for number, what in _faults(_lines(path))
        ]

    def key(self) -> bytes | None:
        """Return the key by which withdrawn texts are recognised again; None: there is none yet.

        Raises:
            StoreError: It is there and cannot be read.
        """
        path = self._folder / KEY
        try:
            key = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StoreError(path, f"cannot be read ({error.strerror}); nothing is shown without it.") from error
        if len(key) != KEY_BYTES:
            raise StoreError(path, "damaged: nothing that was withdrawn can be recognised. Restore it from a copy.")
        return key

    def make_key(self) -> bytes:
        """Return the key; the first time, make it. Only its owner can read the file.

        Raises:
            NoSpaceError: The disk is full or read-only.
            StoreError: It cannot be read, or the disk fails.
        """
        with self._locked():
            key = self.key()
            if key is None and (others := [node for node, found in self.of_others("takedown").items() if found]):
                raise StoreError(
                    self._folder / KEY,
                    f"missing, and {', '.join(others)} withdrew something already, which only one key for all makes "
                    "recognisable. Nothing was decided. Copy the file from there.",
                )
            if key is None:
                key = secrets.token_bytes(KEY_BYTES)
                try:
                    disk.put(self._folder / KEY, key, mode=0o600)
                except OSError as error:
                    raise disk.trouble(self._folder / KEY, error) from error
            return key

    @property
    def has_others(self) -> bool:
        """Whether events of other nodes are here."""
        return any(self._others())

    def key_sign(self) -> str | None:
        """Return what tells this key from another without telling it; None: there is none yet.

        Raises:
            StoreError: It is there and cannot be read.
        """
        key = self.key()
        return None if key is None else hmac.new(key, b"which key", hashlib.sha256).hexdigest()[:16]

    def whole(self) -> bytes:
        """Return all whole lines, as they are.

        Raises:
            StoreError: They cannot be read.
        """
        return b"".join(line + b"\n" for line in _lines(self._path))

    def take_up(self, events: bytes) -> str | None:
        """Go on from events that this machine wrote before, where there are none yet: on a new disk.

        Returns:
            Why not, in words; None: they were taken up, or there are some.

        Raises:
            NoSpaceError: The disk is full or read-only.
            StoreError: The disk fails.
        """
        return None if self._path.exists() else self._keep(self._path, events)

    def follow(self, node: str, events: bytes) -> str | None:
        """Keep the chain of another machine, which must go on from what is known of it.

        Returns:
            Why not, in words; None: it is kept.

        Raises:
            NoSpaceError: The disk is full or read-only.
            StoreError: The disk fails.
        """
        return self._keep(self._folder / NODES / f"{node}.jsonl", events)

    def _keep(self, path: Path, events: bytes) -> str | None:
        before = b"".join(line + b"\n" for line in _lines(path))
        if events == before:
            return None
        if not events.startswith(before):
            return "they do not go on from those that were there before"
        if faults := _faults(events.splitlines()):
            return f"line {faults[0][0]}: {faults[0][1]}"
        with disk.guarded(path):
            disk.make_folder(path.parent, self._folder)
            disk.put(path, events)
        return None

    def _others(self) -> list[Path]:
        return sorted((self._folder / NODES).glob("*.jsonl"))

    def torn_bytes(self) -> int:
        """Return how many bytes stand behind the last whole line: an event that nobody was told of."""
        try:
            data = self._path.read_bytes()
        except FileNotFoundError:
            return 0
        return len(data) - data.rfind(b"\n") - 1

    @contextmanager
    def _locked(self) -> Iterator[int]:
        """Hold the file for one line."""
        new = not self._path.exists()
        fd = disk.door(os.open, self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            if new:
                disk.sync_folder(self._folder)
            yield fd
        finally:
            os.close(fd)

    def _mended_end(self, fd: int) -> bytes:
        """Return the last line; a torn one behind it, which nobody was told of, is moved to ``quarantine/``."""
        with self._path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            tail, at = b"", size
            while at and tail.count(b"\n") < 2:  # the newline that ends the last line, and the one before it
                step = min(at, 1 << 16)
                at -= step
                file.seek(at)
                tail = file.read(step) + tail
        whole = tail[: tail.rfind(b"\n") + 1]
        if torn := tail[len(whole) :]:
            end = size - len(torn)
            kept = self._folder / "quarantine" / f"{NAME}-{end}.tail"
            disk.make_folder(kept.parent, self._folder)
            disk.put(kept, torn)
            disk.truncate(fd, end)
            disk.sync(fd)
        return whole.rstrip(b"\n").rpartition(b"\n")[2]

    def _write(self, fd: int, line: bytes) -> None:
        end = os.fstat(fd).st_size
        try:
            disk.write_all(fd, line)
            disk.sync(fd)
        except OSError:
            disk.truncate(fd, end)
            raise


def _stand(path: Path) -> Stand | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StoreError(path, f"cannot be read ({error.strerror}); who may see what is not known.") from error
    return found.st_ino, found.st_mtime_ns, found.st_size


def _lines(path: Path) -> list[bytes]:
    """Return the whole lines of a chain."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return []
    return data[: data.rfind(b"\n") + 1].splitlines()


def _events(path: Path, kinds: Collection[str]) -> Iterator[Event]:
    signs = [json.dumps(kind).encode() for kind in kinds]
    for number, line in enumerate(_lines(path), start=1):
        if signs and not any(sign in line for sign in signs):
            continue  # most lines are seals: a search does not wait until they are understood
        try:
            event = _event(json.loads(line))
        except (ValueError, KeyError, TypeError) as error:
            raise StoreError(
                path, f"line {number} cannot be read ({error}). Restore the file from a copy; run `verify`."
            ) from error
        if not kinds or event.kind in kinds:
            yield event


def _faults(lines: Sequence[bytes]) -> list[tuple[int, str]]:
    """Return what is wrong with a chain: the number of the line, and what; empty: nothing is."""
    found = []
    before = FIRST
    for number, line in enumerate(lines, start=1):
        try:
            event = json.loads(line)
            if event["number"] != number:
                found.append((number, f"it calls itself number {event['number']}: lines are missing or were added"))
            if event["previous"] != before:
                found.append((number, "it does not carry the digest of the line before: one of the two was changed"))
            _event(event)
        except (ValueError, KeyError, TypeError) as error:
            found.append((number, f"it cannot be read ({type(error).__name__}: {error})"))
        before = hashlib.sha256(line).hexdigest()
    return found


def _event(said: Any) -> Event:
    if not isinstance(said, dict):
        raise TypeError("it is no event")
    rest = {k: v for k, v in said.items() if k not in ("number", "at", "kind", "previous")}
    return Event(number=said["number"], at=datetime.fromisoformat(said["at"]), kind=said["kind"], said=rest)


__all__ = ["FIRST", "KEY", "NAME", "Decisions", "Event", "Stand"]
