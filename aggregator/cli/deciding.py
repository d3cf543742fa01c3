"""The commands by which people decide of reposts: confirm, refuse, join, split, watch, unwatch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from aggregator.cli import by_option, chosen_home, home_option, json_option
from aggregator.cli import output as show
from aggregator.cli.writing import loaded, wait_option
from aggregator.errors import BusyError, UnknownIdError
from aggregator.home import Home

if TYPE_CHECKING:
    from aggregator.decisions import Event


def _decision(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command what every decision is given."""
    return by_option(wait_option(home_option(click.pass_context(command))))


@click.command("confirm")
@click.argument("a", metavar="ID|URL")
@click.argument("b", metavar="ID|URL")
@_decision
def reposts_confirm(ctx: click.Context, a: str, b: str, by: str, wait_s: float) -> None:
    """Say that a match that was found is one.

    \b
    Example:
      aggregator reposts confirm 7k2mq4xw3nbd 3hpkry7fd3sv
    """
    from aggregator import reposts

    home = chosen_home(ctx)
    a, b = _meant(home, (a, b))
    event = reposts.confirm(home, a, b, by=by, now=datetime.now(UTC))
    _carry_out(home, event, f"{a} and {b} are a match", wait_s)


@click.command("refuse")
@click.argument("a", metavar="ID|URL")
@click.argument("b", metavar="ID|URL")
@_decision
def reposts_refuse(ctx: click.Context, a: str, b: str, by: str, wait_s: float) -> None:
    """Say that two articles are no match.

    \b
    Example:
      aggregator reposts refuse 7k2mq4xw3nbd 3hpkry7fd3sv
    """
    from aggregator import reposts

    home = chosen_home(ctx)
    a, b = _meant(home, (a, b))
    event = reposts.refuse(home, a, b, by=by, now=datetime.now(UTC))
    _carry_out(home, event, f"{a} and {b} are no match", wait_s)


@click.command("join")
@click.argument("refs", nargs=-1, required=True, metavar="ID|URL ID|URL...")
@_decision
def reposts_join(ctx: click.Context, refs: tuple[str, ...], by: str, wait_s: float) -> None:
    """Say that articles are one text.

    \b
    Example:
      aggregator reposts join 7k2mq4xw3nbd 3hpkry7fd3sv
    """
    from aggregator import reposts

    home = chosen_home(ctx)
    ids = _meant(home, refs)
    event = reposts.join(home, ids, by=by, now=datetime.now(UTC))
    _carry_out(home, event, f"{', '.join(ids)} are one text", wait_s)


@click.command("split")
@click.argument("refs", nargs=-1, required=True, metavar="ID|URL...")
@_decision
def reposts_split(ctx: click.Context, refs: tuple[str, ...], by: str, wait_s: float) -> None:
    """Say that articles are not one text with any other.

    \b
    Example:
      aggregator reposts split 7k2mq4xw3nbd
    """
    from aggregator import reposts

    home = chosen_home(ctx)
    ids = _meant(home, refs)
    event = reposts.split(home, ids, by=by, now=datetime.now(UTC))
    _carry_out(home, event, f"{', '.join(ids)}: not one text with any other", wait_s)


def _meant(home: Home, refs: Sequence[str]) -> list[str]:
    """Return the ids of articles, each given by its id or an address.

    Raises:
        UnknownIdError: One is no article of this home.
    """
    from aggregator import access, search

    if home.is_new:
        raise UnknownIdError(f"{refs[0]}: nothing was crawled into this home yet.")
    with access.opened(home) as catalogue:
        return [search.find(catalogue, ref).id for ref in refs]


def _carry_out(home: Home, event: Event, said: str, wait_s: float) -> None:
    """Have a decision looked at now, if nobody else writes the home."""
    from aggregator import pipeline

    try:
        with show.progress() as report, pipeline.opened(home, loaded(home), wait_s=wait_s, report=report):
            pass
    except BusyError:
        show.say(f"Noted as event {event.number}: {said}. It is in force when the crawl that is running looks next.")
    else:
        show.say(f"Noted as event {event.number}, and in force: {said}.")


@click.command("watch")
@click.argument("refs", nargs=-1, metavar="[ID|URL...]")
@by_option
@home_option
@json_option
@click.pass_context
def reposts_watch(ctx: click.Context, refs: tuple[str, ...], by: str, as_json: bool) -> None:
    """Be told of new copies of articles, by `crawl`, `run` and settings.notify; without any: list what is watched.

    \b
    Example:
      aggregator reposts watch 7k2mq4xw3nbd
    """
    from aggregator import access, reposts

    home = chosen_home(ctx)
    watched = reposts.watched(home)
    ids = _meant(home, refs) if refs else []
    if already := sorted(watched.intersection(ids)):
        show.say(f"{', '.join(already)}: watched already.")
    if fresh := sorted(set(ids) - watched):
        reposts.watch(home, fresh, by=by, now=datetime.now(UTC))
        watched = reposts.watched(home)
    with access.opened(home) as catalogue:
        articles = sorted(catalogue.articles(watched).values(), key=lambda a: (a.source_id, a.id))
    if as_json:
        show.print_json([{"id": a.id, "source": a.source_id, "title": a.title} for a in articles])
    elif articles:
        show.table(("id", "source", "title"), [(a.id, a.source_id, a.title or "(no title)") for a in articles])
    else:
        show.say("Nothing is watched.")


@click.command("unwatch")
@click.argument("refs", nargs=-1, required=True, metavar="ID|URL...")
@by_option
@home_option
@click.pass_context
def reposts_unwatch(ctx: click.Context, refs: tuple[str, ...], by: str) -> None:
    """Be told no longer.

    \b
    Example:
      aggregator reposts unwatch 7k2mq4xw3nbd
    """
    from aggregator import reposts

    home = chosen_home(ctx)
    watched = reposts.watched(home)
    ids = [ref if ref in watched else _meant(home, [ref])[0] for ref in refs]  # what is watched may be hidden by now
    event = reposts.watch(home, ids, by=by, now=datetime.now(UTC), ends=True)
    show.say(f"Noted as event {event.number}: {', '.join(ids)}: no longer watched.")


COMMANDS = (reposts_confirm, reposts_refuse, reposts_join, reposts_split, reposts_watch, reposts_unwatch)
