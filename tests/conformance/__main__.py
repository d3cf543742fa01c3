"""What other institutions' tools say of the files that this program writes.

    make conformance
    python -m tests.conformance --tools DIR [--json] [--keep DIR] [FILE...]

Three sites on loopback are followed for two days into a home of its own; every WARC file of it, the day that was closed
and every export are given to the tools that are found in DIR, and replayed in pywb. With FILEs, only those WARC files
are checked. Exit code 1: one of the tools has something to complain about.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from email.utils import format_datetime
from pathlib import Path

from aggregator import archive
from aggregator.archive.days import MANIFEST
from aggregator.home import Home
from aggregator.model import Capture, Failure
from tests.conformance.site import crawl_for_two_days
from tests.conformance.tools import Replay, Tools

EXPORTS = {"warc": "all.warc.gz", "wacz": "all.wacz", "bag": "bag"}


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
                print(f"{row.verdict:<14} {row.subject:<22} {row.check:<44} {row.detail}", flush=True)
    if asked.json:
        print(json.dumps([asdict(row) for row in rows], indent=1))
    sys.exit(any(row.verdict == "FAIL" for row in rows))


def everything(tools: Tools, folder: Path) -> Iterator[Row]:
    home = Home(folder / "home")
    crawl_for_two_days(home)
    warcs = [home.archive / file for file in archive.files(home.archive)]
    yield from files(tools, "archive/", warcs)
    yield row("archive/", "wacz create, wacz validate", lambda: tools.wacz(warcs, folder))
    for manifest in sorted(home.archive.rglob(MANIFEST)):
        yield row("a closed day", f"sha256sum --check {MANIFEST}", lambda m=manifest: tools.sums(m))  # type: ignore[misc]
    yield from replays(tools, "archive/", home, warcs, folder / "pywb")
    for kind, name in EXPORTS.items():
        yield from exported(tools, kind, home, folder / name)


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
        yield row(subject, name, lambda check=check: _first(map(check, warcs)), f"{len(warcs)} files")  # type: ignore[misc]


def replays(tools: Tools, subject: str, home: Home, replayed: list[Path], folder: Path) -> Iterator[Row]:
    """What pywb shows, against what the archive holds."""
    entries = [e for file in archive.files(home.archive) for e in archive.entries(home.archive, file)]
    captures = [e.what for e in entries if isinstance(e.what, Capture)]
    failures = [e.what for e in entries if isinstance(e.what, Failure)]
    with tools.pywb(replayed, folder) as replay:
        seen = Seen(home, captures, replay)
        whole = [c for c in captures if c.status != 304]
        yield row(subject, "pywb id_: the archived bytes", lambda: _first(map(seen.bytes, whole)), _of(whole))
        as_before = [c for c in captures if c.status == 304]
        yield row(subject, "pywb id_: a 304 is a 304", lambda: _first(map(seen.bytes, as_before)), _of(as_before))
        yield row(subject, "pywb Memento: date and links", lambda: _first(map(seen.memento, whole)), _of(whole))
        yield row(subject, "pywb Memento: TimeGate", lambda: _first(map(seen.timegate, whole)), _of(whole))
        yield row(subject, "pywb Memento: TimeMap", lambda: _first(map(seen.timemap, captures)), _of(captures))
        unseen = [f for f in failures if f.url not in {c.url for c in captures}]
        yield row(
            subject, "pywb: a failed request is no capture", lambda: _first(map(seen.absent, unseen)), _of(unseen)
        )


@dataclass(frozen=True, slots=True)
class Seen:
    """Looks at captures through pywb; each method returns what is wrong, or None."""

    home: Home
    captures: list[Capture]
    replay: Replay

    def bytes(self, capture: Capture) -> str | None:
        held = capture if capture.refers_to is None or capture.status == 304 else self._by_id()[capture.refers_to]
        expected = archive.body(self.home.archive, held)
        got = self.replay.get(capture.url, _stamp(capture), "id_")
        if (got.status, got.body) != (capture.status, expected):
            return f"{capture.url}: {got.status}, {len(got.body):,} bytes of {len(expected):,}"
        return None

    def memento(self, capture: Capture) -> str | None:
        got = self.replay.get(capture.url, _stamp(capture), "mp_")
        expected = format_datetime(capture.captured_at, usegmt=True)
        links = got.headers.get("Link", "")
        lacking = [rel for rel in ("original", "timegate", "timemap", "memento") if f'rel="{rel}"' not in links]
        if got.headers.get("Memento-Datetime") != expected or lacking:
            return f"{capture.url}: {got.headers.get('Memento-Datetime')}, without {lacking}"
        return None

    def timegate(self, capture: Capture) -> str | None:
        when = format_datetime(capture.captured_at, usegmt=True)
        got = self.replay.get(capture.url, **{"Accept-Datetime": when})
        if "accept-datetime" not in got.headers.get("Vary", "").lower() or when not in str(got.headers):
            return f"{capture.url}: {got.status}, {got.headers.get('Vary')}, {got.headers.get('Link')}"
        return None

    def timemap(self, capture: Capture) -> str | None:
        listed = self.replay.timemap(capture.url).body.decode()
        times = [format_datetime(c.captured_at, usegmt=True) for c in self.captures if c.url == capture.url]
        missing = [time for time in times if f'datetime="{time}"' not in listed]
        return f"{capture.url}: without {missing}" if missing else None

    def absent(self, failure: Failure) -> str | None:
        got = self.replay.get(failure.url, "", "mp_")
        return None if got.status == 404 else f"{failure.url}: {got.status}"

    def _by_id(self) -> dict[str, Capture]:
        return {c.record_id: c for c in self.captures}


def exported(tools: Tools, kind: str, home: Home, path: Path) -> Iterator[Row]:
    """What ``aggregator export`` writes, all articles of it."""
    program = [sys.executable, "-m", "aggregator", "--home", str(home.root), "export"]
    if subprocess.run([*program, "--help"], capture_output=True).returncode:
        yield Row(subject=f"export {kind}", check="", verdict="not there yet")
        return
    done = subprocess.run([*program, kind, "-o", str(path)], capture_output=True, text=True)
    yield row(f"export {kind}", "is written", lambda: done.stderr[-160:] if done.returncode else None)
    if done.returncode:
        return
    if kind == "warc":
        yield from files(tools, "export warc", [path])
    if kind == "wacz":
        yield row("export wacz", "wacz validate", lambda: tools.valid_wacz(path, home.root))
        yield row("export wacz", "pywb: as archived", lambda: _replayed(tools, home, path))
    if kind == "bag":
        yield row("export bag", "bagit.py --validate", lambda: tools.run("bagit.py", "--validate", path).trouble)


def _replayed(tools: Tools, home: Home, wacz: Path) -> str | None:
    """Whether at least one capture is in it, and each is replayed as it was archived."""
    entries = [e for file in archive.files(home.archive) for e in archive.entries(home.archive, file)]
    captures = [e.what for e in entries if isinstance(e.what, Capture)]
    with tools.pywb([wacz], wacz.parent / "pywb-wacz") as replay:
        seen = Seen(home, captures, replay)
        held = [c for c in captures if c.status == 200 and replay.get(c.url, _stamp(c), "id_").status == 200]
        return _first(map(seen.bytes, held)) if held else "no capture is in it"


# --- small change ---------------------------------------------------------------------------------------------------


def row(subject: str, check: str, ask: Callable[[], str | None], detail: str = "") -> Row:
    try:
        trouble = ask()
    except (OSError, RuntimeError, ValueError, subprocess.SubprocessError) as error:
        trouble = f"{type(error).__name__}: {error}"
    return Row(subject=subject, check=check, verdict="FAIL" if trouble else "PASS", detail=trouble or detail)


def _first(troubles: Iterable[str | None]) -> str | None:
    return next((trouble for trouble in troubles if trouble), None)


def _of(subjects: list[Capture] | list[Failure]) -> str:
    return f"{len(subjects)} captures" if subjects and isinstance(subjects[0], Capture) else f"{len(subjects)}"


def _stamp(capture: Capture) -> str:
    return f"{capture.captured_at:%Y%m%d%H%M%S}"


if __name__ == "__main__":
    main()
