"""The pages as JSON: the same values as those of the commands' ``--json``; docs/reference/json.md names the keys."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from aggregator import reposts
from aggregator.errors import UsageError
from aggregator.shapes.articles import changes_json, dossier_json
from aggregator.shapes.families import family_json
from aggregator.shapes.hits import results_json
from aggregator.web.articles import Number, of_id
from aggregator.web.asking import asked
from aggregator.web.searching import found
from aggregator.web.sources import status_of

router = APIRouter(prefix="/api")

Several = Annotated[list[str] | None, Query()]


@router.get("/search")
def search(
    request: Request,
    q: str = "",
    source: Several = None,
    language: Several = None,
    since: str = "",
    until: str = "",
    as_of: str = "",
    sort: str = "relevance",
    offset: int = 0,
) -> dict[str, Any]:
    """Find articles: words as in the search box, filters, from which hit on. Twenty hits are answered."""
    results = found(request, asked(request))
    if results is None:
        raise UsageError("Nothing is asked for: give q, source, language, since or until.")
    return results_json(results)


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


@router.get("/status")
def status(request: Request) -> dict[str, Any]:
    """How the sources and the home are doing."""
    return status_of(request.app.state.home)
