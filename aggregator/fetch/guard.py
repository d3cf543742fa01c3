"""Which addresses may be connected to, and the only way to one."""

from __future__ import annotations

import ipaddress
import re
import socket

from aggregator.errors import FetchError
from aggregator.fetch import limits

_ASSIGNMENTS = ipaddress.ip_network("192.0.0.0/24")
"""IETF protocol assignments (RFC 6890): nobody's site is there, whatever an older Python says of some of them."""
_PRIVATE_SUFFIXES = (
    ".local", ".internal", ".localdomain", ".home.arpa", ".lan", ".home", ".corp", ".intranet", ".private", ".onion",
)  # fmt: skip
"""Names that only a local network answers for (RFC 6762, appendix G; RFC 8375; ICANN, 2024), or none (RFC 7686)."""
_BAD_PORTS = frozenset({
    0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109,
    110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530,
    531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190,
    5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
})  # fmt: skip
"""Ports of other services than the web (Fetch standard, section 2.9): a request there could be read as a command."""
_ENDS_IN_A_NUMBER = re.compile(r"(?:^|\.)(?:[0-9]+|0x[0-9a-f]*)$", re.IGNORECASE)
"""An address however it is written, as 127.1 or 0x7f.1 (URL standard, section 3.5), and no name."""
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class Guard:
    """Decides which addresses may be connected to: public ones, and those that sources.yaml allows.

    Args:
        allow_private: Networks that are allowed besides, in CIDR form.
        proxy: Through which every connection is made; None: none.
    """

    def __init__(self, allow_private: tuple[str, ...] = (), proxy: str | None = None) -> None:
        self._proxy = proxy
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

    def refusal_of(self, host: str, port: int) -> str | None:
        """Return why a host is not even looked up; None: its addresses decide.

        A name of a local network is not asked about: the question alone would tell, and some network may answer. Where
        sources.yaml allows private networks, their names are allowed, too.
        """
        if port in _BAD_PORTS:
            return f"port {port} belongs to another service than the web"
        is_address = ":" in host or _ENDS_IN_A_NUMBER.search(host)
        if self._allowed or is_address or _is_loopback(host):
            return None
        if self._proxy and host.endswith(".onion"):
            return None
        if "." not in host or host.endswith(_PRIVATE_SUFFIXES):
            return f"{host} is a name of a local network"
        return None

    def connect(self, host: str, port: int, timeout_s: float) -> socket.socket:
        """Resolve once, refuse if any answer is private, connect to an address that was checked.

        Raises:
            FetchError: The name does not resolve, or leads to a private address, or the port is not one of the web.
            OSError: No address could be connected to.
        """
        if reason := self.refusal_of(host, port):
            raise FetchError(host, f"refused: {reason}", retryable=False)
        if self._proxy:
            return self._through(self._proxy, host, port, timeout_s)
        addresses = self._resolve(host, port)
        for address in addresses:
            if reason := self.refusal(address):
                raise FetchError(host, f"refused: {reason}", retryable=False)
        failure: OSError = OSError(f"{host} has no address")
        for address in addresses[: limits.MAX_ADDRESSES]:
            try:
                return socket.create_connection((address, port), timeout=timeout_s)
            except OSError as error:
                failure = error
        raise failure

    def _through(self, proxy: str, host: str, port: int, timeout_s: float) -> socket.socket:
        """Connect through the proxy, which looks the name up; what is an address already is judged here."""
        if _is_loopback(host) or ":" in host or _ENDS_IN_A_NUMBER.search(host):
            for address in self._resolve(host, port):
                if reason := self.refusal(address):
                    raise FetchError(host, f"refused: {reason}", retryable=False)
        from python_socks import ProxyError, ProxyTimeoutError  # few have a proxy
        from python_socks.sync import Proxy

        try:
            return Proxy.from_url(proxy, rdns=True).connect(host.strip("[]"), port, timeout=timeout_s)
        except (ProxyError, ProxyTimeoutError, OSError) as error:
            raise FetchError(host, f"not reached through the proxy ({error})"[:200], retryable=True) from error

    @property
    def is_direct(self) -> bool:
        """Whether the address that is connected to is the site's own."""
        return self._proxy is None

    @staticmethod
    def _resolve(host: str, port: int) -> list[str]:
        if _is_loopback(host):
            return ["127.0.0.1"]
        try:
            found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            why = getattr(error, "strerror", None) or error
            raise FetchError(host, f"the name does not resolve ({why})", retryable=True) from error
        return list(dict.fromkeys(str(info[4][0]) for info in found))


def _is_loopback(name: str) -> bool:
    """Whether a name is one of this machine, about which nobody is ever asked (RFC 6761, section 6.3)."""
    return name == "localhost" or name.endswith(".localhost")
