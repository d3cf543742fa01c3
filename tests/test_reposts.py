"""Who has a text, as it is shown: withdrawn texts stay withdrawn, decisions hold, watched texts are told of once."""

from __future__ import annotations

import io
import json
import re
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from aggregator import pipeline, reposts, takedown
from aggregator.cli import output
from aggregator.cli.telling import print_family
from aggregator.errors import FetchError, UnknownIdError
from aggregator.home import Home
from aggregator.model import Access, Following, Settings
from aggregator.takedown import Scope
from tests.fakecli import Aggregator, Said
from tests.fakeweb import OTHER, STORY, FakeWeb, articles, crawl, feed, following, page, source
from tests.families.texts import read, stories

ONE, COPY, QUOTE = "http://a.example/1", "http://b.example/1", "http://c.example/1"
NAMED = "(source: http://a.example, sent in by Mildred Quarrington)"
PARAGRAPH = STORY.split("\n\n")[1]
OTHER_STORY = "\n\n".join(note["text"] for note in read("notes")["en"][:4])
ENGLISH, FRENCH = (
    "\n\n".join(" ".join(sentences) for sentences in story.paragraphs)
    for lang in ("en", "fr")
    for story in stories()
    if (story.name, story.lang) == ("lockgate", lang)
)
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


@pytest.fixture(scope="module")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a text, its copy, and an article that quotes a paragraph of it."""
    folder = tmp_path_factory.mktemp("stock")
    (folder / "sources.yaml").write_text(YAML)
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
    crawl(folder, web, *SOURCES)
    return folder


@pytest.fixture
def home(stock: Path, tmp_path: Path) -> Home:
    """A copy of it, to do with as one likes."""
    return Home(Path(shutil.copytree(stock, tmp_path, dirs_exist_ok=True)))


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


# What is shown


def test_a_percentage_says_of_what_it_is_where_that_is_no_matter_of_course(aggregator: Aggregator, home: Home) -> None:
    known = ids(home)

    def shares(*words: str) -> dict[str, str]:
        table = aggregator("--home", str(home.root), "reposts", *words).out.splitlines()[2:]
        return {row.split("\t")[6]: row.split("\t")[5] for row in table if row.count("\t") == 7}

    assert shares() == {
        known[ONE]: f"100% in {known[COPY]}",
        known[COPY]: f"91% in {known[ONE]}",
        known[QUOTE]: f"34% in {known[ONE]}",
    }
    hide(home, QUOTE)
    assert shares() == {known[ONE]: "100%", known[COPY]: "91%"}


def test_pairs_with_a_pasted_text_come_first_with_all_that_it_credits(aggregator: Aggregator, home: Home) -> None:
    known = ids(home)
    pasted = f"(source: http://b.example)\n\n(source: The Elsewhere Post)\n\n{STORY}"
    out = aggregator("--home", str(home.root), "reposts", "-", stdin=pasted.encode()).out.splitlines()
    [credited] = [line for line in out if "Elsewhere" in line and "credits" in line]
    pairs = [line for line in out if "→" in line or (" – " in line and not line.startswith("      "))]
    assert credited == "      – the text given credits The Elsewhere Post: '(source: The Elsewhere Post)'"
    assert [("the text given" in line) for line in pairs] == sorted(
        ("the text given" in p for p in pairs), reverse=True
    )
    assert any(known[COPY] in line and "the text given" in line for line in pairs)


def test_of_articles_of_one_time_the_original_stands_first(aggregator: Aggregator, tmp_path: Path) -> None:
    path = docs(
        tmp_path,
        {"id": "1", "source": "mirror", "date": "2026-01-02", "text": f"(source: orig)\n\n{STORY}"},
        {"id": "2", "source": "orig", "date": "2026-01-02T10:00", "text": STORY},
        {"id": "3", "source": "late", "date": "2026-01-03", "text": f"(source: orig)\n\n{STORY}"},
    )
    rows = [line.split("\t") for line in aggregator("reposts", "--docs", path).out.splitlines() if "\t" in line]
    assert [row[6] for row in rows[1:]] == ["2", "1", "3"]


def test_a_round_up_says_how_many_texts_it_gathers_and_how_much_of_it_they_are(
    aggregator: Aggregator, tmp_path: Path
) -> None:
    parts = [note["text"].strip() for note in read("notes")["en"] if len(note["text"]) > 300][:3]
    gathered = {"id": "all", "source": "all", "date": "2026-01-05", "text": "\n\n".join(parts)}
    copies = [{"id": f"{n}", "source": f"s{n}", "date": "2026-01-02", "text": text} for n, text in enumerate(parts)]
    again = {"id": "0b", "source": "again", "date": "2026-01-03", "text": parts[0]}
    out = aggregator("reposts", "--docs", docs(tmp_path, gathered, *copies, again)).out
    rows = [line.split("\t") for line in out.splitlines() if "\tall\t" in line]
    assert {row[4] for row in rows} == {"roundup of 3 texts"}
    assert all(row[5].endswith("100% in all") for row in rows)


def test_on_a_narrow_terminal_a_percentage_says_of_what_it_is(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    monkeypatch.setattr(output, "out", Console(file=screen, force_terminal=True, width=80, highlight=False))
    [family] = reposts.families(home)
    print_family(family, passages=True)
    lines = re.sub(r"\x1b\[[0-9;]*m", "", screen.getvalue()).split("\n")
    assert any(line.endswith(f"34% shared in {ids(home)[ONE]}") for line in lines)
    assert [line for line in lines if line != line.rstrip()] == []
    assert max(map(len, lines)) <= 80


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

    assert "In force" in run("refuse", *pair).err
    assert '"rel": "dup"' not in shown(aggregator, home, known[ONE])
    assert run("confirm", *pair).code == 0
    assert '"rel": "dup"' in shown(aggregator, home, known[ONE])
    assert run("split", known[COPY]).code == 0
    assert '"type": "cluster"' not in shown(aggregator, home)
    assert run("join", known[ONE], known[QUOTE]).code == 0
    pipeline.rebuild(home, following(*SOURCES))
    clusters = [json.loads(line) for line in shown(aggregator, home).splitlines() if '"cluster"' in line]
    assert [set(each["members"]) for each in clusters] == [{known[ONE], known[QUOTE]}]


def test_who_decided_and_when_is_shown_with_what_was_decided(aggregator: Aggregator, home: Home) -> None:
    known = ids(home)
    pair = sorted((known[ONE], known[COPY]))
    today = f"{datetime.now(UTC):%Y-%m-%d}"

    def decide(*words: str) -> tuple[list[str], list[dict[str, Any]]]:
        aggregator("--home", str(home.root), "reposts", *words, "--by", "Maren")
        told = aggregator("--home", str(home.root), "reposts", known[COPY])
        lines = [line.strip() for line in told.out.splitlines() if "Maren" in line]
        return lines, [json.loads(line) for line in shown(aggregator, home, known[COPY]).splitlines()]

    lines, told = decide("confirm", *pair)
    assert [line.partition(":")[0] for line in lines] == [f"confirmed by Maren on {today}"]
    [said] = next(one["decided"] for one in told if one["type"] == "pair" and [one["a"], one["b"]] == pair)
    assert (said["kind"], said["articles"], said["by"], said["at"][:10]) == ("confirmed", pair, "Maren", today)
    lines, told = decide("join", known[COPY], known[QUOTE])
    assert [line.partition(" by")[0] for line in lines] == ["confirmed", "joined"]
    assert [one["kind"] for one in told if one["type"] == "decision"] == ["confirmed", "joined"]
    lines, _ = decide("split", known[COPY])
    assert [line.partition(" by")[0] for line in lines] == ["confirmed", "split"]
    lines, told = decide("refuse", *pair)
    assert [line.partition(" by")[0] for line in lines] == ["split", "refused"]
    assert all(one["decided"] == [] for one in told if one["type"] == "pair")


def test_articles_that_share_nothing_and_were_joined_are_shown(aggregator: Aggregator, home: Home) -> None:
    known = ids(home)
    for other in (ONE, COPY):
        aggregator("--home", str(home.root), "reposts", "refuse", known[QUOTE], known[other])
    aggregator("--home", str(home.root), "reposts", "join", known[QUOTE], known[COPY], "--by", "Maren")
    out = aggregator("--home", str(home.root), "reposts", known[QUOTE]).out
    assert "joined by Maren" in out and known[COPY] in out


def test_a_decision_names_both_articles_and_says_what_came_of_it(aggregator: Aggregator, home: Home) -> None:
    known = ids(home)
    one, copy = f"a {known[ONE]} “A title of its own”", f"b {known[COPY]} “A title of its own”"

    def said(*words: str) -> list[str]:
        lines = aggregator("--home", str(home.root), "reposts", *words, "--by", "Maren").err.splitlines()
        return [line.partition(": ")[2] if line.startswith("Noted as event") else line for line in lines]

    assert said("refuse", ONE, COPY) == [
        f"{one} and {copy} are no match.",
        "In force: the family of 2 articles is dissolved.",
    ]
    assert said("confirm", ONE, COPY)[1] == "In force: they are in one family, of 2 articles."
    assert said("refuse", ONE, QUOTE)[1] == "In force: what they share is no longer shown."
    assert said("join", COPY, QUOTE)[1] == "In force: they are in one family, of 3 articles."
    assert said("split", ONE) == [
        f"{one}: not one text with any other.",
        "In force: the family of 3 articles is now one of 2.",
    ]


def test_a_decision_about_nothing_found_yet_is_noted_for_later(aggregator: Aggregator, home: Home) -> None:
    def said(*words: str) -> str:
        return aggregator("--home", str(home.root), "reposts", *words).err.splitlines()[-1]

    for other in (ONE, COPY):
        said("split", other)
    assert said("split", QUOTE) == "There is no family to split yet: it is noted for what may be found later."
    again = "http://a.example/2"
    crawl(home.root, FakeWeb({"http://a.example/feed": feed(again), again: page(OTHER_STORY)}), *SOURCES)
    assert said("refuse", again, COPY).startswith("Nothing was found that they share: it is noted for")


def test_what_is_decided_already_is_not_noted_again(aggregator: Aggregator, home: Home) -> None:
    def run(*words: str, by: str) -> str:
        return aggregator("--home", str(home.root), "reposts", *words, "--by", by).err

    for words, kind in (
        (("refuse", ONE, COPY), "refused"),
        (("confirm", ONE, QUOTE), "confirmed"),
        (("join", COPY, QUOTE), "joined"),
        (("split", ONE), "split"),
    ):
        run(*words, by="Maren")
        events = (home.archive / "events.jsonl").read_bytes()
        said = run(*words, by="Ada")
        assert f"{kind} already, by Maren on {datetime.now(UTC):%Y-%m-%d}. Nothing was noted." in said
        assert (home.archive / "events.jsonl").read_bytes() == events


def test_a_decision_names_no_article_that_is_hidden(aggregator: Aggregator, home: Home) -> None:
    known = ids(home)
    aggregator("--home", str(home.root), "reposts", "refuse", known[ONE], known[COPY])
    hide(home, COPY)
    assert known[COPY] not in shown(aggregator, home, known[ONE])


@pytest.mark.parametrize("by", ["", "  ", "Ma\nren", "Ma\x1b[2Jren", "Ma\tren"])
def test_nobody_decides_without_a_name(aggregator: Aggregator, home: Home, by: str) -> None:
    events = (home.archive / "events.jsonl").read_bytes()
    known = ids(home)
    said = aggregator("--home", str(home.root), "reposts", "refuse", known[ONE], known[COPY], "--by", by)
    assert said.code == 2
    assert "name" in said.err and "Nothing was noted" in " ".join(said.err.split())
    assert (home.archive / "events.jsonl").read_bytes() == events


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


def test_articles_are_named_by_their_addresses_too(aggregator: Aggregator, home: Home) -> None:
    known = ids(home)

    def run(*words: str) -> Said:
        return aggregator("--home", str(home.root), "reposts", *words)

    assert known[ONE] in run("watch", ONE).out
    assert run("unwatch", ONE).code == 0
    assert run("watch").out == ""
    assert [run(*words).code for words in (("refuse", ONE, COPY), ("join", ONE, QUOTE), ("split", COPY))] == [0, 0, 0]
    decided = {one["kind"]: one["articles"] for one in run(ONE, "--json").lines if one["type"] == "decision"}
    assert decided == {"refused": sorted((known[ONE], known[COPY])), "joined": sorted((known[ONE], known[QUOTE]))}


@pytest.mark.parametrize("name", ["nofile.txt", "n" * 5_000, "http://nowhere.example/" + "n" * 300])
def test_what_is_neither_an_article_nor_a_file_is_called_so(aggregator: Aggregator, home: Home, name: str) -> None:
    said = aggregator("--home", str(home.root), "reposts", name)
    assert (said.code, said.out) == (1, "")
    assert "neither an article of this home" in said.err and "nor a file" in said.err


def test_where_nothing_was_crawled_nothing_is_decided(aggregator: Aggregator, tmp_path: Path) -> None:
    (tmp_path / "sources.yaml").write_text(YAML)
    for words in (("watch", ONE), ("refuse", ONE, COPY), ("diff", ONE, COPY)):
        said = aggregator("--home", str(tmp_path), "reposts", *words)
        assert (said.code, "nothing was crawled" in said.err) == (1, True)


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


# Side by side


def diff(aggregator: Aggregator, home: Home, *words: str) -> Said:
    return aggregator("--home", str(home.root), "reposts", "diff", *words)


def test_what_a_copy_left_out_and_put_in_is_marked(aggregator: Aggregator, home: Home) -> None:
    out = diff(aggregator, home, ONE, COPY).out
    assert f"{{+{NAMED}+}}" in out
    assert "[-" not in out
    assert f"[-{NAMED}-]" in diff(aggregator, home, ids(home)[COPY], ids(home)[ONE]).out


def test_where_only_a_passage_is_shared_only_that_is_shown(aggregator: Aggregator, home: Home) -> None:
    said = diff(aggregator, home, ONE, QUOTE)
    assert said.out.strip() == PARAGRAPH
    assert "not a word of what is shared was changed" in said.err
    assert f"outside lie 62% of {ids(home)[ONE]} and 66% of {ids(home)[QUOTE]}" in said.err


def test_a_translation_stands_beside_what_was_translated(aggregator: Aggregator, tmp_path: Path) -> None:
    (tmp_path / "sources.yaml").write_text(YAML)
    web = FakeWeb(
        {
            "http://a.example/feed": feed(ONE),
            ONE: page(FRENCH, language="fr"),
            "http://b.example/feed": feed(COPY),
            COPY: page(ENGLISH),
        }
    )
    crawl(tmp_path, web, source("a", languages=("fr",)), source("b", languages=("en",)))
    parts = diff(aggregator, Home(tmp_path), ONE, COPY, "--json").json["parts"]
    assert len(parts) > 1
    assert all([change["what"] for change in part["changes"]] == ["deleted", "inserted"] for part in parts)


def test_changes_for_programs_have_their_places_in_both_texts(aggregator: Aggregator, home: Home) -> None:
    known = articles(home.root)
    told = diff(aggregator, home, COPY, ONE, "--json").json
    assert (told["from"]["id"], told["to"]["id"], told["rel"]) == (known[COPY].id, known[ONE].id, "dup")
    [part] = told["parts"]
    a, b = known[COPY].text, known[ONE].text
    for change in part["changes"]:
        (start, end), (at, to) = change["from"], change["to"]
        assert change["text"] == (a[start:end] if change["what"] == "deleted" else b[at:to])
    assert [change["what"] for change in part["changes"]] == ["deleted", "same"]


def test_what_was_refused_can_still_be_looked_at(aggregator: Aggregator, home: Home) -> None:
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    for other in (QUOTE, COPY):
        aggregator("--home", str(home.root), "reposts", "refuse", ids(home)[ONE], ids(home)[other], "--by", "Maren")
    said = diff(aggregator, home, QUOTE, ONE)
    assert said.out.strip() == PARAGRAPH
    *_, what, where = said.err.splitlines()
    assert what == f"no match: refused by Maren on {today} · not a word of what is shared was changed"
    assert "The shared passage is shown; outside lie" in where
    said = diff(aggregator, home, ONE, COPY)
    assert f"{{+{NAMED}+}}" in said.out
    assert said.err.splitlines()[-1].startswith(f"no match: refused by Maren on {today} · +")


def test_two_that_were_joined_with_others_are_not_refused_but_split(aggregator: Aggregator, home: Home) -> None:
    known = ids(home)
    aggregator("--home", str(home.root), "reposts", "join", known[ONE], known[COPY], known[QUOTE], "--by", "Maren")
    said = aggregator("--home", str(home.root), "reposts", "refuse", known[ONE], known[COPY], "--by", "Ida")
    assert (said.code, "reposts split ID" in said.err, "Nothing was noted" in said.err) == (2, True, True)


def test_who_is_left_alone_by_a_refusal_is_told_so(aggregator: Aggregator, home: Home) -> None:
    known = ids(home)
    for other in (QUOTE, COPY):
        aggregator("--home", str(home.root), "reposts", "refuse", known[ONE], known[other], "--by", "Maren")
    said = aggregator("--home", str(home.root), "reposts", known[ONE]).err
    assert f"The match with c {known[QUOTE]} was refused by Maren on" in said
    assert f"The match with b {known[COPY]} was refused by Maren on" in said
    assert "No other article shares text with it" not in said


def test_of_what_is_withdrawn_nothing_stands_beside_its_copy(aggregator: Aggregator, home: Home) -> None:
    hide(home, "Mildred Quarrington", Scope.NAME)
    assert "Quarrington" not in diff(aggregator, home, ONE, COPY).out
    hide(home, COPY)
    said = diff(aggregator, home, ONE, COPY)
    assert (said.code, said.out) == (1, "")


@pytest.mark.parametrize(("other", "code"), [(ONE, 2), ("nobody", 1)])
def test_nothing_is_compared_with_itself_or_nothing(aggregator: Aggregator, home: Home, other: str, code: int) -> None:
    said = diff(aggregator, home, ONE, other)
    assert (said.code, said.out) == (code, "")


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
    said = aggregator("reposts", "--docs", path)
    assert said.err == "2 texts, 1 pair (1 verbatim), 1 family. All of it: --json.\n"
    heading, _, first, second, *reasons = said.out.splitlines()
    assert heading == "2 articles, one text · probable original: a 1"
    assert first.split("\t") == ["●", "2026-01-01", "a", "?", "original", "", "1", "(no title)"]
    assert second.split("\t") == ["○", "2026-01-02 08:00", "b", "?", "verbatim", "100%", "2", "(no title)"]
    assert reasons[0] == "   verbatim  a 1 → b 2"


def test_ids_and_titles_of_a_corpus_steer_no_terminal_and_break_no_line(aggregator: Aggregator, tmp_path: Path) -> None:
    strange = {"id": "1\n2\x1b[2J", "title": "A\x1b[31m\ntitle", "text": STORY}
    out = aggregator("reposts", "--docs", docs(tmp_path, strange, {"id": "3", "text": STORY})).out
    assert "\x1b" not in out
    assert "   verbatim  1 2[2J – 3" in out.splitlines()
    assert ["1 2[2J", "A[31m title"] in [row.split("\t")[6:] for row in out.splitlines()]


def test_a_pair_says_what_its_articles_are_and_which_was_translated(aggregator: Aggregator, tmp_path: Path) -> None:
    path = docs(
        tmp_path,
        {"id": "1", "site": "a", "date": "2026-01-01", "lang": "fr", "text": FRENCH, "title": "Écluse"},
        {"id": "2", "site": "b", "date": "2026-01-02", "lang": "en", "text": ENGLISH, "url": COPY},
    )
    [pair] = aggregator("reposts", "--docs", path, "--json").lines
    assert (pair["sources"], pair["titles"], pair["urls"]) == (["a", "b"], ["Écluse", None], [None, COPY])
    assert (pair["rel"], pair["translation_of"]) == ("translation", "1")


def test_the_credit_of_a_translation_is_told_once_and_its_numbers_have_words(
    aggregator: Aggregator, tmp_path: Path
) -> None:
    path = docs(
        tmp_path,
        {"id": "1", "site": "fanal", "date": "2026-01-01", "lang": "fr", "text": FRENCH},
        {"id": "2", "site": "b", "date": "2026-01-02", "lang": "en", "text": f"{ENGLISH}\n\n(source: fanal)"},
    )
    evidence = aggregator("reposts", "--docs", path, "--json").lines[0]["evidence"]
    assert [said for said in evidence if "fanal" in said] == ["b credits fanal: '(source: fanal)'"]
    assert "likeness" in evidence[0] and evidence[0].endswith("no other text comes near")


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
    assert "othing was done" in said.err or "is no date" in said.err
    assert said.out == ""


def test_a_text_with_a_refrain_is_verbatim_the_same(aggregator: Aggregator, tmp_path: Path) -> None:
    verses = "\n\n".join(f"{p}\n\n{OTHER}" for p in STORY.split("\n\n"))
    path = docs(tmp_path, {"id": "a", "text": verses}, {"id": "b", "text": verses})
    [pair] = [json.loads(line) for line in aggregator("reposts", "--docs", path, "--json").out.splitlines()][:1]
    assert (pair["kind"], pair["coverage"]) == ("verbatim", [1.0, 1.0])
