"""A source's own rules: where on its pages text, title and date stand, and what is none of the article."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from aggregator.dates import day_of
from aggregator.extract import tree
from aggregator.extract.problems import UNMATCHED
from aggregator.extract.tree import Element
from aggregator.extract.words import one_line
from aggregator.model import ExtractRule


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruled:
    """A page after its source's rules."""

    tree: Element
    """The page without what the rules drop."""
    content: Element | None
    """A page of only the elements that hold the text; None: the rules do not say where it is, or it was not there."""
    title: str | None
    day: date | None
    unmatched: tuple[str, ...]
    """A problem for each rule that should have found something and did not."""


def applied(root: Element, rule: ExtractRule) -> Ruled:
    """Apply rules to a page. The selectors are CSS as the list pages' are, so they are applied by the same library."""
    from bs4 import BeautifulSoup
    from lxml.html import tostring

    soup = BeautifulSoup(tostring(root, encoding="unicode"), "lxml")
    for element in soup.select(rule.drop) if rule.drop else ():
        element.decompose()
    content = soup.select(rule.content) if rule.content else []
    outermost = [one for one in content if not any(other in one.parents for other in content)]
    title = one_line(next(iter(_said(soup, rule.title, "content")), ""))
    days = [day for text in _said(soup, rule.date, "datetime", "content") if (day := day_of(text))]
    gave = {"content": outermost, "title": title, "date": days}
    return Ruled(
        tree=_page(str(soup)),
        content=_page("".join(map(str, outermost))) if outermost else None,
        title=title or None,
        day=days[0] if days else None,
        unmatched=tuple(f"{UNMATCHED}-{name}" for name, found in gave.items() if name in rule.selectors and not found),
    )


def _said(soup: Any, selector: str | None, *attributes: str) -> list[str]:
    """Return what the first element that a selector finds says: to machines by its attributes, then to people."""
    found = soup.select_one(selector) if selector else None
    said = [found.get(name) for name in attributes] + [found.get_text(" ")] if found else []
    return [text for text in said if text]


def _page(html: str) -> Element:
    root, _ = tree.parsed(html)
    return root
