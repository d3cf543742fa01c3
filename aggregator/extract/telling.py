"""Pages and readings as JSON has them: what passes between processes and what is kept in files is data, never objects.

Light: whoever only reads what others extracted loads no extractor.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any

from aggregator.model import ExtractRule, Reading


def about(
    *,
    url: str,
    content_type: str,
    captured_at: datetime,
    languages: tuple[str, ...] = (),
    rule: ExtractRule | None = None,
    with_comments: bool = False,
) -> dict[str, Any]:
    """Return what a reading depends on besides the page and the extractor; the arguments are those of ``read_page``."""
    return {
        "url": url,
        "content_type": content_type,
        "captured_at": captured_at.isoformat(),
        "languages": list(languages),
        "rule": rule and rule.inputs,
        "with_comments": with_comments,
    }


def key(body: bytes, said: dict[str, Any]) -> str:
    """Return the SHA-256, hexadecimal, of all that one extractor's reading of a page depends on.

    Args:
        body: The decoded body.
        said: What is known about it, as ``about`` says it.
    """
    digest = hashlib.sha256(json.dumps(said, sort_keys=True).encode() + b"\n")
    digest.update(body)
    return digest.hexdigest()


def told(reading: Reading) -> dict[str, Any]:
    """Return a reading as JSON has it."""
    return {
        "title": reading.title,
        "authors": list(reading.authors),
        "claimed_at": reading.claimed_at and reading.claimed_at.isoformat(),
        "claimed_by": reading.claimed_by,
        "canonical_url": reading.canonical_url,
        "modified_at": reading.modified_at and reading.modified_at.isoformat(),
        "language": reading.language,
        "text": reading.text,
        "comments": reading.comments,
        "problems": list(reading.problems),
        "url": reading.url,
        "posts": [told(post) for post in reading.posts],
    }


def reading_of(said: dict[str, Any]) -> Reading:
    """Return the reading that ``told`` gave."""
    return Reading(
        title=said["title"],
        authors=tuple(said["authors"]),
        claimed_at=_instant(said["claimed_at"]),
        claimed_by=said["claimed_by"],
        modified_at=_instant(said["modified_at"]),
        language=said["language"],
        text=said["text"],
        comments=said["comments"],
        problems=tuple(said["problems"]),
        url=said["url"],
        canonical_url=said["canonical_url"],
        posts=tuple(reading_of(post) for post in said["posts"]),
    )


def _instant(said: str | None) -> datetime | None:
    return datetime.fromisoformat(said) if said else None
