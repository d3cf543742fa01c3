"""Which words of a text a query is about. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from aggregator import analysis
from aggregator.query import Node, Reach
from aggregator.search.asking import wanted_words

MIN_TELLING = 3
"""Shorter words are everywhere; they are marked only where a query has no other."""


class Telling:
    """The words that a query looks for, in all the forms in which it finds them.

    Args:
        node: The query; None: it has no words.
        languages: Over which words are expanded.
    """

    def __init__(self, node: Node | None, languages: Sequence[str]) -> None:
        words = wanted_words(node)
        words = [word for word in words if len(word.word) >= MIN_TELLING] or words
        self._forms = {t for w in words if w.reach is Reach.FORMS for t in analysis.expanded(w.word, languages)}
        self._exact = {w.word for w in words if w.reach is Reach.EXACT}
        self._prefixes = tuple(w.word for w in words if w.reach is Reach.PREFIX)
        self._near = [w for w in words if w.reach is Reach.NEAR]

    def among(self, words: Iterable[str], language: str | None) -> set[str]:
        """Return those folded words of a text in this language that are some of them: ``has`` of many at once."""
        several = list(dict.fromkeys(words))
        terms = analysis.stemmed(several, language)
        found = {
            word
            for word, term in zip(several, terms, strict=True)
            if term in self._forms or word in self._forms or word in self._exact
        }
        if self._prefixes:
            found.update(word for word in several if word.startswith(self._prefixes))
        for near in self._near:
            alike = [word for word in several if word[:1] == near.word[:1]]
            found.update(alike[place] for place in analysis.near_places(near.word, alike))
        return found

    def has(self, word: str, language: str | None) -> bool:
        """Whether a folded word of a text in this language is one of them."""
        return (
            word in self._forms
            or word in self._exact
            or analysis.term(word, language) in self._forms
            or (bool(self._prefixes) and word.startswith(self._prefixes))
            or any(analysis.is_near(near.word, word) for near in self._near)
        )
