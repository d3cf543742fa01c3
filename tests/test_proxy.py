"""By choice, everything goes through a proxy, which resolves the names; what is archived is what passed."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest

from aggregator.errors import FetchError
from aggregator.fetch import Fetcher
from aggregator.model import Request, Response, Role, Settings
from tests.rawserver import RawServer

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nsoup"


class Proxy:
    """SOCKS5 (RFC 1928) and HTTP CONNECT, by the first byte; leads every name to one port of this machine."""

    def __init__(self, to: int) -> None:
        self.asked: list[tuple[str, int]] = []
        """Names or addresses, and ports, as it was asked for them."""
        self._to = to
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=self._serve, args=self._listener.accept()[:1], daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with suppress(OSError), client, client.makefile("rb") as stream:
            first = stream.read(1)
            if first == b"\x05":
                stream.read(stream.read(1)[0])
                client.sendall(b"\x05\x00")
                kind = stream.read(4)[3]
                host = stream.read(stream.read(1)[0]).decode() if kind == 3 else socket.inet_ntoa(stream.read(4))
                self.asked.append((host, *struct.unpack(">H", stream.read(2))))
                client.sendall(b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")
            else:
                host, _, port = stream.readline().split()[1].decode().rpartition(":")
                while stream.readline().strip():
                    pass
                self.asked.append((host, int(port)))
                client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            with socket.create_connection(("127.0.0.1", self._to)) as server:
                back = threading.Thread(target=_pour, args=(server, client), daemon=True)
                back.start()
                _pour(client, server)


def _pour(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(1 << 16):
            target.sendall(data)


@pytest.fixture
def server() -> Iterator[RawServer]:
    with RawServer({"/a?b": OK}) as running:
        yield running


@pytest.fixture
def proxy(server: RawServer) -> Iterator[Proxy]:
    running = Proxy(server.port)
    yield running
    running.close()


def ask(url: str, proxy: Proxy, kind: str = "socks5") -> Response:
    settings = Settings(proxy=f"{kind}://127.0.0.1:{proxy.port}")
    return Fetcher(settings).fetch(Request(url=url, role=Role.PAGE, source_id="a"), pace_s=0.0)


@pytest.mark.parametrize("kind", ["socks5", "http"])
@pytest.mark.parametrize("host", ["news.example", "abcdefabcdefabcd.onion"])
def test_the_proxy_looks_names_up_and_the_site_sees_the_same_request(
    kind: str, host: str, server: RawServer, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aggregator.fetch.guard.Guard._resolve", lambda *_: pytest.fail("a name was looked up here"))

    response = ask(f"http://{host}/a?b", proxy, kind)

    assert (response.received, response.ip) == (OK, "")
    assert proxy.asked == [(host, 80)]
    assert server.requests[0].startswith(b"GET /a?b HTTP/1.1\r\nHost: " + host.encode())
    assert response.sent == server.requests[0]


@pytest.mark.parametrize("host", ["10.0.0.1", "127.1", "localhost", "[::1]", "printer.local", "intranet"])
def test_what_is_private_is_not_asked_for_through_a_proxy_either(host: str, proxy: Proxy) -> None:
    with pytest.raises(FetchError, match="refused"):
        ask(f"http://{host}/", proxy)
    assert not proxy.asked


def test_a_proxy_that_is_down_is_named_as_such() -> None:
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]

    with pytest.raises(FetchError, match="not reached through the proxy") as caught:
        Fetcher(Settings(proxy=f"socks5://127.0.0.1:{port}")).fetch(
            Request(url="http://news.example/", role=Role.PAGE, source_id="a"), pace_s=0.0
        )
    assert caught.value.retryable
