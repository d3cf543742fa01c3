"""A home for other people's tools to look at: what three sites on loopback answer in every manner of HTTP, in two days;
a file that another program wrote; and an erase.
"""

from __future__ import annotations

import gzip
import io
import struct
import zlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from warcio.warcwriter import WARCWriter

from aggregator import pipeline, sources, takedown
from aggregator.catalogue import Catalogue
from aggregator.fetch import Fetcher
from aggregator.home import Home
from aggregator.model import Request, Response, Settings
from tests.fakeweb import OTHER, STORY, page
from tests.rawserver import Answer, Do, RawServer

HTML = "Content-Type: text/html; charset=utf-8"
GZIP = "Content-Encoding: gzip"
CHUNKED = "Transfer-Encoding: chunked"
PAGES = "plain latin1 koi8 gzip chunked both deflate moved photo.png flyer.pdf cut hint gone empty mute letter letters"
"""What the feed of site a announces, as paths."""
LETTER = (
    "My name is Quillfeather, and I wrote down what the harbour master told the night watch about the seven lanterns. "
    "He wanted them taken from the ropeworks before the inspectors came, and nobody was to say who had carried them."
)
"""What is erased: site a has it as a page, and among other things on another; the file from elsewhere has it too."""
ERASED = "Quillfeather"
"""A word of it that stands nowhere else."""
CYRILLIC = "Хор докеров собирается по четвергам в столовой над ледовым заводом, и впервые с весны теноров хватает. "


SOURCES = """\
settings: {{contact: desk@archive.example, min_free: 1MB, network: {{allow_private: [127.0.0.0/8]}}}}
defaults: {{pace: 0s}}
sources:
  - {{id: a, url: "http://a.localhost:{port}/", feeds: ["http://a.localhost:{port}/feed"]}}
  - {{id: b, url: "http://b.localhost:{port}/b/"}}
  - {{id: c, url: "http://c.localhost:{port}/c/"}}
"""


def crawl_for_two_days(home: Home) -> None:
    """Crawl the sites as if two days ago, then again as if yesterday, when little had changed, into an empty home."""
    home.root.mkdir(parents=True)
    with RawServer({}) as server:
        home.sources_yaml.write_text(SOURCES.format(port=server.port), encoding="utf-8")
        following = sources.load(home.sources_yaml)
        for days_ago, changed in ((2, {}), (1, _second_day())):
            server.pages = {**_first_day(server.port), **changed}
            with pipeline.opened(home, following) as line:
                line.crawl(following.sources, _Dated(following.settings, timedelta(days=-days_ago)))


def bring_in(home: Home, folder: Path) -> None:
    """Bring in a file that warcio wrote; the days that are over are closed then."""
    path = folder / "elsewhere.warc.gz"
    with path.open("wb") as file:
        writer = WARCWriter(file, gzip=True)
        for name, text in (("loft", OTHER), ("letter", LETTER)):
            body = page(text, title=name).encode()
            url, dated = f"http://elsewhere.example/{name}", {"WARC-Date": "2014-03-01T10:00:00Z"}
            blocks = {"response": _answer(body, HTML), "request": b"GET / HTTP/1.1\r\nHost: elsewhere.example\r\n\r\n"}
            pair = [
                writer.create_warc_record(url, kind, io.BytesIO(block), len(block), warc_headers_dict=dated)
                for kind, block in blocks.items()
            ]
            writer.write_request_response_pair(pair[1], pair[0])
    with pipeline.opened(home, sources.load(home.sources_yaml)) as line:
        line.bring_in(path)


def erase(home: Home) -> None:
    """Erase a text wherever the archive holds it."""
    now = datetime.now(UTC)
    with Catalogue(home.catalogue) as catalogue:
        known = catalogue.articles(catalogue.article_ids()).values()
        ids = [article.id for article in known if article.url.endswith("/letter")]
    what = takedown.target(home, ids, takedown.Scope.ARTICLE, erase=True)
    event = takedown.decide(
        home, what, scope=takedown.Scope.ARTICLE, reason="other", by="conformance", erase=True, until=None, now=now
    )
    takedown.carry_out(home, sources.load(home.sources_yaml), event.number)


class _Dated(Fetcher):
    """The network, as if at another time."""

    def __init__(self, settings: Settings, shift: timedelta) -> None:
        super().__init__(settings)
        self._shift = shift

    def fetch(self, request: Request, *, pace_s: float) -> Response:
        response = super().fetch(request, pace_s=pace_s)
        return replace(response, started_at=response.started_at + self._shift)


def _first_day(port: int) -> Mapping[str, Answer]:
    other = f"http://b.localhost:{port}/b/elsewhere"
    zipped = gzip.compress(page(STORY, title="Gzip").encode(), mtime=0)
    return {
        "/robots.txt": _answer(b"User-agent: *\nDisallow: /private/\n", "Content-Type: text/plain"),
        "/feed": _answer(gzip.compress(_feed(port), mtime=0), GZIP, 'ETag: "f1"', "Content-Type: application/rss+xml"),
        "/b/": _answer(page(OTHER, title="Front of b").encode(), HTML),
        "/c/": _answer(page(OTHER, title="Front of c").encode(), HTML, 'ETag: "c1"'),
        "/plain": _answer(page(STORY, title="Plain").encode(), HTML),
        "/latin1": _answer(
            page("Les élèves sont déjà là. " * 20).encode("latin-1"), "Content-Type: text/html; charset=latin1"
        ),
        "/koi8": _answer(page(CYRILLIC * 9).encode("koi8-r"), "Content-Type: text/html; charset=koi8-r"),
        "/gzip": _answer(zipped, HTML, GZIP),
        "/chunked": _chunks(page(OTHER, title="Chunks").encode(), 700, HTML),
        "/both": _chunks(zipped, 100, HTML, GZIP),
        "/deflate": _answer(zlib.compress(page(OTHER).encode()), HTML, "Content-Encoding: deflate"),
        "/moved": _answer(b"", "Location: moved/again", status="301 Moved"),
        "/moved/again": _answer(b"<p>over there</p>", HTML, f"Location: {other}", status="302 Found"),
        "/b/elsewhere": _answer(page(STORY, title="Elsewhere").encode(), HTML, "X-City: Besançon"),
        "/photo.png": _answer(_png(), "Content-Type: image/png"),
        "/flyer.pdf": _answer(b"%PDF-1.4\n" + bytes(range(256)) * 20 + b"\n%%EOF\n", "Content-Type: application/pdf"),
        "/cut": (_answer(b"<p>" + b"soup " * 200, HTML, length=9_000), Do.CUT),
        "/hint": b"HTTP/1.1 103 Early Hints\r\nLink: </s.css>\r\n\r\n"
        + _answer(page(STORY, title="Hint").encode(), HTML),
        "/letter": _chunks(gzip.compress(page(LETTER, title="A letter").encode(), mtime=0), 64, HTML, GZIP),
        "/letters": _answer(page(f"{STORY}\n\n{LETTER}\n\n{OTHER}", title="Letters of the week").encode(), HTML),
        "/empty": _answer(b"", HTML),
        "/mute": (Do.CUT,),
    }


def _second_day() -> Mapping[str, Answer]:
    """What has changed: two addresses are as before, and say so."""
    as_before = b"HTTP/1.1 304 Not Modified\r\nETag: %b\r\n\r\n"
    return {"/feed": as_before % b'"f1"', "/c/": as_before % b'"c1"'}


def _answer(body: bytes, *headers: str, status: str = "200 OK", length: int | None = None) -> bytes:
    lines = (f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body) if length is None else length}", "", "")
    return "\r\n".join(lines).encode() + body


def _chunks(body: bytes, size: int, *headers: str) -> bytes:
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    head = "\r\n".join(("HTTP/1.1 200 OK", *headers, CHUNKED, "", "")).encode()
    return head + b"".join(b"%x\r\n%b\r\n" % (len(p), p) for p in (*pieces, b""))


def _feed(port: int) -> bytes:
    site = f"http://a.localhost:{port}"
    items = "".join(f"<item><title>{path}</title><link>{site}/{path}</link></item>" for path in PAGES.split())
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>a</title>{items}</channel></rss>'.encode()


def _png() -> bytes:
    """A red square of 8 by 8."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\xff\0\0" * 8) * 8)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
