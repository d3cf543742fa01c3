"""What a search found, taken along: citations as other programs read them, and manifests as anybody may write them."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import rispy
import sqlalchemy as sql
from citeproc import Citation, CitationItem, CitationStylesBibliography, CitationStylesStyle, formatter
from citeproc.source.json import CiteProcJSON
from hypothesis import example, given
from hypothesis import strategies as st
from pybtex.database import Entry, parse_string
from pybtex.richtext import Text

from aggregator import access, cells, citations, takedown
from aggregator.citations import Cited, bibtex, lines, manifest
from aggregator.citations.atom import ATOM, NAMESPACE
from aggregator.citations.cited import MAX_ABSTRACT_CHARS, one_line
from aggregator.cli.citing import FORMS
from aggregator.home import Home
from aggregator.model import Article
from aggregator.search import citing
from aggregator.takedown import Scope
from tests.fakecli import Aggregator
from tests.fakeweb import NOON, OTHER, STORY, FakeWeb, articles, crawl, feed, following, page, source
from tests.fewarticles import NIGHT
from tests.stockedhome import article, stocked

AWKWARD = (
    "{unbalanced",
    "un}balanced",
    "}{",
    "a\\b \\textbf{x} \\",
    "100% of 5 & 6 # 7 $x$ ~ ^ _",
    "\"quotes\" 'single' ``TeX'' «guillemets»",
    "<i>markup</i> & &amp; ]]> <!-- -->",
    "dash - -- --- ,, << >> ?` !`",
    "line\nbreak\r\nand\ttab\u2028and\u2029more\x85still",
    "con\x00trol\x07 char\x1bacters\x7f\x9b",
    "emoji 👩‍👩‍👧 and 🏴‍☠️",
    "العربية من اليمين إلى اليسار",
    "e\u0301 combining, \u00e9 not; a\u0308",
    "no\u00a0break « fin »",
    "=cmd|' /C calc'!A0",
    "+1",
    "-1",
    "@SUM(A1)",
    "TY  - JOUR",
    "first line\nER  - \nTY  - JOUR\nAU  - Somebody",
    "@online{other, title = {x}}",
    "Surname, Name and Other, Another",
    "and",
    "half \ud83d of a pair",
    "not\ufffe a character\uffff",
)
AUTHORS = ("Surname, Name", "Collectif des sans-papiers, Lille and friends", "Jane de la Example", "Team {Rot}, 5%")
ARTICLE = Article(
    id="3hpkry7fd3sv",
    source_id="northport",
    url="http://a.example/2026/11/a_b%20c?x=1&y=~#z",
    title="The net loft",
    authors=AUTHORS,
    claimed_at=datetime(2026, 11, 16, 16, 45, tzinfo=UTC),
    captured_at=datetime(2026, 11, 20, 4, 23, 55, tzinfo=UTC),
    language="fr",
    text=STORY,
    version="2zegzh63bsggxtm3",
    number=2,
    claimed_by="announced",
)
CITED = Cited(
    article=ARTICLE,
    source_name="Indymedia Northport & Friends",
    archived="archive/imports/0007-rescued one.warc.gz/a#b.warc.gz#48599",
    captured_at=datetime(2026, 11, 23, 4, 23, 55, tzinfo=UTC),
    family="3hpkry7fd3sv",
    copies=2,
    original="ywlv7kpieeq4",
)
UNDATED = replace(CITED, article=replace(ARTICLE, id="b", claimed_at=None, title=None, authors=(), language=None))
ANY_TEXT = st.text() | st.text("{}\\%&#$~_^\"'<>`-,?!@= \n\r\t\u00a0é\u0301😀abTYER")


def titled(text: str) -> Cited:
    """A citation that has a text in every place where strangers' words stand."""
    return replace(
        CITED, source_name=text, article=replace(ARTICLE, title=text, authors=(text, "Jane Example"), text=text)
    )


def written(form: str, *cited: Cited) -> str:
    return b"".join(citations.written(form, cited, about="Found with <all>", now=NOON)).decode()


# --- as each format is read -----------------------------------------------------------------------------------------


def squeezed(text: str) -> str:
    """A text as readers of RIS and BibTeX have it, which take blanks away at the ends."""
    return " ".join(text.split())


def ris(*cited: Cited) -> list[dict[str, Any]]:
    return list(rispy.loads(written("ris", *cited)))


def bib(*cited: Cited) -> dict[str, Entry]:
    return dict(parse_string(written("bibtex", *cited), "bibtex").entries)


def untexed(field: str) -> str:
    """What TeX prints for a field, as latexcodec knows it, and for signs that it does not know, as we write them."""
    unknown = {r"{\textbraceleft}": "{", r"{\textbraceright}": "}", r"{\textasciicircum}": "^", r"\$": "$"}
    stand_ins = {written_so: chr(0xF8F0 + n) for n, written_so in enumerate(unknown)}
    for written_so, stand_in in stand_ins.items():
        field = field.replace(written_so, stand_in)
    printed = str(Text.from_latex(field))
    for written_so, sign in unknown.items():
        printed = printed.replace(stand_ins[written_so], sign)
    return printed


def feed_of(*cited: Cited) -> ElementTree.Element:
    return ElementTree.fromstring(written("atom", *cited))


def in_atom(entry: ElementTree.Element, name: str) -> str | None:
    return entry.findtext(f"{{{ATOM}}}{name}")


def of_ours(entry: ElementTree.Element, name: str) -> str | None:
    return entry.findtext(f"{{{NAMESPACE}}}{name}")


def rows(*cited: Cited) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(written("csv", *cited), newline="")))


# --- every field ----------------------------------------------------------------------------------------------------


def test_ris_has_every_field() -> None:
    (said,) = ris(CITED)

    assert (said["type_of_reference"], said["id"], said["accession_number"]) == ("ELEC", ARTICLE.id, ARTICLE.id)
    assert (said["title"], said["authors"]) == (ARTICLE.title, list(AUTHORS))
    assert (said["year"], said["date"], said["access_date"]) == ("2026", "2026/11/16", "2026/11/23")
    assert (said["urls"], said["language"]) == ([ARTICLE.url], "fr")
    assert (said["secondary_title"], said["edition"]) == (CITED.source_name, CITED.version)
    assert said["unknown_tag"]["AV"] == [CITED.archived]
    assert said["abstract"] == one_line(STORY)[: len(said["abstract"]) - 2] + " …"
    (note,) = said["notes"]
    assert CITED.version in note
    assert "2026-11-23T04:23:55Z" in note


def test_bibtex_has_every_field() -> None:
    ((key, said),) = bib(CITED).items()

    assert (key, said.type) == (ARTICLE.id, "online")
    assert untexed(said.fields["title"]) == ARTICLE.title
    assert [untexed(str(person)) for person in said.persons["author"]] == list(AUTHORS)
    assert (said.fields["date"], said.fields["year"], said.fields["urldate"]) == ("2026-11-16", "2026", "2026-11-23")
    assert (said.fields["url"], said.fields["language"]) == (ARTICLE.url, "fr")
    assert (untexed(said.fields["organization"]), said.fields["version"]) == (CITED.source_name, CITED.version)
    assert said.fields["archived"] == "archive/imports/0007-rescued%20one.warc.gz/a#b.warc.gz#48599"
    assert said.fields["captured"] == "2026-11-23T04:23:55Z"
    assert CITED.archived is not None
    assert CITED.archived in untexed(said.fields["note"])


def test_csl_has_every_field_and_citeproc_prints_it() -> None:
    (said,) = json.loads(written("csl", CITED))

    assert said["author"] == [{"literal": author} for author in AUTHORS]
    assert said["issued"] == {"date-parts": [[2026, 11, 16]]}
    assert said["accessed"] == {"date-parts": [[2026, 11, 23]]}
    assert (said["URL"], said["language"], said["container-title"]) == (ARTICLE.url, "fr", CITED.source_name)
    assert (said["id"], said["version"], said["archive_location"]) == (ARTICLE.id, CITED.version, CITED.archived)
    printed = in_a_bibliography(said)
    assert "The net loft" in printed
    assert "Surname, Name" in printed
    assert "2026" in printed


def in_a_bibliography(said: dict[str, Any]) -> str:
    """An item as citeproc-py prints it."""
    style = CitationStylesStyle("harvard-cite-them-right", validate=False)
    bibliography = CitationStylesBibliography(style, CiteProcJSON([said]), formatter.plain)
    bibliography.register(Citation([CitationItem(said["id"])]))
    return "".join(map(str, bibliography.bibliography()[0]))


def test_csv_has_every_field_and_the_family() -> None:
    (said,) = rows(CITED)

    assert said.pop("abstract").startswith("Just before six")
    assert said == {
        "id": ARTICLE.id,
        "version": CITED.version,
        "title": "The net loft",
        "author": "; ".join(AUTHORS),
        "published": "2026-11-16T16:45:00Z",
        "published_from": "announced",
        "captured": "2026-11-23T04:23:55Z",
        "language": "fr",
        "source": "northport",
        "source_name": CITED.source_name,
        "url": ARTICLE.url,
        "archived_url": CITED.archived,
        "family": "3hpkry7fd3sv",
        "original": "ywlv7kpieeq4",
        "copies": "2",
    }


def test_atom_has_every_field() -> None:
    found = feed_of(CITED)
    (entry,) = found.findall(f"{{{ATOM}}}entry")

    assert in_atom(found, "title") == "Found with <all>"
    assert in_atom(found, "id") == "urn:aggregator:Found%20with%20%3Call%3E"
    assert in_atom(found, "updated") == "2026-11-23T12:00:00Z"
    assert in_atom(entry, "id") == f"urn:aggregator:article:{ARTICLE.id}"
    assert (in_atom(entry, "title"), in_atom(entry, "published")) == (ARTICLE.title, "2026-11-16T16:45:00Z")
    assert [a.findtext(f"{{{ATOM}}}name") for a in entry.findall(f"{{{ATOM}}}author")] == list(AUTHORS)
    links = {link.get("rel"): link.get("href") for link in entry.findall(f"{{{ATOM}}}link")}
    assert links["alternate"] == ARTICLE.url
    assert links["memento"] == "archive/imports/0007-rescued%20one.warc.gz/a%23b.warc.gz#48599"
    assert (of_ours(entry, "archived"), of_ours(entry, "version")) == (CITED.archived, CITED.version)
    assert (of_ours(entry, "family"), of_ours(entry, "copies")) == ("3hpkry7fd3sv", "2")
    assert of_ours(entry, "name") == CITED.source_name
    assert entry.get("{http://www.w3.org/XML/1998/namespace}lang") == "fr"


# --- what is not known ----------------------------------------------------------------------------------------------


def test_a_day_of_capture_is_never_given_as_one_of_publication() -> None:
    (in_ris,), ((_, in_bib),), (in_csl,) = ris(UNDATED), bib(UNDATED).items(), json.loads(written("csl", UNDATED))
    (in_csv,), entry = rows(UNDATED), feed_of(UNDATED).find(f"{{{ATOM}}}entry")

    assert not {"year", "date"} & in_ris.keys()
    assert not {"year", "date"} & set(in_bib.fields)
    assert "issued" not in in_csl
    assert in_csv["published"] == ""
    assert entry is not None
    assert in_atom(entry, "published") is None


def test_what_is_not_known_is_left_out() -> None:
    nowhere = replace(UNDATED, archived=None, family=None, original=None, copies=0)

    (said,) = json.loads(written("csl", nowhere))
    assert not {"title", "author", "language", "archive_location"} & said.keys()
    for form in citations.FORMS:
        assert "None" not in written(form, nowhere)
        assert "archive/" not in written(form, nowhere)


@pytest.mark.parametrize("form", citations.FORMS)
def test_nothing_found_is_a_whole_file(form: str) -> None:
    text = written(form)

    if form == "csl":
        assert json.loads(text) == []
    elif form == "atom":
        assert ElementTree.fromstring(text).findall(f"{{{ATOM}}}entry") == []
    assert ris() == []
    assert rows() == []


# --- awkward characters ---------------------------------------------------------------------------------------------


@given(ANY_TEXT)
@pytest.mark.parametrize("reader", ["ris", "bibtex", "csl", "jsonl", "csv", "atom"])
def test_any_text_comes_back(reader: str, text: str) -> None:
    comes_back(reader, text)


@pytest.mark.parametrize("text", AWKWARD)
@pytest.mark.parametrize("reader", ["ris", "bibtex", "csl", "jsonl", "csv", "atom"])
def test_awkward_characters_come_back(reader: str, text: str) -> None:
    comes_back(reader, text)


def comes_back(reader: str, text: str) -> None:
    """That a text is read in every place it was written to, beside a citation before and one after it."""
    first, last = (
        replace(CITED, article=replace(ARTICLE, id="first")),
        replace(CITED, article=replace(ARTICLE, id="last")),
    )
    cited = titled(text)
    shown, abstract = one_line(text), cited.abstract or ""
    title, (author, jane), name, begins = READERS[reader](first, cited, last)
    whole = text.encode("utf-8", "replace").decode()
    expected: dict[str, tuple[str, ...]] = {
        "ris": (shown.strip(), shown.strip(), shown.strip(), abstract),
        "bibtex": tuple(map(squeezed, (shown, shown, shown, abstract))),
        "csl": (shown, shown, shown, abstract),
        "jsonl": (whole, whole, whole, abstract),
        "csv": (cells.harmless(whole), "", cells.harmless(whole), cells.harmless(abstract)),
        "atom": (shown or ARTICLE.url, shown, shown, abstract),
    }
    assert (title, author, name, begins) == expected[reader]
    assert jane == "Jane Example"


Read = tuple[str, tuple[str, str], str, str]


def pair(authors: list[str]) -> tuple[str, str]:
    """The author under test, if there is anything to print of it, and Jane Example."""
    *before, last = authors
    assert len(before) <= 1
    return (before[0] if before else "", last)


def read_ris(*cited: Cited) -> Read:
    first, said, last = ris(*cited)
    assert (first["title"], last["title"]) == ("The net loft", "The net loft")
    return said.get("title", ""), pair(said["authors"]), said["secondary_title"], said.get("abstract", "")


def read_bibtex(*cited: Cited) -> Read:
    found = bib(*cited)
    assert list(found) == ["first", ARTICLE.id, "last"]
    said = found[ARTICLE.id]
    title, name, abstract = (squeezed(untexed(said.fields.get(n, ""))) for n in ("title", "organization", "abstract"))
    names = [squeezed(untexed(str(person))) for person in said.persons["author"]]
    return title, pair(names), name, abstract


def read_csl(*cited: Cited) -> Read:
    _, said, _ = json.loads(written("csl", *cited))
    authors = [author["literal"] for author in said["author"]]
    return said.get("title", ""), pair(authors), said["container-title"], said.get("abstract", "")


def read_lines(*cited: Cited) -> Read:
    _, said, _ = map(json.loads, written("jsonl", *cited).split("\n")[:-1])
    return said["title"], pair(said["author"]), said["source_name"], said["abstract"] or ""


def read_csv(*cited: Cited) -> Read:
    _, said, _ = rows(*cited)
    assert said["author"].endswith("; Jane Example")
    return said["title"], ("", "Jane Example"), said["source_name"], said["abstract"]


def read_atom(*cited: Cited) -> Read:
    _, entry, _ = feed_of(*cited).findall(f"{{{ATOM}}}entry")
    names = [author.findtext(f"{{{ATOM}}}name") or "" for author in entry.findall(f"{{{ATOM}}}author")]
    return in_atom(entry, "title") or "", pair(names), of_ours(entry, "name") or "", in_atom(entry, "summary") or ""


READERS: dict[str, Callable[..., Read]] = {
    "ris": read_ris,
    "bibtex": read_bibtex,
    "csl": read_csl,
    "jsonl": read_lines,
    "csv": read_csv,
    "atom": read_atom,
}


def test_a_record_cannot_begin_inside_another() -> None:
    assert len(ris(titled("x\nER  - \n\nTY  - JOUR\nTI  - y\nER  - \n"))) == 1
    assert list(bib(titled("x}\n}\n@online{other, title = {y}}"))) == [ARTICLE.id]


@given(st.text(st.characters(exclude_categories=["Cs"])))
@example('http://a.example/{x}\\ "<>%zz%20')
def test_an_address_in_bibtex_cannot_end_its_field_and_stays_the_same_when_it_is_one(url: str) -> None:
    written_so = bibtex.address(url)

    assert not re.search(r'[\s{}\\"<>]', written_so)
    assert bibtex.address(written_so) == written_so


def test_an_abstract_is_the_beginning_of_a_text() -> None:
    long = replace(CITED, article=replace(ARTICLE, text="word " * 1_000))

    assert long.abstract is not None
    assert len(long.abstract) <= MAX_ABSTRACT_CHARS + 2
    assert long.abstract.endswith("word …")
    assert replace(CITED, article=replace(ARTICLE, text="Short.")).abstract == "Short."
    assert replace(CITED, article=replace(ARTICLE, text="\n")).abstract is None


def test_a_format_is_written_as_what_is_found_comes_in() -> None:
    def endless() -> Iterator[Cited]:
        while True:
            yield CITED

    for form in citations.FORMS:
        pieces = citations.written(form, endless(), about="", now=NOON)
        assert b"The net loft" in b"".join(next(pieces) for _ in range(3))


# --- what a search found --------------------------------------------------------------------------------------------

ONE, TWO, THREE, FOUR = (f"http://{s}.example/{n}" for s, n in (("a", 1), ("a", 2), ("b", 3), ("b", 4)))
UPDATE = "Update: the store has given everything back. Call 01 23 45 67 89."
SOURCES_YAML = """\
settings: {min_free: 1MB}
sources:
  - {id: a, name: "The A & Sons", url: "http://a.example/"}
  - {id: b, url: "http://b.example/"}
"""
SOURCES = (source("a"), source("b"))


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a text and its copy, two others, of one of which a second version comes later."""
    home = tmp_path_factory.mktemp("home")
    pages: dict[str, object] = {
        "http://a.example/feed": feed(ONE, TWO),
        ONE: page(STORY, title="The loft"),
        TWO: page(OTHER, title="=cmd|' /C calc'!A0"),
        "http://b.example/feed": feed(THREE, FOUR),
        THREE: page(STORY, title="The loft"),
        FOUR: page(f"Write to desk@paper.example about the ferry. {NIGHT}", title="Call 06 12 34 56 78"),
    }
    crawl(home, FakeWeb(pages), *SOURCES)
    (home / "sources.yaml").write_text(SOURCES_YAML)
    return home


@pytest.fixture
def home(root: Path, tmp_path: Path) -> Path:
    """A copy of the home, to change something in."""
    return Path(shutil.copytree(root, tmp_path / "home"))


def edit(home: Path) -> None:
    """Have a second version of the second article."""
    web = FakeWeb(
        {
            "http://a.example/feed": feed(TWO, updated="2026-11-22T10:00:00Z"),
            TWO: page(f"{OTHER}\n\n{UPDATE}", title="The choir"),
        },
        now=NOON + timedelta(days=1),
    )
    crawl(home, web, source("a"))


def withdraw(home: Path, ref: str, *, scope: Scope = Scope.ARTICLE, erase: bool = False) -> None:
    now = datetime.now(UTC)
    what = takedown.target(Home(home), [ref], scope, erase=erase)
    said: dict[str, Any] = {"scope": scope, "reason": "other", "by": "x", "erase": erase, "until": None, "now": now}
    event = takedown.decide(Home(home), what, **said)
    if erase:
        takedown.carry_out(Home(home), following(*SOURCES), event.number)


def ids(home: Path, *urls: str) -> list[str]:
    known = articles(home)
    return [known[url].id for url in urls]


@pytest.mark.parametrize("form", FORMS)
def test_all_that_is_found_is_written_copies_too_the_newest_first(
    aggregator: Aggregator, root: Path, form: str
) -> None:
    said = aggregator("--home", root, "search", "--lang", "en", "--format", form)

    places = [said.out.index(url) for url in (FOUR, TWO, THREE, ONE) if url in said.out]
    assert said.code == 0
    assert len(places) == 4
    dates = [row["published"] for row in csv.DictReader(io.StringIO(whole_csv(aggregator, root)))]
    assert dates == sorted(dates, reverse=True)


def whole_csv(aggregator: Aggregator, root: Path) -> str:
    return aggregator("--home", root, "search", "--lang", "en", "--format", "csv").out


def test_a_limit_says_less_and_an_offset_passes_over(aggregator: Aggregator, root: Path) -> None:
    everything = [row["id"] for row in csv.DictReader(io.StringIO(whole_csv(aggregator, root)))]

    said = aggregator("--home", root, "search", "--lang", "en", "--format", "csv", "--limit", "2", "--offset", "1")

    assert [row["id"] for row in csv.DictReader(io.StringIO(said.out))] == everything[1:3]


def test_what_is_cited_is_what_the_home_has(aggregator: Aggregator, root: Path) -> None:
    found = {row["url"]: row for row in csv.DictReader(io.StringIO(whole_csv(aggregator, root)))}
    known = articles(root)
    one, three = ids(root, ONE, THREE)

    assert {url: row["version"] for url, row in found.items()} == {url: a.version for url, a in known.items()}
    assert (found[ONE]["source_name"], found[THREE]["source_name"]) == ("The A & Sons", "b")
    assert {found[ONE]["family"], found[THREE]["family"]} == {min(one, three)}
    assert (found[ONE]["copies"], found[TWO]["copies"], found[TWO]["family"]) == ("1", "0", "")
    with access.opened(Home(root)) as catalogue:
        (capture,) = catalogue.captures_of(one)
    assert found[ONE]["archived_url"] == f"archive/{capture.file}#{capture.offset}"
    assert found[TWO]["title"].startswith("'=")


def test_more_than_a_batch_is_cited_in_order(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = ids(root, TWO, ONE, FOUR)
    monkeypatch.setattr(citing, "BATCH", 2)

    with access.opened(Home(root), leaving=True) as catalogue:
        found = [each.article.id for each in citing.cited(catalogue, following(*SOURCES), wanted)]

    assert found == wanted


@pytest.mark.parametrize(("claimed_by", "day"), [("meta", 1), ("announced", 20)])
def test_an_older_version_is_cited_with_its_own_date_unless_the_date_was_announced(
    tmp_path: Path, claimed_by: str, day: int
) -> None:
    texts = {"2026-11-01": "The loft is empty.", "2026-11-20": "The loft is full."}
    old, new = (replace(article("1", text, at=at), claimed_by=claimed_by) for at, text in texts.items())
    home = stocked(tmp_path / "home", [old, new])

    with access.opened(home, leaving=True) as catalogue:
        [older] = citing.cited(catalogue, following(), [new.id], {new.id: old.version})
        [newest] = citing.cited(catalogue, following(), [new.id])

    assert (older.article.text, older.version, older.article.number) == ("The loft is empty.", old.version, 1)
    assert older.article.claimed_at == datetime(2026, 11, day, tzinfo=UTC)
    assert newest.article == replace(new, number=2)


def test_an_older_version_is_cited_with_the_place_of_its_own_capture(home: Path) -> None:
    (two,) = ids(home, TWO)
    edit(home)
    with access.opened(Home(home), leaving=True) as catalogue:
        first, second = catalogue.captures_of(two)
        old, _ = catalogue.versions(two)

        [older] = citing.cited(catalogue, following(*SOURCES), [two], {two: old.digest})
        [newest] = citing.cited(catalogue, following(*SOURCES), [two])

    assert (older.archived, newest.archived) == (first.place, second.place)
    assert (home / first.place.partition("#")[0]).is_file()


def test_to_cite_a_batch_asks_the_catalogue_as_often_as_to_cite_one_article(tmp_path: Path) -> None:
    many = [article(str(n), f"Note {n}.") for n in range(30)]
    home = stocked(tmp_path / "home", many)
    asked: list[str] = []

    def listen(connection: object, cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    sql.event.listen(sql.Engine, "before_cursor_execute", listen)
    try:
        with access.opened(home, leaving=True) as catalogue:
            asked.clear()
            assert len(list(citing.cited(catalogue, following(), [many[0].id]))) == 1
            of_one = len(asked)
            asked.clear()
            assert len(list(citing.cited(catalogue, following(), [each.id for each in many]))) == 30
    finally:
        sql.event.remove(sql.Engine, "before_cursor_execute", listen)

    assert len(asked) == of_one > 0


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("erase", [False, True])
def test_a_withdrawn_article_is_in_none_of_them(aggregator: Aggregator, home: Path, form: str, erase: bool) -> None:
    (two,) = ids(home, TWO)
    withdraw(home, TWO, erase=erase)

    said = aggregator("--home", home, "search", "--lang", "en", "--format", form)

    assert TWO not in said.out
    assert two not in said.out + said.err
    assert THREE in said.out


@pytest.mark.parametrize("form", FORMS)
def test_a_withdrawn_name_is_in_none_of_them(aggregator: Aggregator, home: Path, form: str) -> None:
    withdraw(home, "bailiff", scope=Scope.NAME)

    said = aggregator("--home", home, "search", "--lang", "en", "--format", form)

    assert "bailiff" not in said.out
    assert ONE in said.out


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("level", ["staff", "dark"])
def test_what_may_not_leave_is_in_none_of_them(aggregator: Aggregator, home: Path, form: str, level: str) -> None:
    (home / "sources.yaml").write_text(SOURCES_YAML.replace('a.example/"', f'a.example/", access: {level}'))

    said = aggregator("--home", home, "search", "--lang", "en", "--format", form)

    assert said.code == 0
    assert "a.example" not in said.out
    assert THREE in said.out


@pytest.mark.parametrize("form", FORMS)
def test_of_a_source_to_whose_copies_nothing_may_lead_no_place_is_named(
    aggregator: Aggregator, home: Path, form: str
) -> None:
    (home / "sources.yaml").write_text(SOURCES_YAML.replace('a.example/"', 'a.example/", risk: link'))

    said = aggregator("--home", home, "search", "--source", "a", "--format", form)

    assert ONE in said.out
    assert "archive/" not in said.out


def test_what_is_shown_stays_as_it_was(aggregator: Aggregator, root: Path) -> None:
    shown = aggregator("--home", root, "search", "--lang", "en", "--json").json

    assert (shown["total"], len(shown["hits"])) == (4, 3)  # one is a copy
    assert aggregator("--home", root, "search", "--lang", "en", "--limit", "101").code == 2
    assert aggregator("--home", root, "search", "--lang", "en", "--limit", "101", "--format", "ris").code == 0


@pytest.mark.parametrize("wrong", [["--json"], ["--sort", "captured"], ["--facets"], ["--limit", "0"]])
def test_options_that_mean_nothing_are_refused(aggregator: Aggregator, root: Path, wrong: list[str]) -> None:
    assert aggregator("--home", root, "search", "loft", "--format", "ris", *wrong).code == 2


def test_of_a_new_home_there_is_nothing_and_it_is_whole(aggregator: Aggregator, tmp_path: Path) -> None:
    aggregator("init", tmp_path / "new")

    said = aggregator("--home", tmp_path / "new", "search", "loft", "--format", "csl")

    assert (said.code, said.json) == (0, [])


# --- numbers and addresses ------------------------------------------------------------------------------------------


def test_who_cites_phone_numbers_is_told(aggregator: Aggregator, root: Path) -> None:
    said = aggregator("--home", root, "search", "--lang", "en", "--format", "ris")

    (four,) = ids(root, FOUR)
    assert f"stand in 1 article: {four}." in said.err
    assert "Phone numbers" not in aggregator("--home", root, "search", "--source", "a", "--format", "ris").err


@pytest.mark.parametrize("kind", ["warc", "jsonl", "csv"])
def test_who_hands_on_phone_numbers_is_told(aggregator: Aggregator, root: Path, tmp_path: Path, kind: str) -> None:
    said = aggregator("--home", root, "export", kind, "-o", tmp_path / "x", "--json")

    assert said.code == 0
    assert said.json["contacts"] == ids(root, FOUR)
    assert ids(root, FOUR)[0] in said.err


def test_an_old_version_with_a_phone_number_leaves_with_the_captures_only(
    aggregator: Aggregator, home: Path, tmp_path: Path
) -> None:
    edit(home)
    web = FakeWeb(
        {"http://a.example/feed": feed(TWO, updated="2026-11-26T10:00:00Z"), TWO: page(OTHER, title="The choir again")},
        now=NOON + timedelta(days=5),
    )
    crawl(home, web, source("a"))
    two = ids(home, TWO)

    of = {k: aggregator("--home", home, "export", k, "choir", "-o", tmp_path / k, "--json") for k in ("warc", "csv")}

    assert (of["warc"].json["contacts"], of["csv"].json["contacts"]) == (two, [])


# --- manifests ------------------------------------------------------------------------------------------------------


def made(aggregator: Aggregator, home: Path, to: Path, *query: str) -> dict[str, Any]:
    assert aggregator("--home", home, "export", "manifest", *query, "-o", to).code == 0
    return dict(json.loads(to.read_text()))


def test_a_manifest_says_what_was_asked_and_found(aggregator: Aggregator, root: Path, tmp_path: Path) -> None:
    said = made(aggregator, root, tmp_path / "m", "net", "loft", "--from", "2026-11", "--lang", "en")

    assert (said["query"], said["program"].partition("/")[0]) == ("net loft", "aggregator")
    assert said["filters"] == {"from": "2026-11-01T00:00:00Z", "before": None, "sources": [], "languages": ["en"]}
    known = articles(root)
    assert {each["id"]: (each["version"], each["url"]) for each in said["articles"]} == {
        known[url].id: (known[url].version, url) for url in (ONE, THREE)
    }
    assert all(each["captured"].startswith("20") for each in said["articles"])
    assert "bailiff" not in (tmp_path / "m").read_text()


def test_a_manifest_finds_the_same_articles_in_the_same_versions(
    aggregator: Aggregator, home: Path, tmp_path: Path
) -> None:
    before = made(aggregator, home, tmp_path / "m")
    (two,) = ids(home, TWO)
    edit(home)

    said = aggregator("--home", home, "search", "--manifest", tmp_path / "m", "--json")

    found = [(each["id"], each["version"]) for each in said.json["articles"]]
    assert found == [(each["id"], each["version"]) for each in before["articles"]]
    assert (said.json["total"], said.json["changed"], said.json["gone"], said.json["withdrawn"]) == (4, [two], [], 0)
    assert f"1 changed since: {two}." in said.err
    (old,) = [each for each in said.json["articles"] if each["id"] == two]
    assert old["title"] == "=cmd|' /C calc'!A0"


@pytest.mark.parametrize("form", [*FORMS, "jsonl", "table"])
def test_a_manifest_can_be_cited(aggregator: Aggregator, root: Path, tmp_path: Path, form: str) -> None:
    said = made(aggregator, root, tmp_path / "m", "choir")

    shown = aggregator("--home", root, "search", "--manifest", tmp_path / "m", "--format", form)

    assert shown.code == 0
    assert said["articles"][0]["version"] in shown.out
    assert ids(root, ONE)[0] not in shown.out


@pytest.mark.parametrize("erase", [False, True])
def test_of_what_was_withdrawn_a_manifest_gives_only_the_number(
    aggregator: Aggregator, home: Path, tmp_path: Path, erase: bool
) -> None:
    made(aggregator, home, tmp_path / "m")
    (two,) = ids(home, TWO)
    withdraw(home, TWO, erase=erase)

    said = aggregator("--home", home, "search", "--manifest", tmp_path / "m", "--json")

    assert (said.json["withdrawn"], said.json["gone"], len(said.json["articles"])) == (1, [], 3)
    assert two not in said.out + said.err
    assert "1 withdrawn" in said.err


def test_what_an_erase_took_with_it_is_not_named_either(aggregator: Aggregator, home: Path, tmp_path: Path) -> None:
    made(aggregator, home, tmp_path / "m")
    one, three = ids(home, ONE, THREE)
    withdraw(home, ONE, erase=True)

    said = aggregator("--home", home, "search", "--manifest", tmp_path / "m", "--json")

    assert (said.json["withdrawn"], said.json["gone"], len(said.json["articles"])) == (2, [], 2)
    assert one not in said.out + said.err
    assert three not in said.out + said.err


def test_what_the_home_never_had_is_gone(aggregator: Aggregator, root: Path, tmp_path: Path) -> None:
    said = made(aggregator, root, tmp_path / "m", "choir")
    listed = said["articles"][0]
    said["articles"] = [listed | {"version": "aaaaaaaaaaaaaaaa"}, listed | {"id": "zzzzzzzzzzzz"}]
    (tmp_path / "m").write_text(json.dumps(said))

    shown = aggregator("--home", root, "search", "--manifest", tmp_path / "m", "--json").json

    assert (shown["gone"], shown["articles"], shown["withdrawn"]) == ([listed["id"], "zzzzzzzzzzzz"], [], 0)


GOOD: dict[str, Any] = {"aggregator_manifest": 1, "articles": [{"id": "a", "version": "b"}]}


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "no JSON"),
        (b"\xff\xfe", "no UTF-8"),
        (b"%PDF-1.4", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (b"[]", "no manifest"),
        (b"{}", "no manifest"),
        (b"1", "no manifest"),
        (b"9" * 10_000, "no JSON"),
        (json.dumps(GOOD | {"aggregator_manifest": 2}).encode(), "newer program"),
        (json.dumps(GOOD | {"aggregator_manifest": True}).encode(), "no number"),
        (json.dumps(GOOD | {"aggregator_manifest": "1"}).encode(), "no number"),
        (json.dumps(GOOD | {"articles": {}}).encode(), "no list"),
        (json.dumps(GOOD | {"articles": None}).encode(), "no list"),
        (json.dumps(GOOD | {"articles": [[]]}).encode(), "article 1 is no object"),
        (json.dumps(GOOD | {"articles": [{"id": "a"}]}).encode(), "article 1 has no version"),
        (json.dumps(GOOD | {"articles": [{"id": 1, "version": "b"}]}).encode(), "article 1 has no id"),
        (json.dumps(GOOD | {"articles": [{"id": "\x1b[2J", "version": "b"}]}).encode(), "article 1 has no id"),
        (json.dumps(GOOD | {"articles": [{"id": "a" * 99, "version": "b"}]}).encode(), "article 1 has no id"),
        (json.dumps(GOOD | {"articles": [{"id": "a", "version": "b", "url": 1}]}).encode(), "url of article 1"),
        (json.dumps(GOOD | {"articles": 2 * GOOD["articles"]}).encode(), "twice"),
        (json.dumps(GOOD | {"query": ["x"]}).encode(), "query is no text"),
        (b'{"aggregator_manifest": 1, "articles": [' + b"{}," * 2_000_001 + b"{}]}", "more than 250,000 articles"),
        (b'{"aggregator_manifest": 1, "articles": [' + b"0," * 250_000 + b"0]}", "more than 250,000 articles"),
    ],
)
def test_a_hostile_manifest_is_refused_in_words(
    aggregator: Aggregator, root: Path, tmp_path: Path, data: bytes, why: str
) -> None:
    (tmp_path / "m").write_bytes(data)

    said = aggregator("--home", root, "search", "--manifest", tmp_path / "m")

    assert said.code == 2
    assert why in said.err
    assert "\x1b" not in said.err


def test_a_manifest_of_more_bytes_than_the_limit_is_not_read_to_its_end(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="more than 67,108,864 bytes"):
        manifest.read(b" " * (manifest.MAX_BYTES + 1))


NAMES = st.sampled_from(["id", "version", "url", "articles", "aggregator_manifest", "query"])
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text() | st.integers(),
    lambda x: st.lists(x) | st.dictionaries(NAMES, x),
)


@given(ANY_JSON | st.builds(lambda x: GOOD | {"articles": x}, ANY_JSON))
def test_whatever_json_says_it_is_a_manifest_or_refused(said: Any) -> None:
    try:
        found = manifest.read(json.dumps(said).encode())
    except ValueError as error:
        assert str(error)
    else:
        assert all(re.fullmatch(r"[a-z0-9]+", each.id + each.version) for each in found.articles)


@pytest.mark.parametrize("wrong", [["loft"], ["--source", "a"], ["--facets"], ["--sort", "captured"]])
def test_beside_a_manifest_nothing_else_is_asked(
    aggregator: Aggregator, root: Path, tmp_path: Path, wrong: list[str]
) -> None:
    made(aggregator, root, tmp_path / "m")

    assert aggregator("--home", root, "search", "--manifest", tmp_path / "m", *wrong).code == 2


def test_a_manifest_that_is_not_there_is_named(aggregator: Aggregator, root: Path, tmp_path: Path) -> None:
    said = aggregator("--home", root, "search", "--manifest", tmp_path / "none")

    assert said.code == 2
    assert "none cannot be read" in said.err


def test_a_manifest_of_nothing_is_one(aggregator: Aggregator, root: Path, tmp_path: Path) -> None:
    said = made(aggregator, root, tmp_path / "m", "xylophone")

    assert said["articles"] == []
    assert aggregator("--home", root, "search", "--manifest", tmp_path / "m", "--json").json["total"] == 0


def test_the_lines_name_what_the_columns_name() -> None:
    assert list(lines.said_of(CITED)) == list(rows(CITED)[0])
