"""Workers that do what a page says, where it says something: as a parser with a fault would."""

from __future__ import annotations

import os
import signal
import time
from multiprocessing.connection import Connection

from aggregator.extract import serving
from aggregator.model import Reading

HANGS, SPINS, GRABS, DIES = b"hang", b"spin", b"grab", b"die"


def misbehaving(calls: Connection) -> None:
    """Hang, spin, take memory or die where a page begins so; else read it."""
    read = serving._read

    def tempted(body: bytes, about: dict[str, object]) -> Reading:
        if body.startswith(HANGS):
            time.sleep(600)
        while body.startswith(SPINS):
            pass
        if body.startswith(GRABS):
            bytearray(2 << 30)
        if body.startswith(DIES):
            os.kill(os.getpid(), signal.SIGSEGV)
        return read(body, about)

    serving._read = tempted
    serving.serve(calls)


def impatient(calls: Connection) -> None:
    """The same, and one second of a processor is too long."""
    serving.MAX_READING_CPU_S = 1  # type: ignore[attr-defined]
    misbehaving(calls)
