"""What two texts share: runs of the same words, laid side by side and joined over what was changed. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise, product
from operator import itemgetter
from typing import TypeVar

import numpy as np
from rapidfuzz.distance import Levenshtein

from aggregator.dedupe.runs import runs_of
from aggregator.model import Alignment, Passage, Shared, Stretch, Version
from aggregator.words import BOUNDS, GRAM_WORDS, Words

MIN_STRETCH_WORDS = 12.0
"""What two texts must share in one unchanged stretch, in words as rare as evidence is: standing phrases are shorter."""
MIN_PASSAGE_WORDS = 7.0
"""Once they do, passages of so many rare words are shown too."""
MAX_GAP_WORDS = 60
"""Two runs that lie so far apart can be one passage with changed words or misread letters between them."""
MAX_GAP_CHARS = 2_000
"""What is longer is not looked at letter by letter: no 60 words of a language are, but one word can have no end."""
GAP_SLACK = 0.25
MIN_GAP_SLACK_WORDS = 2
"""By how much of the longer, and at least, the two sides of what lies between may differ in length."""
BRIDGED_WORDS = 3
"""Over so few changed words runs are joined whatever they are changed into."""
JOINED_ALIKE = 0.5
"""Over more, if so much of what lies between is the same, letter by letter (Levenshtein, normalized): an edited text
keeps most of a sentence; in a form that is filled in, what differs has nothing in common."""
MISREAD_ALIKE = 0.75
"""From here on the words between are the same words, misspelt or misread: those of a scanned page are .85 alike."""
MIN_FILLED = 3
WORDS_A_FIELD = 60
"""A form that is filled in has so many names and numbers that the other has not, or one less if there are numbers among
them, and at least one in so many words; who edits a text changes its words. Two reports of a news agency on one kind of
event have one in 10 to 40, edited copies one in 200 and more."""
MAX_FILLED = 3
"""Of one field, or sentence, at most so many are counted."""
_FILLING = re.compile(r"\d[\d.,:/-]*|(?<=[^.!?…:»”\"\n]\s)[^\W\d_a-z]\w+")
_NUMBER = re.compile(r"\d")
TOLD_GRAMS = 16
"""How many grams of a stretch are kept, at most, to tell later how rare it is: from its beginning to its end."""
MAX_MARKS = 3
"""Stops and quotation marks behind the last word that belong to a passage, at most."""
_LOOKED_BACK = 3
MAX_VERSIONS = 4
"""Of an article edited more often, the first and the newest three are compared."""


@dataclass(slots=True)
class _Open:
    """A passage that is being put together: word places on both sides, ends exclusive."""

    a_start: int
    a_end: int
    b_start: int
    b_end: int
    alike: float
    """Words that are the same, or the same but misread."""
    stretches: list[list[tuple[int, int]]]
    """The runs of the first text in it, those together between which nothing was changed."""
    changed: list[tuple[int, int, int, int]]
    """What was changed between them: word places on both sides."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A version of an article, cut into words."""

    version: Version
    words: Words


_One = TypeVar("_One")
"""A version, or what is known of one."""


def aligned(pairs: Sequence[tuple[Sequence[Cut], Sequence[Cut]]]) -> Iterator[Alignment]:
    """Yield what pairs of articles share, in those of their versions that share most; nothing of some pairs.

    Every version of both is tried, so that a copy taken before an edit is still found; of equals, the newer ones count.

    Args:
        pairs: The versions of one and those of another, each oldest first.
    """
    tried = [(n, one, other) for n, pair in enumerate(pairs) for one, other in product(*map(_newest_first, pair))]
    best: tuple[float, Alignment] | None = None
    last = -1
    for row, shared in _shared(
        [(one.words, other.words, one.version.text, other.version.text) for _, one, other in tried]
    ):
        n, one, other = tried[row]
        if n != last and best is not None:
            yield best[1]
            best = None
        last = n
        alike = sum(each.alike for each in shared)
        if best is None or alike > best[0]:
            best = alike, _alignment(one.version, other.version, shared)
    if best is not None:
        yield best[1]


def compared(versions: Sequence[_One]) -> Sequence[_One]:
    """Return the versions to compare, of those of an article, oldest first: all of a few, else the first and newest."""
    return versions if len(versions) <= MAX_VERSIONS else (versions[0], *versions[1 - MAX_VERSIONS :])


def _newest_first(versions: Sequence[Cut]) -> Sequence[Cut]:
    return compared(versions)[::-1]


def _alignment(one: Version, other: Version, shared: tuple[Shared, ...]) -> Alignment:
    return Alignment(
        a=one.article_id,
        b=other.article_id,
        a_version=one.digest,
        b_version=other.digest,
        a_chars=len(one.text),
        b_chars=len(other.text),
        shared=shared,
    )


def align(a: Words, b: Words, a_text: str, b_text: str) -> tuple[Shared, ...]:
    """Return the passages that two texts share, in the order of the first; none, if all of them are too short."""
    return next((shared for _, shared in _shared([(a, b, a_text, b_text)])), ())


def _shared(pairs: Sequence[tuple[Words, Words, str, str]]) -> Iterator[tuple[int, tuple[Shared, ...]]]:
    """Yield the numbers of those pairs of texts that share passages, and these."""
    for found in runs_of([(a, b) for a, b, _, _ in pairs]):
        near = found.together(MAX_GAP_WORDS, MIN_STRETCH_WORDS)
        rows = zip(*(column.tolist() for column in (near.pair, near.a, near.b, near.words)), strict=True)
        for pair, runs in groupby(rows, key=itemgetter(0)):
            if shared := _passages(runs, *pairs[pair]):
                yield pair, shared


def _passages(
    runs: Iterable[tuple[int, int, int, int]], a: Words, b: Words, a_text: str, b_text: str
) -> tuple[Shared, ...]:
    """Return the passages that the runs of two texts make; none, if all of them are too short."""
    made: list[_Open] = []
    for _, a_start, b_start, length in runs:
        for one in reversed(made[-_LOOKED_BACK:]):
            likeness = _likeness(one, a_start, b_start, a, b, a_text, b_text)
            if likeness is not None:
                _go_on(one, a_start, b_start, length, likeness)
                break
        else:
            run = (a_start, a_start + length)
            made.append(_Open(*run, b_start, b_start + length, length, [[run]], []))
    lengths = [[a.length_of(runs) for runs in one.stretches] for one in made]
    if max(map(max, lengths)) < MIN_STRETCH_WORDS or _is_form(made, a, b, a_text, b_text):
        return ()
    rate = max(a.rate, b.rate)
    return tuple(
        _closed(one, each, a, b, a_text, b_text, rate)
        for one, each in zip(made, lengths, strict=True)
        if max(each) >= MIN_PASSAGE_WORDS or sum(each) >= MIN_STRETCH_WORDS
    )


def _is_form(made: Sequence[_Open], a: Words, b: Words, a_text: str, b_text: str) -> bool:
    """Whether two texts are one form that was filled in twice: with other names and numbers in place after place."""
    gaps = [gap for one in made for gap in one.changed]
    for one, other in pairwise(made):
        gap = (one.a_end, other.a_start, one.b_end, other.b_start)
        if 0 < gap[1] - gap[0] <= MAX_GAP_WORDS and 0 < gap[3] - gap[2] <= MAX_GAP_WORDS:
            gaps.append(gap)
    least = sum(a.length(one.a_start, one.a_end) for one in made) / WORDS_A_FIELD
    filled = numbers = 0
    for left, (a_start, a_end, b_start, b_end) in zip(range(len(gaps), 0, -1), gaps, strict=True):
        if filled + MAX_FILLED * left < max(least, MIN_FILLED - 1):
            return False
        ours = _fillings(a_text, a.starts[a_start], a.ends[a_end - 1])
        theirs = _fillings(b_text, b.starts[b_start], b.ends[b_end - 1])
        ours, theirs = ours - theirs, theirs - ours
        filled += min(MAX_FILLED, len(ours), len(theirs))
        if filled >= max(least, MIN_FILLED):
            return True
        numbers += any(map(_NUMBER.match, ours)) and any(map(_NUMBER.match, theirs))
    return bool(numbers) and filled >= max(least, MIN_FILLED - 1)


def _fillings(text: str, start: int, end: int) -> set[str]:
    """Return the numbers in a part of a text, and the words with a capital inside a sentence."""
    return {m[0] for m in _FILLING.finditer(text, start, end) if m[0][0].isdigit() or m[0][0].isupper()}


def _likeness(one: _Open, a_start: int, b_start: int, a: Words, b: Words, a_text: str, b_text: str) -> float | None:
    """Return how alike the words between a passage and a run are, 0.0 to 1.0; None: the run does not go on with it."""
    gap, other = a_start - one.a_end, b_start - one.b_end
    if not (-GRAM_WORDS < gap <= MAX_GAP_WORDS and -GRAM_WORDS < other <= MAX_GAP_WORDS):
        return None
    longer = max(gap, other)
    if abs(gap - other) > max(MIN_GAP_SLACK_WORDS, GAP_SLACK * longer):
        return None
    if gap <= 0 or other <= 0:  # a word was put in or left out, or it is one that stands there twice
        return 1.0 if longer <= 1 else 0.0
    ours = a_text[a.starts[one.a_end] : a.ends[a_start - 1]].lower()
    theirs = b_text[b.starts[one.b_end] : b.ends[b_start - 1]].lower()
    likeness = 0.0
    if max(len(ours), len(theirs)) <= MAX_GAP_CHARS:
        likeness = Levenshtein.normalized_similarity(ours, theirs, score_cutoff=JOINED_ALIKE)
    return likeness if likeness >= JOINED_ALIKE or longer <= BRIDGED_WORDS else None


def _go_on(one: _Open, a_start: int, b_start: int, length: int, likeness: float) -> None:
    """Join a run to a passage."""
    gap = a_start - one.a_end
    doubled = max(0, -gap, one.b_end - b_start)
    misread = likeness >= MISREAD_ALIKE
    one.alike += max(0, length - doubled) + (max(0, gap) if misread else 0)
    run = (a_start, a_start + length)
    if misread:
        one.stretches[-1].append(run)
    else:
        one.stretches.append([run])
        if gap > 0 and b_start > one.b_end:
            one.changed.append((one.a_end, a_start, one.b_end, b_start))
    one.a_end = max(one.a_end, a_start + length)
    one.b_end = max(one.b_end, b_start + length)


def _closed(one: _Open, lengths: Sequence[float], a: Words, b: Words, a_text: str, b_text: str, rate: int) -> Shared:
    """Return a passage with its stretches, which have so many words."""
    a_end, b_end = int(a.ends[one.a_end - 1]), int(b.ends[one.b_end - 1])
    stop = _same_marks(a_text[a_end : a_end + MAX_MARKS], b_text[b_end : b_end + MAX_MARKS])
    words = a.length(one.a_start, one.a_end)
    return Shared(
        passage=Passage(int(a.starts[one.a_start]), a_end + stop, int(b.starts[one.b_start]), b_end + stop),
        words=words,
        alike=one.alike * words / (one.a_end - one.a_start),
        stretches=tuple(
            Stretch(words=length, grams=_told(runs, a, rate))
            for runs, length in zip(one.stretches, lengths, strict=True)
        ),
    )


def _same_marks(a: str, b: str) -> int:
    """Return how many of the characters that follow are the same on both sides, and no words or spaces."""
    count = 0
    for one, other in zip(a, b, strict=False):
        if one != other or one.isalnum() or one.isspace():
            break
        count += 1
    return count


def _told(runs: Sequence[tuple[int, int]], a: Words, rate: int) -> tuple[int, ...]:
    """Return grams of a stretch: of those that fingerprints hold."""
    each = [a.grams[start : end - GRAM_WORDS + 1] for start, end in runs]
    grams = each[0] if len(each) == 1 else np.concatenate(each)
    if rate > 1:
        grams = grams[grams <= BOUNDS[rate]]
    return tuple(grams[:: len(grams) // TOLD_GRAMS + 1].tolist())
