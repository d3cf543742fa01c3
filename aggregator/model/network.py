"""What the network was asked, and what it gave."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Role(StrEnum):
    """Why an address was asked for; archived with the capture, so that a rebuild reads it the same way."""

    ROBOTS = "robots"
    FRONT = "front"
    """The front page of a source without feeds: read for the feeds it announces."""
    FEED = "feed"
    SITEMAP = "sitemap"
    LISTING = "listing"
    PAGE = "page"
    """An announced address: read for articles."""
    REQUISITE = "requisite"
    """What a page shows with its text, as pictures and style sheets: kept to be replayed, not read for articles."""
    OTHER = "other"
    """What an imported file holds beside these, as pictures and scripts: kept, not read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One address to ask for, and why."""

    url: str
    role: Role
    source_id: str
    asked_url: str = ""
    """The address that led here by redirects; empty: this one is the first."""
    hops: int = 0
    """How many redirects led here."""
    depth: int = 0
    """How many list pages or sitemap indexes led here in this run; of a requisite, how many pages and style sheets."""
    etag: str | None = None
    """The validator of the last capture, sent as If-None-Match; None: ask unconditionally."""
    last_modified: str | None = None
    """Likewise, as If-Modified-Since, in the server's own words."""

    @property
    def announced_url(self) -> str:
        """The address as a feed or a person gave it, before any redirect."""
        return self.asked_url or self.url


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What the server answered, byte for byte as on the wire. A redirect is a response of its own."""

    request: Request
    started_at: datetime
    """When the request was sent."""
    ip: str
    """The address that was connected to; empty: not known, for a proxy chose it."""
    sent: bytes
    """The request as sent."""
    received: bytes
    """Status line, headers and body as received: chunked and compressed bodies as they were sent."""
    truncated: str | None = None
    """Why the answer is incomplete, in the words of WARC-Truncated (length, time, disconnect); None: it is whole."""
    certificate: tuple[datetime, datetime] | None = None
    """From when to when the host's certificate is valid; None: there is none, or sources.yaml vouches for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """One archived response: a URL as it was at an instant."""

    url: str
    captured_at: datetime
    """When the request was sent; the WARC-Date of its record, to the microsecond."""
    source_id: str
    role: Role
    asked_url: str
    """The address that was asked for first; differs from ``url`` after a redirect."""
    status: int
    content_type: str
    """As declared by the server; empty: it declared none."""
    payload_digest: str
    """SHA-1 of the payload as archived, base32 with its prefix, as in WARC-Payload-Digest."""
    record_id: str
    """WARC-Record-ID, with its angle brackets."""
    refers_to: str | None
    """For a revisit, the record id of the response that holds the body; None: this record holds it."""
    etag: str | None
    last_modified: str | None
    location: str | None
    """Where a redirect points, absolute; None: this is no redirect."""
    truncated: str | None
    problem: str | None
    """Why the body cannot be decoded; None: it can, or this is a revisit."""
    file: str
    """The WARC file, relative to archive/."""
    offset: int
    length: int
    """Where in the file the gzip member begins, and how long it is, in bytes."""
    via: str | None = None
    """The address in another archive that it was had from, which captured it then; None: we captured it."""
    max_age_s: float = 0.0
    """How long the server calls it fresh, in seconds; 0.0: it does not say."""

    @property
    def place(self) -> str:
        """Where the project has it: file and offset, relative to the home."""
        return f"archive/{self.file}#{self.offset}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Requisites:
    """What a captured page, or a style sheet, needs to be seen: addresses that are to be archived with it."""

    record_id: str
    """WARC-Record-ID of the capture that names them."""
    url: str
    """Of that capture."""
    source_id: str
    role: Role
    """Of that capture: a page, or a requisite that is a style sheet."""
    noted_at: datetime
    """When that was captured."""
    named: tuple[str, ...]
    """Canonical, each once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """An address that could not be had or read: a WARC metadata record, so that a rebuild knows it too."""

    url: str
    source_id: str
    role: Role
    failed_at: datetime
    reason: str
    retryable: bool
