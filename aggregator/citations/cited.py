"""What is cited: one version of an article, and where the archive has it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from aggregator import contacts
from aggregator.model import Article
from aggregator.periods import instant

MAX_ABSTRACT_CHARS = 500
"""Of a text, how much stands in a citation: enough to know it again, too little to replace it."""
_BREAKS = re.compile(r"[ \t]*[\t\n\v\f\r\x1c-\x1f\x85\u2028\u2029]+[ \t]*")
_NOT_IN_XML = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cited:
    """A version of an article, with what a citation says of it besides its words."""

    article: Article
    """As it was in that version: title, authors, text and digest are those of the version."""
    source_name: str
    """What people call its source; the id, where sources.yaml no longer has it."""
    archived: str | None
    """Where the project has it: file and offset, relative to the home; None: nothing may lead there, or it is gone."""
    captured_at: datetime
    """When that version was first seen: the day of access."""
    family: str | None
    """The family of texts that it belongs to; None: no copy of it is known."""
    copies: int
    """How many other articles are that text."""
    original: str | None
    """The article that probably is the original of its family; None: undecided, or there is none."""

    @property
    def version(self) -> str:
        """The digest of the text that is cited."""
        return self.article.version

    @property
    def title(self) -> str | None:
        """Its title in one line; None: it has none."""
        return one_line(self.article.title or "") or None

    @property
    def authors(self) -> tuple[str, ...]:
        """Who wrote it, as the page says it, each in one line; never taken apart into first and last names."""
        return tuple(name for author in self.article.authors if (name := one_line(author)))

    @property
    def abstract(self) -> str | None:
        """How its text begins, in one line; None: it has none."""
        text = one_line(self.article.text[: 2 * MAX_ABSTRACT_CHARS])
        if len(text) <= MAX_ABSTRACT_CHARS and len(self.article.text) <= 2 * MAX_ABSTRACT_CHARS:
            return text or None
        whole, blank, _ = text[:MAX_ABSTRACT_CHARS].rpartition(" ")
        return f"{whole if blank else text[:MAX_ABSTRACT_CHARS]} …".strip()

    @property
    def has_contacts(self) -> bool:
        """Whether phone numbers or e-mail addresses stand in what is written of it."""
        return any(map(contacts.found, (self.title or "", self.abstract or "", *self.authors)))


def one_line(text: str) -> str:
    """Return a text in one line, with what XML can hold.

    Line breaks and tabs become a space; other control characters, halves of characters and what is no character are
    left out. All else stays, also blanks that do not break.
    """
    return _NOT_IN_XML.sub("", _BREAKS.sub(" ", text)).strip()


def day(at: datetime) -> str:
    """Return the day of an instant in ISO 8601, UTC."""
    return f"{at.astimezone(UTC):%Y-%m-%d}"


def said_of(cited: Cited) -> str:
    """Return for people what identifies the text that is cited, and where the archive has it."""
    where = f" Archived in {one_line(cited.archived)}." if cited.archived else ""
    return f"Article {cited.article.id}, version {cited.version}, captured {instant(cited.captured_at)}.{where}"
