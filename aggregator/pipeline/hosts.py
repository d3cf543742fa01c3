"""Requests in front of the hosts they go to: one at a time goes in, when the host has rested and is ours to ask."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Iterator
from heapq import heappop, heappush

from aggregator import urls
from aggregator.fetch import Web
from aggregator.model import Request
from aggregator.pipeline.claims import Claims
from aggregator.pipeline.lanes import Lane

MAX_AT_ONCE = 64
"""Requests in flight at the same time, each to another host."""
NAP_S = 0.2
"""The longest wait without a look around."""
ASK_AGAIN_S = 1.0
"""After how long it is asked again for a host that is another crawler's."""


class Hosts:
    """The hosts of a pass. A heap by when they have rested.

    Args:
        web: Where responses come from.
        claims: Which hosts are this crawler's to ask.
    """

    def __init__(self, web: Web, claims: Claims) -> None:
        self._web = web
        self._claims = claims
        self._queues: dict[str, deque[tuple[Lane, Request]]] = {}
        self._asked: set[str] = set()
        self._rest: list[tuple[float, str]] = []
        """Hosts that have a queue and are not being asked, by when they have rested."""
        self._unclaimed: set[str] = set()
        """Hosts that have a queue and are not ours."""
        self._claim_at = 0.0
        self._rested_at: dict[str, float] = {}
        """When hosts have rested that another crawler asked before us, as a monotonic instant."""

    def __bool__(self) -> bool:
        return bool(self._queues)

    @property
    def pause_s(self) -> float:
        """How long nothing new can be asked, in seconds, up to ``NAP_S``."""
        return min(max(self._rest[0][0] - time.monotonic(), 0.0), NAP_S) if self._rest else NAP_S

    @property
    def rested_count(self) -> int:
        """How many hosts could be asked now."""
        now = time.monotonic()
        return sum(at <= now for at, _ in self._rest)

    def add(self, lane: Lane, request: Request) -> None:
        """Put a request behind the others to its host."""
        host = urls.host(request.url)
        queue = self._queues.setdefault(host, deque())
        queue.append((lane, request))
        if len(queue) == 1 and host not in self._asked:
            self._wait(host)

    def _wait(self, host: str) -> None:
        """Have a host wait until it has rested, or until it is ours."""
        if not self._claims.holds(host):
            self._unclaimed.add(host)
            return
        _, request = self._queues[host][0]
        heappush(self._rest, (max(self._web.free_at(request.url), self._rested_at.get(host, 0.0)), host))

    def claim(self) -> None:
        """Have those hosts that others no longer ask be ours."""
        now = time.monotonic()
        if not self._unclaimed or now < self._claim_at:
            return
        self._claim_at = now + ASK_AGAIN_S
        pace_s = max(self._queues[host][0][0].source.pace_s for host in self._unclaimed)
        for host, rest_s in self._claims.take(self._unclaimed, pace_s=pace_s).items():
            self.is_ours(host, rest_s)
            if self._claims.holds(host):
                self._unclaimed.discard(host)
                self._wait(host)

    def is_ours(self, host: str, rest_s: float) -> None:
        """Note that a host is ours from now on, and to be left alone for so long."""
        self._rested_at[host] = max(time.monotonic() + rest_s, self._rested_at.get(host, 0.0))

    def rested(self, limit: int) -> Iterator[tuple[Lane, Request]]:
        """Yield the first request to each host that has rested, at most so many; these hosts are being asked then."""
        self.claim()
        now = time.monotonic()
        while limit > 0 and self._rest and self._rest[0][0] <= now:
            _, host = heappop(self._rest)
            if not self._claims.holds(host):
                self._unclaimed.add(host)
                continue
            queue = self._queues[host]
            first = queue.popleft()
            if not queue:
                del self._queues[host]
            self._asked.add(host)
            limit -= 1
            yield first

    def answered(self, request: Request) -> None:
        """Note that a host is not being asked any more."""
        host = urls.host(request.url)
        self._asked.discard(host)
        if host in self._queues:
            self._wait(host)

    def release(self, lanes: Iterable[Lane]) -> None:
        """Let other crawlers have the hosts that nothing waits for.

        Args:
            lanes: The visits that go on. One that waits for a host of another crawler does not keep its own from it:
                that one may wait for just this host.
        """
        waiting = {lane.source.id for host in self._unclaimed for lane, _ in self._queues[host]}
        wanted = {urls.host(lane.source.url) for lane in lanes if lane.source.id not in waiting}
        idle = set(self._claims.held()) - self._queues.keys() - self._asked - wanted
        self._claims.give_back({host: self._rest_s(host) for host in idle if "/" not in host})

    def close(self) -> None:
        """Let other crawlers have all hosts, each with the pause that it is still to have; nothing is being asked."""
        self._claims.give_back({host: self._rest_s(host) for host in self._claims.held() if "/" not in host})

    def _rest_s(self, host: str) -> float:
        """How long a host is still to be left alone, in seconds."""
        return max(self._web.rests_s(f"http://{host}/"), self._rested_at.get(host, 0.0) - time.monotonic(), 0.0)

    def let_go(self) -> list[Lane]:
        """Forget all requests that are not being asked; return whose they were."""
        lanes = [lane for queue in self._queues.values() for lane, _ in queue]
        self._queues.clear()
        self._rest.clear()
        self._unclaimed.clear()
        return lanes


__all__ = ["MAX_AT_ONCE", "NAP_S", "Hosts"]
