"""Whose a page is, told by its address or by what sources.yaml says today: pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from aggregator import urls
from aggregator.model import Following, Source

_MAX_CHARS = 54
"""Of an id made from a host; an id has at most 64."""


def source_id(url: str, sources: Sequence[Source]) -> str:
    """Return the id of the source that a page belongs to; of a site that nobody follows, one made from its host.

    Of several sources on one host it is the one with the longest path that the address begins with; a source of that
    host goes before one that has only a feed or a mirror there.

    Args:
        url: The address of the page.
        sources: Those of sources.yaml.
    """
    site, path = urls.site(url), urls.path_and_query(url)
    own = [s for s in sources if urls.site(s.url) == site]
    inside = [s for s in own if f"{path}/".startswith(urls.path_and_query(s.url).rstrip("/") + "/")]
    if inside:
        return max(inside, key=lambda s: len(urls.path_and_query(s.url))).id
    elsewhere = [s for s in sources if site in _other_sites(s)]
    if own or elsewhere:
        return (own or elsewhere)[0].id
    made = re.sub(r"[^a-z0-9]+", "-", site).strip("-")[:_MAX_CHARS] or "unknown"
    return f"{made}-imported" if any(s.id == made for s in sources) else made


def source(following: Following, source_id: str, url: str) -> Source:
    """Return a source as sources.yaml has it, or a stand-in for one that was taken out since.

    Args:
        following: sources.yaml.
        source_id: Which.
        url: Of one of its pages.
    """
    found = following.source(source_id)
    return found or Source(id=source_id, name=source_id, url=urls.origin(url) + "/")


def _other_sites(source: Source) -> set[str]:
    addresses = (*source.feeds, *((source.sitemap,) if source.sitemap else ()))
    return {urls.site(url) for url in addresses} | {host.lower().removeprefix("www.") for host in source.mirrors}
