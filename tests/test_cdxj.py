"""CDXJ lines of a WARC file: which records have one, what it says, and the SURT key it is found by."""

from __future__ import annotations

import gzip
import json
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator import archive
from aggregator.archive import Archive, cdxj
from aggregator.errors import StoreError
from tests import warcs
from tests.warcs import NOON, OK, capture, failure, response, sha1, stored

SESSION = "0123456789abcdef0123456789ABCDEF"


def lines(folder: Path) -> list[tuple[str, str, dict[str, Any]]]:
    """The lines of the only file there is: key, timestamp, the rest."""
    (file,) = archive.files(folder)
    split = (line.split(" ", 2) for line in cdxj.lines(folder / file, "x.warc.gz"))
    return [(key, timestamp, json.loads(rest)) for key, timestamp, rest in split]


# Which lines


def test_a_line_says_where_a_capture_is_and_what_it_is(tmp_path: Path) -> None:
    (entry,) = stored(tmp_path, response(b"HTTP/1.1 404 Gone\r\ncontent-type: text/html;charset=x\r\n\r\nno"))

    assert lines(tmp_path) == [
        (
            "example,a)/1",
            "20261123120000",
            {
                "url": "http://a.example/1",
                "mime": "text/html",
                "status": "404",
                "digest": sha1(b"no"),
                "length": str(capture(entry).length),
                "offset": str(capture(entry).offset),
                "filename": "x.warc.gz",
            },
        )
    ]


def test_the_place_that_a_line_names_is_a_gzip_member(tmp_path: Path) -> None:
    stored(tmp_path, response(), response(b"HTTP/1.1 200 OK\r\n\r\nother"))
    (file,) = archive.files(tmp_path)
    data = (tmp_path / file).read_bytes()

    for _, _, said in lines(tmp_path):
        start = int(said["offset"])
        assert b"WARC-Type: response" in gzip.decompress(data[start : start + int(said["length"])])


def test_a_revisit_is_named_as_one(tmp_path: Path) -> None:
    stored(tmp_path, response(), response(at=NOON + timedelta(hours=1)))

    assert [said["mime"] for _, _, said in lines(tmp_path)] == ["text/plain", "warc/revisit"]
    assert len({said["digest"] for _, _, said in lines(tmp_path)}) == 1


def test_what_a_server_did_not_say_is_left_out(tmp_path: Path) -> None:
    stored(tmp_path, response(b"HTTP/1.1 200 OK\r\n\r\nsoup"))

    ((_, _, said),) = lines(tmp_path)

    assert "mime" not in said


def test_the_status_is_that_of_the_final_answer(tmp_path: Path) -> None:
    stored(tmp_path, response(warcs.HINT + OK))

    ((_, _, said),) = lines(tmp_path)

    assert (said["status"], said["mime"]) == ("200", "text/plain")


def test_requests_failures_and_tallies_have_no_line_and_sources_yaml_has_one(tmp_path: Path) -> None:
    writer = Archive(tmp_path, sources_yaml=b"sources: []\n")
    writer.add(response(), earlier=None)
    writer.add_failure(failure())
    writer.add_runs((), now=NOON)
    writer.close()

    assert [key for key, _, _ in lines(tmp_path)] == ["urn:aggregator:sources.yaml", "example,a)/1"]


def test_a_conversion_stands_for_the_response_it_was(tmp_path: Path) -> None:
    writer = Archive(tmp_path)
    was = capture(writer.add(response(), earlier=None))
    writer.add_conversion(was, b"rest", now=NOON + timedelta(days=9))
    writer.close()
    late = max(archive.files(tmp_path))

    (line,) = cdxj.lines(tmp_path / late, "x")

    assert line.startswith('example,a)/1 20261123120000 {"url": "http://a.example/1", "mime": "text/plain"')
    assert json.loads(line.split(" ", 2)[2])["digest"] == sha1(b"rest")


def test_lines_are_sorted_as_an_index_wants_them(tmp_path: Path) -> None:
    stored(tmp_path, response(url="http://b.example/"), response(url="http://a.example/2"), response())
    (file,) = archive.files(tmp_path)

    found = [line.split(" ")[0] for line in cdxj.in_order([*cdxj.lines(tmp_path / file, "x")] * 2)]

    assert found == ["example,a)/1", "example,a)/2", "example,b)/"]


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    stored(tmp_path, response())
    (file,) = archive.files(tmp_path)
    (tmp_path / file).write_bytes((tmp_path / file).read_bytes()[:-9])

    with pytest.raises(StoreError, match=r"captures-.*damaged"):
        list(cdxj.lines(tmp_path / file, "x"))
    with pytest.raises(StoreError, match="missing"):
        list(cdxj.lines(tmp_path / "none", "x"))


# Keys


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("https://example.org/", "org,example)/"),
        ("HTTP://EXAMPLE.ORG", "org,example)/"),
        ("example.org/x", "org,example)/x"),
        ("https://News.Example.org/A/B/", "org,example,news)/a/b"),
        ("http://www.example.org/", "org,example)/"),
        ("http://www2.example.org/", "org,example)/"),
        ("http://www.www.example.org/", "org,example,www)/"),
        ("http://example.org./x", "org,example)/x"),
        ("https://example.org:443/x", "org,example)/x"),
        ("http://example.org:443/x", "org,example:443)/x"),
        ("http://example.org:8080/x", "org,example:8080)/x"),
        ("http://example.org:/x", "org,example)/x"),
        ("http://user:p@ss@www.example.org/x#part", "org,example)/x"),
        ("http://münchen.example/straße", "example,xn--mnchen-3ya)/stra%c3%9fe"),
        ("http://ex%61mple.org/%7efoo/%41", "org,example)/~foo/a"),
        ("http://example.org/%25%32%35/x", "org,example)/%25/x"),
        ("http://example.org/a b%2Fc%3Fd", "org,example)/a%20b/c?d"),
        ("http://example.org/a//b/./c/../d", "org,example)/a/b/d"),
        ("http://example.org/a/..", "org,example)/"),
        ("http://example.org/?b=2&a=1&c", "org,example)/?a=1&b=2&c"),
        ("http://example.org/x?a&a=&a=1", "org,example)/x?a&a=&a=1"),
        ("http://example.org/x?A=B", "org,example)/x?a=b"),
        ("http://example.org/x?", "org,example)/x"),
        ("http://example.org/x?u=http%3A%2F%2Fb.example%2FY", "org,example)/x?u=http://b.example/y"),
        (f"http://example.org/x?a=1&PHPSESSID={SESSION}&b=2", "org,example)/x?a=1&b=2"),
        (f"http://example.org/x?jsessionid={SESSION}", "org,example)/x"),
        (f"http://example.org/x?sid={SESSION}&z", "org,example)/x?z"),
        (f"http://example.org/x?sid={SESSION}0", f"org,example)/x?sid={SESSION.lower()}0"),
        (f"http://example.org/x;jsessionid={SESSION}", f"org,example)/x;jsessionid={SESSION.lower()}"),
        ("http://example.org/x?ASPSESSIONIDABCDEFGH=abcdefghijklmnopqrstuvwx&z=1", "org,example)/x?z=1"),
        ("http://example.org/x?cfid=12&cftoken=34", "org,example)/x"),
        ("http://example.org/(S(abcdefghijklmnopqrstuvwx))/page.aspx?x", "org,example)/page.aspx?x"),
        ("http://192.0.2.7/x", "7,2,0,192)/x"),
        ("http://3221225991/x", "7,2,0,192)/x"),
        ("http://192.0.519/x", "7,2,0,192)/x"),
        ("http://999.0.2.7/x", "7,2,0,999)/x"),
        ("http://[2001:db8::1]:8080/x", "2001:db8::1:8080)/x"),
        ("http://http://example.org/x", "org,example)/x"),
        ("http://web.example/http://http://example.org/", "example,web)/http:/http:/example.org"),
        ("ftp://ftp.example.org/x", "org,example,ftp)/x"),
        ("urn:aggregator:sources.yaml", "urn:aggregator:sources.yaml"),
    ],
)
def test_addresses_that_are_one_to_a_reader_have_one_key(url: str, key: str) -> None:
    assert cdxj.key(url) == key


@given(st.text() | st.text("/?&=.:@%25a41[]# \n", max_size=60).map("http://a.example".__add__))
def test_every_address_has_a_key_that_fits_into_a_line(url: str) -> None:
    key = cdxj.key(url)

    assert key.isascii()
    assert not any(c <= " " or c == "\x7f" for c in key)


@pytest.mark.parametrize("part", ["%25", "cfid=", "%2%35", "a/../", "sid=0&", "(a(", "&", "www."])
def test_no_address_takes_long(part: str) -> None:
    began = time.process_time()
    cdxj.key(f"http://a.example/{part * 200_000}")
    cdxj.key(f"http://a.example/?{part * (8_000 // len(part))}")

    assert time.process_time() - began < 2
