"""The command extract: pages to articles, without a home."""

from __future__ import annotations

import json
import sys
import zlib
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from aggregator import credits
from aggregator.cli import json_option
from aggregator.cli import output as show
from aggregator.errors import UsageError
from aggregator.model import Reading

_AHEAD = 16
"""Pages that are read before the first of them is asked for."""


@click.command("extract")
@click.argument("files", nargs=-1, required=True, metavar="FILE...|-")
@click.option("--url", default="", help="Where the page came from, for a single file.")
@click.option("--comments", "with_comments", is_flag=True, help="Also what readers wrote under it.")
@json_option
def extract_command(files: tuple[str, ...], url: str, with_comments: bool, as_json: bool) -> int:
    """Read the article of each page, as the crawl would. No home needed.

    `-` reads standard input: a page, or lines of {"id", "url", "html_path"}.

    \b
    Example:
      aggregator extract --json page.html
    """
    from aggregator import extract
    from aggregator.errors import ExtractError

    failed = 0
    for name, address, coming in _readings(files, url, with_comments):
        try:
            reading = coming.result()
        except ExtractError as error:
            failed += 1
            show.say(f"{address or name}: {error.reason}")
            reading = extract.nothing(extract.UNREADABLE)
        if as_json:
            sys.stdout.write(json.dumps(reading_json(name, address, reading), ensure_ascii=False) + "\n")
            continue
        for number, post in enumerate(reading.posts or (reading,), 1):
            if reading.posts:
                show.line((f"{number} of {len(reading.posts)}  ", "dim"), (post.url or "", "dim"))
            _print_reading(post)
    return int(bool(failed))


def reading_json(name: str, url: str, reading: Reading) -> dict[str, Any]:
    """Return what was read in a page as scripts know it.

    Args:
        name: Of the page, as the caller knows it.
        url: Where it came from; empty: unknown.
        reading: What was read.
    """
    from aggregator import extract

    return {
        "id": name,
        "url": url,
        "canonical": reading.canonical_url,
        "title": reading.title,
        "author": list(reading.authors),
        "date": _day(reading.claimed_at),
        "date_from": reading.claimed_by,
        "modified": _day(reading.modified_at),
        "language": reading.language,
        "text": reading.text,
        "languages": [
            {"language": part.language, "span": [part.start, part.end]} for part in extract.language_spans(reading.text)
        ],
        "comments": reading.comments,
        "articles": [
            {
                "url": post.url or url,
                "title": post.title,
                "date": _day(post.claimed_at),
                "date_from": post.claimed_by,
                "text": post.text,
                "credits": [credit.line for credit in credits.find_credits(post.text)],
                "problems": list(post.problems),
            }
            for post in reading.posts or (reading,)
        ],
        "problems": list(reading.problems),
    }


def _day(instant: datetime | None) -> str | None:
    return show.day(instant) if instant else None


def _print_reading(reading: Reading) -> None:
    show.line((reading.title or "(no title)", "bold"))
    credited = [f"credits {credit.outlet}" for credit in credits.find_credits(reading.text)]
    facts = (show.day(reading.claimed_at), reading.language or "?", ", ".join(reading.authors), *credited)
    show.line((" · ".join(f for f in (*facts, *reading.problems) if f), "cyan"))
    show.line(reading.text)
    if reading.comments:
        show.line()
        show.line(("comments", "cyan"))
        show.line(reading.comments)
    show.line()


def _readings(files: tuple[str, ...], url: str, with_comments: bool) -> Iterator[tuple[str, str, Future[Reading]]]:
    """Give what is read of each page, in order, while the next ones are being read."""
    from aggregator import extract

    coming: deque[tuple[str, str, Future[Reading]]] = deque()
    for name, address, body in _pages(files, url):
        reading = extract.submit_page(
            body, url=address, content_type="", captured_at=datetime.now(UTC), with_comments=with_comments
        )
        coming.append((name, address, reading))
        if len(coming) > _AHEAD:
            yield coming.popleft()
    yield from coming


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
