"""Translations among texts: who is near to whom, pages that hold a text in two languages."""

from __future__ import annotations

import math
import random
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from aggregator import dedupe
from aggregator.dedupe import Writing
from aggregator.dedupe.shelves import WINDOW, Shelf
from aggregator.dedupe.signs import SIGN_BITS

BEGINNING = datetime(2025, 1, 1, tzinfo=UTC)


def writing(name: str, text: str, *, language: str = "en", day: int | None = None) -> Writing:
    return Writing(
        id=name,
        source_id=f"site of {name}",
        language=language,
        published_at=None if day is None else BEGINNING + timedelta(days=day),
        title="",
        text=text,
        credited=frozenset(),
        signs=dedupe.signs_of("", text),
    )


# -------------------------------------------------------------------------------------------------------------- shelves


@pytest.fixture(scope="module")
def several() -> list[Writing]:
    """More texts than are asked together, over two years; every ninth without a date."""
    chance = random.Random(3)
    words = ["".join(chance.choices("abcdefghij", k=7)) for _ in range(300)]
    days = [None if n % 9 == 0 else chance.randrange(730) for n in range(1_200)]
    return [writing(f"t{n:04}", " ".join(chance.choices(words, k=40)), day=day) for n, day in enumerate(days)]


WEIGHTS = np.random.default_rng(4).random(1 << SIGN_BITS).round(1)


def cosine(one: Writing, other: Writing) -> float:
    def weight(signs: set[int]) -> float:
        return sum(float(WEIGHTS[sign]) for sign in signs)

    a, b = (set(w.signs.numbers.tolist()) for w in (one, other))
    return weight(a & b) / math.sqrt(weight(a) * weight(b))


def is_in_time(one: Writing, other: Writing) -> bool:
    dates = one.published_at, other.published_at
    return None in dates or abs(dates[0] - dates[1]) <= WINDOW  # type: ignore[operator]


@pytest.mark.parametrize("asked", [0, 1, 700])
def test_a_shelf_gives_what_is_near_and_in_time_the_nearest_first(several: list[Writing], asked: int) -> None:
    one, least = several[asked], 0.15
    wanted = {w.id: cosine(one, w) for w in several if w is not one and is_in_time(one, w)}

    found = Shelf(several, WEIGHTS).near(one, least)

    assert {w.id for w, _ in found} == {name for name, score in wanted.items() if round(score, 4) >= least}
    assert [score for _, score in found] == pytest.approx([wanted[w.id] for w, _ in found], abs=1e-4)
    assert [(-score, w.id) for w, score in found] == sorted((-score, w.id) for w, score in found)


def test_how_near_two_texts_are_does_not_depend_on_who_asks_or_on_what_else_is_there(several: list[Writing]) -> None:
    some = several[::7]
    all_of_them, alone = Shelf(several, WEIGHTS), Shelf(some, WEIGHTS)

    for one in several[:40]:
        for other, score in alone.near(one, 0.1):
            assert (other, score) in all_of_them.near(one, 0.1)
            assert (one, score) in all_of_them.near(other, 0.1)


def test_nothing_is_near_where_there_is_nothing(several: list[Writing]) -> None:
    assert Shelf([], WEIGHTS).near(several[0], 0.1) == []
    assert dedupe.translations([]) == []
