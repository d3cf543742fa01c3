"""Only what an author changes is a version: never the furniture of the page, its theme, or how it is set."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from aggregator import dedupe, extract
from aggregator.model import Reading
from tests import furniture
from tests.furniture import ARTICLES, LAST, SEEN, UNSEEN, Written, capture

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
ALL = (*SEEN, *UNSEEN, *LAST)


def read(html: str) -> Reading:
    return extract.read_page(
        html.encode(), url="https://tide.example/2026/11/1/x", content_type="text/html; charset=utf-8", captured_at=NOON
    )


def digest(html: str) -> str:
    reading = read(html)
    return dedupe.version_digest(reading.title, reading.text)


def test_two_hundred_captures_in_which_only_furniture_changed_are_no_versions() -> None:
    false = []
    for n in range(200):
        draw = random.Random(n)
        article, kinds = ARTICLES[n % len(ARTICLES)], tuple(draw.sample(ALL, draw.randrange(1, len(ALL) + 1)))
        theme = n % 2
        again = theme if n % 5 else 1 - theme
        before, after = capture(article, kinds, n, theme=theme), capture(article, kinds, n + 1000, theme=again)
        if digest(before) != digest(after):
            false.append((n, set(read(before).text.split("\n")) ^ set(read(after).text.split("\n"))))

    assert false == []


def _last(article: Written, more: str) -> Written:
    return replace(article, paragraphs=(*article.paragraphs, more))


def _first(article: Written, more: str) -> Written:
    return replace(article, paragraphs=(more, *article.paragraphs))


EDITS: dict[str, Callable[[Written], Written]] = {
    "an update with its day": lambda a: _last(a, "Update 6 Feb: The hall is up and running, and the police have gone."),
    "an update with its hour": lambda a: _first(a, "update 7th february 5pm: nobody is inside any more"),
    "an update in a sentence": lambda a: _last(
        a, "Update: On the afternoon of the same day the fence was put up again."
    ),
    "a part of a rolling log": lambda a: _first(a, "*Thursday 17th September* The vans are back and so are we."),
    "new lines": lambda a: _last(a, "NEW INFO LINES: ask at the bakery, not at the port."),
    "a date in French": lambda a: _last(
        a, "Mise à jour du 3 octobre : les affaires ont été rendues à leurs propriétaires."
    ),
    "a word": lambda a: replace(
        a, paragraphs=(a.paragraphs[0].replace(" and ", " or ", 1) + " Really.", *a.paragraphs[1:])
    ),
    "a number": lambda a: _last(a, "Twelve people were held; the lawyer speaks of 14."),
    "a paragraph less": lambda a: replace(a, paragraphs=a.paragraphs[:-1]),
    "another title": lambda a: replace(a, title=a.title + ", at last"),
    "a comma": lambda a: replace(a, paragraphs=(a.paragraphs[0].replace(" ", ", ", 1), *a.paragraphs[1:])),
    "paragraphs in another order": lambda a: replace(a, paragraphs=a.paragraphs[::-1]),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS.keys())
@pytest.mark.parametrize("article", ARTICLES, ids=lambda a: a.language + a.title[:9])
def test_every_real_edit_is_a_version_also_among_new_furniture(
    article: Written, edit: Callable[[Written], Written]
) -> None:
    before, edited = digest(capture(article, ALL, 1)), edit(article)

    assert digest(capture(edited, ALL, 1)) != before
    assert digest(capture(edited, ALL, 2)) == digest(capture(edited, ALL, 1))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("It is “over”, they say – at last…", 'It is "over", they say - at last...'),
        ("L’été est là", "L'été est là"),
        ("Cafe\N{COMBINING ACUTE ACCENT}", "Café"),
        ("soft\N{SOFT HYPHEN}ened", "softened"),
        ("a\N{NO-BREAK SPACE}space", "a space"),
        ("One.\nTwo.", "One. Two."),
        ("• soup\n• bread", "soup\nbread"),
    ],
)
def test_how_a_text_is_set_is_no_edit(one: str, other: str) -> None:
    assert dedupe.version_digest("T", one) == dedupe.version_digest("T", other)


@pytest.mark.parametrize(
    "line",
    [
        "9 Commentaires",
        "≈ 9 Commentaires",
        "Lu 1 234 fois",
        "1,204 views",
        "Maj le 3 octobre 2023",
        "3 Kommentare",
        "Aufrufe: 12",
    ],
)
def test_a_counter_or_a_date_of_change_is_not_the_articles(line: str) -> None:
    article = ARTICLES[0]

    assert read(capture(_last(article, line), (), 1)).text.split("\n") == list(article.paragraphs)


@pytest.mark.parametrize(
    "line",
    [
        "Update 6 Feb: The hall is up and running.",
        "12 views of the harbour hang in the hall, and 3 of the fence.",
        "Published by nobody, read by all: 400 copies went in an hour.",
        "Vor 3 Tagen war hier noch eine Wiese, heute steht ein Zaun.",
        "9 comments on the fence, by its neighbours, will be read out on Sunday.",
    ],
)
def test_a_sentence_that_begins_like_one_stays(line: str) -> None:
    article = replace(ARTICLES[0], paragraphs=(ARTICLES[0].paragraphs[0], line, *ARTICLES[0].paragraphs[1:]))

    assert line in read(capture(article, (), 1)).text.split("\n")


def test_the_themes_of_the_furniture_differ_and_hold_the_same_article() -> None:
    pages = [capture(ARTICLES[0], (), 1, theme=n) for n in range(len(furniture.THEMES))]

    assert len(set(pages)) == len(pages)
    assert {read(page).text for page in pages} == {"\n".join(ARTICLES[0].paragraphs)}
