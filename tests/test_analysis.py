"""The terms of a text: the same for what is indexed and for what is asked."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aggregator import analysis


def words(text: str) -> list[str]:
    return [token.word for token in analysis.tokens(text)]


LETTERS = st.text("abcdæøяж", min_size=1, max_size=8)


@given(LETTERS, LETTERS)
@example("bakery", "bkaery")
@example("bakery", "bbakery")
@example("bakery", "bazery")
@example("bakery", "bakeryab")
@example("bakery", "bazerya")
@example("bakery", "baжery")
@example("bak", "ba")
@example("ab", "a")
@example("a", "ab")
@example("bakery", "bжkery")
@example("жakery", "жækery")
def test_words_near_with_another_second_letter_are_the_ones_that_are_tried(word: str, other: str) -> None:
    strays = analysis.strays(word)
    if strays is not None and not other.startswith(word[: analysis.SURE_LETTERS]):
        assert (other in strays) == analysis.is_near(word, other)
    assert (strays is None) == any(letter in "яж" for letter in word)


@given(LETTERS, st.lists(LETTERS, max_size=6))
def test_near_words_are_the_same_one_by_one_and_of_many(word: str, others: list[str]) -> None:
    others = [word[0] + other for other in others]
    places = analysis.near_places(word, others)
    assert places == [place for place, other in enumerate(others) if analysis.is_near(word, other)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Réfugiés expulsés", ["refugies", "expulses"]),
        ("STRASSE Straße", ["strasse", "strasse"]),
        ("São Paulo, 3º andar", ["sao", "paulo", "3o", "andar"]),
        ("Čekání, Łódź", ["cekani", "łodz"]),
        ("ﬁn de l’été", ["fin", "de", "ete"]),
        ("e\u0301te\u0301", ["ete"]),
        ("𝐂𝐚𝐥𝐚𝐢𝐬 𝑵𝒐𝒘 ＮＥＷＳ", ["calais", "now", "news"]),
        ("2026-11-23", ["2026", "11", "23"]),
        ("…!?", []),
        ("", []),
    ],
)
def test_words_are_folded(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("l'asile", ["asile"]),
        ("L’asile d'office", ["asile", "office"]),
        ("qu'ils jusqu'au bout", ["ils", "au", "bout"]),
        ("dell'accoglienza all’alba", ["accoglienza", "alba"]),
        ("un'ora", ["ora"]),
        ("rock'n'roll o'clock", ["rock", "roll", "o", "clock"]),
        ("the workers' canteen", ["the", "workers", "canteen"]),
        ("l' asile", ["l", "asile"]),
        ("'l'asile' l''eau", ["asile", "l", "eau"]),
        ("L\u0300’\u0301eau", ["eau"]),
    ],
)
def test_elided_articles_are_left_out(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [
        ("en", "evictions", "evicted"),
        ("fr", "expulsions", "expulsion"),
        ("de", "raumungen", "raumung"),
        ("es", "detenidos", "detenidas"),
        ("it", "rifugiati", "rifugiato"),
        ("nl", "ontruimingen", "ontruiming"),
        ("pt", "despejos", "despejo"),
        ("sv", "asylen", "asylens"),
    ],
)
def test_forms_of_a_word_are_one_term(language: str, one: str, other: str) -> None:
    assert analysis.term(one, language) == analysis.term(other, language)


@pytest.mark.parametrize("language", [None, "", "eo", "xx"])
def test_a_language_without_a_stemmer_leaves_the_word_as_it_is(language: str | None) -> None:
    assert analysis.term("evictions", language) == "evictions"


def test_a_question_is_expanded_over_every_language_of_the_home() -> None:
    expanded = analysis.expanded("refugies", ("fr", "en"))

    assert set(analysis.terms("réfugiés", "fr")) <= set(expanded)
    assert set(analysis.terms("refugies", "en")) <= set(expanded)
    assert "refugies" in expanded
    assert len(expanded) == len(set(expanded))


APOSTROPHES = st.lists(
    st.sampled_from(["l", "L", "qu", "d", "ç", "un", "'", "’", " ", "-", "é", "asile", "\u0300", "\u0345", "\x1c"])
).map("".join)


@given(st.text() | APOSTROPHES)
@example("Straße, Œuvre d’ÉTÉ: 5 µm, ½ ª ƒ \x81 \ufffd")
@example("l'\u0300asile 'l'eau l''a l' 'a ŉ ¼ ﹰ aﹰ \u0345 α\u0345")
def test_words_without_their_places_are_those_with_them(text: str) -> None:
    assert analysis.folded(text) == words(text)


@given(st.text() | APOSTROPHES, st.sets(st.sampled_from(["asile", "l", "e", "qu"])))
def test_some_words_with_their_places_are_those_among_all(text: str, wanted: set[str]) -> None:
    assert analysis.tokens_of(text, lambda _: wanted) == [each for each in analysis.tokens(text) if each.word in wanted]


@given(st.text())
def test_tokens_stand_where_they_say_and_do_not_overlap(text: str) -> None:
    end = 0
    for token in analysis.tokens(text):
        assert end <= token.start < token.end <= len(text)
        assert token.word == analysis.fold(text[token.start : token.end])
        end = token.end


@given(st.text())
def test_folding_twice_changes_nothing(text: str) -> None:
    assert analysis.fold(analysis.fold(text)) == analysis.fold(text)


@given(st.text(), st.sampled_from([None, *analysis.STEMMERS]))
@example("قال النبي ﷺ ﹰ", "ar")
def test_terms_hold_no_white_space_and_are_one_a_word(text: str, language: str | None) -> None:
    terms = analysis.terms(text, language)

    assert len(terms) == len(words(text))
    assert not any(" " in term or "\n" in term for term in terms)
