"""What sources.yaml says, read again only when the file has changed: a page should not wait for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from aggregator import sources
from aggregator.errors import SourcesError
from aggregator.home import Home
from aggregator.model import Following


def following_of(home: Home) -> Following:
    """Return what the home's sources.yaml says.

    Raises:
        SourcesError: It is missing or refused.
    """
    try:
        found = home.sources_yaml.stat()
    except OSError:
        return sources.load(home.sources_yaml)  # which says what is the matter
    return _loaded(home.sources_yaml, found.st_ino, found.st_mtime_ns, found.st_size)


def contact_of(home: Home) -> str | None:
    """Return how those who run the home are reached, a mail or web address; None: nobody says, or it is refused."""
    try:
        return following_of(home).settings.contact
    except SourcesError:
        return None


def names_of(home: Home) -> dict[str, str]:
    """Return what the sources of sources.yaml are called, by id; of none if it is refused."""
    try:
        return told_apart({source.id: source.name for source in following_of(home).sources})
    except SourcesError:
        return {}


def told_apart(names: Mapping[str, str]) -> dict[str, str]:
    """Return names by id, each that several have with the id behind it."""
    counts = Counter(names.values())
    return {of: f"{name} ({of})" if counts[name] > 1 else name for of, name in names.items()}


@lru_cache(maxsize=4)
def _loaded(path: Path, inode: int, changed_at_ns: int, size_bytes: int) -> Following:
    return sources.load(path)
