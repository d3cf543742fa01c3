"""The filters of a search: options of every command that finds articles, and the query that they and words make."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

import click

from aggregator.cli import Period

if TYPE_CHECKING:
    from aggregator.query import Query

_Command = TypeVar("_Command", bound=Callable[..., Any])
_EVERYTHING = "There is no word in the query, so every article is found. Words or filters narrow it."


def options(to: str) -> Callable[[_Command], _Command]:
    """Return what gives a command the filters of a search.

    Args:
        to: What the option of the last day is called there.
    """
    all_of_them = (
        click.option("--from", "since", type=Period(), metavar="DATE", help="Published on DATE or later."),
        click.option(
            to,
            "until",
            type=Period(),
            metavar="DATE",
            help="Published on DATE or before; 2026-11 is all November.",
        ),
        click.option("--source", "source_ids", multiple=True, metavar="ID", help="Only this source; may be repeated."),
        click.option("--lang", "languages", multiple=True, metavar="CODE", help="Only this language; may be repeated."),
    )

    def with_filters(command: _Command) -> _Command:
        for option in reversed(all_of_them):
            command = option(command)
        return command

    return with_filters


def asked_for(
    words: tuple[str, ...],
    since: tuple[datetime, datetime] | None,
    until: tuple[datetime, datetime] | None,
    source_ids: tuple[str, ...],
    languages: tuple[str, ...],
) -> Query | None:
    """Return the query that words and filters make; None: there are none. If it finds everything, a note says so."""
    from aggregator.search import filters

    if not (words or since or until or source_ids or languages):
        return None
    query = filters.asked(
        " ".join(words),
        since=since and since[0],
        until=until and until[1],
        source_ids=source_ids,
        languages=languages,
    )
    return query if query.node else replace(query, notes=(*query.notes, _EVERYTHING))
