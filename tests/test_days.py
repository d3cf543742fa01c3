"""Events, seals, and the closing of a day."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

import pytest
from warcio.archiveiterator import ArchiveIterator

from aggregator import extract, pipeline, takedown
from aggregator.decisions import FIRST, Decisions
from aggregator.errors import StoreError
from aggregator.home import Home
from tests.fakeweb import (
    OTHER,
    STORY,
    ClockOf,
    FakeWeb,
    articles,
    catalogue,
    crawl,
    dump,
    feed,
    following,
    page,
    source,
    versions,
)
from tests.foreignfiles import http, put, record, three, zipped

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def crawled(root: Path) -> FakeWeb:
    """Two articles crawled on a day that is over."""
    web = FakeWeb(
        {
            "http://a.example/feed": feed("http://a.example/1", "http://a.example/2"),
            "http://a.example/1": page(STORY),
            "http://a.example/2": page(OTHER, title="The choir"),
        }
    )
    crawl(root, web, source("a"))
    return web


def day(root: Path) -> Path:
    return Home(root).archive / "2026/11/23"


# The chain


def test_each_event_carries_the_digest_of_the_line_before(tmp_path: Path) -> None:
    decisions = Decisions(tmp_path)
    for n in range(3):
        decisions.append("note", {"n": n}, now=NOW)
    lines = (tmp_path / "events.jsonl").read_bytes().splitlines()

    said = [json.loads(line)["previous"] for line in lines]
    assert said == [FIRST, *(hashlib.sha256(line).hexdigest() for line in lines[:-1])]
    assert [(e.number, e.kind, e.at, e.said) for e in decisions.events()] == [
        (n + 1, "note", NOW, {"n": n}) for n in range(3)
    ]
    assert decisions.faults() == []


@pytest.mark.parametrize(
    ("change", "lines"),
    [
        (lambda lines: [lines[0].replace(b'"n": 0', b'"n": 7'), *lines[1:]], [2]),
        (lambda lines: [lines[0], lines[2]], [2, 2]),
        (lambda lines: [lines[1], lines[0], lines[2]], [1, 1, 2, 2, 3]),
        (lambda lines: [lines[0], b"nonsense", lines[2]], [2, 3]),
    ],
    ids=["changed", "taken out", "moved", "overwritten"],
)
def test_what_was_done_to_the_chain_is_seen(tmp_path: Path, change: object, lines: list[int]) -> None:
    decisions = Decisions(tmp_path)
    for n in range(3):
        decisions.append("note", {"n": n}, now=NOW)
    path = tmp_path / "events.jsonl"
    path.write_bytes(b"".join(line + b"\n" for line in change(path.read_bytes().splitlines())))  # type: ignore[operator]

    assert [line for _, line, _ in decisions.faults()] == lines


def test_a_torn_last_line_is_moved_aside_by_the_next_event_and_passed_over_by_readers(tmp_path: Path) -> None:
    decisions = Decisions(tmp_path)
    decisions.append("note", {"n": 0}, now=NOW)
    with (tmp_path / "events.jsonl").open("ab") as file:
        file.write(b'{"number": 2, "ki')

    assert len(decisions.events()) == 1
    decisions.append("note", {"n": 1}, now=NOW)
    assert [e.said["n"] for e in decisions.events()] == [0, 1]
    assert decisions.faults() == []
    assert [p.read_bytes() for p in (tmp_path / "quarantine").iterdir()] == [b'{"number": 2, "ki']


def test_two_who_decide_at_once_both_get_their_line(tmp_path: Path) -> None:
    def decide() -> None:
        for n in range(20):
            Decisions(tmp_path).append("note", {"long": "x" * 70_000 * (n % 2)}, now=NOW)

    threads = [Thread(target=decide) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [e.number for e in Decisions(tmp_path).events()] == list(range(1, 81))
    assert Decisions(tmp_path).faults() == []


def test_events_that_cannot_be_read_are_an_error_that_names_the_line(tmp_path: Path) -> None:
    (tmp_path / "events.jsonl").write_bytes(b"[]\n")
    with pytest.raises(StoreError, match="line 1"):
        Decisions(tmp_path).events()
    with pytest.raises(StoreError, match="Nothing was added"):
        Decisions(tmp_path).append("note", {}, now=NOW)


# Seals and days


def test_every_file_is_sealed_with_its_length_and_digest(tmp_path: Path) -> None:
    crawled(tmp_path)
    archive = Home(tmp_path).archive
    seals = [e.said for e in Decisions(archive).events() if e.kind == "seal"]
    files = {p.relative_to(archive).as_posix(): p.read_bytes() for p in archive.rglob("*.warc.gz")}
    said = {name: (len(data), hashlib.sha256(data).hexdigest()) for name, data in files.items()}
    assert {s["file"]: (s["bytes"], s["sha256"]) for s in seals} == said
    assert len(seals) == len(files)


def test_a_file_that_was_sealed_without_a_word_is_named_by_the_next_writer(tmp_path: Path) -> None:
    crawled(tmp_path)
    archive = Home(tmp_path).archive
    before = Decisions(archive).digests()
    (archive / "events.jsonl").unlink()

    with pipeline.opened(Home(tmp_path), following(source("a"))):
        pass
    assert Decisions(archive).digests() == before


def test_a_day_that_is_over_is_closed_with_a_manifest_that_sha256sum_accepts(tmp_path: Path) -> None:
    crawled(tmp_path)
    for manifest in ("manifest-sha256.txt", "tagmanifest-sha256.txt"):
        checked = subprocess.run(
            ["sha256sum", "--check", "--strict", manifest], cwd=day(tmp_path), capture_output=True, check=False
        )
        assert checked.returncode == 0, checked.stderr
    listed = (day(tmp_path) / "manifest-sha256.txt").read_text() + (
        day(tmp_path) / "tagmanifest-sha256.txt"
    ).read_text()
    names = {line.split("  ")[1] for line in listed.splitlines()}
    assert names == {p.name for p in day(tmp_path).iterdir()} - {"tagmanifest-sha256.txt"}
    closed = [e.said for e in Decisions(Home(tmp_path).archive).events() if e.kind == "day-closed"]
    digest = hashlib.sha256((day(tmp_path) / "manifest-sha256.txt").read_bytes()).hexdigest()
    assert closed == [{"folder": "2026/11/23", "manifest_sha256": digest}]


def test_a_day_that_still_goes_on_is_not_closed(tmp_path: Path) -> None:
    web = FakeWeb({"http://a.example/feed": feed()}, now=datetime.now(UTC))
    crawl(tmp_path, web, source("a"))
    assert not list(Home(tmp_path).archive.rglob("manifest-sha256.txt"))


def test_a_manifest_says_what_was_sealed_not_what_is_found_later(tmp_path: Path) -> None:
    crawled(tmp_path)
    before = (day(tmp_path) / "manifest-sha256.txt").read_text()
    (day(tmp_path) / "manifest-sha256.txt").unlink()
    file = min(day(tmp_path).glob("*.warc.gz"))
    file.write_bytes(file.read_bytes()[:-1] + b"!")

    with pipeline.opened(Home(tmp_path), following(source("a"))):
        pass
    assert (day(tmp_path) / "manifest-sha256.txt").read_text() == before


def found_by(folder: Path) -> list[tuple[str, str]]:
    """What warcio finds at the places that a folder's list names, as type and address."""
    found = []
    for line in (folder / "captures.cdxj").read_text().splitlines():
        said = json.loads(line.split(" ", 2)[2])
        with (folder / said["filename"]).open("rb") as file:
            file.seek(int(said["offset"]))
            record = next(iter(ArchiveIterator(io.BytesIO(file.read(int(said["length"]))))))
        assert record.rec_headers["WARC-Target-URI"] == said["url"]
        found.append((record.rec_type, said["url"]))
    return found


def test_the_list_of_a_day_leads_to_every_capture(tmp_path: Path) -> None:
    web = crawled(tmp_path)
    web.pages["http://a.example/feed"] = feed("http://a.example/2", updated="2026-11-23T12:00:00Z")
    (day(tmp_path) / "manifest-sha256.txt").unlink()  # as if the second crawl had been on the same day
    crawl(tmp_path, web, source("a"))

    lines = (day(tmp_path) / "captures.cdxj").read_text().splitlines()
    assert len({json.loads(line.split(" ", 2)[2])["filename"] for line in lines}) == 2
    assert lines == sorted(lines)
    with catalogue(tmp_path) as known:
        captures = sorted((c.url, c.refers_to is not None) for c in known.captures("a"))
    assert sorted((url, kind == "revisit") for kind, url in found_by(day(tmp_path)) if "urn:" not in url) == captures


def test_a_day_is_closed_though_a_file_of_it_is_damaged(tmp_path: Path) -> None:
    crawled(tmp_path)
    whole = found_by(day(tmp_path))
    for name in ("manifest-sha256.txt", "captures.cdxj"):
        (day(tmp_path) / name).unlink()
    file = min(day(tmp_path).glob("*.warc.gz"))
    data = bytearray(file.read_bytes())
    data[len(data) * 2 // 3] ^= 1
    file.write_bytes(data)

    with pipeline.opened(Home(tmp_path), following(source("a"))):
        pass
    assert (day(tmp_path) / "manifest-sha256.txt").exists()
    assert 0 < len(found_by(day(tmp_path))) < len(whole)


def test_what_was_erased_is_not_in_the_list_of_its_day(tmp_path: Path) -> None:
    crawled(tmp_path)
    home, url = Home(tmp_path), "http://a.example/2"
    assert url.encode() in (day(tmp_path) / "captures.cdxj").read_bytes()
    what = takedown.target(home, [url], takedown.Scope.ARTICLE, erase=True)
    event = takedown.decide(
        home, what, scope=takedown.Scope.ARTICLE, reason="other", by="x", erase=True, until=None, now=NOW
    )
    takedown.carry_out(home, following(source("a")), event.number)

    assert url not in {found for _, found in found_by(day(tmp_path))}
    assert "http://a.example/1" in {found for _, found in found_by(day(tmp_path))}
    checked = subprocess.run(
        ["sha256sum", "--check", "--strict", "tagmanifest-sha256.txt"],
        cwd=day(tmp_path),
        capture_output=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stderr


def test_an_import_is_listed_where_its_records_can_be_found_by_offset(tmp_path: Path) -> None:
    dns = record(b"20140301100000\nold.example. 300 IN A 192.0.2.1", url="dns:old.example", Content_Type="text/dns")
    members = put(tmp_path, zipped([dns, *three(), record(http(), url="<http://old.example/4>")]), "a.warc.gz")
    plain = put(tmp_path, b"".join(three()), "b.warc")
    home = Home(tmp_path / "home")
    with pipeline.opened(home, following()) as line:
        for file in (members, plain):
            line.bring_in(file)

    lists = sorted(home.archive.glob("imports/*/captures.cdxj"))
    assert [json.loads(line.split(" ", 2)[2])["url"] for line in lists[0].read_text().splitlines()] == [
        f"http://old.example/{n}" for n in (1, 2, 3, 4)
    ]
    assert lists[1].read_text() == ""


def test_the_articles_of_a_day_can_be_read_by_people(tmp_path: Path) -> None:
    crawled(tmp_path)
    file = next(day(tmp_path).glob("articles-*.jsonl.gz"))
    assert file.name == f"articles-{extract.generation()}.jsonl.gz"
    lines = gzip.decompress(file.read_bytes()).decode().splitlines()
    said = {line["headline"]: line for line in map(json.loads, lines)}
    assert sorted(said) == ["A title of its own", "The choir"]
    assert said["The choir"]["articleBody"] == OTHER.replace("\n\n", "\n")
    assert said["The choir"]["url"] == "http://a.example/2"


# Rebuilding with and without extraction


def reworded(root: Path) -> None:
    """Change a text in the day's articles, as no extractor would read it."""
    file = next(day(root).glob("articles-*.jsonl.gz"))
    file.write_bytes(
        gzip.compress(gzip.decompress(file.read_bytes()).replace(b"lighthouse keeper", b"LIGHTHOUSE KEEPER"))
    )


def test_a_rebuild_reads_texts_from_the_articles_of_the_day_and_is_equal(tmp_path: Path) -> None:
    crawled(tmp_path)
    before = dump(tmp_path)
    pipeline.rebuild(Home(tmp_path), following(source("a")))
    assert dump(tmp_path) == before

    reworded(tmp_path)
    pipeline.rebuild(Home(tmp_path), following(source("a")))
    assert "LIGHTHOUSE KEEPER" in articles(tmp_path)["http://a.example/2"].text


def test_a_rebuild_without_the_articles_of_the_day_extracts_and_is_equal(tmp_path: Path) -> None:
    crawled(tmp_path)
    before = dump(tmp_path)
    next(day(tmp_path).glob("articles-*.jsonl.gz")).write_bytes(b"\x1f\x8b damaged")
    pipeline.rebuild(Home(tmp_path), following(source("a")))
    assert dump(tmp_path) == before


def test_a_new_extractor_reads_everything_again_and_nothing_counts_as_edited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    web = crawled(tmp_path)
    reworded(tmp_path)
    pipeline.rebuild(Home(tmp_path), following(source("a")))
    monkeypatch.setattr(extract, "generation", lambda rule=None: "another-2.0")

    web.pages["http://a.example/feed"] = feed("http://a.example/2", updated="2026-11-23T12:00:00Z")
    assert crawl(tmp_path, web, source("a"))["a"].new_versions == 0

    [version] = versions(tmp_path, "http://a.example/2")
    assert (version.generation, "lighthouse keeper" in version.text) == ("another-2.0", True)
    assert (day(tmp_path) / "articles-another-2.0.jsonl.gz").exists()


def test_a_day_that_ends_while_nobody_is_visited_is_closed_whole_at_once(tmp_path: Path) -> None:
    web = FakeWeb({"http://a.example/feed": feed("http://a.example/1"), "http://a.example/1": page(STORY)})
    folder = tmp_path / "archive" / f"{web.now:%Y/%m/%d}"
    with pipeline.opened(Home(tmp_path), following(source("a")), clock=ClockOf(web)) as line:
        line.crawl([source("a")], web, more=lambda busy: ())
        web.now += timedelta(days=1)
        line.close_days(web.now)

        listed = (folder / "manifest-sha256.txt").read_text()
        assert [path.name in listed for path in folder.glob("captures-*")] == [True]
        assert not list(folder.glob("*.open"))
