"""The command reposts: who has a text, who had it first, and why."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aggregator.cli import DefaultGroup, Period, again, chosen_home, home_option, json_option
from aggregator.cli import output as show
from aggregator.cli.comparing import reposts_diff
from aggregator.cli.deciding import COMMANDS
from aggregator.cli.telling import called, print_family
from aggregator.cli.writing import loaded
from aggregator.errors import UnknownIdError, UsageError
from aggregator.model import Article, Cluster, Match, Relation

if TYPE_CHECKING:
    from aggregator.reposts import Decision, Family, Found


@click.group(
    "reposts",
    cls=DefaultGroup,
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
@click.argument("ref", required=False, metavar="[ID|URL|FILE|-]")
@click.option("--new", "since", type=Period(), metavar="SINCE", help="Only families with an article first seen since.")
@click.option("--watched", is_flag=True, help="Only families of articles that are watched.")
@click.option(
    "--docs",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE.jsonl",
    help="Compare the texts of a file with one another, a JSON object a line; no home needed.",
)
@home_option
@json_option
@click.pass_context
def reposts_find(
    ctx: click.Context,
    ref: str | None,
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
    if docs:
        if ref or since or watched:
            raise UsageError("--docs compares the texts of a file with one another; it takes nothing else.")
        _in_corpus(docs, as_json=as_json)
        return
    from aggregator import access, reposts, search

    home = chosen_home(ctx)
    if home.is_new:
        show.say("Nothing was crawled yet.")
        return
    new: frozenset[str] = frozenset()
    if ref is None:
        having = []
        if since:
            having.append(new := reposts.first_seen_since(home, since[0]))
        if watched:
            having.append(reposts.watched(home))
        found: Iterable[Family] = reposts.families(home, *having)
    elif since or watched:
        raise UsageError("--new and --watched choose among all families; leave the article out.")
    elif ref == "-" or _is_file(ref):
        text = sys.stdin.read() if ref == "-" else Path(ref).read_text(encoding="utf-8", errors="replace")
        found = [reposts.who_has(home, loaded(home), text)]
    else:
        try:
            with access.opened(home) as catalogue:
                article = search.find(catalogue, ref)
        except UnknownIdError:
            raise UnknownIdError(
                f"{ref}: neither an article of this home, by its id or address, nor a file that is there. "
                "`aggregator search` finds ids; - reads what is pasted."
            ) from None
        found = [reposts.family_of(home, article)]
    if as_json:
        _print_lines(line for family in found for line in family_json(family))
        return
    count, is_empty = 0, True
    for family in found:
        print_family(family, passages=ref is not None, new=new)
        count, is_empty = count + 1, is_empty and family.is_alone
    if is_empty:
        none = "No family of a watched article." if watched else "No family with an article first seen since then."
        show.say(_nobody(family) if ref else none if since or watched else "No text stands in two places.")
    told = family.telling_matches() if ref else []
    if told and reposts.GIVEN not in family.members:
        show.say(f"What was changed: {again(home, ' '.join(('reposts diff', *family.ordered(told[0]))))}")
    if ref is None and count:
        families = "1 family" if count == 1 else f"{count:,} families"
        show.say(f"{families}. Passages and reasons: {again(home, 'reposts ID')}")


def _is_file(ref: str) -> bool:
    try:
        return Path(ref).is_file()
    except OSError:  # an address may be longer than a name can be
        return False


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

    found = reposts.in_corpus(_docs(path))
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


def _docs(path: Path) -> Iterator[Any]:
    import gzip
    import zlib

    opened = gzip.open if path.suffix == ".gz" else open
    number = 0
    try:
        with opened(path, "rt", encoding="utf-8-sig") as file:
            for number, line in enumerate(file, 1):  # noqa: B007 - said where it fails
                if line.strip():
                    said = json.loads(line)
                    if not isinstance(said, dict):
                        raise ValueError('no JSON object; write {"id": ..., "text": ...}')
                    yield said
    except (ValueError, OSError, EOFError, RecursionError, zlib.error) as error:
        raise UsageError(f"{path}:{number}: cannot be read ({error}). Nothing was compared.") from error


def found_json(found: Found) -> Iterator[dict[str, Any]]:
    """Yield what was found in a corpus as scripts know it."""
    articles = {article.id: article for article in found.corpus.articles()}
    for match in found.matches:
        yield match_json(match, articles)
    for cluster in found.clusters:
        yield _cluster_json(cluster)
    for doc, c, source in found.credits():
        yield {"type": "credit", "doc": doc, "span": [c.start, c.end], "outlet": c.outlet, "source": source}


def family_json(family: Family) -> Iterator[dict[str, Any]]:
    """Yield the lines of a family as scripts know them."""
    for match in family.matches:
        yield match_json(match, family.articles, family.decisions)
    if family.cluster:
        yield _cluster_json(family.cluster, family.decisions)
    for one in family.decisions:
        yield {"type": "decision", **_decision_json(one)}
    for doc, credits in family.credits.items():
        for c in credits:
            yield {"type": "credit", "doc": doc, "span": [c.start, c.end], "outlet": c.outlet, "source": c.source_id}


def match_json(match: Match, articles: Mapping[str, Article], decisions: Iterable[Decision] = ()) -> dict[str, Any]:
    """Return a match as scripts know it.

    Args:
        match: Which.
        articles: Its two articles, and maybe others.
        decisions: What people decided of these.
    """
    sides = [articles[match.a], articles[match.b]]
    translated = {"translation_of": match.first} if match.relation is Relation.TRANSLATION else {}
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
        "sources": [article.source_id or None for article in sides],
        "titles": [article.title for article in sides],
        "urls": [article.url or None for article in sides],
        **translated,
        "decided": [_decision_json(one) for one in decisions if {match.a, match.b} <= set(one.articles)],
    }


def _cluster_json(cluster: Cluster, decisions: Iterable[Decision] = ()) -> dict[str, Any]:
    members = set(cluster.members)
    return {
        "type": "cluster",
        "members": list(cluster.members),
        "original": cluster.original,
        "decided": [_decision_json(one) for one in decisions if set(one.articles) <= members],
    }


def _decision_json(decision: Decision) -> dict[str, Any]:
    return {
        "kind": decision.kind,
        "articles": list(decision.articles),
        "by": decision.by,
        "at": show.iso(decision.at),
    }


def _print_lines(lines: Iterable[dict[str, Any]]) -> None:
    for line in lines:
        said = json.dumps(line, ensure_ascii=False)
        sys.stdout.write((show.safe(said) if show.out.is_terminal else said.encode("utf-8", "replace").decode()) + "\n")
