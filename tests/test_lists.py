"""Lists of all that a site holds, and pages that stand where a site was: whatever the bytes are, nothing is raised."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator import discover, engines, urls
from aggregator.model import Outcome
from tests.fakeweb import NOON, STORY, ClockOf, FakeWeb, crawl, feed, page, source

REST = "http://a.example/wp-json/wp/v2/posts?page=1"
CDX = discover.cdx_address("http://a.example/")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["link", "date_gmt", "modified_gmt", "title", "rendered", "x"]), inner)
    ),
    max_leaves=20,
)
FULL = 400_000
"""As much of a page as is looked through for signs."""


@given(st.lists(JSON, max_size=8) | JSON, st.sampled_from([REST, CDX]))
def test_json_of_any_shape_gives_addresses_or_a_reason(rows: object, url: str) -> None:
    read = discover.read_list(json.dumps(rows).encode(), url=url, engine=None)

    assert all(d.url.startswith(("http://", "https://")) for d in read.discoveries)
    assert read.discoveries or read.problems or not isinstance(rows, list) or len(rows) < 2 or url == CDX


@given(st.binary(max_size=200), st.sampled_from([REST, CDX, "http://a.example/"]))
def test_bytes_of_any_kind_are_no_error(body: bytes, url: str) -> None:
    for engine in (None, *engines.ENGINES.values()):
        discover.read_list(body, url=url, engine=engine)


@pytest.mark.parametrize(
    "again",
    [
        b"[", b"[[", b'{"a":', b"[1,", b'["' + b"\\u0000" * 9, b"<link rel='next' ", b"<link rel='next' href='",
        b"<?xml", b"<a href='/2014/05/", b"<a href=/article1>Maj le 3.3.2026", b"<p>maj <i>", b"<meta generator ",
        b"<generator>", b"class='spip", b"<html ", b"domain is ", b"\x00", b"\xff\xfe",
    ],
)  # fmt: skip
def test_a_pattern_without_end_ends(again: bytes) -> None:
    """What a careless expression would take hours for."""
    body = again * (FULL // len(again))

    for url in (REST, CDX, "http://a.example/"):
        discover.read_list(body, url=url, engine=engines.ENGINES["spip"])
        discover.read_list(body, url=url, engine=None)
    discover.read_front(body, url="http://a.example/")


@given(st.text("/-,.?&=_+%0159aپx", max_size=60) | st.just("0?utm_source=x"), st.sampled_from(sorted(engines.ENGINES)))
def test_the_key_of_any_address_is_an_address_of_the_site_and_its_own_key(path: str, engine: str) -> None:
    of = source("a", engine=engine)
    address = urls.canonical(f"http://a.example/{path}")
    key = engines.key(address, of) if address else "http://a.example/"

    assert key.startswith("http://a.example")
    assert engines.key(key, of) == key


# --- parking pages --------------------------------------------------------------------------------------------------

FOR_SALE = "<html><head><title>a.example</title></head><body><h1>{}</h1><a href='/buy'>Inquire</a></body></html>"
SERVED = (
    "<html data-adblockkey='MFwwDQYJ_x'><head><title>a.example</title></head><body><p>Related links</p></body></html>"
)


def is_parked(body: str) -> bool:
    return discover.read_front(body.encode(), url="http://a.example/").is_parked


@pytest.mark.parametrize(
    "words",
    [
        "This domain is for sale!", "The domain name a.example may be for sale", "Buy this domain",
        "Diese Domain steht zum Verkauf", "Le domaine a.example est à vendre", "¡Este dominio está en venta!",
        "Il dominio a.example è in vendita", "This domain name has expired", "a.example: this domain is parked",
    ],
)  # fmt: skip
def test_a_page_that_offers_the_domain_and_says_little_else_is_a_parking_page(words: str) -> None:
    assert is_parked(FOR_SALE.format(words))


def test_a_page_of_a_service_that_sells_domains_is_a_parking_page() -> None:
    assert is_parked(SERVED)
    assert is_parked("<html><head><script>window.park = 'abc'</script></head><body></body></html>")


@pytest.mark.parametrize(
    "body",
    [
        page(f"{STORY} The old domain is for sale now, they wrote. " + "They carried on elsewhere. " * 60),
        FOR_SALE.format("This house is for sale"),
        FOR_SALE.format("On our website: the new issue is for sale"),
        FOR_SALE.format("<a href='https://bodis.com/'>A service</a> that parks what is lost"),
        FOR_SALE.format("Council domain expired: nobody had paid"),
        FOR_SALE.format("This domain is for sale").replace(
            "<head>", "<head><link rel='alternate' type='application/rss+xml' href='/feed'>"
        ),
        page(STORY),
    ],
)
def test_a_page_that_says_more_or_has_a_feed_is_none(body: str) -> None:
    assert not is_parked(body)


def test_a_site_in_whose_place_a_parking_page_stands_has_failed_for_that_reason(tmp_path: Path) -> None:
    alive = FakeWeb({"http://a.example/feed": feed("http://a.example/1"), "http://a.example/1": page(STORY)})
    looked_after = source("a", recheck=True)
    crawl(tmp_path, alive, looked_after, clock=ClockOf(alive))
    anywhere = ("http://a.example/", "http://a.example/feed", "http://a.example/1", "http://a.example/sitemap.xml")
    gone = FakeWeb(dict.fromkeys(anywhere, SERVED), now=NOON + timedelta(days=9))

    run = crawl(tmp_path, gone, looked_after, clock=ClockOf(gone))["a"]

    assert (run.outcome, run.rechecked, run.new_versions) == (Outcome.FAILED, 0, 0)
    assert "http://a.example/1" not in gone.asked
    assert ("http://a.example/", "it is a parking page: the domain is for sale") in run.failed
