"""The command takedown: what is withdrawn, the list of it, and its end."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from aggregator.cli import DefaultGroup, by_option, chosen_home, home_option, json_option
from aggregator.cli import output as show
from aggregator.cli.writing import finish_erases, loaded, surround, wait_option
from aggregator.errors import BusyError, UsageError
from aggregator.home import Home
from aggregator.shapes import iso

if TYPE_CHECKING:
    from aggregator.access import Takedown
    from aggregator.model import Article
    from aggregator.search.saved import SavedSearch
    from aggregator.takedown import Reach, Target

SCOPES = ("article", "version", "passage", "name")
REASONS = ("person-at-risk", "request-of-person", "request-of-author", "legal-order", "copyright", "error", "other")
"""Both as in ``takedown``, which ``--help`` does not wait for."""
_SHOWN = 20
_DECIDE = "decide"


@click.group(
    "takedown",
    cls=DefaultGroup,
    default=_DECIDE,
    options_metavar="",
    subcommand_metavar="REF... --reason CLASS [OPTIONS] | list | lift | finish",
)
@home_option
def takedown_command() -> None:
    """Withdraw articles, versions, passages or names.

    REF is an id or address of an article; for a version ID@VERSION; for a passage or name the words themselves, or - to
    read them from stdin, one a line. --hide takes it out of search, pages and exports at once; it stays in the archive.
    --erase also overwrites it in the archive, wherever it stands, and cannot be undone. What was handed on already,
    backups and snapshots are out of reach.

    \b
    Example:
      aggregator takedown 3hpkry7fd3sv --reason person-at-risk --dry-run
      aggregator takedown --scope name "Jane Example" --reason request-of-person --until 2027-06-01
      aggregator takedown http://site.example/post --reason legal-order --erase
    """


@takedown_command.command(_DECIDE)
@click.argument("refs", nargs=-1, required=True, metavar="REF...")
@click.option("--scope", type=click.Choice(SCOPES), default="article", show_default=True, help="What REF names.")
@click.option("--reason", type=click.Choice(REASONS), required=True, help="Why; it is noted.")
@by_option
@click.option("--hide", "action", flag_value="hide", default="hide", help="Leave it out everywhere (the default).")
@click.option("--erase", "action", flag_value="erase", help="Also overwrite it in the archive. Cannot be undone.")
@click.option(
    "--until", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help="The day on which a hide ends. Default: never."
)
@click.option("--copies", is_flag=True, help="Withdraw also the articles that share its text.")
@click.option("--dry-run", is_flag=True, help="Only show what would be reached.")
@click.option("--yes", is_flag=True, help="Erase without asking.")
@wait_option
@home_option
@json_option
@click.pass_context
def takedown_decide(
    ctx: click.Context,
    refs: tuple[str, ...],
    scope: str,
    reason: str,
    by: str,
    action: str,
    until: datetime | None,
    copies: bool,
    dry_run: bool,
    yes: bool,
    wait_s: float,
    as_json: bool,
) -> int:
    """Withdraw something; the word decide may be left out.

    \b
    Example:
      aggregator takedown 3hpkry7fd3sv --reason person-at-risk --dry-run
    """
    from aggregator import takedown

    home, now, hide = chosen_home(ctx), datetime.now(UTC), action == "hide"
    if until and not hide:
        raise UsageError("--until is for --hide: what is erased does not come back.")
    if until and until.replace(tzinfo=UTC) <= now:
        raise UsageError(f"--until {until:%Y-%m-%d} is over already.")
    if home.is_new:
        raise UsageError("nothing was crawled into this home yet; there is nothing to withdraw.")
    kind = takedown.Scope(scope)
    wanted = [line.strip() for line in sys.stdin if line.strip()] if refs == ("-",) else list(refs)
    what = takedown.target(home, wanted, kind, erase=not hide)
    if copies and kind is takedown.Scope.ARTICLE:
        what = takedown.target(home, [*wanted, *(a.id for a in what.copies)], kind, erase=not hide)
    searches, former = takedown.searches_of(home, what)
    said: dict[str, Any] = {
        "takedown": None,
        "action": action,
        "scope": scope,
        "reason": reason,
        "by": by,
        "until": iso(until),
        "articles": [_article_json(a) for a in what.articles],
        "copies": [{**_article_json(a), "shares": _shares(what, a.id)} for a in what.copies],
        "requisites": list(what.requisites),
        "requisites_left": list(what.left),
        "searches": [one.name for one in searches],
        "lost": None,
        "reach": None,
        "exports": _exports(home, what),
        "done": False,
    }
    if not as_json:
        _print_target(what, said)
        _print_searches(searches, former, hide=hide)
    if not hide and (dry_run or not yes):
        with show.progress() as report:
            found = takedown.reach(home, takedown.recogniser_of(home, what), report=report)
        lost = takedown.lost(home, found, what.articles)
        said["reach"], said["lost"] = _reach_json(found), [_article_json(a) for a in lost]
        if not as_json:
            _print_reach(found)
            _print_lost(lost)
    if dry_run:
        if as_json:
            show.print_json(said)
        else:
            show.say("Nothing was done.")
        return 0
    if not hide and not yes:
        _confirm(what)
    event = takedown.decide(
        home,
        what,
        scope=kind,
        reason=reason,
        by=said["by"],
        erase=not hide,
        until=until.replace(tzinfo=UTC) if until else None,
        now=now,
    )
    said["takedown"] = event.number
    if hide:
        said["done"] = True
        show.say(f"Takedown {event.number}: hidden from now on. `aggregator takedown lift {event.number}` ends it.")
        surround(home)
    else:
        said["reach"] = _reach_json(_carried_out(home, event.number, wait_s))
        said["done"] = _tell_unfinished(home)
    if as_json:
        show.print_json(said)
    return 0


def _confirm(what: Target) -> None:
    if not sys.stdin.isatty():
        raise UsageError("an erase cannot be undone: say --yes, or answer on a terminal. Nothing was done.")
    if not click.confirm(_question(what), err=True):
        raise UsageError("Nothing was done.")


def _question(what: Target) -> str:
    stays = f" Not erased: {_only_shown(what.left)}." if what.left else ""
    return f"Erase all this? It cannot be undone.{stays}"


def _carried_out(home: Home, number: int, wait_s: float) -> Reach:
    from aggregator import takedown

    try:
        with show.progress() as report:
            found = takedown.carry_out(home, loaded(home), number, wait_s=wait_s, report=report)
    except BusyError as error:
        raise BusyError(
            home.root,
            error.pid,
            f"Takedown {number} is in force: what it names is hidden, and still in the archive. It is erased when that "
            "process comes to the end of its pass, or by `aggregator takedown finish`.",
        ) from error
    show.say(f"Takedown {number}: erased {_places(found)}. Nothing else changed.")
    return found


def _tell_unfinished(home: Home) -> bool:
    """Say what a bucket may still hold of what was erased here; return whether it is none."""
    from aggregator import archive

    waiting = archive.waiting(home.archive)
    if waiting is None or not waiting.erased:
        return True
    show.say(f"Not finished, {waiting.words}. `aggregator takedown finish` goes on.", "red")
    return False


@takedown_command.command("list")
@home_option
@json_option
@click.pass_context
def takedown_list(ctx: click.Context, as_json: bool) -> None:
    """List what was withdrawn. It does not say which words.

    \b
    Example:
      aggregator takedown list
    """
    from aggregator import access

    decided = access.takedowns(chosen_home(ctx))
    now = datetime.now(UTC)
    if as_json:
        show.print_json([_takedown_json(each, now) for each in decided])
        return
    if not decided:
        show.say("Nothing was withdrawn.")
        return
    headers = ("number", "decided", "by", "what", "scope", "reason", "state")
    show.table(
        headers,
        [(e.number, show.minute(e.at), e.by, e.action, e.scope, e.reason, _state(e, now)) for e in decided],
        right=[0],
    )


@takedown_command.command("lift")
@click.argument("number", type=int)
@by_option
@home_option
@json_option
@click.pass_context
def takedown_lift(ctx: click.Context, number: int, by: str, as_json: bool) -> None:
    """End a takedown.

    What was hidden is shown again; what was erased may be captured again.

    \b
    Example:
      aggregator takedown lift 12
    """
    from aggregator import takedown

    event = takedown.lift(chosen_home(ctx), number, by=by, now=datetime.now(UTC))
    if as_json:
        show.print_json({"takedown": number, "lifted": iso(event.at)})
    else:
        show.say(f"Takedown {number} is lifted.")


@takedown_command.command("finish")
@click.option("--again", is_flag=True, help="Also those that were carried out: a file came back from an older copy.")
@wait_option
@home_option
@json_option
@click.pass_context
def takedown_finish(ctx: click.Context, again: bool, wait_s: float, as_json: bool) -> None:
    """Carry out erases that are still to be done.

    Another process was writing when they were decided, or the machine went down. Every command that writes does so too.

    \b
    Example:
      aggregator takedown finish --wait 600
      aggregator takedown finish --again
    """
    from aggregator import archive, pipeline, takedown

    home = chosen_home(ctx)
    numbers = [each.number for each in takedown.erases(home, carried_out=again)]
    finish_erases(home, wait_s, again=again)
    waiting = archive.waiting(home.archive)
    if waiting and waiting.erased:
        with pipeline.opened(home, loaded(home), wait_s=wait_s):
            pass  # whoever opens it goes on with what waits
        _tell_unfinished(home)
    if as_json:
        show.print_json({"finished": numbers})
    elif not numbers:
        show.say("Nothing is left to be erased.")


# --- what is shown --------------------------------------------------------------------------------------------------


def _state(each: Takedown, now: datetime) -> str:
    if each.lifted:
        return "lifted"
    if not each.in_force(now):
        return f"ended {show.day(each.until)}"
    if not each.finished:
        return "hidden, not erased yet"
    return f"until {show.day(each.until)}" if each.until else "in force"


def _takedown_json(each: Takedown, now: datetime) -> dict[str, Any]:
    return {
        "takedown": each.number,
        "at": iso(each.at),
        "action": each.action,
        "scope": each.scope,
        "reason": each.reason,
        "by": each.by,
        "until": iso(each.until),
        "in_force": each.in_force(now),
        "lifted": each.lifted,
        "done": each.finished,
    }


def _article_json(article: Any) -> dict[str, Any]:
    return {"id": article.id, "url": article.url, "title": article.title}


def _shares(what: Target, article_id: str) -> list[dict[str, Any]]:
    """Return which passages an article shares with those that are meant: start and end in it, then in the other."""
    found = []
    for m in what.matches:
        if article_id in (m.a, m.b):
            is_a = m.a == article_id
            places = [(p.a_start, p.a_end, p.b_start, p.b_end) for p in m.passages]
            found.append(
                {
                    "with": m.b if is_a else m.a,
                    "kind": m.kind,
                    "share": m.a_coverage if is_a else m.b_coverage,
                    "version": m.a_version if is_a else m.b_version,
                    "passages": [[a, b, c, d] if is_a else [c, d, a, b] for a, b, c, d in places],
                }
            )
    return found


def _reach_json(found: Reach) -> dict[str, Any]:
    return {
        "records": found.by_kind,
        "files": found.files,
        "quarantined": list(found.quarantined),
        "searches": list(found.wordings),
    }


def _exports(home: Home, what: Target) -> list[dict[str, Any]]:
    """Return what was handed on since the first of the articles was seen."""
    from aggregator.decisions import Decisions

    seen = [a.captured_at for a in (*what.articles, *what.copies)]
    return [
        {"at": iso(e.at), "to": e.said.get("to"), "kind": e.said.get("form"), "articles": e.said.get("articles")}
        for e in Decisions(home.archive).events("export")
        if seen and e.at >= min(seen)
    ]


def _print_target(what: Target, said: dict[str, Any]) -> None:
    rows = [("withdrawn", a.id, a.url, a.title or "–") for a in what.articles]
    for a in what.copies:
        shares = [f"{each['kind']}, {each['share']:.0%} of it" for each in _shares(what, a.id)]
        rows.append((shares[0] if shares else "holds it", a.id, a.url, a.title or "–"))
    if rows:
        show.table(("what", "id", "address", "title"), rows[:_SHOWN])
    if len(rows) > _SHOWN:
        show.say(f"and {len(rows) - _SHOWN:,} more; --json lists all.")
    if not rows:
        show.say("No article holds it.")
    if what.copies:
        that = "article that shares its text stays" if len(what.copies) == 1 else "articles that share its text stay"
        show.say(f"{len(what.copies):,} {that} as they are; with `--copies`, they are withdrawn, too.")
    if what.requisites:
        show.say(f"With it: {_beside(what.requisites)} that no other page shows.")
    if what.left:
        show.say(f"Not with it: {_only_shown(what.left)}. Only to withdraw the whole article takes that along:")
        for url in what.left[:_SHOWN]:
            show.line(url)
    for each in said["exports"]:
        whom = each["to"] or "nobody named"
        articles = show.counted(each["articles"], "article")
        show.say(f"May be in the {each['kind']} of {articles} handed on {each['at'][:10]} to {whom}.")


def _only_shown(urls: Sequence[str]) -> str:
    return f"{_beside(urls)} that no capture but those of this version shows"


def _beside(urls: Sequence[str]) -> str:
    return f"{len(urls):,} {'picture or style sheet' if len(urls) == 1 else 'pictures and style sheets'}"


def _print_searches(searches: Sequence[SavedSearch], former: int, *, hide: bool) -> None:
    """Say which saved searches are reached: they may be somebody's daily work."""
    becomes = "neither listed nor told from then on" if hide else "erased with it"
    for one in searches:
        when = f"saved by {show.one_line(one.by)} on {show.day(one.at)}"
        show.say(f"The saved search {one.name} ({show.one_line(one.text)}), {when}, asks for it: {becomes}.")
    if former and not hide:
        searches_that = "search that asks" if former == 1 else "searches that ask"
        show.say(f"{former:,} former or withheld {searches_that} for it, too: erased with it.")


def _places(found: Reach) -> str:
    said = f"{show.counted(len(found.hits), 'record')} in {show.counted(len(found.files), 'file')}"
    if not found.wordings:
        return said
    return f"{said}, and {len(found.wordings):,} saved {'search' if len(found.wordings) == 1 else 'searches'}"


def _print_lost(lost: Sequence[Article]) -> None:
    """Say which articles that nobody named would be gone as well."""
    if lost:
        show.say(
            f"Gone with it, for nothing would be left of their captures: {show.counted(len(lost), 'other article')}."
        )
        show.table(("id", "address", "title"), [(a.id, a.url, a.title or "–") for a in lost[:_SHOWN]])


def _print_reach(found: Reach) -> None:
    kinds = ", ".join(f"{n:,} {kind}" for kind, n in sorted(found.by_kind.items()))
    show.say(f"In the archive: {_places(found)}{f' ({kinds})' if kinds else ''}.")
    for file in found.files[:_SHOWN]:
        show.line(f"archive/{file}")
    for name in found.quarantined:
        show.line(f"archive/{name}")
