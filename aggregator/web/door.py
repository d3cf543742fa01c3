"""Who may come in: whoever knows the token; by HTTP Basic (RFC 7617), which browsers, feed readers and curl know.

The password is the token. The user name is who decides, for what is decided stands under a name. A token is taken as
Bearer (RFC 6750), too; whoever comes so has no name, and decides nothing.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass

from aggregator.characters import harmless
from aggregator.errors import UsageError

LEAST_TOKEN_CHARS = 16
MAX_NAME_CHARS = 100
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
