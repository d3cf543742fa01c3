"""The command that brings in what others archived: import."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aggregator.cli import chosen_home, home_option, json_option
from aggregator.cli import output as show
from aggregator.cli.writing import finish_erases, loaded, named, tell_mended, tell_waiting, wait_option

if TYPE_CHECKING:
    from aggregator.archive import Import

_SHOWN = 5


@click.command("import")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE...")
@click.option("--in-place", is_flag=True, help="Leave the files where they are, and read them there.")
@click.option("--as", "source_id", metavar="ID", help="All their pages belong to this source of sources.yaml.")
@wait_option
@home_option
@json_option
@click.pass_context
def import_command(
    ctx: click.Context, paths: tuple[Path, ...], in_place: bool, source_id: str | None, wait_s: float, as_json: bool
) -> int:
    """Bring in WARC, ARC and WACZ files from elsewhere, whatever wrote them and however they are compressed.

    The files are kept as they are in archive/imports/. Their pages become articles with the dates of their captures,
    each of the source whose host it is on. A file that is there already is passed over.

    Exit code 1: some file could not be read, or not all of it.

    \b
    Example:
      aggregator import ~/rescued/*.warc.gz
      aggregator import --in-place --as northport /mnt/disk/northport-2009.arc.gz
    """
    home = chosen_home(ctx)
    following = loaded(home)
    if source_id is not None:
        named(following, [source_id])
    from aggregator import pipeline

    finish_erases(home, wait_s)
    began = time.monotonic()
    brought: list[tuple[Import, int]] = []
    with (
        show.progress() as report,
        pipeline.opened(home, following, wait_s=wait_s, report=report) as line,
    ):
        tell_mended(line.mended, line.missing)
        for path in paths:
            brought.append(line.bring_in(path, in_place=in_place, source_id=source_id))
            if not as_json:
                _tell(brought[-1][0])
    tell_waiting(home)
    if as_json:
        said = [_import_json(found, new) for found, new in brought]
        show.print_json({"imports": said, "elapsed_s": round(time.monotonic() - began, 3)})
    else:
        headers = ("file", "stored as", "records", "captures", "new articles", "damaged", "problems")
        show.table(headers, [_row(found, new) for found, new in brought], right=range(2, 7))
    return int(any(found.trouble or found.problem_count for found, _ in brought))


def _row(found: Import, new: int) -> tuple[object, ...]:
    where = f"archive/{found.file}" if found.file else "–"
    return (found.original, where, sum(found.records.values()), found.captures, new, found.damaged, found.problem_count)


def _tell(found: Import) -> None:
    """Say what was out of the ordinary with a file."""
    name = str(found.original)
    if found.known:
        show.say(f"{name}: is here already, as archive/{found.file}; nothing was done.")
    if found.trouble:
        kept = f" It was put into {found.quarantine}." if found.quarantine else " Nothing was done."
        show.say(f"{name}: cannot be read: {found.trouble}.{kept}", "red")
        return
    for problem in found.problems[:_SHOWN]:
        show.say(f"{name}: at {problem.offset:,}: {problem.what}.")
    if found.problem_count > _SHOWN:
        show.say(f"{name}: and {found.problem_count - _SHOWN:,} more; import.json beside the file lists them.")


def _import_json(found: Import, new: int) -> dict[str, Any]:
    return {
        "file": str(found.original),
        "stored": f"archive/{found.file}" if found.file else None,
        "known": found.known,
        "bytes": found.size_bytes,
        "sha256": found.sha256 or None,
        "records": found.records,
        "captures": found.captures,
        "new": new,
        "damaged": found.damaged,
        "problem_count": found.problem_count,
        "problems": [{"offset": problem.offset, "what": problem.what} for problem in found.problems],
        "quarantine": str(found.quarantine) if found.quarantine else None,
        "error": found.trouble,
    }
