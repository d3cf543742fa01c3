"""A feed that moves or dies is looked for elsewhere, and the visits to come know where it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from aggregator.decisions import Decisions
from aggregator.model import Outcome, Run
from tests.fakeweb import STORY, FakeWeb, articles, crawl, feed, page, redirect, refused, source

OLD, NEW, ONE = "http://a.example/feed", "http://a.example/atom.xml", "http://a.example/1"
FRONT = "http://a.example/"
LINKS_NEW = f"<html><head><link rel=alternate type='application/rss+xml' href='{NEW}'></head><body>x</body></html>"
EMPTY_FEED = "<?xml version='1.0'?><rss version='2.0'><channel><title>T</title></channel></rss>"


def visit(root: Path, **pages: object) -> tuple[Run, list[str]]:
    """One visit to a site whose feed was at OLD; the tally, and the feeds and front pages that were asked for."""
    given = {"old": OLD, "new": NEW, "front": FRONT}
    web = FakeWeb({ONE: page(STORY), FRONT: LINKS_NEW} | {given[name]: found for name, found in pages.items()})
    run = crawl(root, web, source("a"))["a"]
    return run, [url for url in web.asked if url in given.values()]


def moves(root: Path) -> list[tuple[str, str, str]]:
    events = Decisions(root / "archive").events("feed-moved")
    return [(e.said["old"], e.said["new"], e.said["why"]) for e in events]


def test_a_feed_that_moved_for_good_is_asked_for_at_its_new_address_from_then_on(tmp_path: Path) -> None:
    first, asked = visit(tmp_path, old=redirect(NEW), new=feed(ONE))
    second, asked_again = visit(tmp_path, old=redirect(NEW), new=feed(ONE))

    assert (first.outcome, asked, asked_again) == (Outcome.OK, [OLD, NEW], [NEW])
    assert moves(tmp_path) == [(OLD, NEW, "moved permanently")]
    assert (first.notes, second.notes) == ([f"its feed has moved: {OLD} → {NEW} (moved permanently)"], [])


def test_a_feed_that_redirects_for_now_is_asked_for_where_it_was(tmp_path: Path) -> None:
    for _ in range(2):
        _, asked = visit(tmp_path, old=(302, {"Location": NEW}, ""), new=feed(ONE))

    assert asked == [OLD, NEW]
    assert not moves(tmp_path)


@pytest.mark.parametrize(
    ("dead", "why"),
    [(410, "HTTP 410"), (404, "HTTP 404"), (page("Gone."), "announces nothing"), (EMPTY_FEED, "it is empty")],
)
def test_a_feed_that_died_is_found_again_on_the_front_page_and_remembered(
    dead: object, why: str, tmp_path: Path
) -> None:
    first, _ = visit(tmp_path, old=dead, new=feed(ONE))
    second, asked = visit(tmp_path, old=dead, new=feed(ONE))

    assert list(articles(tmp_path)) == [ONE]
    assert [(old, new) for old, new, _ in moves(tmp_path)] == [(OLD, NEW)]
    assert why in first.notes[0]
    assert (asked, second.outcome, second.notes) == ([NEW], Outcome.OK, [])


@pytest.mark.parametrize("down", [500, 503, 429, refused(OLD)])
def test_a_feed_that_is_down_for_now_has_not_moved(down: object, tmp_path: Path) -> None:
    for _ in range(2):
        run, asked = visit(tmp_path, old=down, new=feed(ONE))

    assert (asked, moves(tmp_path), run.notes) == ([OLD, FRONT, NEW], [], [])


def test_a_feed_that_moved_and_died_there_is_asked_for_where_it_was(tmp_path: Path) -> None:
    visit(tmp_path, old=redirect(NEW), new=feed(ONE))
    run, asked = visit(tmp_path, old=feed(ONE), new=410)
    _, at_last = visit(tmp_path, old=feed(ONE), new=410)

    assert (asked, at_last) == ([NEW, OLD], [OLD])
    assert moves(tmp_path)[-1] == (OLD, OLD, "HTTP 410")
    assert run.notes


def test_a_feed_that_moved_and_is_down_there_has_not_moved_back(tmp_path: Path) -> None:
    visit(tmp_path, old=redirect(NEW), new=feed(ONE))
    visit(tmp_path, old=feed(ONE), new=503)

    assert len(moves(tmp_path)) == 1
