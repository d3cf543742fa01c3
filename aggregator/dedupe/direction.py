"""Which of two articles had a text first, with the reasons. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from aggregator import urls
from aggregator.dedupe.known import Candidate, called_apart, is_before, is_day


def direction(a: Candidate, b: Candidate, kind: str, a_version: str, b_version: str) -> tuple[str | None, list[str]]:
    """Return which article had the text first, and why; None: the evidence does not decide.

    The first of these that decides: a joint release has no original; one credits the other's source; a mirror was not
    first; the claimed dates; one was seen here before the other claims to be; a copy of what the other no longer says.

    Args:
        a: One.
        b: The other.
        kind: Of their match.
        a_version: Digest of the version of ``a`` that is most like the other's.
        b_version: Likewise.
    """
    if kind == "joint":
        return None, ["a joint release has no original"]
    called = called_apart(a, b)
    reasons = []
    if credited := _by_credit(a, b):
        origin, copy = credited
        reasons.append(credits_told(copy, origin))
        if is_before(copy.published_at, origin.published_at):
            reasons.append(f"{called[copy.article.id]} claims an earlier date, which a copy's cannot be")
        return origin.article.id, reasons
    if kind == "mirror":
        origin = a if a.source and urls.host(b.article.url) in a.source.mirrors else b
        mirror = b if origin is a else a
        return origin.article.id, [
            f"{called[mirror.article.id]} is a mirror of {called[origin.article.id]}, by sources.yaml"
        ]
    for one, other in ((a, b), (b, a)):
        if is_before(one.published_at, other.published_at):
            return one.article.id, [_dates_told(one, other, called)]
    for one, other in ((a, b), (b, a)):
        if one.published_at is None and is_before(one.article.captured_at, other.published_at):
            name, its_name = called[one.article.id], called[other.article.id]
            seen = f"{name} was seen here on {_minute(one.article.captured_at)} (UTC)"
            return one.article.id, [f"{seen}, before {its_name} claims to be"]
    if kind == "migrated":
        origin = max((a, b), key=lambda c: (len(c.source.name) if c.source else 0, c.article.id))
        return origin.article.id, [f"{origin.source.name if origin.source else ''!r} is the older place, by its name"]
    stale = [
        (origin, copy)
        for origin, version, copy, theirs in ((a, a_version, b, b_version), (b, b_version, a, a_version))
        if version != origin.article.version and theirs == copy.article.version and len(copy.versions) == 1
    ]
    if len(stale) == 1:
        origin, copy = stale[0]
        return origin.article.id, [
            f"{called[copy.article.id]} has what {called[origin.article.id]} said before its edit"
        ]
    return None, ["undecided: no credit, and the claimed dates do not tell"]


def _dates_told(earlier: Candidate, later: Candidate, called: Mapping[str, str]) -> str:
    """Return in words that one was published before the other: days where no time is claimed, and what we saw."""
    if all(c.published_at == c.article.claimed_at for c in (earlier, later)):
        dates = [_told(c.article.claimed_at) for c in (earlier, later)]
        has_time = not all(is_day(c.article.claimed_at) for c in (earlier, later) if c.article.claimed_at)
        return f"claimed dates{' (UTC)' if has_time else ''}: {dates[0]} before {dates[1]}"
    told = []
    for c in (earlier, later):
        is_claimed = c.published_at == c.article.claimed_at
        at = _told(c.article.claimed_at) if is_claimed else _minute(c.article.captured_at)
        told.append(f"{called[c.article.id]} {'claims' if is_claimed else 'was seen here on'} {at}")
    return f"{told[0]}, before {told[1]} (UTC)"


def _told(at: datetime | None) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d}" if at and is_day(at) else _minute(at)


def _minute(at: datetime | None) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M}" if at else "–"


def credits_told(copy: Candidate, origin: Candidate) -> str:
    """Return in words that one credits the other's source, in a line of its text; empty: it does not."""
    line = credit_line(copy, origin)
    return f"{copy.called} credits {origin.called}: {line!r}" if line else ""


def _by_credit(a: Candidate, b: Candidate) -> tuple[Candidate, Candidate] | None:
    """Return the credited one, and who credits; None: neither does, or each the other."""
    found = [(origin, copy) for copy, origin in ((a, b), (b, a)) if credit_line(copy, origin)]
    return found[0] if len(found) == 1 else None


def credit_line(copy: Candidate, origin: Candidate) -> str:
    """Return the line in which one credits the other's source; empty: there is none."""
    if copy.article.source_id == origin.article.source_id:
        return ""
    return next((c.line for c in copy.credits if c.source_id == origin.article.source_id), "")
