"""Who may come in: whoever knows the token; by HTTP Basic (RFC 7617), which browsers, feed readers and curl know.

The password is the token. The user name is who decides, for what is decided stands under a name. A token is taken as
Bearer (RFC 6750), too; whoever comes so has no name, and decides nothing.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from aggregator.characters import harmless
from aggregator.errors import UsageError

LEAST_TOKEN_CHARS = 16
MAX_NAME_CHARS = 100
_NETWORK_BITS = 64
"""What a site has at least of IPv6 (RFC 6177)."""
WANTED = 'Basic realm="aggregator", charset="UTF-8"'
"""What a browser is told that asks without the token."""


@dataclass(frozen=True, slots=True)
class Door:
    """What may be done, and by whom."""

    token: str
    """At least ``LEAST_TOKEN_CHARS`` characters."""
    is_for_reading: bool
    """Whether it is asked for before anything is shown; else only before something is decided."""
    may_decide: bool
    """Whether anything may be decided from the pages."""

    def __post_init__(self) -> None:
        if len(self.token) < LEAST_TOKEN_CHARS:
            raise UsageError(f"the token has {len(self.token)} characters; {LEAST_TOKEN_CHARS} are the least.")

    @property
    def key(self) -> str:
        """What each form of these pages carries, and no other page can know."""
        return hmac.digest(self.token.encode(), b"a form of these pages", hashlib.sha256).hex()

    def is_key(self, given: str) -> bool:
        """Whether a form is one of these pages."""
        return hmac.compare_digest(given.encode(), self.key.encode())

    def who(self, authorization: str | None) -> str | None:
        """Return the name of who gives the token, maybe empty; None: they give none, or another one.

        Args:
            authorization: The header of that name.
        """
        scheme, _, given = (authorization or "").partition(" ")
        name, token = b"", given.strip().encode("latin-1", "replace")  # as a server reads the bytes of a header
        if scheme.lower() == "basic":
            try:
                name, _, token = base64.b64decode(token, validate=True).partition(b":")
            except binascii.Error:
                return None
        elif scheme.lower() != "bearer":
            return None
        is_right = hmac.compare_digest(token, self.token.encode())
        return " ".join(harmless(name.decode("utf-8", "replace")).split())[:MAX_NAME_CHARS] if is_right else None


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
