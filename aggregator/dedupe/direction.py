"""Which of two articles had a text first, with the reasons. Pure."""

from __future__ import annotations

from datetime import UTC

from aggregator import urls
from aggregator.dedupe.known import Candidate, is_before


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
    reasons = []
    if credited := _by_credit(a, b):
        origin, line, copy = credited
        reasons.append(f"{copy.called} credits {origin.called}: {line!r}")
        if is_before(copy.published_at, origin.published_at):
            reasons.append("its claimed date is earlier, which a copy's cannot be")
        return origin.article.id, reasons
    if kind == "mirror":
        origin = a if a.source and urls.host(b.article.url) in a.source.mirrors else b
        return origin.article.id, ["sources.yaml calls the other a mirror"]
    for one, other in ((a, b), (b, a)):
        if is_before(one.published_at, other.published_at):
            dates = [f"{c.published_at:%Y-%m-%d %H:%M}" for c in (one, other)]
            return one.article.id, [f"claimed dates (UTC): {dates[0]} before {dates[1]}"]
    for one, other in ((a, b), (b, a)):
        if one.published_at is None and is_before(one.article.captured_at, other.published_at):
            seen = f"{one.article.captured_at.astimezone(UTC):%Y-%m-%d %H:%M}"
            return one.article.id, [f"{one.called} was seen here on {seen} (UTC), before the other claims to be"]
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
        return origin.article.id, [f"{copy.called} has what {origin.called} said before its edit"]
    return None, ["undecided: no credit, and the claimed dates do not tell"]


def _by_credit(a: Candidate, b: Candidate) -> tuple[Candidate, str, Candidate] | None:
    """Return the credited one, the line, and who credits; None: neither does, or each the other."""
    found = [(origin, line, copy) for copy, origin in ((a, b), (b, a)) if (line := credit_line(copy, origin))]
    return found[0] if len(found) == 1 else None


def credit_line(copy: Candidate, origin: Candidate) -> str:
    """Return the line in which one credits the other's source; empty: there is none."""
    if copy.article.source_id == origin.article.source_id:
        return ""
    return next((c.line for c in copy.credits if c.source_id == origin.article.source_id), "")
