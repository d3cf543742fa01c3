"""Who has a text, as it is shown: withdrawn texts stay withdrawn, decisions hold, watched texts are told of once."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from aggregator import pipeline, reposts, takedown
from aggregator.errors import FetchError, UnknownIdError
from aggregator.home import Home
from aggregator.model import Access, Following, Settings
from aggregator.takedown import Scope
from tests.fakecli import Aggregator, Said
from tests.fakeweb import OTHER, STORY, FakeWeb, articles, crawl, feed, following, page, source
from tests.families.texts import read

ONE, COPY, QUOTE = "http://a.example/1", "http://b.example/1", "http://c.example/1"
NAMED = "(source: http://a.example, sent in by Mildred Quarrington)"
PARAGRAPH = STORY.split("\n\n")[1]
OTHER_STORY = "\n\n".join(note["text"] for note in read("notes")["en"][:4])
NOW = datetime(2027, 1, 1, tzinfo=UTC)
BEFORE = datetime(2020, 1, 1, tzinfo=UTC)
"""Before anything was seen."""
YAML = """\
settings: {min_free: 1MB}
sources:
  - {id: a, url: "http://a.example/"}
  - {id: b, url: "http://b.example/"}
  - {id: c, url: "http://c.example/"}
"""
SOURCES = (source("a"), source("b"), source("c"))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home with a text, its copy, and an article that quotes a paragraph of it."""
    (tmp_path / "sources.yaml").write_text(YAML)
    web = FakeWeb(
        {
            "http://a.example/feed": feed(ONE),
            ONE: page(STORY),
            "http://b.example/feed": feed(COPY),
            COPY: page(f"{NAMED}\n\n{STORY}"),
            "http://c.example/feed": feed(QUOTE),
            QUOTE: page(f"{OTHER}\n\n“{PARAGRAPH}”\n\nSo they write.", title="What others say"),
        }
    )
    crawl(tmp_path, web, *SOURCES)
    return Home(tmp_path)


def ids(home: Home) -> dict[str, str]:
    return {url: article.id for url, article in articles(home.root).items()}


def hide(home: Home, ref: str, scope: Scope = Scope.ARTICLE) -> None:
    what = takedown.target(home, [ref], scope, erase=False)
    takedown.decide(home, what, scope=scope, reason="other", by="t", erase=False, until=None, now=NOW)


def shown(aggregator: Aggregator, home: Home, *words: str, stdin: str = "") -> str:
    said = aggregator("--home", str(home.root), "reposts", *words, "--json", stdin=stdin.encode())
    assert said.code == 0, said.err
    return said.out


# What is withdrawn


def test_a_pasted_text_is_not_found_in_what_is_hidden(aggregator: Aggregator, home: Home) -> None:
    known = ids(home)
    hide(home, COPY)
    out = shown(aggregator, home, "-", stdin=STORY)
    assert known[ONE] in out
    assert known[COPY] not in out
    assert known[COPY] not in shown(aggregator, home)


def test_a_pasted_text_is_not_found_in_a_dark_source(home: Home, aggregator: Aggregator) -> None:
    home.sources_yaml.write_text(YAML.replace('"http://b.example/"}', '"http://b.example/", access: dark}'))
    assert ids(home)[COPY] not in shown(aggregator, home, "-", stdin=STORY)


def test_of_a_hidden_version_nothing_is_left_in_a_family(aggregator: Aggregator, home: Home) -> None:
    known = ids(home)
    version = articles(home.root)[ONE].version
    hide(home, f"{known[ONE]}@{version}", Scope.VERSION)
    assert known[ONE] not in shown(aggregator, home)
    assert aggregator("--home", str(home.root), "reposts").code == 0
    assert aggregator("--home", str(home.root), "reposts", known[COPY]).code == 0


def test_a_withdrawn_name_is_in_no_reason(aggregator: Aggregator, home: Home) -> None:
    assert "Quarrington" in shown(aggregator, home)
    hide(home, "Mildred Quarrington", Scope.NAME)
    for out in (shown(aggregator, home), shown(aggregator, home, "-", stdin=STORY)):
        assert "Quarrington" not in out


# What is watched


def test_a_watched_article_is_told_of_once_and_only_what_is_new(home: Home) -> None:
    known, sources = ids(home), (*SOURCES, source("d"))
    reposts.watch(home, [known[ONE]], by="t", now=BEFORE)
    assert {one.other.url for one in reposts.tell(home, following(*sources), NOW)} == {COPY, QUOTE}
    again = "http://d.example/1"
    crawl(home.root, FakeWeb({"http://d.example/feed": feed(again), again: page(STORY)}), *sources)

    [told] = reposts.tell(home, following(*sources), NOW)

    assert (told.watched.url, told.other.url, told.match.kind) == (ONE, again, "verbatim")
    assert reposts.tell(home, following(*sources), NOW) == []
    reposts.watch(home, [known[ONE]], by="t", now=NOW, ends=True)
    assert reposts.watched(home) == frozenset()
    with pytest.raises(UnknownIdError):
        reposts.watch(home, [known[ONE]], by="t", now=NOW, ends=True)


def test_what_could_not_be_posted_is_told_the_next_time(home: Home) -> None:
    sources = (*SOURCES, source("d"))
    reposts.watch(home, [ids(home)[ONE]], by="t", now=BEFORE)
    crawl(
        home.root,
        FakeWeb({"http://d.example/feed": feed("http://d.example/1"), "http://d.example/1": page(STORY)}),
        *sources,
    )
    nobody = Following(settings=Settings(min_free_bytes=0, notify="http://127.0.0.1:9/hook"), sources=sources)
    with pytest.raises(FetchError):
        reposts.tell(home, nobody, NOW)
    assert len(reposts.tell(home, following(*sources), NOW)) == 3


def test_a_watched_article_that_is_hidden_is_not_told_of_and_can_be_unwatched(home: Home) -> None:
    known, sources = ids(home), (*SOURCES, source("d"))
    reposts.watch(home, [known[ONE]], by="t", now=BEFORE)
    crawl(
        home.root,
        FakeWeb({"http://d.example/feed": feed("http://d.example/1"), "http://d.example/1": page(STORY)}),
        *sources,
    )
    hide(home, ONE)
    assert reposts.tell(home, following(*sources), NOW) == []
    reposts.watch(home, [known[ONE]], by="t", now=NOW, ends=True)


def test_what_only_staff_may_see_is_not_posted(home: Home) -> None:
    from aggregator.reposts.watching import news

    home.sources_yaml.write_text(YAML + '  - {id: d, url: "http://d.example/", access: staff}\n')
    sources = (*SOURCES, source("d", access=Access.STAFF))
    reposts.watch(home, [ids(home)[ONE]], by="t", now=BEFORE)
    crawl(
        home.root,
        FakeWeb({"http://d.example/feed": feed("http://d.example/1"), "http://d.example/1": page(STORY)}),
        *sources,
    )
    assert {one.other.source_id for one in news(home)} == {"b", "c", "d"}
    assert {one.other.source_id for one in news(home, leaving=True)} == {"b", "c"}


# What people say


def test_decisions_are_in_force_at_once_and_outlive_a_rebuild(aggregator: Aggregator, home: Home) -> None:
    known = ids(home)

    def run(*words: str) -> Said:
        return aggregator("--home", str(home.root), "reposts", *words)

    pair = (known[ONE], known[COPY])

    assert "in force" in run("refuse", *pair).err
    assert '"rel": "dup"' not in shown(aggregator, home, known[ONE])
    assert run("confirm", *pair).code == 0
    assert '"rel": "dup"' in shown(aggregator, home, known[ONE])
    assert run("split", known[COPY]).code == 0
    assert '"type": "cluster"' not in shown(aggregator, home)
    assert run("join", known[ONE], known[QUOTE]).code == 0
    pipeline.rebuild(home, following(*SOURCES))
    clusters = [json.loads(line) for line in shown(aggregator, home).splitlines() if '"cluster"' in line]
    assert [set(each["members"]) for each in clusters] == [{known[ONE], known[QUOTE]}]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("confirm", "nobody", "nowhere"), 1),
        (("refuse", "{one}", "{one}"), 2),
        (("join", "{one}"), 2),
        (("split", "nobody"), 1),
        (("unwatch", "{one}"), 1),
        (("watch", "nobody"), 1),
    ],
)
def test_a_decision_about_nothing_is_noted_nowhere(
    aggregator: Aggregator, home: Home, words: tuple[str, ...], code: int
) -> None:
    events = (home.archive / "events.jsonl").read_bytes()
    said = aggregator("--home", str(home.root), "reposts", *(w.format(one=ids(home)[ONE]) for w in words))
    assert said.code == code
    assert "\n" in said.err and "Traceback" not in said.err
    assert (home.archive / "events.jsonl").read_bytes() == events


def test_watched_articles_are_listed(aggregator: Aggregator, home: Home) -> None:
    known = ids(home)
    assert "Nothing is watched" in aggregator("--home", str(home.root), "reposts", "watch").err
    assert known[ONE] in aggregator("--home", str(home.root), "reposts", "watch", known[ONE]).out
    assert known[COPY] in aggregator("--home", str(home.root), "reposts", "--watched").out


def test_new_families_are_those_with_an_article_seen_since(aggregator: Aggregator, home: Home) -> None:
    assert ids(home)[COPY] in aggregator("--home", str(home.root), "reposts", "--new", "2020").out
    assert aggregator("--home", str(home.root), "reposts", "--new", "2099").out == ""


def test_of_all_families_only_those_with_an_article_of_each_choice_are_read(home: Home) -> None:
    again = ("http://a.example/2", "http://b.example/2")
    feeds = {f"http://{s}.example/feed": feed(f"http://{s}.example/2") for s in "ab"}
    crawl(home.root, FakeWeb({**feeds, **dict.fromkeys(again, page(OTHER_STORY))}), *SOURCES)
    known = ids(home)
    second = {known[url] for url in again}

    large, small = reposts.families(home)

    assert large.members == {known[url] for url in (ONE, COPY, QUOTE)}
    assert small.members == second
    assert [f.members for f in reposts.families(home, {known[QUOTE]})] == [large.members]
    assert [f.members for f in reposts.families(home, second, {known["http://a.example/2"]})] == [second]
    assert list(reposts.families(home, second, {known[ONE]})) == []


# Any corpus


def docs(tmp_path: Path, *lines: object) -> str:
    path = tmp_path / "docs.jsonl"
    path.write_bytes(b"\n".join(one if isinstance(one, bytes) else json.dumps(one).encode() for one in lines))
    return str(path)


def test_any_corpus_is_compared_without_a_home(aggregator: Aggregator, tmp_path: Path) -> None:
    path = docs(
        tmp_path,
        {"id": 1, "site": "a", "date": "2026-01-01", "text": STORY},
        {"id": 2, "source": "b", "published": "2026-01-02T10:00:00+02:00", "text": STORY, "title": None},
    )
    lines = [json.loads(line) for line in aggregator("reposts", "--docs", path, "--json").out.splitlines()]
    assert [(one["a"], one["b"], one["kind"], one["first"]) for one in lines if one["type"] == "pair"] == [
        ("1", "2", "verbatim", "1")
    ]
    assert "2 texts are one" in aggregator("reposts", "--docs", path).out


@pytest.mark.parametrize(
    "line",
    [
        b"{",
        b"[]",
        b"\xff\xfe",
        b"[" * 100_000,
        {"id": "x"},
        {"text": "no id"},
        {"id": "1", "text": "the same id"},
        {"id": "x", "text": "t", "date": "soon"},
        {"id": "x", "text": "t", "date": "0001-01-01T00:00:00+14:00"},
    ],
)
def test_a_corpus_that_cannot_be_read_is_refused_in_words(aggregator: Aggregator, tmp_path: Path, line: object) -> None:
    said = aggregator("reposts", "--docs", docs(tmp_path, {"id": "1", "text": STORY}, line), "--json")
    assert said.code == 2
    assert "othing was compared" in said.err or "is no date" in said.err
    assert said.out == ""


def test_a_text_with_a_refrain_is_verbatim_the_same(aggregator: Aggregator, tmp_path: Path) -> None:
    verses = "\n\n".join(f"{p}\n\n{OTHER}" for p in STORY.split("\n\n"))
    path = docs(tmp_path, {"id": "a", "text": verses}, {"id": "b", "text": verses})
    [pair] = [json.loads(line) for line in aggregator("reposts", "--docs", path, "--json").out.splitlines()][:1]
    assert (pair["kind"], pair["coverage"]) == ("verbatim", [1.0, 1.0])
