"""All that is known of one article: what is claimed, what was observed, its versions, who else has its text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aggregator import access, dedupe, reposts, search
from aggregator.errors import UnknownIdError
from aggregator.home import Home
from aggregator.model import Article, Capture, Credit, Match, Observation, Version
from aggregator.reposts import Decision

if TYPE_CHECKING:
    from aggregator.extract import LanguageSpan


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """An article with all that is known of it, as it may be shown."""

    article: Article
    versions: Sequence[Version]
    """Those that may be shown, the oldest first."""
    captures: Mapping[str, Capture]
    """Of its pages, by record id."""
    credits: Sequence[Credit]
    matches: Sequence[Match]
    matched: Mapping[str, Article]
    """The articles of the matches, itself among them."""
    decided: Sequence[Decision]
    """What people decided of any articles."""
    observed: Sequence[Observation]

    def version(self, number: int | None) -> Version:
        """Return a version by its number, which it keeps when others are withdrawn; None: the newest.

        Raises:
            UnknownIdError: There is none of that number.
        """
        if number is None:
            return self.versions[-1]
        found = next((version for version in self.versions if version.number == number), None)
        if found is None:
            raise UnknownIdError(f"{self.article.id} has {len(self.versions)} version(s), no number {number}.")
        return found

    def numbered(self, version: Version) -> str:
        """Return in words which of its versions one is: some may be withdrawn."""
        count = len(self.versions)
        return f"{version.number} of {count}" if version.number <= count else f"{version.number}; {count} can be read"

    def capture(self, version: Version) -> Capture | None:
        """Return the capture that a version was read in; None: it is not there to be shown."""
        return self.captures.get(version.record_id)

    def changes(self, old: Version, new: Version) -> list[dedupe.Change]:
        """Return what changed from one of its versions to another, the titles first."""
        return changes(old, new)


def changes(old: Version, new: Version) -> list[dedupe.Change]:
    """Return what changed from one version of an article to another, the titles first."""
    return list(dedupe.changes(f"{old.title or ''}\n\n{old.text}", f"{new.title or ''}\n\n{new.text}"))


def languages(version: Version) -> tuple[LanguageSpan, ...]:
    """Return the parts of a text by language: a page may hold one and its translation.

    Of a long one they are those of its beginning.
    """
    from aggregator.extract import LanguageSpan, language_spans

    parts = language_spans(version.text[: dedupe.MAX_COMPARED_CHARS], (version.language,) if version.language else ())
    is_one = len({part.language for part in parts}) < 2
    return (LanguageSpan(version.language, 0, len(version.text)),) if is_one and version.text else parts


def dossier(home: Home, ref: str) -> Dossier:
    """Return what is known of an article.

    Args:
        home: Where to look.
        ref: Its id or address, also one that redirected to it, or without its scheme.

    Raises:
        UnknownIdError: There is none, or several.
        StoreError: The catalogue is missing, damaged or of another version.
    """
    if home.is_new:
        raise UnknownIdError(f"{ref}: nothing was crawled into this home yet.")
    with access.opened(home) as catalogue:
        article = search.find(catalogue, ref)
        versions = catalogue.versions(article.id)
        matches = catalogue.matches_of([article.id])
        return Dossier(
            article=article,
            versions=versions,
            captures={c.record_id: c for c in catalogue.captures_of(article.id)},
            credits=catalogue.credits(article.id),
            matches=matches,
            matched=catalogue.articles({i for m in matches for i in (m.a, m.b)}),
            decided=reposts.standing(home, catalogue),
            observed=dedupe.observations(catalogue.captures_at(article.url), catalogue.sightings(article.id), versions),
        )
