"""What an index is asked, and what it answers: the same for every engine. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from aggregator import analysis
from aggregator.query import Node, Reach, Word

MAX_EXPANSIONS = 50
"""Words that a prefix or a misspelt word stands for, at most: those that most articles have."""
K1, B = 1.2, 0.75
"""Of BM25, as tantivy has them, which lets nobody choose: a question is to have the same answer in each engine."""


class Sort(StrEnum):
    """What comes first. Equals are ordered by when they say they were published, newest first, then by id."""

    RELEVANCE = "relevance"
    PUBLISHED = "published"
    CAPTURED = "captured"


@dataclass(frozen=True, slots=True)
class Asked:
    """A question to an index."""

    node: Node | None
    """What is looked for; None: everything."""
    languages: Sequence[str] = ()
    """Those of the articles, over which each word is expanded."""
    sort: Sort = Sort.RELEVANCE
    limit: int | None = None
    """How many hits are to be returned; None: all."""
    with_facets: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """What an index found, copies and all."""

    hits: Sequence[tuple[str, float]] = ()
    """Ids and scores, the first ones; of each that is found for no word the score is 0."""
    total: int = 0
    """How many there are."""
    facets: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """How many of all of them are of each ``source``, ``language`` (empty: unknown) and ``month`` (``2026-11``)."""


def expanded(word: Word, counts: Iterable[tuple[str, int]]) -> list[str]:
    """Return what a beginning or a misspelt word stands for: of the words of an index, the most frequent.

    Args:
        word: Of reach PREFIX or NEAR.
        counts: Words that begin as ``beginning`` says, with how many articles have each; one may be there twice.
    """
    total = Counter[str]()
    for each, count in counts:
        total[each] += count
    if word.reach is Reach.NEAR:
        total = Counter({each: total[each] for each in analysis.near(word.word, list(total))})
    return [each for each, _ in sorted(total.items(), key=lambda known: (-known[1], known[0]))[:MAX_EXPANSIONS]]


def beginning(word: Word) -> str:
    """Return how all words begin that a beginning or a misspelt word may stand for."""
    return word.word if word.reach is Reach.PREFIX else word.word[:1]
