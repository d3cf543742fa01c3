"""One hit for the copies of one text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from aggregator.access import Shown
from aggregator.index import Found, Sort
from aggregator.model import Cluster
from aggregator.query import Node
from aggregator.search.answering import Answers

_SPARE = 200
"""Articles asked for beyond those that are shown, since some are copies of others."""


@dataclass(frozen=True, slots=True)
class Folded:
    """What stands for one text."""

    article_id: str
    """The original, if it was found; else the first of its copies that were."""
    family: Cluster | None
    """None: it has no copies."""
    score: float
    """The best of its family."""


def page(
    answers: Answers, catalogue: Shown, node: Node | None, *, sort: Sort, offset: int, limit: int
) -> tuple[list[Folded], Found, int | None]:
    """Return some of what a query finds, in order; what it finds in all, and how many texts that is.

    Of very many articles it is not known how many texts they are: None.

    Args:
        answers: The index.
        catalogue: The catalogue, open for reading.
        node: The query; None: everything.
        sort: What comes first. By relevance a family stands where the best of it does; by a date, where the one does
            that stands for it.
        offset: Texts to pass over.
        limit: Texts to return.
    """
    look_at = offset + limit + _SPARE
    while True:
        found = answers.ask(node, sort=sort, limit=look_at, with_facets=True)
        several = list(_standing(answers, catalogue, node, [i for i, _ in found.hits], sort))
        if len(several) >= offset + limit or len(found.hits) >= found.total:
            break
        look_at *= 4
    shown = several[offset : offset + limit]
    scores = answers.found_of(node, {i for one, family in shown for i in (one, *(family.members if family else ()))})
    return (
        [
            Folded(
                article_id=one,
                family=family,
                score=max(scores.get(i, 0.0) for i in (one, *(family.members if family else ()))),
            )
            for one, family in shown
        ],
        found,
        (len(several) if len(found.hits) == found.total else None),
    )


def _standing(
    answers: Answers, catalogue: Shown, node: Node | None, ids: list[str], sort: Sort
) -> Iterator[tuple[str, Cluster | None]]:
    """Yield of each family the one that stands for it, with the family."""
    places = catalogue.memberships(ids)
    families = {cluster.id: cluster for cluster in catalogue.clusters({cluster for cluster, _ in places.values()})}
    originals = {family.original for family in families.values() if family.original}
    known = set(ids) & originals
    known |= answers.found_of(node, originals - known).keys()
    done: set[str] = set()
    for article_id in ids:
        family = families.get(places[article_id][0]) if article_id in places else None
        if family is None:
            yield article_id, None
        elif family.id not in done:
            original = family.original if family.original in known else None
            if original and original != article_id and sort is not Sort.RELEVANCE:
                continue  # it comes in its own place
            done.add(family.id)
            yield original or article_id, family
