"""An address to a query, and a query to addresses: what is searched for stands there, to be cited and shared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import urlencode

from fastapi import Request

from aggregator import periods
from aggregator.concordance import Order
from aggregator.curves import By
from aggregator.errors import UsageError
from aggregator.query import Query
from aggregator.search import filters
from aggregator.web.limits import MAX_OFFSET, MAX_VALUES

VIEWS = {"": "Articles", "context": "In context", "timeline": "Over time", "families": "Families"}
"""Ways to look at what is found, by the path of the page, with what their tabs say."""
SORTS = ("relevance", "published", "captured")
ORDERS: tuple[Order, ...] = ("right", "left", "date")
PERIODS: tuple[By, ...] = ("month", "year")
PAGE = 20

_Value = TypeVar("_Value", bound=str)


@dataclass(frozen=True, slots=True)
class Asking:
    """What an address asks for."""

    words: str = ""
    sources: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    since: str = ""
    """A day, month or year; empty: open."""
    until: str = ""
    """Likewise; all of it is meant."""
    as_of: str = ""
    """What could be read then; empty: now."""
    sort: str = SORTS[0]
    order: Order = ORDERS[0]
    """Of words in context."""
    by: By = PERIODS[0]
    """What a point of a timeline stands for."""
    counts_words: bool = False
    """Whether a timeline counts words, and not only articles."""
    offset: int = 0
    view: str = ""
    """One of ``VIEWS``."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing is asked for."""
        return not (self.words.strip() or self.sources or self.languages or self.since or self.until)

    @property
    def query(self) -> Query:
        """The query.

        Raises:
            UsageError: A day is none, or the words are too many.
        """
        return filters.asked(
            self.words,
            since=_day("since", self.since)[0] if self.since else None,
            until=_day("until", self.until)[1] if self.until else None,
            source_ids=self.sources,
            languages=self.languages,
        )

    @property
    def at(self) -> datetime | None:
        """The instant before which it must have been there to read; None: now.

        Raises:
            UsageError: It is no day.
        """
        return _day("as_of", self.as_of)[1] if self.as_of else None

    def address(self, **changed: Any) -> str:
        """Return the address that asks for this, with some of it changed; from the first hit on, unless that is."""
        return _address(replace(self, **({"offset": 0} | changed)))

    def export(self, end: str = "", **more: str) -> str:
        """Return the address of the page that exports what this asks for or, by the end of its name, of a file."""
        said = self.address(sort=SORTS[0]).removeprefix("/")
        return f"/export{end}{said}{'&' if said and more else '?' if more else ''}{urlencode(more)}"

    def with_value(self, facet: str, value: str) -> str:
        """Return the address that asks for one more source or language, or for a month alone."""
        if facet == "month":
            return self.address(since=value, until=value)
        if facet == "source":
            return self.address(sources=(*self.sources, value))
        return self.address(languages=(*self.languages, value))

    def without_value(self, facet: str, value: str) -> str:
        """Return the address that asks for one source or language less."""
        if facet == "source":
            return self.address(sources=tuple(each for each in self.sources if each != value))
        return self.address(languages=tuple(each for each in self.languages if each != value))


def asked(request: Request, view: str = "") -> Asking:
    """Return what an address asks for, of a page that is one of ``VIEWS``.

    Raises:
        UsageError: A value is none that is understood.
    """
    given = request.query_params
    offset = given.get("offset") or "0"
    if not (offset.isascii() and offset.isdigit() and len(offset) < 6 and int(offset) <= MAX_OFFSET):
        raise UsageError(f"offset={offset[:20]!r}: a number up to {MAX_OFFSET:,} is needed.")
    for name in ("source", "language"):
        if len(given.getlist(name)) > MAX_VALUES:
            raise UsageError(f"{name} is named {len(given.getlist(name))} times; {MAX_VALUES} are the most.")
    return Asking(
        words=given.get("q") or "",
        sources=tuple(dict.fromkeys(filter(None, given.getlist("source")))),
        languages=tuple(dict.fromkeys(filter(None, given.getlist("language")))),
        since=given.get("since") or "",
        until=given.get("until") or "",
        as_of=given.get("as_of") or "",
        sort=_one_of(SORTS, "sort", given),
        order=_one_of(ORDERS, "order", given),
        by=_one_of(PERIODS, "by", given),
        counts_words=given.get("words") == "count",
        offset=int(offset),
        view=view,
    )


def _one_of(values: Sequence[_Value], name: str, given: Mapping[str, str]) -> _Value:
    """Return a value that is one of several; the first where none is given."""
    said = given.get(name) or values[0]
    found = next((value for value in values if value == said), None)
    if found is None:
        raise UsageError(f"{name}={said[:20]!r}: there are {', '.join(values)}.")
    return found


def _address(asking: Asking) -> str:
    plain = Asking()
    pairs: Sequence[tuple[str, object]] = [
        ("q", asking.words),
        *(("source", each) for each in asking.sources),
        *(("language", each) for each in asking.languages),
        ("since", asking.since),
        ("until", asking.until),
        ("as_of", asking.as_of),
        ("sort", "" if asking.sort == plain.sort else asking.sort),
        ("order", "" if asking.order == plain.order or asking.view != "context" else asking.order),
        ("by", "" if asking.by == plain.by or asking.view != "timeline" else asking.by),
        ("words", "count" if asking.counts_words and asking.view == "timeline" else ""),
        ("offset", asking.offset or ""),
    ]
    said = urlencode([(name, value) for name, value in pairs if value])
    return f"/{asking.view}?{said}" if said else f"/{asking.view}"


def _day(name: str, text: str) -> tuple[datetime, datetime]:
    try:
        return periods.day(text.strip())
    except ValueError:
        raise UsageError(f"{name}={text[:20]!r}: a day, month or year is needed, such as 2010-02-06.") from None
