"""Nothing that a search says tells what is withdrawn: hits, totals, order and counts are as if it was never there."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from aggregator import index, search, takedown
from aggregator.home import Home
from aggregator.query import parse
from aggregator.takedown import Scope
from tests.fakeweb import NOON
from tests.stockedhome import article, stocked

TEXTS = (
    "The harbour was closed at dawn, said {name} of the ferry crew.",
    "The harbour was open, and nobody came.",
    "A ferry waits in the harbour for the night shift.",
    "Nobody waits at the gate.",
)
NAME = "Edda Quillfeather"
QUERIES = (
    "harbour", "harbour -quillfeather", '-"Edda Quillfeather"', "harbour quillfeather", "harbour OR quillf*",
    "quillfeather", "quilfeather~", "nobody OR edda", "ferry -edda", "NOT NOT quillfeather", "-(harbour edda)",
    "edda crew", '"said edda"', "qillfeather", "source:a", "harbour -source:b", "title:harbour -quillfeather",
)  # fmt: skip


def made(root: Path, name: str, engine: str) -> Home:
    days = (f"2026-11-0{n}" for n in range(1, 9))
    texts = [text.format(name=name) for text in TEXTS]
    several = zip(enumerate(texts), days, strict=False)
    return stocked(root, [article(f"{n}", text, at=day) for (n, text), day in several],
                   engine=engine)  # fmt: skip


def hide(home: Home, what: str, scope: Scope) -> None:
    target = takedown.target(home, [what], scope, erase=False)
    takedown.decide(home, target, scope=scope, reason="privacy", by="t", erase=False, until=None, now=NOON)


def told(home: Home, query: str, **how: Any) -> tuple[int, list[Any], Any, Any]:
    """All that a search says, but for the words of the texts, which have blocks or none, and the time it took."""
    results = search.search(home, parse(query), limit=100, **how)
    hits = [(hit.article.url, hit.score, hit.copies, hit.original) for hit in results.hits]
    return results.total, hits, results.facets, results.note


@pytest.fixture(scope="module", params=index.ENGINES)
def homes(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, Home]:
    """A home of which a name is hidden, and one that has had blocks in its place from the start."""
    folder = tmp_path_factory.mktemp("homes")
    withheld = made(folder / "withheld", NAME, request.param)
    hide(withheld, NAME, Scope.NAME)
    never = made(folder / "never", "██ ██", request.param)
    hide(never, "Somebody Else", Scope.NAME)
    return withheld, never


@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize("sort", index.Sort)
def test_a_hidden_name_changes_nothing_that_a_search_says(homes: tuple[Home, Home], query: str, sort: str) -> None:
    one, other = (told(home, query, sort=sort) for home in homes)

    assert one == other


@pytest.mark.parametrize("query", QUERIES)
def test_nor_what_is_said_of_a_day(homes: tuple[Home, Home], query: str) -> None:
    at = datetime(2026, 12, 1, tzinfo=UTC)

    assert told(homes[0], query, as_of=at) == told(homes[1], query, as_of=at)


@pytest.mark.parametrize("engine", index.ENGINES)
def test_an_article_that_is_hidden_is_not_counted_in_any_way(engine: str, tmp_path: Path) -> None:
    shown = [article(f"{n}", f"The zebra {'stands' * n} in the harbour.") for n in range(4)]
    unseen = article("hidden", "The zebra and the quagga left.", of="b")
    one = stocked(tmp_path / "one", [*shown, unseen], engine=engine)
    other = stocked(tmp_path / "other", shown, engine=engine)
    hide(one, unseen.url, Scope.ARTICLE)

    for query in ("zebra", "zebra harbour", "-zebra", "quagga", "source:b"):
        total, hits, facets, _ = told(one, query)
        other_total, other_hits, other_facets, _ = told(other, query)
        assert (total, facets) == (other_total, other_facets)
        assert [hit[0] for hit in hits] == [hit[0] for hit in other_hits]
        if engine == "whoosh":  # tantivy measures a text against all texts, hidden ones, too
            assert hits == other_hits


def test_a_version_that_is_hidden_takes_its_author_language_and_date_along(tmp_path: Path) -> None:
    first = article("1", "The harbour was open.", at=None)
    later = replace(article("1", "The harbour was closed.", at=None, language="de"), authors=("Edda Quillfeather",))
    home = stocked(tmp_path / "home", [first, later])
    hide(home, f"{later.id}@2", Scope.VERSION)

    [hit] = search.search(home, parse("harbour")).hits

    assert (hit.article.authors, hit.article.language, hit.article.number) == ((), "en", 1)
