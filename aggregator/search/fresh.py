"""New hits of saved searches: which there are, and telling somebody."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from aggregator import access
from aggregator.access import Shown
from aggregator.decisions import Decisions
from aggregator.errors import UsageError
from aggregator.home import Home
from aggregator.model import Article, Facts, Following, Results
from aggregator.query import Only, Query, Within
from aggregator.search import matching, search
from aggregator.search.saved import TOLD, SavedSearch, standing

SETTLING = timedelta(hours=1)
"""What was captured so long ago is in the index, or waits for it where it is seen: later ones are remembered singly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a saved search finds."""

    search: SavedSearch
    """With its problem, where it cannot be read any more."""
    total: int = 0
    """How many articles match, copies too."""
    new: tuple[str, ...] = ()
    """The ids of those that are new hits, the newest first."""
    note: str | None = None
    """What the reader should know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What somebody is to be told of a saved search."""

    search: SavedSearch
    """With its problem, where it cannot be read any more; then it has no articles."""
    articles: tuple[Article, ...] = ()
    """New hits, the oldest first."""


def found(home: Home, searches: Iterable[SavedSearch], *, since: datetime | None = None) -> list[Found]:
    """Return what saved searches find, and what of that is new.

    Args:
        home: Where to look.
        searches: Which.
        since: What was first seen since then is new; None: what was first seen since each was saved, and not told.

    Raises:
        StoreError: Catalogue or index is missing, damaged or of another version.
    """
    if home.is_new:
        return [Found(search=one, note="Nothing was crawled yet.") for one in searches]
    with access.opened(home) as catalogue:
        return [_found(home, catalogue, one, since) for one in searches]


def _found(home: Home, catalogue: Shown, one: SavedSearch, since: datetime | None) -> Found:
    if one.problem:
        return Found(search=one)
    try:
        ids, note = matching(home, catalogue, one.query())
        new = _new(home, catalogue, one, since)
    except UsageError as error:
        return Found(search=replace(one, problem=f"its query can no longer be read: {error}"))
    return Found(search=one, total=len(ids), new=tuple(new), note=note)


def hits(home: Home, new: Found, *, limit: int, offset: int = 0) -> Results:
    """Return the new hits of a saved search as a search does, the copies of one text as one, the newest first.

    Args:
        home: Where to look.
        new: As ``found`` returned it.
        limit: Hits to return, at most 100.
        offset: Hits to pass over.
    """
    if not new.new:
        facets: dict[str, list[tuple[str, int]]] = {"source": [], "language": [], "month": []}
        return Results(query=new.search.text, total=0, took_ms=0.0, hits=(), facets=facets, note=new.note)
    query = new.search.query().also(Only("id", new.new))
    return search(home, query, limit=limit, offset=offset, sort="captured")


def _new(home: Home, catalogue: Shown, one: SavedSearch, since: datetime | None) -> list[str]:
    """Return the ids of new hits, the newest first."""
    return [facts.id for facts in reversed(_new_facts(home, catalogue, one, since))]


def _new_facts(home: Home, catalogue: Shown, one: SavedSearch, since: datetime | None = None) -> list[Facts]:
    """Return the facts of new hits, the oldest first."""
    at = since or one.since
    ids, _ = matching(home, catalogue, _captured_since(one.query(), at))
    new = [
        facts
        for facts in catalogue.facts(ids)
        if (facts.captured_at >= since if since else one.is_new(facts.id, facts.captured_at))
    ]
    return sorted(new, key=lambda facts: (facts.captured_at, facts.id))


def _captured_since(query: Query, at: datetime) -> Query:
    """Return a query for what was first seen since then; the index knows seconds."""
    return query.also(Within("captured", at.replace(microsecond=0), None))


def news(home: Home, *, now: datetime | None = None, leaving: bool = False) -> list[News]:
    """Return what is to be told of saved searches: new hits, and that one cannot be read any more.

    Args:
        home: Which.
        now: When that is; None: as the clock says.
        leaving: Leave out also what only staff may see.

    Raises:
        StoreError: Catalogue, index or events are damaged.
    """
    searches = [one for one in standing(home, now=now) if not one.is_withheld]
    if not searches or home.is_new:
        return []
    told = []
    with access.opened(home, now=now, leaving=leaving) as catalogue:
        for one in searches:
            articles: tuple[Article, ...] = ()
            if not one.problem:
                try:
                    ids = [facts.id for facts in _new_facts(home, catalogue, one)]
                    seen = catalogue.articles(ids)
                    articles = tuple(seen[i] for i in ids if i in seen)
                except UsageError as error:
                    one = replace(one, problem=f"its query can no longer be read: {error}")
            if articles or one.problem:
                told.append(News(search=one, articles=articles))
    return told


def tell(home: Home, following: Following, now: datetime) -> list[News]:
    """Tell whoever is to know which new hits saved searches have: post it to the webhook, and note it.

    Returns:
        New hits that were not told before; and searches that cannot be read, each time again.

    Raises:
        FetchError: The webhook did not take it; nothing was noted, and all of it will be told the next time.
        NoSpaceError: The disk is full or read-only.
        StoreError: Archive, catalogue or index is damaged.
    """
    found = news(home, now=now)
    if not any(one.articles for one in found):
        return found
    posted = [hit for one in news(home, now=now, leaving=True) for hit in _as_json(one)]
    if following.settings.notify and posted:
        from aggregator import fetch

        said = json.dumps({"at": _iso(now), "searches": posted}, ensure_ascii=False)
        body = said.encode("utf-8", "backslashreplace")  # a query may be no UTF-8, see wordings
        fetch.post(following.settings.notify, body, content_type="application/json", proxy=following.settings.proxy)
    with access.opened(home, now=now) as catalogue:
        told = {str(one.search.number): _noted(catalogue, one, now) for one in found if one.articles}
    Decisions(home.archive).append(TOLD, {"told": told}, now=now)
    return found


def _noted(catalogue: Shown, one: News, now: datetime) -> dict[str, Any]:
    """Return until when all hits of a search were told, and which later ones, too.

    A page that was captured a moment ago may be read and indexed only after others that were captured later.
    """
    waiting = [facts.captured_at for facts in catalogue.facts(catalogue.to_index())]
    before = [(facts.captured_at, facts.id) for facts in catalogue.facts(one.search.beyond)]
    until = max(one.search.since, min([now - SETTLING, *waiting]))
    later = sorted(i for at, i in (*before, *((a.captured_at, a.id) for a in one.articles)) if at >= until)
    return {"until": until.astimezone(UTC).isoformat(), "beyond": later}


def _as_json(one: News) -> list[dict[str, str | None]]:
    return [
        {
            "search": one.search.name,
            "query": one.search.text,
            "id": article.id,
            "title": article.title,
            "source": article.source_id,
            "language": article.language,
            "url": article.url,
            "published": _iso(article.claimed_at) if article.claimed_at else None,
            "seen": _iso(article.captured_at),
        }
        for article in one.articles
    ]


def _iso(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
