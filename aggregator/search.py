"""The way out: a query to hits, one per cluster.

text -> parse -> index (ids and scores) -> catalogue (what they are) -> filter -> fold copies -> page -> snippets
"""

from __future__ import annotations

import difflib
import html
import re
import time
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from aggregator import access, analysis, index
from aggregator.access import Shown
from aggregator.catalogue import Catalogue
from aggregator.errors import UnknownIdError, UsageError
from aggregator.home import Home
from aggregator.model import Article, Facts, Hit, Query, Results

MAX_QUERY_CHARS = 1_000
MAX_PAGE = 100
SNIPPET_CHARS = 240
FACET_VALUES = 20
MAX_LOOKED_AT = 500
"""Articles whose shown text is compared with the query while passages or names are withdrawn; the best."""
_SUGGESTED = 3
_ALIKE = 0.8
"""How like an id must be to what was typed: of twelve letters, two may be wrong."""

_PART = re.compile(r'(?P<minus>(?:(?<=\s)|^)-)?(?:"(?P<phrase>[^"]*)"|(?P<word>[^\s"]+))')


def parse(text: str) -> Query:
    """Read a query: words that must all occur, ``"a phrase"``, ``-not``.

    Nothing a person types is an error: a quote without its twin, operators of other engines and punctuation are read as
    words or left out. Words are folded as the index folds them.

    Raises:
        UsageError: It is longer than 1,000 characters.
    """
    if len(text) > MAX_QUERY_CHARS:
        raise UsageError(f"the query has {len(text):,} characters; at most {MAX_QUERY_CHARS:,} are read. Shorten it.")
    words: list[str] = []
    phrases: list[tuple[str, ...]] = []
    excluded: list[tuple[str, ...]] = []
    for part in _PART.finditer(unicodedata.normalize("NFC", text)):
        found = [token.word for token in analysis.tokens(part["phrase"] or part["word"] or "")]
        if part["minus"]:
            excluded += [tuple(found)] if part["phrase"] and found else [(word,) for word in found]
        elif part["phrase"] and len(found) > 1:
            phrases.append(tuple(found))
        else:
            words += found
    return Query(text=text, words=tuple(dict.fromkeys(words)), phrases=tuple(phrases), excluded=tuple(excluded))


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
        return Results(query=query, total=0, took_ms=0.0, hits=(), facets=_facets([]), note="Nothing was crawled yet.")
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
        telling = [w for w in _all_words(asked) if len(w) > 2] or list(_all_words(asked))
        wanted = {t for w in telling for t in analysis.expanded(w, languages)}
        families = {c.id: c for c in catalogue.clusters({places[a.id][0] for a in page if a.id in places})}
        hits = tuple(
            Hit(
                article=article,
                score=round(best[article.id], 4),
                snippet=snippet(article, wanted),
                copies=tuple(m for m in family.members if m != article.id) if family else (),
                original=family.original if family else None,
                archived=_where(catalogue, article),
            )
            for article, family in ((a, families.get(places[a.id][0]) if a.id in places else None) for a in page)
        )
    return Results(
        query=query,
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
) -> tuple[Query, list[Facts], dict[str, float], list[str]]:
    """Return the query within the limits, what passes it, every article's score, and notes."""
    notes: list[str] = []
    asked = _limited(query, notes)
    notes += _caveats(query, catalogue, languages)
    scores = dict(index.search(home.fulltext, asked, languages)) if languages else {}
    if not scores and len(asked.words) + len(asked.phrases) > 1:
        asked = replace(asked, match_any=True)
        scores = dict(index.search(home.fulltext, asked, languages))
        if scores:
            notes.append("No article has all the words; these have some of them.")
    found = [facts for facts in catalogue.facts(scores) if _passes(facts, query)]
    if catalogue.withholds:
        found.sort(key=lambda f: (-scores[f.id], f.id))
        if len(found) > MAX_LOOKED_AT:
            notes.append(f"Only the best {MAX_LOOKED_AT} were looked at: parts of texts are withdrawn.")
        found = _still_found(catalogue, found[:MAX_LOOKED_AT], asked, languages)
    return asked, found, scores, notes


def _still_found(catalogue: Catalogue, found: list[Facts], query: Query, languages: Sequence[str]) -> list[Facts]:
    """Leave out what was found only by words that are withdrawn: a hit would tell that they are there.

    The index holds the texts as they were read.
    """
    kept = []
    articles = catalogue.articles(facts.id for facts in found)
    wanted = [*query.words, *(word for phrase in query.phrases for word in phrase)]
    for facts in found:
        article = articles.get(facts.id)
        if article is None:
            continue
        here = {token.word for token in analysis.tokens(f"{article.title or ''}\n{article.text}")}
        terms = here | {analysis.term(word, article.language) for word in here}
        has = [not terms.isdisjoint(analysis.expanded(word, languages)) for word in wanted]
        if not wanted or all(has) or (query.match_any and any(has)):
            kept.append(facts)
    return kept


def _caveats(query: Query, catalogue: Catalogue, languages: Sequence[str]) -> Iterator[str]:
    """Yield what may make an answer smaller than the reader thinks."""
    if waiting := len(catalogue.to_index()):
        yield f"{waiting:,} articles are not indexed yet: the crawl that is running, or the next one, will do it."
    for source_id in sorted(set(query.source_ids) - catalogue.article_counts().keys()):
        yield f"There is no article of a source {source_id!r}."
    for language in sorted(set(query.languages) - set(languages)):
        yield f"There is no article in a language {language!r}; languages are two letters, such as fr."
    if re.search(r"\w[*~]", query.text):
        yield "* and ~ are not understood; words are found in their other forms without them."


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


def _limited(query: Query, notes: list[str]) -> Query:
    room = index.MAX_TERMS
    phrases = []
    for phrase in query.phrases:
        phrases.append(phrase[:room])
        room -= len(phrases[-1])
    words, room = query.words[:room], room - len(query.words[:room])
    kept = replace(query, words=words, phrases=tuple(filter(None, phrases)), excluded=query.excluded[:room])
    if kept != query:
        notes.append(f"Only the first {index.MAX_TERMS} words of the query were used.")
    return kept


def _all_words(query: Query) -> Iterable[str]:
    yield from query.words
    for phrase in query.phrases:
        yield from phrase


def _passes(facts: Facts, query: Query) -> bool:
    return (
        (not query.source_ids or facts.source_id in query.source_ids)
        and (not query.languages or facts.language in query.languages)
        and (query.published_from is None or facts.dated >= query.published_from)
        and (query.published_to is None or facts.dated < query.published_to)
    )


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


def snippet(article: Article, wanted: set[str]) -> str:
    """Return the part of the text with the most wanted terms, escaped, with ``<mark>`` around them."""
    tokens = list(analysis.tokens(article.text))
    marked = [t for t in tokens if analysis.term(t.word, article.language) in wanted or t.word in wanted]
    if not marked:
        return " ".join(html.escape(_cut(article.text, 0, SNIPPET_CHARS)).split())
    best = _densest(marked)
    start = max(0, best.start - SNIPPET_CHARS // 4)
    start = article.text.rfind(" ", 0, start) + 1 if start else 0
    end = min(len(article.text), start + SNIPPET_CHARS)
    parts, at = [], start
    for token in marked:
        if start <= token.start and token.end <= end:
            parts += [
                html.escape(article.text[at : token.start]),
                f"<mark>{html.escape(article.text[token.start : token.end])}</mark>",
            ]
            at = token.end
    parts.append(html.escape(_cut(article.text, at, end)))
    return ("…" if start else "") + " ".join("".join(parts).split())


def _densest(marked: list[analysis.Token]) -> analysis.Token:
    """Return the first of the words that has the most of the others within a snippet's length behind it."""
    best, most, end = marked[0], 0, 0
    for number, token in enumerate(marked):
        while end < len(marked) and marked[end].start < token.start + SNIPPET_CHARS:
            end += 1
        if end - number > most:
            best, most = token, end - number
    return best


def _cut(text: str, start: int, end: int) -> str:
    if end >= len(text):
        return text[start:]
    space = text.rfind(" ", start, end)
    return text[start : space if space > start else end] + "…"
