"""The full-text index. The only room that knows Whoosh and tantivy.

    asking   what an index is asked, and what it answers
    schema   what it holds of an article
    sums     its files as they were committed, so that damage is told
    whoosh   the engine of small archives, the default
    tantivy  the engine of large ones

It holds terms, not texts: an article's title and text as ``analysis`` sees them, under its id. All else about a hit is
asked of the catalogue. The folder is derived and never accepted from outside: Whoosh unpickles what it finds there.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol, TypeVar

from aggregator import analysis, disk
from aggregator.errors import AggregatorError, BusyError, StoreError
from aggregator.index.asking import K1, LARGE_ARCHIVE, MAX_EXPANSIONS, Asked, B, Broken, Found, Sort, advice
from aggregator.model import Article
from aggregator.query import Word

ENGINES = ("whoosh", "tantivy")
_STAMP = "generation.json"
_TRIES = 10
_PAUSE_S = 0.05
"""How often, and after how long, a search looks again when the writer took a file away that it was about to read."""

_Said = TypeVar("_Said")


class _Adding(Protocol):
    def put(self, articles: Iterable[Article]) -> None: ...
    def tidy(self) -> None: ...
    def close(self) -> None: ...


class _Reading(Protocol):
    def answer(self, asked: Asked) -> Found: ...
    def meant(self, word: Word) -> list[str]: ...
    def languages(self) -> list[str]: ...
    def check(self) -> None: ...
    def is_outdated(self) -> bool: ...
    def close(self) -> None: ...


def _room(engine: str) -> Any:
    """Return the module of an engine: with ``make``, ``Adding`` and ``Reading``."""
    if engine == "tantivy":
        from aggregator.index import tantivy

        return tantivy
    from aggregator.index import whoosh

    return whoosh


def _stamp(engine: str) -> dict[str, Any]:
    return {"engine": engine, "fields": _room(engine).VERSION, "analysis": analysis.VERSION}


def engine_of(folder: Path) -> str | None:
    """Return the engine of an index that is fit for searching; None: there is none, or another program made it."""
    try:
        stamp = json.loads((folder / _STAMP).read_bytes())
        return next(name for name in ENGINES if stamp["engine"] == name and stamp == _stamp(name))
    except (OSError, ValueError, LookupError, TypeError, RecursionError, StopIteration):
        return None


class Writer:
    """Adds articles to the index; what is added can be found after each ``put``.

    Args:
        folder: ``index/fulltext``; created when missing, emptied when the analysis or the engine has changed or it is
            damaged.
        engine: One of ``ENGINES``.

    Attributes:
        is_new: Whether the index was empty when it was opened: every article must be added.

    Raises:
        BusyError: Another writer is at work; so for every method.
        NoSpaceError: The disk is full or read-only; likewise.
        StoreError: The disk fails, or what is there turns out to be damaged; likewise.
    """

    def __init__(self, folder: Path, engine: str = "whoosh") -> None:
        self._folder = folder
        self._engine = engine
        self.is_new = engine_of(folder) != engine
        self._adding: _Adding
        if not self.is_new:
            try:
                with disk.guarded(folder):
                    self._adding = _room(engine).Adding(folder, at_once=False)
            except AggregatorError:
                raise
            except Exception:  # damaged: engines fail with errors of pickle, struct and the system
                self.is_new = True
        if self.is_new:
            with disk.guarded(folder):
                if folder.exists():
                    shutil.rmtree(folder)
                folder.mkdir(parents=True)
                _room(engine).make(folder)
                self._adding = _room(engine).Adding(folder, at_once=True)

    def sign(self) -> None:
        """Declare a new index fit for searching, once it is noted which articles it lacks."""
        with disk.guarded(self._folder):
            disk.put(self._folder / _STAMP, json.dumps(_stamp(self._engine)).encode())

    def put(self, articles: Iterable[Article]) -> None:
        """Index articles as they now are, each once, and commit: what is added is then safe against a power cut."""
        failed: list[Exception] = []

        def given() -> Iterator[Article]:
            try:
                with disk.guarded(self._folder):
                    yield from articles
            except Exception as error:
                failed.append(error)
                raise

        with self._told(failed):
            self._adding.put(given())

    def tidy(self) -> None:
        """Do what takes long and may wait: put small parts together, and let replaced articles go where they are many.

        Until they go they take room, and a search counts around them.
        """
        with self._told():
            self._adding.tidy()

    @contextmanager
    def _told(self, others: Sequence[Exception] = ()) -> Iterator[None]:
        """Turn errors into ours, but for those of others; a damaged index is made anew by the next writer."""
        try:
            with disk.guarded(self._folder):
                yield
        except Exception as error:
            if others:
                raise others[0] from None
            if isinstance(error, AggregatorError):
                raise
            if isinstance(error, BlockingIOError):
                raise BusyError(self._folder, None) from error
            with suppress(OSError):
                (self._folder / _STAMP).unlink()
            raise _damaged(self._folder, error) from error

    def close(self) -> None:
        """Let go of the folder."""
        self._adding.close()


class Reader:
    """Answers questions from the index as it was last committed; a writer may be at work.

    Args:
        folder: ``index/fulltext``.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._reading: _Reading | None = None

    def ask(self, asked: Asked) -> Found:
        """Return which articles match, the best first or the newest.

        Raises:
            StoreError: The index is missing, damaged or of another analysis.
        """
        return self._told(lambda reading: reading.answer(asked))

    def meant(self, word: Word) -> list[str]:
        """Return what a beginning or a misspelt word may stand for in all titles and texts, the most frequent first.

        Raises:
            StoreError: As for ``ask``.
        """
        return self._told(lambda reading: reading.meant(word))

    def languages(self) -> list[str]:
        """Return the languages of the articles.

        Raises:
            StoreError: As for ``ask``.
        """
        return self._told(lambda reading: reading.languages())

    def check(self) -> None:
        """Read all terms and columns, and compare them with what was committed; the list of its parts is not compared.

        Raises:
            StoreError: They are others; or as for ``ask``.
        """
        self._told(lambda reading: reading.check())

    def close(self) -> None:
        """Let go of the folder."""
        if self._reading:
            self._reading.close()
            self._reading = None

    def _told(self, question: Callable[[_Reading], _Said]) -> _Said:
        """Ask; once more, if the writer took away meanwhile what was about to be read."""
        for left in reversed(range(_TRIES)):
            try:
                return self._try(question)
            except StoreError as error:
                self.close()
                if not left or isinstance(error.__cause__, Broken):
                    raise
            time.sleep(_PAUSE_S)
        raise AssertionError("it was answered or refused")

    def _try(self, question: Callable[[_Reading], _Said]) -> _Said:
        folder = self._folder
        if (engine := engine_of(folder)) is None:
            raise StoreError(
                folder, "missing or of another version. Nothing is lost. Run `aggregator rebuild --only index`."
            )
        try:
            if self._reading is None or self._reading.is_outdated():
                self.close()
                self._reading = _room(engine).Reading(folder)
            return question(self._reading)
        except StoreError:
            raise
        except Exception as error:
            raise _damaged(folder, error) from error


def search(folder: Path, asked: Asked) -> Found:
    """Return what one question finds; whoever has several asks a ``Reader``."""
    with closing(Reader(folder)) as reader:
        return reader.ask(asked)


def _damaged(folder: Path, error: Exception) -> StoreError:
    """Return our error for an engine's, which are all of pickle's, struct's and the system's."""
    what = " ".join(f"{type(error).__name__} {error}".split())[:120]
    return StoreError(folder, f"damaged ({what}). Nothing is lost. Run `aggregator rebuild --only index`.")


__all__ = [
    "ENGINES",
    "K1",
    "LARGE_ARCHIVE",
    "MAX_EXPANSIONS",
    "Asked",
    "B",
    "Found",
    "Reader",
    "Sort",
    "Writer",
    "advice",
    "engine_of",
    "search",
]
