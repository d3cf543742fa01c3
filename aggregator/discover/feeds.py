"""RSS 0.9x, 1.0 and 2.0, Atom, CDF by feedparser; JSON Feed 1 and 1.1 by ``json``."""

from __future__ import annotations

import io
import json
import re
import warnings
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from html.entities import html5
from itertools import islice
from typing import Any
from urllib.parse import urlsplit
from xml.parsers.expat import ExpatError, ParserCreate

from aggregator import engines
from aggregator.discover import claims, markup
from aggregator.model import Announcement, Discovery

MAX_ITEMS = 2_000
"""Items read of one feed; the largest real ones, whole archives of a blog, have about a thousand."""

MAX_FEED_CHARS = 20 * 2**20
"""Characters read of one feed; as much as one answer of the network may have."""

MAX_TAGS = 400_000
"""Tags read of one feed, texts in CDATA aside: feedparser takes about 10 µs for each."""

MAX_LENIENT_MARKS = 200_000
"""The same, and ``&``, of a feed that is not well-formed: the lenient parser that it needs is slower."""

_MAX_WORDS_CHARS = 4_096
"""Longer texts of a feed are shortened before it is parsed: whole articles, which are read elsewhere. Every title,
address, date and name is shorter, or would be cut anyway."""

_ROOT = re.compile(r"<((?:[A-Za-z_][\w.-]*:)?(rss|rdf|feed|channel|entry))(?=[\s>])", re.IGNORECASE)
_PAGE_START = re.compile(r"<!doctype\s+html|<html\b", re.IGNORECASE)
_PAGE = re.compile(r"<(?:!doctype\s+html|html|head|body|title|meta|script|div|p|table|h1|br|center)\b", re.IGNORECASE)
_ITEM = re.compile(r"<(?:[A-Za-z_][\w.-]*:)?(?:item|entry)(?=[\s>/])", re.IGNORECASE)
_LONG_TAG = re.compile("<[^<>]{65536}")
_EMPTY_LINK = re.compile(r"<link\s*/>|<link>\s{0,1000}</link>", re.IGNORECASE)
_WRITTEN_OUT = re.compile(r"\b(?:19|20)\d\d\D+\d|\d\D+(?:19|20)\d\d", re.ASCII)
_MAIL_AND_NAME = re.compile(
    r"[^\s()<>]+@[^\s()<>]+(?:\s*\((?P<after>[^()]+)\))?|(?P<before>[^<>]+)<[^\s()<>]+@[^\s()<>]+>"
)
"""The shapes that RSS 2.0 gives an author: an address, alone or with a name after or before it."""
_PERIODS_S = {"hourly": 3600.0, "daily": 86_400.0, "weekly": 604_800.0, "monthly": 2_629_800.0, "yearly": 31_557_600.0}
_NAMED_ENTITY = re.compile(r"&([A-Za-z][A-Za-z0-9]{1,31};)")
_CHARACTERS = {name: value for name, value in html5.items() if name.endswith(";") and not set(value) & set("<>&\"'")}
"""The named entities of HTML, without those that stand for characters of markup."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Item:
    """One item of a feed, of whatever format: the border behind which feedparser's own types end."""

    addresses: tuple[str, ...]
    """Where it may be, the best first, as the feed has them."""
    title: str | None
    published_at: datetime | None
    updated_at: datetime | None
    author: str | None


def read_feed(body: bytes, *, url: str, content_type: str = "") -> Announcement:
    """Return the articles that a feed announces, in its order; of a web page instead, the feeds that it links.

    A relative address is resolved against ``xml:base``, else, in RSS, against the site that the feed names (feeds are
    often served from elsewhere), else against the feed's own address.

    Args:
        body: The feed, content encoding undone.
        url: Its address after redirects.
        content_type: As declared by the server; empty: it declared none.

    Returns:
        At most ``MAX_ITEMS`` discoveries, one an address. Publication is what the feed calls so, else its only date;
        an update is kept where the feed states both and they differ.
    """
    if not body.strip():
        return Announcement(problems=("the feed is empty",))
    text = markup.decode(body, content_type)
    problems: list[str] = []
    if len(text) > MAX_FEED_CHARS:
        problems.append(f"the feed is longer than {MAX_FEED_CHARS:,} characters; the rest was not read")
        text = text[:MAX_FEED_CHARS]
    text = text.lstrip("\ufeff\0 \t\r\n")
    if text.startswith(("{", "[")):
        return _read_json(text, url, problems)
    start = markup.after_prologue(text)
    root, page = _ROOT.search(text, start), _PAGE.search(text, start)
    if page and (root is None or (page.start() < root.start() and _PAGE_START.search(text, 0, page.end()))):
        from aggregator.discover.pages import read_front  # only a page needs Beautiful Soup

        found = read_front(body, url=url, content_type=content_type)
        feeds = tuple(feed for feed in found.feeds if feed != claims.address(url, None))
        return Announcement(feeds=feeds, problems=("this is a web page, not a feed", *found.problems))
    if root is None:
        return Announcement(problems=("this is no feed: neither RSS nor Atom nor JSON Feed",))
    try:
        text = _prepared(text[root.start() :], root[1], problems)
        items, base, asked_s, title = _parsed(text, url)
    except Exception as error:  # feedparser's own faults differ from version to version; none may end a run
        problems.append(f"the feed could not be read ({type(error).__name__}: {claims.plain(str(error)[:200])})")
        return Announcement(problems=tuple(problems))
    shown = engines.detected(text, url)
    return replace(
        _announcement(items, url, base, problems, asked_s=asked_s),
        title=title,
        engine=shown[0].name if shown else None,
        engine_sign=shown[1] if shown else None,
    )


# --- XML ------------------------------------------------------------------------------------------------------------


def _prepared(text: str, root: str, problems: list[str]) -> str:
    """The feed from its root element on, bounded, and spared what makes feedparser slow, lenient or wrong."""
    if f"</{root.lower()}" not in text[-100_000:].lower():
        problems.append("the feed breaks off before its end; what came before was read")
    text = _shortened(text)
    beyond = next(islice(_ITEM.finditer(text), MAX_ITEMS, None), None)
    if beyond:
        total = MAX_ITEMS + sum(1 for _ in _ITEM.finditer(text, beyond.start()))
        problems.append(f"the feed has {total:,} items; the first {MAX_ITEMS:,} were read")
        text = text[: beyond.start()] + ("</channel>" if root.lower() == "rss" else "") + f"</{root}>"
    text = markup.without_forbidden(text)
    # Undeclared in XML, ubiquitous in feeds: as characters, they need no lenient parser.
    text = _NAMED_ENTITY.sub(lambda match: _CHARACTERS.get(match[1], match[0]), text)
    # feedparser takes a link that is there but empty for a reason not to use the guid.
    return _bounded(_EMPTY_LINK.sub("", text), problems)


def _shortened(text: str) -> str:
    """The feed without most of its articles' texts, in CDATA or not."""
    parts: list[str] = []
    position = 0
    while (start := text.find("<![CDATA[", position)) >= 0 and (end := text.find("]]>", start)) >= 0:
        parts.append(_with_short_texts(text[position:start]))
        parts.append(text[start : min(end, start + _MAX_WORDS_CHARS)] + "]]>")
        position = end + 3
    parts.append(_with_short_texts(text[position:]))
    return "".join(parts)


def _with_short_texts(text: str) -> str:
    pieces = text.split("<")
    for number, piece in enumerate(pieces):
        if len(piece) > _MAX_WORDS_CHARS:
            tag, closed, words = piece.partition(">") if number and ">" in piece else ("", "", piece)
            pieces[number] = tag + closed + _first_words(words)
    return "<".join(pieces)


def _first_words(text: str) -> str:
    """The beginning of a text, not cut inside an entity."""
    if len(text) <= _MAX_WORDS_CHARS:
        return text
    text = text[:_MAX_WORDS_CHARS]
    entity = text.rfind("&", _MAX_WORDS_CHARS - 40)
    return text if entity < 0 or ";" in text[entity:] else text[:entity]


def _bounded(text: str, problems: list[str]) -> str:
    """The feed, or as much of it as feedparser can read in some seconds."""
    if long_tag := _LONG_TAG.search(text):
        problems.append("the feed has a tag of more than 65,536 characters; the rest was not read")
        text = text[: long_tag.start()]
    if text.count("<") > MAX_TAGS:
        problems.append(f"the feed has more than {MAX_TAGS:,} tags; the rest was not read")
        text = "<".join(text.split("<", MAX_TAGS)[:MAX_TAGS])
    if text.count("<") + text.count("&") > MAX_LENIENT_MARKS and not _is_well_formed(text):
        problems.append(f"the feed is not well-formed XML; its first {MAX_LENIENT_MARKS:,} tags and entities were read")
        end = next(islice(re.finditer("[<&]", text), MAX_LENIENT_MARKS, None))
        text = text[: end.start()]
    return text


def _is_well_formed(text: str) -> bool:
    """Whether feedparser's strict parser will read it; takes a tenth of a second where that takes ten."""
    parser = ParserCreate("utf-8", namespace_separator=" ")
    try:
        parser.Parse(text.encode("utf-8", "replace"), True)
    except ExpatError:
        return False
    return True


def _parsed(text: str, url: str) -> tuple[list[_Item], str, float, str | None]:
    """The items that feedparser finds, the address that relative ones refer to, the pause it asks for, its title."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import feedparser  # heavy, and untyped: its values go no further than the functions of this section

        parsed: Any = feedparser.parse(
            io.BytesIO(b'<?xml version="1.0" encoding="utf-8"?>\n' + text.encode("utf-8", "replace")),
            response_headers={"content-type": "application/xml; charset=utf-8"},
            resolve_relative_uris=False,
            sanitize_html=False,
        )
        site = parsed["feed"].get("link")
        base = None if str(parsed["version"]).startswith("atom") or not site else claims.address(str(site), url)
        items = [_item(entry) for entry in parsed["entries"][:MAX_ITEMS]]
        title = claims.plain(str(parsed["feed"].get("title") or ""))
        return items, base or url, _asked_s(parsed["feed"]), title


def _asked_s(feed: Any) -> float:
    """The pause between two looks that a feed asks for, in seconds; 0.0: none.

    RSS 2.0 has it in minutes (``ttl``), RSS 1.0 as a period and how often in it (the syndication module's
    ``updatePeriod`` and ``updateFrequency``).
    """
    minutes = str(feed.get("ttl") or "").strip()
    if minutes.isascii() and minutes.isdigit() and len(minutes) < 7:
        return 60.0 * int(minutes)
    period_s = _PERIODS_S.get(str(feed.get("sy_updateperiod") or "").strip().lower(), 0.0)
    times = str(feed.get("sy_updatefrequency") or "").strip()
    return period_s / (int(times) or 1) if times.isascii() and times.isdigit() and len(times) < 7 else period_s


def _item(entry: Any) -> _Item:
    """One entry of feedparser in our own terms."""
    title = entry.get("title_detail") or {"value": entry.get("title") or ""}
    is_html = title.get("type") in ("text/html", "application/xhtml+xml")
    published, updated = (_instant(entry, key) for key in ("published", "updated"))
    return _Item(
        addresses=tuple(_addresses(entry)),
        title=claims.plain(str(title.get("value") or ""), is_html=is_html),
        published_at=published or _instant(entry, "created"),
        updated_at=updated,
        author=_author(entry),
    )


def _addresses(entry: Any) -> Iterable[str]:
    """Where the entry may be, the best first."""
    link, original = str(entry.get("link") or ""), str(entry.get("feedburner_origlink") or "")
    if original and _is_feedburner(link):
        yield original  # the redirector of FeedBurner counts clicks, and no longer leads anywhere for many feeds
    # feedparser copies a guid that is a permalink into "link" when the item has none; "12345" is no permalink. Of the
    # rdf:about of RSS 1.0, which repeats the link (section 5.5), it says nothing.
    guid = str(entry.get("id") or "") if dict.get(entry, "guidislink", True) else ""
    if link != guid or _absolute(link) or link.startswith("/"):
        yield link
    for other in entry.get("links") or ():
        if other.get("rel") == "alternate":
            yield str(other.get("href") or "")
    yield _absolute(guid)
    yield original


def _is_feedburner(link: str) -> bool:
    try:
        parts = urlsplit(link)
        return "/~r/" in parts.path or parts.hostname in ("feedproxy.google.com", "feeds.feedburner.com")
    except ValueError:
        return False


def _instant(entry: Any, key: str) -> datetime | None:
    """The date of that name; feedparser's own access would answer ``published`` for a missing ``updated``.

    feedparser's reading of it fills gaps with today's date and takes 30 February for 2 March: it is asked only for what
    it alone knows, dates in Greek, Hungarian and Korean, and only where a year is written out.
    """
    text, parts = dict.get(entry, key), dict.get(entry, f"{key}_parsed")
    if not isinstance(text, str):
        return None
    if text.isascii() or not parts or not _WRITTEN_OUT.search(text[:100]):
        return claims.instant(text)
    return claims.from_parts(parts)


def _author(entry: Any) -> str | None:
    """The names, else what stands in their place; feedparser parts address and name wrongly for newer domains."""
    stated = str(entry.get("author") or "")[: claims.MAX_CLAIM_CHARS].strip()
    if match := _MAIL_AND_NAME.fullmatch(stated):
        return claims.plain(match["after"] or match["before"] or stated)
    names = [str(author.get("name") or "") for author in entry.get("authors") or ()]
    names = list(dict.fromkeys(name for name in names if name))
    return claims.plain(", ".join(names) or stated)


# --- JSON Feed ------------------------------------------------------------------------------------------------------


def _read_json(text: str, url: str, problems: list[str]) -> Announcement:
    """Read a JSON Feed (https://www.jsonfeed.org/version/1.1/)."""
    try:
        feed = json.loads(text)
    except (ValueError, RecursionError) as error:
        return Announcement(
            problems=(
                *problems,
                f"this begins like JSON, but cannot be read as such ({error})"[:300],
            )
        )
    if not isinstance(feed, dict) or "jsonfeed.org/version/" not in str(feed.get("version")):
        return Announcement(problems=(*problems, "this is JSON, but no JSON Feed"))
    entries = feed.get("items")
    entries = entries if isinstance(entries, list) else []
    if len(entries) > MAX_ITEMS:
        problems.append(f"the feed has {len(entries):,} items; the first {MAX_ITEMS:,} were read")
    items = [_json_item(entry) for entry in entries[:MAX_ITEMS] if isinstance(entry, dict)]
    return _announcement(items, url, url, problems)


def _json_item(entry: dict[str, Any]) -> _Item:
    def words(value: object) -> str:
        return value if isinstance(value, str) else ""

    authors = entry.get("authors")
    people = authors if isinstance(authors, list) else [entry.get("author")]
    names = [words(person.get("name")) for person in people if isinstance(person, dict)]
    return _Item(
        addresses=tuple(a for a in (words(entry.get("url")), _absolute(words(entry.get("id")))) if a),
        title=claims.plain(words(entry.get("title"))),
        published_at=claims.instant(words(entry.get("date_published"))),
        updated_at=claims.instant(words(entry.get("date_modified"))),
        author=claims.plain(", ".join(name for name in names if name)),
    )


def _absolute(text: str) -> str:
    return text if text.lower().startswith(("http://", "https://")) else ""


# --- what they have in common ---------------------------------------------------------------------------------------


def _announcement(
    items: list[_Item], url: str, base: str, problems: list[str], *, asked_s: float = 0.0
) -> Announcement:
    """One discovery an address, first come first served, and in words what had to be left out."""
    found: dict[str, Discovery] = {}
    homeless: list[_Item] = []
    retitled: list[_Item] = []
    for item in items:
        address = next((a for raw in item.addresses if (a := claims.address(raw, base))), None)
        if address is None:
            homeless.append(item)
        elif address in found:
            if item.title != found[address].claimed_title:
                retitled.append(item)
        else:
            claimed_at = item.published_at or item.updated_at
            found[address] = Discovery(
                url=address,
                found_in=url,
                claimed_title=item.title,
                claimed_at=claimed_at,
                claimed_updated_at=item.updated_at if item.updated_at != claimed_at else None,
                claimed_author=item.author,
            )
    if homeless:
        problems.append(f"{_items(len(homeless))} without an address (first: {claims.quoted(homeless[0].title)})")
    if retitled:
        first = claims.quoted(retitled[0].title)
        problems.append(f"{_items(len(retitled))} with the address of another, but another title (first: {first})")
    return Announcement(discoveries=tuple(found.values()), problems=tuple(problems), asked_s=asked_s)


def _items(count: int) -> str:
    return "1 item" if count == 1 else f"{count:,} items"
