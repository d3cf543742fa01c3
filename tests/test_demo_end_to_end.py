"""The whole line over the demo world: real HTTP on loopback, real archive, catalogue and index, two visits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from aggregator import pipeline, search, sources
from aggregator.catalogue import dump
from aggregator.clock import SetClock
from aggregator.demo.model import FIRST_VISIT, SECOND_VISIT, Family, Post
from aggregator.demo.server import DemoServer, Request, SiteAudit
from aggregator.demo.sources import sources_yaml
from aggregator.demo.world import load_world
from aggregator.fetch import Fetcher
from aggregator.home import Home
from aggregator.model import Article, Following, Match, Outcome, Run, Version
from aggregator.pipeline import rematching
from aggregator.pipeline.rechecking import check_at
from aggregator.query import parse
from tests.fakeweb import articles, catalogue, found, matches

WORLD = load_world()
HOUR = timedelta(hours=1)
TOLD_APART = {
    *("verbatim", "retitled", "truncated", "edited", "excerpt", "roundup"),
    *("mirror", "migrated", "joint", "translation"),
}
"""The kinds in the world; a round-up is in the family of every text that it holds."""
OUT_OF_REACH = {"accueil/2702"}
"""Arabic from French: translations between scripts are not found."""
MEMBERS = [
    pytest.param(family, member, id=f"{family.id}-{member.article}")
    for family in WORLD.families
    for member in family.members
    if member.kind in TOLD_APART and member.article not in OUT_OF_REACH
]


@dataclass(frozen=True, kw_only=True)
class Visited:
    """What two visits left behind."""

    root: Path
    following: Following
    first: Mapping[str, Run]
    second: Mapping[str, Run]
    audit: Mapping[str, SiteAudit]
    requests: list[Request]
    articles: Mapping[str, Article]
    """By the post's key; a post that has none is missing."""
    addresses: Mapping[str, str]
    """The address of each post, by its key."""
    matches: Mapping[frozenset[str], Match]
    """By the keys of the two posts."""

    def pair(self, one: str, other: str) -> Match | None:
        return self.matches.get(frozenset((one, other)))


@pytest.fixture(scope="module")
def visited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visited]:
    root = tmp_path_factory.mktemp("demo")
    home = Home(root)
    with DemoServer(WORLD, now=FIRST_VISIT, delay_s=0.002) as server:
        home.sources_yaml.write_text(sources_yaml(server.port).replace("settings: {", "settings: {min_free: 1MB, "))
        following = sources.load(home.sources_yaml)
        first = visit(home, following, FIRST_VISIT)
        server.move_clock(SECOND_VISIT)
        second = visit(home, following, SECOND_VISIT)
        addresses = {key: WORLD.address(post, server.port) for key, post in WORLD.posts.items()}
    by_url = articles(root)
    keys = {by_url[url].id: key for key, url in addresses.items() if url in by_url}
    yield Visited(
        root=root,
        following=following,
        first=first,
        second=second,
        audit=server.audit(),
        requests=server.requests,
        articles={keys[article.id]: article for article in by_url.values() if article.id in keys},
        addresses=addresses,
        matches={frozenset((keys[m.a], keys[m.b])): m for m in matches(root) if m.a in keys and m.b in keys},
    )


def visit(home: Home, following: Following, at: datetime) -> dict[str, Run]:
    clock = SetClock(at)
    with pipeline.opened(home, following, clock=clock) as line:
        return {run.source_id: run for run in line.crawl(following.sources, Fetcher(following.settings, clock))}


def now(key: str) -> Post:
    """A post as it stands at the second visit."""
    return WORLD.posts[key].at(SECOND_VISIT)


def plain(text: str | None) -> str:
    """A text for comparing: quotes and spaces as everybody types them."""
    return " ".join((text or "").replace("’", "'").replace("\u00a0", " ").split())


def named(family: Family) -> set[str]:
    return {member.article for member in family.members} | ({family.original} if family.original else set())


def related() -> set[frozenset[str]]:
    """The pairs that a family connects, directly or through posts that two families have in common."""
    joined: list[set[str]] = []
    for family in WORLD.families:
        one = named(family)
        apart = []
        for other in joined:
            if one & other:
                one |= other
            else:
                apart.append(other)
        joined = [*apart, one]
    return {frozenset(pair) for group in joined for pair in combinations(sorted(group), 2)}


# Collecting


def test_both_visits_went_well(visited: Visited) -> None:
    for runs in (visited.first, visited.second):
        assert set(runs) == set(WORLD.sites)
        assert {(name, run.outcome) for name, run in runs.items() if run.outcome is not Outcome.OK} == set()


def test_every_post_is_an_article_and_nothing_else_is(visited: Visited) -> None:
    assert sorted(articles(visited.root)) == sorted(visited.addresses.values())


def test_the_first_visit_found_what_was_there_and_the_second_only_what_was_new(visited: Visited) -> None:
    there = {site: len(WORLD.posts_at(site, FIRST_VISIT)) for site in WORLD.sites}
    later = {site: len(WORLD.posts_at(site, SECOND_VISIT)) - there[site] for site in WORLD.sites}

    assert {site: run.new for site, run in visited.first.items()} == there
    assert {site: run.new for site, run in visited.second.items()} == later
    assert sum(later.values()) > 0


def test_no_host_had_two_requests_in_flight(visited: Visited) -> None:
    assert set(visited.audit) == set(WORLD.sites)
    assert {site: audit.peak_in_flight for site, audit in visited.audit.items()} == dict.fromkeys(WORLD.sites, 1)


def test_nothing_that_robots_txt_forbids_was_asked_for(visited: Visited) -> None:
    assert [site for site, audit in visited.audit.items() if audit.forbidden] == []
    assert any(site.disallow for site in WORLD.sites.values())


def test_the_second_visit_asks_again_only_for_what_was_edited_or_is_young(visited: Visited) -> None:
    edited = {key for key, post in WORLD.posts.items() if post.edits}
    young = {k for k, post in WORLD.posts.items() if check_at(post.published, FIRST_VISIT) <= SECOND_VISIT + HOUR}
    paths = {(post.site_id, WORLD.path(post)): key for key, post in WORLD.posts.items()}
    asked = [paths[r.site, r.path] for r in visited.requests if (r.site, r.path) in paths]

    assert {key for key in paths.values() if asked.count(key) > 1} <= edited | young
    assert {key for key in paths.values() if asked.count(key) > 2} == set()


# Reading


@pytest.mark.parametrize("site", list(WORLD.sites))
def test_titles_and_languages_are_those_of_the_posts(visited: Visited, site: str) -> None:
    expected = {key: (plain(now(key).title), now(key).language) for key in WORLD.posts if key.startswith(site + "/")}

    read = {key: (plain(a.title), a.language) for key, a in visited.articles.items() if a.source_id == site}

    assert read == expected


@pytest.mark.parametrize("site", list(WORLD.sites))
def test_every_paragraph_of_every_post_is_in_its_article(visited: Visited, site: str) -> None:
    missing = {
        key: [p[:60] for p in now(key).paragraphs if plain(p) not in plain(article.text)]
        for key, article in visited.articles.items()
        if article.source_id == site
    }

    assert {key: paragraphs for key, paragraphs in missing.items() if paragraphs} == {}


@pytest.mark.parametrize("site", list(WORLD.sites))
def test_claimed_dates_are_those_of_the_posts(visited: Visited, site: str) -> None:
    wrong = {
        key: (article.claimed_at, now(key).published)
        for key, article in visited.articles.items()
        if article.source_id == site
        and (article.claimed_at is None or abs((article.claimed_at - now(key).published).total_seconds()) >= 86400)
    }

    assert wrong == {}


def test_each_edit_made_a_second_version_and_both_are_kept(visited: Visited) -> None:
    edited = {key for key, post in WORLD.posts.items() if post.edits and post.published <= FIRST_VISIT}

    assert {key for key, article in visited.articles.items() if article.number > 1} == edited
    assert sum(run.new_versions for run in visited.second.values()) == len(edited) > 0
    for key in edited:
        before, after = kept(visited, key)
        assert plain(WORLD.posts[key].paragraphs[0]) in plain(before.text)
        assert plain(before.text) != plain(after.text) == plain(visited.articles[key].text)


def kept(visited: Visited, key: str) -> list[Version]:
    with catalogue(visited.root) as known:
        return known.versions(visited.articles[key].id)


# Reposts


@pytest.mark.parametrize(("family", "member"), MEMBERS)
def test_a_copy_is_matched_with_its_kind_and_its_origin(visited: Visited, family: Family, member: Any) -> None:
    others = [member.of] if member.of else [key for key in named(family) if key != member.article]
    for other in others:
        match = visited.pair(member.article, other)
        assert match, (member.article, other)
        assert match.kind == member.kind
        assert match.first == (visited.articles[other].id if member.of else None)


def test_posts_that_no_family_connects_are_no_match(visited: Visited) -> None:
    assert {tuple(sorted(pair)) for pair in visited.matches if pair not in related()} == set()
    assert visited.matches


@pytest.mark.parametrize("trap", WORLD.traps, ids=lambda trap: trap.id)
def test_texts_that_only_look_alike_are_no_match(visited: Visited, trap: Any) -> None:
    for one, other in combinations(trap.articles, 2):
        assert visited.pair(one, other) is None


def test_the_copies_of_one_text_are_one_hit(visited: Visited) -> None:
    family = next(f for f in WORLD.families if f.id == "kitchen-van")
    ids = {visited.articles[key].id for key in named(family)}

    hits = search.search(Home(visited.root), parse(WORLD.posts["northport/1207"].title), limit=100).hits

    assert [{hit.article.id, *hit.copies} for hit in hits if hit.article.id in ids] == [ids]


# Searching and making again


def test_french_is_found_without_its_accents(visited: Visited) -> None:
    plainly, properly = found(visited.root, "refugies expulses"), found(visited.root, "réfugiés expulsés")

    assert plainly == properly != []


@pytest.mark.parametrize("language", ["en", "fr", "de", "es", "it", "nl"])
def test_every_language_of_the_world_can_be_searched(visited: Visited, language: str) -> None:
    copied = set().union(*map(named, WORLD.families))
    key = next(key for key, post in WORLD.posts.items() if post.language == language and key not in copied)
    phrase = " ".join(plain(now(key).paragraphs[0]).split()[:6])

    assert visited.addresses[key] in found(visited.root, f'"{phrase}"')


def test_a_rebuild_gives_the_same_rows_and_answers(visited: Visited) -> None:
    queries = ("camp eviction", "refugies expulses", '"solidarity kitchen" -concert')
    rows, answers = dump(Home(visited.root).catalogue), [found(visited.root, query) for query in queries]

    pipeline.rebuild(Home(visited.root), visited.following)

    assert dump(Home(visited.root).catalogue) == rows
    assert [found(visited.root, query) for query in queries] == answers


def test_to_compare_all_articles_at_once_gives_the_same_rows(visited: Visited, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = dump(Home(visited.root).catalogue)
    for name, value in {"FROM_ARTICLES": 1, "_FEWEST": 20, "ROWS": 5_000}.items():
        monkeypatch.setattr(rematching, name, value)

    pipeline.rebuild(Home(visited.root), visited.following, only="reposts")

    assert dump(Home(visited.root).catalogue) == rows


def test_the_world_has_what_these_tests_look_for() -> None:
    assert {member.kind for family in WORLD.families for member in family.members} >= TOLD_APART
    assert WORLD.traps
