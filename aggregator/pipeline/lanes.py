"""What to ask one source next. A lane decides; it opens nothing.

robots.txt -> a feed, or the front page for one -> sitemaps and list pages -> the pages announced -> old ones, for edits

For a back-catalogue the lists are read to their end: those of sources.yaml, or else of the engine, which shows in the
front page, and the Wayback Machine's.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from aggregator import discover, engines, urls
from aggregator.model import Outcome, Request, Response, Role, Run, Source
from aggregator.pipeline.deriving import MAX_HOPS, Derived
from aggregator.pipeline.feeds import Feeds
from aggregator.pipeline.lists import LISTS, Lists

MAX_PAGES = 500
MAX_RUN_S = 600.0
MAX_DEPTH = 200
"""List pages or sitemaps that may lead to one another."""
MAX_LISTS = 50_000
"""List pages and sitemaps read for a back-catalogue; such a list may lead to as many others."""
MAX_HELPING = 64
"""Hosts that are asked for their robots.txt in one visit because of what pages show."""
SITEMAPS = ("/sitemap.xml", "/wp-sitemap.xml", "/sitemap_index.xml")
"""Where a site that names no sitemap in its robots.txt may have one: by custom, of WordPress, of its plug-ins."""
_FIRST = (Role.ROBOTS, Role.FRONT, Role.FEED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """How much of a source is asked for."""

    max_pages: int = MAX_PAGES
    """How many announced pages, at most."""
    max_lists: int = MAX_LISTS
    """How many sitemaps and list pages, at most."""
    whole: bool = False
    """Whether all that the source ever had is looked for, however long that takes."""
    since: datetime | None = None
    """Leave out what claims to be older; None: leave out none."""
    until: datetime | None = None
    """Leave out what claims not to be older; None: likewise."""
    wayback: bool = False
    """Whether the captures of the Wayback Machine are asked for, too."""
    resumed_from: datetime | None = None
    """When this was begun: lists captured since are not asked for again, but read in the archive; None: now."""


VISIT = Scope()
"""What one pass of a crawl asks for."""


class Lane:
    """One source's way through a run: one request at a time, each chosen when the last one's answer is archived.

    Args:
        source: Whom to visit.
        pending: Returns the announced addresses still to be asked for, at most so many.
        to_check: Returns the known ones that are to be looked at again for edits, at most so many.
        requisites: Returns what its pages need to be seen and is still to be asked for.
        reads_lists: Whether sitemaps and list pages are read although a feed is; if not, only where the feed has a gap.
        from_scratch: Whether no run of this source was ever completed: list pages are then followed to their end, not
            only until they bring nothing new.
        sitemaps: Where a sitemap may be, if robots.txt names none; tried in order.
        moved: Where its feeds have moved to before, by the old address.
        scope: How much to ask for.
        now: When the run began.

    Attributes:
        run: The tally.
        feeds: Which feeds are tried, and whether they have moved.
        lists: Which sitemaps and list pages are read.
        over: Whether there is nothing more to ask for.
    """

    def __init__(
        self,
        source: Source,
        *,
        pending: Callable[[int], list[str]],
        to_check: Callable[[int], list[str]],
        requisites: Callable[[], list[str]],
        reads_lists: bool,
        from_scratch: bool,
        sitemaps: Sequence[str] = (),
        moved: Mapping[str, str] | None = None,
        scope: Scope = VISIT,
        now: datetime,
    ) -> None:
        self.source = source
        self.scope = scope
        self.run = Run(source_id=source.id, started_at=now)
        self._pending = pending
        self._to_check = to_check
        self._requisites = requisites
        self._helping: set[str] = set()
        """Origins that are asked for their rules because of what a page shows."""
        self._all_else_is_had = False
        """Whether what pages show is all that is left."""
        self._missed = 0
        """Of what pages show, how much could not be had."""
        self._checked: set[str] = set()
        self._queue: deque[Request] = deque()
        self.feeds = Feeds(source, moved or {})
        self.lists = Lists(
            source, sitemaps, wanted=reads_lists, whole=scope.whole, from_scratch=from_scratch or scope.whole
        )
        self._asked: set[str] = set()
        self._announced = False
        self._is_parked = False
        self._all_are_listed = True
        """Whether every sitemap that was asked for could be read."""
        self._pages_chosen = False
        self._page_budget = scope.max_pages
        self._list_budget = scope.max_lists
        self._engine = engines.stated(source)
        self.over = False
        self._until = time.monotonic() + MAX_RUN_S if not scope.whole else float("inf")
        is_dead = source.engine == "wayback"
        if not is_dead:
            self._ask_the_site()
        if is_dead or scope.wayback:
            self._ask(discover.cdx_address(source.url), Role.LISTING)
        if is_dead:
            self.feeds.stop()
            self._queue.extend(self.lists.need())

    def _ask_the_site(self) -> None:
        source = self.source
        self._ask(urls.origin(source.url) + "/robots.txt", Role.ROBOTS)
        if source.sitemap:
            self._ask(source.sitemap, Role.SITEMAP)
        if source.listing:
            self._ask(source.listing.start or source.url, Role.LISTING)
        if not source.listing and (not source.feeds or (self.scope.whole and self._engine is None)):
            self._ask(source.url, Role.FRONT)
        if self._engine:
            self.lists.runs(self._engine)

    @property
    def pages_queued(self) -> int:
        """How many pages are queued."""
        return sum(request.role is Role.PAGE for request in self._queue)

    def next(self) -> Request | None:
        """Return what to ask for now; None: the run is over."""
        if time.monotonic() > self._until:
            self._queue.clear()
            if not self._all_else_is_had:  # what pages show is asked for by every visit, as far as it comes
                self.run.outcome = Outcome.LIMITED
            self.over = True
            return None
        if not self._queue or not (self._queue[0].hops or self._queue[0].role in _FIRST):
            self._choose_feed()
        if time.monotonic() > self._until - MAX_RUN_S / 2 and not self._pages_chosen:
            self._queue.clear()  # half the time is for the pages, however long the lists are
            self.run.outcome = Outcome.LIMITED
        if not self._queue and not self.feeds.is_read and not self._pages_chosen:
            self._queue.extend(self.lists.need())  # no feed answers: what they know is all there is
        if not self._queue and (guessed := self.lists.next()):
            url, role = guessed
            self._asked.add(url)
            self._queue.append(Request(url=url, role=role, source_id=self.source.id))
        if not self._queue and not self._pages_chosen:
            self._pages_chosen = True
            if self._is_parked and not self._announced:
                self.over = True  # whatever address is asked for, that page answers: none of it would be an edit
                return None
            for url in self._pending(self._page_budget):
                self._ask(url, Role.PAGE)
            for url in self._to_check(0 if self.scope.whole else max(self._page_budget - len(self._queue), 0)):
                self._checked.add(url)
                self._ask(url, Role.PAGE)
        if not self._queue:
            self._all_else_is_had = True
            for url in self._requisites():
                self._ask(url, Role.REQUISITE)
        self.over = not self._queue
        return self._queue.popleft() if self._queue else None

    def _choose_feed(self) -> None:
        """Put the next feed to try before all lists; when all have failed, the front page, which may name others."""
        if feed := self.feeds.next():
            self._asked.add(feed)
            self._queue.appendleft(Request(url=feed, role=Role.FEED, source_id=self.source.id))
        elif not self.feeds.is_read and self.source.feeds and self.source.url not in self._asked:
            self._asked.add(self.source.url)
            self._queue.appendleft(Request(url=self.source.url, role=Role.FRONT, source_id=self.source.id))

    def put_back(self, request: Request) -> bool:
        """Ask for this later, as the rules of its host must be known first; return whether they are to be asked for.

        Of what pages show not more is looked for in one visit than ``MAX_HELPING`` hosts have; the rest is left.
        """
        if request.role is Role.REQUISITE:
            origin = urls.origin(request.url)
            if origin not in self._helping and len(self._helping) >= MAX_HELPING:
                return False
            self._helping.add(origin)
        self._queue.appendleft(request)
        return True

    def cut_short(self) -> None:
        """Ask for nothing more as if the time were over: the rest is for the next visit, which is soon."""
        if not self.over:
            self._until = 0.0

    def stop(self) -> None:
        """Ask for nothing more."""
        self._queue.clear()
        self.feeds.stop()
        self.lists.stop()
        self._requisites = list
        self._pages_chosen = True

    def heard(self, response: Response) -> None:
        """Count an answer."""
        self.run.fetched += 1
        if response.certificate and urls.site(response.request.url) == urls.site(self.source.url):
            self.run.certificate_from, self.run.certificate_until = response.certificate

    def took(self, request: Request, derived: Derived) -> None:
        """Count what came of a request, and queue what follows from it."""
        run = self.run
        if self._is_beside(request):
            self._missed += bool(derived.failure) and request.role is Role.REQUISITE
            for follow in derived.follow:
                if follow.asked_url:
                    self._follow(request, follow, derived)
            return
        run.discovered += derived.discovered
        run.known += derived.known
        run.not_modified += derived.not_modified
        run.new += derived.new
        run.new_versions += derived.new_versions
        run.posts += derived.posts
        run.window = max(run.window, derived.window)
        run.asked_s = max(run.asked_s, derived.asked_s)
        run.rechecked += request.announced_url in self._checked and not derived.follow
        if derived.has_gap:
            self._queue.extend(self.lists.need())
        self._is_parked |= derived.is_parked
        self._announced |= derived.announced
        if request.role is Role.FEED:
            self.feeds.took(request, derived)
        self.lists.took(request, derived)
        if request.role is Role.SITEMAP:
            run.listed += derived.listed
            self._all_are_listed &= not derived.failure or self.lists.is_guess(request)
        if derived.failure and not self.lists.is_guess(request):
            run.failed.append((request.announced_url, derived.failure))
        if request.role is Role.PAGE and not derived.follow:
            self._page_budget -= 1
        if request.role in (Role.FRONT, Role.FEED) and derived.engine:
            run.engine = run.engine or derived.engine
            if not self._engine:
                self._engine = engines.ENGINES[derived.engine]
                self.lists.runs(self._engine)
        if request.role is Role.FRONT or not derived.announced:
            self.feeds.add(derived.feeds)
        if request.role is Role.FRONT and not derived.follow and not self.feeds.is_read and self._engine:
            usual = [f for f in engines.feeds(self.source, self._engine) if f not in self._asked]
            self.lists.guess(usual)
            self.feeds.add(usual)
        for follow in derived.follow:
            self._follow(request, follow, derived)

    def _is_beside(self, request: Request) -> bool:
        """Whether a request is for what pages show: whatever comes of it says nothing of the source."""
        is_rules = request.role is Role.ROBOTS and urls.origin(request.announced_url) in self._helping
        return is_rules or request.role is Role.REQUISITE

    def _follow(self, request: Request, follow: Request, derived: Derived) -> None:
        if follow.asked_url:
            if request.hops < MAX_HOPS or request.role is not Role.ROBOTS:
                self._queue.appendleft(replace(follow, hops=request.hops + 1, depth=request.depth))
            return
        if not self.lists.goes_on(request, follow, derived):
            return
        if request.depth < (MAX_LISTS if self.scope.whole else MAX_DEPTH):
            self._ask(follow.url, follow.role, depth=request.depth + 1, wanted=request.role is Role.LISTING)

    def _ask(self, url: str, role: Role, *, depth: int = 0, wanted: bool = False) -> None:
        if url in self._asked:
            return
        if role in LISTS and self._list_budget <= 0:
            self.run.outcome = Outcome.LIMITED
            return
        self._asked.add(url)
        self._list_budget -= role in LISTS
        request = Request(url=url, role=role, source_id=self.source.id, depth=depth)
        if wanted or not self.lists.withholds(request):
            self._queue.append(request)

    def finish(self, *, now: datetime, left: int) -> Run:
        """Close the tally.

        Args:
            now: When the run ended.
            left: How many announced addresses are still to be asked for.
        """
        run = self.run
        run.ended_at = now
        run.pending = left
        if not (self.over and self._all_are_listed and run.outcome is Outcome.OK):
            run.listed = 0
        if self._missed:
            run.notes.append(f"pictures and style sheets of its pages that could not be had: {self._missed}")
        if move := self.feeds.move:
            run.notes.append(f"its feed has moved: {move.old} → {move.new} ({move.why})")
        if not self.over:
            run.outcome = Outcome.INTERRUPTED
        elif not self._announced:
            run.outcome = Outcome.FAILED
            if not run.failed:
                run.failed.append((self.source.url, "no feed, sitemap or list page was found"))
        elif run.outcome is Outcome.OK and self._page_budget <= 0 and left:
            run.outcome = Outcome.LIMITED
        elif run.outcome is Outcome.OK and run.failed:
            run.outcome = Outcome.PARTIAL
        return run
