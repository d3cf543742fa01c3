"""A capture to an answer: a page, a picture, a style sheet, text, a redirect, or bytes to be kept as a file."""

from __future__ import annotations

import re

from markupsafe import Markup
from starlette.responses import RedirectResponse, Response

from aggregator import urls
from aggregator.access.copies import Copies
from aggregator.extract.tree import decoded
from aggregator.model import Capture
from aggregator.replay import rewriting, styles
from aggregator.replay.addresses import PAGE, PICTURE, RAW, STYLE, Linking, copy_path, timestamp
from aggregator.replay.mementos import http_date, link_header, second_of
from aggregator.wire import is_pdf

_REDIRECTS = (301, 302, 303, 307, 308)
_BYTES = "application/octet-stream"
_SVG = "image/svg+xml"
_PAGES = ("text/html", "application/xhtml+xml")
_TEXTS = re.compile(r"text/|application/(?:[\w.+-]*(?:json|xml|javascript|ecmascript))$")
_LOOKS_LIKE_PAGE = re.compile(
    rb"\s*+(?:<!--(?:(?!-->).)*+-->\s*+)*+<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL
)
_GLIMPSE_BYTES = 1024
_PICTURES = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png"),
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
    (re.compile(rb"GIF8[79]a"), "image/gif"),
    (re.compile(rb"RIFF.{4}WEBP", re.DOTALL), "image/webp"),
    (re.compile(rb".{4}ftypavi[fs]", re.DOTALL), "image/avif"),
    (re.compile(rb"BM.{12}[\x0c\x28\x6c\x7c]\x00\x00\x00", re.DOTALL), "image/bmp"),
    (re.compile(rb"\x00\x00\x01\x00"), "image/x-icon"),
)
"""Pictures by their first bytes: a picture is what is one, not what a server called so."""
_STYLE = {
    "all": "initial",
    "display": "block",
    "padding": ".5em 1em",
    "background": "#fff6db",
    "color": "#1c2126",
    "border-bottom": "1px solid #8a7a3a",
    "font": "14px/1.5 sans-serif",
    "overflow-wrap": "anywhere",
}
"""Of the bar: what a page says of its own elements is not to hide it."""
_IMPORTANT = "; ".join(f"{name}: {value} !important" for name, value in _STYLE.items())
_BAR = Markup(
    f'<div role="note" dir="ltr" lang="en" style="{_IMPORTANT}">'
    "Archived copy of <b>{url}</b>, captured {when} UTC{notes}. As archived; scripts do not run. "
    '<a href="{every}">All captures</a> · <a href="{raw}">Bytes</a>{article}</div>'
)


def replayed(
    copies: Copies, capture: Capture, form: str, *, origin: str, key: str, is_embedded: bool, article: str | None = None
) -> Response:
    """Return a capture as it is sent.

    Args:
        copies: The catalogue, open.
        capture: Which; it may be shown.
        form: How it is wanted.
        origin: Of this server, scheme to port.
        key: Begins the path of what pages load by themselves.
        is_embedded: Whether a page asks for it by itself.
        article: The address of the article that was read in it; None: there is none that may be shown.

    Raises:
        UnknownIdError: Its body is not held here, or withheld.
        StoreError: Its file is missing or damaged.
    """
    at = second_of(capture)
    headers = {"Memento-Datetime": http_date(at), "Link": link_header(origin, capture.url, capture)}
    if form != RAW and (led := capture.location and urls.canonical(capture.location)):
        path = ("/" + key if is_embedded else "") + copy_path(at, led, form)
        status = capture.status if capture.status in _REDIRECTS else 302
        return RedirectResponse(origin + path, status, headers)
    holder, body = copies.held(capture)
    declared = capture.content_type or holder.content_type
    linking = Linking(base=capture.url, when=timestamp(at), key=key, holds=copies.holds)
    sent, content_type = _shown(body, declared, form, linking, capture, article)
    if (
        content_type == _SVG and not is_embedded
    ):  # its links are not led into the archive: a page may show it, nobody open it
        content_type = _BYTES
    if content_type in (_BYTES, "application/pdf"):
        ending = ".pdf" if content_type != _BYTES else ""
        headers["Content-Disposition"] = f'attachment; filename="captured-{timestamp(at)}{ending}"'
    headers["Content-Type"] = content_type
    headers["X-Archive-Orig-Content-Type"] = re.sub(r"[^ -~]", "", declared)[:200]
    # what was not found then is not found in the archive either; all else that has a body is one
    return Response(sent, capture.status if 400 <= capture.status < 600 else 200, headers)


def _shown(
    body: bytes, declared: str, form: str, linking: Linking, capture: Capture, article: str | None
) -> tuple[bytes, str]:
    """Return what is sent of a body, and the type it is sent as: none under which anything could run.

    Whatever is neither page, picture, style sheet nor text is bytes, which a browser offers to keep and does not open.
    """
    kind = declared.partition(";")[0].strip().lower()
    is_page = kind in _PAGES or (kind in ("", "text/plain") and bool(_LOOKS_LIKE_PAGE.match(body[:_GLIMPSE_BYTES])))
    if form == RAW:
        return body, _BYTES
    if form == STYLE:
        return styles.rewritten(decoded(body, declared), linking).encode("utf-8", "replace"), "text/css; charset=utf-8"
    if picture := next((name for begins, name in _PICTURES if begins.match(body)), None):
        return body, picture
    if form == PICTURE:
        return body, _SVG if kind == _SVG else _BYTES
    if is_pdf(body):
        return body, "application/pdf"
    if is_page:
        page = rewriting.rewritten(
            decoded(body, declared), linking, _bar(capture, timestamp(second_of(capture)), article)
        )
        return page.encode("utf-8", "replace"), "text/html; charset=utf-8"
    if _TEXTS.match(kind):
        return decoded(body, declared).encode("utf-8", "replace"), "text/plain; charset=utf-8"
    return body, _BYTES


def _bar(capture: Capture, when: str, article: str | None) -> Markup:
    notes = [f"had from {capture.via}"] if capture.via else []
    notes += [f"answered with HTTP {capture.status}"] if capture.status >= 400 else []
    notes += [f"incomplete: {why}" for why in (capture.truncated, capture.problem) if why]
    return _BAR.format(
        url=capture.url,
        when=f"{capture.captured_at:%Y-%m-%d %H:%M:%S}",
        notes="".join(f"; {note}" for note in notes),
        article=Markup(' · <a href="{}">Article in this archive</a>').format(article) if article else "",
        every=copy_path("*", capture.url, PAGE),
        raw=copy_path(when, capture.url, RAW),
    )
