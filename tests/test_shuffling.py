"""A whole archive compared at once, through files: what is found is what one article after the other finds."""

from __future__ import annotations

import tempfile
import tracemalloc
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from statistics import median
from typing import Any
from unittest.mock import patch

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.reuse import Fingerprint, Reuse, segments, shuffling
from aggregator.reuse.segments import ARRAYS, merged
from tests.test_reuse import ARTICLES, COPIES, KNOWN, MANY, SMALL, answers, expected, fingerprint, prints_of

Told = dict[tuple[int, int], tuple[int, int, float]]
"""By two articles, the smaller number first: the coarser rate, how many grams they share, what these are worth."""


def one_by_one(prints: Sequence[Fingerprint]) -> Told:
    """What the index finds, to the last bit."""
    prints = sorted(prints, key=lambda f: f.number)
    reuse = Reuse()
    reuse.add(prints)
    found = reuse.candidates(prints, np.array([f.number for f in prints], np.uint64))
    columns = (found.asked, found.number, found.rate, found.shared, found.weight)
    return {
        (other, prints[row].number): (max(rate, prints[row].rate), shared, weight)
        for row, other, rate, shared, weight in zip(*(column.tolist() for column in columns), strict=True)
    }


class AtOnce:
    """These compared at once.

    Args:
        folder: For its files.
        prints: In any order.
        batch: How many articles go into a batch.
        most: How many rows go into a stretch.
        missing: Numbers that have a place, and no fingerprint.
    """

    def __init__(
        self, folder: Path, prints: Sequence[Fingerprint], batch: int, most: int, missing: Sequence[int] = ()
    ) -> None:
        by_number = {f.number: f for f in prints}
        self._folder = folder
        self._numbers = sorted({*by_number, *missing})
        placed = [(place, by_number[n]) for place, n in enumerate(self._numbers) if n in by_number]
        cuts = [
            shuffling.scatter(folder, start, [one for one in placed if start <= one[0] < start + batch])
            for start in range(0, len(self._numbers), batch)
        ]
        self._known = shuffling.survey(folder, cuts, len(self._numbers))
        self._met = [shuffling.meet(folder, *one) for one in enumerate(shuffling.stretches(cuts, most))]
        self._shares = shuffling.shares(shuffling.list_runs(folder, self._met), len(self._numbers), most)

    def told(self) -> Told:
        told: Told = {}
        for share in self._shares:
            sums = shuffling.add_up(self._folder, share)
            columns = (sums.later, sums.earlier, sums.rate, sums.shared, sums.weight)
            for later, earlier, *said in zip(*(column.tolist() for column in columns), strict=True):
                for each in self._known.late.get(later, np.array([later])).tolist():
                    pair = self._numbers[earlier], self._numbers[each]
                    assert pair not in told
                    told[pair] = said[0], said[1], said[2]
        return told

    def index(self) -> Reuse:
        made = Reuse(self._folder / "reuse", writing=True)
        shuffling.fill(
            made, self._folder, self._known, [each.rows for each in self._met], np.array(self._numbers, np.uint64)
        )
        made.sign()
        return Reuse(self._folder / "reuse")


SIZES = st.sampled_from([1, 2, 7, 1_000])
MOST = st.sampled_from([3, 40, 10_000])


@settings(max_examples=60)
@given(MANY, ARTICLES, SIZES, MOST, st.randoms(use_true_random=False))
def test_what_is_found_at_once_is_what_is_found_one_by_one(
    many: int, articles: dict[int, tuple[int, set[int]]], batch: int, most: int, chance: Random
) -> None:
    numbers = chance.sample(range(1000), many)
    prints = prints_of(
        {n: (chance.choice([1, 1, 2, 4, 8]), {*chance.sample(SMALL, 3), SMALL[0]}) for n in numbers} | articles
    )
    missing = chance.sample(range(2000, 3000), 3)

    with tempfile.TemporaryDirectory() as folder, patch.object(segments, "ROWS", most):
        assert AtOnce(Path(folder), prints, batch, most, missing).told() == one_by_one(prints)


@settings(max_examples=60)
@given(COPIES, ARTICLES, SIZES, MOST, st.randoms(use_true_random=False))
def test_of_many_copies_of_one_text_the_same_few_are_compared(
    copies: dict[int, tuple[int, set[int]]],
    articles: dict[int, tuple[int, set[int]]],
    batch: int,
    most: int,
    chance: Random,
) -> None:
    prints = copied(copies, articles, chance)

    with tempfile.TemporaryDirectory() as folder, patch.object(segments, "ROWS", most):
        assert AtOnce(Path(folder), prints, batch, most).told() == one_by_one(prints)


@settings(max_examples=40)
@given(COPIES, ARTICLES, SIZES, MOST, st.randoms(use_true_random=False))
def test_the_index_made_of_all_stretches_answers_as_one_that_was_added_to(
    copies: dict[int, tuple[int, set[int]]],
    articles: dict[int, tuple[int, set[int]]],
    batch: int,
    most: int,
    chance: Random,
) -> None:
    prints = copied(copies, articles, chance)
    prints.append(fingerprint(5_000, ()))  # of a text too short to be found again

    with tempfile.TemporaryDirectory() as folder:
        made = AtOnce(Path(folder), prints, batch, most, missing=[0, 4_000, 6_000]).index()

        assert answers(made, prints, KNOWN) == expected(prints, KNOWN)
        assert arrays(made) == arrays(added(prints, chance))


def copied(
    copies: dict[int, tuple[int, set[int]]], articles: dict[int, tuple[int, set[int]]], chance: Random
) -> list[Fingerprint]:
    """Several texts, each of which many articles have, and others."""
    numbers = iter(chance.sample(range(100, 2000), sum(many for many, _ in copies.values())))
    prints = [fingerprint(next(numbers), held, text=text) for text, (many, held) in copies.items() for _ in range(many)]
    return prints + [one for one in prints_of(articles) if one.number < 100]


def added(prints: Sequence[Fingerprint], chance: Random) -> Reuse:
    reuse = Reuse()
    for one in chance.sample(list(prints), len(prints)):
        reuse.add([one])
    return reuse


def arrays(reuse: Reuse) -> dict[str, list[int]]:
    """What is in it, however many segments it has."""
    one, *others = reuse._segments
    for other in others:
        one = merged(one, other)
    return {array: getattr(one, array).tolist() for array in ARRAYS}


def test_equal_shares_of_the_work_have_at_most_so_many_rows(tmp_path: Path) -> None:
    chance = Random(3)
    rates = {n: chance.choice([1, 2, 4, 8]) for n in range(400)}
    prints = [fingerprint(n, (chance.getrandbits(64) // rate for _ in range(100)), rate) for n, rate in rates.items()]
    placed = list(enumerate(prints))
    cuts = [shuffling.scatter(tmp_path, start, placed[start : start + 50]) for start in range(0, 400, 50)]
    shuffling.survey(tmp_path, cuts, 400)

    met = [shuffling.meet(tmp_path, *one) for one in enumerate(shuffling.stretches(cuts, 1_000))]

    assert sum(each.rows for each in met) == 400 * 100
    assert max(each.rows for each in met) < 1_200  # chance


def test_what_is_in_memory_does_not_grow_with_the_archive(tmp_path: Path) -> None:
    few, many = (peak_of_the_maps(tmp_path / str(count), count) for count in (2_000, 8_000))

    assert many < 1.25 * few


def peak_of_the_maps(folder: Path, articles: int) -> int:
    """The bytes that a task usually has of a made-up archive, cut into batches and stretches of one size.

    Of each kind of task the middle one counts, of the kinds the largest: threads of other tests may be in a single one.
    """
    chance = np.random.default_rng(4)
    folder.mkdir()
    peaks = defaultdict[str, list[int]](list)

    def task(run: Callable[..., Any], *arguments: object) -> Any:
        tracemalloc.start()
        result = run(folder, *arguments)
        peaks[run.__name__].append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        return result

    def batch(start: int) -> list[tuple[int, Fingerprint]]:
        shared = chance.integers(0, 1 << 64, (10, 20), np.uint64)  # by ten families of ten
        grams = chance.integers(0, 1 << 64, (100, 60), np.uint64)
        prints = [np.unique(np.append(own, shared[n % 10])) for n, own in enumerate(grams)]
        return [(start + n, Fingerprint(start + n, 1, each)) for n, each in enumerate(prints)]

    cuts = [task(shuffling.scatter, start, batch(start)) for start in range(0, articles, 100)]
    shuffling.survey(folder, cuts, articles)
    met = [task(shuffling.meet, *one) for one in enumerate(shuffling.stretches(cuts, 10_000))]
    for share in shuffling.shares(shuffling.list_runs(folder, met), articles, 10_000):
        task(shuffling.add_up, share)
    return max(int(median(each)) for each in peaks.values())
