"""Translations among texts: who is near to whom, pages that hold a text in two languages."""

from __future__ import annotations

import math
import random
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import numpy as np
import pytest

from aggregator import dedupe, dossier
from aggregator.dedupe import Writing
from aggregator.dedupe.shelves import WINDOW, Shelf
from aggregator.dedupe.signs import SIGN_BITS, Signs
from aggregator.extract import LanguageSpan
from aggregator.model import Match, Relation
from aggregator.reposts import in_corpus
from tests.fakeweb import STORY, source
from tests.families.making import FIRST_LANGUAGE, corpus
from tests.families.texts import Story, stories
from tests.fewarticles import candidate

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


def test_texts_of_many_signs_take_no_more_memory_and_are_as_near(
    several: list[Writing], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, together = several[::50], Shelf(several, WEIGHTS)
    every = np.arange(1 << SIGN_BITS, dtype="<i4").tobytes()
    hostile = [replace(w, signs=Signs(packed=every)) for w in several[:160]]

    tracemalloc.start()
    Shelf(hostile, WEIGHTS)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    monkeypatch.setattr("aggregator.dedupe.shelves.BLOCK_SIGNS", 1_000)
    apart = Shelf(several, WEIGHTS)

    assert peak_bytes < 200 << 20
    assert [apart.near(one, 0.1) for one in asked] == [together.near(one, 0.1) for one in asked]


def test_nothing_is_near_where_there_is_nothing(several: list[Writing]) -> None:
    assert Shelf([], WEIGHTS).near(several[0], 0.1) == []
    assert dedupe.translations([]) == []


# ------------------------------------------------------------------------------------------ one page with two languages


def versions_of(name: str) -> dict[str, Story]:
    return {story.lang: story for story in stories() if story.name == name}


def paragraphs(story: Story) -> list[str]:
    return [" ".join(sentences) for sentences in story.paragraphs]


def doc(name: str, lang: str, text: str, day: int = 1) -> dict[str, Any]:
    return {"id": name, "site": f"{name}.example", "lang": lang, "date": f"2025-04-{day:02}", "text": text}


def one_after_the_other(one: Story, other: Story) -> str:
    return "\n\n".join([*paragraphs(one), *paragraphs(other)])


def side_by_side(one: Story, other: Story) -> str:
    pairs = zip(paragraphs(one), paragraphs(other), strict=True)
    return "\n\n".join(paragraph for pair in pairs for paragraph in pair)


@cache
def archive() -> list[dict[str, Any]]:
    """The bundled documents, without those of the stories in several languages: what the pages stand among."""
    several = [story for name in FIRST_LANGUAGE for story in versions_of(name).values()]
    sentences = [sentence for story in several for paragraph in story.paragraphs for sentence in paragraph]
    return [row for row in corpus()[0] if not any(sentence in row["text"] for sentence in sentences)]


def related(docs: list[dict[str, Any]]) -> dict[tuple[str, str], Match]:
    """Return what the documents are to one another, among those of the archive."""
    names = {doc["id"] for doc in docs}
    return {(m.a, m.b): m for m in in_corpus([*docs, *archive()]).matches if {m.a, m.b} <= names}


def test_short_texts_with_few_names_in_common_are_found_where_nothing_else_is_as_near() -> None:
    story = versions_of("tram-depot")
    docs = [doc(language, language, "\n\n".join(paragraphs(story[language]))) for language in ("de", "fr")]
    too_short = [docs[0], doc("fr", "fr", " ".join(paragraphs(story["fr"])[:1]))]

    assert related(docs)["de", "fr"].relation is Relation.TRANSLATION
    assert related(too_short) == {}


@pytest.mark.parametrize("page", [one_after_the_other, side_by_side])
def test_a_page_in_two_languages_is_a_copy_of_a_page_in_each_and_translates_one_in_a_third(
    page: Callable[[Story, Story], str],
) -> None:
    story = versions_of("sandbar")
    both = doc("both", "fr", page(story["fr"], story["en"]))
    alone = [
        doc(language, language, "\n\n".join(paragraphs(story[language])), day=2) for language in ("en", "es", "fr")
    ]

    found = related([both, *alone])

    assert {pair: match.relation for pair, match in found.items()} == {
        ("both", "en"): Relation.DUP,
        ("both", "fr"): Relation.DUP,
        ("both", "es"): Relation.TRANSLATION,
        ("en", "es"): Relation.TRANSLATION,
        ("en", "fr"): Relation.TRANSLATION,
        ("es", "fr"): Relation.TRANSLATION,
    }


def test_the_passages_of_such_a_translation_lie_in_one_of_the_two_languages() -> None:
    story = versions_of("sandbar")
    text = one_after_the_other(story["fr"], story["en"])
    begin = len("\n\n".join(paragraphs(story["fr"])))

    match = related([doc("both", "fr", text), doc("es", "es", "\n\n".join(paragraphs(story["es"])), day=2)])[
        "both", "es"
    ]

    assert match.passages
    assert all(p.a_end <= begin for p in match.passages) or all(p.a_start >= begin for p in match.passages)
    assert match.a_coverage < 0.6 < match.b_coverage


def test_what_is_in_another_language_becomes_white_space_and_everything_keeps_its_place() -> None:
    text = "Le port est fermé.\nThe port is closed.\nPersonne n'entre."
    whole = replace(writing("page", text, language="fr"), title="Le port")

    french, english = dedupe.in_languages(whole, [("fr", 0, 19), ("en", 19, 39), ("fr", 39, len(text))])

    assert (french.language, french.text) == ("fr", f"Le port est fermé.\n{' ' * 19}\nPersonne n'entre.")
    assert (english.language, english.text.strip()) == ("en", "The port is closed.")
    assert english.text.index("The port") == text.index("The port")
    assert (french.title, english.title, english.whole) == ("Le port", "", text)


def test_of_a_long_page_in_two_languages_the_parts_end_where_comparing_does() -> None:
    whole = writing("page", "Le port est fermé.\nThe port is closed.\n" * 9_000, language="fr")

    parts = dedupe.in_languages(whole, [("fr", 0, 19), ("en", 19, 39)])

    assert [(part.language, len(part.text)) for part in parts] == [
        ("fr", dedupe.MAX_COMPARED_CHARS),
        ("en", dedupe.MAX_COMPARED_CHARS),
    ]


def test_the_languages_of_a_long_text_are_those_of_its_beginning() -> None:
    french = "Le port est fermé depuis une semaine, et personne ne peut y entrer avant la fin de la grève.\n"
    both = french * 200 + STORY + "\n" + STORY * 99
    [one] = candidate(source("a"), both, language="fr").versions
    [other] = candidate(source("a"), STORY + "x" * 50_000).versions

    parts = dossier.languages(one)

    assert {part.language for part in parts} == {"fr", "en"}
    assert parts[-1].end == dedupe.MAX_COMPARED_CHARS
    assert dossier.languages(other) == (LanguageSpan("en", 0, len(other.text)),)


def test_a_text_in_one_language_stays_as_it_is_also_where_another_one_was_heard() -> None:
    whole = writing("page", "The port is closed.", language="en")

    assert dedupe.in_languages(whole, [("en", 0, 19)]) == [whole]
    assert dedupe.in_languages(whole, [("nl", 0, 9), ("de", 9, 19)]) == [whole]
    assert dedupe.in_languages(whole, []) == [whole]
