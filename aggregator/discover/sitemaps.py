"""Sitemaps, sitemap indexes (https://www.sitemaps.org/protocol.html), and the Sitemap lines of robots.txt."""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aggregator.discover import claims, markup
from aggregator.model import Announcement, Discovery

MAX_SITEMAP_BYTES = 50 * 2**20
"""Bytes read of one sitemap, decompressed; the protocol's own limit."""

MAX_ADDRESSES = 50_000
"""Addresses read of one sitemap, in file order; the protocol's own limit."""

MAX_ROBOTS_SITEMAPS = 50
"""Sitemap lines read of one robots.txt."""

_GZIP_MAGIC = b"\x1f\x8b"
_ROOT = re.compile(r"<(?:[A-Za-z_][\w.-]*:)?(urlset|sitemapindex|rss|rdf|feed|html)(?=[\s>/])", re.IGNORECASE)
_SITEMAP_LINE = re.compile(r"\s*site-?map\s*:\s*(\S+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """One ``url`` or ``sitemap`` element: the border behind which lxml's untyped elements end."""

    kind: str
    """``url`` or ``sitemap``."""
    address: str
    lastmod: str
    title: str
    published: str


def read_sitemap(body: bytes, *, url: str) -> Announcement:
    """Return the pages that a sitemap announces, or the sitemaps that a sitemap index does.

    The newest come first (by last change, else by publication), those without a date last, in file order. Read are
    XML, also compressed with gzip, plain text with an address a line, and RSS or Atom, which the protocol allows.

    Args:
        body: The sitemap, content encoding undone; one that is itself a gzip file is decompressed here.
        url: Its address after redirects.
    """
    problems: list[str] = []
    if body.startswith(_GZIP_MAGIC):
        body = _decompressed(body, problems)
    if len(body) > MAX_SITEMAP_BYTES:
        problems.append(f"the sitemap is longer than {MAX_SITEMAP_BYTES >> 20} MiB; the rest was not read")
        body = body[:MAX_SITEMAP_BYTES]
    if not body.strip():
        return Announcement(problems=(*problems, "the sitemap is empty"))
    text = markup.decode(body).lstrip("\ufeff\0 \t\r\n")
    root = _ROOT.search(text, markup.after_prologue(text))
    if not text.startswith("<"):
        return _read_lines(text, url, problems)
    if root is None or root[1].lower() == "html":
        what = "this is a web page, not a sitemap" if root or "<html" in text[:5_000].lower() else "this is no sitemap"
        return Announcement(problems=(*problems, what))
    if root[1].lower() in ("rss", "rdf", "feed"):
        from aggregator.discover.feeds import read_feed  # the two formats name each other

        found = read_feed(body, url=url)
        return Announcement(discoveries=found.discoveries, problems=(*problems, *found.problems))
    if f"{root[1].lower()}>" not in text[-1_000:].lower():
        problems.append("the sitemap breaks off before its end; what came before was read")
    return _announcement(_entries(text[root.start() :], problems), url, problems)


def _decompressed(body: bytes, problems: list[str]) -> bytes:
    """The content of a gzip file, bounded; what could be read of a damaged one."""
    parts: list[bytes] = []
    size = 0
    try:
        while body.startswith(_GZIP_MAGIC) and size <= MAX_SITEMAP_BYTES:
            member = zlib.decompressobj(wbits=31)
            parts.append(member.decompress(body, MAX_SITEMAP_BYTES + 1 - size))
            size += len(parts[-1])
            if not member.eof:
                if size <= MAX_SITEMAP_BYTES:
                    problems.append("the compressed sitemap breaks off; what came before was read")
                break
            body = member.unused_data
    except zlib.error as error:
        problems.append(f"the compressed sitemap is damaged ({error})")
    return b"".join(parts)


def _entries(text: str, problems: list[str]) -> Iterable[_Entry]:
    """Each url and sitemap element, in file order; the parser knows no entities, opens nothing, mends what it can."""
    from lxml import etree  # heavy, and untyped: it is used in this function and the next only

    parser: Any = etree.iterparse(
        io.BytesIO(markup.without_forbidden(text).encode("utf-8", "replace")),
        events=("end",),
        tag=("{*}url", "{*}sitemap"),
        encoding="utf-8",
        recover=True,
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        for _, element in parser:
            yield _entry(element)
            element.clear(keep_tail=False)
            while element.getprevious() is not None:
                del element.getparent()[0]
    except (etree.Error, ValueError, RecursionError) as error:
        problems.append(f"the sitemap could not be read to its end ({claims.plain(str(error)[:200])})")


def _entry(element: Any) -> _Entry:
    """One element in our own terms; ``image:loc`` and the like are deeper, or of another namespace."""

    def words(path: str) -> str:
        found = element.find(path)
        return str(found.text or "") if found is not None else ""

    name = str(element.tag)
    space, local = name[: name.find("}") + 1], name[name.find("}") + 1 :]
    return _Entry(
        kind=local,
        address=words(f"{space}loc"),
        lastmod=words(f"{space}lastmod"),
        title=words("{*}news/{*}title"),
        published=words("{*}news/{*}publication_date"),
    )


def _announcement(entries: Iterable[_Entry], url: str, problems: list[str]) -> Announcement:
    pages: dict[str, Discovery] = {}
    sitemaps: dict[str, datetime | None] = {}
    homeless = 0
    for number, entry in enumerate(entries):
        if number == MAX_ADDRESSES:
            problems.append(f"the sitemap has more than {MAX_ADDRESSES:,} addresses; the rest was not read")
            break
        address = claims.address(entry.address, url)
        lastmod = claims.instant(entry.lastmod)
        if address is None:
            homeless += 1
        elif entry.kind == "sitemap":
            sitemaps.setdefault(address, lastmod)
        elif address not in pages:
            pages[address] = Discovery(
                url=address,
                found_in=url,
                claimed_title=claims.plain(entry.title),
                claimed_at=claims.instant(entry.published),
                claimed_updated_at=lastmod,
            )
    if homeless:
        problems.append(f"{homeless:,} {'entry' if homeless == 1 else 'entries'} without an address")
    return Announcement(
        discoveries=tuple(sorted(pages.values(), key=lambda d: _newest_first(d.claimed_updated_at or d.claimed_at))),
        sitemaps=tuple(sorted(sitemaps, key=lambda address: _newest_first(sitemaps[address]))),
        problems=tuple(problems),
    )


def _newest_first(at: datetime | None) -> float:
    return -at.timestamp() if at else float("inf")


def _read_lines(text: str, url: str, problems: list[str]) -> Announcement:
    """A sitemap in plain text: an absolute address a line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    listed = [line for line in lines if line.lower().startswith(("http://", "https://"))]
    if not listed:
        return Announcement(problems=(*problems, "this is no sitemap"))
    if len(listed) < len(lines):
        problems.append(f"{len(lines) - len(listed):,} of {len(lines):,} lines are no addresses")
    entries = (_Entry(kind="url", address=line, lastmod="", title="", published="") for line in listed)
    return _announcement(entries, url, problems)


def read_robots(body: bytes, *, url: str) -> Announcement:
    """Return the sitemaps that a robots.txt names, in its order; its rules are read elsewhere.

    Args:
        body: The file, content encoding undone.
        url: Its address; a relative sitemap, against the protocol but seen, is resolved against it.
    """
    lines = (_SITEMAP_LINE.match(line) for line in markup.decode(body).splitlines())
    named = dict.fromkeys(a for line in lines if line and (a := claims.address(line[1], url)))
    problems: tuple[str, ...] = ()
    if len(named) > MAX_ROBOTS_SITEMAPS:
        problems = (f"robots.txt names {len(named):,} sitemaps; the first {MAX_ROBOTS_SITEMAPS} were kept",)
    return Announcement(sitemaps=tuple(named)[:MAX_ROBOTS_SITEMAPS], problems=problems)
