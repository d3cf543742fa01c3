"""WARC files: write, read, recover. The only room that touches ``archive/`` (but for its lock and its decisions).

    records   WARC records as bytes and as words
    reader    what the files say, in order
    writer    one file at a time, appended to, sealed when the day ends
    recovery  what an interrupted writer left open
    days      the closing of a day: list, manifests, articles
    verifying whether a file is whole: every member, length and digest
    agreement whether manifests and lists agree with the files
    digests, pieces   for verifying

Writing is: append the members, ``sync``, and only then may anybody be told that something is stored.
"""

from aggregator.archive.agreement import (
    closed_folders,
    erased_faults,
    has_list,
    list_faults,
    listed_captures,
    manifest_faults,
    places_of,
    strange_files,
)
from aggregator.archive.days import (
    MANIFEST,
    close,
    folder_of,
    lacking_articles,
    read_articles,
    seal_of,
    unclosed,
    write_articles,
)
from aggregator.archive.digests import MAX_DECODED_BYTES
from aggregator.archive.reader import MAX_RECORD_BYTES, OPEN, body, entries, existing, files, holds, is_open, size
from aggregator.archive.records import IDENTICAL, NOT_MODIFIED, Entry
from aggregator.archive.recovery import Recovery, recover
from aggregator.archive.verifying import MAX_FINDINGS, Checked, Finding, Listed, check
from aggregator.archive.writer import MAX_FILE_BYTES, Archive, Seal

__all__ = [
    "IDENTICAL",
    "MANIFEST",
    "MAX_DECODED_BYTES",
    "MAX_FILE_BYTES",
    "MAX_FINDINGS",
    "MAX_RECORD_BYTES",
    "NOT_MODIFIED",
    "OPEN",
    "Archive",
    "Checked",
    "Entry",
    "Finding",
    "Listed",
    "Recovery",
    "Seal",
    "body",
    "check",
    "close",
    "closed_folders",
    "entries",
    "erased_faults",
    "existing",
    "files",
    "folder_of",
    "has_list",
    "holds",
    "is_open",
    "lacking_articles",
    "list_faults",
    "listed_captures",
    "manifest_faults",
    "places_of",
    "read_articles",
    "recover",
    "seal_of",
    "size",
    "strange_files",
    "unclosed",
    "write_articles",
]
