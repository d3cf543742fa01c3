"""From words and filters, as a command or a notebook is given them, to a query."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from aggregator.characters import whole
from aggregator.query import Only, Query, Within, parse


def asked(
    text: str,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    source_ids: Sequence[str] = (),
    languages: Sequence[str] = (),
) -> Query:
    """Return the query that words and filters make.

    Args:
        text: As typed.
        since: Published then or later.
        until: Published before then.
        source_ids: Only these sources; none: all.
        languages: Only these languages; none: all.

    Raises:
        UsageError: The text is too long, or a date in it is none.
    """
    filters: list[Only | Within] = []
    if source_ids:
        filters.append(Only("source", tuple(map(whole, source_ids))))
    if languages:
        filters.append(Only("language", tuple(map(whole, languages))))
    if since is not None or until is not None:
        filters.append(Within("published", since, until))
    query = parse(text)
    return query.also(*filters) if filters else query
