"""Pages read in processes of their own: what hangs, dies or eats memory costs itself and no other."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from aggregator import extract
from aggregator.errors import AggregatorError, ExtractError
from aggregator.extract.serving import told
from aggregator.extract.workers import Workers
from aggregator.model import Reading
from tests import frontpages
from tests.badworkers import DIES, GRABS, HANGS, SPINS, impatient, misbehaving
from tests.fakeweb import OTHER, STORY, FakeWeb, articles, crawl, feed, page, source

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def submit(workers: Workers, body: bytes | str) -> Future[Reading]:
    given = body.encode() if isinstance(body, str) else body
    return workers.submit(given, url="https://a.example/1", content_type="text/html; charset=utf-8", captured_at=NOON)


@pytest.fixture
def workers() -> Iterator[Workers]:
    some = Workers(2, wall_s=1.0, target=misbehaving)
    yield some
    some.close()


def test_a_page_is_read_there_as_here() -> None:
    for html in (page(STORY), frontpages.wordpress(), "", "<p>"):
        there = extract.submit_page(html.encode(), url="https://a.example/", content_type="", captured_at=NOON).result()
        here = extract.read_page(html.encode(), url="https://a.example/", content_type="", captured_at=NOON)

        assert there == here
        assert told(there) == told(here)


def test_a_daemon_has_pages_read_too_also_by_several_threads_at_once() -> None:
    context = multiprocessing.get_context("forkserver")
    daemon = context.Process(target=_read_in_threads, daemon=True)  # as a worker of Dask is one
    daemon.start()
    daemon.join(120)

    assert daemon.exitcode == 0


def _read_in_threads() -> None:
    workers = Workers(count=3)
    with ThreadPoolExecutor(3) as threads:
        coming = [threads.submit(lambda: submit(workers, page(STORY)).result()) for _ in range(6)]
        assert {one.result().text[:9] for one in coming} == {"Just befo"}
    assert multiprocessing.current_process().daemon
    workers.close()


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (HANGS, "more than 1 s"),
        (DIES, "SIGSEGV"),
        (GRABS, "512 MiB of memory"),
    ],
)
def test_a_page_that_breaks_its_worker_fails_alone(workers: Workers, body: bytes, reason: str) -> None:
    coming = [submit(workers, one) for one in (page(STORY), body, page(OTHER), page(STORY))]

    with pytest.raises(ExtractError, match=reason):
        coming[1].result()
    assert [coming[n].result().text[:9] for n in (0, 2, 3)] == ["Just befo", "The choir", "Just befo"]


def test_a_page_that_takes_a_processor_too_long_is_ended_by_the_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    some = Workers(1, wall_s=60.0, target=impatient)
    try:
        began = time.monotonic()
        with pytest.raises(ExtractError, match="of a processor"):
            submit(some, SPINS).result()
        assert time.monotonic() - began < 20
        assert submit(some, page(STORY)).result().text
    finally:
        some.close()


def test_a_worker_is_replaced_after_so_many_pages(workers: Workers) -> None:
    submit(workers, page(STORY)).result()
    first = workers._idle[0]
    first.readings = extract.MAX_READINGS - 1

    submit(workers, page(STORY)).result()

    assert first.process.exitcode is not None
    assert submit(workers, page(STORY)).result().text


def test_where_no_worker_can_start_nobody_blames_the_page() -> None:
    some = Workers(1, target=os._exit)  # type: ignore[arg-type]
    try:
        with pytest.raises(AggregatorError, match="No process") as caught:
            submit(some, page(STORY)).result()
        assert not isinstance(caught.value, ExtractError)
    finally:
        some.close()


def test_a_hostile_page_costs_a_crawl_one_page(
    tmp_path: Path, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aggregator.extract.workers.shared", lambda: workers)
    addresses = [f"http://a.example/{n}" for n in range(4)]
    web = FakeWeb({"http://a.example/feed": feed(*addresses)})
    web.pages |= dict(zip(addresses, (page(STORY), HANGS, page(OTHER), DIES), strict=True))

    run = crawl(tmp_path, web, source("a"))["a"]

    assert {url: reason for url, reason in run.failed} == {
        addresses[1]: "reading it took more than 1 s",
        addresses[3]: "reading it ended the process (by SIGSEGV)",
    }
    assert {url for url, a in articles(tmp_path).items() if a.text} == {addresses[0], addresses[2]}
    assert all(articles(tmp_path)[addresses[n]].problems == (extract.UNREADABLE,) for n in (1, 3))
