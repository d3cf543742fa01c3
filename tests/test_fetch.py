"""What a server sent is what we keep, byte for byte, over real connections on loopback."""

from __future__ import annotations

import gzip
import zlib
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import brotli
import pytest

from aggregator import __version__, fetch
from aggregator.errors import FetchError
from aggregator.fetch import Fetcher
from aggregator.model import Request, Response, Role, Settings
from tests.rawserver import Answer, Do, RawServer, Step

LOOPBACK = Settings(allow_private=("127.0.0.0/8",))
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nsoup"
ZIPPED = gzip.compress(b"soup and bread" * 50, mtime=0)
BROTLI = brotli.compress(b"soup and bread" * 50)
NOISE = Random(7).randbytes(300_000)


def ask(url: str, *, etag: str | None = None, last_modified: str | None = None) -> Response:
    request = Request(url=url, role=Role.PAGE, source_id="a", etag=etag, last_modified=last_modified)
    return Fetcher(LOOPBACK).fetch(request, pace_s=0.0)


def chunked(*pieces: bytes) -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(p), p) for p in (*pieces, b""))


def head(*headers: bytes, status: bytes = b"HTTP/1.1 200 OK") -> bytes:
    return b"\r\n".join((status, *headers, b"", b""))


CHUNKED = b"Transfer-Encoding: chunked"
GZIP = b"Content-Encoding: gzip"
CLOSE = b"Connection: close"
LENGTH = b"Content-Length: %d"

WHOLE: dict[str, tuple[Step, ...]] = {
    "plain": (head(LENGTH % 4), b"soup"),
    "gzip": (head(GZIP, LENGTH % len(ZIPPED)), ZIPPED),
    "deflate": (head(b"Content-Encoding: deflate", LENGTH % 12), zlib.compress(b"soup")),
    "chunked": (head(CHUNKED), chunked(b"soup", b" and bread")),
    "chunked gzip": (head(CHUNKED, GZIP), chunked(ZIPPED[:9], ZIPPED[9:])),
    "extensions, trailers": (head(CHUNKED, b"Trailer: X-Sum"), b"4;a=b\r\nsoup\r\n0;c\r\nX-Sum: 1\r\n\r\n"),
    "odd chunk sizes": (head(CHUNKED), b"0004 \r\nsoup\r\nA\r\n and bread\r\n000\r\n\r\n"),
    "doubled headers": (head(b"Via: one", b"via:two", b"VIA:  three ", LENGTH % 4), b"soup"),
    "latin-1 header": (head(b"X-City: Besan\xe7on", LENGTH % 4), b"soup"),
    "odd reason": (head(LENGTH % 4, status=b"HTTP/1.1 200 Fine,  \xc3\xa7a va "), b"soup"),
    "no reason": (head(LENGTH % 4, status=b"HTTP/1.1 200"), b"soup"),
    "unknown status": (head(LENGTH % 4, status=b"HTTP/1.1 599 Tired"), b"soup"),
    "HTTP/1.0": (head(status=b"HTTP/1.0 200 OK"), b"soup", Do.CUT),
    "length, then close": (head(CLOSE, LENGTH % 4), b"soup", Do.CUT),
    "chunked, then close": (head(CLOSE, CHUNKED), chunked(b"soup"), Do.CUT),
    "no length": (head(), b"soup" * 50_000, Do.CUT),
    "304": (head(b'ETag: "a"', LENGTH % 4, status=b"HTTP/1.1 304 Not Modified"),),
    "404": (head(LENGTH % 4, status=b"HTTP/1.1 404 Not Found"), b"none"),
    "redirect": (head(b"Location: /b", LENGTH % 4, status=b"HTTP/1.1 301 Moved"), b"gone"),
    "redirect to nowhere": (head(b"Location: http://[::1", LENGTH % 4, status=b"HTTP/1.1 302 Moved"), b"gone"),
    "redirect, garbled": (head(b"Location: /b", GZIP, LENGTH % 4, status=b"HTTP/1.1 302 Moved"), b"gone"),
    "brotli": (head(b"Content-Encoding: br", LENGTH % len(BROTLI)), BROTLI),
    "unknown encoding": (head(b"Content-Encoding: zstd", LENGTH % 4), b"(\xb5/\xfd"),
    "large": (head(LENGTH % len(NOISE)), NOISE),
    "large, chunked": (head(CHUNKED), chunked(*(NOISE[at : at + 4_093] for at in range(0, len(NOISE), 4_093)))),
    "bad gzip": (head(GZIP, LENGTH % 4), b"soup"),
    "line feeds": (b"HTTP/1.1 200 OK\nContent-Length: 4\n\n", b"soup"),
    "folded header": (head(b"X-Words: one", b"  two", LENGTH % 4), b"soup"),
    "empty": (head(LENGTH % 0),),
    "interim": (head(status=b"HTTP/1.1 100 Continue"), head(b"Link: </s>", status=b"HTTP/1.1 103 Early Hints"), OK),
}
CUT: dict[str, tuple[Step, ...]] = {
    "body": (head(LENGTH % 9), b"soup", Do.CUT),
    "chunk": (head(CHUNKED), b"9\r\nsoup", Do.CUT),
    "last chunk missing": (head(CHUNKED), b"4\r\nsoup\r\n", Do.CUT),
    "chunk size garbled": (head(CHUNKED), b"4\r\nsoup\r\nzz\r\n", Do.CUT),
    "gzip": (head(GZIP, LENGTH % len(ZIPPED)), ZIPPED[:-9], Do.CUT),
    "huge length": (head(LENGTH % 10**30), b"soup", Do.CUT),
    "redirect": (head(b"Location: /b", LENGTH % 9, status=b"HTTP/1.1 301 Moved"), b"gone", Do.CUT),
    "redirect in chunks": (head(b"Location: /b", CHUNKED, status=b"HTTP/1.1 301 Moved"), b"9\r\ngone", Do.CUT),
}


def in_pieces(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """With a pause after each thing sent, so that the body comes when the head has long been read."""
    return tuple(s for step in steps for s in ((step, 0.03) if isinstance(step, bytes) else (step,)))


def bytes_of(answer: Answer) -> bytes:
    return answer if isinstance(answer, bytes) else b"".join(step for step in answer if isinstance(step, bytes))


# The bytes of the wire


@pytest.mark.parametrize("steps", WHOLE.values(), ids=WHOLE)
@pytest.mark.parametrize("slowly", [False, True], ids=["at once", "in pieces"])
def test_what_was_sent_is_what_is_kept(steps: tuple[Step, ...], slowly: bool) -> None:
    with RawServer({"/": in_pieces(steps) if slowly else steps}) as server:
        response = ask(server.url())

    assert response.received == bytes_of(steps)
    assert response.truncated is None


@pytest.mark.parametrize("steps", CUT.values(), ids=CUT)
def test_an_answer_cut_off_is_kept_and_called_so(steps: tuple[Step, ...]) -> None:
    with RawServer({"/": steps}) as server:
        response = ask(server.url())

    assert response.received == bytes_of(steps)
    assert response.truncated == "disconnect"


@pytest.mark.parametrize(
    "answer",
    [
        (Do.CUT,),
        (b"HTTP/1.1 200 OK\r\nContent-Ty", Do.CUT),
        (b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n", Do.CUT),
        (b"SSH-2.0-OpenSSH_9.2\r\n", Do.CUT),
        (b"<html>soup</html>", Do.CUT),
    ],
)
def test_what_is_no_answer_is_a_fetch_error_that_may_pass(answer: Answer) -> None:
    with RawServer({"/": answer}) as server, pytest.raises(FetchError) as failed:
        ask(server.url())

    assert failed.value.retryable
    assert len(server.requests) == 1


def test_a_closed_port_is_a_fetch_error_that_may_pass() -> None:
    with RawServer({}) as server:
        url = server.url()

    with pytest.raises(FetchError, match="connection refused") as failed:
        ask(url)
    assert failed.value.retryable


def test_the_request_is_kept_as_it_was_sent() -> None:
    before = datetime.now(UTC)
    with RawServer({"/1": OK}) as server:
        response = ask(server.url("/1"))

    assert [response.sent] == server.requests
    assert response.ip == "127.0.0.1"
    assert before <= response.started_at <= datetime.now(UTC)


def test_an_address_is_asked_for_as_it_was_announced() -> None:
    target = "/a/./caf%e9//%7Eanna/?x=%zz&B=1&&a=%2f'"
    with RawServer({}) as server:
        ask(server.url(target))

    assert server.paths() == [target]


def test_a_redirect_is_not_followed() -> None:
    with RawServer({"/a": head(b"Location: /b", LENGTH % 0, status=b"HTTP/1.1 301 Moved"), "/b": OK}) as server:
        ask(server.url("/a"))

    assert server.paths() == ["/a"]


def test_a_server_that_hints_early_does_not_answer_the_next_request_with_this_ones_page() -> None:
    hint = head(b"Link: </s.css>", status=b"HTTP/1.1 103 Early Hints")
    pages: dict[str, Answer] = {"/1": (hint, 0.05, head(LENGTH % 3), b"one"), "/2": head(LENGTH % 3) + b"two"}
    fetcher = Fetcher(LOOPBACK)
    with RawServer(pages) as server:
        asked = [Request(url=server.url(path), role=Role.PAGE, source_id="a") for path in pages]
        first, second = (fetcher.fetch(request, pace_s=0.0) for request in asked)

    assert first.received.endswith(b"one")
    assert second.received.endswith(b"two")


# Limits


def test_an_answer_that_is_too_long_is_cut_at_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch.limits, "MAX_BYTES", 100_000)
    sent = head(LENGTH % 2_000_000) + b"soup" * 500_000
    with RawServer({"/": sent}) as server:
        response = ask(server.url())

    assert response.truncated == "length"
    assert sent.startswith(response.received)
    assert 100_000 <= len(response.received) <= 100_000 + (1 << 16)


def test_a_body_that_drips_past_the_deadline_is_kept_as_far_as_it_came(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch.limits, "TOTAL_S", 1.5)
    with RawServer({"/": (head(LENGTH % 9_000), *(b"x", 0.02) * 9_000)}) as server:
        response = ask(server.url())

    assert response.truncated == "time"
    assert response.received.startswith(head(LENGTH % 9_000))


@pytest.mark.parametrize("status", [b"HTTP/1.1 200 OK", b"HTTP/1.1 301 Moved\r\nLocation: /b"])
def test_a_body_that_stops_is_kept_as_far_as_it_came(monkeypatch: pytest.MonkeyPatch, status: bytes) -> None:
    monkeypatch.setattr(fetch.limits, "IDLE_S", 1.0)
    with RawServer({"/": (head(LENGTH % 9, status=status), b"soup", Do.HANG)}) as server:
        response = ask(server.url())

    assert response.truncated == "time"
    assert response.received.endswith(b"\r\nsoup")


def test_a_head_that_drips_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch.limits, "TOTAL_S", 0.4)
    drip: tuple[Step, ...] = (b"X: y\r\n", 0.02) * 90
    with RawServer({"/": (b"HTTP/1.1 200 OK\r\n", *drip)}) as server, pytest.raises(FetchError, match="timed out"):
        ask(server.url())


def test_a_server_that_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch.limits, "IDLE_S", 0.3)
    with RawServer({"/": (Do.HANG,)}) as server, pytest.raises(FetchError, match="timed out"):
        ask(server.url())


# What we say of ourselves


def test_the_user_agent_names_a_contact() -> None:
    settings = Settings(contact="mailto:desk@a.example", allow_private=LOOPBACK.allow_private)
    with RawServer({"/": OK}) as server:
        Fetcher(settings).fetch(Request(url=server.url(), role=Role.PAGE, source_id="a"), pace_s=0.0)

    expected = f"User-Agent: aggregator/{__version__} (news archive; +mailto:desk@a.example)\r\n"
    assert expected.encode() in server.requests[0]


def test_validators_are_sent_in_the_servers_own_words() -> None:
    with RawServer({"/": OK}) as server:
        ask(server.url(), etag='W/"a\xe9"', last_modified="yesterday, at noon")

    assert b'\r\nIf-None-Match: W/"a\xe9"\r\n' in server.requests[0]
    assert b"\r\nIf-Modified-Since: yesterday, at noon\r\n" in server.requests[0]


def test_cookies_are_not_sent_back() -> None:
    fetcher = Fetcher(LOOPBACK)
    with RawServer({"/": head(b"Set-Cookie: id=anna; Path=/", LENGTH % 0)}) as server:
        for _ in range(2):
            fetcher.fetch(Request(url=server.url(), role=Role.PAGE, source_id="a"), pace_s=0.0)

    assert b"cookie" not in server.requests[1].lower()


def test_neither_proxies_nor_passwords_come_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "netrc").write_text("default login anna password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9/")
    with RawServer({"/": OK}) as server:
        assert ask(server.url()).received == OK

    assert b"authorization" not in server.requests[0].lower()
