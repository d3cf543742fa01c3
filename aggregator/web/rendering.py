"""Templates, and how times, numbers and the words found are set in them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape

from aggregator.characters import whole
from aggregator.periods import instant

HERE = Path(__file__).parent
_STEERING = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""What no page may hold, and marks that turn the writing direction: of a stranger's title they would turn ours."""
_MARK = re.compile(r"<mark>(.*?)</mark>", re.DOTALL)


def plain(text: object) -> str:
    """Return what may be shown of a stranger's text: none of its marks can turn the writing direction of a page."""
    return _STEERING.sub("", whole(str(text)))


def marked(html: str) -> Markup:
    """Return a snippet as it is set: what a search made is escaped already, with ``<mark>`` around the words found."""
    parts, at = [], 0
    for mark in _MARK.finditer(html):
        parts += [_again(html[at : mark.start()]), Markup("<mark>{}</mark>").format(_again(mark[1]))]
        at = mark.end()
    return Markup("").join([*parts, _again(html[at:])])


def _again(html: str) -> Markup:
    """Return escaped text, escaped here: no template trusts what another room has escaped."""
    return escape(plain(Markup(html).unescape()))


def day(at: datetime | None) -> str:
    """Return the date; a dash where none is known."""
    return f"{at.astimezone(UTC):%Y-%m-%d}" if at else "–"


def minute(at: datetime | None) -> str:
    """Return date and time, UTC, or the day alone where no more was claimed; a dash where none is known."""
    if at is None or at.astimezone(UTC).time() == time():
        return day(at)
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M}"


def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        finalize=lambda value: "" if value is None else value if isinstance(value, Markup) else _shown(value),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(day=day, minute=minute, marked=marked, iso=instant)
    made.filters["counted"] = lambda number, what: f"{number:,} {what if number == 1 else what + 's'}"
    return made


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
