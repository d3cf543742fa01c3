"""The language of a text, and of each part of one that is written in two."""

from __future__ import annotations

import re
from collections import Counter
from itertools import groupby, pairwise
from typing import NamedTuple

from aggregator.extract.small_words import ALL_SMALL_WORDS, SMALL_WORDS

_LONG_LETTERS = 60
"""A line with so many tells its own language."""
_LEAST_LETTERS, _LEAST_SHARE = 200, 0.15
"""In long lines, of a text: a language with less is a quotation or a guess, and makes no part."""
_MOST_OTHERS, _LEAST_OWN, _LONGEST_GAP = 0.1, 0.15, 30
"""Of a text in one language, small words of others are at most so many times its own, its own at least so much of all
words, and no more words than that stand without one. Of 5,934 texts, 95 % are so, and of 300 of these the classifier
would have parted none."""
_WORDS_END = re.compile(r"['’.,;:]")


class LanguageSpan(NamedTuple):
    """Part of a text that is written in one language."""

    language: str | None
    """ISO 639-1 code; None: undetermined."""
    start: int
    """In characters of the text."""
    end: int


def tells_its_language(text: str) -> bool:
    """Whether a text is long enough for its language to be told from it: 40 letters."""
    return _letters(text[:400]) >= 40


def language_of(text: str, languages: tuple[str, ...] = ()) -> str | None:
    """Return the language of a text, ISO 639-1.

    Args:
        text: Some sentences; with fewer than 40 letters the first of ``languages`` is returned.
        languages: What the source usually writes.

    Returns:
        The code; None: too short to tell, and the source has not said.
    """
    if not tells_its_language(text):
        return languages[0] if languages else None
    import py3langid

    return str(py3langid.classify(text[:400])[0])


def language_spans(text: str, languages: tuple[str, ...] = ()) -> tuple[LanguageSpan, ...]:
    """Return the parts of a text by language, in order, whole lines each.

    Args:
        text: Paragraphs, one a line.
        languages: What the source usually writes; decides for a text too short to tell. One alone, where its small
            words are all over a text, spares the classifier, which takes 8 ms an article.

    Returns:
        They cover the text without gaps; one where it is all in one language; none of an empty text.
    """
    if not text:
        return ()
    if len(languages) == 1 and _is_all(languages[0], text):
        return (LanguageSpan(languages[0], 0, len(text)),)
    lines = text.splitlines(keepends=True)
    told: Counter[str] = Counter()
    for line in lines:
        if _letters(line) >= _LONG_LETTERS:
            told[language_of(line) or ""] += _letters(line)
    least = max(_LEAST_LETTERS, _LEAST_SHARE * told.total())
    spoken = {language for language, letters in told.items() if letters >= least}
    if len(spoken) < 2:
        return (LanguageSpan(language_of(text, languages), 0, len(text)),)
    spans, start = [], 0
    for language, run in groupby(zip(_among(lines, spoken), lines, strict=True), key=lambda pair: pair[0]):
        end = start + sum(len(line) for _, line in run)
        spans.append(LanguageSpan(language, start, end))
        start = end
    return tuple(spans)


def _is_all(language: str, text: str) -> bool:
    """Whether a text shows by its small words that it is in a language from beginning to end."""
    if language not in SMALL_WORDS:
        return False
    own, words = SMALL_WORDS[language], _WORDS_END.sub(" ", text.lower()).split()
    at = [n for n, word in enumerate(words) if word in own]
    foreign = ALL_SMALL_WORDS - own
    others = sum(word in foreign and len(word) > 1 for word in words)
    if len(at) < max(1, _LEAST_OWN * len(words)) or others > _MOST_OTHERS * len(at):
        return False
    return max(b - a for a, b in pairwise([-1, *at, len(words)])) <= _LONGEST_GAP


def _among(lines: list[str], spoken: set[str]) -> list[str]:
    """Return the language of each line, one of those spoken; a line too short to tell goes with the one before it."""
    import py3langid

    found: list[str | None] = []
    for line in lines:
        ranked = py3langid.rank(line[:600]) if tells_its_language(line) else ()
        found.append(next((str(code) for code, _ in ranked if code in spoken), found[-1] if found else None))
    first = next(language for language in found if language)
    return [language or first for language in found]


def _letters(text: str) -> int:
    return sum(map(str.isalpha, text))
