"""All that was found as a file: the page that says what will be in it, and the files as other programs read them."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests
import rispy
from pybtex.database import parse_string

from aggregator import exports, takedown
from aggregator.decisions import Decisions
from aggregator.exports.texts import COLUMNS
from aggregator.home import Home
from aggregator.model import Following, Settings
from aggregator.takedown import Scope
from aggregator.web.exporting import FORMS, TEXTS
from aggregator.web.limits import EXPORT_LOOKED_AT
from aggregator.web.serving import application
from tests.fakecli import Aggregator
from tests.fakeweb import NOON
from tests.stockedhome import article, stocked
from tests.webbed import Seen, serving

FORMULA = "=cmd|' /C calc'!A0"
NAUGHTY = '"quotes", </title><script>alert(1)</script>\nER  - \n@online{x,'
MANY = 450
YAML = """settings: {min_free: 1MB}
sources:
  - {id: a, url: "http://a.example/"}
  - {id: b, url: "http://b.example/", access: staff}
"""
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home with a harbour in some articles, of which one is for staff, and others in which numbers stand."""
    made = stocked(
        tmp_path_factory.mktemp("exports") / "home",
        [
            article("one", "The harbour froze. Call 01 23 45 67 89.", title=FORMULA, at="2026-09-02"),
            article("two", f"A harbour {NAUGHTY}", title=NAUGHTY, at="2026-09-03"),
            article("three", "The harbour thawed.", title="Thaw", at="2026-09-04"),
            article("three", "The harbour thawed early.", title="Early thaw", at="2026-09-04", seen=NOON + DAY),
            article("four", "The harbour of the staff.", title="Staffed", of="b"),
            article("five", "A quay.", title="Quay"),
        ],
    )
    made.sources_yaml.write_text(YAML)
    return made


Get = Callable[..., requests.Response]


def titles(form: str, answer: requests.Response) -> list[str]:
    """The titles in a file, as programs read it."""
    assert answer.status_code == 200, answer.text
    text = answer.content.decode()
    match form:
        case "csv":
            return [row["headline"] for row in csv.DictReader(io.StringIO(text, newline=""))]
        case "jsonl":
            return [json.loads(line)["headline"] for line in text.splitlines()]
        case "ris":
            return [one["title"] for one in rispy.loads(text)]
        case "bib":
            return [str(one.fields["title"]) for one in parse_string(text, "bibtex").entries.values()]
        case "json":
            return [one["title"] for one in json.loads(text)]
        case _:
            return [line.partition("“")[2].partition("”")[0] for line in text.splitlines()]


# --- the page ---------------------------------------------------------------------------------------------------------


def test_the_page_of_hits_leads_to_the_export_of_the_same_search(get: Get) -> None:
    page = Seen(get("/?q=harbour&source=a&since=2026-09&sort=captured").text)

    assert "Export 3 articles" in page.text
    [link] = [link for link in page.links() if link.startswith("/export")]
    assert link == "/export?q=harbour&source=a&since=2026-09"
    assert "Export" not in Seen(get("/?q=nowhere").text).text


def test_the_page_states_how_many_and_where_numbers_stand_before_anything_is_fetched(get: Get, home: Home) -> None:
    page = Seen(get("/export?q=harbour").text)

    assert "Export 3 articles" in page.text
    assert "Phone numbers or e-mail addresses stand in 1 article" in page.text
    [flagged] = [link for link in page.links() if link.startswith("/articles/")]
    assert "01 23 45" in get(flagged).text
    files = [link for link in page.links() if link.startswith("/export.")]
    assert files == [f"/export.{end}?q=harbour" for end in FORMS]
    for file in files:
        end = file.partition("?")[0].removeprefix("/export.")
        assert len(titles(end, get(file))) == 3


def test_where_no_numbers_stand_the_page_says_so(get: Get) -> None:
    assert "none was found in 1 article" in " ".join(Seen(get("/export?q=quay").text).text.split())


def test_of_many_articles_the_page_says_how_many_it_looked_through(tmp_path: Path) -> None:
    several = [article(f"n{n}", f"harbour {n}", seen=NOON + n * DAY, at=None) for n in range(EXPORT_LOOKED_AT + 1)]
    oldest = article("old", "harbour, call 01 23 45 67 89", at=None, seen=NOON - DAY)
    with serving(application(stocked(tmp_path / "home", [oldest, *several]))) as address:
        first = Seen(requests.get(f"{address}/export?q=harbour", timeout=60).text)
        [more] = [link for link in first.links() if "look=all" in link]
        whole = Seen(requests.get(address + more, timeout=60).text)

    assert f"Only the newest {EXPORT_LOOKED_AT} articles of {EXPORT_LOOKED_AT + 2} were looked through" in first.text
    assert "stand in" not in first.text
    assert "stand in 1 article" in whole.text
    assert "were looked through" not in whole.text
    assert more == "/export?q=harbour&look=all"


def test_what_is_not_understood_is_said(get: Get) -> None:
    for path, status, words in (
        ("/export", 400, "Nothing is asked for"),
        ("/export.csv", 400, "Nothing is asked for"),
        ("/export.csv?q=harbour&since=yesterday", 400, "a day, month or year"),
        ("/export.csv?q=harbour&as_of=2026-11-24", 400, "as they are now"),
        ("/export.warc?q=harbour", 404, "no such page"),
        ("/export.?q=harbour", 404, "no such page"),
    ):
        answer = get(path)
        assert (path, answer.status_code) == (path, status)
        assert words in answer.text


def test_a_home_without_anything_has_nothing_to_export(tmp_path: Path) -> None:
    (tmp_path / "sources.yaml").write_text(YAML)
    with serving(application(Home(tmp_path))) as address:
        assert "Nothing was crawled yet" in requests.get(f"{address}/export?q=x", timeout=20).text
        assert requests.get(f"{address}/export.csv?q=x", timeout=20).status_code == 400


# --- the files --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", FORMS)
def test_a_file_holds_all_that_was_found_and_may_leave_the_newest_first(get: Get, end: str) -> None:
    answer = get(f"/export.{end}?q=harbour")
    found = titles(end, answer)

    assert len(found) == 3
    assert found[0].strip("{}") == "Early thaw"
    assert "Staffed" not in answer.text
    assert answer.headers["content-type"] == f"{FORMS[end].media_type}; charset=utf-8"
    name = re.fullmatch(
        r'attachment; filename="articles-\d{4}-\d\d-\d\d\.(\w+)"', answer.headers["content-disposition"]
    )
    assert name and name[1] == end
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("end", TEXTS)
def test_a_file_of_texts_is_the_one_that_the_command_writes(get: Get, home: Home, end: str, tmp_path: Path) -> None:
    answer = get(f"/export.{end}?q=harbour")
    known = Following(settings=Settings(), sources=())
    ids = [line["identifier"] for line in map(json.loads, get("/export.jsonl?q=harbour").text.splitlines())]
    exports.export(home, known, end, tmp_path / "x", now=datetime.now(UTC), ids=ids)

    def rows(text: str) -> list[dict[str, object]]:
        if end == "jsonl":
            return [json.loads(line) | {"publisher": ""} for line in text.splitlines()]
        return [dict(row) | {"publisherName": ""} for row in csv.DictReader(io.StringIO(text, newline=""))]

    assert rows(answer.content.decode()) == rows((tmp_path / "x").read_bytes().decode())


def test_no_cell_is_a_formula(get: Get) -> None:
    rows = list(csv.DictReader(io.StringIO(get("/export.csv?q=harbour").content.decode(), newline="")))

    assert list(rows[0]) == list(COLUMNS)
    assert [row["headline"] for row in rows if "cmd" in row["headline"]] == [f"'{FORMULA}"]


def test_a_past_day_is_cited_as_it_was(get: Get) -> None:
    page = Seen(get("/export?q=harbour&as_of=2026-11-23").text)
    files = [link for link in page.links() if link.startswith("/export.")]

    assert not [link for link in files if ".csv" in link or ".jsonl" in link]
    assert "Thaw" in titles("json", get("/export.json?q=harbour&as_of=2026-11-23"))
    assert "Early thaw" in titles("json", get("/export.json?q=harbour"))


def test_a_long_file_comes_in_pieces_and_is_whole(tmp_path: Path) -> None:
    several = (article(f"n{n}", f"harbour {n} {'word ' * 100}", title=f"Number {n}") for n in range(MANY))
    with serving(application(stocked(tmp_path / "home", several))) as address:
        for end in FORMS:
            answer = requests.get(f"{address}/export.{end}?q=harbour", timeout=60, stream=True)
            assert answer.headers.get("transfer-encoding") == "chunked"
            assert len(set(titles(end, answer))) == MANY


def test_what_strangers_wrote_and_who_asks_is_text_on_the_page(get: Get) -> None:
    answer = get("/export", params={"q": 'harbour "</title><script>alert(1)</script>\u202e', "source": "<b>\r\nX: 1"})

    assert answer.status_code == 200
    assert not {"b"} & {tag for tag, _ in Seen(answer.text).elements}
    assert answer.text.count("<script") == 1
    assert "\u202e" not in answer.text
    assert "X" not in answer.headers


def test_nothing_is_noted_and_other_sites_cannot_ask(get: Get, home: Home) -> None:
    before = len(Decisions(home.archive).events("export"))
    assert get("/export.csv?q=harbour").status_code == 200
    assert get("/export.csv?q=harbour", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert len(Decisions(home.archive).events("export")) == before


# --- what is taken down -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("erase", [False, True])
def test_what_is_taken_down_is_in_no_export(home: Home, tmp_path: Path, erase: bool) -> None:
    copied = Home(Path(shutil.copytree(home.root, tmp_path / "home")))
    gone = article("three", "")
    with serving(application(copied)) as address:

        def said() -> str:
            paths = ["/export", *(f"/export.{end}" for end in FORMS)]
            return "".join(requests.get(f"{address}{path}?q=harbour", timeout=60).text for path in paths)

        assert said().count("thaw") >= len(FORMS)
        what, now = takedown.target(copied, [gone.id], Scope.ARTICLE, erase=erase), datetime.now(UTC)
        takedown.decide(copied, what, scope=Scope.ARTICLE, reason="other", by="t", erase=erase, until=None, now=now)
        after = said()

    assert "thaw" not in after and gone.id not in after
    assert "Export 2 articles" in after


def test_a_name_that_is_withdrawn_is_blocked_in_every_export(home: Home, tmp_path: Path) -> None:
    copied = Home(Path(shutil.copytree(home.root, tmp_path / "home")))
    what, now = takedown.target(copied, ["thawed"], Scope.NAME, erase=False), datetime.now(UTC)
    takedown.decide(copied, what, scope=Scope.NAME, reason="other", by="t", erase=False, until=None, now=now)
    with serving(application(copied)) as address:
        for end in FORMS:
            answer = requests.get(f"{address}/export.{end}?q=harbour", timeout=60)
            assert len(titles(end, answer)) == 3
            assert "thawed" not in answer.text


# --- exactly what was asked for ---------------------------------------------------------------------------------------


def test_nothing_that_was_not_asked_for_is_exported_and_what_else_is_found_is_offered(get: Get) -> None:
    page = Seen(get("/export?q=froze+thawed&source=a").text)
    assert "Export 0 articles" in page.text
    assert "2 articles have some of them: froze OR thawed" in " ".join(page.text.split())
    assert titles("csv", get("/export.csv?q=froze+thawed&source=a")) == []

    [offered] = [link for link in page.links() if link.startswith("/export?")]
    assert "Export 2 articles" in get(offered).text
    assert len(titles("csv", get(offered.replace("/export?", "/export.csv?")))) == 2


def test_of_a_long_query_those_with_all_of_its_words_are_exported(get: Get) -> None:
    address = "/export?q=harbour+thawed+early+the+staff"
    page = Seen(get(address).text)
    assert "Export 0 articles" in page.text
    assert "harbour OR thawed OR early" in page.text
    assert titles("jsonl", get("/export.jsonl?q=the+harbour+thawed+early")) == ["Early thaw"]


def test_the_page_of_hits_leads_to_the_export_of_what_it_shows(get: Get) -> None:
    page = Seen(get("/?q=froze+thawed&language=en").text)
    assert "these have some of them" in page.text
    assert "Export 2 articles" in page.text
    [link] = [link for link in page.links() if link.startswith("/export")]
    assert link == "/export?q=froze+OR+thawed&language=en"
    assert "Export 2 articles" in get(link).text


def test_a_search_with_all_of_the_words_offers_nothing_else(get: Get) -> None:
    assert "some of them" not in get("/export?q=harbour+froze").text
    assert "some of them" not in get("/export?q=nowhere").text


@pytest.mark.parametrize(
    "command", [["export", "csv", "froze", "thawed", "-o", "-"], ["search", "froze", "thawed", "--format", "csv"]]
)
def test_the_commands_export_no_more_and_say_what_to_type_for_the_rest(
    aggregator: Aggregator, home: Home, command: list[str]
) -> None:
    said = aggregator("--home", home.root, *command)
    assert len(list(csv.DictReader(io.StringIO(said.out, newline="")))) == 0
    assert "Only articles that have all of the words were written: 0. 2 articles have some of them" in said.err
    assert "'froze OR thawed'" in said.err
    instead = ["froze OR thawed" if word == "froze" else word for word in command if word != "thawed"]
    again = aggregator("--home", home.root, *instead)
    assert len(list(csv.DictReader(io.StringIO(again.out, newline="")))) == 2
    assert "some of them" not in again.err


def test_a_search_tells_programs_what_was_looked_for_instead(get: Get) -> None:
    assert get("/api/search?q=froze+thawed").json()["instead"] == "froze OR thawed"
    assert get("/api/search?q=the+harbour+thawed+early").json()["instead"] == "the OR harbour OR thawed OR early"
    assert get("/api/search?q=harbour").json()["instead"] is None
