"""Who may see what: the catalogue as it may be shown, with what was withdrawn left out.

    marks         how a withdrawn text is recognised without being kept
    copies        captures that may be replayed, and the decisions by which others may not
    redaction     a body without what is withdrawn from it
    asked         whether a query asks for what is withdrawn
    decided       what was decided to be withdrawn, and what recognises it
    shown         the catalogue without it
    telling       what may be told of what sites answer
    restrictions  of which sources not everybody may see everything

Every way out (search, show, reposts, exports) reads through ``opened``; a decision is in force with the next reading.
"""

from __future__ import annotations

from datetime import datetime

from aggregator.access.asked import asks_for_withdrawn
from aggregator.access.decided import Takedown, recogniser, recogniser_of, takedowns, withdrawals
from aggregator.access.marks import (
    GRAM_WORDS,
    MIN_PART_LETTERS,
    MIN_RARE_LETTERS,
    Marker,
    Marks,
    Recogniser,
    address_key,
    at_and_above,
    words_of,
)
from aggregator.access.restrictions import Restriction, Unlinked, restricted
from aggregator.access.shown import Shown, is_withdrawn, stands_in_head, text_of
from aggregator.access.telling import Discretion
from aggregator.home import Home


def opened(home: Home, *, now: datetime | None = None, leaving: bool = False) -> Shown:
    """Open the home's catalogue as it may be shown now.

    Args:
        home: Whose.
        now: When that is; None: as the clock says.
        leaving: For exports and feeds: leave out also what only staff may see.

    Raises:
        SourcesError: sources.yaml is refused, and it says something about access.
        StoreError: The catalogue is missing, damaged or of another version, or the events cannot be read.
    """
    return Shown(home, now=now, leaving=leaving)


def discretion(home: Home, now: datetime) -> Discretion:
    """Return what tells whether something may be said of what a site answers, of a home without a catalogue, too.

    Raises:
        SourcesError: sources.yaml is refused, and it says something about access.
        StoreError: The catalogue is missing, damaged or of another version, or the events cannot be read.
    """
    if home.is_new:
        return Discretion(recogniser_of(home, [each.everywhere for each in withdrawals(home) if each.in_force(now)]))
    with opened(home, now=now) as shown:
        return shown.discretion()


def unlinked(home: Home, now: datetime) -> Unlinked:
    """Return the sources to whose copies nothing may lead, neither a link nor a feed nor a replay.

    Raises:
        SourcesError: sources.yaml is refused, and it says something about access.
        StoreError: The events cannot be read.
    """
    return Unlinked.of([one for one in restricted(home) if one.no_links or one.is_closed(now, leaving=True)])


__all__ = [
    "GRAM_WORDS",
    "MIN_PART_LETTERS",
    "MIN_RARE_LETTERS",
    "Discretion",
    "Marker",
    "Marks",
    "Recogniser",
    "Restriction",
    "Shown",
    "Takedown",
    "Unlinked",
    "address_key",
    "asks_for_withdrawn",
    "at_and_above",
    "discretion",
    "is_withdrawn",
    "opened",
    "recogniser",
    "restricted",
    "stands_in_head",
    "takedowns",
    "text_of",
    "unlinked",
    "withdrawals",
    "words_of",
]
