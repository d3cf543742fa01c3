"""Which segments of an index are written anew as one, so that neither adding to it nor asking it is slow for long.

Whoosh itself puts that off by the Fibonacci numbers: of puts of a hundred articles each thirteenth takes twenty times
as long. And it lets go of what was replaced only when all is written anew.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from whoosh.reading import SegmentReader

_TOGETHER = 10
"""Segments of about one size that become one: each article is written anew as often as its number of articles has
digits."""
_GONE = 0.2
"""Share of the documents of a segment that were replaced, from which on it is written anew."""
SOON_DOCS = 100
"""Documents that are written anew while somebody waits for what is added: half a second."""
MOST_SEGMENTS = 60
"""Segments from which on nothing is put off: a question goes to each of them."""


def mergeable(segments: Sequence[Any], most_docs: float) -> list[Any]:
    """Return which of Whoosh's segments should become one; none: they are well as they are.

    Args:
        segments: All of the index.
        most_docs: How many documents may be written anew.
    """
    sizes: defaultdict[int, list[Any]] = defaultdict(list)
    wasteful = []
    for segment in segments:
        if segment.deleted_count() > _GONE * segment.doc_count_all():
            wasteful.append(segment)
        else:
            sizes[len(str(segment.doc_count()))].append(segment)
    chosen: list[Any] = []
    for _, those in sorted(sizes.items()):
        if len(those) + bool(chosen) >= _TOGETHER and _docs([*chosen, *those]) <= most_docs:
            chosen += those
    for segment in wasteful:
        if _docs([*chosen, segment]) <= most_docs:
            chosen.append(segment)
    return chosen


def _docs(segments: Sequence[Any]) -> int:
    return sum(segment.doc_count() for segment in segments)


def merge(writer: Any, chosen: Sequence[Any]) -> list[Any]:
    """Take the documents of some segments into the one that is being written; return the others.

    Args:
        writer: Whoosh's.
        chosen: What ``mergeable`` returned.
    """
    names = {segment.segment_id() for segment in chosen}
    for segment in writer.segments:
        if segment.segment_id() in names:
            reader = SegmentReader(writer.storage, writer.schema, segment)
            writer.add_reader(reader)
            reader.close()
    return [segment for segment in writer.segments if segment.segment_id() not in names]
