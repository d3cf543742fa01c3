"""What pages show with their text: archived when asked for, within bounds, and gone with the page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from aggregator import pipeline
from aggregator.home import Home
from aggregator.model import Keep, Run, Source
from tests.fakeweb import STORY, ClockOf, FakeWeb, catalogue, crawl, dump, feed, following, page, source

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
