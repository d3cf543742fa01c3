"""Which sources of a pass begin now: all where a crawler is alone, else a few at a time, as their hosts are had.

So crawlers that begin together share the sources between them, and who is done early takes what is left.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence, Set
from datetime import datetime, timedelta

from aggregator import urls
from aggregator.catalogue import Catalogue
from aggregator.model import Source
from aggregator.pipeline.claims import Alone, Claims, visit
from aggregator.pipeline.hosts import ASK_AGAIN_S, MAX_AT_ONCE, Hosts

AT_A_TIME = 8
"""Sources that one of several crawlers begins with at a time."""
MAX_SPARE = 64
"""Hosts that could be asked while as many are asked as can be. Without them the last to begin is waited for alone."""
SPARE_AT_A_TIME = 2
"""How slowly it makes sure of these: they are to be shared between crawlers as well."""
EVERY_S = 0.25
"""How long it then waits before it begins with others: who comes a moment later is to have a share, too."""
_LOOKED_AT = 256
"""Sources that are looked at for some whose host nobody has."""
_LONGEST = timedelta(days=1)
"""How long ago a visit may have begun that is still going on."""


class Turns:
    """The sources that wait for their turn.

    Args:
        sources: Of the pass, in their order.
        claims: Which hosts are this crawler's to ask.
        hosts: Told which have become so.
        catalogue: Where the runs of other crawlers are.
        now: When they begin to wait: whom others visited since is not visited again.
        whole: Whether all that they ever had is asked for: what others visited is less.
    """

    def __init__(
        self,
        sources: Sequence[Source],
        claims: Claims,
        hosts: Hosts,
        catalogue: Catalogue,
        now: datetime,
        *,
        whole: bool,
    ) -> None:
        self._claims = claims
        self._hosts = hosts
        self._catalogue = catalogue
        self._whole = whole
        self._waiting = list(sources)
        self._since = {source.id: now for source in sources}
        self._next_at = 0.0
        self._again_at: dict[str, float] = {}
        """When to try again for those whose host another crawler has, as a monotonic instant."""

    def __bool__(self) -> bool:
        return bool(self._waiting)

    @property
    def ids(self) -> Set[str]:
        """Those that wait."""
        return {source.id for source in self._waiting}

    def join(self, sources: Sequence[Source], now: datetime) -> bool:
        """Put further sources behind the others; return whether there were any."""
        self._waiting += sources
        self._since |= {source.id: now for source in sources}
        return bool(sources)

    def clear(self) -> None:
        """Let nobody else begin."""
        self._waiting.clear()

    def next(self, in_flight: int) -> list[Source]:
        """Return whose turn it is.

        Args:
            in_flight: How many hosts are being asked.
        """
        if isinstance(self._claims, Alone):
            begun, self._waiting = self._waiting, []
            return begun
        now = time.monotonic()
        if now < self._next_at:
            return []
        due = [source for source in self._waiting if self._again_at.get(source.id, 0.0) <= now]
        some, limit = due[:_LOOKED_AT], _limit(in_flight + self._hosts.rested_count)
        if not some or limit <= 0:
            return []
        pace_s = max(source.pace_s for source in some)
        self._next_at = now + EVERY_S
        had = self._claims.take({urls.host(source.url) for source in some}, limit=limit, pace_s=pace_s)
        for host, rest_s in had.items():
            self._hosts.is_ours(host, rest_s)
        ours = [source for source in some if urls.host(source.url) in had]
        visits = self._claims.take(visit(source.id) for source in ours)
        ours = [source for source in ours if visit(source.id) in visits]
        begun = [source for source in ours if self._whole or not self._was_visited(source)]
        gone = {source.id for source in ours}
        self.over(gone - {source.id for source in begun})
        are_all_held = len(had) < limit
        held = [s for s in some if s.id not in gone and (are_all_held or urls.host(s.url) in had)]
        for source_id in gone:
            self._again_at.pop(source_id, None)
        self._again_at |= {source.id: now + ASK_AGAIN_S for source in held}
        passed = gone | {source.id for source in held}
        self._waiting = [source for source in self._waiting if source.id not in passed] + held
        return begun

    def over(self, source_ids: Iterable[str]) -> None:
        """Let other crawlers visit sources again."""
        self._claims.give_back({visit(source_id): 0.0 for source_id in source_ids})

    def _was_visited(self, source: Source) -> bool:
        """Whether another crawler has been there since it began to wait."""
        since = self._since[source.id]
        runs = self._catalogue.runs_since(since - _LONGEST, source_id=source.id)
        return any(run.ended_at is not None and run.ended_at > since for run in runs)


def _limit(busy: int) -> int:
    """Return how many sources to begin with, of so many hosts that are asked or could be."""
    if busy < MAX_AT_ONCE:
        return min(MAX_AT_ONCE - busy, AT_A_TIME)
    return min(MAX_AT_ONCE + MAX_SPARE - busy, SPARE_AT_A_TIME)


__all__ = ["AT_A_TIME", "EVERY_S", "Turns"]
