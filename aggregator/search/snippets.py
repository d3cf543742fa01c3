"""The part of a text, and the title, with what shows why it was found."""

from __future__ import annotations

import html
from collections.abc import Iterable

from aggregator import analysis
from aggregator.model import Article
from aggregator.search.telling import Telling

SNIPPET_CHARS = 240


def snippet(article: Article, telling: Telling) -> str:
    """Return the part of the text with the most words that were looked for, escaped, with ``<mark>`` around them."""
    marked = _found(article.text, article.language, telling)
    if not marked:
        return " ".join(html.escape(_cut(article.text, 0, SNIPPET_CHARS)).split())
    best = _densest(marked)
    start = max(0, best.start - SNIPPET_CHARS // 4)
    start = article.text.rfind(" ", 0, start) + 1 if start else 0
    end = min(len(article.text), start + SNIPPET_CHARS)
    return ("…" if start else "") + _marked(article.text, marked, start, end)


def title(article: Article, telling: Telling) -> str | None:
    """Return the title, escaped, with ``<mark>`` around the words that were looked for; None: it has none."""
    if article.title is None:
        return None
    return _marked(article.title, _found(article.title, article.language, telling), 0, len(article.title))


def _found(text: str, language: str | None, telling: Telling) -> list[analysis.Token]:
    return analysis.tokens_of(text, lambda words: telling.among(words, language))


def _marked(text: str, found: Iterable[analysis.Token], start: int, end: int) -> str:
    """Return a part of a text in one line, escaped, with ``<mark>`` around those of the words found that are in it."""
    parts, at = [], start
    for token in found:
        if start <= token.start and token.end <= end:
            parts += [html.escape(text[at : token.start]), f"<mark>{html.escape(text[token.start : token.end])}</mark>"]
            at = token.end
    parts.append(html.escape(_cut(text, at, end)))
    return " ".join("".join(parts).split())


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
