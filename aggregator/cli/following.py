"""Commands of those who choose what to follow: init, sources."""

from __future__ import annotations

import shutil
import textwrap
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aggregator.cli import chosen_home, home_option, json_option
from aggregator.cli import output as show
from aggregator.cli.writing import loaded, named
from aggregator.engines import of_host
from aggregator.home import Home
from aggregator.model import Announcement, Outcome, Source

if TYPE_CHECKING:
    from aggregator.pipeline.checking import Check


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
    if found.engine:
        engine, sign = found.engine
        show.line("engine   ", (engine.name, "cyan"), f"  {sign}", indent=2)
        if found.source.engine not in (engine.name, "auto"):
            show.line(("note     ", "yellow"), f"sources.yaml says {found.source.engine}", indent=2)
        elif found.source.engine == "auto" and of_host(found.source.url) is None:
            show.line(("advice   ", "yellow"), f"write `engine: {engine.name}` into sources.yaml", indent=2)
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
        "engine": found.engine and found.engine[0].name,
        "engine_sign": found.engine and found.engine[1],
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
