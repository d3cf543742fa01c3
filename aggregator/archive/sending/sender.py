"""What is sealed goes up into the bucket; what was erased leaves no older version there."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from aggregator import disk
from aggregator.archive import elsewhere
from aggregator.archive.days import MANIFEST, TAG_MANIFEST, folder_of, listed, sha256_of
from aggregator.archive.elsewhere import Differs, Note, NotThere, Place, Unavailable
from aggregator.archive.reader import NOTE, files, is_import
from aggregator.archive.sending.leaving import LEAVING, leaving
from aggregator.archive.sending.names import chain, is_derived, may_drop
from aggregator.archive.sending.objects import Objects
from aggregator.archive.sending.others import Others
from aggregator.archive.sending.waiting import Attempts, Waiting, say
from aggregator.errors import StoreError, Unreachable


class Sender:
    """Keeps a folder and a bucket in step; for the one writer.

    Args:
        folder: ``archive/``.
        place: Where in which bucket.
        node: Eight characters that tell this machine from others.
        local_copies: Whether a file of a day that is closed stays here when it was uploaded and read back (``keep``),
            goes (``drop``), or is even fetched back where it is not here (``fetch``).
        ensure_room: Raises NoSpaceError when there is no room for so many bytes.

    Raises:
        UsageError: The client for S3 is not installed.
    """

    def __init__(
        self, folder: Path, place: Place, *, node: str, local_copies: str, ensure_room: Callable[[int], None]
    ) -> None:
        self._folder = folder
        self._objects = Objects(place)
        self.others = Others(folder, self._objects, node=node)
        self._node = node
        self._local_copies = local_copies
        self._ensure_room = ensure_room
        self._done: dict[str, str] = {}
        """Digests of what is known to be uploaded, by name."""
        self._complaints: list[str] = []

    def complain(self, why: str) -> None:
        """Have something told with what waits."""
        self._complaints.append(why)

    def send(self, digests: Mapping[str, str], events: bytes, *, today: str) -> Waiting | None:
        """Upload what is sealed and not in the bucket, and see that older versions of what was erased are gone.

        Args:
            digests: The SHA-256 of every sealed file, by its name relative to ``archive/``.
            events: This node's own, as a whole.
            today: The folder of the day that still goes on; none of its files is dropped.

        Returns:
            What is still waiting; None: nothing.

        Raises:
            NoSpaceError: The disk is full or read-only.
            StoreError: A note is damaged.
        """
        tried = Attempts(self._complaints)
        with disk.guarded(self._folder):
            for path, gone in leaving(self._folder):
                tried.erased += not tried.do(f"{LEAVING}/{path.name}", 0, partial(self._take_away, path, gone))
            for name, expected in self._wanted(digests):
                if self._done.get(name) == expected or self._is_sent(name, expected, tried):
                    self._done[name] = expected
                    self._let_go(name, today, tried)
                    self._get_back(name, tried)
            tried.do("events.jsonl", len(events), partial(self._upload_events, events))
            return say(self._folder, tried)

    def _is_sent(self, name: str, expected: str, tried: Attempts) -> bool:
        """Whether a file is in the bucket as it should be; it is uploaded if need be."""
        path = self._folder / name
        note = elsewhere.noted(path)
        if note and not self._objects.has(note, name):  # settings.archive changed
            return tried.do(name, _size(path), partial(self._move, name, expected))
        if note and note.sha256 == expected and not note.pending:
            return True
        is_done = tried.do(name, _size(path), partial(self._upload, name, expected, note))
        tried.erased += note is not None and not is_done and may_drop(name)
        return is_done

    def _wanted(self, digests: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        """Yield what has to be in the bucket, each with the digest that it must have."""
        folders = set()
        for file in files(self._folder):
            folders.add(folder_of(file))
            path = self._folder / file
            if file in digests and not path.is_symlink():  # what is read in place stays in its place
                yield file, digests[file]
            if is_import(file) and (path.parent / NOTE).exists():
                yield f"{folder_of(file)}/{NOTE}", sha256_of(path.parent / NOTE)
        for folder in sorted(folders):
            tags = self._folder / folder / TAG_MANIFEST
            for name, digest in listed(tags).items():
                if is_derived(f"{folder}/{name}"):
                    yield f"{folder}/{name}", digest
            if tags.exists():
                yield f"{folder}/{TAG_MANIFEST}", sha256_of(tags)

    def _move(self, name: str, expected: str) -> None:
        """Upload a file that was uploaded to another place; there it stays."""
        _fetch(self._folder / name)
        self._upload(name, expected, None)

    def _get_back(self, name: str, tried: Attempts) -> None:
        """Fetch a file that is only in the bucket, where all are to be here."""
        path = self._folder / name
        if self._local_copies != "fetch" or path.exists():
            return

        def fetch() -> None:
            self._ensure_room(_size(path))
            _fetch(path)

        tried.do(name, _size(path), fetch)

    def _upload(self, name: str, expected: str, note: Note | None) -> None:
        """Upload one file, read it back, and note it; of one that was there before, remove all older versions."""
        path, key = self._folder / name, self._objects.place.key(name)
        try:
            size = path.stat().st_size
        except FileNotFoundError:
            raise Differs(f"{name}: it is not here, and what is noted of it is another than its seal says") from None
        if size > elsewhere.MAX_OBJECT_BYTES:
            raise Differs(f"{name}: larger than {elsewhere.MAX_OBJECT_BYTES:,} bytes; it stays here only")
        if (digest := sha256_of(path)) != expected:
            if note and self._objects.bucket.sha256(key) == expected:
                return self._take_over(path, key, expected)
            raise Differs(f"{name}: its SHA-256 is {digest}, it was sealed with {expected}; run `aggregator verify`")
        if note and not note.pending:
            note = replace(note, pending="replace")
            elsewhere.put_note(path, note)
        put = self._objects.put(name, path, expected, note)
        if note:
            self._objects.purge(put)
        elsewhere.put_note(path, self._objects.note(replace(put, bytes=size), expected))

    def _take_over(self, path: Path, key: str, expected: str) -> None:
        """Put what the bucket has in the place of a file in which another machine erased something."""
        there = self._objects.bucket.stat(key)
        disk.scrub(path)  # first: the next writer finds the object again, but would not find what is left here
        elsewhere.put_note(path, self._objects.note(there, expected))
        if self._local_copies != "drop":
            _fetch(path)

    def _take_away(self, path: Path, note: Note) -> None:
        self._objects.take_away(note)
        disk.remove(path)

    def _upload_events(self, events: bytes) -> None:
        """Put this node's events in the place of those before, which they go on from."""
        name, path = chain(self._node), self._folder / "events.jsonl"
        digest = hashlib.sha256(events).hexdigest()
        note = elsewhere.noted(path)
        if note and not self._objects.has(note, name):
            note = None
        if not events or (note and note.sha256 == digest):
            return
        put = self._objects.put(name, events, digest, note)
        self._objects.purge(put)
        elsewhere.put_note(path, self._objects.note(replace(put, bytes=len(events)), digest))

    def _let_go(self, name: str, today: str, tried: Attempts) -> None:
        """Remove the copy here of a file that is in the bucket, where that is wanted and its folder is closed."""
        path, day = self._folder / name, folder_of(name)
        if self._local_copies != "drop" or not may_drop(name) or (day[:1].isdigit() and day >= today):
            return
        note = elsewhere.noted(path) if (path.parent / MANIFEST).exists() and path.exists() else None
        if note:
            tried.do(name, note.bytes, partial(self._drop, path, note))

    def _drop(self, path: Path, note: Note) -> None:
        """Remove the copy here, if the object is still as it was when it was read back: it may be years since."""
        try:
            there = self._objects.bucket.stat(note.key)
        except NotThere as error:
            raise Differs(f"{error}, although it was uploaded. The file stays here") from error
        except Unavailable:
            return  # it is uploaded; that it is here too can wait
        if (there.etag, there.bytes) != (note.etag, note.bytes):
            raise Differs(f"{note.url} was changed since it was uploaded. The file stays here")
        disk.remove(path)


def _fetch(path: Path) -> None:
    """Bring a file back that is only in a bucket.

    Raises:
        Differs: The object is another.
        Unavailable: It could not be read.
    """
    try:
        elsewhere.fetch(path)
    except Unreachable as error:
        raise Unavailable(str(error)) from error
    except StoreError as error:
        raise Differs(str(error)) from error


def _size(path: Path) -> int:
    try:
        return elsewhere.size(path)
    except FileNotFoundError:
        return 0
