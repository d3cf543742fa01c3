"""The command verify: whether anything was changed."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aggregator.cli import chosen_home, home_option, json_option
from aggregator.cli import output as show
from aggregator.errors import NoSpaceError, StoreError, UsageError
from aggregator.shapes import iso

if TYPE_CHECKING:
    from aggregator.verification import Verification


@click.command("verify")
@click.argument("files", nargs=-1, metavar="[FILE...]", type=click.Path(path_type=Path))
@click.option(
    "--since", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help="Only what was archived on DATE or later."
)
@click.option("--fresh", is_flag=True, help="Begin anew where a check before this was ended.")
@click.option(
    "--report",
    "report_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write a report to be filed: text, or JSON if FILE ends in .json.",
)
@home_option
@json_option
@click.pass_context
def verify_command(
    ctx: click.Context,
    files: tuple[Path, ...],
    since: datetime | None,
    fresh: bool,
    report_file: Path | None,
    as_json: bool,
) -> int:
    """Check every file and record of the home, or of any WARC files.

    Members, lengths, digests, record ids; of a home also seals, manifests, lists of captures, the chain of events, and
    whether files are missing. Ctrl-C ends it, and the next call goes on from there.

    \b
    Example:
      aggregator verify
      aggregator verify --since 2026-11-01 --report fixity-2026-11.txt
      aggregator verify elsewhere.warc.gz
    """
    from aggregator import verification

    if files and (since or fresh):
        raise UsageError("--since and --fresh are for a home, not for files.")
    if missing := [path for path in files if not path.is_file()]:
        raise UsageError(f"{missing[0]}: there is no such file.")
    with show.progress_in_bytes() as report:
        if files:
            done = verification.verify_files(files, report=report)
        else:
            day = since.date() if since else None
            done = verification.verify_home(chosen_home(ctx), since=day, fresh=fresh, report=report)
    said = _said(done)
    if report_file:
        _write(report_file, said)
    if as_json:
        show.print_json(said)
    else:
        for bad in said["bad"]:
            show.line(_one(bad))
        for note in said["notes"]:
            show.say(f"note: {note['file']}: {note['what']}")
        show.say(_summary(said))
    return StoreError.exit_code if done.findings else 0


def _said(done: Verification) -> dict[str, Any]:
    return {
        "program": f"aggregator {done.program}",
        "checked": done.what,
        "since": done.since.isoformat() if done.since else None,
        "started": iso(done.started_at),
        "ended": iso(done.ended_at or datetime.now(UTC)),
        "files": len(done.checked),
        "records": done.records,
        "bytes": done.size_bytes,
        "resumed": done.resumed,
        "bad": [{"file": f.file, "offset": f.offset, "record": f.record, "what": f.what} for f in done.findings],
        "notes": [{"file": file, "what": what} for file, what in done.notes],
        "digests": [
            {"file": c.file, "bytes": c.size_bytes, "records": c.records, "sha256": c.sha256} for c in done.checked
        ],
    }


def _one(bad: dict[str, Any]) -> str:
    place = f" at {bad['offset']}" if bad["offset"] is not None else ""
    return f"{bad['file']}{place}: {bad['what']}" + (f" ({bad['record']})" if bad["record"] else "")


def _summary(said: dict[str, Any]) -> str:
    files, records = show.counted(said["files"], "file"), show.counted(said["records"], "whole record")
    counts = f"{files}, {records}, {said['bytes'] / 1e6:,.1f} MB"
    if said["resumed"]:
        counts += f" ({show.counted(said['resumed'], 'file')} checked before it was ended the last time)"
    if not said["bad"]:
        return f"{counts}: nothing wrong was found."
    found = show.counted(len(said["bad"]), "finding")
    return f"{counts}: {found}. Nothing was changed. Restore what is damaged or missing from a copy."


def _write(path: Path, said: dict[str, Any]) -> None:
    text = json.dumps(said, ensure_ascii=False, indent=2) + "\n" if path.suffix == ".json" else _as_text(said)
    try:
        path.write_text(show.safe(text), encoding="utf-8")
    except OSError as error:
        raise NoSpaceError(f"{path}: the report cannot be written ({error.strerror}). Nothing else is lost.") from error


def _as_text(said: dict[str, Any]) -> str:
    """Return the report that an archivist can file."""
    lines = [
        "Fixity report",
        "",
        f"Checked:  {said['checked']}" + (f", from {said['since']} on" if said["since"] else ""),
        f"By:       {said['program']} verify",
        f"Started:  {said['started']}",
        f"Ended:    {said['ended']}",
        f"Result:   {_summary(said)}",
        "",
        f"Findings: {len(said['bad']):,}",
        *(f"  {_one(bad)}" for bad in said["bad"]),
        "",
        f"Notes: {len(said['notes']):,}",
        *(f"  {note['file']}: {note['what']}" for note in said["notes"]),
        "",
        "Files, as `sha256sum --check` reads them from here on; paths are relative to archive/ of a home",
        "",
        *(f"{each['sha256']}  {each['file']}" for each in said["digests"]),
    ]
    return "\n".join(lines) + "\n"
