"""The command show: one article, its text, its versions, and what was changed."""

from __future__ import annotations

import re
import sys
from itertools import pairwise
from typing import TYPE_CHECKING

import click

from aggregator.cli import again, chosen_home, home_option, json_option
from aggregator.cli import output as show
from aggregator.cli.comparing import TOO_LONG
from aggregator.errors import UsageError
from aggregator.home import Home
from aggregator.model import Capture, Version
from aggregator.shapes import iso

if TYPE_CHECKING:
    from aggregator.dossier import Dossier


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
    from aggregator.dossier import dossier
    from aggregator.shapes.articles import dossier_json

    home = chosen_home(ctx)
    found = dossier(home, ref)
    chosen = found.version(number)
    if raw:
        if sys.stdout.isatty():
            raise UsageError("a page as archived may hold anything; send it into a file or a pipe.")
        sys.stdout.buffer.write(_page(home, found, chosen))
    elif with_comments:
        _print_comments(found.captures[chosen.record_id], _page(home, found, chosen), as_json=as_json)
    elif diff:
        _print_diff(found, *map(found.version, diff), as_json=as_json)
    elif as_json:
        show.print_json(dossier_json(found, chosen))
    else:
        _print_article(home, found, chosen)


def _page(home: Home, found: Dossier, version: Version) -> bytes:
    """Return the page that a version was read in, without what is withdrawn."""
    from aggregator import access, archive

    capture = found.captures[version.record_id]
    with access.opened(home) as catalogue:
        return catalogue.redacted(capture, archive.body(home.archive, capture))


def _print_article(home: Home, found: Dossier, version: Version) -> None:
    from aggregator.dossier import languages

    article, versions, observed = found.article.as_in(version), found.versions, found.observed
    capture = found.capture(version)
    show.line((version.title or "(no title)", "bold"))
    facts = [("source", article.source_id), ("address", article.url), ("id", article.id)]
    spoken = dict.fromkeys(part.language or "–" for part in languages(version))
    facts += [("author", ", ".join(article.authors) or "–"), ("language", ", ".join(spoken) or "–")]
    facts += [
        ("published", show.claimed(article.claimed_at, article.claimed_by)),
        ("first seen", show.minute(article.captured_at)),
    ]
    facts += [("version", f"{found.numbered(version)}, {version.digest}, seen {show.minute(version.captured_at)}")]
    facts += [("had from", capture.via)] if capture and capture.via else []
    facts += [("edit", _edit(old, new)) for old, new in pairwise(versions)]
    if len(observed) > 1:
        facts += [("observed", " ".join((show.minute(o.at), o.what, f"({o.why})" if o.why else ""))) for o in observed]
    facts += [("credit", credit.line) for credit in found.credits]
    facts += [("problem", problem) for problem in article.problems]
    if found.matches:
        facts.append(("reposts", f"{len(found.matches)} found: {again(home, f'reposts {article.id}')}"))
    if len(versions) > 1:
        facts.append(("edits", again(home, f"show {article.id} --diff {versions[0].number} {versions[-1].number}")))
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
        show.print_json({"captured": iso(capture.captured_at), "comments": written})
    elif written:
        show.line(written)
    else:
        show.say(f"no comments were found on the page of {show.minute(capture.captured_at)}.")


def _print_diff(found: Dossier, old: Version, new: Version, *, as_json: bool) -> None:
    """Print the newer text, with what went and what came."""
    from aggregator import dedupe

    changes = found.changes(old, new)
    if as_json:
        from aggregator.shapes.articles import changes_json

        show.print_json(changes_json(old, new, changes))
        return
    show.say(
        f"version {old.number}, seen {show.minute(old.captured_at)} → "
        f"version {new.number}, seen {show.minute(new.captured_at)}"
    )
    if dedupe.is_coarse(changes):
        show.say(TOO_LONG)
    show.changes((change.what, change.text) for change in changes)
