"""What the search for reposts costs at scale: bytes of index, the wait for one new article, memory, pace.

    python benchmarks/fingerprints.py                          100,000 articles of made-up text: three minutes
    python benchmarks/fingerprints.py --articles 20000 --only home
    python benchmarks/fingerprints.py --filler FILE.jsonl.gz   documents made elsewhere
    python benchmarks/fingerprints.py --profile alignments     where the time goes, instead of the table; see --help
    python benchmarks/fingerprints.py --json                   for a program to read

FILE holds a document a line (`id`, `site`, `lang`, `date`, `title`, `text`). Of its own, the benchmark makes documents
that share phrases of five to ten words the way news does: sentences of a bank, with every fourth word another one.

- *The home* is a real one in a temporary folder. Its articles are catalogued, and fingerprinted in steps of which each
  adds 60 % of what is left, so that the index has as many parts as in a home that was followed for long. They are not
  compared with one another.
- *A new article*: half are documents like the rest, a quarter copies one of the home, a quarter quotes a paragraph.
  Each is catalogued before the clock starts. ``alignments``: from its text in the catalogue to what it shares with
  others, the finder kept open. ``find_reposts``: all that is done when one article waits. Everything is warm.
- *A corpus* is searched in a process of its own, from the lines of the file to matches. What it takes beyond imports is
  what its peak has over that of the process before the first line was read.

The machine's time is shared: ``cpu`` is the same by the clock of the processor.
"""

from __future__ import annotations

import argparse
import cProfile
import gzip
import json
import math
import multiprocessing
import pstats
import random
import resource
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import accumulate, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from aggregator import dedupe
from aggregator.catalogue import Catalogue
from aggregator.home import Home
from aggregator.matching import Articles, Finder
from aggregator.model import Article, Following, Settings, Source, Version
from aggregator.reposts import in_corpus
from aggregator.reuse import Reuse

Row = dict[str, Any]

MAX_INDEX_BYTES = 3_000
MAX_ALIGNMENTS_MS = 30.0
MAX_CORPUS_MIB = 600.0
"""The bars."""
CORPORA = (5_000, 10_000, 40_000)
PROFILED_CORPUS = 10_000
SITES = 50
"""Over so many sources the documents are spread, whatever their own say."""
STEP = 0.6
"""How much of what is left each step adds to the fingerprints."""
PUT = 5_000
"""Articles of one transaction."""
WARM = 20
"""New articles that are asked about before those that count."""
TOLD_LINES = 12
"""Of a profile."""
SEEN_FROM = datetime(2020, 1, 1, tzinfo=UTC)


class Figure(NamedTuple):
    """A line of the table."""

    name: str
    value: float
    unit: str
    bar: float | None = None
    """What it should not exceed."""


# ------------------------------------------------------------------------------------------------------- the documents

VOCABULARY = 40_000
ZIPF = 1.05
BANK = 40_000
"""Sentences."""
DRAWN = 1 << 18
"""Words that are drawn once by their frequency, and then taken from at random."""
REPLACED = 0.25
_SYLLABLES = [a + b for a in "b d f g k l m n p r s t v z ch st".split() for b in "a e i o u ai en or".split()]


def vocabulary() -> list[str]:
    """Return words, the most frequent and shortest first."""
    several = len(_SYLLABLES)
    found = list(_SYLLABLES)
    place = 0
    while len(found) < VOCABULARY:
        first = found[place]
        found += [first + _SYLLABLES[(place * 37 + n * 11) % several] for n in range(5)]
        place += 1
    return list(dict.fromkeys(found))


def made_up(count: int) -> Iterator[Row]:
    """Yield documents, the same every time: 6 to 24 sentences of 8 to 35 words, mostly 130 to 530 words."""
    chance = random.Random(11)
    words = vocabulary()
    frequencies = list(accumulate(1 / (rank + 2) ** ZIPF for rank in range(len(words))))
    drawn = chance.choices(words, cum_weights=frequencies, k=DRAWN)
    bank = [chance.choices(drawn, k=chance.randint(8, 35)) for _ in range(BANK)]
    for n in range(count):
        sentences = [sentence(chance.choice(bank), drawn, chance) for _ in range(chance.randint(6, 24))]
        yield {
            "id": f"m{n:07}",
            "site": "made",
            "lang": "en",
            "date": None,
            "title": sentences[0][:60],
            "text": "\n\n".join(map(" ".join, in_paragraphs(sentences, chance))),
        }


def sentence(source: Sequence[str], drawn: Sequence[str], chance: random.Random) -> str:
    """Return a sentence of which some words are replaced: each as likely as any other."""
    words = list(source)
    place = gap(chance)
    while place < len(words):
        words[place] = drawn[int(chance.random() * DRAWN)]
        place += 1 + gap(chance)
    return " ".join(words).capitalize() + "."


def gap(chance: random.Random) -> int:
    return int(math.log(1 - chance.random()) / math.log(1 - REPLACED))


def in_paragraphs(sentences: Sequence[str], chance: random.Random) -> Iterator[Sequence[str]]:
    start = 0
    while start < len(sentences):
        end = start + chance.randint(1, 4)
        yield sentences[start:end]
        start = end


def written(docs: Iterable[Row], path: Path) -> Path:
    """Write documents to a file, so that whoever reads them holds nothing of what made them."""
    with gzip.open(path, "wt", compresslevel=1, encoding="utf-8") as file:
        for doc in docs:
            file.write(json.dumps(doc, ensure_ascii=False) + "\n")
    return path


def docs_of(path: Path, start: int, stop: int) -> Iterator[tuple[int, Row]]:
    """Yield documents of a file with their numbers, one in memory at a time."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        number = start
        for number, line in enumerate(islice(file, start, stop), start + 1):
            yield number - 1, json.loads(line)
        if number < stop:
            raise SystemExit(f"{path}: {number:,} documents; {stop:,} are needed. Lower --articles or --new.")


# ------------------------------------------------------------------------------------------------------------ the home


def site_of(number: int) -> str:
    return f"site-{number % SITES}"


def id_of(number: int) -> str:
    return dedupe.article_id(site_of(number), f"/{number}")


def put(catalogue: Catalogue, number: int, doc: Row) -> str:
    """Put a document into the catalogue, as an article of one version; return its id."""
    title, text = doc["title"], doc["text"]
    digest, seen = dedupe.version_digest(title, text), SEEN_FROM + number * timedelta(minutes=10)
    article = Article(
        id=id_of(number),
        source_id=site_of(number),
        url=f"https://{site_of(number)}.example/{number}",
        title=title,
        authors=(),
        claimed_at=None,
        captured_at=seen,
        language=doc["lang"],
        text=text,
        version=digest,
        number=1,
    )
    version = Version(
        article_id=article.id,
        number=1,
        digest=digest,
        captured_at=seen,
        record_id=f"record-{number}",
        generation="",
        title=title,
        text=text,
        read_title=title,
        authors=(),
        claimed_at=None,
        language=doc["lang"],
        problems=(),
    )
    catalogue.put_article(article, article.url, [version], [])
    return article.id


def settled(catalogue: Catalogue) -> None:
    """Take all articles off all lists of those that wait."""
    catalogue.indexed(catalogue.to_index())
    catalogue.matched(catalogue.to_match())
    catalogue.translated(catalogue.to_translate(), {})


def catalogued(catalogue: Catalogue, docs: Iterator[tuple[int, Row]]) -> list[str]:
    """Put documents into the catalogue; return their ids."""
    ids: list[str] = []
    while some := list(islice(docs, PUT)):
        with catalogue.transaction():
            new = [put(catalogue, number, doc) for number, doc in some]
            settled(catalogue)
        ids += new
    return ids


def fingerprinted(home: Home, catalogue: Catalogue, following: Following, ids: Sequence[str]) -> None:
    """Add the fingerprints of articles in ever smaller steps."""
    reuse = Reuse(home.reuse, writing=True)
    finder = Finder(reuse, Articles(catalogue, following, reuse))
    start = 0
    while start < len(ids):
        end = start + math.ceil((len(ids) - start) * STEP)
        finder.add(ids[start:end])
        start = end
    reuse.sign()


class Newcomer(NamedTuple):
    """An article that comes after the others."""

    number: int
    doc: Row
    original: str | None
    """The article that it copies, whole or a paragraph."""


def newcomers(catalogue: Catalogue, docs: Iterator[tuple[int, Row]], articles: int) -> Iterator[Newcomer]:
    """Yield new articles: every second is like the others, one in four copies one of them, one quotes a paragraph."""
    for number, doc in docs:
        if number % 2 == 0:
            yield Newcomer(number, doc, None)
            continue
        original = id_of(number * 7_919 % articles)
        text = catalogue.articles([original])[original].text
        if number % 4 == 3:
            text = with_quote(doc["text"], max(text.split("\n\n"), key=len))
        yield Newcomer(number, {**doc, "text": text}, original)


def with_quote(text: str, quoted: str) -> str:
    paragraphs = text.split("\n\n")
    return "\n\n".join([*paragraphs[: len(paragraphs) // 2], quoted, *paragraphs[len(paragraphs) // 2 :]])


class Waits(NamedTuple):
    """How long something took, each time."""

    wall_ms: list[float]
    cpu_ms: list[float]

    def figures(self, name: str, bar: float | None = None) -> list[Figure]:
        """Return its percentiles."""
        return [
            Figure(f"{name}, p50", percentile(self.wall_ms, 0.5), "ms"),
            Figure(f"{name}, p95", percentile(self.wall_ms, 0.95), "ms", bar),
            Figure(f"{name}, max", max(self.wall_ms), "ms"),
            Figure(f"{name}, p50 cpu", percentile(self.cpu_ms, 0.5), "ms"),
            Figure(f"{name}, p95 cpu", percentile(self.cpu_ms, 0.95), "ms"),
        ]


def percentile(values: Sequence[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, math.ceil(share * len(values)) - 1)]


@contextmanager
def timed(waits: Waits) -> Iterator[None]:
    cpu, wall = time.process_time(), time.perf_counter()
    yield
    waits.wall_ms.append((time.perf_counter() - wall) * 1_000)
    waits.cpu_ms.append((time.process_time() - cpu) * 1_000)


@contextmanager
def profiled(wanted: bool) -> Iterator[None]:
    """Print where the time goes, if that is wanted."""
    if not wanted:
        yield
        return
    with cProfile.Profile() as profile:
        yield
    pstats.Stats(profile).sort_stats("tottime").print_stats(TOLD_LINES)


def aligned(finder: Finder, new: Sequence[Newcomer]) -> tuple[Waits, int]:
    """Ask what each new article shares; return how long that took, and how many originals were found."""
    waits, found = Waits([], []), 0
    for one in new:
        with timed(waits):
            alignments = list(finder.alignments([id_of(one.number)]))
        found += any(one.original in (alignment.a, alignment.b) for alignment in alignments)
    return waits, found


def reposted(catalogue: Catalogue, new: Sequence[Newcomer], find: Callable[[], object]) -> Waits:
    """Look for reposts whenever one new article waits."""
    waits = Waits([], [])
    for one in new:
        with catalogue.transaction():
            put(catalogue, one.number, one.doc)
        with timed(waits):
            find()
    return waits


def of_home(path: Path, root: Path, args: argparse.Namespace) -> Iterator[Figure]:
    """Yield what a home costs."""
    from aggregator.pipeline.reposting import find_reposts  # not for the processes that measure memory

    home, count = Home(root), args.articles
    sources = (Source(id=site_of(n), name=site_of(n), url=f"https://{site_of(n)}.example/") for n in range(SITES))
    following = Following(settings=Settings(), sources=tuple(sources))
    with home.writing(), Catalogue(home.catalogue, writing=True) as catalogue:
        started = time.perf_counter()
        ids = catalogued(catalogue, docs_of(path, 0, count))
        say(f"{count:,} articles catalogued in {time.perf_counter() - started:.0f} s")
        started = time.perf_counter()
        fingerprinted(home, catalogue, following, ids)
        yield Figure("fingerprinted", count / (time.perf_counter() - started), "articles/s")
        size = sum(file.stat().st_size for file in home.reuse.iterdir())
        yield Figure("index", size / count, "bytes/article", MAX_INDEX_BYTES)
        docs = docs_of(path, count, count + WARM + args.new)
        new = list(newcomers(catalogue, docs, count))
        catalogued(catalogue, ((one.number, one.doc) for one in new))
        reuse = Reuse(home.reuse)
        finder = Finder(reuse, Articles(catalogue, following, reuse))
        aligned(finder, new[:WARM])
        with profiled(args.profile == "alignments"):
            waits, found = aligned(finder, new[WARM:])
        yield from waits.figures("alignments", MAX_ALIGNMENTS_MS)
        copies = sum(one.original is not None for one in new[WARM:])
        yield Figure("originals found", 100 * found / max(1, copies), "%")

        def find() -> None:
            find_reposts(home, catalogue, following, lambda _: None)

        reposted(catalogue, new[:WARM], find)
        with profiled(args.profile == "reposts"):
            waits = reposted(catalogue, new[WARM : WARM + args.found], find)
        yield from waits.figures("find_reposts")


# ---------------------------------------------------------------------------------------------------------- the corpus


def peak_mib() -> float:
    """Return the peak of this process; where the system tells it, not that of the process which started it."""
    status = Path("/proc/self/status")
    if status.exists():
        lines = status.read_text(encoding="ascii", errors="replace").splitlines()
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:"))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)


class Searched(NamedTuple):
    """What it took to search a corpus."""

    seconds: float
    resting_mib: float
    peak_mib: float
    matches: int


def spread(path: Path, count: int) -> Iterator[Row]:
    """Yield the first documents of a file, each with one of the sources."""
    for number, doc in docs_of(path, 0, count):
        yield {**doc, "site": site_of(number)}


def searched(path: Path, count: int) -> Searched:
    """Search a corpus in this process."""
    resting, started = peak_mib(), time.perf_counter()
    found = in_corpus(spread(path, count))
    return Searched(time.perf_counter() - started, resting, peak_mib(), len(found.matches))


def of_corpora(path: Path) -> Iterator[Figure]:
    """Yield what corpora cost, each in a process of its own."""
    for count in CORPORA:
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
            one = pool.submit(searched, path, count).result()
        say(f"in_corpus, {count:,}: {one.seconds:.0f} s, {one.matches:,} matches")
        yield Figure(f"in_corpus, {count:,}", count / one.seconds, "documents/s")
    yield Figure(f"in_corpus, {CORPORA[-1]:,}, peak", one.peak_mib, "MiB", MAX_CORPUS_MIB)
    yield Figure(f"in_corpus, {CORPORA[-1]:,}, beyond imports", one.peak_mib - one.resting_mib, "MiB")


# ------------------------------------------------------------------------------------------------------------ the edge


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def line_of(one: Figure) -> str:
    bar = "" if one.bar is None else f"  {'within' if one.value <= one.bar else 'OVER'} {one.bar:,.0f}"
    return f"{one.name:34} {one.value:12,.1f} {one.unit:14}{bar}"


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--filler", type=Path, metavar="FILE.jsonl.gz", help="documents made elsewhere")
    parser.add_argument("--articles", type=int, default=100_000, help="of the home (default: %(default)s)")
    parser.add_argument("--new", type=int, default=200, help="new articles for alignments (default: %(default)s)")
    parser.add_argument("--found", type=int, default=60, help="of these, for find_reposts (default: %(default)s)")
    parser.add_argument("--only", choices=("home", "corpus"), help="one part alone")
    parser.add_argument("--profile", choices=("alignments", "reposts", "corpus"), help="where its time goes")
    parser.add_argument("--json", action="store_true", help="for a program to read")
    return parser.parse_args()


def figures(path: Path, folder: Path, args: argparse.Namespace) -> Iterator[Figure]:
    """Yield all that was asked for; the corpora first, while this process is small."""
    if args.profile == "corpus":
        with profiled(True):
            searched(path, PROFILED_CORPUS)
        return
    if args.only != "home" and not args.profile:
        yield from of_corpora(path)
    if args.only != "corpus":
        yield from of_home(path, folder / "home", args)


def main() -> None:
    args = parsed()
    with TemporaryDirectory() as name:
        folder = Path(name)
        needed = max(args.articles + WARM + args.new, CORPORA[-1])
        path = args.filler or written(made_up(needed), folder / "made.jsonl.gz")
        found = list(figures(path, folder, args))
    if args.json:
        said = [{**one._asdict(), "value": round(one.value, 2)} for one in found]
        print(json.dumps({"articles": args.articles, "filler": bool(args.filler), "figures": said}))
    elif not args.profile:
        print("\n".join(map(line_of, found)))


if __name__ == "__main__":
    main()
