"""What others uploaded: noted here, and what is small fetched."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from aggregator import disk
from aggregator.archive import elsewhere
from aggregator.archive.days import folder_of
from aggregator.archive.elsewhere import Object
from aggregator.archive.reader import NOTE, is_import
from aggregator.archive.sending.leaving import leaving
from aggregator.archive.sending.names import CHAINS, is_ours, may_drop, node_of
from aggregator.archive.sending.objects import Objects

_SHA256 = re.compile(r"[0-9a-f]{64}")


class Others:
    """What other machines put into the bucket.

    Args:
        folder: ``archive/``.
        objects: Of the bucket.
        node: Eight characters that tell this machine from others.
    """

    def __init__(self, folder: Path, objects: Objects, *, node: str) -> None:
        self._folder = folder
        self._objects = objects
        self._node = node

    def follow(self) -> dict[str, bytes]:
        """Note what the bucket has and this folder does not know of, and fetch the small files of closed folders.

        Returns:
            The events of nodes that are not known yet as far as they go, by their names.

        Raises:
            Unavailable: The bucket could not be read; what was noted so far stays.
            NoSpaceError: The disk is full or read-only.
        """
        going = {note.key for _, note in leaving(self._folder)}
        there = self._listed("")
        for name in sorted(there, key=lambda name: (not name.endswith(f"/{NOTE}"), name)):
            found = there[name]
            if is_import(name) and f"{folder_of(name)}/{NOTE}" not in there:
                continue  # somebody is still uploading it
            elif is_ours(name) and found.key not in going:
                with disk.guarded(self._folder / name):
                    self._follow(name, found)
        return self._chains(there)

    def chains(self) -> dict[str, bytes]:
        """Return the events of nodes that are not known yet as far as they go, by their names.

        Raises:
            Unavailable: The bucket could not be read.
        """
        return self._chains(self._listed(f"{CHAINS}/"))

    def _listed(self, begin: str) -> dict[str, Object]:
        """Return the objects whose names begin so, by these names."""
        front = self._objects.place.key("")
        return {found.key.removeprefix(front): found for found in self._objects.bucket.listed(front + begin)}

    def _chains(self, there: Mapping[str, Object]) -> dict[str, bytes]:
        named = {node: found for name, found in there.items() if (node := node_of(name))}
        new = {node: found for node, found in named.items() if not self._knows_chain(node, found)}
        return {node: b"".join(self._objects.bucket.pieces(found.key)) for node, found in new.items()}

    def _knows_chain(self, node: str, found: Object) -> bool:
        path = self._folder / ("events.jsonl" if node == self._node else f"nodes/{node}.jsonl")
        return path.exists() and (node == self._node or path.stat().st_size == found.bytes)

    def _follow(self, name: str, found: Object) -> None:
        path = self._folder / name
        note = elsewhere.noted(path)
        if note and (note.etag == found.etag or note.pending):
            if note.endpoint != self._objects.place.endpoint or not self._objects.has(note, name):
                moved = replace(
                    note, endpoint=self._objects.place.endpoint, bucket=self._objects.place.bucket, key=found.key
                )
                elsewhere.put_note(path, moved)  # the bucket has another address by now
            return
        if note is None and path.exists():
            return  # ours, and not uploaded yet: that will tell
        disk.make_folder(path.parent, self._folder)
        if may_drop(name):
            if path.exists():
                return  # another machine erased something in it, or it was changed: uploading will tell
            elsewhere.put_note(path, self._objects.note(found, self._said_digest(found)))
        else:
            data = b"".join(self._objects.bucket.pieces(found.key))
            disk.put(path, data)
            elsewhere.put_note(path, self._objects.note(found, hashlib.sha256(data).hexdigest()))

    def _said_digest(self, found: Object) -> str:
        said = self._objects.bucket.stat(found.key).sha256
        return said if said and _SHA256.fullmatch(said) else self._objects.bucket.sha256(found.key)
