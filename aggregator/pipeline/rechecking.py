"""When an article is looked at again for edits. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

SOONEST = timedelta(hours=6)
RAREST = timedelta(days=90)


def check_at(born: datetime, checked_at: datetime) -> datetime:
    """Return when to look at an article again: half its age later, in the bounds of six hours and ninety days.

    So an article is looked at three times on its first day, ten times in its first two weeks, and eighteen times in its
    first year: most edits come early.

    Args:
        born: When it was published, or else announced.
        checked_at: When it was last looked at.
    """
    return checked_at + min(max((checked_at - born) / 2, SOONEST), RAREST)


def never(born: datetime, checked_at: datetime) -> None:
    """Return that it is not to be looked at again."""
