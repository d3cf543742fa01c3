"""``deploy/compose.yaml``, as far as it can be checked where no container runs."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

DEPLOY = Path(__file__).resolve().parents[1] / "deploy"
UNITS = {
    "crawler": "aggregator-crawler.service",
    "pages": "aggregator-pages.service",
    "scheduler": "aggregator-dask-scheduler.service",
    "worker": "aggregator-dask-worker@.service",
}
ELSEWHERE = {
    "--home", "/var/lib/aggregator",  # the image has it as AGGREGATOR_HOME
    "$AGGREGATOR_PAGES", "${AGGREGATOR_DASK_HOST}", "${AGGREGATOR_DASK_SCHEDULER}", "${AGGREGATOR_DASK_WORKER_HOST}",
    "--host", "--name", "%H-%i", "/var/cache/aggregator-dask/%i",
}  # fmt: skip
"""What is said otherwise in a container."""


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    return found


def test_its_first_lines_say_what_was_not_checked() -> None:
    first = (DEPLOY / "compose.yaml").read_text(encoding="utf-8").splitlines()[:9]

    assert any("NOT CHECKED: anything that needs a container runtime" in line for line in first)


def test_every_network_volume_and_service_that_is_named_is_there(compose: dict[str, Any]) -> None:
    services = compose["services"]

    for service in services.values():
        assert set(service.get("depends_on", ())) <= services.keys()
        assert set(service.get("networks", ())) <= compose["networks"].keys()
        for volume in service.get("volumes", ()):
            assert volume.startswith("./") or volume.split(":")[0] in compose["volumes"]


@pytest.mark.parametrize("name", UNITS)
def test_it_starts_what_the_unit_of_the_role_starts(compose: dict[str, Any], name: str) -> None:
    unit = (DEPLOY / "systemd" / UNITS[name]).read_text(encoding="utf-8")
    line = next(line for line in unit.splitlines() if line.startswith("ExecStart="))
    program, *said = shlex.split(line.removeprefix("ExecStart="))

    command = compose["services"][name]["command"]

    assert command[0] == Path(program).name
    assert set(said) - ELSEWHERE <= set(command)


def test_nobody_outside_reaches_what_runs_any_code(compose: dict[str, Any]) -> None:
    assert compose["networks"]["inside"]["internal"] is True
    for name in ("scheduler", "worker", "postgres", "bucket"):
        assert compose["services"][name]["networks"] == ["inside"]
        assert "ports" not in compose["services"][name]
    assert all(port.startswith("127.0.0.1:") for port in compose["services"]["pages"]["ports"])
