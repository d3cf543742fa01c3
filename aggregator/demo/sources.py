"""The sources file with which an aggregator follows the demo world."""

from __future__ import annotations

import json
from collections.abc import Iterator

from aggregator.demo.model import Site, site_address
from aggregator.demo.world import load_sites

_HEAD = """\
# The sites of the demo world, as one would follow real ones.
settings: {{contact: demo@example.org, network: {{allow_private: [127.0.0.0/8]}}}}
defaults: {{every: {every}, pace: 0s}}
sources:
"""


def sources_yaml(port: int, *, every: str = "6h") -> str:
    """Return the text of a sources.yaml that follows every site of the demo world at this port.

    The original of a mirror names the mirror's host under `mirrors`.
    """
    sites = load_sites()
    lines: list[str] = []
    for site in sites.values():
        mirrors = [mirror for mirror in sites.values() if mirror.mirror_of == site.id]
        lines.extend(_entry(site, mirrors, port))
    return _HEAD.format(every=every) + "\n".join(lines) + "\n"


def _entry(site: Site, mirrors: list[Site], port: int) -> Iterator[str]:
    """Yield the lines of one source."""
    following = site.following
    yield f"  - id: {site.id}"
    yield f"    name: {_quoted(site.name)}"
    yield f"    url: {site_address(site.id, port)}"
    if site.feed and following.names_feed:
        yield f"    feeds: [{_quoted(site_address(site.id, port).rstrip('/') + site.feed)}]"
    if following.listing_links and following.listing_next:
        yield f"    listing: {{links: {_quoted(following.listing_links)}, next: {_quoted(following.listing_next)}}}"
    yield f"    languages: [{', '.join(site.languages)}]"
    yield f"    aliases: [{', '.join(map(_quoted, following.aliases))}]"
    if mirrors:
        yield f"    mirrors: [{', '.join(f'{mirror.id}.localhost' for mirror in mirrors)}]"


def _quoted(text: str) -> str:
    """Return a YAML double-quoted scalar; what JSON writes is one."""
    return json.dumps(text, ensure_ascii=False)
