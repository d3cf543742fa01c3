"""The passage fingerprints: which articles hold a run of five words. The only room that touches ``index/reuse``.

Sorted arrays on the disk, as many as there are orders of magnitude: what a run adds is a small one, and small ones are
merged into larger ones (O'Neil et al. 1996, the log-structured merge-tree). They are mapped into memory, so that to ask
reads only the pages it needs. A list names those that count and is replaced in one step: a kill at any point leaves the
list as it was or as it is to be. All of it is made of texts in the catalogue and can be made again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aggregator import disk, words
from aggregator.errors import StoreError
from aggregator.reuse.segments import (
    ARRAYS,
    FORM,
    LIST,
    Fingerprint,
    Numbers,
    Seen,
    Segment,
    Span,
    different,
    in_parts,
    made_of,
    mapped,
    merged,
    read_again,
    summed,
    the_list,
)
from aggregator.words import Hashes

FEW = 32
"""Of the articles that hold a gram, how many a new one is compared with on its account: those of the smallest numbers.
A text that was reposted a thousand times is so compared with its family's representatives, not with all of them."""
TOLD_HOLDERS = 64
"""How many holders of a gram are named, at most."""
_ASKED_GRAMS = 100_000
"""Grams that are asked about at a time."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """Pairs of articles that share grams, as columns: a row each."""

    asked: NDArray[np.int64]
    """Which of the fingerprints that were asked about."""
    number: Numbers
    """The other article."""
    rate: NDArray[np.uint8]
    """Its rate."""
    shared: NDArray[np.int64]
    """How many grams of the coarser of both fingerprints are in both."""
    weight: NDArray[np.float64]
    """The same, each counted by how few articles hold it."""

    @classmethod
    def none(cls) -> Candidates:
        """Return no candidates."""
        row = np.zeros(0, np.int64)
        return cls(row, row.astype(np.uint64), row.astype(np.uint8), row, row.astype(np.float64))

    @classmethod
    def all_of(cls, *parts: tuple[Candidates, NDArray[np.int64]]) -> Candidates:
        """Return the candidates of several askings: each with which of all fingerprints it was about."""
        return cls(
            np.concatenate([about[found.asked] for found, about in parts]),
            np.concatenate([found.number for found, _ in parts]),
            np.concatenate([found.rate for found, _ in parts]),
            np.concatenate([found.shared for found, _ in parts]),
            np.concatenate([found.weight for found, _ in parts]),
        )


class Reuse:
    """The fingerprints of a home's articles, or of a corpus in memory.

    Args:
        folder: ``index/reuse``; None: all is kept in memory.
        writing: Whether fingerprints are to be added; the folder is then made, and emptied when it is damaged.

    Attributes:
        is_new: Whether there was nothing when it was opened: every article must be added.

    Raises:
        StoreError: It is missing or damaged (for a reader), or the disk fails.
        NoSpaceError: The disk is full or read-only.
    """

    def __init__(self, folder: Path | None = None, *, writing: bool = False) -> None:
        self._folder = folder
        self._segments: list[Segment] = []
        self._seen: Seen | None = None
        self.is_new = True
        self._count_up()
        if folder is None:
            return
        try:
            self._seen, self._segments = read_again(folder)
            self._count_up()
            self.is_new = False
        except (OSError, ValueError, KeyError, TypeError) as error:
            if not writing:
                raise self._damaged(error) from error
            with disk.guarded(folder):
                folder.mkdir(parents=True, exist_ok=True)
                disk.remove(folder / LIST)
        if writing:
            with disk.guarded(folder):
                self._sweep()

    def _damaged(self, why: object) -> StoreError:
        folder = self._folder or Path()
        return StoreError(
            folder, f"missing or damaged ({why}). Nothing is lost. Run `aggregator rebuild --only reposts`."
        )

    def sign(self) -> None:
        """Declare a new index fit for asking, once it is noted which articles it lacks."""
        self._list(self._segments)

    @property
    def is_current(self) -> bool:
        """Whether the list is still the one that was read.

        Files that it named may have been taken away since, which does no harm to who has them mapped, or overwritten:
        what was answered meanwhile is to be asked again.
        """
        try:
            return self._folder is None or the_list(self._folder)[0] == self._seen
        except OSError:
            return False

    def become(self, other: Reuse, *, scrub: bool = False) -> None:
        """Hold what another one holds, and nothing else: its files are taken over. For readers it is one step.

        Args:
            other: In a folder on the same disk; not to be used any more.
            scrub: Overwrite the old files before they go, once they are listed no more.

        Raises:
            NoSpaceError: The disk is full or read-only; all is as it was, or as it is to be.
            StoreError: The disk fails; likewise.
        """
        assert self._folder is not None and other._folder is not None
        with disk.guarded(self._folder):
            taken = []
            for segment in other._segments:
                name = self._unused_name()
                for array in ARRAYS:
                    disk.rename(other._folder / f"{segment.name}-{array}", self._folder / f"{name}-{array}")
                taken.append(replace(segment, name=name))
            self._list(taken)
            self._segments, self.is_new = taken, False
            self._count_up()
            self._sweep(scrub=scrub)

    def __len__(self) -> int:
        """Return how many articles are in it."""
        return len(self._numbers)

    def add(self, fingerprints: Sequence[Fingerprint]) -> None:
        """Add fingerprints; what an article had already is not added again. They are on the disk when this returns.

        Raises:
            NoSpaceError: The disk is full or read-only; nothing was added.
            StoreError: The disk fails; likewise.
        """
        if not fingerprints:
            return
        numbers = np.array([f.number for f in fingerprints], np.uint64)
        rates = np.array([f.rate for f in fingerprints], np.uint8)
        grams = np.concatenate([f.grams for f in fingerprints])
        owners = np.repeat(numbers, [len(f.grams) for f in fingerprints])
        if np.isin(numbers, self._numbers).any():
            fresh = ~self._holds(grams, owners)
            grams, owners = grams[fresh], owners[fresh]
            if not len(grams) and self._knows(numbers, rates):
                return
        made = [*self._segments, made_of(fingerprints, grams, owners)]
        while len(made) > 1 and len(made[-2]) < 2 * len(made[-1]):
            made[-2:] = [merged(made[-2], made[-1])]
        if self._folder is not None:
            with disk.guarded(self._folder):
                made = [segment if segment.name else self._written(segment) for segment in made]
                self._list(made)
        self._segments = made
        self._count_up()
        if self._folder is not None:
            with disk.guarded(self._folder):
                self._sweep()

    def fill(self, arrays: Mapping[str, Iterable[NDArray[np.generic]]], *, rows: int, articles: int) -> None:
        """Hold one segment, and nothing else, whose arrays come piece by piece; ``sign`` declares it fit.

        Args:
            arrays: Pieces of each array, see ``segments.ARRAYS``; in the order of a segment.
            rows: How many holders of grams there are.
            articles: How many articles.

        Raises:
            NoSpaceError: The disk is full or read-only.
            StoreError: The disk fails, or the pieces are not as many as was said.
        """
        assert self._folder is not None
        with disk.guarded(self._folder):
            try:
                self._segments = [self._written_in_pieces(arrays, rows, articles)]
            except ValueError as error:
                raise self._damaged(error) from error
        self._count_up()

    def _knows(self, numbers: Numbers, rates: NDArray[np.uint8]) -> bool:
        """Whether all of these articles are known, with rates as coarse."""
        place = np.minimum(np.searchsorted(self._numbers, numbers), len(self._numbers) - 1)
        return bool(((self._numbers[place] == numbers) & (self._rates[place] >= rates)).all())

    def _list(self, segments: Sequence[Segment]) -> None:
        """Say which segments count."""
        if self._folder is not None:
            named = [{"name": s.name, "rows": len(s.grams), "articles": len(s.numbers)} for s in segments]
            with disk.guarded(self._folder):
                disk.put(self._folder / LIST, json.dumps({"form": FORM, "segments": named}).encode())

    def candidates(self, asked: Sequence[Fingerprint], new: Numbers) -> Candidates:
        """Return which articles share grams with those that are asked about, each pair once.

        That two share a gram counts while few hold it, or one of the two is among the first of them. Of more than
        ``FEW`` articles with one and the same text the others are compared with the first of them only. So it does not
        matter in which order articles came.

        Args:
            asked: In ascending order of their numbers; in the index or not.
            new: All that will be asked about, ascending: of two of them, the larger number finds the pair.
        """
        if not asked or not len(self._numbers):
            return Candidates.none()
        if len(asked) > 1 and sum(map(len, (f.grams for f in asked))) > _ASKED_GRAMS:
            half = len(asked) // 2
            halves = np.split(np.arange(len(asked)), [half])
            return Candidates.all_of(
                (self.candidates(asked[:half], new), halves[0]), (self.candidates(asked[half:], new), halves[1])
            )
        own = np.array([f.number for f in asked], np.uint64)
        place = np.minimum(np.searchsorted(self._numbers, own), len(self._numbers) - 1)
        known = self._numbers[place] == own
        by_grams = np.flatnonzero(~(known & self._is_spare[place]))
        found = self._by_grams([asked[row] for row in by_grams.tolist()], new)
        by_text = np.flatnonzero(known)
        spare = self._by_text([asked[row] for row in by_text.tolist()], place[by_text], new)
        return Candidates.all_of((found, by_grams), (spare, by_text))

    def _by_grams(self, asked: Sequence[Fingerprint], new: Numbers) -> Candidates:
        """Return who shares grams with articles, of which none is spare, but the spare ones."""
        if not asked:
            return Candidates.none()
        own = np.array([f.number for f in asked], np.uint64)
        rates = np.array([f.rate for f in asked], np.uint8)
        grams = np.concatenate([f.grams for f in asked])
        who = np.repeat(np.arange(len(asked)), [len(f.grams) for f in asked])
        spans = self._spans(grams)
        counts = _sizes(spans, grams)
        worth = words.rarity(counts)
        found = []
        for rows, holders in self._compared(grams, own[who], spans, counts):
            theirs = who[rows]
            numbers, coarsest = self._numbers[holders], np.maximum(self._rates[holders], rates[theirs])
            place = np.minimum(np.searchsorted(new, numbers), len(new) - 1)
            keep = np.where(new[place] == numbers, numbers < own[theirs], numbers != own[theirs])
            keep &= grams[rows] <= words.BOUNDS[coarsest]
            pairs = theirs[keep] * np.int64(len(self._numbers)) + holders[keep]
            found.append(summed(pairs, np.ones(len(pairs), np.int64), worth[rows[keep]]))
        pairs, shared, weight = summed(*map(np.concatenate, zip(*found, strict=True)))
        holders = pairs % len(self._numbers)
        return Candidates(pairs // len(self._numbers), self._numbers[holders], self._rates[holders], shared, weight)

    def _by_text(self, asked: Sequence[Fingerprint], place: NDArray[np.int64], new: Numbers) -> Candidates:
        """Return for spare articles the first with their text, and for such a first the spare ones that are not new.

        Args:
            asked: Articles of the index.
            place: Their places in it.
            new: As for ``candidates``.
        """
        spare = np.flatnonzero(self._is_spare)
        if not len(spare) or not len(place):
            return Candidates.none()
        spare = spare[np.argsort(self._first[spare], kind="stable")]
        firsts = np.where(self._is_spare[place], len(self._numbers), place)
        left = np.searchsorted(self._first[spare], firsts, side="left")
        many = np.searchsorted(self._first[spare], firsts, side="right") - left
        rows, others = np.repeat(np.arange(len(asked)), many), spare[words.ranges(left, many)]
        old = ~np.isin(self._numbers[others], new)
        of_first = np.flatnonzero(self._is_spare[place])
        rows = np.concatenate((of_first, rows[old]))
        others = np.concatenate((self._first[place[of_first]], others[old]))
        _, each, text = np.unique(self._first[place[rows]], return_index=True, return_inverse=True)
        grams = [asked[row].grams for row in rows[each].tolist()]
        return Candidates(
            rows,
            self._numbers[others],
            self._rates[others],
            np.array([len(own) for own in grams], np.int64)[text],
            np.array([words.rarity(self.counts(own)).sum() for own in grams], np.float64)[text],
        )

    def moved_up(self, left: Mapping[int, int]) -> Numbers:
        """Return who is compared now, or with others, because articles have another text than they had.

        Args:
            left: How many articles may have had each text before, by its number.
        """
        found = [np.zeros(0, np.uint64)]
        texts = self._texts[self._by_text_then_number]
        for text, count in left.items():
            start, end = (int(np.searchsorted(texts, np.uint64(text), side=side)) for side in ("left", "right"))
            if end - start > FEW - 1:  # the first of them, and those that may have been spare before
                places = self._by_text_then_number[[start, *range(start + max(1, FEW - count), min(end, start + FEW))]]
                found.append(self._numbers[places])
        return np.concatenate(found)

    def counts(self, grams: Hashes) -> NDArray[np.int64]:
        """Return how many articles hold each gram."""
        return _sizes(self._spans(grams), grams)

    def holders(self, grams: Hashes) -> tuple[NDArray[np.int64], Numbers, NDArray[np.int64]]:
        """Return who holds grams, the first of many: places in ``grams``, articles; and how many hold each in all."""
        spans = self._spans(grams)
        rows, holders = self._taken(spans, np.arange(len(grams)), TOLD_HOLDERS)
        return rows, self._numbers[holders], _sizes(spans, grams)

    def _spans(self, grams: Hashes) -> list[Span]:
        """Return where grams stand in each segment: from where to where."""
        return [segment.bounds(grams) for segment in self._segments]

    def _compared(
        self, grams: Hashes, own: Numbers, spans: Sequence[Span], counts: NDArray[np.int64]
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """Yield who holds grams, some at a time: their places, and those of the articles.

        Of a gram that many hold they are the first few; to who asks and is one of these, all the others but spare ones.

        Args:
            grams: In any order.
            own: Who asks about each.
            spans: Where they are.
            counts: How many hold each.
        """
        rows, holders = self._taken(spans, np.arange(len(grams)), FEW)
        many = np.flatnonzero(counts > FEW)
        last = np.searchsorted(rows, many, side="right") - 1  # the last of the first few
        many = many[own[many] <= self._numbers[holders[last]]]
        keep = ~np.isin(rows, many)
        yield rows[keep], holders[keep]
        if not len(many):
            return
        # several ask about one gram: it is looked at once
        _, first, same = np.unique(grams[many], return_index=True, return_inverse=True)
        by_gram = np.argsort(same, kind="stable")
        for each in in_parts(np.arange(len(first)), counts[many[first]]):
            holders, sizes = self._not_spare(spans, many[first[each]], counts)
            starts = np.cumsum(sizes) - sizes
            asking = by_gram[slice(*np.searchsorted(same[by_gram], [each[0], each[-1] + 1]))]
            of_each = same[asking] - each[0]
            for some in in_parts(np.arange(len(asking)), sizes[of_each]):
                gram = of_each[some]
                yield np.repeat(many[asking[some]], sizes[gram]), holders[words.ranges(starts[gram], sizes[gram])]

    def _not_spare(
        self, spans: Sequence[Span], rows: NDArray[np.int64], counts: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return all holders of some grams but spare ones, gram by gram, and how many there are of each."""
        where, holders = self._taken(spans, rows, int(counts[rows].max()))
        place = np.zeros(len(counts), np.int64)
        place[rows] = np.arange(len(rows))
        where = place[where]
        order = np.argsort(where, kind="stable")
        order = order[~self._is_spare[holders[order]]]
        return holders[order], np.bincount(where[order], minlength=len(rows))

    def _taken(
        self, spans: Sequence[Span], rows: NDArray[np.int64], most: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the first holders of some grams: places of these, and of the articles in all numbers."""
        found = []
        for segment, places, (left, right) in zip(self._segments, self._places, spans, strict=True):
            taken = np.minimum(right[rows] - left[rows], most)
            each = np.repeat(np.arange(len(rows)), taken)
            within = np.arange(len(each)) - np.repeat(np.cumsum(taken) - taken, taken)
            try:
                found.append((rows[each], places[segment.holders[left[rows][each] + within]]))
            except IndexError as error:
                raise self._damaged(f"{segment.name} names articles that it does not have") from error
        if len(found) == 1:
            return found[0]
        each, holders = (
            (np.concatenate(column) for column in zip(*found, strict=True)) if found else (rows[:0], rows[:0])
        )
        several = different(each * np.int64(len(self._numbers)) + holders)
        each, holders = several // max(1, len(self._numbers)), several % max(1, len(self._numbers))
        keep = np.arange(len(each)) - np.searchsorted(each, each, side="left") < most
        return each[keep], holders[keep]

    def _count_up(self) -> None:
        """Take stock of the articles in all segments."""
        numbers = [segment.numbers for segment in self._segments]
        self._numbers = different(np.concatenate(numbers)) if numbers else np.zeros(0, np.uint64)
        self._places = [np.searchsorted(self._numbers, each) for each in numbers]
        self._rates = np.zeros(len(self._numbers), np.uint8)
        for segment, places in zip(self._segments, self._places, strict=True):
            self._rates[places] = np.maximum(self._rates[places], segment.rates)
        self._count_texts()

    def _count_texts(self) -> None:
        """Find the articles whose text others have: which of these is the first, and before whom there are many."""
        known = np.zeros(len(self._numbers), np.bool_)
        texts = np.zeros(len(self._numbers), np.uint64)
        for segment, places in zip(self._segments, self._places, strict=True):
            texts[places] = np.where(known[places] & (texts[places] != segment.texts), np.uint64(0), segment.texts)
            known[places] = True
        order = np.argsort(texts, kind="stable")  # and by number
        self._texts, self._by_text_then_number = texts, order
        ascending = texts[order]
        begins = np.searchsorted(ascending, ascending, side="left")
        self._first = np.zeros(len(order), np.int64)
        self._first[order] = order[begins] if len(order) else begins
        self._is_spare = np.zeros(len(order), np.bool_)
        self._is_spare[order] = (np.arange(len(order)) - begins >= FEW) & (ascending != 0)

    def _holds(self, grams: Hashes, owners: Numbers) -> NDArray[np.bool_]:
        """Return whether each gram is held by that article already."""
        found = np.zeros(len(grams), np.bool_)
        for segment in self._segments:
            place = np.searchsorted(segment.numbers, owners)
            place[place == len(segment.numbers)] = 0
            there = np.flatnonzero(segment.numbers[place] == owners)
            low = np.searchsorted(segment.grams, grams[there], side="left")
            high = np.searchsorted(segment.grams, grams[there], side="right")
            for row, start, end, holder in zip(there, low, high, place[there], strict=True):
                held = segment.holders[start:end]
                at = np.searchsorted(held, holder)
                found[row] |= bool(at < len(held) and held[at] == holder)
        return found

    def _written(self, segment: Segment) -> Segment:
        """Write a segment to files of its own, and map them."""
        arrays = {array: [getattr(segment, array)] for array in ARRAYS}
        return self._written_in_pieces(arrays, len(segment.grams), len(segment.numbers))

    def _written_in_pieces(
        self, arrays: Mapping[str, Iterable[NDArray[np.generic]]], rows: int, articles: int
    ) -> Segment:
        assert self._folder is not None
        name = self._unused_name()
        for array, kind in ARRAYS.items():
            fd = disk.create(self._folder / f"{name}-{array}")
            try:
                for piece in arrays[array]:
                    disk.write_all(fd, np.ascontiguousarray(piece, kind).tobytes())
                disk.sync(fd)
            finally:
                os.close(fd)
        return mapped(self._folder, name, rows, articles)

    def _unused_name(self) -> str:
        """Return a name for a segment. It is greater than all, so that no list ever named another by it."""
        assert self._folder is not None
        taken = {int(path.name.split("-")[0]) for path in self._folder.glob("[0-9]*-*")}
        return f"{max(taken, default=0) + 1:06}"

    def _sweep(self, *, scrub: bool = False) -> None:
        """Remove the files of segments that do not count: merged ones, and what a kill left behind."""
        assert self._folder is not None
        names = {s.name for s in self._segments}
        for path in self._folder.glob("[0-9]*-*"):
            if path.name.split("-")[0] not in names:
                (disk.scrub if scrub else disk.remove)(path)


def _sizes(spans: Sequence[Span], grams: Hashes) -> NDArray[np.int64]:
    """Return how many rows there are of each gram, given where these stand."""
    return sum((right - left for left, right in spans), np.zeros(len(grams), np.int64))


__all__ = ["FEW", "TOLD_HOLDERS", "Candidates", "Fingerprint", "Numbers", "Reuse"]
