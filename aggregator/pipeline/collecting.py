"""Collecting: each source's lane is asked for its next request; every answer is archived, and only then read.

A bad page, feed or source is counted and named; it never ends a run. A full disk or a damaged store does.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import replace
from datetime import UTC, datetime

from aggregator import access, archive, wire
from aggregator.access import redaction
from aggregator.archive import Archive, Entry
from aggregator.catalogue import Catalogue
from aggregator.errors import FetchError
from aggregator.fetch import Robots, Web
from aggregator.home import Home
from aggregator.model import Capture, Failure, Progress, Report, Request, Response, Role, Run, Source
from aggregator.pipeline.deriving import MAX_HOPS, Derived, Deriver
from aggregator.pipeline.lanes import Lane

MAX_AT_ONCE = 32
"""Sources visited at the same time; each has at most one request in flight."""
BATCH = 50
"""How many answers are committed at once, at most."""
GATHER_S = 0.02
INDEX_EVERY_S = 60.0
"""How long a new article may wait until it is searchable, while a crawl goes on."""

_InFlight = dict[Future[Response], tuple[Lane, Request]]


class Collector:
    """One pass over some sources.

    Args:
        home: Where the answers go.
        min_free_bytes: The room that must stay on the disk.
        catalogue: The home's, open for writing.
        writer: Of its archive.
        deriver: What reads the answers.
        report: Told how far the pass is.
    """

    def __init__(
        self,
        home: Home,
        min_free_bytes: int,
        catalogue: Catalogue,
        writer: Archive,
        deriver: Deriver,
        report: Report,
    ) -> None:
        self._home = home
        self._min_free_bytes = min_free_bytes
        self._catalogue = catalogue
        self._archive = writer
        self._deriver = deriver
        self._report = report
        self._withdrawn = access.recogniser(home, datetime.now(UTC), erased_only=True)
        self._robots = Robots()

    def visit(
        self,
        sources: Sequence[Source],
        web: Web,
        *,
        max_pages: int,
        stop: threading.Event,
        make_searchable: Callable[[], None],
    ) -> list[Run]:
        """Visit sources once.

        Args:
            sources: Whom to visit.
            web: Where responses come from.
            max_pages: How many announced pages to ask each source for.
            stop: Set it to end the pass early: what is in flight is still kept.
            make_searchable: Called now and then, while it goes on.

        Returns:
            A tally for each source, in the order given; it is archived.
        """
        lanes = [self._lane(source, max_pages) for source in sources]
        idle, in_flight, indexed_at = list(lanes), _InFlight(), time.monotonic()
        with ThreadPoolExecutor(max_workers=MAX_AT_ONCE, thread_name_prefix="fetch") as pool:
            while idle or in_flight:
                for lane in idle:
                    request = None if stop.is_set() else self._next(lane)
                    if request:
                        pace_s = self._robots.pace_s(request.url, lane.source.pace_s)
                        in_flight[pool.submit(web.fetch, request, pace_s=pace_s)] = (lane, request)
                answered = _answered(in_flight, stop, web)
                idle = [lane for lane, _, _ in answered]
                self._keep(answered)
                self._report(_progress(lanes, in_flight))
                if time.monotonic() - indexed_at > INDEX_EVERY_S:
                    make_searchable()
                    indexed_at = time.monotonic()
        runs = [self._finish(lane) for lane in lanes]
        self._keep_runs(runs)
        return runs

    def _lane(self, source: Source, max_pages: int) -> Lane:
        return Lane(
            source,
            pending=lambda limit: self._catalogue.pending(source.id, limit),
            from_scratch=not self._catalogue.has_completed_run(source.id),
            max_pages=max_pages,
            now=datetime.now(UTC),
        )

    def _next(self, lane: Lane) -> Request | None:
        """Return the lane's next request that may be asked; the rules of a host new to us are asked for first."""
        refused: list[Entry] = []
        while request := lane.next():
            obeys = lane.source.obey_robots and request.role is not Role.ROBOTS
            if self._withdrawn and self._withdrawn.knows_address(request.url):
                self._pass_over(lane, request)
                continue
            if obeys and not self._robots.knows(request.url):
                lane.put_back(request)
                request = Request(url=Robots.address(request.url), role=Role.ROBOTS, source_id=lane.source.id)
            elif request.hops > MAX_HOPS:
                refused.append(self._refuse(lane, request, f"more than {MAX_HOPS} redirects", retryable=True))
                continue
            elif obeys and (refusal := self._robots.refusal(request.url)):
                refused.append(self._refuse(lane, request, refusal[0], retryable=refusal[1]))
                continue
            break
        if refused:
            self._commit(refused)
        return request and self._conditional(request)

    def _conditional(self, request: Request) -> Request:
        """Add the validators of the last capture, so that an unchanged body is not sent again."""
        earlier = self._catalogue.latest_with_body(request.url)
        if earlier is None or not archive.holds(self._home.archive, earlier):
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

    def _keep(self, answered: list[tuple[Lane, Request, Response | FetchError]]) -> None:
        """Archive what came back, make it safe, and only then read it: committed means on disk."""
        entries = [self._archived(request, answer) for _, request, answer in answered]
        found = self._commit(entries)
        for (lane, request, answer), entry, derived in zip(answered, entries, found, strict=True):
            lane.run.fetched += isinstance(answer, Response)
            lane.took(request, derived)
            redirected = any(follow.role is Role.ROBOTS for follow in derived.follow) and request.hops < MAX_HOPS
            if request.role is Role.ROBOTS and not redirected:
                self._learn(lane, request, entry)

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
        self._home.ensure_room(self._min_free_bytes)
        self._deriver.prepare(entries)
        self._archive.sync()
        with self._catalogue.transaction():
            found = [self._deriver.derive(entry) for entry in entries]
            for file, end in self._archive.written().items():
                self._catalogue.set_catalogued(file, end)
        return found

    def _learn(self, lane: Lane, request: Request, entry: Entry) -> None:
        """Hand an archived robots.txt to those who obey it; where there was no answer, the lane ends here."""
        address = request.announced_url
        body = self._deriver.body(entry)
        if not isinstance(entry.what, Capture) or body is None or entry.what.truncated or entry.what.problem:
            self._robots.learn(address, None, b"")
        else:
            self._robots.learn(address, 200 if entry.what.refers_to else entry.what.status, body)
        unreachable = self._robots.refusal(lane.source.url)
        if unreachable and unreachable[1] and lane.source.obey_robots and self._robots.knows(lane.source.url):
            lane.stop()

    def _finish(self, lane: Lane) -> Run:
        return lane.finish(now=datetime.now(UTC), left=self._catalogue.count_pending(lane.source.id))

    def _keep_runs(self, runs: list[Run]) -> None:
        if runs:
            self._commit([self._archive.add_runs(tuple(runs), now=datetime.now(UTC))])


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
