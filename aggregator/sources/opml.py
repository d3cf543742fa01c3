"""OPML 2.0 (http://opml.org/spec2.opml), by which feed readers exchange what they follow; our keys in a namespace."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from xml.sax.saxutils import quoteattr

from aggregator import urls
from aggregator.errors import UsageError
from aggregator.model import Source
from aggregator.sources.entries import Entry, written
from aggregator.sources.keys import CHILDREN

NAMESPACE = "urn:aggregator:sources"
MAX_BYTES = 20_000_000
_OURS = frozenset(CHILDREN["sources"]) - {"name", "url", "feeds", "tags"}
"""The keys that OPML has no attribute for."""
_MAX_ID_CHARS = 54


def exported(sources: Sequence[Source], now: datetime) -> str:
    """Return an OPML document of sources: one outline a feed, the keys that OPML does not know in a namespace.

    Args:
        sources: Which.
        now: The date that it bears.
    """
    head = f"  <head><title>aggregator</title><dateCreated>{format_datetime(now)}</dateCreated></head>"
    outlines = "\n".join(f"    <outline {' '.join(_attributes(source))}/>" for source in sources)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<opml version="2.0" xmlns:aggregator="{NAMESPACE}">\n{head}\n'
        f"  <body>\n{outlines}\n  </body>\n</opml>\n"
    )


def _attributes(source: Source) -> Iterator[str]:
    said = written(source)
    given = {"text": source.name, "title": source.name, "htmlUrl": source.url}
    if source.feeds:
        given |= {"type": "rss", "xmlUrl": source.feeds[0]}
    if source.tags:
        given["category"] = ",".join(tag.replace(",", " ") for tag in source.tags)
    if len(source.feeds) > 1:
        given["aggregator:feeds"] = json.dumps(source.feeds, ensure_ascii=False)
    for word, value in said.items():
        if word in _OURS:
            given[f"aggregator:{word}"] = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return (f"{name}={quoteattr(value)}" for name, value in given.items())


def imported(data: bytes, path: Path) -> list[Entry]:
    """Return the entries that an OPML document holds, folders as tags.

    Args:
        data: The document.
        path: Its name, for the complaint.

    Raises:
        UsageError: It is no OPML, too large, or names nothing to follow.
    """
    from lxml import etree

    if len(data) > MAX_BYTES:
        raise UsageError(f"{path}: larger than {MAX_BYTES // 1_000_000} MB")
    parser: Any = etree.XMLParser(resolve_entities=False, no_network=True, recover=True, huge_tree=False)
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise UsageError(f"{path}: this cannot be read as OPML ({error})"[:300]) from error
    if root is None or etree.QName(root).localname.lower() != "opml":
        raise UsageError(f"{path}: this is no OPML")
    found = [entry for outline in root.iter("outline") if (entry := _entry(outline))]
    if not found:
        raise UsageError(f"{path}: this OPML names nothing that could be followed")
    return found


def _entry(outline: Any) -> Entry | None:
    """One source; None: it is a folder, or names nothing that could be followed."""
    feed = urls.canonical(outline.get("xmlUrl") or outline.get("xmlurl") or "")
    front = urls.canonical(outline.get("htmlUrl") or outline.get("htmlurl") or "")
    if feed is None and front is None:
        return None
    ours = {word: outline.get(f"{{{NAMESPACE}}}{word}") for word in (*sorted(_OURS), "feeds")}
    name = " ".join((outline.get("title") or outline.get("text") or "").split())
    url = front or urls.origin(feed or "") + "/"
    feeds = _list(ours.pop("feeds")) or ([feed] if feed else [])
    folders = [f.get("title") or f.get("text") for f in outline.iterancestors("outline")]
    tags = [*reversed(folders), *re.split(r"[,/]", outline.get("category") or "")]
    found = {"id": ours.pop("id") or made_id(url), "name": name, "url": url, "feeds": feeds}
    found["tags"] = list(dict.fromkeys(" ".join(tag.split()) for tag in tags if tag and tag.strip()))
    found["languages"] = re.findall(r"^[a-z]{2}\b", (outline.get("language") or "").lower())
    found |= {word: _meaning(value) for word, value in ours.items() if value}
    return {word: value for word, value in found.items() if value not in ("", [])}


def _list(value: str | None) -> list[str]:
    found = _meaning(value or "")
    return [str(one) for one in found] if isinstance(found, list) else []


def _meaning(value: str) -> Any:
    """An attribute's value: a list, group or switch as JSON, all else as text."""
    if value.startswith(("[", "{")) or value in ("true", "false"):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


def made_id(url: str) -> str:
    """Return an id made of an address: of its host, and of its path where many share that host."""
    host = re.sub(r"\.(?:wordpress|blogspot|noblogs|substack|medium)\.[a-z.]+$|\.[a-z]{2,}$", "", urls.site(url))
    path = urlsplit(url).path if urls.site(url) in ("medium.com",) else ""
    return re.sub(r"[^a-z0-9]+", "-", f"{host or urls.site(url)}{path}".lower()).strip("-")[:_MAX_ID_CHARS] or "source"
