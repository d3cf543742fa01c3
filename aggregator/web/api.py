"""The pages as JSON: the same values as those of the commands' ``--json``; docs/reference/json.md names the keys.

What is described is what is answered: an address takes the values that /api/openapi.json names, and refuses any other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from aggregator import reposts
from aggregator.errors import UsageError
from aggregator.home import Home
from aggregator.search import MAX_PAGE
from aggregator.shapes.articles import changes_json, dossier_json
from aggregator.shapes.context import concordance_json
from aggregator.shapes.curves import curve_json
from aggregator.shapes.families import family_json, kindred_json
from aggregator.shapes.hits import results_json
from aggregator.shapes.saved import saved_json
from aggregator.shapes.sources import followed_json
from aggregator.shapes.status import source_json
from aggregator.web import exporting, feeds, saved
from aggregator.web.articles import Number, of_id
from aggregator.web.asking import ORDERS, PAGE, PERIODS, SORTS, Asking, asked
from aggregator.web.families import pasted
from aggregator.web.followed import following_of
from aggregator.web.limits import MAX_OFFSET
from aggregator.web.searching import context as of_context
from aggregator.web.searching import course as of_course
from aggregator.web.searching import hits as of_hits
from aggregator.web.searching import kin as of_kin
from aggregator.web.sources import health_of, status_of

_One = TypeVar("_One")
_ERROR = {"type": "object", "properties": {"error": {"type": "string"}}, "required": ["error"]}


def _problem(what: str) -> dict[str, Any]:
    return {"description": what, "content": {"application/json": {"schema": _ERROR}}}


_TAG = {"ETag": {"description": "Of what is answered; the same until that changes.", "schema": {"type": "string"}}}
_NEXT = {
    "Link": {
        "description": 'Where the next of these are, and those before: `<address>; rel="next"` (RFC 8288).',
        "schema": {"type": "string"},
    }
}
_PROBLEMS: dict[int | str, dict[str, Any]] = {
    400: _problem("What is asked for is not understood, or no such value is known here."),
    401: _problem("The token is needed, as a password or as Bearer."),
    404: _problem("There is no such thing, or it may not be shown."),
    429: _problem("Faster than this server answers; Retry-After says in how many seconds to come again."),
    503: _problem("Something is the matter with the home: the words say what."),
    "default": _problem("Whatever else is the matter, in words."),
}
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"headers": _TAG},
    304: {"description": "The answer is the one whose ETag was sent as If-None-Match."},
    **_PROBLEMS,
}
_LISTS: dict[int | str, dict[str, Any]] = {200: {"headers": _TAG | _NEXT}}


def _known(request: Request) -> None:
    """Refuse a value that the description of an address does not name: misspelt, it would answer another question.

    Raises:
        UsageError: There is one.
    """
    described = request.app.openapi()["paths"][request.scope["route"].path][request.method.lower()]
    names = [each["name"] for each in described.get("parameters", ()) if each["in"] == "query"]
    for given in request.query_params:
        if given not in names:
            there = f"there are {', '.join(names)}" if names else "it takes no values"
            raise UsageError(f"{given[:40]!r} is not known here: {there}.")


router = APIRouter(prefix="/api", dependencies=[Depends(_known)], responses=_ANSWERS)
_sent = APIRouter(prefix="/api", dependencies=[Depends(_known)], responses=_PROBLEMS)
"""What is asked with a text: it has no tag."""

Several = Annotated[list[str] | None, Query()]
Offset = Annotated[int, Query(ge=0, le=MAX_OFFSET, description="How many to pass over.")]
Limit = Annotated[int, Query(ge=1, le=MAX_PAGE, description="How many to answer, at most.")]


def _one_of(values: Sequence[str]) -> Any:
    """Return what is described of a value that is one of several; whoever reads it refuses others in words."""
    return Query(json_schema_extra={"enum": list(values)})


def _filters(
    q: str = "",
    source: Several = None,
    language: Several = None,
    since: str = "",
    until: str = "",
    as_of: str = "",
) -> None:
    """Describe what ``asked`` reads of every address that searches."""


_SEARCHES = [Depends(_filters)]


@router.get("/search", dependencies=_SEARCHES, responses=_LISTS)
def search(
    request: Request,
    response: Response,
    sort: Annotated[str, _one_of(SORTS)] = SORTS[0],
    offset: Offset = 0,
    limit: Limit = PAGE,
) -> dict[str, Any]:
    """Find articles: words as in the search box, and filters; the copies of a text are one hit."""
    home, asking = _asked(request, "")
    found = of_hits.found(home, asking, limit)
    _link(request, response, offset, limit, has_more=of_hits.has_more(found, asking, limit))
    return results_json(found)


@router.get("/context", dependencies=_SEARCHES, responses=_LISTS)
def context(
    request: Request,
    response: Response,
    order: Annotated[str, _one_of(ORDERS)] = ORDERS[0],
    offset: Offset = 0,
    limit: Limit = PAGE,
) -> dict[str, Any]:
    """Every place in the texts where the words of a query stand, in their context."""
    found = of_context.found(*_asked(request, "context"))
    lines = _page(request, response, found.lines, offset, limit)
    return concordance_json(replace(found, lines=tuple(lines)))


@router.get("/timeline", dependencies=_SEARCHES)
def timeline(
    request: Request,
    by: Annotated[str, _one_of(PERIODS)] = PERIODS[0],
    words: Annotated[str, _one_of(["", "count"])] = "",
) -> dict[str, Any]:
    """How much of a query there is in each month or year; with words=count, words of all texts are counted, too."""
    return curve_json(of_course.found(*_asked(request, "timeline")))


@router.get("/families", dependencies=_SEARCHES, responses=_LISTS)
def families(request: Request, response: Response, offset: Offset = 0, limit: Limit = PAGE) -> dict[str, Any]:
    """The families that the articles found belong to, those with most of them in front."""
    found = of_kin.found(*_asked(request, "families"), limit)
    _link(request, response, offset, limit, has_more=offset + limit < found.families)
    return kindred_json(found)


@router.get("/export", dependencies=_SEARCHES)
def export(request: Request, look: Annotated[str, _one_of(["", "all"])] = "") -> dict[str, Any]:
    """How much would be exported, in which articles phone numbers or addresses stand, and where the files are."""
    return exporting.said_of(exporting.prospect(request))


def _asked(request: Request, view: str) -> tuple[Home, Asking]:
    asking = asked(request, view)
    if asking.is_empty:
        raise UsageError("Nothing is asked for: give q, source, language, since or until.")
    return request.app.state.home, asking


@router.get("/articles/{article_id}")
def article(request: Request, article_id: str, version: Number = None) -> dict[str, Any]:
    """All that is known of an article, with its text in one version: the newest, unless another is named."""
    of = of_id(request, article_id)
    return dossier_json(of, of.version(version))


@router.get("/articles/{article_id}/changes")
def changes(request: Request, article_id: str, old: Number = None, new: Number = None) -> dict[str, Any]:
    """What changed from one version to another: from the first to the newest, unless others are named."""
    of = of_id(request, article_id)
    before, after = of.version(old or of.versions[0].number), of.version(new)
    return changes_json(before, after, of.changes(before, after))


@router.get("/articles/{article_id}/family", responses=_LISTS)
def family(
    request: Request, response: Response, article_id: str, offset: Offset = 0, limit: Limit = PAGE
) -> list[dict[str, Any]]:
    """All that share text with an article, with the evidence."""
    of = of_id(request, article_id)
    lines = list(family_json(reposts.family_of(request.app.state.home, of.article)))
    return _page(request, response, lines, offset, limit)


_TEXT = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}


@_sent.post(
    "/reposts",
    openapi_extra={
        "requestBody": {"content": {"application/x-www-form-urlencoded": {"schema": _TEXT}}, "required": True}
    },
)
async def who_has(request: Request) -> list[dict[str, Any]]:
    """All that share text with one that is sent as a form, with the evidence; it is kept nowhere."""
    return await run_in_threadpool(_who_has, request.app.state.home, await pasted(request))


def _who_has(home: Home, text: str) -> list[dict[str, Any]]:
    if (count := reposts.words_in(text)) < reposts.LEAST_WORDS:
        words = "1 word" if count == 1 else f"{count} words"
        raise UsageError(f"This has {words}; {reposts.LEAST_WORDS} in a row are needed.")
    return list(family_json(reposts.who_has(home, following_of(home), text)))


router.routes.extend(_sent.routes)


@router.get("/sources", responses=_LISTS)
def sources(request: Request, response: Response, offset: Offset = 0, limit: Limit = PAGE) -> list[dict[str, Any]]:
    """The sources, as sources.yaml has them; how they are doing is in the status."""
    home = request.app.state.home
    shown = {each["source"] for each in status_of(home)["sources"]}
    told = [followed_json(source) for source in following_of(home).sources if source.id in shown]
    return _page(request, response, told, offset, limit)


@router.get("/sources/{source_id}")
def source(request: Request, source_id: str) -> dict[str, Any]:
    """How one source is doing: its last runs, and how much of what it announced is there, by month."""
    home = request.app.state.home
    found = health_of(home, source_id, datetime.now(UTC))
    status = next(each for each in status_of(home)["sources"] if each["source"] == source_id)
    return source_json(status, found.runs, found.months)


@router.get("/feeds")
def feeds_there(request: Request, source: str | None = None, search: str | None = None) -> dict[str, Any]:
    """Which feeds there are, of everything, a source, or what a saved search finds; they are JSON Feed, too."""
    return feeds.said_of(feeds.offered(request))


@router.get("/saved")
def saved_searches(request: Request) -> list[dict[str, Any]]:
    """The saved searches: what each asks for, how many articles match, how many of these were not told yet."""
    return [saved_json(one) for one in saved.found(request.app.state.home)[0]]


@router.get("/status")
def status(request: Request) -> dict[str, Any]:
    """How the sources and the home are doing."""
    return status_of(request.app.state.home)


# --- a part of many ---------------------------------------------------------------------------------------------------


def _page(request: Request, response: Response, every: Sequence[_One], offset: int, limit: int) -> list[_One]:
    """Return some of what there is, and say where the next are."""
    _link(request, response, offset, limit, has_more=offset + limit < len(every))
    return list(every[offset : offset + limit])


def _link(request: Request, response: Response, offset: int, limit: int, *, has_more: bool) -> None:
    """Say in the head of an answer where the next ones are, and those before."""
    near = {}
    if has_more and offset + limit <= MAX_OFFSET:
        near["next"] = offset + limit
    if offset:
        near["prev"] = max(0, offset - limit)
    given = [(name, value) for name, value in request.query_params.multi_items() if name != "offset"]
    links = [
        f'<{request.url.path}?{urlencode([*given, ("offset", at)], errors="replace")}>; rel="{where}"'
        for where, at in near.items()
    ]
    if links:
        response.headers["Link"] = ", ".join(links)
