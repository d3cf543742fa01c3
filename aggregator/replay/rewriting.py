"""A page whose links lead to other archived copies, without what could run or leave. Pure.

Of the elements and attributes of a page those stay that are known to show something; what is not known goes. Elements
whose inside a browser reads otherwise than the parser here are gone or renamed, but for style.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from aggregator.extract import requisites, sheets, tree
from aggregator.replay import styles
from aggregator.replay.addresses import PICTURE, STYLE, Linking

_GONE = frozenset("script svg base meta template param track embed bgsound portal".split())
_RENAMED = {
    **dict.fromkeys("noscript noembed noframes object applet form frameset canvas math body html".split(), "div"),
    **dict.fromkeys(("xmp", "plaintext", "listing"), "pre"),
}
"""Elements of which what is in them is shown instead of what they would do; body and html where they stand inside."""
_FRAMES = ("iframe", "frame")
_OF_TEXT = ("title", "textarea")
_NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_SHOWING = frozenset(
    "abbr align alink alt axis bgcolor border cellpadding cellspacing char charoff checked class clear color cols "
    "colspan compact controls coords datetime dir disabled face frame headers height hidden hspace id label lang "
    "language link loop marginheight marginwidth max maxlength media min multiple name noshade nowrap open optimum "
    "placeholder readonly reversed role rows rowspan rules scope selected shape size sizes span start summary tabindex "
    "text title type valign value vlink vspace width wrap".split()
)
"""Attributes that neither name an address nor do anything."""
_REFRESH = re.compile(r"\s*+[\d.]*+\s*+[;,]?\s*+(?:url\s*+=)?\s*+[\"']?(?P<url>[^\"'\s]++)", re.IGNORECASE)
_DOCTYPE = re.compile(r"\s*(?:<\?xml[^>]*>\s*)?<!doctype", re.IGNORECASE)
_HTML = "<!doctype html>\n"


def rewritten(html: str, linking: Linking, bar: Markup) -> str:
    """Return a page as it is shown.

    Args:
        html: As archived.
        linking: Leads from it to other copies.
        bar: What stands above it: one element. A link to where the page would have led a reader by itself is added.
    """
    from lxml import html as lxml_html

    root, _ = tree.parsed(html, looks_into_every_tag=True)
    if root is None:
        root = lxml_html.document_fromstring("<html><head></head><body></body></html>")
    linking.base = requisites.base_of(root, linking.base)
    led = _led_on(root, linking)
    for element in list(root.iter()):
        _tame(element, root, linking)
    above = lxml_html.fragment_fromstring(str(bar + _leading(led) if led else bar), create_parent="div")
    head, body = _head_and_body(root)
    head.insert(0, head.makeelement("meta", charset="utf-8"))
    above.tail, body.text = body.text, None
    body.insert(0, above)
    shown: str = lxml_html.tostring(root, encoding="unicode", method="html")
    return (_HTML if _DOCTYPE.match(html) else "") + shown


def _led_on(root: Any, linking: Linking) -> str | None:
    """Return where a page would have led by itself."""
    for meta in root.iter("meta"):
        if (meta.get("http-equiv") or "").strip().lower() == "refresh":
            found = _REFRESH.match(meta.get("content") or "")
            return linking.link(found["url"]) if found else None
    return None


def _leading(address: str) -> Markup:
    return Markup('<p>This page led on to <a href="{}">another</a>.</p>').format(address)


def _head_and_body(root: Any) -> tuple[Any, Any]:
    """Return head and body of a page, made where it has none: a page of frames has no body."""
    root.tag = "html"
    heads = [child for child in root if child.tag == "head"]
    bodies = [child for child in root if child.tag == "body"]
    head = heads[0] if heads else root.makeelement("head")
    body = bodies[0] if bodies else root.makeelement("body")
    for child in list(root):
        if child is not head and child is not body:
            body.append(child)
    if not bodies and root.text:
        body.text = root.text
    root.text = None
    root[:] = [head, body]
    return head, body


def _tame(element: Any, root: Any, linking: Linking) -> None:
    """Bring an element to what may be shown of it."""
    name = element.tag if isinstance(element.tag, str) else ""
    is_outer = element is root or (name == "body" and element.getparent() is root)
    if (
        name in _GONE
        or not name
        or (name == "link" and not _is_shown(element.attrib))
        or _is_in_head(element, "noscript")
    ):
        if element is not root:
            element.drop_tree()
        return
    attributes = _attributes(name, dict(element.attrib), linking)
    if name == "link" and "href" not in attributes:
        element.drop_tree()
        return
    if name in _FRAMES:
        _become_link(element, linking)
    elif name in _OF_TEXT:
        text, tail = element.text_content(), element.tail
        del element[:]
        element.text, element.tail = text, tail
    elif name == "style":
        element.text = styles.rewritten("".join(element.itertext()), linking)
        del element[:]
    elif not is_outer and name in _RENAMED:
        element.tag = _RENAMED[name]
    elif not _NAME.fullmatch(name):
        element.tag = "span"
    if name not in _FRAMES:
        element.attrib.clear()
        for attribute, value in attributes.items():
            element.set(attribute, value)


def _is_in_head(element: Any, name: str) -> bool:
    return element.tag == name and element.getparent() is not None and element.getparent().tag == "head"


def _is_shown(link: Mapping[str, str]) -> bool:
    return requisites.is_sheet(link) or requisites.is_icon(link)


def _become_link(frame: Any, linking: Linking) -> None:
    """Put a link in the place of a frame: it may hold anything, and none is shown inside another page."""
    address = linking.link(frame.get("src") or "")
    title = frame.get("title") or frame.get("name") or frame.get("src") or ""
    tail = frame.tail
    frame.clear()
    frame.tag = "a"
    frame.text, frame.tail = f"[frame: {title}] " if address else None, tail
    if address:
        frame.set("href", address)


def _attributes(name: str, given: dict[str, str], linking: Linking) -> dict[str, str]:
    """Return the attributes that an element keeps, and what is in the place of its addresses."""
    kept = {key: value for key, value in given.items() if key in _SHOWING or re.fullmatch(r"aria-[a-z]{2,20}", key)}
    kept |= {"style": styles.rewritten(given["style"], linking)} if given.get("style") else {}
    kept |= {"usemap": given["usemap"]} if given.get("usemap", "").startswith("#") else {}
    found: dict[str, str | None] = {}
    if name in ("a", "area"):
        found["href"] = linking.link(given.get("href", ""))
    elif name == "link":
        is_sheet = requisites.is_sheet(given)
        found["href"] = linking.embedded(given["href"], STYLE if is_sheet else PICTURE)
        found["rel"] = "stylesheet" if is_sheet else "icon"
    elif name == "img" or (name == "input" and given.get("type", "").lower() == "image"):
        found["src"] = _source(given, linking)
    if name in ("img", "source"):
        found["srcset"] = _sources(given, linking) or None
    for key in ("background", "poster"):
        if given.get(key):
            found[key] = linking.embedded(given[key], PICTURE)
    return kept | {key: value for key, value in found.items() if value}


def _source(given: dict[str, str], linking: Linking) -> str | None:
    """Return the address of a picture, also of one that a script would have put there."""
    src = requisites.source_of(given)
    return src if sheets.is_own_picture(src) else linking.embedded(src, PICTURE)


def _sources(given: dict[str, str], linking: Linking) -> str:
    found = [(linking.embedded(url, PICTURE), size) for url, size in requisites.sources_of(given)]
    return ", ".join(f"{address}{size}" for address, size in found if address)
