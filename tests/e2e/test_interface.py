"""What programs may ask, asked in every way that its own description allows, and in ways that it does not."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import astuple
from pathlib import Path

import pytest

from tests.e2e.conftest import Served

EXAMPLES = os.environ.get("EXAMPLES", "30")
"""Of each kind for each address."""


@pytest.mark.parametrize("has_real_ids", [False, True], ids=["any-ids", "real-ids"])
def test_nothing_that_programs_ask_is_an_error_of_the_server(world: Served, tmp_path: Path, has_real_ids: bool) -> None:
    *ids, _ = astuple(world.known)
    settings = f'[parameters]\n"path.article_id" = {ids}\n' if has_real_ids else ""
    (tmp_path / "schemathesis.toml").write_text(settings, encoding="utf-8")
    described = f"{world.address}/api/openapi.json"
    schemathesis = Path(sys.executable).with_name("schemathesis")
    program: list[str | Path] = [schemathesis, "--config-file", "schemathesis.toml", "run", described]
    how = [
        "--checks",
        "not_a_server_error",
        "--max-examples",
        EXAMPLES,
        "--seed",
        "8",
        "--no-color",
        "--request-timeout",
        "60",
    ]
    done = subprocess.run([*program, *how], cwd=tmp_path, capture_output=True, text=True)

    assert done.returncode == 0, ascii(done.stdout)[-3000:]
    assert re.search(r"\d{2,} passed", done.stdout), "it did ask"
