"""How an article is cited from its page: files that reference managers read, and the head that Zotero reads."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
import rispy
from lxml import html
from pybtex.database import parse_string

from aggregator import takedown
from aggregator.catalogue import Catalogue
from aggregator.citations.cited import one_line
from aggregator.home import Home
from aggregator.model import Following, Settings
from aggregator.takedown import Scope
from aggregator.web.serving import application
from tests.fakeweb import NOON, OTHER, STORY, FakeWeb, articles, crawl, feed, page, source, versions
from tests.stockedhome import article, stocked
from tests.test_citations import in_a_bibliography, squeezed, untexed
from tests.webbed import Seen, serving

YAML = """settings: {min_free: 1MB}
sources:
  - {id: a, name: "The A & Sons", url: "http://a.example/"}
  - {id: linkless, url: "http://linkless.example/", risk: link}
  - {id: staff, url: "http://staff.example/", access: staff}
"""
ONE, LINKLESS, STAFF = "http://a.example/1", "http://linkless.example/1", "http://staff.example/1"
NAUGHTY = "\"quotes\" 'and' </title></script><script>alert(1)</script><!-- ]]> &quot; {{7*191}} {x} \\ % \u2028"
UNSEEN = "\u202etxt\u2066\x00\x07\x9b\uffff"
ENDS = ("txt", "ris", "bib", "json")
SOURCES = [source(name) for name in ("a", "linkless", "staff")]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home with an edited article, one whose copies nothing may lead to, and one for staff."""
    root = tmp_path_factory.mktemp("citing")
    (root / "sources.yaml").write_text(YAML)
    texts = (f"{STORY}\n\nCall 01 23 45 67 89.", OTHER)
    for day, text in enumerate(texts):
        pages: dict[str, object] = {
            url: page(text if url == ONE else STORY, title=f"Four vans {day}") for url in (ONE, LINKLESS, STAFF)
        }
        for one in SOURCES:
            own = [url for url in pages if url.startswith(one.url)]
            announced = feed(*own, updated=f"2026-11-{20 + day}T10:00:00Z")
            crawl(root, FakeWeb({f"{one.url}feed": announced, **pages}, now=NOON + timedelta(days=day)), one)
    return Home(root)


@pytest.fixture(scope="module")
def ids(home: Home) -> dict[str, str]:
    """The articles by their addresses."""
    return {url: one.id for url, one in articles(home.root).items()}


Get = Callable[[str], requests.Response]


def in_head(answer: requests.Response) -> dict[str, list[str]]:
    """What the head of a page says, as Zotero reads it: the contents of its meta elements by their names."""
    found: dict[str, list[str]] = {}
    for one in html.fromstring(answer.content.decode()).xpath("/html/head/meta[@content]"):
        found.setdefault(one.get("name") or one.get("property"), []).append(one.get("content"))
    return found


def linked_data(answer: requests.Response) -> dict[str, Any]:
    [block] = html.fromstring(answer.content.decode()).xpath("//script[@type]")
    assert block.get("type") == "application/ld+json"
    said = json.loads(block.text)
    assert isinstance(said, dict)
    return said


def test_the_page_of_an_article_leads_to_its_citation_in_every_form(get: Get, ids: dict[str, str], home: Home) -> None:
    said = Seen(get(f"/articles/{ids[ONE]}").text)
    links = [link for link in said.links() if "/cite." in link]

    assert links == [f"/articles/{ids[ONE]}/cite.{end}?version=2" for end in ENDS]
    digest = versions(home.root, ONE)[1].digest
    for link, end in zip(links, ENDS, strict=True):
        answer = get(link)
        assert answer.status_code == 200
        assert answer.headers["content-disposition"] == f'attachment; filename="{ids[ONE]}-{digest}.{end}"'
        assert digest in answer.text and "2026-11-24T12:00:00Z" in answer.text
        assert answer.headers["cache-control"] == "no-store"


def test_each_form_is_what_its_readers_read(get: Get, ids: dict[str, str]) -> None:
    there = f"/articles/{ids[ONE]}/cite"

    [ris] = rispy.loads(get(f"{there}.ris").text)
    [(key, bib)] = parse_string(get(f"{there}.bib").text, "bibtex").entries.items()
    [csl] = get(f"{there}.json").json()
    assert (ris["title"], ris["id"], ris["secondary_title"]) == ("Four vans 1", ids[ONE], "The A & Sons")
    assert (key, untexed(bib.fields["title"])) == (ids[ONE], "Four vans 1")
    assert "Four vans 1" in in_a_bibliography(csl)
    plain = get(f"{there}.txt").text
    assert plain.startswith("“Four vans 1”. The A & Sons, 2026-11-")
    assert plain.count("\n") == 1
    assert get(f"{there}.ris").headers["content-type"] == "application/x-research-info-systems; charset=utf-8"


def test_a_version_is_cited_as_it_was(get: Get, ids: dict[str, str], home: Home) -> None:
    first, second = versions(home.root, ONE)
    [csl] = get(f"/articles/{ids[ONE]}/cite.json?version=1").json()

    assert (csl["version"], csl["title"]) == (first.digest, "Four vans 0")
    assert first.digest != second.digest
    assert in_head(get(f"/articles/{ids[ONE]}?version=1"))["citation_title"] == ["Four vans 0"]


def test_a_text_that_came_back_is_cited_as_of_the_visit_that_is_shown(tmp_path: Path) -> None:
    several = [article("one", text, seen=NOON + timedelta(days=n)) for n, text in enumerate(("A", "B", "A"))]
    with serving(application(stocked(tmp_path / "home", several))) as address:
        said = [
            requests.get(f"{address}/articles/{several[0].id}/cite.txt?version={n}", timeout=20).text for n in (1, 3)
        ]

    assert [text.partition("captured ")[2][:10] for text in said] == ["2026-11-23", "2026-11-25"]


def test_the_head_says_what_zotero_reads(get: Get, ids: dict[str, str]) -> None:
    answer = get(f"/articles/{ids[ONE]}")
    said = in_head(answer)

    assert said["citation_title"] == said["DC.title"] == ["Four vans 1"]
    assert said["citation_public_url"] == [ONE]
    assert said["citation_language"] == said["DC.language"] == ["en"]
    assert said["DC.type"] == ["webpage"]
    assert said["og:site_name"] == ["The A & Sons"]
    [day] = said["citation_publication_date"]
    assert datetime.strptime(day, "%Y/%m/%d").replace(tzinfo=UTC).year == 2026
    assert said["citation_abstract"][0].startswith("The choir of the dockers")
    links = {one.get("rel"): one.get("href") for one in html.fromstring(answer.content).xpath("/html/head/link")}
    assert links["original"] == ONE
    assert "canonical" not in links


def test_the_linked_data_says_version_and_place_as_exports_do(get: Get, ids: dict[str, str], home: Home) -> None:
    said = linked_data(get(f"/articles/{ids[ONE]}"))

    assert (said["@type"], said["headline"], said["url"]) == ("NewsArticle", "Four vans 1", ONE)
    assert said["version"] == versions(home.root, ONE)[1].digest
    assert said["publisher"]["name"] == "The A & Sons"
    file, _, offset = said["archivedAt"].partition("#")
    assert (home.root / file).is_file() and offset.isdigit()
    assert "articleBody" not in said


def test_no_citation_leads_to_copies_that_nothing_may_lead_to(get: Get, ids: dict[str, str]) -> None:
    answer = get(f"/articles/{ids[LINKLESS]}")

    assert "archivedAt" not in linked_data(answer)
    for end in ENDS:
        assert "warc" not in get(f"/articles/{ids[LINKLESS]}/cite.{end}").text


def test_what_is_for_staff_is_shown_here_and_not_cited(get: Get, ids: dict[str, str]) -> None:
    shown = get(f"/articles/{ids[STAFF]}")

    assert "Four vans" in shown.text
    assert not [name for name in in_head(shown) if name.startswith(("citation_", "DC."))]
    assert "/cite." not in shown.text and "ld+json" not in shown.text
    for end in ENDS:
        answer = get(f"/articles/{ids[STAFF]}/cite.{end}")
        assert (answer.status_code, "Four vans" in answer.text) == (404, False)


def test_what_is_not_known_is_not_in_the_head(tmp_path: Path) -> None:
    one = article("one", "", title="", at=None, language=None)
    with serving(application(stocked(tmp_path / "home", [one]))) as address:
        answer = requests.get(f"{address}/articles/{one.id}", timeout=20)

    said = in_head(answer)
    unknown = ("title", "author", "publication_date", "language", "abstract")
    assert not {f"citation_{name}" for name in unknown} & said.keys()
    assert not [name for name in ("DC.title", "DC.date", "DC.creator") if name in said]
    assert "2026" not in said["DCTERMS.bibliographicCitation"][0].partition("captured")[0]
    assert "datePublished" not in linked_data(answer)


def test_numbers_in_a_citation_are_pointed_out(home: Home, tmp_path: Path) -> None:
    several = [article("one", "Call 01 23 45 67 89."), article("two", "Call nobody.")]
    with serving(application(stocked(tmp_path / "home", several))) as address:
        said = [requests.get(f"{address}/articles/{one.id}", timeout=20).text for one in several]

    assert ["Phone numbers or e-mail addresses" in text for text in said] == [True, False]


def test_what_cannot_be_cited_is_said(get: Get, ids: dict[str, str]) -> None:
    for path, status in (
        (f"/articles/{ids[ONE]}/cite.doc", 404),
        (f"/articles/{ids[ONE]}/cite.ris?version=9", 404),
        (f"/articles/{ids[ONE]}/cite.ris?version=x", 400),
        ("/articles/7k2mq4xw3nbd/cite.ris", 404),
        ("/articles/..%2f..%2fx/cite.ris", 404),
        ("/articles/%0d%0aX-Evil:1/cite.ris", 404),
    ):
        assert (path, get(path).status_code) == (path, status)


# --- what strangers wrote ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def naughty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where an article is shown whose every word is meant to break out."""
    words = f"{NAUGHTY}{UNSEEN}"
    one = article("one", f"{words} and more", title=words, language="en\" onload='x")
    home = stocked(tmp_path_factory.mktemp("naughty") / "home", [one])
    with Catalogue(home.catalogue, writing=True) as known, known.transaction():
        [version] = known.versions(one.id)
        authors = (words, "Surname, Name; Another")
        known.put_article(replace(one, authors=authors), one.url, [replace(version, authors=authors)], [])
    with serving(application(home)) as address:
        yield f"{address}/articles/{one.id}"


def test_nothing_that_strangers_wrote_breaks_out_of_the_head(naughty: str) -> None:
    answer = requests.get(naughty, timeout=20)
    said, data = in_head(answer), linked_data(answer)

    assert said["citation_title"][0].startswith(one_line(NAUGHTY))
    assert said["citation_author"] == said["DC.creator"]
    assert said["citation_author"][1] == "Surname, Name; Another"
    assert data["headline"].startswith(one_line(NAUGHTY))
    assert data["author"][1]["name"] == "Surname, Name; Another"
    assert "<script>alert" not in answer.text
    assert answer.text.count("</script>") == 2
    assert not {*UNSEEN} - {*"txt\uffff"} & {*answer.text}
    assert not [one for one in html.fromstring(answer.text).iter() for name in one.attrib if name.startswith("on")]


def test_files_of_citations_hold_what_strangers_wrote_as_text(naughty: str) -> None:
    [ris] = rispy.loads(requests.get(f"{naughty}/cite.ris", timeout=20).text)
    [bib] = parse_string(requests.get(f"{naughty}/cite.bib", timeout=20).text, "bibtex").entries.values()
    [csl] = requests.get(f"{naughty}/cite.json", timeout=20).json()
    plain = requests.get(f"{naughty}/cite.txt", timeout=20)

    title = one_line(f"{NAUGHTY}{UNSEEN}")
    assert (ris["title"], csl["title"]) == (title, title)
    assert untexed(bib.fields["title"]) == squeezed(title)
    assert plain.text.count("\n") == 1
    assert plain.headers["x-content-type-options"] == "nosniff"


# --- what is taken down -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("erase", [False, True])
def test_what_is_taken_down_is_cited_nowhere(home: Home, ids: dict[str, str], tmp_path: Path, erase: bool) -> None:
    copied = Home(Path(shutil.copytree(home.root, tmp_path / "home")))
    now = datetime.now(UTC)
    what = takedown.target(copied, [ids[ONE]], Scope.ARTICLE, erase=erase)
    event = takedown.decide(copied, what, scope=Scope.ARTICLE, reason="other", by="t", erase=erase, until=None, now=now)
    with serving(application(copied)) as address:
        for _ in range(1 + erase):
            for path in ("", *(f"/cite.{end}" for end in ENDS), "/cite.ris?version=1"):
                answer = requests.get(f"{address}/articles/{ids[ONE]}{path}", timeout=20)
                assert (path, answer.status_code, "Four vans" in answer.text) == (path, 404, False)
            if erase:
                takedown.carry_out(copied, Following(settings=Settings(), sources=tuple(SOURCES)), event.number)


def test_a_name_that_is_withdrawn_stands_in_no_citation(home: Home, ids: dict[str, str], tmp_path: Path) -> None:
    copied = Home(Path(shutil.copytree(home.root, tmp_path / "home")))
    what = takedown.target(copied, ["dockers"], Scope.NAME, erase=False)
    now = datetime.now(UTC)
    with serving(application(copied)) as address:

        def said() -> list[str]:
            paths = ("", *(f"/cite.{end}" for end in ENDS))
            return [requests.get(f"{address}/articles/{ids[ONE]}{path}", timeout=20).text for path in paths]

        assert sum("dockers" in text for text in said()) == 4  # all but the plain text, which has no abstract
        takedown.decide(copied, what, scope=Scope.NAME, reason="other", by="t", erase=False, until=None, now=now)
        assert not [text for text in said() if "dockers" in text]


def test_the_list_of_sources_is_read_again_when_it_has_changed(home: Home, ids: dict[str, str], tmp_path: Path) -> None:
    copied = Home(Path(shutil.copytree(home.root, tmp_path / "home")))
    with serving(application(copied)) as address:

        def name() -> str:
            said = requests.get(f"{address}/articles/{ids[ONE]}", timeout=20)
            return in_head(said)["og:site_name"][0]

        assert name() == "The A & Sons"
        copied.sources_yaml.write_text(YAML.replace("The A & Sons", "The B"))
        assert name() == "The B"
        copied.sources_yaml.write_text("sources: [{id: a, name: 5, url: no}]\n")
        assert name() == "a"
