"""A server of pages in a process of its own, so that its CPU time is not ours.

Each site has a robots.txt, a feed that announces its pages, and the pages; bodies go out compressed, as on the web.
"""

from __future__ import annotations

import gzip
import multiprocessing
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from email.utils import formatdate
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection

from pages import Page

from aggregator.model import Following, Settings, Source

FEED = "/feed.xml"
_NEWEST = 1_800_000_000
"""Unix time of page 0; each further page is a minute older."""


@contextmanager
def serving(pages: Sequence[Page]) -> Iterator[int]:
    """Serve the pages on 127.0.0.1; give the port."""
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=_serve, args=(list(pages), theirs), daemon=True)
    process.start()
    try:
        yield int(ours.recv())
    finally:
        process.terminate()
        process.join()


def following(pages: Sequence[Page], port: int) -> Following:
    """Return what a sources.yaml would say of the sites."""
    sites = dict.fromkeys(page.site for page in pages)
    homes = {site: f"http://{site}.localhost:{port}" for site in sites}
    return Following(
        settings=Settings(allow_private=("127.0.0.0/8",), min_free_bytes=0),
        sources=tuple(
            Source(id=site, name=site, url=home + "/", feeds=(home + FEED,), pace_s=0.0) for site, home in homes.items()
        ),
    )


def _serve(pages: list[Page], pipe: Connection) -> None:
    server = _Server(pages)
    pipe.send(server.server_port)
    server.serve_forever()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, pages: list[Page]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.pages = pages
        self.bodies = [gzip.compress(page.body, 6, mtime=0) for page in pages]

    def answer(self, host: str, target: str) -> tuple[str, bytes] | None:
        """Return content type and compressed body; None: there is no such page."""
        if target == "/robots.txt":
            return "text/plain", gzip.compress(b"User-agent: *\nDisallow: /admin/\n")
        if target == FEED:
            return "application/rss+xml", gzip.compress(self._feed(host).encode())
        name = target.split("/")[1]
        if not name.isdecimal() or int(name) >= len(self.pages):
            return None
        number = int(name)
        return self.pages[number].content_type, self.bodies[number]

    def _feed(self, host: str) -> str:
        items = "".join(
            f"<item><title>Page {page.number}</title><link>{escape(page.url(self.server_port))}</link>"
            f"<pubDate>{formatdate(_NEWEST - 60 * page.number)}</pubDate></item>"
            for page in self.pages
            if page.site == host
        )
        return f'<rss version="2.0"><channel><title>{host}</title>{items}</channel></rss>'


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body leave together, or each answer waits for a delayed acknowledgement
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        answer = self.server.answer(self.headers["Host"].split(".")[0], self.path)
        content_type, body = answer or ("text/plain", gzip.compress(b"There is no such page."))
        self.send_response(200 if answer else 404)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass
