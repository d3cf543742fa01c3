"""An erase carried out: records overwritten, what is left of them converted, and all that was derived made again.

    redo      tombstones of an earlier try that was cut short are written again
    convert   what is left of records that hold other texts too is appended and synced
    announce  an event names every place: file, offset, length, tombstone
    overwrite  the records; the words of saved searches
    close     lists, manifests and articles of the days concerned
    rebuild   catalogue and index from the archive as it is now; the old ones are overwritten

Every step may be the last before a power cut: the next call goes on from there.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any

from aggregator import access, archive, disk, pipeline
from aggregator.access import Recogniser, Takedown
from aggregator.archive import Change
from aggregator.decisions import Decisions
from aggregator.home import Home
from aggregator.model import Following, Report
from aggregator.takedown.reaching import Hit, Reach, reach
from aggregator.wordings import Wordings


def erases(home: Home, *, carried_out: bool = False) -> list[Takedown]:
    """Return the erases that are still to be carried out.

    Args:
        home: Of which.
        carried_out: With those that were: a file may have come back from an older copy.

    Raises:
        StoreError: The events cannot be read.
    """
    decided = [each for each in access.takedowns(home) if each.action == "erase" and not each.lifted]
    return [each for each in decided if carried_out or each.is_to_be_carried_out]


def carry_out(
    home: Home, following: Following, number: int, *, wait_s: float = 0.0, report: Report = lambda _: None
) -> Reach:
    """Erase what a takedown withdraws, wherever the archive holds it; to do it again changes nothing.

    Args:
        home: Which.
        following: sources.yaml, as loaded.
        number: Of the takedown's event.
        wait_s: How long to wait for another writer, in seconds.
        report: Told how far the work is.

    Returns:
        What was found and erased.

    Raises:
        BusyError: Another writer holds the home; the takedown is in force, its text is hidden and still there.
        NoSpaceError: The disk is full or read-only; likewise.
        StoreError: A file is damaged; likewise.
    """
    [takedown] = [each for each in access.takedowns(home) if each.number == number]
    key = Decisions(home.archive).make_key()
    known = Recogniser(key, takedown.marks)
    with home.writing(wait_s=wait_s):
        _do_again(home, number)
    with pipeline.opened(home, following, wait_s=wait_s, report=report) as line:
        found = reach(home, known, report=report)
        line.convert(
            [hit.left for hit in found.hits if hit.left],
            [hit.runs_left for hit in found.hits if hit.runs_left],
            found.shown_left,
        )
        replaced = {file: line.leave_out(file, _keys(found, file)) for file in found.mixed}
    with home.writing(wait_s=wait_s):
        _erase(home, number, found, replaced, known)
    pipeline.rebuild(home, following, wait_s=wait_s, report=report, scrub=True)
    Decisions(home.archive).append("carried-out", {"takedown": number}, now=datetime.now(UTC))
    return found


def _keys(found: Reach, file: str) -> frozenset[tuple[int, str]]:
    return frozenset((hit.offset, hit.record_id) for hit in found.hits if hit.file == file)


def _do_again(home: Home, number: int) -> None:
    """Do what was announced: write the tombstones, remove imports that were written anew, and words of searches."""
    changes, replaced, wordings = _announced(home, number)
    for change in changes:
        archive.overwrite(home.archive, change)
    for file in replaced:
        archive.remove_import(home.archive, file)
    for file in wordings:
        Wordings(home.archive).erase(file)


def _announced(home: Home, number: int) -> tuple[list[Change], dict[str, str | None], list[str]]:
    """Return what was announced; of a file that was taken away since there is nothing to overwrite."""
    there = set(archive.files(home.archive))
    changes: list[Change] = []
    replaced: dict[str, str | None] = {}
    wordings: list[str] = []
    for event in Decisions(home.archive).events("erasing"):
        if event.said["takedown"] == number:
            changes += [Change(**said) for said in event.said["changes"] if said["file"] in there]
            replaced |= event.said.get("replaced", {})
            wordings += event.said.get("wordings", ())
    return changes, replaced, wordings


def _erase(home: Home, number: int, found: Reach, replaced: dict[str, str | None], known: Recogniser) -> None:
    decisions = Decisions(home.archive)
    now = datetime.now(UTC)
    changes = [_change(hit, now) for hit in found.hits if hit.file not in replaced]
    if changes or replaced or found.wordings:
        said: dict[str, Any] = {"takedown": number, "changes": [asdict(change) for change in changes]}
        said |= {"replaced": replaced} if replaced else {}
        said |= {"wordings": list(found.wordings)} if found.wordings else {}
        decisions.append("erasing", said, now=now)
    for name in found.quarantined:
        disk.blank(home.archive / name)
    _do_again(home, number)
    announced, gone, _ = _announced(home, number)
    files = sorted({change.file for change in announced} - gone.keys())
    said = {
        "takedown": number,
        "files": {file: archive.seal_of(home.archive, file).sha256 for file in files},
        "replaced": gone,
        "quarantined": list(found.quarantined),
    }
    decisions.append("erased", said, now=now)
    folders = {archive.folder_of(file) for file in files}
    archive.forget_articles(home.archive, folders, known.holds)
    for folder in sorted(folders):
        if archive.is_closed(home.archive, folder):
            manifest = archive.close(home.archive, folder, decisions.digests())
            decisions.append("day-closed", {"folder": folder, "manifest_sha256": manifest}, now=now)


def _change(hit: Hit, now: datetime) -> Change:
    change = Change(
        file=hit.file,
        offset=hit.offset,
        length=hit.length,
        tombstone_id=archive.new_record_id(),
        refers_to=hit.record_id,
        date=archive.warc_date(now),
        sha256_after="",
    )
    return replace(change, sha256_after=archive.digest_of(change))
