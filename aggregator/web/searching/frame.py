"""What all pages of a search have: the box, the tabs, what narrows it, and mistakes in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from fastapi import Request
from fastapi.responses import HTMLResponse

from aggregator import access
from aggregator.errors import SourcesError, UsageError
from aggregator.home import Home
from aggregator.model import Article
from aggregator.web.asking import ORDERS, SORTS, VIEWS, Asking, asked
from aggregator.web.followed import following_of
from aggregator.web.languages.wording import phrase
from aggregator.web.limits import NEWEST, NEWEST_OF
from aggregator.web.rendering import page

Answer: TypeAlias = Callable[[Home, Asking], Mapping[str, Any]]
"""Returns what a template shows of a query."""


@dataclass(frozen=True, slots=True)
class Chip:
    """Something that narrows a search now."""

    words: str
    address: str
    """What asks for the same without it."""


@dataclass(frozen=True, slots=True)
class Tab:
    """A way to look at what a query finds."""

    words: str
    address: str
    is_here: bool


def framed(request: Request, view: str, template: str, answer: Answer) -> HTMLResponse:
    """Return a page of a search, also where what is asked for is not understood.

    Args:
        request: Its address says what is asked for.
        view: One of ``VIEWS``.
        template: Is given ``found``: what the answer returned; None: nothing is asked for, or it is not understood.
        answer: Asked only if something is asked for.
    """
    asking, found, problem = Asking(words=request.query_params.get("q") or "", view=view), None, None
    try:
        asking = asked(request, view)
        found = None if asking.is_empty else answer(request.app.state.home, asking)
    except SourcesError:  # no mistake of who asks
        raise
    except UsageError as error:
        problem = str(error)
    values = {
        "asking": asking,
        "problem": problem,
        "found": found,
        "chips": list(chips(asking)),
        "tabs": [Tab(words, asking.address(view=name), name == view) for name, words in VIEWS.items()],
        "sorts": SORTS,
        "orders": ORDERS,
        "newest": newest(request.app.state.home) if asking.is_empty and not problem else (),
    }
    return page(template, values, status=400 if problem else 200)


def newest(home: Home) -> list[Article]:
    """Return the newest of the articles that came in last, for who has not asked for anything yet."""
    if home.is_new:
        return []
    try:
        source_ids = [source.id for source in following_of(home).sources]
    except SourcesError:  # to search, nobody needs it
        return []
    with access.opened(home) as catalogue:
        came = catalogue.articles(catalogue.newest_articles(source_ids, NEWEST_OF)).values()
    return sorted(came, key=lambda one: (one.claimed_at or one.captured_at, one.id), reverse=True)[:NEWEST]


def chips(asking: Asking) -> Iterator[Chip]:
    """Yield what narrows a search."""
    for value in asking.sources:
        yield Chip(phrase("source: %(name)s", name=value), asking.without_value("source", value))
    for value in asking.languages:
        yield Chip(phrase("language: %(name)s", name=value), asking.without_value("language", value))
    if asking.since and asking.since == asking.until:
        yield Chip(phrase("published: %(time)s", time=asking.since), asking.address(since="", until=""))
    else:
        if asking.since:
            yield Chip(phrase("published since %(time)s", time=asking.since), asking.address(since=""))
        if asking.until:
            yield Chip(phrase("published until %(time)s", time=asking.until), asking.address(until=""))
    if asking.as_of:
        yield Chip(phrase("as it could be read on %(time)s", time=asking.as_of), asking.address(as_of=""))
