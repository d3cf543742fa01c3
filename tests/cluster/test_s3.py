"""The archive in a bucket of S3: what is sealed goes up, and all works when nothing of it is left here."""

from __future__ import annotations

import base64
import gzip
import hashlib
import re
import shutil
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from random import Random

import pytest

from aggregator import access, archive, pipeline, search, takedown, verification
from aggregator.archive import elsewhere
from aggregator.archive.elsewhere import s3
from aggregator.decisions import Event
from aggregator.errors import StoreError
from aggregator.home import Home
from aggregator.model import Following, Settings
from aggregator.query import parse
from aggregator.replay.serving import application
from tests import foreignfiles
from tests.cluster.s3server import SECRET, USER, Server, running
from tests.fakecli import Aggregator
from tests.fakeweb import OTHER, STORY, ClockOf, FakeWeb, catalogue, dump, feed, page, source
from tests.webbed import got, serving

NAME, ANOTHER = "0a0a0a0a", "1b1b1b1b"
"""Of machines: who takes the place of another has its name."""
LONG_AGO = datetime(2025, 3, 3, 12, 0, tzinfo=UTC)
ONE, TWO = "http://a.example/1", "http://a.example/2"
PAGES = {"http://a.example/feed": feed(ONE, TWO), ONE: page(STORY), TWO: page(OTHER)}
THREE = "http://a.example/3"
LATER = {"http://a.example/feed": feed(THREE), THREE: page(OTHER.replace("dockers", "bakers"))}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running() as started:
        yield started


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """No outage is waited for."""
    monkeypatch.setattr(s3, "RETRIES", 0)
    monkeypatch.setattr(s3, "REST_S", 0.0)
    s3._client.cache_clear()


class Node:
    """A home whose archive goes into a bucket."""

    def __init__(
        self,
        root: Path,
        server: Server,
        bucket: str,
        *,
        local_copies: str = "keep",
        name: str = NAME,
        rows: str | None = None,
    ) -> None:
        root.mkdir(exist_ok=True)
        self.home, self.server, self.bucket = Home(root, server=rows), server, bucket
        self.home.archive.mkdir(exist_ok=True)
        (self.home.archive / "node").write_text(name)
        self.local_copies = local_copies
        self.prefix = "news"

    @property
    def following(self) -> Following:
        settings = Settings(
            min_free_bytes=0,
            archive=f"s3://{self.bucket}/{self.prefix}",
            archive_server=self.server.endpoint,
            local_copies=self.local_copies,
        )
        return Following(settings=settings, sources=(source("a"),))

    def crawl(self, pages: Mapping[str, object] = PAGES, *, at: datetime = LONG_AGO) -> None:
        """A pass of a day that is over."""
        web = FakeWeb(dict(pages), now=at)
        with pipeline.opened(self.home, self.following, clock=ClockOf(web)) as line:
            self.runs = line.crawl(self.following.sources, web)

    def visit(self) -> None:
        """What any later writer does."""
        with pipeline.opened(self.home, self.following):
            pass

    @property
    def waiting(self) -> archive.Waiting | None:
        return archive.waiting(self.home.archive)

    @property
    def warcs(self) -> list[Path]:
        return sorted(self.home.archive.glob("[0-9]*/*/*/captures-*.warc.gz"))

    def body(self, url: str) -> bytes:
        with catalogue(self.home.root) as known:
            capture = known.latest_with_body(url)
        assert capture
        return archive.body(self.home.archive, capture)

    def findings(self) -> list[str]:
        return [f"{f.file}: {f.what}" for f in verification.verify_home(self.home, report=lambda _: None).findings]


@pytest.fixture(params=[False, True], ids=["plain", "versioned"])
def bucket(request: pytest.FixtureRequest, server: Server) -> str:
    name = f"b{hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:20]}"
    return server.bucket(name, versioned=request.param)


@pytest.fixture
def node(tmp_path: Path, server: Server, bucket: str) -> Iterator[Node]:
    yield Node(tmp_path / "one", server, bucket)
    server.door.reopen()


def test_what_is_sealed_is_uploaded_as_it_is_with_a_note_beside_it(node: Node) -> None:
    node.crawl()
    node.visit()

    assert node.waiting is None
    [warc] = node.warcs
    name = warc.relative_to(node.home.archive).as_posix()
    assert node.server.read(node.bucket, f"news/{name}") == warc.read_bytes()
    note = elsewhere.noted(warc)
    assert note and note.sha256 == hashlib.sha256(warc.read_bytes()).hexdigest()
    folder = name.rpartition("/")[0]
    uploaded = {key.removeprefix(f"news/{folder}/") for key in node.server.keys(node.bucket)}
    assert {"captures.cdxj", "manifest-sha256.txt", "tagmanifest-sha256.txt", warc.name} <= uploaded
    assert f"news/events/{NAME}.jsonl" in uploaded
    assert not any("key" in key or "open" in key for key in uploaded)


def test_a_dropped_file_is_read_where_it_is_and_only_as_much_of_it_as_is_needed(node: Node) -> None:
    many = {f"http://a.example/{n}": page(STORY) + f"<!-- {Random(n).randbytes(8_000).hex()} -->" for n in range(40)}
    node.crawl({"http://a.example/feed": feed(*many), **many})
    whole = node.warcs[0].stat().st_size
    bodies = {url: node.body(url) for url in ("http://a.example/3", "http://a.example/38")}
    node.local_copies = "drop"
    node.visit()

    assert node.warcs == []
    assert not list(node.home.archive.rglob("articles-*.jsonl.gz"))
    before = node.server.door.sent
    assert {url: node.body(url) for url in bodies} == bodies
    assert node.server.door.sent - before < 2 * (elsewhere.BLOCK_BYTES + 2_000) < whole
    assert node.findings() == []


def test_an_answer_that_breaks_off_is_asked_for_again_at_once(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3, "RETRIES", 2)
    monkeypatch.setattr(s3, "REST_S", 30.0)
    node.local_copies = "drop"
    node.crawl()
    node.visit()
    assert node.warcs == []
    node.server.door.broken_answers = s3.RETRIES

    assert b"bailiff" in node.body(ONE)

    node.server.door.broken_answers = s3.RETRIES + 1
    with pytest.raises(StoreError, match="broke off while it answered"):
        node.body(ONE)
    assert node.server.door.broken_answers == 0
    assert b"bailiff" in node.body(ONE), "it was reached, so it is not left alone"


def test_a_new_machine_rebuilds_the_same_catalogue_from_the_bucket_alone(node: Node, tmp_path: Path) -> None:
    node.local_copies = "drop"
    node.crawl()
    node.crawl(PAGES | {ONE: page(STORY + "\n\nUpdate: all is well.")}, at=LONG_AGO + timedelta(days=1))
    node.visit()

    other = Node(tmp_path / "two", node.server, node.bucket, local_copies="drop")
    pipeline.rebuild(other.home, other.following)

    assert dump(other.home.root) == dump(node.home.root)
    assert len(dump(other.home.root)) > 5
    assert other.warcs == []
    assert other.findings() == []


def test_an_outage_delays_uploads_and_loses_nothing(node: Node) -> None:
    node.crawl()
    node.visit()
    before = node.server.keys(node.bucket)
    node.server.door.shut()

    node.crawl(LATER)

    waiting = node.waiting
    assert waiting and waiting.files >= 2 and waiting.bytes > 0
    assert "cannot be reached" in waiting.words
    assert node.server.keys(node.bucket) == before
    node.server.door.reopen()
    node.visit()
    assert node.waiting is None
    assert {f"news/{w.relative_to(node.home.archive)}" for w in node.warcs} <= set(node.server.keys(node.bucket))


def test_without_local_copies_an_outage_keeps_what_is_not_uploaded_yet(node: Node) -> None:
    node.crawl()
    node.local_copies = "drop"
    node.visit()
    node.server.door.shut()
    node.crawl(LATER, at=LONG_AGO + timedelta(days=1))
    node.visit()

    assert len(node.warcs) == 1
    assert node.body(THREE)
    node.server.door.reopen()
    node.visit()
    assert node.warcs == []


def test_another_object_in_the_way_is_told_with_both_digests_and_left(node: Node, tmp_path: Path) -> None:
    plain = Node(tmp_path / "plain", node.server, node.bucket)
    web = FakeWeb(dict(PAGES), now=LONG_AGO)
    kept_here = replace(plain.following, settings=Settings(min_free_bytes=0))
    with pipeline.opened(plain.home, kept_here, clock=ClockOf(web)) as line:
        line.crawl(plain.following.sources, web)
    [warc] = plain.warcs
    key = f"news/{warc.relative_to(plain.home.archive)}"
    strange = b"something else"
    s3.Bucket(node.bucket, node.server.endpoint).put(key, strange, hashlib.sha256(strange).hexdigest())
    plain.local_copies = "drop"

    plain.visit()

    assert plain.waiting
    for data in (strange, warc.read_bytes()):
        assert hashlib.sha256(data).hexdigest() in plain.waiting.words
    assert node.server.read(node.bucket, key) == strange
    assert warc.exists()


def test_names_in_the_bucket_that_are_none_of_ours_are_left_alone(node: Node) -> None:
    node.crawl()
    node.visit()
    for name in ("2025/03/03/x.txt", "imports/0001-x/y", "takedown.key", "events/x.jsonl", "sources.yaml"):
        node.server.client.put_object(node.bucket, f"news/{name}", BytesIO(b"x"), 1)
    before = sorted(node.home.root.rglob("*"))
    node.visit()

    assert sorted(path for path in node.home.root.rglob("*") if "index" not in path.parts) == [
        path for path in before if "index" not in path.parts
    ]


def test_the_bucket_may_get_another_address(node: Node) -> None:
    node.local_copies = "drop"
    node.crawl()
    node.visit()
    node.server.new_door()
    node.visit()

    assert node.body(ONE)
    assert node.findings() == []


@pytest.mark.parametrize("happened", ["gone", "changed"])
def test_a_file_whose_object_was_lost_meanwhile_is_not_dropped(node: Node, happened: str) -> None:
    node.crawl()
    node.visit()
    [key] = [key for key in node.server.keys(node.bucket) if key.endswith(".warc.gz")]
    if happened == "gone":
        node.server.client.remove_object(node.bucket, key)
    else:
        node.server.client.put_object(node.bucket, key, BytesIO(b"x"), 1)
    node.local_copies = "drop"
    node.visit()

    assert len(node.warcs) == 1
    assert node.waiting and "stays here" in node.waiting.words
    assert any("missing" in found or "changed" in found for found in node.findings())


def test_a_server_that_cannot_be_reached_is_not_asked_for_every_file_in_turn(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    node.local_copies = "drop"
    node.crawl()
    node.visit()
    monkeypatch.setattr(s3, "REST_S", 60.0)
    node.server.door.shut()
    with pytest.raises(StoreError):
        node.body(ONE)
    node.server.door.reopen()

    with pytest.raises(StoreError, match="cannot be reached"):
        node.body(ONE)
    monkeypatch.setattr(s3, "REST_S", 0.0)
    assert node.body(ONE)


def test_what_was_dropped_can_be_fetched_back_and_all_moved_to_another_place(node: Node) -> None:
    node.local_copies = "drop"
    node.crawl()
    node.visit()
    assert node.warcs == []
    node.local_copies, node.prefix = "keep", "other"
    node.visit()

    assert len(node.warcs) == 1  # fetched to be uploaded to the other place
    keys = {key.partition("/")[::2] for key in node.server.keys(node.bucket)}
    assert {name for prefix, name in keys if prefix == "news"} == {name for prefix, name in keys if prefix == "other"}
    node.warcs[0].unlink()
    node.local_copies = "fetch"
    node.visit()
    assert len(node.warcs) == 1
    assert len(list(node.home.archive.rglob("articles-*.jsonl.gz"))) == 1
    assert node.waiting is None
    assert node.findings() == []


def test_an_equal_object_that_is_there_counts_as_uploaded(node: Node) -> None:
    node.crawl()
    [warc] = node.warcs
    elsewhere.note_path(warc).unlink()
    node.visit()

    assert node.waiting is None
    assert elsewhere.noted(warc)


def test_verify_finds_a_byte_that_flipped_in_the_bucket(node: Node) -> None:
    node.local_copies = "drop"
    node.crawl()
    node.visit()
    [key] = [key for key in node.server.keys(node.bucket) if key.endswith(".warc.gz")]
    data = bytearray(node.server.read(node.bucket, key))
    data[len(data) // 2] ^= 1
    there = node.server.client.stat_object(node.bucket, key)
    s3.Bucket(node.bucket, node.server.endpoint).put(
        key, bytes(data), hashlib.sha256(data).hexdigest(), instead_of=there.etag
    )

    assert any("unreadable" in found or "changed" in found for found in node.findings())


def decide(node: Node, url: str, *, erase: bool) -> Event:
    what = takedown.target(node.home, (url,), takedown.Scope.ARTICLE, erase=erase)
    return takedown.decide(
        node.home,
        what,
        scope=takedown.Scope.ARTICLE,
        reason="error",
        by="test",
        erase=erase,
        until=None,
        now=datetime.now(UTC),
    )


def erase(node: Node, url: str) -> int:
    event = decide(node, url, erase=True)
    takedown.carry_out(node.home, node.following, event.number)
    return event.number


def traces(node: Node, word: bytes) -> list[str]:
    """The objects of the bucket in any version of which a word stands, raw or in a gzip member."""

    def holds(data: bytes) -> bool:
        places = (found.start() for found in re.finditer(rb"\x1f\x8b\x08", data))
        return word in data or any(word in inflated(data[at:]) for at in places)

    return sorted({key for (key, _), data in node.server.everything(node.bucket).items() if holds(data)})


def inflated(data: bytes) -> bytes:
    try:
        return zlib.decompressobj(31).decompress(data)
    except zlib.error:
        return b""


@pytest.mark.parametrize("local_copies", ["keep", "drop"])
def test_an_erase_leaves_no_older_version_with_what_was_erased(node: Node, local_copies: str) -> None:
    node.local_copies = local_copies
    node.crawl()
    node.visit()
    word = b"lighthouse keeper"
    assert len(traces(node, word)) == 2  # the captures, and the articles of the day

    erase(node, TWO)

    assert traces(node, word) == []
    assert node.waiting is None
    assert b"bailiff" in node.body(ONE)
    assert node.findings() == []
    kept = [key for key, _ in node.server.everything(node.bucket)]
    assert len(kept) == len(set(kept))


def test_an_erase_during_an_outage_says_that_it_is_not_finished_and_the_next_writer_finishes_it(node: Node) -> None:
    node.crawl()
    node.visit()
    word = b"lighthouse keeper"
    node.server.door.shut()

    erase(node, TWO)

    assert word not in b"".join(inflated(warc.read_bytes()) for warc in node.warcs)
    waiting = node.waiting
    assert waiting and waiting.erased >= 1 and "may still hold what was erased here" in waiting.words
    assert len(traces(node, word)) == 2
    note = elsewhere.noted(node.warcs[0])
    assert note and note.pending == "replace"
    node.server.door.reopen()
    node.visit()
    assert node.waiting is None
    assert traces(node, word) == []


def test_without_local_copies_nothing_is_erased_while_the_bucket_cannot_be_read(node: Node) -> None:
    node.local_copies = "drop"
    node.crawl()
    node.visit()
    node.server.door.shut()

    with pytest.raises(StoreError, match="cannot be read"):
        erase(node, TWO)

    assert [each.finished for each in access.takedowns(node.home)] == [False]
    node.server.door.reopen()
    for each in takedown.erases(node.home):
        takedown.carry_out(node.home, node.following, each.number)
    assert traces(node, b"lighthouse keeper") == []


def together(folder: Path) -> Path:
    """A file of others in which two records are compressed together, so that no tombstone can take the place of one."""
    records = (foreignfiles.record(foreignfiles.http(page(OTHER)), url=TWO), foreignfiles.record())
    return foreignfiles.put(folder, gzip.compress(b"".join(records)))


def cut_short(node: Node) -> int:
    """Have writers cut off after ever more requests until one comes to the end; return how many there were."""
    for requests in range(1, 100):
        node.server.door.reopen(requests=requests)
        node.visit()
        if node.waiting is None:
            node.server.door.reopen()
            return requests
    raise AssertionError("it never ends")


def test_an_upload_that_is_cut_off_after_any_request_goes_on(node: Node) -> None:
    node.crawl({"http://a.example/feed": feed()}, at=LONG_AGO - timedelta(days=1))
    node.server.door.shut()
    node.crawl()

    assert cut_short(node) > 5

    assert node.findings() == []
    uploaded = {key: node.server.read(node.bucket, key) for key in node.server.keys(node.bucket)}
    here = [path for path in node.home.archive.glob("2025/03/03/*") if path.suffix != elsewhere.REMOTE]
    assert len(here) == 5
    assert all(uploaded[f"news/{path.relative_to(node.home.archive)}"] == path.read_bytes() for path in here)


def test_an_erase_that_is_cut_off_after_any_request_goes_on(node: Node) -> None:
    node.crawl()
    node.visit()
    node.server.door.shut()
    erase(node, TWO)

    assert cut_short(node) > 5

    assert traces(node, b"lighthouse keeper") == []
    assert node.findings() == []
    kept = [key for key, _ in node.server.everything(node.bucket)]
    assert len(kept) == len(set(kept))


def test_what_was_brought_in_is_in_the_bucket_too_and_goes_from_it_when_it_is_erased(
    node: Node, tmp_path: Path
) -> None:
    node.local_copies = "drop"
    given = together(tmp_path)
    with pipeline.opened(node.home, node.following) as line:
        line.bring_in(given)
    node.visit()
    [file] = archive.files(node.home.archive)
    assert file.startswith("imports/") and not (node.home.archive / file).exists()
    assert node.server.read(node.bucket, f"news/{file}") == given.read_bytes()
    assert node.findings() == []
    other = Node(tmp_path / "two", node.server, node.bucket)
    pipeline.rebuild(other.home, other.following)
    assert dump(other.home.root) == dump(node.home.root)

    erase(node, TWO)

    assert node.waiting is None
    assert traces(node, b"lighthouse keeper") == []
    assert f"news/{file}" not in {key for key, _ in node.server.everything(node.bucket)}
    assert b"bailiff" in node.body(foreignfiles.URL)
    assert node.findings() == []


def test_machines_of_several_names_share_a_bucket(node: Node, tmp_path: Path) -> None:
    node.crawl()
    node.visit()
    other = Node(tmp_path / "two", node.server, node.bucket, name=ANOTHER)
    other.crawl(LATER, at=LONG_AGO + timedelta(hours=1))  # of the same day
    other.visit()
    node.visit()

    assert (node.waiting, other.waiting) == (None, None)
    assert node.body(THREE) == other.body(THREE)
    assert other.body(ONE) == node.body(ONE)
    assert len(archive.files(node.home.archive)) == 2 == len(archive.files(other.home.archive))
    assert node.findings() == [] == other.findings()
    assert len([key for key in node.server.keys(node.bucket) if "/events/" in key]) == 2


def test_what_another_machine_erased_is_erased_here_too(node: Node, tmp_path: Path) -> None:
    node.crawl()
    node.visit()
    word = b"lighthouse keeper"
    assert any(word in inflated(node.warcs[0].read_bytes()[at:]) for at in members(node.warcs[0]))
    other = Node(tmp_path / "two", node.server, node.bucket, name=ANOTHER)
    other.visit()
    erase(other, TWO)
    node.visit()

    assert node.waiting is None
    assert not any(word in inflated(node.warcs[0].read_bytes()[at:]) for at in members(node.warcs[0]))
    assert traces(node, word) == []
    assert b"bailiff" in node.body(ONE)
    assert node.findings() == [] == other.findings()


def test_what_another_machine_erased_of_a_shared_catalogue_is_in_no_index_here(
    server: Server, tmp_path: Path, database: Callable[[], str]
) -> None:
    rows, bucket = database(), server.bucket("erased-elsewhere", versioned=False)
    one, two = (Node(tmp_path / name, server, bucket, name=name, rows=rows) for name in (NAME, ANOTHER))
    one.crawl()
    two.visit()
    assert in_index(two, b"lighthous") and in_index(two, b"bailiff")
    erase(one, TWO)
    assert in_index(two, b"lighthous"), "nobody has been there since"
    shutil.copy(one.home.archive / "takedown.key", two.home.archive)

    two.visit()

    assert not in_index(two, b"lighthous")
    assert in_index(two, b"bailiff")
    assert search.search(two.home, parse("bailiffs")).total == 1


def in_index(node: Node, word: bytes) -> list[str]:
    """The files of an index in which a word stands, or the beginning of one."""
    files = (path for path in node.home.index.rglob("*") if path.is_file())
    return [str(path.relative_to(node.home.index)) for path in files if word in path.read_bytes()]


def test_the_first_machine_with_a_bucket_makes_the_key_that_all_others_are_to_be_given(
    node: Node, tmp_path: Path
) -> None:
    node.crawl()
    other = Node(tmp_path / "two", node.server, node.bucket, name=ANOTHER)
    other.visit()

    assert (node.home.archive / "takedown.key").exists()
    assert not (other.home.archive / "takedown.key").exists(), "a second one would make nothing recognisable"


def test_what_another_machine_withdrew_is_hidden_here_too_by_the_same_key(node: Node, tmp_path: Path) -> None:
    node.crawl()
    node.visit()
    other = Node(tmp_path / "two", node.server, node.bucket, name=ANOTHER)
    other.visit()
    decide(node, TWO, erase=False)
    node.visit()
    other.visit()

    with pytest.raises(StoreError, match=f"takedown.key: missing, or another than that by which {NAME} made"):
        search.search(other.home, parse("tenors"), limit=5)
    with pytest.raises(StoreError, match="only one key for all makes recognisable"):
        decide(other, ONE, erase=False)

    shutil.copy(node.home.archive / "takedown.key", other.home.archive)
    for each in (node, other):
        assert search.search(each.home, parse("tenors"), limit=5).total == 0
        assert search.search(each.home, parse("bailiff"), limit=5).total == 1
    decide(other, ONE, erase=False)
    other.visit()
    node.visit()
    assert search.search(node.home, parse("bailiff"), limit=5).total == 0


def test_a_takedown_that_was_lifted_where_it_was_decided_hides_nothing_elsewhere(node: Node, tmp_path: Path) -> None:
    node.crawl()
    node.visit()
    other = Node(tmp_path / "two", node.server, node.bucket, name=ANOTHER)
    event = decide(node, TWO, erase=False)
    other.visit()
    shutil.copy(node.home.archive / "takedown.key", other.home.archive)
    node.visit()
    other.visit()
    assert search.search(other.home, parse("tenors"), limit=5).total == 0

    takedown.lift(node.home, event.number, by="me", now=LONG_AGO)
    node.visit()
    other.visit()

    assert search.search(other.home, parse("tenors"), limit=5).total == 1


def members(path: Path) -> list[int]:
    return [found.start() for found in re.finditer(rb"\x1f\x8b\x08", path.read_bytes())]


def test_an_import_is_not_seen_by_others_before_its_note_is_there(node: Node, tmp_path: Path) -> None:
    with pipeline.opened(node.home, node.following) as line:
        line.bring_in(together(tmp_path))
    node.visit()
    [file] = archive.files(node.home.archive)
    node.server.client.remove_object(node.bucket, f"news/{file.rpartition('/')[0]}/import.json")
    other = Node(tmp_path / "two", node.server, node.bucket)
    other.visit()

    assert archive.files(other.home.archive) == []


def test_events_of_others_that_were_changed_are_not_taken_up(node: Node, tmp_path: Path) -> None:
    node.crawl()
    node.visit()
    data = node.server.read(node.bucket, f"news/events/{NAME}.jsonl").replace(b'"seal"', b'"peal"', 1)
    node.server.client.put_object(node.bucket, "news/events/00000000.jsonl", BytesIO(data), len(data))
    node.visit()

    waiting = node.waiting
    assert waiting and "the events of 00000000" in waiting.words
    assert not list(node.home.archive.glob("nodes/*"))


def test_an_export_of_dropped_files_is_byte_for_byte_what_it_was(node: Node, tmp_path: Path) -> None:
    node.crawl()
    node.visit()
    sums = []
    for local_copies in ("keep", "drop"):
        node.local_copies = local_copies
        node.visit()
        with archive.Copier(node.home.archive) as copier, catalogue(node.home.root) as known:
            captures = [known.latest_with_body(url) for url in (ONE, TWO)]
            sums.append([hashlib.sha256(copier.copy(capture).data).hexdigest() for capture in captures if capture])
    assert node.warcs == []
    assert len(sums[0]) == 2 and sums[0] == sums[1]


# --- the client ------------------------------------------------------------------------------------------------------


def test_an_object_is_put_only_where_it_is_as_was_said_and_with_its_digest(node: Node, tmp_path: Path) -> None:
    bucket = s3.Bucket(node.bucket, node.server.endpoint)
    one, two = (hashlib.sha256(data).hexdigest() for data in (b"one", b"two"))
    file = tmp_path / "file"
    file.write_bytes(b"one")

    put = bucket.put("x", file, one)
    with pytest.raises(s3.Refused):
        bucket.put("x", b"two", two)
    with pytest.raises(s3.Refused):
        bucket.put("x", b"two", two, instead_of="0" * 32)
    assert bucket.stat("x").sha256 == one == bucket.sha256("x")
    said = node.server.client.stat_object(node.bucket, "x", extra_headers={"x-amz-checksum-mode": "ENABLED"}).metadata
    assert base64.b64decode(said["x-amz-checksum-sha256"]).hex() == one

    bucket.put("x", b"two", two, instead_of=put.etag)
    assert bucket.sha256("x") == two
    with pytest.raises(s3.Refused):
        bucket.read("x", 0, 1, etag=put.etag)
    assert bucket.read("x", 1, 2, etag=bucket.stat("x").etag) == b"wo"
    with pytest.raises(s3.NotThere):
        bucket.stat("y")


def test_an_empty_file_is_put_too(node: Node, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    bucket = s3.Bucket(node.bucket, node.server.endpoint)
    bucket.put("x", tmp_path / "file", hashlib.sha256().hexdigest())
    assert bucket.stat("x").bytes == 0


def test_without_credentials_it_is_said_where_they_come_from(
    node: Node, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    node.crawl()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    s3._client.cache_clear()
    node.visit()

    assert node.waiting and "AWS_ACCESS_KEY_ID" in node.waiting.words
    (tmp_path / "none").write_text(f"[default]\naws_access_key_id={USER}\naws_secret_access_key={SECRET}\n")
    node.visit()
    assert node.waiting is None


def test_a_bucket_that_is_not_there_is_told_and_loses_nothing(node: Node) -> None:
    node.crawl()
    node.bucket = "never-made"
    node.visit()

    assert node.waiting and "does not exist" in node.waiting.words
    assert len(node.warcs) == 1


# --- the commands ----------------------------------------------------------------------------------------------------


def written(node: Node) -> tuple[str, str]:
    """Write sources.yaml for the commands; return how they are told the home."""
    settings = (
        f"archive: s3://{node.bucket}/news, archive_server: '{node.server.endpoint}', min_free: 1MB, "
        f"local_copies: {node.local_copies}"
    )
    node.home.sources_yaml.write_text(
        f'settings: {{{settings}}}\nsources: [{{id: a, url: "http://a.example/", recheck: false}}]\n'
    )
    return "--home", str(node.home.root)


def test_a_new_machine_needs_only_sources_yaml_and_the_name_of_the_old(
    node: Node, tmp_path: Path, aggregator: Aggregator
) -> None:
    node.crawl()
    node.visit()
    home = written(Node(tmp_path / "two", node.server, node.bucket))

    assert aggregator("rebuild", *home).code == 0
    assert "tenors" in aggregator("show", TWO, *home).out
    assert aggregator("show", TWO, "--raw", *home).code == 0
    assert aggregator("verify", *home).code == 0
    assert aggregator("export", "warc", "-o", str(tmp_path / "out.warc.gz"), *home).code == 0
    node.server.door.shut()
    lost = aggregator("show", TWO, "--raw", *home)
    assert lost.code == 3 and "cannot be reached" in lost.err


def test_archived_copies_are_shown_from_the_bucket_and_who_reads_is_not_told_where_that_is(node: Node) -> None:
    node.local_copies = "drop"
    node.crawl()
    node.visit()
    with serving(application(node.home)) as address:
        copy = f"{address}/web/{LONG_AGO:%Y%m%d%H%M%S}/{TWO}"
        assert "tenors" in got(copy).text
        node.server.door.shut()
        lost = got(copy)

    assert lost.status_code == 503
    assert "cannot be reached now" in lost.text
    assert node.bucket not in lost.text and str(node.server.door.port) not in lost.text


def test_a_takedown_says_that_it_is_not_finished_and_finish_finishes_it(node: Node, aggregator: Aggregator) -> None:
    node.crawl()
    node.visit()
    home = written(node)
    node.server.door.shut()

    said = aggregator("takedown", TWO, "--reason", "error", "--erase", "--yes", "--json", *home)
    assert said.json["done"] is False
    assert "Not finished" in said.err
    assert "may still hold what was erased here" in aggregator("status", *home).err
    node.server.door.reopen()
    assert aggregator("takedown", "finish", *home).code == 0
    assert traces(node, b"lighthouse keeper") == []
    assert "uploaded" not in aggregator("status", *home).err
    assert aggregator("verify", *home).code == 0
