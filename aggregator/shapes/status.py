"""How the sources and the home are doing, as scripts know it."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from aggregator import access, archive, health, index, scheduler
from aggregator.catalogue import UNTRANSLATED, Catalogue
from aggregator.catalogue.coverage import Coverage
from aggregator.home import Home
from aggregator.model import Following, Run
from aggregator.shapes import iso
from aggregator.shapes.runs import alarm_json, run_json


def status_json(home: Home, following: Following, now: datetime) -> dict[str, Any]:
    """Return how the sources and the home are doing, as scripts know it.

    Args:
        home: Which.
        following: What its sources.yaml says.
        now: What time it is.

    Raises:
        StoreError: The catalogue is missing, damaged or of another version.
    """
    decided = access.takedowns(home)
    alarms = health.alarms_at(home, following.sources, now)
    last, pasts, new, articles, pending, totals = {}, {}, {}, {}, {}, dict.fromkeys(_TOTALS, 0)
    untranslated, engine = None, index.engine_of(home.fulltext)
    if not home.is_new:
        with Catalogue(home.catalogue) as catalogue:
            catalogue.read_as(home.node)
            new, articles = catalogue.last_new(), catalogue.article_counts()
            pasts = scheduler.pasts_of(following.sources, catalogue.runs_since, now)
            pending = {s.id: catalogue.count_pending(s.id) for s in following.sources}
            totals = catalogue.counts()
            untranslated = catalogue.note(UNTRANSLATED) or None
        with access.opened(home, now=now) as shown:  # what failed may name what is withdrawn
            last = shown.last_runs()
    return {
        "sources": [
            {
                "source": s.id,
                "name": s.name,
                "paused": s.paused,
                "outcome": last[s.id].outcome if s.id in last else None,
                "last_run": iso(last[s.id].started_at) if s.id in last else None,
                "last_new": iso(new.get(s.id)),
                "next_due": iso(scheduler.due_at(s, pasts.get(s.id))),
                "articles": articles.get(s.id, 0),
                "pending": pending.get(s.id, 0),
                "failed": run_json(last[s.id])["failed"] if s.id in last else [],
                "alarms": [alarm_json(alarm) for alarm in alarms[s.id]],
            }
            for s in following.sources
        ],
        "totals": totals,
        "untranslated": untranslated,
        "engine": engine,
        "advice": index.advice(engine, following.settings.index, totals["articles"]),
        "withdrawn": sum(each.in_force(now) for each in decided),
        "to_erase": sum(each.is_to_be_carried_out for each in decided),
        "not_uploaded": _waiting_json(archive.waiting(home.archive)),
        "archive_bytes": _size(home.archive),
        "index_bytes": _size(home.index),
        "free_bytes": shutil.disk_usage(home.root).free,
    }


def source_json(status: dict[str, Any], runs: Iterable[Run], months: Iterable[Coverage]) -> dict[str, Any]:
    """Return how one source is doing: its entry of ``status_json``, its runs, how much of each month is there."""
    return {
        "status": status,
        "runs": [run_json(run) for run in runs],
        "months": [coverage_json(month) for month in months],
    }


def coverage_json(month: Coverage) -> dict[str, Any]:
    """Return how much of what a source announced in a month is there, as scripts know it."""
    return {
        "source": month.source_id,
        "month": month.month,
        "announced": month.announced,
        "fetched": month.fetched,
        "extracted": month.extracted,
        "indexed": month.indexed,
        "missing": month.missing,
        "given_up": month.given_up,
    }


_TOTALS = ("captures", "articles", "versions", "matches", "clusters", "to_index")


def _waiting_json(waiting: archive.Waiting | None) -> dict[str, Any] | None:
    """Return how much is not in the bucket yet; why is for the operator alone, for it names servers."""
    if waiting is None:
        return None
    said = {"files": waiting.files, "bytes": waiting.bytes, "erased": waiting.erased}
    return said | {"waiting_since": waiting.since}


def _size(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):  # a writer is at work
            total += path.stat().st_size if path.is_file() else 0
    return total
