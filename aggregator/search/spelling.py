"""Did you mean: words of the archive that are spelt nearly as one that is not in it."""

from __future__ import annotations

from aggregator import analysis
from aggregator.query import Node, Query, Reach, Word
from aggregator.search.answering import Answers
from aggregator.search.asking import wanted_words

_TRIED = 5
"""Words that are looked up before one is given up: what nobody may see is in the index, too."""


def suggestion(query: Query, asked: Node | None, answers: Answers) -> str | None:
    """Return a query as it may have been meant; None: nothing is spelt nearly so.

    Args:
        query: As it was typed.
        asked: What is looked for.
        answers: The index.
    """
    unknown = {
        word.word
        for word in wanted_words(asked)
        if word.reach in (Reach.FORMS, Reach.EXACT) and not answers.ask(word, limit=1).total
    }
    meant = {word: better for word in sorted(unknown) if (better := _nearest(word, answers))}
    if not meant:
        return None
    parts, at = [], 0
    for token in analysis.tokens(query.text):
        if token.word in meant:
            parts += [query.text[at : token.start], meant[token.word]]
            at = token.end
    return "".join([*parts, query.text[at:]])


def _nearest(word: str, answers: Answers) -> str | None:
    """Return the most frequent of the words that are spelt nearly so, of those that may be seen."""
    near = answers.words(word[:1]).expanded(Word(word, Reach.NEAR))[:_TRIED]
    return next((other for other in near if answers.ask(Word(other, Reach.EXACT), limit=1).total), None)
