"""Statements published as PDF: read, dated and flagged; scans and damaged files cost nothing but their text."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator import extract
from aggregator.errors import ExtractError
from aggregator.model import Reading
from tests.fakeweb import FakeWeb, articles, crawl, feed, found, source
from tests.pdfs import pdf

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
FIRST = (
    "The harbour police kept nineteen people on the quay for five hours on Tuesday, among them two children, and let "
    "nobody bring them water."
)
SECOND = (
    "We ask the prefect to say who gave the order, and we ask those who stood behind the fence that evening to write "
    "down what they saw."
)
TITLE = "Statement on the nineteen of the quay"


def read(body: bytes, *, content_type: str = "application/pdf") -> Reading:
    return extract.read_page(
        body, url="https://tide.example/statement.pdf", content_type=content_type, captured_at=NOON
    )


@pytest.mark.parametrize("content_type", ("application/pdf", "application/octet-stream", "text/html", ""))
def test_a_pdf_is_read_whatever_the_server_calls_it(content_type: str) -> None:
    reading = read(pdf(f"{FIRST}\n\n{SECOND}", title=TITLE), content_type=content_type)

    assert reading.text.split("\n") == [FIRST, SECOND]
    assert reading.problems == (extract.DOCUMENT,)
    assert reading.language == "en"


def test_a_statement_of_short_paragraphs_is_not_set_as_one() -> None:
    paragraphs = [FIRST, "They let nobody bring them water.", SECOND, "Northport, 9 November. The legal team."]

    assert read(pdf("\n\n".join(paragraphs))).text.split("\n") == paragraphs


def test_a_pdf_says_its_title_author_and_day() -> None:
    reading = read(pdf(FIRST, title=TITLE, author="Legal Team Northport", made="20261109120000Z"))

    assert (reading.title, reading.authors) == (TITLE, ("Legal Team Northport",))
    assert (reading.claimed_at, reading.claimed_by) == (datetime(2026, 11, 9, tzinfo=UTC), "document")


@pytest.mark.parametrize("author", ("", "anonymous", "(anonymous)", "(unspecified)"))
def test_a_program_that_was_told_no_author_names_none(author: str) -> None:
    assert read(pdf(FIRST, author=author)).authors == ()


def test_a_day_after_the_capture_is_none_of_its_publication() -> None:
    assert read(pdf(FIRST, made="20270101000000Z")).claimed_at is None


@pytest.mark.parametrize("name", ("Microsoft Word - statement final2.docx", "statement.indd", "untitled"))
def test_the_name_of_a_file_is_no_title(name: str) -> None:
    assert read(pdf(f"{TITLE}\n\n{FIRST}", title=name)).title == TITLE


def test_words_that_a_line_end_parts_are_whole_again() -> None:
    reading = read(
        pdf("The questions of the nineteen concern the inter-\nnational press and the port of Northport-\nEast.")
    )

    assert (
        reading.text == "The questions of the nineteen concern the international press and the port of Northport-East."
    )


def test_pages_beyond_the_limit_are_left_out_and_said_to_be() -> None:
    reading = read(pdf(*(f"This is page number {n} of a long report." for n in range(extract.MAX_DOCUMENT_PAGES + 1))))

    assert extract.CUT in reading.problems
    assert f"page number {extract.MAX_DOCUMENT_PAGES - 1} of" in reading.text
    assert f"page number {extract.MAX_DOCUMENT_PAGES} of" not in reading.text


def test_a_scan_is_empty_and_keeps_its_title() -> None:
    reading = read(pdf("", title=TITLE))

    assert (reading.title, reading.text) == (TITLE, "")
    assert set(reading.problems) == {extract.DOCUMENT, extract.EMPTY}


@pytest.mark.parametrize("keep", (9, 60, 300, -40))
def test_a_damaged_pdf_is_refused_or_read_and_never_ends_more(keep: int, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        try:
            reading = read(pdf(FIRST, SECOND)[:keep])
        except ExtractError as error:
            assert "statement.pdf" in str(error)
        else:
            assert extract.DOCUMENT in reading.problems


@given(st.binary(max_size=400), st.integers(0, 900))
def test_any_bytes_in_a_pdf_are_read_or_refused(written: bytes, at: int) -> None:
    whole = pdf(FIRST, SECOND, title=TITLE)
    try:
        read(whole[:at] + written + whole[at + len(written) :])
    except ExtractError as error:
        assert "statement.pdf" in str(error)


def test_a_pdf_that_is_announced_becomes_an_article_and_is_found(tmp_path: Path) -> None:
    url = "http://a.example/statement.pdf"
    web = FakeWeb(
        {
            "http://a.example/feed": feed(url),
            url: (200, {"Content-Type": "application/pdf"}, pdf(f"{FIRST}\n\n{SECOND}", title=TITLE)),
        }
    )
    crawl(tmp_path, web, source("a"))

    assert articles(tmp_path)[url].problems == (extract.DOCUMENT,)
    assert found(tmp_path, "prefect") == [url]
