"""WARC files: write, read, recover. The only room that touches ``archive/`` (but for its lock and its decisions).

    records   WARC records as bytes and as words
    reader    what the files say, in order
    writer    one file at a time, appended to, sealed when the day ends
    recovery  what an interrupted writer left open
    copying   records byte for byte, for files that leave
    cdxj      a line a capture, by which other tools find it
    days      the closing of a day: list, manifests, articles

Writing is: append the members, ``sync``, and only then may anybody be told that something is stored.
"""

from aggregator.archive.copying import Copier, Copy, warcinfo
from aggregator.archive.days import (
    close,
    folder_of,
    lacking_articles,
    read_articles,
    seal_of,
    unclosed,
    write_articles,
)
from aggregator.archive.reader import MAX_RECORD_BYTES, OPEN, body, entries, files, holds, size
from aggregator.archive.records import IDENTICAL, NOT_MODIFIED, Entry
from aggregator.archive.recovery import Recovery, recover
from aggregator.archive.writer import MAX_FILE_BYTES, Archive, Seal

__all__ = [
    "IDENTICAL",
    "MAX_FILE_BYTES",
    "MAX_RECORD_BYTES",
    "NOT_MODIFIED",
    "OPEN",
    "Archive",
    "Copier",
    "Copy",
    "Entry",
    "Recovery",
    "Seal",
    "body",
    "close",
    "entries",
    "files",
    "folder_of",
    "holds",
    "lacking_articles",
    "read_articles",
    "recover",
    "seal_of",
    "size",
    "unclosed",
    "warcinfo",
    "write_articles",
]
