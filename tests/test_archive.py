"""What is put into the archive comes back, from our own reader and from everybody else's."""

from __future__ import annotations

import gzip
import subprocess
import sys
import tempfile
import zlib
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator import archive
from aggregator.archive import Archive, Entry
from aggregator.errors import StoreError
from aggregator.model import Capture, Outcome, Role, Run
from tests.warcs import HINT, NOON, NOT_MODIFIED, OK, ZIPPED, capture, failure, read, records, response, sha1, stored

REVISIT = "http://netpreserve.org/warc/1.1/revisit/"

# What comes back


def test_everything_added_comes_back_in_its_order(tmp_path: Path) -> None:
    run = Run(
        source_id="a", started_at=NOON, ended_at=NOON, new=2, outcome=Outcome.PARTIAL, failed=[("http://x/", "é")]
    )
    writer = Archive(tmp_path)
    told = [
        writer.add(response(), earlier=None),
        writer.add_failure(failure("no such name: réfugiés\r\n")),
        writer.add(response(ZIPPED), earlier=None),
        writer.add_runs((run, Run(source_id="b", started_at=NOON)), now=NOON),
    ]
    writer.close()

    assert read(tmp_path) == told
    assert told[1].what == failure("no such name: réfugiés\r\n")
    assert told[3].what == (run, Run(source_id="b", started_at=NOON))


def test_a_capture_says_what_was_asked_and_answered(tmp_path: Path) -> None:
    moved = b"HTTP/1.1 302 Moved\r\nLocation: ../3\r\nETag: e\r\nLast-Modified: then\r\n\r\n"
    [entry] = stored(tmp_path, response(moved, role="feed", asked_url="http://b.example/", truncated="time"))
    found = capture(entry)

    assert (found.url, found.asked_url) == ("http://a.example/1", "http://b.example/")
    assert (found.captured_at, found.source_id, found.role) == (NOON, "a", Role.FEED)
    assert (found.status, found.content_type, found.location) == (302, "", "http://a.example/3")
    assert (found.etag, found.last_modified, found.truncated) == ("e", "then", "time")


def test_a_body_is_found_by_its_capture(tmp_path: Path) -> None:
    told = stored(tmp_path, response(OK, url="http://a.example/1"), response(ZIPPED, url="http://a.example/2"))

    assert [archive.body(tmp_path, capture(entry)) for entry in told] == [b"soup", b"soup" * 99]


def test_reading_may_begin_behind_any_entry(tmp_path: Path) -> None:
    told = stored(tmp_path, response(), response(ZIPPED), response(b"HTTP/1.1 404 None\r\n\r\n"))
    [file] = archive.files(tmp_path)

    assert list(archive.entries(tmp_path, file, told[0].end)) == told[1:]
    assert list(archive.entries(tmp_path, file, archive.size(tmp_path, file))) == []


@given(st.lists(st.sampled_from([OK, ZIPPED, NOT_MODIFIED, HINT]) | st.binary(), max_size=5), st.binary())
@settings(max_examples=60)
def test_any_answer_comes_back_as_told_or_is_not_written(answers: list[bytes], noise: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        writer = Archive(Path(folder))
        told: list[Entry] = []
        for received in (*answers, b"HTTP/1.1 301 X\r\n" + noise, *answers):
            writer.written()
            try:
                told.append(writer.add(response(received), earlier=capture(told[0]) if told else None))
            except ValueError:
                assert writer.written() == {}
        writer.close()

        assert read(Path(folder)) == told


def test_another_record_at_a_captures_place_is_a_damage(tmp_path: Path) -> None:
    [first, second] = (capture(e) for e in stored(tmp_path, response(), response(ZIPPED)))

    for wrong in (replace(first, offset=second.offset), replace(first, offset=first.offset + 1)):
        with pytest.raises(StoreError, match=r"captures-.*\.warc\.gz"):
            archive.body(tmp_path, wrong)


# The bytes


@pytest.mark.parametrize(
    "received",
    [
        OK,
        ZIPPED,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4;a=b\r\nsoup\r\n0\r\nX-Sum: 1\r\n\r\n",
        b"HTTP/1.0 200\nX-City: Besan\xe7on\nVia: a\nvia:  b \n\nsoup\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nWARC/1.1\r\n\r\n",
        b"HTTP/1.1 204 Nothing\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n" + bytes(range(256)) * 400,
    ],
)
def test_the_block_is_what_was_received(tmp_path: Path, received: bytes) -> None:
    stored(tmp_path, response(received))
    [_, (head, block), (_, sent)] = records(tmp_path)

    assert block == received
    assert sent == response().sent
    assert head["WARC-Block-Digest"] == sha1(received)


def test_interim_answers_stand_in_a_record_of_their_own(tmp_path: Path) -> None:
    [entry] = stored(tmp_path, response(HINT + HINT + OK))
    [_, (head, block), _, (about, interim)] = records(tmp_path)

    assert (interim, block) == (HINT + HINT, OK)
    assert (about["WARC-Type"], about["WARC-Concurrent-To"]) == ("metadata", head["WARC-Record-ID"])
    assert (about["Content-Type"], about["Aggregator-Kind"]) == ("application/http; msgtype=response", "interim")
    assert read(tmp_path) == [entry]


def test_a_failure_is_no_capture_of_its_address(tmp_path: Path) -> None:
    writer = Archive(tmp_path)
    writer.add_failure(failure())
    writer.add_runs((), now=NOON)
    writer.close()

    found = [head["WARC-Target-URI"] for head, _ in records(tmp_path) if head["WARC-Type"] == "metadata"]
    assert found == ["urn:aggregator:failure:http://a.example/2", "urn:aggregator:runs"]


def test_the_fields_are_those_of_the_standard(tmp_path: Path) -> None:
    stored(tmp_path, response(truncated="length"), operator="desk@a.example")
    [(info, said), (head, _), (request, _)] = records(tmp_path)

    assert info["WARC-Type"] == "warcinfo"
    assert [tmp_path / "2026/11/23" / info["WARC-Filename"]] == [tmp_path / f for f in archive.files(tmp_path)]
    assert b"operator: desk@a.example\r\n" in said
    assert (head["WARC-Type"], head["WARC-Date"]) == ("response", "2026-11-23T12:00:00.123456Z")
    assert (head["WARC-Target-URI"], head["WARC-IP-Address"]) == ("http://a.example/1", "192.0.2.1")
    assert (head["WARC-Payload-Digest"], head["WARC-Truncated"]) == (sha1(b"soup"), "length")
    assert (request["WARC-Type"], request["WARC-Concurrent-To"]) == ("request", head["WARC-Record-ID"])


def test_other_programs_find_nothing_to_complain_about(tmp_path: Path) -> None:
    stored(tmp_path, response(), response(ZIPPED), response(NOT_MODIFIED), response(OK, at=NOON + timedelta(days=1)))
    files = [str(tmp_path / file) for file in archive.files(tmp_path)]

    said = subprocess.run([sys.executable, "-m", "warcio.cli", "check", *files], capture_output=True, text=True)

    assert (said.returncode, said.stdout, said.stderr) == (0, "", "")
    assert all(gzip.decompress(Path(file).read_bytes()).startswith(b"WARC/1.1\r\n") for file in files)


def test_each_record_is_a_gzip_member_of_its_own(tmp_path: Path) -> None:
    told = stored(tmp_path, response(), response(ZIPPED))
    data = (tmp_path / capture(told[0]).file).read_bytes()

    for found in map(capture, told):
        member = zlib.decompressobj(31)
        assert member.decompress(data[found.offset :]).startswith(b"WARC/1.1\r\nWARC-Type: response\r\n")
        assert len(data) - found.offset - len(member.unused_data) == found.length


# Revisits


def revisited(folder: Path, first: bytes, second: bytes, **more: str) -> tuple[Capture, dict[str, str], bytes]:
    """Archive two answers; return the second's capture, its fields and its block."""
    told = stored(folder, response(first), response(second, at=NOON + timedelta(hours=6), **more))
    head, block = list(records(folder))[3]
    return capture(told[1]), head, block


def test_a_304_refers_to_the_record_that_holds_the_body(tmp_path: Path) -> None:
    found, head, block = revisited(tmp_path, OK, NOT_MODIFIED)
    first = capture(read(tmp_path)[0])

    assert (found.status, found.refers_to, found.payload_digest) == (304, first.record_id, sha1(b"soup"))
    assert (head["WARC-Type"], head["WARC-Profile"]) == ("revisit", REVISIT + "server-not-modified")
    assert head["WARC-Refers-To"] == first.record_id
    assert head["WARC-Refers-To-Target-URI"] == "http://a.example/1"
    assert head["WARC-Refers-To-Date"] == "2026-11-23T12:00:00.123456Z"
    assert block == NOT_MODIFIED


@pytest.mark.parametrize("interim", [b"", b"HTTP/1.1 100 Continue\r\n\r\n", HINT])
def test_an_identical_payload_is_kept_once_and_its_new_head_is_kept(tmp_path: Path, interim: bytes) -> None:
    again = interim + OK.replace(b"text/plain", b"text/html")
    found, head, block = revisited(tmp_path, OK, again)

    assert (head["WARC-Type"], head["WARC-Profile"]) == ("revisit", REVISIT + "identical-payload-digest")
    assert head["WARC-Payload-Digest"] == sha1(b"soup")
    assert interim + block == again.removesuffix(b"soup")
    assert (found.status, found.content_type) == (200, "text/html")
    assert found.refers_to == capture(read(tmp_path)[0]).record_id


def test_a_revisit_has_no_body_of_its_own(tmp_path: Path) -> None:
    [_, again] = stored(tmp_path, response(ZIPPED), response(ZIPPED))

    assert again.body == b""
    assert archive.body(tmp_path, capture(again)) == b""


@pytest.mark.parametrize(
    ("second", "truncated"),
    [(OK + b"!", None), (OK.replace(b"200 OK", b"404 None"), None), (OK, "disconnect")],
    ids=["other payload", "other status", "cut off"],
)
def test_what_is_not_the_same_is_kept_whole(tmp_path: Path, second: bytes, truncated: str | None) -> None:
    found, head, block = revisited(tmp_path, OK, second, **({"truncated": truncated} if truncated else {}))

    assert (found.refers_to, head["WARC-Type"], block) == (None, "response", second)


def test_a_304_to_nothing_we_hold_is_a_response(tmp_path: Path) -> None:
    [entry] = stored(tmp_path, response(NOT_MODIFIED))

    assert (capture(entry).status, capture(entry).refers_to) == (304, None)
    assert [head["WARC-Type"] for head, _ in records(tmp_path)] == ["warcinfo", "response", "request"]
