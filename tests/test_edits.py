"""Edits of old articles are found without asking for each of them: the lists of engines tell what was edited."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aggregator import discover, engines
from aggregator.model import Run
from tests.enginesites import story
from tests.fakeweb import NOON, STORY, ClockOf, FakeWeb, articles, crawl, page, source, versions

SITE = "http://a.example"
POSTS = [f"{SITE}/2026/0{1 + n // 28}/{n % 28 + 1:02}/post-{n}/" for n in range(120)]
EDITS = f"{SITE}/wp-json/wp/v2/posts?per_page=100&orderby=modified&order=desc&_fields=link,date_gmt,modified_gmt,title"
MADE_BY = "<generator>https://wordpress.org/?v=6.4</generator>"


def feed(*posts: str) -> str:
    items = "".join(f"<item><title>T</title><link>{post}</link></item>" for post in posts)
    return f"<?xml version='1.0'?><rss version='2.0'><channel><title>F</title>{MADE_BY}{items}</channel></rss>"


def rest(*edited: tuple[str, str]) -> tuple[int, dict[str, str], str]:
    """A page of the interface: addresses, and when they were edited."""
    posts = [
        {"link": url, "date_gmt": "2026-01-01T10:00:00", "modified_gmt": at, "title": {"rendered": "T"}}
        for url, at in edited
    ]
    return 200, {"Content-Type": "application/json"}, json.dumps(posts)


def site(*, of_edits: object, texts: dict[str, str] | None = None) -> dict[str, object]:
    """A WordPress site whose feed shows the last ten."""
    pages: dict[str, object] = {post: page(story(n)) for n, post in enumerate(POSTS)}
    pages |= {SITE + "/feed": feed(*POSTS[-10:]), EDITS + "&page=1": of_edits}
    return pages | {post: page(text) for post, text in (texts or {}).items()}


def visit(root: Path, web: FakeWeb) -> Run:
    return crawl(root, web, source("a"), clock=ClockOf(web))["a"]


def test_an_edit_of_an_old_post_is_found_a_day_later_with_one_list(tmp_path: Path) -> None:
    before = [(post, "2026-01-01T10:00:00") for post in reversed(POSTS[-100:])]
    old = POSTS[30]
    visit(tmp_path, FakeWeb(site(of_edits=rest(*before))))
    edited = rest((old, "2026-11-24T08:00:00"), *(each for each in before if each[0] != old))
    web = FakeWeb(
        site(of_edits=edited, texts={old: f"{story(30)} They have taken it back."}), now=NOON + timedelta(days=1)
    )

    run = visit(tmp_path, web)

    assert (run.new, run.new_versions) == (0, 1)
    assert len(versions(tmp_path, old)) == 2
    assert [url for url in web.asked if url in POSTS] == [old]


def test_a_list_of_edits_is_read_on_as_long_as_it_brings_news(tmp_path: Path) -> None:
    def all_edited(at: str) -> dict[str, object]:
        every = [(post, at) for post in POSTS]
        return site(of_edits=rest(*every[:100])) | {EDITS + "&page=2": rest(*every[100:])}

    visit(tmp_path, FakeWeb(all_edited("2026-01-02T10:00:00")))
    web = FakeWeb(all_edited("2026-11-24T08:00:00"), now=NOON + timedelta(days=1, hours=1))

    run = visit(tmp_path, web)

    assert set(articles(tmp_path)) == set(POSTS)
    assert [url.rpartition("=")[2] for url in web.asked if url.startswith(EDITS)] == ["1", "2"]
    assert len([url for url in web.asked if url in POSTS]) == len(POSTS)
    assert run.new_versions == 0


@pytest.mark.parametrize("closed", [401, 403, 404])
def test_an_interface_that_is_closed_is_no_failure_and_asked_again_only_a_month_later(
    closed: int, tmp_path: Path
) -> None:
    asked = []
    for day in (0, 2, 20, 32, 34):
        web = FakeWeb(site(of_edits=closed), now=NOON + timedelta(days=day))
        run = visit(tmp_path, web)
        assert not run.failed
        asked += [day for url in web.asked if url.startswith(EDITS)]

    assert asked == [0, 32]


def test_an_interface_that_answers_with_a_page_is_no_list(tmp_path: Path) -> None:
    links = "".join(f"<a href='{post}'>A</a>" for post in POSTS[:5])
    closed = (200, {"Content-Type": "text/html"}, f"<html><body>{MADE_BY}<p>No.</p>{links}</body></html>")

    run = visit(tmp_path, FakeWeb(site(of_edits=closed)))

    assert (run.failed, set(articles(tmp_path))) == ([], set(POSTS[-10:]))


def test_a_spip_site_has_its_sitemap_where_spip_puts_it(tmp_path: Path) -> None:
    address = f"{SITE}/spip.php?article7"
    sitemap = (
        "<?xml version='1.0'?><urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'><url>"
        f"<loc>{address}</loc><lastmod>2026-11-01T10:00:00Z</lastmod></url></urlset>"
    )
    pages: dict[str, object] = {
        SITE + "/feed": feed(f"{SITE}/spip.php?article9").replace(MADE_BY, "<generator>SPIP 4.2</generator>"),
        SITE + "/spip.php?page=sitemap.xml": sitemap,
        address: page(STORY),
        f"{SITE}/spip.php?article9": page(f"{STORY} Another one."),
    }

    visit(tmp_path, FakeWeb(pages))

    assert set(articles(tmp_path)) == {address, f"{SITE}/spip.php?article9"}


def test_what_the_server_calls_fresh_is_left_alone_a_little_longer(tmp_path: Path) -> None:
    fresh = (200, {"Content-Type": "application/rss+xml", "Cache-Control": "public, max-age=2700"}, feed(POSTS[0]))
    web = FakeWeb(site(of_edits=404) | {SITE + "/feed": fresh})

    run = visit(tmp_path, web)

    assert run.asked_s == 2700.0


def test_a_sitemap_that_shrinks_has_the_source_read_whole_at_once(tmp_path: Path) -> None:
    def sitemap(*posts: str) -> str:
        listed = "".join(f"<url><loc>{post}</loc></url>" for post in posts)
        return f"<?xml version='1.0'?><urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'>{listed}</urlset>"

    runs, old = [], "http://a.example/old"
    for day, posts in enumerate([POSTS[:40], POSTS[:40], POSTS[:8], POSTS[:8], POSTS[:8]]):
        pages = site(of_edits=404) | {SITE + "/sitemap.xml": sitemap(*posts), old: page(STORY)}
        pages[SITE + "/"] = (
            f"<html><head><meta name=generator content='WordPress 6'></head><a href='{old}'>x</a></html>"
        )
        web = FakeWeb(pages, now=NOON + timedelta(days=day, hours=day))
        runs.append(visit(tmp_path, web))

    assert [run.listed for run in runs] == [40, 40, 8, 8, 8]
    whole = "its sitemap lists 8 articles; 40 were usual: all that it holds is asked for while it is there"
    assert [run.notes for run in runs] == [[], [], [], [whole], []]


FRONT = """<html><head><meta name='generator' content='SPIP 4.2'></head><body>
<nav><a href='/spip.php?rubrique3'>All</a></nav><ul>
<li><h2><a href='/spip.php?article7'>A</a></h2><p>Publié le 3 mars 2026 {} | 2 compléments</p></li>
<li><h2><a href='/spip.php?article8'>B</a></h2> <i>Maj le <b>5.3.2026</b></i> <a href='/spip.php?article8'>more</a></li>
<li><a href='/spip.php?article9'>C</a> Publié le 3 mars 2026</li></ul><footer>Maj le 9 mars 2026</footer>
</body></html>"""


def test_a_list_of_a_spip_site_says_when_articles_were_edited() -> None:
    body = FRONT.format("| Maj le 4 mars 2026").encode()

    read = discover.read_list(body, url="http://a.example/", engine=engines.ENGINES["spip"])

    edited = {d.url[-1]: d.claimed_updated_at for d in read.discoveries}
    assert edited == {"7": datetime(2026, 3, 4, tzinfo=UTC), "8": datetime(2026, 3, 5, tzinfo=UTC), "9": None}


def test_an_edit_of_an_article_on_a_spip_front_page_is_found_a_day_later(tmp_path: Path) -> None:
    named = [f"{SITE}/spip.php?article{n}" for n in (7, 8, 9)]
    pages: dict[str, object] = {url: page(story(n)) for n, url in enumerate(named)}
    pages |= {
        SITE + "/": FRONT.format(""),
        SITE + "/feed": feed(*named).replace(MADE_BY, "<generator>SPIP</generator>"),
    }
    visit(tmp_path, FakeWeb(dict(pages)))
    pages |= {SITE + "/": FRONT.format("| Maj le 24 novembre 2026"), named[0]: page(f"{story(0)} They took it back.")}
    web = FakeWeb(pages, now=NOON + timedelta(days=1, hours=1))

    run = visit(tmp_path, web)

    assert (run.new_versions, [url for url in web.asked if url in named]) == (1, [named[0]])
    assert not any("rubrique" in url for url in web.asked)
