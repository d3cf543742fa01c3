"""What two articles are to each other, by what their texts share, and which had it first. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time

from aggregator import credits, urls
from aggregator.dedupe.identity import short_digest
from aggregator.dedupe.sharing import Overlap, Words, overlap
from aggregator.model import Article, Credit, Match, Relation, Source, Version

MAX_CANDIDATES = 50
MAX_VERSIONS = 4
"""Of an article edited more often, the first and the newest three are compared."""
WHOLE_SPAN = 0.7
"""The share of a text from the first to the last shared word at which it counts as taken whole: what lies outside is a
credit line, a teaser or furniture that the extractor left in. Demo world: 0.74 and more for whole copies."""
UNCHANGED = 0.95
"""The share of the words inside that span at which they count as unchanged; a bridged typo or two."""
EDITED_COVERAGE = 0.5
CUT_COVERAGE = 0.75
HEAD_ENDS = 0.85
"""A copy of the beginning leaves at least the last 15 % of the longer text out."""
MIN_PARTIAL_WORDS = 30
"""What two texts of different sites must share, where neither is a copy of the other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One side of a comparison."""

    article: Article
    versions: Sequence[Version]
    credits: Sequence[Credit]
    source: Source | None
    """None: sources.yaml no longer has it."""


def match(one: Candidate, other: Candidate) -> Match | None:
    """Return the evidence that one of two articles reuses the other; None: there is not enough.

    Every version of both is tried, so that a copy taken before an edit is still found. The result does not depend on
    the order of the two.
    """
    a, b = sorted((one, other), key=lambda c: c.article.id)
    best: tuple[Overlap, Version, Version] | None = None
    for a_version in _compared(a.versions):
        for b_version in _compared(b.versions):
            found = overlap(a_version.text, b_version.text)
            if found and (best is None or found.words > best[0].words):
                best = (found, a_version, b_version)
    if best is None:
        return None
    shared, a_version, b_version = best
    relation, kind, why = _relation(shared, a, b, a_version, b_version)
    if relation is None:
        return None
    first, reasons = _direction(a, b, kind)
    shorter = a if shared.a.coverage > shared.b.coverage else b
    if kind == "truncated" and first == shorter.article.id:
        kind, why = (
            "edited",
            why.replace("the shorter is the beginning of the longer", "the longer adds to the shorter"),
        )
    return Match(
        a=a.article.id,
        b=b.article.id,
        a_version=a_version.digest,
        b_version=b_version.digest,
        relation=relation,
        kind=kind,
        first=first,
        a_coverage=shared.a.coverage,
        b_coverage=shared.b.coverage,
        passages=shared.passages,
        evidence=(why, *reasons),
    )


def _compared(versions: Sequence[Version]) -> Sequence[Version]:
    """Return the versions to compare: all of a few, else the first and the newest."""
    return versions if len(versions) <= MAX_VERSIONS else (versions[0], *versions[1 - MAX_VERSIONS :])


def _relation(
    shared: Overlap, a: Candidate, b: Candidate, a_version: Version, b_version: Version
) -> tuple[Relation | None, str, str]:
    low, high = sorted((shared.a, shared.b), key=lambda side: side.coverage)
    names = [c.article.source_id or "the text given" for c in (a, b)]
    shares = [f"{side.coverage:.0%} of {name}" for side, name in zip((shared.a, shared.b), names, strict=True)]
    said = f"{shared.words} words shared: {', '.join(shares)}"
    if high.coverage >= CUT_COVERAGE and low.start < 1 - HEAD_ENDS and low.end < HEAD_ENDS:
        return Relation.DUP, "truncated", f"{said}; the shorter is the beginning of the longer"
    if all(s.end - s.start >= WHOLE_SPAN and s.unchanged >= UNCHANGED for s in (low, high)):
        return Relation.DUP, *_whole(a, b, a_version, b_version, said)
    if low.coverage >= EDITED_COVERAGE:
        return Relation.DUP, "edited", said
    elsewhere = a.article.source_id != b.article.source_id
    if elsewhere and (shared.words >= MIN_PARTIAL_WORDS or high.coverage >= CUT_COVERAGE):
        return Relation.PARTIAL, "excerpt", said
    return None, "", ""


def _whole(a: Candidate, b: Candidate, a_version: Version, b_version: Version, said: str) -> tuple[str, str]:
    """Return the kind of a match in which each text holds the other whole, and why."""
    if _mirrors(a, b):
        return "mirror", f"{said}; same path on a mirror host"
    if credits.is_joint(a_version.text) and credits.is_joint(b_version.text):
        return "joint", f"{said}; both say that several signed it"
    if (a_version.digest, b_version.digest) != (a.article.version, b.article.version):
        return "edited", f"{said}; copied before an edit, today's texts differ"
    titles = a_version.title, b_version.title
    if all(titles) and _fold_title(titles[0]) != _fold_title(titles[1]):
        return "retitled", f"{said}; the titles differ"
    return "verbatim", said


def _fold_title(title: str | None) -> list[str]:
    return Words(title or "").folded


def _mirrors(a: Candidate, b: Candidate) -> bool:
    for one, other in ((a, b), (b, a)):
        hosts = one.source.mirrors if one.source else ()
        if urls.host(other.article.url) in hosts:
            return urls.path_and_query(one.article.url) == urls.path_and_query(other.article.url)
    return False


def naming_digest(sources: Sequence[Source]) -> str:
    """Return a digest of all in sources.yaml that credits and matches depend on."""
    names = sorted(repr((s.id, s.name, s.url, sorted(s.aliases), sorted(s.mirrors))) for s in sources)
    return short_digest("\n".join(names), 16)


def _direction(a: Candidate, b: Candidate, kind: str) -> tuple[str | None, list[str]]:
    """Return which article had the text first, and why; None: the evidence does not decide."""
    if kind == "joint":
        return None, ["a joint release has no original"]
    credited = [
        (copy, origin)
        for copy, origin in ((a, b), (b, a))
        if any(c.source_id == origin.article.source_id for c in copy.credits)
        and copy.article.source_id != origin.article.source_id
    ]
    if len(credited) == 1:
        copy, origin = credited[0]
        line = next(c.line for c in copy.credits if c.source_id == origin.article.source_id)
        who = copy.article.source_id or "the text given"
        return origin.article.id, [f"{who} credits {origin.article.source_id}: {line!r}"]
    if kind == "mirror":
        origin = a if a.source and urls.host(b.article.url) in a.source.mirrors else b
        return origin.article.id, ["sources.yaml calls the other a mirror"]
    earlier, later = sorted((a, b), key=lambda c: (c.article.claimed_at or _NEVER, c.article.id))
    if _surely_before(earlier.article.claimed_at, later.article.claimed_at):
        dates = [f"{c.article.claimed_at:%Y-%m-%d %H:%M}" for c in (earlier, later)]
        return earlier.article.id, [f"claimed dates (UTC): {dates[0]} before {dates[1]}"]
    return None, ["undecided: no credit, and the claimed dates do not tell"]


_NEVER = datetime.max.replace(tzinfo=UTC)


def _surely_before(one: datetime | None, other: datetime | None) -> bool:
    """Whether one claimed date is before another; midnight sharp is a date without a time, true of the whole day."""
    if one is None or other is None:
        return False
    day_only = one.time() == time() or other.time() == time()
    return one.date() < other.date() if day_only else one < other
