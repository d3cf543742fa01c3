"""requests' own adapter over connections that keep every byte of the wire, give up in time, and pass the guard."""

from __future__ import annotations

import io
import socket
import ssl
import time
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection

from aggregator import wire
from aggregator.fetch import limits
from aggregator.fetch.guard import Guard


@dataclass(slots=True)
class Attempt:
    """What one request may use, and what was heard of it on the wire."""

    guard: Guard
    target: str
    """Path and query as announced: urllib3 would rewrite some escapes."""
    deadline: float
    """Monotonic instant at which the whole answer must be here."""
    sent: bytearray = field(default_factory=bytearray)
    received: bytearray = field(default_factory=bytearray)
    ip: str = ""
    """The address that was connected to; empty: not known, for a proxy chose it."""
    certificates: Mapping[str, str] = field(default_factory=dict)
    """SHA-256 of certificates that are trusted whoever signed them, by host."""
    certificate: tuple[datetime, datetime] | None = None
    """From when to when the host's certificate is valid; None: there is none, or it was not judged by who signed it."""
    max_bytes: int = field(default_factory=lambda: limits.MAX_BYTES)
    """How many bytes of an answer are taken."""
    connected: bool = False
    """Whether a connection was made for it; False: one was kept alive from before."""


class TooLong(Exception):
    """The answer has more bytes than we take."""


current: ContextVar[Attempt] = ContextVar("current")


class _Tap(io.RawIOBase):
    """Reads a socket, keeps every byte, and gives up at the deadline.

    Args:
        sock: The connection.
        file: http.client's own file over it, kept open: the socket lives as long as one of its files does.
    """

    def __init__(self, sock: socket.socket, file: io.BufferedIOBase) -> None:
        self._sock = sock
        self._file = file
        self._attempt = current.get()

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        self._file.close()
        super().close()

    def readinto(self, buffer: Any) -> int:
        left_s = self._attempt.deadline - time.monotonic()
        if left_s <= 0:
            raise TimeoutError("the whole answer took too long")
        if len(self._attempt.received) > self._attempt.max_bytes:
            raise TooLong
        self._sock.settimeout(min(limits.IDLE_S, left_s))
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
        attempt = current.get()
        attempt.connected = True
        return attempt.guard.connect(self._dns_host, self.port, limits.CONNECT_S)  # type: ignore[attr-defined]

    def putrequest(self, method: str, url: str, *args: Any, **kwargs: Any) -> None:
        super().putrequest(method, current.get().target, *args, **kwargs)  # type: ignore[misc]

    def send(self, data: Any) -> None:
        attempt = current.get()
        attempt.sent += data
        super().send(data)  # type: ignore[misc]
        if attempt.guard.is_direct:
            attempt.ip = self.sock.getpeername()[0]  # type: ignore[attr-defined]


class _Connection(_Overheard, HTTPConnection):  # type: ignore[misc]
    """Over TCP; urllib3 does not say that it may be given another response class, http.client does."""


class _SecureConnection(_Overheard, HTTPSConnection):  # type: ignore[misc]
    """Over TLS: what is kept is what was encrypted."""

    _validity: tuple[datetime, datetime] | None = None

    def connect(self) -> None:
        """Make the connection; where sources.yaml names a certificate, that one counts, and no signature does."""
        self.assert_fingerprint = current.get().certificates.get(self._dns_host)
        if self.assert_fingerprint:
            self.cert_reqs = "CERT_NONE"
        super().connect()
        if not self.assert_fingerprint:
            self._validity = _validity(self.sock)

    def send(self, data: Any) -> None:
        super().send(data)
        current.get().certificate = self._validity


def _validity(sock: Any) -> tuple[datetime, datetime] | None:
    """Return from when to when the certificate at the other end is valid; None: it does not say so."""
    said = sock.getpeercert() or {}
    try:
        begin, end = (datetime.fromtimestamp(ssl.cert_time_to_seconds(said[k]), UTC) for k in ("notBefore", "notAfter"))
    except (KeyError, ValueError, OverflowError, OSError):
        return None
    return begin, end


class _Pool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class Adapter(HTTPAdapter):
    """requests' own adapter over our connections, one kept alive a host."""

    def __init__(self) -> None:
        super().__init__(pool_connections=256, pool_maxsize=1, max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}

    def request_url(self, request: requests.PreparedRequest, proxies: object) -> str:
        """Return any target: our connections send the one that the attempt names; to make this one took a twentieth."""
        return "/"

    def build_response(self, req: requests.PreparedRequest, resp: Any) -> requests.Response:
        """Return the answer as nothing but the way to its bytes: no cookies, no guess at its encoding."""
        answer = requests.Response()
        answer.raw, answer.status_code, answer.request = resp, resp.status, req
        return answer
