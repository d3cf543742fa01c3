"""Days of a small web, followed by the scheduler under a clock that runs fast: what is found, and how politely.

    python benchmarks/week.py WORLD.py --sites 60 --seed 21 --days 7 --speed 300

WORLD.py is a server of sites on loopback that publish, edit and delete on a clock of their own, and that count how they
are asked: it takes ``--sites --seed --port --speed``, and answers ``/__world__/clock?set=UNIX&speed=X``, ``truth.json``
and ``stats.json``. Pauses between requests are real seconds; rhythms, rechecks and midnights go by the fast clock. One
line of JSON; exit code 1 if an article that lived twelve hours on a well-behaved site is missing.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from requests import PreparedRequest

from aggregator import pipeline, scheduler, urls
from aggregator.catalogue import Catalogue
from aggregator.clock import NAP_S
from aggregator.fetch import Fetcher
from aggregator.home import Home
from aggregator.model import Following, Request, Response, Run, Settings, Source

LIVED = timedelta(hours=12)
PACE_S = 1.0


class FastClock:
    """A clock that starts at an instant and runs so many times as fast as ours."""

    def __init__(self, start: datetime, speed: float) -> None:
        self._start, self._speed, self._began = start, speed, time.monotonic()

    def now(self) -> datetime:
        return self._start + timedelta(seconds=(time.monotonic() - self._began) * self._speed)

    def wait(self, until: datetime, stop: threading.Event) -> None:
        stop.wait(min(max((until - self.now()).total_seconds() / self._speed, 0.0), NAP_S))


class TimedFetcher(Fetcher):
    """The network, and how long its slowest answer took once its host was free."""

    slowest_s = 0.0

    def _send(self, request: Request, prepared: PreparedRequest) -> Response:
        began = time.monotonic()
        try:
            return super()._send(request, prepared)
        finally:
            self.slowest_s = max(self.slowest_s, time.monotonic() - began)


def followed(truth: dict[str, Any]) -> Following:
    """Return a sources.yaml that knows of each site no more than its address."""
    sources = [
        Source(id=f"site{site['n']}", name=site["title"], url=site["base"] + "/", pace_s=PACE_S)
        for site in truth["sites"]
    ]
    return Following(settings=Settings(allow_private=("127.1.0.0/16",), min_free_bytes=0), sources=tuple(sources))


def judged(truth: dict[str, Any], home: Home, end: datetime) -> dict[str, Any]:
    """Compare what was kept with what there was."""
    with Catalogue(home.catalogue) as catalogue:
        articles = catalogue.articles(catalogue.article_ids()).values()
    kept = Counter(urls.identity(article.url) for article in articles)
    good = {site["n"] for site in truth["sites"] if site["mode"] == "ok" and site["robots"] != "500"}
    wanted = set()
    for article in truth["articles"]:
        born = datetime.fromtimestamp(article["published"], UTC)
        gone = min(datetime.fromtimestamp(article["deleted"], UTC), end) if article.get("deleted") else end
        if article["site"] in good and gone - born >= LIVED and gone > datetime.fromtimestamp(truth["epoch"], UTC):
            wanted.add(article["url"])
    there = {article["url"] for article in truth["articles"]}
    missing = sorted(wanted - kept.keys())
    return {
        "wanted": len(wanted),
        "missing": len(missing),
        "first_missing": missing[:20],
        "doubles": sum(kept.values()) - len(kept.keys() & there),
        "articles": len(kept),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("world", type=Path)
    parser.add_argument("--sites", type=int, default=60)
    parser.add_argument("--seed", type=int, default=21)
    parser.add_argument("--days", type=float, default=7.0)
    parser.add_argument("--speed", type=float, default=300.0)
    parser.add_argument("--port", type=int, default=8600)
    parser.add_argument("--home", type=Path, help="keep what is collected there")
    given = parser.parse_args()
    command = [sys.executable, given.world, "--sites", given.sites, "--seed", given.seed, "--port", given.port]
    with (
        tempfile.TemporaryDirectory(prefix="aggregator-week-") as folder,
        subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE) as server,
    ):
        try:
            assert server.stdout is not None
            server.stdout.readline()
            print(json.dumps(_week(given, given.home or Path(folder))))
        finally:
            server.terminate()
    return 0


def _week(given: argparse.Namespace, root: Path) -> dict[str, Any]:
    def ask(what: str) -> Any:
        with urllib.request.urlopen(f"http://127.0.0.1:{given.port}/__world__/{what}", timeout=60) as answer:
            return json.load(answer)

    truth = ask("truth.json")
    start = datetime.fromtimestamp(truth["epoch"], UTC)
    clock, end = FastClock(start, given.speed), start + timedelta(days=given.days)
    ask(f"clock?set={truth['epoch']}&speed={given.speed}")
    following, stop = followed(truth), threading.Event()
    web, home = TimedFetcher(following.settings, clock), Home(root)
    outcomes: Counter[str] = Counter()

    def report(runs: list[Run]) -> None:
        outcomes.update(run.outcome for run in runs)
        if clock.now() >= end:
            stop.set()

    rss: dict[str, int] = {}

    def watch_memory() -> None:
        while not stop.wait(5):
            rss.setdefault(f"{clock.now():%d}", _rss_mib())

    threading.Thread(target=watch_memory, daemon=True).start()
    threading.Timer(given.days * 86_400 / given.speed + 5, stop.set).start()
    while not stop.is_set():
        with pipeline.opened(home, following, clock=clock) as line:
            scheduler.run(
                line, web, reload=lambda: None, stop=stop, report=report, complain=lambda error: None, clock=clock
            )
    stats = ask("stats.json")
    sites = [site for name, site in stats.items() if not name.startswith("_")]
    gaps = [site["min_gap_ms"] for site in sites if site["min_gap_ms"] is not None]
    return {
        **judged(truth, home, min(clock.now(), end)),
        "runs": dict(outcomes),
        "requests": sum(site["requests"] for site in sites),
        "not_modified": sum(site["not_modified"] for site in sites),
        "peak_inflight": max(site["peak_inflight"] for site in sites),
        "min_gap_ms": min(gaps, default=None),
        "disallowed": sum(site["disallowed"] for site in sites),
        "in_retry_after": sum(site["in_retry_after"] for site in sites),
        "canary": stats["_canary"],
        "slowest_fetch_s": round(web.slowest_s, 1),
        "rss_mib_by_day": rss,
        "peak_rss_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10,
    }


def _rss_mib() -> int:
    """Return the memory of this process now, in MiB."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() >> 20


if __name__ == "__main__":
    sys.exit(main())
