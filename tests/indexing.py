"""The engines that an index can be written with, and the one place where tests open a writer of each."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from aggregator import index
from aggregator.model import Article

ENGINES = index.ENGINES
"""Each test of an engine runs for all of them."""


def opened(folder: Path, engine: str) -> index.Writer:
    """A writer of an index, which is made when it is missing or must be made anew."""
    return index.Writer(folder, engine)


def indexed(folder: Path, engine: str, those: Iterable[Article]) -> None:
    """Make an index of articles, in the place of what is there."""
    shutil.rmtree(folder, ignore_errors=True)
    writer = opened(folder, engine)
    writer.put(those)
    writer.sign()
    writer.close()
