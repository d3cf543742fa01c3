"""What of an alignment is evidence: a run counts by how rare it is, in the archive and on its own site. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aggregator.dedupe.alignment import MIN_PASSAGE_WORDS, MIN_STRETCH_WORDS
from aggregator.dedupe.columns import Columns
from aggregator.dedupe.known import Decided, Known
from aggregator.dedupe.rarity import Worth, worth
from aggregator.model import Alignment, Passage

FIRM, FIRMLY_ALIKE = 0.75, 0.8
"""From these two on, it is beyond doubt."""
SAME_ALIKE = 0.97
"""From here on nothing was changed: such copies count as one article where it is counted how many hold a phrase."""
WHOLE, WHOLLY_ALIKE = 0.9, 0.95
"""From these two on, an article repeats another one of its own source; with less, it repeats its standing phrases."""
_UNKNOWN = 0.7
"""What a word is worth of whose grams none is in the sample."""

_ASKED = 10_000
"""Alignments of which it is asked at a time whether they would be found today."""

Standing = Callable[[Iterable[Alignment]], Iterable[Alignment]]
"""What gives those of some alignments that would be found today, too."""
Each = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What of an alignment counts."""

    a: str
    b: str
    """Article ids, ``a < b``."""
    a_version: str
    b_version: str
    a_chars: int
    b_chars: int
    passages: tuple[Passage, ...]
    a_coverage: float
    b_coverage: float
    """The share of each text's characters in passages."""
    same_words: float
    """How many words in passages are the same on both sides, or the same but misread."""
    alike: float
    """The share of the words in passages that these are."""

    @property
    def pair(self) -> tuple[str, str]:
        """The two articles."""
        return self.a, self.b


def evidence(
    alignments: Iterable[Alignment], known: Known, decided: Decided, standing: Standing | None = None
) -> tuple[list[Evidence], dict[str, str]]:
    """Return what of each alignment is evidence, and which articles are unchanged copies, by the smallest id of these.

    Alignments without any evidence are left out, unless a person confirmed them.

    Args:
        alignments: All of those articles which share anything, directly or through others.
        known: What is known of these and of all that hold their grams.
        decided: What people decided.
        standing: What gives those alignments that would be found today, too; None: all would. It is asked only about
            those that would count, for it reads their texts.
    """
    columns = Columns(alignments)
    stands = _Standing(columns, standing)
    rough = _Measures.of(columns, np.ones(len(columns.owner), np.bool_))
    same = Groups()
    for row in stands.among((rough.least_coverage >= FIRM) & (rough.alike >= SAME_ALIKE)).tolist():
        same.join(*columns.pair(row))
    value = _value(columns, known, same)
    rare, counts = _rare(columns, value.rare)
    is_whole = (rough.least_coverage >= WHOLE) & (rough.alike >= WHOLLY_ALIKE)
    counts &= is_whole | ~_is_own(columns, value.is_elsewhere, known, counts & ~is_whole)
    weighed = _Measures.of(columns, rare)
    kept = stands.among(counts | columns.are_of(decided.confirmed))
    found = [weighed.evidence(row) if counts[row] else rough.evidence(row) for row in kept.tolist()]
    return found, same.named(columns.ids)


class _Standing:
    """Which alignments would be found today, too: each is asked about once, and only if it matters."""

    def __init__(self, columns: Columns, standing: Standing | None) -> None:
        self._columns = columns
        self._standing = standing
        self._asked = np.full(len(columns), standing is None)
        self._stands = np.ones(len(columns), np.bool_)

    def among(self, wanted: Each) -> NDArray[np.int64]:
        """Return the rows of those that stand, by their articles."""
        if self._standing:
            c, new = self._columns, np.flatnonzero(wanted & ~self._asked)
            # a text that many copied is in most pairs, its copies each in few: so the texts of few are read at a time
            count = np.bincount(c.a, minlength=len(c.ids)) + np.bincount(c.b, minlength=len(c.ids))
            rarer = np.where(count[c.a[new]] < count[c.b[new]], c.a[new], c.b[new])
            for some in np.array_split(new[np.argsort(rarer, kind="stable")], len(new) // _ASKED + 1):
                found = {(one.a, one.b) for one in self._standing(c.alignment(row) for row in some.tolist())}
                self._stands[some] = c.are_of(found)[some]
            self._asked[new] = True
        order = self._columns.in_order
        return order[(wanted & self._stands)[order]]


@dataclass(frozen=True, slots=True)
class _Measures:
    """How much two texts have in common, in some of the passages: an item an alignment."""

    columns: Columns
    chosen: Each
    """Which passages."""
    a_coverage: NDArray[np.float64]
    b_coverage: NDArray[np.float64]
    same_words: NDArray[np.float64]
    alike: NDArray[np.float64]

    @classmethod
    def of(cls, columns: Columns, chosen: Each) -> _Measures:
        c, n, owner = columns, len(columns), columns.owner[chosen]
        words = np.bincount(owner, c.words[chosen], n)
        same = np.bincount(owner, c.alike[chosen], n).astype(np.float64)
        return cls(
            c,
            chosen,
            _covered_each(owner, c.a_start[chosen], c.a_end[chosen], n) / np.maximum(1, c.a_chars),
            _covered_each(owner, c.b_start[chosen], c.b_end[chosen], n) / np.maximum(1, c.b_chars),
            same,
            np.minimum(1.0, np.divide(same, words, out=np.zeros(n), where=words > 0)),
        )

    @property
    def least_coverage(self) -> NDArray[np.float64]:
        return np.minimum(self.a_coverage, self.b_coverage)

    def evidence(self, row: int) -> Evidence:
        c = self.columns
        a, b = c.pair(row)
        a_version, b_version = c.versions(row)
        return Evidence(
            a=a,
            b=b,
            a_version=a_version,
            b_version=b_version,
            a_chars=int(c.a_chars[row]),
            b_chars=int(c.b_chars[row]),
            passages=tuple(c.span(passage) for passage in c.passages(row) if self.chosen[passage]),
            a_coverage=float(self.a_coverage[row]),
            b_coverage=float(self.b_coverage[row]),
            same_words=float(self.same_words[row]),
            alike=float(self.alike[row]),
        )


def _covered_each(
    owner: NDArray[np.int64], starts: NDArray[np.int64], ends: NDArray[np.int64], count: int
) -> NDArray[np.float64]:
    """Return how many characters stand in the spans of each owner; what two of them have in common counts once."""
    order = np.lexsort((ends, starts, owner))
    owner = owner[order]
    apart = owner * (int(ends.max(initial=0)) + 1)  # so that each owner's spans lie behind those of all before
    starts, ends = starts[order] + apart, ends[order] + apart
    reached = np.maximum.accumulate(np.append(0, ends[:-1])) if len(ends) else ends
    return np.bincount(owner, np.maximum(0, ends - np.maximum(starts, reached)), count).astype(np.float64)


def _value(columns: Columns, known: Known, same: Groups) -> Worth:
    """Return what each gram is worth, in the order of ``columns.grams``; unchanged copies count as one text."""
    ids = set(columns.ids)

    def one_of(holders: Collection[str]) -> dict[str, str]:
        return {i: same.of(i) for i in ids.intersection(holders)} | dict(known.sames(set(holders) - ids))

    grams, place = np.unique(columns.grams, return_inverse=True)
    of_each = worth(grams, known, one_of)
    return Worth(of_each.rare[place], of_each.is_elsewhere[place])


def _rare(columns: Columns, rare: NDArray[np.float64]) -> tuple[Each, Each]:
    """Return which passages are rare enough to count, and which alignments have one that makes it a match."""
    n_runs, n_passages = columns.n_runs, len(columns.owner)
    n_grams = np.bincount(columns.gram_run, minlength=n_runs)
    total = np.bincount(columns.gram_run, rare, n_runs)
    share = np.divide(total, n_grams, out=np.full(n_runs, _UNKNOWN), where=n_grams > 0)
    words = columns.stretch_words * share[columns.run]
    together = np.bincount(columns.passage, words, n_passages)
    longest = np.zeros(n_passages)
    np.maximum.at(longest, columns.passage, words)
    counts = np.zeros(len(columns), np.bool_)
    counts[columns.owner[longest >= MIN_STRETCH_WORDS]] = True
    return (longest >= MIN_PASSAGE_WORDS) | (together >= MIN_STRETCH_WORDS), counts


def _is_own(columns: Columns, is_elsewhere: Each, known: Known, wanted: Each) -> Each:
    """Return which of some alignments are of one source and share only what nobody else has: what it says often."""
    rows = np.flatnonzero(wanted)
    about = known.about({columns.ids[i] for i in np.union1d(columns.a[rows], columns.b[rows]).tolist()})
    source = [about[i].source_id if i in about else i for i in columns.ids]
    own = np.zeros(len(columns), np.bool_)
    own[rows] = [source[a] == source[b] for a, b in zip(columns.a[rows], columns.b[rows], strict=True)]
    runs = np.zeros(columns.n_runs, np.bool_)
    runs[columns.gram_run[is_elsewhere]] = True
    own[columns.owner[columns.passage[runs[columns.run]]]] = False
    return own


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
