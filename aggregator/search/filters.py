"""From words and filters, as a command or a notebook is given them, to a query."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from aggregator.characters import whole
from aggregator.errors import UsageError
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
        UsageError: The text is too long, a date in it is none, or the time ends before it begins.
    """
    if since is not None and until is not None and since >= until:
        raise UsageError(f"nothing is published from {since:%Y-%m-%d} on and before {until:%Y-%m-%d}: it ends first.")
    filters: list[Only | Within] = []
    if source_ids:
        filters.append(Only("source", tuple(whole(each).lower() for each in source_ids)))
    if languages:
        filters.append(Only("language", tuple(whole(each).lower() for each in languages)))
    if since is not None or until is not None:
        filters.append(Within("published", since, until))
    query = parse(text)
    return query.also(*filters) if filters else query
