"""Trying a source from its page: what a crawl would find there now, with the manners of a crawl. Nothing is kept.

A trial and a crawl in another process do not know each other's pauses, so there is none beside the other.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse
from starlette.exceptions import HTTPException

from aggregator import access, engines, urls
from aggregator.access import redaction
from aggregator.catalogue import Catalogue
from aggregator.clock import NAP_S
from aggregator.engines import Engine
from aggregator.fetch import Fetcher
from aggregator.home import Home
from aggregator.model import Announcement, Article, Capture, Outcome, Source
from aggregator.pipeline import checking
from aggregator.pipeline.checking import Check
from aggregator.web.followed import following_of
from aggregator.web.forms import own_fields
from aggregator.web.limits import MAX_DECISION_BYTES, TRIAL_AGAIN_S, TRIAL_LISTS, TRIAL_S, TRIAL_TEXT_CHARS
from aggregator.web.rendering import page
from aggregator.web.sources import source_of

router = APIRouter(include_in_schema=False)


class Turns:
    """Whose turn it is: one source is tried at a time, no host twice within a minute, and none beside a crawl.

    A crawl knows no pause of a trial, nor a trial one of a crawl: together they would ask a host too often.

    Args:
        most_s: After so many seconds a source is asked for nothing more.
        clock: Returns seconds that only grow.
    """

    def __init__(self, most_s: float = TRIAL_S, clock: Callable[[], float] = time.monotonic) -> None:
        self._most_s = most_s
        self._clock = clock
        self._lock = threading.Lock()
        self._tried: dict[str, float] = {}
        self._stop = threading.Event()
        self._is_over = False

    def end(self) -> None:
        """Let what is tried now come to its end, and nothing be tried from now on: the server ends."""
        self._is_over = True
        self._stop.set()

    @contextmanager
    def of(self, hosts: Collection[str], writer: Callable[[], int | None]) -> Iterator[threading.Event]:
        """Hold the turn of a source; give what is set when its time is over, or when a crawl begins.

        Args:
            hosts: Those that its entry names.
            writer: Returns the process that may be crawling; None: there is none.

        Raises:
            HTTPException: Another is being tried, one of these hosts just was, or something may be crawling.
        """
        if not self._lock.acquire(blocking=False):
            raise HTTPException(
                429, "Another source is being tried. Come again when that is done: in two minutes at most."
            )
        try:
            if process := writer():
                raise HTTPException(
                    409,
                    f"A crawl, or another command that writes, is at work (process {process}), and may be asking this "
                    "site. Come again when that is done.",
                )
            tried_at = max(self._tried.get(host, float("-inf")) for host in hosts)
            wait_s = tried_at + TRIAL_AGAIN_S - self._clock()
            if wait_s > 0:
                raise HTTPException(429, f"It was tried just now: leave its site alone for {wait_s:.0f} s more.")
            self._stop = stop = threading.Event()
            if self._is_over:
                stop.set()
            threading.Thread(target=self._end_in_time, args=(stop, writer), daemon=True).start()
            try:
                yield stop
            finally:
                stop.set()
                self._tried |= dict.fromkeys(hosts, self._clock())
        finally:
            self._lock.release()

    def _end_in_time(self, stop: threading.Event, writer: Callable[[], int | None]) -> None:
        until = time.monotonic() + self._most_s
        while (left_s := until - time.monotonic()) > 0 and not writer():
            if stop.wait(min(left_s, NAP_S)):
                return
        stop.set()


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What was found at a source, without what may not be told."""

    source: Source
    announced: int
    """Articles that its lists announce."""
    new: int
    """How many of these this home was never told of."""
    engine: tuple[Engine, str] | None
    """What the site runs, and how that shows, in words; None: it does not show."""
    sample: Article | None
    """The newest article, as it would be kept; None: none could be read, or it may not be shown."""
    is_withheld: bool
    """Whether there is one, and something withdrawn is in it."""
    was_cut: bool
    """Whether it was ended before all was done."""
    failed: list[tuple[str, str]]
    """Addresses and reasons."""
    notes: list[str]
    lists: list[tuple[Capture, Announcement]]
    """What was found besides articles, in the order asked for, with what each announces."""


@router.post("/trials")
async def try_source(request: Request) -> HTMLResponse:
    """Ask a source what it has, and show what a crawl would make of it."""
    given = await own_fields(request, MAX_DECISION_BYTES)
    return await run_in_threadpool(_tried, request, given.get("source", ""))


def _tried(request: Request, source_id: str) -> HTMLResponse:
    home: Home = request.app.state.home
    source = source_of(home, source_id)
    following = following_of(home)
    with request.app.state.turns.of(_hosts(source), lambda: home.writer) as stop:
        found = checking.check(source, following, Fetcher(following.settings), max_lists=TRIAL_LISTS, stop=stop)
    return page("trial.html", _values(_trial(home, found, datetime.now(UTC))))


def _hosts(source: Source) -> set[str]:
    """Return the hosts that an entry names."""
    named = (source.url, source.sitemap, source.listing and source.listing.start, *source.feeds)
    return {urls.host(url) for url in named if url}


def _trial(home: Home, found: Check, now: datetime) -> Trial:
    source, run = found.source, found.run
    keys = {engines.key(one.url, source) for _, said in found.tried for one in said.discoveries}
    new = len(keys)
    if not home.is_new:
        with Catalogue(home.catalogue) as catalogue:
            new = len(catalogue.unannounced(source.id, keys))
    may_be_told, known = access.discretion(home, now).allows, access.recogniser(home, now)
    is_withheld = bool(found.sample and not (may_be_told(found.sample.url) and _may_be_shown(found.sample, known)))
    return Trial(
        source=source,
        announced=len(keys),
        new=new,
        engine=found.engine if found.engine and may_be_told("", found.engine[1]) else None,
        sample=None if is_withheld else found.sample,
        is_withheld=is_withheld,
        was_cut=run.outcome is Outcome.INTERRUPTED,
        failed=[one for one in run.failed if may_be_told(*one)],
        notes=[note for note in run.notes if may_be_told("", note)],
        lists=[(c, said) for c, said in found.tried if may_be_told(c.url, "\n".join(said.problems))],
    )


def _may_be_shown(article: Article, known: access.Recogniser | None) -> bool:
    """Whether an article may be shown that was read as if nothing were withdrawn."""
    if known is None:
        return True
    if known.knows_article(article.id) or known.knows_version(article.id, article.version):
        return False
    return not redaction.holds(access.text_of(article), article.url, known)


def _values(trial: Trial) -> dict[str, Any]:
    return {"trial": trial, "source": trial.source, "seconds": int(TRIAL_S), "most": TRIAL_TEXT_CHARS}
