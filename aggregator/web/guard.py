"""Who may ask, and what every answer forbids a browser.

A page that somebody else wrote must not reach a home by way of its reader's browser: a name that is made to stand for
127.0.0.1 (DNS rebinding) is none of the hosts that are served; no other site can ask in the background, be it only to
see how long that takes; and what is shown can load, send and frame nothing.
"""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Callable, Collection, Mapping, MutableMapping
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from aggregator.web.door import WANTED, Door
from aggregator.web.limits import A_SECOND, AT_ONCE, COSTLY, MAX_ADDRESS_BYTES, WRONG_TOKEN
from aggregator.web.pace import Pace, client_of

Refusal: TypeAlias = tuple[str, int] | tuple[str, int, Mapping[str, str]]
"""Words, the status of HTTP, and headers that go with it."""

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # with less, a browser hides from us, too, where a form was sent from
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}
"""Of every answer. Nothing is stored: what is withdrawn must not stay in a cache."""
FILES = "/static/"
"""Where our own files are, in which nothing can be withdrawn."""
FILES_MAY_BE_KEPT = {"Cache-Control": "no-cache"}
"""Of such a file: a browser keeps it, and asks each time whether it has changed (RFC 9111, 5.2.2.4)."""
ASKED_BY_FORM = frozenset(("/reposts", "/api/reposts"))
"""What is asked with a text that no address has room for; it changes nothing."""
COSTLY_PATHS = (
    "/export",
    "/timeline",
    "/context",
    "/families",
    "/reposts",
    "/saved",
    "/api/context",
    "/api/timeline",
    "/api/families",
    "/api/export",
    "/api/reposts",
    "/api/saved",
)
"""What may read many texts for one answer, or compare long ones."""
_BESIDE = re.compile(r"/articles/[^/]*/beside/")
DECIDED_BY_FORM = frozenset(("/decisions", "/trials"))
"""What changes something, or has the server ask others."""
WRONG = "Something went wrong here. Nothing is lost. The log of the server says what."


class Guard:
    """Stands before all pages: refuses, sets the headers of every answer, and answers what fails within.

    What asks for headers alone is answered as if it asked for the page; the server leaves the body out.

    Args:
        app: The pages.
        hosts: Names and addresses that a request may be for, without ports.
        door: Who may come in; None: everybody who reaches it, to read.
        headers: Of every answer.
        is_open: Tells of a path whether pages of other origins may ask for it in the background.
    """

    def __init__(
        self,
        app: ASGIApp,
        hosts: Collection[str],
        door: Door | None = None,
        *,
        headers: Mapping[str, str] = HEADERS,
        is_open: Callable[[str], bool] = lambda path: False,
    ) -> None:
        self._app = app
        self._hosts = frozenset(map(host_of, hosts))
        self._door = door
        self._headers = headers
        self._is_open = is_open
        self._pace = Pace(AT_ONCE, A_SECOND)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        has_begun = False

        async def guarded(message: MutableMapping[str, Any]) -> None:
            nonlocal has_begun
            if message["type"] == "http.response.start":
                has_begun = True
                headers = MutableHeaders(scope=message)
                headers.update(self._headers)
                if scope["path"].startswith(FILES) and message["status"] in (200, 304):
                    headers.update(FILES_MAY_BE_KEPT)
                if self._is_open(scope["path"]):
                    headers["Cross-Origin-Resource-Policy"] = "cross-origin"
            await send(message)

        asked = {**scope, "method": "GET"} if scope["method"] == "HEAD" else scope
        if refusal := self._refusal(asked) or self._too_fast(asked, cost_of(asked["path"])) or self._unknown(asked):
            await said(scope["path"], *refusal)(scope, receive, guarded)
            return
        try:
            await self._app(asked, receive, guarded)
        except Exception:
            logging.getLogger(__name__).exception("%s", scope["path"])
            if has_begun:
                raise
            await said(scope["path"], WRONG, 500)(scope, receive, guarded)

    def _too_fast(self, scope: Scope, cost: float = 1.0) -> Refusal | None:
        """Return words and status for who asks too much; None: they may ask this."""
        client = client_of(scope["client"][0]) if scope.get("client") else ""
        wait_s = self._pace.wait_s(client, cost)
        if not wait_s:
            return None
        return "You ask faster than this server answers. Wait a little.", 429, {"Retry-After": str(math.ceil(wait_s))}

    def _unknown(self, scope: Scope) -> Refusal | None:
        """Return words and status for who does not give the token where it is needed; None: they may come in."""
        decides = scope["path"] in DECIDED_BY_FORM
        if self._door is None or not (decides or self._door.is_for_reading):
            return None
        given = Headers(scope=scope).get("authorization")
        who = self._door.who(given)
        if who is None:
            if given:
                self._too_fast(scope, WRONG_TOKEN)
            return "This needs the token as a password, and your name as the user.", 401, {"WWW-Authenticate": WANTED}
        if decides and not who:
            return "What is decided stands under a name: give yours as the user, with the token as the password.", 403
        scope.setdefault("state", {})["who"] = who
        return None

    def _refusal(self, scope: Scope) -> Refusal | None:
        """Return words and status for who may not ask; None: they may."""
        headers = Headers(scope=scope)
        named = headers.getlist("host")
        if len(named) != 1 or host_of(named[0]) not in self._hosts:
            return (
                "This server answers to other names only. Open it by the address that `aggregator serve` printed.",
                421,
            )
        if len(scope["path"]) + len(scope["query_string"]) > MAX_ADDRESS_BYTES:
            return f"The address is longer than {MAX_ADDRESS_BYTES:,} bytes.", 414
        decides = self._door is not None and self._door.may_decide and scope["path"] in DECIDED_BY_FORM
        if scope["method"] == "POST" and (decides or scope["path"] in ASKED_BY_FORM):
            return None if _is_own_form(scope, headers) else ("Only the pages of this server may send that.", 403)
        if scope["method"] != "GET":
            return "These pages only read.", 405
        if _is_behind_another_page(scope["path"], headers) and not self._is_open(scope["path"]):
            return "Other sites may link to these pages, and ask nothing of them.", 403
        return None


def cost_of(path: str) -> float:
    """Return how many answers one at an address counts for."""
    return COSTLY if path.startswith(COSTLY_PATHS) or _BESIDE.match(path) else 1.0


def said(path: str, words: str, status: int, headers: Mapping[str, str] | None = None) -> Response:
    """Return words as an answer: as JSON to whoever asked for that."""
    if is_for_programs(path):
        return JSONResponse({"error": words}, status, headers)
    return PlainTextResponse(f"{words}\n", status, headers)


def is_for_programs(path: str) -> bool:
    """Whether an address is one of those that are answered with JSON."""
    return path == "/api" or path.startswith("/api/")


def _is_own_form(scope: Scope, headers: Headers) -> bool:
    """Whether a page of this server sent a form: a browser says so, in one of two ways."""
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None:
        return site == "same-origin"
    return origin is None or origin == f"{scope['scheme']}://{headers['host']}"


def _is_behind_another_page(path: str, headers: Headers) -> bool:
    """Whether a page of another site asks in the background; a link on it may be followed."""
    origin = headers.get("origin")
    if headers.get("sec-fetch-site", "none") in ("none", "same-origin"):
        return origin is not None and urlsplit(origin).netloc != headers.get(
            "host"
        )  # an older browser, over plain HTTP
    is_followed = headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
    return not is_followed or is_for_programs(path)


def host_of(named: str) -> str:
    """Return the name or address in a Host header, without its port, in lower case."""
    name, _, port = named.rpartition(":")
    return (name if name and port.isascii() and port.isdigit() else named).lower()
