"""Homes, served; and a browser."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, sync_playwright

from aggregator.model import Article
from aggregator.replay import serving as replaying
from aggregator.web.door import Door
from aggregator.web.serving import application
from tests.e2e.pages import Known, articles_of, known_in
from tests.e2e.reading import launched
from tests.e2e.strangers import strings
from tests.e2e.world import Strange, save_searches, visited, write_everywhere
from tests.webbed import as_of_many, serving

TOKEN = "the token of whoever decides"


@dataclass(frozen=True, slots=True, repr=False)
class Served:
    """A home behind its pages."""

    address: str
    copies: str
    """The address of its archived copies."""
    known: Known
    articles: dict[str, Article]
    """By their ids."""
    strange: list[Strange]
    plain: Strange
    """Where a name that nobody would wonder at stands in all the same places."""


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = launched(playwright)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The demo world, with strangers in it."""
    home = visited(tmp_path_factory.mktemp("e2e") / "home")
    save_searches(home)
    calm = articles_of(home)
    *strange, plain = write_everywhere(home, [*strings(), "A plain name"])
    door = Door(TOKEN, is_for_reading=False, may_decide=True)
    with (
        serving(as_of_many(replaying.application(home))) as copies,
        serving(as_of_many(application(home, door=door, copies=copies))) as address,
    ):
        yield Served(address, copies, known_in(home, calm, strange[0]), calm, strange, plain)
