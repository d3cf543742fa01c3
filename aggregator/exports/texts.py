"""Articles as lines: JSON in the words of schema.org, or CSV for spreadsheets."""

from __future__ import annotations

import json
from typing import Any

from aggregator import schemaorg
from aggregator.access import Shown
from aggregator.exports.selection import Leaving
from aggregator.model import Cluster, Following

COLUMNS = (
    *("identifier", "version", "url", "headline", "author", "datePublished", "captured", "inLanguage"),
    *("publisher", "publisherName", "archivedAt", "articleBody", "family", "original", "copies"),
)
"""Of the CSV; the words are those of the JSON lines, but for the last three: which articles are that text, too."""


def said_of(leaving: Leaving, following: Following, catalogue: Shown) -> dict[str, Any]:
    """Return an article as a schema.org NewsArticle; no copy of ours is named where nothing public may lead to it."""
    source, capture = following.source(leaving.article.source_id), leaving.capture
    capture = capture if capture and catalogue.may_lead_to(capture, leaving.article) else None
    return schemaorg.news_article(leaving.article, leaving.version, capture, source)


def json_line(said: dict[str, Any]) -> bytes:
    """Return one line of JSON, with its line break."""
    return json.dumps(said, ensure_ascii=False).encode("utf-8", "replace") + b"\n"


def csv_cells(said: dict[str, Any], family: Cluster | None) -> list[str]:
    """Return the cells of an article, in the order of ``COLUMNS``; an empty one: not known.

    Args:
        said: The article, as a NewsArticle.
        family: To which it belongs; None: no copy of it is known.
    """
    publisher = said["publisher"]
    flat = said | {
        "author": "; ".join(author["name"] for author in said.get("author", ())),
        "captured": said.get("aggregator:captured"),
        "publisher": publisher["identifier"],
        "publisherName": publisher.get("name"),
        "family": family and family.id,
        "original": family and family.original,
        "copies": str(len(family.members) - 1 if family else 0),
    }
    return [flat.get(column) or "" for column in COLUMNS]
