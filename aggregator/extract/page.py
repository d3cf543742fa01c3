"""What a page says of itself, before anything is concluded from it: its meta elements, linked data and tree."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from aggregator.extract.limits import MAX_LINKED_DATA_CHARS, MAX_TITLE_CHARS
from aggregator.extract.tree import Element
from aggregator.extract.words import folded, one_line

_MAX_OBJECTS = 2_000
_MAX_LINKS = 100
_UNREAD = ("script", "style", "svg", "template", "noscript")
"""Elements whose text nobody reads; out of the tree they cost nobody time."""

_NO_SCRIPT = re.compile(r"java\s?script", re.IGNORECASE)
_FILLED = ("root", "app", "__next", "__nuxt", "main-app", "app-root", "svelte", "react-root", "ember-app", "gatsby")
"""Ids of the element that scripts fill, as the frameworks' own templates have them."""

_ROOT = re.compile(r"(?:https?:)?//(?:www\.)?(?P<host>[^/:]+)(?::\d+)?/?|/|index\.\w+")
"""The address of a front page, as links to it are written."""

_SITES = frozenset({"Organization", "NewsMediaOrganization", "WebSite"})
Linked = dict[str, Any]
"""One object of linked data (JSON-LD), as written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page, parsed."""

    tree: Element
    """The root element, without scripts and styles."""
    url: str
    metas: dict[str, list[str]]
    """What each meta element says, by its name, property or itemprop in lower case; in order of the page."""
    linked: list[Linked]
    """Every object of the linked data, those inside others after them."""
    site_names: frozenset[str]
    """What it calls its site, folded: in its own words, in links to the front page, in its address."""
    needs_browser: bool
    """Whether it looks like a page that scripts fill."""
    is_hidden: bool
    """Whether the site's people have taken the post off their newswire; Hyperactive gives it this class."""


def page_of(tree: Element, url: str) -> Page:
    """Take the page's words about itself out of its tree; scripts and styles are removed from the tree."""
    from lxml import etree

    metas: dict[str, list[str]] = {}
    for meta in tree.iter("meta"):
        content = (meta.get("content") or "").strip()
        for name in {meta.get("property"), meta.get("name"), meta.get("itemprop")}:
            if content and name:
                metas.setdefault(name.strip().lower(), []).append(content)
    linked: list[Linked] = []
    needs_browser = _is_shell(tree)
    for script in tree.iter("script"):
        if "ld+json" in (script.get("type") or "").lower() and len(linked) < _MAX_OBJECTS:
            linked += _objects(script.text or "")
    etree.strip_elements(tree, *_UNREAD, with_tail=False)
    sites = frozenset(map(folded, _site_names(tree, url, metas, linked))) - {""}
    return Page(
        tree=tree,
        url=url,
        metas=metas,
        linked=linked,
        site_names=sites,
        needs_browser=needs_browser,
        is_hidden=bool(tree.find_class("hidden_post")),
    )


def _site_names(tree: Element, url: str, metas: dict[str, list[str]], linked: list[Linked]) -> Iterator[str]:
    for name in ("og:site_name", "application-name", "twitter:site", "al:android:app_name"):
        yield from metas.get(name, ())
    for one in linked:
        if _SITES & set(types_of(one)) and isinstance(one.get("name"), str):
            yield one["name"]
    host = re.sub(r"^https?://(?:www\.)?|[/:].*$", "", url)
    for _, link in zip(range(_MAX_LINKS), tree.iter("a"), strict=False):
        front = _ROOT.fullmatch(link.get("href") or "")
        if front and front["host"] in (None, host):
            yield one_line(link.text_content())[:MAX_TITLE_CHARS]
    yield host
    if host.count("."):
        yield host.split(".")[-2]


def _is_shell(tree: Element) -> bool:
    """Whether a page says that it is nothing without scripts, or has an empty place that they fill."""
    if not any(script.get("src") for script in tree.iter("script")):
        return False
    if any(_NO_SCRIPT.search(element.text_content()) for element in tree.iter("noscript")):
        return True
    return any(
        (element.get("id") or "").lower() in _FILLED and not element.text_content().strip()
        for element in tree.iter("div", "main", "app-root")
    )


def _objects(written: str) -> list[Linked]:
    if len(written) > MAX_LINKED_DATA_CHARS:
        return []
    try:
        given = json.loads(written.strip().rstrip(";"), strict=False)
    except (ValueError, RecursionError):
        return []
    found: list[Linked] = []
    waiting = [given]
    while waiting and len(found) < _MAX_OBJECTS:
        one = waiting.pop(0)
        if isinstance(one, list):
            waiting[:0] = one
        elif isinstance(one, dict):
            found.append(one)
            waiting += [inner for inner in one.values() if isinstance(inner, dict | list)]
    return found


def types_of(one: Linked) -> list[str]:
    """Return the types of an object, without the vocabulary's address."""
    given = one.get("@type")
    return [str(name).rpartition("/")[2] for name in (given if isinstance(given, list) else [given]) if name]


def articles_of(page: Page) -> Iterator[Linked]:
    """Give the objects that describe an article."""
    for one in page.linked:
        if any(name.endswith(("Article", "BlogPosting", "Report", "LiveBlogPosting")) for name in types_of(one)):
            yield one


def is_thread(page: Page) -> bool:
    """Whether it is a thread of a forum: then its posts are no comments."""
    return any("DiscussionForumPosting" in types_of(one) for one in page.linked)


def said(page: Page, *names: str) -> Iterator[str]:
    """Give what the meta elements of these names say, in the order of the names."""
    for name in names:
        yield from page.metas.get(name, ())


def bodies_of(page: Page) -> Iterator[str]:
    """Give the whole texts that the linked data holds, paragraphs one a line; entities and tags are still in them."""
    for one in articles_of(page):
        if isinstance(body := one.get("articleBody"), str):
            yield body
