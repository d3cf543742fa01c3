"""The language of a text, and of each part of one that is written in two."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import groupby

_LONG_LETTERS = 60
"""A line with so many tells its own language."""
_LEAST_LETTERS, _LEAST_SHARE = 200, 0.15
"""In long lines, of a text: a language with less is a quotation or a guess, and makes no part."""


@dataclass(frozen=True, slots=True)
class LanguageSpan:
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
        languages: What the source usually writes; decides for a text too short to tell.

    Returns:
        They cover the text without gaps; one where it is all in one language; none of an empty text.
    """
    if not text:
        return ()
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
