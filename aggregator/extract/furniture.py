"""Lines that many pages of one source share: its furniture, and no part of its articles.

Learned once from a stated set of pages, then frozen: so a text depends neither on the order in which pages came nor on
what came later, and no edit appears that nobody made.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable

from aggregator import credits
from aggregator.extract.cascade import Line
from aggregator.extract.words import folded

LEARNED_FROM = 20
"""Articles of a source from which its furniture is learned: the first that were read."""
_SHARED_BY = 12
"""Of these, how many must have a line. What a group says again and again (its hotline, its next meeting) are its own
words: in the demo world one of three articles has such a line, while furniture is on every page."""
_MOST_CHARS = 220
"""Longer lines are paragraphs, which authors repeat and others repost."""
_DIGEST_CHARS = 8
"""Enough to tell the lines of a source's pages apart. No line can be read from it, but whoever guesses a line whole can
test the guess, as with any digest."""


def shared_by(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the digests of the lines that many of some texts have, in order; empty: there are none."""
    counts = Counter(
        digest for text in texts for digest in {_digest(line) for line in text.split("\n") if _may_be_one(line)}
    )
    return tuple(sorted(digest for digest, count in counts.items() if count >= _SHARED_BY))


def without(lines: list[Line], furniture: frozenset[str]) -> list[Line]:
    """Return the lines that are the article's; all of them, where none would be left."""
    kept = [line for line in lines if not (_may_be_one(line.text) and _digest(line.text) in furniture)]
    return kept or lines


def _may_be_one(line: str) -> bool:
    return 0 < len(line) <= _MOST_CHARS and not credits.find_credits(line)


def _digest(line: str) -> str:
    return hashlib.sha256(folded(line).encode()).hexdigest()[:_DIGEST_CHARS]
