"""Words in context: every place where they stand, as it stands, in lines that a terminal keeps in columns."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from aggregator import analysis, concordance, takedown
from aggregator.cli import bars
from aggregator.concordance import CONTEXT_CHARS, Line
from aggregator.errors import UsageError
from aggregator.home import Home
from aggregator.query import parse
from aggregator.search.in_context import MAX_LINES, Concordance, words_in_context
from aggregator.takedown import Scope
from tests.fakecli import Aggregator
from tests.stockedhome import article, stocked
from tests.terminals import screen

SOUP = "The camp kitchen served soup. At the old camp, nobody slept;\nthe Camps of spring were gone before the soup."
FRENCH = "Derrière l'entrepôt, le campement tenait encore : l'asile promis n'est jamais venu, et le camp a brûlé."
FORMULA = '=HYPERLINK("http://evil.example") camp'
WIDE = "人々は毎朝 港の camp で 温かいスープを 配っていたと 年老いた 漁師が 語った。 それは 長い 冬の ことだった。"
ARABIC = "قال الصياد العجوز إن camp كان يقدم الحساء كل صباح قرب الميناء القديم طوال الشتاء الطويل"
ACCENTS = "e\u0301te\u0301 apre\u0300s e\u0301te\u0301 le camp e\u0301tait la\u0300, pre\u0300s du vieux ha\u0302vre."
HOSTILE = "He wrote \x1b[31mred\x07 and \u202ekcab\u202c words\tbefore the camp\r\nand <mark>behind</mark> it."
QUILL = "It was Marta Quillfeather who held the lantern in the camp, and Marta Quillfeather who read the names."


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    texts = {"soup": SOUP, "formula": FORMULA, "wide": WIDE, "arabic": ARABIC, "accents": ACCENTS, "hostile": HOSTILE}
    articles = [article(name, text, title="camp") for name, text in texts.items()]
    french = article("fr", FRENCH, language="fr", at="2026-10-01", of="b")
    undated = article("quill", QUILL, at=None, of="c")
    return stocked(tmp_path_factory.mktemp("homes") / "home", [*articles, french, undated])


def ask(home: Home, query: str, order: concordance.Order = "right") -> Concordance:
    return words_in_context(home, parse(query), order=order)


def keys(found: Concordance) -> list[str]:
    return [line.key for line in found.lines]


def lines_of(text: str, *words: str, phrases: Sequence[tuple[str, ...]] = ()) -> list[Line]:
    return list(concordance.lines(article("x", text), set(words).__contains__, phrases))


# Where words stand

WORDS = st.sampled_from(["camp", "Camp", "cámp", "the", "old", "l'asile", "人々", "-", "\n", "e\u0301t", "🚐", "█"])
TEXTS = st.lists(WORDS, max_size=120).map(" ".join) | st.text()


@given(TEXTS)
def test_what_a_line_says_stands_in_the_text_at_its_offsets(text: str) -> None:
    for line in lines_of(text, "camp", "asile", phrases=[("the", "old")]):
        assert text[line.start : line.end] == line.key
        assert text[line.start - len(line.left) : line.end + len(line.right)] == line.left + line.key + line.right
        assert max(len(line.left), len(line.right)) <= CONTEXT_CHARS


@given(TEXTS)
def test_every_place_of_a_word_is_a_line(text: str) -> None:
    naive = [token for token in analysis.tokens(text) if token.word in ("camp", "asile")]

    assert [(line.start, line.end) for line in lines_of(text, "camp", "asile")] == [(t.start, t.end) for t in naive]


@given(st.lists(st.sampled_from("ab"), max_size=30), st.integers(1, 4))
def test_places_do_not_overlap_and_leave_no_phrase_out(words: list[str], length: int) -> None:
    phrase = ("a",) * length
    found = list(concordance.runs(words, lambda _: False, [phrase]))

    # str.count counts in the same way: from the left, none within another
    assert len(found) == "".join(words).count("a" * length)
    assert all(tuple(words[first:end]) == phrase for first, end in found)


def test_where_two_phrases_begin_the_longer_one_is_the_key() -> None:
    found = lines_of("the old camp", "camp", phrases=[("the", "old"), ("the", "old", "camp")])

    assert [line.key for line in found] == ["the old camp"]


def test_the_context_begins_and_ends_with_whole_words() -> None:
    [line] = lines_of("heron " * 60 + "camp" + " otter" * 60, "camp")

    assert set(line.left.split()) == {"heron"} and set(line.right.split()) == {"otter"}
    assert CONTEXT_CHARS - 7 < len(line.left) <= CONTEXT_CHARS


def test_lines_are_sorted_by_what_follows_or_by_what_stands_before_read_backwards() -> None:
    found = lines_of("red Zebra camp ends, blue apple camp Éa began, old apple camp", "camp")

    assert [line.right.split()[:1] for line in concordance.ordered(found, "right")] == [[], ["Éa"], ["ends,"]]
    before = [line.left.split()[-2:] for line in concordance.ordered(found, "left")]
    assert before == [["blue", "apple"], ["old", "apple"], ["red", "Zebra"]]


# What a query shows


def test_a_word_is_shown_in_the_forms_in_which_it_is_found_and_titles_are_left_out(home: Home) -> None:
    found = ask(home, "camp source:a")

    assert found.articles == 6
    assert sorted(keys(found)) == sorted(["camp"] * 7 + ["Camps"])


def test_a_phrase_is_one_key(home: Home) -> None:
    assert keys(ask(home, '"old camp"')) == ["old camp"]
    assert keys(ask(home, '"camp kitchen" soup')) == ["soup", "soup", "camp kitchen"]


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("asile", ["asile"]),
        ("soup -lantern", ["soup", "soup"]),
        ("lanterm~", ["lantern"]),
        ("campe*", ["campement"]),
        ('"camps"', ["Camps"]),
        ("title:camp soup", ["soup", "soup"]),
        ("of spring", ["spring"]),
    ],
)
def test_what_is_shown_is_what_the_query_looks_for_in_texts(home: Home, query: str, shown: list[str]) -> None:
    assert keys(ask(home, query)) == shown


@pytest.mark.parametrize("query", ["source:a", "title:camp", "-camp", 'author:"ana lira"', "published:2026"])
def test_a_query_without_a_word_for_texts_is_refused(home: Home, query: str) -> None:
    with pytest.raises(UsageError, match="no word"):
        ask(home, query)


def test_lines_by_date_begin_with_the_oldest_and_undated_ones_are_where_they_were_seen(home: Home) -> None:
    days = [f"{line.dated:%m-%d}" for line in ask(home, "camp", "date").lines]

    assert days == sorted(days)
    assert (days[0], days[-1]) == ("10-01", "11-23")


def test_copies_are_shown_each(tmp_path: Path) -> None:
    home = stocked(tmp_path / "home", [article("1", SOUP), article("2", SOUP, of="b")])

    assert {line.source_id for line in ask(home, "kitchen").lines} == {"a", "b"}


def test_of_too_many_lines_those_of_the_newest_articles_are_shown_and_it_is_said(
    aggregator: Aggregator, tmp_path: Path
) -> None:
    old, new = article("old", "ferry", at="2026-01-01"), article("new", "ferry " * MAX_LINES, at="2026-02-01")
    home = stocked(tmp_path / "home", [old, new])

    found = ask(home, "ferry")
    said = aggregator("--home", home.root, "search", "ferry", "--kwic")

    assert found.is_cut and {line.article_id for line in found.lines} == {new.id}
    assert (len(found.lines), len(said.out.splitlines())) == (MAX_LINES, MAX_LINES + 1)
    assert "there are more" in said.err


def test_as_many_lines_as_are_allowed_are_not_called_cut(tmp_path: Path) -> None:
    home = stocked(tmp_path / "home", [article("new", "ferry " * MAX_LINES)])

    assert not ask(home, "ferry").is_cut


def test_a_withdrawn_name_is_in_no_line(home: Home, aggregator: Aggregator, tmp_path: Path) -> None:
    home = stocked(tmp_path / "home", [article("quill", QUILL), article("soup", SOUP)])
    what = takedown.target(home, ["Marta Quillfeather"], Scope.NAME, erase=False)
    takedown.decide(
        home, what, scope=Scope.NAME, reason="other", by="t", erase=False, until=None, now=datetime.now(UTC)
    )

    beside = [aggregator("--home", home.root, "search", "lantern", "--kwic", *form) for form in ([], ["--json"])]
    asked = aggregator("--home", home.root, "search", "Quillfeather", "--kwic", "--format", "csv")

    assert all("lantern" in said.out and "█" in said.out for said in beside)
    assert not any("quill" in said.out.lower() for said in (*beside, asked))
    assert len(asked.out.splitlines()) == 1


# What is printed


def test_programs_get_every_line_with_its_place(aggregator: Aggregator, home: Home) -> None:
    said = aggregator("--home", home.root, "search", "kitchen", "--kwic", "--json").json
    [line] = aggregator("--home", home.root, "search", "kitchen", "--kwic", "--format", "jsonl").lines

    assert said["lines"] == [line]
    assert (said["articles"], said["cut"], said["note"]) == (1, False, None)
    wanted = "id version source language published start end left key right"
    assert list(line) == wanted.split()
    assert SOUP[line["start"] : line["end"]] == line["key"] == "kitchen"
    assert (line["left"], line["published"]) == ("The camp ", "2026-11-02T00:00:00Z")


def test_no_cell_of_the_csv_is_a_formula(aggregator: Aggregator, home: Home) -> None:
    said = aggregator("--home", home.root, "search", "camp", "--kwic", "--format", "csv", "--source", "a")

    rows = list(csv.DictReader(io.StringIO(said.out, newline="")))
    [formula] = [row for row in rows if "HYPERLINK" in row["left"]]
    assert formula["left"].startswith("'=")
    assert len(rows) == 8 and not any(cell.startswith(tuple("=+-@")) for row in rows for cell in row.values())


def test_into_a_pipe_a_line_is_a_line_whatever_the_text_has(aggregator: Aggregator, home: Home) -> None:
    said = aggregator("--home", home.root, "search", "camp", "--kwic")

    rows = [line.split("\t") for line in said.out.splitlines()]
    assert rows[0] == ["left", "key", "right", "id", "day"]
    assert {len(row) for row in rows} == {5}
    assert "\x1b" not in said.out and "\u202e" not in said.out
    assert "~2026-11-23" in said.out and "~" in said.err


@pytest.mark.parametrize("columns", [20, 38, 60, 120])
def test_in_a_terminal_the_keys_stand_in_a_column_whatever_the_script(home: Home, columns: int) -> None:
    shown = screen(home.root, columns, "search", "camp", "--kwic")

    assert max(map(cell_len, shown)) <= columns
    keyed = [line for line in shown if " camp" in line.lower()]
    at = {cell_len(line[: line.lower().index(" camp")]) for line in keyed if line.lower().count("camp") == 1}
    assert len(keyed) >= 9 and len(at) == 1
    if columns > 50:
        ids = {cell_len(line.rpartition(" 2026-")[0].rpartition(" ~2026-")[0] or line[:-11]) for line in shown}
        assert len(ids) == 1


def test_in_a_terminal_a_line_is_the_text_as_it_stands(home: Home) -> None:
    shown = screen(home.root, 100, "search", "soup OR asile", "--kwic")

    assert all(any(said in line for line in shown) for said in ("kitchen served soup. At", " : l'asile promis"))
    assert not any(" ." in line for line in shown)


@given(st.text(alphabet="ab 人é\u0301\u200d👩🚐م\ufe0f\n\t\x1b\u202e"), st.integers(1, 30))
def test_what_is_fitted_is_as_wide_as_it_shall_be(text: str, width: int) -> None:
    assert cell_len(bars.begun(text, width)) == cell_len(bars.ended(text, width)) == width


@pytest.mark.parametrize(
    ("options", "what"),
    [
        (["--kwic", "--curve", "month"], "--curve means nothing with --kwic"),
        (["--kwic", "--limit", "3"], "--limit means nothing with --kwic"),
        (["--curve", "year", "--facets"], "--facets means nothing with --curve"),
        (["--kwic-sort", "left"], "--kwic-sort means nothing without --kwic"),
        (["--kwic", "--format", "ris"], "--format ris means nothing with --kwic"),
    ],
)
def test_options_that_would_do_nothing_are_refused(
    aggregator: Aggregator, home: Home, options: list[str], what: str
) -> None:
    said = aggregator("--home", home.root, "search", "camp", *options)

    assert (said.code, said.out) == (2, "")
    assert what in said.err
