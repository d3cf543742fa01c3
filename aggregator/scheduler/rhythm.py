"""How often to look at a feed. Pure.

The rate of posts is a Gamma-Poisson estimate whose evidence is forgotten with a half-life of a week. The pause goes
with the inverse square root of the rate: with so many polls in all, sum(1 / pause), the delay over all posts,
sum(rate * pause / 2), is least where pause ~ 1 / sqrt(rate) (Lagrange). The constants: benchmarks/polling.py.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from aggregator.model import Outcome, Run

HALF_LIFE_DAYS = 7.0
SHARE = 0.75
"""Of six hours: the pause of a feed with one post a day."""
SHORTEST = timedelta(minutes=15)
LONGEST = timedelta(hours=12)
LONGEST_ASKED = timedelta(minutes=60)
"""How far a feed may lengthen the pause: one that asks for a day would lose 3.3 % of the posts."""
_LEAST_POSTS_A_DAY = 0.01
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """What is known of how often a source publishes."""

    posts: float = 0.5
    """Posts seen, the older the less they count; at first half a post in a day, as if from hearsay."""
    days: float = 1.0
    """Days in which they were."""
    polled_at: datetime | None = None
    """When it was last looked at; None: never."""
    window: int = 0
    """How many posts the feed shows at a time; 0: not known."""
    asked: timedelta | None = None
    """The pause that the feed asks for; None: it asks for none."""

    @property
    def posts_a_day(self) -> float:
        """The estimated rate."""
        return max(self.posts / self.days, _LEAST_POSTS_A_DAY)

    @property
    def pause(self) -> timedelta:
        """How long to wait from one look to the next.

        What the feed asks for lengthens it, up to an hour, and never beyond half the time in which it fills.
        """
        pause = SHARE * _DAY / 4 / math.sqrt(self.posts_a_day)
        pause = min(max(pause, SHORTEST), LONGEST)
        if self.asked:
            fills = self.window / self.posts_a_day * _DAY if self.window else LONGEST_ASKED
            pause = max(pause, min(self.asked, LONGEST_ASKED, fills / 2))
        return pause

    def after(self, at: datetime, posts: int, *, window: int = 0, asked: timedelta | None = None) -> Rhythm:
        """Return what is known once the source was looked at.

        Args:
            at: When.
            posts: How many posts were new; what a first look finds came at times unknown, and is not counted.
            window: How many the feed showed; 0: it is not known.
            asked: The pause that the feed asks for.
        """
        now = replace(self, polled_at=at, window=window or self.window, asked=asked)
        if self.polled_at is None or at <= self.polled_at:
            return now
        days = (at - self.polled_at) / _DAY
        kept = 0.5 ** (days / HALF_LIFE_DAYS)
        return replace(
            now,
            posts=self.posts * kept + posts * 0.5 ** (days / 2 / HALF_LIFE_DAYS),
            days=self.days * kept + days * (1 + kept) / 2,
        )


def took(rhythm: Rhythm, run: Run) -> Rhythm:
    """Return the rhythm after one more run."""
    if run.outcome in (Outcome.FAILED, Outcome.INTERRUPTED):
        return rhythm
    asked = timedelta(seconds=run.asked_s) if run.asked_s else None
    return rhythm.after(run.started_at, run.posts, window=run.window, asked=asked)


__all__ = ["LONGEST", "LONGEST_ASKED", "SHORTEST", "Rhythm", "took"]
