"""A home to a running server."""

from __future__ import annotations

from collections.abc import Collection

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from aggregator import __version__
from aggregator.errors import AggregatorError
from aggregator.home import Home
from aggregator.search import FINDS_IDS
from aggregator.web import (
    api,
    articles,
    beside,
    deciding,
    exporting,
    families,
    feeds,
    languages,
    metrics,
    saved,
    sources,
    trying,
)
from aggregator.web.door import Door
from aggregator.web.etags import Conditional
from aggregator.web.failures import status_of, words_of
from aggregator.web.guard import WRONG, Guard, is_for_programs, said
from aggregator.web.languages.speaking import Speaking
from aggregator.web.rendering import HERE, page
from aggregator.web.searching import context, course, hits, kin
from aggregator.web.trying import Turns

ROOMS = (
    *(hits, context, course, kin, exporting, saved, articles, families, beside, deciding, sources, trying),
    *(feeds, languages, metrics, api),
)
"""All that answers, each with its ``router``."""
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
"""Names and addresses of this machine, for this machine."""


def application(
    home: Home,
    hosts: Collection[str] = LOOPBACK,
    door: Door | None = None,
    *,
    copies: str | None = None,
    turns: Turns | None = None,
    command: str = "aggregator",
) -> Guard:
    """Return the pages of a home, as an ASGI application.

    Args:
        home: Which.
        hosts: Names and addresses that it answers to, without ports.
        door: Who may come in, and whether they may decide; None: everybody who reaches it, to read.
        copies: The origin of its archived copies, scheme to port; None: they are not served.
        turns: Which source is tried; None: nobody else ends that.
        command: How the program is called on this home, as whoever reads the pages may know.
    """
    made = FastAPI(
        title="aggregator",
        version=__version__,
        description="What a home holds, as JSON: the same values as those of the commands' --json.",
        openapi_url="/api/openapi.json",
        docs_url=None,  # these pages load from elsewhere
        redoc_url=None,
    )
    made.state.home = home
    made.state.door = door
    made.state.copies = copies
    made.state.command = command
    made.state.turns = turns or Turns()
    made.mount("/static", StaticFiles(directory=HERE / "static"), name="static")
    for room in ROOMS:
        made.include_router(room.router)
    made.add_exception_handler(AggregatorError, _told)
    made.add_exception_handler(HTTPException, _told)
    made.add_exception_handler(RequestValidationError, _told)
    made.add_exception_handler(Exception, _broken)
    return Guard(Conditional(Speaking(made)), hosts, door)


def _told(request: Request, error: Exception) -> Response:
    """Return an error in words, as JSON for whoever asked for that; files of the home by their names in it."""
    status, words = status_of(error), words_of(error, request.app.state.home)
    if is_for_programs(request.url.path):
        return said(request.url.path, words, status)
    words = words.replace(FINDS_IDS, "Look for it with the search.")  # whoever reads pages has no commands
    return page("error.html", {"words": words, "status": status}, status=status)


def _broken(request: Request, error: Exception) -> Response:
    """Return words for an error that nobody thought of; the server logs it."""
    return said(request.url.path, WRONG, 500)
