"""The title of an article: the wording that several places of its page agree on."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from aggregator.extract.limits import MAX_TITLE_CHARS
from aggregator.extract.page import Page, articles_of, said
from aggregator.extract.tree import Element
from aggregator.extract.words import alike, folded, one_line

_MAX_HEADINGS = 40
_SEPARATORS = re.compile(r"\s+[|–—•·»«:~/\\>*ㅣ-]+\s+|\s*[|•»«ㅣ]\s*|:\s+")
_LEADING = re.compile(r"^(?:[\[(<>|»›•·*~-]+\s+)?(?:\d{1,2}[./]\d{1,2}[./]\d{4}\s*(?:[–—|:-]\s*)+)?")
"""Signs and the date of the day before a title."""
_TITLE_WORDS = 3
_VOTES = {"h1": 2.5, "h2": 2.0, "h3": 2.0, "headline": 2.0, "meta": 0.7, "window": 0.5}
"""How much each place counts: what readers see, and the headline of the linked data, against what is written for
networks and for search engines."""
_LIKENESS = {"h1": 0.6, "h2": 0.8, "h3": 0.8}
"""How much a heading must share with a name to be one of this article. Tuned with the votes on half of 645 real pages:
title exact .66 with trafilatura alone, .83 so, .80 and .86 on two other sets."""


def titles_of(page: Page) -> tuple[str, ...]:
    """Return the title of the article, then how else the page words it; empty: nobody says one.

    The title is the wording that most of its places give; its heading is the one that the page's names for others
    resemble most.
    """
    wordings = list(map(_before_bar, _wordings(page)))
    return tuple(dict.fromkeys(_LEADING.sub("", one) or one for one in (*_whole(wordings[:1], wordings), *wordings)))


def _before_bar(title: str) -> str:
    """Return what stands before the first bar: behind it are sections, slogans and sites that nobody names."""
    first, bar, _ = title.partition(" | ")
    return first if bar and len(first.split()) >= _TITLE_WORDS else title


def _whole(cut: list[str], wordings: list[str]) -> list[str]:
    """Return the wording that has whole what was cut short for some place; empty: nothing was, or nobody has it."""
    starts = [one.rstrip("….").rstrip() for one in cut if one.endswith(("…", "..."))]
    return [one for start in starts for one in wordings if one.startswith(start) and len(one) > len(cut[0])][:1]


def _wordings(page: Page) -> list[str]:
    """Return how the page words the title, the likeliest first; more than once where several places agree."""
    sites = page.site_names
    names = [(_without_site(name, sites), weight) for name, weight in _names(page)]
    names = [(name, weight) for name, weight in names if name and folded(name) not in sites]
    headings = [(text, tag) for text, tag in _headings(page.tree) if text and folded(text) not in sites]
    likeness, heading = 0.0, None
    wordings = list(dict.fromkeys(name for name, _ in names))
    for one in headings:
        score = max((1.0 if _is_part(one[0], name) else alike(one[0], name) for name in wordings), default=0.0)
        if heading is None or score > likeness:
            likeness, heading = score, one
    if heading is None or not names:
        return wordings or [text for text, _ in sorted(headings, key=lambda one: one[1])]
    if likeness < _LIKENESS[heading[1]]:
        highest = [text for text, tag in headings if tag == "h1"]
        if len(highest) == 1 and all(weight == _VOTES["window"] for _, weight in names):
            return [*highest, *wordings]
        return [_elected(names), *wordings]
    text = heading[0]
    names = [(text if _is_part(text, name) else name, weight) for name, weight in names]
    said = {folded(name): name for name in wordings if folded(name) != folded(text)}
    others = {folded(one): tag for one, tag in reversed(headings)}
    names += [(name, _VOTES[others[key]]) for key, name in said.items() if key in others]  # shown as a heading, too
    return [_elected([(text, _VOTES[heading[1]]), *names]), text, *wordings]


def _elected(names: list[tuple[str, float]]) -> str:
    """Return the wording with most votes; between equals the longer one says more."""
    votes: dict[str, float] = {}
    for name, weight in names:
        votes[folded(name)] = votes.get(folded(name), 0.0) + weight
    elected = max(votes, key=lambda key: (votes[key], len(key)))
    return next(name for name, _ in names if folded(name) == elected)


def _is_part(heading: str, name: str) -> bool:
    """Whether a name is a heading with something put behind it; what stands before one is often meant."""
    part = folded(heading)
    return len(part.split()) >= _TITLE_WORDS and folded(name).startswith(f"{part} ")


def _names(page: Page) -> Iterator[tuple[str, float]]:
    for one in articles_of(page):
        if isinstance(headline := one.get("headline") or one.get("name"), str):
            yield _title(html.unescape(headline)), _VOTES["headline"]
            break
    for text in (*said(page, "og:title"), *said(page, "dc.title", "dcterms.title")):
        yield _title(html.unescape(text)), _VOTES["meta"]
    for element in page.tree.iterfind(".//head/title"):
        yield _title(element.text_content()), _VOTES["window"]
        break


def _title(text: str) -> str:
    return one_line(text[: 4 * MAX_TITLE_CHARS])[:MAX_TITLE_CHARS]


def _without_site(title: str, sites: frozenset[str]) -> str:
    """Cut the site's name, and what stands beyond it, off a title."""
    parts = [m.span() for m in _SEPARATORS.finditer(title)]
    for start, end in reversed(parts):
        behind = folded(title[end:])
        if _is_site(behind, sites):
            return _without_site(title[:start], sites)
    for start, end in parts:
        if _is_site(folded(title[:start]), sites):
            return _without_site(title[end:], sites)
    return title.strip()


def _is_site(name: str, sites: frozenset[str]) -> bool:
    squeezed = name.replace(" ", "")
    plain = [site.replace(" ", "") for site in sites]
    if any(squeezed in (site, f"the{site}", f"{site}com") for site in plain):
        return True
    return len(name.split()) <= 4 and any(len(site) > 5 and squeezed.startswith(site) for site in plain)


def _headings(tree: Element) -> Iterator[tuple[str, str]]:
    for count, element in enumerate(tree.iter("h1", "h2", "h3")):
        if count == _MAX_HEADINGS:
            return
        text = one_line(" ".join(element.itertext()) if len(element) > 1 else element.text_content())
        if text and len(text) <= MAX_TITLE_CHARS:
            yield text, str(element.tag)
            if len(element) and not (element.text or "").strip():  # a kicker may stand in an element of its own
                kicker = one_line(element[0].text_content())
                yield text.removeprefix(kicker).lstrip(" :–—-|"), str(element.tag)
