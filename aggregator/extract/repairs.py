"""What the extractor left too much in a text, or lost of it: small repairs, each measured to help on real pages.

A line in which the article names its origin is never touched: credits are what editors come for.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from aggregator import credits
from aggregator.extract import phrases
from aggregator.extract.cascade import Line
from aggregator.extract.page import Page, articles_of, bodies_of, said
from aggregator.extract.tree import Element
from aggregator.extract.words import alike, folded, one_line

_OPENING_LINES = 6
_MOST_ABOVE, _SHORT_CHARS = 20, 90
"""Lines above a title, and characters of each, that may be a site's menus."""
_MOST_AROUND = 3
"""Times the length of a title that a line with it, and little else, may have."""
_TRAIL = re.compile(r"\s+[>»›→]+\s+")
"""Between the steps of a trail: "Home > News > Title"."""
_LINKED = 0.9
_MOST_LINKED = 0.3
"""Of a text; beyond it, its linked lines are what it is about."""
_LEAD_START_CHARS = 40
_LEAD_TAGS = ("p", "div", "h2", "h3", "h4", "span", "li", "strong", "em", "b", "section", "td")
_MOMENT_CHARS, _MOMENT_WORDS = 70, 10
_FURNITURE_CHARS = 220
"""Longer lines are sentences of the article, however they begin."""
_TAIL_SHARE = 0.35
"""No more of a text than this is ever taken for its tail."""

_LITTLE_CHARS = 250
_MARKUP = re.compile(r"<[a-zA-Z/!][^>]*>")
_BREAK = re.compile(r"\n|</p>|<br\s*/?>", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of the article besides its text."""

    titles: tuple[str, ...]
    """Its title, and how else the page words it."""
    authors: tuple[str, ...]
    leads: tuple[str, ...]
    """Elements of the page that say how it sums the article up for others; see `_leads`."""
    shown: str
    """All that the page shows, on one line."""
    bodies: tuple[str, ...] = ()
    """The whole text, as the page keeps it for machines; with entities and tags."""


def known_of(page: Page, titles: tuple[str, ...], authors: tuple[str, ...]) -> Known:
    """Gather what the repairs need of a page, before anything is pruned from its tree."""
    shown = one_line(page.tree.text_content())
    descriptions = [one["description"] for one in articles_of(page) if isinstance(one.get("description"), str)]
    descriptions += said(page, "og:description", "description", "twitter:description")
    return Known(
        titles=titles,
        authors=authors,
        leads=_leads(page.tree, shown, descriptions),
        shown=shown,
        bodies=tuple(bodies_of(page)),
    )


def _leads(tree: Element, shown: str, descriptions: Iterable[str]) -> tuple[str, ...]:
    """Return the elements that begin with one of the descriptions, as far as they end with it.

    Args:
        tree: The page, before anything is pruned from it.
        shown: All that it shows, on one line.
        descriptions: How it sums the article up for others (og:description ...), maybe cut short.
    """
    starts = {one: one[:_LEAD_START_CHARS] for one in map(one_line, descriptions) if len(one) >= _LEAD_START_CHARS}
    starts = {description: start for description, start in starts.items() if start in shown}
    found: dict[str, str] = {}
    for description, start in starts.items():
        for text in _texts_from(tree, start.split()[0]):
            if text.startswith(start) and len(text) <= 1.6 * len(description) + 40:
                found[description] = text
                break
    return tuple(found.values())


def _texts_from(tree: Element, word: str) -> Iterator[str]:
    """Give the texts of the elements that begin with a word, outer ones first."""
    for begun in _beginning()(tree, word=word):
        around = [begun.getparent()]
        if begun.is_tail:
            continue
        while (
            (outer := around[-1].getparent()) is not None and outer[0] is around[-1] and not (outer.text or "").strip()
        ):
            around.append(outer)
        yield from (one_line(element.text_content()) for element in reversed(around) if element.tag in _LEAD_TAGS)


@cache
def _beginning() -> Any:
    """Return what finds the pieces of text that begin with a word: in C, where a walk takes ten times as long."""
    from lxml import etree

    return etree.XPath(".//text()[starts-with(normalize-space(), $word)]")


def _with_body(lines: list[Line], bodies: Iterable[str]) -> list[Line]:
    """Return the lines of a text that the page keeps for machines, where it shows next to none."""
    shown = sum(len(line.text) for line in lines)
    if shown >= _LITTLE_CHARS:
        return lines
    for body in bodies:
        texts = [one_line(html.unescape(_MARKUP.sub(" ", line))) for line in _BREAK.split(body)]
        if sum(map(len, texts)) > max(shown, _LITTLE_CHARS):
            return [Line(text, 0.0) for text in texts if text]
    return lines


def repaired(lines: list[Line], known: Known) -> str:
    """Return the text of an article, paragraphs one a line."""
    kept = _without_runs(_with_body(lines, known.bodies))
    kept = [line for line in kept if not _is_furniture(line) or _is_credit(line)]
    kept = _without_opening(_from_title(kept, known), known)
    kept = _without_tail(kept, known)
    texts = [line.text for line in kept]
    lead = _lost_lead(texts, known)
    return "\n".join((lead, *texts) if lead else texts)


def _is_credit(line: Line) -> bool:
    return bool(credits.find_credits(line.text))


def _is_furniture(line: Line) -> bool:
    if len(line.text) > _FURNITURE_CHARS:
        return False
    text = line.text
    if phrases.READ_ALSO.match(text) or phrases.CALL.match(text) or phrases.CAPTION.match(text):
        return True
    return bool(phrases.COUNTER.match(text)) or is_moment(text)


def is_moment(text: str) -> bool:
    """Whether a line says only when the page was put up or changed: "Mis à jour le 3 octobre 2023", "2 days ago"."""
    if len(text) > _MOMENT_CHARS or len(text.split()) > _MOMENT_WORDS or not phrases.MOMENT.match(text):
        return False
    return bool(phrases.DATE.search(text) or phrases.AGO.search(text)) and ": " not in text.partition(" ")[2]


def _without_runs(lines: list[Line]) -> list[Line]:
    """Drop lines that are nothing but links, with the heading above several; a text made of links is one."""
    linked = [line.linked >= _LINKED and not _is_credit(line) for line in lines] + [False]
    chars = sum(len(line.text) for line, is_linked in zip(lines, linked, strict=False) if is_linked)
    if sum(linked) * 2 >= len(lines) or chars > _MOST_LINKED * sum(len(line.text) for line in lines):
        return lines
    kept: list[Line] = []
    for number, line in enumerate(lines):
        begins_run = linked[number] and linked[number + 1] and not linked[number - 1]
        if not linked[number] or (line.heading and not linked[number + 1]):
            kept.append(line)
        elif begins_run and kept and (kept[-1].heading or kept[-1].text.endswith(":")):
            kept.pop()
    return kept


def _from_title(lines: list[Line], known: Known) -> list[Line]:
    """Drop the name of the site, its menus and boxes above the title, where a page of tables has them in its text."""
    for number, line in enumerate(lines[:_MOST_ABOVE]):
        if line.heading and any(_repeats(line, title) for title in known.titles):
            above = lines[:number]
            if any(len(one.text) > _SHORT_CHARS or _is_credit(one) for one in above):
                break
            return lines[number:]
    return lines


def _without_opening(lines: list[Line], known: Known) -> list[Line]:
    """Drop what stands above a text on most pages: its title again, who wrote it, and when."""
    start = 0
    names = {folded(name) for name in known.authors}
    opening: list[Line] = []
    for line in lines[:_OPENING_LINES]:
        start += 1
        if any(_repeats(line, title) for title in known.titles):
            continue
        if len(line.text) <= 120 and not _is_credit(line):
            if folded(line.text) in names or is_dateline(line.text):
                continue
            if not opening and _is_label(line.text):
                continue
        opening.append(line)
    kept = opening + lines[start:]
    return kept or lines


def _repeats(line: Line, title: str) -> bool:
    """Whether a line is a title again, also at the end of a trail, or as a heading a part of it, or with a kicker."""
    if len(line.text) > _MOST_AROUND * len(title) + _SHORT_CHARS:
        return False
    trail = _TRAIL.split(line.text)
    if alike(line.text, title) >= 0.9 or (len(trail) > 1 and alike(trail[-1], title) >= 0.9):
        return True
    said, whole = folded(line.text).replace(" ", ""), folded(title).replace(" ", "")
    return line.heading and min(len(said), len(whole)) >= 12 and (said.endswith(whole) or whole.endswith(said))


def _is_label(text: str) -> bool:
    """Whether a text is one or two words of a script with words, and no sentence."""
    return len(text.split()) <= 2 and text.lower() != text.upper() and not text.endswith((".", "!", "?", ":"))


def is_dateline(text: str) -> bool:
    """Whether a line says nothing but who wrote an article and when; an event's date has a place beside it."""
    words = len(text.split())
    if text.endswith((".", "!", "?")):
        return False
    if phrases.BYLINE.match(text) and words <= 14:
        return True
    date = phrases.DATE.search(text)
    if date is None or words > 10:
        return False
    rest = phrases.HOUR.sub("", text[: date.start()] + text[date.end() :])
    return "@" not in rest and not any(map(str.isdigit, rest))


def _without_tail(lines: list[Line], known: Known) -> list[Line]:
    """Cut links, tags, notices and the name of the author off the end."""
    names = {folded(name) for name in (*known.authors, *phrases.ANONYMOUS)}
    budget = _TAIL_SHARE * sum(len(line.text) for line in lines)
    end = len(lines)
    while end > 1:
        line = lines[end - 1]
        budget -= len(line.text)
        if budget < 0 or not _is_tail(line, names) or _is_credit(line):
            break
        end -= 1
    return lines[:end]


def _is_tail(line: Line, names: set[str]) -> bool:
    if line.linked >= 0.6 or line.heading or folded(line.text) in names:
        return True
    return len(line.text) <= 300 and bool(phrases.TAIL.search(line.text))


def _lost_lead(texts: list[str], known: Known) -> str | None:
    """Return the lead that the page shows above a text that does not have it."""
    begins = known.shown.find(texts[0][:_LEAD_START_CHARS]) if texts else -1
    text = folded(" ".join(texts)) if known.leads else ""
    for lead in known.leads:
        words = folded(lead).split()
        is_above = begins < 0 or 0 <= known.shown.find(lead[:_LEAD_START_CHARS]) < begins
        if (
            is_above
            and " ".join(words[:6]) not in text
            and not any(alike(lead, title) >= 0.8 for title in known.titles)
        ):
            return lead
    return None
