"""What may leave: articles as they may be shown, and the captures of which nothing must stay."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from aggregator.catalogue import Catalogue
from aggregator.model import Article, Capture, Version

PORTION = 200
"""Articles looked at together."""

Shown = Callable[[Article], Article | None]
MayLeave = Callable[[Capture], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """An article that leaves."""

    article: Article
    """As it may be shown."""
    version: Version
    """Its newest version, in the same words."""
    capture: Capture | None
    """What that was read from; None: the catalogue does not know it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Portion:
    """Some articles that leave, and their captures."""

    articles: tuple[Leaving, ...]
    captures: tuple[Capture, ...]
    """Those that leave and are in no earlier portion, in the order of the files."""


class Selection:
    """The articles that were asked for, as far as they may leave.

    Args:
        catalogue: Open for reading.
        ids: The articles asked for, in order.
        shown: Returns an article as it may be shown; None: it is withheld.
        may_leave: Whether a capture may leave.

    Attributes:
        total: How many articles were asked for.
        withheld_articles: How many of those looked at so far stay.
        withheld_captures: Likewise.
    """

    def __init__(self, catalogue: Catalogue, ids: Sequence[str], *, shown: Shown, may_leave: MayLeave) -> None:
        self._catalogue = catalogue
        self._ids = ids
        self._shown = shown
        self._may_leave = may_leave
        self._given: set[str] = set()
        self._left: set[str] = set()
        self._versions: dict[str, list[Version]] = {}
        """Of the articles of one portion."""
        self.total = len(ids)
        self.withheld_articles = self.withheld_captures = 0

    def portions(self, *, with_captures: bool = True) -> Iterator[Portion]:
        """Yield what leaves, some articles at a time.

        Args:
            with_captures: Whether their captures are wanted.
        """
        for start in range(0, self.total, PORTION):
            ids = self._ids[start : start + PORTION]
            self._versions.clear()
            found = self._catalogue.articles(ids)
            shown = [article for i in ids if i in found and (article := self._shown(found[i]))]
            articles = tuple(leaving for article in shown if (leaving := self._leaving(article)))
            self.withheld_articles += len(ids) - len(articles)
            captures = self._captures([a.article.id for a in articles]) if with_captures else ()
            yield Portion(articles=articles, captures=captures)

    def _leaving(self, article: Article) -> Leaving | None:
        newest = next((v for v in reversed(self._versions_of(article.id)) if v.digest == article.version), None)
        if newest is None:
            return None
        capture = self._catalogue.capture(newest.record_id)
        as_shown = replace(
            newest, title=article.title, text=article.text, authors=article.authors, language=article.language
        )
        return Leaving(article=article, version=as_shown, capture=capture)

    def _captures(self, ids: Sequence[str]) -> tuple[Capture, ...]:
        found = [c for c in self._catalogue.captures_showing(ids) if c.record_id not in self._given]
        self._given |= {c.record_id for c in found}
        stays = self._stay({_held_by(c) for c in found})
        leave = {c.record_id for c in found if _held_by(c) not in stays and self._may_leave(c)}
        # a capture that says "as before" leaves with what was before, or not at all
        captures = tuple(c for c in found if {c.record_id, _held_by(c)} <= leave | self._left)
        self._left |= {c.record_id for c in captures}
        self.withheld_captures += len(found) - len(captures)
        return captures

    def _stay(self, record_ids: Iterable[str]) -> set[str]:
        """Return the records in which something was read that may not be shown whole, or nothing was."""
        sightings = self._catalogue.sightings_in(record_ids)
        articles = self._catalogue.articles({s.article_id for s in sightings})
        whole = [i for i, article in articles.items() if self._shown(article) == article]
        may = {(i, version.digest) for i in whole for version in self._versions_of(i)}
        return {s.record_id for s in sightings if (s.article_id, s.digest) not in may}

    def _versions_of(self, article_id: str) -> list[Version]:
        if article_id not in self._versions:
            self._versions[article_id] = self._catalogue.versions(article_id)
        return self._versions[article_id]


def _held_by(capture: Capture) -> str:
    """Return the record that holds the body of a capture."""
    return capture.refers_to or capture.record_id
