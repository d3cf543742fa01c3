"""What an article takes where several machines share the work: bytes and rows of the catalogue, of archive and index.

    build/cluster/bin/python benchmarks/sizes.py [--pages DIR] [--count N] [--engine tantivy]

The pages (the posts of the demo world, or real ones: ``pages.py`` says in which form) are crawled over loopback into a
home whose catalogue is on a PostgreSQL server of this benchmark's own, and then their feeds are polled again and again.
Sizes are of tables with their indexes, without what they take when empty.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import sqlalchemy as sql

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from loopback import following, serving
from pages import of_demo_world, of_folder

from aggregator import pipeline
from aggregator.fetch import Fetcher
from aggregator.home import Home
from tests.cluster.postgres import Postgres

POLLS = 50
"""How often each feed is asked for once more, with its robots.txt."""
_TABLES = """
    SELECT c.relname, pg_total_relation_size(c.oid) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'aggregator' AND c.relkind = 'r'
"""


def main() -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=Path)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--engine", default="tantivy")
    asked = parser.parse_args()
    pages = of_folder(asked.pages, asked.count) if asked.pages else of_demo_world(asked.count)
    postgres = Postgres(durable=True)
    try:
        with tempfile.TemporaryDirectory() as folder, serving(pages) as port:
            home = Home(Path(folder), server=postgres.address)
            known = following(pages, port)
            known = replace(known, settings=replace(known.settings, index=asked.engine))
            with pipeline.opened(home, known):
                empty = _tables(postgres)
            began = time.perf_counter()
            with pipeline.opened(home, known) as line:
                runs = line.crawl(known.sources, Fetcher(known.settings))
            took_s = time.perf_counter() - began
            articles, tables = sum(run.new for run in runs), _tables(postgres)
            first, polls = _bytes(home.root / "archive"), POLLS * len(known.sources)
            with pipeline.opened(home, known) as line:
                for _ in range(POLLS):
                    line.crawl(known.sources, Fetcher(known.settings))
            after = _tables(postgres)
            print(json.dumps({
                "articles": articles,
                "articles_a_second": round(articles / took_s, 1),
                "peak_mib_of_this_process": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10,
                "page_bytes": sum(len(page.body) for page in pages) // len(pages),
                "archive_bytes_an_article": first // articles,
                "archive_bytes_a_poll": (_bytes(home.root / "archive") - first) // polls,
                "catalogue_bytes_a_poll": sum(after[t][0] - tables[t][0] for t in tables) // polls,
                "catalogue_rows_a_poll": {
                    t: round((after[t][1] - tables[t][1]) / polls, 1) for t in tables if after[t][1] > tables[t][1]
                },
                "catalogue_bytes_an_article": sum(tables[t][0] - empty[t][0] for t in tables) // articles,
                "catalogue_rows_an_article": round(sum(rows for _, rows in tables.values()) / articles, 1),
                "index_bytes_an_article": {
                    part: _bytes(home.root / "index" / part) // articles for part in ("fulltext", "reuse")
                },
                "largest_tables": {
                    name: (size // articles, rows)
                    for name, (size, rows) in sorted(tables.items(), key=lambda each: -each[1][0])[:6]
                },
            }))  # fmt: skip
    finally:
        postgres.end()


def _tables(postgres: Postgres) -> dict[str, tuple[int, int]]:
    """Return bytes and rows of each table."""
    engine = sql.create_engine(postgres.address.replace("postgresql:", "postgresql+psycopg:"))
    with engine.connect() as connection:
        sizes = connection.exec_driver_sql(_TABLES).all()
        return {
            name: (int(size), int(connection.exec_driver_sql(f'SELECT count(*) FROM aggregator."{name}"').scalar_one()))
            for name, size in sizes
        }


def _bytes(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


if __name__ == "__main__":
    main()
