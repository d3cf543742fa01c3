"""`run --serve`: the scheduler and the pages as processes, what they say, and how each ends."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from aggregator.demo.model import FIRST_VISIT
from aggregator.demo.server import DemoServer
from aggregator.demo.world import load_world
from tests.fakecli import Aggregator
from tests.test_cli_process import DEADLINE_S, demo_home

PAGES = re.compile(r"pages: (http://\S+)/\n")
COPIES = re.compile(r"archived copies: (http://\S+)/\n")


@pytest.fixture(scope="module")
def server() -> Iterator[DemoServer]:
    with DemoServer(load_world(), now=FIRST_VISIT) as server:
        yield server


@pytest.fixture
def home(tmp_path: Path, server: DemoServer) -> Path:
    """A home whose sources take long."""
    return demo_home(tmp_path, server, pace="20s")


class Running:
    """The program, and what it has said so far."""

    def __init__(self, process: subprocess.Popen[str], said: Path) -> None:
        self.process = process
        self._said = said

    @property
    def said(self) -> str:
        return self._said.read_text()

    def until(self, is_so: Callable[[], object]) -> None:
        ends = time.monotonic() + DEADLINE_S
        while not is_so():
            assert time.monotonic() < ends, self.said
            time.sleep(0.02)  # leave the processor to it

    def told(self, pattern: re.Pattern[str]) -> str:
        self.until(lambda: pattern.search(self.said) or self.process.poll() is not None)
        found = pattern.search(self.said)
        assert found, self.said
        return found[1]

    def pages(self) -> int:
        """The process of the pages."""
        self.until(lambda: _children(self.process.pid))
        return _children(self.process.pid)[0]


def _children(pid: int) -> list[int]:
    """The processes that a process has spawned and that serve pages, as Linux tells them."""
    found = []
    for each in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((each / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == pid and b"spawn_main" in (each / "cmdline").read_bytes():
                found.append(int(each.name))
        except (OSError, ValueError):
            continue  # it ended meanwhile
    return found


@contextmanager
def running(home: Path, *options: str) -> Iterator[Running]:
    command = [sys.executable, "-m", "aggregator", "--home", str(home), "run", "--serve", "--port", "0", *options]
    said = home / "said.txt"
    with said.open("w") as err, subprocess.Popen(command, stderr=err, text=True, start_new_session=True) as process:
        try:
            yield Running(process, said)
        finally:
            process.kill()


def is_there(address: str) -> bool:
    try:
        return requests.get(f"{address}/healthz", timeout=DEADLINE_S).status_code in (200, 503)
    except requests.ConnectionError:
        return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_pages_and_copies_are_served_while_sources_are_visited_and_all_ends_with_one_signal(
    home: Path, server: DemoServer, number: signal.Signals
) -> None:
    asked = len(server.requests)
    with running(home) as it:
        address, copies = it.told(PAGES), it.told(COPIES)
        it.until(lambda: len(server.requests) > asked + 12)
        assert requests.get(f"{address}/sources", timeout=DEADLINE_S).status_code == 200
        assert requests.get(f"{copies}/", timeout=DEADLINE_S).status_code == 200
        pages = it.pages()
        os.killpg(it.process.pid, number)  # as a terminal does it
        assert it.process.wait(DEADLINE_S) == 0

        assert "Stopped; everything reported stored is safe." in it.said
        assert "ended (" not in it.said and "Traceback" not in it.said
        assert not is_there(address) and not is_there(copies)
        with pytest.raises(ProcessLookupError):
            os.kill(pages, 0)


def test_pages_that_die_are_started_again_at_the_same_address_and_the_crawl_goes_on(
    home: Path, server: DemoServer
) -> None:
    with running(home) as it:
        address = it.told(PAGES)
        it.until(lambda: is_there(address))
        first = it.pages()
        os.kill(first, signal.SIGKILL)
        it.until(lambda: "The pages ended (by SIGKILL); the crawl goes on" in it.said)
        assert it.process.poll() is None
        assert is_there(address)  # waits for those that come
        assert it.pages() != first


def test_no_source_is_tried_from_its_page_while_a_crawl_goes_on(tmp_path: Path, server: DemoServer) -> None:
    with running(demo_home(tmp_path, server), "--write") as it:
        address = it.told(PAGES)
        it.until(lambda: is_there(address))
        page = requests.get(f"{address}/sources/oldshore", timeout=DEADLINE_S).text
        assert "It cannot be tried now" in page and "/trials" not in page


def test_pages_end_when_the_scheduler_is_killed(home: Path) -> None:
    with running(home) as it:
        address = it.told(PAGES)
        it.until(lambda: is_there(address))
        it.process.kill()
        it.process.wait(DEADLINE_S)
        it.until(lambda: not is_there(address))


def test_a_taken_port_is_refused_before_anybody_is_visited(aggregator: Aggregator, home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for option in ("--port", "--archive-port"):
            said = aggregator("--home", home, "run", "--serve", "--port", "0", option, port)
            assert said.code == 2
            assert f"port {port}, cannot be listened on" in said.err and option in said.err
    assert not (home / "archive").exists() and not (home / "index").exists()


@pytest.mark.parametrize("option", ["--port=0", "--host=::1", "--write", "--name=x"])
def test_what_is_said_of_pages_that_are_not_served_is_refused(aggregator: Aggregator, home: Path, option: str) -> None:
    said = aggregator("--home", home, "run", option)
    assert said.code == 2
    assert f"{option.partition('=')[0]} is of the pages: say --serve, too." in said.err


def test_other_machines_are_not_served_without_a_token_here_either(
    aggregator: Aggregator, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AGGREGATOR_TOKEN", raising=False)
    said = aggregator("--home", home, "run", "--serve", "--port", "0", "--host", "0.0.0.0")
    assert said.code == 2
    assert "Give a token" in said.err
