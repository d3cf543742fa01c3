"""The page of saved searches: what the command says, with links; and nothing of what is withdrawn."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
import requests
from bs4 import BeautifulSoup, Tag

from aggregator.home import Home
from aggregator.query import Only, Within, parse
from aggregator.search import fresh, saved
from aggregator.takedown import Scope
from aggregator.web.serving import application
from tests.fakecli import Aggregator
from tests.fakeweb import NOON
from tests.stockedhome import article, stocked
from tests.test_saved_searches import hide
from tests.webbed import serving

DAY = timedelta(days=1)
TITLES = [f"Camp {n}" for n in range(6)]
NAUGHTY = "<script>alert(1)</script>\u202e"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home in which one article was there before anything was saved, and five came after."""
    return stocked(
        tmp_path / "home",
        [
            article(
                f"n{n}",
                f"The camp was counted {'once ' * n} and the tents stood.",
                title=title,
                of="b" if n == 5 else "a",
                language="fr" if n == 4 else "en",
                at=f"2026-10-0{n + 1}",
                seen=NOON + (n - 1) * DAY,
            )
            for n, title in enumerate(TITLES)
        ],
    )


def keep(home: Home, name: str, query: str, *filters: Only | Within) -> None:
    saved.save(home, name, parse(query).also(*filters) if filters else parse(query), by="Maren", now=NOON - DAY / 2)


def searches(home: Home) -> tuple[BeautifulSoup, list[Tag]]:
    """The page, and what it says of each search."""
    with serving(application(home)) as address:
        answer = requests.get(f"{address}/saved", timeout=60)
    assert answer.status_code == 200, answer.text
    read = BeautifulSoup(answer.text, "lxml")
    return read, read.select("main .hits > li")


def link_of(one: Tag) -> str:
    [link] = one.select("h2 a")
    return str(link["href"])


def test_a_saved_search_is_shown_with_its_new_hits_and_its_feeds(home: Home) -> None:
    keep(home, "camp", "camp")
    read, [one] = searches(home)
    assert link_of(one) == "/?q=camp&sort=captured"
    assert "5 new" in one.text and "6 articles" in one.text and "Maren" in one.text
    assert [link.text for link in one.select(".newest a")] == ["Camp 5", "Camp 4", "Camp 3"]
    feeds = [str(link["href"]) for link in one.select("a[type]")]
    assert feeds == ["/feeds/searches/camp.atom", "/feeds/searches/camp.json"]
    with serving(application(home)) as address:
        for path in feeds:
            assert requests.get(address + path, timeout=60).status_code == 200
    assert read.select_one("header nav [aria-current]").text == "Saved searches"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("query", "filters"),
    [
        ("camp", (Only("language", ("fr",)),)),
        ("", (Only("source", ("b",)),)),
        ("camp", (Within("published", NOON.replace(month=10, day=3, hour=0), NOON.replace(month=10, day=5, hour=0)),)),
        ("camp OR nobody", (Within("captured", (NOON + DAY).replace(hour=0), None),)),
        ("once OR nobody", (Only("language", ("en",)), Only("tag", ("nothing",)))),
    ],
)
def test_the_link_of_a_saved_search_finds_what_it_finds(
    home: Home, query: str, filters: tuple[Only | Within, ...]
) -> None:
    keep(home, "one", query, *filters)
    _, [one] = searches(home)
    [expected] = fresh.found(home, saved.standing(home))
    link = link_of(one)
    with serving(application(home)) as address:
        found = requests.get(f"{address}/api/search{link.removeprefix('/')}", timeout=60).json()
    assert found["total"] == expected.total


def test_the_interface_answers_what_the_command_prints(home: Home, aggregator: Aggregator) -> None:
    keep(home, "camp", "camp", Only("language", ("en", "fr")))
    keep(home, "other", "nobodywrotethis")
    with serving(application(home)) as address:
        said = requests.get(f"{address}/api/saved", timeout=60).json()
    assert said == aggregator("--home", home.root, "searches", "--json").json
    assert [one["name"] for one in said] == ["camp", "other"]


def test_looking_is_not_being_told(home: Home) -> None:
    keep(home, "camp", "camp")
    before = searches(home)[1][0].text
    assert searches(home)[1][0].text == before


def test_a_search_that_asks_for_something_withdrawn_is_counted_and_not_shown(home: Home) -> None:
    keep(home, "ada", "Ada Brandvold")
    keep(home, "camp", "camp")
    hide(home, "Ada Brandvold", scope=Scope.NAME)
    read, shown = searches(home)
    assert len(shown) == 1
    assert "ada" not in read.text.casefold()
    assert "1 search is not shown" in read.text


def test_where_nothing_is_saved_the_page_says_how(home: Home) -> None:
    read, shown = searches(home)
    assert not shown
    assert "No search is saved." in read.text and "--save" in read.text


def test_what_was_typed_is_shown_as_text(home: Home) -> None:
    keep(home, "naughty", f"camp {NAUGHTY}")
    read, [one] = searches(home)
    assert "<script>alert(1)</script>" in one.text
    assert not read.select("script:not([src='/static/keys.js'])")
    assert quote("<script>") in link_of(one)


def test_what_saves_a_search_is_shown_as_it_is_typed_for_this_home(home: Home) -> None:
    with serving(application(home, command="aggregator --home /srv/watch")) as address:
        said = requests.get(f"{address}/saved", timeout=60).text
    assert "<code>aggregator --home /srv/watch search " in said


def test_of_an_article_that_is_none_a_page_names_no_command_and_programs_are_told_of_it(home: Home) -> None:
    with serving(application(home)) as address:
        page = requests.get(f"{address}/articles/aaaabbbbcccc", timeout=60)
        answer = requests.get(f"{address}/api/articles/aaaabbbbcccc", timeout=60)
    assert (page.status_code, answer.status_code) == (404, 404)
    assert "Look for it with the search." in page.text and "aggregator search" not in page.text
    assert "`aggregator search` finds ids." in answer.json()["error"]
