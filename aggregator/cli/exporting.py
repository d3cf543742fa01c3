"""The command export: what was found, as a file for somebody else."""

from __future__ import annotations

import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aggregator.characters import whole
from aggregator.cli import Words, chosen_home, filters, home_option, json_option
from aggregator.cli import output as show
from aggregator.cli.citing import tell_contacts, tell_found
from aggregator.cli.writing import loaded
from aggregator.errors import UsageError

if TYPE_CHECKING:
    from aggregator.exports import Export

KINDS = ("warc", "wacz", "bag", "jsonl", "csv", "manifest")
"""As in ``exports``, which ``--help`` does not wait for."""


@click.command("export", cls=Words)
@click.argument("kind", type=click.Choice(KINDS), metavar="KIND")
@click.argument("query", nargs=-1)
@click.option("-o", "--output", metavar="PATH", required=True, help="Where to: a new file, or a new folder for bag.")
@click.option("--to", "whom", metavar="WHOM", help="Who gets it, for the list of what was handed on. No date.")
@filters.options("--to-date")
@click.option("--force", is_flag=True, help="Replace the file or bag that is there.")
@home_option
@json_option
@click.pass_context
def export_command(
    ctx: click.Context,
    kind: str,
    query: tuple[str, ...],
    output: str,
    whom: str | None,
    since: tuple[datetime, datetime] | None,
    until: tuple[datetime, datetime] | None,
    source_ids: tuple[str, ...],
    languages: tuple[str, ...],
    force: bool,
    as_json: bool,
) -> int:
    """Hand on the articles that a search finds, copies too; without words and filters, all of them.

    KIND is warc (the captures, byte for byte), wacz (the same with index and pages, to be replayed), bag (a BagIt
    with captures, index, articles and digests), jsonl or csv (the articles alone; -o - is stdout), manifest (only which
    articles in which versions: `search --manifest` finds them again). The query is that of search; its --to is called
    --to-date here.

    \b
    Example:
      aggregator export wacz "net loft" --from 2026-09 -o loft.wacz --to "City archive"
      aggregator export csv --source northport -o - | head
    """
    from aggregator import access, exports, search
    from aggregator.citations.manifest import Asked
    from aggregator.decisions import Decisions
    from aggregator.search.past import answers_of

    home, now = chosen_home(ctx), datetime.now(UTC)
    if output == "-" and (as_json or kind not in exports.STREAMS):
        raise UsageError(f"stdout cannot take {kind}{' and --json' if as_json else ''}. Name a file with -o.")
    asked = filters.asked_for(query, since, until, source_ids, languages)
    if home.is_new:
        raise UsageError("nothing was crawled into this home yet; there is nothing to hand on.")
    found = None
    with show.progress() as report:
        if asked:
            with (
                access.opened(home, now=now, leaving=True) as catalogue,
                closing(answers_of(home, catalogue, None)) as answers,
            ):
                found = search.exactly(answers, home, catalogue, asked)
        made = exports.export(
            home,
            loaded(home),
            kind,
            sys.stdout.buffer if output == "-" else Path(output),
            now=now,
            ids=found.ids if found else None,
            about=_about(query, since, until, source_ids, languages),
            asked=Asked(
                query=" ".join(query),
                since=since and since[0],
                before=until and until[1],
                source_ids=source_ids,
                languages=languages,
            ),
            force=force,
            report=report,
        )
    sys.stdout.flush()
    Decisions(home.archive).append("export", made.said(whom and whole(whom)), now=now)
    if found:
        tell_found(found)
    for problem in made.problems:
        show.say(f"not in it: {problem}")
    tell_contacts(made.contacts)
    if as_json:
        show.print_json(export_json(made))
    else:
        _print(made)
    return 1 if made.problems else 0


def _about(
    query: tuple[str, ...],
    since: tuple[datetime, datetime] | None,
    until: tuple[datetime, datetime] | None,
    source_ids: tuple[str, ...],
    languages: tuple[str, ...],
) -> str:
    """Return what was asked for, in words."""
    parts = [
        f"with {' '.join(query)}" if query else "",
        f"of {', '.join(source_ids)}" if source_ids else "",
        f"in {', '.join(languages)}" if languages else "",
        f"from {since[0]:%Y-%m-%d}" if since else "",
        f"before {until[1]:%Y-%m-%d}" if until else "",
    ]
    return " ".join(("Articles", *(part for part in parts if part))) if any(parts) else "All articles"


def _print(made: Export) -> None:
    captures = f" with {show.counted(made.captures, 'capture')}" if made.kind in ("warc", "wacz", "bag") else ""
    show.say(f"{show.counted(len(made.article_ids), 'article')}{captures}, {made.size_bytes:,} bytes.")
    if made.withheld_articles or made.withheld_captures:
        show.say(
            f"Withheld: {show.counted(made.withheld_articles, 'article')}, "
            f"{show.counted(made.withheld_captures, 'capture')}."
        )
    if made.path:
        # as sha256sum prints it, so that whoever gets the file can check it
        show.line(f"{made.sha256}  {made.path / 'tagmanifest-sha256.txt' if made.kind == 'bag' else made.path}")


def export_json(made: Export) -> dict[str, Any]:
    """Return what was handed on as scripts know it."""
    return {
        "kind": made.kind,
        "path": str(made.path),
        "bytes": made.size_bytes,
        "sha256": made.sha256,
        "articles": len(made.article_ids),
        "captures": made.captures,
        "withheld": {"articles": made.withheld_articles, "captures": made.withheld_captures},
        "problems": list(made.problems),
        "contacts": list(made.contacts),
    }
