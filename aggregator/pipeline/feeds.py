"""Which feed of a source to try next, and whether it has moved for good. Decides; opens nothing."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from aggregator.decisions import Decisions
from aggregator.model import Request, Source
from aggregator.pipeline.deriving import Derived

EMPTY = "it is empty"
_KIND = "feed-moved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """That a feed is to be asked for elsewhere from now on; an event of the archive."""

    source_id: str
    old: str
    """As sources.yaml has it, or as it was asked for."""
    new: str
    why: str
    """``moved permanently``, or why the old one cannot be read."""


class Moves:
    """Where feeds have moved to, as events of the archive tell it.

    Args:
        decisions: Of the home.
    """

    def __init__(self, decisions: Decisions) -> None:
        self._decisions = decisions
        self._known: dict[str, dict[str, str]] = {}
        for event in decisions.events(_KIND):
            self._known.setdefault(event.said["source"], {})[event.said["old"]] = event.said["new"]

    def of(self, source_id: str) -> dict[str, str]:
        """Return where the feeds of a source have moved to, by the old address."""
        return self._known.get(source_id, {})

    def note(self, move: Move, *, now: datetime) -> None:
        """Keep a move, for the visits to come.

        Raises:
            NoSpaceError: The disk is full or read-only.
            StoreError: The disk fails.
        """
        said = {"source": move.source_id, "old": move.old, "new": move.new, "why": move.why}
        self._decisions.append(_KIND, said, now=now)
        self._known.setdefault(move.source_id, {})[move.old] = move.new


class Feeds:
    """The candidates of one visit: where the feed has moved to, those of sources.yaml, those that pages name.

    Args:
        source: Whose.
        moved: Where its feeds have moved to before, by the old address.
    """

    def __init__(self, source: Source, moved: Mapping[str, str]) -> None:
        self._source = source
        self._moved = moved
        self._waiting: deque[str] = deque()
        self._known: set[str] = set()
        self._gone: dict[str, str] = {}
        """Why a feed cannot be read, now or later, by its address."""
        self._passing: set[str] = set()
        """Addresses that redirect for now only."""
        self.is_read = False
        self.move: Move | None = None
        for feed in source.feeds:
            self.add([moved[feed]] if feed in moved else [])
            self.add([feed])

    def add(self, feeds: Iterable[str]) -> None:
        """Take in further candidates, behind the others."""
        for feed in feeds:
            if feed not in self._known:
                self._known.add(feed)
                self._waiting.append(feed)

    def next(self) -> str | None:
        """Return the next one to ask for; None: one was read, or all have failed."""
        return self._waiting.popleft() if self._waiting and not self.is_read else None

    def stop(self) -> None:
        """Try no more."""
        self._waiting.clear()
        self.is_read = True

    def took(self, request: Request, derived: Derived) -> None:
        """Take in what came of asking for one."""
        asked = request.announced_url
        if derived.follow and derived.follow[0].asked_url:
            if not derived.is_permanent:
                self._passing.add(asked)
        elif derived.failure or not derived.window:
            if derived.is_gone or not derived.failure:
                self._gone[asked] = derived.failure or EMPTY
        else:
            self.is_read = True
            self.move = self._move(asked, request.url)

    def _move(self, asked: str, read: str) -> Move | None:
        """What the visits to come have to know about where the feed was read; None: nothing new."""
        old = self._stands_for(asked)
        new = asked if asked in self._passing else read
        if old is None or new == self._moved.get(old, old):
            return None
        why = "moved permanently"
        if new == asked:
            failed = self._moved[old] if asked == old else old
            if failed not in self._gone:
                return None  # it may come back
            why = self._gone[failed]
        return Move(source_id=self._source.id, old=old, new=new, why=why)

    def _stands_for(self, asked: str) -> str | None:
        """The feed of sources.yaml in whose place another was read; None: these may come back, or there are none."""
        feeds = self._source.feeds
        if asked in feeds:
            return asked
        before = next((old for old in feeds if self._moved.get(old) == asked), None)
        return before or (feeds[0] if feeds and all(feed in self._gone for feed in feeds) else None)
