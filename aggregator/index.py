"""The full-text index. The only room that knows Whoosh.

It holds terms, not texts: an article's title and text as ``analysis`` sees them, under its id. All else about a hit is
asked of the catalogue. The folder is derived and never accepted from outside: Whoosh unpickles what it finds there.
"""

from __future__ import annotations

import json
import math
import shutil
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from aggregator import analysis, disk
from aggregator.errors import StoreError
from aggregator.model import Article, Query

MAX_TERMS = 20
TITLE_BOOST = 3.0
_BUILDING_MIB = 128
_MERGING_MIB = 16
"""What Whoosh sorts in memory when it makes an index, and when it only adds to one, beside whatever else goes on: with
less it takes a third longer."""
_STAMP = "generation.json"
_TRIES = 10
_PAUSE_S = 0.05
"""How often, and after how long, a search looks again when the writer took a file away that it was about to read."""


PIVOT_TERMS = {"title": 8, "text": 300}
"""The length at which BM25 neither rewards nor punishes, in terms a field: typical of news. Whoosh would take the
average of the index, but goes on counting the words of replaced documents: answers would depend on history."""


def _weighting() -> Any:
    from whoosh.scoring import BM25F

    class Weighting(BM25F):  # type: ignore[misc]
        def idf(self, searcher: Any, fieldname: str, text: bytes) -> float:
            """Return how rare a term is among the articles as they now are; Whoosh would count replaced ones, too."""
            parent = searcher.get_parent()
            if not parent.reader().has_deletions():
                return float(super().idf(searcher, fieldname, text))
            living = sum(1 for _ in parent.reader().postings(fieldname, text).all_ids())
            return math.log(parent.doc_count() / (living + 1)) + 1

        def scorer(self, searcher: Any, fieldname: str, text: bytes, qf: int = 1) -> Any:
            scorer = super().scorer(searcher, fieldname, text, qf=qf)
            scorer.avgfl = PIVOT_TERMS[fieldname]
            scorer.setup(searcher, fieldname, text)
            return scorer

    return Weighting()


def _schema() -> Any:
    from whoosh import fields
    from whoosh.analysis import SpaceSeparatedTokenizer

    as_given = SpaceSeparatedTokenizer()
    return fields.Schema(
        id=fields.ID(unique=True, stored=True),
        title=fields.TEXT(analyzer=as_given, phrase=True, field_boost=1.0),
        text=fields.TEXT(analyzer=as_given, phrase=True),
    )


def _stamp() -> bytes:
    return json.dumps({"engine": "whoosh", "analysis": analysis.VERSION}).encode()


def _is_signed(folder: Path) -> bool:
    stamp = folder / _STAMP
    return stamp.exists() and stamp.read_bytes() == _stamp()


def _storage(folder: Path) -> Any:
    from whoosh.filedb.filestore import FileStorage

    class Storage(FileStorage):  # type: ignore[misc]
        def rename_file(self, oldname: str, newname: str, safe: bool = False) -> None:
            """Put a new table of contents in its place, once all that it lists is safe against a power cut."""
            disk.sync_all(folder)
            super().rename_file(oldname, newname, safe=safe)
            disk.sync_folder(folder)

    return Storage(str(folder))


class Writer:
    """Adds articles to the index; what is added can be found after ``commit``.

    Args:
        folder: ``index/fulltext``; created when missing, emptied when the analysis has changed or it is damaged.

    Attributes:
        is_new: Whether the index was empty when it was opened: every article must be added.

    Raises:
        NoSpaceError: The disk is full or read-only; so for every method.
        StoreError: The disk fails; likewise.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.is_new = not _is_signed(folder)
        if not self.is_new:
            try:
                self._index = _opened(folder)
            except StoreError:
                self.is_new = True
        if self.is_new:
            from whoosh.index import FileIndex

            with disk.guarded(folder):
                if folder.exists():
                    shutil.rmtree(folder)
                folder.mkdir(parents=True)
                self._index = FileIndex.create(_storage(folder), _schema())

    def sign(self) -> None:
        """Declare a new index fit for searching, once it is noted which articles it lacks."""
        with disk.guarded(self._folder):
            disk.put(self._folder / _STAMP, _stamp())

    def put(self, articles: Iterable[Article]) -> None:
        """Index articles as they now are, and commit: what is added is then safe against a power cut."""
        with disk.guarded(self._folder):
            self._put(articles)

    def tidy(self) -> None:
        """Let replaced articles go, if there are any, by writing the whole index anew: 5 s for 2,500 articles.

        Until then they take room, and a search counts around them.
        """
        if self._index.doc_count_all() > self._index.doc_count():
            with disk.guarded(self._folder):
                self._index.writer(limitmb=_MERGING_MIB).commit(optimize=True)

    def _put(self, articles: Iterable[Article]) -> None:
        writer = self._index.writer(limitmb=_BUILDING_MIB if self.is_new else _MERGING_MIB)
        try:
            for article in articles:
                writer.update_document(
                    id=article.id,
                    title=" ".join(analysis.terms(article.title or "", article.language)),
                    text=" ".join(analysis.terms(article.text, article.language)),
                )
            writer.commit()
        except BaseException:
            with suppress(Exception):  # a disk that took no article may not take the end of them either
                writer.cancel()
            raise

    def close(self) -> None:
        """Let go of the folder."""
        self._index.close()


def search(folder: Path, query: Query, languages: Sequence[str]) -> list[tuple[str, float]]:
    """Return the ids of the articles that match, with their scores, best first.

    Filters (source, language, date) are the caller's business.

    Args:
        folder: ``index/fulltext``.
        query: Words, phrases and excluded words.
        languages: The languages of the articles, over which each word is expanded.

    Raises:
        StoreError: The index is missing, damaged or of another analysis.
    """
    for _ in range(_TRIES - 1):
        try:
            return _search(folder, query, languages)
        except StoreError:
            time.sleep(_PAUSE_S)
    return _search(folder, query, languages)


def _search(folder: Path, query: Query, languages: Sequence[str]) -> list[tuple[str, float]]:
    if not _is_signed(folder):
        raise StoreError(
            folder, "missing or of another version. Nothing is lost. Run `aggregator rebuild --only index`."
        )
    index = _opened(folder)
    try:
        with index.searcher(weighting=_weighting()) as searcher:
            wanted, unwanted = _whoosh_queries(query, languages)
            hits = searcher.search(wanted, limit=None)
            # not AndNot: in an index of several segments it lets articles through that hold the excluded word
            out = {hit["id"] for hit in searcher.search(unwanted, limit=None)} if unwanted else set()
            return [(hit["id"], float(hit.score or 0.0)) for hit in hits if hit["id"] not in out]
    except Exception as error:
        raise _damaged(folder, error) from error


def _opened(folder: Path) -> Any:
    from whoosh.index import FileIndex

    try:
        return FileIndex(_storage(folder))
    except Exception as error:
        raise _damaged(folder, error) from error


def _damaged(folder: Path, error: Exception) -> StoreError:
    """Return our error for Whoosh's, which are all of pickle's, struct's and the system's."""
    what = " ".join(f"{type(error).__name__} {error}".split())[:120]
    return StoreError(folder, f"damaged ({what}). Nothing is lost. Run `aggregator rebuild --only index`.")


def _whoosh_queries(query: Query, languages: Sequence[str]) -> tuple[Any, Any]:
    """Return the query for what is wanted, and for what is not; None: nothing is excluded."""
    from whoosh import query as q

    def anywhere(word: str) -> Any:
        found = analysis.expanded(word, languages)
        return q.Or([q.Term("title", t, boost=TITLE_BOOST) for t in found] + [q.Term("text", t) for t in found])

    def phrase(words: tuple[str, ...]) -> Any:
        in_each = [[analysis.term(w, language) for w in words] for language in (None, *languages)]
        distinct = list(dict.fromkeys(map(tuple, in_each)))
        return q.Or([q.Phrase(field, list(ws)) for field in ("title", "text") for ws in distinct])

    wanted = [anywhere(w) for w in query.words] + [phrase(p) for p in query.phrases]
    if not wanted:
        combined: Any = q.Every()
    else:
        combined = q.Or(wanted) if query.match_any else q.And(wanted)
    excluded = [phrase(p) if len(p) > 1 else anywhere(p[0]) for p in query.excluded]
    return combined, q.Or(excluded) if excluded else None
