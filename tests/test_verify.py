"""verify: every kind of damage is named, with its place; what is whole is left in peace."""

from __future__ import annotations

import gc
import gzip
import hashlib
import io
import json
import random
import shutil
import subprocess
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastwarc import warc as fastwarc
from hypothesis import given, settings
from hypothesis import strategies as st
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from aggregator import archive, pipeline, takedown, verification
from aggregator.archive import Archive, records
from aggregator.archive.erasing import Change, tombstone
from aggregator.archive.fixity import Checked, checking, pieces
from aggregator.catalogue import Catalogue
from aggregator.decisions import Decisions
from aggregator.home import Home
from tests.fakecli import Aggregator
from tests.fakeweb import OTHER, STORY, FakeWeb, crawl, feed, following, page, source
from tests.warcs import HINT, NOON, NOT_MODIFIED, OK, ZIPPED, member_ends, response, stored, whole_file

PAGE = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<p>" + b"the camp at the harbour " * 60 + b"</p>"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nsoup\r\n0\r\n\r\n"


def member(number: int, block: bytes = PAGE, **fields: str) -> bytes:
    """A response record with both digests, as one gzip member."""
    body = block[block.index(b"\r\n\r\n") + 4 :]
    said = {
        "WARC-Type": "response",
        "WARC-Record-ID": f"<urn:uuid:00000000-0000-4000-8000-{number:012}>",
        "WARC-Date": "2026-11-23T12:00:00Z",
        "WARC-Target-URI": f"http://a.example/{number}",
        "WARC-Block-Digest": records.sha1(block),
        "WARC-Payload-Digest": records.sha1(body),
        "Content-Type": "application/http; msgtype=response",
    }
    return records.member(said | {k.replace("_", "-"): v for k, v in fields.items()}, block)


SIX = [member(n) for n in range(6)]


def check(folder: Path, data: bytes, *, is_open: bool = False) -> Checked:
    path = folder / "x.warc.gz"
    path.write_bytes(data)
    return checking.check(path, "x", is_open=is_open)


def changed(member: bytes, old: bytes, new: bytes) -> bytes:
    """A member compressed anew, with a right checksum."""
    return gzip.compress(gzip.decompress(member).replace(old, new, 1), mtime=0)


def flipped(data: bytes, bit: int) -> bytes:
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def longer(by: int) -> bytes:
    length = len(PAGE)
    return changed(SIX[3], b"Content-Length: %d" % length, b"Content-Length: %d" % (length + by))


NOISE = random.Random(7).randbytes(5000)
DAMAGES = {
    "mid member": (b"".join(SIX)[: -len(SIX[5]) // 2], "truncated", 5, 5),
    "in the gzip trailer": (b"".join(SIX)[:-3], "truncated", 5, 5),
    "in the gzip header": (b"".join(SIX[:5]) + SIX[5][:7], "truncated", 5, 5),
    "zeros behind": (b"".join(SIX) + bytes(70_000), "trailing zeros", 6, 6),
    "noise behind": (b"".join(SIX) + NOISE, "trailing garbage", 6, 6),
    "noise between": (b"".join(SIX[:3]) + NOISE[:777] + b"".join(SIX[3:]), "damaged inside", 6, 3),
    "a bit": (b"".join([*SIX[:2], flipped(SIX[2], len(SIX[2]) * 4), *SIX[3:]]), "damaged inside", 5, 2),
    "one member": (gzip.compress(b"".join(map(gzip.decompress, SIX)), mtime=0), "not record-at-time", 6, 0),
    "too long": (b"".join([*SIX[:3], longer(10), *SIX[4:]]), "wrong length", 5, 3),
    "too short": (b"".join([*SIX[:3], longer(-10), *SIX[4:]]), "wrong length", 5, 3),
    "no length": (b"".join([*SIX[:3], changed(SIX[3], b"Content-Length", b"X"), *SIX[4:]]), "wrong length", 5, 3),
    "another text": (b"".join([SIX[0], changed(SIX[1], b"camp", b"CAMP"), *SIX[2:]]), "digest mismatch", 5, 1),
    "twice": (b"".join([*SIX, SIX[5]]), "duplicate record id", 7, 6),
    "nothing": (b"", "empty", 0, 0),
    "no record": (b"".join([SIX[0], gzip.compress(b"hello", mtime=0), *SIX[1:]]), "damaged inside", 6, 1),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damage_is_named_with_its_place_and_what_is_behind_it_is_checked(tmp_path: Path, damage: str) -> None:
    data, kind, whole, place = DAMAGES[damage]
    found = check(tmp_path, data)
    assert [f.what.partition(":")[0] for f in found.findings] == [kind]
    assert found.records == whole
    assert found.findings[0].offset == sum(map(len, SIX[:place]))
    assert found.sha256 == hashlib.sha256(data).hexdigest()


def test_the_record_is_named_where_its_head_can_be_read(tmp_path: Path) -> None:
    named = {d for d, (data, *_) in DAMAGES.items() if check(tmp_path, data).findings[0].record}
    assert named >= {"in the gzip trailer", "a bit", "too long", "too short", "no length", "another text", "twice"}


def test_an_empty_member_between_records_is_a_note(tmp_path: Path) -> None:
    found = check(tmp_path, SIX[0] + gzip.compress(b"") + SIX[1])
    assert (found.records, found.findings) == (2, ())
    assert "1 empty gzip members" in found.notes[0]


def test_two_damages_in_one_file_are_two_findings(tmp_path: Path) -> None:
    bad = [flipped(m, len(m) * 4) if n in (1, 4) else m for n, m in enumerate(SIX)]
    found = check(tmp_path, b"".join(bad))
    assert [f.offset for f in found.findings] == [len(SIX[0]), sum(map(len, SIX[:4]))]
    assert found.records == 4


def test_findings_beyond_the_limit_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "MAX_FINDINGS", 3)
    found = check(tmp_path, SIX[0] * 10)
    assert found.findings[-1].what == "6 more findings in this file are not listed"


def test_a_file_of_false_beginnings_is_given_up_before_it_takes_forever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checking, "_WASTE_FREE_BYTES", 0)
    # each begins as a record does, and reads all that follows before its checksum is found wrong
    begin = gzip.compress(b"WARC/1.1\r\n", 0, mtime=0)[:10] + b"\x00\x0a\x00\xf5\xff" + b"WARC/1.1\r\n"
    found = check(tmp_path, (begin + b"\x00\xff\xff\x00\x00") * 400)
    assert any("the rest was not read" in f.what for f in found.findings)


# --- plain files ----------------------------------------------------------------------------------------------------

PLAIN = [gzip.decompress(m) for m in SIX]


@pytest.mark.parametrize(
    ("data", "kind", "whole"),
    [
        (b"".join(PLAIN)[:-700], "truncated", 5),
        (b"".join(PLAIN) + bytes(99), "trailing zeros", 6),
        (b"".join(PLAIN) + NOISE, "trailing garbage", 6),
        (b"".join(PLAIN[:3]) + NOISE[:777] + b"\n" + b"".join(PLAIN[3:]), "damaged inside", 6),
        (b"".join([*PLAIN[:3], gzip.decompress(longer(10)), *PLAIN[4:]]), "wrong length", 5),
        (b"".join([*PLAIN[:3], gzip.decompress(longer(-10)), *PLAIN[4:]]), "wrong length", 5),
        (b"".join([*PLAIN[:3], PLAIN[3].replace(b"camp", b"CAMP"), *PLAIN[4:]]), "digest mismatch", 5),
        (b"".join([*PLAIN, PLAIN[2]]), "duplicate record id", 7),
    ],
)
def test_a_damage_is_named_in_a_file_that_is_not_compressed(tmp_path: Path, data: bytes, kind: str, whole: int) -> None:
    found = check(tmp_path, data)
    assert [f.what.partition(":")[0] for f in found.findings] == [kind]
    assert found.records == whole


# --- bits -----------------------------------------------------------------------------------------------------------


def test_every_flipped_bit_in_a_body_is_found(tmp_path: Path) -> None:
    dice = random.Random(11)
    data, start = b"".join(SIX), len(SIX[0])
    for _ in range(200):
        # behind the ten bytes of the gzip header, of which no checksum is kept
        bit = dice.randrange((start + 10) * 8, (start + len(SIX[1])) * 8)
        found = check(tmp_path, flipped(data, bit))
        assert found.findings, bit
        assert found.findings[0].offset == start
        assert found.records == 5


def test_every_flipped_bit_in_a_stored_body_is_found(tmp_path: Path) -> None:
    data = whole_file(tmp_path / "a", ZIPPED)
    dice = random.Random(12)
    for _ in range(100):
        bit = dice.randrange(10 * 8, member_ends(data)[0] * 8)
        assert check(tmp_path, flipped(data, bit)).findings or says_the_same(data, bit), bit


def says_the_same(data: bytes, bit: int) -> bool:
    """Whether the compressed stream says the same after a flip, so that only the checksum of the seal is another.

    Up to seven bits only fill its last byte (RFC 1951, section 3.2.3), and one may point to the same words elsewhere.
    """
    before, after = (zlib.decompressobj(31) for _ in range(2))
    end = member_ends(data)[0]
    try:
        return before.decompress(data[:end]) == after.decompress(flipped(data, bit)[:end]) and after.eof
    except zlib.error:
        return False


# --- what is whole --------------------------------------------------------------------------------------------------


def by_warcio(path: Path, *, compress: bool) -> int:
    with path.open("wb") as file:
        writer = WARCWriter(file, gzip=compress, warc_version="1.1")
        writer.write_record(writer.create_warcinfo_record("x", {"software": "a test"}))
        for n in range(20):
            headers = StatusAndHeaders("200 OK", [("Content-Type", "text/html")], protocol="HTTP/1.1")
            body = io.BytesIO(b"soup" * n * 500)
            url = f"http://a.example/{n}"
            first = writer.create_warc_record(url, "response", payload=body, http_headers=headers)
            writer.write_record(first)
            digest = first.rec_headers.get_header("WARC-Payload-Digest")
            date = first.rec_headers.get_header("WARC-Date")
            writer.write_record(writer.create_revisit_record(url, digest, url, date, http_headers=headers))
            writer.write_record(writer.create_warc_record(url, "resource", payload=io.BytesIO(b"{}")))
            asked = StatusAndHeaders("POST / HTTP/1.1", [("Host", "a.example")], is_http_request=True)
            writer.write_record(
                writer.create_warc_record(url, "request", payload=io.BytesIO(b"a=1"), http_headers=asked)
            )
    return 81


def by_fastwarc(path: Path, *, compress: bool) -> int:
    from fastwarc.stream_io import GzipWriter

    with path.open("wb") as file:
        stream: Any = GzipWriter(file) if compress else file
        for n in range(20):
            record = fastwarc.WarcRecord()
            record.init_headers()
            record.record_type = fastwarc.WarcRecordType.response
            record.headers["WARC-Target-URI"] = f"http://a.example/{n}"
            record.set_bytes_content(PAGE + b"soup" * n)
            record.is_http = True
            record.write(stream, checksum_data=True)
            if compress:
                stream.finish()  # else it writes one member for all
    return 20


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # warcio leaves its files open
@pytest.mark.parametrize("compress", [True, False])
@pytest.mark.parametrize("writer", [by_warcio, by_fastwarc])
def test_nothing_is_said_of_whole_files_of_other_writers(
    tmp_path: Path, writer: Callable[..., int], compress: bool
) -> None:
    count = writer(tmp_path / "x", compress=compress)
    gc.collect()
    found = checking.check(tmp_path / "x", "x")
    assert (found.records, found.findings) == (count, ())


def test_nothing_is_said_of_whole_files_of_ours(tmp_path: Path) -> None:
    many = (OK, OK, NOT_MODIFIED, ZIPPED, ZIPPED, CHUNKED, HINT + OK)
    stored(tmp_path, *(response(a) for a in many), response(OK[:-2], truncated="disconnect"))
    (file,) = archive.files(tmp_path)
    found = checking.check(tmp_path / file, file)
    assert (found.records, found.findings) == (18, ())


@pytest.mark.parametrize(
    "digest",
    [
        lambda body: records.sha1(body).lower().replace("sha1", "SHA-1"),
        lambda body: "sha1:" + hashlib.sha1(body).hexdigest().upper(),
        records.sha256,
        lambda body: "md5:" + hashlib.md5(body).hexdigest(),
        lambda body: "sha512:" + hashlib.sha512(body).hexdigest(),
    ],
)
def test_digests_are_read_in_every_form_that_tools_write(tmp_path: Path, digest: Callable[[bytes], str]) -> None:
    right = member(0, WARC_Block_Digest=digest(PAGE))
    wrong = member(1, WARC_Block_Digest=digest(OK))
    found = check(tmp_path, right + wrong)
    assert [(f.offset, f.what.partition(":")[0]) for f in found.findings] == [(len(right), "digest mismatch")]


def test_a_digest_of_an_unknown_kind_is_a_note(tmp_path: Path) -> None:
    found = check(tmp_path, member(0, WARC_Block_Digest="blake9:abc"))
    assert found.findings == ()
    assert found.notes == ("of 1 records the block digest is of an unknown kind and was not compared",)


@pytest.mark.parametrize(
    ("block", "payload", "said"),
    [
        (CHUNKED, b"soup", "without its chunks"),
        (ZIPPED, b"soup" * 99, "with all encodings undone"),
        (OK, OK, "together with its headers"),
    ],
)
def test_a_payload_digest_may_be_of_the_body_by_another_custom(
    tmp_path: Path, block: bytes, payload: bytes, said: str
) -> None:
    found = check(tmp_path, member(0, block, WARC_Payload_Digest=records.sha1(payload)))
    assert found.findings == ()
    assert said in found.notes[0]
    assert check(tmp_path, member(0, block, WARC_Payload_Digest=records.sha1(b"else"))).findings


def test_a_large_record_is_checked_in_pieces(tmp_path: Path) -> None:
    import tracemalloc

    data = member(0, PAGE + bytes(100 << 20))
    tracemalloc.start()
    try:
        found = check(tmp_path, data)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (found.records, found.findings) == (1, ())
    assert peak < 48 << 20


# --- any bytes ------------------------------------------------------------------------------------------------------


@given(st.data())
@settings(max_examples=150)
def test_no_bytes_make_it_fail(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    whole = data.draw(st.sampled_from([b"".join(SIX[:3]), b"".join(PLAIN[:3]), b""]))
    garbled = bytearray(whole)
    for _ in range(data.draw(st.integers(0, 4))):
        at = data.draw(st.integers(0, len(garbled)))
        garbled[at : at + data.draw(st.integers(0, 400))] = data.draw(st.binary(max_size=60))
    found = check(tmp_path_factory.getbasetemp(), bytes(garbled))
    assert found.sha256 == hashlib.sha256(garbled).hexdigest()
    assert found.records <= 6
    if bytes(garbled) == whole and whole:
        assert (found.records, found.findings) == (3, ())


@pytest.mark.parametrize("at", range(0, 40))
def test_a_record_may_begin_where_a_piece_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    monkeypatch.setattr(pieces, "_COMPRESSED", 1 + at)
    monkeypatch.setattr(pieces, "_PIECE", 1 + at * 3)
    monkeypatch.setattr(pieces, "_BUFFER", 40 + at)
    found = check(tmp_path, b"".join(SIX[:2]) + NOISE[:100] + b"".join(SIX[2:]))
    assert (found.records, len(found.findings)) == (6, 1)
    assert found.sha256 == hashlib.sha256((tmp_path / "x.warc.gz").read_bytes()).hexdigest()


# --- a home ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two days, both closed, two files each."""
    folder = tmp_path_factory.mktemp("stock")
    web = FakeWeb(
        {
            "http://a.example/feed": feed("http://a.example/1", "http://a.example/2"),
            "http://a.example/1": page(STORY),
            "http://a.example/2": page(OTHER, title="The choir"),
        }
    )
    (folder / "sources.yaml").write_text("sources: []\n")
    crawl(folder, web, source("a"))
    web.now = web.now.replace(day=24)
    web.pages["http://a.example/1"] = page(STORY + "\n\nIt was mended.")
    crawl(folder, web, source("a"))
    with pipeline.opened(Home(folder), following(source("a"))):
        pass  # closes the days
    return folder


@pytest.fixture
def home(stock: Path, tmp_path: Path) -> Home:
    """A copy of it, to do with as one likes."""
    return Home(Path(shutil.copytree(stock, tmp_path, dirs_exist_ok=True)))


def verified(home: Home, *, fresh: bool = False) -> verification.Verification:
    return verification.verify_home(home, report=lambda progress: None, fresh=fresh)


def kinds(found: verification.Verification) -> list[str]:
    return [f.what.partition(":")[0] for f in found.findings]


def first_file(home: Home) -> Path:
    return home.archive / archive.files(home.archive)[0]


def test_nothing_is_said_of_a_whole_home(home: Home) -> None:
    found = verified(home)
    assert (found.findings, found.notes) == ([], [])
    assert len(found.checked) == len(archive.files(home.archive)) > 1
    assert found.records == sum(1 for file in found.checked for _ in records_of(home, file.file))


def records_of(home: Home, file: str) -> list[bytes]:
    data, found = (home.archive / file).read_bytes(), []
    while data:
        inflater = zlib.decompressobj(31)
        found.append(inflater.decompress(data))
        data = inflater.unused_data
    return found


def test_a_change_that_hides_from_every_record_is_found_by_seal_and_manifest(home: Home) -> None:
    path = first_file(home)
    data = bytearray(path.read_bytes())
    data[4] ^= 1  # the time in the gzip header: no checksum is kept of it
    path.write_bytes(data)
    assert kinds(verified(home)) == ["changed"]


def test_files_that_are_gone_are_missing_once(home: Home) -> None:
    path = first_file(home)
    path.unlink()
    found = verified(home)
    assert [(f.file, f.what.partition(":")[0]) for f in found.findings] == [
        (path.relative_to(home.archive).as_posix(), "missing")
    ]


def test_a_day_that_is_gone_with_its_manifest_is_known_from_the_events(home: Home) -> None:
    shutil.rmtree(first_file(home).parent)
    assert set(kinds(verified(home))) == {"missing"}


def test_a_file_that_only_the_catalogue_knows_is_missing(home: Home) -> None:
    with Catalogue(home.catalogue, writing=True) as catalogue, catalogue.transaction():
        catalogue.set_catalogued("2026/11/23/captures-20261123T000000Z-0099-00000000.warc.gz", 10)
    assert kinds(verified(home)) == ["missing"]


def test_a_changed_manifest_or_article_is_found(home: Home) -> None:
    day = first_file(home).parent
    articles = next(day.glob("articles-*.jsonl.gz"))
    articles.write_bytes(gzip.compress(b"{}\n"))
    assert kinds(verified(home)) == ["changed"]
    manifest = day / "manifest-sha256.txt"
    manifest.write_text("../../../etc/passwd\n" + "0" * 64 + "  ../x\n" + manifest.read_text())
    assert kinds(verified(home)).count("manifest") == 2
    assert kinds(verified(home)).count("changed") == 2  # articles; the manifest itself, named once


def test_a_broken_chain_is_found_and_a_torn_event_is_a_note(home: Home) -> None:
    events = home.archive / "events.jsonl"
    lines = events.read_bytes().splitlines(keepends=True)
    events.write_bytes(b"".join(lines) + b'{"number"')
    torn = verified(home)
    assert torn.findings == []
    assert "not finished" in torn.notes[0][1]
    events.write_bytes(lines[0].replace(b'"seal"', b'"saal"') + b"".join(lines[1:]))
    assert "chain" in kinds(verified(home))


def test_an_event_cannot_lead_out_of_the_archive(home: Home) -> None:
    Decisions(home.archive).append("seal", {"file": "../../x", "bytes": 1, "sha256": "0" * 64}, now=NOON)
    found = verified(home)
    assert kinds(found) == ["chain"]


def test_an_erase_is_accepted_only_as_the_event_says(home: Home) -> None:
    path = first_file(home)
    file, data = path.relative_to(home.archive).as_posix(), path.read_bytes()
    first = member_ends(data)[0]
    new = gzip.compress(b"something else", mtime=0)
    change = Change(
        file=file,
        offset=0,
        length=first,
        tombstone_id="<urn:uuid:1>",
        refers_to="<urn:uuid:2>",
        date="2026-11-24T00:00:00Z",
        sha256_after="",
    )
    stone = tombstone(change)
    said = bytearray(stone + data[first:])
    path.write_bytes(said)
    assert "changed" in kinds(verified(home))

    def told(after: bytes, whole: bytes | None) -> None:
        decisions = Decisions(home.archive)
        place = {"file": file, "offset": 0, "length": len(stone), "sha256_after": hashlib.sha256(after).hexdigest()}
        decisions.append("erasing", {"takedown": 1, "changes": [place]}, now=NOON)
        if whole is not None:
            digests = {file: hashlib.sha256(whole).hexdigest()}
            decisions.append("erased", {"takedown": 1, "files": digests, "replaced": {}}, now=NOON)

    told(stone, None)
    begun = verified(home)
    assert kinds(begun) == [] and "not finished" in begun.notes[0][1]
    told(stone, bytes(said))
    assert kinds(verified(home)) == []
    told(new, bytes(said))
    assert kinds(verified(home)) == ["changed"]


def test_an_erase_that_names_no_place_is_not_accepted(home: Home) -> None:
    path = first_file(home)
    file = path.relative_to(home.archive).as_posix()
    path.write_bytes(path.read_bytes() + member(99))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    Decisions(home.archive).append("erased", {"takedown": 1, "files": {file: digest}}, now=NOON)
    assert "changed" in kinds(verified(home))


def test_records_that_two_files_have_are_found(home: Home) -> None:
    one, other = (home.archive / file for file in archive.files(home.archive)[:2])
    data = one.read_bytes()
    end = member_ends(data)[0]
    at = other.stat().st_size
    other.write_bytes(other.read_bytes() + data[:end])
    found = [f for f in verified(home).findings if f.what.startswith("duplicate record id")]
    assert [f.offset for f in found] == [at]
    assert found[0].record


def cdxj(home: Home, day: str) -> list[str]:
    lines = []
    for file in archive.files(home.archive):
        if archive.folder_of(file) == day:
            for listed in checking.check(home.archive / file, file, with_captures=True).captures:
                if listed.must:
                    said = {"url": listed.url, "offset": str(listed.offset), "length": str(listed.length)}
                    lines.append(f"x {listed.timestamp} {json.dumps(said | {'filename': file.rpartition('/')[2]})}\n")
    return lines


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda lines: lines, None),
        (lambda lines: lines[1:], "lacks this capture"),
        (lambda lines: [*lines, lines[0]], "more than once"),
        (lambda lines: [lines[0].replace('"offset": "', '"offset": "9'), *lines[1:]], "and none is"),
        (lambda lines: [lines[0].replace("example", "exomple"), *lines[1:]], "another address"),
        (lambda lines: [lines[0].replace(" 2026", " 2025"), *lines[1:]], "another time"),
        (lambda lines: [lines[0].replace("captures-", "capturas-"), *lines[1:]], "not there"),
        (lambda lines: ["nonsense\n", *lines], "cannot be read"),
    ],
)
def test_the_list_of_captures_agrees_with_the_records(
    home: Home, change: Callable[[list[str]], list[str]], words: str | None
) -> None:
    day = "2026/11/23"
    path = home.archive / day / "captures.cdxj"
    path.unlink(missing_ok=True)
    path.write_text("".join(change(cdxj(home, day))))
    found = [f.what for f in verified(home).findings if f.what.startswith("list")]
    assert any(words in what for what in found) if words else not found


# --- while a writer is at work --------------------------------------------------------------------------------------


def test_the_torn_end_of_an_open_file_is_a_note(tmp_path: Path) -> None:
    writer = Archive(tmp_path / "archive")
    writer.add(response(PAGE), earlier=None)
    writer.sync()
    (path,) = (tmp_path / "archive").rglob("*.open")
    whole = path.stat().st_size
    with path.open("ab") as file:
        file.write(member(1)[:-30])
    found = verified(Home(tmp_path))
    assert found.findings == []
    assert any(f"checked up to byte {whole}" in words for _, words in found.notes)
    writer.close()


def test_a_damage_before_the_end_of_an_open_file_is_found(tmp_path: Path) -> None:
    found = check(tmp_path, DAMAGES["a bit"][0], is_open=True)
    assert [f.what.partition(":")[0] for f in found.findings] == ["damaged inside"]


# --- to go on -------------------------------------------------------------------------------------------------------


def test_a_check_that_was_ended_goes_on_where_it_was(home: Home, aggregator: Aggregator) -> None:
    path = home.archive / archive.files(home.archive)[1]
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    state = home.index / verification.STATE
    seen: list[str] = []

    def interrupting(progress: object) -> None:
        if state.read_text().count("\n") == 3:  # its first line, and two files
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        verification.verify_home(home, report=interrupting)
    with state.open("a") as file:
        file.write('{"torn')
    found = verified(home)
    assert found.resumed == 2
    assert {f.file for f in found.findings} == {path.relative_to(home.archive).as_posix()}
    assert len(found.checked) == len(archive.files(home.archive))
    assert not state.exists()
    assert verified(home).resumed == 0
    assert not seen


def test_what_was_changed_meanwhile_or_is_asked_for_afresh_is_checked_again(home: Home) -> None:
    def interrupting(progress: object) -> None:
        if (home.index / verification.STATE).read_text().count("\n") == 2:
            raise KeyboardInterrupt

    for change in (True, False):
        with pytest.raises(KeyboardInterrupt):
            verification.verify_home(home, report=interrupting, fresh=True)
        if change:
            path = first_file(home)
            path.write_bytes(path.read_bytes())
        assert verified(home, fresh=not change).resumed == 0


# --- the command ----------------------------------------------------------------------------------------------------


def test_the_command_says_what_was_checked_and_ends_with_0(home: Home, aggregator: Aggregator) -> None:
    said = aggregator("--home", home.root, "verify")
    assert (said.code, said.out) == (0, "")
    assert "nothing wrong was found" in said.err
    said = aggregator("--home", home.root, "verify", "--since", "2026-11-24", "--json")
    assert said.json["since"] == "2026-11-24"
    assert said.json["files"] == sum(f > "2026/11/24" for f in archive.files(home.archive))
    assert said.json["bad"] == []


def test_the_command_names_what_is_wrong_and_ends_with_3(tmp_path: Path, aggregator: Aggregator) -> None:
    bad, good = tmp_path / "bad.warc.gz", tmp_path / "good.warc.gz"
    bad.write_bytes(DAMAGES["another text"][0])
    good.write_bytes(b"".join(SIX))
    said = aggregator("verify", "--json", bad, good)
    assert said.code == 3
    assert (said.json["files"], said.json["records"]) == (2, 11)
    (found,) = said.json["bad"]
    assert (found["file"], found["offset"]) == (str(bad), len(SIX[0]))
    assert found["record"].startswith("<urn:uuid:")
    assert found["what"].startswith("digest mismatch: ")
    said = aggregator("verify", bad)
    assert said.out.startswith(f"{bad} at {len(SIX[0])}: digest mismatch")


def test_a_report_can_be_filed_and_checked_by_other_tools(home: Home, aggregator: Aggregator, tmp_path: Path) -> None:
    report = tmp_path / "report.txt"
    assert aggregator("--home", home.root, "verify", "--report", report).code == 0
    text = report.read_text()
    assert "Findings: 0" in text
    lines = text[text.index("Files, as") :].split("\n\n")[1]
    done = subprocess.run(
        ["sha256sum", "--check", "--strict"], input=lines, text=True, cwd=home.archive, capture_output=True, check=False
    )
    assert (done.returncode, done.stdout.count(": OK")) == (0, len(archive.files(home.archive)))
    assert aggregator("--home", home.root, "verify", "--report", tmp_path / "report.json").code == 0
    assert json.loads((tmp_path / "report.json").read_text())["bad"] == []


def test_an_index_that_is_damaged_is_a_note(home: Home, aggregator: Aggregator) -> None:
    assert verification.verify_home(home, report=print).notes == []
    path = next(home.fulltext.glob("*.trm"))
    path.write_bytes(bytes(path.stat().st_size))

    said = aggregator("--home", home.root, "verify")

    assert said.code == 0
    assert "fulltext: " in said.out + said.err
    assert "rebuild --only index" in said.out + said.err


def test_wrong_use_is_2(tmp_path: Path, home: Home, aggregator: Aggregator) -> None:
    assert aggregator("verify", tmp_path / "nowhere").code == 2
    assert aggregator("verify", "--fresh", home.root / "sources.yaml").code == 2
    assert aggregator("--home", tmp_path / "nowhere", "verify").code == 2


def test_a_home_in_which_something_was_erased_is_whole(home: Home) -> None:
    sources = following(source("a"))
    what = takedown.target(home, ["http://a.example/1"], takedown.Scope.ARTICLE, erase=True)
    event = takedown.decide(
        home, what, scope=takedown.Scope.ARTICLE, reason="other", by="x", erase=True, until=None, now=NOON
    )
    takedown.carry_out(home, sources, event.number)
    found = verified(home)
    assert (found.findings, found.notes) == ([], [])


def test_an_import_is_judged_by_its_digest_and_not_by_how_it_came(home: Home, tmp_path: Path) -> None:
    given = tmp_path / "damaged.warc.gz"
    given.write_bytes(b"".join(SIX[:2]) + NOISE[:777] + SIX[3])
    with pipeline.opened(home, following(source("a"))) as line:
        line.bring_in(given)
    found = verified(home)
    assert found.findings == []
    assert [note for _, note in found.notes] == ["as it came: damaged inside (1)"]
    [file] = [file for file in archive.files(home.archive) if archive.is_import(file)]
    (home.archive / file).write_bytes(given.read_bytes() + SIX[5])
    assert kinds(verified(home)) == ["changed"]
