"""Where tasks run: processes of this machine, or a Dask cluster; the seam is ``concurrent.futures.Executor``."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from asyncio import CancelledError
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import wait
from typing import Any, Protocol

from aggregator.errors import AggregatorError, UsageError

LOCAL = "local"
DASK = "dask://"
ANSWER_S = 20.0
"""How long a scheduler may take to answer, and then to have a worker."""


class Engine(Protocol):
    """What runs tasks; each may be lost, or run twice."""

    @property
    def slots(self) -> int:
        """How many tasks run at once, as far as is known."""

    def ensure(self) -> None:
        """See that tasks can still be run.

        Raises:
            AggregatorError: There is nothing any more that could run one.
        """

    def submit(self, task: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Have a task run; what it needs and gives can be pickled.

        Raises:
            AggregatorError: As for ``ensure``.
        """


@contextmanager
def opened(address: str) -> Iterator[Engine]:
    """Give what runs tasks; when the block is left, those that still run are given up.

    Args:
        address: ``local``, or ``dask://host:port`` of a scheduler.

    Raises:
        UsageError: The package that speaks to Dask is not installed.
        AggregatorError: The scheduler does not answer, or has no workers.
    """
    engine = _Dask(address) if address.startswith(DASK) else _Pool()
    try:
        yield engine
    finally:
        engine.close()


# --- this machine ---------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Pool:
    """As many processes as there are processors; when one dies, all are replaced, and their tasks fail."""

    slots: int = field(default_factory=lambda: _processors())
    _executor: ProcessPoolExecutor | None = None

    def ensure(self) -> None:
        pass  # one that died is replaced by the next task

    def submit(self, task: Callable[..., Any], *arguments: Any) -> Future[Any]:
        self._executor = self._executor or self._started()
        try:
            return self._executor.submit(task, *arguments)
        except BrokenProcessPool:
            self.close()
            self._executor = self._started()
            return self._executor.submit(task, *arguments)

    def close(self) -> None:
        """End all processes; what they do is not waited for."""
        executor, self._executor = self._executor, None
        if executor is None:
            return
        processes = list((getattr(executor, "_processes", None) or {}).values())
        executor.shutdown(wait=False, cancel_futures=True)
        for process in processes:  # they hold nothing that was not written aside; the pool would wait for them
            process.kill()
        executor.shutdown()

    def _started(self) -> ProcessPoolExecutor:
        context = multiprocessing.get_context("forkserver")
        return ProcessPoolExecutor(max_workers=self.slots, mp_context=context, initializer=_begin)


def _processors() -> int:
    return os.cpu_count() or 1


def _begin() -> None:
    """Leave Ctrl-C to who gives the tasks, and end when that process does: a pool's own do not see it killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)


# --- Dask -----------------------------------------------------------------------------------------------------------


class _Dask:
    """A cluster that is there already; Dask itself runs again what a dead worker did not finish."""

    def __init__(self, address: str) -> None:
        try:
            from distributed import Client
        except ImportError as error:
            raise UsageError(
                f"settings.executor is {address}, and the package that speaks to Dask is not installed. Nothing was "
                "changed. Install it (pip install 'aggregator[dask]'), or write `executor: local`."
            ) from error
        self._address = address
        where = address.replace(DASK, "tcp://", 1)
        try:
            self._client = Client(where, timeout=ANSWER_S, set_as_default=False)
        except (OSError, TimeoutError) as error:
            raise AggregatorError(
                f"{address} (settings.executor): no scheduler answered within {ANSWER_S:g} s. Nothing was changed. "
                "Start it, or write `executor: local`, then run the command again."
            ) from error
        try:
            self._client.wait_for_workers(1, timeout=ANSWER_S)
        except TimeoutError as error:
            self._client.close()
            raise AggregatorError(
                f"{address} (settings.executor): the scheduler has no workers. Nothing was changed. Start some, or "
                "write `executor: local`, then run the command again."
            ) from error
        self._executor: Executor = self._client.get_executor(pure=False)  # a task that failed is to run again

    @property
    def slots(self) -> int:
        with self._there():
            return max(1, sum(map(int, self._client.nthreads().values())))

    def ensure(self) -> None:
        with self._there():
            if self._client.status not in ("running", "connecting"):  # it tries again for a while by itself
                raise OSError(self._client.status)

    def submit(self, task: Callable[..., Any], *arguments: Any) -> Future[Any]:
        self.ensure()
        with self._there():
            return self._executor.submit(task, *arguments)

    @contextmanager
    def _there(self) -> Iterator[None]:
        """Say in our words that the scheduler is gone."""
        try:
            yield
        except (OSError, TimeoutError) as error:
            raise AggregatorError(
                f"{self._address} (settings.executor): the scheduler is gone. What was done is kept. Start it again, "
                "then run the command again."
            ) from error

    def close(self) -> None:
        """Give up what still runs there."""
        with suppress(OSError, TimeoutError, CancelledError):  # it may be gone, and its client half closed
            self._executor.shutdown(wait=False)
        with suppress(OSError, TimeoutError, CancelledError):
            self._client.close()


__all__ = ["ANSWER_S", "DASK", "LOCAL", "Engine", "opened"]
