"""What feeds, sitemaps, list pages, front pages and robots.txt announce."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator import discover
from aggregator.discover import claims, markup
from aggregator.model import Announcement, Discovery, Listing

FEED = "http://a.example/feeds/news.xml"
PAGE = "http://a.example/news/"
NOON = datetime(2010, 2, 6, 12, tzinfo=UTC)


def rss(*items: str, channel: str = "<link>http://a.example/</link>", head: str = '<?xml version="1.0"?>') -> str:
    return f'{head}<rss version="2.0"><channel><title>A</title>{channel}{"".join(items)}</channel></rss>'


def item(title: str = "Eviction", link: str = "http://a.example/1", more: str = "") -> str:
    return f"<item><title>{title}</title><link>{link}</link>{more}</item>"


def atom(*entries: str, attributes: str = "") -> str:
    return f'<feed xmlns="http://www.w3.org/2005/Atom" {attributes}><title>A</title>{"".join(entries)}</feed>'


def read(feed: str | bytes, content_type: str = "") -> Announcement:
    body = feed.encode() if isinstance(feed, str) else feed
    return discover.read_feed(body, url=FEED, content_type=content_type)


def only(announcement: Announcement) -> Discovery:
    (discovery,) = announcement.discoveries
    return discovery


def titles(announcement: Announcement) -> list[str | None]:
    return [discovery.claimed_title for discovery in announcement.discoveries]


def addresses(announcement: Announcement) -> list[str]:
    return [discovery.url for discovery in announcement.discoveries]


def dated(date: str) -> datetime | None:
    return only(read(rss(item(more=f"<pubDate>{date}</pubDate>")))).claimed_at


# --- every format ---------------------------------------------------------------------------------------------------


def test_rss_2_announces_address_title_dates_and_author() -> None:
    feed = rss(
        item(
            more="<pubDate>Sat, 06 Feb 2010 13:00:00 +0100</pubDate><author>jo@a.example (Jo)</author>"
            '<a:updated xmlns:a="http://www.w3.org/2005/Atom">2010-02-07T12:00:00Z</a:updated>'
        )
    )

    assert read(feed) == Announcement(
        title="A",
        discoveries=(
            Discovery(
                url="http://a.example/1",
                found_in=FEED,
                claimed_title="Eviction",
                claimed_at=NOON,
                claimed_updated_at=datetime(2010, 2, 7, 12, tzinfo=UTC),
                claimed_author="Jo",
            ),
        ),
    )


def test_rss_091_with_its_doctype_is_read() -> None:
    feed = (
        '<?xml version="1.0"?><!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN" '
        '"http://my.netscape.com/publish/formats/rss-0.91.dtd"><rss version="0.91"><channel><title>A</title>'
        "<item><title>Caf&eacute; occup&eacute;</title><link>http://a.example/1</link></item></channel></rss>"
    )

    assert titles(read(feed)) == ["Café occupé"]


def test_rss_1_takes_dc_date_as_publication_and_dc_creator_as_author() -> None:
    feed = (
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="http://a.example/"><title>A</title></channel>'
        '<item rdf:about="http://a.example/1"><title>One</title><link>http://a.example/1</link>'
        "<dc:date>2010-02-06T13:00:00+01:00</dc:date><dc:creator>Jo</dc:creator></item></rdf:RDF>"
    )

    found = only(read(feed))

    assert (found.claimed_at, found.claimed_updated_at, found.claimed_author) == (NOON, None, "Jo")


def test_rss_1_without_links_is_read_by_its_about() -> None:
    feed = (
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/">'
        '<item rdf:about="http://a.example/1"><title>One</title></item></rdf:RDF>'
    )

    assert addresses(read(feed)) == ["http://a.example/1"]


def test_atom_resolves_xml_base_and_reads_an_xhtml_title() -> None:
    entry = (
        '<entry xml:base="2010/"><link href="one"/><id>tag:a.example,2010:1</id>'
        '<title type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">An <em>open</em> door</div></title>'
        '<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>Text.</p></div></content>'
        "<published>2010-02-06T12:00:00Z</published><updated>2010-02-06T12:00:00Z</updated>"
        "<author><name>Jo</name></author><author><name>Sam</name></author></entry>"
    )

    found = only(read(atom(entry, attributes='xml:base="http://b.example/blog/"')))

    assert (found.url, found.claimed_title) == ("http://b.example/blog/2010/one", "An open door")
    assert (found.claimed_at, found.claimed_updated_at, found.claimed_author) == (NOON, None, "Jo, Sam")


def test_atom_with_only_an_update_takes_it_as_publication() -> None:
    found = only(read(atom('<entry><link href="/1"/><updated>2010-02-06T12:00:00Z</updated></entry>')))

    assert (found.claimed_at, found.claimed_updated_at) == (NOON, None)


@pytest.mark.parametrize("version", ["1", "1.1"])
def test_json_feed_is_read(version: str) -> None:
    feed = {
        "version": f"https://jsonfeed.org/version/{version}",
        "items": [
            {
                "id": "1",
                "url": "/1?page=2",
                "title": "One &amp; only",
                "date_published": "2010-02-06T13:00:00+01:00",
                "authors": [{"name": "Jo"}],
            },
            {"id": "http://a.example/2", "content_text": "no title", "author": {"name": "Sam"}},
            {"id": "3", "title": "Nowhere"},
            "nonsense",
        ],
    }

    announcement = read(json.dumps(feed))

    assert addresses(announcement) == ["http://a.example/1?page=2", "http://a.example/2"]
    assert titles(announcement) == ["One & only", None]
    assert [d.claimed_author for d in announcement.discoveries] == ["Jo", "Sam"]
    assert announcement.discoveries[0].claimed_at == NOON
    assert announcement.problems == ('1 item without an address (first: "Nowhere")',)


def test_a_feed_behind_the_warning_of_a_broken_server_is_read() -> None:
    assert addresses(read("<br />\n<b>Warning</b>: mysql_connect()<br />\n" + rss(item()))) == ["http://a.example/1"]


def test_a_feed_that_breaks_off_keeps_what_came_before() -> None:
    announcement = read(rss(item(), item("Two", "http://a.example/2"))[:-60])

    assert "http://a.example/1" in addresses(announcement)
    assert announcement.problems[0] == "the feed breaks off before its end; what came before was read"


# --- addresses ------------------------------------------------------------------------------------------------------


def test_relative_links_of_rss_belong_to_the_site_that_the_feed_names() -> None:
    feed = rss(item(link="one.html"), channel="<link>http://site.example/blog/</link>")

    assert addresses(read(feed)) == ["http://site.example/blog/one.html"]


def test_relative_links_of_a_feed_without_a_site_belong_to_the_feed() -> None:
    assert addresses(read(rss(item(link="../1"), channel=""))) == ["http://a.example/1"]


def test_addresses_are_canonical() -> None:
    assert addresses(read(rss(item(link=" HTTP://A.example:80/1?p=2#top ")))) == ["http://a.example/1?p=2"]


@pytest.mark.parametrize(
    "without_link",
    [
        "<guid>http://a.example/1</guid>",
        '<guid isPermaLink="true">http://a.example/1</guid>',
        "<link/><guid>http://a.example/1</guid>",
        "<link>  </link><guid>http://a.example/1</guid>",
        '<f:origLink xmlns:f="http://rssnamespace.org/feedburner/ext/1.0">http://a.example/1</f:origLink>',
        '<a:link xmlns:a="http://www.w3.org/2005/Atom" rel="alternate" type="text/plain" href="http://a.example/1"/>',
    ],
)
def test_an_item_without_a_link_is_found_by_other_means(without_link: str) -> None:
    assert addresses(read(rss(f"<item><title>One</title>{without_link}</item>"))) == ["http://a.example/1"]


@pytest.mark.parametrize(
    "without_link",
    [
        '<guid isPermaLink="false">http://a.example/1</guid>',
        "<guid>12345</guid>",
        "<link>javascript:alert(1)</link>",
        '<enclosure url="http://a.example/1.mp3" type="audio/mpeg"/>',
        "<link>http://a.example/" + "a" * 100_000 + "</link>",
    ],
)
def test_an_item_without_an_address_is_said(without_link: str) -> None:
    announcement = read(rss(f"<item><title>One</title>{without_link}</item>", "<item/>"))

    assert announcement.discoveries == ()
    assert announcement.problems == ('2 items without an address (first: "One")',)


def test_the_original_address_goes_before_the_redirector_of_feedburner() -> None:
    more = '<f:origLink xmlns:f="http://rssnamespace.org/feedburner/ext/1.0">http://a.example/1</f:origLink>'

    assert addresses(read(rss(item(link="http://feedproxy.google.com/~r/a/~3/x/", more=more)))) == [
        "http://a.example/1"
    ]


def test_of_one_address_the_first_counts_and_another_title_is_said() -> None:
    announcement = read(rss(item(), item(), item("Other")))

    assert titles(announcement) == ["Eviction"]
    assert announcement.problems == ('1 item with the address of another, but another title (first: "Other")',)


def test_at_most_two_thousand_items_are_read_and_the_cut_is_said() -> None:
    announcement = read(rss(*(item(link=f"http://a.example/{n}") for n in range(2_500))))

    assert addresses(announcement) == [f"http://a.example/{n}" for n in range(2_000)]
    assert announcement.problems == ("the feed has 2,500 items; the first 2,000 were read",)


@pytest.mark.parametrize(
    ("author", "claimed"),
    [
        ("<author>jo@a.example (Jo)</author>", "Jo"),
        ("<author>Jo &lt;jo@a.example&gt;</author>", "Jo"),
        ("<author>jo@a.example</author>", "jo@a.example"),
        ("<author>Jo &amp;amp; Sam</author>", "Jo & Sam"),
        ('<dc:creator xmlns:dc="http://purl.org/dc/elements/1.1/"><![CDATA[Jo]]></dc:creator>', "Jo"),
        ("", None),
    ],
)
def test_authors_are_named(author: str, claimed: str | None) -> None:
    assert only(read(rss(item(more=author)))).claimed_author == claimed


# --- titles ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "plain"),
    [
        ("<![CDATA[An <b>open</b> door]]>", "An open door"),
        ("<![CDATA[R&D & more]]>", "R&D & more"),
        ("Caf&amp;eacute; &amp;amp; bar", "Café & bar"),
        ("Caf&eacute; &amp; bar &#8211; &#150; x", "Café & bar – – x"),
        ("How to use &lt;b&gt;", "How to use <b>"),
        ("1 &lt; 2 &amp; 3 &gt; 2", "1 < 2 & 3 > 2"),
        ("one<![CDATA[ two]]> three", "one two three"),
        ("two\n   lines&#160;and\ttabs", "two lines and tabs"),
        ("&lt;script&gt;alert(1)&lt;/script&gt;Open", "Open"),
        ("one&lt;br/&gt;two", "one two"),
        ("bell&#7; null&#0; &#xD800;half", "bell null half"),
        ("   ", None),
        ("", None),
    ],
)
def test_titles_become_plain_text(raw: str, plain: str | None) -> None:
    found = only(read(rss(item(raw))))

    assert (found.claimed_title or "").replace("\ufffd", "").replace("  ", " ") == (plain or "")


def test_a_title_is_cut_at_a_thousand_characters() -> None:
    assert len(titles(read(rss(item("é" * 5_000_000))))[0] or "") == claims.MAX_CLAIM_CHARS


@given(st.text())
def test_plain_text_is_one_short_line_without_controls(text: str) -> None:
    plain = claims.plain(text)

    assert plain is None or (len(plain) <= claims.MAX_CLAIM_CHARS and plain == " ".join(plain.split()))
    assert plain is None or not claims._CONTROLS.search(plain)


# --- dates ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "date",
    [
        "Sat, 06 Feb 2010 12:00:00 GMT",
        "Sat, 06 Feb 2010 13:00:00 CET",
        "Sat, 6 Feb 10 07:00:00 EST",
        "sam, 06 feb 2010 13:00:00 +0100",
        "Sat,6 Feb 2010 21:0:0 GMT+9",
        "6 February 2010 12:00",
        "Sat Feb  6 12:00:00 2010",
        "2010-02-06T12:00:00Z",
        "2010-02-06T13:00+01:00",
        "2010-02-06T12:00:00.123456789Z",
        "2010-02-06 12:00:00",
        "2010/02/06 07:00:00 EST",
        "20100206T120000Z",
        "1265457600",
        "1265457600000",
        "Σαβ, 06 Φεβ 2010 12:00:00 GMT",
    ],
)
def test_one_instant_in_many_shapes(date: str) -> None:
    assert dated(date) == NOON


def test_a_plausible_future_is_kept_as_claimed() -> None:
    assert dated("Fri, 06 Feb 2048 12:00:00 GMT") == datetime(2048, 2, 6, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "date",
    [
        "",
        "yesterday",
        "Mon, 01 Jan 0001 00:00:00 GMT",
        "Thu, 01 Jan 1970 00:00:00 GMT",
        "1989-12-31",
        "9999-12-31",
        "0000-00-00",
        "2010-02-30",
        "06/02/10",
        "12:12:12:12",
        "２０１０年２月６日",
        "2010-02-06T10:00:00+99:99",
        "99999999999999999999",
        "-1",
        "1" * 10_000,
    ],
)
def test_nonsense_is_no_date(date: str) -> None:
    assert dated(date) is None


@pytest.mark.parametrize(("lastmod", "first"), [("2010", (2010, 1, 1)), ("2010-02", (2010, 2, 1))])
def test_a_year_or_month_is_its_first_day(lastmod: str, first: tuple[int, int, int]) -> None:
    assert claims.instant(lastmod) == datetime(*first, tzinfo=UTC)


@given(st.text(max_size=60))
def test_any_text_is_a_plausible_instant_or_none(text: str) -> None:
    at = claims.instant(text)

    assert at is None or (at.tzinfo is UTC and claims.EARLIEST <= at < claims.LATEST)


# --- encodings ------------------------------------------------------------------------------------------------------


def declared(encoding: str, title: str = "Réfugiés à Calais") -> str:
    return rss(item(title), head=f'<?xml version="1.0" encoding="{encoding}"?>')


@pytest.mark.parametrize(
    ("declaration", "actual", "title"),
    [
        ("utf-8", "utf-8", "Réfugiés à Calais"),
        ("utf-8", "utf-8-sig", "Réfugiés à Calais"),
        ("iso-8859-1", "latin-1", "Réfugiés à Calais"),
        ("iso-8859-1", "cp1252", "L’été – “là”"),
        ("windows-1252", "cp1252", "L’été – “là”"),
        ("iso-8859-15", "iso-8859-15", "5 €, œuvre"),
        ("utf-16", "utf-16", "Réfugiés à Calais"),
        ("utf-16", "utf-16-be", "Réfugiés à Calais"),
        ("utf-16", "utf-16-le", "Réfugiés à Calais"),
        ("utf-32", "utf-32", "Réfugiés à Calais"),
        ("windows-1251", "cp1251", "Новости"),
        ("koi8-r", "koi8-r", "Новости"),
        ("shift_jis", "shift_jis", "ニュース"),
        ("iso-2022-jp", "iso-2022-jp", "ニュース"),
        ("euc-kr", "euc-kr", "뉴스"),
        ("gb2312", "gb18030", "新闻"),
        ("big5", "big5", "新聞"),
        ("macintosh", "mac-roman", "Réfugiés"),
        ("us-ascii", "utf-8", "Réfugiés à Calais"),
        ("iso-8859-1", "utf-8", "Réfugiés à Calais"),
        ("utf-8", "latin-1", "Réfugiés à Calais"),
        ("no-such-encoding", "utf-8", "Réfugiés à Calais"),
        ("utf-16", "utf-8", "Réfugiés à Calais"),
    ],
)
def test_a_feed_is_read_in_the_encoding_it_has(declaration: str, actual: str, title: str) -> None:
    assert titles(read(declared(declaration, title).encode(actual))) == [title]


def test_the_servers_word_goes_before_the_documents() -> None:
    body = declared("iso-8859-1", "Новости").encode("koi8-r")

    assert titles(read(body, "application/rss+xml; charset=KOI8-R")) == ["Новости"]


@pytest.mark.parametrize(
    "name", ["zip", "rot13", "base64", "hex", "unicode_escape", "idna", "punycode", "utf-7", "../x"]
)
def test_a_codec_that_is_none_of_text_is_never_looked_up(name: str) -> None:
    assert markup.encoding(name) is None
    assert titles(read(declared(name), f"text/xml; charset={name}")) == ["Réfugiés à Calais"]


def test_bad_bytes_cost_only_themselves() -> None:
    body = declared("utf-8", "Réfugiés à Calais: ?").encode().replace(b"?</title>", b"\xff</title>")

    assert titles(read(body)) == ["Réfugiés à Calais: \ufffd"]


@given(st.binary(), st.text(max_size=40))
def test_any_bytes_decode_to_text_without_surrogates(body: bytes, content_type: str) -> None:
    markup.decode(body, content_type).encode("utf-8")


# --- what is no feed, what is hostile -------------------------------------------------------------------------------


def test_a_web_page_is_said_to_be_one_and_gives_the_feeds_it_links() -> None:
    page = (
        '<!DOCTYPE html><html><head><link rel="alternate" type="application/atom+xml" href="/new.atom"></head></html>'
    )

    assert read(page) == Announcement(
        feeds=("http://a.example/new.atom",), problems=("this is a web page, not a feed",)
    )


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("", "the feed is empty"),
        (" \n", "the feed is empty"),
        ("<h1>It works!</h1>", "this is a web page, not a feed"),
        ("Not found", "this is no feed: neither RSS nor Atom nor JSON Feed"),
        ("\x89PNG\r\n\x1a\n", "this is no feed: neither RSS nor Atom nor JSON Feed"),
        ('{"error": 404}', "this is JSON, but no JSON Feed"),
        ("[1, 2]", "this is JSON, but no JSON Feed"),
        ("{broken", "this begins like JSON, but cannot be read as such"),
        ("[" * 1_000_000, "this begins like JSON, but cannot be read as such"),
    ],
)
def test_what_is_no_feed_is_said(body: str, problem: str) -> None:
    announcement = read(body)

    assert announcement.discoveries == ()
    assert announcement.problems[0].startswith(problem)


@pytest.mark.parametrize(
    "subset",
    [
        '<!ENTITY a "ha"><!ENTITY b "&a;&a;"><!ENTITY c "&b;&b;">',
        '<!ENTITY c "' + "x" * 100_000 + '">',
        '<!ENTITY c SYSTEM "file:///etc/passwd">',
        '<!ENTITY % d SYSTEM "http://127.0.0.1:9/"> %d; ',
    ],
)
def test_entities_that_a_feed_declares_are_not_expanded(subset: str) -> None:
    feed = rss(item("Title &c;" * 1_000), head=f"<?xml version='1.0'?><!DOCTYPE rss [{subset}]>")

    assert titles(read(feed))[0] == ("Title &c;" * 1_000)[: claims.MAX_CLAIM_CHARS]


@pytest.mark.parametrize(
    "inside",
    [
        "<a>" * 100_000,
        "<" * 1_000_000,
        "&" * 1_000_000,
        "<![CDATA[" * 100_000,
        "<!--" * 100_000,
        '<a b="' * 100_000,
        "<a " + 'b="c" ' * 200_000 + ">",
        "&#1;&#99999999;&#xD800;&#x110000;" * 10_000,
    ],
)
def test_a_hostile_item_does_not_take_the_others_with_it(inside: str) -> None:
    announcement = read(rss(item(), item("Two", "http://a.example/2", f"<description>{inside}</description>")))

    assert addresses(announcement)[:1] == ["http://a.example/1"]


def test_a_long_article_in_a_feed_is_no_problem() -> None:
    text = "&lt;p&gt;A paragraph &amp;amp; more.&lt;/p&gt;" * 100_000
    both = (f"<description>{text}</description>", f"<description><![CDATA[{text}]]></description>")

    announcement = read(rss(*(item(link=f"http://a.example/{n}", more=more) for n, more in enumerate(both))))

    assert (len(announcement.discoveries), announcement.problems) == (2, ())


@given(st.binary())
def test_no_bytes_make_a_reader_raise(body: bytes) -> None:
    discover.read_feed(body, url=FEED)
    discover.read_sitemap(body, url=FEED)
    discover.read_listing(body, url=PAGE, listing=Listing(links="a", next="a"))
    discover.read_front(body, url=PAGE)
    discover.read_robots(body, url=FEED)


PIECES = st.sampled_from(
    [
        *(
            "<item>",
            "</item>",
            "<entry>",
            "<title>",
            "</title>",
            "<link>",
            '<link href="/1"/>',
            "http://a.example/1",
            "<guid>",
        ),
        *(
            "</guid>",
            "<pubDate>",
            "2010-02-06",
            "</pubDate>",
            "<![CDATA[",
            "]]>",
            "<!--",
            "-->",
            "&amp;",
            "&",
            "<",
            ">",
            "\0",
        ),
        *(
            '<a href="/2">',
            "</a>",
            "<x:y z='1'>",
            "&#x0;",
            "é",
            "<svg>",
            "<content type='xhtml'>",
            "<source>",
            "<image>",
        ),
    ]
)


@given(st.sampled_from(["rss", "feed", "rdf:RDF", "urlset", "html"]), st.lists(PIECES, max_size=30))
def test_no_broken_markup_makes_a_reader_raise(root: str, pieces: list[str]) -> None:
    body = f"<{root}>{''.join(pieces)}</{root}>".encode()

    assert all(d.url.startswith("http") for d in discover.read_feed(body, url=FEED).discoveries)
    discover.read_sitemap(body, url=FEED)
    discover.read_listing(body, url=PAGE, listing=Listing(links="a"))
    discover.read_front(body, url=PAGE)


def test_the_same_bytes_announce_the_same() -> None:
    feed = rss(item(), item("Two", "/2", "<pubDate>12:00</pubDate>"))

    assert read(feed) == read(feed)


# --- sitemaps -------------------------------------------------------------------------------------------------------


def sitemap(*entries: str, root: str = "urlset") -> bytes:
    space = "http://www.sitemaps.org/schemas/sitemap/0.9"
    news = "http://www.google.com/schemas/sitemap-news/0.9"
    return f'<?xml version="1.0"?><{root} xmlns="{space}" xmlns:news="{news}">{"".join(entries)}</{root}>'.encode()


def read_sitemap(body: bytes) -> Announcement:
    return discover.read_sitemap(body, url="http://a.example/sitemap.xml")


def test_a_sitemap_gives_the_newest_first_and_the_undated_last() -> None:
    body = sitemap(
        "<url><loc>http://a.example/undated</loc></url>",
        "<url><loc>http://a.example/old</loc><lastmod>2009</lastmod></url>",
        "<url><loc>/new</loc><lastmod>2010-02-06T13:00:00+01:00</lastmod></url>",
        "<url><loc>http://a.example/never</loc><lastmod>soon</lastmod></url>",
        "<url><loc>ftp://a.example/</loc></url>",
    )

    announcement = read_sitemap(body)

    assert [url.rpartition("/")[2] for url in addresses(announcement)] == ["new", "old", "undated", "never"]
    assert announcement.discoveries[0].claimed_updated_at == NOON
    assert announcement.problems == ("1 entry without an address",)


def test_a_news_sitemap_claims_title_and_publication() -> None:
    news = "<news:publication_date>2010-02-06T12:00:00Z</news:publication_date><news:title>A &amp;amp; B</news:title>"

    found = only(read_sitemap(sitemap(f"<url><loc>http://a.example/1</loc><news:news>{news}</news:news></url>")))

    assert (found.claimed_title, found.claimed_at, found.claimed_updated_at) == ("A & B", NOON, None)


def test_images_of_a_page_are_no_pages() -> None:
    image = '<i:image xmlns:i="http://www.google.com/schemas/sitemap-image/1.1"><i:loc>http://a.example/x.png</i:loc></i:image>'

    assert addresses(read_sitemap(sitemap(f"<url>{image}<loc>http://a.example/1</loc></url>"))) == [
        "http://a.example/1"
    ]


def test_a_sitemap_index_gives_sitemaps_the_newest_first() -> None:
    body = sitemap(
        "<sitemap><loc>http://a.example/s1.xml</loc><lastmod>2009-01-01</lastmod></sitemap>",
        "<sitemap><loc>http://a.example/s2.xml</loc><lastmod>2010-01-01</lastmod></sitemap>",
        root="sitemapindex",
    )

    assert read_sitemap(body) == Announcement(sitemaps=("http://a.example/s2.xml", "http://a.example/s1.xml"))


def test_a_compressed_sitemap_is_read_even_if_it_breaks_off() -> None:
    body = gzip.compress(sitemap(*(f"<url><loc>http://a.example/{n}</loc></url>" for n in range(1_000))))

    assert len(read_sitemap(body).discoveries) == 1_000
    cut = read_sitemap(body[:-1_000])
    assert 0 < len(cut.discoveries) < 1_000
    assert cut.problems[0] == "the compressed sitemap breaks off; what came before was read"


def test_a_compressed_bomb_is_read_up_to_its_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aggregator.discover.sitemaps.MAX_SITEMAP_BYTES", 1 << 20)
    body = gzip.compress(sitemap("<url><loc>http://a.example/1</loc></url>" + " " * (8 << 20)))

    announcement = read_sitemap(body)

    assert addresses(announcement) == ["http://a.example/1"]
    assert announcement.problems[0] == "the sitemap is longer than 1 MiB; the rest was not read"


def test_a_sitemap_has_at_most_fifty_thousand_addresses() -> None:
    announcement = read_sitemap("".join(f"http://a.example/{n}\n" for n in range(50_010)).encode())

    assert len(announcement.discoveries) == discover.MAX_ADDRESSES
    assert announcement.problems == ("the sitemap has more than 50,000 addresses; the rest was not read",)


def test_a_plain_text_sitemap_and_a_feed_are_sitemaps_too() -> None:
    assert addresses(read_sitemap(b"\xef\xbb\xbfhttp://a.example/1\r\nhttp://a.example/2\r\n")) == [
        "http://a.example/1",
        "http://a.example/2",
    ]
    assert addresses(read_sitemap(rss(item()).encode())) == ["http://a.example/1"]


def test_a_sitemap_expands_no_entities() -> None:
    subset = '<!DOCTYPE urlset [<!ENTITY a "aaaa"><!ENTITY b SYSTEM "file:///etc/passwd">]>'
    body = sitemap("<url><loc>http://a.example/1&a;&b;</loc></url>").replace(b"?>", b"?>" + subset.encode(), 1)

    assert not any("aaaa" in url or "root" in url for url in addresses(read_sitemap(body)))


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"", "the sitemap is empty"),
        (b"<!DOCTYPE html><html></html>", "this is a web page, not a sitemap"),
        (b"<opml></opml>", "this is no sitemap"),
        (b"Not found", "this is no sitemap"),
        (b"\x1f\x8b\x08", "the compressed sitemap breaks off; what came before was read"),
        (b"\x1f\x8b\x08broken", "the compressed sitemap is damaged"),
    ],
)
def test_what_is_no_sitemap_is_said(body: bytes, problem: str) -> None:
    assert read_sitemap(body).problems[0].startswith(problem)


def test_robots_txt_names_sitemaps() -> None:
    body = b"""\xef\xbb\xbfUser-agent: *
Disallow: /private
Sitemap: http://a.example/s1.xml # the first
sitemap:/s2.xml
SITEMAP : http://a.example/s1.xml
Sitemap: mailto:x@a.example
"""

    assert discover.read_robots(body, url="http://a.example/robots.txt") == Announcement(
        sitemaps=("http://a.example/s1.xml", "http://a.example/s2.xml")
    )


def test_robots_txt_names_at_most_fifty_sitemaps() -> None:
    body = "".join(f"Sitemap: /s{n}.xml\n" for n in range(60)).encode()

    announcement = discover.read_robots(body, url="http://a.example/robots.txt")

    assert len(announcement.sitemaps) == 50
    assert announcement.problems == ("robots.txt names 60 sitemaps; the first 50 were kept",)


# --- list pages -----------------------------------------------------------------------------------------------------

LIST_PAGE = """<html><head><base href="http://a.example/archive/"><meta charset="utf-8"></head><body>
<nav><a href="/about">About</a></nav>
<article><a href="1"><img src="x.png" alt="A photograph"></a><h2><a href="1">One &amp; &lt;only&gt;</a></h2></article>
<article><a href="2"><h2>Two</h2></a></article>
<article><a href="3"><img src="x.png" alt="Three"></a></article>
<article><h2>No link</h2></article>
<a class="older" href="?page=2">Older</a></body></html>"""


def read_list(body: str, links: str = "article a", next: str | None = None) -> Announcement:
    return discover.read_listing(body.encode(), url=PAGE, listing=Listing(links=links, next=next))


def test_a_list_page_gives_articles_with_the_text_of_their_links_and_the_next_page() -> None:
    announcement = read_list(LIST_PAGE, next="a.older")

    assert [(d.url, d.claimed_title) for d in announcement.discoveries] == [
        ("http://a.example/archive/1", "A photograph"),
        ("http://a.example/archive/2", "Two"),
        ("http://a.example/archive/3", "Three"),
    ]
    assert (announcement.next, announcement.problems) == ("http://a.example/archive/?page=2", ())
    assert {d.found_in for d in announcement.discoveries} == {PAGE}


def test_a_selector_may_match_what_holds_a_link_or_what_a_link_holds() -> None:
    announcement = read_list(LIST_PAGE, links="h2")

    assert [(d.url, d.claimed_title) for d in announcement.discoveries] == [
        ("http://a.example/archive/1", "One & <only>"),
        ("http://a.example/archive/2", "Two"),
    ]
    assert announcement.problems == ("1 element selected without an address",)


def test_the_last_list_page_has_no_next() -> None:
    assert read_list(LIST_PAGE, next="a.newer").next is None
    assert read_list('<a href="/1">1</a><a rel="next" href="#">same</a>', "a", "a[rel=next]").next is None


def test_a_selector_that_matches_nothing_or_is_not_valid_is_said() -> None:
    assert read_list(LIST_PAGE, links="h3 a").problems == ("the selector 'h3 a' matches nothing on this page",)
    assert read_list(LIST_PAGE, links="a[").problems[0].startswith("the selector 'a[' is not valid")
    assert read_list(LIST_PAGE, next="a:no-such").problems[0].startswith("the selector 'a:no-such' is not valid")


def test_a_list_page_is_read_in_the_encoding_the_server_declares() -> None:
    body = '<meta charset="zip"><a href="/1">Новости</a>'.encode("koi8-r")

    announcement = discover.read_listing(
        body, url=PAGE, listing=Listing(links="a"), content_type="text/html; charset=koi8-r"
    )

    assert titles(announcement) == ["Новости"]


def test_a_list_page_nested_too_deeply_is_refused() -> None:
    assert read_list("<div>" * 20_000 + '<a href="/1">1</a>').problems == (
        "the page is nested too deeply to be searched",
    )


# --- front pages ----------------------------------------------------------------------------------------------------


def feeds_of(*elements: str, url: str = "http://a.example/") -> list[str]:
    page = f"<!DOCTYPE html><html><body>{''.join(elements)}</body></html>"
    return [feed.removeprefix("http://a.example") for feed in discover.read_front(page.encode(), url=url).feeds]


def alternate(href: str, kind: str = "application/rss+xml", title: str = "") -> str:
    return f'<link rel="alternate" type="{kind}" href="{href}" title="{title}">'


def test_a_front_page_gives_its_feeds_in_order_with_comments_last() -> None:
    assert feeds_of(
        alternate("/comments/feed/", title="A » Comments Feed"),
        alternate("/tag/x/feed/"),
        alternate("/feed/"),
        alternate("/feed.json", "application/feed+json"),
        alternate("/atom.xml", "application/atom+xml; charset=utf-8"),
        alternate("/rdf", "application/rdf+xml"),
        alternate("/fr/", "text/html"),
        alternate("/wp-json/wp/v2/pages/2", "application/json"),
        '<a href="/other/feed">RSS</a>',
    ) == ["/feed/", "/feed.json", "/atom.xml", "/rdf", "/tag/x/feed/", "/comments/feed/"]


@pytest.mark.parametrize(
    "href",
    [
        "/feed/",
        "/rss.xml",
        "/index.rdf",
        "/?feed=rss2",
        "/spip.php?page=backend",
        "/backend.php3",
        "/newswire.rss",
        "/feeds/posts/default",
        "/en/features.rss",
        "/node/feed",
        "/index.php?format=feed",
        "http://feeds.feedburner.com/a",
    ],
)
def test_without_announced_feeds_anchors_that_look_like_one_are_taken(href: str) -> None:
    assert feeds_of(f'<a href="{href}">RSS</a>') == [href]


@pytest.mark.parametrize(
    "href",
    [
        "/about-rss",
        "/feedback/",
        "/how-to-read-a-feed/article.html",
        "http://feedly.example/subscribe?url=http://a.example/feed/",
        "http://other.example/feed/",
        "mailto:feed@a.example",
        "javascript:void(0)",
    ],
)
def test_anchors_that_only_speak_of_feeds_are_not_taken(href: str) -> None:
    assert feeds_of(f'<a href="{href}">RSS feed</a>') == []


def test_a_page_with_only_a_comments_feed_is_searched_for_anchors() -> None:
    assert feeds_of(alternate("/comments/feed/"), '<a href="/feed/">RSS</a>') == ["/feed/", "/comments/feed/"]


def test_at_most_ten_feeds_are_kept_and_base_is_honoured() -> None:
    found = feeds_of('<base href="/en/">', *(alternate(f"{n}.rss") for n in range(20)))

    assert found == [f"/en/{n}.rss" for n in range(10)]


def test_a_page_without_feeds_gives_none() -> None:
    assert discover.read_front(b"<p>Hello", url=PAGE) == Announcement()
