"""The pages of an article: its text, its versions, and what changed from one to another."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, Response
from starlette.exceptions import HTTPException

from aggregator import access, dedupe
from aggregator.dedupe.observing import SEEN
from aggregator.dossier import Dossier, dossier
from aggregator.errors import UnknownIdError
from aggregator.model import Article, Capture, Version
from aggregator.periods import instant
from aggregator.web import citing
from aggregator.web.citing import Citation
from aggregator.web.drawing import line
from aggregator.web.followed import names_of
from aggregator.web.limits import TURNS, VERSIONS
from aggregator.web.rendering import downloaded, page
from aggregator.web.reporting import report

router = APIRouter(include_in_schema=False)

Number = Annotated[int | None, Query(ge=1, le=1_000_000)]


@router.get("/articles/{article_id}")
def show_article(request: Request, article_id: str, version: Number = None) -> HTMLResponse:
    """Show an article in one of its versions, the newest unless another is named."""
    found = of_id(request, article_id)
    chosen = found.version(version)
    home, copy = request.app.state.home, _copy(request, found.article, found.capture(chosen))
    citation = citing.citation_of(home, found, chosen)
    values = {
        "found": found,
        "article": found.article.as_in(chosen),
        "source": names_of(home).get(found.article.source_id),
        "version": chosen,
        "capture": found.capture(chosen),
        "authors": ", ".join(chosen.authors),
        "citation": citation,
        "copy": copy,
        "report": report(
            home, f"Article {found.article.id}, version {chosen.digest}", _reported(found, chosen, citation, copy)
        ),
        "turns": [one for one in found.observed if one.what != SEEN][-TURNS:],
        "most_listed": VERSIONS,
        "line": line(found.versions, found.observed, shown=chosen.number),
    }
    return page("article.html", values)


def _reported(found: Dossier, version: Version, citation: Citation | None, copy: str | None) -> dict[str, str | None]:
    """Return what a report of a problem says of an article; of one that may not leave the home, no more than names."""
    return {
        "Article": found.article.id,
        "Version": f"{version.digest}, seen {instant(version.captured_at)}",
        "Address": found.article.url if citation else None,
        "Archived": (copy or citation.cited.archived) if citation else None,
    }


def _copy(request: Request, article: Article, capture: Capture | None) -> str | None:
    """Return the address of an archived copy of an article; None: it is not served, or nothing may lead to it."""
    origin = request.app.state.copies
    if capture is None or not origin:
        return None
    unlinked = access.unlinked(request.app.state.home, datetime.now(UTC))
    if unlinked.has(capture) or unlinked.has_any([article]):
        return None
    return f"{origin}/web/{capture.captured_at.astimezone(UTC):%Y%m%d%H%M%S}/{capture.url}"


@router.get("/articles/{article_id}/changes")
def show_changes(request: Request, article_id: str, old: Number = None, new: Number = None) -> HTMLResponse:
    """Show what changed from one version to another: from the first to the newest, unless others are named."""
    found = of_id(request, article_id)
    before, after = found.version(old or found.versions[0].number), found.version(new)
    changes = found.changes(before, after)
    inserted, deleted = dedupe.words_changed(changes)
    values = {
        "found": found,
        "article": found.article,
        "before": before,
        "after": after,
        "changes": changes,
        "inserted": inserted,
        "deleted": deleted,
        "is_coarse": dedupe.is_coarse(changes),
    }
    return page("changes.html", values)


@router.get("/articles/{article_id}/cite.{end}")
def cite(request: Request, article_id: str, end: str, version: Number = None) -> Response:
    """Answer with the citation of an article in one of its versions, the newest unless another is named, as a file."""
    if end not in citing.FORMS:
        raise HTTPException(404)
    found = of_id(request, article_id)
    name, media_type, body = citing.file_of(request.app.state.home, found, found.version(version), end)
    return downloaded(body, media_type, name)


def of_id(request: Request, article_id: str) -> Dossier:
    """Return what is known of an article; only its id names it in an address.

    Raises:
        UnknownIdError: There is none of that id.
    """
    if not (article_id.isascii() and article_id.isalnum()):
        raise UnknownIdError("There is no article of that id in this home.")
    return dossier(request.app.state.home, article_id)
