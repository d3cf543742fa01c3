"""What a page takes on the disk, and how fast an archive is read into an empty catalogue again.

    python benchmarks/capture.py [--pages DIR] [--count N] [--rounds N] [--json]

Stored: the pages are fetched over loopback, where bodies go out compressed, and archived with their requests; the bytes
of the files are divided by those that went over the wire in both directions, and by those that warcio's writer makes of
the same requests and answers. ``plain`` is the same with bodies that the server did not compress, ``again`` a second
visit to pages that have not changed, as revisits.

Rebuilt: the pages are crawled as if yesterday, so that the day is closed; then catalogue and full-text index are made
again from the archive, by turns with the texts of ``articles-GENERATION.jsonl.gz`` and without that file, so that every
page is extracted and the file written again. CPU time of this process, the medians of the rounds.

DIR (or the environment variable AGGREGATOR_PAGES) holds real pages: ``pages.py`` says in which form. Without it, the
posts of the demo world are measured.
"""

from __future__ import annotations

import argparse
import gc
import io
import json
import os
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any

import loopback
import pages as pages_
from line import ENVIRONMENT
from warcio.warcwriter import WARCWriter

from aggregator import archive, pipeline, wire
from aggregator.archive import Archive
from aggregator.fetch import Fetcher
from aggregator.home import Home
from aggregator.model import Capture, Following, Request, Response, Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What some pages take, in bytes a page."""

    how: str
    wire: float
    """Requests and answers, heads included."""
    ours: float
    warcio: float
    of_wire: float
    """``ours`` divided by ``wire``: less is better."""
    of_warcio: float
    """``ours`` divided by ``warcio``: likewise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuilt:
    """How fast the archive is read again."""

    pages: int
    with_articles: float
    """Pages a second of CPU."""
    without_articles: float
    faster: float
    """How many times: the median of the rounds' ratios."""


class Yesterday(Fetcher):
    """The network, as if a day ago."""

    def fetch(self, request: Request, *, pace_s: float) -> Response:
        """Return the answer to one request."""
        response = super().fetch(request, pace_s=pace_s)
        return replace(response, started_at=response.started_at - timedelta(days=1))


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    given = os.environ.get(ENVIRONMENT)
    options = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    options.add_argument("--pages", type=Path, metavar="DIR", default=Path(given) if given else None)
    options.add_argument("--count", type=int, default=300, help="pages to measure, at most (300)")
    options.add_argument("--rounds", type=int, default=3, help="rebuilds of each kind to take the median of (3)")
    options.add_argument("--json", action="store_true", help="print JSON")
    asked = options.parse_args(arguments)
    found = pages_.of_folder(asked.pages, asked.count) if asked.pages else pages_.of_demo_world(asked.count)
    with tempfile.TemporaryDirectory(prefix="aggregator-bench-") as folder, loopback.serving(found) as port:
        known = loopback.following(found, port)
        fetcher = Fetcher(known.settings)
        asks = [Request(url=page.url(port), role=Role.PAGE, source_id=page.site) for page in found]
        sent = [fetcher.fetch(request, pace_s=0.0) for request in asks]
        rows = [
            stored("compressed", sent, Path(folder, "compressed")),
            stored("plain", [_plain(response) for response in sent], Path(folder, "plain")),
            stored("again", sent, Path(folder, "again"), seen=True),
        ]
        rate = rebuilt(known, Home(Path(folder, "home")), len(found), asked.rounds)
    if asked.json:
        print(json.dumps({"stored": [asdict(row) for row in rows], "rebuilt": asdict(rate)}, indent=1))
        return
    print(f"{'bytes a page':<12} {'wire':>9} {'ours':>9} {'warcio':>9} {'ours/wire':>10} {'ours/warcio':>12}")
    for row in rows:
        sizes = f"{row.wire:>9,.0f} {row.ours:>9,.0f} {row.warcio:>9,.0f}"
        print(f"{row.how:<12} {sizes} {row.of_wire:>10.3f} {row.of_warcio:>12.3f}")
    print(
        f"\nrebuild of {rate.pages} pages: {rate.with_articles:,.0f} pages a second of CPU with their articles file, "
        f"{rate.without_articles:,.0f} without: {rate.faster:.2f} times as fast"
    )


def stored(how: str, responses: Sequence[Response], folder: Path, *, seen: bool = False) -> Stored:
    """Archive responses by our writer and by warcio's; ``seen``: they were archived before, and have not changed."""
    writer = Archive(folder)
    before: list[Capture | None] = [None] * len(responses)
    if seen:
        before = [_capture(writer.add(response, earlier=None).what) for response in responses]
    writer.sync()
    began = _size(folder)
    for response, earlier in zip(responses, before, strict=True):
        writer.add(response, earlier=earlier)
    writer.close()
    count = len(responses)
    wire_bytes = sum(len(r.sent) + len(r.received) for r in responses) / count
    ours, theirs = (_size(folder) - began) / count, _by_warcio(responses, before) / count
    return Stored(
        how=how, wire=wire_bytes, ours=ours, warcio=theirs, of_wire=ours / wire_bytes, of_warcio=ours / theirs
    )


def _by_warcio(responses: Sequence[Response], before: Sequence[Capture | None]) -> int:
    """Return how many bytes warcio's writer makes of the same, with revisits where ours has them."""
    out = io.BytesIO()
    writer = WARCWriter(out, gzip=True, warc_version="WARC/1.1")

    def record(kind: str, response: Response, block: bytes) -> Any:
        head = {"WARC-IP-Address": response.ip}
        return writer.create_warc_record(
            response.request.url, kind, io.BytesIO(block), len(block), warc_headers_dict=head
        )

    for response, earlier in zip(responses, before, strict=True):
        answered = record("response", response, response.received)
        if earlier:
            answered = writer.create_revisit_record(
                response.request.url,
                earlier.payload_digest,
                earlier.url,
                archive.warc_date(earlier.captured_at),
                answered.http_headers,
                warc_headers_dict={"WARC-IP-Address": response.ip, "WARC-Refers-To": earlier.record_id},
            )
        writer.write_request_response_pair(record("request", response, response.sent), answered)
    return len(out.getvalue())


def rebuilt(known: Following, home: Home, count: int, rounds: int) -> Rebuilt:
    """Crawl all pages as if yesterday, then rebuild the home by turns with and without what was read in them."""
    home.root.mkdir()
    with pipeline.opened(home, known) as line:
        line.crawl(known.sources, Yesterday(known.settings))
    with pipeline.opened(home, known):
        pass  # closes the day, whose file the crawl had open
    pairs: list[tuple[float, float]] = []
    pipeline.rebuild(home, known)  # loads libraries and models
    for _ in range(rounds):
        fast = _rebuild(home, known)
        for articles in home.archive.rglob("articles-*"):
            articles.unlink()
        pairs.append((fast, _rebuild(home, known)))
    return Rebuilt(
        pages=count,
        with_articles=count / median(fast for fast, _ in pairs),
        without_articles=count / median(slow for _, slow in pairs),
        faster=median(slow / fast for fast, slow in pairs),
    )


def _rebuild(home: Home, known: Following) -> float:
    from trafilatura.meta import reset_caches

    reset_caches()
    gc.collect()
    began = time.process_time()
    pipeline.rebuild(home, known)
    return time.process_time() - began


def _plain(response: Response) -> Response:
    """Return an answer as a server would send it that does not compress."""
    head, body = response.received[: wire.head_length(response.received)], wire.read_answer(response.received).body
    lines = [
        line for line in head.split(b"\r\n") if not line.lower().startswith((b"content-encoding", b"content-length"))
    ]
    lines[1:1] = [b"Content-Length: %d" % len(body)]
    return replace(response, received=b"\r\n".join(lines) + body)


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("captures-*"))


def _capture(what: object) -> Capture:
    assert isinstance(what, Capture)
    return what


if __name__ == "__main__":
    main()
