"""The command reposts: who has a text, who had it first, and why."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from datetime import datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aggregator.cli import DefaultGroup, Period, again, chosen_home, given, home_option, json_option
from aggregator.cli import output as show
from aggregator.cli.comparing import reposts_diff
from aggregator.cli.deciding import COMMANDS
from aggregator.cli.writing import loaded
from aggregator.errors import UnknownIdError, UsageError
from aggregator.home import Home
from aggregator.model import Article, Cluster, Match, Passage, Relation

if TYPE_CHECKING:
    from aggregator.reposts import Decision, Family, Found

_PASSAGES_SHOWN = 3
_PASSAGE_CHARS = 150
_MATCHES_SHOWN = 20
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
            show.say(f"Watched, and in no family yet: {_called(article)} {article.title or '(no title)'}")


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

    if GIVEN not in family.members:
        return "No other article shares text with it."

    count = max((len(words.words(text)) for text in family.texts.values()), default=0)
    if count < 2 * dedupe.MIN_STRETCH_WORDS:
        return f"Nothing found, but {show.counted(count, 'word')}: few to go by. Paste at least a paragraph."
    return "Nothing found: no article has twelve words in a row of it. Paraphrases and its translations are not found."


def print_family(family: Family, *, passages: bool, new: Iterable[str] = ()) -> None:
    """Print a family: its articles as they were published, and if wanted why each is in it, with its longest passages.

    Args:
        family: Which.
        passages: Whether to give reasons and passages.
        new: The articles that are marked as new.
    """
    from aggregator.reposts import GIVEN

    if family.is_alone:
        _print_decisions(family)
        return
    first = _first(family)
    show.line((_heading(family), "bold"))
    fresh = set(new)
    joined = {i: one.kind for one in family.decisions if one.kind == "joined" for i in one.articles}
    plain = {GIVEN, first} if len(family.articles) > 2 else family.members
    rows = []
    for article in family.in_order:
        match = family.best_match(article.id)
        what = "original" if article.id == first else _what(match, article.id) if match else joined.get(article.id, "")
        mark = "●" if article.id == first else "○"
        rows.append(
            (
                mark,
                _when(article),
                article.source_id or "the text given",
                article.language or "?",
                f"{what}{' (new)' if article.id in fresh else ''}",
                _share(match, article.id, plain) if match and article.id != first else "",
                article.id if article.source_id else "",
                article.title or "(no title)" if article.source_id else "",
            )
        )
    if show.is_narrow():
        for mark, when, source, language, what, share, ident, title in rows:
            show.line((f"{mark} ", "bold"), "  ".join(filter(None, (when, source, language, what, share))))
            show.line((ident, "cyan"), f"  {title}", indent=4)
    else:
        show.table(("", "published (UTC)", "source", "in", "what", "shared", "id", "title"), rows)
    _print_decisions(family)
    if passages:
        _print_matches(family)
    show.line()


def _print_decisions(family: Family) -> None:
    for one in family.decisions:
        of_whom = (family.articles.get(i) for i in one.articles)
        called = (_called(article) if article else i for article, i in zip(of_whom, one.articles, strict=True))
        show.line((f"   {one.kind}", "magenta"), f" by {one.by} on {show.day(one.at)}: {', '.join(called)}")


def _first(family: Family) -> str | None:
    """Return the article that had the text of a family first; None: that is undecided."""
    from aggregator.reposts import GIVEN

    if family.cluster:
        return family.cluster.original
    firsts = {match.first for match in family.matches if GIVEN not in (match.a, match.b)}
    return firsts.pop() if len(firsts) == 1 else None


def _when(article: Article) -> str:
    """Return when an article claims to have been published: the day alone, where no more is claimed."""
    at = article.claimed_at
    return show.day(at) if at and at.time() == time() else show.minute(at)


def _heading(family: Family) -> str:
    """Return in words who is in a family and who had the text first."""
    cluster = family.cluster
    archived = [i for i in family.members if family.articles[i].source_id]
    others = len(archived) - (len(cluster.members) if cluster else 0)
    said = [show.counted(len(cluster.members), "article") + ", one text"] if cluster else []
    translated = {i for m in family.matches if m.relation is Relation.TRANSLATION for i in (m.a, m.b)}
    apart = len(translated - set(cluster.members if cluster else ()))
    if apart:
        said.append(show.counted(apart, "translation") if cluster else "a text and its translation")
        others -= apart
    if others > 0:
        said.append(f"{show.counted(others, 'article')} {'shares' if others == 1 else 'share'} a passage")
    if cluster and cluster.original:
        original = family.articles[cluster.original]
        said.append(f"probable original: {original.source_id} {original.id}")
    elif cluster and any(m.kind == "joint" for m in family.matches):
        said.append("a joint release, without an original")
    elif cluster:
        said.append("original undecided")
    return " · ".join(said)


def _what(match: Match, article_id: str) -> str:
    """Return what an article is to the other of a match."""
    if match.first != article_id or match.kind in ("joint", "mirror", "migrated"):
        return match.kind
    if match.relation is Relation.PARTIAL:
        return f"source of {match.kind}"
    return "copied" if match.relation is Relation.DUP else "translated"


def _share(match: Match, article_id: str, plain: Set[str | None]) -> str:
    """Return how much of an article's text stands in the other of a match; in which, if it is not a plain case."""
    share, other = (match.a_coverage, match.b) if match.a == article_id else (match.b_coverage, match.a)
    return f"{share:.0%}" if other in plain else f"{share:.0%} in {other}"


def _print_matches(family: Family) -> None:
    chosen = family.telling_matches()
    for match in chosen[:_MATCHES_SHOWN]:
        a, b = (family.articles[i] for i in family.ordered(match))
        show.line((f"   {match.kind}", "magenta"), f"  {_called(a)} {'→' if match.first else '–'} {_called(b)}")
        for reason in match.evidence:
            show.line(f"– {reason}", indent=6)
        _print_passages(match, family)
    left = len(family.matches) - min(len(chosen), _MATCHES_SHOWN)
    if left > 0:
        show.line((f"   {show.counted(left, 'more pair')} among them: --json gives all", "dim"))


def _called(article: Article) -> str:
    return f"{article.source_id} {article.id}" if article.source_id else "the text given"


def _print_passages(match: Match, family: Family) -> None:
    longest = sorted(match.passages, key=lambda p: p.a_start - p.a_end)[:_PASSAGES_SHOWN]
    for p in sorted(longest):
        show.line((f"“{_cut(family.texts[match.a_version], p)}”", "dim"), indent=8)
        if match.relation is Relation.TRANSLATION:
            there = Passage(p.b_start, p.b_end, p.b_start, p.b_end)
            show.line((f"“{_cut(family.texts[match.b_version], there)}”", "dim"), indent=8)
    if len(match.passages) > _PASSAGES_SHOWN:
        show.line((f"and {len(match.passages) - _PASSAGES_SHOWN} more", "dim"), indent=8)


def _cut(text: str, passage: Passage) -> str:
    """Return a passage, or its beginning and end, in whole words."""
    said = " ".join(text[passage.a_start : passage.a_end].split())
    if len(said) <= _PASSAGE_CHARS:
        return said
    beginning, end = said[: 2 * _PASSAGE_CHARS // 3], said[-_PASSAGE_CHARS // 3 :]
    return f"{beginning.rpartition(' ')[0] or beginning} […] {end.partition(' ')[2] or end}"


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
    titles = {article.id: (article.source_id, article.title or "") for article in found.corpus.articles()}
    for cluster in found.clusters:
        show.line((f"{len(cluster.members)} texts are one", "bold"), f"  original: {cluster.original or 'undecided'}")
        for member in cluster.members:
            show.line(f" {'●' if member == cluster.original else '○'} {member}  {'  '.join(titles[member])}")
    kinds: dict[str, int] = {}
    for match in found.matches:
        kinds[match.kind] = kinds.get(match.kind, 0) + 1
    show.table(("pairs", "kind"), [(n, kind) for kind, n in sorted(kinds.items(), key=lambda p: -p[1])], right=[0])
    show.say(
        f"{len(titles):,} texts, {len(found.matches):,} pairs, {len(found.clusters):,} families. "
        "Passages and reasons: --json."
    )


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
