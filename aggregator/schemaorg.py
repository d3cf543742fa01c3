"""An article's version in the words of schema.org, one JSON object: what a person or another program can read of it.

The same object holds what the extractor read (``aggregator:reading``), so that a rebuild need not extract again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from aggregator.model import Article, Capture, Reading, Source, Version


def news_article(article: Article, version: Version, capture: Capture | None, source: Source | None) -> dict[str, Any]:
    """Return a version as a schema.org NewsArticle.

    Args:
        article: Whose version it is.
        version: As catalogued.
        capture: What it was read from; None: the archive no longer has it.
        source: The publisher; None: sources.yaml no longer has it.
    """
    said: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "identifier": article.id,
        "version": version.digest,
        "url": article.url,
        "headline": version.title,
        "author": [{"@type": "Person", "name": name} for name in version.authors],
        "datePublished": _iso(article.claimed_at),
        "inLanguage": version.language,
        "articleBody": version.text,
        "publisher": {"@type": "Organization", "identifier": article.source_id},
        "aggregator:captured": _iso(version.captured_at),
        "aggregator:generation": version.generation,
    }
    if source:
        said["publisher"] |= {"name": source.name, "url": source.url}
    if capture:
        said["archivedAt"] = f"archive/{capture.file}#{capture.offset}"
    return {key: value for key, value in said.items() if value not in (None, [])}


def with_reading(said: dict[str, Any], version: Version, posts: int) -> dict[str, Any]:
    """Return a NewsArticle with what the extractor read and schema.org has no word for.

    Args:
        said: The NewsArticle.
        version: What it says in schema.org's words.
        posts: How many articles were read in the same record.
    """
    return said | {
        "aggregator:reading": {
            "record": version.record_id,
            "posts": posts,
            "title": version.read_title,
            "authors": list(version.authors),
            "claimed": _iso(version.claimed_at),
            "claimed_by": version.claimed_by,
            "language": version.language,
            "problems": list(version.problems),
        }
    }


def readings(lines: Iterable[dict[str, Any]]) -> Iterator[tuple[str, Reading, int, str]]:
    """Yield the record each line was read from, the reading, of how many there, and by which extractor and rules.

    Lines that do not hold these are passed over.
    """
    for said in lines:
        try:
            yield *reading_of(said), str(said.get("aggregator:generation"))
        except ValueError:
            continue


def reading_of(said: dict[str, Any]) -> tuple[str, Reading, int]:
    """Return the record that a line was read from, the reading, and how many articles were read in that record.

    Raises:
        ValueError: It does not hold them.
    """
    try:
        read = said["aggregator:reading"]
        claimed = read["claimed"]
        reading = Reading(
            title=read["title"],
            authors=tuple(read["authors"]),
            claimed_at=datetime.fromisoformat(claimed) if claimed else None,
            claimed_by=read["claimed_by"],
            language=read["language"],
            text=said.get("articleBody", ""),
            problems=tuple(read["problems"]),
            url=said["url"] if read["posts"] > 1 else None,
        )
        return str(read["record"]), reading, int(read["posts"])
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"this line holds no reading ({error!r})") from error


def _iso(instant: datetime | None) -> str | None:
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if instant else None
