"""The inside of a worker process: it reads one page after the other, within limits that end it.

Imported once, by the process that workers are forked from: all that reading needs is loaded here.
"""

from __future__ import annotations

import errno
import json
import math
import os
import resource
import signal
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from aggregator import extract
from aggregator.errors import ExtractError
from aggregator.extract.limits import MAX_READING_BYTES, MAX_READING_CPU_S
from aggregator.extract.telling import told
from aggregator.model import ExtractRule, Reading

READY = b"ready"
_SAMPLE = b"<h1>A page</h1><p>What libraries load at first use is loaded here, once for all workers.</p>"
extract.read_page(_SAMPLE, url="", content_type="", captured_at=datetime(2026, 1, 1, tzinfo=UTC))


def serve(calls: Connection) -> None:
    """Answer calls until the other side goes: a page and what is known of it in, a reading as JSON out."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the caller decides when a run is over
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _limit_memory()
    calls.send_bytes(READY)
    while True:
        try:
            about = json.loads(calls.recv_bytes())
            body = calls.recv_bytes()
        except EOFError:
            return
        _limit_time()
        try:
            calls.send_bytes(json.dumps({"reading": told(_read(body, about))}).encode())
        except (ExtractError, MemoryError) as error:
            if isinstance(error, MemoryError) or isinstance(error.__cause__, MemoryError):
                os._exit(errno.ENOMEM)  # what the libraries left half done is not to be trusted
            calls.send_bytes(json.dumps({"reason": error.reason}).encode())


def _read(body: bytes, about: dict[str, Any]) -> Reading:
    return extract.read_page(
        body,
        url=about["url"],
        content_type=about["content_type"],
        captured_at=datetime.fromisoformat(about["captured_at"]),
        languages=tuple(about["languages"]),
        rule=about["rule"] and ExtractRule(**about["rule"] | {"furniture": tuple(about["rule"].get("furniture", ()))}),
        with_comments=about["with_comments"],
    )


def _limit_memory() -> None:
    """Allow so much address space beyond what is loaded now."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    except OSError:  # no Linux: the kernel does not tell, and does not keep to the limit either
        return
    most = pages * resource.getpagesize() + MAX_READING_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (most, resource.RLIM_INFINITY))


def _limit_time() -> None:
    """Have the kernel end this process after so much more time on a processor; it counts whole seconds."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    until = math.floor(used.ru_utime + used.ru_stime) + MAX_READING_CPU_S
    resource.setrlimit(resource.RLIMIT_CPU, (until, resource.RLIM_INFINITY))


__all__ = ["READY", "serve", "told"]
