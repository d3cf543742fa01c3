"""Lines that all pages of a source share: learned once, left out of its texts, and never taken for an edit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from aggregator import pipeline
from aggregator.decisions import Decisions
from aggregator.extract.furniture import LEARNED_FROM
from aggregator.home import Home
from tests.fakeweb import FakeWeb, articles, crawl, feed, following, found, page, source, versions

CONTACT = "The harbour group meets on Tuesdays in the old customs house; bring your own cup."
CREDIT = "(source: harbour watch)"
REPEATED = (
    "We repeat what we have said since the first winter: nobody is to sleep outside in this town while a single house "
    "stands empty on the quay, and we shall go on opening doors until the council has understood that this is meant, "
    "night after night, in every street that leads down to the water."
)
SUBJECTS = "ferry rope bakery lantern bridge cannery school market crane cellar gate harbour roof letter clock".split()


def address(number: int) -> str:
    return f"http://a.example/2026/{number}"


def text(number: int) -> str:
    subject, other = SUBJECTS[number % len(SUBJECTS)], SUBJECTS[(number * 7 + 3) % len(SUBJECTS)]
    return (
        f"On day {number} of the strike the people of the {subject} walked over to those of the {other} and stayed.\n\n"
        f"Whoever had bread brought it, and number {number} of the songs was sung twice because of the {subject}.\n\n"
        f"In the evening {number + 40} lamps were counted between the {other} and the water, each with a name on it."
    )


def written(number: int, *more: str) -> str:
    return page("\n\n".join((text(number), *more)), title=f"Day {number} of the strike")


def world(count: int, *more: str) -> FakeWeb:
    pages: dict[str, object] = {address(n): written(n, *more) for n in range(count)}
    return FakeWeb({"http://a.example/feed": feed(*pages), **pages})


def reopened(root: Path) -> None:
    with pipeline.opened(Home(root), following(source("a"))):
        pass


def events(root: Path) -> list[dict[str, Any]]:
    return [event.said for event in Decisions(Home(root).archive).events("learned")]


def test_a_line_that_the_pages_of_a_source_share_is_left_out_of_all_of_them(tmp_path: Path) -> None:
    crawl(tmp_path, world(LEARNED_FROM + 2, CONTACT), source("a"))
    assert all(CONTACT in article.text for article in articles(tmp_path).values())
    reopened(tmp_path)

    assert {url: a.text for url, a in articles(tmp_path).items()} == {
        address(n): text(n).replace("\n\n", "\n") for n in range(LEARNED_FROM + 2)
    }
    assert found(tmp_path, "customs") == []


def test_what_is_learned_makes_no_edit_and_is_the_same_after_a_rebuild(tmp_path: Path) -> None:
    crawl(tmp_path, world(LEARNED_FROM, CONTACT), source("a"))
    reopened(tmp_path)
    before = articles(tmp_path)
    pipeline.rebuild(Home(tmp_path), following(source("a")))

    assert articles(tmp_path) == before
    assert {len(versions(tmp_path, url)) for url in before} == {1}


def test_a_page_that_comes_later_is_read_without_it_and_nothing_is_learned_again(tmp_path: Path) -> None:
    crawl(tmp_path, world(LEARNED_FROM, CONTACT), source("a"))
    [once] = events(tmp_path)
    crawl(tmp_path, world(LEARNED_FROM + 8, CONTACT, "A second line that came with the new theme."), source("a"))

    late = articles(tmp_path)[address(LEARNED_FROM + 1)].text
    assert CONTACT not in late
    assert "new theme" in late
    assert events(tmp_path) == [once]


def test_a_paragraph_and_a_credit_stay_however_often_they_come(tmp_path: Path) -> None:
    crawl(tmp_path, world(LEARNED_FROM, CREDIT, REPEATED), source("a"))
    reopened(tmp_path)

    assert all(CREDIT in a.text and REPEATED in a.text for a in articles(tmp_path).values())
    assert [said["lines"] for said in events(tmp_path)] == [[]]


def test_what_a_group_says_in_one_article_of_two_stays(tmp_path: Path) -> None:
    web = world(LEARNED_FROM)
    web.pages |= {address(n): written(n, CONTACT) for n in range(0, LEARNED_FROM, 2)}
    crawl(tmp_path, web, source("a"))
    reopened(tmp_path)

    assert sum(CONTACT in article.text for article in articles(tmp_path).values()) == LEARNED_FROM // 2


def test_of_a_few_pages_nothing_is_learned(tmp_path: Path) -> None:
    crawl(tmp_path, world(LEARNED_FROM - 1, CONTACT), source("a"))
    reopened(tmp_path)

    assert events(tmp_path) == []
    assert all(CONTACT in article.text for article in articles(tmp_path).values())


def test_an_edit_beside_a_learned_line_is_an_edit(tmp_path: Path) -> None:
    web = world(LEARNED_FROM, CONTACT)
    crawl(tmp_path, web, source("a"))
    web.pages[address(3)] = written(3, "Update: the lamps were taken away.", CONTACT)
    web.pages["http://a.example/feed"] = feed(address(3), updated="2026-11-24T10:00:00Z")
    crawl(tmp_path, web, source("a"))

    assert [CONTACT in version.text for version in versions(tmp_path, address(3))] == [False, False]


def test_the_events_hold_the_captures_and_no_word_of_the_lines(tmp_path: Path) -> None:
    crawl(tmp_path, world(LEARNED_FROM, CONTACT), source("a"))
    [said] = events(tmp_path)

    assert said["source"] == "a"
    assert sorted(said["captures"]) == sorted(versions(tmp_path, url)[0].record_id for url in articles(tmp_path))
    assert "customs" not in json.dumps(said)


def test_a_running_line_is_to_be_opened_anew_when_something_was_learned(tmp_path: Path) -> None:
    with pipeline.opened(Home(tmp_path), following(source("a"))) as line:
        line.crawl([source("a")], world(LEARNED_FROM, CONTACT))
        assert line.is_outdated
    with pipeline.opened(Home(tmp_path), following(source("a"))) as line:
        assert not line.is_outdated
