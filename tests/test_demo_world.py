"""The demo world keeps its promises: whole data, pages like the engines', every post within a crawler's reach."""

from __future__ import annotations

import gzip
import html
import http.client
import re
import threading
from calendar import timegm
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import feedparser
import pytest
import yaml
from bs4 import BeautifulSoup

from aggregator.demo.model import FIRST_VISIT, KINDS, SECOND_VISIT, World
from aggregator.demo.server import DemoServer
from aggregator.demo.site import answer
from aggregator.demo.sources import sources_yaml
from aggregator.demo.world import load_world

PORT = 8641
SITE_IDS = [
    "northport", "channelwatch", "wire", "shoreline", "oldshore", "accueil", "cercle", "grenzweg", "orilla",
    "approdo", "laagland", "laagland-mirror",
]  # fmt: skip


@pytest.fixture(scope="module")
def world() -> World:
    return load_world()


@pytest.fixture(scope="module")
def server(world: World) -> Iterator[DemoServer]:
    with DemoServer(world, now=SECOND_VISIT) as server:
        yield server


# The data


def test_the_twelve_sites_are_there_and_none_is_empty(world: World) -> None:
    assert list(world.sites) == SITE_IDS
    assert {post.site_id for post in world.posts.values()} == set(SITE_IDS)


def test_there_are_enough_posts_in_each_language(world: World) -> None:
    languages = Counter(post.language for post in world.posts.values())

    assert len(world.posts) >= 120
    assert all(languages[language] >= 12 for language in ("en", "fr", "de", "es", "it", "nl"))


def test_each_post_is_in_a_language_of_its_site(world: World) -> None:
    strangers = [p.key for p in world.posts.values() if p.language not in world.sites[p.site_id].languages]

    assert strangers == []


def test_posts_are_dated_in_the_worlds_autumn_and_edited_between_the_visits(world: World) -> None:
    first, last = datetime(2026, 8, 1, tzinfo=UTC), datetime(2026, 11, 21, tzinfo=UTC)

    for post in world.posts.values():
        assert first <= post.published < last, post.key
        assert all(FIRST_VISIT < edit.at < SECOND_VISIT for edit in post.edits), post.key


def test_every_family_names_posts_that_exist_and_kinds_that_are_known(world: World) -> None:
    for family in world.families:
        named = [member.article for member in family.members] + ([family.original] if family.original else [])
        assert len(set(named)) == len(named) > 1, family.id
        assert all(key in world.posts for key in named), family.id
        assert {member.kind for member in family.members} <= KINDS, family.id
        assert all(member.of in named for member in family.members if member.of), family.id
    assert len({family.id for family in world.families}) == len(world.families)
    assert {member.kind for family in world.families for member in family.members} == KINDS


def test_no_two_posts_of_a_trap_are_in_one_family(world: World) -> None:
    for trap in world.traps:
        for family in world.families:
            named = {family.original, *(member.article for member in family.members)}
            assert len(named & set(trap.articles)) <= 1, (trap.id, family.id)


def test_only_the_hyperactive_site_promotes(world: World) -> None:
    promoted = [post for post in world.posts.values() if post.promoted]

    assert promoted
    assert {post.site_id for post in promoted} == {"northport"}


def test_the_second_visit_finds_new_posts_and_edited_ones(world: World) -> None:
    before = {post.key: post for site in SITE_IDS for post in world.posts_at(site, FIRST_VISIT)}
    after = {post.key: post for site in SITE_IDS for post in world.posts_at(site, SECOND_VISIT)}

    assert after.keys() - before.keys()
    assert [key for key in before if before[key].paragraphs != after[key].paragraphs]


# Small worlds: copies, edits, mistakes

SMALL_SITES = """
sites:
  - id: a
    name: A
    engine: blog
    languages: [en]
    tagline: t
    navigation: []
    footer: f
    feed: /atom.xml
    following: {aliases: [a]}
  - id: b
    name: B
    engine: drupal
    languages: [en]
    tagline: t
    navigation: []
    footer: f
    feed: /rss.xml
    following: {aliases: [b]}
"""
ORIGINAL = """
site: a
posts:
  - id: "1"
    title: "Bread"
    published: 2026-10-01T10:00:00Z
    language: en
    text: |
      One loaf.

      Two loaves.

      Three loaves.
    edits:
      - {at: 2026-10-03T10:00:00Z, append: "Update: four.", replace: [["One loaf", "No loaf"]], title: "No bread"}
"""


def small_world(folder: Path, *copies: str) -> World:
    (folder / "articles").mkdir()
    (folder / "families").mkdir()
    (folder / "sites.yaml").write_text(SMALL_SITES)
    (folder / "articles" / "a.yaml").write_text(ORIGINAL)
    (folder / "articles" / "b.yaml").write_text("site: b\nposts:\n" + "".join(f"  - {copy}\n" for copy in copies))
    return load_world(folder)


def test_an_edit_is_seen_from_its_instant_on(tmp_path: Path) -> None:
    post = small_world(tmp_path).posts["a/1"]
    edited_at = datetime(2026, 10, 3, 10, tzinfo=UTC)

    before, after = post.at(edited_at - timedelta(seconds=1)), post.at(edited_at)

    assert (before.title, before.paragraphs, before.updated) == ("Bread", post.paragraphs, post.published)
    assert after.title == "No bread"
    assert after.paragraphs == ("No loaf.", "Two loaves.", "Three loaves.", "Update: four.")
    assert after.updated == edited_at
    assert after.slug == "bread"


def test_a_copy_has_the_text_as_it_stood_when_it_was_copied(tmp_path: Path) -> None:
    early = '{id: "1", title: Bread, published: 2026-10-02T10:00:00Z, copy_of: a/1, copy: {before: "(source: A)"}}'
    late = '{id: "2", published: 2026-10-04T10:00:00Z, copy_of: b/1}'
    later = '{id: "3", published: 2026-10-04T10:00:00Z, copy_of: a/1, copy: {paragraphs: [1, 2], after: more}}'

    world = small_world(tmp_path, early, late, later)

    assert world.posts["b/1"].paragraphs == ("(source: A)", "One loaf.", "Two loaves.", "Three loaves.")
    assert world.posts["b/2"].paragraphs == world.posts["b/1"].paragraphs
    assert world.posts["b/3"].paragraphs == ("No loaf.", "Two loaves.", "more")
    assert world.posts["b/3"].title == "No bread"


@pytest.mark.parametrize(
    ("post", "complaint"),
    [
        ('{id: "1", title: T, published: 2026-10-02T10:00:00Z, copy_of: a/9}', "copy_of a/9, which does not exist"),
        ('{id: "1", title: T, published: 2026-10-02T10:00:00Z, copy_of: b/1}', "copy of itself"),
        ('{id: "1", title: T, published: 2026-10-02T10:00:00, copy_of: a/1}', "time and zone"),
        ('{id: "1", title: T, published: 2026-10-02T10:00:00Z, language: en}', "either text or copy_of"),
        ('{id: "1", title: T, language: en, text: x}', "'published'"),
        ('{id: "1", titel: T, language: en, text: x}', "unknown fields ['titel']"),
        ('{id: "1", published: 2026-10-02T10:00:00Z, copy_of: a/1, copy: {paragraphs: [3, 4]}}', "has 3"),
        ('{id: "1", published: 2026-10-02T10:00:00Z, copy_of: a/1, copy: {replace: [[cake, pie]]}}', "'cake'"),
    ],
)
def test_an_error_in_a_post_names_file_and_post(tmp_path: Path, post: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=re.escape(complaint)) as error:
        small_world(tmp_path, post)

    assert str(error.value).startswith("articles/b.yaml: post b/1: ")


def test_a_family_of_unknown_posts_is_refused(tmp_path: Path) -> None:
    small_world(tmp_path)
    family = "families: [{id: f, original: a/1, members: [{article: b/7, kind: verbatim, of: a/1}]}]"
    (tmp_path / "families" / "x.yaml").write_text(family)

    with pytest.raises(ValueError, match=r"families/x\.yaml: family f: post b/7 does not exist"):
        load_world(tmp_path)


# The pages


@pytest.mark.parametrize("site_id", SITE_IDS)
def test_every_posts_address_shows_its_title_and_its_paragraphs(world: World, site_id: str) -> None:
    for post in world.posts_at(site_id, SECOND_VISIT):
        shown = text_of(get(world, site_id, world.path(post)))
        assert squeezed(post.title) in shown, post.key
        assert all(squeezed(paragraph) in shown for paragraph in post.paragraphs), post.key


@pytest.mark.parametrize("site_id", SITE_IDS)
def test_a_post_is_not_found_before_it_is_published(world: World, site_id: str) -> None:
    post = world.posts_at(site_id, SECOND_VISIT)[0]
    before = post.published - timedelta(seconds=1)

    assert answer(world, world.sites[site_id], world.path(post), now=before, port=PORT).status == 404


@pytest.mark.parametrize("site_id", SITE_IDS)
def test_no_link_within_a_site_is_dead(world: World, site_id: str) -> None:
    base, site = f"http://{site_id}.localhost:{PORT}", world.sites[site_id]
    seen, todo = {"/"}, ["/"]
    while todo:
        target = todo.pop()
        found = answer(world, site, target, now=SECOND_VISIT, port=PORT)
        assert found.status in (200, 301), target
        if not found.content_type.startswith("text/html"):
            continue
        for link in links(found.body, "a, link", base + target):
            inside = link.removeprefix(base) if link.startswith(base + "/") else None
            if inside and inside not in seen and not inside.startswith(site.disallow):
                seen.add(inside)
                todo.append(inside)
    assert {world.path(post) for post in world.posts_at(site_id, SECOND_VISIT)} <= seen


@pytest.mark.parametrize("site_id", ["channelwatch", "cercle", "orilla", "approdo"])
def test_the_page_of_an_edited_post_changes(world: World, site_id: str) -> None:
    for post in world.posts_at(site_id, FIRST_VISIT):
        early, late = (
            answer(world, world.sites[site_id], world.path(post), now=now, port=PORT)
            for now in (FIRST_VISIT, SECOND_VISIT)
        )
        if world.posts[post.key].edits:
            assert early.body != late.body, post.key
            assert early.last_modified != late.last_modified, post.key


def test_laagland_speaks_latin_1_and_says_so_in_the_page_only(world: World) -> None:
    post = next(post for post in world.posts_at("laagland", SECOND_VISIT) if "’" in "".join(post.paragraphs))
    found = answer(world, world.sites["laagland"], world.path(post), now=SECOND_VISIT, port=PORT)

    assert found.content_type == "text/html"
    assert b"charset=iso-8859-1" in found.body
    assert b"&#8217;" in found.body
    found.body.decode("iso-8859-1")


def test_arabic_is_written_from_right_to_left(world: World) -> None:
    post = next(post for post in world.posts_at("accueil", SECOND_VISIT) if post.language == "ar")

    assert '<div class="texte surlignable" dir="rtl" lang="ar">' in get(world, "accueil", world.path(post))


def test_one_front_page_holds_seven_whole_posts(world: World) -> None:
    shown = text_of(get(world, "channelwatch", "/"))
    whole = [
        all(squeezed(p) in shown for p in post.paragraphs) for post in world.posts_at("channelwatch", SECOND_VISIT)
    ]

    assert whole[:8] == [True] * 7 + [False]


def test_reactions_are_folded_until_asked_for(world: World) -> None:
    front = [get(world, "laagland", world.path(post)) for post in world.posts_at("laagland", SECOND_VISIT)]
    folded = next(page for page in front if "Toon de volgende 2 reacties" in page)
    target = re.search(r'href="(/nl/[^"]+\?c=on)#comments"', folded)

    assert target
    assert "ook" not in target[1]
    assert "Verberg de reacties" in get(world, "laagland", target[1])


def test_the_feed_of_northport_has_promoted_posts_only(world: World) -> None:
    feed = feedparser.parse(get_bytes(world, "northport", "/feeds/latest_articles"))
    promoted = [post for post in world.posts_at("northport", SECOND_VISIT) if post.promoted]

    assert [entry.link for entry in feed.entries] == [world.address(post, PORT) for post in promoted]
    assert feed.feed.language == "en-us"


def test_rest_tells_the_total_and_the_body(world: World) -> None:
    posts = world.posts_at("approdo", SECOND_VISIT)
    target = "/wp-json/wp/v2/posts?per_page=5&page=2"
    found = answer(world, world.sites["approdo"], target, now=SECOND_VISIT, port=PORT)
    entries = yaml.safe_load(found.body.decode())

    assert found.headers["X-WP-Total"] == str(len(posts))
    assert [entry["id"] for entry in entries] == [int(post.id) for post in posts[5:10]]


def test_robots_txt_is_missing_on_the_oldest_site_only(world: World) -> None:
    statuses = {
        site_id: answer(world, site, "/robots.txt", now=FIRST_VISIT, port=PORT).status
        for site_id, site in world.sites.items()
    }

    assert [site_id for site_id, status in statuses.items() if status == 404] == ["oldshore"]
    assert set(statuses.values()) == {200, 404}


# What a crawler can reach


@pytest.mark.parametrize("site_id", [site_id for site_id in SITE_IDS if site_id != "oldshore"])
def test_every_feed_parses_and_announces_posts_that_exist(world: World, site_id: str) -> None:
    site = world.sites[site_id]
    assert site.feed
    found = answer(world, site, site.feed, now=SECOND_VISIT, port=PORT)
    feed = feedparser.parse(found.body, response_headers={"content-type": found.content_type})
    by_address = {world.address(post, PORT): post for post in world.posts_at(site_id, SECOND_VISIT)}

    assert not feed.bozo
    assert feed.entries
    for entry in feed.entries:
        assert entry.title == by_address[entry.link].title
        published = datetime.fromtimestamp(timegm(entry.get("published_parsed") or entry.updated_parsed), UTC)
        assert published == by_address[entry.link].published.astimezone(UTC)


@pytest.mark.parametrize("now", [FIRST_VISIT, SECOND_VISIT])
@pytest.mark.parametrize("source", yaml.safe_load(sources_yaml(PORT))["sources"], ids=lambda source: source["id"])
def test_every_post_is_reached_by_feeds_sitemaps_and_listings(
    world: World, source: dict[str, Any], now: datetime
) -> None:
    wanted = {world.address(post, PORT) for post in world.posts_at(str(source["id"]), now)}

    assert wanted <= reached(world, source, now)


def test_two_sources_leave_their_feed_to_be_discovered() -> None:
    sources = yaml.safe_load(sources_yaml(PORT))["sources"]

    assert [source["id"] for source in sources if "feeds" not in source] == ["oldshore", "cercle", "grenzweg"]
    assert [source["id"] for source in sources] == list(SITE_IDS)


# The server


def test_a_host_shows_its_own_posts_only(world: World, server: DemoServer) -> None:
    paths = {site_id: world.path(world.posts_at(site_id, SECOND_VISIT)[0]) for site_id in SITE_IDS}

    for host in SITE_IDS:
        for site_id, path in paths.items():
            response = ask(server, host, path)
            same = host == site_id or ("laagland" in host and "laagland" in site_id)
            assert same or response.status == 404, (host, path)
            assert host != site_id or response.status == 200


def test_an_unknown_host_is_not_found(server: DemoServer) -> None:
    assert ask(server, "nowhere", "/").status == 404
    assert ask(server, "", "/").status == 404


def test_what_has_not_changed_is_not_sent_again(server: DemoServer) -> None:
    first = ask(server, "cercle", "/feed/")

    by_etag = ask(server, "cercle", "/feed/", {"If-None-Match": first.headers["ETag"]})
    by_date = ask(server, "cercle", "/feed/", {"If-Modified-Since": first.headers["Last-Modified"]})
    by_other_etag = ask(
        server, "cercle", "/feed/", {"If-None-Match": '"x"', "If-Modified-Since": first.headers["Last-Modified"]}
    )

    assert (by_etag.status, by_date.status, by_other_etag.status) == (304, 304, 200)
    assert by_etag.body == by_date.body == b""


def test_what_has_changed_is_sent_again(world: World) -> None:
    post = next(post for post in world.posts.values() if post.edits and post.published < FIRST_VISIT)
    with DemoServer(world, now=FIRST_VISIT) as server:
        first = ask(server, post.site_id, world.path(post))
        server.move_clock(SECOND_VISIT)
        known = {"If-None-Match": first.headers["ETag"], "If-Modified-Since": first.headers["Last-Modified"]}
        second = ask(server, post.site_id, world.path(post), known)

    assert second.status == 200
    assert second.body != first.body
    assert "18 Nov 2026" in first.headers["Date"]
    assert "20 Nov 2026" in second.headers["Date"]


def test_gzip_is_sent_to_who_takes_it(server: DemoServer) -> None:
    plain = ask(server, "orilla", "/")
    packed = ask(server, "orilla", "/", {"Accept-Encoding": "gzip, deflate"})

    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain.body


def test_a_connection_is_kept_for_further_requests(server: DemoServer) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    for path in ("/", "/rss.xml", "/nothing"):
        connection.request("GET", path, headers={"Host": "grenzweg.localhost"})
        response = connection.getresponse()
        assert response.read()
        assert not response.will_close
    connection.close()


def test_the_server_can_be_asked_as_a_proxy(server: DemoServer) -> None:
    response = ask(server, "127.0.0.1", f"http://orilla.localhost:{server.port}/robots.txt")

    assert b"Disallow: /search" in response.body


def test_the_audit_tells_how_visitors_behaved(world: World) -> None:
    with DemoServer(world, now=FIRST_VISIT, delay_s=0.1) as server:
        visits = [threading.Thread(target=ask, args=(server, "approdo", "/")) for _ in range(3)]
        for visit in visits:
            visit.start()
        for visit in visits:
            visit.join()
        ask(server, "orilla", "/search/label/mar")
        ask(server, "orilla", "/")
        audit, log = server.audit(), server.requests

    assert (audit["approdo"].requests, audit["approdo"].peak_in_flight) == (3, 3)
    assert (audit["orilla"].requests, audit["orilla"].peak_in_flight) == (2, 1)
    assert audit["orilla"].forbidden == ("/search/label/mar",)
    assert log[-1] == ("orilla", "/", 200)


# Helpers


@dataclass(frozen=True)
class Received:
    """A response read to its end."""

    status: int
    headers: dict[str, str]
    body: bytes


def ask(server: DemoServer, host: str, target: str, headers: dict[str, str] | None = None) -> Received:
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    connection.request("GET", target, headers={"Host": f"{host}.localhost:{server.port}", **(headers or {})})
    response = connection.getresponse()
    received = Received(response.status, dict(response.getheaders()), response.read())
    connection.close()
    return received


def get_bytes(world: World, site_id: str, target: str, now: datetime = SECOND_VISIT) -> bytes:
    found = answer(world, world.sites[site_id], target, now=now, port=PORT)
    assert found.status == 200, (site_id, target)
    return found.body


def get(world: World, site_id: str, target: str, now: datetime = SECOND_VISIT) -> str:
    return get_bytes(world, site_id, target, now).decode(world.sites[site_id].charset)


def text_of(page: str) -> str:
    return squeezed(html.unescape(re.sub(r"<[^>]+>", " ", page)))


def squeezed(text: str) -> str:
    return " ".join(text.split())


def links(body: bytes, selector: str, base: str) -> list[str]:
    found = [str(tag["href"]) for tag in BeautifulSoup(body, "html.parser").select(selector) if tag.get("href")]
    return [urljoin(base, link).split("#")[0] for link in found]


def reached(world: World, source: dict[str, Any], now: datetime) -> set[str]:
    """Return the addresses a simple crawler learns from a source's feeds, sitemaps and listing."""

    def fetched(address: str) -> bytes:
        parts = urlsplit(address)
        site = world.sites[str(parts.hostname).removesuffix(".localhost")]
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        return answer(world, site, target, now=now, port=PORT).body

    front = str(source["url"])
    found: set[str] = set()
    for feed in source.get("feeds") or links(fetched(front), 'link[rel="alternate"]', front):
        found.update(entry.link for entry in feedparser.parse(fetched(feed)).entries)
    sitemaps = re.findall(r"Sitemap: (\S+)", fetched(front + "robots.txt").decode())
    while sitemaps:
        locations = re.findall(r"<loc>(.+?)</loc>", fetched(sitemaps.pop()).decode())
        sitemaps += [location for location in locations if location.endswith(".xml")]
        found.update(locations)
    listing = source.get("listing")
    page = front if listing else None
    while page and listing:
        body = fetched(page)
        found.update(links(body, listing["links"], page))
        page = next(iter(links(body, listing["next"], page)), None)
    return found
