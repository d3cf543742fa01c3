"""What a reader does, from page to page, with JavaScript and without, on a telephone and on a desk."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator

import feedparser
import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.e2e.conftest import TOKEN, Served
from tests.e2e.reading import DESK, HANDS, Reader, reader
from tests.e2e.world import BROKEN


@pytest.fixture(params=HANDS, ids=lambda hand: f"{hand[0]}-{'javascript' if hand[1] else 'no-javascript'}")
def hand(request: pytest.FixtureRequest) -> tuple[int, bool]:
    width, has_javascript = request.param
    return width, has_javascript


@pytest.fixture
def width(hand: tuple[int, bool]) -> int:
    return hand[0]


@pytest.fixture
def reading(browser: Browser, world: Served, hand: tuple[int, bool]) -> Iterator[Reader]:
    """A reader on the front page, who does nothing on the way that is forbidden."""
    with reader(
        browser,
        world.address,
        width=hand[0],
        has_javascript=hand[1],
        also=(world.copies,),
        who=("e. editor", TOKEN),
    ) as one:
        one.open("/")
        yield one
        assert one.offences() == []


def look_for(reading: Reader, words: str) -> Locator:
    """Search; return the hits."""
    reading.tab.get_by_label("Words").fill(words)
    reading.follow(reading.tab.get_by_role("button", name="Search"))
    return reading.tab.locator(".hits > li")


def total(reading: Reader) -> int:
    """How many articles the page says it found."""
    said = reading.tab.get_by_role("status").inner_text()
    return int(said.split()[0].replace(",", ""))


def test_french_is_found_without_its_accents(reading: Reader) -> None:
    hits = look_for(reading, "prefecture")

    assert hits.count() == min(total(reading), 20) > 0
    assert "préfecture" in {mark.lower() for mark in hits.locator("mark").all_inner_texts()}


def test_the_bar_of_a_month_narrows_a_search_and_the_chip_takes_it_back(reading: Reader) -> None:
    look_for(reading, "police")
    before = total(reading)
    bar = reading.tab.get_by_role("group", name="Articles by month").get_by_role("link").first
    month, counted = re.fullmatch(r"(\d{4}-\d{2}): (\d+) articles?", bar.get_attribute("aria-label") or "").groups()  # type: ignore[union-attr]
    reading.follow(bar)

    assert total(reading) == int(counted) < before
    assert f"since={month}&until={month}" in reading.tab.url
    days = reading.tab.locator(".hits .facts time").all_inner_texts()
    assert days and all(day.startswith(month) for day in days)

    reading.follow(reading.tab.get_by_role("link", name=f"published: {month}"))
    assert total(reading) == before


def test_a_hit_is_opened(reading: Reader) -> None:
    hit = look_for(reading, "police").first
    title, snippet = hit.get_by_role("heading").inner_text(), hit.locator("p[dir]").inner_text()
    reading.follow(hit.get_by_role("heading").get_by_role("link"))

    assert reading.tab.get_by_role("heading", level=1).inner_text() == title
    longest = max(re.split(r"\.\.\.|…", snippet), key=len).strip()
    assert " ".join(longest.split()) in " ".join(reading.tab.locator(".text").inner_text().split())


def test_two_versions_are_compared(reading: Reader, world: Served) -> None:
    edited = world.articles[world.known.edited]
    reading.follow(look_for(reading, f'"{edited.title}"').get_by_role("link", name=edited.title or "", exact=True))
    reading.follow(reading.tab.get_by_role("navigation", name="Versions").get_by_role("link", name="what changed"))
    inserted = reading.tab.locator("ins").all_inner_texts()
    assert inserted or reading.tab.locator("del").count()

    reading.tab.get_by_label("From version").select_option("2")
    reading.tab.get_by_label("to version").select_option("1")
    reading.follow(reading.tab.get_by_role("button", name="Compare"))

    assert "old=2&new=1" in reading.tab.url
    deleted = reading.tab.locator("del").all_inner_texts()
    assert [text.replace("deleted:", "inserted:") for text in deleted] == inserted


def test_a_passage_leads_to_the_same_on_the_other_side_and_back(reading: Reader, world: Served) -> None:
    reading.open(f"/articles/{world.known.copied}/family")
    reading.follow(reading.tab.get_by_role("link", name="Both texts side by side").first)
    for own, other in (("l", "r"), ("r", "l")):
        reading.tab.locator(f"#{own}1 a").click()
        reached = reading.tab.locator(":target")
        assert reached.get_attribute("id") == f"{other}1"
        expect(reached).to_be_in_viewport()


def test_a_point_of_the_line_leads_to_its_version(reading: Reader, world: Served) -> None:
    reading.open(f"/articles/{world.known.edited}")
    line = reading.tab.get_by_role("group", name="Its versions")
    reading.follow(line.get_by_role("link", name="version 1,"))

    assert reading.tab.url.endswith("?version=1")
    assert line.get_by_role("link").first.get_attribute("aria-current") == "true"
    assert line.get_by_role("link").last.get_attribute("aria-current") is None


def test_a_saved_search_is_looked_up(reading: Reader) -> None:
    reading.follow(reading.tab.get_by_role("link", name="Saved searches"))
    reading.follow(reading.tab.get_by_role("link", name="police", exact=True))

    assert reading.tab.get_by_label("Words").input_value() == "police"
    assert total(reading) > 0


def test_a_repost_is_pasted_and_read_side_by_side(reading: Reader, world: Served, width: int) -> None:
    reading.follow(reading.tab.get_by_role("link", name="Who has a text"))
    reading.look_for_reposts(f"Seen elsewhere today:\n\n{world.known.pasted}")

    original = reading.tab.get_by_role("row").filter(has_text="probable original")
    assert original.get_by_role("link").count() == 1
    pair = reading.tab.locator("section.pair").filter(has_text="the text pasted").first
    left, right = pair.locator(".beside").first.locator(".column").all()
    words = left.locator("mark").first.inner_text()[:40]
    assert words == right.locator("mark").first.inner_text()[:40]
    there, here = left.bounding_box(), right.bounding_box()
    assert there and here
    assert (there["y"] == here["y"]) == (width == DESK), "side by side where there is room"


def test_who_has_a_text_is_followed_from_one_article_to_another(reading: Reader, world: Served) -> None:
    reading.open(f"/articles/{world.known.copied}")
    reading.follow(reading.tab.get_by_role("link", name="Who has this text"))
    rows = reading.tab.get_by_role("table").locator("tbody tr")
    members = rows.count()
    assert f"{members} articles" in reading.tab.locator("caption").inner_text()
    days = rows.locator("time").all_inner_texts()
    assert len(days) > 1 and days == sorted(days)

    other = rows.filter(has_not=reading.tab.locator("[aria-current]")).last.get_by_role("link")
    title = other.inner_text()
    reading.follow(other)
    assert reading.tab.get_by_role("heading", level=1).inner_text() == title
    reading.follow(reading.tab.get_by_role("link", name="Who has this text"))
    assert rows.count() > 1


def test_programs_are_told_the_same(reading: Reader) -> None:
    look_for(reading, "police")
    shown, path = total(reading), reading.tab.url.removeprefix(reading.address)
    reading.open(f"/api/search{path.removeprefix('/')}")

    assert json.loads(reading.tab.locator("body").inner_text())["total"] == shown


def test_why_a_source_is_broken_is_seen(reading: Reader, width: int) -> None:
    reading.follow(reading.tab.get_by_role("link", name="Sources"))
    row = reading.tab.get_by_role("row").filter(has_text=BROKEN)

    assert "failed" in row.inner_text()
    assert "refused" in row.inner_text()
    if width == DESK:  # one long complaint takes no room from the rest
        short = reading.tab.get_by_role("row").filter(has_text="northport").bounding_box()
        assert short and short["height"] < 100
    reading.follow(row.get_by_role("link"))

    assert "refused" in reading.tab.get_by_role("list").last.inner_text()
    assert "none of the last 2 runs" in reading.tab.locator("main").inner_text()


def test_the_archived_copy_of_an_article_is_seen(reading: Reader, world: Served) -> None:
    article = world.articles[world.known.copied]
    reading.open(f"/articles/{article.id}")
    reading.follow(reading.tab.get_by_role("link", name="archived copy"))

    assert reading.tab.url.startswith(f"{world.copies}/web/20")
    assert reading.tab.url.endswith(article.url)
    assert " ".join(article.text.split())[:60] in " ".join(reading.tab.locator("body").inner_text().split())


def test_a_family_is_followed_along_its_drawing(reading: Reader, world: Served) -> None:
    reading.open(f"/articles/{world.known.copied}/family")
    dots = reading.tab.locator("figure.course a")
    assert dots.count() == reading.tab.locator("table.wide tbody tr").count()
    said = dots.last.get_attribute("aria-label") or ""
    dots.last.focus()
    with reading.tab.expect_navigation():
        reading.tab.keyboard.press("Enter")

    assert said.endswith(reading.tab.get_by_role("heading", level=1).inner_text())


def test_a_match_is_confirmed_under_the_name_of_who_does(reading: Reader, world: Served) -> None:
    reading.open(f"/articles/{world.known.copied}/family")
    pair = reading.tab.locator("section.pair").first
    reading.follow(pair.get_by_role("button", name="It is a match"))

    assert reading.tab.url.startswith(f"{world.address}/articles/{world.known.copied}/family?noted=")
    assert "Noted: confirmed by e. editor" in reading.tab.get_by_role("status").first.inner_text()
    assert "confirmed by e. editor" in reading.tab.locator("section.pair").first.inner_text()


def test_an_article_is_cited(reading: Reader, world: Served) -> None:
    article = world.articles[world.known.copied]
    reading.open(f"/articles/{article.id}")
    reading.tab.get_by_text("Cite this version").click()
    cited = reading.take(reading.tab.get_by_role("link", name="BibTeX")).decode()

    assert cited.lstrip().startswith("@")
    assert article.url in cited


def test_all_that_was_found_is_exported(reading: Reader) -> None:
    look_for(reading, "police")
    found = total(reading)
    reading.follow(reading.tab.get_by_role("link", name=f"Export {found} articles"))
    table = reading.take(reading.tab.get_by_role("link", name="CSV"))

    assert len(list(csv.DictReader(io.StringIO(table.decode("utf-8-sig"))))) == found


def test_new_articles_are_subscribed_to(reading: Reader) -> None:
    reading.follow(reading.tab.get_by_role("link", name="Feeds"))
    address = reading.tab.get_by_role("row").nth(1).get_by_role("link", name="Atom").get_attribute("href")
    answer = reading.tab.context.request.get(f"{reading.address}{address}")

    feed = feedparser.parse(answer.body())
    assert not feed.bozo
    assert len(feed.entries) == 50
    reading.open(feed.entries[0].link.removeprefix(reading.address))
    assert feed.entries[0].title == reading.tab.get_by_role("heading", level=1).inner_text()


def test_the_same_search_is_looked_at_in_other_ways(reading: Reader) -> None:
    look_for(reading, "police")
    found = total(reading)
    for tab, said in (("In context", "place"), ("Over time", f"{found} of"), ("Families", "with copies")):
        reading.follow(reading.tab.get_by_role("link", name=tab))
        assert said in reading.tab.get_by_role("status").inner_text()
    reading.follow(reading.tab.get_by_role("link", name="Articles"))
    assert total(reading) == found
