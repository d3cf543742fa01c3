"""The way out: a query to hits, one per cluster.

text -> parse -> index (ids and scores) -> catalogue (what they are) -> filter -> fold copies -> page -> snippets
"""

from __future__ import annotations

import difflib
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from aggregator import access, index
from aggregator.access import Shown
from aggregator.catalogue import Catalogue
from aggregator.errors import UnknownIdError
from aggregator.home import Home
from aggregator.model import Article, Facts, Hit, Results
from aggregator.query import Node, Query
from aggregator.search.asking import holds, only_of, relaxed, resolved, wanted_words
from aggregator.search.snippets import snippet
from aggregator.search.telling import Telling

MAX_PAGE = 100
MAX_ALL_WORDS = 3
"""Of more words than these, those who ask rarely mean all: sentences are pasted."""
FACET_VALUES = 20
MAX_LOOKED_AT = 500
"""Articles whose shown text is compared with the query while passages or names are withdrawn; the best."""

_SUGGESTED = 3
_ALIKE = 0.8
"""How like an id must be to what was typed: of twelve letters, two may be wrong."""


def search(home: Home, query: Query, *, limit: int = 10, offset: int = 0, sort: str = "relevance") -> Results:
    """Return the hits of a query, the copies of one text folded into one hit: the original, if it was found.

    When no article has all the words, those with any of them are found instead, and the note says so.

    Args:
        home: Where to look.
        query: As parsed, with filters.
        limit: Hits to return, at most 100.
        offset: Hits to pass over.
        sort: ``relevance``, ``published`` (claimed, newest first) or ``captured``.

    Raises:
        StoreError: Catalogue or index is missing, damaged or of another version.
    """
    began = time.perf_counter()
    if home.is_new:
        return Results(
            query=query.text, total=0, took_ms=0.0, hits=(), facets=_facets([]), note="Nothing was crawled yet."
        )
    with access.opened(home) as catalogue:
        languages = catalogue.languages()
        asked, found, scores, notes = _matching(home, catalogue, query, languages)
        found.sort(key=lambda f: f.id)
        found.sort(key=lambda f: _order(f, scores[f.id], sort), reverse=True)
        places = catalogue.memberships(f.id for f in found)
        folded, best = _folded(found, scores, places)
        folded.sort(key=lambda f: _order(f, best[f.id], sort), reverse=True)
        wanted_ids = [f.id for f in folded[offset : offset + min(limit, MAX_PAGE)]]
        articles = catalogue.articles(wanted_ids)
        page = [articles[i] for i in wanted_ids if i in articles]
        telling = Telling(asked, languages)
        families = {c.id: c for c in catalogue.clusters({places[a.id][0] for a in page if a.id in places})}
        hits = tuple(
            Hit(
                article=article,
                score=round(best[article.id], 4),
                snippet=snippet(article, telling),
                copies=tuple(m for m in family.members if m != article.id) if family else (),
                original=family.original if family else None,
                archived=_where(catalogue, article),
            )
            for article, family in ((a, families.get(places[a.id][0]) if a.id in places else None) for a in page)
        )
    return Results(
        query=query.text,
        total=len(folded),
        took_ms=round((time.perf_counter() - began) * 1000, 1),
        hits=hits,
        facets=_facets(folded),
        note=" ".join(notes) or None,
    )


def matching(home: Home, catalogue: Shown, query: Query) -> tuple[list[str], str | None]:
    """Return the ids of all articles that match, copies too, the newest first; and what the reader should know.

    Args:
        home: Where to look.
        catalogue: Its catalogue, open for reading.
        query: As parsed, with filters.

    Raises:
        StoreError: Catalogue or index is missing, damaged or of another version.
    """
    _, found, _, notes = _matching(home, catalogue, query, catalogue.languages())
    found.sort(key=lambda f: (f.dated, f.id), reverse=True)
    return [facts.id for facts in found], " ".join(notes) or None


def _matching(
    home: Home, catalogue: Shown, query: Query, languages: Sequence[str]
) -> tuple[Node | None, list[Facts], dict[str, float], list[str]]:
    """Return what was looked for in the end, what passes it, every article's score, and notes."""
    notes = [*query.notes, *_caveats(query, catalogue, languages)]
    asked = resolved(query.node, catalogue)
    some = relaxed(asked)
    if some is not None and some != asked and len(wanted_words(asked)) > MAX_ALL_WORDS:
        asked = some
        notes.append(f"Of more than {MAX_ALL_WORDS} words some are enough; articles with most of them come first.")
    scores = index.search(home.fulltext, asked, languages) if languages else {}
    if not scores and some is not None and some != asked:
        asked = some
        scores = index.search(home.fulltext, asked, languages)
        if scores:
            notes.append("No article has all the words; these have some of them.")
    found = catalogue.facts(scores)
    if catalogue.withholds:
        found.sort(key=lambda f: (-scores[f.id], f.id))
        if len(found) > MAX_LOOKED_AT:
            notes.append(f"Only the best {MAX_LOOKED_AT} were looked at: parts of texts are withdrawn.")
        articles = catalogue.articles(facts.id for facts in found[:MAX_LOOKED_AT])
        # a hit for a word that is withdrawn would tell that it is there: the index holds the texts as they were read
        found = [f for f in found if f.id in articles and holds(asked, articles[f.id], languages)]
    return asked, found, scores, notes


def _caveats(query: Query, catalogue: Catalogue, languages: Sequence[str]) -> Iterator[str]:
    """Yield what may make an answer smaller than the reader thinks."""
    if waiting := len(catalogue.to_index()):
        yield f"{waiting:,} articles are not indexed yet: the crawl that is running, or the next one, will do it."
    asked = {
        name: {v for only in only_of(query.node) if only.field == name for v in only.values}
        for name in ("source", "language")
    }
    for source_id in sorted(asked["source"] - catalogue.article_counts().keys()) if asked["source"] else ():
        yield f"There is no article of a source {source_id!r}."
    for language in sorted(asked["language"] - set(languages)):
        yield f"There is no article in a language {language!r}; languages are two letters, such as fr."


def find(catalogue: Catalogue, ref: str) -> Article:
    """Return the article of an id or an address, also of one that redirected to it, or without its scheme.

    Raises:
        UnknownIdError: There is none, or several.
    """
    found = catalogue.meant(ref)
    if not found:
        raise UnknownIdError(f"{ref}: no article of that id or address in this home. {advice(catalogue, ref)}")
    return found[0]


def advice(catalogue: Catalogue, ref: str) -> str:
    """Return in words what may have been meant by an id or address that is none, or else where ids are found."""
    near = [article.id for article in catalogue.nearly_meant(ref)]
    if not near:
        typed = ref.strip().lower()
        alike = [facts.id for facts in catalogue.facts(catalogue.ids_like(typed))]
        cut = [one for one in alike if one.startswith(typed)]
        near = cut or difflib.get_close_matches(typed, alike, _SUGGESTED, _ALIKE)
    if not near:
        return "`aggregator search` finds ids."
    return f"Did you mean {' or '.join(near[:_SUGGESTED])}?"


def _order(facts: Facts, score: float, sort: str) -> tuple[float, datetime]:
    if sort == "published" or not score:
        return (0.0, facts.dated)
    if sort == "captured":
        return (0.0, facts.captured_at)
    return (score, facts.dated)


def _folded(
    found: Sequence[Facts], scores: Mapping[str, float], places: Mapping[str, tuple[str, bool]]
) -> tuple[list[Facts], dict[str, float]]:
    """Return of each cluster the original, if it was found, else the first found; and the best score of its cluster."""
    shown: dict[str, Facts] = {}
    best: dict[str, float] = {}
    for facts in found:
        cluster, is_original = places.get(facts.id, (facts.id, True))
        best[cluster] = max(scores[facts.id], best.get(cluster, 0.0))
        if cluster not in shown or is_original:
            shown[cluster] = facts
    return list(shown.values()), {facts.id: best[cluster] for cluster, facts in shown.items()}


def _facets(found: Sequence[Facts]) -> dict[str, list[tuple[str, int]]]:
    def counted(values: Iterable[str]) -> list[tuple[str, int]]:
        ranked = sorted(Counter(values).items(), key=lambda vn: (-vn[1], vn[0]))
        return ranked[:FACET_VALUES]

    return {
        "source": counted(f.source_id for f in found),
        "language": counted(f.language or "" for f in found),
        "month": sorted(counted(f"{f.dated.astimezone(UTC):%Y-%m}" for f in found), reverse=True),
    }


def _where(catalogue: Catalogue, article: Article) -> str:
    captures = catalogue.captures_of(article.id)
    return f"archive/{captures[-1].file}#{captures[-1].offset}" if captures else ""
