"""A feed as Atom (RFC 4287)."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from aggregator import __version__
from aggregator.characters import in_xml
from aggregator.periods import instant
from aggregator.web.feeds.entries import Entry, Feed

TYPE = "application/atom+xml"
_ATOM = "http://www.w3.org/2005/Atom"
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
_IS_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,4}")

ElementTree.register_namespace("", _ATOM)


def written(feed: Feed, *, base: str, address: str) -> bytes:
    """Return a feed.

    Args:
        feed: Which.
        base: Where this server is, without a slash at the end.
        address: Where the feed is, from the root of the server.
    """
    root = ElementTree.Element(f"{{{_ATOM}}}feed", {_LANGUAGE: "en"})
    _add(root, "id", feed.id)
    _add(root, "title", feed.title)
    _add(root, "updated", instant(feed.updated))
    _add(_add(root, "author"), "name", "aggregator")
    _add(root, "generator", "aggregator", version=__version__)
    _add(root, "link", rel="self", type=TYPE, href=base + address)
    _add(root, "link", rel="alternate", type="text/html", href=base + feed.page)
    for entry in feed.entries:
        _add_entry(root, entry, base)
    ElementTree.indent(root)
    return bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)) + b"\n"


def _add_entry(root: ElementTree.Element, entry: Entry, base: str) -> None:
    made = _add(root, "entry")
    _add(made, "id", entry.id)
    language = {_LANGUAGE: entry.language} if entry.language and _IS_LANGUAGE.fullmatch(entry.language) else {}
    _add(made, "title", entry.title, attributes=language)
    _add(made, "updated", instant(entry.updated))
    if entry.published:
        _add(made, "published", instant(entry.published))
    for author in entry.authors or (entry.source_name,):  # else it would be the feed's: we wrote none of it
        _add(_add(made, "author"), "name", author)
    _add(made, "category", term=entry.source_id, label=entry.source_name)
    _add(made, "link", rel="alternate", type="text/html", href=base + entry.path)
    if entry.address:
        _add(made, "link", rel="via", href=entry.address)
    said = entry.text if entry.html is None else str(entry.html)
    kind = "text" if entry.html is None else "html"
    _add(made, "content", said, attributes=language if entry.is_quoted else {}, type=kind)


def _add(
    parent: ElementTree.Element, name: str, text: str = "", *, attributes: dict[str, str] | None = None, **more: str
) -> ElementTree.Element:
    said = {key: in_xml(value) for key, value in {**(attributes or {}), **more}.items()}
    made = ElementTree.SubElement(parent, f"{{{_ATOM}}}{name}", said)
    made.text = in_xml(text) or None
    return made
