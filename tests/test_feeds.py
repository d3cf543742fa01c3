"""Feeds out, as feed readers have them: what they tell, what never stands in them, and that any parser reads them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.parsers import expat

import feedparser
import pytest
import requests

from aggregator import takedown
from aggregator.home import Home
from aggregator.query import parse
from aggregator.search import saved
from aggregator.takedown import Scope
from aggregator.web.feeds.edits import said_of
from aggregator.web.guard import HEADERS
from aggregator.web.limits import FEED_COMPARED_CHARS, FEED_DIFF_CHARS, FEED_ENTRIES
from aggregator.web.serving import application
from tests.fakeweb import (
    NOON,
    OTHER,
    STORY,
    ClockOf,
    FakeWeb,
    articles,
    crawl,
    feed,
    following,
    page,
    refused,
    source,
    versions,
)
from tests.stockedhome import article, stocked
from tests.webbed import Seen, serving

YAML = """settings: {min_free: 1MB}
sources:
  - {id: a, name: "Northport & <b>Friends</b>", url: "http://a.example/"}
  - {id: b, url: "http://b.example/"}
  - {id: linkless, url: "http://linkless.example/", risk: link}
  - {id: staff, url: "http://staff.example/", access: staff}
"""
EDITED, GONE, BACK = "http://a.example/edited", "http://a.example/gone", "http://a.example/back"
COPY, LINKLESS, STAFF = "http://b.example/copy", "http://linkless.example/1", "http://staff.example/1"
ADDED = "The samovars <script>alert(1)</script> & pans are back."
KINDS = ("new", "edited", "vanished", "reposts", "broken")
DAY = timedelta(days=1)
THIRD = (
    "At the lock of the eastern canal seven barges have been waiting since Monday, and the keeper says that the gate "
    "will be mended when the part comes, which a workshop far upstream casts only twice a year.\n\n"
    "The bargees have put a table on the quay and play cards there until the light goes."
)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home in which, of open sources and of others, articles came, were edited, vanished, and were copied."""
    root = tmp_path_factory.mktemp("feeds")
    (root / "sources.yaml").write_text(YAML)
    pages: dict[str, object] = {
        EDITED: page(STORY, title="Four vans"),
        GONE: page(OTHER, title="A choir"),
        BACK: page(THIRD, title="Barges"),
        COPY: page(STORY, title="Vans, copied"),
        LINKLESS: page(STORY, title="Linkless"),
        STAFF: page(STORY, title="Staffed"),
    }
    later: dict[str, object] = {
        EDITED: page(f"{STORY}\n\n{ADDED}", title="Four vans, again"),
        GONE: 404,
        BACK: 410,
        LINKLESS: page(f"{STORY}\n\n{ADDED}", title="Linkless"),
        STAFF: 404,
    }
    visit(root, pages, day=0, only="a")
    visit(root, pages, day=1)
    visit(root, pages | later, day=2)
    visit(root, pages | later | {BACK: pages[BACK]}, day=3)
    return Home(root)


def visit(root: Path, pages: dict[str, object], *, day: int, only: str | None = None) -> None:
    """Visit the sources on a day; their feeds announce that all was updated."""
    for name in (only,) if only else ("a", "b", "linkless", "staff"):
        own = [url for url in pages if url.startswith(f"http://{name}.example/")]
        updated = f"{NOON + day * DAY:%Y-%m-%dT%H:%M:%SZ}"
        web = FakeWeb({f"http://{name}.example/feed": feed(*own, updated=updated), **pages}, now=NOON + day * DAY)
        crawl(root, web, source(name), clock=ClockOf(web))


Get = Callable[..., requests.Response]


def entries(answer: requests.Response) -> list[dict[str, Any]]:
    """What a feed says, as a strict parser and a feed reader read it; both forms say it."""
    assert answer.status_code == 200, answer.text
    expat.ParserCreate().Parse(answer.content, True)
    read = feedparser.parse(BytesIO(answer.content), sanitize_html=False)
    assert not read.bozo
    return list(read.entries)


def titles(answer: requests.Response) -> list[str]:
    return [entry["title"] for entry in entries(answer)]


# --- what they tell -------------------------------------------------------------------------------------------------


def test_new_articles_are_told_with_when_they_were_first_seen_and_how_they_begin(get: Get, home: Home) -> None:
    found = {entry["title"]: entry for entry in entries(get("/feeds/new.atom"))}

    assert set(found) == {"Four vans, again", "A choir", "Barges", "Vans, copied"}
    choir, [id_] = found["A choir"], [a.id for url, a in articles(home.root).items() if url == GONE]
    assert choir["id"] == f"urn:aggregator:article:{id_}"
    assert choir["updated"].startswith("2026-11-23T12:00:")
    assert choir["content"][0]["type"] == "text/plain"
    assert choir["content"][0]["value"].startswith("The choir of the dockers")
    assert len(choir["content"][0]["value"]) < len(OTHER)
    assert choir["author"] == "Northport & <b>Friends</b>"
    assert [(link["rel"], link["href"]) for link in choir["links"] if link["rel"] == "via"] == [("via", GONE)]


def test_an_edit_is_told_with_what_was_changed(get: Get, home: Home) -> None:
    [entry] = entries(get("/feeds/edited.atom"))

    html = entry["content"][0]["value"]
    assert entry["content"][0]["type"] == "text/html"
    assert entry["title"] == "Four vans, again"
    assert entry["updated"] == f"{versions(home.root, EDITED)[1].captured_at:%Y-%m-%dT%H:%M:%SZ}"
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; pans are back.</ins>" in html
    assert {tag for tag, _ in Seen(html).elements} <= {"p", "ins", "del", "br"}
    assert " … " in html
    assert len(html) < len(STORY) + 1_000


def test_what_vanished_is_told_as_two_observations_and_no_more(get: Get) -> None:
    found = {entry["title"]: entry["content"][0]["value"] for entry in entries(get("/feeds/vanished.atom"))}

    assert found == {
        "A choir": "Seen last at 2026-11-24 12:00 UTC, not there at 2026-11-25 12:00 UTC (HTTP 404).",
        "Barges": "Seen last at 2026-11-24 12:00 UTC, not there at 2026-11-25 12:00 UTC (HTTP 410). "
        "Seen again at 2026-11-26 12:00 UTC.",
    }


def test_a_repost_is_told_with_its_evidence(get: Get, home: Home) -> None:
    [entry] = entries(get("/feeds/reposts.atom"))

    known = articles(home.root)
    assert entry["title"] == "Vans, copied"
    assert entry["link"].endswith(f"/articles/{known[COPY].id}/family")
    assert entry["updated"] == f"{known[COPY].captured_at:%Y-%m-%dT%H:%M:%SZ}"
    said = entry["content"][0]["value"]
    assert "text of “Four vans, again” of Northport & <b>Friends</b>" in said
    assert "Who had it first: " in said


def test_a_source_in_trouble_is_told_as_long_as_it_is(home: Home, tmp_path: Path) -> None:
    copied = Home(Path(shutil.copytree(home.root, tmp_path / "home")))
    for hours in (3, 2):
        for name in ("a", "linkless", "staff"):
            there = f"http://{name}.example/"
            web = FakeWeb({f"{there}robots.txt": refused(there)}, now=datetime.now(UTC) - timedelta(hours=hours))
            crawl(copied.root, web, source(name), clock=ClockOf(web))
    with serving(application(copied)) as address:
        found = entries(requests.get(f"{address}/feeds/broken.atom", timeout=20))
        other = entries(requests.get(f"{address}/feeds/broken.atom?source=b", timeout=20))

    assert ("Northport & <b>Friends</b>: broken", "urn:aggregator:alarm:a:broken") in [
        (entry["title"], entry["id"][:29]) for entry in found
    ]
    assert not [entry for entry in found if "linkless" in str(entry) or "staff" in str(entry)]
    assert not [entry for entry in other if entry["title"].endswith(": broken")]


@pytest.mark.parametrize("kind", KINDS)
def test_a_feed_has_what_the_standard_demands(get: Get, kind: str) -> None:
    root = ElementTree.fromstring(get(f"/feeds/{kind}.atom").content)
    several = root.findall("{*}entry")

    [home] = [link.get("href") for link in root.findall("{*}link") if link.get("rel") == "alternate"]
    assert requests.get(str(home), timeout=20).status_code == 200
    for one in (root, *several):
        assert all(one.findtext(f"{{*}}{name}") for name in ("id", "title", "updated"))
        assert one.find("{*}author/{*}name") is not None
        assert [link for link in one.findall("{*}link") if link.get("rel") == "alternate"]
        assert all(str(link.get("href")).startswith("http://") for link in one.findall("{*}link"))
    ids = [entry.findtext("{*}id") for entry in several]
    assert len(set(ids)) == len(ids)
    updated = [str(entry.findtext("{*}updated")) for entry in several]
    assert updated == sorted(updated, reverse=True)
    assert kind == "broken" or root.findtext("{*}updated") == updated[0]


@pytest.mark.parametrize("kind", KINDS)
def test_both_forms_say_the_same(get: Get, kind: str) -> None:
    said = get(f"/feeds/{kind}.json").json()
    atom = get(f"/feeds/{kind}.atom")
    read = entries(atom)

    assert said["version"] == "https://jsonfeed.org/version/1.1"
    assert [(item["id"], item["title"], item["date_modified"]) for item in said["items"]] == [
        (entry["id"], entry["title"], entry["updated"]) for entry in read
    ]
    texts = [item.get("content_text", item.get("content_html")) for item in said["items"]]
    assert texts == [one.text for one in ElementTree.fromstring(atom.content).iterfind("{*}entry/{*}content")]


def test_feeds_can_be_had_of_one_source(get: Get, home: Home) -> None:
    assert titles(get("/feeds/new.atom?source=b")) == ["Vans, copied"]
    assert titles(get("/feeds/edited.atom?source=b")) == []
    assert titles(get("/feeds/vanished.atom?source=b")) == []
    assert len(titles(get("/feeds/vanished.atom?source=a"))) == 2
    assert titles(get("/feeds/reposts.atom?source=a")) == titles(get("/feeds/reposts.atom?source=b")) != []


def test_feeds_can_be_had_of_what_a_saved_search_finds(home: Home, tmp_path: Path) -> None:
    copied = Home(Path(shutil.copytree(home.root, tmp_path / "home")))
    saved.save(copied, "vans", parse("bailiff"), by="t", now=NOON)
    saved.save(copied, "song", parse("lighthouse"), by="t", now=NOON)
    with serving(application(copied)) as address:

        def get(path: str) -> requests.Response:
            return requests.get(address + path, timeout=20)

        assert set(titles(get("/feeds/searches/vans.atom"))) == {"Four vans, again", "Vans, copied"}
        assert {item["title"] for item in get("/feeds/searches/song.json").json()["items"]} == {"A choir"}
        assert titles(get("/feeds/vanished.atom?search=song")) == ["A choir"]
        assert titles(get("/feeds/edited.atom?search=song")) == titles(get("/feeds/reposts.atom?search=song")) == []
        assert titles(get("/feeds/edited.atom?search=vans")) == ["Four vans, again"]
        assert "/feeds?search=vans" in Seen(get("/feeds").text).links()
        narrowed = Seen(get("/feeds?search=vans").text).links()
        assert {"/feeds/searches/vans.atom", "/feeds/edited.json?search=vans"} <= set(narrowed)


def test_the_page_of_feeds_and_the_heads_of_pages_lead_to_them(get: Get) -> None:
    listing = Seen(get("/feeds").text)
    assert {f"/feeds/{kind}.{form}" for kind in KINDS for form in ("atom", "json")} <= set(listing.links())
    for link in [link for link in Seen(get("/feeds?source=a").text).links() if "." in link]:
        assert "source=a" in link and get(link).status_code == 200
    for path, wanted in (("/", "/feeds/new.atom"), ("/sources", "/feeds/broken.atom")):
        heads = [attributes for tag, attributes in Seen(get(path).text).elements if tag == "link"]
        assert {"rel": "alternate", "type": "application/atom+xml", "href": wanted}.items() <= {
            key: value for each in heads if each["href"] == wanted for key, value in each.items()
        }.items()


def test_links_are_those_of_the_server_that_was_asked(get: Get, served: str) -> None:
    port = served.rpartition(":")[2]
    asked = {f"127.0.0.1:{port}": f"http://127.0.0.1:{port}", "LOCALHOST:80": "http://LOCALHOST:80"}
    ids = set()
    for host, base in asked.items():
        answer = get("/feeds/new.atom?source=a", headers={"Host": host})
        read = feedparser.parse(BytesIO(answer.content))
        assert [link["href"] for link in read.feed.links if link["rel"] == "self"] == [
            f"{base}/feeds/new.atom?source=a"
        ]
        assert all(entry["link"].startswith(f"{base}/articles/") for entry in read.entries)
        ids.add((read.feed.id, *(entry["id"] for entry in read.entries)))
    assert len(ids) == 1
    assert get("/feeds/new.atom", headers={"Host": "evil.example"}).status_code == 421


def test_a_feed_says_what_it_is_and_is_not_stored(get: Get) -> None:
    for form, kind in (("atom", "application/atom+xml"), ("json", "application/feed+json")):
        answer = get(f"/feeds/new.{form}")
        assert answer.headers["content-type"].startswith(kind)
        assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS


def test_what_is_no_feed_is_said(get: Get) -> None:
    for path, status in (
        ("/feeds/nothing.atom", 404),
        ("/feeds/new.rss", 404),
        ("/feeds/new", 404),
        ("/feeds/new.atom?source=nobody", 404),
        ("/feeds/new.atom?source=linkless", 404),
        ("/feeds/new.atom?source=staff", 404),
        ("/feeds?source=staff", 404),
        ("/feeds/new.atom?search=nobody", 404),
        ("/feeds/searches/nobody.atom", 404),
        ("/feeds/searches/..%2f..%2fx.atom", 404),
        ("/feeds/broken.atom?search=x", 400),
        ("/feeds/new.atom?source=a&search=x", 400),
    ):
        assert (path, get(path).status_code) == (path, status)


def test_a_home_without_anything_has_empty_feeds(tmp_path: Path) -> None:
    (tmp_path / "sources.yaml").write_text(YAML)
    with serving(application(Home(tmp_path))) as address:
        for kind in KINDS:
            assert entries(requests.get(f"{address}/feeds/{kind}.atom", timeout=20)) == []
        assert requests.get(f"{address}/feeds", timeout=20).status_code == 200


# --- what never stands in them ---------------------------------------------------------------------------------------


def everything(address: str) -> str:
    """All that all feeds say."""
    paths = [f"/feeds/{kind}.{form}" for kind in KINDS for form in ("atom", "json")]
    answers = [requests.get(address + path, timeout=20) for path in ("/feeds", *paths)]
    assert {answer.status_code for answer in answers} == {200}
    return "\n".join(json.dumps(a.json(), ensure_ascii=False) if "json" in a.url else a.text for a in answers)


def test_nothing_leads_to_sources_that_are_closed_or_at_risk(served: str) -> None:
    said = everything(served)

    assert "Four vans" in said
    for word in ("Linkless", "linkless", "Staffed", "staff"):
        assert word not in said


@pytest.mark.parametrize("erase", [False, True])
def test_what_is_taken_down_is_in_no_feed(home: Home, tmp_path: Path, erase: bool) -> None:
    copied = Home(Path(shutil.copytree(home.root, tmp_path / "home")))
    ids = {url: one.id for url, one in articles(home.root).items()}
    with serving(application(copied)) as address:
        before = everything(address)
        withdraw(copied, [ids[EDITED], ids[GONE]], Scope.ARTICLE, erase=erase)
        after = everything(address)

    for word in ("Four vans", "samovars", "choir", ids[EDITED], ids[GONE], EDITED, GONE):
        assert word in before
        assert word not in after
    assert "Barges" in after


def test_what_is_withdrawn_of_a_text_is_in_no_feed(home: Home, tmp_path: Path) -> None:
    copied = Home(Path(shutil.copytree(home.root, tmp_path / "home")))
    saved.save(copied, "samovars", parse("samovars"), by="t", now=NOON)
    with serving(application(copied)) as address:
        assert "/feeds?search=samovars" in everything(address)
        withdraw(copied, ["samovars"], Scope.NAME)
        after = everything(address)
        refusals = [
            requests.get(f"{address}{path}", timeout=20)
            for path in ("/feeds/searches/samovars.atom", "/feeds/edited.atom?search=samovars")
        ]

    assert "samovars" not in after and "pans are back" in after
    assert [answer.status_code for answer in refusals] == [404, 404]
    assert all("samovars" not in answer.text for answer in refusals)


def test_an_edit_of_which_a_version_is_withdrawn_is_told_no_more(home: Home, tmp_path: Path) -> None:
    copied = Home(Path(shutil.copytree(home.root, tmp_path / "home")))
    withdraw(copied, [f"{articles(home.root)[EDITED].id}@2"], Scope.VERSION)
    with serving(application(copied)) as address:
        assert entries(requests.get(f"{address}/feeds/edited.atom", timeout=20)) == []
        assert "samovars" not in everything(address)


def withdraw(home: Home, refs: list[str], scope: Scope, *, erase: bool = False) -> None:
    what, now = takedown.target(home, refs, scope, erase=erase), datetime.now(UTC)
    event = takedown.decide(home, what, scope=scope, reason="other", by="t", erase=erase, until=None, now=now)
    if erase:
        takedown.carry_out(home, following(*map(source, ("a", "b", "linkless", "staff"))), event.number)


# --- what strangers wrote ---------------------------------------------------------------------------------------------

AWKWARD = "]]> <!-- --> & &amp; \"'</title><script>alert(1)</script>\x00\x07\x1b\x9b\ufffe\uffff\u202etxt\u2028x"
READ = "]]> <!-- --> & &amp; \"'</title><script>alert(1)</script>"


def test_whatever_strangers_write_is_text(tmp_path: Path) -> None:
    one = article("one", f"{AWKWARD} before", title=AWKWARD, language="en\"><x y='")
    edit = article("one", f"{AWKWARD} after", title=f"{AWKWARD} 2", seen=NOON + DAY)
    with serving(application(stocked(tmp_path / "home", [one, edit]))) as address:
        for kind in ("new", "edited"):
            answer = requests.get(f"{address}/feeds/{kind}.atom", timeout=20)
            [entry] = entries(answer)
            [item] = requests.get(f"{address}/feeds/{kind}.json", timeout=20).json()["items"]
            [title] = ElementTree.fromstring(answer.content).findall("{*}entry/{*}title")
            assert title.text is not None and title.text.startswith(READ)
            assert item["title"] == title.text
            assert not {"\u202e", "\ufffe", "\x00", "\x07", "\x9b"} & {*answer.text, *item["title"], *str(item)}
            if kind == "edited":
                assert {tag for tag, _ in Seen(item["content_html"]).elements} == {"p", "ins", "del", "br"}
                assert Seen(entry["content"][0]["value"]).text.count("<script>alert(1)</script>") >= 1


def test_a_feed_has_so_many_entries_and_no_more(tmp_path: Path) -> None:
    many = (article(f"n{n}", f"harbour {n}", title=f"Number {n}", seen=NOON + n * DAY) for n in range(FEED_ENTRIES + 9))
    with serving(application(stocked(tmp_path / "home", many))) as address:
        found = titles(requests.get(f"{address}/feeds/new.atom", timeout=20))

    assert found == [f"Number {n}" for n in range(FEED_ENTRIES + 8, 8, -1)]


def test_what_is_withdrawn_makes_room_for_what_is_older(tmp_path: Path) -> None:
    many = [article(f"n{n}", f"harbour {n}", title=f"Number {n}", seen=NOON + n * DAY) for n in range(FEED_ENTRIES + 9)]
    full = stocked(tmp_path / "home", many)
    withdraw(full, [one.id for one in many[9:30]], Scope.ARTICLE)
    with serving(application(full)) as address:
        found = titles(requests.get(f"{address}/feeds/new.atom", timeout=20))

    assert found == [f"Number {n}" for n in (*range(FEED_ENTRIES + 8, 29, -1), *range(8, -1, -1))]


def test_of_a_long_edit_a_feed_shows_as_much_as_there_is_room_for(tmp_path: Path) -> None:
    home = stocked(
        tmp_path / "home",
        [
            article("long", "short", of="a"),
            article("long", "word " * (FEED_DIFF_CHARS // 2), of="a", seen=NOON + DAY),
            article("longer", "short", of="b"),
            article("longer", "word " * (FEED_COMPARED_CHARS // 2), of="b", seen=NOON + DAY),
        ],
    )
    with serving(application(home)) as address:
        [long] = requests.get(f"{address}/feeds/edited.json?source=a", timeout=20).json()["items"]
        [longer] = requests.get(f"{address}/feeds/edited.json?source=b", timeout=20).json()["items"]

    assert "There is more" in long["content_html"]
    assert FEED_DIFF_CHARS < len(long["content_html"]) < FEED_DIFF_CHARS + 1_000
    assert "too long to be compared here" in longer["content_html"]


def test_two_versions_that_look_the_same_are_no_edit(home: Home) -> None:
    first, _ = versions(home.root, EDITED)
    assert said_of(first, first) is None
