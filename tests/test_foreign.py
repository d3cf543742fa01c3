"""Files of other programs are read as far as they are whole: every dialect, every damage, and nothing is raised."""

from __future__ import annotations

import gzip
import random
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import brotli
import pytest
from fastwarc.stream_io import Lz4Writer, ZstdWriter, zstd_train_dictionary_from_samples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aggregator import archive
from aggregator.archive import foreign
from aggregator.archive.foreign import containers, frames, parsing
from aggregator.model import Role
from tests.fakeweb import STORY, page
from tests.foreignfiles import (
    ARC_HEAD,
    URL,
    arc,
    compressed,
    found,
    http,
    in_zip,
    numbers,
    problems,
    put,
    record,
    three,
    zipped,
)
from tests.warcs import capture

NOW = datetime(2026, 11, 23, tzinfo=UTC)
PAGE = page(STORY).encode()


def entry(path: Path) -> archive.Entry:
    """What the one record of a file that is an answer says."""
    (only,) = [e for each in found(path) if (e := foreign.entry_of(each, "f", source_id="", imported_at=NOW))]
    return only


# --- compressed in every way ----------------------------------------------------------------------------------------

WAYS: dict[str, Callable[[list[bytes]], bytes]] = {
    "not at all": b"".join,
    "a gzip member a record": zipped,
    "one gzip member": lambda records: gzip.compress(b"".join(records)),
    "gzip members that end anywhere": lambda records: zipped(
        b"".join(records)[at : at + 300] for at in range(0, len(b"".join(records)), 300)
    ),
    "zstd": lambda records: compressed(ZstdWriter, records),
    "lz4": lambda records: compressed(Lz4Writer, records),
    "one lz4 frame": lambda records: compressed(Lz4Writer, [b"".join(records)]),
    "a WACZ": lambda records: in_zip(("archive/a.warc.gz", zipped(records)), ("datapackage.json", b"{}")),
    "a WACZ of a plain file": lambda records: in_zip(("archive/a.warc", b"".join(records))),
    "a WACZ that is compressed again": lambda records: in_zip(
        ("archive/a.warc.gz", zipped(records)), method=zipfile.ZIP_DEFLATED
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_compress_is_read(way: str, tmp_path: Path) -> None:
    path = put(tmp_path, WAYS[way](three()))

    assert numbers(path) == ["1", "2", "3"]
    assert problems(path) == []


@pytest.mark.parametrize("way", WAYS)
def test_a_record_is_found_again_from_its_offset(way: str, tmp_path: Path) -> None:
    path = put(tmp_path, WAYS[way](three()))

    for each in found(path):
        assert each.record_id in [again.record_id for again in found(path, each.offset)]


def test_a_file_in_zstd_may_begin_with_its_dictionary(tmp_path: Path) -> None:
    samples = [record(url=f"http://old.example/{n}") for n in range(500)]
    dictionary = zstd_train_dictionary_from_samples(samples, 4_000)
    first, *rest = (compressed(ZstdWriter, [each], dictionary=dictionary) for each in three())
    packed_first = compressed(ZstdWriter, three()[:1], dictionary=dictionary, compress_dictionary_frame=True)

    def bare(data: bytes) -> bytes:
        return data[8 + int.from_bytes(data[4:8], "little") :]

    for begin in (first, packed_first):
        path = put(tmp_path, begin + b"".join(map(bare, rest)))
        assert numbers(path) == ["1", "2", "3"]
        assert numbers_from(path, found(path)[1].offset) == ["2", "3"]


def numbers_from(path: Path, start: int) -> list[str]:
    return [each.url[-1] for each in found(path, start)]


# --- dialects -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["0.17", "0.18", "1.0", "1.1"])
@pytest.mark.parametrize("eol", ["\r\n", "\n"])
def test_every_version_is_read_with_either_end_of_line(version: str, eol: str, tmp_path: Path) -> None:
    records = [record(url=f"<http://old.example/{n}>", version=version, eol=eol) for n in (1, 2)]

    for data in (b"".join(records), zipped(records)):
        path = put(tmp_path, data)
        assert [(each.url, each.block) for each in found(path)] == [
            ("http://old.example/1", http()),
            ("http://old.example/2", http()),
        ]
        assert problems(path) == []


def test_a_field_may_go_on_in_the_next_line_and_be_written_in_any_case(tmp_path: Path) -> None:
    data = record().replace(b"WARC-Target-URI: ", b"warc-target-uri:\r\n   ")

    assert found(put(tmp_path, data))[0].url == URL


def test_arc_files_of_both_versions_are_read(tmp_path: Path) -> None:
    second = (
        b"http://old.example/b 192.0.2.1 20060102030405 text/html 200 - - 0 a.arc %d\n" % len(http()) + http() + b"\n"
    )
    records = [ARC_HEAD, arc(url="http://old.example/with a space"), second]

    for data in (b"".join(records), zipped(records)):
        path = put(tmp_path, data, "old.arc")
        assert [each.kind for each in found(path)] == ["warcinfo", "response", "response"]
        assert [each.block for each in found(path)][1:] == [http(), http()]
        assert problems(path) == []


def test_an_arc_record_has_an_id_that_is_the_same_wherever_it_stands(tmp_path: Path) -> None:
    alone = found(put(tmp_path, arc(), "1.arc"))[0]
    second = found(put(tmp_path, ARC_HEAD + arc(), "2.arc"))[1]

    assert alone.record_id == second.record_id != found(put(tmp_path, arc(url=URL + "1"), "3.arc"))[0].record_id


def test_a_page_that_shows_a_warc_record_is_one_record(tmp_path: Path) -> None:
    for data in (record(http(record())), gzip.compress(record(http(record())))):
        assert len(found(put(tmp_path, data))) == 1


@pytest.mark.parametrize(
    "answer",
    [
        http(PAGE, Content_Length=str(len(PAGE))),
        http(PAGE, Content_Length="17"),
        http(PAGE, Content_Length="999999"),
        http(PAGE, Transfer_Encoding="chunked"),
        http(b"%x\r\n%s\r\n0\r\n\r\n" % (len(PAGE), PAGE), Transfer_Encoding="chunked"),
        http(gzip.compress(PAGE), Content_Encoding="gzip"),
        http(PAGE, Content_Encoding="gzip", Content_Length="99"),
        http(PAGE, Content_Encoding="br", Content_Length="99"),
        http(brotli.compress(PAGE), Content_Encoding="br"),
        http(compressed(ZstdWriter, [PAGE]), Content_Encoding="zstd"),
        http(PAGE).replace(b"HTTP/1.1", b"HTTP/2"),
        http(PAGE).replace(b"\r\n", b"\n"),
        b"HTTP/1.1 100 Continue\r\n\r\n" + http(PAGE),
    ],
    ids=range(13),
)
def test_an_answer_is_read_whatever_its_writer_undid(answer: bytes, tmp_path: Path) -> None:
    said = entry(put(tmp_path, record(answer)))

    what = capture(said)
    assert (said.body, what.problem, what.truncated) == (PAGE, None, None)
    assert (what.status, what.role, what.url) == (200, Role.PAGE, URL)


def test_an_answer_that_was_cut_off_is_said_to_be(tmp_path: Path) -> None:
    cut = entry(put(tmp_path, record(http(PAGE[:100], Content_Length=str(len(PAGE))))))
    said = entry(put(tmp_path, record(http(PAGE[:100]), WARC_Truncated="length")))

    assert (capture(cut).problem, capture(said).truncated) == ("the answer is incomplete", "length")


def test_what_is_no_answer_of_a_web_server_is_no_capture(tmp_path: Path) -> None:
    others = [
        record(b"GET / HTTP/1.1\r\n\r\n", kind="request"),
        record(b"software: x", kind="warcinfo", url=""),
        record(b"fetchTimeMs: 3", kind="metadata"),
        record(b"20140301 192.0.2.1", url="dns:old.example"),
        record(b"soup, not HTTP"),
        record(url="ftp://old.example/1"),
        record(date="yesterday"),
        record(date="1969-01-01T00:00:00Z"),
        record(date="2031-01-01T00:00:00Z"),
        record(url="http://" + "a" * 3_000),
        record(date=""),
    ]
    path = put(tmp_path, zipped(others))

    assert len(found(path)) == len(others)
    assert [e for each in found(path) if (e := foreign.entry_of(each, "f", source_id="", imported_at=NOW))] == []


@pytest.mark.parametrize("kind", ["resource", "conversion"])
def test_a_page_without_its_answer_is_a_page(kind: str, tmp_path: Path) -> None:
    said = entry(put(tmp_path, record(PAGE, kind=kind, Content_Type="text/html")))

    assert (said.body, capture(said).role, capture(said).status) == (PAGE, Role.PAGE, 200)


# --- damages --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["a gzip member a record", "zstd", "lz4", "a WACZ"])
def test_what_stands_behind_a_damage_is_read(way: str, tmp_path: Path) -> None:
    data = bytearray(WAYS[way](three()))
    second = found(put(tmp_path, bytes(data)))[1]
    middle = second.offset + second.length // 2
    data[middle : middle + 20] = bytes(20)
    path = put(tmp_path, bytes(data))

    assert numbers(path) == ["1", "3"]
    assert "damaged" in problems(path)[0]


@pytest.mark.parametrize("way", ["a gzip member a record", "zstd", "lz4", "one gzip member", "not at all"])
def test_what_stands_before_a_cut_is_read(way: str, tmp_path: Path) -> None:
    data = WAYS[way](three())
    path = put(tmp_path, data[:-30] if way != "one gzip member" else data[:-9])

    assert numbers(path)[:2] == ["1", "2"]
    assert problems(path)


def test_a_member_without_its_check_sum_is_said_to_be_cut_off(tmp_path: Path) -> None:
    path = put(tmp_path, zipped(three())[:-3])

    assert [each.whole for each in found(path)] == [True, True, False]
    assert "the gzip member is cut off" in problems(path)[0]


@pytest.mark.parametrize("junk", [random.Random(3).randbytes(777), bytes(2_000), b"\x1f\x8b\x08" * 300, b"soup\n" * 99])
def test_junk_is_passed_over_wherever_it_stands(junk: bytes, tmp_path: Path) -> None:
    one, two, three_ = (gzip.compress(each) for each in three())
    for data in (junk + one + two + three_, one + junk + two + three_, one + two + three_ + junk):
        path = put(tmp_path, data)
        assert numbers(path) == ["1", "2", "3"]
        assert len(problems(path)) == 1


@pytest.mark.parametrize("length", [10, -10, "soup", "-1", str(1 << 70), "99999999999"])
@pytest.mark.parametrize("zip_it", [True, False])
def test_a_wrong_length_costs_its_own_record_at_most(length: int | str, zip_it: bool, tmp_path: Path) -> None:
    block = http(page(STORY))
    said = len(block) + length if isinstance(length, int) else length
    records = [three()[0], record(block, url="http://old.example/2", length=said), three()[2]]
    path = put(tmp_path, zipped(records) if zip_it else b"".join(records))

    assert [each.url[-1] for each in found(path)] == ["1", "2", "3"]
    assert {"1", "3"} <= set(numbers(path))
    assert any("Content-Length" in what for what in problems(path))


def test_an_empty_member_between_records_is_no_damage(tmp_path: Path) -> None:
    one, two, three_ = (gzip.compress(each) for each in three())
    path = put(tmp_path, one + gzip.compress(b"") + two + three_)

    assert (numbers(path), problems(path)) == (["1", "2", "3"], [])


def test_a_file_that_is_no_archive_holds_nothing(tmp_path: Path) -> None:
    for data in (b"", b"\n\n", b"soup", PAGE, gzip.compress(PAGE), in_zip(("a.txt", b"x")), bytes(9_999)):
        path = put(tmp_path, data)
        assert found(path) == []


def test_a_zip_file_without_its_directory_is_searched(tmp_path: Path) -> None:
    data = in_zip(("archive/a.warc.gz", zipped(three())))
    path = put(tmp_path, data[: data.index(b"PK\x01\x02")])

    assert numbers(path) == ["1", "2", "3"]
    assert "searched for records" in problems(path)[0]


@given(data=st.data())
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nothing_is_raised_whatever_was_cut_or_garbled(data: st.DataObject, tmp_path: Path) -> None:
    way = data.draw(st.sampled_from(sorted(WAYS)))
    whole = bytearray(WAYS[way]([ARC_HEAD, arc()] if data.draw(st.booleans()) else three()))
    for _ in range(data.draw(st.integers(0, 4))):
        at = data.draw(st.integers(0, len(whole) - 1))
        whole[at : at + 3] = data.draw(st.binary(max_size=6))
    path = put(tmp_path, bytes(whole[: data.draw(st.integers(0, len(whole)))]))

    for each in foreign.records(path):
        assert 0 <= each.offset <= path.stat().st_size
        if isinstance(each, foreign.ForeignRecord):
            foreign.entry_of(each, "f", source_id="", imported_at=NOW)


# --- hostile --------------------------------------------------------------------------------------------------------


def test_of_a_long_record_only_the_beginning_is_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parsing, "MAX_BLOCK_BYTES", 10_000)
    long = record(http(b"x" * 500_000), url="http://old.example/2")

    for data in (zipped([three()[0], long, three()[2]]), b"".join([three()[0], long, three()[2]])):
        path = put(tmp_path, data)
        assert [len(each.block) for each in found(path)][1] == 10_000
        assert numbers(path) == ["1", "3"]
        assert problems(path) == ["longer than 10,000 bytes: only its beginning is read"]


def test_a_bomb_is_not_read_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "FREE_BYTES", 1 << 20)
    bomb = gzip.compress(record(http(bytes(50 << 20))))
    path = put(tmp_path, zipped(three()) + bomb + zipped(three()))

    assert numbers(path) == ["1", "2", "3"]
    assert problems(path) == ["it grows more than 100-fold; the rest was not read"]


def test_a_bomb_in_a_zip_file_is_not_read_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(containers, "FREE_BYTES", 1 << 20)
    path = put(tmp_path, in_zip(("archive/a.warc", bytes(50 << 20)), method=zipfile.ZIP_DEFLATED))

    assert problems(path) == ["a file in the zip file grows more than 100-fold"]


def test_files_in_a_zip_file_that_are_encrypted_overlap_or_are_compressed_oddly_are_named(tmp_path: Path) -> None:
    odd = in_zip(("archive/a.warc", three()[0]), method=zipfile.ZIP_LZMA)
    plain = in_zip(("archive/a.warc", three()[0]), ("archive/b.warc", three()[1]))
    locked = bytearray(plain)
    locked[plain.index(b"PK\x01\x02") + 8] |= 1
    second = plain.rindex(b"PK\x01\x02")
    overlapping = bytearray(plain)
    overlapping[second + 42 : second + 46] = bytes(4)

    assert "no. 14" in problems(put(tmp_path, odd))[0]
    assert "encrypted" in problems(put(tmp_path, bytes(locked)))[0]
    assert "overlaps" in problems(put(tmp_path, bytes(overlapping)))[0]
    assert numbers(put(tmp_path, bytes(locked))) == ["2"]


def test_a_zip_file_with_too_many_files_is_not_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(containers, "MAX_ENTRIES", 2)
    path = put(tmp_path, in_zip(*((f"archive/{n}.warc.gz", zipped([each])) for n, each in enumerate(three()))))

    assert "more than 2 files" in problems(path)[0]
    assert numbers(path) == ["1", "2", "3"]


def test_a_file_that_is_all_problems_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(foreign, "MAX_PROBLEMS", 20)
    path = put(tmp_path, (b"soup" + gzip.compress(three()[0])) * 50)

    assert len(found(path)) < 30
    assert problems(path)[-1] == "more than 20 problems; the rest was not read"


def test_a_file_of_beginnings_is_searched_in_bounded_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put(tmp_path, b"\x1f\x8b\x08" * 2_000 + zipped(three()))
    assert numbers(path) == ["1", "2", "3"]

    monkeypatch.setattr(frames, "MAX_TRIES", 1_000)
    assert found(path) == []


def test_a_head_without_end_is_not_held(tmp_path: Path) -> None:
    path = put(tmp_path, b"WARC/1.0\r\n" + b"X: y\r\n" * 300_000 + b"".join(three()))

    assert numbers(path) == ["1", "2", "3"]
