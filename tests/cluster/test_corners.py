"""The whole line on every combination of engines: the same catalogue, answers and digests wherever they are kept.

{file, PostgreSQL} x {folder, bucket of S3} x {page by page, a pool, a Dask cluster}. Five of the twelve, with the one
that ``make test`` runs, have every two of these together; ``ALL_CORNERS=1`` runs all.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from distributed import LocalCluster

from aggregator import archive, catalogue, extract, pipeline, search, sources, verification
from aggregator.archive import elsewhere
from aggregator.catalogue import Catalogue
from aggregator.clock import SetClock
from aggregator.demo.model import FIRST_VISIT, SECOND_VISIT
from aggregator.demo.server import DemoServer
from aggregator.demo.sources import sources_yaml
from aggregator.demo.world import load_world
from aggregator.fetch import Fetcher
from aggregator.home import Home
from aggregator.model import Following
from aggregator.pipeline import rereading
from aggregator.query import parse
from tests.cluster.s3server import Server, running

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")

THIRD_VISIT = SECOND_VISIT + timedelta(days=2)
QUERIES = ("expulsion", "harbour", '"net loft"', "solidarité -police", "camp", "tagged:press OR language:de")
ALL = list(product(("file", "postgres"), ("folder", "bucket"), ("pages", "pool", "dask")))
FIVE = [
    ("postgres", "bucket", "pages"),
    ("file", "bucket", "pool"),
    ("postgres", "folder", "pool"),
    ("file", "folder", "dask"),
    ("postgres", "bucket", "dask"),
]
CORNERS = ALL if os.environ.get("ALL_CORNERS") else FIVE


@dataclass(frozen=True)
class Calm:
    """What two visits and a third led to on files alone, page by page."""

    root: Path
    following: Following
    known: list[Any]
    answers: list[Any]
    digests: dict[str, str]
    later: dict[str, Any]


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Calm]:
    root = tmp_path_factory.mktemp("calm")
    home = Home(root)
    with DemoServer(load_world(), now=FIRST_VISIT, delay_s=0.001) as server:
        home.sources_yaml.write_text(sources_yaml(server.port).replace("settings: {", "settings: {min_free: 1MB, "))
        following = sources.load(home.sources_yaml)
        visit(home, following, FIRST_VISIT)
        server.move_clock(SECOND_VISIT)
        visit(home, following, SECOND_VISIT)
        server.move_clock(THIRD_VISIT)
        third = Home(root.with_name("third"))
        shutil.copytree(root, third.root)
        pipeline.rebuild(home, following)  # closes the days
        visit(third, following, THIRD_VISIT)
        yield Calm(root, following, catalogue.dump(home.catalogue), answers(home), digests(home), known(third))


@pytest.fixture(scope="module")
def bucket() -> Iterator[Server]:
    with running() as server:
        yield server


@pytest.fixture(scope="module")
def dask() -> Iterator[str]:
    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0") as cluster:
        yield str(cluster.scheduler_address).replace("tcp://", "dask://")


@pytest.mark.parametrize(("rows", "files", "bulk"), CORNERS, ids=["-".join(corner) for corner in CORNERS])
def test_every_corner_knows_answers_and_keeps_the_same(
    rows: str,
    files: str,
    bulk: str,
    calm: Calm,
    tmp_path: Path,
    database: Callable[[], str],
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    home = Home(tmp_path, server=database() if rows == "postgres" else None)
    unread = shutil.ignore_patterns("articles-*", "tagmanifest-*")  # pages whose texts are there are not read again
    shutil.copytree(calm.root / "archive", home.archive, ignore=unread)
    settings = calm.following.settings
    if files == "bucket":
        server = request.getfixturevalue("bucket")
        name = server.bucket(f"corner-{rows}-{bulk}", versioned=True)
        settings = replace(settings, archive=f"s3://{name}/news", archive_server=server.endpoint, local_copies="drop")
    if bulk == "dask":
        settings = replace(settings, executor=request.getfixturevalue("dask"))
    in_bulk = {"local": 1 if bulk == "pool" else 1 << 60, "dask": 1}
    monkeypatch.setattr(rereading, "FROM_BYTES", in_bulk)
    monkeypatch.setattr(rereading, "SEGMENT_BYTES", 50_000)
    following = replace(calm.following, settings=settings)

    rebuild(home, following, bulk)
    if files == "bucket":
        assert not list(home.archive.glob("[0-9]*/*/*/captures-*.warc.gz")), "all that is sealed is in the bucket alone"
        for texts in home.archive.glob("[0-9]*/*/*/articles-*"):
            texts.unlink()
        for key in [key for key in server.keys(name) if "/articles-" in key]:
            server.client.remove_object(name, key)
        rebuild(home, following, bulk)

    assert catalogue.dump(home.catalogue) == calm.known
    assert answers(home) == calm.answers
    assert digests(home) == calm.digests
    assert verification.verify_home(home, report=lambda _: None).findings == []

    visit(home, following, THIRD_VISIT)

    assert known(home) == calm.later
    assert verification.verify_home(home, report=lambda _: None).findings == []


def rebuild(home: Home, following: Following, bulk: str) -> None:
    """Rebuild a home; in bulk this process reads no page itself."""
    said: list[str] = []

    def refused(*_: object, **__: object) -> None:
        raise AssertionError(f"a worker was to read this page: {said}")

    with pytest.MonkeyPatch.context() as patch:
        if bulk != "pages":
            patch.setattr(extract, "submit_page", refused)
        pipeline.rebuild(home, following, report=lambda progress: said.append(progress.doing))


def visit(home: Home, following: Following, at: Any) -> None:
    clock = SetClock(at)
    with pipeline.opened(home, following, clock=clock) as line:
        line.crawl(following.sources, Fetcher(following.settings, clock))


def answers(home: Home) -> list[Any]:
    """What searches say, but for how long they took."""
    found = [search.search(home, parse(query), limit=50) for query in QUERIES]
    return [(each.total, [(hit.article.id, hit.snippet, hit.copies) for hit in each.hits]) for each in found]


def digests(home: Home) -> dict[str, str]:
    """The digest of every WARC file, read to its end wherever it is."""
    found = {}
    for file in archive.files(home.archive):
        with elsewhere.opened(archive.existing(home.archive, file)) as stream:
            found[file] = hashlib.sha256(stream.read()).hexdigest()
    return found


def known(home: Home) -> dict[str, Any]:
    """What does not depend on which record says it."""
    with Catalogue(home.catalogue) as it:
        articles = it.articles(it.article_ids()).values()
        return {
            "articles": sorted((a.id, a.url, a.version, a.title or "", a.number) for a in articles),
            "matches": sorted((m.a, m.b, m.relation, m.kind) for m in it.matches_of(it.article_ids())),
            "clusters": sorted((c.id, c.members) for c in it.clusters()),
        }
