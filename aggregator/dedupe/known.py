"""What is known of articles when it is judged what they are to one another: the words of this package. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from aggregator.model import Article, Credit, Facts, Source, Version
from aggregator.words import Hashes

GIVEN = "given"
"""The id under which a pasted text takes part in matches."""


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

    def allows(self, a: str, b: str) -> bool:
        """Whether two articles may be one text, or one text in two languages."""
        return (min(a, b), max(a, b)) not in self.refused and all((a in group) == (b in group) for group in self.split)

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One side of a comparison."""

    article: Article
    versions: Sequence[Version]
    credits: Sequence[Credit]
    source: Source | None
    """None: sources.yaml no longer has it."""

    @property
    def published_at(self) -> datetime | None:
        """When it was published, as it claims; when we saw it, if that was before; None: it claims nothing."""
        return About.of(self.article).published_at

    def version(self, digest: str) -> Version:
        """Return its version of that digest."""
        return next(version for version in self.versions if version.digest == digest)

    @property
    def called(self) -> str:
        """What people call it: its source, or where it has none, its id."""
        if self.article.source_id:
            return self.article.source_id
        return "the text given" if self.article.id == GIVEN else self.article.id


class Holders(NamedTuple):
    """Who holds grams, the first of many: a row each."""

    grams: NDArray[np.int64]
    """Places of the grams."""
    who: NDArray[np.int64]
    """Places in ``ids``."""
    ids: Sequence[str]
    """The articles, each once."""
    counts: NDArray[np.int64]
    """How many hold each gram in all: an item a gram."""

    @classmethod
    def of(
        cls, grams: NDArray[np.int64], numbers: Hashes, counts: NDArray[np.int64], id_of: Callable[[int], str]
    ) -> Holders:
        """Return who holds grams, by the numbers of the articles."""
        each, who = np.unique(numbers, return_inverse=True)
        return cls(grams, who, [id_of(number) for number in each.tolist()], counts)


class Known(Protocol):
    """What is known of articles besides their alignments: of a home, or of a corpus in memory."""

    def about(self, ids: Iterable[str]) -> Mapping[str, About]:
        """Return what is known of those articles, besides their texts."""

    def holders(self, grams: Hashes) -> Holders:
        """Return who holds grams."""

    def credited(self, ids: Iterable[str]) -> Mapping[str, Set[str]]:
        """Return the sources that those articles credit; those that credit none may be left out."""

    def sames(self, ids: Iterable[str]) -> Mapping[str, str]:
        """Return of articles with unchanged copies the smallest id of these, as it was when that was last settled."""


class Readable(Known, Protocol):
    """What is known of articles, with their texts."""

    def candidates(self, ids: Iterable[str]) -> Mapping[str, Candidate]:
        """Return all that is known of those articles."""


def called_apart(a: Candidate, b: Candidate) -> dict[str, str]:
    """Return what people call two articles, by id: of two that one source published, the ids tell which is which."""
    names = {c.article.id: c.called for c in (a, b)}
    return names if a.called != b.called else {i: f"{name} {i}" for i, name in names.items()}


def is_before(one: datetime | None, other: datetime | None) -> bool:
    """Whether one claimed date is before another; midnight sharp is a date without a time, true of the whole day."""
    if one is None or other is None:
        return False
    if is_day(one) or is_day(other):
        return one.date() < other.date()
    return one < other


def is_day(at: datetime) -> bool:
    """Whether a claimed date has no time: midnight sharp."""
    return not (at.hour or at.minute or at.second or at.microsecond)
