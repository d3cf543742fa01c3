"""The programs of Indymedia: Mir, Hyperactive, sf-active, Oscailt. All number what is posted to the newswire.

Mir makes static pages; one post lies under several regions and languages, and on mirrors, always with its number, and
with its comments under ``?c=on``. The feed of Hyperactive has the promoted posts only, twenty of them: the newswire is
read from its list on every visit, and from its months. What is known of them was seen in public pages and, of
Hyperactive, in its source of 2009.
"""

from __future__ import annotations

import re

from aggregator.engines.engine import Engine, called, numbered

_MIR_ITEM = re.compile(r"^/(?:[^?]+/)?(?:19|20)\d\d/\d\d/(?P<id>\d+)\.s?html(?=$|\?)")
MIR = Engine(
    name="mir",
    spoken="Mir (Indymedia)",
    generator=called("Mir"),
    signs=(
        (re.compile(r"newswire\.rss|promotednewswire\.rss|/mod/comments/|\bMir-coders\b"), "it has Mir's newswire"),
    ),
    feeds=("/en/newswire.rss", "/en/promotednewswire.rss", "/newswire.rss", "/en/features.rss"),
    lists=("/en/newswire.html", "/newswire.html", "/"),
    items=_MIR_ITEM,
    more=re.compile(r"^/(?:[a-z]{2}/)?(?:[^?]*/)?(?:newswire|archive|features?|topics/|regions/)[^?]*\.s?html$"),
    key=numbered(_MIR_ITEM, "/{id}.html"),
)

_HYPERACTIVE_ITEM = re.compile(r"^/(?:[a-z]{2}/)?articles/(?P<id>\d+)(?:-[^/?]*)?/?(?=$|\?)")
HYPERACTIVE = Engine(
    name="hyperactive",
    spoken="Hyperactive (Indymedia)",
    generator=called("Hyperactive"),
    signs=((re.compile(r"/feeds/latest_articles|/articles/archives/\d+"), "it has Hyperactive's newswire"),),
    feeds=("/feeds/latest_articles",),
    lists=("/articles/archives/1", "/archive", "/"),
    items=_HYPERACTIVE_ITEM,
    more=re.compile(r"^/(?:[a-z]{2}/)?(?:articles/archives/\d+|archive/\d{4}(?:/\d{1,2})?)/?(?=$|\?page=\d+$)"),
    key=numbered(_HYPERACTIVE_ITEM, "/articles/{id}"),
    feed_is_partial=True,
)

_SF_ACTIVE_ITEM = re.compile(
    r"^/(?:news|newsitems|features)/(?P<day>\d{4}/\d\d(?:/\d\d)?)/(?P<id>\d+)(?:_comment)?\.php(?=$|\?)"
)
SF_ACTIVE = Engine(
    name="sf-active",
    spoken="sf-active (Indymedia)",
    generator=called("sf-?active"),
    signs=((re.compile(r"/newsitems/\d{4}/\d\d/\d\d/\d+\.php|\bsf-active\b"), "its posts lie under /newsitems/"),),
    feeds=("/syn/newswire.rss", "/syndicate/newswire.rdf", "/newswire.rss"),
    lists=("/archives/archive_by_id.php", "/news/", "/"),
    items=_SF_ACTIVE_ITEM,
    more=re.compile(r"^/(?:news|archives|newsitems)/(?:[^?]*\.php)?\?(?:.*&)?(?:page|page_number|limit_start|id)=\d+"),
    key=numbered(_SF_ACTIVE_ITEM, "/newsitems/{day}/{id}.php"),
)

_OSCAILT_ITEM = re.compile(r"^/(?:[a-z]{2}/)?article/(?P<id>\d+)(?=$|[?/])")
OSCAILT = Engine(
    name="oscailt",
    spoken="Oscailt (Indymedia)",
    generator=called("Oscailt"),
    signs=((re.compile(r"\boscailt\b", re.IGNORECASE), "it names Oscailt"),),
    feeds=("/rss/news", "/newswire?rss=1"),
    lists=("/newswire", "/openwire", "/"),
    items=_OSCAILT_ITEM,
    more=re.compile(r"^/(?:newswire|openwire|features?|archive)[^?]*\?(?:.*&)?(?:results_offset|page|start)=\d+"),
    key=numbered(_OSCAILT_ITEM, "/article/{id}"),
)
