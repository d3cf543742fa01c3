"""The pages, asked over loopback as a browser asks them: what they show, whom they refuse; nothing in them runs."""

from __future__ import annotations

import http.client
import itertools
import json
import re
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
import requests
from starlette.routing import Route
from starlette.types import Receive, Send
from starlette.types import Scope as Asked

from aggregator import access, notebook, takedown
from aggregator.home import Home
from aggregator.takedown import Scope
from aggregator.web.guard import HEADERS, Guard
from aggregator.web.serving import ROOMS, application
from tests.fakecli import Aggregator
from tests.fakeweb import NOON
from tests.stockedhome import article, stocked
from tests.webbed import Seen, got, serving

NAUGHTY = (
    "</title><script>alert(1)</script><img src=x onerror=alert(1)>\"'><svg/onload=alert(1)>{{7*191}}\u202etxt.exe\x00"
)
HARBOUR = "The harbour was cleared of nets before the ferry came, and the réfugiés went ashore with all they had."
LATER = "The harbour was cleared of nets before the ferry came, and nobody went ashore at the école."


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home with an edited article, one in Arabic, and one whose every field is meant to run."""
    return stocked(
        tmp_path_factory.mktemp("web") / "home",
        [
            article("one", HARBOUR, title="Harbour", at="2026-09-02"),
            article("one", LATER, title="Harbour cleared", at="2026-09-02", seen=NOON + timedelta(days=3)),
            article("two", "أُخلي المرفأ من الشباك", title="المرفأ", language="ar", of="b"),
            article("three", f"naughty {NAUGHTY} harbour", title=f"naughty {NAUGHTY}", of="c", language="en"),
        ],
    )


Get = Callable[..., requests.Response]


@pytest.fixture(scope="module")
def ids(home: Home) -> dict[str, str]:
    """The articles by their sources."""
    with notebook.open_home(home.root) as opened:
        return {one.source_id: one.id for one in opened.search("")}


# --- what they show -------------------------------------------------------------------------------------------------


def test_a_search_finds_without_accents_and_marks_the_words(get: Get) -> None:
    answer = get("/?q=harbour+ferry+ecole")

    page = Seen(answer.text)
    assert answer.status_code == 200
    assert "1 article" in page.text
    assert answer.text.count("<mark>harbour</mark>") == 1
    assert "<mark>école</mark>" in answer.text
    assert "<mark>Harbour</mark> cleared" in answer.text


def test_what_is_searched_for_stands_in_the_address_and_each_part_of_it_can_be_removed(get: Get) -> None:
    page = Seen(get("/?q=harbour&source=a&language=en&since=2026-09&until=2026-09").text)

    assert {
        "/?q=harbour&language=en&since=2026-09&until=2026-09",
        "/?q=harbour&source=a&since=2026-09&until=2026-09",
        "/?q=harbour&source=a&language=en",
    } <= set(page.links())


def test_a_bar_and_a_facet_narrow_the_search(get: Get) -> None:
    page = Seen(get("/?q=harbour").text)
    bars = [link for link in page.links() if "since=2026-09" in link]

    assert bars == ["/?q=harbour&since=2026-09&until=2026-09"]
    assert "1 article" in Seen(get(bars[0]).text).text
    assert "/?q=harbour&source=c" in page.links()


def test_an_article_shows_its_versions_and_what_changed(get: Get, ids: dict[str, str]) -> None:
    page = Seen(get(f"/articles/{ids['a']}").text)
    assert "nobody went ashore" in page.text and "réfugiés" not in page.text
    assert "réfugiés" in Seen(get(f"/articles/{ids['a']}?version=1").text).text

    changed = get(f"/articles/{ids['a']}/changes?old=1&new=2").text

    page = Seen(changed)
    assert [tag for tag, _ in page.elements if tag in ("ins", "del")]
    assert "deleted: the réfugiés" in " ".join(page.text.split())


def test_what_was_read_on_a_day_is_shown_in_the_version_of_then(get: Get, ids: dict[str, str]) -> None:
    assert "Nothing was found" in get("/?q=harbour&as_of=2020").text
    page = Seen(get("/?q=harbour+ferry&as_of=2026-11-23").text)
    assert "version 1 of 2" in page.text
    assert f"/articles/{ids['a']}?version=1" in page.links()


def test_a_text_is_set_in_the_direction_of_its_letters(get: Get, ids: dict[str, str]) -> None:
    page = Seen(get(f"/articles/{ids['b']}").text)
    assert {"lang": "ar", "dir": "auto"} in [attributes for tag, attributes in page.elements if tag == "h1"]


@pytest.mark.parametrize("path", ["", "/changes", "/family"])
def test_every_page_of_an_article_is_there(get: Get, ids: dict[str, str], path: str) -> None:
    for article_id in ids.values():
        assert get(f"/articles/{article_id}{path}").status_code == 200


def test_what_is_not_there_or_not_understood_is_said_in_words(get: Get, ids: dict[str, str]) -> None:
    for path, status, words in (
        ("/nothing", 404, "no such page"),
        ("/articles/7k2mq4xw3nbd", 404, "no article of that id"),
        ("/articles/..%2f..%2fetc", 404, "no "),
        (f"/articles/{ids['a']}?version=9", 404, "2 version(s)"),
        (f"/articles/{ids['a']}?version=x", 400, "not understood"),
        ("/?q=harbour&since=yesterday", 400, "a day, month or year is needed"),
        ("/?q=harbour&sort=price", 400, "relevance"),
        ("/?q=harbour&offset=-1", 400, "a number"),
        ("/?q=harbour&offset=" + "0" * 5_000, 400, "a number"),
        ("/?q=harbour&offset=10001", 400, "a number"),
        ("/?q=harbour" + "&source=a" * 51, 400, "51 times"),
        ("/?q=" + "x" * 9_000, 414, "longer than"),
        ("/?q=" + "x" * 1001, 400, "1,001 characters"),
    ):
        answer = get(path)
        assert (path[:40], answer.status_code) == (path[:40], status)
        assert words in answer.text


def pasted(served: str, text: str, **headers: str) -> requests.Response:
    return requests.post(f"{served}/reposts", data={"text": text}, headers=headers, timeout=20)


def test_who_has_a_text_that_was_pasted(served: str, get: Get, ids: dict[str, str]) -> None:
    assert "Paste a text" in get("/reposts").text

    page = Seen(pasted(served, f"I read: {LATER}\r\nAnd more.", **{"Sec-Fetch-Site": "same-origin"}).text)

    assert f"/articles/{ids['a']}" in page.links()
    assert "the text pasted" in page.text
    assert "1 article and your text, as" in page.text or "2 articles and your text, as" in page.text
    assert (
        "Nothing was found" in pasted(served, "Words that nobody has written in this order, as far as is known.").text
    )


def test_an_address_or_id_that_is_pasted_leads_to_the_family_of_its_article(served: str, ids: dict[str, str]) -> None:
    for typed in (" http://a.example/one\n", "a.example/one", ids["a"], ids["a"].upper()):
        answer = pasted(served, typed)
        assert [one.status_code for one in answer.history] == [303]
        assert answer.url == f"{served}/articles/{ids['a']}/family"
    for typed in ("nobody.example", "aaaabbbbcccc"):
        assert pasted(served, typed).status_code == 404
    unknown = pasted(served, "http://nobody.example/<script>")
    assert unknown.status_code == 404
    assert "No article of that id or address is here." in unknown.text
    assert "<script>" not in unknown.text.replace('<script src="/static/keys.js" defer></script>', "")


def test_of_a_text_that_is_too_long_to_compare_the_page_says_how_much_was(served: str) -> None:
    assert "Only the first 200,000 characters" in pasted(served, f"{LATER} " * 2_500).text


def test_a_text_too_short_to_be_found_is_told_so_and_stays_in_the_box(served: str) -> None:
    for text, said in (
        ("camp", "This has 1 word; 12"),
        ("The end.", "This has 2 words; 12"),
        ("!", "This has 0 words; 12"),
    ):
        answer = pasted(served, text)
        assert (answer.status_code, said in answer.text) == (400, True)
        assert f">{text}</textarea>" in answer.text
        assert "Nothing was found" not in answer.text


def test_what_is_pasted_wrongly_is_said(served: str) -> None:
    assert (pasted(served, " ").status_code, pasted(served, "x" * 2_000_001).status_code) == (400, 400)
    answer = requests.post(f"{served}/reposts", data=b"\xff\xfe&=&", timeout=20)
    assert (answer.status_code, "not sent by the form" in answer.text) == (400, True)


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
    ],
)
def test_no_other_site_can_send_the_form(served: str, headers: dict[str, str]) -> None:
    assert pasted(served, LATER, **headers).status_code == 403


# --- the same as JSON -----------------------------------------------------------------------------------------------


def test_the_interface_answers_what_the_commands_print(
    get: Get, home: Home, ids: dict[str, str], aggregator: Aggregator
) -> None:
    def printed(*args: str) -> object:
        said = aggregator("--home", home.root, *args)
        return [json.loads(line) for line in said.out.splitlines()] if args[0] == "reposts" else said.json

    searched = printed("search", "harbour", "--limit", "20", "--json")
    assert isinstance(searched, dict)
    assert get("/api/search?q=harbour").json() | {"took_ms": 0} == searched | {"took_ms": 0}
    assert get(f"/api/articles/{ids['a']}").json() == printed("show", ids["a"], "--json")
    changes = printed("show", ids["a"], "--diff", "1", "2", "--json")
    assert get(f"/api/articles/{ids['a']}/changes?old=1&new=2").json() == changes
    assert get(f"/api/articles/{ids['a']}/family").json() == printed("reposts", ids["a"], "--json")
    assert get("/api/status").json()["totals"] == aggregator("--home", home.root, "status", "--json").json["totals"]


def test_the_interface_says_errors_as_json(get: Get) -> None:
    for path, status in (("/api/nothing", 404), ("/api/search", 400), ("/api/articles/7k2mq4xw3nbd", 404)):
        answer = get(path)
        assert answer.status_code == status
        assert answer.json()["error"]


@pytest.mark.parametrize("path", ["/api/search?q=harbour", "/feeds/new.atom", "/feeds/new.json"])
def test_who_has_an_answer_already_is_told_so(get: Get, path: str) -> None:
    first = get(path)
    tag = first.headers["etag"]
    for known in (tag, tag.removeprefix("W/"), f'"other", {tag}'):
        again = get(path, headers={"If-None-Match": known})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
        assert {name: again.headers.get(name) for name in HEADERS} == HEADERS
    assert get(path, headers={"If-None-Match": '"other"'}).status_code == 200
    assert get("/api/search?q=ferry").headers["etag"] != tag
    assert "etag" not in get("/api/nothing").headers


# --- whom they refuse, and that nothing runs --------------------------------------------------------------------------


def every_address(ids: dict[str, str]) -> list[str]:
    """An address of each kind that the pages answer, with what is there and with what is not."""
    filled = {
        "article_id": [ids["a"], "7k2mq4xw3nbd"],
        "other_id": [ids["b"]],
        "source_id": ["a", "nobody"],
        "path": ["style.css", "none.css"],
    }
    filled |= {"end": ["csv", "exe"], "form": ["bib", "exe"], "kind": ["new", "none"], "name": ["none"]}
    found = ["/nothing", "/api/nothing"]
    known = [route for room in ROOMS for route in room.router.routes if isinstance(route, Route)]
    for path in ("/static/{path}", "/api/openapi.json", *(route.path for route in known)):
        names = re.findall(r"{(\w+)}", path)
        for values in itertools.product(*(filled[name] for name in names)):
            found.append(path.format(**dict(zip(names, values, strict=True))))
    return found


def test_every_answer_forbids_what_no_page_needs(home: Home, ids: dict[str, str]) -> None:
    addresses = every_address(ids)
    assert len(addresses) > 20
    with serving(application(home)) as address, requests.Session() as asking:
        for path, method in itertools.product(addresses, ("GET", "HEAD", "POST", "OPTIONS")):
            answer = asking.request(method, address + path, timeout=20)
            is_kept = path.startswith("/static/") and answer.status_code == 200
            wanted = HEADERS | ({"Cache-Control": "no-cache"} if is_kept else {})
            assert {name: answer.headers.get(name) for name in HEADERS} == wanted, path
            assert answer.status_code < 500 or path == "/healthz", path


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "localhost.", "", "@localhost"]
)
def test_a_name_that_is_not_served_is_refused(get: Get, host: str) -> None:
    answer = get("/?q=harbour", headers={"Host": host})
    assert answer.status_code in (400, 421)
    assert "harbour" not in answer.text


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "TRACE"])
def test_nothing_is_written(served: str, method: str) -> None:
    assert requests.request(method, f"{served}/", timeout=20).status_code == 405


def test_headers_alone_are_those_of_the_page(served: str) -> None:
    answer = requests.head(f"{served}/?q=harbour", timeout=20)
    assert (answer.status_code, answer.text) == (200, "")
    assert int(answer.headers["content-length"]) > 1_000


def test_what_strangers_wrote_is_text_and_nothing_else(served: str, get: Get, ids: dict[str, str]) -> None:
    paths = [f"/articles/{ids['c']}{path}" for path in ("", "/changes", "/family")]
    shown = [get(path).text for path in ("/?q=naughty", f"/?q={quote(NAUGHTY)}", "/?source=%3Cscript%3E", *paths)]
    for html in (*shown, pasted(served, f"naughty {NAUGHTY} harbour {LATER}").text):
        page = Seen(html)
        scripts = [
            attributes
            for tag, attributes in page.elements
            if tag == "script" and attributes.get("type") != "application/ld+json"
        ]
        assert scripts == [{"src": "/static/keys.js", "defer": None}]
        assert "img" not in {tag for tag, _ in page.elements}
        assert not [name for _, attributes in page.elements for name in attributes if name.startswith("on")]
        assert not {"\u202e", "\x00"} & set(html)
        assert "1337" not in page.text
        assert all(link.startswith(("/", "#", "mailto:desk@example.org?")) for link in page.links())


def test_a_file_of_ours_is_kept_and_not_sent_again(get: Get) -> None:
    first = get("/static/style.css")
    again = get("/static/style.css", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert first.headers["cache-control"] == again.headers["cache-control"] == "no-cache"
    assert get("/static/none.css").headers["cache-control"] == get("/sources").headers["cache-control"] == "no-store"


def test_the_static_files_are_those_and_no_others(served: str, get: Get) -> None:
    assert get("/static/style.css").headers["content-type"].startswith("text/css")
    for path in ("/static/../guard.py", "/static/%2e%2e/guard.py", "/static/..%2fguard.py", "/static/"):
        asking = http.client.HTTPConnection(served.removeprefix("http://"), timeout=20)
        asking.request("GET", path)
        assert asking.getresponse().status == 404
        asking.close()


def test_an_error_of_the_store_is_said_without_its_inside(tmp_path: Path) -> None:
    broken = Home(tmp_path)
    broken.index.mkdir()
    broken.catalogue_file.write_bytes(b"nonsense" * 100)
    with serving(application(broken)) as address:
        answer = requests.get(f"{address}/?q=harbour", timeout=20)

    assert answer.status_code == 503
    assert "index/catalogue.sqlite" in answer.text
    assert str(tmp_path) not in answer.text


def test_a_mistake_in_the_list_of_sources_is_not_one_of_who_asks(home: Home, tmp_path: Path) -> None:
    copied = Home(Path(shutil.copytree(home.root, tmp_path / "home")))
    copied.sources_yaml.write_text("sources: [{id: a, access: nonsense}]\n")
    with serving(application(copied)) as address:
        for path in ("/?q=harbour", "/sources", "/api/search?q=harbour", "/api/status"):
            assert requests.get(address + path, timeout=20).status_code == 503


def test_what_fails_within_is_told_to_the_log_and_not_to_the_reader(caplog: pytest.LogCaptureFixture) -> None:
    async def failing(scope: Asked, receive: Receive, send: Send) -> None:
        raise RuntimeError("inside")

    with serving(Guard(failing, ["127.0.0.1"])) as address:
        answer = requests.get(f"{address}/", timeout=20)

    assert (answer.status_code, "inside" in answer.text) == (500, False)
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
    assert "inside" in caplog.text


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_other_sites_may_link_to_pages_and_ask_nothing_of_them(get: Get, site: str) -> None:
    followed = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    assert get("/?q=harbour", headers=followed).status_code == 200
    assert get("/?q=harbour", headers=followed | {"Sec-Fetch-Dest": "iframe"}).status_code == 403
    assert get("/?q=harbour", headers={"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "no-cors"}).status_code == 403
    assert get("/api/search?q=harbour", headers=followed).json()["error"]


def test_a_withdrawn_version_is_on_no_page_and_the_others_keep_their_numbers(
    home: Home, ids: dict[str, str], tmp_path: Path
) -> None:
    copied = Home(Path(shutil.copytree(home.root, tmp_path / "home")))
    with access.opened(copied) as catalogue:
        [first, _] = catalogue.versions(ids["a"])
    what = takedown.target(copied, [f"{ids['a']}@1"], Scope.VERSION, erase=False)
    now = datetime.now(UTC)
    takedown.decide(copied, what, scope=Scope.VERSION, reason="other", by="t", erase=False, until=None, now=now)

    with serving(application(copied)) as address:

        def shown(path: str) -> requests.Response:
            return requests.get(f"{address}/articles/{ids['a']}{path}", timeout=20)

        assert "nobody went ashore" in shown("?version=2").text
        assert shown("?version=1").status_code == 404
        for path in ("", "?version=2", "/changes", "/family"):
            assert shown(path).status_code == 200
            assert "réfugiés" not in shown(path).text
        assert (
            requests.get(f"{address}/api/articles/{ids['a']}?version=2", timeout=20).json()["version"] != first.digest
        )
        assert "réfugiés" not in requests.get(f"{address}/?q=refugies", timeout=20).text


@pytest.mark.parametrize("title", ["\u200b\u200d", " \u3164\u2800", "\u202e\x08"])
def test_a_title_of_which_nothing_is_to_be_seen_can_be_clicked_all_the_same(tmp_path: Path, title: str) -> None:
    home = stocked(tmp_path / "home", [article("one", HARBOUR, title=title)])
    with serving(application(home)) as address:
        hits = Seen(got(f"{address}/?q=harbour").text)
        [path] = {link for link in hits.links() if link.startswith("/articles/")}
        assert "(no title)" in hits.text
        assert "(no title)" in got(f"{address}{path}").text


def test_a_page_that_is_full_and_the_last_leads_no_further(tmp_path: Path) -> None:
    full = stocked(tmp_path / "home", (article(f"n{n}", f"harbour number{n}") for n in range(21)))
    with serving(application(full)) as address:
        first, last = (Seen(requests.get(f"{address}/?q=harbour{at}", timeout=20).text) for at in ("", "&offset=20"))
        even = Seen(requests.get(f"{address}/?q=harbour+-number7", timeout=20).text)

    assert "Next hits" in first.text
    assert ("Next hits" in last.text, "Previous hits" in last.text) == (False, True)
    assert "20 articles" in even.text and "Next hits" not in even.text
