"""The commands by which people decide of reposts: confirm, refuse, join, split, watch, unwatch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from aggregator.cli import by_option, chosen_home, home_option, json_option
from aggregator.cli import output as show
from aggregator.cli.telling import called
from aggregator.cli.writing import loaded, wait_option
from aggregator.errors import BusyError, UnknownIdError
from aggregator.home import Home
from aggregator.model import Article

if TYPE_CHECKING:
    from aggregator.reposts import Bonds


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
    _decide(chosen_home(ctx), "confirmed", (a, b), by, wait_s)


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
    _decide(chosen_home(ctx), "refused", (a, b), by, wait_s)


@click.command("join")
@click.argument("refs", nargs=-1, required=True, metavar="ID|URL ID|URL...")
@_decision
def reposts_join(ctx: click.Context, refs: tuple[str, ...], by: str, wait_s: float) -> None:
    """Say that articles are one text.

    \b
    Example:
      aggregator reposts join 7k2mq4xw3nbd 3hpkry7fd3sv
    """
    _decide(chosen_home(ctx), "joined", refs, by, wait_s)


@click.command("split")
@click.argument("refs", nargs=-1, required=True, metavar="ID|URL...")
@_decision
def reposts_split(ctx: click.Context, refs: tuple[str, ...], by: str, wait_s: float) -> None:
    """Say that articles are not one text with any other.

    \b
    Example:
      aggregator reposts split 7k2mq4xw3nbd
    """
    _decide(chosen_home(ctx), "split", refs, by, wait_s)


def _decide(home: Home, kind: str, refs: Sequence[str], by: str, wait_s: float) -> None:
    """Note a decision, unless it holds already; have it looked at now; say what came of it."""
    from aggregator import reposts

    articles = _meant(home, refs)
    ids = [article.id for article in articles]
    if before := reposts.already(home, kind, ids):
        when = f"already, by {show.one_line(before.by)} on {show.day(before.at)}"
        show.say(f"{_listed(articles)}: {kind} {when}. Nothing was noted.")
        return
    had = reposts.bonds(home, ids)
    now = datetime.now(UTC)
    if kind == "confirmed":
        event = reposts.confirm(home, *ids, by=by, now=now)
    elif kind == "refused":
        event = reposts.refuse(home, *ids, by=by, now=now)
    elif kind == "joined":
        event = reposts.join(home, ids, by=by, now=now)
    else:
        event = reposts.split(home, ids, by=by, now=now)
    show.say(f"Noted as event {event.number}: {_SAID[kind].format(_listed(articles))}.")
    if _is_looked_at(home, wait_s):
        show.say(_effect(kind, ids, had, reposts.bonds(home, sorted(frozenset().union(*had.families.values())))))
    else:
        show.say("It is in force when the crawl that is running looks next.")


_SAID = {
    "confirmed": "{} are a match",
    "refused": "{} are no match",
    "joined": "{} are one text",
    "split": "{}: not one text with any other",
}


def _effect(kind: str, ids: Sequence[str], had: Bonds, have: Bonds) -> str:
    """Return in words what a decision about articles changed."""
    is_one = len({have.families[i] for i in ids}) == 1 and have.families[ids[0]] != {ids[0]}
    size = len(have.families[ids[0]])
    if kind in ("confirmed", "joined"):
        if is_one and had.families[ids[0]] != have.families[ids[0]]:
            return f"In force: they are in one family, of {size:,} articles."
        return f"In force: {'the match' if kind == 'confirmed' else 'their family'} stays, whatever is found."
    if parted := _parted(had, have):
        return f"In force: {parted}."
    if kind == "refused" and is_one:
        return (
            f"In force, but both are still in one family, of {size:,} articles, by what these share with others: "
            "`reposts split` takes one out."
        )
    if kind == "refused" and had.are_matched:
        return "In force: what they share is no longer shown."
    if kind == "refused":
        return "Nothing was found that they share: it is noted for what may be found later."
    if all(len(family) == 1 for family in had.families.values()):
        return "There is no family to split yet: it is noted for what may be found later."
    return "No family had to change: it is noted for what may be found later."


def _parted(had: Bonds, have: Bonds) -> str:
    """Return in words which families became smaller; empty: none did."""
    said = []
    for family in sorted(set(had.families.values()), key=sorted):
        left = sorted((len(part) for part in {have.families[i] for i in family} if len(part) > 1), reverse=True)
        if left != [len(family)] and len(family) > 1:
            parts = " and ".join(f"one of {count:,}" for count in left)
            said.append(f"the family of {len(family):,} articles is {f'now {parts}' if left else 'dissolved'}")
    return "; ".join(said)


def _listed(articles: Sequence[Article]) -> str:
    """Return several articles by source, id and title."""
    named = [f"{called(a)} “{show.one_line(a.title or '(no title)')}”" for a in articles]
    return " and ".join(filter(None, (", ".join(named[:-1]), named[-1])))


def _meant(home: Home, refs: Sequence[str]) -> list[Article]:
    """Return articles, each given by its id or an address.

    Raises:
        UnknownIdError: One is no article of this home.
    """
    from aggregator import access, search

    if home.is_new:
        raise UnknownIdError(f"{refs[0]}: nothing was crawled into this home yet.")
    with access.opened(home) as catalogue:
        return [search.find(catalogue, ref) for ref in refs]


def _is_looked_at(home: Home, wait_s: float) -> bool:
    """Have decisions looked at now; return whether nobody else writes the home, so that it was done."""
    from aggregator import pipeline

    try:
        with show.progress() as report, pipeline.opened(home, loaded(home), wait_s=wait_s, report=report):
            return True
    except BusyError:
        return False


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
    ids = [article.id for article in _meant(home, refs)] if refs else []
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
    ids = [ref if ref in watched else _meant(home, [ref])[0].id for ref in refs]  # what is watched may be hidden by now
    event = reposts.watch(home, ids, by=by, now=datetime.now(UTC), ends=True)
    show.say(f"Noted as event {event.number}: {', '.join(ids)}: no longer watched.")


COMMANDS = (reposts_confirm, reposts_refuse, reposts_join, reposts_split, reposts_watch, reposts_unwatch)
