"""What other institutions' tools say of the files that this program writes.

    make conformance
    python -m tests.conformance --tools DIR [--json] [--keep DIR] [FILE...]

Three sites on loopback are followed for two days into a home of its own, and a file is brought in that another program
wrote. Every WARC file, list and manifest of it and every export are given to the tools that are found in DIR, and
replayed in pywb, capture by capture; then a text is erased, and all of it is done again. At last the demo world is
exported. What pywb makes of a WACZ is compared with our own archived copies of the home. With FILEs, only those WARC
files are checked. A line says the verdict, what was looked at, the tool, and how much it was or what is wrong. Exit
code 1: one of the tools has something to complain about.
"""

from __future__ import annotations

import argparse
import gzip
import json
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from email.utils import format_datetime
from pathlib import Path
from typing import TypeVar

from aggregator import archive
from aggregator.archive.days import LIST, MANIFEST, TAG_MANIFEST
from aggregator.home import Home
from aggregator.model import Capture, Failure
from aggregator.replay.mementos import second_of
from tests.conformance.alike import beside
from tests.conformance.site import ERASED, bring_in, crawl_for_two_days, erase
from tests.conformance.tools import Replay, Tools
from tests.e2e.world import visited

EXPORTS = {"warc": "all.warc.gz", "wacz": "all.wacz", "bag": "bag"}
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table."""

    subject: str
    check: str
    verdict: str
    """PASS, FAIL, or "not there yet": the program does not write such files."""
    detail: str = ""


def main() -> None:
    """Check and print; leave with 1 where something failed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--tools", type=Path, metavar="DIR", help="where the tools are; default: the PATH")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="leave home and exports in this new folder")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("files", type=Path, nargs="*", metavar="FILE")
    asked = parser.parse_args()
    tools = Tools(asked.tools)
    with tempfile.TemporaryDirectory(prefix="aggregator-conformance-") as scratch:
        folder = asked.keep or Path(scratch, "kept")
        folder.mkdir()
        rows = []
        for row in files(tools, "given", asked.files) if asked.files else everything(tools, folder.resolve()):
            rows.append(row)
            if not asked.json:
                print(f"{row.verdict:<14} {row.subject:<24} {row.check:<44} {row.detail}", flush=True)
    if asked.json:
        print(json.dumps([asdict(row) for row in rows], indent=1))
    sys.exit(any(row.verdict == "FAIL" for row in rows))


def everything(tools: Tools, folder: Path) -> Iterator[Row]:
    home = Home(folder / "home")
    crawl_for_two_days(home)
    bring_in(home, folder)
    captured = captures(home)
    for state in ("", ", erased"):
        if state:
            erase(home)
        place = folder / f"made{state.replace(', ', '-')}"
        place.mkdir()
        yield from archived(tools, home, captured, place, f"archive/{state}")
        yield from closed(tools, home, place, f"closed folders{state}")
        for kind, name in EXPORTS.items():
            yield from exported(tools, kind, home, place / name, f"export {kind}{state}")
    demo = visited(folder / "demo")
    yield from exported(tools, "wacz", demo, folder / "demo.wacz", "export wacz, demo")


def files(tools: Tools, subject: str, warcs: list[Path]) -> Iterator[Row]:
    """Each file by itself."""
    checks: dict[str, Callable[[Path], str | None]] = {
        "gzip -t": tools.gzip,
        "warcio check": tools.warcio,
        "fastwarc check, with payloads": tools.fastwarc,
        "cdxj-indexer --sort": tools.cdxj,
        "warcio extract, every offset": tools.extract,
    }
    for name, check in checks.items():
        yield row(subject, name, check, warcs, "files")


def archived(tools: Tools, home: Home, captured: list[Capture], folder: Path, subject: str) -> Iterator[Row]:
    """The WARC files: each, all together, and what pywb shows of them against what the archive holds.

    What is left of an erased response stands in a ``conversion``, which pywb shows under the date of the erase.

    Args:
        tools: Who is asked.
        home: Of what.
        captured: All that was captured before anything was erased.
        folder: A place for what comes of it.
        subject: What the table calls it.
    """
    warcs = [home.archive / file for file in archive.files(home.archive)]
    yield from files(tools, subject, warcs)
    yield row(subject, "wacz create, wacz validate", lambda _: tools.wacz(warcs, folder), [warcs], "WACZ")
    kept = captures(home)
    gone = [c for c in captured if c.record_id not in {c.record_id for c in kept}]
    failed = {f.url: f for f in events(home) if isinstance(f, Failure) and f.url not in {c.url for c in kept}}
    with tools.pywb(warcs, folder / "pywb") as replay:
        seen = Seen(home, kept, tools.dates(warcs), replay)
        whole = [c for c in kept if c.status != 304]
        as_before = [c for c in kept if c.status == 304]
        yield row(subject, "pywb id_: the archived bytes", seen.bytes, whole, "captures")
        yield row(subject, "pywb id_: a 304 is a 304", seen.bytes, as_before, "captures")
        yield row(subject, "pywb Memento: date and links", seen.memento, whole, "captures")
        yield row(subject, "pywb Memento: TimeGate", seen.timegate, whole, "captures")
        yield row(subject, "pywb Memento: TimeMap", seen.timemap, kept, "captures")
        yield row(subject, "pywb: a failed request is no capture", seen.absent, list(failed.values()), "requests")
        if gone:
            yield row(subject, f"zcat finds no {ERASED}", tools.lacks(ERASED), warcs, "files")
            yield row(subject, f"pywb shows no {ERASED}", seen.lacks(ERASED), gone, "captures")


def closed(tools: Tools, home: Home, folder: Path, subject: str) -> Iterator[Row]:
    """Days that are over, and imports: their digests, and their lists, by which pywb replays them too."""
    for name in (MANIFEST, TAG_MANIFEST):
        yield row(subject, f"sha256sum --check {name}", tools.sums, sorted(home.archive.rglob(name)), "files")
    lists = sorted(home.archive.rglob(LIST))
    if not lists:
        yield Row(subject=subject, check=LIST, verdict="not there yet")
        return
    yield row(subject, f"cdxj-indexer: the lines of {LIST}", tools.same_list, lists, "files")
    within = {path.parent for path in lists}
    warcs = [home.archive / file for file in archive.files(home.archive) if (home.archive / file).parent in within]
    there = [c for c in captures(home) if home.archive / c.file in warcs]
    with tools.pywb(warcs, folder / "pywb-lists", lists=lists) as replay:
        seen = Seen(home, there, tools.dates(warcs), replay)
        yield row(subject, f"pywb id_, by {LIST}", seen.bytes, there, "captures")
        yield row(subject, f"pywb Memento, by {LIST}", seen.memento, there, "captures")


def exported(tools: Tools, kind: str, home: Home, path: Path, subject: str) -> Iterator[Row]:
    """What ``aggregator export`` writes, all articles of it."""
    program = [sys.executable, "-m", "aggregator", "--home", str(home.root), "export"]
    if subprocess.run([*program, "--help"], capture_output=True).returncode:
        yield Row(subject=subject, check="", verdict="not there yet")
        return
    done = subprocess.run([*program, kind, "-o", str(path), "--json"], capture_output=True, text=True)
    yield row(subject, "is written", lambda _: done.stderr[-160:] if done.returncode else None, [path], "exports")
    if done.returncode:
        return
    if kind == "bag":
        yield row(
            subject, "bagit.py --validate", lambda p: tools.run("bagit.py", "--validate", p).trouble, [path], "bag"
        )
        yield from files(tools, subject, sorted(path.rglob("*.warc.gz")))
        return
    if kind == "warc":
        yield from files(tools, subject, [path])
        inside = tools.dates([path])
        here = [c for c in captures(home) if c.record_id in inside]
    else:
        yield row(subject, "wacz validate", lambda p: tools.valid_wacz(p, home.root), [path], "WACZ")
        here = _indexed(home, path)
    said = json.loads(done.stdout)["captures"]
    with tools.pywb([path], path.parent / f"pywb-{kind}") as replay:
        dates = tools.dates([home.archive / file for file in archive.files(home.archive)])
        seen = Seen(home, here, dates, replay)
        enough = f"{len(here)} of its {said} captures are to be found" if len(here) != said else None
        yield row(subject, "pywb id_: the archived bytes", lambda c: enough or seen.bytes(c), here, "captures")
        yield row(subject, "pywb Memento: date and links", seen.memento, here, "captures")
        if kind == "wacz":
            with beside(replay, home, here) as both:
                redated = {
                    c.url for c in here if dates[c.record_id].replace(microsecond=0) != second_of(c)
                }  # erased in part
                urls = sorted({c.url for c in here} - redated)
                yield row(subject, "pywb and ours: status and date", both.pages, urls, "pages")
                yield row(subject, "pywb and ours: digest of the bytes", both.bytes, urls, "pages")
                yield row(subject, "pywb and ours: TimeGate", both.timegate, urls, "pages")
                yield row(subject, "pywb and ours: TimeMap", both.timemap, urls, "pages")


def _indexed(home: Home, wacz: Path) -> list[Capture]:
    """Return the captures that the index of a WACZ lists."""
    with zipfile.ZipFile(wacz) as package:
        lines = gzip.decompress(package.read("indexes/index.cdx.gz")).decode().splitlines()
    said = {(json.loads(line.split(" ", 2)[2])["url"], line.split(" ")[1]) for line in lines}
    return [c for c in captures(home) if (c.url, stamp(c)) in said]


# --- one capture in pywb ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Seen:
    """Looks at captures through pywb; each method returns what is wrong, or None."""

    home: Home
    captures: list[Capture]
    dates: dict[str, datetime]
    """WARC-Date by WARC-Record-ID, which is what pywb goes by."""
    replay: Replay

    def bytes(self, capture: Capture) -> str | None:
        held = capture if capture.refers_to is None or capture.status == 304 else self._by_id()[capture.refers_to]
        expected = archive.body(self.home.archive, held)
        got = self.replay.get(capture.url, stamp(capture), "id_")
        if (got.status, got.body) != (capture.status, expected):
            return f"{capture.url}: {got.status}, {len(got.body):,} bytes of {len(expected):,}"
        return None

    def memento(self, capture: Capture) -> str | None:
        got = self.replay.get(capture.url, stamp(capture), "mp_")
        expected = self._date(capture)
        links = got.headers.get("Link", "")
        lacking = [rel for rel in ("original", "timegate", "timemap", "memento") if f'rel="{rel}"' not in links]
        if got.headers.get("Memento-Datetime") != expected or lacking:
            return f"{capture.url}: {got.headers.get('Memento-Datetime')}, without {lacking}"
        return None

    def timegate(self, capture: Capture) -> str | None:
        when = self._date(capture)
        got = self.replay.get(capture.url, **{"Accept-Datetime": when})
        if "accept-datetime" not in got.headers.get("Vary", "").lower() or when not in str(got.headers):
            return f"{capture.url}: {got.status}, {got.headers.get('Vary')}, {got.headers.get('Link')}"
        return None

    def timemap(self, capture: Capture) -> str | None:
        listed = self.replay.timemap(capture.url).body.decode()
        times = [self._date(c) for c in self.captures if c.url == capture.url]
        missing = [time for time in times if f'datetime="{time}"' not in listed]
        return f"{capture.url}: without {missing}" if missing else None

    def absent(self, failure: Failure) -> str | None:
        got = self.replay.get(failure.url, "", "mp_")
        return None if got.status == 404 else f"{failure.url}: {got.status}"

    def lacks(self, word: str) -> Callable[[Capture], str | None]:
        """Return a look at what stands in the place of a capture that was erased."""

        def look(capture: Capture) -> str | None:
            got = self.replay.get(capture.url, stamp(capture), "id_")
            return f"{capture.url}: {got.status}, it is there" if word.encode() in got.body else None

        return look

    def _date(self, capture: Capture) -> str:
        return format_datetime(self.dates[capture.record_id], usegmt=True)

    def _by_id(self) -> dict[str, Capture]:
        return {c.record_id: c for c in self.captures}


# --- small change ---------------------------------------------------------------------------------------------------


def events(home: Home) -> list[object]:
    return [entry.what for file in archive.files(home.archive) for entry in archive.entries(home.archive, file)]


def captures(home: Home) -> list[Capture]:
    return [what for what in events(home) if isinstance(what, Capture)]


def stamp(capture: Capture) -> str:
    return f"{capture.captured_at:%Y%m%d%H%M%S}"


def row(subject: str, check: str, ask: Callable[[T], str | None], of: Sequence[T], noun: str) -> Row:
    """Ask of each until one is wrong; to have looked at nothing is wrong too."""
    try:
        trouble = _first(map(ask, of)) if of else f"there are no {noun}"
    except (OSError, RuntimeError, ValueError, subprocess.SubprocessError) as error:
        trouble = f"{type(error).__name__}: {error}"
    return Row(
        subject=subject, check=check, verdict="FAIL" if trouble else "PASS", detail=trouble or f"{len(of)} {noun}"
    )


def _first(troubles: Iterable[str | None]) -> str | None:
    return next((trouble for trouble in troubles if trouble), None)


if __name__ == "__main__":
    main()
