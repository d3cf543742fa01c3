"""Torture: a crawl is killed at every call that changes its home, and each time all that was promised must still hold.

``make torture`` runs it. One crawl of 50 pages is watched by strace: every write, sync, rename, truncation, removal and
creation of a file or folder in the home is a point. Then the crawl begins anew for each point and is killed by SIGKILL
at that very call; the next crawl must mend the home by itself, and ``storm.weather`` says what does not hold.

``--fault ENOSPC`` and ``--fault EIO`` let that call fail instead, and with ENOSPC all later writes of SQLite: the crawl
must end with the exit code for it. Points that are done are noted in the state file: it can be stopped, and go on.
"""

from __future__ import annotations

import argparse
import ctypes
import itertools
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

from aggregator.errors import AggregatorError
from tests import doors, storm

CALLS = (
    "write pwrite64 writev pwritev fsync fdatasync rename renameat renameat2 ftruncate truncate fallocate "
    "unlink unlinkat rmdir mkdir mkdirat open openat creat link linkat chmod fchmod fchmodat"
).split()
OPENS = {"open", "openat", "creat"}
FAULTS = {"kill": "signal=SIGKILL", "ENOSPC": "error=ENOSPC", "EIO": "error=EIO"}
PR_SET_PTRACER = 0x59616D61
ENDS = {"kill": (-9,), "ENOSPC": (4, 3, 0), "EIO": (3, 4, 0)}
"""With which exit codes the crawl may end. SQLite says of a sync that fails only that it failed, not why; and some
calls may fail without harm: to remove what is no longer needed."""
LINE = re.compile(r"(\d+) +(\w+)\((.*)")


class Point(NamedTuple):
    """The n-th call of its kind by the main thread, which changes the home."""

    call: str
    number: int
    said: str
    """The call as strace shows it; for people."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fault", choices=FAULTS, default="kill", help="what happens at each point (default: kill)")
    parser.add_argument("--state", type=Path, help="where done points are noted (default: build/torture-FAULT.jsonl)")
    parser.add_argument(
        "--every", type=int, default=1, metavar="N", help="of SQLite's writes, most of all calls, only every N-th"
    )
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N", help="so many at once")
    asked = parser.parse_args()
    if shutil.which("strace") is None:
        print("torture: strace is missing. On Debian and Ubuntu: apt install strace (Linux only).", file=sys.stderr)
        return 2
    state = asked.state or Path("build") / f"torture-{asked.fault}.jsonl"
    state.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="torture-") as scratch:
        return sweep(asked.fault, state, every=asked.every, jobs=asked.jobs, scratch=Path(scratch))


def sweep(fault: str, state: Path, *, every: int, jobs: int, scratch: Path) -> int:
    """Try every point that is not done yet; print how far it is and what broke."""
    expected, points = undisturbed(scratch / "undisturbed")
    pages = [p for p in points if p.call == "pwrite64"]
    points = [p for p in points if p.call != "pwrite64"] + pages[::every]
    noted = [json.loads(line) for line in state.read_text().splitlines()] if state.exists() else []
    done = {(r["call"], r["number"]): r for r in noted if not r["faults"]}
    left = [p for p in points if p[:2] not in done]
    print(f"{len(points):,} points, {len(points) - len(left):,} done before; state in {state}", file=sys.stderr)
    random.Random(1).shuffle(left)  # so that the time left is known early
    began, results = time.monotonic(), [done[p[:2]] for p in points if p[:2] in done]
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool, state.open("a") as out:
        tasks = [pool.submit(attempt, fault, p, scratch / f"{p.call}-{p.number}", expected) for p in left]
        for count, task in enumerate(as_completed(tasks), start=1):
            result = task.result()
            results.append(result)
            out.write(json.dumps(result) + "\n")
            out.flush()
            for what in result["faults"]:
                print(f"\n{result['call']} {result['number']} {result['said'][:100]}: {what}", file=sys.stderr)
            left_s = (time.monotonic() - began) / count * (len(left) - count)
            print(f"\r{count:,} of {len(left):,}, {left_s / 60:.1f} min left  ", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return summary(fault, results)


def summary(fault: str, results: list[dict[str, Any]]) -> int:
    """Print the figures; return the exit code."""
    hit = [r for r in results if r["hit"]]
    broken = [r for r in results if r["faults"]]
    for call, number in sorted(Counter(r["call"] for r in hit).items()):
        print(f"{number:7,}  {call}")
    where = Counter(place(r["said"]) for r in hit)
    print("  ".join(f"{name}: {number:,}" for name, number in sorted(where.items())))
    counted = {what: sum(any(f.startswith(what) for f in r["faults"]) for r in results) for what in ("lost", "doubled")}
    print(
        f"{fault}: {len(hit):,} points hit of {len(results):,} tried; committed and lost: {counted['lost']}, "
        f"doubled: {counted['doubled']}, otherwise broken or in need of repair: {len(broken) - sum(counted.values())}"
    )
    return int(bool(broken))


def place(said: str) -> str:
    """Which part of the home a call is about."""
    return next((name for name in ("fulltext", "catalogue", "archive", "index") if f"/{name}" in said), "home")


def undisturbed(folder: Path) -> tuple[dict[str, Any], list[Point]]:
    """Crawl once without harm; return what is known then, and every point on the way."""
    ended, said = traced(folder, "-e", "trace=" + ",".join("?" + call for call in CALLS))
    if ended:
        raise SystemExit(f"torture: the crawl under strace failed: {said}")
    if wrong := storm.faults(folder / "home", folder / "told"):
        raise SystemExit(f"torture: the undisturbed crawl is wrong: {wrong}")
    return storm.known(folder / "home"), list(points_of(folder / "calls", folder / "home"))


def points_of(calls: Path, home: Path) -> Iterator[Point]:
    """Yield the calls that change the home, numbered as strace counts them: by kind, within the main thread."""
    numbers = {call: itertools.count(1) for call in CALLS}
    main = None
    for line in calls.read_text(errors="replace").splitlines():
        found = LINE.match(line)
        main = main or (found and found[1])
        if not found or found[1] != main or found[2] not in numbers:
            continue
        number = next(numbers[found[2]])
        if _changes(found[2], found[3], home):
            yield Point(found[2], number, found[3].replace(str(home), ""))


def struck(calls: Path, home: Path) -> bool:
    """Whether a fault befell a call that changes the home; numbers shift a little from one crawl to the next."""
    lines = (line for line in calls.read_text(errors="replace").splitlines() if "(INJECTED)" in line)
    return any(_changes(found[2], found[3], home) for line in lines if (found := LINE.match(line)))


def _changes(call: str, said: str, home: Path) -> bool:
    reads = call in OPENS and "O_CREAT" not in said and "O_TRUNC" not in said
    return str(home) in said and not reads and "ENOENT" not in said


def traced(folder: Path, *options: str) -> tuple[int, str]:
    """Crawl into a new home, watched by strace; return how that ended (negative: the signal), and what was said.

    The process that crawls is a fork of this one, which has all the libraries loaded.
    """
    (folder / "home").mkdir(parents=True)
    waits, go = os.pipe()
    doors.load_extractor()
    pid = os.fork()
    if pid == 0:
        doors.share_extractor()
        os.dup2(os.open(folder / "said", os.O_WRONLY | os.O_CREAT), 2)
        ctypes.CDLL(None).prctl(PR_SET_PTRACER, -1, 0, 0, 0)  # Ubuntu lets nobody watch who did not ask for it
        os.read(waits, 1)
        os._exit(crawled(folder))
    watch = ["strace", "-f", "-y", "-s", "0", "-o", str(folder / "calls"), *options, "-p", str(pid)]
    with subprocess.Popen(watch, stderr=subprocess.PIPE) as strace:
        assert strace.stderr
        if b"attached" not in (said := strace.stderr.readline()):
            os.kill(pid, signal.SIGKILL)
            raise SystemExit(f"torture: strace may not watch: {said.decode()}")
        os.write(go, b"!")
        _, status = os.waitpid(pid, 0)
    os.close(waits)
    os.close(go)
    return os.waitstatus_to_exitcode(status), (folder / "said").read_text()


def crawled(folder: Path) -> int:
    """Be the process that is killed; return its exit code."""
    try:
        storm.crawl(folder / "home", folder / "told")
    except AggregatorError as error:
        print(error, file=sys.stderr, flush=True)
        return error.exit_code
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
        return 70
    return 0


def attempt(fault: str, point: Point, folder: Path, expected: dict[str, Any]) -> dict[str, Any]:
    """Crawl with a fault at one point, then as the next night would; return what became of it."""
    upto = "+" if fault == "ENOSPC" and point.call == "pwrite64" else ""  # write: also what is said of it
    inject = f"inject={point.call}:{FAULTS[fault]}:when={point.number}{upto}"
    ended, said = traced(folder, "-e", f"trace={point.call}", "-e", inject)
    hit = ended == -signal.SIGKILL if fault == "kill" else struck(folder / "calls", folder / "home")
    faults = [] if ended in ENDS[fault] else [f"ended with {ended}: {said[-600:]}"]
    try:
        faults += storm.weather(folder / "home", folder / "told", expected, attempt=1)
    except Exception as error:
        faults.append(f"needs repair: {type(error).__name__}: {error}")
    if not hit:  # it befell a file of a library, or nothing: that is no point of this sweep
        faults = []
    if not faults:
        shutil.rmtree(folder)
    return {**point._asdict(), "hit": hit, "ended": ended, "faults": faults}


if __name__ == "__main__":
    sys.exit(main())
