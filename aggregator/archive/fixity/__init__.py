"""Whether files are what they were: of one file every member, length and digest; of a folder manifests and list.

checking   one WARC file, whoever wrote it and whatever state it is in
agreement  whether manifests and lists agree with the files
digests    as records claim them
pieces     the bytes of a file in pieces, and where a record may begin again
"""

from aggregator.archive.fixity.agreement import (
    closed_folders,
    erased_faults,
    has_list,
    list_faults,
    listed_captures,
    manifest_faults,
    places_of,
    strange_files,
)
from aggregator.archive.fixity.checking import MAX_FINDINGS, Checked, Finding, Listed, check
from aggregator.archive.fixity.digests import MAX_DECODED_BYTES

__all__ = [
    "MAX_DECODED_BYTES",
    "MAX_FINDINGS",
    "Checked",
    "Finding",
    "Listed",
    "check",
    "closed_folders",
    "erased_faults",
    "has_list",
    "list_faults",
    "listed_captures",
    "manifest_faults",
    "places_of",
    "strange_files",
]
