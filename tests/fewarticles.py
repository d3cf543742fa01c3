"""A few articles that are compared with one another as a home compares them, with all that is known in memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from aggregator import dedupe
from aggregator.dedupe import About, Candidate, Decided, Settled, Standing
from aggregator.matching import Finder
from aggregator.model import Version
from aggregator.reuse import Reuse
from aggregator.words import Hashes


class FewArticles:
    """What is known of a few articles; see ``dedupe.Readable`` and ``matching.Texts``."""

    def __init__(self, *candidates: Candidate) -> None:
        self._by_id = {candidate.article.id: candidate for candidate in candidates}
        self._reuse = Reuse()

    def settled(self, decided: Decided | None = None, standing: Standing | None = None) -> Settled:
        finder = Finder(self._reuse, self)
        finder.add(self._by_id)
        return dedupe.settle(finder.alignments(self._by_id), self, decided or Decided(), standing)

    def versions(self, ids: Sequence[str]) -> dict[str, Sequence[Version]]:
        return {i: self._by_id[i].versions for i in ids}

    def number_of(self, article_id: str) -> int:
        return dedupe.article_number(article_id)

    def id_of(self, number: int) -> str:
        return dedupe.numbered_article(number)

    def about(self, ids: Iterable[str]) -> dict[str, About]:
        return {i: About.of(self._by_id[i].article) for i in ids}

    def holders(self, grams: Hashes) -> tuple[NDArray[np.int64], Sequence[str], NDArray[np.int64]]:
        rows, numbers, counts = self._reuse.holders(grams)
        return rows, [self.id_of(number) for number in numbers.tolist()], counts

    def credited(self, ids: Iterable[str]) -> dict[str, set[str]]:
        return {i: {c.source_id for c in self._by_id[i].credits if c.source_id} for i in ids}

    def sames(self, ids: Iterable[str]) -> dict[str, str]:
        return {}

    def candidates(self, ids: Iterable[str]) -> dict[str, Candidate]:
        return {i: self._by_id[i] for i in ids}
