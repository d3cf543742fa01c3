"""The line with a Dask cluster: two workers, and the same rows whatever happens to them."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from distributed import Client, LocalCluster

from aggregator import bulk, extract, pipeline
from aggregator.bulk import executors, maps
from aggregator.errors import AggregatorError
from aggregator.home import Home
from aggregator.model import Following, Progress, Server, Source
from aggregator.pipeline import rematching, rereading
from tests import badtasks
from tests.fakeweb import dump, following
from tests.test_bulk import forget
from tests.test_rebuild import eventful
from tests.test_rematching import everything
from tests.test_reposting import Kept, archive

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")


@pytest.fixture(scope="module")
def cluster() -> Iterator[LocalCluster]:
    """Two workers with a nanny each, as ``dask worker`` starts them."""
    with LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0", host="127.0.0.1"
    ) as running:
        yield running


@pytest.fixture
def address(cluster: LocalCluster) -> str:
    return str(cluster.scheduler_address).replace("tcp://", "dask://")


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rereading, "FROM_BYTES", {"local": 1 << 60, "dask": 1})
    monkeypatch.setattr(rereading, "SEGMENT_BYTES", 2_000)


@pytest.fixture
def crawled(tmp_path: Path) -> tuple[Home, tuple[Source, ...], list[Any]]:
    _, sources = eventful(tmp_path)
    forget(tmp_path)
    return Home(tmp_path), sources, dump(tmp_path)


def on(address: str, *sources: Source) -> Following:
    followed = following(*sources)
    return replace(followed, settings=replace(followed.settings, executor=address))


def rebuilt(home: Home, followed: Following) -> list[str]:
    """Rebuild a home; which segments no worker could read. This process asks for no reading itself."""
    told: list[Progress] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(extract, "submit_page", _refused)
        pipeline.rebuild(home, followed, report=told.append)
    return [now.doing for now in told if "no worker" in now.doing]


def _refused(*_: object, **__: object) -> None:
    raise AggregatorError("it should be in the parts")


def test_a_rebuild_on_dask_gives_every_row_that_one_here_does(crawled: Any, address: str) -> None:
    home, sources, rows = crawled

    assert rebuilt(home, on(address, *sources)) == []

    assert dump(home.root) == rows
    assert not home.parts.exists()


def test_a_worker_killed_in_the_middle_of_a_rebuild_changes_nothing(
    crawled: Any, address: str, cluster: LocalCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, sources, rows = crawled
    before = {nanny.pid for nanny in cluster.workers.values()}
    monkeypatch.setattr(rereading, "read_segment", badtasks.read_or_die_once)

    assert rebuilt(home, on(address, *sources)) == []

    assert dump(home.root) == rows
    assert {nanny.pid for nanny in cluster.workers.values()} != before


def test_every_task_has_one_result_when_workers_are_killed_while_it_runs(address: str, tmp_path: Path) -> None:
    with bulk.opened(address) as engine, Client(address.replace("dask", "tcp", 1), set_as_default=False) as client:
        results = bulk.in_order(engine, partial(badtasks.doubled, str(tmp_path)), range(60))
        found = [next(results) for _ in range(20)]
        victim = next(iter(client.run(os.getpid).values()))
        os.kill(victim, signal.SIGKILL)
        found += results

    assert found == [(n, 2 * n) for n in range(60)]


def test_a_task_that_fails_is_tried_again_then_named(address: str, tmp_path: Path) -> None:
    with bulk.opened(address) as engine:
        found = dict(bulk.in_order(engine, partial(badtasks.failing, str(tmp_path)), range(8)))

    assert found.pop(5) == bulk.Failed("ValueError: five is refused")
    assert found == {n: 2 * n for n in range(8) if n != 5}
    assert (tmp_path / "5.ran").stat().st_size == bulk.MAX_TRIES


def test_a_scheduler_that_does_not_answer_is_named_and_nothing_is_changed(
    crawled: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, sources, rows = crawled
    monkeypatch.setattr(executors, "ANSWER_S", 1.0)

    with pytest.raises(AggregatorError, match="no scheduler answered within 1 s") as raised:
        rebuilt(home, on("dask://127.0.0.1:9", *sources))

    assert raised.value.exit_code == 1
    assert dump(home.root) == rows


def test_a_scheduler_without_workers_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executors, "ANSWER_S", 1.0)
    with LocalCluster(n_workers=0, dashboard_address=":0", host="127.0.0.1") as idle:
        address = str(idle.scheduler_address).replace("tcp://", "dask://")

        with pytest.raises(AggregatorError, match="has no workers"), bulk.opened(address):
            pass


def test_a_scheduler_that_goes_away_in_the_middle_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maps, "LOOK_S", 0.2)
    monkeypatch.setattr(executors, "ANSWER_S", 3.0)
    with (
        LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=":0", host="127.0.0.1") as leaving,
        bulk.opened(str(leaving.scheduler_address).replace("tcp://", "dask://")) as engine,
    ):
        results = bulk.in_order(engine, partial(badtasks.doubled, str(tmp_path)), range(1000))
        assert next(results) == (0, 0)
        leaving.close()

        with pytest.raises(AggregatorError, match="the scheduler is gone"):
            list(results)


def test_all_articles_are_compared_at_once_on_dask(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str, database: Callable[[], str]
) -> None:
    server = Server(database())
    monkeypatch.setattr(Home, "catalogue", property(lambda home: server))
    sources, articles = archive()
    kept = Kept(tmp_path / "home", sources)
    kept.come(articles)
    before = everything(kept.home)
    for name, value in {"FROM_ARTICLES": 1, "_FEWEST": 7, "ROWS": 500, "_PAIRS": 20}.items():
        monkeypatch.setattr(rematching, name, value)
    monkeypatch.setattr(executors, "_processors", lambda: pytest.fail("it should go to the cluster"))
    told: list[Progress] = []

    pipeline.rebuild(kept.home, on(address, *sources), only="reposts", report=told.append)

    assert not [now.doing for now in told if "no worker" in now.doing]
    assert everything(kept.home) == before
