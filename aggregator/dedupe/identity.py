"""Which article a reading belongs to, and whether it is a new version of it. Pure."""

from __future__ import annotations

import base64
import hashlib
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from aggregator import analysis, urls
from aggregator.model import ANNOUNCED, Article, Discovery, Reading, Sighting, Source, Version

_SET_ALIKE = {
    **dict.fromkeys(map(ord, "‘’‚‛´`‹›"), "'"),
    **dict.fromkeys(map(ord, "“”„‟«»"), '"'),
    **dict.fromkeys(map(ord, "–—‒―−‐‑"), "-"),
    **dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u2060\ufeff"), None),
}
"""Quotes and dashes to one form each; characters that nobody sees to nothing."""
_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"
"""Those of base32 (RFC 4648, section 6), in order."""
_ITEM = re.compile(r"^[\s•·*◦▪-]+", re.MULTILINE)


def article_id(source_id: str, key: str) -> str:
    """Return the id of an article: 12 base32 characters of SHA-256 over source and key, the same on every machine."""
    return short_digest(f"{source_id}\n{key}", 12)


def article_number(article_id: str) -> int:
    """Return an article's id as a number below 2^60."""
    return sum(_LETTERS.index(letter) << 5 * place for place, letter in enumerate(reversed(article_id)))


def numbered_article(number: int) -> str:
    """Return the id of the article of that number."""
    return "".join(_LETTERS[number >> 5 * place & 31] for place in reversed(range(12)))


def version_digest(title: str | None, text: str) -> str:
    """Return the digest of a version: 16 base32 characters of SHA-256 over the words of title and text.

    What a new theme or another editor's program changes is no edit: white space and where lines break, the form of
    quotes, dashes and dots, signs before the items of a list.
    """
    plain = unicodedata.normalize("NFKC", f"{title or ''}\n{text}").translate(_SET_ALIKE)
    return short_digest(" ".join(_ITEM.sub("", plain).split()), 16)


def short_digest(text: str, chars: int) -> str:
    """Return the first characters of a text's SHA-256 in base32, lower case."""
    return base64.b32encode(hashlib.sha256(text.encode("utf-8", "replace")).digest()).decode()[:chars].lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a reading means for an article: how it now is, and its new version."""

    article: Article
    sighting: Sighting
    versions: tuple[Version, ...] | None
    """All of them, oldest first; None: they are as they were."""


def decide(
    reading: Reading,
    *,
    known: Article | None,
    versions: Sequence[Version],
    sightings: Sequence[Sighting],
    announced: Discovery | None,
    source: Source,
    url: str,
    key: str,
    captured_at: datetime,
    record_id: str,
    generation: str,
) -> Decision:
    """Return what a page's reading makes of its article.

    The announced date goes before the one read on the page: in a feed it has its time of day. The announced title
    stands in where the page has none, or only the name of its site. An older capture that comes later, from an import,
    becomes the earlier version.

    Args:
        reading: As extracted.
        known: The article as it was; None: this is its first capture.
        versions: Its versions so far.
        sightings: When it was seen so far.
        announced: What a feed, sitemap or list page claimed; None: nothing did.
        source: Whose article it is.
        url: Where it was captured.
        key: What all addresses of the article have in common.
        captured_at: When.
        record_id: The WARC record that holds the page.
        generation: The extractor and its version.
    """
    claimed = announced or Discovery(url=url, found_in="")
    title = reading.title if _says_something(reading.title, source) else claimed.claimed_title or reading.title
    digest = version_digest(reading.title, reading.text)  # what the page says, not what a feed says of it
    ident = article_id(source.id, key)
    sighting = Sighting(article_id=ident, captured_at=captured_at, record_id=record_id, digest=digest)
    read = Version(
        article_id=ident,
        number=1,
        digest=digest,
        captured_at=captured_at,
        record_id=record_id,
        generation=generation,
        title=title,
        text=reading.text,
        read_title=reading.title,
        authors=reading.authors,
        claimed_at=reading.claimed_at,
        language=reading.language,
        problems=reading.problems,
        claimed_by=reading.claimed_by,
    )
    told = history((*sightings, sighting), (*versions, read))
    first_seen = min(captured_at, known.captured_at) if known else captured_at
    if known and told == tuple(versions) and first_seen == known.captured_at:
        return Decision(article=known, sighting=sighting, versions=None)
    newest = told[-1]
    claims = [(claimed.claimed_at, ANNOUNCED), (newest.claimed_at, newest.claimed_by)]
    claims += [(known.claimed_at, known.claimed_by)] if known else []
    claimed_at, claimed_by = next(((at, by) for at, by in claims if at), (None, None))
    article = Article(
        id=ident,
        source_id=source.id,
        url=url if newest.record_id == record_id or not known else known.url,
        title=newest.title,
        authors=newest.authors or ((claimed.claimed_author,) if claimed.claimed_author else ()),
        claimed_at=claimed_at,
        captured_at=first_seen,
        language=newest.language,
        text=newest.text,
        version=newest.digest,
        number=newest.number,
        problems=newest.problems,
        claimed_by=claimed_by,
    )
    return Decision(article=article, sighting=sighting, versions=told)


def history(sightings: Sequence[Sighting], versions: Sequence[Version]) -> tuple[Version, ...]:
    """Return an article's versions, oldest first: what differs from one sighting to the next, in order of capture.

    The order in which captures arrived does not matter. A capture in which nothing could be read is no version, unless
    nothing ever could. What a page of several posts shows of an article counts only until its own page is read.

    Args:
        sightings: All, in any order.
        versions: What was read, at least once for every text that a sighting names.
    """
    read: dict[str, Version] = {}
    for version in sorted(versions, key=lambda v: (v.is_stand_in, v.captured_at, v.record_id)):
        read.setdefault(version.digest, version)
    if any(version.text and not version.is_stand_in for version in read.values()):
        read = {digest: version for digest, version in read.items() if not version.is_stand_in}
    seen = sorted((s for s in sightings if s.digest in read), key=lambda s: (s.captured_at, s.record_id))
    seen = [s for s in seen if read[s.digest].text] or seen[:1]
    changes = [s for n, s in enumerate(seen) if n == 0 or s.digest != seen[n - 1].digest]
    return tuple(
        replace(read[s.digest], number=number, captured_at=s.captured_at, record_id=s.record_id)
        for number, s in enumerate(changes, start=1)
    )


def _says_something(title: str | None, source: Source) -> bool:
    folded = analysis.folded(title or "")
    return bool(folded) and folded not in (analysis.folded(source.name), analysis.folded(urls.host(source.url)))
