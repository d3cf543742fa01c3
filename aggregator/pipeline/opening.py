"""The home opened by its one writer: what a kill left behind is mended, and the line is given."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from aggregator import archive, catalogue, disk
from aggregator.access import restrictions
from aggregator.archive import Archive
from aggregator.catalogue import Catalogue
from aggregator.clock import SYSTEM, Clock
from aggregator.decisions import Decisions
from aggregator.errors import Outdated, StoreError, UsageError
from aggregator.home import Home
from aggregator.model import Following, Progress, Report
from aggregator.pipeline import sending
from aggregator.pipeline.claims import claims_of
from aggregator.pipeline.deriving import generation
from aggregator.pipeline.learning import learned
from aggregator.pipeline.line import Pipeline, note_import, note_seal
from aggregator.pipeline.reposting import ASIDE

REBUILDING = "rebuilding"
"""The folder in ``index/`` in which all of it is made again."""


def silence(_: Progress) -> None:
    """Tell nobody."""


@contextmanager
def opened(
    home: Home, following: Following, *, wait_s: float = 0.0, report: Report = silence, clock: Clock = SYSTEM
) -> Iterator[Pipeline]:
    """Hold the home as its one writer: mend what a kill left behind, catch up, then give the line.

    Args:
        home: Which.
        following: sources.yaml, as loaded.
        wait_s: How long to wait for another writer, in seconds.
        report: Told how far the work is.
        clock: What time it is.

    Raises:
        BusyError: Another writer holds the home.
        NoSpaceError: The disk is full, nearly full or read-only.
        StoreError: The archive is damaged, or the catalogue is damaged or newer than this program.
    """
    with home.writing(wait_s=wait_s):
        with disk.guarded(home.index):  # what a rebuild left that was killed; it may hold what was erased since
            disk.overwrite_folder(home.index / REBUILDING)
        with line_of(home, following, report, clock) as line:
            line.catch_up()
            line.close_days(clock.now())
            yield line


@contextmanager
def line_of(home: Home, following: Following, report: Report, clock: Clock = SYSTEM) -> Iterator[Pipeline]:
    """Give the line of a home that is held already; at its end, what was sealed goes to where it is kept as well."""
    home.ensure_room(following.settings.min_free_bytes)
    sender = sending.sender(home, following)
    restrictions.note(home)
    with _catalogue(home, following) as known, claims_of(home) as claims:
        mended = archive.recover(home.archive, known.catalogued_bytes())
        _note_seals(home)
        writer = Archive(
            home.archive,
            operator=following.settings.contact,
            sources_yaml=following.written,
            node=home.node,
            sealed=lambda seal: note_seal(home, seal),
        )
        line = Pipeline(home, following, known, writer, report, mended, clock, claims, sender)
        try:
            yield line
        finally:
            writer.close()
    line.send()


def _note_seals(home: Home) -> None:
    """Say of every sealed file that it is, where a writer ended before it could."""
    sealed = Decisions(home.archive).digests()
    for file in archive.files(home.archive):
        if file not in sealed and archive.is_import(file):
            note_import(home, file)
        elif file not in sealed:
            note_seal(home, archive.seal_of(home.archive, file))


def refuse_to_lose(home: Home) -> None:
    """See that all that a shared catalogue was made of is here, before it is made again.

    Raises:
        UsageError: Other homes have some of it.
    """
    if home.server is None:
        return
    try:
        with Catalogue(home.catalogue) as known:
            others = known.catalogued_bytes().keys() - set(archive.files(home.archive))
    except (Outdated, StoreError):  # what it was made of is not known
        return
    if others:
        raise UsageError(
            f"{home.catalogue} is also made of {len(others):,} files that are not in {home.archive}, such as "
            f"{min(others)}: they are in other homes. Nothing was changed. Let all of them keep their archives in one "
            "bucket (settings.archive), crawl once with each, then run the command again."
        )


def _catalogue(home: Home, following: Following) -> Catalogue:
    """Open the catalogue, as one of those that share it where it is shared."""
    reads = generation(following, learned(home.archive))
    known = _read_by(reads, home)
    try:
        _join(home, known, datetime.now(UTC))
        with known.transaction():
            known.set_note("generation", reads)
    except BaseException:
        known.close()
        raise
    return known


def _read_by(reads: str, home: Home) -> Catalogue:
    """Open the catalogue; begin anew where an older program, another extractor or other rules wrote it.

    Texts of two extractors differ where nobody edited anything.
    """
    try:
        known = Catalogue(home.catalogue, writing=True)
        before = known.note("generation")
        if before not in (None, reads):
            known.close()
            raise Outdated(f"{home.catalogue}: its texts were read by {before}")
        return known
    except Outdated:
        with catalogue.alone(home.catalogue):
            if not _is_read_by(reads, home):
                refuse_to_lose(home)
                _overwrite(home)
                catalogue.remove(home.catalogue)
        return Catalogue(home.catalogue, writing=True)


def _is_read_by(reads: str, home: Home) -> bool:
    """Whether another machine has made the catalogue again while this one waited to do so."""
    try:
        with Catalogue(home.catalogue) as known:
            return known.note("generation") == reads
    except (Outdated, StoreError):
        return False


def _join(home: Home, known: Catalogue, now: datetime) -> None:
    """Be one of several nodes; who comes anew begins with an index of its own: the old may hold what was erased.

    What stands beside the index is another after each opening, so that an older copy of either is found out.
    """
    before = home.signed
    is_known = known.knows(home.node, before, now)
    if not is_known:
        _overwrite(home)
        if home.server is not None:
            catalogue.remove(home.catalogue_file, disk.scrub)
    known.join(home.node, now)
    if home.server is None:
        if before or not is_known:  # it was shared
            with known.transaction():
                known.note_signs(home.node)
            with disk.guarded(home.index):
                disk.remove(home.sign)
        return
    sign = secrets.token_hex(8)
    with known.transaction():
        known.note_signs(home.node, *([before] if before and is_known else []), sign)
    with disk.guarded(home.index):
        disk.put(home.sign, sign.encode())
    with known.transaction():
        known.note_signs(home.node, sign)


def _overwrite(home: Home) -> None:
    """Overwrite all that was made of texts in this home."""
    with disk.guarded(home.index):
        for folder in (home.fulltext, home.reuse, home.index / ASIDE):
            disk.overwrite_folder(folder)
