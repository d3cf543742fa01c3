"""What was uploaded, in a small file beside it: the folder says itself where its files are."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from aggregator import disk
from aggregator.errors import StoreError

REMOTE = ".remote"
"""The end of a note's name, behind the name of its file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A bucket, and what the names of all objects in it begin with that are ours."""

    bucket: str
    prefix: str
    """Without a slash at either end; empty: all of the bucket."""
    endpoint: str | None
    """The server, as ``http://127.0.0.1:9000``; None: Amazon's."""

    def key(self, name: str) -> str:
        """Return the name of the object for a file of ``archive/``."""
        return f"{self.prefix}/{name}" if self.prefix else name


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """One file as it was uploaded and read back."""

    endpoint: str | None
    bucket: str
    key: str
    bytes: int
    sha256: str
    """Hexadecimal."""
    etag: str
    version_id: str | None
    """None: the bucket keeps no versions."""
    uploaded_at: str
    """ISO 8601, UTC."""
    pending: str = ""
    """``replace``: the object is to be uploaded again, and its older versions are to go; empty: all is done."""

    @property
    def url(self) -> str:
        """Where the object is, for people."""
        return f"s3://{self.bucket}/{self.key}"


def place(address: str | None, endpoint: str | None) -> Place | None:
    """Return the place that settings.archive names; None: all is kept here.

    Args:
        address: ``s3://bucket/prefix``, or None.
        endpoint: settings.archive_server.
    """
    if address is None:
        return None
    bucket, _, prefix = address.removeprefix("s3://").partition("/")
    return Place(bucket=bucket, prefix=prefix.strip("/"), endpoint=endpoint)


def note_path(path: Path) -> Path:
    """Return where the note of a file is."""
    return path.with_name(path.name + REMOTE)


def noted(path: Path) -> Note | None:
    """Return what is noted of a file; None: it was not uploaded.

    Raises:
        StoreError: The note is damaged.
    """
    beside = note_path(path)
    try:
        said: Any = json.loads(beside.read_text(encoding="utf-8"))
        texts = ("bucket", "key", "sha256", "etag", "uploaded_at")
        if not isinstance(said["bytes"], int) or not all(isinstance(said[name], str) for name in texts):
            raise TypeError("it does not say what a note must")
        note = Note(**said)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError(
            beside, f"damaged ({error}). Remove it, and the next writer notes again what is in the bucket."
        ) from error
    return note


def put_note(path: Path, note: Note) -> None:
    """Note that a file is in the bucket; safe against a power cut when this returns."""
    disk.put(note_path(path), json.dumps(asdict(note), ensure_ascii=False, indent=1).encode())
