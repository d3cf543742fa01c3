"""The command search: what was found, for people and for scripts."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from aggregator.cli import (
    Period,
    Words,
    chosen_home,
    citing,
    corpora,
    counting,
    home_option,
    json_option,
    saving,
    viewing,
)
from aggregator.cli import output as show
from aggregator.model import Hit, Results

if TYPE_CHECKING:
    from aggregator.concordance import Order
    from aggregator.curves import By
    from aggregator.query import Query

FACET_VALUES = 20
"""Sources and languages that JSON counts: those with most."""
_Command = TypeVar("_Command", bound=Callable[..., Any])


def filter_options(to: str) -> Callable[[_Command], _Command]:
    """Return what gives a command the filters of a search.

    Args:
        to: What the option of the last day is called there.
    """
    options = (
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
        for option in reversed(options):
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
    """Return the query that words and filters make; None: there are none."""
    from aggregator.query import Only, Within, parse

    if not (words or since or until or source_ids or languages):
        return None
    filters: list[Only | Within] = []
    if source_ids:
        filters.append(Only("source", source_ids))
    if languages:
        filters.append(Only("language", languages))
    if since or until:
        filters.append(Within("published", since and since[0], until and until[1]))
    return parse(" ".join(words)).also(*filters)


@click.command("search", cls=Words)
@click.argument("query", nargs=-1)
@filter_options("--to")
@click.option(
    "--sort",
    type=click.Choice(["relevance", "published", "captured"]),
    help="Best first (without it), or newest first: by the claimed date, or by when it was first seen.",
)
@click.option(
    "--limit", type=click.IntRange(1), help="Hits to print, at most 100; without it 10. Citations: without it all."
)
@click.option("--offset", type=click.IntRange(0), default=0, help="Hits to pass over.")
@click.option(
    "--as-of", type=Period(), metavar="DATE", help="What could be read on DATE, in the versions of then, newest first."
)
@click.option("--facets", is_flag=True, help="Print counts by source, language and month too.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json", "jsonl", *citing.FORMS]),
    default="table",
    show_default=True,
    help="table for people, json for all at once, jsonl for one hit a line; the others cite all that was found.",
)
@click.option(
    "--manifest",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Instead of a query: the articles of a manifest, in its versions, and what became of them.",
)
@saving.save_options
@viewing.options
@corpora.options
@home_option
@json_option
@click.pass_context
def search_command(
    ctx: click.Context,
    query: tuple[str, ...],
    since: tuple[datetime, datetime] | None,
    until: tuple[datetime, datetime] | None,
    source_ids: tuple[str, ...],
    languages: tuple[str, ...],
    sort: str | None,
    limit: int | None,
    offset: int,
    as_of: tuple[datetime, datetime] | None,
    facets: bool,
    form: str,
    name: str | None,
    by: str | None,
    kwic: bool,
    kwic_sort: Order,
    curve: By | None,
    docs: Path | None,
    queries: Path | None,
    engine: str | None,
    manifest: Path | None,
    as_json: bool,
) -> None:
    """Find articles that have all the words.

    Accents and case do not matter, and words are found in their other forms. Understood are "phrases in quotes", -not,
    OR, (groups), beginnings* and misspelt~ words, and the fields title: author: source: tag: language: url: cluster:
    published: captured:. The copies of one text are one hit. With filters and no words: all that passes them, the
    newest first.

    \b
    Example:
      aggregator search camp eviction --from 2026-09 --lang en
      aggregator search '"centre de retention" -tribunal published:2010-02/P6M' --json
      aggregator search evict* --kwic --kwic-sort left
      aggregator search eviction --format ris > eviction.ris
    """
    from aggregator import search

    if corpora.check(ctx) and docs and queries:
        return corpora.search_in(docs, queries, engine, as_json=as_json)
    asked = asked_for(query, since, until, source_ids, languages)
    if as_of and (manifest or name or form in citing.FORMS):
        raise click.UsageError("--as-of shows hits of a day that was; nothing else is made of them.", ctx)
    given = citing.Given(limit=limit, offset=offset, sort=sort, facets=facets, as_json=as_json)
    if manifest:
        citing.repeat(chosen_home(ctx), manifest, form, given, has_query=asked is not None)
        return
    if asked is None:
        raise click.UsageError("What to search for? Give words, or a filter such as --source or --from.", ctx)
    home = chosen_home(ctx)
    viewing.check(ctx)
    saving.save(home, name, asked, by)
    if kwic:
        return viewing.show_lines(home, asked, kwic_sort, "json" if as_json else form)
    if curve:
        return counting.show_curve(home, asked, curve, "json" if as_json else form)
    if form in citing.FORMS:
        return citing.cite(home, form, asked, given)
    shown = citing.limit_of(form, limit)
    then = as_of[1] if as_of else None
    results = search.search(home, asked, limit=shown, offset=offset, sort=sort or "relevance", as_of=then)
    if as_json or form == "json":
        show.print_json(results_json(results))
    elif form == "jsonl":
        for hit in results.hits:
            sys.stdout.write(json.dumps(hit_json(hit), ensure_ascii=False) + "\n")
    else:
        print_results(results, offset=offset)
        if facets:
            counting.show_counts(results)


def print_results(results: Results, *, offset: int = 0) -> None:
    """Print hits for people; the words found are in bold."""
    if results.note:
        show.say(results.note)
    show.say(f"{show.counted(results.total, 'article')} found in {results.took_ms:.0f} ms")
    for number, hit in enumerate(results.hits, offset + 1):
        article = hit.article
        show.line((f"{number}. ", "dim"), (article.title or "(no title)", "bold"))
        facts = f"{article.source_id} · {show.day(article.claimed_at)} · {article.language or '?'} · {article.id}"
        show.line((facts, "cyan"), (_copies(hit), "magenta"), indent=3)
        if hit.translations:
            others = ", ".join(f"{language or '?'} {other}" for other, language in hit.translations)
            show.line((f"in other languages: {others}", "cyan"), indent=3)
        show.snippet(hit.snippet, indent=3)
        show.line((article.url, "dim"), indent=3)


def _copies(hit: Hit) -> str:
    """Return how many copies a text has, and which of them the hit is."""
    others = len(hit.copies)
    if not others:
        return ""
    if hit.original in (None, hit.article.id):
        return f"  {'original, ' if hit.original else ''}+{others} {'copy' if others == 1 else 'copies'}"
    more = f", +{others - 1} more" if others > 1 else ""
    return f"  copy of {hit.original}{more}"


def results_json(results: Results) -> dict[str, Any]:
    """Return results as scripts know them."""
    return {
        "query": results.query,
        "total": results.total,
        "took_ms": results.took_ms,
        "note": results.note,
        "hits": [hit_json(hit) for hit in results.hits],
        "facets": {
            name: [list(pair) for pair in (values if name == "month" else values[:FACET_VALUES])]
            for name, values in results.facets.items()
        },
    }


def hit_json(hit: Hit) -> dict[str, Any]:
    """Return a hit as scripts know it."""
    article = hit.article
    return {
        "id": article.id,
        "url": article.url,
        "title": article.title,
        "source": article.source_id,
        "language": article.language,
        "published": show.iso(article.claimed_at),
        "published_from": article.claimed_by,
        "captured": show.iso(article.captured_at),
        "version": article.version,
        "score": hit.score,
        "snippet": hit.snippet,
        "copies": list(hit.copies),
        "original": hit.original,
        "translations": [{"id": other, "language": language} for other, language in hit.translations],
        "archived_url": hit.archived,
    }
