"""The one seam of the tests: a web that is a dict. Archive, catalogue and index behind it are real."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from html import escape
from pathlib import Path
from typing import Any

from aggregator import pipeline, search
from aggregator.catalogue import Catalogue
from aggregator.clock import SYSTEM, Clock
from aggregator.errors import FetchError
from aggregator.home import Home
from aggregator.model import Article, Following, Match, Request, Response, Run, Settings, Source, Version
from aggregator.query import parse

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
ANYTHING_GOES = b"User-agent: *\nDisallow:\n"


class FakeWeb:
    """Answers what the dict says; every request is remembered in ``requests``, its address in ``asked``.

    A value is the body of a 200, a status, ``(status, headers, body)``, an exception to raise, or a function without
    arguments that returns one of these. robots.txt allows everything unless the dict says otherwise; any other address
    is a 404.
    """

    def __init__(self, pages: dict[str, object], *, now: datetime = NOON) -> None:
        self.pages = pages
        self.now = now
        self.asked: list[str] = []
        self.requests: list[Request] = []

    def fetch(self, request: Request, *, pace_s: float) -> Response:
        self.asked.append(request.url)
        self.requests.append(request)
        self.now += timedelta(milliseconds=10)
        found = self.pages.get(request.url, ANYTHING_GOES if request.url.endswith("/robots.txt") else 404)
        if callable(found):
            found = found()
        if isinstance(found, Exception):
            raise found
        status, headers, body = _answer(found)
        if headers.get("ETag") and headers["ETag"] == request.etag:
            status, body = 304, b""
        head = "".join(f"{k}: {v}\r\n" for k, v in headers.items())
        received = f"HTTP/1.1 {status} X\r\n{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
        sent = f"GET {request.url} HTTP/1.1\r\n\r\n".encode()
        return Response(request=request, started_at=self.now, ip="192.0.2.1", sent=sent, received=received)

    def free_at(self, url: str) -> float:
        return 0.0

    def rests_s(self, url: str) -> float:
        return 0.0

    def stop(self) -> None:
        pass

    def times_asked(self, url: str) -> int:
        return Counter(self.asked)[url]


class ClockOf:
    """The time at which a web answers."""

    def __init__(self, web: FakeWeb) -> None:
        self._web = web

    def now(self) -> datetime:
        return self._web.now

    def wait(self, until: datetime, stop: threading.Event) -> None:
        """Let the time pass at once."""
        self._web.now = max(self._web.now, until)


def _answer(found: object) -> tuple[int, dict[str, str], bytes]:
    if isinstance(found, tuple):
        status, headers, body = found
        return status, headers, body if isinstance(body, bytes) else body.encode()
    if isinstance(found, int):
        return found, {"Content-Type": "text/html"}, b"<h1>nothing here</h1>"
    body = found if isinstance(found, bytes) else str(found).encode()
    kind = "application/rss+xml" if body.startswith(b"<?xml") else "text/html; charset=utf-8"
    return 200, {"Content-Type": kind}, body


def refused(url: str) -> FetchError:
    """A host that does not answer."""
    return FetchError(url, "connection refused", retryable=True)


def feed(*urls: str, updated: str | None = None) -> str:
    """An Atom feed that announces addresses; ``updated`` is the date of an edit of all of them."""
    entries = "".join(
        f"<entry><id>{escape(u)}</id><title>Announced {escape(u[-12:])}</title><link href='{escape(u)}'/>"
        f"<published>2026-11-0{n % 9 + 1}T10:00:00Z</published>"
        + (f"<updated>{updated}</updated>" if updated else "")
        + "</entry>"
        for n, u in enumerate(urls)
    )
    return f"<?xml version='1.0'?><feed xmlns='http://www.w3.org/2005/Atom'><title>A feed</title>{entries}</feed>"


def page(text: str, *, title: str = "A title of its own", language: str = "en") -> str:
    """An article page as simple sites have them; blank lines part the paragraphs."""
    body = "".join(f"<p>{escape(p)}</p>" for p in text.split("\n\n"))
    return (
        f"<!doctype html><html lang='{language}'><head><meta charset='utf-8'><title>{escape(title)}</title></head>"
        f"<body><article><h1>{escape(title)}</h1>{body}</article></body></html>"
    )


def source(source_id: str, *urls: str, **more: object) -> Source:
    """A source at http://<id>.example/ whose feed is /feed; ``urls`` are further feeds."""
    address = f"http://{source_id}.example/"
    feeds = (address + "feed", *urls)
    given: dict[str, Any] = {"id": source_id, "name": source_id, "url": address, "feeds": feeds}
    given |= {"pace_s": 0.0, "recheck": False}
    return Source(**given | more)


def following(*sources: Source) -> Following:
    return Following(settings=Settings(min_free_bytes=0), sources=sources)


def crawl(
    root: Path,
    web: FakeWeb,
    *sources: Source,
    scope: pipeline.Scope = pipeline.VISIT,
    stop: threading.Event | None = None,
    clock: Clock = SYSTEM,
) -> dict[str, Run]:
    """One pass over sources into the home at ``root``; the tally of each."""
    with pipeline.opened(Home(root), following(*sources), clock=clock) as line:
        return {run.source_id: run for run in line.crawl(sources, web, scope=scope, stop=stop)}


def redirect(target: str) -> tuple[int, dict[str, str], str]:
    """An answer that sends the visitor elsewhere for good."""
    return 301, {"Location": target}, ""


def catalogue(root: Path) -> Catalogue:
    """The home's catalogue, for reading."""
    return Catalogue(Home(root).catalogue)


def articles(root: Path) -> dict[str, Article]:
    """Every article of the home, by its address."""
    with catalogue(root) as known:
        return {a.url: a for a in known.articles(known.article_ids()).values()}


def versions(root: Path, url: str) -> list[Version]:
    """The versions of the article at an address, oldest first."""
    with catalogue(root) as known:
        return known.versions(articles(root)[url].id)


def matches(root: Path) -> list[Match]:
    """Every match of the home."""
    with catalogue(root) as known:
        return known.matches_of(known.article_ids())


def dump(root: Path) -> list[tuple[str, dict[str, Any]]]:
    """Every derived row of the home's catalogue."""
    with catalogue(root) as known:
        return list(known.dump())


def found(root: Path, query: str) -> list[str]:
    """The addresses that a search finds, in alphabetical order."""
    return sorted(hit.article.url for hit in search.search(Home(root), parse(query), limit=100).hits)


STORY = (
    "Just before six this morning four vans blocked the lane behind the old net loft, and the people who had slept "
    "there for three weeks were told to carry out what they could hold in two hands.\n\n"
    "Nobody had been shown a paper. A bailiff who gave no name said that the owner had changed his mind about the "
    "lease, and that the kettles, the stove and eleven mattresses would go to a store on the ring road until "
    "somebody signed.\n\n"
    "By noon the neighbours had brought soup and three trolleys, the baker lent her van, and most of the mattresses "
    "were back under a roof before the rain came in from the estuary."
)
"""A text of our own, three paragraphs."""
OTHER = (
    "The choir of the dockers meets on Thursdays in the canteen above the ice works, and for the first time since "
    "spring it has enough tenors to sing the song about the lighthouse keeper in four parts.\n\n"
    "Those who would like to join need not read music. Bring a mug, and shoes that stand a wet floor: the freezers "
    "below are defrosted on the same evening, and the drains of that building have never been the pride of the borough."
)
"""Another, which shares nothing with it."""
