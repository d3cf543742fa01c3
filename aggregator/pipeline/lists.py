"""Which list of a source to read next: sitemaps, list pages, those of its engine. Decides; opens nothing."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence

from aggregator import engines
from aggregator.engines import Engine
from aggregator.model import Request, Role, Source
from aggregator.pipeline.deriving import Derived

LISTS = (Role.SITEMAP, Role.LISTING)
EMPTY_LISTS = 3
"""Lists without an article that may lead to one another: years to months. A calendar goes on for ever."""


class Lists:
    """The lists of one visit: those that pages name, and where others may be.

    Args:
        source: Whose.
        sitemaps: Where a sitemap may be, if robots.txt names none; tried in order.
        wanted: Whether they are read although a feed is; if not, only where the feed has a gap.
        whole: Whether all that the source ever had is looked for.
        from_scratch: Whether list pages are followed to their end, not only until they bring nothing new.
    """

    def __init__(
        self, source: Source, sitemaps: Sequence[str], *, wanted: bool, whole: bool, from_scratch: bool
    ) -> None:
        self._source = source
        self._is_wanted = wanted
        self._is_whole = whole
        self._from_scratch = from_scratch
        self._engine: Engine | None = None
        self._withheld: list[Request] = []
        """Those that are not read unless the feed has a gap."""
        self._sitemaps = deque(() if source.sitemap or source.listing else sitemaps)
        self._is_listed = bool(source.listing) or source.engine == "wayback"
        """Whether the list of all was found, or is not looked for."""
        self._beginnings: deque[str] = deque()
        """Where it may begin, still to be tried."""
        self._edits: deque[str] = deque()
        """Where the list of what was edited last may be, still to be tried."""
        self._of_edits: set[str] = set()
        self._guessed: set[str] = set()

    def runs(self, engine: Engine) -> None:
        """Take in what the site runs."""
        self._engine = engine
        if not self._is_whole and not self._source.listing:
            self._edits.extend(engines.edits(self._source, engine))
        if self._is_whole or engine.feed_is_partial:
            self._look_for_all()
        if self._sitemaps:
            self._sitemaps.extend(engines.sitemaps(self._source, engine))

    def need(self) -> list[Request]:
        """Read them all; return those that were withheld."""
        self._is_wanted = True
        self._look_for_all()
        withheld, self._withheld = self._withheld, []
        return withheld

    def _look_for_all(self) -> None:
        if self._engine and not self._is_listed:
            self._is_listed = True
            self._beginnings.extend(engines.lists(self._source, self._engine))

    def withholds(self, request: Request) -> bool:
        """Whether a list that was named is not to be read; it is, once lists are needed."""
        if request.role not in LISTS or self._is_wanted:
            return False
        self._withheld.append(request)
        return True

    def next(self) -> tuple[str, Role] | None:
        """Return an address that nobody named, to be tried now, and its role; None: there is none."""
        if self._sitemaps and self._is_wanted:
            found = self._sitemaps.popleft(), Role.SITEMAP
        elif self._edits and self._is_wanted:
            found = self._edits.popleft(), Role.LISTING
            self._of_edits.add(found[0])
        elif self._beginnings:
            found = self._beginnings.popleft(), Role.LISTING
        else:
            return None
        self._guessed.add(found[0])
        return found

    def guess(self, addresses: Iterable[str]) -> None:
        """Note further addresses that nobody named."""
        self._guessed.update(addresses)

    def is_guess(self, request: Request) -> bool:
        """Whether nobody named that address: that it is missing is then no failure."""
        return request.announced_url in self._guessed

    def stop(self) -> None:
        """Try no more."""
        for left in (self._withheld, self._beginnings, self._edits, self._sitemaps):
            left.clear()
        self._is_listed = True

    def took(self, request: Request, derived: Derived) -> None:
        """Take in what came of a request."""
        is_news = derived.announced or derived.follow
        if request.role in (Role.ROBOTS, Role.SITEMAP) and is_news and not request.asked_url:
            self._sitemaps.clear()  # it is named, or found
        if request.role is Role.LISTING and self.is_guess(request) and (derived.discovered or derived.known):
            (self._edits if request.announced_url in self._of_edits else self._beginnings).clear()  # this is the list

    def goes_on(self, request: Request, follow: Request, derived: Derived) -> bool:
        """Whether the list that another one names is worth asking for."""
        if follow.role is not Role.LISTING or request.role is not Role.LISTING:
            return True
        is_news = bool(derived.discovered or derived.edited)
        if request.announced_url in self._of_edits:
            self._of_edits.add(follow.url)
            return is_news and self._engine is not None and self._engine.edits_lead_on
        return is_news or (self._from_scratch and bool(derived.known or request.depth < EMPTY_LISTS))
