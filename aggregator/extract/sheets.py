"""The addresses in a style sheet: which there are, and others in their place. Pure.

Nothing here must be complete for a reader's sake: the policy of every answer lets a browser load from here alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable

Lead = Callable[[str], str | None]
"""From an address as it is written to the one that is to stand there; None: none."""

_LETTER = re.compile(r"\\(?:0{0,4}((?:4[1-9a-fA-F]|5[0-9aA]|6[1-9a-fA-F]|7[0-9aA]))(?:\s|(?![0-9a-fA-F]))|([g-zG-Z]))")
"""A letter that is written as an escape, which it need not be: as in ``u\\72l(``."""
_ESCAPE = re.compile(r"\\(?:([0-9a-fA-F]{1,6})\s?|(.))", re.DOTALL)
_STRING = r"\"(?:[^\"\\\n]|\\.)*+(?:\"|(?=\n)|\Z)|'(?:[^'\\\n]|\\.)*+(?:'|(?=\n)|\Z)"
"""Also one that is not closed: a pattern that gives up on it begins again inside it, for ever in a hostile file."""
_PART = re.compile(
    r"/\*.*?(?:\*/|\Z)|<!--|-->"
    rf"|@import\s*+(?:url\(\s*+)?(?P<sheet>{_STRING}|(?<=[(\s])[^()\"'\s;]++)\s*+\)?"
    rf"|url\(\s*+(?P<url>{_STRING}|[^()\"'\s]*+)\s*+(?:\)|\Z)"
    rf"|(?P<string>{_STRING})"
    r"|(?:https?:)?//[^\s\"'(){};,]++",  # means nothing there
    re.DOTALL | re.IGNORECASE,
)
_ADDRESS = re.compile(r"\s*(?:[a-z][a-z0-9+.-]*:)?//", re.IGNORECASE)
_PICTURE = re.compile(r"data:image/(?:png|gif|jpeg|webp)[;,]", re.IGNORECASE)


def is_own_picture(url: str) -> bool:
    """Whether an address is a picture that stands in it as a whole."""
    return bool(_PICTURE.match(url.strip()))


def rewritten(css: str, *, sheet: Lead, picture: Lead) -> str:
    """Return a style sheet, or a style attribute, with other addresses; without comments.

    Args:
        css: As archived.
        sheet: Leads to further style sheets.
        picture: Leads to pictures, and to whatever else is loaded.
    """

    def part(found: re.Match[str]) -> str:
        if found["sheet"] is not None:
            address = sheet(_meant(found["sheet"]))
            return f'@import "{address}"' if address else "@import none"
        if found["url"] is not None:
            return _picture(_meant(found["url"]), picture)
        if found["string"] is not None:
            meant = _meant(found["string"])
            if not _ADDRESS.match(meant):
                return found[0]
            return f'"{picture(meant) or ""}"'
        return " "

    plain = _LETTER.sub(lambda found: found[2] or chr(int(found[1], 16)), css.replace("\x00", "\ufffd"))
    return _PART.sub(part, plain).replace("<", "\\3c ")


def _picture(url: str, picture: Lead) -> str:
    url = url.strip()
    if url.startswith("#") or is_own_picture(url):
        return 'url("{}")'.format(re.sub(r"[\"\\\n\r\f]", "", url))
    address = picture(url)
    return f'url("{address}")' if address else "none"


def _meant(written: str) -> str:
    """Return what a string, or an address without quotes, stands for."""
    quote = written[:1] if written[:1] in ("'", '"') else ""
    inner = written.removeprefix(quote).removesuffix(quote)
    return _ESCAPE.sub(_character, inner)


def _character(found: re.Match[str]) -> str:
    if found[1] is None:
        return "" if found[2] in "\n\r\f" else found[2]
    point = int(found[1], 16)
    return chr(point) if 0 < point < 0x110000 and not 0xD800 <= point < 0xE000 else "\ufffd"
