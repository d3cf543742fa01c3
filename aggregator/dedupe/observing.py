"""What was observed at an article's address: a 404, a login wall, a throttle and an empty text are four things."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from aggregator.model import Capture, Observation, Sighting, Version

SEEN, BACK, EMPTY = "seen", "back", "empty"
VANISHED, BLOCKED, UNAVAILABLE = "vanished", "blocked", "unavailable"

_GONE = (404, 410)
_BARRED = (401, 402, 403, 407, 451)
_LOGIN = re.compile(r"[/?&_-](?:log-?in|sign-?in|connexion|anmelden|auth)\b", re.IGNORECASE)


def observations(
    captures: Iterable[Capture], sightings: Sequence[Sighting], versions: Sequence[Version]
) -> list[Observation]:
    """Return what was observed of an article, oldest first: only where it differs from the observation before.

    An absence is never more than that: seen at one instant, not there at a later one.

    Args:
        captures: Every capture at its addresses, in any order.
        sightings: When its text was read.
        versions: Its versions.
    """
    texts = {version.digest for version in versions if version.text}
    read = {sighting.record_id: sighting.digest in texts for sighting in sightings}
    found: list[Observation] = []
    at_a_login = False
    for capture in sorted(captures, key=lambda c: (c.captured_at, c.record_id)):
        if at_a_login and capture.url != capture.asked_url:
            continue  # what stands where a login was asked for says nothing of the article
        at_a_login = capture.location is not None and bool(_LOGIN.search(capture.location))
        what, why = _observed(capture, read.get(capture.refers_to or capture.record_id))
        before = found[-1].what if found else None
        if what == SEEN and before not in (None, SEEN, BACK):
            what = BACK
        if what and what != before and not (what == SEEN and before == BACK):
            found.append(Observation(at=capture.captured_at, what=what, why=why, record_id=capture.record_id))
    return found


def _observed(capture: Capture, has_text: bool | None) -> tuple[str | None, str]:
    status = f"HTTP {capture.status}"
    if capture.status in _GONE:
        return VANISHED, status
    if capture.status in _BARRED:
        return BLOCKED, status
    if capture.location is not None:
        return (BLOCKED, f"{status} to {capture.location}") if _LOGIN.search(capture.location) else (None, "")
    if capture.status == 429 or capture.status >= 500 or capture.truncated or capture.problem:
        return UNAVAILABLE, capture.truncated or capture.problem or status
    if has_text is None:
        return None, ""
    return (SEEN, "") if has_text else (EMPTY, "no text could be read")
