"""Commands, printed lines, exit codes.

    following     init, sources
    collecting    crawl, backfill, run, rebuild
    moving        move
    importing     import
    searching     search
    typed         what was typed after it: which answer that asks for, and the options that it takes
    filters       words and filters, to a query
    hits          hits, for people and for scripts
    saving        searches, and --save of search
    viewing       its words in context, and the options for these and for curves
    corpora       --docs of search: a corpus of one's own
    counting      its curve over time, its counts by source, language and month
    bars          bars of block characters, and texts that fit into columns
    citing        what search writes for reference managers, and manifests
    showing       show
    families      reposts
    telling       a family as people read it
    given         the texts that reposts is given: a file, what is pasted, a corpus
    comparing     reposts diff
    deciding      reposts confirm, refuse, join, split, watch, unwatch
    exporting     export
    withdrawing   takedown
    verifying     verify
    health        status, limits
    extracting    extract
    serving       serve
    beside        the same pages while run goes on, in a process of their own
    touring       demo
    writing       what the commands share that write a home
    output        tables, highlights and progress, for a terminal or a pipe

Data goes to stdout, progress and words to stderr. What is slow to import is imported by the command that needs it.
"""

from __future__ import annotations

import errno
import gc
import getpass
import os
import re
import shutil
import sys
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar, NoReturn

import click

from aggregator import __version__, homes, periods
from aggregator.errors import AggregatorError, UsageError
from aggregator.home import Home

INTERRUPTED = 130
_NEW_OBJECTS = 10_000
"""How many there are before Python looks for cycles among them: with its own 700, a third of a search from the shell is
this looking, while libraries load and once more at the end. Higher numbers gain little and let garbage lie."""


class _Group(click.Group):
    """Loads a command's module when the command is named; ``--help`` needs only the one-line summaries."""

    commands_of: ClassVar = {
        "init": ("following", "Make a new home: a folder with a commented sources.yaml."),
        "sources": ("following", "List the sources, or check what they would give."),
        "crawl": ("collecting", "Visit sources now: archive, read and index what is new."),
        "run": ("collecting", "Visit sources whenever they are due, until stopped; with --serve, the pages, too."),
        "backfill": ("collecting", "Fetch all that a source ever had: its lists, and the Wayback Machine."),
        "rebuild": ("collecting", "Make index/ again from archive/."),
        "move": ("moving", "Copy the catalogue to a PostgreSQL server, or back into a file."),
        "import": ("importing", "Bring in WARC, ARC and WACZ files from elsewhere."),
        "search": ("searching", "Find articles."),
        "searches": ("saving", "Searches that were saved, and their new hits."),
        "show": ("showing", "Show one article: text, versions, what was changed."),
        "reposts": ("families", "Who has this text, and who had it first."),
        "export": ("exporting", "Hand articles and their captures on: WARC, WACZ, BagIt, JSON, CSV, manifest."),
        "takedown": ("withdrawing", "Withdraw articles, versions, passages or names: hide or erase."),
        "verify": ("verifying", "Check that nothing in archive/, or in WARC files, was changed or damaged."),
        "status": ("health", "How the sources and the home are doing."),
        "extract": ("extracting", "Read pages as the crawl would; no home needed."),
        "limits": ("health", "Print every limit and its value."),
        "serve": ("serving", "Pages for a browser: search, articles, who copied whom."),
        "demo": ("touring", "Crawl a small bundled world of sites and show what came of it."),
    }

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands_of)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.commands_of:
            return None
        from importlib import import_module

        module = import_module(f"aggregator.cli.{self.commands_of[cmd_name][0]}")
        return getattr(module, f"{cmd_name}_command")  # type: ignore[no-any-return]

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Name the command that was probably meant: those here are not loaded, so click does not know them."""
        word = args[0]
        if word not in self.commands_of and not word.startswith("-"):
            from difflib import get_close_matches

            near = get_close_matches(word, self.commands_of, 1)
            ctx.fail(f"No such command {word!r}.{f' Did you mean {near[0]!r}?' if near else ''}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in self.commands_of.items()])


def _chosen(ctx: click.Context, _: click.Parameter, value: str | None) -> str | None:
    """Keep --home whether it stands before or after the command."""
    if value is not None:
        ctx.ensure_object(dict)["home"] = value
    return value


home_option = click.option(
    "--home",
    metavar="DIR",
    expose_value=False,
    callback=_chosen,
    help="The home to work on. Default: $AGGREGATOR_HOME, else this folder; of demo, ./demo.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


def _named(ctx: click.Context, param: click.Parameter, value: str) -> str:
    """Refuse a decision that nobody stands for: it is kept for as long as the archive."""
    if not value.strip():
        raise click.BadParameter("a decision needs a name: who decided? Nothing was noted.", ctx, param)
    from aggregator.cli import output as show

    if show.safe(value.strip()) != value.strip() or len(value.strip().splitlines()) > 1 or "\t" in value.strip():
        raise click.BadParameter("a name is one line, without control characters. Nothing was noted.", ctx, param)
    return value.strip()


def one_who_decides(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """Refuse a name that none can stand for, where one is given."""
    return None if value is None else _named(ctx, param, value)


by_option = click.option(
    "--by",
    default=getpass.getuser,
    metavar="WHO",
    callback=_named,
    help="Who decided. Default: your name on this machine.",
)


class _Unnamed(click.Context):
    """That of the command that needs not be named: neither does its usage line name it."""

    @property
    def command_path(self) -> str:
        return self.parent.command_path if self.parent else super().command_path


class DefaultGroup(click.Group):
    """A group of commands of which one needs not be named: what is no word of its own is meant for that."""

    def __init__(self, *args: Any, default: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._default = default

    def add_command(self, cmd: click.Command, name: str | None = None) -> None:
        """Take a command in."""
        super().add_command(cmd, name)
        if (name or cmd.name) == self._default:
            cmd.context_class = _Unnamed

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        known = {*self.commands, "-h", "--help"}
        if not args or args[0] not in known:
            args = [self._default, *args]
        return super().parse_args(ctx, args)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Show the options of the command that needs not be named, then the other words."""
        chosen = self.commands[self._default]
        with formatter.section("Options"):
            options = (p for p in chosen.get_params(ctx) if isinstance(p, click.Option))
            formatter.write_dl([record for option in options if (record := option.get_help_record(ctx))])
        with formatter.section("Commands"):
            others = [(name, c) for name, c in self.commands.items() if name != self._default]
            formatter.write_dl([(name, c.get_short_help_str(70)) for name, c in others])


class Words(click.Command):
    """A command whose arguments are words, some of them excluded as -word: a dash and two letters are no option."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        cut = args.index("--") if "--" in args else len(args)
        excluded = [word for word in args[:cut] if re.match(r"-\w\w", word)]
        rest = [word for word in args[:cut] if word not in excluded]
        return super().parse_args(ctx, [*rest, "--", *excluded, *args[cut + 1 :]])


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="aggregator")
@home_option
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Follow news sites, archive what they publish, search it, and see who had a text first.

    \b
    Example:
      aggregator demo                      a tour that needs no internet
      aggregator init ~/watch              then edit ~/watch/sources.yaml
      aggregator --home ~/watch crawl
      aggregator --home ~/watch search "camp eviction"
    """
    ctx.ensure_object(dict)


def chosen_home(ctx: click.Context) -> Home:
    """Return the home that --home, AGGREGATOR_HOME or the current folder names.

    Raises:
        UsageError: There is no home.
    """
    named = (ctx.obj or {}).get("home") or os.environ.get("AGGREGATOR_HOME")
    home = homes.at(Path(named) if named else Path.cwd())
    if not home.sources_yaml.exists() and not home.archive.is_dir():
        raise UsageError(
            f"{home.root} is no home: it has no sources.yaml. `aggregator init` makes one; --home names another."
        )
    return home


class Period(click.ParamType[tuple[datetime, datetime]]):
    """A day, month or year as ISO 8601 writes it; read as its first instant and the first one after it, UTC."""

    name = "date"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[datetime, datetime]:
        if isinstance(value, tuple):
            return value
        with suppress(ValueError, OverflowError):
            return periods.day(value)
        self.fail(f"{value!r} is no date: write 2026, 2026-11 or 2026-11-23.", param, ctx)


def again(home: Home, command: str) -> str:
    """Return the line that runs a command on the same home, as this program was called."""
    program = Path(sys.argv[0])
    name = program.name if shutil.which(program.name) else os.path.relpath(program)
    here = home.root.resolve() == Path.cwd().resolve()
    return " ".join(
        ("aggregator" if name == "__main__.py" else name, *([] if here else ["--home", str(home.root)]), command)
    )


def main(argv: list[str] | None = None) -> NoReturn:
    """Run a command and leave with its exit code; without ``argv``, that of this process, which ends with it."""
    if argv is not None:
        sys.exit(_run(argv))
    gc.set_threshold(_NEW_OBJECTS)
    code = _run(None)
    gc.freeze()  # what is left goes with the process
    sys.exit(code)


def _run(argv: list[str] | None) -> int:
    try:
        # not cli.main(): it has an opinion of its own about a closed pipe
        with cli.make_context("aggregator", sys.argv[1:] if argv is None else argv) as ctx:
            result: Any = cli.invoke(ctx)
        sys.stdout.flush()
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.Abort:
        return INTERRUPTED
    except KeyboardInterrupt:
        print("aggregator: interrupted; what was reported stored is safe.", file=sys.stderr)
        return INTERRUPTED
    except click.ClickException as error:
        error.show()
        return 2
    except AggregatorError as error:
        from aggregator.cli.output import safe

        for line in str(error).splitlines():
            print(f"aggregator: {safe(line)}", file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # whoever read us has enough
        return 0
    except OSError as error:
        if error.errno == errno.EIO:
            print(f"aggregator: {error}. What was reported stored was on the disk; look after it.", file=sys.stderr)
            return 3
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EROFS):
            raise
        print(f"aggregator: {error}. What was reported stored is safe; make room and run it again.", file=sys.stderr)
        return 4
    return result if isinstance(result, int) else 0
