"""What a feed says, in whatever form it is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from markupsafe import Markup


class Kind(StrEnum):
    """What a feed tells."""

    NEW = "new"
    EDITED = "edited"
    VANISHED = "vanished"
    REPOSTS = "reposts"
    TROUBLE = "broken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One piece of news. What strangers wrote of it is as they wrote it."""

    id: str
    """A URN that neither order nor machine change."""
    path: str
    """Of the page that says more, from the root of this server."""
    title: str
    updated: datetime
    """When it was observed."""
    source_id: str
    source_name: str
    text: str = ""
    html: Markup | None = None
    """What stands in the place of ``text``: our own markup, with all that strangers wrote escaped."""
    authors: tuple[str, ...] = ()
    published: datetime | None = None
    """As claimed; None: it is not, or this is not about an article's coming."""
    address: str | None = None
    """Where the article was read."""
    language: str | None = None
    """Of the title."""
    is_quoted: bool = False
    """Whether the text is in that language too; else it is ours, and English."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """News of a kind, the newest first."""

    id: str
    title: str
    page: str
    """Of the page that is nearest to it, from the root of this server."""
    updated: datetime
    entries: Sequence[Entry]
