"""What pages show with their text: archived when asked for, within bounds, and gone with the page."""

from __future__ import annotations

import errno
import gzip
import json
import threading
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence, Set
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import escape
from io import BytesIO
from pathlib import Path
from random import randbytes
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markupsafe import Markup
from warcio.archiveiterator import ArchiveIterator

from aggregator import exports, pipeline, takedown, urls, verification
from aggregator.archive import records
from aggregator.catalogue import FRESH, MAX_ATTEMPTS
from aggregator.cli import withdrawing
from aggregator.errors import FetchError, NoSpaceError
from aggregator.extract import requisites
from aggregator.fetch import Fetcher
from aggregator.fetch.limits import MAX_REQUISITE_BYTES
from aggregator.home import Home
from aggregator.model import Keep, Request, Requisites, Role, Run, Settings, Source
from aggregator.pipeline import checking, lanes
from aggregator.pipeline import showing as shown_by_pages
from aggregator.replay import rewriting
from aggregator.replay.addresses import Linking
from aggregator.replay.serving import application
from aggregator.takedown import Scope
from tests import doors
from tests.fakecli import Aggregator
from tests.fakeweb import (
    ANYTHING_GOES,
    NOON,
    OTHER,
    STORY,
    ClockOf,
    FakeWeb,
    articles,
    catalogue,
    crawl,
    dump,
    feed,
    following,
    page,
    redirect,
    refused,
    source,
)
from tests.rawserver import RawServer
from tests.webbed import Seen, got, serving

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(64))
ICON = b"\x00\x00\x01\x00" + bytes(range(64))
KEEPS = Keep(requisites=True)
SITE = source("a", keep=KEEPS)
ONE, TWO = "http://a.example/1", "http://a.example/2"


def showing(markup: str, text: str = STORY, *, head: str = "", title: str = "A title of its own") -> str:
    """An article page with something to see."""
    return page(text, title=title).replace("</head>", f"{head}</head>").replace("</article>", f"{markup}</article>")


def picture(body: bytes = PNG, kind: str = "image/png", **headers: str) -> tuple[int, dict[str, str], bytes]:
    return 200, {"Content-Type": kind, **headers}, body


def sheet(css: str) -> tuple[int, dict[str, str], bytes]:
    return 200, {"Content-Type": "text/css"}, css.encode()


def web_of(pages: dict[str, object], *, of: str = "a") -> FakeWeb:
    """A web with a feed that announces whatever of it is a page."""
    announced = [url for url, body in pages.items() if isinstance(body, str)]
    return FakeWeb({f"http://{of}.example/feed": feed(*announced), **pages})


def visit(root: Path, web: FakeWeb, *sources: Source) -> Run:
    return next(iter(crawl(root, web, *(sources or (SITE,)), clock=ClockOf(web)).values()))


def kept(root: Path) -> list[str]:
    """The addresses of all captures that are requisites."""
    with catalogue(root) as known:
        rows = [row for table, row in known.dump() if table == "captures" and row["role"] == "requisite"]
    return sorted(row["url"] for row in rows)


def rebuilt(root: Path, *sources: Source) -> list[tuple[str, dict[str, Any]]]:
    pipeline.rebuild(Home(root), following(*(sources or (SITE,))))
    return dump(root)


def test_what_a_page_shows_is_kept_when_the_source_asks_for_it(tmp_path: Path) -> None:
    web = web_of({
        ONE: showing("<img src=/pic.png>", head="<link rel=stylesheet href=s.css><link rel=icon href=/i.ico>"),
        "http://a.example/pic.png": picture(),
        "http://a.example/s.css": sheet("p { background: url(bg.png) } @import 'more.css';"),
        "http://a.example/i.ico": picture(ICON, "image/x-icon"),
        "http://a.example/bg.png": picture(),
        "http://a.example/more.css": sheet("b { background: url(deep.png) }"),
    })  # fmt: skip

    run = visit(tmp_path, web)

    assert kept(tmp_path) == [
        f"http://a.example/{name}" for name in ("bg.png", "i.ico", "more.css", "pic.png", "s.css")
    ]
    assert (run.outcome, run.new, run.failed, run.notes) == ("ok", 1, [], [])
    before = dump(tmp_path)
    assert rebuilt(tmp_path) == before


def test_nothing_but_pages_is_asked_for_where_nobody_asks_for_more(tmp_path: Path) -> None:
    web = web_of({ONE: showing("<img src=/pic.png>"), "http://a.example/pic.png": picture()})

    visit(tmp_path, web, source("a"))

    assert not web.times_asked("http://a.example/pic.png")
    assert not kept(tmp_path)


# --- what is asked for ----------------------------------------------------------------------------------------------


def test_what_is_kept_beside_pages_is_no_article_and_no_announcement(tmp_path: Path) -> None:
    web = web_of({ONE: showing("<img src=/pic.png><img src=/2>"), TWO: page(OTHER)})
    web.pages["http://a.example/feed"] = feed(ONE)

    run = visit(tmp_path, web)

    with catalogue(tmp_path) as known:
        articles = list(known.articles(known.article_ids()).values())
        assert [article.url for article in articles] == [ONE]
        assert known.captures_at(TWO) == []
        assert [table for table, row in known.dump() if table == "discoveries" and row["url"] != ONE] == []
    assert (run.new, run.discovered, run.outcome) == (1, 1, "ok")


def test_a_page_that_comes_later_as_an_article_is_one_although_a_page_showed_it_as_a_picture(tmp_path: Path) -> None:
    web = web_of({ONE: showing("<img src=/2>"), TWO: (200, {"Content-Type": "text/html", "ETag": '"2"'}, page(OTHER))})
    visit(tmp_path, web)
    web.pages["http://a.example/feed"] = feed(ONE, TWO)

    run = visit(tmp_path, web)

    with catalogue(tmp_path) as known:
        assert {article.url for article in known.articles(known.article_ids()).values()} == {ONE, TWO}
    assert run.new == 1
    before = dump(tmp_path)
    assert rebuilt(tmp_path) == before


PLACES = {
    "<img src=/p>": ["p"],
    "<img src=' /p '>": ["p"],
    "<img data-src=/p src='data:image/gif;base64,R0lGOD'>": ["p"],
    "<img src=/p srcset='/p 400w, /q 800w, /r 1600w'>": ["p"],
    "<img src=/o srcset='/p 400w, /q 1200w, /r 1600w'>": ["o", "q"],
    "<img srcset='/p, /q 2x'>": ["p"],
    "<img srcset='/p 100w, /q 200w'>": ["q"],
    "<picture><source srcset='/w 1x'><source srcset='/x'><img src=/p></picture>": ["w", "p"],
    "<video poster=/p src=/film><source src=/film2 srcset=/no></video><audio src=/sound></audio>": ["p"],
    "<input type=image src=/p><input src=/no><table background=/b></table>": ["p", "b"],
    "<p style='background: url(/p)'>": ["p"],
    "<style>p { background: url('/p') } @font-face { src: url(/t.woff2?#x) } @import '/s';</style>": ["s", "p"],
    "<link rel=stylesheet href=/s><link rel=stylesheet media=print href=/no>": ["s"],
    "<link rel='alternate stylesheet' href=/no><link rel='StyleSheet' href=/s>": ["s"],
    "<link rel='shortcut icon' href=/i><link rel=preload href=/no><link rel=stylesheet>": ["i"],
    "<noscript><img src=/p></noscript><img src=/p><img src='//a.example/p#x'>": ["p"],
    "<script src=/no></script><iframe src=/no></iframe><object data=/no></object><embed src=/no><a href=/no>": [],
    "<base href='/deep/'><img src=p>": ["deep/p"],
    "<svg><image href=/no></svg><img src=''><img src=' '><img>": [],
}


@pytest.mark.parametrize("markup", PLACES)
def test_of_each_place_one_picture_is_named(markup: str) -> None:
    found = requisites.of_page(showing(markup).encode(), url=ONE, content_type="text/html")

    assert found == tuple(f"http://a.example/{name}" for name in PLACES[markup])


HOSTILE = (
    "data:image/png;base64,AAAA", "javascript:alert(1)", "file:///etc/passwd", "ftp://a.example/x", "//", "http://",
    "http:///x", "mailto:a@a.example", "about:blank", "blob:http://a.example/1", "http://user:pw@[::1", "\\\\host\\x",
    "http://a.example:99999/x", "http://a\x00b/x", "http://a.example\\@10.0.0.1/", "x" * 1_000_000, "#top", " ",
    "\ud800", "http://" + "a" * 3_000 + ".example/",
)  # fmt: skip


@pytest.mark.parametrize("named", HOSTILE, ids=lambda named: ascii(named)[:30])
def test_what_is_no_address_on_the_web_is_not_asked_for(named: str) -> None:
    attribute = escape(named)
    markup = f'<img src="{attribute}" srcset="{attribute} 2x"><link rel=stylesheet href="{attribute}">'

    found = requisites.of_page(showing(markup).encode("utf-8", "replace"), url=ONE, content_type="text/html")

    assert all(one.startswith("http") and len(one) <= urls.MAX_URL_CHARS for one in found)
    assert not any(sign in one for one in found for sign in ("passwd", "10.0.0.1", "alert", "user:pw", "xxx"))


def test_a_page_with_very_many_pictures_is_not_looked_through_for_long() -> None:
    markup = "".join(f"<img src=/{n} srcset='{'/a 1x, ' * 40}'>" for n in range(5_000))

    assert len(requisites.of_page(showing(markup).encode(), url=ONE, content_type="text/html")) == 64
    assert requisites.of_page(b"<img src=/p>" + b" " * (2 << 20), url=ONE, content_type="text/html") == ()
    many = b"<img src=/p>" * (requisites.MAX_TAGS + 1)
    assert requisites.of_page(many, url=ONE, content_type="text/html") == ()


COSTLY = {
    "style sheets without an end": b"<style>" + b"@import '" * 200_000,
    "addresses from far down": b"<base href='http://a/%s'>" % (b"a/" * 900) + b"<img src=../x>" * 130_000,
    "names of hosts in letters": "".join(f"<img src='//{'é' * 60}{n}'>" for n in range(14_000)).encode(),
    "one host's name without an end": f"<img src='//{'é' * 1_000_000}/'>".encode(),
    "names of many parts": "".join(f"<img src='//{'é.' * 1_000}{n}/'>" for n in range(700)).encode(),
    "many names of hosts": "".join(f"<img src='//{'é.' * 120}{n}/'>" for n in range(5_000)).encode(),
    "elements that show nothing": b"<img>" * 400_000,
    "elements in elements": b"<b>" * 690_000,
    "styles of elements": b"<p style='background:url(x)'>" * 70_000,
}


@pytest.mark.parametrize("body", COSTLY.values(), ids=COSTLY)
def test_a_page_made_to_be_slow_holds_nobody_up(body: bytes) -> None:
    began = time.process_time()
    requisites.of_page(body, url=ONE, content_type="text/html")
    requisites.of_sheet(body, url=ONE, content_type="text/css")

    assert time.process_time() - began < 2.5


def test_pictures_at_a_host_whose_name_has_other_letters_are_named() -> None:
    body = showing("<img src='//café.example/é.png'>").encode()

    assert requisites.of_page(body, url=ONE, content_type="text/html; charset=utf-8") == (
        "http://xn--caf-dma.example/%C3%A9.png",
    )


# --- bounds ---------------------------------------------------------------------------------------------------------


def test_a_page_shows_so_many_and_no_more_those_of_its_style_sheets_included(tmp_path: Path) -> None:
    css = "".join(f"a {{ background: url(/bg{n:02}.png) }} " for n in range(40))
    pictures: dict[str, object] = {f"http://a.example/{n:02}.png": picture() for n in range(40)}
    pictures |= {f"http://a.example/bg{n:02}.png": picture() for n in range(40)}
    markup = "".join(f"<img src=/{n:02}.png>" for n in range(40))
    web = web_of({ONE: showing(markup, head="<link rel=stylesheet href=/s.css>"), **pictures})
    web.pages["http://a.example/s.css"] = sheet(css)

    visit(tmp_path, web)

    assert len(kept(tmp_path)) == requisites.MAX_REQUISITES == 64


def test_a_picture_that_is_too_long_is_noted_and_not_kept(tmp_path: Path) -> None:
    web = web_of({ONE: showing("<img src=/long.png><img src=/pic.png>")})
    web.pages["http://a.example/long.png"] = picture(PNG + bytes(MAX_REQUISITE_BYTES))
    web.pages["http://a.example/pic.png"] = picture()

    run = visit(tmp_path, web)

    assert kept(tmp_path) == ["http://a.example/pic.png"]
    assert (run.outcome, run.failed) == ("ok", [])
    assert run.notes == ["pictures and style sheets of its pages that could not be had: 1"]
    visit(tmp_path, web)
    assert web.times_asked("http://a.example/long.png") == 1


def test_a_page_shows_so_many_bytes_and_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shown_by_pages, "MAX_SHOWN_BYTES", 250_000)
    names = [f"http://a.example/{n}.png" for n in range(4)]
    web = web_of(
        {ONE: showing("".join(f"<img src={name}>" for name in names)), TWO: showing("<img src=/2.png>", OTHER)}
    )
    web.pages |= {name: picture(PNG + randbytes(100_000)) for name in names}

    run = visit(tmp_path, web)

    assert len(kept(tmp_path)) == 3 and run.failed == []
    assert sum(map(web.times_asked, names)) == 3


def test_a_page_names_pictures_at_few_other_hosts() -> None:
    markup = "".join(
        f"<img src=http://{n}.evil.example/a.png><img src=http://{n}.evil.example/b.png>" for n in range(60)
    )

    found = requisites.of_page(showing(f"{markup}<img src=/own.png>").encode(), url=ONE, content_type="text/html")

    hosts = {urls.host(one) for one in found}
    assert hosts == {"a.example", *(f"{n}.evil.example" for n in range(requisites.MAX_HOSTS))}
    assert len(found) == 2 * requisites.MAX_HOSTS + 1


def test_a_visit_looks_for_pictures_at_so_many_hosts_and_the_next_at_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lanes, "MAX_HELPING", 2)
    there = [f"http://cdn{n}.example/{n}.png" for n in range(5)]
    web = web_of({ONE: showing("".join(f"<img src={url}>" for url in there)), **{url: picture() for url in there}})

    had = [len(kept(tmp_path)) for _ in range(3) if visit(tmp_path, web).fetched]

    assert had == [2, 4, 5]


def test_a_host_with_a_long_robots_txt_is_not_asked_for_what_pages_show(tmp_path: Path) -> None:
    long = ANYTHING_GOES.ljust(40_000, b"#")
    there = "http://cdn.example/pic.png"
    web = web_of({ONE: showing(f"<img src={there}><img src=/pic.png>"), there: picture()})
    web.pages |= {"http://a.example/pic.png": picture(), "http://a.example/robots.txt": long}
    web.pages["http://cdn.example/robots.txt"] = long + b"#"

    run = visit(tmp_path, web)

    assert kept(tmp_path) == ["http://a.example/pic.png"]
    assert (run.outcome, run.new, run.failed) == ("ok", 1, [])


# --- when it is asked for again -------------------------------------------------------------------------------------


def test_what_was_had_of_late_is_not_asked_for_again_and_later_only_if_it_has_changed(tmp_path: Path) -> None:
    pic = "http://a.example/pic.png"
    web = web_of({ONE: showing("<img src=/pic.png>"), pic: picture(ETag='"1"')})
    visit(tmp_path, web)
    web.pages |= {TWO: showing("<img src=/pic.png>", OTHER), "http://a.example/feed": feed(ONE, TWO)}
    web.now += timedelta(days=29)

    visit(tmp_path, web)

    assert web.times_asked(pic) == 1
    web.now += timedelta(days=2)
    three = "http://a.example/3"
    web.pages |= {three: showing("<img src=/pic.png>", STORY[:200]), "http://a.example/feed": feed(ONE, TWO, three)}
    visit(tmp_path, web)
    assert [request.etag for request in web.requests if request.url == pic] == [None, '"1"']
    with catalogue(tmp_path) as known:
        first, second = known.copies_at(pic)
    assert second.refers_to == first.record_id
    before = dump(tmp_path)
    assert rebuilt(tmp_path) == before


def test_a_page_that_shows_other_pictures_has_these_asked_for(tmp_path: Path) -> None:
    web = web_of({ONE: showing("<img src=/old.png>"), "http://a.example/old.png": picture()})
    web.pages |= {"http://a.example/new.png": picture()}
    site = replace(SITE, recheck=True)
    visit(tmp_path, web, site)
    web.pages[ONE] = showing("<img src=/new.png>")
    web.now += timedelta(days=100)

    visit(tmp_path, web, site)

    assert kept(tmp_path) == ["http://a.example/new.png", "http://a.example/old.png"]


def test_what_a_visit_could_not_ask_for_is_asked_for_in_the_next(tmp_path: Path) -> None:
    stop = threading.Event()
    web = web_of({ONE: showing("<img src=/pic.png>"), "http://a.example/pic.png": picture()})
    web.pages[ONE] = ending(stop, web.pages[ONE])
    crawl(tmp_path, web, SITE, stop=stop, clock=ClockOf(web))
    assert not kept(tmp_path)

    visit(tmp_path, web, source("a"))

    assert not kept(tmp_path), "nobody wants it any more"
    visit(tmp_path, web)
    assert kept(tmp_path) == ["http://a.example/pic.png"]
    before = dump(tmp_path)
    assert rebuilt(tmp_path) == before


def test_a_visit_whose_time_was_over_among_the_pictures_is_complete_and_the_next_has_the_others(tmp_path: Path) -> None:
    pics = [f"http://a.example/{n:02}.png" for n in range(30)]
    web = web_of({ONE: showing("".join(f"<img src={pic}>" for pic in pics)), **{pic: picture() for pic in pics}})

    def nobody_and_soon_no_time(_: Set[str]) -> Sequence[Source] | None:
        return None if web.times_asked(pics[0]) else ()

    with pipeline.opened(Home(tmp_path), following(SITE), clock=ClockOf(web)) as line:
        [run] = line.crawl([SITE], web, more=nobody_and_soon_no_time)

    assert 0 < len(kept(tmp_path)) < 30
    with catalogue(tmp_path) as known:
        assert known.has_completed_run("a")
    assert (run.outcome, run.new) == ("ok", 1)
    visit(tmp_path, web)
    assert kept(tmp_path) == pics


def test_a_check_of_a_source_asks_for_no_pictures() -> None:
    web = web_of({ONE: showing("<img src=/pic.png>"), "http://a.example/pic.png": picture()})

    found = checking.check(SITE, following(SITE), web)

    assert found.sample and found.source == SITE
    assert not web.times_asked("http://a.example/pic.png")


def test_nothing_is_asked_for_anywhere_while_the_rules_of_the_site_cannot_be_had(tmp_path: Path) -> None:
    stop = threading.Event()
    there = "http://cdn.example/pic.png"
    web = web_of({ONE: showing(f"<img src={there}>"), there: picture()})
    web.pages[ONE] = ending(stop, web.pages[ONE])
    crawl(tmp_path, web, SITE, stop=stop, clock=ClockOf(web))
    web.pages["http://a.example/robots.txt"] = refused("http://a.example/robots.txt")
    web.now += timedelta(days=2)

    visit(tmp_path, web)

    assert not web.times_asked(there)


def test_what_nobody_had_time_for_in_a_month_is_given_up(tmp_path: Path) -> None:
    stop = threading.Event()
    web = web_of({ONE: showing("<img src=/pic.png>"), "http://a.example/pic.png": picture()})
    web.pages[ONE] = ending(stop, web.pages[ONE])
    crawl(tmp_path, web, SITE, stop=stop, clock=ClockOf(web))
    web.now += FRESH + timedelta(days=1)

    visit(tmp_path, web)

    assert not web.times_asked("http://a.example/pic.png")


# --- manners --------------------------------------------------------------------------------------------------------


def test_the_rules_of_each_host_are_obeyed_and_what_they_forbid_is_no_failure_of_the_source(tmp_path: Path) -> None:
    markup = "".join(f"<img src=http://{host}.example/pic.png>" for host in ("a", "open", "shut", "dead"))
    web = web_of({ONE: showing(markup + "<img src=/no/pic.png>")})
    web.pages |= {f"http://{host}.example/pic.png": picture() for host in ("a", "open", "shut", "dead")}
    web.pages |= {
        "http://a.example/robots.txt": b"User-agent: *\nDisallow: /no/\n",
        "http://open.example/robots.txt": b"User-agent: *\nAllow: /\nSitemap: http://open.example/map.xml\n",
        "http://shut.example/robots.txt": b"User-agent: *\nDisallow: /\n",
        "http://dead.example/robots.txt": refused("http://dead.example/robots.txt"),
    }

    run = visit(tmp_path, web)

    assert kept(tmp_path) == ["http://a.example/pic.png", "http://open.example/pic.png"]
    assert not any(web.times_asked(f"http://{place}") for place in ("open.example/map.xml", "a.example/no/pic.png"))
    assert (run.outcome, run.failed) == ("ok", [])
    assert run.notes == ["pictures and style sheets of its pages that could not be had: 3"]
    before = dump(tmp_path)
    assert rebuilt(tmp_path) == before


@pytest.mark.parametrize(
    "answer", [404, 500, refused("x"), picture(kind="text/html"), (301, {"Location": "ftp://x"}, "")]
)
def test_a_picture_that_cannot_be_had_is_no_failure_of_the_page_nor_of_the_visit(
    tmp_path: Path, answer: object
) -> None:
    web = web_of({ONE: showing("<img src=/pic.png><img src=/other.png>"), "http://a.example/pic.png": answer})
    web.pages["http://a.example/other.png"] = picture()

    run = visit(tmp_path, web)

    assert (run.outcome, run.new, run.failed) == ("ok", 1, [])
    assert "http://a.example/other.png" in kept(tmp_path)


@pytest.mark.parametrize(
    ("answer", "times"),
    [
        (404, 1),
        (403, 1),
        (picture(kind="text/html"), 1),
        ((301, {"Location": "ftp://x"}, ""), 1),
        (429, MAX_ATTEMPTS),
        (503, MAX_ATTEMPTS),
        (refused("http://a.example/pic.png"), MAX_ATTEMPTS),
        (FetchError("http://a.example/pic.png", "a private address", retryable=False), 1),
        (picture(b"none", **{"Content-Encoding": "gzip"}), MAX_ATTEMPTS),
    ],
)
def test_a_picture_that_may_be_had_later_is_asked_for_a_few_times_and_another_once(
    tmp_path: Path, answer: object, times: int
) -> None:
    web = web_of({ONE: showing("<img src=/pic.png>"), "http://a.example/pic.png": answer})

    for _ in range(MAX_ATTEMPTS + 2):
        visit(tmp_path, web)
        web.now += timedelta(hours=1)

    assert web.times_asked("http://a.example/pic.png") == times


def test_a_host_that_was_busy_once_gives_its_picture_the_next_time(tmp_path: Path) -> None:
    pic = "http://a.example/pic.png"
    web = web_of({ONE: showing("<img src=/pic.png>"), pic: 503})
    visit(tmp_path, web)
    web.pages[pic] = picture()

    for _ in range(3):
        web.now += timedelta(hours=1)
        visit(tmp_path, web)

    assert web.times_asked(pic) == 2
    with catalogue(tmp_path) as known:
        assert [capture.status for capture in known.copies_at(pic)] == [503, 200]
    before = dump(tmp_path)
    assert rebuilt(tmp_path) == before


def test_a_picture_on_our_own_network_is_refused(tmp_path: Path) -> None:
    with RawServer({}) as site, RawServer({"/pic.png": answered(PNG, b"image/png")}) as inside:
        shown = showing(f"<img src={inside.url('/pic.png', host='127.0.0.2')}><img src=/pic.png>")
        site.pages |= {
            "/robots.txt": answered(ANYTHING_GOES, b"text/plain"),
            "/feed": answered(feed(site.url("/1")).encode(), b"application/atom+xml"),
            "/1": answered(shown.encode(), b"text/html"),
            "/pic.png": answered(PNG, b"image/png"),
        }
        here = source("a", url=site.url("/"), feeds=(site.url("/feed"),), keep=KEEPS, obey_robots=False)
        known = following(here)
        with pipeline.opened(Home(tmp_path), known) as line:
            web = Fetcher(replace(known.settings, allow_private=("127.0.0.1/32",)))
            [run] = line.crawl([here], web)

        assert inside.connections == 0
        assert kept(tmp_path) == [site.url("/pic.png")]
    assert (run.outcome, run.failed) == ("ok", [])


def test_a_picture_is_not_read_beyond_what_is_kept_of_one() -> None:
    long = PNG + bytes(2 * MAX_REQUISITE_BYTES)
    with RawServer({"/long.png": answered(long, b"image/png")}) as site:
        web = Fetcher(Settings(allow_private=("127.0.0.0/8",)))
        found = web.fetch(Request(url=site.url("/long.png"), role=Role.REQUISITE, source_id="a"), pace_s=0.0)

    assert found.truncated == "length"
    assert len(found.received) < MAX_REQUISITE_BYTES + (1 << 20)


@pytest.mark.parametrize("kind", ["write", "fdatasync"])
def test_a_full_disk_ends_the_crawl_and_the_next_has_what_was_missing(tmp_path: Path, kind: str) -> None:
    pages: dict[str, object] = {ONE: showing("<img src=/pic.png><img src=/q.png>")}
    pages |= {"http://a.example/pic.png": picture(), "http://a.example/q.png": picture()}
    passing = doors.Counter()
    with doors.door(passing):
        visit(tmp_path / "calm", web_of(pages))

    for point in doors.spread([point for point in passing.passed if point.kind == kind], 6):
        root = tmp_path / f"{kind}-{point.number}"
        web = web_of(pages)
        with doors.door(doors.Failing(point, errno.ENOSPC)), suppress(NoSpaceError):
            visit(root, web)
        visit(root, web)
        assert kept(root) == ["http://a.example/pic.png", "http://a.example/q.png"]


# --- withdrawing ----------------------------------------------------------------------------------------------------

NAMES = ("own.png", "shared.png", "own.css", "behind.png", "shared.css", "logo.png")


def two_pages(root: Path) -> FakeWeb:
    """A home with two articles: each shows something of its own, and both the same."""
    both = "<link rel=stylesheet href=/shared.css>"
    web = web_of({
        ONE: showing("<img src=/own.png><img src=/shared.png>", head=f"{both}<link rel=stylesheet href=/own.css>"),
        TWO: showing("<img src=/shared.png><img src=/moved.png>", OTHER, head=both, title="Another title of it"),
    })  # fmt: skip
    web.pages |= {f"http://a.example/{name}": picture() for name in NAMES}
    web.pages |= {
        "http://a.example/own.css": sheet("p { background: url(behind.png) }"),
        "http://a.example/shared.css": sheet("p { background: url(logo.png) }"),
        "http://a.example/moved.png": redirect("http://cdn.example/there.png"),
        "http://cdn.example/there.png": picture(),
    }
    visit(root, web)
    return web


def withdrawn(root: Path, ref: str, *, erase: bool, scope: Scope = Scope.ARTICLE) -> takedown.Target:
    home = Home(root)
    what = takedown.target(home, [ref], scope, erase=erase)
    how: dict[str, Any] = {"scope": scope, "reason": "person-at-risk", "by": "test", "until": None, "now": web_now()}
    event = takedown.decide(home, what, erase=erase, **how)
    if erase:
        takedown.carry_out(home, following(SITE), event.number)
    return what


def web_now() -> datetime:
    return datetime.now(UTC)


def test_an_erase_reaches_what_no_other_page_shows_and_leaves_the_rest(tmp_path: Path) -> None:
    web = two_pages(tmp_path)

    what = withdrawn(tmp_path, ONE, erase=True)

    own = ["http://a.example/behind.png", "http://a.example/own.css", "http://a.example/own.png"]
    assert list(what.requisites) == own
    left = ["logo.png", "moved.png", "shared.css", "shared.png"]
    assert kept(tmp_path) == [*(f"http://a.example/{name}" for name in left), "http://cdn.example/there.png"]
    assert not any(b"own.png" in data for data in unpacked(tmp_path))
    before = dump(tmp_path)
    assert rebuilt(tmp_path) == before
    web.pages[TWO] = showing("<img src=/own.png>", OTHER + " More.")
    web.now += timedelta(days=100)
    visit(tmp_path, web, replace(SITE, recheck=True))
    assert web.times_asked("http://a.example/own.png") == 1, "it is not captured again"
    assert verification.verify_home(Home(tmp_path), report=lambda _: None).findings == []


def test_an_erase_of_all_pages_leaves_nothing_of_what_they_showed(tmp_path: Path) -> None:
    two_pages(tmp_path)

    withdrawn(tmp_path, ONE, erase=True)
    withdrawn(tmp_path, TWO, erase=True)

    assert kept(tmp_path) == []
    with catalogue(tmp_path) as known:
        assert "requisites" not in {table for table, _ in known.dump()}


def test_a_page_that_keeps_its_place_without_a_name_keeps_what_it_shows(tmp_path: Path) -> None:
    web = web_of({ONE: showing("<img src=/maria-lopez.png><img src=/pic.png>", STORY + "\n\nSaid Maria Lopez.")})
    web.pages |= {"http://a.example/maria-lopez.png": picture(), "http://a.example/pic.png": picture()}
    visit(tmp_path, web)

    withdrawn(tmp_path, "Maria Lopez", erase=True, scope=Scope.NAME)

    assert kept(tmp_path) == ["http://a.example/pic.png"]
    assert not any(b"maria" in data.lower() for data in unpacked(tmp_path))
    with catalogue(tmp_path) as known:
        rows = [row for table, row in known.dump() if table == "requisites"]
        assert [(row["url"], row["of_url"]) for row in rows] == [("http://a.example/pic.png", ONE)]
        assert known.capture(rows[0]["record_id"]), "it is said of what is left of the page"
    withdrawn(tmp_path, ONE, erase=True)
    assert kept(tmp_path) == [], "it is still known whose it was"


def test_an_address_that_is_a_page_too_is_not_withdrawn_as_a_picture(tmp_path: Path) -> None:
    visit(tmp_path, web_of({ONE: showing("<img src=/2><img src=/>"), TWO: showing("<img src=/1>", OTHER)}))

    what = withdrawn(tmp_path, ONE, erase=True)

    assert TWO not in what.requisites
    with catalogue(tmp_path) as known:
        assert [article.url for article in known.articles(known.article_ids()).values()] == [TWO]


def test_a_hidden_page_has_what_only_it_shows_withheld_until_it_is_seen_again(tmp_path: Path) -> None:
    two_pages(tmp_path)
    number = takedown_number(tmp_path, ONE)

    with serving(application(Home(tmp_path))) as served:
        there = {name: got(f"{served}/web/2026/http://a.example/{name}").status_code for name in NAMES}
        takedown.lift(Home(tmp_path), number, by="test", now=web_now())
        again = {name: got(f"{served}/web/2026/http://a.example/{name}").status_code for name in NAMES}

    withheld = {"own.png", "own.css", "behind.png"}
    assert there == {name: 451 if name in withheld else 200 for name in NAMES}
    assert set(again.values()) == {200}


def takedown_number(root: Path, ref: str) -> int:
    what = takedown.target(Home(root), [ref], Scope.ARTICLE, erase=False)
    how: dict[str, Any] = {"reason": "person-at-risk", "by": "test", "until": None, "now": web_now()}
    return takedown.decide(Home(root), what, scope=Scope.ARTICLE, erase=False, **how).number


def test_what_an_erased_page_showed_answers_as_the_page_does(tmp_path: Path) -> None:
    two_pages(tmp_path)
    withdrawn(tmp_path, ONE, erase=True)

    with serving(application(Home(tmp_path))) as served:
        there = {name: got(f"{served}/web/2026/http://a.example/{name}").status_code for name in NAMES}

    assert there == {name: 410 if "own" in name or name == "behind.png" else 200 for name in NAMES}


@pytest.mark.parametrize("closed", ["access: dark", "access: staff", "risk: link"])
def test_what_the_pages_of_a_closed_source_show_is_closed_as_they_are(tmp_path: Path, closed: str) -> None:
    two_pages(tmp_path)
    (tmp_path / "sources.yaml").write_text(f"sources: [{{id: a, url: http://a.example/, {closed}}}]")

    with serving(application(Home(tmp_path))) as served:
        assert {got(f"{served}/web/2026/http://a.example/{name}").status_code for name in (*NAMES, "1")} == {404}


def test_what_only_pages_of_a_closed_source_show_is_closed_whoever_had_it_first(tmp_path: Path) -> None:
    other, there = source("b", keep=KEEPS), "http://cdn.example/pic.png"
    web = web_of({ONE: showing(f"<img src={there}>"), there: picture()})
    web.pages |= {
        "http://b.example/feed": feed("http://b.example/1"),
        "http://b.example/1": showing(f"<img src={there}>", OTHER, title="Another title of it"),
    }
    visit(tmp_path, web, other)
    visit(tmp_path, web, SITE, other)
    (tmp_path / "sources.yaml").write_text("sources: [{id: a, url: http://a.example/, access: dark}]")

    with serving(application(Home(tmp_path))) as served:
        before = got(f"{served}/web/2026/{there}").status_code
        withdrawn(tmp_path, "http://b.example/1", erase=True)
        after = got(f"{served}/web/2026/{there}").status_code

    assert (before, after) == (200, 404)
    assert kept(tmp_path) == [there]


def test_an_erased_version_takes_what_only_its_captures_showed_along(tmp_path: Path) -> None:
    names = ("always.png", "second.png", "third.png", "second.css", "behind.png")
    pics = {f"http://a.example/{name}": picture(PNG + name.encode()) for name in names}
    pics["http://a.example/second.css"] = sheet("p { background: url(behind.png) }")
    style = "<link rel=stylesheet href=/second.css>"
    web = web_of({ONE: showing("<img src=/always.png>"), **pics})
    site = replace(SITE, recheck=True)
    visit(tmp_path, web, site)
    for markup, head, text in (
        ("<img src=/always.png><img src=/second.png><img src=/third.png>", style, STORY + " Second."),
        ("<img src=/always.png><img src=/third.png>", "", STORY + " Third."),
    ):
        web.pages[ONE] = showing(markup, text, head=head)
        web.now += timedelta(days=100)
        visit(tmp_path, web, site)
    assert set(kept(tmp_path)) == set(pics)
    [(article, _)] = ids_of(tmp_path)

    what = withdrawn(tmp_path, f"{article}@2", erase=True, scope=Scope.VERSION)

    gone = {f"http://a.example/{name}" for name in ("second.png", "second.css", "behind.png")}
    assert set(what.requisites) == gone
    assert set(kept(tmp_path)) == set(pics) - gone
    assert not any(b"second.png" in data for data in unpacked(tmp_path))


def test_an_erased_version_leaves_what_another_version_showed_without_a_note_of_its_own(tmp_path: Path) -> None:
    web = web_of({ONE: showing("<img src=/pic.png>"), "http://a.example/pic.png": picture()})
    visit(tmp_path, web)
    web.now += timedelta(days=5)
    web.pages[ONE] = showing("<img src=/pic.png>", STORY + " Second.")
    web.pages["http://a.example/feed"] = feed(ONE, updated=web.now.isoformat())
    visit(tmp_path, web)
    [(article, _)] = ids_of(tmp_path)
    with catalogue(tmp_path) as known:
        assert len(known.notes_at(ONE)) == 1
        assert len(known.versions(article)) == 2

    what = withdrawn(tmp_path, f"{article}@1", erase=True, scope=Scope.VERSION)

    assert what.requisites == ()
    assert kept(tmp_path) == ["http://a.example/pic.png"]


def test_the_command_says_what_goes_with_an_article(tmp_path: Path, aggregator: Aggregator) -> None:
    two_pages(tmp_path)

    said = aggregator("takedown", ONE, "--reason", "error", "--dry-run", "--home", str(tmp_path))

    assert "With it: 3 pictures and style sheets that no other page shows." in said.err
    shown = aggregator("takedown", ONE, "--reason", "error", "--dry-run", "--json", "--home", str(tmp_path))
    assert len(json.loads(shown.out)["requisites"]) == 3


def test_the_command_says_what_stays_of_a_version(tmp_path: Path, aggregator: Aggregator) -> None:
    site = replace(SITE, recheck=True)
    web = web_of({ONE: showing("<img src=/old.png><img src=/both.png>")})
    web.pages |= {f"http://a.example/{name}.png": picture() for name in ("old", "both", "new")}
    visit(tmp_path, web, site)
    web.pages[ONE] = showing("<img src=/both.png><img src=/new.png>", f"{STORY}\n\n{OTHER}")
    web.now += timedelta(days=100)
    visit(tmp_path, web, site)
    refs = [f"{articles(tmp_path)[ONE].id}@{number}" for number in (1, 2)]
    options = ("--scope", "version", "--reason", "error", "--erase", "--dry-run", "--home", str(tmp_path))
    typed = ("takedown", *refs, *options)

    said, shown = aggregator(*typed), aggregator(*typed, "--json")

    assert "Not with it: 1 picture or style sheet that no capture but those of this version shows." in said.err
    assert json.loads(shown.out)["requisites_left"] == ["http://a.example/both.png"]
    what = takedown.target(Home(tmp_path), refs, Scope.VERSION, erase=True)
    asked = "Erase all this? It cannot be undone. Not erased: 1 picture"
    assert asked in withdrawing._question(what)


# --- copies and exports ---------------------------------------------------------------------------------------------


def test_an_archived_page_shows_what_was_kept_with_it_and_nothing_else(tmp_path: Path) -> None:
    web = web_of({
        ONE: showing(
            "<img src=/pic.png srcset='/pic.png 400w, /large.png 1600w'><img src=/missing.png alt=gone>"
            "<img src=/drawing.svg><img src=/moved.png><img src=http://evil.example/x.png>",
            head="<link rel=stylesheet href=/s.css><link rel=icon href=/i.ico><link rel=icon href=/none.ico>",
        ),
        "http://a.example/pic.png": picture(),
        "http://a.example/large.png": picture(),
        "http://a.example/drawing.svg": picture(b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml"),
        "http://a.example/moved.png": redirect("http://cdn.example/there.png"),
        "http://cdn.example/there.png": picture(),
        "http://a.example/s.css": sheet("p { background: url(bg.png) } b { background: url(none.png) }"),
        "http://a.example/bg.png": picture(),
        "http://a.example/i.ico": picture(ICON, "image/x-icon"),
    })  # fmt: skip
    visit(tmp_path, web)

    with serving(application(Home(tmp_path))) as served:
        shown = Seen(got(f"{served}/web/2026/{ONE}").text)
        pictures = [attributes for tag, attributes in shown.elements if tag == "img"]
        [icon] = [attributes["href"] for tag, attributes in shown.elements if attributes.get("rel") == "icon"]
        [style] = [attributes["href"] for tag, attributes in shown.elements if attributes.get("rel") == "stylesheet"]
        loaded = [got(served + str(one["src"])) for one in pictures if "src" in one]
        css = got(f"{served}{style}")
        assert got(f"{served}{icon}").headers["Content-Type"] == "image/x-icon"
        background = css.text.partition('url("')[2].partition('"')[0]
        assert got(served + background).content == PNG

    assert [one.get("src") is not None for one in pictures] == [True, False, True, True, False]
    assert [one.headers["Content-Type"] for one in loaded] == ["image/png", "image/svg+xml", "image/png"]
    assert all(one.headers["X-Content-Type-Options"] == "nosniff" for one in loaded)
    assert all(one.headers["Content-Security-Policy"].startswith("sandbox ") for one in loaded)
    assert "large.png" not in str(pictures) and "evil.example" not in str(pictures)
    assert css.headers["Content-Type"] == "text/css; charset=utf-8" and "b { background: none }" in css.text


@pytest.mark.parametrize("kind", ["warc", "wacz"])
def test_what_a_page_shows_leaves_with_it_and_is_listed_as_no_page(tmp_path: Path, kind: str) -> None:
    two_pages(tmp_path / "home")
    [two] = [i for i, url in ids_of(tmp_path / "home") if url == TWO]
    path = tmp_path / f"out.{kind}"

    exports.export(Home(tmp_path / "home"), following(SITE), kind, path, now=NOON, ids=[two])

    data = path.read_bytes()
    if kind == "wacz":
        with zipfile.ZipFile(path) as zipped:
            data = zipped.read("archive/captures.warc.gz")
            pages = [json.loads(line) for line in zipped.read("pages/pages.jsonl").splitlines()[1:]]
        assert [one["url"] for one in pages] == [TWO]
    found = {r.rec_headers["WARC-Target-URI"] for r in ArchiveIterator(BytesIO(data)) if r.rec_type == "response"}
    left = ("2", "logo.png", "moved.png", "shared.css", "shared.png")
    assert found == {*(f"http://a.example/{name}" for name in left), "http://cdn.example/there.png"}


# --- laws -----------------------------------------------------------------------------------------------------------

ADDRESS = st.sampled_from(
    ["/a.png", "b.png", "//cdn.example/c.png", "http://d.example/", "data:image/png,x", "", "x,y"]
)
SET = st.lists(st.tuples(ADDRESS, st.sampled_from(["", " 1x", " 2x", " 300w", " 2000w", " ."]))).map(
    lambda listed: ", ".join(url + size for url, size in listed)
)
IMG = st.builds(
    lambda src, srcset, lazy: f'<img src="{src}" srcset="{srcset}" data-src="{lazy}">', ADDRESS, SET, ADDRESS
)
SOURCED = st.builds(
    lambda sets, img: "<picture>" + "".join(f'<source srcset="{one}">' for one in sets) + img + "</picture>",
    st.lists(SET, max_size=3),
    IMG,
)


@example(places=['<img src="" srcset="data:image/png,x, /a.png" data-src="">'])
@given(st.lists(IMG | SOURCED, max_size=5))
def test_where_a_page_could_show_a_picture_it_shows_one_that_was_named(places: list[str]) -> None:
    html = "<!doctype html><html><body>" + "".join(places) + "</body></html>"
    named = set(requisites.of_page(html.encode(), url=ONE, content_type="text/html"))

    if_all_is_held, if_named_is_held = (pictures_of(html, holds) for holds in (lambda url: True, named.__contains__))

    assert [bool(one) for one in if_named_is_held] == [bool(one) for one in if_all_is_held]


def pictures_of(html: str, holds: Callable[[str], bool]) -> list[str]:
    """The addresses that each picture of a replayed page has."""
    linking = Linking(base=ONE, when="20261123120000", key="k", holds=holds)
    shown = Seen(rewriting.rewritten(html, linking, Markup("<p>bar</p>")))
    return [
        f"{attributes.get('src', '')}{attributes.get('srcset', '')}"
        for tag, attributes in shown.elements
        if tag == "img"
    ]


@given(st.text(), st.text(alphabet="<>\"'=/:; imgsrchefstyleurl()@port,\\\x00\r\n#%?&\ud800"))
def test_whatever_a_page_holds_few_addresses_in_their_one_form_are_named(text: str, markup: str) -> None:
    body = f"{markup}<img src='{text}'><style>{markup}</style><p style='{markup}'>{text}".encode("utf-8", "replace")

    found = requisites.of_page(body, url=ONE, content_type="text/html") + requisites.of_sheet(
        body, url=ONE, content_type="text/css"
    )

    assert len(found) <= 2 * requisites.MAX_REQUISITES
    assert all(urls.canonical(url) == url for url in found)


@given(st.lists(st.sampled_from([f"http://a.example/{n}" for n in range(9)]), unique=True))
def test_what_a_page_shows_is_read_as_it_was_written(named: list[str]) -> None:
    what = Requisites(record_id="<urn:x>", url=ONE, source_id="a", role=Role.PAGE, noted_at=NOON, named=tuple(named))
    fields, block = records.requisites_record(what)

    entry = records.read_entry(records.Record(0, 0, fields, block), "f")

    assert entry and entry.what == what


# --- what the tests say ---------------------------------------------------------------------------------------------


def ending(stop: threading.Event, body: object) -> Callable[[], object]:
    """A page that is the last one that a visit asks for."""

    def answer() -> object:
        stop.set()
        return body

    return answer


def answered(body: bytes, kind: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\nContent-Length: %d\r\n\r\n%b" % (kind, len(body), body)


def ids_of(root: Path) -> list[tuple[str, str]]:
    with catalogue(root) as known:
        return [(article.id, article.url) for article in known.articles(known.article_ids()).values()]


def unpacked(root: Path) -> Iterator[bytes]:
    """What each WARC file of a home holds."""
    for path in (root / "archive").rglob("*.warc.gz*"):
        yield gzip.decompress(path.read_bytes())
