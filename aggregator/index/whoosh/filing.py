"""Writes Whoosh's segments, thousands of postings at a time: Whoosh itself goes from posting to posting."""

from __future__ import annotations

import pickle
from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray
from whoosh.codec.whoosh3 import W3Codec, W3LeafMatcher
from whoosh.writing import SegmentWriter

from aggregator.index.whoosh.blocks import COUNT_BYTES, EXTENT, TERM_BYTES, Blocks
from aggregator.index.whoosh.fields import COLUMNS
from aggregator.index.whoosh.pool import NUMBER, Entry, Pool
from aggregator.index.whoosh.termtable import TermTable, records

FIELD_BYTES = 2
"""Of the number of a field, in front of its terms."""
_AT_ONCE = 1 << 16
"""Postings that are written together, about."""


class Filer(SegmentWriter):  # type: ignore[misc]
    """A writer of Whoosh's that takes documents as ``schema.document`` makes them.

    Args:
        index: Whoosh's.
        limit_mib: What the postings may take in memory, about; the rest waits on the disk.
    """

    def __init__(self, index: Any, limit_mib: int) -> None:
        # in one file together, all of them would be copied into memory by every search
        super().__init__(index, codec=_Codec(), compound=False)
        self.pool = Pool(limit_mib << 20, self.storage.folder)
        self._before: Any = None

    def delete_by_term(self, fieldname: str, text: str, searcher: Any = None) -> int:
        """Let go of the documents with a term that were there before this wrote any; return how many."""
        # Whoosh opens all segments again for every one of them
        if self._before is None:
            self._before = self.searcher()
        return int(super().delete_by_term(fieldname, text, searcher or self._before))

    def _finish(self) -> None:
        if self._before is not None:
            self._before.close()
        super()._finish()

    def file(self, document: dict[str, Any]) -> None:
        """Add a document; what there is of the same id stays."""
        docs, number = self.perdocwriter, self.docnum
        docs.start_doc(number)
        for name in sorted(document):
            value, field = document[name], self.schema[name]
            if name in COLUMNS:
                docs.add_column_value(name, field.column_type, value)
            elif name == "id":
                self.pool.put(name, [value], number)
                docs.add_field(name, field, value, 1)
            else:
                self.pool.put(name, value, number)
                docs.add_field(name, field, None, len(value))
        docs.finish_doc()
        self._added = True
        self.docnum += 1

    def add_postings_to_pool(self, reader: Any, startdoc: int, docmap: dict[int, int] | None) -> None:
        """Take the postings of another segment; Whoosh calls it when it merges segments.

        Args:
            reader: Of that segment.
            startdoc: What its first document is now; each of the others comes behind the one before it.
            docmap: What its documents are now, when some of them are gone; those are not in it.
        """
        every = range(reader.doc_count_all())
        numbers = [startdoc + doc if docmap is None else docmap.get(doc) for doc in every]
        self.pool.put_run(_entries(reader, numbers))


def _entries(reader: Any, numbers: Sequence[int | None]) -> Iterator[Entry]:
    """Yield the terms of a segment, in order, with their documents as they are now; None: gone."""
    terms, table = reader._terms, reader._terms._tindex
    fields = [(name, reader.schema[name].format) for name in terms._fieldunmap]
    for key, told in records(table, table.startofdata, table.endofdata):
        field, kind = fields[int.from_bytes(key[:FIELD_BYTES])]
        has_places = kind.supports("positions")
        docs, counts, steps = array("I"), array("I"), array("I")
        for those, weights, values in _blocks(terms, told, kind):
            for old, weight, value in zip(those, weights, values, strict=True):
                doc = numbers[old]
                if doc is not None:
                    docs.append(doc)
                    counts.append(int(weight))
                    if has_places:
                        steps.extend(pickle.loads(value[COUNT_BYTES:]))
        if docs:
            yield Entry((field, key[FIELD_BYTES:].decode()), docs.tobytes(), counts.tobytes(), steps.tobytes())


def _blocks(terms: Any, told: bytes, kind: Any) -> Iterator[tuple[Sequence[int], Sequence[float], Sequence[bytes]]]:
    """Yield documents of a term, how often each has it, and what is kept of each, a block at a time."""
    if told[0]:
        yield pickle.loads(told[TERM_BYTES:])
        return
    matcher = W3LeafMatcher(terms._postfile, *EXTENT.unpack(told[TERM_BYTES:]), kind)
    while matcher.is_active():
        matcher.id(), matcher.weight(), matcher.value()  # now the block is read
        yield matcher._ids, matcher._weights, matcher._values
        matcher._next_block()


class _Codec(W3Codec):  # type: ignore[misc]
    def field_writer(self, storage: Any, segment: Any) -> _FieldWriter:
        return _FieldWriter(storage, segment)

    def new_segment(self, storage: Any, indexname: str) -> Any:
        """Return a segment that says of itself that Whoosh wrote it: nothing of ours is needed to read it."""
        return W3Codec().new_segment(storage, indexname)


class _FieldWriter:
    """Writes the terms of a segment and their postings."""

    def __init__(self, storage: Any, segment: Any) -> None:
        self._terms = TermTable(segment.create_file(storage, W3Codec.TERMS_EXT))
        self._postings = segment.create_file(storage, W3Codec.POSTS_EXT)
        self._written = 0
        self.is_closed = False

    def add_postings(self, schema: Any, lengths: Any, entries: Iterable[Entry]) -> None:
        """Write all terms, in order, with all their postings; so Whoosh calls it.

        Args:
            schema: Whoosh's.
            lengths: Whoosh's reader of what is known of each document.
            entries: The terms.
        """
        fields: dict[str, int] = {}
        self._terms.extras["fieldmap"] = fields
        for name, those in groupby(entries, key=lambda entry: entry.key[0]):
            number = fields[name] = len(fields)
            kind, rounded = schema[name].format, _rounded(lengths, name, is_known=schema[name].scorable)
            for some in _together(those):
                self._write(some, number.to_bytes(FIELD_BYTES), Blocks(some, kind, rounded))

    def _write(self, entries: list[Entry], field: bytes, blocks: Blocks) -> None:
        for n, entry in enumerate(entries):
            about, postings = blocks.term(n, self._written)
            self._terms.add(field + entry.key[1].encode(), about)
            self._postings.write(postings)
            self._written += len(postings)

    def close(self) -> None:
        """Write the rest."""
        self._terms.close()
        self._postings.close()
        self.is_closed = True


def _together(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    """Yield terms, as many together as have enough postings."""
    some: list[Entry] = []
    postings = 0
    for entry in entries:
        some.append(entry)
        postings += len(entry.docs) // NUMBER.itemsize
        if postings >= _AT_ONCE:
            yield some
            some, postings = [], 0
    if some:
        yield some


def _rounded(lengths: Any, field: str, *, is_known: bool) -> NDArray[np.uint8]:
    """Return how many words all documents have in a field, as Whoosh rounds them to a byte."""
    every = np.zeros(lengths.doc_count_all(), np.uint8)
    name = f"_{field}_len"
    if is_known and lengths.has_column(name):
        file, begins, length = lengths._get_column_file(name)
        every[:length] = np.frombuffer(bytes(file.get(begins, length)), np.uint8)  # it leaves out the last zeros
        file.close()
    return every
