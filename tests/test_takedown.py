"""What is withdrawn is seen nowhere; what is erased is nowhere, and everything else is where it was."""

from __future__ import annotations

import contextlib
import gzip
import json
import re
import shutil
import sqlite3
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zipfile import ZIP_DEFLATED

import numpy as np
import pytest
from whoosh.index import open_dir

from aggregator import access, archive, dedupe, index, pipeline, reposts, search, takedown, words
from aggregator.access import redaction
from aggregator.access.copies import Copies
from aggregator.cli import withdrawing
from aggregator.decisions import Decisions, Event
from aggregator.errors import StoreError, UnknownIdError, WithdrawnError
from aggregator.home import Home
from aggregator.model import Access, Following
from aggregator.query import parse
from aggregator.reuse import Reuse
from aggregator.search import fresh, saved
from aggregator.takedown import Scope
from tests import doors, foreignfiles
from tests.fakecli import Aggregator, Said
from tests.fakeweb import NOON, OTHER, STORY, ClockOf, FakeWeb, articles, crawl, feed, following, page, redirect, source
from tests.indexing import ENGINES
from tests.pdfs import pdf

UNIQUE = "Quillfeather"
SECRET = (
    "On the third night the volunteers met behind the ropeworks, and it was Marta Quillfeather who held the lantern. "
    "She had walked from the customs sheds with two blankets and a list of the people who still had no place to sleep, "
    "and she read their names aloud so that nobody would be forgotten when the vans came in the morning.\n\n"
    "By dawn eleven of them had been taken in by families along the canal, and the list was burned in the stove."
)
PAGE = "http://a.example/quill"
STATEMENT = "http://b.example/statement.pdf"
TALKED = "http://b.example/talked"
POSTS = "http://b.example/diary"
COPY = "http://b.example/taken-over"
OLD = "http://old.example/1"
NOW = NOON + timedelta(days=1)
SEARCHES = {
    "lantern": f'"Marta {UNIQUE}" OR lantern',
    "quill": UNIQUE,
    "quill-again": f"{UNIQUE.lower()}, marta",
    "marta-quillfeather": "ropeworks",
    "page": f"{UNIQUE} url:{PAGE.removeprefix('http://')}",
    "loft": "net loft",
}
"""Saved searches, by name: one of them is replaced, one dropped, and only the last is about something else."""


def full_feed(url: str, text: str) -> str:
    """A feed that carries whole texts."""
    body = "".join(f"&lt;p&gt;{p}&lt;/p&gt;" for p in text.split("\n\n"))
    return (
        "<?xml version='1.0'?><feed xmlns='http://www.w3.org/2005/Atom'><title>Full</title>"
        f"<entry><id>{url}</id><title>The lantern list</title><link href='{url}'/><content type='html'>{body}</content>"
        "</entry><entry><id>http://a.example/other</id><title>The net loft</title><link href='http://a.example/other'/>"
        f"<content type='html'>&lt;p&gt;{OTHER}&lt;/p&gt;</content></entry></feed>"
    )


def rest_answer(url: str, text: str) -> tuple[int, dict[str, str], str]:
    """What an interface of a site answers: posts in JSON, pages in them escaped."""
    posts = [
        {"link": url, "title": {"rendered": "The lantern list"}, "content": {"rendered": f"<p>{text}</p>"}},
        {"link": "http://a.example/other", "title": {"rendered": "Loft"}, "content": {"rendered": f"<p>{OTHER}</p>"}},
    ]
    return 200, {"Content-Type": "application/json"}, json.dumps(posts)


def front(url: str, text: str) -> str:
    """A front page with the beginning of several texts."""
    return (
        "<html><head><title>Front</title></head><body>"
        f"<article><h2><a href='{url}'>The lantern list</a></h2><p>{text.split(chr(10))[0]}</p></article>"
        f"<article><h2><a href='http://a.example/other'>The net loft</a></h2><p>{OTHER}</p></article></body></html>"
    )


def several(text: str) -> str:
    """A page of posts without pages of their own."""
    bodies = {"The net loft": OTHER, "The lantern list": text, "The morning after": STORY}
    posts = "".join(f"<div class='post'><h2>{name}</h2><p>{body}</p></div>" for name, body in bodies.items())
    return f"<html><head><title>Three posts</title></head><body>{posts}</body></html>"


def talked_about(text: str) -> str:
    """A page with the text in what a reader wrote under it."""
    comments = f"<h3>Comments (1 of 1)</h3><div><p>{text}</p></div>"
    return page(STORY, title="The morning after").replace("</article>", f"</article>{comments}")


def world() -> dict[str, object]:
    """Two sites. One has the text in a feed, in a page and on a front page.

    The other took it over, and has it in an answer in JSON, a comment, a PDF and as a post on a page of several.
    """
    return {
        "http://a.example/": front(PAGE, SECRET),
        "http://a.example/feed": full_feed(PAGE, SECRET),
        PAGE: page(SECRET, title="The lantern list"),
        "http://a.example/other": page(OTHER, title="The net loft"),
        STATEMENT: (200, {"Content-Type": "application/pdf"}, pdf(SECRET, title="The lantern list")),
        "http://b.example/feed": feed(COPY, "http://b.example/api", TALKED, POSTS, STATEMENT),
        TALKED: talked_about(SECRET),
        POSTS: several(SECRET),
        COPY: page(f"{STORY}\n\nA neighbour wrote to us:\n\n{SECRET}\n\nWe thank her.", title="Letters of the week"),
        "http://b.example/api": rest_answer(PAGE, SECRET),
    }


SOURCES = (
    source("a", feeds=("http://a.example/feed",), pace_s=0.0),
    source("b", feeds=("http://b.example/feed",), pace_s=0.0),
)


def filled(root: Path) -> Home:
    crawl(root, FakeWeb(world()), *SOURCES)
    visit(root, "http://a.example/")
    return Home(root)


def visit(root: Path, url: str) -> None:
    """Archive a front page, as the search for feeds does."""
    web = FakeWeb(world())
    lost = source("a", feeds=("http://a.example/gone",), pace_s=0.0)
    crawl(root, web, lost)
    assert url in web.asked


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the text by every way it can come."""
    root = tmp_path_factory.mktemp("grown")
    home = filled(root)
    rescued = tmp_path_factory.mktemp("files") / "rescued.warc.gz"
    rescued.write_bytes(
        b"".join(
            gzip.compress(each)
            for each in (
                foreignfiles.record(foreignfiles.http(page(SECRET, title="The lantern list")), url=OLD),
                foreignfiles.record(foreignfiles.http(page(STORY)), url="http://old.example/2"),
            )
        )
    )
    with pipeline.opened(home, following(*SOURCES)) as line:
        line.bring_in(rescued)
    for name, query in SEARCHES.items():
        saved.save(home, name, parse(query), by="test", now=NOON)
    saved.save(home, "quill-again", parse("net loft"), by="test", now=NOON)
    saved.drop(home, "marta-quillfeather", by="test", now=NOON)
    return root


@pytest.fixture
def home(grown: Path, tmp_path: Path) -> Home:
    shutil.copytree(grown, tmp_path / "home", symlinks=True)
    return Home(tmp_path / "home")


def erased(home: Home, *refs: str, scope: Scope = Scope.ARTICLE, known: Following | None = None) -> takedown.Reach:
    what = takedown.target(home, refs, scope, erase=True)
    event = takedown.decide(
        home, what, scope=scope, reason="person-at-risk", by="test", erase=True, until=None, now=datetime.now(UTC)
    )
    return takedown.carry_out(home, known or following(*SOURCES), event.number)


def hidden(home: Home, *refs: str, scope: Scope = Scope.ARTICLE, until: datetime | None = None) -> int:
    what = takedown.target(home, refs, scope, erase=False)
    return takedown.decide(
        home, what, scope=scope, reason="person-at-risk", by="test", erase=False, until=until, now=datetime.now(UTC)
    ).number


def traces(root: Path, *words: str) -> list[str]:
    """Every file below a folder in which a word stands: raw, in any gzip member, or compressed inside one."""
    signs = [form for word in words for form in (word.encode(), word.lower().encode())]
    return [
        str(path.relative_to(root))
        for path in sorted(root.rglob("*"))
        if path.is_file() and not path.is_symlink() and any(sign in data for data in _readings(path) for sign in signs)
    ]


def _readings(path: Path) -> Iterator[bytes]:
    raw = path.read_bytes()
    yield raw
    for found in re.finditer(rb"\x1f\x8b\x08", raw):
        inflater = zlib.decompressobj(31)
        try:
            inflated = inflater.decompress(raw[found.start() :])
        except zlib.error:
            continue
        yield inflated
        for stream in re.finditer(rb"stream\r?\n", inflated):  # a page of a PDF; its lines are set apart
            with contextlib.suppress(zlib.error):
                yield zlib.decompressobj().decompress(inflated[stream.end() :])
    yield raw.decode("utf-16-le", "ignore").encode("utf-8", "ignore")


def terms_of(folder: Path) -> set[str]:
    """All terms of all fields of a full-text index, also of what was replaced in it: both engines compress them."""
    if index.engine_of(folder) == "tantivy":
        from aggregator.index import tantivy

        named = json.loads((folder / "meta.json").read_bytes())["schema"]
        texts = [field["name"] for field in named if field["type"] == "text"]
        searcher = tantivy._opened(folder).searcher()
        return {term for name in texts for term, _ in searcher.terms_with_prefix(name, "")}
    with closing(open_dir(str(folder))) as opened, closing(opened.reader()) as reader:
        return {term.decode("utf-8", "replace") for _, term in reader.all_terms()}


def linked(folder: Path, to: Path) -> list[Path]:
    """Give the files of a folder second names, under which they stay when they are removed; return those."""
    to.mkdir()
    files = [path for path in folder.iterdir() if any(path.read_bytes())]
    for path in files:
        (to / path.name).hardlink_to(path)
    return [to / path.name for path in files]


def members(home: Home) -> dict[tuple[str, int], bytes]:
    """The bytes of every record of our own files and of imports, by place."""
    found = {}
    for file in archive.files(home.archive):
        raw = (home.archive / file).read_bytes()
        for held in archive.held(home.archive, file):
            found[file, held.offset] = raw[held.offset : held.offset + held.length]
    return found


# --- hiding ---------------------------------------------------------------------------------------------------------


def seen(home: Home) -> str:
    """All that a reader of the home can get to see."""
    with access.opened(home) as shown:
        ids = shown.article_ids()
        found = [repr(a) for a in shown.articles(ids).values()]
        found += [repr(v) for i in ids for v in shown.versions(i)]
        found += [repr(c) for i in ids for c in shown.credits(i)]
        found += [repr(m) for m in shown.matches_of(ids)]
    results = [search.search(home, parse(text)) for text in ("lantern", UNIQUE, "volunteers ropeworks", "loft")]
    found += [repr(hit) for r in results for hit in r.hits]
    found += [repr(family) for family in reposts.families(home)]
    shown_searches = [one for one in saved.standing(home) if not one.is_withheld]
    found += [repr(one) for one in (*shown_searches, *fresh.news(home))]
    return "\n".join(found)


def test_a_hidden_article_is_seen_nowhere_and_is_there_again_when_lifted(home: Home) -> None:
    before = seen(home)
    number = hidden(home, PAGE)
    assert articles(home.root)[PAGE].id not in seen(home)
    takedown.lift(home, number, by="test", now=datetime.now(UTC))
    assert seen(home) == before


def test_a_hidden_name_is_blocked_wherever_it_stands_and_finds_nothing(home: Home) -> None:
    assert UNIQUE in seen(home)
    hidden(home, f"Marta {UNIQUE}", scope=Scope.NAME)
    assert UNIQUE not in seen(home).replace(f"text='{UNIQUE}'", "").replace(f"Query(text='{UNIQUE}'", "")
    assert search.search(home, parse(UNIQUE)).total == 0
    assert search.search(home, parse("lantern")).total > 0


@pytest.mark.parametrize("form", ("page", "title", "note"))
def test_a_pdf_with_a_hidden_name_anywhere_is_withheld_and_another_is_not(home: Home, form: str) -> None:
    name = f"Marta {UNIQUE}"
    hidden(home, name, scope=Scope.NAME)
    known = access.recogniser(home, datetime.now(UTC))
    assert known
    with_it = {
        "page": pdf(f"It was {name} who held the lantern."),
        "title": pdf(STORY, title=f"For {name}"),
        "note": pdf(STORY) + f"\n% set by {name}\n".encode(),
    }[form]

    with pytest.raises(ValueError, match="PDF"):
        redaction.redact(with_it, "application/pdf", STATEMENT, known)
    assert redaction.redact(pdf(STORY), "application/pdf", STATEMENT, known) is None


def test_a_hidden_name_is_blocked_in_an_address_too(tmp_path: Path) -> None:
    url = f"http://a.example/2026/marta-{UNIQUE.lower()}-speaks"
    crawl(tmp_path, FakeWeb({"http://a.example/feed": feed(url), url: page(STORY)}), SOURCES[0])
    home = Home(tmp_path)
    hidden(home, f"Marta {UNIQUE}", scope=Scope.NAME)
    with access.opened(home) as shown:
        [article] = shown.find_articles(url)
    assert UNIQUE.lower() not in article.url
    assert article.url.startswith("http://a.example/2026/") and article.url.endswith("-speaks")


def test_a_hidden_passage_is_blocked_in_the_article_and_in_its_copies(home: Home) -> None:
    hidden(home, "she read their names aloud so that nobody would be forgotten when the vans came", scope=Scope.PASSAGE)
    said = seen(home)
    assert "nobody would be forgotten" not in said
    assert "two blankets" in said


def test_a_hidden_version_leaves_the_others(tmp_path: Path) -> None:
    web = FakeWeb({"http://a.example/feed": feed(PAGE), PAGE: page(STORY)})
    crawl(tmp_path, web, SOURCES[0])
    web.pages |= {
        "http://a.example/feed": feed(PAGE, updated="2026-11-22T10:00:00Z"),
        PAGE: page(f"{STORY}\n\n{SECRET}"),
    }
    web.now += timedelta(hours=7)
    crawl(tmp_path, web, SOURCES[0])
    home = Home(tmp_path)
    article = articles(tmp_path)[PAGE]
    assert UNIQUE in article.text
    hidden(home, f"{article.id}@2", scope=Scope.VERSION)
    with access.opened(home) as shown:
        left = shown.article(article.id)
        assert left is not None and UNIQUE not in left.text
        assert [v.number for v in shown.versions(article.id)] == [1]
    assert search.search(home, parse(UNIQUE)).total == 0


def test_a_hide_ends_on_its_day(home: Home) -> None:
    hidden(home, PAGE, until=datetime.now(UTC) + timedelta(days=3))
    with access.Shown(home, now=datetime.now(UTC) + timedelta(days=2)) as shown:
        assert not shown.find_articles(PAGE)
    with access.Shown(home, now=datetime.now(UTC) + timedelta(days=4)) as shown:
        assert shown.find_articles(PAGE)


def test_a_hide_survives_a_rebuild_and_a_crawl(home: Home) -> None:
    hidden(home, PAGE)
    pipeline.rebuild(home, following(*SOURCES))
    crawl(home.root, FakeWeb(world()), *SOURCES)
    assert articles(home.root)[PAGE].id not in seen(home)


def test_without_the_key_nothing_is_shown(home: Home) -> None:
    hidden(home, PAGE)
    (home.archive / "takedown.key").unlink()
    with pytest.raises(StoreError, match=r"takedown\.key"):
        search.search(home, parse("lantern"))


def test_what_is_to_be_withdrawn_must_be_there(home: Home) -> None:
    with pytest.raises(UnknownIdError):
        takedown.target(home, ["http://nowhere.example/"], Scope.ARTICLE, erase=False)


@pytest.mark.parametrize("access_of_source", [Access.STAFF, Access.DARK])
def test_a_closed_source_is_shown_to_staff_or_to_nobody(home: Home, access_of_source: Access) -> None:
    sources = f"sources:\n  - {{id: a, url: 'http://a.example/', access: {access_of_source}, until: 2030-01-01}}\n"
    home.sources_yaml.write_text(sources + "  - {id: b, url: 'http://b.example/'}\n")
    with access.opened(home) as shown:
        assert bool(shown.find_articles(PAGE)) == (access_of_source is Access.STAFF)
    with access.opened(home, leaving=True) as leaving:
        assert not leaving.find_articles(PAGE)
        assert leaving.find_articles(COPY)
    with access.Shown(home, now=datetime(2031, 1, 1, tzinfo=UTC), leaving=True) as later:
        assert later.find_articles(PAGE)


# --- erasing --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ENGINES)
def test_an_erased_article_is_nowhere_and_every_other_record_is_where_it_was(
    home: Home, tmp_path: Path, engine: str
) -> None:
    known = following(*SOURCES)
    known = replace(known, settings=replace(known.settings, index=engine))
    pipeline.rebuild(home, known, only="index")
    before, files = members(home), linked(home.fulltext, tmp_path / "linked")
    assert traces(home.root, UNIQUE)
    assert any(UNIQUE.lower() in term for term in terms_of(home.fulltext))
    reached = erased(home, PAGE, known=known)
    assert index.engine_of(home.fulltext) == engine
    assert traces(home.root, UNIQUE) == []
    assert [term for term in terms_of(home.fulltext) if UNIQUE.lower() in term] == []
    assert not any(any(path.read_bytes()) for path in files)
    places = {(hit.file, hit.offset) for hit in reached.hits}
    after = members(home)
    assert {k: v for k, v in before.items() if k not in places} == {
        k: v for k, v in after.items() if k in before and k not in places
    }
    assert len(places) >= 6


def test_of_an_erased_article_no_fingerprint_alignment_or_family_is_left(home: Home) -> None:
    gone = articles(home.root)[PAGE]
    others = "\n".join(a.text for a in articles(home.root).values() if a.id != gone.id)
    own = set(words.words(gone.text).grams.tolist()) - set(words.words(others).grams.tolist())
    before = Reuse(home.reuse).counts(np.array(sorted(own), np.uint64))
    assert before.all()
    assert tables_naming(home, gone.id) >= {"alignments", "matches", "clusters"}
    erased(home, PAGE)
    assert not Reuse(home.reuse).counts(np.array(sorted(own), np.uint64)).any()
    kept = b"".join(path.read_bytes() for path in home.index.rglob("*") if path.is_file())
    assert [gram for gram in own if gram.to_bytes(8, "little") in kept or str(gram).encode() in kept] == []
    assert dedupe.article_number(gone.id).to_bytes(8, "little") not in kept
    assert tables_naming(home, gone.id) == set()


def tables_naming(home: Home, article_id: str) -> set[str]:
    """The tables of the catalogue in which an article is named."""
    with closing(sqlite3.connect(home.catalogue_file)) as database:
        names = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name for name in names if article_id in str(database.execute(f"SELECT * FROM {name}").fetchall())}


@pytest.mark.parametrize(("ref", "scope"), [(PAGE, Scope.ARTICLE), (f"Marta {UNIQUE}", Scope.NAME)])
def test_saved_searches_for_what_is_erased_go_with_it_and_others_stay(home: Home, ref: str, scope: Scope) -> None:
    assert traces(home.archive / "searches", UNIQUE)
    reached = erased(home, ref, scope=scope)
    assert len(reached.wordings) == len(SEARCHES) - 1
    assert [one.name for one in saved.standing(home)] == ["loft", "quill-again"]
    assert traces(home.archive, UNIQUE) == []
    pipeline.rebuild(home, following(*SOURCES))
    assert [(one.search.name, one.total > 0) for one in fresh.found(home, saved.standing(home))] == [
        ("loft", True),
        ("quill-again", True),
    ]


NEWS, BELOW = "http://a.example/news/", "http://a.example/news/b"
PUMP = (
    "The pump in the market square has been dry since the second week of June, and whoever wants water walks to the "
    "laundry behind the tannery, where the tap is turned off at nine in the evening.\n\n"
    "The council says that a valve is on its way from the capital; the women who queue there say that they have heard "
    "the same about the lamp, the bench and the bus."
)


def moved(root: Path) -> Home:
    """An article was removed by its site, and its address leads to another one, below which a third lies."""
    web = FakeWeb(
        {
            "http://a.example/feed": feed(PAGE, BELOW),
            PAGE: page(SECRET, title="The lantern list"),
            BELOW: page(f"{PUMP}\n\nRead also <this>.", title="The dry pump").replace(
                "&lt;this&gt;", f"<a href='{PAGE}'>Marta</a>"
            ),
        }
    )
    crawl(root, web, source("a", recheck=True), clock=ClockOf(web))
    web.pages |= {PAGE: redirect(NEWS), NEWS: page(OTHER, title="The net loft")}
    web.now += timedelta(days=40)
    crawl(root, web, source("a", recheck=True), clock=ClockOf(web))
    assert articles(root).keys() == {PAGE, NEWS, BELOW}
    return Home(root)


@pytest.mark.parametrize("by_address", [False, True])
def test_an_erase_leaves_what_the_address_of_the_article_led_to_later(tmp_path: Path, by_address: bool) -> None:
    home = moved(tmp_path)
    before = articles(home.root)
    what = takedown.target(home, [PAGE if by_address else before[PAGE].id], Scope.ARTICLE, erase=True)
    assert [article.url for article in what.articles] == [PAGE]
    erased(home, PAGE if by_address else before[PAGE].id)

    after = articles(home.root)
    assert after.keys() == {NEWS, BELOW}
    assert [after[url].text[:80] for url in after] == [before[url].text[:80] for url in after]
    assert traces(home.archive, UNIQUE, PAGE) == []
    with Copies(home) as copies:
        assert copies.at(NEWS)
        assert copies.at(BELOW)
        with pytest.raises(WithdrawnError):
            copies.at(PAGE)


def test_an_address_below_which_others_lie_is_withdrawn_alone(tmp_path: Path) -> None:
    home = moved(tmp_path)
    erased(home, articles(home.root)[NEWS].id)

    assert articles(home.root).keys() == {PAGE, BELOW}
    known = access.recogniser(home, datetime.now(UTC))
    assert known
    assert known.knows_address(NEWS)
    assert not known.knows_address(BELOW)


@pytest.mark.parametrize("by_address", [False, True])
def test_a_hide_leaves_what_the_address_led_to_later_and_no_link_to_it(tmp_path: Path, by_address: bool) -> None:
    home = moved(tmp_path)
    hidden(home, PAGE if by_address else articles(tmp_path)[PAGE].id)
    [each] = takedown.to_surround(home, datetime.now(UTC))
    takedown.surround(home, each, now=datetime.now(UTC))

    with access.opened(home) as shown:
        assert {article.url for article in shown.articles(shown.article_ids()).values()} == {NEWS, BELOW}
    with Copies(home) as copies:
        assert copies.at(NEWS)
        capture = copies.at(BELOW)[0]
        body = copies.held(capture)[1].decode()
    assert PAGE not in body
    assert "Marta" not in body
    assert "dry since the second week" in body


def test_what_would_be_gone_besides_is_told_before(
    typed: Callable[..., Said], home: Home, tmp_path_factory: pytest.TempPathFactory
) -> None:
    said = typed("takedown", PAGE, "--reason", "error", "--erase", "--dry-run", "--json").json
    told = {article["url"] for article in said["lost"]}
    before = articles(home.root)
    erased(home, PAGE)

    gone = before.keys() - articles(home.root).keys() - {PAGE}
    assert {STATEMENT, OLD} <= told <= gone
    assert gone - told == {f"{POSTS}#the-lantern-list"}  # its text was cut out of a page of which the rest stays
    assert gone <= {article["url"] for article in said["copies"]}
    other = moved(tmp_path_factory.mktemp("moved"))
    what = takedown.target(other, [PAGE], Scope.ARTICLE, erase=True)
    assert takedown.lost(other, takedown.reach(other, takedown.recogniser_of(other, what)), what.articles) == []


REPOST, FRONT = "http://b.example/later", "http://c.example/today"


def surrounded(home: Home) -> None:
    """Hide an article, and let others come, later, that have its text or tell of it."""
    web = FakeWeb({"http://a.example/feed": feed(PAGE), PAGE: page(SECRET, title="The lantern list")})
    crawl(home.root, web, source("a"))
    hidden(home, PAGE)
    found_around(home)
    web.pages |= {
        "http://b.example/feed": feed(REPOST),
        REPOST: page(SECRET, title="A lantern"),
        "http://c.example/feed": feed(FRONT),
        FRONT: page(f"{OTHER}\n\n{SECRET[:300]}", title="Today"),
    }
    crawl(home.root, web, source("b"), source("c"))


def found_around(home: Home) -> int:
    """Find what stands of hidden articles on other pages, where that is to be done; return for how many it was."""
    now = datetime.now(UTC)
    due = takedown.to_surround(home, now)
    for each in due:
        takedown.surround(home, each, now=now)
    return len(due)


def copied(home: Home, url: str) -> str:
    """The copy of a page as it may be seen."""
    with Copies(home) as copies:
        return copies.held(copies.at(url)[0])[1].decode()


def test_who_posts_a_hidden_text_later_keeps_it_in_copies_and_exports(tmp_path: Path) -> None:
    home = Home(tmp_path)
    surrounded(home)

    assert SECRET[-60:] in copied(home, REPOST)
    with access.opened(home, leaving=True) as shown, archive.Copier(home.archive) as copier:
        [capture] = shown.captures_of(articles(tmp_path)[REPOST].id)
        assert shown.may_leave(capture, copier.copy(capture))


def test_what_a_later_article_shares_with_a_hidden_one_is_looked_for_again_once(tmp_path: Path) -> None:
    home = Home(tmp_path)
    surrounded(home)
    before = access.takedowns(home)[0].around

    assert [found_around(home), found_around(home)] == [1, 0]
    after = access.takedowns(home)[0].around
    assert before
    assert after
    assert len(after.grams) < len(before.grams) / 4
    assert SECRET[:60] in copied(home, FRONT)


def test_a_second_hide_that_is_lifted_gives_the_first_nothing_of_the_text_they_share(tmp_path: Path) -> None:
    home = Home(tmp_path)
    surrounded(home)
    second, third = (hidden(home, url) for url in (REPOST, FRONT))
    assert found_around(home) == 2
    assert found_around(home) == 0
    takedown.lift(home, second, by="test", now=datetime.now(UTC))

    assert SECRET[-60:] in copied(home, REPOST)
    assert found_around(home) == 2
    assert found_around(home) == 0
    assert access.takedowns(home)[2].number == third


def test_to_open_a_home_with_many_hides_takes_no_longer_each_time(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    hidden(home, PAGE)
    found_around(home)
    read: list[tuple[str, ...]] = []
    events = Decisions.events

    def counted(decisions: Decisions, *kinds: str) -> list[Event]:
        read.append(kinds)
        return events(decisions, *kinds)

    monkeypatch.setattr(Decisions, "events", counted)
    for _ in range(3):
        with access.opened(home) as shown:
            assert shown.article_ids()
    assert sum("surrounded" in kinds for kinds in read) <= 1
    takedown.lift(home, access.takedowns(home)[0].number, by="test", now=datetime.now(UTC))

    assert access.takedowns(home)[0].lifted


def test_the_text_came_by_every_way(home: Home) -> None:
    reached = erased(home, PAGE)
    urls = {capture.url for hit in reached.hits if hit.left for capture in [hit.left[0]]}
    assert {"http://a.example/", "http://a.example/feed", COPY, "http://b.example/api", TALKED, POSTS} <= urls
    assert any(archive.is_import(hit.file) for hit in reached.hits)


def test_the_other_texts_of_a_record_stay(home: Home) -> None:
    before = articles(home.root)
    erased(home, PAGE)
    after = articles(home.root)
    assert PAGE not in after
    assert OLD not in after, after[OLD]
    assert STORY[:60] in after[COPY].text
    for url in ("http://a.example/other", "http://old.example/2"):
        assert after[url].text == before[url].text


def test_an_erased_article_does_not_come_back_by_crawl_rebuild_or_import(home: Home, tmp_path: Path) -> None:
    erased(home, PAGE)
    crawl(home.root, FakeWeb(world()), *SOURCES)
    visit(home.root, "http://a.example/")
    again = tmp_path / "again.warc.gz"
    again.write_bytes(
        gzip.compress(foreignfiles.record(foreignfiles.http(page(SECRET)), url="http://elsewhere.example/z"))
        + gzip.compress(foreignfiles.record(foreignfiles.http(page(STORY)), url="http://elsewhere.example/y"))
    )
    with pipeline.opened(home, following(*SOURCES)) as line:
        found, _ = line.bring_in(again)
    pipeline.rebuild(home, following(*SOURCES))
    assert found.left_out == 1
    assert traces(home.root, UNIQUE) == []
    assert PAGE not in articles(home.root)
    assert "http://elsewhere.example/y" in articles(home.root)


def test_a_name_is_erased_from_the_copies_of_sources_yaml_too(tmp_path: Path) -> None:
    named = following(replace(SOURCES[0], name=f"The blog of Marta {UNIQUE}"))
    named = replace(named, written=f"sources: [{{name: The blog of Marta {UNIQUE}}}]".encode())
    home = Home(tmp_path / "home")
    home.root.mkdir()
    with pipeline.opened(home, named) as line:
        line.crawl(named.sources, FakeWeb({"http://a.example/feed": feed(PAGE), PAGE: page(STORY)}))
    assert traces(home.archive, UNIQUE)
    erased(home, f"Marta {UNIQUE}", scope=Scope.NAME)
    assert traces(home.archive, UNIQUE) == []
    assert articles(home.root)[PAGE].text


def test_what_a_kill_left_half_written_is_not_left_for_ever(home: Home) -> None:
    day = min(home.archive.glob("[0-9]*/*/*"))
    (day / ".articles-older.jsonl.gz.aside").write_bytes(gzip.compress(SECRET.encode())[:-9])
    erased(home, PAGE)
    assert traces(home.root, UNIQUE) == []
    assert list(home.archive.rglob("*.aside")) == []


def test_articles_that_cannot_be_read_to_their_end_do_not_keep_it(home: Home) -> None:
    older = min(home.archive.glob("[0-9]*/*/*")) / "articles-older.jsonl.gz"
    older.write_bytes(gzip.compress(b'{"text": "kept"}\n{not JSON\n' + json.dumps({"text": SECRET}).encode() + b"\n"))
    erased(home, f"Marta {UNIQUE}", scope=Scope.NAME)
    assert gzip.decompress(older.read_bytes()) == b'{"text": "kept"}\n'
    assert traces(home.root, UNIQUE) == []


@pytest.mark.parametrize("unit", ["<item>", '<a "', "<a '\"", "<url><item ", "<!--<p x='", ' href="'])
def test_a_body_made_to_be_slow_is_looked_through_in_no_more_than_its_length_asks_for(unit: str) -> None:
    known = access.Recogniser(b"k" * 32, access.Marker(b"k" * 32).passage(f"Marta {UNIQUE}"))
    body = (unit * (1 << 19))[: 1 << 19]
    began = time.process_time()
    left = redaction.redact(f"{body}>Marta {UNIQUE}</p>".encode(), "text/html", PAGE, known)
    assert left and UNIQUE.encode() not in left.body
    assert time.process_time() - began < 8  # in the square of its length it takes minutes


def test_no_word_and_no_plain_digest_of_what_was_erased_is_in_the_events(home: Home) -> None:
    article = articles(home.root)[PAGE]
    erased(home, PAGE)
    said = (home.archive / "events.jsonl").read_text()
    for told in (UNIQUE, "lantern", PAGE, article.id, article.version, "quill"):
        assert told not in said.partition('"takedown"')[2]


def test_the_chain_of_events_holds_after_an_erase(home: Home) -> None:
    erased(home, PAGE)
    assert Decisions(home.archive).faults() == []


def test_an_erase_is_the_same_after_a_rebuild(home: Home) -> None:
    erased(home, PAGE)
    before = seen(home)
    pipeline.rebuild(home, following(*SOURCES))
    assert seen(home) == before


def test_an_erased_name_is_cut_out_and_the_article_stays(home: Home) -> None:
    erased(home, f"Marta {UNIQUE}", scope=Scope.NAME)
    assert traces(home.root, UNIQUE) == []
    assert "two blankets" in articles(home.root)[PAGE].text


def test_the_free_pages_of_the_catalogue_hold_nothing_of_it(home: Home) -> None:
    erased(home, PAGE)
    with sqlite3.connect(home.catalogue_file) as catalogue:
        assert catalogue.execute("PRAGMA freelist_count").fetchone()[0] == 0
    assert traces(home.index, UNIQUE, "ropeworks") == []


FORMS: dict[str, Callable[[list[bytes]], bytes]] = {
    "plain": b"".join,
    "one member": lambda records: gzip.compress(b"".join(records)),
    "arc": lambda records: foreignfiles.ARC_HEAD + b"".join(records),
    "wacz": lambda records: foreignfiles.in_zip(("archive/data.warc.gz", foreignfiles.zipped(records))),
    "deflated wacz": lambda records: foreignfiles.in_zip(("archive/data.warc", b"".join(records)), method=ZIP_DEFLATED),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("in_place", [False, True], ids=["copied", "linked"])
def test_an_import_in_any_form_is_erased_and_the_rest_of_it_kept(tmp_path: Path, form: str, in_place: bool) -> None:
    home = Home(tmp_path / "home")
    file = tmp_path / "rescued.bin"
    write = foreignfiles.arc if form == "arc" else foreignfiles.record
    file.write_bytes(
        FORMS[form](
            [
                write(foreignfiles.http(page(SECRET)), url=OLD),
                write(foreignfiles.http(page(STORY)), url="http://old.example/2"),
            ]
        )
    )
    original = file.read_bytes()
    with pipeline.opened(home, following(*SOURCES)) as line:
        line.bring_in(file, in_place=in_place)
    before = articles(home.root)
    erased(home, OLD)
    assert traces(home.root, UNIQUE) == []
    assert file.read_bytes() == original  # it is not ours
    after = articles(home.root)
    assert OLD not in after
    assert after["http://old.example/2"].text == before["http://old.example/2"].text
    with pipeline.opened(home, following(*SOURCES)) as line:
        assert line.bring_in(file, in_place=in_place)[0].known
    assert traces(home.root, UNIQUE) == []


def test_an_erase_that_was_cut_short_anywhere_is_finished_by_the_next(home: Home, tmp_path: Path) -> None:
    what = takedown.target(home, [PAGE], Scope.ARTICLE, erase=True)
    event = takedown.decide(
        home, what, scope=Scope.ARTICLE, reason="other", by="x", erase=True, until=None, now=datetime.now(UTC)
    )
    trial = tmp_path / "trial"
    shutil.copytree(home.root, trial, symlinks=True)
    counter = doors.Counter()
    with doors.door(counter):
        takedown.carry_out(Home(trial), following(*SOURCES), event.number)
    for point in doors.spread(counter.passed, 12):
        shutil.rmtree(trial)
        shutil.copytree(home.root, trial, symlinks=True)
        assert doors.in_a_child(lambda at=point: killed_at(trial, event.number, at)) == doors.KILLED  # type: ignore[misc]
        for left in takedown.erases(Home(trial)):
            takedown.carry_out(Home(trial), following(*SOURCES), left.number)
        assert traces(trial, UNIQUE) == [], point


def killed_at(root: Path, number: int, point: doors.Point) -> None:
    with doors.door(doors.Killer(point)):
        takedown.carry_out(Home(root), following(*SOURCES), number)


def test_to_erase_twice_changes_nothing_more(home: Home) -> None:
    erased(home, PAGE)
    files = {p: p.read_bytes() for p in home.archive.rglob("*.warc.gz") if p.is_file()}
    number = next(e.number for e in access.takedowns(home))
    takedown.carry_out(home, following(*SOURCES), number)
    assert {p: p.read_bytes() for p in files} == files


# --- the command ----------------------------------------------------------------------------------------------------


@pytest.fixture
def typed(home: Home, aggregator: Aggregator) -> Callable[..., Said]:
    home.sources_yaml.write_text(
        "settings: {min_free: 1MB}\n"
        "sources:\n  - {id: a, url: 'http://a.example/'}\n  - {id: b, url: 'http://b.example/'}\n"
    )
    return lambda *words: aggregator("--home", str(home.root), *words)


def test_the_command_hides_lists_and_lifts(typed: Callable[..., Said], home: Home) -> None:
    said = typed("takedown", PAGE, "--reason", "person-at-risk", "--by", "me", "--until", "2099-01-01", "--json").json
    assert said["done"] and [a["url"] for a in said["articles"]] == [PAGE]
    assert {a["url"] for a in said["copies"]} >= {COPY, OLD}
    assert typed("show", PAGE).code == 1
    [listed] = typed("takedown", "list", "--json").json
    assert (listed["by"], listed["reason"], listed["in_force"]) == ("me", "person-at-risk", True)
    assert typed("takedown", "lift", str(listed["takedown"])).code == 0
    assert typed("show", PAGE).code == 0
    assert typed("takedown", "lift", str(listed["takedown"])).code == 1


def test_a_dry_run_shows_the_reach_and_does_nothing(typed: Callable[..., Said], home: Home) -> None:
    said = typed("takedown", PAGE, "--reason", "other", "--erase", "--dry-run", "--json").json
    assert said["takedown"] is None and not said["done"]
    assert said["reach"]["records"]["response"] >= 5
    assert typed("takedown", "list", "--json").json == []
    assert typed("show", PAGE).code == 0


def test_an_erase_says_what_it_did_and_asks_before_it(typed: Callable[..., Said], home: Home) -> None:
    assert typed("takedown", PAGE, "--reason", "other", "--erase").code == 2
    assert traces(home.root, UNIQUE)
    said = typed("takedown", PAGE, "--reason", "other", "--erase", "--yes", "--json").json
    assert said["done"] and said["reach"]["records"]["response"] >= 5
    assert traces(home.archive, UNIQUE) == traces(home.index, UNIQUE) == []


def test_what_comes_back_from_an_older_copy_stays_hidden_and_is_erased_again(
    typed: Callable[..., Said], home: Home, tmp_path: Path
) -> None:
    shutil.copytree(home.archive, tmp_path / "copy")
    typed("takedown", PAGE, "--reason", "other", "--erase", "--yes")
    after = {path: path.read_bytes() for path in home.archive.rglob("*.gz") if path.is_file()}
    for old in filter(Path.is_file, (tmp_path / "copy").rglob("*.gz")):
        here = home.archive / old.relative_to(tmp_path / "copy")
        here.parent.mkdir(exist_ok=True)
        shutil.copyfile(old, here)
    assert traces(home.archive, UNIQUE)
    assert typed("rebuild").code == 0
    assert UNIQUE not in seen(home)
    assert typed("verify").code == 3

    [again] = typed("takedown", "finish", "--again", "--json").json["finished"]
    assert again == typed("takedown", "list", "--json").json[0]["takedown"]
    assert traces(home.root, UNIQUE) == []
    assert {path: path.read_bytes() for path in after} == after
    assert typed("verify").code == 0


def test_an_erase_is_finished_although_one_of_its_files_was_taken_away(typed: Callable[..., Said], home: Home) -> None:
    assert typed("takedown", PAGE, "--reason", "other", "--erase", "--yes", "--json").json["done"]
    min(home.archive.glob("[0-9]*/*/*/captures-*.gz")).unlink()
    assert typed("takedown", "finish", "--again").code == 0
    assert typed("crawl", "--dry-run").code == 0
    assert traces(home.root, UNIQUE) == []


def test_all_copies_can_follow_one_decision(typed: Callable[..., Said], home: Home) -> None:
    said = typed("takedown", PAGE, "--reason", "other", "--copies", "--json").json
    assert {a["url"] for a in said["articles"]} >= {PAGE, COPY, OLD}
    assert typed("show", COPY).code == 1


def test_an_erase_beside_a_writer_hides_at_once_and_waits_for_it(typed: Callable[..., Said], home: Home) -> None:
    with home.writing():
        busy = typed("takedown", PAGE, "--reason", "other", "--erase", "--yes")
        waiting = typed("status", "--json").json
        assert (waiting["withdrawn"], waiting["to_erase"]) == (1, 1)
        assert "takedown finish" in typed("status").err
    assert busy.code == 5 and "hidden" in busy.err
    assert typed("show", PAGE).code == 1
    assert traces(home.archive, UNIQUE)
    assert typed("rebuild").code == 0
    assert traces(home.archive, UNIQUE) == traces(home.index, UNIQUE) == []
    assert typed("takedown", "finish", "--json").json == {"finished": []}


def test_what_was_handed_on_is_named(typed: Callable[..., Said], home: Home, tmp_path: Path) -> None:
    assert typed("export", "jsonl", "-o", str(tmp_path / "x.jsonl"), "--to", "City archive").code == 0
    said = typed("takedown", PAGE, "--reason", "other", "--json").json
    assert [(e["to"], e["kind"]) for e in said["exports"]] == [("City archive", "jsonl")]


def test_the_words_of_the_command_are_those_of_the_program() -> None:
    assert set(withdrawing.SCOPES) == set(Scope)
    assert withdrawing.REASONS == takedown.REASONS


@pytest.mark.parametrize(
    "wrong",
    [
        ("takedown", PAGE),
        ("takedown", PAGE, "--reason", "other", "--erase", "--until", "2099-01-01"),
        ("takedown", PAGE, "--reason", "other", "--until", "2001-01-01"),
        ("takedown", "nosuchid", "--reason", "other"),
        ("takedown", "...", "--scope", "name", "--reason", "other"),
        ("takedown", "lift", "99"),
    ],
)
def test_a_takedown_that_makes_no_sense_is_refused(typed: Callable[..., Said], wrong: tuple[str, ...]) -> None:
    said = typed(*wrong)
    assert said.code == (1 if "nosuchid" in wrong or "lift" in wrong else 2)
    assert typed("takedown", "list", "--json").json == []
