"""How we behave towards a host: one request at a time, a pause between two, its wishes obeyed."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise

import pytest

from aggregator.errors import FetchError
from aggregator.fetch import Fetcher
from aggregator.model import Request, Response, Role, Settings
from tests.rawserver import Do, RawServer

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nsoup"


class Visitor:
    """One fetcher, for loopback only."""

    def __init__(self) -> None:
        self.fetcher = Fetcher(Settings(allow_private=("127.0.0.0/8",)))

    def ask(self, url: str, *, pace_s: float = 0.0) -> Response:
        return self.fetcher.fetch(Request(url=url, role=Role.PAGE, source_id="a"), pace_s=pace_s)


@pytest.fixture
def visitor() -> Visitor:
    return Visitor()


def busy(retry_after: str, *, status: str = "503 Busy") -> bytes:
    return f"HTTP/1.1 {status}\r\nRetry-After: {retry_after}\r\nContent-Length: 0\r\n\r\n".encode("latin-1")


# Connections


@pytest.mark.parametrize("answer", [OK, busy("0"), b"HTTP/1.1 301 Moved\r\nLocation: /b\r\nContent-Length: 1\r\n\r\nx"])
def test_a_connection_is_kept_for_the_next_request(visitor: Visitor, answer: bytes) -> None:
    with RawServer({"/": answer}) as server:
        responses = [visitor.ask(server.url()) for _ in range(3)]

    assert [r.received for r in responses] == [answer] * 3
    assert server.connections == 1


def test_a_kept_connection_that_has_died_is_asked_again_once_on_a_new_one(visitor: Visitor) -> None:
    with RawServer({"/1": OK, "/2": OK}, max_per_connection=1) as server:
        visitor.ask(server.url("/1"))
        response = visitor.ask(server.url("/2"))

    assert response.received == OK
    assert [response.sent] * 2 == server.requests[1:]
    assert server.connections == 2


def test_an_answer_that_says_close_is_followed_by_a_new_connection(visitor: Visitor) -> None:
    with RawServer({"/": (b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", b"soup", Do.CUT)}) as server:
        received = [visitor.ask(server.url()).received for _ in range(2)]

    assert received[0] == received[1]
    assert received[0].endswith(b"soup")


# One at a time


def test_a_host_has_one_request_in_flight_however_many_ask(visitor: Visitor) -> None:
    with RawServer({"/": (0.03, OK)}) as server, ThreadPoolExecutor(8) as pool:
        responses = list(pool.map(visitor.ask, [server.url()] * 8))

    assert [r.received for r in responses] == [OK] * 8
    assert server.most_at_once == 1


def test_a_host_is_one_host_on_all_its_ports(visitor: Visitor) -> None:
    with RawServer({"/": busy("3600")}) as one, RawServer({"/": OK}) as other:
        visitor.ask(one.url())
        with pytest.raises(FetchError, match="left alone"):
            visitor.ask(other.url())


def test_hosts_do_not_wait_for_one_another(visitor: Visitor) -> None:
    with RawServer({"/slow": (Do.HANG, OK), "/": OK}) as server, ThreadPoolExecutor(1) as pool:
        slow = pool.submit(visitor.ask, server.url("/slow"))
        assert server.asked.acquire(timeout=20)

        assert visitor.ask(server.url(host="localhost")).received == OK
        assert not slow.done()

        server.release()
        assert slow.result(20).received == OK


# Pace


def test_between_two_requests_to_a_host_there_is_the_pace(visitor: Visitor) -> None:
    with RawServer({"/": OK}) as server:
        for _ in range(3):
            visitor.ask(server.url(), pace_s=0.2)

    assert all(later - earlier >= 0.2 for earlier, later in pairwise(server.asked_at))


def test_the_pace_is_kept_after_a_failure_too(visitor: Visitor) -> None:
    with RawServer({"/": OK, "/bad": (Do.CUT,)}) as server:
        with pytest.raises(FetchError):
            visitor.ask(server.url("/bad"), pace_s=0.2)
        visitor.ask(server.url())

    assert server.asked_at[1] - server.asked_at[0] >= 0.2


def test_who_waits_is_woken_when_all_is_to_stop(visitor: Visitor) -> None:
    with RawServer({"/": OK}) as server, ThreadPoolExecutor(1) as pool:
        visitor.ask(server.url(), pace_s=50.0)
        waiting = pool.submit(visitor.ask, server.url())
        threading.Timer(0.05, visitor.fetcher.stop).start()

        with pytest.raises(FetchError, match="interrupted") as failed:
            waiting.result(20)

    assert failed.value.retryable
    assert len(server.requests) == 1


# Retry-After


@pytest.mark.parametrize("status", ["503 Busy", "429 Too Many"])
def test_a_short_retry_after_is_waited_out(visitor: Visitor, status: str) -> None:
    with RawServer({"/": OK, "/busy": busy("1", status=status)}) as server:
        assert visitor.ask(server.url("/busy")).received == busy("1", status=status)
        visitor.ask(server.url())

    assert server.asked_at[1] - server.asked_at[0] >= 1.0


@pytest.mark.parametrize(
    "wish",
    ["3600", "9" * 400, format_datetime(datetime.now(UTC) + timedelta(days=2), usegmt=True)],
    ids=["an hour", "for ever", "a date"],
)
def test_a_long_retry_after_ends_the_next_request_at_once(visitor: Visitor, wish: str) -> None:
    with RawServer({"/": busy(wish)}) as server:
        visitor.ask(server.url())
        with pytest.raises(FetchError, match="left alone") as failed:
            visitor.ask(server.url())

    assert failed.value.retryable
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "wish", ["soon", "-3600", "²", "nan", "1e9", "", "Thu, 01 Jan 1970 00:00:00 GMT", "Fri, 99 Nov 2026", "3600, 1"]
)
def test_a_retry_after_that_asks_for_nothing_is_passed_over(visitor: Visitor, wish: str) -> None:
    with RawServer({"/": busy(wish)}) as server:
        for _ in range(2):
            visitor.ask(server.url())

    assert len(server.requests) == 2


def test_only_a_busy_host_is_given_the_time_it_asks_for(visitor: Visitor) -> None:
    with RawServer({"/": busy("3600", status="200 OK")}) as server:
        for _ in range(2):
            visitor.ask(server.url())

    assert len(server.requests) == 2
