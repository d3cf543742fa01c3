"""Kills: crawlers, drivers, workers, PostgreSQL, the bucket, at random moments; what is known afterwards is the same.

    make torture-cluster ARGS="--kills 20 --seed 1"

For each kill a small world of slow hosts is crawled by two crawlers that share a catalogue and a bucket, or the
catalogue is made again with a Dask cluster; one process is ended by ``kill -9`` (PostgreSQL with all of its own), and
then the same commands are run once more, as the next night would. Nothing is mended by hand. The server of the bucket
keeps all in memory: its connections are cut and it is out of reach, as when it is killed, but it forgets nothing.
Afterwards the same articles, versions, matches and families must be known as in a calm run, no row twice, and no host
may ever have been asked by two at once.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from distributed import LocalCluster

from aggregator.catalogue import Catalogue
from aggregator.home import Home
from tests.cluster.postgres import Postgres
from tests.cluster.s3server import SECRET, USER, Server, running
from tests.cluster.slowworld import SlowWorld

LEASE_S = 3.0
"""Leases hold a fiftieth of their time, so that another crawler goes on within seconds: these hosts answer at once."""
_CRAWLER = (
    f"from aggregator.pipeline import claims, rereading; claims.LEASE_S = {LEASE_S}; "
    "rereading.FROM_BYTES = {'local': 1 << 60, 'dask': 1}; rereading.SEGMENT_BYTES = 4000; "
    "from aggregator.cli import main; import sys; main(sys.argv[1:])"
)
_LONGEST_S = 120.0


@dataclass(slots=True)
class Scene:
    """One run of the world: its servers, its homes, what runs in them."""

    folder: Path
    postgres: Postgres
    world: SlowWorld
    bucket: Server
    cluster: Cluster
    address: str

    @property
    def bucket_name(self) -> str:
        return f"b{zlib.crc32(self.folder.name.encode()):08x}"

    def homes(self) -> list[Home]:
        """Return the homes of both crawlers."""
        return [Home(self.folder / name, server=self.address) for name in ("one", "other")]

    def begin(self) -> None:
        """Make the homes."""
        for home in self.homes():
            home.root.mkdir(parents=True)
            settings = (
                f", archive: 's3://{self.bucket_name}/news', archive_server: '{self.bucket.endpoint}'"
                f", executor: '{self.cluster.address}'"
            )
            home.sources_yaml.write_text(self.world.sources(self.address, settings=settings))

    def start(self, home: Home, *said: str) -> subprocess.Popen[bytes]:
        """Run a command on a home."""
        log = (self.folder / "log").open("ab")
        command = [sys.executable, "-c", _CRAWLER, "--home", str(home.root), *said]
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def crawl(self) -> list[subprocess.Popen[bytes]]:
        """Have both crawlers visit all sources."""
        return [self.start(home, "crawl") for home in self.homes()]

    def known(self) -> dict[str, list[Any]]:
        """Return what does not depend on who captured what when."""
        with Catalogue(self.homes()[0].catalogue) as it:
            articles = it.articles(it.article_ids()).values()
            return {
                "articles": sorted((a.id, a.url, a.version, a.title or "", a.text, a.number) for a in articles),
                "matches": sorted((m.a, m.b, m.relation, m.kind) for m in it.matches_of(it.article_ids())),
                "clusters": sorted((c.id, c.members) for c in it.clusters()),
                "waiting": it.to_match(),
            }

    def log(self) -> str:
        """Return what the commands said."""
        return (self.folder / "log").read_text(errors="replace")[-400:]


def ended(running: list[subprocess.Popen[bytes]]) -> list[int]:
    """Wait for commands; return their exit codes."""
    return [each.wait(timeout=_LONGEST_S) for each in running]


def settle(scene: Scene) -> None:
    """Do what the next nights would: crawl until nothing is left, one after the other."""
    for home in scene.homes():
        for _ in range(3):
            code = scene.start(home, "crawl").wait(timeout=_LONGEST_S)
            if code == 0:
                break
            time.sleep(LEASE_S / 2)
        else:
            raise AssertionError(f"crawl ended with {code}: {scene.log()}")


def kill_crawler(scene: Scene, at_s: float) -> None:
    """Kill one of two crawlers while both crawl."""
    running = scene.crawl()
    time.sleep(at_s)
    running[0].kill()
    ended(running)


def kill_postgres(scene: Scene, at_s: float) -> None:
    """Kill the server while both crawl; both end cleanly."""
    running = scene.crawl()
    time.sleep(at_s)
    scene.postgres.kill()
    codes = ended(running)
    scene.postgres.start()
    if not set(codes) <= {0, 1, 3}:
        raise AssertionError(f"crawlers ended with {codes}: {scene.log()}")


def shut_bucket(scene: Scene, at_s: float) -> None:
    """Take the bucket away while both crawl, and give it back when they have ended: uploads are late, no more.

    A home that is new and cannot see what is in the bucket does not begin, and says so with exit code 3.
    """
    running = scene.crawl()
    time.sleep(at_s)
    scene.bucket.door.shut()
    codes = ended(running)
    scene.bucket.door.reopen()
    began = [home.archive.joinpath("events.jsonl").exists() for home in scene.homes()]
    if any(code and (has_begun or code != 3) for code, has_begun in zip(codes, began, strict=True)):
        raise AssertionError(f"crawlers ended with {codes}: {scene.log()}")


def kill_driver(scene: Scene, at_s: float) -> None:
    """Kill the driver of a rebuild; what is known meanwhile is what was known before."""
    _rebuild(scene, lambda driver: driver.kill(), at_s)


def kill_worker(scene: Scene, at_s: float) -> None:
    """Kill a worker of the cluster during a rebuild, which goes on."""
    pids = list(scene.cluster.pids())
    _rebuild(scene, lambda _: os.kill(pids[int(at_s * 1000) % len(pids)], signal.SIGKILL), at_s)


def kill_postgres_rebuilding(scene: Scene, at_s: float) -> None:
    """Kill the server during a rebuild."""
    _rebuild(scene, lambda _: scene.postgres.kill(), at_s)


def shut_bucket_rebuilding(scene: Scene, at_s: float) -> None:
    """Take the bucket away during a rebuild."""
    _rebuild(scene, lambda _: scene.bucket.door.shut(), at_s)


def _rebuild(scene: Scene, befall: Callable[[subprocess.Popen[bytes]], None], at_s: float) -> None:
    home = scene.homes()[0]
    ended(scene.crawl())
    settle(scene)
    before = scene.known()
    rebuilding = scene.start(home, "rebuild")
    time.sleep(at_s)
    befall(rebuilding)
    code = rebuilding.wait(timeout=_LONGEST_S)
    scene.postgres.start_again()
    scene.bucket.door.reopen()
    if (known := scene.known()) != before:
        raise AssertionError(
            f"what was known before is not: {[name for name in before if known[name] != before[name]]}"
        )
    if code and (code := scene.start(home, "rebuild").wait(timeout=_LONGEST_S)):
        raise AssertionError(f"rebuild ended with {code}: {scene.log()}")


KILLS: dict[str, Callable[[Scene, float], None]] = {
    "crawler": kill_crawler,
    "postgres": kill_postgres,
    "bucket": shut_bucket,
    "driver": kill_driver,
    "worker": kill_worker,
    "postgres-rebuilding": kill_postgres_rebuilding,
    "bucket-rebuilding": shut_bucket_rebuilding,
}


def main() -> int:
    """Run; return how many kills left something else than a calm run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20, help="of each kind")
    parser.add_argument("--only", choices=sorted(KILLS))
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    os.environ |= {"AWS_ACCESS_KEY_ID": USER, "AWS_SECRET_ACCESS_KEY": SECRET}
    with running() as bucket, closing(Cluster()) as cluster:
        return _all(bucket, cluster, asked)


def _all(bucket: Server, cluster: Cluster, asked: argparse.Namespace) -> int:
    chance = random.Random(asked.seed)
    with _stage(bucket, cluster, 0) as scene:
        calm, took_s = _calm(scene)
        port = scene.world.port  # ids depend on addresses
    print(f"calm: {len(calm['articles'])} articles, {len(calm['matches'])} matches, {took_s:.1f} s", flush=True)
    bad = 0
    for what in [asked.only] if asked.only else KILLS:
        for number in range(asked.kills):
            at_s = chance.uniform(0.3, took_s)
            with _stage(bucket, cluster, port) as scene:
                wrong = _one(scene, KILLS[what], at_s, calm)
            bad += bool(wrong)
            print(f"{what} {number + 1} at {at_s:.2f} s: {wrong or 'the same'}", flush=True)
    print(f"{bad} bad")
    return bad


def _calm(scene: Scene) -> tuple[dict[str, list[Any]], float]:
    began = time.monotonic()
    codes = ended(scene.crawl())
    took_s = time.monotonic() - began
    if set(codes) - {0}:
        raise AssertionError(f"a calm crawl ended with {codes}: {scene.log()}")
    settle(scene)
    return scene.known(), took_s


def _one(scene: Scene, kill: Callable[[Scene, float], None], at_s: float, calm: dict[str, list[Any]]) -> str:
    try:
        kill(scene, at_s)
        settle(scene)
    except (AssertionError, subprocess.TimeoutExpired) as error:
        return str(error)
    known = scene.known()
    wrong = [name for name in calm if known[name] != calm[name]]
    if at_once := scene.world.asked_at_once():
        wrong.append(f"hosts asked by two at once: {at_once}")
    return ", ".join(wrong)


@contextmanager
def _stage(bucket: Server, cluster: Cluster, port: int) -> Iterator[Scene]:
    """Give a scene with a server, a world, a bucket and a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="torture-") as folder:
        postgres, world = Postgres(durable=True), SlowWorld(port=port)
        try:
            scene = Scene(Path(folder), postgres, world, bucket, cluster, postgres.address)
            bucket.bucket(scene.bucket_name, versioned=True)
            scene.begin()
            yield scene
        finally:
            world.end()
            postgres.end()


class Cluster:
    """A scheduler and two workers, which come back when they are killed, as a nanny of ``dask worker`` has it."""

    def __init__(self) -> None:
        self._running = LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0")
        self.address = str(self._running.scheduler_address).replace("tcp://", "dask://")

    def pids(self) -> Iterator[int]:
        """Return the processes of the workers."""
        return (worker.pid for worker in self._running.workers.values() if worker.pid)

    def close(self) -> None:
        """End them."""
        self._running.close()


if __name__ == "__main__":
    sys.exit(main())
