"""Commands that find and show articles: search, show."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeVar

import click

from aggregator.cli import Period, Words, again, chosen_home, home_option, json_option
from aggregator.cli import output as show
from aggregator.cli.comparing import TOO_LONG
from aggregator.cli.families import match_json
from aggregator.errors import UnknownIdError, UsageError
from aggregator.home import Home
from aggregator.model import Article, Capture, Hit, Observation, Results, Version

if TYPE_CHECKING:
    from aggregator.query import Query

if TYPE_CHECKING:
    from aggregator.extract import LanguageSpan

# --- search -----------------------------------------------------------------------------------------------------------


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
    default="relevance",
    show_default=True,
    help="Best first, or newest first: by the claimed date, or by when it was first seen.",
)
@click.option("--limit", type=click.IntRange(1, 100), default=10, show_default=True, help="Hits to print.")
@click.option("--offset", type=click.IntRange(0), default=0, help="Hits to pass over.")
@click.option("--facets", is_flag=True, help="Print counts by source, language and month too.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json", "jsonl"]),
    default="table",
    show_default=True,
    help="table for people, json for all at once, jsonl for one hit a line.",
)
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
    sort: str,
    limit: int,
    offset: int,
    facets: bool,
    form: str,
    as_json: bool,
) -> None:
    """Find articles that have all the words.

    Accents and case do not matter, and words are found in their other forms. Understood are "phrases in quotes", -not,
    OR, (groups), beginnings* and misspelt~ words, and the fields title: author: source: language: url: cluster:
    published: captured:. The copies of one text are one hit. With filters and no words: all that passes them, the
    newest first.

    \b
    Example:
      aggregator search camp eviction --from 2026-09 --lang en
      aggregator search '"centre de retention" -tribunal published:2010-02/P6M' --json
    """
    from aggregator import search

    asked = asked_for(query, since, until, source_ids, languages)
    if asked is None:
        raise click.UsageError("What to search for? Give words, or a filter such as --source or --from.", ctx)
    results = search.search(chosen_home(ctx), asked, limit=limit, offset=offset, sort=sort)
    if as_json or form == "json":
        show.print_json(results_json(results))
    elif form == "jsonl":
        for hit in results.hits:
            sys.stdout.write(json.dumps(hit_json(hit), ensure_ascii=False) + "\n")
    else:
        print_results(results, offset=offset, facets=facets)


def print_results(results: Results, *, offset: int = 0, facets: bool = False) -> None:
    """Print hits for people; the words found are in bold."""
    if results.note:
        show.say(results.note)
    show.say(f"{results.total:,} found in {results.took_ms:.0f} ms")
    for number, hit in enumerate(results.hits, offset + 1):
        article = hit.article
        show.line((f"{number}. ", "dim"), (article.title or "(no title)", "bold"))
        facts = f"{article.source_id} · {show.day(article.claimed_at)} · {article.language or '?'} · {article.id}"
        show.line((facts, "cyan"), (_copies(hit), "magenta"), indent=3)
        show.snippet(hit.snippet, indent=3)
        show.line((article.url, "dim"), indent=3)
    if facets:
        for name, values in results.facets.items():
            show.line((f"{name}: ", "bold"), ", ".join(f"{value or '?'} {count}" for value, count in values))


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
        "facets": {name: [list(pair) for pair in values] for name, values in results.facets.items()},
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
        "archived_url": hit.archived,
    }


# --- show -------------------------------------------------------------------------------------------------------------


@click.command("show")
@click.argument("ref", metavar="ID|URL")
@click.option("--version", "number", type=click.IntRange(1), metavar="N", help="Print the text of version N.")
@click.option("--diff", nargs=2, type=click.IntRange(1), metavar="A B", help="Print what changed from version A to B.")
@click.option("--comments", "with_comments", is_flag=True, help="Print what readers wrote under it.")
@click.option("--raw", is_flag=True, help="Print the page as archived, byte for byte.")
@home_option
@json_option
@click.pass_context
def show_command(
    ctx: click.Context,
    ref: str,
    number: int | None,
    diff: tuple[int, int] | None,
    with_comments: bool,
    raw: bool,
    as_json: bool,
) -> None:
    """Show an article: what is claimed, what was observed, its text and versions.

    \b
    Example:
      aggregator show https://example.org/2026/11/a-post/
      aggregator show 7k2mq4xw3nbd --diff 1 2
    """
    from aggregator import access, archive, dedupe, reposts, search

    home = chosen_home(ctx)
    if home.is_new:
        raise UnknownIdError(f"{ref}: nothing was crawled into this home yet.")
    with access.opened(home) as catalogue:
        article = search.find(catalogue, ref)
        versions = catalogue.versions(article.id)
        captures = {c.record_id: c for c in catalogue.captures_of(article.id)}
        credits = catalogue.credits(article.id)
        matches = catalogue.matches_of([article.id])
        matched = catalogue.articles({i for m in matches for i in (m.a, m.b)})
        decided = reposts.standing(home, catalogue) if as_json else []
        observed = dedupe.observations(catalogue.captures_at(article.url), catalogue.sightings(article.id), versions)
    chosen = _version(versions, number or len(versions), article)
    if raw:
        if sys.stdout.isatty():
            raise UsageError("a page as archived may hold anything; send it into a file or a pipe.")
        capture = captures[chosen.record_id]
        sys.stdout.buffer.write(catalogue.redacted(capture, archive.body(home.archive, capture)))
    elif with_comments:
        capture = captures[chosen.record_id]
        _print_comments(capture, catalogue.redacted(capture, archive.body(home.archive, capture)), as_json=as_json)
    elif diff:
        _print_diff(*(_version(versions, n, article) for n in diff), as_json=as_json)
    elif as_json:
        show.print_json(
            {
                **article_json(article),
                "languages": [
                    {"language": part.language, "span": [part.start, part.end]} for part in _languages(chosen)
                ],
                "text": chosen.text,
                "versions": [
                    {
                        "number": v.number,
                        "version": v.digest,
                        "captured": show.iso(v.captured_at),
                        "title": v.title,
                        "generation": v.generation,
                        "archived_url": f"archive/{captures[v.record_id].file}#{captures[v.record_id].offset}",
                        "via": captures[v.record_id].via,
                    }
                    for v in versions
                ],
                "observations": [{"at": show.iso(o.at), "what": o.what, "why": o.why} for o in observed],
                "credits": [{"line": c.line, "outlet": c.outlet, "source": c.source_id} for c in credits],
                "matches": [match_json(m, matched, decided) for m in matches],
            }
        )
    else:
        via = captures[chosen.record_id].via
        _print_article(home, article, chosen, versions, observed, [c.line for c in credits], len(matches), via)


def _version(versions: list[Version], number: int, article: Article) -> Version:
    if number > len(versions):
        raise UnknownIdError(f"{article.id} has {len(versions)} version(s), no number {number}.")
    return versions[number - 1]


def _languages(version: Version) -> tuple[LanguageSpan, ...]:
    """Return the parts of a text by language: a page may hold one and its translation.

    Of a long one they are those of its beginning.
    """
    from aggregator.dedupe import MAX_COMPARED_CHARS
    from aggregator.extract import LanguageSpan, language_spans

    parts = language_spans(version.text[:MAX_COMPARED_CHARS], (version.language,) if version.language else ())
    is_one = len({part.language for part in parts}) < 2
    return (LanguageSpan(version.language, 0, len(version.text)),) if is_one and version.text else parts


def _print_article(
    home: Home,
    article: Article,
    version: Version,
    versions: list[Version],
    observed: list[Observation],
    credits: list[str],
    matches: int,
    via: str | None,
) -> None:
    show.line((version.title or "(no title)", "bold"))
    facts = [("source", article.source_id), ("address", article.url), ("id", article.id)]
    spoken = dict.fromkeys(part.language or "–" for part in _languages(version))
    facts += [("author", ", ".join(article.authors) or "–"), ("language", ", ".join(spoken) or "–")]
    facts += [
        ("published", show.claimed(article.claimed_at, article.claimed_by)),
        ("first seen", show.minute(article.captured_at)),
    ]
    facts += [
        ("version", f"{version.number} of {len(versions)}, {version.digest}, seen {show.minute(version.captured_at)}")
    ]
    facts += [("had from", via)] if via else []
    facts += [("edit", _edit(old, new)) for old, new in pairwise(versions)]
    if len(observed) > 1:
        facts += [("observed", " ".join((show.minute(o.at), o.what, f"({o.why})" if o.why else ""))) for o in observed]
    facts += [("credit", line) for line in credits]
    facts += [("problem", problem) for problem in article.problems]
    if matches:
        facts.append(("reposts", f"{matches} found: {again(home, f'reposts {article.id}')}"))
    if len(versions) > 1:
        facts.append(("edits", again(home, f"show {article.id} --diff 1 {len(versions)}")))
    for name, value in facts:
        show.line((f"{name:<11}", "cyan"), value)
    show.line()
    for paragraph in version.text.split("\n"):
        show.line(paragraph)


_NOTE = re.compile(
    r"\W*(?:update[ds]?|edit(?:ed)?|correction|new info|mise à jour|maj|ajout|rectificatif|aktualisierung|nachtrag"
    r"|korrektur|actualización|aggiornamento|rettifica|bijgewerkt|rectificatie)\b",
    re.IGNORECASE,
)
_NOTE_CHARS = 60


def _edit(old: Version, new: Version) -> str:
    """Return when an edit was first seen and what it is: another title, a note that says so, words in and out."""
    from aggregator import dedupe

    said = [f"to version {new.number}, first seen {show.minute(new.captured_at)}"]
    if old.title != new.title:
        said.append(f"title was “{old.title or 'none'}”")
    before = set(old.text.split("\n"))
    notes = [line for line in new.text.split("\n") if line not in before and _NOTE.match(line)]
    said += [f"note “{line[:_NOTE_CHARS].rstrip()}{'…' if len(line) > _NOTE_CHARS else ''}”" for line in notes[:3]]
    came, went = dedupe.words_changed(dedupe.changes(old.text, new.text))
    said.append(f"+{came} −{went} words")
    return " · ".join(said)


def _print_comments(capture: Capture, body: bytes, *, as_json: bool) -> None:
    """Print what readers had written under an article when that page was captured."""
    from aggregator import extract

    page = extract.submit_page(
        body,
        url=capture.url,
        content_type=capture.content_type,
        captured_at=capture.captured_at,
        with_comments=True,
    )
    written = page.result().comments
    if as_json:
        show.print_json({"captured": show.iso(capture.captured_at), "comments": written})
    elif written:
        show.line(written)
    else:
        show.say(f"no comments were found on the page of {show.minute(capture.captured_at)}.")


def _print_diff(old: Version, new: Version, *, as_json: bool) -> None:
    """Print the newer text, with what went and what came."""
    from aggregator import dedupe

    changes = list(dedupe.changes(f"{old.title or ''}\n\n{old.text}", f"{new.title or ''}\n\n{new.text}"))
    if as_json:
        show.print_json(
            {
                "from": {"number": old.number, "version": old.digest, "captured": show.iso(old.captured_at)},
                "to": {"number": new.number, "version": new.digest, "captured": show.iso(new.captured_at)},
                "changes": [{"what": change.what, "text": change.text} for change in changes],
            }
        )
        return
    show.say(
        f"version {old.number}, seen {show.minute(old.captured_at)} → "
        f"version {new.number}, seen {show.minute(new.captured_at)}"
    )
    if dedupe.is_coarse(changes):
        show.say(TOO_LONG)
    show.changes((change.what, change.text) for change in changes)


def article_json(article: Article) -> dict[str, Any]:
    """Return an article's facts as scripts know them, without its text."""
    return {
        "id": article.id,
        "url": article.url,
        "title": article.title,
        "source": article.source_id,
        "author": list(article.authors),
        "language": article.language,
        "published": show.iso(article.claimed_at),
        "published_from": article.claimed_by,
        "captured": show.iso(article.captured_at),
        "version": article.version,
        "problems": list(article.problems),
    }
