"""What a page says of itself, before anything is concluded from it: its meta elements, linked data and tree."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from aggregator.extract.limits import MAX_LINKED_DATA_CHARS
from aggregator.extract.tree import Element

_MAX_OBJECTS = 2_000
_UNREAD = ("script", "style", "svg", "template", "noscript")
"""Elements whose text nobody reads; out of the tree they cost nobody time."""

_NO_SCRIPT = re.compile(r"java\s?script", re.IGNORECASE)
_FILLED = ("root", "app", "__next", "__nuxt", "main-app", "app-root", "svelte", "react-root", "ember-app", "gatsby")
"""Ids of the element that scripts fill, as the frameworks' own templates have them."""

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
    needs_browser: bool
    """Whether it looks like a page that scripts fill."""


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
    return Page(tree=tree, url=url, metas=metas, linked=linked, needs_browser=needs_browser)


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
