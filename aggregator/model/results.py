"""What was asked, and what was found."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from aggregator.model.articles import Article


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
    instead: str | None = None
    """What was looked for, as it is typed, where some of the words were enough; None: all of the query."""

    @property
    def copies(self) -> int:
        """How many of the articles are copies of another of them; 0 too where nobody counted."""
        return 0 if self.texts is None else self.total - self.texts
