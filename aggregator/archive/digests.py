"""Digests as WARC files write them: ``sha1:`` and a value in base32, hexadecimal or base64."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from typing import Any

_HASHERS: dict[str, Callable[[], Any]] = {
    "md5": lambda: hashlib.md5(usedforsecurity=False),
    "sha1": lambda: hashlib.sha1(usedforsecurity=False),
    "sha256": hashlib.sha256,
    "sha384": hashlib.sha384,
    "sha512": hashlib.sha512,
}


class Claim:
    """A digest that a record claims, and the bytes it is compared with.

    Args:
        said: The field's value.

    Attributes:
        update: Takes the next bytes.

    Raises:
        LookupError: The algorithm is not one that we know; nothing can be said of the digest.
    """

    __slots__ = ("_hasher", "_value", "algorithm", "said", "update")

    def __init__(self, said: str) -> None:
        name, _, value = said.partition(":")
        self.said = said
        self.algorithm = name.strip().lower().replace("-", "")
        self._value = value.strip().rstrip("=")
        self._hasher = _HASHERS[self.algorithm]()
        self.update: Callable[[bytes], None] = self._hasher.update

    def holds(self) -> bool:
        """Whether the bytes taken so far are what the record claims."""
        return self._is(self._hasher.digest())

    def holds_of(self, data: bytes) -> bool:
        """Whether these bytes, instead of those taken so far, are what the record claims."""
        hasher = _HASHERS[self.algorithm]()
        hasher.update(data)
        return self._is(hasher.digest())

    def found(self) -> str:
        """Return the digest of the bytes taken so far, in the form of the claim; of a claim in no form, in base32."""
        digest = self._hasher.digest()
        hexadecimal = len(self._value) == 2 * len(digest)
        return f"{self.algorithm}:{digest.hex() if hexadecimal else base64.b32encode(digest).decode()}"

    def _is(self, digest: bytes) -> bool:
        # the standard names no encoding: most tools write base32, some hexadecimal; RFC 4648 has base64 too
        value = self._value
        if value.upper() == base64.b32encode(digest).decode().rstrip("="):
            return True
        if value.lower() == digest.hex():
            return True
        return value.replace("-", "+").replace("_", "/") == base64.b64encode(digest).decode().rstrip("=")
