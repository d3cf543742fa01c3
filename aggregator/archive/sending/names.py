"""What the objects in the bucket are called that are ours, and which files need not be here as well."""

from __future__ import annotations

import re

from aggregator.archive.days import LIST
from aggregator.archive.reader import NOTE

CHAINS = "events"
"""What the names of the nodes' events begin with, in the bucket."""
_NAME = r"(?!.*\.(?:open|part|remote)/)[A-Za-z0-9](?:[A-Za-z0-9._+-]*[A-Za-z0-9_-])?"
_OF_A_DAY = re.compile(r"[0-9]{4}/[0-9]{2}/[0-9]{2}/captures-[0-9]{8}T[0-9]{6}Z-[0-9]+-[0-9a-f]{8}\.warc\.gz")
_OF_AN_IMPORT = re.compile(rf"imports/[0-9]+-({_NAME})/(?:\1|{re.escape(NOTE)})")
_DERIVED = re.compile(
    rf"(?:[0-9]{{4}}/[0-9]{{2}}/[0-9]{{2}}|imports/[0-9]+-{_NAME})/"
    rf"(?:{re.escape(LIST)}|(?:tag)?manifest-sha256\.txt|articles-{_NAME}\.jsonl\.gz)"
)
_CHAIN = re.compile(rf"{CHAINS}/([0-9a-f]{{8}})\.jsonl")


def is_ours(name: str) -> bool:
    """Whether an object of this name may become a file of ``archive/``: anything may stand in a bucket."""
    return any(form.fullmatch(name) for form in (_OF_A_DAY, _OF_AN_IMPORT, _DERIVED))


def is_derived(name: str) -> bool:
    """Whether a file is made from others of its folder, so that it may take the place of an older one."""
    return _DERIVED.fullmatch(name) is not None


def may_drop(name: str) -> bool:
    """Whether a file is one that need not be here: lists, manifests and notes are, for every closing reads them."""
    return name.endswith(".jsonl.gz") if is_derived(name) else not name.endswith(f"/{NOTE}")


def chain(node: str) -> str:
    """Return what the events of a node are called."""
    return f"{CHAINS}/{node}.jsonl"


def node_of(name: str) -> str | None:
    """Return whose events an object holds; None: it holds something else."""
    found = _CHAIN.fullmatch(name)
    return found and found[1]
