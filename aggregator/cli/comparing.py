"""The command reposts diff: what one article left out of another, and put in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from aggregator.cli import chosen_home, home_option, json_option
from aggregator.cli import output as show
from aggregator.errors import UnknownIdError
from aggregator.model import Article, Relation, Version
from aggregator.shapes import iso

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

    Of copies, all of both texts is compared, as of others that share nearly all; else the passages that they share. Of
    a translation, each passage is followed by what it was translated into.

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
    sides = (
        (compared.a, compared.a_version, compared.a_share),
        (compared.b, compared.b_version, compared.b_share),
    )
    for article, version, share in sides:
        said = [version.title or "(no title)", f"version {version.number}, seen {show.minute(version.captured_at)}"]
        said.append(f"{share:.0%} of it shared")
        said += ["had it first"] if match and match.first == article.id else []
        show.say(f"{article.source_id} {article.id}  {' · '.join(said)}")
    show.say(f"{_kind(compared)} · {_counted(compared)}")
    outside = (f"{_rest(compared.a_share)} of {compared.a.id}", f"{_rest(compared.b_share)} of {compared.b.id}")
    if not compared.is_whole and not all(one.startswith("0%") for one in outside):
        what = "translated" if match and match.relation is Relation.TRANSLATION else "shared"
        passages = f"The {what} passage is" if len(compared.parts) == 1 else f"The {what} passages are"
        show.say(f"{passages} shown; outside lie {' and '.join(outside)}.")
    if compared.is_moved and compared.is_whole:
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
    if came or went:
        return f"+{came:,} −{went:,} words{'' if compared.is_whole else ' in what is shared'}"
    return f"not a word {'was changed' if compared.is_whole else 'of what is shared was changed'}"


def _kind(compared: Compared) -> str:
    """Return what two articles are to each other, and who says otherwise."""
    if compared.match:
        return compared.match.kind
    if one := compared.refused:
        return f"no match: refused by {show.one_line(one.by)} on {show.day(one.at)}"
    return "no match"


def _rest(share: float) -> str:
    """Return how much of a text is not shared; 100 % is not said of what shares something."""
    return f"{1 - share:.0%}" if round(1 - share, 2) < 1 else "over 99%"


def compared_json(compared: Compared) -> dict[str, Any]:
    """Return two articles side by side as scripts know them."""
    match = compared.match
    return {
        "from": _side_json(compared.a, compared.a_version),
        "to": _side_json(compared.b, compared.b_version),
        "rel": match and match.relation,
        "kind": match and match.kind,
        "first": match and match.first,
        "coverage": [round(compared.a_share, 4), round(compared.b_share, 4)],
        "whole": compared.is_whole,
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
        "captured": iso(version.captured_at),
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
