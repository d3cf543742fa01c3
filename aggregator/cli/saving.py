"""Saved searches: --save of search, and the command searches."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

import click

from aggregator.cli import DefaultGroup, Period, by_option, chosen_home, home_option, json_option, one_who_decides
from aggregator.cli import output as show
from aggregator.cli.hits import print_results
from aggregator.cli.output import one_line
from aggregator.errors import FetchError
from aggregator.home import Home
from aggregator.model import Following
from aggregator.shapes.hits import results_json

if TYPE_CHECKING:
    from aggregator.query import Query
    from aggregator.search.fresh import NewHits
    from aggregator.search.saved import SavedSearch

_Command = TypeVar("_Command", bound=Callable[..., Any])
_TOLD = 10
"""New hits of a search that are printed one by one after a crawl."""


def save_options(command: _Command) -> _Command:
    """Give search what saves it."""
    for option in (
        click.option(
            "--by", callback=one_who_decides, metavar="WHO", help="With --save: who. Default: your name here."
        ),
        click.option("--save", "name", metavar="NAME", help="Keep this search: `crawl` and `run` tell its new hits."),
    ):
        command = option(command)
    return command


@contextmanager
def kept(home: Home, name: str | None, asked: Query, by: str | None) -> Iterator[None]:
    """Keep a search once it was answered, also where whoever reads the answer has enough of it; None: under no name."""
    try:
        yield
    except BrokenPipeError:
        if name is not None:
            _save(home, name, asked, by)
        raise
    if name is not None:
        _save(home, name, asked, by)


def _save(home: Home, name: str, asked: Query, by: str | None) -> None:
    """Keep a search, and say so."""
    from aggregator.search import saved

    event, before = saved.save(home, name, asked, by=by or getpass.getuser(), now=datetime.now(UTC))
    if before and not event:
        show.say(f"{name}: saved already, {_when(before)}. Nothing was noted.")
        return
    show.say(f"Saved as {name}, by all its words. `crawl` and `run` tell new hits; `aggregator searches {name}` too.")
    if before:
        what = "a search that is withheld" if before.is_withheld else before.problem or _asked(before)
        show.say(f"It replaces {one_line(what)}, saved {_when(before)}.")
    _tell_if_nothing(home, name)


def _tell_if_nothing(home: Home, name: str) -> None:
    """Say that a search just saved finds nothing yet, and what may have been meant: it may be misspelt."""
    from aggregator.search import fresh, saved

    [found] = fresh.found(home, [saved.named(home, name)])
    if not found.total and not found.search.problem:
        note = f" {found.note}" if found.note else ""
        show.say(f"No article has all of it now; it is saved nevertheless.{note}", "yellow")


@click.group(
    "searches",
    cls=DefaultGroup,
    default="find",
    options_metavar="",
    subcommand_metavar="[NAME] [OPTIONS] | drop NAME",
)
@home_option
def searches_command() -> None:
    """List the saved searches, or show the new hits of one.

    New is what was first seen since the search was saved, and was not told yet by `crawl`, `run` or the webhook.
    `search ... --save NAME` saves one.

    \b
    Example:
      aggregator searches
      aggregator searches evictions
      aggregator searches evictions --new 2026-11
      aggregator searches drop evictions
    """


@searches_command.command("find")
@click.argument("name", required=False, metavar="[NAME]")
@click.option("--new", "since", type=Period(), metavar="SINCE", help="New is what was first seen since, told or not.")
@click.option("--limit", type=click.IntRange(1, 100), default=10, show_default=True, help="Hits of NAME to print.")
@click.option("--offset", type=click.IntRange(0), default=0, help="Hits of NAME to pass over.")
@home_option
@json_option
@click.pass_context
def searches_find(
    ctx: click.Context,
    name: str | None,
    since: tuple[datetime, datetime] | None,
    limit: int,
    offset: int,
    as_json: bool,
) -> int:
    """What is saved, and what is new; the word find may be left out.

    \b
    Example:
      aggregator searches evictions --json
    """
    from aggregator.search import fresh, saved

    home = chosen_home(ctx)
    if name is None:
        searches = saved.standing(home)
        shown = fresh.found(home, [s for s in searches if not s.is_withheld], since=since and since[0])
        _print_list(shown, [s for s in searches if s.is_withheld], as_json=as_json)
        return 0
    one = saved.named(home, name)
    if one.is_withheld:
        show.say(f"Event {one.number}: withheld: it asks for something that was withdrawn.")
        return 1
    [new] = fresh.found(home, [one], since=since and since[0])
    if new.search.problem:
        show.say(f"{one_line(one.name or one.number)}: {new.search.problem}", "red")
        return 1
    results = fresh.hits(home, new, limit=limit, offset=offset)
    if as_json:
        from aggregator.shapes.saved import saved_json

        show.print_json({**results_json(results), "search": saved_json(new)})
        return 0
    show.say(f"{one.name}: {_asked(one)}, saved {_when(one)}; new since {show.minute(since[0] if since else one.at)}")
    if one.told_at and not since:
        show.say(f"Told last at {show.minute(one.told_at)}; --new shows again what was told.")
    print_results(results, offset=offset)
    return 0


@searches_command.command("drop")
@click.argument("name", metavar="NAME")
@by_option
@home_option
@click.pass_context
def searches_drop(ctx: click.Context, name: str, by: str) -> None:
    """Save a search no longer. NAME may be the number of its event.

    \b
    Example:
      aggregator searches drop evictions
    """
    from aggregator.search import saved

    event = saved.drop(chosen_home(ctx), name, by=by, now=datetime.now(UTC))
    show.say(f"Noted as event {event.number}: {name} is saved no longer.")


def _print_list(found: Sequence[NewHits], withheld: Sequence[SavedSearch], *, as_json: bool) -> None:
    if as_json:
        from aggregator.shapes.saved import saved_json

        show.print_json([saved_json(one) for one in found])
    elif found:
        rows = []
        for one in found:
            s, can = one.search, not one.search.problem
            counts = (one.total, len(one.new)) if can else ("–", "–")
            rows.append((s.name or s.number, _asked(s) if s.name else "?", s.by, show.day(s.at), *counts))
        show.table(("name", "query", "by", "saved", "articles", "new"), rows, right=[4, 5])
    elif not withheld:
        show.say("No search is saved.")
    for one in found:
        if one.search.problem:
            show.say(f"{one_line(one.search.name or one.search.number)}: {one.search.problem}", "red")
    for each in withheld:
        show.say(
            f"Event {each.number}, by {one_line(each.by)}, is not shown: it asks for something that was withdrawn."
        )


def tell_searches(home: Home, following: Following) -> None:
    """Say which new hits saved searches have, here and wherever sources.yaml wants it posted."""
    from aggregator.search import fresh

    try:
        for one in fresh.tell(home, following, datetime.now(UTC)):
            name = one_line(one.search.name or f"event {one.search.number}")
            if one.search.problem:
                show.say(f"saved search {name}: {one.search.problem}", "red")
                continue
            show.say(f"saved search {name}: {len(one.articles):,} new", "yellow")
            for a in one.articles[:_TOLD]:
                show.say(
                    f"{name}: {a.source_id} {a.id} “{one_line(a.title or '(no title)')}”: {one_line(a.url)}", "yellow"
                )
            if len(one.articles) > _TOLD:
                more = f"and {len(one.articles) - _TOLD:,} more"
                show.say(f"{name}: {more}; `aggregator searches {name} --new {show.day(one.articles[0].captured_at)}`")
    except FetchError as error:
        show.say(f"New hits of searches could not be posted: {error.reason}. They will be with the next.", "red")


# --- how a search is shown ------------------------------------------------------------------------------------------


def _when(one: SavedSearch) -> str:
    return f"by {one_line(one.by)} on {show.day(one.at)}"


def _asked(one: SavedSearch) -> str:
    """Return what a search asks for, in one line."""
    from aggregator.search.saved import typed

    parts = [one_line(one.text), *(typed(each) for each in one.filters)]
    return " ".join(part for part in parts if part)
