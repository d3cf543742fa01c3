"""One object of the bucket at a time: put where none is or the one that is known, read back, without older versions."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from aggregator.archive.elsewhere import Bucket, Differs, Note, NotThere, Object, Place, Refused, Unavailable
from aggregator.archive.sending.names import is_derived, node_of


class Objects:
    """The objects of a place.

    Args:
        place: Where in which bucket.

    Raises:
        UsageError: The client for S3 is not installed.
    """

    def __init__(self, place: Place) -> None:
        self.place = place
        self.bucket = Bucket(place.bucket, place.endpoint)

    def note(self, found: Object, sha256: str) -> Note:
        """Return what is to be noted of an object that has this digest."""
        return Note(
            endpoint=self.place.endpoint,
            bucket=self.place.bucket,
            key=found.key,
            bytes=found.bytes,
            sha256=sha256,
            etag=found.etag,
            version_id=found.version_id,
            uploaded_at=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        )

    def has(self, note: Note, name: str) -> bool:
        """Whether a note is of the object that a file has here, and not in another place."""
        return (note.bucket, note.key) == (self.place.bucket, self.place.key(name))

    def put(self, name: str, data: Path | bytes, sha256: str, note: Note | None) -> Object:
        """Put an object where none is, or the one noted; it is read back. An equal one that is there counts as put.

        Two nodes may close one folder: the later knows the files of both, and what it derived goes in the place of the
        other's. Events take the place of those that they go on from.

        Raises:
            Differs: Another is there, or another was read back.
            Unavailable: The bucket could not be asked.
        """
        key = self.place.key(name)
        try:
            put = self.bucket.put(key, data, sha256, instead_of=note.etag if note else None)
        except (Refused, NotThere):
            put = self._put_over(name, data, sha256)
        if (there := self.bucket.sha256(key)) != sha256:
            raise Differs(f"{self._url(key)}: read back with the SHA-256 {there}, it was sent {sha256}")
        return put

    def _put_over(self, name: str, data: Path | bytes, sha256: str) -> Object:
        key = self.place.key(name)
        try:
            there, digest = self.bucket.stat(key), self.bucket.sha256(key)
        except NotThere:  # removed by somebody meanwhile
            return self.bucket.put(key, data, sha256)
        if digest == sha256:
            return there
        if node_of(name):
            self._ensure_goes_on(key, data)
        elif not is_derived(name):
            raise Differs(
                f"{self._url(key)} is another: its SHA-256 is {digest}, that of {name} is {sha256}. "
                "Nothing was overwritten"
            )
        return self.bucket.put(key, data, sha256, instead_of=there.etag)

    def _ensure_goes_on(self, key: str, events: Path | bytes) -> None:
        before = b"".join(self.bucket.pieces(key))
        if not (isinstance(events, bytes) and events.startswith(before)):
            raise Differs(
                f"{self._url(key)} holds the events of another home. Give each machine another name, "
                "and each home another prefix"
            )

    def purge(self, kept: Object) -> None:
        """Remove all versions of an object but the newest, and look whether they are gone.

        Raises:
            Refused: The newest is not the one that was put: somebody else was here meanwhile.
            Unavailable: They are not gone, or could not be asked for.
        """
        for old in self._older(kept):
            self.bucket.remove(kept.key, old.version_id)
        if still := self._older(kept):
            raise Unavailable(f"{self._url(kept.key)}: {len(still)} older versions are still there")

    def _older(self, kept: Object) -> list[Object]:
        versions = self.bucket.versions(kept.key)
        newest = next((one for one in versions if one.is_latest), None)
        if newest is None or newest.etag != kept.etag or kept.version_id not in (None, newest.version_id):
            raise Refused(f"{self._url(kept.key)}: somebody else put another object there meanwhile")
        return [one for one in versions if not one.is_latest]

    def take_away(self, note: Note) -> None:
        """Remove an object with all its versions, in whatever bucket of the server it was noted.

        Raises:
            Unavailable: They are not gone, or could not be asked for.
        """
        bucket = Bucket(note.bucket, self.place.endpoint)
        for one in bucket.versions(note.key):
            bucket.remove(note.key, one.version_id)
        if bucket.versions(note.key):
            raise Unavailable(f"{note.url}: not all of its versions could be removed")

    def _url(self, key: str) -> str:
        return f"s3://{self.place.bucket}/{key}"
