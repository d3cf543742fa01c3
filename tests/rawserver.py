"""A server on loopback that sends exactly the bytes it was given, and remembers what it was asked."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from enum import Enum, auto


class Do(Enum):
    """What an answer may do besides sending."""

    CUT = auto()
    """Close the connection."""
    HANG = auto()
    """Send nothing until the server is released."""


Step = bytes | float | Do
"""Bytes are sent; a number is a pause in seconds."""
Answer = bytes | tuple[Step, ...]
NOT_FOUND = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"


class RawServer:
    """Answers ``pages[path]``; keeps connections alive unless an answer cuts them.

    With ``max_per_connection``, a connection that has had so many answers is closed when the next request comes, as
    servers do whose keep-alive has run out. With ``tls``, it is spoken on every connection.
    """

    def __init__(
        self, pages: Mapping[str, Answer], *, max_per_connection: int = 1_000, tls: ssl.SSLContext | None = None
    ) -> None:
        self.pages = dict(pages)
        self.requests: list[bytes] = []
        """Each request as it was sent, in the order of arrival."""
        self.asked_at: list[float] = []
        """When each request was there, on the monotonic clock."""
        self.connections = 0
        self.most_at_once = 0
        """How many requests were ever waiting for the first byte of their answer at the same time."""
        self.asked = threading.Semaphore(0)
        """Counts requests: acquire it to wait for one."""
        self._at_once = 0
        self._max_per_connection = max_per_connection
        self._tls = tls
        self._lock = threading.Lock()
        self._released = threading.Event()
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._start(self._accept)

    def url(self, path: str = "/", *, host: str = "127.0.0.1") -> str:
        return f"{'https' if self._tls else 'http'}://{host}:{self.port}{path}"

    def paths(self) -> list[str]:
        return [_path(request) for request in self.requests]

    def release(self) -> None:
        """End every pause."""
        self._released.set()

    def __enter__(self) -> RawServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._open:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)

    def _start(self, work: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=work, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # closed
            while True:
                connection, _ = self._listener.accept()
                if self._tls:  # the handshake is left to the thread that reads
                    connection = self._tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
                self._open.append(connection)
                self.connections += 1
                self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as stream, contextlib.suppress(OSError):
            for _ in range(self._max_per_connection):
                request = _read_head(stream.readline)
                if not request:
                    return
                if not self._answer(connection, self.pages.get(self._note(request), NOT_FOUND)):
                    return
            if request := _read_head(stream.readline):
                self._note(request)

    def _note(self, request: bytes) -> str:
        with self._lock:
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
            self.asked_at.append(time.monotonic())
            self.requests.append(request)
        self.asked.release()
        return _path(request)

    def _answer(self, connection: socket.socket, answer: Answer) -> bool:
        """Send it; return whether the connection stays open."""
        waiting = True
        for step in (answer,) if isinstance(answer, bytes) else answer:
            if isinstance(step, float) or step is Do.HANG:
                self._released.wait(step if isinstance(step, float) else None)
                continue
            with self._lock:
                self._at_once -= waiting
            waiting = False
            if not isinstance(step, bytes):
                return False
            connection.sendall(step)
        return True


def _read_head(readline: Callable[[], bytes]) -> bytes:
    lines: list[bytes] = []
    while not lines or lines[-1] not in (b"\r\n", b""):
        lines.append(readline())
    return b"".join(lines)


def _path(request: bytes) -> str:
    return request.split(b" ")[1].decode()
