"""What is asked for again, and what is not: rules, lists, known articles, answers that say "as before"."""

from __future__ import annotations

import re
import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from aggregator import pipeline, scheduler
from aggregator.home import Home
from aggregator.model import Role, Run
from tests import enginesites
from tests.fakeweb import OTHER, STORY, ClockOf, FakeWeb, articles, crawl, feed, following, page, source, versions

FEED, ONE, TWO, THREE = (f"http://a.example/{name}" for name in ("feed", "1", "2", "3"))
ROBOTS, SITEMAP = "http://a.example/robots.txt", "http://a.example/sitemap.xml"
HOUR = timedelta(hours=1)
DEADLINE_S = 20


def visit(root: Path, web: FakeWeb, *, after: timedelta = timedelta(0), recheck: bool = True) -> Run:
    """A pass some time after the one before."""
    web.now += after
    return crawl(root, web, source("a", recheck=recheck), clock=ClockOf(web))["a"]


def site(**more: object) -> FakeWeb:
    listed = f"<?xml version='1.0'?><urlset><url><loc>{ONE}</loc></url><url><loc>{THREE}</loc></url></urlset>"
    pages: dict[str, object] = {ROBOTS: f"User-agent: *\nDisallow: /private\nSitemap: {SITEMAP}\n", SITEMAP: listed}
    return FakeWeb({**pages, FEED: feed(ONE), ONE: page(STORY), THREE: page(OTHER), **more})


def test_robots_txt_is_asked_for_once_a_day_and_obeyed_all_day(tmp_path: Path) -> None:
    web = site()
    for _ in range(4):
        visit(tmp_path, web, after=5 * HOUR)
    web.pages[FEED] = feed(ONE, "http://a.example/private/x")
    visit(tmp_path, web, after=HOUR)

    assert web.times_asked(ROBOTS) == 1
    assert web.times_asked("http://a.example/private/x") == 0
    visit(tmp_path, web, after=10 * HOUR)
    assert web.times_asked(ROBOTS) == 2


def test_sitemaps_are_read_once_a_day_or_when_the_feed_shows_nothing_that_is_known(tmp_path: Path) -> None:
    web = site()
    visit(tmp_path, web)
    visit(tmp_path, web, after=5 * HOUR)
    assert web.times_asked(SITEMAP) == 1

    web.pages |= {FEED: feed(TWO), TWO: page(STORY)}
    visit(tmp_path, web, after=HOUR)
    assert web.times_asked(SITEMAP) == 2
    visit(tmp_path, web, after=25 * HOUR)
    assert web.times_asked(SITEMAP) == 3


def test_an_edit_that_nobody_announces_is_found_when_the_article_is_looked_at_again(tmp_path: Path) -> None:
    web = site()
    visit(tmp_path, web)
    web.pages[ONE] = page(f"{STORY}\n\n{OTHER}")
    assert visit(tmp_path, web, after=HOUR).rechecked == 0

    run = visit(tmp_path, web, after=30 * 24 * HOUR)

    assert (run.rechecked, run.new, run.new_versions) == (2, 0, 1)
    assert len(versions(tmp_path, ONE)) == 2


def test_articles_are_left_alone_where_sources_yaml_says_so(tmp_path: Path) -> None:
    web = site()
    visit(tmp_path, web, recheck=False)

    assert visit(tmp_path, web, after=30 * 24 * HOUR, recheck=False).rechecked == 0
    assert web.times_asked(ONE) == 1


def test_every_tenth_answer_is_asked_for_whole(tmp_path: Path) -> None:
    web = site(**{FEED: (200, {"ETag": '"f"', "Content-Type": "application/atom+xml"}, feed(ONE))})
    for _ in range(21):
        visit(tmp_path, web, after=HOUR)

    asked = [request.etag for request in web.requests if request.role is Role.FEED]
    assert [n for n, etag in enumerate(asked) if etag is None] == [0, 10, 20]


def test_a_slow_source_delays_no_other(tmp_path: Path) -> None:
    slow, often = source("b", every=HOUR), source("a", every=timedelta(seconds=1))
    stop, was_visited, runs = threading.Event(), threading.Event(), list[str]()

    def answers_once_the_other_was_visited_twice() -> str:
        assert was_visited.wait(DEADLINE_S)
        return feed("http://b.example/1")

    def report(ended: list[Run]) -> None:
        runs.extend(run.source_id for run in ended)
        if runs.count("a") == 2:
            was_visited.set()
        if "b" in runs:
            stop.set()

    pages: dict[str, object] = {FEED: feed(ONE), ONE: page(STORY), "http://b.example/1": page(OTHER)}
    pages["http://b.example/feed"] = answers_once_the_other_was_visited_twice
    with pipeline.opened(Home(tmp_path), following(slow, often)) as line:
        scheduler.run(line, FakeWeb(pages), reload=lambda: None, stop=stop, report=report, complain=lambda error: None)

    assert runs.index("b") >= 2


def test_a_source_whose_articles_are_taken_down_is_read_to_full_depth_at_once(tmp_path: Path) -> None:
    threatened = enginesites.spip()
    front = threatened.source.url
    threatened.pages[front] = re.sub(r"<li>.*?</li>", "", str(threatened.pages[front]))  # it leads to sections only
    one = replace(threatened.source, recheck=True)
    web = FakeWeb(threatened.pages)
    crawl(tmp_path, web, one, clock=ClockOf(web))
    seen = set(articles(tmp_path))
    web.pages |= dict.fromkeys(sorted(seen)[:6], 410)
    web.now += timedelta(days=2)

    first = crawl(tmp_path, web, one, clock=ClockOf(web))["spip"]
    second = crawl(tmp_path, web, one, clock=ClockOf(web))["spip"]

    assert len(seen) < len(threatened.articles)
    assert sum(reason == "HTTP 410" for _, reason in first.failed) >= 5
    assert "no longer there" in second.notes[0]
    assert set(articles(tmp_path)) == threatened.articles


def test_two_sources_of_one_host_ask_once_for_what_is_the_hosts(tmp_path: Path) -> None:
    web = site()
    del web.pages[SITEMAP]
    web.pages |= {
        ROBOTS: b"User-agent: *\nDisallow: /private\n",
        "http://a.example/other/feed": feed(TWO),
        TWO: page(OTHER),
    }
    other = source("b", url="http://a.example/other/", feeds=("http://a.example/other/feed",))

    runs = crawl(tmp_path, web, source("a"), other, clock=ClockOf(web))

    assert [run.failed for run in runs.values()] == [[], []]
    assert (web.times_asked(ROBOTS), web.times_asked(SITEMAP)) == (1, 1)
