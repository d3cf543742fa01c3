"""The way in: what a pass asks for, in which order, and what it makes of the answers."""

from __future__ import annotations

import gc
import shutil
import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from aggregator import pipeline, search
from aggregator.model import Article, Listing, Outcome, Progress, Role
from aggregator.query import parse
from tests.fakeweb import (
    OTHER,
    STORY,
    FakeWeb,
    articles,
    catalogue,
    crawl,
    feed,
    following,
    matches,
    page,
    redirect,
    source,
    versions,
)
from tests.stockedhome import article, stocked

FEED, ONE, TWO, THREE = (f"http://a.example/{name}" for name in ("feed", "1", "2", "3"))
LISTED = source("a", feeds=(), listing=Listing(links="article a", next="a.older"))


def list_page(*paths: str, older: str | None = None) -> str:
    """A list page of a site without a feed."""
    links = "".join(f"<article><a href='{path}'>A text called {path}</a></article>" for path in paths)
    return f"<html><body>{links}" + (f"<a class='older' href='{older}'>older</a>" if older else "") + "</body></html>"


def seen_before(pages: dict[str, object]) -> dict[str, object]:
    """The same pages from a server that names each with an ETag."""
    return {url: (200, {"ETag": f'"{n}"', "Content-Type": ""}, body) for n, (url, body) in enumerate(pages.items())}


# From an announcement to an article


def test_an_announced_page_becomes_an_article(tmp_path: Path) -> None:
    web = FakeWeb({FEED: feed(ONE), ONE: page(STORY)})

    runs = crawl(tmp_path, web, source("a"))

    assert (runs["a"].new, runs["a"].outcome) == (1, Outcome.OK)
    article = articles(tmp_path)[ONE]
    assert article.text.endswith(STORY.replace("\n\n", "\n"))
    assert (article.title, article.language, article.source_id) == ("A title of its own", "en", "a")
    assert article.claimed_at == datetime(2026, 11, 1, 10, tzinfo=UTC)


def test_a_repost_is_archived_and_matched(tmp_path: Path) -> None:
    web = FakeWeb({FEED: feed(ONE, TWO), ONE: page(STORY), TWO: page("(source: a)\n\n" + STORY)})

    crawl(tmp_path, web, source("a"))

    [match] = matches(tmp_path)
    ids = {url: article.id for url, article in articles(tmp_path).items()}
    assert {match.a, match.b} == {ids[ONE], ids[TWO]}
    assert match.first == ids[ONE]


def test_a_second_pass_asks_conditionally_and_makes_no_new_version(tmp_path: Path) -> None:
    web = FakeWeb(seen_before({FEED: feed(ONE), ONE: page(STORY)}))
    crawl(tmp_path, web, source("a"))
    web.requests.clear()

    runs = crawl(tmp_path, web, source("a"))

    assert [(r.url, r.etag) for r in web.requests if r.role is not Role.ROBOTS] == [(FEED, '"0"')]
    assert (runs["a"].known, runs["a"].new, runs["a"].new_versions) == (1, 0, 0)
    assert len(versions(tmp_path, ONE)) == 1


def test_a_page_announced_as_edited_is_asked_for_conditionally(tmp_path: Path) -> None:
    web = FakeWeb({FEED: feed(ONE), **seen_before({ONE: page(STORY)})})
    crawl(tmp_path, web, source("a"))
    web.pages[FEED] = feed(ONE, updated="2026-11-22T10:00:00Z")

    runs = crawl(tmp_path, web, source("a"))

    assert [r.etag for r in web.requests if r.url == ONE] == [None, '"0"']
    assert (runs["a"].not_modified, runs["a"].new_versions) == (2, 0)  # the page, and robots.txt as it was


def test_an_edited_text_is_a_second_version_and_the_first_is_kept(tmp_path: Path) -> None:
    web = FakeWeb({FEED: feed(ONE), ONE: page(STORY)})
    crawl(tmp_path, web, source("a"))
    web.pages |= {FEED: feed(ONE, updated="2026-11-22T10:00:00Z"), ONE: page(STORY + "\n\nUpdate: all is well.")}

    runs = crawl(tmp_path, web, source("a"))

    assert (runs["a"].new, runs["a"].new_versions) == (0, 1)
    first, second = versions(tmp_path, ONE)
    assert first.text.endswith("from the estuary.")
    assert second.text.endswith("Update: all is well.")
    assert articles(tmp_path)[ONE].text == second.text


def test_a_text_that_goes_back_to_what_it_was_has_three_versions(tmp_path: Path) -> None:
    web = FakeWeb({FEED: feed(ONE), ONE: page(STORY)})
    crawl(tmp_path, web, source("a"))
    for day, text in ((21, OTHER), (22, STORY)):
        web.pages |= {FEED: feed(ONE, updated=f"2026-11-{day}T10:00:00Z"), ONE: page(text)}
        crawl(tmp_path, web, source("a"))

    first, second, third = versions(tmp_path, ONE)

    assert first.text == third.text != second.text
    assert first.digest == third.digest != second.digest
    assert [v.number for v in (first, second, third)] == [1, 2, 3]


def test_one_item_announced_under_campaign_parameters_is_one_article(tmp_path: Path) -> None:
    web = FakeWeb({FEED: feed(ONE + "?utm_source=rss", ONE + "?utm_source=mail#top", ONE), ONE: page(STORY)})

    runs = crawl(tmp_path, web, source("a"))

    assert (runs["a"].new, web.times_asked(ONE)) == (1, 1)
    assert list(articles(tmp_path)) == [ONE]


def test_an_article_that_two_sources_announce_is_read_for_both(tmp_path: Path) -> None:
    web = FakeWeb({FEED: feed(ONE), "http://b.example/feed": feed(ONE), **seen_before({ONE: page(STORY)})})
    crawl(tmp_path, web, source("a"))

    runs = crawl(tmp_path, web, source("b"))

    assert runs["b"].new == 1


# Where articles are announced


def test_feeds_are_tried_in_order_until_one_answers(tmp_path: Path) -> None:
    last = "http://a.example/last.xml"
    web = FakeWeb({FEED: 404, TWO: feed(ONE), last: feed(THREE), ONE: page(STORY)})

    runs = crawl(tmp_path, web, source("a", TWO, last))

    assert [url for url in web.asked if url in (FEED, TWO, last)] == [FEED, TWO]
    assert runs["a"].failed == [(FEED, "HTTP 404")]
    assert runs["a"].new == 1


def test_a_source_without_a_feed_is_asked_for_one_on_its_front_page(tmp_path: Path) -> None:
    link = "<link rel='alternate' type='application/atom+xml' href='/feed'>"
    front = f"<html><head>{link}</head><body><a href='/about'>About</a></body></html>"
    web = FakeWeb({"http://a.example/": front, FEED: feed(ONE), ONE: page(STORY)})

    crawl(tmp_path, web, source("a", feeds=()))

    assert list(articles(tmp_path)) == [ONE]
    assert "http://a.example/about" not in web.asked


def test_the_sitemap_that_robots_txt_names_is_read(tmp_path: Path) -> None:
    sitemap = (
        "<?xml version='1.0'?><urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'>"
        f"<url><loc>{ONE}</loc><lastmod>2026-11-01</lastmod></url></urlset>"
    )
    robots = "User-agent: *\nDisallow: /admin\nSitemap: http://a.example/map.xml\n"
    web = FakeWeb({"http://a.example/robots.txt": robots, "http://a.example/map.xml": sitemap, ONE: page(STORY)})

    crawl(tmp_path, web, source("a"))

    assert list(articles(tmp_path)) == [ONE]


def test_the_first_pass_walks_list_pages_to_their_end_and_a_later_one_stops_when_nothing_is_new(tmp_path: Path) -> None:
    web = FakeWeb(
        {
            "http://a.example/": list_page("/1", older="/old/2"),
            "http://a.example/old/2": list_page("/2", older="/old/3"),
            "http://a.example/old/3": list_page("/3"),
            **{url: page(STORY) for url in (ONE, TWO, THREE)},
        }
    )

    first = crawl(tmp_path, web, LISTED)
    second = crawl(tmp_path, web, LISTED)

    assert (first["a"].new, second["a"].new) == (3, 0)
    assert [web.times_asked(f"http://a.example/{path}") for path in ("", "old/2", "old/3")] == [2, 1, 1]


def test_a_first_pass_cut_short_among_list_pages_is_walked_to_the_end_later(tmp_path: Path) -> None:
    stop = threading.Event()

    def busy_at_first() -> object:
        if stop.is_set():
            return list_page("/2", older="/old/3")
        stop.set()
        return 503

    web = FakeWeb(
        {
            "http://a.example/": list_page("/1", older="/old/2"),
            "http://a.example/old/2": busy_at_first,
            "http://a.example/old/3": list_page("/3"),
            **{url: page(STORY) for url in (ONE, TWO, THREE)},
        }
    )
    cut = crawl(tmp_path, web, LISTED, stop=stop)

    whole = crawl(tmp_path, web, LISTED)

    assert cut["a"].outcome is Outcome.INTERRUPTED
    assert whole["a"].new == 3


def test_a_list_page_that_failed_in_the_first_pass_does_not_hide_what_is_older(tmp_path: Path) -> None:
    web = FakeWeb(
        {
            "http://a.example/": list_page("/1", older="/old/2"),
            "http://a.example/old/2": 503,
            **{url: page(STORY) for url in (ONE, TWO)},
        }
    )
    crawl(tmp_path, web, LISTED)
    web.pages["http://a.example/old/2"] = list_page("/2")

    crawl(tmp_path, web, LISTED)

    assert sorted(articles(tmp_path)) == [ONE, TWO]


# Redirects


def test_every_hop_of_a_redirect_is_archived_and_the_article_is_where_it_ends(tmp_path: Path) -> None:
    web = FakeWeb({FEED: feed(ONE), ONE: redirect("/2"), TWO: redirect(THREE), THREE: page(STORY)})

    crawl(tmp_path, web, source("a"))

    assert list(articles(tmp_path)) == [THREE]
    with catalogue(tmp_path) as known:
        hops = [(c.url, c.asked_url, c.status, c.location) for c in known.captures("a") if c.role is Role.PAGE]
        assert known.find_articles(ONE) == known.find_articles(THREE)
    assert hops == [(ONE, ONE, 301, TWO), (TWO, ONE, 301, THREE), (THREE, ONE, 200, None)]


def test_a_redirect_to_another_host_asks_for_its_rules_first(tmp_path: Path) -> None:
    away = "http://elsewhere.example/post"
    web = FakeWeb(
        {
            FEED: feed(ONE),
            ONE: redirect(away),
            away: page(STORY),
            "http://elsewhere.example/robots.txt": "User-agent: *\nDisallow: /",
        }
    )

    runs = crawl(tmp_path, web, source("a"))

    assert away not in web.asked
    assert runs["a"].failed == [(ONE, "robots.txt forbids it")]


def test_a_redirect_without_end_is_a_failure(tmp_path: Path) -> None:
    web = FakeWeb({FEED: feed(ONE), ONE: redirect(TWO), TWO: redirect(ONE)})

    runs = crawl(tmp_path, web, source("a"))

    assert runs["a"].failed == [(ONE, "more than 10 redirects")]
    assert web.times_asked(ONE) + web.times_asked(TWO) == 11
    assert articles(tmp_path) == {}


def test_a_redirect_to_the_front_page_is_no_article(tmp_path: Path) -> None:
    web = FakeWeb({FEED: feed(ONE), ONE: redirect("/"), "http://a.example/": page(STORY)})

    runs = crawl(tmp_path, web, source("a"))

    assert runs["a"].failed == [(ONE, "redirects to the front page")]
    assert articles(tmp_path) == {}


def test_when_every_feed_is_dead_the_front_page_is_asked_for_another(tmp_path: Path) -> None:
    web = FakeWeb(
        {
            FEED: 404,
            "http://a.example/": "<link rel=alternate type='application/atom+xml' href='/new-feed'>",
            "http://a.example/new-feed": feed(ONE),
            ONE: page(STORY),
        }
    )

    runs = crawl(tmp_path, web, source("a"))

    assert (runs["a"].new, runs["a"].failed) == (1, [(FEED, "HTTP 404")])


def test_a_feed_is_asked_for_before_long_lists(tmp_path: Path) -> None:
    web = FakeWeb({FEED: feed(ONE), ONE: page(STORY), "http://a.example/robots.txt": "Sitemap: /sitemap.xml"})

    crawl(tmp_path, web, source("a"))

    assert web.asked.index(FEED) < web.asked.index("http://a.example/sitemap.xml")


@pytest.mark.parametrize("engine", ["whoosh", "tantivy"])
def test_articles_are_indexed_a_portion_at_a_time_and_how_far_that_is_is_told(tmp_path: Path, engine: str) -> None:
    home = stocked(tmp_path / "home", [article(str(n), f"Note {n} of the ferry.") for n in range(900)], engine=engine)
    shutil.rmtree(home.fulltext)
    told: list[tuple[int, int]] = []
    held: list[int] = []

    def report(now: Progress) -> None:
        if now.doing == "indexing":
            told.append((now.done, now.total))
            held.append(sum(isinstance(each, Article) for each in gc.get_objects()))

    before = sum(isinstance(each, Article) for each in gc.get_objects())
    known = following()
    with pipeline.opened(home, replace(known, settings=replace(known.settings, index=engine)), report=report):
        pass

    assert [done for done, _ in told] == [0, 200, 400, 600, 800, 900]
    assert {total for _, total in told} == {900}
    assert max(held) - before <= 200
    assert search.search(home, parse("ferry")).total == 900
    with catalogue(home.root) as after:
        assert after.to_index() == []
