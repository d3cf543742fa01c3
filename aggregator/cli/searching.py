"""The command search: words and options to one of six answers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aggregator.cli import (
    Period,
    Words,
    chosen_home,
    citing,
    corpora,
    filters,
    hits,
    home_option,
    json_option,
    saving,
    viewing,
)
from aggregator.cli.typed import Mode, Typed, read

if TYPE_CHECKING:
    from aggregator.home import Home
    from aggregator.query import Query


@click.command("search", cls=Words)
@click.argument("query", nargs=-1)
@filters.options("--to")
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
    type=click.Choice([*hits.FORMS, *citing.FORMS]),
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
def search_command(ctx: click.Context, /, **options: Any) -> None:
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
    typed = read(ctx, options)
    if typed.docs and typed.queries:
        return corpora.search_in(typed.docs, typed.queries, typed.engine, as_json=typed.form == "json")
    home = chosen_home(ctx)
    if typed.manifest:
        return citing.repeat(home, typed.manifest, typed.form, limit=typed.limit, offset=typed.offset)
    asked = filters.asked_for(typed.query, typed.since, typed.until, typed.source_ids, typed.languages)
    if asked is not None:
        with saving.kept(home, typed.name, asked, typed.by):
            _answer(home, asked, typed)


def _answer(home: Home, asked: Query, typed: Typed) -> None:
    """Print what a query finds, as was asked for."""
    form, limit, offset, as_of = typed.form, typed.limit, typed.offset, typed.as_of and typed.as_of[1]
    if typed.mode is Mode.CONTEXT:
        viewing.show_lines(home, asked, typed.kwic_sort, form, as_of=as_of)
    elif typed.mode is Mode.CURVE and typed.curve:
        from aggregator.cli import counting

        counting.show_curve(home, asked, typed.curve, form, as_of=as_of)
    elif typed.mode is Mode.CITATIONS:
        citing.cite(home, form, asked, limit=limit, offset=offset, as_of=as_of)
    else:
        hits.show_hits(home, asked, form, limit=limit, offset=offset, sort=typed.sort, as_of=as_of, facets=typed.facets)
