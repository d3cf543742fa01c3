"""What is known of the programs that sites run: their signs, their feeds and lists, and which addresses are one item.

Pure, and nothing but patterns; an engine is a value, not a class. Which one a source runs is what sources.yaml says, or
else what its host says (``.wordpress.com``); what is detected in pages never decides which article a page is, or ids
would depend on what was read first.

    engine.py      the shape
    wordpress.py  spip.py  indymedia.py  others.py      the engines
"""

from __future__ import annotations

import re
from itertools import islice

from aggregator import urls
from aggregator.engines.engine import Engine
from aggregator.engines.indymedia import HYPERACTIVE, MIR, OSCAILT, SF_ACTIVE
from aggregator.engines.others import BLOGGER, DRUPAL, MEDIUM
from aggregator.engines.spip import SPIP
from aggregator.engines.wordpress import REST_PAGE, WORDPRESS, WORDPRESS_COM_EDITS, WORDPRESS_COM_LISTS
from aggregator.model import Source

ENGINES = {e.name: e for e in (WORDPRESS, SPIP, MIR, HYPERACTIVE, SF_ACTIVE, OSCAILT, DRUPAL, BLOGGER, MEDIUM)}
"""By name. Of the signs of a page, those of the first engine that has any decide."""

_NAMES_ITSELF = re.compile("generator", re.IGNORECASE)
_HEAD_CHARS = 400_000
"""How much of a page or feed is looked through for signs."""


def stated(source: Source) -> Engine | None:
    """Return what a source runs, as sources.yaml or its host says; None: neither does."""
    if source.engine != "auto":
        return ENGINES.get(source.engine)
    return of_host(source.url)


def of_host(url: str) -> Engine | None:
    """Return what alone runs on the host of an address; None: anything may."""
    host = urls.host(url)
    return next((e for e in ENGINES.values() if e.hosts and e.hosts.search(host)), None)


def detected(text: str, url: str) -> tuple[Engine, str] | None:
    """Return what made a page or a feed, and how it shows, in words; None: it does not show.

    Args:
        text: Of the page or feed.
        url: Its address.
    """
    if engine := of_host(url):
        return engine, f"nothing else runs on {urls.host(url)}"
    head = text[:_HEAD_CHARS]
    named = "\n".join(head[max(m.start() - 200, 0) : m.end() + 300] for m in islice(_NAMES_ITSELF.finditer(head), 20))
    for engine in ENGINES.values():
        if engine.generator.search(named):
            return engine, f"it says that {engine.spoken} made it"
    for engine in ENGINES.values():
        for pattern, words in engine.signs:
            if pattern.search(head):
                return engine, words
    return None


def key(url: str, source: Source) -> str:
    """Return what all addresses of one item of a source have in common: an address, which need not exist.

    Mirrors serve the same paths as the source; of an engine that is stated, the addresses of one item are known.

    Args:
        url: In its canonical form.
        source: Whose item it is.
    """
    if source.mirrors and urls.site(url) in {host.removeprefix("www.") for host in source.mirrors}:
        url = urls.origin(source.url) + urls.path_and_query(url)
    engine = stated(source)
    plain = urls.identity(url)
    path = engine.key(urls.path_and_query(plain)) if engine else None
    if path is None or not _is_at(url, source, engine):
        return plain
    return urls.origin(source.url) + path


def possible_keys(url: str) -> set[str]:
    """Return every key that an address may have, whatever runs there."""
    path = urls.path_and_query(urls.identity(url))
    found = {e.key(path) for e in ENGINES.values()} - {None}
    return {urls.identity(url)} | {f"{urls.origin(url)}{path}" for path in found}


def lists(source: Source, engine: Engine) -> tuple[str, ...]:
    """Return where the list of all that a source holds may begin, in the order in which to try."""
    host = urls.host(source.url)
    named = WORDPRESS_COM_LISTS if engine is WORDPRESS and engine is of_host(source.url) else engine.lists
    return tuple(_address(path, source).format(host=host) for path in named)


def edits(source: Source, engine: Engine) -> tuple[str, ...]:
    """Return where the list of what a source edited last may be, in the order in which to try."""
    host = urls.host(source.url)
    named = WORDPRESS_COM_EDITS if engine is WORDPRESS and engine is of_host(source.url) else engine.edits
    return tuple(_address(path, source).format(host=host) for path in named)


def sitemaps(source: Source, engine: Engine) -> tuple[str, ...]:
    """Return where else the sitemap of a source may be."""
    return tuple(_address(path, source) for path in engine.sitemaps)


def feeds(source: Source, engine: Engine) -> tuple[str, ...]:
    """Return where the feeds of a source may be, in the order in which to try."""
    if engine is MEDIUM:
        return (urls.origin(source.url) + "/feed" + urls.path_and_query(source.url).rstrip("/"),)
    return tuple(_address(path, source) for path in engine.feeds)


def _address(path: str, source: Source) -> str:
    """Return an address of a site: below the folder that it is in, if that is not the root."""
    if path.startswith("https:"):
        return path
    folder, _, last = source.url.partition("?")[0].rpartition("/")
    return (folder if "." in last or not last else f"{folder}/{last}") + path


def _is_at(url: str, source: Source, engine: Engine | None) -> bool:
    """Whether an address is of the source's own site; the hosts of one blog in several countries are one."""
    if urls.site(url) == urls.site(source.url):
        return True
    are_blogs = engine is BLOGGER and of_host(url) is BLOGGER and of_host(source.url) is BLOGGER
    return are_blogs and _blog(url) == _blog(source.url)


def _blog(url: str) -> str:
    return urls.host(url).partition(".blogspot.")[0]


__all__ = [
    "ENGINES",
    "REST_PAGE",
    "Engine",
    "detected",
    "edits",
    "feeds",
    "key",
    "lists",
    "of_host",
    "possible_keys",
    "sitemaps",
    "stated",
]
