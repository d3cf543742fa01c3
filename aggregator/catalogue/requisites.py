"""What pages need to be seen, and which pages need it: pictures and style sheets, and what these lead to."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

import sqlalchemy as sql

from aggregator.catalogue import tables as t
from aggregator.catalogue.announcements import MAX_ATTEMPTS
from aggregator.catalogue.opened import Opened, in_chunks
from aggregator.model import Capture, Requisites, Role

FRESH = timedelta(days=30)
"""A picture or style sheet that was captured so recently is not asked for again; and for so long it is tried to have
what a page names."""
_BUSY = (408, 425, 429)
"""Client errors that may be gone the next time (RFC 9110); so may every 5xx. One who refuses a picture goes on to."""
_BETWEEN = (Role.FEED, Role.FRONT, Role.LISTING, Role.PAGE, Role.ROBOTS, Role.SITEMAP)
"""What is no requisite, whatever page names it as one."""


class NeededBy(Opened):
    """Requisites."""

    def add_requisites(self, what: Requisites) -> None:
        """Note what a capture needs to be seen."""
        said = {
            "record_id": what.record_id,
            "of_url": what.url,
            "of_page": what.role is Role.PAGE,
            "source_id": what.source_id,
            "noted_at": what.noted_at,
            "fresh_since": what.noted_at - FRESH,
        }
        self._put(t.requisites, [said | {"url": url} for url in what.named])

    def last_named(self, url: str, since: datetime) -> set[str]:
        """Return what was last noted that an address needs, if that was not before an instant; empty: nothing was."""
        r = t.requisites.c
        last = sql.select(r.record_id).where(r.of_url == url, r.noted_at >= since)
        newest = last.order_by(r.noted_at.desc(), r.record_id).limit(1).scalar_subquery()
        return {row["url"] for row in self._rows(sql.select(r.url).where(r.record_id == newest))}

    def requisites_due(self, source_id: str, now: datetime, limit: int) -> list[str]:
        """Return what pages of a source need and was not had since nor shortly before, the oldest first.

        Given up is what failed for good or, since a page named it, ``MAX_ATTEMPTS`` times; and what was named longer
        ago than ``FRESH``.
        """
        r, c, f = t.requisites.c, t.captures.c, t.failures.c
        answers = (c.url == r.url, c.captured_at >= r.noted_at)
        failures = (f.source_id == r.source_id, f.url == r.url, f.failed_at >= r.noted_at)
        may_pass = sql.or_(c.status.in_(_BUSY), c.status >= 500, c.truncated.is_not(None), c.problem.is_not(None))
        is_settled = sql.or_(sql.exists().where(*answers, ~may_pass), sql.exists().where(*failures, ~f.retryable))
        answered, failed = (
            sql.select(sql.func.count()).select_from(table).where(*those).correlate(t.requisites).scalar_subquery()
            for table, those in ((t.captures, answers), (t.failures, failures))
        )
        whole = (c.status < 400, c.truncated.is_(None), c.problem.is_(None))
        had = sql.exists().where(c.url == r.url, c.captured_at >= r.fresh_since, *whole)
        query = sql.select(r.url, sql.func.min(r.noted_at).label("at")).where(
            r.source_id == source_id, r.noted_at >= now - FRESH, ~is_settled, answered + failed < MAX_ATTEMPTS, ~had
        )
        return [row["url"] for row in self._rows(query.group_by(r.url).order_by("at", r.url).limit(limit))]

    def is_of_page(self, url: str) -> bool:
        """Whether a page itself names a requisite, not only a style sheet."""
        r = t.requisites.c
        return bool(self._rows(sql.select(r.url).where(r.url == url, r.of_page).limit(1)))

    def needed_for(self, urls: Iterable[str]) -> set[str]:
        """Return all that the captures at some addresses ever needed, with what that led to."""
        r = t.requisites.c
        found: set[str] = set()
        ahead = set(urls)
        while ahead:
            named: set[str] = set()
            for chunk in in_chunks(sorted(ahead)):
                named |= {row["url"] for row in self._rows(sql.select(r.url).distinct().where(r.of_url.in_(chunk)))}
            ahead = named - found
            found |= ahead
        return found

    def pages_needing(self, url: str, limit: int) -> list[str]:
        """Return the addresses of the pages that need a requisite, the newest first, at most so many."""
        r = t.requisites.c
        pages: dict[str, None] = {}
        seen: set[str] = set()
        ahead = {url}
        while ahead and len(pages) < limit:
            seen |= ahead
            through: set[str] = set()
            for chunk in in_chunks(sorted(ahead)):
                last = sql.func.max(r.noted_at).label("at")
                query = sql.select(r.of_url, r.of_page, last).where(r.url.in_(chunk)).group_by(r.of_url, r.of_page)
                for row in self._rows(query.order_by(sql.desc("at"), r.of_url).limit(limit)):
                    if row["of_page"]:
                        pages[row["of_url"]] = None
                    else:
                        through.add(row["of_url"])
            ahead = through - seen
        return list(pages)[:limit]

    def notes_at(self, url: str) -> list[tuple[str, datetime]]:
        """Return which captures at an address it was noted of what they need, and when, the oldest first.

        A capture that needs what the one before it did has no note of its own.
        """
        r = t.requisites.c
        query = sql.select(r.record_id, r.noted_at).distinct().where(r.of_url == url).order_by(r.noted_at, r.record_id)
        return [(row["record_id"], row["noted_at"]) for row in self._rows(query)]

    def needed_only_by(self, urls: Collection[str]) -> set[str]:
        """Return what the pages at some addresses need and no other page does."""
        return self.needed_only_in({record for url in urls for record, _ in self.notes_at(url)})

    def needed_only_in(self, records: Collection[str]) -> set[str]:
        """Return what some captures are noted to need, with what that leads to, and nothing else does."""
        r, c = t.requisites.c, t.captures.c
        named: set[str] = set()
        for chunk in in_chunks(sorted(records)):
            named |= {row["url"] for row in self._rows(sql.select(r.url).where(r.record_id.in_(chunk)))}
        own = named | self.needed_for(named)
        for chunk in in_chunks(sorted(own)):
            other = sql.select(c.url).distinct().where(c.url.in_(chunk), c.role.in_(_BETWEEN))
            own -= {row["url"] for row in self._rows(other)}
        left: set[str] = set()
        while own != left:
            left = set(own)
            for url in left:
                named_by = self._rows(sql.select(r.record_id, r.of_url).where(r.url == url))
                if not all(row["record_id"] in records or row["of_url"] in own for row in named_by):
                    own.discard(url)
        return own

    def named_only_by(self, record_ids: Collection[str]) -> set[str]:
        """Return what is kept beside pages that the captures in some records name, and no other capture does."""
        r, c = t.requisites.c, t.captures.c
        kept = sql.exists().where(c.url == r.url, c.role == Role.REQUISITE)
        named: set[str] = set()
        for chunk in in_chunks(sorted(record_ids)):
            query = sql.select(r.url).distinct().where(r.record_id.in_(chunk), kept)
            named |= {row["url"] for row in self._rows(query)}
        others: set[str] = set()
        for chunk in in_chunks(sorted(named)):
            rows = self._rows(sql.select(r.url, r.record_id).where(r.url.in_(chunk)))
            others |= {row["url"] for row in rows if row["record_id"] not in record_ids}
        return named - others

    def requisite_bytes(self, urls: Iterable[str]) -> int:
        """Return how many bytes of the archive the captures of some requisites take, of each the largest."""
        c = t.captures.c
        largest = sql.select(sql.func.max(c.length).label("n")).where(c.role == Role.REQUISITE).group_by(c.url)
        chunks = in_chunks(sorted(urls))
        return sum(row["n"] for chunk in chunks for row in self._rows(largest.where(c.url.in_(chunk))))

    def captures_of_requisites(self, urls: Iterable[str]) -> list[Capture]:
        """Return every capture of what the captures at some addresses need, in the order of the files."""
        c = t.captures.c
        chunks = in_chunks(sorted(self.needed_for(urls)))
        query = sql.select(t.captures).where(c.role == Role.REQUISITE)
        found = [capture for chunk in chunks for capture in self._all(Capture, query.where(c.url.in_(chunk)))]
        return sorted(found, key=lambda capture: (capture.file, capture.offset))
