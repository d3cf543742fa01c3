"""What grams are worth as evidence: the rarer, the more, in the archive and on its own site. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aggregator.dedupe.known import Known
from aggregator.words import Hashes

FAMILIAR = 4
"""A stretch whose grams more texts hold than this, unchanged copies counted as one, is worth the less the more they
are: half as much from twice as many on. 3 to 8 change the F1 of partial matches by .02, of whole ones by nothing."""
STANDING = 2
"""A phrase that more texts of one source hold is that source's own, and worth the less the more they are."""


@dataclass(frozen=True, slots=True)
class Worth:
    """What grams are worth: an item each."""

    rare: NDArray[np.float64]
    """0.0 to 1.0."""
    is_elsewhere: NDArray[np.bool_]
    """Whether several sources hold it."""


def worth(grams: Hashes, known: Known, same: Callable[[Collection[str]], Mapping[str, str]]) -> Worth:
    """Return what grams are worth.

    Args:
        grams: Each once.
        known: What is known of those that hold them.
        same: What gives, of articles with unchanged copies, one of these.
    """
    rows, held_by, holders, counts = known.holders(grams)
    about, one_of = known.about(holders), same(holders)
    source = _numbered(about[i].source_id if i in about else i for i in holders)[held_by]
    text = _numbered(one_of.get(i, i) for i in holders)[held_by]
    n, n_sources = len(grams), int(source.max(initial=0)) + 1
    named = np.bincount(rows, minlength=n)
    of_text, n_holders = _pairs(rows, text)
    distinct = np.bincount(of_text, minlength=n)
    single = np.bincount(of_text[n_holders == 1], minlength=n)
    of_source, n_texts = np.unique(_pairs(rows * n_sources + source, text)[0], return_counts=True)
    standing = np.zeros(n, np.int64)
    np.maximum.at(standing, of_source // n_sources, n_texts)
    # of many, only the first are named; that another one is another text is as likely as that a named one is its only
    # holder (Good, 1953)
    spread = distinct + (counts - named) * single / np.maximum(named, 1)
    band = 2.0 ** np.floor(np.log2(np.maximum(spread, 1)))
    return Worth(
        np.minimum(1.0, FAMILIAR / band) / np.maximum(1, standing - STANDING + 1),
        np.bincount(of_source // n_sources, minlength=n) > 1,
    )


def _numbered(names: Iterable[str]) -> NDArray[np.int64]:
    """Return a number for each name, the same for the same."""
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(name, len(numbers)) for name in names], np.int64)


def _pairs(one: NDArray[np.int64], other: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the first of each different pair of numbers, in order, and how often that pair is there."""
    base = int(other.max(initial=0)) + 1
    found, counts = np.unique(one * base + other, return_counts=True)
    return found // base, counts
