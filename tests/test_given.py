"""What people give to be compared: what is no text is refused in words, what is one is read as it was written."""

from __future__ import annotations

import codecs
import gzip
import io
import json
import os
import shutil
import sys
import threading
from pathlib import Path

import pytest

from aggregator import words
from aggregator.cli import given
from tests.fakecli import Aggregator, Said
from tests.fakeweb import STORY, FakeWeb, articles, crawl, feed, page, source

ONE = "http://a.example/1"
FRENCH = "\n\n".join(
    f"Le comité numéro {n} a décidé hier après-midi d'évacuer la vieille école où logeaient les réfugiés de l'été."
    for n in ("un", "deux", "trois", "quatre")
)


@pytest.fixture(scope="module")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a text in English and one in French."""
    folder = tmp_path_factory.mktemp("stock")
    (folder / "sources.yaml").write_text('settings: {min_free: 1MB}\nsources:\n  - {id: a, url: "http://a.example/"}\n')
    french = "http://a.example/2"
    web = FakeWeb(
        {
            "http://a.example/feed": feed(ONE, french),
            ONE: page(STORY),
            french: page(FRENCH, title="École", language="fr"),
        }
    )
    crawl(folder, web, source("a", languages=("en", "fr")))
    return folder


@pytest.fixture
def home(stock: Path, tmp_path: Path) -> Path:
    """A copy of it, to do with as one likes."""
    return Path(shutil.copytree(stock, tmp_path, dirs_exist_ok=True))


def ask(aggregator: Aggregator, home: Path, *what: object, stdin: bytes = b"") -> Said:
    return aggregator("--home", home, "reposts", *what, stdin=stdin)


def written(home: Path, data: bytes, name: str = "leaflet.txt") -> Path:
    path = home / name
    path.write_bytes(data)
    return path


# A text


@pytest.mark.parametrize(
    ("data", "url"),
    [
        (STORY.encode(), ONE),
        (codecs.BOM_UTF8 + STORY.encode(), ONE),
        (STORY.encode("utf-16"), ONE),
        (codecs.BOM_UTF16_BE + STORY.encode("utf-16-be"), ONE),
        (STORY.encode("utf-32"), ONE),
        (FRENCH.encode("cp1252"), "http://a.example/2"),
        (FRENCH.encode() + b"\xff", "http://a.example/2"),
    ],
)
def test_a_text_is_read_as_it_was_written(aggregator: Aggregator, home: Path, data: bytes, url: str) -> None:
    for said in (
        ask(aggregator, home, written(home, data), "--json"),
        ask(aggregator, home, "-", "--json", stdin=data),
    ):
        [pair] = [one for one in said.lines if one["type"] == "pair"]
        assert url in pair["urls"]
        assert max(pair["coverage"]) > 0.99


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"%PDF-1.7\n" + b"text " * 50, "a PDF"),
        (b"PK\x03\x04" + b"word/document.xml " * 50, "a zip file"),
        (b"\x7fELF" + b"a" * 50, "a program"),
        (gzip.compress(STORY.encode()), "a compressed file"),
        (STORY.encode() + b"\0", "no text file"),
        (STORY.encode("utf-16-le"), "no text file"),
        (bytes(range(128, 256)) * 9, "no text file"),
        ("Полиция забрала кухню на колёсах на рассвете".encode("cp1251"), "another encoding"),
    ],
)
def test_what_is_no_text_is_refused(aggregator: Aggregator, home: Path, data: bytes, what: str) -> None:
    for said in (ask(aggregator, home, written(home, data)), ask(aggregator, home, "-", stdin=data)):
        assert (said.code, said.out) == (2, "")
        assert what in said.err and "Nothing was done" in said.err and "Save it as text" in said.err


@pytest.mark.parametrize(("data", "what"), [(b"", "is empty"), (b" \n", "is empty"), (b"-- ... !\n", "has no words")])
def test_what_has_no_words_is_not_compared(aggregator: Aggregator, home: Path, data: bytes, what: str) -> None:
    for said in (ask(aggregator, home, written(home, data)), ask(aggregator, home, "-", stdin=data)):
        assert (said.code, said.out) == (2, "")
        assert f"{what}. Nothing was compared" in said.err


def test_of_a_text_that_is_too_long_only_the_beginning_is_compared_and_said_so(
    aggregator: Aggregator, home: Path
) -> None:
    long = STORY + " and on" * (words.MAX_COMPARED_CHARS // 7)
    for more in ((), ("--json",)):
        said = ask(aggregator, home, "-", *more, stdin=long.encode())
        assert said.out
        assert f"Only the first 200,000 characters of the {len(long):,} were compared" in said.err
    assert "Only the first" not in ask(aggregator, home, "-", stdin=STORY.encode()).err


def test_pipes_are_read(aggregator: Aggregator, home: Path) -> None:
    fifo = home / "pipe"
    os.mkfifo(fifo)
    writer = threading.Thread(target=fifo.write_text, args=(STORY,))
    writer.start()
    assert articles(home)[ONE].id in ask(aggregator, home, fifo).out
    writer.join()
    read, write = os.pipe()  # as bash substitutes a process
    os.write(write, STORY.encode())
    os.close(write)
    assert articles(home)[ONE].id in ask(aggregator, home, f"/dev/fd/{read}").out
    os.close(read)


def test_a_directory_is_called_one(aggregator: Aggregator, home: Path) -> None:
    said = ask(aggregator, home, home / "archive")
    assert (said.code, said.out) == (2, "")
    assert "is a directory. Nothing was compared" in said.err


# A corpus


def corpus(aggregator: Aggregator, home: Path, data: bytes) -> tuple[Said, Said]:
    """Compare the texts of a file, then the same through a pipe."""
    return (
        aggregator("reposts", "--docs", written(home, data, "docs.jsonl"), "--json"),
        aggregator("reposts", "--docs", "-", "--json", stdin=data),
    )


def lines(*docs: object) -> bytes:
    return "\n".join(json.dumps(doc, ensure_ascii=False) for doc in docs).encode()


TWO = lines({"id": "1", "text": STORY}, {"id": "2", "text": STORY})


@pytest.mark.parametrize("data", [TWO, gzip.compress(TWO), codecs.BOM_UTF8 + TWO, TWO.decode().encode("utf-16")])
def test_a_corpus_is_read_as_it_was_written(aggregator: Aggregator, tmp_path: Path, data: bytes) -> None:
    for said in corpus(aggregator, tmp_path, data):
        assert {"1", "2"} == {i for one in said.lines if one["type"] == "cluster" for i in one["members"]}


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"", " has no texts"),
        (b"\n\n", " has no texts"),
        (
            lines({"id": "x", "text": "t"}, {"id": 7, "text": "t"}, {"id": "x", "text": "t"}),
            ":3: the id 'x' is that of ",
        ),
        (b"\n" + lines({"text": "t"}), ":2: the text has no id"),
        (b"\n" + lines({"id": "x"}), ":2: 'x' has no text"),
        (lines({"id": "x", "text": "t", "language": 7}), ":1: 'x': the language 7 is no string"),
        (lines({"id": "x", "text": "t", "published": "soon"}), ":1: 'x': 'soon' is no date"),
        (lines([{"id": "x", "text": "t"}]), ":1: a JSON array; write one object a line"),
        (b'[\n{"id": "x", "text": "t"}\n]', ":1: a JSON array; write one object a line"),
        (b'{"id": "x",\n"text": "t"}', ":1: no JSON object of one line"),
        (TWO + b"\n\xff", ":3: no UTF-8"),
        (b"%PDF-1.7\n", " is a PDF, not a text file"),
        (b"\x01\x00\x02" * 50, " is not a text file"),
        (gzip.compress(TWO)[:-20], ": Compressed file ended"),
    ],
)
def test_what_is_wrong_in_a_corpus_is_said_with_its_place(
    aggregator: Aggregator, tmp_path: Path, data: bytes, complaint: str
) -> None:
    for said, name in zip(corpus(aggregator, tmp_path, data), ("docs.jsonl", "stdin"), strict=True):
        assert (said.code, said.out) == (2, "")
        assert "Nothing was done" in said.err
        if complaint.startswith(": "):
            assert complaint[2:] in said.err
        else:
            assert f"{name}{complaint}" in said.err


def test_of_two_texts_with_one_id_both_lines_are_named(aggregator: Aggregator, tmp_path: Path) -> None:
    data = b"\n" + lines({"id": 1, "text": "t"}, {"id": "1", "text": "t"})
    path = written(tmp_path, data, "docs.jsonl")
    assert f"{path}:3: the id '1' is that of {path}:2, too." in aggregator("reposts", "--docs", path).err


def test_long_texts_of_a_corpus_are_counted(aggregator: Aggregator, tmp_path: Path) -> None:
    long = "and on " * (words.MAX_COMPARED_CHARS // 7 + 1)
    for said in corpus(aggregator, tmp_path, lines({"id": "1", "text": long}, {"id": "2", "text": STORY})):
        assert "characters of each of 1 long text were compared" in said.err


def test_at_a_terminal_it_says_how_to_end(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    class Terminal(io.TextIOWrapper):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stdin", Terminal(io.BytesIO(STORY.encode())))
    assert given.text("-") == STORY
    assert capsys.readouterr().err == "Paste the text, then press Ctrl-D.\n"


# An article


def test_an_id_that_is_cut_or_mistyped_is_guessed(aggregator: Aggregator, home: Path) -> None:
    known = articles(home)[ONE].id
    swapped = known[:4] + known[5] + known[4] + known[6:]
    for typed in (known[:-1], known[:5], known[1:], f"{known},", f"x{known[1:]}", swapped):
        for command in (("reposts", typed), ("show", typed), ("reposts", "refuse", typed, typed)):
            said = aggregator("--home", home, *command)
            assert (said.code, said.out) == (1, "")
            assert f"Did you mean {known}?" in said.err
    for typed in ("nothing", "no", "", "http://a.example/9", known[:3]):
        said = ask(aggregator, home, typed)
        assert said.code == 1
        assert "Did you mean" not in said.err and "`aggregator search` finds ids" in said.err


def test_what_is_hidden_is_not_guessed(aggregator: Aggregator, home: Path) -> None:
    known = articles(home)[ONE].id
    aggregator("--home", home, "takedown", known, "--hide", "--reason", "other", "--yes")
    for typed in (known, known[:-1], "a.example/1", "https://a.example/1"):
        said = ask(aggregator, home, typed)
        assert (said.code, said.out) == (1, "")
        assert "Did you mean" not in said.err


@pytest.mark.parametrize("typed", ["https://a.example/1", "a.example/1", "//a.example/1", " HTTP://A.example/1#top"])
def test_an_address_is_found_as_browsers_show_it(aggregator: Aggregator, home: Path, typed: str) -> None:
    known = articles(home)[ONE].id
    assert aggregator("--home", home, "show", typed, "--json").json["id"] == known
    assert ask(aggregator, home, typed).code == 0
    assert known in ask(aggregator, home, "watch", typed).out


def test_where_an_address_may_be_two_articles_both_are_named(aggregator: Aggregator, home: Path) -> None:
    sources = (source("a"), source("b", url="https://a.example/", feeds=("https://a.example/feed",)))
    crawl(
        home,
        FakeWeb({"https://a.example/feed": feed("https://a.example/1"), "https://a.example/1": page(STORY)}),
        *sources,
    )
    known = articles(home)
    said = ask(aggregator, home, "a.example/1")
    assert said.code == 1
    assert known[ONE].id in said.err and known["https://a.example/1"].id in said.err
    assert aggregator("--home", home, "show", "https://a.example/1", "--json").json["url"] == "https://a.example/1"
    assert aggregator("--home", home, "show", ONE, "--json").json["url"] == ONE


def test_an_id_goes_before_a_file_of_that_name(
    aggregator: Aggregator, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = articles(home)[ONE].id
    written(home, b"", known)
    monkeypatch.chdir(home)
    said = ask(aggregator, home, known)
    assert said.code == 0
    assert f"./{known} is the file" in said.err
    assert "is empty" in ask(aggregator, home, f"./{known}").err


# A slip


def test_of_two_articles_diff_is_named(aggregator: Aggregator, home: Path) -> None:
    said = ask(aggregator, home, ONE, "http://a.example/2")
    assert (said.code, said.out) == (2, "")
    assert f"Two articles? `aggregator reposts diff {ONE} http://a.example/2`" in said.err
    assert "diff, confirm, refuse, join, split, watch, unwatch" in ask(aggregator, home, "a", "b", "c").err


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (("dif", "x", "y"), "diff x y"),
        (("spilt", "x", "--by", "Maren"), "split x --by Maren"),
        (("Watch", "x"), "watch x"),
        (("unwach", "x y"), "unwatch 'x y'"),
        (("jion",), "join"),
    ],
)
def test_a_slip_of_a_subcommand_is_guessed(
    aggregator: Aggregator, home: Path, typed: tuple[str, ...], meant: str
) -> None:
    for before in ((), ("--home", str(home))):
        said = aggregator("--home", home, "reposts", *before, *typed)
        assert said.code == (2 if len(typed) > 1 else 1)
        if "--by" not in typed or not before:
            assert f"Did you mean `aggregator reposts {meant}`?" in said.err


def test_a_file_named_like_a_subcommand_is_read(
    aggregator: Aggregator, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(home, STORY.encode(), "diffs")
    monkeypatch.chdir(home)
    assert ask(aggregator, home, "diffs", "--json").code == 0


def test_no_usage_line_names_the_word_that_may_be_left_out(aggregator: Aggregator, home: Path) -> None:
    for words_typed in (("--nonsense",), ("find", "--nonsense"), ("--new", "soon")):
        said = ask(aggregator, home, *words_typed)
        assert said.code == 2
        assert "aggregator reposts [OPTIONS]" in said.err and "find" not in said.err


# What is watched


def test_what_is_watched_already_is_said_and_not_noted_again(aggregator: Aggregator, home: Path) -> None:
    known = articles(home)
    assert "already" not in ask(aggregator, home, "watch", ONE).err
    events = (home / "archive/events.jsonl").read_bytes()
    assert f"{known[ONE].id}: watched already." in ask(aggregator, home, "watch", ONE).err
    assert (home / "archive/events.jsonl").read_bytes() == events
    both = ask(aggregator, home, "watch", ONE, "http://a.example/2")
    assert "watched already" in both.err and known["http://a.example/2"].id in both.out


def test_what_is_watched_and_in_no_family_is_named(aggregator: Aggregator, home: Path) -> None:
    copy, sources = "http://b.example/1", (source("a"), source("b"))
    crawl(home, FakeWeb({"http://b.example/feed": feed(copy), copy: page(STORY)}), *sources)
    known = articles(home)
    assert "Nothing is watched" in ask(aggregator, home, "--watched").err
    ask(aggregator, home, "watch", ONE, "http://a.example/2")
    said = ask(aggregator, home, "--watched")
    assert known[ONE].id in said.out
    assert [line for line in said.err.splitlines() if "in no family" in line] == [
        f"Watched, and in no family yet: a {known['http://a.example/2'].id} École"
    ]
    assert "in no family" not in ask(aggregator, home).err
