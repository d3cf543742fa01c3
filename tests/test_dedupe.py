"""Which texts are one text, how one was made from the other, and who had it first."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator import dedupe, words
from aggregator.dedupe.runs import Runs, runs_of
from aggregator.model import Match, Relation, Shared, Sighting, Version
from tests.fakeweb import OTHER, STORY, source
from tests.fewarticles import NIGHT, A, B, FewArticles, candidate

STORY_1, STORY_2, STORY_3 = STORY.split("\n\n")
OTHER_1, OTHER_2 = OTHER.split("\n\n")


def compared(one: dedupe.Candidate, other: dedupe.Candidate) -> Match | None:
    """The match of two candidates; None: they are none."""
    return next(iter(FewArticles(one, other).settled().matches), None)


def matched(one: dedupe.Candidate, other: dedupe.Candidate) -> Match:
    """The match of two candidates, which must be one."""
    match = compared(one, other)
    assert match
    return match


def shared(a: str, b: str) -> tuple[Shared, ...]:
    """What two texts share."""
    return dedupe.align(words.words(a), words.words(b), a, b)


# Laws of overlaps

WORDS = st.lists(st.sampled_from("red green blue one two three four van rain soup".split()), max_size=60).map(" ".join)
SHARED = st.builds(lambda a, b, c: (f"{a} {STORY_1} {b}", f"{b} {STORY_1} {c}"), WORDS, WORDS, WORDS)


@given(st.one_of(SHARED, st.tuples(WORDS, WORDS), st.tuples(st.text(), st.text())))
def test_a_passage_begins_and_ends_with_the_same_words_on_both_sides(texts: tuple[str, str]) -> None:
    a, b = texts
    for each in shared(a, b):
        p = each.passage
        left, right = words.words(a[p.a_start : p.a_end]).hashes, words.words(b[p.b_start : p.b_end]).hashes
        assert left[: words.GRAM_WORDS].tolist() == right[: words.GRAM_WORDS].tolist()
        assert left[-words.GRAM_WORDS :].tolist() == right[-words.GRAM_WORDS :].tolist()


@given(st.one_of(SHARED, st.tuples(WORDS, WORDS), st.tuples(st.text(), st.text())))
def test_passages_lie_within_their_texts_and_count_no_more_words_than_there_are(texts: tuple[str, str]) -> None:
    a, b = texts
    for each in shared(a, b):
        p = each.passage
        assert 0 <= p.a_start < p.a_end <= len(a) and 0 <= p.b_start < p.b_end <= len(b)
        assert 0 < each.alike <= each.words <= len(words.words(a))
        assert 0 < sum(stretch.words for stretch in each.stretches) <= each.words


@given(SHARED)
def test_a_shared_paragraph_is_always_found(texts: tuple[str, str]) -> None:
    found = shared(*texts)
    assert max(each.words for each in found) >= len(words.words(STORY_1))


FEW_WORDS = st.lists(st.sampled_from("red green blue one two".split()), max_size=40).map(" ".join)


@given(st.lists(st.one_of(SHARED, st.tuples(FEW_WORDS, FEW_WORDS)), min_size=1, max_size=6))
def test_many_pairs_laid_side_by_side_have_the_runs_that_each_has_alone(pairs: list[tuple[str, str]]) -> None:
    cut = [(words.words(one), words.words(other)) for one, other in pairs]
    together = [row for runs in runs_of([*cut, *cut[:1]]) for row in rows_of(runs)]

    alone = [
        (n, *row[1:]) for n, pair in enumerate([*cut, *cut[:1]]) for runs in runs_of([pair]) for row in rows_of(runs)
    ]
    assert together == alone


@given(st.one_of(SHARED, st.tuples(FEW_WORDS, FEW_WORDS)))
def test_a_run_ends_where_the_words_differ_and_every_shared_gram_that_stands_once_is_in_one(
    texts: tuple[str, str],
) -> None:
    a, b = map(words.words, texts)
    rows = [row for runs in runs_of([(a, b)]) for row in rows_of(runs)]
    covered = set()
    for _, i, j, length in rows:
        assert length >= words.GRAM_WORDS
        assert a.hashes[i : i + length].tolist() == b.hashes[j : j + length].tolist()
        assert a.hashes[i + length : i + length + 1].tolist() != b.hashes[j + length : j + length + 1].tolist() or (
            i + length == len(a) or j + length == len(b)
        )
        covered |= set(a.grams[i : i + length - words.GRAM_WORDS + 1].tolist())
    assert covered == set(a.grams.tolist()) & set(b.grams.tolist())


def rows_of(runs: Runs) -> list[tuple[int, int, int, int]]:
    return list(zip(*(column.tolist() for column in (runs.pair, runs.a, runs.b, runs.words)), strict=True))


@given(st.one_of(SHARED, st.tuples(WORDS, WORDS)))
def test_a_match_does_not_depend_on_who_is_asked_first(texts: tuple[str, str]) -> None:
    one, other = candidate(A, texts[0]), candidate(B, texts[1])
    assert compared(one, other) == compared(other, one)


@given(st.text(), st.lists(st.sampled_from([" ", "  ", "\t", "\u00a0"]), min_size=1))
def test_a_version_digest_ignores_white_space(text: str, blanks: list[str]) -> None:
    pieces = text.split(" ")
    spread = "".join(piece + blanks[n % len(blanks)] for n, piece in enumerate(pieces))
    assert dedupe.version_digest("A title", spread) == dedupe.version_digest(" A  title ", text)


@pytest.mark.parametrize("changed", ["soup for nine", "Soup for eight", "soup, for eight", "soup for eight!"])
def test_a_version_digest_tells_any_other_change(changed: str) -> None:
    assert dedupe.version_digest("T", changed) != dedupe.version_digest("T", "soup for eight")
    assert dedupe.version_digest(changed, "T") != dedupe.version_digest("soup for eight", "T")


def test_an_article_id_is_the_same_on_every_machine() -> None:
    assert dedupe.article_id("a", "http://a.example/1") == "mrd7lquj2tpn"
    assert dedupe.article_id("b", "http://a.example/1") != "mrd7lquj2tpn"


# Kinds


def test_the_same_text_under_the_same_title_is_verbatim() -> None:
    match = matched(candidate(A, STORY), candidate(B, STORY))

    assert (match.relation, match.kind) == (Relation.DUP, "verbatim")
    assert (match.a_coverage, match.b_coverage) == (1.0, 1.0)


def test_a_credit_line_above_the_copy_leaves_it_verbatim() -> None:
    assert matched(candidate(A, STORY), candidate(B, "(source: a)\n" + STORY)).kind == "verbatim"


def test_the_same_text_under_another_title_is_retitled() -> None:
    assert matched(candidate(A, STORY), candidate(B, STORY, title="Vans at dawn")).kind == "retitled"


def test_a_beginning_is_truncated() -> None:
    match = matched(candidate(A, STORY), candidate(B, STORY_1 + "\n[…] Read the rest on their site"))

    assert (match.relation, match.kind) == (Relation.DUP, "truncated")


def test_a_copy_with_changed_sentences_is_edited() -> None:
    changed = STORY.replace(
        "and that the kettles, the stove and eleven mattresses would go to a store", "or so it went"
    )
    changed = changed.replace("brought soup and three trolleys, the baker lent her van", "found a lorry")

    match = matched(candidate(A, STORY), candidate(B, changed))

    assert (match.relation, match.kind) == (Relation.DUP, "edited")


def test_a_copy_that_is_longer_than_its_original_is_not_truncated() -> None:
    original = candidate(A, STORY, at="2026-11-02T10:00")
    longer = candidate(B, f"(source: a)\n{STORY}\n\n{OTHER_1}", at="2026-11-03T10:00")

    match = matched(original, longer)

    assert (match.first, match.kind) == (original.article.id, "edited")


def test_a_copy_taken_before_an_edit_is_found_by_the_old_version() -> None:
    edited = candidate(A, STORY, f"{OTHER}\n\n{NIGHT}")

    match = matched(edited, candidate(B, STORY))

    assert match.kind == "edited"
    assert dedupe.version_digest("The net loft", STORY) in (match.a_version, match.b_version)
    assert {match.a_version, match.b_version} == {dedupe.version_digest("The net loft", STORY)}


def test_a_paragraph_of_another_text_is_an_excerpt() -> None:
    one = candidate(A, STORY)

    match = matched(one, candidate(B, f"{OTHER_1}\n\n{STORY_2}\n\n{OTHER_2}\n\n{NIGHT}"))

    assert (match.relation, match.kind) == (Relation.PARTIAL, "excerpt")
    [p] = match.passages
    start, end = (p.a_start, p.a_end) if match.a == one.article.id else (p.b_start, p.b_end)
    assert STORY[start:end] == STORY_2


@pytest.mark.parametrize(
    "head", ["Joint statement of: A – B – C", "Communiqué commun de : A – B", "(Gemeinsame Erklärung"]
)
def test_a_text_that_several_signed_is_joint_and_has_no_first(head: str) -> None:
    text = f"{head}\n{STORY}"

    match = matched(candidate(A, text), candidate(B, text, at="2026-11-09T10:00"))

    assert (match.kind, match.first) == ("joint", None)


def test_the_same_path_on_a_mirror_host_is_a_mirror_of_the_other() -> None:
    original = source("orig", mirrors=("mirror.example",))
    first = candidate(original, STORY, url="http://orig.example/nl/7.html", at="2026-11-05T10:00")
    copy = candidate(source("mirror"), STORY, url="http://mirror.example/nl/7.html", at="2026-11-01T10:00")

    match = matched(first, copy)

    assert (match.kind, match.first) == ("mirror", first.article.id)


def test_texts_that_share_no_passage_do_not_match() -> None:
    assert compared(candidate(A, STORY), candidate(B, f"{OTHER}\n\n{NIGHT}")) is None


def test_a_short_quotation_is_no_match() -> None:
    quoted = "the owner had changed his mind about the lease"

    assert compared(candidate(A, STORY), candidate(B, f"{OTHER_1} He said that {quoted}. {OTHER_2}")) is None


def test_a_standing_paragraph_of_one_source_is_no_match() -> None:
    standing = (
        "Our legal desk is open on Mondays and Thursdays from two to six in the yard behind the library; bring "
        "whatever papers you have, and somebody to translate if you can. We never ask for names and keep no list."
    )

    assert compared(candidate(A, f"{STORY}\n\n{standing}"), candidate(A, f"{OTHER}\n\n{standing}", title="x")) is None


# Direction


def test_the_earlier_claimed_date_decides() -> None:
    late, early = candidate(A, STORY, at="2026-11-03T09:00"), candidate(B, STORY, at="2026-11-03T08:59")

    assert matched(late, early).first == early.article.id


def test_a_credit_goes_before_the_dates() -> None:
    original = candidate(A, STORY, at="2026-11-09T10:00")
    copy = candidate(B, f"{STORY}\n(source: a)", at="2026-11-01T10:00")

    match = matched(original, copy)

    assert match.first == original.article.id
    assert any("(source: a)" in reason for reason in match.evidence)


def test_credits_to_each_other_leave_it_to_the_dates() -> None:
    one = candidate(A, f"{STORY}\n(source: b)", at="2026-11-01T10:00")
    other = candidate(B, f"{STORY}\n(source: a)", at="2026-11-02T10:00")

    assert matched(one, other).first == one.article.id


@pytest.mark.parametrize(
    ("one_at", "other_at"),
    [
        ("2026-11-03T00:00", "2026-11-03T08:00"),
        ("2026-11-03T00:00", "2026-11-03T00:00"),
        ("2026-11-03T08:00", "2026-11-03T08:00"),
        (None, "2026-11-03T08:00"),
        (None, None),
    ],
)
def test_dates_that_do_not_tell_leave_it_undecided(one_at: str | None, other_at: str | None) -> None:
    match = matched(candidate(A, STORY, at=one_at), candidate(B, STORY, at=other_at))

    assert match.first is None
    assert "undecided" in match.evidence[-1]


def test_another_day_decides_also_without_a_time() -> None:
    one, other = candidate(A, STORY, at="2026-11-03T00:00"), candidate(B, STORY, at="2026-11-04T00:00")

    assert matched(one, other).first == one.article.id


# Strange texts


@pytest.mark.parametrize("text", ["", " ", "soup", "soup and bread for all", "…", "\x00", "\ud800"])
def test_short_and_empty_texts_match_nothing(text: str) -> None:
    assert len(words.words(text).fingerprint) <= 1
    assert compared(candidate(A, text), candidate(B, text)) is None
    assert compared(candidate(A, text), candidate(B, STORY)) is None


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("soup " * 100_000, "soup " * 100_000),
        ("soup bread " * 50_000, ("soup bread " * 7 + "tea ") * 7_000),
        ("x" * 1_000_000, "x" * 1_000_000),
        (" ".join(map(str, range(100_000))), " ".join(map(str, reversed(range(100_000))))),
        ("語" * 200_000, "語" * 200_000),
    ],
    ids=["one word", "two words", "no space", "no run", "no spaces in the script"],
)
def test_huge_and_repeated_texts_end_quickly(a: str, b: str) -> None:
    began = time.process_time()

    shared(a, b)

    assert time.process_time() - began < 5


# Versions


def seen(hour: int, text: str) -> tuple[Sighting, Version]:
    """That an article was seen at an hour with a text, and the version that the text would be."""
    at = datetime(2026, 11, 20, hour, tzinfo=UTC)
    digest = dedupe.version_digest("T", text)
    version = candidate(A, text, title="T").versions[0]
    return (
        Sighting(article_id=version.article_id, captured_at=at, record_id=f"<{hour}>", digest=digest),
        replace(version, captured_at=at, record_id=f"<{hour}>"),
    )


def told(*sightings: tuple[Sighting, Version]) -> list[tuple[int, str]]:
    """The history of those sightings: the hour at which each version was first seen, and its text."""
    found = dedupe.history([s for s, _ in sightings], [v for _, v in sightings])
    assert [v.number for v in found] == list(range(1, len(found) + 1))
    return [(v.captured_at.hour, v.text) for v in found]


def test_a_version_begins_where_the_text_differs_from_the_sighting_before() -> None:
    assert told(seen(1, "a"), seen(2, "a"), seen(3, "b"), seen(4, "a")) == [(1, "a"), (3, "b"), (4, "a")]


def test_an_older_capture_that_comes_later_becomes_the_earlier_version() -> None:
    assert told(seen(5, "b"), seen(6, "b"), seen(1, "a")) == [(1, "a"), (5, "b")]


def test_a_capture_in_which_nothing_could_be_read_is_no_version() -> None:
    assert told(seen(1, "a"), seen(2, ""), seen(3, "a")) == [(1, "a")]
    assert told(seen(1, ""), seen(2, "a")) == [(2, "a")]
    assert told(seen(1, ""), seen(2, "")) == [(1, "")]


@given(
    st.lists(st.tuples(st.integers(0, 23), st.sampled_from(["", "a", "b", "c"])), unique_by=lambda s: s[0]),
    st.randoms(),
)
def test_a_history_does_not_depend_on_the_order_in_which_captures_came(
    sightings: list[tuple[int, str]], random: Random
) -> None:
    shuffled = random.sample(sightings, len(sightings))
    assert told(*(seen(*s) for s in sightings)) == told(*(seen(*s) for s in shuffled))
