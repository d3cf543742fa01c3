"""Which sources not everybody may see: what sources.yaml says of them, and what it last said of those it no longer has.

    sources.yaml -> compared with what was noted last -> what is new is noted (event) -> in force

It is noted in the events of the archive, which outlive the list, the index and a rebuild. A source that is taken out
of the file, or a file that is lost, so opens nothing: only an entry that says otherwise does, or a person's word. What
closes more is in force at once; what opens, when the file has not been written to for some seconds: who reads it while
an editor writes may find an entry without its last lines. Every way out asks here.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from aggregator import urls
from aggregator.decisions import NAME, Decisions, Event, Stand
from aggregator.errors import Complaint, NoSpaceError, SourcesError, StoreError, UnknownIdError, UsageError
from aggregator.home import Home
from aggregator.model import Access, Article, Capture, Source

_KIND = "access"
_WORDS = (b"access", b"risk")
"""In a sources.yaml that has neither no source is restricted."""
SETTLED_S = 5.0
"""A sources.yaml that was not written to for so long is whole: then it may open a source, too."""
_CLOSING = (Access.PUBLIC, Access.STAFF, Access.DARK)
_noting = threading.Lock()
_unnoted: dict[Path, Mapping[str, Restriction]] = {}
"""What the sources.yaml of homes said that cannot be written to: in force as long as this process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Restriction:
    """Who may see the articles of a source, and whether anything may lead to its copies."""

    source_id: str
    access: Access = Access.PUBLIC
    until: datetime | None = None
    """When that ends and everybody may see them; None: it does not."""
    no_links: bool = False
    """Whether no public permalink, feed or replay may lead to its copies; ``until`` does not end that."""
    sites: frozenset[str] = frozenset()
    """Its hosts, without ``www.``, for captures of imports, which say of no source that they are its."""

    @property
    def restricts(self) -> bool:
        """Whether it is one: not everybody may see everything, or might before it ended."""
        return self.access is not Access.PUBLIC or self.no_links

    def is_closed(self, now: datetime, *, leaving: bool) -> bool:
        """Whether its articles are withheld: dark ones everywhere, those for staff where they would leave the home."""
        if self.until and now >= self.until:
            return False
        return self.access is Access.DARK or (leaving and self.access is Access.STAFF)


@dataclass(frozen=True, slots=True)
class Unlinked:
    """The sources to whose copies nothing may lead."""

    ids: frozenset[str]
    sites: frozenset[str]

    @classmethod
    def of(cls, restrictions: Collection[Restriction]) -> Unlinked:
        """Return those of some restrictions."""
        sites = frozenset(site for one in restrictions for site in one.sites)
        return cls(frozenset(one.source_id for one in restrictions), sites)

    def has(self, capture: Capture) -> bool:
        """Whether a capture is of one of them; imports may not say whose they are."""
        return capture.source_id in self.ids or (not capture.source_id and urls.site(capture.url) in self.sites)

    def has_any(self, articles: Iterable[Article]) -> bool:
        """Whether any of some articles is of one of them."""
        return any(article.source_id in self.ids for article in articles)

    def __bool__(self) -> bool:
        return bool(self.ids)


def restricted(home: Home) -> list[Restriction]:
    """Return the restrictions in force; what sources.yaml says anew is noted.

    Most homes have none; then sources.yaml need not be understood to be read from.

    Raises:
        SourcesError: sources.yaml cannot be read; or it is refused, and says something about access.
        StoreError: The events cannot be read.
    """
    before = {**noted(home), **_unnoted.get(home.sources_yaml, {})}
    try:
        written, written_at_s = home.sources_yaml.read_bytes(), home.sources_yaml.stat().st_mtime
    except FileNotFoundError:
        return _restricting(before)
    except OSError as error:  # it may close what was open until now
        complaint = Complaint(1, 1, f"the file cannot be read: {error.strerror}")
        raise SourcesError(home.sources_yaml, (complaint,)) from error
    says_something = any(word in written for word in _WORDS)
    if not (before or says_something):
        return []
    try:
        listed = _listed(home.sources_yaml, written)
    except SourcesError:
        if says_something:
            raise
        return _restricting(before)
    is_settled = abs(time.time() - written_at_s) >= SETTLED_S
    strict = {i: one if is_settled else _stricter(before.get(i), one) for i, one in listed.items()}
    _note_changes(home, {i: one for i, one in listed.items() if strict[i] == one})
    return _restricting({**before, **strict})


def note(home: Home) -> None:
    """Note what sources.yaml restricts, for the time when it no longer says so; of one that is refused, nothing.

    Raises:
        StoreError: The events cannot be read.
    """
    try:
        restricted(home)
    except SourcesError:  # who writes goes on with the last good one; nobody is shown anything
        return


def noted(home: Home) -> Mapping[str, Restriction]:
    """Return what was noted last of each source of which anything was, by its id.

    Raises:
        StoreError: The events cannot be read.
    """
    at = Decisions(home.archive).stand()
    return _noted(home.archive, at) if at else {}


def forgotten(home: Home) -> list[Restriction]:
    """Return the restrictions in force of sources that sources.yaml does not have.

    Raises:
        SourcesError: It is missing, unreadable or refused.
        StoreError: The events cannot be read.
    """
    from aggregator import sources

    listed = {source.id for source in sources.load(home.sources_yaml).sources}
    return [one for one in restricted(home) if one.source_id not in listed]


def open_source(home: Home, source_id: str, *, by: str, now: datetime) -> None:
    """Let everybody see the articles of a source that sources.yaml no longer has.

    Args:
        home: Whose.
        source_id: Which.
        by: Who decided.
        now: When.

    Raises:
        UnknownIdError: Nothing restricts it.
        UsageError: sources.yaml has it, and is what decides.
        SourcesError: sources.yaml is missing, unreadable or refused.
        NoSpaceError: The disk is full or read-only; nothing was decided.
        StoreError: The events cannot be read.
    """
    from aggregator import sources

    if sources.load(home.sources_yaml).source(source_id):
        raise UsageError(
            f"{source_id} is in {home.sources_yaml}: who may see it is decided there. Nothing was changed."
        )
    if source_id not in {one.source_id for one in forgotten(home)}:
        raise UnknownIdError(f"{source_id}: no source of that id is restricted. `aggregator sources list` shows them.")
    Decisions(home.archive).append(_KIND, {**_said(Restriction(source_id=source_id)), "by": by}, now=now)


def _restricting(known: Mapping[str, Restriction]) -> list[Restriction]:
    return [one for one in known.values() if one.restricts]


@lru_cache(maxsize=4)
def _listed(path: Path, written: bytes) -> Mapping[str, Restriction]:
    """Return what a sources.yaml says of each source that it has."""
    from aggregator import sources

    return MappingProxyType({source.id: _of(source) for source in sources.understood(written, path).sources})


def _of(source: Source) -> Restriction:
    if source.access is Access.PUBLIC and not source.no_links:
        return Restriction(source_id=source.id)
    sites = frozenset(map(urls.site, (source.url, *(f"//{mirror}" for mirror in source.mirrors))))
    return Restriction(
        source_id=source.id, access=source.access, until=source.access_until, no_links=source.no_links, sites=sites
    )


def _stricter(before: Restriction | None, now: Restriction) -> Restriction:
    """Return what neither of two opens more than the other."""
    if before is None:
        return now
    ends = [one.until for one in (before, now) if one.access is not Access.PUBLIC]
    return Restriction(
        source_id=now.source_id,
        access=max(before.access, now.access, key=_CLOSING.index),
        until=max((end for end in ends if end), default=None) if None not in ends else None,
        no_links=before.no_links or now.no_links,
        sites=before.sites | now.sites,
    )


def _note_changes(home: Home, listed: Mapping[str, Restriction]) -> None:
    """Note what the file says and was not noted; where nothing can be written, it is in force as long as the process.

    What it said before, and could not be noted either, goes with it: it may have been taken out since.
    """
    listed = {**_unnoted.get(home.sources_yaml, {}), **listed}
    if not _changes(noted(home), listed) or not home.archive.is_dir():
        return
    with _noting:  # several readers of one process see a change at once
        try:
            for one in _changes(noted(home), listed):
                Decisions(home.archive).append(_KIND, {**_said(one), "by": "sources.yaml"}, now=datetime.now(UTC))
        except (NoSpaceError, StoreError):  # the disk is read-only, full or failing
            _unnoted[home.sources_yaml] = listed
        else:
            _unnoted.pop(home.sources_yaml, None)


def _changes(before: Mapping[str, Restriction], listed: Mapping[str, Restriction]) -> list[Restriction]:
    """Return what a list says otherwise than before; that a source is open, only if it was not."""
    return [one for i, one in listed.items() if one != before.get(i, Restriction(source_id=i))]


@lru_cache(maxsize=4)
def _noted(archive: Path, _: Stand) -> Mapping[str, Restriction]:
    try:
        every = map(_read, Decisions(archive).events(_KIND))
        return MappingProxyType({one.source_id: one for one in every})
    except (KeyError, ValueError, TypeError) as error:
        raise StoreError(archive / NAME, f"who may see a source cannot be read ({error}). Run `verify`.") from error


def _said(one: Restriction) -> dict[str, Any]:
    return {
        "source": one.source_id,
        "access": one.access,
        "until": one.until.astimezone(UTC).isoformat() if one.until else None,
        "no_links": one.no_links,
        "sites": sorted(one.sites),
    }


def _read(event: Event) -> Restriction:
    said = event.said
    return Restriction(
        source_id=said["source"],
        access=Access(said["access"]),
        until=datetime.fromisoformat(said["until"]) if said["until"] else None,
        no_links=bool(said["no_links"]),
        sites=frozenset(said["sites"]),
    )
