"""The pages as JSON: the same values as those of the commands' ``--json``; docs/reference/json.md names the keys."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request

from aggregator import reposts
from aggregator.errors import UsageError
from aggregator.home import Home
from aggregator.shapes.articles import changes_json, dossier_json
from aggregator.shapes.context import concordance_json
from aggregator.shapes.curves import curve_json
from aggregator.shapes.families import family_json, kindred_json
from aggregator.shapes.hits import results_json
from aggregator.shapes.saved import saved_json
from aggregator.shapes.status import source_json
from aggregator.web import saved
from aggregator.web.articles import Number, of_id
from aggregator.web.asking import Asking, asked
from aggregator.web.searching import context as of_context
from aggregator.web.searching import course as of_course
from aggregator.web.searching import hits as of_hits
from aggregator.web.searching import kin as of_kin
from aggregator.web.sources import health_of, status_of

router = APIRouter(prefix="/api")

Several = Annotated[list[str] | None, Query()]


def _filters(
    q: str = "",
    source: Several = None,
    language: Several = None,
    since: str = "",
    until: str = "",
    as_of: str = "",
) -> None:
    """Describe what ``asked`` reads of every address that searches."""


@router.get("/search", dependencies=[Depends(_filters)])
def search(request: Request, sort: str = "relevance", offset: int = 0) -> dict[str, Any]:
    """Find articles: words as in the search box, filters, from which hit on. Twenty hits are answered."""
    return results_json(of_hits.found(*_asked(request, "")))


@router.get("/context", dependencies=[Depends(_filters)])
def context(request: Request, order: str = "right") -> dict[str, Any]:
    """Every place in the texts where the words of a query stand, in their context."""
    return concordance_json(of_context.found(*_asked(request, "context")))


@router.get("/timeline", dependencies=[Depends(_filters)])
def timeline(request: Request, by: str = "month", words: str = "") -> dict[str, Any]:
    """How much of a query there is in each month or year; with words=count, words of all texts are counted, too."""
    return curve_json(of_course.found(*_asked(request, "timeline")))


@router.get("/families", dependencies=[Depends(_filters)])
def families(request: Request, offset: int = 0) -> dict[str, Any]:
    """The families that the articles found belong to, those with most of them in front. Twenty are answered."""
    return kindred_json(of_kin.found(*_asked(request, "families")))


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


@router.get("/articles/{article_id}/family")
def family(request: Request, article_id: str) -> list[dict[str, Any]]:
    """All that share text with an article, with the evidence."""
    of = of_id(request, article_id)
    return list(family_json(reposts.family_of(request.app.state.home, of.article)))


@router.get("/sources/{source_id}")
def source(request: Request, source_id: str) -> dict[str, Any]:
    """How one source is doing: its last runs, and how much of what it announced is there, by month."""
    home = request.app.state.home
    found = health_of(home, source_id, datetime.now(UTC))
    status = next(each for each in status_of(home)["sources"] if each["source"] == source_id)
    return source_json(status, found.runs, found.months)


@router.get("/saved")
def saved_searches(request: Request) -> list[dict[str, Any]]:
    """The saved searches: what each asks for, how many articles match, how many of these were not told yet."""
    return [saved_json(one) for one in saved.found(request.app.state.home)[0]]


@router.get("/status")
def status(request: Request) -> dict[str, Any]:
    """How the sources and the home are doing."""
    return status_of(request.app.state.home)
