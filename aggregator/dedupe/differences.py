"""What was changed between two texts, word by word. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from rapidfuzz.distance import Levenshtein

from aggregator import words
from aggregator.model import Passage

MIN_SAME_WORDS = 3
"""Fewer words between two changes belong to the change. Chosen by eye, on the copies in tests/families: with 1, "of"
and "the" are islands between two paragraphs that differ; 2 to 4: no difference."""
MAX_COMPARED_PAIRS = 2_000_000_000
"""Words of one side times words of the other: 45,000 each take one second. Beyond, all of it is shown as changed."""
_WORD = re.compile(r"\S+")
_AS_TYPED = str.maketrans(
    {
        **dict.fromkeys("‘’‚‛′ʼ`´", "'"),
        **dict.fromkeys("“”„‟«»″", '"'),
        **dict.fromkeys("‐‑‒–—―−", "-"),
        **dict.fromkeys("\u00ad\u200b\u200c\u200d\u2060\ufeff"),
        "…": "...",
    }
)
"""What programs make of what was typed, and what nobody sees."""

Run = tuple[bool, int, int, int, int]
"""Whether it is the same in both; where it begins and ends in one and in the other."""


@dataclass(frozen=True, slots=True)
class Change:
    """A part of two texts that both have, or only one of them."""

    what: str
    """same, deleted or inserted."""
    text: str
    """With the space behind it; of what is the same, as the second text has it."""
    place: Passage
    """Where it stands in both; of what only one has, the place in the other is empty."""


def changes(a: str, b: str, within: Passage | None = None, *, as_typed: bool = False) -> Iterator[Change]:
    """Yield what is the same, deleted and inserted from one text to another: together they are all of both.

    Paragraphs are compared first, then the words of those that changed. White space does not count.

    Args:
        a: The one.
        b: The other.
        within: The part of both to compare; None: all.
        as_typed: Whether the forms of quotation marks and dashes do not count either: each site has its own.
    """
    p = within or Passage(0, len(a), 0, len(b))
    ours, theirs = _cut(a, p.a_start, p.a_end), _cut(b, p.b_start, p.b_end)
    left, right = _said(a, ours, as_typed), _said(b, theirs, as_typed)
    for same, i, j, k, m in _joined(_runs(left, right, _lines(a, ours), _lines(b, theirs))):
        place = Passage(ours[i], ours[j], theirs[k], theirs[m])
        if same:
            yield Change("same", b[place.b_start : place.b_end], place)
            continue
        if j > i:
            yield Change("deleted", a[place.a_start : place.a_end], Passage(ours[i], ours[j], theirs[k], theirs[k]))
        if m > k:
            yield Change("inserted", b[place.b_start : place.b_end], Passage(ours[j], ours[j], theirs[k], theirs[m]))


def words_changed(found: Iterable[Change]) -> tuple[int, int]:
    """Return how many words were inserted, and how many deleted."""
    count = {"same": 0, "deleted": 0, "inserted": 0}
    for change in found:
        count[change.what] += len(_cut(change.text, 0, len(change.text))) - 1 if change.text.strip() else 0
    return count["inserted"], count["deleted"]


def is_coarse(found: Iterable[Change]) -> bool:
    """Whether a part was too long to be compared word by word, and all of it is told as changed."""
    return any(
        one.what == "deleted"
        and other.what == "inserted"
        and len(one.text) * len(other.text) > MAX_COMPARED_PAIRS  # no text has more words than characters
        and words_changed([one])[1] * words_changed([other])[0] > MAX_COMPARED_PAIRS
        for one, other in pairwise(found)
    )


def _cut(text: str, start: int, end: int) -> list[int]:
    """Return where the words of a part of a text begin, each with the space behind it, and where the last one ends.

    White space alone is as a word that says nothing.
    """
    part = text[start:end]
    cut = words.words(part)
    alone = cut.weights is not None  # a script without spaces: a sign is a word
    places = cut.starts.tolist() if alone else [found.start() for found in _WORD.finditer(part)]
    return [start, *(start + place for place in places[1:]), end] if start < end else [end]


def _said(text: str, cuts: Sequence[int], as_typed: bool) -> list[str]:
    """Return what is compared of each word."""
    parts = (text[start:end] for start, end in pairwise(cuts))
    return ["".join(part.translate(_AS_TYPED).split() if as_typed else part.split()) for part in parts]


def _lines(text: str, cuts: Sequence[int]) -> list[int]:
    """Return at which words lines begin, and how many words there are."""
    count = len(cuts) - 1
    return [0, *(n for n in range(1, count) if "\n" in text[cuts[n - 1] : cuts[n]]), count] if count else [0]


def _runs(left: Sequence[str], right: Sequence[str], lines: Sequence[int], others: Sequence[int]) -> Iterator[Run]:
    """Yield which words are the same: those of lines that are, and of the other lines what is left."""
    ours = [" ".join(left[start:end]) for start, end in pairwise(lines)]
    theirs = [" ".join(right[start:end]) for start, end in pairwise(others)]
    for same, a, b, c, d in _apart(ours, theirs):
        i, j, k, m = lines[a], lines[b], others[c], others[d]
        if same:
            yield True, i, j, k, m
            continue
        within = list(_apart(left[i:j], right[k:m]))
        for n, (is_same, e, f, g, h) in enumerate(within):
            is_inside = 0 < n < len(within) - 1
            yield is_same and not (is_inside and f - e < MIN_SAME_WORDS), i + e, i + f, k + g, k + h


def _apart(left: Sequence[str], right: Sequence[str]) -> Iterator[Run]:
    """Yield by turns what two sequences have in common, in order, and what they have not."""
    if len(left) * len(right) > MAX_COMPARED_PAIRS:
        yield False, 0, len(left), 0, len(right)
        return
    yield from _joined(
        (op.tag == "equal", op.src_start, op.src_end, op.dest_start, op.dest_end)
        for op in Levenshtein.opcodes(left, right)
    )


def _joined(runs: Iterator[Run]) -> Iterator[Run]:
    """Yield runs, those of one kind that follow each other as one."""
    for same, some in groupby(runs, key=lambda run: run[0]):
        each = list(some)
        yield same, each[0][1], each[-1][2], each[0][3], each[-1][4]
