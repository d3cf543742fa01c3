"""Who has a text, and who had it first, as scripts know it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from aggregator.model import Article, Cluster, Match, Relation
from aggregator.shapes import iso

if TYPE_CHECKING:
    from aggregator.reposts import Decision, Family, Found
    from aggregator.search.kin import Kin, Kindred


def found_json(found: Found) -> Iterator[dict[str, Any]]:
    """Yield what was found in a corpus as scripts know it."""
    articles = {article.id: article for article in found.corpus.articles()}
    for match in found.matches:
        yield match_json(match, articles)
    for cluster in found.clusters:
        yield _cluster_json(cluster)
    for doc, c, source in found.credits():
        yield {"type": "credit", "doc": doc, "span": [c.start, c.end], "outlet": c.outlet, "source": source}


def family_json(family: Family) -> Iterator[dict[str, Any]]:
    """Yield the lines of a family as scripts know them."""
    for match in family.matches:
        yield match_json(match, family.articles, family.decisions)
    if family.cluster:
        yield _cluster_json(family.cluster, family.decisions)
    for one in family.decisions:
        yield {"type": "decision", **_decision_json(one)}
    for doc, credits in family.credits.items():
        for c in credits:
            yield {"type": "credit", "doc": doc, "span": [c.start, c.end], "outlet": c.outlet, "source": c.source_id}


def kindred_json(found: Kindred) -> dict[str, Any]:
    """Return the families of a query as scripts know them."""
    return {
        "query": found.query,
        "articles": found.articles,
        "families": found.families,
        "note": found.note,
        "shown": [_kin_json(kin) for kin in found.shown],
    }


def _kin_json(kin: Kin) -> dict[str, Any]:
    return {
        "original": kin.original,
        "found": kin.found,
        "members": [
            {
                "id": one.id,
                "url": one.url,
                "title": one.title,
                "source": one.source_id,
                "language": one.language,
                "published": iso(one.claimed_at),
                "first_captured": iso(one.captured_at),
            }
            for one in kin.members
        ],
    }


def match_json(match: Match, articles: Mapping[str, Article], decisions: Iterable[Decision] = ()) -> dict[str, Any]:
    """Return a match as scripts know it.

    Args:
        match: Which.
        articles: Its two articles, and maybe others.
        decisions: What people decided of these.
    """
    sides = [articles[match.a], articles[match.b]]
    translated = {"translation_of": match.first} if match.relation is Relation.TRANSLATION else {}
    return {
        "type": "pair",
        "a": match.a,
        "b": match.b,
        "rel": match.relation,
        "kind": match.kind,
        "first": match.first,
        "score": max(match.a_coverage, match.b_coverage),
        "coverage": [match.a_coverage, match.b_coverage],
        "versions": [match.a_version, match.b_version],
        "passages": [[p.a_start, p.a_end, p.b_start, p.b_end] for p in match.passages],
        "evidence": list(match.evidence),
        "sources": [article.source_id or None for article in sides],
        "titles": [article.title for article in sides],
        "urls": [article.url or None for article in sides],
        **translated,
        "decided": [_decision_json(one) for one in decisions if {match.a, match.b} <= set(one.articles)],
    }


def _cluster_json(cluster: Cluster, decisions: Iterable[Decision] = ()) -> dict[str, Any]:
    members = set(cluster.members)
    return {
        "type": "cluster",
        "members": list(cluster.members),
        "original": cluster.original,
        "decided": [_decision_json(one) for one in decisions if set(one.articles) <= members],
    }


def _decision_json(decision: Decision) -> dict[str, Any]:
    return {
        "kind": decision.kind,
        "articles": list(decision.articles),
        "by": decision.by,
        "at": iso(decision.at),
    }
