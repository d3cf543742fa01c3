"""Files of the archive that are kept in a bucket of S3, too, or only there: settings.archive.

    notes    what was uploaded, in a small file beside it
    s3       the bucket; the only module that imports a client for it
    reading  one way to open a file, wherever it is

One writes in ``archive/`` as ever; only what is sealed is uploaded. ``captures-….warc.gz.remote`` beside a file, or in
its place, says where it is.
"""

from aggregator.archive.elsewhere.notes import REMOTE, Note, Place, note_path, noted, place, put_note
from aggregator.archive.elsewhere.reading import BLOCK_BYTES, MAX_BLOCK_BYTES, fetch, is_there, opened, size, stamp
from aggregator.archive.elsewhere.s3 import (
    CONNECT_S,
    MAX_OBJECT_BYTES,
    READ_S,
    REST_S,
    Bucket,
    Differs,
    NotThere,
    Object,
    Refused,
    Unavailable,
    is_down,
)

__all__ = [
    "BLOCK_BYTES",
    "CONNECT_S",
    "MAX_BLOCK_BYTES",
    "MAX_OBJECT_BYTES",
    "READ_S",
    "REMOTE",
    "REST_S",
    "Bucket",
    "Differs",
    "NotThere",
    "Note",
    "Object",
    "Place",
    "Refused",
    "Unavailable",
    "fetch",
    "is_down",
    "is_there",
    "note_path",
    "noted",
    "opened",
    "place",
    "put_note",
    "size",
    "stamp",
]
