"""What is found does not depend on the order in which articles come, nor on when somebody looked or decided."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import pytest

from aggregator import credits, pipeline, reposts
from aggregator.catalogue import Catalogue
from aggregator.decisions import Decisions
from aggregator.dedupe import Candidate, Decided
from aggregator.errors import BusyError, StoreError
from aggregator.home import Home
from aggregator.matching import CONFIRMED, JOINED, REFUSED, SPLIT, Articles
from aggregator.model import Following, Relation, Source
from aggregator.pipeline.reposting import ASIDE, find_reposts
from aggregator.pipeline.translating import Translations
from aggregator.reposts import GIVEN, Family
from aggregator.reuse import FEW, Reuse
from tests import corners, doors
from tests.doors import door
from tests.fakeweb import NOON, OTHER, STORY, FakeWeb, crawl, dump, feed, following, page, source
from tests.families.making import corpus
from tests.families.texts import read, stories
from tests.fewarticles import NIGHT, candidate

STORY_1, STORY_2, STORY_3 = STORY.split("\n\n")
DUSK = (
    "Towards dusk the lamp man came down the quay with his ladder and told whoever would listen that the council had "
    "sold the lamps twice, once to the museum and once to a dealer from inland who collects anything with a number."
)
"""A fourth text of our own, one paragraph."""
Dump = list[tuple[str, dict[str, Any]]]


def before_its_edit(one: Candidate) -> Candidate:
    """An article without its newest version."""
    earlier = one.versions[:-1]
    article = replace(one.article, text=earlier[-1].text, version=earlier[-1].digest, number=len(earlier))
    found = credits.resolved(article.text, (one.source,) if one.source else ())
    return replace(one, article=article, versions=earlier, credits=found)


class Kept:
    """A home into whose catalogue articles are put as if they had been crawled."""

    def __init__(self, root: Path, sources: Iterable[Source]) -> None:
        self.home = Home(root)
        self.home.index.mkdir(parents=True)
        self.home.archive.mkdir()
        self._following = following(*sources)

    def come(self, *batches: Iterable[Candidate]) -> Dump:
        """Have batches of articles come, one after the other; what is known then."""
        with Catalogue(self.home.catalogue, writing=True) as known:
            translations = Translations(known)
            for batch in batches:
                with known.transaction():
                    for one in batch:
                        known.put_article(one.article, one.article.url, one.versions, one.credits)
                translations.find(*self._find(known), lambda _: None)
                if known.to_match():
                    self._find(known)
                assert known.to_match() == []
        return self.dump()

    def _find(self, known: Catalogue) -> tuple[Articles, Decided]:
        return find_reposts(self.home, known, self._following, lambda _: None)

    def dump(self) -> Dump:
        with Catalogue(self.home.catalogue) as known:
            return list(known.dump())

    def families(self) -> list[set[str]]:
        """The families of the home, as sources."""
        with Catalogue(self.home.catalogue) as known:
            sources = {a.id: a.source_id for a in known.articles(known.article_ids()).values()}
            return [{sources[i] for i in cluster.members} for cluster in known.clusters()]

    def pairs(self) -> set[frozenset[str]]:
        """The matches of the home, as sources."""
        with Catalogue(self.home.catalogue) as known:
            sources = {a.id: a.source_id for a in known.articles(known.article_ids()).values()}
            return {frozenset((sources[m.a], sources[m.b])) for m in known.matches_of(known.article_ids())}

    def decide(self, kind: str, *articles: Candidate) -> None:
        ids = sorted(one.article.id for one in articles)
        said = {"a": ids[0], "b": ids[1]} if kind in (CONFIRMED, REFUSED) else {"articles": ids}
        Decisions(self.home.archive).append(kind, {**said, "by": "a test"}, now=NOON)


def all_at_once(
    root: Path, sources: Iterable[Source], articles: Iterable[Candidate], decided: Kept | None = None
) -> Dump:
    """What is known where all articles came at once, and everything was decided before."""
    kept = Kept(root, sources)
    if decided and (decided.home.archive / "events.jsonl").exists():
        shutil.copy(decided.home.archive / "events.jsonl", kept.home.archive)
    return kept.come(articles)


def shuffled(articles: Sequence[Candidate], chance: Random, count: int) -> list[list[Candidate]]:
    """These in any order, in so many batches."""
    order = chance.sample(list(articles), len(articles))
    return [order[n::count] for n in range(count)]


# An archive


@cache
def archive() -> tuple[tuple[Source, ...], tuple[Candidate, ...]]:
    """Some sixty texts: whole families in several languages, who quotes and gathers them, form letters and reports."""
    docs, truth = corpus()
    kinds = {row["doc"]: row["kind"] for row in truth if row["type"] == "doc"}
    related = [row for row in truth if row["type"] == "pair"]
    translated = [i for row in related if row["rel"] == "translation" for i in (row["a"], row["b"])]
    wanted = set(translated[:16])
    for row in related:
        if len(wanted) < 34 and wanted & {row["a"], row["b"]}:
            wanted |= {row["a"], row["b"]}
    for kind, count in {"quote": 3, "round-up": 3, "trap-letter": 10, "trap-about": 3, "trap-standing": 5}.items():
        wanted |= set([i for i in sorted(kinds) if kinds[i] == kind][:count])
    round_ups = {i for i in wanted if kinds[i] == "round-up"}
    for row in related:
        if len(wanted) < 66 and round_ups & {row["a"], row["b"]}:
            wanted |= {row["a"], row["b"]}
    chosen = [doc for doc in docs if doc["id"] in wanted]
    names = sorted({doc["site"] for doc in chosen})
    sources = {name: source(f"s{number}", name=name) for number, name in enumerate(names)}
    made = [
        candidate(
            sources[doc["site"]],
            doc["text"],
            title=f"{doc['title']} {doc['id']}",
            at=datetime.fromisoformat(doc["date"]).replace(tzinfo=UTC) if doc["date"] else None,
            language=doc["lang"],
            sources=tuple(sources.values()),
        )
        for doc in chosen
    ]
    return tuple(sources.values()), tuple(made)


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Dump:
    """What is known of that archive where all came at once."""
    rows = all_at_once(tmp_path_factory.mktemp("calm") / "home", *archive())
    found = [row for table, row in rows if table == "matches"]
    assert {row["relation"] for row in found} == {"dup", "partial", "translation"}
    assert len({row["kind"] for row in found}) > 5
    assert 55 <= len(archive()[1]) <= 80 and len(found) > 60
    assert len({row["cluster_id"] for table, row in rows if table == "clusters"}) > 5
    return rows


@pytest.mark.parametrize("seed", range(3))
def test_the_order_in_which_articles_come_does_not_change_a_row(tmp_path: Path, calm: Dump, seed: int) -> None:
    sources, articles = archive()

    assert Kept(tmp_path / "home", sources).come(*shuffled(articles, Random(seed), 3 + 3 * seed)) == calm


def test_articles_that_come_one_by_one_are_known_as_if_all_had_come_at_once(tmp_path: Path) -> None:
    sources, articles = archive()
    some = articles[:24]

    rows = Kept(tmp_path / "home", sources).come(*([one] for one in some))

    assert rows == all_at_once(tmp_path / "calm", sources, some)


@pytest.mark.parametrize("seed", range(3))
def test_articles_that_are_edited_in_between_are_known_as_if_all_had_come_at_once(tmp_path: Path, seed: int) -> None:
    sources, articles = archive()
    chance = Random(seed)
    others = chance.sample([one.article for one in articles], 12)
    edited = {}
    for n, one in enumerate(chance.sample(list(articles), 12)):
        said = one.article
        new_text = [f"{said.text}\n\n{DUSK}", said.text[: len(said.text) // 2], others[n].text][n % 3]
        assert one.source
        edited[said.id] = candidate(
            one.source,
            said.text,
            new_text,
            title=said.title or "",
            at=said.claimed_at,
            language=said.language or "",
            sources=sources,
        )
    after = [edited.get(one.article.id, one) for one in articles]
    batches: list[list[Candidate]] = []
    for some in shuffled([before_its_edit(one) if len(one.versions) > 1 else one for one in after], chance, 3):
        later = [edited[one.article.id] for one in some if one.article.id in edited]
        batches += [some, chance.sample(later, len(later))]

    rows = Kept(tmp_path / "home", sources).come(*batches[:2], [*batches[2], *batches[3]], *batches[4:])

    assert rows == all_at_once(tmp_path / "calm", sources, after)


def test_a_look_at_what_is_settled_changes_nothing(tmp_path: Path, calm: Dump) -> None:
    sources, articles = archive()
    kept = Kept(tmp_path / "home", sources)
    assert kept.come(articles) == calm

    assert kept.come([], articles[:9], []) == calm


def test_fingerprints_that_were_lost_are_made_again(tmp_path: Path, calm: Dump) -> None:
    sources, articles = archive()
    kept = Kept(tmp_path / "home", sources)
    kept.come(*shuffled(articles, Random(5), 2))
    shutil.rmtree(kept.home.reuse)

    assert kept.come([]) == calm


def test_what_is_no_translation_any_more_is_at_once_what_else_it_is(tmp_path: Path) -> None:
    english, french = (
        "\n\n".join(" ".join(parts) for parts in story.paragraphs)
        for lang in ("en", "fr")
        for story in stories()
        if (story.name, story.lang) == ("lockgate", lang)
    )
    one, other = source("one"), source("other")
    original = candidate(one, f"{english}\n\n{NIGHT}")
    translated = candidate(other, f"{french}\n\n{NIGHT}", f"{OTHER}\n\n{NIGHT}", language="fr", title="La porte")
    kept = Kept(tmp_path / "home", [one, other])
    kept.come([original, before_its_edit(translated)])
    assert [row["relation"] for table, row in kept.dump() if table == "matches"] == ["translation"]

    rows = kept.come([translated])

    assert [row["relation"] for table, row in rows if table == "matches"] == ["partial"]
    assert rows == all_at_once(tmp_path / "calm", [one, other], [original, translated])


# Many copies


def many(count: int, text: str = STORY) -> tuple[list[Source], list[Candidate]]:
    """A text on so many sites, with a word changed or put in on each."""
    sources = [source(f"copy{n}") for n in range(count)]
    return sources, [
        candidate(one, text.replace("eleven", f"eleven or {n}"), at=NOON + timedelta(minutes=n))
        for n, one in enumerate(sources)
    ]


@pytest.fixture(scope="module")
def at_once(tmp_path_factory: pytest.TempPathFactory) -> Dump:
    """What is known of more copies than are compared with each other, when all have come at once."""
    return all_at_once(tmp_path_factory.mktemp("at-once") / "home", *many(FEW + 9))


@pytest.mark.parametrize("order", ["as numbered", "the other way round", "shuffled"])
def test_of_more_copies_than_are_compared_with_each_other_the_same_is_known_in_any_order(
    tmp_path: Path, at_once: Dump, order: str
) -> None:
    sources, copies = many(FEW + 9)
    by_id = sorted(copies, key=lambda one: one.article.id, reverse=order == "the other way round")
    batches = shuffled(by_id, Random(1), 9) if order == "shuffled" else [by_id[n : n + 5] for n in range(0, 45, 5)]
    kept = Kept(tmp_path / "home", sources)

    rows = kept.come(*batches)

    assert kept.families() == [{one.id for one in sources}]
    assert rows == at_once


@pytest.mark.parametrize("places", [[0], [5], [FEW + 3], [0, 1, FEW - 1], [2, 7, FEW, FEW + 5]])
def test_of_many_copies_of_one_text_some_are_edited_and_others_take_their_place(
    tmp_path: Path, places: list[int]
) -> None:
    sources = [source(f"copy{n}") for n in range(FEW + 9)]
    made = [(candidate(one, STORY, at=NOON), one) for one in sources]
    copies, of = zip(*sorted(made, key=lambda pair: pair[0].article.id), strict=True)
    excerpt = candidate(source("excerpt"), "\n\n".join((STORY.split("\n\n")[1], NIGHT)), title="Excerpt")
    kept = Kept(tmp_path / "home", [*sources, source("excerpt")])
    kept.come([*copies, excerpt])
    edited = {
        copies[n].article.id: candidate(of[n], STORY, STORY.replace("eleven", f"{n} more"), at=NOON) for n in places
    }

    rows = kept.come(list(edited.values()))

    after = [edited.get(one.article.id, one) for one in [*copies, excerpt]]
    assert rows == all_at_once(tmp_path / "calm", [*sources, source("excerpt")], after)


@pytest.mark.parametrize("seed", range(2))
def test_a_passage_that_many_come_to_hold_is_no_evidence_in_whatever_order_they_came(tmp_path: Path, seed: int) -> None:
    notes = [note["text"].strip() for note in read("notes")["en"]]
    sources = [source(f"holder{n}") for n in range(min(len(notes), FEW + 9))]
    articles = [
        candidate(one, f"{text}\n\n{NIGHT}", title=f"Note {n}")
        for n, (one, text) in enumerate(zip(sources, notes, strict=False))
    ]
    kept = Kept(tmp_path / "home", sources)

    rows = kept.come(*shuffled(articles, Random(seed), 7))

    assert rows == all_at_once(tmp_path / "calm", sources, articles)
    assert len(articles) > FEW
    assert kept.pairs() == set()


def test_a_paragraph_that_a_site_turns_out_to_have_everywhere_unmakes_a_match(tmp_path: Path) -> None:
    a, b = source("a"), source("b")
    notes = [f"{note['text'].strip()}\n\n{NIGHT}" for note in read("notes")["en"][:6]]
    pages = [candidate(a, text, title=f"Page {n}") for n, text in enumerate(notes)]
    elsewhere = candidate(b, f"{DUSK}\n\n{NIGHT}")
    kept = Kept(tmp_path / "home", (a, b))
    kept.come(pages[:1], [elsewhere])
    assert kept.pairs() == {frozenset("ab")}

    rows = kept.come(pages[1:])

    assert kept.pairs() == set()
    assert rows == all_at_once(tmp_path / "calm", (a, b), [*pages, elsewhere])


LINE = "and from the breakwater one could hear the deck hands arguing about whether"
PART_OF_LINE = "from the breakwater one could hear the deck hands"
"""Too short to be a passage by itself."""


def who_share_a_line() -> tuple[list[Source], list[Candidate], list[str]]:
    """Two texts that share a line, eight sources, and eight texts in which a part of that line stands."""
    notes = [note["text"].strip() for note in read("notes")["en"]]
    sources = [source(f"holder{n}") for n in range(10)]
    two = [candidate(one, f"{text} {LINE} nobody knows.") for one, text in zip(sources, (STORY_1, OTHER), strict=False)]
    return sources, two, [f"{text} Or {PART_OF_LINE} sing." for text in notes[:8]]


@pytest.mark.parametrize("first", ["the two", "the others"])
def test_a_line_of_which_a_part_turns_out_to_be_common_is_no_evidence_in_any_order(tmp_path: Path, first: str) -> None:
    sources, two, texts = who_share_a_line()
    others = [candidate(one, text) for one, text in zip(sources[2:], texts, strict=True)]
    kept = Kept(tmp_path / "home", sources)
    kept.come(two)
    assert len(kept.pairs()) == 1
    kept = Kept(tmp_path / "again", sources)

    rows = kept.come(*((two, others[:3], others[3:]) if first == "the two" else (others[:3], others[3:], two)))

    assert kept.pairs() == set()
    assert rows == all_at_once(tmp_path / "calm", sources, [*two, *others])


@pytest.mark.parametrize("first", ["the two", "the copies"])
def test_a_line_of_which_a_part_stands_in_copies_of_one_text_is_evidence_in_any_order(
    tmp_path: Path, first: str
) -> None:
    sources, two, texts = who_share_a_line()
    copies = [candidate(one, texts[0]) for one in sources[2:]]
    kept = Kept(tmp_path / "home", sources)

    rows = kept.come(*((two, copies[:3], copies[3:]) if first == "the two" else (copies[:3], copies[3:], two)))

    assert frozenset(("holder0", "holder1")) in kept.pairs()
    assert rows == all_at_once(tmp_path / "calm", sources, [*two, *copies])


# Edits


def test_a_copy_of_a_version_that_is_no_longer_compared_is_as_if_all_had_come_at_once(tmp_path: Path) -> None:
    a, b = source("a"), source("b")
    edits = [STORY, f"{OTHER}\n\n{NIGHT}", STORY_1, STORY_2, STORY_3, DUSK]
    copy = candidate(b, f"{OTHER}\n\n{NIGHT}")
    kept = Kept(tmp_path / "home", (a, b))

    for count in range(1, len(edits) + 1):
        article = candidate(a, *edits[:count])
        rows = kept.come([article, copy] if count == 1 else [article])

        assert rows == all_at_once(tmp_path / f"calm{count}", (a, b), [article, copy])


def test_an_article_that_says_something_else_now_leaves_its_family(tmp_path: Path) -> None:
    a, b, c = source("a"), source("b"), source("c")
    read_on_an_index = candidate(a, STORY)
    copies = [candidate(b, STORY), candidate(c, STORY)]
    kept = Kept(tmp_path / "home", (a, b, c))
    kept.come([read_on_an_index, *copies])
    assert kept.families() == [{"a", "b", "c"}]

    rows = kept.come([candidate(a, OTHER)])  # the older version was a stand-in

    assert kept.families() == [{"b", "c"}]
    assert rows == all_at_once(tmp_path / "calm", (a, b, c), [candidate(a, OTHER), *copies])


def test_the_last_copy_that_says_something_else_now_leaves_nobody_behind(tmp_path: Path) -> None:
    a, b = source("a"), source("b")
    kept = Kept(tmp_path / "home", (a, b))
    kept.come([candidate(a, STORY), candidate(b, STORY)])
    assert kept.families() == [{"a", "b"}]

    kept.come([candidate(a, OTHER)])

    assert (kept.families(), kept.pairs()) == ([], set())


def test_a_text_that_turns_out_to_be_of_another_year_no_longer_stands_in_the_way_of_translations(
    tmp_path: Path,
) -> None:
    said = {story.lang: story for story in stories() if story.name == "saltworks"}
    french, english = ("\n\n".join(" ".join(parts) for parts in said[lang].paragraphs) for lang in ("fr", "en"))
    sources = tuple(source(name) for name in "abc")
    one, other = candidate(sources[0], french, language="fr"), candidate(sources[1], english)
    rival = candidate(sources[2], f"{english[: len(english) // 2]}\n\n{OTHER}")
    dated = candidate(sources[2], rival.article.text, at=NOON - timedelta(days=700))
    kept = Kept(tmp_path / "home", sources)
    kept.come([one, other, rival])

    rows = kept.come([dated])

    assert rows == all_at_once(tmp_path / "calm", sources, [one, other, dated])


def test_a_page_in_two_languages_has_its_translation_into_a_third_in_a_home(tmp_path: Path) -> None:
    said = {story.lang: story for story in stories() if story.name == "sandbar"}
    text = {lang: "\n\n".join(" ".join(parts) for parts in story.paragraphs) for lang, story in said.items()}
    sources = tuple(source(name) for name in "ab")
    both = candidate(sources[0], f"{text['fr']}\n\n{text['en']}", language="fr")
    kept = Kept(tmp_path / "home", sources)

    kept.come([both, candidate(sources[1], text["es"], language="es")])

    with Catalogue(kept.home.catalogue) as known:
        [match] = known.matches_of([both.article.id])
    assert match.relation is Relation.TRANSLATION


# Decisions


def four() -> tuple[tuple[Source, ...], list[Candidate]]:
    """A story, two copies of it, and another text."""
    sources = tuple(source(name) for name in "abcd")
    texts = (STORY, STORY, f"{STORY}\n\n(source: a)", OTHER)
    made = [
        candidate(one, text, at=NOON + timedelta(hours=n), sources=sources)
        for n, (one, text) in enumerate(zip(sources, texts, strict=True))
    ]
    return sources, made


def test_what_is_decided_afterwards_is_as_if_it_had_been_decided_before(tmp_path: Path) -> None:
    sources, articles = four()
    a, b, c, d = articles
    cases: list[list[tuple[str, tuple[Candidate, ...]]]] = [
        [(REFUSED, (a, b))],
        [(REFUSED, (a, b)), (CONFIRMED, (b, a))],
        [(CONFIRMED, (a, b)), (REFUSED, (a, b)), (REFUSED, (b, c))],
        [(JOINED, (a, d))],
        [(JOINED, (a, d)), (SPLIT, (d,))],
        [(SPLIT, (b,))],
        [(SPLIT, (b, c)), (JOINED, (b, a))],
        [(SPLIT, (b,)), (SPLIT, (c,)), (JOINED, (c, d))],
        [(REFUSED, (a, b)), (JOINED, (b, a))],
    ]
    for n, decisions in enumerate(cases):
        kept = Kept(tmp_path / f"home{n}", sources)
        before = kept.come(articles)
        for kind, those in decisions:
            kept.decide(kind, *those)

        rows = kept.come([])

        assert rows == all_at_once(tmp_path / f"calm{n}", sources, articles, decided=kept)
        assert (rows == before) == (n in (1, 4, 8))


@pytest.mark.parametrize("later", ["split", "join with another"])
def test_what_a_later_decision_takes_back_leaves_nobody_behind(tmp_path: Path, later: str) -> None:
    sources = tuple(source(name) for name in "abc")
    a, b, c = (candidate(one, text) for one, text in zip(sources, (STORY, OTHER, NIGHT), strict=True))
    kept = Kept(tmp_path / "home", sources)
    kept.decide(JOINED, a, b)
    kept.come([a, b, c])
    assert kept.families() == [{"a", "b"}]

    kept.decide(*((SPLIT, a) if later == "split" else (JOINED, a, c)))
    rows = kept.come([])

    assert kept.families() == ([] if later == "split" else [{"a", "c"}])
    assert rows == all_at_once(tmp_path / "calm", sources, [a, b, c], decided=kept)


def test_decisions_are_obeyed(tmp_path: Path) -> None:
    sources, (a, b, c, d) = four()
    kept = Kept(tmp_path / "home", sources)
    kept.come([a, b, c, d])
    assert kept.families() == [{"a", "b", "c"}]

    kept.decide(REFUSED, b, a)
    kept.come([])
    assert frozenset("ab") not in kept.pairs()

    kept.decide(SPLIT, c)
    kept.come([])
    assert not any("c" in family for family in kept.families())

    kept.decide(JOINED, c, d)
    kept.come([])
    assert any({"c", "d"} <= family for family in kept.families())

    kept.decide(JOINED, a, b, c, d)
    kept.come([])
    assert kept.families() == [{"a", "b", "c", "d"}]


def test_what_was_joined_stays_joined_when_something_unrelated_comes(tmp_path: Path) -> None:
    sources, (a, b, c, _) = four()
    d = max((candidate(source("d"), OTHER, title=f"Title {n}") for n in range(20)), key=lambda one: one.article.id)
    last = max((a, b, c), key=lambda one: one.article.id)
    assert min(last.article.id, d.article.id) > min(one.article.id for one in (a, b, c))
    new = candidate(source("e"), NIGHT)
    kept = Kept(tmp_path / "home", (*sources, source("e")))
    kept.come([a, b, c, d])
    kept.decide(JOINED, last, d)
    kept.come([])
    assert kept.families() == [{"a", "b", "c", "d"}]

    rows = kept.come([new])

    assert kept.families() == [{"a", "b", "c", "d"}]
    assert rows == all_at_once(tmp_path / "calm", (*sources, source("e")), [a, b, c, d, new], decided=kept)


def test_a_decision_about_an_article_that_there_is_not_costs_nothing(tmp_path: Path) -> None:
    sources, (a, b, c, d) = four()
    kept = Kept(tmp_path / "home", sources)
    kept.decide(JOINED, a, d)
    kept.decide(REFUSED, b, d)
    kept.decide(SPLIT, d)
    kept.decide(JOINED, c, d)

    kept.come([a, b], [c])

    with Catalogue(kept.home.catalogue) as known:
        ids = set(known.article_ids())
        assert {i for cluster in known.clusters() for i in cluster.members} <= ids
    assert kept.families() == [{"a", "b", "c"}]
    kept.come([d])
    assert {"c", "d"} <= max(kept.families(), key=len)


# In a real home


def web_of(texts: dict[str, str]) -> dict[str, object]:
    """A web in which each host has one article."""
    pages: dict[str, object] = {}
    for name, text in texts.items():
        pages[f"http://{name}.example/feed"] = feed(f"http://{name}.example/1")
        pages[f"http://{name}.example/1"] = page(text, title=f"Of {name}")
    return pages


TEXTS = {
    "a": STORY,
    "b": f"(source: a)\n\n{STORY}",
    "c": f"{STORY_1}\n\n{NIGHT}\n\n{DUSK}",
    "d": STORY_1 + "\n\n" + STORY_2[:150],
    "e": f"{OTHER}\n\n{NIGHT}",
    "f": f"{DUSK}\n\n{OTHER}\n\n{STORY_2}",
}


@pytest.mark.parametrize("order", ["fedcba", "cfadbe"])
def test_crawls_in_any_order_give_the_same_matches_and_families(tmp_path: Path, order: str) -> None:
    sources: Following = following(*map(source, TEXTS))
    rows: list[Dump] = []
    for name, turns in (("calm", [list(TEXTS)]), ("one by one", [[each] for each in order])):
        for turn in turns:
            with pipeline.opened(Home(tmp_path / name), sources) as line:
                line.crawl([s for s in sources.sources if s.id in turn], FakeWeb(web_of(TEXTS)))
        rows.append([row for row in dump(tmp_path / name) if row[0] in ("matches", "clusters", "credits")])

    assert rows[0] == rows[1]
    assert {table for table, _ in rows[0]} == {"matches", "clusters", "credits"}


def test_a_rebuild_of_the_reposts_gives_every_row_again(tmp_path: Path) -> None:
    sources = [source(name) for name in TEXTS]
    web = FakeWeb(web_of(TEXTS))
    for one in sources:
        crawl(tmp_path, web, one)
    web.pages["http://a.example/1"] = page(f"{STORY}\n\nUpdate: the store has given everything back.", title="Of a")
    web.pages["http://a.example/feed"] = feed("http://a.example/1", updated="2026-11-22T08:00:00Z")
    crawl(tmp_path, web, *sources)
    before = dump(tmp_path)

    pipeline.rebuild(Home(tmp_path), following(*sources), only="reposts")
    assert dump(tmp_path) == before

    pipeline.rebuild(Home(tmp_path), following(*sources))
    assert dump(tmp_path) == before


def test_who_reads_while_the_reposts_are_rebuilt_sees_what_was_known_before(tmp_path: Path) -> None:
    sources = following(*map(source, TEXTS))
    crawl(tmp_path, FakeWeb(web_of(TEXTS)), *sources.sources)
    home = Home(tmp_path)

    def seen() -> tuple[list[Family], Family]:
        pasted = reposts.who_has(home, sources, STORY)
        at = {GIVEN: replace(pasted.articles[GIVEN], captured_at=NOON)}
        return list(reposts.families(home)), replace(pasted, articles=pasted.articles | at)

    before, looks = seen(), []
    assert before[0] and before[1].matches

    pipeline.rebuild(home, sources, only="reposts", report=lambda progress: looks.append((progress.doing, seen())))

    assert {doing for doing, _ in looks} >= {"making fingerprints", "looking for reposts"}
    assert [look for _, look in looks] == [before] * len(looks)
    assert not (home.index / ASIDE).exists()


@corners.needs("sqlite")  # it copies homes with their catalogues
def test_a_kill_at_any_step_while_fingerprints_are_made_again_is_mended_by_the_next_writer(tmp_path: Path) -> None:
    sources = following(*map(source, TEXTS))
    crawl(tmp_path / "calm", FakeWeb(web_of(TEXTS)), *sources.sources)
    before, pasted = dump(tmp_path / "calm"), reposts.who_has(Home(tmp_path / "calm"), sources, STORY).matches
    shutil.copytree(tmp_path / "calm", tmp_path / "counted")
    counter = doors.Counter()
    with door(counter):
        pipeline.rebuild(Home(tmp_path / "counted"), sources, only="reposts", scrub=True)

    for number, point in enumerate(doors.spread(counter.passed, 25)):
        home = Home(tmp_path / str(number))
        shutil.copytree(tmp_path / "calm", home.root)

        def killed(home: Home = home, point: doors.Point = point) -> None:
            with door(doors.Killer(point, torn=True)):
                pipeline.rebuild(home, sources, only="reposts", scrub=True)

        assert doors.in_a_child(killed) == doors.KILLED
        assert reposts.who_has(home, sources, STORY).matches == pasted
        with pipeline.opened(home, sources):
            pass
        assert dump(home.root) == before
        assert reposts.who_has(home, sources, STORY).matches == pasted
        assert not (home.index / ASIDE).exists()


def test_what_is_overwritten_while_it_is_read_is_asked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sources = following(*map(source, TEXTS))
    crawl(tmp_path, FakeWeb(web_of(TEXTS)), *sources.sources)
    home, opened, asked = Home(tmp_path), reposts._fingerprints, list[Reuse]()
    wanted = reposts.who_has(home, sources, STORY).matches

    def overwritten(home: Home) -> Reuse:
        found = opened(home)
        if not asked:
            pipeline.rebuild(home, sources, only="reposts", scrub=True)
        asked.append(found)
        return found

    monkeypatch.setattr(reposts, "_fingerprints", overwritten)

    assert wanted
    assert reposts.who_has(home, sources, STORY).matches == wanted
    assert [one.is_current for one in asked] == [False, True]


@pytest.mark.parametrize("only", [None, "reposts"])
def test_who_reads_fingerprints_can_tell_before_any_of_them_is_overwritten(tmp_path: Path, only: str | None) -> None:
    sources = following(*map(source, TEXTS))
    crawl(tmp_path, FakeWeb(web_of(TEXTS)), *sources.sources)
    reader, told = Reuse(Home(tmp_path).reuse), []
    assert reader.is_current

    class Reading(doors.Counter):
        def at(self, point: doors.Point, call: Callable[..., object], *arguments: object) -> object:
            if point.kind == "pwrite":
                told.append(reader.is_current)
            return call(*arguments)

    with door(Reading()):
        pipeline.rebuild(Home(tmp_path), sources, only=only, scrub=True)

    assert set(told) == {False}


def test_who_asks_for_fingerprints_that_are_missing_is_told_whether_they_are_being_made(tmp_path: Path) -> None:
    sources = following(*map(source, TEXTS))
    crawl(tmp_path, FakeWeb(web_of(TEXTS)), *sources.sources)
    home = Home(tmp_path)
    shutil.rmtree(home.reuse)

    with home.writing(), pytest.raises(BusyError, match="made again first"):
        reposts.who_has(home, sources, STORY)
    with pytest.raises(StoreError, match="rebuild --only reposts"):
        reposts.who_has(home, sources, STORY)


def test_damaged_fingerprints_are_made_again_by_the_next_writer(tmp_path: Path) -> None:
    sources = [source(name) for name in TEXTS]
    web = FakeWeb(web_of(TEXTS))
    crawl(tmp_path, web, *sources)
    before = dump(tmp_path)
    for path in Home(tmp_path).reuse.iterdir():
        path.write_bytes(b"no longer what it was")

    with pipeline.opened(Home(tmp_path), following(*sources)):
        pass

    assert [row for row in dump(tmp_path) if row[0] in ("matches", "clusters")] == [
        row for row in before if row[0] in ("matches", "clusters")
    ]
