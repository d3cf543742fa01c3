"""The same search over a corpus of one's own: many questions in plain words, no home needed."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import replace

from aggregator import analysis
from aggregator.errors import StoreError
from aggregator.index import Asked, Reader, Writer
from aggregator.model import Article
from aggregator.query import Any, Word
from aggregator.search import scratch

HITS = 100
MAX_QUESTION_CHARS = 4_000


def in_corpus(
    articles: Iterable[Article], questions: Iterable[tuple[str, str]], *, engine: str
) -> Generator[tuple[str, list[tuple[str, float]]]]:
    """Yield for each question the ids of the articles that fit best, at most 100, with their scores.

    Whoever does not read to the end closes it: its index is in the system's temporary folder until then.

    Args:
        articles: Where to look.
        questions: An id, and plain words without operators; of longer ones the first 4,000 characters count. Without
            any word nothing fits.
        engine: One of ``index.ENGINES``.

    Raises:
        NoSpaceError: The index, which is made in the system's temporary folder, finds no room.
        StoreError: Somebody changed it there meanwhile.
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

    with scratch.folder() as folder:
        with closing(Writer(folder, engine)) as writer:
            writer.put(numbered())
            writer.sign()
        with closing(Reader(folder)) as reader:
            for question_id, text in questions:
                words = dict.fromkeys(analysis.folded(text[:MAX_QUESTION_CHARS]))
                asked = Asked(Any(tuple(map(Word, words))), tuple(languages), limit=HITS)
                try:
                    found = reader.ask(asked).hits if words else []
                except StoreError:
                    raise StoreError(
                        folder, "changed or removed while it was in use. Only this search needs it: run it again."
                    ) from None
                yield question_id, [(ids[int(i[1:])], score) for i, score in found]
