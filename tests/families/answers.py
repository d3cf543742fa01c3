"""The truth about an archive: pairs, clusters and credits, told from what each document was made of."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import combinations
from typing import Any

from tests.families.pieces import Draft, Key
from tests.families.texts import SPACELESS

Row = dict[str, Any]
Passage = list[int]
"""[start, end, start, end]: the same in two texts, as offsets of characters, ends exclusive."""

WHOLE = 0.5
"""From this share of its own text on, a document counts as a copy of the story and not as one that uses it."""
GAP = 2
"""Passages that are no more than this apart in both texts are one."""
SHORTEST, SHORTEST_SPACELESS = 40, 15
"""Characters: a shorter passage is not counted."""
FEWEST, FEWEST_SPACELESS = 100, 30
"""Characters: two texts that have less in common, about 16 words, may be called a match or not."""


class Member:
    """A document as the truth sees it."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.spans = list(draft.spans())

    @cached_property
    def sentences(self) -> dict[Key, tuple[int, int]]:
        """Where each sentence of a story stands in the text."""
        return {piece.key: (start, end) for start, end, piece in self.spans if piece.key}

    @cached_property
    def stories(self) -> Counter[str]:
        """How many characters come from each story."""
        counts: Counter[str] = Counter()
        for key, (start, end) in self.sentences.items():
            counts[key.story] += end - start
        return counts

    @cached_property
    def whole(self) -> str | None:
        """The story that this is a copy of, if it is one."""
        if not self.stories or self.draft.kind in ("quote", "round-up"):
            return None
        own_length = sum(len(piece.text) for paragraph in self.draft.body for piece in paragraph)
        story, length = self.stories.most_common(1)[0]
        return story if length >= WHOLE * own_length else None


def truth(drafts: Iterable[Draft]) -> list[Row]:
    """Every true answer about these documents, in the shared format."""
    members = sorted((Member(draft) for draft in drafts), key=lambda member: member.draft.id)
    return [*clusters(members), *pairs(members), *credit_lines(members), *provenances(members)]


def clusters(members: list[Member]) -> Iterator[Row]:
    """The copies of one story in one language."""
    copies: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for member in members:
        if member.whole:
            copies[member.whole, member.draft.lang].append(member.draft.id)
    for ids in copies.values():
        if len(ids) > 1:
            yield {"type": "cluster", "members": ids}


def pairs(members: list[Member]) -> Iterator[Row]:
    """Every two documents that have something in common."""
    for a, b in combinations(members, 2):
        common = a.sentences.keys() & b.sentences.keys()
        if not common:
            continue
        spaceless = a.draft.lang in SPACELESS
        shortest = SHORTEST_SPACELESS if spaceless else SHORTEST
        found = [p for p in passages(a, b, common) if max(p[1] - p[0], p[3] - p[2]) >= shortest]
        shared = sum(p[1] - p[0] for p in found)
        if relation(a, b) == "translation" and first(a.draft, b.draft) is None:
            yield ignored(a.draft, b.draft, 0.0)  # a copy of the original and a copy of its translation
        elif shared >= (FEWEST_SPACELESS if spaceless else FEWEST):
            yield pair(a, b, found)
        elif found:
            shorter = min(len(member.draft.text()) for member in (a, b))
            yield ignored(a.draft, b.draft, shared / shorter)


def pair(a: Member, b: Member, found: list[Passage]) -> Row:
    return {
        "type": "pair",
        "a": a.draft.id,
        "b": b.draft.id,
        "rel": relation(a, b),
        "kinds": sorted({a.draft.kind, b.draft.kind} - {"original"}),
        "first": first(a.draft, b.draft),
        "passages": found,
    }


def ignored(a: Draft, b: Draft, overlap: float) -> Row:
    """Two documents that may be called a match or not."""
    left, right = sorted((a.id, b.id))
    return {"type": "ignore", "a": left, "b": right, "overlap": round(overlap, 3)}


def relation(a: Member, b: Member) -> str:
    if a.draft.lang != b.draft.lang:
        return "translation"
    return "dup" if a.whole and a.whole == b.whole else "partial"


def first(a: Draft, b: Draft) -> str | None:
    """The one that the other was made from; None when both were made from a third."""
    if a in b.ancestors():
        return a.id
    return b.id if b in a.ancestors() else None


def passages(a: Member, b: Member, common: Iterable[Key]) -> list[Passage]:
    """Where the common sentences stand in both, joined where they follow each other in both."""
    joined: list[Passage] = []
    for left, right in sorted((a.sentences[key], b.sentences[key]) for key in common):
        last = joined[-1] if joined else None
        if last and 0 <= left[0] - last[1] <= GAP and 0 <= right[0] - last[3] <= GAP:
            last[1], last[3] = left[1], right[1]
        else:
            joined.append([*left, *right])
    return joined


def credit_lines(members: list[Member]) -> Iterator[Row]:
    """The lines in which a document names the one that it was made from."""
    for member in members:
        for start, end, piece in member.spans:
            if source := piece.credits:
                where = {"doc": member.draft.id, "span": [start, end]}
                yield {"type": "credit", **where, "outlet": source.site.name, "source": source.id}


def provenances(members: list[Member]) -> Iterator[Row]:
    """How each document was made."""
    for member in members:
        draft = member.draft
        root = None if draft.kind in ("quote", "round-up") else [draft, *draft.ancestors()][-1]
        original = root.id if root and member.stories else None
        yield {"type": "doc", "doc": draft.id, "kind": draft.kind, "original": original}
