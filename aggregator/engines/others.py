"""Drupal, Blogger, Medium.

Drupal numbers its nodes; one may lie under several languages, and, in static copies, as ``/node/1/index.html`` or, on
mirrors, with the folder doubled. Blogger serves one blog on a host of each country, and pages for telephones under
``?m=1``; its feed lists all posts in pages, 150 at most (https://developers.google.com/blogger/docs/2.0/developers_guide).
The address of a post on Medium ends with its number; its feed has ten posts, its archive all.
"""

from __future__ import annotations

import re

from aggregator.engines.engine import Engine, called, numbered

_DRUPAL_ITEM = re.compile(
    r"^(?:/[a-z]{2}(?:-[a-z]{2,4})?)?(?:/node)+/(?P<id>\d+)(?:/index\.html)?/?(?=$|\?)|^/\?q=node/(?P<asked>\d+)"
)


def _drupal_key(path: str) -> str | None:
    match = _DRUPAL_ITEM.search(path)
    return f"/node/{match['id'] or match['asked']}" if match else None


DRUPAL = Engine(
    name="drupal",
    spoken="Drupal",
    generator=called("Drupal"),
    signs=(
        (
            re.compile(r"\bDrupal\.settings\b|data-drupal-|/sites/(?:default|all)/"),
            "its files are where Drupal has them",
        ),
    ),
    feeds=("/rss.xml",),
    lists=("/archive", "/node", "/"),
    items=_DRUPAL_ITEM,
    more=re.compile(r"[?&]page=\d+|^/(?:[a-z]{2}/)?(?:archive|year/\d{4}|taxonomy/term/\d+)(?:/|$|\?|/index\.html)"),
    key=_drupal_key,
)

_BLOGGER_ITEM = re.compile(r"^(?P<path>/\d{4}/\d\d/[^/?]+\.html)(?=$|\?)")
BLOGGER = Engine(
    name="blogger",
    spoken="Blogger",
    generator=called("Blogger"),
    signs=(
        (re.compile(r"\bblogger\.com/(?:feeds|profile|navbar|static)|\bbp\.blogspot\.com/"), "its parts are Blogger's"),
    ),
    hosts=re.compile(r"\.blogspot\.(?:com|[a-z]{2}|co\.[a-z]{2}|com\.[a-z]{2})$"),
    feeds=("/feeds/posts/default", "/feeds/posts/default?alt=rss"),
    lists=("/feeds/posts/default?max-results=150&start-index=1", "/"),
    items=_BLOGGER_ITEM,
    more=re.compile(r"^/\d{4}/(?:\d\d/)?$|^/\d{4}_\d\d_\d\d_archive\.html$"),
    key=numbered(_BLOGGER_ITEM, "{path}"),
)

_MEDIUM_ITEM = re.compile(r"^/(?:@?[^/?]+/)?(?:[^/?]+-)?(?P<id>[0-9a-f]{10,12})(?=$|\?)")
MEDIUM = Engine(
    name="medium",
    spoken="Medium",
    generator=called("Medium"),
    signs=((re.compile(r"\bcontent=[\"']com\.medium\.reader\b|cdn-client\.medium\.com"), "its parts are Medium's"),),
    hosts=re.compile(r"(?:^|\.)medium\.com$"),
    feeds=("/feed",),
    lists=("/archive",),
    items=_MEDIUM_ITEM,
    more=re.compile(r"^/(?:[^/?]+/)?archive/\d{4}(?:/\d\d(?:/\d\d)?)?$"),
    key=numbered(_MEDIUM_ITEM, "/p/{id}"),
)
