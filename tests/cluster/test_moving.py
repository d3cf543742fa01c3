"""A catalogue moved from a file to a server and back: the same rows, and nothing read or indexed anew."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sql

from aggregator import catalogue, pipeline, search
from aggregator.catalogue import Catalogue, dump, tables
from aggregator.catalogue.migrations import FIRST
from aggregator.catalogue.places import at
from aggregator.errors import TooNew
from aggregator.home import Home
from aggregator.model import Failure, Role, Server
from aggregator.query import parse
from tests.fakecli import Aggregator
from tests.fakeweb import NOON, STORY, FakeWeb, feed, following, page, source

SOURCES = (source("a"), source("b"))
TEXTS = {f"http://{name}.example/1": page(STORY, title=name) for name in "ab"}
WEB = {f"http://{name}.example/feed": feed(f"http://{name}.example/1") for name in "ab"} | TEXTS


def crawled(root: Path) -> Home:
    home = Home(root)
    with pipeline.opened(home, following(*SOURCES)) as line:
        line.crawl(SOURCES, FakeWeb(dict(WEB)))
    home.sources_yaml.write_text("settings: {min_free: 1MB}\nsources: []\n")
    return home


def test_a_catalogue_goes_to_a_server_and_back_row_for_row(
    tmp_path: Path, database: Callable[[], str], aggregator: Aggregator
) -> None:
    home, address = crawled(tmp_path), database()
    before, there = dump(home.catalogue), Home(tmp_path, server=address)

    said = aggregator("--home", str(tmp_path), "move", address, "--json")

    assert said.code == 0
    assert said.json["articles"] == 2
    assert dump(there.catalogue) == before
    with pipeline.opened(there, following(*SOURCES)), Catalogue(there.catalogue) as known:
        assert known.counts()["to_index"] == 0
    assert search.search(there, parse("vans"), limit=10).total == 2

    catalogue.remove(home.catalogue)
    home.sources_yaml.write_text(f"settings: {{min_free: 1MB, catalogue: '{address}'}}\nsources: []\n")
    assert aggregator("--home", str(tmp_path), "search", "vans", "--json").json["total"] == 2
    assert aggregator("--home", str(tmp_path), "move", "sqlite").code == 0
    assert dump(home.catalogue) == before


def test_a_catalogue_that_is_there_is_not_written_over(
    tmp_path: Path, database: Callable[[], str], aggregator: Aggregator
) -> None:
    address = database()
    for name in ("one", "other"):
        crawled(tmp_path / name)
    assert aggregator("--home", str(tmp_path / "one"), "move", address).code == 0

    said = aggregator("--home", str(tmp_path / "other"), "move", address)

    assert said.code == 2
    assert "there is a catalogue already. Nothing was changed." in said.err


def test_the_steps_from_the_first_schema_lead_to_what_is_made_today(database: Callable[[], str]) -> None:
    old, new = (Server(database()) for _ in range(2))
    for server in (old, new):
        Catalogue(server, writing=True).close()
    with at(old).connect(writing=True) as connection:
        connection.exec_driver_sql("DROP TABLE parts")  # as the first schema was
        connection.execute(tables.schema.update().values(number=FIRST))
        connection.commit()

    Catalogue(old, writing=True).close()

    assert shape(old) == shape(new)


def shape(server: Server) -> list[object]:
    with at(server).connect(writing=False) as connection:
        asked = "SELECT table_name, column_name, data_type, collation_name, is_nullable FROM information_schema.columns"
        here = f" WHERE table_schema = '{server.schema}' ORDER BY 1, 2"
        return [tuple(row) for row in connection.exec_driver_sql(asked + here)]


def test_an_older_program_refuses_a_newer_catalogue(database: Callable[[], str]) -> None:
    server = Server(database())
    Catalogue(server, writing=True).close()
    with at(server).connect(writing=True) as connection:
        connection.execute(tables.schema.update().values(number=tables.SCHEMA + 1))
        connection.commit()

    for writing in (False, True):
        with pytest.raises(TooNew, match="written by a newer program"):
            Catalogue(server, writing=writing)


def test_text_sorts_by_its_code_points_whatever_the_database_speaks(database: Callable[[], str]) -> None:
    server = Server(database())
    with Catalogue(server, writing=True) as known, known.transaction():
        for name in ("b", "Z", "a", "é", "-", "10", "9"):
            known.set_note(name, "\x00" if name == "a" else "")

    with at(server).connect(writing=False) as connection:
        names = [row[0] for row in connection.execute(sql.select(tables.notes.c.name).order_by(tables.notes.c.name))]
    assert names == sorted(names)
    with Catalogue(server) as known:
        assert known.note("a") == "\ufffd"


def test_a_character_that_a_server_cannot_hold_is_no_obstacle(tmp_path: Path, database: Callable[[], str]) -> None:
    home = crawled(tmp_path)
    with Catalogue(home.catalogue, writing=True) as known, known.transaction():
        said = Failure(url="http://a/", source_id="a", role=Role.PAGE, failed_at=NOON, reason="a\x00b", retryable=True)
        known.add_failure(said)

    catalogue.copy(home.catalogue, Server(database()), home.node, NOON, lambda _: None)


def test_an_erase_reaches_the_file_that_a_catalogue_was_moved_from(tmp_path: Path, database: Callable[[], str]) -> None:
    home, there = crawled(tmp_path), Home(tmp_path, server=database())
    catalogue.copy(home.catalogue, there.catalogue, home.node, NOON, lambda _: None)

    pipeline.rebuild(there, following(*SOURCES), scrub=True)

    assert not home.catalogue_file.exists()
