"""Each engine keeps what the index promises: along the whole line, on damage, on a full disk, and in its order."""

from __future__ import annotations

import json
import os
import random
import resource
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, cast

import pytest

from aggregator import analysis, disk, index, pipeline, search, takedown
from aggregator.errors import AggregatorError, BusyError, NoSpaceError, StoreError
from aggregator.home import Home
from aggregator.index import Asked, Sort, sums
from aggregator.model import Article, Following
from aggregator.query import All, Node, Not, Only, Phrase, Reach, Word, parse
from aggregator.query import Any as Some
from aggregator.takedown import Scope
from tests import collection, doors, stockedhome, storm
from tests.fakecli import Aggregator
from tests.fakeweb import NOON, OTHER, STORY, FakeWeb, articles, feed, following, found, page, source
from tests.indexing import ENGINES, indexed, opened
from tests.test_two_processes import READS, as_somebody, meanwhile

FEED = "http://a.example/feed"
ONE, TWO = "http://a.example/1", "http://a.example/2"
SLOW_S = 2.0

pytestmark = pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"  # Whoosh leaves a bad file open
)


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def written_with(engine: str, known: Following) -> Following:
    return replace(known, settings=replace(known.settings, index=engine))


def crawl(root: Path, web: FakeWeb, engine: str) -> None:
    known = written_with(engine, following(source("a"), source("b")))
    with pipeline.opened(Home(root), known) as line:
        line.crawl(known.sources, web)


def two_pages() -> FakeWeb:
    return FakeWeb({FEED: feed(ONE, TWO), ONE: page(STORY, title="The loft"), TWO: page(OTHER, title="The choir")})


# The whole line


def test_of_an_edited_page_the_new_words_are_found_and_the_old_ones_are_not(tmp_path: Path, engine: str) -> None:
    web = two_pages()
    crawl(tmp_path, web, engine)
    assert index.engine_of(Home(tmp_path).fulltext) == engine
    assert (found(tmp_path, "trolleys"), found(tmp_path, "tenors")) == ([ONE], [TWO])

    web.pages[FEED] = feed(ONE, TWO, updated="2026-11-22T10:00:00Z")
    web.pages[ONE] = page(STORY.replace("three trolleys", "one wheelbarrow"), title="The loft")
    crawl(tmp_path, web, engine)

    assert (found(tmp_path, "wheelbarrow"), found(tmp_path, "trolleys")) == ([ONE], [])
    assert found(tmp_path, '"one wheelbarrow"') == [ONE]
    assert found(tmp_path, "-tenors") == [ONE]


@pytest.mark.parametrize("only", [None, "index"])
def test_a_rebuild_gives_every_answer_again(tmp_path: Path, engine: str, only: str | None) -> None:
    crawl(tmp_path, two_pages(), engine)
    before = [found(tmp_path, query) for query in ("trolleys", "tenors", "tit*", '"net loft"', "source:a")]

    pipeline.rebuild(Home(tmp_path), written_with(engine, following(source("a"), source("b"))), only=only)

    assert index.engine_of(Home(tmp_path).fulltext) == engine
    assert [found(tmp_path, query) for query in ("trolleys", "tenors", "tit*", '"net loft"', "source:a")] == before


SOURCES_YAML = """
settings: {{contact: desk@example.org, min_free: 1MB, index: {engine}}}
sources: [{{id: a, name: a, url: 'http://a.example/', feeds: ['http://a.example/feed'], pace: 0s}}]
"""


@pytest.mark.parametrize("command", [("crawl",), ("rebuild",), ("rebuild", "--only", "index")])
def test_the_engine_is_changed_in_sources_yaml_and_back(
    tmp_path: Path, aggregator: Aggregator, monkeypatch: pytest.MonkeyPatch, command: Sequence[str]
) -> None:
    monkeypatch.setattr("aggregator.fetch.Fetcher", lambda _: two_pages())
    fulltext = Home(tmp_path).fulltext
    for number, engine in enumerate(("whoosh", "tantivy", "whoosh")):
        (tmp_path / "sources.yaml").write_text(SOURCES_YAML.format(engine=engine))
        said = aggregator("--home", tmp_path, *(command if number else ("crawl",)))

        assert (said.code, index.engine_of(fulltext)) == (0, engine), said.err
        assert (found(tmp_path, "trolleys"), found(tmp_path, "tenors")) == ([ONE], [TWO])
        assert any(fulltext.glob("*.toc")) == (engine == "whoosh")
        assert (fulltext / "meta.json").exists() == (engine == "tantivy")


def test_what_is_hidden_or_closed_is_not_found(tmp_path: Path, engine: str) -> None:
    crawl(tmp_path, two_pages(), engine)
    home = Home(tmp_path)
    what = takedown.target(home, [ONE], Scope.ARTICLE, erase=False)
    takedown.decide(
        home, what, scope=Scope.ARTICLE, reason="other", by="test", erase=False, until=None, now=datetime.now(UTC)
    )
    assert (found(tmp_path, "trolleys"), found(tmp_path, "tenors")) == ([], [TWO])
    assert search.search(home, parse("")).facets["source"] == [("a", 1)]

    home.sources_yaml.write_text("sources: [{id: a, url: 'http://a.example/', access: dark}]\n")
    assert found(tmp_path, "tenors") == []


def crawling(home: Home) -> Callable[[], None]:
    """Crawl with tantivy: from the second crawl on, what was found is edited again and again."""
    known = written_with("tantivy", following(*storm.SOURCES))

    def work() -> None:
        with pipeline.opened(home, known, wait_s=10) as line:
            for _, pages in storm.passes(storm.SMALL):
                line.crawl(known.sources, FakeWeb(pages))

    return work


def rebuilding(home: Home) -> Callable[[], None]:
    def work() -> None:
        pipeline.rebuild(home, written_with("tantivy", following(*storm.SOURCES)))

    return work


@pytest.mark.parametrize("work", [crawling, rebuilding])
def test_readers_of_tantivy_go_on_while_another_process_writes(
    tmp_path: Path, work: Callable[[Home], Callable[[], None]]
) -> None:
    home = Home(tmp_path)
    crawling(home)()
    with meanwhile(work(home)):
        for _ in range(READS):
            results = search.search(home, parse("over"), limit=10)
            assert results.total >= 1
            assert results.took_ms < 3_000


# Damage


def story(article_id: str, text: str, *, at: datetime = NOON) -> Article:
    return Article(
        id=article_id,
        source_id="a",
        url=f"http://a.example/{article_id}",
        title=None,
        authors=(),
        claimed_at=at,
        captured_at=at,
        language="en",
        text=text,
        version="v",
        number=1,
    )


QUESTIONS = (
    Asked(None, with_facets=True),
    Asked(Word("anchor"), ("en",), limit=10, with_facets=True),
    Asked(Word("w1", Reach.PREFIX), ("en",)),
    Asked(Word("anchr", Reach.NEAR), ("en",)),
    Asked(Phrase(("anchor", "bakery")), ("en",)),
    Asked(All((Word("kettle"), Not(Word("w5")))), ("en",)),
    Asked(Only("source", ("a",)), sort=Sort.CAPTURED, limit=5),
    Asked(Some(tuple(Word(f"w{n}") for n in range(40))), ("en",), limit=10),
)


def answers(folder: Path) -> list[tuple[Any, ...]]:
    with closing(index.Reader(folder)) as reader:
        return [(f.hits, f.total, f.facets) for f in map(reader.ask, QUESTIONS)]


@cache
def sound(engine: str) -> Path:
    """An index of two segments, in the first of which something was replaced."""
    folder = Path(tempfile.mkdtemp()) / engine
    words = (" ".join(f"w{n * k % 97}" for k in range(30)) for n in range(200))
    indexed(folder, engine, (story(f"n{n}", f"v{n} anchor bakery kettle {text}") for n, text in enumerate(words, 1)))
    with closing(opened(folder, engine)) as writer:
        writer.put(story(f"n{n}", f"changed anchor x{n}") for n in range(1, 41))
    return folder


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no reader wait for a writer: there is none."""
    monkeypatch.setattr(index, "_PAUSE_S", 0)


def damaged(path: Path, how: str) -> None:
    raw = path.read_bytes()
    if how == "missing":
        path.unlink()
    elif how == "empty":
        path.write_bytes(b"")
    elif how == "cut off":
        path.write_bytes(raw[: len(raw) * 2 // 3])
    elif how == "longer":
        path.write_bytes(raw + raw)
    elif how == "of another":
        path.write_bytes(
            next(p for p in path.parent.iterdir() if p.suffix != path.suffix and p.stat().st_size).read_bytes()
        )
    elif how == "turned":
        path.write_bytes(bytes([*raw[: len(raw) // 2], raw[len(raw) // 2] ^ 64, *raw[len(raw) // 2 + 1 :]]))
    elif how == "zeros":
        path.write_bytes(bytes(len(raw)))


def of_segments(folder: Path) -> list[Path]:
    noted = json.loads((folder / "sums.json").read_bytes())
    return [folder / name for name in sorted(noted)]


def may_be_asked(folder: Path, right: object) -> None:
    """Whatever was done to it, an index answers right or says what is to be done."""
    try:
        assert answers(folder) == right
    except StoreError as error:
        assert error.exit_code == 3
        assert "rebuild --only index" in str(error)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("how", ["missing", "empty", "cut off", "longer", "of another"])
def test_a_file_of_another_length_is_told_and_the_next_writer_begins_anew(
    tmp_path: Path, engine: str, how: str
) -> None:
    right = answers(sound(engine))
    chance = random.Random(how)
    names = [path.name for path in of_segments(sound(engine)) if path.stat().st_size]
    assert len(names) > 12
    for name in chance.sample(names, 3):
        folder = Path(shutil.copytree(sound(engine), tmp_path / name))
        damaged(folder / name, how)
        may_be_asked(folder, right)

        writer = opened(folder, engine)
        if writer.is_new:
            writer.sign()
        writer.put([story("n3", "after")])
        writer.close()
        assert [i for i, _ in index.search(folder, Asked(Word("after"), ("en",))).hits] == ["n3"]
        assert writer.is_new


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("how", ["turned", "zeros"])
def test_bytes_that_were_changed_are_found_by_the_next_writer(tmp_path: Path, engine: str, how: str) -> None:
    chance = random.Random(how)
    for path in chance.sample([path for path in of_segments(sound(engine)) if any(path.read_bytes())], 4):
        folder = Path(shutil.copytree(sound(engine), tmp_path / path.name))
        damaged(folder / path.name, how)
        try:
            answers(folder)
        except StoreError as error:
            assert "rebuild --only index" in str(error)  # else what it says may be wrong, until a writer looks

        assert opened(folder, engine).is_new


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("how", ["turned", "zeros"])
def test_bytes_that_changed_by_themselves_are_found_by_who_reads_all(tmp_path: Path, engine: str, how: str) -> None:
    with closing(index.Reader(sound(engine))) as reader:
        reader.check()
    chance = random.Random(how)
    for path in chance.sample([path for path in of_segments(sound(engine)) if any(path.read_bytes())], 4):
        folder = Path(shutil.copytree(sound(engine), tmp_path / path.name))
        damaged(folder / path.name, how)
        os.utime(folder / path.name, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns))

        with closing(index.Reader(folder)) as reader, pytest.raises(StoreError, match="rebuild --only index"):
            reader.check()


@pytest.mark.parametrize("byte", range(8))
def test_a_length_in_the_table_of_terms_that_cannot_be_ends_whoever_reads_it(tmp_path: Path, byte: int) -> None:
    for path in (path for path in of_segments(sound("whoosh")) if path.suffix == ".trm"):
        folder = Path(shutil.copytree(sound("whoosh"), tmp_path / path.name))
        raw = bytearray(path.read_bytes())
        raw[raw.index(b"anchor") - 10 + byte] ^= 64  # two lengths of four bytes, the number of the field, the term
        (folder / path.name).write_bytes(raw)
        os.utime(folder / path.name, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns))
        for word in (Word("anch", Reach.PREFIX), Word("anchr", Reach.NEAR)):
            with suppress(StoreError):  # a short length may pass for another word: who reads all finds it
                index.search(folder, Asked(word, ("en",)))

        writer = index.Writer(folder)
        with suppress(StoreError):
            for n in range(12):
                writer.put([story(f"m{n}", "anchor")])
            writer.tidy()
        writer.close()


def test_a_part_that_is_damaged_is_not_put_together_with_others(tmp_path: Path) -> None:
    writer = opened(tmp_path / "index", "whoosh")
    for n in range(9):
        writer.put([story(f"n{n}", "anchor")])
    path = next((tmp_path / "index").glob("*.trm"))
    touched = path.stat().st_mtime_ns
    damaged(path, "turned")
    os.utime(path, ns=(touched, touched))

    with pytest.raises(StoreError, match="rebuild --only index"):
        for n in range(9, 20):
            writer.put([story(f"n{n}", "anchor")])
    writer.close()

    assert opened(tmp_path / "index", "whoosh").is_new


def test_after_a_restore_a_writer_reads_all_once(tmp_path: Path, engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path(shutil.copytree(sound(engine), tmp_path / "index", copy_function=shutil.copyfile))
    read: list[str] = []
    summed = sums._sum

    def remembered(path: Path) -> tuple[int, int, int]:
        read.append(path.name)
        return summed(path)

    monkeypatch.setattr(sums, "_sum", remembered)

    counts = []
    for n in range(2):
        read.clear()
        with closing(opened(folder, engine)) as writer:
            counts.append(len(read))
            writer.put([story(f"r{n}", "anchor")])

    assert counts[0] > 12
    assert counts[1] == 0


NONSENSE = (b"", b"7", b"\xff\xfe", b'{"engine": []}', b"[" * 200_000)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("name", ["generation.json", "sums.json", "meta.json", ".managed.json", "_MAIN_2.toc"])
def test_nonsense_beside_the_segments_is_told_and_mended(tmp_path: Path, engine: str, name: str) -> None:
    if not (sound(engine) / name).exists():
        pytest.skip("the other engine's")
    right = answers(sound(engine))
    for number, nonsense in enumerate(NONSENSE):
        folder = Path(shutil.copytree(sound(engine), tmp_path / str(number)))
        (folder / name).write_bytes(nonsense)
        may_be_asked(folder, right)

        writer = opened(folder, engine)
        assert writer.is_new or answers(folder) == right
        writer.close()


@pytest.mark.usefixtures("impatient")
def test_a_missing_list_of_segments_is_no_empty_index(tmp_path: Path, engine: str) -> None:
    folder = Path(shutil.copytree(sound(engine), tmp_path / "index"))
    for path in (*folder.glob("*.toc"), *folder.glob("meta.json")):
        path.unlink()

    with pytest.raises(StoreError, match="rebuild --only index"):
        answers(folder)
    assert opened(folder, engine).is_new


def test_a_file_that_is_missing_is_never_taken_for_an_empty_one(tmp_path: Path, engine: str) -> None:
    kinds = {path.name.partition(".")[2]: path for path in of_segments(sound(engine))}
    assert len(kinds) > 5
    for path in kinds.values():
        folder = Path(shutil.copytree(sound(engine), tmp_path / path.name))
        (folder / path.name).unlink()

        assert opened(folder, engine).is_new


@pytest.mark.usefixtures("impatient")
def test_a_search_that_fails_leaves_no_file_open(tmp_path: Path, engine: str) -> None:
    for path in of_segments(sound(engine)):
        folder = Path(shutil.copytree(sound(engine), tmp_path / path.name))
        (folder / path.name).unlink()
        with suppress(StoreError):
            answers(folder)

        still_open = [target for fd in Path("/proc/self/fd").iterdir() if (target := at(fd)).startswith(str(folder))]
        assert still_open == []
        assert str(folder) not in Path("/proc/self/maps").read_text()


def at(descriptor: Path) -> str:
    try:
        return str(descriptor.readlink())
    except FileNotFoundError:  # the one that lists them
        return ""


@pytest.mark.usefixtures("impatient")
def test_an_index_that_says_it_is_of_the_other_engine_is_told_and_made_anew(tmp_path: Path) -> None:
    one, other = (Path(shutil.copytree(sound(engine), tmp_path / engine)) for engine in ENGINES)
    names = [folder / "generation.json" for folder in (one, other)]
    said = [path.read_bytes() for path in names]
    for path, wrong in zip(names, reversed(said), strict=True):
        path.write_bytes(wrong)

    for folder, engine in ((one, ENGINES[1]), (other, ENGINES[0])):
        with pytest.raises(StoreError, match="rebuild --only index"):
            answers(folder)
        assert opened(folder, engine).is_new


def test_damage_that_a_writer_meets_on_its_way_ends_it_cleanly_and_the_next_begins_anew(
    tmp_path: Path, engine: str
) -> None:
    folder = Path(shutil.copytree(sound(engine), tmp_path / "index"))
    writer = opened(folder, engine)
    for path in of_segments(folder):
        path.unlink()

    with pytest.raises(StoreError, match="rebuild --only index"):
        writer.put([story("n3", "after")])

    with pytest.raises(StoreError, match="rebuild --only index"):
        answers(folder)
    assert opened(folder, engine).is_new


def test_a_search_that_an_erase_overtook_is_told_so_and_asks_again(tmp_path: Path, engine: str) -> None:
    folder = Path(shutil.copytree(sound(engine), tmp_path / "index"))
    right = answers(folder)
    reader = index.Reader(folder)
    reader.ask(QUESTIONS[0])
    reading = reader._reading
    assert reading

    folder.rename(tmp_path / "before")
    shutil.copytree(sound(engine), folder)
    for path in (tmp_path / "before").iterdir():
        disk.blank(path)

    try:
        reading.answer(QUESTIONS[1])
    except Exception as error:  # of the engine, as it may be; a panic would be none
        said = str(error)
    else:
        said = ""
    assert said
    assert [(f.hits, f.total, f.facets) for f in map(reader.ask, QUESTIONS)] == right


def test_what_fails_in_giving_articles_is_not_taken_for_damage(tmp_path: Path, engine: str) -> None:
    folder = Path(shutil.copytree(sound(engine), tmp_path / "index"))

    def failing() -> Iterator[Article]:
        yield story("n3", "after")
        raise ValueError("code: 28 is what the caller says")

    with pytest.raises(ValueError, match="the caller says") as kept:
        opened(folder, engine).put(failing())

    assert answers(folder) == answers(sound(engine))
    opened(folder, engine).put([story("n3", "after")])  # though the error, and all it knows of, is still there
    assert kept.value.args
    assert index.search(folder, Asked(Word("after"), ("en",))).total == 1


def test_a_second_writer_is_told_so_and_harms_nothing(tmp_path: Path, engine: str) -> None:
    folder = Path(shutil.copytree(sound(engine), tmp_path / "index"))
    first, second = opened(folder, engine), opened(folder, engine)

    def given() -> Iterator[Article]:
        yield story("n3", "after")
        with pytest.raises(BusyError):
            second.put([story("n4", "beside")])

    first.put(given())

    assert index.search(folder, Asked(Word("after"), ("en",))).total == 1
    assert index.search(folder, Asked(Word("beside"), ("en",))).total == 0


# A disk that is full or read-only


@pytest.mark.parametrize("limit", [0, 1_000, 20_000, 100_000])
def test_a_file_that_may_not_grow_ends_a_writer_with_code_4_and_the_last_commit_stays(
    tmp_path: Path, engine: str, limit: int
) -> None:
    folder = Path(shutil.copytree(sound(engine), tmp_path / "index"))
    right = answers(folder)
    chance = random.Random(limit)
    more = [story(f"m{n}", " ".join(f"{chance.getrandbits(40):x}" for _ in range(200))) for n in range(300)]

    def put() -> None:
        writer = opened(folder, engine)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        try:
            writer.put(more)
        except AggregatorError as error:
            os._exit(error.exit_code)

    assert in_a_quiet_child(put) == NoSpaceError.exit_code
    assert answers(folder) == right
    writer = opened(folder, engine)
    assert not writer.is_new
    writer.put(more)
    assert index.search(folder, Asked(None)).total == 500


def in_a_quiet_child(work: Callable[[], None]) -> int:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return doors.in_a_child(work)


def test_who_may_only_read_finds_all_the_same_and_who_writes_is_told(engine: str) -> None:
    with tempfile.TemporaryDirectory() as name:  # pytest's own folders let nobody else in
        root = Path(name)
        root.chmod(0o755)
        folder = Path(shutil.copytree(sound(engine), root / "index"))
        for path in folder.iterdir():
            path.chmod(0o444)
        folder.chmod(0o555)
        right = answers(sound(engine))

        def read() -> None:
            assert answers(folder) == right

        def write() -> None:
            try:
                opened(folder, engine).put([story("n3", "after")])
            except NoSpaceError as error:
                os._exit(error.exit_code)

        assert as_somebody(read) == 0
        assert as_somebody(write) == NoSpaceError.exit_code
        assert answers(folder) == right
        folder.chmod(0o755)


# Order


@pytest.fixture(scope="module")
def equals(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Hundreds of articles that say they are of midnight of one of two days; each fits as well as any other."""
    texts = (f"anchor {' '.join(f'u{n}x{k}' for k in range(8))}" for n in range(420))
    days = ("2026-11-02", "2026-11-03")
    some = [stockedhome.article(f"n{n}", text, title=f"t{n}", at=days[n % 7 == 0]) for n, text in enumerate(texts)]
    return stockedhome.stocked(tmp_path_factory.mktemp("equals") / "home", some).root


@cache
def with_engine(root: Path, engine: str) -> Home:
    other = root.with_name(f"{root.name}-{engine}")
    shutil.copytree(root, other)
    indexed(Home(other).fulltext, engine, articles(other).values())
    return Home(other)


@pytest.mark.parametrize("sort", ["relevance", "published", "captured"])
def test_equals_are_ordered_by_date_then_id_and_pages_put_together_are_the_whole(
    equals: Path, engine: str, sort: str
) -> None:
    home = with_engine(equals, engine)
    asked = parse("anchor")
    pages = [search.search(home, asked, sort=sort, limit=30, offset=at).hits for at in range(0, 450, 30)]
    ids = [hit.article.id for hits in pages for hit in hits]

    known = articles(home.root).values()
    assert ids == [a.id for a in sorted(known, key=lambda a: (-cast("datetime", a.claimed_at).timestamp(), a.id))]
    again = [search.search(home, asked, sort=sort, limit=100, offset=at).hits for at in range(0, 500, 100)]
    assert [hit.article.id for hits in again for hit in hits] == ids


def test_equals_keep_their_order_when_the_index_grows_in_many_steps(tmp_path: Path, engine: str) -> None:
    folder = tmp_path / "index"
    some = [story(f"n{n}", f"anchor u{n}", at=NOON + timedelta(days=n % 3)) for n in range(1, 301)]
    random.Random(1).shuffle(some)
    indexed(folder, engine, some[:50])
    writer = opened(folder, engine)
    for start in range(50, 300, 10):
        writer.put(some[start : start + 10])
    writer.close()

    expected = [a.id for a in sorted(some, key=lambda a: (-a.captured_at.timestamp(), a.id))]
    for limit in (1, 7, 64, 100, 299, None):
        hits = index.search(folder, Asked(Word("anchor"), ("en",), limit=limit)).hits
        assert [article_id for article_id, _ in hits] == expected[:limit]


# Both alike

OVERLAP_FLOOR = 0.97
"""Of the first ten hits of 200 random questions, those that both engines have."""


def test_both_engines_find_the_same_first(tmp_path: Path) -> None:
    texts = [
        replace(story(doc["id"].replace("-", ""), doc["text"]), title=doc["title"], language=doc["language"])
        for doc in collection.docs()
    ]
    languages = tuple(sorted({doc["language"] for doc in collection.docs()}))
    readers = []
    for engine in ENGINES:
        indexed(tmp_path / engine, engine, texts)
        readers.append(index.Reader(tmp_path / engine))
    shares = []
    for node in random_words(texts, 200):
        one, other = (reader.ask(Asked(node, languages, limit=10)) for reader in readers)
        assert one.total == other.total > 0
        shares.append(len({i for i, _ in one.hits} & {i for i, _ in other.hits}) / len(one.hits))

    assert sum(shares) / len(shares) >= OVERLAP_FLOOR


def random_words(texts: Sequence[Article], count: int) -> Iterator[Node]:
    """Yield questions of one to four words of a text: all of them, or any."""
    chance = random.Random(20261123)
    for _ in range(count):
        some = analysis.folded(chance.choice(texts).text)
        words = tuple(map(Word, chance.sample(sorted({word for word in some if len(word) > 3}), chance.randint(1, 4))))
        yield words[0] if len(words) == 1 else All(words) if chance.random() < 0.5 else Some(words)


HOSTILE = (
    "((((" * 300, '"' * 999, "a* b* c* d* e* f*", "~~~~ *", "-a -b -c", "NOT NOT NOT", "OR OR", "title:", "author:*",
    "source:\x00", "\x1f", "before:9999", "after:0000 before:0000", "é\u0301" * 400, "\U0010ffff", "\ud800 kettle",
    "id:zzzzzzzzzzzzzzzzzzzz", "id:0", "url:%00%00", " ".join(f"w{n}~" for n in range(20)), "٣٤ 漢字 ｗｉｄｅ",
    "*" * 500,
)  # fmt: skip


@pytest.mark.parametrize("query", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_questions_are_answered_alike_and_at_once(equals: Path, query: str) -> None:
    said: list[Mapping[str, object]] = []
    for engine in ENGINES:
        try:
            results = search.search(with_engine(equals, engine), parse(query), limit=20)
        except AggregatorError as error:
            said.append({"refused": str(error)})
        else:
            assert results.took_ms < SLOW_S * 1_000
            said.append({"total": results.total, "facets": results.facets, "note": results.note})
    assert said[0] == said[1]
