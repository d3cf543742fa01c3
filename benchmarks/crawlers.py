"""How much faster two crawlers are than one that share a catalogue, over slow hosts of their own making.

    build/cluster/bin/python benchmarks/crawlers.py [--hosts 200] [--pages 10] [--latency-s 3]

Each host takes so long for an answer and is asked for robots.txt, a feed and its pages; the crawlers are processes of
their own, with homes of their own, and PostgreSQL is a durable server of this benchmark. Beside the times it is said
how often a host was asked by two at once, and how many pages were fetched twice: both are to be none.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import sqlalchemy as sql

from tests.cluster.postgres import Postgres
from tests.cluster.slowworld import SlowWorld


def main() -> None:
    """Print one JSON object a number of crawlers, then how much faster two are."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hosts", type=int, default=200)
    parser.add_argument("--pages", type=int, default=10)
    parser.add_argument("--latency-s", type=float, default=3.0)
    asked = parser.parse_args()
    postgres, took = Postgres(durable=True), {}
    try:
        for crawlers in (1, 2):
            took[crawlers] = _crawled(postgres, crawlers, asked)
    finally:
        postgres.end()
    print(json.dumps({"times_as_fast": round(took[1] / took[2], 2), "load": os.getloadavg()[0]}))


def _crawled(postgres: Postgres, crawlers: int, asked: argparse.Namespace) -> float:
    database, world = _database(postgres, f"c{crawlers}"), SlowWorld(asked.hosts, asked.pages, asked.latency_s)
    with tempfile.TemporaryDirectory() as folder:
        homes = [Path(folder) / str(n) for n in range(crawlers)]
        for home in homes:
            home.mkdir()
            (home / "sources.yaml").write_text(world.sources(database))
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
    at_once, times = world.asked_at_once(), world.asked()
    world.end()
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


def _database(postgres: Postgres, name: str) -> str:
    engine = sql.create_engine(postgres.address.replace("postgresql:", "postgresql+psycopg:"))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    engine.dispose()
    return postgres.address.replace("/postgres?", f"/{name}?")


if __name__ == "__main__":
    main()
