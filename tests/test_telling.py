"""Which words of a text a query is about: the same one by one and of many at once."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from aggregator.query import Any, Reach, Word
from aggregator.search.telling import Telling

WORDS = st.sampled_from(["camp", "camps", "camping", "cmap", "raumung", "raumungen", "ab", "жара", "l", "evictions"])
ASKED = st.builds(Word, WORDS | st.text("campжs", min_size=1, max_size=7), st.sampled_from([*Reach]))


@given(st.lists(ASKED, min_size=1, max_size=4), st.lists(WORDS), st.sampled_from(["en", "de", None, "xx"]))
@example([Word("camp", Reach.NEAR), Word("ca", Reach.PREFIX)], ["camp", "cmap", "ab"], "en")
def test_words_of_a_text_are_told_one_by_one_as_together(
    asked: list[Word], words: list[str], language: str | None
) -> None:
    telling = Telling(Any(tuple(asked)), ["en", "de"])
    assert telling.among(words, language) == {word for word in words if telling.has(word, language)}
