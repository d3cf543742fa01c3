"""One form per address, so that a page is asked for and kept once."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aggregator import urls
from aggregator.urls import MAX_URL_CHARS, canonical, identity

BASE = "http://a.example/news/today?page=2"


@pytest.mark.parametrize(
    ("found", "form"),
    [
        ("HTTP://WWW.A.Example/Path", "http://www.a.example/Path"),
        ("http://a.example", "http://a.example/"),
        ("http://a.example?q", "http://a.example/?q"),
        ("http://a.example./", "http://a.example/"),
        ("http://a.example:80/", "http://a.example/"),
        ("https://a.example:443/", "https://a.example/"),
        ("https://a.example:80/", "https://a.example:80/"),
        ("http://a.example:/", "http://a.example/"),
        ("http://a.example:8080/", "http://a.example:8080/"),
        ("http://a.example/1#comments", "http://a.example/1"),
        ("http://a.example/1#", "http://a.example/1"),
        ("http://a.example/1?", "http://a.example/1"),
        ("  http://a.example/1\n", "http://a.example/1"),
        ("http://anna:secret@a.example/", "http://a.example/"),
        ("http://b.example@a.example/", "http://a.example/"),
    ],
)
def test_spellings_of_one_address_become_one(found: str, form: str) -> None:
    assert canonical(found) == form


@pytest.mark.parametrize(
    ("found", "form"),
    [
        ("http://réfugiés.example/", "http://xn--rfugis-bvae.example/"),
        ("http://RÉFUGIÉS.example/", "http://xn--rfugis-bvae.example/"),
        ("http://bücher.example:8080/", "http://xn--bcher-kva.example:8080/"),
        ("http://xn--bcher-kva.example/", "http://xn--bcher-kva.example/"),
        ("http://[2001:DB8::1]/", "http://[2001:db8::1]/"),
        ("http://[2001:db8::1]:8080/x", "http://[2001:db8::1]:8080/x"),
        ("http://[2001:db8::1]:80/x", "http://[2001:db8::1]/x"),
    ],
)
def test_a_host_has_one_spelling(found: str, form: str) -> None:
    assert canonical(found) == form


@pytest.mark.parametrize(
    "address",
    [
        "http://a.example/caf%C3%A9",
        "http://a.example/caf%c3%a9",
        "http://a.example/caf%E9",
        "http://a.example/100%",
        "http://a.example/%7Eanna/~anna",
        "http://a.example/a%2Fb%20c",
        "http://a.example/A/b?B=2&a=1&&c",
        "http://a.example/a//b/./c",
        "http://a.example/spip.php?article12&lang=fr",
        "http://a.example/?q=a+b%2Bc",
        "http://a.example/1;jsessionid=2?x=(y)'!*,",
    ],
)
def test_path_and_query_are_left_as_announced(address: str) -> None:
    assert canonical(address) == address


@pytest.mark.parametrize(
    ("found", "form"),
    [
        ("http://a.example/a b?c d", "http://a.example/a%20b?c%20d"),
        ("http://a.example/réfugiés?q=é", "http://a.example/r%C3%A9fugi%C3%A9s?q=%C3%A9"),
        ('http://a.example/<"a">', "http://a.example/%3C%22a%22%3E"),
        ("http://a.example/a|b[c]{d}", "http://a.example/a%7Cb%5Bc%5D%7Bd%7D"),
        ("http://a.example/a\\b", "http://a.example/a%5Cb"),
        ("http://a.example/a\x7fb", "http://a.example/a%7Fb"),
        ("http://a.example/a\tb\r\nc", "http://a.example/abc"),
        ("http://a.example/a\x00b", "http://a.example/a%00b"),
    ],
)
def test_what_may_not_stand_in_an_address_is_escaped(found: str, form: str) -> None:
    assert canonical(found) == form


@pytest.mark.parametrize(
    ("found", "form"),
    [
        ("/1", "http://a.example/1"),
        ("1", "http://a.example/news/1"),
        ("../1", "http://a.example/1"),
        ("../../../1", "http://a.example/1"),
        ("?page=3", "http://a.example/news/today?page=3"),
        ("#top", "http://a.example/news/today?page=2"),
        ("", "http://a.example/news/today?page=2"),
        ("//b.example/1", "http://b.example/1"),
        ("https://b.example/1", "https://b.example/1"),
        ("./a/../b", "http://a.example/news/b"),
    ],
)
def test_a_relative_address_is_read_from_the_page_it_stands_on(found: str, form: str) -> None:
    assert canonical(found, BASE) == form


@pytest.mark.parametrize(
    "found",
    [
        "",
        "/1",
        "//a.example/1",
        "news",
        "http://",
        "http:///1",
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "file:///etc/passwd",
        "data:text/html,hello",
        "mailto:anna@a.example",
        "ftp://a.example/",
        "http://a.example:65536/",
        "http://a.example:-1/",
        "http://a.example:http/",
        "http://[::1",
        "http://[hello]/",
        "http://a b.example/",
        "http://a%20b.example/",
        "http://a<b.example/",
        "http://a.example\\.b.example/",
        "http://127.0.0.1\\@a.example/",
        "http://127.0.0.1%2f@a.example/",
        "http://a.example\t.127.0.0.1/",
        "http://a\r\n.example/",
        "http://a\x00.example/",
        "http://\ud800.example/",
        "http://a.example/\ud800",
        "http://" + "é" * 80 + ".example/",
        "http://é..example/",
    ],
)
def test_what_cannot_be_asked_for_has_no_form(found: str) -> None:
    assert canonical(found) is None


@pytest.mark.parametrize("found", ["javascript:void(0)", "data:,x", "file:///x", "mailto:a@b.example", "http://[::1"])
def test_a_base_does_not_turn_another_scheme_into_an_address(found: str) -> None:
    assert canonical(found, BASE) is None


def test_an_address_may_be_as_long_as_the_limit_and_no_longer() -> None:
    longest = "http://a.example/".ljust(MAX_URL_CHARS, "a")

    assert canonical(longest) == longest
    assert canonical(longest + "a") is None
    assert canonical("http://a.example/" + "é" * 400) is None  # each é takes six characters


@given(
    st.sampled_from(["", "http://", "https://", "http://a.example/", "http://a.example/?", "//"]),
    st.text() | st.text(alphabet="aB1é%2F.:/@?#&=[]\\ \t\n;_①ſİß\u200d\xad\x00"),
    st.sampled_from([None, BASE]),
)
@example("http://", "a.example/?&&utm_source=x&", None)
@example("http://", "①②⑦.⓪.⓪.①", None)
def test_the_form_of_a_form_is_itself(start: str, rest: str, base: str | None) -> None:
    form = canonical(start + rest, base)

    if form is not None:
        assert canonical(form) == form == canonical(form, BASE)
        assert form.isascii()
        assert form.isprintable()
        assert " " not in form
        assert urls.host(form)
        assert urls.origin(form) + urls.path_and_query(form) == form


# The same page


@pytest.mark.parametrize(
    ("address", "page"),
    [
        ("http://a.example/1?utm_source=feed&utm_medium=rss", "http://a.example/1"),
        ("http://a.example/1?UTM_Source=feed", "http://a.example/1"),
        ("http://a.example/1?b=2&fbclid=x&a=1", "http://a.example/1?b=2&a=1"),
        ("http://a.example/1?gclid", "http://a.example/1"),
        ("http://a.example/1?autm_source=1", "http://a.example/1?autm_source=1"),
        ("http://a.example/1?q=utm_source", "http://a.example/1?q=utm_source"),
        ("http://a.example/1?fbclids=1&my_fbclid=2", "http://a.example/1?fbclids=1&my_fbclid=2"),
        ("http://a.example/utm_source=1", "http://a.example/utm_source=1"),
    ],
)
def test_a_campaign_does_not_make_another_page(address: str, page: str) -> None:
    assert identity(address) == page


@given(st.text(alphabet="ab=&?utm_sfclid%"))
def test_the_identity_of_an_identity_is_itself(query: str) -> None:
    once = identity(f"http://a.example/?{query}")

    assert identity(once) == once


# Parts


def test_an_origin_is_scheme_host_and_port() -> None:
    assert urls.origin("http://a.example:8080/x?y") == "http://a.example:8080"


def test_a_host_has_neither_port_nor_capitals() -> None:
    assert urls.host("http://WWW.a.example:8080/") == "www.a.example"
    assert urls.host("http://[2001:db8::1]:8080/") == "2001:db8::1"


def test_a_site_is_the_same_with_and_without_www() -> None:
    assert urls.site("http://www.a.example/") == urls.site("https://a.example/1") == "a.example"


def test_path_and_query_are_what_a_mirror_shares() -> None:
    assert urls.path_and_query("http://a.example/1?b=c") == urls.path_and_query("http://b.example/1?b=c") == "/1?b=c"


@given(
    st.sampled_from(["", "//", "http://", "https://"]),
    st.from_regex(r"[a-z]{1,9}\.example(:[1-9][0-9])?(/[a-z]{0,9})?", fullmatch=True),
)
def test_an_address_may_be_meant_with_either_scheme(typed: str, rest: str) -> None:
    assert set(urls.spellings(typed + rest)) == {canonical(f"http://{rest}"), canonical(f"https://{rest}")}
    if typed.startswith("http"):
        assert urls.spellings(typed + rest)[0] == canonical(typed + rest)


def test_a_name_that_is_longer_than_any_host_has_is_none_and_found_to_be_so_at_once() -> None:
    began = time.process_time()

    assert urls.canonical(f"http://{'é' * 2_000_000}/") is None
    assert urls.canonical(f"http://{'é.' * 1_000_000}example/") is None
    assert time.process_time() - began < 1
    assert urls.canonical("http://é.example/") == "http://xn--9ca.example/"
