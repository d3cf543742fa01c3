"""Commands that tell how things are: status, limits."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import click

from aggregator.cli import Period, chosen_home, home_option, json_option
from aggregator.cli import output as show
from aggregator.cli.writing import loaded, named, tell_waiting
from aggregator.errors import UsageError
from aggregator.home import Home
from aggregator.shapes.runs import alarm_json
from aggregator.shapes.status import coverage_json, status_json

# --- status -----------------------------------------------------------------------------------------------------------


@click.command("status")
@click.argument("ids", nargs=-1, metavar="[ID...]")
@click.option(
    "--since", type=Period(), metavar="DATE", help="What has become of the sources since: alarms, and their ends."
)
@click.option("--atom", is_flag=True, help="The alarms as an Atom feed, for a feed reader.")
@click.option("--coverage", is_flag=True, help="Month by month: what was announced, and how much of it is there.")
@home_option
@json_option
@click.pass_context
def status_command(
    ctx: click.Context,
    ids: tuple[str, ...],
    since: tuple[datetime, datetime] | None,
    atom: bool,
    coverage: bool,
    as_json: bool,
) -> None:
    """Show how the sources are doing, and the home: disk, articles, what waits to be indexed.

    \b
    Example:
      aggregator status
      aggregator status --since 2026-11-21
      aggregator status --atom > alarms.atom
      aggregator status cimade --coverage
    """
    home = chosen_home(ctx)
    chosen = {source.id for source in named(loaded(home), ids)} if ids else None
    if coverage:
        _print_coverage(home, chosen, as_json=as_json)
        return
    if atom:
        _print_feed(home, chosen)
        return
    if since:
        if since[0] > datetime.now(UTC):
            raise UsageError(f"--since {since[0]:%Y-%m-%d} is still to come: name a day that was.")
        _print_changes(home, chosen, since[0], as_json=as_json)
        return
    found = status_json(home, loaded(home), datetime.now(UTC))
    if chosen is not None:
        found["sources"] = [s for s in found["sources"] if s["source"] in chosen]
    if as_json:
        show.print_json(found)
        return
    rows = [
        (
            s["source"],
            "paused" if s["paused"] else (s["outcome"] or ("cut short" if s["articles"] else "never run")),
            _short(s["last_run"]),
            _short(s["last_new"]),
            "now" if s["next_due"] is None and not s["paused"] else _short(s["next_due"]),
            s["articles"],
            s["pending"],
            _trouble(s),
        )
        for s in found["sources"]
    ]
    headers = ("source", "run", "at", "last new", "next due", "texts", "left", "trouble")
    show.table(headers, rows, right=[5, 6])
    totals = found["totals"]
    show.say(
        f"{totals['articles']:,} articles, {totals['versions']:,} versions, {totals['captures']:,} captures, "
        f"{totals['clusters']:,} families; archive {found['archive_bytes'] / 1e6:,.1f} MB, index "
        f"{found['index_bytes'] / 1e6:,.1f} MB, {found['free_bytes'] / 1e9:,.1f} GB free; "
        f"{totals['to_index']:,} waiting to be indexed"
    )
    if found["advice"]:
        show.say(found["advice"], "yellow")
    if found["untranslated"]:
        show.say(found["untranslated"], "red")
    tell_waiting(chosen_home(ctx))
    if found["withdrawn"]:
        show.say(f"Takedowns in force: {found['withdrawn']:,}. See `aggregator takedown list`.")
    if found["to_erase"]:
        show.say(
            f"Erases decided and not carried out: {found['to_erase']:,}. Run `aggregator takedown finish`.", "yellow"
        )


def _trouble(source: dict[str, Any]) -> str:
    """Return in one line what is the matter with a source: its alarms, else what failed in its last run."""
    if source["alarms"]:
        return "; ".join(f"{alarm['kind']}: {alarm['why']}" for alarm in source["alarms"])
    failed = source["failed"]
    return failed[0]["reason"] + (f" (+{len(failed) - 1})" if len(failed) > 1 else "") if failed else ""


def _print_feed(home: Home, chosen: set[str] | None) -> None:
    from aggregator import health

    following, now = loaded(home), datetime.now(UTC)
    sources = [source for source in following.sources if chosen is None or source.id in chosen]
    click.echo(health.atom(following, health.alarms_at(home, sources, now), now).decode(), nl=False)


def _print_changes(home: Home, chosen: set[str] | None, since: datetime, *, as_json: bool) -> None:
    """Print which alarms there are that were not there at an instant, and which are no longer."""
    from aggregator import health

    sources = [source for source in loaded(home).sources if chosen is None or source.id in chosen]
    found = health.changes(health.alarms_at(home, sources, since), health.alarms_at(home, sources, datetime.now(UTC)))
    if as_json:
        show.print_json([{"change": c.what, "source": c.alarm.source_id, **alarm_json(c.alarm)} for c in found])
        return
    if not found:
        show.say(f"No alarm now, and none at the beginning of {since:%Y-%m-%d}. `status` names what failed since.")
        return
    show.table(
        ("", "source", "what", "since", "why"),
        [(c.what, c.alarm.source_id, c.alarm.kind, show.day(c.alarm.since), c.alarm.why) for c in found],
    )


_BAR = 8
"""Characters of a full bar."""


def _print_coverage(home: Home, chosen: set[str] | None, *, as_json: bool) -> None:
    from aggregator.catalogue import Catalogue
    from aggregator.catalogue.coverage import coverage

    months = []
    if not home.is_new:
        with Catalogue(home.catalogue) as catalogue:
            ids = [s.id for s in loaded(home).sources if chosen is None or s.id in chosen]
            months = [month for source_id in ids for month in coverage(catalogue, source_id)]
    if as_json:
        show.print_json([coverage_json(month) for month in months])
        return
    rows = [
        (
            m.source_id,
            m.month,
            m.announced,
            m.fetched,
            m.extracted,
            m.indexed,
            m.missing,
            m.given_up,
            _bar(m.extracted, m.announced),
        )
        for m in months
    ]
    headers = ("source", "month", "announced", "fetched", "extracted", "indexed", "missing", "given up", "")
    show.table(headers, rows, right=range(2, 8))
    total, there = sum(m.announced for m in months), sum(m.extracted for m in months)
    show.say(f"{there:,} of {total:,} announced are there as texts; {sum(m.missing for m in months):,} are missing.")


def _bar(part: int, whole: int) -> str:
    full = _BAR * part // max(whole, 1)
    return "█" * full + "░" * (_BAR - full)


def _short(iso: str | None) -> str:
    """Return a time for people, UTC: of today only the hour, else only the day."""
    if not iso:
        return "–"
    return iso[11:16] if iso[:10] == f"{datetime.now(UTC):%Y-%m-%d}" else iso[:10]


# --- limits -----------------------------------------------------------------------------------------------------------


@click.command("limits")
@json_option
def limits_command(as_json: bool) -> None:
    """Print every limit and its value.

    \b
    Example:
      aggregator limits --json
    """
    from aggregator.cli.limits import LIMITS

    if as_json:
        show.print_json([asdict(limit) for limit in LIMITS])
        return
    rows = [(limit.name, f"{limit.value:,.0f}", limit.unit, limit.beyond) for limit in LIMITS]
    show.table(("limit", "value", "unit", "beyond it"), rows, right=[1])
