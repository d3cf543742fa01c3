"""Pages of the demo world: how long until the first byte of a page, and what it costs the server.

    python benchmarks/first_byte.py [--rounds 20] [--json]

Each page that the browser tests know is asked for so many times over loopback, from a server in a process of its own,
over a new connection. The wait is from the connection to the first byte behind the headers. The cost is CPU time of
the server, which depends little on what else the machine does; it stands beside that of the peer, a page of FastAPI
and Jinja that lists twenty rows out of memory, asked for in the same run. Exit code 1 if a page costs 100 ms or more.
"""

from __future__ import annotations

import argparse
import http.client
import json
import math
import multiprocessing
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from jinja2 import Environment
from starlette.types import ASGIApp

sys.path.insert(0, str(Path(__file__).parent.parent))

from aggregator.home import Home
from aggregator.web.serving import application
from tests.e2e.pages import PAGES, articles_of, known_in
from tests.e2e.strangers import OURS
from tests.e2e.world import visited, write_everywhere
from tests.webbed import as_of_many, serving

LIMIT_MS = 100
PEER = "peer: FastAPI, Jinja"
_ROWS = """<!doctype html><title>Rows</title><ol>
{% for row in rows %}<li><a href="/{{ row.id }}">{{ row.title }}</a> <time>{{ row.at }}</time><p>{{ row.text }}</p>
{% endfor %}</ol>"""


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured of a page."""

    page: str
    half_ms: float
    p95_ms: float
    cpu_ms: float
    """Of the server, a request."""
    ratio: float
    """To that of the peer."""


def peer() -> ASGIApp:
    """Return the page that is measured beside ours."""
    made, template = FastAPI(), Environment(autoescape=True).from_string(_ROWS)
    rows = [{"id": i, "title": f"Title {i}", "at": "2026-11-20", "text": "Four vans " * 30} for i in range(20)]

    @made.get("/")
    def show() -> HTMLResponse:
        return HTMLResponse(template.render(rows=rows))

    return made


@contextmanager
def served(root: Path | None) -> Iterator[tuple[str, Connection]]:
    """Serve the pages of a home, or of none the peer's, in a process; give the address and what tells its CPU time."""
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=_serve, args=(root, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        yield ours.recv(), ours
    finally:
        ours.close()
        process.join()


def _serve(root: Path | None, told: Connection) -> None:
    app = application(Home(root)) if root else peer()
    with serving(as_of_many(app)) as address:
        told.send(address)
        try:
            while told.recv():
                told.send(time.process_time())
        except EOFError:
            return


def waited_ms(address: str, path: str, status: int, form: dict[str, str] | None) -> float:
    """Ask for a page once; return how long its first byte took."""
    began = time.perf_counter()
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)
    headers = {"Content-Type": "application/x-www-form-urlencoded"} if form else {}
    connection.request("POST" if form else "GET", path, urlencode(form) if form else None, headers)
    answer = connection.getresponse()
    answer.read(1)
    waited = time.perf_counter() - began
    answer.read()
    connection.close()
    if answer.status != status:
        raise RuntimeError(f"{path}: {answer.status}")
    return waited * 1000


def measured(
    name: str, address: str, told: Connection, path: str, rounds: int, *, status: int, form: dict[str, str] | None
) -> Figures:
    """Ask for a page so many times, after twice to warm it up."""
    for _ in range(2):
        waited_ms(address, path, status, form)
    before = _cpu_s(told)
    waits = sorted(waited_ms(address, path, status, form) for _ in range(rounds))
    cpu_ms = (_cpu_s(told) - before) / rounds * 1000
    return Figures(name, statistics.median(waits), waits[math.ceil(0.95 * rounds) - 1], cpu_ms, math.nan)


def _cpu_s(told: Connection) -> float:
    told.send(True)
    return float(told.recv())


def all_pages(root: Path, rounds: int) -> Iterator[Figures]:
    """Yield the figures of the peer, then of each page."""
    home = visited(root)
    calm = articles_of(home)
    known = known_in(home, calm, write_everywhere(home, OURS[:1])[0])
    with served(None) as (address, told):
        beside = measured(PEER, address, told, "/", rounds, status=200, form=None)
    yield Figures(PEER, beside.half_ms, beside.p95_ms, beside.cpu_ms, 1.0)
    with served(root) as (address, told):
        for page in PAGES:
            form = {"text": known.pasted} if page.is_pasted else None
            of = measured(
                page.name, address, told, page.path(known).partition("#")[0], rounds, status=page.status, form=form
            )
            yield Figures(of.page, of.half_ms, of.p95_ms, of.cpu_ms, of.cpu_ms / beside.cpu_ms)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=20, help="times that each page is asked for (20)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="aggregator-bench-") as name:
        found = list(all_pages(Path(name) / "home", given.rounds))
    if given.json:
        print(json.dumps([asdict(each) for each in found]))
    else:
        print(f"{'page':<22} {'half ms':>8} {'p95 ms':>8} {'cpu ms':>8} {'ours/peer':>10}")
        for each in found:
            print(f"{each.page:<22} {each.half_ms:8.1f} {each.p95_ms:8.1f} {each.cpu_ms:8.1f} {each.ratio:10.1f}")
        print(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    sys.exit(any(each.cpu_ms >= LIMIT_MS for each in found))


if __name__ == "__main__":
    main()
