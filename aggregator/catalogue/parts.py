"""The parts of bulk work that are done: one row for each job, segment and version of the code."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sql

from aggregator.catalogue import tables as t
from aggregator.catalogue.opened import Opened


class Parts(Opened):
    """What bulk work has done so far; what it raises is said in ``Opened``."""

    def parts(self, job: str, version: str) -> dict[str, str]:
        """Return the SHA-256 of every part that is done, by the name of its segment."""
        of_it = sql.and_(t.parts.c.job == job, t.parts.c.version == version)
        return {row["segment"]: row["sha256"] for row in self._rows(sql.select(t.parts).where(of_it))}

    def put_parts(self, job: str, version: str, done: Iterable[tuple[str, int, str]]) -> None:
        """Note parts as done: the name of the segment, how many lines there are, and the SHA-256 of the file."""
        rows = [dict(job=job, version=version, segment=name, rows=count, sha256=sha) for name, count, sha in done]
        self._put(t.parts, rows)

    def forget_parts(self) -> None:
        """Forget all parts: what they were made for is done."""
        self._connection.execute(t.parts.delete())
