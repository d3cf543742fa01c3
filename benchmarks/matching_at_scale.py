"""What it costs to compare a whole archive at once: each map by itself, what goes through files, and memory.

    python benchmarks/matching_at_scale.py                              10,000 and 50,000 made-up articles
    python benchmarks/matching_at_scale.py --articles 10000 --both      and one article after the other, beside it
    python benchmarks/matching_at_scale.py --wall --articles 1000 5000  how long both take on this machine

Articles are those of ``fingerprints.py``, which share phrases the way news does. Of these, one in seven is a copy of an
earlier one with every fiftieth word another, and one in twenty quotes a paragraph; of all copies, a third is of one of
the first hundred articles, so that families grow with the archive.

Tasks run one after the other in one worker, a new one for each map: its CPU time is the unit of cost, which does not
depend on what else the machine does; its peak of memory is told beyond what it has after the imports. Settling, which
stays where it was, is not measured.
"""

from __future__ import annotations

import argparse
import os
import random
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

from fingerprints import Row, catalogued, made_up, peak_mib

from aggregator import bulk
from aggregator.bulk import executors
from aggregator.catalogue import Catalogue
from aggregator.home import Home
from aggregator.matching import Articles, Finder
from aggregator.model import Following, Settings
from aggregator.pipeline import rematching
from aggregator.pipeline.rematching import Order, Rematching
from aggregator.reuse import Reuse

MAPS = ("cut", "meet", "choose", "align")
COPIES, QUOTES = 7, 20
"""One in so many articles."""
FAMOUS = 100
"""Of these a third of all copies is."""


# --- the archive ----------------------------------------------------------------------------------------------------


def reposted(count: int) -> Iterator[tuple[int, Row]]:
    """Yield documents, the same every time, of which some copy others or quote them."""
    chance = random.Random(5)
    texts: list[str] = []
    for number, doc in enumerate(made_up(count)):
        text = doc["text"]
        if number % COPIES == 3 and texts:
            among = min(len(texts), FAMOUS) if chance.random() < 1 / 3 else len(texts)
            text = edited(texts[chance.randrange(among)], chance)
        elif number % QUOTES == 5 and texts:
            text = f"{text}\n\n{max(chance.choice(texts).split(chr(10) * 2), key=len)}"
        texts.append(text)
        yield number, {**doc, "text": text}


def edited(text: str, chance: random.Random) -> str:
    words = text.split(" ")
    for place in range(chance.randrange(50), len(words), 50):
        words[place] = chance.choice(words)
    return " ".join(words)


def made(root: Path, count: int) -> tuple[Home, list[str]]:
    """Return a home of so many articles, none of which was compared with any."""
    home = Home(root)
    home.index.mkdir(parents=True)
    with Catalogue(home.catalogue, writing=True) as catalogue:
        return home, catalogued(catalogue, reposted(count))


# --- measuring ------------------------------------------------------------------------------------------------------


@dataclass
class Measuring:
    """An engine that has each map done by a worker of its own, one task after the other."""

    slots: int = 1
    cpu_s: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    tasks: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    peak_mib: dict[str, float] = field(default_factory=dict)
    pools: dict[str, executors._Pool] = field(default_factory=dict)
    laid: int = 0
    """Pairs that were laid side by side."""
    resting: dict[str, float] = field(default_factory=dict)

    def ensure(self) -> None:
        pass

    def submit(self, task: Callable[..., Any], *arguments: Any) -> Future[Any]:
        name = task.func.__name__  # type: ignore[attr-defined]
        if name not in self.pools:
            self.pools[name] = executors._Pool(slots=1)
            self.resting[name] = self.pools[name].submit(peak_mib).result()
        done: Future[Any] = Future()
        result, cpu_s, peak = self.pools[name].submit(measured, task, *arguments).result()
        self.cpu_s[name] += cpu_s
        self.tasks[name] += 1
        self.laid += len(arguments[0]) if name == "align" else 0
        self.peak_mib[name] = max(self.peak_mib.get(name, 0.0), peak - self.resting[name])
        done.set_result(result)
        return done

    def close(self) -> None:
        for pool in self.pools.values():
            pool.close()


def measured(task: Callable[..., Any], *arguments: Any) -> tuple[Any, float, float]:
    began = time.process_time()
    result = task(*arguments)
    return result, time.process_time() - began, peak_mib()


def size_of(folder: Path, pattern: str) -> int:
    return sum(path.stat().st_size for path in folder.glob(pattern))


def costs(home: Home, ids: Sequence[str]) -> Iterator[str]:
    """Yield lines of what the maps cost."""
    count, folder = len(ids), home.index / "shuffled"
    folder.mkdir()
    engine = Measuring()
    began = time.process_time()
    whole = Rematching(Order(folder, home.catalogue), engine, ids, lambda _: None)
    whole.fingerprint(Reuse(home.index / "made", writing=True))
    found = sum(1 for _ in whole.alignments())
    engine.close()
    here = time.process_time() - began
    pairs, rows = size_of(folder, "run-*-pairs") // 8, size_of(folder, "met-*-grams") // 8
    yield f"{count:,} articles, {rows / count:.0f} grams an article, {found:,} pairs that share passages; load {load()}"
    for name in MAPS:
        cpu = engine.cpu_s[name]
        yield (
            f"  {name:8}{count / cpu:10,.0f} articles a core second {1e3 * cpu / count:8.3f} ms an article "
            f"{engine.tasks[name]:6,} tasks {engine.peak_mib[name]:7,.0f} MiB"
        )
    yield f"  driver  {count / here:10,.0f} articles a core second {1e3 * here / count:8.3f} ms an article"
    for name, pattern in {"cuts": "cut-*", "runs of pairs": "run-*", "merged index": "met-*"}.items():
        yield f"  {name:14}{size_of(folder, pattern) / count:10,.0f} bytes an article"
    yield f"  {pairs / count:,.0f} rows of pairs an article, {engine.laid / count:.2f} pairs laid side by side"


def one_by_one(home: Home, ids: Sequence[str]) -> Iterator[str]:
    """Yield what the other way costs."""
    with Catalogue(home.catalogue) as catalogue:
        reuse = Reuse(home.index / "slow", writing=True)
        following = Following(settings=Settings(), sources=())
        finder = Finder(reuse, Articles(catalogue, following, reuse))
        began = time.process_time()
        finder.add(ids)
        added = time.process_time()
        found = sum(1 for _ in finder.alignments(ids))
        done = time.process_time()
    yield (
        f"  one after the other: fingerprints {1e3 * (added - began) / len(ids):.3f} ms an article, "
        f"compared {1e3 * (done - added) / len(ids):.3f} ms, {found:,} pairs"
    )


def walls(root: Path, count: int) -> Iterator[str]:
    """Yield how long both ways take, from the texts to what they share."""
    home, ids = made(root, count)
    took: dict[str, tuple[float, int]] = {}
    for way in ("one by one", "at once") * 2:
        began = time.perf_counter()
        name = f"made-{len(took)}-{time.monotonic_ns()}"
        if way == "at once":
            with rematching.all_of(home, bulk.LOCAL, home.index / "shuffled", ids, lambda _: None) as whole:
                whole.fingerprint(Reuse(home.index / name, writing=True))
                found = sum(1 for _ in whole.alignments())
        else:
            with Catalogue(home.catalogue) as catalogue:
                reuse = Reuse(home.index / name, writing=True)
                finder = Finder(reuse, Articles(catalogue, Following(settings=Settings(), sources=()), reuse))
                finder.add(ids)
                found = sum(1 for _ in finder.alignments(ids))
        took[way] = min(took.get(way, (1e9, 0))[0], time.perf_counter() - began), found
    said = ", ".join(f"{way} {seconds:.1f} s ({found:,} pairs)" for way, (seconds, found) in took.items())
    yield f"{count:,} articles, {os.cpu_count()} processors, load {load()}: {said}"


def load() -> str:
    return " ".join(f"{each:.1f}" for each in os.getloadavg())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, nargs="+", default=[10_000, 50_000])
    parser.add_argument("--both", action="store_true", help="one article after the other, too")
    parser.add_argument("--wall", action="store_true", help="how long both take with all processors")
    args = parser.parse_args()
    for count in args.articles:
        with tempfile.TemporaryDirectory() as folder:
            if args.wall:
                lines: Iterator[str] = walls(Path(folder) / "home", count)
            else:
                home, ids = made(Path(folder) / "home", count)
                lines = chain(costs(home, ids), one_by_one(home, ids) if args.both else ())
            for line in lines:
                print(line, flush=True)


if __name__ == "__main__":
    main()
