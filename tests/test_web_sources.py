"""How the sources and the home are doing, in a browser and for who watches them."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests

from aggregator.home import Home
from aggregator.web.serving import application
from aggregator.web.sources import _published
from tests.fakeweb import ClockOf, FakeWeb, crawl, feed, page, refused, source
from tests.stockedhome import article, stocked
from tests.test_web_views import main_of, words_of
from tests.webbed import got, serving

Get = Callable[[str], requests.Response]
SOURCES_YAML = """
settings: {contact: desk@example.org, min_free: 1MB}
sources:
  - {id: a, name: "The <b>Anchor</b>", url: "http://a.example/", feeds: ["http://a.example/feed"]}
  - {id: b, name: Broken, url: "http://b.example/", feeds: ["http://b.example/feed"]}
  - {id: c, name: Closed, url: "http://c.example/", access: dark}
  - {id: d, name: Not yet, url: "http://d.example/"}
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home of which one source is well, one is broken, one is closed and one was never visited."""
    root = tmp_path_factory.mktemp("sources") / "home"
    root.mkdir()
    (root / "sources.yaml").write_text(SOURCES_YAML)
    now = datetime.now(UTC)
    for hours in (30, 20, 10):
        web = FakeWeb(
            {
                "http://a.example/feed": feed("http://a.example/1"),
                "http://a.example/1": page("The camp behind the harbour was cleared in the night before Sunday."),
                "http://b.example/robots.txt": refused("http://b.example/"),
                "http://c.example/feed": feed("http://c.example/1"),
                "http://c.example/1": page("What nobody is to be shown was written here at length."),
            },
            now=now - timedelta(hours=hours),
        )
        crawl(root, web, source("a"), source("b"), source("c"), clock=ClockOf(web))
    return Home(root)


@pytest.fixture(scope="module")
def get(home: Home) -> Iterator[Get]:
    with serving(application(home)) as address:
        yield lambda path: got(address + path)


def test_each_source_is_there_with_its_state_and_what_is_closed_is_not(get: Get) -> None:
    rows = {words_of(row.select("th")[0]): words_of(row) for row in main_of(get("/sources")).select("tbody tr")}
    assert set(rows) == {"a", "b", "d"}
    assert "well ok" in rows["a"]
    assert "broken failed" in rows["b"]
    assert "refused" in rows["b"]
    assert "never visited" in rows["d"]
    assert "3 sources: 1 well, 1 broken, 1 never visited; " in words_of(main_of(get("/sources")))


def test_articles_of_a_source_that_was_taken_out_of_the_list_are_named(home: Home, tmp_path: Path) -> None:
    later = Home(Path(shutil.copytree(home.root, tmp_path / "later")))
    later.sources_yaml.write_text(SOURCES_YAML.replace("- {id: a,", "- {id: e,").replace("- {id: c,", "- {id: f,"))
    with serving(application(later)) as address:
        page = main_of(requests.get(f"{address}/sources", timeout=20))

    assert "No longer in sources.yaml, with articles: a (1)" in words_of(page)
    assert [link["href"] for link in page.select("p a")] == ["/?source=a"]


def test_why_a_source_is_broken_stands_on_its_page(get: Get) -> None:
    said = words_of(main_of(get("/sources/b")))
    assert "broken since" in said
    assert "none of the last 3 runs" in said
    assert re.search(r"What failed in the last run .*refused.*http://b\.example/", said)


def test_a_source_has_its_rhythm_its_months_and_its_runs(get: Get) -> None:
    answer = get("/sources/a")
    found = main_of(answer)
    assert "The <b>Anchor</b>" in words_of(found)
    assert "<b>Anchor" not in answer.text
    assert len(found.select("figure")) == 2
    assert [words_of(row.select("td")[0]) for row in found.select("table")[-1].select("tbody tr")] == ["ok", "ok", "ok"]
    week = str(found.select("figure a")[0]["href"])
    assert "1 article" in words_of(main_of(get(week)))


@pytest.mark.parametrize("path", ["/sources/c", "/sources/x", "/api/sources/c", "/sources/%2e%2e%2f", "/sources/a%00"])
def test_a_source_that_is_closed_or_unknown_is_not_there(get: Get, path: str) -> None:
    assert get(path).status_code == 404


def test_a_source_is_answered_as_json(get: Get) -> None:
    found = get("/api/sources/a").json()
    assert found["status"]["articles"] == 1
    assert [run["outcome"] for run in found["runs"]] == ["ok"] * 3
    assert [month["extracted"] for month in found["months"]] == [1]


LINE = re.compile(r'[a-z_]+(\{[a-z]+="(?:[^"\\\n]|\\["\\n])*"(,[a-z]+="(?:[^"\\\n]|\\["\\n])*")*\})? -?[0-9.e+]+')


def test_numbers_are_told_as_prometheus_reads_them(get: Get) -> None:
    answer = get("/metrics")
    lines = answer.text.splitlines()
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert all(LINE.fullmatch(line) or re.fullmatch(r"# TYPE [a-z_]+ gauge", line) for line in lines)
    assert 'aggregator_source_articles{source="a"} 1' in lines
    assert 'aggregator_source_alarm{source="b",kind="broken"} 1' in lines
    assert "aggregator_articles 1" in lines
    assert not any('source="c"' in line for line in lines)


def test_whether_the_home_is_well_is_told_in_one_word(get: Get, tmp_path: Path) -> None:
    assert (get("/healthz").status_code, get("/healthz").text) == (200, "ok\n")
    (tmp_path / "sources.yaml").write_text(SOURCES_YAML)
    with serving(application(Home(tmp_path))) as address:
        answer = requests.get(f"{address}/healthz", timeout=20)
        assert (answer.status_code, answer.text) == (503, "nothing was crawled yet\n")
        assert requests.get(f"{address}/sources", timeout=20).status_code == 200
        assert requests.get(f"{address}/sources/a", timeout=20).status_code == 200
        assert requests.get(f"{address}/metrics", timeout=20).status_code == 200


def test_an_article_leads_to_its_source_by_its_name_and_sources_of_one_name_are_told_apart(tmp_path: Path) -> None:
    one, other = article("one", "A text.", of="a"), article("two", "Another text.", of="b")
    home = stocked(tmp_path / "home", [one, other])
    (home.root / "sources.yaml").write_text(SOURCES_YAML)
    with serving(application(home)) as address:

        def links(path: str) -> dict[str, str]:
            return {str(a["href"]): words_of(a) for a in main_of(got(address + path)).select("a")}

        assert links(f"/articles/{one.id}")["/sources/a"] == "The <b>Anchor</b>"
        (home.root / "sources.yaml").write_text(SOURCES_YAML.replace("name: Broken", 'name: "Not yet"'))
        assert links(f"/articles/{other.id}")["/sources/b"] == "Not yet (b)"
        assert links("/feeds")["/feeds?source=b"] == "Not yet (b)"
        assert links("/feeds")["/feeds?source=d"] == "Not yet (d)"
        (home.root / "sources.yaml").write_text("sources: []\n")
        assert "/sources/a" not in links(f"/articles/{one.id}")


@pytest.mark.parametrize(
    ("posts_a_day", "said"),
    [
        (3.2, "about 3 a day"),
        (0.9, "about one a day"),
        (0.5, "about 4 a week"),
        (0.16, "about one a week"),
        (0.05, "about 2 a month"),
        (0.003, "about one a year"),
        (0.0001, "less than one a year"),
        (0, "less than one a year"),
    ],
)
def test_how_much_a_source_publishes_is_said_in_whole_numbers(posts_a_day: float, said: str) -> None:
    assert _published(posts_a_day) == said


def test_the_interval_of_sources_yaml_is_the_one_that_is_told(home: Home, get: Get) -> None:
    for every, said in (("1d", "about every 24 hours"), ("daily 04:00", "daily at 04:00 (UTC)")):
        changed = SOURCES_YAML.replace("{id: a, name", f"{{id: a, every: {every}, name")
        (home.root / "sources.yaml").write_text(changed)
        assert said in words_of(main_of(get("/sources/a")))
    (home.root / "sources.yaml").write_text(SOURCES_YAML)
    assert "highest bar: 1" in words_of(main_of(get("/sources/a")))
