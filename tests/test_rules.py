"""Rules for reading the pages of a source: applied, flagged where they fail, changed without a false edit."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aggregator import extract, pipeline
from aggregator.home import Home
from aggregator.model import ExtractRule, Reading, Source
from aggregator.pipeline import checking
from tests.fakeweb import NOON, FakeWeb, articles, crawl, feed, following, source, versions

TOLD = (
    "On the first morning the ferry did not come, and the forty people who had waited in the shed since midnight "
    "walked back along the railway line to the old cannery."
)
REST = "The cannery was locked. A woman from the bakery opened her own door and made tea until there was none left."
ASIDE = (
    "The harbour museum is looking for photographs of the old ferries, for its exhibition in spring; bring them on any "
    "weekday before noon, and you will have them back within the month, with a copy in a good frame. The best of them "
    "will be shown in the great hall, and a prize is given by the shipping company."
)
URL = "http://a.example/ferry"
RULE = ExtractRule(content=".told, .rest", title=".name", date=".when", drop=".ad")


def page(*, told: str = "told") -> str:
    """A page on which the longest text is none of the article, and nothing is named as it should be."""
    return (
        "<html><head><title>The Wire</title></head><body><h1>The Wire</h1>"
        "<div class='name'>The ferry did not come</div>"
        f"<div class='when'>9 November 2026</div><div class='{told}'><p>{TOLD}</p><p class='ad'>Buy our tea towels, "
        f"they dry everything.</p></div><div class='rest'><p>{REST}</p></div><div class='side'><p>{ASIDE}</p>"
        f"<p>{ASIDE[::-1]}</p></div></body></html>"
    )


def read(html: str, rule: ExtractRule | None) -> Reading:
    return extract.read_page(html.encode(), url=URL, content_type="text/html", captured_at=NOON, rule=rule)


def test_a_rule_says_where_text_title_and_day_stand_and_what_is_dropped() -> None:
    reading = read(page(), RULE)

    assert reading.text.split("\n") == [TOLD, REST]
    assert reading.title == "The ferry did not come"
    assert (reading.claimed_at, reading.claimed_by) == (datetime(2026, 11, 9, tzinfo=UTC), "rule")
    assert reading.problems == ()
    assert read(page(), None).text.split("\n") != [TOLD, REST]


def test_what_a_rule_does_not_name_is_looked_for() -> None:
    assert read(page(), ExtractRule(title=".name")).text == read(page(), None).text
    assert read(page(), ExtractRule(content=".told")).title == read(page(), None).title


def test_a_rule_that_finds_nothing_is_said_and_costs_nothing() -> None:
    lost = read(page(), ExtractRule(content="#story", title="h2.name", date="time"))

    assert lost.problems == ("unmatched-content", "unmatched-title", "unmatched-date")
    assert replace(lost, problems=()) == read(page(), None)


def test_elements_inside_one_another_are_read_once() -> None:
    assert read(page(), ExtractRule(content="div, p", drop=".side, .ad")).text.count(TOLD) == 1


def test_the_text_of_an_attribute_goes_before_what_is_shown() -> None:
    html = page().replace("<div class='when'>9", "<div class='when' content='2026-11-07'>9")

    assert read(html, RULE).claimed_at == datetime(2026, 11, 7, tzinfo=UTC)


def test_an_old_rule_is_kept_for_old_captures() -> None:
    old, new = replace(RULE, valid_until=datetime(2026, 11, 20, tzinfo=UTC)), ExtractRule(content=".body")
    ruled = replace(source("a"), extract=(new, old))

    assert ruled.rule_at(datetime(2026, 11, 19, 23, 59, tzinfo=UTC)) == old
    assert ruled.rule_at(datetime(2026, 11, 20, tzinfo=UTC)) == new
    assert replace(ruled, extract=(old,)).rule_at(datetime(2026, 11, 20, tzinfo=UTC)) is None


def world(html: str) -> FakeWeb:
    return FakeWeb({"http://a.example/feed": feed(URL), URL: html})


def ruled(*rules: ExtractRule) -> Source:
    return replace(source("a"), extract=rules)


def test_a_crawl_reads_by_the_rules(tmp_path: Path) -> None:
    crawl(tmp_path, world(page()), ruled(RULE))

    [article] = articles(tmp_path).values()
    assert article.text.split("\n") == [TOLD, REST]


def test_a_changed_rule_reads_the_captures_again_and_makes_no_edit(tmp_path: Path) -> None:
    crawl(tmp_path, world(page()), ruled())
    [before] = versions(tmp_path, URL)
    crawl(tmp_path, FakeWeb({}), ruled(RULE))
    [after] = versions(tmp_path, URL)

    assert before.text != after.text == f"{TOLD}\n{REST}"
    assert before.generation != after.generation


def test_a_running_line_knows_that_its_rules_changed(tmp_path: Path) -> None:
    with pipeline.opened(Home(tmp_path), following(ruled())) as line:
        line.follow(following(replace(ruled(), pace_s=1.0)))
        assert not line.is_outdated
        line.follow(following(ruled(RULE)))
        assert line.is_outdated


def test_a_theme_that_changed_is_read_by_two_rules_and_is_no_edit(tmp_path: Path) -> None:
    until = NOON + timedelta(days=1)
    both = ruled(replace(RULE, valid_until=until), replace(RULE, content=".body, .rest"))
    crawl(tmp_path, world(page()), both)
    announced_again = feed(URL, updated="2026-11-24T10:00:00Z")
    later = FakeWeb({"http://a.example/feed": announced_again, URL: page(told="body")}, now=until)
    crawl(tmp_path, later, both)

    assert later.times_asked(URL) == 1
    assert [version.text for version in versions(tmp_path, URL)] == [f"{TOLD}\n{REST}"]


def test_a_check_of_a_source_says_which_rules_find_nothing() -> None:
    one = ruled(replace(RULE, title="h5"))
    found = checking.check(one, following(one), world(page()))

    assert found.sample and found.sample.problems == ("unmatched-title",)
    assert found.sample.text.split("\n") == [TOLD, REST]
