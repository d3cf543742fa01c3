"""What is in the bucket by what is noted here, and whether it is as it was."""

from __future__ import annotations

from pathlib import Path

from aggregator.archive import elsewhere
from aggregator.archive.elsewhere import Bucket, NotThere, Unavailable
from aggregator.archive.reader import sealed_name


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
