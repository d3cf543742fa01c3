"""What an article costs at each station of the line, beside the bare library doing the same work.

    python benchmarks/line.py [--pages DIR] [--count N] [--rounds N] [--seconds S] [--json] [--profile STATION]

Measured is CPU time (user and system) of this process, by ``time.process_time``; the pages come over loopback from a
server in a process of its own. In each round every station's work is done in batches, ours and the library's by turns
on the same input, so that a machine that slows down slows both; then the whole line crawls the same pages into an empty
home. Printed are medians over the rounds: the ratio (ours / library, less is better) first, milliseconds an article
second, and the share of the whole line's CPU that the station took in the crawl itself.

DIR (or the environment variable AGGREGATOR_PAGES) holds real pages: ``pages.py`` says in which form. Without it, the
posts of the demo world are measured. No round is begun that would end after S seconds. ``--profile`` prints where one
station (or ``line``) spends its time.
"""

from __future__ import annotations

import argparse
import cProfile
import gc
import json
import os
import platform
import pstats
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import loopback
import pages as pages_
import whole
from stations import STATIONS, Contest, Material, material

from aggregator.home import Home

ENVIRONMENT = "AGGREGATOR_PAGES"
LINE = "line"
PROFILED = 15
"""Rows of a profile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table; medians over the rounds."""

    station: str
    library: str
    ratio: float
    """Ours divided by the library's: less is better."""
    ours_ms: float
    library_ms: float
    """CPU milliseconds an article."""
    share: float
    """Of the whole line's CPU, 0.0 to 1.0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What is printed."""

    python: str
    cores: int
    pages: int
    median_page_bytes: int
    rounds: int
    took_s: float
    articles_a_second_a_core: float
    rest_share: float
    """What no station claims."""
    rows: tuple[Row, ...]
    """A row a station, then the whole line; its library is all of theirs, one after the other."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    asked = _parser().parse_args(arguments)
    found = pages_.of_folder(asked.pages, asked.count) if asked.pages else pages_.of_demo_world(asked.count)
    with tempfile.TemporaryDirectory(prefix="aggregator-bench-") as folder, loopback.serving(found) as port:
        bench = Bench(found, port, Path(folder))
        if asked.profile:
            bench.profile(asked.profile)
            return
        report = bench.measure(asked.rounds, asked.seconds)
    print(json.dumps(asdict(report), indent=1) if asked.json else _table(report))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    given = os.environ.get(ENVIRONMENT)
    parser.add_argument("--pages", type=Path, metavar="DIR", default=Path(given) if given else None)
    parser.add_argument("--count", type=int, default=300, help="pages to measure, at most (300)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds to take the median of, at most (5)")
    parser.add_argument("--seconds", type=float, default=88.0, help="begin no round that would end later (88)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--profile", choices=[*STATIONS, LINE], metavar="STATION", help="where a station's time goes")
    return parser


# --- measuring ------------------------------------------------------------------------------------------------------


class Bench:
    """The pages, where they are served, and a folder to work in."""

    def __init__(self, pages: Sequence[pages_.Page], port: int, folder: Path) -> None:
        self._pages = pages
        self._port = port
        self._folder = folder
        self._given: Material | None = None

    def measure(self, rounds: int, seconds: float) -> Report:
        """Run the rounds for which there is time, at least one, and take the medians."""
        began = time.monotonic()
        self._warm_up()
        crawls: list[whole.Crawl] = []
        spent: dict[str, list[tuple[float, float]]] = {station: [] for station in STATIONS}
        round_s = 0.0
        while not crawls or (len(crawls) < rounds and time.monotonic() + round_s < began + seconds):
            round_began, first = time.monotonic(), len(crawls)
            crawls.append(self._crawl(f"round-{first}"))
            for station in STATIONS:
                with self._contest(station) as contest:
                    spent[station].append(duel(contest, first=first))
            round_s = time.monotonic() - round_began
        return self._report(crawls, spent, time.monotonic() - began)

    def profile(self, station: str) -> None:
        """Print where our side of a station spends its time; of the whole line, its main thread."""
        self._warm_up()
        profiler = cProfile.Profile()
        if station == LINE:
            profiler.runcall(self._crawl, "profiled")
        else:
            self._crawl("crawled")
            with self._contest(station) as contest:
                for batch in _batches(contest):
                    profiler.runcall(contest.ours, batch)
        pstats.Stats(profiler).strip_dirs().sort_stats("cumulative").print_stats(PROFILED)

    def _warm_up(self) -> None:
        """Load every library and learned model before the clock runs."""
        whole.crawl(self._pages, self._port, Home(self._folder / "warm-up"), from_each=1)

    def _crawl(self, name: str) -> whole.Crawl:
        home = Home(self._folder / name)
        gc.collect()
        result = whole.crawl(self._pages, self._port, home)
        if result.articles != len(self._pages):
            raise SystemExit(f"{result.articles} articles of {len(self._pages)} pages; failed: {result.failed[:3]}")
        if self._given is None:
            self._given = material(self._pages, self._port, home, self._folder / "entries")
            gc.freeze()  # what stays for good need not be looked through again by either side
        return result

    @contextmanager
    def _contest(self, station: str) -> Iterator[Contest[Any]]:
        assert self._given
        with tempfile.TemporaryDirectory(prefix=station, dir=self._folder) as folder:
            _, opened = STATIONS[station]
            with opened(self._given, Path(folder)) as contest:
                yield contest

    def _report(self, crawls: list[whole.Crawl], spent: dict[str, list[tuple[float, float]]], took_s: float) -> Report:
        count = len(self._pages)
        shares = {
            station: statistics.median(crawl.shares.get(station, 0.0) for crawl in crawls)
            for station in (*STATIONS, whole.REST)
        }
        rows = [_row(station, STATIONS[station][0], pairs, count, shares[station]) for station, pairs in spent.items()]
        libraries = [sum(library for _, library in pairs) for pairs in zip(*spent.values(), strict=True)]
        line = [(crawl.cpu_s, library) for crawl, library in zip(crawls, libraries, strict=True)]
        rows.append(_row(LINE, "all of these, in turn", line, count, 1.0))
        return Report(
            python=platform.python_version(),
            cores=os.cpu_count() or 1,
            pages=count,
            median_page_bytes=int(statistics.median(len(page.body) for page in self._pages)),
            rounds=len(crawls),
            took_s=took_s,
            articles_a_second_a_core=1000 / rows[-1].ours_ms,
            rest_share=shares[whole.REST],
            rows=tuple(rows),
        )


def duel(contest: Contest[Any], *, first: int) -> tuple[float, float]:
    """Return the CPU seconds that both sides took, batch by batch by turns; from ``first`` on, who begins changes."""
    spent = [0.0, 0.0]
    sides = (contest.ours, contest.library)
    for turn, batch in enumerate(_batches(contest), start=first):
        for side in (turn % 2, 1 - turn % 2):
            _forget()
            begin = time.process_time()
            sides[side](batch)
            spent[side] += time.process_time() - begin
    return spent[0], spent[1]


def _batches(contest: Contest[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(contest.items), contest.batch):
        yield contest.items[start : start + contest.batch]


def _forget() -> None:
    """Drop the extractor's caches of what it has just read, which a page on its own would not find; and all garbage."""
    from trafilatura.meta import reset_caches

    reset_caches()


def _row(station: str, library: str, pairs: Sequence[tuple[float, float]], count: int, share: float) -> Row:
    return Row(
        station=station,
        library=library,
        ratio=statistics.median(ours / theirs for ours, theirs in pairs),
        ours_ms=statistics.median(ours for ours, _ in pairs) * 1000 / count,
        library_ms=statistics.median(theirs for _, theirs in pairs) * 1000 / count,
        share=share,
    )


# --- printing -------------------------------------------------------------------------------------------------------


def _table(report: Report) -> str:
    rounds = "1 round" if report.rounds == 1 else f"{report.rounds} rounds"
    lines = [
        f"Python {report.python}, {report.cores} cores, {report.pages} pages of {report.median_page_bytes:,} bytes "
        f"(median), {rounds} in {report.took_s:.0f} s; CPU an article, less is better",
        "",
        f"{'station':<10} {'ours/library':>12} {'ours ms':>9} {'library ms':>11} {'share':>7}  library",
        *map(_line, report.rows),
        f"{whole.REST:<10} {'':>12} {'':>9} {'':>11} {report.rest_share:>7.1%}  lanes, feeds, credits, threads",
        "",
        f"{report.articles_a_second_a_core:.1f} articles a second a core through the whole line",
    ]
    return "\n".join(lines)


def _line(row: Row) -> str:
    figures = f"{row.ratio:>12.2f} {row.ours_ms:>9.3f} {row.library_ms:>11.3f} {row.share:>7.1%}"
    return f"{row.station:<10} {figures}  {row.library}"


if __name__ == "__main__":
    main()
