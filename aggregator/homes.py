"""A home as its sources.yaml has it: where its catalogue is stands there."""

from __future__ import annotations

from pathlib import Path

from aggregator.home import Home

_SERVER = b"postgres"
"""In a sources.yaml without this word the catalogue is a file; then it needs not be understood."""


def at(root: Path) -> Home:
    """Return the home in a folder; whether it is one is not asked.

    Raises:
        SourcesError: sources.yaml may say that the catalogue is on a server, and is refused.
    """
    home = Home(root)
    try:
        written = home.sources_yaml.read_bytes()
    except OSError:  # who needs it says so
        return home
    if _SERVER not in written:
        return home
    from aggregator import sources  # slow to import, and most homes do without

    said = sources.understood(written, home.sources_yaml).settings.catalogue
    return home if said == "sqlite" else Home(root, server=said)
