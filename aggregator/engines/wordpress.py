"""WordPress, on a host of its own or on WordPress.com.

Its REST interface lists all posts with their instants of publication and change in UTC, a hundred a page
(https://developer.wordpress.org/rest-api/reference/posts/). The order is by date, oldest first, so that what is
published meanwhile moves no post from one page to another. What was edited is listed the newest edit first, and
followed as long as it brings news: at one address, of any version, unlike with ``modified_after``, which came with
WordPress 5.7. Sites that close the interface have months, ``/2014/05/``, in pages.
"""

from __future__ import annotations

import re

from aggregator.engines.engine import Engine, called

REST_PAGE = 100
"""Posts a page; as many as it gives at most."""
_ASKED = f"per_page={REST_PAGE}&orderby={{}}&order={{}}&_fields=link,date_gmt,modified_gmt,title&page=1"
_ALL, _EDITED = _ASKED.format("date", "asc"), _ASKED.format("modified", "desc")

_ITEM = re.compile(
    r"^(?P<path>/(?:[^?]*?/)?\d{4}/\d{2}/(?:\d{2}/)?(?!\d{2}(?:/|$))[^/?]+)"
    r"(?:/(?:amp|feed|embed|print|comment-page-\d+))?/?(?:\?(?!.*\b(?:p|page_id|paged)=).*)?$"
)
_BY_NUMBER = re.compile(r"^/(?:[^?]*/)?\?(?:.*&)?(?P<kind>p|page_id)=(?P<id>\d+)\b")
_PAGED = re.compile(r"/(?:page/\d+|amp|feed|embed|comment-page-\d+)/?$")


def _key(path: str) -> str | None:
    if number := _BY_NUMBER.search(path):
        return f"/?{number['kind']}={number['id']}"
    if (item := _ITEM.search(path)) and not item["path"].endswith(".html"):
        return f"{item['path']}/"
    address, _, query = path.partition("?")
    if query or _PAGED.search(address) or "." in address.rpartition("/")[2]:
        return None
    return f"{address.rstrip('/')}/"


WORDPRESS = Engine(
    name="wordpress",
    spoken="WordPress",
    generator=called("(?:https?://)?(?:www.)?wordpress"),
    signs=(
        (re.compile(r"rel=[\"']?https://api\.w\.org/", re.IGNORECASE), "the page links WordPress's REST interface"),
        (re.compile(r"/wp-content/(?:themes|plugins|uploads)/"), "its files are under /wp-content/"),
    ),
    hosts=re.compile(r"\.wordpress\.com$"),
    feeds=("/feed/", "/?feed=rss2"),
    lists=(f"/wp-json/wp/v2/posts?{_ALL}", f"/?rest_route=/wp/v2/posts&{_ALL}", "/"),
    edits=(f"/wp-json/wp/v2/posts?{_EDITED}", f"/?rest_route=/wp/v2/posts&{_EDITED}"),
    edits_lead_on=True,
    items=_ITEM,
    more=re.compile(r"^/(?:[^?]*/)?\d{4}/\d{2}/(?:page/\d+/?)?$|/page/\d+/?$|^/\?(?:.*&)?(?:m=\d{6}|paged=\d+)"),
    key=_key,
)
_COM = "https://public-api.wordpress.com/wp/v2/sites/{host}/posts"
WORDPRESS_COM_LISTS, WORDPRESS_COM_EDITS = (f"{_COM}?{_ALL}", "/"), (f"{_COM}?{_EDITED}",)
"""Where the lists of a site on WordPress.com begin: the interface is not on its own host."""
