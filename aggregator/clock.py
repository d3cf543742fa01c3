"""What time it is, and waiting for another: the one seam through which a test lets days pass in a minute."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import Protocol

NAP_S = 1.0
"""The longest that a wait goes on without somebody looking around."""


class Clock(Protocol):
    """Where instants come from."""

    def now(self) -> datetime:
        """Return the time, aware, in UTC."""
        ...

    def wait(self, until: datetime, stop: threading.Event) -> None:
        """Wait for an instant, but not long, and not once told to stop; whoever waits looks around and waits again."""
        ...


class SystemClock:
    """This machine's."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def wait(self, until: datetime, stop: threading.Event) -> None:
        stop.wait(min(max((until - self.now()).total_seconds(), 0.0), NAP_S))


SYSTEM = SystemClock()


class SetClock(SystemClock):
    """A clock that was set to another time, and goes on from there as this machine's does.

    Args:
        to: The time it shows at first.
    """

    def __init__(self, to: datetime) -> None:
        self._ahead = to - SYSTEM.now()

    def now(self) -> datetime:
        return SYSTEM.now() + self._ahead


__all__ = ["NAP_S", "SYSTEM", "Clock", "SetClock", "SystemClock"]
