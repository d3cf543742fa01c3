"""What to follow: what sources.yaml says."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """How to read a list page: CSS selectors of a source without a complete feed."""

    links: str
    """Selects the links to articles (or elements that hold one)."""
    next: str | None = None
    """Selects the link to the next, older list page; None: there is only one."""
    start: str | None = None
    """The address of the first list page; None: the source's front page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """What is archived beside the pages of articles."""

    requisites: bool = False
    """Whether the pictures and style sheets that a page of an article shows are."""


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
    keep: Keep = Keep()
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
    catalogue: str = "sqlite"
    """Where the catalogue is: ``sqlite``, a file of the home, or the address of a PostgreSQL server."""
    executor: str = "local"
    """Where much is read at once: ``local``, or the scheduler of a Dask cluster as ``dask://host:port``."""
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
