"""The terms of a text: the same for what is indexed and for what is asked. Pure.

Case and accents are folded before the stemmer sees a word, on both sides: "refugies" then finds "réfugiés", which it
would not if the stemmer saw the accent in one and not in the other.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

VERSION = 3
"""Counted up with every change of the terms: an index of another version is built again."""

STEMMERS = {
    "ar": "arabic",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "en": "english",
    "es": "spanish",
    "fi": "finnish",
    "fr": "french",
    "hu": "hungarian",
    "it": "italian",
    "nl": "dutch",
    "no": "norwegian",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sv": "swedish",
    "tr": "turkish",
}
"""ISO 639-1 code to Snowball algorithm; other languages are folded, not stemmed."""

_WORD = re.compile(r"\w[\w\u0300-\u036f]*")
_ELISION = re.compile(r"\b(?:[cdjlmnst]|qu|all|dall|dell|nell|sull|un|lorsqu|puisqu|jusqu)['’](?=\w)", re.IGNORECASE)
_UNELIDED = re.compile(
    r"\w[\w\u0300-\u036f]*+"
    r"(?!['’](?i:(?<=\b[cdjlmnst].)|(?<=\b(?:qu|un).)|(?<=\ball.)|(?<=\b(?:dall|dell|nell|sull).)"
    r"|(?<=\bjusqu.)|(?<=\b(?:lorsqu|puisqu).))\w)"
)
"""A word that is no elided article, which it looks for only where an apostrophe is: both of the above, twice as fast.
Not for a text with a lone accent, after which `_ELISION` begins anew."""
_LONE_ACCENT = re.compile(r"[\u0300-\u036f]")


@dataclass(frozen=True, slots=True)
class Token:
    """One word of a text and where it stands: character offsets, end exclusive."""

    word: str
    start: int
    end: int


def tokens(text: str) -> Iterator[Token]:
    """Yield the words of a text, accents and case folded, the elided article of "l'asile" left out."""
    skip = {m.start(): m.end() for m in _ELISION.finditer(text)}
    after = 0
    for m in _WORD.finditer(text):
        after = max(after, skip.get(m.start(), 0))
        if m.start() >= after:
            yield Token(fold(m.group()), m.start(), m.end())


class _Remembered(dict[str, str]):
    """What a function of a word returned, for the words of long texts: asked with ``map``, nothing of it is Python.

    Args:
        function: Of a word.
        most: How many words are remembered; then all are forgotten.
    """

    def __init__(self, function: Callable[[str], str], most: int) -> None:
        super().__init__()
        self._function = function
        self._most = most

    def __missing__(self, word: str) -> str:
        if len(self) >= self._most:
            self.clear()
        made = self[word] = self._function(word)
        return made


def fold(word: str) -> str:
    """Return the word in lower case and without accents."""
    return _FOLDED[word]


def _fold(word: str) -> str:
    if word.isascii():
        return word.lower()
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", word).casefold())
    # Unicode takes some signs of Arabic apart into several words, and lone accents into a space
    return "".join(c for c in apart if not unicodedata.combining(c) and not c.isspace()) or word


_FOLDED = _Remembered(_fold, 1 << 16)


def term(word: str, language: str | None) -> str:
    """Return the term under which a folded word is indexed in a language; None: as it is."""
    return _stems(language)[word] if language in STEMMERS else word


def stemmed(words: Sequence[str], language: str | None) -> list[str]:
    """Return the terms of folded words, one a word."""
    return list(map(_stems(language).__getitem__, words) if language in STEMMERS else words)


@lru_cache(maxsize=len(STEMMERS))
def _stems(language: str) -> _Remembered:
    import Stemmer

    # it remembers by itself, more slowly
    return _Remembered(Stemmer.Stemmer(STEMMERS[language], 0).stemWord, 1 << 16)


def terms(text: str, language: str | None) -> list[str]:
    """Return the terms of a text in order, one a word."""
    return [term(token.word, language) for token in tokens(text)]


def expanded(word: str, languages: Iterable[str]) -> tuple[str, ...]:
    """Return every term that a folded word may stand under in those languages: a query does not say which it is in."""
    return tuple(dict.fromkeys([term(word, None), *(term(word, language) for language in languages)]))


LONG_WORD = 6
"""From so many letters on, a word that is misspelt may differ in two of them; a shorter one in one."""
_LATIN = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_æðøþđħıłŋœŧ")
"""What folded words are written in where letters are Latin: few enough to try each of them."""


def is_near(word: str, other: str) -> bool:
    """Whether another folded word may be this one, misspelt.

    Letters that are left out, put in, changed or changed places with the next are counted (optimal string alignment).
    The first letter is right. Of two that are wrong none is the second: nobody misses half of where a word begins, and
    an index need not look through all words of a letter.
    """
    from rapidfuzz.distance import OSA

    return word[:1] == other[:1] and _may_be(word, other, OSA.distance(word, other, score_cutoff=_most(word)))


def near_places(word: str, others: Sequence[str]) -> list[int]:
    """Return where among other folded words, all with the same first letter, those stand that are near to this one."""
    from rapidfuzz import process
    from rapidfuzz.distance import OSA

    if not others:
        return []
    most = _most(word)
    apart = process.cdist([word], others, scorer=OSA.distance, score_cutoff=most)[0]
    return [place for place in (apart <= most).nonzero()[0].tolist() if _may_be(word, others[place], apart[place])]


def _most(word: str) -> int:
    return 1 if len(word) < LONG_WORD else 2


def _may_be(word: str, other: str, apart: int) -> bool:
    if other.startswith(word[:2]):
        return apart <= _most(word)
    return apart <= 1 and (not _LATIN.issuperset(word) or _LATIN.issuperset(other[1:2]))


def strays(word: str) -> set[str] | None:
    """Return all words that are near to a folded one and do not begin with the same two letters.

    None: it is not written in Latin letters, and there may be others in that place than could be tried.
    """
    if not _LATIN.issuperset(word):
        return None
    first, second, rest = word[:1], word[1:2], word[2:]
    others = {first + letter + end for letter in _LATIN for end in (rest, second + rest)}  # changed; put in
    others |= {first + rest, first + rest[:1] + second + rest[1:]}  # left out; changed places
    return {other for other in others if not other.startswith(word[:2])}


def folded(text: str) -> list[str]:
    """Return the words of a text in order, without case and accents: those of ``tokens``, without their places."""
    if text.isascii():
        return _UNELIDED.findall(text.lower())
    words = _WORD.findall(_ELISION.sub(" ", text)) if _LONE_ACCENT.search(text) else _UNELIDED.findall(text)
    return list(map(_FOLDED.__getitem__, words))


def count(text: str) -> int:
    """Return how many words a text has: those of ``folded``, which takes twice as long."""
    return len(_WORD.findall(_ELISION.sub(" ", text) if "'" in text or "’" in text else text))
