"""Where a catalogue is: a file, or a server; what is asked of both."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from aggregator import disk
from aggregator.catalogue.files import File
from aggregator.catalogue.servers import Schema
from aggregator.model import Server


def at(place: Path | Server) -> File | Schema:
    """Return what deals with a catalogue at that place."""
    return Schema(place) if isinstance(place, Server) else File(place)


def exists(place: Path | Server) -> bool:
    """Whether there is a catalogue.

    Raises:
        StoreError: The server does not answer.
    """
    return at(place).exists()


def replace(place: Path | Server, by: Path | Server, *, scrub: bool = False) -> None:
    """Put what another catalogue holds in the place of all that one holds; a reader sees the one or the other.

    Args:
        place: The catalogue to replace.
        by: The one that holds what is to be there, of the same kind; nobody has it open.
        scrub: Overwrite what is removed.
    """
    kept: Any = at(place)
    kept.replace_by(at(by), scrub=scrub)


def alone(place: Path | Server) -> AbstractContextManager[None]:
    """See that nobody else writes to a catalogue meanwhile: the lock of a home keeps others from its file alone.

    Raises:
        BusyError: Another crawler does.
    """
    return at(place).alone()


def empty_log(place: Path | Server) -> None:
    """See that nothing of what a catalogue held before is left in its log.

    Raises:
        StoreError: Somebody goes on reading what was there before.
    """
    at(place).empty_log()


def remove(place: Path | Server, by: Callable[[Path], None] = disk.remove) -> None:
    """Remove a catalogue.

    Args:
        place: Which.
        by: What removes its files, where it has any.
    """
    at(place).remove(by)


__all__ = ["alone", "at", "empty_log", "exists", "remove", "replace"]
