"""A task for each item: a bounded number at a time, tried again where it failed, its results in the items' order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from aggregator.bulk.executors import Engine

MAX_TRIES = 4
"""Of one task: also one that never fails is lost when a worker dies that does another."""
AHEAD = 3
"""Tasks in flight for each that can run at once: so that none waits while results are taken in."""
LOOK_S = 5.0
"""How long a task may give no sign before it is looked whether what runs them is still there."""

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Failed:
    """A task was given up."""

    reason: str


@dataclass(slots=True)
class _Asked(Generic[_Item]):
    item: _Item
    result: Future[Any]
    tries: int = 1


def in_order(
    engine: Engine,
    task: Callable[[_Item], _Result],
    items: Iterable[_Item],
    *,
    kept: Callable[[_Item], _Result | Failed | None] = lambda item: None,
) -> Iterator[tuple[_Item, _Result | Failed]]:
    """Yield each item and what its task gave, in the order of the items; the next ones are worked on meanwhile.

    Args:
        engine: Where tasks run.
        task: What is to be done; a function of a module, that gives the same however often it runs.
        items: For what; taken one by one, as they are needed.
        kept: Gives what an earlier job left of an item, or why its task is not to be tried; None: it is to be.

    Raises:
        AggregatorError: There is nothing any more that could run a task.
    """
    coming = iter(items)
    asked: deque[_Asked[_Item]] = deque()
    while True:
        slots = engine.slots * AHEAD
        while len(asked) < slots and (item := next(coming, None)) is not None:
            asked.append(_Asked(item, _begun(engine, task, item, kept(item))))
        if not asked:
            return
        first = asked[0]
        while not _is_settled(first):
            running = {one.result for one in asked if not one.result.done()}
            if not wait(running, timeout=LOOK_S, return_when=FIRST_COMPLETED).done:
                engine.ensure()
            for one in asked:
                if one.result.done() and not _is_settled(one):
                    one.tries += 1
                    one.result = _begun(engine, task, one.item, kept(one.item))
        asked.popleft()
        reason = _failure(first.result)
        yield first.item, first.result.result() if reason is None else Failed(reason)


def _begun(
    engine: Engine, task: Callable[[_Item], _Result], item: _Item, there: _Result | Failed | None
) -> Future[Any]:
    if there is None:
        return engine.submit(task, item)
    done: Future[Any] = Future()
    done.set_result(there)
    return done


def _is_settled(asked: _Asked[Any]) -> bool:
    """Whether a task is done, or was tried often enough."""
    return asked.result.done() and (asked.tries >= MAX_TRIES or _failure(asked.result) is None)


def _failure(result: Future[Any]) -> str | None:
    """Return why a task that is done failed; None: it did not."""
    try:
        error = result.exception()
    except CancelledError:
        return "it was lost"
    return None if error is None else " ".join(f"{type(error).__name__}: {error}".split())[:300]
