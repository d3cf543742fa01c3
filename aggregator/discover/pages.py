"""List pages, read with a source's selectors, and front pages, read for the feeds that they link."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING
from urllib.parse import unquote

from aggregator import dates, engines, urls
from aggregator.discover import claims, markup
from aggregator.discover.parking import is_parking_page
from aggregator.model import Announcement, Discovery, Listing

if TYPE_CHECKING:
    from bs4 import BeautifulSoup, Tag

    from aggregator.engines import Engine
    from aggregator.engines.engine import Pattern

MAX_FEEDS = 10
"""Feeds kept of one page, the likeliest first."""

MAX_LINKS = 2_000
"""Links to articles read of one list page; as many as items of a feed."""

MAX_PAGE_CHARS = 5 * 2**20
"""Characters read of one page."""

MAX_PAGE_TAGS = 200_000
"""Angle brackets read of one page: the tree of so many elements takes seconds and some hundred megabytes."""

MAX_NESTING = 4_000_000
"""Sum of the depths of a list page's elements: what a selector like ``article a`` has to climb. An ordinary page has
some ten thousand elements at a depth of ten to twenty."""

_MAX_NEAR = 1_000
"""Descendants of a selected element among which its link, and the link's words, are looked for."""
_MAX_EDITED, _FEW, _DAY_CHARS = 500, 6, 40
"""Days of edits read of one list page; elements around or behind one that are looked at; characters of a day."""

_FEED_TYPES = frozenset({
    "application/rss+xml", "application/atom+xml", "application/rdf+xml", "application/feed+json",
    "application/x-rss+xml", "application/x-atom+xml", "application/rss", "application/atom",
    "text/rss+xml", "text/atom+xml", "text/rdf+xml", "text/rss", "text/atom",
})  # fmt: skip
"""What a link of rel=alternate calls a feed: the registered types, and those that sites use in their place."""
_VAGUE_TYPES = frozenset({"application/xml", "text/xml", "application/json"})
"""Types of a feed only if its address looks like one; WordPress links its pages as application/json, too."""

_FEED_ADDRESS = re.compile(
    r"""
      /(?:rss|atom|rdf)[\d._-]*(?:/|$)
    | [/_.-](?:rss|atom|rdf)[\d._-]*\.(?:xml|php|aspx?|jsp|cgi|json|rdf)$
    | (?:^|/)feeds?(?:/(?:default|posts/default|all|rss2?|atom|rdf|articles?|news|latest))*/?$
    | \.(?:rss|atom|rdf)$
    | (?:^|/)(?:feed|index|backend|newsfeed|syndication|newswire)\.(?:xml|rss|rdf|json)$
    | (?:^|/)(?:backend|rss|newswire|feed)\.php3?$
    | [?&](?:feed|format|type|output|view)=(?:rss|rss2|atom|rdf|feed)\b
    | [?&]page=backend\b
    """,
    re.VERBOSE | re.IGNORECASE,
)
"""Paths and queries that feeds have in WordPress, SPIP, Drupal, Blogger, Mir, sf-active, Joomla, Jekyll, Hugo ..."""
_FEED_WORDS = re.compile(r"\b(?:rss|atom|rdf|flux|feeds?|newsfeed|syndicate|syndication)\b", re.IGNORECASE)
_FEED_FILE = re.compile(r"\.(?:xml|php|rdf|json)$|/$", re.IGNORECASE)
_FEED_HOST = re.compile(r"^(?:feeds?|rss)\d*\.|(?:^|\.)feedburner\.com$")
_COMMENTS = re.compile(
    r"comments?\b|commentaires?\b|kommentare?\b|comentarios?\b|commenti\b|reacties\b|\breplies\b|forum", re.IGNORECASE
)
_IN_PART = re.compile(
    r"/(?:tags?|category|categories|categorie|author|auteur|search)/|[?&](?:tag|cat|author)=", re.IGNORECASE
)


def read_front(body: bytes, *, url: str, content_type: str = "") -> Announcement:
    """Return the feeds that a page links, the likeliest first, and what made it; no feed is guessed.

    First the links of rel=alternate with the type of a feed, in the page's order; where there is none for articles,
    anchors whose address looks like a feed of this site. Feeds of a part (a tag, an author) go behind those of the
    whole, feeds of comments last.

    Args:
        body: The page, content encoding undone.
        url: Its address after redirects.
        content_type: As declared by the server; empty: it declared none.
    """
    problems: list[str] = []
    try:
        soup = _soup(body, content_type, problems)
        candidates = _feed_links(soup, url)
        title = claims.plain(_escaped(soup.title.get_text())) if soup.title else None
        text = markup.decode(body, content_type)
        is_parked = not candidates and is_parking_page(text, " ".join(soup.get_text(" ").split()))
    except Exception as error:  # a parser's fault may not end a run
        return Announcement(problems=(*problems, f"the page could not be read ({type(error).__name__})"))
    ranked = sorted(candidates, key=lambda address: candidates[address])
    shown = engines.detected(text, url)
    return Announcement(
        feeds=tuple(ranked[:MAX_FEEDS]),
        title=title,
        engine=shown[0].name if shown else None,
        engine_sign=shown[1] if shown else None,
        is_parked=is_parked,
        problems=tuple(problems),
    )


def _feed_links(soup: BeautifulSoup, url: str) -> dict[str, int]:
    """Addresses of feeds, in the page's order, with their rank: 0 articles, 1 articles of a part, 2 comments."""
    base = _base(soup, url)
    found: dict[str, int] = {}
    for link in soup.find_all("link", href=True):
        address = claims.address(_attribute(link, "href"), base)
        if address and _announces_feed(link, address):
            found.setdefault(address, _rank(address, _attribute(link, "title")))
    if 0 in found.values():
        return found
    for anchor in soup.find_all("a", href=True):
        address = claims.address(_attribute(anchor, "href"), base)
        words = f"{_words(anchor)} {_attribute(anchor, 'title')}"
        if address and _looks_like_feed(address, words, url):
            found.setdefault(address, _rank(address, words))
    return found


def _announces_feed(link: Tag, address: str) -> bool:
    rel = _attribute(link, "rel").lower().split()
    kind = _attribute(link, "type").partition(";")[0].strip().lower()
    if "alternate" in rel and kind in _FEED_TYPES:
        return True
    vague = kind in _VAGUE_TYPES or (not kind and "feed" in rel)
    return vague and ("alternate" in rel or "feed" in rel) and bool(_FEED_ADDRESS.search(urls.path_and_query(address)))


def _looks_like_feed(address: str, words: str, page: str) -> bool:
    """Whether an anchor leads to a feed of this site, and not to a reader's "subscribe" page or a text on feeds."""
    host, path = urls.host(address), unquote(urls.path_and_query(address))
    if urls.site(address) != urls.site(page) and not _FEED_HOST.search(host):
        return False
    if _FEED_HOST.search(host) and path != "/":
        return True
    if _FEED_ADDRESS.search(path):
        return True
    return bool(_FEED_FILE.search(path) and _FEED_WORDS.search(words) and _FEED_WORDS.search(path))


def _rank(address: str, words: str) -> int:
    path = unquote(urls.path_and_query(address))
    if _COMMENTS.search(words) or _COMMENTS.search(path):
        return 2
    return 1 if _IN_PART.search(path) else 0


def read_links(body: bytes, *, url: str, engine: Engine, content_type: str = "") -> Announcement:
    """Return the articles that a page links, told by their addresses, and the further lists that it links.

    Args:
        body: The page, content encoding undone.
        url: Its address after redirects.
        engine: What made it: which addresses are articles, and which are lists.
        content_type: As declared by the server; empty: it declared none.
    """
    problems: list[str] = []
    try:
        soup = _soup(body, content_type, problems)
        base, here, site = _base(soup, url), claims.address(url, None), urls.site(url)
        titles: dict[str, str | None] = {}
        lists: dict[str, None] = {}
        items: dict[int, str] = {}
        for anchor in soup.find_all("a", href=True):
            address = claims.address(_attribute(anchor, "href"), base)
            if address is None or address == here or urls.site(address) != site:
                continue
            path = urls.path_and_query(address)
            if engine.items.search(path):
                if len(titles) < MAX_LINKS or address in titles:
                    titles[address] = titles.get(address) or _title(anchor)
                    items[id(anchor)] = address
                elif not problems:
                    problems.append(f"the page links more than {MAX_LINKS:,} articles; the rest was not read")
            elif engine.more and engine.more.search(path):
                lists[address] = None
        edited = _edited(soup, engine.edited, items) if engine.edited and items else {}
        older = soup.find(["a", "link"], rel="next", href=True)
        next_page = claims.address(_attribute(older, "href"), base) if older else None
    except Exception as error:  # a parser's fault may not end a run
        return Announcement(problems=(*problems, f"the page could not be read ({type(error).__name__})"))
    return Announcement(
        discoveries=tuple(
            Discovery(url=a, found_in=url, claimed_title=title, claimed_updated_at=edited.get(a))
            for a, title in titles.items()
        ),
        lists=tuple(lists)[:MAX_LINKS],
        next=next_page if next_page and next_page != here and urls.site(next_page) == site else None,
        problems=tuple(problems if titles or lists or problems else [f"it links no article of {engine.spoken}"]),
    )


def _edited(soup: BeautifulSoup, words: Pattern, items: Mapping[int, str]) -> dict[str, datetime]:
    """Return when a list says that articles were last edited: in the smallest element that links only one of them.

    Args:
        soup: The list.
        words: What stands before the day.
        items: The addresses of articles, by the ``id`` of the anchor that links them.
    """
    found: dict[str, datetime] = {}
    for text in soup.find_all(string=words, limit=_MAX_EDITED):
        said = " ".join([str(text), *(each for each in islice(text.next_elements, _FEW) if isinstance(each, str))])
        behind = words.split(said, maxsplit=1)[-1]
        if (day := dates.day_of(behind[:_DAY_CHARS])) is None:
            continue
        for around in islice(text.parents, _FEW):
            linked = {items[id(near)] for near in islice(around.descendants, _MAX_NEAR) if id(near) in items}
            if len(linked) == 1:
                found.setdefault(linked.pop(), dates.midnight(day))
            if linked:
                break
    return found


def read_listing(body: bytes, *, url: str, listing: Listing, content_type: str = "") -> Announcement:
    """Return the articles that a list page links, in its order, and the next page.

    A selector may match an anchor, an element that holds one, or one inside an anchor. The title is the anchor's text;
    where that is empty (an image), the text of a further link to the same article, or the image's description.

    Args:
        body: The page, content encoding undone.
        url: Its address after redirects.
        listing: The selectors of the source.
        content_type: As declared by the server; empty: it declared none.
    """
    problems: list[str] = []
    try:
        soup = _soup(body, content_type, problems)
        if _is_nested_too_deeply(soup):
            return Announcement(problems=(*problems, "the page is nested too deeply to be searched"))
        base, here = _base(soup, url), claims.address(url, None)
        discoveries = _listed(soup, listing.links, base, url, problems)
        next_page = None
        if listing.next:
            link = next(iter(_selected(soup, listing.next, problems, limit=1)), None)
            anchor = _anchor(link) if link else None
            next_page = claims.address(_attribute(anchor, "href"), base) if anchor else None
    except Exception as error:  # a parser's fault may not end a run
        return Announcement(problems=(*problems, f"the page could not be read ({type(error).__name__})"))
    return Announcement(
        discoveries=discoveries,
        next=next_page if next_page != here else None,
        problems=tuple(problems),
    )


def _listed(soup: BeautifulSoup, selector: str, base: str, url: str, problems: list[str]) -> tuple[Discovery, ...]:
    here = claims.address(url, None)
    selected = _selected(soup, selector, problems, limit=MAX_LINKS + 1)
    if not selected and not problems:
        problems.append(f"the selector {selector!r} matches nothing on this page")
    if len(selected) > MAX_LINKS:
        problems.append(f"the page has more than {MAX_LINKS:,} links to articles; the rest was not read")
    titles: dict[str, str | None] = {}
    homeless = 0
    for element in selected[:MAX_LINKS]:
        anchor = _anchor(element)
        address = claims.address(_attribute(anchor, "href"), base) if anchor else None
        if anchor is None or address is None:
            homeless += 1
        elif address != here:
            titles[address] = titles.get(address) or _title(anchor)
    if homeless:
        problems.append(f"{homeless:,} {'element' if homeless == 1 else 'elements'} selected without an address")
    return tuple(Discovery(url=address, found_in=url, claimed_title=title) for address, title in titles.items())


def _selected(soup: BeautifulSoup, selector: str, problems: list[str], *, limit: int) -> list[Tag]:
    from soupsieve import SelectorSyntaxError

    try:
        return list(soup.select(selector, limit=limit))
    except (SelectorSyntaxError, NotImplementedError, ValueError) as error:
        problems.append(f"the selector {selector!r} is not valid ({str(error).splitlines()[0][:200]})")
        return []


def _anchor(element: Tag) -> Tag | None:
    """The element itself if it links, else the first link in it, else the one around it."""
    from bs4 import Tag

    if element.name in ("a", "area", "link") and element.get("href"):
        return element
    near = (child for child in islice(element.descendants, _MAX_NEAR) if isinstance(child, Tag))
    within = next((child for child in near if child.name == "a" and child.get("href")), None)
    return within or element.find_parent("a", href=True)


def _title(anchor: Tag) -> str | None:
    image = anchor.find("img", alt=True)
    words = [_escaped(_words(anchor)), _attribute(anchor, "title"), _attribute(image, "alt") if image else ""]
    return next((title for text in words if (title := claims.plain(text))), None)


def _words(anchor: Tag) -> str:
    return " ".join(islice(anchor.stripped_strings, _MAX_NEAR))


def _is_nested_too_deeply(soup: BeautifulSoup) -> bool:
    depths = {id(soup): 0}
    total = 0
    for element in soup.find_all(True):
        depth = depths[id(element)] = depths.get(id(element.parent), 0) + 1
        total += depth
    return total > MAX_NESTING


def _escaped(text: str) -> str:
    """Text as Beautiful Soup undid it once; marked up again, so that what it shows as markup stays visible."""
    return text.replace("&", "&amp;").replace("<", "&lt;")


def _attribute(tag: Tag, name: str) -> str:
    value = tag.get(name)
    return value if isinstance(value, str) else " ".join(value or ())


def _base(soup: BeautifulSoup, url: str) -> str:
    """What relative addresses refer to: ``<base href>`` if the page has one, else the page."""
    base = soup.find("base", href=True)
    return (claims.address(_attribute(base, "href"), url) if base else None) or url


def _soup(body: bytes, content_type: str, problems: list[str]) -> BeautifulSoup:
    """The page as a tree, bounded; always given UTF-8, so that no declared encoding is looked up again."""
    text = markup.decode(body, content_type)
    if len(text) > MAX_PAGE_CHARS:
        problems.append(f"the page is longer than {MAX_PAGE_CHARS:,} characters; the rest was not read")
        text = text[:MAX_PAGE_CHARS]
    if text.count("<") > MAX_PAGE_TAGS:
        problems.append(f"the page has more than {MAX_PAGE_TAGS:,} tags; the rest was not read")
        text = "<".join(text.split("<", MAX_PAGE_TAGS)[:MAX_PAGE_TAGS])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from bs4 import BeautifulSoup

        data = markup.without_forbidden(text).encode("utf-8", "replace")
        return BeautifulSoup(data, "lxml", from_encoding="utf-8")
