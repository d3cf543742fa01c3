"""What is handed on: the captures byte for byte, the articles in words, and nothing that must stay."""

from __future__ import annotations

import csv
import errno
import gzip
import hashlib
import io
import json
import os
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import pytest
from fastwarc.stream_io import ZstdWriter
from hypothesis import given
from hypothesis import strategies as st
from warcio.archiveiterator import ArchiveIterator
from warcio.checker import Checker

from aggregator import access, archive, cells, disk, exports, pipeline, sources, takedown
from aggregator.archive import cdxj
from aggregator.catalogue import Catalogue
from aggregator.errors import NoSpaceError, UsageError
from aggregator.exports import Export, texts
from aggregator.home import Home
from aggregator.model import Settings, Sighting
from aggregator.takedown import Scope
from tests.fakecli import Aggregator
from tests.fakeweb import (
    NOON,
    OTHER,
    STORY,
    ClockOf,
    FakeWeb,
    articles,
    catalogue,
    crawl,
    feed,
    following,
    page,
    source,
)
from tests.foreignfiles import ARC_HEAD, DATE, URL, arc, compressed, http, in_zip, put, record, three, zipped

ONE, TWO, THREE = "http://a.example/1", "http://a.example/2", "http://b.example/3"
UPDATE = "Update: the store has given everything back."
EDITED = feed(ONE, TWO, updated="2026-11-22T10:00:00Z")
FOLLOWING = replace(following(source("a", languages=("en",)), source("b")), settings=Settings(contact="desk@a.example"))
SOURCES_YAML = """\
settings: {contact: desk@a.example, min_free: 1MB}
sources:
  - {id: a, name: "The \\"A\\"", url: "http://a.example/", languages: [en]}
  - {id: b, url: "http://b.example/"}
"""
FORMS = ("warc", "wacz", "bag")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with an article in two versions, one seen twice without a change, and one of another source."""
    home = tmp_path_factory.mktemp("home")
    web = FakeWeb(
        {
            "http://a.example/feed": feed(ONE, TWO),
            ONE: page(STORY),
            TWO: (200, {"Content-Type": "text/html", "ETag": '"t"'}, page(OTHER, title="=cmd|' /C calc'!A0")),
            "http://b.example/feed": feed(THREE),
            THREE: page(f"{OTHER}\n\nThe rain came later.", title="Later"),
        }
    )
    crawl(home, web, *FOLLOWING.sources, clock=ClockOf(web))
    web.pages |= {"http://a.example/feed": EDITED, ONE: page(f"{STORY}\n\n{UPDATE}")}
    crawl(home, web, *FOLLOWING.sources, clock=ClockOf(web))
    (home / "sources.yaml").write_text(SOURCES_YAML)
    return home


def hand_on(root: Path, kind: str, to: Any, **more: Any) -> Export:
    return exports.export(Home(root), FOLLOWING, kind, to, now=NOON, **{"about": "A test", **more})


def withdraw(root: Path, *refs: str, scope: Scope = Scope.ARTICLE, erase: bool = False, **more: Any) -> None:
    """Decide a takedown, and carry nothing out."""
    what = takedown.target(Home(root), refs, scope, erase=erase)
    said: dict[str, Any] = {"reason": "other", "by": "x", "until": None, "now": NOON - timedelta(hours=1), **more}
    takedown.decide(Home(root), what, scope=scope, erase=erase, **said)


def close(root: Path, who: str) -> None:
    """Say something of who may see the articles of source a."""
    (root / "sources.yaml").write_text(SOURCES_YAML.replace("languages: [en]", f"languages: [en], {who}"))


@pytest.fixture
def home(root: Path, tmp_path: Path) -> Path:
    """A copy of the home, to change something in."""
    return Path(shutil.copytree(root, tmp_path / "home"))


def ids(root: Path, *urls: str) -> list[str]:
    return [articles(root)[url].id for url in urls]


def warc_of(kind: str, path: Path) -> bytes:
    """The WARC file in an export."""
    if kind == "wacz":
        with zipfile.ZipFile(path) as zipped:
            return zipped.read("archive/captures.warc.gz")
    return (path / "data/captures.warc.gz" if kind == "bag" else path).read_bytes()


def index_of(kind: str, path: Path) -> str:
    if kind == "wacz":
        with zipfile.ZipFile(path) as zipped:
            return gzip.decompress(zipped.read("indexes/index.cdx.gz")).decode()
    return (path / "data/captures.cdxj").read_text()


def records(data: bytes) -> list[tuple[str, str | None]]:
    """Type and address of each record that warcio finds."""
    found = ArchiveIterator(io.BytesIO(data))
    return [(record.rec_type, record.rec_headers["WARC-Target-URI"]) for record in found]


def everything(path: Path) -> bytes:
    """All bytes of an export, with all that is packed in it unpacked."""
    if path.is_dir():
        return b"".join(everything(each) for each in sorted(path.rglob("*")) if each.is_file())
    return unpacked(path.read_bytes())


def unpacked(data: bytes) -> bytes:
    if data[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(data)) as zipped:
            return b"".join(unpacked(zipped.read(name)) for name in zipped.namelist())
    return gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data


# Captures


def test_a_warc_holds_each_capture_with_its_request_as_the_archive_has_it(root: Path, tmp_path: Path) -> None:
    made = hand_on(root, "warc", tmp_path / "x.warc.gz")
    data = (tmp_path / "x.warc.gz").read_bytes()

    first, *rest = [kind for kind, _ in records(data)]
    assert (first, rest[1::2]) == ("warcinfo", ["request"] * 5)
    assert sorted(rest[::2]) == ["response"] * 4 + ["revisit"]
    assert made.captures == 5
    with catalogue(root) as known:
        for capture in known.captures_showing(known.article_ids()):
            start, end = capture.offset, capture.offset + capture.length
            assert (root / "archive" / capture.file).read_bytes()[start:end] in data


def test_the_digests_of_a_warc_are_right(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hand_on(root, "warc", tmp_path / "x.warc.gz")

    checker = Checker(type("Arguments", (), {"inputs": [str(tmp_path / "x.warc.gz")], "verbose": False})())
    checker.process_all()

    assert checker.exit_value == 0
    assert "fail" not in capsys.readouterr().out


def test_the_first_record_says_who_hands_on_what(root: Path, tmp_path: Path) -> None:
    hand_on(root, "warc", tmp_path / "x.warc.gz")

    first = next(iter(ArchiveIterator(io.BytesIO((tmp_path / "x.warc.gz").read_bytes()))))
    said = first.content_stream().read().decode()

    assert "operator: desk@a.example\r\n" in said
    assert "description: A test\r\n" in said
    assert first.rec_headers["WARC-Filename"] == "x.warc.gz"


@pytest.mark.parametrize("kind", ["wacz", "bag"])
def test_the_index_is_that_of_the_warc_beside_it(root: Path, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "out"
    hand_on(root, kind, path)
    (tmp_path / "copy.warc.gz").write_bytes(warc_of(kind, path))

    assert index_of(kind, path) == "".join(cdxj.in_order(cdxj.lines(tmp_path / "copy.warc.gz", "captures.warc.gz")))


@pytest.mark.parametrize("kind", FORMS)
def test_only_what_was_found_is_in_it(root: Path, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "out"
    made = hand_on(root, kind, path, ids=ids(root, THREE))

    assert {url for _, url in records(warc_of(kind, path))} == {None, THREE}
    assert made.article_ids == tuple(ids(root, THREE))
    assert STORY[:40].encode() not in everything(path)


def test_a_capture_that_cannot_be_read_is_named_and_the_rest_goes_on(home: Path, tmp_path: Path) -> None:
    with catalogue(home) as known:
        (bad,) = known.captures_of(ids(home, THREE)[0])
    file = home / "archive" / bad.file
    data = bytearray(file.read_bytes())
    data[bad.offset + bad.length // 2] ^= 1
    file.write_bytes(data)

    made = hand_on(home, "wacz", tmp_path / "x")

    assert [problem.split(": ")[0] for problem in made.problems] == [THREE]
    assert {url for _, url in records(warc_of("wacz", tmp_path / "x"))} == {None, ONE, TWO}
    assert THREE.encode() not in everything(tmp_path / "x")


def test_a_file_that_is_gone_costs_only_its_own_captures(home: Path, tmp_path: Path) -> None:
    (home / "archive" / archive.files(home / "archive")[0]).unlink()

    made = hand_on(home, "warc", tmp_path / "x")

    assert {problem.split(": ")[0] for problem in made.problems} == {ONE, TWO, THREE}
    assert {url for _, url in records((tmp_path / "x").read_bytes())} == {None, ONE, TWO}


# Captures of others


def imported(tmp_path: Path, data: bytes, name: str = "old.warc") -> Path:
    """A home into which a file of others was brought, and nothing else."""
    home = tmp_path / "home"
    with pipeline.opened(Home(home), following(source("old"))) as line:
        line.bring_in(put(tmp_path, data, name))
    return home


def checked(path: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """What `warcio check` says."""
    Checker(type("Arguments", (), {"inputs": [str(path)], "verbose": True})()).process_all()
    return capsys.readouterr().out


ASKED = record(
    b"GET /1 HTTP/1.1\r\n\r\n", kind="request", Content_Type="application/http; msgtype=request",
    WARC_Concurrent_To=f"urn:uuid:{uuid5(NAMESPACE_URL, 'response' + URL + DATE)}",
)  # fmt: skip


@pytest.mark.parametrize(
    "data",
    [
        b"".join(three()),
        compressed(ZstdWriter, three()),
        gzip.compress(b"".join(three())),
        in_zip(("archive/a.warc", b"".join(three())), method=zipfile.ZIP_DEFLATED),
        in_zip(("archive/a.warc.gz", zipped(three())), method=zipfile.ZIP_DEFLATED),
    ],
    ids=["plain", "zstd", "one member", "wacz, plain", "wacz, compressed twice"],
)
def test_records_of_others_leave_as_members_with_the_same_fields_and_block(
    tmp_path: Path, data: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    made = hand_on(imported(tmp_path, data), "warc", tmp_path / "x.warc.gz")

    assert (made.captures, made.problems) == (3, ())
    _, *found = ArchiveIterator(io.BytesIO((tmp_path / "x.warc.gz").read_bytes()), no_record_parse=True)
    blocks = [each.raw_stream.read() for each in found]
    assert [each for each in three() if not any(block in each for block in blocks)] == []
    assert {tuple(sorted(each.rec_headers.headers)) for each in found} == {
        tuple(sorted(each.rec_headers.headers))
        for each in ArchiveIterator(io.BytesIO(b"".join(three())), no_record_parse=True)
    }
    assert "fail" not in checked(tmp_path / "x.warc.gz", capsys)


def test_a_record_of_arc_leaves_as_a_response(tmp_path: Path) -> None:
    made = hand_on(imported(tmp_path, ARC_HEAD + arc(), "old.arc"), "wacz", tmp_path / "x")

    said = json.loads(index_of("wacz", tmp_path / "x").split(" ", 2)[2])
    each = next(iter(ArchiveIterator(io.BytesIO(warc_of("wacz", tmp_path / "x")[int(said["offset"]) :]))))
    assert (made.captures, said["url"], said["status"]) == (1, URL, "200")
    assert (each.rec_type, each.content_type) == ("response", "application/http; msgtype=response")
    assert each.rec_headers["WARC-Date"].startswith("2006-01-02T03:04:05")
    assert each.content_stream().read() == page(STORY).encode()


def test_a_request_of_others_leaves_with_its_answer(tmp_path: Path) -> None:
    hand_on(imported(tmp_path, record() + ASKED), "warc", tmp_path / "x")

    assert records((tmp_path / "x").read_bytes()) == [("warcinfo", None), ("response", URL), ("request", URL)]


def test_a_digest_leaves_only_if_it_is_true(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    body = page(STORY).encode()
    good = f"sha256:{hashlib.sha256(body).hexdigest()}"
    data = record(http(body), WARC_Payload_Digest=good, WARC_Block_Digest="sha1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")

    hand_on(imported(tmp_path, data), "warc", tmp_path / "x.warc.gz")

    _, each = ArchiveIterator(io.BytesIO((tmp_path / "x.warc.gz").read_bytes()))
    assert (each.rec_headers["WARC-Payload-Digest"], each.rec_headers["WARC-Block-Digest"]) == (good, None)


def test_a_record_that_is_cut_off_says_so(tmp_path: Path) -> None:
    home = imported(tmp_path, record(http(page(STORY) + "x" * 99), WARC_Block_Digest="sha1:A")[:-103])
    with catalogue(home) as known, archive.Copier(home / "archive") as copier:
        (capture,) = known.captures("old")
        copied = copier.copy(capture)

    assert copied.record.fields["WARC-Truncated"] == "unspecified"
    assert "WARC-Block-Digest" not in copied.record.fields


def test_an_answer_that_was_never_sent_as_text_is_indexed(tmp_path: Path) -> None:
    data = zipped([record(http().replace(b"HTTP/1.1 200 X", b"HTTP/2 200"))])

    made = hand_on(imported(tmp_path, data), "wacz", tmp_path / "x")

    assert made.problems == ()
    assert json.loads(index_of("wacz", tmp_path / "x").split(" ", 2)[2])["status"] == "200"


@pytest.mark.parametrize("pack", [zipped, b"".join], ids=["members", "plain"])
def test_records_of_others_are_looked_into_too(tmp_path: Path, pack: Callable[[list[bytes]], bytes]) -> None:
    home = imported(tmp_path, pack([record(http(page(STORY), X_By="Jon Haddock")), *three()[1:]]))
    withdraw(home, "Jon Haddock", scope=Scope.NAME)

    made = hand_on(home, "warc", tmp_path / "x")

    assert (made.captures, made.withheld_captures, made.problems) == (2, 1, ())
    assert b"Haddock" not in everything(tmp_path / "x")


# WACZ


def test_a_wacz_lists_what_is_in_it_with_its_digests(root: Path, tmp_path: Path) -> None:
    hand_on(root, "wacz", tmp_path / "x.wacz")

    with zipfile.ZipFile(tmp_path / "x.wacz") as zipped:
        assert zipped.testzip() is None
        listed = json.loads(zipped.read("datapackage.json"))
        digest = json.loads(zipped.read("datapackage-digest.json"))
        assert digest["hash"] == f"sha256:{hashlib.sha256(zipped.read('datapackage.json')).hexdigest()}"
        assert listed["wacz_version"] == "1.1.1"
        resources = {r["path"]: (r["bytes"], r["hash"]) for r in listed["resources"]}
        rest = set(zipped.namelist()) - {"datapackage.json", "datapackage-digest.json"}
        assert resources == {
            name: (len(zipped.read(name)), f"sha256:{hashlib.sha256(zipped.read(name)).hexdigest()}") for name in rest
        }
        assert rest == {*("archive/captures.warc.gz", "indexes/index.cdx.gz", "indexes/index.idx", "pages/pages.jsonl")}
        assert zipped.getinfo("archive/captures.warc.gz").compress_type == zipfile.ZIP_STORED


def test_the_pages_of_a_wacz_are_in_its_index(root: Path, tmp_path: Path) -> None:
    hand_on(root, "wacz", tmp_path / "x.wacz")

    with zipfile.ZipFile(tmp_path / "x.wacz") as zipped:
        header, *pages = [json.loads(line) for line in zipped.read("pages/pages.jsonl").splitlines()]
    indexed = {
        (json.loads(line.split(" ", 2)[2])["url"], line.split(" ")[1])
        for line in index_of("wacz", tmp_path / "x.wacz").splitlines()
    }

    assert header["format"] == "json-pages-1.0"
    assert {p["url"] for p in pages} == {ONE, TWO, THREE}
    assert {(p["url"], "".join(c for c in p["ts"] if c.isdigit())) for p in pages} <= indexed
    assert UPDATE in next(p for p in pages if p["url"] == ONE)["text"]


def test_a_large_index_is_compressed_in_blocks_that_can_be_read_alone(tmp_path: Path) -> None:
    from aggregator.exports.wacz import BLOCK_LINES, Package

    lines = [f"org,example)/{number:05} 20261123120000 {{}}\n" for number in range(2 * BLOCK_LINES + 5)]
    with zipfile.ZipFile(tmp_path / "x", "w") as zipped:
        Package(zipped, now=NOON).add_index(lines)
        data, index = zipped.read("indexes/index.cdx.gz"), zipped.read("indexes/index.idx").decode()

    first, *blocks = index.splitlines()
    assert json.loads(first.split(" ", 2)[2])["format"] == "cdxj-gzip-1.0"
    places = [(line.partition(" {")[0], json.loads(line[line.index("{") :])) for line in blocks]
    read = [data[p["offset"] : p["offset"] + p["length"]] for _, p in places]
    assert [f"{key} {{}}\n" for key, _ in places] == [gzip.decompress(b).decode().splitlines(True)[0] for b in read]
    assert [p["digest"] for _, p in places] == [f"sha256:{hashlib.sha256(b).hexdigest()}" for b in read]
    assert "".join(gzip.decompress(b).decode() for b in read) == "".join(lines)


# BagIt


def test_a_bag_holds_what_its_manifests_say(root: Path, tmp_path: Path) -> None:
    made = hand_on(root, "bag", tmp_path / "bag")
    bag = tmp_path / "bag"

    assert (bag / "bagit.txt").read_text() == "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
    for manifest, covered in (
        ("manifest-sha256.txt", {p for p in bag.rglob("*") if p.parent.name == "data"}),
        ("tagmanifest-sha256.txt", {bag / n for n in ("bagit.txt", "bag-info.txt", "manifest-sha256.txt")}),
    ):
        listed = dict(line.split("  ")[::-1] for line in (bag / manifest).read_text().splitlines())
        assert listed == {p.relative_to(bag).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in covered}
    info = dict(line.split(": ", 1) for line in (bag / "bag-info.txt").read_text().splitlines())
    sizes = [p.stat().st_size for p in (bag / "data").iterdir()]
    assert info["Payload-Oxum"] == f"{sum(sizes)}.{len(sizes)}"
    assert info["Bagging-Date"] == "2026-11-23"
    assert (info["Source-Organization"], info["External-Description"]) == ("desk@a.example", "A test")
    assert made.sha256 == hashlib.sha256((bag / "tagmanifest-sha256.txt").read_bytes()).hexdigest()


def test_the_articles_of_a_bag_point_into_its_own_warc(root: Path, tmp_path: Path) -> None:
    hand_on(root, "bag", tmp_path / "bag")

    for said in map(json.loads, (tmp_path / "bag/data/articles.jsonl").read_text().splitlines()):
        name, offset = said["archivedAt"].split("#")
        member = (tmp_path / "bag/data" / name).read_bytes()[int(offset) :]
        record = next(iter(ArchiveIterator(io.BytesIO(member))))
        assert record.rec_headers["WARC-Target-URI"] == said["url"]


def test_a_bag_says_who_the_sources_are_and_not_how_they_are_followed(root: Path, tmp_path: Path) -> None:
    hand_on(root, "bag", tmp_path / "bag", ids=ids(root, THREE))
    path = tmp_path / "bag/data/sources.yaml"

    assert [(s.id, s.name, s.url) for s in sources.load(path).sources] == [("b", "b", "http://b.example/")]
    assert path.read_text().count("\n") == 4


def test_a_bag_of_nothing_is_a_bag(root: Path, tmp_path: Path) -> None:
    made = hand_on(root, "bag", tmp_path / "bag", ids=[])

    assert (made.article_ids, made.captures) == ((), 0)
    assert (tmp_path / "bag/data/articles.jsonl").read_bytes() == b""


# Articles


def test_a_line_of_json_is_an_article_in_the_words_of_schema_org(root: Path, tmp_path: Path) -> None:
    hand_on(root, "jsonl", tmp_path / "x", ids=ids(root, ONE, THREE))
    one, three = (json.loads(line) for line in (tmp_path / "x").read_text().splitlines())

    assert (one["@type"], one["url"], three["url"]) == ("NewsArticle", ONE, THREE)
    assert one["articleBody"].endswith(UPDATE)
    assert one["publisher"] == {"@type": "Organization", "identifier": "a", "name": "a", "url": "http://a.example/"}
    assert one["datePublished"] == "2026-11-01T10:00:00Z"
    with catalogue(root) as known:
        newest = known.captures_of(one["identifier"])[-1]
    assert one["archivedAt"] == f"archive/{newest.file}#{newest.offset}"


def test_a_table_holds_the_same_articles_and_no_formula(root: Path, tmp_path: Path) -> None:
    hand_on(root, "csv", tmp_path / "x", ids=ids(root, TWO, ONE))
    with (tmp_path / "x").open(newline="", encoding="utf-8") as file:
        two, one = csv.DictReader(file)

    assert two["headline"] == "'=cmd|' /C calc'!A0"
    assert (one["url"], one["publisher"], one["inLanguage"]) == (ONE, "a", "en")
    assert one["articleBody"].split("\n")[-1] == UPDATE
    assert list(one) == list(texts.COLUMNS)


@pytest.mark.parametrize(
    "hostile",
    [
        *("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "\u00a0=1", "\u200b=1", "\ufeff=1"),
        *("＝1", "＋1", "－1", "＠x", "\u202e=1", "\x00=1", "\r\n-1", "﹣1", "\u3000＝1", '="1"', "=1\r+1"),
    ],
)
def test_no_cell_is_a_formula(hostile: str) -> None:
    assert cells.harmless(hostile).startswith("'")
    assert "\r" not in cells.harmless(hostile)


@pytest.mark.parametrize("harmless", ["", "a=b", "«-»", "2026-11-23", "'=1", " a", "été", "a\nb", "x@y.example", "1-1"])
def test_a_harmless_cell_stays_as_it_is(harmless: str) -> None:
    assert cells.harmless(harmless) == harmless


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])) | st.text("=+-@\t\r\n \"',;a"), min_size=1))
def test_every_cell_comes_back_as_it_was_made_harmless(row: list[str]) -> None:
    line = cells.line(row).decode()

    assert list(csv.reader(io.StringIO(line, newline=""))) == [[cells.harmless(cell) for cell in row]]
    assert line.endswith("\r\n")


def test_a_stream_gets_the_same_bytes_as_a_file(root: Path, tmp_path: Path) -> None:
    for kind in exports.STREAMS:
        stream = io.BytesIO()
        streamed = hand_on(root, kind, stream)
        written = hand_on(root, kind, tmp_path / kind)

        assert stream.getvalue() == (tmp_path / kind).read_bytes()
        assert streamed == replace(written, path=None)
        assert written.sha256 == hashlib.sha256(stream.getvalue()).hexdigest()


@pytest.mark.parametrize("kind", ["warc", "wacz"])
def test_what_is_said_of_a_file_is_so(root: Path, tmp_path: Path, kind: str) -> None:
    made = hand_on(root, kind, tmp_path / "x")

    data = (tmp_path / "x").read_bytes()
    assert (made.size_bytes, made.sha256) == (len(data), hashlib.sha256(data).hexdigest())
    assert (len(made.article_ids), made.captures, made.problems) == (3, 5, ())


# What must stay


@pytest.mark.parametrize("kind", exports.KINDS)
def test_a_hidden_article_is_nowhere_in_it(home: Path, tmp_path: Path, kind: str) -> None:
    withdraw(home, TWO)

    made = hand_on(home, kind, tmp_path / "x")

    data = everything(tmp_path / "x")
    assert TWO.encode() not in data
    assert THREE.encode() in data
    assert articles(home)[TWO].id.encode() not in data
    assert made.withheld_articles == 1


@pytest.mark.parametrize("kind", exports.KINDS)
def test_of_an_article_that_is_not_seen_whole_no_capture_leaves(home: Path, tmp_path: Path, kind: str) -> None:
    withdraw(home, "bailiff", scope=Scope.NAME)

    made = hand_on(home, kind, tmp_path / "x")

    data = everything(tmp_path / "x")
    assert b"bailiff" not in data
    assert "█".encode() in data or b"\\u2588" in data or kind in ("warc", "wacz", "manifest")
    assert len(made.article_ids) == 3
    assert made.withheld_captures == (2 if kind in FORMS else 0)
    assert made.captures == (3 if kind in FORMS else 0)


@pytest.mark.parametrize("kind", FORMS)
def test_a_capture_leaves_only_if_all_that_was_read_in_it_may(home: Path, tmp_path: Path, kind: str) -> None:
    one, three = (articles(home)[url] for url in (ONE, THREE))
    with Catalogue(Home(home).catalogue, writing=True) as known, known.transaction():
        (shared,) = known.captures_of(three.id)
        known.add_sighting(
            Sighting(article_id=one.id, captured_at=NOON, record_id=shared.record_id, digest=one.version)
        )
    withdraw(home, ONE)

    made = hand_on(home, kind, tmp_path / "x", ids=[three.id])

    assert made.captures == 0
    assert made.withheld_captures == 1
    assert [kind for kind, _ in records(warc_of(kind, tmp_path / "x"))] == ["warcinfo"]


@pytest.mark.parametrize("erase", [False, True])
def test_the_capture_of_a_withdrawn_version_stays(home: Path, tmp_path: Path, erase: bool) -> None:
    withdraw(home, f"{ids(home, ONE)[0]}@2", scope=Scope.VERSION, erase=erase)

    made = hand_on(home, "warc", tmp_path / "x", ids=ids(home, ONE))

    assert [url for kind, url in records((tmp_path / "x").read_bytes()) if kind == "response"] == [ONE]
    assert UPDATE.encode() not in everything(tmp_path / "x")
    assert (made.captures, made.withheld_captures) == (1, 1)


@pytest.mark.parametrize(
    ("answer", "hidden"),
    [
        ((200, {"Content-Type": "text/html"}, page(OTHER).replace("<body>", f"<body><nav>{STORY}</nav>")), STORY[:60]),
        ((200, {"Content-Type": "text/html"}, page(OTHER).replace("<body>", f"<body><a href='{ONE}'>x</a>")), ONE),
        ((200, {"Content-Type": "text/html", "Link": f"<{ONE}>; rel=prev"}, page(OTHER)), ONE),
        (
            (
                200,
                {"Content-Type": "text/html", "Content-Encoding": "gzip"},
                gzip.compress(page(OTHER).replace("<body>", f"<body><nav>{STORY}</nav>").encode()),
            ),
            "",
        ),
    ],
    ids=["beside the article", "a link", "a header", "compressed"],
)
def test_what_no_article_was_read_from_is_looked_into_too(tmp_path: Path, answer: Any, hidden: str) -> None:
    home = tmp_path / "home"
    web = FakeWeb({"http://a.example/feed": feed(ONE, TWO), ONE: page(STORY), TWO: answer})
    crawl(home, web, *FOLLOWING.sources)
    before = hand_on(home, "warc", tmp_path / "before", ids=ids(home, TWO))
    withdraw(home, ONE, erase=True)

    made = hand_on(home, "warc", tmp_path / "x", ids=ids(home, TWO))

    assert (before.captures, before.withheld_captures) == (1, 0)
    assert hidden.encode() in everything(tmp_path / "before")
    assert (made.article_ids, made.captures, made.withheld_captures) == (before.article_ids, 0, 1)


def test_what_was_asked_for_is_looked_into_too(home: Path, tmp_path: Path) -> None:
    withdraw(home, "GET", scope=Scope.NAME)  # stands in no answer

    made = hand_on(home, "warc", tmp_path / "x")

    assert (made.captures, made.withheld_captures, len(made.article_ids)) == (0, 5, 3)


def test_what_cannot_be_read_to_its_end_stays_while_something_is_withdrawn(home: Path) -> None:
    with catalogue(home) as known:
        capture = known.captures("b")[-1]
    garbled = replace(capture, problem="the answer is garbled")
    with archive.Copier(home / "archive") as copier:
        copied = copier.copy(capture)

    with access.opened(Home(home), leaving=True) as shown:
        assert shown.may_leave(garbled, copied)
    withdraw(home, "Jon Haddock", scope=Scope.NAME)
    with access.opened(Home(home), leaving=True) as shown:
        assert (shown.may_leave(capture, copied), shown.may_leave(garbled, copied)) == (True, False)


def test_no_capture_of_a_closed_source_leaves_whatever_was_read_in_it(home: Path) -> None:
    with catalogue(home) as known, archive.Copier(home / "archive") as copier:
        copies = [(each, copier.copy(each)) for each in (known.captures("a")[-1], known.captures("b")[-1])]
    close(home, "access: staff")

    with access.opened(Home(home), leaving=True) as shown:
        assert [shown.may_leave(*each) for each in copies] == [False, True]
    with access.opened(Home(home)) as shown:
        assert [shown.may_leave(*each) for each in copies] == [True, True]


def test_a_withdrawn_name_is_not_in_the_address_either(tmp_path: Path) -> None:
    home, url = tmp_path / "home", "http://a.example/2026/about-jon-haddock"
    crawl(home, FakeWeb({"http://a.example/feed": feed(url), url: page(STORY)}), *FOLLOWING.sources)
    withdraw(home, "Jon Haddock", scope=Scope.NAME)

    hand_on(home, "jsonl", tmp_path / "x")

    assert json.loads((tmp_path / "x").read_text())["url"] == "http://a.example/2026/about-███-███████"


@pytest.mark.parametrize("until", [NOON - timedelta(minutes=1), NOON + timedelta(minutes=1)])
def test_a_hide_counts_until_it_ends(home: Path, tmp_path: Path, until: datetime) -> None:
    withdraw(home, TWO, until=until)

    assert hand_on(home, "warc", tmp_path / "x").withheld_articles == (1 if until > NOON else 0)


@pytest.mark.parametrize("kind", exports.KINDS)
@pytest.mark.parametrize(
    ("who", "leaves"),
    [
        ("access: staff", {THREE}),
        ("access: dark", {THREE}),
        ("access: dark, until: 2026-11-24", {THREE}),
        ("access: staff, until: 2026-11-23", {ONE, TWO, THREE}),
        ("access: public", {ONE, TWO, THREE}),
    ],
)
def test_what_only_staff_or_nobody_may_see_does_not_leave(
    home: Path, tmp_path: Path, kind: str, who: str, leaves: set[str]
) -> None:
    close(home, who)

    made = hand_on(home, kind, tmp_path / "x")

    assert set(made.article_ids) == set(ids(home, *leaves))
    assert {url for url in (ONE, TWO, THREE) if url.encode() in everything(tmp_path / "x")} == leaves
    assert made.withheld_articles == 3 - len(leaves)


@pytest.mark.parametrize("kind", ["jsonl", "csv"])
def test_of_a_source_to_whose_copies_nothing_may_lead_no_place_is_named(home: Path, kind: str) -> None:
    close(home, "risk: link")
    out = io.BytesIO()

    exports.export(Home(home), FOLLOWING, kind, out, now=NOON)

    text = out.getvalue().decode()
    lines = map(json.loads, text.splitlines()) if kind == "jsonl" else csv.DictReader(io.StringIO(text, newline=""))
    assert {said["url"]: bool(said.get("archivedAt")) for said in lines} == {ONE: False, TWO: False, THREE: True}


def test_of_a_text_that_came_back_the_newest_capture_is_named(tmp_path: Path) -> None:
    web = FakeWeb({"http://a.example/feed": feed(ONE), ONE: page(STORY)})
    crawl(tmp_path, web, *FOLLOWING.sources)
    for number, text in enumerate((OTHER, STORY)):
        web.pages |= {"http://a.example/feed": feed(ONE, updated=f"2026-11-2{number}T10:00:00Z"), ONE: page(text)}
        crawl(tmp_path, web, *FOLLOWING.sources)

    hand_on(tmp_path, "jsonl", tmp_path / "x")

    with catalogue(tmp_path) as known:
        newest = known.captures(source_id="a")[-1]
    assert json.loads((tmp_path / "x").read_text())["archivedAt"].endswith(f"{newest.file}#{newest.offset}")


def test_what_says_as_before_leaves_with_what_was_before_or_not_at_all(home: Path, tmp_path: Path) -> None:
    withdraw(home, "lighthouse keeper", scope=Scope.NAME)

    made = hand_on(home, "warc", tmp_path / "x", ids=ids(home, ONE, TWO))

    assert TWO not in {url for _, url in records((tmp_path / "x").read_bytes())}
    assert (made.captures, made.withheld_captures) == (2, 2)


def test_what_says_as_before_stays_when_what_was_before_is_found_to_hold_something(tmp_path: Path) -> None:
    home = tmp_path / "home"
    web = FakeWeb(
        {
            "http://a.example/feed": feed(ONE),
            ONE: (200, {"Content-Type": "text/html", "ETag": '"t"'}, page(OTHER) + "<!-- by Jon Haddock -->"),
        }
    )
    crawl(home, web, *FOLLOWING.sources, clock=ClockOf(web))
    web.pages |= {"http://a.example/feed": feed(ONE, updated="2026-11-22T10:00:00Z")}
    crawl(home, web, *FOLLOWING.sources)
    before = hand_on(home, "warc", tmp_path / "before")
    withdraw(home, "Jon Haddock", scope=Scope.NAME)

    made = hand_on(home, "warc", tmp_path / "x")

    assert [kind for kind, _ in records((tmp_path / "before").read_bytes())][1::2] == ["response", "revisit"]
    assert (before.captures, made.captures, made.withheld_captures) == (2, 0, 2)


def test_a_page_whose_capture_stays_is_not_listed(home: Path, tmp_path: Path) -> None:
    withdraw(home, "The rain came later", scope=Scope.PASSAGE)

    made = hand_on(home, "wacz", tmp_path / "x")

    assert made.withheld_captures == 1
    assert THREE.encode() not in everything(tmp_path / "x")


def test_the_events_of_the_home_never_leave(root: Path, tmp_path: Path) -> None:
    hand_on(root, "bag", tmp_path / "bag")

    assert not [path for path in (tmp_path / "bag").rglob("*") if "events" in path.name]


# Whole, or not there


def failing_at(number: int, trouble: BaseException) -> tuple[Callable[..., Any], list[str]]:
    """A door that lets so many calls through and then fails for good, but for what clears up."""
    calls: list[str] = []

    def door(call: Callable[..., Any], *arguments: object) -> Any:
        calls.append(call.__name__)
        if len(calls) > number:
            raise trouble
        return call(*arguments)

    return door, calls


@pytest.mark.parametrize("kind", exports.KINDS)
def test_an_export_that_fails_anywhere_leaves_nothing(root: Path, tmp_path: Path, kind: str) -> None:
    door, calls = failing_at(9_999, KeyboardInterrupt())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(disk, "door", door)
        hand_on(root, kind, tmp_path / "whole")
    for number in range(len(calls) - 1):  # the last makes the name of a whole file safe
        for trouble, said in (
            (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), NoSpaceError),
            (KeyboardInterrupt(), KeyboardInterrupt),
        ):
            with pytest.MonkeyPatch.context() as patch, pytest.raises(said):
                patch.setattr(disk, "door", failing_at(number, trouble)[0])
                hand_on(root, kind, tmp_path / "x")
            assert [path.name for path in tmp_path.iterdir()] == ["whole"]


@pytest.mark.parametrize("kind", exports.KINDS)
def test_what_is_there_is_kept_until_what_replaces_it_is_whole(root: Path, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "x"
    hand_on(root, kind, path, ids=ids(root, THREE))
    before = everything(path)

    with pytest.raises(UsageError, match="there already"):
        hand_on(root, kind, path)
    with pytest.MonkeyPatch.context() as patch, pytest.raises(NoSpaceError):
        patch.setattr(disk, "door", failing_at(4, OSError(errno.ENOSPC, "full"))[0])
        hand_on(root, kind, path, force=True)
    assert everything(path) == before

    hand_on(root, kind, path, force=True)
    assert ONE.encode() in everything(path)
    assert [p.name for p in tmp_path.iterdir()] == ["x"]


def test_a_folder_that_is_no_bag_is_never_replaced(root: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/letter").write_text("dear")

    for kind in exports.KINDS:
        with pytest.raises(UsageError, match="there already"):
            hand_on(root, kind, tmp_path / "mine", force=True)
    assert (tmp_path / "mine/letter").read_text() == "dear"


@pytest.mark.parametrize("place", ["archive/x", "archive", "index/x", "archive/../archive/x", "sources.yaml"])
def test_nothing_is_written_into_the_home_itself(root: Path, place: str) -> None:
    before = sorted(root.rglob("*"))

    with pytest.raises(UsageError, match="of the home's own"):
        hand_on(root, "jsonl", root / place, force=True)
    assert sorted(root.rglob("*")) == before


def test_a_folder_that_is_not_there_is_said(root: Path, tmp_path: Path) -> None:
    for kind in exports.KINDS:
        with pytest.raises(UsageError, match="No such file or directory"):
            hand_on(root, kind, tmp_path / "none/x")


# The command


def test_the_command_hands_on_what_a_search_finds(aggregator: Aggregator, root: Path, tmp_path: Path) -> None:
    said = aggregator("--home", root, "export", "wacz", "net", "loft", "-o", tmp_path / "x", "--to", "Anna", "--json")

    assert said.code == 0
    assert said.json == {
        "kind": "wacz",
        "path": str(tmp_path / "x"),
        "bytes": (tmp_path / "x").stat().st_size,
        "sha256": hashlib.sha256((tmp_path / "x").read_bytes()).hexdigest(),
        "articles": 1,
        "captures": 2,
        "withheld": {"articles": 0, "captures": 0},
        "problems": [],
        "contacts": [],
    }


def test_the_command_finds_copies_too(aggregator: Aggregator, root: Path) -> None:
    said = aggregator("--home", root, "export", "jsonl", "choir", "-o", "-")

    assert {line["url"] for line in said.lines} == {TWO, THREE}


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ((), {ONE, TWO, THREE}),
        (("--source", "b"), {THREE}),
        (("--lang", "xx"), set()),
        (("--to-date", "2026-11-01"), {ONE, THREE}),
        (("choir", "-rain"), {TWO}),
    ],
)
def test_the_filters_are_those_of_a_search(
    aggregator: Aggregator, root: Path, filters: tuple[str, ...], found: set[str]
) -> None:
    said = aggregator("--home", root, "export", "jsonl", *filters, "-o", "-")

    assert {line["url"] for line in said.lines} == found


@pytest.mark.parametrize(("kind", "checked"), [("csv", "x"), ("bag", "x/tagmanifest-sha256.txt")])
def test_the_digest_that_is_printed_can_be_checked(
    aggregator: Aggregator, root: Path, tmp_path: Path, kind: str, checked: str
) -> None:
    said = aggregator("--home", root, "export", kind, "-o", tmp_path / "x")

    assert said.out == f"{hashlib.sha256((tmp_path / checked).read_bytes()).hexdigest()}  {tmp_path / checked}\n"


def test_whom_it_went_to_is_among_the_events_and_not_what_was_asked_for(
    aggregator: Aggregator, root: Path, tmp_path: Path
) -> None:
    aggregator("--home", root, "export", "bag", "choir", "-o", tmp_path / "the choir", "--to", "Anna")

    event = (root / "archive/events.jsonl").read_text().splitlines()[-1]
    said = json.loads(event)
    assert [said[key] for key in ("kind", "form", "to", "articles", "captures")] == ["export", "bag", "Anna", 2, 3]
    assert said["sha256"] == hashlib.sha256((tmp_path / "the choir/tagmanifest-sha256.txt").read_bytes()).hexdigest()
    assert "choir" not in event
    assert "with choir" in (tmp_path / "the choir/bag-info.txt").read_text()


@pytest.mark.parametrize("wrong", [("warc", "-o", "-"), ("csv", "-o", "-", "--json"), ("pdf", "-o", "x"), ("csv",)])
def test_a_command_that_makes_no_sense_is_refused(aggregator: Aggregator, root: Path, wrong: tuple[str, ...]) -> None:
    assert aggregator("--home", root, "export", *wrong).code == 2


def test_a_home_without_anything_has_nothing_to_hand_on(aggregator: Aggregator, tmp_path: Path) -> None:
    (tmp_path / "sources.yaml").write_text(SOURCES_YAML)

    assert aggregator("--home", tmp_path, "export", "csv", "-o", tmp_path / "x").code == 2
