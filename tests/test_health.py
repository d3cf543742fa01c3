"""What has become of the alarms is told once, to whoever is to know, and in the forms that other programs read."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from xml.etree import ElementTree

import feedparser
import pytest

from aggregator import health, index
from aggregator.alarms import Alarm, Kind
from aggregator.decisions import Decisions
from aggregator.errors import FetchError
from aggregator.home import Home
from aggregator.model import Following
from tests.fakeweb import NOON, ClockOf, FakeWeb, crawl, feed, following, page, refused, source

HOUR = timedelta(hours=1)


class Hook:
    """A program on this machine that takes what is posted to it."""

    def __init__(self) -> None:
        self.status = 204
        self.taken: list[dict[str, object]] = []
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if hook.status == 204:
                    hook.taken.append(json.loads(body) | {"type": self.headers["Content-Type"]})
                self.send_response(hook.status)
                self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"

    @property
    def changes(self) -> list[tuple[str, str, str]]:
        return [(c["change"], c["source"], c["kind"]) for said in self.taken for c in said["changes"]]  # type: ignore[attr-defined]


@contextmanager
def hook() -> Iterator[Hook]:
    made = Hook()
    thread = threading.Thread(target=made.server.serve_forever)
    thread.start()
    try:
        yield made
    finally:
        made.server.shutdown()
        made.server.server_close()
        thread.join()


def watched(*, to: str | None = None, **more: object) -> Following:
    known = following(replace(source("a"), **more))  # type: ignore[arg-type]
    return replace(known, settings=replace(known.settings, notify=to))


def break_down(root: Path, *, times: int = 2) -> None:
    """Have all visits of some hours fail."""
    for n in range(times):
        web = FakeWeb({"http://a.example/robots.txt": refused("http://a.example/")}, now=NOON + n * HOUR)
        crawl(root, web, source("a"), clock=ClockOf(web))


def come_back(root: Path) -> None:
    web = FakeWeb({"http://a.example/feed": feed("http://a.example/1"), "http://a.example/1": page("x")})
    web.now = NOON + 5 * HOUR
    crawl(root, web, source("a"), clock=ClockOf(web))


def told(root: Path, known: Following, hours: float) -> list[tuple[str, str]]:
    return [(c.what, c.alarm.kind) for c in health.tell(Home(root), known, NOON + hours * HOUR)]


def test_an_alarm_is_told_once_and_its_end_too(tmp_path: Path) -> None:
    break_down(tmp_path)
    known = watched()

    assert told(tmp_path, known, 2) == [("new", "broken")]
    assert told(tmp_path, known, 3) == []
    come_back(tmp_path)
    assert told(tmp_path, known, 6) == [("recovered", "broken")]
    assert told(tmp_path, known, 7) == []
    events = Decisions(tmp_path / "archive").events(health.TOLD)
    assert [[a["kind"] for a in event.said["alarms"]] for event in events] == [["broken"], []]


def test_what_turns_into_something_worse_or_is_paused_has_not_recovered(tmp_path: Path) -> None:
    quiet, broken = (
        {"a": [Alarm(source_id="a", kind=kind, since=NOON, why="x")]} for kind in (Kind.QUIET, Kind.BROKEN)
    )

    assert [(c.what, c.alarm.kind) for c in health.changes(quiet, broken)] == [("new", "broken"), ("over", "quiet")]
    break_down(tmp_path)
    told(tmp_path, watched(), 2)
    assert told(tmp_path, watched(paused=True), 3) == []


def test_a_home_without_a_crawl_has_nothing_to_tell(tmp_path: Path) -> None:
    assert told(tmp_path, watched(), 0) == []


def test_what_has_changed_is_posted_to_the_webhook(tmp_path: Path) -> None:
    break_down(tmp_path)
    with hook() as there:
        told(tmp_path, watched(to=there.url), 2)
        told(tmp_path, watched(to=there.url), 3)

    assert there.changes == [("new", "a", "broken")]
    assert there.taken[0]["type"] == "application/json"


@pytest.mark.parametrize("status", [500, 404, 302])
def test_what_the_webhook_does_not_take_is_told_again(status: int, tmp_path: Path) -> None:
    break_down(tmp_path)
    with hook() as there:
        there.status = status
        with pytest.raises(FetchError, match=str(status)):
            told(tmp_path, watched(to=there.url), 2)
        there.status = 204
        assert told(tmp_path, watched(to=there.url), 3) == [("new", "broken")]

    assert there.changes == [("new", "a", "broken")]


def test_a_webhook_that_is_not_there_is_said_to_be_so(tmp_path: Path) -> None:
    break_down(tmp_path)
    with hook() as there:
        address = there.url

    with pytest.raises(FetchError, match="connection refused"):
        told(tmp_path, watched(to=address), 2)


def test_a_source_that_is_not_to_be_told_of_is_only_shown(tmp_path: Path) -> None:
    break_down(tmp_path)
    known = watched(notify=False)

    assert told(tmp_path, known, 2) == []
    assert [a.kind for a in health.alarms_at(Home(tmp_path), known.sources, NOON + 2 * HOUR)["a"]] == [Kind.BROKEN]


def test_the_feed_of_alarms_can_be_read_and_an_entry_stays_the_same_while_it_holds() -> None:
    hostile = replace(source("a"), name="A <b>&amp;\x00\x1b[31m ]]>")
    alarm = Alarm(source_id="a", kind=Kind.QUIET, since=NOON, why="nothing new & <old>\x08")
    known = following(hostile)

    first = health.atom(known, {"a": [alarm]}, NOON)
    later = health.atom(known, {"a": [replace(alarm, why="still nothing")]}, NOON + HOUR)

    assert ElementTree.fromstring(first).tag == "{http://www.w3.org/2005/Atom}feed"
    read, again = (feedparser.parse(each.decode()) for each in (first, later))
    assert not read.bozo
    assert (read.entries[0].link, read.entries[0].summary) == ("http://a.example/", "nothing new & <old>")
    assert [e.id for e in read.entries] == [e.id for e in again.entries]
    assert read.feed.updated != again.feed.updated


def test_status_says_when_another_engine_is_better_and_how_long_it_takes() -> None:
    few, many = index.LARGE_ARCHIVE, 10 * index.LARGE_ARCHIVE

    assert index.advice("whoosh", "whoosh", few) is None
    assert index.advice("tantivy", "tantivy", many) is None
    assert index.advice(None, "whoosh", 0) is None
    assert "`index: tantivy`" in (index.advice("whoosh", "whoosh", many) or "")
    assert "about 6 minutes" in (index.advice("whoosh", "whoosh", many) or "")
    assert "`aggregator rebuild --only index`" in (index.advice("whoosh", "tantivy", few) or "")
