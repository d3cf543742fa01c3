"""The pages as a browser has them: served over loopback, and read again."""

from __future__ import annotations

import ipaddress
import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from typing import Any

import requests
import uvicorn
from requests.adapters import HTTPAdapter
from starlette.types import ASGIApp, Receive, Scope, Send
from urllib3 import Retry

WAITING = HTTPAdapter(
    max_retries=Retry(
        total=None, connect=0, read=0, redirect=0, status=100, status_forcelist=[429], allowed_methods=None
    )
)


def got(address: str, method: str = "GET", **how: Any) -> requests.Response:
    """What an address answers to a client that waits as long as it is told to when it asks too fast.

    The tests of a module ask one server, as one client, as fast as the machine lets them.
    """
    with requests.Session() as client:
        client.mount("http://", WAITING)
        return client.request(method, address, timeout=60, **how)


def as_of_many(app: ASGIApp) -> ASGIApp:
    """An application that takes each request for that of another client.

    Nobody is told to wait, however fast a machine asks: what came of that would be no look at a page.
    """
    numbers = itertools.count(1)

    async def asked(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope = {**scope, "client": (str(ipaddress.IPv4Address(next(numbers))), 1)}
        await app(scope, receive, send)

    return asked


@contextmanager
def serving(app: ASGIApp) -> Iterator[str]:
    """Serve an application; give its address."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="critical", access_log=False))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            thread.join(0.01)
            assert thread.is_alive()
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


class Seen(HTMLParser):
    """What is in a page: its elements with their attributes, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def links(self) -> list[str]:
        return [attributes["href"] or "" for tag, attributes in self.elements if tag == "a" and "href" in attributes]
