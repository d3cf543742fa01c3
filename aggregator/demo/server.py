"""The demo world behind HTTP: `DemoServer`, one loopback port, one virtual host a site.

    with DemoServer(load_world(), now=FIRST_VISIT) as server:
        ...                                       # crawl http://northport.localhost:<server.port>/
        server.move_clock(SECOND_VISIT)

A visitor reaches it at 127.0.0.1 with the site's name in the Host header, or uses it as an HTTP proxy.
"""

from __future__ import annotations

import gzip
import hashlib
import sys
import threading
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import sleep
from typing import Any, NamedTuple, Self
from urllib.parse import urlsplit

from aggregator.demo.model import World
from aggregator.demo.site import Answer, answer, is_forbidden

_IDLE_TIMEOUT_S = 30
"""A kept connection is closed after so long without a request."""


class Request(NamedTuple):
    """One request, as the log has it."""

    site: str
    """Id of the site, or the first label of an unknown host."""
    path: str
    """Path and query, as asked."""
    status: int


@dataclass(frozen=True, slots=True)
class SiteAudit:
    """How visitors behaved towards one site."""

    requests: int
    peak_in_flight: int
    """The most requests that were being answered at one time."""
    forbidden: tuple[str, ...]
    """What was asked for although robots.txt forbids it, in the order asked."""


class DemoServer:
    """Serves the world on 127.0.0.1 while it is entered as a context manager."""

    def __init__(self, world: World, *, now: datetime, port: int = 0, delay_s: float = 0.0) -> None:
        """Prepare to serve the world as it is at `now`.

        Args:
            world: What to serve.
            now: The world's clock; it stands still until `move_clock`.
            port: The port to listen at, if it is free; 0 for any free one.
            delay_s: How long each answer is held back, so that requests in flight together can be seen.
        """
        self._world = world
        self._now = now
        self._asked_port = port
        self._delay_s = delay_s
        self._lock = threading.Lock()
        self._answers: dict[tuple[str, str, datetime], Answer] = {}
        self._requests: list[Request] = []
        self._in_flight: Counter[str] = Counter()
        self._peaks: Counter[str] = Counter()
        self._forbidden: defaultdict[str, list[str]] = defaultdict(list)
        self._server: _Listener | None = None

    def __enter__(self) -> Self:
        """Open the port and begin to answer."""
        try:
            self._server = _Listener(("127.0.0.1", self._asked_port), self)
        except OSError:  # somebody else, perhaps another demo, listens there
            self._server = _Listener(("127.0.0.1", 0), self)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), name="demo-server", daemon=True).start()
        return self

    def __exit__(self, *exception: object) -> None:
        """Close the port; log and audit can still be read."""
        if self._server:
            self._server.shutdown()
            self._server.server_close()

    @property
    def port(self) -> int:
        """The port listened at."""
        if not self._server:
            raise RuntimeError("the demo server has no port before it is entered with `with`")
        return self._server.server_port

    @property
    def now(self) -> datetime:
        """The world's clock."""
        return self._now

    def move_clock(self, now: datetime) -> None:
        """Let the next requests find the world as it is at `now`."""
        self._now = now

    @property
    def requests(self) -> list[Request]:
        """Every request so far, in the order answered."""
        with self._lock:
            return list(self._requests)

    def audit(self) -> dict[str, SiteAudit]:
        """Return how visitors behaved so far, for each host that was asked."""
        with self._lock:
            counts = Counter(request.site for request in self._requests)
            return {
                site: SiteAudit(count, self._peaks[site], tuple(self._forbidden[site]))
                for site, count in counts.items()
            }

    def begin(self, host: str, target: str) -> None:
        """Note that a request is being answered."""
        with self._lock:
            self._in_flight[host] += 1
            self._peaks[host] = max(self._peaks[host], self._in_flight[host])
            site = self._world.sites.get(host)
            if site and is_forbidden(site, target):
                self._forbidden[host].append(target)
        if self._delay_s:
            sleep(self._delay_s)

    def end(self, host: str, target: str, status: int) -> None:
        """Note that a request has its answer, about to be sent."""
        with self._lock:
            self._in_flight[host] -= 1
            self._requests.append(Request(host, target, status))

    def answer(self, host: str, target: str) -> Answer | None:
        """Return the site's answer, kept from earlier requests; None where the host is no site."""
        site = self._world.sites.get(host)
        if site is None:
            return None
        key = (host, target, self._now)
        if key not in self._answers:
            self._answers[key] = answer(self._world, site, target, now=key[2], port=self.port)
        return self._answers[key]


class _Listener(ThreadingHTTPServer):
    """The listening socket, which tells its handlers whose requests they answer."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], demo: DemoServer) -> None:
        super().__init__(address, _Handler)
        self.demo = demo

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Stay quiet about visitors who hang up; print what is our own fault."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    """One connection: reads requests, adds what HTTP wants to the sites' answers."""

    server: _Listener
    protocol_version = "HTTP/1.1"
    server_version = "demo-world"
    sys_version = ""
    timeout = _IDLE_TIMEOUT_S
    wbufsize = -1  # headers and body leave together, or each answer waits for a delayed acknowledgement
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        """Answer with headers and body."""
        self._respond(with_body=True)

    def do_HEAD(self) -> None:
        """Answer with headers only."""
        self._respond(with_body=False)

    def _respond(self, *, with_body: bool) -> None:
        host, target = self._asked()
        demo = self.server.demo
        status = 500
        demo.begin(host, target)
        try:
            found = demo.answer(host, target)
            status, headers, body = self._unknown_host() if found is None else self._message(found)
        finally:
            demo.end(host, target, status)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if with_body:
            self.wfile.write(body)

    def _asked(self) -> tuple[str, str]:
        """Return the host's first label and the target, also when asked as a proxy with a whole address."""
        host, target = self.headers.get("Host", ""), self.path
        if target.startswith("http://"):
            parts = urlsplit(target)
            host, target = parts.netloc, target.split(parts.netloc, 1)[1] or "/"
        return host.split(":")[0].split(".")[0].lower(), target

    def _unknown_host(self) -> tuple[int, dict[str, str], bytes]:
        body = b"No such site here.\n"
        return 404, {"Content-Type": "text/plain; charset=utf-8", "Content-Length": str(len(body))}, body

    def _message(self, found: Answer) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers and body for this visitor: 304 where he has it already, gzip where he takes it."""
        headers = {"Content-Type": found.content_type, "Vary": "Accept-Encoding", **found.headers}
        if found.status == 200:
            headers["ETag"] = f'W/"{hashlib.sha256(found.body).hexdigest()[:20]}"'
            if found.last_modified:
                headers["Last-Modified"] = format_datetime(found.last_modified.astimezone(UTC), usegmt=True)
            if self._is_current(headers["ETag"], found.last_modified):
                return 304, {name: headers[name] for name in headers if name != "Content-Type"}, b""
        body = found.body
        if "gzip" in self.headers.get("Accept-Encoding", ""):
            body = gzip.compress(body, compresslevel=1, mtime=0)
            headers["Content-Encoding"] = "gzip"
        headers["Content-Length"] = str(len(body))
        return found.status, headers, body

    def _is_current(self, etag: str, last_modified: datetime | None) -> bool:
        """Tell whether the visitor's copy is the current one; If-None-Match counts before If-Modified-Since."""
        if known := self.headers.get("If-None-Match"):
            tags = [tag.strip().removeprefix("W/") for tag in known.split(",")]
            return "*" in tags or etag.removeprefix("W/") in tags
        since = self.headers.get("If-Modified-Since")
        if not since or last_modified is None:
            return False
        try:
            return last_modified.replace(microsecond=0) <= parsedate_to_datetime(since)
        except (ValueError, TypeError):
            return False

    def date_time_string(self, timestamp: float | None = None) -> str:
        """Return the world's clock for the Date header."""
        return format_datetime(self.server.demo.now.astimezone(UTC), usegmt=True)

    def log_message(self, format: str, *args: object) -> None:
        """Print nothing; `DemoServer.requests` is the log."""
