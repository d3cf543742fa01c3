"""All articles of an archive compared with one another at once: what ``Reuse.candidates`` finds, as maps over files.

    scatter     a batch of articles: which of them hold which grams, sorted by gram        cut-*
    survey      all articles: which are spare, because many have their text                about, late, ...
    meet        a stretch of grams of all batches: who meets whom on account of each       met-*, run-*
    add_up      a stretch of articles: whom each meets, on account of all grams

An article is known by its place among all, ascending by number: 4 bytes instead of 8. Every file is sorted by what the
next step takes its stretch of, so that a stretch is one slice of each file, however many there are. What is in memory
at a time is a batch, a stretch, and a byte an article, mapped.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aggregator import disk, words
from aggregator.reuse import FEW, Fingerprint, Numbers, Reuse
from aggregator.reuse.segments import in_parts, summed
from aggregator.words import Hashes

MAX_ARTICLES = 1 << 31
"""Two places are one number of 63 bits."""
BUCKETS = 1 << 14
"""Stretches of articles whose pairs are counted while they are written, so that equal shares can be made of them."""
_SPARE = 0x80
"""Beside the rate of an article whose text as many have as are compared."""
_OCTAVES = words.BOUNDS[[8, 4, 2, 1]]
"""Between these the grams lie evenly: of long texts only those below a bound are kept."""
_ARTICLE = np.dtype([("place", "<u4"), ("rate", "u1"), ("text", "<u8")])
_OF_PAIRS = {"pairs": "<i8", "shared": "<u4", "weight": "<f8"}
_LOW = np.int64((1 << 32) - 1)

Place = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Cut:
    """What came of a batch of articles, besides its files."""

    start: int
    """The place of its first article."""
    rows: tuple[int, ...]
    """How many grams of articles there are in each octave."""


@dataclass(frozen=True, slots=True)
class Survey:
    """The articles that have a fingerprint, as columns, ascending by place."""

    places: Place
    rates: NDArray[np.uint8]
    texts: Numbers
    late: dict[int, Place]
    """Spare articles, by the first of those that are spare with the same text."""


@dataclass(frozen=True, slots=True)
class Met:
    """What came of a stretch of grams, besides its files."""

    number: int
    runs: int
    """How many files of pairs there are."""
    rows: int
    """How many holders of grams there are."""
    pairs: NDArray[np.int64]
    """How many rows of pairs there are, by the bucket of the later article."""


@dataclass(frozen=True, slots=True)
class Sums:
    """Pairs of articles that share grams, each once, as columns; see ``Candidates``."""

    later: Place
    earlier: Place
    rate: NDArray[np.uint8]
    """The coarser of both rates."""
    shared: NDArray[np.int64]
    weight: NDArray[np.float64]


def scatter(folder: Path, start: int, found: Iterable[tuple[int, Fingerprint]]) -> Cut:
    """Write which articles of a batch hold which grams.

    Args:
        folder: Where.
        start: The place of the first article of the batch; it names the files.
        found: Places and fingerprints, ascending by place.
    """
    each = list(found)
    about = np.array([(place, f.rate, f.text) for place, f in each], _ARTICLE)
    grams = np.concatenate([np.zeros(0, np.uint64), *(f.grams for _, f in each)])
    places = np.repeat(about["place"], [len(f.grams) for _, f in each])
    order = np.argsort(grams, kind="stable")  # and by place
    grams = grams[order]
    _put(folder / f"cut-{start}-grams", grams)
    _put(folder / f"cut-{start}-places", places[order])
    _put(folder / f"cut-{start}-articles", about)
    ends = np.searchsorted(grams, _OCTAVES, side="right")
    return Cut(start, tuple(np.diff(ends, prepend=0).tolist()))


def survey(folder: Path, cuts: Sequence[Cut], articles: int) -> Survey:
    """Take stock of all articles, and write what ``meet`` and ``add_up`` must know of them.

    Args:
        folder: Of the cuts.
        cuts: All of them.
        articles: How many places there are; some may have no fingerprint.
    """
    starts = np.array(sorted(cut.start for cut in cuts), np.int64)
    _put(folder / "starts", starts)
    found = np.concatenate([_read(folder / f"cut-{start}-articles", _ARTICLE) for start in starts.tolist()])
    places, rates, texts = found["place"].astype(np.int64), found["rate"].copy(), found["text"].copy()
    order = np.argsort(texts, kind="stable")  # and by place
    begins = np.searchsorted(texts[order], texts[order], side="left")
    rank = np.arange(len(order)) - begins
    is_spare = (rank >= FEW) & (texts[order] != 0)
    about = np.zeros(articles, np.uint8)
    about[places] = rates
    about[places[order[is_spare]]] |= _SPARE
    first_spare = np.flatnonzero(is_spare & (rank == FEW))
    first_spare = first_spare[np.argsort(places[order[first_spare]])]
    late = places[order[first_spare]]
    spares = np.split(places[order[is_spare]], np.flatnonzero(rank[is_spare] == FEW))[1:]
    _put(folder / "about", about)
    _put(folder / "late", late)
    _put(folder / "firsts", places[order[begins[first_spare]]])
    _put(folder / "absent", np.delete(np.arange(articles), places))
    return Survey(places, rates, texts, {int(each[0]): each for each in spares})


def stretches(cuts: Sequence[Cut], most: int) -> list[tuple[int, int]]:
    """Return stretches of all grams, ends inclusive, of about equal numbers of rows, at most so many."""
    found, low = [], 0
    for octave, last in enumerate(_OCTAVES.tolist()):
        count = max(1, ceil(sum(cut.rows[octave] for cut in cuts) / most))
        ends = [low + (last + 1 - low) * n // count for n in range(count + 1)]
        found += [(begin, end - 1) for begin, end in pairwise(ends)]
        low = last + 1
    return found


def meet(folder: Path, number: int, stretch: tuple[int, int]) -> Met:
    """Write who holds the grams of a stretch, and who meets whom on account of them.

    Of the holders of a gram each meets the first few before it, but a spare one: the first of those with its text meets
    the first with that text, for all of them.

    Args:
        folder: Of the cuts and the survey.
        number: Of the stretch; it names the files.
        stretch: From which gram to which, inclusive.
    """
    grams, places = _gathered(folder, stretch)
    about = _mapped(folder / "about", "u1")
    late, firsts, absent = (_read(folder / name, "i8") for name in ("late", "firsts", "absent"))
    _put(folder / f"met-{number}-grams", grams)
    _put(folder / f"met-{number}-holders", (places - np.searchsorted(absent, places)).astype(np.uint32))
    rows = len(grams)
    begins = np.flatnonzero(np.append(True, grams[1:] != grams[:-1])[:rows])
    sizes = np.diff(np.append(begins, rows))
    several = np.repeat(sizes > 1, sizes)
    base, holders = (np.repeat(column, sizes)[several] for column in (begins, sizes))
    at = np.flatnonzero(several)
    meeting = np.where(about[places[at]] & _SPARE, 0, np.minimum(at - base, FEW))
    worth = words.rarity(holders)
    pairs = np.zeros(BUCKETS, np.int64)
    runs = 0
    for some in _runs(about, grams, places, at, base, meeting, worth, late, firsts):
        for column, kept in zip(("pairs", "shared", "weight"), some, strict=True):
            _put(folder / f"run-{number}-{runs}-{column}", kept.astype(_OF_PAIRS[column]))
        pairs += np.bincount((some[0] >> 32) * BUCKETS // len(about), minlength=BUCKETS)
        runs += 1
    return Met(number, runs, rows, pairs)


def _runs(
    about: NDArray[np.uint8],
    grams: Hashes,
    places: Place,
    at: Place,
    base: Place,
    meeting: Place,
    worth: NDArray[np.float64],
    late: Place,
    firsts: Place,
) -> Iterator[tuple[Place, NDArray[np.int64], NDArray[np.float64]]]:
    """Yield sorted pairs with what they share, some at a time.

    Args:
        about: What is known of all articles.
        grams: Of the stretch, ascending.
        places: Who holds each.
        at: Which of these rows count: grams that several hold.
        base: The first row of the same gram.
        meeting: How many of the first each meets.
        worth: What its gram tells.
        late: The first spare article of each text, ascending.
        firsts: The first article of the same text.
    """
    own = places[at]
    stands = np.searchsorted(late, own)
    is_late = late[np.minimum(stands, len(late) - 1)] == own if len(late) else np.zeros(len(own), np.bool_)
    if is_late.any():
        keys = (own[is_late] << 32) | firsts[stands[is_late]]
        yield summed(keys, np.ones(len(keys), np.int64), worth[is_late])
    for some in in_parts(np.flatnonzero(meeting), meeting):
        rows = np.repeat(some, meeting[some])
        others = places[words.ranges(base[some], meeting[some])]
        rate = np.maximum(about[own[rows]], about[others])  # none of them is spare
        keep = grams[at[rows]] <= words.BOUNDS[rate]
        rows = rows[keep]
        if len(rows):
            yield summed((own[rows] << 32) | others[keep], np.ones(len(rows), np.int64), worth[rows])


def shares(counts: NDArray[np.int64], articles: int, most: int) -> list[tuple[int, int]]:
    """Return stretches of places, ends exclusive, so that each has at most so many rows of pairs, or is a bucket.

    Args:
        counts: How many there are in each bucket, over all stretches of grams.
        articles: How many places there are.
        most: How many rows.
    """
    found, start, held = [], 0, 0
    for bucket, count in enumerate(counts.tolist()):
        if held and held + count > most:
            found.append((start, bucket))
            start, held = bucket, 0
        held += count
    found.append((start, BUCKETS))
    # a place p is in the bucket p * BUCKETS // articles
    return [(-(-low * articles // BUCKETS), -(-high * articles // BUCKETS)) for low, high in found]


def list_runs(folder: Path, met: Iterable[Met]) -> NDArray[np.int64]:
    """Write which files of pairs there are, for ``add_up``; return how many rows they have by bucket."""
    runs: list[tuple[int, int]] = []
    counts = np.zeros(BUCKETS, np.int64)
    for each in met:
        runs += [(each.number, run) for run in range(each.runs)]
        counts += each.pairs
    _put(folder / "runs", np.array(runs, np.int64))
    return counts


def add_up(folder: Path, share: tuple[int, int]) -> Sums:
    """Return whom each article of a stretch of places meets, with sums over all grams."""
    low, high = (np.int64(place << 32) for place in share)
    found = [(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.float64))]
    for number, run in _read(folder / "runs", "i8").reshape(-1, 2).tolist():
        name = folder / f"run-{number}-{run}"
        pairs = _mapped(Path(f"{name}-pairs"), "i8")
        part = slice(*np.searchsorted(pairs, [low, high]))
        if part.start < part.stop:
            shared, weight = _mapped(Path(f"{name}-shared"), "u4"), _mapped(Path(f"{name}-weight"), "f8")
            found.append((pairs[part], shared[part].astype(np.int64), weight[part]))
    pairs, shared, weight = summed(*map(np.concatenate, zip(*found, strict=True)))
    later, earlier = pairs >> 32, pairs & _LOW
    rates = _mapped(folder / "about", "u1")
    rate = np.maximum(rates[later] & ~np.uint8(_SPARE), rates[earlier] & ~np.uint8(_SPARE))
    return Sums(later, earlier, rate, shared, weight)


def fill(reuse: Reuse, folder: Path, known: Survey, rows: Sequence[int], numbers: Numbers) -> None:
    """Make an index of all stretches: it answers as one to which all articles were added.

    Args:
        reuse: A new one in a folder.
        folder: Where the stretches are.
        known: The articles.
        rows: How many holders of grams each stretch has, in order.
        numbers: The number of the article at each place.
    """
    reuse.fill(
        {
            "grams": (_mapped(folder / f"met-{n}-grams", "u8") for n in range(len(rows))),
            "holders": (_mapped(folder / f"met-{n}-holders", "u4") for n in range(len(rows))),
            "numbers": [numbers[known.places]],
            "rates": [known.rates],
            "texts": [known.texts],
        },
        rows=sum(rows),
        articles=len(known.places),
    )


def _gathered(folder: Path, stretch: tuple[int, int]) -> tuple[Hashes, Place]:
    """Return who holds the grams of a stretch, sorted by both."""
    low, last = map(np.uint64, stretch)
    grams, places = [np.zeros(0, np.uint64)], [np.zeros(0, np.int64)]
    for start in _read(folder / "starts", "i8").tolist():
        ours = _mapped(folder / f"cut-{start}-grams", "u8")
        part = slice(int(np.searchsorted(ours, low, side="left")), int(np.searchsorted(ours, last, side="right")))
        if part.start < part.stop:
            grams.append(ours[part])
            places.append(_mapped(folder / f"cut-{start}-places", "u4")[part].astype(np.int64))
    every = np.concatenate(grams)
    order = np.argsort(every, kind="stable")  # batches ascend, and each is sorted: it merges them
    return every[order], np.concatenate(places)[order]


def _put(path: Path, column: NDArray[np.generic]) -> None:
    """Write a column; a task that runs twice writes the same again."""
    disk.put(path, np.ascontiguousarray(column).tobytes(), aside_as=uuid.uuid4().hex)


def _mapped(path: Path, kind: str) -> NDArray[Any]:
    """Return a column of which is read what is needed."""
    return np.asarray(np.memmap(path, kind, mode="r")) if path.stat().st_size else np.zeros(0, kind)


def _read(path: Path, kind: str | np.dtype[Any]) -> NDArray[Any]:
    return np.fromfile(path, kind)


__all__ = [
    "MAX_ARTICLES",
    "Cut",
    "Met",
    "Sums",
    "Survey",
    "add_up",
    "fill",
    "list_runs",
    "meet",
    "scatter",
    "shares",
    "stretches",
    "survey",
]
