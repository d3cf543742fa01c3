"""The whole line in one crawl: its CPU time, and which station took how much of it.

The stations' doors are wrapped while it runs. A thread's time belongs to the first door it went through: what dedupe
asks of the catalogue counts as dedupe. What no door claims (lanes, feeds, credits, threads) is the rest.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import wraps
from types import FunctionType
from typing import Any
from unittest.mock import patch

from loopback import following
from pages import Page
from sqlalchemy.engine import Connection

from aggregator import index, pipeline
from aggregator.archive import Archive
from aggregator.catalogue import Catalogue
from aggregator.fetch import Fetcher
from aggregator.home import Home
from aggregator.pipeline import Scope
from aggregator.pipeline.deriving import Deriver

REST = "rest"
_DOORS: tuple[tuple[str, Any, str], ...] = (
    ("fetch", Fetcher, "fetch"),
    ("archive", Archive, "add"),
    ("archive", Archive, "sync"),
    ("extract", Deriver, "_reading"),
    ("dedupe", Deriver, "_match"),
    ("index", index.Writer, "__init__"),
    ("index", index.Writer, "put"),
    ("catalogue", Connection, "commit"),
    *(
        ("catalogue", Catalogue, name)
        for name, value in vars(Catalogue).items()
        if isinstance(value, FunctionType) and not name.startswith("_") and name not in ("transaction", "close")
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Crawl:
    """What one crawl took."""

    articles: int
    failed: tuple[tuple[str, str], ...]
    """Address and reason."""
    cpu_s: float
    """Of this process, all threads."""
    shares: dict[str, float]
    """Of ``cpu_s``, by station and for ``REST``; they sum to 1.0."""


def crawl(pages: Sequence[Page], port: int, home: Home, *, from_each: int = pipeline.MAX_PAGES) -> Crawl:
    """Crawl every page once, or so many from each site, into a home that does not exist yet."""
    home.root.mkdir(parents=True)
    known = following(pages, port)
    meter = _Meter()
    with pipeline.opened(home, known) as line, meter.at_the_doors():
        begin = time.process_time()
        runs = line.crawl(known.sources, Fetcher(known.settings), scope=Scope(max_pages=from_each))
        cpu_s = time.process_time() - begin
    shares = {station: spent / cpu_s for station, spent in meter.spent_s.items()}
    return Crawl(
        articles=sum(run.new for run in runs),
        failed=tuple(failure for run in runs for failure in run.failed),
        cpu_s=cpu_s,
        shares={**shares, REST: 1.0 - sum(shares.values())},
    )


class _Meter:
    """Adds up CPU seconds by station."""

    def __init__(self) -> None:
        self.spent_s: dict[str, float] = defaultdict(float)
        self._lock = threading.Lock()
        self._here = threading.local()

    @contextmanager
    def at_the_doors(self) -> Iterator[None]:
        with ExitStack() as stack:
            for station, owner, name in _DOORS:
                stack.enter_context(patch.object(owner, name, self._metered(station, getattr(owner, name))))
            yield

    def _metered(self, station: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def metered(*args: Any, **kwargs: Any) -> Any:
            if getattr(self._here, "inside", False):
                return function(*args, **kwargs)
            self._here.inside = True
            begin = time.thread_time()
            try:
                return function(*args, **kwargs)
            finally:
                spent = time.thread_time() - begin
                self._here.inside = False
                with self._lock:
                    self.spent_s[station] += spent

        return metered
