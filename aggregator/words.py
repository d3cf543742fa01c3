"""The words of a text as numbers, and its runs of five words: what texts in Unicode's form NFC are compared by. Pure.

Whole arrays of characters are worked on at a time (numpy): one word after the other takes five to ten times as long.
Two words are the same when their numbers are: case, accents, vowel signs, the forms of one letter and characters that
nobody sees do not count. Where a script leaves no space between words, every sign is a word of its own.
"""

from __future__ import annotations

import hashlib
import sys
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Hashes: TypeAlias = NDArray[np.uint64]
Places: TypeAlias = NDArray[np.int32]

GRAM_WORDS = 5
"""As text-reuse tools have it (passim, Smith et al. 2014): long enough that chance repeats are rare."""
MAX_COMPARED_CHARS = 200_000
"""What is beyond in a text is not looked at; no article is so long."""
SAMPLING = ((200, 1), (600, 2), (5_000, 4))
"""Up to so many grams of a text, one in so many goes into its fingerprint: all of a short one, so that a quoted
sentence or a copy full of misread letters is still found; a quoted paragraph of 60 words in a long one keeps 14."""
COARSEST = 8
BOUNDS: Hashes = np.uint64((1 << 64) - 1) // np.maximum(np.arange(256), 1).astype(np.uint64)
"""Up to which number grams are kept where one in so many is."""
LEAST_TOLD = 1 / 8
"""What the commonest gram tells: enough of them may be a quotation of what was copied everywhere."""
COMMON = 8
"""A gram that more articles hold is worth less the more they are: twice as many, half as much."""
_EXACT = float(1 << 32)
_BATCH_CHARS = 1 << 20
"""Characters that are worked on at a time: 40 MB of arrays."""
_TEXT_BITS = 21

_APART, _UNSEEN, _LETTER, _ALONE = range(4)
_SPACELESS = (
    *((0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF)),  # Thai, Lao; Burmese; Khmer
    *((0x3005, 0x3007), (0x3040, 0x30FF), (0x31F0, 0x31FF), (0xFF66, 0xFF9F)),  # Japanese syllables
    *((0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x3FFFF)),  # Chinese characters
)
SPACELESS_WORDS = 0.5
"""How much of a word one sign of those scripts is: a Chinese word has about two, a Thai one four and more."""
_ONE_FORM = {
    "ı": "i",
    "ς": "σ",
    "ى": "ي",
    "ی": "ي",
    "ک": "ك",
    "ø": "o",
    "đ": "d",
    "ł": "l",
    "ß": "s",
    "æ": "a",
    "œ": "o",
}
_PAGE_BITS = 8
_PAGE = 1 << _PAGE_BITS
_POINTS = sys.maxunicode + 1


def _mixed(values: Hashes) -> Hashes:
    """Return well-spread numbers for numbers (the finalizer of SplitMix64, Steele et al. 2014)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def _powers(base: int, count: int) -> Hashes:
    """Return the powers of a number from the first on, modulo 2^64."""
    return np.cumprod(np.full(count, base, np.uint64), dtype=np.uint64)


_BASE = 0x9E3779B97F4A7C15
_IN_TEXT = _powers(_BASE, 1)
_OUT_OF_TEXT = _powers(pow(_BASE, -1, 1 << 64), 1)
"""What a letter is multiplied by for its place, and what takes that out again; they grow with the longest batch."""
_IN_GRAM = _powers(0xD6E8FEB86659FD93, GRAM_WORDS)


def _places(count: int) -> tuple[Hashes, Hashes]:
    """Return what the letters at so many places are multiplied by, and the inverse."""
    global _IN_TEXT, _OUT_OF_TEXT
    if len(_IN_TEXT) < count:
        _IN_TEXT, _OUT_OF_TEXT = _powers(_BASE, count), _powers(pow(_BASE, -1, 1 << 64), count)
    return _IN_TEXT[:count], _OUT_OF_TEXT


class _Alphabet:
    """What kind of character every character is, and its number; a page of 256 is made when a text needs it."""

    def __init__(self) -> None:
        self._kinds = np.zeros(_POINTS, np.uint8)
        self._numbers = np.zeros(_POINTS, np.uint64)
        self._made = np.zeros(_POINTS >> _PAGE_BITS, np.bool_)

    def of(self, points: NDArray[np.uint32]) -> tuple[NDArray[np.uint8], Hashes]:
        """Return kinds and numbers of characters."""
        pages = points >> np.uint32(_PAGE_BITS)
        if not self._made[pages].all():
            for page in np.unique(pages):
                self._make(int(page))
        return self._kinds[points], self._numbers[points]

    def _make(self, page: int) -> None:
        folded = np.zeros(_PAGE, np.uint64)
        for place in range(_PAGE):
            point = page * _PAGE + place
            self._kinds[point], folded[place] = _folded(chr(point))
        seen = self._kinds[page * _PAGE : (page + 1) * _PAGE] >= _LETTER
        self._numbers[page * _PAGE : (page + 1) * _PAGE] = np.where(seen, _mixed(folded + np.uint64(1)), 0)
        self._made[page] = True


def _folded(character: str) -> tuple[int, int]:
    """Return the kind of a character, and the letter that stands for it, its case and accents, and its like."""
    category = unicodedata.category(character)
    if category in ("Mn", "Me", "Cf") or character == "ـ":
        return _UNSEEN, 0
    if not (character.isalnum() or category in ("Mc", "Lm")):
        return _APART, 0
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", character).casefold())
    letters = [c for c in plain if c.isalnum()]
    # of Korean syllables and ligatures, which are several letters, the whole counts
    letter = letters[0] if len(letters) == 1 else _ONE_FORM.get(character, character.casefold()[0])
    letter = _ONE_FORM.get(letter, letter)
    digit = unicodedata.digit(letter, None)
    point = ord(character)
    alone = any(low <= point <= high for low, high in _SPACELESS)
    return _ALONE if alone else _LETTER, ord(str(digit) if digit is not None else letter)


_ALPHABET = _Alphabet()


@dataclass(frozen=True, eq=False)
class Words:
    """The words of a text, in order."""

    hashes: Hashes
    """What each is, whatever its case and accents."""
    starts: Places
    ends: Places
    """Where each stands: character offsets, ends exclusive."""
    weights: NDArray[np.float64] | None
    """How much of a word each is; None: one, all of them."""
    grams: Hashes
    """A number for every run of five words, in order."""
    places: tuple[Hashes, Places]
    """The different grams, ascending, and where each stands first."""

    def __len__(self) -> int:
        return len(self.hashes)

    @cached_property
    def digest(self) -> int:
        """A number for all of them in order; 0: there are none."""
        if not len(self.hashes):
            return 0
        return int.from_bytes(hashlib.blake2b(self.hashes.tobytes(), digest_size=8).digest())

    @cached_property
    def rate(self) -> int:
        """One in how many of its grams is kept to find it again by."""
        return next((rate for most, rate in SAMPLING if len(self.grams) <= most), COARSEST)

    @cached_property
    def fingerprint(self) -> Hashes:
        """The grams it is found again by, ascending: those below a bound.

        So what is kept of a long text would be kept of a short one, too.
        """
        different, _ = self.places
        return different[: np.searchsorted(different, BOUNDS[self.rate], side="right")]

    def length(self, start: int, end: int) -> float:
        """Return how many words stand from one place to another."""
        return float(end - start) if self.weights is None else float(self.weights[start:end].sum())

    def length_of(self, spans: Sequence[tuple[int, int]]) -> float:
        """Return how many words stand in some places; what two of them have in common counts once."""
        total, reached = 0.0, 0
        for start, end in spans:
            total += self.length(max(start, reached), max(end, reached))
            reached = max(reached, end)
        return total


def ranges(starts: NDArray[np.int64], sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the numbers in several ranges, one after the other."""
    found: NDArray[np.int64] = np.repeat(starts - (np.cumsum(sizes) - sizes), sizes)
    found += np.arange(len(found))
    return found


def in_texts(grams: Hashes, texts: NDArray[np.int64]) -> Hashes:
    """Return grams behind the numbers of their texts, below 2^21: sorted by text, then by what they begin with.

    Two grams of a text that begin alike become the same number.
    """
    numbers: Hashes = texts.astype(np.uint64) << np.uint64(64 - _TEXT_BITS)
    numbers |= grams >> np.uint64(_TEXT_BITS)
    return numbers


def rarity(holders: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return how much grams tell of two articles that share them, 0.0 to 1.0, by how many articles hold each.

    In whole parts of 2^-32, rounded up: so sums of up to a million of them are exact, in whatever order they are added.
    """
    told = np.maximum(LEAST_TOLD, np.minimum(1.0, COMMON / np.maximum(holders, 1)))
    whole: NDArray[np.float64] = np.ceil(told * _EXACT) / _EXACT
    return whole


def words(text: str) -> Words:
    """Return the words of a text."""
    return next(words_of([text]))


def words_of(texts: Sequence[str]) -> Iterator[Words]:
    """Yield the words of each text; many together take less time than one after the other."""
    batch: list[str] = []
    held = 0
    for text in texts:
        batch.append(text[:MAX_COMPARED_CHARS])
        held += len(batch[-1]) + 1
        if held > _BATCH_CHARS:
            yield from _words_of(batch)
            batch, held = [], 0
    if batch:
        yield from _words_of(batch)


def _words_of(texts: Sequence[str]) -> Iterator[Words]:
    joined = "\n".join(texts) + "\n"
    points = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), np.uint32)
    kinds, numbers = _ALPHABET.of(points)
    seen: NDArray[np.int64] | None = None
    if (kinds == _UNSEEN).any():
        kept = np.flatnonzero(kinds != _UNSEEN)
        kinds, numbers = kinds[kept], numbers[kept]
        seen = np.append(kept, len(points))
    alone = kinds == _ALONE
    has_alone = bool(alone.any())
    in_word = (kinds == _LETTER) | alone if has_alone else kinds == _LETTER
    same_word = in_word[1:] & in_word[:-1]
    if has_alone:
        same_word &= ~(alone[1:] | alone[:-1])
    begins, ends = in_word.copy(), in_word.copy()
    begins[1:] &= ~same_word
    ends[:-1] &= ~same_word
    starts, last = np.flatnonzero(begins), np.flatnonzero(ends)
    # a number for each word: that of a polynomial in its letters, cut out of that of the whole text
    powers, inverses = _places(len(numbers))
    total = np.zeros(len(numbers) + 1, np.uint64)
    np.cumsum(numbers * powers, out=total[1:])
    hashes = _mixed((total[last + 1] - total[starts]) * inverses[starts])
    stops = last + 1
    apart = alone[starts] if has_alone else None
    if seen is not None:
        starts, stops = seen[starts], seen[stops]
    offset = 0
    bounds = np.searchsorted(starts, np.cumsum([len(text) + 1 for text in texts]))
    low = 0
    for text, high, (grams, places) in zip(texts, bounds.tolist(), _grams_of(hashes, bounds), strict=True):
        yield Words(
            hashes[low:high].copy(),  # so that what is kept of a text keeps nothing of others
            (starts[low:high] - offset).astype(np.int32),
            (stops[low:high] - offset).astype(np.int32),
            _weights(apart[low:high]) if apart is not None else None,
            grams,
            places,
        )
        low = high
        offset += len(text) + 1


def _grams_of(hashes: Hashes, ends: NDArray[np.int64]) -> Iterator[tuple[Hashes, tuple[Hashes, Places]]]:
    """Yield the grams of each text: in order; the different ones, ascending; where each of these stands first.

    Args:
        hashes: The words of texts, one after the other.
        ends: Where each text ends.
    """
    text = np.repeat(np.arange(len(ends)), np.diff(ends, prepend=0))
    within = text[GRAM_WORDS - 1 :] == text[: 1 - GRAM_WORDS]
    total = np.zeros(max(0, len(hashes) - GRAM_WORDS + 1), np.uint64)
    for place in range(GRAM_WORDS if len(total) else 0):
        total += hashes[place : place + len(total)] * _IN_GRAM[place]
    grams, text = _mixed(total[within]), text[: len(total)][within]
    sizes = np.bincount(text, minlength=len(ends))
    starts = np.cumsum(sizes) - sizes

    order = np.argsort(in_texts(grams, text))  # many times faster than by two numbers, unless two grams begin alike
    ascending = grams[order]
    if ((ascending[1:] < ascending[:-1]) & (text[order][1:] == text[order][:-1])).any():
        order = np.lexsort((grams, text))
        ascending = grams[order]
    begins = np.ones(len(order), np.bool_)
    begins[1:] = (ascending[1:] != ascending[:-1]) | (text[order][1:] != text[order][:-1])
    heads = np.flatnonzero(begins)
    places = np.minimum.reduceat(order, heads) if len(heads) < len(order) else order
    places = (places - starts[text[places]]).astype(np.int32)
    ascending = ascending[heads]
    different = np.bincount(text[order][heads], minlength=len(ends))
    low = first_low = 0
    for size, each in zip(sizes.tolist(), different.tolist(), strict=True):
        first = slice(first_low, first_low + each)
        yield grams[low : low + size].copy(), (ascending[first].copy(), places[first].copy())
        low += size
        first_low += each


def _weights(apart: NDArray[np.bool_]) -> NDArray[np.float64] | None:
    return np.where(apart, SPACELESS_WORDS, 1.0) if apart.any() else None
