"""RFC 7089 (Memento): which capture is meant, links between captures, lists of them. Pure.

An instant counts to the second, as an HTTP date does: of two captures of one second the later one is the memento.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

from aggregator.errors import UsageError
from aggregator.model import Capture
from aggregator.replay.addresses import copy_path, timestamp

LINK_FORMAT = "application/link-format"
_DATE = re.compile(
    r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4}"
    r" \d{2}:\d{2}:\d{2} GMT",
    re.ASCII,
)


def second_of(capture: Capture) -> datetime:
    """Return when something was captured, to the second."""
    return capture.captured_at.astimezone(UTC).replace(microsecond=0)


def one_a_second(captures: Sequence[Capture]) -> list[Capture]:
    """Return captures of one address, oldest first, without those that a later one of the same second hides."""
    return list({second_of(capture): capture for capture in captures}.values())


def nearest(captures: Sequence[Capture], when: datetime) -> Capture:
    """Return the capture that is nearest to an instant, of two equally near the earlier.

    Args:
        captures: One or more, oldest first.
        when: To the second.
    """
    return min(one_a_second(captures), key=lambda capture: abs(second_of(capture) - when))


def http_date(at: datetime) -> str:
    """Return an instant as HTTP writes it."""
    return format_datetime(at.astimezone(UTC).replace(microsecond=0), usegmt=True)


def wanted(accept_datetime: str) -> datetime:
    """Return the instant that an Accept-Datetime header names.

    Raises:
        UsageError: It is none in the one form that RFC 7089 knows (section 2.1.1).
    """
    try:
        if _DATE.fullmatch(accept_datetime):
            return parsedate_to_datetime(accept_datetime).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise UsageError("Accept-Datetime is no date as HTTP writes it: Sat, 06 Feb 2010 12:00:00 GMT is one.")


def link_header(origin: str, url: str, *mementos: Capture) -> str:
    """Return the Link header for an address: the original, TimeGate and TimeMap, and captures.

    Args:
        origin: Of this server, scheme to port.
        url: The original address.
        mementos: Captures of it.
    """
    return ", ".join(
        [
            f'<{url}>; rel="original"',
            f'<{origin}/timegate/{url}>; rel="timegate"',
            f'<{origin}/timemap/link/{url}>; rel="timemap"; type="{LINK_FORMAT}"',
            *(_memento(origin, url, capture, "memento") for capture in mementos),
        ]
    )


def timemap(origin: str, url: str, captures: Sequence[Capture]) -> str:
    """Return the TimeMap of an address (RFC 7089, section 5).

    Args:
        origin: Of this server, scheme to port.
        url: The original address.
        captures: One or more, oldest first.
    """
    shown = one_a_second(captures)
    first, last = http_date(second_of(shown[0])), http_date(second_of(shown[-1]))
    lines = [
        f'<{url}>; rel="original"',
        f'<{origin}/timemap/link/{url}>; rel="self"; type="{LINK_FORMAT}"; from="{first}"; until="{last}"',
        f'<{origin}/timegate/{url}>; rel="timegate"',
    ]
    for place, capture in enumerate(shown):
        ends = [name for name, at in (("first", 0), ("last", len(shown) - 1)) if place == at]
        lines.append(_memento(origin, url, capture, " ".join((*ends, "memento"))))
    return ",\n".join(lines) + "\n"


def _memento(origin: str, url: str, capture: Capture, rel: str) -> str:
    at = second_of(capture)
    return f'<{origin}{copy_path(timestamp(at), url)}>; rel="{rel}"; datetime="{http_date(at)}"'
