"""What is read of real pages whose text, title, author and date people wrote down, beside other extractors.

    python benchmarks/extraction.py DIR               ours and trafilatura
    python benchmarks/extraction.py --workers DIR     one worker process against one a processor, and both against none
    make eval ARGS=DIR                                all of them, in an environment of its own

``DIR`` holds ``html/<id>.html.gz`` and ``gold.jsonl``, one JSON object a line with `id`, `url` and any of `text`,
`title`, `author`, `date`, `with`, `without`; with ``core_ids.txt`` only those ids count. Nothing of it is copied.

The measures are those of the public benchmarks. Text: shingles of four words, as multisets; precision (over the pages
with a text) and recall are means, F1 the harmonic mean of both. Exact: the same words. Segments: those that must and
must not occur, of the pages without a whole text, all together. Title: the same words. Date: the same day. Author: one
of the names. A field that an extractor never gives is a dash.
"""

from __future__ import annotations

import argparse
import gzip
import importlib.util
import json
import math
import os
import re
import sys
import time
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from statistics import mean
from typing import Any

Row = dict[str, Any]
Extractor = Callable[[bytes, str], Row]
NOW = datetime.now(UTC)
COLUMNS = ("text F1", "exact", "segments F1", "title", "date", "author")


def ours(body: bytes, url: str) -> Row:
    from aggregator import extract

    reading = extract.read_page(body, url=url, content_type="", captured_at=NOW)
    day = reading.claimed_at
    return {
        "text": reading.text,
        "title": reading.title,
        "author": list(reading.authors),
        "date": f"{day:%Y-%m-%d}" if day else None,
    }


def trafilatura(body: bytes, url: str) -> Row:
    import trafilatura

    found: Any = trafilatura.bare_extraction(body, url=url, with_metadata=True)
    return dict(found.as_dict()) if found else {}


def newspaper(body: bytes, url: str) -> Row:
    import newspaper

    article = newspaper.Article(url or "https://page.example/", language="en", fetch_images=False)
    article.download(input_html=body.decode("utf-8", "replace"))
    article.parse()
    day = article.publish_date
    return {
        "text": article.text,
        "title": article.title,
        "author": article.authors,
        "date": f"{day:%Y-%m-%d}" if day else None,
    }


def readability(body: bytes, url: str) -> Row:
    from lxml.html import fromstring
    from readability import Document

    document = Document(body.decode("utf-8", "replace"))
    return {"text": fromstring(document.summary()).text_content(), "title": document.short_title()}


def resiliparse(body: bytes, url: str) -> Row:
    from resiliparse.extract.html2text import extract_plain_text
    from resiliparse.parse.html import HTMLTree

    tree = HTMLTree.parse(body.decode("utf-8", "replace"))
    return {"text": extract_plain_text(tree, main_content=True), "title": tree.title}


EXTRACTORS: dict[str, tuple[str, Extractor]] = {
    "ours": ("aggregator", ours),
    "trafilatura": ("trafilatura", trafilatura),
    "newspaper4k": ("newspaper", newspaper),
    "readability": ("readability", readability),
    "resiliparse": ("resiliparse", resiliparse),
}

# ------------------------------------------------------------------------------------------------------------- measures


def words(text: str | None) -> list[str]:
    return re.findall(r"\w+", text or "")


def folded(text: str | None) -> list[str]:
    plain = unicodedata.normalize("NFKD", text or "").casefold()
    return words("".join(c for c in plain if not unicodedata.combining(c)))


def shingles(text: str | None) -> Counter[tuple[str, ...]]:
    found = words(text)
    return Counter(tuple(found[n : n + 4]) for n in range(max(1, len(found) - 3))) if found else Counter()


def precision_and_recall(gold: str, read: str | None) -> tuple[float | None, float]:
    """Return both for one page; precision is None where nothing was read."""
    left, right = shingles(gold), shingles(read)
    common = (left & right).total()
    return common / right.total() if right else None, common / left.total() if left else 0.0


def harmonic(a: float, b: float) -> float:
    return 2 * a * b / (a + b) if a + b else 0.0


def f1(texts: list[tuple[float | None, float]]) -> float | None:
    precisions = [precision for precision, _ in texts if precision is not None]
    return harmonic(mean(precisions), mean(recall for _, recall in texts)) if precisions else None


def names_one(gold: str | list[str], read: str | list[str] | None) -> bool:
    said = set(folded(" ".join(read) if isinstance(read, list) else read))
    return any(set(folded(name)) <= said for name in ([gold] if isinstance(gold, str) else gold))


def segments_f1(pairs: Iterable[tuple[Row, Row]]) -> float | None:
    found = missed = wrong = 0
    for gold, read in pairs:
        if gold.get("text"):
            continue
        text = " ".join((read.get("text") or "").split())
        hits = [" ".join(segment.split()) in text for segment in gold.get("with") or ()]
        found += sum(hits)
        missed += len(hits) - sum(hits)
        wrong += sum(" ".join(segment.split()) in text for segment in gold.get("without") or ())
    return 2 * found / (2 * found + missed + wrong) if found else None


def scores(pairs: list[tuple[Row, Row]]) -> dict[str, float | None]:
    """Return each measure over the pages that have gold for it; None: none has."""
    texts = [precision_and_recall(gold["text"], read.get("text")) for gold, read in pairs if gold.get("text")]

    def share(field: str, right: Callable[[Any, Any], bool]) -> float | None:
        hits = [right(gold[field], read.get(field)) for gold, read in pairs if gold.get(field)]
        return mean(hits) if hits and any(read.get(field) for _, read in pairs) else None

    return {
        "text F1": f1(texts),
        "exact": share("text", lambda gold, read: words(gold) == words(read)),
        "segments F1": segments_f1(pairs),
        "title": share("title", lambda gold, read: folded(gold) == folded(read)),
        "date": share("date", lambda gold, read: gold == read),
        "author": share("author", names_one),
    }


# ------------------------------------------------------------------------------------------------------------------ run


def pages_of(folder: Path, *, everything: bool) -> list[tuple[Row, bytes]]:
    core = folder / "core_ids.txt"
    ids = None if everything or not core.exists() else set(core.read_text().split())
    rows = map(json.loads, (folder / "gold.jsonl").read_text(encoding="utf-8").splitlines())
    return [
        (row, gzip.decompress((folder / "html" / f"{row['id']}.html.gz").read_bytes()))
        for row in rows
        if ids is None or row["id"] in ids
    ]


def measured(names: list[str], pages: list[tuple[Row, bytes]]) -> tuple[dict[str, list[Row]], dict[str, float]]:
    """Return what each extractor read of each page, and its CPU seconds: page by page, by turns.

    What each loads once a process is paid before: also the 200 languages (4 s) that are asked for an odd date.
    """
    read: dict[str, list[Row]] = {name: [] for name in names}
    cpu_s = dict.fromkeys(names, 0.0)
    odd: tuple[Row, bytes] = (
        {"url": ""},
        b"<html><body><time>on a day in 20something</time><p>No date.</p></body></html>",
    )
    for gold, body in (odd, *pages[:5]):
        for name in names:
            tried(EXTRACTORS[name][1], body, gold["url"])
    for gold, body in pages:
        for name in names:
            start = time.process_time()
            read[name].append(tried(EXTRACTORS[name][1], body, gold["url"]))
            cpu_s[name] += time.process_time() - start
    return read, cpu_s


def compare_workers(pages: list[tuple[Row, bytes]]) -> int:
    """Print how much faster all processors are than one, and how many pages are read otherwise than without workers.

    By turns, five times each once they are warm: what counts is the fastest of each.
    """
    from aggregator import extract
    from aggregator.extract.workers import Workers

    crews = {count: Workers(count) for count in (1, os.cpu_count() or 1)}
    fastest_s = dict.fromkeys(crews, math.inf)
    alone = [extract.read_page(body, url=gold["url"], content_type="", captured_at=NOW) for gold, body in pages]
    differ: set[int] = set()
    for turn in range(6):
        for count, crew in crews.items():
            start = time.monotonic()
            coming = [
                crew.submit(body, url=gold["url"], content_type="", captured_at=NOW, languages=())
                for gold, body in pages
            ]
            found = [one.result() for one in coming]
            if turn:
                fastest_s[count] = min(fastest_s[count], time.monotonic() - start)
            differ |= {n for n, (a, b) in enumerate(zip(found, alone, strict=True)) if a != b}
    for count, crew in crews.items():
        crew.close()
        print(f"{count} workers: {len(pages) / fastest_s[count]:.1f} pages/s")
    print(
        f"{fastest_s[1] / min(fastest_s.values()):.2f} times as many; {len(differ)} pages read otherwise than without"
    )
    return int(bool(differ))


def tried(extractor: Extractor, body: bytes, url: str) -> Row:
    try:
        return extractor(body, url)
    except Exception as error:
        print(f"{url}: {type(error).__name__}: {error}"[:160], file=sys.stderr)
        return {}


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("folder", type=Path)
    options.add_argument("--all", action="store_true", help="not only the pages of core_ids.txt")
    options.add_argument("--workers", action="store_true", help="measure the worker processes instead")
    options.add_argument("--json", action="store_true")
    chosen = options.parse_args()
    pages = pages_of(chosen.folder, everything=chosen.all)
    if chosen.workers:
        return compare_workers(pages)
    names = [name for name, (module, _) in EXTRACTORS.items() if importlib.util.find_spec(module) is not None]
    read, cpu_s = measured(names, pages)
    table: dict[str, dict[str, float | None]] = {}
    for name in names:
        pairs = [(gold, row) for (gold, _), row in zip(pages, read[name], strict=True)]
        table[name] = scores(pairs) | {"pages/s": len(pages) / cpu_s[name]}
    if chosen.json:
        print(json.dumps({"pages": len(pages), "extractors": table}))
        return 0
    print(f"{len(pages)} pages".ljust(14), *(column.rjust(12) for column in (*COLUMNS, "pages/s")))
    for name, row in table.items():
        cells = ("-" if value is None else f"{value:.4f}" for value in (row[column] for column in COLUMNS))
        print(name.ljust(14), *(cell.rjust(12) for cell in cells), f"{row['pages/s']:.1f}".rjust(12))
    return 0


if __name__ == "__main__":
    sys.exit(main())
