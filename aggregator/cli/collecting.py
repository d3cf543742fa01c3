"""Commands of the way in: init, sources, crawl, run, rebuild."""

from __future__ import annotations

import shutil
import signal
import textwrap
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aggregator.cli import INTERRUPTED, chosen_home, home_option, json_option
from aggregator.cli import output as show
from aggregator.errors import Outdated, UnknownIdError
from aggregator.home import Home
from aggregator.model import Announcement, Following, Outcome, Run, Source

if TYPE_CHECKING:
    from aggregator.archive import Recovery
    from aggregator.pipeline import Pipeline
    from aggregator.pipeline.checking import Check

CRON_EARLY = timedelta(minutes=15)
"""How much before its time `crawl --due` visits a source: the second night begins a moment before the day is over."""

wait_option = click.option(
    "--wait", "wait_s", type=click.FloatRange(0), default=0.0, metavar="S", help="Wait S seconds for another writer."
)


# --- init -----------------------------------------------------------------------------------------------------------


@click.command("init")
@click.argument("folder", type=click.Path(path_type=Path), required=False, metavar="[DIR]")
@home_option
@click.pass_context
def init_command(ctx: click.Context, folder: Path | None) -> None:
    """Make a new home in DIR (default: this folder), with a commented sources.yaml.

    \b
    Example:
      aggregator init ~/watch
    """
    folder = folder or Path((ctx.obj or {}).get("home") or ".")
    home = Home(folder)
    if home.sources_yaml.exists():
        show.say(f"{home.root} is a home already; nothing was changed.")
        return
    home.archive.mkdir(parents=True, exist_ok=True)
    home.index.mkdir(exist_ok=True)
    with resources.as_file(resources.files("aggregator") / "starter" / "sources.yaml") as starter:
        shutil.copyfile(starter, home.sources_yaml)
    show.say(f"A new home in {home.root}. Next: edit {home.sources_yaml}, then `aggregator --home {folder} crawl`.")


# --- sources --------------------------------------------------------------------------------------------------------


@click.group("sources")
@home_option
def sources_command() -> None:
    """List the sources, or check what they would give.

    \b
    Example:
      aggregator sources list
      aggregator sources check cimade
    """


@sources_command.command("list")
@home_option
@json_option
@click.pass_context
def sources_list(ctx: click.Context, as_json: bool) -> None:
    """List what sources.yaml follows.

    \b
    Example:
      aggregator sources list --json
    """
    following = loaded(chosen_home(ctx))
    if as_json:
        show.print_json([_source_json(s) for s in following.sources])
        return
    rows = [
        (s.id, s.name, s.url, ",".join(s.languages) or "–", "paused" if s.paused else "") for s in following.sources
    ]
    show.table(("id", "name", "address", "languages", ""), rows)


@sources_command.command("check")
@click.argument("ids", nargs=-1, metavar="[ID...]")
@click.option("--offline", is_flag=True, help="Only read sources.yaml; visit nobody.")
@home_option
@json_option
@click.pass_context
def sources_check(ctx: click.Context, ids: tuple[str, ...], offline: bool, as_json: bool) -> int:
    """Read sources.yaml, then visit sources and tell what a crawl would find. Nothing is kept.

    \b
    Example:
      aggregator sources check cimade
    """
    from aggregator.fetch import Fetcher
    from aggregator.pipeline import checking

    home = chosen_home(ctx)
    following = loaded(home)
    sources = named(following, ids)
    if offline:
        show.say(f"{home.sources_yaml}: {show.counted(len(following.sources), 'source')}, no complaints.")
        return 0
    web = Fetcher(following.settings)
    checks = []
    for source in sources:
        show.say(f"visiting {source.id} …")
        checks.append(checking.check(source, following, web))
        if not as_json:
            _print_check(checks[-1])
    if as_json:
        show.print_json([_check_json(c) for c in checks])
    return int(any(c.run.outcome is Outcome.FAILED or c.sample is None for c in checks))


def _print_check(found: Check) -> None:
    can = ("can be followed", "green") if found.sample else ("cannot be followed as it is", "red")
    show.line((found.source.id, "bold"), f"  {found.source.name}  ", can)
    for capture, said in found.tried:
        show.line(f"{capture.role:<8} {capture.url}  ", (_in_words(said), "cyan"), indent=2)
        for problem in said.problems:
            show.line(("note     ", "yellow"), problem, indent=2)
    for url, reason in found.run.failed:
        show.line(("failed   ", "red"), f"{url}: {reason}", indent=2)
    if found.sample:
        sample = found.sample
        show.line(f"sample   {sample.title or '(no title)'}", indent=2)
        facts = (
            show.day(sample.claimed_at),
            sample.language or "?",
            f"{len(sample.text):,} characters",
            *sample.problems,
        )
        show.line(" · ".join(facts), indent=11)
        show.line(textwrap.shorten(sample.text, 200, placeholder=" …"), indent=11)
    else:
        show.line(("no article could be read", "red"), indent=2)
    show.line()


def _in_words(said: Announcement) -> str:
    dated = sum(d.claimed_at is not None for d in said.discoveries)
    parts = [f"{len(said.discoveries)} articles, {dated} of them dated"] if said.discoveries else []
    parts += [f"feed {url}" for url in said.feeds] + [f"sitemap {url}" for url in said.sitemaps]
    return ", ".join(parts)


def _check_json(found: Check) -> dict[str, Any]:
    sample = found.sample
    return {
        "source": found.source.id,
        "followable": found.sample is not None,
        "tried": [
            {
                "role": c.role,
                "url": c.url,
                "status": c.status,
                "announced": len(said.discoveries),
                "dated": sum(d.claimed_at is not None for d in said.discoveries),
                "problems": list(said.problems),
            }
            for c, said in found.tried
        ],
        "failed": [{"url": url, "reason": reason} for url, reason in found.run.failed],
        "sample": sample
        and {
            "url": sample.url,
            "title": sample.title,
            "published": show.iso(sample.claimed_at),
            "language": sample.language,
            "text": sample.text,
            "problems": list(sample.problems),
        },
    }


def _source_json(source: Source) -> dict[str, Any]:
    return {
        "id": source.id,
        "name": source.name,
        "url": source.url,
        "feeds": list(source.feeds),
        "languages": list(source.languages),
        "aliases": list(source.aliases),
        "tags": list(source.tags),
        "paused": source.paused,
    }


# --- crawl ----------------------------------------------------------------------------------------------------------


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
    from aggregator import pipeline, scheduler
    from aggregator.fetch import Fetcher

    finish_erases(home, wait_s)
    began = time.monotonic()
    pages = pipeline.MAX_PAGES if limit is None else min(limit, pipeline.MAX_PAGES)
    with (
        stopping() as stop,
        show.progress() as report,
        pipeline.opened(home, following, wait_s=wait_s, report=report) as line,
    ):
        tell_mended(line)
        if only_due:
            sources = scheduler.due(sources, line.last_runs(), datetime.now(UTC), early=CRON_EARLY)
        runs = line.crawl(sources, Fetcher(following.settings), max_pages=pages, stop=stop)
    print_runs(runs, elapsed_s=time.monotonic() - began, as_json=as_json)
    if stop.is_set():
        return INTERRUPTED
    return int(any(run.failed for run in runs))


def _print_plan(home: Home, sources: Sequence[Source], *, only_due: bool, as_json: bool) -> None:
    from aggregator import scheduler
    from aggregator.catalogue import Catalogue

    waiting: dict[str, int] = {}
    last: dict[str, Run] = {}
    try:
        if home.catalogue.exists():
            with Catalogue(home.catalogue) as catalogue:
                waiting = {s.id: catalogue.count_pending(s.id) for s in sources}
                last = catalogue.last_runs()
    except Outdated as error:
        show.say(str(error))
    if only_due:
        sources = scheduler.due(sources, last, datetime.now(UTC), early=CRON_EARLY)
    if as_json:
        show.print_json([{"source": s.id, "url": s.url, "pending": waiting.get(s.id, 0)} for s in sources])
        return
    show.table(("source", "address", "announced, not yet read"), [(s.id, s.url, waiting.get(s.id, 0)) for s in sources])


def _mended(recovery: Recovery) -> str:
    if recovery.file.suffix == ".part":
        return f"{recovery.file.name}: an import that was cut short, moved to {recovery.quarantine}; import it again."
    if recovery.is_sealed_too:
        became = (
            f"another, moved to {recovery.quarantine}" if recovery.quarantine else "a copy of its beginning, removed"
        )
        return f"{recovery.file.name}: the file is there as a whole; this was {became}."
    said = f"{recovery.file.name}: left open by an interrupted writer, now sealed; nothing stored is lost"
    if recovery.cut_bytes:
        said += f"; a torn tail of {recovery.cut_bytes:,} bytes was moved to {recovery.quarantine}"
    return said + "."


def warn_of_no_contact(following: Following) -> None:
    """Say so when webmasters are given no way to reach a person."""
    if following.settings.contact is None:
        show.say("settings.contact is not set: the webmasters you visit cannot reach you.", "yellow")


def tell_mended(line: Pipeline) -> None:
    """Say what was wrong with the archive when it was opened."""
    for recovery in line.mended:
        show.say(_mended(recovery))
    for file in line.missing:
        show.say(f"archive/{file} is missing. What was read from it is still in index/; restore it from a copy.", "red")


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
        for url, reason in run.failed[:10]:
            show.say(f"{run.source_id}: {url}: {reason}")
        if len(run.failed) > 10:
            show.say(f"{run.source_id}: and {len(run.failed) - 10} more; `aggregator status --json` has them all.")


def run_json(run: Run) -> dict[str, Any]:
    """Return a tally as scripts know it."""
    return {
        "source": run.source_id,
        "outcome": run.outcome,
        "started": show.iso(run.started_at),
        "discovered": run.discovered,
        "known": run.known,
        "fetched": run.fetched,
        "not_modified": run.not_modified,
        "new": run.new,
        "new_versions": run.new_versions,
        "pending": run.pending,
        "failed": [{"url": url, "reason": reason} for url, reason in run.failed],
    }


# --- run ------------------------------------------------------------------------------------------------------------


@click.command("run")
@wait_option
@home_option
@json_option
@click.pass_context
def run_command(ctx: click.Context, wait_s: float, as_json: bool) -> int:
    """Visit each source whenever it is due, until stopped by Ctrl-C or SIGTERM.

    Due times survive a restart. A changed sources.yaml is taken over; if it is refused, the last good one stays in
    force. With --json each pass prints one line.

    \b
    Example:
      aggregator run
    """
    from aggregator import pipeline, scheduler, takedown
    from aggregator.fetch import Fetcher

    home = chosen_home(ctx)
    following = loaded(home)
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

    warn_of_no_contact(following)
    show.say(f"Watching {show.counted(len(following.sources), 'source')}; Ctrl-C ends it.")
    with stopping() as stop:
        while not stop.is_set():
            finish_erases(home, wait_s)
            with pipeline.opened(home, following, wait_s=wait_s) as line:
                tell_mended(line)
                scheduler.run(
                    line,
                    web,
                    reload=reload,
                    stop=stop,
                    report=report,
                    complain=lambda error: show.say(f"{error}\nThe last good sources.yaml stays in force.", "red"),
                    gives_way=is_to_erase,
                )
                following = line.following
    show.say("Stopped; everything reported stored is safe.")
    return 0


# --- rebuild --------------------------------------------------------------------------------------------------------


@click.command("rebuild")
@click.option("--only", type=click.Choice(["index", "catalogue"]), help="index: keep the catalogue. catalogue: both.")
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
        mended = pipeline.rebuild(home, following, only_index=only == "index", wait_s=wait_s, report=report)
    for recovery in mended:
        show.say(_mended(recovery))
    with Catalogue(home.catalogue) as catalogue:
        counts = catalogue.counts()
    if as_json:
        show.print_json(counts)
        return
    show.table(("what", "how many"), list(counts.items()), right=[1])


# --- small change ---------------------------------------------------------------------------------------------------


def finish_erases(home: Home, wait_s: float, *, again: bool = False) -> None:
    """Carry out what was to be erased and is still there, before anything else is written."""
    from aggregator import takedown

    for each in takedown.erases(home, carried_out=again):
        with show.progress() as report:
            erased = takedown.carry_out(home, loaded(home), each.number, wait_s=wait_s, report=report)
        done = f"erased {show.counted(len(erased.hits), 'record')} in {show.counted(len(erased.files), 'file')}."
        before = "all its tombstones are in their places; besides, " if each.finished else ""
        show.say(f"Takedown {each.number}: {before}{done}")


def loaded(home: Home) -> Following:
    """Return sources.yaml, or end the command with its complaints."""
    from aggregator import sources

    return sources.load(home.sources_yaml)


def named(following: Following, ids: Sequence[str]) -> list[Source]:
    """Return the sources of those ids, or all that are not paused.

    Raises:
        UnknownIdError: sources.yaml has no such id.
    """
    if not ids:
        return [s for s in following.sources if not s.paused]
    found = []
    for source_id in dict.fromkeys(ids):
        source = following.source(source_id)
        if source is None:
            from difflib import get_close_matches

            near = get_close_matches(source_id, [s.id for s in following.sources], 1)
            raise UnknownIdError(
                f"{source_id}: no such source in sources.yaml." + (f" Did you mean {near[0]}?" if near else "")
            )
        found.append(source)
    return found


@contextmanager
def stopping() -> Iterator[threading.Event]:
    """Give an event that Ctrl-C and SIGTERM set; a second Ctrl-C ends the program at once, and loses nothing either."""
    stop = threading.Event()

    def ask(number: int, _: object) -> None:
        if stop.is_set() and number == signal.SIGINT:
            raise KeyboardInterrupt
        show.say("stopping: what is in flight is still kept …")
        stop.set()

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
