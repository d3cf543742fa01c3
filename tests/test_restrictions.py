"""Who may see a source is remembered: neither a deleted entry nor a lost file opens it, only a word that says so."""

from __future__ import annotations

import errno
import io
import json
import os
import shutil
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests

from aggregator import access, exports, notebook, pipeline, search
from aggregator.access import restrictions
from aggregator.decisions import Decisions
from aggregator.errors import SourcesError
from aggregator.home import Home
from aggregator.model import Access
from aggregator.query import parse
from aggregator.replay import serving as replaying
from aggregator.web.serving import application
from tests import doors
from tests.fakecli import Aggregator
from tests.fakeweb import OTHER, STORY, FakeWeb, articles, crawl, feed, following, page, source
from tests.webbed import got, serving

OPEN = "settings: {min_free: 1MB}\nsources:\n  - {id: a, url: 'http://a.example/'}\n"
GUARDED, SECRET = "http://b.example/1", "samovars"
TEXT = f"{OTHER}\n\nThe {SECRET} were carried across the yard before anybody had woken."


def closing(said: str = "access: dark") -> str:
    return f"{OPEN}  - {{id: b, url: 'http://b.example/', {said}}}\n"


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with an article of an open source and one of a source of which nothing is said yet."""
    root = tmp_path_factory.mktemp("restricted")
    (root / "sources.yaml").write_text(OPEN)
    web = FakeWeb(
        {
            "http://a.example/feed": feed("http://a.example/1"),
            "http://a.example/1": page(STORY, title="Vans"),
            "http://b.example/feed": feed(GUARDED),
            GUARDED: page(TEXT, title=f"The {SECRET}"),
        }
    )
    crawl(root, web, source("a"), source("b"))
    return root


@pytest.fixture
def home(crawled: Path, tmp_path: Path) -> Home:
    return Home(Path(shutil.copytree(crawled, tmp_path / "home")))


def crawled_again(home: Home) -> None:
    """A crawl that finds nothing; as the first to read sources.yaml since it changed."""
    crawl(home.root, FakeWeb({"http://a.example/feed": feed()}), source("a"))


def settled(home: Home) -> None:
    """Let sources.yaml be a while old: it may be half written before."""
    then = time.time() - restrictions.SETTLED_S - 1
    os.utime(home.sources_yaml, (then, then))


def lost_entry(home: Home) -> None:
    home.sources_yaml.write_text(OPEN)


def lost_file(home: Home) -> None:
    home.sources_yaml.unlink()


def emptied(home: Home) -> None:
    home.sources_yaml.write_text("")


def broken(home: Home) -> None:
    home.sources_yaml.write_text(f"{OPEN}  - {{id: c, url: [[[\n")


LOSSES = (lost_entry, lost_file, emptied, broken)


def told(home: Home, aggregator: Aggregator) -> dict[str, str]:
    """All that can be got out of a home about the word that only the guarded article has, by the way out."""
    article_id = articles(home.root)[GUARDED].id
    ways = {
        "search": repr(search.search(home, parse(SECRET)).hits),
        "typed": aggregator("--home", str(home.root), "search", SECRET).out,
        "show": aggregator("--home", str(home.root), "show", article_id).out,
    }
    with notebook.open_home(home.root) as opened:
        ways["notebook"] = repr(list(opened.search(SECRET)))
    for kind in ("jsonl", "csv", "manifest"):
        out = io.BytesIO()
        exports.export(home, following(source("a"), source("b")), kind, out, now=datetime.now(UTC))
        ways[kind] = out.getvalue().decode()
    for kind in ("warc", "wacz", "bag"):
        place = home.root.parent / f"out.{kind}"
        exports.export(home, following(source("a"), source("b")), kind, place, now=datetime.now(UTC), force=True)
        files = [place] if place.is_file() else sorted(place.rglob("*.*"))
        ways[kind] = "".join(file.read_bytes().decode("latin-1") for file in files)
    with (
        serving(application(home, copies="http://127.0.0.1:1")) as pages,
        serving(replaying.application(home)) as copies,
    ):
        paths = [f"{pages}{path}" for path in
                 (f"/?q={SECRET}", f"/articles/{article_id}", f"/articles/{article_id}/cite.txt", "/feeds/new.atom",
                  "/feeds/new.json", f"/api/search?q={SECRET}", f"/api/articles/{article_id}", "/sources", "/feeds",
                  f"/export.jsonl?q={SECRET}", "/api/sources", "/metrics")]  # fmt: skip
        paths += [f"{copies}{path}" for path in
                  (f"/web/2026/{GUARDED}", f"/web/2026id_/{GUARDED}", f"/web/*/{GUARDED}",
                   f"/timemap/link/{GUARDED}")]  # fmt: skip
        ways |= {path.partition("1:")[2].partition("/")[2]: _answer(got(path)) for path in paths}
    return ways


def _answer(answer: requests.Response) -> str:
    return answer.text if answer.ok else ""


def leaks(ways: dict[str, str]) -> list[str]:
    """The ways out that say anything of the guarded article; what was asked for is repeated by the pages."""
    signs = (TEXT[-60:], f"The {SECRET}", GUARDED, "b.example")
    return [way for way, said in ways.items() if any(sign in said for sign in signs)]


def test_the_ways_out_tell_of_the_article_while_it_is_open(home: Home, aggregator: Aggregator) -> None:
    home.sources_yaml.write_text(closing("tags: [x]"))

    assert len(leaks(told(home, aggregator))) > 15


@pytest.mark.parametrize("lose", LOSSES)
def test_a_dark_source_stays_dark_whatever_becomes_of_the_list(
    home: Home, aggregator: Aggregator, lose: Callable[[Home], None]
) -> None:
    home.sources_yaml.write_text(closing())
    crawled_again(home)
    lose(home)

    assert leaks(told(home, aggregator)) == []


def test_what_only_staff_may_see_stays_inside(home: Home, aggregator: Aggregator) -> None:
    home.sources_yaml.write_text(closing("access: staff"))
    crawled_again(home)
    lost_entry(home)

    inside = ("search", "typed", "show", "notebook")
    out = leaks(told(home, aggregator))
    assert {*inside} <= {*out}
    assert not [
        way for way in out if way.startswith(("jsonl", "csv", "warc", "wacz", "bag", "feeds", "web", "timemap"))
    ]


def test_nothing_leads_to_copies_of_a_source_at_risk_that_was_taken_out(home: Home, aggregator: Aggregator) -> None:
    home.sources_yaml.write_text(closing("risk: link"))
    crawled_again(home)
    lost_file(home)

    ways = told(home, aggregator)
    said = next(json.loads(line) for line in ways["jsonl"].splitlines() if GUARDED in line)
    assert "archivedAt" not in said
    assert not [way for way in leaks(ways) if way.startswith(("feeds/", "web", "timemap"))]
    assert "/web/2" not in ways[f"articles/{articles(home.root)[GUARDED].id}"]


def test_a_reader_alone_remembers_it_too(home: Home) -> None:
    home.sources_yaml.write_text(closing())
    assert not search.search(home, parse(SECRET)).hits
    lost_file(home)

    assert not search.search(home, parse(SECRET)).hits
    [event] = Decisions(home.archive).events("access")
    assert event.said == {"source": "b", "access": "dark", "until": None, "no_links": False, "sites": ["b.example"],
                          "by": "sources.yaml"}  # fmt: skip


def test_a_rebuild_changes_nothing_of_it(home: Home) -> None:
    home.sources_yaml.write_text(closing())
    crawled_again(home)
    lost_entry(home)
    shutil.rmtree(home.index)
    pipeline.rebuild(home, following(source("a")))

    assert not search.search(home, parse(SECRET)).hits


def test_only_an_entry_that_says_otherwise_opens_it_and_that_is_noted(home: Home) -> None:
    for said, seen in (
        ("access: dark", 0),
        ("access: staff", 1),
        ("access: dark, until: 2020-01-01", 1),
        ("paused: true", 1),
    ):
        home.sources_yaml.write_text(closing(said))
        settled(home)
        assert len(search.search(home, parse(SECRET)).hits) == seen
    lost_entry(home)

    assert len(search.search(home, parse(SECRET)).hits) == 1
    noted = [(event.said["access"], bool(event.said["until"])) for event in Decisions(home.archive).events("access")]
    assert noted == [("dark", False), ("staff", False), ("dark", True), ("public", False)]
    assert not Decisions(home.archive).faults()


def test_until_holds_after_the_entry_is_gone(home: Home) -> None:
    home.sources_yaml.write_text(closing("access: dark, until: 2099-01-01"))
    restrictions.note(home)
    lost_entry(home)

    for year, seen in ((2098, 0), (2099, 1)):
        with access.opened(home, now=datetime(year, 6, 1, tzinfo=UTC)) as shown:
            assert ("b" not in shown.closed_sources) == bool(seen)


def test_a_list_that_is_refused_and_says_something_of_access_is_not_read_around(home: Home) -> None:
    home.sources_yaml.write_text(closing("access: nobody-knows"))

    with pytest.raises(SourcesError):
        search.search(home, parse(SECRET))


def test_a_list_that_cannot_be_read_opens_nothing(home: Home) -> None:
    home.sources_yaml.unlink()
    home.sources_yaml.mkdir()

    with pytest.raises(SourcesError):
        search.search(home, parse(SECRET))


@pytest.mark.parametrize("half", ["access: staff", "access: dark, until: 2020-01-01", "paused: true", "risk: link"])
def test_a_list_that_is_being_written_opens_nothing_until_it_is_a_while_old(home: Home, half: str) -> None:
    home.sources_yaml.write_text(closing())
    assert not search.search(home, parse(SECRET)).hits
    home.sources_yaml.write_text(closing(half))
    assert not search.search(home, parse(SECRET)).hits
    assert len(Decisions(home.archive).events("access")) == 1
    settled(home)

    assert search.search(home, parse(SECRET)).hits
    assert len(Decisions(home.archive).events("access")) == 2


def test_a_list_that_is_being_written_closes_at_once(home: Home) -> None:
    for said in ("access: staff, until: 2098-01-01", "access: staff", "access: dark", "access: dark, risk: link"):
        home.sources_yaml.write_text(closing(said))
        restrictions.note(home)

    noted = [
        (e.said["access"], e.said["until"] is None, e.said["no_links"])
        for e in Decisions(home.archive).events("access")
    ]
    assert noted == [("staff", False, False), ("staff", True, False), ("dark", True, False), ("dark", True, True)]


def test_what_could_not_be_noted_is_noted_later_although_the_list_no_longer_has_it(home: Home) -> None:
    def read_only(*_: object) -> None:
        raise OSError(errno.EROFS, "the disk is read-only")

    both = OPEN.replace("a.example/'", "a.example/', access: staff")
    home.sources_yaml.write_text(closing())
    with doors.door(read_only):
        assert not search.search(home, parse(SECRET)).hits
        home.sources_yaml.write_text(both)
        assert not search.search(home, parse(SECRET)).hits
    assert not search.search(home, parse(SECRET)).hits

    assert {event.said["source"]: event.said["access"] for event in Decisions(home.archive).events("access")} == {
        "a": "staff",
        "b": "dark",
    }


def test_what_cannot_be_noted_is_in_force_as_long_as_the_process(home: Home) -> None:
    def read_only(*_: object) -> None:
        raise OSError(errno.EROFS, "the disk is read-only")

    home.sources_yaml.write_text(closing())
    with doors.door(read_only):
        assert not search.search(home, parse(SECRET)).hits
    assert not Decisions(home.archive).events("access")
    lost_file(home)

    assert not search.search(home, parse(SECRET)).hits


def test_a_person_opens_a_source_that_the_list_no_longer_has(home: Home, aggregator: Aggregator) -> None:
    def typed(*words: str) -> tuple[int, str]:
        said = aggregator("--home", str(home.root), *words)
        return said.code, said.out + said.err

    home.sources_yaml.write_text(closing())
    assert "no longer in sources.yaml" not in typed("sources", "list")[1]
    assert typed("sources", "open", "b") == (2, typed("sources", "open", "b")[1])
    lost_entry(home)
    assert "b is no longer in sources.yaml and stays as it was: dark" in typed("sources", "list")[1]
    assert typed("sources", "open", "nobody")[0] == 1

    assert typed("sources", "open", "b", "--by", "me")[0] == 0

    assert len(search.search(home, parse(SECRET)).hits) == 1
    assert "no longer" not in typed("sources", "list")[1]
    assert Decisions(home.archive).events("access")[-1].said["by"] == "me"
    assert restrictions.noted(home)["b"].access is Access.PUBLIC
