"""WACZ 1.1.1: a WARC file, its index and its pages in one zip file, which pywb and ReplayWeb.page open."""

from __future__ import annotations

import gzip
import hashlib
import json
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import IO, Any

from aggregator import __version__
from aggregator.exports.aside import Sink

VERSION = "1.1.1"
WARC_NAME = "captures.warc.gz"
BLOCK_LINES = 1_024
"""Of the index: so many are compressed together, and a reader takes in no more of it than it needs (ZipNum)."""


class Package:
    """A WACZ file that is being written.

    Args:
        zipped: Where it goes.
        now: When it is made.
    """

    def __init__(self, zipped: zipfile.ZipFile, *, now: datetime) -> None:
        self._zip = zipped
        self._now = now
        self._resources: list[dict[str, Any]] = []

    @contextmanager
    def resource(self, path: str, *, compress: bool = False) -> Iterator[Sink]:
        """Give a place for the bytes of one file of the package."""
        with self._zip.open(self._entry(path, compress=compress), "w", force_zip64=True) as out:
            sink = Sink(out.write)
            yield sink
        name = path.rpartition("/")[2].lower()
        self._resources.append({"name": name, "path": path, "hash": f"sha256:{sink.sha256}", "bytes": sink.size_bytes})

    def add_index(self, lines: Sequence[str]) -> None:
        """Add the index of the captures, in the one form that pywb, py-wacz and ReplayWeb.page all read.

        Args:
            lines: CDXJ, in order.
        """
        blocks = ['!meta 0 {"format": "cdxj-gzip-1.0", "filename": "index.cdx.gz"}\n']
        with self.resource("indexes/index.cdx.gz") as out:
            for start in range(0, len(lines), BLOCK_LINES):
                block = gzip.compress("".join(lines[start : start + BLOCK_LINES]).encode(), mtime=0)
                digest = f"sha256:{hashlib.sha256(block).hexdigest()}"
                place = {"offset": out.size_bytes, "length": len(block), "digest": digest}
                blocks.append(f"{lines[start].partition(' {')[0]} {json.dumps(place)}\n")
                out.write(block)
        with self.resource("indexes/index.idx", compress=True) as out:
            out.write("".join(blocks).encode())

    def close(self, *, title: str, description: str) -> None:
        """Add the list of what is in it, and the digest of that list."""
        package = {
            "profile": "data-package",
            "title": title,
            "description": description,
            "created": f"{self._now.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
            "wacz_version": VERSION,
            "software": f"aggregator/{__version__}",
            "resources": self._resources,
        }
        listed = json.dumps(package, ensure_ascii=False, indent=2).encode()
        digest = {"path": "datapackage.json", "hash": f"sha256:{hashlib.sha256(listed).hexdigest()}"}
        self._zip.writestr(self._entry("datapackage.json", compress=True), listed)
        self._zip.writestr(self._entry("datapackage-digest.json", compress=True), json.dumps(digest, indent=2))

    def _entry(self, path: str, *, compress: bool) -> zipfile.ZipInfo:
        entry = zipfile.ZipInfo(path, date_time=self._now.astimezone(UTC).timetuple()[:6])
        entry.external_attr = 0o644 << 16
        entry.compress_type = zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED
        return entry


class Pages:
    """The pages of a package, kept aside until the WARC file is whole.

    Args:
        file: Empty, to write and read.
        title: Of the list.
    """

    def __init__(self, file: IO[bytes], *, title: str) -> None:
        self._file = file
        self._add({"format": "json-pages-1.0", "id": "pages", "title": title, "hasText": True})

    def add(self, said: dict[str, Any], *, url: str, captured_at: datetime) -> None:
        """Add a page.

        Args:
            said: The article on it, as a NewsArticle.
            url: The address of the capture.
            captured_at: Its instant.
        """
        instant = f"{captured_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
        page = {"id": said["identifier"], "url": url, "ts": instant, "title": said.get("headline", url)}
        self._add(page | {"text": said.get("articleBody", "")})

    def write_to(self, sink: Sink) -> None:
        """Write all of them."""
        self._file.seek(0)
        while piece := self._file.read(1 << 20):
            sink.write(piece)

    def _add(self, line: dict[str, Any]) -> None:
        self._file.write(json.dumps(line).encode() + b"\n")
