"""A home in a notebook or a script of your own: search it, and read articles and versions.

    from aggregator import notebook

    with notebook.open_home("~/watch") as home:
        for article in home.search("eviction calais", since="2026-09", language="fr"):
            print(article.title, article.claimed_at)

It only reads, and never holds a crawl up. What is withdrawn is left out, also of what is read an hour after it was
opened: every portion is read as it may be shown at that moment.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from importlib import import_module
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, TypeAlias, overload

from aggregator import access, homes, periods, search
from aggregator.errors import AggregatorError, UnknownIdError, UsageError
from aggregator.home import Home
from aggregator.model import Article, Version
from aggregator.search import filters

Day: TypeAlias = str | date | datetime
"""A day, month or year in ISO 8601 (``2026``, ``2026-11``, ``2026-11-23``), or a date; a datetime is an instant."""
PORTION = 200
"""Articles read at once."""
COLUMNS = (
    "id",
    "source",
    "title",
    "authors",
    "language",
    "published",
    "published_from",
    "captured",
    "first_captured",
    "url",
    "version",
    "versions",
    "text",
)
"""Of a frame: ``published`` is claimed, and ``published_from`` says where; ``captured`` is when that version was first
seen, ``first_captured`` when the article was; ``version`` is the digest to cite, ``versions`` how many there are."""


class SearchNote(UserWarning):
    """What a search did otherwise than it may have been meant: some of the words, a field that there is not."""


class Found:
    """All articles that a search found, the newest first, as a list has them; each pass over them reads them anew.

    ``found[0]`` is an article, ``found[:20]`` is again ``Found``, of which nothing is read yet.

    Attributes:
        note: What a reader should know; None: nothing.
    """

    def __init__(self, opened: OpenHome, ids: Sequence[str], note: str | None) -> None:
        self._opened = opened
        self.ids = tuple(ids)
        self.note = note

    def __len__(self) -> int:
        return len(self.ids)

    @overload
    def __getitem__(self, place: int) -> Article: ...
    @overload
    def __getitem__(self, place: slice) -> Found: ...
    def __getitem__(self, place: int | slice) -> Article | Found:
        """Return the article at a place, or what was found at several.

        Raises:
            IndexError: There is no such place.
            UnknownIdError: The article there is gone or withdrawn since; a pass leaves it out.
        """
        if isinstance(place, slice):
            return Found(self._opened, self.ids[place], self.note)
        for article in self._opened.articles([self.ids[place]]):
            return article
        raise UnknownIdError(f"{self.ids[place]} is not there any more, or may not be seen.")

    def __iter__(self) -> Iterator[Article]:
        for start in range(0, len(self.ids), PORTION):
            yield from self._opened.articles(self.ids[start : start + PORTION])

    def __repr__(self) -> str:
        return f"<{len(self):,} articles{f': {self.note}' if self.note else ''}>"


class OpenHome:
    """A home, open for reading; ``open_home`` makes one.

    Args:
        home: Which.
    """

    def __init__(self, home: Home) -> None:
        self._home = home
        self._is_open = True

    def __enter__(self) -> OpenHome:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Read no more."""
        self._is_open = False

    def __repr__(self) -> str:
        return f"<home {self._home.root}{'' if self._is_open else ', closed'}>"

    def search(
        self,
        query: str = "",
        *,
        since: Day | None = None,
        until: Day | None = None,
        source: str | Iterable[str] = (),
        language: str | Iterable[str] = (),
        copies: bool = True,
    ) -> Found:
        """Return all articles that a search finds, the newest first.

        Args:
            query: As ``aggregator search`` understands it; empty: all that passes the filters.
            since: Published then or later; where no date is claimed, first seen.
            until: Published then or before; ``2026-11`` is all November.
            source: Only these sources, by id.
            language: Only these languages, as ``fr``.
            copies: Whether copies come too; else each text once: its original, where that was found, or the oldest.

        Raises:
            UsageError: The query or a day cannot be understood, or the home was closed.
            StoreError: Catalogue or index is missing, damaged or of another version.
        """
        asked = filters.asked(
            query,
            since=_first(since),
            until=_end(until),
            source_ids=_several(source),
            languages=_several(language),
        )
        home = self._readable()
        if home.is_new:
            return self._found((), "Nothing was crawled yet.")
        with access.opened(home) as catalogue:
            ids, note = search.matching(home, catalogue, asked)
            if not copies:
                ids = _each_text_once(ids, catalogue.memberships(ids))
        return self._found(ids, note)

    def article(self, ref: str) -> Article:
        """Return the article of an id or an address.

        Raises:
            UnknownIdError: There is none that may be seen, or there are several.
        """
        with access.opened(self._readable()) as catalogue:
            return search.find(catalogue, ref)

    def articles(self, ids: Iterable[str]) -> list[Article]:
        """Return articles by their ids, in that order; those that are not there, or may not be seen, are left out."""
        wanted = list(ids)
        if not wanted:
            return []
        with access.opened(self._readable()) as catalogue:
            seen = catalogue.articles(wanted)
        return [seen[i] for i in wanted if i in seen]

    def versions(self, ref: str) -> list[Version]:
        """Return the versions of an article that may be seen, by its id or address, the oldest first.

        Raises:
            UnknownIdError: There is no such article that may be seen.
        """
        with access.opened(self._readable()) as catalogue:
            return catalogue.versions(search.find(catalogue, ref).id)

    def frame(
        self,
        what: str | Iterable[Article] = "",
        *,
        since: Day | None = None,
        until: Day | None = None,
        source: str | Iterable[str] = (),
        language: str | Iterable[str] = (),
        copies: bool = True,
    ) -> Any:
        """Return what a search finds, or articles, as a pandas ``DataFrame`` with ``COLUMNS``; times are UTC.

        Args:
            what: A query, or articles; the filters are for a query.
            since: As for ``search``.
            until: As for ``search``.
            source: As for ``search``.
            language: As for ``search``.
            copies: As for ``search``.

        Raises:
            UsageError: pandas is not installed, or as for ``search``.
        """
        pandas = _pandas()
        if isinstance(what, str):
            what = self.search(what, since=since, until=until, source=source, language=language, copies=copies)
        elif since or until or source or language or not copies:
            raise UsageError(
                "since, until, source, language and copies are for a query; these articles were found already."
            )
        frame = pandas.DataFrame(list(self._rows(what)), columns=list(COLUMNS))
        for name in ("published", "captured", "first_captured"):  # an empty column, or one of None, would be of no time
            frame[name] = pandas.to_datetime(frame[name], utc=True)
        return frame

    def _rows(self, articles: Iterable[Article]) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a frame, in the order of ``COLUMNS``."""
        every = iter(articles)
        while some := list(islice(every, PORTION)):
            with access.opened(self._readable()) as catalogue:
                versions = catalogue.version_facts(article.id for article in some)
            seen = {(v.article_id, v.number): v.captured_at for several in versions.values() for v in several}
            for article in some:
                yield _row(article, seen.get((article.id, article.number), article.captured_at))

    def _readable(self) -> Home:
        if not self._is_open:
            raise UsageError(f"{self._home.root} was closed: use it within `with notebook.open_home(...) as home:`.")
        return self._home

    def _found(self, ids: Sequence[str], note: str | None) -> Found:
        if note:
            warnings.warn(note, SearchNote, stacklevel=3)
        return Found(self, ids, note)


def open_home(path: str | Path) -> OpenHome:
    """Open a home for reading; it is no writer and waits for none.

    Args:
        path: Its folder; ``~`` is yours.

    Raises:
        UsageError: It is no home.
    """
    home = homes.at(Path(path).expanduser())
    if not home.sources_yaml.exists() and not home.archive.is_dir():
        raise UsageError(
            f"{home.root} is no home: it has no sources.yaml. Name the folder that `aggregator init` made."
        )
    return OpenHome(home)


def _each_text_once(ids: Sequence[str], places: Mapping[str, tuple[str, bool]]) -> list[str]:
    """Return of each text one article, in the same order.

    Args:
        ids: Of articles, the newest first.
        places: The cluster of each that is in one, and whether it is its original.
    """
    shown: dict[str, str] = {}
    for i in reversed(ids):
        cluster, is_original = places.get(i, (i, True))
        if cluster not in shown or is_original:
            shown[cluster] = i
    kept = set(shown.values())
    return [i for i in ids if i in kept]


def _several(given: str | Iterable[str]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given)


def _first(day: Day | None) -> datetime | None:
    return None if day is None else _span(day)[0]


def _end(day: Day | None) -> datetime | None:
    return None if day is None else _span(day)[1]


def _span(day: Day) -> tuple[datetime, datetime]:
    """Return the first instant of a day, month or year, and the first one after it; a datetime is both."""
    if isinstance(day, datetime):
        at = day.replace(tzinfo=UTC) if day.tzinfo is None else day.astimezone(UTC)
        return at, at
    if isinstance(day, date):
        start = datetime.combine(day, time(), UTC)
        return start, start + timedelta(days=1)
    try:
        return periods.day(day)
    except (ValueError, OverflowError, TypeError):
        raise UsageError(f"{day!r} is no date: write 2026, 2026-11 or 2026-11-23.") from None


def _pandas() -> Any:
    try:
        return import_module("pandas")
    except ImportError:
        raise UsageError(
            "a frame needs pandas, which is not installed here: `pip install pandas` beside aggregator, "
            "or go through home.search(...) without it."
        ) from None


def _row(article: Article, captured_at: datetime) -> tuple[Any, ...]:
    return (
        article.id,
        article.source_id,
        article.title,
        ", ".join(article.authors),
        article.language,
        article.claimed_at,
        article.claimed_by,
        captured_at,
        article.captured_at,
        article.url,
        article.version,
        article.number,
        article.text,
    )


__all__ = ["COLUMNS", "PORTION", "AggregatorError", "Day", "Found", "OpenHome", "SearchNote", "UsageError", "open_home"]
