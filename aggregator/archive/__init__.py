"""WARC files: write, read, recover. The only room that touches ``archive/`` (but for its lock and its decisions).

    records   WARC records as bytes and as words
    reader    what the files say, in order
    writer    one file at a time, appended to, sealed when the day ends
    recovery  what an interrupted writer left open
    erasing   tombstones in the place of what was withdrawn
    foreign/  files of others, as records and captures
    imports   such a file brought in, with a note of what it is
    copying   records byte for byte, for files that leave; those of others as members of our form where need be
    cdxj      a line a capture, by which other tools find it
    days      the closing of a day: list, manifests, articles
    elsewhere/  files that are in a bucket, too, or only there
    sending/  what is sealed goes up there
    fixity/   whether all that is as it was

Writing is: append the members, ``sync``, and only then may anybody be told that something is stored.
"""

from aggregator.archive.copying import Copier, Copy, warcinfo
from aggregator.archive.days import (
    MANIFEST,
    close,
    folder_of,
    forget_articles,
    has_articles,
    is_closed,
    lacking_articles,
    read_articles,
    seal_of,
    unclosed,
    write_articles,
)
from aggregator.archive.elsewhere import MAX_OBJECT_BYTES, Unavailable, noted, opened, place, stamp
from aggregator.archive.erasing import Change, Held, digest_of, held, overwrite, stands_alone
from aggregator.archive.foreign import MAX_BLOCK_BYTES, MAX_ENTRIES, MAX_GROWTH, MAX_PROBLEMS
from aggregator.archive.imports import MAX_NOTED, Import, bring_in, leave_out
from aggregator.archive.imports import remove as remove_import
from aggregator.archive.reader import (
    MAX_RECORD_BYTES,
    OPEN,
    at_hand,
    body,
    entries,
    existing,
    files,
    holds,
    is_import,
    is_open,
    is_same,
    note,
    size,
    stretches,
)
from aggregator.archive.records import IDENTICAL, NOT_MODIFIED, Entry, Record, new_record_id, warc_date
from aggregator.archive.recovery import Recovery, recover
from aggregator.archive.sending import Sender, Waiting, remote_fault, uploaded, waiting
from aggregator.archive.writer import MAX_FILE_BYTES, Archive, Seal

__all__ = [
    "IDENTICAL",
    "MANIFEST",
    "MAX_BLOCK_BYTES",
    "MAX_ENTRIES",
    "MAX_FILE_BYTES",
    "MAX_GROWTH",
    "MAX_NOTED",
    "MAX_OBJECT_BYTES",
    "MAX_PROBLEMS",
    "MAX_RECORD_BYTES",
    "NOT_MODIFIED",
    "OPEN",
    "Archive",
    "Change",
    "Copier",
    "Copy",
    "Entry",
    "Held",
    "Import",
    "Record",
    "Recovery",
    "Seal",
    "Sender",
    "Unavailable",
    "Waiting",
    "at_hand",
    "body",
    "bring_in",
    "close",
    "digest_of",
    "entries",
    "existing",
    "files",
    "folder_of",
    "forget_articles",
    "has_articles",
    "held",
    "holds",
    "is_closed",
    "is_import",
    "is_open",
    "is_same",
    "lacking_articles",
    "leave_out",
    "new_record_id",
    "note",
    "noted",
    "opened",
    "overwrite",
    "place",
    "read_articles",
    "recover",
    "remote_fault",
    "remove_import",
    "seal_of",
    "size",
    "stamp",
    "stands_alone",
    "stretches",
    "unclosed",
    "uploaded",
    "waiting",
    "warc_date",
    "warcinfo",
    "write_articles",
]
