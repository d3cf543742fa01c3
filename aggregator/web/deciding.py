"""What people decide of a match on its page: that it is one, or none. As an event of the archive, under their name."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse

from aggregator import pipeline, reposts
from aggregator.errors import BusyError, UsageError
from aggregator.home import Home
from aggregator.web.articles import of_id
from aggregator.web.followed import following_of
from aggregator.web.forms import own_fields
from aggregator.web.limits import MAX_DECISION_BYTES

router = APIRouter(include_in_schema=False)

KINDS = {"confirmed": reposts.confirm, "refused": reposts.refuse}
_WAIT_S = 2.0
"""For another writer; whoever waits in front of a page does not wait long."""


@router.post("/decisions")
async def decide(request: Request) -> RedirectResponse:
    """Note what somebody decides of two articles, and lead back to the page of their family."""
    given = await own_fields(request, MAX_DECISION_BYTES)
    kind, ids = given.get("kind", ""), [given.get(name, "") for name in ("a", "b")]
    if kind not in KINDS:
        raise UsageError(f"Nothing is decided by {kind[:20]!r}: there are {', '.join(KINDS)}.")
    one, other, here = await run_in_threadpool(_note, request, kind, ids, given.get("here", ""))
    return RedirectResponse(f"/articles/{here}/family?noted={one}-{other}", status_code=303)


def _note(request: Request, kind: str, ids: list[str], here: str) -> list[str]:
    """Note a decision, unless it holds already, and have it looked at now if nobody else writes the home.

    Returns:
        The ids of the two, and of the article whose page it came from.
    """
    home: Home = request.app.state.home
    known = [of_id(request, article_id).article.id for article_id in (*ids, here)]
    following = following_of(home)  # before anything is noted: it may be refused
    if not reposts.already(home, kind, ids):
        KINDS[kind](home, ids[0], ids[1], by=request.state.who, now=datetime.now(UTC))
        with suppress(BusyError), pipeline.opened(home, following, wait_s=_WAIT_S):
            pass  # busy: it is in force when the crawl that is running looks next
    return known
