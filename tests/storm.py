"""A home in a storm: a crawl of 50 pages, what it reported stored, and whether all that was promised still holds.

The crawl is the same each time it is begun, whatever was done to it before: two sources, reposts, edits, answers "as
before". What it reports stored is written to a file of its own, outside the home.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from aggregator import archive, pipeline, search
from aggregator.decisions import Decisions
from aggregator.home import Home
from aggregator.model import Progress, Request, Response
from aggregator.query import parse
from tests.fakeweb import NOON, FakeWeb, catalogue, dump, feed, following, page, source
from tests.warcs import records

WORDS = """
harbour kitchen stove mattress lorry bailiff lease baker trolley soup rain estuary choir canteen tenor mug
freezer drain borough lantern ferry warden ledger window stairwell caretaker petition notice hearing appeal clerk
witness lawyer kettle blanket pavement tram depot whistle banner leaflet printer cellar attic roof gutter ladder rope
bucket broom garden allotment fence gate meadow river bridge lock barge crane quay warehouse market stall potato onion
bread coffee sugar salt teacher pupil classroom corridor bell register holiday summer winter autumn spring morning
evening midnight Thursday Sunday neighbour cousin stranger visitor driver nurse doctor ward bench queue ticket
""".split()
SOURCES = (source("a"), source("b"))
HEAD = b"\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Size:
    """How many pages each of the two sources has, and how many of b's are a's."""

    pages: int = 25
    reposts: int = 6
    edits: int = 2


WHOLE = Size()
SMALL = Size(pages=2, reposts=1, edits=1)


def text(seed: str) -> str:
    """Three paragraphs that no other seed gives."""
    chosen = random.Random(seed)
    sentences = [" ".join(chosen.choices(WORDS, k=14)).capitalize() + "." for _ in range(12)]
    return "\n\n".join(" ".join(sentences[n : n + 4]) for n in (0, 4, 8))


def passes(size: Size = WHOLE) -> Iterator[tuple[str, dict[str, object]]]:
    """The sources in the order they are visited, and what the web says at that time."""
    urls = {s: [f"http://{s}.example/{n}" for n in range(size.pages)] for s in "ab"}
    web: dict[str, object] = {f"http://{s}.example/feed": (200, {"ETag": '"1"'}, feed(*urls[s])) for s in "ab"}
    web |= {url: page(text(url), title=text(url)[:30]) for s in "ab" for url in urls[s]}
    for n in range(size.reposts):
        web[urls["b"][n]] = page("(source: a)\n\n" + text(urls["a"][n]), title=f"Taken over {n}")
    yield "a", dict(web)
    yield "b", dict(web)
    edited = urls["a"][: size.edits]
    web |= {url: page(text(url) + "\n\nUpdate: it is over.", title=text(url)[:30]) for url in edited}
    web["http://a.example/feed"] = (200, {"ETag": '"2"'}, feed(*edited, updated="2026-11-22T10:00:00Z"))
    yield "a", dict(web)
    yield "b", dict(web)


class Remembering(FakeWeb):
    """A web that remembers what it answered, in order."""

    def __init__(self, attempt: int) -> None:
        super().__init__({}, now=NOON + timedelta(minutes=attempt))
        self.answers: list[Response] = []

    def fetch(self, request: Request, *, pace_s: float) -> Response:
        self.answers.append(super().fetch(request, pace_s=pace_s))
        return self.answers[-1]


def crawl(root: Path, told: Path, *, attempt: int = 0, size: Size = WHOLE, wait_s: float = 0.0) -> None:
    """Visit the sources; append what is reported stored to ``told``, one line an answer, and the passes begun.

    The web does not go back in time: who was killed in a later pass goes on with that one.

    Args:
        root: The home.
        told: A file outside of it.
        attempt: How many crawls went before: the clock of the web goes on.
        size: How many pages.
        wait_s: How long to wait for another writer, in seconds.
    """
    root.mkdir(exist_ok=True)
    web = Remembering(attempt)
    begun = max((json.loads(line) for line in lines(told) if line.isdigit()), default=0)
    with told.open("ab", buffering=0) as out:
        stored = 0

        def report(said: Progress) -> None:
            nonlocal stored
            if said.doing == "crawling":
                upto = before + said.pages
                out.write(b"".join(_told(answer) for answer in web.answers[stored:upto]))
                stored = upto

        with pipeline.opened(Home(root), following(*SOURCES), wait_s=wait_s, report=report) as line:
            for number, (visited, pages) in list(enumerate(passes(size)))[begun:]:
                out.write(f"{number}\n".encode())
                web.pages, before = pages, len(web.answers)
                line.crawl([s for s in SOURCES if s.id == visited], web)


def lines(told: Path) -> list[bytes]:
    """Return what was told so far."""
    return told.read_bytes().splitlines() if told.exists() else []


def _told(answer: Response) -> bytes:
    whole, head = answer.received, answer.received.partition(HEAD)[0] + HEAD
    digests = [hashlib.sha256(part).hexdigest() for part in (whole, head)]
    return json.dumps([answer.request.url, f"{answer.started_at:%Y-%m-%dT%H:%M:%S.%f}Z", *digests]).encode() + b"\n"


def faults(root: Path, told: Path) -> list[str]:
    """Return what is wrong with a home that was crawled to its end: each promise that does not hold; empty: all do."""
    found = []
    folder = Home(root).archive
    if left := sorted(path.name for path in folder.rglob("*.open")):
        found.append(f"not sealed: {left}")
    for path in folder.glob("[0-9]*/*/*/*.gz"):
        gzip.decompress(path.read_bytes())
    found += chain_faults(folder)
    answers = [
        (head["WARC-Target-URI"], head["WARC-Date"], hashlib.sha256(block).hexdigest(), head["WARC-Record-ID"])
        for head, block in records(folder)
        if head["WARC-Type"] in ("response", "revisit")
    ]
    here = {(url, date): digest for url, date, digest, _ in answers}
    for line in lines(told):
        if line.isdigit():
            continue
        url, date, *digests = json.loads(line)
        if here.get((url, date)) not in digests:
            found.append(f"lost: {url} of {date}, reported stored")
    twice = [key for key, n in Counter((url, date) for url, date, _, _ in answers).items() if n > 1]
    twice += [(head, "") for head, n in Counter(h["WARC-Record-ID"] for h, _ in records(folder)).items() if n > 1]
    found += [f"doubled: {key}" for key in twice]
    rows = [row["record_id"] for table, row in dump(root) if table == "captures"]
    if sorted(rows) != sorted(record_id for *_, record_id in answers):
        found.append(f"the catalogue has {len(rows)} captures, the archive {len(answers)} answers")
    with catalogue(root) as known:
        if waiting := known.to_index():
            found.append(f"not searchable: {waiting}")
    return found


def chain_faults(folder: Path) -> list[str]:
    """Return what does not hold of the chain of events and of the manifests of closed days."""
    chain = Decisions(folder)
    found = [f"{file}, line {number}: {what}" for file, number, what in chain.faults()]
    sealed = Counter((e.said["file"], e.said["sha256"]) for e in chain.events() if e.kind == "seal")
    if sealed != Counter((file, digest(folder / file)) for file in archive.files(folder)):
        found.append(f"the seals are not one for each file: {sealed}")
    closed = {e.said["folder"]: e.said["manifest_sha256"] for e in chain.events() if e.kind == "day-closed"}
    manifests = {path.parent.relative_to(folder).as_posix(): path for path in folder.rglob("manifest-sha256.txt")}
    if closed != {day: digest(path) for day, path in manifests.items()}:
        found.append(f"the events that close days {sorted(closed)} are not those of the manifests {sorted(manifests)}")
    for path in (*folder.rglob("manifest-sha256.txt"), *folder.rglob("tagmanifest-sha256.txt")):
        said = {name: sha256 for sha256, name in (line.split("  ") for line in path.read_text().splitlines())}
        found += [f"{path.name}: {name} is another" for name in said if digest(path.parent / name) != said[name]]
        if path.name.startswith("tag") and not any(name == "manifest-sha256.txt" for name in said):
            found.append(f"{path} does not list the manifest")
    return found


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def known(root: Path) -> dict[str, Any]:
    """Return what must be the same however often the crawl was cut short: articles, versions, texts, families, hits."""
    rows = dump(root)
    with catalogue(root) as opened:
        families = sorted(cluster.members for cluster in opened.clusters())
    return {
        "articles": sorted((r["id"], r["url"], r["title"], r["text"]) for t, r in rows if t == "articles"),
        "versions": sorted((r["article_id"], r["digest"], r["text"]) for t, r in rows if t == "versions"),
        "credits": sorted((r["article_id"], r["line"]) for t, r in rows if t == "credits"),
        "matches": sorted((r["a"], r["b"], r["kind"]) for t, r in rows if t == "matches"),
        "families": families,
        "found": [hits(root, query) for query in ("over", "bread -coffee")],
    }


def hits(root: Path, query: str) -> list[str]:
    """Return the ids that a search finds."""
    return sorted(hit.article.id for hit in search.search(Home(root), parse(query), limit=1000).hits)


def weather(root: Path, told: Path, expected: dict[str, Any], *, attempt: int, size: Size = WHOLE) -> list[str]:
    """Go on after a storm as the next night would, with no repair by hand; return what is wrong then.

    Args:
        root: The home, as it was left.
        told: What was reported stored.
        expected: What an undisturbed crawl knows.
        attempt: How many crawls went before.
        size: How many pages.
    """
    crawl(root, told, attempt=attempt, size=size)
    found = faults(root, told) + differences(known(root), expected)
    before = dump(root)
    pipeline.rebuild(Home(root), following(*SOURCES))
    if dump(root) != before:
        found.append("a rebuild is not equal to the catalogue, row for row")
    return found + differences(known(root), expected)


def differences(found: dict[str, Any], expected: dict[str, Any]) -> list[str]:
    """Return which parts of two states differ."""
    return [f"{part} are not those of an undisturbed crawl" for part in expected if found[part] != expected[part]]
