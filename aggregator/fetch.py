"""Polite HTTP. The only room that opens sockets.

One request in flight a host, a pause between two, private addresses refused, every byte of the wire kept. The fetcher
follows no redirects and reads no robots.txt by itself: both are answers like any other, archived before the pipeline
reads them.
"""

from __future__ import annotations

import http.client
import io
import ipaddress
import logging
import socket
import threading
import time
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Protocol

import requests
import urllib3
from protego import Protego
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection

from aggregator import __version__, urls, wire
from aggregator.errors import FetchError
from aggregator.model import Request, Response, Settings

CONNECT_S = 10.0
IDLE_S = 20.0
TOTAL_S = 60.0
MAX_BYTES = 10 << 20
"""Of an answer as sent: head and encoded body."""
MAX_RETRY_AFTER_S = 24 * 3600.0
PATIENCE_S = 30.0
"""How long a request waits out another's Retry-After before it is left for a later run."""
MAX_CRAWL_DELAY_S = 60.0
MAX_ADDRESSES = 4
"""Of a host's addresses, how many are tried."""
AGENT = "aggregator"

logging.getLogger("urllib3").setLevel(logging.ERROR)


class Web(Protocol):
    """Where responses come from; the one seam of the tests."""

    def fetch(self, request: Request, *, pace_s: float) -> Response:
        """Return the answer to one request; raises FetchError."""
        ...

    def stop(self) -> None:
        """Let no request wait any longer: pauses end at once with a FetchError."""
        ...


# --- addresses ------------------------------------------------------------------------------------------------------

_ASSIGNMENTS = ipaddress.ip_network("192.0.0.0/24")
"""IETF protocol assignments (RFC 6890): nobody's site is there, whatever an older Python says of some of them."""
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class Guard:
    """Decides which addresses may be connected to: public ones, and those that sources.yaml allows."""

    def __init__(self, allow_private: tuple[str, ...] = ()) -> None:
        self._allowed = [ipaddress.ip_network(n, strict=False) for n in allow_private]

    def refusal(self, address: str) -> str | None:
        """Return why an address may not be connected to; None: it may.

        Public means global by the IANA special-purpose registries; an IPv6 address that wraps an IPv4 one is judged by
        what it wraps.
        """
        ip = ipaddress.ip_address(address.partition("%")[0])
        if isinstance(ip, ipaddress.IPv6Address):
            wrapped = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
            if ip in _NAT64:
                wrapped = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
            ip = wrapped or ip
        if any(ip in network for network in self._allowed if network.version == ip.version):
            return None
        site_local = isinstance(ip, ipaddress.IPv6Address) and ip.is_site_local
        if ip not in _ASSIGNMENTS and ip.is_global and not (ip.is_multicast or ip.is_reserved or site_local):
            return None
        return f"{address} is not a public address"

    def connect(self, host: str, port: int, timeout_s: float) -> socket.socket:
        """Resolve once, refuse if any answer is private, connect to an address that was checked.

        Raises:
            FetchError: The name does not resolve, or leads to a private address.
            OSError: No address could be connected to.
        """
        addresses = self._resolve(host, port)
        for address in addresses:
            if reason := self.refusal(address):
                raise FetchError(host, f"refused: {reason}", retryable=False)
        failure: OSError = OSError(f"{host} has no address")
        for address in addresses[:MAX_ADDRESSES]:
            try:
                return socket.create_connection((address, port), timeout=timeout_s)
            except OSError as error:
                failure = error
        raise failure

    @staticmethod
    def _resolve(host: str, port: int) -> list[str]:
        if host == "localhost" or host.endswith(".localhost"):  # RFC 6761, section 6.3: always loopback, never asked
            return ["127.0.0.1"]
        try:
            found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            why = getattr(error, "strerror", None) or error
            raise FetchError(host, f"the name does not resolve ({why})", retryable=True) from error
        return list(dict.fromkeys(str(info[4][0]) for info in found))


# --- the wire, overheard --------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Attempt:
    """What one request may use, and what was heard of it on the wire."""

    guard: Guard
    target: str
    """Path and query as announced: urllib3 would rewrite some escapes."""
    deadline: float
    """Monotonic instant at which the whole answer must be here."""
    sent: bytearray = field(default_factory=bytearray)
    received: bytearray = field(default_factory=bytearray)
    ip: str = ""
    connected: bool = False
    """Whether a connection was made for it; False: one was kept alive from before."""


class _TooLong(Exception):
    """The answer has more bytes than we take."""


_attempt: ContextVar[_Attempt] = ContextVar("_attempt")


class _Tap(io.RawIOBase):
    """Reads a socket, keeps every byte, and gives up at the deadline.

    Args:
        sock: The connection.
        file: http.client's own file over it, kept open: the socket lives as long as one of its files does.
    """

    def __init__(self, sock: socket.socket, file: io.BufferedIOBase) -> None:
        self._sock = sock
        self._file = file
        self._attempt = _attempt.get()

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        self._file.close()
        super().close()

    def readinto(self, buffer: Any) -> int:
        left_s = self._attempt.deadline - time.monotonic()
        if left_s <= 0:
            raise TimeoutError("the whole answer took too long")
        if len(self._attempt.received) > MAX_BYTES:
            raise _TooLong
        self._sock.settimeout(min(IDLE_S, left_s))
        view = memoryview(buffer)
        count = self._sock.recv_into(view)
        self._attempt.received += view[:count]
        return count


class _Answer(wire.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_Tap(sock, self.fp), 1 << 16)


class _Overheard:
    """The part of our connections that differs from urllib3's: where they lead, and that they keep what passes."""

    response_class = _Answer

    def _new_conn(self) -> socket.socket:
        attempt = _attempt.get()
        attempt.connected = True
        return attempt.guard.connect(self._dns_host, self.port, CONNECT_S)  # type: ignore[attr-defined]

    def putrequest(self, method: str, url: str, *args: Any, **kwargs: Any) -> None:
        super().putrequest(method, _attempt.get().target, *args, **kwargs)  # type: ignore[misc]

    def send(self, data: Any) -> None:
        attempt = _attempt.get()
        attempt.sent += data
        super().send(data)  # type: ignore[misc]
        attempt.ip = self.sock.getpeername()[0]  # type: ignore[attr-defined]


class _Connection(_Overheard, HTTPConnection):  # type: ignore[misc]
    """Over TCP; urllib3 does not say that it may be given another response class, http.client does."""


class _SecureConnection(_Overheard, HTTPSConnection):  # type: ignore[misc]
    """Over TLS: what is kept is what was encrypted."""


class _Pool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class _Adapter(HTTPAdapter):
    """requests' own adapter over our connections, one kept alive a host."""

    def __init__(self) -> None:
        super().__init__(pool_connections=256, pool_maxsize=1, max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}


# --- asking ---------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Gate:
    """One host's turnstile."""

    turn: threading.Lock = field(default_factory=threading.Lock)
    rested_at: float = 0.0
    """Monotonic instant at which our own pause is over."""
    shut_until: float = 0.0
    """Monotonic instant until which the host asked to be left alone."""


class Fetcher:
    """The network: ``fetch`` asks one address, and waits its turn for it."""

    def __init__(self, settings: Settings) -> None:
        self._gates: dict[str, _Gate] = {}
        self._gates_lock = threading.Lock()
        self._stopping = threading.Event()
        self._adapter = _Adapter()
        self.follow(settings)

    def follow(self, settings: Settings) -> None:
        """Go on with other settings; hosts keep their pauses."""
        self._guard = Guard(settings.allow_private)
        contact = f"; +{settings.contact}" if settings.contact else ""
        self._headers = {
            "User-Agent": f"{AGENT}/{__version__} (news archive{contact})",
            "Accept": "*/*",
            "Accept-Encoding": "gzip, deflate",
        }

    def stop(self) -> None:
        """Let no request wait any longer: pauses end at once with a FetchError."""
        self._stopping.set()

    def fetch(self, request: Request, *, pace_s: float) -> Response:
        """Ask for one address once its host is free and rested; follow no redirect.

        Any status is an answer. An answer cut off by the peer or by our limits is one too, with ``truncated`` set.

        Args:
            request: What to ask for.
            pace_s: Seconds to leave between the end of this request and the start of the host's next.

        Raises:
            FetchError: No answer came: refused, unreachable, not HTTP, timed out before the head was complete, or the
                host asked for more patience than a run has.
        """
        gate = self._gate(urls.host(request.url))
        with gate.turn:
            self._wait(gate, request.url)
            try:
                response = self._ask(request)
            finally:
                gate.rested_at = time.monotonic() + pace_s
            gate.shut_until = time.monotonic() + _retry_after_s(response)
            return response

    def _gate(self, host: str) -> _Gate:
        with self._gates_lock:
            return self._gates.setdefault(host, _Gate())

    def _wait(self, gate: _Gate, url: str) -> None:
        now = time.monotonic()
        if gate.shut_until - now > PATIENCE_S:
            asked_s = gate.shut_until - now
            raise FetchError(url, f"the host asked to be left alone for {asked_s:.0f} s more", retryable=True)
        if self._stopping.wait(max(gate.rested_at - now, gate.shut_until - now, 0.0)):
            raise FetchError(url, "interrupted before it was asked", retryable=True)

    def _ask(self, request: Request) -> Response:
        conditions = {"If-None-Match": request.etag, "If-Modified-Since": request.last_modified}
        headers = self._headers | {name: value for name, value in conditions.items() if _may_be_sent(value)}
        try:
            prepared = requests.Request("GET", request.url, headers=headers).prepare()
        except (requests.RequestException, ValueError) as error:
            raise FetchError(request.url, _in_words(error), retryable=False) from error
        try:
            return self._send(request, prepared)
        except _Stale:
            pass
        try:
            return self._send(request, prepared)
        except _Stale as error:
            raise FetchError(request.url, _in_words(error), retryable=True) from error

    def _send(self, request: Request, prepared: requests.PreparedRequest) -> Response:
        """Ask once; raises _Stale when a kept-alive connection turned out to be dead."""
        attempt = _Attempt(self._guard, urls.path_and_query(request.url), time.monotonic() + TOTAL_S)
        started_at = datetime.now(UTC)
        _attempt.set(attempt)
        truncated = None
        try:
            # the adapter, not a session: no redirects, cookies, proxies or netrc
            with self._adapter.send(prepared, stream=True, timeout=(CONNECT_S, IDLE_S)) as answer:
                truncated = _read_to_end(answer)
        except FetchError as error:
            raise FetchError(request.url, error.reason, retryable=error.retryable) from error
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError, _TooLong) as error:
            if not attempt.connected and not attempt.received:
                raise _Stale from error
            raise FetchError(request.url, _in_words(error), retryable=True) from error
        try:
            wire.head_length(attempt.received)
        except ValueError as error:
            raise FetchError(request.url, str(error), retryable=True) from error
        return Response(
            request=request,
            started_at=started_at,
            ip=attempt.ip,
            sent=bytes(attempt.sent),
            received=bytes(attempt.received),
            truncated=truncated,
        )


class _Stale(Exception):
    """A kept-alive connection was closed by the peer before our request reached it: ask again on a new one."""


def _may_be_sent(validator: str | None) -> bool:
    """Whether a validator, as the server gave it, may stand in a request."""
    return validator is not None and validator.isprintable() and validator == validator.strip() != ""


def _read_to_end(answer: requests.Response) -> str | None:
    """Read the body to its end or to a limit; return why it is incomplete, in the words of WARC-Truncated."""
    try:
        while answer.raw.read1(1 << 16, decode_content=False):
            pass
    except _TooLong:
        return "length"
    except (TimeoutError, urllib3.exceptions.TimeoutError):
        return "time"
    except (urllib3.exceptions.HTTPError, http.client.HTTPException, OSError, ValueError, OverflowError):
        return "disconnect"  # also a chunk whose announced size is nonsense
    return None


def _retry_after_s(response: Response) -> float:
    """Return how long a busy host asks to be left alone, in seconds (RFC 9110, section 10.2.3); 0.0: it does not."""
    try:
        answer = wire.read_answer(response.received[: wire.head_length(response.received)])
    except ValueError:
        return 0.0
    value = answer.header("Retry-After")
    if answer.status not in (429, 503) or value is None:
        return 0.0
    try:
        seconds = float(value) if value.strip().isdigit() else _seconds_until(value)
    except (ValueError, TypeError, OverflowError):
        return 0.0
    return min(max(seconds, 0.0), MAX_RETRY_AFTER_S)


def _seconds_until(date: str) -> float:
    return (parsedate_to_datetime(date) - datetime.now(UTC)).total_seconds()


def _in_words(error: BaseException) -> str:
    """Say in one line what requests, urllib3 and the system say in five."""
    chain: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in chain:
        chain.append(link)
        reason = getattr(link, "reason", None)
        link = reason if isinstance(reason, BaseException) else (link.__cause__ or link.__context__)
    for link in chain:
        if isinstance(link, FetchError):
            return link.reason
        if isinstance(link, ConnectionRefusedError):
            return "connection refused"
        if isinstance(link, ConnectionResetError | http.client.RemoteDisconnected):
            return "the server closed the connection without an answer"
        if isinstance(link, TimeoutError | urllib3.exceptions.TimeoutError | requests.Timeout):
            return "timed out"
    return " ".join(str(chain[-1]).split())[:200] or type(error).__name__


# --- robots.txt -----------------------------------------------------------------------------------------------------


MAX_ROBOTS_BYTES = 500 << 10
"""What RFC 9309, section 2.5, asks a crawler to read at least."""


def _whole_lines(body: bytes) -> bytes:
    """Return the lines within the limit; half a rule could forbid more than it said."""
    if len(body) <= MAX_ROBOTS_BYTES:
        return body
    return body[: max(body.rfind(end, 0, MAX_ROBOTS_BYTES) for end in (b"\n", b"\r")) + 1]


class Robots:
    """What each origin's robots.txt allows us (RFC 9309)."""

    def __init__(self) -> None:
        self._rules: dict[str, Protego | bool] = {}

    @staticmethod
    def address(url: str) -> str:
        """Return where the rules for ``url`` are."""
        return urls.origin(url) + "/robots.txt"

    def knows(self, url: str) -> bool:
        """Whether the rules for ``url`` have been learned."""
        return urls.origin(url) in self._rules

    def learn(self, url: str, status: int | None, body: bytes) -> None:
        """Take in an origin's answer to robots.txt.

        RFC 9309, section 2.3.1: 2xx is read; 4xx and redirects without end mean that everything is allowed; anything
        else (``None``: no answer at all) that nothing is.
        """
        if status is not None and 200 <= status < 300:
            self._rules[urls.origin(url)] = Protego.parse(_whole_lines(body).decode("utf-8-sig", "replace"))
        else:
            self._rules[urls.origin(url)] = status is not None and 300 <= status < 500 and status != 429

    def refusal(self, url: str) -> tuple[str, bool] | None:
        """Return why ``url`` may not be asked for, and whether that may change soon; None: it may."""
        rules = self._rules.get(urls.origin(url), False)
        if rules is False:
            return "robots.txt could not be had, so nothing may be asked for (RFC 9309)", True
        if isinstance(rules, Protego) and not rules.can_fetch(url, AGENT):
            return "robots.txt forbids it", False
        return None

    def pace_s(self, url: str, pace_s: float) -> float:
        """Return the pause to keep on this host: ours, or the crawl-delay if that is longer, up to a minute."""
        rules = self._rules.get(urls.origin(url))
        delay_s = rules.crawl_delay(AGENT) if isinstance(rules, Protego) else None
        return max(pace_s, min(float(delay_s or 0.0), MAX_CRAWL_DELAY_S))
