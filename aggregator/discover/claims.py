"""What an announcement claims, in our own types: plain text, instants in UTC, canonical addresses."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from aggregator import urls

MAX_CLAIM_CHARS = 1_000
"""A longer title or author is cut here."""

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
"""The web is younger; what claims to be older is a default of some program (1970, 0001, 1900)."""
LATEST = datetime(2100, 1, 1, tzinfo=UTC)
"""Until here a date in the future is kept as claimed: an announced event, a wrong clock; beyond it, it is nonsense."""

_MAX_RAW_CHARS = 20 * MAX_CLAIM_CHARS
_MAX_RAW_URL_CHARS = 4 * urls.MAX_URL_CHARS

_CONTROLS = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufdd0-\ufdef\ufeff\ufffe\uffff]")
_C1 = {code: char for code in range(0x80, 0xA0) if (char := bytes([code]).decode("cp1252", "ignore"))}
"""Windows-1252 characters that were taken for Latin-1: curly quotes and dashes, mostly."""

_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_HIDDEN = re.compile(r"<!--.*?-->|<(script|style)\b.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
_BREAK = re.compile(r"</?(?:br|p|div|li|ul|ol|td|tr|h[1-6]|hr|blockquote)\b[^<>]*>", re.IGNORECASE)
_TAG = re.compile(r"</?[A-Za-z][^<>]*>|<!\[CDATA\[|\]\]>")
_CLOSED = re.compile(
    r"</[A-Za-z][\w:-]*\s*>|<(?:br|img|wbr|hr|script|style|iframe|object|embed|svg)\b[^<>]*>", re.IGNORECASE
)

_ISO = re.compile(
    r"""(?P<year>\d{4})(?:[-/.]?(?P<month>\d\d)(?:[-/.]?(?P<day>\d\d)
    (?:[T\s]+(?P<hour>\d\d):?(?P<minute>\d\d)(?::?(?P<second>\d\d)(?:[.,]\d+)?)?
    \s*(?P<zone>[A-Z]{1,5}\b|[+-]\d\d(?::?\d\d)?)?)?)?)?""",
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)
"""ISO 8601 as W3C-DTF, RFC 3339 and sitemaps profile it, and the same without dashes, with slashes or a space."""

_ZONES = {
    "EST": "-0500", "EDT": "-0400", "CST": "-0600", "CDT": "-0500", "MST": "-0700", "MDT": "-0600", "PST": "-0800",
    "PDT": "-0700", "WEST": "+0100", "BST": "+0100", "CET": "+0100", "MET": "+0100", "CEST": "+0200", "MEST": "+0200",
    "MESZ": "+0200", "MEZ": "+0100", "EET": "+0200", "EEST": "+0300", "MSK": "+0300",
}  # fmt: skip
"""Names of zones: those of RFC 2822, section 4.3, and Europe's. Others are read as UTC, as that section asks."""
_YEAR_ZERO = re.compile(r"(?<![+\-:\d])0\d{3}(?!\d)", re.ASCII)
_ZONE_NAME = re.compile(r"\b[A-Z]{3,4}\Z")
_ZONE_OFFSET = re.compile(r"(?:GMT|UTC)([+-])(\d{1,2}):?(\d\d)?\Z", re.ASCII)


def plain(text: str, *, is_html: bool = False) -> str | None:
    """Return a claim as plain text on one line; None: nothing is left.

    Markup goes, entities become characters, also where a feed escaped them twice; white space collapses; control
    characters and surrogates go; at most ``MAX_CLAIM_CHARS`` characters.

    Args:
        text: As the feed has it, XML undone.
        is_html: Whether the feed says that this is HTML. If not, angle brackets are markup only where an element is
            closed, so that ``a < b`` and ``how to use <b>`` stay as they are.
    """
    text = text[:_MAX_RAW_CHARS]
    for _ in range(3):
        before = text
        if is_html or _CLOSED.search(text):
            text = _TAG.sub("", _BREAK.sub(" ", _HIDDEN.sub(" ", text)))
        text = _ENTITY.sub(lambda match: html.unescape(match[0]), text)
        if text == before:
            break
        is_html = False
    text = " ".join(_CONTROLS.sub("", text.translate(_C1)).split())
    return text[:MAX_CLAIM_CHARS].rstrip() or None


def address(raw: str, base: str | None) -> str | None:
    """Return the canonical form of an announced address; None: it is no http(s) address, or too long."""
    if len(raw) > _MAX_RAW_URL_CHARS:
        return None
    raw = _CONTROLS.sub("", raw).strip()
    try:
        return urls.canonical(raw, base) if raw else None
    except ValueError:
        return None


def instant(text: str) -> datetime | None:
    """Return the instant a date names, aware, in UTC; None: it names none that is plausible.

    Read are ISO 8601 (a year or month means its first day), RFC 2822 and seconds or milliseconds since 1970. A date
    without a time is midnight, a time without a zone is UTC. The clock of this machine is never asked.
    """
    text = text[:100].strip()
    if re.fullmatch(r"[0-9]{9,10}|[0-9]{13}", text):
        return plausible(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=int(text[:10])))
    match = _ISO.match(text)
    try:
        if match and (match["day"] or match.end() == len(text)):
            return plausible(_from_iso(match))
        if _YEAR_ZERO.search(text):
            return None  # the library below takes 0001 for 2001
        text = _ZONE_NAME.sub(lambda zone: _ZONES.get(zone[0], zone[0]), text)
        text = _ZONE_OFFSET.sub(lambda zone: f"{zone[1]}{zone[2]:0>2}{zone[3] or '00'}", text)
        found = parsedate_to_datetime(text)
        return plausible(found if found.tzinfo else found.replace(tzinfo=UTC))
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _from_iso(match: re.Match[str]) -> datetime:
    year, month, day, hour, minute, second = (
        int(match[part] or least)
        for part, least in (("year", 1), ("month", 1), ("day", 1), ("hour", 0), ("minute", 0), ("second", 0))
    )
    extra = timedelta(0)
    if hour == 24:
        hour, extra = 0, timedelta(days=1)
    at = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC) + extra
    zone = match["zone"] or ""
    zone = _ZONES.get(zone.upper(), zone)
    if zone[:1] in ("+", "-"):
        hours, minutes = int(zone[1:3]), int(zone[3:].lstrip(":") or 0)
        if hours > 14 or minutes > 59:
            raise ValueError(zone)
        offset = timedelta(hours=hours, minutes=minutes)
        at = at - offset if zone[0] == "+" else at + offset
    return at


def from_parts(parts: Sequence[int]) -> datetime | None:
    """Return the instant of year, month, day, hour, minute and second in UTC; None: there is none, or no plausible."""
    try:
        year, month, day, hour, minute, second = (int(part) for part in parts[:6])
        return plausible(datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC))
    except (ValueError, TypeError, OverflowError):
        return None


def plausible(at: datetime) -> datetime | None:
    """Return the instant in UTC; None: it lies before ``EARLIEST`` or not before ``LATEST``."""
    try:
        at = at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return at if EARLIEST <= at < LATEST else None


def quoted(text: str | None) -> str:
    """Return a title as a problem names it: shortened, or what stands for none."""
    if not text:
        return "untitled"
    return f'"{text}"' if len(text) <= 60 else f'"{text[:59]}…"'
