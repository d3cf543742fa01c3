"""Pages read in bulk: a map over the segments of the archive that are to be read anew, a little ahead of who derives.

What is found is what would be read one by one: a part holds each reading by the digest of all that it depends on, and
what is not in the parts is read as ever. What takes readings into the catalogue stays here, one entry after the other.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from aggregator import archive, bulk, disk, extract
from aggregator.bulk import Failed, Part, Segment
from aggregator.catalogue import Catalogue
from aggregator.errors import AggregatorError, ExtractError, StoreError
from aggregator.home import Home
from aggregator.model import Capture, ExtractRule, Following, Progress, Report, Settings, Source
from aggregator.pipeline.reading import Reader, Result, is_read

JOB = "readings"
FROM_BYTES = {"local": 1 << 28, "dask": 1 << 20}
"""How much must be behind before it is read in bulk. On Dask: a crawl that was killed catches up with a few pages
without a cluster. Here: it is no faster than page by page, and each worker takes seconds to begin; what it gives is
that a rebuild of many minutes goes on after a kill (256 MiB of real pages are some five minutes on two processors)."""
SEGMENT_BYTES = 1 << 25
"""How long a segment is: half a minute's work, a thousand pages or more."""
MAX_SEGMENT_BYTES = 1 << 28
"""What is longer and cannot be cut, as a WACZ file, is read here: a part is in memory while it is made and read."""
_COMMIT = 16
"""Parts that are noted as done together."""


class Ahead:
    """What a map over segments read, by the capture it was read from; asked in the order of the archive.

    Args:
        folder: Of the parts.
        results: Segments in order with what came of them; taken as they are needed.
        since: From where on each file is read in bulk, in bytes.
        note: Told which parts are done; not inside a transaction.
        report: Told which segments no worker could read.
    """

    def __init__(
        self,
        folder: Path,
        results: Iterator[tuple[Segment, Part | Failed]],
        since: Mapping[str, int],
        note: Callable[[Part], None],
        report: Report,
    ) -> None:
        self._folder = folder
        self._results = results
        self._since = since
        self._note = note
        self._report = report
        self._at: Segment | None = None
        self._found: dict[str, dict[str, Any]] = {}

    def find(self, capture: Capture, key: str) -> Result | None:
        """Return what was read of a page, or why it could not be; None: it is not in the parts. Wait for it.

        Raises:
            AggregatorError: There is nothing any more that could run a task.
        """
        if capture.offset < self._since.get(capture.file, capture.offset + 1):
            return None
        while (at := self._at) is None or at.file != capture.file or at.stop <= capture.offset:
            found = next(self._results, None)
            if found is None:
                return None
            self._take(*found)
        said = self._found.get(key)
        if said is None:
            return None
        return ExtractError(capture.url, said["reason"]) if "reason" in said else extract.reading_of(said["reading"])

    def _take(self, segment: Segment, part: Part | Failed) -> None:
        self._at, self._found = segment, {}
        if isinstance(part, Failed):
            self._tell(segment, part.reason)
            return
        self._note(part)
        lines = bulk.lines(self._folder, segment, part)
        if lines is None:
            self._tell(segment, "its part is missing or damaged")
        self._found = {line["key"]: line for line in lines or ()}

    def _tell(self, segment: Segment, reason: str) -> None:
        doing = f"reading here what no worker could ({segment.file} from {segment.start:,} on: {reason})"
        self._report(Progress(doing=doing, done=0, total=segment.size, in_bytes=True))


@contextmanager
def ahead(
    home: Home,
    following: Following,
    furniture: Mapping[str, tuple[str, ...]],
    known: Catalogue,
    behind: Mapping[str, tuple[int, int]],
    report: Report,
) -> Iterator[Ahead | None]:
    """Have read in bulk what is behind, if that is enough to be worth it.

    Args:
        home: Whose archive.
        following: sources.yaml.
        furniture: Digests of the lines that are a source's and none of its articles', by source.
        known: Where it is noted which parts are done.
        behind: From where to where each file is to be read, in bytes; in order.
        report: Told which segments no worker could read.

    Yields:
        What is read; None: it is to be read page by page.

    Raises:
        UsageError: The package that speaks to the executor is not installed.
        AggregatorError: The executor does not answer.
        NoSpaceError: The disk is full or read-only.
    """
    executor = following.settings.executor
    was_read = {
        folder
        for folder in {archive.folder_of(file) for file in behind}
        if archive.has_articles(home.archive, folder, extract.generation())
    }
    unread = {file: ends for file, ends in behind.items() if archive.folder_of(file) not in was_read}
    if sum(stop - start for start, stop in unread.values()) < FROM_BYTES[executor.partition(":")[0]]:
        yield None
        return
    order = _order_of(home.archive, following, furniture)
    version = f"{extract.generation()}-{hashlib.sha256(json.dumps(order, sort_keys=True).encode()).hexdigest()[:8]}"
    folder = home.parts / f"{JOB}-{version}"
    with disk.guarded(folder):
        disk.make_folder(folder, home.root)
        bulk.put_order(folder, order)
    noted = known.parts(JOB, version)
    done: list[Part] = []

    def commit() -> None:
        with known.transaction():
            known.put_parts(JOB, version, [(part.segment, part.rows, part.sha256) for part in done])
        done.clear()

    def note(part: Part) -> None:
        if noted.get(part.segment) != part.sha256:
            done.append(part)
        if len(done) >= _COMMIT:
            commit()

    def kept(segment: Segment) -> Part | Failed | None:
        if segment.size > MAX_SEGMENT_BYTES:
            return Failed(f"it is one piece of {segment.size:,} bytes")
        part = bulk.kept(folder, segment)
        if part and noted.get(segment.name) in (None, part.sha256):
            return part
        bulk.damaged(folder, segment)
        return None

    with bulk.opened(executor) as engine:
        results = bulk.in_order(engine, partial(read_segment, str(folder)), _segments(home.archive, unread), kept=kept)
        since = {file: start for file, (start, _) in unread.items()}
        try:
            yield Ahead(folder, results, since, note, report)
        finally:
            if done:
                commit()


def forget(home: Home, known: Catalogue) -> None:
    """Take away all parts, also those of older code: what they were made for is done."""
    if home.parts.exists():
        with known.transaction():
            known.forget_parts()
    remove_parts(home)


def remove_parts(home: Home) -> None:
    """Overwrite and remove all parts: they hold texts, and what is erased must not be found in the room of the disk.

    Raises:
        NoSpaceError: The disk is read-only.
        StoreError: The disk fails.
    """
    with disk.guarded(home.parts):
        disk.overwrite_folder(home.parts)  # a task that Dask ran twice may still be about to write there


def read_segment(folder: str, segment: Segment) -> Part:
    """Read every page of a segment, each within its limits; a task, in whatever process it runs.

    Args:
        folder: Of the parts, with the order.
        segment: Which.

    Returns:
        The manifest of the part.

    Raises:
        AggregatorError: The archive cannot be read from here, or this program is not the one that ordered the work.
    """
    part = bulk.kept(Path(folder), segment)
    return part or bulk.put(Path(folder), segment, _read(*_ordered(folder), segment))


def _read(archived: Path, reader: Reader, segment: Segment) -> Iterator[dict[str, Any]]:
    try:
        for entry in archive.entries(archived, segment.file, segment.start):
            what = entry.what
            if isinstance(what, Capture) and what.offset >= segment.stop:
                return
            if isinstance(what, Capture) and is_read(what):
                key = reader.key(what, entry.body)
                try:
                    yield {"key": key, "reading": extract.told(reader.read(what, entry.body))}
                except ExtractError as error:
                    yield {"key": key, "reason": error.reason}
    except (StoreError, OSError) as error:
        raise AggregatorError(f"{error} (on this worker)") from None


def _segments(archived: Path, behind: Mapping[str, tuple[int, int]]) -> Iterator[Segment]:
    for file, (start, _) in behind.items():
        for begin, end in archive.stretches(archived, file, start, most_bytes=SEGMENT_BYTES):
            yield Segment(file=file, start=begin, stop=end)


# --- the order ------------------------------------------------------------------------------------------------------


def _order_of(archived: Path, following: Following, furniture: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
    """Return what a task needs to read a page as the line would: whose it is, and by which rules."""
    return {
        "archive": str(archived.resolve()),
        "generation": extract.generation(),
        "sources": [_said(source) for source in following.sources],
        "furniture": {source_id: list(lines) for source_id, lines in furniture.items() if lines},
    }


def _said(source: Source) -> dict[str, Any]:
    rules = [
        {**rule.selectors, "valid_until": rule.valid_until and rule.valid_until.isoformat()} for rule in source.extract
    ]
    return {
        "id": source.id,
        "name": source.name,
        "url": source.url,
        "feeds": source.feeds,
        "sitemap": source.sitemap,
        "mirrors": source.mirrors,
        "languages": source.languages,
        "extract": rules,
    }


@lru_cache(maxsize=2)
def _ordered(folder: str) -> tuple[Path, Reader]:
    """Return the archive and what reads its pages as was ordered; a process reads the order once."""
    try:
        order = bulk.order(Path(folder))
    except (OSError, ValueError) as error:
        raise AggregatorError(
            f"{folder}: a worker cannot read the order ({error}). Workers need the home at the same path."
        ) from None
    if order["generation"] != extract.generation():
        raise AggregatorError(
            f"the work was ordered for {order['generation']}, a worker has {extract.generation()}: install the same "
            "version of this program there"
        )
    sources = tuple(_source(said) for said in order["sources"])
    furniture = {source_id: tuple(lines) for source_id, lines in order["furniture"].items()}
    archived = Path(order["archive"])
    return archived, Reader(archived, Following(settings=Settings(), sources=sources), furniture)


def _source(said: dict[str, Any]) -> Source:
    rules = tuple(
        ExtractRule(**rule | {"valid_until": rule["valid_until"] and datetime.fromisoformat(rule["valid_until"])})
        for rule in said["extract"]
    )
    lists = {name: tuple(said[name]) for name in ("feeds", "mirrors", "languages")}
    return Source(**said | lists | {"extract": rules})


__all__ = ["FROM_BYTES", "JOB", "SEGMENT_BYTES", "Ahead", "ahead", "forget", "read_segment", "remove_parts"]
