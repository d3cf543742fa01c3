"""Some slow hosts on loopback, in a process of their own, that note who was asked how often and by how many at once."""

from __future__ import annotations

import multiprocessing
import random
import threading
import time
from collections import Counter, defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection

from tests.collection import docs
from tests.fakeweb import STORY, feed, page

_WORDS = sorted({w for doc in docs() if doc["language"] == "en" for w in doc["text"].lower().split() if w.isalpha()})


class SlowWorld:
    """Hosts with a feed and some pages each: one is the same everywhere, one a neighbour has almost word for word.

    Args:
        hosts: How many.
        pages: Pages of each.
        latency_s: How long each answer takes, in seconds.
        port: Where; 0: a free one is found.
    """

    def __init__(self, hosts: int = 12, pages: int = 4, latency_s: float = 0.05, port: int = 0) -> None:
        self.hosts = hosts
        self._pipe, theirs = multiprocessing.Pipe()
        self._process = multiprocessing.Process(target=_serve, args=(theirs, port, pages, latency_s), daemon=True)
        self._process.start()
        theirs.close()
        self.port: int = self._pipe.recv()

    def sources(self, catalogue: str, *, settings: str = "") -> str:
        """Return a sources.yaml that follows all hosts."""
        said = f"{{min_free: 1MB, catalogue: '{catalogue}', network: {{allow_private: [127.0.0.0/8]}}{settings}}}"
        sites = (f"http://127.7.{n // 250}.{n % 250 + 1}:{self.port}/" for n in range(self.hosts))
        entries = (f"  - {{id: s{n}, url: '{site}', feeds: ['{site}feed']}}\n" for n, site in enumerate(sites))
        return f"settings: {said}\ndefaults: {{pace: 0s, recheck: false}}\nsources:\n{''.join(entries)}"

    def asked(self) -> Counter[str]:
        """Return how often each address was asked for."""
        return self._told()[1]

    def asked_at_once(self) -> int:
        """Return how often a host was asked while it had not answered an earlier request."""
        return self._told()[0]

    def _told(self) -> tuple[int, Counter[str]]:
        self._pipe.send("told?")
        told: tuple[int, Counter[str]] = self._pipe.recv()
        return told

    def end(self) -> None:
        self._process.kill()
        self._process.join()
        self._pipe.close()


def _serve(pipe: Connection, port: int, pages: int, latency_s: float) -> None:
    lock, busy, times = threading.Lock(), defaultdict[str, int](int), Counter[str]()
    at_once = 0

    class Site(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            nonlocal at_once
            host = self.headers["Host"]
            with lock:
                busy[host] += 1
                at_once += busy[host] > 1
                times[host + self.path] += 1
            time.sleep(latency_s)  # what makes a host slow
            body = _body(host, self.path, pages).encode()
            with lock:
                busy[host] -= 1
            self.send_response(200 if body else 404)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Content-Type", "application/rss+xml" if self.path == "/feed" else "text/html")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        request_queue_size = 512
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            pass  # who asked was killed

    server = Server(("0.0.0.0", port), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    pipe.send(server.server_port)
    while True:
        try:
            pipe.recv()
        except EOFError:
            return
        with lock:
            pipe.send((at_once, times))


def _body(host: str, path: str, pages: int) -> str:
    if path == "/feed":
        return feed(*(f"http://{host}/page{n}" for n in range(pages)))
    if path == "/page0":
        return page(STORY, title="What everybody has")
    if path.startswith("/page"):
        told = f"{int(host.split(':')[0].split('.')[-1]) // 2}" if path == "/page1" else host + path
        return page(f"{host}{path}. {_text(told)}", title=f"{host}{path}")
    return ""


def _text(seed: str) -> str:
    """Return sentences that are no other seed's, always the same of one."""
    chance = random.Random(seed)
    return ". ".join(" ".join(chance.choices(_WORDS, k=12)) for _ in range(20))
