"""The interface for programs: whether every page has its twin, and whether it answers what it describes."""

from __future__ import annotations

import itertools
import re
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from starlette.routing import Route

from aggregator.home import Home
from aggregator.web.door import Door
from aggregator.web.serving import ROOMS, application
from tests.fakecli import Aggregator
from tests.stockedhome import article, stocked
from tests.test_web_views import STORY
from tests.webbed import got, serving

DOCS = Path(__file__).parent.parent / "docs/reference/api.md"
ONE = article("one", STORY, title="Camp cleared", at="2026-09-02")
COPY = article("copy", f"{STORY}\n\nSource: http://a.example/one", title="Camp cleared", at="2026-10-20", of="b")
MANY = 45
TOKEN = "correct horse battery staple"

TWINS = {
    "/": "/api/search",
    "/context": "/api/context",
    "/timeline": "/api/timeline",
    "/families": "/api/families",
    "/export": "/api/export",
    "/saved": "/api/saved",
    "/articles/{article_id}": "/api/articles/{article_id}",
    "/articles/{article_id}/changes": "/api/articles/{article_id}/changes",
    "/articles/{article_id}/family": "/api/articles/{article_id}/family",
    "/articles/{article_id}/beside/{other_id}": "/api/articles/{article_id}/family",
    "/reposts": "/api/reposts",
    "/sources": "/api/status",
    "/sources/{source_id}": "/api/sources/{source_id}",
    "/feeds": "/api/feeds",
}
"""What has the values of a page."""
WITHOUT = {
    "/export.{end}": "a file for programs",
    "/articles/{article_id}/cite.{end}": "a file for programs, CSL-JSON among them",
    "/feeds/{kind}.{form}": "JSON Feed is one of its forms",
    "/feeds/searches/{name}.{form}": "JSON Feed is one of its forms",
    "/decisions": "what somebody decides, with their browser",
    "/trials": "has the server ask another site, for somebody who waits; programs have `sources check --json`",
    "/language/{name}": "what somebody reads in, in their browser",
    "/healthz": "for programs as it is",
    "/metrics": "for programs as it is",
}
"""What needs none, and why."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home with a text that two sources have, and more articles than are answered at once."""
    others = [article(f"n{n}", f"Note {n} says that the ferry is late.", title=f"Note {n}") for n in range(MANY)]
    made = stocked(tmp_path_factory.mktemp("api") / "home", [ONE, COPY, *others])
    entries = "".join(f'  - {{id: {name}, name: The {name}, url: "http://{name}.example/"}}\n' for name in "abc")
    made.sources_yaml.write_text(
        f'settings: {{min_free: 1MB}}\nsources:\n{entries}  - {{id: d, url: "http://d.example/", access: dark}}\n'
    )
    return made


Get = Callable[..., requests.Response]


def routes() -> list[tuple[str, str]]:
    """Every address of the pages, by its form, with its method."""
    known = [route for room in ROOMS for route in room.router.routes if isinstance(route, Route)]
    return [(route.path, method) for route in known for method in sorted(route.methods or ())]


@pytest.fixture(scope="module")
def described(served: str) -> dict[str, Any]:
    found: dict[str, Any] = got(f"{served}/api/openapi.json").json()
    return found


# --- nothing is left out ----------------------------------------------------------------------------------------------


def test_every_page_has_a_twin_or_a_reason_why_not() -> None:
    paths = {path for path, _ in routes()}
    pages = {path for path in paths if not path.startswith("/api/")}
    assert pages <= TWINS.keys() | WITHOUT.keys()
    assert {TWINS[path] for path in pages & TWINS.keys()} <= paths


def test_every_address_for_programs_is_described_and_documented(described: dict[str, Any]) -> None:
    there = {path for path, _ in routes() if path.startswith("/api/")}
    assert set(described["paths"]) == there
    documented = set(re.findall(r"^\| `(?:GET|POST) (/api/[^`]+)` \|", DOCS.read_text(), re.MULTILINE))
    assert {path.replace("{article_id}", "ID").replace("{source_id}", "ID") for path in there} == documented


def test_every_value_that_an_address_takes_is_documented(described: dict[str, Any]) -> None:
    text = DOCS.read_text()
    every = [operation for one in described["paths"].values() for operation in one.values()]
    names = {each["name"] for operation in every for each in operation.get("parameters", ()) if each["in"] == "query"}
    assert names
    assert not {name for name in names if f"`{name}`" not in text and f"`{name}=" not in text}


# --- what is described is what is answered ----------------------------------------------------------------------------

ASKED = {
    "/api/search": "q=camp",
    "/api/context": "q=camp",
    "/api/timeline": "q=camp",
    "/api/families": "q=camp",
    "/api/export": "q=camp",
}


CHANGING = ("/api/status?",)
"""What tells how much room is left on the disk, which others fill meanwhile."""


def addresses(described: dict[str, Any]) -> list[str]:
    """One address of each kind that is answered to GET."""
    filled = {"{article_id}": ONE.id, "{source_id}": "a"}
    found = []
    for path in (path for path, methods in described["paths"].items() if "get" in methods):
        address = re.sub(r"{\w+}", lambda hit: filled[hit[0]], path)
        found.append(f"{address}?{ASKED.get(path, '')}")
    return found


def test_every_answer_has_a_tag_and_who_has_it_is_told_so(get: Get, described: dict[str, Any]) -> None:
    asked = addresses(described)
    assert len(asked) >= 12
    for address in asked:
        first = get(address)
        assert first.status_code == 200, (address, first.text)
        again = get(address, headers={"If-None-Match": first.headers["etag"]})
        is_other = again.status_code == 200 and again.headers["etag"] != first.headers["etag"]
        assert (again.status_code, again.content) == (304, b"") or (is_other and address in CHANGING), address


def test_a_value_that_is_not_known_is_refused_everywhere_in_words(get: Get, described: dict[str, Any]) -> None:
    for address in addresses(described):
        answer = get(f"{address}&surce=a")
        assert answer.status_code == 400, address
        assert "'surce' is not known here" in answer.json()["error"]
    assert "q, source, language, since, until, as_of" in get("/api/timeline?q=camp&page=2").json()["error"]


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("/api/search?q=camp&limit=0", "limit: "),
        ("/api/search?q=camp&limit=101", "limit: "),
        ("/api/search?q=camp&offset=-1", "offset: "),
        ("/api/search?q=camp&offset=10001", "offset: "),
        ("/api/search?q=camp&sort=price", "relevance"),
        ("/api/context?q=camp&order=up", "right"),
        ("/api/timeline?q=camp&by=day", "month"),
        ("/api/search", "Nothing is asked for"),
        ("/api/export", "Nothing is asked for"),
        ("/api/feeds?source=a&search=b", "none of both"),
        (f"/api/articles/{ONE.id}?version=x", "version: "),
    ],
)
def test_what_is_not_understood_is_400_and_never_422(get: Get, address: str, words: str) -> None:
    answer = get(address)
    assert answer.status_code == 400
    assert words in answer.json()["error"]


def test_the_description_names_the_statuses_that_there_are(described: dict[str, Any]) -> None:
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            has = set(operation["responses"])
            assert "422" not in has, path
            assert {"200", "400", "401", "404", "429", "503", "default"} <= has, path
            assert ("304" in has) == (method == "get"), path
            error = operation["responses"]["400"]["content"]["application/json"]["schema"]
            assert error["required"] == ["error"]
    assert "HTTPValidationError" not in str(described)


# --- a part of many ---------------------------------------------------------------------------------------------------


def parts(get: Get, address: str) -> list[Any]:
    """The answers to an address and to all that it leads on to."""
    found = []
    after: str | None = address
    while after:
        answer = get(after)
        assert answer.status_code == 200, answer.text
        found.append(answer.json())
        links = dict(re.findall(r'<([^>]+)>; rel="(\w+)"', answer.headers.get("link", "")))
        after = next((there for there, rel in links.items() if rel == "next"), None)
        assert len(found) < 50
    return found


def test_whoever_follows_the_links_has_all_of_it_once(get: Get) -> None:
    said = parts(get, "/api/search?q=ferry&limit=7&sort=published&source=a")
    ids = [hit["id"] for part in said for hit in part["hits"]]
    assert len(ids) == len(set(ids)) == MANY
    lines = [tuple(line.items()) for part in parts(get, "/api/context?q=ferry&limit=20") for line in part["lines"]]
    assert len(lines) == len(set(lines)) == MANY
    assert [len(part) for part in parts(get, "/api/sources?limit=2")] == [2, 1]
    family = get(f"/api/articles/{ONE.id}/family").json()
    assert list(itertools.chain(*parts(get, f"/api/articles/{ONE.id}/family?limit=1"))) == family
    assert len(family) > 1
    assert [len(part["shown"]) for part in parts(get, "/api/families?q=camp&limit=1")] == [1]


def test_a_link_asks_for_the_same_and_leads_back(get: Get) -> None:
    answer = get("/api/search?q=ferry+%22is+late%22&source=a&source=b&limit=5&offset=5")
    links = {rel: there for there, rel in re.findall(r'<([^>]+)>; rel="(\w+)"', answer.headers["link"])}
    asked = [("q", 'ferry "is late"'), ("source", "a"), ("source", "b"), ("limit", "5")]
    assert parse_qsl(urlsplit(links["next"]).query) == [*asked, ("offset", "10")]
    assert parse_qsl(urlsplit(links["prev"]).query) == [*asked, ("offset", "0")]
    assert "link" not in get("/api/search?q=camp").headers


# --- what was added ---------------------------------------------------------------------------------------------------


def test_sources_are_those_of_the_command_without_the_closed_ones(get: Get, home: Home, aggregator: Aggregator) -> None:
    printed = aggregator("--home", home.root, "sources", "list", "--json").json
    assert get("/api/sources").json() == [one for one in printed if one["id"] != "d"]
    assert len(printed) == 4


def test_what_an_export_would_hold_is_told_before(get: Get) -> None:
    said = get("/api/export?q=ferry").json()
    assert (said["articles"], said["looked"], said["contacts"], said["instead"]) == (MANY, MANY, [], None)
    assert len(get(said["files"]["jsonl"]).text.splitlines()) == MANY
    said = get("/api/export?q=ferry+camp").json()
    assert (said["articles"], said["instead"], said["found_instead"]) == (0, "ferry OR camp", MANY + 2)


def test_feeds_are_listed(get: Get) -> None:
    said = get("/api/feeds?source=a").json()
    assert {one["kind"]: one["json"] for one in said["feeds"]}["new"] == "/feeds/new.json?source=a"
    assert all(get(one["json"]).status_code == 200 for one in said["feeds"])
    assert said["sources"] == [{"id": name, "name": f"The {name}"} for name in "abc"]
    assert get("/api/feeds?source=d").status_code == 404


def test_a_text_that_is_sent_is_compared(served: str, get: Get) -> None:
    said = got(f"{served}/api/reposts", "POST", data={"text": STORY})
    assert said.status_code == 200
    assert {ONE.id, COPY.id} <= {
        side for line in said.json() if line["type"] == "pair" for side in (line["a"], line["b"])
    }
    assert got(f"{served}/api/reposts", "POST", data={"text": " "}).json() == {"error": "Nothing was pasted."}
    short = got(f"{served}/api/reposts", "POST", data={"text": "Two words"})
    assert (short.status_code, short.json()) == (400, {"error": "This has 2 words; 12 in a row are needed."})
    elsewhere = {"Origin": "http://evil.example"}
    assert got(f"{served}/api/reposts", "POST", data={"text": STORY}, headers=elsewhere).status_code == 403
    assert get("/api/reposts").status_code == 405


def test_where_a_token_is_asked_for_nothing_is_answered_without_it(home: Home, described: dict[str, Any]) -> None:
    with serving(application(home, door=Door(TOKEN, is_for_reading=True, may_decide=False))) as address:
        for path in addresses(described):
            assert got(address + path).status_code == 401
            bearer = {"Authorization": f"Bearer {TOKEN}"}
            basic = {"Authorization": f"Basic {b64encode(f':{TOKEN}'.encode()).decode()}"}
            assert [got(address + path, headers=headers).status_code for headers in (bearer, basic)] == [200, 200]
