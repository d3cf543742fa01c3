"""Write the documents and the truth into a folder: `python -m tests.families DIR`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tests.families.answers import Row
from tests.families.making import corpus


def write(path: Path, rows: list[Row]) -> None:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    documents, truth = corpus()
    write(folder / "docs.jsonl", documents)
    write(folder / "truth.jsonl", truth)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
