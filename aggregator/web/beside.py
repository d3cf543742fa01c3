"""Two texts side by side: the passages that they share, numbered, and what lies between."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from aggregator import reposts
from aggregator.model import Article, Passage
from aggregator.web.articles import of_id
from aggregator.web.limits import FOLDED_CHARS, KEPT_CHARS
from aggregator.web.rendering import page

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text."""

    text: str
    number: int | None = None
    """Of the passage that it is, from 1; None: it is not shared."""
    is_folded: bool = False
    """Whether it is so much that is not shared that it is only shown on a click."""


@dataclass(frozen=True, slots=True)
class Side:
    """One of two texts, in pieces."""

    article: Article
    """As it is in the version that is shown."""
    share: float
    """How much of it stands in the other, 0.0 to 1.0."""
    pieces: tuple[Piece, ...]


@router.get("/articles/{article_id}/beside/{other_id}")
def show_beside(request: Request, article_id: str, other_id: str) -> HTMLResponse:
    """Show two articles that share text side by side, each passage leading to the same on the other side."""
    one, other = of_id(request, article_id).article, of_id(request, other_id).article
    compared = reposts.compare(request.app.state.home, one, other, passages_only=True)
    told = (
        (one.as_in(compared.a_version), compared.a_version.text, compared.a_share),
        (other.as_in(compared.b_version), compared.b_version.text, compared.b_share),
    )
    values: dict[str, Any] = {
        "compared": compared,
        "match": compared.match,
        "sides": sides(*told, compared.passages),
    }
    return page("beside.html", values)


Told = tuple[Article, str, float]
"""An article, its text, and how much of it stands in the other."""


def sides(a: Told, b: Told, passages: Sequence[Passage]) -> tuple[Side, Side]:
    """Return two texts, each in pieces.

    Args:
        a: The one.
        b: The other.
        passages: What they share, as they are to be numbered.
    """
    return (
        Side(a[0], a[2], tuple(pieces(a[1], [(p.a_start, p.a_end) for p in passages]))),
        Side(b[0], b[2], tuple(pieces(b[1], [(p.b_start, p.b_end) for p in passages]))),
    )


def pieces(text: str, spans: Sequence[tuple[int, int]]) -> Iterator[Piece]:
    """Yield the pieces of a text in order; together they are the text.

    Args:
        text: Which.
        spans: Where its passages begin and end, in the order of their numbers. Where two overlap, the words are in the
            one that begins first; of one that lies within others, a piece without words is left, to be led to.
    """
    at = 0
    for start, end, number in sorted((start, end, number) for number, (start, end) in enumerate(spans, 1)):
        if start > at:
            yield from _unshared(text[at:start])
        at = max(at, start)
        yield Piece(text[at:end], number)
        at = max(at, end)
    if at < len(text):
        yield from _unshared(text[at:])


def _unshared(text: str) -> Iterator[Piece]:
    """Yield what is not shared; of much of it, the middle is folded."""
    if len(text) <= FOLDED_CHARS:
        yield Piece(text)
        return
    yield Piece(text[:KEPT_CHARS])
    yield Piece(text[KEPT_CHARS:-KEPT_CHARS], is_folded=True)
    yield Piece(text[-KEPT_CHARS:])
