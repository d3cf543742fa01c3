"""The command reposts: who has a text, who had it first, and why."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aggregator.cli import chosen_home, home_option, json_option
from aggregator.cli import output as show
from aggregator.cli.writing import loaded
from aggregator.model import Match

if TYPE_CHECKING:
    from aggregator.reposts import Family


@click.command("reposts")
@click.argument("ref", required=False, metavar="[ID|URL|FILE|-]")
@home_option
@json_option
@click.pass_context
def reposts_command(ctx: click.Context, ref: str | None, as_json: bool) -> None:
    """Who has this text: of an article, of a file, of what is pasted (-); without any, all families.

    Found so far: texts that share passages in one language. Translations are not looked for yet.

    \b
    Example:
      aggregator reposts 7k2mq4xw3nbd
      xclip -o | aggregator reposts -
    """
    from aggregator import access, reposts, search

    home = chosen_home(ctx)
    if home.is_new:
        show.say("Nothing was crawled yet.")
        return
    if ref is None:
        found = reposts.families(home)
    elif ref == "-" or Path(ref).is_file():
        text = sys.stdin.read() if ref == "-" else Path(ref).read_text(encoding="utf-8", errors="replace")
        found = [reposts.who_has(home, loaded(home), text)]
    else:
        with access.opened(home) as catalogue:
            article = search.find(catalogue, ref)
        found = [reposts.family_of(home, article)]
    if as_json:
        for family in found:
            for line in family_json(family):
                sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")
        return
    if not any(family.matches for family in found):
        show.say(_nobody(found[0]) if ref else "No text stands in two places.")
    for family in found:
        print_family(family, passages=ref is not None)


def _nobody(family: Family) -> str:
    from aggregator import dedupe, words

    count = max((len(words.words(text)) for text in family.texts.values()), default=0)
    if count < 2 * dedupe.MIN_STRETCH_WORDS:
        return f"Nothing found, but {count} words are few to go by: paste at least a paragraph."
    return "Nobody else has it."


def print_family(family: Family, *, passages: bool) -> None:
    """Print a family: who is in it, then each match with its reasons and, if wanted, its longest passages."""
    if not family.matches:
        return
    cluster = family.cluster
    first = cluster.original if cluster else None
    if cluster:
        original = family.articles[first].title if first else "undecided"
        show.line((f"{len(cluster.members)} articles, one text", "bold"), f"  original: {original}")
    for article in sorted(family.articles.values(), key=lambda a: (a.claimed_at or a.captured_at, a.id)):
        mark = "●" if article.id == first else "○"
        if not article.source_id:
            continue  # the text given
        same = "" if cluster and article.id in cluster.members else "  (shares a passage)"
        facts = f"{show.minute(article.claimed_at)}  {article.source_id}  {article.language or '?'}  {article.id}"
        show.line((f" {mark} {facts}", "cyan"), f"  {article.title or '(no title)'}{same}")
    for match in family.matches:
        sides = [f"{family.articles[i].source_id} {i}".replace(" given", "the text given") for i in (match.a, match.b)]
        show.line((f"   {match.kind}", "magenta"), f"  {sides[0]} / {sides[1]}")
        for reason in match.evidence:
            show.line(f"– {reason}", indent=6)
        if passages:
            _print_passages(match, family)
    show.line()


def _print_passages(match: Match, family: Family) -> None:
    longest = sorted(match.passages, key=lambda p: p.a_start - p.a_end)[:3]
    for p in sorted(longest):
        text = family.texts[match.a_version][p.a_start : p.a_end].replace("\n", " ")
        cut = text if len(text) <= 160 else f"{text[:110]} […] {text[-45:]}"
        show.line((f"“{cut}”", "dim"), indent=8)


def family_json(family: Family) -> Iterator[dict[str, Any]]:
    """Yield the lines of a family as scripts know them."""
    for match in family.matches:
        yield match_json(match)
    if family.cluster:
        yield {"type": "cluster", "members": list(family.cluster.members), "original": family.cluster.original}
    for doc, credits in family.credits.items():
        for c in credits:
            yield {"type": "credit", "doc": doc, "span": [c.start, c.end], "outlet": c.outlet, "source": c.source_id}


def match_json(match: Match) -> dict[str, Any]:
    """Return a match as scripts know it."""
    return {
        "type": "pair",
        "a": match.a,
        "b": match.b,
        "rel": match.relation,
        "kind": match.kind,
        "first": match.first,
        "score": max(match.a_coverage, match.b_coverage),
        "coverage": [match.a_coverage, match.b_coverage],
        "versions": [match.a_version, match.b_version],
        "passages": [[p.a_start, p.a_end, p.b_start, p.b_end] for p in match.passages],
        "evidence": list(match.evidence),
    }
