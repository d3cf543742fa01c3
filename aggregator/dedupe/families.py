"""Which articles are one text, by all that is known of who shares what with whom. Pure.

kept      what of each alignment is evidence: a run counts by how rare it is, in the archive and on its own site
one       pairs of which each has most of the other are one text; weak bridges between families are not crossed
gathered  articles that hold several unrelated texts are round-ups, and join nobody's family
cut       what holds little else than a part of an older text is a copy of it, cut short
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from aggregator.dedupe.alignment import MIN_PASSAGE_WORDS, MIN_STRETCH_WORDS
from aggregator.model import Alignment, Article, Facts, Shared
from aggregator.words import Hashes

MOST = 0.6
"""The share of its characters from which on a text is made of another; a quotation has more around it."""
ALIKE = 0.75
"""The share of the words in passages that are the same or only misread, from which on two texts are one: a form that
is filled in anew has .4 to .75, an edited copy .8 and more. .65 to .85 change F1 by .006."""
COMMON = 4
"""A stretch whose grams more texts hold than this, unchanged copies counted as one, is worth the less the more they
are: half as much from twice as many on. 3 to 8 change the F1 of partial matches by .02, of whole ones by nothing."""
FIRM, FIRMLY_ALIKE = 0.75, 0.8
"""From these two on, it is beyond doubt."""
SAME_ALIKE = 0.97
"""From here on nothing was changed: such copies count as one article where it is counted how many hold a phrase."""
WHOLE, WHOLLY_ALIKE = 0.9, 0.95
"""From these two on, an article repeats another one of its own source; with less, it repeats its standing phrases."""
CUT_ALIKE = 0.5
HEAD_STARTS = 0.15
"""Where the beginning of a text ends, as a share of its characters: before it stand credit lines and teasers."""
PART = 0.35
"""What a round-up takes of a text, at least."""
APART = 0.2
"""Two parts of a round-up have less than this share of the shorter in common."""
STANDING = 2
"""A phrase that more texts of one source hold is that source's own, and worth the less the more they are."""


@dataclass(frozen=True, slots=True)
class About:
    """What is known of an article besides its text."""

    id: str
    source_id: str
    published_at: datetime | None
    """The claimed date, or when we saw it if that was before; None: nothing is claimed."""

    @classmethod
    def of(cls, article: Article | Facts) -> About:
        """Return what is known of an article."""
        claimed = article.claimed_at
        at = min(claimed, article.captured_at) if claimed else None
        return cls(article.id, article.source_id or article.id, at)


@dataclass(frozen=True, slots=True)
class Decided:
    """What people decided: it stands whatever the machine finds."""

    confirmed: frozenset[tuple[str, str]] = frozenset()
    refused: frozenset[tuple[str, str]] = frozenset()
    joined: tuple[frozenset[str], ...] = ()
    """Articles that are one text."""
    split: tuple[frozenset[str], ...] = ()
    """Articles that are not one text with any other."""

    def within(self, ids: Set[str]) -> Decided:
        """Return what of it is about those articles."""
        joined = (group & ids for group in self.joined)
        split = (group & ids for group in self.split)
        return Decided(
            confirmed=frozenset(pair for pair in self.confirmed if set(pair) <= ids),
            refused=frozenset(pair for pair in self.refused if set(pair) <= ids),
            joined=tuple(group for group in joined if len(group) > 1),
            split=tuple(group for group in split if group),
        )


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


class Known(Protocol):
    """What is known of articles besides their alignments: of a home, or of a corpus in memory."""

    def about(self, ids: Iterable[str]) -> Mapping[str, About]:
        """Return what is known of those articles, besides their texts."""

    def holders(self, grams: Hashes) -> tuple[NDArray[np.int64], Sequence[str], NDArray[np.int64]]:
        """Return who holds grams, the first of many: places in these, the articles; and how many hold each in all."""

    def credited(self, ids: Iterable[str]) -> Mapping[str, Set[str]]:
        """Return the sources that those articles credit; those that credit none may be left out."""

    def sames(self, ids: Iterable[str]) -> Mapping[str, str]:
        """Return of articles with unchanged copies the smallest id of these, as it was when that was last settled."""


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
    distinct = np.bincount(_distinct(rows, texts)[:, 0], minlength=n)
    n_sources = np.bincount(_distinct(rows, places)[:, 0], minlength=n)
    spread = distinct * np.maximum(counts, 1) / np.maximum(named, 1)  # of many, only the first are named
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


def _distinct(*columns: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the different rows of a table, in order."""
    table = np.column_stack(columns)
    return np.unique(table, axis=0) if len(table) else table.reshape(0, len(columns))


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


def families(found: Sequence[Evidence], known: Known, decided: Decided) -> tuple[dict[str, str], set[str]]:
    """Return the family of each article that has one, by the smallest id in it; and which articles are round-ups."""
    ids = {i for one in found for i in one.pair}
    apart = {frozenset(pair) for pair in decided.refused}
    out = {article_id: n for n, group in enumerate(decided.split) for article_id in group}
    found = [
        one
        for one in found
        if frozenset(one.pair) not in apart and out.get(one.alignment.a) == out.get(one.alignment.b)
    ]
    groups = Groups()
    whole = [one for one in found if min(one.a_coverage, one.b_coverage) >= MOST and one.alike >= ALIKE]
    for one in whole:
        if min(one.a_coverage, one.b_coverage) >= FIRM and one.alike >= FIRMLY_ALIKE:
            groups.join(*one.pair)
    _cross(groups, [one for one in whole if groups.of(one.alignment.a) != groups.of(one.alignment.b)])
    about = known.about(ids)
    gathered = _gathered(found, groups, about)
    _cut(groups, found, known, about, gathered)
    for group in decided.joined:
        first, *rest = sorted(group)
        for each in rest:
            groups.join(first, each)
    return groups.named(ids | {i for group in decided.joined for i in group}), gathered


def _cross(groups: Groups, weak: Sequence[Evidence]) -> None:
    """Join groups over pairs that are one text with less certainty, where enough of the smaller group has such a pair.

    One weak pair between two families of several is a bridge that a single changed text would build.
    """
    bridges: dict[tuple[str, str], set[str]] = defaultdict(set)
    for one in weak:
        low, high = sorted((groups.of(one.alignment.a), groups.of(one.alignment.b)))
        bridges[low, high] |= set(one.pair)
    wanted = []
    for (low, high), ends in bridges.items():
        size, smaller = min((groups.size(low), low), (groups.size(high), high))
        if 2 * sum(1 for i in ends if groups.of(i) == smaller) >= size:
            wanted.append((low, high))
    for low, high in wanted:
        groups.join(low, high)


def _gathered(found: Sequence[Evidence], groups: Groups, about: Mapping[str, About]) -> set[str]:
    """Return the articles that hold large parts of two texts, or passages of three, which have nothing in common."""
    parts: dict[str, list[_Taken]] = defaultdict(list)
    for one in found:
        a, b = one.pair
        if groups.of(a) == groups.of(b):
            continue
        if one.a_coverage < MOST and not is_before(about[a].published_at, about[b].published_at):
            spans = [(s.passage.a_start, s.passage.a_end) for s in one.shared]
            parts[a].append(_Taken(groups.of(b), spans, one.b_coverage >= PART))
        if one.b_coverage < MOST and not is_before(about[b].published_at, about[a].published_at):
            spans = [(s.passage.b_start, s.passage.b_end) for s in one.shared]
            parts[b].append(_Taken(groups.of(a), spans, one.a_coverage >= PART))
    return {holder for holder, taken in parts.items() if _gathers(taken)}


@dataclass(frozen=True, slots=True)
class _Taken:
    """What an article has in common with another text."""

    family: str
    spans: list[tuple[int, int]]
    is_large: bool
    """Whether that is a large part of the other."""


def _gathers(taken: Sequence[_Taken]) -> bool:
    return _apart([one for one in taken if one.is_large]) > 1 or _apart(taken) > 2


def _apart(taken: Sequence[_Taken]) -> int:
    """Return how many texts of different families are taken from without a passage in common."""
    kept: list[_Taken] = []
    for one in sorted(taken, key=lambda t: (-covered(t.spans), t.family)):
        if all(one.family != other.family and not _overlap(one.spans, other.spans) for other in kept):
            kept.append(one)
    return len(kept)


def _overlap(spans: Sequence[tuple[int, int]], others: Sequence[tuple[int, int]]) -> bool:
    size, other_size = covered(spans), covered(others)
    return size + other_size - covered([*spans, *others]) >= APART * min(size, other_size)


def _cut(
    groups: Groups,
    found: Sequence[Evidence],
    known: Known,
    about: Mapping[str, About],
    gathered: Collection[str],
) -> None:
    """Join what holds little else than a part of an older text with that text's family.

    Which is older a credit tells, then the dates of the families; where neither does, a part that is the beginning is
    taken for a copy cut short.
    """
    parts = [
        part
        for one in found
        for part in (_Part.of(one, of_a=True), _Part.of(one, of_a=False))
        if part.coverage >= MOST > part.whole_coverage and one.alike >= CUT_ALIKE and part.whole not in gathered
    ]
    credited = known.credited({i for part in parts for i in (part.cut, part.whole)})
    first: dict[str, datetime] = {}
    for article_id in sorted({i for one in found for i in one.pair}):
        family, at = groups.of(article_id), about[article_id].published_at
        if at and (family not in first or at < first[family]):
            first[family] = at
    for part in [part for part in parts if _is_copy(part, credited, about, groups, first)]:
        groups.join(part.cut, part.whole)


@dataclass(frozen=True, slots=True)
class _Part:
    """A text most of which is a part of another."""

    cut: str
    whole: str
    coverage: float
    whole_coverage: float
    whole_start: float
    """Where the part begins in the other, as a share of its characters."""

    @classmethod
    def of(cls, one: Evidence, *, of_a: bool) -> _Part:
        a, b = one.pair
        if of_a:
            start = min(s.passage.b_start for s in one.shared) / max(1, one.alignment.b_chars)
            return cls(a, b, one.a_coverage, one.b_coverage, start)
        start = min(s.passage.a_start for s in one.shared) / max(1, one.alignment.a_chars)
        return cls(b, a, one.b_coverage, one.a_coverage, start)


def _is_copy(
    part: _Part,
    credited: Mapping[str, Set[str]],
    about: Mapping[str, About],
    groups: Groups,
    first: Mapping[str, datetime],
) -> bool:
    credits = about[part.whole].source_id in credited.get(part.cut, ())
    if credits != (about[part.cut].source_id in credited.get(part.whole, ())):
        return credits
    whole, cut = first.get(groups.of(part.whole)), first.get(groups.of(part.cut))
    if is_before(whole, cut) or is_before(cut, whole):
        return is_before(whole, cut)
    return part.whole_start < HEAD_STARTS


def is_before(one: datetime | None, other: datetime | None) -> bool:
    """Whether one claimed date is before another; midnight sharp is a date without a time, true of the whole day."""
    if one is None or other is None:
        return False
    if _is_day(one) or _is_day(other):
        return one.date() < other.date()
    return one < other


def _is_day(at: datetime) -> bool:
    return not (at.hour or at.minute or at.second or at.microsecond)
