"""From the bytes of a feed, sitemap, list page, front page or robots.txt to what they announce.

Pure: bytes in, an :class:`~aggregator.model.Announcement` out. Nothing here opens a file or a socket, and no input
raises: what cannot be read is said in ``Announcement.problems``.

    markup.py     bytes to text: which character encoding, what to strip before a parser sees it
    claims.py     what an announcement claims: plain titles, instants, addresses
    feeds.py      RSS, Atom, JSON Feed; the only door to feedparser
    sitemaps.py   sitemaps, sitemap indexes, the Sitemap lines of robots.txt; the door to lxml
    parking.py    what stands on a domain when its site is gone
    pages.py      list pages and front pages; the door to Beautiful Soup
    lists.py      all that a site holds: WordPress's interface, feeds in pages, the Wayback Machine's index

The parsers are imported when first needed, so that a command that reads no feed does not wait for them.
"""

from __future__ import annotations

from aggregator.discover.feeds import MAX_FEED_CHARS, MAX_ITEMS, MAX_TAGS, read_feed
from aggregator.discover.lists import CDX, CDX_ROWS, MAX_ROWS, cdx_address, read_list
from aggregator.discover.pages import MAX_FEEDS, MAX_LINKS, MAX_PAGE_CHARS, MAX_PAGE_TAGS, read_front, read_listing
from aggregator.discover.sitemaps import (
    MAX_ADDRESSES,
    MAX_ROBOTS_SITEMAPS,
    MAX_SITEMAP_BYTES,
    read_robots,
    read_sitemap,
)

__all__ = [
    "CDX",
    "CDX_ROWS",
    "MAX_ADDRESSES",
    "MAX_FEEDS",
    "MAX_FEED_CHARS",
    "MAX_ITEMS",
    "MAX_LINKS",
    "MAX_PAGE_CHARS",
    "MAX_PAGE_TAGS",
    "MAX_ROBOTS_SITEMAPS",
    "MAX_ROWS",
    "MAX_SITEMAP_BYTES",
    "MAX_TAGS",
    "cdx_address",
    "read_feed",
    "read_front",
    "read_list",
    "read_listing",
    "read_robots",
    "read_sitemap",
]
