"""A body is decompressed within limits, whatever a server calls it."""

from __future__ import annotations

import gzip
import zlib

import brotli
import pytest

from aggregator import wire
from aggregator.wire import MAX_DECODED_BYTES, RATIO_FREE_BYTES, Answer
from tests.test_wire import TEXT, chunked, read

KIB = 1 << 10


def encoded(body: bytes, encoding: str) -> Answer:
    return read(body, f"Content-Encoding: {encoding}")


def raw_deflate(data: bytes) -> bytes:
    return zlib.compress(data)[2:-4]


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", gzip.compress(TEXT, mtime=0)),
        ("x-gzip", gzip.compress(TEXT, mtime=0)),
        ("GZip", gzip.compress(TEXT, mtime=0)),
        ("identity", TEXT),
        ("deflate", zlib.compress(TEXT)),
        ("deflate", raw_deflate(TEXT)),
        ("gzip, identity", gzip.compress(TEXT, mtime=0)),
        ("deflate, gzip", gzip.compress(zlib.compress(TEXT), mtime=0)),
        ("gzip", gzip.compress(TEXT[:50], mtime=0) + gzip.compress(TEXT[50:], mtime=0)),
        ("gzip", gzip.compress(TEXT, mtime=0) + b"\0\0\0"),
        ("br", brotli.compress(TEXT)),
        ("gzip, br", brotli.compress(gzip.compress(TEXT, mtime=0))),
    ],
)
def test_content_encodings_are_undone(encoding: str, body: bytes) -> None:
    answer = encoded(body, encoding)

    assert (answer.body, answer.problem) == (TEXT, None)


def test_encodings_on_two_lines_are_undone_from_the_last_to_the_first() -> None:
    body = zlib.compress(gzip.compress(TEXT, mtime=0))

    assert read(body, "Content-Encoding: gzip", "Content-Encoding: deflate").body == TEXT


def test_chunks_are_joined_before_they_are_decompressed() -> None:
    packed = gzip.compress(TEXT, mtime=0)

    answer = read(chunked(packed[:7], packed[7:]), "Transfer-Encoding: chunked", "Content-Encoding: gzip")

    assert (answer.body, answer.problem) == (TEXT, None)


def test_an_unknown_encoding_is_named_and_the_body_left_as_it_is() -> None:
    answer = encoded(b"\x28\xb5\x2f\xfdsoup", "zstd")

    assert answer.body == b"\x28\xb5\x2f\xfdsoup"
    assert "zstd" in (answer.problem or "")


def test_plain_text_that_claims_to_be_gzip_is_left_as_it_is() -> None:
    answer = encoded(TEXT, "gzip")

    assert answer.body == TEXT
    assert "gzip" in (answer.problem or "")


def test_an_empty_body_needs_no_decompressing() -> None:
    assert encoded(b"", "gzip") == read(b"", "Content-Encoding: gzip")
    assert encoded(b"", "gzip").problem is None


def test_a_gzip_body_that_stops_is_read_as_far_as_it_goes() -> None:
    answer = encoded(gzip.compress(TEXT, mtime=0)[:-12], "gzip")

    assert answer.body
    assert TEXT.startswith(answer.body)
    assert answer.problem == "the compressed body is incomplete"


def test_a_gzip_body_with_a_wrong_checksum_is_read_but_not_trusted() -> None:
    packed = gzip.compress(TEXT * 2_000, compresslevel=0)

    answer = encoded(packed[:-8] + bytes(8), "gzip")

    assert answer.body
    assert (TEXT * 2_000).startswith(answer.body)
    assert answer.problem


def test_a_body_that_shrinks_a_lot_is_whole_below_a_mebibyte() -> None:
    assert encoded(gzip.compress(bytes(RATIO_FREE_BYTES)), "gzip").problem is None


@pytest.mark.parametrize("size", [RATIO_FREE_BYTES + 1, 2 * MAX_DECODED_BYTES])
def test_a_bomb_is_cut_and_named(size: int) -> None:
    for packed, encoding in ((gzip.compress(bytes(size)), "gzip"), (brotli.compress(bytes(size), quality=1), "br")):
        answer = encoded(packed, encoding)

        assert len(answer.body) == max(RATIO_FREE_BYTES, wire.MAX_RATIO * len(packed))
        assert "when decompressed" in (answer.problem or "")


def test_a_brotli_body_that_stops_or_is_garbled_is_named() -> None:
    packed = brotli.compress(TEXT * 100)

    assert encoded(packed[:-4], "br").problem == "the compressed body is incomplete"
    assert "damaged" in (encoded(packed[:9] + b"\xff" * 9 + packed[18:], "br").problem or "")
    assert encoded(TEXT, "br").problem


def test_a_body_is_never_larger_than_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "RATIO_FREE_BYTES", KIB)
    monkeypatch.setattr(wire, "MAX_DECODED_BYTES", 8 * KIB)
    nested = gzip.compress(gzip.compress(bytes(10_000 * KIB)))

    assert len(encoded(gzip.compress(TEXT * 100, compresslevel=0), "gzip").body) == 8 * KIB
    assert len(encoded(nested, "gzip, gzip").body) <= 8 * KIB


def test_a_swarm_of_empty_members_is_named() -> None:
    swarm = gzip.compress(b"") * 5_000

    answer = encoded(swarm, "gzip")

    assert answer.body == b""
    assert answer.problem and "members" in answer.problem
