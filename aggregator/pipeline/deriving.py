"""From one entry of the archive to facts in the catalogue: the same for a crawl and for a rebuild.

What is derived depends on the archive, on sources.yaml and on this program, never on the clock or the network.
"""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from aggregator import archive, credits, dedupe, discover, engines, extract, urls
from aggregator.catalogue import Announced, Catalogue
from aggregator.errors import AggregatorError, ExtractError, StoreError
from aggregator.model import (
    Announcement,
    Article,
    Capture,
    Discovery,
    Failure,
    Following,
    Reading,
    Request,
    Requisites,
    Role,
    Source,
    Version,
)
from aggregator.pipeline import belonging
from aggregator.pipeline.reading import Reader, is_read, trouble
from aggregator.pipeline.rechecking import check_at, never

MAX_HOPS = 10
_LISTS = (Role.FEED, Role.SITEMAP, Role.LISTING)
"""What announces articles."""
_PASSING = (401, 403, 408, 425, 429)
"""Client errors that may be gone tomorrow (RFC 9110); so may every 5xx."""
PARKED = "it is a parking page: the domain is for sale"
"""What is said of a front page in whose place such a page stands; also ``alarms`` knows these words."""
_NOT_ARTICLES = re.compile(r"sitemap[^/]*(?:categor|tag|taxonom|author|user|image|video|misc)[^/]*$", re.IGNORECASE)
"""Sub-sitemaps of list pages and pictures, as WordPress and its sitemap plug-ins name them."""


@dataclass(slots=True, kw_only=True)
class Derived:
    """What came of one entry, for the lane and the tally."""

    follow: tuple[Request, ...] = ()
    """What to ask for next."""
    feeds: tuple[str, ...] = ()
    """Feeds that a front page announces, the likeliest first."""
    announced: bool = False
    """Whether it was a feed, sitemap or list page that could be read."""
    discovered: int = 0
    edited: int = 0
    """Known addresses of which it says that they were edited since."""
    known: int = 0
    not_modified: bool = False
    new: int = 0
    new_versions: int = 0
    failure: str | None = None
    """Why the address gave nothing."""
    posts: int = 0
    """Of the items of a feed, those that were not known before."""
    window: int = 0
    """How many items a feed showed."""
    asked_s: float = 0.0
    """Seconds that a feed asks to leave between two looks at it."""
    has_gap: bool = False
    """Whether a feed showed nothing that was known: what was published in between may be missing."""
    engine: str | None = None
    """What made it, by its own signs."""
    is_permanent: bool = False
    """Whether it redirects for good (RFC 9110, sections 15.4.2 and 15.4.9)."""
    is_gone: bool = False
    """Whether it failed for good: it is not there, or what is there is something else."""
    listed: int = 0
    """How many articles a sitemap lists; 0: it is none, or of the last days only."""
    is_parked: bool = False
    """Whether all that is left of the site is a page that offers its domain."""


class Deriver:
    """Reads entries into a catalogue; each inside a transaction of the caller.

    Args:
        folder: ``archive/``: where the body of an earlier capture is, when a server says "as before".
        following: sources.yaml.
        catalogue: Open for writing.
        furniture: Digests of the lines that are a source's and none of its articles', by source.
    """

    def __init__(
        self, folder: Path, following: Following, catalogue: Catalogue, furniture: Mapping[str, tuple[str, ...]]
    ) -> None:
        self._folder = folder
        self.reader = Reader(folder, following, furniture)
        self._following = following
        self._catalogue = catalogue

    def prepare(self, entries: Iterable[archive.Entry]) -> None:
        """Have the pages among entries read meanwhile; ``derive`` waits for what it needs."""
        for entry in entries:
            if isinstance(entry.what, Capture) and is_read(entry.what):
                self.reader.begin(entry.what, entry.body)

    def derive(self, entry: archive.Entry) -> Derived:
        """Take one entry into the catalogue.

        Whatever is wrong with a page, and whatever is wrong with us, costs this one entry: it is noted as archived and
        given up, so that neither this run nor a rebuild ever ends on it.

        Raises:
            NoSpaceError: The disk is full or read-only.
            StoreError: Archive or catalogue is damaged.
        """
        if archive.is_import(entry.file) and isinstance(entry.what, Capture):
            capture = self._unknown(entry.what)
            if capture is None:
                return Derived()
            entry = self._placed(entry, capture)
        try:
            with self._catalogue.attempt():
                return self._derive(entry)
        except AggregatorError:
            raise
        except Exception as error:
            if not isinstance(entry.what, Capture):
                raise
            self._catalogue.add_capture(entry.what)
            reason = f"could not be read ({type(error).__name__}: {error})"[:300]
            what = entry.what
            return self._settle(what, failure=reason, retry=False)

    def _unknown(self, capture: Capture) -> Capture | None:
        """Return an imported capture under an id that no other has; None: it is known, and as good as this one.

        A stranger's file may give one id to several records, or one of ours: what we have stays as it is.
        """
        said = " ".join((capture.record_id, capture.url, capture.captured_at.isoformat(), capture.payload_digest))
        for record_id in (capture.record_id, f"<urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, said)}>"):
            known = self._catalogue.capture(record_id)
            if known is None:
                return replace(capture, record_id=record_id)
            if archive.is_same(capture, known):
                better = (known.truncated and not capture.truncated) or not archive.holds(self._folder, known)
                return replace(capture, record_id=record_id) if better else None
        return None

    def _placed(self, entry: archive.Entry, capture: Capture) -> archive.Entry:
        """Find whose an imported capture is, and for a revisit which capture holds its body."""
        if not capture.source_id:
            capture = replace(capture, source_id=belonging.source_id(capture.url, self._following.sources))
        if capture.refers_to is not None and entry.repeats:
            holder = self._catalogue.holder(capture.refers_to, *entry.repeats, capture.payload_digest)
            if holder:
                capture = replace(capture, refers_to=holder.record_id, role=holder.role)
        return replace(entry, what=capture)

    def _derive(self, entry: archive.Entry) -> Derived:
        what = entry.what
        if isinstance(what, Failure):
            self._catalogue.add_failure(what)
            return self._settle(what, failure=what.reason, retry=what.retryable)
        if isinstance(what, tuple):
            self._catalogue.add_runs(what)
            return Derived()
        if isinstance(what, Requisites):
            self._catalogue.add_requisites(what)
            return Derived()
        self._catalogue.add_capture(what)
        if what.role is Role.OTHER:
            return Derived()
        if what.role is Role.REQUISITE:
            return self._requisite(what)
        if what.location is not None:
            return self._redirected(what)
        if what.role is Role.ROBOTS and 400 <= what.status < 500 and what.status != 429:
            return Derived()  # RFC 9309, section 2.3.1.3: no rules, all may be asked for
        if reason := trouble(what):
            return self._settle(what, failure=reason, retry=_may_pass(what))
        as_before = what.refers_to is not None
        known = self._catalogue.article(self._article_id(what)) if what.role is Role.PAGE else None
        if as_before and (readings := self._seen_before(what, known)):
            derived = self._articles(what, readings)
            self._note_asked(what, retry=False)
            derived.not_modified = True
            return derived
        body = self.body(entry)
        if body is None:
            reason = "as before, but the archive no longer has what was before"
            return self._settle(what, failure=reason, retry=True)
        if what.role is Role.PAGE:
            derived = self._page(what, body)
            self._note_asked(what, retry=False)
        else:
            derived = self._announcement(what, body)
        derived.not_modified = as_before
        return derived

    def body(self, entry: archive.Entry) -> bytes | None:
        """Return an entry's body, for a revisit the one that it says is still the same; None: that cannot be read."""
        if not isinstance(entry.what, Capture) or entry.what.refers_to is None:
            return entry.body
        return self._kept_body(self._catalogue.capture(entry.what.refers_to))

    def recalled(self, capture: Capture) -> tuple[bytes, Derived] | None:
        """Return what an archived robots.txt, feed or list says, and what follows; None: it cannot be read.

        What it announces is known already, and nothing is written.
        """
        holder = self._catalogue.capture(capture.refers_to) if capture.refers_to else capture
        body = b"" if 400 <= capture.status < 500 else self._kept_body(holder)
        if body is None:
            return None
        source = belonging.source(self._following, capture.source_id, capture.url)
        said = announcement(capture, body, source) if body else Announcement()
        follow = _followed(source, capture, said)
        return body, Derived(
            follow=follow,
            feeds=said.feeds,
            announced=capture.role in _LISTS,
            known=len(said.discoveries),
            listed=_listed(capture, said.discoveries),
            engine=said.engine,
        )

    def _kept_body(self, capture: Capture | None) -> bytes | None:
        try:
            return archive.body(self._folder, capture) if capture else None
        except StoreError:
            return None

    def settle_names(self) -> None:
        """Resolve credits again if sources.yaml calls its sources by other names than it did then."""
        naming = dedupe.naming_digest(self._following.sources)
        before = self._catalogue.note("naming")
        if before == naming:
            return
        ids = self._catalogue.article_ids() if before else []
        for article_id, article in self._catalogue.articles(ids).items():
            self._catalogue.put_credits(article_id, credits.resolved(article.text, self._following.sources))
        self._catalogue.set_note("naming", naming)

    def _settle(self, what: Capture | Failure, *, failure: str, retry: bool) -> Derived:
        if what.role is Role.PAGE:
            self._note_asked(what, retry=retry)
        is_gone = isinstance(what, Capture) and what.status in (404, 410)
        return Derived(failure=failure, is_gone=is_gone)

    def _note_asked(self, what: Capture | Failure, *, retry: bool) -> None:
        """Note that an announced page was asked for; what others captured was not asked for by us, and is still due."""
        if isinstance(what, Failure):
            url, at = what.url, what.failed_at
        elif archive.is_import(what.file):
            return
        else:
            url, at = what.asked_url, what.captured_at
        key = engines.key(url, belonging.source(self._following, what.source_id, url))
        law = never if urls.memento(url) else check_at  # what another archive keeps does not change
        self._catalogue.settle(what.source_id, key, retry=retry, at=at, law=law)

    def _announce(self, source: Source, found: Iterable[Discovery], at: datetime) -> Announced:
        """Take in what a source announces, once an item, under its plainest address."""
        by_key: dict[str, Discovery] = {}
        for one in found:
            key = engines.key(one.url, source)
            by_key[key] = replace(by_key.get(key, one), url=one.url) if one.url == key else by_key.get(key, one)
        return self._catalogue.announce(source.id, by_key, at)

    def _article_id(self, capture: Capture) -> str:
        return dedupe.article_id(
            capture.source_id,
            engines.key(capture.url, belonging.source(self._following, capture.source_id, capture.url)),
        )

    # --- what pages show with their text ------------------------------------------------------------------------------

    def _requisite(self, capture: Capture) -> Derived:
        """Take in a picture or style sheet; where it redirects, what needs it needs what is there."""
        if capture.location is None:
            return Derived(failure=trouble(capture), not_modified=capture.refers_to is not None)
        target = urls.canonical(capture.location, capture.url)
        if target is None:
            return Derived(failure="redirects to no web address")
        self._catalogue.add_requisites(
            Requisites(
                record_id=capture.record_id,
                url=capture.url,
                source_id=capture.source_id,
                role=capture.role,
                noted_at=capture.captured_at,
                named=(target,),
            )
        )
        return self._redirected(capture)

    # --- redirects --------------------------------------------------------------------------------------------------

    def _redirected(self, capture: Capture) -> Derived:
        target = urls.canonical(capture.location or "", capture.url)
        home = urls.canonical(belonging.source(self._following, capture.source_id, capture.url).url)
        if target is None or (capture.role is Role.PAGE and target == home):
            where = "the front page" if target else "no web address"
            reason = f"redirects to {where}"
            return self._settle(capture, failure=reason, retry=False)
        follow = Request(url=target, role=capture.role, source_id=capture.source_id, asked_url=capture.asked_url)
        return Derived(follow=(follow,), is_permanent=capture.status in (301, 308))

    # --- what announces articles ------------------------------------------------------------------------------------

    def _announcement(self, capture: Capture, body: bytes) -> Derived:
        source = belonging.source(self._following, capture.source_id, capture.url)
        said = announcement(capture, body, source)
        found = [d for d in said.discoveries if d.url != urls.canonical(source.url)]
        was_known = bool(found) and self._catalogue.is_known(source.id)
        new, edited = self._announce(source, found, capture.captured_at) if found else Announced(0, 0)
        posts = self._front_posts(capture, body) if capture.role is Role.FRONT and not said.feeds else ()
        read = self._articles(capture, posts)
        follow = _followed(source, capture, said)
        empty = not (said.discoveries or said.feeds or follow)
        failure = f"announces nothing: {'; '.join(said.problems)}" if empty and said.problems else None
        is_feed = capture.role is Role.FEED
        return Derived(
            follow=follow,
            feeds=said.feeds,
            announced=bool(posts) or (capture.role in _LISTS and failure is None),
            discovered=new + read.discovered,
            edited=edited,
            known=len(found) - new + read.known,
            new=read.new,
            new_versions=read.new_versions,
            failure=PARKED if said.is_parked else None if capture.role in (Role.ROBOTS, Role.FRONT) else failure,
            posts=new if is_feed else 0,
            window=len(found) if is_feed else 0,
            asked_s=max(said.asked_s, capture.max_age_s) if is_feed else 0.0,
            has_gap=is_feed and was_known and new == len(found),
            engine=said.engine,
            is_gone=is_feed and failure is not None,
            listed=_listed(capture, found),
            is_parked=said.is_parked,
        )

    # --- articles ---------------------------------------------------------------------------------------------------

    def _page(self, capture: Capture, body: bytes) -> Derived:
        failure = None
        if readings := self.reader.before(capture):
            return self._articles(capture, readings)
        try:
            reading = self.reader.read(capture, body)
        except ExtractError as error:
            failure = error.reason
            reading = extract.nothing(extract.UNREADABLE)
        derived = self._articles(capture, reading.posts or (reading,))
        derived.failure = failure
        return derived

    def _front_posts(self, capture: Capture, body: bytes) -> tuple[Reading, ...]:
        """Return the posts of a front page: all that can be had of a source which announces nothing."""
        try:
            return self.reader.read(capture, body).posts
        except ExtractError:
            return ()

    def _seen_before(self, capture: Capture, known: Article | None) -> list[Reading]:
        """Return what was read in the record that a capture refers to; empty: that was not read as this page."""
        earlier = self._catalogue.capture(capture.refers_to or "")
        source = belonging.source(self._following, capture.source_id, capture.url)
        if earlier is None or engines.key(earlier.url, source) != engines.key(capture.url, source):
            return []
        found = []
        for sighting in self._catalogue.sightings_in([earlier.record_id]):
            article = self._catalogue.article(sighting.article_id)
            versions = self._catalogue.versions(sighting.article_id)
            version = next((v for v in versions if v.digest == sighting.digest), None)
            is_this = known is not None and sighting.article_id == known.id
            if article is None or version is None or not (is_this or version.is_stand_in):
                return []
            found.append(_reading(version, article.url if version.is_stand_in else None))
        return found

    def _articles(self, capture: Capture, readings: Sequence[Reading]) -> Derived:
        """Take what was read on a page into the catalogue: an article, or several posts, and where these really are."""
        source = belonging.source(self._following, capture.source_id, capture.url)
        announced = [
            Discovery(url=r.url, found_in=capture.url, claimed_title=r.title, claimed_at=r.claimed_at)
            for r in readings
            if r.url and "#" not in r.url
        ]
        all_of_them = Derived(discovered=self._announce(source, announced, capture.captured_at).new)
        all_of_them.known = len(announced) - all_of_them.discovered
        for reading in readings:
            derived = self._article(capture, reading)
            all_of_them.new += derived.new
            all_of_them.new_versions += derived.new_versions
        return all_of_them

    def _article(self, capture: Capture, reading: Reading) -> Derived:
        source, url = belonging.source(self._following, capture.source_id, capture.url), reading.url or capture.url
        key = engines.key(url, source)
        known = self._catalogue.article(dedupe.article_id(source.id, key))
        decision = dedupe.decide(
            reading,
            known=known,
            versions=self._catalogue.versions(known.id) if known else (),
            sightings=self._catalogue.sightings(known.id) if known else (),
            announced=self._catalogue.discovery(source.id, engines.key(reading.url or capture.asked_url, source)),
            source=source,
            url=url,
            key=key,
            captured_at=capture.captured_at,
            record_id=capture.refers_to or capture.record_id,
            generation=self.reader.generation(capture),
        )
        self._catalogue.add_sighting(decision.sighting)
        if decision.versions is None:
            return Derived()
        found = credits.resolved(decision.article.text, self._following.sources)
        self._catalogue.put_article(decision.article, key, decision.versions, found)
        return Derived(new=int(known is None), new_versions=int(known is not None))


def generation(following: Following, furniture: Mapping[str, tuple[str, ...]]) -> str:
    """Return what a catalogue depends on besides the archive: extractor, and rules, furniture and keys of sources."""
    rules = {
        s.id: [[rule.selectors, str(rule.valid_until)] for rule in s.extract] for s in following.sources if s.extract
    }
    lines = {source_id: lines for source_id, lines in furniture.items() if lines}
    keys = {s.id: [e.name if (e := engines.stated(s)) else "", *s.mirrors] for s in following.sources}
    keys = {source_id: said for source_id, said in keys.items() if any(said)}
    if not (rules or lines or keys):
        return extract.generation()
    digest = hashlib.sha256(json.dumps([rules, lines, keys], sort_keys=True).encode()).hexdigest()
    return f"{extract.generation()}+{digest[:8]}"


def announcement(capture: Capture, body: bytes, source: Source) -> Announcement:
    """Return what a robots.txt, front page, feed, sitemap or list page announces."""
    match capture.role:
        case Role.ROBOTS:
            return discover.read_robots(body, url=capture.url)
        case Role.FRONT:
            return discover.read_front(body, url=capture.url, content_type=capture.content_type)
        case Role.SITEMAP:
            return discover.read_sitemap(body, url=capture.url)
        case Role.LISTING:
            kind = capture.content_type
            if source.listing and urls.site(capture.url) == urls.site(source.listing.start or source.url):
                return discover.read_listing(body, url=capture.url, listing=source.listing, content_type=kind)
            return discover.read_list(body, url=capture.url, engine=engines.stated(source), content_type=kind)
        case _:
            return discover.read_feed(body, url=capture.url, content_type=capture.content_type)


def _reading(version: Version, url: str | None) -> Reading:
    return Reading(
        url=url,
        title=version.read_title,
        authors=version.authors,
        claimed_at=version.claimed_at,
        claimed_by=version.claimed_by,
        language=version.language,
        text=version.text,
        problems=version.problems,
    )


def _followed(source: Source, capture: Capture, said: Announcement) -> tuple[Request, ...]:
    """Return the requests for the lists that are named: sitemaps, if they may list articles, and list pages."""
    named = () if capture.role is Role.ROBOTS and source.sitemap else said.sitemaps
    sitemaps = [(url, Role.SITEMAP) for url in named if not _NOT_ARTICLES.search(url)]
    pages = [(url, Role.LISTING) for url in (*said.lists, *((said.next,) if said.next else ()))]
    return tuple(Request(url=url, role=role, source_id=source.id) for url, role in (*sitemaps, *pages))


def _listed(capture: Capture, found: Sequence[Discovery]) -> int:
    """Return how many articles a sitemap lists for good: one of news has titles, and forgets what is two days old."""
    return len(found) if capture.role is Role.SITEMAP and not any(one.claimed_title for one in found) else 0


def _may_pass(capture: Capture) -> bool:
    return capture.status in _PASSING or capture.status >= 500 or bool(capture.truncated or capture.problem)


__all__ = ["MAX_HOPS", "Derived", "Deriver", "announcement", "generation"]
