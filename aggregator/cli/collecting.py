"""Commands of the way in: crawl, backfill, run, rebuild."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import click
from click.core import ParameterSource

from aggregator.cli import INTERRUPTED, Period, beside, chosen_home, home_option, json_option, serving
from aggregator.cli import output as show
from aggregator.cli.saving import tell_searches
from aggregator.cli.writing import finish_erases, loaded, named, stopping, tell_mended, tell_waiting, wait_option
from aggregator.errors import FetchError, Outdated, UsageError
from aggregator.home import Home
from aggregator.model import Following, Run, Source
from aggregator.shapes.runs import run_json

CRON_EARLY = timedelta(minutes=15)
"""How much before its time `crawl --due` visits a source: the second night begins a moment before the day is over."""


@click.command("crawl")
@click.argument("ids", nargs=-1, metavar="[ID...]")
@click.option("--due", "only_due", is_flag=True, help="Only those whose time has come; for cron.")
@click.option("--dry-run", is_flag=True, help="Say who would be visited, and visit nobody.")
@click.option("--limit", type=click.IntRange(0), metavar="N", help="At most N pages a source.")
@wait_option
@home_option
@json_option
@click.pass_context
def crawl_command(
    ctx: click.Context,
    ids: tuple[str, ...],
    only_due: bool,
    dry_run: bool,
    limit: int | None,
    wait_s: float,
    as_json: bool,
) -> int:
    """Visit the sources named, or all that are not paused, once.

    Exit code 1: done, but some sources or addresses failed; they are named.

    \b
    Example:
      aggregator crawl cimade gisti
      aggregator crawl --due --json
    """
    home = chosen_home(ctx)
    following = loaded(home)
    sources = named(following, ids)
    if dry_run:
        _print_plan(home, sources, only_due=only_due, as_json=as_json)
        return 0
    if not sources:
        show.say(f"No source to visit: see {home.sources_yaml}.")
        return 0
    warn_of_no_contact(following)
    from aggregator import pipeline
    from aggregator.fetch import Fetcher

    finish_erases(home, wait_s)
    began = time.monotonic()
    pages = pipeline.MAX_PAGES if limit is None else min(limit, pipeline.MAX_PAGES)
    with (
        stopping() as stop,
        show.progress() as report,
        pipeline.opened(home, following, wait_s=wait_s, report=report) as line,
    ):
        tell_mended(line.mended, line.missing)
        if only_due:
            sources = _due(sources, line.runs_since)
        runs = line.crawl(sources, Fetcher(following.settings), scope=pipeline.Scope(max_pages=pages), stop=stop)
    print_runs(runs, elapsed_s=time.monotonic() - began, as_json=as_json)
    tell_all(home, following)
    if stop.is_set():
        return INTERRUPTED
    return int(any(run.failed for run in runs))


def _due(sources: Sequence[Source], runs_since: Callable[..., list[Run]]) -> list[Source]:
    from aggregator import scheduler

    now = datetime.now(UTC)
    return scheduler.due(sources, scheduler.pasts_of(sources, runs_since, now), now, early=CRON_EARLY)


def _print_plan(home: Home, sources: Sequence[Source], *, only_due: bool, as_json: bool) -> None:
    from aggregator import catalogue
    from aggregator.catalogue import Catalogue

    waiting: dict[str, int] = {}
    try:
        if catalogue.exists(home.catalogue):
            with Catalogue(home.catalogue) as known:
                waiting = {s.id: known.count_pending(s.id) for s in sources}
                if only_due:
                    sources = _due(sources, known.runs_since)
    except Outdated as error:
        show.say(str(error))
    if as_json:
        show.print_json([{"source": s.id, "url": s.url, "pending": waiting.get(s.id, 0)} for s in sources])
        return
    show.table(("source", "address", "announced, not yet read"), [(s.id, s.url, waiting.get(s.id, 0)) for s in sources])


def warn_of_no_contact(following: Following) -> None:
    """Say so when webmasters are given no way to reach a person."""
    if following.settings.contact is None:
        show.say("settings.contact is not set: the webmasters you visit cannot reach you.", "yellow")


def tell_alarms(home: Home, following: Following) -> None:
    """Say what has become of the alarms since the last time, here and wherever sources.yaml wants it posted."""
    from aggregator import health

    try:
        for change in health.tell(home, following, datetime.now(UTC)):
            alarm = change.alarm
            is_new = change.what == "new"
            said = f"{alarm.kind}: {alarm.why}" if is_new else f"no longer {alarm.kind}"
            show.say(f"{alarm.source_id}: {said}", "yellow" if is_new else "green")
    except FetchError as error:
        show.say(
            f"The alarms could not be posted: {error.reason}. They will be with the next; `status` shows them.", "red"
        )


def tell_all(home: Home, following: Following) -> None:
    """Say what somebody should know."""
    tell_alarms(home, following)
    tell_reposts(home, following)
    tell_searches(home, following)
    tell_untranslated(home)
    tell_waiting(home)


def tell_untranslated(home: Home) -> None:
    """Say why translations between scripts are not looked for, where they are to be."""
    from aggregator.catalogue import UNTRANSLATED, Catalogue

    with Catalogue(home.catalogue) as catalogue:
        if why := catalogue.note(UNTRANSLATED):
            show.say(why, "red")


def tell_reposts(home: Home, following: Following) -> None:
    """Say which watched articles were found elsewhere, here and wherever sources.yaml wants it posted."""
    from aggregator import reposts

    try:
        for one in reposts.tell(home, following, datetime.now(UTC)):
            where = f"{one.other.source_id} {one.other.id}"
            ours = f"{one.watched.source_id} {one.watched.id}"
            show.say(f"watched: {where} has a {one.match.kind} match with {ours}: {one.other.url}", "yellow")
    except FetchError as error:
        show.say(f"The reposts could not be posted: {error.reason}. They will be with the next.", "red")


def print_runs(runs: list[Run], *, elapsed_s: float, as_json: bool) -> None:
    """Print the tallies of a pass."""
    if as_json:
        stored = sum(run.fetched for run in runs)
        show.print_json({"runs": [run_json(run) for run in runs], "stored": stored, "elapsed_s": round(elapsed_s, 3)})
        return
    rows = [
        (
            r.source_id,
            r.outcome,
            r.discovered,
            r.fetched,
            r.not_modified,
            r.new,
            r.new_versions,
            len(r.failed),
            r.pending,
        )
        for r in runs
    ]
    headers = ("source", "outcome", "discovered", "stored", "as before", "new", "edited", "failed", "left")
    show.table(headers, rows, right=range(2, 9))
    for run in runs:
        for note in run.notes:
            show.say(f"{run.source_id}: {note}", "yellow")
        for url, reason in run.failed[:10]:
            show.say(f"{run.source_id}: {url}: {reason}")
        if len(run.failed) > 10:
            show.say(f"{run.source_id}: and {len(run.failed) - 10} more; `aggregator status --json` has them all.")


# --- backfill -------------------------------------------------------------------------------------------------------


@click.command("backfill")
@click.argument("source_id", metavar="ID")
@click.option("--from", "since", type=Period(), metavar="DATE", help="Leave out what claims to be older.")
@click.option("--to", "until", type=Period(), metavar="DATE", help="Leave out what claims to be younger.")
@click.option("--wayback", is_flag=True, help="Ask the Wayback Machine for its captures, too.")
@click.option("--limit", type=click.IntRange(0), metavar="N", help="At most N pages.")
@wait_option
@home_option
@json_option
@click.pass_context
def backfill_command(
    ctx: click.Context,
    source_id: str,
    since: tuple[datetime, datetime] | None,
    until: tuple[datetime, datetime] | None,
    wayback: bool,
    limit: int | None,
    wait_s: float,
    as_json: bool,
) -> int:
    """Fetch all that a source ever had, at its own pace, however long that takes.

    Its sitemaps, its feed and its lists are read to their end: those that sources.yaml says, or those of the program
    that the site runs. Interrupt it at any time; run the same again, and it goes on where it was.

    \b
    Example:
      aggregator backfill cimade --from 2015 --to 2020-06
      aggregator backfill indymedia-london --wayback
    """
    from aggregator import pipeline
    from aggregator.fetch import Fetcher

    home = chosen_home(ctx)
    following = loaded(home)
    (source,) = named(following, [source_id])
    warn_of_no_contact(following)
    finish_erases(home, wait_s)
    began = time.monotonic()
    with (
        stopping() as stop,
        show.progress() as report,
        pipeline.opened(home, following, wait_s=wait_s, report=report) as line,
    ):
        tell_mended(line.mended, line.missing)
        run = line.backfill(
            source,
            Fetcher(following.settings),
            since=since[0] if since else None,
            until=until[1] if until else None,
            wayback=wayback,
            max_pages=pipeline.MAX_BACKFILL_PAGES if limit is None else limit,
            stop=stop,
        )
    print_runs([run], elapsed_s=time.monotonic() - began, as_json=as_json)
    tell_untranslated(home)
    tell_waiting(home)
    if stop.is_set():
        show.say("Interrupted: run the same again to go on.")
        return INTERRUPTED
    return int(bool(run.failed))


# --- run ------------------------------------------------------------------------------------------------------------


@click.command("run")
@click.option("--serve", "with_pages", is_flag=True, help="Serve the pages, too, as `serve` does.")
@serving.options
@wait_option
@home_option
@json_option
@click.pass_context
def run_command(ctx: click.Context, /, with_pages: bool, wait_s: float, as_json: bool, **serve: Any) -> int:
    """Visit each source whenever it is due, until stopped by Ctrl-C or SIGTERM.

    Due times survive a restart. A changed sources.yaml is taken over; if it is refused, the last good one stays in
    force. With --json each pass prints one line.

    With --serve the pages are there meanwhile, in a process of their own; the options that `serve` has are for them.

    \b
    Example:
      aggregator run
      aggregator run --serve --port 8000
    """
    home = chosen_home(ctx)
    following = loaded(home)
    if not with_pages:
        _refuse_options_of_pages(ctx)
        with stopping() as stop:
            return _watch(home, following, stop, wait_s=wait_s, as_json=as_json)
    with serving.listening(home, **serve) as served, stopping() as stop, beside.pages_beside(served, stop):
        show.say(f"pages: {served.address}/")
        serving.tell(served)
        return _watch(home, following, stop, wait_s=wait_s, as_json=as_json)


def _refuse_options_of_pages(ctx: click.Context) -> None:
    """Refuse what is said of pages that are not to be served.

    Raises:
        UsageError: It is.
    """
    for option in ctx.command.params:
        if option.name in serving.OPTIONS and ctx.get_parameter_source(option.name) is ParameterSource.COMMANDLINE:
            raise UsageError(f"{option.opts[0]} is of the pages: say --serve, too. Nothing was visited.")


def _watch(home: Home, following: Following, stop: threading.Event, *, wait_s: float, as_json: bool) -> int:
    """Visit each source whenever it is due, until told to stop."""
    from aggregator import pipeline, scheduler, takedown
    from aggregator.fetch import Fetcher

    web = Fetcher(following.settings)
    seen = home.sources_yaml.stat().st_mtime_ns

    def reload() -> Following | None:
        nonlocal seen
        changed = home.sources_yaml.stat().st_mtime_ns if home.sources_yaml.exists() else seen
        if changed == seen:
            return None
        seen = changed
        found = loaded(home)
        web.follow(found.settings)
        show.say(f"{home.sources_yaml} is taken over as it is now: {show.counted(len(found.sources), 'source')}.")
        return found

    def report(runs: list[Run]) -> None:
        if as_json or any(run.new or run.new_versions or run.failed for run in runs):
            print_runs(
                runs,
                elapsed_s=max((r.ended_at - r.started_at).total_seconds() for r in runs if r.ended_at),
                as_json=as_json,
            )

    events = home.archive / "events.jsonl"
    looked_at = 0

    def is_to_erase() -> bool:
        nonlocal looked_at
        changed = events.stat().st_mtime_ns if events.exists() else 0
        if changed == looked_at:
            return False
        looked_at = changed
        return bool(takedown.erases(home))

    def look_after() -> None:
        line.send()
        tell_all(home, line.following)

    warn_of_no_contact(following)
    show.say(f"Watching {show.counted(len(following.sources), 'source')}; Ctrl-C ends it.")
    while not stop.is_set():
        finish_erases(home, wait_s)
        with pipeline.opened(home, following, wait_s=wait_s) as line:
            tell_mended(line.mended, line.missing)
            scheduler.run(
                line,
                web,
                reload=reload,
                stop=stop,
                report=report,
                complain=lambda error: show.say(f"{error}\nThe last good sources.yaml stays in force.", "red"),
                gives_way=is_to_erase,
                hourly=look_after,
            )
            following = line.following
            if line.is_outdated and not stop.is_set():
                show.say("Pages are read by other rules from now on: those in the archive are read again.")
    show.say("Stopped; everything reported stored is safe.")
    return 0


# --- rebuild --------------------------------------------------------------------------------------------------------


@click.command("rebuild")
@click.option(
    "--only",
    type=click.Choice(["index", "catalogue", "reposts"]),
    help="index: only the full-text index. reposts: only what shares text with what. catalogue: everything.",
)
@wait_option
@home_option
@json_option
@click.pass_context
def rebuild_command(ctx: click.Context, only: str | None, wait_s: float, as_json: bool) -> None:
    """Make index/ again from archive/ and sources.yaml. Nothing in archive/ is changed.

    \b
    Example:
      rm -r index && aggregator rebuild
    """
    from aggregator import pipeline
    from aggregator.catalogue import Catalogue

    home = chosen_home(ctx)
    following = loaded(home)
    finish_erases(home, wait_s)
    with show.progress() as report:
        mended = pipeline.rebuild(
            home, following, only=None if only == "catalogue" else only, wait_s=wait_s, report=report
        )
    tell_mended(mended)
    tell_waiting(home)
    with Catalogue(home.catalogue) as catalogue:
        catalogue.read_as(home.node)
        counts = catalogue.counts()
    if as_json:
        show.print_json(counts)
        return
    show.table(("what", "how many"), list(counts.items()), right=[1])
