"""The full-text index. The only room that knows Whoosh.

It holds terms, not texts: an article's title and text as ``analysis`` sees them, under its id. All else about a hit is
asked of the catalogue. The folder is derived and never accepted from outside: Whoosh unpickles what it finds there.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterable, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from aggregator import analysis, disk
from aggregator.errors import StoreError
from aggregator.index.postings import Postings
from aggregator.index.schema import VERSION as FIELDS
from aggregator.index.schema import document, schema
from aggregator.index.searching import MAX_EXPANSIONS, Searcher
from aggregator.model import Article
from aggregator.query import Node

_BUILDING_MIB = 128
_MERGING_MIB = 16
"""What Whoosh sorts in memory when it makes an index, and when it only adds to one, beside whatever else goes on: with
less it takes a third longer."""
_STAMP = "generation.json"
_TRIES = 10
_PAUSE_S = 0.05
"""How often, and after how long, a search looks again when the writer took a file away that it was about to read."""


def _stamp() -> bytes:
    return json.dumps({"engine": "whoosh", "fields": FIELDS, "analysis": analysis.VERSION}).encode()


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
                self._index = FileIndex.create(_storage(folder), schema())

    def sign(self) -> None:
        """Declare a new index fit for searching, once it is noted which articles it lacks."""
        with disk.guarded(self._folder):
            disk.put(self._folder / _STAMP, _stamp())

    def put(self, articles: Iterable[Article]) -> None:
        """Index articles as they now are, each once, and commit: what is added is then safe against a power cut."""
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
        from aggregator.index.filing import Filer

        is_empty = self._index.doc_count_all() == 0
        writer = Filer(self._index, _BUILDING_MIB if self.is_new else _MERGING_MIB)
        try:
            for article in articles:
                if not is_empty:
                    writer.delete_by_term("id", article.id)
                writer.file(document(article))
            writer.commit()
        except BaseException:
            with suppress(Exception):  # a disk that took no article may not take the end of them either
                writer.cancel()
            raise

    def close(self) -> None:
        """Let go of the folder."""
        self._index.close()


def search(folder: Path, node: Node | None, languages: Sequence[str]) -> dict[str, float]:
    """Return the ids of the articles that match, with their scores, in no order.

    Args:
        folder: ``index/fulltext``.
        node: What is looked for; None: everything.
        languages: The languages of the articles, over which each word is expanded.

    Raises:
        StoreError: The index is missing, damaged or of another analysis.
    """
    for _ in range(_TRIES - 1):
        try:
            return _search(folder, node, languages)
        except StoreError:
            time.sleep(_PAUSE_S)
    return _search(folder, node, languages)


def _search(folder: Path, node: Node | None, languages: Sequence[str]) -> dict[str, float]:
    if not _is_signed(folder):
        raise StoreError(
            folder, "missing or of another version. Nothing is lost. Run `aggregator rebuild --only index`."
        )
    seen = _state(folder)
    index = _opened(folder)
    try:
        with closing(index.reader()) as reader:
            found = Searcher(Postings(reader), languages).find(node)
    except Exception as error:
        raise _damaged(folder, error) from error
    # a file that the writer took away meanwhile looks like one that never was
    if _state(folder) != seen:
        raise StoreError(folder, "it was changed while it was searched. Nothing is lost. Search again.")
    return found


def _state(folder: Path) -> tuple[int, list[str]]:
    """Return what tells one commit from another: which folder it is, and its tables of contents."""
    try:
        return folder.stat().st_ino, sorted(path.name for path in folder.glob("*.toc"))
    except OSError as error:
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


__all__ = ["MAX_EXPANSIONS", "Writer", "search"]
