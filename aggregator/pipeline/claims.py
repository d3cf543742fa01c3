"""Whose turn it is: of several crawlers that share a catalogue, one asks a host, and one looks for reposts, at a time.

A crawler that is alone with its catalogue may ask everybody. Else it takes leases, renews them from a thread of its
own, and starts nothing that a lease may not outlast: who takes over after its death waits until the last answer that
it could have had is there, and the pause after it.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Protocol

from aggregator.catalogue import Lease, Leases
from aggregator.errors import AggregatorError
from aggregator.home import Home
from aggregator.model import Server

LEASE_S = 150.0
"""How long a lease holds unless it is renewed: after so long somebody else goes on where a crawler died."""
LASTS = 0.5
"""Which share of it must be left when a request begins: more than one may take (60 s over all hops: fetch.limits)."""
_RENEWALS = 5
"""How often a lease is renewed in the time that it holds."""
REPOSTS = "/reposts"
"""The name of the work of looking for reposts and translations among the leases; no host has a slash in it."""
_VISITS = "/visits/"


class Claims(Protocol):
    """What a crawler may do that others may not at the same time."""

    def take(self, names: Iterable[str], *, limit: int | None = None, pace_s: float = 0.0) -> Mapping[str, float]:
        """Return which of some hosts are this crawler's now, and how long each is still to be left alone, in seconds.

        Args:
            names: The hosts.
            limit: How many are enough that were not its own before; None: all are wanted.
            pace_s: How long a host is left alone after a request.
        """
        ...

    def holds(self, name: str) -> bool:
        """Whether a host may be asked: it is this crawler's for as long as that may take."""
        ...

    def give_back(self, rests_s: Mapping[str, float]) -> None:
        """Let others ask hosts, each when it has rested for so many seconds more."""
        ...

    def held(self) -> Collection[str]:
        """Return the hosts that others cannot have."""
        ...


def visit(source_id: str) -> str:
    """Return the name of a visit: a crawler keeps it while another asks the host, and no other begins it."""
    return f"{_VISITS}{source_id}"


class Alone:
    """The only crawler of its catalogue."""

    def take(self, names: Iterable[str], *, limit: int | None = None, pace_s: float = 0.0) -> Mapping[str, float]:
        """Return all of them."""
        return dict.fromkeys(names, 0.0)

    def holds(self, name: str) -> bool:
        """Say yes."""
        return True

    def give_back(self, rests_s: Mapping[str, float]) -> None:
        """Do nothing."""

    def held(self) -> Collection[str]:
        """Return none: nobody waits for them."""
        return ()


class Shared:
    """One of several crawlers.

    Args:
        leases: Its own.
    """

    def __init__(self, leases: Leases) -> None:
        self._leases = leases
        self._mine: dict[str, tuple[int, float]] = {}
        """The fence of what is held, and until when at least, as a monotonic instant."""
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._renewer = threading.Thread(target=self._renew, name="leases", daemon=True)
        self._renewer.start()

    def take(self, names: Iterable[str], *, limit: int | None = None, pace_s: float = 0.0) -> Mapping[str, float]:
        """Take what nobody holds; what is held already stays so."""
        with self._lock:
            until = _now_s() + self._leases.for_s
            self._mine = {name: held for name, held in self._mine.items() if held[1] > _now_s()}
            wanted = set(names)
            found: dict[str, Lease] = self._leases.take(wanted - self._mine.keys(), limit=limit, pace_s=pace_s)
            self._mine |= {name: (lease.fence, until) for name, lease in found.items()}
            rests = {name: lease.free_in_s for name, lease in found.items()}
            return {name: rests.get(name, 0.0) for name in wanted & self._mine.keys()}

    def holds(self, name: str) -> bool:
        """Whether enough of a lease is left."""
        _, until = self._mine.get(name, (0, 0.0))
        return until - _now_s() > self._leases.for_s * LASTS

    def give_back(self, rests_s: Mapping[str, float]) -> None:
        """Let others have them."""
        with self._lock:
            fences = {name: self._mine.pop(name)[0] for name in rests_s if name in self._mine}
            if fences:
                self._leases.give_back(fences, rests_s)

    def held(self) -> Collection[str]:
        """Return what is held."""
        return list(self._mine)

    def _renew(self) -> None:
        while not self._over.wait(self._leases.for_s / _RENEWALS):
            with self._lock, suppress(AggregatorError):  # a server that is away: what is held ends by itself
                until = _now_s() + self._leases.for_s
                lost = self._leases.renew({name: fence for name, (fence, _) in self._mine.items()})
                self._mine = {name: (fence, until) for name, (fence, _) in self._mine.items() if name not in lost}

    def close(self) -> None:
        """Give everything back."""
        self._over.set()
        self._renewer.join()
        with suppress(AggregatorError):
            # of these nobody knows when they were asked last
            self.give_back(dict.fromkeys(self._mine, self._leases.for_s * LASTS))
        self._leases.close()


def _now_s() -> float:
    """Return a clock that goes on while the machine sleeps, where there is one: leases do."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if clock is None else time.clock_gettime(clock)


@contextmanager
def claims_of(home: Home) -> Iterator[Claims]:
    """Give the claims of the crawler that holds a home."""
    if not isinstance(home.catalogue, Server):
        yield Alone()
        return
    shared = Shared(Leases(home.catalogue, f"{home.node}-{secrets.token_hex(4)}", for_s=LEASE_S))
    try:
        yield shared
    finally:
        shared.close()


__all__ = ["LASTS", "LEASE_S", "REPOSTS", "Alone", "Claims", "Shared", "claims_of", "visit"]
