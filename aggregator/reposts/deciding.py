"""What people decide of reposts: events of the archive that the machine never overrules."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from aggregator import access
from aggregator.catalogue import Catalogue
from aggregator.decisions import Decisions, Event
from aggregator.dedupe import Decided
from aggregator.errors import UnknownIdError, UsageError
from aggregator.home import Home
from aggregator.matching import CONFIRMED, DECIDING, JOINED, REFUSED, SPLIT, decisions_of

WATCHED, UNWATCHED = "watched", "unwatched"
"""Of whose new copies somebody wants to be told, as events; each names ``articles``."""
_SAID = {CONFIRMED: "confirmed", REFUSED: "refused", JOINED: "joined", SPLIT: "split"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a person decided of articles, as far as no later decision took it back."""

    kind: str
    """confirmed, refused, joined or split."""
    articles: tuple[str, ...]
    """Of whom it still holds."""
    by: str
    at: datetime


def standing(home: Home, catalogue: Catalogue) -> list[Decision]:
    """Return the decisions that hold, the oldest first, without articles that may not be seen.

    Args:
        home: Whose.
        catalogue: Its catalogue, as it may be shown.
    """
    held = _held(Decisions(home.archive).events(*DECIDING))
    seen = {facts.id for facts in catalogue.facts({i for one in held for i in one.articles})}
    left = [replace(one, articles=tuple(i for i in one.articles if i in seen)) for one in held]
    return [one for one in left if len(one.articles) >= (1 if one.kind == "split" else 2)]


def _held(events: Sequence[Event]) -> Iterable[Decision]:
    """Return of the decisions that hold who made each, and when: the last that names all of whom it holds."""
    decided = decisions_of(events)
    holds = {
        CONFIRMED: [frozenset(pair) for pair in decided.confirmed],
        REFUSED: [frozenset(pair) for pair in decided.refused],
        JOINED: decided.joined,
        SPLIT: decided.split,
    }
    found: dict[tuple[str, frozenset[str]], Decision] = {}
    for event in events:
        said = event.said
        named = {said["a"], said["b"]} if event.kind in (CONFIRMED, REFUSED) else set(said["articles"])
        for group in holds[event.kind]:
            if group <= named:
                found[event.kind, group] = Decision(
                    kind=_SAID[event.kind], articles=tuple(sorted(group)), by=said.get("by", ""), at=event.at
                )
    return sorted(found.values(), key=lambda one: (one.at, one.articles))


@dataclass(frozen=True, slots=True, kw_only=True)
class Bonds:
    """How articles stand to one another and to others: what a decision about them may change."""

    are_matched: bool
    """Whether any two of them have a match."""
    families: dict[str, frozenset[str]]
    """The articles that are one text with each of them, itself among these; alone where none is."""


def bonds(home: Home, ids: Sequence[str]) -> Bonds:
    """Return how articles stand to one another, as far as it may be seen."""
    with access.opened(home) as catalogue:
        names = catalogue.cluster_ids(ids)
        clusters = {cluster.id: frozenset(cluster.members) for cluster in catalogue.clusters(set(names.values()))}
        return Bonds(
            are_matched=any({m.a, m.b} <= set(ids) for m in catalogue.matches_of(ids)),
            families={i: clusters.get(names.get(i, ""), frozenset({i})) for i in ids},
        )


def already(home: Home, kind: str, ids: Sequence[str]) -> Decision | None:
    """Return who decided the same before, if to decide it again would change nothing.

    Args:
        home: Where.
        kind: confirmed, refused, joined or split.
        ids: Of which articles.
    """
    events = Decisions(home.archive).events(*DECIDING)
    named = set(ids)
    said = {"a": min(named), "b": max(named)} if kind in ("confirmed", "refused") else {"articles": sorted(named)}
    event_kind = next(name for name, word in _SAID.items() if word == kind)
    again = Event(number=0, at=datetime.max.replace(tzinfo=UTC), kind=event_kind, said=said)
    if _all_of(decisions_of(events)) != _all_of(decisions_of([*events, again])):
        return None
    return next((one for one in _held(events) if one.kind == kind and set(one.articles) == named), None)


def _all_of(decided: Decided) -> tuple[frozenset[object], ...]:
    """Return what is decided, in whatever order it was."""
    return decided.confirmed, decided.refused, frozenset(decided.joined), frozenset(decided.split)


def confirm(home: Home, a: str, b: str, *, by: str, now: datetime) -> Event:
    """Say that a match that was found is one, whatever becomes of the evidence.

    Raises:
        UnknownIdError: One of the two is no article of this home, or they were not found to be a match.
    """
    _known(home, (a, b))
    refused = decisions_of(Decisions(home.archive).events(*DECIDING)).refused
    with access.opened(home) as catalogue:
        found = any({m.a, m.b} == {a, b} for m in catalogue.matches_of([a]))
    if not found and (min(a, b), max(a, b)) not in refused:
        raise UnknownIdError(f"{a} and {b} were not found to share text; nothing was noted. Use `join` instead.")
    return _append(home, CONFIRMED, {"a": min(a, b), "b": max(a, b)}, by, now)


def refuse(home: Home, a: str, b: str, *, by: str, now: datetime) -> Event:
    """Say that two articles are no match, whatever they share.

    Raises:
        UnknownIdError: One of the two is no article of this home.
        UsageError: It is one article twice, or they were joined with others to one text.
    """
    if a == b:
        raise UsageError("an article cannot be refused as its own copy; nothing was noted.")
    _known(home, (a, b))
    joined = decisions_of(Decisions(home.archive).events(*DECIDING)).joined
    if any({a, b} < group for group in joined):
        raise UsageError(
            f"{a} and {b} were joined with others: to refuse these two would not part them. "
            "Take out the one that does not belong with `reposts split ID`. Nothing was noted."
        )
    return _append(home, REFUSED, {"a": min(a, b), "b": max(a, b)}, by, now)


def join(home: Home, ids: Sequence[str], *, by: str, now: datetime) -> Event:
    """Say that articles are one text.

    Raises:
        UnknownIdError: One of them is no article of this home.
        UsageError: It is one article alone.
    """
    if len(set(ids)) < 2:
        raise UsageError("join needs two articles or more; nothing was noted.")
    _known(home, ids)
    return _append(home, JOINED, {"articles": sorted(set(ids))}, by, now)


def split(home: Home, ids: Sequence[str], *, by: str, now: datetime) -> Event:
    """Say that articles are a family of their own, and not one text with any other.

    Raises:
        UnknownIdError: One of them is no article of this home.
    """
    _known(home, ids)
    return _append(home, SPLIT, {"articles": sorted(set(ids))}, by, now)


def watch(home: Home, ids: Sequence[str], *, by: str, now: datetime, ends: bool = False) -> Event:
    """Ask to be told of new copies of articles, or no longer.

    Raises:
        UnknownIdError: One of them is no article of this home, or is not watched.
    """
    if ends:
        for article_id in set(ids) - watched(home):
            raise UnknownIdError(f"{article_id} is not watched; nothing was noted.")
    else:
        _known(home, ids)
    return _append(home, UNWATCHED if ends else WATCHED, {"articles": sorted(set(ids))}, by, now)


def watched(home: Home) -> frozenset[str]:
    """Return the articles that somebody watches."""
    found: set[str] = set()
    for event in Decisions(home.archive).events(WATCHED, UNWATCHED):
        articles = set(event.said["articles"])
        found = found | articles if event.kind == WATCHED else found - articles
    return frozenset(found)


def _known(home: Home, ids: Sequence[str]) -> None:
    with access.opened(home) as catalogue:
        for article_id in ids:
            if catalogue.article(article_id) is None:
                raise UnknownIdError(f"{article_id}: no article of that id in this home; nothing was noted.")


def _append(home: Home, kind: str, said: dict[str, object], by: str, now: datetime) -> Event:
    return Decisions(home.archive).append(kind, {**said, "by": by}, now=now)
