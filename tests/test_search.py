"""The way out: what a query finds, in which order, and how it is shown."""

from __future__ import annotations

import html
import re
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator import index, search, takedown
from aggregator.errors import UnknownIdError, UsageError
from aggregator.home import Home
from aggregator.model import Article, Results
from aggregator.query import Node, Only, Within, Word, parse
from aggregator.search.snippets import snippet, title
from aggregator.search.telling import Telling
from aggregator.takedown import Scope
from tests.fakeweb import NOON, OTHER, STORY, FakeWeb, articles, catalogue, crawl, feed, found, page, source
from tests.stockedhome import article, stocked

FRENCH = (
    "Hier matin, les réfugiés du quai ont été expulsés sans préavis. L'asile leur avait été promis en septembre par la "
    "préfecture, et l’hébergement d'urgence affichait complet depuis une semaine.\n\n"
    "Les voisins ont ouvert le gymnase, où l'on cherche encore des couvertures et des chaussures pour l'hiver."
)
GERMAN = (
    "Die Räumungen am Hafen begannen vor Sonnenaufgang. Wer in den Häusern der alten Werft wohnte, musste Betten und "
    "Öfen auf die Straße tragen; über die Gründe schwieg die Behörde auch am Nachmittag.\n\n"
    "Am Abend kamen zweihundert Menschen zusammen und beschlossen, die Küche offen zu halten."
)
SPANISH = (
    "Las compañeras detenidas salieron anoche de la comisaría después de dieciocho horas. Mañana habrá una "
    "concentración frente al juzgado, y la abogada pide que nadie publique los nombres de las niñas del autobús."
)
ITALIAN = (
    "I rifugiati hanno passato la notte nella stazione chiusa. L'accoglienza dell'amministrazione era finita già in "
    "primavera, e nessuno sapeva dire perché le chiavi dell’albergo fossero ancora dal sindaco."
)
DUTCH = (
    "De ontruiming van de loods begon om vijf uur. Bewoners die sinds de zomer in het pand sliepen, kregen tien "
    "minuten om hun spullen te pakken, en de burgemeester was de hele ochtend voor niemand bereikbaar."
)
HOSTILE_TEXT = (
    "They wrote <script>alert('mattress')</script> & \"worse\" on the door of the mattress workshop, and signed it "
    "</mark> with <mark>nobody</mark>; the caretaker painted it over before the children came back from their lesson."
)
TEXTS = {
    "1": STORY,
    "2": OTHER,
    "fr": FRENCH,
    "de": GERMAN,
    "es": SPANISH,
    "it": ITALIAN,
    "nl": DUTCH,
    "x": HOSTILE_TEXT,
}


def address(name: str) -> str:
    return f"http://a.example/{name}"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with eight texts in six languages, and a second source that reposts the first of them."""
    folder = tmp_path_factory.mktemp("home")
    pages: dict[str, object] = {address(n): page(t, title=f"Title {n}", language=n) for n, t in TEXTS.items()}
    copy = "http://b.example/copy"
    pages |= {address("feed"): feed(*map(address, TEXTS)), "http://b.example/feed": feed(copy), copy: page(STORY)}
    crawl(folder, FakeWeb(pages), source("a"), source("b"))
    assert len(articles(folder)) == len(TEXTS) + 1
    return folder


def ask(root: Path, text: str, *filters: Node) -> Results:
    return search.search(Home(root), parse(text).also(*filters), limit=100)


def urls(results: Results) -> list[str]:
    return [hit.article.url for hit in results.hits]


# What is found


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("refugies expulses", "fr"),
        ("RÉFUGIÉS", "fr"),
        ("réfugié", "fr"),
        ("asile", "fr"),
        ("l'asile", "fr"),
        ("d’urgence hebergement", "fr"),
        ("raumung", "de"),
        ("Räumung", "de"),
        ("strasse", "de"),
        ("kuche", "de"),
        ("companera detenida", "es"),
        ("niña", "es"),
        ("rifugiato", "it"),
        ("accoglienza amministrazione", "it"),
        ("ontruimingen", "nl"),
        ("evenings freezer", "2"),
        ("lighthouse keepers", "2"),
        ("title fr", "fr"),
        ("title:(title fr)", "fr"),
        ("title:(nix OR fr) url:(a.example OR b.example)", "fr"),
        ("re\u0301fugie\u0301s", "fr"),
    ],
)
def test_words_are_found_in_their_other_forms_and_accents(root: Path, query: str, name: str) -> None:
    assert found(root, query) == [address(name)]


def test_all_words_must_occur(root: Path) -> None:
    results = ask(root, "dockers tenors")

    assert urls(results) == [address("2")]
    assert results.note is None


def test_a_phrase_is_found_only_in_its_order(root: Path) -> None:
    assert found(root, '"song about the lighthouse keeper"') == [address("2")]
    assert found(root, '"lighthouse about the song keeper"') == []


def test_a_phrase_is_found_without_its_accents(root: Path) -> None:
    assert found(root, '"expulses sans preavis"') == [address("fr")]


def test_an_excluded_word_takes_articles_away(root: Path) -> None:
    assert address("x") in found(root, "mattress")
    assert address("x") not in found(root, "mattress -caretaker")
    assert found(root, "-caretaker dockers") == [address("2")]


def test_only_excluded_words_leave_the_rest(root: Path) -> None:
    results = ask(root, "-mattress")

    assert address("x") not in urls(results)
    assert address("2") in urls(results)


def test_without_an_article_of_all_words_those_with_some_are_found_and_said_to_be(root: Path) -> None:
    results = ask(root, "dockers zeppelin")

    assert urls(results) == [address("2")]
    assert results.note and "some of them" in results.note


def test_a_phrase_beside_many_words_stays_demanded(root: Path) -> None:
    results = ask(root, '"lighthouse keeper" dockers tenors zeppelin mattress')

    assert urls(results) == [address("2")]
    assert results.note and "some are enough" in results.note


def test_what_may_have_been_meant_is_said(root: Path) -> None:
    assert "Did you mean: dockers" in (ask(root, "dokcers").note or "")
    assert "Did you mean: the LIGHTHOUSE dockers" in (ask(root, "the LIGHTHOUSE dockrs").note or "")
    assert "Did you mean" not in (ask(root, "zeppelin").note or "")


def test_a_word_that_nobody_may_see_is_not_what_was_meant(root: Path, tmp_path: Path) -> None:
    home = Home(shutil.copytree(root, tmp_path / "home"))
    what = takedown.target(home, [address("2")], Scope.ARTICLE, erase=False)
    takedown.decide(home, what, scope=Scope.ARTICLE, reason="other", by="t", erase=False, until=None, now=NOON)

    assert "Did you mean" not in (ask(home.root, "dokcers").note or "")


def test_a_tag_finds_its_sources_and_a_family_any_of_its_articles(root: Path, tmp_path: Path) -> None:
    home = Home(shutil.copytree(root, tmp_path / "home"))
    home.sources_yaml.write_text(
        "settings: {contact: desk@example.org}\nsources:\n"
        "  - {id: a, url: 'http://a.example/', tags: [Docks]}\n"
        "  - {id: b, url: 'http://b.example/', tags: [ferries, mirrors]}\n"
    )

    [copy] = ask(home.root, "source:B").hits
    assert len(ask(home.root, f"cluster:{copy.article.id}").hits[0].copies) == 1
    assert urls(ask(home.root, "tag:Mirrors mattresses")) == ["http://b.example/copy"]
    assert urls(ask(home.root, "mattresses tag:nothing")) == []


@pytest.mark.parametrize("engine", index.ENGINES)
def test_a_beginning_of_too_many_words_is_cut_and_said_to_be(engine: str, tmp_path: Path) -> None:
    words = [f"lantern{letter}{other}" for letter in "abcdefgh" for other in "stuvwxyz"]
    home = stocked(tmp_path / "home", (article(word, f"The {word} burns.") for word in words), engine=engine)

    results = search.search(home, parse("lantern*"), limit=100)

    assert (len(words), results.total) == (64, index.MAX_EXPANSIONS)
    assert results.note and "'lantern' may stand for more words" in results.note


def test_a_search_without_hits_is_no_error(root: Path) -> None:
    assert (ask(root, "zeppelin").total, ask(root, "zeppelin").hits) == (0, ())


def test_more_than_twenty_words_are_cut_and_said_to_be(root: Path) -> None:
    results = ask(root, "dockers " + " ".join(f"nothing{n}" for n in range(30)))

    assert results.note and "first 20" in results.note


def test_words_of_phrases_count_among_the_twenty(root: Path) -> None:
    results = ask(root, '"' + " ".join(f"nothing{n}" for n in range(30)) + '"')

    assert results.note and "first 20" in results.note


def test_a_query_that_is_too_long_is_refused() -> None:
    assert parse("x" * 1000).node == Word("x" * 1000)
    with pytest.raises(UsageError, match="1,001 characters"):
        parse("x" * 1001)


@pytest.mark.parametrize(
    "query",
    [
        *(
            '"',
            '""',
            "-",
            "--",
            '-"',
            '"-"',
            "*",
            "?",
            "a*",
            "*:*",
            "title:x",
            "id:*",
            "AND OR NOT",
            "NOT",
            "(",
            "))((",
        ),
        *("[a TO z]", "{}", "a~2", "a^9", "\\", "\\\\", "'", "x:[* TO *]", "\x00", "\ud800", "\u202e", "🦀", "%s%n"),
        *("' OR 1=1 --", "<script>", "../../etc", "a" * 1000, "- " * 500, '" ' * 500, "語" * 1000, "-a" * 500),
    ],
)
def test_nothing_a_person_types_is_an_error(root: Path, query: str) -> None:
    assert len(ask(root, query).hits) <= len(TEXTS)


@given(text=st.text(max_size=200))
def test_no_text_is_an_error(root: Path, text: str) -> None:
    assert len(ask(root, text).hits) <= len(TEXTS)


# Filters, order, pages


def test_filters_keep_only_what_passes(root: Path) -> None:
    november_2 = datetime(2026, 11, 2, tzinfo=UTC)

    assert urls(ask(root, "title", Only("language", ("fr",)))) == [address("fr")]
    assert urls(ask(root, "mattresses", Only("source", ("b",)))) == ["http://b.example/copy"]
    assert ask(root, "title", Only("source", ("nobody",))).total == 0
    assert urls(ask(root, "title", Within("published", None, november_2))) == [address("1")]
    assert address("1") not in urls(ask(root, "title", Within("published", november_2, None)))
    assert ask(root, "title", Within("published", november_2, None)).total == len(TEXTS) - 1


@pytest.mark.parametrize("key", ["published", "captured"])
def test_sorting_by_a_date_puts_the_newest_first(root: Path, key: str) -> None:
    results = search.search(Home(root), parse("title"), sort=key, limit=100)

    claimed = [hit.article.claimed_at for hit in results.hits]
    seen = [hit.article.captured_at for hit in results.hits]
    dates = [at for at in (claimed if key == "published" else seen) if at]
    assert len(dates) == len(TEXTS)
    assert dates == sorted(dates, reverse=True)


def test_a_word_in_the_title_ranks_above_one_in_the_text(tmp_path: Path) -> None:
    web = FakeWeb(
        {
            address("feed"): feed(address("1"), address("2")),
            address("1"): page(OTHER + "\n\nThe foghorn was heard.", title="Choir"),
            address("2"): page(STORY + "\n\nNothing else.", title="Foghorn"),
        }
    )
    crawl(tmp_path, web, source("a"))

    assert urls(ask(tmp_path, "foghorn"))[0] == address("2")


def test_scores_do_not_depend_on_how_often_articles_were_replaced(tmp_path: Path) -> None:
    def article(number: int, text: str) -> Article:
        return Article(
            id=f"id{number}",
            source_id="a",
            url=f"http://a.example/{number}",
            title=f"Number {number}",
            authors=(),
            claimed_at=None,
            captured_at=NOON,
            language="en",
            text=text,
            version="v",
            number=1,
        )

    texts = [f"{'ferry ' * (n % 4)}lantern {'orchard' if n % 3 else 'ferry'} gravel" for n in range(30)]
    fresh, worn = index.Writer(tmp_path / "fresh"), index.Writer(tmp_path / "worn")
    for again in range(5):
        worn.put(article(n, f"ferry ferry orchard {again}") for n in range(0, 30, 2))
    for writer in (fresh, worn):
        writer.put(article(n, text) for n, text in enumerate(texts))
        writer.sign()
        writer.close()

    for query in ("ferry", "orchard", "gravel ferry"):
        asked = index.Asked(parse(query).node, ["en"])
        one, other = (dict(index.search(tmp_path / name, asked).hits) for name in ("fresh", "worn"))
        assert one and other == pytest.approx(one)


def test_facets_count_every_hit(root: Path) -> None:
    results = search.search(Home(root), parse("title"), limit=1)

    every = len(TEXTS) + 1  # copies too
    assert results.facets["month"] == [("2026-11", every)]
    assert sum(n for _, n in results.facets["language"]) == every
    assert ("fr", 1) in results.facets["language"] and ("en", 4) in results.facets["language"]


def test_the_copies_of_one_text_are_one_hit(root: Path) -> None:
    results = ask(root, "bailiff kettles")

    [hit] = results.hits
    both = {article.id for url, article in articles(root).items() if url in (address("1"), "http://b.example/copy")}
    assert {hit.article.id, *hit.copies} == both
    assert (results.total, results.texts, results.facets["source"]) == (2, 1, [("a", 1), ("b", 1)])


@pytest.fixture(scope="module")
def family(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a text and two later copies, one of them cut short, one with more of the words."""
    folder = tmp_path_factory.mktemp("family")
    one, short, long = (f"http://{name}.example/1" for name in "abc")
    first = STORY.partition("\n\n")[0]
    pages: dict[str, object] = {
        "http://a.example/feed": feed(one),
        one: page(STORY),
        "http://b.example/feed": feed(short),
        short: page(f"(source: a)\n\n{first}", title="Kettles"),
        "http://c.example/feed": feed(long),
        long: page(f"(source: a)\n\n{STORY}\n\nBailiff, kettles!", title="Bailiff and kettles"),
    }
    crawl(folder, FakeWeb(pages), *(source(name) for name in "abc"))
    return folder


@pytest.mark.parametrize("sort", ["relevance", "published", "captured"])
def test_of_a_family_the_original_is_shown(family: Path, sort: str) -> None:
    [hit] = search.search(Home(family), parse("bailiff kettles"), sort=sort).hits

    assert (hit.article.url, hit.original, len(hit.copies)) == ("http://a.example/1", hit.article.id, 2)
    found = dict(index.search(Home(family).fulltext, index.Asked(parse("bailiff kettles").node, ["en"])).hits)
    assert hit.score == pytest.approx(max(found.values()), abs=1e-4) != found[hit.article.id]


def test_where_the_original_was_not_found_the_best_copy_is_shown_and_says_so(family: Path) -> None:
    [hit] = ask(family, "bailiff kettles", Only("source", ("b", "c"))).hits

    assert hit.article.source_id == "c"
    assert hit.original in hit.copies


def test_an_original_that_is_hidden_is_not_shown(family: Path, tmp_path: Path) -> None:
    home = Home(shutil.copytree(family, tmp_path / "home"))
    what = takedown.target(home, ["http://a.example/1"], Scope.ARTICLE, erase=False)
    takedown.decide(home, what, scope=Scope.ARTICLE, reason="other", by="t", erase=False, until=None, now=NOON)

    [hit] = search.search(home, parse("bailiff kettles")).hits

    assert (hit.article.source_id, hit.original, len(hit.copies)) == ("c", None, 1)


def test_pages_put_together_are_the_whole_list(root: Path) -> None:
    whole = urls(ask(root, "title"))

    pages = [search.search(Home(root), parse("title"), limit=2, offset=at) for at in range(0, 12, 2)]

    assert [url for one in pages for url in urls(one)] == whole
    assert [len(one.hits) for one in pages] == [2, 2, 2, 2, 0, 0]
    assert {one.total for one in pages} == {len(TEXTS) + 1}


def test_a_hit_says_where_it_is_archived(root: Path) -> None:
    [hit] = ask(root, "dockers tenors").hits

    file, _, offset = hit.archived.partition("#")
    with (root / file).open("rb") as warc:
        warc.seek(int(offset))
        assert warc.read(2) == b"\x1f\x8b"


# Snippets


def test_a_snippet_is_escaped_and_marks_only_what_was_asked(root: Path) -> None:
    [hit] = ask(root, "caretaker").hits

    assert re.findall("<mark>(.*?)</mark>", hit.snippet) == ["caretaker"]
    assert not re.search("<(?!/?mark>)", hit.snippet)


@given(text=st.text(max_size=400), word=st.sampled_from(["mark", "amp", "lt", "soup"]))
def test_a_snippet_without_its_marks_is_text_of_the_article(root: Path, text: str, word: str) -> None:
    article = replace(articles(root)[address("2")], text=f"{text} {word} {text}")

    shown = snippet(article, Telling(Word(word), ["en"]))

    plain = html.unescape(re.sub("</?mark>", "", shown)).strip("…").split()
    assert "<mark>" in shown
    assert not re.search("<(?!/?mark>)", shown)
    assert " ".join(plain) in " ".join(article.text.split())


def test_words_found_are_marked_in_titles_too(root: Path) -> None:
    [hit] = ask(root, "title:fr").hits

    assert (hit.article.title, hit.title) == ("Title fr", "Title <mark>fr</mark>")


@given(words=st.text(max_size=60), word=st.sampled_from(["mark", "amp", "lt", "soup"]))
def test_a_title_without_its_marks_is_the_title_in_one_line(root: Path, words: str, word: str) -> None:
    article = replace(articles(root)[address("2")], title=f"{words} {word} {words}")

    shown = title(article, Telling(Word(word), ["en"]))

    assert shown and f"<mark>{word}</mark>" in shown
    assert not re.search("<(?!/?mark>)", shown)
    assert html.unescape(re.sub("</?mark>", "", shown)).split() == (article.title or "").split()


# Homes and names


def test_a_home_without_a_crawl_says_so(tmp_path: Path) -> None:
    results = ask(tmp_path, "anything")

    assert (results.total, results.note) == (0, "Nothing was crawled yet.")


def test_a_home_whose_sources_gave_nothing_has_no_hits(tmp_path: Path) -> None:
    crawl(tmp_path, FakeWeb({}), source("a"))

    assert ask(tmp_path, "anything").total == 0


def test_an_article_is_found_by_its_id_and_by_every_form_of_its_address(root: Path) -> None:
    article = articles(root)[address("2")]
    with catalogue(root) as known:
        for ref in (article.id, article.id.upper(), article.url, "HTTP://A.example:80/2?utm_source=x#top"):
            assert search.find(known, ref) == article


def test_an_unknown_name_says_what_finds_names(root: Path) -> None:
    with catalogue(root) as known, pytest.raises(UnknownIdError, match="aggregator search"):
        search.find(known, "http://a.example/nowhere")


def test_a_query_remembers_what_was_typed() -> None:
    assert parse('Réfugiés  "Sans préavis"').text == 'Réfugiés  "Sans préavis"'


def test_a_very_long_text_of_one_word_has_its_snippet_at_once() -> None:
    article = Article(
        id="a",
        source_id="a",
        url="http://a.example/",
        title=None,
        authors=(),
        claimed_at=None,
        captured_at=NOON,
        language="en",
        text="camp " * 50_000,
        version="v",
        number=1,
    )

    assert snippet(article, Telling(Word("camp"), ["en"])).startswith("<mark>camp</mark> <mark>camp</mark>")
