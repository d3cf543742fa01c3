"""What a crawl makes of pages of several posts: articles, which their own pages take the place of."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from aggregator import pipeline
from aggregator.home import Home
from tests import frontpages
from tests.fakeweb import FakeWeb, articles, crawl, dump, feed, following, found, page, refused, source, versions
from tests.frontpages import POSTS

FRONT = "http://tide.example/"
TIDE = source("tide", feeds=())
LISTED = source("tide")
HARBOUR = source("harbour", name="Harbour Watch", aliases=("harbour watch",))
LATER = datetime(2027, 1, 1, tzinfo=UTC)


def front(**pages: object) -> FakeWeb:
    html = frontpages.wordpress().replace("https://tide.example", "http://tide.example")
    return FakeWeb({FRONT: html, **pages})


def test_the_posts_of_a_front_page_that_announces_nothing_else_become_articles(tmp_path: Path) -> None:
    run = crawl(tmp_path, front(), TIDE)["tide"]

    assert run.new == len(POSTS)
    assert {a.url: (a.title, f"{a.claimed_at:%Y-%m-%d}", a.text.split("\n")) for a in articles(tmp_path).values()} == {
        f"http://tide.example{p.path}": (p.title, p.day, p.lines) for p in POSTS
    }
    assert found(tmp_path, "rucksack") == ["http://tide.example/2026/11/01/rucksack"]


def test_the_own_page_of_a_post_takes_its_place_for_good(tmp_path: Path) -> None:
    whole = page(
        "\n\n".join((*POSTS[1].lines, "Two of them are still looking for their shoes.")), title=POSTS[1].title or ""
    )
    own = f"http://tide.example{POSTS[1].path}"
    web = front()
    web.pages[own] = refused(own)
    crawl(tmp_path, web, TIDE)
    assert [v.is_stand_in for v in versions(tmp_path, own)] == [True]
    web.pages[own] = whole
    crawl(tmp_path, web, TIDE)
    web.pages[FRONT] = frontpages.wordpress(POSTS[:6])
    crawl(tmp_path, web, TIDE)

    seen = versions(tmp_path, own)

    assert [v.is_stand_in for v in seen] == [False]
    assert "shoes" in seen[0].text
    assert articles(tmp_path)[own].number == 1


def test_a_page_that_a_feed_announces_and_that_holds_several_posts_is_no_article(tmp_path: Path) -> None:
    web = FakeWeb(
        {
            "http://tide.example/feed": feed("http://tide.example/notes"),
            "http://tide.example/notes": frontpages.unlinked(),
        }
    )
    crawl(tmp_path, web, LISTED)

    assert set(articles(tmp_path)) == {f"http://tide.example/notes#note-{n}" for n in range(len(POSTS))}


def test_an_edit_of_one_post_is_a_version_of_that_post_alone(tmp_path: Path) -> None:
    notes = "http://tide.example/notes"
    web = FakeWeb({"http://tide.example/feed": feed(notes), notes: frontpages.unlinked()})
    crawl(tmp_path, web, LISTED)
    web.pages["http://tide.example/feed"] = feed(notes, updated="2026-11-22T10:00:00Z")
    web.pages[notes] = frontpages.unlinked().replace("one blue rucksack", "one blue rucksack, found")
    web.pages[notes] = str(web.pages[notes]).replace("on the last tram", "on the very last tram")
    run = crawl(tmp_path, web, LISTED)["tide"]

    assert run.new_versions == 1
    assert [a.number for a in articles(tmp_path).values()].count(2) == 1


def test_an_unchanged_page_of_posts_is_not_read_again_and_a_rebuild_gives_every_row(tmp_path: Path) -> None:
    notes = "http://tide.example/notes"
    web = FakeWeb(
        {
            "http://tide.example/feed": feed(notes),
            notes: (200, {"ETag": '"1"', "Content-Type": "text/html"}, frontpages.unlinked()),
        }
    )
    crawl(tmp_path, web, LISTED, HARBOUR)
    web.pages["http://tide.example/feed"] = feed(notes, updated="2026-11-22T10:00:00Z")
    run = crawl(tmp_path, web, LISTED, HARBOUR)["tide"]
    rows = dump(tmp_path)
    assert (run.new, run.new_versions) == (0, 0)
    assert sum(table == "sightings" for table, _ in rows) == 2 * len(POSTS)

    with pipeline.opened(Home(tmp_path), following(LISTED, HARBOUR)) as line:
        line.close_days(LATER)
    pipeline.rebuild(Home(tmp_path), following(LISTED, HARBOUR))

    assert dump(tmp_path) == rows


def test_a_credit_inside_a_post_is_resolved_to_its_source(tmp_path: Path) -> None:
    crawl(tmp_path, front(), TIDE, HARBOUR)

    rows = [row for table, row in dump(tmp_path) if table == "credits"]

    assert {row["outlet"]: row["source_id"] for row in rows} == {"harbour watch": "harbour", "lanterne": None}
