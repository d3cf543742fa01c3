"""All that was found, as a file: a page that says what will be in it, and the file, sent as it is read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response, StreamingResponse
from starlette.exceptions import HTTPException

from aggregator import access, citations, exports, search
from aggregator.access import Shown
from aggregator.errors import UsageError
from aggregator.home import Home
from aggregator.model import Following
from aggregator.search import Exactly, citing
from aggregator.search.past import answers_of
from aggregator.web.asking import Asking, asked
from aggregator.web.citing import FORMS as CITATIONS
from aggregator.web.citing import Form
from aggregator.web.followed import following_of
from aggregator.web.limits import EXPORT_LOOKED_AT, MAX_EXPORT_LOOKED_AT
from aggregator.web.rendering import page
from aggregator.web.searching.frame import chips

router = APIRouter(include_in_schema=False)

_NAMED = 5
"""Articles with phone numbers or addresses that are named, the newest."""
_BLOCK_BYTES = 1 << 16
"""Of a file, how much is sent at a time."""


TEXTS = {"csv": Form("CSV", "csv", "text/csv"), "jsonl": Form("JSON lines", "jsonl", "application/x-ndjson")}
"""With all of the articles, as they are now. By the ends of the files' names, as those of citations are."""
FORMS = TEXTS | CITATIONS


@dataclass(frozen=True, slots=True, kw_only=True)
class Prospect:
    """What would be exported."""

    asking: Asking
    found: Exactly
    ids: Sequence[str]
    """Of what was found, what may leave."""
    contacts: Sequence[str]
    """In which of the newest of them phone numbers or e-mail addresses stand."""
    looked: int
    """How many were looked through for these."""
    wants_all: bool
    """Whether that was to be all of them, as far as that is done."""

    @property
    def files(self) -> Iterator[tuple[str, str]]:
        """The form and the address of each file."""
        for end in FORMS:
            if not (self.asking.as_of and end in TEXTS):
                yield end, self.asking.export(f".{end}")

    @property
    def instead(self) -> str | None:
        """The address of what a search shows beside it; None: nothing."""
        return replace(self.asking, words=self.found.instead).export() if self.found.instead else None


def prospect(request: Request) -> Prospect:
    """Return what would be exported.

    Raises:
        UsageError: Nothing is asked for, or it is not understood.
        StoreError: Catalogue or index is missing, damaged or of another version.
    """
    home, asking, now = request.app.state.home, _asked(request), datetime.now(UTC)
    wants_all = request.query_params.get("look") == "all"
    ids: Sequence[str] = ()
    having: Sequence[str] = ()
    found = Exactly(ids=[], note="Nothing was crawled yet.", instead=None, found_instead=0, or_more=False)
    looked = 0
    if not home.is_new:
        with access.opened(home, now=now, leaving=True) as catalogue:
            ids, found = _found(home, catalogue, asking)
            some = ids[: MAX_EXPORT_LOOKED_AT if wants_all else EXPORT_LOOKED_AT]
            having, looked = _having_contacts(home, catalogue, asking, some), len(some)
    return Prospect(asking=asking, found=found, ids=ids, contacts=having, looked=looked, wants_all=wants_all)


def said_of(of: Prospect) -> dict[str, Any]:
    """Return what would be exported as programs know it."""
    return {
        "articles": len(of.ids),
        "note": of.found.note,
        "instead": of.found.instead,
        "found_instead": of.found.found_instead,
        "found_instead_or_more": of.found.or_more,
        "contacts": list(of.contacts),
        "looked": of.looked,
        "files": dict(of.files),
    }


@router.get("/export")
def show_export(request: Request) -> HTMLResponse:
    """Show how much would be exported, and whether phone numbers or addresses stand in it, before it is."""
    of = prospect(request)
    values = {
        "asking": of.asking,
        "back": of.asking.address(),
        "chips": list(chips(of.asking)),
        "rows": len(of.ids),
        "note": of.found.note,
        "instead": of.instead and (of.found.instead, of.instead),
        "found_instead": of.found.found_instead,
        "or_more": of.found.or_more,
        "contacts": of.contacts,
        "named": _NAMED,
        "looked": of.looked,
        "more": None if of.wants_all else of.asking.export(look="all"),
        "most": MAX_EXPORT_LOOKED_AT,
        "files": [(FORMS[end].name, end in TEXTS, address) for end, address in of.files],
    }
    return page("exports.html", values)


@router.get("/export.{end}")
def export(request: Request, end: str) -> Response:
    """Answer with all that was found, as a file."""
    if end not in FORMS:
        raise HTTPException(404)
    home, asking, form, now = request.app.state.home, _asked(request), FORMS[end], datetime.now(UTC)
    if asking.as_of and end in TEXTS:
        raise UsageError("Texts are exported as they are now: leave as_of out, or take citations.")
    if home.is_new:
        raise UsageError("Nothing was crawled into this home yet; there is nothing to export.")
    following = following_of(home)
    with access.opened(home, now=now, leaving=True) as catalogue:
        ids, _ = _found(home, catalogue, asking)
    return StreamingResponse(
        _blocks(_pieces(home, following, asking, form, ids)),
        media_type=f"{form.media_type}; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="articles-{now:%Y-%m-%d}.{end}"'},
    )


def _asked(request: Request) -> Asking:
    """Return what is to be exported.

    Raises:
        UsageError: It is nothing, or not understood.
    """
    asking = asked(request)
    if asking.is_empty:
        raise UsageError("Nothing is asked for: search first.")
    return asking


def _found(home: Home, catalogue: Shown, asking: Asking) -> tuple[list[str], Exactly]:
    """Return what has all that is asked for and may leave, copies too, the newest first; and what else was found."""
    with closing(answers_of(home, catalogue, asking.at)) as answers:
        found = search.exactly(answers, home, catalogue, asking.query)
    there = {facts.id for facts in catalogue.facts(found.ids)}
    return [i for i in found.ids if i in there], found


def _having_contacts(home: Home, catalogue: Shown, asking: Asking, ids: Sequence[str]) -> list[str]:
    """Return the articles in which phone numbers or e-mail addresses stand, in what is exported of them."""
    if asking.as_of:
        cited = citing.cited(catalogue, following_of(home), ids, as_of=asking.at)
        return [each.article.id for each in cited if each.has_contacts]
    return [article.id for article in catalogue.articles(ids).values() if exports.has_contacts(article)]


def _pieces(home: Home, following: Following, asking: Asking, form: Form, ids: Sequence[str]) -> Iterator[bytes]:
    """Yield a file piece by piece, without what was withdrawn since it was found."""
    now = datetime.now(UTC)
    if form in TEXTS.values():
        yield from exports.streamed(home, following, form.form, now=now, ids=ids)
        return
    with access.opened(home, now=now, leaving=True) as catalogue:
        cited = citing.cited(catalogue, following, ids, as_of=asking.at)
        yield from citations.written(form.form, cited, about="", now=now)


def _blocks(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Yield pieces together: to send each alone takes longer than to write it."""
    block = bytearray()
    for piece in pieces:
        block += piece
        if len(block) >= _BLOCK_BYTES:
            yield bytes(block)
            block.clear()
    yield bytes(block)
