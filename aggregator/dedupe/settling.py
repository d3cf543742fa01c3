"""From raw evidence to matches and families, as all that is known now has it. Pure, and the same in any order."""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass

from aggregator.dedupe.evidence import Standing, evidence
from aggregator.dedupe.families import families
from aggregator.dedupe.judging import judged
from aggregator.dedupe.known import Candidate, Decided, Readable
from aggregator.model import Alignment, Cluster, Match, Relation

_JUDGED = 500
"""Pairs that are judged at a time, with all their versions in memory."""
_HELD_CHARS = 20_000_000
"""Characters of articles that are kept in memory for the next pairs: 20 to 80 MB."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What alignments mean."""

    matches: tuple[Match, ...]
    clusters: tuple[Cluster, ...]
    sames: Mapping[str, str]
    """Of articles with unchanged copies, the smallest id of these."""


def settle(
    alignments: Iterable[Alignment], known: Readable, decided: Decided, standing: Standing | None = None
) -> Settled:
    """Return the matches and families that alignments make.

    Args:
        alignments: All of those articles which share anything, directly or through others.
        known: What is known of the articles in them, and of all that hold their grams.
        decided: What people decided.
        standing: What gives those of alignments that would be found today, too; None: all would.
    """
    found, sames = evidence(alignments, known, decided, standing)
    family, round_ups = families(found, known, decided)
    candidates = _Candidates(known)
    matches: list[Match] = []
    for start in range(0, len(found), _JUDGED):
        some = [one for one in found[start : start + _JUDGED] if one.pair not in decided.refused]
        by_id = candidates.of({i for one in some for i in one.pair})
        matches += [judged(one, by_id, family, round_ups) for one in some]
    return Settled(tuple(matches), tuple(_clusters(family, matches)), sames)


class _Candidates:
    """Articles with their texts, as many at a time as fit: the same ones come again and again in a large family."""

    def __init__(self, known: Readable) -> None:
        self._known = known
        self._held: OrderedDict[str, Candidate] = OrderedDict()
        self._chars = 0

    def of(self, ids: Set[str]) -> Mapping[str, Candidate]:
        """Return those articles."""
        new = self._known.candidates(ids - self._held.keys())
        self._held |= new
        self._chars += sum(map(_chars, new.values()))
        for article_id in ids:
            self._held.move_to_end(article_id)
        found = {article_id: self._held[article_id] for article_id in ids}
        while self._chars > _HELD_CHARS:
            self._chars -= _chars(self._held.popitem(last=False)[1])
        return found


def _chars(one: Candidate) -> int:
    return sum(len(version.text) for version in one.versions)


def _clusters(family: Mapping[str, str], matches: Iterable[Match]) -> list[Cluster]:
    members: dict[str, list[str]] = defaultdict(list)
    for article_id in sorted(family):
        members[family[article_id]].append(article_id)
    copies = {m.a if m.first == m.b else m.b for m in matches if m.first and m.relation is Relation.DUP}
    found = []
    for name in sorted(members):
        left = [article_id for article_id in members[name] if article_id not in copies]
        found.append(Cluster(id=name, members=tuple(members[name]), original=left[0] if len(left) == 1 else None))
    return found


__all__ = ["Settled", "settle"]
