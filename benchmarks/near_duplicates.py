"""What is found of the reposts in a made corpus with answers, beside libraries for near duplicates.

    python benchmarks/near_duplicates.py DIR                   the table: quality, pace, memory
    python benchmarks/near_duplicates.py DIR --speed           ours with passages against rensa without, by turns
    make eval-reposts ARGS=DIR                                 the table, with the libraries in their own environment

``DIR`` holds ``docs.jsonl[.gz]``, a document a line (`id`, `site`, `lang`, `date`, `title`, `text`), and
``truth.jsonl[.gz]`` with the answers: what ``python -m tests.families DIR`` writes. Nothing of it is copied.

The libraries compare whole documents. Each gets the shingles, the index and the thresholds with which it does best on
one half of the families, and is scored on the other half; ours is scored on that half too, and is told no answers. A
family is what true pairs connect; a hash of it says in which half it is. Best is the F1 of dup, and for those that
measure containment its sum with the F1 of any.

Pace and memory are those of all documents with the chosen setting, each finder in a process of its own with one thread,
from texts in memory to pairs; ours is the whole command, which also starts, reads the file, finds the passages and says
who was first. Memory is the peak beyond that of a process that has only read the documents.

dup: pairs that are one text. any: pairs with something in common, translations too, which no library here can find.
ARI: the adjusted Rand index of the clusters; for the libraries, of what their dup pairs connect. All are measured by
``tests/families/scoring.py``.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import importlib
import importlib.util
import json
import multiprocessing
import os
import random
import re
import resource
import statistics
import subprocess
import sys
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.families.scoring import SMALL_OVERLAP, Answers, counts, f1, in_order, scores

Row = dict[str, Any]
Pair = tuple[str, str]

OURS = "ours"
NOT_YET = "not there yet"
PERMUTATIONS = 128
FLOOR = 0.04
"""Pairs that are less alike than this are dropped at once."""
STEP = 0.02
"""From one threshold that is tried to the next."""
ROUNDS = 5
"""Of the speeds."""
ONE_THREAD = dict.fromkeys(("RAYON_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
COLUMNS = ("dup P", "dup R", "dup F1", "any F1", "ARI", "docs/s", "MB")
OURS_ALONE = {
    "partial_f1": "partial F1",
    "translation_f1": "translation F1",
    "plagdet": "passages",
    "direction": "who was first",
    "credit_f1": "credit F1",
}
"""What no library here answers."""

_WORD = re.compile(r"\w+")

# -------------------------------------------------------------------------------------------------------- the libraries


class Setting(NamedTuple):
    """With what a library searches."""

    shingles: str
    """w5: five words; c9: nine characters."""
    size: float
    """How many bands the index has; for the ensemble, the containment that it looks for."""


class Alike(NamedTuple):
    """Two documents by their numbers, and how much their sets have in common."""

    a: int
    b: int
    contained: float
    """As a share of the smaller set; the Jaccard index again where only that is known."""
    jaccard: float


class Thresholds(NamedTuple):
    """From where on a pair is said; a dup has to reach both of its own."""

    dup_contained: float
    dup_jaccard: float
    any_contained: float


Finder = Callable[[Sequence[Row], Setting], Iterator[Alike]]


def shingles(text: str, kind: str) -> list[str]:
    """Return the shingles of a text as they come; of a shorter text, the text."""
    size = int(kind[1:])
    if kind[0] == "c":
        plain = " ".join(text.lower().split())
        return [plain[n : n + size] for n in range(max(1, len(plain) - size + 1))]
    words = _WORD.findall(text.lower())
    return list(map(" ".join, zip(*(words[n:] for n in range(size)), strict=False))) or [" ".join(words)]


def hashed(parts: Iterable[str]) -> frozenset[int]:
    """Return a set that takes less memory than that of the strings."""
    return frozenset(map(hash, parts))


def contained(a: int, b: int, sets: Sequence[frozenset[int]]) -> Alike:
    """Return what two sets have in common: counted, not estimated."""
    common, sizes = len(sets[a] & sets[b]), (len(sets[a]), len(sets[b]))
    return Alike(a, b, common / min(sizes), common / (sum(sizes) - common))


def datasketch_sketch(parts: Iterable[str]) -> Any:
    """Return a sketch with a quick hash; the library's own choice is SHA-1."""
    from datasketch import MinHash

    sketch = MinHash(num_perm=PERMUTATIONS, hashfunc=zlib.crc32)
    sketch.update_batch({part.encode() for part in parts})
    return sketch


def datasketch_lsh(docs: Sequence[Row], setting: Setting) -> Iterator[Alike]:
    from datasketch import MinHashLSH

    bands, kept = int(setting.size), list[Any]()
    lsh = MinHashLSH(num_perm=PERMUTATIONS, params=(bands, PERMUTATIONS // bands))
    for n, doc in enumerate(docs):
        sketch = datasketch_sketch(shingles(doc["text"], setting.shingles))
        for near in lsh.query(sketch):
            jaccard = sketch.jaccard(kept[near])
            yield Alike(near, n, jaccard, jaccard)
        lsh.insert(n, sketch, check_duplication=False)
        kept.append(sketch)


def datasketch_ensemble(docs: Sequence[Row], setting: Setting) -> Iterator[Alike]:
    """Search by containment; the ensemble wants all sketches at once, and is then asked for the shorter ones."""
    from datasketch import MinHashLSHEnsemble

    sketches, sets = list[Any](), list[frozenset[int]]()
    for doc in docs:
        parts = shingles(doc["text"], setting.shingles)
        sketches.append(datasketch_sketch(parts))
        sets.append(hashed(parts))
    lsh = MinHashLSHEnsemble(threshold=setting.size, num_perm=PERMUTATIONS, num_part=8)
    lsh.index((n, sketch, len(sets[n])) for n, sketch in enumerate(sketches))
    for n, sketch in enumerate(sketches):
        for near in lsh.query(sketch, len(sets[n])):
            if (len(sets[near]), near) > (len(sets[n]), n):
                yield contained(n, near, sets)


def rensa_lsh(docs: Sequence[Row], setting: Setting, *, exact: bool) -> Iterator[Alike]:
    """Search by the Jaccard index, and check by the sketches or, exactly, by what contains what."""
    from rensa import RMinHash, RMinHashLSH

    lsh = RMinHashLSH(threshold=0.5, num_perm=PERMUTATIONS, num_bands=int(setting.size))
    kept, sets = list[Any](), list[frozenset[int]]()
    for n, doc in enumerate(docs):
        parts = shingles(doc["text"], setting.shingles)
        sketch = RMinHash(num_perm=PERMUTATIONS, seed=42)
        sketch.update(parts)
        if exact:
            sets.append(hashed(parts))
        for near in lsh.query(sketch):
            if exact:
                yield contained(near, n, sets)
            else:
                jaccard = sketch.jaccard(kept[near])
                yield Alike(near, n, jaccard, jaccard)
        lsh.insert(n, sketch)
        kept.append(sketch)


def settings(kinds: str, *sizes: float) -> tuple[Setting, ...]:
    return tuple(Setting(*chosen) for chosen in product(kinds.split(), sizes))


class Library(NamedTuple):
    """One row of the table."""

    package: str
    find: Finder
    tried: tuple[Setting, ...]
    tells_parts: bool
    """It measures containment, which says of two texts that they have a part in common."""


LIBRARIES = {
    "datasketch LSH, Jaccard": Library("datasketch", datasketch_lsh, settings("w3 w5 c7 c9", 32, 64), False),
    "datasketch Ensemble, containment": Library("datasketch", datasketch_ensemble, settings("w3 w5 c9", 0.5), True),
    "rensa LSH, Jaccard": Library("rensa", partial(rensa_lsh, exact=False), settings("w3 w5 c7 c9", 32, 64), False),
    "rensa LSH, containment": Library("rensa", partial(rensa_lsh, exact=True), settings("w3 w5 c7 c9", 32, 64), True),
}


def said(found: Iterable[Alike], docs: Sequence[Row], limits: Thresholds) -> list[Row]:
    """Return the predictions that a library's pairs amount to."""
    return [
        {"type": "pair", "a": docs[pair.a]["id"], "b": docs[pair.b]["id"], "rel": rel}
        for pair in found
        if (rel := relation(pair, limits))
    ]


def relation(pair: Alike, limits: Thresholds) -> str | None:
    if pair.contained >= limits.dup_contained and pair.jaccard >= limits.dup_jaccard:
        return "dup"
    return "partial" if pair.contained >= limits.any_contained else None


# ------------------------------------------------------------------------------------------- the answers and the tuning


@dataclass(frozen=True, slots=True)
class Corpus:
    """Documents with the answers about them."""

    docs: list[Row]
    truth: list[Row]

    def ids(self) -> set[str]:
        return {doc["id"] for doc in self.docs}

    def answers(self) -> Answers:
        return Answers(self.truth, self.ids())

    def within(self, ids: set[str]) -> Corpus:
        """Return what concerns these documents alone."""
        return Corpus([doc for doc in self.docs if doc["id"] in ids], [row for row in self.truth if about(row) <= ids])


def about(row: Row) -> set[str]:
    """Return the documents of which a line speaks."""
    if row["type"] == "cluster":
        return set(row["members"])
    return {row["a"], row["b"]} if "a" in row else {row["doc"]}


def families(corpus: Corpus) -> dict[str, str]:
    """Return for each document the first, in order of the alphabet, of those that true pairs connect it with."""
    up = {one: one for one in corpus.ids()}

    def top(one: str) -> str:
        while up[one] != one:
            one = up[one]
        return one

    for pair in corpus.answers().pairs:
        first, second = sorted(map(top, pair))
        up[second] = first
    return {one: top(one) for one in up}


def halves(corpus: Corpus) -> tuple[Corpus, Corpus]:
    """Return the half on which settings are chosen, and the one that is scored."""
    chosen = {one for one, family in families(corpus).items() if hashlib.sha256(family.encode()).digest()[0] % 2}
    return corpus.within(chosen), corpus.within(corpus.ids() - chosen)


def figures(corpus: Corpus, predictions: list[Row]) -> dict[str, float]:
    """Return the measures of quality; predictions about other documents are passed over."""
    true, given = corpus.answers(), Answers(predictions, corpus.ids())
    wanted = true.related("dup")
    dups = {pair for pair in given.related("dup") if counts(pair, "dup", true.ignored)}
    right = len(dups & wanted)
    found = scores(corpus.docs, corpus.truth, predictions)
    return found | {
        "dup P": right / max(1, len(dups)),
        "dup R": right / max(1, len(wanted)),
        "dup F1": found["dup_f1"],
        "any F1": found["any_f1"],
        "ARI": found["ari"],
    }


class Best(NamedTuple):
    """The thresholds that suit one search best, and how well they do."""

    reached: float
    setting: Setting
    limits: Thresholds


def tuned(library: Library, corpus: Corpus) -> Best:
    """Return with what a library does best on these documents."""
    return max((best(library, setting, corpus) for setting in library.tried), key=lambda found: found.reached)


def best(library: Library, setting: Setting, corpus: Corpus) -> Best:
    """Try all thresholds on what one search finds."""
    wanted = Counter(str(answer["rel"]) for answer in corpus.answers().pairs.values())
    bins = in_bins(corpus, library.find(corpus.docs, setting))
    steps = range(round(FLOOR / STEP), round(1 / STEP) + 1)

    def dup_f1(limits: tuple[int, int]) -> float:
        given = Counter[str]()
        for (contained, jaccard, truth), number in bins.items():
            if contained >= limits[0] and jaccard >= limits[1]:
                given[truth] += number
        return f1(given["dup"], given.total() - given["natural"], wanted["dup"])

    dup = max(((c, j) for c in steps for j in steps if j <= c), key=dup_f1)

    def any_f1(limit: int) -> float:
        given = Counter[str]()
        for (contained, jaccard, truth), number in bins.items():
            if contained >= limit or (contained >= dup[0] and jaccard >= dup[1]):
                given[truth] += number
        counted = given.total() - given["natural"] - given["little"]
        return f1(counted - given["nothing"], counted, wanted.total())

    limit = max(steps, key=any_f1)
    reached = dup_f1(dup) + (any_f1(limit) if library.tells_parts else 0.0)
    return Best(reached, setting, Thresholds(dup[0] * STEP, dup[1] * STEP, limit * STEP))


def in_bins(corpus: Corpus, found: Iterable[Alike]) -> Counter[tuple[int, int, str]]:
    """Return how many pairs are how much alike, in steps, and are what in truth."""
    true, docs = corpus.answers(), corpus.docs
    bins = Counter[tuple[int, int, str]]()
    for one in found:
        if one.contained >= FLOOR:
            truth = in_truth(true, in_order({"a": docs[one.a]["id"], "b": docs[one.b]["id"]}))
            bins[int(one.contained / STEP), int(one.jaccard / STEP), truth] += 1
    return bins


def in_truth(true: Answers, pair: Pair) -> str:
    """Return the relation; for pairs that are not scored `natural` or, where a dup would be wrong, `little`."""
    if pair in true.ignored:
        return "natural" if true.ignored[pair] >= SMALL_OVERLAP else "little"
    return str(true.pairs[pair]["rel"]) if pair in true.pairs else "nothing"


# ------------------------------------------------------------------------------------------------------ pace and memory


class Run(NamedTuple):
    """What one finder said of all documents, and what that took."""

    predictions: list[Row]
    seconds: float
    peak_mb: float | None


def peak_mb() -> float | None:
    """Return how much memory this process has had at most; None where the system does not say."""
    status = Path("/proc/self/status")
    if not status.exists():
        return None
    return next(int(line.split()[1]) / 1024 for line in status.read_text().splitlines() if line.startswith("VmHWM:"))


def resting(folder: Path) -> float | None:
    """Return what a process takes that has only read the documents."""
    docs = rows_of(folder, "docs")
    return peak_mb() if docs else None


def run_library(folder: Path, name: str, setting: Setting, limits: Thresholds) -> Run:
    docs, library = rows_of(folder, "docs"), LIBRARIES[name]
    importlib.import_module(library.package)
    start = time.perf_counter()
    predictions = said(library.find(docs, setting), docs, limits)
    return Run(predictions, time.perf_counter() - start, peak_mb())


def run_ours(folder: Path) -> Run | None:
    """Return what the command prints; None: there is no such command."""
    command = [sys.executable, "-m", "aggregator", "reposts", "--docs", str(path_of(folder, "docs")), "--json"]
    start = time.perf_counter()
    ended = subprocess.run(command, capture_output=True, text=True, encoding="utf-8")
    seconds = time.perf_counter() - start
    if ended.returncode == 2 and "No such option" in ended.stderr:
        return None
    if ended.returncode:
        raise ChildProcessError(f"aggregator reposts ended with {ended.returncode}:\n{ended.stderr}")
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024 if peak_mb() else None
    return Run([json.loads(line) for line in ended.stdout.splitlines()], seconds, peak)


def apart(work: Callable[..., Any], *given: Any) -> Any:
    """Return what a function returns in a process of its own, whose memory holds nothing else."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(work, given)


# ------------------------------------------------------------------------------------------------------------ the table


def path_of(folder: Path, name: str) -> Path:
    packed = folder / f"{name}.jsonl.gz"
    return packed if packed.exists() else folder / f"{name}.jsonl"


def rows_of(folder: Path, name: str) -> list[Row]:
    path = path_of(folder, name)
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def compare(folder: Path) -> None:
    """Print the table, a row as soon as it is known."""
    corpus = Corpus(rows_of(folder, "docs"), rows_of(folder, "truth"))
    first, second = halves(corpus)
    rest_mb = apart(resting, folder)
    print(f"{len(corpus.docs):,} documents; tuned on {len(first.docs):,}, scored on the other {len(second.docs):,}\n")
    print(" " * 34, *(column.rjust(8) for column in COLUMNS), " setting")
    for name, run, setting in runs(folder, first):
        if run is None:
            print(name.ljust(34), setting, flush=True)
            continue
        found = figures(second, run.predictions)
        cells = [f"{found[column]:.4f}" for column in COLUMNS if column in found]
        cells.append(f"{len(corpus.docs) / run.seconds:,.0f}")
        cells.append("-" if run.peak_mb is None or rest_mb is None else f"{run.peak_mb - rest_mb:,.0f}")
        print(name.ljust(34), *(cell.rjust(8) for cell in cells), f" {setting}", flush=True)
        if name == OURS:
            print("\nours alone:", ", ".join(f"{said} {found[key]:.4f}" for key, said in OURS_ALONE.items()))


def runs(folder: Path, first: Corpus) -> Iterator[tuple[str, Run | None, str]]:
    """Yield what each finder said, and with what setting."""
    for name, library in LIBRARIES.items():
        if importlib.util.find_spec(library.package) is None:
            yield name, None, "not installed"
            continue
        _, setting, limits = tuned(library, first)
        yield name, apart(run_library, folder, name, setting, limits), described(library, setting, limits)
    ours = apart(run_ours, folder)
    yield OURS, ours, "as it is" if ours else NOT_YET


def described(library: Library, setting: Setting, limits: Thresholds) -> str:
    """Return a setting as the table says it: J is the Jaccard index, C the containment."""
    index = f"{setting.size} bands" if setting.size > 1 else f"asked for C {setting.size}"
    if library.tells_parts:
        dup, some = f"C {limits.dup_contained:.2f} and J {limits.dup_jaccard:.2f}", "C"
    else:
        dup, some = f"J {max(limits.dup_contained, limits.dup_jaccard):.2f}", "J"
    return f"{setting.shingles}, {index}; dup from {dup}, any from {some} {limits.any_contained:.2f}"


# ----------------------------------------------------------------------------------------------------------- the speeds


def compare_speed(folder: Path, filler: int) -> None:
    """Print how many documents a second both take, by turns in this process."""
    in_corpus = getattr(importlib.import_module("aggregator.reposts"), "in_corpus", None)
    if in_corpus is None:
        raise SystemExit("aggregator.reposts.in_corpus is not there yet: nothing of ours can be measured.")
    docs = rows_of(folder, "docs")
    docs += made(docs, filler)
    contestants: dict[str, Callable[[Sequence[Row]], object]] = {OURS: in_corpus, "rensa": rensa_as_it_is_used}
    pace: dict[str, list[float]] = {name: [] for name in contestants}
    for turn in range(ROUNDS + 1):
        for name, work in contestants.items():
            start = time.perf_counter()
            work(docs)
            if turn:  # what is loaded once has been paid for
                pace[name].append(len(docs) / (time.perf_counter() - start))
    print(f"{len(docs):,} documents, {filler:,} of them filler; documents a second over {ROUNDS} rounds\n")
    for name, found in pace.items():
        print(f"{name:8} median {statistics.median(found):9,.0f}   from {min(found):9,.0f} to {max(found):9,.0f}")
    ratios = [ours / rensa for ours, rensa in zip(pace[OURS], pace["rensa"], strict=True)]
    print(f"{'ratio':8} median {statistics.median(ratios):9.2f}   from {min(ratios):9.2f} to {max(ratios):9.2f}")


def rensa_as_it_is_used(docs: Sequence[Row]) -> list[Alike]:
    """Return the pairs from Jaccard .2 on, by word 5-shingles: no passages, no direction, no credits."""
    return [pair for pair in rensa_lsh(docs, Setting("w5", 32), exact=False) if pair.contained >= 0.2]


def made(docs: Sequence[Row], count: int) -> list[Row]:
    """Return documents that share nothing but words: each as long as a real one, its words drawn from all texts."""
    dice = random.Random(7)
    words = [word for doc in docs for word in doc["text"].split()]
    models = [dice.choice(docs) for _ in range(count)]
    return [
        model | {"id": f"filler-{n}", "text": " ".join(dice.choices(words, k=len(model["text"].split())))}
        for n, model in enumerate(models)
    ]


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("folder", type=Path, metavar="DIR")
    options.add_argument("--speed", action="store_true", help="measure the speed of ours and of rensa, by turns")
    options.add_argument("--filler", type=int, default=0, metavar="N", help="with --speed: N made documents more")
    chosen = options.parse_args()
    os.environ.update(ONE_THREAD)
    if chosen.speed:
        compare_speed(chosen.folder, chosen.filler)
    else:
        compare(chosen.folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
