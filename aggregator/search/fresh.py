"""New hits of saved searches: which there are, and telling somebody."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from aggregator import access
from aggregator.access import Shown
from aggregator.decisions import Decisions
from aggregator.errors import UsageError
from aggregator.home import Home
from aggregator.model import Article, Following, Results
from aggregator.query import Not, Only, Within
from aggregator.search import matching, search
from aggregator.search.saved import TOLD, SavedSearch, standing


@dataclass(frozen=True, slots=True, kw_only=True)
class NewHits:
    """The new hits of a saved search, and how much it finds in all."""

    search: SavedSearch
    """With its problem, where it cannot be read any more."""
    total: int = 0
    """How many articles match, copies too."""
    new: tuple[str, ...] = ()
    """The ids of the new hits, the newest first."""
    note: str | None = None
    """What the reader should know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What somebody is to be told of a saved search."""

    search: SavedSearch
    """With its problem, where it cannot be read any more; then it has no articles."""
    articles: tuple[Article, ...] = ()
    """New hits, the oldest first."""


def found(home: Home, searches: Iterable[SavedSearch], *, since: datetime | None = None) -> list[NewHits]:
    """Return what saved searches find, and what of that is new.

    Args:
        home: Where to look.
        searches: Which.
        since: What was first seen since then is new; None: what was first seen since each was saved, and not told.

    Raises:
        StoreError: Catalogue or index is missing, damaged or of another version.
    """
    if home.is_new:
        return [NewHits(search=one, note="Nothing was crawled yet.") for one in searches]
    with access.opened(home) as catalogue:
        return [_found(home, catalogue, one, since) for one in searches]


def _found(home: Home, catalogue: Shown, one: SavedSearch, since: datetime | None) -> NewHits:
    if one.problem:
        return NewHits(search=one)
    try:
        ids, note = matching(home, catalogue, one.query())
        found = _first_seen(home, catalogue, one, since or one.at, but=frozenset() if since else one.told)
    except UsageError as error:
        return NewHits(search=replace(one, problem=f"its query can no longer be read: {error}"))
    newest = sorted(catalogue.facts(found), key=lambda facts: (facts.captured_at, facts.id), reverse=True)
    return NewHits(search=one, total=len(ids), new=tuple(facts.id for facts in newest), note=note)


def hits(home: Home, new: NewHits, *, limit: int, offset: int = 0) -> Results:
    """Return the new hits of a saved search as a search does, the copies of one text as one, the newest first.

    Args:
        home: Where to look.
        new: As ``found`` returned it.
        limit: Hits to return, at most 100.
        offset: Hits to pass over.
    """
    if not new.new:
        facets: dict[str, list[tuple[str, int]]] = {"source": [], "language": [], "month": []}
        return Results(query=new.search.text, total=0, texts=0, took_ms=0.0, hits=(), facets=facets, note=new.note)
    query = new.search.query().also(Only("id", new.new))
    return search(home, query, limit=limit, offset=offset, sort="captured")


def _first_seen(home: Home, catalogue: Shown, one: SavedSearch, since: datetime, *, but: frozenset[str]) -> list[str]:
    """Return the ids of what a search finds that was first seen since then, without some."""
    query = one.query().also(Within("captured", since, None))
    ids, _ = matching(home, catalogue, query.also(Not(Only("id", tuple(sorted(but))))) if but else query)
    return ids


def news(home: Home, *, now: datetime | None = None, leaving: bool = False) -> list[News]:
    """Return what is to be told of saved searches: new hits, and that one cannot be read any more.

    Args:
        home: Which.
        now: When that is; None: as the clock says.
        leaving: For a webhook: what was not posted yet, without what only staff may see.

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
                    before = one.posted if leaving else one.told
                    new = catalogue.articles(_first_seen(home, catalogue, one, one.at, but=before)).values()
                    articles = tuple(sorted(new, key=lambda article: (article.captured_at, article.id)))
                except UsageError as error:
                    one = replace(one, problem=f"its query can no longer be read: {error}")
            if articles or one.problem:
                told.append(News(search=one, articles=articles))
    return told


def tell(home: Home, following: Following, now: datetime) -> list[News]:
    """Tell whoever is to know which new hits saved searches have: post it to the webhook, and note it.

    What is withheld today and may be seen later is told then; what only staff might see, and may leave later, is posted
    then.

    Returns:
        New hits that were not told before; and searches that cannot be read, each time again.

    Raises:
        FetchError: The webhook did not take it; nothing was noted, and all of it will be told the next time.
        NoSpaceError: The disk is full or read-only.
        StoreError: Archive, catalogue or index is damaged.
    """
    posted = news(home, now=now, leaving=True) if following.settings.notify else []
    found = news(home, now=now)
    if following.settings.notify and any(one.articles for one in posted):
        from aggregator import fetch

        said = json.dumps(
            {"at": _iso(now), "searches": [hit for one in posted for hit in _as_json(one)]}, ensure_ascii=False
        )
        body = said.encode("utf-8", "backslashreplace")  # a query may be no UTF-8, see wordings
        fetch.post(following.settings.notify, body, content_type="application/json", proxy=following.settings.proxy)
    told = _noted(found, posted if following.settings.notify else found)
    if told:
        Decisions(home.archive).append(TOLD, {"told": told}, now=now)
    return found


def _noted(found: Iterable[News], posted: Iterable[News]) -> dict[str, dict[str, list[str]]]:
    """Return what is noted of what was said here and of what was posted, by search."""
    here, there = ({one.search.number: {a.id for a in one.articles} for one in told} for told in (found, posted))
    noted = {}
    for number in sorted(here | there):
        said, sent = here.get(number, set()), there.get(number, set())
        parts = {"ids": said & sent, "here": said - sent, "there": sent - said}
        noted[str(number)] = {name: sorted(ids) for name, ids in parts.items() if ids}
    return {number: parts for number, parts in noted.items() if parts}


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
