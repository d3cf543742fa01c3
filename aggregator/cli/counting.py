"""What a search shows of many articles at once: curves over time, counts by source, language and month."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import TYPE_CHECKING

from rich.cells import cell_len

from aggregator.cli import bars
from aggregator.cli import output as show
from aggregator.cli.viewing import write_rows
from aggregator.home import Home
from aggregator.model import Results
from aggregator.shapes.curves import curve_json, point_json
from aggregator.shapes.hits import FACET_VALUES

if TYPE_CHECKING:
    from aggregator.curves import By, Point
    from aggregator.query import Query
    from aggregator.search.over_time import Curve

_SHORT_BAR = 24
_PLAIN_MONTHS = 60
"""Of more months than these a pipe gets years, too."""
_HOLE = 6
"""Of more periods without an article, one behind the other, a terminal says only how many they are."""

# --- curves ---------------------------------------------------------------------------------------------------------


def show_curve(home: Home, asked: Query, by: By, form: str, *, as_of: datetime | None) -> None:
    """Print how much of a query there is in each month or year; ``as_of``: of what could be read just before then."""
    from aggregator.search import over_time

    with show.progress() as report:
        found = over_time.curve(home, asked, by=by, now=datetime.now(UTC), as_of=as_of, report=report)
    if form == "json":
        show.print_json(curve_json(found))
        return
    if found.note:
        show.say(found.note)
    _say_what_counts(found)
    if form != "table":
        write_rows(form, [point_json(point, found) for point in found.points], _POINT)
    elif show.out.is_terminal:
        _draw(found)
    else:
        rows = [["" if cell is None else cell for cell in point_json(p, found).values()] for p in found.points]
        show.table(_POINT, rows)


_POINT = ("period", "found", "articles", "share", "undated", "occurrences", "words", "per_million")
"""Columns of the CSV of a curve."""


def _say_what_counts(found: Curve) -> None:
    total = found.total
    show.say(f"{total.found:,} of {show.counted(total.articles, 'article')} found, each copy counted")
    if total.undated:
        show.say(
            f"{total.undated:,} of these claim no date, {found.undated:,} of the found; "
            "they count when they were first seen."
        )
    if left_out := total.articles - sum(point.articles for point in found.points):
        show.say(f"{show.counted(left_out, 'article')} from before {found.points[0].period} are only in the sum.")


def _draw(found: Curve) -> None:
    """Print a line for each period, with a bar for occurrences in a million words, or else for articles found."""
    if not found.points:
        return
    columns = ["found", "of", "share", *(("times", "per million") if found.has_words else ())]
    cells = [_cells(point, found) for point in (*found.points, found.total)]
    widths = [max(map(len, column)) for column in zip(columns, *cells, strict=True)]
    first = len(found.points[0].period)
    wide = max(4, show.out.width - first - sum(widths) - 2 * len(widths) - 2)
    top = max(_height(point, found) for point in found.points)

    def row(name: str, values: Sequence[str], style: str, drawn: str = "") -> None:
        numbers = "".join(f"  {value:>{width}}" for value, width in zip(values, widths, strict=True))
        show.laid_out((f"{name:<{first}}{numbers}", style), "  ", (drawn, "cyan"))

    row(found.by[:first], columns, "bold")
    of_point = dict(zip(found.points, cells, strict=False))
    for is_empty, some in groupby(found.points, lambda point: not point.articles):
        points = list(some)
        if is_empty and len(points) > _HOLE:
            said = f"{points[0].period} to {points[-1].period}: no articles, {show.counted(len(points), found.by)}"
            show.laid_out((said, "dim"))
            continue
        for point in points:
            drawn = bars.bar(_height(point, found), top, wide)
            row(point.period, of_point[point], "dim" if is_empty else "", drawn)
    row("all", cells[-1], "bold")


def _cells(point: Point, found: Curve) -> list[str]:
    share = "–" if point.share is None else f"{point.share:.1%}"
    cells = [f"{point.found:,}", f"{point.articles:,}", share]
    if found.has_words:
        million = point.per_million
        cells += [f"{point.occurrences:,}", "–" if million is None else f"{million:,.{0 if million >= 100 else 1}f}"]
    return cells


def _height(point: Point, found: Curve) -> float:
    return (point.per_million or 0.0) if found.has_words else float(point.found)


# --- counts ---------------------------------------------------------------------------------------------------------


def show_counts(results: Results) -> None:
    """Print how many of the articles found are of each source, language and month."""
    from aggregator import curves

    show.say(f"Counts of {show.counted(results.total, 'article')}, each copy counted")
    kinds = {name: results.facets[name] for name in ("source", "language")}
    of_months = tuple(reversed(results.facets["month"]))
    if not show.out.is_terminal:
        for name, values in (*kinds.items(), ("month", curves.filled(of_months, _PLAIN_MONTHS))):
            said = ", ".join(f"{show.one_line(value) or '?'} {count}" for value, count in values[:_PLAIN_MONTHS])
            show.line((f"{name}: ", "bold"), said)
        return
    labels = [value for values in kinds.values() for value, _ in values[:FACET_VALUES]]
    wide = min(max((cell_len(show.one_line(label)) for label in labels), default=1), show.out.width // 2)
    for name, values in kinds.items():
        show.laid_out((name, "bold"))
        for line in _lying(values, wide):
            show.laid_out(*line)
    top = max((count for _, count in of_months), default=0)
    months = curves.filled(of_months, bars.room(results.total, show.out.width))
    show.laid_out(("year" if months and "-" not in months[0][0] else "month", "bold"))
    for drawn in bars.histogram(months, show.out.width):
        show.laid_out((drawn, "cyan" if top else ""))


def _lying(values: Sequence[tuple[str, int]], wide: int) -> Iterator[tuple[str | tuple[str, str], ...]]:
    """Yield a line with a short bar for each of the first values, and one for the others."""
    top = max((count for _, count in values), default=0)
    number = len(f"{top:,}")
    room = max(1, min(_SHORT_BAR, show.out.width - wide - number - 5))
    for value, count in values[:FACET_VALUES]:
        yield f"  {bars.begun(value or '?', wide)} {count:>{number},}  ", (bars.bar(count, top, room), "cyan")
    if others := values[FACET_VALUES:]:
        yield ((f"  and {len(others):,} more, {sum(count for _, count in others):,} articles", "dim"),)
