"""The words of this project, as frozen dataclasses. Each is a noun of the field; docs/reference/glossary.md says whose.

Instants are always aware and in UTC. What a source *claims* (``claimed_*``) and what we *observed* (``captured_at``)
are different facts and keep different names.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from typing import Any

# --- what to follow -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """How to read a list page: CSS selectors of a source without a complete feed."""

    links: str
    """Selects the links to articles (or elements that hold one)."""
    next: str | None = None
    """Selects the link to the next, older list page; None: there is only one."""
    start: str | None = None
    """The address of the first list page; None: the source's front page."""


class Access(StrEnum):
    """Who may see the articles of a source."""

    PUBLIC = "public"
    STAFF = "staff"
    """Those who work on this home: found and shown here, never exported."""
    DARK = "dark"
    """Nobody: kept, not shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractRule:
    """How to read the pages of a source where nobody can tell by looking: CSS selectors, for captures before a day."""

    content: str | None = None
    """Selects what holds the text."""
    title: str | None = None
    date: str | None = None
    drop: str | None = None
    """Selects what is none of the article."""
    valid_until: datetime | None = None
    """The day from which on it does not hold; None: it holds."""
    furniture: tuple[str, ...] = ()
    """Digests of lines that are the source's and none of its articles'; learned, not from sources.yaml."""

    @property
    def selectors(self) -> dict[str, str]:
        """What it selects, by name."""
        named = {"content": self.content, "title": self.title, "date": self.date, "drop": self.drop}
        return {name: selector for name, selector in named.items() if selector}

    @property
    def inputs(self) -> dict[str, Any]:
        """All of it that a reading depends on, as JSON knows it."""
        return {**self.selectors, **({"furniture": list(self.furniture)} if self.furniture else {})}


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A publisher we follow: one entry of sources.yaml."""

    id: str
    """Short and stable: lower-case letters, digits and dashes. Article ids are made from it."""
    name: str
    url: str
    """The front page."""
    feeds: tuple[str, ...] = ()
    """Feeds, tried in order until one answers; empty: discovered on the front page."""
    sitemap: str | None = None
    """A sitemap; None: those that robots.txt names."""
    listing: Listing | None = None
    languages: tuple[str, ...] = ()
    """ISO 639-1 codes, the most frequent first; empty: any."""
    aliases: tuple[str, ...] = ()
    """How others credit it, lower case."""
    mirrors: tuple[str, ...] = ()
    """Host names that serve the same articles at the same paths."""
    tags: tuple[str, ...] = ()
    every: timedelta | time | None = None
    """Time from one pass to the next, or the time of day of the only one; None: the program chooses."""
    timezone: str = "UTC"
    """The zone of that time of day, as the IANA names it."""
    engine: str = "auto"
    """What the site runs, as sources.yaml says; ``auto``: nobody said, ``wayback``: it is dead, and read there."""
    recheck: bool = True
    """Whether articles are looked at again for edits, the older the rarer."""
    certificate: str | None = None
    """SHA-256, hexadecimal, of the certificate that its host has, whoever signed it; None: it is to be a valid one."""
    pace_s: float = 5.0
    """Seconds from the end of one request to a host to the start of the next."""
    obey_robots: bool = True
    expected_days: int | None = None
    """Days without a new article that are usual; None: what is usual follows from its past."""
    notify: bool = True
    """Whether its alarms are sent out; they are shown in any case."""
    paused: bool = False
    """Keep the source and its articles, but do not visit it."""
    extract: tuple[ExtractRule, ...] = ()
    """How to read its pages; each for captures before its day."""
    access: Access = Access.PUBLIC
    access_until: datetime | None = None
    """When that ends and everybody may see it; None: it does not."""
    no_links: bool = False
    """Whether no public permalink, feed or replay may lead to its copies; preservation goes on."""

    def rule_at(self, captured_at: datetime) -> ExtractRule | None:
        """Return the rule for what was captured then: of those that still held, the one that ended first."""
        held = [rule for rule in self.extract if rule.valid_until is None or captured_at < rule.valid_until]
        return min(held, key=lambda rule: rule.valid_until or datetime.max.replace(tzinfo=UTC), default=None)

    def is_closed(self, now: datetime, *, leaving: bool) -> bool:
        """Whether its articles are withheld: dark ones everywhere, those for staff where they would leave the home."""
        if self.access_until and now >= self.access_until:
            return False
        return self.access is Access.DARK or (leaving and self.access is Access.STAFF)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The ``settings:`` of sources.yaml."""

    contact: str | None = None
    """An address or URL for the User-Agent, so that a webmaster can reach a person; None: none was given."""
    allow_private: tuple[str, ...] = ()
    """Networks in CIDR form that may be visited although they are not public; for test worlds."""
    proxy: str | None = None
    """Through which every request goes, as ``socks5://127.0.0.1:9050``, which then resolves the names; None: none."""
    certificates: tuple[tuple[str, str], ...] = ()
    """Hosts whose certificate is not judged by who signed it but by its SHA-256, hexadecimal: what sources say."""
    notify: str | None = None
    """Where changes of alarms are posted; None: nowhere."""
    embeddings: str | None = None
    """The folder of word vectors, a file a language, from the home on; None: what texts mean is not asked."""
    index: str = "whoosh"
    """The engine of the full-text index."""
    min_free_bytes: int = 1 << 30
    """A writer stops cleanly when the disk has less room than this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Following:
    """sources.yaml as a whole."""

    settings: Settings
    sources: tuple[Source, ...]
    written: bytes | None = field(default=None, compare=False, repr=False)
    """The file as it was read, to be archived with what it led to, without what is secret; None: there was no file."""

    def source(self, source_id: str) -> Source | None:
        """Return the source of that id; None: sources.yaml does not have it."""
        return next((s for s in self.sources if s.id == source_id), None)


# --- what the network gave ------------------------------------------------------------------------------------------


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
    """How many list pages or sitemap indexes led here in this run."""
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
class Failure:
    """An address that could not be had or read: a WARC metadata record, so that a rebuild knows it too."""

    url: str
    source_id: str
    role: Role
    failed_at: datetime
    reason: str
    retryable: bool


# --- what it says ---------------------------------------------------------------------------------------------------


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


BOTH_HAVE = "both have "
"""How the reason of a translation begins that lists names and numbers out of both texts."""


class Relation(StrEnum):
    """What kind of match: coarse."""

    DUP = "dup"
    """One text, also cut short or edited."""
    PARTIAL = "partial"
    """A passage of one in the other."""
    TRANSLATION = "translation"
    """The text in another language."""


@dataclass(frozen=True, slots=True, order=True)
class Passage:
    """The same words in two texts: character offsets on both sides, ends exclusive."""

    a_start: int
    a_end: int
    b_start: int
    b_end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A part of a passage in which nothing was changed but letters misread."""

    words: float
    """How many words are the same on both sides."""
    grams: tuple[int, ...]
    """Some of its runs of five words, by which it is told how rare it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """A passage, and what it is worth."""

    passage: Passage
    words: float
    """How long it is in the first text, in words."""
    alike: float
    """How many of these are the same in the other, or the same but misread."""
    stretches: tuple[Stretch, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Alignment:
    """What two articles share, word by word, whatever that means: the raw evidence that matches are judged by."""

    a: str
    b: str
    """Article ids, ``a < b``."""
    a_version: str
    b_version: str
    """Digests of the versions that share most."""
    a_chars: int
    b_chars: int
    """How long these are, in characters."""
    shared: tuple[Shared, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Evidence that two articles share text: which spans, how much, in which direction."""

    a: str
    b: str
    """Article ids, ``a < b``."""
    a_version: str
    b_version: str
    relation: Relation
    kind: str
    """verbatim, retitled, truncated, excerpt, quote, roundup, edited, reblog, translation, joint, mirror, migrated."""
    first: str | None
    """The article that had it first; None: undecided."""
    a_coverage: float
    b_coverage: float
    """The share of each text's characters inside the passages, 0.0 to 1.0."""
    passages: tuple[Passage, ...]
    evidence: tuple[str, ...]
    """The reasons for kind and direction, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two articles that have a match, without what it says."""

    a: str
    b: str
    """Article ids, ``a < b``."""
    a_version: str
    b_version: str
    relation: Relation


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """The articles that are one text; people read "family"."""

    id: str
    """Its smallest member."""
    members: tuple[str, ...]
    original: str | None
    """The probable original; None: undecided, or there is none."""


# --- what happened, what was asked ----------------------------------------------------------------------------------


class Outcome(StrEnum):
    """How a run ended."""

    OK = "ok"
    PARTIAL = "partial"
    """Some addresses failed."""
    LIMITED = "limited"
    """A limit ended it before all that was announced had been asked for."""
    FAILED = "failed"
    """Nothing could be read that announces articles."""
    INTERRUPTED = "interrupted"


@dataclass(slots=True, kw_only=True)
class Run:
    """One execution for one source, with a count per outcome. The one word that changes: it is being counted."""

    source_id: str
    started_at: datetime
    ended_at: datetime | None = None
    discovered: int = 0
    """Addresses announced that were not known before."""
    known: int = 0
    """Addresses announced that were known."""
    fetched: int = 0
    """Answers received, feeds and robots.txt included."""
    not_modified: int = 0
    """Of these, answers that said: as before."""
    new: int = 0
    """Articles seen for the first time."""
    new_versions: int = 0
    """Articles whose text has changed."""
    pending: int = 0
    """Addresses left for the next run by a limit."""
    outcome: Outcome = Outcome.OK
    failed: list[tuple[str, str]] = field(default_factory=list)
    """Address and reason."""
    posts: int = 0
    """Of the items that feeds showed, those that were not known before."""
    window: int = 0
    """How many items the feed showed; 0: none was read."""
    asked_s: float = 0.0
    """Seconds that the feed asks to leave between two looks at it; 0.0: it asks for nothing."""
    rechecked: int = 0
    """Known articles looked at again for edits."""
    notes: list[str] = field(default_factory=list)
    """What the operator should know, in words: that a feed has moved."""
    listed: int = 0
    """How many articles its sitemaps listed; 0: they were not all read."""
    engine: str = ""
    """What made its pages or feed, by their own signs; empty: these do not show."""
    certificate_from: datetime | None = None
    """Since when the certificate of its host is valid; None: it has none, or nobody asked."""
    certificate_until: datetime | None = None
    """And until when."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a long piece of work is."""

    doing: str
    done: int
    total: int
    """Sources of a crawl, bytes of a rebuild, articles of an indexing."""
    pages: int = 0
    """Answers archived and catalogued so far."""
    pages_left: int = 0
    """Pages known to be still to ask for."""
    new: int = 0
    failed: int = 0
    in_bytes: bool = False
    """Whether ``done`` and ``total`` are bytes."""


Report = Callable[[Progress], None]
"""Told how far the work is, again and again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One search result: an article, standing for its cluster."""

    article: Article
    score: float
    """How well the query is met, by the best of its cluster."""
    title: str | None
    """As the snippet: HTML with marks; None: it has none."""
    snippet: str
    """HTML: escaped text with the words found inside ``<mark>``."""
    copies: tuple[str, ...]
    """The other members of its cluster."""
    original: str | None
    """The probable original of its cluster: this article, if it was found; None: undecided, or it has no copies."""
    translations: tuple[tuple[str, str | None], ...]
    """Articles that are it in another language, with that; it may be the translation."""
    captured_at: datetime
    """When this version was first seen; the article itself is as old as its first."""
    number: int
    """Which of the versions that may be seen it is, from 1."""
    versions: int
    """How many these are."""
    archived: str
    """Where the capture of this version is: file and offset, relative to the home."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """The answer to a query."""

    query: str
    """As it was typed."""
    total: int
    """How many articles match, each copy counted."""
    texts: int | None
    """How many texts these are, the copies of one text counted once; None: so many that nobody counted."""
    took_ms: float
    hits: tuple[Hit, ...]
    facets: dict[str, list[tuple[str, int]]]
    """``source``, ``language``, ``month``: values with how many articles have each, copies too; the most
    frequent first, months the newest first."""
    note: str | None = None
    """What the reader should know: words ignored, "all words" relaxed to "any word"; None: nothing."""
