"""Commands of the way out: search, show, reposts, status, extract, limits."""

from __future__ import annotations

import json
import re
import shutil
import sys
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from difflib import SequenceMatcher
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aggregator.cli import Words, again, chosen_home, home_option, json_option
from aggregator.cli import output as show
from aggregator.cli.collecting import loaded, run_json
from aggregator.errors import UnknownIdError, UsageError
from aggregator.home import Home
from aggregator.model import Article, Following, Hit, Match, Results, Version

if TYPE_CHECKING:
    from aggregator.reposts import Family


# --- search ---------------------------------------------------------------------------------------------------------


class Period(click.ParamType[tuple[datetime, datetime]]):
    """A day, month or year as ISO 8601 writes it; read as its first instant and the first one after it, UTC."""

    name = "date"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[datetime, datetime]:
        if isinstance(value, tuple):
            return value
        hit = re.fullmatch(r"(\d{4})(?:-(\d\d))?(?:-(\d\d))?", value)
        try:
            if hit:
                start = datetime(int(hit[1]), int(hit[2] or 1), int(hit[3] or 1), tzinfo=UTC)
                if hit[3]:
                    return start, start + timedelta(days=1)
                if hit[2]:
                    return start, (start + timedelta(days=32)).replace(day=1)
                return start, start.replace(year=start.year + 1)
        except (ValueError, OverflowError):
            pass
        self.fail(f"{value!r} is no date: write 2026, 2026-11 or 2026-11-23.", param, ctx)


@click.command("search", cls=Words)
@click.argument("query", nargs=-1)
@click.option("--from", "since", type=Period(), metavar="DATE", help="Published on DATE or later.")
@click.option(
    "--to", "until", type=Period(), metavar="DATE", help="Published on DATE or before; 2026-11 is all November."
)
@click.option("--source", "source_ids", multiple=True, metavar="ID", help="Only this source; may be repeated.")
@click.option("--lang", "languages", multiple=True, metavar="CODE", help="Only this language; may be repeated.")
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
    """Find articles that have all the words; "phrases in quotes" and -not are understood.

    Accents and case do not matter, and words are found in their other forms. The copies of one text are one hit. With
    filters and no words: all that passes them, the newest first.

    \b
    Example:
      aggregator search camp eviction --from 2026-09 --lang en
      aggregator search '"centre de retention"' -tribunal --json
    """
    from aggregator import search

    if not (query or since or until or source_ids or languages):
        raise click.UsageError("What to search for? Give words, or a filter such as --source or --from.", ctx)
    asked = replace(
        search.parse(" ".join(query)),
        source_ids=source_ids,
        languages=languages,
        published_from=since and since[0],
        published_to=until and until[1],
    )
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
        copies = f"  +{len(hit.copies)} copies" if len(hit.copies) > 1 else "  +1 copy" if hit.copies else ""
        facts = f"{article.source_id} · {show.day(article.claimed_at)} · {article.language or '?'} · {article.id}"
        show.line((facts, "cyan"), (copies, "magenta"), indent=3)
        show.snippet(hit.snippet, indent=3)
        show.line((article.url, "dim"), indent=3)
    if facets:
        for name, values in results.facets.items():
            show.line((f"{name}: ", "bold"), ", ".join(f"{value or '?'} {count}" for value, count in values))


def results_json(results: Results) -> dict[str, Any]:
    """Return results as scripts know them."""
    return {
        "query": results.query.text,
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
        "captured": show.iso(article.captured_at),
        "version": article.version,
        "score": hit.score,
        "snippet": hit.snippet,
        "copies": list(hit.copies),
        "archived_url": hit.archived,
    }


# --- show -----------------------------------------------------------------------------------------------------------


@click.command("show")
@click.argument("ref", metavar="ID|URL")
@click.option("--version", "number", type=click.IntRange(1), metavar="N", help="Print the text of version N.")
@click.option("--diff", nargs=2, type=click.IntRange(1), metavar="A B", help="Print what changed from version A to B.")
@click.option("--raw", is_flag=True, help="Print the page as archived, byte for byte.")
@home_option
@json_option
@click.pass_context
def show_command(
    ctx: click.Context, ref: str, number: int | None, diff: tuple[int, int] | None, raw: bool, as_json: bool
) -> None:
    """Show an article: what is claimed, what was observed, its text and versions.

    \b
    Example:
      aggregator show https://example.org/2026/11/a-post/
      aggregator show 7k2mq4xw3nbd --diff 1 2
    """
    from aggregator import archive, search
    from aggregator.catalogue import Catalogue

    home = chosen_home(ctx)
    if home.is_new:
        raise UnknownIdError(f"{ref}: nothing was crawled into this home yet.")
    with Catalogue(home.catalogue) as catalogue:
        article = search.find(catalogue, ref)
        versions = catalogue.versions(article.id)
        captures = {c.record_id: c for c in catalogue.captures_of(article.id)}
        credits = catalogue.credits(article.id)
        matches = catalogue.matches_of([article.id])
    chosen = _version(versions, number or len(versions), article)
    if raw:
        if sys.stdout.isatty():
            raise UsageError("a page as archived may hold anything; send it into a file or a pipe.")
        sys.stdout.buffer.write(archive.body(home.archive, captures[chosen.record_id]))
    elif diff:
        _print_diff(*(_version(versions, n, article) for n in diff), as_json=as_json)
    elif as_json:
        show.print_json(
            {
                **article_json(article),
                "text": chosen.text,
                "versions": [
                    {
                        "number": v.number,
                        "version": v.digest,
                        "captured": show.iso(v.captured_at),
                        "title": v.title,
                        "generation": v.generation,
                        "archived_url": f"archive/{captures[v.record_id].file}#{captures[v.record_id].offset}",
                    }
                    for v in versions
                ],
                "credits": [{"line": c.line, "outlet": c.outlet, "source": c.source_id} for c in credits],
                "matches": [match_json(m) for m in matches],
            }
        )
    else:
        _print_article(home, article, chosen, versions, [c.line for c in credits], len(matches))


def _version(versions: list[Version], number: int, article: Article) -> Version:
    if number > len(versions):
        raise UnknownIdError(f"{article.id} has {len(versions)} version(s), no number {number}.")
    return versions[number - 1]


def _print_article(
    home: Home, article: Article, version: Version, versions: list[Version], credits: list[str], matches: int
) -> None:
    show.line((version.title or "(no title)", "bold"))
    facts = [("source", article.source_id), ("address", article.url), ("id", article.id)]
    facts += [("author", ", ".join(article.authors) or "–"), ("language", article.language or "–")]
    facts += [
        ("published", f"{show.minute(article.claimed_at)} (claimed)"),
        ("first seen", show.minute(article.captured_at)),
    ]
    facts += [
        ("version", f"{version.number} of {len(versions)}, {version.digest}, seen {show.minute(version.captured_at)}")
    ]
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


def _print_diff(old: Version, new: Version, *, as_json: bool) -> None:
    """Print the newer text, words that went in [-brackets-], words that came in {+braces+}, as wdiff does."""
    changes = list(_word_changes(f"{old.title}\n\n{old.text}", f"{new.title}\n\n{new.text}"))
    if as_json:
        show.print_json(
            {
                "from": {"number": old.number, "version": old.digest, "captured": show.iso(old.captured_at)},
                "to": {"number": new.number, "version": new.digest, "captured": show.iso(new.captured_at)},
                "changes": [{"what": what, "text": text} for what, text in changes],
            }
        )
        return
    show.say(
        f"version {old.number}, seen {show.minute(old.captured_at)} → "
        f"version {new.number}, seen {show.minute(new.captured_at)}"
    )
    forms = {"same": ("{}", ""), "deleted": ("[-{}-]", "red strike"), "inserted": ("{{+{}+}}", "green underline")}
    show.line(*((forms[what][0].format(text), forms[what][1]) for what, text in changes))


_MIN_SAME = 6
"""Words and the gaps between them that two changes must lie apart, to be two."""


_MAX_DIFFED_CHARS = 20_000
"""Longer changes are shown whole: comparing words takes time with the square of their number."""


def _word_changes(old: str, new: str) -> Iterator[tuple[str, str]]:
    """Yield what is the same, deleted and inserted: paragraphs first, then the words of those that changed."""
    a, b = old.splitlines(keepends=True), new.splitlines(keepends=True)
    for tag, a0, a1, b0, b1 in SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        before, after = "".join(a[a0:a1]), "".join(b[b0:b1])
        if tag == "equal":
            yield "same", after
        elif tag == "replace" and len(before) + len(after) < _MAX_DIFFED_CHARS:
            yield from _changes_within(before, after)
        else:
            yield from ((what, text) for what, text in (("deleted", before), ("inserted", after)) if text)


def _changes_within(before: str, after: str) -> Iterator[tuple[str, str]]:
    a, b = re.findall(r"\S+|\s+", before), re.findall(r"\S+|\s+", after)
    at_a = at_b = 0
    for block in SequenceMatcher(None, a, b, autojunk=False).get_matching_blocks():
        inside = block.a > 0 and block.a + block.size < len(a)
        if inside and block.size < _MIN_SAME:
            continue  # a word or two between two changes belong to the change
        if block.a > at_a:
            yield "deleted", "".join(a[at_a : block.a])
        if block.b > at_b:
            yield "inserted", "".join(b[at_b : block.b])
        if block.size:
            yield "same", "".join(b[block.b : block.b + block.size])
        at_a, at_b = block.a + block.size, block.b + block.size


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
        "captured": show.iso(article.captured_at),
        "version": article.version,
        "problems": list(article.problems),
    }


# --- reposts --------------------------------------------------------------------------------------------------------


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
    from aggregator import reposts, search
    from aggregator.catalogue import Catalogue

    home = chosen_home(ctx)
    if home.is_new:
        show.say("Nothing was crawled yet.")
        return
    if ref is None:
        found = reposts.families(home)
    elif ref == "-" or Path(ref).is_file():
        text = sys.stdin.read() if ref == "-" else Path(ref).read_text(encoding="utf-8", errors="replace")
        found = [reposts.who_has(home, _following(home), text)]
    else:
        with Catalogue(home.catalogue) as catalogue:
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
    from aggregator import dedupe

    words = max((len(dedupe.Words(text).folded) for text in family.texts.values()), default=0)
    if words < 2 * dedupe.MIN_PASSAGE_WORDS:
        return f"Nothing found, but {words} words are few to go by: paste at least a paragraph."
    return "Nobody else has it."


def _following(home: Home) -> Following:
    return loaded(home)


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


# --- status ---------------------------------------------------------------------------------------------------------


@click.command("status")
@home_option
@json_option
@click.pass_context
def status_command(ctx: click.Context, as_json: bool) -> None:
    """Show how each source is doing, and the home: disk, articles, what waits to be indexed.

    \b
    Example:
      aggregator status
    """
    home = chosen_home(ctx)
    found = _status(home)
    if as_json:
        show.print_json(found)
        return
    rows = [
        (
            s["source"],
            "paused" if s["paused"] else (s["outcome"] or ("cut short" if s["articles"] else "never run")),
            _short(s["last_run"]),
            _short(s["last_new"]),
            "now" if s["next_due"] is None and not s["paused"] else _short(s["next_due"]),
            s["articles"],
            s["pending"],
            f"{s['failed'][0]['reason']}" + (f" (+{len(s['failed']) - 1})" if len(s["failed"]) > 1 else "")
            if s["failed"]
            else "",
        )
        for s in found["sources"]
    ]
    headers = ("source", "last run", "at", "last new", "next due", "articles", "left", "trouble")
    show.table(headers, rows, right=[5, 6])
    totals = found["totals"]
    show.say(
        f"{totals['articles']:,} articles, {totals['versions']:,} versions, {totals['captures']:,} captures, "
        f"{totals['clusters']:,} families; archive {found['archive_bytes'] / 1e6:,.1f} MB, index "
        f"{found['index_bytes'] / 1e6:,.1f} MB, {found['free_bytes'] / 1e9:,.1f} GB free; "
        f"{totals['to_index']:,} waiting to be indexed"
    )


def _short(iso: str | None) -> str:
    """Return a time for people, UTC: of today only the hour, else only the day."""
    if not iso:
        return "–"
    return iso[11:16] if iso[:10] == f"{datetime.now(UTC):%Y-%m-%d}" else iso[:10]


def _status(home: Home) -> dict[str, Any]:
    from aggregator import scheduler
    from aggregator.catalogue import Catalogue

    following = _following(home)
    last, new, articles, pending, totals = {}, {}, {}, {}, dict.fromkeys(_TOTALS, 0)
    if not home.is_new:
        with Catalogue(home.catalogue) as catalogue:
            last, new, articles = catalogue.last_runs(), catalogue.last_new(), catalogue.article_counts()
            pending = {s.id: catalogue.count_pending(s.id) for s in following.sources}
            totals = catalogue.counts()
    return {
        "sources": [
            {
                "source": s.id,
                "name": s.name,
                "paused": s.paused,
                "outcome": last[s.id].outcome if s.id in last else None,
                "last_run": show.iso(last[s.id].started_at) if s.id in last else None,
                "last_new": show.iso(new.get(s.id)),
                "next_due": show.iso(scheduler.due_at(s, last.get(s.id))),
                "articles": articles.get(s.id, 0),
                "pending": pending.get(s.id, 0),
                "failed": run_json(last[s.id])["failed"] if s.id in last else [],
            }
            for s in following.sources
        ],
        "totals": totals,
        "archive_bytes": _size(home.archive),
        "index_bytes": _size(home.index),
        "free_bytes": shutil.disk_usage(home.root).free,
    }


_TOTALS = ("captures", "articles", "versions", "matches", "clusters", "to_index")


def _size(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):  # a writer is at work
            total += path.stat().st_size if path.is_file() else 0
    return total


# --- extract --------------------------------------------------------------------------------------------------------


@click.command("extract")
@click.argument("files", nargs=-1, required=True, metavar="FILE...|-")
@click.option("--url", default="", help="Where the page came from, for a single file.")
@json_option
def extract_command(files: tuple[str, ...], url: str, as_json: bool) -> int:
    """Read the article of each page, as the crawl would. No home needed.

    `-` reads standard input: a page, or lines of {"id", "url", "html_path"}.

    \b
    Example:
      aggregator extract --json page.html
    """
    from aggregator import extract
    from aggregator.errors import ExtractError

    failed = 0
    for name, address, body in _pages(files, url):
        try:
            reading = extract.read_page(body, url=address, content_type="", captured_at=datetime.now(UTC))
        except ExtractError as error:
            failed += 1
            show.say(str(error))
            reading = extract.nothing(extract.UNREADABLE)
        if as_json:
            one = {
                "url": address,
                "title": reading.title,
                "date": show.day(reading.claimed_at) if reading.claimed_at else None,
                "text": reading.text,
                "credits": [c.line for c in _credits(reading.text)],
            }
            sys.stdout.write(
                json.dumps(
                    {
                        "id": name,
                        "url": address,
                        "title": reading.title,
                        "author": list(reading.authors),
                        "date": one["date"],
                        "modified": None,
                        "language": reading.language,
                        "text": reading.text,
                        "articles": [one],
                        "problems": list(reading.problems),
                    },
                    ensure_ascii=False,
                )
                + "\n"
            )
            continue
        show.line((reading.title or "(no title)", "bold"))
        facts = (show.day(reading.claimed_at), reading.language or "?", ", ".join(reading.authors), *reading.problems)
        show.line((" · ".join(f for f in facts if f), "cyan"))
        show.line(reading.text)
        show.line()
    return int(bool(failed))


def _credits(text: str) -> list[Any]:
    from aggregator import credits

    return credits.find_credits(text)


def _pages(files: tuple[str, ...], url: str) -> Iterator[tuple[str, str, bytes]]:
    for file in files:
        if file != "-":
            yield Path(file).stem, url, _bytes(Path(file))
            continue
        given = sys.stdin.buffer.read()
        if not given.lstrip().startswith(b"{"):
            yield "-", url, given
            continue
        for line in given.decode("utf-8", "replace").splitlines():
            if line.strip():
                try:
                    row = json.loads(line)
                    path = Path(row["html_path"])
                    yield str(row.get("id", path.stem)), str(row.get("url", "")), _bytes(path)
                except (ValueError, KeyError, TypeError) as error:
                    raise UsageError(f'no line of {{"id", "url", "html_path"}}: {show.safe(line[:80])}') from error


def _bytes(path: Path) -> bytes:
    import gzip

    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error
    try:
        return gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    except (EOFError, OSError, zlib.error) as error:
        raise UsageError(f"{path}: not a whole gzip file ({error})") from error


# --- limits ---------------------------------------------------------------------------------------------------------


@click.command("limits")
@json_option
def limits_command(as_json: bool) -> None:
    """Print every limit and its value.

    \b
    Example:
      aggregator limits --json
    """
    from aggregator.cli.limits import LIMITS

    if as_json:
        show.print_json([asdict(limit) for limit in LIMITS])
        return
    rows = [(limit.name, f"{limit.value:,.0f}", limit.unit, limit.beyond) for limit in LIMITS]
    show.table(("limit", "value", "unit", "beyond it"), rows, right=[1])
