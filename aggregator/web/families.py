"""The pages of families: who has a text, of an article or one that is pasted, and who had it first."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from aggregator import reposts, words
from aggregator.dedupe import GIVEN
from aggregator.dossier import dossier
from aggregator.errors import UnknownIdError, UsageError
from aggregator.home import Home
from aggregator.model import Article, Match, Passage, Relation
from aggregator.reposts import Decision, Family
from aggregator.web.articles import of_id
from aggregator.web.beside import Side, sides
from aggregator.web.drawing import Course, Placed, course
from aggregator.web.followed import following_of
from aggregator.web.forms import fields
from aggregator.web.limits import KEPT_CHARS, LONG_PASSAGE_CHARS, MAX_PASTED_BYTES, PAIRS, PASSAGES, ROWS, WHOLE
from aggregator.web.rendering import page

router = APIRouter(include_in_schema=False)

_REFERENCE = re.compile(r"[a-z2-7]{12}|https?://\S+|(?:[\w-]+\.)+[\w-]+(?::\d+)?(?:[/?#]\S*)?", re.IGNORECASE)
"""An id or an address, also one without its scheme as browsers show it: no text of twelve words."""


@dataclass(frozen=True, slots=True)
class Shared:
    """A passage that two texts share."""

    earlier: tuple[str, str]
    later: tuple[str, str]
    """Its first lines, and the rest of it, which is only shown on a click; empty: there is no more."""


@dataclass(frozen=True, slots=True)
class Reasoned:
    """Two articles that share text, with why that is thought and which was first."""

    earlier: Article
    later: Article
    match: Match
    shares: tuple[float, float]
    """How much of the earlier one, and how much of the later one, stands in the other: 0.0 to 1.0."""
    passages: tuple[Shared, ...]
    decided: tuple[Decision, ...]
    """What people decided of the two, as far as it holds."""
    sides: tuple[Side, Side] | None
    """Both texts whole, if one was pasted: no page has it to lead to. None: one has both, or they are too many."""


@router.get("/articles/{article_id}/family")
def show_family(request: Request, article_id: str, noted: str = "") -> HTMLResponse:
    """Show all that share text with an article; of two that were just decided on, what stands of them at the top."""
    found = of_id(request, article_id)
    article = found.article
    family = reposts.family_of(request.app.state.home, article)
    door = request.app.state.door
    values = {
        "article": article,
        "versions": len(found.versions),
        "key": door.key if door and door.may_decide else None,
        "noted": next((one for one in family.decisions if set(one.articles) == set(noted.split("-"))), None),
        **_evidence(family, here=article.id),
    }
    return page("family.html", values)


@router.get("/reposts")
def show_box() -> HTMLResponse:
    """Show the box that a text is pasted into."""
    return _box()


def _box(*, text: str = "", problem: str | None = None, few: int | None = None, status: int = 200) -> HTMLResponse:
    values = {"text": text, "problem": problem, "few": few, "least": reposts.LEAST_WORDS, "family": None, "key": None}
    return page("reposts.html", values, status=status)


@router.post("/reposts")
async def show_who_has(request: Request) -> Response:
    """Show who has a text that was pasted; it is kept nowhere. Of an id or address, lead to its article's family."""
    try:
        text = await pasted(request)
    except UsageError as error:
        return _box(problem=str(error), status=400)
    if _REFERENCE.fullmatch(text.strip()):
        return await run_in_threadpool(_family_at, request.app.state.home, text.strip())
    return await run_in_threadpool(_who_has, request.app.state.home, text)


def _family_at(home: Home, ref: str) -> Response:
    """Lead to the family of the article of an id or address."""
    try:
        found = dossier(home, ref)
    except UnknownIdError:
        problem = "No article of that id or address is here. Paste its text to see who has it."
        return _box(text=ref, problem=problem, status=404)
    return RedirectResponse(f"/articles/{found.article.id}/family", status_code=303)


def _who_has(home: Home, text: str) -> HTMLResponse:
    if (count := reposts.words_in(text)) < reposts.LEAST_WORDS:
        return _box(text=text, few=count, status=400)
    family = reposts.who_has(home, following_of(home), text)
    is_cut = len(text) > words.MAX_COMPARED_CHARS
    cut = f"Only the first {words.MAX_COMPARED_CHARS:,} characters were compared." if is_cut else None
    return page(
        "reposts.html", {"text": text, "problem": cut, "few": None, "key": None, **_evidence(family, here=GIVEN)}
    )


async def pasted(request: Request) -> str:
    """Return the text in a form.

    Raises:
        UsageError: It is too long, empty, or no form.
    """
    text = (await fields(request, MAX_PASTED_BYTES)).get("text", "").replace("\r\n", "\n")
    if not text.strip():
        raise UsageError("Nothing was pasted.")
    return text


def _evidence(family: Family, *, here: str) -> dict[str, Any]:
    """Return what is shown of a family."""
    matches = family.telling_matches()
    return {
        "family": family,
        "here": here,
        "given": GIVEN,
        "parts": family.parts(),
        "pairs": [_reasoned(family, match, is_whole=number < WHOLE) for number, match in enumerate(matches[:PAIRS])],
        "pairs_left_out": max(0, len(matches) - PAIRS),
        "rows": family.in_order[:ROWS],
        "rows_left_out": max(0, len(family.in_order) - ROWS),
        "course": _course(family, here),
    }


def _course(family: Family, here: str) -> Course | None:
    """Return who had the text when, as a drawing; None: there is but one time to show."""
    known = [one for one in family.in_order[:ROWS] if one.id != GIVEN]
    placed = [
        Placed(
            id=one.id,
            source=one.source_id,
            language=one.language or "?",
            title=one.title or "",
            at=one.claimed_at or one.captured_at,
            is_claimed=one.claimed_at is not None,
        )
        for one in known
    ]
    if len(placed) < 2:
        return None
    came = [
        (match.first, match.b if match.first == match.a else match.a, match.relation is Relation.TRANSLATION)
        for match in family.telling_matches()
        if match.first
    ]
    return course(placed, came, first=family.first, here=here)


def _reasoned(family: Family, match: Match, *, is_whole: bool) -> Reasoned:
    first, second = family.ordered(match)
    is_turned = first != match.a
    earlier, later = family.articles[first], family.articles[second]
    texts = [family.texts[match.a, match.a_version], family.texts[match.b, match.b_version]]
    passages, shares = list(match.passages), (match.a_coverage, match.b_coverage)
    if is_turned:
        passages = [Passage(p.b_start, p.b_end, p.a_start, p.a_end) for p in passages]
        texts, shares = texts[::-1], shares[::-1]
    passages.sort()
    longest = sorted(passages, key=lambda p: p.a_start - p.a_end)[:PASSAGES]
    return Reasoned(
        earlier=earlier,
        later=later,
        match=match,
        shares=shares,
        passages=tuple(
            Shared(_begun(texts[0][p.a_start : p.a_end]), _begun(texts[1][p.b_start : p.b_end]))
            for p in sorted(longest)
        ),
        decided=tuple(one for one in family.decisions if {match.a, match.b} <= set(one.articles)),
        sides=sides((earlier, texts[0], shares[0]), (later, texts[1], shares[1]), passages)
        if is_whole and GIVEN in (first, second)
        else None,
    )


def _begun(text: str) -> tuple[str, str]:
    """Return the first lines of a passage, in whole words, and the rest of it."""
    if len(text) <= LONG_PASSAGE_CHARS:
        return text, ""
    cut = max(text.rfind(" ", 0, KEPT_CHARS), text.rfind("\n", 0, KEPT_CHARS)) + 1 or KEPT_CHARS
    return text[:cut], text[cut:]
