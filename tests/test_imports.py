"""What others archived becomes part of the home: kept as it was, read like our own, and made again by a rebuild."""

from __future__ import annotations

import hashlib
import io
import json
import os
from datetime import UTC, datetime, timedelta
from gzip import compress
from itertools import groupby
from pathlib import Path

import pytest
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from aggregator import archive, disk, pipeline
from aggregator.archive import Import
from aggregator.archive.imports import clean
from aggregator.errors import NoSpaceError, StoreError
from aggregator.home import Home
from aggregator.model import Role, Source
from aggregator.pipeline.belonging import source_id
from tests import doors
from tests.fakecli import Aggregator
from tests.fakeweb import (
    OTHER,
    STORY,
    FakeWeb,
    articles,
    catalogue,
    crawl,
    dump,
    feed,
    following,
    found,
    page,
    source,
    versions,
)
from tests.foreignfiles import URL, arc, http, in_zip, put, record, three, zipped
from tests.warcs import response, stored

OLD = source("old")


def bring_in(
    root: Path, *paths: Path, sources: tuple[Source, ...] = (OLD,), **more: object
) -> list[tuple[Import, int]]:
    with pipeline.opened(Home(root), following(*sources)) as line:
        return [line.bring_in(path, **more) for path in paths]  # type: ignore[arg-type]


def rebuilt(root: Path, *sources: Source) -> list[tuple[str, dict[str, object]]]:
    pipeline.rebuild(Home(root), following(*sources or (OLD,)))
    return dump(root)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


# --- to articles ----------------------------------------------------------------------------------------------------


def test_an_imported_page_becomes_an_article_with_the_date_of_its_capture(home: Path, tmp_path: Path) -> None:
    ((said, new),) = bring_in(home, put(tmp_path, zipped([record(), record(kind="request", block=b"GET / HTTP/1.1")])))

    (article,) = articles(home).values()
    assert (new, said.captures, said.records) == (1, 1, {"request": 1, "response": 1})
    assert (article.url, article.source_id) == (URL, "old")
    assert article.captured_at == datetime(2014, 3, 1, 10, tzinfo=UTC)
    assert found(home, "mattresses") == [URL]


def test_a_rebuild_gives_every_row_again(home: Path, tmp_path: Path) -> None:
    foreign = warcio_file(tmp_path)
    ours = tmp_path / "other" / "archive"
    stored(ours, response(http(page(OTHER)), url="http://a.example/9"))
    web = FakeWeb({"http://old.example/feed": feed(URL), URL: page(STORY + "\n\nUpdate: all is given back.")})
    crawl(home, web, OLD)
    bring_in(home, foreign, ours / archive.files(ours)[0], put(tmp_path, arc(url="http://nobody.example/"), "x.arc"))
    crawl(home, web, OLD)
    rows = dump(home)

    assert rebuilt(home) == rows
    assert found(home, "tenors") == ["http://a.example/9"]
    assert sorted(articles(home)) == ["http://a.example/9", "http://nobody.example/", URL]


def warcio_file(folder: Path) -> Path:
    """What warcio writes: a response, and a revisit of it a year later."""
    path = folder / "warcio.warc.gz"
    with path.open("wb") as file:
        writer = WARCWriter(file, gzip=True)
        answer = StatusAndHeaders("200 OK", [("Content-Type", "text/html")], protocol="HTTP/1.1")
        first = writer.create_warc_record(
            URL, "response", payload=io.BytesIO(page(STORY).encode()), http_headers=answer,
            warc_headers_dict={"WARC-Date": "2012-03-01T10:00:00Z"},
        )  # fmt: skip
        writer.write_record(first)
        digest = first.rec_headers.get_header("WARC-Payload-Digest")
        again = writer.create_revisit_record(URL, digest, URL, "2012-03-01T10:00:00Z", http_headers=answer)
        again.rec_headers.replace_header("WARC-Date", "2013-03-01T10:00:00Z")
        writer.write_record(again)
        first.raw_stream.close()
    return path


def test_an_older_capture_that_comes_later_is_the_earlier_version(home: Path, tmp_path: Path) -> None:
    crawl(home, FakeWeb({"http://old.example/feed": feed(URL), URL: page(STORY + "\n\nUpdate: given back.")}), OLD)

    bring_in(home, warcio_file(tmp_path))

    assert [(v.number, v.captured_at.year) for v in versions(home, URL)] == [(1, 2012), (2, 2026)]
    assert "Update" in articles(home)[URL].text


@pytest.mark.parametrize(
    "fields",
    [
        {"WARC_Refers_To": "<urn:x:1>"},
        {"WARC_Refers_To": "urn:x:1"},
        {"WARC_Refers_To_Target_URI": URL, "WARC_Refers_To_Date": "2014-03-01T10:00:00Z"},
        {"WARC_Payload_Digest": "sha1:SAME"},
    ],
    ids=["record", "record without brackets", "address and date", "payload alone"],
)
@pytest.mark.parametrize("block", [b"", http(b"")])
def test_a_revisit_stands_for_the_capture_it_repeats(
    fields: dict[str, str], block: bytes, home: Path, tmp_path: Path
) -> None:
    first = record(WARC_Record_ID="<urn:x:1>", WARC_Payload_Digest="sha1:SAME")
    profile = "http://netpreserve.org/warc/1.0/revisit/identical-payload-digest"
    again = record(
        block, kind="revisit", url="http://old.example/2", date="2015-01-01T00:00:00Z", WARC_Profile=profile, **fields
    )

    bring_in(home, put(tmp_path, zipped([first, again])))

    assert articles(home)["http://old.example/2"].text == articles(home)[URL].text != ""
    assert rebuilt(home) == dump(home)


def test_a_revisit_of_nothing_that_is_here_is_kept_and_no_article(home: Path, tmp_path: Path) -> None:
    ((said, new),) = bring_in(home, put(tmp_path, record(b"", kind="revisit", WARC_Refers_To="<urn:x:gone>")))

    assert (said.captures, new, articles(home)) == (1, 0, {})


def test_pictures_are_kept_and_not_read(home: Path, tmp_path: Path) -> None:
    picture = record(http(b"\x89PNG", kind="image/png"), url="http://old.example/a.png")

    ((said, new),) = bring_in(home, put(tmp_path, picture))

    assert (said.captures, new) == (1, 0)
    with catalogue(home) as known:
        (capture,) = known.captures("old")
    assert capture.role is Role.OTHER
    assert archive.body(Home(home).archive, capture) == b"\x89PNG"


def test_a_feed_gives_its_claims_to_the_pages_behind_it(home: Path, tmp_path: Path) -> None:
    claims = record(http(feed(URL), kind="application/atom+xml"), url="http://old.example/feed")

    bring_in(home, put(tmp_path, zipped([claims, record()])))

    assert articles(home)[URL].claimed_at == datetime(2026, 11, 1, 10, tzinfo=UTC)


def test_what_others_captured_is_still_asked_for_by_a_crawl(home: Path, tmp_path: Path) -> None:
    pages: dict[str, object] = {"http://old.example/feed": feed(URL, "http://old.example/2"), URL: 503}
    web = FakeWeb(pages)
    crawl(home, web, OLD)
    gone = record(http(b"", status=404), url="http://old.example/2")
    bring_in(home, put(tmp_path, zipped([record(), gone])))
    web.pages[URL] = page(STORY + "\n\nUpdate: given back.")

    crawl(home, web, OLD)

    assert "Update" in articles(home)[URL].text


def test_a_record_id_that_is_given_twice_hides_nothing(home: Path, tmp_path: Path) -> None:
    one = record(WARC_Record_ID="<urn:x:1>")
    two = record(http(page(OTHER)), url="http://old.example/2", WARC_Record_ID="<urn:x:1>")

    bring_in(home, put(tmp_path, zipped([one, two])))

    assert sorted(articles(home)) == [URL, "http://old.example/2"]
    with catalogue(home) as known:
        kept = [archive.body(Home(home).archive, capture) for capture in known.captures("old")]
    assert kept == [page(STORY).encode(), page(OTHER).encode()]
    assert rebuilt(home) == dump(home)


def test_a_stranger_cannot_put_a_capture_in_the_place_of_ours(home: Path, tmp_path: Path) -> None:
    crawl(home, FakeWeb({"http://old.example/feed": feed(URL), URL: page(STORY)}), OLD)
    with catalogue(home) as known:
        (ours,) = (c for c in known.captures("old") if c.url == URL)

    bring_in(home, put(tmp_path, record(http(page(OTHER)), WARC_Record_ID=ours.record_id)))

    with catalogue(home) as known:
        assert known.capture(ours.record_id) == ours


def test_every_capture_of_one_large_member_is_found_again(home: Path, tmp_path: Path) -> None:
    bring_in(home, put(tmp_path, compress(b"".join(three()))))

    with catalogue(home) as known:
        bodies = [archive.body(Home(home).archive, capture) for capture in known.captures("old")]
    assert [b"Number %d." % n in body for n, body in enumerate(bodies, start=1)] == [True] * 3


# --- whose it is ----------------------------------------------------------------------------------------------------

SOURCES = (
    source("a"),
    source("a-en", **{"url": "http://a.example/en/"}),
    source("b", "http://feeds.example/b", mirrors=("www.mirror.example",)),
    source("c-example", **{"url": "http://other.example/"}),
)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://a.example/1", "a"),
        ("https://www.A.example:8080/1", "a"),
        ("http://a.example/en/1", "a-en"),
        ("http://a.example/english", "a"),
        ("http://feeds.example/b", "b"),
        ("http://mirror.example/1", "b"),
        ("http://c.example/1", "c-example-imported"),
        ("http://Who.Knows.example/1", "who-knows-example"),
        ("http://[::1]/1", "1"),
        ("http://" + "x" * 60 + ".example/", "x" * 54),
    ],
)
def test_a_page_belongs_to_the_source_of_its_host(url: str, expected: str) -> None:
    assert source_id(url, SOURCES) == expected


def test_a_person_may_say_whose_all_pages_are(home: Path, tmp_path: Path) -> None:
    path = put(tmp_path, record(url="http://moved.example/1"))

    bring_in(home, path, source_id="old")

    assert articles(home)["http://moved.example/1"].source_id == "old"
    assert rebuilt(home) == dump(home)


# --- how it is kept -------------------------------------------------------------------------------------------------


def test_the_file_is_kept_as_it_was_with_a_note_of_where_it_came_from(home: Path, tmp_path: Path) -> None:
    crawl(home, FakeWeb({}), OLD)
    path = put(tmp_path, zipped(three()) + b"junk" * 9, "Å/../x y.warc.gz".replace("/", "_"))

    ((said, _),) = bring_in(home, path)

    assert said.file == "imports/0003-x-y.warc.gz/x-y.warc.gz"  # the crawl wrote two, for two days
    kept = home / "archive" / said.file
    assert kept.read_bytes() == path.read_bytes()
    note = json.loads((kept.parent / "import.json").read_text())
    assert note["original"] == str(path)
    assert (note["bytes"], note["sha256"]) == (path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest())
    assert (note["records"], note["captures"], note["damaged"]) == ({"response": 3}, 3, 0)
    assert note["problems"] == [
        {"offset": len(zipped(three())), "what": "no record stands here; 36 bytes were passed over"}
    ]


def test_our_own_files_and_imports_are_numbered_in_the_order_they_came(home: Path, tmp_path: Path) -> None:
    paths = [put(tmp_path, record(url=f"http://old.example/{n}"), f"{n}.warc") for n in (1, 2)]
    web = FakeWeb({})
    crawl(home, web, OLD)
    bring_in(home, paths[0])
    crawl(home, web, OLD)
    bring_in(home, paths[1])

    files = archive.files(home / "archive")
    assert [came for came, _ in groupby(files, archive.is_import)] == [False, True, False, True]


def test_a_file_may_stay_where_it_is(home: Path, tmp_path: Path) -> None:
    path = put(tmp_path, record())

    ((said, _),) = bring_in(home, path, in_place=True)

    kept = home / "archive" / str(said.file)
    assert kept.is_symlink()
    assert kept.resolve() == path.resolve()
    assert found(home, "mattresses") == [URL]


def test_a_file_that_is_no_longer_where_it_was_is_named_and_ends_nothing(home: Path, tmp_path: Path) -> None:
    path = put(tmp_path, record())
    ((said, _),) = bring_in(home, path, in_place=True)
    path.unlink()

    with pipeline.opened(Home(home), following(OLD)) as line:
        assert line.missing == [said.file]
    assert found(home, "mattresses") == [URL]


def test_a_file_that_was_moved_can_be_brought_in_again(home: Path, tmp_path: Path) -> None:
    path = put(tmp_path, record())
    bring_in(home, path, in_place=True)
    path.rename(tmp_path / "moved.warc")

    ((said, new),) = bring_in(home, tmp_path / "moved.warc")

    assert (said.file, new) == ("imports/0002-moved.warc/moved.warc", 0)
    with catalogue(home) as known:
        (capture,) = known.captures("old")
    assert archive.body(Home(home).archive, capture) == page(STORY).encode()
    assert rebuilt(home) == dump(home)


def test_a_file_that_is_here_already_is_passed_over(home: Path, tmp_path: Path) -> None:
    first, second = put(tmp_path, record()), put(tmp_path, record(), "copy.warc")
    ((before, _),) = bring_in(home, first)

    ((said, new),) = bring_in(home, second)

    assert (said.known, said.file, new) == (True, before.file, 0)
    assert len(archive.files(home / "archive")) == 1


@pytest.mark.parametrize("data", [b"", b"soup", page(STORY).encode()])
def test_what_holds_nothing_goes_into_quarantine_with_the_reason(data: bytes, home: Path, tmp_path: Path) -> None:
    good = put(tmp_path, record(), "good.warc")

    (bad, _), (fine, new) = bring_in(home, put(tmp_path, data, "bad.warc.gz"), good)

    assert (bad.file, fine.trouble, new) == (None, None, 1)
    assert bad.quarantine is not None
    assert bad.quarantine.read_bytes() == data
    reason = json.loads(bad.quarantine.with_name(bad.quarantine.name + ".reason.json").read_text())
    assert reason["reason"] == bad.trouble
    assert [path.name for path in (home / "archive/imports").iterdir()] == ["0001-good.warc"]


def test_what_is_no_file_is_named_and_ends_nothing(home: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    said = bring_in(home, tmp_path / "pipe", tmp_path / "nowhere", tmp_path, put(tmp_path, record()))

    assert [one.trouble for one, _ in said] == ["this is no file", "there is no such file", "this is no file", None]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.warc.gz", "a.warc.gz"),
        ("../../etc/passwd", "etc-passwd"),
        ("-rf .warc", "rf-.warc"),
        ("…", "file"),
        ("import.json", "file-import.json"),
        ("manifest-sha256.txt", "file-manifest-sha256.txt"),
        ("a.open", "a-open"),
        ("a.part", "a-part"),
        ("x" * 300 + ".arc", "x" * 96 + ".arc"),
    ],
)
def test_names_from_outside_are_cleaned(name: str, expected: str) -> None:
    assert clean(name) == expected


# --- kills and full disks -------------------------------------------------------------------------------------------


def test_an_import_that_is_killed_anywhere_leaves_a_home_that_can_do_it_again(tmp_path: Path) -> None:
    path = put(tmp_path, zipped(three()) + b"junk")
    (tmp_path / "home").mkdir()
    with doors.door(doors.Copying(tmp_path / "home", tmp_path / "killed")):
        bring_in(tmp_path / "home", path)

    left = list((tmp_path / "killed").iterdir())
    assert len(left) > 15
    for root in left:
        again = bring_in(root, path)
        assert again[0][0].file is not None
        assert len(articles(root)) == 3
        assert not list((root / "archive/imports").glob("*.part"))


@pytest.mark.parametrize("number", [28, 5])
def test_a_full_or_failing_disk_keeps_nothing_of_the_file(
    number: int, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = put(tmp_path, record())
    real = disk.door

    def door(call: object, *arguments: object) -> object:
        if call is os.write and arguments[1:] and len(arguments[1]) == path.stat().st_size:  # type: ignore[arg-type]
            raise OSError(number, "no")
        return real(call, *arguments)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(disk, "door", door)
        with pytest.raises((NoSpaceError, StoreError)):
            bring_in(home, path)

    assert archive.files(home / "archive") == []
    ((said, new),) = bring_in(home, path)
    assert (said.file, new) == ("imports/0001-old.warc.gz/old.warc.gz", 1)


# --- the command ----------------------------------------------------------------------------------------------------


def test_the_command_tells_what_became_of_each_file(aggregator: Aggregator, home: Path, tmp_path: Path) -> None:
    aggregator("--home", home, "init")
    wacz = put(tmp_path, in_zip(("archive/a.warc.gz", zipped(three()))), "a.wacz")

    said = aggregator("--home", home, "import", wacz, wacz, "--json")

    first, second = said.json["imports"]
    assert said.code == 0
    assert (first["records"], first["captures"], first["new"], first["problems"]) == ({"response": 3}, 3, 3, [])
    assert (second["known"], second["stored"]) == (True, first["stored"])
    assert (home / first["stored"]).exists()


def test_half_an_import_is_moved_away_and_said_to_be(aggregator: Aggregator, home: Path, tmp_path: Path) -> None:
    aggregator("--home", home, "init")
    part = home / "archive/imports/0001-old.warc.part"
    for _ in range(2):
        part.mkdir(parents=True)
        (part / "old.warc").write_bytes(b"half")
        said = aggregator("--home", home, "import", put(tmp_path, record()))

    assert said.code == 0
    assert "an import that was cut short" in said.err
    assert (home / "archive/quarantine/0001-old.warc.part-2/old.warc").read_bytes() == b"half"


def test_the_command_ends_with_1_when_something_could_not_be_read(
    aggregator: Aggregator, home: Path, tmp_path: Path
) -> None:
    aggregator("--home", home, "init")

    damaged = aggregator("--home", home, "import", put(tmp_path, zipped(three())[:-5], "cut.warc.gz"))
    missing = aggregator("--home", home, "import", tmp_path / "nowhere")

    assert (damaged.code, missing.code) == (1, 1)
    assert "cut off" in damaged.err
    assert "no such file" in missing.err


def test_the_command_refuses_a_source_that_is_not_in_sources_yaml(
    aggregator: Aggregator, home: Path, tmp_path: Path
) -> None:
    aggregator("--home", home, "init")

    said = aggregator("--home", home, "import", "--as", "nobody", put(tmp_path, record()))

    assert said.code == 1
    assert "no such source" in said.err


def test_the_import_is_an_event_of_the_chain(home: Path, tmp_path: Path) -> None:
    ((said, _),) = bring_in(home, put(tmp_path, record()))

    events = [json.loads(line) for line in (home / "archive/events.jsonl").read_text().splitlines()]

    assert [e["kind"] for e in events] == ["import", "seal", "day-closed"]
    assert (events[0]["file"], events[0]["sha256"]) == (said.file, said.sha256)
    assert timedelta(0) <= datetime.now(UTC) - datetime.fromisoformat(events[0]["at"]) < timedelta(minutes=5)
