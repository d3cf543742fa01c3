"""How much faster two crawlers are than one that share a catalogue, over slow hosts of their own making.

    build/cluster/bin/python benchmarks/crawlers.py [--hosts 200] [--pages 5] [--latency-s 1.5]

Each host takes so long for an answer and is asked for robots.txt, a feed and its pages; the crawlers are processes of
their own, with homes of their own, and PostgreSQL is a durable server of this benchmark. Beside the times it is said
how often a host was asked by two at once, and how many pages were fetched twice: both are to be none.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import sqlalchemy as sql

from tests.cluster.postgres import Postgres
from tests.fakeweb import feed, page

WORDS = "harbour loft morning van bailiff kettle mattress lease school roof rain estuary petition hall".split()


def main() -> None:
    """Print one JSON object a number of crawlers, then how much faster two are."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hosts", type=int, default=200)
    parser.add_argument("--pages", type=int, default=5)
    parser.add_argument("--latency-s", type=float, default=1.5)
    asked = parser.parse_args()
    postgres, took = Postgres(durable=True), {}
    try:
        for crawlers in (1, 2):
            took[crawlers] = _crawled(postgres, crawlers, asked)
    finally:
        postgres.end()
    print(json.dumps({"times_as_fast": round(took[1] / took[2], 2), "load": os.getloadavg()[0]}))


def _crawled(postgres: Postgres, crawlers: int, asked: argparse.Namespace) -> float:
    database, (ours, theirs) = _database(postgres, f"c{crawlers}"), multiprocessing.Pipe()
    site = multiprocessing.Process(target=_serve, args=(theirs, asked.pages, asked.latency_s), daemon=True)
    site.start()
    port = ours.recv()
    with tempfile.TemporaryDirectory() as folder:
        homes = [Path(folder) / str(n) for n in range(crawlers)]
        for home in homes:
            home.mkdir()
            (home / "sources.yaml").write_text(_sources(asked.hosts, port, database))
        began = time.perf_counter()
        running = [
            subprocess.Popen(
                [sys.executable, "-m", "aggregator", "--home", str(home), "crawl", "--json"],
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
            for home in homes
        ]
        told = [json.loads(each.communicate()[0]) for each in running]
        took_s = time.perf_counter() - began
    ours.send("over")
    at_once, times = ours.recv()
    site.join()
    shares = [len(each["runs"]) for each in told]
    said = {
        "crawlers": crawlers,
        "took_s": round(took_s, 1),
        "sources": shares,
        "pages": sum(each["stored"] for each in told),
    }
    twice = sum(n > 1 for address, n in times.items() if "/page" in address)
    print(json.dumps({**said, "asked_by_two_at_once": at_once, "pages_fetched_twice": twice}), flush=True)
    return took_s


def _sources(hosts: int, port: int, database: str) -> str:
    settings = f"{{min_free: 1MB, catalogue: '{database}', network: {{allow_private: [127.0.0.0/8]}}}}"
    entries = (
        f"  - {{id: s{n}, url: 'http://{_host(n)}:{port}/', feeds: ['http://{_host(n)}:{port}/feed']}}\n"
        for n in range(hosts)
    )
    return f"settings: {settings}\ndefaults: {{pace: 0s, recheck: false}}\nsources:\n{''.join(entries)}"


def _host(number: int) -> str:
    return f"127.7.{number // 250}.{number % 250 + 1}"


def _database(postgres: Postgres, name: str) -> str:
    engine = sql.create_engine(postgres.address.replace("postgresql:", "postgresql+psycopg:"))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    engine.dispose()
    return postgres.address.replace("/postgres?", f"/{name}?")


def _serve(pipe: multiprocessing.connection.Connection, pages: int, latency_s: float) -> None:
    lock, busy, times = threading.Lock(), defaultdict[str, int](int), Counter[str]()
    at_once = [0]

    class Site(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            host = self.headers["Host"]
            with lock:
                busy[host] += 1
                at_once[0] += busy[host] > 1
                times[host + self.path] += 1
            time.sleep(latency_s)  # what makes a host slow
            body = _body(host, self.path, pages).encode()
            with lock:
                busy[host] -= 1
            self.send_response(200 if body else 404)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Content-Type", "text/html" if "/page" in self.path else "application/rss+xml")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        request_queue_size = 512

    server = Server(("0.0.0.0", 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    pipe.send(server.server_port)
    pipe.recv()
    pipe.send((at_once[0], times))


def _body(host: str, path: str, pages: int) -> str:
    if path == "/feed":
        return feed(*(f"http://{host}/page{n}" for n in range(pages)))
    if path.startswith("/page"):
        said = [
            " ".join(WORDS[(len(host) * 7 + n * k + ord(path[-1])) % len(WORDS)] for n in range(12)) for k in range(20)
        ]
        return page(f"{host}{path}. " + ". ".join(said), title=f"{host}{path}")
    return ""


if __name__ == "__main__":
    main()
