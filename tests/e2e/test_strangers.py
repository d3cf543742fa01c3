"""What strangers write is text, wherever it is shown: no element of it lives in Chromium, nothing of it runs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from aggregator.characters import harmless, whole
from tests.e2e.conftest import Served
from tests.e2e.pages import PAGES, pages_of
from tests.e2e.reading import Reader, reader
from tests.e2e.strangers import strings


@pytest.fixture(scope="module")
def reading(browser: Browser, world: Served) -> Iterator[Reader]:
    with reader(browser, world.address) as one:
        yield one


@pytest.fixture(scope="module")
def ours(reading: Reader, world: Served) -> set[str]:
    """The shapes of all elements that templates make, as calm articles show them."""
    shapes: set[str] = set()
    for page in PAGES:
        if "strange" not in page.name:
            reading.open(page.path(world.known))
            if page.is_pasted:
                reading.look_for_reposts(world.known.pasted)
            shapes |= reading.shapes()
    reading.open("/api/search?q=police")  # as Chromium itself shows it
    return shapes | reading.shapes()


def plain(text: str) -> str:
    """A stranger's text as a page has it."""
    return " ".join(harmless(whole(text)).split())


@pytest.mark.parametrize("number", range(len(strings())))
def test_what_a_stranger_writes_is_text(reading: Reader, world: Served, ours: set[str], number: int) -> None:
    strange = world.strange[number]
    for place, path in enumerate(pages_of(strange)):
        assert reading.open(path) in (200, 400), place
        judge(reading, ours, place)
        if place == 0:
            assert plain(strange.written) in plain(reading.text()), "it is there to be read"
    reading.open("/reposts")
    reading.look_for_reposts(strange.text)
    assert strange.word in reading.text()
    judge(reading, ours, "pasted")


def test_what_a_stranger_answered_is_text_on_the_page_of_sources(reading: Reader, ours: set[str]) -> None:
    reading.open("/sources")
    judge(reading, ours, "sources")


def judge(reading: Reader, ours: set[str], place: object) -> None:
    """See that a page has no element that no template makes, and that it did nothing; strings are not printed."""
    foreign = [ascii(shape)[:200] for shape in reading.shapes() - ours]
    assert (place, foreign, reading.live(), reading.offences()) == (place, [], [], [])
