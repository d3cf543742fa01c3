"""The tree of errors.

    AggregatorError                     exit code
    ├── UsageError                      2   the command or a query makes no sense
    │   └── SourcesError                2   sources.yaml is refused: every complaint, with its line
    ├── UnknownIdError                  1   no article or address of that name in the home
    │   └── WithdrawnError              1   there was one, and a decision withdraws it
    ├── StoreError                      3   archive/ or index/ is damaged or missing
    │   ├── Unreachable                 3   a file is kept elsewhere only, and cannot be read there now
    │   └── TooNew                      3   the catalogue was written by a newer program
    ├── Outdated                        3   the catalogue was written by an older program
    ├── NoSpaceError                    4   the disk is full, nearly full or read-only
    ├── BusyError                       5   another writer holds the home
    ├── FetchError                      -   one page could not be had: counted, never ends a run
    └── ExtractError                    -   one page could not be read: counted, never ends a run

A message says what happened, to what, whether anything is lost, and what to do next.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar


class AggregatorError(Exception):
    """Anything this program says instead of a traceback."""

    exit_code: ClassVar[int] = 1


class UsageError(AggregatorError):
    """The command or the query makes no sense as it stands."""

    exit_code = 2


@dataclass(frozen=True, slots=True, order=True)
class Complaint:
    """One thing wrong in a file a person edits; line and column count from 1."""

    line: int
    column: int
    message: str


class SourcesError(UsageError):
    """sources.yaml is refused; nothing was read from it.

    Attributes:
        path: The file.
        complaints: Everything wrong in it, in the order of its lines.
    """

    def __init__(self, path: Path, complaints: tuple[Complaint, ...]) -> None:
        self.path = path
        self.complaints = complaints
        super().__init__("\n".join(f"{path}:{c.line}:{c.column}: {c.message}" for c in complaints))


class UnknownIdError(AggregatorError):
    """The home knows no article, address or source of that name."""


class WithdrawnError(UnknownIdError):
    """What was asked for is withdrawn by a decision.

    Attributes:
        is_erased: Whether it is to be gone for good; else it is hidden.
    """

    def __init__(self, message: str, *, is_erased: bool) -> None:
        self.is_erased = is_erased
        super().__init__(message)


class StoreError(AggregatorError):
    """archive/ or index/ is damaged or missing.

    Attributes:
        path: The file or folder meant, or the server.
    """

    exit_code = 3

    def __init__(self, path: object, message: str) -> None:
        self.path = path
        super().__init__(f"{path}: {message}")


class Unreachable(StoreError):
    """A file is kept elsewhere only, and cannot be read there now; the message names the server, for the operator."""


class TooNew(StoreError):
    """The catalogue was written by a newer program; it is left alone."""


class Outdated(AggregatorError):
    """The catalogue was written by an older program: the next writer rebuilds it."""

    exit_code = 3


class NoSpaceError(AggregatorError):
    """The disk is full, nearly full or read-only; what was reported stored is safe."""

    exit_code = 4


class BusyError(AggregatorError):
    """Another writer holds the home.

    Args:
        home: The home, or the catalogue on a server.
        pid: Its process id; None when it could not be read.
        outcome: What that means for the one who waits.

    Attributes:
        pid: As given.
    """

    exit_code = 5

    def __init__(
        self,
        home: object,
        pid: int | None,
        outcome: str = "Nothing was changed. Wait for it to end, or use --wait SECONDS.",
    ) -> None:
        self.pid = pid
        who = f"process {pid}" if pid else "another process"
        super().__init__(f"{home}: {who} is writing here. {outcome}")


class FetchError(AggregatorError):
    """The page could not be had.

    Attributes:
        url: The address as it was asked for.
        reason: What happened, in words.
        retryable: Whether a later run may succeed.
        was_asked: Whether anybody was asked for it; if not, this says nothing of the page.
    """

    def __init__(self, url: str, reason: str, *, retryable: bool, was_asked: bool = True) -> None:
        self.url = url
        self.reason = reason
        self.retryable = retryable
        self.was_asked = was_asked
        super().__init__(f"{url}: {reason}")


class ExtractError(AggregatorError):
    """The page could not be read; its capture is kept.

    Attributes:
        url: The address of the page.
    """

    def __init__(self, url: str, reason: str) -> None:
        self.url = url
        self.reason = reason
        super().__init__(f"{url}: {reason}")
