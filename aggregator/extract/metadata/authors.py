"""Who wrote an article, as its page names them."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Any

from aggregator.extract.page import Linked, Page, articles_of, said, types_of
from aggregator.extract.tree import Element
from aggregator.extract.words import one_line

_MAX_AUTHORS = 10
_BYLINE = re.compile(
    r"(?:^|[\s_-])(?:byline|authors?|author-?name|post-?author|entry-?author|autor(?:in|en)?|auteurs?|autore|redacteur"
    r"|verfasser|vcard|fn|writer)(?:$|[\s_-])",
    re.IGNORECASE,
)
_NOT_BYLINE = re.compile(r"comment|related|bio|avatar|image|photo|widget|sidebar|footer|nav|share|follow|teaser", re.I)
_BY = re.compile(
    r"^(?:(?:written|posted|published|story|text|words|report)\s+)?(?:by|von|par|por|da|di|door|av|af|przez|"
    r"geschrieben von|ein beitrag von|veröffentlicht von|écrit par|publié par|escrito por|publicado por)\s*:?\s+|"
    r"^(?:author|autor(?:in)?|auteur|autore|text|texte|foto)s?\s*:\s*",
    re.IGNORECASE,
)
_CUT = re.compile(
    r"\s+(?:\d|[|•·–—/]|(?:am|on|at|le|el|il|op|um|in|for|published|updated|last|posted|"
    r"aktualisiert|veröffentlicht)\s+\S).*$|\s*[|•·].*$",
    re.IGNORECASE | re.DOTALL,
)
_ROLE = re.compile(
    r",?\s+\b(?:staff writer|staff reporter|reporter|correspondent|editor|contributor|journaliste?"
    r"|redakteur(?:in)?|(?:bbc|cnn|reuters) news)\b.*$",
    re.IGNORECASE,
)
_AND = re.compile(r"\s*(?:,|;|&|\band\b|\bund\b|\bet\b|\by\b|\ben\b)\s+", re.IGNORECASE)
_NOBODY = re.compile(r"^(?:admin(?:istrator)?|unknown|anonymous|none|null|author|autor|by|von|par|staff|editor)$", re.I)


def authors_of(page: Page) -> tuple[str, ...]:
    """Return who wrote the article, as the page names them; empty: it names nobody."""
    for found in (_linked_authors(page), _meta_authors(page), _named_authors(page.tree)):
        names = list(dict.fromkeys(name for name in map(_person, found) if name))
        if names:
            return tuple(names[:_MAX_AUTHORS])
    return ()


def authors_in(element: Element) -> tuple[str, ...]:
    """Return who an element says it is by; empty: it names nobody."""
    return tuple(dict.fromkeys(name for name in map(_person, _named_authors(element)) if name))


def _linked_authors(page: Page) -> Iterator[str]:
    by_id = {one["@id"]: one for one in page.linked if isinstance(one.get("@id"), str) and one.get("name")}
    for one in articles_of(page):
        given = one.get("author") or one.get("creator")
        for author in given if isinstance(given, list) else [given]:
            yield from _names_of(author, by_id)
        if given:
            return


def _names_of(author: Any, by_id: dict[str, Linked]) -> Iterator[str]:
    if isinstance(author, dict):
        if not author.get("name") and isinstance(author.get("@id"), str):
            author = by_id.get(author["@id"], {})
        if "Organization" in types_of(author):
            return
        author = author.get("name")
    for name in author if isinstance(author, list) else [author]:
        if isinstance(name, str):
            yield from _AND.split(name)


def _meta_authors(page: Page) -> Iterator[str]:
    names = "author", "article:author", "dc.creator", "dcterms.creator", "byl", "parsely-author", "sailthru.author"
    for text in said(page, *names, "citation_author", "twitter:data1" if "written" in _label(page) else ""):
        if not text.startswith(("http:", "https:")):
            yield from _AND.split(_BY.sub("", text))


def _label(page: Page) -> str:
    return next(said(page, "twitter:label1"), "").lower()


def _named_authors(tree: Element) -> Iterator[str]:
    for path in (
        ".//a[@rel='author']",
        ".//*[@itemprop='author']//*[@itemprop='name']",
        ".//*[@itemprop='author']",
    ):
        found = [one_line(element.text_content()) for element in tree.iterfind(path)]
        if any(map(_person, found)):
            for text in found[:3]:
                yield from _AND.split(_BY.sub("", text))
            return
    for element in tree.iter("a", "span", "p", "div", "address", "cite", "li", "strong", "em"):
        label = f"{element.get('class') or ''} {element.get('id') or ''}"
        if label != " " and _BYLINE.search(label) and not _NOT_BYLINE.search(label):
            text = one_line(element.text_content())
            if 2 < len(text) < 120 and _person(_BY.sub("", text)):
                yield from _AND.split(_CUT.sub("", _BY.sub("", text)))
                return
    for element in tree.iter("a"):
        if re.search(r"/(?:authors?|autor(?:en)?|auteurs?|profil(?:e|es)?)/[^/]", element.get("href") or ""):
            yield one_line(element.text_content())
            return


def _person(text: str) -> str | None:
    """Return a name without what stands around it; None: it is no name."""
    name = _BY.sub("", one_line(html.unescape(text)))
    name = _ROLE.sub("", _CUT.sub("", name)).strip(" ,;:-–|()[]\"'“”")
    if not 2 < len(name) <= 60 or len(name.split()) > 6 or _NOBODY.match(name) or not any(map(str.isalpha, name)):
        return None
    return None if re.search(r"https?:|@\w+\.|\.(?:com|org|net)\b", name) else name
