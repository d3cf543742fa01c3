"""What is followed, as scripts know it."""

from __future__ import annotations

from typing import Any

from aggregator.model import Source


def followed_json(source: Source) -> dict[str, Any]:
    """Return an entry of sources.yaml as scripts know it."""
    return {
        "id": source.id,
        "name": source.name,
        "url": source.url,
        "feeds": list(source.feeds),
        "languages": list(source.languages),
        "aliases": list(source.aliases),
        "tags": list(source.tags),
        "paused": source.paused,
    }
