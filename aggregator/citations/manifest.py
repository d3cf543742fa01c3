"""The manifest of a corpus: which articles a search found, in which versions, so that others can repeat it.

It is JSON, an article a line. It holds no texts. One that is read comes from anybody: it may be far too large, deep,
or something else altogether.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aggregator.characters import whole
from aggregator.periods import instant

NUMBER = 1
"""Of the form; counted up when an older program could not read it any more."""
MAX_BYTES = 64 << 20
MAX_ARTICLES = 250_000
_MAX_COMMAS = 8 * MAX_ARTICLES
"""An honest one has four an article and some in addresses; each more could be an object of its own in memory."""
_ID = re.compile(r"[a-z0-9]{1,20}")
_MAX_WORDS_CHARS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a search asked for; without any of it, everything."""

    query: str = ""
    """As it was typed."""
    since: datetime | None = None
    before: datetime | None = None
    """Exclusive."""
    source_ids: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """An article in a manifest."""

    id: str
    version: str
    """Digest of the version that was found."""
    url: str
    captured: str
    """When that version was first seen, in ISO 8601; empty: it does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """A manifest that was read."""

    query: str
    made: str
    """When, and by which program, as it says itself; empty: it does not."""
    program: str
    articles: tuple[Listed, ...]
    """Each id once."""


def head(asked: Asked, *, program: str, now: datetime) -> bytes:
    """Return the beginning of a manifest; the articles and ``TAIL`` follow."""
    said = {
        "aggregator_manifest": NUMBER,
        "program": program,
        "made": instant(now),
        "query": asked.query,
        "filters": {
            "from": instant(asked.since) if asked.since else None,
            "before": instant(asked.before) if asked.before else None,
            "sources": list(asked.source_ids),
            "languages": list(asked.languages),
        },
    }
    return json.dumps(said, ensure_ascii=False)[:-1].encode("utf-8", "replace") + b', "articles": ['


TAIL = b"\n]}\n"


def lines(articles: Iterable[Listed], *, is_first: bool) -> Iterator[bytes]:
    """Yield the line of each article.

    Args:
        articles: Some of those of the manifest.
        is_first: Whether no other was written before these.
    """
    for each in articles:
        said = {"id": each.id, "version": each.version, "url": each.url, "captured": each.captured}
        yield (b"\n" if is_first else b",\n") + json.dumps(said, ensure_ascii=False).encode("utf-8", "replace")
        is_first = False


def read(data: bytes) -> Manifest:
    """Return what a manifest says.

    Args:
        data: The file, as it is.

    Raises:
        ValueError: It is none, or too large; in words.
    """
    if len(data) > MAX_BYTES:
        raise ValueError(f"it has more than {MAX_BYTES:,} bytes")
    if data.count(b",") > _MAX_COMMAS:
        raise ValueError(f"it lists more than {MAX_ARTICLES:,} articles")
    try:
        said = json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise ValueError("it is no UTF-8") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"it is no JSON (line {error.lineno}: {error.msg})") from None
    except (RecursionError, ValueError):  # brackets within brackets, or numbers without end
        raise ValueError("it is no JSON that a manifest could be") from None
    if not isinstance(said, dict) or "aggregator_manifest" not in said:
        raise ValueError("it is JSON, but no manifest: it has no aggregator_manifest")
    number = said["aggregator_manifest"]
    if type(number) is not int or number < 1:
        raise ValueError("aggregator_manifest is no number")
    if number > NUMBER:
        raise ValueError("a newer program wrote it; update this one")
    listed = said.get("articles")
    if not isinstance(listed, list):
        raise ValueError("articles is no list")
    if len(listed) > MAX_ARTICLES:
        raise ValueError(f"it lists more than {MAX_ARTICLES:,} articles")
    articles = {article.id: article for article in (_listed(each, n) for n, each in enumerate(listed, 1))}
    if len(articles) < len(listed):
        raise ValueError("an article is in it twice")
    return Manifest(
        query=_words(said, "query"),
        made=_words(said, "made"),
        program=_words(said, "program"),
        articles=tuple(articles.values()),
    )


def _words(said: dict[str, Any], name: str) -> str:
    value = said.get(name, "")
    if not isinstance(value, str):
        raise ValueError(f"{name} is no text")
    return whole(value[:_MAX_WORDS_CHARS])


def _listed(said: Any, number: int) -> Listed:
    if not isinstance(said, dict):
        raise ValueError(f"article {number} is no object")
    for name in ("id", "version"):
        if not isinstance(said.get(name), str) or not _ID.fullmatch(said[name]):
            raise ValueError(f"article {number} has no {name} of letters and digits")
    for name in ("url", "captured"):
        if not isinstance(said.get(name, ""), str):
            raise ValueError(f"{name} of article {number} is no text")
    url, captured = (whole(said.get(name, "")) for name in ("url", "captured"))
    return Listed(id=said["id"], version=said["version"], url=url, captured=captured)
