"""The command move: the catalogue of a home to another place, without reading the archive again."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from aggregator.cli import chosen_home, home_option, json_option
from aggregator.cli import output as show
from aggregator.cli.writing import wait_option
from aggregator.errors import UsageError


@click.command("move")
@click.argument("to", metavar="PLACE")
@home_option
@wait_option
@json_option
@click.pass_context
def move_command(ctx: click.Context, to: str, wait_s: float, as_json: bool) -> None:
    """Copy the catalogue to another place: to a PostgreSQL server, or back into a file.

    PLACE is what settings.catalogue is to be: sqlite, or postgresql://user@host/database. The catalogue that is there
    now stays as it is. Afterwards write PLACE into sources.yaml. Without this command the next crawl would make the
    catalogue again from archive/, which leads to the same and takes longer.

    \b
    Example:
      aggregator move postgresql://archive@db.example.org/archive
    """
    from aggregator import catalogue
    from aggregator.home import Home
    from aggregator.sources.keys import CATALOGUE

    home = chosen_home(ctx)
    try:
        said = CATALOGUE.read(to)
    except ValueError as error:
        raise UsageError(f"{error}. Nothing was changed.") from error
    there = Home(home.root, server=None if said == "sqlite" else said).catalogue
    if there == home.catalogue:
        raise UsageError(f"The catalogue is there already: {there}. Nothing was changed.")
    with home.writing(wait_s=wait_s), catalogue.alone(home.catalogue), show.progress() as report:
        if isinstance(there, Path):
            there.parent.mkdir(exist_ok=True)
        catalogue.copy(home.catalogue, there, home.node, datetime.now(UTC), report, sign=home.signed)
    with catalogue.Catalogue(there) as copied:
        counts = copied.counts()
    if as_json:
        show.print_json({"from": str(home.catalogue), "to": str(there), **counts})
        return
    show.say(f"{counts['articles']:,} articles and all that is known of them are in {there} now, too.", "green")
    show.say(f"Next: write `catalogue: {said}` under settings: in {home.sources_yaml}. Until then nothing changes.")
