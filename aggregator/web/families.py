"""The page of a family: who has a text, and who had it first."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from aggregator import reposts
from aggregator.model import Article, Match
from aggregator.reposts import Family
from aggregator.web.articles import of_id
from aggregator.web.rendering import page

router = APIRouter(include_in_schema=False)

_PASSAGES = 3
"""Shared passages of a pair that are shown, the longest."""


@dataclass(frozen=True, slots=True)
class Shared:
    """A passage that two texts share."""

    earlier: str
    later: str


@dataclass(frozen=True, slots=True)
class Reasoned:
    """Two articles that share text, with why that is thought and which was first."""

    earlier: Article
    later: Article
    match: Match
    shares: tuple[float, float]
    """How much of the earlier one, and how much of the later one, stands in the other: 0.0 to 1.0."""
    passages: tuple[Shared, ...]


@router.get("/articles/{article_id}/family")
def show_family(request: Request, article_id: str) -> HTMLResponse:
    """Show all that share text with an article."""
    article = of_id(request, article_id).article
    family = reposts.family_of(request.app.state.home, article)
    values = {
        "article": article,
        "family": family,
        "best": family.best_matches(),
        "pairs": [_reasoned(family, match) for match in family.telling_matches()],
    }
    return page("family.html", values)


def _reasoned(family: Family, match: Match) -> Reasoned:
    first, second = family.ordered(match)
    texts = (family.texts[match.a, match.a_version], family.texts[match.b, match.b_version])
    longest = sorted(match.passages, key=lambda p: p.a_start - p.a_end)[:_PASSAGES]
    shared = [
        (texts[0][p.a_start : p.a_end], texts[1][p.b_start : p.b_end]) for p in sorted(longest, key=lambda p: p.a_start)
    ]
    is_turned = first != match.a
    shares = (match.b_coverage, match.a_coverage) if is_turned else (match.a_coverage, match.b_coverage)
    return Reasoned(
        earlier=family.articles[first],
        later=family.articles[second],
        match=match,
        shares=shares,
        passages=tuple(Shared(*(reversed(pair) if is_turned else pair)) for pair in shared),
    )
