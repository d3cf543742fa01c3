"""What two texts share, and what that makes of them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

BOTH_HAVE = "both have "
"""How the reason of a translation begins that lists names and numbers out of both texts."""


class Relation(StrEnum):
    """What kind of match: coarse."""

    DUP = "dup"
    """One text, also cut short or edited."""
    PARTIAL = "partial"
    """A passage of one in the other."""
    TRANSLATION = "translation"
    """The text in another language."""


@dataclass(frozen=True, slots=True, order=True)
class Passage:
    """The same words in two texts: character offsets on both sides, ends exclusive."""

    a_start: int
    a_end: int
    b_start: int
    b_end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A part of a passage in which nothing was changed but letters misread."""

    words: float
    """How many words are the same on both sides."""
    grams: tuple[int, ...]
    """Some of its runs of five words, by which it is told how rare it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """A passage, and what it is worth."""

    passage: Passage
    words: float
    """How long it is in the first text, in words."""
    alike: float
    """How many of these are the same in the other, or the same but misread."""
    stretches: tuple[Stretch, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Alignment:
    """What two articles share, word by word, whatever that means: the raw evidence that matches are judged by."""

    a: str
    b: str
    """Article ids, ``a < b``."""
    a_version: str
    b_version: str
    """Digests of the versions that share most."""
    a_chars: int
    b_chars: int
    """How long these are, in characters."""
    shared: tuple[Shared, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Evidence that two articles share text: which spans, how much, in which direction."""

    a: str
    b: str
    """Article ids, ``a < b``."""
    a_version: str
    b_version: str
    relation: Relation
    kind: str
    """verbatim, retitled, truncated, excerpt, quote, roundup, edited, reblog, translation, joint, mirror, migrated."""
    first: str | None
    """The article that had it first; None: undecided."""
    a_coverage: float
    b_coverage: float
    """The share of each text's characters inside the passages, 0.0 to 1.0."""
    passages: tuple[Passage, ...]
    evidence: tuple[str, ...]
    """The reasons for kind and direction, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two articles that have a match, without what it says."""

    a: str
    b: str
    """Article ids, ``a < b``."""
    a_version: str
    b_version: str
    relation: Relation


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """The articles that are one text; people read "family"."""

    id: str
    """Its smallest member."""
    members: tuple[str, ...]
    original: str | None
    """The probable original; None: undecided, or there is none."""
