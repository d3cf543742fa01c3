"""The page of sources: how they are doing, and how the home is."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from aggregator import access, sources
from aggregator.home import Home
from aggregator.shapes.status import status_json
from aggregator.web.rendering import page

router = APIRouter(include_in_schema=False)


@router.get("/sources")
def show_sources(request: Request) -> HTMLResponse:
    """Show each source: when it was visited, what came of it, what is the matter."""
    return page("sources.html", {"status": status_of(request.app.state.home)})


def status_of(home: Home) -> dict[str, Any]:
    """Return how the home and its sources are doing, those that nobody is shown left out.

    Raises:
        SourcesError: Its sources.yaml is refused.
        StoreError: The catalogue is missing, damaged or of another version.
    """
    found = status_json(home, sources.load(home.sources_yaml), datetime.now(UTC))
    if home.is_new:
        return found
    with access.opened(home) as catalogue:
        closed = catalogue.closed_sources
    return found | {"sources": [source for source in found["sources"] if source["source"] not in closed]}
