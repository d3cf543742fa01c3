"""The way out to counts: how much of a query there is in each month, source and language. Copies count."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta

from aggregator import access, analysis, concordance, curves
from aggregator.curves import By, Point, Seen
from aggregator.home import Home
from aggregator.model import Facts, Progress, Report
from aggregator.query import All, Any, Node, Not, Only, Query, Within
from aggregator.search import matching_in
from aggregator.search.answering import Answers
from aggregator.search.asking import resolved
from aggregator.search.in_context import PORTION, portions
from aggregator.search.past import answers_of
from aggregator.search.wanted import Wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """How much of a query there is in each period."""

    query: str
    """As it was typed."""
    by: By
    points: tuple[Point, ...]
    """Every period, the oldest first."""
    total: Point
    undated: int
    """How many of the articles found claim no date, and count when they were first seen."""
    has_words: bool
    """Whether words and occurrences were counted: the query looks for words in texts, and that was asked for."""
    note: str | None
    """As in Results."""


def curve(
    home: Home,
    query: Query,
    *,
    by: By,
    now: datetime,
    as_of: datetime | None = None,
    counts_words: bool = True,
    report: Report = lambda _: None,
) -> Curve:
    """Return for each month or year what was found, against all articles that pass the filters of the query.

    These filters are its sources, tags, languages, families and times, where they are demanded of every article.

    Args:
        home: Where to look.
        query: As parsed, with filters.
        by: What a period is.
        now: Later periods are only there for articles that claim to be from then.
        as_of: Of what could be read just before then, in the versions of then; None: as it is now.
        counts_words: Whether all texts are read to count their words, if the query has words.
        report: Told how far the reading is.

    Raises:
        SourcesError: A tag is asked for, and sources.yaml, which says whose it is, is refused.
        StoreError: Catalogue or index is missing, damaged or of another version.
    """
    if home.is_new:
        points, total = curves.curve((), by)
        note: str | None = "Nothing was crawled yet."
        return _curve(query, by, points, total, 0, counts_words and bool(Wanted(query.node, ())), note)
    now = min(now, as_of) if as_of else now
    with access.opened(home) as catalogue, closing(answers_of(home, catalogue, as_of)) as answers:
        whole = _filters(resolved(query.node, home, catalogue))
        since, until = _asked_times(whole)
        since = since if since and since <= now else None
        until = min(until - timedelta(microseconds=1), now) if until else None
        wanted = Wanted(query.node, catalogue.languages())
        ids, note = matching_in(answers, home, catalogue, query)
        found = set(ids)
        facts = [each for each in answers.all_facts() if whole is None or _passes(whole, each)]
        undated = sum(each.claimed_at is None for each in facts if each.id in found)
        has_words = counts_words and bool(wanted)
        seen = _read(answers, facts, found, wanted, report) if has_words else (_seen(f, f.id in found) for f in facts)
        points, total = curves.curve(seen, by, since=since, until=until)
    return _curve(query, by, points, total, undated, has_words, note)


def _curve(
    query: Query, by: By, points: list[Point], total: Point, undated: int, has_words: bool, note: str | None
) -> Curve:
    return Curve(
        query=query.text,
        by=by,
        points=tuple(points),
        total=total,
        undated=undated,
        has_words=has_words,
        note=note,
    )


def _seen(facts: Facts, is_found: bool, words: int = 0, occurrences: int = 0) -> Seen:
    return Seen(
        dated=facts.dated,
        is_dated=facts.claimed_at is not None,
        is_found=is_found,
        words=words,
        occurrences=occurrences,
    )


def _read(answers: Answers, facts: list[Facts], found: set[str], wanted: Wanted, report: Report) -> Iterator[Seen]:
    """Yield what texts have, as they are read."""
    by_id = {each.id: each for each in facts}
    for number, article in enumerate(portions(answers, list(by_id))):
        if number % PORTION == 0:
            report(Progress(doing="counting words", done=number, total=len(by_id)))
        if article.id not in found:
            yield _seen(by_id[article.id], False, len(analysis.folded(article.text)))
            continue
        words = analysis.folded(article.text)
        times = sum(1 for _ in concordance.runs(words, wanted.words_in(article.language), wanted.phrases))
        yield _seen(by_id[article.id], True, len(words), times)
    report(Progress(doing="counting words", done=len(by_id), total=len(by_id)))


_FACTS: Mapping[str, Callable[[Facts], str]] = {
    "id": lambda facts: facts.id,
    "source": lambda facts: facts.source_id,
    "language": lambda facts: facts.language or "",
}
"""What is known of an article without its text, besides times."""


def _filters(node: Node | None) -> Node | None:
    """Return what a query demands of every article besides words, as far as facts tell it; None: nothing."""
    match node:
        case All(nodes):
            kept = tuple(left for each in nodes if (left := _filters(each)))
            return All(kept) if kept else None
        case Only() | Within() | Not() | Any() if _is_of_facts(node):
            return node
        case _:
            return None


def _is_of_facts(node: Node) -> bool:
    match node:
        case All(nodes) | Any(nodes):
            return all(map(_is_of_facts, nodes))
        case Not(inner):
            return _is_of_facts(inner)
        case Only(field):
            return field in _FACTS
        case _:
            return isinstance(node, Within)


def _passes(node: Node, facts: Facts) -> bool:
    match node:
        case All(nodes):
            return all(_passes(each, facts) for each in nodes)
        case Any(nodes):
            return any(_passes(each, facts) for each in nodes)
        case Not(inner):
            return not _passes(inner, facts)
        case Within(field, since, until):
            at = facts.dated if field == "published" else facts.captured_at
            return (since is None or at >= since) and (until is None or at < until)
        case Only(field, values):
            return _FACTS[field](facts) in values
        case _:
            return True


def _asked_times(node: Node | None) -> tuple[datetime | None, datetime | None]:
    """Return from when until when, exclusive, a query asks for what was published; None: it does not say."""
    demanded = node.nodes if isinstance(node, All) else (node,)
    times = [each for each in demanded if isinstance(each, Within) and each.field == "published"]
    since = max((each.since for each in times if each.since), default=None)
    until = min((each.until for each in times if each.until), default=None)
    return since, until
