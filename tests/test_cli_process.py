"""The program as a process: its exit codes, each once of a real one, its signals, and what it loads."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aggregator.demo.model import FIRST_VISIT
from aggregator.demo.server import DemoServer
from aggregator.demo.sources import sources_yaml
from aggregator.demo.world import load_world
from tests.fakecli import Aggregator
from tests.fakeweb import STORY, FakeWeb, articles, crawl, feed, page, source

DEADLINE_S = 30
"""Only ever waited for when something is broken."""
SOURCES_YAML = """\
settings: {min_free: 1MB}
sources:
  - {id: harbour, url: "http://harbour.example/", feeds: ["http://harbour.example/feed"]}
"""
HOLD = """
import sys
from pathlib import Path
from aggregator.home import Home
with Home(Path(sys.argv[1])).writing():
    print("held", flush=True)
    sys.stdin.read()
"""
LOADED = """
import sys
from aggregator import cli
try:
    cli.main(sys.argv[2:])
except SystemExit as left:
    assert not left.code, left.code
print(",".join(name for name in sys.argv[1].split(",") if name in sys.modules), file=sys.stderr)
"""
SEEN_AT_THE_END = """
import atexit, gc, sys
from aggregator.cli import main
atexit.register(lambda: print(gc.get_threshold()[0], gc.get_freeze_count() > 10_000, file=sys.stderr))
main()
"""


def process(home: Path, *args: str) -> subprocess.CompletedProcess[str]:
    """The program in a process of its own, which takes a second to start; most tests here call it in theirs."""
    command = [sys.executable, "-m", "aggregator", "--home", str(home), *args]
    return subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_S, check=False)


@pytest.fixture(scope="module")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which one source was crawled once."""
    folder = tmp_path_factory.mktemp("stock")
    (folder / "sources.yaml").write_text(SOURCES_YAML)
    address = "http://harbour.example"
    pages: dict[str, object] = {f"{address}/feed": feed(f"{address}/1"), f"{address}/1": page(STORY)}
    crawl(folder, FakeWeb(pages), source("harbour"))
    return folder


@pytest.fixture
def home(stock: Path, tmp_path: Path) -> Path:
    """A copy of it, to do with as one likes."""
    return Path(shutil.copytree(stock, tmp_path, dirs_exist_ok=True))


@pytest.fixture(scope="module")
def server() -> Iterator[DemoServer]:
    with DemoServer(load_world(), now=FIRST_VISIT) as server:
        yield server


def demo_home(root: Path, server: DemoServer, pace: str = "0s") -> Path:
    text = sources_yaml(server.port).replace("pace: 0s", f"pace: {pace}")
    (root / "sources.yaml").write_text(text.replace("settings: {", "settings: {min_free: 1MB, "))
    return root


# Exit codes


def test_done_is_0_and_a_search_without_hits_is_done(home: Path) -> None:
    said = process(home, "search", "zeppelin", "--json")

    assert (said.returncode, json.loads(said.stdout)["total"]) == (0, 0)


def test_an_unknown_name_is_1_and_says_what_finds_names(home: Path) -> None:
    said = process(home, "show", "aaaaaaaaaaaa")

    assert said.returncode == 1
    assert "aaaaaaaaaaaa" in said.stderr and "aggregator search" in said.stderr


def test_an_unknown_source_is_1_and_the_nearest_is_named(aggregator: Aggregator, home: Path) -> None:
    said = aggregator("--home", home, "crawl", "harbor")

    assert (said.code, said.err) == (
        1,
        "aggregator: harbor: no such source in sources.yaml. Did you mean harbour?\n",
    )


def test_a_version_that_does_not_exist_is_1(aggregator: Aggregator, home: Path) -> None:
    said = aggregator("--home", home, "show", "http://harbour.example/1", "--version", "7")

    assert said.code == 1
    assert "no number 7" in said.err


@pytest.mark.parametrize(
    "command",
    ["search", "search x --from yesterday", "search x --limit 0", "nonsense", "crawl --limit -1", "show", "extract"],
)
def test_wrong_use_is_2(aggregator: Aggregator, home: Path, command: str) -> None:
    said = aggregator("--home", home, *command.split())

    assert (said.code, said.out) == (2, "")
    assert "Error" in said.err


@pytest.mark.parametrize("command", ["search x", "crawl", "status", "reposts", "show x", "rebuild", "sources list"])
def test_a_folder_that_is_no_home_is_2_and_stays_as_it_is(aggregator: Aggregator, tmp_path: Path, command: str) -> None:
    said = aggregator("--home", tmp_path, *command.split())

    assert said.code == 2
    assert "aggregator init" in said.err
    assert list(tmp_path.iterdir()) == []


def test_a_missing_file_is_2_and_named(tmp_path: Path) -> None:
    said = process(tmp_path, "extract", "nowhere.html")

    assert said.returncode == 2
    assert "nowhere.html" in said.stderr


def test_a_refused_sources_yaml_is_2_and_every_complaint_has_its_line(aggregator: Aggregator, home: Path) -> None:
    (home / "sources.yaml").write_text(SOURCES_YAML.replace("feeds:", "feedz:").replace("min_free: 1MB", "min_free: 1"))

    said = aggregator("--home", home, "crawl")

    assert said.code == 2
    assert "sources.yaml:1:" in said.err and "sources.yaml:3:" in said.err
    assert "did you mean 'feeds'" in said.err


@pytest.mark.parametrize("command", ["search x", "crawl", "status", "reposts"])
def test_a_catalogue_of_a_newer_program_is_3(aggregator: Aggregator, home: Path, command: str) -> None:
    with sqlite3.connect(home / "index" / "catalogue.sqlite") as connection:
        connection.execute("update schema set number = 999")
    connection.close()

    said = aggregator("--home", home, *command.split())

    assert said.code == 3
    assert "catalogue.sqlite" in said.err and "Upgrade" in said.err


def test_an_index_that_is_missing_is_3_and_rebuild_mends_it(aggregator: Aggregator, home: Path) -> None:
    for file in (home / "index").glob("catalogue*"):
        file.unlink()
    said = process(home, "search", "mattresses")
    assert said.returncode == 3
    assert "aggregator rebuild" in said.stderr

    rebuilt = aggregator("--home", home, "rebuild", "--json")

    assert (rebuilt.code, rebuilt.json["articles"]) == (0, 1)
    assert aggregator("--home", home, "search", "mattresses").code == 0


def test_too_little_room_is_4_and_nothing_is_written(home: Path) -> None:
    before = sorted(p for p in home.rglob("*") if p.is_file())
    (home / "sources.yaml").write_text(SOURCES_YAML.replace("1MB", "999999TiB"))

    said = process(home, "crawl")

    assert said.returncode == 4
    assert "min_free" in said.stderr
    assert sorted(p for p in home.rglob("*") if p.is_file()) == before


def test_a_home_that_another_writer_holds_is_5_and_readers_do_not_mind(aggregator: Aggregator, home: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(home)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout and holder.stdout.readline() == "held\n"
        crawled = process(home, "crawl")
        rebuilt = aggregator("--home", home, "rebuild", "--wait", "0.1")
        found = aggregator("--home", home, "search", "x")
        holder.communicate("")

    assert (crawled.returncode, rebuilt.code, found.code) == (5, 5, 0)
    assert f"process {holder.pid}" in crawled.stderr


# Following


def test_a_site_is_added_with_what_it_runs_and_then_backfilled(
    aggregator: Aggregator, tmp_path: Path, server: DemoServer
) -> None:
    address = f"http://accueil.localhost:{server.port}/"
    (tmp_path / "sources.yaml").write_text(
        "settings: {network: {allow_private: [127.0.0.0/8]}}\ndefaults: {pace: 0s}\nsources: []  # mine\n"
    )

    added = aggregator("--home", tmp_path, "sources", "add", address, "--json")
    again = aggregator("--home", tmp_path, "sources", "add", address, "--id", "other")
    filled = aggregator("--home", tmp_path, "backfill", "accueil", "--json")

    told = added.json
    assert (added.code, told["written"], again.code, filled.code) == (0, True, 2, 0)
    assert told["entry"] | {"name": ""} == {
        "id": "accueil", "name": "", "url": address, "feeds": [f"{address}spip.php?page=backend"], "engine": "spip",
        "languages": ["fr"],
    }  # fmt: skip
    assert "is followed already, as accueil" in again.err
    assert "sources:   # mine\n  - id: accueil" in (tmp_path / "sources.yaml").read_text()
    posts = {p.id for p in load_world().posts_at("accueil", server.now)}
    assert {a.rpartition("article")[2] for a in articles(tmp_path)} >= posts
    assert filled.json["runs"][0]["failed"] == []


def test_a_site_without_anything_to_follow_is_not_added(
    aggregator: Aggregator, tmp_path: Path, server: DemoServer
) -> None:
    before = "settings: {network: {allow_private: [127.0.0.0/8]}}\nsources: []\n"
    (tmp_path / "sources.yaml").write_text(before)

    said = aggregator("--home", tmp_path, "sources", "add", f"http://oldshore.localhost:{server.port}/")

    assert (said.code, (tmp_path / "sources.yaml").read_text()) == (1, before)
    assert "Nothing was written" in said.err


# Crawling


def test_a_crawl_that_went_well_is_0_and_tells_programs_what_it_did(tmp_path: Path, server: DemoServer) -> None:
    home = demo_home(tmp_path, server)

    said = process(home, "crawl", "oldshore", "--limit", "3", "--json")

    assert said.returncode == 0
    told = json.loads(said.stdout)
    [run] = told["runs"]
    keys = "source discovered fetched not_modified new new_versions known failed"
    assert set(keys.split()) <= run.keys()
    assert (run["source"], run["new"], run["failed"]) == ("oldshore", 3, [])
    assert told["stored"] == run["fetched"] >= 4
    assert len(articles(home)) == 3


def test_a_crawl_with_a_failed_source_is_1_and_names_it(
    aggregator: Aggregator, tmp_path: Path, server: DemoServer
) -> None:
    home = demo_home(tmp_path, server)
    text = (home / "sources.yaml").read_text()
    (home / "sources.yaml").write_text(text + "  - {id: nobody, url: 'http://nobody.localhost:2/'}\n")

    said = aggregator("--home", home, "crawl", "nobody", "oldshore", "--limit", "1", "--json")

    assert said.code == 1
    runs: dict[str, Any] = {run["source"]: run for run in said.json["runs"]}
    assert (runs["nobody"]["outcome"], runs["oldshore"]["new"]) == ("failed", 1)
    assert runs["nobody"]["failed"] == [{"url": "http://nobody.localhost:2/robots.txt", "reason": "connection refused"}]


@pytest.mark.parametrize(("command", "number", "code"), [("crawl", signal.SIGINT, 130), ("run", signal.SIGTERM, 0)])
def test_a_signal_ends_it_soon_and_loses_nothing(
    aggregator: Aggregator, tmp_path: Path, server: DemoServer, command: str, number: signal.Signals, code: int
) -> None:
    home = demo_home(tmp_path, server, pace="20s")
    asked = len(server.requests)
    argv = [sys.executable, "-m", "aggregator", "--home", str(home), command]
    with subprocess.Popen(argv, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        until = time.monotonic() + DEADLINE_S
        while len(server.requests) < asked + 12 and time.monotonic() < until:
            assert running.poll() is None
            time.sleep(0.01)  # leave the processor to it
        running.send_signal(number)
        _, err = running.communicate(timeout=DEADLINE_S)

    assert running.returncode == code
    assert "stopping" in err and "Traceback" not in err
    status = aggregator("--home", home, "status", "--json").json
    assert {s["outcome"] for s in status["sources"]} == {"interrupted"}
    assert not list((home / "archive").rglob("*.open"))


def test_a_reader_who_has_enough_is_no_error(home: Path) -> None:
    command = [sys.executable, "-m", "aggregator", "limits"]
    read, write = os.pipe()
    os.close(read)
    said = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, text=True, timeout=DEADLINE_S, check=False)
    os.close(write)

    assert (said.returncode, said.stderr) == (0, "")


# What is loaded


def loaded(home: Path, names: str, *args: str) -> str:
    command = [sys.executable, "-c", LOADED, names, "--home", str(home), *args]
    said = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_S, check=True)
    return said.stderr.splitlines()[-1]


def test_help_waits_for_no_library(home: Path) -> None:
    heavy = "sqlalchemy,requests,trafilatura,feedparser,whoosh,warcio,bs4,lxml,yaml,rich"

    assert loaded(home, heavy, "--help") == ""


def test_a_search_waits_for_neither_extractor_nor_network(home: Path) -> None:
    assert loaded(home, "trafilatura,feedparser,requests,urllib3,bs4,py3langid", "search", "mattresses") == ""


def test_a_search_waits_for_nothing_that_other_answers_need(home: Path) -> None:
    others = "rich.console,lxml,yaml,sqlalchemy.orm,aggregator.archive,aggregator.sources,aggregator.engines"
    modes = "aggregator.cli.counting,aggregator.cli.given,aggregator.access.redaction"

    assert loaded(home, f"{others},{modes}", "search", "mattresses") == ""


def test_a_search_looks_seldom_for_garbage_and_not_at_all_at_its_end(home: Path) -> None:
    command = [sys.executable, "-c", SEEN_AT_THE_END, "--home", str(home), "search", "mattresses"]

    said = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_S, check=True)

    assert said.stderr.splitlines()[-1] == "10000 True"


def test_a_demo_refuses_a_folder_that_is_something_else(aggregator: Aggregator, home: Path) -> None:
    before = (home / "sources.yaml").read_text()

    said = aggregator("--home", home, "demo")

    assert said.code == 2
    assert "nothing was changed" in said.err
    assert (home / "sources.yaml").read_text() == before
