"""Reading foreign WARC files: how many records are found, and how fast, beside warcio and FastWARC in the same run.

    python benchmarks/imports.py                  a file of 20,000 records that it makes itself
    python benchmarks/imports.py --data DIR       also a table of every WARC, ARC and WACZ file below DIR;
                                                  or set AGGREGATOR_DATA=DIR

The pace is that of walking through all records with their blocks in memory, by one core, the median of some rounds by
turns. ``captures`` is our pace with the answers read too, down to the decoded body. Recall counts records, complete or
not, as each library yields them until it stops; ours leaves out nothing that either yields. Exit code 1: it does.
"""

from __future__ import annotations

import argparse
import contextlib
import gzip
import io
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from fastwarc.warc import ArchiveIterator as FastIterator
from warcio.archiveiterator import ArchiveIterator

from aggregator.archive import foreign

NAMES = (".warc", ".warc.gz", ".warc.lz4", ".warc.zst", ".arc", ".arc.gz", ".wacz", ".bad")


def ours(path: Path) -> Iterator[foreign.ForeignRecord]:
    return (found for found in foreign.records(path) if isinstance(found, foreign.ForeignRecord))


def with_warcio(path: Path) -> Iterator[object]:
    with path.open("rb") as stream, contextlib.redirect_stderr(io.StringIO()):
        for record in ArchiveIterator(stream, no_record_parse=True):
            record.raw_stream.read()
            yield record


def with_fastwarc(path: Path) -> Iterator[object]:
    with path.open("rb") as stream:
        for record in FastIterator(stream, parse_http=False, stream_detect=True):
            record.reader.read()
            yield record


def captures(path: Path) -> Iterator[object]:
    now = datetime.now(UTC)
    return (foreign.entry_of(record, path.name, source_id="", imported_at=now) for record in ours(path))


def count(read: Callable[[Path], Iterator[object]], path: Path) -> int:
    """Return how many records a reader yields before it ends or fails."""
    found = 0
    with contextlib.suppress(Exception):
        for _ in read(path):
            found += 1
    return found


def make(path: Path, records: int) -> None:
    """Write requests and responses of some kilobytes each, one gzip member a record."""
    dice = random.Random(7)
    words = ["".join(dice.choices("abcdefghijklmnopqrstuvwxyz", k=dice.randint(2, 9))) for _ in range(2_000)]
    with path.open("wb") as file:
        for number in range(records // 2):
            body = f"<html><p>{' '.join(dice.choices(words, k=dice.randint(100, 1_500)))}</p></html>".encode()
            asked = f"GET /{number} HTTP/1.1\r\nHost: a.example\r\n\r\n".encode()
            answer = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n" % len(body) + body
            for kind, block in (("request", asked), ("response", answer)):
                head = (
                    f"WARC/1.1\r\nWARC-Type: {kind}\r\nWARC-Target-URI: http://a.example/{number}\r\n"
                    f"WARC-Date: 2020-01-01T00:00:00Z\r\nWARC-Record-ID: <urn:x:{kind}:{number}>\r\n"
                    f"Content-Type: application/http; msgtype={kind}\r\nContent-Length: {len(block)}\r\n\r\n"
                )
                file.write(gzip.compress(head.encode() + block + b"\r\n\r\n", 6, mtime=0))


def pace(path: Path, rounds: int) -> dict[str, float]:
    """Return the records a second of each reader, the median of the rounds."""
    readers = {"warcio": with_warcio, "fastwarc": with_fastwarc, "ours": ours, "captures": captures}
    times: dict[str, list[float]] = {name: [] for name in readers}
    total = 0
    for _ in range(rounds):
        for name, read in readers.items():
            began = time.process_time()
            total = sum(1 for _ in read(path))
            times[name].append(time.process_time() - began)
    return {name: total / median(found) for name, found in times.items()}


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--data", type=Path, default=os.environ.get("AGGREGATOR_DATA"))
    options.add_argument("--records", type=int, default=20_000)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--json", action="store_true")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "made.warc.gz"
        make(path, chosen.records)
        paces = pace(path, chosen.rounds)
    files = sorted(Path(chosen.data).rglob("*")) if chosen.data else []
    rows = [
        {
            "file": path.relative_to(chosen.data).as_posix(),
            "warcio": count(with_warcio, path),
            "fastwarc": count(with_fastwarc, path),
            "ours": count(ours, path),
        }
        for path in files
        if path.is_file() and path.name.endswith(NAMES)
    ]
    lacking = [row for row in rows if int(str(row["ours"])) < max(int(str(row["warcio"])), int(str(row["fastwarc"])))]
    if chosen.json:
        print(json.dumps({"records_a_second": paces, "recall": rows}))
    else:
        for row in rows:
            print(f"{row['warcio']:>6} {row['fastwarc']:>8} {row['ours']:>6}  {row['file']}")
        if rows:
            print(f"warcio fastwarc   ours  ({len(rows)} files, {len(lacking)} where ours finds fewer)\n")
        for name, found in paces.items():
            against = f"{found / paces['warcio']:.2f} x warcio, {found / paces['fastwarc']:.2f} x FastWARC"
            print(f"{name:<9} {found:>10,.0f} records/s   {against}")
    return int(bool(lacking))


if __name__ == "__main__":
    sys.exit(main())
