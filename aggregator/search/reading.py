"""What a query finds in texts that are read, not looked up, and how well. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

from aggregator import analysis
from aggregator.index import K1, B
from aggregator.model import Article
from aggregator.query import All, Any, Node, Not, Only, Phrase, Reach, Within, Word

_TITLE_COUNTS = 2
"""As in the index."""


class Read:
    """An article, word by word, as it is given: whatever the index says of it.

    Args:
        article: Which.
        languages: Over which words of a query are expanded.
    """

    def __init__(self, article: Article, languages: Sequence[str]) -> None:
        self.id = article.id
        self._article = article
        self._languages = tuple(languages)
        title, text = analysis.folded(article.title or ""), analysis.folded(article.text)
        authors = [word for author in article.authors for word in analysis.folded(author)]
        self._words = {None: (title, text), "title": (title,), "author": (authors,)}
        self._all = {place: frozenset().union(*several) for place, several in self._words.items()}
        self.length = _TITLE_COUNTS * len(title) + len(text)

    def holds(self, node: Node | None) -> bool:
        """Whether it has what a query looks for; None: everything has."""
        match node:
            case None:
                return True
            case All(nodes):
                return all(map(self.holds, nodes))
            case Any(nodes):
                return any(map(self.holds, nodes))
            case Not(inner):
                return not self.holds(inner)
            case Word(place=place):
                return any(self._is(node, word) for word in self._all[place])
            case Phrase(words, place):
                return set(words) <= self._all[place] and any(_stands(words, within) for within in self._words[place])
            case Within(field, since, until):
                at = self._article.captured_at
                at = (self._article.claimed_at or at) if field == "published" else at
                return (since is None or at >= since) and (until is None or at < until)
            case Only("url", values):
                return any(_stands(analysis.folded(value), analysis.folded(self._article.url)) for value in values)
            case Only(field, values):
                article = self._article
                own = {"id": article.id, "source": article.source_id, "language": article.language or ""}
                return own.get(field) in values

    def count(self, node: Word | Phrase) -> int:
        """Return how often a word or phrase stands there, in the title twice."""
        parts = self._words[node.place]
        weights = (_TITLE_COUNTS, 1) if len(parts) > 1 else (1,)
        if isinstance(node, Phrase):
            return sum(weight * _stands(node.words, part) for weight, part in zip(weights, parts, strict=True))
        found = {word for word in self._all[node.place] if self._is(node, word)}
        return sum(weight * sum(map(found.__contains__, part)) for weight, part in zip(weights, parts, strict=True))

    def _is(self, wanted: Word, word: str) -> bool:
        if wanted.reach is Reach.PREFIX:
            return word.startswith(wanted.word)
        if wanted.reach is Reach.NEAR:
            return analysis.is_near(wanted.word, word)
        if wanted.reach is Reach.EXACT or wanted.place == "author":
            return word == wanted.word
        forms = _forms(wanted.word, self._languages)
        return word in forms or analysis.term(word, self._article.language) in forms


@lru_cache(maxsize=256)
def _forms(word: str, languages: tuple[str, ...]) -> frozenset[str]:
    return frozenset(analysis.expanded(word, languages))


def scores(reads: Sequence[Read], node: Node | None) -> list[float]:
    """Return how well each of some articles fits a query, by what can be read in them and in nothing else.

    The formula is that of the index; how rare a word is, these articles alone say.
    """
    usual = sum(read.length for read in reads) / max(len(reads), 1) or 1.0
    total = [0.0] * len(reads)
    for leaf in _wanted(node):
        counts = [read.count(leaf) for read in reads]
        having = sum(map(bool, counts))
        rarity = math.log(1 + (len(reads) - having + 0.5) / (having + 0.5))
        for place, (read, count) in enumerate(zip(reads, counts, strict=True)):
            total[place] += rarity * count * (K1 + 1) / (count + K1 * (1 - B + B * read.length / usual))
    return total


def _wanted(node: Node | None) -> list[Word | Phrase]:
    """Return the words and phrases that a query looks for."""
    match node:
        case Word() | Phrase():
            return [node]
        case All(nodes) | Any(nodes):
            return list(dict.fromkeys(leaf for each in nodes for leaf in _wanted(each)))
        case _:
            return []


def loosened(node: Node | None) -> Node | None:
    """Return a query that finds whatever another one may find, although something was left out of texts since.

    None: everything. An index that holds a word which is not shown any more would leave out who has it.
    """
    match node:
        case Not(inner):
            return None if _wanted_anywhere(inner) else node
        case All(nodes):
            kept = [loose for each in nodes if (loose := loosened(each)) is not None]
            return All(tuple(kept)) if kept else None
        case Any(nodes):
            several = [loosened(each) for each in nodes]
            kept = [each for each in several if each is not None]
            return Any(tuple(kept)) if len(kept) == len(several) else None
        case _:
            return node


def _wanted_anywhere(node: Node) -> bool:
    match node:
        case Word() | Phrase() | Only("url"):
            return True
        case All(nodes) | Any(nodes):
            return any(map(_wanted_anywhere, nodes))
        case Not(inner):
            return _wanted_anywhere(inner)
        case _:
            return False


def _stands(words: Sequence[str], within: Sequence[str]) -> int:
    """Return how often words stand one behind the other."""
    count, wanted = len(words), list(words)
    return sum(within[n : n + count] == wanted for n in range(len(within) - count + 1)) if count else 0
