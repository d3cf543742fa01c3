"""A source tried from its page: what is shown of it, who may, and that nothing is kept. Sites answer over loopback."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests
from bs4 import BeautifulSoup
from starlette.exceptions import HTTPException

from aggregator import takedown
from aggregator.home import Home
from aggregator.takedown import Scope
from aggregator.web.door import Door
from aggregator.web.serving import application
from aggregator.web.trying import Turns
from tests.fakecli import Aggregator
from tests.fakeweb import OTHER, STORY, feed, page
from tests.rawserver import Answer, Do, RawServer
from tests.test_web import NAUGHTY
from tests.test_web_door import TOKEN, basic
from tests.test_web_views import main_of, words_of
from tests.webbed import serving

DEADLINE_S = 60


def answer(body: str, kind: str = "text/html; charset=utf-8") -> bytes:
    data = body.encode()
    return f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(data)}\r\n\r\n".encode() + data


def site(*texts: str, robots: str = "User-agent: *\nDisallow:\n", title: str = "Net loft") -> RawServer:
    """A site with a feed that announces a page for each text."""
    made = RawServer({})
    addresses = [made.url(f"/{n}") for n in range(len(texts))]
    made.pages = {
        "/robots.txt": answer(robots, "text/plain"),
        "/feed": answer(feed(*addresses), "application/atom+xml"),
        **{f"/{n}": answer(page(text, title=title)) for n, text in enumerate(texts)},
    }
    return made


def home_of(root: Path, *servers: RawServer, more: str = "") -> Home:
    """A home that follows those sites, as a, b, c."""
    root.mkdir(exist_ok=True)
    entries = "".join(
        f'  - {{id: {name}, name: "The <b>{name}</b>", url: "{one.url()}", feeds: ["{one.url("/feed")}"], pace: 0s}}\n'
        for name, one in zip("abc", servers, strict=False)
    )
    settings = "settings: {min_free: 1MB, network: {allow_private: [127.0.0.0/8]}}\n"
    (root / "sources.yaml").write_text(f"{settings}sources:\n{entries}{more}")
    return Home(root)


@contextmanager
def served(home: Home, *, may_decide: bool = True, turns: Turns | None = None) -> Iterator[str]:
    door = Door(TOKEN, is_for_reading=False, may_decide=may_decide)
    with serving(application(home, door=door, turns=turns)) as address:
        yield address


def tried(address: str, source_id: str = "a", **change: str) -> requests.Response:
    """Press the button on the page of a source."""
    found = BeautifulSoup(requests.get(f"{address}/sources/{source_id}", timeout=DEADLINE_S).text, "lxml")
    form = found.select_one('form[action="/trials"]')
    assert form
    fields = {str(field["name"]): str(field["value"]) for field in form.select("input")} | change
    return requests.post(f"{address}/trials", data=fields, headers=basic(), timeout=2 * DEADLINE_S)


def files(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*")}


def test_what_a_crawl_would_find_is_shown_and_nothing_is_kept(tmp_path: Path) -> None:
    with site(STORY, OTHER) as one:
        home = home_of(tmp_path / "home", one)
        before = files(home.root)
        with served(home) as address:
            answer = tried(address)
        assert {"/robots.txt", "/feed"} < set(one.paths())
        assert len({"/0", "/1"} & set(one.paths())) == 1
    said = words_of(main_of(answer))
    assert answer.status_code == 200
    assert "Tried: The <b>a</b>" in said and "<b>a" not in answer.text
    assert "A crawl could collect it now. Nothing of this was kept." in said
    assert "announced2 articles new here2 articles" in said
    assert "Net loft" in said and "2026-11-02 10:00 · en" in said
    assert "Just before six" in said or "The choir of the dockers" in said
    assert files(home.root) == before


def test_what_the_home_has_is_not_new(tmp_path: Path, aggregator: Aggregator) -> None:
    with site(STORY, OTHER) as one:
        home = home_of(tmp_path / "home", one)
        assert aggregator("--home", home.root, "crawl", "--limit", "1").code == 0
        one.pages["/feed"] = answer(feed(*(one.url(f"/{n}") for n in range(3))), "application/atom+xml")
        articles = requests_of(home)
        with served(home) as address:
            said = words_of(main_of(tried(address)))
        assert "the one asked for could not be read. Nothing of this was kept." in said
        assert f"404: {one.url('/2')}" in said
        assert "announced3 articles new here1 article" in said
        assert requests_of(home) == articles


def requests_of(home: Home) -> dict[str, int]:
    return {str(path): path.stat().st_size for path in home.archive.rglob("*.warc.gz*")}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"/robots.txt": answer("User-agent: *\nDisallow: /\n", "text/plain")}, "robots.txt forbids it"),
        ({"/feed": b"HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n"}, "500"),
        ({"/robots.txt": (b"", Do.CUT)}, "closed the connection"),
    ],
)
def test_why_it_cannot_be_collected_is_said_in_words(tmp_path: Path, change: dict[str, Answer], words: str) -> None:
    with site(STORY) as one:
        one.pages |= change
        with served(home_of(tmp_path / "home", one)) as address:
            answer = tried(address)
    said = words_of(main_of(answer))
    assert answer.status_code == 200
    assert "A crawl could not collect it now. Nothing of this was kept." in said
    assert words in said


def test_a_site_that_is_down_is_said(tmp_path: Path) -> None:
    with site(STORY) as one:
        home = home_of(tmp_path / "home", one)
    with served(home) as address:
        said = words_of(main_of(tried(address)))
    assert "connection refused" in said
    assert "announced0 articles" in said


def test_one_that_takes_long_can_be_ended_and_readers_and_others_are_not_kept_waiting(
    tmp_path: Path,
) -> None:
    turns = Turns()
    with site(STORY) as slow, site(OTHER) as other:
        slow.pages["/robots.txt"] = (Do.HANG, Do.CUT)  # what is asked first
        with served(home_of(tmp_path / "home", slow, other), turns=turns) as address:
            found: list[requests.Response] = []
            waiting = threading.Thread(target=lambda: found.append(tried(address)))
            waiting.start()
            assert slow.asked.acquire(timeout=DEADLINE_S)
            assert requests.get(f"{address}/sources", timeout=5).status_code == 200
            busy = tried(address, "b")
            turns.end()
            slow.release()
            waiting.join(DEADLINE_S)
            again = tried(address)
    assert (busy.status_code, "Another source is being tried." in busy.text) == (429, True)
    assert (again.status_code, "It was tried just now" in again.text) == (429, True)
    assert "It was ended before all was asked for" in words_of(main_of(found[0]))
    assert "/feed" not in other.paths()


def test_what_is_withdrawn_is_not_shown_here_either(tmp_path: Path, aggregator: Aggregator) -> None:
    with site(STORY) as one:
        home = home_of(tmp_path / "home", one)
        assert aggregator("--home", home.root, "crawl").code == 0
        what, now = takedown.target(home, [one.url("/0")], Scope.ARTICLE, erase=False), datetime.now(UTC)
        takedown.decide(home, what, scope=Scope.ARTICLE, reason="other", by="t", erase=False, until=None, now=now)
        with served(home) as address:
            answer = tried(address)
    assert answer.status_code == 200
    assert "Something in it is withdrawn here" in answer.text
    assert "bailiff" not in answer.text and "Net loft" not in answer.text


def withdraw(home: Home, what: str, scope: Scope) -> None:
    target, now = takedown.target(home, [what], scope, erase=False), datetime.now(UTC)
    takedown.decide(home, target, scope=scope, reason="other", by="t", erase=False, until=None, now=now)


@pytest.mark.parametrize("announced", ["/0", "/0/", "/0?utm_source=feed"])
def test_the_address_of_a_hidden_article_is_not_told_where_it_cannot_be_had(
    tmp_path: Path, aggregator: Aggregator, announced: str
) -> None:
    with site(STORY) as one:
        home = home_of(tmp_path / "home", one)
        assert aggregator("--home", home.root, "crawl").code == 0
        withdraw(home, one.url("/0"), Scope.ARTICLE)
        one.pages = {
            "/robots.txt": one.pages["/robots.txt"],
            "/feed": answer(feed(one.url(announced)), "application/atom+xml"),
        }
        with served(home) as address:
            found = tried(address)
    assert "announced1 article" in words_of(main_of(found))
    assert one.url("/0") not in found.text and "What failed" not in found.text


@pytest.mark.parametrize("only_decisions_are_left", [False, True])
def test_a_withdrawn_name_is_not_told_with_an_address_or_a_reason(
    tmp_path: Path, aggregator: Aggregator, only_decisions_are_left: bool
) -> None:
    named, lists = "/on/edda-quillfeather", "/lists/edda-quillfeather.xml"
    with site(STORY) as one:
        home = home_of(tmp_path / "home", one)
        assert aggregator("--home", home.root, "crawl").code == 0
        withdraw(home, "Edda Quillfeather", Scope.NAME)
        for folder in (home.index, *home.archive.glob("[0-9]*")) if only_decisions_are_left else ():
            shutil.rmtree(folder)
        one.pages["/robots.txt"] = answer(f"User-agent: *\nSitemap: {one.url(lists)}\n", "text/plain")
        one.pages[lists] = answer(
            "<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'>"
            f"<url><loc>{one.url(named)}</loc></url></urlset>",
            "application/xml",
        )
        one.pages["/feed"] = answer(feed(one.url(named)), "application/atom+xml")
        with served(home) as address:
            found = tried(address)
    assert found.status_code == 200
    assert lists in one.paths() and named in one.paths()
    assert "quillfeather" not in found.text.lower()
    assert one.url("/feed") in found.text


def test_what_a_site_says_is_text(tmp_path: Path) -> None:
    with site(f"{STORY}\n\n{NAUGHTY}", title=NAUGHTY) as one, served(home_of(tmp_path / "home", one)) as address:
        found = BeautifulSoup(tried(address).text, "lxml")
    assert [tag.name for tag in found.select("main script, main img, main svg")] == []
    assert "alert(1)" in words_of(found)


@pytest.mark.parametrize(
    ("headers", "change", "status"),
    [
        ({}, {}, 401),
        (basic(""), {}, 403),
        (basic() | {"Sec-Fetch-Site": "cross-site"}, {}, 403),
        (basic() | {"Origin": "http://evil.example"}, {}, 403),
        (basic(), {"key": "0" * 64}, 403),
        (basic(), {"source": "nobody"}, 404),
        (basic(), {"source": "d"}, 404),
        (basic(), {"source": "http://127.0.0.1/"}, 404),
        (basic(), {"source": "x" * 5_000}, 400),
    ],
)
def test_nobody_is_asked_for_who_may_not_or_for_what_is_no_source_that_is_shown(
    tmp_path: Path, headers: dict[str, str], change: dict[str, str], status: int
) -> None:
    with site(STORY) as one:
        closed = f'  - {{id: d, url: "http://d.localhost:{one.port}/", access: dark}}\n'
        with served(home_of(tmp_path / "home", one, more=closed)) as address:
            page = BeautifulSoup(requests.get(f"{address}/sources/a", timeout=DEADLINE_S).text, "lxml")
            fields = {str(each["name"]): str(each["value"]) for each in page.select("form.decide input")}
            said = requests.post(f"{address}/trials", data=fields | change, headers=headers, timeout=DEADLINE_S)
        assert (said.status_code, one.paths()) == (status, [])


def test_without_leave_to_decide_there_is_no_button_and_no_way(tmp_path: Path) -> None:
    with site(STORY) as one:
        home = home_of(tmp_path / "home", one)
        with served(home, may_decide=False) as address:
            assert "/trials" not in requests.get(f"{address}/sources/a", timeout=DEADLINE_S).text
            assert requests.post(f"{address}/trials", headers=basic(), timeout=DEADLINE_S).status_code == 405
        assert one.paths() == []


def nobody() -> int | None:
    return None


def test_a_host_is_left_alone_for_a_minute_and_others_are_not() -> None:
    now = 0.0
    turns = Turns(clock=lambda: now)
    with (
        turns.of({"a", "feeds"}, nobody),
        pytest.raises(HTTPException, match="Another source"),
        turns.of({"b"}, nobody),
    ):
        pass
    with turns.of({"b"}, nobody):
        pass
    now = 59.0
    with pytest.raises(HTTPException, match="for 1 s more"), turns.of({"c", "feeds"}, nobody):
        pass
    now = 60.0
    with turns.of({"a"}, nobody):
        pass


def test_two_sources_of_one_host_are_not_tried_one_behind_the_other(tmp_path: Path) -> None:
    with site(STORY) as one, site(OTHER) as other, served(home_of(tmp_path / "home", one, other)) as address:
        assert tried(address, "a").status_code == 200
        again = tried(address, "b")  # another port of the same host
        assert (again.status_code, "It was tried just now" in again.text, other.paths()) == (429, True, [])


def test_nothing_is_tried_beside_a_crawl(tmp_path: Path) -> None:
    with site(STORY) as one:
        home = home_of(tmp_path / "home", one)
        with served(home) as address:
            before = BeautifulSoup(requests.get(f"{address}/sources/a", timeout=DEADLINE_S).text, "lxml")
            fields = {str(each["name"]): str(each["value"]) for each in before.select('form[action="/trials"] input')}
            with home.writing():
                shown = requests.get(f"{address}/sources/a", timeout=DEADLINE_S)
                said = requests.post(f"{address}/trials", data=fields, headers=basic(), timeout=DEADLINE_S)
            assert (said.status_code, one.paths()) == (409, [])
            assert f"is at work (process {os.getpid()}), and may be asking this site" in said.text
            assert "It cannot be tried now" in shown.text and "/trials" not in shown.text
            assert tried(address).status_code == 200


def test_a_crawl_that_begins_ends_a_trial(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with Turns().of({"a"}, lambda: home.writer) as stop:
        assert not stop.is_set()
        with home.writing():
            assert stop.wait(DEADLINE_S / 4)


def test_a_trial_has_its_time_and_ends_with_the_server() -> None:
    with Turns(most_s=0.01).of({"a"}, nobody) as stop:
        assert stop.wait(DEADLINE_S)
    turns = Turns()
    with turns.of({"a"}, nobody) as stop:
        assert not stop.is_set()
        turns.end()
        assert stop.is_set()
    with turns.of({"b"}, nobody) as stop:
        assert stop.is_set()
