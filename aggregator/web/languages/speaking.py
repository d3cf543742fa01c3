"""The language of the request that is being answered, for whoever makes its page and knows no request."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from urllib.parse import quote

from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Receive, Scope, Send

from aggregator.web.guard import ASKED_BY_FORM
from aggregator.web.languages.choosing import COOKIE, DEFAULT, LANGUAGES, MAX_BACK_CHARS, chosen

_MAX_HEADER_CHARS = 4_000


@dataclass(frozen=True, slots=True)
class Link:
    """A link that changes the language."""

    language: str
    name: str
    """As the language calls itself."""
    address: str
    is_here: bool


@dataclass(frozen=True, slots=True)
class Speech:
    """How a request is answered."""

    language: str = DEFAULT
    back: str = "/"
    """What was asked for: where a change of the language leads back to."""

    def links(self, *, leads_back: bool) -> list[Link]:
        """Return what changes the language.

        Args:
            leads_back: Whether to what was asked for; else to the first page.
        """
        back = quote(self.back if leads_back else "/", safe="/")
        return [
            Link(language, name, f"/language/{language}?back={back}", language == self.language)
            for language, name in LANGUAGES.items()
        ]


_current: ContextVar[Speech] = ContextVar("speech", default=Speech())  # noqa: B039 - it is frozen


def speech() -> Speech:
    """Return how the request that is being answered is answered; in English where none is."""
    return _current.get()


class Speaking:
    """Finds the language of each request.

    It is kept in a context variable: each request is a task with a context of its own, and what is answered in a thread
    of the pool runs in a copy of it (anyio). So no request sees the language of another, and nothing that makes a page
    needs to hand it on.

    Args:
        app: What answers.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        token = _current.set(_speech_of(scope))
        try:
            await self._app(scope, receive, send)
        finally:
            _current.reset(token)


def _speech_of(scope: Scope) -> Speech:
    headers = Headers(scope=scope)
    cookies = cookie_parser("; ".join(headers.getlist("cookie"))[:_MAX_HEADER_CHARS])
    accepted = ",".join(headers.getlist("accept-language"))[:_MAX_HEADER_CHARS]
    return Speech(chosen(cookies.get(COOKIE), accepted), _back(scope))


def _back(scope: Scope) -> str:
    """Return what was asked for, as far as it can be asked for again and an address has room for it."""
    if scope["method"] == "POST" and scope["path"] not in ASKED_BY_FORM:
        return "/"
    path = quote(scope["path"], safe="/:@!$&'()*+,;=", errors="replace")
    query = quote(scope["query_string"], safe="%/?:@!$&'()*+,;=")
    full = f"{path}?{query}" if query else path
    return next((back for back in (full, path) if len(quote(back, safe="/")) <= MAX_BACK_CHARS), "/")
