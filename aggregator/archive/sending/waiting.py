"""What could not be uploaded yet, and why: said in ``not-uploaded.json``, for who asks later."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from aggregator import disk
from aggregator.archive.elsewhere import Differs, Unavailable

STATE = "not-uploaded.json"
MAX_WHY = 3
"""Reasons that are told; there may be one a file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """What is not in the bucket yet, or not as it should be."""

    files: int
    bytes: int
    erased: int
    """How many of these are objects of which a version holds what was erased here."""
    since: str
    """ISO 8601, UTC."""
    why: tuple[str, ...]
    """The first reasons."""

    @property
    def words(self) -> str:
        """All of it in a sentence."""
        said = (
            f"not uploaded yet: {self.files:,} files, {self.bytes:,} bytes, since {self.since}: {'; '.join(self.why)}"
        )
        return f"{said}. {self.erased:,} objects may still hold what was erased here" if self.erased else said


def waiting(folder: Path) -> Waiting | None:
    """Return what the last attempt left to be uploaded; None: nothing."""
    try:
        said = json.loads((folder / STATE).read_text(encoding="utf-8"))
        return Waiting(**said | {"why": tuple(said["why"])})
    except (OSError, ValueError, KeyError, TypeError):
        return None


class Attempts:
    """What could not be done, and why. When the bucket could not be had once, nothing more is tried.

    Attributes:
        left: What is still to be uploaded, with its length in bytes.
        why: The reasons.
        erased: How many objects of those left may hold what was erased here.
    """

    def __init__(self, complaints: Sequence[str]) -> None:
        self.left = dict.fromkeys(complaints, 0)
        self.why = list(complaints)
        self.erased = 0
        self._is_down = False

    def do(self, name: str, size: int, work: Callable[[], None]) -> bool:
        """Return whether some work was done."""
        try:
            if not self._is_down:
                work()
                return True
        except Differs as error:
            self.why.append(str(error))
        except Unavailable as error:
            self.why.append(str(error))
            self._is_down = True
        self.left[name] = size
        return False


def say(folder: Path, tried: Attempts) -> Waiting | None:
    """Note what is waiting, for who asks later; where nothing is, that is said by no file."""
    path = folder / STATE
    if not tried.left:
        disk.remove(path)
        return None
    before = waiting(folder)
    found = Waiting(
        files=len(tried.left),
        bytes=sum(tried.left.values()),
        erased=tried.erased,
        since=before.since if before else f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        why=tuple(dict.fromkeys(tried.why))[:MAX_WHY],
    )
    disk.put(path, json.dumps(asdict(found), ensure_ascii=False).encode())
    return found
