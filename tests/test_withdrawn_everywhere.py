"""What was erased or hidden is in no answer of any route, in no export and, if erased, in no file of the home.

The routes are those of the two applications: one that nobody says here how to ask fails the tests.
"""

from __future__ import annotations

import itertools
import json
import re
import shutil
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, unquote_plus, urlencode

import pytest
import requests
from fastapi.routing import APIRoute
from requests.adapters import HTTPAdapter
from starlette.routing import Mount, Route

from aggregator import exports, pipeline
from aggregator.catalogue import Catalogue
from aggregator.cli import citing as by_command
from aggregator.cli import hits
from aggregator.home import Home
from aggregator.query import parse
from aggregator.replay import serving as replaying
from aggregator.search import saved
from aggregator.web import citing, exporting, serving
from aggregator.web.door import Door
from aggregator.web.feeds.entries import Kind
from tests import foreignfiles
from tests.fakecli import Aggregator
from tests.fakeweb import NOON, OTHER, STORY, ClockOf, FakeWeb, articles, crawl, feed, following, page, source
from tests.test_takedown import terms_of, traces
from tests.webbed import serving as served_by

DOOR = Door("a token of sixteen", is_for_reading=False, may_decide=True)


class Told(NamedTuple):
    """An article in made-up words that no other has, so that each can be told wherever it turns up."""

    url: str
    title: str
    author: str
    text: str
    signs: tuple[str, ...]
    """One word each of its address, title, author and text, and its id; lower case."""

    @property
    def words(self) -> tuple[str, ...]:
        """The same as they are written, without the id: the address in lower case, the others with a capital."""
        return (self.signs[0], *(sign.capitalize() for sign in self.signs[1:4]))

    @property
    def page(self) -> str:
        """Its page, which names its author."""
        return page(self.text, title=self.title).replace(
            "<meta charset", f"<meta name='author' content='{self.author}'><meta charset"
        )

    @property
    def teaser(self) -> str:
        """What lists say of it."""
        begins = self.text.partition("\n")[0]
        return f"<div><h2><a href='{self.url}'>{self.title}</a></h2><p>{begins} (A text of {self.author}.)</p></div>"


ERASED = Told(
    "http://a.example/2026/quillrow",
    "The lantern list of Ropewexley",
    "Odalys Brackenridge",
    "On the third night the volunteers met behind the sheds, and it was Marta Quillfeather who held the lantern. She "
    "had walked from the customs house with two blankets and a list of people who still had no place to sleep.\n\n"
    "By dawn eleven of them had been taken in by families along the canal, and the list was burned in the stove. "
    "Whoever knows more writes to lantern@canal-post.org.",
    ("quillrow", "ropewexley", "brackenridge", "quillfeather", "mtoh43ruzc3x"),
)
HIDDEN = Told(
    "http://a.example/2026/barrowmere",
    "Nine barrows at Copperhithe",
    "Isaura Penhallow",
    "The nine barrows stood in the yard of the brickworks until Ennis Thistlewood came with the key, and then they "
    "were wheeled one after the other across the bridge, each with a stove in it and a sack of coal on top.\n\n"
    "Whoever asks is told that they were always there, and that nobody has seen a bridge, "
    "or writes to key@canal-post.org.",
    ("barrowmere", "copperhithe", "penhallow", "thistlewood", "ojerfk7kblpa"),
)
PLAIN = "http://a.example/plain"
QUOTED, REPOST, BOX, API = (f"http://b.example/{name}" for name in ("quoted", "repost", "box", "api"))
SEARCHES = {"lantern": "quillfeather lantern", "barrows": "barrows brickworks", "loft": "vans"}
DAY = timedelta(days=1)


def full_feed(*told: Told) -> str:
    """A feed with whole texts, and an entry more."""
    entries = "".join(
        f"<entry><id>{one.url}</id><title>{one.title}</title><link href='{one.url}'/>"
        f"<author><name>{one.author}</name></author><published>2026-11-02T10:00:00Z</published>"
        f"<content type='html'>&lt;p&gt;{one.text}&lt;/p&gt;</content></entry>"
        for one in told
    )
    plain = feed(PLAIN).partition("<entry>")[2]
    return f"<?xml version='1.0'?><feed xmlns='http://www.w3.org/2005/Atom'><title>Full</title>{entries}<entry>{plain}"


def world() -> dict[str, object]:
    """Two sites; what the first wrote stands in its feed and on its front page, and in several ways on the second."""
    rest = [{"link": one.url, "title": one.title, "by": one.author, "content": one.text} for one in (ERASED, HIDDEN)]
    return {
        "http://a.example/": f"<html><body>{ERASED.teaser}{HIDDEN.teaser}<p>{OTHER}</p></body></html>",
        "http://a.example/feed": full_feed(ERASED, HIDDEN),
        ERASED.url: ERASED.page,
        HIDDEN.url: HIDDEN.page,
        PLAIN: page(STORY, title="Vans"),
        "http://b.example/feed": feed(QUOTED, REPOST, BOX, API),
        REPOST: page(ERASED.text, title="Taken over"),
        QUOTED: page(f"{OTHER}\n\nA neighbour wrote:\n\n{ERASED.text}", title="Letters"),
        BOX: page(STORY, title="Vans, again").replace("</article>", f"</article>{ERASED.teaser}{HIDDEN.teaser}"),
        API: (200, {"Content-Type": "application/json"}, json.dumps([*rest, {"link": PLAIN, "content": STORY}])),
    }


SOURCES = (source("a", recheck=True), source("b"))


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with an article to be erased and one to be hidden: edited, then not to be had, then gone, and imported."""
    root = tmp_path_factory.mktemp("everywhere")
    (root / "sources.yaml").write_text(
        "settings: {min_free: 1MB, contact: desk@example.org}\n"
        "sources:\n  - {id: a, url: 'http://a.example/'}\n  - {id: b, url: 'http://b.example/'}\n"
    )
    before = FakeWeb(world() | {"http://a.example/feed": 404}, now=NOON - DAY)
    crawl(root, before, *SOURCES, clock=ClockOf(before))  # which looks for a feed on the front page
    longer = [one._replace(text=f"{one.text}\n\nA line more.").page for one in (ERASED, HIDDEN)]
    answers_of_days: Sequence[Sequence[object]] = ([ERASED.page, HIDDEN.page], longer, [404, 404], [500, 500])
    for day, answered in enumerate(answers_of_days):
        now_there: dict[str, object] = {ERASED.url: answered[0], HIDDEN.url: answered[1]}
        web = FakeWeb(world() | now_there, now=NOON + day * DAY)
        edited = rf"<updated>{web.now:%Y-%m-%dT%H:%M:%SZ}</updated>\1"
        web.pages["http://a.example/feed"] = re.sub("(<link)", edited, full_feed(ERASED, HIDDEN))
        crawl(root, web, *SOURCES, clock=ClockOf(web))
    rescued = [
        foreignfiles.record(foreignfiles.http(one.page), url=one.url, date="2011-01-01T00:00:00Z")
        for one in (ERASED, HIDDEN)
    ]
    with pipeline.opened(Home(root), following(*SOURCES)) as line:
        line.bring_in(foreignfiles.put(root.parent, foreignfiles.zipped(rescued)))
    for name, query in SEARCHES.items():
        saved.save(Home(root), name, parse(query), by="test", now=NOON)
    return root


@pytest.fixture
def home(grown: Path, tmp_path: Path) -> Home:
    return Home(Path(shutil.copytree(grown, tmp_path / "home")))


# --- every way to ask -----------------------------------------------------------------------------------------------


class Ask(NamedTuple):
    """A request."""

    path: str
    form: tuple[tuple[str, str], ...] = ()
    """Sent as a form, if there is any."""

    @property
    def words(self) -> str:
        """All that it says itself, in lower case: an answer may repeat that."""
        return unquote_plus(self.path + urlencode(self.form)).lower()


@dataclass(frozen=True)
class Names:
    """All by which the articles can be named."""

    ids: Sequence[str]
    urls: Sequence[str]
    times: Sequence[str]
    """When anything was captured, in fourteen digits."""

    def queries(self) -> list[str]:
        """What is typed into a search."""
        of_each = [
            (*one.signs, one.title, f'"{one.title}"', one.author, one.url, f"url:{one.url}", one.text[:60])
            for one in (ERASED, HIDDEN)
        ]
        return [*itertools.chain(*of_each), *self.ids, "vans", "people", "lantern OR bridge OR vans"]


def searching(path: str, *more: str, words: bool = True) -> Any:
    """Ask a path that searches: by every word, and by every filter."""

    def ways(names: Names) -> Iterator[str]:
        asked = [urlencode({"q": query}) for query in (names.queries() if words else names.ids)]
        asked += [
            "source=a",
            "source=b&language=en",
            "since=2026",
            "until=2027",
            "q=people&since=2026-11&until=2026-11",
        ]
        asked += ["source=a&as_of=2026-11", "q=lantern&as_of=2026-12-30"]
        asked += [f"source=a&{one}" for one in more]
        yield from (f"{path}?{one}" for one in asked)

    return ways


def of_articles(path: str, *more: str) -> Any:
    return lambda names: (path.replace("{article_id}", i) + one for i in names.ids for one in ("", *more))


def exported(names: Names) -> Iterator[str]:
    for end in exporting.FORMS:
        yield from searching(f"/export.{end}", words=False)(names)


def cited(names: Names) -> Iterator[str]:
    for end in citing.FORMS:
        yield from of_articles(f"/articles/{{article_id}}/cite.{end}", "?version=1", "?version=2")(names)


def feeds(names: Names) -> Iterator[str]:
    narrowed = ["", "?source=a", "?source=b", *(f"?search={name}" for name in SEARCHES)]
    yield from (f"/feeds/{kind}.{form}{more}" for kind in Kind for form in ("atom", "json") for more in narrowed)


def pasted(names: Names) -> Iterator[Ask]:
    for text in (ERASED.text, HIDDEN.text, OTHER, STORY, ERASED.url):
        yield Ask("/reposts", (("text", text),))


def decided(names: Names) -> Iterator[Ask]:
    for a, b in itertools.combinations(names.ids, 2):
        given = {"key": DOOR.key, "kind": "confirmed", "a": a, "b": b, "here": a}
        yield Ask("/decisions", tuple(given.items()))


def beside(names: Names) -> Iterator[str]:
    yield from (f"/articles/{a}/beside/{b}" for a, b in itertools.permutations(names.ids, 2))


def copied(path: str, *more: str) -> Any:
    """Ask for the copies of each address, at every time and in every form."""

    def ways(names: Names) -> Iterator[str]:
        forms = [f"{at}{form}/" for at in ("2011", "2026", *names.times) for form in ("", "id_", "im_", "cs_")]
        yield from (f"{path}{form}{url}" for url in names.urls for form in (*more, *forms))

    return ways


def of_addresses(path: str) -> Any:
    return lambda names: (path + url for url in names.urls)


PAGES: dict[tuple[str, str], Any] = {
    ("GET", "/"): searching("/", "sort=published", "sort=captured", "sort=captured&offset=1"),
    ("GET", "/context"): searching("/context", "order=left", "order=date"),
    ("GET", "/timeline"): searching("/timeline", "by=year", "words=count"),
    ("GET", "/families"): searching("/families"),
    ("GET", "/export"): searching("/export", "look=all"),
    ("GET", "/export.{end}"): exported,
    ("GET", "/articles/{article_id}"): of_articles("/articles/{article_id}", "?version=1", "?version=2"),
    ("GET", "/articles/{article_id}/changes"): of_articles("/articles/{article_id}/changes", "?old=1&new=2"),
    ("GET", "/articles/{article_id}/cite.{end}"): cited,
    ("GET", "/articles/{article_id}/family"): of_articles(
        "/articles/{article_id}/family", "?noted=aaaabbbbcccc-ddddeeeeffff"
    ),
    ("GET", "/reposts"): lambda names: ["/reposts"],
    ("POST", "/reposts"): pasted,
    ("POST", "/decisions"): decided,
    ("POST", "/trials"): lambda names: [Ask("/trials", (("key", DOOR.key), ("source", "nobody")))],
    ("GET", "/articles/{article_id}/beside/{other_id}"): beside,
    ("GET", "/saved"): lambda names: ["/saved"],
    ("GET", "/sources"): lambda names: ["/sources"],
    ("GET", "/sources/{source_id}"): lambda names: ["/sources/a", "/sources/b"],
    ("GET", "/feeds"): lambda names: ["/feeds", "/feeds?source=a", *(f"/feeds?search={name}" for name in SEARCHES)],
    ("GET", "/feeds/searches/{name}.{form}"): lambda names: [
        f"/feeds/searches/{name}.{form}" for name in SEARCHES for form in ("atom", "json")
    ],
    ("GET", "/feeds/{kind}.{form}"): feeds,
    ("GET", "/language/{name}"): lambda names: [f"/language/fr?back={quote(f'/articles/{i}')}" for i in names.ids],
    ("GET", "/healthz"): lambda names: ["/healthz"],
    ("GET", "/metrics"): lambda names: ["/metrics"],
    ("GET", "/static/{path:path}"): lambda names: ["/static/style.css", f"/static/{names.ids[0]}"],
    ("GET", "/api/openapi.json"): lambda names: ["/api/openapi.json"],
    ("GET", "/api/search"): searching("/api/search", "sort=published", "sort=captured&offset=1&limit=9"),
    ("GET", "/api/context"): searching("/api/context", "order=left", "order=date&offset=1&limit=9"),
    ("GET", "/api/timeline"): searching("/api/timeline", "by=year", "words=count"),
    ("GET", "/api/families"): searching("/api/families", "offset=1&limit=9"),
    ("GET", "/api/articles/{article_id}"): of_articles("/api/articles/{article_id}", "?version=1", "?version=2"),
    ("GET", "/api/articles/{article_id}/changes"): of_articles("/api/articles/{article_id}/changes", "?old=1&new=2"),
    ("GET", "/api/articles/{article_id}/family"): of_articles("/api/articles/{article_id}/family", "?offset=0&limit=9"),
    ("GET", "/api/sources/{source_id}"): lambda names: ["/api/sources/a", "/api/sources/b"],
    ("GET", "/api/status"): lambda names: ["/api/status"],
    ("GET", "/api/export"): searching("/api/export", "look=all"),
    ("GET", "/api/sources"): lambda names: ["/api/sources", "/api/sources?limit=1&offset=1"],
    ("GET", "/api/saved"): lambda names: ["/api/saved"],
    ("GET", "/api/feeds"): lambda names: ["/api/feeds?source=a", *(f"/api/feeds?search={name}" for name in SEARCHES)],
    ("POST", "/api/reposts"): lambda names: [
        ask._replace(path=f"/api{ask.path}?limit=9&offset=0") for ask in pasted(names)
    ],
}
"""How every route of the pages is asked for the articles."""
COPIES: dict[tuple[str, str], Any] = {
    ("GET", "/"): lambda names: ["/"],
    ("GET", "/web/{rest:path}"): copied("/web/", "*/", ""),
    ("GET", "/{key}/web/{rest:path}"): copied("/{key}/web/"),
    ("GET", "/timegate/{rest:path}"): of_addresses("/timegate/"),
    ("GET", "/timemap/link/{rest:path}"): of_addresses("/timemap/link/"),
    ("GET", "/static/{path:path}"): lambda names: ["/static/style.css"],
}
"""Likewise of the archived copies."""


def inside(app: Any) -> Any:
    """The application that routes, without what stands before it."""
    while not hasattr(app, "routes"):
        app = app._app
    return app


def routes_of(app: Any) -> dict[tuple[str, str], Route | Mount]:
    """Every route of an application, by method and path; the key in the addresses of copies is made anew each time."""
    made, found = inside(app), dict[tuple[str, str], Route | Mount]()
    key = getattr(made.state, "key", "\0")
    rooms = [getattr(route, "original_router", None) for route in made.routes]
    every = [*made.routes, *(route for room in rooms if room for route in room.routes)]
    for route in (route for route in every if not hasattr(route, "original_router")):
        assert isinstance(route, Route | Mount), f"{route!r} is not asked here"
        if isinstance(route, Mount):
            found["GET", f"{route.path}/{{path:path}}"] = route
        else:
            found |= {
                (method, route.path.replace(key, "{key}")): route for method in (route.methods or {"GET"}) - {"HEAD"}
            }
    return found


def asks(ways: dict[tuple[str, str], Any], names: Names, key: str = "") -> dict[Ask, tuple[str, str]]:
    """Every request, with the route that it is for."""
    found = {}
    for route, way in ways.items():
        for one in way(names):
            ask = one if isinstance(one, Ask) else Ask(one.replace("{key}", key))
            found[ask] = route
    return found


class _From(HTTPAdapter):
    """Asks from another address of this machine: many readers, of whom none asks too much."""

    def __init__(self, number: int) -> None:
        self._number = number
        super().__init__()

    def init_poolmanager(self, *args: Any, **more: Any) -> None:
        super().init_poolmanager(*args, source_address=(f"127.0.1.{self._number}", 0), **more)


READERS = 100


def answers(base: str, asked: Iterable[Ask], tags: dict[Ask, str] | None = None) -> dict[Ask, requests.Response]:
    """What a server answers to each request, with the tag of what its reader has already."""
    readers = [requests.Session() for _ in range(READERS)]
    for number, reader in enumerate(readers):
        reader.mount("http://", _From(number + 1))
    found = {}
    for ask, reader in zip(asked, itertools.cycle(readers), strict=False):
        headers = {"If-None-Match": tags[ask]} if tags and ask in tags else {}
        if ask.form:
            headers |= {"Origin": base}
        found[ask] = reader.request(
            "POST" if ask.form else "GET", base + ask.path, data=ask.form or None, headers=headers, timeout=60,
            allow_redirects=False, auth=("desk", DOOR.token) if ask.form else None,
        )  # fmt: skip
        assert found[ask].status_code != 429, ask
    for reader in readers:
        reader.close()
    return found


def signs_in(ask: Ask, answer: requests.Response, *told: Told) -> list[str]:
    """What an answer says of articles that it was not told by who asked."""
    said = f"{answer.content.decode('utf-8', 'replace')}\n{answer.headers}".lower()
    return [sign for one in told for sign in one.signs if sign in said and sign not in ask.words]


@contextmanager
def both(home: Home) -> Iterator[tuple[str, str, dict[Ask, tuple[str, str]], dict[Ask, tuple[str, str]]]]:
    """Both applications, served, and all requests to each."""
    there = articles(home.root)
    urls = [*there, "http://a.example/", API, "http://a.example/feed"]
    with Catalogue(home.catalogue) as catalogue:
        captured = [capture for url in urls for capture in catalogue.copies_at(url)]
    times = {f"{one.captured_at.astimezone(UTC):%Y%m%d%H%M%S}" for one in captured}
    names = Names([article.id for article in there.values()], urls, sorted(times))
    copies = replaying.application(home, pages="http://127.0.0.1:1")
    with served_by(copies) as second, served_by(serving.application(home, door=DOOR, copies=second)) as first:
        yield first, second, asks(PAGES, names), asks(COPIES, names, inside(copies).state.key)


def telling(found: dict[Ask, requests.Response], *told: Told) -> dict[Ask, list[str]]:
    return {ask: signs for ask, answer in found.items() if (signs := signs_in(ask, answer, *told))}


# --- the tests ------------------------------------------------------------------------------------------------------


def test_every_route_is_asked_here() -> None:
    nowhere = Home(Path("nowhere"))

    assert routes_of(serving.application(nowhere)).keys() == PAGES.keys()
    assert routes_of(replaying.application(nowhere)).keys() == COPIES.keys()


def test_every_parameter_that_a_route_declares_is_given_here() -> None:
    asked = asks(PAGES, Names(["x"], ["http://a.example/1"], []))
    for route, of in routes_of(serving.application(Home(Path("nowhere")))).items():
        if isinstance(of, APIRoute):
            dependants = [of.dependant, *of.dependant.dependencies]
            declared = {one.alias for each in dependants for one in each.query_params}
            given = {word for ask, its in asked.items() if its == route for word in re.findall(r"[?&](\w+)=", ask.path)}
            assert declared <= given, route


def test_what_is_withdrawn_is_in_no_answer_of_a_server_that_ran_before_nor_of_a_new_one(
    home: Home, aggregator: Aggregator
) -> None:
    def typed(*words: str) -> None:
        said = aggregator("--home", str(home.root), *words)
        assert said.code == 0, said.err

    with both(home) as (pages, copies, of_pages, of_copies):
        before = answers(pages, of_pages), answers(copies, of_copies)
        typed("takedown", ERASED.url, "--reason", "person-at-risk", "--erase", "--yes")
        typed("takedown", HIDDEN.url, "--reason", "person-at-risk")
        tags = {ask: answer.headers["ETag"] for ask, answer in before[0].items() if "ETag" in answer.headers}
        after = answers(pages, of_pages, tags), answers(copies, of_copies)
        left = traces(home.root, *ERASED.words)
    told_before = {**telling(before[0], ERASED, HIDDEN), **telling(before[1], ERASED, HIDDEN)}

    told = {(of_pages | of_copies)[ask] for ask in told_before}
    assert len(told) > 20, "the articles are where they are looked for"
    assert len(tags) > 50
    for found in after:
        assert telling(found, ERASED, HIDDEN) == {}
        assert not [ask for ask, answer in found.items() if answer.status_code == 304 and ask in told_before]
    assert not [ask for ask, answer in (after[0] | before[0]).items() if answer.status_code >= 500]
    assert left == []
    assert not [term for term in terms_of(home.fulltext) for sign in ERASED.signs if sign[:7] in term]
    with both(home) as (pages, copies, of_pages, of_copies):
        assert telling(answers(pages, [ask for ask in of_pages if ask in told_before]), ERASED, HIDDEN) == {}
        assert telling(answers(copies, of_copies), ERASED, HIDDEN) == {}
    assert traces(home.root, *ERASED.words) == []
    assert traces(home.root, ERASED.signs[4]) == ["archive/events.jsonl"]  # where somebody decided about it, by its id


def test_what_is_withdrawn_is_in_no_export_or_citation(home: Home, tmp_path: Path, aggregator: Aggregator) -> None:
    def typed(*words: str) -> str:
        said = aggregator("--home", str(home.root), *words)
        assert said.code in (0, 1), said.err
        return said.out

    def handed_on(folder: Path) -> list[str]:
        folder.mkdir()
        for kind in exports.KINDS:
            typed("export", kind, "--output", str(folder / kind))
        for form in (*hits.FORMS, *by_command.FORMS):
            (folder / form).write_text(typed("search", "people OR lantern OR bridge", "--format", form))
        with zipfile.ZipFile(folder / "wacz") as package:
            package.extractall(folder / "unpacked")
        return traces(folder, *ERASED.words, *HIDDEN.words)

    assert len(handed_on(tmp_path / "before")) > len(exports.KINDS)
    typed("takedown", ERASED.url, "--reason", "person-at-risk", "--erase", "--yes")
    typed("takedown", HIDDEN.url, "--reason", "person-at-risk")

    assert handed_on(tmp_path / "after") == []
