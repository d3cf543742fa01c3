"""All that a site ever had is fetched, whatever it runs, and each article once."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from aggregator import pipeline
from aggregator.catalogue.coverage import coverage
from aggregator.home import Home
from aggregator.model import Outcome, Run
from tests import enginesites
from tests.enginesites import Site
from tests.fakeweb import ClockOf, FakeWeb, articles, catalogue, dump, following, refused, versions


def backfill(root: Path, web: FakeWeb, site: Site, **more: object) -> Run:
    with pipeline.opened(Home(root), following(site.source), clock=ClockOf(web)) as line:
        return line.backfill(site.source, web, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", enginesites.SITES)
def test_each_engine_gives_its_whole_back_catalogue_and_each_article_once(name: str, tmp_path: Path) -> None:
    site = enginesites.SITES[name]()
    web = FakeWeb(site.pages)

    run = backfill(tmp_path, web, site)

    assert set(articles(tmp_path)) == site.articles
    assert (run.outcome, run.failed, run.new) == (Outcome.OK, [], len(site.articles))
    assert not site.others & set(web.asked)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("wordpress_without_rest", "WordPress 6.4"), ("spip", "SPIP 3.2"), ("mir", "Mir 1.1"),
        ("hyperactive", "Hyperactive"), ("sf_active", "sf-active"), ("oscailt", "Oscailt 3"), ("drupal", "Drupal 7"),
        ("blogger", "blogger"),
    ],
)  # fmt: skip
def test_an_engine_that_nobody_stated_shows_itself_in_its_pages(name: str, says: str, tmp_path: Path) -> None:
    site = enginesites.SITES[name]()
    site.source = replace(site.source, engine="auto")
    made_by = f"<head>{enginesites.generator(says)}"
    site.pages |= {a: p.replace("<head>", made_by) for a, p in site.pages.items() if isinstance(p, str)}

    backfill(tmp_path, FakeWeb(site.pages), site)

    assert len(articles(tmp_path).keys() & site.articles) >= len(site.articles) - len(site.others)
    assert not articles(tmp_path).keys() - site.articles - site.others


def test_a_second_backfill_asks_for_lists_only_and_finds_nothing_new(tmp_path: Path) -> None:
    site = enginesites.spip()
    backfill(tmp_path, FakeWeb(site.pages), site)
    web = FakeWeb(site.pages)

    run = backfill(tmp_path, web, site)

    assert (run.new, run.new_versions, run.discovered) == (0, 0, 0)
    assert not site.articles & set(web.asked)


def test_an_interrupted_backfill_goes_on_without_asking_for_what_it_has(tmp_path: Path) -> None:
    site = enginesites.wordpress()
    stop, last, at_last = threading.Event(), sorted(site.articles)[150], enginesites.article(5)

    def interrupting() -> str:
        stop.set()
        return at_last

    web = FakeWeb(site.pages | {last: interrupting})
    first = backfill(tmp_path, web, site, stop=stop)
    later = FakeWeb(site.pages | {last: at_last}, now=web.now)

    second = backfill(tmp_path, later, site)

    assert (first.outcome, second.outcome) == (Outcome.INTERRUPTED, Outcome.OK)
    assert set(articles(tmp_path)) == site.articles
    assert not any("wp-json" in address for address in later.asked)
    assert not set(later.asked) & set(web.asked) & site.articles - {last}


def test_a_backfill_of_some_years_leaves_the_others(tmp_path: Path) -> None:
    site = enginesites.wordpress()
    since, until = datetime(2012, 1, 1, tzinfo=UTC), datetime(2014, 1, 1, tzinfo=UTC)

    backfill(tmp_path, FakeWeb(site.pages), site, since=since, until=until)

    assert {a[25:29] for a in articles(tmp_path)} == {"2012", "2013"}


def test_captures_of_the_wayback_machine_enter_with_their_own_dates_and_say_whose_they_are(tmp_path: Path) -> None:
    site = enginesites.wayback()
    backfill(tmp_path, FakeWeb(site.pages), site)

    first, second = versions(tmp_path, "http://dead.example/articles/4")

    assert [f"{v.captured_at:%Y-%m-%d %H:%M}" for v in (first, second)] == ["2009-12-04 10:15", "2011-01-01 00:00"]
    captures = [row for table, row in dump(tmp_path) if table == "captures" and row["role"] == "page"]
    assert {row["via"] for row in captures} == {a for a in site.pages if "/web/" in a}
    assert {row["url"] for row in captures} == site.articles


def test_what_was_had_from_the_wayback_machine_is_the_same_after_a_rebuild(tmp_path: Path) -> None:
    site = enginesites.wayback()
    backfill(tmp_path, FakeWeb(site.pages), site)
    before = dump(tmp_path)

    pipeline.rebuild(Home(tmp_path), following(site.source))

    assert dump(tmp_path) == before


def test_coverage_tells_month_by_month_how_far_everything_came(tmp_path: Path) -> None:
    site = enginesites.wordpress()
    gone, empty = sorted(site.articles)[:2]
    backfill(tmp_path, FakeWeb(site.pages | {gone: refused(gone), empty: 404}), site)

    with catalogue(tmp_path) as known:
        months = coverage(known, "wordpress")

    first = next(m for m in months if m.month == "2010-01")
    assert months[0].month == "2017-12"
    assert sum(m.announced for m in months) == len(site.articles)
    assert (first.announced - first.fetched, first.fetched - first.extracted, first.missing) == (1, 1, 1)
    assert sum(m.indexed for m in months) == len(site.articles) - 2


def test_coverage_counts_captures_of_another_archive_in_the_months_of_their_articles(tmp_path: Path) -> None:
    site = enginesites.wayback()
    backfill(tmp_path, FakeWeb(site.pages), site)

    with catalogue(tmp_path) as known:
        (month,) = coverage(known, "wayback")

    assert (month.month, month.announced, month.indexed, month.missing) == ("2009-12", 25, 25, 0)


def test_what_a_site_has_hidden_is_kept_and_says_so(tmp_path: Path) -> None:
    site = enginesites.hyperactive()
    backfill(tmp_path, FakeWeb(site.pages), site)

    hidden = {url: a for url, a in articles(tmp_path).items() if "hidden" in a.problems}

    assert len(hidden) == 1
    assert "On day 19 they wrote" in hidden["http://hyperactive.example/articles/19"].text
