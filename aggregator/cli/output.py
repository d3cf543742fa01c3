"""Tables, highlights and progress, for a terminal or a pipe.

On a terminal tables are aligned and coloured; into a pipe they are one line a row, fields parted by tabs. Everything
shown comes from strangers: control characters and marks that turn the writing direction are taken out.
"""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from rich.cells import cell_len

from aggregator import periods
from aggregator.characters import harmless
from aggregator.model import Progress, Report
from aggregator.shapes import iso

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_BREAKS = re.compile(r"[\t\n\u2028\u2029]+")
_MARK = re.compile(r"<mark>(.*?)</mark>", re.DOTALL)
_WORD = re.compile(r"\n? *(\S+) *\n?")
"""With what parts it from others, of which no more than a line break counts."""
_ADDRESS = "://"
"""What every address has."""
_LINE_EVERY_S = 5.0
_WIDE = 110
"""Columns from which on a table of many columns is easier to read than lines."""


_TAKEN_FOR_ONE = {"FORCE_COLOR", "TTY_COMPATIBLE"}
"""By these in the environment what is no terminal is taken for one, or the other way round."""


class _Pipe:
    """Stdout or stderr where it is no terminal; nobody waits there for rich to load."""

    is_terminal = False

    def __init__(self, name: str) -> None:
        self._name = name
        self.width = shutil.get_terminal_size().columns

    def write(self, text: str) -> None:
        """Write a line; whoever reads along sees it at once. Words that nobody reads any more stop no work."""
        stream = getattr(sys, self._name)
        with suppress(BrokenPipeError) if self._name == "stderr" else nullcontext():
            if stream is not None:
                stream.write(text.expandtabs() + "\n")
                stream.flush()


def _console(name: str) -> Console | _Pipe:
    """Return what prints to stdout or stderr; rich where that is a terminal, or is to be taken for one."""
    is_there = getattr(sys, name) is not None and getattr(sys, name).isatty()
    if not (is_there or _TAKEN_FOR_ONE & os.environ.keys()):
        return _Pipe(name)
    from rich.console import Console

    class ToTheEnd(Console):
        def on_broken_pipe(self) -> None:
            """Leave it to the one place that ends the program."""
            raise BrokenPipeError

    console = ToTheEnd(highlight=False, stderr=name == "stderr", soft_wrap=not is_there)
    return console if console.is_terminal else _Pipe(name)


out, err = _console("stdout"), _console("stderr")

_Part: TypeAlias = str | tuple[str, str]
"""A text, or a text and its style."""


def safe(text: object) -> str:
    """Return what may be shown of a text in a terminal."""
    return harmless(str(text))


def one_line(text: object) -> str:
    """Return what may be shown of a text where one line belongs to it: a name, an id, a title, a reason."""
    return " ".join(safe(text).split())


def counted(number: int, what: str) -> str:
    """Return how many of a thing there are, in words: ``1 file``, ``2 files``."""
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def print_json(value: Any) -> None:
    """Print one JSON value; instants in ISO 8601."""
    text = json.dumps(value, ensure_ascii=False, indent=2 if out.is_terminal else None, default=_as_json)
    sys.stdout.write((safe(text) if out.is_terminal else text) + "\n")


def _as_json(value: Any) -> Any:
    if isinstance(value, datetime):
        return iso(value)
    raise TypeError(f"no JSON form for {value!r}")


day, minute = periods.shown_day, periods.shown_minute

_CLAIMED_BY = {
    "announced": "the feed or list that announces it",
    "linked-data": "the page's linked data",
    "meta": "the page's meta elements",
    "element": "a dated element of the page",
    "line": "a dated line on the page",
    "address": "the address",
    "rule": "the page, by a rule in sources.yaml",
    "document": "the PDF itself",
    "pattern": "something like a date on the page",
}


def claimed(instant: datetime | None, by: str | None) -> str:
    """Return a publication date for people and who claims it: pages claim days, announcements times."""
    if instant is None:
        return "–"
    return f"{(minute if by == 'announced' else day)(instant)}, says {_CLAIMED_BY.get(by or '', by)}"


def say(text: str = "", style: str | None = None) -> None:
    """Print words to stderr."""
    _print(err, [(text, style or "")])


def text(lines: str) -> None:
    """Print lines to stdout as they are, but for characters that could steer the terminal."""
    sys.stdout.write("\n".join(safe(one) for one in lines.split("\n")) + "\n")


def line(*parts: _Part, indent: int = 0) -> None:
    """Print one line to stdout; a part may be a pair of text and style."""
    _print(out, parts, indent)


def laid_out(*parts: _Part) -> None:
    """Print one line to stdout that was made to fit: it is never broken; parts are as for ``line``."""
    if isinstance(out, _Pipe):
        out.write(_plain(parts).rstrip())
        return
    text = _styled(parts)
    text.rstrip()
    out.print(text, soft_wrap=True)


def _plain(parts: Iterable[_Part]) -> str:
    return "".join(safe(part[0] if isinstance(part, tuple) else part) for part in parts)


def _styled(parts: Iterable[_Part]) -> Text:
    from rich.text import Text

    text = Text()
    for part in parts:
        text.append(*(safe(p) for p in part)) if isinstance(part, tuple) else text.append(safe(part))
    return text


def _print(console: Console | _Pipe, parts: Iterable[_Part], indent: int = 0) -> None:
    """Print a text, on a terminal broken between words without spaces at the end of its lines."""
    if isinstance(console, _Pipe):
        console.write(" " * indent + _plain(parts))
        return
    from rich.text import Text

    for row in _wrapped(console, _styled(parts), max(1, console.width - indent)):
        row.rstrip()
        console.print(Text(" " * indent) + row if row else row, soft_wrap=True)


def _wrapped(console: Console, text: Text, width: int) -> Iterator[Text]:
    """Yield the lines of a text; an address longer than a line stands alone and whole, to be clicked or copied."""
    words = (hit for hit in _WORD.finditer(text.plain) if _ADDRESS in hit[1])
    places = [(*hit.span(), *hit.span(1)) for hit in words if cell_len(hit[1]) > width]
    cuts = [cut for start, end, first, last in places for cut in (start, first, last, end)]
    for number, part in enumerate(text.divide(cuts)):
        if number % 4 == 2:
            yield part
        elif number % 4 == 0 and (part or not cuts):  # else what parts the address from the words around it
            yield from part.wrap(console, width)


_CHANGED = {"same": ("{}", ""), "deleted": ("[-{}-]", "red strike"), "inserted": ("{{+{}+}}", "green underline")}


def changes(found: Iterable[tuple[str, str]]) -> None:
    """Print what is the same, what went in [-brackets-], what came in {+braces+}, as wdiff and git do.

    Args:
        found: What each part is (same, deleted, inserted), and its text.
    """
    parts = []
    for what, text in found:
        form, style = _CHANGED[what]
        said = text.rstrip()
        parts += [(form.format(said) if said else "", style), (text[len(said) :], "")]
    line(*parts)


_SHORT_CHARS, _LEAST_CHARS = 20, 24
"""A column without longer cells, as ids, dates and numbers, is not broken, nor one of addresses; others get this."""


def table(headers: Sequence[str], rows: Sequence[Sequence[object]], *, right: Sequence[int] = ()) -> None:
    """Print rows; columns listed in ``right`` are numbers. Where a terminal has no room for columns a row is lines."""
    said = [[_BREAKS.sub(" ", safe(cell)) for cell in row] for row in rows]
    if isinstance(out, _Pipe):
        for row in (headers, *said):
            sys.stdout.write("\t".join(row) + "\n")
        return
    from rich.table import Table
    from rich.text import Text

    columns = list(zip(headers, *said, strict=True))
    widths = [max(map(cell_len, column)) for column in columns]
    is_whole = [
        width <= _SHORT_CHARS or any(_ADDRESS in cell for cell in column)
        for width, column in zip(widths, columns, strict=True)
    ]
    gaps = len(widths) - 1
    needed = [width if whole else min(width, _LEAST_CHARS) for width, whole in zip(widths, is_whole, strict=True)]
    if is_narrow(sum(needed) + gaps):
        _lying(headers, said)
        return
    grid = Table(box=None, pad_edge=False, header_style="bold", collapse_padding=sum(widths) + 2 * gaps > out.width)
    for number, header in enumerate(headers):
        justify: Literal["left", "right"] = "right" if number in right else "left"
        grid.add_column(header, justify=justify, overflow="fold", no_wrap=is_whole[number])
    for row in said:
        grid.add_row(*map(Text, row))
    out.print(grid)


def _lying(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print rows as lines: the first cell, below it each other one behind the name of its column."""
    for first, *others in rows:
        line((first or "–", "bold"))
        named = [f"{name} {cell}".strip() for name, cell in zip(headers[1:], others, strict=True) if cell.strip()]
        for packed in _packed(named, out.width - 2):
            line(packed, indent=2)


def _packed(parts: Iterable[str], width: int) -> Iterator[str]:
    """Yield lines with as many parts as have room; what has an address stands alone."""
    row = ""
    for part in parts:
        both = f"{row} · {part}" if row else part
        if row and (cell_len(both) > width or _ADDRESS in both):
            yield row
            both = part
        row = both
    if row:
        yield row


def is_narrow(needed: int = _WIDE) -> bool:
    """Whether a table that needs so many columns, or one of many, would break them."""
    return out.is_terminal and out.width < needed


def snippet(marked: str, *, indent: int) -> None:
    """Print a snippet; the words found are bold on a terminal, between asterisks in a pipe."""
    line(*in_words(marked), indent=indent)


def in_words(marked: str, style: str = "") -> Iterator[tuple[str, str]]:
    """Yield the parts of HTML in which words are marked, as ``line`` takes them; ``style`` is that of the others."""
    at = 0
    for mark in _MARK.finditer(marked):
        yield html.unescape(marked[at : mark.start()]), style
        word = html.unescape(mark.group(1))
        yield (word, "bold yellow") if out.is_terminal else (f"*{word}*", "")
        at = mark.end()
    yield html.unescape(marked[at:]), style


@contextmanager
def progress() -> Iterator[Report]:
    """Show how far the work is, on stderr: a bar on a terminal, else a line every five seconds."""
    if isinstance(err, _Pipe):
        yield _lines()
        return
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[words]}"), TimeRemainingColumn())
    with Bar(*columns, console=err, transient=True) as bar:
        tasks: dict[str, Any] = {}

        def show(now: Progress) -> None:
            if now.doing not in tasks:
                tasks[now.doing] = bar.add_task(now.doing, total=1, words="")
            done, total = (now.pages, now.pages + now.pages_left) if now.pages else (now.done, now.total)
            bar.update(tasks[now.doing], completed=done, total=max(total, 1), words=_words(now))

        yield show


@contextmanager
def progress_in_bytes() -> Iterator[Report]:
    """Show how many bytes are done, how fast it goes and how long it will take, on stderr, as ``progress`` does."""
    began = time.monotonic()
    if isinstance(err, _Pipe):
        last = began

        def lines(now: Progress) -> None:
            nonlocal last
            if time.monotonic() - last >= _LINE_EVERY_S:
                last = time.monotonic()
                rate = max(now.done / (last - began), 1)
                say(
                    f"{now.doing}: {now.done / 1e6:,.0f} of {now.total / 1e6:,.0f} MB · {rate / 1e6:,.1f} MB/s · "
                    f"{(now.total - now.done) / rate:,.0f} s left"
                )

        yield lines
        return
    from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn, TransferSpeedColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Bar(*columns, TimeRemainingColumn(), console=err, transient=True) as bar:
        task = bar.add_task("", total=1)
        yield lambda now: bar.update(task, description=now.doing, completed=now.done, total=max(now.total, 1))


def _words(now: Progress) -> str:
    if now.in_bytes:
        return f"{now.done / 1e6:,.1f} of {now.total / 1e6:,.1f} MB"
    if not now.pages:
        return f"{now.done:,} of {now.total:,}"
    words = f"{now.done} of {now.total} sources · {now.pages:,} stored · {now.new:,} new"
    return words + (f" · {now.failed:,} failed" if now.failed else "")


def _lines() -> Report:
    began = last = time.monotonic()

    def show(now: Progress) -> None:
        nonlocal last
        if time.monotonic() - last >= _LINE_EVERY_S:
            last = time.monotonic()
            left = ""
            if now.pages_left and now.pages:
                left = f" · {now.pages_left:,} to go, {_spoken((last - began) / now.pages * now.pages_left)}"
            say(f"{now.doing}: {_words(now)}{left}")

    return show


def _spoken(length_s: float) -> str:
    """Return a duration as people would guess it."""
    for unit_s, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if length_s >= 2 * unit_s:
            return f"about {length_s / unit_s:,.0f} {unit}"
    return f"about {length_s:,.0f} s"
