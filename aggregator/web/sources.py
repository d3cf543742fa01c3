"""The page of sources: how they are doing, and how the home is."""

from __future__ import annotations

from datetime import UTC, datetime

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from aggregator import sources
from aggregator.shapes.status import status_json
from aggregator.web.rendering import page

router = APIRouter(include_in_schema=False)


@router.get("/sources")
def show_sources(request: Request) -> HTMLResponse:
    """Show each source: when it was visited, what came of it, what is the matter."""
    home = request.app.state.home
    following = sources.load(home.sources_yaml)
    return page("sources.html", {"status": status_json(home, following, datetime.now(UTC))})
