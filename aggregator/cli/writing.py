"""What the commands share that read sources.yaml and write a home."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from aggregator.cli import INTERRUPTED
from aggregator.cli import output as show
from aggregator.errors import Outdated, StoreError, UnknownIdError
from aggregator.home import Home
from aggregator.model import Following, Source

if TYPE_CHECKING:
    from aggregator.archive import Recovery

wait_option = click.option(
    "--wait", "wait_s", type=click.FloatRange(0), default=0.0, metavar="S", help="Wait S seconds for another writer."
)


def finish_erases(home: Home, wait_s: float, *, again: bool = False) -> None:
    """Carry out what was to be erased and is still there, before anything else is written; of hides what is missing."""
    from aggregator import takedown

    surround(home, again=again)
    for each in takedown.erases(home, carried_out=again):
        with show.progress() as report:
            erased = takedown.carry_out(home, loaded(home), each.number, wait_s=wait_s, report=report)
        done = f"erased {show.counted(len(erased.hits), 'record')} in {show.counted(len(erased.files), 'file')}"
        done += f" and {len(erased.wordings):,} of the saved searches." if erased.wordings else "."
        before = "all its tombstones are in their places; besides, " if each.finished else ""
        show.say(f"Takedown {each.number}: {before}{done}")


def surround(home: Home, *, again: bool = False) -> None:
    """Find what stands of hidden articles on the pages of others, where nobody looked yet or others have it by now."""
    from aggregator import takedown

    now = datetime.now(UTC)
    # without a catalogue that can be read nobody is shown anything, and the next command makes up for it
    with suppress(StoreError, Outdated):
        for each in takedown.to_surround(home, now, again=again):
            with show.progress() as report:
                takedown.surround(home, each, now=now, report=report)


def loaded(home: Home) -> Following:
    """Return sources.yaml, or end the command with its complaints."""
    from aggregator import sources

    return sources.load(home.sources_yaml)


def named(following: Following, ids: Sequence[str]) -> list[Source]:
    """Return the sources of those ids, or all that are not paused.

    Raises:
        UnknownIdError: sources.yaml has no such id.
    """
    if not ids:
        return [s for s in following.sources if not s.paused]
    found = []
    for source_id in dict.fromkeys(ids):
        source = following.source(source_id)
        if source is None:
            from difflib import get_close_matches

            near = get_close_matches(source_id, [s.id for s in following.sources], 1)
            raise UnknownIdError(
                f"{source_id}: no such source in sources.yaml." + (f" Did you mean {near[0]}?" if near else "")
            )
        found.append(source)
    return found


@contextmanager
def stopping() -> Iterator[threading.Event]:
    """Give an event that Ctrl-C and SIGTERM set; a second Ctrl-C ends the program at once, and loses nothing either."""
    stop = threading.Event()

    def ask(number: int, _: object) -> None:
        if stop.is_set() and number == signal.SIGINT:
            raise KeyboardInterrupt
        show.say("stopping: what is in flight is still kept …")
        stop.set()

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def ended_cleanly() -> Iterator[None]:
    """Let SIGTERM, and a terminal that is closed, end the program as Ctrl-C does: what lies aside is removed first."""

    def end(*_: object) -> None:
        for each in before:
            signal.signal(each, signal.SIG_IGN)
        sys.exit(INTERRUPTED)

    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        for number, handler in before.items():
            if handler is not signal.SIG_IGN:  # as nohup wants it
                signal.signal(number, end)
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def tell_waiting(home: Home) -> None:
    """Say what could not be uploaded yet, where settings.archive names a bucket."""
    from aggregator import archive

    if waiting := archive.waiting(home.archive):
        show.say(f"{waiting.words}. It is safe here; the next command that writes goes on.", "yellow")


def tell_mended(mended: Sequence[Recovery], missing: Sequence[str] = ()) -> None:
    """Say what was wrong with the archive when it was opened."""
    for recovery in mended:
        show.say(_mended(recovery))
    for file in missing:
        show.say(f"archive/{file} is missing. What was read from it is still in index/; restore it from a copy.", "red")


def _mended(recovery: Recovery) -> str:
    if recovery.file.suffix == ".part":
        return f"{recovery.file.name}: an import that was cut short, moved to {recovery.quarantine}; import it again."
    if recovery.is_sealed_too:
        became = (
            f"another, moved to {recovery.quarantine}" if recovery.quarantine else "a copy of its beginning, removed"
        )
        return f"{recovery.file.name}: the file is there as a whole; this was {became}."
    said = f"{recovery.file.name}: left open by an interrupted writer, now sealed; nothing stored is lost"
    if recovery.cut_bytes:
        said += f"; a torn tail of {recovery.cut_bytes:,} bytes was moved to {recovery.quarantine}"
    return said + "."
