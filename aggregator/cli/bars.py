"""Bars of block characters, and texts that fit into columns of a terminal.

Characters are as wide as a terminal shows them: those of Chinese two columns, accents that stand alone none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rich.cells import cell_len

from aggregator.cli.output import one_line

_JOINERS = re.compile("[\u200d\ufe0e\ufe0f]")
"""Marks that make one sign of several, or another of one: how wide that is, no two terminals agree."""
_ACROSS = " ▏▎▍▌▋▊▉█"
_UP = " ▁▂▃▄▅▆▇█"
_EIGHTHS = 8
_HEIGHT = 6
"""Lines of a histogram."""
_WIDEST = 8
"""Columns of a bar of a histogram, with the blank behind it: below it ``2026-11`` has room."""


def bar(value: float, top: float, width: int) -> str:
    """Return a bar that lies, as long as a value is: what is more than nothing is seen.

    Args:
        value: From 0 to ``top``.
        top: What fills the width.
        width: In columns.
    """
    eighths = _filled(value, top, width)
    full, rest = divmod(eighths, _EIGHTHS)
    return "█" * full + (_ACROSS[rest] if rest else "")


def _filled(value: float, top: float, size: int) -> int:
    """Return how many eighths of a size a value fills."""
    if not (value and top):
        return 0
    return max(1, round(value / top * size * _EIGHTHS))


def histogram(counts: Sequence[tuple[str, int]], width: int) -> list[str]:
    """Return lines with a bar that stands for each period, an empty one marked with a point, and names below.

    Args:
        counts: Periods in order with their numbers, no more than ``room(counts, width)``.
        width: In columns.
    """
    if not counts:
        return []
    top = max(count for _, count in counts)
    scale = len(f"{top:,}")
    slot = max(1, min(_WIDEST, (width - scale - 2) // len(counts)))
    thick = max(1, slot - 1)
    heights = [_filled(count, top, _HEIGHT) for _, count in counts]
    rows = []
    for row in range(_HEIGHT - 1, -1, -1):
        parts = (min(max(height - row * _EIGHTHS, 0), _EIGHTHS) for height in heights)
        cells = ("·" if not (row or height) else _UP[part] for part, height in zip(parts, heights, strict=True))
        said = f"{top:,}" if row == _HEIGHT - 1 else ""
        rows.append(f"{said:>{scale}} │" + "".join(f"{cell * thick:<{slot}}" for cell in cells).rstrip())
    return [
        *rows,
        f"{0:>{scale}} └" + "─" * (slot * len(counts)),
        " " * (scale + 2) + _names(counts, slot, width - scale - 2),
    ]


def room(top: int, width: int) -> int:
    """Return how many bars of a histogram have room beside its scale."""
    return max(1, width - len(f"{top:,}") - 2)


def _names(counts: Sequence[tuple[str, int]], slot: int, width: int) -> str:
    """Return the line of names, as many as have room in the width, each where its bar begins."""
    line = ""
    for number, (name, _) in enumerate(counts):
        if number * slot >= len(line) + bool(line) and number * slot + len(name) <= width:
            line = line.ljust(number * slot) + name
    return line


def begun(text: str, width: int) -> str:
    """Return as much of the beginning of a text as fits, filled up with blanks."""
    kept = ""
    for character in _parted(text):
        if cell_len(kept + character) > width:
            break
        kept += character
    return kept + " " * (width - cell_len(kept))


def ended(text: str, width: int) -> str:
    """Return as much of the end of a text as fits, with blanks before it."""
    shown = _parted(text)
    first = len(shown)
    while first and cell_len(shown[first - 1 :]) <= width:
        first -= 1
    while first < len(shown) and not cell_len(shown[first]):  # an accent whose letter is cut off
        first += 1
    return " " * (width - cell_len(shown[first:])) + shown[first:]


def _parted(text: str) -> str:
    return _JOINERS.sub("", one_line(text))
