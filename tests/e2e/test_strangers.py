"""What strangers write is text, wherever it is shown: no element of it lives in Chromium, nothing of it runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from xml.etree import ElementTree
from xml.parsers import expat

import pytest
import requests
from playwright.sync_api import Browser

from aggregator.characters import harmless, is_seen, whole
from aggregator.citations.cited import one_line
from tests.e2e.conftest import Served
from tests.e2e.pages import PAGES, lists_of, places_of
from tests.e2e.reading import Reader, reader
from tests.e2e.strangers import strings
from tests.webbed import Seen

LISTED = 10
"""Strings on a page of many: twice as many articles, and no list has a second page."""
ATOM = "{http://www.w3.org/2005/Atom}"
OF_FEEDS = "feed id title updated published author name generator link entry category content".split()
IN_FEEDS = {"p", "ins", "del", "span", "em", "br"}
"""What shows the changes of an edit; none has attributes."""


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
            shapes |= reading.seen().shapes
    for place in places_of(world.plain):
        reading.open(place.path)
        shapes |= reading.seen().shapes
    reading.open("/reposts")
    reading.look_for_reposts(world.plain.text)
    shapes |= reading.seen().shapes
    begun, ended = world.known.pasted.split("\n", 1)
    reading.open("/reposts")
    reading.look_for_reposts(
        "\n".join((begun, "Nobody else has this line. " * 100, ended))
    )  # of which a part is folded
    shapes |= reading.seen().shapes
    reading.open("/api/search?q=police")  # as Chromium itself shows it
    return shapes | reading.seen().shapes


def plain(text: str) -> str:
    """A stranger's text as a page has it."""
    return " ".join(harmless(whole(text)).split())


@pytest.mark.parametrize("number", range(len(strings())))
def test_what_a_stranger_writes_is_text(reading: Reader, world: Served, ours: set[str], number: int) -> None:
    strange = world.strange[number]
    for page, place in enumerate(places_of(strange)):
        assert reading.open(place.path) in (200, 400), page
        text = judged(reading, ours, page)
        assert lacking(text, [strange.written] if place.is_whole else []) == [], page


@pytest.mark.parametrize("start", range(0, len(strings()), LISTED))
def test_what_strangers_write_is_text_in_lists(reading: Reader, world: Served, ours: set[str], start: int) -> None:
    some = world.strange[start : start + LISTED]
    for page, place in enumerate(lists_of(some)):
        assert reading.open(place.path) == 200, page
        text = judged(reading, ours, page)
        assert lacking(text, [each.written for each in some] if place.is_whole else []) == [], page


@pytest.mark.parametrize("start", range(0, len(strings()), LISTED))
def test_what_a_stranger_writes_is_text_where_it_is_pasted(
    reading: Reader, world: Served, ours: set[str], start: int
) -> None:
    reading.open("/reposts")
    for number, strange in enumerate(world.strange[start : start + LISTED], start):
        reading.look_for_reposts(strange.text)
        assert lacking(judged(reading, ours, number), [strange.word]) == [], number


@pytest.mark.parametrize(("path", "field"), [("/sources", "source_id"), ("/feeds", "name")])
def test_what_all_strangers_have_is_text(reading: Reader, world: Served, ours: set[str], path: str, field: str) -> None:
    assert reading.open(path) == 200
    assert lacking(judged(reading, ours, path), [getattr(strange, field) for strange in world.strange]) == []


@pytest.mark.parametrize("start", range(0, len(strings()), LISTED))
def test_what_a_stranger_writes_is_text_in_feeds(world: Served, start: int) -> None:
    for number, strange in enumerate(world.strange[start : start + LISTED], start):
        for kind, least in (
            ("new", 1),
            ("edited", is_seen(strange.written)),
            ("reposts", 1),
            ("vanished", 0),
            ("broken", 0),
        ):
            answer = requests.get(f"{world.address}/feeds/{kind}.atom?source={strange.source_id}", timeout=60)
            expat.ParserCreate().Parse(answer.content, True)
            feed = ElementTree.fromstring(answer.content)
            entries = feed.findall(f"{ATOM}entry")
            assert (number, kind, len(entries) >= least) == (number, kind, True)
            assert {each.tag for each in feed.iter()} <= {ATOM + name for name in OF_FEEDS}
            shown = Seen("".join(each.text or "" for each in feed.iter(f"{ATOM}content") if each.get("type") == "html"))
            assert {" ".join((name, *said)) for name, said in shown.elements} <= IN_FEEDS
            titles = [plain(entry.findtext(f"{ATOM}title") or "") for entry in entries]
            assert kind != "new" or lacking(" ".join(titles), [one_line(strange.written)]) == [], number


def lacking(text: str, written: Sequence[str]) -> list[int]:
    """Return which of several strings is to be seen and not in a page; strings themselves are not printed."""
    return [number for number, each in enumerate(written) if is_seen(each) and plain(each) not in text]


def judged(reading: Reader, ours: set[str], page: object) -> str:
    """See that a page has no element that no template makes, and that it did nothing; return its text.

    Strings are not printed.
    """
    seen = reading.seen()
    foreign = [ascii(shape)[:200] for shape in seen.shapes - ours]
    assert (page, foreign, seen.live, reading.offences()) == (page, [], [], [])
    return plain(seen.text)
