"""Archived copies, asked over loopback as a browser and as programs ask: the right ones, as archived, kept still."""

from __future__ import annotations

import json
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import requests
from markupsafe import Markup

from aggregator import access, pipeline, takedown
from aggregator.extract import requisites
from aggregator.home import Home
from aggregator.replay import addresses, answering, rewriting, styles
from aggregator.replay.addresses import Linking
from aggregator.replay.serving import FRONT_POLICY, HEADERS, application
from aggregator.takedown import Scope
from aggregator.web.serving import application as pages
from tests.fakecli import Aggregator, Said
from tests.fakeweb import OTHER, STORY, ClockOf, FakeWeb, articles, crawl, feed, following, page, source
from tests.foreignfiles import http, put, record, zipped
from tests.pdfs import pdf
from tests.webbed import Seen, got, serving

OLD = source("old")
URL = "http://old.example/1"
FIRST, SECOND, THIRD = "20100206120000", "20120501080000", "20140301100000"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(64))
QUERY = "http://old.example/read?id=7&next=%2Fa%3Fb"
LATIN = "http://old.example/latin"
CYRILLIC = "http://old.example/cyrillic"
HOSTILE = "http://old.example/hostile"
SHEET = "http://old.example/style/old.css"
EVIL = "http://evil.example"

ATTACKS = f"""<!DOCTYPE html><html manifest="{EVIL}/m"><head><title>x</title><base href="{EVIL}/base/">
<meta http-equiv=refresh content="0; url={EVIL}/refresh"><meta http-equiv="Content-Security-Policy" content="*">
<link rel="dns-prefetch" href="//evil.example"><link rel=icon href={EVIL}/i><link rel="stylesheet preload" href="s.css">
<link rel=modulepreload href={EVIL}/m.js><script src={EVIL}/s.js></script><script>location='{EVIL}/in'</script>
<style>@import "{EVIL}/a.css"; @im\\70ort url({EVIL}/b.css) screen; p {{ background: u\\72l('{EVIL}/c.png') }}
b {{ background: image-set("{EVIL}/d.png" 1x) }} i {{ background: url({EVIL}/e.png }} </style>
<noscript><style></noscript><img src={EVIL}/n></style></noscript></head>
<body background="{EVIL}/bg" onload="fetch('{EVIL}/onload')" style="background: url(//evil.example/st)">
<img src="{EVIL}/1.png" srcset="{EVIL}/2.png 1x, //evil.example/3.png 2x" onerror=alert(1)
lowsrc={EVIL}/low dynsrc={EVIL}/d>
<img src="data:image/gif;base64,R0lGOD" data-src="/lazy.png"><a href="javascript:alert(1)" ping="{EVIL}/ping">j</a>
<a href="{EVIL}/a" target=_top>out</a><a href="&#x6a;avascript&colon;alert(1)">k</a>
<a href="data:text/html,<script>">d</a>
<iframe src="{EVIL}/frame" srcdoc="<script>alert(1)</script>">i</iframe>
<object data="{EVIL}/o"><embed src="{EVIL}/e"></object>
<form action="{EVIL}/form"><input name=q><input type=image src="{EVIL}/btn.png" formaction="{EVIL}/fa"><button
formaction="{EVIL}/f2">go</button></form><video poster="{EVIL}/poster" src="{EVIL}/v" autoplay><source src="{EVIL}/v2"
srcset="{EVIL}/v3 2x"><track src="{EVIL}/t"></video><audio src="{EVIL}/au"></audio>
<svg><image href="{EVIL}/svg" xlink:href="{EVIL}/x"/><script>alert(1)</script><style><img src={EVIL}/q></style></svg>
<math><mtext><mglyph><style><!--</style><img title="--&gt;&lt;img src={EVIL}/mx onerror=alert(1)&gt;"></mtext></math>
<xmp><p title="</xmp><img src={EVIL}/xmp onerror=alert(1)>"></xmp>
<textarea><p title="</textarea><img src={EVIL}/ta onerror=alert(1)>"></textarea>
<noembed><p title="</noembed><img src={EVIL}/ne onerror=alert(1)>"></noembed>
<template><img src="{EVIL}/tp"></template>
<table background={EVIL}/tb><tr><td background="//evil.example/td">cell</table>
<p/onclick=alert(1)//x"><img src={EVIL}/odd>kept text</p><o:p style="behavior:url({EVIL}/htc)">office</o:p>
<plaintext><img src={EVIL}/plain></body>"""


def at(digits: str) -> str:
    """Fourteen digits as a WARC-Date."""
    return re.sub(r"(....)(..)(..)(..)(..)(..)", r"\1-\2-\3T\4:\5:\6Z", digits)


def captured(body: bytes | str, when: str = FIRST, *, url: str = URL, **how: Any) -> bytes:
    return record(http(body, **how), url=url, date=at(when))


PAGE = (
    "<html><head><title>Old</title><link rel=stylesheet href='/style/old.css'></head><body><h1>Old</h1>"
    f"<img src='pic.png' alt=''><a href='/2#part'>two</a>{''.join(f'<p>{p}</p>' for p in STORY.split(chr(10)))}"
    "<script>document.write('ran')</script></body></html>"
)
RECORDS = (
    captured(PAGE),
    captured(PAGE, SECOND),
    captured(page(OTHER, title="New"), THIRD),
    captured("", "20110101000000", url="http://old.example/moved", status=301, Location="/1"),
    captured("", "20110101000000", url="http://old.example/away", status=302, Location="https://other.example/x?a=1"),
    captured("<h1>Not here</h1>", "20130101000000", url="http://old.example/gone", status=404),
    captured(PNG, "20100206120001", url="http://old.example/pic.png", kind="image/png"),
    captured("p { background: url(../pic.png) } @import 'more.css';", url=SHEET, kind="text/css"),
    captured("b { color: red }", url="http://old.example/style/more.css", kind="text/css"),
    captured(PNG, url=f"{EVIL}/lazy.png", kind="image/png"),
    captured("i { color: red }", url=f"{EVIL}/base/s.css", kind="text/css"),
    captured(page("Asked with a query."), url=QUERY),
    captured("<p>réfugiés à l'école</p>".encode("latin-1"), url=LATIN, kind="text/html; charset=iso-8859-1"),
    captured("<meta charset=windows-1251><p>Беженцы</p>".encode("cp1251"), url=CYRILLIC),
    captured(ATTACKS, url=HOSTILE),
    captured("<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", url="http://old.example/a.svg",
             kind="image/svg+xml"),
    captured("<script>alert(1)</script>", url="http://old.example/not.png", kind="image/png"),
    captured("var a = '<b>';", url="http://old.example/a.js", kind="application/javascript"),
    captured(pdf(STORY, title="A statement"), url="http://old.example/a.pdf", kind="application/pdf"),
    captured(b"\x00\x01\x02", url="http://old.example/a.bin", kind="application/x-thing"),
    captured("<frameset cols='*,*'><frame src='/1' name=text><frame src='/2'></frameset>", url="http://old.example/f"),
    captured("<meta http-equiv=refresh content='0;URL=/1'>", url="http://old.example/splash"),
)  # fmt: skip


def imported(root: Path, folder: Path, *records: bytes) -> Home:
    """A home that follows one site, of which somebody else archived these."""
    root.mkdir(exist_ok=True)
    with pipeline.opened(Home(root), following(OLD)) as line:
        line.bring_in(put(folder, zipped(records)))
    return Home(root)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    folder = tmp_path_factory.mktemp("replay")
    return imported(folder / "home", folder, *RECORDS)


@pytest.fixture(scope="module")
def served(home: Home) -> Iterator[str]:
    with serving(application(home)) as address:
        yield address


Get = Callable[..., requests.Response]


def asking(address: str) -> Get:
    def ask(path: str, **how: Any) -> requests.Response:
        return got(address + path, allow_redirects=how.pop("follow", False), **how)

    return ask


@pytest.fixture
def get(served: str) -> Get:
    return asking(served)


def embedded(shown: requests.Response, ending: str) -> str:
    """The one address under which a page loads something by itself."""
    sources = {value for _, attributes in Seen(shown.text).elements for value in attributes.values() if value}
    [found] = [value for value in sources if value.endswith(ending) and re.match(r"/[\w-]{22}/web/", value)]
    return found


# --- which capture --------------------------------------------------------------------------------------------------


def test_a_capture_is_shown_under_its_time_with_a_word_about_what_it_is(get: Get) -> None:
    answer = get(f"/web/{FIRST}/{URL}")

    seen = Seen(answer.text)
    assert answer.status_code == 200
    assert "kettles, the stove and eleven mattresses" in seen.text
    assert f"Archived copy of {URL}, captured 2010-02-06 12:00:00 UTC" in seen.text
    assert "scripts do not run" in seen.text
    assert f"/web/*/{URL}" in seen.links()
    assert answer.headers["Memento-Datetime"] == "Sat, 06 Feb 2010 12:00:00 GMT"


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("20100206120001", FIRST),
        ("20110301000000", FIRST),
        ("20110401000000", SECOND),
        ("19960101000000", FIRST),
        ("20300101000000", THIRD),
        ("2012", SECOND),
        ("201402", THIRD),
        ("20100206", FIRST),
        ("2", THIRD),
    ],
)
def test_another_time_leads_to_the_nearest_capture(get: Get, served: str, asked: str, found: str) -> None:
    answer = get(f"/web/{asked}/{URL}")

    assert (answer.status_code, answer.headers["Location"]) == (302, f"{served}/web/{found}/{URL}")
    assert "Memento-Datetime" not in answer.headers


def test_without_a_time_it_is_the_newest(get: Get, served: str) -> None:
    assert get(f"/web/{URL}").headers["Location"] == f"{served}/web/{THIRD}/{URL}"


@pytest.mark.parametrize(
    "typed", ["old.example/1", "https://old.example/1", "http:/old.example/1", "HTTP://OLD.example/1"]
)
def test_an_address_is_understood_as_people_type_it(get: Get, served: str, typed: str) -> None:
    assert get(f"/web/2010/{typed}").headers["Location"] == f"{served}/web/{FIRST}/{URL}"


def test_an_address_with_a_query_is_taken_as_it_is_written(get: Get) -> None:
    assert "Asked with a query" in get(f"/web/{FIRST}/{QUERY}").text
    assert get(f"/web/{FIRST}/{QUERY.replace('%2F', '/')}").status_code == 404


@pytest.mark.parametrize("when", ["20101399000000", "20100230", "201013", "00000000000000", "20100206250000"])
def test_a_time_that_is_none_is_said(get: Get, when: str) -> None:
    answer = get(f"/web/{when}/{URL}")
    assert (answer.status_code, "is no time" in answer.text) == (400, True)


NOBODY = "http://nobody.example/"


@pytest.mark.parametrize(
    "path", [f"/web/2010/{NOBODY}", f"/web/*/{NOBODY}", "/nothing", f"/timemap/link/{NOBODY}", f"/timegate/{NOBODY}"]
)
def test_what_is_not_held_is_not_found(get: Get, path: str) -> None:
    assert get(path).status_code == 404


@pytest.mark.parametrize("path", ["/web/2010/javascript:alert(1)", "/web/2010xx_/http://a/",
                                  "/web/*/%00", "/timegate/http://[/"])  # fmt: skip
def test_what_makes_no_sense_is_refused(get: Get, path: str) -> None:
    assert get(path).status_code == 400


def test_a_redirect_is_replayed_as_one_and_stays_inside(get: Get, served: str) -> None:
    moved = get("/web/20110101000000/http://old.example/moved")
    away = get("/web/20110101000000/http://old.example/away")

    assert (moved.status_code, moved.headers["Location"]) == (301, f"{served}/web/20110101000000/{URL}")
    assert (away.status_code, away.headers["Location"]) == (
        302, f"{served}/web/20110101000000/https://other.example/x?a=1")  # fmt: skip
    assert moved.headers["Memento-Datetime"] == "Sat, 01 Jan 2011 00:00:00 GMT"
    followed = get("/web/20110101000000/http://old.example/moved", follow=True)
    assert (followed.status_code, followed.url) == (200, f"{served}/web/{FIRST}/{URL}")


def test_what_was_not_found_then_is_shown_so(get: Get) -> None:
    answer = get("/web/20130101000000/http://old.example/gone")

    assert (answer.status_code, "Not here" in answer.text) == (404, True)
    assert "answered with HTTP 404" in answer.text
    assert "Memento-Datetime" in answer.headers


# --- what is sent ---------------------------------------------------------------------------------------------------


def test_the_bytes_are_those_that_were_archived_and_nothing_a_browser_opens(get: Get) -> None:
    for url, body in (
        (URL, PAGE.encode()),
        (HOSTILE, ATTACKS.encode()),
        (LATIN, "<p>réfugiés à l'école</p>".encode("latin-1")),
    ):
        answer = get(f"/web/{FIRST}id_/{url}")
        assert (answer.status_code, answer.content) == (200, body)
        assert answer.headers["Content-Type"] == "application/octet-stream"
        assert answer.headers["Content-Disposition"].startswith("attachment")
        assert answer.headers["X-Archive-Orig-Content-Type"].startswith("text/html")
        assert "Memento-Datetime" in answer.headers
    nearest = get(f"/web/2012id_/{URL}")
    assert nearest.headers["Location"].endswith(f"/web/{SECOND}id_/{URL}")


def test_pages_are_read_by_the_charset_they_declare_and_sent_as_utf_8(get: Get) -> None:
    for url, words in ((LATIN, "réfugiés à l'école"), (CYRILLIC, "Беженцы")):
        answer = get(f"/web/{FIRST}/{url}")
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
        assert words in answer.content.decode("utf-8")
        metas = [attributes for tag, attributes in Seen(answer.text).elements if tag == "meta"]
        assert metas == [{"charset": "utf-8"}]


def test_links_pictures_and_styles_lead_to_archived_copies(get: Get, served: str) -> None:
    shown = get(f"/web/{FIRST}/{URL}")

    assert f"/web/{FIRST}/http://old.example/2#part" in Seen(shown.text).links()
    picture, sheet = embedded(shown, "pic.png"), embedded(shown, "old.css")
    assert f"/web/{FIRST}im_/" in picture and f"/web/{FIRST}cs_/" in sheet
    loaded = get(picture, follow=True)
    assert (loaded.content, loaded.headers["Content-Type"]) == (PNG, "image/png")
    assert "/web/20100206120001im_/" in loaded.url
    styled = get(sheet)
    assert styled.headers["Content-Type"] == "text/css; charset=utf-8"
    assert picture in styled.text
    assert "im_/http://old.example/style/more.css" not in styled.text
    assert "cs_/http://old.example/style/more.css" in styled.text


def test_what_is_no_page_is_sent_as_what_cannot_run(get: Get) -> None:
    kinds = {
        "a.svg": "application/octet-stream",
        "not.png": "application/octet-stream",
        "a.js": "text/plain; charset=utf-8",
        "a.pdf": "application/pdf",
        "a.bin": "application/octet-stream",
        "pic.png": "image/png",
    }
    for name, kind in kinds.items():
        answer = get(f"/web/{FIRST}/http://old.example/{name}", follow=True)
        assert (name, answer.headers["Content-Type"]) == (name, kind)
        assert ("attachment" in answer.headers.get("Content-Disposition", "")) == (kind.startswith("application/"))


def test_frames_and_pages_that_led_on_leave_links(get: Get) -> None:
    frames = Seen(get(f"/web/{FIRST}/http://old.example/f").text)
    splash = Seen(get(f"/web/{FIRST}/http://old.example/splash").text)

    assert {f"/web/{FIRST}/{URL}", f"/web/{FIRST}/http://old.example/2"} <= set(frames.links())
    assert not {"frame", "frameset", "iframe"} & {tag for tag, _ in frames.elements}
    assert f"/web/{FIRST}/{URL}" in splash.links()


def test_a_page_of_a_hundred_thousand_elements_inside_one_another_is_shown(tmp_path: Path) -> None:
    deep = imported(tmp_path / "home", tmp_path, captured("<div>" * 100_000 + "the bottom"), captured("", url=HOSTILE))
    with serving(application(deep)) as address:
        answers = [asking(address)(f"/web/{FIRST}/{url}") for url in (URL, HOSTILE)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert "the bottom" in answers[0].text


# --- nothing runs, nothing leaves -------------------------------------------------------------------------------------

LOADING = frozenset(
    "src srcset href action formaction poster background data ping style cite lowsrc dynsrc manifest longdesc srcdoc "
    "http-equiv xlink:href".split()
)
ACTING = frozenset(
    "script base iframe frame object embed form svg math template xmp plaintext noscript noembed track applet".split()
)
BEFORE = (
    "<|</style>|<!--|<svg>|<svg><style>|<math><mi>|<select>|<table>|<title>|<textarea>|<noscript>|<frameset>|<p \"='|"
    "\ufeff|<![CDATA[|<style>|<script>|<body><html>"
).split("|")
_INSIDE = re.compile(r"/web/(?:\d{14}|\*)(?:im_|cs_|id_)?/https?://")


def outward(written: str) -> list[str]:
    """The addresses in what a page has that are not those of archived copies."""
    return re.findall(r"(?:[a-z]+:)?//[^\s\"')]+", _INSIDE.sub("/", written))


@pytest.mark.parametrize("prefix", ["", *BEFORE])
def test_hostile_pages_have_no_way_out(tmp_path: Path, prefix: str) -> None:
    hostile = imported(tmp_path / "home", tmp_path, captured(prefix + ATTACKS, url=HOSTILE))
    with serving(application(hostile)) as address:
        shown = asking(address)(f"/web/{FIRST}/{HOSTILE}")

    assert shown.status_code == 200
    seen = Seen(shown.text)
    assert not ACTING & {tag for tag, _ in seen.elements}
    for tag, attributes in seen.elements:
        assert not [name for name in attributes if name.startswith("on")]
        for name in LOADING & attributes.keys():
            value = attributes[name] or ""
            assert (tag, name, outward(value)) == (tag, name, [])
            assert name == "style" or value.startswith(("/", "#", "data:image/gif;"))
    for styled in re.findall(r"<style[^>]*>(.*?)</style>", shown.text, re.DOTALL):
        assert outward(re.sub(r"\"[0-9][^\"]*\"", "", styled)) == []  # a string that begins otherwise is no address


def test_what_pages_show_stays_when_what_they_do_goes(get: Get) -> None:
    shown = get(f"/web/{FIRST}/{HOSTILE}")

    seen = Seen(shown.text)
    assert all(
        words in seen.text for words in ("kept text", "cell", "out", "office", "[frame: http://evil.example/frame]")
    )
    assert f"/web/{FIRST}/{EVIL}/a" in seen.links()
    assert f"/web/{FIRST}im_/{EVIL}/lazy.png" in shown.text
    assert f"/web/{FIRST}cs_/{EVIL}/base/s.css" in shown.text
    assert f"im_/{EVIL}/1.png" not in shown.text, "nothing is held of it"
    assert not any("script:" in link for link in seen.links())


@pytest.mark.parametrize(
    ("css", "loads"),
    [
        ("a{b:url(x.png)}", ["im_/http://old.example/x.png"]),
        ("a{b:url( 'x y.png' )}", ["im_/http://old.example/x%20y.png"]),
        ("@import url( x.css ) print;", ["cs_/http://old.example/x.css"]),
        ('@IMPORT"x.css";', ["cs_/http://old.example/x.css"]),
        (r"a{b:\75\72\6c(//evil.example/x)}", ["im_/http://evil.example/x"]),
        (r"a{b:url(\68ttp://evil.example/x)}", ["im_/http://evil.example/x"]),
        ("a{b:image-set('//evil.example/x' 1x)}", ["im_/http://evil.example/x"]),
        ("a{b:url(javascript:alert(1))}", []),
        ("/* url(x) */ a{content:'</style><script>'}", []),
        ("a{b:url(#mark)}", []),
        ("a{b:url()}", []),
    ],
)
def test_style_sheets_load_archived_copies_alone(css: str, loads: list[str]) -> None:
    shown = styles.rewritten(css, Linking(base=URL, when=FIRST, key="k"))

    assert re.findall(r"(?<=\"/k/web/20100206120000)[^\"]*", shown) == loads
    assert "evil" not in re.sub(r"/k/web/[^\"]*", "", shown)
    assert "<" not in shown


PATHS = ("/", f"/web/{FIRST}/{URL}", f"/web/{FIRST}id_/{URL}", f"/web/{FIRST}/{HOSTILE}", f"/web/*/{URL}",
         f"/web/1/{URL}", f"/timegate/{URL}", f"/timemap/link/{URL}", "/nothing", "/web/x",
         "/static/style.css")  # fmt: skip


def test_an_address_typed_on_the_first_page_leads_to_its_calendar(served: str) -> None:
    for typed in (URL, URL.removeprefix("http://")):
        answer = requests.get(served, params={"url": f" {typed} "}, timeout=20)
        assert (answer.status_code, answer.url) == (200, f"{served}/web/*/{URL}")
    unknown = requests.get(served, params={"url": "http://nobody.example/<b>"}, timeout=20)
    assert (unknown.status_code, "<b>" in unknown.text) == (404, False)
    assert "allow-forms" in FRONT_POLICY and "form-action 'self'" in FRONT_POLICY
    assert "allow-scripts" not in FRONT_POLICY and "allow-same-origin" not in FRONT_POLICY


def test_a_copy_and_its_calendar_lead_to_the_article_that_was_read_in_it(home: Home, served: str) -> None:
    with access.opened(home) as catalogue:
        [one] = catalogue.find_articles(URL)
    link = f'<a href="http://127.0.0.1:1/articles/{one.id}">Article in this archive</a>'
    with serving(application(home, pages="http://127.0.0.1:1")) as address:
        for path in (f"/web/*/{URL}", f"/web/{FIRST}/{URL}"):
            assert link in requests.get(address + path, timeout=20).text
            assert "Article in this archive" not in requests.get(served + path, timeout=20).text


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_is_sandboxed(served: str, path: str) -> None:
    for method in ("GET", "HEAD", "POST"):
        answer = requests.request(method, served + path, timeout=20, allow_redirects=False)
        shared = {"Cross-Origin-Resource-Policy": "cross-origin"} if path.startswith("/static/") else {}
        if path.startswith("/static/") and answer.status_code == 200:
            shared["Cache-Control"] = "no-cache"
        of_front = {"Content-Security-Policy": FRONT_POLICY} if path == "/" else {}
        assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS | shared | of_front
        assert "Cross-Origin-Opener-Policy" not in answer.headers
    policy = HEADERS["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert not re.search(
        r"allow-(?:scripts|same-origin|forms|top-navigation|popups|modals)|script-src|connect-src|http", policy
    )


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "localhost.", "@localhost"]
)
def test_a_name_that_is_not_served_is_refused(get: Get, host: str) -> None:
    answer = get(f"/web/{FIRST}/{URL}", headers={"Host": host})
    assert answer.status_code in (400, 421)
    assert "kettles" not in answer.text


def test_no_page_of_others_can_find_out_what_is_archived(get: Get) -> None:
    behind = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}
    shown = get(f"/web/{FIRST}/{URL}")
    own = embedded(shown, "pic.png")

    for path in PATHS[:-1]:
        assert get(path, headers=behind).status_code == 403
    assert get(f"/web/{FIRST}im_/http://old.example/pic.png", headers=behind).status_code == 403
    assert get(own, headers=behind, follow=True).content == PNG
    key = own.split("/")[1]
    assert get(own.replace(key, "x" * len(key)), headers=behind).status_code == 403
    assert get(f"/{key}/web/{FIRST}/{URL}").status_code == 404
    assert get(f"/web/{FIRST}/{URL}", headers=behind | {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}).ok


# --- calendar and Memento ---------------------------------------------------------------------------------------------


def test_the_calendar_tells_every_capture_with_its_status_and_whether_it_was_changed(get: Get) -> None:
    seen = Seen(get(f"/web/*/{URL}").text)

    assert [link for link in seen.links() if "/web/2" in link] == [f"/web/{t}/{URL}" for t in (THIRD, SECOND, FIRST)]
    lines = [" ".join(line.split()) for line in seen.text.splitlines() if "HTTP" in line]
    assert lines == [
        "2014-03-01 10:00:00 UTC, HTTP 200, content changed",
        "2012-05-01 08:00:00 UTC, HTTP 200, same content",
        "2010-02-06 12:00:00 UTC, HTTP 200, first capture",
    ]
    assert all(word in seen.text for word in ("2014", "March", "2012", "May", "2010", "February", "3 captures"))
    assert "HTTP 404" in get("/web/*/http://old.example/gone").text


def links(header: str) -> list[tuple[str, dict[str, str]]]:
    """The links of a Link header or TimeMap (RFC 8288): targets with their parameters."""
    found = re.findall(r"<([^>]*)>((?:\s*;\s*\w+=\"[^\"]*\")*)\s*(?:,|\Z)", header.strip())
    assert ",".join(f"<{target}>{rest}" for target, rest in found) == re.sub(r",\s*<", ",<", header.strip())
    return [(target, dict(re.findall(r"(\w+)=\"([^\"]*)\"", rest))) for target, rest in found]


def test_a_timemap_lists_the_captures_in_order(get: Get, served: str) -> None:
    answer = get(f"/timemap/link/{URL}")

    assert answer.headers["Content-Type"] == "application/link-format"
    found = links(answer.text)
    by_rel = {attributes["rel"]: target for target, attributes in found}
    assert by_rel["original"] == URL
    assert by_rel["timegate"] == f"{served}/timegate/{URL}"
    assert by_rel["self"] == f"{served}/timemap/link/{URL}"
    mementos = [(target, attributes) for target, attributes in found if "memento" in attributes["rel"].split()]
    assert [target for target, _ in mementos] == [f"{served}/web/{t}/{URL}" for t in (FIRST, SECOND, THIRD)]
    assert [attributes["rel"] for _, attributes in mementos] == ["first memento", "memento", "last memento"]
    for target, attributes in mementos:
        assert requests.get(target, timeout=20).headers["Memento-Datetime"] == attributes["datetime"]
    dates = [parsedate_to_datetime(attributes["datetime"]) for _, attributes in mementos]
    assert all(one < other for one, other in pairwise(dates))
    only = links(get("/timemap/link/http://old.example/gone").text)
    assert [attributes["rel"] for _, attributes in only][3:] == ["first last memento"]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("Sat, 06 Feb 2010 12:00:00 GMT", FIRST),
        ("Thu, 01 Jan 1970 00:00:00 GMT", FIRST),
        ("Mon, 02 Apr 2012 00:00:00 GMT", SECOND),
        ("Fri, 01 Jan 2100 00:00:00 GMT", THIRD),
        (None, THIRD),
    ],
)
def test_a_timegate_leads_to_the_capture_nearest_to_a_date(
    get: Get, served: str, wanted: str | None, found: str
) -> None:
    answer = get(f"/timegate/{URL}", headers={"Accept-Datetime": wanted} if wanted else {})

    assert (answer.status_code, answer.headers["Location"]) == (302, f"{served}/web/{found}/{URL}")
    assert answer.headers["Vary"] == "accept-datetime"
    assert "Memento-Datetime" not in answer.headers
    by_rel = {attributes["rel"]: (target, attributes) for target, attributes in links(answer.headers["Link"])}
    assert by_rel["original"][0] == URL
    assert by_rel["timemap"] == (
        f"{served}/timemap/link/{URL}", {"rel": "timemap", "type": "application/link-format"})  # fmt: skip
    memento = requests.get(answer.headers["Location"], timeout=20)
    assert memento.headers["Memento-Datetime"] == by_rel["memento"][1]["datetime"]
    assert {attributes["rel"] for _, attributes in links(memento.headers["Link"])} >= {
        "original",
        "timegate",
        "timemap",
    }


@pytest.mark.parametrize("wanted", ["2010-02-06", "", "Sat, 06 Feb 2010 12:00:00 +0100", "Sat, 06 Feb 2010 12:00:00",
                                    "Sat, 31 Feb 2010 12:00:00 GMT", "Sam, 06 Fév 2010 12:00:00 GMT"])  # fmt: skip
def test_a_date_that_is_none_is_refused_by_a_timegate(get: Get, wanted: str) -> None:
    answer = get(f"/timegate/{URL}", headers={"Accept-Datetime": wanted.encode()})
    assert (answer.status_code, answer.headers["Vary"]) == (400, "accept-datetime")


# --- what is withdrawn, and what nothing may lead to ------------------------------------------------------------------

EVERY_WAY = (f"/web/{FIRST}/{URL}", f"/web/{FIRST}id_/{URL}", f"/web/2011/{URL}", f"/web/*/{URL}", f"/timegate/{URL}",
             f"/timemap/link/{URL}", f"/web/{URL}", "/web/2010/https://old.example/1?utm_source=x")  # fmt: skip


def copied(home: Home, folder: Path) -> Home:
    return Home(Path(shutil.copytree(home.root, folder / "copied")))


def withdraw(home: Home, *refs: str, scope: Scope = Scope.ARTICLE, erase: bool = False) -> int:
    what = takedown.target(home, refs, scope, erase=erase)
    now = datetime.now(UTC)
    return takedown.decide(home, what, scope=scope, reason="other", by="t", erase=erase, until=None, now=now).number


def test_what_is_hidden_is_withheld_in_every_way_and_comes_back_when_that_is_lifted(home: Home, tmp_path: Path) -> None:
    hiding = copied(home, tmp_path)
    number = withdraw(hiding, URL)
    with serving(application(hiding)) as address:
        get = asking(address)
        answers = [get(path, follow=True) for path in EVERY_WAY[:-1]]
        led = get("/web/20110101000000/http://old.example/moved")
        others = get(f"/web/{FIRST}/{LATIN}")
        takedown.lift(hiding, number, by="t", now=datetime.now(UTC))
        again = get(EVERY_WAY[0])

    assert [answer.status_code for answer in (*answers, led)] == [451] * (len(answers) + 1)
    assert all("withheld" in answer.text and "kettles" not in answer.text for answer in answers)
    assert (others.status_code, again.status_code) == (200, 200)


def test_a_withdrawn_copy_leads_to_who_withdrew_it_and_tells_nothing_of_it(home: Home, tmp_path: Path) -> None:
    hiding = copied(home, tmp_path)
    hiding.sources_yaml.write_text("settings: {contact: desk@example.org}\nsources: []\n")
    withdraw(hiding, URL)
    with serving(application(hiding)) as address:
        withheld, missing = (asking(address)(path) for path in (EVERY_WAY[0], "/web/2010/http://none.example/"))
    assert (withheld.status_code, missing.status_code) == (451, 404)
    assert 'href="mailto:desk@example.org?subject=A%20withdrawn%20copy&amp;body=%0D%0A"' in withheld.text
    assert "mailto:" not in missing.text


def test_what_is_erased_is_gone_and_a_tombstone_says_so(home: Home, tmp_path: Path) -> None:
    erasing = copied(home, tmp_path)
    number = withdraw(erasing, URL, erase=True)
    with serving(application(erasing)) as address:
        before = [asking(address)(path) for path in EVERY_WAY]
        takedown.carry_out(erasing, following(OLD), number)
        after = [asking(address)(path) for path in EVERY_WAY]
        others = asking(address)(f"/web/{FIRST}/{LATIN}")

    for answers in (before, after):
        assert [answer.status_code for answer in answers] == [410] * len(EVERY_WAY)
        assert all(f"erased, as was decided on {datetime.now(UTC):%Y-%m}" in answer.text for answer in answers)
    assert others.status_code == 200


def with_its_news(what: str) -> str:
    """A page of another article, with a box of news."""
    return page(OTHER, title="The net loft").replace("</article>", f"</article><aside><h2>News</h2>{what}</aside>")


TEASED = STORY.partition("\n")[0]
"""How the article begins: what lists say of it."""
LISTS = {
    "http://old.example/": captured(with_its_news(f"<p><a href='/1'>A title of its own</a> {TEASED}</p>"),
                                    url="http://old.example/"),
    "http://old.example/3": captured(with_its_news("<a href='/1'>more</a> <b>A title of its own</b>"), url="http://old.example/3"),
    "http://old.example/posts.json": captured(json.dumps([{"link": URL}, {"link": "http://old.example/3"}]),
                                              url="http://old.example/posts.json", kind="application/json"),
}  # fmt: skip
"""Pages of others on which a hidden article stands, by their addresses."""
SIGNS = (f'"{URL}"', "'/1'", "A title of its own", TEASED[:40], TEASED[-40:], URL)


def test_what_is_hidden_is_cut_out_of_the_copies_of_other_pages_until_it_is_lifted(
    tmp_path: Path, aggregator: Aggregator
) -> None:
    held = imported(tmp_path / "home", tmp_path, captured(page(STORY)), *LISTS.values())
    held.sources_yaml.write_text("settings: {min_free: 1MB}\nsources: [{id: old, url: 'http://old.example/'}]\n")

    def typed(*words: str) -> Said:
        return aggregator("--home", str(held.root), "takedown", *words)

    def standing() -> dict[str, bool]:
        """Of each page, whether its copy says anything of the article; all of them can be read."""
        with serving(application(held)) as address:
            answers = {url: asking(address)(f"/web/{FIRST}id_/{url}") for url in LISTS}
        assert {url: answer.status_code for url, answer in answers.items()} == dict.fromkeys(LISTS, 200)
        assert all(
            "example/3" in answer.text or "The choir of the dockers" in answer.text for answer in answers.values()
        )
        return {url: any(sign in answer.text for sign in SIGNS) for url, answer in answers.items()}

    assert all(standing().values())
    said = typed(URL, "--reason", "person-at-risk", "--json").json
    assert not any(standing().values())
    typed("lift", str(said["takedown"]))
    assert all(standing().values())


def test_what_other_articles_have_too_is_not_cut_out_of_copies(tmp_path: Path, aggregator: Aggregator) -> None:
    copy = "http://old.example/copy"
    listing = with_its_news("<a href='/1'>Statement</a> Statement of the week")
    held = imported(tmp_path / "home", tmp_path, captured(page(STORY, title="Statement")),
                    captured(page(STORY, title="Statement"), url=copy),
                    captured(listing, url="http://old.example/3"))  # fmt: skip
    held.sources_yaml.write_text("settings: {min_free: 1MB}\nsources: [{id: old, url: 'http://old.example/'}]\n")
    assert aggregator("--home", str(held.root), "takedown", URL, "--reason", "copyright").code == 0

    with serving(application(held)) as address:
        own, other, listed = (asking(address)(f"/web/{FIRST}id_/{url}") for url in (URL, copy, "http://old.example/3"))

    assert own.status_code == 451
    assert other.text == page(STORY, title="Statement")
    assert "'/1'" not in listed.text and ">Statement<" not in listed.text and "Statement of the week" in listed.text


def test_a_hide_of_before_and_one_that_was_cut_short_are_made_up_for_by_the_next_command(
    tmp_path: Path, aggregator: Aggregator
) -> None:
    held = imported(tmp_path / "home", tmp_path, captured(page(STORY)), *LISTS.values())
    held.sources_yaml.write_text("settings: {min_free: 1MB}\nsources: [{id: old, url: 'http://old.example/'}]\n")
    withdraw(held, URL)
    shutil.rmtree(held.index)
    assert aggregator("--home", str(held.root), "rebuild").code == 0
    assert takedown.to_surround(held, datetime.now(UTC))
    assert aggregator("--home", str(held.root), "takedown", "finish").code == 0

    assert not takedown.to_surround(held, datetime.now(UTC))
    with serving(application(held)) as address:
        assert TEASED[:40] not in asking(address)(f"/web/{FIRST}id_/http://old.example/").text


def test_a_version_that_is_hidden_is_in_no_list_and_its_time_leads_to_no_other(home: Home, tmp_path: Path) -> None:
    hiding = copied(home, tmp_path)
    withdraw(hiding, f"{articles(hiding.root)[URL].id}@2", scope=Scope.VERSION)
    with serving(application(hiding)) as address:
        get = asking(address)
        calendar, listed, hidden = get(f"/web/*/{URL}"), get(f"/timemap/link/{URL}"), get(f"/web/{THIRD}/{URL}")
        nearest = [get(path) for path in (f"/web/2014/{URL}", f"/timegate/{URL}")]
        seen = get(f"/web/{SECOND}/{URL}")

    assert (calendar.status_code, listed.status_code, hidden.status_code, seen.status_code) == (200, 200, 451, 200)
    assert THIRD not in calendar.text + listed.text
    assert [answer.headers["Location"].endswith(f"/web/{SECOND}/{URL}") for answer in nearest] == [True, True]


def test_a_name_that_is_withdrawn_is_cut_out_of_copies_and_what_it_cannot_be_cut_out_of_is_withheld(
    tmp_path: Path,
) -> None:
    text = f"{STORY}\n\nIt was Edda Quillfeather who brought the soup."
    document = "http://old.example/a.pdf"
    held = imported(tmp_path / "home", tmp_path, captured(page(text)), captured(page(STORY), SECOND),
                    captured(pdf(text, title="T"), url=document, kind="application/pdf"),
                    captured(pdf(STORY, title="T"), SECOND, url=document, kind="application/pdf"))  # fmt: skip
    withdraw(held, "Edda Quillfeather", scope=Scope.NAME)
    with serving(application(held)) as address:
        get = asking(address)
        shown, raw = get(f"/web/{FIRST}/{URL}"), get(f"/web/{FIRST}id_/{URL}")
        pdfs = [get(f"/web/{when}/{document}") for when in (FIRST, SECOND)]
        listed = get(f"/timemap/link/{document}").text + get(f"/web/*/{document}").text

    assert (shown.status_code, raw.status_code) == (200, 200)
    assert "brought the soup" in shown.text
    assert not any(word in answer.content for answer in (shown, raw) for word in (b"Quillfeather", b"Edda"))
    assert [answer.status_code for answer in pdfs] == [451, 200]
    assert (FIRST in listed, SECOND in listed) == (False, True)


@pytest.mark.parametrize("said", ["risk: link", "access: staff", "access: dark", "access: dark, until: 2099-01-01"])
def test_nothing_leads_to_copies_of_a_source_that_is_not_for_everybody(home: Home, tmp_path: Path, said: str) -> None:
    closed = copied(home, tmp_path)
    closed.sources_yaml.write_text(f"sources: [{{id: old, url: 'http://old.example/', {said}}}]\n")
    with serving(application(closed)) as address:
        answers = [asking(address)(path, follow=True) for path in (*EVERY_WAY, "/web/2010/http://old.example/pic.png")]

    assert {answer.status_code for answer in answers} == {404}
    assert not any("withheld" in answer.text for answer in answers)


def test_a_source_whose_time_has_come_is_replayed(home: Home, tmp_path: Path) -> None:
    opened = copied(home, tmp_path)
    opened.sources_yaml.write_text(
        "sources: [{id: old, url: 'http://old.example/', access: dark, until: 2020-01-01}]\n"
    )
    with serving(application(opened)) as address:
        assert asking(address)(EVERY_WAY[0]).status_code == 200


# --- with the pages, and by the command -----------------------------------------------------------------------------


def test_what_was_crawled_is_replayed_and_an_answer_as_before_has_the_body_it_refers_to(tmp_path: Path) -> None:
    tagged = (200, {"Content-Type": "text/html", "ETag": '"1"'}, page(STORY))
    web = FakeWeb({"http://a.example/feed": feed("http://a.example/1"), "http://a.example/1": tagged})
    crawl(tmp_path, web, source("a", recheck=True), clock=ClockOf(web))
    web.now = datetime(2027, 3, 1, 12, tzinfo=UTC)
    crawl(tmp_path, web, source("a", recheck=True), clock=ClockOf(web))
    with serving(application(Home(tmp_path))) as address:
        get = asking(address)
        times = re.findall(r"/web/(\d{14})/", get("/timemap/link/http://a.example/1").text)
        shown = [get(f"/web/{when}id_/http://a.example/1") for when in times]
        missing = get("/web/2026/http://a.example/feed")

    assert web.times_asked("http://a.example/1") == len(times) == 2
    assert [(answer.status_code, answer.content) for answer in shown] == [(200, page(STORY).encode())] * 2
    assert missing.status_code == 404


def test_the_page_of_an_article_links_to_its_archived_copy(home: Home, served: str, tmp_path: Path) -> None:
    article = articles(home.root)[URL]
    risky = copied(home, tmp_path)
    risky.sources_yaml.write_text("sources: [{id: old, url: 'http://old.example/', risk: link}]\n")
    copies: list[list[str]] = []
    unsaid = Home(Path(shutil.copytree(risky.root, tmp_path / "unsaid")))
    with closing(sqlite3.connect(unsaid.catalogue_file)) as catalogue, catalogue:
        catalogue.execute("UPDATE captures SET source_id = ''")  # as of imports that do not say whose they are
    for of, to in ((home, served), (home, None), (risky, served), (unsaid, served)):
        with serving(pages(of, copies=to)) as address:
            seen = Seen(asking(address)(f"/articles/{article.id}?version=1").text)
            copies.append([link for link in seen.links() if "/web/" in link])

    assert copies == [[f"{served}/web/{FIRST}/{URL}"], [], [], []]
    assert "kettles" in requests.get(copies[0][0], timeout=20).text


def test_an_empty_home_holds_nothing(tmp_path: Path) -> None:
    with serving(application(Home(tmp_path))) as address:
        assert asking(address)(f"/web/2010/{URL}").status_code == 404
        assert asking(address)("/").status_code == 200


def test_a_capture_whose_file_is_missing_says_which(home: Home, tmp_path: Path) -> None:
    broken = copied(home, tmp_path)
    [file] = broken.archive.glob("imports/*/*.warc.gz")
    file.unlink()
    with serving(application(broken)) as address:
        answer = asking(address)(f"/web/{FIRST}/{URL}")

    assert (answer.status_code, file.name in answer.text, str(tmp_path) in answer.text) == (503, True, False)


def test_a_port_that_is_taken_is_said(aggregator: Aggregator, home: Home, served: str) -> None:
    taken = served.rsplit(":", 1)[1]

    said = aggregator("--home", home.root, "serve", "--port", "0", "--archive-port", taken)

    assert (said.code, "--archive-port 0" in " ".join(said.err.split()), said.out) == (2, True, "")


def test_the_command_serves_pages_and_copies_on_two_ports_until_it_is_stopped(home: Home) -> None:
    argv = [sys.executable, "-m", "aggregator", "--home", str(home.root), "serve", "--port", "0"]
    article = articles(home.root)[URL]
    with subprocess.Popen(argv, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout and running.stderr
        try:
            pages_at = running.stdout.readline().strip()
            copies_at = running.stderr.readline().split()[-1]
            seen = Seen(requests.get(f"{pages_at}articles/{article.id}?version=1", timeout=20).text)
            [copy] = [link for link in seen.links() if "/web/" in link]
            shown = requests.get(copy, timeout=20)
            nothing = requests.get(f"{copies_at}api/search?q=harbour", timeout=20)
        finally:
            running.send_signal(signal.SIGINT)
        code = running.wait(timeout=30)

    assert copy.startswith(copies_at) and not copy.startswith(pages_at)
    assert "kettles" in shown.text
    assert (nothing.status_code, code) == (404, 130)


def test_short_links_cannot_stand_for_more_than_a_page_may_hold() -> None:
    linking = Linking(base=f"http://old.example/{'x' * 2_000}/", when=FIRST, key="k")

    led = [linking.link("a") for _ in range(addresses.MAX_ADDED_CHARS // 2_000)]

    assert led[0] is not None and led[-1] is None
    assert sum(len(each or "") for each in led) <= addresses.MAX_ADDED_CHARS


def test_a_redirect_to_an_address_in_which_a_withdrawn_name_stands_is_withheld(tmp_path: Path) -> None:
    led = captured("", url="http://old.example/?p=7", status=301, Location="/2010/edda-quillfeather-speaks")
    held = imported(tmp_path / "home", tmp_path, captured(page(STORY)), led)
    with serving(application(held)) as address:
        before = asking(address)(f"/web/{FIRST}/http://old.example/?p=7")
        withdraw(held, "Edda Quillfeather", scope=Scope.NAME)
        after = asking(address)(f"/web/{FIRST}/http://old.example/?p=7")

    assert (before.status_code, after.status_code) == (301, 451)
    assert "quillfeather" not in f"{after.headers}{after.text}".lower()


@pytest.mark.parametrize(
    ("digits", "meant"),
    [
        ("2010", "20101231235959"),
        ("201002", "20100228235959"),
        ("201112", "20111231235959"),
        ("20100206", "20100206235959"),
        ("2010020612", "20100206125959"),
        ("20100206120000", "20100206120000"),
    ],
)
def test_a_time_that_is_cut_short_means_its_last_second(digits: str, meant: str) -> None:
    assert addresses.timestamp(addresses.time_of(digits)) == meant


def test_what_is_left_of_a_page_after_an_erase_is_replayed_at_its_time(tmp_path: Path) -> None:
    text = f"{STORY}\n\nIt was Edda Quillfeather who brought the soup."
    held = imported(tmp_path / "home", tmp_path, captured(page(text)), captured(page(STORY), SECOND))
    number = withdraw(held, "Edda Quillfeather", scope=Scope.NAME, erase=True)
    takedown.carry_out(held, following(OLD), number)
    with serving(application(held)) as address:
        get = asking(address)
        shown, raw, listed = get(f"/web/{FIRST}/{URL}"), get(f"/web/{FIRST}id_/{URL}"), get(f"/timemap/link/{URL}")

    assert (shown.status_code, raw.status_code) == (200, 200)
    assert "brought the soup" in shown.text
    assert not any(b"Quillfeather" in answer.content for answer in (shown, raw))
    assert FIRST in listed.text and SECOND in listed.text


COSTLY = {
    "comments before a page": b"<!---->" * 146 + b"x",
    "blanks before a refresh": b'<html><meta http-equiv=refresh content="' + b" " * 5_000 + b'">',
    "digits before a refresh": b'<html><meta http-equiv=refresh content="' + b"1" * 5_000 + b';;">',
    "pictures of many sizes": b"<html><img srcset='" + b"a" * 16_000 + b" b c" * 4_000 + b"'>",
    "pictures without a comma": b"<html><img srcset='" + b"a, b 1x " * 20_000 + b"'>",
}


@pytest.mark.parametrize("body", COSTLY.values(), ids=COSTLY)
def test_what_strangers_wrote_to_cost_time_costs_none(body: bytes) -> None:
    linking = Linking(base="http://a.example/", when="20261101120000", key="key")
    began = time.process_time()
    answering._LOOKS_LIKE_PAGE.match(body[:1024])
    rewriting.rewritten(body.decode(), linking, Markup("<p>bar</p>"))
    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("a.png 1x, b.png 2x", [("a.png", " 1x"), ("b.png", " 2x")]),
        ("a.png, b.png 2x", [("a.png", ""), ("b.png", " 2x")]),
        ("a.png 1x,b.png 100w", [("a.png", " 1x"), ("b.png", " 100w")]),
        ("/w,h/a.png", [("/w,h/a.png", "")]),
        ("a.png javascript:x", [("a.png", "")]),
        ("", []),
    ],
)
def test_pictures_of_several_sizes_are_told_apart(written: str, found: list[tuple[str, str]]) -> None:
    assert list(requisites.listed(written)) == found
