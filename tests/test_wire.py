"""What the bytes of an HTTP answer say, whatever a server sent."""

from __future__ import annotations

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.wire import RATIO_FREE_BYTES, Answer, head_length, interim_length, read_answer

TEXT = b"Four vans blocked the lane behind the old net loft. " * 40


def raw(body: bytes = b"", *headers: str, status: str = "HTTP/1.1 200 OK", end: str = "\r\n") -> bytes:
    return end.join((status, *headers, "", "")).encode("latin-1") + body


def read(body: bytes, *headers: str, status: str = "HTTP/1.1 200 OK", end: str = "\r\n") -> Answer:
    return read_answer(raw(body, *headers, status=status, end=end))


def chunked(*pieces: bytes) -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(p), p) for p in (*pieces, b""))


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
    assert received[interim_length(received) :] == raw(b"soup", "Content-Length: 4")


@given(
    st.lists(st.sampled_from(["100", "103 Hint", "101 Switch", "199\tOdd", "200 OK", "1x3 No"]), min_size=1),
    st.binary(),
)
def test_without_its_interim_answers_an_answer_reads_the_same(statuses: list[str], body: bytes) -> None:
    received = b"".join(raw(b"", "A: b", status=f"HTTP/1.1 {status}") for status in statuses) + body
    try:
        whole = read_answer(received)
    except ValueError:
        return
    assert read_answer(received[interim_length(received) :]) == whole


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
    [chunked(b"soup"), b"-1\r\nabc", b"F" * 20 + b"\r\nabc", gzip.compress(TEXT, mtime=0)]
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
