"""What is evidence that texts are one text, which are, how each was made, and who had it first."""

from __future__ import annotations

import time
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from aggregator import dedupe
from aggregator.decisions import Event
from aggregator.dedupe import Candidate, Decided, Settled
from aggregator.matching import CONFIRMED, JOINED, REFUSED, SPLIT, decisions_of
from aggregator.model import Alignment, Match, Relation
from aggregator.reposts import Found, in_corpus
from tests.fakeweb import OTHER, STORY, source
from tests.families.making import corpus
from tests.families.texts import read, stories
from tests.fewarticles import NIGHT, SEEN, A, B, C, FewArticles, candidate

STORY_1, STORY_2, STORY_3 = STORY.split("\n\n")
NOTES: list[str] = [note["text"].strip() for note in read("notes")["en"]]
"""Forty short texts that have nothing to do with each other."""
Doc = dict[str, str]


def prose(seed: int, count: int = 40) -> str:
    """A paragraph of so many words in no language, like no other."""
    chance = Random(seed)
    syllables = "ka lo mi ren tu sa vel dor pi qua nes bri ol gan tem shu".split()
    return " ".join("".join(chance.choices(syllables, k=chance.randint(1, 4))) for _ in range(count)) + "."


def paragraphs(letters: str, count: int = 40) -> str:
    """A text of paragraphs, one for each letter."""
    return "\n\n".join(prose(ord(letter), count) for letter in letters)


def doc(name: str, text: str, at: str = "", **more: str) -> Doc:
    """A text of a corpus, on a site that is called like it."""
    return {"id": name, "text": text, "source": name, "published": at} | more


def found(*docs: Mapping[str, Any]) -> Found:
    return in_corpus(docs)


def families(result: Found) -> list[set[str]]:
    return [set(cluster.members) for cluster in result.clusters]


def pairs(matches: Iterable[Match]) -> set[tuple[str, str]]:
    return {(m.a, m.b) for m in matches}


def only(result: Found) -> Match:
    [match] = result.matches
    return match


# What is evidence


def test_a_passage_that_many_unrelated_texts_hold_is_no_evidence() -> None:
    assert found(*(doc(f"n{n}", f"{text}\n\n{NIGHT}") for n, text in enumerate(NOTES))).matches == ()


def test_a_passage_that_two_unrelated_texts_hold_is_evidence() -> None:
    match = only(found(*(doc(f"n{n}", f"{text}\n\n{NIGHT}") for n, text in enumerate(NOTES[:2]))))

    assert (match.relation, match.kind) == (Relation.PARTIAL, "excerpt")
    [p] = match.passages
    assert f"{NOTES[0]}\n\n{NIGHT}"[p.a_start : p.a_end] == NIGHT


@pytest.mark.parametrize(("count", "text"), [(100, STORY), (400, STORY), (600, STORY_1)])
def test_a_passage_that_many_copies_of_one_text_hold_is_evidence(count: int, text: str) -> None:
    copies = [doc(f"c{n:03}", text) for n in range(count)]

    result = found(*copies)

    assert families(result) == [{copy["id"] for copy in copies}]
    assert {m.kind for m in result.matches} == {"verbatim"}


def test_who_quotes_what_a_hundred_copied_is_found() -> None:
    copies = [doc(f"c{n:03}", STORY) for n in range(100)]

    result = found(*copies, doc("q", f"{OTHER}\n\n{STORY_2}\n\n{NIGHT}"))

    assert families(result) == [{copy["id"] for copy in copies}]
    assert {m.relation for m in result.matches if m.b == "q"} == {Relation.PARTIAL}


@pytest.mark.parametrize("count", [2, 3, 5])
def test_the_standing_paragraph_of_a_site_is_no_evidence_between_its_pages(count: int) -> None:
    pages = [doc(f"p{n}", f"{text}\n\n{NIGHT}", source="site") for n, text in enumerate(NOTES[:count])]

    assert found(*pages).matches == ()


def test_the_standing_paragraph_of_a_site_is_no_evidence_when_somebody_else_holds_it_once() -> None:
    pages = [doc(f"p{n}", f"{text}\n\n{NIGHT}", source="site") for n, text in enumerate(NOTES[:6])]

    assert found(*pages, doc("q", f"{NOTES[6]}\n\n{NIGHT}")).matches == ()


def test_a_text_that_a_site_has_twice_is_one_text() -> None:
    result = found(doc("p1", STORY, source="site"), doc("p2", STORY, source="site"), doc("p3", OTHER, source="site"))

    assert families(result) == [{"p1", "p2"}]


def test_what_a_site_says_on_all_its_pages_does_not_hide_what_is_copied_from_it() -> None:
    pages = [doc(f"p{n}", f"{text}\n\n{NIGHT}", source="site") for n, text in enumerate([STORY, *NOTES[:5]])]

    result = found(*pages, doc("q", STORY))

    assert families(result) == [{"p0", "q"}]
    assert pairs(result.matches) == {("p0", "q")}


def test_whether_texts_would_be_compared_today_is_asked_only_of_those_whose_passages_count() -> None:
    pages = [candidate(A, f"{text}\n\n{NIGHT}", title=f"Page {n}") for n, text in enumerate([STORY, *NOTES[:5]])]
    copy = candidate(B, STORY)
    asked: list[tuple[str, str]] = []

    def standing(alignments: Iterable[Alignment]) -> list[Alignment]:
        told = list(alignments)
        asked.extend((one.a, one.b) for one in told)
        return told

    few = FewArticles(*pages, copy)
    settled = few.settled(standing=standing)

    assert asked == sorted(pairs(settled.matches)) == [tuple(sorted((pages[0].article.id, copy.article.id)))]
    assert few.settled(standing=lambda _: []) == Settled((), (), {})


def of_kind(kind: str, lang: str) -> list[Mapping[str, Any]]:
    """The documents of a kind in the invented archive."""
    docs, truth = corpus()
    kinds = {row["doc"]: row["kind"] for row in truth if row["type"] == "doc"}
    return [one for one in docs if kinds[one["id"]] == kind and one["lang"] == lang]


@pytest.mark.parametrize("lang", ["en", "fr", "de"])
def test_form_letters_are_no_match(lang: str) -> None:
    letters = of_kind("trap-letter", lang)
    assert len(letters) >= 5

    assert found(*letters).matches == ()


@pytest.mark.parametrize("lang", ["en", "fr", "de"])
def test_of_two_reports_of_one_event_only_what_both_cite_is_shared(lang: str) -> None:
    reports = of_kind("trap-reports", lang)
    both_cite = {(row["a"], row["b"]) for row in corpus()[1] if row["type"] == "ignore"}
    assert len(reports) >= 2

    result = found(*reports)

    assert result.clusters == ()
    assert pairs(result.matches) <= both_cite
    assert all(max(m.a_coverage, m.b_coverage) < 0.3 for m in result.matches)


def test_two_texts_in_two_languages_that_share_only_what_their_site_says_are_no_translation() -> None:
    footer = "Relay of the day, relay of the week, all relays. This relay was set by hand. Write to us on a postcard."
    french = read("notes")["fr"][0]["text"].strip()
    one = doc("a", f"{NOTES[0]}\n\n{footer}", "2026-11-02", source="site", language="en")
    other = doc("b", f"{french}\n\n{footer}", "2026-11-09", source="site", language="fr")

    assert [m for m in found(one, other).matches if m.relation is Relation.TRANSLATION] == []


# Families


def test_a_round_up_joins_nobodys_family() -> None:
    letters = ("ABCDE", "FGHIJ", "KLMNO", "PQRST")
    originals = [doc(f"o{n}", paragraphs(some), "2026-11-02") for n, some in enumerate(letters)]
    copies = [doc(f"p{n}", paragraphs(some), "2026-11-03") for n, some in enumerate(letters)]
    weekly = doc("weekly", "\n\n".join(paragraphs(some[:4]) for some in letters), "2026-11-08")

    result = found(*originals, *copies, weekly)

    assert families(result) == [{f"o{n}", f"p{n}"} for n in range(4)]
    gathered = [m for m in result.matches if "weekly" in (m.a, m.b)]
    assert {m.kind for m in gathered} == {"roundup"} and len(gathered) == 8
    assert {m.relation for m in gathered} == {Relation.PARTIAL}


def test_two_round_ups_with_the_same_texts_in_them_are_not_their_family() -> None:
    letters = ("ABCDE", "FGHIJ", "KLMNO")
    originals = [doc(f"o{n}", paragraphs(some), "2026-11-02") for n, some in enumerate(letters)]
    weeklies = [
        doc(f"w{n}", "\n\n".join([*(paragraphs(some) for some in letters), prose(n)]), "2026-11-08") for n in range(2)
    ]

    result = found(*originals, *weeklies)

    assert all(not {one["id"] for one in originals} & family for family in families(result))


X = ("ABCDEFGHIJ", "ABCDEFGHIJ", "ABCDEFGHKL")
Y = ("DEFGHKLMNO", "FGHKLMNOPQ", "FGHKLMNOPQ")


def test_a_weak_bridge_does_not_join_two_families() -> None:
    """The last of one and the first of the other have seven paragraphs of ten in common, within each eight or more."""
    docs = [doc(f"{side}{n}", paragraphs(text)) for side, some in (("x", X), ("y", Y)) for n, text in enumerate(some)]

    assert found(docs[2], docs[3]).clusters != ()
    assert families(found(*docs)) == [{"x0", "x1", "x2"}, {"y0", "y1", "y2"}]


def test_many_weak_bridges_join_two_families() -> None:
    docs = [doc(f"{side}{n}", paragraphs(text)) for side, text in (("x", X[2]), ("y", Y[0])) for n in range(3)]

    assert families(found(*docs)) == [{"x0", "x1", "x2", "y0", "y1", "y2"}]


@pytest.mark.parametrize(("part", "kind"), [("ABC", "truncated"), ("DEF", "excerpt"), ("FGH", "excerpt")])
def test_a_text_cut_short_joins_the_family_of_the_older_text(part: str, kind: str) -> None:
    result = found(
        doc("old", paragraphs("ABCDEFGH"), "2026-11-02T10:00"),
        doc("copy", paragraphs("ABCDEFGH"), "2026-11-03T10:00"),
        doc("cut", paragraphs(part), "2026-11-04T10:00"),
    )

    assert families(result) == [{"old", "copy", "cut"}]
    [match] = [m for m in result.matches if (m.a, m.b) == ("cut", "old")]
    assert (match.relation, match.kind, match.first) == (Relation.DUP, kind, "old")
    assert match.a_coverage > 0.99
    assert 0.3 < match.b_coverage < 0.45


@pytest.mark.parametrize("part", ["ABC", "DEF", "FGH"])
def test_a_text_that_holds_an_older_short_one_whole_and_more_of_its_own_does_not_join_it(part: str) -> None:
    result = found(
        doc("old", paragraphs(part), "2026-11-02T10:00"),
        doc("copy", paragraphs(part), "2026-11-03T10:00"),
        doc("longer", paragraphs("ABCDEFGH"), "2026-11-04T10:00"),
    )

    assert families(result) == [{"old", "copy"}]
    assert {m.relation for m in result.matches if "longer" in (m.a, m.b)} == {Relation.PARTIAL}


def test_where_no_date_tells_a_beginning_is_a_copy_cut_short_and_an_end_is_not() -> None:
    whole = doc("whole", paragraphs("ABCDEFGH"))

    assert families(found(whole, doc("cut", paragraphs("ABC")))) == [{"whole", "cut"}]
    assert families(found(whole, doc("cut", paragraphs("FGH")))) == []


def test_a_credit_tells_that_a_part_is_a_copy_where_the_dates_deny_it() -> None:
    whole = doc("whole", paragraphs("ABCDEFGH"), "2026-11-04T10:00")
    cut = doc("cut", f"{paragraphs('DEF')}\n\n(source: whole)", "2026-11-02T10:00")

    assert families(found(whole, cut)) == [{"whole", "cut"}]


def test_families_do_not_depend_on_the_order_in_which_texts_are_given() -> None:
    docs = [doc(f"{side}{n}", paragraphs(text)) for side, some in (("x", X), ("y", Y)) for n, text in enumerate(some)]
    docs += [doc("cut", paragraphs("ABC")), doc("weekly", paragraphs("ABCDPQRS")), doc("other", paragraphs("PQRS"))]
    results = [found(*Random(seed).sample(docs, len(docs))) for seed in range(5)]

    assert len({(result.matches, result.clusters) for result in results}) == 1


# What people decided


def texts(*names_and_texts: str | tuple[str, str]) -> list[Candidate]:
    """Articles of sources a, b, c ..., each later than the one before."""
    return [
        candidate(source(name), text if isinstance(text, str) else text[0], at=f"2026-11-02T{10 + n}:00")
        for n, (name, text) in enumerate(zip("abcdef", names_and_texts, strict=False))
    ]


def ids(*articles: Candidate) -> frozenset[str]:
    return frozenset(one.article.id for one in articles)


def pair(one: Candidate, other: Candidate) -> tuple[str, str]:
    low, high = sorted(ids(one, other))
    return low, high


def test_a_refused_match_is_none_and_makes_no_family() -> None:
    a, b, c = texts(STORY, STORY, OTHER)

    settled = FewArticles(a, b, c).settled(Decided(refused=frozenset({pair(a, b)})))

    assert (settled.matches, settled.clusters) == ((), ())


def test_a_confirmed_match_stands_although_its_passage_is_common() -> None:
    holders = [candidate(source(f"s{n}"), f"{text}\n\n{NIGHT}") for n, text in enumerate(NOTES[:20])]
    one, other = holders[3], holders[7]
    assert FewArticles(*holders).settled().matches == ()

    settled = FewArticles(*holders).settled(Decided(confirmed=frozenset({pair(one, other)})))

    assert [{m.a, m.b} for m in settled.matches] == [set(ids(one, other))]


def test_joined_articles_are_one_family_whatever_they_share() -> None:
    a, b, c, d = texts(STORY, STORY, OTHER, NIGHT)

    settled = FewArticles(a, b, c, d).settled(Decided(joined=(ids(b, c),)))

    assert [set(cluster.members) for cluster in settled.clusters] == [ids(a, b, c)]
    assert pairs(settled.matches) == {pair(a, b)}


def test_split_articles_are_one_text_with_each_other_alone() -> None:
    a, b, c, d = texts(STORY, STORY, STORY, STORY)
    few = FewArticles(a, b, c, d)

    alone = few.settled(Decided(split=(ids(c),)))
    two = few.settled(Decided(split=(ids(c, d),)))

    assert [set(cluster.members) for cluster in alone.clusters] == [ids(a, b, d)]
    assert {frozenset(cluster.members) for cluster in two.clusters} == {ids(a, b), ids(c, d)}
    assert {m.relation for m in alone.matches if c.article.id in (m.a, m.b)} == {Relation.PARTIAL}


def decided(*said: tuple[str, str]) -> Decided:
    """What these events decide, in order: a kind, and the articles as letters."""
    events = []
    for number, (kind, letters) in enumerate(said, 1):
        names = {"a": letters[0], "b": letters[1]} if kind in (CONFIRMED, REFUSED) else {"articles": list(letters)}
        events.append(Event(number=number, at=datetime(2026, 11, 23, tzinfo=UTC), kind=kind, said=names))
    return decisions_of(events)


def test_a_later_decision_goes_before_an_earlier_one() -> None:
    assert decided((CONFIRMED, "ab"), (REFUSED, "ba")) == Decided(refused=frozenset({("a", "b")}))
    assert decided((REFUSED, "ab"), (CONFIRMED, "ab")) == Decided(confirmed=frozenset({("a", "b")}))
    assert decided((JOINED, "abc"), (SPLIT, "c")) == Decided(joined=(frozenset("ab"),), split=(frozenset("c"),))
    assert decided((JOINED, "ab"), (SPLIT, "b")) == Decided(split=(frozenset("b"),))
    assert decided((SPLIT, "ab"), (JOINED, "bc")) == Decided(joined=(frozenset("bc"),), split=(frozenset("a"),))
    assert decided((REFUSED, "ab"), (REFUSED, "ac"), (JOINED, "abd")) == Decided(
        refused=frozenset({("a", "c")}), joined=(frozenset("abd"),)
    )
    assert decided((SPLIT, "ab"), (SPLIT, "a")) == Decided(split=(frozenset("b"), frozenset("a")))


def test_decisions_about_others_stand_beside_each_other() -> None:
    said = decided((REFUSED, "ab"), (CONFIRMED, "cd"), (JOINED, "ef"), (SPLIT, "g"), (REFUSED, "bc"))

    assert said == Decided(
        confirmed=frozenset({("c", "d")}),
        refused=frozenset({("a", "b"), ("b", "c")}),
        joined=(frozenset("ef"),),
        split=(frozenset("g"),),
    )
    assert decided() == Decided()


# How it was made

MERGED = "Joint statement of: a – b – c"
LOCKGATE = {
    story.lang: "\n\n".join(" ".join(parts) for parts in story.paragraphs)
    for story in stories()
    if story.name == "lockgate"
}
KINDS = {
    "verbatim": [doc("a", STORY, title="The net loft"), doc("b", f"(source: a)\n\n{STORY}", title="The net loft")],
    "retitled": [doc("a", STORY, title="The net loft"), doc("b", STORY, title="Vans at dawn")],
    "truncated": [doc("a", STORY), doc("b", f"{STORY_1}\n\nRead on elsewhere.")],
    "excerpt": [doc("a", STORY), doc("b", f"{OTHER}\n\n{STORY_2}\n\n{NIGHT}")],
    "quote": [doc("a", STORY), doc("b", f"{OTHER}\n\n“{STORY_2}”\n\n{NIGHT}")],
    "edited": [doc("a", STORY), doc("b", f"{STORY}\n\n{prose(3, 25)}")],
    "reblog": [
        doc("a", STORY),
        doc("b", f"We were there ourselves and can only say so. {prose(2, 12)}\n\n(source: a)\n\n{STORY}"),
    ],
    "joint": [doc("a", f"{MERGED}\n\n{STORY}"), doc("b", f"{MERGED}\n\n{STORY}")],
    "translation": [doc("a", LOCKGATE["en"], language="en"), doc("b", LOCKGATE["fr"], language="fr")],
    "migrated": [
        doc("a", STORY, source="Quay Advice (old pages)", title="The net loft"),
        doc("b", STORY, source="Quay Advice", title="The net loft"),
    ],
}


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_how_a_text_was_made_from_another_is_told(kind: str) -> None:
    docs = [{**one, "published": f"2026-11-0{n}T10:00"} for n, one in enumerate(KINDS[kind], 2)]

    match = only(found(*docs))

    assert match.kind == kind
    assert match.first == (None if kind == "joint" else "a")
    partial = {"excerpt": Relation.PARTIAL, "quote": Relation.PARTIAL, "translation": Relation.TRANSLATION}
    assert match.relation is partial.get(kind, Relation.DUP)
    assert all(0 < coverage <= 1 for coverage in (match.a_coverage, match.b_coverage))


def test_the_same_page_on_a_mirror_is_told() -> None:
    original = source("orig", mirrors=("mirror.example",))
    one = candidate(original, STORY, url="http://orig.example/7.html", at="2026-11-05T10:00")
    copy = candidate(source("mirror"), STORY, url="http://mirror.example/7.html", at="2026-11-02T10:00")
    elsewhere = candidate(source("mirror"), STORY, url="http://mirror.example/8.html", at="2026-11-02T10:00")

    [match] = FewArticles(one, copy).settled().matches
    [other] = FewArticles(one, elsewhere).settled().matches

    assert (match.kind, match.first) == ("mirror", one.article.id)
    assert (other.kind, other.first) == ("verbatim", elsewhere.article.id)


# Who had it first


def test_a_credit_goes_before_the_dates_in_a_corpus_too() -> None:
    match = only(found(doc("a", STORY, "2026-11-09"), doc("b", f"(source: a)\n\n{STORY}", "2026-11-01")))

    assert match.first == "a"
    assert any("(source: a)" in reason for reason in match.evidence)


def test_of_a_site_that_moved_the_old_place_was_first_where_no_date_tells() -> None:
    old, new = source("old", name="Quay Advice (old pages)"), source("new", name="Quay Advice")
    for one, other in ((old, new), (new, old)):
        [match] = FewArticles(candidate(one, STORY, at=None), candidate(other, STORY, at=None)).settled().matches
        assert match.kind == "migrated"
        assert match.first == dedupe.article_id("old", "http://old.example/The net loft")


def seen_late(one: Candidate) -> Candidate:
    """An article that was seen two days after all others."""
    return replace(one, article=replace(one.article, captured_at=SEEN + timedelta(days=2)))


def test_what_was_seen_before_the_other_claims_to_be_was_first() -> None:
    seen = candidate(A, STORY, at=None)
    later = seen_late(candidate(B, STORY, at=SEEN + timedelta(days=1)))
    earlier = seen_late(candidate(B, STORY, at=SEEN - timedelta(days=1)))

    [match] = FewArticles(seen, later).settled().matches
    [open_] = FewArticles(seen, earlier).settled().matches

    assert match.first == seen.article.id
    assert open_.first is None


def test_a_claimed_date_after_it_was_seen_does_not_count() -> None:
    liar = candidate(A, STORY, at=SEEN + timedelta(days=5))
    other = seen_late(candidate(B, STORY, at=SEEN + timedelta(days=1)))
    assert liar.published_at == SEEN

    [match] = FewArticles(liar, other).settled().matches

    assert match.first == liar.article.id
    assert (
        match.evidence[1]
        == f"a was seen here on {SEEN:%Y-%m-%d %H:%M}, before b claims {SEEN + timedelta(days=1):%Y-%m-%d %H:%M} (UTC)"
    )


def test_who_has_what_the_other_no_longer_says_copied_it() -> None:
    edited = candidate(A, STORY, f"{OTHER}\n\n{NIGHT}", at=None)
    copy = candidate(B, STORY, at=None)
    both = candidate(B, STORY, f"{OTHER}\n\n{NIGHT}", at=None)

    [match] = FewArticles(edited, copy).settled().matches
    [undecided] = FewArticles(edited, both).settled().matches

    assert match.first == edited.article.id
    assert undecided.first is None


@pytest.mark.parametrize(
    ("dates", "told"),
    [
        (("2026-10-29", "2026-10-30"), "claimed dates: 2026-10-29 before 2026-10-30"),
        (("2026-10-29", "2026-10-30T12:30"), "claimed dates (UTC): 2026-10-29 before 2026-10-30 12:30"),
        (("2026-10-29T08:00", "2026-10-29T12:30"), "claimed dates (UTC): 2026-10-29 08:00 before 2026-10-29 12:30"),
    ],
)
def test_a_reason_gives_no_hour_that_nobody_claims(dates: tuple[str, str], told: str) -> None:
    assert only(found(doc("a", STORY, dates[0]), doc("b", STORY, dates[1]))).evidence[1] == told


def test_reasons_name_texts_without_a_source_by_id_in_the_order_of_the_arrow() -> None:
    docs = [
        {"id": i, "text": t, "published": at} for i, t, at in (("1", STORY, "2026-11-03"), ("2", STORY, "2026-11-02"))
    ]
    match = only(in_corpus(docs))
    assert match.first == "2"
    assert match.evidence[0].endswith("words shared: 100% of 2, 100% of 1")


def test_reasons_tell_two_articles_of_one_source_apart() -> None:
    match = only(found(doc("p1", STORY, "2026-11-03", source="s"), doc("p2", STORY, "2026-11-02", source="s")))
    assert match.evidence[0].endswith("words shared: 100% of s p2, 100% of s p1")


def test_a_family_has_an_original_where_all_but_one_are_copies() -> None:
    dates = ("2026-11-02T10:00", "2026-11-03T10:00", "2026-11-04T10:00")
    one, two, three = (candidate(s, STORY, at=at) for s, at in zip((A, B, C), dates, strict=True))
    [cluster] = FewArticles(one, two, three).settled().clusters
    [undated] = FewArticles(one, two, candidate(C, STORY, at=None)).settled().clusters

    assert cluster.original == one.article.id
    assert undated.original is None
    assert cluster.id == min(ids(one, two, three))


# Languages


def in_language(lang: str) -> tuple[str, str]:
    """Two unrelated texts in a language."""
    one, other, *_ = (
        "\n\n".join(("" if lang in ("zh", "ja") else " ").join(parts) for parts in story.paragraphs)
        for story in stories()
        if story.lang == lang
    )
    return one, other


def passage_of(text: str, lang: str) -> str:
    """The first sixty words or, where nothing stands between words, about 120 signs."""
    if lang not in ("zh", "ja", "th"):
        end = text.index(text.split()[59]) if text.count(text.split()[59]) == 1 else len(" ".join(text.split()[:59]))
        return text[:end].rstrip(" \n.,;:!?«»،؛")
    end = 120
    while not text[end].isalnum() or not text[end - 1].isalnum():
        end += 1
    return text[:end]


LANGUAGES = ("ar", "el", "ru", "tr", "zh", "ja", "th")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_copied_paragraph_is_found_in_other_text_in_any_script(lang: str) -> None:
    one, other = in_language(lang)
    passage = passage_of(one, lang)
    first, *rest = other.split("\n\n")
    host = "\n\n".join([first, passage, *rest])
    assert len(passage) >= 120

    match = only(found(doc("a", one, language=lang), doc("b", host, language=lang)))

    [p] = match.passages
    assert one[p.a_start : p.a_end] == host[p.b_start : p.b_end] == passage


@pytest.mark.parametrize("lang", LANGUAGES)
def test_two_unrelated_texts_are_no_match_in_any_script(lang: str) -> None:
    one, other = in_language(lang)

    assert found(doc("a", one, language=lang), doc("b", other, language=lang)).matches == ()


@pytest.mark.parametrize("lang", ["ar", "el", "ru", "tr", "ja"])
@pytest.mark.parametrize(
    "spelt",
    [lambda t: unicodedata.normalize("NFD", t), str.upper, lambda t: t.replace("\n\n", "\u00ad\n\n\u200b")],
    ids=["decomposed", "upper case", "with characters that nobody sees"],
)
def test_a_copy_that_is_spelt_otherwise_is_one_text(lang: str, spelt: Any) -> None:
    one, _ = in_language(lang)

    match = only(found(doc("a", one, language=lang), doc("b", spelt(one), language=lang)))

    assert match.relation is Relation.DUP
    assert min(match.a_coverage, match.b_coverage) > 0.97


# Strange texts


def in_seconds(most: float, *docs: Doc) -> Found:
    began = time.process_time()
    result = found(*docs)
    assert time.process_time() - began < most
    return result


HOSTILE = {
    "one word": "soup " * 1_000_000,
    "two words": "soup bread " * 500_000,
    "no space at all": "x" * 2_000_000,
    "signs without space": "語" * 1_000_000,
    "lone surrogates": "\ud800" * 1_000_000,
    "surrogates and words": "\ud800 soup\udfff" * 200_000,
    "NULs": "\x00" * 1_000_000,
    "words between NULs": "soup\x00bread\x00" * 200_000,
    "accents": "e" + "\u0301" * 1_000_000,
    "stops": ". " * 1_000_000,
    "lines": "\n" * 1_000_000,
    "quotation marks": "“soup” " * 200_000,
    "credits": "(source: a)\n" * 20_000,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_text_ends_quickly_and_matches_nothing_else(text: str) -> None:
    result = in_seconds(10, doc("h", text), doc("i", text), doc("s", STORY), doc("t", STORY))

    assert pairs(result.matches) <= {("h", "i"), ("s", "t")}
    assert ("s", "t") in pairs(result.matches)


def test_parts_in_another_order_and_words_without_end_between_them_end_quickly() -> None:
    chance = Random(1)
    parts = [" ".join(chance.choices("abcdefgh", k=5)) for _ in range(8_000)]
    refrain = " soup of the day for all who come "
    mixed = [refrain.join(chance.sample(parts, len(parts))) for _ in range(2)]
    gaps = [f"{STORY_1} {letter * 90_000}{n} {STORY_2} {STORY_3}" for n, letter in enumerate("xy")]

    result = in_seconds(20, *(doc(f"d{n}", text) for n, text in enumerate([*mixed, *gaps])), doc("t", OTHER))

    assert ("d2", "d3") in pairs(result.matches)
    assert not any("t" in pair for pair in pairs(result.matches))


def test_a_text_of_twenty_megabytes_ends_quickly_and_its_beginning_is_found() -> None:
    chance = Random(1)
    names = [prose(n, 1)[:-1] + str(n) for n in range(5_000)]
    huge = f"{STORY}\n\n" + "\n\n".join(" ".join(chance.choices(names, k=60)) + "." for _ in range(30_000))
    assert len(huge.encode()) > 20_000_000

    result = in_seconds(20, doc("h", huge, "2026-11-09"), doc("s", STORY, "2026-11-02"), doc("t", OTHER))

    match = only(result)
    assert (match.a, match.b, match.relation) == ("h", "s", Relation.PARTIAL)
    [p] = match.passages
    assert huge[p.a_start : p.a_end] == STORY


def test_very_many_identical_short_texts_end_quickly() -> None:
    copies = [doc(f"c{n:05}", STORY_3) for n in range(10_000)]

    result = in_seconds(60, *copies, doc("t", OTHER))

    assert families(result) == [{copy["id"] for copy in copies}]


def test_very_many_short_texts_that_differ_in_one_word_match_nobody_else() -> None:
    letters = [
        doc(f"c{n:05}", f"Notice {n}: the pump at gate {n * 7} is closed until further notice.") for n in range(5_000)
    ]

    result = in_seconds(30, *letters, doc("s", STORY), doc("t", STORY))

    assert pairs(result.matches) == {("s", "t")}


@pytest.mark.parametrize("marks", ["\ud800", "\x00", "\ud800\udfff ", "\ufeff"])
def test_a_copy_with_strange_characters_strewn_in_is_found_where_it_stands(marks: str) -> None:
    strewn = f"{OTHER}{marks}\n\n{marks}{STORY}{marks}\n\n{marks}{NIGHT}"

    match = only(found(doc("a", STORY), doc("b", strewn)))

    [p] = match.passages
    assert STORY[p.a_start : p.a_end] == STORY
    assert strewn[p.b_start : p.b_end].strip(marks) == STORY
