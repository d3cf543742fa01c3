"""A home to the entries of its feeds: what is new, edited, vanished, reposted, and which sources are in trouble.

names, the newest first -> what may leave -> entries

A feed is read by programs that keep what they read. So it has only the beginnings of texts, and nothing of sources to
whose copies nothing may lead (``risk: link``), beside all that no export has.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import TypeVar
from urllib.parse import quote

from aggregator import access, dedupe, health, search
from aggregator.access import Shown
from aggregator.catalogue import Catalogue
from aggregator.citations.cited import one_line
from aggregator.dedupe.observing import BACK, VANISHED
from aggregator.errors import UnknownIdError
from aggregator.home import Home
from aggregator.model import Article, Following, Match, Observation, Sighting
from aggregator.periods import instant, shown_minute
from aggregator.search import citing, saved
from aggregator.search.saved import SavedSearch
from aggregator.web.asking import Asking
from aggregator.web.feeds.edits import said_of
from aggregator.web.feeds.entries import Entry, Feed, Kind
from aggregator.web.followed import following_of
from aggregator.web.limits import FEED_ENTRIES, FEED_LOOKED_AT

TITLES = {
    Kind.NEW: "New articles",
    Kind.EDITED: "Edited articles",
    Kind.VANISHED: "Articles that vanished",
    Kind.REPOSTS: "Newly reposted articles",
    Kind.TROUBLE: "Sources in trouble",
}
_Name = TypeVar("_Name")


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """Of what there are feeds."""

    following: Following
    sources: Mapping[str, str]
    """Names by id, without the sources of which nothing may be told."""
    searches: Sequence[SavedSearch]
    """Those that are not withheld and can be read."""

    def search(self, name: str) -> SavedSearch:
        """Return a saved search by its name.

        Raises:
            UnknownIdError: There is none, or it is withheld.
        """
        found = next((one for one in self.searches if one.name == name), None)
        if found is None:
            raise UnknownIdError("There is no saved search of that name in this home.")
        return found

    def check_source(self, source_id: str) -> None:
        """Refuse a source that is none.

        Raises:
            UnknownIdError: It is none, or nothing may be told of it.
        """
        if source_id not in self.sources:
            raise UnknownIdError("There are no feeds of a source of that id.")


def choices(home: Home, now: datetime) -> Choices:
    """Return of what there are feeds.

    Args:
        home: Whose.
        now: What time it is: decisions to withhold may have ended.

    Raises:
        SourcesError: sources.yaml is refused.
        StoreError: Catalogue or events are missing, damaged or of another version.
    """
    following = following_of(home)
    names = {source.id: source.name for source in following.sources}
    if not home.is_new:
        with Catalogue(home.catalogue) as catalogue:  # also those that were taken out of the file since
            names = {source_id: source_id for source_id in sorted(catalogue.article_counts())} | names
    untold = access.unlinked(home, now).ids
    readable = [one for one in saved.standing(home, now=now) if one.name and not (one.problem or one.is_withheld)]
    return Choices(
        following=following,
        sources={source_id: name for source_id, name in names.items() if source_id not in untold},
        searches=readable,
    )


def gathered(
    home: Home, among: Choices, kind: Kind, *, now: datetime, source_id: str | None = None, name: str | None = None
) -> Feed:
    """Return the news of a kind.

    Args:
        home: Whose.
        among: Of what there are feeds.
        kind: Which.
        now: What time it is.
        source_id: Of one source only; None: of all.
        name: Of what a saved search finds only; None: of everything.

    Raises:
        StoreError: Catalogue, index or events are missing, damaged or of another version.
        UnknownIdError: There is no such source or search.
        UsageError: The search can no longer be understood.
    """
    title, urn, page = TITLES[kind], f"urn:aggregator:feed:{kind}", "/sources" if kind is Kind.TROUBLE else "/feeds"
    if source_id is not None:
        among.check_source(source_id)
        title, urn = f"{title} of {among.sources[source_id]}", f"{urn}:source:{quote(source_id, safe='')}"
        page = Asking(sources=(source_id,), sort="captured").address()
    wanted = among.search(name) if name is not None else None
    if wanted is not None:
        title, urn = f"{title} found with “{wanted.name}”", f"{urn}:search:{wanted.name}"
        page = f"/feeds?search={wanted.name}"
    entries: list[Entry] = []
    if not home.is_new:
        with access.opened(home, now=now, leaving=True) as catalogue:
            found = None if wanted is None else frozenset(search.matching(home, catalogue, wanted.query())[0])
            desk = _Desk(
                home=home,
                catalogue=catalogue,
                among=among,
                source_ids=tuple(among.sources) if source_id is None else (source_id,),
                found=found,
                now=now,
            )
            entries = list(islice(_OF[kind](desk), FEED_ENTRIES))
    entries.sort(key=lambda entry: (entry.updated, entry.id), reverse=True)
    return Feed(id=urn, title=title, page=page, updated=entries[0].updated if entries else now, entries=entries)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Desk:
    """Where the entries of a feed are written."""

    home: Home
    catalogue: Shown
    among: Choices
    source_ids: Collection[str]
    """The sources of which is to be told."""
    found: frozenset[str] | None
    """What the search finds; None: there is none."""
    now: datetime

    def articles(self, ids: Sequence[str]) -> dict[str, Article]:
        """Return those of some articles of which may be told."""
        there = self.catalogue.articles(ids)
        return {i: there[i] for i in ids if i in there and there[i].source_id in self.among.sources}

    def is_found(self, *ids: str) -> bool:
        """Whether the search, if there is one, finds any of some articles."""
        return self.found is None or not self.found.isdisjoint(ids)

    def name(self, article: Article) -> str:
        """Return what people call the source of an article."""
        return one_line(self.among.sources[article.source_id])

    def entry(self, article: Article, urn: str, updated: datetime, *, path: str = "", text: str = "") -> Entry:
        """Return an entry about an article, with title and authors as claimed."""
        return Entry(
            id=f"urn:aggregator:{urn}",
            path=f"/articles/{article.id}{path}",
            title=one_line(article.title or "") or "(no title)",
            updated=updated,
            source_id=article.source_id,
            source_name=self.name(article),
            text=text,
            authors=tuple(filter(None, map(one_line, article.authors))),
            address=article.url if article.url.startswith(("http://", "https://")) else None,
            language=article.language,
        )


def _batches(names: Sequence[_Name]) -> Iterator[Sequence[_Name]]:
    """Yield names, as many at a time as a feed has entries: mostly the first are enough."""
    for start in range(0, len(names), FEED_ENTRIES):
        yield names[start : start + FEED_ENTRIES]


def _new(desk: _Desk) -> Iterator[Entry]:
    if desk.found is None:
        ids = desk.catalogue.newest_articles(desk.source_ids, FEED_ENTRIES)
        if len(desk.articles(ids)) < len(ids):
            ids = desk.catalogue.newest_articles(desk.source_ids, FEED_LOOKED_AT)
    else:
        facts = (one for one in desk.catalogue.facts(desk.found) if one.source_id in desk.source_ids)
        ids = [one.id for one in sorted(facts, key=lambda one: (one.captured_at, one.id), reverse=True)]
    for some in _batches(ids):
        for cited in citing.cited(desk.catalogue, desk.among.following, list(desk.articles(some))):
            article = cited.article
            made = desk.entry(article, f"article:{article.id}", article.captured_at, text=cited.abstract or "")
            yield replace(made, published=article.claimed_at, is_quoted=True)


def _edited(desk: _Desk) -> Iterator[Entry]:
    for some in _batches(desk.catalogue.newest_edits(desk.source_ids, FEED_LOOKED_AT)):
        ids = list(dict.fromkeys(article_id for article_id, _ in some if desk.is_found(article_id)))
        articles, versions = desk.articles(ids), desk.catalogue.versions_of(ids)
        for article_id, number in some:
            seen = [version for version in versions.get(article_id, ()) if version.number <= number]
            if article_id not in articles or len(seen) < 2 or seen[-1].number != number:
                continue
            before, after = seen[-2:]
            if html := said_of(before, after):
                article, at = articles[article_id].as_in(after), after.captured_at
                path = f"/changes?old={before.number}&new={after.number}"
                made = desk.entry(article, f"edit:{article_id}:{instant(at)}", at, path=path)
                yield replace(made, html=html, is_quoted=True)


def _vanished(desk: _Desk) -> Iterator[Entry]:
    for some in _batches(desk.catalogue.newest_absences(desk.source_ids, FEED_LOOKED_AT)):
        articles = desk.articles([i for i in some if desk.is_found(i)])
        sightings = {i: seen for i in articles if (seen := desk.catalogue.sightings(i))}
        versions = desk.catalogue.versions_of(sightings)
        captures = desk.catalogue.captures_at_each({articles[i].url for i in versions})
        for i in (i for i in some if i in versions):
            observed = dedupe.observations(captures[articles[i].url], sightings[i], versions[i])
            if entry := _absence(desk, articles[i], sightings[i], observed):
                yield entry


def _absence(
    desk: _Desk, article: Article, sightings: Sequence[Sighting], observed: Sequence[Observation]
) -> Entry | None:
    """Return that an article was seen and then was not there, the last time that it was so; None: it never was."""
    absent = next((one for one in reversed(observed) if one.what == VANISHED), None)
    before = [one.captured_at for one in sightings if absent and one.captured_at < absent.at]
    if absent is None or not before:
        return None
    said = f"Seen last at {shown_minute(max(before))} UTC, not there at {shown_minute(absent.at)} UTC ({absent.why})."
    again = next((one for one in observed if one.what == BACK and one.at > absent.at), None)
    if again:
        said = f"{said} Seen again at {shown_minute(again.at)} UTC."
    urn = f"vanished:{article.id}:{instant(absent.at)}"
    return desk.entry(article, urn, again.at if again else absent.at, text=said)


def _reposts(desk: _Desk) -> Iterator[Entry]:
    for some in _batches(desk.catalogue.newest_matches(desk.source_ids, FEED_LOOKED_AT)):
        pairs = [pair for pair in some if desk.is_found(*pair)]
        articles = desk.articles([i for pair in pairs for i in pair])
        matches = {(match.a, match.b): match for match in desk.catalogue.matches_of({a for a, _ in pairs})}
        for pair in pairs:
            if pair in matches and articles.keys() >= set(pair):
                earlier, later = sorted((articles[i] for i in pair), key=lambda one: (one.captured_at, one.id))
                yield _repost(desk, matches[pair], earlier, later)


def _repost(desk: _Desk, match: Match, earlier: Article, later: Article) -> Entry:
    first = desk.name(later if match.first == later.id else earlier) if match.first else "undecided"
    lines = (
        f"{match.kind}: text of “{one_line(earlier.title or '(no title)')}” of {desk.name(earlier)},",
        f"seen there at {shown_minute(earlier.captured_at)} UTC, was seen here at",
        f"{shown_minute(later.captured_at)} UTC. Who had it first: {first}.",
    )
    text = "\n".join((" ".join(lines), *match.evidence))
    urn = f"repost:{match.a}:{match.b}"
    return desk.entry(later, urn, later.captured_at, path="/family", text=text)


def _trouble(desk: _Desk) -> Iterator[Entry]:
    wanted = [source for source in desk.among.following.sources if source.id in desk.source_ids and not source.paused]
    there = health.alarms_at(desk.home, wanted, desk.now)
    for alarm in sorted((one for each in there.values() for one in each), key=lambda one: one.since, reverse=True):
        name = desk.among.sources[alarm.source_id]
        yield Entry(
            id=health.urn(alarm),
            path="/sources",
            title=f"{name}: {alarm.kind}",
            updated=alarm.since,
            source_id=alarm.source_id,
            source_name=name,
            text=alarm.why,
        )


_OF: Mapping[Kind, Callable[[_Desk], Iterator[Entry]]] = {
    Kind.NEW: _new,
    Kind.EDITED: _edited,
    Kind.VANISHED: _vanished,
    Kind.REPOSTS: _reposts,
    Kind.TROUBLE: _trouble,
}
