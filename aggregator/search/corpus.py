"""The same search over a corpus of one's own: many questions in plain words, no home needed."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from aggregator import analysis
from aggregator.index import Asked, Reader, Writer
from aggregator.model import Article
from aggregator.query import Any, Node, Word

HITS = 100
MAX_QUESTION_CHARS = 4_000


def in_corpus(
    articles: Iterable[Article], questions: Iterable[tuple[str, str]], *, engine: str
) -> Iterator[tuple[str, list[tuple[str, float]]]]:
    """Yield for each question the ids of the articles that fit best, at most 100, with their scores.

    Args:
        articles: Where to look.
        questions: An id, and plain words without operators; of longer ones the first 4,000 characters count.
        engine: One of ``index.ENGINES``.

    Raises:
        NoSpaceError: The index, which is made in the system's temporary folder, finds no room.
    """
    ids: list[str] = []
    languages: dict[str, None] = {}

    def numbered() -> Iterator[Article]:
        """Yield them under ids as articles of a home have them."""
        for article in articles:
            ids.append(article.id)
            if article.language:
                languages[article.language] = None
            yield replace(article, id=f"n{len(ids) - 1}")

    with tempfile.TemporaryDirectory() as folder:
        writer = Writer(Path(folder) / "index", engine)
        writer.put(numbered())
        writer.sign()
        writer.close()
        with closing(Reader(Path(folder) / "index")) as reader:
            for question_id, text in questions:
                found = reader.ask(Asked(_some_of(text), tuple(languages), limit=HITS))
                yield question_id, [(ids[int(i[1:])], score) for i, score in found.hits]


def _some_of(text: str) -> Node:
    """Return a query for any of the words of a text."""
    words = dict.fromkeys(analysis.folded(text[:MAX_QUESTION_CHARS]))
    return Any(tuple(Word(word) for word in words))
