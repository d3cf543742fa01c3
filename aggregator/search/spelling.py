"""Did you mean: words of the archive that are spelt nearly as one that is not in it."""

from __future__ import annotations

from collections.abc import Mapping

from aggregator import analysis
from aggregator.query import All, Any, Node, Phrase, Query, Reach, Word
from aggregator.search.answering import Answers
from aggregator.search.asking import wanted_words

_TRIED = 5
"""Words that are looked up before one is given up: what nobody may see is in the index, too."""


def suggestion(query: Query, asked: Node | None, answers: Answers) -> str | None:
    """Return a query as it may have been meant, one that finds something; None: nothing is spelt nearly so.

    Args:
        query: As it was typed.
        asked: What is looked for.
        answers: The index.
    """
    unknown = {
        word.word
        for word in wanted_words(asked)
        if word.reach in (Reach.FORMS, Reach.EXACT) and word.word.isalpha() and not answers.ask(word, limit=1).total
    }
    meant = {word: better for word in sorted(unknown)[:_TRIED] if (better := _nearest(word, answers))}
    if not meant or not answers.ask(_with(asked, meant), limit=1).total:
        return None
    parts, at = [], 0
    for token in analysis.tokens(query.text):
        if token.word in meant:
            parts += [query.text[at : token.start], meant[token.word]]
            at = token.end
    return "".join([*parts, query.text[at:]])


def _with(node: Node | None, meant: Mapping[str, str]) -> Node | None:
    """Return a query with other words."""
    match node:
        case Word(word, reach, place):
            return Word(meant.get(word, word), reach, place)
        case Phrase(words, place):
            return Phrase(tuple(meant.get(word, word) for word in words), place)
        case All(nodes):
            return All(tuple(each for inner in nodes if (each := _with(inner, meant))))
        case Any(nodes):
            return Any(tuple(each for inner in nodes if (each := _with(inner, meant))))
        case _:
            return node


def _nearest(word: str, answers: Answers) -> str | None:
    """Return the most frequent of the words that are spelt nearly so, of those that may be seen."""
    near = answers.meant(Word(word, Reach.NEAR))[:_TRIED]
    return next((other for other in near if answers.ask(Word(other, Reach.EXACT), limit=1).total), None)
