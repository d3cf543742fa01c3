"""What is read of one page: its text, title, authors and dates; and that no page is too odd to be read."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from aggregator import extract, wire
from aggregator.extract import tree
from aggregator.model import Reading

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
PARAGRAPHS = (
    "The harbour police kept nineteen people on the quay for five hours on Tuesday, among them two children.",
    "Volunteers who brought water and blankets were sent away behind the fence, where they stayed until the evening.",
    "A spokeswoman of the port said that the fence had been put up at the request of the prefecture.",
    "The legal team that arrived at nine was let in only after a lawyer had called the public prosecutor.",
    "On Wednesday morning all nineteen were released with a date for a hearing, and nobody was charged.",
)
BODY = "".join(f"<p>{text}</p>" for text in PARAGRAPHS)
TITLE = "Nineteen people held on the quay for five hours"


def read(article: str, *, head: str = "", url: str = "https://tide.example/2026/11/20/quay") -> Reading:
    page = f"<html><head><title>{TITLE} | Tide</title>{head}</head><body><article>{article}</article></body></html>"
    return extract.read_page(page.encode(), url=url, content_type="text/html; charset=utf-8", captured_at=NOON)


def parsed(html: str) -> tuple[Any, bool]:
    root, was_cut = tree.parsed(html)
    assert root is not None
    return root, was_cut


def lines(reading: Reading) -> list[str]:
    return reading.text.split("\n")


def test_the_text_begins_after_title_byline_and_date() -> None:
    reading = read(f"<h1>{TITLE}</h1><p>By Ada Quill</p><p>20 November 2026</p>{BODY}")

    assert lines(reading) == list(PARAGRAPHS)


@pytest.mark.parametrize(
    "teaser",
    (
        "Read also: The fence that nobody ordered",
        "Lire aussi : la clôture que personne n'a commandée",
        "Lesen Sie auch: Der Zaun, den niemand bestellt hat",
        "Lea también: la valla que nadie encargó",
        "Leggi anche: la recinzione che nessuno ha ordinato",
        "Lees ook: het hek dat niemand bestelde",
        "Leia também: a cerca que ninguém encomendou",
        "Czytaj też: płot, którego nikt nie zamówił",
        "Subscribe to our newsletter",
        "Photo: Ada Quill",
    ),
)
def test_lines_that_are_the_pages_and_not_the_articles_are_dropped(teaser: str) -> None:
    first, *rest = PARAGRAPHS

    assert lines(read(f"<h1>{TITLE}</h1><p>{first}</p><p>{teaser}</p>" + "".join(f"<p>{p}</p>" for p in rest))) == [
        first,
        *rest,
    ]


def test_links_below_the_text_are_cut_and_links_inside_it_stay() -> None:
    linked = PARAGRAPHS[1].replace("blankets", '<a href="/blankets">blankets</a>')
    body = BODY.replace(PARAGRAPHS[1], linked)

    reading = read(
        body + '<p><a href="/a">The fence that nobody ordered</a></p><p><a href="/b">A harbour closed</a></p>'
    )

    assert lines(reading) == list(PARAGRAPHS)


def test_a_credit_is_never_taken_for_furniture() -> None:
    credit = '(source: <a href="https://london.example/">indymedia london</a>)'

    assert lines(read(BODY + f"<p>{credit}</p>"))[-1] == "(source: indymedia london)"


def test_a_lead_that_the_page_shows_above_the_text_is_restored() -> None:
    lead = "Nobody was charged in the end, but nobody says who gave the order for the fence either."
    head = f'<meta property="og:description" content="{lead}">'
    page = f"<html><head><title>{TITLE}</title>{head}</head><body><header><h1>{TITLE}</h1><div>{lead}</div></header>"

    with_lead = extract.read_page(
        f"{page}<article>{BODY}</article></body></html>".encode(), url="", content_type="", captured_at=NOON
    )
    not_shown = read(BODY, head=head)

    assert lines(with_lead) == [lead, *PARAGRAPHS]
    assert lines(not_shown) == list(PARAGRAPHS)


def test_the_title_is_the_heading_and_not_the_windows() -> None:
    reading = read(f"<h1>{TITLE}</h1>{BODY}", head=f'<meta property="og:title" content="{TITLE} – all you must know">')

    assert reading.title == TITLE


def test_a_heading_that_the_linked_data_names_goes_before_one_written_for_search_engines() -> None:
    other = "Eviction news: kettles and mattresses taken"
    head = f"""<meta property="og:title" content="{other}">
        <script type="application/ld+json">{{"@type": "NewsArticle", "headline": "{TITLE}"}}</script>"""

    assert read(f"<h1>{other}</h1><h2>{TITLE}</h2>{BODY}", head=head).title == TITLE


def test_the_only_highest_heading_goes_before_a_window_that_names_the_site() -> None:
    html = f"<html><head><title>The heart of the harbour</title></head><body><h1>{TITLE}</h1>{BODY}</body></html>"
    reading = extract.read_page(html.encode(), url="", content_type="", captured_at=NOON)

    assert reading.title == TITLE


def test_a_title_that_was_cut_short_is_found_whole() -> None:
    cut = f"{TITLE[:16]}…"

    assert read(f"<h1>{cut}</h1>{BODY}", head=f'<meta property="og:title" content="{cut}">').title == TITLE


def test_the_day_before_a_title_is_no_part_of_it() -> None:
    assert read(f"<h1>02.11.2026 – {TITLE}</h1>{BODY}").title == TITLE


def test_the_name_of_the_site_is_no_part_of_the_title() -> None:
    assert read(BODY, head='<meta property="og:site_name" content="Tide">').title == TITLE


@pytest.mark.parametrize(
    ("head", "article"),
    (
        ('<script type="application/ld+json">{"@type":"NewsArticle","author":{"name":"Ada Quill"}}</script>', ""),
        ('<meta name="author" content="Ada Quill">', ""),
        ("", '<a rel="author" href="/ada">Ada Quill</a>'),
        ("", '<span class="byline">By Ada Quill</span>'),
        ("", '<div data-testid="article-byline">By <a href="/people/ada">Ada Quill</a></div>'),
        ('<meta name="twitter:label1" content="Écrit par"><meta name="twitter:data1" content="Ada Quill">', ""),
        ('<meta name="twitter:label2" content="Verfasst von"><meta name="twitter:data2" content="Ada Quill">', ""),
    ),
)
def test_authors_are_found_wherever_pages_name_them(head: str, article: str) -> None:
    assert read(article + BODY, head=head).authors == ("Ada Quill",)


@pytest.mark.parametrize("line", ("Autorin: Ada Quill, Redakteurin der Flut", "<b>Texte :</b> Ada Quill"))
def test_a_word_for_it_names_the_author_below_the_text_too(line: str) -> None:
    assert read(f"<h1>{TITLE}</h1>{BODY}<p>{line}</p>").authors == ("Ada Quill",)


def test_of_several_bylines_the_one_below_the_title_counts() -> None:
    other, own = (f'<p class="byline">By {name}</p>' for name in ("Jonas Holm", "Ada Quill"))

    assert read(f"{other}<h1>{TITLE}</h1>{own}{BODY}{other}").authors == ("Ada Quill",)


@pytest.mark.parametrize("name", ("Tide", "tide.example", "aquill", "@tide_news"))
def test_a_person_goes_before_the_name_of_the_site_and_that_of_an_account(name: str) -> None:
    head = f'<meta property="og:site_name" content="Tide"><meta name="author" content="{name}">'

    assert read(f'<h1>{TITLE}</h1><p class="byline">By Ada Quill</p>{BODY}', head=head).authors == ("Ada Quill",)
    assert read(f'<h1>{TITLE}</h1><p class="byline">Edit the topics</p>{BODY}', head=head).authors == (name,)


def test_who_took_the_picture_is_no_author() -> None:
    assert read(f'<h1>{TITLE}</h1><p class="byline">Photo: Ada Quill</p>{BODY}').authors == ()


@pytest.mark.parametrize(
    ("line", "authors"),
    (
        ("9 August 2026, Translation desk", ("Translation desk",)),
        ("09.08.2026 13:45 - Ada Quill", ("Ada Quill",)),
        (f"{TITLE} | eyewitness | 09.08.2026 13:45 | quay | police", ("eyewitness",)),
        ("Eingereicht von <span>Lene</span> am Mittwoch, 19. August 2026 - 11:30", ("Lene",)),
        ("Posted by Passengers of the Number 14 on 9 August 2026", ("Passengers of the Number 14",)),
        ("Von Ada Quill und Jonas Holm", ("Ada Quill", "Jonas Holm")),
        ("Posted by Women in Exile", ("Women in Exile",)),
        ("By Ada Quill for the Harbour Weekly", ("Ada Quill",)),
        ("Von Calais nach Dover", ()),
        ("Da Ventimiglia", ()),
        ("Par amour de la mer", ()),
        ("9 August 2026, five o'clock at the quay", ()),
        ("17 November 2026", ()),
        (f"{TITLE} | anonymous | 09.08.2026 13:45 | quay", ()),
    ),
)
def test_a_line_below_the_title_names_the_author_and_no_other_line_does(line: str, authors: tuple[str, ...]) -> None:
    assert read(f"<h1>{TITLE}</h1><p>{line}</p>{BODY}").authors == authors


@pytest.mark.parametrize(
    ("where", "head", "article"),
    (
        (
            "linked-data",
            '<script type="application/ld+json">{"@type":"NewsArticle","datePublished":"2026-11-20"}</script>',
            "",
        ),
        ("meta", '<meta property="article:published_time" content="2026-11-20T23:30:00-05:00">', ""),
        ("element", "", '<time class="published" datetime="2026-11-20T08:00">Friday</time>'),
        ("line", "", "<p>Published on 20 November 2026</p>"),
        ("address", "", ""),
    ),
)
def test_the_day_of_publication_is_the_one_written_and_it_is_said_where(where: str, head: str, article: str) -> None:
    reading = read(article + BODY, head=head)

    assert (reading.claimed_at, reading.claimed_by) == (datetime(2026, 11, 20, tzinfo=UTC), where)


@pytest.mark.parametrize(
    ("head", "address"),
    (
        ('<link rel="canonical" href="/2026/11/20/quay?p=1">', "https://tide.example/2026/11/20/quay?p=1"),
        ('<meta property="og:url" content="https://www.tide.example/quay">', "https://www.tide.example/quay"),
        ('<link rel="canonical" href="https://tide.example/">', None),
        ('<link rel="canonical" href="https://theme.example/demo">', None),
        ('<link rel="canonical" href="javascript:alert(1)">', None),
        ("", None),
    ),
)
def test_a_page_names_its_address_only_on_its_own_site(head: str, address: str | None) -> None:
    assert read(BODY, head=head).canonical_url == address


def test_a_change_is_never_the_publication() -> None:
    head = '<meta property="article:modified_time" content="2026-11-22T10:00:00Z">'

    reading = read(BODY, head=head)

    assert reading.claimed_at == datetime(2026, 11, 20, tzinfo=UTC)
    assert reading.modified_at == datetime(2026, 11, 22, tzinfo=UTC)


def test_a_page_without_text_keeps_its_title_and_date() -> None:
    reading = read("", head='<meta property="article:published_time" content="2026-11-20">')

    assert (reading.text, reading.title, reading.problems) == ("", TITLE, ("empty-text",))
    assert reading.claimed_at == datetime(2026, 11, 20, tzinfo=UTC)


# ---------------------------------------------------------------------------------------------------- beyond the limits


SHELLS = (
    '<div id="root"></div><script src="/app.js"></script>',
    '<main id="app">  </main><script src="/app.js"></script>',
    '<noscript>You need to enable JavaScript to run this app.</noscript><script src="/app.js"></script>',
)


@pytest.mark.parametrize("body", SHELLS)
def test_a_page_that_scripts_would_fill_is_flagged_as_such(body: str) -> None:
    html = f"<html><head><title>{TITLE}</title></head><body>{body}</body></html>"
    reading = extract.read_page(html.encode(), url="", content_type="text/html", captured_at=NOON)

    assert (reading.title, reading.text, reading.problems) == (TITLE, "", (extract.NEEDS_BROWSER,))


@pytest.mark.parametrize("body", SHELLS)
def test_a_page_with_a_text_needs_no_browser(body: str) -> None:
    assert read(BODY + body).problems == ()


def test_control_references_cost_no_text() -> None:
    assert lines(read(BODY.replace("among", "&#1;among&#x1f;"))) == list(PARAGRAPHS)


def test_text_below_any_depth_is_kept() -> None:
    root, was_cut = parsed("<p>above</p>" + "<div>" * 5_000 + "<p>below</p>")

    assert was_cut
    assert root.text_content() == "abovebelow"


def test_an_element_with_too_many_attributes_keeps_the_first_and_its_text() -> None:
    many = " ".join(f"a{n}='{n}'" for n in range(50_000))

    root, was_cut = parsed(f"<p {many}>text</p><p>more</p>")

    assert was_cut
    assert len(root.find(".//p").attrib) <= extract.MAX_ATTRIBUTES
    assert root.text_content() == "textmore"


def test_quotes_out_of_place_do_not_make_one_tag_of_half_a_page() -> None:
    page = '<p class="a"">one</p>' + "<p>x y z</p>" * 2_000 + '<p class="b">two</p>'

    root, was_cut = parsed(page)

    assert not was_cut
    assert len(root.findall(".//p")) == 2_002


def test_tags_inside_a_comment_are_left_alone() -> None:
    root, was_cut = parsed("<!--" + "<meta " * 50_000 + "--><p>text</p>")

    assert not was_cut
    assert root.text_content() == "text"


def test_a_few_bytes_of_an_older_encoding_cost_no_text() -> None:
    body = BODY.replace("children", "réfugiés").encode() + "<p>Quelques réfugiés de plus, dit-elle.</p>".encode(
        "cp1252"
    )

    reading = extract.read_page(body, url="", content_type="text/html; charset=utf-8", captured_at=NOON)

    assert reading.text.count("réfugiés") == 2


def test_elements_beyond_the_limit_are_left_out() -> None:
    root, was_cut = parsed("<p>a</p>" * (extract.MAX_ELEMENTS + 1_000))

    assert was_cut
    assert len(list(root.iter())) == extract.MAX_ELEMENTS


@given(st.text())
def test_any_text_can_be_read_as_a_page(text: str) -> None:
    reading = extract.read_page(text.encode("utf-8", "replace"), url="", content_type="", captured_at=NOON)

    assert reading.text == tree.clean(reading.text)


@given(st.binary(), st.sampled_from(("", "text/html", "text/html; charset=koi8-r", "text/html; charset=nonsense")))
def test_any_bytes_can_be_read_as_a_page(body: bytes, content_type: str) -> None:
    assume(not wire.is_pdf(body))  # that one may be damaged, and is then refused: test_documents
    extract.read_page(body, url="https://tide.example/", content_type=content_type, captured_at=NOON)


# ------------------------------------------------------------------------------------------------------------ language

ENGLISH = "\n".join(PARAGRAPHS)
FRENCH = (
    "La police du port a retenu dix-neuf personnes sur le quai pendant cinq heures mardi, dont deux enfants.\n"
    "Des bénévoles qui apportaient de l'eau et des couvertures ont été renvoyés derrière la clôture jusqu'au soir.\n"
    "Une porte-parole du port a dit que la clôture avait été dressée à la demande de la préfecture.\n"
)


def spans(text: str) -> list[tuple[str | None, str]]:
    return [(part.language, text[part.start : part.end]) for part in extract.language_spans(text)]


def test_a_text_and_its_translation_are_told_apart_line_by_line() -> None:
    assert spans(f"{FRENCH}Calais\n{ENGLISH}") == [("fr", f"{FRENCH}Calais\n"), ("en", ENGLISH)]
    assert spans(f"{ENGLISH}\n{FRENCH}{ENGLISH}") == [("en", f"{ENGLISH}\n"), ("fr", FRENCH), ("en", ENGLISH)]


def test_a_quotation_in_another_language_makes_no_part_of_its_own() -> None:
    quoted = f"{ENGLISH}\n{FRENCH.splitlines()[0]}\n{ENGLISH}"

    assert spans(quoted) == [("en", quoted)]


@pytest.mark.parametrize("text", [f"{FRENCH}{ENGLISH}", f"{ENGLISH}\n{FRENCH}", f"{ENGLISH}\n{FRENCH}{ENGLISH}"])
@pytest.mark.parametrize("language", ["en", "fr", "de"])
def test_the_language_that_a_text_is_said_to_be_in_hides_no_other(text: str, language: str) -> None:
    assert extract.language_spans(text, (language,)) == extract.language_spans(text)


def test_a_text_that_is_full_of_the_small_words_of_a_language_is_all_in_it() -> None:
    for language, text in (("en", ENGLISH), ("fr", FRENCH)):
        assert extract.language_spans(text, (language,)) == (extract.LanguageSpan(language, 0, len(text)),)


def test_a_text_too_short_to_tell_is_in_what_its_source_writes() -> None:
    assert extract.language_spans("Calais", ("fr",)) == (extract.LanguageSpan("fr", 0, 6),)
    assert extract.language_spans("Calais") == (extract.LanguageSpan(None, 0, 6),)
    assert extract.language_spans("") == ()


@given(st.lists(st.sampled_from([*PARAGRAPHS, *FRENCH.splitlines(), "Calais", ""]), min_size=1).map("\n".join))
def test_the_parts_of_a_text_cover_it_without_gaps(text: str) -> None:
    assert "".join(part for _, part in spans(text)) == text
