"""The pages while `run` goes on: in a process of their own, for to read what strangers wrote takes a processor.

The ports are listened on before, and stay so: whoever asks while the pages are started again waits a moment.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess

from aggregator.cli import output as show
from aggregator.cli.serving import Served, serve

_NAP_S = 0.2
_FIRST_PAUSE_S = 1.0
"""Before pages that ended are started again; each time twice as long, for something may be wrong that stays so."""
_LONGEST_PAUSE_S = 300.0
_WELL_S = 60.0
"""Pages that went on for so long were well."""
_PATIENCE_S = 10.0
"""How long they may take to answer whoever has asked, in the end."""


@contextmanager
def pages_beside(served: Served, stop: threading.Event) -> Iterator[None]:
    """Have pages served in a process of their own until the block ends; if that ends before, it is started again.

    Args:
        served: What, where, and to whom.
        stop: Set: they are not started again.
    """
    over = threading.Event()
    keeper = threading.Thread(target=_keep, args=(served, over, stop), name="pages")
    keeper.start()
    try:
        yield
    finally:
        over.set()
        keeper.join()


def _keep(served: Served, over: threading.Event, stop: threading.Event) -> None:
    from aggregator.extract.workers import how_it_ended

    pause_s = _FIRST_PAUSE_S
    while not over.is_set():
        began, why = time.monotonic(), ""
        try:
            process = _started(served)
        except OSError as error:
            why = str(error)
        else:
            while process.is_alive() and not over.wait(_NAP_S):
                pass
            if over.is_set():
                _end(process)
                return
            process.join()
            why = how_it_ended(process.exitcode)
        if time.monotonic() - began >= _WELL_S:
            pause_s = _FIRST_PAUSE_S
        if stop.wait(_NAP_S):  # the signal that ends this program was sent to all its processes
            return
        show.say(f"The pages ended ({why}); the crawl goes on, and they are started again in {pause_s:g} s.", "red")
        over.wait(pause_s)
        pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)


def _started(served: Served) -> BaseProcess:
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(served,), name="pages")
    process.start()
    return process


def _end(process: BaseProcess) -> None:
    process.terminate()
    process.join(_PATIENCE_S)
    if process.is_alive():
        process.kill()
        process.join()


def _serve(served: Served) -> None:
    """Serve pages as long as the process goes on that began this one, however that ends."""
    os.setsid()  # Ctrl-C is for that one, which ends this one when all is kept
    began_by = multiprocessing.parent_process()
    assert began_by
    serve(served, as_long_as=lambda: wait([began_by.sentinel]))
