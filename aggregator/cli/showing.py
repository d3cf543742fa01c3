"""The command show: one article, its text, its versions, and what was changed."""

from __future__ import annotations

import re
import sys
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import click

from aggregator.cli import again, chosen_home, home_option, json_option
from aggregator.cli import output as show
from aggregator.cli.comparing import TOO_LONG
from aggregator.cli.families import match_json
from aggregator.errors import UnknownIdError, UsageError
from aggregator.home import Home
from aggregator.model import Article, Capture, Observation, Version

if TYPE_CHECKING:
    from aggregator.extract import LanguageSpan


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
                **article_json(article, versions[-1]),
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
                        "archived_url": captures[v.record_id].place,
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


def article_json(article: Article, version: Version) -> dict[str, Any]:
    """Return an article's facts as scripts know them, with its newest version, without its text."""
    return {
        "id": article.id,
        "url": article.url,
        "title": article.title,
        "source": article.source_id,
        "author": list(article.authors),
        "language": article.language,
        "published": show.iso(article.claimed_at),
        "published_from": article.claimed_by,
        "captured": show.iso(version.captured_at),
        "first_captured": show.iso(article.captured_at),
        "version": article.version,
        "problems": list(article.problems),
    }
