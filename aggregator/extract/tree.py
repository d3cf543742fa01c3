"""The bytes of a page as a tree that is safe to walk: decoded as it declares, and cut down to what pages need.

Parsers and extractors stop, hang or lose text without a word on what lies beyond: a control character that is written
as a reference, text below some depth, a tag with a million attributes.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from typing import Any

from aggregator.extract.limits import MAX_ATTRIBUTES, MAX_DEPTH, MAX_ELEMENTS

Element = Any
"""An element of lxml, which has no types."""

_META_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([a-zA-Z0-9_:.\-]{2,40})", re.IGNORECASE)
_HEADER_CHARSET = re.compile(r"charset\s*=\s*[\"']?([a-zA-Z0-9_:.\-]{2,40})", re.IGNORECASE)
_WEB_NAMES = {"iso-8859-1": "cp1252", "latin1": "cp1252", "us-ascii": "cp1252", "ascii": "cp1252", "gb2312": "gb18030"}
"""Labels that mean another encoding on the web (WHATWG Encoding Standard, section 4.2)."""
_ESCAPED = re.compile(r"[\udc80-\udcff]")
_NOT_ASCII = re.compile(r"[\x80-\ud7ff\ue000-\U0010ffff]")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_LINE_ENDS = bytes.maketrans(b"\r\f", b"\n ")
_CONTROLS_ASCII = bytes({*range(32), 0x7F} - set(b"\t\n\r\f"))
_CONTROLS_BEYOND = (re.compile(rb"\xc2[\x80-\x9f]"), re.compile(rb"\xef\xbf[\xbe\xbf]"))
"""In UTF-8; each begins with one byte that can be looked for, which takes a tenth of the time of a class of many."""
_CONTROL_REFERENCE = re.compile(
    rb"&#(?:0*(?:[0-8]|1[124-9]|2[0-9]|3[01])(?![0-9])|[xX]0*(?:[0-8bBcCeEfF]|1[0-9a-fA-F])(?![0-9a-fA-F]));?"
)
_TAG = re.compile(rb"<!--(?:[^-]++|-(?!->))*+|<[a-zA-Z](?:[^>=]++|=\s*+(?:\"[^\"]*+\"|'[^']*+')?+)*+")
"""A comment, or a tag without its end; only after an equals sign a quote means something (WHATWG HTML, 13.2.5)."""
_LONG_TAG_BYTES = 4_000
"""Shorter ones cannot have attributes enough to be worth counting."""
_LONG_TAG = re.compile(rb"<[a-zA-Z][^>]{%d}" % _LONG_TAG_BYTES)
"""Where one may be: to look for it takes a fifth of the time of going through all tags. One whose values hold angle
brackets is passed over; then the parser compares all its attributes, for as long as the worker may."""
_ATTRIBUTE = re.compile(rb"[^\s=/]++(?:\s*=\s*(?:\"[^\"]*+\"|'[^']*+'|[^\s]*+))?+")
_ANY_TAG = re.compile(rb"<(?P<end>/?)(?P<name>[a-zA-Z][^\s/>]*)[^>]*>")
_UNNESTED = frozenset(
    b"area base br col embed hr img input link meta param source track wbr p li dt dd option tr td th".split()
)
"""Elements that end of themselves (WHATWG HTML, 13.1.2 and 13.1.2.4)."""
_PARSED_DEPTH = 2_000
_PREAMBLE = re.compile(rb"\s*(?:<\?xml[^>]*>)?\s*(?:<!doctype[^>]*>)?", re.IGNORECASE)


def decoded(body: bytes, content_type: str) -> str:
    """Return the page as text by the charset it declares, else as UTF-8, else as its bytes look."""
    declared = [m.group(1) for m in [_HEADER_CHARSET.search(content_type)] if m]
    declared += [m.group(1).decode("ascii") for m in [_META_CHARSET.search(body[:4096])] if m]
    for label in ("utf-8-sig", *declared) if body.startswith(codecs.BOM_UTF8) else (*declared, "utf-8"):
        try:
            return body.decode(_WEB_NAMES.get(label.lower(), label))
        except (LookupError, UnicodeError):
            continue
    mixed = body.decode("utf-8", "surrogateescape")
    foreign = len(_ESCAPED.findall(mixed))
    if foreign <= 2 * len(_NOT_ASCII.findall(mixed)):  # much of it is UTF-8: something older was pasted into it
        return _ESCAPED.sub(_as_web_latin, mixed)
    from trafilatura.utils import decode_file

    return str(decode_file(body))


def _as_web_latin(escaped: re.Match[str]) -> str:
    return bytes([ord(escaped[0]) - 0xDC00]).decode("cp1252", "replace")


def clean(text: str) -> str:
    """Return the text in its composed form (Unicode NFC), without control characters and lone surrogates."""
    return unicodedata.normalize("NFC", _CONTROL.sub("", text))


def parsed(html: str, *, looks_into_every_tag: bool = False) -> tuple[Element | None, bool]:
    """Return the tree of a page, and whether something of it was beyond the limits; None: there is no element in it.

    Args:
        html: The page.
        looks_into_every_tag: Whether no tag may have more attributes than the limit, also where nobody would end the
            parser that compares them all.
    """
    raw = html.encode("utf-8", "ignore")
    if b"\r" in raw:
        raw = raw.replace(b"\r\n", b"\n")
    raw = raw.translate(_LINE_ENDS, _CONTROLS_ASCII)
    for controls in _CONTROLS_BEYOND:
        raw = controls.sub(b"", raw)
    raw = _CONTROL_REFERENCE.sub(b"", raw)
    raw = raw[_PREAMBLE.match(raw).end() :]  # type: ignore[union-attr] # it matches the empty text
    if not raw or raw.isspace():
        return None, False
    raw, narrowed = _narrowed(raw) if looks_into_every_tag or _LONG_TAG.search(raw) else (raw, False)
    root = _tree(raw)
    if root is not None and root.xpath("boolean(" + "/*" * _PARSED_DEPTH + ")"):
        root = _tree(_without_deep_tags(raw))
    return root, root is not None and (_cut_down(root) or narrowed)


def _tree(raw: bytes) -> Element | None:
    from lxml import etree
    from lxml.html import HtmlElement, HTMLParser, document_fromstring

    # without huge_tree, text below depth 255 and after a node of 10 MB is lost without a word
    parser = HTMLParser(
        encoding="utf-8",
        huge_tree=True,
        collect_ids=False,
        default_doctype=False,
        remove_comments=True,
        remove_pis=True,
    )
    # one class for all elements: to ask for each one's own is a tenth of the time that a page takes
    parser.set_element_class_lookup(etree.ElementDefaultClassLookup(element=HtmlElement))
    try:
        return document_fromstring(raw, parser=parser)
    except (etree.ParserError, ValueError):
        return None


def _without_deep_tags(raw: bytes) -> bytes:
    """Take out the tags that lie so deep that the parser (libxml2, at 2,048) would drop what is in them."""
    kept, start, depth = [], 0, 0
    for tag in _ANY_TAG.finditer(raw):
        if tag["name"].lower() in _UNNESTED:
            continue
        depth = max(0, depth - 1) if tag["end"] else depth + 1
        if depth + bool(tag["end"]) > _PARSED_DEPTH // 2:
            kept += [raw[start : tag.start()], b" "]
            start = tag.end()
    return b"".join((*kept, raw[start:]))


def _narrowed(raw: bytes) -> tuple[bytes, bool]:
    """Cut tags down to so many attributes, before a parser compares each with each: 20,000 cost it two seconds."""
    kept, start = [], 0
    for tag in _TAG.finditer(raw):
        begin, end = tag.span()
        if end - begin < _LONG_TAG_BYTES or raw.startswith(b"<!--", begin):
            continue
        attributes = list(_ATTRIBUTE.finditer(raw, begin, end))
        if len(attributes) > MAX_ATTRIBUTES:
            kept.append(raw[start : attributes[MAX_ATTRIBUTES].start()])
            start = end
    return b"".join((*kept, raw[start:])), bool(kept)


def _cut_down(root: Element) -> bool:
    """Bring a tree within the limits; return whether it was beyond one."""
    deep = root.xpath("/*" * MAX_DEPTH + "[*]")  # level by level in C, where a walk in Python is a fifth of the work
    for element in deep:
        _flatten(element)
    many = root.xpath("count(//*)") > MAX_ELEMENTS
    if many:
        for element in list(root.iter())[MAX_ELEMENTS:]:
            element.getparent().remove(element)
    return bool(deep or many)


def _flatten(element: Element) -> None:
    """Put the texts of all that is in an element into paragraphs right below it."""
    pieces = [piece for piece in element.itertext() if piece.strip()]
    for child in list(element):
        element.remove(child)
    element.text = None
    for piece in pieces:
        paragraph = element.makeelement("p")
        paragraph.text = piece
        element.append(paragraph)
