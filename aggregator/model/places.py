"""Where the catalogue is, when it is no file of the home."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Server:
    """A catalogue on a PostgreSQL server.

    It is made of what stands in ``index/`` otherwise, and may be deleted like that.
    """

    address: str
    """``postgresql://user@host/database``, without a password: that is in the usual places of PostgreSQL's programs."""
    schema: str = "aggregator"
    """The schema of the database that its tables are in."""

    def __str__(self) -> str:
        return f"{self.address} ({self.schema})"

    @property
    def name(self) -> str:
        """What it is called where files are listed by their names."""
        return str(self)


__all__ = ["Server"]
