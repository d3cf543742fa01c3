"""Print the credits found in a corpus of documents, one JSON object a line, for a scorer that has the answers.

    python benchmarks/credits.py DOCS.jsonl[.gz] >predictions.jsonl

A line of DOCS is a document: id, site (who published it), text. All the sites are known outlets. A line printed is
``{"type": "credit", "doc", "span": [start, end], "outlet"}``; which document was copied is not said here.
"""

from __future__ import annotations

import gzip
import json
import sys
import time
from pathlib import Path
from typing import Any

from aggregator import credits
from aggregator.model import Source


def main(path: Path) -> int:
    """Print the predictions; on stderr, how long they took."""
    docs = read(path)
    sources = [Source(id=site, name=site, url=f"https://{n}.invalid/") for n, site in enumerate(sites(docs))]
    began = time.process_time()
    for doc in docs:
        for credit in credits.resolved(doc["text"], sources):
            said = {"type": "credit", "doc": doc["id"], "span": [credit.start, credit.end], "outlet": credit.outlet}
            print(json.dumps(said, ensure_ascii=False))
    print(f"{len(docs):,} documents in {time.process_time() - began:.1f} CPU s", file=sys.stderr)
    return 0


def read(path: Path) -> list[dict[str, Any]]:
    """Return the documents of a file."""
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def sites(docs: list[dict[str, Any]]) -> list[str]:
    """Return who published them, in order of the alphabet."""
    return sorted({doc["site"] for doc in docs})


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    sys.exit(main(Path(sys.argv[1])))
