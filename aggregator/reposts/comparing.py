"""Two articles side by side: what one of them left out and put in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from aggregator import access, dedupe, words
from aggregator.dedupe import Change
from aggregator.errors import UnknownIdError, UsageError
from aggregator.home import Home
from aggregator.model import Article, Match, Passage, Relation, Version
from aggregator.reposts.deciding import Decision, standing

NEARLY_ALL = 0.75
"""The share of both texts from which on all of them is compared, although they are no match; what is surely one text
has as much."""
Pair = tuple[str, str]
"""The digests of a version of the one and of the other."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of both texts, side by side."""

    place: Passage
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Two articles side by side, in the versions that share most."""

    a: Article
    b: Article
    a_version: Version
    b_version: Version
    match: Match | None
    """None: they share passages, and were not found to be a match, or a person refused it."""
    refused: Decision | None
    """Who refused it."""
    a_share: float
    b_share: float
    """The share of each text's characters in what they share, 0.0 to 1.0."""
    passages: tuple[Passage, ...]
    """What they share, in the order of the first article."""
    is_whole: bool
    """Whether all of both texts is compared, and not only what they share."""
    parts: tuple[Part, ...]
    """Of one text in two places the whole; else each passage, in the order of the first article. None where only
    passages were asked for."""
    is_moved: bool
    """Whether passages stand in another order: what moved is deleted in one place and inserted in another."""
    is_cut: bool
    """Whether a text is longer than what is compared."""

    @property
    def is_coarse(self) -> bool:
        """Whether a part was too long to be compared word by word, and all of it is told as changed."""
        return any(dedupe.is_coarse(part.changes) for part in self.parts)


def compare(home: Home, a: Article, b: Article, *, passages_only: bool = False) -> Compared:
    """Return what was changed from one article to another.

    Args:
        home: Where they are.
        a: The one.
        b: The other.
        passages_only: Whether it is enough to know what they share; else all of it is compared word by word, which
            takes longer.

    Raises:
        UnknownIdError: They share no passage that may be seen.
        UsageError: It is one article twice.
    """
    if a.id == b.id:
        raise UsageError(f"{a.id} is one article; `show {a.id} --diff 1 2` compares its versions.")
    with access.opened(home) as catalogue:
        match = next((m for m in catalogue.matches_of([a.id]) if {m.a, m.b} == {a.id, b.id}), None)
        known = catalogue.version_facts([a.id, b.id])
        few = [each.digest for versions in known.values() for each in dedupe.compared(versions)]
        versions = catalogue.versions_of([a.id, b.id], [match.a_version, match.b_version] if match else few)
        refusals = [d for d in standing(home, catalogue) if d.kind == "refused" and set(d.articles) == {a.id, b.id}]
    digests, passages = _of_match(match, a.id) if match else _looked_for(versions.get(a.id, ()), versions.get(b.id, ()))
    if not passages:
        raise UnknownIdError(f"{a.id} and {b.id} share no passage: there is nothing to compare.")
    one = next(v for v in versions[a.id] if v.digest == digests[0])
    other = next(v for v in versions[b.id] if v.digest == digests[1])
    a_share = dedupe.covered((p.a_start, p.a_end) for p in passages) / max(1, len(one.text))
    b_share = dedupe.covered((p.b_start, p.b_end) for p in passages) / max(1, len(other.text))
    is_whole = match.relation is Relation.DUP if match else min(a_share, b_share) >= NEARLY_ALL
    places = [] if passages_only else [_whole(one.text, other.text)] if is_whole else passages
    return Compared(
        a=a,
        b=b,
        a_version=one,
        b_version=other,
        match=match,
        refused=refusals[-1] if refusals else None,
        a_share=a_share,
        b_share=b_share,
        passages=tuple(passages),
        is_whole=is_whole,
        parts=tuple(_parts(match, places, one.text, other.text)),
        is_moved=any(later.b_start < earlier.b_start for earlier, later in pairwise(passages)),
        is_cut=max(len(one.text), len(other.text)) > words.MAX_COMPARED_CHARS,
    )


def _of_match(match: Match, first: str) -> tuple[Pair, list[Passage]]:
    """Return versions and passages of a match, those of one article first."""
    if match.a == first:
        return (match.a_version, match.b_version), sorted(match.passages)
    turned = (Passage(p.b_start, p.b_end, p.a_start, p.a_end) for p in match.passages)
    return (match.b_version, match.a_version), sorted(turned)


def _looked_for(a: Sequence[Version], b: Sequence[Version]) -> tuple[Pair, list[Passage]]:
    """Return the versions of two articles that share most, and which passages, where no match tells."""
    one, other = ([dedupe.Cut(version, words.words(version.text)) for version in versions] for versions in (a, b))
    found = next(dedupe.aligned([(one, other)]), None)
    if found is None:
        return ("", ""), []
    return (found.a_version, found.b_version), sorted(each.passage for each in found.shared)


def _whole(a: str, b: str) -> Passage:
    """Return all of two texts, as far as they are compared."""
    return Passage(0, min(len(a), words.MAX_COMPARED_CHARS), 0, min(len(b), words.MAX_COMPARED_CHARS))


def _parts(match: Match | None, passages: Sequence[Passage], a: str, b: str) -> Iterator[Part]:
    """Yield the parts of two texts to look at, side by side."""
    for p in passages:
        if match and match.relation is Relation.TRANSLATION:
            gone = Change("deleted", a[p.a_start : p.a_end], replace(p, b_end=p.b_start))
            came = Change("inserted", b[p.b_start : p.b_end], replace(p, a_start=p.a_end))
            yield Part(p, (gone, came))
        else:
            yield Part(p, tuple(dedupe.changes(a, b, p, as_typed=True)))
