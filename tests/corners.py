"""The same tests on other engines: where homes keep what they keep, as the environment says.

``CORNER="postgres"`` and so on; ``tests/cluster`` starts what it needs and runs tests so. Only what runs in the process
of the tests is told.
"""

from __future__ import annotations

import atexit
import os
import zlib

import pytest

from aggregator.home import Home
from aggregator.model import Server

CORNER = frozenset(os.environ.get("CORNER", "").split())


def begin() -> None:
    """Have homes use the engines of this corner."""
    if "postgres" in CORNER:
        from tests.cluster.postgres import Postgres

        server = Postgres(language="en_US.UTF-8" if _speaks("en_US.utf8") else "C.UTF-8")
        atexit.register(server.end)

        def catalogue(home: Home) -> Server:
            name = f"h{zlib.crc32(str(home.root.resolve()).encode()):08x}"
            return Server(server.address, name + home.index_name.partition("/")[2])

        Home.catalogue = property(catalogue)  # type: ignore[assignment, method-assign]


def needs(place: str) -> pytest.MarkDecorator:
    """Marks a test that looks at the files of an engine, and so says nothing of others."""
    return pytest.mark.skipif(bool(CORNER) and place not in CORNER, reason=f"it is about {place}")


def _speaks(language: str) -> bool:
    import subprocess

    return language in subprocess.run(["locale", "-a"], capture_output=True, text=True).stdout.split()
