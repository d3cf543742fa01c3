"""What the archive holds: captures, and how far their files were read."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

import sqlalchemy as sql

from aggregator.catalogue import tables as t
from aggregator.catalogue.opened import Opened, as_kind, as_row, in_chunks
from aggregator.model import Capture, Failure, Role, Run, Sighting, Version

_SHOWN = (Role.PAGE, Role.REQUISITE, Role.OTHER)
"""What may be replayed: not what was asked for to find articles."""


class Captures(Opened):
    """Captures and failures."""

    def add_capture(self, capture: Capture) -> None:
        """Note an archived response."""
        self._put(t.captures, [as_row(capture)])

    def add_failure(self, failure: Failure) -> None:
        """Note a request that got no answer."""
        self._put(t.failures, [as_row(failure)])

    def add_runs(self, runs: Iterable[Run]) -> None:
        """Note the tallies of a pass."""
        self._put(t.runs, [as_row(run) for run in runs])

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

    def captures_read(self, article_ids: Iterable[str]) -> dict[tuple[str, int], Capture]:
        """Return the capture that each version of some articles was read from, by article and number."""
        v = t.versions.c
        found: dict[tuple[str, int], Capture] = {}
        joined = sql.select(t.captures, v.article_id, v.number).join(t.versions, v.record_id == t.captures.c.record_id)
        for chunk in in_chunks(sorted(set(article_ids))):
            for row in self._rows(joined.where(v.article_id.in_(chunk))):
                found[row["article_id"], row["number"]] = as_kind(Capture, row)
        return found

    def captures_at(self, url: str) -> list[Capture]:
        """Return every capture of a page's address, also when it led elsewhere, oldest first."""
        c = t.captures.c
        there = sql.or_(c.url == url, c.asked_url == url)
        return self._all(Capture, sql.select(t.captures).where(there, c.role == Role.PAGE).order_by(c.captured_at))

    def captures_at_each(self, urls: Collection[str]) -> dict[str, list[Capture]]:
        """Return every capture of each of some pages' addresses, as of one address alone."""
        c = t.captures.c
        found: dict[str, list[Capture]] = {url: [] for url in urls}
        for chunk in in_chunks(sorted(urls)):
            there = sql.or_(c.url.in_(chunk), c.asked_url.in_(chunk))
            query = sql.select(t.captures).where(there, c.role == Role.PAGE).order_by(c.captured_at)
            for capture in self._all(Capture, query):
                for url in {capture.url, capture.asked_url}.intersection(chunk):
                    found[url].append(capture)
        return found

    def copies_at(self, url: str) -> list[Capture]:
        """Return every capture of a page, or of what is kept beside pages, at just that address; oldest first."""
        c = t.captures.c
        there = sql.select(t.captures).where(c.url == url, c.role.in_(_SHOWN))
        return self._all(Capture, there.order_by(c.captured_at, c.record_id))

    def has_copies(self, urls: Collection[str]) -> bool:
        """Whether there is a capture of a page, or of what is kept beside pages, at an address, other than an error."""
        c = t.captures.c
        there = sql.select(c.record_id).where(c.url.in_(urls), c.role.in_(_SHOWN), c.status < 400)
        return bool(self._rows(there.limit(1)))

    def versions_read_in(self, folder: str) -> list[tuple[Version, Capture]]:
        """Return the versions first seen in the captures of a folder of ``archive/``, in the order of the files."""
        c = t.captures.c
        query = sql.select(t.versions, c.record_id).join(t.captures, t.versions.c.record_id == c.record_id)
        within = query.where(c.file.startswith(folder + "/", autoescape=True)).order_by(c.file, c.offset)
        versions = self._all(Version, within.with_only_columns(t.versions))
        found: dict[str, Capture] = {}
        for chunk in in_chunks([v.record_id for v in versions]):
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
        for chunk in in_chunks(sorted(article_ids)):
            records = sorted(
                {r["record_id"] for r in self._rows(sql.select(s.record_id).where(s.article_id.in_(chunk)))}
            )
            for some in in_chunks(records):
                either = sql.or_(c.record_id.in_(some), c.refers_to.in_(some))
                found |= {
                    capture.record_id: capture for capture in self._all(Capture, sql.select(t.captures).where(either))
                }
        return sorted(found.values(), key=lambda capture: (capture.file, capture.offset))

    def sightings_in(self, record_ids: Iterable[str]) -> list[Sighting]:
        """Return what was seen in those records."""
        chunks = in_chunks(sorted(record_ids))
        query = sql.select(t.sightings)
        return [s for c in chunks for s in self._all(Sighting, query.where(t.sightings.c.record_id.in_(c)))]

    def captures(self, source_id: str) -> list[Capture]:
        """Return a source's captures, oldest first."""
        c = t.captures.c
        return self._all(Capture, sql.select(t.captures).where(c.source_id == source_id).order_by(c.captured_at, c.url))
