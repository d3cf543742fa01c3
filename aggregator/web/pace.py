"""How fast each client may ask."""

from __future__ import annotations

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable

_NETWORK_BITS = 64
"""What a site has at least of IPv6 (RFC 6177)."""


def client_of(address: str) -> str:
    """Return who is counted as one: an address of IPv4, or a network of IPv6, of which one client has every address."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    return address if found.version == 4 else str(ipaddress.ip_network((found, _NETWORK_BITS), strict=False))


class Pace:
    """How much each client may ask: so much at once, and so much a second from then on.

    Args:
        at_once: Answers that may be had without a pause.
        a_second: Answers a second, in the long run.
        clock: Returns seconds that only grow.
    """

    MOST_CLIENTS = 4_096
    """That are remembered; those longest silent are forgotten."""

    def __init__(self, at_once: float, a_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._at_once = at_once
        self._a_second = a_second
        self._clock = clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait_s(self, client: str, cost: float = 1.0) -> float:
        """Take from what a client may ask; return in how many seconds it may come again, 0.0: it may now.

        Args:
            client: Its address.
            cost: How many answers this counts for.
        """
        now = self._clock()
        left, then = self._left.pop(client, (self._at_once, now))
        left = min(self._at_once, left + (now - then) * self._a_second)
        is_enough = left >= 1.0
        self._left[client] = (left - cost if is_enough else left, now)
        while len(self._left) > self.MOST_CLIENTS:
            self._left.popitem(last=False)
        return 0.0 if is_enough else (1.0 - left) / self._a_second
