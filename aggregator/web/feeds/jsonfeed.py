"""A feed as JSON Feed, version 1.1."""

from __future__ import annotations

import json
from typing import Any

from aggregator.characters import in_xml
from aggregator.periods import instant
from aggregator.web.feeds.entries import Entry, Feed

TYPE = "application/feed+json"


def written(feed: Feed, *, base: str, address: str) -> bytes:
    """Return a feed.

    Args:
        feed: Which.
        base: Where this server is, without a slash at the end.
        address: Where the feed is, from the root of the server.
    """
    said = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": in_xml(feed.title),
        "home_page_url": base + feed.page,
        "feed_url": base + address,
        "items": [_item(entry, base) for entry in feed.entries],
    }
    return json.dumps(said, ensure_ascii=False, indent=1).encode() + b"\n"


def _item(entry: Entry, base: str) -> dict[str, Any]:
    """Return one item; what is not known is left out."""
    content = {"content_text": in_xml(entry.text)} if entry.html is None else {"content_html": in_xml(entry.html)}
    said = {
        "id": in_xml(entry.id),
        "url": base + entry.path,
        "external_url": entry.address and in_xml(entry.address),
        "title": in_xml(entry.title),
        **content,
        "date_published": entry.published and instant(entry.published),
        "date_modified": instant(entry.updated),
        "authors": [{"name": in_xml(author)} for author in entry.authors],
        "tags": [in_xml(entry.source_id)],
        "language": entry.language and in_xml(entry.language),
    }
    return {name: value for name, value in said.items() if value not in (None, [])}
