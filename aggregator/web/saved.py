"""The page of saved searches: what each asks for, what is new, and where its feeds are. Nobody saves one here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from aggregator.home import Home
from aggregator.model import Hit
from aggregator.query import Only, Within
from aggregator.search import fresh, saved
from aggregator.search.fresh import NewHits
from aggregator.search.saved import SavedSearch
from aggregator.web.asking import Asking
from aggregator.web.feeds import address_of
from aggregator.web.feeds.entries import Kind
from aggregator.web.limits import NEW_HITS
from aggregator.web.rendering import page

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Told:
    """A saved search as the page shows it."""

    found: NewHits
    asked: str
    """What it asks for, as it is typed."""
    address: str
    """What asks for the same, the newest first."""
    feeds: dict[str, str] | None
    """Addresses by form; None: it cannot be read."""
    newest: tuple[Hit, ...]
    """Some of the new hits, copies as one, the newest first."""


@router.get("/saved")
def show_saved(request: Request) -> HTMLResponse:
    """Show the saved searches, each with its new hits and its feeds."""
    home = request.app.state.home
    known, withheld = found(home)
    return page(
        "saved.html",
        {"searches": [_told(home, one) for one in known], "withheld": withheld, "command": request.app.state.command},
    )


def found(home: Home) -> tuple[list[NewHits], int]:
    """Return what saved searches find, the oldest first, and how many are not shown: they ask for what is withdrawn.

    Raises:
        StoreError: Catalogue, index or events are missing, damaged or of another version.
    """
    standing = saved.standing(home)
    shown = [one for one in standing if not one.is_withheld]
    return fresh.found(home, shown), len(standing) - len(shown)


def _told(home: Home, one: NewHits) -> Told:
    search = one.search
    can = not search.problem
    return Told(
        found=one,
        asked=" ".join([*search.text.split(), *map(saved.typed, search.filters)]),
        address=_asking(search).address(),
        feeds=address_of(Kind.NEW, name=search.name) if can else None,
        newest=tuple(fresh.hits(home, one, limit=NEW_HITS).hits) if can and one.new else (),
    )


def _asking(search: SavedSearch) -> Asking:
    """Return what the page of hits is asked for the same; what it has no field for stands in the words."""
    sources: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    since = until = ""
    words = [search.text] if search.text.strip() else []
    for each in search.filters:
        if isinstance(each, Only) and each.field == "source" and not sources:
            sources = each.values
        elif isinstance(each, Only) and each.field == "language" and not languages:
            languages = each.values
        elif isinstance(each, Within) and each.field == "published" and not (since or until):
            since = f"{each.since:%Y-%m-%d}" if each.since else ""
            until = f"{each.until - timedelta(days=1):%Y-%m-%d}" if each.until else ""
        else:
            words = [f"({search.text})"] if words and len(words) == 1 else words
            words.append(saved.typed(each))
    return Asking(
        words=" ".join(words), sources=sources, languages=languages, since=since, until=until, sort="captured"
    )
