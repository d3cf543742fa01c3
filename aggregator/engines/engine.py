"""What is known of one program that sites run: its signs, its lists, and which addresses are one item."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

Pattern = re.Pattern[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """A program that sites run. What is matched or made of an address is its path and query, from ``/`` on."""

    name: str
    """As sources.yaml says it."""
    spoken: str
    """As people say it."""
    generator: Pattern
    """What it calls itself in the pages and feeds it makes."""
    signs: tuple[tuple[Pattern, str], ...] = ()
    """What its pages hold whatever they call themselves, and what that is, in words."""
    hosts: Pattern | None = None
    """The hosts on which nothing else runs; None: it runs anywhere."""
    feeds: tuple[str, ...] = ()
    """Where its feeds usually are."""
    lists: tuple[str, ...] = ()
    """Where the list of all that it holds usually begins, tried in order until one lists something.

    ``{host}`` stands for the site's host name; one that begins with ``https:`` is on another host.
    """
    edits: tuple[str, ...] = ()
    """Where the list of what was edited last usually is, the newest edit first; likewise."""
    edits_lead_on: bool = False
    """Whether further pages of that list are read, as long as they bring news."""
    edited: Pattern | None = None
    """What its lists write before the day of the last edit of an article; None: they do not say."""
    sitemaps: tuple[str, ...] = ()
    """Where its sitemap may be, besides the places where any site's may."""
    items: Pattern
    """The addresses of articles, as far as they can be told."""
    more: Pattern | None = None
    """The addresses of further pages of its lists; None: a list has one page, or says where the next one is."""
    key: Callable[[str], str | None] = lambda path: None
    """From the address of an article to the one that stands for all it has; None: this is not known to have others."""
    feed_is_partial: bool = False
    """Whether its feed leaves out articles, so that its lists are read on every visit."""


def numbered(pattern: Pattern, form: str) -> Callable[[str], str | None]:
    """Return the key of an engine that numbers its articles.

    Args:
        pattern: Matches the addresses of an article; its groups name what is in ``form``.
        form: The address that stands for all, as ``/node/{id}``.
    """

    def key(path: str) -> str | None:
        match = pattern.search(path)
        return form.format(**match.groupdict()) if match else None

    return key


def called(name: str) -> Pattern:
    """Return what matches the name of a program in ``<meta name=generator>`` or a feed's ``<generator>``."""
    return re.compile(
        rf"<meta[^>]{{0,99}}\bgenerator\b[^>]{{0,99}}{name}|<generator\b[^>]{{0,200}}>[^<]{{0,99}}{name}"
        rf"|<meta[^>]{{0,9}}\bcontent\s*=\s*.?{name}[^>]{{0,99}}\bgenerator\b|generatorAgent[^>]{{0,99}}{name}",
        re.IGNORECASE,
    )
