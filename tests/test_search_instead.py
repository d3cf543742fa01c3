"""What a search looks for where it makes do with some of the words is what it says to type, and what is offered."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator import access, search, takedown
from aggregator.home import Home
from aggregator.query import parse
from aggregator.search import Exactly, filters
from aggregator.search.answering import MAX_LOOKED_AT
from aggregator.search.past import answers_of
from aggregator.takedown import Scope
from tests.fakecli import Aggregator
from tests.fakeweb import NOON
from tests.stockedhome import article, stocked

TEXTS = (
    "harbour ferry",
    "night shift at the gate",
    "harbour night",
    "ferry shift gate",
    "the gate of the harbour",
    "crew",
    "ferry crew harbour gate shift",
)
WORDS = ("harbour", "ferry", "night", "shift", "gate", "crew", "thaw")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home of short texts of two sources."""
    of = "ab" * len(TEXTS)
    return stocked(
        tmp_path_factory.mktemp("instead"),
        [article(str(n), text, of=of[n], title="x") for n, text in enumerate(TEXTS)],
    )


def offered(home: Home, text: str, source_ids: tuple[str, ...] = ()) -> Exactly:
    with access.opened(home) as catalogue, closing(answers_of(home, catalogue, None)) as answers:
        asked = filters.asked(text, since=None, until=None, source_ids=source_ids, languages=())
        return search.exactly(answers, home, catalogue, asked)


def found(home: Home, text: str, source_ids: tuple[str, ...] = ()) -> tuple[set[str], str | None]:
    """The articles that a search shows, and what it says that it looked for."""
    asked = filters.asked(text, since=None, until=None, source_ids=source_ids, languages=())
    results = search.search(home, asked, limit=100)
    ids = {i for hit in results.hits for i in (hit.article.id, *hit.copies)}
    assert len(ids) == results.total
    return ids, results.instead


some_words = st.sampled_from(WORDS)
phrases = st.tuples(some_words, some_words).map(lambda two: f'"{two[0]} {two[1]}"')
parts = st.lists(some_words | phrases | st.sampled_from(["-crew", "source:a", "title:x"]), min_size=1, max_size=8)


@given(parts=parts, source_ids=st.sampled_from([(), ("a",)]))
def test_what_is_typed_finds_what_was_shown(home: Home, parts: list[str], source_ids: tuple[str, ...]) -> None:
    text = " ".join(parts)
    shown, instead = found(home, text, source_ids)
    exact = offered(home, text, source_ids)

    if instead is not None:
        assert found(home, instead, source_ids)[0] == shown
        assert set(offered(home, instead, source_ids).ids) == shown
    if exact.instead is None:
        assert set(exact.ids) == shown
    else:
        assert (exact.instead, exact.found_instead, exact.or_more) == (instead, len(shown), False)


def test_of_many_words_and_two_phrases_one_of_each_is_enough(home: Home) -> None:
    text = 'harbour night thaw crew "night shift" "ferry shift"'
    shown, instead = found(home, text)

    assert instead == '("night shift" OR "ferry shift") (harbour OR night OR thaw OR crew)'
    assert len(shown) == 1
    assert offered(home, text).found_instead == 1


def test_while_something_is_withdrawn_what_else_is_found_is_at_least_so_much(
    tmp_path: Path, aggregator: Aggregator
) -> None:
    several = [
        article(str(n), f"The ferry waits, day {n}.", at=f"2025-{1 + n % 12:02}-01") for n in range(MAX_LOOKED_AT + 20)
    ]
    both = article("both", "The ferry waits at the gate.", at="2020-01-01")
    named = article("named", "Marta Quillfeather was here.")
    home = stocked(tmp_path / "home", [*several, both, named])
    everything = offered(home, "ferry thaw")
    what = takedown.target(home, ["Marta Quillfeather"], Scope.NAME, erase=False)
    takedown.decide(home, what, scope=Scope.NAME, reason="other", by="t", erase=False, until=None, now=NOON)

    exact = offered(home, "ferry thaw")
    assert (everything.found_instead, everything.or_more) == (len(several) + 1, False)
    assert (exact.found_instead, exact.or_more, exact.note) == (MAX_LOOKED_AT, True, None)
    said = aggregator("--home", home.root, "search", "ferry", "thaw", "--format", "csv")
    assert f"At least {MAX_LOOKED_AT} articles have some of them" in said.err


def test_more_than_is_looked_at_hides_no_offer(tmp_path: Path) -> None:
    long = "ferry waits at gate"
    several = [article(str(n), f"{long}, day {n}.") for n in range(MAX_LOOKED_AT + 20)]
    named = article("named", "Marta Quillfeather was here.")
    home = stocked(tmp_path / "home", [*several, article("less", "The ferry.", at="2020-01-01"), named])
    what = takedown.target(home, ["Marta Quillfeather"], Scope.NAME, erase=False)
    takedown.decide(
        home, what, scope=Scope.NAME, reason="other", by="t", erase=False, until=None, now=datetime.now(UTC)
    )

    exact = offered(home, long)
    assert len(exact.ids) == len(several)
    assert exact.instead == "ferry OR waits OR at OR gate"
    assert (exact.found_instead, exact.or_more) == (len(several), True)


def test_a_query_of_one_word_offers_nothing(home: Home) -> None:
    assert offered(home, "thaw").instead is None
    assert search.search(home, parse("thaw")).instead is None
