"""Templates, and how times, numbers and the words found are set in them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from fastapi.responses import HTMLResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context, select_autoescape
from jinja2.runtime import Context
from markupsafe import Markup, escape

from aggregator.characters import harmless, is_seen, whole
from aggregator.periods import instant, shown_claim, shown_day, shown_minute
from aggregator.web.languages.speaking import speech
from aggregator.web.languages.wording import counted, number, worded, worded_count

HERE = Path(__file__).parent
_BLANKS = re.compile(r"\s+")
_ENDS = re.compile(r"\n+")
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


def spaced(text: str) -> str:
    """Return a text whose paragraphs stand apart, where blanks are shown as they are."""
    return _ENDS.sub("\n\n", text)


def seen(text: str | None) -> str:
    """Return a text of which something is to be seen, and an empty one otherwise: a link on that has nothing to it."""
    return text if text and is_seen(text) else ""


def _again(html: str) -> Markup:
    """Return escaped text, escaped here: no template trusts what another room has escaped."""
    return escape(plain(Markup(html).unescape()))


def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    made.install_gettext_callables(worded, worded_count, newstyle=True)  # type: ignore[attr-defined]
    made.globals.update(gettext=_said, ngettext=_said_of_many, speech=speech)
    made.filters.update(
        minute=shown_claim,
        day=shown_day,
        marked=marked,
        iso=instant,
        moment=shown_minute,
        squeezed=squeezed,
        spaced=spaced,
        seen=seen,
    )
    made.filters.update(counted=_now(counted), number=_now(number), bytes=_now(_bytes), named=_now(worded))
    return made


def _now(said: Callable[..., str]) -> Callable[..., str]:
    """Return a filter that is asked for each page: of constants, Jinja would ask once, for all languages."""

    @pass_context
    def asked(context: Context, *values: Any) -> str:
        return said(*values)

    return asked


def _said(message: str, /, **values: object) -> Markup:
    """Return a message of a template, translated; what is put into it is shown as anywhere else, harmless and escaped.

    Args:
        message: It is HTML of ours: nothing of a stranger may be given here.
        **values: What stands in it.
    """
    return Markup(worded(message)) % _put_in(values)


def _said_of_many(one: str, several: str, count: int, /, **values: object) -> Markup:
    return Markup(worded_count(one, several, count)) % _put_in({"num": count} | values)


def _put_in(values: Mapping[str, object]) -> dict[str, object]:
    return {name: _shown(value) for name, value in values.items()}


def _bytes(count: int) -> str:
    """Return a number of bytes for people, in powers of ten as disks are sold."""
    for power, unit in ((12, "TB"), (9, "GB"), (6, "MB"), (3, "kB")):
        if count >= 10**power:
            return f"{number(count / 10**power, ',.1f')} {worded(unit)}"
    return f"{number(count)} {worded('bytes')}"


def _shown(value: object) -> object:
    """Return what is shown of a value; HTML of ours is a string, too, and stays."""
    if value is None:
        return ""
    return plain(value) if isinstance(value, str) and not isinstance(value, Markup) else value


_TEMPLATES = _environment()


def page(template: str, values: Mapping[str, Any], *, status: int = 200) -> HTMLResponse:
    """Return a page, in the language of the request that is being answered.

    Args:
        template: Its name in ``templates/``.
        values: What it shows.
        status: Of HTTP.
    """
    spoken = speech()
    links = spoken.links(leads_back=status < 400)  # an error tells nothing of the address: what is withdrawn has names
    html = _TEMPLATES.get_template(template).render({**values, "language_links": links})
    headers = {"Content-Language": spoken.language, "Vary": "Accept-Language, Cookie"}
    return HTMLResponse(html, status_code=status, headers=headers)


def downloaded(body: bytes, media_type: str, name: str) -> Response:
    """Return a file that a browser keeps and never shows.

    Args:
        body: What is in it.
        media_type: Which.
        name: For it, of letters, digits, points and dashes of ours: it stands in a header.
    """
    return Response(body, media_type=media_type, headers={"Content-Disposition": f'attachment; filename="{name}"'})
