"""What a page shows beside its text: the addresses of its style sheets, pictures and icons. Pure.

Of several pictures that a page offers for one place, one is named: its own (``src``), and, if that is none of those
offered for several sizes (``srcset``), also the one of these that fills a window of an ordinary width. Named are no
scripts, frames, sounds and films, and no typefaces: a page can be read in another.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from aggregator import urls
from aggregator.extract import sheets, tree

MAX_REQUISITES = 64
"""Of one page, with those that its style sheets name."""
MAX_HOSTS = 8
"""Those that one page, or one of its style sheets, may name them at, besides its own."""
MAX_PAGE_BYTES = 2 << 20
"""A page or style sheet that is longer is not looked through: one made to be slow holds up the crawl for 0.5 s."""
MAX_TAGS = 100_000
"""Nor is a page with more of them, as ``<`` tells."""
_MAX_NAMED = 1_000
"""Of the addresses as they are written, so many are looked at: a hostile one takes 0.2 ms."""
_MAX_FOREIGN = 32
"""Likewise, of those at hosts whose names have other letters than ASCII: a hostile one takes 1 ms."""
_FOREIGN = re.compile(r"(?:https?:)?//[^/?#]*[^\x00-\x7f]", re.IGNORECASE)
MAX_SOURCES = 20
"""Of a list of pictures for several sizes, so many are looked at."""
MAX_SET_CHARS = 32_768
"""Likewise; the rest is not looked at."""
LAZY = ("data-src", "data-lazy-src", "data-original")
"""Where pages that load pictures by script keep their addresses."""
LAZY_SETS = ("data-srcset", "data-lazy-srcset")
SHOWN_PX = 1_024
"""How wide a picture is wanted."""
_SIZE = re.compile(r"[0-9.]{1,10}[wxh]")
_TYPEFACE = re.compile(r"\.(?:woff2?|ttf|otf|eot)\Z", re.IGNORECASE)


def of_page(body: bytes, *, url: str, content_type: str) -> tuple[str, ...]:
    """Return the addresses of what a page shows, canonical, each once: style sheets first, icons last.

    Args:
        body: Decoded.
        url: Where it was captured.
        content_type: As the server declared it.
    """
    if len(body) > MAX_PAGE_BYTES or body.count(b"<") > MAX_TAGS:
        return ()
    root, _ = tree.parsed(tree.decoded(body, content_type), looks_into_every_tag=True)
    if root is None:
        return ()
    base = base_of(root, url)
    found: dict[str, list[str]] = {"sheets": [], "pictures": [], "icons": []}
    for element in root.iter():
        name = element.tag if isinstance(element.tag, str) else ""
        given = element.attrib
        if name == "link":
            if is_sheet(given) and (given.get("media") or "").strip().lower() != "print":
                found["sheets"].append(given["href"])
            elif is_icon(given):
                found["icons"].append(given["href"])
        elif name == "style":
            imported, pictures = _named("".join(element.itertext()))
            found["sheets"] += imported
            found["pictures"] += pictures
        elif not _is_passed_over(element, name):
            found["pictures"] += _pictures(name, given)
    return _canonical((*found["sheets"], *found["pictures"], *found["icons"]), base)


def of_sheet(body: bytes, *, url: str, content_type: str) -> tuple[str, ...]:
    """Return the addresses of what a style sheet loads, canonical, each once: further style sheets first.

    Args:
        body: Decoded.
        url: Where it was captured.
        content_type: As the server declared it.
    """
    if len(body) > MAX_PAGE_BYTES:
        return ()
    imported, pictures = _named(tree.decoded(body, content_type))
    return _canonical((*imported, *pictures), url)


def base_of(root: Any, url: str) -> str:
    """Return where links start from: the first base element of a page says it, or it is the page's own address."""
    for base in root.iter("base"):
        if base.get("href"):
            return urls.canonical(base.get("href"), url) or url
    return url


def is_sheet(link: Mapping[str, str]) -> bool:
    """Whether the attributes of a link element name a style sheet that is in force."""
    rel = (link.get("rel") or "").lower().split()
    return "stylesheet" in rel and "alternate" not in rel and bool(link.get("href"))


def is_icon(link: Mapping[str, str]) -> bool:
    """Whether the attributes of a link element name the icon of the page."""
    return "icon" in (link.get("rel") or "").lower().split() and bool(link.get("href"))


def source_of(given: Mapping[str, str]) -> str:
    """Return the address of a picture as its attributes have it, also of one that a script would have put there."""
    src = given.get("src", "")
    if src and not src.lower().startswith("data:"):
        return src
    return next((given[key] for key in LAZY if given.get(key)), "") or src


def sources_of(given: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the pictures that attributes offer for several sizes: address, and which size each is for."""
    written = given.get("srcset") or next((given[key] for key in LAZY_SETS if given.get(key)), "")
    return list(islice(listed(written[:MAX_SET_CHARS]), MAX_SOURCES))


def listed(written: str) -> Iterator[tuple[str, str]]:
    """Yield the addresses of a list of pictures, and what size each is for; commas may stand in addresses (srcset).

    It is cut at blanks and not by an expression: what strangers write would have one try for hours.
    """
    url = ""
    for part in written.split():
        if url:
            size, _, rest = part.partition(",")
            yield url, f" {size}" if _SIZE.fullmatch(size) else ""
            url, part = "", rest
        if part.endswith(","):
            yield part.strip(","), ""
        else:
            url = part.lstrip(",")
    if url:
        yield url, ""


def _is_passed_over(element: Any, name: str) -> bool:
    """Whether nothing is shown of an element: a source that is not the first of its picture, or none of a picture's."""
    if name != "source":
        return False
    parent, before = element.getparent(), element.getprevious()
    return parent is None or parent.tag != "picture" or (before is not None and before.tag == "source")


def _pictures(name: str, given: Mapping[str, str]) -> Iterator[str]:
    """Yield the pictures that an element shows."""
    sources = sources_of(given) if name in ("img", "source") else []
    src = ""
    if name == "img" or (name == "input" and given.get("type", "").lower() == "image"):
        src = source_of(given)
        yield src
    elsewhere = [one for one in sources if one[0] and not one[0].lower().startswith("data:")]  # the rest is in the page
    if elsewhere and src not in [url for url, _ in elsewhere]:
        yield min(elsewhere, key=lambda one: _unfit(one[1]))[0]
    for key in ("background", "poster"):
        if given.get(key):
            yield given[key]
    if given.get("style"):
        yield from _named(given["style"])[1]


def _unfit(size: str) -> tuple[bool, float]:
    """Return how badly a picture of a size fits: the narrowest that is wide enough fits best, else the widest."""
    try:
        number = float(size[:-1] or 1)
    except ValueError:
        number = 1.0
    px = number if size.endswith("w") else number * SHOWN_PX
    return px < SHOWN_PX, abs(px - SHOWN_PX)


def _named(css: str) -> tuple[list[str], list[str]]:
    """Return the style sheets and the pictures that rules name."""
    imported: list[str] = []
    pictures: list[str] = []
    sheets.rewritten(css, sheet=imported.append, picture=pictures.append)
    return imported, pictures


def _canonical(named: tuple[str, ...], base: str) -> tuple[str, ...]:
    """Return so many of some addresses as are kept, each once."""
    found: dict[str, None] = {}
    own = urls.canonical(base)
    hosts = {urls.host(own or "")}
    foreign = 0
    for one in islice(dict.fromkeys(map(str.strip, named)), _MAX_NAMED):
        if not one or len(one) > urls.MAX_URL_CHARS:
            continue
        if _FOREIGN.match(one):
            foreign += 1
            if foreign > _MAX_FOREIGN:
                continue
        address = urls.canonical(one, base)
        if address and address != own and not _TYPEFACE.search(address.partition("?")[0]):
            host = urls.host(address)
            if host in hosts or len(hosts) <= MAX_HOSTS:
                hosts.add(host)
                found[address] = None
        if len(found) == MAX_REQUISITES:
            break
    return tuple(found)


__all__ = [
    "LAZY",
    "LAZY_SETS",
    "MAX_HOSTS",
    "MAX_PAGE_BYTES",
    "MAX_REQUISITES",
    "MAX_TAGS",
    "SHOWN_PX",
    "base_of",
    "is_icon",
    "is_sheet",
    "listed",
    "of_page",
    "of_sheet",
    "source_of",
    "sources_of",
]
