"""The way out to a concordance: a query to the lines in which its words stand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from aggregator import access, concordance
from aggregator.concordance import Line, Order
from aggregator.errors import UsageError
from aggregator.home import Home
from aggregator.model import Article
from aggregator.query import Query
from aggregator.search import matching_in
from aggregator.search.answering import Answers
from aggregator.search.past import answers_of
from aggregator.search.wanted import Wanted

MAX_LINES = 10_000
"""Some 10 MB of memory; who wants more narrows the time."""
PORTION = 50
"""Articles read at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Concordance:
    """All places where the words of a query stand."""

    query: str
    """As it was typed."""
    articles: int
    """How many were found, copies too."""
    lines: tuple[Line, ...]
    """In the order that was asked for."""
    is_cut: bool
    """Whether there are more lines: these are of the newest articles."""
    note: str | None
    """As in Results."""

    @property
    def elsewhere(self) -> int:
        """How many articles have the words elsewhere than in their texts, as in a title; 0 too where lines are cut."""
        return 0 if self.is_cut else self.articles - self.holding

    @property
    def holding(self) -> int:
        """How many articles the lines are of."""
        return len({line.article_id for line in self.lines})


def words_in_context(home: Home, query: Query, *, order: Order = "right", as_of: datetime | None = None) -> Concordance:
    """Return every place in the texts of the articles found where a word or phrase of the query stands.

    Titles are left out. Copies are articles like all others.

    Args:
        home: Where to look.
        query: As parsed, with filters.
        order: Of the lines, as in ``concordance.ordered``.
        as_of: Of what could be read just before then, in the versions of then; None: as it is now.

    Raises:
        UsageError: The query has no word that is looked for in texts.
        StoreError: Catalogue or index is missing, damaged or of another version.
    """
    if not Wanted(query.node, ()):
        raise UsageError("the query has no word or phrase that is looked for in texts; there is nothing to line up.")
    if home.is_new:
        return Concordance(query=query.text, articles=0, lines=(), is_cut=False, note="Nothing was crawled yet.")
    with access.opened(home) as catalogue, closing(answers_of(home, catalogue, as_of)) as answers:
        wanted = Wanted(query.node, catalogue.languages())
        ids, note = matching_in(answers, home, catalogue, query)
        found = (line for article in portions(answers, ids) for line in _lines(article, wanted))
        lines = list(islice(found, MAX_LINES))
        is_cut = next(found, None) is not None
    ordered = tuple(concordance.ordered(lines, order))
    return Concordance(query=query.text, articles=len(ids), lines=ordered, is_cut=is_cut, note=note)


def _lines(article: Article, wanted: Wanted) -> Iterator[Line]:
    return concordance.lines(article, wanted.words_in(article.language), wanted.phrases)


def portions(answers: Answers, ids: Sequence[str]) -> Iterator[Article]:
    """Yield articles as they may be shown, in the order of their ids, with only some of them in memory."""
    for start in range(0, len(ids), PORTION):
        some = ids[start : start + PORTION]
        found = answers.articles(some)
        yield from (found[i] for i in some if i in found)
