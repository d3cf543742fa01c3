"""The index as Whoosh keeps it: for archives of some ten thousand articles."""

from __future__ import annotations

import errno
import math
import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from aggregator import disk
from aggregator.errors import StoreError
from aggregator.index import sums
from aggregator.index.asking import Asked, Found
from aggregator.index.schema import document
from aggregator.model import Article
from aggregator.query import Word

VERSION = 3
"""Counted up with every change of what is written: an index of another version is built again."""
_BUILDING_MIB = 128
_MERGING_MIB = 16
"""What Whoosh sorts in memory when it makes an index, and when it only adds to one, beside whatever else goes on: with
less it takes a third longer."""
_SEGMENT = re.compile(r"(MAIN_[0-9a-z]+)\..+")
"""What the files of a segment are called."""


def make(folder: Path) -> None:
    """Make an empty index in an empty folder."""
    from whoosh.index import FileIndex

    from aggregator.index.whoosh.fields import schema

    sums.note(folder, _SEGMENT)
    FileIndex.create(_storage(folder), schema()).close()


class Adding:
    """Adds articles to an index.

    Args:
        folder: Where it is.
        at_once: Whether it is being made, so that memory is worth spending.
    """

    def __init__(self, folder: Path, *, at_once: bool) -> None:
        self._folder = folder
        self._index = _opened(folder)
        _check(folder, self._index._segments(), sums.Read.TOUCHED)
        self._limit_mib = _BUILDING_MIB if at_once else _MERGING_MIB

    def put(self, articles: Iterable[Article]) -> None:
        """Index articles as they now are, each once, and commit."""
        is_empty = self._index.doc_count_all() == 0
        writer = _filer(self._index, self._limit_mib)
        try:
            for article in articles:
                if not is_empty:
                    writer.delete_by_term("id", article.id)
                writer.file(document(article))
            writer.commit(mergetype=_merging(self._folder, soon=True))
        except BaseException:
            with suppress(Exception):  # a disk that took no article may not take the end of them either
                writer.cancel()
            raise

    def tidy(self) -> None:
        """Write anew what is in too many parts, or what was replaced in large part: 3 s for 500 articles."""
        from aggregator.index.whoosh.merging import mergeable

        if mergeable(self._index._segments(), math.inf):
            _filer(self._index, _MERGING_MIB).commit(mergetype=_merging(self._folder, soon=False))

    def close(self) -> None:
        """Let go of the folder."""
        self._index.storage.close_all()


class Reading:
    """The index as it was last committed.

    Args:
        folder: Where it is.
    """

    def __init__(self, folder: Path) -> None:
        from aggregator.index.whoosh.postings import Postings

        self._folder = folder
        self._state = _state(folder)
        self._index = _opened(folder)
        try:
            reader = _read(self._index)
            self._segments = [leaf.segment() for leaf, _ in reader.leaf_readers()]
            _check(folder, self._segments, sums.Read.NONE)
            self._postings = Postings(reader)
        except BaseException:
            self.close()
            raise

    def answer(self, asked: Asked) -> Found:
        """Return what a question finds.

        Raises:
            StoreError: The index was changed meanwhile.
        """
        from aggregator.index.whoosh.searching import Searcher

        found = Searcher(self._postings, asked.languages).answer(asked)
        # a file that the writer took away meanwhile looks like one that never was
        if self.is_outdated():
            raise StoreError(self._folder, "it was changed while it was searched. Nothing is lost. Search again.")
        return found

    def meant(self, word: Word) -> list[str]:
        """Return what a beginning or a misspelt word may stand for in all titles and texts, the most frequent first."""
        return self._postings.meant(("title_words", "text_words"), word)

    def languages(self) -> list[str]:
        """Return the languages of the articles, maybe also of replaced ones."""
        facts = self._postings.words("facts", "language:").words
        return [language for fact in dict.fromkeys(facts) if (language := fact.removeprefix("language:"))]

    def check(self) -> None:
        """Read all of it, and compare it with what was committed."""
        _check(self._folder, self._segments, sums.Read.ALL)

    def is_outdated(self) -> bool:
        """Whether the writer has committed since."""
        return _state(self._folder) != self._state

    def close(self) -> None:
        """Let go of the files."""
        self._index.storage.close_all()


def _filer(index: Any, limit_mib: int) -> Any:
    from whoosh.index import LockError

    from aggregator.index.whoosh.filing import Filer

    try:
        return Filer(index, limit_mib)
    except LockError as error:
        raise BlockingIOError(errno.EWOULDBLOCK, "another writer is at work") from error


def _merging(folder: Path, *, soon: bool) -> Callable[[Any, Sequence[Any]], list[Any]]:
    """Return what Whoosh asks, when it commits, which segments stay as they are."""
    from aggregator.index.whoosh.merging import MOST_SEGMENTS, SOON_DOCS, merge, mergeable

    def merged(writer: Any, segments: Sequence[Any]) -> list[Any]:
        may_wait = soon and len(segments) < MOST_SEGMENTS
        chosen = mergeable(segments, SOON_DOCS if may_wait else math.inf)
        _check(folder, segments, sums.Read.ALL, chosen)  # else their damage would be noted as right
        return merge(writer, chosen)

    return merged


def _storage(folder: Path) -> Any:
    from whoosh.filedb.filestore import FileStorage

    class Storage(FileStorage):  # type: ignore[misc]
        def __init__(self, path: str) -> None:
            super().__init__(path)
            self._opened: list[Any] = []

        def open_file(self, name: str, **how: Any) -> Any:
            """Open a file to read it."""
            file = super().open_file(name, **how)
            self._opened = [each for each in self._opened if not each.is_closed]
            self._opened.append(file)
            return file

        def close_all(self) -> None:
            """Close all files that are open still: Whoosh leaves some behind when others are missing.

            Not ``close``, which it calls when it is done with one of several segments.
            """
            for file in self._opened:
                if not file.is_closed:
                    file.close()
            self._opened.clear()

        def rename_file(self, oldname: str, newname: str, safe: bool = False) -> None:
            """Put a new table of contents in its place, once all that it lists is safe against a power cut."""
            sums.note(folder, _SEGMENT)
            disk.sync_all(folder)
            super().rename_file(oldname, newname, safe=safe)
            disk.sync_folder(folder)

    return Storage(str(folder))


def _state(folder: Path) -> tuple[int, list[str]]:
    """Return what tells one commit from another: which folder it is, and its tables of contents."""
    return folder.stat().st_ino, sorted(path.name for path in folder.glob("*.toc"))


def _check(folder: Path, segments: Iterable[Any], read: sums.Read, of: Iterable[Any] | None = None) -> None:
    living = {segment.segment_id() for segment in segments if segment}  # an empty index has none
    some = None if of is None else {segment.segment_id() for segment in of}
    sums.check(folder, _SEGMENT, living, read, some)


def _read(index: Any) -> Any:
    """Return Whoosh's reader; its own way tries ten times when a file is missing, as whoever asks us does."""
    listed = index._read_toc()
    return index._reader(index.storage, listed.schema, listed.segments, listed.generation)


def _opened(folder: Path) -> Any:
    from whoosh.index import FileIndex

    return FileIndex(_storage(folder))
