"""Tasks of bulk work to which something happens: they are pickled by their name, so they stand in a module."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from aggregator import bulk, pipeline
from aggregator.bulk import Part, Segment
from aggregator.home import Home
from aggregator.model import Alignment
from aggregator.pipeline import rematching, rereading
from aggregator.reuse.shuffling import Cut, Met
from tests.fakeweb import following, source

_read = rereading.read_segment
_cut, _meet, _choose, _align = rematching.cut, rematching.meet, rematching.choose, rematching.align
_Result = TypeVar("_Result")


def doubled(folder: str, number: int) -> int:
    """Note that it ran, then double a number."""
    _note(Path(folder), str(number))
    return 2 * number


def dying_once(folder: str, number: int) -> int:
    """The same; whoever gets the number 5 first is killed."""
    if number == 5 and _note(Path(folder), "killed") == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return doubled(folder, number)


def deadly(folder: str, number: int) -> int:
    """The same; whoever gets the number 5 is killed."""
    if number == 5:
        os.kill(os.getpid(), signal.SIGKILL)
    return doubled(folder, number)


def failing(folder: str, number: int) -> int:
    """The same; 5 fails."""
    if number == 5:
        _note(Path(folder), "5")
        raise ValueError("five is refused")
    return doubled(folder, number)


def read_twice(folder: str, segment: Segment) -> Part:
    """Read a segment as if Dask had given it to two workers: both make all of it, one after the other."""
    first = rereading.read_segment(folder, segment)
    archived, reader = rereading._ordered(folder)
    again = bulk.put(Path(folder), segment, rereading._read(archived, reader, segment))
    assert again == first
    return again


def read_or_die_once(folder: str, segment: Segment) -> Part:
    """Read a segment; the worker that gets the third is killed when it has written it and told nobody."""
    part = rereading.read_segment(folder, segment)
    if _note(Path(folder), "segments") == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return part


def read_but(folder: str, segment: Segment) -> Part:
    """Read no segment that begins a file."""
    if segment.start == 0:
        raise ValueError("no")
    return rereading.read_segment(folder, segment)


def _note(folder: Path, name: str) -> int:
    """Count how often something happened, and return that."""
    with (folder / f"{name}.ran").open("ab") as file:
        file.write(b"x")
        return file.tell()


def read_until_killed(folder: str, segment: Segment) -> Part:
    """Read two segments, then wait to be killed."""
    part = _read(folder, segment)
    if _note(Path(folder), "segments") >= 2:
        signal.pause()
    return part


def rebuild_until_killed(home: str) -> None:
    """Rebuild a home that ``eventful`` made, and never come to an end."""
    rereading.FROM_BYTES = {"local": 1}
    rereading.SEGMENT_BYTES = 2_000
    rereading.read_segment = read_until_killed
    pipeline.rebuild(Home(Path(home)), following(source("a"), source("b")))


def cut_or_die_once(order: rematching.Order, batch: tuple[int, Sequence[str]]) -> Cut:
    """Cut a batch up; who is the second to do so is killed when all is written. So the next three."""
    return _or_die_once(order, _cut(order, batch))


def meet_or_die_once(order: rematching.Order, stretch: tuple[int, tuple[int, int]]) -> Met:
    return _or_die_once(order, _meet(order, stretch))


def choose_or_die_once(order: rematching.Order, share: tuple[int, int]) -> NDArray[np.int64]:
    return _or_die_once(order, _choose(order, share))


def align_or_die_once(order: rematching.Order, pairs: Sequence[tuple[str, str]]) -> list[Alignment]:
    return _or_die_once(order, _align(order, pairs))


def _or_die_once(order: rematching.Order, result: _Result) -> _Result:
    folder = order.folder.parents[2]  # the home
    if _note(folder, "tasks") == 2:
        _note(folder, "killed")
        os.kill(os.getpid(), signal.SIGKILL)
    return result


def cut_where_it_was_ordered(order: rematching.Order, batch: tuple[int, Sequence[str]]) -> Cut:
    """Cut a batch up; a worker that gets it is killed."""
    if multiprocessing.parent_process():
        os.kill(os.getpid(), signal.SIGKILL)
    return _cut(order, batch)
