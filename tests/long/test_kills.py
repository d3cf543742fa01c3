"""kill -9 in the middle of a crawl, at random moments: nothing reported stored is lost, nothing is there twice."""

from __future__ import annotations

import gzip
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from aggregator.catalogue import Catalogue
from aggregator.demo.server import DemoServer
from aggregator.demo.sources import sources_yaml
from aggregator.demo.world import SECOND_VISIT, load_world
from aggregator.home import Home

KILLS = 20
SEED = 20261123


@pytest.fixture(scope="module")
def server() -> Iterator[DemoServer]:
    with DemoServer(load_world(), now=SECOND_VISIT, delay_s=0.02) as server:
        yield server


def new_home(root: Path, server: DemoServer) -> Home:
    root.mkdir()
    (root / "sources.yaml").write_text(sources_yaml(server.port), encoding="utf-8")
    return Home(root)


def run(home: Home, *words: str, kill_after_s: float | None = None) -> int:
    command = [sys.executable, "-m", "aggregator", "--home", str(home.root), *words, "--json"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        return process.wait(kill_after_s)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def known(home: Home) -> dict[str, set[str]]:
    """What stands in the catalogue: the proof of having been reported stored."""
    if not home.catalogue_file.exists():
        return {"captures": set(), "articles": set(), "versions": set()}
    with Catalogue(home.catalogue) as catalogue:
        rows = list(catalogue.dump())
    return {
        "captures": {row["record_id"] for table, row in rows if table == "captures"},
        "articles": {f"{row['id']} {row['url']}" for table, row in rows if table == "articles"},
        "versions": {f"{row['article_id']} {row['digest']}" for table, row in rows if table == "versions"},
    }


def families(home: Home) -> set[tuple[str, ...]]:
    with Catalogue(home.catalogue) as catalogue:
        return {cluster.members for cluster in catalogue.clusters()}


@pytest.mark.parametrize(
    "words", ["crawl", *(f"backfill {site}" for site in ("northport", "accueil", "shoreline", "grenzweg", "orilla"))]
)
def test_twenty_kills_lose_nothing_and_double_nothing(words: str, tmp_path: Path, server: DemoServer) -> None:
    undisturbed = new_home(tmp_path / "undisturbed", server)
    began = time.monotonic()
    assert run(undisturbed, *words.split()) == 0
    whole_s = time.monotonic() - began
    moments = random.Random(SEED)
    home, killed = new_home(tmp_path / "killed-1", server), 0
    for number in range(2, 200):
        if killed == KILLS:
            break
        before = known(home)
        finished = run(home, *words.split(), kill_after_s=moments.uniform(0.3, whole_s)) == 0
        after = known(home)
        assert all(before[what] <= after[what] for what in before)
        killed += not finished
        if finished:
            assert_whole(home, undisturbed)
            home = new_home(tmp_path / f"killed-{number}", server)
    assert killed == KILLS
    assert run(home, *words.split()) == 0
    assert_whole(home, undisturbed)


def assert_whole(home: Home, undisturbed: Home) -> None:
    found, expected = known(home), known(undisturbed)
    assert found["articles"] == expected["articles"]
    assert found["versions"] == expected["versions"]
    assert families(home) == families(undisturbed)
    with Catalogue(home.catalogue) as catalogue:
        assert max(Counter(a.url for a in catalogue.articles(catalogue.article_ids()).values()).values()) == 1
        assert catalogue.to_index() == []
    for path in home.archive.glob("[0-9]*/*/*/captures-*"):
        assert path.name.endswith(".warc.gz")
        gzip.decompress(path.read_bytes())
