"""A page of several posts, each read as the article it is.

splitting  where each post begins and ends
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from urllib.parse import quote

from aggregator import credits, urls
from aggregator.dates import FIRST_DAY, day_of, midnight
from aggregator.extract.cascade import Line
from aggregator.extract.language import language_of
from aggregator.extract.metadata import authors_in, day_in_address
from aggregator.extract.page import Page
from aggregator.extract.posts.splitting import Post, posts_of
from aggregator.extract.problems import EXCERPT, ON_INDEX
from aggregator.extract.repairs import Known, is_dateline, repaired
from aggregator.extract.tree import Element, clean
from aggregator.extract.words import folded, one_line
from aggregator.model import Reading

_KEY_WORDS = 10
_KEY_CHARS = 80
_DATELINE_CHARS = 120
_BLOCKS = frozenset(
    "address article aside blockquote body br center dd details div dl dt fieldset figcaption figure footer h1 h2 h3 h4"
    " h5 h6 header hr li main ol p pre section table tbody td tfoot th thead tr ul".split()
)
_HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6", "dt"))
_UNREAD = frozenset(("button", "form", "iframe", "input", "nav", "select", "textarea", "figcaption"))
_ABOUT = re.compile(
    r"(?:^|[\s_-])(?:post|entry|article|item|node|story)?[_-]?(?:meta(?:data|info)?|foot(?:er)?|utility|info|info-publi"
    r"|infos?|details|date(?:-header|line)?|time|timestamp|posted(?:-on)?|published|publi|byline|authors?|auteurs?|tags?|tag-links"
    r"|categor(?:y|ies)|cat-links|labels?|share|sharing|sharedaddy|social|comments?(?:-?(?:link|count|number))?|permalink"
    r"|(?:read-?)?more(?:-link)?|jump-link|edit-link|lire-la-suite|suite|breadcrumbs?|pagination)(?:$|\s)",
    re.IGNORECASE,
)
_ABOUT_CHARS = 400
_DATED = re.compile(r"date|time|publi|posted|when|meta|info|byline|stamp", re.IGNORECASE)
_MORE = re.compile(
    r"\W*(?:(?:continue|keep|click to|to)?\s*read(?:ing)?(?: the)?(?: more| rest| full| on|\b)|more\b|\d+ more words"
    r"|full (?:story|article|text)"
    r"|lire (?:la suite|l['’]article|plus)|la suite|suite\b|en savoir plus|voir l['’]article|\d+ mots? de plus"
    r"|weiterlesen|weiter\b|mehr\b|ganzer? (?:artikel|text)|leer m[áa]s|seguir leyendo|sigue leyendo|ver m[áa]s"
    r"|leggi (?:tutto|di più)|continua\b|lees (?:meer|verder)|»|\.{3}$|…$)",
    re.IGNORECASE,
)
_CUT_SHORT = re.compile(r"(?:\[?(?:\.{3}|…)\]?|\(\s*(?:\.{3}|…)\s*\)|»)\s*$")


def readings_of(
    page: Page, titles: tuple[str, ...], captured_at: datetime, languages: tuple[str, ...]
) -> tuple[Reading, ...]:
    """Return what is read of each post of a page, in its order; none: it is no page of several posts.

    Args:
        page: With its tree whole; nothing is changed.
        titles: Of the page as a whole, the likeliest first.
        captured_at: When; a later date is none of a post's publication.
        languages: What the source usually writes.
    """
    taken: set[str] = set()
    found = []
    for post in posts_of(page, titles):
        reading = _reading(post, page, captured_at, languages)
        if reading.text or reading.title:
            address = _unlike(post.address or _place(post, reading, page.url), taken)
            found.append((address, reading))
    if len(found) < 2:
        return ()
    return tuple(replace(reading, url=address) for address, reading in found)


def _reading(post: Post, page: Page, captured_at: datetime, languages: tuple[str, ...]) -> Reading:
    title = clean(one_line(post.heading.text_content()).rstrip(" #¶»")) if post.heading is not None else None
    authors = tuple(clean(name) for part in post.parts for name in authors_in(part))[:3]
    lines = list(_lines(post))
    texts = [line.text for line in lines]
    is_excerpt = post.address is not None and _is_cut_short(post, texts)
    kept = [line for line in lines if not _MORE.match(line.text) or len(line.text) > _DATELINE_CHARS]
    known = Known(titles=(title,) if title else (), authors=authors, leads=(), shown="")
    text = clean(repaired(kept, known))
    day = _day(post, texts, captured_at)
    return Reading(
        title=title or None,
        authors=authors,
        claimed_at=midnight(day) if day else None,
        language=language_of(text, languages),
        text=text,
        problems=(ON_INDEX, *([EXCERPT] if is_excerpt else [])),
    )


def _is_cut_short(post: Post, texts: list[str]) -> bool:
    if texts and _CUT_SHORT.search(next((t for t in reversed(texts) if not _MORE.fullmatch(t)), "")):
        return True
    for part in post.parts:
        for link in part.iter("a"):
            if _MORE.match(one_line(link.text_content())) and len(one_line(link.text_content())) <= _DATELINE_CHARS:
                return True
    return False


# ----------------------------------------------------------------------------------------------------------------- text


def _lines(post: Post) -> Iterator[Line]:
    """Give the lines of a post, without its heading and what is said about it."""
    pieces: list[tuple[str, bool]] = []
    for part in post.parts:
        yield from _walk(part, post, pieces, is_link=False)
        yield from _line(pieces)
    yield from _line(pieces)


def _walk(element: Element, post: Post, pieces: list[tuple[str, bool]], *, is_link: bool) -> Iterator[Line]:
    if (
        element is post.heading
        or element.tag in _UNREAD
        or not isinstance(element.tag, str)
        or _is_about(element, post)
    ):
        yield from _line(pieces)
        return
    is_block = element.tag in _BLOCKS
    if is_block:
        yield from _line(pieces)
    is_link = is_link or element.tag == "a"
    pieces.append((element.text or "", is_link))
    for child in element:
        yield from _walk(child, post, pieces, is_link=is_link)
        pieces.append((child.tail or "", is_link))
    if is_block:
        yield from _line(pieces, is_heading=element.tag in _HEADINGS)


def _line(pieces: list[tuple[str, bool]], *, is_heading: bool = False) -> Iterator[Line]:
    text = one_line("".join(piece for piece, _ in pieces))
    if text:
        linked = sum(len("".join(piece.split())) for piece, is_link in pieces if is_link)
        yield Line(text, min(1.0, linked / len(text.replace(" ", ""))), is_heading)
    pieces.clear()


def _is_about(element: Element, post: Post) -> bool:
    """Whether an element is about the post: its date, tags, counts; a credit is none of these."""
    label = f"{element.get('class') or ''} {element.get('id') or ''}"
    if element.tag not in ("footer", "time") and not _ABOUT.search(label):
        return False
    text = one_line(element.text_content())
    if len(text) > _ABOUT_CHARS or credits.find_credits(text):
        return False
    return post.heading is None or element not in list(post.heading.iterancestors())


# ----------------------------------------------------------------------------------------------------- date and address


def _day(post: Post, texts: list[str], captured_at: datetime) -> date | None:
    latest = captured_at.date().toordinal() + 1
    for text in _claims(post, texts):
        day = day_of(text)
        if day and day >= FIRST_DAY and day.toordinal() <= latest:
            return day
    return None


def _claims(post: Post, texts: list[str]) -> Iterator[str]:
    for part in post.parts:
        for element in part.iter("time", "abbr"):
            yield element.get("datetime") or element.get("title") or element.text_content()
    for part in post.parts:
        for element in part.iter(
            "p", "div", "span", "small", "h2", "h3", "h4", "h5", "h6", "td", "li", "em", "i", "font", "dd"
        ):
            label = f"{element.get('class') or ''} {element.get('id') or ''}"
            if len(label) > 1 and _DATED.search(label):
                text = one_line(element.text_content())
                if len(text) <= _DATELINE_CHARS:
                    yield text
    yield post.dated
    for text in (*texts[:3], *texts[-2:]):
        if is_dateline(text):
            yield text
    yield day_in_address(post.address or "")


def _place(post: Post, reading: Reading, url: str) -> str:
    """Return an address for a post that has none: its page, and its id or name there, or its first words."""
    first = post.parts[0]
    named = (first.get("id"), *(a.get("id") or a.get("name") for a in first.iter("a") if not a.get("href")))
    name = next((name.strip() for name in named if name and name.strip()), None)
    words = folded(reading.title or reading.text).split()[:_KEY_WORDS]
    key = name or "-".join(words)[:_KEY_CHARS].strip("-")
    return f"{urls.canonical(url) or url}#{quote(key, safe='-_.:')}"


def _unlike(address: str, taken: set[str]) -> str:
    """Return an address that no other post of the page has."""
    unlike, number = address, 2
    while unlike in taken:
        unlike = f"{address}-{number}" if "#" in address else f"{address}#{number}"
        number += 1
    taken.add(unlike)
    return unlike


__all__ = ["readings_of"]
