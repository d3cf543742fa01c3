"""Words in context: every place of a text where something stands, with what is left and right of it. Pure.

Concordances are how linguists and historians read a word in a large archive (KWIC, key word in context).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from aggregator import analysis
from aggregator.model import Article

CONTEXT_CHARS = 150
"""Characters of the text on each side of a key, at most."""

Order: TypeAlias = Literal["right", "left", "date"]
IsWanted: TypeAlias = Callable[[str], bool]
"""Whether a folded word is one that is looked for."""
Phrases: TypeAlias = Sequence[tuple[str, ...]]
"""Runs of folded words that are looked for as they stand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One place where a word or phrase stands.

    ``left``, ``key`` and ``right`` are the text as it is, line breaks too.
    """

    article_id: str
    version: str
    """Digest of the version that the text is of."""
    source_id: str
    language: str | None
    claimed_at: datetime | None
    """Publication date as claimed; None: not claimed."""
    captured_at: datetime
    """When the article was first seen."""
    start: int
    """Where the key begins in the text, in characters."""
    end: int
    """Exclusive."""
    left: str
    key: str
    right: str

    @property
    def dated(self) -> datetime:
        """The claimed publication date; where none is claimed, when the article was first seen."""
        return self.claimed_at or self.captured_at


def runs(words: Sequence[str], is_wanted: IsWanted, phrases: Phrases) -> Iterator[tuple[int, int]]:
    """Yield where the words and phrases stand that are looked for: positions of words, ends exclusive, in order.

    No two overlap: where several begin, it is the longest phrase.

    Args:
        words: Of a text, folded, in order.
        is_wanted: Which words are looked for.
        phrases: Which phrases.
    """
    beginning: dict[str, list[tuple[str, ...]]] = {}
    for phrase in sorted(phrases, key=len, reverse=True):
        beginning.setdefault(phrase[0], []).append(phrase)
    at = 0
    while at < len(words):
        possible = beginning.get(words[at], ())
        length = next((len(p) for p in possible if tuple(words[at : at + len(p)]) == p), int(is_wanted(words[at])))
        if length:
            yield at, at + length
        at += length or 1


def lines(article: Article, is_wanted: IsWanted, phrases: Phrases) -> Iterator[Line]:
    """Yield a line for each place in an article's text, in the order of the text."""
    tokens = list(analysis.tokens(article.text))
    for first, end in runs([token.word for token in tokens], is_wanted, phrases):
        start, stop = tokens[first].start, tokens[end - 1].end
        yield Line(
            article_id=article.id,
            version=article.version,
            source_id=article.source_id,
            language=article.language,
            claimed_at=article.claimed_at,
            captured_at=article.captured_at,
            start=start,
            end=stop,
            left=_before(article.text, start),
            key=article.text[start:stop],
            right=_behind(article.text, stop),
        )


def _before(text: str, start: int) -> str:
    """Return what stands before a place, from the beginning of a word on."""
    begin = max(0, start - CONTEXT_CHARS)
    if begin and not text[begin - 1].isspace():
        blank = next((i for i in range(begin, start - 1) if text[i].isspace()), None)
        begin = begin if blank is None else blank + 1  # some scripts write without blanks
    return text[begin:start]


def _behind(text: str, stop: int) -> str:
    """Return what stands behind a place, up to the end of a word."""
    end = min(len(text), stop + CONTEXT_CHARS)
    if end < len(text) and not text[end].isspace():
        blank = next((i for i in range(end - 1, stop, -1) if text[i].isspace()), None)
        end = end if blank is None else blank
    return text[stop:end]


def ordered(found: Iterable[Line], order: Order) -> list[Line]:
    """Return lines in an order in which patterns are seen.

    Args:
        found: In any order.
        order: By the words to the ``right`` of the key, by those to the ``left``, read away from it, or by ``date``,
            the oldest first. Case and accents do not matter; what is alike stands in the order of date and text.
    """
    by_date = sorted(found, key=lambda line: (line.dated, line.article_id, line.start))
    if order == "right":
        return sorted(by_date, key=lambda line: analysis.folded(line.right))
    if order == "left":
        return sorted(by_date, key=lambda line: analysis.folded(line.left)[::-1])
    return by_date
