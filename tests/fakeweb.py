"""The one seam of the tests: a web that is a dict. Archive, catalogue and index behind it are real."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from html import escape
from pathlib import Path

from aggregator import pipeline
from aggregator.catalogue import Catalogue
from aggregator.errors import FetchError
from aggregator.home import Home
from aggregator.model import Following, Request, Response, Run, Settings, Source

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
ANYTHING_GOES = b"User-agent: *\nDisallow:\n"


class FakeWeb:
    """Answers what the dict says; every request is remembered in ``asked``.

    A value is the body of a 200, a status, ``(status, headers, body)``, or an exception to raise. robots.txt allows
    everything unless the dict says otherwise; any other address is a 404.
    """

    def __init__(self, pages: dict[str, object], *, now: datetime = NOON) -> None:
        self.pages = pages
        self.now = now
        self.asked: list[str] = []

    def fetch(self, request: Request, *, pace_s: float) -> Response:
        self.asked.append(request.url)
        self.now += timedelta(milliseconds=10)
        found = self.pages.get(request.url, ANYTHING_GOES if request.url.endswith("/robots.txt") else 404)
        if isinstance(found, Exception):
            raise found
        status, headers, body = _answer(found)
        if headers.get("ETag") and headers["ETag"] == request.etag:
            status, body = 304, b""
        head = "".join(f"{k}: {v}\r\n" for k, v in headers.items())
        received = f"HTTP/1.1 {status} X\r\n{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
        sent = f"GET {request.url} HTTP/1.1\r\n\r\n".encode()
        return Response(request=request, started_at=self.now, ip="192.0.2.1", sent=sent, received=received)

    def stop(self) -> None:
        pass

    def times_asked(self, url: str) -> int:
        return Counter(self.asked)[url]


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
    return Source(**{"id": source_id, "name": source_id, "url": address, "feeds": feeds, "pace_s": 0.0, **more})  # type: ignore[arg-type]


def following(*sources: Source) -> Following:
    return Following(settings=Settings(min_free_bytes=0), sources=sources)


def crawl(root: Path, web: FakeWeb, *sources: Source) -> dict[str, Run]:
    """One pass over sources into the home at ``root``; the tally of each."""
    with pipeline.opened(Home(root), following(*sources)) as line:
        return {run.source_id: run for run in line.crawl(sources, web)}


def catalogue(root: Path) -> Catalogue:
    """The home's catalogue, for reading."""
    return Catalogue(Home(root).catalogue)


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
