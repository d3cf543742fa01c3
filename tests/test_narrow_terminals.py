"""A terminal of few columns: rows become lines, and no address is broken."""

from __future__ import annotations

from pathlib import Path

import pytest

from aggregator.catalogue import Catalogue
from aggregator.home import Home
from tests.fakecli import Aggregator
from tests.fakeweb import STORY, FakeWeb, crawl, feed, page, source
from tests.terminals import screen, screens

ADDRESS = "http://a.example/a-name-of-some-length/and-another/that-makes-it-longer-than-a-line-of-a-narrow-terminal"
LONG_ID = "harbour-collective-of-the-north"
YAML = f"""\
settings: {{contact: desk@example.org, min_free: 1MB}}
sources:
  - {{id: a, url: "{ADDRESS}/"}}
  - {{id: {LONG_ID}, url: "http://b.example/"}}
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home of an article at a long address, which names it, too."""
    made = Home(tmp_path_factory.mktemp("homes"))
    told = f"{STORY}\n\nThe bailiff reads {ADDRESS} every day."
    web = FakeWeb({"http://a.example/feed": feed(ADDRESS), ADDRESS: page(told, title="Eviction in the lane")})
    crawl(made.root, web, source("a"))
    made.sources_yaml.write_text(YAML)
    return made


@pytest.fixture
def id_of_it(home: Home) -> str:
    with Catalogue(home.catalogue) as catalogue:
        return next(iter(catalogue.article_ids()))


def test_a_row_of_status_is_a_source_and_below_it_what_is_known_of_it(home: Home) -> None:
    shown = screen(home.root, 60, "status", LONG_ID)

    assert shown == [LONG_ID, "  run never run · at – · last new – · next due now · texts 0", "  left 0"]


def test_a_row_of_a_manifest_is_lines_too(home: Home, id_of_it: str, aggregator: Aggregator, tmp_path: Path) -> None:
    manifest = str(tmp_path / "m")
    aggregator("--home", home.root, "export", "manifest", "-o", manifest)

    first, *others = screen(home.root, 60, "search", "--manifest", manifest)
    assert first == id_of_it
    assert [line.split()[0] for line in others] == ["version", "title"]
    assert others[-1] == "  title Eviction in the lane"


def test_where_there_is_room_rows_are_rows(home: Home) -> None:
    head, row = screen(home.root, 120, "status", LONG_ID)

    assert head.split()[:3] == ["source", "run", "at"]
    assert row.split()[:3] == [LONG_ID, "never", "run"]


COMMANDS = ("search bailiff", "show ID", "sources list", "takedown ID --reason other --dry-run")


@pytest.mark.parametrize("columns", [20, 60, 100, 160])
def test_no_address_is_broken(home: Home, id_of_it: str, columns: int) -> None:
    for lines in screens(home.root, columns, *(command.replace("ID", id_of_it).split() for command in COMMANDS)):
        assert any(ADDRESS in line for line in lines)
        assert all(ADDRESS in line for line in lines if "http://a" in line)


def test_words_found_stand_out_in_the_title(home: Home) -> None:
    first, *_ = screen(home.root, 80, "search", "eviction", styled=True)

    assert "\x1b[1;33mEviction\x1b[0m\x1b[1m in the lane" in first


@pytest.mark.parametrize("columns", [20, 60, 100])
def test_what_is_no_address_is_broken_between_words(home: Home, id_of_it: str, columns: int) -> None:
    lines = screen(home.root, columns, "show", id_of_it)

    assert all(len(line) <= columns or line.split() == [ADDRESS] for line in lines)
    assert not any(line.endswith(" ") for line in lines)
