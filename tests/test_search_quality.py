"""How well what is looked for is found: a text that somebody half remembers comes first, in six languages.

For every text of the demo world a query is derived by rule: three or four of its telling words, as they stand, without
accents, or in another form. The figure is the mean reciprocal rank of the text; of a copy that is folded into a hit,
that of the hit.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import mean

import pytest

from aggregator import analysis, search
from aggregator.demo.model import SECOND_VISIT
from aggregator.demo.world import load_world
from aggregator.home import Home
from aggregator.query import parse
from tests.fakeweb import FakeWeb, articles, crawl, feed, page, source
from tests.indexing import ENGINES, indexed

LANGUAGES = ("fr", "de", "es", "it", "nl", "en")
MRR_FLOOR = 0.95
ASKED = 4
"""Words of a query; of a title that has fewer, three."""
MIN_LETTERS = 4
"""Shorter words are rarely what one remembers."""


@dataclass(frozen=True, slots=True)
class Text:
    """One text of those that are searched."""

    url: str
    language: str
    title: str
    paragraphs: tuple[str, ...]


@cache
def texts() -> tuple[Text, ...]:
    """Every text of the demo world."""
    posts = [post.at(SECOND_VISIT) for post in load_world().posts.values()]
    return tuple(Text(f"http://{p.site_id}.example/{p.id}", p.language, p.title, p.paragraphs) for p in posts)


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with all texts, each on a page of its own."""
    folder = tmp_path_factory.mktemp("home")
    pages: dict[str, object] = {}
    announced: dict[str, list[str]] = {}
    for text in texts():
        pages[text.url] = page("\n\n".join(text.paragraphs), title=text.title, language=text.language)
        announced.setdefault(text.url.split("/")[2].removesuffix(".example"), []).append(text.url)
    pages |= {f"http://{name}.example/feed": feed(*urls) for name, urls in announced.items()}
    crawl(folder, FakeWeb(pages), *map(source, announced))
    assert {(a.url, a.language, a.title) for a in articles(folder).values()} == {
        (text.url, text.language, text.title) for text in texts()
    }
    return folder


@pytest.fixture(scope="module", params=ENGINES)
def root(request: pytest.FixtureRequest, crawled: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same home, with the index of an engine."""
    folder = tmp_path_factory.mktemp(request.param) / "home"
    shutil.copytree(crawled, folder)
    indexed(Home(folder).fulltext, request.param, articles(folder).values())
    return folder


# What a query is made of


def words(text: str) -> list[str]:
    """The words of a text as they stand, each once."""
    tokens = (text[token.start : token.end] for token in analysis.tokens(text))
    return list(dict.fromkeys(word for word in tokens if len(word) >= MIN_LETTERS and word.isalpha()))


@cache
def holders() -> Mapping[str, int]:
    """In how many texts a word stands, without case and accents."""
    return Counter(
        word for text in texts() for word in set(analysis.folded(" ".join((text.title, *text.paragraphs))))
    )


def telling(some: Iterable[str]) -> list[str]:
    """Of some words those that the fewest texts have, the longest first among equals; in the order of the text."""
    given = list(some)
    best = sorted(given, key=lambda word: (holders()[analysis.fold(word)], -len(word)))[:ASKED]
    return [word for word in given if word in best]


def remembered(text: Text) -> list[str]:
    """The telling words of the title; where that has fewer than three, the text's first paragraph helps out."""
    title = words(text.title)
    return telling(title) if len(title) >= 3 else telling(list(dict.fromkeys([*title, *words(text.paragraphs[0])])))


def as_it_stands(word: str, language: str) -> str:
    return word


def without_accents(word: str, language: str) -> str:
    return analysis.fold(word)


def in_another_form(word: str, language: str) -> str:
    """The plural of a word, or the singular if it looks like a plural: by the ending alone, as a learner would."""
    if language == "it":
        return word[:-1] + {"o": "i", "a": "e", "e": "i", "i": "o"}.get(word[-1], word[-1])
    if language in ("de", "nl"):
        if language == "nl" and word.endswith("s"):
            return word[:-1]
        return word[:-1] if word.endswith("en") else word + ("n" if word.endswith("e") else "en")
    if word.endswith("s"):
        return word[:-1]
    return word + ("es" if language == "es" and word[-1] not in "aeiouáéíóú" else "s")


FORMS: dict[str, Callable[[str, str], str]] = {
    "as it stands": as_it_stands,
    "without accents": without_accents,
    "in another form": in_another_form,
}


# How well it is found


def rank(root: Path, query: str, url: str, by_id: Mapping[str, str]) -> int | None:
    """At which place the text stands, from 1; None: it is not among the first hundred hits."""
    hits = search.search(Home(root), parse(query), limit=100).hits
    for place, hit in enumerate(hits, 1):
        if url in (hit.article.url, *(by_id[copy] for copy in hit.copies)):
            return place
    return None


def ranks(root: Path, language: str, form: str) -> dict[str, int | None]:
    """Of every text in a language, by what is asked for it, the place."""
    by_id = {article.id: url for url, article in articles(root).items()}
    asked = {
        text: " ".join(FORMS[form](word, language) for word in remembered(text))
        for text in texts()
        if text.language == language
    }
    return {f"{text.url} {query}": rank(root, query, text.url, by_id) for text, query in asked.items()}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_text_of_which_a_few_words_are_remembered_comes_first(root: Path, language: str, form: str) -> None:
    found = ranks(root, language, form)

    assert len(found) > 10
    not_first = {asked: place for asked, place in found.items() if place != 1}
    assert mean(1 / place if place else 0.0 for place in found.values()) >= MRR_FLOOR, not_first
