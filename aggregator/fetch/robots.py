"""What each origin's robots.txt allows (RFC 9309); the door to protego."""

from __future__ import annotations

from datetime import datetime, timedelta

from protego import Protego

from aggregator import urls
from aggregator.clock import SYSTEM, Clock
from aggregator.fetch import limits
from aggregator.fetch.fetcher import AGENT

HOLD = timedelta(hours=24)
"""How long rules are obeyed before they are asked for again (RFC 9309, section 2.4)."""
HOLD_NOTHING = timedelta(minutes=10)
"""How long an origin whose rules could not be had is left alone."""


def _whole_lines(body: bytes) -> bytes:
    """Return the lines within the limit; half a rule could forbid more than it said."""
    if len(body) <= limits.MAX_ROBOTS_BYTES:
        return body
    return body[: max(body.rfind(end, 0, limits.MAX_ROBOTS_BYTES) for end in (b"\n", b"\r")) + 1]


class Robots:
    """What each origin's robots.txt allows us (RFC 9309).

    Args:
        clock: What time it is: rules are forgotten after a while.
    """

    def __init__(self, clock: Clock = SYSTEM) -> None:
        self._clock = clock
        self._rules: dict[str, tuple[Protego | bool, datetime]] = {}
        """Rules, or whether everything is allowed; and until when that holds."""

    @staticmethod
    def address(url: str) -> str:
        """Return where the rules for ``url`` are."""
        return urls.origin(url) + "/robots.txt"

    def knows(self, url: str) -> bool:
        """Whether the rules for ``url`` have been learned, and still hold."""
        known = self._rules.get(urls.origin(url))
        return known is not None and self._clock.now() < known[1]

    def learn(self, url: str, status: int | None, body: bytes, *, at: datetime | None = None) -> None:
        """Take in an origin's answer to robots.txt.

        RFC 9309, section 2.3.1: 2xx is read; 4xx and redirects without end mean that everything is allowed; anything
        else (``None``: no answer at all) that nothing is. Section 2.4: rules hold for a day; that there is no answer,
        for a few minutes.

        Args:
            url: Of the origin.
            status: Of the answer.
            body: Of the answer.
            at: When it was given; None: now.
        """
        rules: Protego | bool = status is not None and 300 <= status < 500 and status != 429
        if status is not None and 200 <= status < 300:
            rules = Protego.parse(_whole_lines(body).decode("utf-8-sig", "replace"))
        self._rules[urls.origin(url)] = rules, (at or self._clock.now()) + (HOLD if rules else HOLD_NOTHING)

    def refusal(self, url: str) -> tuple[str, bool] | None:
        """Return why ``url`` may not be asked for, and whether that may change soon; None: it may."""
        rules, _ = self._rules.get(urls.origin(url), (False, None))
        if rules is False:
            return "robots.txt could not be had, so nothing may be asked for (RFC 9309)", True
        if isinstance(rules, Protego) and not rules.can_fetch(url, AGENT):
            return "robots.txt forbids it", False
        return None

    def pace_s(self, url: str, pace_s: float) -> float:
        """Return the pause to keep on this host: ours, or the crawl-delay if that is longer, up to a minute."""
        rules, _ = self._rules.get(urls.origin(url), (None, None))
        delay_s = rules.crawl_delay(AGENT) if isinstance(rules, Protego) else None
        return max(pace_s, min(float(delay_s or 0.0), limits.MAX_CRAWL_DELAY_S))
