"""What the bytes of an HTTP answer say: status, headers, body. Pure; the same for fresh and archived answers."""

from __future__ import annotations

import http.client
import io
import zlib
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urljoin

MAX_DECODED_BYTES = 20 << 20
MAX_RATIO = 100
RATIO_FREE_BYTES = 1 << 20
"""Below this size a body may shrink to anything; above it, ``MAX_RATIO`` marks a decompression bomb."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An HTTP response, read."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    """Transfer and content encodings undone; as far as it could be read when ``problem`` is set."""
    problem: str | None = None
    """Why the body is not to be trusted (incomplete, a bomb, garbled); None: it is whole."""

    def header(self, name: str) -> str | None:
        """Return the first header of that name, whatever its case; None: there is none."""
        return next((v for k, v in self.headers if k.lower() == name.lower()), None)

    def location(self, url: str) -> str | None:
        """Return where a redirect answered for ``url`` points, absolute; None: this is no redirect."""
        target = self.header("Location")
        return urljoin(url, target) if target and self.status in (301, 302, 303, 307, 308) else None


class _Bytes:
    """The one method of a socket that http.client wants."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, mode: str) -> io.BytesIO:
        return io.BytesIO(self._data)


def head_length(received: bytes) -> int:
    """Return how many bytes status line and headers take, the empty line included."""
    ends = [i + len(mark) for mark in (b"\r\n\r\n", b"\n\n") if (i := received.find(mark)) >= 0]
    return min(ends, default=len(received))


def read_answer(received: bytes) -> Answer:
    """Read the bytes of one HTTP response.

    Raises:
        ValueError: They are no HTTP response at all.
    """
    response = http.client.HTTPResponse(cast("Any", _Bytes(received)))
    try:
        response.begin()
    except (http.client.HTTPException, OSError, ValueError) as error:
        raise ValueError(f"not an HTTP response: {error}") from error
    problem = None
    try:
        body = response.read()
    except http.client.IncompleteRead as error:
        body, problem = error.partial, "the answer is incomplete"
    except (http.client.HTTPException, OSError, ValueError) as error:
        body, problem = b"", f"the answer is garbled: {error}"
    headers = tuple(response.getheaders())
    encodings = [e.strip().lower() for k, v in headers if k.lower() == "content-encoding" for e in v.split(",")]
    for encoding in reversed([e for e in encodings if e not in ("", "identity")]):
        body, trouble = _decoded(body, encoding)
        problem = problem or trouble
    return Answer(status=response.status, headers=headers, body=body, problem=problem)


def _decoded(body: bytes, encoding: str) -> tuple[bytes, str | None]:
    """Undo one content encoding within the limits; the second value says what went wrong."""
    if encoding not in ("gzip", "x-gzip", "deflate"):
        return body, f"unknown content encoding {encoding[:40]!r}"
    if not body:
        return body, None
    limit = max(RATIO_FREE_BYTES, min(MAX_DECODED_BYTES, MAX_RATIO * len(body)))
    # 47: zlib finds out by itself whether it is gzip or zlib; -15: raw deflate, as some servers send it
    for window in (47, -15) if encoding == "deflate" else (47,):
        inflater = zlib.decompressobj(window)
        try:
            decoded = inflater.decompress(body, limit + 1)
        except zlib.error:
            continue
        if len(decoded) > limit:
            return decoded[:limit], f"the body grows past {limit:,} bytes when decompressed"
        return decoded, None if inflater.eof else "the compressed body is incomplete"
    return body, f"the body is not {encoding} as declared"
