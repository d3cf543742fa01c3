"""The way out: a query to hits, one per cluster.

text -> parse -> index (ids and scores, without what is hidden) -> fold copies -> page -> catalogue -> snippets
"""

from __future__ import annotations

import difflib
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from aggregator import access
from aggregator.access import Shown
from aggregator.catalogue import Catalogue
from aggregator.errors import UnknownIdError
from aggregator.home import Home
from aggregator.index import MAX_EXPANSIONS, Found, Sort
from aggregator.model import Article, Hit, Relation, Results
from aggregator.query import All, Node, Query, Word, parse, typed
from aggregator.search import spelling
from aggregator.search.answering import MAX_LOOKED_AT, Answers
from aggregator.search.asking import only_of, relaxed, resolved
from aggregator.search.folding import Folded, page
from aggregator.search.past import answers_of
from aggregator.search.snippets import snippet, title
from aggregator.search.telling import Telling

MAX_PAGE = 100
MAX_ALL_WORDS = 3
"""Of more words than these, those who ask rarely mean all: sentences are pasted."""

FINDS_IDS = "`aggregator search` finds ids."
"""Said of an id or address that is none, where nothing else may have been meant."""
_SUGGESTED = 3
_ALIKE = 0.8
"""How like an id must be to what was typed: of twelve letters, two may be wrong."""


def search(
    home: Home,
    query: Query,
    *,
    limit: int = 10,
    offset: int = 0,
    sort: str = "relevance",
    as_of: datetime | None = None,
) -> Results:
    """Return the hits of a query, the copies of one text folded into one hit: the original, if it was found.

    When no article has all the words, those with any of them are found instead, and the note says so.

    Args:
        home: Where to look.
        query: As parsed, with filters.
        limit: Hits to return, at most 100.
        offset: Hits to pass over.
        sort: ``relevance``, ``published`` (claimed, newest first) or ``captured``.
        as_of: Find what could be read just before then, in the versions of then, the newest first; None: as it is now.

    Raises:
        StoreError: Catalogue or index is missing, damaged or of another version.
    """
    began = time.perf_counter()
    if home.is_new:
        return Results(
            query=query.text,
            total=0,
            texts=0,
            took_ms=0.0,
            hits=(),
            facets=_facets({}),
            note="Nothing was crawled yet.",
        )
    with access.opened(home) as catalogue, closing(answers_of(home, catalogue, as_of)) as answers:
        asked, notes = _asked(home, answers, catalogue, query)
        instead = _typed_ways(query)[0] if _is_long(query.node) else None
        order = Sort.PUBLISHED if as_of and sort == Sort.RELEVANCE else Sort(sort)
        shown = partial(page, answers, catalogue, sort=order, offset=offset, limit=min(limit, MAX_PAGE))
        folded, found, texts = shown(asked)
        if not found.total:
            demanded = asked
            asked, more = _instead(answers, catalogue, query, asked)
            instead = instead if asked is demanded else _typed_ways(query)[-1]
            notes += more
            folded, found, texts = shown(asked)
        hits = tuple(_hits(answers, catalogue, folded, Telling(asked, answers.languages)))
    return Results(
        query=query.text,
        total=found.total,
        texts=texts,
        took_ms=round((time.perf_counter() - began) * 1000, 1),
        hits=hits,
        facets=_facets(found.facets),
        note=" ".join([*notes, *_cut(found, was_cut=answers.was_cut)]) or None,
        instead=instead,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Exactly:
    """All articles that have all of a query."""

    ids: list[str]
    """Copies too, the newest first."""
    note: str | None
    """What the reader should know; None: nothing."""
    instead: str | None
    """What asks for what a search shows, where that makes do with some of the words, as it is typed; None: it does not,
    or finds no more."""
    found_instead: int
    """How many articles that finds."""
    or_more: bool
    """Whether these are only the newest of what may fit, so that it may find more."""


def exactly(answers: Answers, home: Home, catalogue: Shown, query: Query) -> Exactly:
    """Return all articles that have all of a query: what is handed on holds nothing that was not asked for.

    Args:
        answers: The index, open.
        home: Where to look.
        catalogue: Its catalogue, open for reading.
        query: As parsed, with filters.

    Raises:
        StoreError: Catalogue or index is missing, damaged or of another version.
    """
    ids, note = matching_in(answers, home, catalogue, query.exactly)
    for some, instead in zip(_ways(resolved(query.node, home, catalogue)), _typed_ways(query), strict=False):
        if ids and not _is_long(query.node):
            break  # a search shows these
        answers.was_cut = False  # what was asked before, as for a spelling, does not count
        if more := answers.ask(some, limit=1).total:
            if instead and (more > len(ids) or answers.was_cut):
                more = max(more, len(ids))
                return Exactly(ids=ids, note=note, instead=instead, found_instead=more, or_more=answers.was_cut)
            break
    return Exactly(ids=ids, note=note, instead=None, found_instead=0, or_more=False)


def _ways(node: Node | None) -> Iterator[Node]:
    """Yield what a search looks for where not all of a query is demanded: of a long one, and where nothing is found."""
    if _is_long(node) and (few := relaxed(node, phrases=False)):
        yield few
        node = few
    if some := relaxed(node, phrases=True):
        yield some


def _typed_ways(query: Query) -> list[str | None]:
    """Return the same as it is typed, without the filters that stand beside the words; None: it cannot be typed."""
    return [typed(each) for each in _ways(parse(query.text).node)]


def _is_long(node: Node | None) -> bool:
    """Whether a query has so many words that not all of them are demanded."""
    return isinstance(node, All) and sum(isinstance(each, Word) for each in node.nodes) > MAX_ALL_WORDS


def matching(home: Home, catalogue: Shown, query: Query) -> tuple[list[str], str | None]:
    """Return the ids of all articles that match, copies too, the newest first; and what the reader should know.

    Args:
        home: Where to look.
        catalogue: Its catalogue, open for reading.
        query: As parsed, with filters.

    Raises:
        StoreError: Catalogue or index is missing, damaged or of another version.
    """
    with closing(Answers(home, catalogue)) as answers:
        return matching_in(answers, home, catalogue, query)


def matching_in(answers: Answers, home: Home, catalogue: Shown, query: Query) -> tuple[list[str], str | None]:
    """Return the same of answers that are open, and stay so: those of then, too."""
    asked, notes = _asked(home, answers, catalogue, query)
    found = answers.ask(asked, sort=Sort.PUBLISHED)
    if not found.total:
        asked, more = _instead(answers, catalogue, query, asked)
        notes += more
        found = answers.ask(asked, sort=Sort.PUBLISHED)
    return [article_id for article_id, _ in found.hits], " ".join([*notes, *_cut(found, was_cut=False)]) or None


def _asked(home: Home, answers: Answers, catalogue: Shown, query: Query) -> tuple[Node | None, list[str]]:
    """Return what is looked for, and notes."""
    notes = [*query.notes, *_caveats(query, catalogue, answers.languages)]
    asked = resolved(query.node, home, catalogue)
    if _is_long(asked):
        notes.append(f"Of more than {MAX_ALL_WORDS} words some are enough; articles with most of them come first.")
        asked = relaxed(asked, phrases=False)
    return asked, notes


def _instead(answers: Answers, catalogue: Catalogue, query: Query, asked: Node | None) -> tuple[Node | None, list[str]]:
    """Return what is looked for where nothing was found, and notes."""
    meant = spelling.suggestion(query, asked, answers)
    notes = [f"Did you mean: {meant}"] if meant else []
    notes += [f"`aggregator show {article.id}` shows what that names." for article in catalogue.meant(query.text)]
    some = relaxed(asked, phrases=True)
    if some is None or not answers.ask(some, limit=1).total:
        return asked, notes
    return some, ["No article has all the words; these have some of them.", *notes]


def _hits(answers: Answers, catalogue: Shown, folded: Sequence[Folded], telling: Telling) -> Iterator[Hit]:
    articles = answers.articles(each.article_id for each in folded)
    translated = _translations(answers, catalogue, articles)
    captures = catalogue.captures_read(articles)
    versions = catalogue.version_facts(articles)
    for each in folded:
        article, family = articles.get(each.article_id), each.family
        if article:  # a writer may have taken it away since
            members = answers.members(family.members) if family else ()
            seen = versions.get(article.id, ())
            number, captured_at = next(
                ((n, v.captured_at) for n, v in enumerate(seen, 1) if v.number == article.number),
                (article.number, article.captured_at),
            )
            yield Hit(
                article=article,
                score=round(each.score, 4),
                title=title(article, telling),
                snippet=snippet(article, telling),
                copies=tuple(m for m in members if m != article.id),
                original=family.original if family and family.original in members else None,
                translations=tuple(translated.get(article.id, ())),
                captured_at=captured_at,
                number=number,
                versions=max(len(seen), number),
                archived=capture.place if (capture := captures.get((article.id, article.number))) else "",
            )


def _translations(answers: Answers, catalogue: Shown, ids: Collection[str]) -> dict[str, list[tuple[str, str | None]]]:
    """Return of each of some articles in which others it is translated, or they in it, with their languages."""
    pairs = [(m.a, m.b) for m in catalogue.matches_of(ids) if m.relation is Relation.TRANSLATION]
    there = set(answers.members({i for pair in pairs for i in pair}))
    languages = {facts.id: facts.language for facts in catalogue.facts(there)}
    found: dict[str, list[tuple[str, str | None]]] = {}
    for one, other in sorted({*pairs, *((b, a) for a, b in pairs)}):
        if one in ids and other in languages:
            found.setdefault(one, []).append((other, languages[other]))
    return found


def _cut(found: Found, *, was_cut: bool) -> Iterator[str]:
    """Yield what was left out.

    Args:
        found: What was found.
        was_cut: Whether not all that the index found was looked at.
    """
    for word in sorted(found.cut):
        yield f"{word!r} may stand for more words; the {MAX_EXPANSIONS} most frequent were looked for."
    if was_cut:
        yield (
            f"Parts of texts are withdrawn, so only the newest {MAX_LOOKED_AT} that may fit were looked at. "
            "Narrow the time to see others."
        )


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
        return FINDS_IDS
    return f"Did you mean {' or '.join(near[:_SUGGESTED])}?"


def _facets(counts: Mapping[str, Mapping[str, int]]) -> dict[str, list[tuple[str, int]]]:
    """Return counts in order: by number, but months by time, the newest first."""
    facets = {
        name: sorted(counts.get(name, {}).items(), key=lambda counted: (-counted[1], counted[0]))
        for name in ("source", "language")
    }
    return {**facets, "month": sorted(counts.get("month", {}).items(), reverse=True)}
