"""Digests as WARC files write them: ``sha1:`` and a value in base32, hexadecimal or base64."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterator
from typing import Any

from aggregator import wire
from aggregator.archive.fixity.pieces import MAX_HEAD_BYTES, head_end

MAX_DECODED_BYTES = 1 << 25
"""A longer body is not tried with its encodings undone."""

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
        if len(value) == 2 * len(digest):
            return value.lower() == digest.hex()
        if value.upper() == base64.b32encode(digest).decode().rstrip("="):
            return True
        return value.replace("-", "+").replace("_", "/") == base64.b64encode(digest).decode().rstrip("=")


class HttpPayload:
    """The payload of a block that is HTTP: what follows its headers.

    Args:
        payload: Is given it.

    Attributes:
        parts: The block; empty where it is too long to be held.
    """

    __slots__ = ("_front", "_payload", "_total", "parts")

    def __init__(self, payload: Claim) -> None:
        self._payload = payload
        self._front: bytearray | None = bytearray()
        self._total = 0
        self.parts: list[bytes] = []

    def update(self, part: bytes) -> None:
        """Take the next bytes of the block."""
        self._total += len(part)
        if self._total <= MAX_DECODED_BYTES:
            self.parts.append(part)
        else:
            self.parts.clear()
        if self._front is None:
            self._payload.update(part)
            return
        self._front += part
        end = head_end(self._front)
        if end >= 0 or len(self._front) > MAX_HEAD_BYTES:
            self._payload.update(bytes(self._front[max(end, 0) :]))
            self._front = None


def custom_of(payload: Claim, block: bytes) -> str | None:
    """Return what else a tool may have meant by the payload of an HTTP block; None: none of it.

    The standard's words leave it open. warcio, Heritrix, wget and we take the body as it was sent; jwarc and others
    undo the chunks first, as RFC 2616 defines an entity body; some undo the compression as well, and some take the
    whole block.
    """
    return next((name for name, data in _bodies(block) if payload.holds_of(data)), None)


def _bodies(block: bytes) -> Iterator[tuple[str, bytes]]:
    try:
        yield "without its chunks", wire.unchunked(block)
        yield "with all encodings undone", wire.read_answer(block).body
    except ValueError:
        pass  # a request, or no HTTP at all
    yield "together with its headers", block
