"""What a query looks for in texts, word for word: what a concordance shows and a curve counts. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

from aggregator.query import All, Any, Node, Phrase, Word
from aggregator.search.telling import MIN_TELLING, Telling

_REMEMBERED = 1 << 16
"""Words of texts; most stand on every page, and to compare one with a misspelt word takes a while."""


class Wanted:
    """The words and phrases that a query looks for in texts; not those of titles and authors only, nor those excluded.

    Words are found in all the forms in which the search finds them. Very short ones count only where there is nothing
    else, as in the parts of texts that a search shows.

    Args:
        node: The query; None: it has no words.
        languages: Over which words are expanded.
    """

    def __init__(self, node: Node | None, languages: Sequence[str]) -> None:
        parts = list(_looked_for(node))
        self.phrases = tuple(dict.fromkeys(part.words for part in parts if isinstance(part, Phrase)))
        words = [part for part in parts if isinstance(part, Word)]
        telling = [word for word in words if len(word.word) >= MIN_TELLING]
        words = words if not (telling or self.phrases) else telling
        self._has_words = bool(words)
        self._has = lru_cache(maxsize=_REMEMBERED)(Telling(Any(tuple(words)), languages).has)

    def __bool__(self) -> bool:
        """Whether it is anything at all."""
        return bool(self._has_words or self.phrases)

    def words_in(self, language: str | None) -> Callable[[str], bool]:
        """Return what tells whether a folded word of a text in this language is one of the words."""
        if not self._has_words:
            return lambda _: False
        return lambda word: self._has(word, language)


def _looked_for(node: Node | None) -> Iterator[Word | Phrase]:
    match node:
        case Word(place=None) | Phrase(place=None):
            yield node
        case All(nodes) | Any(nodes):
            for each in nodes:
                yield from _looked_for(each)
