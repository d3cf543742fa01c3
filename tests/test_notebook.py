"""A home in a notebook: everything found is read, in portions, as it may be shown at that moment; nobody waits."""

from __future__ import annotations

import csv
import importlib.util
import io
import itertools
import json
import os
import re
import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from aggregator import notebook, takedown
from aggregator.errors import StoreError, UnknownIdError, UsageError
from aggregator.home import Home
from aggregator.notebook import SearchNote, open_home
from aggregator.periods import instant
from aggregator.takedown import Scope
from tests.fakecli import Aggregator
from tests.fakeweb import OTHER, STORY, FakeWeb, articles, crawl, feed, page, source

PAGE = Path(__file__).parent.parent / "docs/how-to/use-a-home-from-python.md"
ONE, COPY, EDITED = "http://a.example/1", "http://b.example/1", "http://a.example/2"
YAML = 'sources:\n  - {id: a, url: "http://a.example/"}\n  - {id: b, url: "http://b.example/"}\n'
has_pandas = importlib.util.find_spec("pandas") is not None


@pytest.fixture
def root(crawled: Path, tmp_path: Path) -> Path:
    """A copy of that home, to be changed."""
    return Path(shutil.copytree(crawled, tmp_path / "home"))


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a text, its copy, and an article that was edited."""
    tmp_path = tmp_path_factory.mktemp("crawled")
    (tmp_path / "sources.yaml").write_text(YAML)
    web = FakeWeb(
        {
            "http://a.example/feed": feed(ONE, EDITED),
            ONE: page(STORY, title="Eviction in\nthe lane"),
            EDITED: page(OTHER),
            "http://b.example/feed": feed(COPY),
            COPY: page(f"(source: a)\n\n{STORY}"),
        }
    )
    crawl(tmp_path, web, source("a"), source("b"))
    web.pages |= {
        "http://a.example/feed": feed(ONE, EDITED, updated="2026-11-22T10:00:00Z"),
        EDITED: page(f"{OTHER}\n\nThe tenors were found."),
    }
    web.now += timedelta(hours=7)
    crawl(tmp_path, web, source("a"))
    return tmp_path


def hide(root: Path, ref: str, scope: Scope = Scope.ARTICLE) -> None:
    home = Home(root)
    what = takedown.target(home, [ref], scope, erase=False)
    takedown.decide(home, what, scope=scope, reason="other", by="t", erase=False, until=None, now=datetime.now(UTC))


def test_a_search_yields_all_articles_copies_too(root: Path) -> None:
    with open_home(root) as home:
        found = home.search("bailiff")
        assert len(found) == 2
        assert {article.url for article in found} == {ONE, COPY}
        assert [article.id for article in found] == list(found.ids)


def test_what_was_found_is_counted_indexed_and_sliced_as_a_list_is(root: Path) -> None:
    with open_home(root) as home:
        found = home.search()
        every = list(found)
        assert len(found) == len(every) == 3

        for place in (0, 1, 2, -1, -3):
            assert found[place] == every[place]
        for start, stop, step in itertools.product((None, 0, 1, -2, 9), (None, 0, 2, -1, 9), (None, 2, -1)):
            some = found[start:stop:step]
            assert list(some) == every[start:stop:step]
            assert len(some) == len(every[start:stop:step])
        assert list(reversed(found)) == every[::-1]
        assert every[1] in found
        for place in (3, -4):
            with pytest.raises(IndexError):
                found[place]


def test_an_article_that_was_withdrawn_since_is_not_at_its_place_any_more(root: Path) -> None:
    with open_home(root) as home:
        found = home.search("bailiff", source="a")
        hide(root, ONE)
        with pytest.raises(UnknownIdError):
            found[0]


def test_without_copies_each_text_comes_once_by_its_original(root: Path) -> None:
    with open_home(root) as home:
        assert [article.url for article in home.search("bailiff", copies=False)] == [ONE]
        assert [article.url for article in home.search("bailiff", source="b", copies=False)] == [COPY]
        assert {article.url for article in home.search(copies=False)} == {ONE, EDITED}


def test_more_than_one_portion_is_read_to_the_end_and_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    urls = [f"http://a.example/{n}" for n in range(7)]
    web = FakeWeb({"http://a.example/feed": feed(*urls), **{u: page(f"{OTHER}\n\nNote {u}") for u in urls}})
    crawl(tmp_path, web, source("a"))
    monkeypatch.setattr(notebook, "PORTION", 3)
    with open_home(tmp_path) as home:
        found = home.search("lighthouse")
        assert sorted(article.url for article in found) == urls
        dates = [article.claimed_at for article in found if article.claimed_at]
        assert dates == sorted(dates, reverse=True) and len(dates) == 7


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"source": "a"}, {ONE, EDITED}),
        ({"source": ["a", "b"]}, {ONE, EDITED, COPY}),
        ({"language": "en", "source": "b"}, {COPY}),
        ({"since": "2026-11-02"}, {EDITED}),
        ({"until": "2026-11-01"}, {ONE, COPY}),
        ({"since": "2026", "until": "2026-11"}, {ONE, EDITED, COPY}),
        ({"since": date(2026, 11, 2)}, {EDITED}),
        ({"until": date(2026, 11, 1)}, {ONE, COPY}),
        ({"since": datetime(2026, 11, 1, 10, 0, 1, tzinfo=UTC)}, {EDITED}),
        ({"until": datetime(2026, 11, 1, 10, 0)}, set()),  # noqa: DTZ001 - as people type it
        ({}, {ONE, EDITED, COPY}),
    ],
)
def test_filters_are_those_of_search(root: Path, filters: dict[str, Any], found: set[str]) -> None:
    with open_home(root) as home:
        assert {article.url for article in home.search(**filters)} == found


def test_articles_and_versions_are_named_by_id_or_address(root: Path) -> None:
    with open_home(str(root)) as home:
        article = home.article(EDITED)
        assert [v.number for v in home.versions(article.id)] == [1, 2]
        assert home.versions("a.example/2")[-1].text == article.text
        assert [a.id for a in home.articles(["nobody", article.id])] == [article.id]
        with pytest.raises(UnknownIdError):
            home.versions("nobody")


def test_what_was_withdrawn_is_not_read_not_even_by_a_search_that_was_made_before(root: Path) -> None:
    with open_home(root) as home:
        found = home.search("bailiff")
        hide(root, ONE)
        assert {article.url for article in found} == {COPY}
        with pytest.raises(UnknownIdError):
            home.article(ONE)
        hide(root, "eleven mattresses", Scope.PASSAGE)
        [left] = found
        assert "eleven mattresses" not in left.text and "█" in left.text
        assert "mattresses" not in home.versions(COPY)[0].text.split("until")[0]


def test_what_a_search_did_otherwise_is_a_warning_and_a_note(root: Path) -> None:
    with open_home(root) as home:
        with pytest.warns(SearchNote, match="some of them") as warned:
            found = home.search("bailiff lighthouse")
        assert warned[0].filename == __file__
        assert len(found) == 3 and "some of them" in repr(found)


def test_it_reads_beside_a_writer_and_takes_no_lock(root: Path) -> None:
    with Home(root).writing(), open_home(root) as home:
        assert len(list(home.search("bailiff"))) == 2
    with open_home(root) as home:
        found = iter(home.search())
        next(found)
        crawl(
            root,
            FakeWeb({"http://a.example/feed": feed("http://a.example/9"), "http://a.example/9": page(OTHER)}),
            source("a"),
        )
        assert len(list(found)) == 2
        assert len(home.search()) == 4


def test_errors_are_ours(root: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no home"):
        open_home(tmp_path / "nowhere")
    with open_home(root) as home:
        for wrong in ({"since": "last week"}, {"until": 7}, {"query": "published:someday"}, {"query": "x" * 1_001}):
            with pytest.raises(UsageError):
                home.search(**wrong)
    with pytest.raises(UsageError, match="closed"):
        home.search("bailiff")
    (root / "index" / "catalogue.sqlite").write_bytes(b"no database")
    with open_home(root) as home, pytest.raises(StoreError):
        home.search("bailiff")


def test_a_home_that_is_new_has_no_articles(tmp_path: Path) -> None:
    (tmp_path / "sources.yaml").write_text(YAML)
    with open_home(tmp_path) as home, pytest.warns(SearchNote, match="Nothing was crawled"):
        assert list(home.search("bailiff")) == []


# Frames


@pytest.mark.skipif(has_pandas, reason="pandas is installed here")
def test_without_pandas_a_frame_says_what_to_do(root: Path) -> None:
    with open_home(root) as home, pytest.raises(UsageError, match="pip install pandas"):
        home.frame("bailiff")


@pytest.mark.skipif(not has_pandas, reason="pandas is no dependency of ours")
def test_a_frame_has_a_row_an_article_and_times_in_utc(root: Path) -> None:
    with open_home(root) as home:
        frame = home.frame("bailiff", source="a")
        assert list(frame.columns) == list(notebook.COLUMNS)
        [row] = frame.to_dict("records")
        assert (row["url"], row["source"], row["versions"]) == (ONE, "a", 1)
        assert row["published"].isoformat() == "2026-11-01T10:00:00+00:00"
        assert str(frame["captured"].dt.tz) == str(frame["first_captured"].dt.tz) == "UTC"
        assert str(home.frame("zebra")["captured"].dt.tz) == "UTC"
        assert len(home.frame(home.search("bailiff"))) == 2
        with pytest.raises(UsageError, match="for a query"):
            home.frame([], since="2026")


@pytest.mark.skipif(not has_pandas, reason="pandas is no dependency of ours")
def test_a_frame_says_of_an_edited_article_when_each_was_first_seen(root: Path) -> None:
    with open_home(root) as home:
        [row] = home.frame("tenors").to_dict("records")
        first, last = home.versions(EDITED)

    assert (row["first_captured"], row["captured"]) == (first.captured_at, last.captured_at)


def test_whatever_is_written_for_programs_means_the_same_by_captured(root: Path, aggregator: Aggregator) -> None:
    with open_home(root) as home:
        first, last = (instant(version.captured_at) for version in home.versions(EDITED))

    def said(*command: str) -> str:
        return aggregator("--home", root, *command).out

    written = {"search": said("search", "tenors", "--format", "jsonl"), "show": said("show", EDITED, "--json")}
    assert first != last
    for form in written.values():
        one = json.loads(form)
        assert (one["captured"], one["first_captured"]) == (last, first)
    [row] = csv.DictReader(io.StringIO(said("search", "tenors", "--format", "csv")))
    [exported] = csv.DictReader(io.StringIO(said("export", "csv", "tenors", "-o", "-")))
    line = json.loads(said("export", "jsonl", "tenors", "-o", "-"))
    assert row["captured"] == exported["captured"] == line["aggregator:captured"] == last


# The page


def test_the_example_in_the_docs_runs(
    root: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    [example] = re.findall(r"(?s)```python\n(.*?)```", PAGE.read_text(encoding="utf-8"))
    assert "~/watch" in example
    ours = tmp_path_factory.mktemp("user")
    (ours / "watch").symlink_to(root, target_is_directory=True)
    monkeypatch.setenv("HOME", os.fspath(ours))

    exec(compile(example, PAGE.name, "exec"), {})

    known = articles(root)
    said = capsys.readouterr().out
    assert f"2026-11-01 a {known[ONE].title}" in said
    assert f"{known[EDITED].id}: 2 versions" in said
