"""Our own server of archived copies beside pywb: what both answer for the same addresses and times.

Where a site said that nothing had changed, pywb says so too; ours shows what had not changed, as of then. There pywb is
asked for that.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise

from aggregator.home import Home
from aggregator.model import Capture
from aggregator.replay import serving as replaying
from tests.conformance.tools import Replay, Replayed, answer_of
from tests.webbed import as_of_many, serving

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Both:
    """Asks pywb and us; each method returns where the answers for an address differ, or None."""

    theirs: Replay
    ours: str
    """The address of our server."""
    captures: Sequence[Capture]
    """What both hold."""

    def pages(self, url: str) -> str | None:
        """Status and date of what is shown: at each capture, before, between and after them."""
        for when in self._times(url):
            if trouble := _differ(
                url, when, self._theirs(url, when, "mp_")[:2], _shown(self._ours(f"/web/{_stamp(when)}/{url}"))
            ):
                return trouble
        return None

    def bytes(self, url: str) -> str | None:
        """Date and digest of the bytes, at the same times."""
        for when in self._times(url):
            ours = _held(self._ours(f"/web/{_stamp(when)}id_/{url}"))
            if trouble := _differ(url, when, self._theirs(url, when, "id_")[1:], ours):
                return trouble
        return None

    def timegate(self, url: str) -> str | None:
        """The capture that both lead to, at the same times."""
        for when in self._times(url):
            asked = {"Accept-Datetime": _date(when)}
            theirs = self.theirs.get(url, **asked)
            if trouble := _differ(url, when, _led(theirs), _led(answer_of(f"{self.ours}/timegate/{url}", **asked))):
                return trouble
        return None

    def timemap(self, url: str) -> str | None:
        """The times of all captures."""
        theirs, ours = self.theirs.timemap(url), answer_of(f"{self.ours}/timemap/link/{url}")
        return _differ(url, None, _times_in(theirs), _times_in(ours))

    def _times(self, url: str) -> list[datetime]:
        seen = sorted({c.captured_at.astimezone(UTC).replace(microsecond=0) for c in self.captures if c.url == url})
        between = [one + (other - one) / 3 for one, other in pairwise(seen)]  # none is as near
        return [seen[0] - DAY, *seen, *(when.replace(microsecond=0) for when in between), seen[-1] + DAY]

    def _theirs(self, url: str, when: datetime, how: str) -> tuple[object, ...]:
        """Status, date and digest of what pywb answers."""
        answer = self.theirs.get(url, _stamp(when), how)
        dated = answer.headers.get("Memento-Datetime")
        if answer.status == 304:
            said = next(c for c in self.captures if c.url == url and _date(c.captured_at) == dated)
            meant = next(c for c in self.captures if c.record_id == said.refers_to)
            answer = self.theirs.get(url, _stamp(meant.captured_at), how)
        return answer.status, dated, _digest(answer)

    def _ours(self, path: str) -> Replayed:
        """What we answer; of the nearest capture we first say where it is."""
        answer = answer_of(self.ours + path)
        if answer.status == 302 and "Memento-Datetime" not in answer.headers:
            answer = answer_of(answer.headers["Location"])
        return answer


@contextmanager
def beside(theirs: Replay, home: Home, captures: Sequence[Capture]) -> Iterator[Both]:
    """Serve our copies of a home."""
    with serving(as_of_many(replaying.application(home))) as ours:
        yield Both(theirs, ours, captures)


def _shown(answer: Replayed) -> tuple[object, ...]:
    return answer.status, answer.headers.get("Memento-Datetime")


def _held(answer: Replayed) -> tuple[object, ...]:
    return answer.headers.get("Memento-Datetime"), _digest(answer)


def _digest(answer: Replayed) -> str:
    return hashlib.sha256(answer.body).hexdigest()


def _led(answer: Replayed) -> tuple[object, ...]:
    mementos = re.findall(r'rel="[^"]*\bmemento\b[^"]*"; datetime="([^"]*)"', answer.headers.get("Link", ""))
    return "accept-datetime" in answer.headers.get("Vary", "").lower(), mementos


def _times_in(answer: Replayed) -> tuple[object, ...]:
    return tuple(sorted(set(re.findall(r'datetime="([^"]*)"', answer.body.decode()))))


def _differ(url: str, when: datetime | None, theirs: tuple[object, ...], ours: tuple[object, ...]) -> str | None:
    return None if theirs == ours else f"{url} at {when}: pywb {theirs}, ours {ours}"


def _date(when: datetime) -> str:
    return format_datetime(when.astimezone(UTC), usegmt=True)


def _stamp(when: datetime) -> str:
    return f"{when:%Y%m%d%H%M%S}"
