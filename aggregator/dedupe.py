"""An article against the known ones: the same, a new version, a match. Pure: it decides, the pipeline applies.

Texts are compared by runs of five words, as text-reuse tools do (passim, Smith et al. 2014): word 5-grams find the
candidates, then the runs they share are aligned to the character.
"""

from __future__ import annotations

import base64
import hashlib
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time
from functools import cached_property, lru_cache

from aggregator import analysis, credits, urls
from aggregator.model import (
    Article,
    Credit,
    Discovery,
    Match,
    Passage,
    Reading,
    Relation,
    Sighting,
    Source,
    Version,
)

GRAM_WORDS = 5
SAMPLING = 4
"""One gram in so many goes into the fingerprint: a quoted paragraph of 40 words keeps about nine."""
MIN_SHARED_GRAMS = 3
MAX_CANDIDATES = 50
MAX_VERSIONS = 4
"""Of an article edited more often, the first and the newest three are compared."""
MAX_COMPARED_CHARS = 200_000
"""What is beyond in a text is not looked at; no article is so long."""
MIN_PASSAGE_WORDS = 12
"""Shorter runs are standing phrases: no two unrelated texts of the demo world share more than six words."""
BRIDGED_WORDS = 3
"""Two runs that are only so far apart on both sides are one passage with a changed word in it."""
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

_WORD = re.compile(r"\w+")


# --- identity -------------------------------------------------------------------------------------------------------


def article_id(source_id: str, key: str) -> str:
    """Return the id of an article: 12 base32 characters of SHA-256 over source and key, the same on every machine."""
    return _short_digest(f"{source_id}\n{key}", 12)


def version_digest(title: str | None, text: str) -> str:
    """Return the digest of a version: 16 base32 characters of SHA-256 over title and text, white space normalised."""
    plain = unicodedata.normalize("NFC", f"{title or ''}\n{text}")
    return _short_digest("\n".join(" ".join(line.split()) for line in plain.split("\n") if line.strip()), 16)


def _short_digest(text: str, chars: int) -> str:
    return base64.b32encode(hashlib.sha256(text.encode("utf-8", "replace")).digest()).decode()[:chars].lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a reading means for an article: how it now is, and its new version."""

    article: Article
    sighting: Sighting
    versions: tuple[Version, ...] | None
    """All of them, oldest first; None: they are as they were."""


def decide(
    reading: Reading,
    *,
    known: Article | None,
    versions: Sequence[Version],
    sightings: Sequence[Sighting],
    announced: Discovery | None,
    source: Source,
    url: str,
    captured_at: datetime,
    record_id: str,
    generation: str,
) -> Decision:
    """Return what a page's reading makes of its article.

    The announced date goes before the one read on the page: in a feed it has its time of day. The announced title
    stands in where the page has none, or only the name of its site. An older capture that comes later, from an import,
    becomes the earlier version.

    Args:
        reading: As extracted.
        known: The article as it was; None: this is its first capture.
        versions: Its versions so far.
        sightings: When it was seen so far.
        announced: What a feed, sitemap or list page claimed; None: nothing did.
        source: Whose article it is.
        url: Where it was captured.
        captured_at: When.
        record_id: The WARC record that holds the page.
        generation: The extractor and its version.
    """
    claimed = announced or Discovery(url=url, found_in="")
    title = reading.title if _says_something(reading.title, source) else claimed.claimed_title or reading.title
    digest = version_digest(reading.title, reading.text)  # what the page says, not what a feed says of it
    ident = known.id if known else article_id(source.id, urls.identity(url))
    sighting = Sighting(article_id=ident, captured_at=captured_at, record_id=record_id, digest=digest)
    read = Version(
        article_id=ident,
        number=1,
        digest=digest,
        captured_at=captured_at,
        record_id=record_id,
        generation=generation,
        title=title,
        text=reading.text,
        read_title=reading.title,
        authors=reading.authors,
        claimed_at=reading.claimed_at,
        language=reading.language,
        problems=reading.problems,
    )
    told = history((*sightings, sighting), (*versions, read))
    first_seen = min(captured_at, known.captured_at) if known else captured_at
    if known and told == tuple(versions) and first_seen == known.captured_at:
        return Decision(article=known, sighting=sighting, versions=None)
    newest = told[-1]
    article = Article(
        id=ident,
        source_id=source.id,
        url=url if newest.record_id == record_id or not known else known.url,
        title=newest.title,
        authors=newest.authors or ((claimed.claimed_author,) if claimed.claimed_author else ()),
        claimed_at=claimed.claimed_at or newest.claimed_at or (known.claimed_at if known else None),
        captured_at=first_seen,
        language=newest.language,
        text=newest.text,
        version=newest.digest,
        number=newest.number,
        problems=newest.problems,
    )
    return Decision(article=article, sighting=sighting, versions=told)


def history(sightings: Sequence[Sighting], versions: Sequence[Version]) -> tuple[Version, ...]:
    """Return an article's versions, oldest first: what differs from one sighting to the next, in order of capture.

    The order in which captures arrived does not matter. A capture in which nothing could be read is no version, unless
    nothing ever could.

    Args:
        sightings: All, in any order.
        versions: What was read, at least once for every text that a sighting names.
    """
    read: dict[str, Version] = {}
    for version in sorted(versions, key=lambda v: (v.captured_at, v.record_id)):
        read.setdefault(version.digest, version)
    seen = sorted((s for s in sightings if s.digest in read), key=lambda s: (s.captured_at, s.record_id))
    seen = [s for s in seen if read[s.digest].text] or seen[:1]
    changes = [s for n, s in enumerate(seen) if n == 0 or s.digest != seen[n - 1].digest]
    return tuple(
        replace(read[s.digest], number=number, captured_at=s.captured_at, record_id=s.record_id)
        for number, s in enumerate(changes, start=1)
    )


def _says_something(title: str | None, source: Source) -> bool:
    folded = Words(title or "").folded
    return bool(folded) and folded not in (Words(source.name).folded, Words(urls.host(source.url)).folded)


# --- comparing texts ------------------------------------------------------------------------------------------------


class Words:
    """The words of a text: folded for comparing, with the places they stand at."""

    def __init__(self, text: str) -> None:
        spans = [m.span() for m in _WORD.finditer(text)]
        self.starts = [s for s, _ in spans]
        self.ends = [e for _, e in spans]
        self.folded = [analysis.fold(text[s:e]) for s, e in spans]

    @cached_property
    def grams(self) -> list[int]:
        """A 63-bit hash of every run of five words, in order."""
        return [_hash(" ".join(self.folded[i : i + GRAM_WORDS])) for i in range(len(self.folded) - GRAM_WORDS + 1)]


@lru_cache(maxsize=64)
def _words(text: str) -> Words:
    return Words(text[:MAX_COMPARED_CHARS])


def _hash(gram: str) -> int:
    return int.from_bytes(hashlib.blake2b(gram.encode("utf-8", "replace"), digest_size=8).digest()) >> 1


def fingerprint(text: str) -> set[int]:
    """Return the grams by which a text is found again: the same sample of every text, chosen by hash."""
    return {g for g in _words(text).grams if g % SAMPLING == 0}


@dataclass(frozen=True, slots=True)
class _Run:
    """The same words in two texts: word positions, ends exclusive."""

    a: int
    b: int
    length: int


def _runs(a: Words, b: Words) -> list[_Run]:
    """Return the longest common runs of words, each word of either side used once, longest first."""
    places: dict[int, list[int]] = {}
    for i, gram in enumerate(a.grams):
        places.setdefault(gram, []).append(i)
    found: list[_Run] = []
    j = 0
    while j < len(b.grams):
        best = max((_extend(a, b, i, j) for i in places.get(b.grams[j], ())[:20]), default=0)
        if best:
            start = next(i for i in places[b.grams[j]][:20] if _extend(a, b, i, j) == best)
            found.append(_Run(start, j, best))
        j += max(best - GRAM_WORDS + 1, 1)
    return _disjoint(found)


def _extend(a: Words, b: Words, i: int, j: int) -> int:
    n = 0
    limit = min(len(a.folded) - i, len(b.folded) - j)
    while n < limit and a.folded[i + n] == b.folded[j + n]:
        n += 1
    return n


def _disjoint(runs: list[_Run]) -> list[_Run]:
    used_a: set[int] = set()
    used_b: set[int] = set()
    kept = []
    for run in sorted(runs, key=lambda r: (-r.length, r.a, r.b)):
        in_a, in_b = range(run.a, run.a + run.length), range(run.b, run.b + run.length)
        if used_a.isdisjoint(in_a) and used_b.isdisjoint(in_b):
            used_a.update(in_a)
            used_b.update(in_b)
            kept.append(run)
    return sorted(kept, key=lambda r: (r.a, r.b))


def _bridged(runs: list[_Run]) -> Iterator[tuple[int, int, int, int, int]]:
    """Join runs that nearly touch on both sides; yield word bounds of both sides and how many words are the same."""
    group: tuple[int, int, int, int, int] | None = None
    for run in runs:
        if group and 0 <= run.a - group[1] <= BRIDGED_WORDS and 0 <= run.b - group[3] <= BRIDGED_WORDS:
            group = (group[0], run.a + run.length, group[2], run.b + run.length, group[4] + run.length)
            continue
        if group:
            yield group
        group = (run.a, run.a + run.length, run.b, run.b + run.length, run.length)
    if group:
        yield group


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One text's part in an overlap; all are shares of its words, 0.0 to 1.0."""

    coverage: float
    """How much of it stands in passages."""
    start: float
    end: float
    """Where the first passage begins and the last one ends."""

    @property
    def unchanged(self) -> float:
        """How much of what lies between the first and the last shared word is shared."""
        return self.coverage / (self.end - self.start)


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """What two texts share."""

    passages: tuple[Passage, ...]
    words: int
    """How many words stand in the passages on both sides."""
    a: Side
    b: Side


def overlap(a_text: str, b_text: str) -> Overlap | None:
    """Return the passages that two texts share; None: none of ``MIN_PASSAGE_WORDS``."""
    a, b = _words(a_text), _words(b_text)
    groups = [g for g in _bridged(_runs(a, b)) if g[4] >= MIN_PASSAGE_WORDS]
    if not groups:
        return None
    passages = (Passage(a.starts[g[0]], a.ends[g[1] - 1], b.starts[g[2]], b.ends[g[3] - 1]) for g in groups)
    shared = sum(g[4] for g in groups)
    return Overlap(
        passages=tuple(sorted(passages)),
        words=shared,
        a=_side(shared, [(g[0], g[1]) for g in groups], len(a.folded)),
        b=_side(shared, [(g[2], g[3]) for g in groups], len(b.folded)),
    )


def _side(shared: int, spans: list[tuple[int, int]], words: int) -> Side:
    return Side(
        coverage=round(shared / words, 4),
        start=min(start for start, _ in spans) / words,
        end=max(end for _, end in spans) / words,
    )


# --- deciding what two articles are to each other -------------------------------------------------------------------


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
    return _short_digest("\n".join(names), 16)


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


__all__ = [
    "Candidate",
    "Decision",
    "Overlap",
    "Words",
    "article_id",
    "decide",
    "fingerprint",
    "history",
    "match",
    "naming_digest",
    "overlap",
    "version_digest",
]
