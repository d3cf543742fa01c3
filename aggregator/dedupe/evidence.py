"""What of an alignment is evidence: a run counts by how rare it is, in the archive and on its own site. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aggregator.dedupe.alignment import MIN_PASSAGE_WORDS, MIN_STRETCH_WORDS
from aggregator.dedupe.known import Decided, Known
from aggregator.model import Alignment, Shared

COMMON = 4
"""A stretch whose grams more texts hold than this, unchanged copies counted as one, is worth the less the more they
are: half as much from twice as many on. 3 to 8 change the F1 of partial matches by .02, of whole ones by nothing."""
STANDING = 2
"""A phrase that more texts of one source hold is that source's own, and worth the less the more they are."""
FIRM, FIRMLY_ALIKE = 0.75, 0.8
"""From these two on, it is beyond doubt."""
SAME_ALIKE = 0.97
"""From here on nothing was changed: such copies count as one article where it is counted how many hold a phrase."""
WHOLE, WHOLLY_ALIKE = 0.9, 0.95
"""From these two on, an article repeats another one of its own source; with less, it repeats its standing phrases."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What of an alignment counts."""

    alignment: Alignment
    shared: tuple[Shared, ...]
    a_coverage: float
    b_coverage: float
    """The share of each text's characters in passages."""
    alike: float
    """The share of the words in passages that are the same on both sides, or the same but misread."""
    longest: float
    """The longest stretch, in rare words."""

    @property
    def pair(self) -> tuple[str, str]:
        """The two articles."""
        return self.alignment.a, self.alignment.b


def evidence(alignments: Sequence[Alignment], known: Known, decided: Decided) -> tuple[list[Evidence], dict[str, str]]:
    """Return what of each alignment is evidence, and which articles are unchanged copies, by the smallest id of these.

    Alignments without any evidence are left out, unless a person confirmed them.

    Args:
        alignments: All of those articles which share anything, directly or through others.
        known: What is known of these and of all that hold their grams.
        decided: What people decided.
    """
    rough = [_evidence(one, one.shared, None) for one in alignments]
    same = Groups()
    for one in rough:
        if min(one.a_coverage, one.b_coverage) >= FIRM and one.alike >= SAME_ALIKE:
            same.join(*one.pair)
    ids = {i for one in alignments for i in (one.a, one.b)}
    worth, sources = _worth(alignments, known, ids, same)
    kept = []
    for one in rough:
        weighed = _weighed(one.alignment, worth)
        is_whole = min(one.a_coverage, one.b_coverage) >= WHOLE and one.alike >= WHOLLY_ALIKE
        if weighed and (is_whole or not _is_own(one.alignment, sources, worth)):
            kept.append(weighed)
        elif one.pair in decided.confirmed:
            kept.append(one)
    return kept, same.named(ids)


@dataclass(frozen=True, slots=True)
class _Worth:
    """What every gram is worth, and whether only one source holds it."""

    rare: Mapping[int, float]
    elsewhere: Mapping[int, bool]


def _worth(
    alignments: Sequence[Alignment], known: Known, ids: Set[str], same: Groups
) -> tuple[_Worth, Mapping[str, str]]:
    """Return what the grams of alignments are worth, and the source of each article."""
    grams = sorted({g for one in alignments for s in one.shared for t in s.stretches for g in t.grams})
    rows, who, counts = known.holders(np.array(grams, np.uint64))
    everybody = ids | set(who)
    about = known.about(everybody)
    sources = {i: about[i].source_id if i in about else i for i in everybody}
    others = known.sames(everybody - ids)
    texts = _numbered(same.of(i) if i in ids else others.get(i, i) for i in who)
    places = _numbered(sources[i] for i in who)
    n = len(grams)
    named = np.bincount(rows, minlength=n)
    of_source = _distinct(rows, places, texts)
    _, first, n_texts = np.unique(of_source[:, :2], axis=0, return_index=True, return_counts=True)
    standing = np.zeros(n, np.int64)
    np.maximum.at(standing, of_source[first, 0], n_texts)
    of_text, n_holders = _counted(rows, texts)
    distinct = np.bincount(of_text[:, 0], minlength=n)
    single = np.bincount(of_text[n_holders == 1, 0], minlength=n)
    n_sources = np.bincount(_distinct(rows, places)[:, 0], minlength=n)
    # of many, only the first are named; that another one is another text is as likely as that a named one is its only
    # holder (Good, 1953)
    spread = distinct + (counts - named) * single / np.maximum(named, 1)
    band = 2.0 ** np.floor(np.log2(np.maximum(spread, 1)))
    rare = np.minimum(1.0, COMMON / band) / np.maximum(1, standing - STANDING + 1)
    worth = _Worth(
        dict(zip(grams, rare.tolist(), strict=True)), dict(zip(grams, (n_sources > 1).tolist(), strict=True))
    )
    return worth, sources


def _numbered(names: Iterable[str]) -> NDArray[np.int64]:
    """Return a number for each name, the same for the same."""
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(name, len(numbers)) for name in names], np.int64)


def _counted(*columns: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the different rows of a table, in order, and how often each is in it."""
    table = np.column_stack(columns)
    if not len(table):
        return table.reshape(0, len(columns)), np.zeros(0, np.int64)
    return np.unique(table, axis=0, return_counts=True)


def _distinct(*columns: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the different rows of a table, in order."""
    return _counted(*columns)[0]


def _is_own(one: Alignment, sources: Mapping[str, str], worth: _Worth) -> bool:
    """Whether two articles of one source share only what nobody else has: its own standing phrases."""
    if sources[one.a] != sources[one.b]:
        return False
    return not any(worth.elsewhere[g] for s in one.shared for t in s.stretches for g in t.grams)


def _weighed(one: Alignment, worth: _Worth) -> Evidence | None:
    """Return an alignment with the passages that are rare enough; None: none is."""
    kept, longest = [], 0.0
    for shared in one.shared:
        stretches = [_rare_words(stretch.words, [worth.rare[g] for g in stretch.grams]) for stretch in shared.stretches]
        if max(stretches) >= MIN_PASSAGE_WORDS or sum(stretches) >= MIN_STRETCH_WORDS:
            kept.append(shared)
            longest = max(longest, *stretches)
    return _evidence(one, tuple(kept), longest) if longest >= MIN_STRETCH_WORDS else None


def _rare_words(words: float, rare: Collection[float]) -> float:
    return words * (sum(rare) / len(rare) if rare else _UNKNOWN)


_UNKNOWN = 0.7
"""What a word is worth of whose grams none is in the sample."""


def _evidence(one: Alignment, shared: tuple[Shared, ...], longest: float | None) -> Evidence:
    words = sum(s.words for s in shared)
    return Evidence(
        one,
        shared,
        covered([(s.passage.a_start, s.passage.a_end) for s in shared]) / max(1, one.a_chars),
        covered([(s.passage.b_start, s.passage.b_end) for s in shared]) / max(1, one.b_chars),
        min(1.0, sum(s.alike for s in shared) / words) if words else 0.0,
        max((t.words for s in shared for t in s.stretches), default=0.0) if longest is None else longest,
    )


def covered(spans: Iterable[tuple[int, int]]) -> int:
    """Return how many characters stand in spans; what two of them have in common counts once."""
    total = reached = 0
    for start, end in sorted(spans):
        total += max(0, end - max(start, reached))
        reached = max(reached, end)
    return total


class Groups:
    """Articles that are joined; each group goes by its smallest id."""

    def __init__(self) -> None:
        self._above: dict[str, str] = {}
        self._sizes: dict[str, int] = {}

    def of(self, one: str) -> str:
        """Return the group of an article."""
        path = []
        while (above := self._above.get(one, one)) != one:
            path.append(one)
            one = above
        for each in path:
            self._above[each] = one
        return one

    def join(self, one: str, other: str) -> None:
        """Make one group of those of two articles."""
        low, high = sorted((self.of(one), self.of(other)))
        if low != high:
            self._above[high] = low
            self._sizes[low] = self.size(low) + self._sizes.pop(high, 1)

    def size(self, name: str) -> int:
        """Return how many articles are in a group."""
        return self._sizes.get(name, 1)

    def named(self, ids: Iterable[str]) -> dict[str, str]:
        """Return, of those articles that are joined with another one, the smallest id of the group."""
        members: dict[str, list[str]] = defaultdict(list)
        for article_id in ids:
            members[self.of(article_id)].append(article_id)
        return {i: name for name, group in members.items() if len(group) > 1 for i in group}
