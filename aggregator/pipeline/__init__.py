"""The way in: collect (network to archive) and derive (archive to catalogue and index).

    crawl     ask each source's lane for its next request; archive every answer; only then read it
    catch_up  read what the archive holds and the catalogue does not: after a kill, or all of it in a rebuild
    bring_in  put a file of others into the archive, then catch up
    rebuild   catch up from the start, aside, and put the new index in the place of the old

A bad page, feed or source is counted and named; it never ends a run. A full disk or a damaged store does.
"""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator, Sequence, Set
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aggregator import access, archive, disk, extract, schemaorg, wire
from aggregator.access import redaction
from aggregator.archive import Archive, Entry, Import, Recovery, Seal
from aggregator.catalogue import Catalogue, empty_log, replace_all
from aggregator.decisions import Decisions
from aggregator.errors import FetchError, Outdated, StoreError, TooNew
from aggregator.fetch import Robots, Web
from aggregator.home import Home
from aggregator.index import Writer as IndexWriter
from aggregator.model import (
    Capture,
    Failure,
    Following,
    Progress,
    Report,
    Request,
    Response,
    Role,
    Run,
    Source,
)
from aggregator.pipeline import belonging
from aggregator.pipeline.deriving import MAX_HOPS, Derived, Deriver
from aggregator.pipeline.lanes import MAX_PAGES, MAX_RUN_S, Lane

MAX_AT_ONCE = 32
"""Sources visited at the same time; each has at most one request in flight."""
BATCH = 50
BATCH_BYTES = 1 << 26
"""How much of their bodies is held in memory at a time."""
GATHER_S = 0.02
INDEX_EVERY_S = 60.0
"""How long a new article may wait until it is searchable, while a crawl goes on."""


def _silence(_: Progress) -> None:
    pass


_InFlight = dict[Future[Response], tuple[Lane, Request]]


class Pipeline:
    """The line, held open by its one writer; made by ``opened``.

    Attributes:
        home: Where it works.
        following: sources.yaml, as it is in force.
        mended: What an interrupted writer had left in the archive.
        missing: WARC files that the catalogue knows and the archive no longer has.
    """

    def __init__(
        self,
        home: Home,
        following: Following,
        catalogue: Catalogue,
        writer: Archive,
        report: Report,
        mended: list[Recovery],
    ) -> None:
        self.home = home
        self.following = following
        self.mended = mended
        self.missing: list[str] = []
        self._catalogue = catalogue
        self._archive = writer
        self._deriver = Deriver(home.archive, following, catalogue)
        self._decisions = Decisions(home.archive)
        self._withdrawn: access.Recogniser | None = None
        self._report = report

    def follow(self, following: Following) -> None:
        """Go on with another sources.yaml."""
        self.following = following
        self._deriver = Deriver(self.home.archive, following, self._catalogue)
        with self._catalogue.transaction():
            self._deriver.settle_names()

    def last_runs(self) -> dict[str, Run]:
        """Return the newest run of each source."""
        return self._catalogue.last_runs()

    # --- collecting -------------------------------------------------------------------------------------------------

    def crawl(
        self,
        sources: Sequence[Source],
        web: Web,
        *,
        max_pages: int = MAX_PAGES,
        stop: threading.Event | None = None,
    ) -> list[Run]:
        """Visit sources once, and make what was found searchable.

        Args:
            sources: Whom to visit.
            web: Where responses come from.
            max_pages: How many announced pages to ask each source for.
            stop: Set it to end the run early: what is in flight is still kept.

        Returns:
            A tally for each source, in the order given.

        Raises:
            NoSpaceError: The disk is full or read-only; what was reported stored is safe.
            StoreError: Archive, catalogue or index is damaged.
        """
        stop = stop or threading.Event()
        self._withdrawn = access.recogniser(self.home, datetime.now(UTC), erased_only=True)
        robots = Robots()
        lanes = [self._lane(source, max_pages) for source in sources]
        idle, in_flight, indexed_at = list(lanes), _InFlight(), time.monotonic()
        with ThreadPoolExecutor(max_workers=MAX_AT_ONCE, thread_name_prefix="fetch") as pool:
            while idle or in_flight:
                for lane in idle:
                    request = None if stop.is_set() else self._next(lane, robots)
                    if request:
                        pace_s = robots.pace_s(request.url, lane.source.pace_s)
                        in_flight[pool.submit(web.fetch, request, pace_s=pace_s)] = (lane, request)
                answered = _answered(in_flight, stop, web)
                idle = [lane for lane, _, _ in answered]
                self._keep(answered, robots)
                self._report(_progress(lanes, in_flight))
                if time.monotonic() - indexed_at > INDEX_EVERY_S:
                    self.update_index()
                    indexed_at = time.monotonic()
        runs = [self._finish(lane) for lane in lanes]
        self._keep_runs(runs)
        self.update_index()
        self.close_days(datetime.now(UTC))
        return runs

    def _lane(self, source: Source, max_pages: int) -> Lane:
        return Lane(
            source,
            pending=lambda limit: self._catalogue.pending(source.id, limit),
            from_scratch=not self._catalogue.has_completed_run(source.id),
            max_pages=max_pages,
            now=datetime.now(UTC),
        )

    def _next(self, lane: Lane, robots: Robots) -> Request | None:
        """Return the lane's next request that may be asked; the rules of a host new to us are asked for first."""
        refused: list[Entry] = []
        while request := lane.next():
            obeys = lane.source.obey_robots and request.role is not Role.ROBOTS
            if self._withdrawn and self._withdrawn.knows_address(request.url):
                self._pass_over(lane, request)
                continue
            if obeys and not robots.knows(request.url):
                lane.put_back(request)
                request = Request(url=Robots.address(request.url), role=Role.ROBOTS, source_id=lane.source.id)
            elif request.hops > MAX_HOPS:
                refused.append(self._refuse(lane, request, f"more than {MAX_HOPS} redirects", retryable=True))
                continue
            elif obeys and (refusal := robots.refusal(request.url)):
                refused.append(self._refuse(lane, request, refusal[0], retryable=refusal[1]))
                continue
            break
        if refused:
            self._commit(refused)
        return request and self._conditional(request)

    def _conditional(self, request: Request) -> Request:
        """Add the validators of the last capture, so that an unchanged body is not sent again."""
        earlier = self._catalogue.latest_with_body(request.url)
        if earlier is None or not archive.holds(self.home.archive, earlier):
            return request
        return replace(request, etag=earlier.etag, last_modified=earlier.last_modified)

    def _refuse(self, lane: Lane, request: Request, reason: str, *, retryable: bool) -> Entry:
        lane.took(request, Derived(failure=reason))
        return self._archive.add_failure(_failure(request, reason, retryable=retryable))

    def _pass_over(self, lane: Lane, request: Request) -> None:
        """Leave out an address that was withdrawn; neither the archive nor the tally names it."""
        with self._catalogue.transaction():
            self._catalogue.settle(request.source_id, request.announced_url, retry=False)
        lane.took(request, Derived())

    def _keep(self, answered: list[tuple[Lane, Request, Response | FetchError]], robots: Robots) -> None:
        """Archive what came back, make it safe, and only then read it: committed means on disk."""
        entries = [self._archived(request, answer) for _, request, answer in answered]
        found = self._commit(entries)
        for (lane, request, answer), entry, derived in zip(answered, entries, found, strict=True):
            lane.run.fetched += isinstance(answer, Response)
            lane.took(request, derived)
            redirected = any(follow.role is Role.ROBOTS for follow in derived.follow) and request.hops < MAX_HOPS
            if request.role is Role.ROBOTS and not redirected:
                self._learn(lane, request, entry, robots)

    def _archived(self, request: Request, answer: Response | FetchError) -> Entry:
        if isinstance(answer, Response):
            try:
                if self._withdrawn and (entry := self._redacted(request, answer, self._withdrawn)):
                    return entry
                return self._archive.add(answer, earlier=self._catalogue.latest_with_body(request.url))
            except ValueError as error:
                answer = FetchError(request.url, str(error), retryable=True)
        return self._archive.add_failure(_failure(request, answer.reason, retryable=answer.retryable))

    def _redacted(self, request: Request, response: Response, known: access.Recogniser) -> Entry | None:
        """Archive an answer that holds something withdrawn, without it; None: it holds nothing of it.

        Raises:
            ValueError: What was received is no HTTP response.
        """
        answer = wire.read_answer(response.received)
        head = response.received[: wire.head_length(response.received)].decode("latin-1")
        try:
            redacted = redaction.redact(answer.body, answer.header("Content-Type") or "", request.url, known)
        except ValueError:
            redacted, head = None, ""
        if redaction.holds(head, request.url, known) or not head or (redacted and redacted.is_husk):
            return self._archive.add_failure(_failure(request, "what it answers was withdrawn", retryable=False))
        return self._archive.add_redacted(response, redacted.body) if redacted else None

    def _commit(self, entries: list[Entry]) -> list[Derived]:
        self.home.ensure_room(self.following.settings.min_free_bytes)
        self._archive.sync()
        with self._catalogue.transaction():
            found = [self._deriver.derive(entry) for entry in entries]
            for file, end in self._archive.written().items():
                self._catalogue.set_catalogued(file, end)
        return found

    def _learn(self, lane: Lane, request: Request, entry: Entry, robots: Robots) -> None:
        """Hand an archived robots.txt to those who obey it; where there was no answer, the lane ends here."""
        address = request.announced_url
        body = self._deriver.body(entry)
        if not isinstance(entry.what, Capture) or body is None or entry.what.truncated or entry.what.problem:
            robots.learn(address, None, b"")
        else:
            robots.learn(address, 200 if entry.what.refers_to else entry.what.status, body)
        unreachable = robots.refusal(lane.source.url)
        if unreachable and unreachable[1] and lane.source.obey_robots and robots.knows(lane.source.url):
            lane.stop()

    def _finish(self, lane: Lane) -> Run:
        return lane.finish(now=datetime.now(UTC), left=self._catalogue.count_pending(lane.source.id))

    def _keep_runs(self, runs: list[Run]) -> None:
        if runs:
            self._commit([self._archive.add_runs(tuple(runs), now=datetime.now(UTC))])

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
        now = datetime.now(UTC)
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
        _note_import(self.home, found.file)
        before = self._catalogue.counts()["articles"]
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
        self.missing = sorted(known.keys() - sizes.keys())
        behind = [file for file, size in sizes.items() if known.get(file, 0) < size]
        total, done = sum(sizes[f] - known.get(f, 0) for f in behind), 0
        for file in behind:
            start = at = known.get(file, 0)
            for batch in _batches(archive.entries(self.home.archive, file, start)):
                with self._catalogue.transaction():
                    for entry in batch:
                        self._deriver.derive(entry)
                    at = batch[-1].end
                    self._catalogue.set_catalogued(file, at)
                self.home.ensure_room(self.following.settings.min_free_bytes)
                self._report(Progress(doing="reading the archive", done=done + at - start, total=total))
            with self._catalogue.transaction():
                self._catalogue.set_catalogued(file, sizes[file])
            done += sizes[file] - start
        self.update_index(index)

    def convert(self, left: Sequence[tuple[Capture, bytes]], runs: Sequence[Any]) -> None:
        """Archive what is left of records that are about to be erased; it is catalogued by the rebuild that follows.

        Args:
            left: Captures, and their bodies without what was withdrawn.
            runs: Run tallies, as their records say them, without what was withdrawn.
        """
        now = datetime.now(UTC)
        for capture, body in left:
            whose = capture.source_id or belonging.source_id(capture.url, self.following.sources)
            self._archive.add_conversion(replace(capture, source_id=whose), body, now=now)
        for said in runs:
            self._archive.add_runs_said(said, now=now)
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
            _note_import(self.home, found.file)
        return found.file

    def close_days(self, now: datetime) -> None:
        """Write the list, the manifest and the articles of every day that is over, and of every import."""
        digests, closings = self._decisions.digests(), self._decisions.closings()
        for folder in archive.unclosed(self.home.archive, today=f"{now:%Y/%m/%d}", digests=digests, closings=closings):
            manifest = archive.close(self.home.archive, folder, digests)
            self._decisions.append("day-closed", {"folder": folder, "manifest_sha256": manifest}, now=now)
        for folder in archive.lacking_articles(self.home.archive, extract.generation()):
            self._write_articles(folder)

    def _write_articles(self, folder: str) -> None:
        found = self._catalogue.versions_read_in(folder)
        articles = self._catalogue.articles(version.article_id for version, _ in found)
        said = (
            schemaorg.with_reading(
                schemaorg.news_article(
                    articles[version.article_id],
                    version,
                    capture,
                    self.following.source(capture.source_id),
                ),
                version,
            )
            for version, capture in found
        )
        archive.write_articles(self.home.archive, folder, extract.generation(), said)

    def update_index(self, folder: Path | None = None) -> None:
        """Make every article searchable as it now is, in the home's index or another."""
        writer = IndexWriter(folder or self.home.fulltext)
        if writer.is_new:
            with self._catalogue.transaction():
                self._catalogue.index_all()
            writer.sign()
        waiting = self._catalogue.to_index()
        if waiting:
            self._report(Progress(doing="indexing", done=0, total=len(waiting)))
            writer.put(self._catalogue.articles(waiting).values())
            with self._catalogue.transaction():
                self._catalogue.indexed(waiting)
            self._report(Progress(doing="indexing", done=len(waiting), total=len(waiting)))
        writer.close()


@contextmanager
def opened(home: Home, following: Following, *, wait_s: float = 0.0, report: Report = _silence) -> Iterator[Pipeline]:
    """Hold the home as its one writer: mend what a kill left behind, catch up, then give the line.

    Args:
        home: Which.
        following: sources.yaml, as loaded.
        wait_s: How long to wait for another writer, in seconds.
        report: Told how far the work is.

    Raises:
        BusyError: Another writer holds the home.
        NoSpaceError: The disk is full, nearly full or read-only.
        StoreError: The archive is damaged, or the catalogue is damaged or newer than this program.
    """
    with home.writing(wait_s=wait_s), _line(home, following, report) as line:
        line.catch_up()
        line.close_days(datetime.now(UTC))
        yield line


def rebuild(
    home: Home,
    following: Following,
    *,
    only_index: bool = False,
    scrub: bool = False,
    wait_s: float = 0.0,
    report: Report = _silence,
) -> list[Recovery]:
    """Make ``index/`` again from ``archive/``, aside; it takes the place of the old one when it is whole.

    Args:
        home: Which.
        following: sources.yaml, as loaded.
        only_index: Keep the catalogue and make only the full-text index again.
        scrub: Overwrite the old ones before they go: they hold what was erased since.
        wait_s: How long to wait for another writer, in seconds.
        report: Told how far the work is.

    Returns:
        What was mended in the archive on the way.

    Raises:
        BusyError: Another writer holds the home.
        NoSpaceError: The disk is full, nearly full or read-only; the old index is still in place.
        StoreError: The archive is damaged, or the catalogue newer than this program; the old index is still in place.
    """
    aside = replace(home, index_name=f"{home.index_name}/rebuilding")
    with home.writing(wait_s=wait_s):
        _refuse_newer(home)
        with disk.guarded(aside.index):
            _clear(aside.index, scrub=scrub)
            aside.index.mkdir()
        with _line(home if only_index else aside, following, report) as line:
            line.catch_up(index=aside.fulltext)
            line.close_days(datetime.now(UTC))
            mended = line.mended
        with disk.guarded(home.index):
            _take_place(aside, home, scrub=scrub)
    return mended


@contextmanager
def _line(home: Home, following: Following, report: Report) -> Iterator[Pipeline]:
    home.ensure_room(following.settings.min_free_bytes)
    with _catalogue(home) as catalogue:
        mended = archive.recover(home.archive, catalogue.catalogued_bytes())
        _note_seals(home)
        writer = Archive(
            home.archive,
            operator=following.settings.contact,
            sources_yaml=following.written,
            sealed=lambda seal: _note_seal(home, seal),
        )
        try:
            yield Pipeline(home, following, catalogue, writer, report, mended)
        finally:
            writer.close()


def _note_seal(home: Home, seal: Seal) -> None:
    said = {"file": seal.file, "bytes": seal.size_bytes, "sha256": seal.sha256}
    Decisions(home.archive).append("seal", said, now=datetime.now(UTC))


def _note_import(home: Home, file: str) -> None:
    """Say that a file was brought in, as the note beside it does, and that it is sealed."""
    said = archive.note(home.archive, file)
    kept = ("bytes", "sha256", "original", "in_place", "source", "records", "captures")
    Decisions(home.archive).append("import", {"file": file, **{k: said.get(k) for k in kept}}, now=datetime.now(UTC))
    _note_seal(home, Seal(file=file, size_bytes=said["bytes"], sha256=said["sha256"]))


def _note_seals(home: Home) -> None:
    """Say of every sealed file that it is, where a writer ended before it could."""
    sealed = Decisions(home.archive).digests()
    for file in archive.files(home.archive):
        if file not in sealed and archive.is_import(file):
            _note_import(home, file)
        elif file not in sealed:
            _note_seal(home, archive.seal_of(home.archive, file))


def _catalogue(home: Home) -> Catalogue:
    """Open the catalogue; begin anew where an older program or another extractor wrote it.

    Texts of two extractors differ where nobody edited anything.
    """
    try:
        catalogue = Catalogue(home.catalogue, writing=True)
        before = catalogue.note("generation")
        if before not in (None, extract.generation()):
            catalogue.close()
            raise Outdated(f"{home.catalogue}: its texts were read by {before}")
    except Outdated:
        shutil.rmtree(home.fulltext, ignore_errors=True)
        _remove(home)
        catalogue = Catalogue(home.catalogue, writing=True)
    with catalogue.transaction():
        catalogue.set_note("generation", extract.generation())
    return catalogue


def _refuse_newer(home: Home) -> None:
    try:
        Catalogue(home.catalogue).close()
    except TooNew:
        raise
    except (StoreError, Outdated):
        return


def _take_place(aside: Home, home: Home, *, scrub: bool) -> None:
    """Put a rebuilt index where the old one was; if that is cut short, the next writer makes what is missing again."""
    if home.fulltext.exists():  # first: a new catalogue may never stand beside an index that it knows nothing of
        disk.rename(home.fulltext, aside.index / "before")
    if aside.catalogue.exists():
        try:
            replace_all(home.catalogue, aside.catalogue)
        except ValueError:  # damaged
            _remove(home, disk.scrub if scrub else disk.remove)
            disk.rename(aside.catalogue, home.catalogue)
    disk.rename(aside.fulltext, home.fulltext)
    _clear(aside.index, scrub=scrub)
    if scrub:
        empty_log(home.catalogue)


def _clear(folder: Path, *, scrub: bool) -> None:
    """Remove a folder of an index and all in it."""
    if scrub:
        for path in folder.rglob("*"):
            if path.is_file():
                disk.scrub(path)
    if folder.exists():
        shutil.rmtree(folder)


def _remove(home: Home, remove: Callable[[Path], None] = disk.remove) -> None:
    """Remove the catalogue, and only then its log: another database would take that for its own."""
    for name in ("", "-wal", "-shm"):
        remove(home.catalogue.with_name(home.catalogue.name + name))


# --- small change ---------------------------------------------------------------------------------------------------


def _answered(
    in_flight: _InFlight, stop: threading.Event, web: Web
) -> list[tuple[Lane, Request, Response | FetchError]]:
    """Wait for an answer; return all that are there by then, and take them out of ``in_flight``."""
    if not in_flight:
        return []
    wait(in_flight, timeout=0.2, return_when=FIRST_COMPLETED)
    ready = wait(in_flight, timeout=GATHER_S).done  # a commit is dear: one for what comes in together
    if stop.is_set():
        web.stop()
        ready = wait(in_flight).done
    answered: list[tuple[Lane, Request, Response | FetchError]] = []
    for future in sorted(ready, key=lambda f: in_flight[f][1].url)[:BATCH]:
        lane, request = in_flight.pop(future)
        try:
            answered.append((lane, request, future.result()))
        except FetchError as error:
            answered.append((lane, request, error))
        except Exception as error:  # one address may not end the run of all, whatever is wrong with it or with us
            reason = f"could not be asked for ({type(error).__name__}: {error})"[:300]
            answered.append((lane, request, FetchError(request.url, reason, retryable=False)))
    return answered


def _failure(request: Request, reason: str, *, retryable: bool) -> Failure:
    return Failure(
        url=request.announced_url,
        source_id=request.source_id,
        role=request.role,
        failed_at=datetime.now(UTC),
        reason=reason,
        retryable=retryable,
    )


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


def _progress(lanes: list[Lane], in_flight: _InFlight) -> Progress:
    return Progress(
        doing="crawling",
        done=sum(lane.over for lane in lanes),
        total=len(lanes),
        pages=sum(lane.run.fetched for lane in lanes),
        pages_left=sum(lane.pages_queued for lane in lanes) + len(in_flight),
        new=sum(lane.run.new for lane in lanes),
        failed=sum(len(lane.run.failed) for lane in lanes),
    )


__all__ = ["MAX_AT_ONCE", "MAX_HOPS", "MAX_PAGES", "MAX_RUN_S", "Pipeline", "opened", "rebuild"]
