"""What no file can hold and no reader should meet: halves of characters, and signs that steer a terminal or a page."""

from __future__ import annotations

import re
import unicodedata

_HALVES = re.compile("[\ud800-\udfff]")
_NO_CHARACTERS = re.compile("[\ufffe\uffff]")
_STEERING = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")

_UNSEEN = frozenset(("Cc", "Cf", "Cs", "Mn", "Me", "Zs", "Zl", "Zp"))
"""Categories of Unicode: signs that steer, marks that stand on a letter, blanks."""
_BLANK_LETTERS = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Fillers of Hangul and the empty cell of Braille: letters and signs to Unicode, blanks to the eye."""


def harmless(text: str) -> str:
    """Return a stranger's text without what could steer a terminal, turn the writing direction, or be no character."""
    return _STEERING.sub("", text)


def is_seen(text: str) -> bool:
    """Whether anything of a text is to be seen."""
    return any(unicodedata.category(one) not in _UNSEEN and one not in _BLANK_LETTERS for one in text)


def in_xml(text: str) -> str:
    """Return a stranger's text, harmless and with nothing that XML 1.0 cannot hold."""
    return _NO_CHARACTERS.sub("", harmless(whole(text)))


def whole(text: str) -> str:
    """Return a text in which every lone surrogate is U+FFFD, the sign for what could not be read; as long as before."""
    return _HALVES.sub("\ufffd", text)


def is_whole(text: str) -> bool:
    """Whether a text can be written as UTF-8."""
    return not _HALVES.search(text)
