"""Pages of several posts: each is an article of its own; pages of one article stay one."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from aggregator import credits, extract
from aggregator.dates import day_of
from aggregator.model import Reading
from tests import frontpages
from tests.frontpages import MARKUPS, PAGE, POSTS, Written

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
Markup = Callable[[tuple[Written, ...]], str]


def read(html: str, url: str = PAGE) -> Reading:
    return extract.read_page(html.encode(), url=url, content_type="text/html; charset=utf-8", captured_at=NOON)


@pytest.mark.parametrize("markup", MARKUPS, ids=lambda markup: markup.__name__)
def test_seven_posts_are_found_with_titles_dates_texts_and_credits(markup: Markup) -> None:
    posts = read(markup(POSTS)).posts

    assert [post.title for post in posts] == [written.title for written in POSTS]
    assert [f"{post.claimed_at:%Y-%m-%d}" for post in posts] == [written.day for written in POSTS]
    assert [post.text.split("\n") for post in posts] == [written.lines for written in POSTS]
    found = [[credit.outlet for credit in credits.find_credits(post.text)] for post in posts]
    assert found == [[written.outlet] if written.outlet else [] for written in POSTS]


@pytest.mark.parametrize("markup", MARKUPS, ids=lambda markup: markup.__name__)
def test_each_post_has_an_address_that_no_other_has(markup: Markup) -> None:
    posts = read(markup(POSTS)).posts

    assert len({post.url for post in posts}) == len(POSTS)
    if markup is frontpages.unlinked:
        assert posts[0].url == f"{PAGE}#note-0"
    elif markup is not frontpages.spip:
        assert all(written.path in (post.url or "") for post, written in zip(posts, POSTS, strict=True))


def _without_titles(posts: tuple[Written, ...], *numbers: int) -> tuple[Written, ...]:
    return tuple(replace(p, title=None) if n in numbers else p for n, p in enumerate(posts))


@pytest.mark.parametrize("markup", frontpages.MARKUPS)
def test_posts_without_a_headline_have_none(markup: Markup) -> None:
    extra = Written(
        title=None,
        path="/2026/10/30/stove",
        day="2026-10-30",
        shown_day="30 October 2026",
        paragraphs=("The stove came by boat and is now in the hall; four people are needed to carry it upstairs.",),
    )
    written = _without_titles((*POSTS, extra), 3)

    posts = read(markup(written)).posts

    assert [post.title for post in posts] == [w.title for w in written]
    assert [post.text.split("\n") for post in posts] == [w.lines for w in written]
    assert sum(bool(credits.find_credits(post.text)) for post in posts) == 2


ARTICLE = "".join(f"<p>{line} {line}</p>" for post in POSTS for line in post.paragraphs)


def _teasers(wrapper: str, label: str = "") -> str:
    return "".join(
        f'<{wrapper} class="{label}"><h3><a href="{p.path}">{p.title}</a></h3><p>{p.paragraphs[0][:90]}</p></{wrapper}>'
        for p in POSTS
    )


@pytest.mark.parametrize(
    "body",
    [
        f"<h1>What happened in November</h1>{ARTICLE}",
        f"<h1>What happened in November</h1>{ARTICLE}{_teasers('article')}",
        f"<h1>What happened in November</h1>{ARTICLE}<div class='related'>{_teasers('div', 'post')}</div>",
        "<h1>What happened in November</h1>"
        + "".join(f"<h2>{p.title}</h2><p>{' '.join(p.paragraphs)}</p>" for p in POSTS),
        "<h1>What happened in November</h1>"
        + "".join(
            f"<h2><a id='{n}' href='#{n}'>{p.title}</a></h2><p>{' '.join(p.paragraphs)}</p>"
            for n, p in enumerate(POSTS)
        ),
        f"<h1>The quay</h1><p>{POSTS[1].paragraphs[0]}</p><div id='comments'>"
        + "".join(
            f"<div class='post'><h4><a href='/c/{n}'>{p.title}</a></h4><i>{p.shown_day}</i>"
            f"<p>{' '.join(p.paragraphs)}</p></div>"
            for n, p in enumerate(POSTS)
        )
        + "</div>",
        "<h1>The quay, day by day</h1>"
        + "".join(
            f"<h3>{day} 1{n}th</h3><p>{' '.join(p.paragraphs)}</p>"
            for n, (day, p) in enumerate(
                zip(("Thursday", "Wednesday", "Tuesday", "Monday", "Sunday", "Saturday", "Friday"), POSTS, strict=True)
            )
        ),
        "<h1>Live: the quay</h1>"
        + "".join(
            f"<div class='post'><h3>1{n}:30</h3><p>{' '.join(p.paragraphs)}</p></div>" for n, p in enumerate(POSTS)
        ),
        "<ul>" + "".join(f"<li><h3><a href='{p.path}'>{p.title}</a></h3></li>" for p in POSTS) + "</ul>",
    ],
    ids=[
        "plain",
        "teasers",
        "related",
        "sections",
        "anchored sections",
        "comments",
        "rolling log",
        "live blog",
        "links",
    ],
)
def test_a_page_of_one_article_stays_one(body: str) -> None:
    head = "<head><title>What happened in November | Tide</title></head>"
    page = f"<html>{head}<body><div id='main'>{body}</div></body></html>"

    assert read(page, f"{PAGE}2026/11/30/november").posts == ()


def test_a_post_that_is_cut_short_says_so() -> None:
    page = frontpages.wordpress().replace(
        "until the evening.</p>", f'until the evening […] <a href="{POSTS[1].path}">Continue reading</a></p>'
    )

    posts = read(page).posts

    assert [extract.EXCERPT in post.problems for post in posts] == [n == 1 for n in range(len(POSTS))]


def test_a_post_dated_after_its_capture_has_no_date() -> None:
    page = frontpages.unlinked().replace("20 November 2026", "20 November 2027")

    assert [post.claimed_at is None for post in read(page).posts] == [n == 0 for n in range(len(POSTS))]


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("8 février 2010", date(2010, 2, 8)),
        ("Monday, 8th February 2010", date(2010, 2, 8)),
        ("February 8, 2010 at 10:20", date(2010, 2, 8)),
        ("8. Februar 2010", date(2010, 2, 8)),
        ("8 de febrero de 2010", date(2010, 2, 8)),
        ("8 febbraio 2010", date(2010, 2, 8)),
        ("maandag 8 februari 2010", date(2010, 2, 8)),
        ("1er août 2010", date(2010, 8, 1)),
        ("dimanche 07.02.2010, 05:03", date(2010, 2, 7)),
        ("02/28/2010", date(2010, 2, 28)),
        ("2010-02-08T10:20:00+01:00", date(2010, 2, 8)),
        ("Mon, 08 Feb 2010 10:20:00 GMT", date(2010, 2, 8)),
        ("Thursday 4th February", None),
        ("31 February 2010", None),
        ("Room 12, Marble Street 2010", None),
    ],
)
def test_a_day_is_read_in_the_words_of_its_language(written: str, day: date | None) -> None:
    assert day_of(written) == day


@pytest.mark.parametrize(
    "page",
    [
        "<div>" * 3000 + "".join(f"<h3><a href='/{n}'>T {n}</a></h3><p>x</p>" for n in range(3000)),
        "".join(f"<b>Title {n}</b><br>" for n in range(20_000)),
        "".join(
            f"<div class='post title'><h2><a href='/{n}'>A{n}</a></h2><p>{'word ' * 30}</p></div>" for n in range(3000)
        ),
        "<h2><h2>" * 5000,
    ],
    ids=["deep", "bold", "many", "nested"],
)
def test_awkward_pages_end(page: str) -> None:
    began = time.process_time()

    read(page)

    assert time.process_time() - began < 9
