"""What two articles that share text are to each other: from the evidence to a match. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from aggregator import analysis, credits, urls
from aggregator.dedupe.direction import credit_line, credits_told, direction
from aggregator.dedupe.evidence import Evidence, covered
from aggregator.dedupe.families import HEAD_STARTS, MOST
from aggregator.dedupe.identity import short_digest
from aggregator.dedupe.known import GIVEN, About, Candidate, called_apart
from aggregator.dedupe.signs import Signs
from aggregator.dedupe.translations import Translated, Writing
from aggregator.model import Article, Match, Passage, Relation, Source, Version

WHOLE_SPAN = 0.7
"""The share of a text from the first to the last shared character at which it counts as taken whole: what lies outside
is a credit line, a teaser or furniture that the extractor left in. Demo world: 0.74 and more for whole copies."""
UNCHANGED = 0.95
"""The share of the words inside that span at which they count as unchanged; a bridged typo or two."""
CUT_COVERAGE = 0.75
"""The share of a text that stands in another from which on it is that one cut short, and not another edition of it."""
HEAD_ENDS = 0.85
"""A copy of the beginning leaves at least the last 15 % of the longer text out."""
OWN_WORDS = 12
"""Words of its own, credit lines not counted, that a copy puts before the text it passes on."""
_OPENING_QUOTES, _CLOSING_QUOTES = "\"“”„«»‘'", "\"“”«»’'"
_END = re.compile(r"[\s.,;:!?…)\]]*")


@dataclass(frozen=True, slots=True)
class _Side:
    """One text's part in a match: shares of its characters, 0.0 to 1.0."""

    whose: Candidate
    version: Version
    spans: tuple[tuple[int, int], ...]
    coverage: float
    alike: float

    @property
    def start(self) -> float:
        return min(start for start, _ in self.spans) / max(1, len(self.version.text))

    @property
    def end(self) -> float:
        return max(end for _, end in self.spans) / max(1, len(self.version.text))

    @property
    def unchanged(self) -> float:
        """How much of what lies between the first and the last shared word is the same."""
        return self.alike * self.coverage / max(1e-9, self.end - self.start)


def judged(
    found: Evidence, known: Mapping[str, Candidate], families: Mapping[str, str], round_ups: Collection[str]
) -> Match:
    """Return what the evidence makes of two articles.

    Args:
        found: What they share.
        known: All that is known of them, by article id.
        families: Which family each article is in.
        round_ups: The articles that hold several unrelated texts.
    """
    a = _side(known[found.a], found.a_version, found.passages, found.a_coverage, found.alike, 0)
    b = _side(known[found.b], found.b_version, found.passages, found.b_coverage, found.alike, 1)
    called = called_apart(a.whose, b.whose)
    is_one = found.a in families and families.get(found.a) == families.get(found.b)
    kind, why = _kind_of_one(a, b) if is_one else _kind_of_part(a, b, round_ups, called)
    first, reasons = direction(a.whose, b.whose, kind, found.a_version, found.b_version)
    shorter, longer = sorted((a, b), key=lambda side: -side.coverage)
    if kind in ("truncated", "excerpt") and is_one and first == shorter.whose.article.id:
        kind, why = "edited", "the longer adds to the shorter"
    if kind == "truncated" and first is None:
        first = longer.whose.article.id
        names = [called[side.whose.article.id] for side in (shorter, longer)]
        reasons = [f"{names[0]} breaks off where {names[1]} goes on; the dates do not tell"]
    if kind in ("verbatim", "retitled", "edited") and is_one and first and _is_passed_on(a, b, first):
        kind, why = "reblog", "passed on whole, with words of its own before it, and credited"
    shares = [f"{side.coverage:.0%} of {called[side.whose.article.id]}" for side in _in_order(a, b, first)]
    said = f"{round(found.same_words)} words shared: {', '.join(shares)}"
    return Match(
        a=found.a,
        b=found.b,
        a_version=found.a_version,
        b_version=found.b_version,
        relation=Relation.DUP if is_one else Relation.PARTIAL,
        kind=kind,
        first=first,
        a_coverage=round(found.a_coverage, 4),
        b_coverage=round(found.b_coverage, 4),
        passages=tuple(sorted(found.passages)),
        evidence=(f"{said}; {why}" if why else said, *reasons),
    )


def translation(pair: Translated, known: Mapping[str, Candidate]) -> Match:
    """Return the match of two articles of which one translates the other.

    Args:
        pair: As found.
        known: All that is known of them, by article id.
    """
    a, b = known[pair.a], known[pair.b]
    first, reasons = direction(a, b, "translation", a.article.version, b.article.version)
    lines = (credits_told(*pair) for pair in ((a, b), (b, a)))
    told = [line for line in lines if line and line not in reasons]
    a_spans = [(p.a_start, p.a_end) for p in pair.passages]
    b_spans = [(p.b_start, p.b_end) for p in pair.passages]
    return Match(
        a=pair.a,
        b=pair.b,
        a_version=a.article.version,
        b_version=b.article.version,
        relation=Relation.TRANSLATION,
        kind="translation",
        first=first,
        a_coverage=round(covered(a_spans) / max(1, len(a.article.text)), 4),
        b_coverage=round(covered(b_spans) / max(1, len(b.article.text)), 4),
        passages=pair.passages,
        evidence=(*pair.why, *told, *reasons),
    )


def writing(article: Article, credited: frozenset[str], signs: Signs) -> Writing:
    """Return an article as it is compared with what it may translate.

    Args:
        article: As it now is.
        credited: The sources that its credits name.
        signs: Of its title and text.
    """
    return Writing(
        id=article.id,
        source_id=article.source_id,
        language=article.language,
        published_at=About.of(article).published_at,
        title=article.title or "",
        text=article.text,
        credited=credited,
        signs=signs,
    )


def _side(
    whose: Candidate, digest: str, passages: Iterable[Passage], coverage: float, alike: float, which: int
) -> _Side:
    spans = tuple((p.b_start, p.b_end) if which else (p.a_start, p.a_end) for p in passages)
    return _Side(whose, whose.version(digest), spans, coverage, alike)


def _in_order(a: _Side, b: _Side, first: str | None) -> list[_Side]:
    """Return the two sides, who had it first before the other, else as they claim to have been published."""

    def place(side: _Side) -> tuple[bool, bool, datetime, str]:
        article = side.whose.article
        return article.id != first, article.id != GIVEN, article.claimed_at or article.captured_at, article.id

    return sorted((a, b), key=place)


def _kind_of_one(a: _Side, b: _Side) -> tuple[str, str]:
    """Return the kind of a match of two articles that are one text, and why."""
    low, high = sorted((a, b), key=lambda side: side.coverage)
    if high.coverage >= CUT_COVERAGE and low.start < HEAD_STARTS and low.end < HEAD_ENDS:
        return "truncated", "the shorter is the beginning of the longer"
    if all(s.end - s.start >= WHOLE_SPAN and s.unchanged >= UNCHANGED for s in (low, high)):
        return _kind_of_whole(a, b)
    if low.coverage < MOST <= high.coverage:
        return "excerpt", "the shorter is a part of the longer"
    return "edited", ""


def _kind_of_whole(a: _Side, b: _Side) -> tuple[str, str]:
    """Return the kind of a match in which each text holds the other whole, and why."""
    if _is_mirror(a.whose, b.whose):
        return "mirror", "same path on a mirror host"
    if credits.is_joint(a.version.text) and credits.is_joint(b.version.text):
        return "joint", "both say that several signed it"
    if moved := _moved(a.whose, b.whose):
        return "migrated", moved
    if (a.version.digest, b.version.digest) != (a.whose.article.version, b.whose.article.version):
        return "edited", "copied before an edit, today's texts differ"
    titles = a.version.title, b.version.title
    if all(titles) and titles[0] != titles[1] and _folded(titles[0] or "") != _folded(titles[1] or ""):
        return "retitled", "the titles differ"
    return "verbatim", ""


def _kind_of_part(a: _Side, b: _Side, round_ups: Collection[str], called: Mapping[str, str]) -> tuple[str, str]:
    for whole, part in ((a, b), (b, a)):
        if whole.whose.article.id in round_ups and part.whose.article.id not in round_ups:
            return "roundup", f"{called[whole.whose.article.id]} gathers several texts"
    for host, other in ((a, b), (b, a)):
        if _is_quoted(host) and not _is_quoted(other):
            return "quote", f"in quotation marks in {called[host.whose.article.id]}"
    return "excerpt", ""


def _is_quoted(side: _Side) -> bool:
    """Whether what it shares stands in quotation marks."""
    text = side.version.text
    start, end = min(s for s, _ in side.spans), max(e for _, e in side.spans)
    before = text[max(0, start - 2) : start].strip()
    after = _END.sub("", text[end : end + 4])
    return bool(before) and before[-1] in _OPENING_QUOTES and bool(after) and after[0] in _CLOSING_QUOTES


def _is_passed_on(a: _Side, b: _Side, first: str) -> bool:
    origin, copy = (a, b) if a.whose.article.id == first else (b, a)
    if not credit_line(copy.whose, origin.whose) or origin.coverage < CUT_COVERAGE:
        return False
    begins = min(start for start, _ in copy.spans)
    lines = [(c.start, c.end) for c in copy.whose.credits if c.end <= begins]
    before = copy.version.text[:begins]
    for start, end in reversed(lines):
        before = before[:start] + before[end:]
    return len(analysis.folded(before)) >= OWN_WORDS


def _is_mirror(a: Candidate, b: Candidate) -> bool:
    for one, other in ((a, b), (b, a)):
        hosts = one.source.mirrors if one.source else ()
        if urls.host(other.article.url) in hosts:
            return urls.path_and_query(one.article.url) == urls.path_and_query(other.article.url)
    return False


def _moved(a: Candidate, b: Candidate) -> str:
    """Return how it shows that both are places of one publisher, one after the other; empty: it does not.

    What a publisher is called at its old address begins as it is called at the new one: "Quay Advice (old pages)".
    """
    if not (a.source and b.source) or a.source.id == b.source.id:
        return ""
    one, other = sorted((_folded(a.source.name), _folded(b.source.name)), key=len)
    if len(one) > 1 and other[: len(one)] == one:
        return f"{a.source.name!r} and {b.source.name!r} are places of one publisher"
    return ""


@lru_cache(maxsize=1 << 12)
def _folded(name: str) -> list[str]:
    """Return the words of a title or a source's name, without case and accents; the same names come again and again."""
    return analysis.folded(name)


def naming_digest(sources: Sequence[Source]) -> str:
    """Return a digest of all in sources.yaml that credits and matches depend on."""
    names = sorted(repr((s.id, s.name, s.url, sorted(s.aliases), sorted(s.mirrors))) for s in sources)
    return short_digest("\n".join(names), 16)
