"""What is sealed goes up into the bucket, what others uploaded is noted, what was erased leaves no older version.

A file counts as uploaded when it was read back. An outage delays all this and loses nothing: what is waiting is said in
``not-uploaded.json``, and the next time it goes on.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from aggregator import disk
from aggregator.archive import elsewhere
from aggregator.archive.days import LIST, MANIFEST, TAG_MANIFEST, folder_of, listed, sha256_of
from aggregator.archive.elsewhere import Bucket, Differs, Note, NotThere, Object, Place, Refused, Unavailable
from aggregator.archive.reader import NOTE, files, is_import, sealed_name
from aggregator.errors import StoreError, Unreachable

STATE = "not-uploaded.json"
LEAVING = "leaving"
"""The folder with the notes of objects that are to be removed with all their versions."""
CHAINS = "events"
"""What the names of the nodes' events begin with, in the bucket."""
MAX_WHY = 3
"""Reasons that are told; there may be one a file."""
_NAME = r"(?!.*\.(?:open|part|remote)/)[A-Za-z0-9](?:[A-Za-z0-9._+-]*[A-Za-z0-9_-])?"
_OF_A_DAY = re.compile(r"[0-9]{4}/[0-9]{2}/[0-9]{2}/captures-[0-9]{8}T[0-9]{6}Z-[0-9]+-[0-9a-f]{8}\.warc\.gz")
_OF_AN_IMPORT = re.compile(rf"imports/[0-9]+-({_NAME})/(?:\1|{re.escape(NOTE)})")
_DERIVED = re.compile(
    rf"(?:[0-9]{{4}}/[0-9]{{2}}/[0-9]{{2}}|imports/[0-9]+-{_NAME})/"
    rf"(?:{re.escape(LIST)}|(?:tag)?manifest-sha256\.txt|articles-{_NAME}\.jsonl\.gz)"
)
_CHAIN = re.compile(rf"{CHAINS}/([0-9a-f]{{8}})\.jsonl")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """What is not in the bucket yet, or not as it should be."""

    files: int
    bytes: int
    erased: int
    """How many of these are objects of which a version holds what was erased here."""
    since: str
    """ISO 8601, UTC."""
    why: tuple[str, ...]
    """The first reasons."""

    @property
    def words(self) -> str:
        """All of it in a sentence."""
        said = (
            f"not uploaded yet: {self.files:,} files, {self.bytes:,} bytes, since {self.since}: {'; '.join(self.why)}"
        )
        return f"{said}. {self.erased:,} objects may still hold what was erased here" if self.erased else said


def waiting(folder: Path) -> Waiting | None:
    """Return what the last attempt left to be uploaded; None: nothing."""
    try:
        said = json.loads((folder / STATE).read_text(encoding="utf-8"))
        return Waiting(**said | {"why": tuple(said["why"])})
    except (OSError, ValueError, KeyError, TypeError):
        return None


def leave(folder: Path, file: str) -> None:
    """Note that the object of a file is to go with all its versions; the file itself is removed by who calls.

    Raises:
        OSError: The disk fails.
        StoreError: What is noted of it is damaged.
    """
    note = elsewhere.noted(folder / file)
    if note is not None:
        disk.make_folder(folder / LEAVING, folder)
        elsewhere.put_note(folder / LEAVING / hashlib.sha256(note.key.encode()).hexdigest()[:16], note)


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
        self._place = place
        self._node = node
        self._local_copies = local_copies
        self._ensure_room = ensure_room
        self._bucket = Bucket(place.bucket, place.endpoint)
        self._done: dict[str, str] = {}
        """Digests of what is known to be uploaded, by name."""
        self._complaints: list[str] = []

    def complain(self, why: str) -> None:
        """Have something told with what waits."""
        self._complaints.append(why)

    # --- what others uploaded -------------------------------------------------------------------------------------

    def follow(self) -> dict[str, bytes]:
        """Note what the bucket has and this folder does not know of, and fetch the small files of closed folders.

        Returns:
            The events of nodes that are not known yet as far as they go, by their names.

        Raises:
            Unavailable: The bucket could not be read; what was noted so far stays.
            NoSpaceError: The disk is full or read-only.
        """
        leaving = {note.key for _, note in self._leaving()}
        front = self._place.key("")
        there = {found.key.removeprefix(front): found for found in self._bucket.listed(front)}
        for name in sorted(there, key=lambda name: (not name.endswith(f"/{NOTE}"), name)):
            found = there[name]
            if is_import(name) and f"{folder_of(name)}/{NOTE}" not in there:
                continue  # somebody is still uploading it
            elif is_ours(name) and found.key not in leaving:
                with disk.guarded(self._folder / name):
                    self._follow(name, found)
        return self._chains(there)

    def chains(self) -> dict[str, bytes]:
        """Return the events of nodes that are not known yet as far as they go, by their names.

        Raises:
            Unavailable: The bucket could not be read.
        """
        front = self._place.key("")
        return self._chains({one.key.removeprefix(front): one for one in self._bucket.listed(f"{front}events/")})

    def _chains(self, there: Mapping[str, Object]) -> dict[str, bytes]:
        named = {chain[1]: found for name, found in there.items() if (chain := _CHAIN.fullmatch(name))}
        new = {node: found for node, found in named.items() if not self._knows_chain(node, found)}
        return {node: b"".join(self._bucket.pieces(found.key)) for node, found in new.items()}

    def _knows_chain(self, node: str, found: Object) -> bool:
        path = self._folder / ("events.jsonl" if node == self._node else f"nodes/{node}.jsonl")
        return path.exists() and (node == self._node or path.stat().st_size == found.bytes)

    def _follow(self, name: str, found: Object) -> None:
        path = self._folder / name
        note = elsewhere.noted(path)
        if note and (note.etag == found.etag or note.pending):
            if (note.endpoint, note.bucket, note.key) != (self._place.endpoint, self._place.bucket, found.key):
                moved = replace(note, endpoint=self._place.endpoint, bucket=self._place.bucket, key=found.key)
                elsewhere.put_note(path, moved)  # the bucket has another address by now
            return
        if note is None and path.exists():
            return  # ours, and not uploaded yet: that will tell
        disk.make_folder(path.parent, self._folder)
        if _may_drop(name):
            if path.exists():
                return  # another machine erased something in it, or it was changed: uploading will tell
            elsewhere.put_note(path, self._note(found, self._said_digest(found)))
        else:
            data = b"".join(self._bucket.pieces(found.key))
            disk.put(path, data)
            elsewhere.put_note(path, self._note(found, hashlib.sha256(data).hexdigest()))

    def _said_digest(self, found: Object) -> str:
        said = self._bucket.stat(found.key).sha256
        return said if said and _SHA256.fullmatch(said) else self._bucket.sha256(found.key)

    def _note(self, found: Object, sha256: str) -> Note:
        return Note(
            endpoint=self._place.endpoint,
            bucket=self._place.bucket,
            key=found.key,
            bytes=found.bytes,
            sha256=sha256,
            etag=found.etag,
            version_id=found.version_id,
            uploaded_at=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        )

    # --- what is ours -----------------------------------------------------------------------------------------------

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
        tried = _Attempts(self._complaints)
        with disk.guarded(self._folder):
            for path, gone in self._leaving():
                tried.erased += not tried.do(f"{LEAVING}/{path.name}", 0, partial(self._take_away, path, gone))
            for name, expected in self._wanted(digests):
                if self._done.get(name) == expected or self._is_sent(name, expected, tried):
                    self._done[name] = expected
                    self._let_go(name, today, tried)
                    self._get_back(name, tried)
            tried.do("events.jsonl", len(events), partial(self._upload_events, events))
            return self._say(tried)

    def _is_sent(self, name: str, expected: str, tried: _Attempts) -> bool:
        """Whether a file is in the bucket as it should be; it is uploaded if need be."""
        path = self._folder / name
        note = elsewhere.noted(path)
        if note and (note.bucket, note.key) != (self._place.bucket, self._place.key(name)):  # settings.archive changed
            return tried.do(name, _size(path), partial(self._move, name, expected))
        if note and note.sha256 == expected and not note.pending:
            return True
        is_done = tried.do(name, _size(path), partial(self._upload, name, expected, note))
        tried.erased += note is not None and not is_done and _may_drop(name)
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
                if _DERIVED.fullmatch(f"{folder}/{name}"):
                    yield f"{folder}/{name}", digest
            if tags.exists():
                yield f"{folder}/{TAG_MANIFEST}", sha256_of(tags)

    def _move(self, name: str, expected: str) -> None:
        """Upload a file that was uploaded to another place; there it stays."""
        _fetch(self._folder / name)
        self._upload(name, expected, None)

    def _get_back(self, name: str, tried: _Attempts) -> None:
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
        path, key = self._folder / name, self._place.key(name)
        try:
            size = path.stat().st_size
        except FileNotFoundError:
            raise Differs(f"{name}: it is not here, and what is noted of it is another than its seal says") from None
        if size > elsewhere.MAX_OBJECT_BYTES:
            raise Differs(f"{name}: larger than {elsewhere.MAX_OBJECT_BYTES:,} bytes; it stays here only")
        if (digest := sha256_of(path)) != expected:
            if note and self._bucket.sha256(key) == expected:
                return self._take_over(path, key, expected)
            raise Differs(f"{name}: its SHA-256 is {digest}, it was sealed with {expected}; run `aggregator verify`")
        if note and not note.pending:
            note = replace(note, pending="replace")
            elsewhere.put_note(path, note)
        put = self._put(name, path, expected, note)
        if note:
            self._purge(key, put)
        elsewhere.put_note(path, self._note(replace(put, bytes=size), expected))

    def _take_over(self, path: Path, key: str, expected: str) -> None:
        """Put what the bucket has in the place of a file in which another machine erased something."""
        there = self._bucket.stat(key)
        disk.scrub(path)  # first: the next writer finds the object again, but would not find what is left here
        elsewhere.put_note(path, self._note(there, expected))
        if self._local_copies != "drop":
            _fetch(path)

    def _put(self, name: str, data: Path | bytes, sha256: str, note: Note | None) -> Object:
        """Put an object where none is, or the one noted; it is read back. An equal one that is there counts as put."""
        key = self._place.key(name)
        try:
            put = self._bucket.put(key, data, sha256, instead_of=note.etag if note else None)
        except (Refused, NotThere):
            put = self._put_over(name, data, sha256)
        if (there := self._bucket.sha256(key)) != sha256:
            raise Differs(f"s3://{self._place.bucket}/{key}: read back with the SHA-256 {there}, it was sent {sha256}")
        return put

    def _put_over(self, name: str, data: Path | bytes, sha256: str) -> Object:
        """Return the object that stands in the way if it is equal; what is derived is put in its place.

        Two nodes may close one folder: the later knows the files of both.
        """
        key = self._place.key(name)
        try:
            there, digest = self._bucket.stat(key), self._bucket.sha256(key)
        except NotThere:  # removed by somebody meanwhile
            return self._bucket.put(key, data, sha256)
        if digest == sha256:
            return there
        if not _DERIVED.fullmatch(name):
            raise Differs(
                f"s3://{self._place.bucket}/{key} is another: its SHA-256 is {digest}, that of {name} is {sha256}. "
                "Nothing was overwritten"
            )
        return self._bucket.put(key, data, sha256, instead_of=there.etag)

    def _purge(self, key: str, kept: Object) -> None:
        """Remove all versions of an object but the newest, and look whether they are gone.

        Raises:
            Refused: The newest is not the one that was put: somebody else was here meanwhile.
            Unavailable: They are not gone, or could not be asked for.
        """
        for old in self._older(key, kept):
            self._bucket.remove(key, old.version_id)
        if still := self._older(key, kept):
            raise Unavailable(f"s3://{self._place.bucket}/{key}: {len(still)} older versions are still there")

    def _older(self, key: str, kept: Object) -> list[Object]:
        versions = self._bucket.versions(key)
        newest = next((one for one in versions if one.is_latest), None)
        if newest is None or newest.etag != kept.etag or kept.version_id not in (None, newest.version_id):
            raise Refused(f"s3://{self._place.bucket}/{key}: somebody else put another object there meanwhile")
        return [one for one in versions if not one.is_latest]

    def _leaving(self) -> list[tuple[Path, Note]]:
        """Return the notes of objects that are to go."""
        paths = sorted((self._folder / LEAVING).glob(f"*{elsewhere.REMOTE}"))
        noted = ((path, elsewhere.noted(path.with_name(path.name.removesuffix(elsewhere.REMOTE)))) for path in paths)
        return [(path, note) for path, note in noted if note is not None]

    def _take_away(self, path: Path, note: Note) -> None:
        """Remove an object with all its versions."""
        bucket = Bucket(note.bucket, self._place.endpoint)
        for one in bucket.versions(note.key):
            bucket.remove(note.key, one.version_id)
        if bucket.versions(note.key):
            raise Unavailable(f"{note.url}: not all of its versions could be removed")
        disk.remove(path)

    def _upload_events(self, events: bytes) -> None:
        """Put this node's events in the place of those before, which they go on from."""
        name, path = f"{CHAINS}/{self._node}.jsonl", self._folder / "events.jsonl"
        digest = hashlib.sha256(events).hexdigest()
        note, key = elsewhere.noted(path), self._place.key(name)
        if note and (note.bucket, note.key) != (self._place.bucket, key):
            note = None
        if not events or (note and note.sha256 == digest):
            return
        try:
            put = self._bucket.put(key, events, digest, instead_of=note.etag if note else None)
        except (Refused, NotThere):
            put = self._go_on_from(key, events, digest)
        if (there := self._bucket.sha256(key)) != digest:
            raise Differs(f"s3://{self._place.bucket}/{key}: read back with the SHA-256 {there}, it was sent {digest}")
        self._purge(key, put)
        elsewhere.put_note(path, self._note(replace(put, bytes=len(events)), digest))

    def _go_on_from(self, key: str, events: bytes, digest: str) -> Object:
        try:
            there = self._bucket.stat(key)
        except NotThere:
            return self._bucket.put(key, events, digest)
        before = b"".join(self._bucket.pieces(key))
        if not events.startswith(before):
            raise Differs(
                f"s3://{self._place.bucket}/{key} holds the events of another home. Give each machine another name, "
                "and each home another prefix"
            )
        return there if before == events else self._bucket.put(key, events, digest, instead_of=there.etag)

    def _let_go(self, name: str, today: str, tried: _Attempts) -> None:
        """Remove the copy here of a file that is in the bucket, where that is wanted and its folder is closed."""
        path, day = self._folder / name, folder_of(name)
        if self._local_copies != "drop" or not _may_drop(name) or (day[:1].isdigit() and day >= today):
            return
        note = elsewhere.noted(path) if (path.parent / MANIFEST).exists() and path.exists() else None
        if note:
            tried.do(name, note.bytes, partial(self._drop, path, note))

    def _drop(self, path: Path, note: Note) -> None:
        """Remove the copy here, if the object is still as it was when it was read back: it may be years since."""
        try:
            there = self._bucket.stat(note.key)
        except NotThere as error:
            raise Differs(f"{error}, although it was uploaded. The file stays here") from error
        except Unavailable:
            return  # it is uploaded; that it is here too can wait
        if (there.etag, there.bytes) != (note.etag, note.bytes):
            raise Differs(f"{note.url} was changed since it was uploaded. The file stays here")
        disk.remove(path)

    def _say(self, tried: _Attempts) -> Waiting | None:
        """Note what is waiting, for who asks later; where nothing is, that is said by no file."""
        path = self._folder / STATE
        if not tried.left:
            disk.remove(path)
            return None
        before = waiting(self._folder)
        found = Waiting(
            files=len(tried.left),
            bytes=sum(tried.left.values()),
            erased=tried.erased,
            since=before.since if before else f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
            why=tuple(dict.fromkeys(tried.why))[:MAX_WHY],
        )
        disk.put(path, json.dumps(asdict(found), ensure_ascii=False).encode())
        return found


class _Attempts:
    """What could not be done, and why. When the bucket could not be had once, nothing more is tried.

    Attributes:
        left: What is still to be uploaded, with its length in bytes.
        why: The reasons.
        erased: How many objects of those left may hold what was erased here.
    """

    def __init__(self, complaints: Sequence[str]) -> None:
        self.left = dict.fromkeys(complaints, 0)
        self.why = list(complaints)
        self.erased = 0
        self._is_down = False

    def do(self, name: str, size: int, work: Callable[[], None]) -> bool:
        """Return whether some work was done."""
        try:
            if not self._is_down:
                work()
                return True
        except Differs as error:
            self.why.append(str(error))
        except Unavailable as error:
            self.why.append(str(error))
            self._is_down = True
        self.left[name] = size
        return False


def is_ours(name: str) -> bool:
    """Whether an object of this name may become a file of ``archive/``: anything may stand in a bucket."""
    return any(form.fullmatch(name) for form in (_OF_A_DAY, _OF_AN_IMPORT, _DERIVED))


def uploaded(folder: Path) -> list[Path]:
    """Return the files of days and imports that are in the bucket, as they are or would be called here, in order."""
    patterns = ("[0-9]*/*/*/*", "imports/*/*")
    notes = (path for pattern in patterns for path in folder.glob(pattern + elsewhere.REMOTE))
    return sorted(folder / sealed_name(folder, path) for path in notes)


def remote_fault(path: Path) -> str | None:
    """Read what the bucket has of a file to its end; return what is wrong with it, None: nothing.

    Raises:
        StoreError: The note is damaged.
    """
    note = elsewhere.noted(path)
    if note is None:
        return None
    try:
        digest = Bucket(note.bucket, note.endpoint).sha256(note.key)
    except NotThere:
        return f"missing: {note.url} is gone"
    except Unavailable as error:
        return f"unreadable: {error}"
    if digest != note.sha256:
        return f"changed: the SHA-256 of {note.url} is {digest}, it was uploaded with {note.sha256}"
    return None


def _may_drop(name: str) -> bool:
    """Whether a file is one that need not be here: lists, manifests and notes are, for every closing reads them."""
    return name.endswith(".jsonl.gz") if _DERIVED.fullmatch(name) else not name.endswith(f"/{NOTE}")


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
