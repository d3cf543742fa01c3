"""What captured pages say: read by workers meanwhile, in bulk, or as it was read when their day was closed."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from aggregator import archive, extract, schemaorg
from aggregator.errors import ExtractError
from aggregator.model import Capture, ExtractRule, Following, Reading, Role, Source
from aggregator.pipeline import belonging

MAX_FOLDERS_HELD = 3
Result = Reading | ExtractError
"""What came of a page."""


class Found(Protocol):
    """What was read in bulk."""

    def find(self, capture: Capture, key: str) -> Result | None:
        """Return what was read of a page, by the key of all that this depends on; None: it was not."""


class Reader:
    """Reads pages, each once.

    Args:
        folder: ``archive/``: where the readings of closed days are.
        following: sources.yaml.
        furniture: Digests of the lines that are a source's and none of its articles', by source.
    """

    def __init__(self, folder: Path, following: Following, furniture: Mapping[str, tuple[str, ...]]) -> None:
        self._folder = folder
        self._following = following
        self._furniture = furniture
        self._asked: dict[tuple[str, str, datetime, bytes], Future[Reading]] = {}
        """Readings to come, by what they are read from; the place will not do: one member may hold many records."""
        self._read: dict[str, dict[tuple[str, str], list[tuple[Reading, int]]]] = {}
        """What was read of the captures of a folder, by record and generation, and of how many posts: of the last few
        folders."""
        self.found: Found | None = None
        """What is read in bulk, and taken before a worker is asked; None: nothing is."""

    def begin(self, capture: Capture, body: bytes) -> None:
        """Have a page read meanwhile, unless it was read before."""
        if not self.before(capture):
            found = self.found.find(capture, self.key(capture, body)) if self.found else None
            self._asked[_read_from(capture, body)] = _done(found) if found else self._submit(capture, body)

    def read(self, capture: Capture, body: bytes) -> Reading:
        """Return what a page says; wait for it.

        Raises:
            ExtractError: It could not be read.
            AggregatorError: No worker can be had.
        """
        asked = self._asked.pop(_read_from(capture, body), None)
        return (asked or self._submit(capture, body)).result()

    def before(self, capture: Capture) -> list[Reading]:
        """Return what this extractor read in a capture when its day was closed; empty: it must be read again."""
        folder = archive.folder_of(capture.file)
        if folder not in self._read:
            if len(self._read) == MAX_FOLDERS_HELD:
                self._read.pop(next(iter(self._read)))
            by_record: dict[tuple[str, str], list[tuple[Reading, int]]] = {}
            for record, reading, posts, generation in schemaorg.readings(
                archive.read_articles(self._folder, folder, extract.generation())
            ):
                by_record.setdefault((record, generation), []).append((reading, posts))
            self._read[folder] = by_record
        record = capture.refers_to or capture.record_id
        found = self._read[folder].get((record, self.generation(capture)), [])
        is_whole = all(posts == len(found) for _, posts in found)
        # the language of a short one depends on what sources.yaml says today
        return [r for r, _ in found] if is_whole and all(extract.tells_its_language(r.text) for r, _ in found) else []

    def generation(self, capture: Capture) -> str:
        """Return by which extractor and rules a capture is read."""
        return extract.generation(self._rule(capture))

    def key(self, capture: Capture, body: bytes) -> str:
        """Return the digest of all that one extractor's reading of a page depends on."""
        return extract.key(body, extract.about(**self._about(capture)))

    def _submit(self, capture: Capture, body: bytes) -> Future[Reading]:
        return extract.submit_page(body, **self._about(capture))

    def _about(self, capture: Capture) -> dict[str, Any]:
        """Return what ``read_page`` is told about a page."""
        return {
            "url": capture.url,
            "content_type": capture.content_type,
            "languages": self._source(capture).languages,
            "captured_at": capture.captured_at,
            "rule": self._rule(capture),
        }

    def _source(self, capture: Capture) -> Source:
        whose = capture.source_id or belonging.source_id(capture.url, self._following.sources)
        return belonging.source(self._following, whose, capture.url)

    def _rule(self, capture: Capture) -> ExtractRule | None:
        source = self._source(capture)
        rule = source.rule_at(capture.captured_at)
        lines = self._furniture.get(source.id, ())
        return replace(rule or ExtractRule(), furniture=lines) if lines else rule


def is_read(capture: Capture) -> bool:
    """Whether a capture is a page whose own record holds what is to be read."""
    has_body = capture.refers_to is None and capture.location is None
    return capture.role is Role.PAGE and has_body and not trouble(capture)


def trouble(capture: Capture) -> str | None:
    """Return why there is nothing to read in what a server answered; None: there is."""
    if capture.status not in (200, 304):
        return f"HTTP {capture.status}"
    if capture.truncated:
        return f"the answer is incomplete ({capture.truncated})"
    if capture.status == 304 and capture.refers_to is None:
        return "HTTP 304 to a request that named no earlier capture"
    return capture.problem


def _done(outcome: Result) -> Future[Reading]:
    done: Future[Reading] = Future()
    if isinstance(outcome, ExtractError):
        done.set_exception(outcome)
    else:
        done.set_result(outcome)
    return done


def _read_from(capture: Capture, body: bytes) -> tuple[str, str, datetime, bytes]:
    return capture.url, capture.content_type, capture.captured_at, body


__all__ = ["MAX_FOLDERS_HELD", "Found", "Reader", "Result", "is_read", "trouble"]
