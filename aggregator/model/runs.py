"""What happened, and how far it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


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
