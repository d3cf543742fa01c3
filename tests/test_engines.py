"""What is known of the programs that sites run: which addresses are one article, and how a program shows."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator import engines, urls
from aggregator.engines import ENGINES
from aggregator.model import Source

ONE_ITEM = {
    "mir": """http://a.example/en/2009/07/434445.html http://a.example/en/regions/coast/2009/07/434445.html?c=on
        http://mob.a.example/en/2009/07/434445.html https://www.a.example/de/2009/07/434445.shtml""",
    "hyperactive": "http://a.example/articles/12 http://a.example/articles/12?page=2 http://a.example/en/articles/12/",
    "sf-active": "http://a.example/newsitems/2023/08/06/12.php http://a.example/newsitems/2023/08/06/12.php?show_comments=1",
    "oscailt": "http://a.example/article/12 http://a.example/article/12?comment_limit=0",
    "spip": """http://a.example/spip.php?article26278 http://a.example/article26278.html http://a.example/Titre-26278
        http://a.example/Un-titre,26278 http://a.example/spip.php?page=article&id_article=26278
        http://a.example/spip.php?article26278&lang=fr http://a.example/?article26278""",
    "wordpress": """http://a.example/2010/02/03/slug/ http://a.example/2010/02/03/slug http://a.example/2010/02/03/slug/amp/
        http://a.example/2010/02/03/slug/?replytocom=4 https://a.example/2010/02/03/slug/comment-page-2/""",
    "drupal": """http://a.example/node/12 http://a.example/de/node/12/index.html http://a.example/node/12/index.html
        http://mob.a.example/node/node/12/index.html http://a.example/?q=node/12""",
    "medium": "http://a.example/x/title-0a1b2c3d4e5f http://a.example/x/another-0a1b2c3d4e5f?source=rss",
}  # fmt: skip
APART = {
    "spip": "http://a.example/Lettre-142 http://a.example/Bilan-2020 http://a.example/Manif-2020 http://a.example/article3",
    "wordpress": "http://a.example/2014/05/ http://a.example/2014/05/03/ http://a.example/a-title/ http://a.example/?p=6",
    "mir": "http://a.example/en/2009/07/1.html http://a.example/en/2009/07/2.html http://a.example/en/newswire.html",
    "drupal": "http://a.example/node/1 http://a.example/node/11 http://a.example/node http://a.example/content/about",
}


def source(engine: str = "auto", url: str = "http://a.example/") -> Source:
    return Source(id="a", name="a", url=url, engine=engine, mirrors=("mob.a.example",))


@pytest.mark.parametrize("engine", ONE_ITEM)
def test_all_addresses_of_an_article_have_one_key(engine: str) -> None:
    addresses = ONE_ITEM[engine].split()

    assert len({engines.key(url, source(engine)) for url in addresses}) == 1
    assert all(ENGINES[engine].items.search(urls.path_and_query(url)) for url in addresses)


@pytest.mark.parametrize("engine", APART)
def test_addresses_of_different_pages_have_different_keys(engine: str) -> None:
    addresses = APART[engine].split()

    assert len({engines.key(url, source(engine)) for url in addresses}) == len(addresses)


def test_with_no_engine_stated_addresses_that_differ_are_different_articles() -> None:
    addresses = ONE_ITEM["drupal"].split()[:3]

    assert {engines.key(url, source()) for url in addresses} == set(addresses)


def test_a_blog_is_one_on_the_hosts_of_all_countries() -> None:
    blog = source(url="http://noborders.blogspot.com/")
    addresses = ["http://noborders.blogspot.com/2010/02/x.html", "http://noborders.blogspot.co.uk/2010/02/x.html?m=1"]

    assert {engines.key(url, blog) for url in addresses} == {addresses[0]}
    assert engines.key("http://other.blogspot.com/2010/02/x.html", blog) == "http://other.blogspot.com/2010/02/x.html"


@given(st.sampled_from(sorted(ENGINES)), st.text(st.sampled_from("/?&=.-_,0123456789abpnodearticle"), max_size=40))
def test_the_key_of_a_key_is_itself(engine: str, rest: str) -> None:
    one = source(engine)
    address = urls.canonical("http://a.example/" + rest)
    if address:
        key = engines.key(address, one)
        assert engines.key(key, one) == key
        assert key in engines.possible_keys(address)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('<meta name="generator" content="WordPress 6.4.2">', "wordpress"),
        ("<meta content='SPIP 4.2' name='generator'>", "spip"),
        ("<rss><channel><generator>SPIP - www.spip.net</generator>", "spip"),
        ("<generator>https://wordpress.org/?v=6.4</generator>", "wordpress"),
        ("<feed><generator version='7.00' uri='https://www.blogger.com'>Blogger</generator>", "blogger"),
        ("<link rel='https://api.w.org/' href='/wp-json/'>", "wordpress"),
        ('<a href="spip.php?rubrique12">x</a>', "spip"),
        ("<p>A text about WordPress and Drupal.</p>", None),
        ("", None),
    ],
)
def test_a_program_shows_by_its_name_or_its_signs(text: str, name: str | None) -> None:
    shown = engines.detected(text, "http://a.example/")

    assert (shown[0].name if shown else None) == name


def test_a_host_on_which_nothing_else_runs_says_it_all() -> None:
    shown = engines.detected("<meta name=generator content=Drupal>", "https://x.wordpress.com/")

    assert shown
    assert shown[0].name == "wordpress"


@pytest.mark.parametrize(
    "piece",
    ["<meta ", "<meta generator ", "generator" * 9, 'class="', "class='spip spip", "<generator>", "/wp-content"],
)
def test_a_hostile_page_does_not_make_it_slow(piece: str) -> None:
    text = piece * (2_000_000 // len(piece))
    began = time.process_time()

    engines.detected(text, "http://a.example/")

    assert time.process_time() - began < 2.0
