"""Collecting: each source's lane is asked for its next request; every answer is archived, and only then read.

A bad page, feed or source is counted and named; it never ends a run. A full disk or a damaged store does.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Sequence, Set
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta

from aggregator import access, alarms, archive, engines, urls, wire
from aggregator.access import redaction
from aggregator.archive import Archive, Entry
from aggregator.catalogue import Catalogue
from aggregator.clock import Clock
from aggregator.errors import FetchError
from aggregator.fetch import Robots, Web
from aggregator.fetch.robots import HOLD
from aggregator.home import Home
from aggregator.model import (
    Capture,
    Failure,
    Outcome,
    Progress,
    Report,
    Request,
    Response,
    Role,
    Run,
    Source,
)
from aggregator.pipeline.claims import Claims
from aggregator.pipeline.deriving import MAX_HOPS, Derived, Deriver
from aggregator.pipeline.feeds import Moves
from aggregator.pipeline.hosts import MAX_AT_ONCE, NAP_S, Hosts
from aggregator.pipeline.lanes import SITEMAPS, Lane, Scope
from aggregator.pipeline.lists import LISTS
from aggregator.pipeline.rechecking import check_at
from aggregator.pipeline.showing import Showing, too_long
from aggregator.pipeline.turns import Turns

LISTS_EVERY = timedelta(days=1)
"""How often sitemaps and list pages are read of a source whose feed has no gap."""
GUESS_EVERY = timedelta(days=30)
"""How often an address that nobody named, and that was not there, is asked for again."""
WHOLE_EVERY = 10
"""Of so many answers for an address one is asked for whole, whatever the server says of the others."""
_DANGER_LOOKS_BACK = timedelta(days=21)
"""How far back runs are looked at to find a threat that is new: lists are read once a day."""
BATCH = 50
"""How many answers are committed at once, at most."""
GATHER_S = 0.02
ERRANDS_EVERY_S = 60.0
"""How long a new article may wait until it is searchable, and a day that is over until it is closed, while a crawl goes
on."""

_InFlight = dict[Future[Response], tuple[Lane, Request]]
More = Callable[[Set[str]], Sequence[Source] | None]
"""Given the ids of the sources that are being visited, returns who else is to be; None: the visits are to end."""


class Collector:
    """One pass over some sources.

    Args:
        home: Where the answers go.
        min_free_bytes: The room that must stay on the disk.
        catalogue: The home's, open for writing.
        writer: Of its archive.
        deriver: What reads the answers.
        report: Told how far the pass is.
        clock: What time it is.
        moves: Where feeds have moved to.
        claims: Which hosts are this crawler's to ask.
    """

    def __init__(
        self,
        home: Home,
        min_free_bytes: int,
        catalogue: Catalogue,
        writer: Archive,
        deriver: Deriver,
        report: Report,
        clock: Clock,
        moves: Moves,
        claims: Claims,
    ) -> None:
        self._moves = moves
        self._claims = claims
        self._home = home
        self._clock = clock
        self._min_free_bytes = min_free_bytes
        self._catalogue = catalogue
        self._archive = writer
        self._deriver = deriver
        self._report = report
        self._withdrawn = access.recogniser(home, clock.now(), erased_only=True)
        self._robots = Robots(clock)
        self._showing = Showing(catalogue)

    def visit(
        self,
        sources: Sequence[Source],
        web: Web,
        *,
        scope: Scope,
        stop: threading.Event,
        errands: Callable[[], None],
        more: More,
        done: Callable[[Run], None],
    ) -> list[Run]:
        """Visit sources once, and whoever joins them meanwhile.

        Args:
            sources: Whom to visit.
            web: Where responses come from.
            scope: How much of each source to ask for.
            stop: Set it to end the pass early: what is in flight is still kept.
            errands: Called now and then, while it goes on.
            more: Given the ids of those that are being visited, returns who else is to be; None: the visits are to end.
            done: Told the tally of each source when its visit is over.

        Returns:
            A tally for each source given, in their order, but for those that another crawler visited meanwhile; it is
            archived. Those of whoever joined are only told to ``done``: a pass may go on for days.
        """
        hosts, in_flight, errands_at = Hosts(web, self._claims), _InFlight(), time.monotonic()
        queue = Turns(sources, self._claims, hosts, self._catalogue, self._clock.now(), whole=scope.whole)
        lanes: dict[str, Lane] = {}
        idle: list[Lane] = []
        runs: dict[str, Run] = {}
        past = Progress(doing="crawling", done=0, total=0)
        with closing(hosts), ThreadPoolExecutor(max_workers=MAX_AT_ONCE, thread_name_prefix="fetch") as pool:
            while idle or hosts or in_flight or queue:
                if stop.is_set():
                    queue.clear()
                begun = [self._lane(source, scope) for source in queue.next(len(in_flight))]
                lanes |= {lane.source.id: lane for lane in begun}
                runs |= {lane.source.id: lane.run for lane in begun}
                idle += begun
                over = []
                for lane in idle:
                    request = None if stop.is_set() else self._next(lane)
                    if request:
                        hosts.add(lane, request)
                    else:
                        over.append(lane)
                if stop.is_set():
                    over += hosts.let_go()
                again = []
                for lane, request in hosts.rested(MAX_AT_ONCE - len(in_flight)):
                    if self._is_answered(lane, request):  # another source of that host has asked meanwhile
                        hosts.answered(request)
                        again.append(lane)
                        continue
                    pace_s = self._robots.pace_s(request.url, lane.source.pace_s)
                    in_flight[pool.submit(web.fetch, request, pace_s=pace_s)] = (lane, request)
                self._end(over, done)
                queue.over(lane.source.id for lane in over)
                past = _progress(past, over)
                for lane in over:
                    del lanes[lane.source.id]
                others = () if stop.is_set() else more(lanes.keys() | queue.ids)
                if others is None:
                    queue.clear()
                    for lane in lanes.values():
                        lane.cut_short()
                joining = queue.join(others or (), self._clock.now())
                hosts.release(lanes.values())
                has_room, is_over = len(in_flight) < MAX_AT_ONCE, not (hosts or in_flight or queue)
                wait_s = 0.0 if joining or again or is_over else hosts.pause_s if has_room else NAP_S
                answered = _answered(in_flight, stop, web, wait_s=wait_s)
                for _, request, _ in answered:
                    hosts.answered(request)
                idle = [*again, *(lane for lane, _, _ in answered)]
                self._keep(answered)
                self._report(_progress(past, lanes.values(), len(in_flight)))
                if time.monotonic() - errands_at > ERRANDS_EVERY_S:
                    errands()
                    errands_at = time.monotonic()
        return [runs[source.id] for source in sources if source.id in runs]

    def _end(self, lanes: list[Lane], done: Callable[[Run], None]) -> None:
        """Archive the tallies of those whose visit is over."""
        self._keep_runs([self._finish(lane) for lane in lanes])
        for lane in lanes:
            if lane.feeds.move:
                self._moves.note(lane.feeds.move, now=self._clock.now())
            done(lane.run)

    def _lane(self, source: Source, scope: Scope) -> Lane:
        now = self._clock.now()
        danger = self._endangered_at(source)
        if danger and not scope.whole:
            scope = replace(scope, whole=True, resumed_from=danger[0])
        from_scratch = not self._catalogue.has_completed_run(source.id)
        last = [self._catalogue.last_of_role(source.id, role) for role in LISTS]
        lane = Lane(
            source,
            pending=lambda limit: self._catalogue.pending(source.id, limit, since=scope.since, until=scope.until),
            to_check=lambda limit: self._catalogue.to_check(source.id, now, limit) if source.recheck else [],
            requisites=lambda: self._showing.due(source, self._clock.now()),
            reads_lists=scope.whole or from_scratch or all(at is None or now - at >= LISTS_EVERY for at in last),
            from_scratch=from_scratch,
            sitemaps=[urls.origin(source.url) + path for path in SITEMAPS],
            moved=self._moves.of(source.id),
            scope=scope,
            now=now,
        )
        if danger:
            lane.run.notes.append(f"{danger[1]}: all that it holds is asked for while it is there")
        return lane

    def _endangered_at(self, source: Source) -> tuple[datetime, str] | None:
        """Since when all of a source is to be read while it is there, and why; None: it is not."""
        runs = self._catalogue.runs_since(self._clock.now() - _DANGER_LOOKS_BACK, source_id=source.id)
        ended = [run for run in runs if run.outcome not in (Outcome.LIMITED, Outcome.INTERRUPTED)]
        why = alarms.danger(ended)
        return (ended[-1].started_at, why) if why else None

    def _is_answered(self, lane: Lane, request: Request) -> bool:
        """Let a lane have what the archive knows already, and say whether that is so."""
        is_guess = request.role in LISTS and lane.lists.is_guess(request) and not lane.scope.whole
        if is_guess and not self._may_be_there(request.url):
            lane.took(request, Derived(failure="it was not there of late"))
            return True
        if request.role is Role.REQUISITE and self._showing.is_had(request.url, self._clock.now()):
            lane.took(request, Derived())
            return True
        return self._recall(lane, request)

    def _may_be_there(self, guessed: str) -> bool:
        """Whether to ask for an address that nobody named: it was there, or was not asked for of late."""
        last = self._catalogue.last_at(guessed, self._clock.now() - GUESS_EVERY)
        return last is None or last.status in (200, 304)

    def _next(self, lane: Lane) -> Request | None:
        """Return the lane's next request that may be asked; the rules of a host new to us are asked for first."""
        refused: list[Entry] = []
        while request := lane.next():
            obeys = lane.source.obey_robots and request.role is not Role.ROBOTS
            is_shown = request.role is Role.REQUISITE
            if self._withdrawn and self._withdrawn.knows_address(request.url):
                self._pass_over(lane, request)
                continue
            if self._is_answered(lane, request):
                continue
            if obeys and not self._robots.knows(request.url):
                if not lane.put_back(request):
                    continue
                request = Request(url=Robots.address(request.url), role=Role.ROBOTS, source_id=lane.source.id)
            elif request.hops > MAX_HOPS:
                refused.append(self._refuse(lane, request, f"more than {MAX_HOPS} redirects", retryable=True))
                continue
            elif obeys and (refusal := self._robots.refusal(request.url, is_beside=is_shown)):
                refused.append(self._refuse(lane, request, refusal[0], retryable=refusal[1]))
                continue
            elif is_shown and self._showing.is_too_much(request.url):
                reason = "its page shows more than is kept of one"
                refused.append(self._refuse(lane, request, reason, retryable=False))
                continue
            break
        if refused:
            self._commit(refused)
        return request and self._conditional(request)

    def _recall(self, lane: Lane, request: Request) -> bool:
        """Take an answer from the archive, if one of late is there; return whether it is.

        The rules of a host hold for a day: a source that is visited ten times is asked for its robots.txt once. Lists
        are recalled by a back-catalogue that goes on where it was interrupted.
        """
        is_rules, is_list = request.role is Role.ROBOTS, request.role in LISTS
        since = self._clock.now() - HOLD if is_rules else lane.scope.resumed_from if is_list else None
        if since is None or (is_rules and request.hops):
            return False
        last = self._catalogue.last_at(request.url, since)
        if last is None or last.role is not request.role or last.truncated or last.problem:
            return False
        if last.status not in (200, 304) and not (is_rules and 400 <= last.status < 429):
            return False
        if (known := self._deriver.recalled(last)) is None:
            return False
        body, derived = known
        if is_rules:
            self._robots.learn(request.url, 200 if last.refers_to else last.status, body, at=last.captured_at)
        lane.took(request, derived)
        return True

    def _conditional(self, request: Request) -> Request:
        """Add the validators of the last capture, so that an unchanged body is not sent again.

        Now and then they are left out: some servers answer 304 whatever has changed.
        """
        earlier = self._held(request.url)
        if earlier is None:
            return request
        last = self._catalogue.last_statuses(request.url, WHOLE_EVERY - 1)
        if last == [304] * (WHOLE_EVERY - 1):
            return request
        return replace(request, etag=earlier.etag, last_modified=earlier.last_modified)

    def _held(self, url: str) -> Capture | None:
        """Return the last capture of an address that holds a body, if that is here: another crawler may have it."""
        earlier = self._catalogue.latest_with_body(url)
        return earlier if earlier and archive.at_hand(self._home.archive, earlier) else None

    def _refuse(self, lane: Lane, request: Request, reason: str, *, retryable: bool) -> Entry:
        lane.took(request, Derived(failure=reason))
        return self._archive.add_failure(self._failure(request, reason, retryable=retryable))

    def _pass_over(self, lane: Lane, request: Request) -> None:
        """Leave out an address that was withdrawn; neither the archive nor the tally names it."""
        with self._catalogue.transaction():
            key = engines.key(request.announced_url, lane.source)
            self._catalogue.settle(request.source_id, key, retry=False, at=self._clock.now(), law=check_at)
        lane.took(request, Derived())

    def _keep(self, answered: list[tuple[Lane, Request, Response | FetchError]]) -> None:
        """Archive what came back, make it safe, and only then read it: committed means on disk.

        A page that nobody was asked for, as its host wants to be left alone, stays announced as if it had waited: else
        those behind one that is always busy would be given up without ever having been asked for.
        """
        for lane, request, answer in answered:
            if isinstance(answer, FetchError) and _was_spared(request, answer):
                lane.took(request, Derived(failure=answer.reason))
        answered = [each for each in answered if not _was_spared(*each[1:])]
        entries = [self._archived(request, answer) for _, request, answer in answered]
        named = (
            self._showing.named_by(entry, lane.source) for (lane, _, _), entry in zip(answered, entries, strict=True)
        )
        needed = [self._archive.add_requisites(each, now=each.noted_at) for each in named if each]
        found = self._commit([*entries, *needed])[: len(entries)] if entries else []
        for (lane, request, answer), entry, derived in zip(answered, entries, found, strict=True):
            if isinstance(answer, Response):
                lane.heard(answer)
            lane.took(request, derived)
            redirected = any(follow.role is Role.ROBOTS for follow in derived.follow) and request.hops < MAX_HOPS
            if request.role is Role.ROBOTS and not redirected:
                self._learn(lane, request, entry)

    def _archived(self, request: Request, answer: Response | FetchError) -> Entry:
        if isinstance(answer, Response):
            answer = too_long(answer) or answer
        if isinstance(answer, Response):
            try:
                if self._withdrawn and (entry := self._redacted(request, answer, self._withdrawn)):
                    return entry
                return self._archive.add(answer, earlier=self._held(request.url))
            except ValueError as error:
                answer = FetchError(request.url, str(error), retryable=True)
        return self._archive.add_failure(self._failure(request, answer.reason, retryable=answer.retryable))

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
            return self._archive.add_failure(self._failure(request, "what it answers was withdrawn", retryable=False))
        return self._archive.add_redacted(response, redacted.body) if redacted else None

    def _failure(self, request: Request, reason: str, *, retryable: bool) -> Failure:
        return Failure(
            url=request.announced_url,
            source_id=request.source_id,
            role=request.role,
            failed_at=self._clock.now(),
            reason=reason,
            retryable=retryable,
        )

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
        return lane.finish(now=self._clock.now(), left=self._catalogue.count_pending(lane.source.id))

    def _keep_runs(self, runs: list[Run]) -> None:
        if runs:
            self._commit([self._archive.add_runs(tuple(runs), now=self._clock.now())])


# --- small change ---------------------------------------------------------------------------------------------------


def _was_spared(request: Request, answer: Response | FetchError) -> bool:
    """Whether this is a page, or what one shows, that nobody was asked for."""
    return request.role in (Role.PAGE, Role.REQUISITE) and isinstance(answer, FetchError) and not answer.was_asked


def _answered(
    in_flight: _InFlight, stop: threading.Event, web: Web, *, wait_s: float
) -> list[tuple[Lane, Request, Response | FetchError]]:
    """Wait for an answer; return all that are there by then, and take them out of ``in_flight``."""
    if not in_flight:
        stop.wait(wait_s)
        return []
    wait(in_flight, timeout=wait_s, return_when=FIRST_COMPLETED)
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


def _progress(past: Progress, lanes: Collection[Lane], in_flight: int = 0) -> Progress:
    """Return how far a pass is: what was done by those whose visit is over, and by those lanes."""
    return Progress(
        doing="crawling",
        done=past.done + sum(lane.over for lane in lanes),
        total=past.total + len(lanes),
        pages=past.pages + sum(lane.run.fetched for lane in lanes),
        pages_left=sum(lane.pages_queued for lane in lanes) + in_flight,
        new=past.new + sum(lane.run.new for lane in lanes),
        failed=past.failed + sum(len(lane.run.failed) for lane in lanes),
    )
