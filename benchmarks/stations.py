"""One contest a station: what the line does there, and the bare library doing the same work on the same input.

To add a row, write a context manager that opens what both sides need, and put it into ``STATIONS``.
"""

from __future__ import annotations

import io
import os
import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar
from unittest.mock import patch

from loopback import following
from pages import Page

from aggregator import extract, index, urls
from aggregator.archive import Archive, Entry
from aggregator.catalogue import Catalogue
from aggregator.errors import ExtractError
from aggregator.fetch import Fetcher
from aggregator.home import Home
from aggregator.matching import Articles, Finder
from aggregator.model import Article, Capture, Following, Reading, Request, Response, Role, Version
from aggregator.pipeline import BATCH
from aggregator.pipeline.deriving import Deriver
from aggregator.reuse import Reuse
from aggregator.words import GRAM_WORDS

T = TypeVar("T")
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Contest(Generic[T]):
    """Two ways to do one work; each is given the same batches, by turns."""

    items: Sequence[T]
    ours: Callable[[Sequence[T]], None]
    library: Callable[[Sequence[T]], None]
    batch: int = BATCH


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What a crawl of the pages left behind: the input of each station."""

    following: Following
    pages: Sequence[Page]
    port: int
    requests: Sequence[Request]
    responses: Sequence[Response]
    entries: Sequence[Entry]
    articles: Sequence[Article]
    versions: Mapping[str, Version]
    """By article id."""
    home: Home


def material(pages: Sequence[Page], port: int, home: Home, folder: Path) -> Material:
    """Return the stations' input, from the home into which the pages were crawled.

    Args:
        pages: What was crawled.
        port: Where they are served.
        home: The home that was crawled into.
        folder: An empty one, for a second archive.
    """
    known = following(pages, port)
    requests = [Request(url=page.url(port), role=Role.PAGE, source_id=page.site) for page in pages]
    fetcher, writer = Fetcher(known.settings), Archive(folder)
    responses = [fetcher.fetch(request, pace_s=0.0) for request in requests]
    entries = [writer.add(response, earlier=None) for response in responses]
    writer.close()
    with Catalogue(home.catalogue) as catalogue:
        by_url = {a.url: a for a in catalogue.articles(catalogue.article_ids()).values()}
        articles = [by_url[request.url] for request in requests]
        versions = {a.id: catalogue.versions(a.id)[-1] for a in articles}
    return Material(
        following=known,
        pages=pages,
        port=port,
        requests=requests,
        responses=responses,
        entries=entries,
        articles=articles,
        versions=versions,
        home=home,
    )


@contextmanager
def fetching(given: Material, folder: Path) -> Iterator[Contest[Request]]:
    """``Fetcher.fetch`` beside ``requests.Session.get``: connections kept alive, no pause; both give whole bodies."""
    import requests

    fetcher, session = Fetcher(given.following.settings), requests.Session()
    by_address = [  # the system's resolver need not know names below localhost
        Request(url=f"http://127.0.0.1:{given.port}/{page.number}", role=Role.PAGE, source_id=page.site)
        for page in given.pages
    ]

    def ours(batch: Sequence[Request]) -> None:
        for request in batch:
            fetcher.fetch(request, pace_s=0.0)

    def library(batch: Sequence[Request]) -> None:
        for request in batch:
            assert session.get(request.url, timeout=10).content

    with session:
        yield Contest(by_address, ours, library)


@contextmanager
def archiving(given: Material, folder: Path) -> Iterator[Contest[Response]]:
    """``Archive.add`` and ``sync`` beside warcio's writer, request and response both, synced a batch."""
    from warcio.warcwriter import WARCWriter

    writer = Archive(folder / "archive")

    def ours(batch: Sequence[Response]) -> None:
        for response in batch:
            writer.add(response, earlier=None)
        writer.sync()

    with (folder / "library.warc.gz").open("wb") as out:
        warc = WARCWriter(out, gzip=True, warc_version="WARC/1.1")

        def record(kind: str, response: Response, block: bytes) -> Any:
            head = {"WARC-IP-Address": response.ip}
            return warc.create_warc_record(
                response.request.url, kind, io.BytesIO(block), len(block), warc_headers_dict=head
            )

        def library(batch: Sequence[Response]) -> None:
            for response in batch:
                warc.write_request_response_pair(
                    record("request", response, response.sent), record("response", response, response.received)
                )
            out.flush()
            os.fdatasync(out.fileno())

        yield Contest(given.responses, ours, library)
    writer.close()


@contextmanager
def extracting(given: Material, folder: Path) -> Iterator[Contest[Entry]]:
    """``extract.read_page`` beside ``trafilatura.bare_extraction`` with metadata and the same options."""
    from trafilatura import bare_extraction

    def ours(batch: Sequence[Entry]) -> None:
        for entry in batch:
            capture = _capture(entry)
            with suppress(ExtractError):
                extract.read_page(
                    entry.body, url=capture.url, content_type=capture.content_type, captured_at=capture.captured_at
                )

    def library(batch: Sequence[Entry]) -> None:
        for entry in batch:
            bare_extraction(
                entry.body,
                url=_capture(entry).url,
                with_metadata=True,
                include_comments=False,
                deduplicate=False,
            )

    yield Contest(given.entries, ours, library)


@contextmanager
def deduplicating(given: Material, folder: Path) -> Iterator[Contest[Article]]:
    """What the deriver does to match an article beside rensa: 128 permutations, word 5-shingles, 32 bands."""
    from rensa import RMinHash, RMinHashLSH

    lsh = RMinHashLSH(threshold=0.5, num_perm=128, num_bands=32)
    kept: list[Any] = []

    with Catalogue(folder / "dedupe.sqlite", writing=True) as catalogue:
        with catalogue.transaction():
            for article in given.articles:
                catalogue.put_article(article, urls.identity(article.url), (given.versions[article.id],), ())
        reuse = Reuse(folder / "reuse", writing=True)
        known = Articles(catalogue, given.following, reuse)

        def ours(batch: Sequence[Article]) -> None:
            finder, ids = Finder(reuse, known), [article.id for article in batch]
            finder.add(ids)
            with catalogue.transaction():
                catalogue.put_alignments(finder.alignments(ids))

        def library(batch: Sequence[Article]) -> None:
            for article in batch:
                words = _WORD.findall(article.text.lower())
                sketch = RMinHash(num_perm=128, seed=42)
                sketch.update([" ".join(words[i : i + GRAM_WORDS]) for i in range(len(words))])
                for near in lsh.query(sketch):
                    sketch.jaccard(kept[near])
                lsh.insert(len(kept), sketch)
                kept.append(sketch)

        yield Contest(given.articles, ours, library)


_TABLES = {
    "captures": "url = :url",
    "discoveries": "url = :url",
    "articles": "id = :id",
    "versions": "article_id = :id",
    "credits": "article_id = :id",
}
"""The tables that an article's rows are in, with how to find them; those that dedupe fills are its own."""
_Rows = dict[str, list[tuple[Any, ...]]]


@dataclass(frozen=True, slots=True)
class _Filing:
    """One archived page, and the rows that come of it."""

    entry: Entry
    rows: _Rows


@contextmanager
def cataloguing(given: Material, folder: Path) -> Iterator[Contest[_Filing]]:
    """The deriver, with readings given and without matching, beside sqlite3's ``executemany`` of the rows it makes."""
    with (
        Catalogue(folder / "catalogue.sqlite", writing=True) as catalogue,
        closing(sqlite3.connect(given.home.catalogue_file)) as crawled,
        closing(sqlite3.connect(folder / "library.sqlite")) as bare,
        patch.object(extract, "submit_page", _as_read(given)),
    ):
        _announce(catalogue, given)
        _copy_tables(crawled, bare)
        deriver = _Filer(folder, given.following, catalogue, {})
        filings = [_Filing(entry, _rows_of(crawled, a)) for entry, a in zip(given.entries, given.articles, strict=True)]

        def ours(batch: Sequence[_Filing]) -> None:
            with catalogue.transaction():
                for filing in batch:
                    deriver.derive(filing.entry)
                catalogue.set_catalogued(batch[-1].entry.file, batch[-1].entry.end)

        def library(batch: Sequence[_Filing]) -> None:
            with bare:
                for table in batch[0].rows:
                    rows = [row for filing in batch for row in filing.rows[table]]
                    if rows:
                        bare.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(rows[0]))})", rows)

        yield Contest(filings, ours, library)


class _Filer(Deriver):
    """The deriver without its matching, which is a station of its own."""

    def _match(self, article: Article, text: str) -> None:
        pass


def _as_read(given: Material) -> Callable[..., Future[Reading]]:
    """Return a stand-in for ``extract.submit_page`` that takes no time."""
    readings = {
        a.url: Reading(
            title=a.title,
            authors=a.authors,
            claimed_at=a.claimed_at,
            language=a.language,
            text=a.text,
            problems=a.problems,
        )
        for a in given.articles
    }

    def at_once(body: bytes, *, url: str, **_: object) -> Future[Reading]:
        reading: Future[Reading] = Future()
        reading.set_result(readings[url])
        return reading

    return at_once


def _announce(catalogue: Catalogue, given: Material) -> None:
    """Make the addresses known, as a feed did before the pages were asked for."""
    with Catalogue(given.home.catalogue) as crawled, catalogue.transaction():
        for article in given.articles:
            key = urls.identity(article.url)
            announced = crawled.discovery(article.source_id, key)
            assert announced
            catalogue.announce(article.source_id, {key: announced}, article.captured_at)


def _copy_tables(crawled: sqlite3.Connection, bare: sqlite3.Connection) -> None:
    """Make the same tables and indexes in another database, with the same promises about power cuts."""
    bare.execute("PRAGMA journal_mode=WAL")
    bare.execute("PRAGMA synchronous=FULL")
    names = (*_TABLES, "to_index")
    made = f"SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND tbl_name IN ({', '.join('?' * len(names))})"
    for (statement,) in crawled.execute(made, names).fetchall():
        bare.execute(statement)


def _rows_of(crawled: sqlite3.Connection, article: Article) -> _Rows:
    key = {"url": article.url, "id": article.id}
    rows = {
        table: crawled.execute(f"SELECT * FROM {table} WHERE {which}", key).fetchall()
        for table, which in _TABLES.items()
    }
    return {**rows, "to_index": [(article.id,)]}


@contextmanager
def indexing(given: Material, folder: Path) -> Iterator[Contest[Article]]:
    """``index.Writer.put`` beside bare Whoosh with its ``StemmingAnalyzer``; one commit, as after a crawl."""
    from whoosh import fields
    from whoosh.analysis import StemmingAnalyzer
    from whoosh.index import create_in

    bare = folder / "library"
    bare.mkdir()

    def ours(batch: Sequence[Article]) -> None:
        writer = index.Writer(folder / "fulltext")
        writer.put(batch)
        writer.close()

    def library(batch: Sequence[Article]) -> None:
        text = fields.TEXT(analyzer=StemmingAnalyzer())
        made = create_in(bare, fields.Schema(id=fields.ID(unique=True, stored=True), title=text, text=text))
        writer = made.writer()
        for article in batch:
            writer.update_document(id=article.id, title=article.title or "", text=article.text)
        writer.commit()

    yield Contest(given.articles, ours, library, batch=len(given.articles))


def _capture(entry: Entry) -> Capture:
    assert isinstance(entry.what, Capture)
    return entry.what


Open = Callable[[Material, Path], AbstractContextManager[Contest[Any]]]

STATIONS: dict[str, tuple[str, Open]] = {
    "fetch": ("requests", fetching),
    "archive": ("warcio", archiving),
    "extract": ("trafilatura", extracting),
    "dedupe": ("rensa", deduplicating),
    "catalogue": ("sqlite3 executemany", cataloguing),
    "index": ("Whoosh, stock", indexing),
}
"""The library beside each, and the contest."""
