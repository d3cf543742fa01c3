"""BagIt 1.0 (RFC 8493): a folder with a payload and the digests of everything in it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from aggregator import __version__, disk
from aggregator.exports.aside import Part, Sink
from aggregator.model import Source

SIGN = "bagit.txt"
TAG_MANIFEST = "tagmanifest-sha256.txt"


class Bag:
    """A bag that is being filled.

    Args:
        folder: Empty.

    Attributes:
        size_bytes: The length of the payload so far.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._payload: dict[str, str] = {}
        self._tags: dict[str, str] = {}
        self.size_bytes = 0
        self._tag(SIGN, "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n")
        disk.make_folder(folder / "data", folder)

    @contextmanager
    def payload(self, name: str) -> Iterator[Sink]:
        """Give a place for the bytes of one file of the payload."""
        with Part(self._folder / "data" / name) as out:
            sink = Sink(out.write)
            yield sink
            out.sync()
        self._payload[f"data/{name}"] = sink.sha256
        self.size_bytes += sink.size_bytes

    def close(self, *, organization: str | None, description: str, now: datetime) -> str:
        """Write who gives what, and the manifests; return the SHA-256 of the last one, hexadecimal.

        Args:
            organization: Who hands it on; None: not said.
            description: What is in it.
            now: When it is made.
        """
        said = {
            "Source-Organization": organization,
            "External-Description": description,
            "Bagging-Date": f"{now.astimezone(UTC):%Y-%m-%d}",
            "Payload-Oxum": f"{self.size_bytes}.{len(self._payload)}",
            "Bag-Software-Agent": f"aggregator/{__version__}",
        }
        disk.sync_folder(self._folder / "data")
        self._tag("bag-info.txt", "".join(f"{k}: {' '.join(v.split())}\n" for k, v in said.items() if v))
        self._tag("manifest-sha256.txt", _manifest(self._payload))
        return self._tag(TAG_MANIFEST, _manifest(self._tags))

    def _tag(self, name: str, text: str) -> str:
        with Part(self._folder / name) as out:
            out.write(text.encode())
            out.sync()
        self._tags[name] = hashlib.sha256(text.encode()).hexdigest()
        return self._tags[name]


def sources_yaml(sources: Iterable[Source]) -> bytes:
    """Return who the sources are, in the form of sources.yaml; nothing of how they are followed."""
    lines = ["sources:\n"]
    for source in sources:
        lines += [
            f"{'    ' if number else '  - '}{name}: {json.dumps(value, ensure_ascii=False)}\n"
            for number, (name, value) in enumerate((("id", source.id), ("name", source.name), ("url", source.url)))
        ]
    return "".join(lines if len(lines) > 1 else ["sources: []\n"]).encode()


def _manifest(digests: dict[str, str]) -> str:
    return "".join(f"{digest}  {name}\n" for name, digest in sorted(digests.items()))
