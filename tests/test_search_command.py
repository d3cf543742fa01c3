"""The command search: an option that would do nothing is refused before anything is done; whatever is typed is read."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from aggregator import notebook
from aggregator.errors import StoreError
from aggregator.home import Home
from aggregator.query import Query, parse
from aggregator.search import corpus, saved, scratch
from tests.fakecli import Aggregator, Said
from tests.fakeweb import NOON
from tests.stockedhome import article, stocked

TEXT = "The harbour was cleared of nets before the ferry came."
ONE = article("one", TEXT)


@pytest.fixture(scope="module")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home of one article, which is only copied."""
    return stocked(tmp_path_factory.mktemp("stock") / "home", [ONE]).root


@pytest.fixture
def home(stock: Path, tmp_path: Path) -> Home:
    """A home of one article, with a manifest of it."""
    made = Home(Path(shutil.copytree(stock, tmp_path / "home")))
    listed = {"id": ONE.id, "version": ONE.version, "url": ONE.url}
    (tmp_path / "m").write_text(json.dumps({"aggregator_manifest": 1, "query": "harbour", "articles": [listed]}))
    return made


@pytest.fixture
def typed(home: Home, aggregator: Aggregator, tmp_path: Path) -> Aggregator:
    """Search with such words and options; M is the manifest, D and Q are files of a corpus."""
    for name, text in (("D", TEXT), ("Q", "harbour")):
        (tmp_path / name).write_text(json.dumps({"id": "1", "text": text}) + "\n")
    files = {"M": tmp_path / "m", "D": tmp_path / "D", "Q": tmp_path / "Q"}
    return lambda line: aggregator("--home", home.root, "search", *(files.get(word, word) for word in line.split()))


# --- options --------------------------------------------------------------------------------------------------------

WAYS = {
    "hits": "harbour",
    "words in context": "harbour --kwic",
    "a curve": "harbour --curve month",
    "citations": "harbour --format ris",
    "a manifest": "--manifest M",
    "a corpus": "--docs D --queries Q",
}
LONELY = {"--kwic-sort left": "--kwic", "--by me": "--save", "--index whoosh": "--docs", "--docs D": "--queries"}
REFUSED = {
    "words in context": ["--sort captured", "--limit 3", "--offset 0", "--facets", "--format atom"],
    "a curve": ["--sort captured", "--limit 3", "--offset 1", "--facets", "--format csl", "--kwic"],
    "citations": ["--sort captured", "--facets", "--json"],
    "a manifest": [
        *("harbour", "--from 2026", "--to 2026", "--source a", "--lang en", "--sort captured", "--as-of 2026-11"),
        *("--facets", "--kwic", "--curve month", "--save early", "--docs D --queries Q"),
    ],
    "a corpus": [
        *("harbour", "--source a", "--sort captured", "--limit 3", "--facets", "--format json", "--kwic"),
        *("--curve month", "--save early", "--as-of 2026-11", "--from 2026"),
    ],
    "hits": [
        *(
            "--limit 101",
            "--json --format jsonl",
            "--facets --format jsonl",
            "--json --format csv",
            "--json --format table",
        ),
        *("--as-of 2026-11 --save early", "--save Early", "--save drop"),
    ],
}


def refused(said: Said, home: Home) -> str:
    """Check that nothing was done, and return why."""
    assert (said.code, said.out) == (2, "")
    assert "Traceback" not in said.err and "Saved" not in said.err
    assert saved.standing(home) == []
    return said.err


@pytest.mark.parametrize("way", WAYS)
def test_each_way_of_answering_answers(typed: Aggregator, way: str) -> None:
    said = typed(WAYS[way])

    assert (said.code, bool(said.out)) == (0, True)


@pytest.mark.parametrize(("way", "option"), [(way, option) for way, options in REFUSED.items() for option in options])
def test_an_option_that_would_do_nothing_is_refused(typed: Aggregator, home: Home, way: str, option: str) -> None:
    why = refused(typed(f"{WAYS[way]} {option}"), home)

    named = next((word for word in option.split() if word.startswith("--")), "a query")
    assert named in why or "no name for a saved search" in why or f"{option.split()[-1]} is written" in why


@pytest.mark.parametrize(("option", "other"), LONELY.items())
@pytest.mark.parametrize("way", ["hits", "a manifest", "a curve"])
def test_an_option_about_another_needs_it(typed: Aggregator, home: Home, way: str, option: str, other: str) -> None:
    assert f"{option.split()[0]} means nothing without {other}" in refused(typed(f"{WAYS[way]} {option}"), home)


@pytest.mark.parametrize("wrong", ["--limit 500", "--format ris --sort captured", "--kwic --offset 3", "--as-of 2026"])
def test_what_is_refused_is_not_saved(typed: Aggregator, home: Home, wrong: str) -> None:
    refused(typed(f"harbour --save early {wrong}"), home)


@pytest.mark.parametrize("empty", ["", "  ", "…", "() -"])
@pytest.mark.parametrize("form", ["table", "csv"])
def test_a_query_without_a_word_finds_everything_and_says_so(
    home: Home, aggregator: Aggregator, empty: str, form: str
) -> None:
    said = aggregator("--home", home.root, "search", empty, "--format", form)

    assert (said.code, ONE.id in said.out) == (0, True)
    assert "every article is found" in said.err
    assert (
        "every article" not in aggregator("--home", home.root, "search", empty, "--source", "a", "--format", form).err
    )


@pytest.mark.parametrize("way", ["hits", "words in context", "a curve", "citations"])
def test_a_search_is_saved_after_it_was_answered_in_any_way(typed: Aggregator, home: Home, way: str) -> None:
    assert "Saved as early" in typed(f"{WAYS[way]} --save early").err
    assert [one.name for one in saved.standing(home)] == ["early"]


def test_a_search_that_finds_nothing_is_saved_and_said_to_with_what_may_have_been_meant(
    typed: Aggregator, home: Home
) -> None:
    for query, said in (("harbuor ferry", "Did you mean: harbour ferry"), ("zeppelin", ""), ("harbour zeppelin", "")):
        told = typed(f"{query} --save early").err.partition("Saved as early")[2]
        assert "No article has all of it now; it is saved nevertheless." in told and said in told

    assert "nevertheless" not in typed("harbour ferry --save late").err
    assert [one.text for one in saved.standing(home)] == ["harbour zeppelin", "harbour ferry"]


def test_a_search_that_fails_is_not_saved(typed: Aggregator, home: Home) -> None:
    (home.fulltext / "generation.json").unlink()

    assert typed("harbour --save early").code == 3
    assert saved.standing(home) == []


def test_whoever_reads_only_the_beginning_has_saved_the_search(tmp_path: Path) -> None:
    home = stocked(tmp_path, [article(str(n), f"{TEXT} {'On and on. ' * 200}") for n in range(60)])
    command = [sys.executable, "-m", "aggregator", "--home", str(tmp_path), "search", "harbour", "--format", "atom"]

    with subprocess.Popen([*command, "--save", "early"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as running:
        assert running.stdout
        running.stdout.close()

    assert running.returncode == 0
    assert [one.name for one in saved.standing(home)] == ["early"]


def test_json_is_a_form_that_may_be_named_twice(typed: Aggregator) -> None:
    both, one = typed("harbour --json --format json --facets").json, typed("harbour --format json").json

    assert both["facets"] == one["facets"]


# --- halves of characters -------------------------------------------------------------------------------------------

HALF = b"qx\xff".decode("utf-8", "surrogateescape")


@pytest.mark.parametrize(
    "words",
    [
        *([f"{field}{HALF}"] for field in ("", "source:", "lang:", "cluster:", "tag:", "url:", "author:", "title:")),
        ["--source", HALF],
        ["--lang", HALF],
        ["harbour", "--source", HALF, "--lang", HALF],
    ],
)
@pytest.mark.parametrize(
    "way", [[], ["--json"], ["nowhere", "--kwic", "--json"], ["--curve", "month", "--json"], ["--format", "ris"]]
)
def test_what_is_no_utf8_finds_nothing_and_damages_nothing(
    aggregator: Aggregator, home: Home, words: list[str], way: list[str]
) -> None:
    said = aggregator("--home", home.root, "search", *words, *way)

    assert said.code == 0
    assert ONE.id not in said.out and "damaged" not in said.err


def test_what_is_no_utf8_is_exported_and_saved_as_what_it_is(
    aggregator: Aggregator, home: Home, tmp_path: Path
) -> None:
    about = ["harbour", f"-{HALF}z", "--source", "a"]
    assert aggregator("--home", home.root, "export", "manifest", *about, "-o", tmp_path / "out", "--to", HALF).code == 0
    assert aggregator("--home", home.root, "search", *about, "--save", "early").code == 0

    said = aggregator("--home", home.root, "searches", "--json")
    assert said.json[0]["query"].startswith("harbour -qx\ufffd")


def test_a_notebook_reads_halves_of_characters_as_the_command_does(home: Home) -> None:
    with notebook.open_home(home.root) as opened:
        assert len(opened.search("harbour")) == 1
        with pytest.warns(notebook.SearchNote, match="source 'qx\ufffd'"):
            assert len(opened.search(f"cluster:{HALF} harbour", source=HALF, language=[HALF])) == 0


def test_what_was_saved_with_halves_of_characters_is_listed(aggregator: Aggregator, home: Home) -> None:
    asked = Query(f"harbour OR {HALF}", parse("harbour OR qx").node)
    saved.save(home, "early", asked, by="t", now=NOON)

    said = aggregator("--home", home.root, "searches", "--json")
    assert said.json[0]["query"] == "harbour OR qx\ufffd"
    assert aggregator("--home", home.root, "searches", "early", "--json").code == 0


@pytest.mark.parametrize("where", ["query", "made", "program"])
@pytest.mark.parametrize("form", ["json", "table", "jsonl", "atom", "csv"])
def test_a_manifest_with_halves_of_characters_is_shown(
    typed: Aggregator, tmp_path: Path, where: str, form: str
) -> None:
    said = json.loads((tmp_path / "m").read_text()) | {where: "x\ud800"}
    (tmp_path / "m").write_text(json.dumps(said))

    shown = typed(f"--manifest M --format {form}")

    assert (shown.code, ONE.id in shown.out) == (0, True)
    assert form != "json" or where == "program" or shown.json[where] == "x\ufffd"


@pytest.mark.parametrize("engine", ["whoosh", "tantivy"])
@pytest.mark.parametrize("name", ["language", "site", "title", "url", "text"])
def test_a_text_with_halves_of_characters_is_found(typed: Aggregator, tmp_path: Path, name: str, engine: str) -> None:
    (tmp_path / "D").write_text(json.dumps({"id": "1", "text": TEXT} | {name: "harbour \ud800"}))

    [said] = typed(f"--docs D --queries Q --index {engine} --json").lines

    assert [hit["id"] for hit in said["hits"]] == ["1"]


@pytest.mark.parametrize("name", ["D", "Q"])
@pytest.mark.parametrize("json_too", ["", " --json"])
def test_an_id_that_no_file_can_hold_is_refused(typed: Aggregator, tmp_path: Path, name: str, json_too: str) -> None:
    (tmp_path / name).write_text(json.dumps({"id": "\ud800", "text": TEXT}))

    said = typed(f"--docs D --queries Q{json_too}")

    assert (said.code, said.out) == (2, "")
    assert f"{name}:1: the id '\\ud800' has half a character" in said.err


# --- a corpus -------------------------------------------------------------------------------------------------------


@pytest.fixture
def aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the system's temporary folder is meanwhile."""
    folder = tmp_path / "aside"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


@pytest.mark.parametrize("engine", ["whoosh", "tantivy"])
@pytest.mark.parametrize("question", ["!!!", "", "…"])
def test_a_question_without_words_has_no_hits(typed: Aggregator, tmp_path: Path, engine: str, question: str) -> None:
    asked = [{"id": "q", "text": question}, {"id": "r", "text": "harbour"}]
    (tmp_path / "Q").write_text("\n".join(map(json.dumps, asked)))

    said = typed(f"--docs D --queries Q --index {engine} --json")

    assert [(line["query"], len(line["hits"])) for line in said.lines] == [("q", 0), ("r", 1)]
    assert "q: nothing" in typed(f"--docs D --queries Q --index {engine}").out


def test_nothing_was_done_with_a_corpus_that_cannot_be_read(typed: Aggregator, tmp_path: Path) -> None:
    (tmp_path / "D").write_text(json.dumps({"id": "1"}))

    assert "D:1: '1' has no text; each needs one, a string. Nothing was done." in typed("--docs D --queries Q").err


def test_nobody_without_a_home_is_told_to_rebuild_one(aside: Path) -> None:
    def damaging() -> Iterator[tuple[str, str]]:
        for stamp in aside.glob("*/index/generation.json"):
            stamp.unlink()
        yield "q", "harbour"

    with pytest.raises(StoreError, match="run it again") as refused:
        list(corpus.in_corpus([ONE], damaging(), engine="whoosh"))

    assert "rebuild" not in str(refused.value)


def test_the_index_of_a_corpus_goes_with_whoever_reads_no_further(aside: Path) -> None:
    with closing(corpus.in_corpus([ONE], itertools.repeat(("q", "harbour")), engine="whoosh")) as answers:
        assert next(answers)[1]
        assert len(list(aside.iterdir())) == 1

    assert list(aside.iterdir()) == []


ASKED = 2_000
"""The answers to so many questions are more than any pipe holds."""


def begun(aside: Path, tmp_path: Path) -> subprocess.Popen[bytes]:
    """Start a search of a corpus that has its index and writes answers without end into a pipe that is not emptied."""
    (tmp_path / "docs").write_text(json.dumps({"id": "1", "text": TEXT}))
    (tmp_path / "asked").write_text("\n".join(json.dumps({"id": n, "text": "harbour"}) for n in range(ASKED)))
    command = [sys.executable, "-m", "aggregator", "search", "--docs", str(tmp_path / "docs")]
    running = subprocess.Popen(
        [*command, "--queries", str(tmp_path / "asked"), "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        pipesize=4096,
        env=os.environ | {"TMPDIR": str(aside)},
    )
    assert running.stdout and b'"1"' in running.stdout.readline()
    assert len(list(aside.glob(f"{scratch.PREFIX}*/index"))) == 1
    return running


def test_a_search_that_outlives_its_terminal_is_not_ended_by_it(aside: Path, tmp_path: Path) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup starts it
    try:
        started = begun(aside, tmp_path)
    finally:
        signal.signal(signal.SIGHUP, before)
    with started as running:
        running.send_signal(signal.SIGHUP)
        out, _ = running.communicate(timeout=60)

    assert (running.returncode, json.loads(out.splitlines()[-1])["query"]) == (0, str(ASKED - 1))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_search_that_is_ended_leaves_no_words_behind(aside: Path, tmp_path: Path, number: signal.Signals) -> None:
    with begun(aside, tmp_path) as running:
        running.send_signal(number)
        _, err = running.communicate(timeout=30)

    assert running.returncode == 130
    assert list(aside.iterdir()) == []
    assert b"Traceback" not in err


def test_what_a_kill_left_is_removed_by_the_next_search_and_what_is_in_use_is_not(aside: Path, tmp_path: Path) -> None:
    with begun(aside, tmp_path) as killed:
        killed.kill()
    [left] = aside.iterdir()
    (aside / f"{scratch.PREFIX}link").symlink_to(tmp_path)
    (aside / f"{scratch.PREFIX}beginning").mkdir()

    with begun(aside, tmp_path) as running:
        [used] = {path.parent for path in aside.glob(f"{scratch.PREFIX}*/index")}
        list(corpus.in_corpus([replace(ONE)], [("q", "harbour")], engine="whoosh"))
        assert used.exists() and used != left
        running.kill()

    assert not left.exists() and (tmp_path / "docs").exists()
    assert (aside / f"{scratch.PREFIX}beginning").exists()
