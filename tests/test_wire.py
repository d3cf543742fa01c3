"""What the bytes of an HTTP answer say, whatever a server sent."""

from __future__ import annotations

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator import wire
from aggregator.wire import MAX_DECODED_BYTES, RATIO_FREE_BYTES, Answer, head_length, read_answer

TEXT = b"Four vans blocked the lane behind the old net loft. " * 40
KIB = 1 << 10


def raw(body: bytes = b"", *headers: str, status: str = "HTTP/1.1 200 OK", end: str = "\r\n") -> bytes:
    return end.join((status, *headers, "", "")).encode("latin-1") + body


def read(body: bytes, *headers: str, status: str = "HTTP/1.1 200 OK", end: str = "\r\n") -> Answer:
    return read_answer(raw(body, *headers, status=status, end=end))


def encoded(body: bytes, encoding: str) -> Answer:
    return read(body, f"Content-Encoding: {encoding}")


def chunked(*pieces: bytes) -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(p), p) for p in (*pieces, b""))


def raw_deflate(data: bytes) -> bytes:
    return zlib.compress(data)[2:-4]


# Head


def test_status_headers_and_body_are_read() -> None:
    answer = read(b"soup", "Content-Type: text/plain", "Content-Length: 4", status="HTTP/1.1 404 Not Found")

    assert answer.status == 404
    assert answer.headers == (("Content-Type", "text/plain"), ("Content-Length", "4"))
    assert (answer.body, answer.problem) == (b"soup", None)


def test_a_header_is_found_whatever_its_case_and_the_first_one_counts() -> None:
    answer = read(b"", "ETag: one", "etag: two")

    assert answer.header("eTaG") == "one"
    assert answer.header("Age") is None


def test_a_header_over_several_lines_is_one_line() -> None:
    assert read(b"", 'ETag: "a', '  b"').header("ETag") == '"a b"'


def test_a_latin_1_header_keeps_its_letters() -> None:
    assert read(b"", "X-City: Besançon").header("X-City") == "Besançon"


@pytest.mark.parametrize("status", ["HTTP/1.1 200", "HTTP/1.1 200 ", "HTTP/1.0 200 Fine, thanks", "HTTP/1.1 200 Été"])
def test_the_reason_may_be_missing_or_odd(status: str) -> None:
    assert read(b"soup", status=status).status == 200


@pytest.mark.parametrize("received", [b"", b"\r\n", b"SSH-2.0-x\r\n", b"<html>soup</html>", b"HTTP/1.1 abc OK\r\n\r\n"])
def test_what_is_no_http_response_is_refused(received: bytes) -> None:
    with pytest.raises(ValueError, match="not an HTTP response"):
        read_answer(received)


def test_lines_may_end_in_a_bare_line_feed() -> None:
    answer = read(b"soup\n\nbread", "Content-Type: text/plain", end="\n")

    assert (answer.header("Content-Type"), answer.body) == ("text/plain", b"soup\n\nbread")


@pytest.mark.parametrize(
    "head", [b"HTTP/1.1 200 OK\r\nA: b\r\n\r\n", b"HTTP/1.1 200 OK\nA: b\n\n", b"HTTP/1.1 200 X\n\r\n"]
)
def test_the_head_ends_with_its_first_empty_line(head: bytes) -> None:
    assert head_length(head + b"soup\r\n\r\nbread\n\n") == len(head)


def test_a_head_without_end_has_no_length() -> None:
    with pytest.raises(ValueError, match="cut off"):
        head_length(b"HTTP/1.1 200 OK\r\nA: b")


@pytest.mark.parametrize("interim", ["HTTP/1.1 100 Continue", "HTTP/1.1 103 Early Hints"])
def test_interim_answers_belong_to_the_head_of_the_final_one(interim: str) -> None:
    received = raw(b"", "Link: </s.css>", status=interim) + raw(b"soup", "Content-Length: 4")

    assert (read_answer(received).status, read_answer(received).body) == (200, b"soup")
    assert received[head_length(received) :] == b"soup"


# Body


def test_chunks_are_joined() -> None:
    answer = read(chunked(b"soup", b" and ", b"bread"), "Transfer-Encoding: chunked")

    assert (answer.body, answer.problem) == (b"soup and bread", None)


def test_chunk_extensions_and_trailers_are_no_part_of_the_body() -> None:
    assert read(b"4;a=b\r\nsoup\r\n0\r\nX-Sum: 1\r\n\r\n", "Transfer-Encoding: chunked").body == b"soup"


def test_a_304_has_no_body_whatever_its_length_says() -> None:
    answer = read(b"", "Content-Length: 70", status="HTTP/1.1 304 Not Modified")

    assert (answer.status, answer.body, answer.problem) == (304, b"", None)


@pytest.mark.parametrize("length", ["5", "99999999", "9" * 30])
def test_a_body_shorter_than_its_length_is_kept_and_called_incomplete(length: str) -> None:
    answer = read(b"soup", f"Content-Length: {length}")

    assert (answer.body, answer.problem) == (b"soup", "the answer is incomplete")


def test_chunks_that_stop_are_kept_and_called_incomplete() -> None:
    answer = read(b"4\r\nsoup\r\n9\r\nbre", "Transfer-Encoding: chunked")

    assert answer.body.startswith(b"soup")
    assert answer.problem


# Content encodings


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", gzip.compress(TEXT)),
        ("x-gzip", gzip.compress(TEXT)),
        ("GZip", gzip.compress(TEXT)),
        ("identity", TEXT),
        ("deflate", zlib.compress(TEXT)),
        ("deflate", raw_deflate(TEXT)),
        ("gzip, identity", gzip.compress(TEXT)),
        ("deflate, gzip", gzip.compress(zlib.compress(TEXT))),
        ("gzip", gzip.compress(TEXT[:50]) + gzip.compress(TEXT[50:])),
        ("gzip", gzip.compress(TEXT) + b"\0\0\0"),
    ],
)
def test_content_encodings_are_undone(encoding: str, body: bytes) -> None:
    answer = encoded(body, encoding)

    assert (answer.body, answer.problem) == (TEXT, None)


def test_encodings_on_two_lines_are_undone_from_the_last_to_the_first() -> None:
    body = zlib.compress(gzip.compress(TEXT))

    assert read(body, "Content-Encoding: gzip", "Content-Encoding: deflate").body == TEXT


def test_chunks_are_joined_before_they_are_decompressed() -> None:
    packed = gzip.compress(TEXT)

    answer = read(chunked(packed[:7], packed[7:]), "Transfer-Encoding: chunked", "Content-Encoding: gzip")

    assert (answer.body, answer.problem) == (TEXT, None)


def test_an_unknown_encoding_is_named_and_the_body_left_as_it_is() -> None:
    answer = encoded(b"\x0b\x02\x80soup\x03", "br")

    assert answer.body == b"\x0b\x02\x80soup\x03"
    assert "br" in (answer.problem or "")


def test_plain_text_that_claims_to_be_gzip_is_left_as_it_is() -> None:
    answer = encoded(TEXT, "gzip")

    assert answer.body == TEXT
    assert "gzip" in (answer.problem or "")


def test_an_empty_body_needs_no_decompressing() -> None:
    assert encoded(b"", "gzip") == read(b"", "Content-Encoding: gzip")
    assert encoded(b"", "gzip").problem is None


def test_a_gzip_body_that_stops_is_read_as_far_as_it_goes() -> None:
    answer = encoded(gzip.compress(TEXT)[:-12], "gzip")

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
    packed = gzip.compress(bytes(size))

    answer = encoded(packed, "gzip")

    assert len(answer.body) == max(RATIO_FREE_BYTES, wire.MAX_RATIO * len(packed))
    assert "when decompressed" in (answer.problem or "")


def test_a_body_is_never_larger_than_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "RATIO_FREE_BYTES", KIB)
    monkeypatch.setattr(wire, "MAX_DECODED_BYTES", 8 * KIB)
    nested = gzip.compress(gzip.compress(bytes(10_000 * KIB)))

    assert len(encoded(gzip.compress(TEXT * 100, compresslevel=0), "gzip").body) == 8 * KIB
    assert len(encoded(nested, "gzip, gzip").body) <= 8 * KIB


# Redirects


@pytest.mark.parametrize(
    ("location", "absolute"),
    [
        ("/b", "http://a.example/b"),
        ("../b?c", "http://a.example/b?c"),
        ("//b.example/c", "http://b.example/c"),
        ("https://b.example/", "https://b.example/"),
        ("http://[::1", None),
    ],
)
def test_a_redirect_points_to_an_absolute_address_or_nowhere(location: str, absolute: str | None) -> None:
    answer = read(b"", f"Location: {location}", status="HTTP/1.1 301 Moved")

    assert answer.location("http://a.example/x/y") == absolute


def test_a_location_in_bare_utf_8_keeps_its_letters() -> None:
    answer = read_answer("HTTP/1.1 302 X\r\nLocation: /réfugiés\r\n\r\n".encode())

    assert answer.location("http://a.example/") == "http://a.example/réfugiés"


@pytest.mark.parametrize("status", ["200 OK", "201 Created", "304 Not Modified", "404 Gone"])
def test_only_a_redirect_has_a_location(status: str) -> None:
    assert read(b"", "Location: /b", status=f"HTTP/1.1 {status}").location("http://a.example/") is None


# Whatever comes

HEADERS = st.sampled_from(
    [
        "Content-Length: 5",
        "Content-Length: " + "9" * 30,
        "Content-Length: ²",
        "Transfer-Encoding: chunked",
        "Content-Encoding: gzip",
        "Content-Encoding: deflate, gzip",
        "Location: http://[::1",
        " folded",
        "nothing",
    ]
)
BODIES = st.binary(max_size=60) | st.sampled_from(
    [chunked(b"soup"), b"-1\r\nabc", b"F" * 20 + b"\r\nabc", gzip.compress(TEXT)]
)


@given(st.sampled_from(["", "HTTP/1.1 ", "HTTP/1.1 301 X\r\n"]), st.binary())
def test_any_bytes_are_an_answer_or_a_value_error(start: str, received: bytes) -> None:
    try:
        answer = read_answer(start.encode() + received)
    except ValueError:
        return
    assert isinstance(answer.body, bytes)
    answer.location("http://a.example/")


@given(st.lists(HEADERS, max_size=5), st.sampled_from(["\r\n", "\n"]), BODIES)
def test_any_headers_over_any_body_are_an_answer_or_a_value_error(headers: list[str], end: str, body: bytes) -> None:
    try:
        answer = read(body, *headers, status="HTTP/1.1 301 X", end=end)
    except ValueError:
        return
    assert len(answer.body) <= max(RATIO_FREE_BYTES, len(body))
    answer.location("http://a.example/")


@given(st.lists(st.binary(min_size=1), max_size=8))
def test_whatever_is_chunked_and_zipped_comes_out_the_same(pieces: list[bytes]) -> None:
    packed = gzip.compress(b"".join(pieces))
    answer = read(chunked(packed[:9], packed[9:]), "Transfer-Encoding: chunked", "Content-Encoding: gzip")

    assert (answer.body, answer.problem) == (b"".join(pieces), None)
