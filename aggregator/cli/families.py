"""The command reposts: who has a text, who had it first, and why."""

from __future__ import annotations

import json
import shlex
import sys
from collections import Counter
from collections.abc import Iterable, Sequence, Set
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aggregator.cli import DefaultGroup, Period, again, chosen_home, given, home_option, json_option
from aggregator.cli import output as show
from aggregator.cli.comparing import reposts_diff
from aggregator.cli.deciding import COMMANDS
from aggregator.cli.telling import called, print_family
from aggregator.cli.writing import loaded
from aggregator.errors import UnknownIdError, UsageError
from aggregator.home import Home
from aggregator.model import Article
from aggregator.shapes.families import family_json, found_json

if TYPE_CHECKING:
    from aggregator.reposts import Family

_NEARLY = 0.75
"""How like a subcommand a word must be to be a slip of it: a letter of four may be missing."""


class _Reposts(DefaultGroup):
    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Refuse the slip of a subcommand before its options are."""
        if len(args) > 1 and _misspelt(args[0]):
            raise UsageError(_too_many(args))
        return super().parse_args(ctx, args)


@click.group(
    "reposts",
    cls=_Reposts,
    default="find",
    options_metavar="",
    subcommand_metavar="[ID|URL|FILE|-] [OPTIONS] | diff | confirm | refuse | join | split | watch | unwatch",
)
@home_option
def reposts_command() -> None:
    """Who has this text: of an article, of a file, of what is pasted (-); without any, all families.

    Copies, shortened and edited ones, quotations, round-ups and translations are found, each with the passages it
    shares and the reasons for who had them first. What you decide of a match or a family stands, whatever is found.

    \b
    Example:
      aggregator reposts 7k2mq4xw3nbd
      xclip -o | aggregator reposts -
      aggregator reposts --new 2026-11-28
      aggregator reposts diff 7k2mq4xw3nbd 3hpkry7fd3sv
      aggregator reposts refuse 7k2mq4xw3nbd 3hpkry7fd3sv
    """


for _command in (reposts_diff, *COMMANDS):
    reposts_command.add_command(_command)


@reposts_command.command("find")
@click.argument("refs", nargs=-1, metavar="[ID|URL|FILE|-]")
@click.option("--new", "since", type=Period(), metavar="SINCE", help="Only families with an article first seen since.")
@click.option("--watched", is_flag=True, help="Only families of articles that are watched.")
@click.option(
    "--docs",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path),
    metavar="FILE.jsonl",
    help="Compare the texts of a file with one another, a JSON object a line; no home needed.",
)
@home_option
@json_option
@click.pass_context
def reposts_find(
    ctx: click.Context,
    refs: tuple[str, ...],
    since: tuple[datetime, datetime] | None,
    watched: bool,
    docs: Path | None,
    as_json: bool,
) -> None:
    """Who has this text; the word find may be left out.

    \b
    Example:
      aggregator reposts 7k2mq4xw3nbd
    """
    if len(refs) > 1:
        raise UsageError(_too_many(refs))
    ref = refs[0] if refs else None
    if docs:
        if ref or since or watched:
            raise UsageError("--docs compares the texts of a file with one another; it takes nothing else.")
        _in_corpus(docs, as_json=as_json)
        return
    from aggregator import reposts

    home = chosen_home(ctx)
    if home.is_new:
        show.say("Nothing was crawled yet.")
        return
    new, watchlist = frozenset[str](), frozenset[str]()
    if ref is None:
        having = []
        if since:
            having.append(new := reposts.first_seen_since(home, since[0]))
        if watched:
            having.append(watchlist := reposts.watched(home))
        found: Iterable[Family] = reposts.families(home, *having)
    elif since or watched:
        raise UsageError("--new and --watched choose among all families; leave the article out.")
    elif (article := _meant(home, ref)) is None:
        text = given.text(ref)
        _tell_cut(text)
        found = [reposts.who_has(home, loaded(home), text)]
    else:
        found = [reposts.family_of(home, article)]
    if as_json:
        _print_lines(line for family in found for line in family_json(family))
        return
    count, is_empty = 0, True
    for family in found:
        print_family(family, passages=ref is not None, new=new)
        count, is_empty = count + 1, is_empty and family.is_alone
        watchlist -= family.members
    if is_empty:
        of_watched = "No family of a watched article." if watchlist else "Nothing is watched."
        none = of_watched if watched else "No family with an article first seen since then."
        show.say(_nobody(family) if ref else none if since or watched else "No text stands in two places.")
    told = family.telling_matches() if ref else []
    if told and reposts.GIVEN not in family.members:
        show.say(f"What was changed: {again(home, ' '.join(('reposts diff', *family.ordered(told[0]))))}")
    if ref is None and count:
        families = "1 family" if count == 1 else f"{count:,} families"
        show.say(f"{families}. Passages and reasons: {again(home, 'reposts ID')}")
    if watchlist and not since:
        _tell_alone(home, watchlist)


def _misspelt(word: str) -> str | None:
    """Return the subcommand that a word is nearly, if it is none, and no file."""
    from difflib import get_close_matches

    commands = reposts_command.commands
    near = get_close_matches(word.lower(), commands, 1, _NEARLY)
    return near[0] if near and word not in commands and not given.is_path(word) else None


def _too_many(said: Sequence[str]) -> str:
    """Return in words what may have been meant by several arguments."""
    others = ", ".join(name for name in reposts_command.commands if name != "find")
    if near := _misspelt(said[0]):
        meant = shlex.join(["aggregator", "reposts", near, *said[1:]])
        return f"reposts {said[0]}: no such command. Did you mean `{meant}`? There are {others}."
    if len(said) == 2:
        return f"reposts takes one text. Two articles? `{shlex.join(['aggregator', 'reposts', 'diff', *said])}`"
    return f"reposts takes one text, unless one of these words comes first: {others}."


def _meant(home: Home, ref: str) -> Article | None:
    """Return the article of an id or address; None: a file is meant, or what is pasted. An id goes before a file.

    Raises:
        UnknownIdError: It is none of these.
    """
    from aggregator import access, search

    if ref == given.PASTED:
        return None
    with access.opened(home) as catalogue:
        if given.is_path(ref):
            article = catalogue.article(ref)
            if article:
                show.say(f"{ref} is taken as the id of an article; ./{ref} is the file of that name.")
            return article
        try:
            return search.find(catalogue, ref)
        except UnknownIdError:
            near = _misspelt(ref)
            advice = f"Did you mean `aggregator reposts {near}`?" if near else search.advice(catalogue, ref)
            raise UnknownIdError(
                f"{ref}: neither an article of this home, by its id or address, nor a file that is there. "
                f"{advice} `-` reads what is pasted."
            ) from None


def _tell_alone(home: Home, watchlist: Set[str]) -> None:
    """Say which watched articles are in no family."""
    from aggregator import access

    with access.opened(home) as catalogue:
        for article in sorted(catalogue.articles(watchlist).values(), key=lambda a: (a.source_id, a.id)):
            show.say(f"Watched, and in no family yet: {called(article)} {show.one_line(article.title or '(no title)')}")


def _tell_cut(*texts: str) -> None:
    from aggregator import words

    most = words.MAX_COMPARED_CHARS
    if long := [len(text) for text in texts if len(text) > most]:
        of_what = f"the {long[0]:,}" if len(texts) == 1 else f"each of {show.counted(len(long), 'long text')}"
        show.say(
            f"Only the first {most:,} characters of {of_what} were compared (`aggregator limits`, reposts.length)."
        )


# --- for people -------------------------------------------------------------------------------------------------------


def _nobody(family: Family) -> str:
    from aggregator import dedupe, words
    from aggregator.reposts import GIVEN

    refused = [one for one in family.decisions if one.kind == "refused"]
    if GIVEN not in family.members and refused:
        said = []
        for one in refused:
            others = " and ".join(called(family.apart[i]) for i in one.articles if i in family.apart)
            said.append(f"The match with {others} was refused by {show.one_line(one.by)} on {show.day(one.at)}")
        return f"{'. '.join(said)}. No other match is left."
    if GIVEN not in family.members:
        return "No other article shares text with it."

    count = max((len(words.words(text)) for text in family.texts.values()), default=0)
    if count < 2 * dedupe.MIN_STRETCH_WORDS:
        return f"Nothing found, but {show.counted(count, 'word')}: few to go by. Paste at least a paragraph."
    return "Nothing found: no article has twelve words in a row of it. Paraphrases and its translations are not found."


# --- for programs -----------------------------------------------------------------------------------------------------


def _in_corpus(path: Path, *, as_json: bool) -> None:
    """Compare the texts of a file with one another."""
    from aggregator import reposts

    docs = given.Docs(path)
    found = reposts.in_corpus(docs, place=docs.place)
    _tell_cut(*(article.text for article in found.corpus.articles()))
    if as_json:
        _print_lines(found_json(found))
        return
    families = list(found.families())
    for family in families:
        print_family(family, passages=len(families) == 1)
    kinds = Counter(match.kind for match in found.matches)
    of_kinds = ", ".join(f"{count:,} {kind}" for kind, count in kinds.most_common())
    said = [
        show.counted(len(found.corpus.ids), "text"),
        show.counted(len(found.matches), "pair") + (f" ({of_kinds})" if kinds else ""),
        "1 family" if len(families) == 1 else f"{len(families):,} families",
    ]
    show.say(f"{', '.join(said)}. {'All of it' if len(families) == 1 else 'Passages and reasons'}: --json.")


def _print_lines(lines: Iterable[dict[str, Any]]) -> None:
    for line in lines:
        said = json.dumps(line, ensure_ascii=False)
        sys.stdout.write((show.safe(said) if show.out.is_terminal else said.encode("utf-8", "replace").decode()) + "\n")
