"""The pages in English, French and German: every message has a translation, and everybody is answered in their own."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import Environment, nodes
from jinja2.ext import extract_from_ast

import aggregator
from aggregator import alarms, notebook
from aggregator.dedupe import observing
from aggregator.home import Home
from aggregator.model import Outcome
from aggregator.replay import serving as copies
from aggregator.reposts.deciding import _SAID as DECIDED
from aggregator.web import rendering
from aggregator.web.asking import PERIODS, VIEWS
from aggregator.web.feeds.gathering import TITLES
from aggregator.web.languages.choosing import LANGUAGES, MAX_BACK_CHARS, chosen, is_own_path
from aggregator.web.languages.speaking import Speech
from aggregator.web.languages.wording import catalogue, counted, number
from aggregator.web.serving import application
from aggregator.web.sources import _SPANS
from tests.fakeweb import NOON
from tests.stockedhome import article, stocked
from tests.webbed import Seen, got, serving

OTHERS = [language for language in LANGUAGES if language != "en"]
TITLE = "<b>%(num)s</b> & \u202egpj.exe {{7*191}}"
TEXT = "The harbour was cleared of nets before the ferry came, and the réfugiés went ashore with all they had."
WEB = Path(aggregator.__file__).parent

Message = str | tuple[str, str]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home with a text that was edited and copied, and a title that is meant to run; its source was never visited."""
    made = stocked(
        tmp_path_factory.mktemp("languages") / "home",
        [
            article("one", TEXT, title=TITLE, at="2026-09-02", language="en"),
            article("one", f"{TEXT} They said so.", title=TITLE, at="2026-09-02", seen=NOON + timedelta(days=3)),
            article("two", TEXT, title="Harbour", of="b", language="en"),
            article("three", "Nobody came to the samovars.", title="", of="c", language="en"),
        ],
    )
    made.sources_yaml.write_text(
        "settings: {contact: desk@example.org, min_free: 1MB}\nsources: [{id: a, name: A, url: 'http://a.example/'}]\n"
    )
    return made


@pytest.fixture(scope="module")
def served(home: Home) -> Iterator[str]:
    """Where the pages of the home are served."""
    with serving(application(home)) as address:
        yield address


@pytest.fixture
def get(served: str) -> Callable[..., requests.Response]:
    def ask(path: str, accepted: str = "", **how: Any) -> requests.Response:
        headers = {"Accept-Language": accepted} if accepted else {}
        return got(served + path, headers=headers | how.pop("headers", {}), **how)

    return ask


Get = Callable[..., requests.Response]


@pytest.fixture(scope="module")
def ids(home: Home) -> dict[str, str]:
    """The articles by their sources."""
    with notebook.open_home(home.root) as opened:
        return {one.source_id: one.id for one in opened.search("")}


# --- the catalogues -------------------------------------------------------------------------------------------------


def environment() -> Environment:
    return rendering._TEMPLATES


def parsed() -> Iterator[tuple[str, nodes.Template]]:
    for name in environment().list_templates():
        yield name, environment().parse((rendering.HERE / "templates" / name).read_text("utf-8"))


def several(what: str) -> Message:
    return f"%(num)s {what}", f"%(num)s {what}s"


@cache
def of_templates() -> frozenset[Message]:
    """What the templates say, and what they count."""
    found: set[Message] = set()
    for _, tree in parsed():
        for _, function, said in extract_from_ast(tree):
            texts = [text for text in (said if isinstance(said, tuple) else (said,)) if text is not None]
            found.add((texts[0], texts[1]) if function == "ngettext" else texts[0])
        for counts in tree.find_all(nodes.Filter):
            if counts.name == "counted" and isinstance(counts.args[0], nodes.Const):
                found.add(several(counts.args[0].value))
    return frozenset(found)


@cache
def of_python() -> frozenset[str]:
    """What the modules of the pages say themselves."""
    found = set()
    for path in WEB.glob("web/**/*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            match node:
                case ast.Call(func=ast.Name(id="phrase" | "worded"), args=[ast.Constant(value=str(said)), *_]):
                    found.add(said)
    return frozenset(found)


def handed_on() -> set[str]:
    """Words that modules hand to templates, which translate them by their names."""
    kinds = "verbatim retitled truncated excerpt quote roundup edited reblog translation joint mirror migrated"
    heights = ("Articles found", "Per million words", "Share of all articles, in %")
    contents = ("first capture", "same content", "content changed")
    return {
        *VIEWS.values(),
        *TITLES.values(),
        *alarms.Kind,
        *("paused", "never visited", "failed", "well"),
        *Outcome,
        *(observing.BACK, observing.EMPTY, observing.VANISHED, observing.BLOCKED, observing.UNAVAILABLE),
        *kinds.split(),
        *(f"source of {kind}" for kind in ("excerpt", "quote", "roundup")),
        *("copied", "translated"),
        *DECIDED.values(),
        *PERIODS,
        *heights,
        *contents,
        *(said for _, *spans in _SPANS for said in spans),
        *(f"{date(2026, month, 1):%B}" for month in range(1, 13)),
        *("Plain text", "JSON lines", "Source", "Language"),
        *("kB", "MB", "GB", "TB"),
    }


def everything() -> dict[str, Message]:
    """What is to be translated, by how catalogues name it."""
    named: Iterable[Message] = (*of_templates(), *of_python(), *handed_on())
    return {said if isinstance(said, str) else said[0]: said for said in named}


@pytest.mark.parametrize("language", OTHERS)
def test_every_message_has_a_translation_and_no_translation_is_left_over(language: str) -> None:
    assert len(of_templates()) > 200
    assert set(catalogue(language)) == set(everything())
    for name, said in everything().items():
        there = catalogue(language)[name]
        assert [type(there), len(there)] == [list, 2] if isinstance(said, tuple) else isinstance(there, str), name
        assert all(form.strip() for form in ([there] if isinstance(there, str) else there)), name


def put_in(text: str) -> tuple[list[str], list[str]]:
    """What must be the same in a message and its translation: values in any order, signs of per cent, and elements."""
    return sorted(re.findall(r"%\(\w+\)s|%%|%(?![(%])", text)), re.findall(r"<code>.+?</code>|</?\w+>", text)


@pytest.mark.parametrize("language", OTHERS)
def test_what_is_put_into_a_message_is_put_into_its_translation(language: str) -> None:
    for name, there in catalogue(language).items():
        for form in [there] if isinstance(there, str) else there:
            if "(brackets)" not in name:
                assert put_in(form) == put_in(name)


@pytest.mark.parametrize("language", OTHERS)
def test_no_message_stands_twice_in_a_catalogue(language: str) -> None:
    def once(pairs: list[tuple[str, object]]) -> dict[str, object]:
        assert len(dict(pairs)) == len(pairs)
        return dict(pairs)

    text = (WEB / "web/languages" / f"{language}.json").read_text("utf-8")
    assert list(json.loads(text, object_pairs_hook=once)) == list(catalogue(language))


def test_nothing_of_a_stranger_is_taken_for_a_message() -> None:
    """A message is HTML of ours; so it stands in the template as it is, and is no variable."""
    for name, tree in parsed():
        for call in tree.find_all(nodes.Call):
            if isinstance(call.node, nodes.Name) and call.node.name in ("_", "gettext", "ngettext"):
                messages = call.args[: 2 if call.node.name == "ngettext" else 1]
                assert all(isinstance(each, nodes.Const) for each in messages), f"{name}:{call.lineno}"


def test_templates_have_no_words_of_their_own() -> None:
    """But for names, codes and units, all text between elements, and what is read out, comes from a message."""
    own = {"aggregator", "UTC", "HTTP", "Atom", "JSON", "Feed"}
    for path in (rendering.HERE / "templates").rglob("*.html"):
        bare = re.sub(r"{%.*?%}|{{.*?}}", "¤", path.read_text("utf-8"), flags=re.DOTALL)
        read_out = re.findall(r'(?:title|aria-label|data-name|alt)="([^"]*)"', bare)
        bare = re.sub(r"<(code|script|style)\b.*?</\1>|<[^>]*>|&\w+;", " ", bare, flags=re.DOTALL)
        bare = re.sub(r"\S*/\S*", " ", bare)  # addresses
        words = set(re.findall(r"[A-Za-z]{2,}", " ".join((bare, *read_out))))
        assert words <= own, f"{path.name}: {sorted(words - own)}"


# --- which language -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "en"),
        ("fr", "fr"),
        ("de-AT", "de"),
        ("FR-ca", "fr"),
        ("fr-CH, fr;q=0.9, de;q=0", "fr"),
        ("fr-CH, en;q=0.9, fr;q=0.5", "fr"),
        ("de;q=0.5, fr;q=0.8, en;q=0.1", "fr"),
        ("de, fr", "de"),
        ("fr, de", "fr"),
        ("ar, de;q=0.7, en;q=0.3", "de"),
        ("ar", "en"),
        ("*", "en"),
        ("en;q=0, *", "fr"),
        ("de, en;q=0.9, *;q=0.1", "de"),
        ("ar, *;q=0.5", "en"),
        ("*;q=0", "en"),
        ("de;q=0, en;q=0, fr;q=0", "en"),
        ("fr;q=0, fr-CH", "en"),
        ("de ; q=1.000 , fr", "de"),
        ("fr;q=1.5, de;q=0.2", "de"),
        ("fr;q=0.1234, de;q=0.1", "de"),
        ("fr;q=x, de;q=-1, frfrfrfrfr, fr-, -fr, fr;level=1", "en"),
        (";,;,;=,*-,q=1,fr;q=\x00", "en"),
        ("fr" * 4_000, "en"),
        ("x," * 4_000 + "fr", "en"),
        ("-" * 8_000, "en"),
        ("fr" + " " * 8_000 + ";q=1x", "en"),
    ],
)
def test_the_language_is_the_one_that_the_browser_asks_for(accepted: str, language: str) -> None:
    assert chosen(None, accepted) == language


@given(st.one_of(st.none(), st.text(max_size=9)), st.text(alphabet="frden*-;=q01., \tx\x00é", max_size=200))
def test_whatever_is_asked_for_the_answer_is_a_language_of_the_pages(cookie: str | None, accepted: str) -> None:
    assert chosen(cookie, accepted) in LANGUAGES


def test_what_somebody_chose_wins_over_what_the_browser_asks_for() -> None:
    assert chosen("de", "fr") == "de"
    assert chosen("en", "fr") == "en"
    for none in ("", "it", "DE", "de;fr", "__class__", "../fr"):
        assert chosen(none, "fr") == "fr"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_says_in_which_language_it_is(get: Get, ids: dict[str, str], language: str) -> None:
    for path in ("/", "/?q=harbour", "/sources", "/feeds", "/reposts", "/nothing", f"/articles/{ids['a']}"):
        answer = get(path, language)
        page = Seen(answer.text)
        assert [attributes for tag, attributes in page.elements if tag == "html"] == [{"lang": language}]
        assert answer.headers["content-language"] == language
        assert {"Accept-Language", "Cookie"} <= set(answer.headers["vary"].split(", "))


def test_a_search_reads_as_french_and_as_german(get: Get) -> None:
    french, german = (Seen(get("/?q=harbour", language).text).text for language in OTHERS)
    assert "2\u202farticles" not in french and "2 articles" in french and "Reprises" in french
    assert "2 Artikel" in german and "Zeiten, Sortierung, Hilfe" in german and "Im Kontext" in german
    for english in ("Skip to the content", "Over time", "What is understood", "Search", "hits"):
        assert english not in french and english not in german


def test_what_narrows_a_search_and_the_names_of_kinds_are_translated(get: Get, ids: dict[str, str]) -> None:
    narrowed = Seen(get("/?q=harbour&source=a&since=2026-09&as_of=2026-12", "de").text).text
    assert "Quelle: a" in narrowed and "veröffentlicht seit 2026-09" in narrowed
    assert "wie zu lesen am 2026-12" in narrowed
    family = Seen(get(f"/articles/{ids['a']}/family", "fr").text)
    assert "sous un autre titre\u00a0: a → b" in family.text
    assert ("li", {"lang": "en"}) in family.elements  # why that is thought
    assert "nie besucht" in get("/sources", "de").text


def test_texts_of_others_keep_their_language_and_their_direction(get: Get, ids: dict[str, str]) -> None:
    page = Seen(get(f"/articles/{ids['a']}", "de").text)
    assert {"lang": "en", "dir": "auto"} in [attributes for tag, attributes in page.elements if tag == "h1"]
    untitled = Seen(get(f"/articles/{ids['c']}", "de").text)
    assert {"lang": "de", "dir": "auto"} in [attributes for tag, attributes in untitled.elements if tag == "h1"]
    assert "(ohne Titel)" in untitled.text


def test_what_a_stranger_wrote_stays_text_inside_a_translated_sentence(get: Get, ids: dict[str, str]) -> None:
    for language in LANGUAGES:
        for path in ("/changes", "/family"):
            html = get(f"/articles/{ids['a']}{path}", language).text
            title = html[html.index("<title>") : html.index("</title>")]
            assert "&lt;b&gt;%(num)s&lt;/b&gt; &amp; gpj.exe {{7*191}}" in title
            assert "<b>" not in html and "\u202e" not in html
        asked = get(f"/export?q={quote('harbour OR <b>%(words)s %s')}", language).text
        assert "harbour OR &lt;b&gt;%(words)s %s" in asked and "<b>" not in asked
        chips = get(f"/?q=harbour&source={quote('<b>%(time)s')}&since=2026", language).text
        assert "<b>" not in chips and "&lt;b&gt;%(time)s" in chips


def test_answers_given_at_the_same_time_do_not_change_each_others_language(get: Get) -> None:
    wanted = [*LANGUAGES] * 20
    with ThreadPoolExecutor(8) as pool:
        answers = pool.map(lambda language: get("/?q=harbour", language), wanted)
        assert [answer.headers["content-language"] for answer in answers] == wanted


def test_archived_copies_are_listed_in_the_language_too(home: Home) -> None:
    with serving(copies.application(home)) as address:
        asked = {
            language: requests.get(address, headers={"Accept-Language": language}, timeout=20) for language in OTHERS
        }
        missing = requests.get(f"{address}/web/*/http://nobody.example/", cookies={"language": "de"}, timeout=20)
    assert "Copies archivées" in asked["fr"].text and "Archivierte Kopien" in asked["de"].text
    assert (missing.status_code, missing.headers["content-language"]) == (404, "de")
    assert "Nicht vorhanden" in missing.text


def test_what_programs_read_stays_english(get: Get) -> None:
    assert get("/api/search?q=harbour", "fr").json().keys() == get("/api/search?q=harbour").json().keys()
    assert "<title>New articles" in get("/feeds/new.atom", "fr").text
    assert get("/api/nothing", "fr").json() == get("/api/nothing").json()


# --- numbers ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def speaking(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Answers in a language, without a request."""

    def speak(language: str) -> None:
        monkeypatch.setattr("aggregator.web.languages.wording.speech", lambda: Speech(language))

    return speak


@pytest.mark.parametrize(
    ("language", "none", "one", "many", "share", "size"),
    [
        ("en", "0 articles", "1 article", "1,234 articles", "12.5%", "1,234.5"),
        ("fr", "0 article", "1 article", "1\u202f234 articles", "12,5\u202f%", "1\u202f234,5"),
        ("de", "0 Artikel", "1 Artikel", "1.234 Artikel", "12,5\u00a0%", "1.234,5"),
    ],
)
def test_numbers_and_what_they_count_are_set_as_the_language_does(
    speaking: Callable[[str], None], language: str, none: str, one: str, many: str, share: str, size: str
) -> None:
    speaking(language)
    assert [counted(count, "article") for count in (0, 1, 1234)] == [none, one, many]
    assert (number(0.125, ".1%"), number(1234.5, ",.1f")) == (share, size)
    assert rendering._bytes(1_500_000) == {"en": "1.5 MB", "fr": "1,5 Mo", "de": "1,5 MB"}[language]


# --- the choice -------------------------------------------------------------------------------------------------------


def test_a_language_is_chosen_with_a_link_and_leads_back(served: str) -> None:
    with requests.Session() as browser:
        browser.headers["Accept-Language"] = "de"
        page = Seen(browser.get(f"{served}/?q=harbour+%22and+the%22&since=2026", timeout=20).text)
        [link] = [link for link in page.links() if link.startswith("/language/fr")]
        answer = browser.get(served + link, timeout=20)

        assert [each.status_code for each in answer.history] == [303]
        assert answer.url == f"{served}/?q=harbour+%22and+the%22&since=2026"
        assert answer.headers["content-language"] == "fr"
        said = answer.history[0].headers["set-cookie"]
        assert said == "language=fr; HttpOnly; Max-Age=31536000; Path=/; SameSite=lax"
        assert browser.get(f"{served}/sources", timeout=20).headers["content-language"] == "fr"


def test_an_error_leads_back_to_the_first_page(get: Get) -> None:
    page = Seen(get("/nothing/secret").text)
    assert "/language/de?back=/" in page.links()


def test_a_page_that_was_asked_for_with_a_form_leads_back_to_the_form(served: str) -> None:
    page = Seen(requests.post(f"{served}/reposts", data={"text": TEXT}, timeout=20).text)
    assert "/language/de?back=/reposts" in page.links()


def test_an_address_too_long_to_lead_back_to_is_cut_at_its_question_mark(get: Get) -> None:
    page = Seen(get(f"/sources?{'x' * 4_000}").text)
    assert "/language/de?back=/sources" in page.links()


@pytest.mark.parametrize("name", ["it", "none", "FR", "..%2ffr", "fr%0d%0aSet-Cookie:x=1", ""])
def test_a_language_that_is_none_is_not_kept(get: Get, name: str) -> None:
    answer = get(f"/language/{name}", allow_redirects=False)
    assert answer.status_code == 404
    assert "set-cookie" not in answer.headers


ELSEWHERE = [
    "",
    "sources",
    "http://evil.example/",
    "https:evil.example",
    "javascript:alert(1)",
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "\t//evil.example",
    " //evil.example",
    "/x//evil.example",
    "/.//evil.example",
    "/sources\r\nSet-Cookie: a=b",
    "/sources\x00",
    "/\u2028/evil.example",
    "/" + "x" * MAX_BACK_CHARS,
]


@pytest.mark.parametrize("back", ELSEWHERE)
def test_a_link_leads_nowhere_but_to_this_server(get: Get, back: str) -> None:
    assert not is_own_path(back)
    answer = get(f"/language/fr?back={quote(back, safe='')}", allow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")


@pytest.mark.parametrize(
    "back", ["/", "/sources", "/?q=a%2F%2Fb&since=2026", "/articles/x/family", "/?q=http://a.example"]
)
def test_a_link_leads_back_to_what_was_asked_for(get: Get, back: str) -> None:
    answer = get(f"/language/fr?back={quote(back, safe='')}", allow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, back)


def test_a_cookie_that_is_none_of_ours_is_passed_over(get: Get) -> None:
    for cookie in ("language=it", "language", "=;;;language=", "language=" + "x" * 8_000, 'language="fr"x; a=b'):
        answer = get("/?q=harbour", "de", headers={"Cookie": cookie})
        assert (answer.status_code, answer.headers["content-language"]) == (200, "de")
