"""What a search found, as scripts know it."""

from __future__ import annotations

from typing import Any

from aggregator.model import Hit, Results
from aggregator.shapes import iso

FACET_VALUES = 20
"""Sources and languages that are counted one by one: those with most."""


def results_json(results: Results) -> dict[str, Any]:
    """Return results as scripts know them."""
    return {
        "query": results.query,
        "total": results.total,
        "texts": results.texts,
        "took_ms": results.took_ms,
        "note": results.note,
        "instead": results.instead,
        "hits": [hit_json(hit) for hit in results.hits],
        "facets": {
            name: [list(pair) for pair in (values if name == "month" else values[:FACET_VALUES])]
            for name, values in results.facets.items()
        },
    }


def hit_json(hit: Hit) -> dict[str, Any]:
    """Return a hit as scripts know it."""
    article = hit.article
    return {
        "id": article.id,
        "url": article.url,
        "title": article.title,
        "source": article.source_id,
        "language": article.language,
        "published": iso(article.claimed_at),
        "published_from": article.claimed_by,
        "captured": iso(hit.captured_at),
        "first_captured": iso(article.captured_at),
        "version": article.version,
        "number": hit.number,
        "versions": hit.versions,
        "score": hit.score,
        "title_marked": hit.title,
        "snippet": hit.snippet,
        "copies": list(hit.copies),
        "original": hit.original,
        "translations": [{"id": other, "language": language} for other, language in hit.translations],
        "archived_url": hit.archived,
    }
