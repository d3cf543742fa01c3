"""Polite HTTP. The only room that opens sockets.

One request in flight a host, a pause between two, private addresses refused, every byte of the wire kept. The fetcher
follows no redirects and reads no robots.txt by itself: both are answers like any other, archived before the pipeline
reads them.

    limits.py        how long and how much
    guard.py         which addresses may be connected to
    overhearing.py   connections that keep every byte; the door to urllib3
    fetcher.py       one address asked for, when its host is free and rested
    robots.py        what robots.txt allows
    hook.py          telling somebody else's program what the alarms are
"""

from aggregator.fetch import limits
from aggregator.fetch.fetcher import AGENT, Fetcher, Web
from aggregator.fetch.guard import Guard
from aggregator.fetch.hook import post
from aggregator.fetch.robots import Robots

__all__ = ["AGENT", "Fetcher", "Guard", "Robots", "Web", "limits", "post"]
