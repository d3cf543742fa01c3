"""From bytes to text that a parser may see: which character encoding, and what to strip first.

A declared encoding is a word a stranger wrote. Python would look up any codec of that name (``zip``, ``rot13``,
``unicode_escape``), so only encodings of text are ever looked up here, and the parsers behind are always given UTF-8.
"""

from __future__ import annotations

import codecs
import re

_ENCODINGS_OF_TEXT = re.compile(
    r"""
      utf-?(?:8|16|32)(?:-?(?:le|be))? | us-?ascii | ascii | ansi-x3\.4-1968
    | (?:x-)?iso-?8859-?\d{1,2}(?:-[ei])? | latin-?\d{1,2} | l[1-9]
    | (?:x-)?(?:windows|cp|ms)-?(?:125[0-8]|874|932|936|949|950) | tis-?620
    | (?:x-)?(?:ibm|cp)-?(?:437|85[0-8]|866) | koi8-?[rutf]
    | big5(?:-?hkscs)? | gb-?2312(?:-80)? | gbk | gb-?18030 | hz(?:-gb-2312)?
    | (?:x-)?s(?:hift)?-?jis(?:-?(?:2004|x0213))? | (?:x-)?euc-?(?:jp|kr|cn|tw) | ks-?c-?5601(?:-1987)? | johab
    | iso-?2022-(?:jp(?:-?[1-3]|-?ext|-?2004)?|kr) | (?:x-)?mac-?(?:roman|latin2|cyrillic|greek|turkish) | macintosh
    """,
    re.VERBOSE | re.IGNORECASE,
)
"""Names of encodings of text, after the labels of the WHATWG Encoding Standard and those Python knows of the same
families. Absent on purpose: UTF-7 (markup in disguise), EBCDIC, and every codec that is none of text."""

_ONE_BYTE = re.compile(r"(?:iso8859|cp125|cp437|cp85|cp866|cp874|koi8|mac|tis|latin|ascii|charmap)")

_DECLARED = re.compile(
    rb"""<\?xml[^>]{0,200}?encoding\s*=\s*["']?([\w.:-]{1,40})|<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w.:-]{1,40})""",
    re.IGNORECASE,
)
_DECLARED_WITHIN_BYTES = 4_096
"""Where a declaration is looked for; HTML asks for the first 1,024 bytes, pages with long comments need more."""

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_WIDE = (
    (b"<\0\0\0", "utf-32-le"),
    (b"\0\0\0<", "utf-32-be"),
    (b"<\0", "utf-16-le"),
    (b"\0<", "utf-16-be"),
)
"""The first character of markup in the encodings without a byte order mark (XML 1.0, appendix F)."""

_FORBIDDEN = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
"""Characters that XML 1.0 allows nowhere (section 2.2)."""

_REFERENCE = re.compile(r"&#(?:x([0-9a-f]+)|([0-9]+));?", re.IGNORECASE)

_PROLOGUE = re.compile(r"\s+|\ufeff|<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^\[>]*(?:\[.*?\]\s*)?>", re.IGNORECASE | re.DOTALL)


def encoding(name: str) -> str | None:
    """Return Python's name of a declared encoding; None: it is unknown here, or no encoding of text.

    Latin-1 and ASCII come back as Windows-1252, their superset, as every browser reads them (WHATWG Encoding).
    """
    label = name.strip().strip("\"'").lower().replace("_", "-")
    if not _ENCODINGS_OF_TEXT.fullmatch(label):
        return None
    label = label.removeprefix("x-")
    try:
        found = codecs.lookup({"macintosh": "mac-roman", "gb2312": "gb18030", "gb-2312": "gb18030"}.get(label, label))
    except LookupError:
        return None
    if found.name in ("iso8859-1", "ascii"):
        return "cp1252"
    return "gb18030" if found.name in ("gb2312", "gbk") else found.name


def charset(content_type: str) -> str | None:
    """Return Python's name of the encoding that an HTTP Content-Type declares; None: none, or none of text."""
    for parameter in content_type[:1_000].split(";")[1:]:
        key, _, value = parameter.partition("=")
        if key.strip().lower() == "charset":
            return encoding(value)
    return None


def decode(body: bytes, content_type: str = "") -> str:
    """Return the body as text; never fails, and never yields a surrogate.

    In this order: a byte order mark; what the bytes show; UTF-8 or another encoding of several bytes if it was declared
    and every byte fits; UTF-8 if every byte fits (text in another encoding hardly ever does); the declared encoding of
    one byte. What is mostly UTF-8 keeps its good characters, each bad byte becoming U+FFFD; the rest is Windows-1252.

    Args:
        body: As received, content encoding undone.
        content_type: As declared by the server; empty: it declared none. The server's word goes before the
            document's (RFC 7303, section 3.2).
    """
    for mark, name in _BOMS:
        if body.startswith(mark):
            return body[len(mark) :].decode(name, "replace")
    start = body[:64].lstrip(b" \t\r\n")
    for sign, name in _WIDE:
        if start.startswith(sign) and b"\0" in body[:2]:
            return body.decode(name, "replace")
    declared = _declared(body, content_type)
    for name in [*(d for d in declared if not _ONE_BYTE.match(d)), "utf-8"]:
        try:
            return body.decode(name)
        except UnicodeError:
            continue
    if one_byte := next((d for d in declared if _ONE_BYTE.match(d)), None):
        return body.decode(one_byte, "replace")
    for name in [*declared, "utf-8"]:
        text = body.decode(name, "replace")
        bad = text.count("\ufffd")
        if len(text) - len(re.sub(r"[^\0-\x7f]+", "", text)) >= 2 * bad:
            return text
    return body.decode("cp1252", "replace")


def _declared(body: bytes, content_type: str) -> list[str]:
    """The encodings that server and document declare, in Python's names."""
    names = [charset(content_type)]
    if match := _DECLARED.search(body, 0, _DECLARED_WITHIN_BYTES):
        names.append(encoding((match[1] or match[2]).decode("ascii", "replace")))
    # A document whose declaration could be read byte by byte is not in UTF-16 or UTF-32, whatever it declares.
    return list(dict.fromkeys(name for name in names if name and not name.startswith(("utf-16", "utf-32"))))


def without_forbidden(text: str) -> str:
    """Return the text without the characters, written out or as references, that no XML document may hold."""
    return _REFERENCE.sub(_kept_reference, _FORBIDDEN.sub("", text))


def _kept_reference(match: re.Match[str]) -> str:
    digits = match[1] or match[2]
    if len(digits) > 9:
        return "\ufffd"
    code = int(digits, 16 if match[1] else 10)
    if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
        return "\ufffd"
    return "" if _FORBIDDEN.match(chr(code)) else match[0]


def after_prologue(text: str) -> int:
    """Return where XML declaration, comments, instructions and DOCTYPE end: the entities declared there end with it."""
    position = 0
    while match := _PROLOGUE.match(text, position):
        position = match.end()
    return position
