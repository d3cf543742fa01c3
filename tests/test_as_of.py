"""What could be read on a day: articles in the versions of then, in either engine."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator import index, search, takedown
from aggregator.home import Home
from aggregator.model import Results
from aggregator.periods import instant
from aggregator.query import parse
from aggregator.takedown import Scope
from tests.fakecli import Aggregator
from tests.fakeweb import NOON
from tests.stockedhome import article, stocked

DAY = timedelta(days=1)


@pytest.fixture(scope="module", params=index.ENGINES)
def home(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """An article that was edited twice, one that was not, one that came later; each a day after the other."""
    return stocked(
        tmp_path_factory.mktemp("home"),
        [
            article("edited", "The harbour police came at dawn.", seen=NOON, title="Dawn"),
            article("edited", "The harbour guard came at dawn.", seen=NOON + DAY, title="Dawn"),
            article("edited", "The harbour guard came at noon.", seen=NOON + 2 * DAY, title="Noon"),
            article("same", "A ferry waits in the harbour.", seen=NOON, at="2026-11-03"),
            article("later", "The harbour is open again.", seen=NOON + 2 * DAY, of="b", at=None),
        ],
        engine=request.param,
    )


def ask(home: Home, query: str, at: datetime | None) -> Results:
    return search.search(home, parse(query), as_of=at, limit=100)


def names(results: Results) -> list[str]:
    return [hit.article.url.rpartition("/")[2] for hit in results.hits]


@pytest.mark.parametrize(
    ("query", "days", "found"),
    [
        ("police", 0.5, ["edited"]),
        ("police", 1.5, []),
        ("police", None, []),
        ("guard dawn", 1.5, ["edited"]),
        ("title:noon", 1.5, []),
        ("title:noon", 2.5, ["edited"]),
        ("harbour", 0, []),
        ("harbour", 0.5, ["same", "edited"]),
        ("harbour", 2.5, ["later", "same", "edited"]),
        ("harbour -dawn", 1.5, ["same"]),
        ('"harbour police"', 0.5, ["edited"]),
        ("source:b", 1.5, []),
    ],
)
def test_an_article_is_found_by_the_words_of_then(home: Home, query: str, days: float | None, found: list[str]) -> None:
    results = ask(home, query, None if days is None else NOON + days * DAY)

    assert names(results) == found
    assert results.total == len(found)
    assert sum(count for _, count in results.facets["source"]) == len(found)


def test_a_hit_is_the_version_of_then(home: Home) -> None:
    [then] = ask(home, "police", NOON + DAY / 2).hits
    [now] = ask(home, "noon guard", None).hits

    assert (then.article.id, then.article.number, now.article.number) == (now.article.id, 1, 3)
    assert then.article.version != now.article.version
    assert then.snippet == "The harbour <mark>police</mark> came at dawn."


def test_a_hit_says_which_version_it_is_and_when_that_was_first_seen(home: Home, aggregator: Aggregator) -> None:
    day = f"{NOON + DAY:%Y-%m-%d}"

    said = aggregator("--home", home.root, "search", "guard", "--as-of", day)
    [hit] = json.loads(aggregator("--home", home.root, "search", "guard", "--as-of", day, "--json").out)["hits"]

    assert "· version 2 of 3" in said.out
    assert (hit["number"], hit["versions"]) == (2, 3)
    assert (hit["captured"], hit["first_captured"]) == (instant(NOON + DAY), instant(NOON))


def test_a_version_that_is_withdrawn_is_not_counted(tmp_path: Path) -> None:
    texts = ["The harbour police came.", "The harbour guard came.", "The harbour guard left."]
    versions = [article("1", text, seen=NOON + n * DAY) for n, text in enumerate(texts)]
    home = stocked(tmp_path / "home", versions)
    what = takedown.target(home, [f"{versions[0].id}@{versions[0].version}"], Scope.VERSION, erase=False)
    takedown.decide(home, what, scope=Scope.VERSION, reason="error", by="t", erase=False, until=None, now=NOON)

    [hit] = ask(home, "guard", None).hits
    assert (hit.number, hit.versions, hit.captured_at) == (2, 2, NOON + 2 * DAY)


def test_pages_of_then_put_together_are_the_whole(home: Home) -> None:
    at = NOON + 2.5 * DAY
    pages = [search.search(home, parse("harbour"), limit=1, offset=n, as_of=at) for n in range(4)]

    assert [name for one in pages for name in names(one)] == names(ask(home, "harbour", at))


def test_what_is_withdrawn_now_is_not_found_then(tmp_path: Path) -> None:
    texts = ["Edda Quillfeather spoke in the harbour.", "A fisher spoke in the harbour."]
    home = stocked(tmp_path / "home", [article("1", text, seen=NOON + n * DAY) for n, text in enumerate(texts)])
    what = takedown.target(home, ["Edda Quillfeather"], Scope.NAME, erase=False)
    takedown.decide(home, what, scope=Scope.NAME, reason="privacy", by="t", erase=False, until=None, now=NOON)

    then = NOON + DAY / 2
    assert names(ask(home, "quillfeather", then)) == []
    [hit] = ask(home, "harbour", then).hits
    assert (hit.article.number, "Quillfeather" in hit.article.text, "Quillfeather" in hit.snippet) == (1, False, False)


HISTORY = [
    article("edited", "The harbour police came at dawn.", seen=NOON, title="Dawn", at="2026-09-02"),
    article("edited", "The harbour guard came at dawn.", seen=NOON + DAY, title="Dawn", at="2026-09-02"),
    article(
        "edited", "La garde du harbour est venue.", seen=NOON + 3 * DAY, title="Midi", at="2026-09-02", language="fr"
    ),
    article("back", "The guard left the harbour.", seen=NOON, of="b"),
    article("back", "Nobody left the harbour, guard or not.", seen=NOON + 2 * DAY, of="b"),
    article("back", "The guard left the harbour.", seen=NOON + 3 * DAY, of="b"),
    article("same", "A ferry waits in the harbour.", seen=NOON, at=None),
    article("later", "The harbour guard is gone again.", seen=NOON + 2 * DAY, of="b"),
]


@pytest.fixture(scope="module")
def now_and_then(tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, Home]:
    """A home with a history, and what it was at the end of the second day."""
    then = [one for one in HISTORY if one.captured_at < NOON + 2 * DAY]
    folder = tmp_path_factory.mktemp("homes")
    return stocked(folder / "now", HISTORY), stocked(folder / "then", then)


@pytest.mark.parametrize(
    "way", ["--kwic --json", "--curve month --json", "--format csv", "--format ris", "--format bibtex --limit 1"]
)
@pytest.mark.parametrize("query", ["guard", "harbour", "harbour -police", "--lang en", "title:dawn harbour", "zebra"])
def test_of_then_every_way_of_answering_says_what_it_said_then(
    now_and_then: tuple[Home, Home], aggregator: Aggregator, way: str, query: str
) -> None:
    if "--kwic" in way and query == "--lang en":
        query = "ferry --lang en"  # without a word there is nothing to line up
    now, then = now_and_then
    words = ["search", *query.split(), *way.split()]

    asked_now = aggregator("--home", now.root, *words, "--as-of", f"{NOON + DAY:%Y-%m-%d}")
    asked_then = aggregator("--home", then.root, *words)

    assert asked_now.code == asked_then.code == 0
    assert asked_now.out == asked_then.out
    if query == "guard":  # this is not what is said now
        assert aggregator("--home", now.root, *words).out != asked_then.out


WORDS = st.lists(st.sampled_from("camp ferry guard harbour".split()), min_size=1, max_size=4).map(" ".join)


@settings(max_examples=25)
@given(st.lists(st.lists(st.tuples(st.integers(0, 5), WORDS), min_size=1, max_size=3), min_size=1, max_size=4),
       st.sampled_from(["camp", "ferry guard", "harbour -camp"]), st.integers(0, 6))  # fmt: skip
def test_of_any_history_what_stood_there_is_found(
    tmp_path_factory: pytest.TempPathFactory, histories: list[list[tuple[int, str]]], query: str, day: int
) -> None:
    made = []
    standing = {}
    for number, history in enumerate(histories):
        # each edit comes some days after the one before
        seen = 0
        for wait, text in history:
            seen += wait
            made.append(article(f"{number}", text, seen=NOON + seen * DAY, title=""))
            if seen < day:
                standing[f"{number}"] = text
            seen += 1
    home = stocked(tmp_path_factory.mktemp("home"), made)

    results = search.search(home, parse(query), as_of=NOON + (day - 0.5) * DAY, limit=100)

    wanted, unwanted = query.partition(" -")[0].split(), query.partition(" -")[2].split()
    every = {
        name
        for name, text in standing.items()
        if set(wanted) <= set(text.split()) and not set(unwanted) & set(text.split())
    }
    if every or len(wanted) == 1:  # else those with some of the words are shown
        assert (
            set(names(results)) | {i.rpartition("/")[2] for hit in results.hits for i in _urls(home, hit.copies)}
            == every
        )


def _urls(home: Home, ids: tuple[str, ...]) -> list[str]:
    from aggregator.catalogue import Catalogue

    with Catalogue(home.catalogue) as known:
        return [one.url for one in known.articles(ids).values()]


def test_the_command_takes_a_day(aggregator: Aggregator, tmp_path: Path) -> None:
    home = stocked(
        tmp_path / "home",
        [article("1", text, seen=NOON + n * DAY) for n, text in enumerate(["The police came.", "The guard came."])],
    )

    def found(*options: str) -> int:
        return int(aggregator("--home", home.root, "search", "police", *options, "--json").json["total"])

    assert (found("--as-of", f"{NOON:%Y-%m-%d}"), found("--as-of", f"{NOON + DAY:%Y-%m-%d}"), found()) == (1, 0, 0)
    refused = aggregator("--home", home.root, "search", "police", "--as-of", "2026-11", "--save", "early")
    assert (refused.code, "--as-of" in refused.err) == (2, True)
    refused = aggregator("--home", home.root, "search", "--as-of", "2026-11", "--manifest", str(home.sources_yaml))
    assert (refused.code, "--as-of" in refused.err) == (2, True)
