"""What was changed between two texts: everything of both is told, in order, and it ends in time."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.dedupe import MAX_COMPARED_PAIRS, Change, changes, is_coarse, words_changed
from aggregator.model import Passage
from tests.fakeweb import OTHER, STORY

TEXTS = st.one_of(
    st.text(),
    st.lists(st.sampled_from(["van", "loft ", "\n", "the ", "“net” ", "港口", " 8,"]), max_size=40).map("".join),
)


def of_kind(found: list[Change], what: str) -> list[str]:
    return [change.text.strip() for change in found if change.what == what]


def has_words(text: str) -> bool:
    return bool(text.strip()) and any(sign.isalnum() for sign in text)


@given(TEXTS, TEXTS, st.booleans())
def test_together_the_changes_are_all_of_both_texts(a: str, b: str, as_typed: bool) -> None:
    found = list(changes(a, b, as_typed=as_typed))

    ours = "".join(a[c.place.a_start : c.place.a_end] for c in found)
    theirs = "".join(b[c.place.b_start : c.place.b_end] for c in found)
    assert (ours, theirs) == (a, b)
    for change in found:
        p = change.place
        assert change.text == (a[p.a_start : p.a_end] if change.what == "deleted" else b[p.b_start : p.b_end])


def test_white_space_alone_is_told_too_and_counts_for_no_word() -> None:
    found = list(changes("   \n ", "x y"))

    assert [(change.what, change.text) for change in found] == [("deleted", "   \n "), ("inserted", "x y")]
    assert words_changed(found) == (2, 0)
    assert words_changed(changes("x y", " ")) == (0, 2)


@given(TEXTS)
def test_nothing_is_changed_from_a_text_to_itself_with_other_space(text: str) -> None:
    assert {change.what for change in changes(text, "  ".join(text.split(" ")))} <= {"same"}


def test_a_word_that_was_changed_is_told_with_its_place() -> None:
    found = list(changes(STORY, STORY.replace("eleven", "twelve")))

    assert (of_kind(found, "deleted"), of_kind(found, "inserted")) == (["eleven"], ["twelve"])
    p = found[1].place
    assert STORY[p.a_start : p.a_end].strip() == "eleven"
    assert words_changed(found) == (1, 1)


def test_a_paragraph_that_was_put_in_is_all_that_changed() -> None:
    first, rest = STORY.split("\n\n", 1)

    found = list(changes(STORY, f"{first}\n\n{OTHER}\n\n{rest}"))

    assert (of_kind(found, "deleted"), of_kind(found, "inserted")) == ([], [OTHER])


def test_two_changes_with_a_word_between_them_are_one() -> None:
    found = list(changes("Then the old grey van left.", "Then the new grey boat left."))

    assert of_kind(found, "inserted") == ["new grey boat"]


def test_only_a_part_is_compared_if_that_is_asked_for() -> None:
    a, b = f"{OTHER} {STORY}", f"{STORY} {OTHER}"

    [same] = changes(a, b, Passage(len(OTHER) + 1, len(a), 0, len(STORY)))

    assert (same.what, same.text) == ("same", STORY)


def test_quotation_marks_and_dashes_count_only_between_versions() -> None:
    typed, set_ = 'The "loft" - it\'s gone.', "The “loft” – it’s gone."

    assert of_kind(list(changes(typed, set_)), "same") == ["The", "gone."]
    assert of_kind(list(changes(typed, set_, as_typed=True)), "same") == [set_]


def test_where_no_spaces_part_the_words_each_sign_is_one() -> None:
    found = list(changes("昨日警察在港口扣押了厨房车。", "昨日警察在港口没收了厨房车。"))

    assert (of_kind(found, "deleted"), of_kind(found, "inserted")) == (["扣押"], ["没收"])


@pytest.mark.parametrize(
    ("a", "b"),
    [("a " * 100_000, "b a " * 50_000), ("a\n" * 100_000, "b\na\n" * 50_000), ("x" * 200_000, "\ud800 " * 100_000)],
    ids=["one word", "one line", "surrogates"],
)
def test_texts_made_to_be_slow_end_in_time(a: str, b: str) -> None:
    began = time.monotonic()

    found = list(changes(a, b))
    assert is_coarse(found) == (len(a.split()) * len(b.split()) > MAX_COMPARED_PAIRS)
    assert time.monotonic() - began < 10
