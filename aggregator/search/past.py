"""What could be read on a day: articles in the versions that were there then."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from aggregator.access import Shown
from aggregator.home import Home
from aggregator.index import Found, Sort
from aggregator.model import Article, Facts
from aggregator.query import All, Node, Not, Only, Within
from aggregator.search.answering import Answers, counted
from aggregator.search.reading import Read


class PastAnswers(Answers):
    """The articles of a home as they were at an instant.

    What was not edited since is found by the index; of the rest the version of then is read. All are found newest
    first: how well a text that is not in the index would fit nobody has counted.

    Args:
        home: Whose.
        catalogue: Its catalogue, open for reading.
        at: The instant; what was first seen then or later was not there.
    """

    def __init__(self, home: Home, catalogue: Shown, at: datetime) -> None:
        super().__init__(home, catalogue)
        self._at = at
        self._edited = catalogue.edited_since(at)
        self._then = self._as_they_were(self._edited)
        self._reads = [Read(article, self.languages) for article in self._then.values()]

    def _as_they_were(self, ids: Iterable[str]) -> dict[str, Article]:
        articles = self._catalogue.articles(ids)
        found = {}
        for i, versions in self._catalogue.versions_of(articles).items():
            seen = [version for version in versions if version.captured_at < self._at]
            if seen:
                found[i] = articles[i].as_in(seen[-1])
        return found

    def ask(
        self, node: Node | None, *, sort: Sort = Sort.RELEVANCE, limit: int | None = None, with_facets: bool = False
    ) -> Found:
        """Return what a query finds, the newest first; see ``Answers.ask``."""
        there = Within("captured", None, self._at)
        same = Not(Only("id", tuple(sorted(self._edited))))
        sort = Sort.PUBLISHED if sort is Sort.RELEVANCE else sort
        found = super().ask(
            All((*([node] if node else ()), there, same)), sort=sort, limit=limit, with_facets=with_facets
        )
        past = [self._then[read.id] for read in self._reads if read.holds(node)]
        by = self.articles([i for i, _ in found.hits])
        every = sorted(
            [*(by[i] for i, _ in found.hits if i in by), *past],
            key=lambda a: (-_at(a, sort).timestamp(), -_at(a, Sort.PUBLISHED).timestamp(), a.id),
        )
        facets = {name: dict(Counter(counts) + counted(past)[name]) for name, counts in found.facets.items()}
        return Found([(article.id, 0.0) for article in every[:limit]], found.total + len(past), facets, found.cut)

    def articles(self, ids: Iterable[str]) -> dict[str, Article]:
        """Return articles as they were."""
        wanted = list(ids)
        now = super().articles(i for i in wanted if i not in self._edited)
        return now | {i: self._then[i] for i in wanted if i in self._then}

    def all_facts(self) -> list[Facts]:
        """Return the facts of all articles that were there, as they were."""
        same = [each for each in super().all_facts() if each.captured_at < self._at and each.id not in self._edited]
        return sorted([*same, *(article.facts for article in self._then.values())], key=lambda facts: facts.id)

    def members(self, ids: Iterable[str]) -> list[str]:
        """Return which of some articles were there."""
        return [facts.id for facts in self._catalogue.facts(ids) if facts.captured_at < self._at]


def answers_of(home: Home, catalogue: Shown, as_of: datetime | None) -> Answers:
    """Return a home's answers as they are, or as they were just before an instant."""
    return Answers(home, catalogue) if as_of is None else PastAnswers(home, catalogue, as_of)


def _at(article: Article, sort: Sort) -> datetime:
    return article.captured_at if sort is Sort.CAPTURED else article.claimed_at or article.captured_at
