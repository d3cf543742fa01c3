"""What search writes for elsewhere, to stdout: citations of all that was found, or of what a manifest names."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aggregator.cli import output as show
from aggregator.cli.writing import loaded
from aggregator.errors import UsageError
from aggregator.home import Home

if TYPE_CHECKING:
    from aggregator.citations import Cited
    from aggregator.citations.manifest import Manifest
    from aggregator.query import Query
    from aggregator.search import Exactly
    from aggregator.search.citing import Left

FORMS = ("csv", "ris", "bibtex", "csl", "atom")
"""As in ``citations``, which ``--help`` does not wait for; jsonl of a search is one of hits."""
_NAMED = 5


def cite(home: Home, form: str, asked: Query, *, limit: int | None, offset: int, as_of: datetime | None) -> None:
    """Write citations of the articles that have all of a query, copies too, the newest first.

    Args:
        home: Where to look.
        form: One of ``FORMS``.
        asked: The query.
        limit: How many; None: all of them.
        offset: How many to pass over.
        as_of: Of what could be read just before then, in the versions of then; None: as it is now.
    """
    from aggregator import access, search
    from aggregator.search import citing, past

    now = datetime.now(UTC)
    if home.is_new:
        show.say("Nothing was crawled yet.")
        _write(form, (), about="Found", now=now)
        return
    following = loaded(home)
    with access.opened(home, now=now, leaving=True) as catalogue:
        with closing(past.answers_of(home, catalogue, as_of)) as answers:
            found = search.exactly(answers, home, catalogue, asked)
        tell_found(found)
        about = f"Found with {asked.text}" if asked.text else "Found"
        cited = citing.cited(catalogue, following, found.ids[_some(limit, offset)], as_of=as_of)
        _write(form, cited, about=about, now=now)


def tell_found(found: Exactly) -> None:
    """Say what should be known of what is handed on, and what a search shows beside it."""
    if found.note:
        show.say(found.note)
    if found.instead:
        least = "At least " if found.or_more else ""
        show.say(
            f"Only articles that have all of the words were written: {len(found.ids):,}. "
            f"{least}{show.counted(found.found_instead, 'article')} have some of them; ask for these with "
            f"{shlex.quote(found.instead)}.",
            "yellow",
        )


def _some(limit: int | None, offset: int) -> slice:
    return slice(offset, None if limit is None else offset + limit)


def _write(form: str, cited: Iterable[Cited], *, about: str, now: datetime) -> None:
    """Write citations to stdout as they are found; say in the end which of them name numbers or addresses."""
    from aggregator import citations

    having: list[str] = []
    for piece in citations.written(form, _watched(cited, having), about=about, now=now):
        if show.out.is_terminal:
            show.text(piece.decode().replace("\r\n", "\n").removesuffix("\n"))
        else:
            sys.stdout.buffer.write(piece)
    sys.stdout.flush()
    tell_contacts(having)


def _watched(cited: Iterable[Cited], having: list[str]) -> Iterator[Cited]:
    """Yield citations, and note those of which what is written holds phone numbers or e-mail addresses."""
    for each in cited:
        if each.has_contacts:
            having.append(each.article.id)
        yield each


def tell_contacts(ids: Sequence[str]) -> None:
    """Say in which articles phone numbers or e-mail addresses stand, and what can be done."""
    if not ids:
        return
    more = f" and {len(ids) - _NAMED:,} more" if len(ids) > _NAMED else ""
    show.say(
        f"Phone numbers or e-mail addresses stand in {show.counted(len(ids), 'article')}: "
        f"{', '.join(ids[:_NAMED])}{more}. They were written, too. Look before you give it away "
        "(`aggregator show ID`); what must not leave is withdrawn with `aggregator takedown --scope passage`."
    )


# --- manifests ------------------------------------------------------------------------------------------------------


def repeat(home: Home, path: Path, form: str, *, limit: int | None, offset: int) -> None:
    """Show or write the articles that a manifest names, in the versions that it names.

    Args:
        home: Where to look.
        path: The manifest.
        form: As of search.
        limit: How many of them; None: all.
        offset: How many to pass over.

    Raises:
        UsageError: It cannot be read, or nothing was crawled yet.
    """
    listed = _read(path)
    if home.is_new:
        raise UsageError("nothing was crawled into this home yet; nothing that the manifest names is here.")
    from aggregator import access
    from aggregator.search import citing

    now, following = datetime.now(UTC), loaded(home)
    with access.opened(home, now=now, leaving=form in FORMS) as catalogue:
        left = citing.left(home, catalogue, listed.articles, now=now)
        cited = citing.cited(catalogue, following, list(left.versions)[_some(limit, offset)], left.versions)
        if form == "json":
            show.print_json(manifest_json(listed, left, cited))
        elif form == "table":
            _print(cited, set(left.changed))
        else:
            _write(form, cited, about=f"Found with {listed.query}" if listed.query else "Found", now=now)
    _tell(listed, left)


def _read(path: Path) -> Manifest:
    from aggregator.citations import manifest

    try:
        with path.open("rb") as file:
            data = file.read(manifest.MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}. Nothing was looked for.") from error
    try:
        return manifest.read(data)
    except ValueError as error:
        raise UsageError(
            f"{path}: {error}. Nothing was looked for. `aggregator export manifest` writes one."
        ) from error


def _print(cited: Iterable[Cited], changed: set[str]) -> None:
    rows = [
        (
            each.article.id,
            each.version,
            show.minute(each.captured_at),
            "changed since" if each.article.id in changed else "",
            each.title or "(no title)",
        )
        for each in cited
    ]
    show.table(("id", "version", "captured", "", "title"), rows)


def _tell(listed: Manifest, left: Left) -> None:
    """Say what became of the articles of a manifest."""
    show.say(
        f"{len(left.versions):,} of {show.counted(len(listed.articles), 'article')} are here as the manifest has them."
    )
    for ids, what in ((left.changed, "changed since"), (left.gone, "gone, or not in that version any more")):
        if ids:
            more = f" and {len(ids) - _NAMED:,} more" if len(ids) > _NAMED else ""
            show.say(f"{len(ids):,} {what}: {', '.join(ids[:_NAMED])}{more}.")
    if left.withdrawn:
        show.say(f"{left.withdrawn:,} withdrawn, or gone where something was erased. Which these are is not said.")


def manifest_json(listed: Manifest, left: Left, cited: Iterable[Cited]) -> dict[str, Any]:
    """Return what is left of a manifest as scripts know it."""
    from aggregator.citations import lines

    return {
        "query": listed.query,
        "made": listed.made,
        "total": len(listed.articles),
        "articles": [lines.said_of(each) for each in cited],
        "changed": list(left.changed),
        "gone": list(left.gone),
        "withdrawn": left.withdrawn,
    }
