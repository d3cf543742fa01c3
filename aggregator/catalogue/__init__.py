"""The database: what is known and how it relates. The only room that speaks SQL.

SQLite in WAL mode with ``synchronous=FULL``, or PostgreSQL: a committed row survives a power cut, and readers never
wait for the writer. The catalogue is derived from ``archive/``; delete it and ``aggregator rebuild`` makes it again.

    tables.py         what is kept
    places.py         where it is: a file, or a server
    files.py          a file of SQLite
    servers.py        a schema of PostgreSQL
    migrations/       what brings that up to date
    opened.py         an open one: its troubles, its transactions
    captures.py  announcements.py  articles.py  matches.py  runs.py  newest.py      what is asked of it
    requisites.py     what pages need to be seen
    coverage.py       how much of what was announced is there
    copying.py        all of it, to another place
    nodes.py  leases.py      several crawlers that share it: what each lacks, and who asks which host
    parts.py          how far bulk work is
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sql

from aggregator.catalogue import tables as t
from aggregator.catalogue.announcements import MAX_ATTEMPTS, Announced, Announcements
from aggregator.catalogue.articles import Articles
from aggregator.catalogue.captures import Captures
from aggregator.catalogue.copying import copy
from aggregator.catalogue.leases import Lease, Leases
from aggregator.catalogue.matches import Matches
from aggregator.catalogue.newest import Newest
from aggregator.catalogue.parts import Parts
from aggregator.catalogue.places import alone, empty_log, exists, remove, replace
from aggregator.catalogue.requisites import FRESH, NeededBy
from aggregator.catalogue.runs import Runs
from aggregator.model import Server

UNTRANSLATED = "untranslated"
"""The note that says why no model is asked for translations although there is to be one; none, or empty: one is."""


class Catalogue(Captures, NeededBy, Announcements, Articles, Matches, Runs, Newest, Parts):
    """An open catalogue; what it raises is said in ``Opened``."""

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

    def dump(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield every row of every table that is derived from the archive, in a fixed order."""
        for table in t.metadata.sorted_tables:
            if table.name not in t.BOOKKEEPING:
                for row in self._rows(sql.select(table).order_by(*table.primary_key.columns)):
                    yield table.name, dict(row)


def dump(place: Path | Server) -> list[tuple[str, dict[str, Any]]]:
    """Return what a catalogue knows, for comparing two of them."""
    with Catalogue(place) as catalogue:
        return list(catalogue.dump())


__all__ = [
    "FRESH",
    "MAX_ATTEMPTS",
    "UNTRANSLATED",
    "Announced",
    "Catalogue",
    "Lease",
    "Leases",
    "alone",
    "copy",
    "dump",
    "empty_log",
    "exists",
    "remove",
    "replace",
]
