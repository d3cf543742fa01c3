"""The days of publication and of the last change, as a page claims them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime

from aggregator.dates import FIRST_DAY, day_of, midnight
from aggregator.extract import phrases
from aggregator.extract.page import Page, articles_of, said
from aggregator.extract.tree import Element
from aggregator.extract.words import one_line

_META_DATES = (
    "article:published_time",
    "og:published_time",
    "datepublished",
    "article.published",
    "publication_date",
    "publishdate",
    "publish_date",
    "pubdate",
    "sailthru.date",
    "parsely-pub-date",
    "dc.date.issued",
    "dcterms.created",
    "dcterms.date",
    "dc.date",
    "date",
    "cxenseparse:recs:publishtime",
    "citation_publication_date",
    "originalpublicationdate",
)
_PUBLISHED = re.compile(
    r"publi|entry-date|post-?date|dateline|datetime|timestamp|created|erschienen|veröffentlicht", re.I
)
_CHANGED = re.compile(r"updat|modif|aktualis|geändert|mis à jour|revised|actualiz|aggiornat|bijgewerkt", re.IGNORECASE)
_ELSEWHERE = re.compile(r"comment|related|sidebar|teaser|widget(?! blog)|latest|footer|recommend", re.IGNORECASE)
_DATED = re.compile(r"date|time|datum|publi|posted|dateline|byline|meta|info|stand|when|created", re.IGNORECASE)
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)|\d\.\d\d?\.\d\d\b")
_DATELINE_CHARS, _SEGMENTED_CHARS = 120, 400
_DATELINE_PARTS = 8
_BARE_DATE_CHARS = 40
_MAX_DATELINES = 5
_NEAR = 80
"""Elements from a heading on, within which its date stands."""
_IN_URL = re.compile(r"(?<!\d)((?:19|20)\d\d)[/_-]?(0[1-9]|1[0-2])[/_-]?(0[1-9]|[12]\d|3[01])(?!\d)")


def published_of(page: Page, captured_at: datetime) -> tuple[datetime | None, str | None]:
    """Return the day of publication as the page claims it, midnight UTC, and where it does; None: it claims none.

    The day is taken as written, in the zone of the site: "23:30-05:00" is that day there.

    Args:
        page: Which.
        captured_at: A later day is none of its publication.
    """
    latest = captured_at.date().toordinal() + 1  # where the sun rises first it may be tomorrow
    for text, where in _claims(page):
        day = day_of(text)
        if day and day >= FIRST_DAY and day.toordinal() <= latest:
            return midnight(day), where
    found = _htmldate(page, captured_at)
    return found, "pattern" if found else None


def modified_of(page: Page) -> datetime | None:
    """Return the day of its last change as the page claims it, midnight UTC; None: it claims none."""
    claims = [str(one["dateModified"]) for one in articles_of(page) if one.get("dateModified")]
    for text in (*claims, *said(page, "article:modified_time", "og:updated_time", "datemodified", "dcterms.modified")):
        if day := day_of(text):
            return midnight(day)
    return None


def _claims(page: Page) -> Iterator[tuple[str, str]]:
    """Give what may be the day, the likeliest first, and where that stands."""
    for one in articles_of(page):
        yield from ((str(one[key]), "linked-data") for key in ("datePublished", "dateCreated") if one.get(key))
    yield from ((text, "meta") for text in said(page, *_META_DATES))
    yield from ((text, "element") for text in _times(page.tree))
    yield from ((text, "line") for text in _dated_lines(page.tree))
    yield day_in_address(page.url), "address"


def day_in_address(url: str) -> str:
    """Return the day that an address names, ISO 8601; empty: it names none."""
    found = _IN_URL.search(url)
    return "-".join(found.groups()) if found else ""


def _times(tree: Element) -> Iterator[str]:
    times = [element for element in tree.iter("time") if not _about(element, _ELSEWHERE)]
    for element in times:
        if _about(element, _PUBLISHED) and not _about(element, _CHANGED):
            yield element.get("datetime") or element.text_content()
    for element in tree.iterfind(".//*[@itemprop='datePublished']"):
        yield element.get("datetime") or element.get("content") or element.text_content()
    if len(times) == 1 and not _about(times[0], _CHANGED):
        yield times[0].get("datetime") or ""


def _dated_lines(tree: Element) -> Iterator[str]:
    """Give what reads like the date of the article, the likeliest first: named so, or right under its heading."""
    found: list[tuple[int, int, str]] = []
    under = -1
    for place, element in enumerate(tree.iter()):
        if element.tag == "h1":
            under = place
        for text, around in ((_among_bars(element.text), element), (element.tail, element.getparent())):
            if around is None or not text or len(text) > _DATELINE_CHARS or not _YEAR.search(text):
                continue
            whole = one_line(around.text_content()) if len(around) <= _DATELINE_PARTS else one_line(text)
            if len(whole) > _DATELINE_CHARS or " | " in whole:
                whole = one_line(text)
            if day_of(whole) is None or _is_about_others(around) or _CHANGED.search(whole):
                continue
            is_near = 0 <= place - under <= _NEAR if under >= 0 else False
            rank = 0 if is_near and _is_dated(around) else 1 if is_near else 2 if _is_dated(around) else 3
            if rank < 3 or len(whole) <= _BARE_DATE_CHARS:
                found.append((rank, place, whole))
    yield from (text for _, _, text in sorted(found)[:_MAX_DATELINES])


def _among_bars(text: str | None) -> str | None:
    """Return what begins with a date in a line of facts: "Title | somebody | 14.08.2026 13:45 | topics"."""
    if not text or " | " not in text or len(text) > _SEGMENTED_CHARS:
        return text
    return next((part for part in map(str.strip, text.split(" | ")) if phrases.DATE.match(part)), text)


def _is_dated(element: Element) -> bool:
    return _about(element, _DATED) and not _about(element, _CHANGED)


def _is_about_others(element: Element) -> bool:
    """Whether it stands among comments, teasers or at the foot of the page, or is a link's."""
    for around in (element, *element.iterancestors()):
        label = f"{around.get('class') or ''} {around.get('id') or ''}"
        if around.tag in ("footer", "aside", "nav") or (len(label) > 1 and _ELSEWHERE.search(label)):
            return True
        if around.tag == "a" and len(one_line(around.text_content())) > _BARE_DATE_CHARS:
            return True
    return False


def _about(element: Element, words: re.Pattern[str]) -> bool:
    """Whether an element, or one of the three around it, is named or worded so."""
    if words.search(f"{element.get('itemprop') or ''} {element.get('class') or ''} {element.get('pubdate') or ''}"):
        return True
    for _, around in zip(range(3), element.iterancestors(), strict=False):
        if words.search(f"{around.get('class') or ''} {around.get('id') or ''}"):
            return True
    return False


def _htmldate(page: Page, captured_at: datetime) -> datetime | None:
    from htmldate import find_date

    # without a last date it would take today's, and a rebuild next year would find other dates
    found = find_date(
        page.tree, url=page.url or None, original_date=True, extensive_search=False, max_date=f"{captured_at:%Y-%m-%d}"
    )
    return midnight(date.fromisoformat(found)) if found else None
