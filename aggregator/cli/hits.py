"""Hits, for people and for scripts: what search and searches print."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from aggregator.cli import output as show
from aggregator.model import Hit, Results
from aggregator.shapes.hits import hit_json, results_json

if TYPE_CHECKING:
    from aggregator.home import Home
    from aggregator.query import Query

FORMS = ("table", "json", "jsonl")
DEFAULT_LIMIT = 10


def show_hits(
    home: Home,
    asked: Query,
    form: str,
    *,
    limit: int | None,
    offset: int,
    sort: str | None,
    as_of: datetime | None,
    facets: bool,
) -> None:
    """Print the hits of a query; ``limit`` None: the first ten, ``sort`` None: the best first."""
    from aggregator import search

    results = search.search(
        home, asked, limit=limit or DEFAULT_LIMIT, offset=offset, sort=sort or "relevance", as_of=as_of
    )
    if form == "json":
        show.print_json(results_json(results))
    elif form == "jsonl":
        for hit in results.hits:
            sys.stdout.write(json.dumps(hit_json(hit), ensure_ascii=False) + "\n")
    else:
        print_results(results, offset=offset, with_versions=as_of is not None)
        if facets:
            from aggregator.cli import counting

            counting.show_counts(results)


def print_results(results: Results, *, offset: int = 0, with_versions: bool = False) -> None:
    """Print hits for people; the words found are in bold. Which version each hit is, is said if wanted."""
    if results.note:
        show.say(results.note)
    texts = ""
    if results.copies:
        copies = "1 copy" if results.copies == 1 else f"{results.copies:,} copies"
        texts = f": {show.counted(results.texts or 0, 'text')} and {copies}"
    show.say(f"{show.counted(results.total, 'article')} found in {results.took_ms:.0f} ms{texts}")
    for number, hit in enumerate(results.hits, offset + 1):
        article = hit.article
        show.line((f"{number}. ", "dim"), *_title(hit))
        facts = f"{article.source_id} · {show.day(article.claimed_at)} · {article.language or '?'} · {article.id}"
        facts += f" · version {hit.number} of {hit.versions}" if with_versions else ""
        show.line((facts, "cyan"), (_copies(hit), "magenta"), indent=3)
        if hit.translations:
            others = ", ".join(f"{language or '?'} {other}" for other, language in hit.translations)
            show.line((f"in other languages: {others}", "cyan"), indent=3)
        show.snippet(hit.snippet, indent=3)
        show.line((article.url, "dim"), indent=3)


def _title(hit: Hit) -> Iterable[tuple[str, str]]:
    """Return the title, on a terminal with the words found marked; a pipe has it as it is."""
    if hit.title and show.out.is_terminal:
        return show.in_words(hit.title, "bold")
    return ((hit.article.title or "(no title)", "bold"),)


def _copies(hit: Hit) -> str:
    """Return how many copies a text has, and which of them the hit is."""
    others = len(hit.copies)
    if not others:
        return ""
    if hit.original in (None, hit.article.id):
        return f"  {'original, ' if hit.original else ''}+{others} {'copy' if others == 1 else 'copies'}"
    more = f", +{others - 1} more" if others > 1 else ""
    return f"  copy of {hit.original}{more}"
