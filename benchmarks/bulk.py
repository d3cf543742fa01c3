"""Re-extraction by one worker and by two, and what the rows cost that say what is done.

    python benchmarks/bulk.py [--pages DIR] [--count N] [--rounds N] [--dask]

An archive of N pages is made (the posts of the demo world, or real ones: ``pages.py`` says in which form), and then
read anew as an extractor of another version would: by the map alone, with one worker and with two, by turns; and as a
whole rebuild, page by page as a small one is, and in bulk. With ``--dask`` the map runs on Dask clusters of one and two
workers instead of in pools, and there is a rebuild on the cluster of two. Workers have loaded the extractor before the
clock runs. Printed are the medians of the rounds, the machine's load before each, and the share of the map that the
commits took.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from unittest.mock import patch

import pages as pages_

from aggregator import archive, bulk, pipeline
from aggregator.archive import Archive
from aggregator.bulk import Engine, Part, Segment, executors
from aggregator.catalogue import Catalogue
from aggregator.home import Home
from aggregator.model import Following, Request, Response, Role, Settings, Source
from aggregator.pipeline import rereading

BEGAN = datetime(2026, 11, 23, 12, tzinfo=UTC)
SEGMENT_BYTES = 1 << 19
"""Smaller than the program's, for an archive that is smaller than those it is meant for: the commits cost more."""

FEW_BYTES = 1 << 14
"""As much is read by each worker before the clock runs."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=Path, default=os.environ.get("AGGREGATOR_PAGES"))
    parser.add_argument("--count", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--dask", action="store_true")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder, patch.object(rereading, "SEGMENT_BYTES", SEGMENT_BYTES):
        home, following = made(Path(folder), given.pages, given.count)
        size = sum(archive.size(home.archive, file) for file in archive.files(home.archive))
        print(f"{given.count:,} pages, {size / 1e6:,.1f} MB of WARC files; {os.cpu_count()} processors")
        workers = dask_workers if given.dask else pool_workers
        with workers(1) as one, workers(2) as two:
            alone(home, following, {"one worker": one, "two workers": two}, given.rounds)
            whole(home, following, two if given.dask else None, given.rounds)


# --- the archive ----------------------------------------------------------------------------------------------------


def made(root: Path, folder: Path | None, count: int) -> tuple[Home, Following]:
    """Return a home that holds pages and has read none."""
    home = Home(root / "home")
    home.archive.mkdir(parents=True)
    found = pages_.of_folder(folder, count) if folder else pages_.of_demo_world(count)
    sources = [Source(id=f"s{n}", name=f"s{n}", url=f"http://site-{n}.example/") for n in range(pages_.SITES)]
    writer = Archive(home.archive, operator=None)
    for number, one in enumerate(islice(cycle(found), count)):
        source = sources[number % len(sources)]
        url = f"{source.url}{number}{one.target}"
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {one.content_type}\r\nContent-Length: {len(one.body)}\r\n\r\n"
        writer.add(
            Response(
                request=Request(url=url, role=Role.PAGE, source_id=source.id, asked_url=url),
                started_at=BEGAN + timedelta(seconds=number),
                ip="192.0.2.1",
                sent=f"GET {one.target} HTTP/1.1\r\n\r\n".encode(),
                received=head.encode() + one.body,
            ),
            earlier=None,
        )
    writer.close()
    return home, Following(settings=Settings(min_free_bytes=0), sources=tuple(sources))


# --- workers --------------------------------------------------------------------------------------------------------


@contextmanager
def pool_workers(count: int) -> Iterator[str]:
    yield f"local/{count}"


@contextmanager
def dask_workers(count: int) -> Iterator[str]:
    from distributed import LocalCluster

    with LocalCluster(n_workers=count, threads_per_worker=1, dashboard_address=":0", host="127.0.0.1") as cluster:
        yield str(cluster.scheduler_address).replace("tcp://", "dask://")


@contextmanager
def opened(address: str) -> Iterator[Engine]:
    kind, _, count = address.partition("/") if address.startswith("local") else (address, "", "")
    with (
        patch.object(executors, "_processors", lambda: int(count or 1)),
        bulk.opened(kind) as engine,
    ):
        yield engine


# --- the map alone --------------------------------------------------------------------------------------------------


def alone(home: Home, following: Following, workers: dict[str, str], rounds: int) -> None:
    """Print how long the map takes with each number of workers, and what of it the commits take."""
    files = {file: (0, archive.size(home.archive, file)) for file in archive.files(home.archive)}
    segments = list(rereading._segments(home.archive, files))
    took: dict[str, list[float]] = {name: [] for name in workers}
    shares: list[float] = []
    for _ in range(rounds):
        for name, address in workers.items():
            load = os.getloadavg()[0]
            with opened(address) as engine:
                warmed(engine, home, following, segments[0])
                seconds, committing = mapped(engine, home, following, segments)
            took[name].append(seconds)
            shares.append(committing / seconds)
            print(f"  {name}: {seconds:.1f} s, commits {committing * 1e3:.1f} ms, load before {load:.1f}")
    one, two = (median(each) for each in took.values())
    print(f"the map over {len(segments)} segments: one {one:.1f} s, two {two:.1f} s, {one / two:.2f} times")
    print(f"commits, {SEGMENT_BYTES >> 10:,} KiB a segment: {median(shares):.2%} of it")


def mapped(engine: Engine, home: Home, following: Following, segments: Sequence[Segment]) -> tuple[float, float]:
    """Return how long a map took, and how much of that the commits, in seconds."""
    with ordered(home, following) as folder, Catalogue(folder / "catalogue.sqlite", writing=True) as known:
        committing = 0.0
        begun = time.perf_counter()
        for _, part in bulk.in_order(engine, partial(rereading.read_segment, str(folder)), segments):
            assert isinstance(part, Part), part
            at = time.perf_counter()
            with known.transaction():
                known.put_parts(rereading.JOB, "v", [(part.segment, part.rows, part.sha256)])
            committing += time.perf_counter() - at
        return time.perf_counter() - begun, committing


def warmed(engine: Engine, home: Home, following: Following, segment: Segment) -> None:
    """Have every worker load what it needs."""
    pieces = archive.stretches(home.archive, segment.file, segment.start, most_bytes=FEW_BYTES)
    few = [
        Segment(file=segment.file, start=start, stop=stop) for start, stop in islice(pieces, 1, 1 + 6 * engine.slots)
    ]
    with ordered(home, following) as folder:
        for _, part in bulk.in_order(engine, partial(rereading.read_segment, str(folder)), few):
            assert isinstance(part, Part), part


@contextmanager
def ordered(home: Home, following: Following) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(dir=home.root))
    bulk.put_order(folder, rereading._order_of(home.archive, following, {}))
    yield folder
    shutil.rmtree(folder)


# --- a whole rebuild ------------------------------------------------------------------------------------------------


def whole(home: Home, following: Following, dask: str | None, rounds: int) -> None:
    """Print how long a rebuild takes, page by page and in bulk."""
    never, always = {"local": 1 << 60, "dask": 1 << 60}, {"local": 0, "dask": 0}
    on_dask = replace(following, settings=replace(following.settings, executor=dask)) if dask else following
    ways: dict[str, tuple[Following, dict[str, int]]] = {
        "page by page": (following, never),
        "in bulk, local": (following, always),
    }
    ways |= {"in bulk, Dask of two": (on_dask, always)} if dask else {}
    took: dict[str, list[float]] = {name: [] for name in ways}
    reading: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, (how, since) in ways.items():
            for path in home.archive.rglob("articles-*.jsonl.gz"):
                path.unlink()
            load = os.getloadavg()[0]
            with patch.object(rereading, "FROM_BYTES", since), timed(pipeline.Pipeline, "_read") as read:
                begun = time.perf_counter()
                pipeline.rebuild(home, how)
                took[name].append(time.perf_counter() - begun)
            reading[name].append(sum(read))
            print(f"  {name}: {took[name][-1]:.1f} s, reading {reading[name][-1]:.1f} s, load before {load:.1f}")
    for name in ways:
        print(f"a rebuild {name}: {median(took[name]):.1f} s, of which reading {median(reading[name]):.1f} s")


@contextmanager
def timed(owner: type, name: str) -> Iterator[list[float]]:
    """Note how long each call of a method takes."""
    took: list[float] = []
    called: Callable[..., object] = getattr(owner, name)

    def timing(*given: object) -> object:
        begun = time.perf_counter()
        try:
            return called(*given)
        finally:
            took.append(time.perf_counter() - begun)

    with patch.object(owner, name, timing):
        yield took


if __name__ == "__main__":
    main()
