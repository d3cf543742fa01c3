"""A rebuild: ``index/`` is made again from ``archive/``, aside, and takes the place of the old one when it is whole."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime

from aggregator import catalogue, disk
from aggregator.archive import Recovery
from aggregator.catalogue import Catalogue
from aggregator.errors import Outdated, StoreError, TooNew
from aggregator.home import Home
from aggregator.model import Following, Report
from aggregator.pipeline import sending
from aggregator.pipeline.opening import REBUILDING, line_of, refuse_to_lose, silence
from aggregator.pipeline.reposting import ASIDE
from aggregator.pipeline.rereading import remove_parts


def rebuild(
    home: Home,
    following: Following,
    *,
    only: str | None = None,
    scrub: bool = False,
    wait_s: float = 0.0,
    report: Report = silence,
) -> list[Recovery]:
    """Make ``index/`` again from ``archive/``, aside; it takes the place of the old one when it is whole.

    Args:
        home: Which.
        following: sources.yaml, as loaded.
        only: ``index`` or ``reposts``: keep the rest, and make again only the full-text index, or the fingerprints and
            all that is found by them; None: everything.
        scrub: Overwrite the old ones before they go: they hold what was erased since.
        wait_s: How long to wait for another writer, in seconds.
        report: Told how far the work is.

    Returns:
        What was mended in the archive on the way.

    Raises:
        BusyError: Another writer holds the home.
        NoSpaceError: The disk is full, nearly full or read-only; the old index is still in place.
        StoreError: The archive is damaged, or the catalogue newer than this program; the old index is still in place.
    """
    aside = replace(home, index_name=f"{home.index_name}/{REBUILDING}")
    others = catalogue.alone(home.catalogue) if only is None else nullcontext()
    with home.writing(wait_s=wait_s), others:
        _refuse_newer(home)
        with disk.guarded(home.index):  # what a kill left behind; it may hold what was to be erased
            disk.remove_folder(home.index / ASIDE, overwrite=True)
        if scrub:  # else a rebuild that was cut short goes on with what it had read
            remove_parts(home)
        if only == "reposts":
            with line_of(home, following, report) as line:
                line.find_reposts_anew(scrub=scrub)
                line.catch_up()
            return line.mended
        with disk.guarded(aside.index):
            disk.remove_folder(aside.index, overwrite=True)
            aside.index.mkdir()
        if only is None:
            if home.server is not None:
                sending.sender(home, following)  # what other homes have put into the bucket is noted
                refuse_to_lose(home)
            catalogue.remove(aside.catalogue)
        with line_of(home if only == "index" else aside, following, report) as line:
            line.catch_up(index=aside.fulltext)
            line.close_days(datetime.now(UTC))
        with disk.guarded(home.index):
            _take_place(aside, home, with_catalogue=only is None, scrub=scrub)
            if scrub and home.server is not None:  # where it was before it was moved
                catalogue.remove(home.catalogue_file, disk.scrub)
    return line.mended


def _refuse_newer(home: Home) -> None:
    try:
        Catalogue(home.catalogue).close()
    except TooNew:
        raise
    except (StoreError, Outdated):
        return


def _take_place(aside: Home, home: Home, *, with_catalogue: bool, scrub: bool) -> None:
    """Put a rebuilt index where the old one was; if that is cut short, the next writer makes what is missing again."""
    if home.fulltext.exists():  # first: a new catalogue may never stand beside an index that it knows nothing of
        disk.rename(home.fulltext, aside.index / "before")
    if with_catalogue:  # else one that is there is another home's, which makes it
        if home.reuse.exists():  # who reads it finds that it is gone, before it is overwritten
            disk.rename(home.reuse, aside.index / "reuse-before")
        catalogue.replace(home.catalogue, aside.catalogue, scrub=scrub)
        if aside.sign.exists():
            disk.rename(aside.sign, home.sign)
    if aside.reuse.exists():
        disk.rename(aside.reuse, home.reuse)
    disk.rename(aside.fulltext, home.fulltext)
    disk.remove_folder(aside.index, overwrite=scrub)
    if scrub:
        catalogue.empty_log(home.catalogue)
