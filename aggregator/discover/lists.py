"""Lists of all that a site holds: WordPress's interface, feeds in pages, pages of links, the Wayback Machine's index.

What a list is shows in its bytes; which links of a page are articles, by the engine that made it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from aggregator import engines, urls
from aggregator.discover import claims, markup, pages
from aggregator.discover.feeds import read_feed
from aggregator.engines import Engine
from aggregator.model import Announcement, Discovery

MAX_ROWS = 50_000
"""Items read of one list."""

CDX = "https://web.archive.org/cdx/search/cdx"
CDX_ROWS = 5_000
"""Rows asked for at once."""

_REST = re.compile(r"\bwp/v2/(?:sites/[^/?&]+/)?posts\b")
_XML = re.compile(r"<\?xml|<(?:rss|feed|rdf:RDF)\b", re.IGNORECASE)
_NEXT = re.compile(
    r"<link\b(?=[^>]{0,500}\brel\s*=\s*[\"']next[\"'])[^>]{0,500}\bhref\s*=\s*[\"']([^\"'<>]+)", re.IGNORECASE
)
_FEED_HEAD_CHARS = 20_000
"""Of a feed in pages: before its entries it says where the next page is."""
_PAGES = frozenset({"text/html", "application/xhtml+xml", "application/pdf", "warc/revisit"})


def cdx_address(source_url: str) -> str:
    """Return where the Wayback Machine lists its captures of a site, or of the folder of one, oldest first an address.

    Of captures in a row that are the same, one is listed (https://github.com/internetarchive/wayback/tree/master/wayback-cdx-server).
    """
    front = urls.site(source_url) + urls.path_and_query(source_url).partition("?")[0].rstrip("/")
    asked = (
        ("url", f"{front}/*"),
        ("output", "json"),
        ("fl", "timestamp,original,mimetype"),
        ("filter", "statuscode:200"),
        ("collapse", "digest"),
        ("limit", str(CDX_ROWS)),
        ("showResumeKey", "true"),
    )
    return f"{CDX}?{urlencode(asked, safe=':,/*')}"


def read_list(body: bytes, *, url: str, engine: Engine | None, content_type: str = "") -> Announcement:
    """Return the articles that a list of a known engine announces, and where it goes on.

    Args:
        body: The list, content encoding undone.
        url: Its address after redirects.
        engine: What the site runs, as stated; None: as its own signs say.
        content_type: As declared by the server; empty: it declared none.
    """
    text = markup.decode(body, content_type).lstrip("\ufeff\0 \t\r\n")
    if url.startswith(CDX):
        return _cdx(text, url, engine)
    if text.startswith("[") or _REST.search(url):
        return _rest(text, url)
    if _XML.match(text):
        found, link = read_feed(body, url=url, content_type=content_type), _NEXT.search(text[:_FEED_HEAD_CHARS])
        older = claims.address(link[1].replace("&amp;", "&"), url) if link else None
        return replace(found, next=older if older != url else None)
    shown = engines.detected(text, url)
    engine = engine or (shown[0] if shown else None)
    if engine is None:
        return Announcement(problems=("it does not show what made this page, so which of its links are articles",))
    return pages.read_links(body, url=url, engine=engine, content_type=content_type)


# --- WordPress ------------------------------------------------------------------------------------------------------


def _rest(text: str, url: str) -> Announcement:
    """A page of posts from WordPress's REST interface; the next one follows as long as pages are full."""
    posts, problem = _rows(text)
    if problem:
        return Announcement(problems=(problem,))
    found = {d.url: d for post in posts[:MAX_ROWS] if isinstance(post, dict) and (d := _post(post, url))}
    problems = _beyond(posts)
    if posts and not found:
        problems += ("none of its entries has a link: these are no posts of WordPress",)
    full = len(posts) >= engines.REST_PAGE
    return Announcement(discoveries=tuple(found.values()), next=_page_after(url) if full else None, problems=problems)


def _post(post: dict[str, Any], url: str) -> Discovery | None:
    address = claims.address(str(post.get("link") or ""), url)
    title = post.get("title")
    words = title.get("rendered") if isinstance(title, dict) else title
    published, changed = (claims.instant(str(post.get(name) or "")) for name in ("date_gmt", "modified_gmt"))
    if address is None:
        return None
    return Discovery(
        url=address,
        found_in=url,
        claimed_title=claims.plain(words, is_html=True) if isinstance(words, str) else None,
        claimed_at=published,
        claimed_updated_at=changed if changed != published else None,
    )


def _page_after(url: str) -> str:
    address, _, query = url.partition("?")
    asked = dict(parse_qsl(query, keep_blank_values=True))
    number = asked.get("page", "1")
    asked["page"] = str(int(number) + 1 if number.isdecimal() and len(number) < 9 else 2)
    return f"{address}?{urlencode(asked, safe='/,:')}"


# --- the Wayback Machine --------------------------------------------------------------------------------------------


def _cdx(text: str, url: str, engine: Engine | None) -> Announcement:
    """Captures of pages, each under its own address there; of a known engine, only those of articles."""
    rows, problem = _rows(text)
    if problem:
        return Announcement(problems=(problem,))
    listed = [row for row in rows if isinstance(row, list) and all(isinstance(cell, str) for cell in row)]
    found = {d.url: d for d in _captures(listed[1 : MAX_ROWS + 1], url, engine)}
    key = listed[-1][0] if len(listed) > 1 and len(listed[-1]) == 1 else None
    older = None
    if key:
        asked = dict(parse_qsl(urlsplit(url).query)) | {"resumeKey": key}
        older = f"{CDX}?{urlencode(asked, safe=':,/*')}"
    return Announcement(discoveries=tuple(found.values()), next=older if older != url else None, problems=_beyond(rows))


def _beyond(rows: list[Any]) -> tuple[str, ...]:
    """What is said of a list that is longer than is read."""
    return (
        (f"the list has {len(rows):,} entries; the first {MAX_ROWS:,} were read",) if len(rows) > MAX_ROWS + 1 else ()
    )


def _captures(rows: list[list[str]], url: str, engine: Engine | None) -> Iterator[Discovery]:
    for row in rows:
        if len(row) != 3 or row[2] not in _PAGES or not re.fullmatch(r"\d{14}", row[0], re.ASCII):
            continue
        original = claims.address(row[1], None)
        if original is None or (engine and not engine.items.search(urls.path_and_query(original))):
            continue
        if address := claims.address(urls.memento_address(original, row[0]), None):
            yield Discovery(url=address, found_in=url)


def _rows(text: str) -> tuple[list[Any], str | None]:
    """The elements of a JSON list, and why there are none."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        return [], f"this is no list in JSON ({error})"[:300]
    if not isinstance(found, list):
        return [], "this is JSON, but no list"
    return found, None
