"""What an index is asked, and what it answers: the same for every engine. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from aggregator import analysis
from aggregator.query import Node, Only, Reach, Word

MAX_EXPANSIONS = 50
"""Words that a prefix or a misspelt word stands for, at most: those that most articles have."""
K1, B = 1.2, 0.75
"""Of BM25, as tantivy has them, which lets nobody choose: a question is to have the same answer in each engine."""


LARGE_ARCHIVE = 25_000
"""Articles from which on Whoosh is slow: its answers take the longer the more there are, and to tidy it minutes."""
_A_MINUTE = 40_000
"""Articles taken up in a minute, a cautious guess: tantivy alone takes 70,000, but they are read from the catalogue."""


class Broken(Exception):
    """An engine gave up in the middle of files that make no sense to it: to ask again is of no use."""


class Sort(StrEnum):
    """What comes first. Equals are ordered by when they say they were published, newest first, then by id."""

    RELEVANCE = "relevance"
    PUBLISHED = "published"
    CAPTURED = "captured"


def advice(engine: str | None, wanted: str, articles: int) -> str | None:
    """Return what should be done about the engine of an index, in words; None: nothing.

    Args:
        engine: What the index was made with; None: there is none.
        wanted: What sources.yaml says.
        articles: How many there are.
    """
    minutes = max(1, round(articles / _A_MINUTE))
    lasts = f"it takes about {minutes:,} minute{'s' if minutes > 1 else ''}"
    if engine is None:
        return None
    if engine != wanted:
        return (
            f"The index is one of {engine}, settings.index says {wanted}: `aggregator rebuild --only index` makes it."
        )
    if engine == "whoosh" and articles > LARGE_ARCHIVE:
        return (
            f"{articles:,} articles are many for Whoosh. Write `index: tantivy` under settings in sources.yaml, then "
            f"run `aggregator rebuild --only index`: {lasts}, and searches are faster from then on."
        )
    return None


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
    unseen: Sequence[Only] = ()
    """What must not be found, nor counted in any way: nothing tells that it is there."""


@dataclass(frozen=True, slots=True)
class Found:
    """What an index found, copies and all."""

    hits: Sequence[tuple[str, float]] = ()
    """Ids and scores, the first ones; of each that is found for no word the score is 0."""
    total: int = 0
    """How many there are."""
    facets: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """How many of all of them are of each ``source``, ``language`` (empty: unknown) and ``month`` (``2026-11``)."""
    cut: frozenset[str] = frozenset()
    """Beginnings and misspelt words that may stand for more words than were looked for."""


@dataclass(frozen=True, slots=True)
class Known:
    """Words of an index that begin alike."""

    words: Sequence[str]
    """Some twice, if they stand in several parts of it."""
    counts: Sequence[int]
    """How many articles have each there, about: replaced ones may be among them."""


def meant(word: Word, known: Callable[[str], Known], having: Callable[[str], int] | None = None) -> list[str]:
    """Return what a beginning or a misspelt word may stand for, the most frequent first.

    Args:
        word: With either reach.
        known: Returns the words that begin so.
        having: Returns how many articles have a word, about; None: whoever asks lists all words of a letter as fast.
    """
    total = Counter[str]()
    if word.reach is Reach.PREFIX:
        some = known(word.word)
        places: Sequence[int] = range(len(some.words))
    else:
        strays = analysis.strays(word.word) if having else None
        if having and strays:
            total.update({stray: n for stray in strays if (n := having(stray))})
        some = known(word.word[: 1 if strays is None else analysis.SURE_LETTERS])
        places = analysis.near_places(word.word, some.words)
    for place in places:
        total[some.words[place]] += some.counts[place]
    return sorted(total, key=lambda each: (-total[each], each))
