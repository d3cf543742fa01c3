"""Halves of characters, which no file can hold: invalid UTF-8 on a command line makes them, and escapes in JSON do."""

from __future__ import annotations

import re

_HALVES = re.compile("[\ud800-\udfff]")


def whole(text: str) -> str:
    """Return a text in which every lone surrogate is U+FFFD, the sign for what could not be read; as long as before."""
    return _HALVES.sub("\ufffd", text)


def is_whole(text: str) -> bool:
    """Whether a text can be written as UTF-8."""
    return not _HALVES.search(text)
