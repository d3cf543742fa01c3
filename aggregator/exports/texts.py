"""Articles as lines: JSON in the words of schema.org, or CSV for spreadsheets."""

from __future__ import annotations

import csv
import io
import json
import unicodedata
from collections.abc import Iterable
from typing import Any

from aggregator import schemaorg
from aggregator.exports.selection import Leaving
from aggregator.model import Following

COLUMNS = (
    *("identifier", "version", "url", "headline", "author", "datePublished", "captured", "inLanguage"),
    *("publisher", "publisherName", "archivedAt", "articleBody"),
)
"""Of the CSV; the words are those of the JSON lines."""
_FORMULA = "=+-@"
_IGNORED = ("Z", "C")
"""Classes of characters (blanks, controls, invisible marks) that a spreadsheet may pass over before a formula."""


def said_of(leaving: Leaving, following: Following) -> dict[str, Any]:
    """Return an article as a schema.org NewsArticle; no copy of ours is named where nothing public may lead to it."""
    source = following.source(leaving.article.source_id)
    capture = None if source and source.no_links else leaving.capture
    return schemaorg.news_article(leaving.article, leaving.version, capture, source)


def json_line(said: dict[str, Any]) -> bytes:
    """Return one line of JSON, with its line break."""
    return json.dumps(said, ensure_ascii=False).encode("utf-8", "replace") + b"\n"


def csv_line(cells: Iterable[str]) -> bytes:
    """Return one line of CSV (RFC 4180, UTF-8), no cell of which is a formula."""
    line = io.StringIO()
    csv.writer(line).writerow([harmless(cell) for cell in cells])
    return line.getvalue().encode("utf-8", "replace")


def csv_cells(said: dict[str, Any]) -> list[str]:
    """Return the cells of an article, in the order of ``COLUMNS``; an empty one: not known."""
    publisher = said["publisher"]
    flat = said | {
        "author": "; ".join(author["name"] for author in said.get("author", ())),
        "captured": said.get("aggregator:captured"),
        "publisher": publisher["identifier"],
        "publisherName": publisher.get("name"),
    }
    return [flat.get(column) or "" for column in COLUMNS]


def harmless(cell: str) -> str:
    """Return what a spreadsheet takes for text.

    A cell that could be read as a formula gets an apostrophe before it, as OWASP advises: one that begins with ``=``,
    ``+``, ``-``, ``@``, a tab or a line break, also behind blanks, or in their full-width forms. Line breaks become LF.
    """
    text = cell.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    shown = next((c for c in text if unicodedata.category(c)[0] not in _IGNORED), " ")
    formula = unicodedata.normalize("NFKC", shown)[0] in _FORMULA or text.startswith(("\t", "\n"))
    return f"'{text}" if formula else text
