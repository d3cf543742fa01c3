"""Kills: crawlers, the driver of a rebuild, PostgreSQL, each at random moments; what is known afterwards is the same.

    make torture-cluster ARGS="--kills 20 --seed 1"

For each kill a small world of slow hosts is crawled by two crawlers that share a catalogue, or its catalogue is made
again; one process is ended by ``kill -9`` (PostgreSQL with all of its own), and then the same commands are run once
more, as the next night would. Nothing is mended by hand. Afterwards the same articles, versions, matches and families
must be known as in a calm run, in the order of any archive, no row twice, and no host may ever have been asked by two
at once.
"""

from __future__ import annotations

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aggregator.catalogue import Catalogue
from aggregator.home import Home
from tests.cluster.postgres import Postgres
from tests.cluster.slowworld import SlowWorld

LEASE_S = 3.0
"""Leases hold a fiftieth of their time, so that another crawler goes on within seconds: these hosts answer at once."""
_CRAWLER = (
    f"from aggregator.pipeline import claims; claims.LEASE_S = {LEASE_S}; "
    "from aggregator.cli import main; import sys; main(sys.argv[1:])"
)
_LONGEST_S = 120.0


@dataclass(slots=True)
class Scene:
    """One run of the world: its servers, its homes, what runs in them."""

    folder: Path
    postgres: Postgres
    world: SlowWorld
    address: str

    def homes(self) -> list[Home]:
        """Return the homes of both crawlers."""
        return [Home(self.folder / name, server=self.address) for name in ("one", "other")]

    def begin(self) -> None:
        """Make the homes."""
        for home in self.homes():
            home.root.mkdir(parents=True)
            home.sources_yaml.write_text(self.world.sources(self.address))

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
        return (self.folder / "log").read_text(errors="replace")[-2_000:]


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


def kill_rebuild(scene: Scene, at_s: float) -> None:
    """Kill the driver of a rebuild; what is known meanwhile is what was known before."""
    ended(scene.crawl())
    settle(scene)
    before = scene.known()
    rebuilding = scene.start(scene.homes()[0], "rebuild", "--only", "reposts")
    time.sleep(at_s / 2)
    rebuilding.kill()
    rebuilding.wait()
    if scene.known()["articles"] != before["articles"]:
        raise AssertionError("a rebuild that was killed took something away")
    code = scene.start(scene.homes()[0], "rebuild", "--only", "reposts").wait(timeout=_LONGEST_S)
    if code:
        raise AssertionError(f"rebuild ended with {code}: {scene.log()}")


KILLS: dict[str, Callable[[Scene, float], None]] = {
    "crawler": kill_crawler,
    "postgres": kill_postgres,
    "rebuild": kill_rebuild,
}


def main() -> int:
    """Run; return how many kills left something else than a calm run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20, help="of each kind")
    parser.add_argument("--only", choices=sorted(KILLS))
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    chance = random.Random(asked.seed)
    calm, took_s, port = _calm()
    print(f"calm: {len(calm['articles'])} articles, {len(calm['matches'])} matches, {took_s:.1f} s", flush=True)
    bad = 0
    for what in [asked.only] if asked.only else KILLS:
        for number in range(asked.kills):
            at_s = chance.uniform(0.3, took_s)
            wrong = _one(KILLS[what], at_s, calm, port)
            bad += bool(wrong)
            print(f"{what} {number + 1} at {at_s:.2f} s: {wrong or 'the same'}", flush=True)
    print(f"{bad} bad")
    return bad


def _calm() -> tuple[dict[str, list[Any]], float, int]:
    with _Stage(0) as scene:
        began = time.monotonic()
        codes = ended(scene.crawl())
        took_s = time.monotonic() - began
        if set(codes) - {0}:
            raise AssertionError(f"a calm crawl ended with {codes}: {scene.log()}")
        settle(scene)
        return scene.known(), took_s, scene.world.port


def _one(kill: Callable[[Scene, float], None], at_s: float, calm: dict[str, list[Any]], port: int) -> str:
    with _Stage(port) as scene:  # ids depend on addresses
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


class _Stage:
    """A scene with a server, a world and a folder of its own."""

    def __init__(self, port: int) -> None:
        self._port = port

    def __enter__(self) -> Scene:
        self._folder = Path(tempfile.mkdtemp(prefix="torture-"))
        self._postgres, self._world = Postgres(durable=True), SlowWorld(port=self._port)
        scene = Scene(self._folder, self._postgres, self._world, self._postgres.address)
        scene.begin()
        return scene

    def __exit__(self, *_: object) -> None:
        self._world.end()
        self._postgres.end()
        shutil.rmtree(self._folder)


if __name__ == "__main__":
    sys.exit(main())
