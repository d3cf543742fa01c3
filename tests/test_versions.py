"""Only what an author changes is a version: never the furniture of the page, its theme, or how it is set."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aggregator import dedupe, extract
from aggregator.model import Reading
from tests import furniture
from tests.fakecli import Aggregator
from tests.fakeweb import STORY, FakeWeb, catalogue, crawl, feed, page, redirect, source
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


# What was observed at an article's address


def test_vanished_blocked_unavailable_empty_and_back_are_observations_of_their_own(tmp_path: Path) -> None:
    url = "http://a.example/1"
    web = FakeWeb({})
    answers: list[object] = [
        page(STORY),
        page(STORY),
        404,
        410,
        page(STORY),
        403,
        redirect("/login?next=1"),
        429,
        "<p></p>",
    ]
    for n, answer in enumerate(answers):
        web.pages = {"http://a.example/feed": feed(url, updated=f"2026-11-{n + 2:02}T10:00:00Z"), url: answer}
        web.now += timedelta(days=1)
        crawl(tmp_path, web, source("a"))

    with catalogue(tmp_path) as known:
        (article,) = known.articles(known.article_ids()).values()
        args = known.captures_at(url), known.sightings(article.id), known.versions(article.id)
    observed = dedupe.observations(*args)

    assert [o.what for o in observed] == ["seen", "vanished", "back", "blocked", "unavailable", "empty"]
    assert [o.why for o in observed[1:4]] == ["HTTP 404", "", "HTTP 403"]
    assert dedupe.observations(args[0][::-1], *args[1:]) == observed
    assert article.number == 1
    assert article.text.startswith("Just before six")


def test_show_names_edits_and_absences(tmp_path: Path, aggregator: Aggregator) -> None:
    url = "http://a.example/1"
    edited = page(STORY + "\n\nUpdate 6 Feb: the kettles are back.", title="Four vans, again")
    web = FakeWeb({})
    for n, answer in enumerate([page(STORY, title="Four vans"), edited, 404]):
        web.pages = {"http://a.example/feed": feed(url, updated=f"2026-11-{n + 2:02}T10:00:00Z"), url: answer}
        web.now += timedelta(days=1)
        crawl(tmp_path, web, source("a"))

    said = aggregator("--home", tmp_path, "show", url)

    assert "title was “Four vans” · note “Update 6 Feb: the kettles are back.” · +7 −0 words" in " ".join(
        said.out.split()
    )
    assert "vanished (HTTP 404)" in said.out
    (vanished,) = (o for o in json.loads(aggregator("--home", tmp_path, "show", url, "--json").out)["observations"][1:])
    assert vanished["what"] == "vanished"
