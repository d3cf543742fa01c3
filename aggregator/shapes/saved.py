"""Saved searches, as scripts know them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aggregator.characters import whole
from aggregator.search.saved import typed
from aggregator.shapes import iso

if TYPE_CHECKING:
    from aggregator.search.fresh import NewHits


def saved_json(one: NewHits) -> dict[str, Any]:
    """Return a saved search, with how much it finds and how much of that is new, as scripts know it."""
    search = one.search
    return {
        "name": search.name,
        "event": search.number,
        "query": whole(search.text),
        "filters": [typed(each) for each in search.filters],
        "by": search.by,
        "at": iso(search.at),
        "told": iso(search.told_at),
        "articles": None if search.problem else one.total,
        "new": None if search.problem else len(one.new),
        "note": one.note,
        "problem": search.problem,
    }
