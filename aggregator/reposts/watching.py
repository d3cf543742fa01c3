"""A watch list: who is told when a text of ours is copied, quoted or translated somewhere else."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime

from aggregator import access
from aggregator.decisions import Decisions
from aggregator.home import Home
from aggregator.model import Article, Following, Match
from aggregator.reposts.deciding import UNWATCHED, WATCHED

TOLD = "reposts-told"
"""The event that says of which matches with watched articles somebody was told."""


@dataclass(frozen=True, slots=True)
class Repost:
    """That a watched article was found elsewhere."""

    watched: Article
    other: Article
    match: Match


def tell(home: Home, following: Following, now: datetime) -> list[Repost]:
    """Tell whoever is to know which watched articles were found elsewhere: post it to the webhook, and note it.

    Returns:
        What was first seen since the article is watched, and was not told before.

    Raises:
        FetchError: The webhook did not take it; nothing was noted, and all of it will be told the next time.
        NoSpaceError: The disk is full or read-only.
        StoreError: Archive or catalogue is damaged.
    """
    found = news(home)
    if not found:
        return []
    posted = news(home, leaving=True)
    if following.settings.notify and posted:
        from aggregator import fetch

        said = {"at": _iso(now), "reposts": [_as_json(one) for one in posted]}
        body = json.dumps(said, ensure_ascii=False).encode()
        fetch.post(following.settings.notify, body, content_type="application/json", proxy=following.settings.proxy)
    pairs = [[one.match.a, one.match.b] for one in found]
    Decisions(home.archive).append(TOLD, {"pairs": pairs}, now=now)
    return found


def news(home: Home, *, leaving: bool = False) -> list[Repost]:
    """Return where watched articles were found since they are watched, as far as nobody was told; the oldest first.

    Args:
        home: Which.
        leaving: Leave out also what only staff may see.
    """
    since: dict[str, datetime] = {}
    told: set[tuple[str, str]] = set()
    for event in Decisions(home.archive).events(WATCHED, UNWATCHED, TOLD):
        if event.kind == TOLD:
            told |= {(a, b) for a, b in event.said["pairs"]}
        for article_id in event.said.get("articles", ()):
            if event.kind == UNWATCHED:
                since.pop(article_id, None)
            else:
                since.setdefault(article_id, event.at)
    if not since:
        return []
    found = []
    with access.opened(home, leaving=leaving) as catalogue:
        matches = catalogue.matches_of(since)
        articles = catalogue.articles({i for m in matches for i in (m.a, m.b)})
        for match in matches:
            if not {match.a, match.b} <= articles.keys() or (match.a, match.b) in told:
                continue
            for ours, theirs in ((match.a, match.b), (match.b, match.a)):
                if ours in since and theirs not in since and articles[theirs].captured_at >= since[ours]:
                    found.append(Repost(articles[ours], articles[theirs], match))
    return sorted(found, key=lambda one: (one.other.captured_at, one.other.id))


def _as_json(one: Repost) -> dict[str, str | None]:
    return {
        "kind": one.match.kind,
        "watched": one.watched.id,
        "title": one.watched.title,
        "by": one.other.id,
        "source": one.other.source_id,
        "url": one.other.url,
        "first": one.match.first,
        "seen": _iso(one.other.captured_at),
    }


def _iso(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
