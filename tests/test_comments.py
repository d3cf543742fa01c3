"""What readers wrote under an article: apart from its text in the markups of Indymedia's engines and others."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from aggregator import extract
from aggregator.model import Reading
from tests.fakeweb import FakeWeb, crawl, feed, found, source
from tests.test_extract import BODY, PARAGRAPHS, TITLE

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
WRITTEN = (
    "I was there until ten and nobody told us why the gate was shut, so thank you for writing this down.",
    "The number of the bus that took them away was 4471, if anybody needs it for the hearing on Friday.",
)
ONE, TWO = WRITTEN

MARKUPS = {
    "mir": f"""<div class="article"><h1>{TITLE}</h1>{BODY}</div>
        <h3>Additions</h3>
        <div><b>thanks</b><p>{ONE}</p><i>a neighbour</i></div><div><b>the bus</b><p>{TWO}</p><i>witness</i></div>""",
    "sf-active": f"""<table><tr><td><div class="heading">{TITLE}</div>{BODY}</td></tr></table>
        <table><tr><td><strong>Comments</strong> (<a href="?show_comments=0">Hide Comments</a>)</td></tr>
        <tr><td><b>thanks</b><br>by neighbour<br><blockquote>{ONE}</blockquote></td></tr>
        <tr><td><b>the bus</b><br>by witness<br><blockquote>{TWO}</blockquote></td></tr></table>""",
    "oscailt": f"""<table><tr><td><h1>{TITLE}</h1>{BODY}</td></tr></table>
        <h3>Comments (2 of 2)</h3><a href="#top">Jump To Comment: 1 2</a>
        <table><tr><td>thanks<br>by neighbour</td></tr><tr><td><p>{ONE}</p></td></tr>
        <tr><td>the bus<br>by witness</td></tr><tr><td><p>{TWO}</p></td></tr></table>""",
    "hyperactive": f"""<div id="content"><h1>{TITLE}</h1><div class="body">{BODY}</div>
        <div id="extra"><h2>Comments</h2><div class="single"><h3>thanks</h3><p>{ONE}</p></div>
        <div class="single"><h3>the bus</h3><p>{TWO}</p></div></div></div>""",
    "drupal": f"""<div class="node"><h1>{TITLE}</h1><div class="content">{BODY}</div></div>
        <div id="comments" class="comment-wrapper"><h2 class="title">Comments</h2>
        <div class="comment"><h3>thanks</h3><div class="content"><p>{ONE}</p></div></div>
        <div class="comment"><h3>the bus</h3><div class="content"><p>{TWO}</p></div></div></div>""",
    "spip": f"""<div class="contenu-principal"><h1>{TITLE}</h1><div class="texte">{BODY}</div></div>
        <h2>2 commentaires</h2><ul class="forum"><li><p>{ONE}</p></li><li><p>{TWO}</p></li></ul>""",
    "mutu": f"""<main><h1>{TITLE}</h1><div class="texte">{BODY}</div>
        <h2>Compléments d’info</h2><div><p>{ONE}</p></div><div><p>{TWO}</p></div></main>""",
    "linksunten": f"""<div><h1>{TITLE}</h1>{BODY}</div>
        <h2>Kommentare</h2><div><p>{ONE}</p></div><div><p>{TWO}</p></div>""",
    "wordpress": f"""<article><h1>{TITLE}</h1><div class="entry-content">{BODY}</div></article>
        <div id="respond-list"><h2 class="comments-title">2 comments on this post</h2><ol class="commentlist">
        <li class="comment"><p>{ONE}</p></li><li class="comment"><p>{TWO}</p></li></ol></div>""",
}


def page(markup: str, paragraph: str = "") -> bytes:
    body = MARKUPS[markup].replace(PARAGRAPHS[2], paragraph or PARAGRAPHS[2])
    return f"<html><head><title>{TITLE}</title></head><body>{body}</body></html>".encode()


def read(body: bytes, *, with_comments: bool) -> Reading:
    return extract.read_page(
        body,
        url="https://tide.example/2026/11/20/quay",
        content_type="text/html; charset=utf-8",
        captured_at=NOON,
        with_comments=with_comments,
    )


@pytest.mark.parametrize("markup", MARKUPS)
def test_comments_are_no_part_of_the_text(markup: str) -> None:
    reading = read(page(markup), with_comments=False)

    assert reading.text.split("\n") == list(PARAGRAPHS)
    assert reading.comments == ""


@pytest.mark.parametrize("markup", MARKUPS)
def test_comments_are_given_when_asked_for(markup: str) -> None:
    reading = read(page(markup), with_comments=True)

    assert all(one in reading.comments.split("\n") for one in WRITTEN)
    assert not any(paragraph in reading.comments for paragraph in PARAGRAPHS)
    assert reading.text.split("\n") == list(PARAGRAPHS)


@pytest.mark.parametrize("heading", ("Comments", "The comments of the prefect on the fence"))
def test_a_heading_inside_an_article_ends_it_only_where_it_says_nothing_else(heading: str) -> None:
    article = f"<article><h1>{TITLE}</h1>{BODY}<h3>{heading}</h3><p>{ONE}</p></article>"
    reading = read(f"<html><body>{article}</body></html>".encode(), with_comments=False)

    assert (ONE in reading.text) == (heading != "Comments")


@pytest.mark.parametrize("label", ("Kommentar", "Comment", "Commentaire", "Ergänzung"))
def test_the_label_of_an_opinion_heads_no_comments(label: str) -> None:
    page = f"<html><body><p>{ONE} {TWO} {ONE}</p><div><b>{label}</b><h1>{TITLE}</h1>{BODY}</div></body></html>"

    assert PARAGRAPHS[0] in read(page.encode(), with_comments=False).text


@pytest.mark.parametrize(
    "heading", ("1 Kommentar", "Comments (0)", "Tous les commentaires", "12 reacties", "Reacties (3)")
)
def test_headings_of_comments_are_known_in_their_languages(heading: str) -> None:
    article = f"<article><h1>{TITLE}</h1>{BODY}</article><h3>{heading}</h3><p>{ONE}</p>"

    assert ONE not in read(f"<html><body>{article}</body></html>".encode(), with_comments=False).text


def test_a_page_that_begins_with_the_word_keeps_its_text() -> None:
    reading = read(f"<html><body><h2>Comments</h2><div>{BODY}</div></body></html>".encode(), with_comments=False)

    assert PARAGRAPHS[0] in reading.text


def test_comments_are_not_searched(tmp_path: Path) -> None:
    url = "http://a.example/2026/11/20/quay"
    crawl(tmp_path, FakeWeb({"http://a.example/feed": feed(url), url: page("oscailt")}), source("a"))

    assert found(tmp_path, "blankets") == [url]
    assert found(tmp_path, "4471") == []
