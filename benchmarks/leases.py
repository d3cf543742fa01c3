"""How many hosts two crawlers can take and renew in a second, in batches and one by one.

    build/cluster/bin/python benchmarks/leases.py [--of 2000] [--batch 50]

The server is PostgreSQL's own, durable, on this machine. Two crawlers take at the same time what both want.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from aggregator.catalogue import Leases
from aggregator.model import Server
from tests.cluster.postgres import Postgres


def main() -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--of", type=int, default=2_000, help="hosts")
    parser.add_argument("--batch", type=int, default=50)
    asked = parser.parse_args()
    postgres = Postgres(durable=True)
    try:
        place = Server(postgres.address)
        Leases(place, "first", for_s=60).close()
        said: dict[str, object] = {"hosts": asked.of, "batch": asked.batch}
        for size in (asked.batch, 1):
            some = [f"{n:06d}.of{size}.example" for n in range(asked.of if size > 1 else asked.of // 10)]
            with ThreadPoolExecutor(2) as both:
                began = time.perf_counter()
                had = list(both.map(partial(_taken, place, some, size), (f"a{size}", f"b{size}")))
                took_s = time.perf_counter() - began
            assert sum(had) == len(some), f"each host was had once: {had} of {len(some)}"
            said["in batches" if size > 1 else "one by one"] = {
                "hosts_a_second": round(len(some) / took_s),
                "shares": had,
            }
        print(json.dumps(said))
    finally:
        postgres.end()


def _taken(place: Server, names: Sequence[str], size: int, who: str) -> int:
    """Take and renew what can be had; return how many that were."""
    had = 0
    with Leases(place, who, for_s=60) as mine:
        for start in range(0, len(names), size):
            fences = {name: lease.fence for name, lease in mine.take(names[start : start + size]).items()}
            had += len(fences)
            assert not mine.renew(fences)
    return had


if __name__ == "__main__":
    main()
