"""The way in when something is wrong: it is counted and named, and the rest goes on."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from aggregator import pipeline
from aggregator.catalogue import MAX_ATTEMPTS
from aggregator.errors import FetchError, NoSpaceError
from aggregator.home import Home
from aggregator.model import Following, Outcome, Settings
from aggregator.pipeline import Scope
from tests.fakeweb import (
    OTHER,
    STORY,
    FakeWeb,
    articles,
    catalogue,
    crawl,
    feed,
    page,
    redirect,
    refused,
    source,
)

ROBOTS, FEED, ONE, TWO, THREE = (f"http://a.example/{name}" for name in ("robots.txt", "feed", "1", "2", "3"))


# robots.txt


def test_what_robots_txt_forbids_is_not_asked_for_and_named(tmp_path: Path) -> None:
    web = FakeWeb({ROBOTS: "User-agent: *\nDisallow: /1", FEED: feed(ONE, TWO), ONE: page(STORY), TWO: page(OTHER)})

    runs = crawl(tmp_path, web, source("a"))

    assert ONE not in web.asked
    assert runs["a"].failed == [(ONE, "robots.txt forbids it")]
    assert list(articles(tmp_path)) == [TWO]


def test_a_source_that_may_ignore_robots_txt_is_asked_all_the_same(tmp_path: Path) -> None:
    web = FakeWeb({ROBOTS: "User-agent: *\nDisallow: /", FEED: feed(ONE), ONE: page(STORY)})

    crawl(tmp_path, web, source("a", obey_robots=False))

    assert list(articles(tmp_path)) == [ONE]


@pytest.mark.parametrize("answer", [500, 503, 429, refused(ROBOTS)])
def test_a_source_whose_rules_cannot_be_had_is_not_visited(tmp_path: Path, answer: object) -> None:
    web = FakeWeb({ROBOTS: answer, FEED: feed(ONE), ONE: page(STORY)})

    runs = crawl(tmp_path, web, source("a"))

    assert web.asked == [ROBOTS]
    assert runs["a"].outcome is Outcome.FAILED
    assert [url for url, _ in runs["a"].failed] == [ROBOTS]


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_a_source_without_rules_is_visited(tmp_path: Path, status: int) -> None:
    web = FakeWeb({ROBOTS: status, FEED: feed(ONE), ONE: page(STORY)})

    runs = crawl(tmp_path, web, source("a"))

    assert (runs["a"].new, runs["a"].failed) == (1, [])


# Broken sources


def test_three_broken_sources_of_five_are_named_and_the_others_complete(tmp_path: Path) -> None:
    pages: dict[str, object] = {}
    for name in ("a", "b", "c", "d", "e"):
        pages[f"http://{name}.example/feed"] = feed(f"http://{name}.example/1")
        pages[f"http://{name}.example/1"] = page(STORY)
    pages["http://b.example/robots.txt"] = refused("http://b.example/robots.txt")
    pages["http://c.example/feed"] = redirect("http://c.example/feed")
    pages["http://d.example/feed"] = b"<?xml version='1.0'?><rss><<<\x00 \xff"

    runs = crawl(tmp_path, FakeWeb(pages), *(source(name) for name in "abcde"))

    assert {name: run.outcome.value for name, run in runs.items() if run.outcome is not Outcome.OK} == {
        "b": "failed",
        "c": "failed",
        "d": "failed",
    }
    assert all(runs[name].failed for name in "bcd")
    assert sorted(articles(tmp_path)) == ["http://a.example/1", "http://e.example/1"]


def test_a_source_that_announces_nothing_anywhere_has_failed(tmp_path: Path) -> None:
    web = FakeWeb({"http://a.example/": "<html><body>Under construction</body></html>"})

    runs = crawl(tmp_path, web, source("a", feeds=()))

    assert runs["a"].outcome is Outcome.FAILED
    assert runs["a"].failed == [("http://a.example/", "no feed, sitemap or list page was found")]


def test_a_full_disk_ends_the_pass_before_anything_is_asked(tmp_path: Path) -> None:
    web = FakeWeb({FEED: feed(ONE), ONE: page(STORY)})
    greedy = Following(settings=Settings(min_free_bytes=1 << 62), sources=(source("a"),))

    with pytest.raises(NoSpaceError, match="Make room"), pipeline.opened(Home(tmp_path), greedy) as line:
        line.crawl(greedy.sources, web)

    assert web.asked == []


# Broken pages


@pytest.mark.parametrize("status", [404, 410])
def test_a_page_that_is_gone_is_not_asked_for_again(tmp_path: Path, status: int) -> None:
    web = FakeWeb({FEED: feed(ONE), ONE: status})

    first = crawl(tmp_path, web, source("a"))
    second = crawl(tmp_path, web, source("a"))

    assert first["a"].failed == [(ONE, f"HTTP {status}")]
    assert (web.times_asked(ONE), second["a"].failed) == (1, [])


@pytest.mark.parametrize("trouble", [503, 429, refused(ONE)])
def test_a_page_in_passing_trouble_is_asked_for_again(tmp_path: Path, trouble: object) -> None:
    web = FakeWeb({FEED: feed(ONE), ONE: trouble})
    runs = crawl(tmp_path, web, source("a"))
    assert (runs["a"].outcome, runs["a"].pending) == (Outcome.PARTIAL, 1)

    web.pages[ONE] = page(STORY)
    crawl(tmp_path, web, source("a"))

    assert list(articles(tmp_path)) == [ONE]


@pytest.mark.parametrize("trouble", [503, 403, refused(ONE), redirect(ONE)])
def test_a_page_in_lasting_trouble_is_given_up(tmp_path: Path, trouble: object) -> None:
    web = FakeWeb({FEED: feed(ONE), ONE: trouble})
    for _ in range(MAX_ATTEMPTS):
        crawl(tmp_path, web, source("a"))
    web.asked.clear()

    runs = crawl(tmp_path, web, source("a"))

    assert ONE not in web.asked
    assert runs["a"].pending == 0


def test_a_page_given_up_is_asked_for_again_when_it_is_announced_as_edited(tmp_path: Path) -> None:
    web = FakeWeb({FEED: feed(ONE), ONE: 404})
    crawl(tmp_path, web, source("a"))
    web.pages |= {FEED: feed(ONE, updated="2026-11-22T10:00:00Z"), ONE: page(STORY)}

    crawl(tmp_path, web, source("a"))

    assert list(articles(tmp_path)) == [ONE]


def test_a_page_without_text_is_flagged_and_keeps_what_the_feed_says(tmp_path: Path) -> None:
    web = FakeWeb({FEED: feed(ONE), ONE: "<html><body><script>render()</script></body></html>"})

    crawl(tmp_path, web, source("a"))

    article = articles(tmp_path)[ONE]
    assert (article.problems, article.text) == (("empty-text",), "")
    assert article.title == f"Announced {ONE[-12:]}"
    assert f"{article.claimed_at:%Y-%m-%d %H:%M}" == "2026-11-01 10:00"


def test_an_empty_page_never_replaces_a_text(tmp_path: Path) -> None:
    web = FakeWeb({FEED: feed(ONE), ONE: page(STORY)})
    crawl(tmp_path, web, source("a"))
    web.pages |= {FEED: feed(ONE, updated="2026-11-22T10:00:00Z"), ONE: "<html><body></body></html>"}

    runs = crawl(tmp_path, web, source("a"))

    assert runs["a"].new_versions == 0
    assert articles(tmp_path)[ONE].text.endswith("came in from the estuary.")


@pytest.mark.parametrize(
    ("kind", "body", "problem"),
    (
        ("image/png", b"\x89PNG\r\n\x1a\n\x00\x01", "not-html"),
        ("text/html", b"GIF89a\x00\x01", "not-html"),
        ("application/pdf", b"%PDF-1.7 \x00\x01", "unreadable"),
    ),
)
def test_what_is_no_page_is_kept_and_flagged(tmp_path: Path, kind: str, body: bytes, problem: str) -> None:
    web = FakeWeb({FEED: feed(ONE), ONE: (200, {"Content-Type": kind}, body)})

    crawl(tmp_path, web, source("a"))

    article = articles(tmp_path)[ONE]
    assert (article.problems, article.text) == ((problem,), "")


def test_a_page_that_cannot_be_unpacked_is_one_failure(tmp_path: Path) -> None:
    garbled = (200, {"Content-Type": "text/html", "Content-Encoding": "gzip"}, b"this is not gzip")
    web = FakeWeb({FEED: feed(ONE, TWO), ONE: garbled, TWO: page(STORY)})

    runs = crawl(tmp_path, web, source("a"))

    assert runs["a"].failed == [(ONE, "the body is not gzip as declared")]
    assert list(articles(tmp_path)) == [TWO]


def test_a_page_that_stays_garbled_stays_a_failure(tmp_path: Path) -> None:
    garbled = (200, {"Content-Type": "text/html", "Content-Encoding": "gzip"}, b"this is not gzip")
    web = FakeWeb({FEED: feed(ONE), ONE: garbled})
    crawl(tmp_path, web, source("a"))

    runs = crawl(tmp_path, web, source("a"))

    assert runs["a"].failed == [(ONE, "the body is not gzip as declared")]


# Cut short


def test_what_a_limit_left_over_is_read_by_the_next_pass(tmp_path: Path) -> None:
    web = FakeWeb({FEED: feed(ONE, TWO, THREE), ONE: page(STORY), TWO: page(OTHER), THREE: page(STORY + OTHER)})

    first = crawl(tmp_path, web, source("a"), scope=Scope(max_pages=2))
    second = crawl(tmp_path, web, source("a"), scope=Scope(max_pages=2))

    assert (first["a"].outcome, first["a"].new, first["a"].pending) == (Outcome.LIMITED, 2, 1)
    assert (second["a"].outcome, second["a"].new, second["a"].pending) == (Outcome.OK, 1, 0)


def test_a_stopped_pass_keeps_what_was_in_flight_and_loses_nothing(tmp_path: Path) -> None:
    stop = threading.Event()

    def last_answer() -> str:
        stop.set()
        return page(STORY)

    web = FakeWeb({FEED: feed(ONE, TWO), ONE: page(OTHER), TWO: last_answer})

    stopped = crawl(tmp_path, web, source("a"), stop=stop)
    assert (stopped["a"].outcome, stopped["a"].pending) == (Outcome.INTERRUPTED, 1)
    assert list(articles(tmp_path)) == [TWO]

    crawl(tmp_path, web, source("a"))
    assert sorted(articles(tmp_path)) == [ONE, TWO]
    with catalogue(tmp_path) as known:
        assert [run.outcome for run in known.runs("a")] == [Outcome.OK, Outcome.INTERRUPTED]


def test_pages_of_a_host_that_wants_to_be_left_alone_are_not_given_up_unasked(tmp_path: Path) -> None:
    shut = FetchError(TWO, "the host asked to be left alone for 60 s more", retryable=True, was_asked=False)
    web = FakeWeb({FEED: feed(ONE, TWO), ONE: page(STORY), TWO: shut})
    for _ in range(MAX_ATTEMPTS + 1):
        run = crawl(tmp_path, web, source("a"))["a"]
    web.pages[TWO] = page(OTHER)

    at_last = crawl(tmp_path, web, source("a"))["a"]

    assert [reason for _, reason in run.failed] == [shut.reason]
    assert (run.pending, at_last.new, at_last.pending) == (1, 1, 0)
