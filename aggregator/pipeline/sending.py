"""Where settings.archive names a bucket: what is there and not known here is noted before anything else is done."""

from __future__ import annotations

from aggregator import archive
from aggregator.archive import Sender
from aggregator.decisions import Decisions
from aggregator.errors import StoreError
from aggregator.home import Home
from aggregator.model import Following


def sender(home: Home, following: Following, *, needs_all: bool) -> Sender | None:
    """Return what keeps archive and bucket in step, having noted what others uploaded; None: there is no bucket.

    Args:
        home: Which, held by its writer.
        following: sources.yaml, as loaded.
        needs_all: Whether it is an error that the bucket cannot be read; else that is told with what waits. On a new
            disk it always is: nobody may begin other events than those that are there.

    Raises:
        NoSpaceError: The disk is full or read-only.
        StoreError: The bucket cannot be read, and is needed.
        UsageError: The client for S3 is not installed.
    """
    settings, decisions = following.settings, Decisions(home.archive)
    place = archive.place(settings.archive, settings.s3_endpoint)
    if place is None:
        return None
    found = Sender(home.archive, place, node=archive.node(), drop=settings.local_copies == "drop")
    try:
        chains = found.follow()
    except archive.Unavailable as error:
        if needs_all or decisions.stand() is None:
            raise StoreError(home.archive, f"{settings.archive} cannot be read ({error}). Nothing was changed.") from error
        return found
    decisions.take_up(chains.get(archive.node(), b""))
    return found
