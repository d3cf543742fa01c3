"""Saved searches: decisions of the archive, each with a name, that outlive ``index/``.

An event says who saved what and when; the words, the name among them, stand in a file of their own, for an erase must
reach them (see ``wordings``). What of the words is withdrawn is asked at every reading.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any as Json

from aggregator import access
from aggregator.characters import harmless
from aggregator.decisions import Decisions, Event
from aggregator.errors import AggregatorError, StoreError, UnknownIdError, UsageError
from aggregator.home import Home
from aggregator.query import All, Node, Only, Query, Within, parse
from aggregator.wordings import SAVED, Wording, Wordings

DROPPED, TOLD = "search-dropped", "searches-told"
"""The events that a search is saved no longer (``search``: the number of its event), and which new hits were told.

``told``, by number of the search: ``ids`` of articles that are not to be told again, of others those that were said
``here`` and not posted, and those that were posted ``there`` and said before.
"""
MAX_NAME_CHARS = 60
_NAME = re.compile(r"(?=.*[a-z])[a-z0-9-]+")
_WORDS = frozenset({"find", "drop"})
"""Words of the command, which names must not be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedSearch:
    """A search that somebody saved."""

    number: int
    """Of its event."""
    file: str
    """Where its words stand, relative to ``archive/``."""
    name: str | None
    """None: it cannot be read."""
    text: str = ""
    """As it was typed."""
    filters: tuple[Only | Within, ...] = ()
    """What was demanded besides."""
    by: str
    at: datetime
    """When it was saved; what was first seen after that is new."""
    told_at: datetime | None = None
    """When somebody was last told of new hits; None: never."""
    told: frozenset[str] = frozenset()
    """The articles that were told here. Every one is remembered: what is withheld today may be new in a year."""
    posted: frozenset[str] = frozenset()
    """Those that are not to be posted any more: they were, or there was no webhook when they were told."""
    problem: str | None = None
    """Why it cannot be read, in words; None: it can."""
    is_withheld: bool = False
    """Whether it asks for something that is withdrawn: then it is not shown."""

    def query(self) -> Query:
        """Return what is looked for: articles that have all of it, never some of the words only.

        A search that finds nothing tries some of the words; as a saved one it would call articles new that it is not
        about, until the first of those that it waits for.

        Raises:
            UsageError: It can no longer be understood.
        """
        found = parse(self.text)
        return (found.also(*self.filters) if self.filters else found).exactly


def save(home: Home, name: str, asked: Query, *, by: str, now: datetime) -> tuple[Event | None, SavedSearch | None]:
    """Keep a search under a name.

    Args:
        home: Where.
        name: a-z, 0-9 and dashes, with a letter among them.
        asked: As it was searched for, with its filters.
        by: Who decided.
        now: When.

    Returns:
        The event, and the search that had the name before. No event: the same search has it already.

    Raises:
        NoSpaceError: The disk is full or read-only; nothing was saved.
        UsageError: The name is none, or the search asks for something that is withdrawn.
    """
    check_name(name)
    words = {"name": name, "query": asked.text, "filters": [_as_json(one) for one in _filters(asked)]}
    known = access.recogniser(home, now)
    if known and access.asks_for_withdrawn(_texts(words), known):
        raise UsageError("this asks for something that was withdrawn: it is not kept. Nothing was noted.")
    before = next((one for one in standing(home, now=now) if one.name == name), None)
    if before and not before.is_withheld and _same(before, words):
        return None, before
    wording = Wordings(home.archive).put(words)
    said: dict[str, object] = {"wording": wording.file, "sha256": wording.sha256, "by": by}
    if before:
        said["replaces"] = before.number
    return Decisions(home.archive).append(SAVED, said, now=now), before


def typed(each: Only | Within) -> str:
    """Return a filter as it is typed in a query, in one line."""
    if isinstance(each, Only):
        values = " OR ".join(f"{each.field}:{' '.join(harmless(value).split())}" for value in each.values)
        return f"({values})" if len(each.values) > 1 else values
    first = f"{each.since:%Y-%m-%d}" if each.since else ".."
    last = f"{each.until - timedelta(days=1):%Y-%m-%d}" if each.until else ".."
    return f"{each.field}:{first}/{last}"


def check_name(name: str) -> None:
    """Refuse what is no name of a saved search.

    Raises:
        UsageError: It is none; the message says what is.
    """
    if len(name) > MAX_NAME_CHARS or not _NAME.fullmatch(name) or name in _WORDS:
        raise UsageError(
            f"{name[:MAX_NAME_CHARS]!r} is no name for a saved search: write up to {MAX_NAME_CHARS} of a-z, 0-9 and "
            f"dashes, with a letter among them, and not {' or '.join(sorted(_WORDS))}. Nothing was saved."
        )


def drop(home: Home, name: str, *, by: str, now: datetime) -> Event:
    """Save a search no longer.

    Args:
        home: Where.
        name: Its name, or the number of its event: of one that cannot be read or is withheld, only that is shown.
        by: Who decided.
        now: When.

    Raises:
        UnknownIdError: There is none of that name.
    """
    return Decisions(home.archive).append(DROPPED, {"search": named(home, name, now=now).number, "by": by}, now=now)


def named(home: Home, name: str, *, now: datetime | None = None) -> SavedSearch:
    """Return the saved search of a name, or of the number of its event.

    Raises:
        UnknownIdError: There is none.
    """
    found = standing(home, now=now)
    for one in found:
        if name in (str(one.number), one.name):
            return one
    names = ", ".join(one.name for one in found if one.name and not one.is_withheld)
    there = f"There are: {names}." if names else "`aggregator search ... --save NAME` saves one."
    raise UnknownIdError(f"{name}: no saved search of that name. {there}")


def standing(home: Home, *, now: datetime | None = None) -> list[SavedSearch]:
    """Return the searches that are saved, the oldest first; also those that are withheld, and that cannot be read.

    Args:
        home: Whose.
        now: Decisions to withdraw that have ended by then do not count; None: as the clock says.

    Raises:
        StoreError: The events cannot be read.
    """
    kept: dict[int, Event] = {}
    told: list[Event] = []
    gone: set[str] = set()
    for event in Decisions(home.archive).events(SAVED, DROPPED, TOLD, "erasing"):
        if event.kind == SAVED:
            kept.pop(event.said.get("replaces", 0), None)
            kept[event.number] = event
        elif event.kind == DROPPED:
            kept.pop(event.said["search"], None)
        elif event.kind == TOLD:
            told.append(event)
        else:
            gone |= set(event.said.get("wordings", ()))
    left = [event for event in kept.values() if event.said["wording"] not in gone]
    known = access.recogniser(home, now or datetime.now(UTC)) if left else None
    return [_with_told(_read(home, event, known), told) for event in left]


def _read(home: Home, event: Event, known: access.Recogniser | None) -> SavedSearch:
    """Return a search as its event and its file say."""
    one = SavedSearch(number=event.number, file=event.said["wording"], name=None, by=event.said["by"], at=event.at)
    try:
        words = Wordings(home.archive).read(Wording(event.said["wording"], event.said["sha256"]))
        one = replace(
            one,
            name=words["name"],
            text=words["query"],
            filters=tuple(_from_json(said) for said in words["filters"]),
            is_withheld=known is not None and access.asks_for_withdrawn(_texts(words), known),
        )
        one.query()
    except StoreError as error:
        return replace(one, problem=str(error))
    except AggregatorError as error:
        return replace(one, problem=f"its query can no longer be read: {error}")
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        return replace(one, problem=f"it was saved by another version of the program ({type(error).__name__}: {error})")
    return one


def _with_told(one: SavedSearch, events: Sequence[Event]) -> SavedSearch:
    of_it = [(event.at, said) for event in events if (said := event.said["told"].get(str(one.number)))]
    here, there = (
        frozenset(i for _, said in of_it for key in ("ids", where) for i in said.get(key, ()))
        for where in ("here", "there")
    )
    return replace(one, told_at=of_it[-1][0], told=here, posted=there) if of_it else one


def _same(one: SavedSearch, words: dict[str, Json]) -> bool:
    return (one.text, [_as_json(each) for each in one.filters]) == (words["query"], words["filters"])


# --- what is written down -------------------------------------------------------------------------------------------


def _filters(asked: Query) -> Iterator[Only | Within]:
    """Yield what a query demands that is not in its text: the options of the command."""
    typed = _parts(parse(asked.text).node)
    for node in _parts(asked.node):
        if node in typed:
            continue
        if not isinstance(node, Only | Within):
            raise UsageError("a search with such a filter cannot be saved. Nothing was saved.")
        yield node


def _parts(node: Node | None) -> tuple[Node, ...]:
    return () if node is None else node.nodes if isinstance(node, All) else (node,)


def _as_json(node: Only | Within) -> dict[str, Json]:
    if isinstance(node, Only):
        return {"field": node.field, "values": list(node.values)}
    return {"field": node.field, "since": _iso(node.since), "until": _iso(node.until)}


def _iso(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat() if at else None


def _from_json(said: dict[str, Json]) -> Only | Within:
    if "values" in said:
        return Only(str(said["field"]), tuple(map(str, said["values"])))
    since, until = (datetime.fromisoformat(at) if (at := said[end]) else None for end in ("since", "until"))
    return Within(str(said["field"]), since, until)


def _texts(words: dict[str, Json]) -> list[str]:
    """Return all that is written down of a search: what may hold something withdrawn."""
    values = [str(value) for said in words["filters"] for value in said.get("values", ())]
    return [words["name"], words["query"], *values]


def withdrawn(home: Home, known: access.Recogniser) -> list[str]:
    """Return the files of saved searches, also of former ones, that ask for something withdrawn.

    What a kill left half of is among them: half a name cannot be recognised, and it is of no use to anybody.

    Args:
        home: Where.
        known: What is withdrawn.
    """
    kept = Wordings(home.archive)
    said = {file: kept.strings(file) for file in kept.files()}
    return [file for file, texts in said.items() if texts is None or access.asks_for_withdrawn(texts, known)]
