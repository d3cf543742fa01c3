"""Saved searches: kept with the archive, told of once, and never a hiding place for what was withdrawn."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aggregator import pipeline, takedown
from aggregator.cli.collecting import tell_all
from aggregator.decisions import Decisions
from aggregator.errors import FetchError, UnknownIdError, UsageError
from aggregator.home import Home
from aggregator.model import Access, Following, Settings
from aggregator.query import Only, Query, Within, parse
from aggregator.search import fresh, saved
from aggregator.search.saved import SavedSearch
from aggregator.takedown import Scope
from aggregator.wordings import SAVED, Wordings
from tests import doors
from tests.fakecli import Aggregator, Said
from tests.fakeweb import NOON, OTHER, STORY, FakeWeb, articles, crawl, feed, following, page, source
from tests.rawserver import RawServer
from tests.test_health import hook

ONE, TWO, THREE = (f"http://a.example/{n}" for n in range(1, 4))
LATER = NOON + timedelta(days=1)
YAML = 'settings: {min_free: 1MB}\nsources:\n  - {id: a, url: "http://a.example/"}\n'
KNOWN = following(source("a"))


@pytest.fixture(scope="module")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which one article about a bailiff was found."""
    folder = tmp_path_factory.mktemp("stock")
    (folder / "sources.yaml").write_text(YAML)
    add(Home(folder), ONE, STORY, at=NOON - timedelta(hours=2))
    return folder


@pytest.fixture
def home(stock: Path, tmp_path: Path) -> Home:
    """A copy of it, to do with as one likes."""
    return Home(Path(shutil.copytree(stock, tmp_path, dirs_exist_ok=True)))


def add(home: Home, url: str, text: str, *, at: datetime = LATER, source_id: str = "a", **more: object) -> None:
    """Have an article first seen at a time."""
    address = f"http://{source_id}.example/feed"
    crawl(home.root, FakeWeb({address: feed(url), url: page(text)}, now=at), source(source_id, **more))


def keep(home: Home, query: str = "bailiff", name: str = "lane", *filters: Only | Within, at: datetime = NOON) -> int:
    """Save a search; the number of its event."""
    event, _ = saved.save(home, name, parse(query).also(*filters), by="Maren", now=at)
    assert event is not None
    return event.number


def new(home: Home) -> dict[str | None, list[str]]:
    """The addresses of the new hits of every search."""
    addresses = {article.id: url for url, article in articles(home.root).items()}
    return {f.search.name: [addresses[i] for i in f.new] for f in fresh.found(home, saved.standing(home))}


def told(home: Home, *, at: datetime, known: Following = KNOWN) -> list[tuple[str | None, list[str]]]:
    """Tell what is new."""
    return [(one.search.name, [a.url for a in one.articles]) for one in fresh.tell(home, known, at)]


def hide(home: Home, *refs: str, scope: Scope = Scope.NAME, erase: bool = False) -> int:
    """Withdraw something."""
    what = takedown.target(home, refs, scope, erase=erase)
    return takedown.decide(
        home, what, scope=scope, reason="other", by="t", erase=erase, until=None, now=datetime.now(UTC)
    ).number


# What is new


def test_what_was_first_seen_before_a_search_was_saved_is_no_new_hit_and_later_articles_are(home: Home) -> None:
    keep(home)
    assert new(home) == {"lane": []}
    add(home, TWO, f"{STORY}\n\nOne more line.")
    add(home, THREE, OTHER)

    [found] = fresh.found(home, saved.standing(home))

    assert new(home) == {"lane": [TWO]}
    assert found.total == 2


def test_new_hits_are_told_once(home: Home) -> None:
    keep(home)
    add(home, TWO, f"{STORY}\n\nOne more line.")

    assert told(home, at=LATER + timedelta(minutes=1)) == [("lane", [TWO])]
    assert told(home, at=LATER + timedelta(minutes=2)) == []
    assert new(home) == {"lane": []}
    add(home, THREE, f"The bailiff again.\n\n{OTHER}", at=LATER + timedelta(days=1))
    assert told(home, at=LATER + timedelta(days=2)) == [("lane", [THREE])]
    assert told(home, at=LATER + timedelta(days=9)) == []


def test_what_is_indexed_after_something_that_was_captured_later_is_told_too(home: Home) -> None:
    keep(home)
    add(home, TWO, f"{STORY}\n\nOne more line.", at=LATER + timedelta(minutes=10))
    assert told(home, at=LATER + timedelta(minutes=11)) == [("lane", [TWO])]
    add(home, THREE, f"The bailiff again.\n\n{OTHER}", at=LATER)

    assert told(home, at=LATER + timedelta(minutes=12)) == [("lane", [THREE])]
    assert told(home, at=LATER + timedelta(minutes=13)) == []


def test_an_article_that_has_only_some_of_the_words_is_no_hit_of_a_saved_search(home: Home) -> None:
    keep(home, "bailiff lighthouse")
    add(home, TWO, OTHER)

    assert told(home, at=LATER) == []
    add(home, THREE, f"{STORY}\n\nA lighthouse stands there.")
    assert told(home, at=LATER) == [("lane", [THREE])]


def test_filters_are_kept_with_the_words(home: Home) -> None:
    filters = (Only("source", ("b",)), Within("captured", LATER, LATER + timedelta(days=2)))
    keep(home, "bailiff", "lane", *filters)
    keep(home, "", "all-of-b", Only("source", ("b",)))
    add(home, TWO, f"{STORY}\n\nOne more line.")
    assert new(home) == {"lane": [], "all-of-b": []}
    add(home, "http://b.example/1", STORY, source_id="b", at=LATER + timedelta(days=1))
    add(home, "http://b.example/2", STORY + " And so.", source_id="b", at=LATER + timedelta(days=3))

    [lane, both] = saved.standing(home)

    assert lane.filters == filters
    assert both.text == "" and both.filters == filters[:1]
    assert new(home) == {
        "lane": ["http://b.example/1"],
        "all-of-b": ["http://b.example/2", "http://b.example/1"],
    }


def test_saved_searches_outlive_the_index_and_a_rebuild(home: Home) -> None:
    keep(home)
    add(home, TWO, f"{STORY}\n\nOne more line.")
    shutil.rmtree(home.index)
    pipeline.rebuild(home, KNOWN)
    assert told(home, at=LATER) == [("lane", [TWO])]
    shutil.rmtree(home.index)
    pipeline.rebuild(home, KNOWN)
    assert told(home, at=LATER) == []
    assert [one.name for one in saved.standing(home)] == ["lane"]


# Telling somebody


def test_new_hits_are_posted_to_the_webhook_and_what_it_does_not_take_is_told_again(home: Home) -> None:
    keep(home)
    add(home, TWO, f"{STORY}\n\nOne more line.")
    with hook() as there:
        known = Following(settings=Settings(min_free_bytes=0, notify=there.url), sources=(source("a"),))
        there.status = 500
        with pytest.raises(FetchError):
            told(home, at=LATER, known=known)
        there.status = 204
        assert told(home, at=LATER, known=known) == [("lane", [TWO])]
        assert told(home, at=LATER, known=known) == []

    [hit] = json.loads(json.dumps(there.taken))[0]["searches"]
    assert (hit["search"], hit["query"], hit["url"], hit["seen"]) == ("lane", "bailiff", TWO, "2026-11-24T12:00:00Z")


def test_what_only_staff_may_see_is_told_and_not_posted(home: Home) -> None:
    home.sources_yaml.write_text(YAML + '  - {id: b, url: "http://b.example/", access: staff}\n')
    keep(home)
    add(home, "http://b.example/1", STORY, source_id="b", access=Access.STAFF)

    add(home, TWO, f"{STORY}\n\nOne more line.")

    with hook() as there:
        known = Following(settings=Settings(min_free_bytes=0, notify=there.url), sources=(source("a"),))
        [(_, urls)] = told(home, at=LATER, known=known)

    assert set(urls) == {"http://b.example/1", TWO}
    assert [hit["url"] for hit in json.loads(json.dumps(there.taken))[0]["searches"]] == [TWO]


# What is withheld when others are told


def embargo(home: Home, ref: str, until: datetime | None, scope: Scope = Scope.ARTICLE) -> int:
    """Withdraw something until a time."""
    what = takedown.target(home, [ref], scope, erase=False)
    said = {"scope": scope, "reason": "other", "by": "t", "erase": False, "until": until}
    return takedown.decide(home, what, now=LATER + timedelta(hours=1), **said).number  # type: ignore[arg-type]


def two_of_a_day(home: Home) -> None:
    """Have two new hits, one behind the other."""
    keep(home)
    add(home, TWO, f"{STORY}\n\nOne more line.")
    add(home, THREE, f"The bailiff again. They carried grey lanterns.\n\n{OTHER}", at=LATER + timedelta(minutes=5))


def test_an_embargoed_article_is_told_when_the_embargo_ends(home: Home) -> None:
    two_of_a_day(home)
    embargo(home, THREE, NOON + timedelta(days=10))

    assert told(home, at=NOON + timedelta(days=3)) == [("lane", [TWO])]
    assert told(home, at=NOON + timedelta(days=9)) == []
    assert told(home, at=NOON + timedelta(days=11)) == [("lane", [THREE])]
    assert told(home, at=NOON + timedelta(days=12)) == []


def test_an_article_whose_takedown_is_lifted_is_told_if_it_never_was(home: Home) -> None:
    two_of_a_day(home)
    both = [embargo(home, THREE, None), embargo(home, ONE, None)]
    assert told(home, at=NOON + timedelta(days=3)) == [("lane", [TWO])]
    both.append(embargo(home, TWO, None))
    for number in both:
        takedown.lift(home, number, by="t", now=NOON + timedelta(days=4))

    assert told(home, at=NOON + timedelta(days=5)) == [("lane", [THREE])]


def test_what_was_found_for_words_that_were_withheld_is_told_when_they_are_back(home: Home) -> None:
    keep(home, "lanterns", "lights")
    two_of_a_day(home)
    add(home, "http://a.example/4", f"Other lanterns.\n\n{OTHER}", at=LATER + timedelta(minutes=9))
    embargo(home, "They carried grey lanterns", NOON + timedelta(days=10), Scope.PASSAGE)

    before = told(home, at=NOON + timedelta(days=3))
    assert before == [("lights", ["http://a.example/4"]), ("lane", [TWO, THREE])]
    assert told(home, at=NOON + timedelta(days=11)) == [("lights", [THREE])]


def test_what_a_dark_source_published_is_told_and_posted_once_it_may_be_seen(home: Home) -> None:
    known = YAML + '  - {id: b, url: "http://b.example/", access: dark, until: 2026-12-01}\n'
    home.sources_yaml.write_text(known)
    keep(home)
    add(home, "http://b.example/1", STORY, source_id="b", access=Access.DARK)
    add(home, TWO, f"{STORY}\n\nOne more line.")

    with hook() as there:
        posting = Following(settings=Settings(min_free_bytes=0, notify=there.url), sources=(source("a"),))
        assert told(home, at=NOON + timedelta(days=3), known=posting) == [("lane", [TWO])]
        assert told(home, at=NOON + timedelta(days=11), known=posting) == [("lane", ["http://b.example/1"])]
        assert told(home, at=NOON + timedelta(days=12), known=posting) == []

    assert urls_posted(there.taken) == [[TWO], ["http://b.example/1"]]


def test_what_only_staff_might_see_is_posted_once_it_may_leave_and_not_said_again(home: Home) -> None:
    known = YAML + '  - {id: b, url: "http://b.example/", access: staff, until: 2026-12-01}\n'
    home.sources_yaml.write_text(known)
    keep(home)
    add(home, "http://b.example/1", STORY, source_id="b", access=Access.STAFF)
    add(home, TWO, f"{STORY}\n\nOne more line.")

    with hook() as there:
        posting = Following(settings=Settings(min_free_bytes=0, notify=there.url), sources=(source("a"),))
        [(_, said)] = told(home, at=NOON + timedelta(days=3), known=posting)
        assert told(home, at=NOON + timedelta(days=4), known=posting) == []
        assert told(home, at=NOON + timedelta(days=11), known=posting) == []
        assert told(home, at=NOON + timedelta(days=12), known=posting) == []

    assert set(said) == {"http://b.example/1", TWO}
    assert urls_posted(there.taken) == [[TWO], ["http://b.example/1"]]


def test_what_was_told_without_a_webhook_is_not_posted_to_a_later_one(home: Home) -> None:
    two_of_a_day(home)
    assert told(home, at=NOON + timedelta(days=3)) == [("lane", [TWO, THREE])]
    with hook() as there:
        posting = Following(settings=Settings(min_free_bytes=0, notify=there.url), sources=(source("a"),))
        assert told(home, at=NOON + timedelta(days=4), known=posting) == []
    assert there.taken == []


def urls_posted(taken: object) -> list[list[str]]:
    """The addresses in each message to a webhook."""
    return [[hit["url"] for hit in message["searches"]] for message in json.loads(json.dumps(taken))]


def test_an_article_first_seen_in_the_second_in_which_a_search_was_saved_is_new_only_if_it_came_after(
    home: Home,
) -> None:
    keep(home, at=LATER + timedelta(milliseconds=500))
    add(home, TWO, f"{STORY}\n\nOne more line.", at=LATER)
    add(home, THREE, f"The bailiff again.\n\n{OTHER}", at=LATER + timedelta(milliseconds=600))

    assert told(home, at=LATER + timedelta(seconds=2)) == [("lane", [THREE])]


# A crawl


def test_a_crawl_tells_new_hits_at_its_end(
    aggregator: Aggregator, home: Home, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    keep(home)
    for n in range(12):
        add(home, f"http://a.example/more-{n}", f"The bailiff wrote note {n}.\n\n{OTHER}")
    tell_all(home, KNOWN)
    said = capfdbinary.readouterr().err.decode()

    assert "saved search lane: 12 new" in said
    assert "and 2 more; `aggregator searches lane --new 2026-11-24`" in said
    assert said.count("http://a.example/more-") == 10
    tell_all(home, KNOWN)
    assert capfdbinary.readouterr().err == b""


def served(text: str, *, kind: str = "text/html; charset=utf-8") -> bytes:
    """An answer of a server."""
    body = text.encode()
    return f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def test_the_command_crawl_tells_and_posts_them(tmp_path: Path, aggregator: Aggregator) -> None:
    with RawServer({}) as site, hook() as there:
        first, second = site.url("/1"), site.url("/2")
        (tmp_path / "sources.yaml").write_text(
            f"settings: {{min_free: 1MB, notify: '{there.url}', network: {{allow_private: [127.0.0.0/8]}}}}\n"
            "defaults: {pace: 0s}\n"
            f"sources:\n  - {{id: a, url: '{site.url()}', feeds: ['{site.url('/feed')}']}}\n"
        )
        site.pages |= {"/feed": served(feed(first), kind="application/atom+xml"), "/1": served(page(STORY))}
        assert aggregator("--home", tmp_path, "crawl").code == 0
        assert aggregator("--home", tmp_path, "search", "bailiff", "--save", "lane").code == 0
        more = page(f"{STORY}\n\nOne more line.", title="The lane, again")
        site.pages |= {"/feed": served(feed(first, second), kind="application/atom+xml"), "/2": served(more)}

        said = aggregator("--home", tmp_path, "crawl")
        again = aggregator("--home", tmp_path, "crawl")

    assert "saved search lane: 1 new" in said.err and f"“The lane, again”: {second}" in said.err
    assert "saved search" not in again.err
    hits = [hit for taken in json.loads(json.dumps(there.taken)) for hit in taken.get("searches", [])]
    assert [hit["url"] for hit in hits] == [second]


# Names, and what has none any more


@pytest.mark.parametrize("name", ["", "Lane", "a b", "é", "-", "12", "a/b", "../a", "drop", "find", "a" * 61, "a\n"])
def test_what_is_no_name_is_refused(home: Home, name: str) -> None:
    with pytest.raises(UsageError, match="no name"):
        saved.save(home, name, parse("x"), by="t", now=NOON)
    assert Wordings(home.archive).files() == []


def test_the_same_name_again_replaces_and_says_what_it_was(home: Home) -> None:
    first = keep(home)
    event, before = saved.save(home, "lane", parse("lighthouse"), by="Jo", now=LATER)

    assert event and event.said["replaces"] == first
    assert before and (before.text, before.by) == ("bailiff", "Maren")
    assert [(one.name, one.text, one.by, one.at) for one in saved.standing(home)] == [
        ("lane", "lighthouse", "Jo", LATER)
    ]


def test_the_same_search_again_is_not_noted(home: Home) -> None:
    number = keep(home, "bailiff", "lane", Only("source", ("a",)))
    event, before = saved.save(home, "lane", parse("bailiff").also(Only("source", ("a",))), by="Jo", now=LATER)
    assert event is None
    assert before and before.number == number


def test_a_search_is_dropped_by_name_or_by_number(home: Home) -> None:
    keep(home)
    number = keep(home, "van", "vans")
    saved.drop(home, "lane", by="Jo", now=LATER)
    saved.drop(home, str(number), by="Jo", now=LATER)

    assert saved.standing(home) == []
    with pytest.raises(UnknownIdError, match="--save"):
        saved.drop(home, "lane", by="Jo", now=LATER)


def spoilt(home: Home) -> None:
    """Save searches that cannot be read: of another grammar, of another form, damaged, lost."""
    for words in (
        {"name": "old-grammar", "query": "published:someday", "filters": []},
        {"name": "other-form", "query": "x", "filters": [{"shape": "round"}]},
        {"title": "no-name"},
    ):
        wording = Wordings(home.archive).put(words)
        said = {"wording": wording.file, "sha256": wording.sha256, "by": "t"}
        Decisions(home.archive).append(SAVED, said, now=NOON)
    keep(home, "lamp", "damaged")
    damaged = home.archive / saved.standing(home)[-1].file
    damaged.write_bytes(damaged.read_bytes().replace(b"lamp", b"lump"))
    keep(home, "lamp", "lost")
    (home.archive / saved.standing(home)[-1].file).unlink()


def test_a_search_that_cannot_be_read_is_said_and_ends_nothing(home: Home, aggregator: Aggregator) -> None:
    spoilt(home)
    keep(home)
    add(home, TWO, f"{STORY}\n\nOne more line.")

    news = fresh.tell(home, KNOWN, LATER)
    listed = aggregator("--home", home.root, "searches", "--json")

    assert [(one.search.name, len(one.articles)) for one in news][-1] == ("lane", 1)
    problems = [one.search.problem or "" for one in news]
    for number, why in enumerate(["someday", "another version", "another version", "changed", "missing"]):
        assert why in problems[number]
    assert listed.code == 0
    assert [one["articles"] for one in listed.json] == [None] * 5 + [2]
    assert aggregator("--home", home.root, "searches", "old-grammar").code == 1
    for one in saved.standing(home)[:-1]:
        assert aggregator("--home", home.root, "searches", "drop", str(one.number)).code == 0
    assert [one.name for one in saved.standing(home)] == ["lane"]


def test_verify_takes_saved_searches_and_finds_those_that_were_changed(home: Home, aggregator: Aggregator) -> None:
    keep(home)
    told(home, at=LATER)
    saved.drop(home, "lane", by="t", now=LATER)
    keep(home)
    assert aggregator("--home", home.root, "verify").code == 0
    file = home.archive / saved.standing(home)[0].file
    words = file.read_bytes()
    file.write_bytes(words.replace(b"bailiff", b"bailifg"))

    changed = aggregator("--home", home.root, "verify", "--json")
    file.unlink()
    missing = aggregator("--home", home.root, "verify", "--json")

    assert (changed.code, missing.code) == (3, 3)
    assert [bad["what"].partition(":")[0] for bad in changed.json["bad"] + missing.json["bad"]] == [
        "changed",
        "missing",
    ]
    file.write_bytes(words)
    assert aggregator("--home", home.root, "verify").code == 0


def test_a_kill_while_a_search_is_saved_leaves_it_saved_or_not(home: Home, tmp_path: Path) -> None:
    trial = tmp_path.parent / f"{tmp_path.name}-trial"
    shutil.copytree(home.archive, trial / "archive")
    counter = doors.Counter()
    with doors.door(counter):
        keep(Home(trial))
    points = doors.spread(counter.passed, 20)
    for point in points:
        shutil.rmtree(trial)
        shutil.copytree(home.archive, trial / "archive")
        assert doors.in_a_child(lambda at=point: killed_at(trial, at)) == doors.KILLED  # type: ignore[misc]
        left = saved.standing(Home(trial))
        assert [(one.name, one.problem) for one in left] in ([], [("lane", None)]), point
        assert Decisions(trial / "archive").faults() == []
    assert len(points) > 5


def killed_at(root: Path, point: doors.Point) -> None:
    with doors.door(doors.Killer(point)):
        keep(Home(root))


def test_what_is_typed_may_be_no_utf8(home: Home) -> None:
    keep(home, "bailiff OR caf\udcff")
    add(home, TWO, f"{STORY}\n\nOne more line.")
    with hook() as there:
        known = Following(settings=Settings(min_free_bytes=0, notify=there.url), sources=(source("a"),))
        assert told(home, at=LATER, known=known) == [("lane", [TWO])]
    assert saved.standing(home)[0].text == "bailiff OR caf\ufffd"
    assert len(there.taken) == 1


# What is withdrawn


NAME = "Mildred Quarrington"


@pytest.mark.parametrize(
    ("name", "query", "filters"),
    [
        ("lane", NAME, ()),
        ("lane", 'bailiff OR "mildred QUARRINGTON"', ()),
        ("lane", "quarrington, mildred", ()),
        ("lane", "author:quarrington title:mildred", ()),
        ("lane", "Quarrington bailiff", ()),
        ("mildred-quarrington", "bailiff", ()),
        ("lane", "bailiff", (Only("source", ("mildred quarrington",)),)),
    ],
)
def test_a_search_for_a_hidden_name_is_not_shown_told_or_kept(
    home: Home, aggregator: Aggregator, name: str, query: str, filters: tuple[Only, ...]
) -> None:
    add(home, TWO, f"So says {NAME}, the bailiff.\n\n{STORY}", at=NOON - timedelta(hours=1))
    number = keep(home, query, name, *filters)
    keep(home, "van", "vans")
    withdrawal = hide(home, NAME)
    add(home, THREE, f"So says {NAME}, the bailiff, of the van.\n\n{STORY}")

    listed = aggregator("--home", home.root, "searches")
    alone = aggregator("--home", home.root, "searches", str(number))

    assert [one.search.name for one in fresh.tell(home, KNOWN, LATER)] == ["vans"]
    assert "quarrington" not in (listed.out + listed.err + alone.out + alone.err).lower()
    assert f"Event {number}" in listed.err and f"Event {number}" in alone.err
    assert len(aggregator("--home", home.root, "searches", "--json").json) == 1
    with pytest.raises(UsageError, match="withdrawn"):
        saved.save(home, name, parse(query).also(*filters), by="t", now=LATER)
    takedown.lift(home, withdrawal, by="t", now=datetime.now(UTC))
    assert [one.name for one in saved.standing(home) if not one.is_withheld] == [name, "vans"]


def test_a_search_for_a_hidden_article_by_its_id_is_not_shown(home: Home) -> None:
    ident = articles(home.root)[ONE].id
    keep(home, f"cluster:{ident}", "family")
    keep(home, "bailiff")
    hide(home, ONE, scope=Scope.ARTICLE)
    assert [(one.name, one.is_withheld) for one in saved.standing(home)] == [("family", True), ("lane", False)]


def test_a_search_that_shares_a_word_with_what_was_withdrawn_and_with_other_texts_stays(home: Home) -> None:
    add(home, TWO, f"So says {NAME}.\n\n{OTHER}", at=NOON - timedelta(hours=1))
    add(home, THREE, "Mildred the cat was found behind the bakery, asleep in a basket of yesterday's rolls. " * 3)
    keep(home, "mildred bailiff")
    keep(home, "lighthouse vans", "lights")
    hide(home, NAME)
    hide(home, TWO, scope=Scope.ARTICLE, erase=True)
    assert [one.name for one in saved.standing(home) if not one.is_withheld] == ["lane", "lights"]


def test_a_takedown_says_which_saved_searches_it_reaches(home: Home, aggregator: Aggregator) -> None:
    add(home, TWO, f"So says {NAME}, the bailiff.\n\n{STORY}")
    keep(home, NAME, "former")
    saved.drop(home, "former", by="t", now=NOON)
    keep(home, NAME, "her")
    keep(home, "bailiff")

    def withdrawn(*more: str) -> Said:
        words = ("takedown", "--scope", "name", NAME, "--reason", "person-at-risk", *more)
        return aggregator("--home", home.root, *words)

    dry = withdrawn("--erase", "--dry-run", "--json").json
    said = withdrawn("--dry-run").err

    assert dry["searches"] == ["her"]
    assert len(dry["reach"]["searches"]) == 2
    assert "The saved search her" in said and "lane" not in said
    done = withdrawn("--erase", "--yes")
    assert "and 2 saved searches" in done.err
    assert [one.name for one in saved.standing(home)] == ["lane"]
    assert len(Wordings(home.archive).files()) == 1
    assert aggregator("--home", home.root, "verify").code == 0


def test_a_search_that_was_erased_and_comes_back_from_a_copy_is_not_shown_and_is_erased_again(
    home: Home, aggregator: Aggregator
) -> None:
    add(home, TWO, f"So says {NAME}, the bailiff.\n\n{STORY}")
    keep(home, NAME, "her")
    [file] = Wordings(home.archive).files()
    words = (home.archive / file).read_bytes()
    number = hide(home, NAME, erase=True)
    takedown.carry_out(home, KNOWN, number)
    (home.archive / file).write_bytes(words)
    takedown.lift(home, number, by="t", now=datetime.now(UTC))

    assert saved.standing(home) == []
    assert aggregator("--home", home.root, "verify").code == 3


def test_a_name_that_stands_only_in_a_saved_search_is_erased_there(home: Home, aggregator: Aggregator) -> None:
    keep(home, NAME, "her")
    keep(home)
    takedown.carry_out(home, KNOWN, hide(home, NAME, erase=True))
    assert [one.name for one in saved.standing(home)] == ["lane"]
    assert not any(b"Quarrington" in path.read_bytes() for path in home.archive.rglob("*") if path.is_file())
    assert aggregator("--home", home.root, "verify").code == 0


def test_a_saved_search_that_was_damaged_is_left_to_be_restored_by_an_erase_of_something_else(home: Home) -> None:
    keep(home)
    [file] = Wordings(home.archive).files()
    (home.archive / file).write_bytes(b'{"name": "lane", "query": ')
    takedown.carry_out(home, KNOWN, hide(home, ONE, scope=Scope.ARTICLE, erase=True))
    assert Wordings(home.archive).files() == [file]


def test_words_that_no_event_names_because_the_process_was_killed_are_erased_too(home: Home) -> None:
    add(home, TWO, f"So says {NAME}, the bailiff.\n\n{STORY}")
    Wordings(home.archive).put({"name": "her", "query": NAME, "filters": []})
    (home.archive / "searches" / ".0123456789abcdef.json.aside").write_bytes(
        json.dumps({"name": "her", "query": NAME}).encode()[:-3]
    )
    takedown.carry_out(home, KNOWN, hide(home, NAME, erase=True))
    assert Wordings(home.archive).files() == []


def test_the_events_of_saved_searches_hold_no_word_of_them(home: Home) -> None:
    keep(home, "bailiff lighthouse", "my-very-own", Only("source", ("harbour",)))
    keep(home, "van", "my-very-own")
    saved.drop(home, "my-very-own", by="t", now=LATER)
    said = (home.archive / "events.jsonl").read_text()
    assert '"search-saved"' in said
    assert not any(word in said for word in ("bailiff", "lighthouse", "harbour", "very-own", "van"))


# The command


@pytest.fixture
def typed(home: Home, aggregator: Aggregator) -> Aggregator:
    return lambda *words: aggregator("--home", home.root, *words)


def test_a_search_is_saved_listed_shown_and_dropped(typed: Aggregator, home: Home) -> None:
    found = typed("search", "bailiff", "--source", "a", "--save", "lane", "--by", "Maren", "--json")
    assert found.json["total"] == 1 and "Saved as lane" in found.err
    [one] = typed("searches", "--json").json
    assert (one["name"], one["query"], one["filters"], one["by"]) == ("lane", "bailiff", ["source:a"], "Maren")
    assert (one["articles"], one["new"], one["told"], one["problem"]) == (1, 0, None, None)
    assert "lane\tbailiff source:a\tMaren" in typed("searches").out
    assert typed("searches", "lane", "--json").json["hits"] == []
    since = typed("searches", "lane", "--new", "2026-11", "--json").json
    assert [hit["url"] for hit in since["hits"]] == [ONE] and since["search"]["name"] == "lane"
    assert ONE in typed("searches", "lane", "--new", "2026-11").out
    assert typed("searches", "--new", "2026-11", "--json").json[0]["new"] == 1
    assert typed("searches", "--new", "2026-12", "--json").json[0]["new"] == 0
    assert "saved already, by Maren" in typed("search", "bailiff", "--source", "a", "--save", "lane", "--by", "Jo").err
    replaced = typed("search", "vans", "--save", "lane", "--by", "Jo").err
    assert "It replaces bailiff source:a, saved by Maren" in replaced
    assert typed("searches", "drop", "lane", "--by", "Jo").code == 0
    assert "No search is saved" in typed("searches").err
    assert typed("searches", "lane").code == 1


def test_a_search_can_be_saved_before_anything_was_crawled(aggregator: Aggregator, tmp_path: Path) -> None:
    (tmp_path / "sources.yaml").write_text(YAML)
    assert aggregator("--home", tmp_path, "search", "bailiff", "--save", "lane").code == 0
    assert aggregator("--home", tmp_path, "searches", "--json").json[0]["articles"] == 0
    assert aggregator("--home", tmp_path, "searches", "lane").code == 0


def test_copies_are_one_new_hit_and_pages_of_them_follow(typed: Aggregator, home: Home) -> None:
    keep(home)
    for n in range(3):
        add(home, f"http://a.example/more-{n}", f"The bailiff wrote note {n}.\n\n{OTHER * n}")
    first = typed("searches", "lane", "--limit", "2", "--json").json
    rest = typed("searches", "lane", "--limit", "2", "--offset", "2", "--json").json
    assert first["search"]["new"] == 3
    assert first["total"] == rest["total"] == len({hit["id"] for hit in first["hits"] + rest["hits"]})


def test_hostile_queries_steer_no_terminal_and_break_no_line(typed: Aggregator, home: Home) -> None:
    keep(home, "bailiff\n\x1b[31mred \u202eevil\ttab")
    assert "\x1b" not in typed("searches").out
    assert len(typed("searches").out.splitlines()) == 2
    assert "\x1b" not in typed("search", "x", "--save", "lane").err


@pytest.mark.parametrize(
    "words",
    [
        ("search", "bailiff", "--save", "Not A Name"),
        ("search", "bailiff", "--save", "lane", "--by", " "),
        ("search", "bailiff", "--by", "Maren"),
        ("search", "--save", "lane"),
        ("search", "published:someday", "--save", "lane"),
    ],
)
def test_what_cannot_be_saved_is_refused_and_nothing_is_noted(typed: Aggregator, home: Home, words: list[str]) -> None:
    assert typed(*words).code == 2
    assert saved.standing(home) == []


def test_a_query_with_its_filters_is_read_back_as_it_was(home: Home) -> None:
    asked = Query("a OR b", parse("a OR b").node).also(Within("published", NOON, None), Only("language", ("fr", "en")))
    saved.save(home, "lane", asked, by="t", now=NOON)
    [one] = saved.standing(home)
    assert isinstance(one, SavedSearch)
    assert parse(one.text).also(*one.filters).node == asked.node
