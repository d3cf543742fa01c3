"""What visits brought, and what is the matter with a source, as scripts know it."""

from __future__ import annotations

from typing import Any

from aggregator.alarms import Alarm
from aggregator.model import Run
from aggregator.shapes import iso


def run_json(run: Run) -> dict[str, Any]:
    """Return a tally as scripts know it."""
    return {
        "source": run.source_id,
        "outcome": run.outcome,
        "started": iso(run.started_at),
        "discovered": run.discovered,
        "known": run.known,
        "fetched": run.fetched,
        "not_modified": run.not_modified,
        "new": run.new,
        "new_versions": run.new_versions,
        "pending": run.pending,
        "failed": [{"url": url, "reason": reason} for url, reason in run.failed],
        "notes": run.notes,
    }


def alarm_json(alarm: Alarm) -> dict[str, Any]:
    """Return an alarm as scripts know it."""
    return {"kind": alarm.kind, "since": iso(alarm.since), "why": alarm.why}
