"""What needs no server of an archive that is kept in a bucket: settings, notes, and what is said without the client."""

from __future__ import annotations

import json
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path

import pytest

from aggregator import archive, pipeline, sources
from aggregator.archive import elsewhere, sending
from aggregator.archive.elsewhere import Note
from aggregator.errors import SourcesError, StoreError, Unreachable, UsageError
from aggregator.home import Home
from aggregator.model import Following, Settings
from aggregator.web import failures
from tests.fakecli import Aggregator
from tests.fakeweb import FakeWeb, crawl, feed, source

NOTE = Note(
    endpoint="http://127.0.0.1:9",
    bucket="news",
    key="a/2025/03/03/captures-20250303T120000Z-0001-00000000.warc.gz",
    bytes=1_234,
    sha256="0" * 64,
    etag="e",
    version_id=None,
    uploaded_at="2025-03-04T00:00:00Z",
)
FILE = "2025/03/03/captures-20250303T120000Z-0001-00000000.warc.gz"


def settings(written: str) -> Settings:
    return sources.parse(f"settings: {{{written}}}\nsources: []\n", Path("sources.yaml")).settings


def complaint(written: str) -> str:
    with pytest.raises(SourcesError) as refused:
        settings(written)
    return str(refused.value)


def test_an_archive_is_kept_here_unless_a_bucket_is_named() -> None:
    assert settings("archive: ./archive").archive is None
    named = settings("archive: 's3://news/a/b/', archive_server: 'http://127.0.0.1:9000/', local_copies: drop")
    assert (named.archive, named.archive_server, named.local_copies) == (
        "s3://news/a/b",
        "http://127.0.0.1:9000",
        "drop",
    )
    place = archive.place(named.archive, named.archive_server)
    assert place and place.key("x") == "a/b/x"


@pytest.mark.parametrize(
    "written",
    [
        "archive: 's3://key:secret@news/a'",
        "archive: 's3://news/a?secret=1'",
        "archive_server: 'http://a:b@127.0.0.1:9000'",
    ],
)
def test_credentials_in_an_address_are_refused(written: str) -> None:
    assert "may not hold" in complaint(written)
    assert "secret" not in complaint(written).replace("AWS_SECRET_ACCESS_KEY", "")


@pytest.mark.parametrize(
    "written",
    [
        *("archive: /mnt/archive", "archive: 's3://'", "archive: 's3://NEWS'", "archive: 's3://news/../x'"),
        *(
            "archive: 'gs://news'",
            "archive_server: 127.0.0.1",
            "archive_server: 'http://h:99999'",
            "local_copies: never",
        ),
    ],
)
def test_what_is_no_place_is_refused(written: str) -> None:
    assert complaint(written)


def test_a_file_of_which_only_the_note_is_here_is_there(tmp_path: Path) -> None:
    path = tmp_path / FILE
    path.parent.mkdir(parents=True)
    elsewhere.put_note(path, NOTE)

    assert archive.files(tmp_path) == [FILE]
    assert archive.size(tmp_path, FILE) == NOTE.bytes
    assert archive.existing(tmp_path, FILE) == path
    assert archive.seal_of(tmp_path, FILE).sha256 == NOTE.sha256
    assert archive.uploaded(tmp_path) == [path]


@pytest.mark.parametrize("damaged", ["", "[]", "{}", "nothing", json.dumps(asdict(NOTE) | {"bytes": "many"})])
def test_a_damaged_note_is_an_error_that_says_what_to_do(tmp_path: Path, damaged: str) -> None:
    elsewhere.note_path(tmp_path / "x").write_text(damaged)

    with pytest.raises(StoreError, match="Remove it"):
        elsewhere.noted(tmp_path / "x")


def test_a_file_without_a_note_is_in_no_bucket(tmp_path: Path) -> None:
    assert elsewhere.noted(tmp_path / "x") is None
    assert archive.remote_fault(tmp_path / "x") is None
    with pytest.raises(FileNotFoundError):
        elsewhere.opened(tmp_path / "x")


@pytest.mark.parametrize(
    "name",
    [
        *("../x", "2025/03/03/../../../../x", "2025/03/03/x.txt", "imports/0001-x/y", "takedown.key", "events.jsonl"),
        *("imports/0001-../..", "2025/03/03/articles-../x.jsonl.gz", "imports/0002-a.remote/a.remote", "/etc/passwd"),
        *("imports/0002-.x/.x", "imports/0003-a.part/a.part", FILE + ".open", FILE + ".remote", FILE + "\n", ""),
        *("2025/03/03/articles-a\n.jsonl.gz", "imports/0001-x/captures.cdxj/x", "searches/0000000000000000.json"),
    ],
)
def test_an_object_of_another_name_becomes_no_file(name: str) -> None:
    assert not sending.is_ours(name)


def test_an_object_of_a_name_of_ours_does() -> None:
    of_import = [f"imports/0007-old.warc.gz/{name}" for name in ("old.warc.gz", "import.json", "manifest-sha256.txt")]
    of_day = [FILE, "2025/03/03/captures.cdxj", "2025/03/03/articles-trafilatura-2.3.1.r7.jsonl.gz"]
    assert all(map(sending.is_ours, (*of_import, *of_day)))


def test_readers_are_not_told_which_server_is_out_of_reach(tmp_path: Path) -> None:
    error = Unreachable(tmp_path / FILE, "is kept at s3://news/a only, which cannot be read (h:9000 cannot be reached)")

    assert failures.status_of(error) == 503
    words = failures.words_of(error, Home(tmp_path))
    assert "s3" not in words and "9000" not in words and "Try again later" in words


def test_what_waits_is_said_by_status(tmp_path: Path, aggregator: Aggregator) -> None:
    crawl(tmp_path, FakeWeb({"http://a.example/feed": feed()}), source("a"))
    (tmp_path / "sources.yaml").write_text("sources: []\n")
    said = {"files": 2, "bytes": 3_000, "erased": 1, "since": "2025-03-04T00:00:00Z", "why": ["h cannot be reached"]}
    (tmp_path / "archive" / "not-uploaded.json").write_text(json.dumps(said))

    told = aggregator("status", "--home", str(tmp_path))
    assert "not uploaded yet: 2 files, 3,000 bytes, since 2025-03-04T00:00:00Z: h cannot be reached" in told.err
    found = aggregator("status", "--json", "--home", str(tmp_path)).json["not_uploaded"]
    assert found == {"files": 2, "bytes": 3_000, "erased": 1, "waiting_since": "2025-03-04T00:00:00Z"}


@pytest.mark.skipif(find_spec("minio") is not None, reason="the client for S3 is installed here")
def test_without_the_client_it_is_said_how_to_install_it(tmp_path: Path) -> None:
    wanted = Following(settings=Settings(min_free_bytes=0, archive="s3://news/a"), sources=(source("a"),))

    with pytest.raises(UsageError, match=r"aggregator\[s3\]"), pipeline.opened(Home(tmp_path), wanted):
        pass
