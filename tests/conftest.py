"""Fixtures that several files share."""

from __future__ import annotations

import io
import sys

import pytest

from aggregator import cli
from tests.fakecli import Aggregator, Said


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name a case of bytes by its argument and number: what a compressor writes may differ from process to process.

    The processes that share the tests must agree on the name of each (pytest-xdist).
    """
    return argname if isinstance(val, bytes) else None


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
