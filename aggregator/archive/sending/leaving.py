"""Objects that are to go with all their versions: their notes wait in a folder until they are gone."""

from __future__ import annotations

import hashlib
from pathlib import Path

from aggregator import disk
from aggregator.archive import elsewhere
from aggregator.archive.elsewhere import Note

LEAVING = "leaving"
"""The folder with the notes of objects that are to be removed with all their versions."""


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


def leaving(folder: Path) -> list[tuple[Path, Note]]:
    """Return the notes of objects that are to go, each with where it is."""
    paths = sorted((folder / LEAVING).glob(f"*{elsewhere.REMOTE}"))
    noted = ((path, elsewhere.noted(path.with_name(path.name.removesuffix(elsewhere.REMOTE)))) for path in paths)
    return [(path, note) for path, note in noted if note is not None]
