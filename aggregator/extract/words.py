"""Wordings compared: what is left of a text when case, accents and punctuation are gone."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from functools import lru_cache

_WORD = re.compile(r"\w+")
_UNSEEN = re.compile("[\N{SOFT HYPHEN}\N{ZERO WIDTH SPACE}\N{WORD JOINER}\N{ZERO WIDTH NO-BREAK SPACE}]")
_ACCENT = re.compile("[\u0300-\u036f]")


def one_line(text: str) -> str:
    """Return a text on one line, without characters that nobody sees."""
    return " ".join((text if text.isascii() else _UNSEEN.sub("", text)).split())


@lru_cache(maxsize=512)  # a title is compared with every heading and with every first line
def folded(text: str) -> str:
    """Return the words of a text as they compare: no case, no accents, no punctuation."""
    if not text.isascii():
        text = _ACCENT.sub("", unicodedata.normalize("NFKD", text))
    return " ".join(_WORD.findall(text.casefold()))


def alike(one: str, other: str) -> float:
    """Return how much two wordings share: the F1 of their words, from 0.0 to 1.0."""
    left, right = _counted(one), _counted(other)
    total = left.total() + right.total()
    return 2 * (left & right).total() / total if total else 0.0


@lru_cache(maxsize=512)
def _counted(text: str) -> Counter[str]:
    return Counter(folded(text).split())
