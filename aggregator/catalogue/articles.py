"""Articles, their versions, when they were seen, whom they credit."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import fields
from datetime import datetime

import sqlalchemy as sql

from aggregator import urls
from aggregator.catalogue import tables as t
from aggregator.catalogue.nodes import Nodes
from aggregator.catalogue.opened import as_row, in_chunks
from aggregator.model import Article, Credit, Facts, Role, Sighting, Version, VersionFacts

_TELLING_CHARS = 4
"""Of an id: one in a million has the same, by chance."""
_LONGEST_TYPED = 20
_MOST_ALIKE = 1_000


def possible_keys(url: str) -> set[str]:
    """Return the keys that an article read at an address may have."""
    from aggregator import engines  # with all their patterns: most searches do without

    return engines.possible_keys(url)


class Articles(Nodes):
    """Articles."""

    def put_article(self, article: Article, key: str, versions: Sequence[Version], credits: Sequence[Credit]) -> None:
        """Store an article as it now is with all its versions, and have it indexed and compared with others.

        Args:
            article: As it now is.
            key: What all its addresses have in common.
            versions: All of them.
            credits: Of the newest.
        """
        self._put(t.articles, [{**as_row(article), "key": key}])
        self._connection.execute(t.versions.delete().where(t.versions.c.article_id == article.id))
        self._put(t.versions, [as_row(version) for version in versions])
        self.put_credits(article.id, credits)
        self.tell_nodes(article.id)
        self._list(t.to_match, [{"article_id": article.id}])
        self._list(t.to_translate, [{"article_id": article.id}])

    def add_sighting(self, sighting: Sighting) -> None:
        """Note that an article was seen in a capture."""
        self._put(t.sightings, [as_row(sighting)])

    def sightings(self, article_id: str) -> list[Sighting]:
        """Return when an article was seen, oldest first."""
        s = t.sightings.c
        query = sql.select(t.sightings).where(s.article_id == article_id)
        return self._all(Sighting, query.order_by(s.captured_at, s.record_id))

    def put_credits(self, article_id: str, credits: Sequence[Credit]) -> None:
        """Store an article's credits in the place of those it had."""
        self._connection.execute(t.credits.delete().where(t.credits.c.article_id == article_id))
        self._put(t.credits, [{"article_id": article_id, **as_row(credit)} for credit in credits])

    def article(self, article_id: str) -> Article | None:
        """Return the article of that id; None: there is none."""
        return self._first(Article, sql.select(t.articles).where(t.articles.c.id == article_id))

    def articles(self, ids: Iterable[str]) -> dict[str, Article]:
        """Return the articles of those ids that exist."""
        found: dict[str, Article] = {}
        for chunk in in_chunks(list(ids)):
            rows = self._all(Article, sql.select(t.articles).where(t.articles.c.id.in_(chunk)))
            found |= {a.id: a for a in rows}
        return found

    def facts(self, ids: Iterable[str]) -> list[Facts]:
        """Return the facts of those articles that exist, by id."""
        columns = [t.articles.c[f.name] for f in fields(Facts)]
        chunks = in_chunks(sorted(ids))
        return [f for chunk in chunks for f in self._all(Facts, sql.select(*columns).where(columns[0].in_(chunk)))]

    def all_facts(self) -> list[Facts]:
        """Return the facts of all articles, by id."""
        columns = [t.articles.c[f.name] for f in fields(Facts)]
        return self._all(Facts, sql.select(*columns).order_by(columns[0]))

    def find_articles(self, url: str) -> list[Article]:
        """Return the articles read at an address, at another one of the same item, or where it redirected to."""
        a, c = t.articles.c, t.captures.c
        led = {r["url"] for r in self._rows(sql.select(c.url).where(c.asked_url == url))}
        keys = sorted({key for u in (url, *led) for key in possible_keys(u)})
        return self._all(Article, sql.select(t.articles).where(a.key.in_(keys)).order_by(a.id))

    def read_at(self, url: str) -> list[Article]:
        """Return the articles read at an address, or at another one of the same item; not where it redirected to."""
        query = sql.select(t.articles).where(t.articles.c.key.in_(sorted(possible_keys(url))))
        return self._all(Article, query.order_by(t.articles.c.id))

    def meant(self, ref: str) -> list[Article]:
        """Return the articles that are meant by an id, or by an address as people type it.

        Without a scheme, or with the other one, it is the article that was read there, if only one was.
        """
        if article := self.article(ref.strip().lower()):
            return [article]
        typed, others = urls.canonical(ref), self.nearly_meant(ref)
        return (self.find_articles(typed) if typed else []) or (others if len(others) == 1 else [])

    def nearly_meant(self, ref: str) -> list[Article]:
        """Return the articles read at an address as people type it, by http or https."""
        found = {a.id: a for address in urls.spellings(ref) for a in self.find_articles(address)}
        return list(found.values())

    def ids_like(self, typed: str) -> list[str]:
        """Return ids that begin or end as one that was typed does, in half of it: candidates for what was meant."""
        size = max(len(typed) // 2, _TELLING_CHARS)
        if not _TELLING_CHARS <= len(typed) <= _LONGEST_TYPED:
            return []
        a = t.articles.c
        alike = sql.or_(a.id.startswith(typed[:size], autoescape=True), a.id.endswith(typed[-size:], autoescape=True))
        return [r["id"] for r in self._rows(sql.select(a.id).where(alike).order_by(a.id).limit(_MOST_ALIKE))]

    def addresses_of(self, article: Article) -> set[str]:
        """Return the addresses at which an article was read, or that were asked for or announced to get there.

        Where its own address led later, and something else was read, is none of them.
        """
        c, d, s = t.captures.c, t.discoveries.c, t.sightings.c
        at = self._rows(sql.select(c.asked_url).where(c.url == article.url, c.role == Role.PAGE))
        holder = sql.func.coalesce(c.refers_to, c.record_id)
        here = sql.select(c.url).join(t.sightings, s.record_id == holder).where(s.article_id == article.id)
        to = self._rows(here.where(c.asked_url == article.url, c.role == Role.PAGE))
        announced = self._rows(sql.select(d.url).where(d.key.in_(sorted(possible_keys(article.url)))))
        return {article.url, *(r["asked_url"] for r in at), *(r["url"] for r in (*to, *announced))}

    def seen_at(self, url: str, *, or_led_to: bool = False) -> set[str]:
        """Return the ids of the articles seen in captures of a page, with ``or_led_to`` also where it redirected to."""
        c, s = t.captures.c, t.sightings.c
        holder = sql.func.coalesce(c.refers_to, c.record_id)
        seen = sql.select(s.article_id).join(t.captures, s.record_id == holder).where(c.role == Role.PAGE)
        there = sql.or_(c.url == url, c.asked_url == url) if or_led_to else c.url == url
        return {r["article_id"] for r in self._rows(seen.where(there))}

    def addresses_and_versions(self, ids: Sequence[str] | None = None) -> dict[str, tuple[str, str]]:
        """Return the address and the newest version's digest of articles, by id; None: of all."""
        a = t.articles.c
        query = sql.select(a.id, a.url, a.version)
        queries = [query] if ids is None else [query.where(a.id.in_(chunk)) for chunk in in_chunks(list(ids))]
        return {r["id"]: (r["url"], r["version"]) for each in queries for r in self._rows(each)}

    def article_ids(self) -> list[str]:
        """Return the ids of all articles."""
        return [r["id"] for r in self._rows(sql.select(t.articles.c.id).order_by(t.articles.c.id))]

    def versions(self, article_id: str) -> list[Version]:
        """Return an article's versions, oldest first."""
        v = t.versions.c
        return self._all(Version, sql.select(t.versions).where(v.article_id == article_id).order_by(v.number))

    def versions_of(
        self, article_ids: Iterable[str], digests: Collection[str] | None = None
    ) -> dict[str, list[Version]]:
        """Return the versions of articles, oldest first, by article.

        Args:
            article_ids: Whose.
            digests: Of the few that are wanted; None: all are.
        """
        v = t.versions.c
        only = [] if digests is None else [v.digest.in_(sorted(digests))]
        found: dict[str, list[Version]] = {}
        for chunk in in_chunks(sorted(set(article_ids))):
            query = sql.select(t.versions).where(v.article_id.in_(chunk), *only).order_by(v.article_id, v.number)
            for version in self._all(Version, query):
                found.setdefault(version.article_id, []).append(version)
        return found

    def version_facts(self, article_ids: Iterable[str]) -> dict[str, list[VersionFacts]]:
        """Return what is known of versions without their texts, the oldest first, by article."""
        columns = [t.versions.c[f.name] for f in fields(VersionFacts)]
        found: dict[str, list[VersionFacts]] = {}
        for chunk in in_chunks(sorted(set(article_ids))):
            query = sql.select(*columns).where(columns[0].in_(chunk)).order_by(*columns[:2])
            for version in self._all(VersionFacts, query):
                found.setdefault(version.article_id, []).append(version)
        return found

    def edited_since(self, at: datetime) -> frozenset[str]:
        """Return the ids of the articles that were there before an instant, and of which a later version is known."""
        v, a = t.versions.c, t.articles.c
        later = sql.select(v.article_id).where(v.captured_at >= at)
        return frozenset(
            r["id"] for r in self._rows(sql.select(a.id).where(a.captured_at < at, a.number > 1, a.id.in_(later)))
        )

    def credits(self, article_id: str) -> list[Credit]:
        """Return the credit lines of an article's newest version."""
        return self.credits_of([article_id]).get(article_id, [])

    def credits_of(self, article_ids: Iterable[str]) -> dict[str, list[Credit]]:
        """Return the credit lines of articles' newest versions, by article."""
        c = t.credits.c
        found: dict[str, list[Credit]] = {}
        for chunk in in_chunks(sorted(set(article_ids))):
            query = sql.select(t.credits).where(c.article_id.in_(chunk)).order_by(c.article_id, c.start)
            for r in self._rows(query):
                found.setdefault(r["article_id"], []).append(Credit(**{f.name: r[f.name] for f in fields(Credit)}))
        return found

    def languages(self) -> list[str]:
        """Return the languages of the articles, the most frequent first."""
        a = t.articles.c
        query = sql.select(a.language).where(a.language.is_not(None)).group_by(a.language)
        return [r["language"] for r in self._rows(query.order_by(sql.func.count().desc(), a.language))]
