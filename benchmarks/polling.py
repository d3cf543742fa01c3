"""How soon posts are seen and how many are lost, by the scheduler's own law, on a world of feeds.

    python benchmarks/polling.py WORLD.py

WORLD.py defines ``feeds``, a list of (minutes of the posts, items the feed shows, ttl in minutes or None), how many
minutes a DAY and the WARM-up have, and how many DAYS there are; what comes before WARM is not counted. Its lines from
``P=[`` on, contests of other laws, are left out. Beside ours: a fixed hour. One line of JSON a law.
"""

from __future__ import annotations

import argparse
import bisect
import json
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aggregator.scheduler import Rhythm
from aggregator.scheduler.times import JITTER

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
Law = Callable[[Rhythm], float]
"""From what is known of a feed to the pause in minutes."""


def polled(world: dict[str, Any], law: Law, *, heeds_ttl: bool) -> dict[str, float]:
    """Poll every feed of the world by a law."""
    end, warm = world["DAYS"] * world["DAY"], world["WARM"]
    chance = random.Random(3)
    polls, lost = 0, 0
    delays: list[float] = []
    for posts, window, ttl in world["feeds"]:
        rhythm, seen, at = Rhythm(), 0, chance.random() * 60
        asked = ttl * MINUTE if ttl and heeds_ttl else None
        while at < end:
            there = bisect.bisect_right(posts, at)
            new = posts[seen:there]
            if at > warm:
                polls += 1
                lost += max(len(new) - window, 0)
                delays += [at - post for post in new[-window:]]
            seen = there
            rhythm = rhythm.after(EPOCH + at * MINUTE, len(new), window=window, asked=asked)
            at += law(rhythm) * chance.uniform(1 - JITTER, 1 + JITTER)
    delays.sort()
    days = (end - warm) / world["DAY"]
    return {
        "polls_a_feed_a_day": round(polls / len(world["feeds"]) / days, 2),
        "median_min": round(delays[len(delays) // 2], 1),
        "p90_min": round(delays[9 * len(delays) // 10], 1),
        "lost_percent": round(100 * lost / (len(delays) + lost), 3),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("world", type=Path)
    world: dict[str, Any] = {}
    exec(compile(parser.parse_args().world.read_text().split("\nP=[")[0], "world", "exec"), world)
    for name, law, heeds_ttl in (
        ("ours, with ttl", lambda rhythm: rhythm.pause / MINUTE, True),
        ("ours, without", lambda rhythm: rhythm.pause / MINUTE, False),
        ("a fixed hour", lambda rhythm: 60.0, False),
    ):
        print(json.dumps({"law": name, **polled(world, law, heeds_ttl=heeds_ttl)}), flush=True)


if __name__ == "__main__":
    main()
