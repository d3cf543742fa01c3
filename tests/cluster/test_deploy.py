"""The units of ``deploy/systemd``, as they are there, on a machine of the tests' own where systemd runs."""

from __future__ import annotations

import base64
import json
import random
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.machine import OPT, Machine, lacks, until
from tests.cluster.postgres import Postgres
from tests.fakeweb import STORY, feed, page

ROOT = Path(__file__).resolve().parents[2]
UNITS = ROOT / "deploy" / "systemd"
HOME = "/var/lib/aggregator"
SITE = "http://127.0.0.1:8000"
PAGES = "http://127.0.0.1:8080"
CRAWLER, PAGES_UNIT, VERIFY = (f"aggregator-{name}.service" for name in ("crawler", "pages", "verify"))
SCHEDULER, WORKER = "aggregator-dask-scheduler.service", "aggregator-dask-worker@1.service"
START_S = 60

pytestmark = pytest.mark.skipif(bool(lacks()), reason=lacks() or "-")


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    """A catalogue's server that the tests may kill."""
    server = Postgres(durable=True)
    server.folder.chmod(0o755)  # as /run/postgresql is
    yield server
    server.end()


@pytest.fixture(scope="module")
def machine(server: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A machine with the units, a home whose catalogue is on the server, and a site to follow."""
    it = Machine(tmp_path_factory.mktemp("machine"), server.folder, ROOT)
    try:
        units = {f"/etc/systemd/system/{file.name}": file for file in UNITS.iterdir() if file.suffix != ".conf"}
        it.install(units | {"/etc/sysusers.d/aggregator.conf": UNITS / "aggregator.sysusers.conf"})
        it.write("/etc/aggregator/env", "PGUSER=test\n", mode=0o600)
        it.run("install", "-d", "-o", "aggregator", "-g", "aggregator", "-m", "0750", HOME)
        it.write(f"{HOME}/sources.yaml", SOURCES)
        for path, content in SITE_PAGES.items():
            it.write(f"/srv/site/{path}", content)
        command = it.inside("python3", "-m", "http.server", "8000", "--bind", "127.0.0.1", "--directory", "/srv/site")
        site = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        yield it
        site.kill()
        site.wait()
    finally:
        it.end()


SOURCES = f"""
settings:
  min_free: 1MB
  catalogue: postgresql:///postgres?host=/run/postgresql
  network: {{allow_private: [127.0.0.0/8]}}
defaults: {{pace: 0s}}
sources:
  - {{id: site, url: "{SITE}/", feeds: ["{SITE}/feed.xml"], every: 2s}}
"""


def text(content: object) -> str:
    """A page's or feed's body as the tests' web would send it."""
    body = getattr(content, "body", content)
    return body.decode() if isinstance(body, bytes) else str(body)


LARGE = base64.b64encode(random.Random(1).randbytes(1_500_000)).decode()
"""Makes an archive of more than the 1 MiB from which on pages are read on a cluster."""
SITE_PAGES = {
    "feed.xml": text(feed(f"{SITE}/1.html", f"{SITE}/2.html")),
    "1.html": text(page(STORY)).replace("</body>", f"<!-- {LARGE} --></body>"),
    "2.html": text(page("(source: a) " + STORY, title="again")),
}


def command(machine: Machine, *said: str) -> str:
    """Run ``aggregator`` as the units' user, from the shell."""
    asked = ["runuser", "-u", "aggregator", "--", "env", "PGUSER=test", f"{OPT}/.venv/bin/aggregator", "--home", HOME]
    return machine.run(*asked, *said)


def started(machine: Machine, unit: str) -> None:
    machine.run("systemctl", "start", unit)


def status(machine: Machine) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(command(machine, "status", "--json"))
    return found


def crawled(machine: Machine) -> Callable[[], bool]:
    """Whether a run is noted and both articles are there."""

    def is_so() -> bool:
        if machine.shown(CRAWLER)["ActiveState"] == "failed":
            raise AssertionError(machine.journal(CRAWLER))
        (source,) = status(machine)["sources"]
        return bool(source["outcome"] == "ok" and source["articles"] == 2)

    return is_so


def test_systemd_has_no_complaints_about_any_unit(machine: Machine) -> None:
    units = sorted(f"/etc/systemd/system/{file.name}" for file in UNITS.iterdir() if file.suffix != ".conf")

    assert len(units) == 6
    assert machine.run("systemd-analyze", "verify", "--man=no", *units) == ""


def test_the_crawler_crawls_and_a_stop_leaves_nothing_to_mend(machine: Machine) -> None:
    started(machine, CRAWLER)
    until(START_S, crawled(machine))

    machine.run("systemctl", "stop", CRAWLER)

    ended = machine.shown(CRAWLER)
    assert (ended["Result"], ended["ExecMainStatus"], ended["ActiveState"]) == ("success", "0", "inactive")
    assert "Stopped; everything reported stored is safe." in machine.journal(CRAWLER)
    assert not machine.run("find", f"{HOME}/archive", "-name", "*.open")
    started(machine, CRAWLER)
    until(START_S, lambda: machine.journal(CRAWLER).count("Watching 1 source") == 2)
    machine.run("systemctl", "stop", CRAWLER)
    assert "left open" not in machine.journal(CRAWLER)


def test_a_crawler_waits_for_its_catalogues_server_and_goes_on_by_itself(machine: Machine, server: Postgres) -> None:
    started(machine, CRAWLER)
    until(START_S, crawled(machine))
    before = int(machine.shown(CRAWLER)["NRestarts"])

    server.kill()
    until(START_S, lambda: machine.shown(CRAWLER)["SubState"] == "auto-restart")
    assert machine.shown(CRAWLER)["ExecMainStatus"] == "3"
    server.start()
    since = status(machine)["sources"][0]["last_run"]
    until(START_S, lambda: status(machine)["sources"][0]["last_run"] > since)

    assert int(machine.shown(CRAWLER)["NRestarts"]) > before
    machine.run("systemctl", "stop", CRAWLER)
    assert "damaged" not in machine.journal(CRAWLER)


def test_a_refused_file_is_not_tried_again(machine: Machine) -> None:
    machine.write(f"{HOME}/sources.yaml", "sources: [{id: A}]\n")
    try:
        started(machine, CRAWLER)
        until(START_S, lambda: machine.shown(CRAWLER)["ActiveState"] == "failed")
    finally:
        machine.write(f"{HOME}/sources.yaml", SOURCES)

    assert machine.shown(CRAWLER)["ExecMainStatus"] == "2"


def test_pages_answer_on_loopback_beside_the_crawler(machine: Machine) -> None:
    started(machine, CRAWLER)
    until(START_S, crawled(machine))
    started(machine, PAGES_UNIT)

    until(START_S, lambda: asked(machine, f"{PAGES}/healthz"))
    until(START_S, lambda: json.loads(asked(machine, f"{PAGES}/api/search?q=vans"))["total"] == 2)
    assert_only_on_loopback(machine)
    for unit in (PAGES_UNIT, CRAWLER):
        machine.run("systemctl", "stop", unit)
        assert (machine.shown(unit)["Result"], machine.shown(unit)["ActiveState"]) == ("success", "inactive")


def test_the_check_of_every_week_ends_well_and_fails_where_a_byte_was_changed(machine: Machine) -> None:
    started(machine, CRAWLER)
    until(START_S, crawled(machine))
    machine.run("systemctl", "stop", CRAWLER)

    started(machine, VERIFY)
    assert machine.shown(VERIFY)["Result"] == "success"
    assert machine.shown(VERIFY)["ExecMainStatus"] == "0"

    file = machine.run("find", f"{HOME}/archive", "-name", "*.warc.gz").splitlines()[0]
    machine.run("cp", "-a", file, "/srv/kept")
    machine.run("sh", "-c", f"printf X | dd of={file} bs=1 seek=200 conv=notrunc status=none")
    try:
        machine.run("systemctl", "start", VERIFY, check=False)
        assert machine.shown(VERIFY)["ExecMainStatus"] == "3"
        assert Path(file).name in machine.journal(VERIFY)
    finally:
        machine.run("cp", "-a", "/srv/kept", file)
        machine.run("systemctl", "reset-failed", VERIFY)


def test_the_check_is_due_within_a_week_and_six_hours(machine: Machine) -> None:
    started(machine, "aggregator-verify.timer")

    shown = machine.shown("aggregator-verify.timer")

    assert (shown["ActiveState"], shown["SubState"]) == ("active", "waiting")
    due = machine.run("date", "+%s", "--date", shown["NextElapseUSecRealtime"])
    assert 0 < int(due) - time.time() < (7 * 24 + 6) * 3600


def test_a_worker_finds_its_scheduler_and_runs_a_task(machine: Machine) -> None:
    started(machine, WORKER)
    started(machine, SCHEDULER)

    assert python(machine, TASK) == "6"

    assert_only_on_loopback(machine)
    machine.run("systemctl", "restart", SCHEDULER)
    assert python(machine, TASK) == "6", "a worker comes back when its scheduler does"
    for unit in (WORKER, SCHEDULER):
        machine.run("systemctl", "stop", unit)
        assert (machine.shown(unit)["Result"], machine.shown(unit)["ActiveState"]) == ("success", "inactive")


def test_a_rebuild_has_its_pages_read_by_the_worker(machine: Machine) -> None:
    started(machine, CRAWLER)
    until(START_S, crawled(machine))
    machine.run("systemctl", "stop", CRAWLER)
    machine.write(f"{HOME}/sources.yaml", SOURCES.replace("settings:", "settings:\n  executor: dask://127.0.0.1:8786"))
    started(machine, SCHEDULER)
    machine.run("systemctl", "stop", WORKER)
    try:
        with pytest.raises(RuntimeError, match="the scheduler has no workers"):
            command(machine, "rebuild", "--json")
        started(machine, WORKER)
        *progress, counts = command(machine, "rebuild", "--json").splitlines()
    finally:
        machine.write(f"{HOME}/sources.yaml", SOURCES)
        machine.run("systemctl", "stop", WORKER, SCHEDULER)

    assert json.loads(counts)["articles"] == 2
    assert [line for line in progress if not line.startswith("reading the archive")] == [], "no task was given up"


TASK = """
from distributed import Client
with Client("tcp://127.0.0.1:8786", timeout=60) as cluster:
    cluster.wait_for_workers(1, timeout=60)
    print(cluster.submit(sum, [1, 2, 3]).result(timeout=60))
"""


def python(machine: Machine, script: str) -> str:
    return machine.run(f"{OPT}/.venv/bin/python", "-c", script)


def asked(machine: Machine, url: str) -> str:
    """Return what a server there answers; empty: it does not."""
    script = f"import urllib.request; print(urllib.request.urlopen({url!r}, timeout=30).read().decode())"
    return machine.run(f"{OPT}/.venv/bin/python", "-c", f"try:\n {script}\nexcept OSError: pass")


def assert_only_on_loopback(machine: Machine) -> None:
    """No port of the units' can be reached from another machine."""
    places = [line.split()[3] for line in machine.run("ss", "--no-header", "-ltn").splitlines()]
    assert places
    assert [place for place in places if not place.startswith("127.0.0.1:")] == []
