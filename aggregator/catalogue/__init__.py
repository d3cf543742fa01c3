"""The database: what is known and how it relates. The only room that speaks SQL.

SQLite in WAL mode with ``synchronous=FULL``: a committed row survives a power cut, and readers never wait for the
writer. The catalogue is derived from ``archive/``; delete it and ``aggregator rebuild`` makes it again.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields, replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self, TypeVar

import sqlalchemy as sql
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.engine import RowMapping

from aggregator import engines
from aggregator.catalogue import tables as t
from aggregator.catalogue.files import empty_log, engine, remove, replace_all
from aggregator.errors import NoSpaceError, Outdated, StoreError, TooNew
from aggregator.model import (
    Article,
    Capture,
    Cluster,
    Credit,
    Discovery,
    Facts,
    Failure,
    Match,
    Outcome,
    Passage,
    Relation,
    Role,
    Run,
    Sighting,
    Version,
)

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

MAX_ATTEMPTS = 5
"""After so many failures in a row an address is given up until it is announced as changed."""
_CHUNK = 500
"""Values bound at once; SQLite's own limit is 32,766."""
_SCANT_BYTES = 1 << 22

_Row = TypeVar("_Row", Article, Facts, Capture, Sighting, Version, Run, Failure)


class Announced(NamedTuple):
    """What was new in an announcement."""

    new: int
    """Items that were not known."""
    edited: int
    """Known ones of which it says that they were edited since."""


class Catalogue:
    """An open catalogue.

    Args:
        path: The file. A writer creates it when it is missing.
        writing: Whether changes will be made; a reader's connection refuses them.

    Raises:
        StoreError: It is missing (for a reader) or damaged.
        TooNew: It is newer than this program.
        Outdated: It is older than this program.
    """

    def __init__(self, path: Path, *, writing: bool = False) -> None:
        if not writing and not path.exists():
            raise StoreError(path, "missing. Nothing is lost: archive/ is whole. Run `aggregator rebuild`.")
        self._path = path
        self._engine = engine(path, writing=writing)
        with self._guarded():
            self._connection = self._engine.connect()
            if writing and not sql.inspect(self._connection).get_table_names():
                t.metadata.create_all(self._connection)
                self._connection.execute(t.schema.insert().values(number=t.SCHEMA))
                self._connection.commit()
            self._check_schema()

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make all changes inside the block, or none."""
        with self._guarded():
            try:
                yield
                self._connection.commit()
            except BaseException:
                self._connection.rollback()
                raise

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Inside a transaction: undo the changes of the block alone when it raises."""
        with self._guarded(), self._connection.begin_nested():
            yield

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        """Turn the driver's troubles into ours."""
        try:
            yield
        except sql.exc.DBAPIError as error:
            said, code = str(error.orig), getattr(error.orig, "sqlite_errorcode", 0) & 0xFF
            cannot_write = code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN)
            if cannot_write or (code == sqlite3.SQLITE_IOERR and self._is_full()):
                raise NoSpaceError(
                    f"{self._path}: {said}. All that was reported stored is safe. "
                    "Make room or make the folder writable, then run the command again."
                ) from error
            if code == sqlite3.SQLITE_IOERR:
                raise StoreError(
                    self._path,
                    f"{said}. All that was reported stored is safe in archive/. Look after the disk, then run the "
                    "command again.",
                ) from error
            raise StoreError(
                self._path, f"{said}. Nothing is lost: archive/ is whole. Run `aggregator rebuild`."
            ) from error

    def _is_full(self) -> bool:
        """Whether a failure of the disk may come from want of room: SQLite does not tell, where it cannot sync."""
        return shutil.disk_usage(self._path.parent).free < _SCANT_BYTES

    def _check_schema(self) -> None:
        try:
            number = self._connection.execute(sql.select(sql.func.max(t.schema.c.number))).scalar()
        except sql.exc.OperationalError as error:
            if "no such table" not in str(error.orig):
                raise
            number = 0
        if (number or 0) > t.SCHEMA:
            raise TooNew(
                self._path,
                f"written by a newer program (schema {number}, this one knows {t.SCHEMA}). Nothing was changed. "
                "Upgrade this program.",
            )
        elif (number or 0) < t.SCHEMA:
            raise Outdated(
                f"{self._path}: written by an older program (schema {number or 0}, now {t.SCHEMA}). Nothing is lost. "
                "Run `aggregator rebuild`; the next crawl does it too."
            )

    def _rows(self, query: sql.Select[Any]) -> Sequence[RowMapping]:
        with self._guarded():
            return self._connection.execute(query).mappings().all()

    def _put(self, table: sql.Table, values: list[dict[str, Any]]) -> None:
        """Insert rows, replacing those with the same key."""
        if not values:
            return
        self._connection.execute(_upsert(table, tuple(values[0])), values)

    # --- what the archive holds -------------------------------------------------------------------------------------

    def add_capture(self, capture: Capture) -> None:
        """Note an archived response."""
        self._put(t.captures, [_row(capture)])

    def add_failure(self, failure: Failure) -> None:
        """Note a request that got no answer."""
        self._put(t.failures, [_row(failure)])

    def add_runs(self, runs: Iterable[Run]) -> None:
        """Note the tallies of a pass."""
        self._put(t.runs, [_row(run) for run in runs])

    def catalogued_bytes(self) -> dict[str, int]:
        """Return how far each WARC file has been read."""
        return {r["file"]: r["catalogued_bytes"] for r in self._rows(sql.select(t.progress))}

    def set_catalogued(self, file: str, end: int) -> None:
        """Note that a WARC file has been read up to ``end``."""
        self._put(t.progress, [{"file": file, "catalogued_bytes": end}])

    def capture(self, record_id: str) -> Capture | None:
        """Return the capture of that record; None: there is none."""
        return self._first(Capture, sql.select(t.captures).where(t.captures.c.record_id == record_id))

    def holder(self, record_id: str, url: str, at: datetime | None, payload_digest: str) -> Capture | None:
        """Return the capture that holds the body which a revisit of a foreign file stands for; None: it is not known.

        Args:
            record_id: The record it refers to; empty: it names none.
            url: The address it refers to.
            at: The instant it refers to; None: it names none.
            payload_digest: Of the body; empty: it does not say. It decides where record and address lead nowhere.
        """
        found = self.capture(record_id)
        if found and found.refers_to:
            found = self.capture(found.refers_to)
        c = t.captures.c
        whole = sql.select(t.captures).where(c.refers_to.is_(None), c.truncated.is_(None), c.problem.is_(None))
        if found is None and at:
            found = self._first(Capture, whole.where(c.url == url, c.captured_at == at).order_by(c.record_id))
        if found is None and payload_digest:
            same = whole.where(c.payload_digest == payload_digest)
            found = self._first(Capture, same.order_by(c.captured_at, c.record_id).limit(1))
        return found

    def latest_with_body(self, url: str) -> Capture | None:
        """Return the last readable 200 response archived for an address, not a revisit; None: there is none."""
        c = t.captures.c
        whole = (c.refers_to.is_(None), c.truncated.is_(None), c.problem.is_(None), c.via.is_(None))
        wanted = (c.url == url, c.status == 200, *whole)
        return self._first(Capture, sql.select(t.captures).where(*wanted).order_by(c.captured_at.desc()).limit(1))

    def last_statuses(self, url: str, limit: int) -> list[int]:
        """Return the statuses of the last answers archived for an address, the newest first."""
        c = t.captures.c
        query = sql.select(c.status).where(c.url == url).order_by(c.captured_at.desc()).limit(limit)
        return [r["status"] for r in self._rows(query)]

    def last_at(self, url: str, since: datetime) -> Capture | None:
        """Return the last answer archived for an address if it is not older than an instant; None: there is none."""
        c = t.captures.c
        wanted = sql.select(t.captures).where(c.url == url, c.captured_at >= since)
        return self._first(Capture, wanted.order_by(c.captured_at.desc()).limit(1))

    def last_of_role(self, source_id: str, role: Role) -> datetime | None:
        """Return when an address of a source was last asked for in a role; None: never."""
        c = t.captures.c
        newest = sql.type_coerce(sql.func.max(c.captured_at), t.Instant).label("at")
        found: datetime | None = self._rows(sql.select(newest).where(c.source_id == source_id, c.role == role))[0]["at"]
        return found

    def captures_of(self, article_id: str) -> list[Capture]:
        """Return the captures an article's versions were read from, oldest first."""
        joined = sql.select(t.captures).join(t.versions, t.versions.c.record_id == t.captures.c.record_id)
        return self._all(
            Capture, joined.where(t.versions.c.article_id == article_id).order_by(t.captures.c.captured_at)
        )

    def captures_at(self, url: str) -> list[Capture]:
        """Return every capture of a page's address, also when it led elsewhere, oldest first."""
        c = t.captures.c
        there = sql.or_(c.url == url, c.asked_url == url)
        return self._all(Capture, sql.select(t.captures).where(there, c.role == Role.PAGE).order_by(c.captured_at))

    def versions_read_in(self, folder: str) -> list[tuple[Version, Capture]]:
        """Return the versions first seen in the captures of a folder of ``archive/``, in the order of the files."""
        c = t.captures.c
        query = sql.select(t.versions, c.record_id).join(t.captures, t.versions.c.record_id == c.record_id)
        within = query.where(c.file.startswith(folder + "/", autoescape=True)).order_by(c.file, c.offset)
        versions = self._all(Version, within.with_only_columns(t.versions))
        found: dict[str, Capture] = {}
        for chunk in _chunks([v.record_id for v in versions]):
            rows = self._all(Capture, sql.select(t.captures).where(c.record_id.in_(chunk)))
            found |= {capture.record_id: capture for capture in rows}
        return [(version, found[version.record_id]) for version in versions]

    def first_read(self, source_id: str, limit: int) -> list[Version]:
        """Return the first versions of the articles of a source that were seen first and have a text."""
        a, v = t.articles.c, t.versions.c
        query = sql.select(t.versions).join(t.articles, v.article_id == a.id)
        of_it = query.where(a.source_id == source_id, v.number == 1, v.text != "")
        return self._all(Version, of_it.order_by(a.captured_at, a.id).limit(limit))

    def captures_showing(self, article_ids: Iterable[str]) -> list[Capture]:
        """Return every capture in which one of those articles was seen, "as before" too, in the order of the files."""
        s, c = t.sightings.c, t.captures.c
        found: dict[str, Capture] = {}
        for chunk in _chunks(sorted(article_ids)):
            records = sorted(
                {r["record_id"] for r in self._rows(sql.select(s.record_id).where(s.article_id.in_(chunk)))}
            )
            for some in _chunks(records):
                either = sql.or_(c.record_id.in_(some), c.refers_to.in_(some))
                found |= {
                    capture.record_id: capture for capture in self._all(Capture, sql.select(t.captures).where(either))
                }
        return sorted(found.values(), key=lambda capture: (capture.file, capture.offset))

    def sightings_in(self, record_ids: Iterable[str]) -> list[Sighting]:
        """Return what was seen in those records."""
        chunks = _chunks(sorted(record_ids))
        query = sql.select(t.sightings)
        return [s for c in chunks for s in self._all(Sighting, query.where(t.sightings.c.record_id.in_(c)))]

    def captures(self, source_id: str) -> list[Capture]:
        """Return a source's captures, oldest first."""
        c = t.captures.c
        return self._all(Capture, sql.select(t.captures).where(c.source_id == source_id).order_by(c.captured_at, c.url))

    # --- announced addresses ----------------------------------------------------------------------------------------

    def discovery(self, source_id: str, key: str) -> Discovery | None:
        """Return what was announced about an item; None: it was not."""
        d = t.discoveries.c
        rows = self._rows(sql.select(t.discoveries).where(d.source_id == source_id, d.key == key))
        return Discovery(**{f.name: rows[0][f.name] for f in fields(Discovery)}) if rows else None

    def announce(self, source_id: str, found: Mapping[str, Discovery], found_at: datetime) -> Announced:
        """Take in announced addresses; claims about known ones add up, an announced edit makes one pending again.

        Args:
            source_id: Whose they are.
            found: What was announced, by the key of the item.
            found_at: When.

        Returns:
            How many were not known before, and of how many an edit was.
        """
        edited = 0
        known: dict[str, RowMapping] = {}
        for chunk in _chunks(sorted(found)):
            wanted = (t.discoveries.c.source_id == source_id, t.discoveries.c.key.in_(chunk))
            known |= {r["key"]: r for r in self._rows(sql.select(t.discoveries).where(*wanted))}
        rows = []
        for key, announced in found.items():
            d = announced
            if d.claimed_updated_at and d.claimed_updated_at > found_at + timedelta(days=1):
                d = replace(d, claimed_updated_at=None)  # an edit of the future would hide every real one
            row: dict[str, Any] = {"source_id": source_id, "key": key, **_row(d), "found_at": found_at}
            row |= {"state": "pending", "attempts": 0, "check_at": None}
            if old := known.get(key):
                merged = {**old, **{k: v if old[k] is None else old[k] for k, v in _row(d).items()}}
                if d.url == key:  # the plainest of its addresses is asked for from now on
                    merged["url"] = key
                if _announces_an_edit(d, old):
                    edited += 1
                    merged |= {k: v for k, v in _row(d).items() if v is not None and k.startswith("claimed_")}
                    merged |= {"state": "pending", "attempts": 0, "check_at": None}
                if merged == dict(old):
                    continue
                row = merged
            rows.append(row)
        self._put(t.discoveries, rows)
        return Announced(new=len(found.keys() - known.keys()), edited=edited)

    def pending(
        self, source_id: str, limit: int, *, since: datetime | None = None, until: datetime | None = None
    ) -> list[str]:
        """Return announced addresses to ask for, those that failed least first, then the newest.

        Args:
            source_id: Whose.
            limit: How many, at most.
            since: Leave out what claims to be older; None: leave out none.
            until: Leave out what claims not to be older; None: likewise.
        """
        d = t.discoveries.c
        newest = sql.func.coalesce(d.claimed_at, d.claimed_updated_at, d.found_at).desc()
        query = sql.select(d.url).where(d.source_id == source_id, d.state == "pending")
        if since:
            query = query.where(sql.or_(d.claimed_at.is_(None), d.claimed_at >= since))
        if until:
            query = query.where(sql.or_(d.claimed_at.is_(None), d.claimed_at < until))
        return [r["url"] for r in self._rows(query.order_by(d.attempts, newest, d.key).limit(limit))]

    def count_pending(self, source_id: str) -> int:
        """Return how many announced addresses are still to be asked for."""
        d = t.discoveries.c
        query = sql.select(sql.func.count().label("n")).where(d.source_id == source_id, d.state == "pending")
        return int(self._rows(query)[0]["n"])

    def settle(
        self,
        source_id: str,
        key: str,
        *,
        retry: bool,
        at: datetime,
        law: Callable[[datetime, datetime], datetime | None],
    ) -> None:
        """Note that an announced item was asked for.

        Args:
            source_id: Whose announcement it was.
            key: Of the item.
            retry: Whether it is worth asking again; after ``MAX_ATTEMPTS`` it is not.
            at: When it was asked for.
            law: From when the article was published, or else announced, and ``at`` to when to look at it again; None:
                never.
        """
        d = t.discoveries.c
        which = (d.source_id == source_id, d.key == key)
        for row in self._rows(sql.select(t.discoveries).where(*which)):
            if not retry:
                born = min(row["claimed_at"] or self._claimed_at(source_id, row["key"]) or row["found_at"], at)
                change: dict[str, Any] = {"attempts": 0, "state": "done", "check_at": law(born, at)}
            else:
                tried = row["attempts"] + 1
                change = {"attempts": tried, "state": "given-up" if tried >= MAX_ATTEMPTS else "pending"}
            self._connection.execute(t.discoveries.update().where(*which).values(**change))

    def _claimed_at(self, source_id: str, key: str) -> datetime | None:
        a = t.articles.c
        rows = self._rows(sql.select(a.claimed_at).where(a.key == key, a.source_id == source_id))
        return rows[0]["claimed_at"] if rows else None

    def to_check(self, source_id: str, now: datetime, limit: int) -> list[str]:
        """Return known addresses that are to be looked at again for edits, the longest overdue first."""
        d = t.discoveries.c
        query = sql.select(d.url).where(d.source_id == source_id, d.state == "done", d.check_at <= now)
        return [r["url"] for r in self._rows(query.order_by(d.check_at, d.key).limit(limit))]

    def is_known(self, source_id: str) -> bool:
        """Whether anything was ever announced for a source."""
        d = t.discoveries.c
        return bool(self._rows(sql.select(d.key).where(d.source_id == source_id).limit(1)))

    # --- articles ---------------------------------------------------------------------------------------------------

    def put_article(self, article: Article, key: str, versions: Sequence[Version], credits: Sequence[Credit]) -> None:
        """Store an article as it now is with all its versions, and have it indexed.

        Args:
            article: As it now is.
            key: What all its addresses have in common.
            versions: All of them.
            credits: Of the newest.
        """
        self._put(t.articles, [{**_row(article), "key": key}])
        self._connection.execute(t.versions.delete().where(t.versions.c.article_id == article.id))
        self._put(t.versions, [_row(version) for version in versions])
        self.put_credits(article.id, credits)
        self._put(t.to_index, [{"article_id": article.id}])

    def add_sighting(self, sighting: Sighting) -> None:
        """Note that an article was seen in a capture."""
        self._put(t.sightings, [_row(sighting)])

    def sightings(self, article_id: str) -> list[Sighting]:
        """Return when an article was seen, oldest first."""
        s = t.sightings.c
        query = sql.select(t.sightings).where(s.article_id == article_id)
        return self._all(Sighting, query.order_by(s.captured_at, s.record_id))

    def put_credits(self, article_id: str, credits: Sequence[Credit]) -> None:
        """Store an article's credits in the place of those it had."""
        self._connection.execute(t.credits.delete().where(t.credits.c.article_id == article_id))
        self._put(t.credits, [{"article_id": article_id, **_row(credit)} for credit in credits])

    def article(self, article_id: str) -> Article | None:
        """Return the article of that id; None: there is none."""
        return self._first(Article, sql.select(t.articles).where(t.articles.c.id == article_id))

    def articles(self, ids: Iterable[str]) -> dict[str, Article]:
        """Return the articles of those ids that exist."""
        found: dict[str, Article] = {}
        for chunk in _chunks(list(ids)):
            rows = self._all(Article, sql.select(t.articles).where(t.articles.c.id.in_(chunk)))
            found |= {a.id: a for a in rows}
        return found

    def facts(self, ids: Iterable[str]) -> list[Facts]:
        """Return the facts of those articles that exist, by id."""
        columns = [t.articles.c[f.name] for f in fields(Facts)]
        chunks = _chunks(sorted(ids))
        return [f for chunk in chunks for f in self._all(Facts, sql.select(*columns).where(columns[0].in_(chunk)))]

    def find_articles(self, url: str) -> list[Article]:
        """Return the articles read at an address, at another one of the same item, or where it redirected to."""
        a, c = t.articles.c, t.captures.c
        led = {r["url"] for r in self._rows(sql.select(c.url).where(c.asked_url == url))}
        keys = sorted({key for u in (url, *led) for key in engines.possible_keys(u)})
        return self._all(Article, sql.select(t.articles).where(a.key.in_(keys)).order_by(a.id))

    def addresses_of(self, url: str) -> set[str]:
        """Return every address that led to the page at an address, or was asked for to get there, with its own."""
        c, d = t.captures.c, t.discoveries.c
        asked = self._rows(sql.select(c.url, c.asked_url).where(sql.or_(c.url == url, c.asked_url == url)))
        announced = self._rows(sql.select(d.url).where(d.key.in_(sorted(engines.possible_keys(url)))))
        return {url, *(u for row in asked for u in (row["url"], row["asked_url"])), *(r["url"] for r in announced)}

    def article_ids(self) -> list[str]:
        """Return the ids of all articles."""
        return [r["id"] for r in self._rows(sql.select(t.articles.c.id).order_by(t.articles.c.id))]

    def versions(self, article_id: str) -> list[Version]:
        """Return an article's versions, oldest first."""
        v = t.versions.c
        return self._all(Version, sql.select(t.versions).where(v.article_id == article_id).order_by(v.number))

    def credits(self, article_id: str) -> list[Credit]:
        """Return the credit lines of an article's newest version."""
        c = t.credits.c
        rows = self._rows(sql.select(t.credits).where(c.article_id == article_id).order_by(c.start))
        return [Credit(**{f.name: r[f.name] for f in fields(Credit)}) for r in rows]

    def languages(self) -> list[str]:
        """Return the languages of the articles, the most frequent first."""
        a = t.articles.c
        query = sql.select(a.language).where(a.language.is_not(None)).group_by(a.language)
        return [r["language"] for r in self._rows(query.order_by(sql.func.count().desc(), a.language))]

    # --- matches and clusters ---------------------------------------------------------------------------------------

    def add_grams(self, article_id: str, grams: Iterable[int]) -> None:
        """Add to an article's fingerprint, which spans all its versions."""
        self._put(t.grams, [{"gram": g, "article_id": article_id} for g in grams])

    def sharing(self, grams: Iterable[int], *, at_least: int, limit: int) -> list[str]:
        """Return the articles that share the most grams, ``at_least`` that many."""
        shared: dict[str, int] = {}
        for chunk in _chunks(sorted(grams)):
            g = t.grams.c
            query = (
                sql.select(g.article_id, sql.func.count().label("n")).where(g.gram.in_(chunk)).group_by(g.article_id)
            )
            for row in self._rows(query):
                shared[row["article_id"]] = shared.get(row["article_id"], 0) + row["n"]
        ranked = sorted((-n, article_id) for article_id, n in shared.items() if n >= at_least)
        return [article_id for _, article_id in ranked[:limit]]

    def put_matches(self, matches: Iterable[Match]) -> None:
        """Store matches, replacing those of the same pairs, and join the clusters of what is one text."""
        for match in matches:
            self._put(t.matches, [_row(match)])
            if match.relation is Relation.DUP:
                self._join(match.a, match.b)

    def _join(self, a: str, b: str) -> None:
        c = t.clusters.c
        rows = self._rows(sql.select(t.clusters).where(c.article_id.in_([a, b])))
        old = {r["cluster_id"] for r in rows}
        members = {a, b} | {
            r["article_id"] for r in self._rows(sql.select(c.article_id).where(c.cluster_id.in_(sorted(old))))
        }
        name = min(members)
        self._put(t.clusters, [{"article_id": m, "cluster_id": name} for m in sorted(members)])

    def matches_of(self, article_ids: Iterable[str]) -> list[Match]:
        """Return all matches in which one of those articles takes part."""
        found: dict[tuple[str, str], Match] = {}
        for chunk in _chunks(list(article_ids)):
            m = t.matches.c
            for r in self._rows(sql.select(t.matches).where(sql.or_(m.a.in_(chunk), m.b.in_(chunk)))):
                passages = tuple(Passage(**p) for p in r["passages"])
                values = {**r, "relation": Relation(r["relation"]), "passages": passages}
                found[r["a"], r["b"]] = Match(**{**values, "evidence": tuple(r["evidence"])})
        return [found[pair] for pair in sorted(found)]

    def cluster_ids(self, article_ids: Iterable[str]) -> dict[str, str]:
        """Return the cluster of each of those articles that is in one."""
        c = t.clusters.c
        return {
            r["article_id"]: r["cluster_id"]
            for chunk in _chunks(list(article_ids))
            for r in self._rows(sql.select(t.clusters).where(c.article_id.in_(chunk)))
        }

    def clusters(self, ids: Iterable[str] | None = None) -> list[Cluster]:
        """Return the clusters of those ids, or all of them, each with its probable original."""
        query = sql.select(t.clusters)
        if ids is not None:
            query = query.where(t.clusters.c.cluster_id.in_(list(ids)))
        members: dict[str, list[str]] = {}
        for row in self._rows(query.order_by(t.clusters.c.cluster_id, t.clusters.c.article_id)):
            members.setdefault(row["cluster_id"], []).append(row["article_id"])
        return [Cluster(id=i, members=tuple(m), original=self._original(m)) for i, m in members.items()]

    def _original(self, members: list[str]) -> str | None:
        """Return the one member that nobody had before; None: several are left, or none."""
        dups = [m for m in self.matches_of(members) if m.relation is Relation.DUP and {m.a, m.b} <= set(members)]
        copies = {m.a if m.first == m.b else m.b for m in dups if m.first}
        left = [article_id for article_id in members if article_id not in copies]
        return left[0] if len(left) == 1 else None

    # --- what it was derived by -------------------------------------------------------------------------------------

    def note(self, name: str) -> str | None:
        """Return what was noted under a name; None: nothing was.

        ``naming`` is the digest of the source names that credits were last resolved by, ``generation`` the extractor
        that read the texts.
        """
        rows = self._rows(sql.select(t.notes).where(t.notes.c.name == name))
        return rows[0]["value"] if rows else None

    def set_note(self, name: str, value: str) -> None:
        """Note something, in the place of what was noted under that name."""
        self._put(t.notes, [{"name": name, "value": value}])

    # --- runs -------------------------------------------------------------------------------------------------------

    def runs(self, source_id: str | None = None, *, limit: int = 1000) -> list[Run]:
        """Return the runs of a source, or of all, the newest first."""
        query = sql.select(t.runs).order_by(t.runs.c.started_at.desc(), t.runs.c.source_id).limit(limit)
        return self._all(Run, query.where(t.runs.c.source_id == source_id) if source_id else query)

    def runs_since(self, at: datetime, *, source_id: str | None = None) -> list[Run]:
        """Return the runs that began since an instant, oldest first.

        Args:
            at: That instant.
            source_id: Of which source; None: of all.
        """
        r = t.runs.c
        query = sql.select(t.runs).where(r.started_at >= at).order_by(r.started_at, r.source_id)
        return self._all(Run, query.where(r.source_id == source_id) if source_id else query)

    def last_runs(self) -> dict[str, Run]:
        """Return the newest run of each source."""
        r = t.runs.c
        newest = sql.select(r.source_id, sql.func.max(r.started_at).label("at")).group_by(r.source_id).subquery()
        joined = sql.and_(r.source_id == newest.c.source_id, r.started_at == newest.c.at)
        return {run.source_id: run for run in self._all(Run, sql.select(t.runs).join(newest, joined))}

    def has_completed_run(self, source_id: str) -> bool:
        """Whether a run of a source ever read all that announces articles, and all that was announced."""
        r = t.runs.c
        query = sql.select(r.source_id).where(r.source_id == source_id, r.outcome == Outcome.OK)
        return bool(self._rows(query.limit(1)))

    def last_new(self) -> dict[str, datetime]:
        """Return when each source last gave a new article."""
        a = t.articles.c
        query = sql.select(a.source_id, sql.type_coerce(sql.func.max(a.captured_at), t.Instant).label("at"))
        return {r["source_id"]: r["at"] for r in self._rows(query.group_by(a.source_id))}

    def posted_since(self, at: datetime, source_id: str) -> list[datetime]:
        """Return when the articles of a source were published, as far as they claim it, else seen first."""
        a = t.articles.c
        dated = sql.type_coerce(sql.func.coalesce(a.claimed_at, a.captured_at), t.Instant).label("at")
        return [row["at"] for row in self._rows(sql.select(dated).where(a.source_id == source_id, dated >= at))]

    def article_counts(self) -> dict[str, int]:
        """Return the number of articles of each source."""
        a = t.articles.c
        query = sql.select(a.source_id, sql.func.count().label("n")).group_by(a.source_id)
        return {r["source_id"]: r["n"] for r in self._rows(query)}

    def counts(self) -> dict[str, int]:
        """Return the number of rows of the tables that people ask about."""
        wanted = {"captures": t.captures, "articles": t.articles, "versions": t.versions, "matches": t.matches}
        found = {name: self._count(table) for name, table in wanted.items()}
        found["clusters"] = int(
            self._rows(sql.select(sql.func.count(t.clusters.c.cluster_id.distinct()).label("n")))[0]["n"]
        )
        return found | {"to_index": self._count(t.to_index)}

    def _count(self, table: sql.Table) -> int:
        return int(self._rows(sql.select(sql.func.count().label("n")).select_from(table))[0]["n"])

    # --- the full-text index's errand list --------------------------------------------------------------------------

    def to_index(self) -> list[str]:
        """Return the articles that the full-text index does not hold as they now are."""
        return [r["article_id"] for r in self._rows(sql.select(t.to_index).order_by(t.to_index.c.article_id))]

    def indexed(self, article_ids: Iterable[str]) -> None:
        """Take articles off that list."""
        for chunk in _chunks(list(article_ids)):
            self._connection.execute(t.to_index.delete().where(t.to_index.c.article_id.in_(chunk)))

    def index_all(self) -> None:
        """Put every article on that list."""
        self._put(t.to_index, [{"article_id": i} for i in self.article_ids()])

    def dump(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield every row of every table that is derived from the archive, in a fixed order."""
        for table in t.metadata.sorted_tables:
            if table.name not in t.BOOKKEEPING:
                for row in self._rows(sql.select(table).order_by(*table.primary_key.columns)):
                    yield table.name, dict(row)

    def _first(self, kind: type[_Row], query: sql.Select[Any]) -> _Row | None:
        return next(iter(self._all(kind, query)), None)

    def _all(self, kind: type[_Row], query: sql.Select[Any]) -> list[_Row]:
        names = {f.name for f in fields(kind)}
        return [kind(**{k: _as_kept(k, v) for k, v in row.items() if k in names}) for row in self._rows(query)]


@cache
def _upsert(table: sql.Table, names: tuple[str, ...]) -> Any:
    """Return the statement that inserts or replaces rows of these columns; to build it takes longer than to run it."""
    statement = upsert(table)
    rest = {c.name: statement.excluded[c.name] for c in table.columns if not c.primary_key and c.name in names}
    keys = list(table.primary_key.columns)
    if rest:
        return statement.on_conflict_do_update(index_elements=keys, set_=rest)
    return statement.on_conflict_do_nothing(index_elements=keys)


def _row(value: DataclassInstance) -> dict[str, Any]:
    """Return a dataclass's fields by name; passages, which are dataclasses too, as JSON wants them."""
    row = {f.name: getattr(value, f.name) for f in fields(value)}
    if "passages" in row:
        row["passages"] = [_row(passage) for passage in row["passages"]]
    return row


def _as_kept(name: str, value: Any) -> Any:
    """Give a column's value the type its dataclass states."""
    if name == "role":
        return Role(value)
    if name == "outcome":
        return Outcome(value)
    if name == "failed":
        return [(url, reason) for url, reason in value]
    return tuple(value) if name in ("authors", "problems") else value


def _announces_an_edit(found: Discovery, old: RowMapping) -> bool:
    """Whether a known address is announced with a later edit than before; feed and sitemap may differ, so: later."""
    before = old["claimed_updated_at"]
    return found.claimed_updated_at is not None and (before is None or found.claimed_updated_at > before)


def _chunks(values: list[Any]) -> Iterator[list[Any]]:
    for start in range(0, len(values), _CHUNK):
        yield values[start : start + _CHUNK]


def dump(path: Path) -> list[tuple[str, dict[str, Any]]]:
    """Return what a catalogue file knows, for comparing two of them."""
    with Catalogue(path) as catalogue:
        return list(catalogue.dump())


__all__ = ["Announced", "Catalogue", "dump", "empty_log", "remove", "replace_all"]
