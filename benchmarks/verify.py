"""Checking a WARC file: how fast, beside ``warcio check`` on the same file in the same run.

    python benchmarks/verify.py                   a file of 20,000 records that it makes itself
    python benchmarks/verify.py FILE...           others

Whole processes by turns, as a person would run them, the median of some rounds of CPU time. Both compare every block
and payload with its digest; ours also every length, checksum and record id, and takes the SHA-256 of the file.
Exit code 1: ours is slower.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

import imports
from warcio.recompressor import Recompressor


def with_digests(path: Path, records: int) -> None:
    """Write a file as ``imports.make`` does, and give each record its digests by warcio."""
    bare = path.with_name("bare.warc.gz")
    imports.make(bare, records)
    Recompressor(str(bare), str(path)).recompress()
    bare.unlink()


def cpu_s(*words: str) -> float:
    """Return the CPU seconds of a process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-m", *words], check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("files", nargs="*", type=Path)
    options.add_argument("--records", type=int, default=20_000)
    options.add_argument("--rounds", type=int, default=3)
    chosen = options.parse_args()
    slower = False
    with tempfile.TemporaryDirectory() as folder:
        files = chosen.files
        if not files:
            files = [Path(folder) / "made.warc.gz"]
            with_digests(files[0], chosen.records)
        for path in files:
            rounds = [
                (cpu_s("aggregator", "verify", str(path)), cpu_s("warcio.cli", "check", str(path)))
                for _ in range(chosen.rounds)
            ]
            ours, theirs = (median(times) for times in zip(*rounds, strict=True))
            megabytes = path.stat().st_size / 1e6
            print(
                f"{path.name}: {megabytes:,.1f} MB   verify {ours:.2f} s ({megabytes / ours:,.1f} MB/s)   "
                f"warcio check {theirs:.2f} s   {theirs / ours:.2f} x its pace"
            )
            slower |= ours > theirs
    return int(slower)


if __name__ == "__main__":
    sys.exit(main())
