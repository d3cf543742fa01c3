"""Writes Whoosh's files, a term at a time. It writes posting by posting itself, and takes twice as long.

What is written is what Whoosh would write, and it reads it. Two things it can read and never writes: the documents of a
rare term beside the term, and small blocks uncompressed.
"""

from __future__ import annotations

import marshal
import tempfile
import zlib
from array import array
from collections.abc import Iterable, Iterator, Sequence
from heapq import merge
from itertools import groupby, pairwise
from operator import itemgetter
from pickle import dumps
from struct import Struct
from typing import IO, Any

from whoosh.codec.whoosh3 import WHOOSH3_HEADER_MAGIC, W3Codec, W3FieldWriter, W3TermInfo
from whoosh.util.numeric import length_to_byte
from whoosh.writing import SegmentWriter

from aggregator.index.whoosh.fields import COLUMNS

_INLINE = 4
"""Documents of a term, from fewer on kept beside it: seven of ten terms of 1,000 articles have no more."""
_COMPRESSED = 200
"""Bytes of a block from which on it is compressed: less is not worth the time."""
_ENTRY_BYTES, _POSTING_BYTES = 400, 70
"""What a term and a posting take in memory, about."""
_COUNT = Struct("!I").pack
_ONCE = [_COUNT(1) + dumps([place], 2) for place in range(4_096)]
"""Where a word stands that stands there once."""

_Key = tuple[str, str]
"""A field and a term. Letters are in the order of the bytes that they are written as."""


class _Entry:
    """The postings of a term: documents, ascending, how often each has it, and where."""

    __slots__ = ("counts", "docs", "told")

    def __init__(self) -> None:
        self.docs = array("I")
        self.counts = array("f")
        self.told: list[bytes] = []

    def put(self, doc: int, count: float, told: bytes) -> None:
        """Add a document."""
        self.docs.append(doc)
        self.counts.append(count)
        self.told.append(told)


class Filer(SegmentWriter):  # type: ignore[misc]
    """A writer of Whoosh's that takes documents as ``schema.document`` makes them.

    Args:
        index: Whoosh's.
        limit_mib: What the postings may take in memory, about; the rest waits on the disk.
    """

    def __init__(self, index: Any, limit_mib: int) -> None:
        # in one file together, all of them would be copied into memory by every search
        super().__init__(index, codec=_Codec(), compound=False)
        self.pool = _Pool(limit_mib << 20, self.storage.folder)

    def file(self, document: dict[str, Any]) -> None:
        """Add a document; what there is of the same id stays."""
        docs, number = self.perdocwriter, self.docnum
        docs.start_doc(number)
        for name in sorted(document):
            value, field = document[name], self.schema[name]
            if name in COLUMNS:
                docs.add_column_value(name, field.column_type, value)
            elif name == "id":
                self.pool.put(name, value, number, 1.0, b"")
                docs.add_field(name, field, value, 1)
            else:
                docs.add_field(name, field, None, len(value))
                self.pool.put_words(name, value, number, with_places=field.supports("positions"))
        docs.finish_doc()
        self._added = True
        self.docnum += 1


class _Pool:
    """Postings, by field and term; what is too much for memory waits in files."""

    def __init__(self, limit_bytes: int, folder: str) -> None:
        self._limit = limit_bytes
        self._folder = folder
        self._taken = 0
        self._fields: dict[str, dict[str, _Entry]] = {}
        self._runs: list[IO[bytes]] = []
        self.fieldnames: set[str] = set()

    def add(self, posting: tuple[str, bytes, int, float, bytes]) -> None:
        """Add a posting in Whoosh's form: when it merges segments."""
        field, term, doc, count, told = posting
        self.put(field, term.decode(), doc, count, told)

    def put(self, field: str, term: str, doc: int, count: float, told: bytes) -> None:
        """Add a posting; those of a term in the order of the documents."""
        self._entry(self._of(field), term).put(doc, count, told)
        self._taken += _POSTING_BYTES

    def put_words(self, field: str, words: Sequence[str], doc: int, *, with_places: bool) -> None:
        """Add the postings of a document in a field: of each word how often it stands there, and where."""
        found: dict[str, list[int]] = {}
        for place, word in enumerate(words):
            those = found.get(word)
            if those is None:
                found[word] = [place]
            else:
                those.append(place)
        entries = self._of(field)
        for word, those in found.items():
            count = len(those)
            if not with_places:
                told = _COUNT(count)
            elif count == 1 and those[0] < len(_ONCE):
                told = _ONCE[those[0]]
            else:
                told = _COUNT(count) + dumps([those[0], *(b - a for a, b in pairwise(those))], 2)
            entry = entries.get(word) or self._entry(entries, word)
            entry.put(doc, count, told)
        self._taken += _POSTING_BYTES * len(found)

    def _of(self, field: str) -> dict[str, _Entry]:
        """Return the entries of a field; what is too much is put aside before."""
        if self._taken > self._limit:
            self._save()
        if field not in self._fields:
            self.fieldnames.add(field)
            self._fields[field] = {}
        return self._fields[field]

    def _entry(self, entries: dict[str, _Entry], term: str) -> _Entry:
        entry = entries.get(term)
        if entry is None:
            entry = entries[term] = _Entry()
            self._taken += _ENTRY_BYTES
        return entry

    def _save(self) -> None:
        # in the index, not wherever the system keeps such files: these are the words of texts
        run = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115 - closed by cleanup
        for key, entry in self._in_memory():
            marshal.dump((key, entry.docs.tobytes(), entry.counts.tobytes(), entry.told), run)
        self._runs.append(run)
        self._fields, self._taken = {}, 0

    def _in_memory(self) -> Iterator[tuple[_Key, _Entry]]:
        for field in sorted(self._fields):
            entries = self._fields[field]
            for term in sorted(entries):
                yield (field, term), entries[term]

    def iter_postings(self) -> Iterator[tuple[_Key, _Entry]]:
        """Yield terms in order, each with its postings."""
        if not self._runs:
            yield from self._in_memory()
            return
        several = merge(*map(_read, self._runs), self._in_memory(), key=itemgetter(0))
        for key, those in groupby(several, itemgetter(0)):
            whole = _Entry()
            for _, entry in those:
                whole.docs.extend(entry.docs)
                whole.counts.extend(entry.counts)
                whole.told.extend(entry.told)
            yield key, whole

    def cleanup(self) -> None:
        """Let go of all; Whoosh asks for it when the segment is written."""
        for run in self._runs:
            run.close()
        self._runs, self._fields = [], {}


def _read(run: IO[bytes]) -> Iterator[tuple[_Key, _Entry]]:
    run.seek(0)
    while True:
        try:
            key, docs, counts, told = marshal.load(run)
        except EOFError:
            return
        entry = _Entry()
        entry.docs.frombytes(docs)
        entry.counts.frombytes(counts)
        entry.told += told
        yield key, entry


class _Codec(W3Codec):  # type: ignore[misc]
    def field_writer(self, storage: Any, segment: Any) -> _FieldWriter:
        return _FieldWriter(self, storage, segment)

    def new_segment(self, storage: Any, indexname: str) -> Any:
        """Return a segment that says of itself that Whoosh wrote it: nothing of ours is needed to read it."""
        return W3Codec().new_segment(storage, indexname)


class _FieldWriter(W3FieldWriter):  # type: ignore[misc]
    def add_postings(self, schema: Any, lengths: Any, items: Iterable[tuple[_Key, _Entry]]) -> None:
        """Write fields and their terms, in order, with all postings of each."""
        for name, terms in groupby(items, key=lambda item: item[0][0]):
            self.start_field(name, schema[name])
            rounded = _rounded(lengths, name) if schema[name].scorable else None
            value_bytes = schema[name].format.fixed_value_size()
            number = Struct("!H").pack(self._fieldid)
            for (_, term), entry in terms:
                self._tindex.add(number + term.encode(), self._written(entry, rounded, value_bytes).to_bytes())
            self.finish_field()

    def _written(self, entry: _Entry, rounded: Sequence[int] | None, value_bytes: int | None) -> W3TermInfo:
        """Write the postings of a term; return what is kept of them beside it."""
        docs, counts, told = entry.docs, entry.counts, entry.told
        about = W3TermInfo(weight=sum(counts), df=len(docs), minid=docs[0], maxid=docs[-1], maxweight=max(counts))
        if rounded is not None:
            lengths = [rounded[doc] for doc in docs]
            about._minlength, about._maxlength = min(lengths), max(lengths)
        if len(docs) < _INLINE:
            about.set_inlined(docs, counts, told)
            return about
        start = self._postfile.tell()
        self._postfile.write(WHOOSH3_HEADER_MAGIC)
        size = self._codec._blocklimit
        for first in range(0, len(docs), size):
            some = slice(first, first + size)
            is_last = first + size >= len(docs)
            self._write_block(docs[some], counts[some], told[some], rounded, value_bytes, is_last=is_last)
        about.set_extent(start, self._postfile.tell() - start)
        return about

    def _write_block(
        self,
        docs: array[int],
        counts: array[float],
        told: list[bytes],
        rounded: Sequence[int] | None,
        value_bytes: int | None,
        *,
        is_last: bool,
    ) -> None:
        steps = (docs[0], *(b - a for a, b in pairwise(docs)))
        most = max(counts)
        weights = None if most == min(counts) == 1.0 else tuple(counts)
        values = None if value_bytes == 0 else b"".join(told) if value_bytes and value_bytes > 0 else tuple(told)
        data = dumps((steps, weights, values), 2)
        compression = self._codec._compression if len(data) >= _COMPRESSED else 0
        if compression:
            data = zlib.compress(data, compression)
        lengths = [rounded[doc] for doc in docs] if rounded is not None else [0]
        told_lengths = length_to_byte(min(lengths)), length_to_byte(max(lengths))
        about = dumps((len(docs), docs[-1], most, compression, *told_lengths), 2)
        length = len(about) + len(data)
        self._postfile.write_int(-length if is_last else length)
        self._postfile.write(about)
        self._postfile.write(data)


def _rounded(lengths: Any, field: str) -> Sequence[int]:
    """Return how many words all documents have in a field, as Whoosh rounds them."""
    return [lengths.doc_field_length(doc, field) or 0 for doc in range(lengths.doc_count_all())]
