"""The pages in the languages of their readers. Texts of others stay as they are, and so do words of the commands.

choosing   what a browser asks for to a language
speaking   the language of the request that is being answered
wording    words of the pages and numbers in that language
fr, de     how each message of the templates is said; English is what the templates have
"""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse
from starlette.exceptions import HTTPException

from aggregator.web.languages.choosing import COOKIE, LANGUAGES, is_own_path

router = APIRouter(include_in_schema=False)

_KEPT_S = 365 * 24 * 60 * 60


@router.get("/language/{name}")
def choose(request: Request, name: str) -> RedirectResponse:
    """Remember in which language somebody reads, in their browser alone, and lead back to where they were."""
    if name not in LANGUAGES:
        raise HTTPException(404)
    back = request.query_params.get("back", "")
    answer = RedirectResponse(back if is_own_path(back) else "/", status_code=303)
    answer.set_cookie(
        COOKIE, name, max_age=_KEPT_S, path="/", httponly=True, samesite="lax", secure=request.url.scheme == "https"
    )
    return answer
