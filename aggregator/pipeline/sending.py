"""Where settings.archive names a bucket: what is there and not known here is noted before anything else is done."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from aggregator import archive
from aggregator.archive import Sender
from aggregator.decisions import Decisions
from aggregator.errors import StoreError
from aggregator.home import Home
from aggregator.model import Following


def sender(home: Home, following: Following) -> Sender | None:
    """Return what keeps archive and bucket in step, having noted what others uploaded; None: there is no bucket.

    That the bucket cannot be read is told with what waits for it, and nothing else ends on it. Only on a new disk it is
    an error: nobody may begin other events than those that are there.

    Args:
        home: Which, held by its writer.
        following: sources.yaml, as loaded.

    Raises:
        NoSpaceError: The disk is full or read-only.
        StoreError: The bucket cannot be read, and nothing is here yet.
        UsageError: The client for S3 is not installed.
    """
    settings, decisions = following.settings, Decisions(home.archive)
    place = archive.place(settings.archive, settings.archive_server)
    if place is None:
        return None
    found = Sender(
        home.archive,
        place,
        node=home.node,
        local_copies=settings.local_copies,
        ensure_room=lambda needed: home.ensure_room(settings.min_free_bytes, needed_bytes=needed),
    )
    try:
        chains = found.others.follow()
    except archive.Unavailable as error:
        if decisions.stand() is None:
            raise StoreError(
                home.archive,
                f"nothing is here yet, and {settings.archive} cannot be read ({error}). Nothing was changed. Try "
                "again: what is there comes first.",
            ) from error
        return found
    _take(found, home, chains)
    if not decisions.has_others:
        decisions.make_key()  # all machines need the same: it is there to be copied before anything is withdrawn
    return found


def take_events(found: Sender, home: Home) -> None:
    """Take in what was decided and sealed on other machines since; where they cannot be asked, later.

    Args:
        found: What ``sender`` returned.
        home: Which.

    Raises:
        NoSpaceError: The disk is full or read-only.
    """
    with suppress(archive.Unavailable):
        _take(found, home, found.others.chains())


def _take(found: Sender, home: Home, chains: Mapping[str, bytes]) -> None:
    decisions = Decisions(home.archive)
    for node, events in chains.items():
        why = decisions.take_up(events) if node == home.node else decisions.follow(node, events)
        if why:
            found.complain(f"the events of {node} in the bucket were not taken up: {why}")
