"""Readers who search the pages while a crawl writes to the same home: how long they wait, and whether any is let down.

    python benchmarks/readers.py [--count 10000] [--readers 20] [--every 2] [--seconds 60] [--engine whoosh] [--json]

The home holds so many articles in words of ``tests/collection``. Three processes: ``aggregator serve``; a
crawl of sites on loopback, pass after pass, whose articles are found as soon as each pass is over; and this one, where
every reader asks for a page of hits and waits before the next. The wait is from the request to the last byte of the
page. Exit code 1 if an answer was an error, the crawl stood still, or 95 of 100 answers took longer than 300 ms.
"""

from __future__ import annotations

import argparse
import json
import math
import multiprocessing
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from html import escape
from multiprocessing.connection import Connection
from pathlib import Path

import requests
from loopback import following, serving
from pages import Page
from questions import mixed
from searching import home_of

from aggregator import dedupe, index, pipeline
from aggregator.catalogue import Catalogue
from aggregator.fetch import Fetcher
from aggregator.home import Home
from aggregator.model import Article

LIMIT_MS = 300
SITES, OF_EACH = 200, 25
"""Sites that the crawl visits, and pages that each has."""
AT_ONCE = 1
"""Sites that a pass visits: a short pass is soon over, and its articles are found."""


@dataclass(slots=True)
class Asked:
    """What readers asked, and what came of it."""

    waits_ms: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Report:
    """How it went."""

    articles: int
    readers: int
    searches: int
    half_ms: float
    p95_ms: float
    longest_ms: float
    crawled: int
    """Articles that the crawl added meanwhile."""
    errors: list[str]

    @property
    def is_good(self) -> bool:
        return not self.errors and self.crawled > 0 and self.p95_ms < LIMIT_MS


# --- a home and what is crawled into it -----------------------------------------------------------------------------


def unshared(count: int) -> list[Article]:
    """Return articles in the words of ``mixed``, in an order of which no two have a part in common.

    Sentences mixed are reposts of each other, all of ten thousand articles; no archive is like that.
    """
    chance = random.Random(11)
    made = []
    for one in mixed(count):
        words = one.text.split()
        text = " ".join(chance.sample(words, len(words)))
        made.append(replace(one, id=dedupe.article_id(one.source_id, one.url), text=text))
    return made


def stocked(root: Path, articles: Sequence[Article], engine: str) -> Home:
    """Make a home in which the articles wait for nothing: a crawl goes on to its own."""
    home = home_of(root, articles, engine)
    home.sources_yaml.write_text(f"settings: {{contact: desk@example.org, index: {engine}}}\nsources: []\n")
    with Catalogue(home.catalogue, writing=True) as known, known.transaction():
        known.matched(known.to_match())
        known.translated(known.to_translate(), {})
    return home


def made_pages(articles: Sequence[Article]) -> list[Page]:
    """Return pages of words of the articles in no order that anybody wrote them: none is a repost of another."""
    chance = random.Random(5)
    words = [word for one in articles[:500] for word in one.text.split()]
    return [_page(number, chance.choices(words, k=chance.randint(150, 600))) for number in range(SITES * OF_EACH)]


def _page(number: int, words: Sequence[str]) -> Page:
    title, text = escape(" ".join(words[:8])), escape(" ".join(words))
    body = f"<!doctype html><title>{title}</title><article><h1>{title}</h1><p>{text}</p></article>"
    site, target = f"site-{number // OF_EACH}", f"/{number}.html"
    return Page(number=number, site=site, target=target, content_type="text/html; charset=utf-8", body=body.encode())


@contextmanager
def crawling(home: Home, engine: str, pages: list[Page], port: int) -> Iterator[Connection]:
    """Crawl in a process of its own, until told to stop; give what it tells its articles to."""
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=_crawl, args=(home.root, engine, pages, port, theirs))  # it has workers of its own
    process.start()
    theirs.close()  # or nobody would notice its end
    try:
        yield ours
    finally:
        process.terminate()
        process.join()


def _crawl(root: Path, engine: str, pages: list[Page], port: int, told: Connection) -> None:
    known = following(pages, port)
    settings = known.settings.__class__(allow_private=("127.0.0.0/8",), min_free_bytes=0, index=engine)
    # All are followed from the first pass on: with a new source, whom texts credit is looked up again in all of them.
    with pipeline.opened(Home(root), known.__class__(settings=settings, sources=known.sources)) as line:
        for start in range(0, len(known.sources), AT_ONCE):
            some = known.sources[start : start + AT_ONCE]
            runs = line.crawl(some, Fetcher(settings))
            assert not any(run.failed for run in runs), runs
            told.send(sum(run.new for run in runs))
    told.send(None)


@contextmanager
def served(home: Home) -> Iterator[str]:
    """Serve the pages in a process of its own; give their address."""
    command = [sys.executable, "-m", "aggregator", "--home", str(home.root), "serve", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout
            yield server.stdout.readline().strip().rstrip("/")
        finally:
            server.terminate()


# --- readers --------------------------------------------------------------------------------------------------------


def read(address: str, words: Sequence[str], number: int, every_s: float, until: float, asked: Asked) -> None:
    """Ask as one reader does, until an instant of the monotonic clock."""
    chance = random.Random(number)
    session = requests.Session()
    session.trust_env = False  # no proxy on the way to this machine
    time.sleep(every_s * chance.random())
    while (began := time.monotonic()) < until:
        one, other = chance.choice(words), chance.choice(words)
        query = chance.choice((one, f"{one} {other}", f"{one} OR {other}", f"{one[:5]}*", f"{one} -{other}"))
        try:
            answer = session.get(f"{address}/", params={"q": query}, timeout=30)
            if answer.status_code != 200:
                asked.errors.append(f"{query}: {answer.status_code}")
        except requests.RequestException as error:
            asked.errors.append(f"{query}: {type(error).__name__}")
        waited = time.monotonic() - began
        asked.waits_ms.append(waited * 1000)
        time.sleep(max(0.0, every_s - waited))


def watched(home: Home, articles: Sequence[Article], given: argparse.Namespace) -> Report:
    """Let all of them read and the crawl write."""
    words = sorted({word.strip(".,") for one in articles[::50] for word in one.text.split() if word.isalpha()})
    pages, asked = made_pages(articles), Asked()
    with serving(pages) as port, served(home) as address, crawling(home, given.engine, pages, port) as told:
        crawled = told.recv()  # it is under way
        until = time.monotonic() + given.seconds
        readers = [
            threading.Thread(target=read, args=(address, words, number, given.every, until, asked))
            for number in range(given.readers)
        ]
        for each in readers:
            each.start()
        for each in readers:
            each.join()
        crawled, is_over = 0, False
        while told.poll():
            passed = told.recv()
            is_over = is_over or passed is None
            crawled += passed or 0
    ranked = sorted(asked.waits_ms)
    return Report(
        articles=len(articles),
        readers=given.readers,
        searches=len(ranked),
        half_ms=statistics.median(ranked),
        p95_ms=ranked[math.ceil(0.95 * len(ranked)) - 1],
        longest_ms=ranked[-1],
        crawled=crawled,
        errors=[*asked.errors, *(["the crawl was over before the readers were"] if is_over else [])],
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--count", type=int, default=10_000, help="articles in the home (10,000)")
    parser.add_argument("--readers", type=int, default=20, help="at a time (20)")
    parser.add_argument("--every", type=float, default=2.0, help="seconds from one query of a reader to the next (2)")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long they read (60)")
    parser.add_argument("--engine", choices=index.ENGINES, default="whoosh")
    parser.add_argument("--json", action="store_true", help="print JSON")
    given = parser.parse_args(arguments)
    articles = unshared(given.count)
    with tempfile.TemporaryDirectory(prefix="aggregator-bench-") as name:
        home = stocked(Path(name) / "home", articles, given.engine)
        report = watched(home, articles, given)
    if given.json:
        print(json.dumps(asdict(report)))
    else:
        print(f"{report.readers} readers, {report.articles:,} articles, {report.crawled:,} more crawled meanwhile: "
              f"{report.searches:,} searches, {len(report.errors)} errors; half {report.half_ms:.0f} ms, "
              f"95 of 100 {report.p95_ms:.0f} ms, the longest {report.longest_ms:.0f} ms")  # fmt: skip
        for error in report.errors[:10]:
            print(error)
    sys.exit(0 if report.is_good else 1)


if __name__ == "__main__":
    main()
