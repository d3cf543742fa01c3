"""Commands of those who choose what to follow: init, sources."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Set
from datetime import UTC, datetime
from importlib import resources
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aggregator import urls
from aggregator.cli import by_option, chosen_home, home_option, json_option
from aggregator.cli import output as show
from aggregator.cli.writing import loaded, named
from aggregator.engines import of_host
from aggregator.errors import UsageError
from aggregator.home import Home
from aggregator.model import Access, Announcement, Outcome, Source
from aggregator.shapes import iso
from aggregator.shapes.sources import followed_json

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
    from aggregator.access import restrictions

    home = chosen_home(ctx)
    following = loaded(home)
    if as_json:
        show.print_json([followed_json(s) for s in following.sources])
        return
    rows = [(s.id, s.name, s.url, ",".join(s.languages) or "–", _particular(s)) for s in following.sources]
    show.table(("id", "name", "address", "languages", "in particular"), rows)
    for one in restrictions.forgotten(home):
        show.say(
            f"{one.source_id} is no longer in sources.yaml and stays as it was: "
            f"{_restricted(one.access, one.until, no_links=one.no_links)}. "
            f"`aggregator sources open {one.source_id}` ends that."
        )


def _particular(source: Source) -> str:
    """Return what an entry says beyond whom to follow, for a line of a table."""
    said = (
        "paused" if source.paused else "",
        _restricted(source.access, source.access_until, no_links=source.no_links),
        "keeps pictures" if source.keep.requisites else "",
        "" if source.obey_robots else "obeys no robots.txt",
    )
    return ", ".join(filter(None, said)) or "–"


def _restricted(access: Access, until: datetime | None, *, no_links: bool) -> str:
    """Return who may see the articles of a source, and for how long; empty: everybody."""
    what = ", ".join((*([] if access is Access.PUBLIC else [access]), *(["risk: link"] * no_links)))
    return f"{what} until {show.day(until)}" if what and until else what


@sources_command.command("open")
@click.argument("source_id", metavar="ID")
@by_option
@home_option
@click.pass_context
def sources_open(ctx: click.Context, source_id: str, by: str) -> None:
    """Let everybody see the articles of a restricted source that sources.yaml no longer has.

    \b
    Example:
      aggregator sources open witness
    """
    from aggregator.access import restrictions

    restrictions.open_source(chosen_home(ctx), source_id, by=by, now=datetime.now(UTC))
    show.say(f"{source_id} is open to everybody from now on.")


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
    if following.settings.embeddings:
        from aggregator.embeddings import Embeddings

        Embeddings(home.root / following.settings.embeddings)  # is refused at once where there are none
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


_PACE_S = 1.0
"""Between the dozen requests of a first visit, while a person waits."""


@sources_command.command("add")
@click.argument("url", metavar="URL")
@click.option("--id", "source_id", metavar="ID", help="Short and for ever; without it, made from the address.")
@click.option("--name", metavar="TEXT", help="The name people read; without it, what the site calls itself.")
@click.option("--dry-run", is_flag=True, help="Only print the entry.")
@home_option
@json_option
@click.pass_context
def sources_add(
    ctx: click.Context, url: str, source_id: str | None, name: str | None, dry_run: bool, as_json: bool
) -> int:
    """Visit a site, find out how it can be followed, and write that into sources.yaml.

    URL may be the front page or a feed. Exit code 1: nothing was found that announces articles, and nothing is written.

    \b
    Example:
      aggregator sources add https://www.lacimade.org/
    """
    from aggregator import sources
    from aggregator.fetch import Fetcher
    from aggregator.pipeline import checking
    from aggregator.sources import opml

    home = chosen_home(ctx)
    following = loaded(home)
    address = urls.canonical(url if "://" in url else f"https://{url}")
    if address is None:
        raise UsageError(f"{url} is no web address: write it in full, https://host/path")
    if followed := next((s for s in following.sources if address in (s.url, *s.feeds)), None):
        raise UsageError(f"{address} is followed already, as {followed.id}. Nothing was written.")
    ident = source_id or _unused(opml.made_id(address), {source.id for source in following.sources})
    show.say(f"visiting {address} …")
    found = checking.check(
        Source(id=ident, name=ident, url=address, pace_s=_PACE_S), following, Fetcher(following.settings)
    )
    if found.feed == address:  # the address is that of a feed: its site is where it says, or at its root
        front = urls.origin(address) + "/"
        again = Source(id=ident, name=ident, url=front, feeds=(address,), pace_s=_PACE_S)
        found = checking.check(again, following, Fetcher(following.settings))
    entry = _entry_of(found, name)
    if not as_json:
        _print_check(found, advises=False)
    if found.sample is None:
        show.say("Nothing was written: no article could be read there.", "red")
    elif not dry_run:
        sources.add(home.sources_yaml, [entry])
        show.say(f"Written into {home.sources_yaml}. Next: `aggregator crawl {ident}`.")
    if as_json:
        written = found.sample is not None and not dry_run
        show.print_json({"entry": entry, "written": written, "check": _check_json(found)})
    else:
        show.text("\n".join(sources.lines(entry)))
    return int(found.sample is None)


def _unused(ident: str, taken: Set[str]) -> str:
    """Return an id that is not taken: this one, or with a number behind it."""
    return next(one for one in chain([ident], (f"{ident}-{n}" for n in count(2))) if one not in taken)


def _entry_of(found: Check, name: str | None) -> dict[str, Any]:
    """Return what to write of a site that was visited."""
    source, sample = found.source, found.sample
    title = name or found.title
    entry: dict[str, Any] = {"id": source.id, "name": title or source.id, "url": source.url}
    if found.feed:
        entry["feeds"] = [found.feed]
    if found.engine:
        entry["engine"] = found.engine[0].name
    if sample and sample.language:
        entry["languages"] = [sample.language]
    return entry


@sources_command.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False), metavar="FILE")
@click.option("--dry-run", is_flag=True, help="Only print the entries.")
@home_option
@json_option
@click.pass_context
def sources_import(ctx: click.Context, file: Path, dry_run: bool, as_json: bool) -> None:
    """Add to sources.yaml what a feed reader follows: FILE is OPML, folders become tags. Known sites are passed over.

    \b
    Example:
      aggregator sources import subscriptions.opml
    """
    from aggregator import sources
    from aggregator.sources import opml

    home = chosen_home(ctx)
    following = loaded(home)
    taken_ids, taken_urls = {s.id for s in following.sources}, {s.url for s in following.sources}
    new: list[dict[str, Any]] = []
    known = 0
    for one in opml.imported(file.read_bytes(), file):
        entry = dict(one)
        if entry["url"] in taken_urls:
            known += 1
            continue
        entry["id"] = _unused(str(entry["id"]), taken_ids)
        taken_ids.add(entry["id"])
        taken_urls.add(entry["url"])
        new.append(entry)
    if new and not dry_run:
        sources.add(home.sources_yaml, new)
    if as_json:
        show.print_json({"entries": new, "known": known, "written": bool(new) and not dry_run})
        return
    if dry_run:
        show.text("\n".join(line for entry in new for line in sources.lines(entry)))
    show.say(f"{show.counted(len(new), 'source')} {'to add' if dry_run else 'added'}, {known} known already.")


@sources_command.command("export")
@home_option
@click.pass_context
def sources_export(ctx: click.Context) -> None:
    """Print what sources.yaml follows as OPML, for a feed reader or for another home.

    \b
    Example:
      aggregator sources export > sources.opml
    """
    from aggregator.sources import opml

    show.text(opml.exported(loaded(chosen_home(ctx)).sources, datetime.now(UTC)).rstrip("\n"))


def _print_check(found: Check, *, advises: bool = True) -> None:
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
        elif advises and found.source.engine == "auto" and of_host(found.source.url) is None:
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
            "published": iso(sample.claimed_at),
            "language": sample.language,
            "text": sample.text,
            "problems": list(sample.problems),
        },
    }
