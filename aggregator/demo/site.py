"""What one site of the demo world answers to one request: pure, without a socket or a clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qsl, unquote, urlsplit

from aggregator.demo.engines import ENGINES
from aggregator.demo.model import Site, World
from aggregator.demo.view import Content, View

_CHARSET_IN_HEADER = "utf-8"
"""A site of another charset tells it in the page only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A response before the server adds what HTTP wants: validators, length, encoding."""

    status: int
    content_type: str
    body: bytes
    last_modified: datetime | None
    """Aware; None where the site does not tell."""
    headers: Mapping[str, str]
    """Further headers: Location, X-WP-Total."""


def answer(world: World, site: Site, target: str, *, now: datetime, port: int) -> Answer:
    """Return what the site answers when it is asked for a target at an instant.

    Args:
        world: The world the site is part of.
        site: The site that is asked.
        target: Path and query as they stand in the request, percent-encoded.
        now: The instant; later posts, edits and comments do not exist yet.
        port: The server's port, for whole addresses in pages and feeds.
    """
    view = View(world=world, site=site, now=now, port=port, posts=world.posts_at(site.id, now))
    parts = urlsplit(f"//{site.id}{target}")
    path, query = unquote(parts.path), dict(parse_qsl(parts.query, keep_blank_values=True))
    content = (
        _common(view, path, target)
        or ENGINES[site.engine](view, path, query)
        or view.page("missing.html", layout=_layout(site), status=404)
    )
    return _encoded(content, site)


def is_forbidden(site: Site, target: str) -> bool:
    """Tell whether the site's robots.txt forbids the target to everyone."""
    return target.startswith(site.disallow)


def _common(view: View, path: str, target: str) -> Content | None:
    """What every engine has: robots.txt, and the pages that are no posts."""
    if path == "/robots.txt" and view.site.disallow:
        return view.page("robots.txt", content_type="text/plain")
    for leaflet in view.site.leaflets:
        if leaflet.path == target:
            return view.page("leaflet.html", layout=_layout(view.site), leaflet=leaflet)
    return None


def _layout(site: Site) -> str:
    engine = "wordpress" if site.engine == "wp-aggregator" else site.engine
    return f"{engine}/layout.html"


def _encoded(content: Content, site: Site) -> Answer:
    """Encode the text; characters the site's charset lacks become numeric references."""
    charset = "utf-8" if content.content_type == "application/json" else site.charset
    in_header = f"; charset={charset}" if charset == _CHARSET_IN_HEADER else ""
    return Answer(
        status=content.status,
        content_type=content.content_type + in_header,
        body=content.text.encode(charset, "xmlcharrefreplace"),
        last_modified=content.changed_at,
        headers=content.headers,
    )
