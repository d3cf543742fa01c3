"""What is derived can be made again: from the archive alone, after a kill, by another program."""

from __future__ import annotations

import shutil
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from aggregator import pipeline, search
from aggregator.errors import StoreError
from aggregator.home import Home
from aggregator.model import Source
from aggregator.query import parse
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
    matches,
    page,
    redirect,
    refused,
    source,
    versions,
)

QUERIES = ("mattresses", "lighthouse", '"the stove and eleven"', "estuary -choir", "nowhere")


def eventful(root: Path) -> tuple[FakeWeb, tuple[Source, ...]]:
    """Crawl two sources into a home: a repost, a redirect, an edit, a 404, a PDF, a host that does not answer."""
    a, b = source("a"), source("b")
    web = FakeWeb(
        {
            "http://a.example/feed": (200, {"ETag": '"1"'}, feed(*(f"http://a.example/{n}" for n in range(1, 7)))),
            "http://a.example/1": page(STORY),
            "http://a.example/2": redirect("/2/"),
            "http://a.example/2/": page(OTHER),
            "http://a.example/3": 404,
            "http://a.example/4": refused("http://a.example/4"),
            "http://a.example/5": (200, {"Content-Type": "application/pdf"}, b"%PDF-1.7"),
            "http://a.example/6": redirect("/"),
            "http://b.example/feed": feed("http://b.example/1"),
            "http://b.example/1": page("(source: a)\n\n" + STORY, title="Taken over"),
        }
    )
    crawl(root, web, a, b)
    web.pages |= {
        "http://a.example/feed": (200, {"ETag": '"2"'}, feed("http://a.example/1", updated="2026-11-22T08:00:00Z")),
        "http://a.example/1": page(STORY + "\n\nUpdate: the store has given everything back."),
        "http://b.example/robots.txt": 500,
    }
    crawl(root, web, a, b)
    return web, (a, b)


def answers(root: Path) -> dict[str, list[tuple[str, float]]]:
    """What the searches find, with the scores."""
    results = {query: search.search(Home(root), parse(query)) for query in QUERIES}
    return {query: [(hit.article.id, hit.score) for hit in r.hits] for query, r in results.items()}


def set_schema(root: Path, number: int) -> None:
    with sqlite3.connect(Home(root).catalogue_file) as connection:
        connection.execute("update schema set number = ?", (number,))
    connection.close()


def test_a_rebuild_gives_every_row_and_every_search_answer_again(tmp_path: Path) -> None:
    _, sources = eventful(tmp_path)
    rows, hits = dump(tmp_path), answers(tmp_path)
    assert {table for table, _ in rows} >= {"captures", "discoveries", "articles", "versions", "credits", "matches"}
    assert {table for table, _ in rows} >= {"clusters", "runs", "failures"}

    pipeline.rebuild(Home(tmp_path), following(*sources))

    assert dump(tmp_path) == rows
    assert answers(tmp_path) == hits
    assert hits["mattresses"] and not hits["nowhere"]


def test_a_rebuild_of_the_index_leaves_the_catalogue_alone(tmp_path: Path) -> None:
    _, sources = eventful(tmp_path)
    rows, hits = dump(tmp_path), answers(tmp_path)
    shutil.rmtree(Home(tmp_path).fulltext)

    pipeline.rebuild(Home(tmp_path), following(*sources), only="index")

    assert dump(tmp_path) == rows
    assert answers(tmp_path) == hits


def test_a_rebuild_does_not_change_the_archive(tmp_path: Path) -> None:
    _, sources = eventful(tmp_path)
    before = {p: p.read_bytes() for p in Home(tmp_path).archive.rglob("*.warc.gz")}

    pipeline.rebuild(Home(tmp_path), following(*sources))

    assert {p: p.read_bytes() for p in Home(tmp_path).archive.rglob("*.warc.gz")} == before


def test_a_source_taken_out_of_sources_yaml_keeps_its_articles_in_a_rebuild(tmp_path: Path) -> None:
    _, (a, _) = eventful(tmp_path)
    before = sorted(articles(tmp_path))

    pipeline.rebuild(Home(tmp_path), following(a))

    assert sorted(articles(tmp_path)) == before


def test_a_kill_before_the_catalogue_was_written_is_caught_up_exactly(tmp_path: Path) -> None:
    web, sources = eventful(tmp_path)
    older = tmp_path / "older.sqlite"
    shutil.copy(Home(tmp_path).catalogue_file, older)
    web.pages["http://a.example/feed"] = feed("http://a.example/7")
    web.pages["http://a.example/7"] = page("A zeppelin was seen above the weir. " + OTHER)
    crawl(tmp_path, web, *sources)
    rows = dump(tmp_path)
    shutil.copy(older, Home(tmp_path).catalogue_file)
    assert dump(tmp_path) != rows

    with pipeline.opened(Home(tmp_path), following(*sources)):
        pass

    assert dump(tmp_path) == rows
    assert found(tmp_path, "zeppelin") == ["http://a.example/7"]


def test_a_lost_catalogue_is_made_again_by_the_next_writer(tmp_path: Path) -> None:
    _, sources = eventful(tmp_path)
    rows, hits = dump(tmp_path), answers(tmp_path)
    Home(tmp_path).catalogue_file.unlink()

    with pipeline.opened(Home(tmp_path), following(*sources)):
        pass

    assert dump(tmp_path) == rows
    assert answers(tmp_path) == hits


def test_a_catalogue_of_an_older_program_is_rebuilt_by_the_next_writer(tmp_path: Path) -> None:
    _, sources = eventful(tmp_path)
    rows = dump(tmp_path)
    set_schema(tmp_path, 0)

    with pipeline.opened(Home(tmp_path), following(*sources)):
        pass

    assert dump(tmp_path) == rows


def test_a_catalogue_of_a_newer_program_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    _, sources = eventful(tmp_path)
    set_schema(tmp_path, 999)
    before = Home(tmp_path).catalogue_file.read_bytes()

    with (
        pytest.raises(StoreError, match="newer program"),
        pipeline.opened(Home(tmp_path), following(*sources)),
    ):
        pass

    assert Home(tmp_path).catalogue_file.read_bytes() == before


def test_a_search_without_an_index_folder_says_what_to_run(tmp_path: Path) -> None:
    eventful(tmp_path)
    shutil.rmtree(Home(tmp_path).index)

    with pytest.raises(StoreError, match="aggregator rebuild"):
        found(tmp_path, "mattresses")


def test_a_search_without_the_full_text_index_says_what_to_run(tmp_path: Path) -> None:
    eventful(tmp_path)
    shutil.rmtree(Home(tmp_path).fulltext)

    with pytest.raises(StoreError, match="aggregator rebuild"):
        found(tmp_path, "mattresses")


def test_an_index_folder_that_was_deleted_is_made_again_by_the_next_writer(tmp_path: Path) -> None:
    web, sources = eventful(tmp_path)
    hits = answers(tmp_path)
    shutil.rmtree(Home(tmp_path).index)

    crawl(tmp_path, web, *sources)

    assert answers(tmp_path) == hits


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # Whoosh leaves the bad file open
def test_a_damaged_index_says_what_to_run_and_is_mended_by_it(tmp_path: Path) -> None:
    _, sources = eventful(tmp_path)
    hits = answers(tmp_path)
    for toc in Home(tmp_path).fulltext.glob("*.toc"):
        toc.write_bytes(b"not an index")
    with pytest.raises(StoreError, match="aggregator rebuild"):
        answers(tmp_path)

    pipeline.rebuild(Home(tmp_path), following(*sources), only="index")

    assert answers(tmp_path) == hits


def test_a_damaged_catalogue_is_named_and_says_what_to_run(tmp_path: Path) -> None:
    eventful(tmp_path)
    Home(tmp_path).catalogue_file.write_bytes(b"not a database, not at all" * 100)

    with pytest.raises(StoreError, match="aggregator rebuild") as raised:
        found(tmp_path, "mattresses")

    assert raised.value.path == Home(tmp_path).catalogue


def test_the_order_in_which_sources_are_visited_does_not_change_what_is_found(tmp_path: Path) -> None:
    web = {
        "http://a.example/feed": feed("http://a.example/1"),
        "http://a.example/1": page(STORY),
        "http://b.example/feed": feed("http://b.example/1"),
        "http://b.example/1": page("(source: a)\n\n" + STORY, title="Taken over"),
    }
    for name in ("one", "other"):
        (tmp_path / name).mkdir()

    for name, order in (("one", ("a", "b")), ("other", ("b", "a"))):
        for one in order:
            crawl_with = [source("a"), source("b")]
            with pipeline.opened(Home(tmp_path / name), following(*crawl_with)) as line:
                line.crawl([s for s in crawl_with if s.id == one], FakeWeb(dict(web)))

    assert matches(tmp_path / "one") == matches(tmp_path / "other") != []
    with catalogue(tmp_path / "one") as one_known, catalogue(tmp_path / "other") as other_known:
        assert one_known.clusters() == other_known.clusters()


def test_a_rebuild_that_meets_a_damaged_file_leaves_the_old_index_in_place(tmp_path: Path) -> None:
    _, sources = eventful(tmp_path)
    before, answers = dump(tmp_path), found(tmp_path, "mattresses")
    file = min(Home(tmp_path).archive.rglob("*.warc.gz"))
    raw = bytearray(file.read_bytes())
    raw[len(raw) // 2] ^= 0xFF
    file.write_bytes(raw)

    with pytest.raises(StoreError, match=file.name):
        pipeline.rebuild(Home(tmp_path), following(*sources))

    assert dump(tmp_path) == before
    assert found(tmp_path, "mattresses") == answers


def test_a_rebuild_cut_short_between_its_last_steps_is_completed_by_the_next_writer(tmp_path: Path) -> None:
    _, sources = eventful(tmp_path)
    before, answers = dump(tmp_path), found(tmp_path, "mattresses")
    shutil.rmtree(Home(tmp_path).fulltext)

    with pipeline.opened(Home(tmp_path), following(*sources)):
        pass

    assert dump(tmp_path) == before
    assert found(tmp_path, "mattresses") == answers


def test_what_was_mended_and_what_is_missing_is_told(tmp_path: Path) -> None:
    _, sources = eventful(tmp_path)
    first, *_, last = sorted(Home(tmp_path).archive.rglob("*.warc.gz"))
    last.rename(last.with_name(last.name + ".open"))
    with last.with_name(last.name + ".open").open("ab") as file:
        file.write(b"\x1f\x8b torn")
    first.unlink()

    with pipeline.opened(Home(tmp_path), following(*sources)) as line:
        assert [recovery.cut_bytes for recovery in line.mended] == [7]
        assert [Path(file).name for file in line.missing] == [first.name]


def test_a_revisit_whose_earlier_capture_is_gone_costs_itself_alone(tmp_path: Path) -> None:
    etag = (200, {"ETag": '"1"'}, feed("http://a.example/1"))
    web = FakeWeb({"http://a.example/feed": etag, "http://a.example/1": page(STORY)})
    crawl(tmp_path, web, source("a"))
    file = min(Home(tmp_path).archive.rglob("*.warc.gz"))
    file.write_bytes(file.read_bytes().replace(b"\x1f\x8b", b"\x1f\x8c"))

    run = crawl(tmp_path, web, source("a"))["a"]

    assert any("no longer has what was before" in reason for _, reason in run.failed)
    assert crawl(tmp_path, web, source("a"))["a"].ended_at


def test_a_damage_in_the_middle_of_an_open_file_is_not_taken_for_a_torn_tail(tmp_path: Path) -> None:
    _, sources = eventful(tmp_path)
    before = dump(tmp_path)
    file = max(Home(tmp_path).archive.rglob("*.warc.gz"))
    raw = bytearray(file.read_bytes())
    raw[len(raw) // 2] ^= 1
    file.with_name(file.name + ".open").write_bytes(raw)
    file.unlink()

    with pipeline.opened(Home(tmp_path), following(*sources)) as line:
        assert [recovery.cut_bytes for recovery in line.mended] == [0]

    assert file.stat().st_size == len(raw)
    assert dump(tmp_path) == before


def test_versions_stand_in_the_order_of_their_captures_also_when_the_clock_was_set_back(tmp_path: Path) -> None:
    web = FakeWeb({"http://a.example/feed": feed("http://a.example/1"), "http://a.example/1": page(STORY)})
    crawl(tmp_path, web, source("a"))
    web.now -= timedelta(days=40)
    web.pages |= {
        "http://a.example/feed": feed("http://a.example/1", updated="2026-10-12T08:00:00Z"),
        "http://a.example/1": page(STORY + "\n\nUpdate: all is well."),
    }
    crawl(tmp_path, web, source("a"))
    before = dump(tmp_path)

    pipeline.rebuild(Home(tmp_path), following(source("a")))

    assert dump(tmp_path) == before
    assert [v.text.endswith("all is well.") for v in versions(tmp_path, "http://a.example/1")] == [True, False]


def test_a_batch_over_midnight_is_read_once(tmp_path: Path) -> None:
    web = FakeWeb({"http://a.example/feed": feed("http://a.example/1"), "http://a.example/1": page(STORY)})
    web.now = web.now.replace(hour=23, minute=59, second=59, microsecond=985_000)
    crawl(tmp_path, web, source("a"))
    assert {"23", "24"} <= {file.parent.name for file in Home(tmp_path).archive.rglob("*.warc.gz")}
    before = dump(tmp_path)

    with pipeline.opened(Home(tmp_path), following(source("a"))):
        pass

    assert dump(tmp_path) == before


def test_a_home_may_be_called_anything(tmp_path: Path) -> None:
    root = tmp_path / "what?x=1 #% é"
    web = FakeWeb({"http://a.example/feed": feed("http://a.example/1"), "http://a.example/1": page(STORY)})

    crawl(root, web, source("a"))

    assert (root / "index" / "catalogue.sqlite").exists()
    assert list(articles(root)) == ["http://a.example/1"]
