"""The line that the one writer of a home holds: everything that is written goes through it."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from aggregator import access, archive, extract, schemaorg
from aggregator.access import restrictions
from aggregator.archive import Archive, Entry, Import, Recovery, Seal
from aggregator.catalogue import Catalogue
from aggregator.clock import Clock
from aggregator.decisions import Decisions
from aggregator.errors import BusyError
from aggregator.fetch import Web
from aggregator.home import Home
from aggregator.index import Writer as IndexWriter
from aggregator.model import Article, Capture, Following, Outcome, Progress, Report, Requisites, Run, Source
from aggregator.pipeline import belonging, rereading, sending
from aggregator.pipeline.claims import REPOSTS, Claims
from aggregator.pipeline.collecting import BATCH, Collector, More
from aggregator.pipeline.deriving import Deriver, generation
from aggregator.pipeline.feeds import Moves
from aggregator.pipeline.lanes import VISIT, Scope
from aggregator.pipeline.learning import learn, learned
from aggregator.pipeline.reposting import find_reposts
from aggregator.pipeline.translating import Translations

MAX_BACKFILL_PAGES = 1_000_000
"""Pages of one source asked for in one sitting of a backfill."""
BATCH_BYTES = 1 << 24
"""How much of the bodies of a batch is held in memory at a time."""
_PORTION = 200
"""Articles whose texts are in memory together while they are indexed."""


class Pipeline:
    """The line, held open by its one writer; made by ``opened``.

    Attributes:
        home: Where it works.
        following: sources.yaml, as it is in force.
        mended: What an interrupted writer had left in the archive.
        missing: WARC files that the catalogue knows and the archive no longer has.
        is_outdated: Whether pages are to be read by other rules since: then it is to be opened anew.
    """

    def __init__(
        self,
        home: Home,
        following: Following,
        catalogue: Catalogue,
        writer: Archive,
        report: Report,
        mended: list[Recovery],
        clock: Clock,
        claims: Claims,
        sender: archive.Sender | None = None,
    ) -> None:
        self.home = home
        self.clock = clock
        self.following = following
        self.mended = mended
        self.missing: list[str] = []
        self.is_outdated = False
        self._catalogue = catalogue
        self._archive = writer
        self._claims = claims
        self._sender = sender
        self._furniture = learned(home.archive)
        self._deriver = Deriver(home.archive, following, catalogue, self._furniture)
        self._decisions = Decisions(home.archive)
        model = following.settings.embeddings
        self._translations = Translations(catalogue, home.root / model if model else None)
        self._report = report
        self._day = clock.now().date()
        self._closed_on: date | None = None
        """On which day it was looked which others are over; None: it is to be looked at once."""

    def follow(self, following: Following) -> None:
        """Go on with another sources.yaml."""
        self.is_outdated |= generation(following, self._furniture) != generation(self.following, self._furniture)
        self.following = following
        restrictions.note(self.home)
        self._deriver = Deriver(self.home.archive, following, self._catalogue, self._furniture)
        with self._catalogue.transaction():
            self._deriver.settle_names()

    def runs_since(self, at: datetime, *, source_id: str) -> list[Run]:
        """Return the runs of a source that began since an instant, oldest first."""
        return self._catalogue.runs_since(at, source_id=source_id)

    @property
    def is_shared(self) -> bool:
        """Whether other crawlers may share the catalogue."""
        return self.home.server is not None

    # --- collecting -------------------------------------------------------------------------------------------------

    def crawl(
        self,
        sources: Sequence[Source],
        web: Web,
        *,
        scope: Scope = VISIT,
        stop: threading.Event | None = None,
        more: More | None = None,
        done: Callable[[Run], None] = lambda run: None,
    ) -> list[Run]:
        """Visit sources once, and make what was found searchable.

        Args:
            sources: Whom to visit.
            web: Where responses come from.
            scope: How much of each source to ask for.
            stop: Set it to end the run early: what is in flight is still kept.
            more: Given the ids of those that are being visited, returns who else is to be, or None when the visits are
                to end. None: nobody joins, and when all is done the index is tidied; else that is done once a day.
            done: Told the tally of each source when its visit is over.

        Returns:
            A tally for each source, in the order given.

        Raises:
            NoSpaceError: The disk is full or read-only; what was reported stored is safe.
            StoreError: Archive, catalogue or index is damaged.
        """
        collector = Collector(
            self.home,
            self.following.settings.min_free_bytes,
            self._catalogue,
            self._archive,
            self._deriver,
            self._report,
            self.clock,
            Moves(self._decisions),
            self._claims,
        )
        runs = collector.visit(
            sources,
            web,
            scope=scope,
            stop=stop or threading.Event(),
            errands=self._do_errands,
            more=more or _nobody,
            done=done,
        )
        self.update_index(tidy=more is None)
        if more is None:
            self._closed_on = None
        self.close_days(self.clock.now())
        return runs

    def _do_errands(self) -> None:
        """Make searchable what was found so far; at midnight, close the day."""
        self.update_index(tidy=False)
        now = self.clock.now()
        if now.date() != self._day:
            self.close_days(now)

    def backfill(
        self,
        source: Source,
        web: Web,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        wayback: bool = False,
        max_pages: int = MAX_BACKFILL_PAGES,
        stop: threading.Event | None = None,
    ) -> Run:
        """Ask a source for all it ever had; go on where an earlier backfill of the same was interrupted.

        Args:
            source: Whom to ask.
            web: Where responses come from.
            since: Leave out what claims to be older; None: leave out none.
            until: Leave out what claims not to be older; None: likewise.
            wayback: Whether the captures of the Wayback Machine are asked for, too.
            max_pages: How many pages, at most.
            stop: Set it to end early: what is in flight is still kept.

        Returns:
            The tally of this sitting.

        Raises:
            NoSpaceError: The disk is full or read-only; what was reported stored is safe.
            StoreError: Archive, catalogue or index is damaged.
        """
        days = {name: at.date().isoformat() if at else None for name, at in (("from", since), ("to", until))}
        asked = {"source": source.id, **days, "wayback": wayback}
        begun = self._decisions.unfinished("backfill", asked)
        begun = begun or self._decisions.append("backfill", asked, now=self.clock.now())
        scope = Scope(max_pages=max_pages, whole=True, since=since, until=until, wayback=wayback, resumed_from=begun.at)
        run = self.crawl([source], web, scope=scope, stop=stop)[0]
        if run.outcome in (Outcome.OK, Outcome.PARTIAL):
            told = {"fetched": run.fetched, "new": run.new, "failed": len(run.failed)}
            self._decisions.append("backfill-done", asked | told, now=self.clock.now())
        return run

    # --- bringing in ------------------------------------------------------------------------------------------------

    def bring_in(self, path: Path, *, in_place: bool = False, source_id: str | None = None) -> tuple[Import, int]:
        """Bring in a WARC, ARC or WACZ file from elsewhere, and make what it holds searchable.

        Args:
            path: The file.
            in_place: Leave it where it is, and read it there.
            source_id: Whose all its pages are; None: their addresses tell.

        Returns:
            What became of it, and how many articles were new.

        Raises:
            NoSpaceError: The disk is full, nearly full or read-only; nothing of this file is kept.
            StoreError: Archive, catalogue or index is damaged.
        """
        now = self.clock.now()
        needed = path.stat().st_size if path.is_file() and not in_place else 0
        self.home.ensure_room(self.following.settings.min_free_bytes, needed_bytes=needed)
        known = access.recogniser(self.home, now, erased_only=True)
        found = archive.bring_in(
            self.home.archive,
            path,
            in_place=in_place,
            source_id=source_id,
            now=now,
            report=self._report,
            withheld=(lambda one: access.is_withdrawn(one, known)) if known else None,
        )
        if found.file is None or found.known:
            return found, 0
        note_import(self.home, found.file)
        before = self._catalogue.counts()["articles"]
        self._closed_on = None
        self.catch_up()
        self.close_days(now)
        return found, self._catalogue.counts()["articles"] - before

    # --- deriving ---------------------------------------------------------------------------------------------------

    def catch_up(self, *, index: Path | None = None) -> None:
        """Read into the catalogue what the archive holds beyond it, then bring the full-text index up to date.

        Args:
            index: Where that is; None: in the home.
        """
        with self._catalogue.transaction():
            self._deriver.settle_names()
        known = self._catalogue.catalogued_bytes()
        sizes = {file: archive.size(self.home.archive, file) for file in archive.files(self.home.archive)}
        self.missing = sorted(filter(self.home.answers_for, known.keys() - sizes.keys()))
        behind = [file for file, size in sizes.items() if known.get(file, 0) < size]
        ends = {file: (known.get(file, 0), sizes[file]) for file in behind}
        following, furniture = self.following, self._furniture
        with rereading.ahead(self.home, following, furniture, self._catalogue, ends, self._report) as found:
            self._deriver.reader.found = found
            self._read(ends)
        self._deriver.reader.found = None
        self.update_index(index)
        rereading.forget(self.home, self._catalogue)

    def _read(self, behind: Mapping[str, tuple[int, int]]) -> None:
        """Read files into the catalogue, each from the one offset to the other."""
        total, done = sum(stop - start for start, stop in behind.values()), 0
        for file, (start, stop) in behind.items():
            at = start
            for batch in self._prepared(_batches(archive.entries(self.home.archive, file, start))):
                with self._catalogue.transaction():
                    for entry in batch:
                        self._deriver.derive(entry)
                    at = batch[-1].end
                    self._catalogue.set_catalogued(file, at)
                self.home.ensure_room(self.following.settings.min_free_bytes)
                self._report(Progress(doing="reading the archive", done=done + at - start, total=total, in_bytes=True))
            with self._catalogue.transaction():
                self._catalogue.set_catalogued(file, stop)
            done += stop - start

    def _prepared(self, batches: Iterator[list[Entry]]) -> Iterator[list[Entry]]:
        """Yield batches while the pages of the next one are being read."""
        ahead: list[Entry] | None = None
        for batch in batches:
            self._deriver.prepare(batch)
            if ahead:
                yield ahead
            ahead = batch
        if ahead:
            yield ahead

    def convert(
        self, left: Sequence[tuple[Capture, bytes]], runs: Sequence[Any], shown: Sequence[Requisites] = ()
    ) -> None:
        """Archive what is left of records that are about to be erased; it is catalogued by the rebuild that follows.

        Args:
            left: Captures, and their bodies without what was withdrawn.
            runs: Run tallies, as their records say them, without what was withdrawn.
            shown: What pages show, without what was withdrawn.
        """
        now = self.clock.now()
        converted: dict[str, str] = {}
        for capture, body in left:
            whose = capture.source_id or belonging.source_id(capture.url, self.following.sources)
            entry = self._archive.add_conversion(replace(capture, source_id=whose), body, now=now)
            converted |= {capture.record_id: entry.what.record_id} if isinstance(entry.what, Capture) else {}
        for said in runs:
            self._archive.add_runs_said(said, now=now)
        for what in shown:
            of = converted.get(what.record_id, what.record_id)
            self._archive.add_requisites(replace(what, record_id=of), now=now)
        self._archive.sync()

    def leave_out(self, file: str, keys: Set[tuple[int, str]]) -> str | None:
        """Write an import anew without some of its records.

        Args:
            file: Of the import, relative to ``archive/``.
            keys: Of the records to leave out.

        Returns:
            The new file.
        """
        found = archive.leave_out(self.home.archive, file, lambda one: one.key in keys)
        if found.file and not found.known:
            note_import(self.home, found.file)
        return found.file

    def close_days(self, now: datetime) -> None:
        """Write the list, the manifest and the articles of every day that is over, and of every import; then learn.

        The first alone takes time that grows with the archive: it is done once a day, and after an import.
        """
        if now.date() != self._day:
            self._archive.begin_day(now)
            self._catalogue.join(self.home.node, now)  # a crawler that runs for months is not to be forgotten
            self.update_index()
        self._day = now.date()
        if self._closed_on != now.date():
            self._close(now)
            self._closed_on = now.date()
        if self.is_shared:  # what one learns would make the texts of all others outdated
            return
        sources = [source.id for source in self.following.sources]
        self.is_outdated |= learn(self.home.archive, self._catalogue, sources, learned(self.home.archive), now)

    def _close(self, now: datetime) -> None:
        digests, closings = self._decisions.digests(), self._decisions.closings()
        for folder in archive.unclosed(self.home.archive, today=f"{now:%Y/%m/%d}", digests=digests, closings=closings):
            manifest = archive.close(self.home.archive, folder, digests)
            self._decisions.append("day-closed", {"folder": folder, "manifest_sha256": manifest}, now=now)
        for folder in archive.lacking_articles(self.home.archive, extract.generation()):
            self._write_articles(folder)
        self.send()

    def send(self) -> None:
        """Upload what is sealed and not uploaded yet, where settings.archive says so; what fails is noted for later.

        What others decided since holds here from then on.
        """
        if self._sender:
            sending.take_events(self._sender, self.home)
            today = f"{self.clock.now():%Y/%m/%d}"
            self._sender.send(self._decisions.digests(), self._decisions.whole(), today=today)

    def _write_articles(self, folder: str) -> None:
        archive.write_articles(self.home.archive, folder, extract.generation(), self._articles_of(folder))

    def _articles_of(self, folder: str) -> Iterator[dict[str, Any]]:
        """Yield what is written of each version that was first seen in a folder; not all of it is held at a time."""
        found = self._catalogue.versions_read_in(folder)
        posts = Counter(s.record_id for s in self._catalogue.sightings_in({version.record_id for version, _ in found}))
        for start in range(0, len(found), BATCH):
            some = found[start : start + BATCH]
            articles = self._catalogue.articles(version.article_id for version, _ in some)
            for version, capture in some:
                source = self.following.source(capture.source_id)
                said = schemaorg.news_article(articles[version.article_id], version, capture, source)
                yield schemaorg.with_reading(said, version, posts[version.record_id])

    def find_reposts_anew(self, *, scrub: bool) -> None:
        """Make the fingerprints again, and compare all articles again.

        Args:
            scrub: Overwrite the old ones before they go.

        Raises:
            BusyError: Another crawler compares articles.
        """
        if not self._claims.take([REPOSTS]):
            outcome = "It compares articles. Nothing was changed. End it, or wait for it, then run the command again."
            raise BusyError(self.home.catalogue, None, outcome)
        find_reposts(self.home, self._catalogue, self.following, self._report, anew=True, scrub=scrub)

    def update_index(self, folder: Path | None = None, *, tidy: bool = True) -> None:
        """Compare articles with others that were not, and make each searchable as it now is, in this index or another.

        Args:
            folder: Where that is; None: in the home.
            tidy: Whether what takes long and can wait a day is done: what was replaced in the index goes, and
                translations are looked for.
        """
        if self._claims.take([REPOSTS]):  # else another crawler looks for them
            known, decided = find_reposts(self.home, self._catalogue, self.following, self._report)
            if tidy:
                self._translations.find(known, decided, self._report)
                if self._catalogue.to_match():  # what is no translation any more may share a passage
                    find_reposts(self.home, self._catalogue, self.following, self._report)
        writer = IndexWriter(folder or self.home.fulltext, self.following.settings.index)
        if writer.is_new:
            with self._catalogue.transaction():
                self._catalogue.index_all()
            writer.sign()
        waiting = self._catalogue.to_index()
        if waiting:
            writer.put(self._to_be_indexed(waiting))
            with self._catalogue.transaction():
                self._catalogue.indexed(waiting)
            self._report(Progress(doing="indexing", done=len(waiting), total=len(waiting)))
        if tidy:
            writer.tidy()
        writer.close()

    def _to_be_indexed(self, ids: Sequence[str]) -> Iterator[Article]:
        """Yield articles; not all of their texts are held at a time."""
        for start in range(0, len(ids), _PORTION):
            self._report(Progress(doing="indexing", done=start, total=len(ids)))
            yield from self._catalogue.articles(ids[start : start + _PORTION]).values()


def _nobody(busy: Set[str]) -> Sequence[Source]:
    return ()


def note_seal(home: Home, seal: Seal) -> None:
    """Say that a file is sealed."""
    said = {"file": seal.file, "bytes": seal.size_bytes, "sha256": seal.sha256}
    Decisions(home.archive).append("seal", said, now=datetime.now(UTC))


def note_import(home: Home, file: str) -> None:
    """Say that a file was brought in, as the note beside it does, and that it is sealed."""
    said = archive.note(home.archive, file)
    kept = ("bytes", "sha256", "original", "in_place", "source", "records", "captures")
    Decisions(home.archive).append("import", {"file": file, **{k: said.get(k) for k in kept}}, now=datetime.now(UTC))
    note_seal(home, Seal(file=file, size_bytes=said["bytes"], sha256=said["sha256"]))


def _batches(entries: Iterator[Entry]) -> Iterator[list[Entry]]:
    batch: list[Entry] = []
    held = 0
    for entry in entries:
        batch.append(entry)
        held += len(entry.body)
        if len(batch) == BATCH or held > BATCH_BYTES:
            yield batch
            batch, held = [], 0
    if batch:
        yield batch
