"""The command reposts diff: what one article left out of another, and put in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from aggregator.cli import chosen_home, home_option, json_option
from aggregator.cli import output as show
from aggregator.errors import UnknownIdError
from aggregator.model import Article, Relation, Version

if TYPE_CHECKING:
    from aggregator.reposts import Compared, Part

TOO_LONG = (
    "A part of both was too long to be compared word by word; all of it is shown: `aggregator limits`, reposts.diff."
)


@click.command("diff")
@click.argument("a", metavar="ID|URL")
@click.argument("b", metavar="ID|URL")
@home_option
@json_option
@click.pass_context
def reposts_diff(ctx: click.Context, a: str, b: str, as_json: bool) -> None:
    """Print what changed from one article to another, word by word: [-left out-], {+put in+}.

    Of copies, all of both texts is compared; where they share passages, these are. Of a translation, each passage is
    followed by what it was translated into.

    \b
    Example:
      aggregator reposts diff 7k2mq4xw3nbd 3hpkry7fd3sv
    """
    from aggregator import access, reposts, search

    home = chosen_home(ctx)
    if home.is_new:
        raise UnknownIdError(f"{a}: nothing was crawled into this home yet.")
    with access.opened(home) as catalogue:
        one, other = search.find(catalogue, a), search.find(catalogue, b)
    compared = reposts.compare(home, one, other)
    if as_json:
        show.print_json(compared_json(compared))
    else:
        _print_compared(compared)


def _print_compared(compared: Compared) -> None:
    match = compared.match
    for article, version in ((compared.a, compared.a_version), (compared.b, compared.b_version)):
        said = [version.title or "(no title)", f"version {version.number}, seen {show.minute(version.captured_at)}"]
        if match:
            said.append(f"{match.a_coverage if match.a == article.id else match.b_coverage:.0%} of it shared")
            said += ["had it first"] if match.first == article.id else []
        show.say(f"{article.source_id} {article.id}  {' · '.join(said)}")
    show.say(f"{match.kind} · {_counted(compared)}" if match else f"no match · {_counted(compared)}")
    if compared.is_moved and match and match.relation is Relation.DUP:
        show.say("Passages stand in another order: what moved is left out in one place and put in at another.")
    if compared.is_cut:
        show.say("Of a text this long, the beginning is compared: `aggregator limits`, reposts.length.")
    if compared.is_coarse:
        show.say(TOO_LONG)
    for number, part in enumerate(compared.parts, 1):
        if len(compared.parts) > 1:
            show.line((f"passage {number} of {len(compared.parts)}", "dim"))
        show.changes((change.what, change.text) for change in part.changes)
        show.line()


def _counted(compared: Compared) -> str:
    """Return how many words were put in and left out, or how many passages are translated."""
    from aggregator import dedupe

    if compared.match and compared.match.relation is Relation.TRANSLATION:
        return show.counted(len(compared.parts), "passage")
    came, went = dedupe.words_changed(change for part in compared.parts for change in part.changes)
    return f"+{came:,} −{went:,} words" if came or went else "not a word was changed"


def compared_json(compared: Compared) -> dict[str, Any]:
    """Return two articles side by side as scripts know them."""
    match = compared.match
    return {
        "from": _side_json(compared.a, compared.a_version),
        "to": _side_json(compared.b, compared.b_version),
        "rel": match and match.relation,
        "kind": match and match.kind,
        "first": match and match.first,
        "moved": compared.is_moved,
        "cut": compared.is_cut,
        "coarse": compared.is_coarse,
        "parts": [_part_json(part) for part in compared.parts],
    }


def _side_json(article: Article, version: Version) -> dict[str, Any]:
    return {
        "id": article.id,
        "url": article.url,
        "title": version.title,
        "source": article.source_id,
        "number": version.number,
        "version": version.digest,
        "captured": show.iso(version.captured_at),
    }


def _part_json(part: Part) -> dict[str, Any]:
    return {
        "from": [part.place.a_start, part.place.a_end],
        "to": [part.place.b_start, part.place.b_end],
        "changes": [
            {
                "what": change.what,
                "text": change.text,
                "from": [change.place.a_start, change.place.a_end],
                "to": [change.place.b_start, change.place.b_end],
            }
            for change in part.changes
        ],
    }
