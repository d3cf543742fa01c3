"""What scripts know of things: the values that ``--json`` prints and the pages' interface answers, ready for JSON.

    hits      what a search found
    articles  one article, its versions, and what changed from one to another
    families  who has a text, and who had it first
    context   the places where a word stands
    curves    how much of a query there is over time
    saved     saved searches
    runs      what visits brought, and what is the matter with a source
    sources   what is followed
    status    how the sources and the home are doing

docs/reference/json.md names every key. Keys may be added; none is renamed or removed.
"""

from __future__ import annotations

from datetime import datetime

from aggregator import periods


def iso(instant: datetime | None) -> str | None:
    """Return an instant in ISO 8601, UTC, to the second; None stays None."""
    return periods.instant(instant) if instant else None
