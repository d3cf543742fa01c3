"""What events say in words that may have to be withdrawn one day: ``archive/searches/``, a file each.

The chain of events can lose no line, so no such word may stand in it. An event names the file that holds its words, and
the file's SHA-256. Each file holds a random salt, too: once it is erased, nobody can try words against that digest.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aggregator import disk
from aggregator.errors import StoreError

FOLDER = "searches"
SAVED = "search-saved"
"""The event that a search was saved: ``wording``, ``sha256``, ``by``; ``replaces``, if an earlier one had its name."""
_NAME_BYTES = 8
_SALT_BYTES = 16


@dataclass(frozen=True, slots=True)
class Wording:
    """Where the words of an event stand."""

    file: str
    """Relative to ``archive/``."""
    sha256: str
    """Of the whole file, hexadecimal."""


class Wordings:
    """The words of the events of one archive.

    Args:
        archive: ``archive/``.
    """

    def __init__(self, archive: Path) -> None:
        self._archive = archive

    def put(self, words: dict[str, Any]) -> Wording:
        """Write words down, before the event that speaks of them is appended; they are safe when this returns.

        Raises:
            NoSpaceError: The disk is full or read-only; nothing was written.
            StoreError: The disk fails.
        """
        file = f"{FOLDER}/{secrets.token_hex(_NAME_BYTES)}.json"
        said = {**words, "salt": secrets.token_hex(_SALT_BYTES)}
        # what is typed may be no UTF-8: the halves of characters that Python makes of it are escaped, as JSON allows
        data = json.dumps(said, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n"
        with disk.guarded(self._archive / file):
            disk.make_folder(self._archive / FOLDER, self._archive.parent)
            disk.put(self._archive / file, data)
        return Wording(file, hashlib.sha256(data).hexdigest())

    def read(self, wording: Wording) -> dict[str, Any]:
        """Return what was written down.

        Raises:
            StoreError: The file is missing, or is not what was written.
        """
        if fault := self.fault(wording):
            raise StoreError(self._archive / wording.file, f"{fault}. Restore it from a copy.")
        said: dict[str, Any] = json.loads((self._archive / wording.file).read_bytes())
        return said

    def fault(self, wording: Wording) -> str | None:
        """Return what is wrong with a file, beginning with the kind; None: it is as it was written."""
        try:
            data = (self._archive / wording.file).read_bytes()
        except FileNotFoundError:
            return "missing: an event says that a search was saved in it"
        except OSError as error:
            return f"unreadable: {error.strerror or error}"
        if hashlib.sha256(data).hexdigest() != wording.sha256:
            return "changed: it is not the search that was saved"
        return None

    def files(self) -> list[str]:
        """Return the name of every file, also of one whose event was never written, relative to ``archive/``."""
        folder = self._archive / FOLDER
        return sorted(f"{FOLDER}/{path.name}" for path in folder.iterdir()) if folder.is_dir() else []

    def strings(self, file: str) -> list[str] | None:
        """Return all that a file says, none if it is not there; None: a kill left half of it."""
        try:
            data = (self._archive / file).read_bytes()
        except FileNotFoundError:
            return []
        try:
            return _strings(json.loads(data))
        except (ValueError, RecursionError):
            return None if (self._archive / file).match(disk.ASIDES) else [data.decode("utf-8", "replace")]

    def erase(self, file: str) -> None:
        """Overwrite a file and remove it; one that is not there is left so.

        Raises:
            NoSpaceError: The disk is read-only.
            StoreError: The disk fails, or the file is none of these.
        """
        path = self._archive / file
        if path.parent != self._archive / FOLDER:
            raise StoreError(path, "no saved search: it was left as it is. Run `verify`.")
        with disk.guarded(path):
            disk.scrub(path)


def _strings(said: Any) -> list[str]:
    if isinstance(said, dict):
        return [text for key, value in said.items() if key != "salt" for text in _strings(value)]
    if isinstance(said, list):
        return [text for value in said for text in _strings(value)]
    return [said] if isinstance(said, str) else []


__all__ = ["FOLDER", "SAVED", "Wording", "Wordings"]
