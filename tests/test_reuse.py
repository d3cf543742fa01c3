"""The passage fingerprints: what is asked of them, what is added to them, and what befalls their files."""

from __future__ import annotations

import errno
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import combinations
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator import words
from aggregator.errors import NoSpaceError, StoreError
from aggregator.reuse import FEW, TOLD_HOLDERS, Fingerprint, Reuse
from aggregator.reuse.segments import mapped
from tests import doors
from tests.doors import KILLED, door
from tests.fakeweb import OTHER, STORY

Pairs = dict[tuple[int, int], tuple[int, int, float]]
"""By two articles, the smaller number first: the other's rate, how many grams they share, and what these are worth."""


def fingerprint(number: int, grams: Iterable[int], rate: int = 1, text: int = 0) -> Fingerprint:
    """What an article is found again by; of an older, shorter version it may have more grams than its rate says."""
    return Fingerprint(number, rate, np.array(sorted(set(grams)), np.uint64), text)


def of_text(number: int, text: str) -> Fingerprint:
    cut = words.words(text)
    return Fingerprint(number, cut.rate, cut.fingerprint)


def asked(reuse: Reuse, prints: Sequence[Fingerprint], new: Sequence[Fingerprint] | None = None) -> Pairs:
    """The candidates for these articles; each pair is given once."""
    prints = sorted(prints, key=lambda f: f.number)
    numbers = np.array(sorted(f.number for f in new or prints), np.uint64)
    found = reuse.candidates(prints, numbers)
    pairs: Pairs = {}
    columns = (found.asked, found.number, found.rate, found.shared, found.weight)
    for row, other, rate, shared, weight in zip(*(column.tolist() for column in columns), strict=True):
        pair = min(prints[row].number, other), max(prints[row].number, other)
        assert pair not in pairs
        pairs[pair] = rate, shared, round(weight, 9)
    return pairs


def held(reuse: Reuse, grams: Sequence[int]) -> list[tuple[list[int], int]]:
    """Who holds each gram, the first of many, and how many hold it in all."""
    rows, numbers, counts = reuse.holders(np.array(grams, np.uint64))
    named: list[list[int]] = [[] for _ in grams]
    for row, number in zip(rows.tolist(), numbers.tolist(), strict=True):
        named[row].append(number)
    return list(zip(named, counts.tolist(), strict=True))


def counted(reuse: Reuse, grams: Sequence[int]) -> list[int]:
    return [int(count) for count in reuse.counts(np.array(grams, np.uint64))]


Answers = tuple[int, Pairs, list[tuple[list[int], int]], list[int]]


def answers(reuse: Reuse, prints: Sequence[Fingerprint], grams: Sequence[int]) -> Answers:
    """All that can be asked."""
    return len(reuse), asked(reuse, prints), held(reuse, grams), counted(reuse, grams)


def expected(prints: Sequence[Fingerprint], grams: Sequence[int]) -> Answers:
    """All that can be asked, by going through everything."""
    holders = {g: sorted(f.number for f in prints if g in set(f.grams.tolist())) for g in grams}
    pairs: Pairs = {}
    copies = {f.text: sorted(o.number for o in prints if o.text == f.text) for f in prints if f.text}
    spare = {number for numbers in copies.values() for number in numbers[FEW:]}
    for one, other in combinations(sorted(prints, key=lambda f: f.number), 2):
        limit = int(words.BOUNDS[max(one.rate, other.rate)])
        is_first = one.text != 0 and one.text == other.text and one.number == copies[one.text][0]
        if not is_first and spare & {one.number, other.number}:
            continue
        both = [
            g
            for g in grams
            if {one.number, other.number} <= set(holders[g])
            and g <= limit
            and (len(holders[g]) <= FEW or one.number in holders[g][:FEW] or other.number in spare)
        ]
        if both:
            worth = sum(float(words.rarity(np.array([len(holders[g])]))[0]) for g in both)
            pairs[one.number, other.number] = one.rate, len(both), round(worth, 9)
    told = [(holders[g][:TOLD_HOLDERS], len(holders[g])) for g in grams]
    return len(prints), pairs, told, [len(holders[g]) for g in grams]


GRAMS = [Random(7).getrandbits(64) for _ in range(40)]
"""Of these articles are made; some are small enough to be kept at every rate, most are not."""
SMALL = [Random(8).getrandbits(60) for _ in range(20)]
KNOWN = sorted({*GRAMS, *SMALL})
ARTICLES = st.dictionaries(
    st.one_of(st.integers(0, 40), st.integers(0, 2**60 - 1)),
    st.tuples(st.sampled_from([1, 1, 2, 4, 8]), st.sets(st.sampled_from(KNOWN), max_size=12)),
    min_size=1,
    max_size=30,
)
MANY = st.integers(FEW - 2, 2 * FEW + 10)


def prints_of(articles: dict[int, tuple[int, set[int]]]) -> list[Fingerprint]:
    return [fingerprint(number, grams, rate) for number, (rate, grams) in articles.items()]


def in_batches(prints: Sequence[Fingerprint], chance: Random) -> list[list[Fingerprint]]:
    """These in any order, some at a time."""
    shuffled = chance.sample(list(prints), len(prints))
    batches: list[list[Fingerprint]] = []
    while shuffled:
        size = chance.randint(1, len(shuffled))
        batches.append(shuffled[:size])
        shuffled = shuffled[size:]
    return batches


# What is asked


@settings(max_examples=60)
@given(ARTICLES, st.randoms(use_true_random=False))
def test_the_answers_do_not_depend_on_the_order_in_which_articles_were_added(
    articles: dict[int, tuple[int, set[int]]], chance: Random
) -> None:
    prints = prints_of(articles)
    reuse = Reuse()
    for batch in in_batches(prints, chance):
        reuse.add(batch)

    assert answers(reuse, prints, KNOWN) == expected(prints, KNOWN)


@settings(max_examples=20)
@given(ARTICLES, st.randoms(use_true_random=False))
def test_the_answers_are_the_same_from_the_disk_and_after_reopening(
    articles: dict[int, tuple[int, set[int]]], chance: Random
) -> None:
    prints = prints_of(articles)
    with tempfile.TemporaryDirectory() as folder:
        for batch in in_batches(prints, chance):
            Reuse(Path(folder) / "reuse", writing=True).add(batch)
        reader = Reuse(Path(folder) / "reuse")

        assert not reader.is_new
        assert answers(reader, prints, KNOWN) == expected(prints, KNOWN)


@settings(max_examples=40)
@given(MANY, ARTICLES, st.randoms(use_true_random=False))
def test_of_a_gram_that_many_hold_only_the_first_count_in_whatever_order_they_came(
    many: int, articles: dict[int, tuple[int, set[int]]], chance: Random
) -> None:
    numbers = chance.sample(range(1000), many)
    prints = prints_of({n: (chance.choice([1, 1, 2]), {SMALL[0]}) for n in numbers} | articles)
    reuse = Reuse()
    for batch in in_batches(prints, chance):
        reuse.add(batch)

    assert answers(reuse, prints, KNOWN) == expected(prints, KNOWN)


COPIES = st.dictionaries(
    st.integers(1, 3), st.tuples(MANY, st.sets(st.sampled_from(SMALL), min_size=1, max_size=12)), min_size=1
)
"""By text: how many articles have it, and its grams."""


@settings(max_examples=40)
@given(COPIES, ARTICLES, st.randoms(use_true_random=False))
def test_of_many_copies_of_one_text_all_but_a_few_meet_the_first_of_them_and_nobody_else(
    copies: dict[int, tuple[int, set[int]]], articles: dict[int, tuple[int, set[int]]], chance: Random
) -> None:
    numbers = iter(chance.sample(range(100, 2000), sum(many for many, _ in copies.values())))
    prints = [fingerprint(next(numbers), held, text=text) for text, (many, held) in copies.items() for _ in range(many)]
    prints += [one for one in prints_of(articles) if one.number < 100]
    reuse = Reuse()
    for batch in in_batches(prints, chance):
        reuse.add(batch)

    assert answers(reuse, prints, KNOWN) == expected(prints, KNOWN)


@settings(max_examples=40)
@given(COPIES, st.randoms(use_true_random=False))
def test_a_copy_that_comes_later_and_is_now_the_first_meets_all_that_are_there(
    copies: dict[int, tuple[int, set[int]]], chance: Random
) -> None:
    many, grams = next(iter(copies.values()))
    old = [fingerprint(number, grams, text=1) for number in range(1, many + 1)]
    first = fingerprint(0, grams, text=1)
    reuse = Reuse()
    reuse.add([*old, first])

    assert asked(reuse, [first]).keys() == {(0, one.number) for one in old}


@settings(max_examples=40)
@given(ARTICLES, st.randoms(use_true_random=False))
def test_what_is_added_again_changes_nothing(articles: dict[int, tuple[int, set[int]]], chance: Random) -> None:
    prints = prints_of(articles)
    reuse = Reuse()
    for batch in (*in_batches(prints, chance), *in_batches(prints, chance)):
        reuse.add(batch)

    assert answers(reuse, prints, KNOWN) == expected(prints, KNOWN)


@settings(max_examples=40)
@given(ARTICLES, st.randoms(use_true_random=False))
def test_of_an_article_that_got_longer_what_is_new_is_added(
    articles: dict[int, tuple[int, set[int]]], chance: Random
) -> None:
    prints = prints_of(articles)
    before = [fingerprint(f.number, chance.sample(f.grams.tolist(), len(f.grams) // 2)) for f in prints]
    reuse = Reuse()
    for batch in (*in_batches(before, chance), *in_batches(prints, chance)):
        reuse.add(batch)

    assert answers(reuse, prints, KNOWN) == expected(prints, KNOWN)


@settings(max_examples=40)
@given(ARTICLES, st.randoms(use_true_random=False))
def test_those_that_come_one_batch_after_the_other_meet_each_other_once(
    articles: dict[int, tuple[int, set[int]]], chance: Random
) -> None:
    prints = prints_of(articles)
    reuse = Reuse()
    met: list[tuple[int, int]] = []
    for batch in in_batches(prints, chance):
        reuse.add(batch)
        met += asked(reuse, batch)

    assert sorted(met) == sorted(expected(prints, KNOWN)[1])


@settings(max_examples=40)
@given(ARTICLES, st.randoms(use_true_random=False))
def test_it_does_not_matter_how_many_are_asked_about_at_a_time(
    articles: dict[int, tuple[int, set[int]]], chance: Random
) -> None:
    prints = prints_of(articles)
    reuse = Reuse()
    reuse.add(prints)
    met = [each for some in in_batches(prints, chance) for each in asked(reuse, some, prints).items()]

    assert len(met) == len(dict(met))
    assert {pair: said[1:] for pair, said in met} == {pair: said[1:] for pair, said in asked(reuse, prints).items()}


def test_a_text_that_is_not_in_it_can_be_asked_about() -> None:
    reuse = Reuse()
    reuse.add([of_text(2, STORY), of_text(5, OTHER), of_text(9, f"{OTHER} {STORY}")])

    for number in (0, 4, 2**60):
        assert {other for pair in asked(reuse, [of_text(number, STORY)]) for other in pair} == {number, 2, 9}


def test_a_long_text_and_a_short_one_are_compared_at_the_rate_of_the_long_one() -> None:
    long = f"{' '.join(f'loft{n}' for n in range(3_000))} {STORY}"
    reuse = Reuse()
    reuse.add([of_text(1, STORY), of_text(2, long)])

    [(rate, shared, _)] = asked(reuse, [of_text(2, long)]).values()

    kept = set(of_text(2, long).grams.tolist())
    assert (rate, shared) == (1, len(kept & set(of_text(1, STORY).grams.tolist())))
    assert 5 < shared < len(of_text(1, STORY).grams) / 2


def test_nothing_is_known_of_an_empty_one() -> None:
    reuse = Reuse()

    assert reuse.is_new
    assert answers(reuse, [of_text(1, STORY)], KNOWN) == (0, {}, [([], 0)] * len(KNOWN), [0] * len(KNOWN))
    assert asked(reuse, []) == {}


def test_texts_of_too_few_words_are_known_and_share_nothing(tmp_path: Path) -> None:
    short = [of_text(n, "soup for all") for n in range(3)]
    assert not any(len(f.grams) for f in short)

    Reuse(tmp_path / "reuse", writing=True).add(short[:1])
    Reuse(tmp_path / "reuse", writing=True).add(short[1:])

    assert answers(Reuse(tmp_path / "reuse"), short, KNOWN) == expected(short, KNOWN)


def test_nothing_added_is_nothing_changed(tmp_path: Path) -> None:
    writer = Reuse(tmp_path / "reuse", writing=True)
    writer.add([of_text(1, STORY)])
    before = {path.name: path.read_bytes() for path in (tmp_path / "reuse").iterdir()}

    writer.add([])

    assert {path.name: path.read_bytes() for path in (tmp_path / "reuse").iterdir()} == before


def test_its_files_are_few_however_often_something_is_added(tmp_path: Path) -> None:
    for number in range(60):
        Reuse(tmp_path / "reuse", writing=True).add([of_text(number, f"{STORY} {number} {OTHER} {number}")])

    assert len(list((tmp_path / "reuse").iterdir())) < 40
    assert len(Reuse(tmp_path / "reuse")) == 60


def test_its_files_are_few_however_often_what_is_known_is_added_again(tmp_path: Path) -> None:
    for _ in range(30):
        Reuse(tmp_path / "reuse", writing=True).add([of_text(1, STORY)])

    assert len(list((tmp_path / "reuse").iterdir())) < 40
    assert counted(Reuse(tmp_path / "reuse"), of_text(1, STORY).grams.tolist()) == [1] * len(of_text(1, STORY).grams)


# What befalls the files

FIRST = [fingerprint(n, GRAMS[:9]) for n in (5, 3)]
SECOND = [fingerprint(n, GRAMS[5 : 5 + n]) for n in (8, 2, 3)]
THIRD = [fingerprint(n, [*GRAMS[n : n + 20], *SMALL]) for n in (1, 4, 7, 9)]
ALL = [*FIRST, fingerprint(8, GRAMS[5:13]), fingerprint(2, GRAMS[5:7]), *THIRD]


def before(folder: Path) -> Path:
    """A home's fingerprints before THIRD is added to them, which merges all."""
    for batch in (FIRST, SECOND):
        Reuse(folder, writing=True).add(batch)
    return folder


def add(folder: Path) -> None:
    Reuse(folder, writing=True).add(THIRD)


def told(folder: Path) -> Answers:
    return answers(Reuse(folder), ALL, KNOWN)


def the_lists_and_arrays(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if not path.name.startswith(".")]


def the_list(folder: Path) -> Path:
    [path] = folder.glob("*.json")
    return path


def arrays(folder: Path) -> list[Path]:
    """All else that counts."""
    return sorted(path for path in folder.iterdir() if path != the_list(folder) and not path.name.startswith("."))


def unlisted(folder: Path) -> list[Path]:
    """What the list does not name."""
    said = the_list(folder).read_text()
    return [path for path in arrays(folder) if f'"{path.name.partition("-")[0]}"' not in said]


def steps_of_adding(folder: Path) -> list[doors.Point]:
    counter = doors.Counter()
    before(folder)
    with door(counter):
        add(folder)
    return counter.passed


def test_a_kill_at_any_step_leaves_what_was_there_before_or_what_is_there_after(tmp_path: Path) -> None:
    steps = steps_of_adding(tmp_path / "calm")
    earlier, later = told(before(tmp_path / "earlier")), told(tmp_path / "calm")
    assert {point.kind for point in steps} >= {"open", "write", "fsync", "replace", "unlink"}
    assert earlier != later

    outcomes = []
    for number, point in enumerate(steps):
        folder = before(tmp_path / str(number))

        def killed(folder: Path = folder, point: doors.Point = point) -> None:
            with door(doors.Killer(point, torn=True)):
                add(folder)

        assert doors.in_a_child(killed) == KILLED
        outcomes.append(told(folder))
        add(folder)
        assert told(folder) == later
        Reuse(folder, writing=True).add([fingerprint(50, GRAMS)])
        assert unlisted(folder) == []

    assert outcomes == sorted(outcomes, key=lambda said: said == later)
    assert earlier in outcomes and later in outcomes
    assert [said for said in outcomes if said not in (earlier, later)] == []


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
def test_a_disk_that_fails_at_any_step_leaves_what_can_be_added_to_again(tmp_path: Path, code: int) -> None:
    steps = steps_of_adding(tmp_path / "calm")
    earlier, later = told(before(tmp_path / "earlier")), told(tmp_path / "calm")

    for number, point in enumerate(steps):
        folder = before(tmp_path / str(number))
        writer = Reuse(folder, writing=True)
        fails = doors.Failing(point, code)

        with door(fails), pytest.raises((NoSpaceError, StoreError)):
            writer.add(THIRD)

        assert fails.failed
        assert told(folder) in (earlier, later)
        assert answers(writer, ALL, KNOWN) in (earlier, later)
        writer.add(THIRD)
        assert answers(writer, ALL, KNOWN) == told(folder) == later


def test_what_a_kill_left_behind_is_swept_and_nothing_is_lost(tmp_path: Path) -> None:
    folder = before(tmp_path / "reuse")
    earlier, last = told(folder), arrays(folder)[-1].name.partition("-")[0]
    for path in arrays(folder):
        if path.name.startswith(last):
            shutil.copy(path, folder / path.name.replace(last, f"{int(last) + 1:0{len(last)}}"))
    behind = unlisted(folder)
    behind[0].write_bytes(behind[0].read_bytes()[:9])
    behind.pop().unlink()
    shutil.copy(the_list(folder), folder / f".{the_list(folder).name}.aside")

    assert told(folder) == earlier
    add(folder)

    assert unlisted(folder) == []
    add(before(tmp_path / "calm"))
    assert told(folder) == told(tmp_path / "calm")
    assert len(arrays(folder)) == len(arrays(tmp_path / "calm"))


def test_a_reader_goes_on_while_a_writer_merges_what_it_reads(tmp_path: Path) -> None:
    folder = before(tmp_path / "reuse")
    reader, earlier, names = Reuse(folder), told(folder), arrays(folder)

    add(folder)

    assert not set(names) & set(arrays(folder))
    assert answers(reader, ALL, KNOWN) == earlier
    assert told(folder) != earlier


def test_a_reader_may_come_at_any_step_of_a_writer(tmp_path: Path) -> None:
    folder = before(tmp_path / "reuse")
    seen = [told(folder)]

    class Reading(doors.Counter):
        def at(self, point: doors.Point, call: Callable[..., object], *arguments: object) -> object:
            seen.append(told(folder))
            return call(*arguments)

    with door(Reading()):
        add(folder)

    last = told(folder)
    assert [said for said in seen if said not in (seen[0], last)] == []
    assert seen == sorted(seen, key=lambda said: said == last)
    assert last in seen


def made_anew(folder: Path) -> Reuse:
    """Fingerprints of other articles, aside."""
    made = Reuse(folder.with_name(f"{folder.name}-aside"), writing=True)
    made.add(FIRST)
    made.add([fingerprint(number, SMALL) for number in (1, 30, 31, 32, 33)])
    return made


@pytest.mark.parametrize("scrub", [False, True])
def test_a_kill_while_others_take_their_place_leaves_the_old_ones_or_the_new(tmp_path: Path, scrub: bool) -> None:
    counter = doors.Counter()
    folder = before(tmp_path / "calm")
    earlier = told(folder)
    made = made_anew(folder)
    with door(counter):
        Reuse(folder, writing=True).become(made, scrub=scrub)
    later = told(folder)
    assert {point.kind for point in counter.passed} >= {"replace", "write", "unlink", *(["pwrite"] if scrub else [])}
    assert earlier != later
    assert unlisted(folder) == []

    outcomes = []
    for number, point in enumerate(counter.passed):
        folder = before(tmp_path / str(number))

        def killed(folder: Path = folder, point: doors.Point = point) -> None:
            made = made_anew(folder)
            with door(doors.Killer(point, torn=True)):
                Reuse(folder, writing=True).become(made, scrub=scrub)

        assert doors.in_a_child(killed) == KILLED
        outcomes.append(told(folder))
        Reuse(folder, writing=True)
        assert (told(folder), unlisted(folder)) == (outcomes[-1], [])

    assert outcomes == sorted(outcomes, key=lambda said: said == later)
    assert earlier in outcomes and later in outcomes
    assert [said for said in outcomes if said not in (earlier, later)] == []


def test_a_reader_may_come_while_others_take_their_place(tmp_path: Path) -> None:
    folder = before(tmp_path / "reuse")
    seen, made, there = [told(folder)], made_anew(folder), [Reuse(folder)]

    class Reading(doors.Counter):
        def at(self, point: doors.Point, call: Callable[..., object], *arguments: object) -> object:
            seen.append(told(folder))
            return call(*arguments)

    with door(Reading()):
        Reuse(folder, writing=True).become(made, scrub=True)

    last = told(folder)
    assert [said for said in seen if said not in (seen[0], last)] == []
    assert seen == sorted(seen, key=lambda said: said == last)
    there.append(Reuse(folder))
    assert [one.is_current for one in there] == [False, True]


def test_a_reader_that_has_the_list_of_one_folder_and_the_files_of_another_reads_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, other = tmp_path / "reuse", tmp_path / "other"
    Reuse(folder, writing=True).add(FIRST)
    Reuse(other, writing=True).add(THIRD)
    assert {path.name for path in folder.iterdir()} == {path.name for path in other.iterdir()}
    wanted = told(other)

    def swapped(*about: Any) -> Any:
        if other.exists():
            folder.rename(tmp_path / "gone")
            other.rename(folder)
        return mapped(*about)

    monkeypatch.setattr("aggregator.reuse.segments.mapped", swapped)

    assert told(folder) == wanted


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def halved(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def cut_by_a_byte(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def overwritten(path: Path) -> None:
    path.write_bytes(b"not an array and not a list, not at all" * 9)


DAMAGES = [Path.unlink, emptied, halved, cut_by_a_byte, overwritten]


def damaged(folder: Path, how: Callable[[Path], None]) -> Iterator[Path]:
    """Copies of these fingerprints, in each of which another file is damaged: first the list, then each other one."""
    for number, path in enumerate((the_list(folder), *arrays(folder))):
        copy = folder.with_name(f"damaged-{number}")
        shutil.copytree(folder, copy)
        how(copy / path.name)
        yield copy


@pytest.mark.parametrize("how", DAMAGES)
def test_a_reader_of_damaged_files_is_told_what_to_run(tmp_path: Path, how: Callable[[Path], None]) -> None:
    folders = list(damaged(before(tmp_path / "reuse"), how))
    assert len(folders) > 4

    for folder in folders:
        with pytest.raises(StoreError, match=r"aggregator rebuild --only reposts") as raised:
            Reuse(folder)
        assert raised.value.path == folder


@pytest.mark.parametrize("how", DAMAGES)
def test_a_writer_begins_anew_where_files_are_damaged(tmp_path: Path, how: Callable[[Path], None]) -> None:
    for folder in damaged(before(tmp_path / "reuse"), how):
        writer = Reuse(folder, writing=True)
        assert writer.is_new and len(writer) == 0
        assert not the_lists_and_arrays(folder)
        writer.add(ALL)

        assert told(folder) == expected(ALL, KNOWN)
        assert not Reuse(folder, writing=True).is_new


@pytest.mark.parametrize(
    "said",
    [b"null", b"[]", b"{}", b'{"form": 1}', b'{"form": 0, "segments": []}', b'{"form": 1, "segments": ["7"]}', b"\xff"],
)
def test_a_list_of_another_form_is_begun_anew(tmp_path: Path, said: bytes) -> None:
    folder = before(tmp_path / "reuse")
    the_list(folder).write_bytes(said)

    with pytest.raises(StoreError, match=r"aggregator rebuild --only reposts"):
        Reuse(folder)
    assert Reuse(folder, writing=True).is_new


def drowned(path: Path) -> None:
    path.write_bytes(b"\xff" * path.stat().st_size)


def zeroed(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


@pytest.mark.parametrize("how", [drowned, zeroed])
def test_files_of_the_right_length_with_other_bytes_in_them_are_a_damage_or_answer(
    tmp_path: Path, how: Callable[[Path], None]
) -> None:
    refused = 0
    for folder in damaged(before(tmp_path / "reuse"), how):
        try:
            told(folder)
        except StoreError:
            refused += 1

    assert refused > 0


def test_a_missing_folder_is_named_to_a_reader_and_made_by_a_writer(tmp_path: Path) -> None:
    folder = tmp_path / "index" / "reuse"

    with pytest.raises(StoreError, match=r"aggregator rebuild --only reposts"):
        Reuse(folder)
    assert not folder.exists()
    assert Reuse(folder, writing=True).is_new
    assert folder.is_dir()


def test_a_new_one_is_new_until_it_is_declared_fit_for_asking(tmp_path: Path) -> None:
    folder = tmp_path / "reuse"
    assert Reuse(folder, writing=True).is_new
    writer = Reuse(folder, writing=True)
    assert writer.is_new
    with pytest.raises(StoreError):
        Reuse(folder)

    writer.sign()

    assert not Reuse(folder, writing=True).is_new
    assert len(Reuse(folder)) == 0
