"""Who wrote an article, as its page names them."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice, pairwise
from typing import Any

from lxml import etree

from aggregator.extract import phrases
from aggregator.extract.page import Linked, Page, articles_of, said, types_of
from aggregator.extract.tree import Element
from aggregator.extract.words import folded, one_line

_MAX_AUTHORS = 10
_BYLINE = re.compile(
    r"(?:^|[\s_-])(?:byline|authors?|author-?name|post-?author|entry-?author|autor(?:in|en)?|auteurs?|autore|redacteur"
    r"|verfasser|vcard|fn|writer)(?:$|[\s_-])",
    re.IGNORECASE,
)
_NOT_BYLINE = re.compile(r"comment|related|bio|avatar|image|photo|widget|sidebar|footer|nav|share|follow|teaser", re.I)
_NAMING = ".//a[@rel='author']", ".//*[@itemprop='author']//*[@itemprop='name']", ".//*[@itemprop='author']"
_BYLINE_TAGS = "a", "span", "p", "div", "address", "cite", "li", "strong", "em"
_PROFILE = re.compile(r"/(?:authors?|autor(?:en)?|auteurs?|profil(?:e|es)?)/[^/]")
_LOGIN = re.compile(r"@\S+|[a-z\d_.-]+")
"""A name as one logs in with: a better one may stand elsewhere."""
_GAVE = (
    r"written|posted|published|submitted|story|text|words|report|blog ?(?:post|beitrag)|ein beitrag|geschrieben"
    r"|verfasst|veröffentlicht|eingereicht|erstellt|écrit|publié|posté|proposé|mis en ligne|escrito|publicado|enviado"
    r"|scritto|pubblicato|inviato|geschreven|geplaatst|ingezonden|gepubliceerd"
)
_BY = re.compile(
    rf"^\W{{0,3}}(?:(?:{_GAVE})\s+)?(?:by|von|par|por|da|di|door|av|af|przez)\s*:?\s+|"
    r"^(?:author|autor(?:in)?|auteur|autore|text|texte)s?\s*:\s*",
    re.IGNORECASE,
)
_SAID = re.compile(
    r"\s*(?:written by|words by|article by|authors?|contributors?|autor(?:in|en)?|verfasser(?:in)?|text|auteure?s?"
    r"|textes?|autora?|texto|autore|autrice|testo|tekst)\s*:?\s*(?:\Z|(?<=[:\s]))",
    re.IGNORECASE,
)
_LABEL = re.compile(rf"(?:{_GAVE})\b", re.IGNORECASE)
_CUT = re.compile(
    r"\s+(?:\d+\s*(?:[./:-]|min|h\b|st\b|nd\b|rd\b|th\b)|[|•·–—/]"
    r"|(?:published|updated|last|posted|aktualisiert|veröffentlicht)\s+\S).*$|\s*[|•·].*$",
    re.IGNORECASE | re.DOTALL,
)
_ON = re.compile(r"(?:\s+(?:am|on|at|le|el|il|op|um|den)(?:\s+[^\W\d]+)?)?[\s,–—-]*$", re.IGNORECASE)
"""What stands between a name and a date."""
_PLACED = re.compile(r"^(\S+(?:\s+\S+)+?),?\s+(?:in|for)\s+\S.*$", re.IGNORECASE | re.DOTALL)
"""A name of two words and more, then where it was put or for whom it was written; "Women in Exile" is whole."""
_ROLE = re.compile(
    r",?\s+\b(?:staff writer|staff reporter|reporter|correspondent|editor|contributor|journaliste?"
    r"|redakteur(?:in)?|(?:bbc|cnn|reuters) news)\b.*$",
    re.IGNORECASE,
)
_COMMA = re.compile(r"\s*[,;]\s+(?:(?:and|und|et|y|e|en)\s+)?", re.IGNORECASE)
_AND = re.compile(r"\s+(?:&|and|und|et|y|e|en)\s+", re.IGNORECASE)
_NOBODY = re.compile(
    r"^(?:admin(?:istrator)?|unknown|none|null|author|autor|by|von|par|staff"
    r"|(?:(?:senior|staff) )?(?:writer|editor|reporter)|(?:member )?login|sign in|subscribe)$",
    re.IGNORECASE,
)
_SHOWN = re.compile(r"^(?:images?|photo(?:graph|s|graphs)?|pictures?|fotos?|bild(?:er)?|illustrations?)\b", re.I)
"""Begins what names a photographer."""
_AMBIGUOUS = frozenset("von par por da di door av af przez".split())
"""What stands before authors, and before much else."""
_PARTICLES = frozenset("& and de del della den der des di du el et la le of und van vom von y zu".split())
"""Words inside names that begin with a small letter."""
_PLACE = etree.XPath("count(preceding::*) + count(ancestor::*)")
_MAX_BYLINES = 20
_BYLINE_CHARS, _SEGMENTED_CHARS = 120, 400
"""A line that parts its facts by bars may begin with the title."""
_NEAR = 10
"""Elements with words after the title, within which it is said who wrote what stands below."""
_BESIDE_DATE = re.compile(r"\s*(?:[|·•]|[–—-](?=\s)|,(?=\s))\s*")
_SEGMENTS = re.compile(r"\s+\|\s+")


def authors_of(page: Page, titles: tuple[str, ...]) -> tuple[str, ...]:
    """Return who wrote the article with one of these titles, as the page names them; empty: it names nobody."""
    ways = (
        _linked_authors(page),
        _meta_authors(page),
        _named_authors(page.tree, titles),
        _below_title(page.tree, titles),
        _labelled(page.tree),
    )
    best: list[str] = []
    for found in ways:
        names = list(dict.fromkeys(name for name in map(_person, found) if name))[:_MAX_AUTHORS]
        is_site = any(folded(name) in page.site_names for name in names)
        is_login = any(map(_LOGIN.fullmatch, names))
        if names and not is_site and not is_login and (not best or any(map(_is_name, names))):
            return tuple(names)
        if not best or (is_login and any(folded(name) in page.site_names for name in best)):
            best = names
    return tuple(best)


def authors_in(element: Element) -> tuple[str, ...]:
    """Return who an element says it is by; empty: it names nobody."""
    return tuple(dict.fromkeys(name for name in map(_person, _named_authors(element, ())) if name))


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
            yield from _apart(name)


def _meta_authors(page: Page) -> Iterator[str]:
    names = "author", "article:author", "dc.creator", "dcterms.creator", "byl", "parsely-author", "sailthru.author"
    labelled = [f"twitter:data{n}" for n in (1, 2) if any(map(_LABEL.match, said(page, f"twitter:label{n}")))]
    for text in said(page, "citation_author", "citation_authors", *names, *labelled):
        if not text.startswith(("http:", "https:")):
            yield from _apart(_BY.sub("", text))


def _named_authors(tree: Element, titles: tuple[str, ...]) -> Iterator[str]:
    """Give those whom elements name that say they do; of several, those of the first one below the title."""
    for path in _NAMING:
        found = [_words(element) for element in _from_title(titles, tree.iterfind(path))]
        if any(map(_person, found)):
            for text in found[:3]:
                yield from _apart(_BY.sub("", text))
            return
    for element in _from_title(titles, filter(_is_byline, tree.iter(*_BYLINE_TAGS))):
        text = _words(element)
        names = list(_apart(_cut(_BY.sub("", text)))) if 2 < len(text) < _BYLINE_CHARS else []
        if any(map(_person, names)):
            yield from names
            return
    for element in _from_title(titles, (one for one in tree.iter("a") if _PROFILE.search(one.get("href") or ""))):
        yield _words(element)
        return


def _from_title(titles: tuple[str, ...], elements: Iterator[Element]) -> Iterator[Element]:
    """Give elements in the order of the page, but those above the title last."""
    above: list[Element] = []
    place: float | None = None
    for element in islice(elements, _MAX_BYLINES):
        if place is None:
            heading = _heading_of(element.getroottree(), titles)
            place = 0.0 if heading is None else _PLACE(heading)
        if _PLACE(element) < place:
            above.append(element)
        else:
            yield element
    yield from above


def _is_byline(element: Element) -> bool:
    return _names_byline(f"{element.get('class') or ''} {element.get('id') or ''} {element.get('data-testid') or ''}")


@lru_cache(maxsize=4096)  # a page has ten elements to a class
def _names_byline(label: str) -> bool:
    return bool(_BYLINE.search(label) and not _NOT_BYLINE.search(label))


def _words(element: Element) -> str:
    """Return what an element says, with a space between what is set apart by nothing but elements."""
    return one_line(" ".join(element.itertext()))


def _heading_of(tree: Element, titles: tuple[str, ...]) -> Element | None:
    """Return the heading that is one of the titles; None: there is none."""
    known = set(map(folded, titles))
    return next((one for one in tree.iter("h1", "h2", "h3") if folded(one_line(one.text_content())) in known), None)


def _below_title(tree: Element, titles: tuple[str, ...]) -> Iterator[str]:
    """Give those whom a line right below the title names, in an element not said to: "9 August 2026, Maren"."""
    heading = _heading_of(tree, titles)
    if heading is None:
        return
    for element in heading.xpath(f"following::*[not(self::a)][text()[normalize-space()]][position() <= {_NEAR}]"):
        text = _words(element)
        chars = _SEGMENTED_CHARS if " | " in text else _BYLINE_CHARS
        if 4 < len(text) < chars and (name := _written_by(text, titles)):
            yield from _apart(name)
            return


def _labelled(tree: Element) -> Iterator[str]:
    """Give those whom a line anywhere names behind a word for it: "Autorin: Maren Tal", often the last one."""
    for element in tree.iter(*_BYLINE_TAGS, "td", "b", "i", "h4", "h5"):
        if not (label := _SAID.match(element.text or "")):
            continue
        text = _words(element)
        if not text[label.end() :].strip() and (parent := element.getparent()) is not None:
            text = _words(parent)
        if (label := _SAID.match(text)) and len(text) < _BYLINE_CHARS:
            names = list(filter(_is_name, _apart(_cut(text[label.end() :]))))
            yield from names
            if names:
                return


def _written_by(text: str, titles: tuple[str, ...]) -> str | None:
    """Return whom a line names that says little else; None: it is none of these lines."""
    if said_by := _BY.match(text):
        name = _PLACED.sub(r"\1", _cut(text[said_by.end() :]))
        is_one = _is_name(name) if said_by[0].strip(" :").lower() in _AMBIGUOUS else name[:1].isupper()
        return name if is_one and not text.endswith((".", "!", "?", ":")) else None
    segments = _SEGMENTS.split(text)
    if len(segments) > 2:
        for before, after in pairwise(segments):
            if before not in titles and phrases.DATE.match(after):
                return before
    date = phrases.DATE.match(text)
    if date is None:
        return None
    rest = phrases.HOUR.sub("", text[date.end() :], count=1)
    beside = _BESIDE_DATE.match(rest)
    name = rest[beside.end() :] if beside else ""
    return name if name[:1].isupper() and len(name.split()) <= 5 and not any(map(str.isdigit, name)) else None


def _is_name(text: str) -> bool:
    """Whether words after "von", "da", "par" are a name: so begin "Von Calais nach Dover" and "Da Ventimiglia", too."""
    words = text.split()
    return len(words) > 1 and all(word[:1].isupper() or word.lower() in _PARTICLES for word in words)


def _apart(text: str) -> Iterator[str]:
    """Give the names in a list of some; what is none, or one with an "and" in it, is given whole."""
    parts = _COMMA.split(one_line(text))
    if not all(part[:1].isupper() or not part[:1].islower() for part in parts):
        parts = [one_line(text)]
    for part in parts:
        both = _AND.split(part)
        if len(both) > 1 and all(one[:1].isupper() and len(one.split()) > 1 for one in both):
            yield from both
        else:
            yield part


def _cut(text: str) -> str:
    """Return a text up to its first date, separator, or word on when it was put up or as what."""
    date = phrases.DATE.search(text)
    return _ROLE.sub("", _CUT.sub("", _ON.sub("", text[: date.start()]) if date else text))


def _person(text: str) -> str | None:
    """Return a name without what stands around it; None: it is no name."""
    text = one_line(html.unescape(text))
    name = "" if _SHOWN.match(text) else _BY.sub("", text)
    name = _cut(name).strip(" ,;:-–|()[]\"'“”")
    if name.lower() in phrases.ANONYMOUS:
        return None
    if not 2 < len(name) <= 60 or len(name.split()) > 6 or _NOBODY.match(name) or not any(map(str.isalpha, name)):
        return None
    return None if re.search(r"https?:|@\w+\.|\.(?:com|org|net)\b", name) else name
