"""What the bytes of an HTTP answer say: status, headers, body. Pure; the same for fresh and archived answers."""

from __future__ import annotations

import http.client
import io
import re
import zlib
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urljoin

MAX_DECODED_BYTES = 20 << 20
_PIECE = 1 << 16
_MAX_AGE = re.compile(r"(?<![\w-])max-age\s*=\s*\"?(\d{1,9})\b", re.IGNORECASE | re.ASCII)
_NOT_KEPT = re.compile(r"\bno-(?:store|cache)\b", re.IGNORECASE)
MAX_MEMBERS = 1_000
_SWARM = f"the compressed body has more than {MAX_MEMBERS:,} members"
_FOLDED = re.compile(r"\s*\r?\n\s+")
"""A header value that goes on in the next line (obs-fold, RFC 9112, section 5.2)."""
_INTERIM = re.compile(rb"HTTP/\S* 1(?!01)\d\d\s.*?\n\r?\n", re.DOTALL)
MAX_RATIO = 100
_PDF_WITHIN = 1_024
"""Bytes within which a PDF says that it is one."""
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

    @property
    def max_age_s(self) -> float:
        """How long the server calls it fresh, in seconds (RFC 9111, section 5.2.2.1); 0.0: it does not say."""
        said = ",".join(v for k, v in self.headers if k.lower() == "cache-control")
        found = _MAX_AGE.search(said)
        return float(found[1]) if found and not _NOT_KEPT.search(said) else 0.0

    def location(self, url: str) -> str | None:
        """Return where a redirect answered for ``url`` points, absolute; None: this is no redirect."""
        target = self.header("Location")
        if not target or self.status not in (301, 302, 303, 307, 308):
            return None
        try:
            return urljoin(url, _as_utf8(target))
        except ValueError:
            return None


class HTTPResponse(http.client.HTTPResponse):
    """http.client's reader, passing over every interim answer (RFC 9110, section 15.2), not only over 100."""

    def begin(self) -> None:
        """Read status line and headers of the final answer."""
        super().begin()
        while 100 <= self.status < 200 and self.status != 101:
            self.headers = None  # type: ignore[assignment]  # how http.client knows that it has not begun
            super().begin()


class _Bytes:
    """The one method of a socket that http.client wants."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, mode: str) -> io.BytesIO:
        return io.BytesIO(self._data)


def is_pdf(body: bytes) -> bool:
    """Whether a body is a PDF, whatever it is called (ISO 32000-1, annex H: the header within the first kilobyte)."""
    return body[:_PDF_WITHIN].lstrip().startswith(b"%PDF-")


def head_length(received: bytes | bytearray) -> int:
    """Return how many bytes status line and headers take, the empty line and interim answers included.

    Raises:
        ValueError: They are no HTTP response, or the empty line that ends the headers is missing.
    """
    response = _begun(received)  # held: a response that is let go closes what it read
    return response.fp.tell()


def interim_length(received: bytes) -> int:
    """Return how many bytes of interim answers (RFC 9110, section 15.2) stand before the final one; mostly 0."""
    length = 0
    while found := _INTERIM.match(received, length):
        length = found.end()
    return length


def _begun(received: bytes | bytearray) -> HTTPResponse:
    """Return a response of which the head has been read."""
    response = HTTPResponse(cast("Any", _Bytes(bytes(received))))
    try:
        response.begin()
    except (http.client.HTTPException, OSError, ValueError, AttributeError) as error:
        raise ValueError(f"not an HTTP response: {error}") from error
    if not received[: response.fp.tell()].endswith((b"\n\r\n", b"\n\n")):
        raise ValueError("not an HTTP response: it was cut off in its headers")
    return response


def read_head(received: bytes) -> Answer:
    """Read status line and headers alone; the body is left empty.

    Raises:
        ValueError: The bytes are no HTTP response at all.
    """
    response = _begun(received)
    return Answer(status=response.status, headers=_headers(response), body=b"")


def _headers(response: HTTPResponse) -> tuple[tuple[str, str], ...]:
    return tuple((name, _FOLDED.sub(" ", value)) for name, value in response.getheaders())


def read_answer(received: bytes) -> Answer:
    """Read the bytes of one HTTP response.

    Raises:
        ValueError: They are no HTTP response at all.
    """
    response = _begun(received)
    body, problem = _transferred(response, len(received))
    headers = _headers(response)
    encodings = [e.strip().lower() for k, v in headers if k.lower() == "content-encoding" for e in v.split(",")]
    for encoding in reversed([e for e in encodings if e not in ("", "identity")]):
        body, trouble = _decoded(body, encoding)
        problem = problem or trouble
    return Answer(status=response.status, headers=headers, body=body, problem=problem)


def unchunked(received: bytes) -> bytes:
    """Return the body with the transfer encoding undone and the content encoding kept, as far as it can be read.

    Raises:
        ValueError: The bytes are no HTTP response at all.
    """
    return _transferred(_begun(received), len(received))[0]


def _transferred(response: HTTPResponse, most: int) -> tuple[bytes, str | None]:
    """Undo the transfer encoding; the second value says what went wrong."""
    if response.length is not None:
        response.length = min(response.length, most)  # some lengths are no length
    try:
        return response.read(), None
    except http.client.IncompleteRead as error:
        return error.partial, "the answer is incomplete"
    except (http.client.HTTPException, OSError, ValueError, OverflowError) as error:
        return b"", f"the answer is garbled: {error}"


def _decoded(body: bytes, encoding: str) -> tuple[bytes, str | None]:
    """Undo one content encoding within the limits; the second value says what went wrong."""
    if encoding not in ("gzip", "x-gzip", "deflate", "br"):
        return body, f"unknown content encoding {encoding[:40]!r}"
    if not body:
        return body, None
    limit = max(RATIO_FREE_BYTES, min(MAX_DECODED_BYTES, MAX_RATIO * len(body)))
    if encoding == "br":
        return _unbrotlied(body, limit)
    # 47: zlib finds out by itself whether it is gzip or zlib; -15: raw deflate, as some servers send it
    for window in (47, -15) if encoding == "deflate" else (47,):
        decoded, trouble = _inflated(body, window, limit)
        if decoded or trouble in (None, _SWARM):
            return decoded, trouble
    return body, f"the body is not {encoding} as declared"


def _inflated(body: bytes, window: int, limit: int) -> tuple[bytes, str | None]:
    """Decompress, member after member, as far as it goes; what follows the last member is no body."""
    decoded, view, at = bytearray(), memoryview(body), 0
    for _ in range(MAX_MEMBERS):
        inflater = zlib.decompressobj(window)
        try:
            while not inflater.eof and at < len(view):
                piece = view[at : at + _PIECE]
                decoded += inflater.decompress(piece, limit + 1 - len(decoded))
                if len(decoded) > limit:
                    return bytes(decoded[:limit]), f"the body grows past {limit:,} bytes when decompressed"
                at += len(piece) - len(inflater.unused_data)
        except zlib.error as error:
            return bytes(decoded), f"the compressed body is damaged ({error})"
        if not inflater.eof:
            return bytes(decoded), "the compressed body is incomplete"
        if bytes(view[at : at + 2]) != b"\x1f\x8b":
            return bytes(decoded), None
    return bytes(decoded), _SWARM


def _unbrotlied(body: bytes, limit: int) -> tuple[bytes, str | None]:
    """Undo brotli, which we never ask for: only what others captured has it."""
    try:
        import brotli
    except ImportError:
        return body, "content encoding 'br', and the package Brotli is not installed"
    decoded, inflater = bytearray(), brotli.Decompressor()
    try:
        waiting = body
        while not inflater.is_finished():
            piece = inflater.process(waiting, output_buffer_limit=_PIECE)
            decoded += piece
            waiting = b""
            if len(decoded) > limit:
                return bytes(decoded[:limit]), f"the body grows past {limit:,} bytes when decompressed"
            if not piece and inflater.can_accept_more_data():
                return bytes(decoded), "the compressed body is incomplete"
    except brotli.error as error:
        return bytes(decoded) or body, f"the compressed body is damaged ({error})"
    return bytes(decoded), None


def _as_utf8(value: str) -> str:
    """Return a header value as its sender meant it: http.client reads every byte as a letter of ISO 8859-1."""
    try:
        return value.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return value
