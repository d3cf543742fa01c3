"""The index as tantivy keeps it: for archives of a hundred thousand articles and more.

It holds the same terms as that of Whoosh, but a title stands twice in front of its text, for it counts twice: so both
rank by the same formula. Fields of its own:

terms   the terms of title, title and text
words   their words as they stand, with places; between them stands what is no word, so that no phrase reaches over
id      by which what is replaced is deleted: of numbers, tantivy deletes nothing
key     the id as a number, which is read of many articles at once
month   of ``published``, as 202611
"""

from __future__ import annotations

import errno
import json
import math
import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache, partial
from operator import neg
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tantivy import Document, FieldType, Index, Occur, Query, SchemaBuilder, Searcher, TextAnalyzerBuilder, Tokenizer

from aggregator import analysis, disk
from aggregator.errors import StoreError
from aggregator.index import sums
from aggregator.index.asking import MAX_EXPANSIONS, Asked, Broken, Found, Known, Sort, meant
from aggregator.index.schema import document, instant
from aggregator.model import Article
from aggregator.query import All, Node, Not, Only, Phrase, Reach, Within, Word
from aggregator.query import Any as Either

VERSION = 2
"""Counted up with every change of what is written: an index of another version is built again."""
_BUILDING_BYTES = 256 << 20
_ADDING_BYTES = 32 << 20
"""What tantivy sorts in memory when it makes an index, and when it only adds to one."""
_BETWEEN = "\x1f"
_MORE = 64
"""Hits that are looked at beyond those asked for, and an eighth, since equals are in no order: more if need be."""
_MOST_NAMES = 10_000
"""Sources, languages and months that are told apart in a facet."""
_REMEMBERED = 64
"""Lists of words that begin alike: whoever asks for one asks for it again."""
_IDS = 1 << 15
"""Ids that are remembered with their numbers: whoever asks for the hundredth page has asked for the others."""
_SEGMENT = re.compile(r"([0-9a-f]{32})\.[a-z]+|[0-9a-f]{32}\.\d+\.del")
"""What the files of a segment are called; that of what is gone from it is replaced by the next of its kind."""
_ID = re.compile("[1-9a-z][0-9a-z]{0,11}")
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_PAIRS = [first + second for first in _DIGITS for second in _DIGITS]
"""By twos an id is made of its number twice as fast, which the hundredth page asks for a thousand times."""

_TERMS: dict[str | None, str] = {None: "terms", "title": "title"}
_WORDS: dict[str | None, str] = {None: "words", "title": "title_words", "author": "author_words"}


@lru_cache(maxsize=1)
def _schema() -> Any:
    builder = SchemaBuilder()
    builder.add_text_field("id", tokenizer_name="raw", index_option="basic")
    builder.add_unsigned_field("key", indexed=True, fast=True)
    for name in ("published", "captured", "month"):
        builder.add_integer_field(name, indexed=True, fast=True)
    for name in ("source", "language"):
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic", fast=True)
    for name in ("terms", "title"):
        builder.add_text_field(name, tokenizer_name="words", index_option="freq")
    for name in ("words", "title_words", "author_words", "url_words"):
        builder.add_text_field(name, tokenizer_name="words", index_option="position")
    return builder.build()


def _opened(folder: Path) -> Index:
    # a new one each time: one that was open while another wrote would go on from what it knew
    index = Index(_schema(), path=str(folder))
    index.config_reader("manual")  # else a thread of its own watches the folder, and touches it
    index.register_tokenizer("words", TextAnalyzerBuilder(Tokenizer.whitespace()).build())
    return index


def _check(folder: Path, read: sums.Read) -> None:
    # where there is no list, tantivy makes one, empty; and it takes a missing file of places for an empty one
    listed = json.loads((folder / "meta.json").read_bytes())["segments"]
    living = {segment["segment_id"].replace("-", "") for segment in listed}
    sums.check(folder, _SEGMENT, living, read)


def make(folder: Path) -> None:
    """Make an empty index in an empty folder."""
    with _understood():
        _opened(folder)
    sums.note(folder, _SEGMENT)


class Adding:
    """Adds articles to an index.

    Args:
        folder: Where it is.
        at_once: Whether it is being made, so that memory is worth spending.
    """

    def __init__(self, folder: Path, *, at_once: bool) -> None:
        self._folder = folder
        self._bytes = _BUILDING_BYTES if at_once else _ADDING_BYTES
        _check(folder, sums.Read.TOUCHED)
        with _understood():
            _opened(folder).searcher()

    def put(self, articles: Iterable[Article]) -> None:
        """Index articles as they now are, each once, and commit."""
        with _understood():
            index = _opened(self._folder)
            is_empty = index.searcher().num_docs == 0
            writer = index.writer(self._bytes, 1)
            try:
                for article in articles:
                    filed = _document(article)
                    if not is_empty:
                        writer.delete_documents_by_term("id", filed["id"])
                    writer.add_document(Document.from_dict(filed, _schema()))
                writer.commit()
                writer.wait_merging_threads()
            except ValueError as error:
                if "killed" in str(error):
                    writer.commit()  # it fails, and says of what the thread died that writes the files
                raise
            finally:
                del writer  # it holds the lock, and an error would hold it
        sums.note(self._folder, _SEGMENT)

    def tidy(self) -> None:
        """Do nothing: what was replaced goes when tantivy merges, which it does by itself."""

    def close(self) -> None:
        """Do nothing: nothing is held between two batches."""


@contextmanager
def _understood() -> Iterator[None]:
    """Turn what tantivy says when it fails into errors of Python.

    Raises:
        OSError: It is about the system, as when the disk is full; or another writer is at work.
        Broken: It gave up; what it raises then no ``except Exception`` catches.
        ValueError: Anything else.
    """
    try:
        yield
    except ValueError as error:
        raise _of_the_system(error) from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise Broken(str(error)) from error


def _of_the_system(error: ValueError) -> Exception:
    """Return the error of the system that one of tantivy's is about, as when the disk is full; else that one."""
    if "LockBusy" in str(error):
        return BlockingIOError(errno.EWOULDBLOCK, "another writer is at work")
    code = re.search(r"code: (\d+)|os error (\d+)", str(error))
    number = int(code[1] or code[2]) if code else 0
    return OSError(number, os.strerror(number)) if number else error


def _document(article: Article) -> dict[str, Any]:
    of = document(article)
    words = " ".join([*of["title_words"], _BETWEEN, *of["title_words"], _BETWEEN, *of["text_words"]])
    published = (article.claimed_at or article.captured_at).astimezone(UTC)
    return {
        "id": article.id,
        "key": _key(article.id),
        "published": of["published"],
        "captured": of["captured"],
        "month": published.year * 100 + published.month,
        "source": article.source_id,
        "language": article.language or "",
        "terms": " ".join([*of["title"], *of["title"], *of["text"]]),
        "title": " ".join(of["title"]),
        "words": words,
        "title_words": " ".join(of["title_words"]),
        "author_words": " ".join(of["author_words"]),
        "url_words": " ".join(of["url_words"]),
    }


def _key(article_id: str) -> int:
    """Return the number of an id, which is one of base 36: of twelve letters and digits it has less than 63 bits."""
    if not _ID.fullmatch(article_id):
        raise ValueError(f"{article_id!r} is no id of an article")
    return int(article_id, 36)


@lru_cache(maxsize=_IDS)
def _id(key: int) -> str:
    parts = []
    while key:
        key, pair = divmod(key, len(_PAIRS))
        parts.append(_PAIRS[pair])
    return "".join(reversed(parts)).lstrip("0")


class Reading:
    """The index as it was last committed.

    Args:
        folder: Where it is.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._state = _state(folder)
        self._place = folder.stat().st_ino
        _check(folder, sums.Read.NONE)
        self._searcher = searcher = _searcher(folder)

        @lru_cache(maxsize=_REMEMBERED)
        def known(field: str, beginning: str) -> Known:
            pairs = searcher.terms_with_prefix(field, beginning)
            return Known(*zip(*pairs, strict=True)) if pairs else Known((), ())

        self._known = known

    def answer(self, asked: Asked) -> Found:
        """Return what a question finds.

        Raises:
            StoreError: The index was made again meanwhile.
        """
        with self._still():
            return _Asking(self._searcher, self._meant, asked).answer()

    def meant(self, word: Word) -> list[str]:
        """Return what a beginning or a misspelt word may stand for in all titles and texts, the most frequent first."""
        with self._still():
            return self._meant("words", word)

    def _meant(self, field: str, word: Word) -> list[str]:
        return meant(word, partial(self._known, field), partial(self._searcher.doc_freq, field))

    @contextmanager
    def _still(self) -> Iterator[None]:
        """Let no answer pass from files that may have been overwritten meanwhile, as an erase does it."""
        try:
            with _understood():
                yield
        finally:
            if self._folder.stat().st_ino != self._place:
                raise StoreError(self._folder, "it was changed while it was searched. Nothing is lost. Search again.")

    def languages(self) -> list[str]:
        """Return the languages of the articles, maybe also of replaced ones."""
        with self._still():
            return [language for language in self._known("language", "").words if language]

    def check(self) -> None:
        """Read all of it, and compare it with what was committed."""
        _check(self._folder, sums.Read.ALL)

    def is_outdated(self) -> bool:
        """Whether the writer has committed since."""
        return _state(self._folder) != self._state

    def close(self) -> None:
        """Do nothing: files are mapped, and let go with this."""


def _searcher(folder: Path) -> Searcher:
    """Return what reads an index, also one that only others may write to."""
    try:
        with _understood():
            return _opened(folder).searcher()
    except OSError as error:
        if error.errno not in disk.FULL:
            raise
    with TemporaryDirectory() as name, _understood():  # tantivy wants to write a lock beside its files
        aside = Path(name)
        shutil.copyfile(folder / "meta.json", aside / "meta.json")
        for path in folder.iterdir():
            if _SEGMENT.fullmatch(path.name):
                (aside / path.name).symlink_to(path.resolve())
        return _opened(aside).searcher()  # it has all files open


def _state(folder: Path) -> tuple[int, int]:
    """Return what tells one commit from another."""
    about = (folder / "meta.json").stat()
    return about.st_ino, about.st_mtime_ns


class _Asking:
    """A question, and the index as it is now."""

    def __init__(self, searcher: Searcher, meant: Callable[[str, Word], list[str]], asked: Asked) -> None:
        self._searcher = searcher
        self._meant = meant
        self._asked = asked
        self._cut: set[str] = set()

    def answer(self) -> Found:
        node = self._asked.node
        query = self._seen(_unranked(Query.all_query()) if node is None else self._query(node))
        by = self._asked.sort
        if by is Sort.RELEVANCE and not _is_ranked(node):
            by = Sort.PUBLISHED
        hits, total = self._first(query, by)
        facets = self._facets(query) if self._asked.with_facets else {}
        return Found(tuple(hits), total, facets, frozenset(self._cut))

    def _first(self, query: Query, by: Sort) -> tuple[list[tuple[str, float]], int]:
        limit = self._asked.limit
        field = None if by is Sort.RELEVANCE else by.value
        most = max(self._searcher.num_docs, 1)
        more = most if limit is None else _MORE + limit // 8
        while True:
            look_at = min((limit or 0) + more, most)
            found: Any = self._searcher.search(query, look_at, count=True, order_by_field=field)
            hits = found.hits  # made anew whenever it is asked for
            ranks, addresses = [rank for rank, _ in hits], [address for _, address in hits]
            total = int(found.count or 0)
            is_cut = limit is not None and len(ranks) < total
            if not (is_cut and limit and ranks[limit - 1] == ranks[-1]):
                break
            more *= 4  # whoever equals the last one asked for may come before it
        keys: Any = self._searcher.fast_field_values("key", addresses)
        published = ranks if by is Sort.PUBLISHED else self._searcher.fast_field_values("published", addresses)
        rows = sorted(zip(map(neg, ranks), map(neg, published), map(_id, keys), strict=True))
        return [(article_id, -rank if field is None else 0.0) for rank, _, article_id in rows[:limit]], total

    def _facets(self, query: Query) -> dict[str, dict[str, int]]:
        fields = ("source", "language", "month")
        wanted = {name: {"terms": {"field": name, "size": _MOST_NAMES}} for name in fields}
        told = self._searcher.aggregate(query, wanted)
        counts = {name: {each["key"]: each["doc_count"] for each in told[name]["buckets"]} for name in fields}
        months = {f"{int(month) // 100:04}-{int(month) % 100:02}": n for month, n in counts["month"].items()}
        return {**counts, "month": months}

    def _query(self, node: Node) -> Query:
        match node:
            case All(nodes):
                return _every([self._query(each) for each in nodes])
            case Either(nodes):
                return _some([self._query(each) for each in nodes])
            case Not(inner):
                return Query.boolean_query(
                    [(Occur.Must, _unranked(Query.all_query())), (Occur.MustNot, self._query(inner))]
                )
            case Within(field, since, until):
                return self._within(field, since, until)
            case Only(field, values):
                return _unranked(self._only(field, values))
            case Phrase(words, place):
                return self._phrase(_WORDS[place], words)
            case Word():
                return self._word(node)

    def _within(self, field: str, since: datetime | None, until: datetime | None) -> Query:
        if since is None and until is None:
            return _unranked(Query.all_query())
        low = None if since is None else instant(since)
        high = None if until is None else instant(until) - 1
        return _unranked(Query.range_query(_schema(), field, FieldType.Integer, low, high))

    def _only(self, field: str, values: Sequence[str]) -> Query:
        if field == "id":
            return Query.term_set_query(_schema(), "key", [_key(value) for value in values if _ID.fullmatch(value)])
        if field == "url":
            names = [analysis.folded(value) for value in values]
            return _some([self._phrase("url_words", name) for name in names if name])
        return Query.term_set_query(_schema(), field, list(values))

    def _phrase(self, field: str, words: Sequence[str]) -> Query:
        if len(words) == 1:
            return Query.term_query(_schema(), field, words[0], index_option="freq")
        return Query.phrase_query(_schema(), field, list(words))

    def _word(self, node: Word) -> Query:
        if node.reach is Reach.FORMS and node.place in _TERMS:
            return self._one_of(_TERMS[node.place], analysis.expanded(node.word, self._asked.languages))
        field = _WORDS[node.place]
        if node.reach in (Reach.PREFIX, Reach.NEAR):
            meant = self._meant(field, node)
            if len(meant) > MAX_EXPANSIONS:
                self._cut.add(node.word)
            return self._one_of(field, meant[:MAX_EXPANSIONS])
        return self._one_of(field, (node.word,))

    def _one_of(self, field: str, terms: Sequence[str]) -> Query:
        """Return what finds one of several terms, as one word: it is as rare as all of them together."""
        every = self._searcher.num_docs
        having = {term: self._searcher.doc_freq(field, term) for term in terms}
        known = {term: Query.term_query(_schema(), field, term, index_option="freq") for term in terms if having[term]}
        seen = sum(having.values())
        if self._asked.unseen:
            seen = sum(self._searcher.search(self._seen(query), 1).count for query in known.values())  # type: ignore[attr-defined]
        together = _rarity(min(seen, every), every)
        return _some(
            [
                Query.boost_query(query, together / _rarity(min(having[term], every), every))
                for term, query in known.items()
            ]
        )

    def _seen(self, query: Query) -> Query:
        """Return a query without what must not be found."""
        unseen = [(Occur.MustNot, self._only(only.field, only.values)) for only in self._asked.unseen]
        return Query.boolean_query([(Occur.Must, query), *unseen]) if unseen else query


def _is_ranked(node: Node | None) -> bool:
    """Whether a question looks for words, so that one article may fit better than another."""
    match node:
        case Word() | Phrase():
            return True
        case All(nodes) | Either(nodes):
            return any(map(_is_ranked, nodes))
        case _:
            return False


def _rarity(having: int, every: int) -> float:
    """Return how much a word weighs that so many of all articles have, as BM25 in tantivy has it."""
    return math.log(1 + (every - having + 0.5) / (having + 0.5))


def _unranked(query: Query) -> Query:
    return Query.const_score_query(query, 0.0)


def _every(queries: Sequence[Query]) -> Query:
    return Query.boolean_query([(Occur.Must, each) for each in queries])


def _some(queries: Sequence[Query]) -> Query:
    return Query.boolean_query([(Occur.Should, each) for each in queries]) if queries else Query.empty_query()
