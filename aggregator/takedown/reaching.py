"""Every record of the archive that holds what is withdrawn, and what would be left of it."""

from __future__ import annotations

import contextlib
import json
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from aggregator import access, archive
from aggregator.access import Recogniser, redaction
from aggregator.archive import Held
from aggregator.catalogue import Catalogue
from aggregator.home import Home
from aggregator.model import Article, Capture, Progress, Report, Requisites
from aggregator.search import saved

_RUNS = "runs"
_ASKED = "aggregator-asked-for: "
MAX_QUARANTINED_BYTES = 1 << 28


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A record that holds something withdrawn."""

    file: str
    offset: int
    length: int
    record_id: str
    kind: str
    """Its WARC-Type."""
    left: tuple[Capture, bytes] | None
    """The capture and what is left of its body; None: nothing is."""
    runs_left: Any = None
    """Run tallies without the withdrawn addresses, as their record says them; None: it held none."""
    shown_left: Requisites | None = None
    """What a page shows, without the withdrawn addresses; None: nothing is left, or it is another record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """All that holds something withdrawn."""

    hits: tuple[Hit, ...]
    mixed: tuple[str, ...]
    """Imported files in which a tombstone cannot take the place of a record: what may stay must be written anew."""
    quarantined: tuple[str, ...]
    """Files in ``quarantine/``, relative to ``archive/``."""
    wordings: tuple[str, ...] = ()
    """Files of saved searches, relative to ``archive/``."""

    @property
    def shown_left(self) -> list[Requisites]:
        """What pages show of which something is left, and what they show."""
        gone = {hit.record_id for hit in self.hits if not hit.left}
        return [hit.shown_left for hit in self.hits if hit.shown_left and hit.shown_left.record_id not in gone]

    @property
    def by_kind(self) -> dict[str, int]:
        """How many records of each WARC-Type."""
        return dict(Counter(hit.kind for hit in self.hits))

    @property
    def files(self) -> list[str]:
        """The WARC files that hold it."""
        return sorted({hit.file for hit in self.hits} | set(self.mixed))


def reach(home: Home, known: Recogniser, *, report: Report = lambda _: None) -> Reach:
    """Look into every record for what is withdrawn: bodies, headers, addresses; into quarantine and saved searches.

    Raises:
        StoreError: A file is damaged; nothing was changed.
    """
    hits: list[Hit] = []
    gone: set[str] = set()
    files = archive.files(home.archive)
    sizes = {file: archive.size(home.archive, file) for file in files}
    done, total = 0, sum(sizes.values())
    for file in files:
        for held in archive.held(home.archive, file):
            if hit := _hit(held, known, gone):
                hits.append(hit)
                gone.add(hit.record_id)
            at = done + held.offset + held.length
            report(Progress(doing="looking into records", done=at, total=total, in_bytes=True))
        done += sizes[file]
    quarantined = (p for p in sorted((home.archive / "quarantine").rglob("*")) if p.is_file() and _holds(p, known))
    return Reach(
        hits=tuple(hits),
        mixed=tuple(file for file in files if archive.is_import(file) and _is_mixed(home.archive, file, hits, known)),
        quarantined=tuple(p.relative_to(home.archive).as_posix() for p in quarantined),
        wordings=tuple(saved.withdrawn(home, known)),
    )


def lost(home: Home, found: Reach, meant: Iterable[Article]) -> list[Article]:
    """Return the other articles that go as well: of every record in which they were seen nothing would be left.

    Raises:
        StoreError: The catalogue is missing or damaged.
    """
    gone = {hit.record_id for hit in found.hits if hit.left is None}
    with Catalogue(home.catalogue) as catalogue:
        ids = {one.article_id for one in catalogue.sightings_in(gone)} - {article.id for article in meant}
        all_gone = (i for i in sorted(ids) if all(one.record_id in gone for one in catalogue.sightings(i)))
        return list(catalogue.articles(all_gone).values())


def _is_mixed(folder: Path, file: str, hits: list[Hit], known: Recogniser) -> bool:
    """Whether an import holds something withdrawn that no tombstone can cover, be it only in what is unreadable."""
    here = [hit for hit in hits if hit.file == file]
    if not all(archive.stands_alone(folder, file, hit.offset, hit.length) for hit in here):
        return True
    return bool(archive.note(folder, file).get("problem_count")) and (bool(here) or _holds(folder / file, known))


def _hit(held: Held, known: Recogniser, gone: set[str]) -> Hit | None:
    fields = held.fields
    if held.kind == "warcinfo" and not archive.is_import(held.file):  # only what we say of the file
        return None
    if fields.get("aggregator-kind") == "tombstone":
        return None
    if fields.get("aggregator-kind") == _RUNS:
        return _runs(held, known)
    if held.requisites:
        return _shown(held, held.requisites, known, gone)
    was_led = (
        held.capture is not None and known.knows_address(held.capture.asked_url) and not known.knows_address(held.url)
    )
    in_head = access.stands_in_head(_as_if_not_led(held) if was_led else held, known)
    refers = fields.get("warc-refers-to", "") in gone or (
        held.kind == "request" and fields.get("warc-concurrent-to", "") in gone and in_head
    )
    left: bytes | None
    try:
        redacted = redaction.redact(held.body, held.content_type, held.url, known)
        left = redacted.body if redacted and not redacted.is_husk else None if redacted else held.body
    except ValueError:
        redacted, left = None, None
    if not (in_head or was_led or refers or redacted or left is None):
        return None
    keeps = left is not None and not in_head and not refers and held.capture and held.capture.refers_to is None
    return Hit(
        file=held.file,
        offset=held.offset,
        length=held.length,
        record_id=fields.get("warc-record-id", ""),
        kind=held.kind,
        left=(_not_led(held.capture) if was_led else held.capture, left)
        if keeps and held.capture and left is not None
        else None,
    )


def _as_if_not_led(held: Held) -> Held:
    """Return a record of what a withdrawn address led to, without the field that names that address."""
    return replace(held, head="\n".join(line for line in held.head.split("\n") if not line.startswith(_ASKED)))


def _not_led(capture: Capture) -> Capture:
    return replace(capture, asked_url=capture.url)


def _shown(held: Held, what: Requisites, known: Recogniser, gone: set[str]) -> Hit | None:
    """Return a record of what a page shows that names something withdrawn, or is of a record that goes."""
    left = tuple(url for url in what.named if not redaction.holds(url, what.url, known))
    in_head = access.stands_in_head(held, known)
    if not in_head and left == what.named and what.record_id not in gone:
        return None
    return Hit(
        file=held.file,
        offset=held.offset,
        length=held.length,
        record_id=held.fields.get("warc-record-id", ""),
        kind=held.kind,
        left=None,
        shown_left=replace(what, named=left) if left and not in_head else None,
    )


def _runs(held: Held, known: Recogniser) -> Hit | None:
    """Return a record of run tallies that names something withdrawn, with what is left of it."""
    said = json.loads(held.block)
    found = False
    for run in said["runs"]:
        kept = [f for f in run["failed"] if not any(redaction.holds(str(part), held.url, known) for part in f)]
        found |= len(kept) < len(run["failed"])
        run["failed"] = kept
    if not found:
        return None
    return Hit(
        file=held.file,
        offset=held.offset,
        length=held.length,
        record_id=held.fields.get("warc-record-id", ""),
        kind="metadata",
        left=None,
        runs_left=said,
    )


def _holds(path: Path, known: Recogniser) -> bool:
    """Whether a file in quarantine holds something withdrawn, as far as it can be read."""
    with archive.opened(path) as file:
        raw = file.read(MAX_QUARANTINED_BYTES)
    return any(redaction.holds(piece.decode("utf-8", "replace"), "", known) for piece in _readable(raw))


def _readable(raw: bytes) -> Iterator[bytes]:
    """Yield what can be read of damaged bytes: themselves, and every gzip member in them as far as it goes."""
    yield raw
    at = raw.find(b"\x1f\x8b\x08")
    while at >= 0:
        inflater = zlib.decompressobj(31)
        pieces = []
        try:
            for start in range(at, len(raw), 1 << 12):
                pieces.append(inflater.decompress(raw[start : start + (1 << 12)], 1 << 24))
        except zlib.error:
            pass
        record = b"".join(pieces)
        yield record
        for inner in (record[i:] for i in (record.find(b"\x1f\x8b\x08"),) if i >= 0):  # a body sent compressed
            with contextlib.suppress(zlib.error):
                yield zlib.decompressobj(31).decompress(inner, 1 << 24)
        at = raw.find(b"\x1f\x8b\x08", at + 1)
