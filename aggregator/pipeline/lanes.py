"""What to ask one source next. A lane decides; it opens nothing.

robots.txt -> a feed, or the front page for one -> sitemaps and list pages -> the pages announced -> old ones, for edits
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from aggregator import urls
from aggregator.model import Outcome, Request, Role, Run, Source
from aggregator.pipeline.deriving import MAX_DEPTH, MAX_HOPS, Derived

MAX_PAGES = 500
MAX_RUN_S = 600.0
_FIRST = (Role.ROBOTS, Role.FRONT, Role.FEED)


class Lane:
    """One source's way through a run: one request at a time, each chosen when the last one's answer is archived.

    Args:
        source: Whom to visit.
        pending: Returns the announced addresses still to be asked for, at most so many.
        to_check: Returns the known ones that are to be looked at again for edits, at most so many.
        reads_lists: Whether sitemaps and list pages are read although a feed is; if not, only where the feed has a gap.
        from_scratch: Whether no run of this source was ever completed: list pages are then followed to their end, not
            only until they bring nothing new.
        max_pages: How many announced pages to ask for.
        now: When the run began.

    Attributes:
        run: The tally.
        over: Whether there is nothing more to ask for.
    """

    def __init__(
        self,
        source: Source,
        *,
        pending: Callable[[int], list[str]],
        to_check: Callable[[int], list[str]],
        reads_lists: bool,
        from_scratch: bool,
        max_pages: int = MAX_PAGES,
        now: datetime,
    ) -> None:
        self.source = source
        self.run = Run(source_id=source.id, started_at=now)
        self._pending = pending
        self._to_check = to_check
        self._reads_lists = reads_lists
        self._withheld: list[Request] = []
        """Sitemaps and list pages that are not read unless the feed has a gap."""
        self._checked: set[str] = set()
        self._from_scratch = from_scratch
        self._queue: deque[Request] = deque()
        self._feeds = deque(source.feeds)
        self._asked: set[str] = set()
        self._announced = False
        self._feed_read = False
        self._pages_chosen = False
        self._page_budget = max_pages
        self.over = False
        self._until = time.monotonic() + MAX_RUN_S
        self._ask(urls.origin(source.url) + "/robots.txt", Role.ROBOTS)
        if source.sitemap:
            self._ask(source.sitemap, Role.SITEMAP)
        if source.listing:
            self._ask(source.listing.start or source.url, Role.LISTING)
        if not source.feeds and not source.listing:
            self._ask(source.url, Role.FRONT)

    @property
    def pages_queued(self) -> int:
        """How many pages are queued."""
        return sum(request.role is Role.PAGE for request in self._queue)

    def next(self) -> Request | None:
        """Return what to ask for now; None: the run is over."""
        if time.monotonic() > self._until:
            self._queue.clear()
            self.run.outcome = Outcome.LIMITED
            self.over = True
            return None
        if not self._queue or not (self._queue[0].hops or self._queue[0].role in _FIRST):
            self._choose_feed()
        if time.monotonic() > self._until - MAX_RUN_S / 2 and not self._pages_chosen:
            self._queue.clear()  # half the time is for the pages, however long the lists are
            self.run.outcome = Outcome.LIMITED
        if not self._queue and self._withheld and not self._feed_read:
            self._read_lists()  # no feed answers: what they know is all there is
        if not self._queue and not self._pages_chosen:
            self._pages_chosen = True
            for url in self._pending(self._page_budget):
                self._ask(url, Role.PAGE)
            for url in self._to_check(max(self._page_budget - len(self._queue), 0)):
                self._checked.add(url)
                self._ask(url, Role.PAGE)
        self.over = not self._queue
        return self._queue.popleft() if self._queue else None

    def _choose_feed(self) -> None:
        """Put the next feed to try before all lists; when all have failed, the front page, which may name others."""
        if self._feed_read:
            return
        while self._feeds:
            feed = self._feeds.popleft()
            if feed not in self._asked:
                self._asked.add(feed)
                self._queue.appendleft(Request(url=feed, role=Role.FEED, source_id=self.source.id))
                return
        if self.source.feeds and self.source.url not in self._asked:
            self._asked.add(self.source.url)
            self._queue.appendleft(Request(url=self.source.url, role=Role.FRONT, source_id=self.source.id))

    def _read_lists(self) -> None:
        self._reads_lists = True
        self._queue.extend(self._withheld)
        self._withheld.clear()

    def put_back(self, request: Request) -> None:
        """Ask for this later; something else must be known first."""
        self._queue.appendleft(request)

    def stop(self) -> None:
        """Ask for nothing more."""
        self._queue.clear()
        self._feeds.clear()
        self._withheld.clear()
        self._feed_read = True
        self._pages_chosen = True

    def took(self, request: Request, derived: Derived) -> None:
        """Count what came of a request, and queue what follows from it."""
        run = self.run
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
            self._read_lists()
        self._announced |= derived.announced
        self._feed_read |= derived.announced and request.role is Role.FEED
        if derived.failure:
            run.failed.append((request.announced_url, derived.failure))
        if request.role is Role.PAGE and not derived.follow:
            self._page_budget -= 1
        if request.role is Role.FRONT or not derived.announced:
            self._feeds.extend(f for f in derived.feeds if f not in self._asked)
        for follow in derived.follow:
            self._follow(request, follow, derived)

    def _follow(self, request: Request, follow: Request, derived: Derived) -> None:
        if follow.asked_url:
            if request.hops < MAX_HOPS or request.role is not Role.ROBOTS:
                self._queue.appendleft(replace(follow, hops=request.hops + 1, depth=request.depth))
            return
        older = follow.role is Role.LISTING and request.role is Role.LISTING
        if older and not derived.discovered and not self._from_scratch:
            return
        if request.depth < MAX_DEPTH:
            self._ask(follow.url, follow.role, depth=request.depth + 1)

    def _ask(self, url: str, role: Role, *, depth: int = 0) -> None:
        if url not in self._asked:
            self._asked.add(url)
            is_list = role in (Role.SITEMAP, Role.LISTING)
            request = Request(url=url, role=role, source_id=self.source.id, depth=depth)
            (self._withheld if is_list and not self._reads_lists else self._queue).append(request)

    def finish(self, *, now: datetime, left: int) -> Run:
        """Close the tally.

        Args:
            now: When the run ended.
            left: How many announced addresses are still to be asked for.
        """
        run = self.run
        run.ended_at = now
        run.pending = left
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
