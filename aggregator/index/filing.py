"""Writes Whoosh's files, a term at a time. It writes posting by posting itself, and takes three times as long.

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
from typing import IO, Any, NamedTuple

from whoosh.codec.whoosh3 import WHOOSH3_HEADER_MAGIC, W3Codec, W3FieldWriter, W3TermInfo
from whoosh.util.numeric import length_to_byte
from whoosh.writing import SegmentWriter

from aggregator.index.schema import COLUMNS

_INLINE = 4
"""Documents of a term, from fewer on kept beside it: three of four terms have no more."""
_COMPRESSED = 200
"""Bytes of a block from which on it is compressed: less is not worth the time."""
_ENTRY_BYTES, _POSTING_BYTES = 400, 70
"""What a term and a posting take in memory, about."""
_COUNT = Struct("!I").pack
_ONCE = [_COUNT(1) + dumps([place], 2) for place in range(4_096)]
"""Where a word stands that stands there once."""

_Key = tuple[str, bytes]


class _Entry(NamedTuple):
    """The postings of a term: documents, ascending, how often each has it, and where."""

    docs: array[int]
    counts: array[float]
    told: list[bytes]


class Filer(SegmentWriter):  # type: ignore[misc]
    """A writer of Whoosh's that takes documents as ``schema.document`` makes them.

    Args:
        index: Whoosh's.
        limit_mib: What the postings may take in memory, about; the rest waits on the disk.
    """

    def __init__(self, index: Any, limit_mib: int) -> None:
        super().__init__(index, codec=_Codec())
        self.pool = _Pool(limit_mib << 20)

    def file(self, document: dict[str, Any]) -> None:
        """Add a document; what there is of the same id stays."""
        docs, number = self.perdocwriter, self.docnum
        docs.start_doc(number)
        for name in sorted(document):
            value, field = document[name], self.schema[name]
            if name in COLUMNS:
                docs.add_column_value(name, field.column_type, value)
            elif name == "id":
                self.pool.put((name, value.encode()), number, 1.0, b"")
                docs.add_field(name, field, value, 1)
            else:
                docs.add_field(name, field, None, len(value))
                for term, count, told in _told(value, places=field.supports("positions")):
                    self.pool.put((name, term.encode()), number, count, told)
        docs.finish_doc()
        self._added = True
        self.docnum += 1


def _told(words: Sequence[str], *, places: bool) -> Iterator[tuple[str, float, bytes]]:
    """Yield each word with how often it stands there, and what Whoosh keeps of that."""
    found: dict[str, list[int]] = {}
    for place, word in enumerate(words):
        found.setdefault(word, []).append(place)
    for word, those in found.items():
        count = len(those)
        if not places:
            yield word, count, _COUNT(count)
        elif count == 1 and those[0] < len(_ONCE):
            yield word, 1.0, _ONCE[those[0]]
        else:
            yield word, count, _COUNT(count) + dumps([those[0], *(b - a for a, b in pairwise(those))], 2)


class _Pool:
    """Postings, by term; what is too much for memory waits in files."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit = limit_bytes
        self._taken = 0
        self._entries: dict[_Key, _Entry] = {}
        self._runs: list[IO[bytes]] = []
        self.fieldnames: set[str] = set()

    def add(self, posting: tuple[str, bytes, int, float, bytes]) -> None:
        """Add a posting in Whoosh's form: when it merges segments."""
        field, term, doc, count, told = posting
        self.put((field, term), doc, count, told)

    def put(self, key: _Key, doc: int, count: float, told: bytes) -> None:
        """Add a posting; those of a term in the order of the documents."""
        entry = self._entries.get(key)
        if entry is None:
            if self._taken > self._limit:
                self._save()
            self.fieldnames.add(key[0])
            entry = self._entries[key] = _Entry(array("I"), array("f"), [])
            self._taken += _ENTRY_BYTES
        entry.docs.append(doc)
        entry.counts.append(count)
        entry.told.append(told)
        self._taken += _POSTING_BYTES

    def _save(self) -> None:
        run = tempfile.TemporaryFile()  # noqa: SIM115 - it is closed when the postings were read
        for key in sorted(self._entries):
            entry = self._entries[key]
            marshal.dump((key, entry.docs.tobytes(), entry.counts.tobytes(), entry.told), run)
        self._runs.append(run)
        self._entries, self._taken = {}, 0

    def iter_postings(self) -> Iterator[tuple[_Key, _Entry]]:
        """Yield terms in order, each with its postings."""
        in_memory = ((key, self._entries[key]) for key in sorted(self._entries))
        if not self._runs:
            yield from in_memory
            return
        for key, several in groupby(merge(*map(_read, self._runs), in_memory, key=itemgetter(0)), itemgetter(0)):
            whole = _Entry(array("I"), array("f"), [])
            for _, entry in several:
                whole.docs.extend(entry.docs)
                whole.counts.extend(entry.counts)
                whole.told.extend(entry.told)
            yield key, whole

    def cleanup(self) -> None:
        """Let go of all."""
        for run in self._runs:
            run.close()
        self._runs, self._entries = [], {}


def _read(run: IO[bytes]) -> Iterator[tuple[_Key, _Entry]]:
    run.seek(0)
    while True:
        try:
            key, docs, counts, told = marshal.load(run)
        except EOFError:
            return
        entry = _Entry(array("I"), array("f"), told)
        entry.docs.frombytes(docs)
        entry.counts.frombytes(counts)
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
                self._tindex.add(number + term, self._written(entry, rounded, value_bytes).to_bytes())
            self.finish_field()

    def _written(self, entry: _Entry, rounded: Sequence[int] | None, value_bytes: int | None) -> W3TermInfo:
        """Write the postings of a term; return what is kept of them beside it."""
        docs, counts, told = entry
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
