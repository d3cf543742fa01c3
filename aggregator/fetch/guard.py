"""Which addresses may be connected to, and the only way to one."""

from __future__ import annotations

import ipaddress
import socket

from aggregator.errors import FetchError
from aggregator.fetch import limits

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
        for address in addresses[: limits.MAX_ADDRESSES]:
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
