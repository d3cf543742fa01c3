"""Who may ask, and what every answer forbids a browser.

A page that somebody else wrote must not reach a home by way of its reader's browser: a name that is made to stand for
127.0.0.1 (DNS rebinding) is none of the hosts that are served, and what is shown can load, send and frame nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection

from fastapi import Request, Response
from fastapi.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}
"""Of every answer. Nothing is stored: what is withdrawn must not stay in a cache."""
ASKED_BY_FORM = frozenset(("/reposts",))
"""What is asked with a text that no address has room for; it changes nothing either."""

Answer = Callable[[Request], Awaitable[Response]]


class HeadAsGet:
    """Answers what asks for headers alone as if it asked for the page; the server leaves the body out."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_head = scope["type"] == "http" and scope["method"] == "HEAD"
        await self._app({**scope, "method": "GET"} if is_head else scope, receive, send)


def guarded(hosts: Collection[str]) -> Callable[[Request, Answer], Awaitable[Response]]:
    """Return what stands before every page.

    Args:
        hosts: Names and addresses that a request may be for, without ports.
    """

    async def guard(request: Request, answer: Answer) -> Response:
        refusal = _refusal(request, hosts)
        response = PlainTextResponse(*refusal) if refusal else await answer(request)
        response.headers.update(HEADERS)
        return response

    return guard


def _refusal(request: Request, hosts: Collection[str]) -> tuple[str, int] | None:
    """Return words and status for who may not ask; None: they may."""
    named = request.headers.getlist("host")
    if len(named) != 1 or host_of(named[0]) not in hosts:
        return "This server answers to other names only. Open it by the address that `aggregator serve` printed.\n", 421
    if request.method == "POST" and request.url.path in ASKED_BY_FORM:
        return None if _is_own_form(request) else ("Only the pages of this server may send that.\n", 403)
    if request.method != "GET":
        return "These pages only read.\n", 405
    return None


def _is_own_form(request: Request) -> bool:
    """Whether a page of this server sent a form: a browser says so, in one of two ways."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is not None:
        return site == "same-origin"
    return origin is None or origin == f"{request.url.scheme}://{request.headers['host']}"


def host_of(named: str) -> str:
    """Return the name or address in a Host header, without its port, in lower case."""
    name, _, port = named.rpartition(":")
    return (name if port.isdigit() and name else named).lower()
