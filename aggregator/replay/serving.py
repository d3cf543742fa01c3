"""A home to a running server of its archived copies, and its addresses."""

from __future__ import annotations

import secrets
from collections.abc import Collection, MutableMapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from aggregator.access.copies import NOT_HELD, Copies
from aggregator.errors import AggregatorError, UnknownIdError, WithdrawnError
from aggregator.home import Home
from aggregator.model import Capture
from aggregator.replay import addresses, answering, mementos
from aggregator.replay.addresses import PICTURE, STYLE
from aggregator.web.door import Door
from aggregator.web.failures import status_of, words_of
from aggregator.web.guard import HEADERS as OF_PAGES
from aggregator.web.guard import Guard
from aggregator.web.languages.speaking import Speaking
from aggregator.web.rendering import HERE, page
from aggregator.web.reporting import report
from aggregator.web.serving import LOOPBACK

HEADERS = {
    **{name: value for name, value in OF_PAGES.items() if name != "Cross-Origin-Opener-Policy"},
    "Content-Security-Policy": (
        "sandbox allow-downloads; default-src 'none'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; "
        "form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
    ),
}
"""Of every answer. What is sandboxed is of no origin: with a Cross-Origin-Opener-Policy browsers refuse to open it, and
to them its own pictures are another origin's, so that these alone may be loaded by any."""
FRONT_POLICY = (
    HEADERS["Content-Security-Policy"]
    .replace("sandbox ", "sandbox allow-forms ")
    .replace("form-action 'none'", "form-action 'self'")
)
"""Of the first page alone: it has a form, and nothing of a stranger."""
_VARIES = {"Vary": "accept-datetime"}


@dataclass(frozen=True, slots=True)
class _Row:
    """A capture in a calendar."""

    path: str
    at: datetime
    status: int
    content: str
    """Whether its content is another than that of the capture before, in words."""


class _CopiesGuard(Guard):
    """The guard, with the policy of the first page."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_form(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["Content-Security-Policy"] = FRONT_POLICY
            await send(message)

        await super().__call__(scope, receive, with_form if scope.get("path") == "/" else send)


def application(
    home: Home, hosts: Collection[str] = LOOPBACK, door: Door | None = None, *, pages: str | None = None
) -> Guard:
    """Return the archived copies of a home, as an ASGI application.

    What pages load by themselves has a key in its address, made anew at each start: pages of others cannot tell it, and
    so cannot find out what is archived by loading it.

    Args:
        home: Which.
        hosts: Names and addresses that it answers to, without ports.
        door: Who may come in; None: everybody who reaches it.
        pages: The origin of the home's pages, scheme to port; None: nothing leads to them.
    """
    key = secrets.token_urlsafe(16)
    made = Starlette(
        routes=[
            Route("/", _front),
            Route("/web/{rest:path}", _copy),
            Route(f"/{key}/web/{{rest:path}}", _embedded),
            Route("/timegate/{rest:path}", _timegate),
            Route("/timemap/link/{rest:path}", _timemap),
            Mount("/static", StaticFiles(directory=HERE / "static")),
        ],
        exception_handlers={AggregatorError: _told, HTTPException: _told},
    )
    made.router.redirect_slashes = False
    made.state.home, made.state.key, made.state.pages = home, key, pages
    return _CopiesGuard(
        Speaking(made), hosts, door, headers=HEADERS, is_open=lambda path: path.startswith((f"/{key}/", "/static/"))
    )


def _front(request: Request) -> Response:
    """Show how to ask, or lead to the calendar of the address that is asked for."""
    if not (typed := request.query_params.get("url", "").strip()):
        return page("copies/front.html", {})
    url, _ = _listed(typed, request)
    return RedirectResponse(_origin(request) + addresses.copy_path("*", url), 303)


def _copy(request: Request) -> Response:
    """Show what was captured nearest to a time, or the calendar of all captures."""
    wanted = addresses.asked(addresses.rest_of(request.scope, "/web/"), latest=_now())
    return _nearest(request, wanted) if wanted.when else _calendar(wanted.url, request)


def _embedded(request: Request) -> Response:
    """Send what a page loads by itself."""
    rest = addresses.rest_of(request.scope, f"/{request.app.state.key}/web/")
    wanted = addresses.asked(rest, latest=_now())
    if wanted.form not in (PICTURE, STYLE):
        raise UnknownIdError(NOT_HELD)
    return _nearest(request, wanted, is_embedded=True)


def _nearest(request: Request, wanted: addresses.Asked, *, is_embedded: bool = False) -> Response:
    key, origin = request.app.state.key, _origin(request)
    with _opened(request) as copies:
        url, capture = _chosen(copies, wanted)
        if wanted.is_exact and mementos.second_of(capture) == wanted.when:
            article = None if is_embedded else _article(request, copies, url)
            return answering.replayed(
                copies, capture, wanted.form, origin=origin, key=key, is_embedded=is_embedded, article=article
            )
    path = addresses.copy_path(mementos.second_of(capture), url, wanted.form)
    headers = {"Link": mementos.link_header(origin, url, capture)}
    return RedirectResponse(origin + (f"/{key}" if is_embedded else "") + path, 302, headers)


def _chosen(copies: Copies, wanted: addresses.Asked) -> tuple[str, Capture]:
    """Return the capture that is meant, the nearest that may be shown, and its address.

    Raises:
        WithdrawnError: The address, or the capture of just that time, is withdrawn.
        UnknownIdError: There is none.
    """
    at = wanted.when or _now()
    for url in addresses.candidates(wanted.url):
        seen = copies.at(url)
        if wanted.is_exact and not any(mementos.second_of(capture) == at for capture in seen):
            for capture in copies.copies_at(url):
                if mementos.second_of(capture) == at:
                    copies.refuse(capture)
        if seen:
            return url, mementos.nearest(seen, at)
    raise UnknownIdError(NOT_HELD)


def _calendar(typed: str, request: Request) -> Response:
    url, captures = _listed(typed, request)
    years = [
        (year, [(f"{month[0].at:%B}", month) for month in _grouped(rows, "%m")])
        for year, rows in ((f"{rows[0].at:%Y}", rows) for rows in _grouped(_rows(url, captures), "%Y"))
    ]
    with _opened(request) as copies:
        article = _article(request, copies, url)
    return page("copies/calendar.html", {"url": url, "count": len(captures), "years": years, "article": article})


def _article(request: Request, copies: Copies, url: str) -> str | None:
    """Return the address of the article read at an address; None: there is none that may be shown, or no pages."""
    found = copies.find_articles(url) if request.app.state.pages else []
    return f"{request.app.state.pages}/articles/{found[0].id}" if found else None


def _rows(url: str, captures: list[Capture]) -> list[_Row]:
    digests = {capture.record_id: capture.payload_digest for capture in captures}
    rows: list[_Row] = []
    before = ""
    for capture in captures:
        digest = digests.get(capture.refers_to or "", capture.payload_digest)
        at = mementos.second_of(capture)
        content = "same content" if digest == before else "content changed" if rows else "first capture"
        rows.append(_Row(addresses.copy_path(at, url), at, capture.status, content))
        before = digest
    return rows


def _grouped(rows: list[_Row], by: str) -> list[list[_Row]]:
    return [list(group) for _, group in groupby(rows, key=lambda row: f"{row.at:{by}}")]


def _timegate(request: Request) -> Response:
    """Lead to the capture nearest to the time that is asked for, the newest if none is (RFC 7089, section 4.2.1)."""
    typed = addresses.rest_of(request.scope, "/timegate/")
    said = request.headers.get("accept-datetime")
    at = mementos.wanted(said) if said is not None else _now()
    with _opened(request) as copies:
        url, capture = _chosen(copies, addresses.Asked(url=typed, when=at, is_exact=False, form=addresses.PAGE))
    origin = _origin(request)
    headers = {"Link": mementos.link_header(origin, url, capture), **_VARIES}
    path = addresses.copy_path(mementos.second_of(capture), url)
    return RedirectResponse(origin + path, 302, headers)


def _timemap(request: Request) -> Response:
    url, captures = _listed(addresses.rest_of(request.scope, "/timemap/link/"), request)
    return PlainTextResponse(
        mementos.timemap(_origin(request), url, captures), headers={"Content-Type": mementos.LINK_FORMAT}
    )


def _listed(typed: str, request: Request) -> tuple[str, list[Capture]]:
    with _opened(request) as copies:
        for url in addresses.candidates(typed):
            if captures := copies.listed(url):
                return url, mementos.one_a_second(captures)
    raise UnknownIdError(NOT_HELD)


def _opened(request: Request) -> Copies:
    home: Home = request.app.state.home
    if home.is_new:
        raise UnknownIdError(NOT_HELD)
    return Copies(home)


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def _origin(request: Request) -> str:
    """Return scheme, host and port by which this server was asked; the guard knows the host."""
    return str(request.base_url).rstrip("/")


def _told(request: Request, error: Exception) -> Response:
    """Return an error in words; files of the home by their names in it."""
    status = status_of(error)
    home: Home = request.app.state.home
    values = {
        "words": words_of(error, home),
        "status": status,
        # who thinks that wrong names it: of what is withdrawn, the address too may be
        "report": report(home, "A withdrawn copy", {}) if isinstance(error, WithdrawnError) else None,
    }
    answer = page("copies/error.html", values, status=status)
    if request.url.path.startswith("/timegate/"):
        answer.headers.update(_VARIES)
    return answer
