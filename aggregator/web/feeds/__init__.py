"""Feeds out: what came in, for feed readers.

entries     the nouns: a feed and its entries
gathering   a home to entries
edits       what was changed, as an entry shows it
atom        Atom
jsonfeed    JSON Feed
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from starlette.exceptions import HTTPException

from aggregator.errors import UsageError
from aggregator.web.feeds import atom, jsonfeed
from aggregator.web.feeds.entries import Kind
from aggregator.web.feeds.gathering import TITLES, Choices, choices, gathered
from aggregator.web.followed import told_apart
from aggregator.web.limits import FEED_ENTRIES
from aggregator.web.rendering import page

router = APIRouter(include_in_schema=False)

FORMS = {"atom": atom, "json": jsonfeed}


def address_of(kind: Kind, *, source_id: str | None = None, name: str | None = None) -> dict[str, str]:
    """Return where a feed is, from the root of this server, by form."""
    if name is not None and kind is Kind.NEW:
        return {form: f"/feeds/searches/{name}.{form}" for form in FORMS}
    narrowed = {key: value for key, value in (("source", source_id), ("search", name)) if value is not None}
    return {form: f"/feeds/{kind}.{form}{'?' if narrowed else ''}{urlencode(narrowed)}" for form in FORMS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """Which feeds there are."""

    among: Choices
    """Of what else there are some."""
    source_id: str | None
    """The source that these are of; None: of all."""
    name: str | None
    """The saved search that these are of; None: of everything."""
    feeds: dict[Kind, dict[str, str]]
    """Their addresses by form."""


def offered(request: Request) -> Offered:
    """Return which feeds there are, of everything, a source, or what a saved search finds.

    Raises:
        UnknownIdError: There is no such source or search.
        UsageError: Both are asked for.
    """
    among = choices(request.app.state.home, datetime.now(UTC))
    source_id, name = _narrowed(request)
    if source_id is not None:
        among.check_source(source_id)
    if name is not None:
        among.search(name)
    kinds = [kind for kind in Kind if kind is not Kind.TROUBLE or name is None]
    return Offered(
        among=among,
        source_id=source_id,
        name=name,
        feeds={kind: address_of(kind, source_id=source_id, name=name) for kind in kinds},
    )


def said_of(found: Offered) -> dict[str, Any]:
    """Return which feeds there are as programs know it."""
    return {
        "feeds": [{"kind": kind, "title": TITLES[kind], **addresses} for kind, addresses in found.feeds.items()],
        "sources": [{"id": one, "name": said} for one, said in found.among.sources.items()],
        "searches": [one.name for one in found.among.searches],
    }


@router.get("/feeds")
def show_feeds(request: Request) -> HTMLResponse:
    """Show which feeds there are, of everything, a source, or what a saved search finds."""
    found = offered(request)
    names = told_apart(found.among.sources)
    values = {
        "feeds": [(TITLES[kind], addresses) for kind, addresses in found.feeds.items()],
        "most": FEED_ENTRIES,
        "of": found.name if found.source_id is None else names[found.source_id],
        "sources": [(said, f"/feeds?{urlencode({'source': one})}") for one, said in names.items()],
        "searches": [(one.name, f"/feeds?search={one.name}") for one in found.among.searches],
    }
    return page("feeds.html", values)


@router.get("/feeds/searches/{name}.{form}")
def feed_of_search(request: Request, name: str, form: str) -> Response:
    """Answer with what a saved search finds, the newest first."""
    return _answer(request, Kind.NEW, form, name=name)


@router.get("/feeds/{kind}.{form}")
def feed_of_kind(request: Request, kind: str, form: str) -> Response:
    """Answer with the news of a kind, of everything, a source, or what a saved search finds."""
    if kind not in TITLES:
        raise HTTPException(404)
    source_id, name = _narrowed(request)
    if kind == Kind.TROUBLE and name is not None:
        raise UsageError("A search finds no sources in trouble.")
    return _answer(request, Kind(kind), form, source_id=source_id, name=name)


def _narrowed(request: Request) -> tuple[str | None, str | None]:
    """Return the id of a source and the name of a search, if they are named."""
    source_id, name = request.query_params.get("source"), request.query_params.get("search")
    if source_id is not None and name is not None:
        raise UsageError("There are feeds of a source, and of a search, and none of both.")
    return source_id, name


def _answer(
    request: Request, kind: Kind, form: str, *, source_id: str | None = None, name: str | None = None
) -> Response:
    if form not in FORMS:
        raise HTTPException(404)
    home, now = request.app.state.home, datetime.now(UTC)
    feed = gathered(home, choices(home, now), kind, now=now, source_id=source_id, name=name)
    base = f"{request.url.scheme}://{request.headers['host']}"  # one that is served: the guard has looked
    address = address_of(kind, source_id=source_id, name=name)[form]
    body = FORMS[form].written(feed, base=base, address=address)
    return Response(body, media_type=f"{FORMS[form].TYPE}; charset=utf-8")
