"""What a full-text index costs to make and to ask, of each engine, beside Whoosh as it comes on the same terms.

    python benchmarks/searching.py [--docs FILE.jsonl] [--count N] [--queries N] [--engines ...] [--home] [--json]

FILE has a text a line: id (a number), title, body, source, lang, date (YYYY-MM-DD), url. Without it, N texts are mixed
from sentences of ``tests/collection``, always the same ones.

Building is CPU time, with the analysis for ours and without it for Whoosh, which is given the terms. Answers are wall
time of one query at a time, each engine in turn on the same one; searchers stay open between them. Ours is asked at
``index.Reader``; with ``--home`` the whole search, at ``search.search``, which opens all anew, and from the shell.
"""

from __future__ import annotations

import argparse
import gc
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from questions import Asked, article, given, mixed, questions, version
from whoosh import fields
from whoosh.analysis import SpaceSeparatedTokenizer
from whoosh.index import create_in

from aggregator import analysis, index, search
from aggregator.catalogue import Catalogue
from aggregator.home import Home
from aggregator.model import Article
from aggregator.query import Query

ENGINES = index.ENGINES
STOCK = "stock-whoosh"
ADDED, ROUNDS = 100, 3
SHELL_TIMES = 10


@dataclass(frozen=True, slots=True)
class Built:
    """What an index of an engine took."""

    engine: str
    articles_a_cpu_s: float
    index_bytes: int
    adding_100_s: float
    """Wall time until a hundred further articles are committed; the median of three times."""


# --- Whoosh as it comes ---------------------------------------------------------------------------------------------


class Stock:
    """An index with Whoosh's own fields and writer, over terms that are given."""

    def __init__(self, folder: Path) -> None:
        as_given = SpaceSeparatedTokenizer()
        folder.mkdir()
        self._index = create_in(
            str(folder),
            fields.Schema(
                id=fields.ID(unique=True, stored=True),
                title=fields.TEXT(analyzer=as_given, field_boost=2.0),
                body=fields.TEXT(analyzer=as_given),
                source=fields.ID(sortable=True),
                month=fields.ID(sortable=True),
                date=fields.NUMERIC(int, bits=64, sortable=True),
            ),
        )
        self._searcher: Any = None

    def put(self, documents: Sequence[dict[str, Any]]) -> None:
        """Add documents and commit."""
        adding = self._index.writer(limitmb=128)
        for document in documents:
            adding.add_document(**document)
        adding.commit()
        self._searcher = self._index.searcher()

    def ask(self, asked: Asked) -> int:
        """Answer a question; return how many were found for the page."""
        return len(list(self._searcher.search(asked.stock, **({"limit": 10} | asked.more))))


def document(one: Article) -> dict[str, Any]:
    """Return an article for Whoosh as it comes, its terms made."""
    at = one.claimed_at or one.captured_at
    title, body = (" ".join(analysis.terms(text, one.language)) for text in (one.title or "", one.text))
    about = {"id": one.id, "source": one.source_id, "month": f"{at:%Y-%m}", "date": int(at.timestamp())}
    return about | {"title": title, "body": body}


# --- measuring ------------------------------------------------------------------------------------------------------


def build(articles: Sequence[Article], folder: Path, engines: Sequence[str]) -> tuple[list[Built], Stock | None]:
    """Make an index with each engine."""
    more = [article(10**8 + n, a.title or "", a.text, a.source_id, a.language or "", a.captured_at)
            for n, a in enumerate(articles[: ADDED * ROUNDS])]  # fmt: skip
    built = []
    for engine in (each for each in ENGINES if each in engines):

        def put(some: Sequence[Article], engine: str = engine) -> None:
            writing = index.Writer(folder / engine, engine)
            writing.put(some)
            writing.sign()
            writing.close()

        built.append(measured(engine, folder / engine, put, articles, more))
    if STOCK not in engines:
        return built, None
    stock = Stock(folder / "stock")
    documents, further = ([document(one) for one in some] for some in (articles, more))
    built.append(measured(STOCK, folder / "stock", stock.put, documents, further))
    return built, stock


def measured(
    name: str, folder: Path, put: Callable[[Sequence[Any]], None], first: Sequence[Any], more: Sequence[Any]
) -> Built:
    leave_alone()
    cpu = time.process_time()
    put(first)
    cpu = time.process_time() - cpu
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    walls = [timed(lambda some=more[n : n + ADDED]: put(some)) for n in range(0, len(more), ADDED)]  # type: ignore[misc]
    return Built(name, len(first) / cpu, size, statistics.median(walls))


def leave_alone() -> None:
    """Let the collector of garbage pass over what is at hand: no engine pays for the texts of another."""
    gc.collect()
    gc.freeze()


def timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def answers(asked: Sequence[Asked], engines: dict[str, Callable[[Asked], object]]) -> dict[str, dict[str, list[float]]]:
    """Return by kind and engine p50, p95 and the longest wall time of an answer, in ms; the engines take turns."""
    times: dict[str, dict[str, list[float]]] = {}
    for number, one in enumerate(asked):
        of_kind = times.setdefault(one.kind, {name: [] for name in engines})
        if not number or asked[number - 1].kind != one.kind:
            for ask in engines.values():
                ask(one)  # nobody pays for being the first
        for name, ask in engines.items():
            of_kind[name].append(timed(lambda ask=ask, one=one: ask(one)) * 1000)  # type: ignore[misc]
    return {kind: {name: spread(those) for name, those in of.items()} for kind, of in times.items()}


def spread(times: Sequence[float]) -> list[float]:
    ranked = sorted(times)
    return [statistics.median(ranked), ranked[math.ceil(0.95 * len(ranked)) - 1], ranked[-1]]


def home_of(root: Path, articles: Sequence[Article], engine: str) -> Home:
    """Make a home in which the articles are known and indexed."""
    home = Home(root)
    home.index.mkdir(parents=True)
    home.sources_yaml.write_text("sources: []\n")
    with Catalogue(home.catalogue, writing=True) as known, known.transaction():
        for one in articles:
            known.put_article(one, one.url, [version(one)], [])
        known.indexed(known.to_index())
    writing = index.Writer(home.fulltext, engine)
    writing.put(articles)
    writing.sign()
    writing.close()
    return home


def at_index(asked: Asked, reader: index.Reader, languages: Sequence[str]) -> object:
    """Ask the index for a page."""
    sort = index.Sort.PUBLISHED if asked.kind == "sortdate" else index.Sort.RELEVANCE
    limit = 10 + 1000 * (asked.kind == "deep")
    return reader.ask(index.Asked(asked.node, languages, sort, limit, with_facets=asked.kind == "facet"))


def in_home(asked: Asked, home: Home) -> object:
    """Ask the whole search for a page."""
    sort, offset = ("published" if asked.kind == "sortdate" else "relevance"), 1000 * (asked.kind == "deep")
    return search.search(home, Query("benchmark", asked.node), sort=sort, offset=offset)


def shell_ms(home: Home, word: str) -> float:
    command = [sys.executable, "-m", "aggregator", "--home", str(home.root), "search", word]
    # a program that is installed has been compiled
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    times = [
        timed(lambda: subprocess.run(command, check=True, capture_output=True, env=env)) for _ in range(SHELL_TIMES + 1)
    ]
    return statistics.median(times[1:]) * 1000


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--docs", type=Path, metavar="FILE", help="texts, one a line; else mixed from our collection")
    parser.add_argument("--count", type=int, help="texts, at most (all of FILE, or 2,000)")
    parser.add_argument("--queries", type=int, default=40, help="of each kind (40)")
    parser.add_argument("--engines", nargs="+", choices=[*ENGINES, STOCK], default=[*ENGINES, STOCK])
    parser.add_argument("--home", action="store_true", help="measure the whole search, too, and the command")
    parser.add_argument("--json", action="store_true", help="print JSON")
    asked = parser.parse_args(arguments)
    articles = list(given(asked.docs, asked.count) if asked.docs else mixed(asked.count or 2_000))
    languages = sorted({one.language for one in articles if one.language})
    with tempfile.TemporaryDirectory(prefix="aggregator-bench-") as name:
        folder = Path(name)
        built, stock = build(articles, folder, asked.engines)
        engines: dict[str, Callable[[Asked], object]] = {
            engine: partial(at_index, reader=index.Reader(folder / engine), languages=languages)
            for engine in (each for each in ENGINES if each in asked.engines)
        }
        if stock:
            engines[STOCK] = stock.ask
        shell = {}
        if asked.home:
            for engine in (each for each in ENGINES if each in asked.engines):
                home = home_of(folder / f"home-{engine}", articles, engine)
                engines[f"home, {engine}"] = lambda one, home=home: in_home(one, home)  # type: ignore[misc]
                shell[engine] = shell_ms(home, analysis.folded(articles[0].text)[0])
        drawn = questions(articles, asked.queries)
        leave_alone()
        kinds = answers(drawn, engines)
    if asked.json:
        report = {"articles": len(articles), "built": [asdict(one) for one in built], "ms": kinds, "shell_ms": shell}
        print(json.dumps(report, indent=1))
        return
    print(f"{len(articles):,} articles; times in ms: half of the answers, 95 of 100, the longest\n")
    for one in built:
        print(f"{one.engine:<16}{one.articles_a_cpu_s:>8,.0f} articles a CPU s {one.index_bytes / 1e6:>9.1f} MB "
              f"{one.adding_100_s:>7.2f} s for {ADDED} more")  # fmt: skip
    print("\n" + " " * 12 + "".join(f"{name:>26}" for name in engines))
    for kind, of in kinds.items():
        print(f"{kind:<12}" + "".join("".join(f"{ms:>8.1f}" for ms in of[name]).rjust(26) for name in engines))
    for engine, ms in shell.items():
        print(f"\naggregator search, from the shell, {engine}: {ms:.0f} ms")


if __name__ == "__main__":
    main()
