"""No address inside our own network is contacted, however it is written."""

from __future__ import annotations

import socket

import pytest

from aggregator.errors import FetchError
from aggregator.fetch import Fetcher, Guard
from aggregator.model import Request, Role, Settings
from tests.rawserver import RawServer

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nsoup"


@pytest.mark.parametrize(
    "address",
    """0.0.0.0 10.0.0.1 100.64.0.1 127.0.0.1 127.255.255.254 169.254.169.254 172.16.0.1 172.31.255.254 192.0.2.1
    192.168.1.1 198.18.0.1 224.0.0.1 240.0.0.1 255.255.255.255 :: ::1 ::127.0.0.1 ::ffff:127.0.0.1 ::ffff:10.0.0.1
    ::ffff:a9fe:a9fe 64:ff9b::7f00:1 64:ff9b::10.0.0.1 64:ff9b:1::1 2002:7f00:1:: 2002:a00:1:: 2001:db8::1 fc00::1
    fd12:3456::1 fe80::1 fe80::1%eth0 fec0::1 ff02::1""".split(),
)
def test_an_address_that_is_not_public_is_refused(address: str) -> None:
    assert Guard().refusal(address) == f"{address} is not a public address"


@pytest.mark.parametrize(
    "address", "8.8.8.8 11.0.0.1 172.15.0.1 172.32.0.1 2606:4700:4700::1111 ::ffff:8.8.8.8 64:ff9b::808:808".split()
)
def test_a_public_address_is_allowed(address: str) -> None:
    assert Guard().refusal(address) is None


def test_what_the_settings_allow_is_allowed_and_nothing_else() -> None:
    guard = Guard(("127.0.0.0/8", "fd00::/8"))

    assert [guard.refusal(a) for a in ("127.3.2.1", "::ffff:127.0.0.1", "fd00::1")] == [None, None, None]
    assert guard.refusal("10.0.0.1")
    assert guard.refusal("::1")


@pytest.mark.parametrize(
    "host",
    "127.0.0.1 127.1 2130706433 0x7f000001 0 localhost a.localhost [::1] [::ffff:127.0.0.1] [::ffff:7f00:1]".split(),
)
def test_our_own_machine_is_not_contacted_however_it_is_written(host: str) -> None:
    with RawServer({"/": OK}) as server, pytest.raises(FetchError, match="not a public address") as failed:
        url = server.url(host=host)
        Fetcher(Settings()).fetch(Request(url=url, role=Role.PAGE, source_id="a"), pace_s=0.0)

    assert (failed.value.url, failed.value.retryable) == (url, False)
    assert server.connections == 0


def test_a_name_with_one_private_address_among_public_ones_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, 80)) for ip in ("93.184.215.14", "10.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)

    with pytest.raises(FetchError, match=r"10\.0\.0\.1 is not a public address"):
        Guard().connect("a.example", 80, 1.0)


@pytest.mark.parametrize("host", "intranet printer.local db.internal nas.home.arpa hidden.onion".split())
def test_a_name_of_a_local_network_is_not_even_looked_up(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **more: asked.append(args))

    with pytest.raises(FetchError, match="name of a local network"):
        Guard().connect(host, 80, 1.0)
    assert not asked


def test_names_of_a_local_network_are_looked_up_where_private_networks_are_allowed() -> None:
    assert Guard(("10.0.0.0/8",)).refusal_of("intranet", 80) is None


@pytest.mark.parametrize("port", [0, 22, 25, 6667])
def test_a_port_of_another_service_is_refused_even_where_the_address_is_allowed(port: int) -> None:
    with pytest.raises(FetchError, match="another service"):
        Guard(("127.0.0.0/8",)).connect("127.0.0.1", port, 1.0)


@pytest.mark.parametrize("port", [80, 443, 8000, 8080, 8443])
def test_ports_on_which_webs_are_found_are_not_refused(port: int) -> None:
    assert Guard().refusal_of("news.example", port) is None
