"""The command demo: a tour through the whole line, over a small world of sites that the package brings along."""

from __future__ import annotations

import shutil
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from aggregator.cli import INTERRUPTED, again, home_option
from aggregator.cli import output as show
from aggregator.cli.collecting import print_runs
from aggregator.cli.hits import print_results
from aggregator.cli.telling import print_family
from aggregator.cli.writing import stopping
from aggregator.errors import UsageError
from aggregator.home import Home
from aggregator.model import Run

if TYPE_CHECKING:
    from aggregator.fetch import Web
    from aggregator.pipeline import Pipeline

EVERY = "1d"
"""Between two passes of a site: once a visit, since two days go by from one to the other."""
PORT = 8641
"""Where the sites are served when nobody else is there."""
QUERIES = ("police kitchen", "prefecture expulsions", '"harbour kitchen" -concert')
"""The second is French without its accents."""
_FAMILIES_SHOWN = 6
_MARK = "made-by-demo.txt"


@click.command("demo")
@click.option("--keep", is_flag=True, help="Leave the sites running until Ctrl-C.")
@home_option
@click.pass_context
def demo_command(ctx: click.Context, keep: bool) -> int:
    """Crawl a small bundled world of sites, search it, and show who copied whom. Needs no internet.

    Its home is ./demo, unless --home says otherwise: made anew each time, and yours to try the other commands on.

    \b
    Example:
      aggregator demo --keep
    """
    from aggregator import pipeline, sources
    from aggregator.clock import SetClock
    from aggregator.demo.server import DemoServer
    from aggregator.demo.sources import sources_yaml
    from aggregator.demo.world import FIRST_VISIT, SECOND_VISIT, load_world
    from aggregator.fetch import Fetcher

    home = Home(Path((ctx.obj or {}).get("home") or "demo"))
    _begin_anew(home)
    world = load_world()
    began = time.monotonic()
    with DemoServer(world, now=FIRST_VISIT, port=PORT) as server, stopping() as stop:
        home.sources_yaml.write_text(sources_yaml(server.port, every=EVERY), encoding="utf-8")
        following = sources.load(home.sources_yaml)
        show.say(
            f"{len(following.sources)} invented sites are up at http://northport.localhost:{server.port}/ and so on.\n"
        )
        for visit, now in (("First visit", FIRST_VISIT), ("Two days later", SECOND_VISIT)):
            server.move_clock(now)
            _heading(f"{visit}: {now:%d %B %Y} in their world")
            clock = SetClock(now)
            with show.progress() as report, pipeline.opened(home, following, report=report, clock=clock) as line:
                runs = _scheduled_pass(line, Fetcher(following.settings, clock), stop)
            if stop.is_set():
                return INTERRUPTED
            print_runs(runs, elapsed_s=time.monotonic() - began, as_json=False)
            show.say()
        _searches(home)
        _families(home, len(world.families))
        _edits(home)
        _files(home, time.monotonic() - began)
        if not keep:
            show.say(
                "\nThe sites are down again, so that a crawl of them fails; `aggregator demo --keep` leaves them up."
            )
        else:
            show.say(f"\nThe sites stay up at http://northport.localhost:{server.port}/ ; Ctrl-C ends them.")
            stop.wait()
    return 0


def _scheduled_pass(line: Pipeline, web: Web, stop: threading.Event) -> list[Run]:
    """Let the scheduler wait until the sources are due and visit them, as `aggregator run` does; end after one pass."""
    from aggregator import scheduler

    passed: list[Run] = []
    over = _Either(stop)

    def took(runs: list[Run]) -> None:
        passed.extend(runs)
        if len(passed) == len(line.following.sources):
            over.set()

    scheduler.run(
        line,
        web,
        reload=lambda: None,
        stop=over,
        report=took,
        complain=lambda error: show.say(str(error)),
        clock=line.clock,
    )
    return passed


class _Either(threading.Event):
    """An event that is also set when another one is."""

    def __init__(self, other: threading.Event) -> None:
        super().__init__()
        self._other = other

    def is_set(self) -> bool:
        return super().is_set() or self._other.is_set()


def _begin_anew(home: Home) -> None:
    """Empty the demo's home; refuse a folder that no demo made."""
    if home.root.exists() and any(home.root.iterdir()):
        if not (home.root / _MARK).exists():
            raise UsageError(f"{home.root} is there already, and no demo made it; nothing was changed.")
        with home.writing():
            shutil.rmtree(home.root)
    home.root.mkdir(parents=True, exist_ok=True)
    (home.root / _MARK).write_text("Made by `aggregator demo`, which empties this folder when it runs again.\n")


def _heading(text: str) -> None:
    show.say(text, "bold")


def _searches(home: Home) -> None:
    from aggregator import search
    from aggregator.query import parse

    for query in QUERIES:
        _heading(f"aggregator search {query}")
        print_results(search.search(home, parse(query), limit=3))
        show.say()


def _families(home: Home, known: int) -> None:
    from aggregator import reposts

    found = list(reposts.families(home))
    _heading(f"aggregator reposts: {len(found)} families of reposts; the first {_FAMILIES_SHOWN}")
    for family in found[:_FAMILIES_SHOWN]:
        print_family(family, passages=False)
    show.say(
        f"The world's own list, aggregator/demo/world/families, has {known}: a round-up is in the family of each text "
        "that it holds. Translations are found between languages of one script.\n"
    )


def _edits(home: Home) -> None:
    from aggregator.catalogue import Catalogue

    with Catalogue(home.catalogue) as catalogue:
        edited = [a for a in catalogue.articles(catalogue.article_ids()).values() if a.number > 1]
    _heading(f"{len(edited)} articles were edited between the two visits")
    for article in edited:
        show.line(again(home, f"show {article.id} --diff 1 2"), indent=2)
        show.line((f"{article.source_id}: {article.title}", "cyan"), indent=4)
    show.say()


def _files(home: Home, elapsed_s: float) -> None:
    from aggregator.catalogue import Catalogue

    with Catalogue(home.catalogue) as catalogue:
        counts = catalogue.counts()
    _heading("Where it is")
    for path in sorted(home.archive.rglob("*.warc.gz")):
        show.line(f"{path}  {path.stat().st_size:,} bytes", indent=2)
    show.line(f"{home.catalogue_file}  {home.catalogue_file.stat().st_size:,} bytes", indent=2)
    show.line(f"{home.fulltext}/", indent=2)
    show.say(
        f"{counts['articles']} articles, {counts['versions']} versions, {counts['captures']} captures, "
        f"in {elapsed_s:.0f} s.\n"
    )
    _heading("Try")
    for command in (
        "status",
        "search lawyers --lang en --facets",
        "search sgombero --from 2026-08",
        "reposts",
        "rebuild",
    ):
        show.line(again(home, command), indent=2)
