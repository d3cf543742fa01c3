"""From a query to articles with scores, over the postings that Whoosh keeps.

Every node of a query becomes two arrays over all documents: which it finds, and how well. Whoosh's own matchers go from
posting to posting in Python; and of several segments they let an excluded word through.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from aggregator import analysis
from aggregator.index.asking import K1, MAX_EXPANSIONS, Asked, B, Found, Sort
from aggregator.index.schema import instant, number_of
from aggregator.index.whoosh.postings import Counts, Docs, Postings
from aggregator.query import All, Node, Not, Only, Phrase, Reach, Within, Word
from aggregator.query import Any as Either

Fields: TypeAlias = Mapping[str, float]
"""How many times a word counts that stands in a field."""

_TERMS: dict[str | None, Fields] = {None: {"title": 2.0, "text": 1.0}, "title": {"title": 1.0}}
_WORDS: dict[str | None, Fields] = {
    None: {"title_words": 2.0, "text_words": 1.0},
    "title": {"title_words": 1.0},
    "author": {"author_words": 1.0},
}
"""Where the terms and where the words are of what is asked of a place; an author's name has no other forms."""

Mask: TypeAlias = NDArray[np.bool_]
Scores: TypeAlias = NDArray[np.float64]
Each: TypeAlias = tuple[Mask, Scores]


class Searcher:
    """Answers questions from an index as it was when this was made.

    Args:
        postings: What is in it.
        languages: Those of the articles, over which each word is expanded.
    """

    def __init__(self, postings: Postings, languages: Sequence[str]) -> None:
        self._postings = postings
        self._languages = languages
        self._cut: set[str] = set()
        self._seen: Mask = postings.living
        """Documents that may be found."""

    def answer(self, asked: Asked) -> Found:
        """Return what a question finds."""
        self._seen = self._postings.living
        for only in asked.unseen:
            self._seen = self._seen & ~self._only(only.field, only.values)
        mask, scores = (self._seen, self._nothing()) if asked.node is None else self._found(asked.node)
        docs = np.flatnonzero(mask & self._seen)
        return Found(
            tuple(self._first(docs, scores[docs], asked)),
            len(docs),
            self._facets(docs) if asked.with_facets else {},
            frozenset(self._cut),
        )

    def _first(self, docs: Docs, scores: Scores, asked: Asked) -> Iterator[tuple[str, float]]:
        """Yield the ids of the first documents, with their scores."""
        published = self._postings.column("published")[docs]
        ranks: dict[Sort, NDArray[Any]] = {
            Sort.RELEVANCE: scores,
            Sort.PUBLISHED: published,
            Sort.CAPTURED: self._postings.column("captured")[docs],
        }
        rank = ranks[asked.sort]
        if asked.limit is not None and asked.limit < len(docs):  # those behind need no order
            last = np.partition(rank, len(docs) - asked.limit)[len(docs) - asked.limit] if asked.limit else np.inf
            some = np.flatnonzero(rank >= last)
            docs, scores, rank, published = docs[some], scores[some], rank[some], published[some]
        names = self._postings.column("name")[docs]
        order = np.lexsort((names, -published, -rank))[: asked.limit]
        yield from zip(map(bytes.decode, names[order].tolist()), scores[order].tolist(), strict=True)

    def _facets(self, docs: Docs) -> dict[str, dict[str, int]]:
        found = {}
        for field in ("source", "language"):
            names = {number_of(name): name for name in self._facts(field)}
            numbers, counts = np.unique(self._postings.column(field)[docs], return_counts=True)
            found[field] = {names[n]: count for n, count in zip(numbers.tolist(), counts.tolist(), strict=True)}
        months = self._postings.column("published")[docs].astype("M8[us]").astype("M8[M]")
        numbers, counts = np.unique(months, return_counts=True)
        found["month"] = dict(zip(np.datetime_as_string(numbers).tolist(), counts.tolist(), strict=True))
        return found

    def _facts(self, field: str) -> set[str]:
        prefix = f"{field}:"
        return {fact.removeprefix(prefix) for fact in self._postings.words("facts", prefix).words}

    def _nothing(self) -> Scores:
        return np.zeros(self._postings.count)

    def _found(self, node: Node) -> Each:
        """Return which documents a node finds, and how well: a word each."""
        match node:
            case All(nodes):
                parts = [self._found(each) for each in nodes]
                mask = np.logical_and.reduce([mask for mask, _ in parts])
                return mask, np.where(mask, np.sum([scores for _, scores in parts], axis=0), 0.0)
            case Either(nodes):
                mask, scores = np.zeros(self._postings.count, np.bool_), self._nothing()
                for each in nodes:
                    found, fit = self._found(each)
                    mask, scores = mask | found, scores + fit
                return mask, scores
            case Not(inner):
                return ~self._found(inner)[0], self._nothing()
            case Within(field, since, until):
                at = self._postings.column(field)
                low = -math.inf if since is None else instant(since)
                high = math.inf if until is None else instant(until)
                return (at >= low) & (at < high), self._nothing()
            case Only(field, values):
                return self._only(field, values), self._nothing()
            case Phrase(words, place):
                fields = _WORDS[place]
                return self._any(fields, ((field, self._postings.in_order(field, words)) for field in fields))
            case Word():
                return self._word(node)

    def _only(self, field: str, values: Sequence[str]) -> Mask:
        if field == "id":
            return np.isin(self._postings.column("name"), np.array([value.encode() for value in values], "S"))
        if field == "url":
            names = [analysis.folded(value) for value in values]
            return self._any({}, (("url_words", self._postings.in_order("url_words", name)) for name in names if name))[
                0
            ]
        return self._any({}, (("facts", self._postings.of("facts", f"{field}:{value}")) for value in values))[0]

    def _word(self, node: Word) -> Each:
        if node.reach is Reach.FORMS and node.place in _TERMS:
            fields = _TERMS[node.place]
            terms = [(field, term) for field in fields for term in analysis.expanded(node.word, self._languages)]
        else:
            fields = _WORDS[node.place]
            terms = [(field, word) for word in self._meant(fields, node) for field in fields]
        return self._any(fields, ((field, self._postings.of(field, term)) for field, term in terms))

    def _meant(self, fields: Iterable[str], node: Word) -> Sequence[str]:
        if node.reach not in (Reach.PREFIX, Reach.NEAR):
            return (node.word,)
        meant = self._postings.meant(tuple(fields), node)
        if len(meant) > MAX_EXPANSIONS:
            self._cut.add(node.word)
        return meant[:MAX_EXPANSIONS]

    def _any(self, fields: Fields, found: Iterable[tuple[str, tuple[Docs, Counts]]]) -> Each:
        """Return which documents have one of several terms, and how well: by fields, who has each, and how often.

        All of them count as one word, and all fields as one text in which a field stands as often as it counts (the
        simple BM25F of Robertson, Zaragoza and Taylor 2004): it is as rare as documents are that have it anywhere.
        """
        mask, counted = np.zeros(self._postings.count, np.bool_), self._nothing()
        for field, (docs, counts) in found:
            mask[docs] = True
            if field in fields:
                counted[docs] += fields[field] * counts
        if not fields:
            return mask, counted
        having, every = int((mask & self._seen).sum()), int(self._seen.sum())
        rarity = math.log(1 + (every - having + 0.5) / (having + 0.5))
        lengths = np.sum([boost * self._postings.lengths(field) for field, boost in fields.items()], axis=0)
        usual = float(lengths[self._seen].mean()) if every else 0.0
        norm = K1 * (1 - B + B * lengths / max(usual, 1.0))
        return mask, rarity * counted * (K1 + 1) / (counted + norm)
