"""The terms of a text: the same for what is indexed and for what is asked. Pure.

Case and accents are folded before the stemmer sees a word, on both sides: "refugies" then finds "réfugiés", which it
would not if the stemmer saw the accent in one and not in the other.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar

VERSION = 4
"""Counted up with every change of the terms: an index of another version is built again."""

_Key = TypeVar("_Key")

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

_ACCENTS = frozenset(map(chr, range(0x300, 0x370)))
"""Those that stand behind the letter they belong to."""
_WORD = re.compile(r"\w[\w\u0300-\u036f]*")
_ELIDED = frozenset("c d j l m n s t qu all dall dell nell sull un lorsqu puisqu jusqu".split())
"""Articles and the like that lose their end before a vowel, as they stand before the apostrophe, folded."""
_APOSTROPHES = "'’"
_AND_A_WORD = re.compile(rf"[{_APOSTROPHES}][\u0300-\u036f]*\w")


class Token(NamedTuple):
    """One word of a text and where it stands: character offsets, end exclusive."""

    word: str
    start: int
    end: int


class _Remembered(dict[_Key, str]):
    """What a function returned, for the words and signs of long texts: asked with ``map``, nothing of it is Python.

    Args:
        function: Of a word, or of a sign's number.
        most: How many are remembered; then all are forgotten.
    """

    def __init__(self, function: Callable[[_Key], str], most: int) -> None:
        super().__init__()
        self._function = function
        self._most = most

    def __missing__(self, key: _Key) -> str:
        if len(self) >= self._most:
            self.clear()
        made = self[key] = self._function(key)
        return made


def _fold(point: int) -> str:
    """Return a sign in lower case and without accents; a lone accent is nothing."""
    sign = chr(point)
    if sign.isascii():
        return sign.lower()
    if sign in _ACCENTS:
        return ""
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", sign).casefold())
    # Unicode takes some signs of Arabic apart into several words, and lone accents into a space
    return "".join(c for c in apart if not unicodedata.combining(c) and not c.isspace()) or sign


def _in_words(point: int) -> str:
    """Return a sign folded; an apostrophe or a space, if it stands in no word."""
    sign = chr(point)
    if sign.isalnum() or sign == "_" or sign in _ACCENTS:
        return _fold(point)
    return "'" if sign in _APOSTROPHES else " "


_FOLDED = _Remembered(_fold, 1 << 16)
_IN_WORDS = _Remembered(_in_words, 1 << 16)
_NO_SIGN = "\ufffe"
"""Where a code has none, as ``codecs`` has it."""


def _signs_folded(text: str) -> str:
    """Return a text as the table has it: if it is in a language of Western Europe, three times as fast."""
    written, read = _western()
    try:
        return codecs.charmap_decode(
            codecs.charmap_encode(text.replace("ß", "ss"), "strict", written)[0], "strict", read
        )[0]
    except UnicodeEncodeError:
        return text.translate(_IN_WORDS)


@lru_cache(maxsize=1)
def _western() -> tuple[Any, str]:
    """Return a code of a byte a sign in which to write, and what each byte is to be read as: folded."""
    signs = bytes(range(256)).decode("cp1252", "replace")
    known = [sign if len(_in_words(ord(sign))) == 1 and sign != "\ufffd" else _NO_SIGN for sign in signs]
    return codecs.charmap_build("".join(known)), "".join(map(_in_words, map(ord, known)))


def fold(word: str) -> str:
    """Return the word in lower case and without accents."""
    return word.translate(_FOLDED)


def tokens(text: str) -> Iterator[Token]:
    """Yield the words of a text, accents and case folded, the elided article of "l'asile" left out."""
    for word, (start, end) in zip(folded(text), _spans(text), strict=True):
        yield Token(word, start, end)


def tokens_of(text: str, chosen: Callable[[list[str]], Container[str]]) -> list[Token]:
    """Return some words of a text with their places, in order: five times as fast as to look at each of them.

    Args:
        text: Which.
        chosen: Is given all words, and returns those that are wanted.
    """
    words = folded(text)
    wanted = chosen(words)
    if not any(map(wanted.__contains__, words)):
        return []
    return [Token(word, *span) for word, span in zip(words, _spans(text), strict=True) if word in wanted]


def _spans(text: str) -> Iterator[tuple[int, int]]:
    """Yield where each word stands that ``folded`` returns."""
    for m in _WORD.finditer(text):
        end = m.end()
        if text[end : end + 1] in _APOSTROPHES and _AND_A_WORD.match(text, end) and fold(m.group()) in _ELIDED:
            continue
        yield m.span()


def folded(text: str) -> list[str]:
    """Return the words of a text in order, without case and accents: those of ``tokens``, without their places."""
    first, *others = (text.translate(_IN_WORDS) if text.isascii() else _signs_folded(text)).split("'")
    words = first.split()
    before = first
    for part in others:
        # "l" of "l'asile": it touches the apostrophe, and so does what follows
        if words and words[-1] in _ELIDED and before.endswith(words[-1]) and part[:1] not in ("", " "):
            words.pop()
        words += part.split()
        before = part
    return words


def term(word: str, language: str | None) -> str:
    """Return the term under which a folded word is indexed in a language; None: as it is."""
    return _stems(language)[word] if language in STEMMERS else word


def stemmed(words: Sequence[str], language: str | None) -> list[str]:
    """Return the terms of folded words, one a word."""
    return list(map(_stems(language).__getitem__, words) if language in STEMMERS else words)


@lru_cache(maxsize=len(STEMMERS))
def _stems(language: str) -> _Remembered[str]:
    import Stemmer

    # it remembers by itself, more slowly
    return _Remembered(Stemmer.Stemmer(STEMMERS[language], 0).stemWord, 1 << 16)


def terms(text: str, language: str | None) -> list[str]:
    """Return the terms of a text in order, one a word."""
    return [term(token.word, language) for token in tokens(text)]


def expanded(word: str, languages: Iterable[str]) -> tuple[str, ...]:
    """Return every term that a folded word may stand under in those languages: a query does not say which it is in."""
    return tuple(dict.fromkeys([term(word, None), *(term(word, language) for language in languages)]))


SURE_LETTERS = 3
"""So many of a word's first letters are right if two others are wrong: nobody misses half of where it begins."""
LONG_WORD = 6
"""From so many letters on, a word that is misspelt may differ in two of them; a shorter one in one."""
_LATIN = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_æðøþđħıłŋœŧ")
"""What folded words are written in where letters are Latin: few enough to try each of them."""


def is_near(word: str, other: str) -> bool:
    """Whether another folded word may be this one, misspelt.

    Letters that are left out, put in, changed or changed places with the next are counted (optimal string alignment).
    The first letter is right, and of a word with two that are wrong the first ``SURE_LETTERS``: so an index need not
    look through all words of a letter.
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
    if other.startswith(word[:SURE_LETTERS]):
        return apart <= _most(word)
    return apart <= 1 and (not _LATIN.issuperset(word) or _LATIN.issuperset(other[1:SURE_LETTERS]))


def strays(word: str) -> set[str] | None:
    """Return all words that are near to a folded one and do not begin with the same ``SURE_LETTERS``.

    None: it is not written in Latin letters, and there may be others in their place than could be tried.
    """
    if not _LATIN.issuperset(word):
        return None
    others = set()
    for place in range(1, SURE_LETTERS):
        before, letter, rest = word[:place], word[place : place + 1], word[place + 1 :]
        others |= {before + other + end for other in _LATIN for end in (rest, letter + rest)}  # changed; put in
        others |= {before + rest, before + rest[:1] + letter + rest[1:]}  # left out; changed places
    return {other for other in others if not other.startswith(word[:SURE_LETTERS])}
