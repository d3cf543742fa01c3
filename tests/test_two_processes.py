"""One writes, others come at random moments: a second writer is told who is there, readers go on and never fail."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from aggregator import pipeline, search
from aggregator.errors import BusyError, NoSpaceError
from aggregator.home import Home
from aggregator.query import parse
from tests import doors, storm
from tests.fakeweb import catalogue, following

NOBODY = 65534
READS = 60


@contextmanager
def meanwhile(work: Callable[[], None]) -> Iterator[int]:
    """Have a process of its own do work again and again until the block ends; give its id once it has begun."""
    begun, begins = os.pipe()

    def on_and_on() -> None:
        while True:
            os.write(begins, b"!")
            work()

    pid = doors.child(on_and_on)
    try:
        os.read(begun, 1)
        yield pid
    finally:
        os.kill(pid, signal.SIGKILL)  # one that ended of itself can still be sent it, until it is waited for
        _, ended = os.waitpid(pid, 0)
        os.close(begun)
        os.close(begins)
    assert os.WIFSIGNALED(ended), "the writer failed"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    storm.crawl(tmp_path / "home", tmp_path / "told", size=storm.SMALL)
    return Home(tmp_path / "home")


def crawling(home: Home) -> Callable[[], None]:
    """Crawl from the beginning: more and more pages are new. It waits for a writer that came between two crawls."""
    return lambda: storm.crawl(home.root, home.root.parent / f"told-{time.monotonic_ns()}", wait_s=10)


def rebuilding(home: Home) -> Callable[[], None]:
    def work() -> None:
        pipeline.rebuild(home, following(*storm.SOURCES))

    return work


@pytest.mark.parametrize("work", [crawling, rebuilding])
def test_readers_go_on_while_another_process_writes(home: Home, work: Callable[[Home], Callable[[], None]]) -> None:
    moments = random.Random(20261123)
    with meanwhile(work(home)):
        for _ in range(READS):
            time.sleep(moments.uniform(0, 0.03))
            began = time.monotonic()
            results = search.search(home, parse("over"), limit=10)
            with catalogue(home.root) as known:
                assert known.last_runs().keys() == {"a", "b"}
                assert all(search.find(known, hit.article.id) for hit in results.hits)
            assert results.total >= 1
            assert time.monotonic() - began < 3


def test_a_second_writer_at_any_moment_is_told_who_holds_the_home(home: Home) -> None:
    moments = random.Random(20261123)
    refused = 0
    with meanwhile(crawling(home)) as pid:
        for _ in range(READS):
            time.sleep(moments.uniform(0, 0.02))
            try:
                with home.writing():
                    pass
            except BusyError as error:
                assert error.pid in (pid, None)
                refused += error.pid == pid

    assert refused > READS / 2


def test_a_second_crawl_ends_with_code_5_and_a_search_with_0(home: Home) -> None:
    (home.root / "sources.yaml").write_text("sources: [{id: a, name: a, url: http://a.example/}]\n")

    def aggregator(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "aggregator", "--home", str(home.root), *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=30)

    def hold() -> None:
        with home.writing():
            time.sleep(60)

    with meanwhile(hold) as pid:
        while (home.archive / "writer.lock").read_text() != f"{pid}\n":
            time.sleep(0.01)
        second = aggregator("crawl")
        assert (second.returncode, f"process {pid}" in second.stderr) == (5, True)
        for reader in (["search", "over"], ["status"], ["show", storm.hits(home.root, "over")[0]]):
            assert aggregator(*reader).returncode == 0


# A folder that cannot be written to


def as_somebody(work: Callable[[], None]) -> int:
    """Do work in a process that no folder mode lets pass, as root's would; return its exit code."""

    def let_go() -> None:
        if os.getuid() == 0:
            os.setgid(NOBODY)
            os.setuid(NOBODY)
        work()

    return doors.in_a_child(let_go)


@pytest.mark.parametrize("closed", ["archive/2026/11/23", "index"])
def test_a_folder_that_is_read_only_ends_the_crawl_and_loses_nothing(closed: str) -> None:
    with tempfile.TemporaryDirectory() as name:  # pytest's own folders let nobody else in
        folder = Path(name)
        folder.chmod(0o777)
        known, ends = folder / "home", {}

        def crawl(attempt: int) -> Callable[[], None]:
            def work() -> None:
                try:
                    storm.crawl(known, folder / "told", attempt=attempt, size=storm.SMALL)
                except NoSpaceError:
                    os._exit(NoSpaceError.exit_code)

            return work

        ends["before"] = as_somebody(crawl(0))
        begun = (folder / "told").read_bytes()
        (folder / "told").write_bytes(b"")  # from the first pass on, so that there is something to do
        (known / closed).chmod(0o555)
        ends["closed"] = as_somebody(crawl(1))
        (known / closed).chmod(0o755)
        (folder / "told").write_bytes(begun)
        ends["after"] = as_somebody(crawl(2))

        assert ends == {"before": 0, "closed": 4, "after": 0}
        assert storm.faults(known, folder / "told") == []
