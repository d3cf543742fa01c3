"""Pages read in processes of their own: one that hangs, dies or eats memory costs itself and no other.

Each worker has a pipe of its own and shares no lock: the pools of the standard library and of pebble lose other pages,
or wait for ever, when a worker is killed at a bad moment. Workers are forked from a process that has loaded the
extractor once and holds nothing of ours.
"""

from __future__ import annotations

import atexit
import errno
import json
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

from aggregator.errors import AggregatorError, ExtractError
from aggregator.extract import telling
from aggregator.extract.limits import MAX_READING_BYTES, MAX_READING_CPU_S, MAX_READING_S, MAX_READINGS
from aggregator.model import ExtractRule, Reading

_START_S = 120.0
"""A worker that is not ready after so long will not be; loading takes a second."""
_END_S = 1.0
"""A process whose pipe is closed needs a moment to be gone."""
_MOST_WORKERS = 8
_STARTING = threading.Lock()
"""Held while a daemon starts a process: its threads may do that at the same time."""


_LIMITS = {
    -signal.SIGXCPU: f"{MAX_READING_CPU_S} s of a processor",
    errno.ENOMEM: f"{MAX_READING_BYTES >> 20} MiB of memory",
}
"""How a worker ends that is beyond one."""


class _Died(Exception):
    """The worker ended before it answered."""


@dataclass(slots=True)
class _Worker:
    process: BaseProcess
    calls: Connection
    readings: int = 0

    def end(self) -> None:
        """Kill it."""
        self.process.kill()
        self.process.join()
        self.calls.close()

    def ended(self) -> int | None:
        """Return how it ended of itself, as a process does; None: it had not, and was killed."""
        self.process.join(_END_S)
        code = self.process.exitcode
        self.end()
        return code


@dataclass(slots=True)
class Workers:
    """Some processes that read pages.

    Args:
        count: How many.
        wall_s: How long one may take for a page, in seconds, before it is killed.
        target: What a worker does.
    """

    count: int
    wall_s: float = MAX_READING_S
    target: Callable[[Connection], None] | None = None
    _idle: list[_Worker] = field(default_factory=list)
    _callers: ThreadPoolExecutor | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _pid: int = field(default_factory=os.getpid)

    def submit(
        self,
        body: bytes,
        *,
        url: str,
        content_type: str,
        captured_at: datetime,
        languages: tuple[str, ...] = (),
        rule: ExtractRule | None = None,
        with_comments: bool = False,
    ) -> Future[Reading]:
        """Have a page read as ``read_page`` does.

        Returns:
            Its reading, when it is there. It raises ExtractError where the page could not be read, also because it took
            too long, too much memory or the whole worker; AggregatorError where no worker can be had.
        """
        about = telling.about(
            url=url,
            content_type=content_type,
            captured_at=captured_at,
            languages=languages,
            rule=rule,
            with_comments=with_comments,
        )
        if self._pid != os.getpid():  # after a fork they belong to the other process
            self._idle, self._callers, self._lock, self._pid = [], None, threading.Lock(), os.getpid()
        with self._lock:
            if self._callers is None:
                self._callers = ThreadPoolExecutor(max_workers=self.count, thread_name_prefix="reading")
            return self._callers.submit(self._read, body, about)

    def close(self) -> None:
        """End all workers; what is being read is not waited for."""
        with self._lock:
            callers, self._callers = self._callers, None
            idle, self._idle = self._idle, []
        if callers:
            callers.shutdown(wait=False, cancel_futures=True)
        for worker in idle:
            worker.end()

    def _read(self, body: bytes, about: dict[str, Any]) -> Reading:
        try:
            return self._tried(body, about)
        except _Died:
            pass
        try:
            return self._tried(body, about)  # the first may have been killed for want of memory elsewhere
        except _Died as died:
            raise ExtractError(about["url"], str(died)) from None

    def _tried(self, body: bytes, about: dict[str, Any]) -> Reading:
        worker = self._taken()
        try:
            answer = self._asked(worker, body, about)
        except (EOFError, OSError):
            code = worker.ended()
            if code in _LIMITS:
                raise ExtractError(about["url"], f"reading it took more than {_LIMITS[code]}") from None
            raise _Died(f"reading it ended the process ({how_it_ended(code)})") from None
        except BaseException:
            worker.end()
            raise
        worker.readings += 1
        if worker.readings >= MAX_READINGS:
            worker.end()
        else:
            with self._lock:
                self._idle.append(worker)
        if "reason" in answer:
            raise ExtractError(about["url"], str(answer["reason"]))
        return telling.reading_of(answer["reading"])

    def _asked(self, worker: _Worker, body: bytes, about: dict[str, Any]) -> dict[str, Any]:
        worker.calls.send_bytes(json.dumps(about).encode())
        worker.calls.send_bytes(body)
        if not worker.calls.poll(self.wall_s):
            raise ExtractError(about["url"], f"reading it took more than {self.wall_s:g} s")
        answer = json.loads(worker.calls.recv_bytes())
        return answer if isinstance(answer, dict) else {"reason": "the worker gave no answer"}

    def _taken(self) -> _Worker:
        with self._lock:
            while self._idle:
                worker = self._idle.pop()
                if worker.process.is_alive():
                    return worker
                worker.end()
        return self._started()

    def _started(self) -> _Worker:
        context = _context()
        ours, theirs = context.Pipe()
        process = context.Process(target=self.target or _serve, args=(theirs,), daemon=True, name="page reader")
        with _may_have_children():
            process.start()
        theirs.close()
        worker = _Worker(process, ours)
        with suppress(EOFError, OSError):
            if ours.poll(_START_S) and ours.recv_bytes():
                return worker
        code = worker.ended()
        raise AggregatorError(
            f"No process to read pages in could be started ({how_it_ended(code)}). Nothing is lost: what was captured "
            "is in archive/. Look after memory and the limits of processes (ulimit -a), then run the command again."
        )


@contextmanager
def _may_have_children() -> Iterator[None]:
    """Let a daemon start processes: Dask's workers are daemons of their nannies, and multiprocessing refuses them any.

    It does so for fear of orphans. A page reader is none: it ends when the pipe of the process that asks it does.
    """
    if not multiprocessing.current_process().daemon:
        yield
        return
    settings: dict[str, Any] = multiprocessing.current_process()._config  # type: ignore[attr-defined]
    with _STARTING:
        settings["daemon"] = False
        try:
            yield
        finally:
            settings["daemon"] = True


def _serve(calls: Connection) -> None:
    from aggregator.extract.serving import serve

    serve(calls)


@cache
def _context() -> Any:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["__main__", "aggregator.extract.serving"])
    return context


def how_it_ended(code: int | None) -> str:
    """Return in words how a process ended, by its exit code; None: it did not."""
    if code is None:
        return "it did not answer"
    with suppress(ValueError):
        if code < 0:
            return f"by {signal.Signals(-code).name}"
    return f"exit code {code}"


@cache
def shared() -> Workers:
    """Return the workers of this process: as many as there are processors, up to eight; they end with it."""
    workers = Workers(count=max(1, min(_MOST_WORKERS, os.cpu_count() or 1)))
    atexit.register(workers.close)
    return workers


__all__ = ["Workers", "shared"]
