"""Work in pieces: whatever happens to those who do it, what comes of it is the same."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from functools import partial
from inspect import signature
from pathlib import Path
from typing import Any

import pytest

from aggregator import archive, bulk, extract, pipeline
from aggregator.bulk import Failed, Segment, executors
from aggregator.catalogue import Catalogue
from aggregator.errors import AggregatorError, StoreError, UsageError
from aggregator.home import Home
from aggregator.model import ExtractRule, Progress, Source
from aggregator.pipeline import rereading
from tests import badtasks
from tests.fakeweb import NOON, STORY, FakeWeb, crawl, dump, feed, following, page, source
from tests.test_rebuild import eventful

SEGMENT = Segment(file="2026/11/23/captures-1.warc.gz", start=0, stop=10)


# --- maps -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executors, "_processors", lambda: 2)


def mapped(task: Any, folder: Path, count: int = 12) -> list[tuple[int, Any]]:
    with bulk.opened("local") as engine:
        return list(bulk.in_order(engine, partial(task, str(folder)), range(count)))


def times_run(folder: Path) -> dict[str, int]:
    return {path.stem: path.stat().st_size for path in folder.glob("*.ran")}


def test_results_come_in_the_order_of_the_items(tmp_path: Path) -> None:
    assert mapped(badtasks.doubled, tmp_path) == [(n, 2 * n) for n in range(12)]
    assert times_run(tmp_path) == {str(n): 1 for n in range(12)}


@pytest.mark.usefixtures("two")
def test_a_worker_that_is_killed_costs_no_result(tmp_path: Path) -> None:
    assert mapped(badtasks.dying_once, tmp_path) == [(n, 2 * n) for n in range(12)]
    assert times_run(tmp_path)["killed"] == 2


def test_a_task_that_fails_is_tried_again_then_named_and_the_others_go_on(tmp_path: Path) -> None:
    found = dict(mapped(badtasks.failing, tmp_path))

    assert found.pop(5) == Failed("ValueError: five is refused")
    assert found == {n: 2 * n for n in range(12) if n != 5}
    assert times_run(tmp_path)["5"] == bulk.MAX_TRIES


@pytest.mark.usefixtures("two")
def test_a_task_that_kills_every_worker_is_named_and_the_map_ends(tmp_path: Path) -> None:
    found = dict(mapped(badtasks.deadly, tmp_path))

    assert isinstance(found[5], Failed)
    assert all(found[n] == 2 * n for n in found if not isinstance(found[n], Failed))
    assert len(found) == 12


def test_only_so_many_items_are_taken_as_there_is_work_for(tmp_path: Path) -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for n in range(1000):
            taken.append(n)
            yield n

    with bulk.opened("local") as engine:
        results = bulk.in_order(engine, partial(badtasks.doubled, str(tmp_path)), items())
        assert next(results) == (0, 0)
        assert len(taken) <= 3 * engine.slots + 1


def test_what_is_kept_is_not_done_again(tmp_path: Path) -> None:
    with bulk.opened("local") as engine:
        found = dict(
            bulk.in_order(
                engine,
                partial(badtasks.doubled, str(tmp_path)),
                range(6),
                kept=lambda n: -1 if n < 4 else None,
            )
        )

    assert found == {0: -1, 1: -1, 2: -1, 3: -1, 4: 8, 5: 10}
    assert times_run(tmp_path) == {"4": 1, "5": 1}


# --- parts ----------------------------------------------------------------------------------------------------------


def test_a_part_says_what_it_was_given_and_its_manifest_proves_it(tmp_path: Path) -> None:
    part = bulk.put(tmp_path, SEGMENT, [{"key": "a", "é": "line\u2028\n"}, {"key": "b"}])

    assert bulk.kept(tmp_path, SEGMENT) == part
    assert part.rows == 2
    assert bulk.lines(tmp_path, SEGMENT, part) == [{"key": "a", "é": "line\u2028\n"}, {"key": "b"}]
    assert not list(tmp_path.glob(".*"))


def test_of_two_runs_of_a_task_the_first_counts(tmp_path: Path) -> None:
    first = bulk.put(tmp_path, SEGMENT, [{"key": "a"}])

    assert bulk.put(tmp_path, SEGMENT, [{"key": "another"}, {"key": "b"}]) == first
    assert bulk.lines(tmp_path, SEGMENT, first) == [{"key": "a"}]


def test_the_same_lines_are_the_same_bytes(tmp_path: Path) -> None:
    one, other = (tmp_path / name for name in ("one", "other"))
    for folder in (one, other):
        folder.mkdir()
        bulk.put(folder, SEGMENT, [{"key": "a"}])

    assert [path.read_bytes() for path in sorted(one.iterdir())] == [p.read_bytes() for p in sorted(other.iterdir())]


@pytest.mark.parametrize("harm", ["cut", "changed", "gone", "no manifest", "another's manifest"])
def test_a_part_that_is_damaged_is_none(tmp_path: Path, harm: str) -> None:
    part = bulk.put(tmp_path, SEGMENT, [{"key": "a"}])
    [file], [manifest] = tmp_path.glob("*.gz"), tmp_path.glob("*.json")
    if harm == "cut":
        file.write_bytes(file.read_bytes()[:-3])
    elif harm == "changed":
        file.write_bytes(gzip.compress(b'{"key": "b"}\n'))
    elif harm == "gone":
        file.unlink()
    elif harm == "no manifest":
        manifest.unlink()
    else:
        manifest.write_text('{"segment": "other", "rows": 1, "sha256": "0"}')

    assert bulk.kept(tmp_path, SEGMENT) is None
    if harm in ("cut", "changed", "gone"):
        assert bulk.lines(tmp_path, SEGMENT, part) is None


def test_segments_of_files_with_one_name_in_two_folders_have_parts_of_their_own() -> None:
    names = {Segment(file=f"imports/{n}-a/a.warc.gz", start=0, stop=1).name for n in range(3)}
    assert len(names) == 3


# --- keys -----------------------------------------------------------------------------------------------------------


def test_the_key_of_a_reading_tells_apart_whatever_it_depends_on() -> None:
    assert set(signature(extract.about).parameters) == set(signature(extract.read_page).parameters) - {"body"}
    plain: dict[str, Any] = {"url": "http://a.example/", "content_type": "text/html", "captured_at": NOON}
    others: list[dict[str, Any]] = [
        {"url": "http://b.example/"},
        {"content_type": ""},
        {"captured_at": NOON + timedelta(microseconds=1)},
        {"languages": ("fr",)},
        {"languages": ("fr", "en")},
        {"rule": ExtractRule(content="p")},
        {"rule": ExtractRule(title="p")},
        {"rule": ExtractRule(furniture=("p",))},
        {"with_comments": True},
    ]
    keys = [extract.key(b"soup", extract.about(**plain | other)) for other in others]
    keys += [extract.key(body, extract.about(**plain)) for body in (b"soup", b"", b"\nsoup")]

    assert len(set(keys)) == len(keys)


# --- segments -------------------------------------------------------------------------------------------------------


def test_a_file_is_cut_into_stretches_of_whole_records_that_are_all_of_it(tmp_path: Path) -> None:
    eventful(tmp_path)
    folder = Home(tmp_path).archive
    for file in archive.files(folder):
        size = archive.size(folder, file)
        cuts = list(archive.stretches(folder, file, 0, most_bytes=700))

        assert [start for start, _ in cuts] == [0, *(stop for _, stop in cuts[:-1])]
        assert cuts[-1][1] == size
        whole = [entry.end for entry in archive.entries(folder, file)]
        for start, _ in cuts:
            assert [entry.end for entry in archive.entries(folder, file, start)] == [e for e in whole if e > start]
    assert len(cuts) > 1
    assert list(archive.stretches(folder, file, 0, most_bytes=size)) == [(0, size)]


def test_a_stretch_goes_on_to_the_end_where_a_file_is_damaged(tmp_path: Path) -> None:
    eventful(tmp_path)
    folder = Home(tmp_path).archive
    file = archive.files(folder)[0]
    path = folder / file
    path.write_bytes(path.read_bytes()[:2000] + b"nothing that could be read" * 100)

    cuts = list(archive.stretches(folder, file, 0, most_bytes=500))

    assert cuts[-1][1] == path.stat().st_size
    assert [start for start, _ in cuts] == [0, *(stop for _, stop in cuts[:-1])]


# --- re-reading -----------------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read in bulk whatever is behind, in small segments."""
    monkeypatch.setattr(rereading, "FROM_BYTES", {"local": 1, "dask": 1})
    monkeypatch.setattr(rereading, "SEGMENT_BYTES", 2_000)
    monkeypatch.setattr(executors, "_processors", lambda: 1)  # each takes seconds to load the extractor


@pytest.fixture
def crawled(tmp_path: Path) -> tuple[Home, tuple[Source, ...], list[Any]]:
    """A home, its sources and its rows; nothing of what was read in it is kept with the archive."""
    _, sources = eventful(tmp_path)
    forget(tmp_path)
    return Home(tmp_path), sources, dump(tmp_path)


def forget(root: Path) -> None:
    """Leave what was captured, and not what was read there: as if another extractor had read it."""
    for path in Home(root).archive.rglob("articles-*.jsonl.gz"):
        path.unlink()


def rebuilt(home: Home, *sources: Source, here: bool = False) -> list[Progress]:
    """Rebuild a home; what is told. Unless it may read ``here``, this process asks for no reading itself."""
    told: list[Progress] = []
    with pytest.MonkeyPatch.context() as patch:
        if not here:
            patch.setattr(extract, "submit_page", _refused)
        pipeline.rebuild(home, following(*sources), report=told.append)
    return told


def _refused(*_: object, **__: object) -> None:
    raise AggregatorError("it should be in the parts")


def read_here(told: list[Progress]) -> list[str]:
    return [now.doing for now in told if "no worker" in now.doing]


def test_a_rebuild_in_bulk_gives_every_row_that_one_page_by_page_does(crawled: Any) -> None:
    home, sources, rows = crawled

    told = rebuilt(home, *sources)

    assert dump(home.root) == rows
    assert read_here(told) == []
    assert not home.parts.exists()


def test_a_source_taken_out_of_sources_yaml_is_read_in_bulk_as_it_is_page_by_page(crawled: Any) -> None:
    home, (a, _), _ = crawled
    pipeline.rebuild(home, following(a))
    rows = dump(home.root)
    forget(home.root)

    rebuilt(home, a)

    assert dump(home.root) == rows


def test_rules_and_languages_of_sources_hold_for_who_reads_in_bulk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = (ExtractRule(content="article", drop="h1", valid_until=NOON + timedelta(days=9)), ExtractRule(content="p"))
    ruled = source("a", extract=rules, languages=("fr",), mirrors=("other.example",))
    web = FakeWeb({"http://a.example/feed": feed("http://a.example/1"), "http://a.example/1": page(STORY + " Oui.")})
    crawl(tmp_path, web, ruled)
    forget(tmp_path)
    rows = dump(tmp_path)

    rebuilt(Home(tmp_path), ruled)

    assert dump(tmp_path) == rows


def test_a_page_that_nobody_can_read_is_none_in_bulk_either(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    unreadable = (200, {"Content-Type": "application/pdf"}, b"%PDF-1.7 /Root nothing %%EOF")
    web = FakeWeb({"http://a.example/feed": feed("http://a.example/1"), "http://a.example/1": unreadable})
    crawl(tmp_path, web, source("a"))
    forget(tmp_path)
    rows = dump(tmp_path)

    rebuilt(Home(tmp_path), source("a"))

    assert dump(tmp_path) == rows


@pytest.mark.usefixtures("two")
def test_a_worker_killed_in_the_middle_of_a_rebuild_changes_nothing(
    crawled: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, sources, rows = crawled
    monkeypatch.setattr(rereading, "read_segment", badtasks.read_or_die_once)

    told = rebuilt(home, *sources)

    assert dump(home.root) == rows
    assert read_here(told) == []


def test_a_task_that_ran_twice_has_one_row_and_one_part(crawled: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    home, sources, rows = crawled
    monkeypatch.setattr(rereading, "read_segment", badtasks.read_twice)
    kept = stopped(home, *sources)

    names = [path.name.removesuffix(".jsonl.gz") for path in parts_of(kept)]
    with Catalogue(home.root / "index" / "rebuilding" / "catalogue.sqlite") as known:
        noted = known.parts(rereading.JOB, kept.name.removeprefix(f"{rereading.JOB}-"))
    assert sorted(noted) == sorted(names) != []

    rebuilt(home, *sources)

    assert dump(home.root) == rows


def stopped(home: Home, *sources: Source) -> Path:
    """Rebuild until all is read and no further, as after a kill; return the folder of the parts."""
    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(pipeline.Pipeline, "update_index", _interrupted)
        pipeline.rebuild(home, following(*sources))
    [kept] = home.parts.iterdir()
    return kept


def _interrupted(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def parts_of(kept: Path) -> list[Path]:
    return sorted(kept.glob("*.jsonl.gz"))


def test_a_rebuild_that_was_cut_short_reads_only_the_rest(crawled: Any) -> None:
    home, sources, rows = crawled
    parts = parts_of(stopped(home, *sources))
    before = {path: path.stat().st_ino for path in parts}
    for path in parts[::2]:
        path.unlink()

    [kept] = home.parts.iterdir()
    stopped(home, *sources)

    assert parts_of(kept) == parts
    assert all((path.stat().st_ino == before[path]) for path in parts[1::2])
    rebuilt(home, *sources)
    assert dump(home.root) == rows
    assert not home.parts.exists()


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="it is asked of /proc who is left")
def test_a_rebuild_that_is_killed_leaves_no_process_behind_and_the_next_goes_on_with_its_parts(crawled: Any) -> None:
    home, sources, rows = crawled
    mark = f"BULK_TEST={uuid.uuid4()}"
    code = f"from tests import badtasks; badtasks.rebuild_until_killed({str(home.root)!r})"
    name, _, value = mark.partition("=")
    with subprocess.Popen([sys.executable, "-c", code], env=os.environ | {name: value}) as driver:
        until(lambda: any(path.stat().st_size >= 2 for path in home.parts.rglob("segments.ran")), driver)
        driver.kill()
    until(lambda: not running(mark))
    [kept] = home.parts.iterdir()
    whole = [path for path in parts_of(kept) if path.with_name(path.name.replace(".jsonl.gz", ".json")).exists()]
    before = {path: path.stat().st_ino for path in whole}
    assert len(before) >= 2

    stopped(home, *sources)

    assert before.items() < {path: path.stat().st_ino for path in parts_of(kept)}.items()
    rebuilt(home, *sources)
    assert dump(home.root) == rows


def until(so: Callable[[], bool], driver: subprocess.Popen[bytes] | None = None) -> None:
    """Wait for something that will be so, two minutes at most."""
    end = time.monotonic() + 120
    while not so():
        assert time.monotonic() < end
        assert driver is None or driver.poll() is None
        time.sleep(0.02)


def running(mark: str) -> list[str]:
    """Return the processes that have something in their environment."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            found += [path.parent.name] if mark.encode() in path.read_bytes() else []
    return found


def test_a_part_that_was_damaged_meanwhile_is_made_again(crawled: Any) -> None:
    home, sources, rows = crawled
    kept = stopped(home, *sources)
    whole = {path: path.read_bytes() for path in parts_of(kept)}
    harmed = max(whole, key=lambda path: len(whole[path]))
    harmed.write_bytes(whole[harmed][:-9])

    stopped(home, *sources)

    assert {path: path.read_bytes() for path in parts_of(kept)} == whole
    rebuilt(home, *sources)
    assert dump(home.root) == rows


def test_a_segment_that_no_worker_can_read_is_named_and_read_here(
    crawled: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, sources, rows = crawled
    monkeypatch.setattr(rereading, "read_segment", badtasks.read_but)

    told = rebuilt(home, *sources, here=True)

    assert dump(home.root) == rows
    assert len(read_here(told)) == len(archive.files(home.archive))
    assert all("ValueError: no" in said for said in read_here(told))


def test_a_piece_that_is_too_long_to_be_read_at_once_is_read_here(
    crawled: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, sources, rows = crawled
    monkeypatch.setattr(rereading, "MAX_SEGMENT_BYTES", 10)

    told = rebuilt(home, *sources, here=True)

    assert dump(home.root) == rows
    assert all("it is one piece of" in said for said in read_here(told))
    assert read_here(told)


def test_a_damaged_archive_is_named_in_bulk_as_it_is_page_by_page(crawled: Any) -> None:
    home, sources, rows = crawled
    file = min(home.archive.rglob("*.warc.gz"))
    raw = bytearray(file.read_bytes())
    raw[len(raw) // 2] ^= 0xFF
    file.write_bytes(raw)

    with pytest.raises(StoreError, match=file.name):
        rebuilt(home, *sources, here=True)

    assert dump(home.root) == rows


def test_a_worker_with_another_extractor_reads_nothing(crawled: Any) -> None:
    home, sources, _ = crawled
    kept = stopped(home, *sources)
    bulk.put_order(kept, bulk.order(kept) | {"generation": "another"})
    other = Segment(file=archive.files(home.archive)[0], start=0, stop=1)

    with pytest.raises(AggregatorError, match="install the same version"):
        rereading.read_segment(str(kept), other)


def test_an_import_is_read_in_bulk(tmp_path: Path, crawled: Any) -> None:
    home, sources, _ = crawled
    theirs = tmp_path / "theirs.warc.gz"
    theirs.write_bytes(max(home.archive.rglob("*.warc.gz"), key=lambda path: path.stat().st_size).read_bytes())
    rows = {}
    for name, here in (("as ever", True), ("in bulk", False)):
        other = Home(tmp_path / name)
        other.root.mkdir()
        with pytest.MonkeyPatch.context() as patch, pipeline.opened(other, following(*sources)) as line:
            if here:
                patch.setattr(rereading, "FROM_BYTES", {"local": 1 << 60})
            else:
                patch.setattr(extract, "submit_page", _refused)
            _, new = line.bring_in(theirs)
        assert new
        rows[name] = dump(other.root)

    assert rows["in bulk"] == rows["as ever"]


def test_an_erase_leaves_nothing_of_parts_that_a_kill_left_behind(crawled: Any) -> None:
    home, sources, _ = crawled
    kept = stopped(home, *sources)
    held = os.open(max(parts_of(kept), key=lambda path: path.stat().st_size), os.O_RDONLY)

    pipeline.rebuild(home, following(*sources), scrub=True)

    assert set(os.read(held, 1 << 20)) == {0}
    os.close(held)


def test_little_is_read_page_by_page(crawled: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    home, sources, rows = crawled
    monkeypatch.setattr(rereading, "FROM_BYTES", {"local": 1 << 40})

    with pytest.raises(AggregatorError, match="in the parts"):
        rebuilt(home, *sources)

    rebuilt(home, *sources, here=True)
    assert dump(home.root) == rows


def test_what_was_read_when_its_day_was_closed_is_not_read_in_bulk(crawled: Any) -> None:
    home, sources, rows = crawled
    rebuilt(home, *sources)
    [closed] = {path.parent for path in home.archive.rglob("articles-*.jsonl.gz")}
    files = [path.name for path in closed.glob("captures-*.warc.gz")]
    assert files

    kept = stopped(home, *sources)

    assert not [path for path in parts_of(kept) if path.name.startswith(tuple(files))]
    rebuilt(home, *sources)
    assert dump(home.root) == rows


def test_dask_without_its_package_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)

    with pytest.raises(UsageError, match=r"pip install 'aggregator\[dask\]'"), bulk.opened("dask://127.0.0.1:8786"):
        pass
