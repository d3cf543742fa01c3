"""What a search shows besides hits: its options, and words in context."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

import click
from rich.cells import cell_len

from aggregator.cli import bars
from aggregator.cli import output as show
from aggregator.home import Home
from aggregator.shapes.context import concordance_json, line_json

if TYPE_CHECKING:
    from aggregator.concordance import Line, Order
    from aggregator.query import Query

_Command = TypeVar("_Command", bound=Callable[..., Any])

FORMS = ("table", "json", "jsonl", "csv")
"""Of words in context and of curves."""
_ID_AND_DAY = 25
"""Columns that these take behind a line, with the blanks between."""
_NARROW = 50
"""Columns below which they stand on a line of their own."""
_LEAST_KEY = 8


def options(command: _Command) -> _Command:
    """Give a command the options of what is shown besides hits."""
    for option in (
        click.option("--curve", type=click.Choice(["month", "year"]), help="Count words and articles in each."),
        click.option(
            "--kwic-sort",
            type=click.Choice(["right", "left", "date"]),
            default="right",
            show_default=True,
            help="By the words that follow, by those before, read backwards, or the oldest first.",
        ),
        click.option("--kwic", is_flag=True, help="Print each place in the texts where a word stands, in its context."),
    ):
        command = option(command)
    return command


# --- words in context -----------------------------------------------------------------------------------------------


def show_lines(home: Home, asked: Query, order: Order, form: str, *, as_of: datetime | None) -> None:
    """Print each place where a word of a query stands; ``as_of``: of what could be read just before then."""
    from aggregator.search.in_context import words_in_context

    found = words_in_context(home, asked, order=order, as_of=as_of)
    if form == "json":
        show.print_json(concordance_json(found))
        return
    if found.note:
        show.say(found.note)
    places, articles = show.counted(len(found.lines), "place"), show.counted(found.articles, "article")
    if found.is_cut:
        show.say(f"The first {places}, in the newest of {articles}; there are more. Narrow the search to see them.")
    else:
        have = "has" if found.elsewhere == 1 else "have"
        more = (
            f"; {found.elsewhere:,} more {have} the words elsewhere, as in a title"
            if found.lines and found.elsewhere
            else ""
        )
        show.say(f"{places} in {show.counted(found.holding, 'article')}, each copy counted{more}")
    if form != "table":
        write_rows(form, [line_json(line) for line in found.lines], _LINE)
    else:
        _print_lines(found.lines)


_LINE = ("id", "version", "source", "language", "published", "start", "end", "left", "key", "right")
"""Columns of the CSV of lines."""


def _print_lines(lines: Sequence[Line]) -> None:
    if not lines:
        return
    if any(line.claimed_at is None for line in lines):
        show.say("~ before a day: none is claimed, the article was first seen then")
    if not show.out.is_terminal:
        rows = [(line.left, line.key, line.right, line.article_id, _day(line)) for line in lines]
        show.table(("left", "key", "right", "id", "day"), rows)
        return
    beside = show.out.width >= _NARROW
    wide = max(1, show.out.width - (_ID_AND_DAY + 1 if beside else 0) - 2)
    middle = max(cell_len(show.one_line(line.key)) for line in lines)
    middle = max(1, min(middle, max(_LEAST_KEY, wide // 3), wide - 2))
    before = (wide - middle) // 2
    behind = wide - before + 1
    for line in lines:
        where = (f" {line.article_id} ", "cyan"), (f"{_day(line):>11}", "dim")
        is_apart = line.left[-1:].isspace()
        left = bars.ended(line.left, before) + " " if is_apart else bars.ended(line.left, before + 1)
        said = bars.begun(line.key + line.right, behind)
        key = bars.begun(line.key, behind).rstrip()
        show.laid_out(left, (key, "bold yellow"), said[len(key) :], *(where if beside else ()))
        if not beside:
            show.line(*where)


def _day(line: Line) -> str:
    return f"{'' if line.claimed_at else '~'}{show.day(line.dated)}"


# --- lines for programs ---------------------------------------------------------------------------------------------


def write_rows(form: str, rows: Iterable[dict[str, Any]], columns: Sequence[str]) -> None:
    """Write rows as JSON lines or as CSV in which no cell is a formula."""
    if form == "jsonl":
        for row in rows:
            sys.stdout.write(json.dumps(row, ensure_ascii=False) + "\n")
        return
    from aggregator import cells

    sys.stdout.flush()
    sys.stdout.buffer.write(cells.line(columns))
    for row in rows:
        sys.stdout.buffer.write(cells.line("" if row[name] is None else str(row[name]) for name in columns))
    sys.stdout.buffer.flush()
