"""What may leave: articles as they may be shown, and the captures of which nothing must stay."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from aggregator.access import Shown
from aggregator.model import Article, Capture, Version

PORTION = 200
"""Articles looked at together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """An article that leaves."""

    article: Article
    """As it may be shown."""
    version: Version
    """Its newest version, in the same words."""
    capture: Capture | None
    """What that was read from; None: the catalogue does not know it."""
    versions: tuple[Version, ...]
    """All that may be seen, oldest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Portion:
    """Some articles that leave, and their captures."""

    articles: tuple[Leaving, ...]
    captures: tuple[Capture, ...]
    """Those that leave and are in no earlier portion, in the order of the files."""


class Selection:
    """The articles that were asked for, as far as they may leave.

    Args:
        catalogue: Open, without what may not leave.
        ids: The articles asked for, in order.

    Attributes:
        total: How many articles were asked for.
        withheld_articles: How many of those looked at so far stay.
        withheld_captures: Likewise.
    """

    def __init__(self, catalogue: Shown, ids: Sequence[str]) -> None:
        self._catalogue = catalogue
        self._ids = ids
        self._given: set[str] = set()
        self.total = len(ids)
        self.withheld_articles = self.withheld_captures = 0

    def portions(self, *, with_captures: bool = True) -> Iterator[Portion]:
        """Yield what leaves, some articles at a time.

        Args:
            with_captures: Whether their captures are wanted.
        """
        for start in range(0, self.total, PORTION):
            ids = self._ids[start : start + PORTION]
            found = self._catalogue.articles(ids)
            articles = tuple(leaving for i in ids if i in found and (leaving := self._leaving(found[i])))
            self.withheld_articles += len(ids) - len(articles)
            captures = self._captures([a.article.id for a in articles]) if with_captures else ()
            yield Portion(articles=articles, captures=captures)

    def _leaving(self, article: Article) -> Leaving | None:
        versions = self._catalogue.versions(article.id)
        newest = next((v for v in reversed(versions) if v.digest == article.version), None)
        if newest is None:
            return None
        capture = self._catalogue.capture(newest.record_id)
        as_shown = replace(
            newest, title=article.title, text=article.text, authors=article.authors, language=article.language
        )
        return Leaving(article=article, version=as_shown, capture=capture, versions=tuple(versions))

    def _captures(self, ids: Sequence[str]) -> tuple[Capture, ...]:
        found = self._not_given(self._catalogue.captures_showing(ids))
        stays = self._stay({c.refers_to or c.record_id for c in found})
        captures = [c for c in found if (c.refers_to or c.record_id) not in stays]
        self.withheld_captures += len(found) - len(captures)
        captures += self._not_given(self._catalogue.captures_of_requisites({c.url for c in captures}))
        return tuple(sorted(captures, key=lambda capture: (capture.file, capture.offset)))

    def _not_given(self, captures: Iterable[Capture]) -> list[Capture]:
        """Return those that are in no earlier portion; from now on they are in one."""
        found = [c for c in captures if c.record_id not in self._given]
        self._given |= {c.record_id for c in found}
        return found

    def _stay(self, record_ids: Iterable[str]) -> set[str]:
        """Return the records in which something was read that may not be seen whole."""
        sightings = self._catalogue.sightings_in(record_ids)
        read = {s.article_id for s in sightings}
        may = {(i, version.digest) for i in read for version in self._catalogue.whole_versions(i)}
        return {s.record_id for s in sightings if (s.article_id, s.digest) not in may}
