"""All articles of a home compared at once: maps over batches, stretches of grams, and pairs; see ``reuse.shuffling``.

What is found is what ``Finder`` finds one article after the other. Workers read texts from the catalogue and leave
files in a folder; an engine carries names and counts. Only what pairs share comes back, for it goes into the catalogue.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from aggregator import bulk, disk
from aggregator.bulk import Engine, Failed
from aggregator.catalogue import Catalogue
from aggregator.dedupe import article_number, numbered_article
from aggregator.errors import StoreError
from aggregator.home import Home
from aggregator.matching import Articles, Finder, is_enough
from aggregator.model import Alignment, Following, Progress, Report, Server, Settings
from aggregator.reuse import Reuse, shuffling
from aggregator.reuse.shuffling import Cut, Met, Survey

FROM_ARTICLES = 10_000
"""From so many on an archive is compared at once. With two processors it takes as long either way; of fewer articles it
takes longer, for workers must start (``benchmarks/matching_at_scale.py --wall``)."""
_BATCHES = 1_000
_FEWEST, _MOST = 500, 50_000
"""An archive is cut into so many batches, of so many articles at least and at most."""
ROWS = 2_000_000
"""Holders of grams, or rows of pairs, that a task has in memory: 400 MB."""
_PAIRS = 1_000
"""Pairs that a task lays side by side."""

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")
Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Order:
    """What a task needs to know besides its item."""

    folder: Path
    catalogue: Path | Server


class Rematching:
    """All articles of a home, whose fingerprints are made and who are compared.

    Args:
        order: Where the texts are, and a folder for files.
        engine: Where tasks run.
        ids: All articles.
        report: Told how far the work is, and what no worker could do.
    """

    def __init__(self, order: Order, engine: Engine, ids: Sequence[str], report: Report) -> None:
        self._order = order
        self._engine = engine
        self._report = report
        self.ids = sorted(ids, key=article_number)
        self._known: Survey | None = None
        self._shares: list[tuple[int, int]] = []

    def fingerprint(self, made: Reuse) -> None:
        """Make the fingerprints of all, and find who meets whom.

        Args:
            made: A new index in a folder; it is filled.
        """
        folder, articles = self._order.folder, len(self.ids)
        if articles > shuffling.MAX_ARTICLES:
            raise StoreError(folder, f"{articles:,} articles are more than can be compared at once")
        size = min(_MOST, max(_FEWEST, -(-articles // _BATCHES)))
        batches = ((start, self.ids[start : start + size]) for start in range(0, articles, size))
        cuts: list[Cut] = []
        for one in self._mapped(cut, batches):
            cuts.append(one)
            self._report(Progress(doing="making fingerprints", done=min(articles, len(cuts) * size), total=articles))
        self._known = shuffling.survey(folder, cuts, articles)
        rows: list[int] = []

        def met() -> Iterator[Met]:
            for one in self._mapped(meet, enumerate(shuffling.stretches(cuts, ROWS))):
                rows.append(one.rows)
                yield one

        self._shares = shuffling.shares(shuffling.list_runs(folder, met()), articles, ROWS)
        numbers = np.array([article_number(i) for i in self.ids], np.uint64)
        shuffling.fill(made, folder, self._known, rows, numbers)

    def alignments(self) -> Iterator[Alignment]:
        """Yield what all articles share with one another, each pair once."""
        for found in self._mapped(align, self._batches()):
            yield from found

    def _batches(self) -> Iterator[Sequence[Pair]]:
        """Yield pairs that share enough, some at a time."""
        held: list[Pair] = []
        for pairs in self._mapped(choose, self._shares):
            for pair in self._named(pairs):
                held.append(pair)
                if len(held) == _PAIRS:
                    yield held
                    held = []
        if held:
            yield held

    def _named(self, pairs: NDArray[np.int64]) -> Iterator[Pair]:
        assert self._known is not None
        for later, earlier in pairs.tolist():
            for each in self._known.late[later].tolist() if later in self._known.late else (later,):
                a, b = sorted((self.ids[earlier], self.ids[each]))
                yield a, b

    def _mapped(self, task: Callable[[Order, _Item], _Result], items: Iterable[_Item]) -> Iterator[_Result]:
        """Yield what comes of items, in order; what no worker could do is done here, and raises what it raises."""
        for item, result in bulk.in_order(self._engine, partial(task, self._order), items):
            if isinstance(result, Failed):
                doing = f"doing here what no worker could ({result.reason})"
                self._report(Progress(doing=doing, done=0, total=len(self.ids)))
                yield task(self._order, item)
            else:
                yield result


@contextmanager
def all_of(home: Home, executor: str, folder: Path, ids: Sequence[str], report: Report) -> Iterator[Rematching]:
    """Give what compares all articles of a home; when the block is left, its files are overwritten and removed.

    Args:
        home: Which; what is in its catalogue is committed.
        executor: ``settings.executor``. Of a catalogue that is a file only this machine has its workers: processes of
            others cannot read it while it is written.
        folder: For files.
        ids: All articles.
        report: Told how far the work is.

    Raises:
        UsageError: The package that speaks to the executor is not installed.
        AggregatorError: The executor does not answer.
        NoSpaceError: The disk is full or read-only.
        StoreError: The disk fails.
    """
    where = executor if isinstance(home.catalogue, Server) else bulk.LOCAL
    with disk.guarded(folder):
        folder.mkdir(parents=True)
        try:
            with bulk.opened(where) as engine:
                yield Rematching(Order(folder.resolve(), home.catalogue), engine, ids, report)
        finally:
            disk.remove_folder(folder, overwrite=True)


# --- tasks ----------------------------------------------------------------------------------------------------------


def cut(order: Order, batch: tuple[int, Sequence[str]]) -> Cut:
    """Make the fingerprints of a batch: the place of its first article, and its articles in order."""
    start, ids = batch
    places = {i: place for place, i in enumerate(ids, start)}
    with _finder(order) as finder:
        found = ((places[numbered_article(f.number)], f) for f in finder.fingerprints(ids))
        return shuffling.scatter(order.folder, start, found)


def meet(order: Order, stretch: tuple[int, tuple[int, int]]) -> Met:
    """Find who meets whom on account of a stretch of grams: its number, and from where to where it goes."""
    return shuffling.meet(order.folder, *stretch)


def choose(order: Order, share: tuple[int, int]) -> NDArray[np.int64]:
    """Return the pairs that share enough, of a stretch of articles: rows of two places, the later first."""
    sums = shuffling.add_up(order.folder, share)
    chosen = is_enough(sums.weight, sums.rate)
    return np.stack((sums.later[chosen], sums.earlier[chosen]), axis=1)


def align(order: Order, pairs: Sequence[Pair]) -> list[Alignment]:
    """Return what pairs of articles share."""
    with _finder(order) as finder:
        return list(finder.between(pairs))


@contextmanager
def _finder(order: Order) -> Iterator[Finder]:
    with Catalogue(order.catalogue) as known:
        none = Reuse()
        yield Finder(none, Articles(known, Following(settings=Settings(), sources=()), none))


__all__ = ["FROM_ARTICLES", "Order", "Rematching", "align", "all_of", "choose", "cut", "meet"]
