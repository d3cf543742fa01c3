"""Which articles are one text, by all that is known of who shares what with whom. Pure.

one       pairs of which each has most of the other are one text; weak bridges between families are not crossed
gathered  articles that hold several unrelated texts are round-ups, and join nobody's family
cut       what holds little else than a part of an older text is a copy of it, cut short
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime

from aggregator.dedupe.evidence import FIRM, FIRMLY_ALIKE, Evidence, Groups, covered
from aggregator.dedupe.known import About, Decided, Known, is_before

MOST = 0.6
"""The share of its characters from which on a text is made of another; a quotation has more around it."""
ALIKE = 0.75
"""The share of the words in passages that are the same or only misread, from which on two texts are one: a form that
is filled in anew has .4 to .75, an edited copy .8 and more. .65 to .85 change F1 by .006."""
CUT_ALIKE = 0.5
"""Likewise of the words in a copy that is cut short; an extract is edited more freely than a whole."""
HEAD_STARTS = 0.15
"""Where the beginning of a text ends, as a share of its characters: before it stand credit lines and teasers."""
PART = 0.35
"""What a round-up takes of a text, at least."""
APART = 0.2
"""Two parts of a round-up have less than this share of the shorter in common."""


def families(found: Sequence[Evidence], known: Known, decided: Decided) -> tuple[dict[str, str], set[str]]:
    """Return the family of each article that has one, by the smallest id in it; and which articles are round-ups."""
    ids = {i for one in found for i in one.pair}
    apart = {frozenset(pair) for pair in decided.refused}
    out = {article_id: n for n, group in enumerate(decided.split) for article_id in group}
    found = [one for one in found if frozenset(one.pair) not in apart and out.get(one.a) == out.get(one.b)]
    groups = Groups()
    whole = [one for one in found if min(one.a_coverage, one.b_coverage) >= MOST and one.alike >= ALIKE]
    for one in whole:
        if min(one.a_coverage, one.b_coverage) >= FIRM and one.alike >= FIRMLY_ALIKE:
            groups.join(*one.pair)
    _cross(groups, [one for one in whole if groups.of(one.a) != groups.of(one.b)])
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
        low, high = sorted((groups.of(one.a), groups.of(one.b)))
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
            spans = [(p.a_start, p.a_end) for p in one.passages]
            parts[a].append(_Taken(groups.of(b), spans, one.b_coverage >= PART))
        if one.b_coverage < MOST and not is_before(about[b].published_at, about[a].published_at):
            spans = [(p.b_start, p.b_end) for p in one.passages]
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
            start = min(p.b_start for p in one.passages) / max(1, one.b_chars)
            return cls(a, b, one.a_coverage, one.b_coverage, start)
        start = min(p.a_start for p in one.passages) / max(1, one.a_chars)
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
