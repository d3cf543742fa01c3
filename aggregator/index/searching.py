"""From a query to articles with scores, over the postings that Whoosh keeps.

Every node of a query becomes two arrays over all documents: which it finds, and how well. Whoosh's own matchers go from
posting to posting in Python; and of several segments they let an excluded word through.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from aggregator import analysis
from aggregator.index.postings import Counts, Docs, Postings
from aggregator.index.schema import TERMS, WORDS
from aggregator.query import All, Any, Node, Not, Only, Phrase, Reach, Within, Word

BOOSTS = {"title": 2.0, "title_words": 2.0, "text": 1.0, "text_words": 1.0, "author_words": 1.0}
"""How many times a word counts that stands in a field; in others it does not."""
K1, B = 1.5, 0.75
"""Usual is 1.2 to 2; over that range nDCG@10 is .314 to .338 on 76 questions with answers (CISI), and .322 here."""
MAX_EXPANSIONS = 50
"""Words that a prefix or a misspelt word stands for, at most: those that most articles have."""

_PLACES: dict[str | None, tuple[tuple[str, ...], tuple[str, ...]]] = {
    None: (TERMS, WORDS),
    "title": (("title",), ("title_words",)),
    "author": ((), ("author_words",)),
}
"""Where the terms and where the words are of what is asked of a place."""

Mask: TypeAlias = NDArray[np.bool_]
Scores: TypeAlias = NDArray[np.float64]
Found: TypeAlias = tuple[Mask, Scores]


class Searcher:
    """Answers queries from an index as it was when this was made.

    Args:
        postings: What is in it.
        languages: Those of the articles, over which each word is expanded.
    """

    def __init__(self, postings: Postings, languages: Sequence[str]) -> None:
        self._postings = postings
        self._languages = languages

    def find(self, node: Node | None) -> dict[str, float]:
        """Return the ids that a query finds, with their scores, in no order; None: everything."""
        living = self._postings.living
        mask, scores = (living, self._nothing()) if node is None else self._found(node)
        docs = np.flatnonzero(mask & living)
        names = self._postings.column("name")[docs].tolist()
        return dict(zip(map(bytes.decode, names), scores[docs].tolist(), strict=True))

    def _nothing(self) -> Scores:
        return np.zeros(self._postings.count)

    def _found(self, node: Node) -> Found:
        """Return which documents a node finds, and how well: a word each."""
        match node:
            case All(nodes):
                parts = [self._found(each) for each in nodes]
                mask = np.logical_and.reduce([mask for mask, _ in parts])
                return mask, np.where(mask, np.sum([scores for _, scores in parts], axis=0), 0.0)
            case Any(nodes):
                parts = [self._found(each) for each in nodes]
                scores = np.sum([scores for _, scores in parts], axis=0)
                return np.logical_or.reduce([mask for mask, _ in parts]), scores
            case Not(inner):
                return ~self._found(inner)[0], self._nothing()
            case Within(field, since, until):
                at = self._postings.column(field)
                low = -math.inf if since is None else since.timestamp()
                high = math.inf if until is None else until.timestamp()
                return (at >= low) & (at < high), self._nothing()
            case Only(field, values):
                return self._only(field, values), self._nothing()
            case Phrase(words, place):
                fields = _PLACES[place][1]
                return self._any((field, self._postings.in_order(field, words)) for field in fields)
            case Word():
                return self._any((field, self._postings.of(field, term)) for field, term in self._terms(node))

    def _only(self, field: str, values: Sequence[str]) -> Mask:
        if field == "id":
            return np.isin(self._postings.column("name"), np.array([value.encode() for value in values], "S"))
        if field == "url":
            names = [analysis.folded(value) for value in values]
            return self._any(("url_words", self._postings.in_order("url_words", name)) for name in names if name)[0]
        return self._any(("facts", self._postings.of("facts", f"{field}:{value}")) for value in values)[0]

    def _any(self, found: Iterable[tuple[str, tuple[Docs, Counts]]]) -> Found:
        """Return which documents have one of several terms, and how well: by fields, who has each, and how often.

        All of them count as one word (BM25F, Robertson and Zaragoza 2009): how often it stands in a field is weighed by
        that, and by how long the field is there; it is as rare as documents are that have it anywhere.
        """
        mask, counted = np.zeros(self._postings.count, np.bool_), self._nothing()
        for field, (docs, counts) in found:
            mask[docs] = True
            if field in BOOSTS:
                length = self._postings.lengths(field)[docs] / self._postings.usual_length(field)
                counted[docs] += BOOSTS[field] * counts / (1 - B + B * length)
        having, every = int((mask & self._postings.living).sum()), int(self._postings.living.sum())
        rarity = math.log(1 + (every - having + 0.5) / (having + 0.5))
        return mask, rarity * counted * (K1 + 1) / (counted + K1)

    def _terms(self, node: Word) -> Iterator[tuple[str, str]]:
        """Yield the fields and terms that a word stands for."""
        terms, words = _PLACES[node.place]
        if node.reach is Reach.FORMS and terms:
            yield from ((field, term) for field in terms for term in analysis.expanded(node.word, self._languages))
        elif node.reach in (Reach.PREFIX, Reach.NEAR):
            yield from ((field, word) for field in words for word in self._expanded(field, node))
        else:
            yield from ((field, node.word) for field in words)

    def _expanded(self, field: str, node: Word) -> Sequence[str]:
        """Return the words in a field that a prefix or a misspelt word stands for: the most frequent."""
        prefix = node.word if node.reach is Reach.PREFIX else node.word[:1]
        counts = Counter[str]()
        for word, count in self._postings.words(field, prefix):
            counts[word] += count
        if node.reach is Reach.NEAR:
            counts = Counter({word: counts[word] for word in analysis.near(node.word, list(counts))})
        return [word for word, _ in sorted(counts.items(), key=lambda found: (-found[1], found[0]))[:MAX_EXPANSIONS]]
