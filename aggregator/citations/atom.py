"""Atom (RFC 4287): what was found, as a feed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from urllib.parse import quote
from xml.sax.saxutils import escape, quoteattr

from aggregator.citations.cited import Cited, one_line
from aggregator.periods import instant

ATOM = "http://www.w3.org/2005/Atom"
NAMESPACE = "urn:aggregator:citation"
"""Of what Atom has no word for: source, version, captured, archived, family, original, copies."""


def written(cited: Iterable[Cited], *, about: str, now: datetime) -> Iterator[bytes]:
    """Yield a feed piece by piece, UTF-8.

    Args:
        cited: Its entries.
        about: What it is, in words.
        now: When it is made.
    """
    name = quote(one_line(about), safe="")
    yield (
        f'<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="{ATOM}" xmlns:aggregator="{NAMESPACE}">\n'
        f"  <id>urn:aggregator:{name}</id>\n  <title>{_text(about)}</title>\n  <updated>{instant(now)}</updated>\n"
        "  <author><name>aggregator</name></author>\n  <generator>aggregator</generator>\n"
    ).encode("utf-8", "replace")
    for each in cited:
        yield f"  {_entry(each)}\n".encode("utf-8", "replace")
    yield b"</feed>\n"


def _entry(cited: Cited) -> str:
    article = cited.article
    language = f" xml:lang={quoteattr(one_line(article.language))}" if article.language else ""
    parts = [
        f"<id>urn:aggregator:article:{_text(article.id)}</id>",
        f"<title>{_text(cited.title or article.url)}</title>",
        *(f"<author><name>{_text(author)}</name></author>" for author in cited.authors),
        f"<published>{instant(article.claimed_at)}</published>" if article.claimed_at else "",
        f"<updated>{instant(cited.captured_at)}</updated>",
        f'<link rel="alternate" href={quoteattr(one_line(article.url))}/>',
        f'<link rel="memento" href={quoteattr(_address(cited.archived))}/>' if cited.archived else "",
        f"<summary>{_text(cited.abstract)}</summary>" if cited.abstract else "",
        _ours("source", article.source_id),
        _ours("name", cited.source_name),
        _ours("version", cited.version),
        _ours("captured", instant(cited.captured_at)),
        _ours("archived", cited.archived),
        _ours("family", cited.family),
        _ours("original", cited.original),
        _ours("copies", str(cited.copies)),
    ]
    return f"<entry{language}>{''.join(parts)}</entry>"


def _ours(name: str, value: str | None) -> str:
    return f"<aggregator:{name}>{_text(value)}</aggregator:{name}>" if value is not None else ""


def _text(value: str) -> str:
    return escape(one_line(value))


def _address(archived: str) -> str:
    """Return a place in the archive as a relative reference: file names of others may hold any sign."""
    file, _, offset = one_line(archived).rpartition("#")
    return f"{quote(file, safe='/')}#{offset}"
