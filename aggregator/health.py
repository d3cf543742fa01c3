"""How the sources are doing: the alarms of an instant, what has changed between two, and telling it.

alarms_at -> changes -> note (an event of the archive), post (a webhook), atom (a feed)
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

from aggregator import alarms
from aggregator.alarms import Alarm, Kind
from aggregator.catalogue import Catalogue
from aggregator.decisions import Decisions
from aggregator.home import Home
from aggregator.model import Following, Source

TOLD = "alarms"
"""The event that says which alarms there were when somebody was last told."""
RUNS_BACK = timedelta(weeks=8)
"""How far back runs are looked at; when articles were published, a year."""
_ILL = (Kind.BROKEN, Kind.QUIET, Kind.SHRINKING)
_ATOM = "http://www.w3.org/2005/Atom"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What has become of an alarm."""

    what: str
    """``new``, ``still``, ``recovered`` (it is well again) or ``over`` (it is no longer told)."""
    alarm: Alarm


def alarms_at(home: Home, sources: Iterable[Source], now: datetime) -> dict[str, list[Alarm]]:
    """Return the alarms of each source as they were at an instant, by its id."""
    if home.is_new:
        return {source.id: [] for source in sources}
    with Catalogue(home.catalogue) as catalogue:
        return {source.id: _judged(catalogue, source, now) for source in sources}


def _judged(catalogue: Catalogue, source: Source, now: datetime) -> list[Alarm]:
    runs = catalogue.runs_since(now - RUNS_BACK, source_id=source.id)
    return alarms.judged(source, runs, catalogue.posted_since(now - alarms.LOOKS_BACK, source.id), now)


def changes(before: Mapping[str, Sequence[Alarm]], now: Mapping[str, Sequence[Alarm]]) -> list[Change]:
    """Return what has become of alarms, source by source, in the order of ``now``."""
    found = []
    for source_id, alarms_now in now.items():
        was = {alarm.kind: alarm for alarm in before.get(source_id, ())}
        is_now = {alarm.kind: alarm for alarm in alarms_now}
        found += [Change(what="still" if kind in was else "new", alarm=alarm) for kind, alarm in is_now.items()]
        for kind in was.keys() - is_now.keys():
            is_well = kind in _ILL and not is_now
            found.append(Change(what="recovered" if is_well else "over", alarm=was[kind]))
    return found


def _told_last(home: Home) -> dict[str, list[Alarm]]:
    """Return the alarms that there were when somebody was last told."""
    before: dict[str, list[Alarm]] = {}
    last = Decisions(home.archive).events(TOLD)[-1:]
    for said in last[0].said["alarms"] if last else ():
        alarm = Alarm(
            source_id=said["source"],
            kind=Kind(said["kind"]),
            since=datetime.fromisoformat(said["since"]),
            why=said["why"],
        )
        before.setdefault(alarm.source_id, []).append(alarm)
    return before


def tell(home: Home, following: Following, now: datetime) -> list[Change]:
    """Tell whoever is to know what has changed: post it to the webhook, if there is one, and note it as an event.

    Returns:
        What has changed since the last time, of the sources that are to be told of; without what holds ``still``.

    Raises:
        FetchError: The webhook did not take it; nothing was noted, and all of it will be told the next time.
        NoSpaceError: The disk is full or read-only.
        StoreError: Archive or catalogue is damaged.
    """
    told = [source for source in following.sources if source.notify and not source.paused]
    there = alarms_at(home, told, now)
    found = [change for change in changes(_told_last(home), there) if change.what != "still"]
    if not found:
        return []
    if following.settings.notify:
        from aggregator import fetch

        names = {source.id: source.name for source in following.sources}
        changed = [{"change": c.what, "name": names[c.alarm.source_id], **_as_json(c.alarm)} for c in found]
        said = {"at": _iso(now), "changes": changed}
        body = json.dumps(said, ensure_ascii=False).encode()
        fetch.post(following.settings.notify, body, content_type="application/json", proxy=following.settings.proxy)
    state = [_as_json(alarm) for each in there.values() for alarm in each]
    Decisions(home.archive).append(TOLD, {"alarms": state}, now=now)
    return found


def _as_json(alarm: Alarm) -> dict[str, str]:
    return {"source": alarm.source_id, "kind": alarm.kind, "since": _iso(alarm.since), "why": alarm.why}


def _iso(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def urn(alarm: Alarm) -> str:
    """Return by what a feed reader knows an alarm again: the same as long as it is told."""
    return f"urn:aggregator:alarm:{alarm.source_id}:{alarm.kind}:{_iso(alarm.since)}"


def atom(following: Following, there: Mapping[str, Sequence[Alarm]], now: datetime) -> bytes:
    """Return alarms as an Atom feed (RFC 4287), the newest first: an entry each, the same as long as it is told.

    Args:
        following: sources.yaml: what the sources are called.
        there: The alarms, by source.
        now: When they were judged.
    """
    ElementTree.register_namespace("", _ATOM)
    feed = ElementTree.Element(f"{{{_ATOM}}}feed")

    def add(parent: ElementTree.Element, name: str, text: str = "", **attributes: str) -> ElementTree.Element:
        made = ElementTree.SubElement(parent, f"{{{_ATOM}}}{name}", attributes)
        made.text = "".join(c for c in text if c.isprintable()) or None  # what XML cannot hold is left out
        return made

    add(feed, "id", "urn:aggregator:alarms")
    add(feed, "title", "Alarms of the news archive")
    add(feed, "updated", _iso(now))
    add(add(feed, "author"), "name", "aggregator")
    everything = sorted(
        (a for each in there.values() for a in each), key=lambda a: (a.since, a.source_id), reverse=True
    )
    for alarm in everything:
        source = following.source(alarm.source_id)
        entry = add(feed, "entry")
        add(entry, "id", urn(alarm))
        add(entry, "title", f"{source.name if source else alarm.source_id}: {alarm.kind}")
        add(entry, "updated", _iso(alarm.since))
        if source:
            add(entry, "link", href=source.url)
        add(entry, "summary", alarm.why)
    ElementTree.indent(feed)
    return bytes(ElementTree.tostring(feed, encoding="utf-8", xml_declaration=True)) + b"\n"
