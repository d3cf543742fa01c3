"""What pages and announcements say."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovery:
    """One announced URL, with what the announcement claims about it and where it was seen."""

    url: str
    found_in: str
    """The feed, sitemap or list page."""
    claimed_title: str | None = None
    claimed_at: datetime | None = None
    """Publication date, as announced."""
    claimed_updated_at: datetime | None = None
    """Date of the last edit, as announced; None: none was."""
    claimed_author: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """What one feed, sitemap, list page, robots.txt or front page announces."""

    discoveries: tuple[Discovery, ...] = ()
    """Articles."""
    feeds: tuple[str, ...] = ()
    """Feeds that a page links."""
    sitemaps: tuple[str, ...] = ()
    """Further sitemaps."""
    next: str | None = None
    """The next, older list page; None: this was the last."""
    lists: tuple[str, ...] = ()
    """Further list pages: months, sections."""
    title: str | None = None
    """What a feed or front page calls the site; None: it says nothing."""
    engine: str | None = None
    """What made it, by its own signs; None: it does not show."""
    engine_sign: str | None = None
    """How that shows, in words."""
    is_parked: bool = False
    """Whether it is a page that stands on a domain when its site is gone."""
    problems: tuple[str, ...] = ()
    """What could not be read, in words."""
    asked_s: float = 0.0
    """Seconds that a feed asks to leave between two looks at it; 0.0: it asks for nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credit:
    """A line in which an article names its origin."""

    start: int
    end: int
    """Character offsets of the line in the text, end exclusive."""
    line: str
    outlet: str
    """The name or address given, as written."""
    source_id: str | None = None
    """The source it was resolved to; None: not one that we follow."""


ON_INDEX = "on-index-page"
"""A problem: read on a page of several posts, it stands for the article until the article's own page is read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What an extractor read in one page; nothing of it is certain."""

    title: str | None
    authors: tuple[str, ...]
    claimed_at: datetime | None
    """Publication date as the page states it; a date without a time is midnight UTC."""
    language: str | None
    """ISO 639-1 code; None: undetermined."""
    text: str
    """Paragraphs, one a line."""
    problems: tuple[str, ...] = ()
    """``empty-text``, ``not-html`` ..."""
    modified_at: datetime | None = None
    """Date of the last change as the page states it, midnight UTC; None: it states none. Never a publication date."""
    url: str | None = None
    """Of a post on a page of several: its own address, or its place on the page; None: the page is the article."""
    posts: tuple[Reading, ...] = ()
    """Of a page of several posts: these, in its order; empty: the page is one article."""
    claimed_by: str | None = None
    """Where the page claims its publication date: ``linked-data``, ``meta``, ``element``, ``line``, ``address``,
    ``rule``, ``document``, or ``pattern`` (somewhere else, looked for by htmldate); None: nowhere."""
    comments: str = ""
    """What readers wrote under it, paragraphs one a line, if that was asked for. It is no part of the text."""
    canonical_url: str | None = None
    """The address on its own site that the page says it should be known by; None: it says none."""


ANNOUNCED = "announced"
"""That a date is claimed by a feed, a sitemap or a list page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """One piece of writing on a page, the same over time, with its newest version."""

    id: str
    source_id: str
    url: str
    title: str | None
    authors: tuple[str, ...]
    claimed_at: datetime | None
    """Publication date as feed or page claim it; None: neither did."""
    captured_at: datetime
    """When we saw it first."""
    language: str | None
    text: str
    version: str
    """Digest of the newest version's normalised text."""
    number: int
    """How many versions there are; for display only."""
    problems: tuple[str, ...] = ()
    claimed_by: str | None = None
    """Where that date is claimed: ``ANNOUNCED`` (a feed, sitemap or list page), or a place on the page, as in Reading,
    where only the day is."""

    @property
    def facts(self) -> Facts:
        """What filters, facets and order need of it."""
        return Facts(
            id=self.id,
            source_id=self.source_id,
            language=self.language,
            claimed_at=self.claimed_at,
            captured_at=self.captured_at,
        )

    def as_in(self, version: Version) -> Article:
        """Return the article as it was in a version; a date that was announced is that of all of them."""
        is_announced = self.claimed_by == ANNOUNCED
        return replace(
            self,
            title=version.title,
            authors=version.authors,
            claimed_at=self.claimed_at if is_announced else version.claimed_at,
            claimed_by=self.claimed_by if is_announced else version.claimed_by,
            language=version.language,
            text=version.text,
            version=version.digest,
            number=version.number,
            problems=version.problems,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What filters, facets and order need of an article: light enough to hold for every match of a query."""

    id: str
    source_id: str
    language: str | None
    claimed_at: datetime | None
    captured_at: datetime

    @property
    def dated(self) -> datetime:
        """The claimed publication date; where none is claimed, when we saw it first."""
        return self.claimed_at or self.captured_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """That an article was seen in a capture, and with which text."""

    article_id: str
    captured_at: datetime
    record_id: str
    """The WARC record that holds the page; for a capture that only says "as before", the one it refers to."""
    digest: str
    """Of the text that was read: that of a version, or of nothing readable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """An article's text as first seen in a capture."""

    article_id: str
    number: int
    """1 for the first; for display only, citations use the digest."""
    digest: str
    captured_at: datetime
    record_id: str
    """The WARC record it was read from."""
    generation: str
    """The extractor and its version."""
    title: str | None
    """As shown: where the page has none, the announced one."""
    text: str
    read_title: str | None
    """As the page has it."""
    authors: tuple[str, ...]
    claimed_at: datetime | None
    language: str | None
    problems: tuple[str, ...]
    claimed_by: str | None = None
    """These five, too, as the page has them."""

    @property
    def is_stand_in(self) -> bool:
        """Whether it was read on a page of several posts."""
        return ON_INDEX in self.problems


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionFacts:
    """Which version it is, and when it was first seen: what is said of one without its text."""

    article_id: str
    number: int
    digest: str
    captured_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What was observed at an article's address from an instant on, until something else was."""

    at: datetime
    what: str
    """seen, back, empty, vanished, blocked, unavailable."""
    why: str
    """In words; empty: nothing is to be added."""
    record_id: str
    """The WARC record of the capture."""
