"""What is learned of a source once and for all: the lines that its pages share. Kept as events of the archive."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path

from aggregator.catalogue import Catalogue
from aggregator.decisions import Decisions
from aggregator.extract import furniture

_LEARNED = "learned"


def learned(archive: Path) -> dict[str, tuple[str, ...]]:
    """Return the digests of the lines that are furniture, by source; of sources of which nothing was learned, nothing.

    Args:
        archive: The folder ``archive/``.
    """
    return {
        event.said["source"]: tuple(event.said["lines"])
        for event in Decisions(archive).events(_LEARNED, everywhere=True)
    }


def learn(
    archive: Path, catalogue: Catalogue, sources: Iterable[str], known: Mapping[str, object], now: datetime
) -> bool:
    """Learn the furniture of the sources that have articles enough, and of which it was not learned before.

    Args:
        archive: The folder ``archive/``.
        catalogue: Of the home; its texts were read without furniture of these sources.
        sources: Their ids.
        known: Of which it was learned, by source.
        now: When that is.

    Returns:
        Whether texts are to be read anew: of some source there was any.
    """
    found_any = False
    for source_id in sources:
        if source_id in known:
            continue
        first = catalogue.first_read(source_id, furniture.LEARNED_FROM)
        if len(first) < furniture.LEARNED_FROM:
            continue
        lines = furniture.shared_by(version.text for version in first)
        said = {"source": source_id, "captures": [version.record_id for version in first], "lines": list(lines)}
        Decisions(archive).append(_LEARNED, said, now=now)
        found_any |= bool(lines)
    return found_any
