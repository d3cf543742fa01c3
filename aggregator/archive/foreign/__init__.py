"""Reads any WARC, ARC or WACZ file: whoever wrote it, however it is compressed, and as far as it is whole.

    containers  the parts of a file that hold records: all of it, or what is in a WACZ
    frames      a stretch as pieces of decompressed bytes; what is damaged is passed over
    parsing     pieces to records
    answers     records to captures

Nothing is raised for what stands in a file, and no more than ``MAX_BLOCK_BYTES`` of it is held in memory at a time.
FastWARC undoes zstd and lz4. Neither it nor warcio parses the records: either stops at damages that the other passes,
and no record behind a damaged gzip member is reached by them; ``benchmarks/imports.py`` compares all three.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from aggregator.archive import elsewhere
from aggregator.archive.foreign.answers import entry_of
from aggregator.archive.foreign.containers import MAX_ENTRIES, Stretch, stretches
from aggregator.archive.foreign.frames import MAX_GROWTH, Allowance, Problem, pieces
from aggregator.archive.foreign.parsing import MAX_BLOCK_BYTES, ForeignRecord
from aggregator.archive.foreign.parsing import records as parsed

MAX_PROBLEMS = 10_000
"""After so many the rest of a file is not read."""


def records(path: Path, start: int = 0) -> Iterator[ForeignRecord | Problem]:
    """Yield the records of a file in order, and what could not be read in it.

    Args:
        path: The file.
        start: Where to begin: 0, or the offset of a record.

    Raises:
        OSError: The disk does not give the file.
    """
    problems = 0
    with elsewhere.opened(path) as stream:
        allowance = Allowance(elsewhere.size(path))
        for part in stretches(path, stream, start):
            for each in [part] if isinstance(part, Problem) else _read(part, start, allowance):
                yield each
                problems += isinstance(each, Problem)
                if problems >= MAX_PROBLEMS:
                    yield Problem(each.offset, f"more than {MAX_PROBLEMS:,} problems; the rest was not read")
                    return


def _read(part: Stretch, start: int, allowance: Allowance) -> Iterator[ForeignRecord | Problem]:
    at = part.begin if part.shown_at is not None else max(part.begin, start)
    for each in parsed(pieces(part.stream, part.begin, at, part.stop, allowance), part.stop):
        yield each if part.shown_at is None else replace(each, offset=part.shown_at)


__all__ = [
    "MAX_BLOCK_BYTES",
    "MAX_ENTRIES",
    "MAX_GROWTH",
    "MAX_PROBLEMS",
    "ForeignRecord",
    "Problem",
    "entry_of",
    "records",
]
