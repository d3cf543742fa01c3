"""What of a text is compared with other languages: runs of four letters, and numbers. Pure."""

from __future__ import annotations

import re
import unicodedata
import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MAX_COMPARED_CHARS = 40_000
"""Of a longer text, the beginning is compared."""
GRAM_CHARS = 4
"""Of 3 and 4, the one that finds more (PUD, one to five sentences: .98 to .97; press releases: no difference)."""
SIGN_BITS = 17
"""Signs are hashed to so many bits: 18 find no more, and a table of 17 stays in the processor's cache."""
NUMBER_WEIGHT = 3
"""A number of two digits or more counts as so many grams. 2 to 5: no difference; 0: narrower margins."""

Signed = NDArray[np.int32]
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """What is compared of a text."""

    packed: bytes
    """The hashes of its signs, each once, ascending, 32 bits each, little-endian; about 4 kB an article."""

    @property
    def numbers(self) -> Signed:
        """They as numbers; the first is 0, which says nothing."""
        return np.frombuffer(self.packed, dtype="<i4")


_NUMBER = re.compile(r"\d{1,12}(?:[.,\u00a0\u202f ]\d{3}(?!\d)){0,4}")


def signs_of(title: str, text: str) -> Signs:
    """Return what is compared of a text."""
    signs = hashes_of(f"{title[:MAX_COMPARED_CHARS]}\n{text[:MAX_COMPARED_CHARS]}")
    return Signs(packed=signs.astype("<i4").tobytes())


def hashes_of(text: str) -> Signed:
    """Return the hashes of the signs of a text, each once, ascending."""
    counted = (f"{number} {k}".encode() for number in _numbers(text) for k in range(NUMBER_WEIGHT))
    has = np.zeros(1 << SIGN_BITS, dtype=np.bool_)
    has[grams_of(letters_of(text))] = True
    has[[0, *(zlib.crc32(number) >> (32 - SIGN_BITS) for number in counted)]] = True
    return np.flatnonzero(has).astype(np.int32)


def grams_of(letters: NDArray[np.uint32]) -> Signed:
    """Return the hash of the gram that begins at each letter."""
    many = max(0, len(letters) - GRAM_CHARS + 1)
    grams = np.zeros(many, dtype=np.uint32)
    for k in range(GRAM_CHARS):
        grams = grams * np.uint32(257) + letters[k : k + many]
    return ((grams * np.uint32(2_654_435_761)) >> np.uint32(32 - SIGN_BITS)).astype(np.int32)  # Knuth's hash


def letters_of(text: str) -> NDArray[np.uint32]:
    """Return the code points of letters and digits, folded, with a single 0 for whatever is between words."""
    folded = unicodedata.normalize("NFKD", f" {text} ".casefold().replace("œ", "oe").replace("æ", "ae"))
    codes = np.frombuffer(folded.encode("utf-32-le", "surrogatepass"), dtype="<u4")
    codes = codes[(codes < 0x300) | (codes > 0x36F)]  # without the accents, which now stand behind their letters
    is_ascii = ((codes >= ord("a")) & (codes <= ord("z"))) | ((codes >= ord("0")) & (codes <= ord("9")))
    is_letter = is_ascii | ((codes >= 0xC0) & ((codes < 0x2000) | (codes > 0x206F)))
    is_kept = np.append(True, is_letter[1:] | is_letter[:-1])
    return np.asarray((codes * is_letter)[is_kept], dtype=np.uint32)


def _numbers(text: str) -> set[str]:
    """Return the numbers of two digits or more, in any script's digits, without what groups their thousands."""
    found = (str(int("".join(filter(str.isdecimal, written)))) for written in _NUMBER.findall(text))
    return {number for number in found if len(number) > 1}
