"""What is one word in two spellings, where words stand, and which of their runs a text is found again by."""

from __future__ import annotations

import time
import unicodedata
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator import words
from tests.fakeweb import OTHER, STORY


def hashes(text: str) -> list[int]:
    """The words of a text as numbers."""
    return [int(number) for number in words.words(text).hashes]


def written(text: str) -> list[str]:
    """The words of a text as they stand in it."""
    cut = words.words(text)
    return [text[start:end] for start, end in zip(cut.starts.tolist(), cut.ends.tolist(), strict=True)]


def grams(text: str) -> set[int]:
    return set(words.words(text).grams.tolist())


def numbered(count: int, first: int = 0) -> str:
    """A text of so many words, no two of which are the same."""
    return " ".join(f"loft{n}" for n in range(first, first + count))


# What is the same


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("the net loft", "The NET Loft"),
        ("café à Orléans", "CAFE A ORLEANS"),
        ("café à Orléans", unicodedata.normalize("NFD", "café à Orléans")),
        ("Việt Nam", unicodedata.normalize("NFD", "VIỆT NAM")),
        ("ISSIZ", "ıssız"),
        ("ISSIZ", "issiz"),
        ("İSTANBUL", "istanbul"),
        ("İSTANBUL", unicodedata.normalize("NFD", "İstanbul")),
        ("Ιατρείος ΤΟΠΟΣ", "ΙΑΤΡΕΙΟΣ τόπος"),
        ("μάχης", "μαχησ"),
        ("ёлка Йод", "елка иод"),
        ("مَدْرَسَةٌ", "مدرسة"),
        ("كتـــــاب", "كتاب"),
        ("مصطفى", "مصطفي"),
        ("کتاب", "كتاب"),
        ("سنة ٢٠٢٦", "سنة 2026"),
        ("سال ۲۰۲۶", "سال 2026"),
        ("שָׁלוֹם", "שלום"),
        ("mat\u00adtres\u00adses", "mattresses"),
        ("mat\u200btres\u200dses\ufeff", "mattresses"),
        ("\u2066mat\u2060tresses\u2069", "mattresses"),
        ("the baker's van", "the baker’s van"),
        ("l'eau d'ici", "l’eau d‘ici"),
        ("mattresses", "ｍａｔｔｒｅｓｓｅｓ"),
        ("Søren Łódź đak", "soren lodz dak"),
        ("が行く", unicodedata.normalize("NFD", "が行く")),
    ],
)
def test_spellings_of_the_same_words_have_the_same_numbers(one: str, other: str) -> None:
    assert hashes(one) == hashes(other) != []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("tea", "eat"),
        ("van", "vans"),
        ("loft", "loftt"),
        ("aa", "aaa"),
        ("10", "100"),
        ("мир", "мор"),
        ("قلب", "كلب"),
        ("橋", "端"),
        ("بيت", "بنت"),
        ("서울", "수원"),
        ("책방이", "처벙어"),
        ("ﬁnd", "fed"),
    ],
)
def test_other_words_have_other_numbers(one: str, other: str) -> None:
    assert hashes(one) != hashes(other)


def folded(word: str) -> str:
    """What must be the same in two words that are one, in the scripts of LETTERS."""
    plain = "".join(c for c in unicodedata.normalize("NFD", word.casefold()) if not unicodedata.combining(c))
    return plain.replace("ς", "σ").replace("ı", "i")


LETTERS = "aábcdeéèêEÉfiIıİoöÖuüsSzžαάΑσςΣωώбвгёеЁйиИ0123"
LETTER_WORDS = st.text(st.sampled_from(LETTERS), min_size=1, max_size=4)


@given(st.lists(LETTER_WORDS, max_size=30), st.sampled_from([" ", "\n", ", ", " – ", "’", "\u00a0", "\x00", "…"]))
def test_two_words_have_the_same_number_exactly_when_they_are_the_same_without_case_and_accents(
    some: list[str], between: str
) -> None:
    numbers = hashes(between.join(some))
    assert len(numbers) == len(some)
    by_word = {folded(word): number for word, number in zip(some, numbers, strict=True)}
    assert [by_word[folded(word)] for word in some] == numbers
    assert len(set(by_word.values())) == len(by_word)


@given(LETTER_WORDS, st.lists(st.sampled_from("\u00ad\u200b\u200c\u200d\u2060\ufeff\u0301\u0308"), max_size=6))
def test_what_nobody_sees_does_not_count_wherever_it_stands(word: str, unseen: list[str]) -> None:
    spread = "".join(letter + mark for letter, mark in zip(word, [*unseen, *[""] * len(word)], strict=False))

    assert hashes(f"soup {spread} bread") == hashes(f"soup {word} bread")


# Where words stand

PIECES = st.one_of(
    st.characters(),
    st.sampled_from("ab é\u0301\u00ad\u200bıßﬁ語ก\ud800\udfff\x00\n’😀𝒜𠀀𐐀"),
)
TEXTS = st.text(PIECES, max_size=60)


@given(TEXTS)
def test_words_lie_within_the_text_one_after_the_other(text: str) -> None:
    cut = words.words(text)
    ends = [0, *cut.ends.tolist()]
    assert all(before <= start for before, start in zip(ends, cut.starts.tolist(), strict=False))
    assert all(start < end for start, end in zip(cut.starts.tolist(), cut.ends.tolist(), strict=True))
    assert ends[-1] <= len(text)


@given(TEXTS)
def test_a_word_alone_is_the_word_that_it_is_in_its_text(text: str) -> None:
    for word, number in zip(written(text), hashes(text), strict=True):
        assert hashes(word) == [number]


@given(st.lists(st.sampled_from(["net", "Loft", "né", "ne\u0301", "𝒜𝒷", "𐐀𐐨", "٢٠", "straße"]), max_size=30), st.data())
def test_what_stands_at_a_word_is_the_word_as_written(some: list[str], data: st.DataObject) -> None:
    between = st.sampled_from([" ", "\ud800", "😀", "\U000e0001 ", "\x00", " \ufeff", "-", "\u2028"])
    text = "".join(word + data.draw(between) for word in some)

    assert [word.rstrip("\U000e0001") for word in written(text)] == some


@given(TEXTS)
def test_letters_that_are_in_no_word_are_none(text: str) -> None:
    """Every letter and digit belongs to a word."""
    inside = {
        place
        for start, end in zip(*(a.tolist() for a in (words.words(text).starts, words.words(text).ends)), strict=True)
        for place in range(start, end)
    }
    assert {place for place, c in enumerate(text) if c.isalnum() and c != "ـ"} <= inside


@given(st.lists(st.one_of(TEXTS, st.just(STORY), st.just("橋を渡る"), st.just("")), max_size=8))
def test_many_texts_are_cut_as_each_of_them_alone(texts: list[str]) -> None:
    together = list(words.words_of(texts))

    assert len(together) == len(texts)
    for one, text in zip(together, texts, strict=True):
        alone = words.words(text)
        assert one.hashes.tolist() == alone.hashes.tolist()
        assert (one.starts.tolist(), one.ends.tolist()) == (alone.starts.tolist(), alone.ends.tolist())
        assert one.grams.tolist() == alone.grams.tolist()
        assert one.length(0, len(one)) == alone.length(0, len(alone))


def test_more_texts_than_are_worked_on_at_a_time_are_cut_as_each_of_them_alone() -> None:
    texts = [f"{numbered(12_000, n)} {'橋' * (n % 3)}" for n in range(16)]
    assert sum(map(len, texts)) > 1 << 20

    together = list(words.words_of(texts))

    assert [one.hashes.tolist() for one in together] == [hashes(text) for text in texts]
    assert [int(one.ends[-1]) for one in together] == [int(words.words(text).ends[-1]) for text in texts]


def test_what_is_beyond_the_longest_text_is_not_looked_at() -> None:
    text = numbered(40_000)
    assert len(text) > words.MAX_COMPARED_CHARS

    assert written(text) == text[: words.MAX_COMPARED_CHARS].split()
    assert hashes(text) == hashes(text[: words.MAX_COMPARED_CHARS])


# Scripts that leave no space between words


@pytest.mark.parametrize("text", ["橋の上", "老工人", "ภาษา", "မြန", "ភាស", "カタカナ", "𠀀𠀁"])
def test_where_there_are_no_spaces_every_sign_is_a_word(text: str) -> None:
    signs = [sign for sign in text if unicodedata.category(sign) not in ("Mn", "Cf")]

    assert len(words.words(text)) == len(signs)
    assert "".join(written(text)) == text
    assert words.words(text).length(0, len(signs)) == len(signs) * words.SPACELESS_WORDS


def test_signs_and_words_in_one_text_count_as_what_they_are() -> None:
    cut = words.words("橋 Kestrel 橋の NGO 2026年")

    assert written("橋 Kestrel 橋の NGO 2026年") == ["橋", "Kestrel", "橋", "の", "NGO", "2026", "年"]
    assert cut.length(0, 7) == 3 + 4 * words.SPACELESS_WORDS
    assert cut.length(1, 2) == 1
    assert cut.hashes[0] == cut.hashes[2] != cut.hashes[3]


def test_a_text_with_spaces_has_as_many_words_as_it_has() -> None:
    cut = words.words(STORY)

    assert cut.length(0, len(cut)) == len(cut) == len(written(STORY))
    assert cut.length(3, 8) == 5


SPANS = st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)).map(lambda s: (min(s), max(s))), max_size=6)


@given(SPANS, st.sampled_from(["soup and bread " * 7, "橋の上で " * 5, "橋 soup の bread 上 " * 5]))
def test_what_places_have_in_common_counts_once(spans: list[tuple[int, int]], text: str) -> None:
    cut = words.words(text)
    places = {place for start, end in spans for place in range(start, end)}

    assert cut.length_of(sorted(spans)) == sum(cut.length(place, place + 1) for place in places)


# Runs of five words, and those that are kept


def test_a_run_is_the_same_wherever_it_stands() -> None:
    inside = words.words(f"{OTHER} {STORY} {OTHER}").grams.tolist()
    alone = words.words(STORY).grams.tolist()
    start = len(words.words(OTHER))

    assert inside[start : start + len(alone)] == alone
    assert len(alone) == len(words.words(STORY)) - words.GRAM_WORDS + 1


def test_a_run_depends_on_the_order_of_its_words() -> None:
    assert (
        len(grams("one two three four five") | grams("two one three four five") | grams("five four three two one")) == 3
    )


@pytest.mark.parametrize("count", range(6))
def test_fewer_than_five_words_have_no_run(count: int) -> None:
    assert len(words.words(numbered(count)).grams) == max(0, count - 4)
    assert len(words.words(numbered(count)).fingerprint) == max(0, count - 4)


@given(st.lists(st.sampled_from("red green blue van rain".split()), max_size=60).map(" ".join))
def test_the_different_runs_are_told_with_their_first_places(text: str) -> None:
    cut = words.words(text)
    different, places = cut.places

    everywhere = cut.grams.tolist()
    assert different.tolist() == sorted(set(everywhere))
    assert places.tolist() == [everywhere.index(gram) for gram in different.tolist()]


@settings(max_examples=40)
@given(st.integers(0, 7_000), st.integers(0, 1_000))
def test_a_text_is_found_again_by_some_of_its_own_runs(count: int, first: int) -> None:
    cut = words.words(numbered(count, first))
    kept = cut.fingerprint.tolist()

    assert kept == sorted(set(kept))
    assert set(kept) <= set(cut.grams.tolist())
    assert len(kept) == len(set(cut.grams.tolist())) or cut.rate > 1
    assert len(kept) <= 2 * len(cut.grams) / cut.rate + 60


def test_the_longer_a_text_the_fewer_of_its_runs_are_kept() -> None:
    rates = [words.words(numbered(count)).rate for count in range(1, 8_000, 50)]

    assert all(one <= other for one, other in pairwise(rates))
    assert [rate for rate, before in zip(rates, [0, *rates], strict=False) if rate != before] == [1, 2, 4, 8]


@settings(max_examples=30)
@given(st.integers(0, 190), st.integers(0, 5_800), st.sampled_from([300, 1_000, 6_000]))
def test_what_a_long_text_keeps_of_a_passage_a_short_text_keeps_of_it_too(count: int, start: int, size: int) -> None:
    long, passage = words.words(numbered(size)), words.words(numbered(count, min(start, size - count)))

    kept = set(long.fingerprint.tolist()) & set(passage.grams.tolist())

    limit = int(words.BOUNDS[long.rate])
    assert kept == {gram for gram in passage.fingerprint.tolist() if gram <= limit}


@given(st.lists(st.integers(1, words.COARSEST), min_size=2, max_size=8))
def test_what_is_kept_at_a_coarse_rate_is_kept_at_every_finer_one(rates: list[int]) -> None:
    bounds = words.BOUNDS[sorted(rates)].tolist()

    assert bounds == sorted(bounds, reverse=True)
    assert int(words.BOUNDS[1]) == 2**64 - 1


def test_a_quoted_paragraph_keeps_some_runs_in_a_long_text() -> None:
    long = words.words(f"{numbered(3_000)} {STORY} {numbered(3_000, 9_000)}")
    assert long.rate == words.COARSEST

    assert len(set(long.fingerprint.tolist()) & grams(STORY)) >= 5


@given(st.lists(st.integers(1, 10**6), min_size=1))
def test_a_run_is_worth_the_less_the_more_have_it(holders: list[int]) -> None:
    worth = words.rarity(np.array(sorted(holders), np.int64)).tolist()

    assert worth == sorted(worth, reverse=True)
    assert all(0 < one <= 1 for one in worth)
    assert words.rarity(np.array([1, words.COMMON, 2 * words.COMMON], np.int64)).tolist() == [1.0, 1.0, 0.5]


# Strange texts


@pytest.mark.parametrize(
    "text",
    [
        "soup " * 1_000_000,
        "x" * 2_000_000,
        "\ud800" * 2_000_000,
        "\x00" * 2_000_000,
        "e" + "\u0301" * 2_000_000,
        "語" * 2_000_000,
        "".join(map(chr, range(0x30000))) * 10,
    ],
    ids=[
        "one word",
        "one long word",
        "lone surrogates",
        "NULs",
        "one letter with many accents",
        "signs",
        "all of Unicode",
    ],
)
def test_huge_texts_are_cut_quickly(text: str) -> None:
    began = time.process_time()

    cut = words.words(text)

    assert len(cut.fingerprint) <= len(cut.grams) <= words.MAX_COMPARED_CHARS
    assert time.process_time() - began < 5


def of_one_letter(texts: Sequence[str]) -> set[int]:
    return {number for text in texts for number in hashes(text)}


def test_words_of_one_letter_repeated_are_all_different() -> None:
    assert len(of_one_letter(["a" * n for n in range(1, 1_000)])) == 999
