"""Page bytes to a reading: what an extractor makes of one page. Pure; trafilatura does the work."""

from __future__ import annotations

import codecs
import re
import unicodedata
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from aggregator.errors import ExtractError
from aggregator.model import Reading

MAX_TITLE_CHARS = 1_000
EMPTY = "empty-text"
NOT_HTML = "not-html"
UNREADABLE = "unreadable"

_META_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([a-zA-Z0-9_:.\-]{2,40})", re.IGNORECASE)
_HEADER_CHARSET = re.compile(r"charset\s*=\s*[\"']?([a-zA-Z0-9_:.\-]{2,40})", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_HTML_TYPES = ("", "text/html", "application/xhtml+xml", "text/plain", "application/xml", "text/xml")
_NOT_TEXT = (b"%PDF-", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"PK\x03\x04")


def generation() -> str:
    """Return the extractor and its version: what a text depends on besides the page."""
    return f"trafilatura-{version('trafilatura')}"  # importing it to ask it takes half a second


def read_page(
    body: bytes, *, url: str, content_type: str, captured_at: datetime, languages: tuple[str, ...] = ()
) -> Reading:
    """Read the article of a page.

    Args:
        body: The decoded body.
        url: Where it was captured.
        content_type: As the server declared it; empty: it did not.
        captured_at: When; a later date in the page is none of its publication.
        languages: What the source usually writes, ISO 639-1; decides when the text is too short to tell.

    Returns:
        The reading. A page without a readable text gives an empty one, flagged, with title and date as far as they are
        known.

    Raises:
        ExtractError: The extractor failed on the page.
    """
    kind = content_type.partition(";")[0].strip().lower()
    if kind not in _HTML_TYPES or body.startswith(_NOT_TEXT):
        return nothing(NOT_HTML)
    html = decoded(body, content_type)
    try:
        found = _trafilatura(html, url, captured_at)
    except Exception as error:  # a parser that meets the whole web fails in every way there is
        raise ExtractError(url, f"the extractor failed ({type(error).__name__}: {error})"[:200]) from error
    title = clean(" ".join(str(found.get("title") or "").split()))[:MAX_TITLE_CHARS]
    text = _without_headline(clean(str(found.get("text") or "")), title)
    return Reading(
        title=title or None,
        authors=tuple(a for a in (clean(a.strip()) for a in str(found.get("author") or "").split(";")) if a),
        claimed_at=_midnight(found.get("date")),
        language=language_of(text, languages),
        text=text,
        problems=() if text else (EMPTY,),
    )


def nothing(problem: str) -> Reading:
    """Return the reading of a page that gave nothing, flagged with why."""
    return Reading(title=None, authors=(), claimed_at=None, language=None, text="", problems=(problem,))


def _without_headline(text: str, title: str) -> str:
    """Drop a first line that only repeats the title."""
    first, _, rest = text.partition("\n")
    return rest if rest and first.split() == title.split() else text


def _trafilatura(html: str | bytes, url: str, captured_at: datetime) -> dict[str, Any]:
    from trafilatura import bare_extraction, extract_metadata

    # without a last date it would take today's, and a rebuild next year would find other dates
    dates = {"original_date": True, "extensive_search": True, "max_date": f"{captured_at:%Y-%m-%d}"}
    found: Any = bare_extraction(
        html, url=url, with_metadata=True, include_comments=False, deduplicate=False, date_extraction_params=dates
    )
    if found is None:  # no text: title and date are worth having all the same
        found = extract_metadata(html, default_url=url, date_config=dates)
    return dict(found.as_dict()) if found else {}


def decoded(body: bytes, content_type: str) -> str | bytes:
    """Return the page as text by the charset it declares; as it is, for the extractor to guess, when none fits."""
    declared = [m.group(1) for m in [_HEADER_CHARSET.search(content_type)] if m]
    declared += [m.group(1).decode("ascii") for m in [_META_CHARSET.search(body[:4096])] if m]
    for label in ("utf-8-sig", *declared) if body.startswith(codecs.BOM_UTF8) else (*declared, "utf-8"):
        try:
            return body.decode(_WEB_NAMES.get(label.lower(), label))
        except (LookupError, UnicodeError):
            continue
    return body


_WEB_NAMES = {"iso-8859-1": "cp1252", "latin1": "cp1252", "us-ascii": "cp1252", "ascii": "cp1252", "gb2312": "gb18030"}
"""Labels that mean another encoding on the web (WHATWG Encoding Standard, section 4.2)."""


def clean(text: str) -> str:
    """Return the text in its composed form (Unicode NFC), without control characters and lone surrogates."""
    return unicodedata.normalize("NFC", _CONTROL.sub("", text))


def _midnight(date: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(str(date)[:10]).replace(tzinfo=UTC)
    except ValueError:
        return None


def tells_its_language(text: str) -> bool:
    """Whether a text is long enough for its language to be told from it: 40 letters."""
    return sum(map(str.isalpha, text[:400])) >= 40


def language_of(text: str, languages: tuple[str, ...] = ()) -> str | None:
    """Return the language of a text, ISO 639-1.

    Args:
        text: Some sentences; with fewer than 40 letters the first of ``languages`` is returned.
        languages: What the source usually writes.

    Returns:
        The code; None: too short to tell, and the source has not said.
    """
    if not tells_its_language(text):
        return languages[0] if languages else None
    import py3langid

    return str(py3langid.classify(text[:1000])[0])
