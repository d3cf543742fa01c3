"""From a question to the articles that it finds, as far as they may be seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC

from aggregator.access import Shown
from aggregator.home import Home
from aggregator.index import Asked, Found, Reader, Sort
from aggregator.model import Article, Facts
from aggregator.query import All, Node, Only, Word
from aggregator.search.reading import Read, loosened, scores

MAX_LOOKED_AT = 500
"""Articles whose shown text is compared with the query while passages or names are withdrawn; the newest, for to choose
them by what the index knows would tell what is withdrawn."""
_PORTION = 200
"""Articles whose texts are in memory together."""


class Answers:
    """The full-text index of a home, without what may not be seen.

    Args:
        home: Whose.
        catalogue: Its catalogue, open for reading.
    """

    def __init__(self, home: Home, catalogue: Shown) -> None:
        self._catalogue = catalogue
        closed, hidden = catalogue.closed_sources, catalogue.hidden_articles()
        self._unseen = tuple(
            Only(field, tuple(sorted(values))) for field, values in (("source", closed), ("id", hidden)) if values
        )
        self.was_cut = False
        """Whether not all that the index found was looked at."""
        self._reader = Reader(home.fulltext)
        self.languages = self._reader.languages()

    def ask(
        self, node: Node | None, *, sort: Sort = Sort.RELEVANCE, limit: int | None = None, with_facets: bool = False
    ) -> Found:
        """Return what a query finds.

        Args:
            node: The query; None: everything.
            sort: What comes first.
            limit: How many hits are to be returned, of all that are counted; None: all.
            with_facets: Whether they are to be counted by source, language and month.

        Raises:
            StoreError: The index is missing, damaged or of another version.
        """
        if not self._catalogue.withholds:
            return self._reader.ask(Asked(node, self.languages, sort, limit, with_facets, self._unseen))
        by = Sort.PUBLISHED if sort is Sort.RELEVANCE else sort
        look_at = None if limit is None else MAX_LOOKED_AT
        found = self._reader.ask(Asked(loosened(node), self.languages, by, look_at, unseen=self._unseen))
        self.was_cut |= len(found.hits) < found.total
        return self._read_again(node, found, sort, limit, with_facets=with_facets)

    def close(self) -> None:
        """Let go of the index."""
        self._reader.close()

    def _read_again(
        self, node: Node | None, found: Found, sort: Sort, limit: int | None, *, with_facets: bool
    ) -> Found:
        """Find again in texts as they may be shown: the index holds them as they were read.

        Nothing of what is withdrawn may be told: not by a hit, not by one that is missing, not by the order of them.
        """
        reads: list[Read] = []
        kept: list[Article] = []
        for start in range(0, len(found.hits), _PORTION):
            some = [article_id for article_id, _ in found.hits[start : start + _PORTION]]
            articles = self._catalogue.articles(some)
            for article in (articles[i] for i in some if i in articles):
                read = Read(article, self.languages)
                if read.holds(node):
                    kept.append(replace(article, text=""))
                    if sort is Sort.RELEVANCE:
                        reads.append(read)
        fits = scores(reads, node) if sort is Sort.RELEVANCE else [0.0] * len(kept)
        hits = [(article.id, fit) for article, fit in zip(kept, fits, strict=True)]
        if sort is Sort.RELEVANCE:
            hits.sort(key=lambda hit: -hit[1])  # equals stay as they are: the newest first
        return Found(hits[:limit], len(hits), counted(kept) if with_facets else {}, found.cut)

    def articles(self, ids: Iterable[str]) -> dict[str, Article]:
        """Return articles as they may be shown."""
        return self._catalogue.articles(ids)

    def all_facts(self) -> list[Facts]:
        """Return the facts of all articles that may be seen."""
        return self._catalogue.all_facts()

    def members(self, ids: Iterable[str]) -> list[str]:
        """Return which of some articles, which the index or the catalogue named, are there: now, all of them."""
        return list(ids)

    def meant(self, word: Word) -> list[str]:
        """Return what a misspelt word may stand for, the most frequent first, also in what may not be seen."""
        return self._reader.meant(word)

    def found_of(self, node: Node | None, ids: Iterable[str]) -> dict[str, float]:
        """Return which of some articles a query finds, with their scores."""
        only = Only("id", tuple(sorted(ids)))
        return dict(self.ask(All((node, only)) if node else only).hits) if only.values else {}


def counted(articles: Sequence[Article]) -> dict[str, Counter[str]]:
    """Return how many articles are of each source, language and month, as an index counts them."""
    dated = ((article.claimed_at or article.captured_at).astimezone(UTC) for article in articles)
    return {
        "source": Counter(article.source_id for article in articles),
        "language": Counter(article.language or "" for article in articles),
        "month": Counter(f"{at.year:04}-{at.month:02}" for at in dated),
    }
