"""A family: articles that share text, with the evidence; how they are grouped and put in order. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime

from aggregator import dedupe
from aggregator.dedupe import GIVEN
from aggregator.model import Article, Cluster, Credit, Match, Pair, Relation
from aggregator.reposts.deciding import Decision


@dataclass(frozen=True, slots=True)
class RoundUp:
    """What an article is made of that gathers several texts."""

    texts: int
    """How many; copies of one text count once."""
    share: float
    """How much of it stands in any of them, 0.0 to 1.0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Articles that share text, with the evidence."""

    cluster: Cluster | None
    """Those that are one text, in the language that had it first; None: no two are."""
    articles: dict[str, Article]
    matches: tuple[Match, ...]
    credits: dict[str, tuple[Credit, ...]]
    texts: dict[tuple[str, str], str]
    """The texts that the passages stand in, by article and version digest."""
    round_ups: dict[str, RoundUp]
    """What those in it that gather several texts are made of, those outside the family, too."""
    decisions: tuple[Decision, ...] = ()
    """What people decided of those in it, the oldest first."""
    apart: dict[str, Article] = field(default_factory=dict)
    """The articles that decisions name and that are not in it."""

    @property
    def is_alone(self) -> bool:
        """Whether it is one article that shares text with no other."""
        return not (self.matches or self.cluster)

    @property
    def members(self) -> frozenset[str]:
        """The articles in it."""
        return frozenset(self.articles)

    @property
    def first(self) -> str | None:
        """The article that had the text first; None: that is undecided."""
        if self.cluster:
            return self.cluster.original
        firsts = {match.first for match in self.matches if GIVEN not in (match.a, match.b)}
        return firsts.pop() if len(firsts) == 1 else None

    @property
    def in_order(self) -> list[Article]:
        """Its articles as they were published; a text given first, what claims no date as it was first seen.

        Who had the text first stands above what was published at the same time, as far as that is known.
        """
        found = sorted(self.articles.values(), key=lambda a: (a.id != GIVEN, dated(a), a.id))
        first = self.articles.get(self.first or "")
        if not first:
            return found
        found.remove(first)
        later = (n for n, a in enumerate(found) if a.id != GIVEN and not dedupe.is_before(dated(a), dated(first)))
        found.insert(next(later, len(found)), first)
        return found

    def ordered(self, match: Match) -> tuple[str, str]:
        """Return the two articles of a match, the earlier first."""
        if match.first:
            return match.first, match.b if match.first == match.a else match.a
        a, b = (next(n for n, article in enumerate(self.in_order) if article.id == i) for i in (match.a, match.b))
        return (match.a, match.b) if a <= b else (match.b, match.a)

    def best_matches(self) -> dict[str, Match]:
        """Return the match that tells most of each article: with the text given or the original, else the largest."""
        original = self.cluster and self.cluster.original

        def telling(m: Match) -> tuple[bool, bool, float, str, str]:
            pair = (m.a, m.b)
            return GIVEN in pair, original in pair, max(m.a_coverage, m.b_coverage), m.a, m.b

        return {i: match for match in sorted(self.matches, key=telling) for i in (match.a, match.b)}

    def parts(self) -> dict[str, str]:
        """Return in a word or two what each article is to the others.

        It is the ``original``; ``copied``, ``translated`` or the ``source of`` a kind, where another came from it; the
        kind of its own match; or, without one, ``joined``.
        """
        found = {i: one.kind for one in self.decisions if one.kind == "joined" for i in one.articles}
        found |= {i: _part(match, i) for i, match in self.best_matches().items()}
        return found | ({self.first: "original"} if self.first else {})

    def telling_matches(self) -> list[Match]:
        """Return the matches that tell most of each article, each once, as the articles were published.

        Those with a text that was given come before those that articles of the archive have with each other.
        """
        best = self.best_matches()
        found = list(dict.fromkeys(best[article.id] for article in self.in_order if article.id in best))
        return sorted(found, key=lambda m: GIVEN not in (m.a, m.b))


def _part(match: Match, article_id: str) -> str:
    """Return what an article is to the other of a match."""
    if match.first != article_id or match.kind in ("joint", "mirror", "migrated"):
        return match.kind
    if match.relation is Relation.PARTIAL:
        return f"source of {match.kind}"
    return "copied" if match.relation is Relation.DUP else "translated"


def grouped(clusters: Iterable[Cluster], pairs: Sequence[Pair | Match]) -> Iterator[set[str]]:
    """Yield the articles of each family, without those that only share a passage with one of them, if it has others."""
    near = partners(p for p in pairs if p.relation is Relation.TRANSLATION)
    for cluster in clusters:
        first, *others = cluster.members
        near.setdefault(first, set()).update(others)
        for other in others:
            near.setdefault(other, set()).add(first)
    yield from _parts(near)
    yield from _parts(partners(p for p in pairs if not {p.a, p.b} & near.keys()))


def _parts(near: Mapping[str, Set[str]]) -> Iterator[set[str]]:
    """Yield articles that are connected, directly or through others."""
    seen: set[str] = set()
    for article_id in sorted(near):
        if article_id not in seen:
            members = closure([article_id], lambda new: {other for one in new for other in near[one]})
            seen |= members
            yield members


def partners(pairs: Iterable[Pair | Match]) -> dict[str, set[str]]:
    """Return with whom each article has a match."""
    found: dict[str, set[str]] = {}
    for pair in pairs:
        found.setdefault(pair.a, set()).add(pair.b)
        found.setdefault(pair.b, set()).add(pair.a)
    return found


def closure(ids: Iterable[str], near: Callable[[Set[str]], set[str]]) -> set[str]:
    """Return articles with all that are near them, or near what is near them, and so on."""
    found = new = set(ids)
    while new:
        new = near(new) - found
        found = found | new
    return found


def round_ups(
    matches: Iterable[Match], one_text: Mapping[str, str], texts: Mapping[tuple[str, str], str]
) -> dict[str, RoundUp]:
    """Return what each article is made of that gathers several texts.

    Args:
        matches: All that such articles have.
        one_text: The cluster of articles that have one.
        texts: Of articles, by id and version digest.
    """
    gathered: dict[str, set[str]] = defaultdict(set)
    spans: dict[tuple[str, str], list[tuple[int, int]]] = defaultdict(list)
    for m in matches:
        if m.kind == "roundup" and m.first:
            holder, version, part = (m.b, m.b_version, m.a) if m.first == m.a else (m.a, m.a_version, m.b)
            gathered[holder].add(one_text.get(part, part))
            spans[holder, version] += [
                (p.b_start, p.b_end) if m.first == m.a else (p.a_start, p.a_end) for p in m.passages
            ]
    shares: dict[str, float] = {}
    for (holder, version), several in spans.items():
        share = dedupe.covered(several) / max(1, len(texts.get((holder, version), "")))
        shares[holder] = max(shares.get(holder, 0.0), min(1.0, share))
    return {holder: RoundUp(len(parts), shares[holder]) for holder, parts in gathered.items()}


def dated(article: Article) -> datetime:
    """Return when an article claims to have been published, or where it claims nothing, was first seen."""
    return article.claimed_at or article.captured_at
