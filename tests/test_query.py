"""What is typed into the search box, and that the index finds what a reader with a list of all texts would find."""

from __future__ import annotations

import re
import tempfile
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeAlias

import pytest
import Stemmer
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator import index, query
from aggregator.errors import UsageError
from aggregator.index import Asked, whoosh
from aggregator.model import Article
from aggregator.query import All, Any, Node, Not, Only, Phrase, Reach, Within, Word, parse

A, B, C = Word("aa"), Word("bb"), Word("cc")
T = Word("aa", place="title")


# The grammar


@pytest.mark.parametrize(
    ("text", "node"),
    [
        ("aa bb", All((A, B))),
        ("aa AND bb", All((A, B))),
        ("aa aa", A),
        ("aa OR bb", Any((A, B))),
        ("aa bb OR cc", Any((All((A, B)), C))),
        ("(aa OR bb) cc", All((Any((A, B)), C))),
        ("aa -bb", All((A, Not(B)))),
        ("aa NOT bb", All((A, Not(B)))),
        ("-(aa bb)", Not(All((A, B)))),
        ("NOT NOT aa", A),
        ('"aa bb"', Phrase(("aa", "bb"))),
        ("“aa bb”", Phrase(("aa", "bb"))),
        ("« aa bb »", Phrase(("aa", "bb"))),
        ('-"aa bb"', Not(Phrase(("aa", "bb")))),
        ('"aa"', Word("aa", Reach.EXACT)),
        ("aa*", Word("aa", Reach.PREFIX)),
        ("aa~", Word("aa", Reach.NEAR)),
        ("title:aa*", Word("aa", Reach.PREFIX, "title")),
        ('author:"aa bb"', Phrase(("aa", "bb"), "author")),
        ("title:(aa bb)", All((Word("aa", place="title"), Word("bb", place="title")))),
        ("title:(aa OR -bb*) cc", All((Any((Word("aa", place="title"), Not(Word("bb", Reach.PREFIX, "title")))), C))),
        ('author:("aa bb" (cc))', All((Phrase(("aa", "bb"), "author"), Word("cc", place="author")))),
        ("title:(aa author:bb aa~)", All((T, Word("bb", place="author"), Word("aa", Reach.NEAR, "title")))),
        ("title:(author:(bb) aa)", All((Word("bb", place="author"), T))),
        ("source:(x OR y)", Any((Only("source", ("x",)), Only("source", ("y",))))),
        ("-title:(aa)", Not(T)),
        ("title:()", None),
        ("title:(aa", T),
        ("source:x aa", All((Only("source", ("x",)), A))),
        ("lang:fr", Only("language", ("fr",))),
        ("l'aa", A),
        ("aa-bb", All((A, B))),
        ("", None),
        ('"" () - OR', None),
    ],
)
def test_what_is_typed_means(text: str, node: Node | None) -> None:
    assert parse(text).node == node


def test_a_time_is_a_day_a_month_a_year_or_an_interval_of_these() -> None:
    def at(*day: int) -> datetime:
        return datetime(*day, tzinfo=UTC)  # type: ignore[arg-type, misc]

    assert parse("published:2010-02").node == Within("published", at(2010, 2, 1), at(2010, 3, 1))
    assert parse("published:2010-02-28").node == Within("published", at(2010, 2, 28), at(2010, 3, 1))
    assert parse("date:2010").node == Within("published", at(2010, 1, 1), at(2011, 1, 1))
    assert parse("captured:2010-02/2010-04").node == Within("captured", at(2010, 2, 1), at(2010, 5, 1))
    assert parse("published:2010-01-31/P1M").node == Within("published", at(2010, 1, 31), at(2010, 2, 28))
    assert parse("published:P2W/2010-02-28").node == Within("published", at(2010, 2, 15), at(2010, 3, 1))
    assert parse("published:../2010").node == Within("published", None, at(2011, 1, 1))
    assert parse("published:2010/..").node == Within("published", at(2010, 1, 1), None)
    assert parse("captured:2010-02-06T10:00:00+01:00/..").node == Within("captured", at(2010, 2, 6, 9), None)


@pytest.mark.parametrize(
    "when",
    [
        "2010-13",
        "2010-02-30",
        "yesterday",
        "2010/2009",
        "../..",
        "P1M",
        "2010-02/PXM",
        "0000",
        "20100206",
        "9999-99",
        ">2010",
        "[2010",
    ],
)
def test_a_time_that_is_none_is_refused_with_its_place(when: str) -> None:
    with pytest.raises(UsageError, match=r"character 14 of the query: .* is no time; write 2010, 2010-02"):
        parse(f"aa published:{when}")


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ('aa "bb', "Character 5: the quotation mark has no other"),
        ("aa ) bb", "Character 4: a bracket that closes nothing"),
        ("aa (bb", "Character 4: the bracket is not closed"),
        ("((((aa))))", "Character 4: brackets within 3 others"),
        ("langauge:fr", "did you mean language:"),
        ("a*", "Character 1: * needs 2 letters"),
        ("foo:bar", "there is no field foo:, it is read as a word"),
        ("title: (aa OR bb)", "Character 1: title: needs a word, a phrase or a bracket right behind it"),
        ("aa foo:(bb)", "Character 4: there is no field foo:"),
        ('aa title:"', "Character 4: title: has nothing behind it"),
        ("(((title:(a) OR b)))", "Character 10: brackets within 3 others"),
        ("(((title:())))", "Character 4: title: has nothing behind it"),
        ("published: 2010", "published: needs a word"),
        ("aa OR", "OR has nothing on one side"),
        ("aa NOT", "Character 4: nothing follows"),
        (" ".join(f"word{n}" for n in range(30)), "only the first 20 words"),
    ],
)
def test_what_is_read_otherwise_is_said_with_its_place(text: str, note: str) -> None:
    assert note in " ".join(parse(text).notes)


@given(
    st.text(max_size=200)
    | st.lists(
        st.sampled_from('aa bb ( ) " - * ~ OR AND NOT title: title:( title:" source:( published:2010 source:x'.split())
    ).map(" ".join)
)
def test_whatever_is_typed_is_read_or_refused_in_words(text: str) -> None:
    try:
        found = parse(text)
    except UsageError as error:
        assert "is no time" in str(error)
    else:
        assert found.text == text


@pytest.mark.parametrize(
    "text",
    [
        "aa bb",
        "aa OR bb",
        '(aa OR "bb cc") -dd ee* ff~',
        "title:(aa OR bb) author:cc",
        "source:x -(language:fr OR tag:y)",
        "published:2010-02 captured:2010/..",
        "captured:2010-02-06T10:00:00Z/2010-02-07",
        "url:x.example/node aa",
    ],
)
def test_a_query_is_typed_so_that_it_asks_for_the_same(text: str) -> None:
    node = parse(text).node
    assert node
    again = query.typed(node)
    assert again
    assert parse(again).node == node


Group: TypeAlias = str | tuple[str, list["Group"]]
"""A value, or what stands between parts and the parts."""
GROUPS: st.SearchStrategy[Group] = st.recursive(
    st.sampled_from(["aa", "bb*", "cc~", '"aa bb"']),
    lambda inner: st.tuples(st.sampled_from([" ", " OR ", " -"]), st.lists(inner, min_size=2, max_size=3)),
    max_leaves=6,
)


def typed(group: Group, field: str = "") -> str:
    """A group as it is typed, each of its values behind the field."""
    if isinstance(group, str):
        return field + group
    between, parts = group
    return f"({between.join(typed(part, field) for part in parts)})"


@given(GROUPS, st.sampled_from(["title:", "author:", "source:", "url:", "tag:"]))
def test_a_field_of_a_group_is_that_of_each_value_in_it(group: Group, field: str) -> None:
    one, each = parse(f"{field}({typed(group)})"), parse(f"({typed(group, field)})")

    assert one.node == each.node
    assert len(one.notes) == len(each.notes)


@pytest.mark.parametrize(
    "text", ["(" * 1000, "-" * 999 + "a", "NOT " * 249 + "a", '"' * 1000, "a OR " * 199 + "a", "(a " * 333]
)
def test_a_query_without_end_is_read_at_once(text: str) -> None:
    assert len(parse(text).notes) < 6


# The same hits as by reading everything

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
WORDS = "camp camps police policeman evicted eviction expulsé expulsés réfugié refugie the le not".split()
TEXTS = st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join)


@st.composite
def collections(draw: st.DrawFn) -> list[Article]:
    made = []
    for number in range(draw(st.integers(1, 8))):
        made.append(
            Article(
                id=f"id{number}",
                source_id=draw(st.sampled_from("ab")),
                url=f"http://{draw(st.sampled_from('ab'))}.example/{draw(st.sampled_from(WORDS[:6]))}/{number}",
                title=draw(TEXTS),
                authors=tuple(draw(st.lists(TEXTS, max_size=2))),
                claimed_at=draw(st.none() | st.just(NOON - timedelta(days=40))),
                captured_at=NOON + timedelta(days=draw(st.integers(0, 3))),
                language=draw(st.sampled_from(["en", "fr", None])),
                text=draw(TEXTS),
                version="v",
                number=1,
            )
        )
    return made


@st.composite
def misspelt(draw: st.DrawFn) -> str:
    """A word with one or two letters left out, put in, changed, or that changed places with the next."""
    word = draw(st.sampled_from(FOLDED))
    for _ in range(draw(st.integers(1, 2))):
        at = draw(st.integers(1, max(1, len(word) - 1)))
        letter = draw(st.sampled_from(["", "x", "a", *word]))
        kept = draw(
            st.sampled_from([word[at:], word[at + 1 :], word[at + 1 : at + 2] + word[at : at + 1] + word[at + 2 :]])
        )
        word = word[:at] + letter + kept
    return word


FOLDED = sorted({"".join(c for c in unicodedata.normalize("NFKD", w) if not unicodedata.combining(c)) for w in WORDS})
PLACES = st.sampled_from([None, None, "title", "author"])
LEAVES = st.one_of(
    st.builds(Word, st.sampled_from(FOLDED), st.sampled_from([Reach.FORMS, Reach.EXACT]), PLACES),
    st.builds(Word, st.sampled_from(FOLDED).map(lambda w: w[:3]), st.just(Reach.PREFIX), PLACES),
    st.builds(Word, misspelt(), st.just(Reach.NEAR), PLACES),
    st.builds(Phrase, st.lists(st.sampled_from(FOLDED), min_size=2, max_size=3).map(tuple), PLACES),
    st.builds(Only, st.just("source"), st.sampled_from([("a",), ("a", "b"), ("x",), ()])),
    st.builds(Only, st.just("language"), st.sampled_from([("en",), ("fr", "en")])),
    st.builds(Only, st.just("id"), st.sampled_from([("id0",), ("id1", "id2"), ("nobody",)])),
    st.builds(Only, st.just("url"), st.sampled_from([("a.example/camp",), ("b.example",), ("example a",)])),
    st.builds(
        Within,
        st.sampled_from(["published", "captured"]),
        st.none() | st.just(NOON),
        st.none() | st.just(NOON + timedelta(days=2)),
    ),
)
NODES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(All, st.lists(inner, min_size=1, max_size=3).map(tuple)),
        st.builds(Any, st.lists(inner, min_size=1, max_size=3).map(tuple)),
        st.builds(Not, inner),
    ),
    max_leaves=6,
)


@contextmanager
def indexed(batches: Sequence[Sequence[Article]], engine: str) -> Iterator[Path]:
    """An index to which articles were added some at a time; of one that comes twice the last counts."""
    with tempfile.TemporaryDirectory() as folder:
        writer = index.Writer(Path(folder) / "index", engine)
        for batch in batches:
            writer.put(batch)
        writer.sign()
        writer.close()
        yield Path(folder) / "index"


@pytest.mark.parametrize("engine", index.ENGINES)
@settings(max_examples=60)
@given(collections(), collections(), st.lists(NODES, min_size=1, max_size=6))
def test_the_index_finds_what_reading_everything_finds(
    engine: str, old: list[Article], new: list[Article], nodes: list[Node]
) -> None:
    known = {article.id: article for article in [*old, *new]}
    with indexed([old, new[:2], new[2:]], engine) as folder:
        for node in nodes:
            found = index.search(folder, Asked(node, ["en", "fr"], with_facets=True))
            wanted = [article for i, article in known.items() if finds(node, article)]
            assert sorted(i for i, _ in found.hits) == sorted(article.id for article in wanted)
            assert all(score >= 0 for _, score in found.hits)
            assert found.total == len(wanted)
            assert found.facets == counted(wanted)


@pytest.mark.parametrize("engine", index.ENGINES)
@settings(max_examples=30)
@given(collections(), NODES, st.sampled_from(index.Sort), st.integers(0, 9))
def test_the_first_hits_are_the_first_of_all(
    engine: str, made: list[Article], node: Node, sort: index.Sort, limit: int
) -> None:
    with indexed([made], engine) as folder:
        every = index.search(folder, Asked(node, ["en", "fr"], sort))
        some = index.search(folder, Asked(node, ["en", "fr"], sort, limit))

    assert (some.hits, some.total) == (every.hits[:limit], every.total)
    scores = dict(every.hits)
    by = {article.id: article for article in made}

    def place(article_id: str) -> tuple[float, float, str]:
        said = (by[article_id].claimed_at or by[article_id].captured_at).timestamp()
        seen = by[article_id].captured_at.timestamp()
        rank = {"relevance": scores[article_id], "published": said, "captured": seen}[sort]
        return -rank, -said, article_id

    assert [i for i, _ in every.hits] == sorted(scores, key=place)


def counted(articles: Sequence[Article]) -> dict[str, dict[str, int]]:
    months = (f"{article.claimed_at or article.captured_at:%Y-%m}" for article in articles)
    return {
        "source": dict(Counter(article.source_id for article in articles)),
        "language": dict(Counter(article.language or "" for article in articles)),
        "month": dict(Counter(months)),
    }


def test_postings_that_did_not_fit_in_memory_are_found_too(monkeypatch: pytest.MonkeyPatch) -> None:
    made = [
        Article(
            id=f"id{n}",
            source_id="a",
            url=f"http://a.example/{n}",
            title="Camp",
            authors=(),
            claimed_at=None,
            captured_at=NOON,
            language="en",
            text=f"the police van {'of the camp ' * (n % 3)} number{n}",
            version="v",
            number=1,
        )
        for n in range(20)
    ]
    queries = [parse(text).node for text in ("camp", '"of the camp"', "number7", "numb*", "-camp")]
    with indexed([made], "whoosh") as folder:
        wanted = [index.search(folder, Asked(node, ["en"])) for node in queries]
    monkeypatch.setattr(whoosh, "_BUILDING_MIB", 0)
    with indexed([made], "whoosh") as folder:
        assert [index.search(folder, Asked(node, ["en"])) for node in queries] == wanted
        assert not [path for path in folder.iterdir() if path.name.startswith("tmp")]


def finds(node: Node, article: Article) -> bool:
    """Whether an article has what is looked for: by reading it from one end to the other."""
    match node:
        case All(nodes):
            return all(finds(each, article) for each in nodes)
        case Any(nodes):
            return any(finds(each, article) for each in nodes)
        case Not(inner):
            return not finds(inner, article)
        case Only("url", values):
            return any(runs(cut(value), cut(article.url)) for value in values)
        case Only(field, values):
            own = {"id": article.id, "source": article.source_id, "language": article.language}[field]
            return own in values
        case Within(field, since, until):
            at = article.claimed_at if field == "published" and article.claimed_at else article.captured_at
            return (since or at) <= at and (until is None or at < until)
        case Phrase(words, place):
            return any(runs(list(words), part) for part in parts(article, place))
        case Word(word, reach, place):
            return any(is_found(word, reach, other, article, place) for part in parts(article, place) for other in part)


def is_found(word: str, reach: Reach, other: str, article: Article, place: str | None) -> bool:
    if reach is Reach.PREFIX:
        return other.startswith(word)
    if reach is Reach.NEAR:
        most = 2 if len(word) >= 6 and other[:3] == word[:3] else 1
        return other[0] == word[0] and edits(word, other) <= most
    if reach is Reach.EXACT or place == "author":
        return other == word
    algorithm = {"en": "english", "fr": "french"}.get(article.language or "")
    term = Stemmer.Stemmer(algorithm).stemWord(other) if algorithm else other
    return term in {word, *(Stemmer.Stemmer(name).stemWord(word) for name in ("english", "french"))}


def edits(one: str, other: str) -> int:
    """The distance in letters left out, put in, changed, or that changed places (Wagner and Fischer, Damerau)."""
    far = {(i, 0): i for i in range(len(one) + 1)} | {(0, j): j for j in range(len(other) + 1)}
    for i, a in enumerate(one, 1):
        for j, b in enumerate(other, 1):
            far[i, j] = min(far[i - 1, j] + 1, far[i, j - 1] + 1, far[i - 1, j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                far[i, j] = min(far[i, j], far[i - 2, j - 2] + 1)
    return far[len(one), len(other)]


def parts(article: Article, place: str | None) -> list[list[str]]:
    title, text = cut(article.title or ""), cut(article.text)
    return {None: [title, text], "title": [title], "author": [[w for a in article.authors for w in cut(a)]]}[place]


def cut(text: str) -> list[str]:
    plain = "".join(c for c in unicodedata.normalize("NFKD", text.lower()) if not unicodedata.combining(c))
    return re.findall(r"\w+", plain)


def runs(words: list[str], within: list[str]) -> bool:
    return any(within[n : n + len(words)] == words for n in range(len(within)))
