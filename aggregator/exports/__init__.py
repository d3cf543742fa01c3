"""The way out: articles and their captures as files for other people and other programs.

    selection   what may leave
    aside       under its name a file is whole, or not there
    warc        captures, byte for byte
    wacz        the same with index and pages, to be replayed
    bag         the same with articles and digests, to be kept
    texts       articles as JSON lines or CSV

A manifest, which names the articles and holds no texts, is written by ``citations``.

Nothing is changed in the home, and no lock is taken.
"""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from aggregator import __version__, access, archive, cells, contacts
from aggregator.access import Shown
from aggregator.archive import cdxj
from aggregator.citations import manifest
from aggregator.citations.manifest import Asked, Listed
from aggregator.errors import UsageError
from aggregator.exports import aside, texts
from aggregator.exports.aside import Sink
from aggregator.exports.bag import SIGN, Bag, sources_yaml
from aggregator.exports.selection import PORTION, Leaving, Portion, Selection
from aggregator.exports.wacz import WARC_NAME, Package, Pages
from aggregator.exports.warc import WarcWriter
from aggregator.home import Home
from aggregator.model import Article, Following, Progress, Report, Source, Version
from aggregator.periods import instant

KINDS = ("warc", "wacz", "bag", "jsonl", "csv", "manifest")
STREAMS = ("jsonl", "csv", "manifest")
"""Those that can be written to where nobody can go back."""
EVERYTHING = Asked()
ARTICLES_NAME = "articles.jsonl"
INDEX_NAME = "captures.cdxj"


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """What was handed on."""

    kind: str
    path: Path | None
    """None: it went to a stream."""
    about: str
    size_bytes: int
    """Of the file; of a bag, its payload."""
    sha256: str
    """Of the file; of a bag, its tagmanifest-sha256.txt. Hexadecimal."""
    article_ids: tuple[str, ...]
    captures: int
    """Of jsonl, csv and manifest, which hold none, 0."""
    withheld_articles: int
    withheld_captures: int
    """Captures of these articles that stay: they hold something else that may not leave, or cannot be looked into."""
    problems: tuple[str, ...]
    """Captures that could not be copied, and why."""
    contacts: tuple[str, ...]
    """Articles in whose texts phone numbers or e-mail addresses stand, by id; of a manifest, which has no texts, none.

    Looked at are titles, authors and texts of all versions that leave, not what else a captured page holds.
    """

    def said(self, whom: str | None) -> dict[str, Any]:
        """Return it as its event says it: without words that may be withdrawn one day, as query and file name are.

        Args:
            whom: Who got it; None: not said.
        """
        return {
            "form": self.kind,
            "bytes": self.size_bytes,
            "sha256": self.sha256,
            "articles": len(self.article_ids),
            "captures": self.captures,
            "to": whom,
        }


def _silence(_: Progress) -> None:
    pass


def export(
    home: Home,
    following: Following,
    kind: str,
    to: Path | BinaryIO,
    *,
    now: datetime,
    ids: Sequence[str] | None = None,
    about: str = "",
    asked: Asked = EVERYTHING,
    force: bool = False,
    report: Report = _silence,
) -> Export:
    """Write articles, or the captures they were read from, for others, without what is withdrawn or closed now.

    Args:
        home: Whose archive.
        following: Its sources.yaml: who hands on, and who the publishers are.
        kind: One of ``KINDS``.
        to: The file or, of a bag, the folder; a stream for those of ``STREAMS``.
        now: When this is.
        ids: Which articles, in order; None: all.
        about: What this is, in words, for whoever gets it.
        asked: By which search the articles were found; a manifest says it.
        force: Whether a file or bag that is there may be replaced.
        report: Told how far the work is.

    Raises:
        NoSpaceError: The disk is full or read-only; nothing was left behind.
        SourcesError: sources.yaml is refused, and it says something about access.
        StoreError: The catalogue or the events are damaged.
        UsageError: It cannot be written there; nothing was.
    """
    if isinstance(to, Path):
        _refuse_inside(home, to)
    with access.opened(home, now=now, leaving=True) as catalogue:
        selection = Selection(catalogue, catalogue.article_ids() if ids is None else ids)
        job = _Job(
            home=home,
            catalogue=catalogue,
            following=following,
            selection=selection,
            about=about,
            asked=asked,
            kind=kind,
            now=now,
            report=report,
        )
        if isinstance(to, Path):
            write = {"warc": _warc, "wacz": _wacz, "bag": _bag}.get(kind, _streamed)
            size_bytes, sha256 = write(job, to, force)
        else:
            size_bytes, sha256 = _lines(job, Sink(to.write))
    return Export(
        kind=kind,
        path=to if isinstance(to, Path) else None,
        about=about,
        size_bytes=size_bytes,
        sha256=sha256,
        article_ids=tuple(job.article_ids),
        captures=job.captures,
        withheld_articles=selection.withheld_articles,
        withheld_captures=selection.withheld_captures + job.withheld,
        problems=tuple(job.problems),
        contacts=tuple(job.contacts),
    )


def streamed(
    home: Home, following: Following, kind: str, *, now: datetime, ids: Sequence[str], asked: Asked = EVERYTHING
) -> Iterator[bytes]:
    """Yield articles piece by piece as ``export`` writes them, for whoever sends them on as they come.

    Args:
        home: Whose archive.
        following: Its sources.yaml.
        kind: One of ``STREAMS``.
        now: When this is.
        ids: Which articles, in order.
        asked: By which search the articles were found; a manifest says it.

    Raises:
        SourcesError: sources.yaml is refused, and it says something about access.
        StoreError: The catalogue or the events are damaged.
    """
    with access.opened(home, now=now, leaving=True) as catalogue:
        job = _Job(
            home=home,
            catalogue=catalogue,
            following=following,
            selection=Selection(catalogue, ids),
            about="",
            asked=asked,
            kind=kind,
            now=now,
            report=_silence,
            looks_for_contacts=False,
        )
        yield from _PIECES[kind](job)


def has_contacts(article: Article) -> bool:
    """Whether phone numbers or e-mail addresses stand in what jsonl and csv have of an article."""
    return any(map(contacts.found, _words(article)))


def _words(of: Article | Version) -> tuple[str, ...]:
    """Return the words of people in an article or a version."""
    return (of.title or "", of.text, *of.authors)


def _refuse_inside(home: Home, path: Path) -> None:
    inside = path.resolve()
    for kept in (home.archive, home.index, home.sources_yaml):
        if inside == kept.resolve() or kept.resolve() in inside.parents:
            raise UsageError(f"{path} is a place of the home's own. Nothing was written. Name another.")


@dataclass(slots=True, kw_only=True)
class _Job:
    """One export under way."""

    home: Home
    catalogue: Shown
    following: Following
    selection: Selection
    about: str
    asked: Asked
    kind: str
    now: datetime
    report: Report
    looks_for_contacts: bool = True
    article_ids: list[str] = field(default_factory=list)
    source_ids: set[str] = field(default_factory=set)
    captures: int = 0
    withheld: int = 0
    """Captures that were found to hold something withdrawn."""
    problems: list[str] = field(default_factory=list)
    contacts: list[str] = field(default_factory=list)

    def portions(self, *, with_captures: bool) -> Iterator[Portion]:
        """Yield what leaves, and tell how far that is."""
        total = self.selection.total
        for number, portion in enumerate(self.selection.portions(with_captures=with_captures), start=1):
            yield portion
            self.article_ids += [leaving.article.id for leaving in portion.articles]
            self.source_ids |= {leaving.article.source_id for leaving in portion.articles}
            if self.looks_for_contacts and self.kind != "manifest":
                self.contacts += [each.article.id for each in portion.articles if self._has_contacts(each)]
            self.report(Progress(doing="exporting", done=min(number * PORTION, total), total=total))

    def _has_contacts(self, leaving: Leaving) -> bool:
        """Whether phone numbers or e-mail addresses stand in what leaves of an article."""
        versions = (leaving.version,) if self.kind in STREAMS else (leaving.version, *leaving.versions)
        return any(map(contacts.found, {words for version in versions for words in _words(version)}))

    def copied(self, sink: Sink, name: str) -> Iterator[tuple[Portion, WarcWriter]]:
        """Copy the captures that leave into a WARC file; yield each portion when its captures are in there."""
        operator = self.following.settings.contact
        first = archive.warcinfo(name, operator=operator, description=self.about, now=self.now)
        with archive.Copier(self.home.archive) as copier:
            writer = WarcWriter(copier, sink, name=name, first=first, may_leave=self.catalogue.may_leave)
            for portion in self.portions(with_captures=True):
                writer.add(portion.captures)
                yield portion, writer
        self.captures, self.withheld, self.problems = len(writer.offsets), len(writer.withheld), writer.problems

    def said(self, leaving: Leaving) -> dict[str, Any]:
        """Return an article in the words of schema.org."""
        return texts.said_of(leaving, self.following, self.catalogue)

    def source(self, source_id: str) -> Source:
        """Return a source as sources.yaml has it, or a stand-in for one that was taken out since."""
        return self.following.source(source_id) or Source(id=source_id, name=source_id, url="")


# --- each kind: returns the length in bytes and the SHA-256 ----------------------------------------------------------


def _streamed(job: _Job, path: Path, force: bool) -> tuple[int, str]:
    with aside.file(path, force=force) as out:
        return _lines(job, Sink(out.write))


def _lines(job: _Job, sink: Sink) -> tuple[int, str]:
    for piece in _PIECES[job.kind](job):
        sink.write(piece)
    return sink.size_bytes, sink.sha256


def _json_lines(job: _Job) -> Iterator[bytes]:
    for portion in job.portions(with_captures=False):
        yield from (texts.json_line(job.said(leaving)) for leaving in portion.articles)


def _csv_lines(job: _Job) -> Iterator[bytes]:
    yield cells.line(texts.COLUMNS)
    for portion in job.portions(with_captures=False):
        places = job.catalogue.memberships([leaving.article.id for leaving in portion.articles])
        families = {family.id: family for family in job.catalogue.clusters({cluster for cluster, _ in places.values()})}
        for leaving in portion.articles:
            place = places.get(leaving.article.id)
            yield cells.line(texts.csv_cells(job.said(leaving), families.get(place[0]) if place else None))


def _manifest(job: _Job) -> Iterator[bytes]:
    yield manifest.head(job.asked, program=f"aggregator/{__version__}", now=job.now)
    is_first = True
    for portion in job.portions(with_captures=False):
        listed = (
            Listed(
                id=leaving.article.id,
                version=leaving.version.digest,
                url=leaving.article.url,
                captured=instant(leaving.version.captured_at),
            )
            for leaving in portion.articles
        )
        yield from manifest.lines(listed, is_first=is_first)
        is_first = is_first and not portion.articles
    yield manifest.TAIL


_PIECES = {"jsonl": _json_lines, "csv": _csv_lines, "manifest": _manifest}


def _warc(job: _Job, path: Path, force: bool) -> tuple[int, str]:
    with aside.file(path, force=force) as out:
        sink = Sink(out.write)
        for _ in job.copied(sink, path.name):
            pass
        return sink.size_bytes, sink.sha256


def _wacz(job: _Job, path: Path, force: bool) -> tuple[int, str]:
    with (
        aside.file(path, force=force) as out,
        zipfile.ZipFile(out, "w") as zipped,
        tempfile.TemporaryFile(dir=path.parent) as kept,
    ):
        package, pages = Package(zipped, now=job.now), Pages(kept, title="Articles")
        lines: list[str] = []
        with package.resource(f"archive/{WARC_NAME}") as sink:
            for portion, warc in job.copied(sink, WARC_NAME):
                lines = warc.lines
                for leaving in portion.articles:
                    if leaving.capture and leaving.capture.record_id in warc.offsets:
                        pages.add(job.said(leaving), url=leaving.capture.url, captured_at=leaving.capture.captured_at)
        package.add_index(cdxj.in_order(lines))
        with package.resource("pages/pages.jsonl", compress=True) as sink:
            pages.write_to(sink)
        package.close(title=job.about, description=job.about)
    return path.stat().st_size, aside.sha256_of(path)


def _bag(job: _Job, path: Path, force: bool) -> tuple[int, str]:
    with aside.folder(path, force=force, sign=SIGN) as folder:
        bag = Bag(folder)
        lines: list[str] = []
        with bag.payload(WARC_NAME) as captures, bag.payload(ARTICLES_NAME) as articles:
            for portion, warc in job.copied(captures, WARC_NAME):
                lines = warc.lines
                for leaving in portion.articles:
                    articles.write(texts.json_line(_placed(job.said(leaving), leaving, warc)))
        with bag.payload(INDEX_NAME) as index:
            index.write("".join(cdxj.in_order(lines)).encode())
        with bag.payload("sources.yaml") as sources:
            sources.write(sources_yaml(map(job.source, sorted(job.source_ids))))
        sha256 = bag.close(organization=job.following.settings.contact, description=job.about, now=job.now)
        return bag.size_bytes, sha256


def _placed(said: dict[str, Any], leaving: Leaving, warc: WarcWriter) -> dict[str, Any]:
    """Return an article that names the place in the bag where it was read, and none outside."""
    offset = warc.offsets.get(leaving.capture.record_id) if leaving.capture else None
    rest = {key: value for key, value in said.items() if key != "archivedAt"}
    return rest if offset is None else rest | {"archivedAt": f"{WARC_NAME}#{offset}"}


__all__ = ["KINDS", "STREAMS", "Export", "export", "has_contacts", "streamed"]
