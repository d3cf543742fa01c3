"""Fixtures that several files share."""

from __future__ import annotations

import io
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from hypothesis import settings

from aggregator import cli
from aggregator.home import Home
from tests import corners
from tests.calm import Calm, crawled
from tests.fakecli import Aggregator, Said
from tests.webbed import got, serving

settings.register_profile("untimed", deadline=None)  # how long anything takes is the benchmarks' subject
settings.load_profile("untimed")

MEMORY = Path("/dev/shm")
ROOM_BYTES = 4 << 30
"""How much of it must be free; a run of all tests leaves a tenth of that there."""


ON_DISK = "AGGREGATOR_TESTS_ON_DISK"
"""Tells the processes that share the tests which folder they would have used."""


def pytest_configure() -> None:
    """Let tests write to memory where that has room: on a disk they wait for its syncs more than they compute.

    What is killed, fails or loses its power in them is a process or the test's own door to the disk, never the real
    one, so they say the same there. Those of durability stay on the disk (``on_disk``).
    ``TMPDIR=/somewhere make test`` runs all of them in that folder.
    """
    _take_signals()
    corners.begin()
    if "TMPDIR" in os.environ or not os.access(MEMORY, os.W_OK):
        return
    if shutil.disk_usage(MEMORY).free >= ROOM_BYTES:
        os.environ[ON_DISK] = tempfile.gettempdir()
        os.environ["TMPDIR"] = tempfile.tempdir = str(MEMORY)


def _take_signals() -> None:
    """Have programs that tests start be ended by signals, also where ``nohup`` or a script began the tests.

    Both have these ignored, and who is started ignores what its parent ignores.
    """
    for number, usual in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, usual)


LONG = (
    "test_bulk.py",
    "test_full_disks.py",
    "test_durability.py",
    "test_search_quality.py",
    "test_index_engines.py",
    "test_index_history.py",
    "test_takedown.py",
    "test_withdrawn_everywhere.py",
    "test_run_with_pages.py",
    "test_reposting.py",
    "test_power_cuts.py",
    "test_search_command.py",
    "test_cli_process.py",
    "test_imports.py",
    "test_saved_searches.py",
    "test_reuse.py",
    "test_families.py",
    "test_demo_end_to_end.py",
    "test_exports.py",
    "test_citations.py",
    "test_discover.py",
    "test_query.py",
)
"""The files that take longest, the longest first."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest files, for the processes that share them not to wait for one of them at the end."""
    places = {name: number for number, name in enumerate(LONG)}
    items.sort(key=lambda item: places.get(item.path.name, len(LONG)))


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name a case of bytes by its argument and number: what a compressor writes may differ from process to process.

    The processes that share the tests must agree on the name of each (pytest-xdist).
    """
    return argname if isinstance(val, bytes) else None


@pytest.fixture
def on_disk() -> Iterator[Path]:
    """An empty folder on the disk, for what is about the disk."""
    with tempfile.TemporaryDirectory(dir=os.environ.get(ON_DISK)) as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
def calm() -> Iterator[Calm]:
    """A crawl that nothing befell, on the disk."""
    with tempfile.TemporaryDirectory(dir=os.environ.get(ON_DISK)) as folder:
        yield crawled(Path(folder))


@pytest.fixture
def aggregator(capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> Aggregator:
    """The program, run in this process, in no home unless one is named."""
    monkeypatch.delenv("AGGREGATOR_HOME", raising=False)

    def run(*args: object, stdin: bytes = b"") -> Said:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        with pytest.raises(SystemExit) as left:
            cli.main([str(arg) for arg in args])
        sys.stdout.flush()
        out, err = capfdbinary.readouterr()
        return Said(int(left.value.code or 0), out.decode(), err.decode())

    return run


@pytest.fixture(scope="module")
def served(home: Home) -> Iterator[str]:
    """Where the pages are served of the ``home`` that a file of tests makes."""
    from aggregator.web.serving import application  # few files need it, and it is slow to load

    with serving(application(home)) as address:
        yield address


@pytest.fixture
def get(served: str) -> Callable[..., requests.Response]:
    """Asks these pages for a path, and waits as it is told to when that is too fast."""
    return lambda path, **how: got(served + path, **how)
