"""One address asked for, when its host is free and rested."""

from __future__ import annotations

import http.client
import logging
import re
import threading
import time
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Protocol

import requests
import urllib3
from requests.structures import CaseInsensitiveDict

from aggregator import __version__, urls, wire
from aggregator.clock import SYSTEM, Clock
from aggregator.errors import FetchError
from aggregator.fetch import limits
from aggregator.fetch.guard import Guard
from aggregator.fetch.overhearing import Adapter, Attempt, TooLong, current
from aggregator.model import Request, Response, Role, Settings

AGENT = "aggregator"
_ORDINARY_HEAD = re.compile(rb"HTTP/1\.[01] [2-5]\d\d[^\r\n]*\r\n(?:[!-9;-~]+:[^\r\n]*\r\n)+\r\n")
"""Status line, headers and the line that ends them as nearly every server writes them."""
_OTHER_CERTIFICATE = re.compile(r'Fingerprints did not match.*got "([0-9a-f]+)"')
_BUSY = re.compile(rb"HTTP/\S+ +(?:429|503)\b|HTTP/\S+ +1\d\d\b")
"""How an answer begins that may ask for patience; also one behind interim answers."""

logging.getLogger("urllib3").setLevel(logging.ERROR)


class Web(Protocol):
    """Where responses come from; the one seam of the tests."""

    def fetch(self, request: Request, *, pace_s: float) -> Response:
        """Return the answer to one request; raises FetchError."""
        ...

    def free_at(self, url: str) -> float:
        """Return the monotonic instant from which on the host of an address may be asked: its pause is then over."""
        ...

    def rests_s(self, url: str) -> float:
        """Return for how long the host of an address is to be left alone, in seconds, however long that is."""
        ...

    def stop(self) -> None:
        """Let no request wait any longer: pauses end at once with a FetchError."""
        ...


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

    def __init__(self, settings: Settings, clock: Clock = SYSTEM) -> None:
        self._clock = clock
        self._gates: dict[str, _Gate] = {}
        self._gates_lock = threading.Lock()
        self._stopping = threading.Event()
        self._adapter = Adapter()
        self.follow(settings)

    def follow(self, settings: Settings) -> None:
        """Go on with other settings; hosts keep their pauses."""
        self._guard = Guard(settings.allow_private, settings.proxy)
        self._certificates = dict(settings.certificates)
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
                response = self._ask(request, pace_s)
            finally:
                gate.rested_at = time.monotonic() + pace_s
            gate.shut_until = time.monotonic() + _retry_after_s(response, self._clock.now())
            return response

    def free_at(self, url: str) -> float:
        """Return the monotonic instant from which on the host of an address may be asked: its pause is then over.

        A pause that is longer than a run has patience for counts as over: the request then fails at once.
        """
        gate = self._gate(urls.host(url))
        is_shut = gate.shut_until - time.monotonic() > limits.PATIENCE_S
        return gate.rested_at if is_shut else max(gate.rested_at, gate.shut_until)

    def rests_s(self, url: str) -> float:
        """Return for how long the host of an address is to be left alone, in seconds, however long that is."""
        gate = self._gate(urls.host(url))
        return max(gate.rested_at, gate.shut_until, time.monotonic()) - time.monotonic()

    def _gate(self, host: str) -> _Gate:
        with self._gates_lock:
            return self._gates.setdefault(host, _Gate())

    def _wait(self, gate: _Gate, url: str) -> None:
        now = time.monotonic()
        if gate.shut_until - now > limits.PATIENCE_S:
            asked_s = gate.shut_until - now
            raise FetchError(
                url, f"the host asked to be left alone for {asked_s:.0f} s more", retryable=True, was_asked=False
            )
        if self._stopping.wait(max(gate.rested_at - now, gate.shut_until - now, 0.0)):
            raise FetchError(url, "interrupted before it was asked", retryable=True, was_asked=False)

    def _ask(self, request: Request, pace_s: float) -> Response:
        conditions = {"If-None-Match": request.etag, "If-Modified-Since": request.last_modified}
        headers = self._headers | {name: value for name, value in conditions.items() if value and _may_be_sent(value)}
        prepared = (
            requests.PreparedRequest()
        )  # by hand: an address in its canonical form needs none of what takes 0.1 ms
        prepared.method, prepared.url, prepared.headers = "GET", request.url, CaseInsensitiveDict(headers)
        try:
            return self._send(request, prepared)
        except _Stale:
            # the server may have seen it all the same, and hung up on it
            if self._stopping.wait(pace_s):
                raise FetchError(request.url, "interrupted before it was asked again", retryable=True) from None
        try:
            return self._send(request, prepared)
        except _Stale as error:
            raise FetchError(request.url, in_words(error), retryable=True) from error

    def _send(self, request: Request, prepared: requests.PreparedRequest) -> Response:
        """Ask once; raises _Stale when a kept-alive connection turned out to be dead."""
        deadline = time.monotonic() + limits.TOTAL_S
        attempt = Attempt(self._guard, urls.path_and_query(request.url), deadline, certificates=self._certificates)
        attempt.max_bytes = limits.MAX_REQUISITE_BYTES if request.role is Role.REQUISITE else limits.MAX_BYTES
        started_at = self._clock.now()
        current.set(attempt)
        truncated = None
        try:
            # the adapter, not a session: no redirects, cookies, proxies or netrc
            with self._adapter.send(prepared, stream=True, timeout=(limits.CONNECT_S, limits.IDLE_S)) as answer:
                truncated = _read_to_end(answer)
        except FetchError as error:
            raise FetchError(request.url, error.reason, retryable=error.retryable) from error
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError, TooLong) as error:
            if not attempt.connected and not attempt.received:
                raise _Stale from error
            raise FetchError(request.url, in_words(error), retryable=True) from error
        if not _ORDINARY_HEAD.match(attempt.received):  # else it need not be parsed a second time
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
            certificate=attempt.certificate,
        )


class _Stale(Exception):
    """A kept-alive connection was closed by the peer before our request reached it: ask again on a new one."""


def _may_be_sent(validator: str) -> bool:
    """Whether a validator, as the server gave it, may stand in a request."""
    return validator.isprintable() and validator == validator.strip()


def _read_to_end(answer: requests.Response) -> str | None:
    """Read the body to its end or to a limit; return why it is incomplete, in the words of WARC-Truncated."""
    try:
        while answer.raw.read1(1 << 16, decode_content=False):
            pass
    except TooLong:
        return "length"
    except (TimeoutError, urllib3.exceptions.TimeoutError):
        return "time"
    except (urllib3.exceptions.HTTPError, http.client.HTTPException, OSError, ValueError, OverflowError):
        return "disconnect"  # also a chunk whose announced size is nonsense
    return None


def _retry_after_s(response: Response, now: datetime) -> float:
    """Return how long a busy host asks to be left alone, in seconds (RFC 9110, section 10.2.3); 0.0: it does not."""
    if not _BUSY.match(response.received):  # to read a head takes a twentieth of a fetch
        return 0.0
    try:
        answer = wire.read_head(response.received)
    except ValueError:
        return 0.0
    value = answer.header("Retry-After")
    if answer.status not in (429, 503) or value is None:
        return 0.0
    try:
        seconds = float(value) if value.strip().isdigit() else (parsedate_to_datetime(value) - now).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return 0.0
    return min(max(seconds, 0.0), limits.MAX_RETRY_AFTER_S)


def in_words(error: BaseException) -> str:
    """Return in one line what requests, urllib3 and the system say in five."""
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
        if found := _OTHER_CERTIFICATE.search(str(link)):
            return f"its certificate is not the one that sources.yaml names: its SHA-256 is {found[1]}"
        if isinstance(link, http.client.BadStatusLine):
            return "what it answers is not HTTP"
        if isinstance(link, TimeoutError | urllib3.exceptions.TimeoutError | requests.Timeout):
            return "timed out"
    return " ".join(str(chain[-1]).split())[:200] or type(error).__name__
