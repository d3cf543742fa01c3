"""What pages show beside their text, where a source asks for it to be kept: which of it is still to be had."""

from __future__ import annotations

from datetime import datetime

from aggregator import archive
from aggregator.archive import Entry
from aggregator.catalogue import FRESH, Catalogue
from aggregator.errors import FetchError
from aggregator.extract import requisites
from aggregator.fetch.limits import MAX_REQUISITE_BYTES
from aggregator.model import Capture, Requisites, Response, Role, Source

MAX_DUE = 5_000
"""Pictures and style sheets that one source asks for in one go."""
MAX_SHOWN_BYTES = 20 << 20
"""Of the pictures and style sheets of one page, as archived, all that it ever showed together."""

_PAGES = ("", "text/html", "application/xhtml+xml")


class Showing:
    """What is shown by pages, as far as a catalogue knows.

    Args:
        catalogue: Open; read, never changed.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def due(self, source: Source, now: datetime) -> list[str]:
        """Return the pictures and style sheets of a source that are still to be asked for."""
        return self._catalogue.requisites_due(source.id, now, MAX_DUE) if source.keep.requisites else []

    def is_had(self, requisite: str, now: datetime) -> bool:
        """Whether a picture or style sheet was captured of late, be it for another source."""
        last = self._catalogue.last_at(requisite, now - FRESH)
        return last is not None and last.status < 400 and not (last.truncated or last.problem)

    def is_too_much(self, requisite: str) -> bool:
        """Whether the page that shows a picture or style sheet has shown as much as is kept of one."""
        return self._catalogue.requisite_bytes(self._shown_with(requisite)) >= MAX_SHOWN_BYTES

    def named_by(self, entry: Entry, source: Source) -> Requisites | None:
        """Return what a captured page needs to be seen, or a style sheet that a page names; None: nothing is kept."""
        capture = entry.what
        if not (source.keep.requisites and isinstance(capture, Capture)) or capture.status != 200:
            return None
        if capture.refers_to or capture.truncated or capture.problem or capture.via or archive.is_import(entry.file):
            return None
        named = self._named(capture, entry.body)
        if not named or set(named) == self._catalogue.last_named(capture.url, capture.captured_at - FRESH):
            return None
        return Requisites(
            record_id=capture.record_id,
            url=capture.url,
            source_id=capture.source_id,
            role=capture.role,
            noted_at=capture.captured_at,
            named=named,
        )

    def _named(self, capture: Capture, body: bytes) -> tuple[str, ...]:
        kind = capture.content_type.partition(";")[0].strip().lower()
        if capture.role is Role.PAGE and kind in _PAGES:
            return requisites.of_page(body, url=capture.url, content_type=capture.content_type)
        if capture.role is Role.REQUISITE and kind == "text/css" and self._catalogue.is_of_page(capture.asked_url):
            named = requisites.of_sheet(body, url=capture.url, content_type=capture.content_type)
            return named[: max(requisites.MAX_REQUISITES - len(self._shown_with(capture.asked_url)), 0)]
        return ()

    def _shown_with(self, requisite: str) -> set[str]:
        """Return all that the page shows which shows this."""
        return self._catalogue.needed_for(self._catalogue.pages_needing(requisite, 1))


def too_long(answer: Response) -> FetchError | None:
    """Return why a picture or style sheet is not kept, half of which is none; None: it is, or the answer is another."""
    is_cut = answer.truncated == "length" or len(answer.received) > MAX_REQUISITE_BYTES
    if answer.request.role is not Role.REQUISITE or not is_cut:
        return None
    return FetchError(answer.request.url, f"longer than {MAX_REQUISITE_BYTES:,} bytes", retryable=False)
