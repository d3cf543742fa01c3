"""Templates, and how times, numbers and the words found are set in them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fastapi.responses import HTMLResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape

from aggregator.characters import harmless, whole
from aggregator.periods import instant, shown_claim, shown_day, shown_minute

HERE = Path(__file__).parent
_BLANKS = re.compile(r"\s+")
_MARK = re.compile(r"<mark>(.*?)</mark>", re.DOTALL)


def plain(text: object) -> str:
    """Return what may be shown of a stranger's text: none of its marks can turn the writing direction of a page."""
    return harmless(whole(str(text)))


def marked(html: str) -> Markup:
    """Return a snippet as it is set: what a search made is escaped already, with ``<mark>`` around the words found."""
    parts, at = [], 0
    for mark in _MARK.finditer(html):
        parts += [_again(html[at : mark.start()]), Markup("<mark>{}</mark>").format(_again(mark[1]))]
        at = mark.end()
    return Markup("").join([*parts, _again(html[at:])])


def squeezed(text: str) -> str:
    """Return a part of a text as it stands in one line; blanks at its ends stay, for they keep words apart."""
    return _BLANKS.sub(" ", text)


def _again(html: str) -> Markup:
    """Return escaped text, escaped here: no template trusts what another room has escaped."""
    return escape(plain(Markup(html).unescape()))


def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        finalize=lambda value: "" if value is None else value if isinstance(value, Markup) else _shown(value),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(
        minute=shown_claim, day=shown_day, marked=marked, iso=instant, moment=shown_minute, squeezed=squeezed
    )
    made.filters["counted"] = lambda number, what: f"{number:,} {what if number == 1 else what + 's'}"
    made.filters["bytes"] = _bytes
    return made


def _bytes(count: int) -> str:
    """Return a number of bytes for people, in powers of ten as disks are sold."""
    for power, unit in ((12, "TB"), (9, "GB"), (6, "MB"), (3, "kB")):
        if count >= 10**power:
            return f"{count / 10**power:,.1f} {unit}"
    return f"{count:,} bytes"


def _shown(value: object) -> object:
    return plain(value) if isinstance(value, str) else value


_TEMPLATES = _environment()


def page(template: str, values: Mapping[str, Any], *, status: int = 200) -> HTMLResponse:
    """Return a page.

    Args:
        template: Its name in ``templates/``.
        values: What it shows.
        status: Of HTTP.
    """
    return HTMLResponse(_TEMPLATES.get_template(template).render(values), status_code=status)


def downloaded(body: bytes, media_type: str, name: str) -> Response:
    """Return a file that a browser keeps and never shows.

    Args:
        body: What is in it.
        media_type: Which.
        name: For it, of letters, digits, points and dashes of ours: it stands in a header.
    """
    return Response(body, media_type=media_type, headers={"Content-Disposition": f'attachment; filename="{name}"'})
