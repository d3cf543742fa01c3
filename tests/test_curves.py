"""Curves over time: what is counted, against what, and that holes are seen; counts as bars."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from aggregator import access, analysis, curves, search, takedown
from aggregator.cli import bars
from aggregator.curves import MAX_PERIODS, By, Seen
from aggregator.home import Home
from aggregator.query import parse
from aggregator.search import over_time
from aggregator.search.answering import MAX_LOOKED_AT
from aggregator.takedown import Scope
from tests.fakecli import Aggregator
from tests.fakeweb import NOON
from tests.stockedhome import article, stocked
from tests.terminals import screen

NOW = datetime(2026, 12, 31, tzinfo=UTC)
TEN = "The ferry left the quay and the other ferries waited."


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Ferries in January and November of 2025, and in an article without a date; nothing from March to October."""
    return stocked(
        tmp_path_factory.mktemp("homes") / "home",
        [
            article("1", TEN, at="2025-01-31"),
            article("copy", TEN, at="2025-01-31", of="b"),
            article("2", "Nothing of the kind here.", at="2025-01-02"),
            article("3", "L'asile de la rue basse.", at="2025-02-02", of="b", language="fr"),
            article("4", "One ferry only.", at="2025-11-30"),
            article("5", "A ferry in a text of no day.", at=None, of="c"),
        ],
    )


def ask(home: Home, query: str, by: By = "month") -> over_time.Curve:
    return over_time.curve(home, parse(query), by=by, now=NOW)


def seen(at: datetime, *, is_found: bool = True, words: int = 10, occurrences: int = 1) -> Seen:
    return Seen(dated=at, is_dated=True, is_found=is_found, words=words, occurrences=occurrences)


# Periods

INSTANTS = st.integers(0, 40 * 365 * 24).map(lambda hours: datetime(1990, 1, 1, tzinfo=UTC) + timedelta(hours=hours))
SEEN = st.builds(seen, INSTANTS, is_found=st.booleans(), words=st.integers(0, 99), occurrences=st.integers(0, 9))


@given(st.lists(SEEN), st.sampled_from(["month", "year"]))
def test_periods_follow_one_another_and_add_up_to_the_whole(articles: list[Seen], by: By) -> None:
    points, total = curves.curve(articles, by)

    for name in ("found", "articles", "undated", "occurrences", "words"):
        assert sum(getattr(point, name) for point in points) == getattr(total, name)
    assert total.articles == len(articles)
    periods = [point.period for point in points]
    assert periods == sorted(set(periods))
    if periods:
        assert len(periods) == len(curves.between(periods[0], periods[-1]))
        assert points[0].articles and points[-1].articles
    for point in points:
        assert (point.share is None) == (not point.articles) and (point.per_million is None) == (not point.words)


def test_a_period_is_of_the_universal_day() -> None:
    late = datetime.fromisoformat("2026-01-01T00:30:00+02:00")

    assert (curves.label(late, "month"), curves.label(late, "year")) == ("2025-12", "2025")


def test_a_claim_from_the_days_of_the_romans_does_not_make_the_curve_endless() -> None:
    points, total = curves.curve([seen(datetime(79, 8, 24, tzinfo=UTC)), seen(NOON)], "month")

    assert (len(points), points[-1].period, points[-1].articles) == (MAX_PERIODS, "2026-11", 1)
    assert (total.period, total.articles) == ("0079-08/2026-11", 2)


def test_months_become_years_where_there_is_no_room() -> None:
    known = [("2024-11", 1), ("2025-02", 2), ("2025-03", 3)]

    expected = [("2024-11", 1), ("2024-12", 0), ("2025-01", 0), ("2025-02", 2), ("2025-03", 3)]
    assert curves.filled(known, 5) == expected
    assert curves.filled(known, 4) == [("2024", 1), ("2025", 5)]
    assert curves.filled(known, 1) == [("2025", 5)]
    assert curves.filled([], 5) == []


# What is counted


def test_each_month_has_what_was_found_and_what_there_is(home: Home) -> None:
    found = ask(home, "ferry")

    january, february, march, *_ = found.points
    assert (january.period, january.found, january.articles, january.share) == ("2025-01", 2, 3, 2 / 3)
    assert (january.occurrences, january.words) == (4, 25)
    assert january.per_million == 4 / 25 * 1_000_000
    assert (february.found, february.articles, february.words) == (0, 1, 5)
    assert (march.articles, march.share, march.per_million) == (0, None, None)
    assert len(found.points) == 23


def test_an_article_without_a_date_counts_when_it_was_first_seen(home: Home) -> None:
    found = ask(home, "ferry")

    assert (found.points[-1].period, found.points[-1].undated, found.undated) == ("2026-11", 1, 1)
    assert ask(home, "asile").undated == 0


def test_the_sum_of_occurrences_is_that_of_a_naive_count(home: Home) -> None:
    found = ask(home, 'ferry OR "the other"', "year")

    texts = [TEN, TEN, "One ferry only.", "A ferry in a text of no day."]
    naive = sum(analysis.folded(text).count(word) for text in texts for word in ("ferry", "ferries"))
    assert found.total.occurrences == naive + 2
    assert found.total.found == 4


@pytest.mark.parametrize(
    ("query", "articles", "found"),
    [
        ("ferry source:b", 2, 1),
        ("ferry language:en", 5, 4),
        ("ferry -language:fr", 5, 4),
        ("ferry (source:b OR source:c)", 3, 2),
        ("ferry published:2025", 5, 3),
        ("ferry captured:2026", 6, 4),
        ("ferry captured:2025", 0, 0),
        ("ferry url:a.example", 6, 2),
        ("ferry OR source:b", 6, 5),
        ("source:b", 2, 2),
    ],
)
def test_what_is_found_is_counted_against_all_that_passes_the_filters(
    home: Home, query: str, articles: int, found: int
) -> None:
    total = ask(home, query).total

    assert (total.articles, total.found) == (articles, found)


@pytest.fixture
def tagged(home: Home) -> Iterator[Home]:
    """The home, with the tag local for the sources b and c."""
    before = home.sources_yaml.read_text()
    tags = "".join(f'  - {{id: {of}, url: "http://{of}.example/", tags: [Local]}}\n' for of in "bc")
    home.sources_yaml.write_text(before.replace("sources: []", "sources:\n" + tags))
    yield home
    home.sources_yaml.write_text(before)


@pytest.mark.parametrize(
    ("query", "articles", "found"),
    [
        ("ferry tag:local", 3, 2),
        ("ferry -tag:local", 3, 2),
        ("ferry tag:nobody", 0, 0),
        ("ferry (tag:local OR language:fr)", 3, 2),
        ("tag:local", 3, 3),
    ],
)
def test_a_tag_is_a_filter_as_the_sources_that_have_it_are(tagged: Home, query: str, articles: int, found: int) -> None:
    total = ask(tagged, query).total

    assert (total.articles, total.found) == (articles, found)


def test_a_family_is_a_filter_too(tmp_path: Path) -> None:
    add = " It was the last one of the day, and nobody on the mole knew when the next would come, or whether it would."
    text = "\n\n".join(f"{TEN}{add} So said the {who} at the gate." for who in ("keeper", "pilot", "cook", "mayor"))
    home = stocked(
        tmp_path / "home",
        [article("1", text), article("copy", text, of="b"), article("2", TEN), article("3", "Nothing of the kind.")],
    )
    with access.opened(home) as catalogue:
        [family] = catalogue.clusters()

    total = ask(home, f"ferry cluster:{family.id}").total

    assert (total.articles, total.found) == (2, 2)
    assert ask(home, f"ferry -cluster:{family.id}").total.articles == 2


def test_while_a_name_is_withdrawn_all_that_is_found_is_counted_not_the_best_500(tmp_path: Path) -> None:
    many = [article(str(n), f"Ferry {n}.") for n in range(MAX_LOOKED_AT + 20)]
    home = stocked(tmp_path / "home", [article("name", "Ferry of Marta Quillfeather."), *many])
    withdraw(home, "Marta Quillfeather")

    found = ask(home, "ferry")

    assert (found.total.found, found.note) == (len(many) + 1, None)
    assert ask(home, "Quillfeather").total.found == 0


def test_the_months_that_were_asked_for_are_there_even_at_the_ends(home: Home) -> None:
    found = ask(home, "ferry published:2024-11/2025-12")

    assert (found.points[0].period, found.points[-1].period) == ("2024-11", "2025-12")
    assert ask(home, "ferry published:2025/2030").points[-1].period == f"{NOW:%Y-%m}"


def test_without_words_articles_are_counted_and_no_text_is_read(home: Home) -> None:
    found = ask(home, "source:a")

    assert not found.has_words
    assert (found.total.found, found.total.words) == (3, 0)


def withdraw(home: Home, name: str) -> None:
    what = takedown.target(home, [name], Scope.NAME, erase=False)
    takedown.decide(home, what, scope=Scope.NAME, reason="other", by="t", erase=False, until=None, now=NOON)


def test_a_withdrawn_name_has_no_curve(aggregator: Aggregator, tmp_path: Path) -> None:
    home = stocked(tmp_path / "home", [article("1", "It was Marta Quillfeather with the lantern."), article("2", TEN)])
    before = ask(home, "Quillfeather").total
    withdraw(home, "Marta Quillfeather")

    after = ask(home, "Quillfeather").total

    assert (before.found, before.occurrences, before.words) == (1, 1, 17)
    assert (after.found, after.occurrences, after.words) == (0, 0, 15)
    said = aggregator("--home", home.root, "search", "Quillfeather", "--curve", "year", "--json").json
    assert (said["total"]["found"], said["total"]["occurrences"]) == (0, 0)


def test_a_withdrawn_article_is_not_even_among_the_others(home: Home, tmp_path: Path) -> None:
    home = stocked(tmp_path / "home", [article("1", TEN), article("2", TEN, of="b")])
    what = takedown.target(home, ["http://a.example/1"], Scope.ARTICLE, erase=False)
    takedown.decide(home, what, scope=Scope.ARTICLE, reason="other", by="t", erase=False, until=None, now=NOON)

    assert (ask(home, "ferry").total.articles, search.search(home, parse("ferry")).total) == (1, 1)


def test_counts_are_of_every_copy(home: Home) -> None:
    results = search.search(home, parse("ferry"))

    assert results.total == 4
    assert results.facets["source"] == [("a", 2), ("b", 1), ("c", 1)]
    assert results.facets["language"] == [("en", 4)]
    assert results.facets["month"] == [("2026-11", 1), ("2025-11", 1), ("2025-01", 2)]


# What is printed


def test_programs_get_each_period(aggregator: Aggregator, home: Home) -> None:
    said = aggregator("--home", home.root, "search", "ferry", "--curve", "year", "--json").json
    lines = aggregator("--home", home.root, "search", "ferry", "--curve", "year", "--format", "jsonl").lines

    assert said["periods"] == lines
    assert (said["by"], said["undated_found"], said["total"]["period"]) == ("year", 1, "2025/2026")
    assert [(p["period"], p["found"], p["articles"], p["occurrences"]) for p in lines] == [
        ("2025", 3, 5, 5),
        ("2026", 1, 1, 1),
    ]
    assert aggregator("--home", home.root, "search", "--curve", "year", "--json", "--lang", "fr").json["total"] == {
        **{"period": "2025", "found": 1, "articles": 1, "share": 1.0, "undated": 0},
        **{"occurrences": None, "words": None, "per_million": None},
    }


def test_the_csv_has_a_row_for_every_month_empty_ones_too(aggregator: Aggregator, home: Home) -> None:
    said = aggregator("--home", home.root, "search", "ferry", "--curve", "month", "--format", "csv")

    rows = list(csv.DictReader(io.StringIO(said.out, newline="")))
    assert [row["period"] for row in rows] == curves.between("2025-01", "2026-11")
    assert rows[2] == {
        **{"period": "2025-03", "found": "0", "articles": "0", "share": "", "undated": "0"},
        **{"occurrences": "0", "words": "0", "per_million": ""},
    }
    piped = aggregator("--home", home.root, "search", "ferry", "--curve", "month")
    assert [line.split("\t")[0] for line in piped.out.splitlines()[1:]] == [row["period"] for row in rows]
    assert "1 of these claim no date, 1 of the found" in piped.err


@pytest.mark.parametrize("columns", [30, 60, 120])
def test_a_terminal_shows_bars_and_holes(home: Home, columns: int) -> None:
    shown = screen(home.root, columns, "search", "ferry", "--curve", "month")

    by_name = {line.split()[0]: line for line in shown}
    assert "2025-03 to 2025-10: no articles, 8 months" in shown
    assert by_name["2025-01"].count("█") < by_name["2025-11"].count("█")
    assert "█" not in by_name["2025-02"] and by_name["all"].split()[1:3] == ["4", "6"]
    if columns >= 60:
        assert columns - 4 <= max(map(cell_len, shown)) <= columns


@pytest.mark.parametrize("columns", [30, 60, 120])
def test_a_terminal_shows_counts_as_bars_and_months_as_a_histogram(home: Home, columns: int) -> None:
    shown = screen(home.root, columns, "search", "ferry", "--facets", "--limit", "1")
    shown = shown[shown.index("source") :]

    assert shown[1].split() == ["a", "2", "█" * shown[1].count("█")] and "█" in shown[1]
    assert max(map(cell_len, shown)) <= columns
    months = shown[shown.index("month") + 1 :]
    assert months[0].startswith("2 │█")
    assert months[5].count("·") >= 20 and months[-1].split()[0] == "2025-01"


def test_a_long_time_is_shown_in_years(tmp_path: Path) -> None:
    home = stocked(tmp_path / "home", [article(str(y), TEN, at=f"{y}-05-01") for y in (1999, 2003, 2026)])

    shown = screen(home.root, 60, "search", "ferry", "--facets")

    assert "year" in shown
    assert shown[-1].split()[0] == "1999"


def test_into_a_pipe_counts_are_plain_lines(aggregator: Aggregator, home: Home) -> None:
    said = aggregator("--home", home.root, "search", "ferry", "--facets", "--from", "2025-01", "--to", "2025-11")

    assert "source: a 2, b 1\nlanguage: en 3\nmonth: 2025-01 2, 2025-02 0, 2025-03 0," in said.out
    assert "█" not in said.out and "Counts of 3 articles, each copy counted" in said.err


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=60).filter(any), st.integers(60, 200), st.integers(1, 9))
def test_a_histogram_fits_and_shows_all_that_is_there(counts: list[int], width: int, first: int) -> None:
    start = datetime(2001, first, 1, tzinfo=UTC)
    months = curves.between(curves.label(start, "month"), "2020-12")[: len(counts)]
    room = bars.room(max(counts), width)
    drawn = bars.histogram(list(zip(months, counts, strict=True))[:room], width)

    assert max(map(cell_len, drawn)) <= width
    assert len({line.index("│") for line in drawn[:-2]}) == 1


def test_the_smallest_count_is_seen_beside_the_largest() -> None:
    drawn = bars.histogram([("2026-01", 1_000_000), ("2026-02", 1), ("2026-03", 0)], 60)

    assert drawn[5].partition("│")[2].split() == ["█" * 7, "▁" * 7, "·" * 7]
    assert [bars.bar(n, 1_000_000, 10) for n in (0, 1, 500_000, 1_000_000)] == ["", "▏", "█" * 5, "█" * 10]


def test_an_empty_home_has_no_curve(aggregator: Aggregator, tmp_path: Path) -> None:
    (tmp_path / "sources.yaml").write_text("settings: {contact: desk@example.org}\nsources: []\n")

    for options in (["--curve", "month"], ["--kwic"], ["--facets"]):
        said = aggregator("--home", tmp_path, "search", "ferry", *options)
        assert said.code == 0 and "Nothing was crawled yet." in said.err
    assert over_time.curve(Home(tmp_path), parse("x"), by="year", now=NOON + timedelta(days=1)).points == ()
