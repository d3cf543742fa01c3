"""The commands: what they print, for people and for programs."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.fakecli import Aggregator
from tests.fakeweb import OTHER, STORY, FakeWeb, articles, crawl, feed, page, source, versions
from tests.families.texts import stories

SOURCES_YAML = """\
settings: {contact: desk@example.org, min_free: 1MB}
sources:
  - {id: a, url: "http://a.example/", feeds: ["http://a.example/feed"], languages: [en]}
  - {id: b, url: "http://b.example/", feeds: ["http://b.example/feed"], paused: true}
"""
ONE, TWO, COPY = "http://a.example/1", "http://a.example/2", "http://b.example/1"
UPDATE = "Update: the store has given everything back."
COMMANDS = [
    *("", "init", "sources", "sources list", "sources check", "crawl", "run", "rebuild", "search", "show", "reposts"),
    *("export", "status", "extract", "limits", "demo"),
]
UNSAFE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


READER = "We slept in that church in 2019, and the bell woke us every quarter of an hour."
COMMENTS = f"<h2>1 comment</h2><div><p>{READER}</p></div>"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with an edited article, a copy of it, and a text whose title tries to take over the terminal."""
    root = tmp_path_factory.mktemp("home")
    (root / "sources.yaml").write_text(SOURCES_YAML)
    sources = (source("a", languages=("en",)), source("b"))
    web = FakeWeb(
        {
            "http://a.example/feed": feed(ONE, TWO),
            ONE: page(STORY),
            TWO: page(OTHER + " \u202etxet\u202c", title="\u202eevil\u2066 \x1b[31mred\x07 title"),
            "http://b.example/feed": feed(COPY),
            COPY: page("(source: a)\n\n" + STORY, title="Taken over").replace("</article>", f"</article>{COMMENTS}"),
        }
    )
    crawl(root, web, *sources)
    web.pages |= {"http://a.example/feed": feed(ONE, updated="2026-11-22T10:00:00Z")}
    web.pages[ONE] = page(f"{STORY}\n\n{UPDATE}")
    crawl(root, web, *sources)
    return root


# Every command


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_with_an_example(aggregator: Aggregator, command: str) -> None:
    said = aggregator(*command.split(), "--help")

    assert said.code == 0
    assert re.search(r"^Usage: aggregator", said.out)
    assert re.search(r"Example:\n +\S*.*aggregator", said.out)


def test_the_help_names_every_command(aggregator: Aggregator) -> None:
    said = aggregator("--help")

    assert all(f"\n  {command.split()[0]} " in said.out for command in COMMANDS if command)


def test_who_misspells_a_command_is_told_which_was_meant(aggregator: Aggregator) -> None:
    said = aggregator("serach", "camp")

    assert said.code == 2
    assert "No such command 'serach'. Did you mean 'search'?" in said.err
    assert "Did you mean" not in aggregator("zzz").err


def test_the_home_is_named_before_or_after_the_command(
    aggregator: Aggregator, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = aggregator("--home", home, "search", "choir", "--json").json
    after = aggregator("search", "choir", "--json", "--home", home).json
    monkeypatch.setenv("AGGREGATOR_HOME", str(home))
    by_environment = aggregator("search", "choir", "--json").json
    monkeypatch.delenv("AGGREGATOR_HOME")
    monkeypatch.chdir(home)
    here = aggregator("search", "choir", "--json").json

    assert before["hits"] == after["hits"] == by_environment["hits"] == here["hits"] != []


@pytest.mark.parametrize("command", ["search choir", f"show {TWO}", "reposts", "status", "sources list", f"show {ONE}"])
def test_what_goes_into_a_pipe_has_no_escape_codes_nor_marks_that_turn_the_text(
    aggregator: Aggregator, home: Path, command: str
) -> None:
    said = aggregator("--home", home, *command.split())

    assert said.code == 0
    assert said.out
    assert not UNSAFE.search(said.out + said.err)


def test_a_title_is_shown_without_what_it_tries_on_the_terminal(aggregator: Aggregator, home: Path) -> None:
    assert "evil [31mred title" in aggregator("--home", home, "show", TWO).out


# init, sources


def test_init_makes_a_home_whose_sources_can_be_listed(aggregator: Aggregator, tmp_path: Path) -> None:
    assert aggregator("init", tmp_path / "watch").code == 0

    assert aggregator("--home", tmp_path / "watch", "sources", "list", "--json").json == []
    assert {p.name for p in (tmp_path / "watch").iterdir()} == {"sources.yaml", "archive", "index"}


def test_a_second_init_changes_nothing(aggregator: Aggregator, home: Path) -> None:
    said = aggregator("init", home)

    assert said.code == 0
    assert "nothing was changed" in said.err
    assert (home / "sources.yaml").read_text() == SOURCES_YAML


def test_sources_are_listed_with_what_sources_yaml_says(aggregator: Aggregator, home: Path) -> None:
    listed = aggregator("--home", home, "sources", "list", "--json").json

    assert [(s["id"], s["url"], s["paused"]) for s in listed] == [
        ("a", "http://a.example/", False),
        ("b", "http://b.example/", True),
    ]
    assert listed[0]["languages"] == ["en"]


def test_sources_are_checked_offline(aggregator: Aggregator, home: Path) -> None:
    assert "2 sources, no complaints" in aggregator("--home", home, "sources", "check", "--offline").err


def test_a_dry_run_names_who_would_be_visited(aggregator: Aggregator, home: Path) -> None:
    plan = aggregator("--home", home, "crawl", "--dry-run", "--json")

    assert plan.json == [{"source": "a", "url": "http://a.example/", "pending": 0}]


# search


def test_search_gives_programs_what_the_blueprint_says(aggregator: Aggregator, home: Path) -> None:
    found = aggregator("--home", home, "search", "bailiff", "--json").json

    assert {"query", "total", "took_ms", "hits", "facets"} <= found.keys()
    assert (found["query"], found["total"]) == ("bailiff", 2)  # the copy, too
    assert found["facets"]["month"] == [["2026-11", 2]]
    [hit] = found["hits"]
    wanted = "id url title source language published captured version score snippet copies archived_url"
    assert set(wanted.split()) <= hit.keys()
    assert "<mark>bailiff</mark>" in hit["snippet"]
    assert (hit["published"], len(hit["copies"])) == ("2026-11-01T10:00:00Z", 1)


def test_search_gives_a_line_a_hit(aggregator: Aggregator, home: Path) -> None:
    said = aggregator("--home", home, "search", "choir", "--format", "jsonl")

    assert [hit["url"] for hit in said.lines] == [TWO]


def test_search_shows_people_the_words_it_found(aggregator: Aggregator, home: Path) -> None:
    said = aggregator("--home", home, "search", "bailiff", "--facets")

    assert "*bailiff*" in said.out
    assert "+1 copy" in said.out
    assert "2 articles found" in said.err


@pytest.mark.parametrize(
    ("filters", "total"),
    [
        (["--from", "2026-11-02"], 1),
        (["--to", "2026-11-01"], 2),
        (["--from", "2026", "--to", "2026"], 3),
        (["--from", "2026-11", "--to", "2026-11"], 3),
        (["--to", "2026-10"], 0),
        (["--source", "b"], 1),
        (["--source", "a", "--lang", "en"], 2),
        (["--lang", "fr"], 0),
    ],
)
def test_search_filters(aggregator: Aggregator, home: Path, filters: list[str], total: int) -> None:
    said = aggregator("--home", home, "search", "the", *filters, "--json")

    assert said.json["total"] == total


# show, reposts, status


def test_show_tells_claims_observations_and_text(aggregator: Aggregator, home: Path) -> None:
    said = aggregator("--home", home, "show", ONE)

    assert "A title of its own" in said.out
    assert "2026-11-01 10:00, says the feed or list that announces it" in said.out
    assert UPDATE in said.out


def test_show_gives_programs_every_version_and_match(aggregator: Aggregator, home: Path) -> None:
    shown = aggregator("--home", home, "show", COPY, "--json").json

    assert (shown["url"], shown["source"]) == (COPY, "b")
    assert [v["number"] for v in shown["versions"]] == [1]
    assert shown["credits"] == [{"line": "(source: a)", "outlet": "a", "source": "a"}]
    assert [m["type"] for m in shown["matches"]] == ["pair"]


def test_show_names_both_languages_of_a_page_that_holds_a_text_and_its_translation(
    aggregator: Aggregator, tmp_path: Path
) -> None:
    (tmp_path / "sources.yaml").write_text(SOURCES_YAML)
    sandbar = {story.lang: story for story in stories() if story.name == "sandbar"}
    french, english = ("\n\n".join(map(" ".join, sandbar[language].paragraphs)) for language in ("fr", "en"))
    web = FakeWeb({"http://a.example/feed": feed(ONE), ONE: page(f"{french}\n\n{english}")})
    crawl(tmp_path, web, source("a"))

    shown = aggregator("--home", tmp_path, "show", ONE, "--json").json
    for_people = aggregator("--home", tmp_path, "show", ONE).out

    [first, second] = shown["languages"]
    assert (first["language"], second["language"]) == ("fr", "en")
    assert shown["text"][slice(*second["span"])].split() == english.split()
    assert re.search(r"language +fr, en", for_people)


def test_an_older_version_is_shown(aggregator: Aggregator, home: Path) -> None:
    facts, _, text = aggregator("--home", home, "show", ONE, "--version", "1").out.partition("\n\n")

    assert "mattresses" in text
    assert UPDATE not in text
    assert f"note “{UPDATE}" in " ".join(facts.split())


def test_what_readers_wrote_is_shown_when_asked_for_and_no_part_of_the_text(
    aggregator: Aggregator, home: Path, tmp_path: Path
) -> None:
    raw = tmp_path / "page.html"
    raw.write_text(aggregator("--home", home, "show", COPY, "--raw").out)

    assert READER not in aggregator("--home", home, "show", COPY).out
    assert aggregator("--home", home, "show", COPY, "--comments").out.strip() == READER
    assert aggregator("--home", home, "show", COPY, "--comments", "--json").json["comments"] == READER
    assert "no comments were found" in aggregator("--home", home, "show", ONE, "--comments").err
    assert READER not in aggregator("extract", raw).out
    assert READER in aggregator("extract", "--comments", raw).out
    assert [line["comments"] for line in aggregator("extract", "--comments", "--json", raw).lines] == [READER]


def test_a_diff_marks_what_came_in_and_nothing_else(aggregator: Aggregator, home: Path) -> None:
    said = aggregator("--home", home, "show", ONE, "--diff", "1", "2")

    assert re.findall(r"\{\+\s*(.*?)\s*\+\}", said.out, re.DOTALL) == [UPDATE]
    assert "[-" not in said.out


def test_a_diff_marks_what_went(aggregator: Aggregator, home: Path) -> None:
    said = aggregator("--home", home, "show", ONE, "--diff", "2", "1")

    assert re.findall(r"\[-\s*(.*?)\s*-\]", said.out, re.DOTALL) == [UPDATE]


def test_a_diff_for_programs_makes_both_texts(aggregator: Aggregator, home: Path) -> None:
    changes = aggregator("--home", home, "show", ONE, "--diff", "1", "2", "--json").json["changes"]

    old = "".join(c["text"] for c in changes if c["what"] != "inserted")
    new = "".join(c["text"] for c in changes if c["what"] != "deleted")
    first, second = versions(home, ONE)
    assert old.split() == f"{first.title} {first.text}".split()
    assert new.split() == f"{second.title} {second.text}".split()


def test_raw_is_the_page_byte_for_byte(aggregator: Aggregator, home: Path) -> None:
    said = aggregator("--home", home, "show", ONE, "--version", "1", "--raw")

    assert said.out == page(STORY)


def test_reposts_gives_programs_pairs_clusters_and_credits(aggregator: Aggregator, home: Path) -> None:
    lines = aggregator("--home", home, "reposts", "--json").lines

    [pair], [cluster], [credit] = ([x for x in lines if x["type"] == t] for t in ("pair", "cluster", "credit"))
    ids = {url: article.id for url, article in articles(home).items()}
    assert {pair["a"], pair["b"]} == set(cluster["members"]) == {ids[ONE], ids[COPY]}
    assert (pair["rel"], pair["first"], cluster["original"]) == ("dup", ids[ONE], ids[ONE])
    assert pair["evidence"]
    assert (credit["doc"], credit["outlet"], credit["source"]) == (ids[COPY], "a", "a")


def test_reposts_finds_who_has_a_pasted_text(aggregator: Aggregator, home: Path, tmp_path: Path) -> None:
    file = tmp_path / "pasted.txt"
    file.write_text(STORY.partition("\n\n")[2])

    for ref, stdin in ((str(file), b""), ("-", file.read_bytes())):
        lines = aggregator("--home", home, "reposts", ref, "--json", stdin=stdin).lines
        pairs = [line for line in lines if line["type"] == "pair"]
        assert {i for p in pairs for i in (p["a"], p["b"])} == {
            "given",
            articles(home)[ONE].id,
            articles(home)[COPY].id,
        }


def test_status_gives_programs_what_the_blueprint_says(aggregator: Aggregator, home: Path) -> None:
    status = aggregator("--home", home, "status", "--json").json

    first, second = status["sources"]
    assert (first["source"], first["outcome"], first["articles"], first["pending"]) == ("a", "ok", 2, 0)
    assert (second["source"], second["paused"]) == ("b", True)
    assert {"last_run", "last_new", "next_due", "failed"} <= first.keys()
    assert (status["totals"]["articles"], status["totals"]["versions"], status["totals"]["to_index"]) == (3, 4, 0)
    assert status["archive_bytes"] == sum(p.stat().st_size for p in (home / "archive").rglob("*") if p.is_file())


def test_a_new_home_has_a_status(aggregator: Aggregator, tmp_path: Path) -> None:
    (tmp_path / "sources.yaml").write_text(SOURCES_YAML)

    status = aggregator("--home", tmp_path, "status", "--json").json

    assert [s["outcome"] for s in status["sources"]] == [None, None]
    assert status["totals"]["articles"] == 0


# extract, limits


def test_extract_reads_a_file_and_standard_input(aggregator: Aggregator, tmp_path: Path) -> None:
    file = tmp_path / "leaflet.html"
    file.write_text(page("(source: harbour watch)\n\n" + STORY))

    [by_name] = aggregator("extract", "--json", "--url", ONE, file).lines
    [by_pipe] = aggregator("extract", "--json", "--url", ONE, "-", stdin=file.read_bytes()).lines

    assert by_name == by_pipe | {"id": "leaflet"}
    keys = "id url title author date modified language text articles problems"
    assert set(keys.split()) <= by_name.keys()
    assert (by_name["url"], by_name["title"], by_name["language"]) == (ONE, "A title of its own", "en")
    [post] = by_name["articles"]
    assert {"url", "title", "date", "text", "credits"} <= post.keys()
    assert post["credits"] == ["(source: harbour watch)"]


def test_extract_reads_a_list_of_pages(aggregator: Aggregator, tmp_path: Path) -> None:
    (tmp_path / "1.html").write_text(page(STORY))
    (tmp_path / "2.html").write_text("<html><body></body></html>")
    rows = [{"id": f"p{n}", "url": f"http://a.example/{n}", "html_path": str(tmp_path / f"{n}.html")} for n in (1, 2)]

    lines = aggregator("extract", "--json", "-", stdin="\n".join(map(json.dumps, rows)).encode()).lines

    assert [(line["id"], line["url"], line["problems"]) for line in lines] == [
        ("p1", "http://a.example/1", []),
        ("p2", "http://a.example/2", ["empty-text"]),
    ]


def test_limits_lists_what_the_blueprint_promises(aggregator: Aggregator) -> None:
    limits = {limit["name"]: limit["value"] for limit in aggregator("limits", "--json").json}

    assert limits.items() >= {
        "fetch.connect": 10, "fetch.idle": 20, "fetch.total": 60, "fetch.hops": 10, "fetch.encoded": 10 * 2**20,
        "fetch.decoded": 20 * 2**20, "fetch.ratio": 100, "fetch.retry-after": 24 * 3600, "url.length": 2048,
        "feed.items": 2000, "run.pages": 500, "run.time": 600, "query.length": 1000, "query.terms": 20,
        "page.size": 100,
    }.items()  # fmt: skip
    assert all(limit["beyond"] and limit["unit"] for limit in aggregator("limits", "--json").json)


def test_a_home_is_made_where_the_option_says(aggregator: Aggregator, tmp_path: Path) -> None:
    assert aggregator("--home", str(tmp_path / "new"), "init").code == 0
    assert (tmp_path / "new" / "sources.yaml").exists()


def test_a_misspelt_option_of_a_search_is_an_error_and_an_excluded_word_is_not(
    aggregator: Aggregator, home: Path
) -> None:
    assert aggregator("--home", str(home), "search", "mattresses", "--sorce", "a").code == 2
    assert aggregator("--home", str(home), "search", "mattresses", "-estuary", "--json").json["total"] == 0
    assert aggregator("--home", str(home), "search", "mattresses", "-harpsichord", "--json").json["total"] == 2


def test_a_pasted_sentence_finds_its_article(aggregator: Aggregator, home: Path, tmp_path: Path) -> None:
    (tmp_path / "pasted").write_text(STORY.split("\n\n")[0])

    found = aggregator("--home", str(home), "reposts", str(tmp_path / "pasted"), "--json").lines

    mine = [line for line in found if line["type"] == "pair" and "given" in (line["a"], line["b"])]
    assert {line["kind"] for line in mine} == {"truncated"}
    assert [line["original"] for line in found if line["type"] == "cluster"] == [id_of(home, ONE)]


def id_of(home: Path, url: str) -> str:
    return articles(home)[url].id


def test_a_few_pasted_words_are_said_to_be_few(aggregator: Aggregator, home: Path, tmp_path: Path) -> None:
    (tmp_path / "pasted").write_text("words that nobody has")

    assert "few to go by" in aggregator("--home", str(home), "reposts", str(tmp_path / "pasted")).err


def test_a_line_that_is_no_page_is_refused(aggregator: Aggregator) -> None:
    assert aggregator("extract", "-", stdin=b'{"id": 1}\n').code == 2
