"""The command extract: pages to articles, without a home."""

from __future__ import annotations

import json
import sys
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from aggregator.cli import json_option
from aggregator.cli import output as show
from aggregator.errors import UsageError


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
                        "modified": show.day(reading.modified_at) if reading.modified_at else None,
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
